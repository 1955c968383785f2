//! The symbolic answers against the plain evaluator, on random groups and packets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

use std::net::IpAddr;

use estate::{
    Access, Collector, Direction, Estate, Family, Known, Part, PortSet, RangeSet, SourceIndex,
    split::Splitter,
};
use proptest::prelude::*;
use reach::flow::{Finder, Flow, FlowAccess, flow};
use reach::plain::{self, Verdict};
use reach::tags::Tags;
use reach::{Endpoint, Level, Packet, Protocols, Reach, RuleAccess, internet, prefixes_of};

fn read(text: &str) -> Estate {
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let mut emit = |cut: estate::split::Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    splitter.push(text.as_bytes(), &mut emit);
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
}

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers";

#[derive(Clone, Debug)]
struct Rule {
    priority: &'static str,
    direction: &'static str,
    access: &'static str,
    protocol: &'static str,
    here: &'static str,
    here_ports: &'static str,
    there: &'static str,
    there_ports: &'static str,
}

// The ends of JSON members: `source` or `destination` goes before them.
const ADDRESSES: [&str; 16] = [
    r#"AddressPrefix":"*""#,
    r#"AddressPrefix":"0.0.0.0/0""#,
    r#"AddressPrefix":"::/0""#,
    r#"AddressPrefixes":["0.0.0.0/1","128.0.0.0/1"]"#,
    r#"AddressPrefix":"Internet""#,
    r#"AddressPrefix":"VirtualNetwork""#,
    r#"AddressPrefix":"AzureLoadBalancer""#,
    r#"AddressPrefix":"10.0.0.4""#,
    r#"AddressPrefix":"10.0.0.0/24""#,
    r#"AddressPrefixes":["10.0.1.0/24","203.0.113.7"]"#,
    r#"AddressPrefix":"203.0.113.0/24""#,
    r#"AddressPrefix":"AzureCloud.japaneast""#,
    r#"AddressPrefix":"NoSuchTag""#,
    r#"AddressPrefix":"10.0.0.0/99""#,
    r#"AddressPrefix":{"$unknown":{"reason":"p"}}"#,
    r#"AddressPrefixes":["2001:db8::/32","192.168.0.0/16"]"#,
];
const PORTS: [&str; 7] = [
    r#"PortRange":"*""#,
    r#"PortRange":"22""#,
    r#"PortRanges":["20-25","3389"]"#,
    r#"PortRange":"0-65535""#,
    r#"PortRanges":["1024-49152"]"#,
    r#"PortRange":{"$unknown":{"reason":"p"}}"#,
    r#"PortRanges":["22","bad"]"#,
];

/// Mostly the first choices: with too much unknown, everything is.
fn pick(from: &'static [&'static str], usual: usize) -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => 0..usual, 1 => 0..from.len()].prop_map(|index| from[index])
}

fn rule() -> impl Strategy<Value = Rule> {
    (
        pick(&["100", "110", "120", "130", "4096", "200", "\"x\""], 6),
        pick(&["\"Inbound\"", "\"inbound\"", "\"Outbound\"", "7"], 3),
        pick(&["\"Allow\"", "\"Deny\"", "\"deny\"", "{\"$unknown\":{}}"], 3),
        pick(&["\"*\"", "\"Tcp\"", "\"UDP\"", "\"Icmp\"", "\"Esp\"", "7"], 5),
        pick(&ADDRESSES, 12),
        pick(&PORTS, 5),
        pick(&ADDRESSES, 12),
        pick(&PORTS, 5),
    )
        .prop_map(|(priority, direction, access, protocol, here, here_ports, there, there_ports)| Rule {
            priority,
            direction,
            access,
            protocol,
            here,
            here_ports,
            there,
            there_ports,
        })
}

fn group(name: &str, rules: &[Rule]) -> String {
    let rules: Vec<String> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| {
            let here = (rule.here, rule.here_ports);
            let there = (rule.there, rule.there_ports);
            let inbound = rule.direction.eq_ignore_ascii_case("\"inbound\"");
            let ((s, sp), (d, dp)) = if inbound { (there, here) } else { (here, there) };
            format!(
                r#"{{"name":"r{index}","properties":{{"priority":{},"direction":{},"access":{},"protocol":{},"source{s},"source{sp},"destination{d},"destination{dp}}}}}"#,
                rule.priority, rule.direction, rule.access, rule.protocol
            )
        })
        .collect();
    format!(
        r#"{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/{name}","properties":{{"securityRules":[{}]}}}}"#,
        rules.join(",")
    )
}

fn estate(subnet: &[Rule], nic: &[Rule], levels: (bool, bool), address: bool) -> Estate {
    let on = |yes: bool, name: &str| {
        if yes {
            format!(
                r#","networkSecurityGroup":{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/{name}"}}"#
            )
        } else {
            String::new()
        }
    };
    let address = if address { r#""privateIPAddress":"10.0.0.4","# } else { "" };
    read(&format!(
        r#"[{},{},
        {{"id":"{RG}/Microsoft.Network/publicIPAddresses/p","sku":{{"name":"Basic"}},"properties":{{}}}},
        {{"id":"{RG}/Microsoft.Network/virtualNetworks/v","properties":{{"addressSpace":{{"addressPrefixes":["10.0.0.0/16","20.9.0.0/16"]}},"subnets":[{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/s","properties":{{"addressPrefix":"10.0.0.0/24"{}}}}}]}}}},
        {{"id":"{RG}/Microsoft.Network/networkInterfaces/n","properties":{{"virtualMachine":{{"id":"{RG}/Microsoft.Compute/virtualMachines/m"}}{},"ipConfigurations":[{{"name":"i","properties":{{{address}"subnet":{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/s"}},"publicIPAddress":{{"id":"{RG}/Microsoft.Network/publicIPAddresses/p"}}}}}}]}}}}]"#,
        group("sg", subnet),
        group("ng", nic),
        on(levels.0, "sg"),
        on(levels.1, "ng"),
    ))
}

fn packet() -> impl Strategy<Value = Packet> {
    let addresses = [
        "8.8.8.8",
        "203.0.113.7",
        "203.0.113.8",
        "10.0.0.9",
        "10.0.1.1",
        "168.63.129.16",
        "4.214.0.9",
        "192.168.1.1",
        "20.9.1.1",
        "255.255.255.255",
        "0.0.0.0",
    ];
    let ports = [22u16, 0, 20, 25, 26, 3389, 1024, 49152, 49153, 65535, 80];
    let protocols = [Protocols::TCP, Protocols::UDP, Protocols::TCP, Protocols::ICMP, Protocols::AH];
    (0..addresses.len(), 0..ports.len(), 0..ports.len(), 0..protocols.len()).prop_map(move |(a, l, r, p)| {
        Packet {
            protocol: protocols[p],
            remote: addresses[a].parse().unwrap(),
            remote_port: ports[r],
            local_port: ports[l],
        }
    })
}

fn number(packet: &Packet) -> u128 {
    let IpAddr::V4(address) = packet.remote else { panic!() };
    u128::from(address.to_bits())
}

fn plainly(
    estate: &Estate,
    level: &Level,
    direction: Direction,
    endpoint: &Endpoint,
    packet: &Packet,
) -> Verdict {
    match level {
        Level::Open => Verdict { access: Some(Access::Allow), rules: Vec::new() },
        Level::Unknown(_) => Verdict { access: None, rules: Vec::new() },
        Level::Group(id) => {
            let rules = estate.nsg(*id).unwrap().rules.as_ref().unwrap().value().unwrap();
            plain::walk(rules, direction, endpoint, packet, &|_, _| Some(false), &Tags::built_in())
        }
    }
}

fn one(port: u16) -> PortSet {
    RangeSet::one(port)
}

proptest! {
    #![proptest_config(ProptestConfig::default())]
    #[test]
    fn flows_and_openings_agree_with_the_plain_evaluator(
        subnet in proptest::collection::vec(rule(), 0..7),
        nic in proptest::collection::vec(rule(), 0..7),
        levels in any::<(bool, bool)>(),
        packets in proptest::collection::vec(packet(), 40),
    ) {
        let estate = estate(&subnet, &nic, levels, true);
        let reach = Reach::new(&estate);
        let record = &estate.nics[0];
        let Some(Known::Value(all)) = &record.ip_configurations else { panic!() };
        let endpoint = Endpoint::new(&estate, record, &all[0]);
        let exposure = reach.from_internet(record, &all[0]);
        for packet in packets {
            for direction in [Direction::Inbound, Direction::Outbound] {
                let question = Flow {
                    vm: "M".into(),
                    nic: None,
                    direction,
                    protocols: packet.protocol,
                    local: "10.0.0.4".parse().unwrap(),
                    local_ports: one(packet.local_port),
                    remote: packet.remote,
                    remote_ports: one(packet.remote_port),
                };
                let answer = flow(&reach, &Finder::new(&estate), &question).unwrap();
                let verdicts = [&endpoint.subnet_level, &endpoint.nic_level]
                    .map(|level| plainly(&estate, level, direction, &endpoint, &packet));
                let expected = match [verdicts[0].access, verdicts[1].access] {
                    [Some(Access::Deny), _] | [_, Some(Access::Deny)] => FlowAccess::Deny,
                    [Some(Access::Allow), Some(Access::Allow)] => FlowAccess::Allow,
                    _ => FlowAccess::Unknown,
                };
                prop_assert_eq!(answer.access, expected, "{:?} {:?}", direction, packet);
                for (level, verdict) in answer.chain.iter().zip(match direction {
                    Direction::Inbound => [&verdicts[0], &verdicts[1]],
                    Direction::Outbound => [&verdicts[1], &verdicts[0]],
                }) {
                    if let [part] = level.parts.as_slice() {
                        prop_assert!(verdict.rules.contains(&part.rule), "{:?} {:?} {:?}", direction, packet, part);
                        prop_assert_eq!(verdict.access.is_none(), part.access == FlowAccess::Unknown);
                    }
                }
                if direction == Direction::Inbound {
                    // Openings hold exactly the internet's packets that pass or may pass.
                    let number = number(&packet);
                    if packet.remote == IpAddr::from([168, 63, 129, 16]) {
                        // The platform's own address: told only where the internet gets in, too.
                        continue;
                    }
                    let outside = internet(Family::V4).contains(number);
                    let own = endpoint.network.own.contains(number);
                    let here: Vec<_> = exposure.ways[0].openings.iter().filter(|opening| {
                        opening.protocols.contains(packet.protocol)
                            && opening.local_ports.contains(packet.local_port)
                            && opening.remote_ports.contains(packet.remote_port)
                            && opening.internet.may.contains(number)
                    }).collect();
                    let must = here.iter().any(|opening| opening.internet.must.contains(number));
                    let expected = match expected {
                        _ if !outside => (false, false),
                        // The network uses the address as its own: whether its owner's packets come, who can tell.
                        FlowAccess::Allow => (!own, true),
                        FlowAccess::Deny => (false, false),
                        _ => (false, true),
                    };
                    prop_assert_eq!((must, !here.is_empty()), expected, "{:?}", packet);
                }
            }
        }
        for opening in exposure.ways[0].openings.iter() {
            prop_assert!(opening.internet.may.contains_all(&opening.internet.must));
            prop_assert!(opening.sources.may.contains_all(&opening.internet.may));
            prop_assert!(!opening.internet.may.is_empty());
            let witness = opening.witness(Family::V4, Protocols::TCP, &opening.local_ports).unwrap();
            prop_assert!(opening.internet.may.contains(number(&witness)));
            prop_assert!(!prefixes_of(&opening.sources.may, Family::V4, 10_000).is_empty());
        }
    }

    #[test]
    fn an_address_that_is_not_assigned_leaves_only_what_depends_on_it_open(
        nic in proptest::collection::vec(rule(), 0..6),
        packets in proptest::collection::vec(packet(), 20),
    ) {
        let with = estate(&[], &nic, (false, true), true);
        let without = estate(&[], &nic, (false, true), false);
        let openings = |estate: &Estate| {
            let Some(Known::Value(all)) = &estate.nics[0].ip_configurations else { panic!() };
            Reach::new(estate).from_internet(&estate.nics[0], &all[0]).ways.remove(0).openings
        };
        let (sure, unsure) = (openings(&with), openings(&without));
        for packet in packets.into_iter().filter(|packet| packet.remote != IpAddr::from([168, 63, 129, 16])) {
            let number = number(&packet);
            let find = |openings: &[reach::Opening], must: bool| openings.iter().any(|opening| {
                opening.protocols.contains(packet.protocol)
                    && opening.local_ports.contains(packet.local_port)
                    && opening.remote_ports.contains(packet.remote_port)
                    && if must { &opening.internet.must } else { &opening.internet.may }.contains(number)
            });
            prop_assert!(!find(&unsure, true) || find(&sure, true), "must without an address holds with any");
            prop_assert!(!find(&sure, false) || find(&unsure, false), "may without an address holds every address");
        }
    }

    #[test]
    fn groups_of_many_rules_on_many_ports_agree_with_the_plain_evaluator(
        rules in proptest::collection::vec(ranged(), 1..70),
        packets in proptest::collection::vec(edge_packet(), 60),
    ) {
        let estate = one_group(&rules);
        let reach = Reach::new(&estate);
        let record = &estate.nics[0];
        let Some(Known::Value(all)) = &record.ip_configurations else { panic!() };
        let endpoint = Endpoint::new(&estate, record, &all[0]);
        let Level::Group(group) = endpoint.nic_level else { panic!() };
        let openings = reach.from_internet(record, &all[0]).ways.remove(0).openings;
        for direction in [Direction::Inbound, Direction::Outbound] {
            let answer = reach.decided(group, direction, &endpoint).unwrap();
            let regions: Vec<_> = answer.regions().map(|(addresses, _)| addresses).collect();
            prop_assert_eq!(regions.iter().map(RangeSet::count).sum::<u128>(), 1 << 32);
            for packet in &packets {
                let holds = |cell: &reach::Cell<'_>| {
                    cell.protocols.contains(packet.protocol)
                        && cell.local_ports.contains(packet.local_port)
                        && cell.remote_ports.contains(packet.remote_port)
                };
                let here: Vec<_> = answer.at(number(packet)).filter(holds).collect();
                let [cell] = here.as_slice() else { panic!("not one cell for {packet:?}: {here:?}") };
                let expected = plainly(&estate, &endpoint.nic_level, direction, &endpoint, packet);
                let rules: Vec<_> = cell.verdict.rules.iter().map(|(rule, _)| *rule).collect();
                prop_assert_eq!(&rules, &expected.rules, "{:?} {:?}", direction, packet);
                let access = match cell.verdict.access {
                    RuleAccess::Allow => Some(Access::Allow),
                    RuleAccess::Deny => Some(Access::Deny),
                    RuleAccess::Unknown => None,
                };
                prop_assert_eq!(access, expected.access, "{:?} {:?}", direction, packet);
                let outside = internet(Family::V4).contains(number(packet));
                if direction == Direction::Outbound || !outside || endpoint.network.own.contains(number(packet)) {
                    continue;
                }
                // Each rule that may let the packet through does so in one opening, and in no other.
                let here = openings.iter().filter(|opening| {
                    opening.protocols.contains(packet.protocol)
                        && opening.local_ports.contains(packet.local_port)
                        && opening.remote_ports.contains(packet.remote_port)
                        && opening.internet.may.contains(number(packet))
                });
                let mut found = Vec::new();
                for opening in here {
                    found.push(opening.rules[1].unwrap());
                    let must = opening.internet.must.contains(number(packet));
                    prop_assert_eq!(must, expected.access == Some(Access::Allow), "{:?}", packet);
                }
                found.sort_unstable();
                let lets = cell.verdict.rules.iter().filter(|(_, access)| *access != RuleAccess::Deny);
                let mut lets: Vec<_> = lets.map(|(rule, _)| *rule).collect();
                lets.sort_unstable();
                prop_assert_eq!(found, lets, "{:?}", packet);
            }
        }
    }
}

/// A rule with ranges of ports on both sides, as a member of `securityRules` without its name.
fn ranged() -> impl Strategy<Value = String> {
    let port = prop_oneof![3 => 0..30u32, 1 => Just(32_767), 1 => Just(65_535)];
    let range = (port.clone(), port).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)));
    let ports = prop_oneof![
        2 => Just(r#"PortRange":"*""#.to_owned()),
        6 => range.clone().prop_map(|range| format!(r#"PortRange":"{range}""#)),
        3 => (range.clone(), range.clone()).prop_map(|(a, b)| format!(r#"PortRanges":["{a}","{b}"]"#)),
        1 => range.prop_map(|range| format!(r#"PortRanges":["{range}","bad"]"#)),
    ];
    let addresses = pick(
        &[
            r#"AddressPrefix":"*""#,
            r#"AddressPrefix":"20.0.0.0/8""#,
            r#"AddressPrefix":"20.1.0.0/16""#,
            r#"AddressPrefix":"20.1.2.0/24""#,
            r#"AddressPrefixes":["20.1.2.3","21.0.0.0/8"]"#,
            r#"AddressPrefixes":["20.1.2.3","bad"]"#,
        ],
        5,
    );
    let access = pick(&["\"Allow\"", "\"Deny\"", "7"], 2);
    let protocol = pick(&["\"Tcp\"", "\"*\"", "\"Udp\"", "\"Icmp\"", "7"], 4);
    // Few of them, so that some are equal; one in twenty is not known.
    let priority = (0..80u32).prop_map(|at| if at < 4 { "\"x\"".to_owned() } else { (100 + at).to_string() });
    (priority, access, protocol, ports.clone(), ports, addresses, any::<bool>()).prop_map(
        |(priority, access, protocol, here, there, from, inbound)| {
            let (direction, ports) = match inbound {
                true => ("Inbound", format!(r#""source{there},"destination{here},"source{from},"destinationAddressPrefix":"*""#)),
                false => ("Outbound", format!(r#""source{here},"destination{there},"destination{from},"sourceAddressPrefix":"*""#)),
            };
            format!(r#""properties":{{"priority":{priority},"direction":"{direction}","access":{access},"protocol":{protocol},{ports}}}"#)
        },
    )
}

/// A NIC with a public address behind a group of its own.
fn one_group(rules: &[String]) -> Estate {
    let rules: Vec<_> =
        rules.iter().enumerate().map(|(index, rule)| format!(r#"{{"name":"r{index}",{rule}}}"#)).collect();
    read(&format!(
        r#"[{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/g","properties":{{"securityRules":[{}]}}}},
        {{"id":"{RG}/Microsoft.Network/publicIPAddresses/p","sku":{{"name":"Basic"}},"properties":{{}}}},
        {{"id":"{RG}/Microsoft.Network/virtualNetworks/v","properties":{{"addressSpace":{{"addressPrefixes":["10.0.0.0/16"]}},"subnets":[{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/s","properties":{{"addressPrefix":"10.0.0.0/24"}}}}]}}}},
        {{"id":"{RG}/Microsoft.Network/networkInterfaces/n","properties":{{"networkSecurityGroup":{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/g"}},"ipConfigurations":[{{"name":"i","properties":{{"privateIPAddress":"10.0.0.4","subnet":{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/s"}},"publicIPAddress":{{"id":"{RG}/Microsoft.Network/publicIPAddresses/p"}}}}}}]}}}}]"#,
        rules.join(",")
    ))
}

/// A packet from where the rules of [`ranged`] start and end.
fn edge_packet() -> impl Strategy<Value = Packet> {
    let addresses = ["20.1.2.3", "20.1.2.4", "20.1.3.3", "20.2.3.3", "21.5.5.5", "99.0.0.1", "10.0.0.9"];
    let port = || prop_oneof![6 => 0..31u16, 1 => Just(32_767), 1 => Just(32_768), 1 => Just(65_535)];
    let protocols = [Protocols::TCP, Protocols::UDP, Protocols::TCP, Protocols::ICMP, Protocols::AH];
    (0..addresses.len(), port(), port(), 0..protocols.len()).prop_map(
        move |(a, local_port, remote_port, p)| Packet {
            protocol: protocols[p],
            remote: addresses[a].parse().unwrap(),
            remote_port,
            local_port,
        },
    )
}
