//! Ways into a network that need no public address of the machines in it.

use estate::{Bastion, Family, Feed, Gateway, Kind, Known, Peer, Reason, ResourceId, Vm};
use reach::every_address;

use super::bastions::is_developer;
use super::jit_access::addresses_of;
use super::net020_bastion_blocked::gets_to;
use super::passages::gets_in;
use crate::verdict::says;
use crate::view::{Context, VmView};

/// What leads into a network.
#[derive(Default)]
pub(super) struct Ways {
    /// Bastions and gateways, as facts call them: `bastion hub-bastion`.
    pub(super) names: Vec<String>,
    /// The networks that were looked at: the own one and its peers.
    pub(super) networks: Vec<ResourceId>,
    /// Why there may be others.
    pub(super) unknown: Vec<Reason>,
}

/// The networks that a machine is in.
pub(super) fn networks_of(context: &Context<'_>, view: &VmView<'_>) -> Result<Vec<ResourceId>, Vec<Reason>> {
    let estate = context.estate();
    let mut all = Vec::new();
    for address in &view.addresses {
        let subnet = match context.known(&address.ip.subnet)? {
            Some(subnet) => *subnet,
            None => return Err(vec![estate.partial(Kind::Nic, address.nic.id)]),
        };
        match estate.subnet(subnet).and_then(|subnet| subnet.vnet) {
            Some(vnet) if all.contains(&vnet) => {}
            Some(vnet) => all.push(vnet),
            None => return Err(vec![estate.missing(Kind::Subnet, subnet)]),
        }
    }
    Ok(all)
}

/// What leads to a machine in a network: bastions that rules let in to it, and gateways that somebody comes by, those of
/// peers that serve the network, too.
///
/// Sources: <https://learn.microsoft.com/azure/bastion/vnet-peering>,
/// <https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-peering-gateway-transit>
pub(super) fn private_ways(context: &Context<'_>, vm: Option<&Vm>, network: ResourceId) -> Ways {
    let estate = context.estate();
    let mut ways = Ways { networks: vec![network], ..Ways::default() };
    for bastion in estate.around.bastions.of(network) {
        ways.bastion(context, vm, bastion);
    }
    ways.gateways(context, vm, network);
    let Some(vnet) = estate.vnet(network) else {
        ways.unknown.push(estate.missing(Kind::Vnet, network));
        return ways;
    };
    let peers: &[Peer] = match &vnet.peers {
        Some(Known::Value(peers)) => peers,
        Some(Known::Unknown(reason)) => {
            ways.unknown.push(reason.as_ref().clone());
            &[]
        }
        None => &[],
    };
    for peer in peers {
        let Some(id) = peer.vnet else { continue };
        ways.networks.push(id);
        for bastion in estate.around.bastions.of(id).iter().filter(|bastion| !is_developer(bastion)) {
            ways.bastion(context, vm, bastion);
        }
        match &peer.use_remote_gateways {
            None | Some(Known::Value(false)) => {}
            Some(Known::Value(true)) => ways.gateways(context, vm, id),
            Some(Known::Unknown(reason)) => ways.unknown.push(reason.as_ref().clone()),
        }
        if estate.vnet(id).is_none() {
            ways.unknown.push(estate.missing(Kind::Vnet, id));
        }
    }
    if let Err(reasons) = context.whole_for(Feed::Networks, vnet.id, &vnet.origins) {
        ways.unknown.extend(reasons);
    }
    ways.names.sort_unstable();
    ways.names.dedup();
    ways
}

impl Ways {
    fn bastion(&mut self, context: &Context<'_>, vm: Option<&Vm>, bastion: &Bastion) {
        match vm.map_or(Ok(true), |vm| gets_to(context, bastion, vm)) {
            Ok(true) => self.names.push(format!("bastion {}", context.name(bastion.id))),
            Ok(false) => {}
            Err(reasons) => self.unknown.extend(reasons),
        }
    }

    fn gateways(&mut self, context: &Context<'_>, vm: Option<&Vm>, network: ResourceId) {
        let kind = |gateway: &Gateway| {
            let kinds = [("Vpn", "vpn gateway"), ("ExpressRoute", "expressroute gateway")];
            kinds.into_iter().find(|(kind, _)| says(&gateway.kind, kind)).map(|(_, name)| name)
        };
        for gateway in context.estate().around.gateways.of(network) {
            let Some(kind) = kind(gateway) else { continue };
            let leads = is_used(context, gateway).and_then(|used| match (used, vm) {
                (true, Some(vm)) => leads_to(context, gateway, vm),
                (used, _) => Ok(used),
            });
            match leads {
                Ok(true) => self.names.push(format!("{kind} {}", context.name(gateway.id))),
                Ok(false) => {}
                Err(reasons) => self.unknown.extend(reasons),
            }
        }
    }
}

/// Whether rules let in to a login port of a machine who comes by a gateway: its clients, or anybody from outside the
/// machine's network where it joins networks, as no record tells all of what lies behind.
fn leads_to(context: &Context<'_>, gateway: &Gateway, vm: &Vm) -> Result<bool, Vec<Reason>> {
    let clients = context.known(&gateway.clients)?.map(Vec::as_slice).unwrap_or_default();
    let ([clients, _], tag) = addresses_of(clients);
    if let Some(reason) = tag {
        return Err(vec![reason]);
    }
    let connected = !context.estate().around.connections.of(gateway.id).is_empty();
    gets_in(context, vm, &context.ports[0], |endpoint| match connected {
        true => every_address(Family::V4).difference(&endpoint.network.own),
        false => clients.clone(),
    })
}

/// Whether somebody comes by a gateway: single people, or a network that is connected. One that nobody comes by leads nowhere.
fn is_used(context: &Context<'_>, gateway: &Gateway) -> Result<bool, Vec<Reason>> {
    let clients = context.known(&gateway.clients)?.is_some_and(|all| !all.is_empty());
    let connections = context.estate().around.connections.of(gateway.id);
    if clients || connections.iter().any(|connection| says(&connection.status, "Connected")) {
        return Ok(true);
    }
    if let Some(connection) = connections.iter().find(|connection| connection.status.is_none()) {
        let id = context.estate().text(connection.id).into();
        return Err(vec![Reason::Partial { resource_type: "Microsoft.Network/connections".into(), id }]);
    }
    context.whole_for(Feed::Networks, gateway.id, &gateway.origins).map(|()| false)
}
