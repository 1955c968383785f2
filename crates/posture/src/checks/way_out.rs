//! How what a machine sends gets out to the internet.
//!
//! Sources: <https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access>,
//! <https://learn.microsoft.com/azure/load-balancer/load-balancer-outbound-connections> (behind a Standard load balancer
//! without a public side there is no way out).

use estate::{
    Estate, Family, Front, IpConfiguration, Kind, Known, LoadBalancer, Nic, Reason, ResourceId, Sku, Vm,
};
use reach::Reach;
use reach::routes::{HopType, ReturnPath};

use crate::verdict::known;
use crate::view::Context;

/// A way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// A NAT gateway of the subnet.
    NatGateway,
    /// A public address of its own.
    PublicAddress,
    /// A load balancer.
    Balancer,
    /// An address that Azure lends and nobody chose.
    Default,
    /// An appliance or a gateway, which decides by itself.
    Elsewhere,
    /// None.
    Nowhere,
}

impl WayOut {
    /// What facts call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NatGateway => "nat-gateway",
            Self::PublicAddress => "public-address",
            Self::Balancer => "load-balancer",
            Self::Default => "default-outbound-access",
            Self::Elsewhere => "appliance-or-gateway",
            Self::Nowhere => "none",
        }
    }
}

/// The way out of an address of a machine.
pub(super) fn way_out(
    context: &Context<'_>,
    vm: &Vm,
    nic: &Nic,
    ip: &IpConfiguration,
) -> Result<WayOut, Vec<Reason>> {
    leaving(context.reach, vm, nic, ip, true)
}

/// The way out that is left to an address of a machine without public addresses of its own.
///
/// # Errors
///
/// Why nobody can tell.
pub fn way_out_without_address(
    reach: &Reach<'_>,
    vm: &Vm,
    nic: &Nic,
    ip: &IpConfiguration,
) -> Result<WayOut, Vec<Reason>> {
    leaving(reach, vm, nic, ip, false)
}

fn leaving(
    reach: &Reach<'_>,
    vm: &Vm,
    nic: &Nic,
    ip: &IpConfiguration,
    own: bool,
) -> Result<WayOut, Vec<Reason>> {
    let estate = reach.estate();
    let unknown = |reason: Reason| Err(vec![reason]);
    match reach.leaving(nic, ip) {
        Known::Unknown(reason) => return unknown(*reason),
        Known::Value(ReturnPath::Elsewhere(next)) if next.hop == HopType::None => {
            return Ok(WayOut::Nowhere);
        }
        Known::Value(ReturnPath::Elsewhere(_)) => return Ok(WayOut::Elsewhere),
        Known::Value(ReturnPath::Direct) => {}
    }
    let subnet = match &ip.subnet {
        None => return unknown(estate.partial(Kind::Nic, nic.id)),
        Some(Known::Unknown(reason)) => return unknown(reason.as_ref().clone()),
        Some(Known::Value(id)) => match estate.subnet(*id).filter(|subnet| subnet.described) {
            Some(subnet) => subnet,
            None => return unknown(estate.missing(Kind::Subnet, *id)),
        },
    };
    if subnet.translated && ip.family == Family::V4 {
        return Ok(WayOut::NatGateway);
    }
    for other in nic.ip_configurations.iter().filter_map(Known::value).flatten().filter(|_| own) {
        if other.family == ip.family && known(&other.public_ip)?.is_some() {
            return Ok(WayOut::PublicAddress);
        }
    }
    let parts = match &ip.forwarded_by {
        Known::Value(parts) => parts,
        Known::Unknown(reason) => return unknown(reason.as_ref().clone()),
    };
    let mut inner = false;
    for part in parts {
        let Some(id) = balancer_of(estate, *part) else { continue };
        let Some(balancer) = estate.load_balancer(id).filter(|balancer| balancer.frontends.is_some()) else {
            return unknown(estate.missing(Kind::LoadBalancer, id));
        };
        if is_public(balancer) {
            return Ok(WayOut::Balancer);
        }
        inner |= balancer.sku != Some(Known::Value(Sku::Basic));
    }
    // Machines of flexible scale sets never get an address lent.
    let never = inner || ip.family == Family::V6 || known(&vm.upkeep.scale_set)?.is_some();
    // Absent means that Azure lends one: networks that were made by versions of the API from 2025-07-01 on say `false`.
    if never || known(&subnet.default_outbound)? == Some(&false) {
        return Ok(WayOut::Nowhere);
    }
    Ok(WayOut::Default)
}

/// The load balancer that a pool or NAT rule is a part of; none for an application gateway's.
fn balancer_of(estate: &Estate, part: ResourceId) -> Option<ResourceId> {
    let owner = estate.text(part).rsplitn(3, '/').nth(2)?;
    let (kind, _) = owner.rsplit_once('/')?;
    let balancer = kind.get(kind.len().checked_sub("/loadBalancers".len())?..)?;
    balancer.eq_ignore_ascii_case("/loadBalancers").then(|| estate.ids().find(owner)).flatten()
}

/// Whether a frontend of a load balancer is public.
fn is_public(balancer: &LoadBalancer) -> bool {
    let mut fronts = balancer.frontends.iter().filter_map(Known::value).flatten();
    fronts.any(|one| matches!(one.front, Known::Value(Front::Public(_) | Front::Prefix(_))))
}
