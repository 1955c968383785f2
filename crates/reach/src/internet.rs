//! What of a VM can be reached from the internet, by which way.

use std::sync::{Arc, PoisonError};

use estate::{
    Direction, Estate, Family, IpConfiguration, Kind, Known, Nic, PortSet, Reason, ResourceId, Sku,
};

use crate::addresses::{MustMay, address, everything, internet, platform};
use crate::cache::{OpeningKey, Reach};
use crate::endpoint::{Endpoint, Level};
use crate::group::{GroupAnswer, Region, Slice};
use crate::packet::{Packet, Protocols};
use crate::rules::{RuleAccess, RuleRef, reason};

/// What of one address of a VM can be reached from the internet.
pub struct Exposure {
    /// The ways that lead in, or may.
    pub ways: Vec<Way>,
}

/// One way from the internet to an address of a VM.
pub struct Way {
    /// The public address of the IP configuration, or what forwards to it.
    pub via: ResourceId,
    /// The address of the VM.
    pub endpoint: Endpoint,
    /// What gets through, in no order that matters.
    pub openings: Arc<Vec<Opening>>,
    /// Why some of it is unknown, besides what the openings tell.
    pub unknown: Vec<Reason>,
}

/// Packets from the internet that get through.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Their protocols.
    pub protocols: Protocols,
    /// The ports on the VM.
    pub local_ports: PortSet,
    /// The ports of the other side.
    pub remote_ports: PortSet,
    /// All sources that are let through, private ones included.
    pub sources: MustMay,
    /// The internet's share of the sources. `may` is never empty.
    pub internet: MustMay,
    /// The rules that let them through: the subnet's, the NIC's. `None` where there is no group.
    pub rules: [Option<RuleRef>; 2],
    /// Why it is not certain, where `must` and `may` differ.
    pub unknown: Vec<Reason>,
}

/// Ports that make a witness plain, where it may have any.
const TELLING: [u16; 8] = [3389, 22, 445, 1433, 443, 80, 53, 123];

fn above_zero() -> PortSet {
    [estate::Range { first: 1, last: u16::MAX }].into_iter().collect()
}

impl Way {
    /// The groups on the way: the subnet's, the NIC's.
    pub fn groups(&self) -> [Option<ResourceId>; 2] {
        [&self.endpoint.subnet_level, &self.endpoint.nic_level].map(|level| match level {
            Level::Group(id) => Some(*id),
            Level::Open | Level::Unknown(_) => None,
        })
    }
}

impl Opening {
    /// A packet that certainly gets through to one of `ports`, or may if nothing is certain.
    pub fn witness(&self, family: Family, protocol: Protocols, ports: &PortSet) -> Option<Packet> {
        let sources = if self.internet.must.is_empty() { &self.internet.may } else { &self.internet.must };
        let sources = sources.difference(&platform(family));
        // The first address of a block is often a network's own: the one after it reads better.
        let first = sources.ranges().first()?;
        let source = if first.first < first.last { first.first + 1 } else { first.first };
        let ephemeral: PortSet = [estate::Range { first: 49152, last: u16::MAX }].into_iter().collect();
        let remote_port =
            self.remote_ports.intersection(&ephemeral).first().or_else(|| self.remote_ports.first())?;
        let open = self.local_ports.intersection(ports);
        let known = TELLING.into_iter().find(|port| open.contains(*port));
        let local_port =
            known.or_else(|| open.intersection(&above_zero()).first()).or_else(|| open.first())?;
        Some(Packet { protocol, remote: address(family, source), remote_port, local_port })
    }
}

impl Reach<'_> {
    /// What of an IP configuration can be reached from the internet.
    ///
    /// Sources: <https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses>
    /// (a Standard address is closed until a group opens it, a Basic one is open until a group
    /// closes it), <https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works>
    /// (the subnet's group, then the NIC's; both must allow).
    pub fn from_internet(&self, nic: &Nic, ip: &IpConfiguration) -> Exposure {
        let estate = self.estate();
        let mut exposure = Exposure { ways: Vec::new() };
        let mut doubts = forwarded(estate, nic, ip);
        let public_ip = match &ip.public_ip {
            None => None,
            Some(Known::Unknown(reason)) => {
                doubts.push((nic.id, reason.as_ref().clone()));
                None
            }
            Some(Known::Value(id)) => Some(*id),
        };
        if public_ip.is_none() && doubts.is_empty() && self.unjudged.is_empty() {
            return exposure;
        }
        let endpoint = Endpoint::new(estate, nic, ip);
        let network = self.network_number(&endpoint);
        let mut way_unknown = Vec::new();
        let mut numbers = [None; 2];
        let mut answers: [Option<Arc<GroupAnswer>>; 2] = [None, None];
        let levels = [&endpoint.subnet_level, &endpoint.nic_level];
        for ((level, number), answer) in levels.iter().zip(&mut numbers).zip(&mut answers) {
            match level {
                Level::Open => {}
                Level::Unknown(reason) => way_unknown.push(reason.as_ref().clone()),
                Level::Group(id) => {
                    if let Some((its, group)) = self.group(*id, Direction::Inbound, &endpoint, network) {
                        *number = Some(its);
                        *answer = Some(group);
                    }
                }
            }
        }
        let unguarded = levels.iter().all(|level| **level == Level::Open);
        let [subnet_answer, nic_answer] = numbers;
        let key = OpeningKey(subnet_answer, nic_answer, network);
        let cached = self.openings.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let openings = cached.unwrap_or_else(|| {
            let fresh = Arc::new(self.openings(&endpoint, &answers));
            let mut all = self.openings.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(key).or_insert(fresh))
        });
        let doubted =
            |openings: &[Opening]| Arc::new(openings.iter().map(Opening::doubted).collect::<Vec<_>>());
        if let Some(public_ip) = public_ip {
            let mut unknown = way_unknown.clone();
            let sku = estate.public_ip(public_ip).and_then(|record| record.sku.as_ref());
            let closed = match sku {
                Some(Known::Value(Sku::Standard)) => unguarded,
                Some(Known::Value(Sku::Basic)) => false,
                _ if !unguarded => false,
                Some(Known::Unknown(reason)) => {
                    unknown.push(reason.as_ref().clone());
                    false
                }
                None => {
                    unknown.push(estate.missing(Kind::PublicIp, public_ip));
                    false
                }
            };
            if !closed {
                let openings = if unknown.is_empty() { Arc::clone(&openings) } else { doubted(&openings) };
                exposure.ways.push(Way { via: public_ip, endpoint: endpoint.clone(), openings, unknown });
            }
        }
        // What is not known or not judged yet may lead in; the groups still filter.
        for (via, reason) in doubts.into_iter().chain(self.unjudged.iter().cloned()) {
            let mut unknown = way_unknown.clone();
            unknown.push(reason);
            exposure.ways.push(Way {
                via,
                endpoint: endpoint.clone(),
                openings: doubted(&openings),
                unknown,
            });
        }
        exposure
    }

    /// What a group would let in from the internet to any address of a family behind it.
    pub fn latent(&self, nsg: ResourceId, family: Family) -> Vec<Opening> {
        let endpoint = Endpoint {
            family,
            address: None,
            subnet: None,
            asgs: None,
            anywhere: true,
            network: crate::endpoint::Network {
                tag: MustMay { must: estate::RangeSet::empty(), may: crate::addresses::private(family) },
                own: estate::RangeSet::empty(),
                unknown: None,
            },
            subnet_level: Level::Open,
            nic_level: Level::Group(nsg),
        };
        let network = self.network_number(&endpoint);
        let answer = self.group(nsg, Direction::Inbound, &endpoint, network).map(|(_, answer)| answer);
        if answer.is_none() { Vec::new() } else { self.openings(&endpoint, &[None, answer]) }
    }

    fn openings(&self, endpoint: &Endpoint, answers: &[Option<Arc<GroupAnswer>>; 2]) -> Vec<Opening> {
        let family = endpoint.family;
        let outside = internet(family).difference(&endpoint.network.own);
        let probes = platform(family);
        let everyone = MustMay::certain(everything(family));
        let open = Slice {
            protocols: Protocols::ALL,
            local_ports: PortSet::all(),
            remote_ports: PortSet::all(),
            regions: Arc::from([]),
            allowed: Arc::new(everyone),
        };
        let [subnet, nic] = answers.each_ref().map(|answer| match answer {
            None => vec![&open],
            Some(answer) => {
                answer.slices.iter().filter(|slice| slice.allowed.may.overlaps(&outside)).collect()
            }
        });
        let groups = [&endpoint.subnet_level, &endpoint.nic_level];
        let mut openings = Vec::new();
        for first in &subnet {
            for second in &nic {
                let protocols = first.protocols.and(second.protocols);
                let local_ports = first.local_ports.intersection(&second.local_ports);
                let remote_ports = first.remote_ports.intersection(&second.remote_ports);
                if protocols.is_empty() || local_ports.is_empty() || remote_ports.is_empty() {
                    continue;
                }
                let must = first.allowed.must.intersection(&second.allowed.must);
                for one in allowing(first) {
                    for other in allowing(second) {
                        let may = match (one, other) {
                            (None, None) => everything(family),
                            (Some(region), None) | (None, Some(region)) => region.remote.may.clone(),
                            (Some(one), Some(other)) => one.remote.may.intersection(&other.remote.may),
                        };
                        let seen = may.intersection(&outside);
                        // The platform's address is public, but only the platform sends from it.
                        if probes.contains_all(&seen) {
                            continue;
                        }
                        let must = must.intersection(&may);
                        let mut internet = MustMay { must: must.intersection(&outside), may: seen };
                        if probes.contains_all(&internet.must) {
                            internet.must = estate::RangeSet::empty();
                        }
                        let rules = [one.map(|region| region.rule), other.map(|region| region.rule)];
                        let unknown = if internet.must == internet.may {
                            Vec::new()
                        } else {
                            self.why_unknown(endpoint, groups, rules)
                        };
                        openings.push(Opening {
                            protocols,
                            local_ports: local_ports.clone(),
                            remote_ports: remote_ports.clone(),
                            sources: MustMay { must, may },
                            internet,
                            rules,
                            unknown,
                        });
                    }
                }
            }
        }
        openings
    }

    /// Why packets that these rules let through are not certain to get through.
    fn why_unknown(
        &self,
        endpoint: &Endpoint,
        levels: [&Level; 2],
        rules: [Option<RuleRef>; 2],
    ) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for (level, rule) in levels.into_iter().zip(rules) {
            let Level::Group(id) = level else { continue };
            let Some(Known::Value(all)) = self.estate().nsg(*id).and_then(|nsg| nsg.rules.as_ref()) else {
                continue;
            };
            match rule {
                Some(RuleRef::Own(index)) => {
                    reasons.extend(all.get(index as usize).and_then(|rule| reason(rule, self.tags())))
                }
                Some(RuleRef::Default(_)) => {
                    reasons.extend(endpoint.network.unknown.as_deref().cloned());
                }
                None => {}
            }
            if reasons.is_empty() {
                // The rule itself is known: an earlier one that is not may decide before it.
                reasons.extend(all.iter().find_map(|rule| reason(rule, self.tags())));
                let priorities = |pair: &[estate::SecurityRule]| match pair {
                    [one, other] => one.priority == other.priority && one.direction == other.direction,
                    _ => false,
                };
                reasons.extend(all.windows(2).any(priorities).then_some(Reason::SamePriority));
            }
        }
        reasons.dedup();
        reasons
    }
}

impl Opening {
    /// The same when something on the way cannot be judged.
    fn doubted(&self) -> Self {
        let nothing = estate::RangeSet::empty;
        Self {
            sources: MustMay { must: nothing(), may: self.sources.may.clone() },
            internet: MustMay { must: nothing(), may: self.internet.may.clone() },
            ..self.clone()
        }
    }
}

/// The regions of a slice that let packets through; one `None` for a level without a group.
fn allowing(slice: &Slice) -> Vec<Option<&Region>> {
    if slice.regions.is_empty() {
        return vec![None];
    }
    slice.regions.iter().filter(|region| region.access != RuleAccess::Deny).map(Some).collect()
}

/// What forwards packets to an IP configuration and is not judged yet.
fn forwarded(estate: &Estate, nic: &Nic, ip: &IpConfiguration) -> Vec<(ResourceId, Reason)> {
    let owners = match &ip.forwarded_by {
        Known::Value(owners) => owners,
        Known::Unknown(reason) => return vec![(nic.id, reason.as_ref().clone())],
    };
    let mut ways = Vec::new();
    for owner in owners {
        let id = estate.text(*owner);
        let private = estate
            .load_balancer(*owner)
            .and_then(|balancer| balancer.public.as_ref()?.value())
            .is_some_and(|public| !public);
        if !private {
            let resource_type = estate::resource_type(id).unwrap_or_default().into();
            ways.push((*owner, Reason::NotModelled { resource_type, id: id.into() }));
        }
    }
    ways
}
