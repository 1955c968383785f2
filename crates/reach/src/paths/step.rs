//! One step: from a machine of a class to one of another, inside Azure's networks or out to a public address.

use estate::{Estate, Known, PortSet, Reason};

use super::{Class, Hop, Map, Wanted};
use crate::addresses::{Addresses, address, number};
use crate::endpoint::{Endpoint, Tri};
use crate::internet::Opening;
use crate::packet::{Packet, Protocols};
use crate::rules::RuleRef;
use crate::ways::{connected, ports_from};

impl Map<'_, '_> {
    /// The step from a class to another one, if there is one to these ports.
    pub(super) fn step(&self, from: usize, to: usize, wanted: &Wanted<'_>, certain: bool) -> Option<Hop> {
        let (source, target) = (self.classes.get(from)?, self.classes.get(to)?);
        // A step leads to another machine.
        let first = source.members.first()?.vm;
        let alone = source.members.iter().chain(&target.members).all(|member| member.vm == first);
        if alone || source.endpoint.family != target.endpoint.family {
            return None;
        }
        let inside = self.inside([from, to], [source, target], wanted, certain);
        if inside.as_ref().is_some_and(|hop| hop.certain) {
            return inside;
        }
        let outside = self.outside([from, to], [source, target], wanted, certain);
        outside.filter(|hop| hop.certain || inside.is_none()).or(inside)
    }

    /// A step inside Azure's networks.
    fn inside(
        &self,
        [from, to]: [usize; 2],
        [source, target]: [&Class<'_>; 2],
        wanted: &Wanted<'_>,
        certain: bool,
    ) -> Option<Hop> {
        let mut joined = joined(self.reach.estate(), &source.endpoint, &target.endpoint);
        if joined == Tri::No || certain && joined != Tri::Yes {
            return None;
        }
        let (here, there) = (source.endpoint.address, target.endpoint.address);
        let mut doubt = None;
        // Routes may lead elsewhere, on the way there or back.
        let ways = [there.map(|there| (source, there)), here.map(|here| (target, here))];
        for (way, back) in ways.into_iter().zip([false, true]) {
            let Some((class, address)) = way else { continue };
            let (gets, why) = class.sending.gets(self.reach, address, false);
            // Without a way back packets still come, and no connection over TCP is made.
            let gets = if back { gets.max(Tri::Maybe) } else { gets };
            if gets < joined {
                joined = gets;
                doubt = why.or(doubt);
            }
        }
        if joined == Tri::No || certain && joined != Tri::Yes {
            return None;
        }
        let [here, there] = [here, there].map(|address| address.map(number));
        for protocol in [Protocols::TCP, Protocols::UDP] {
            if !wanted.protocols.contains(protocol) {
                continue;
            }
            let [in_must, in_may] = ports_from(&target.inward, protocol, here);
            let [out_must, out_may] = destinations(&source.outward, protocol, there);
            let must = in_must.intersection(&out_must).intersection(wanted.ports);
            let may = in_may.intersection(&out_may).intersection(wanted.ports);
            let sure = !must.is_empty() && joined == Tri::Yes;
            let open = if sure { &must } else { &may };
            let Some(port) = telling(open).filter(|_| sure || !certain) else { continue };
            let family = source.endpoint.family;
            let remote = source.endpoint.address.unwrap_or_else(|| {
                let subnet = source.endpoint.subnet.as_ref().and_then(|subnet| subnet.ranges().first());
                address(family, subnet.map_or(0, |range| range.first))
            });
            let packet = Packet { protocol, remote, remote_port: 49152, local_port: port };
            let [subnet, nic] = by(&source.outward, (protocol, port), there, true);
            return Some(Hop {
                from: Some(from),
                to,
                packet,
                outward: [nic, subnet],
                inward: by(&target.inward, (protocol, port), here, false),
                certain: sure,
                via: None,
                doubt,
            });
        }
        None
    }

    /// A step out to the internet and in again by a public address.
    fn outside(
        &self,
        [from, to]: [usize; 2],
        [source, target]: [&Class<'_>; 2],
        wanted: &Wanted<'_>,
        certain: bool,
    ) -> Option<Hop> {
        let estate = self.reach.estate();
        let nic = source.members.first()?.nic.id;
        let mut best: Option<Hop> = None;
        for way in &target.public {
            let public =
                estate.public_ip(way.via).and_then(|record| record.address.as_ref()?.value().copied());
            let (gets, mut doubt) = match public {
                Some(public) => source.sending.gets(self.reach, public, true),
                None => (Tri::Maybe, None),
            };
            if gets == Tri::No {
                continue;
            }
            if source.sender.is_none() {
                doubt = doubt.or_else(|| Some(Reason::SenderAddress { id: estate.text(nic).into() }));
            }
            let sender = source.sender.map(number);
            for opening in way.openings.iter() {
                let open = opening.local_ports.intersection(wanted.ports);
                let here = opening.protocols.and(wanted.protocols);
                let protocol = if here.contains(Protocols::TCP) { Protocols::TCP } else { here };
                let lets = |set: &Addresses| sender.is_some_and(|sender| set.contains(sender));
                let may = sender.is_none() || lets(&opening.internet.may);
                let Some(port) = telling(&open).filter(|_| may && !protocol.is_empty()) else { continue };
                // The sender's groups see the public address and the port that listens there.
                let [out_must, out_may] = destinations(&source.outward, protocol, public.map(number));
                let listens = match &way.through {
                    Some(through) => through.frontend_ports.clone(),
                    None => [estate::Range { first: port, last: port }].into_iter().collect(),
                };
                if !out_may.overlaps(&listens) {
                    continue;
                }
                let sure =
                    lets(&opening.internet.must) && gets == Tri::Yes && out_must.contains_all(&listens);
                if certain && !sure || best.as_ref().is_some_and(|best| best.certain || !sure) {
                    continue;
                }
                let remote = match source.sender {
                    Some(sender) => sender,
                    None => opening.witness(source.endpoint.family, protocol, &open)?.remote,
                };
                let packet = Packet { protocol, remote, remote_port: 49152, local_port: port };
                let listening = listens.intersection(&out_may).first().unwrap_or(port);
                let [subnet, nic] = by(&source.outward, (protocol, listening), public.map(number), true);
                best = Some(Hop {
                    from: Some(from),
                    to,
                    packet,
                    outward: [nic, subnet],
                    inward: opening.rules,
                    certain: sure,
                    via: Some(way.via),
                    doubt: if sure { None } else { doubt.clone() },
                });
            }
        }
        best
    }
}

/// The rules that let packets to a port through.
fn by(
    openings: &[Opening],
    (protocol, port): (Protocols, u16),
    other: Option<u128>,
    outward: bool,
) -> [Option<RuleRef>; 2] {
    let fits = |opening: &&Opening| {
        let ports = if outward { &opening.remote_ports } else { &opening.local_ports };
        opening.protocols.contains(protocol)
            && ports.contains(port)
            && other.is_none_or(|other| opening.sources.may.contains(other))
    };
    openings.iter().find(fits).map_or([None, None], |opening| opening.rules)
}

/// The destination ports that openings let out to one address: certainly, and possibly.
fn destinations(openings: &[Opening], protocol: Protocols, address: Option<u128>) -> [PortSet; 2] {
    let (mut must, mut may) = (PortSet::empty(), PortSet::empty());
    for opening in openings.iter().filter(|opening| opening.protocols.contains(protocol)) {
        let within = |set: &Addresses| address.is_some_and(|address| set.contains(address));
        if within(&opening.sources.must) {
            must = must.union(&opening.remote_ports);
        }
        if address.is_none() || within(&opening.sources.may) {
            may = may.union(&opening.remote_ports);
        }
    }
    [must, may]
}

/// The port that says most.
fn telling(ports: &PortSet) -> Option<u16> {
    [22u16, 3389, 5985, 5986].into_iter().find(|port| ports.contains(*port)).or_else(|| ports.first())
}

/// Whether packets have a way from one endpoint to the other inside Azure's network: one network, or two that
/// are peered. Peering does not go on to the peers of a peer.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview>
fn joined(estate: &Estate, from: &Endpoint, to: &Endpoint) -> Tri {
    let (Some(a), Some(b)) = (from.vnet, to.vnet) else { return Tri::Maybe };
    if a == b {
        return Tri::Yes;
    }
    let mut known = true;
    for (own, other) in [(a, b), (b, a)] {
        match estate.vnet(own).map(|vnet| &vnet.peers) {
            Some(Some(Known::Value(peers))) => {
                if peers.iter().any(|peer| peer.vnet == Some(other)) {
                    return Tri::Yes;
                }
            }
            Some(None) => {}
            _ => known = false,
        }
    }
    // A gateway, or an appliance that routes carry packets to, may join them all the same.
    let behind = |endpoint: &Endpoint, other: &Endpoint| {
        let may = connected(endpoint).may;
        other.address.is_none_or(|address| may.contains(number(address)))
    };
    let led = behind(to, from) && leads_on(to);
    if known && !led { Tri::No } else { Tri::Maybe }
}

/// Whether something that no record tells in full, a gateway or an appliance, leads on to a machine.
pub(super) fn leads_on(to: &Endpoint) -> bool {
    to.network.unknown.is_some() || to.network.beside_unknown.is_some()
}
