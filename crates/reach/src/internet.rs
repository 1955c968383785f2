//! What of a VM can be reached from the internet, by which way.

use std::sync::{Arc, PoisonError};

use estate::{Direction, Family, IpConfiguration, Known, Nic, PortSet, Reason, ResourceId, Sku};

use crate::addresses::{Addresses, MustMay, address, everything, internet, platform};
use crate::admin::AdminAnswer;
use crate::cache::{OpeningKey, Reach};
use crate::endpoint::{Endpoint, Level};
use crate::forward::{Entrance, Through};
use crate::packet::{Packet, Protocols};
use crate::rules::{RuleRef, reason};
use crate::share::{Share, shares};

/// What of one address of a VM can be reached from the internet.
pub struct Exposure {
    /// The ways that lead in, or may.
    pub ways: Vec<Way>,
}

/// One way from the internet to an address of a VM.
pub struct Way {
    /// The public address, or what has one.
    pub via: ResourceId,
    /// What forwards on the way.
    pub through: Option<Arc<Through>>,
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
    /// All sources that are let through, private ones included; of what comes from the network around, its own.
    pub sources: MustMay,
    /// The internet's share of the sources. `may` is never empty.
    pub internet: MustMay,
    /// The rules that let them through: the subnet's, the NIC's. `None` where there is no group.
    pub rules: [Option<RuleRef>; 2],
    /// The security admin rule that delivers them whatever the groups say.
    pub admin: Option<RuleRef>,
    /// Why it is not certain, where `must` and `may` differ.
    pub unknown: Vec<Reason>,
}

/// Which answers of groups a question is answered by.
#[derive(Clone, Copy)]
pub(crate) enum Answers {
    /// Answers for every address, kept for the next question.
    Kept,
    /// Answers for the addresses that are asked about: quick where these are few, as few rules look there.
    Narrow,
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
        let mut exposure = Exposure { ways: Vec::new() };
        let entrances = self.facts.forwarding.entrances(self.estate(), nic, ip);
        if entrances.is_empty() {
            return exposure;
        }
        let endpoint = Endpoint::new(self.estate(), nic, ip);
        let guards = self.guards(Direction::Inbound, &endpoint);
        let openings = self.openings(&endpoint, &guards);
        for entrance in entrances {
            if entrance.appliance.as_ref().is_some_and(|nics| !self.lets_in(nics)) {
                continue;
            }
            let way = if entrance.floating {
                // Packets keep the frontend's address: which one a rule sees is not the VM's.
                let elsewhere = Endpoint { address: None, subnet: None, ..endpoint.clone() };
                let guards = self.guards(Direction::Inbound, &elsewhere);
                let openings = self.openings(&elsewhere, &guards);
                self.way(&entrance, [&endpoint, &elsewhere], &guards, &openings)
            } else {
                self.way(&entrance, [&endpoint, &endpoint], &guards, &openings)
            };
            exposure.ways.extend(way);
        }
        exposure
    }

    /// Whether anything from the internet gets in to an appliance, or may. What comes to it over another appliance is
    /// taken to.
    fn lets_in(&self, nics: &[ResourceId]) -> bool {
        let Some(first) = nics.first() else { return false };
        let kept = self.appliances.lock().unwrap_or_else(PoisonError::into_inner).get(first).copied();
        kept.unwrap_or_else(|| {
            let all = nics.iter().filter_map(|id| self.nic_or_model(*id));
            let open = all.into_iter().any(|nic| {
                let own = nic.ip_configurations.iter().filter_map(Known::value).flatten();
                own.into_iter().any(|ip| self.is_entered(nic, ip))
            });
            self.appliances.lock().unwrap_or_else(PoisonError::into_inner).insert(*first, open);
            open
        })
    }

    fn is_entered(&self, nic: &Nic, ip: &IpConfiguration) -> bool {
        let endpoint = Endpoint::new(self.estate(), nic, ip);
        let guards = self.guards(Direction::Inbound, &endpoint);
        let openings = self.openings(&endpoint, &guards);
        let entrances = self.facts.forwarding.entrances(self.estate(), nic, ip);
        entrances.iter().any(|entrance| {
            let way = || self.way(entrance, [&endpoint, &endpoint], &guards, &openings);
            entrance.appliance.is_some()
                || entrance.floating
                || way().is_some_and(|way| !way.openings.is_empty())
        })
    }

    /// A NIC of its own, or of the model of a scale set.
    fn nic_or_model(&self, id: ResourceId) -> Option<&Nic> {
        let estate = self.estate();
        let of_model = || {
            let set = estate.text(id).rsplitn(3, '/').nth(2)?;
            let set = estate.scale_set(estate.ids().find(set)?)?;
            set.model.as_ref()?.value()?.nics.iter().find(|nic| nic.id == id)
        };
        estate.nic(id).or_else(of_model)
    }

    /// What forwards packets from the internet to something that the input does not hold, and why that is
    /// unknown.
    pub fn astray(&self) -> &[(ResourceId, Reason)] {
        &self.facts.forwarding.astray
    }

    /// Why a NIC must have IP configurations that its record does not hold: something forwards to one.
    pub fn cut_short(&self, nic: ResourceId) -> Option<&Reason> {
        self.facts.forwarding.cut_short.get(&nic)
    }

    /// What guards an endpoint.
    pub(crate) fn guards(&self, direction: Direction, endpoint: &Endpoint) -> Guards {
        let network = self.network_number(endpoint);
        let mut guards = Guards {
            key: OpeningKey { subnet: None, nic: None, admin: None, network },
            direction,
            admin: None,
            unguarded: true,
            unknown: Vec::new(),
        };
        let levels = [&endpoint.subnet_level, &endpoint.nic_level];
        let OpeningKey { subnet, nic, .. } = &mut guards.key;
        for (level, number) in levels.into_iter().zip([subnet, nic]) {
            guards.unguarded &= *level == Level::Open;
            match level {
                Level::Open => {}
                Level::Unknown(reason) => guards.unknown.push(reason.as_ref().clone()),
                Level::Group(id) => {
                    *number = self.group_number(*id, direction, endpoint, network);
                }
            }
        }
        if let Some((its, admin)) = self.admin(direction, endpoint, network) {
            guards.key.admin = Some(its);
            guards.admin = Some(admin);
        }
        guards
    }

    /// What the internet gets through the guards of an endpoint.
    fn openings(&self, endpoint: &Endpoint, guards: &Guards) -> Arc<Vec<Opening>> {
        let cached = self.openings.lock().unwrap_or_else(PoisonError::into_inner).get(&guards.key).cloned();
        cached.unwrap_or_else(|| {
            let through = self.let_through(endpoint, guards, internet(endpoint.family));
            let doubting = |opening: Opening| self.doubt_own_space(endpoint, opening);
            let fresh = Arc::new(through.into_iter().map(doubting).collect());
            let mut all = self.openings.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(guards.key).or_insert(fresh))
        })
    }

    /// Where a network uses internet addresses as its own, nobody can tell whether packets of their owner on the
    /// internet get in.
    fn doubt_own_space(&self, endpoint: &Endpoint, mut opening: Opening) -> Opening {
        let own = &endpoint.network.own;
        if own.overlaps(&opening.internet.may) {
            opening.internet.must = opening.internet.must.difference(own);
            if platform(endpoint.family).contains_all(&opening.internet.must) {
                opening.internet.must = Addresses::empty();
            }
            let id = endpoint.vnet.map(|id| self.estate().text(id)).unwrap_or_default();
            opening.unknown.push(Reason::OwnSpace { id: id.into() });
        }
        opening
    }

    /// What comes in by an entrance; `None` for one that is closed. `guarded` is the endpoint as the guards see
    /// it.
    fn way(
        &self,
        entrance: &Entrance,
        [endpoint, guarded]: [&Endpoint; 2],
        guards: &Guards,
        openings: &Arc<Vec<Opening>>,
    ) -> Option<Way> {
        let mut unknown = [guards.unknown.as_slice(), &entrance.doubts].concat();
        match &entrance.sku {
            Some(Known::Value(Sku::Standard)) if guards.unguarded => {
                // Closed until a group opens it; whether an admin rule does is documented nowhere.
                let delivers = |admin: &AdminAnswer| admin.parts.iter().find_map(|part| part.delivers);
                let RuleRef::Admin(rule) = guards.admin.as_deref().and_then(delivers)? else { return None };
                let rule = self.estate().admin_rules.get(rule as usize)?;
                unknown.push(Reason::AdminRule { id: self.estate().text(rule.id).into() });
            }
            Some(Known::Unknown(reason)) if guards.unguarded => unknown.push(reason.as_ref().clone()),
            _ => {}
        }
        let whole = entrance.protocols == Protocols::ALL && entrance.ports.is_all();
        let openings = match &entrance.seen_from {
            None if whole => Arc::clone(openings),
            None => {
                let within = |opening: &Opening| opening.within(entrance);
                Arc::new(openings.iter().filter_map(within).collect())
            }
            Some(seen) => {
                let here = self.let_through(guarded, guards, &seen.may);
                let sender = entrance.through.as_ref().map_or(entrance.via, |through| through.resource);
                let part = Reason::SomeOfSubnet { id: self.estate().text(sender).into() };
                let for_clients = |opening: &Opening| {
                    let opening = opening.within(entrance)?.for_clients(entrance, seen, &part)?;
                    Some(self.doubt_own_space(endpoint, opening))
                };
                Arc::new(here.iter().filter_map(for_clients).collect())
            }
        };
        let openings = match unknown.is_empty() {
            true => openings,
            false => Arc::new(openings.iter().map(Opening::doubted).collect()),
        };
        Some(Way {
            via: entrance.via,
            through: entrance.through.clone(),
            endpoint: endpoint.clone(),
            openings,
            unknown,
        })
    }

    /// What a group would let in from the internet to any address of a family behind it.
    pub fn latent(&self, nsg: ResourceId, family: Family) -> Vec<Opening> {
        let endpoint = Endpoint {
            family,
            address: None,
            subnet: None,
            asgs: None,
            anywhere: true,
            vnet: None,
            network: crate::endpoint::Network {
                tag: MustMay { must: estate::RangeSet::empty(), may: crate::addresses::private(family) },
                own: estate::RangeSet::empty(),
                beside: MustMay::certain(Addresses::empty()),
                unknown: None,
                beside_unknown: None,
            },
            subnet_level: Level::Open,
            nic_level: Level::Group(nsg),
        };
        let network = self.network_number(&endpoint);
        let Some(number) = self.group_number(nsg, Direction::Inbound, &endpoint, network) else {
            return Vec::new();
        };
        let guards = Guards {
            key: OpeningKey { subnet: None, nic: Some(number), admin: None, network },
            direction: Direction::Inbound,
            admin: None,
            unguarded: false,
            unknown: Vec::new(),
        };
        self.let_through(&endpoint, &guards, internet(family))
    }

    /// What packets from `outside` get through the guards of an endpoint.
    pub(crate) fn let_through(
        &self,
        endpoint: &Endpoint,
        guards: &Guards,
        outside: &Addresses,
    ) -> Vec<Opening> {
        self.let_through_by(Answers::Kept, endpoint, guards, outside)
    }

    /// The same by answers of groups that are kept, or made for this question.
    pub(crate) fn let_through_by(
        &self,
        answers: Answers,
        endpoint: &Endpoint,
        guards: &Guards,
        outside: &Addresses,
    ) -> Vec<Opening> {
        let mut openings = self.through_groups(answers, endpoint, guards, outside);
        let Some(admin) = &guards.admin else { return openings };
        let groups = std::mem::take(&mut openings);
        for part in &admin.parts {
            let within =
                |opening: &Opening| opening.part(part.protocols, &part.local_ports, &part.remote_ports);
            for opening in groups.iter().filter(|_| part.passes).filter_map(within) {
                // Nothing is certain that may be dropped. What may be delivered anyway is allowed either way.
                let cut = |set: &MustMay| MustMay {
                    must: match part.drops {
                        true => Addresses::empty(),
                        false => set.must.intersection(&part.remote),
                    },
                    may: set.may.intersection(&part.remote),
                };
                let (sources, internet) = (cut(&opening.sources), cut(&opening.internet));
                if internet.may.is_empty() {
                    continue;
                }
                let mut unknown = opening.unknown;
                if part.drops {
                    unknown.extend(self.admin_reason(endpoint, part.protocols));
                }
                openings.push(Opening { sources, internet, unknown, ..opening });
            }
            let Some(delivering) = part.delivers else { continue };
            let seen = part.remote.intersection(outside);
            if seen.is_empty() {
                continue;
            }
            let certain = !part.drops && !part.passes;
            let must = |set: &Addresses| if certain { set.clone() } else { Addresses::empty() };
            let unknown = match certain {
                true => Vec::new(),
                false => self.admin_reason(endpoint, part.protocols).into_iter().collect(),
            };
            openings.push(Opening {
                protocols: part.protocols,
                local_ports: part.local_ports.clone(),
                remote_ports: part.remote_ports.clone(),
                sources: MustMay { must: must(&part.remote), may: part.remote.clone() },
                internet: MustMay { must: must(&seen), may: seen },
                rules: [None, None],
                admin: Some(delivering),
                unknown,
            });
        }
        openings
    }

    /// Why it is not certain what admin rules do with packets of some protocols.
    fn admin_reason(&self, endpoint: &Endpoint, protocols: Protocols) -> Option<Reason> {
        self.admin_doubt(endpoint).or_else(|| (!protocols.have_ports()).then_some(Reason::PortlessProtocol))
    }

    fn through_groups(
        &self,
        answers: Answers,
        endpoint: &Endpoint,
        guards: &Guards,
        outside: &Addresses,
    ) -> Vec<Opening> {
        let family = endpoint.family;
        let probes = platform(family);
        let open = Share {
            rule: None,
            protocols: Protocols::ALL,
            local_ports: PortSet::all(),
            remote_ports: PortSet::all(),
            remote: Arc::new(MustMay::certain(everything(family))),
        };
        let levels = [&endpoint.subnet_level, &endpoint.nic_level];
        let [subnet, nic] = levels.map(|level| match level {
            Level::Open | Level::Unknown(_) => vec![open.clone()],
            Level::Group(id) => {
                let answer = match answers {
                    Answers::Kept => self.group(*id, guards.direction, endpoint, guards.key.network),
                    Answers::Narrow => self.group_within(*id, guards.direction, endpoint, outside),
                };
                answer.map_or_else(|| vec![open.clone()], |answer| shares(&answer, outside))
            }
        });
        let mut openings = Vec::new();
        for one in &subnet {
            for other in &nic {
                let protocols = one.protocols.and(other.protocols);
                let apart = protocols.is_empty()
                    || !one.local_ports.overlaps(&other.local_ports)
                    || !one.remote_ports.overlaps(&other.remote_ports);
                if apart {
                    continue;
                }
                let may = one.remote.may.intersection(&other.remote.may);
                let seen = may.intersection(outside);
                // The platform's address is public, but only the platform sends from it.
                if probes.contains_all(&seen) {
                    continue;
                }
                let must = one.remote.must.intersection(&other.remote.must);
                let mut internet = MustMay { must: must.intersection(outside), may: seen };
                if probes.contains_all(&internet.must) {
                    internet.must = estate::RangeSet::empty();
                }
                let rules = [one.rule, other.rule];
                let unknown = if internet.must == internet.may {
                    Vec::new()
                } else {
                    let mut reasons = self.why_unknown(endpoint, levels, rules);
                    if reasons.is_empty() && !protocols.have_ports() {
                        reasons.push(Reason::PortlessProtocol);
                    }
                    reasons
                };
                openings.push(Opening {
                    protocols,
                    local_ports: one.local_ports.intersection(&other.local_ports),
                    remote_ports: one.remote_ports.intersection(&other.remote_ports),
                    sources: MustMay { must, may },
                    internet,
                    rules,
                    admin: None,
                    unknown,
                });
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
        let told = |rule: &estate::SecurityRule| reason(rule, self.tags(), Some(endpoint));
        for (level, rule) in levels.into_iter().zip(rules) {
            let Level::Group(id) = level else { continue };
            let Some(Known::Value(all)) = self.estate().nsg(*id).and_then(|nsg| nsg.rules.as_ref()) else {
                continue;
            };
            match rule {
                Some(RuleRef::Own(index)) => reasons.extend(all.get(index as usize).and_then(told)),
                Some(RuleRef::Admin(_)) => {}
                Some(RuleRef::Default(_)) => {
                    reasons.extend(endpoint.network.unknown.as_deref().cloned());
                }
                None => {}
            }
            if reasons.is_empty() {
                // The rule itself is known: an earlier one that is not may decide before it.
                reasons.extend(all.iter().find_map(told));
                let priorities = |pair: &[estate::SecurityRule]| match pair {
                    [one, other] => one.priority == other.priority && one.direction == other.direction,
                    _ => false,
                };
                // Azure's own rules begin at 65000, and a rule that it would refuse may stand beside one.
                let beside = |rule: &estate::SecurityRule| {
                    matches!(rule.priority, Known::Value(65000 | 65001 | 65500))
                };
                let same = all.windows(2).any(priorities) || all.iter().any(beside);
                reasons.extend(same.then_some(Reason::SamePriority));
            }
        }
        reasons.dedup();
        reasons
    }
}

/// What guards an endpoint.
pub(crate) struct Guards {
    /// Endpoints of one key get the same answers.
    pub(crate) key: OpeningKey,
    /// Which way packets go.
    pub(crate) direction: Direction,
    /// The security admin rules.
    pub(crate) admin: Option<Arc<AdminAnswer>>,
    /// Whether no group looks at all.
    pub(crate) unguarded: bool,
    /// Why a level is not known.
    pub(crate) unknown: Vec<Reason>,
}

impl Opening {
    /// The part with these protocols and ports.
    fn part(&self, protocols: Protocols, local: &PortSet, remote: &PortSet) -> Option<Self> {
        let protocols = self.protocols.and(protocols);
        let local_ports = self.local_ports.intersection(local);
        let remote_ports = self.remote_ports.intersection(remote);
        let some = !protocols.is_empty() && !local_ports.is_empty() && !remote_ports.is_empty();
        some.then(|| Self { protocols, local_ports, remote_ports, ..self.clone() })
    }

    /// The part that an entrance brings.
    fn within(&self, entrance: &Entrance) -> Option<Self> {
        self.part(entrance.protocols, &entrance.ports, &PortSet::all())
    }

    /// The same for the clients behind an address that is seen in their place.
    /// `part` is the reason where one opening does not hold all of what may be seen.
    fn for_clients(&self, entrance: &Entrance, seen: &MustMay, part: &Reason) -> Option<Self> {
        let family = match seen.may.ranges().first() {
            Some(_) => entrance.family,
            None => return None,
        };
        let outside = internet(family);
        let clients = match &entrance.clients {
            Some(clients) => clients.clone(),
            None => MustMay::certain(everything(family)),
        };
        // All of the addresses that may be seen get through, from any port: then it does not matter which.
        let certain =
            !seen.must.is_empty() && self.internet.must.contains_all(&seen.may) && self.remote_ports.is_all();
        let must = if certain { clients.must } else { Addresses::empty() };
        let internet = MustMay { must: must.intersection(outside), may: clients.may.intersection(outside) };
        if internet.may.is_empty() {
            return None;
        }
        let mut unknown = self.unknown.clone();
        if internet.must != internet.may {
            unknown.extend(entrance.client_doubts.iter().cloned());
            if !certain && entrance.doubts.is_empty() && self.internet.must == self.internet.may {
                unknown.push(part.clone());
            }
        }
        let sources = MustMay { must, may: clients.may };
        Some(Self { sources, internet, unknown, remote_ports: PortSet::all(), ..self.clone() })
    }

    /// The same when something on the way cannot be judged.
    pub(crate) fn doubted(&self) -> Self {
        let nothing = estate::RangeSet::empty;
        Self {
            sources: MustMay { must: nothing(), may: self.sources.may.clone() },
            internet: MustMay { must: nothing(), may: self.internet.may.clone() },
            ..self.clone()
        }
    }
}
