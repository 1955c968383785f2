//! Questions about one machine: whether a flow passes, which groups filter; and what is not told.

use estate::{Direction, Kind, Known, PortSet, RangeSet};
use reach::effective::effective;
use reach::flow::{Finder, Flow, FlowAccess, FlowAnswer, FlowError, flow};
use reach::{Level, Protocols, Reach, levels};
use serde_json::{Value, json};

use crate::claims::{alone, find, rule};
use crate::made::{RG, Rule, World, id, net, read};

const SUBNET: &str = "virtualNetworks/v/subnets/s";

fn question(vm: &str, local: &str) -> Flow {
    let remote = if local.contains(':') { "2001:db8::1" } else { "8.8.8.8" };
    Flow {
        vm: vm.to_owned(),
        nic: None,
        direction: Direction::Inbound,
        protocols: Protocols::TCP,
        local: local.parse().unwrap(),
        local_ports: RangeSet::one(22),
        remote: remote.parse().unwrap(),
        remote_ports: RangeSet::one(50000),
    }
}

fn asked(all: &[Value], question: &Flow) -> Result<FlowAnswer, FlowError> {
    let estate = read(&all.to_vec().into());
    let reach = Reach::new(&estate);
    flow(&reach, &Finder::new(&estate), question)
}

/// The IP configuration of a NIC: its name, and its address where it has one.
fn configuration(nic: &str, name: &str, address: Option<&str>, version: &str) -> Value {
    json!({"name": name, "id": net(&format!("networkInterfaces/{nic}/ipConfigurations/{name}")), "properties": {
        "privateIPAddress": address, "privateIPAddressVersion": version, "subnet": id(SUBNET)}})
}

fn open() -> World {
    alone(Some(vec![rule(100, true, "*")]))
}

#[test]
fn a_group_that_is_not_in_the_input_leaves_a_flow_unknown() {
    let mut all = open().resources();
    assert_eq!(asked(&all, &question("m", "10.0.0.4")).unwrap().access, FlowAccess::Allow);
    find(&mut all, "networkInterfaces/n")["properties"]["networkSecurityGroup"] =
        id("networkSecurityGroups/gone");
    let answer = asked(&all, &question("m", "10.0.0.4")).unwrap();
    assert_eq!(answer.access, FlowAccess::Unknown);
    assert!(answer.chain[1].unknown.is_some());
}

#[test]
fn a_subnet_that_is_only_named_may_have_a_group() {
    let with = |properties: Value| {
        let mut all = open().resources();
        find(&mut all, "virtualNetworks/v")["properties"]["subnets"][0]["properties"] = properties;
        asked(&all, &question("m", "10.0.0.4")).unwrap().access
    };
    assert_eq!(with(json!({"addressPrefix": "10.0.0.0/24"})), FlowAccess::Allow);
    assert_eq!(with(Value::Null), FlowAccess::Unknown);
    // What is not known of private endpoints is about no other NIC.
    let unknown = json!({"$unknown": {"reason": "a parameter"}});
    let policies = json!({"addressPrefix": "10.0.0.0/24", "privateEndpointNetworkPolicies": unknown});
    assert_eq!(with(policies), FlowAccess::Allow);
}

#[test]
fn a_private_endpoint_is_guarded_where_its_subnet_says_so() {
    let level = |policies: Value| {
        let world = World { subnet: Some(vec![]), ..open() };
        let mut all = world.resources();
        find(&mut all, "networkInterfaces/n")["properties"]["privateEndpoint"] = id("privateEndpoints/p");
        let subnet = &mut find(&mut all, "virtualNetworks/v")["properties"]["subnets"][0];
        subnet["properties"]["privateEndpointNetworkPolicies"] = policies;
        let estate = read(&all.into());
        let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
        let Some(Known::Value(own)) = &nic.ip_configurations else { panic!("no address") };
        let [subnet, _] = levels(&estate, nic, &own[0]);
        subnet
    };
    assert!(matches!(level("Enabled".into()), Level::Group(_)));
    assert_eq!(level("Disabled".into()), Level::Open);
    assert_eq!(level(Value::Null), Level::Open);
    assert!(matches!(level(json!({"$unknown": {"reason": "a parameter"}})), Level::Unknown(_)));
}

#[test]
fn machines_of_one_name_are_told_apart_by_their_groups_and_ids() {
    let mut all = open().resources();
    let vm = format!("{RG}/Microsoft.Compute/virtualMachines/m");
    let twin = vm.replace("/rg/", "/rg2/");
    all.push(json!({"id": vm, "properties": {"networkProfile": {"networkInterfaces": [id("networkInterfaces/n")]}}}));
    all.push(json!({"id": twin, "properties": {"networkProfile": {"networkInterfaces": []}}}));
    let estate = read(&all.into());
    let finder = Finder::new(&estate);
    let named = |name: &str| finder.vm(name).map(|vm| estate.text(vm.id).to_owned());
    assert_eq!(named("RG/M").as_ref(), Ok(&vm));
    assert_eq!(named("rg2/m").as_ref(), Ok(&twin));
    assert_eq!(named(&vm.to_uppercase()).as_ref(), Ok(&vm));
    assert_eq!(named(twin.trim_matches('/')).as_ref(), Ok(&twin));
    assert!(matches!(named("m"), Err(FlowError::Ambiguous { ids }) if ids.len() == 2));
    for name in ["rg3/m", "rg/x/m", "/subscriptions/s/m"] {
        assert!(matches!(named(name), Err(FlowError::NoSuch { .. })), "{name}");
    }
}

#[test]
fn the_local_address_tells_the_nic_and_a_nic_may_be_named() {
    let mut all = open().resources();
    all.push(json!({"id": net("networkInterfaces/back"), "properties": {
        "virtualMachine": {"id": format!("{RG}/Microsoft.Compute/virtualMachines/m")},
        "ipConfigurations": [configuration("back", "i", Some("10.0.0.7"), "IPv4")]}}));
    let on = |local: &str, nic: Option<&str>| {
        let nic = nic.map(str::to_owned);
        let estate = read(&all.clone().into());
        let reach = Reach::new(&estate);
        let answer = flow(&reach, &Finder::new(&estate), &Flow { nic, ..question("m", local) });
        answer.map(|answer| estate.text(answer.nic).rsplit('/').next().unwrap().to_owned())
    };
    let addresses = |all: &[&str]| all.iter().map(|one| one.parse().unwrap()).collect::<Vec<_>>();
    let none = |address: &str, known: &[&str]| {
        Err(FlowError::NoSuchAddress { address: address.parse().unwrap(), known: addresses(known) })
    };
    assert_eq!(on("10.0.0.4", None), Ok("n".to_owned()));
    assert_eq!(on("10.0.0.7", None), Ok("back".to_owned()));
    assert_eq!(on("10.0.0.9", None), none("10.0.0.9", &["10.0.0.7", "10.0.0.4"]));
    for name in ["BACK", &net("networkInterfaces/back")] {
        assert_eq!(on("10.0.0.7", Some(name)), Ok("back".to_owned()));
        assert_eq!(on("10.0.0.4", Some(name)), none("10.0.0.4", &["10.0.0.7"]));
    }
    assert!(matches!(on("10.0.0.7", Some("front")), Err(FlowError::NoSuch { .. })));
}

#[test]
fn an_address_that_is_not_assigned_is_one_of_its_family_and_of_its_subnet() {
    let with = |configurations: Value| {
        let mut all = open().resources();
        find(&mut all, "networkInterfaces/n")["properties"]["ipConfigurations"] = configurations;
        all
    };
    let four = || configuration("n", "i", None, "IPv4");
    let both = with(json!([four(), configuration("n", "j", None, "IPv6")]));
    for local in ["10.0.0.9", "2001:db8::9"] {
        assert!(asked(&both, &question("m", local)).is_ok(), "{local}");
    }
    assert!(matches!(
        asked(&with(json!([four()])), &question("m", "10.0.7.9")),
        Err(FlowError::NoSuchAddress { .. })
    ));
    // Two that it may be, and one beside another that is taken.
    assert!(
        asked(&with(json!([four(), configuration("n", "j", None, "IPv4")])), &question("m", "10.0.0.9"))
            .is_err()
    );
    let taken = with(json!([four(), configuration("n", "j", Some("10.0.0.7"), "IPv4")]));
    assert!(asked(&taken, &question("m", "10.0.0.9")).is_ok());
}

#[test]
fn a_flow_passes_where_the_same_part_of_it_passes_both_levels() {
    let of = |protocol: &'static str, port: &'static str, source_port: &'static str| {
        let shut = rule(4000, false, "*");
        vec![Rule { protocol, port, source_port, ..rule(100, true, "*") }, shut]
    };
    let access = |subnet: Vec<Rule>, nic: Vec<Rule>| {
        let world = World { subnet: Some(subnet), ..alone(Some(nic)) };
        let whole = Flow {
            protocols: Protocols::TCP.or(Protocols::UDP),
            local_ports: PortSet::all(),
            remote_ports: PortSet::all(),
            ..question("m", "10.0.0.4")
        };
        let answer = asked(&world.resources(), &whole).unwrap();
        // No single rule decides what passes in part.
        assert_eq!(answer.rule.is_none(), answer.access == FlowAccess::Partial);
        answer.access
    };
    let same = of("Tcp", "22", "1024-65535");
    assert_eq!(access(same.clone(), same.clone()), FlowAccess::Partial);
    assert_eq!(access(same.clone(), of("Udp", "22", "1024-65535")), FlowAccess::Deny);
    assert_eq!(access(same.clone(), of("Tcp", "80", "1024-65535")), FlowAccess::Deny);
    assert_eq!(access(same, of("Tcp", "22", "1-1023")), FlowAccess::Deny);
}

#[test]
fn members_of_a_group_are_told_as_addresses_of_their_family() {
    let all = alone(Some(vec![rule(100, true, "asg:b")])).resources();
    let estate = read(&all.into());
    let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
    let groups = effective(&Reach::new(&estate), nic);
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].rules[0].source.prefixes, ["10.0.0.9/32"]);
}

#[test]
fn why_the_groups_of_a_nic_are_not_known_is_what_its_record_says() {
    let unknown = |configurations: Value| {
        let mut all = open().resources();
        find(&mut all, "networkInterfaces/n")["properties"]["ipConfigurations"] = configurations;
        let estate = read(&all.into());
        let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
        let mut groups = effective(&Reach::new(&estate), nic);
        assert_eq!(groups.len(), 1);
        (groups.remove(0).unknown, estate.partial(Kind::Nic, nic.id))
    };
    let (told, partial) = unknown(json!({"$unknown": {"reason": "a parameter"}}));
    assert!(told.len() == 1 && told[0] != partial, "{told:?}");
    let (told, partial) = unknown(json!([]));
    assert_eq!(told, [partial]);
}

#[test]
fn machines_behind_one_group_are_told_apart_where_a_rule_looks_at_their_side() {
    let rules = |fields: [Value; 2]| {
        let all = fields.into_iter().zip(["Inbound", "Outbound"]).map(|(fields, direction)| {
            let mut rule = json!({"name": direction, "properties": {"priority": 100, "direction": direction,
                "access": "Deny", "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
                "destinationAddressPrefix": "*", "destinationPortRange": "*"}});
            for (name, value) in fields.as_object().unwrap() {
                rule["properties"][name] = value.clone();
            }
            rule
        });
        Value::from_iter(all)
    };
    let asked = |fields: [Value; 2]| {
        let mut all = alone(Some(vec![])).resources();
        find(&mut all, "networkSecurityGroups/ng")["properties"]["securityRules"] = rules(fields);
        let mut twin = find(&mut all, "networkInterfaces/other").clone();
        twin["properties"]["networkSecurityGroup"] = id("networkSecurityGroups/ng");
        twin["properties"]["virtualMachine"] =
            json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/other")});
        *find(&mut all, "networkInterfaces/other") = twin;
        let estate = read(&all.into());
        let (reach, finder) = (Reach::new(&estate), Finder::new(&estate));
        [Direction::Inbound, Direction::Outbound].map(|direction| {
            [("m", "10.0.0.4"), ("other", "10.0.0.9")].map(|(vm, local)| {
                let flow_of = Flow { direction, remote: "10.0.0.77".parse().unwrap(), ..question(vm, local) };
                flow(&reach, &finder, &flow_of).unwrap().access == FlowAccess::Allow
            })
        })
    };
    let (to, from) = (
        |prefix: &str| json!({"destinationAddressPrefix": prefix}),
        |prefix: &str| json!({"sourceAddressPrefix": prefix}),
    );
    assert_eq!(asked([to("10.0.0.4"), from("10.0.0.4")]), [[false, true], [false, true]]);
    assert_eq!(asked([to("10.0.0.4"), from("*")]), [[false, true], [false, false]]);
    assert_eq!(asked([to("VirtualNetwork"), from("10.0.0.9")]), [[false, false], [true, false]]);
    assert_eq!(asked([from("10.0.0.1"), to("10.0.0.1")]), [[true, true], [true, true]]);
    // No rule of the group looks at every address of that side.
    assert_eq!(asked([to("10.0.0.4"), to("10.0.0.1")]), [[false, true], [true, true]]);
    assert_eq!(asked([from("10.0.0.1"), from("10.0.0.4")]), [[true, true], [false, true]]);
}
