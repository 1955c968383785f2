//! Checks a claim that a packet from the internet gets to a VM, by the plain evaluator alone.
//!
//! INVARIANT: nothing here asks the symbolic answers: two ways of knowing are held against each other.

use std::net::IpAddr;

use estate::{Access, Direction, Estate, Family, IpConfiguration, Known, Nic, ResourceId, Sku};

use crate::addresses::{internet, number};
use crate::endpoint::{Endpoint, Level};
use crate::packet::Packet;
use crate::plain::walk;
use crate::rules::rule_name;
use crate::tags::Tags;

/// A claim.
#[derive(Clone, Debug)]
pub struct Claim<'c> {
    /// The VM.
    pub vm: ResourceId,
    /// The public address that it is reached by.
    pub via: ResourceId,
    /// The packet, as the groups see it.
    pub packet: Packet,
    /// Where it goes to; none where the address is not assigned.
    pub to: Option<IpAddr>,
    /// The rules that let it through: level, group, name.
    pub decided_by: Vec<(&'c str, ResourceId, &'c str)>,
}

/// Why a claim does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// No NIC of the VM has the public address.
    NoSuchWay,
    /// The VM's address is another one.
    OtherAddress,
    /// The packet does not come from the internet.
    NotFromInternet,
    /// A Standard public address without any group lets nothing in.
    ClosedBySku,
    /// Nobody can tell what a level does with the packet.
    Unknown {
        /// `subnet` or `nic`.
        level: &'static str,
    },
    /// A level drops the packet.
    Denied {
        /// `subnet` or `nic`.
        level: &'static str,
        /// The rule that does.
        rule: String,
    },
    /// A level lets the packet through by another rule than the claim says.
    OtherRule {
        /// `subnet` or `nic`.
        level: &'static str,
        /// The rule that does; empty without a group.
        rule: String,
    },
}

/// Whether a claim holds in an estate.
///
/// # Errors
///
/// The first reason why it does not.
pub fn verify(estate: &Estate, tags: &Tags, claim: &Claim<'_>) -> Result<(), Doubt> {
    let (nic, ip) = way(estate, claim).ok_or(Doubt::NoSuchWay)?;
    let endpoint = Endpoint::new(estate, nic, ip);
    if endpoint.address != claim.to {
        return Err(Doubt::OtherAddress);
    }
    let from = number(claim.packet.remote);
    let outside = Family::of(claim.packet.remote) == endpoint.family
        && internet(endpoint.family).contains(from)
        && !endpoint.network.own.contains(from);
    if !outside {
        return Err(Doubt::NotFromInternet);
    }
    let levels = [("subnet", &endpoint.subnet_level), ("nic", &endpoint.nic_level)];
    for (name, level) in levels {
        let said = claim.decided_by.iter().find(|(its, ..)| *its == name);
        let id = match level {
            Level::Open => match said {
                None => continue,
                Some(_) => return Err(Doubt::OtherRule { level: name, rule: String::new() }),
            },
            Level::Unknown(_) => return Err(Doubt::Unknown { level: name }),
            Level::Group(id) => *id,
        };
        let Some(Known::Value(rules)) = estate.nsg(id).and_then(|nsg| nsg.rules.as_ref()) else {
            return Err(Doubt::Unknown { level: name });
        };
        let members = |asg, address| Some(is_member(estate, asg, address));
        let verdict = walk(rules, Direction::Inbound, &endpoint, &claim.packet, &members, tags);
        let (Some(access), [rule]) = (verdict.access, verdict.rules.as_slice()) else {
            return Err(Doubt::Unknown { level: name });
        };
        let rule = rule_name(estate, id, *rule);
        if access == Access::Deny {
            return Err(Doubt::Denied { level: name, rule });
        }
        if said.is_none_or(|(_, group, its)| *group != id || *its != rule) {
            return Err(Doubt::OtherRule { level: name, rule });
        }
    }
    let unguarded = levels.iter().all(|(_, level)| **level == Level::Open);
    let sku = estate.public_ip(claim.via).and_then(|record| record.sku.as_ref());
    match sku.and_then(Known::value) {
        Some(Sku::Standard) if unguarded => Err(Doubt::ClosedBySku),
        None if unguarded => Err(Doubt::Unknown { level: "public-ip" }),
        _ => Ok(()),
    }
}

/// The IP configuration of the VM that has the public address.
fn way<'e>(estate: &'e Estate, claim: &Claim<'_>) -> Option<(&'e Nic, &'e IpConfiguration)> {
    let vm = estate.vm(claim.vm)?;
    vm.nics.iter().filter_map(|id| estate.nic(*id)).find_map(|nic| {
        let Some(Known::Value(all)) = &nic.ip_configurations else { return None };
        let ip = all.iter().find(|ip| matches!(&ip.public_ip, Some(Known::Value(id)) if *id == claim.via))?;
        Some((nic, ip))
    })
}

fn is_member(estate: &Estate, asg: ResourceId, address: IpAddr) -> bool {
    estate.nics.iter().any(|nic| {
        let Some(Known::Value(all)) = &nic.ip_configurations else { return false };
        all.iter().any(|ip| {
            let named = matches!(&ip.asgs, Known::Value(asgs) if asgs.contains(&asg));
            named && matches!(&ip.address, Some(Known::Value(its)) if *its == address)
        })
    })
}
