//! Packets that pass the guards of an address: which ports they get to, what decides, and why it is not certain.

use estate::{Direction, Kind, Known, Nic, PortSet, Reason, ResourceId, Vm};
use reach::{Addresses, Endpoint, Level, Opening, Passage, Protocols, RuleRef, rule_name};

use crate::view::{Cause, Context};

/// The addresses that openings hold for a TCP port: those of `set`, put together.
fn at_port(
    passage: &Passage,
    port: u16,
    ports: fn(&Opening) -> &PortSet,
    set: fn(&Opening) -> &Addresses,
) -> Addresses {
    let here = passage.openings.iter().filter(|opening| {
        opening.protocols.contains(Protocols::TCP)
            && ports(opening).contains(port)
            && !set(opening).is_empty()
    });
    here.fold(Addresses::empty(), |sum, opening| sum.union(set(opening)))
}

/// Addresses that certainly get to a TCP port of the machine.
pub(super) fn senders_must(passage: &Passage, port: u16) -> Addresses {
    at_port(passage, port, |opening| &opening.local_ports, |opening| &opening.internet.must)
}

/// Addresses that may get to it.
pub(super) fn senders_may(passage: &Passage, port: u16) -> Addresses {
    at_port(passage, port, |opening| &opening.local_ports, |opening| &opening.internet.may)
}

/// Whether some of the senders get to one of these TCP ports of a machine; the reasons where nobody can tell.
pub(super) fn gets_in(
    context: &Context<'_>,
    vm: &Vm,
    ports: &PortSet,
    senders: impl Fn(&Endpoint) -> Addresses,
) -> Result<bool, Vec<Reason>> {
    let estate = context.estate();
    let mut unknown: Vec<Reason> = vm.nics_unknown.as_deref().cloned().into_iter().collect();
    for id in &vm.nics {
        let Some(nic) = estate.nic(*id) else {
            unknown.push(estate.missing(Kind::Nic, *id));
            continue;
        };
        let Some(Known::Value(all)) = &nic.ip_configurations else {
            unknown.push(estate.partial(Kind::Nic, *id));
            continue;
        };
        for ip in all {
            let mut endpoint = Endpoint::new(estate, nic, ip);
            let senders = senders(&endpoint);
            // The tag of a network holds what is connected to it, who comes by a gateway included.
            // https://learn.microsoft.com/azure/virtual-network/service-tags-overview
            let tag = &mut endpoint.network.tag;
            (tag.must, tag.may) = (tag.must.union(&senders), tag.may.union(&senders));
            let passage = context.reach.passing(endpoint, Direction::Inbound, &senders);
            let here = || {
                passage.openings.iter().filter(|opening| {
                    opening.protocols.contains(Protocols::TCP) && opening.local_ports.overlaps(ports)
                })
            };
            if passage.unknown.is_empty() && here().any(|opening| !opening.internet.must.is_empty()) {
                return Ok(true);
            }
            if here().any(|opening| !opening.internet.may.is_empty()) {
                unknown.extend(doubts(&passage));
            }
        }
    }
    if unknown.is_empty() { Ok(false) } else { Err(unknown) }
}

/// Addresses whose TCP port the machine certainly gets to.
pub(super) fn receivers_must(passage: &Passage, port: u16) -> Addresses {
    at_port(passage, port, |opening| &opening.remote_ports, |opening| &opening.internet.must)
}

/// Addresses whose TCP port it may get to.
pub(super) fn receivers_may(passage: &Passage, port: u16) -> Addresses {
    at_port(passage, port, |opening| &opening.remote_ports, |opening| &opening.internet.may)
}

/// Why something of a passage is not certain.
pub(super) fn doubts(passage: &Passage) -> Vec<Reason> {
    let of_openings = passage.openings.iter().flat_map(|opening| &opening.unknown);
    let mut reasons: Vec<Reason> = passage.unknown.iter().chain(of_openings).cloned().collect();
    reasons.sort_unstable();
    reasons.dedup();
    // INVARIANT: what is not certain is never told as settled, whether or not the reason is found.
    if reasons.is_empty() { vec![Reason::SamePriority] } else { reasons }
}

fn groups(endpoint: &Endpoint) -> [Option<ResourceId>; 2] {
    [&endpoint.subnet_level, &endpoint.nic_level].map(|level| match level {
        Level::Group(id) => Some(*id),
        Level::Open | Level::Unknown(_) => None,
    })
}

/// The names of the rules that let an opening through; empty where no group looks.
pub(super) fn deciding(context: &Context<'_>, endpoint: &Endpoint, opening: &Opening) -> Vec<String> {
    let estate = context.estate();
    let named = |(nsg, rule): (Option<ResourceId>, Option<RuleRef>)| {
        let (nsg, rule) = (nsg?, rule?);
        Some(format!("{}: {}", context.name(nsg), crate::remedy::one_line(&rule_name(estate, nsg, rule))))
    };
    if let Some(RuleRef::Admin(index)) = opening.admin
        && let Some(admin) = estate.admin_rules.get(index as usize)
    {
        return vec![context.name(admin.id)];
    }
    groups(endpoint).into_iter().zip(opening.rules).filter_map(named).collect()
}

/// The rule to change: the NIC's own, else the subnet's, else the NIC that no group guards.
pub(super) fn cause(context: &Context<'_>, nic: &Nic, endpoint: &Endpoint, opening: &Opening) -> Cause {
    let estate = context.estate();
    if let Some(RuleRef::Admin(index)) = opening.admin
        && let Some(admin) = estate.admin_rules.get(index as usize)
    {
        let place = &admin.rule.place;
        let (pointer, key) = (place.pointer.clone(), context.name(admin.id).into());
        return Cause { resource: admin.id, pointer, origin: place.origin, key };
    }
    let [subnet, own] = groups(endpoint);
    let [by_subnet, by_own] = opening.rules;
    let rules = [(own, by_own), (subnet, by_subnet)];
    let of_rule = rules.into_iter().find_map(|(nsg, rule)| Cause::rule(estate, nsg?, rule?));
    of_rule.unwrap_or_else(|| Cause::field(nic.id, nic.origins.first(), "/properties/networkSecurityGroup"))
}
