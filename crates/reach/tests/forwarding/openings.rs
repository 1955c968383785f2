//! What single openings tell besides who gets in: ports of the sender, reasons, a packet that shows it.

use estate::{Estate, Family, Known, Reason};
use reach::{Opening, Protocols, Reach};
use serde_json::json;

use crate::claims::{alone, find, rule, translation};
use crate::made::{Admin, Balancing, RG, Rule, To, World, group, id, net, read};

/// The openings of all ways in to the machine.
fn openings(estate: &Estate) -> Vec<Opening> {
    let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
    let Some(Known::Value(all)) = &nic.ip_configurations else { panic!("no IP configuration") };
    let ways = Reach::new(estate).from_internet(nic, &all[0]).ways;
    ways.iter().flat_map(|way| way.openings.iter().cloned()).collect()
}

fn public(rules: &[Rule]) -> Vec<Opening> {
    openings(&World { public: Some("Standard"), ..alone(Some(rules.to_vec())) }.estate())
}

#[test]
fn a_packet_that_shows_an_opening_has_a_port_above_zero_where_there_is_one() {
    let shown = |ports: &'static str| {
        let all = public(&[Rule { port: ports, ..rule(100, true, "Internet") }]);
        let opening = all.iter().find(|opening| opening.protocols.contains(Protocols::TCP)).unwrap();
        opening.witness(Family::V4, Protocols::TCP, &opening.local_ports).unwrap().local_port
    };
    assert_eq!((shown("0-20"), shown("0"), shown("7-9"), shown("0-30")), (1, 0, 7, 22));
}

#[test]
fn each_reason_of_an_opening_is_its_own() {
    let reasons = |rules: &[Rule], protocol: Protocols| {
        let all = public(rules);
        let mut here: Vec<Vec<Reason>> = all
            .iter()
            .filter(|opening| opening.protocols.contains(protocol))
            .map(|opening| opening.unknown.clone())
            .collect();
        assert_eq!(here.len(), 1, "{here:?}");
        here.remove(0)
    };
    // Whether a rule for a port looks at packets without one, Azure does not say.
    let web = [Rule { port: "80", ..rule(100, true, "Internet") }];
    assert_eq!(reasons(&web, Protocols::ICMP), [Reason::PortlessProtocol]);
    assert_eq!(reasons(&web, Protocols::TCP), []);
    let tag = || Reason::ServiceTag { tag: "nosuchtag".into() };
    let doubtful = [Rule { protocol: "Icmp", ..rule(100, true, "NoSuchTag") }];
    assert_eq!(reasons(&doubtful, Protocols::ICMP), [tag()]);
    // An earlier rule may take it; that two rules look one way is no reason.
    let earlier =
        [rule(100, false, "NoSuchTag"), rule(200, true, "Internet"), rule(300, true, "VirtualNetwork")];
    assert_eq!(reasons(&earlier, Protocols::TCP), [tag()]);
    let equal = [rule(100, false, "203.0.113.0/24"), rule(100, true, "Internet")];
    assert_eq!(reasons(&equal, Protocols::TCP), [Reason::SamePriority]);
}

#[test]
fn why_a_rule_for_one_address_is_not_certain_of_a_machine_without_one() {
    let mut all = World {
        public: Some("Standard"),
        ..alone(Some(vec![Rule { destination: "10.0.0.4", ..rule(100, true, "*") }]))
    }
    .resources();
    let ip = &mut find(&mut all, "networkInterfaces/n")["properties"]["ipConfigurations"][0]["properties"];
    ip["privateIPAddress"] = serde_json::Value::Null;
    let all = openings(&read(&all.into()));
    assert!(!all.is_empty() && all.iter().all(|opening| opening.unknown == [Reason::NoAddress]), "{all:?}");
}

#[test]
fn what_administrators_deny_by_the_senders_port_leaves_the_other_ports() {
    let deny =
        Rule { protocol: "Tcp", port: "22", source_port: "1024-65535", ..rule(100, false, "Internet") };
    let world = World {
        public: Some("Standard"),
        admins: vec![Admin { rule: deny, access: "Deny", vnet: Some("v") }],
        ..alone(Some(vec![rule(100, true, "*")]))
    };
    let all = openings(&world.estate());
    let nothing =
        |it: &Opening| it.protocols.is_empty() || it.local_ports.is_empty() || it.remote_ports.is_empty();
    assert!(!all.iter().any(nothing), "{all:?}");
    let from = |port: u16, to: u16| {
        let here = |it: &&Opening| it.protocols.contains(Protocols::TCP) && it.local_ports.contains(to);
        all.iter().filter(here).any(|it| it.remote_ports.contains(port))
    };
    assert_eq!([from(50000, 22), from(1023, 22), from(50000, 23)], [false, true, true]);
}

#[test]
fn behind_a_translation_the_port_of_the_client_is_any() {
    let rules =
        vec![Rule { source_port: "1024-65535", ..rule(100, true, "10.0.1.0/28") }, rule(200, false, "*")];
    let world = World { translations: vec![translation((4000, 4000), "10.0.0.4", 22)], ..alone(Some(rules)) };
    let all = openings(&world.estate());
    assert!(!all.is_empty());
    // Whether the firewall takes a port that the rule lets in, nobody can tell.
    assert!(all.iter().all(|it| it.remote_ports.is_all() && it.internet.must.is_empty()), "{all:?}");
}

#[test]
fn a_balancers_rule_for_all_ports_of_one_protocol_brings_no_other() {
    let by = |protocol: &'static str| {
        let one =
            Balancing { to: To::PoolOfNic, public: true, protocol, frontend: 0, backend: 0, floating: false };
        let all =
            openings(&World { balancing: vec![one], ..alone(Some(vec![rule(100, true, "*")])) }.estate());
        [Protocols::TCP, Protocols::UDP].map(|one| all.iter().any(|it| it.protocols.contains(one)))
    };
    assert_eq!((by("Tcp"), by("Udp"), by("All")), ([true, false], [false, true], [true, true]));
}

#[test]
fn an_appliance_that_another_one_leads_to_leads_on() {
    // `far` stands in both networks behind a group that lets nobody in; `near` is open, in the first one alone.
    let leads = |near: bool| {
        let mut all = alone(Some(vec![rule(100, true, "*")])).resources();
        let vm = |name: &str| json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/{name}")});
        let nic = |name: &str, of: &str, address: &str, subnet: &str| {
            json!({"id": net(&format!("networkInterfaces/{name}")),
            "properties": {"enableIPForwarding": true, "virtualMachine": vm(of), "ipConfigurations": [
                {"name": "i", "properties": {"privateIPAddress": address, "subnet": id(subnet)}}]}})
        };
        find(&mut all, "virtualNetworks/w")["properties"]["subnets"] = json!([{"id": net("virtualNetworks/w/subnets/s"), "properties": {"addressPrefix": "10.9.0.0/24"}}]);
        find(&mut all, "virtualNetworks/v")["properties"]["subnets"].as_array_mut().unwrap().push(
            json!({"id": net("virtualNetworks/v/subnets/web"), "properties": {"addressPrefix": "10.0.2.0/24"}}),
        );
        let own =
            &mut find(&mut all, "networkInterfaces/n")["properties"]["ipConfigurations"][0]["properties"];
        own["subnet"] = id("virtualNetworks/w/subnets/s");
        own["privateIPAddress"] = "10.9.0.4".into();
        all.push(group("shut", &[rule(100, false, "*")]));
        let mut outer = nic("far-outer", "far", "10.0.2.4", "virtualNetworks/v/subnets/web");
        outer["properties"]["networkSecurityGroup"] = id("networkSecurityGroups/shut");
        all.extend([outer, nic("far-inner", "far", "10.9.0.5", "virtualNetworks/w/subnets/s")]);
        if near {
            let mut open = nic("near", "near", "10.0.2.5", "virtualNetworks/v/subnets/web");
            open["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] =
                id("publicIPAddresses/near");
            all.push(open);
            all.push(
                json!({"id": net("publicIPAddresses/near"), "sku": {"name": "Basic"}, "properties": {}}),
            );
        }
        !openings(&read(&all.into())).is_empty()
    };
    assert_eq!((leads(true), leads(false)), (true, false));
}

#[test]
fn a_rule_for_the_subnet_need_not_look_at_a_floating_frontend() {
    let with = |floating: bool| {
        let one = Balancing {
            to: To::PoolOfNic,
            public: true,
            protocol: "Tcp",
            frontend: 22,
            backend: 22,
            floating,
        };
        let rules = vec![Rule { destination: "10.0.0.0/24", ..rule(100, true, "*") }, rule(200, false, "*")];
        let all = openings(&World { balancing: vec![one], ..alone(Some(rules)) }.estate());
        all.iter().any(|it| !it.internet.must.is_empty())
    };
    assert_eq!((with(false), with(true)), (true, false), "packets keep the frontend's address");
}
