//! One security group applied to one endpoint: every packet, and the rule that decides it.
//!
//! First match over a shrinking remainder, done once for each slice of protocols and ports that the
//! group tells apart. In a slice only the rules that match its ports are looked at, so the work
//! grows with the rules that overlap and not with all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use estate::{Bound, Direction, PortSet, Range, SecurityRule};

use crate::addresses::{Addresses, MustMay, everything};
use crate::endpoint::Endpoint;
use crate::packet::Protocols;
use crate::rules::{Compiled, Names, RuleAccess, RuleRef, compile};

/// What a group does with every packet of one direction.
#[derive(Debug)]
pub struct GroupAnswer {
    /// Disjoint slices that together hold every packet.
    pub slices: Vec<Slice>,
}

/// Packets that a group decides in the same way but for the other side's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Their protocols.
    pub protocols: Protocols,
    /// The ports on the VM.
    pub local_ports: PortSet,
    /// The ports of the other side.
    pub remote_ports: PortSet,
    /// Who decides, by the other side's address. Regions overlap only where something is unknown.
    pub regions: Arc<[Region]>,
    /// The addresses that are let through.
    pub allowed: Arc<MustMay>,
}

/// Addresses that one rule decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The rule.
    pub rule: RuleRef,
    /// What it does.
    pub access: RuleAccess,
    /// The addresses that it certainly or possibly decides.
    pub remote: MustMay,
}

/// The rules that look at a slice: their numbers, and whether they certainly match its ports.
type Active = Vec<(u32, bool)>;

/// Applies a group to an endpoint.
pub(crate) fn apply(
    rules: &[SecurityRule],
    direction: Direction,
    endpoint: &Endpoint,
    names: &Names,
) -> GroupAnswer {
    apply_compiled(&compile(rules, direction, endpoint, names), endpoint)
}

/// Applies rules that were made ready, in the order in which they are looked at. What none of them decides is
/// in no region.
pub(crate) fn apply_compiled(rules: &[Compiled], endpoint: &Endpoint) -> GroupAnswer {
    let mut decided: BTreeMap<Active, (Arc<[Region]>, Arc<MustMay>)> = BTreeMap::new();
    // Slices in a fixed order: (who looks, remote ports) → (protocols → local ports).
    let mut found: BTreeMap<(Active, PortSet), Vec<(Protocols, PortSet)>> = BTreeMap::new();
    for protocol in Protocols::EACH {
        for (local, remote, active) in cells(rules, protocol) {
            found.entry((active, remote)).or_default().push((protocol, local));
        }
    }
    let mut slices = Vec::new();
    for ((active, remote_ports), parts) in found {
        let (regions, allowed) = decided
            .entry(active)
            .or_insert_with_key(|active| {
                let (regions, allowed) = decide(rules, active, endpoint);
                (regions.into(), Arc::new(allowed))
            })
            .clone();
        // Protocols with the same ports make one slice.
        let mut by_protocol: BTreeMap<Protocols, Vec<Range<u16>>> = BTreeMap::new();
        for (protocol, local) in parts {
            by_protocol.entry(protocol).or_default().extend_from_slice(local.ranges());
        }
        let mut by_ports: BTreeMap<PortSet, Protocols> = BTreeMap::new();
        for (protocol, ranges) in by_protocol {
            let ports: PortSet = ranges.into_iter().collect();
            let protocols = by_ports.entry(ports).or_default();
            *protocols = protocols.or(protocol);
        }
        for (local_ports, protocols) in by_ports {
            slices.push(Slice {
                protocols,
                local_ports,
                remote_ports: remote_ports.clone(),
                regions: regions.clone(),
                allowed: allowed.clone(),
            });
        }
    }
    GroupAnswer { slices }
}

/// Cuts the ports of a protocol into cells in which the same rules match.
fn cells(rules: &[Compiled], protocol: Protocols) -> Vec<(PortSet, PortSet, Active)> {
    let matching: Vec<u32> = (0u32..)
        .zip(rules)
        .filter(|(_, rule)| rule.protocols_may.contains(protocol))
        .map(|(index, _)| index)
        .collect();
    if !protocol.have_ports() {
        // What a rule with ports does to a packet without is not documented: it may match.
        let active = matching
            .iter()
            .filter_map(|index| {
                let rule = rules.get(*index as usize)?;
                let ports = rule.local_ports.must.is_all() && rule.remote_ports.must.is_all();
                Some((*index, ports && rule.protocols_must.contains(protocol)))
            })
            .collect();
        return vec![(PortSet::all(), PortSet::all(), active)];
    }
    let mut cells = Vec::new();
    for (local, here) in sweep(&matching, |index| rules.get(index as usize).map(|rule| &rule.local_ports)) {
        let here: Vec<u32> = here.into_iter().map(|(index, _)| index).collect();
        for (remote, active) in sweep(&here, |index| rules.get(index as usize).map(|rule| &rule.remote_ports))
        {
            let active = active
                .into_iter()
                .map(|(index, certain_remote)| {
                    let certain = rules.get(index as usize).is_some_and(|rule| {
                        rule.protocols_must.contains(protocol)
                            && local.first().is_some_and(|port| rule.local_ports.must.contains(port))
                    });
                    (index, certain && certain_remote)
                })
                .collect();
            cells.push((local.clone(), remote, active));
        }
    }
    cells
}

/// Sweeps over all ports and gives each stretch with the rules whose ports hold it.
fn sweep<'r>(
    rules: &[u32],
    ports: impl Fn(u32) -> Option<&'r crate::rules::Ports>,
) -> Vec<(PortSet, Active)> {
    let mut edges: BTreeMap<u16, Vec<(u32, bool)>> = BTreeMap::new();
    let mut always = Vec::new();
    for index in rules {
        let Some(ports) = ports(*index) else { continue };
        if ports.must.is_all() {
            always.push(*index);
            continue;
        }
        for range in ports.may.ranges() {
            edges.entry(range.first).or_default().push((*index, true));
            if let Some(after) = range.last.next() {
                edges.entry(after).or_default().push((*index, false));
            }
        }
        // Where certainty changes, a new stretch starts.
        for range in ports.must.ranges() {
            edges.entry(range.first).or_default();
            if let Some(after) = range.last.next() {
                edges.entry(after).or_default();
            }
        }
    }
    edges.entry(u16::MIN).or_default();
    let mut active: std::collections::BTreeSet<u32> = always.iter().copied().collect();
    let starts: Vec<u16> = edges.keys().copied().collect();
    let mut stretches = Vec::with_capacity(starts.len());
    let ends = starts.iter().skip(1).map(|next| next.saturating_sub(1)).chain([u16::MAX]);
    for ((first, changes), last) in edges.iter().zip(ends) {
        for (index, starts) in changes {
            if *starts {
                active.insert(*index);
            } else {
                active.remove(index);
            }
        }
        let here = active
            .iter()
            .map(|index| (*index, ports(*index).is_some_and(|ports| ports.must.contains(*first))))
            .collect();
        stretches.push(([Range { first: *first, last }].into_iter().collect(), here));
    }
    stretches
}

/// First match over the addresses of the other side.
fn decide(rules: &[Compiled], active: &Active, endpoint: &Endpoint) -> (Vec<Region>, MustMay) {
    let all = everything(endpoint.family);
    let mut undecided = MustMay::certain(all);
    let (mut allowed, mut denied) = (Addresses::empty(), Addresses::empty());
    let mut regions: Vec<Region> = Vec::new();
    let mut at = 0;
    while let Some((index, _)) = active.get(at)
        && !undecided.may.is_empty()
    {
        // Rules of one priority: which of them comes first is not known.
        let priority = rules.get(*index as usize).and_then(|rule| rule.priority);
        let rest = active.get(at..).unwrap_or_default();
        let same = rest
            .iter()
            .take_while(|(index, _)| rules.get(*index as usize).is_some_and(|rule| rule.priority == priority))
            .count();
        let rank = rest.get(..same).unwrap_or_default();
        at += same.max(1);
        let (mut named_must, mut named_may) = (Addresses::empty(), Addresses::empty());
        for (index, certain_ports) in rank {
            let Some(rule) = rules.get(*index as usize) else { continue };
            let may = undecided.may.intersection(&rule.remote.may);
            if may.is_empty() {
                continue;
            }
            let certain = rule.certain && *certain_ports;
            let must = if certain { rule.remote.must.clone() } else { Addresses::empty() };
            if rule.access != RuleAccess::Deny {
                allowed = allowed.union(&may);
            }
            if rule.access != RuleAccess::Allow {
                denied = denied.union(&may);
            }
            let mut sure = undecided.must.intersection(&must);
            if same > 1 {
                for (other, _) in rank.iter().filter(|(other, _)| other != index) {
                    if let Some(other) = rules.get(*other as usize) {
                        sure = sure.difference(&other.remote.may);
                    }
                }
            }
            regions.push(Region {
                rule: rule.rule,
                access: rule.access,
                remote: MustMay { must: sure, may },
            });
            named_must = named_must.union(&must);
            named_may = named_may.union(&rule.remote.may);
        }
        undecided.must = undecided.must.difference(&named_may);
        undecided.may = undecided.may.difference(&named_must);
    }
    let must = allowed.difference(&denied);
    (regions, MustMay { must, may: allowed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Level, Network};
    use crate::rules::Ports;
    use estate::Family;

    #[test]
    fn what_an_earlier_rule_may_decide_is_not_certain_for_a_later_one() {
        let nothing = || MustMay::certain(Addresses::empty());
        let endpoint = Endpoint {
            family: Family::V4,
            address: None,
            subnet: None,
            asgs: None,
            anywhere: false,
            vnet: None,
            network: Network { tag: nothing(), own: Addresses::empty(), unknown: None },
            subnet_level: Level::Open,
            nic_level: Level::Open,
        };
        let ports = || Ports { must: PortSet::all(), may: PortSet::all() };
        let rule = |number: u32, certain: bool| Compiled {
            rule: RuleRef::Own(number),
            priority: Some(100 + number),
            access: RuleAccess::Allow,
            certain,
            protocols_must: Protocols::ALL,
            protocols_may: Protocols::ALL,
            remote: MustMay::certain(everything(Family::V4)),
            remote_ports: ports(),
            local_ports: ports(),
        };
        let rules = [rule(0, false), rule(1, true)];
        let (regions, allowed) = decide(&rules, &vec![(0, true), (1, true)], &endpoint);
        assert_eq!(allowed.must, everything(Family::V4), "both allow, so it is certain that it is allowed");
        assert_eq!(regions.len(), 2);
        for region in &regions {
            assert!(region.remote.must.is_empty(), "but not which of the two does: {region:?}");
        }
    }
}
