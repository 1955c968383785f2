//! Claims that hold, and the same with a part of them changed.

use estate::Estate;
use reach::evidence::{Claim, Doubt, verify};
use reach::tags::Tags;
use reach::{Packet, Protocols};
use serde_json::{Value, json};

use crate::made::{Balancing, Dnat, Rule, To, World, id, net, read};

pub(crate) fn rule(priority: u32, allow: bool, source: &'static str) -> Rule {
    Rule { priority, allow, protocol: "*", source, source_port: "*", destination: "*", port: "*" }
}

/// A VM behind a group of its NIC with these rules, and nothing else.
pub(crate) fn alone(rules: Option<Vec<Rule>>) -> World {
    World {
        subnet: None,
        nic: rules,
        admins: Vec::new(),
        balancing: Vec::new(),
        balancer_sku: "Standard",
        translations: Vec::new(),
        public: None,
        member: true,
        peered: false,
        peer_connected: false,
    }
}

pub(crate) fn translation(ports: (u16, u16), to: &'static str, to_port: u16) -> Dnat {
    Dnat { priority: 100, protocols: &["TCP"], source: "*", ports, to, to_port }
}

/// The resource with an id that ends like this.
pub(crate) fn find<'v>(all: &'v mut [Value], end: &str) -> &'v mut Value {
    all.iter_mut().find(|one| one["id"].as_str().unwrap().ends_with(end)).unwrap()
}

/// Whether TCP from 8.8.8.8 gets to a port of the VM by an address, what forwards it, and a rule of the NIC's group.
fn claimed(
    estate: &Estate,
    via: &str,
    through: Option<(&str, &str)>,
    local_port: u16,
    by: Option<&str>,
) -> Result<(), Doubt> {
    let find = |name: &str| estate.ids().find(&net(name)).unwrap();
    let claim = Claim {
        vm: estate.vms[0].id,
        via: find(via),
        through: through.map(|(resource, rule)| (find(resource), rule)),
        packet: Packet {
            protocol: Protocols::TCP,
            remote: "8.8.8.8".parse().unwrap(),
            remote_port: 50000,
            local_port,
        },
        to: Some("10.0.0.4".parse().unwrap()),
        decided_by: by.map(|rule| ("nic", find("networkSecurityGroups/ng"), rule)).into_iter().collect(),
    };
    verify(estate, &Tags::built_in(), &claim)
}

#[test]
fn the_sku_of_a_public_address_matters_only_where_no_group_looks() {
    let direct = |sku: Option<&'static str>, rules: Option<Vec<Rule>>| {
        let by = rules.as_ref().map(|_| "securityRules/r0");
        let mut all = World { public: Some("Basic"), ..alone(rules) }.resources();
        find(&mut all, "publicIPAddresses/own")["sku"] = sku.map_or(Value::Null, |sku| json!({"name": sku}));
        claimed(&read(&all.into()), "publicIPAddresses/own", None, 22, by)
    };
    assert_eq!(direct(Some("Basic"), None), Ok(()));
    assert_eq!(direct(Some("Standard"), None), Err(Doubt::ClosedBySku));
    assert_eq!(direct(None, None), Err(Doubt::Unknown { level: "public-ip" }));
    for sku in [Some("Basic"), Some("Standard"), None] {
        assert_eq!(direct(sku, Some(vec![rule(100, true, "*")])), Ok(()), "{sku:?}");
    }
}

#[test]
fn a_client_of_the_internet_is_in_no_application_security_group() {
    let mut world = alone(Some(vec![rule(100, false, "asg:b"), rule(200, true, "*")]));
    world.public = Some("Standard");
    let by = Some("securityRules/r1");
    assert_eq!(claimed(&world.estate(), "publicIPAddresses/own", None, 22, by), Ok(()));
    // Nor where a route takes its address into the network's tag.
    let mut all = world.resources();
    find(&mut all, "virtualNetworks/v")["properties"]["subnets"][0]["properties"]["routeTable"] =
        id("routeTables/t");
    all.push(json!({"id": net("routeTables/t"), "properties": {"routes": [{"name": "r", "properties": {
        "addressPrefix": "8.0.0.0/8", "nextHopType": "Internet"}}]}}));
    assert_eq!(claimed(&read(&all.into()), "publicIPAddresses/own", None, 22, by), Ok(()));
}

#[test]
fn a_way_leads_to_the_port_that_its_rule_tells_and_to_no_other() {
    let open = || alone(Some(vec![rule(100, true, "*")]));
    let by = Some("securityRules/r0");
    let balancing = |public: bool, frontend: u16| Balancing {
        to: To::PoolOfNic,
        public,
        protocol: "Tcp",
        frontend,
        backend: 22,
        floating: false,
    };
    let mut balanced = open();
    balanced.balancing = vec![balancing(true, 4000)];
    let balanced = balanced.estate();
    let by_balancer =
        |port: u16| claimed(&balanced, "publicIPAddresses/front", Some(("loadBalancers/lb", "0")), port, by);
    assert_eq!(by_balancer(22), Ok(()));
    for port in [21, 23] {
        assert_eq!(by_balancer(port), Err(Doubt::NoSuchWay));
    }
    let by_firewall = |to: &'static str, to_port: u16, listens: u16, port: u16| {
        let mut world = open();
        world.translations = vec![translation((4000, 4000), to, to_port)];
        world.balancing = vec![balancing(false, listens)];
        let through = Some(("azureFirewalls/fw", "t0"));
        claimed(&world.estate(), "publicIPAddresses/front", through, port, by)
    };
    assert_eq!(by_firewall("10.0.0.4", 22, 2200, 22), Ok(()));
    assert_eq!(by_firewall("10.0.0.4", 22, 2200, 3389), Err(Doubt::NoSuchWay));
    assert_eq!(by_firewall("10.0.0.77", 22, 2200, 22), Err(Doubt::NoSuchWay), "another machine");
    assert_eq!(by_firewall("10.0.0.100", 2200, 2200, 22), Ok(()), "by the balancer inside");
    assert_eq!(by_firewall("10.0.0.100", 4000, 2200, 22), Err(Doubt::NoSuchWay), "it does not listen there");
    assert_eq!(by_firewall("10.0.0.77", 2200, 2200, 22), Err(Doubt::NoSuchWay), "another balancer");
}

#[test]
fn an_earlier_translation_takes_the_packet_only_on_the_address_that_it_listens_on() {
    let second = |destinations: [&str; 2], address: Option<&str>| {
        let mut world = alone(Some(vec![rule(100, true, "*")]));
        let later = Dnat { priority: 200, ..translation((4000, 4000), "10.0.0.4", 22) };
        world.translations = vec![translation((4000, 4000), "10.0.0.77", 22), later];
        let mut all = world.resources();
        let collections = &mut find(&mut all, "azureFirewalls/fw")["properties"]["natRuleCollections"];
        for (at, destination) in destinations.into_iter().enumerate() {
            collections[at]["properties"]["rules"][0]["destinationAddresses"] = json!([destination]);
        }
        find(&mut all, "publicIPAddresses/front")["properties"]["ipAddress"] = address.into();
        let through = Some(("azureFirewalls/fw", "t1"));
        let by = Some("securityRules/r0");
        claimed(&read(&all.into()), "publicIPAddresses/front", through, 22, by)
    };
    let taken = Err(Doubt::OtherRule { level: "firewall", rule: "t0".to_owned() });
    assert_eq!(second(["20.1.2.3", "20.1.2.3"], Some("20.1.2.3")), taken);
    assert_eq!(second(["*", "20.1.2.3"], Some("20.1.2.3")), taken);
    assert_eq!(second(["20.1.2.4", "20.1.2.3"], Some("20.1.2.3")), Ok(()));
    // Where no record tells the address, the rules themselves do.
    assert_eq!(second(["20.1.2.3", "20.1.2.3"], None), taken);
    assert_eq!(second(["20.1.2.4", "20.1.2.3"], None), Ok(()));
}
