//! What gets to a machine from the network around it, what leaves it, and where routes lead that.

use estate::{Direction, Estate, Family, Known, RangeSet};
use reach::routes::{HopType, ReturnPath};
use reach::{Endpoint, Passage, Protocols, Reach, every_address};
use serde_json::{Value, json};

use crate::claims::{alone, find, rule};
use crate::made::{Rule, group, id, net, read};

/// Whether an address is in what a passage holds for a TCP port of the machine: certainly, and possibly.
fn holds(passage: &Passage, port: u16, address: [u8; 4]) -> (bool, bool) {
    let number = u128::from(u32::from_be_bytes(address));
    let here = passage
        .openings
        .iter()
        .filter(|opening| opening.protocols.contains(Protocols::TCP) && opening.local_ports.contains(port));
    here.fold((false, false), |(must, may), opening| {
        (must || opening.internet.must.contains(number), may || opening.internet.may.contains(number))
    })
}

fn nic(estate: &Estate) -> &estate::Nic {
    estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap()
}

fn ip(nic: &estate::Nic) -> &estate::IpConfiguration {
    match &nic.ip_configurations {
        Some(Known::Value(all)) => &all[0],
        _ => panic!("no IP configuration"),
    }
}

#[test]
fn a_machine_is_reached_from_its_network_as_its_groups_let_in() {
    let from = |rules: Vec<Rule>, address: [u8; 4]| {
        let estate = alone(Some(rules)).estate();
        let reach = Reach::new(&estate);
        let nic = nic(&estate);
        let first = holds(&reach.from_network(nic, ip(nic)), 22, address);
        // What was worked out once is the same the second time.
        assert_eq!(holds(&reach.from_network(nic, ip(nic)), 22, address), first);
        first
    };
    assert_eq!(from(vec![], [10, 0, 3, 7]), (true, true));
    assert_eq!(from(vec![rule(100, false, "10.0.3.0/24")], [10, 0, 3, 7]), (false, false));
    assert_eq!(from(vec![rule(100, false, "10.0.3.0/24")], [10, 0, 4, 7]), (true, true));
    assert_eq!(from(vec![rule(100, true, "*")], [8, 8, 8, 8]), (false, false), "that is no network's own");
}

#[test]
fn who_is_alike_gets_the_same_answer_and_nobody_else() {
    // A rule that looks at the address tells two machines of one subnet and group apart.
    let with = |destination: &'static str| {
        let deny = Rule { destination, ..rule(100, false, "10.0.3.0/24") };
        let mut all = alone(Some(vec![deny])).resources();
        let other = find(&mut all, "networkInterfaces/other");
        other["properties"]["networkSecurityGroup"] = id("networkSecurityGroups/ng");
        let estate = read(&all.into());
        let reach = Reach::new(&estate);
        let other = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/other")).unwrap();
        [nic(&estate), other].map(|nic| holds(&reach.from_network(nic, ip(nic)), 22, [10, 0, 3, 7]).1)
    };
    assert_eq!(with("*"), [false, false]);
    assert_eq!(with("10.0.0.4"), [false, true]);
    assert_eq!(with("10.0.0.9"), [true, false]);
}

/// The machine with a route table, behind a group that denies these destinations.
fn sending(denied: &[&'static str], routes: Value) -> Vec<Value> {
    let mut all = alone(Some(vec![])).resources();
    let rules: Vec<Rule> =
        (100..).zip(denied).map(|(at, to)| Rule { destination: to, ..rule(at, false, "*") }).collect();
    let mut more = group("ng", &rules);
    for rule in more["properties"]["securityRules"].as_array_mut().unwrap() {
        rule["properties"]["direction"] = "Outbound".into();
    }
    let name = find(&mut all, "networkInterfaces/n")["properties"]["networkSecurityGroup"]["id"].clone();
    match name.as_str() {
        Some(name) => {
            find(&mut all, name.rsplit("Microsoft.Network/").next().unwrap())["properties"] =
                more["properties"].clone()
        }
        None => {
            find(&mut all, "networkInterfaces/n")["properties"]["networkSecurityGroup"] =
                id("networkSecurityGroups/ng");
            all.push(more);
        }
    }
    if !routes.is_null() {
        find(&mut all, "virtualNetworks/v")["properties"]["subnets"][0]["properties"]["routeTable"] =
            id("routeTables/t");
        all.push(json!({"id": net("routeTables/t"), "properties": {"routes": routes}}));
    }
    all
}

fn route(prefix: &str, hop: &str, address: Value) -> Value {
    json!({"name": prefix, "properties": {"addressPrefix": prefix, "nextHopType": hop, "nextHopIpAddress": address}})
}

#[test]
fn what_leaves_is_what_groups_let_out() {
    let out = |denied: &[&'static str], address: [u8; 4]| {
        let estate = read(&sending(denied, Value::Null).into());
        let reach = Reach::new(&estate);
        let nic = nic(&estate);
        let passage = reach.to_internet(nic, ip(nic));
        assert!(!passage.outside().contains(u128::from(u32::from_be_bytes([168, 63, 129, 16]))));
        holds(&passage, 50000, address)
    };
    assert_eq!(out(&[], [8, 8, 8, 8]), (true, true));
    assert_eq!(out(&["8.8.8.0/24"], [8, 8, 8, 8]), (false, false));
    assert_eq!(out(&["8.8.8.0/24"], [9, 9, 9, 9]), (true, true));
    assert_eq!(out(&["Internet"], [9, 9, 9, 9]), (false, false));
}

#[test]
fn routes_lead_what_leaves() {
    let leads = |routes: Value| {
        let estate = read(&sending(&[], routes).into());
        let reach = Reach::new(&estate);
        let nic = nic(&estate);
        let first = reach.leaving(nic, ip(nic));
        assert_eq!(reach.leaving(nic, ip(nic)), first, "kept");
        match first {
            Known::Value(ReturnPath::Direct) => "out",
            Known::Value(ReturnPath::Elsewhere(next)) if next.hop == HopType::None => "nowhere",
            Known::Value(ReturnPath::Elsewhere(_)) => "elsewhere",
            Known::Unknown(_) => "unknown",
        }
    };
    let appliance = || json!("10.0.2.4");
    assert_eq!(leads(Value::Null), "out");
    assert_eq!(leads(json!([route("0.0.0.0/0", "None", Value::Null)])), "nowhere");
    assert_eq!(leads(json!([route("0.0.0.0/0", "VirtualAppliance", appliance())])), "elsewhere");
    let halves = |other: &str| {
        json!([route("0.0.0.0/1", "VirtualAppliance", appliance()), route("128.0.0.0/1", other, appliance())])
    };
    assert_eq!(leads(halves("VirtualAppliance")), "elsewhere");
    assert_eq!(leads(halves("Internet")), "unknown", "one half of the internet goes another way");
    assert_eq!(leads(json!([route("20.0.0.0/8", "None", Value::Null)])), "out");
}

#[test]
fn a_subnet_is_guarded_by_its_group_alone() {
    let mut all = alone(Some(vec![])).resources();
    all.push(group("sg", &[rule(100, false, "10.0.3.0/24")]));
    let subnet = &mut find(&mut all, "virtualNetworks/v")["properties"]["subnets"][1]["properties"];
    subnet["networkSecurityGroup"] = id("networkSecurityGroups/sg");
    let estate = read(&all.into());
    let subnet = estate
        .subnets
        .iter()
        .find(|subnet| estate.text(subnet.id).ends_with("/AzureFirewallSubnet"))
        .unwrap();
    let endpoint = Endpoint::of_subnet(&estate, subnet, Family::V4);
    assert_eq!(
        endpoint.subnet,
        Some(RangeSet::from_iter([estate::Range { first: 0x0a00_0100, last: 0x0a00_010f }]))
    );
    let passage = Reach::new(&estate).passing(endpoint, Direction::Inbound, &every_address(Family::V4));
    assert_eq!(holds(&passage, 443, [10, 0, 3, 7]), (false, false));
    assert_eq!(holds(&passage, 443, [10, 0, 4, 7]), (true, true));
    assert_eq!(holds(&passage, 443, [8, 8, 8, 8]), (false, false));
}
