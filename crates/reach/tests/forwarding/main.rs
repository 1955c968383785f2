//! Every way in against a plain reading of it, on random estates: public addresses, load balancers, firewalls,
//! security admin rules, application security groups, peerings, both levels of groups.
//!
//! The reading of load balancers and firewalls here is a second one, from what the estates are made of; groups
//! and admin rules are walked by `reach::plain`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod around;
mod beside;
mod claims;
mod made;
mod openings;
mod questions;
mod second;
mod steps;

use std::net::IpAddr;

use estate::{Direction, Estate, Family, Known, PortSet, RangeSet, ResourceId};
use proptest::prelude::*;
use reach::evidence::{Claim, Doubt, verify};
use reach::flow::{Finder, Flow, flow};
use reach::tags::Tags;
use reach::{Endpoint, Opening, Packet, Protocols, Reach, Start, Way, exposed, internet, rule_name};

use made::*;
use second::*;

const CLIENTS: [&str; 11] = [
    "168.63.129.16",
    "8.8.8.8",
    "203.0.113.7",
    "203.0.113.8",
    "4.214.0.9",
    "20.150.0.1",
    "10.0.0.9",
    "10.0.1.3",
    "10.9.1.1",
    "192.168.1.1",
    "223.255.255.1",
];
const LOCAL: [u16; 9] = [22, 3389, 80, 4000, 4005, 4010, 0, 65535, 25];
const REMOTE: [u16; 4] = [50000, 1024, 1023, 0];

fn packet() -> impl Strategy<Value = Packet> {
    let protocols = [Protocols::TCP, Protocols::UDP, Protocols::TCP, Protocols::ICMP];
    (0..CLIENTS.len(), 0..LOCAL.len(), 0..REMOTE.len(), 0..protocols.len()).prop_map(move |(a, l, r, p)| {
        Packet {
            protocol: protocols[p],
            remote: CLIENTS[a].parse().unwrap(),
            remote_port: REMOTE[r],
            local_port: LOCAL[l],
        }
    })
}

/// Whether openings let a packet through: certainly, possibly.
fn open<'o>(openings: impl IntoIterator<Item = &'o Opening>, packet: &Packet) -> (bool, bool) {
    let number = number(packet.remote);
    let (mut must, mut may) = (false, false);
    for opening in openings {
        let here = opening.protocols.contains(packet.protocol)
            && opening.local_ports.contains(packet.local_port)
            && opening.remote_ports.contains(packet.remote_port);
        must |= here && opening.internet.must.contains(number);
        may |= here && opening.internet.may.contains(number);
    }
    (must, may)
}

/// Must is certain, and nothing that may get through is missing.
fn sound(said: (bool, bool), fate: Fate) -> bool {
    match fate {
        Some(true) => said.1,
        Some(false) => !said.0,
        None => !said.0 && said.1,
    }
}

/// Just what the plain reading says.
fn exact(said: (bool, bool), fate: Fate) -> bool {
    said == match fate {
        Some(true) => (true, true),
        Some(false) => (false, false),
        None => (false, true),
    }
}

/// The ways of a kind: by the public address, a rule of the balancer, a rule of the firewall.
fn of<'w>(ways: &'w [Way], rule: Option<(&'w str, &'w str)>, estate: &'w Estate) -> Vec<&'w Opening> {
    let fits = |way: &&Way| match (&way.through, rule) {
        (None, None) => true,
        (Some(through), Some((kind, name))) => {
            estate.text(through.resource).contains(kind) && &*through.rule == name
        }
        _ => false,
    };
    ways.iter().filter(fits).flat_map(|way| way.openings.iter()).collect()
}

/// A claim for each way in that is certain, and whether it is confirmed.
fn confirm(plain: &Plain<'_>, way: &Way, opening: &Opening) -> Result<(), String> {
    let (estate, tags) = (plain.estate, &plain.tags);
    for protocol in Protocols::EACH.into_iter().filter(|one| opening.protocols.contains(*one)) {
        let Some(packet) = opening.witness(Family::V4, protocol, &opening.local_ports) else { continue };
        let from = number(packet.remote);
        if !opening.internet.may.contains(from) || opening.internet.must.is_empty() {
            return Err(format!("the witness is no member: {packet:?} {opening:?}"));
        }
        if !opening.internet.must.contains(from) {
            return Err(format!("the witness is not certain: {packet:?}"));
        }
        let names: Vec<(&str, ResourceId, String)> = match opening.admin {
            Some(rule) => {
                let reach::RuleRef::Admin(index) = rule else { panic!() };
                let own = estate.admin_rules[index as usize].id;
                vec![("admin", own, rule_name(estate, own, rule))]
            }
            None => ["subnet", "nic"]
                .into_iter()
                .zip(way.groups())
                .zip(opening.rules)
                .filter_map(|((level, group), rule)| {
                    let (group, rule) = (group?, rule?);
                    Some((level, group, rule_name(estate, group, rule)))
                })
                .collect(),
        };
        let claim = Claim {
            vm: estate.vms[0].id,
            via: way.via,
            through: way.through.as_ref().map(|through| (through.resource, &*through.rule)),
            packet,
            to: way.endpoint.address,
            decided_by: names.iter().map(|(level, id, name)| (*level, *id, name.as_str())).collect(),
        };
        match verify(estate, tags, &claim) {
            Ok(()) => {}
            // Certain to get through, and not by which rule: the packet alone can be confirmed.
            Err(Doubt::Unknown { .. }) => {
                let sources: Vec<IpAddr> = match way.through.as_ref().and_then(|it| it.seen_from.as_ref()) {
                    None => vec![packet.remote],
                    Some(_) => inside().collect(),
                };
                let floats = way.through.as_ref().is_some_and(|it| plain.floats(&it.rule));
                for remote in sources {
                    let packet = Packet { remote, ..packet };
                    if plain.guards(floats, &packet) != Some(true) {
                        return Err(format!("not confirmed: {claim:?}"));
                    }
                }
            }
            Err(doubt) => return Err(format!("{doubt:?} {claim:?}")),
        }
    }
    Ok(())
}

fn one(port: u16) -> PortSet {
    RangeSet::one(port)
}

/// The addresses of the firewall's subnet.
fn inside() -> impl Iterator<Item = IpAddr> {
    (0..16u8).map(|last| IpAddr::from([10, 0, 1, last]))
}

proptest! {
    #![proptest_config(ProptestConfig::default())]
    #[test]
    fn every_way_in_agrees_with_a_plain_reading(
        world in world(),
        packets in proptest::collection::vec(packet(), 30),
    ) {
        let estate = world.estate();
        prop_assert!(estate.problems.is_empty(), "{:?}", estate.problems);
        let reach = Reach::new(&estate);
        let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
        let Some(Known::Value(all)) = &nic.ip_configurations else { panic!() };
        let ip = &all[0];
        let plain = Plain { estate: &estate, endpoint: Endpoint::new(&estate, nic, ip), tags: Tags::built_in() };
        let ways = reach.from_internet(nic, ip).ways;
        for way in &ways {
            for opening in way.openings.iter() {
                prop_assert!(opening.internet.may.contains_all(&opening.internet.must));
                prop_assert!(opening.sources.may.contains_all(&opening.sources.must));
                prop_assert!(opening.sources.may.contains_all(&opening.internet.may));
                prop_assert!(opening.sources.must.contains_all(&opening.internet.must));
                prop_assert!(!opening.internet.may.is_empty());
                prop_assert!(way.unknown.is_empty() || opening.internet.must.is_empty());
                let certain = opening.internet.must == opening.internet.may;
                prop_assert!(certain || !opening.unknown.is_empty() || !way.unknown.is_empty(), "no reason: {opening:?}");
                if !opening.internet.must.is_empty()
                    && let Err(text) = confirm(&plain, way, opening)
                {
                    prop_assert!(false, "{}", text);
                }
            }
        }
        // Rows of what is exposed do not overlap, and hold what the openings hold.
        let rows = exposed(ways.iter().flat_map(|way| way.openings.iter()));
        for pair in rows.windows(2) {
            prop_assert!(pair[0].protocol != pair[1].protocol || pair[0].ports.last < pair[1].ports.first);
        }
        for packet in &packets {
            let any = Packet { remote_port: 50000, ..*packet };
            let (must, may) = open(ways.iter().flat_map(|way| way.openings.iter()), &any);
            let here = |row: &&reach::Exposed| {
                row.protocol == any.protocol && row.ports.first <= any.local_port && any.local_port <= row.ports.last
            };
            let row = rows.iter().find(here);
            let holds = |set: &reach::Addresses| set.contains(number(any.remote));
            prop_assert!(!must || row.is_some_and(|row| holds(&row.sources.must)));
            prop_assert!(!may || row.is_some_and(|row| holds(&row.sources.may)));
        }
        let own = &plain.endpoint.network.own;
        // Where an admin rule may deliver to a Standard address without a group, all of it is in doubt.
        let doubtful = plain.unguarded() && !world.admins.is_empty();
        let private = [reach::every_address(Family::V4), reach::every_address(Family::V6)];
        let around = reach.ways_in(nic, ip, &private);
        for opening in around.iter().filter(|way| matches!(way.start, Start::Network)).flat_map(|way| &way.openings) {
            let certain = opening.internet.must == opening.internet.may;
            prop_assert!(certain || !opening.unknown.is_empty(), "no reason: {opening:?}");
        }
        for packet in packets {
            let from = number(packet.remote);
            let outside = internet(Family::V4).contains(from) && !own.contains(from);
            let ask = |said, fate: Fate, in_full: bool, what: &str| {
                // The platform's own address is told only where the internet gets in, too.
                if packet.remote == IpAddr::from([168, 63, 129, 16]) {
                    return Ok(());
                }
                let fate = if outside { fate } else { Some(false) };
                let holds = if in_full { exact(said, fate) } else { sound(said, fate) };
                prop_assert!(holds, "{what}: {packet:?}: said {said:?}, plainly {fate:?}");
                Ok(())
            };
            let direct = match world.public {
                Some(sku) => plain.comes_in(sku, false, &packet),
                None => Some(false),
            };
            ask(open(of(&ways, None, &estate), &packet), direct, !doubtful, "the public address")?;
            for (at, rule) in world.balancing.iter().enumerate() {
                let comes = rule.public
                    && rule.to != To::EmptyPool
                    && rule.carries(packet.protocol)
                    && (rule.backend == 0 || packet.local_port == rule.backend);
                let fate = match comes {
                    true => plain.comes_in(world.balancer_sku, rule.floating, &packet),
                    false => Some(false),
                };
                let name = at.to_string();
                let said = open(of(&ways, Some(("loadBalancers", &name)), &estate), &packet);
                ask(said, fate, !doubtful, "the load balancer")?;
            }
            for at in 0..world.translations.len() {
                // The port that the client sends to is not the one that the VM sees.
                let leads = |port: u16| {
                    let (taken, rule) = world.taken(packet.protocol, packet.remote, port)?;
                    if taken != at {
                        return None;
                    }
                    match rule.to {
                        "10.0.0.4" => (rule.to_port == packet.local_port).then_some(false),
                        "10.0.0.100" => {
                            let mut behind = world.balancing.iter().filter(|balancing| {
                                !balancing.public
                                    && balancing.to != To::EmptyPool
                                    && balancing.carries(packet.protocol)
                                    && balancing.listens(rule.to_port)
                                    && balancing.behind(rule.to_port) == packet.local_port
                            });
                            behind.next().map(|balancing| balancing.floating)
                        }
                        _ => None,
                    }
                };
                let led: Vec<bool> = (22..=22).chain(4000..=4010).filter_map(leads).collect();
                // Every address of its subnet may be the one that the firewall sends from, by any port.
                let fates: Vec<Fate> = led.iter().flat_map(|floating| {
                    inside().flat_map(|source| REMOTE.map(|remote_port| (source, remote_port))).map(|(source, remote_port)| {
                        plain.guards(*floating, &Packet { remote: source, remote_port, ..packet })
                    })
                }).collect();
                let fate = match fates.first() {
                    None => Some(false),
                    Some(first) => first.filter(|_| fates.iter().all(|fate| fate == first)),
                };
                let name = format!("t{at}");
                let said = open(of(&ways, Some(("azureFirewalls", &name)), &estate), &packet);
                // Where several rules together let in every address that may be seen, that is not called certain.
                ask(said, fate, false, "the firewall")?;
            }
            // From the network around it.
            let openings = around.iter().filter(|way| matches!(way.start, Start::Network));
            let said = open(openings.flat_map(|way| &way.openings), &packet);
            let peer = from >> 16 == (10 << 8) + 9;
            // A peer that is kept out of the tag has its route all the same.
            let around = own.contains(from) || peer && world.peered;
            let fate = if around { plain.guards(false, &packet) } else { Some(false) };
            prop_assert!(exact(said, fate), "around: {packet:?}: said {said:?}, plainly {fate:?}");
            prop_assert!(!peer || own.contains(from) == (world.peered && world.peer_connected));
        }
    }

    #[test]
    fn what_levels_do_is_disjoint_and_total(world in world(), packets in proptest::collection::vec(packet(), 10)) {
        let estate = world.estate();
        let reach = Reach::new(&estate);
        let finder = Finder::new(&estate);
        for packet in packets {
            let question = |protocols, local_ports, remote_ports| Flow {
                vm: "m".into(),
                nic: None,
                direction: Direction::Inbound,
                protocols,
                local: "10.0.0.4".parse().unwrap(),
                local_ports,
                remote: packet.remote,
                remote_ports,
            };
            let whole = flow(&reach, &finder, &question(Protocols::ALL, PortSet::all(), PortSet::all())).unwrap();
            let single = flow(&reach, &finder, &question(packet.protocol, one(packet.local_port), one(packet.remote_port))).unwrap();
            let holds = |part: &reach::flow::Part| {
                part.protocols.contains(packet.protocol)
                    && part.local_ports.contains(packet.local_port)
                    && part.remote_ports.contains(packet.remote_port)
            };
            for (all, one) in whole.chain.iter().zip(&single.chain) {
                let here: Vec<_> = all.parts.iter().filter(|part| holds(part)).collect();
                prop_assert_eq!(here.len(), usize::from(all.nsg.is_some()), "{:?}", packet);
                prop_assert_eq!(one.parts.len(), here.len());
                if let ([here], [there]) = (here.as_slice(), one.parts.as_slice()) {
                    prop_assert_eq!((here.access, here.rule), (there.access, there.rule));
                }
                for (at, part) in all.parts.iter().enumerate() {
                    for other in &all.parts[at + 1..] {
                        prop_assert!(
                            part.protocols.and(other.protocols).is_empty()
                                || !part.local_ports.overlaps(&other.local_ports)
                                || !part.remote_ports.overlaps(&other.remote_ports),
                            "{:?} {:?}", part, other
                        );
                    }
                }
            }
            let here = whole.admin.iter().filter(|admin| holds(&admin.part)).count();
            prop_assert_eq!(here, usize::from(!whole.admin.is_empty()));
            // The whole answer of a flow is what the plain evaluator says of it.
            let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
            let Some(Known::Value(all)) = &nic.ip_configurations else { panic!() };
            let plain = Plain { estate: &estate, endpoint: Endpoint::new(&estate, nic, &all[0]), tags: Tags::built_in() };
            let expected = match plain.guards(false, &packet) {
                Some(true) => "Allow",
                Some(false) => "Deny",
                None => "Unknown",
            };
            // A flow is unknown as soon as an admin rule that decides is, whatever the groups do.
            let all: Vec<_> = estate.admin_rules.iter().collect();
            let admin = plain.admin(&all, &plain.endpoint, &packet);
            let said = single.access.name();
            prop_assert!(said == expected || admin.is_none() && said == "Unknown", "{said} {expected} {packet:?}");
        }
    }
}
