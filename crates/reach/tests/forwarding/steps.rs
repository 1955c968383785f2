//! Steps from one machine to another: the packet that makes it, the rules, and how certain it is.

use estate::{Estate, PortSet, RangeSet, Reason};
use reach::paths::{Hop, Map, Origin};
use reach::{Protocols, Reach, RuleRef, rule_name};
use serde_json::{Value, json};

use crate::claims::{find, rule};
use crate::made::{Admin, RG, Rule, admin_rule, group, id, net, read};

fn vm(name: &str) -> String {
    format!("{RG}/Microsoft.Compute/virtualMachines/{name}")
}

/// A network with a subnet `s`, and its peers.
fn network(name: &str, prefixes: &[&str], peers: &[&str]) -> Value {
    let peerings: Vec<Value> = peers
        .iter()
        .map(|peer| json!({"name": peer, "properties": {"peeringState": "Connected",
            "allowVirtualNetworkAccess": true, "remoteVirtualNetwork": id(&format!("virtualNetworks/{peer}"))}}))
        .collect();
    json!({"id": net(&format!("virtualNetworks/{name}")), "properties": {
        "addressSpace": {"addressPrefixes": prefixes}, "virtualNetworkPeerings": peerings,
        "subnets": [{"id": net(&format!("virtualNetworks/{name}/subnets/s")), "properties": {"addressPrefixes": prefixes}}]}})
}

/// A VM in a network, with these addresses, behind a group of its NIC that has its name. An address that is not
/// assigned is empty, or just a colon.
fn machine(name: &str, network: &str, addresses: &[&str], rules: &[Rule]) -> [Value; 3] {
    let configurations: Vec<Value> = addresses
        .iter()
        .enumerate()
        .map(|(at, address)| {
            let version = if address.contains(':') { "IPv6" } else { "IPv4" };
            let address = (address.len() > 1).then_some(*address);
            json!({"name": format!("i{at}"), "properties": {"privateIPAddress": address,
                "privateIPAddressVersion": version, "subnet": id(&format!("virtualNetworks/{network}/subnets/s"))}})
        })
        .collect();
    [
        json!({"id": vm(name), "properties": {"networkProfile": {"networkInterfaces": [id(&format!("networkInterfaces/{name}"))]}}}),
        json!({"id": net(&format!("networkInterfaces/{name}")), "properties": {"virtualMachine": {"id": vm(name)},
            "networkSecurityGroup": id(&format!("networkSecurityGroups/{name}")), "ipConfigurations": configurations}}),
        group(name, rules),
    ]
}

/// `a` and `b` in one network, `b` behind these rules.
fn pair(rules: &[Rule]) -> Vec<Value> {
    let mut all = vec![network("v", &["10.0.0.0/16"], &[])];
    all.extend(machine("a", "v", &["10.0.0.4"], &[]));
    all.extend(machine("b", "v", &["10.0.0.5"], rules));
    all
}

fn public(all: &mut Vec<Value>, name: &str, address: Option<&str>) {
    all.push(json!({"id": net(&format!("publicIPAddresses/{name}")), "sku": {"name": "Standard"},
        "properties": {"ipAddress": address}}));
    find(all, &format!("networkInterfaces/{name}"))["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] =
        id(&format!("publicIPAddresses/{name}"));
}

/// Makes a rule of a group one for what goes out.
fn outward(all: &mut [Value], name: &str, rules: &[Rule]) {
    let mut more = group(name, rules)["properties"]["securityRules"].as_array().unwrap().clone();
    for (at, rule) in more.iter_mut().enumerate() {
        rule["properties"]["direction"] = "Outbound".into();
        rule["name"] = format!("out{at}").into();
    }
    let group = find(all, &format!("networkSecurityGroups/{name}"));
    group["properties"]["securityRules"].as_array_mut().unwrap().extend(more);
}

fn to(priority: u32, allow: bool, port: &'static str) -> Rule {
    Rule { port, ..rule(priority, allow, "*") }
}

/// The one step from `a` to `b`, if there is one.
fn step_to(all: &[Value], protocols: Protocols, ports: &PortSet) -> Option<Hop> {
    let estate = read(&all.to_vec().into());
    let find = |name: &str| estate.ids().find(&vm(name)).unwrap();
    let reach = Reach::new(&estate);
    let login = [22u16, 3389].into_iter().map(|port| estate::Range { first: port, last: port }).collect();
    let map = Map::new(&reach, &login, ports);
    let mut paths = map.to(find("b"), &Origin::Vm(find("a")), (protocols, ports), 1);
    assert!(paths.len() < 2, "{paths:?}");
    paths.pop().map(|mut path| path.hops.remove(0))
}

/// The same over TCP to any port: where the packet comes from, its port, and whether it certainly gets through.
fn step(all: &[Value]) -> Option<(String, u16, bool)> {
    step_to(all, Protocols::TCP, &PortSet::all())
        .map(|hop| (hop.packet.remote.to_string(), hop.packet.local_port, hop.certain))
}

fn from_a(port: u16, certain: bool) -> Option<(String, u16, bool)> {
    Some(("10.0.0.4".to_owned(), port, certain))
}

#[test]
fn a_step_is_by_a_port_that_both_sides_let_through_and_that_says_most() {
    assert_eq!(step(&pair(&[])), from_a(22, true));
    let shut = || to(4000, false, "*");
    let some = pair(&[to(100, true, "80"), to(110, true, "3389"), to(120, true, "20-25"), shut()]);
    assert_eq!(step(&some), from_a(22, true));
    let without = |ports: &[&'static str]| {
        let mut all = some.clone();
        let rules: Vec<Rule> = (100..).zip(ports).map(|(at, port)| to(at, false, port)).collect();
        outward(&mut all, "a", &rules);
        step(&all)
    };
    assert_eq!(without(&["22"]), from_a(3389, true));
    assert_eq!(without(&["22", "3389"]), from_a(20, true));
    assert_eq!(without(&["22", "3389", "20-25"]), from_a(80, true));
    assert_eq!(without(&["*"]), None);
    assert_eq!(step(&pair(&[shut()])), None);
    let wanted =
        |port: u16| step_to(&some, Protocols::TCP, &RangeSet::one(port)).map(|hop| hop.packet.local_port);
    assert_eq!((wanted(80), wanted(24), wanted(443)), (Some(80), Some(24), None));
    // What is certain comes before what says more.
    let doubtful = |port: &'static str| Rule { port, ..rule(90, false, "NoSuchTag") };
    let mut public_space = some.clone();
    find(&mut public_space, "networkSecurityGroups/b")["properties"]["securityRules"]
        .as_array_mut()
        .unwrap()
        .extend(group("x", &[doubtful("22")])["properties"]["securityRules"].as_array().unwrap().clone());
    for one in &mut public_space {
        *one = serde_json::from_str(&one.to_string().replace("10.0.", "52.9.")).unwrap();
    }
    assert_eq!(step(&public_space), Some(("52.9.0.4".to_owned(), 3389, true)));
}

#[test]
fn a_step_is_none_that_administrators_deny_from_where_it_begins() {
    let denied = |source: &'static str| {
        let mut all = pair(&[]);
        let rule = Rule { port: "22", ..rule(100, false, source) };
        all.push(admin_rule(0, &Admin { rule, access: "Deny", vnet: Some("v") }));
        step(&all)
    };
    assert_eq!(denied("10.0.0.4/32"), from_a(3389, true));
    assert_eq!(denied("10.0.0.9/32"), from_a(22, true));
}

#[test]
fn a_step_over_udp_is_one_where_it_is_asked_for() {
    let udp = Rule { protocol: "Udp", ..to(100, true, "53") };
    let all = pair(&[udp, to(4000, false, "*")]);
    let over = |protocols: Protocols| {
        step_to(&all, protocols, &PortSet::all()).map(|hop| (hop.packet.protocol, hop.packet.local_port))
    };
    assert_eq!(over(Protocols::TCP), None);
    assert_eq!(over(Protocols::UDP), Some((Protocols::UDP, 53)));
    assert_eq!(over(Protocols::TCP.or(Protocols::UDP)), Some((Protocols::UDP, 53)));
}

#[test]
fn a_step_names_the_rules_of_each_level_on_both_sides() {
    let mut all = pair(&[to(100, true, "22"), to(110, true, "3389"), to(4000, false, "*")]);
    outward(&mut all, "a", &[to(100, true, "22"), to(110, true, "3389")]);
    all.push(group("sg", &[to(100, true, "22"), to(110, false, "81"), to(120, true, "3389")]));
    outward(
        &mut all,
        "sg",
        &[to(100, true, "22"), to(110, false, "81"), to(120, false, "82"), to(130, true, "3389")],
    );
    find(&mut all, "virtualNetworks/v")["properties"]["subnets"][0]["properties"]["networkSecurityGroup"] =
        id("networkSecurityGroups/sg");
    let hop = step_to(&all, Protocols::TCP, &RangeSet::one(3389)).unwrap();
    let estate = read(&all.into());
    let name = |group: &str, rule: Option<RuleRef>| {
        let group = estate.ids().find(&net(&format!("networkSecurityGroups/{group}"))).unwrap();
        rule_name(&estate, group, rule.unwrap())
    };
    let ([own, subnet], [its_subnet, its]) = (hop.outward, hop.inward);
    assert_eq!([name("a", own), name("sg", subnet)], ["securityRules/out1", "securityRules/out3"]);
    assert_eq!([name("sg", its_subnet), name("b", its)], ["securityRules/r2", "securityRules/r1"]);
}

#[test]
fn an_address_that_is_not_assigned_leaves_a_step_open_where_a_rule_looks_at_it() {
    let with = |a: &str, b: &str, rules: &[Rule]| {
        let mut all = vec![network("v", &["10.0.0.0/16"], &[])];
        all.extend(machine("a", "v", &[a], &[]));
        all.extend(machine("b", "v", &[b], rules));
        step(&all)
    };
    let only = |source: &'static str| [rule(100, true, source), to(4000, false, "*")];
    let some = |from: &str, certain: bool| Some((from.to_owned(), 22, certain));
    assert_eq!(with("10.0.0.4", "10.0.0.5", &only("10.0.0.4")), some("10.0.0.4", true));
    assert_eq!(with("10.0.0.4", "10.0.0.5", &only("10.0.0.9")), None);
    assert_eq!(with("", "10.0.0.5", &only("10.0.0.9")), some("10.0.0.0", false));
    assert_eq!(with("10.0.0.4", "", &only("10.0.0.4")), some("10.0.0.4", false));
    assert_eq!(with("10.0.0.4", "", &only("10.0.0.9")), None);
}

#[test]
fn a_step_keeps_to_one_family() {
    let with = |a: &[&str], b: &[&str], rules: &[Rule]| {
        let mut all = vec![network("v", &["10.0.0.0/16", "fd00::/64"], &[])];
        all.extend(machine("a", "v", a, &[]));
        all.extend(machine("b", "v", b, rules));
        outward(&mut all, "a", &[rule(100, true, "*")]);
        let estate: Estate = read(&all.into());
        let find = |name: &str| estate.ids().find(&vm(name)).unwrap();
        let reach = Reach::new(&estate);
        let ports = RangeSet::one(22);
        let paths = Map::new(&reach, &ports, &ports).to(
            find("b"),
            &Origin::Vm(find("a")),
            (Protocols::TCP, &ports),
            1,
        );
        paths.iter().map(|path| path.hops[0].packet.remote.to_string()).collect::<Vec<_>>()
    };
    let (four, six) = ("10.0.0.4", "fd00::4");
    assert_eq!(with(&[four], &["fd00::5"], &[]), Vec::<String>::new());
    assert_eq!(with(&[":"], &["10.0.0.5"], &[rule(100, true, "*")]), Vec::<String>::new());
    assert_eq!(with(&[":"], &["fd00::5"], &[]), ["fd00::"]);
    assert_eq!(with(&[four, six], &["10.0.0.5"], &[]), [four]);
    assert_eq!(with(&[four, six], &["10.0.0.5", "fd00::5"], &[]), [four, six]);
    assert_eq!(with(&[four, six], &["10.0.0.5", "fd00::5"], &[rule(100, false, "10.0.0.0/8")]), [six]);
}

/// `a` and `b` in networks that nothing joins, each with a public address.
fn apart(sender: Option<&str>, listener: Option<&str>, rules: &[Rule]) -> Vec<Value> {
    let mut all = vec![network("v", &["10.0.0.0/16"], &[]), network("w", &["10.9.0.0/16"], &[])];
    all.extend(machine("a", "v", &["10.0.0.4"], &[]));
    all.extend(machine("b", "w", &["10.9.0.5"], rules));
    if sender.is_some() {
        public(&mut all, "a", sender);
    }
    public(&mut all, "b", listener);
    all
}

#[test]
fn a_step_out_and_in_again_is_certain_where_both_public_addresses_are_told() {
    let shut = || to(4000, false, "*");
    let only = |source: &'static str| [rule(100, true, source), shut()];
    let some = |from: &str, certain: bool| Some((from.to_owned(), 22, certain));
    assert_eq!(step(&apart(Some("20.1.1.4"), Some("20.1.1.5"), &only("20.1.1.4"))), some("20.1.1.4", true));
    assert_eq!(step(&apart(Some("20.1.1.4"), Some("20.1.1.5"), &only("20.1.1.9"))), None);
    assert_eq!(step(&apart(Some("20.1.1.4"), None, &only("20.1.1.4"))), some("20.1.1.4", false));
    // Who sends it is not told: it may be anybody whom the rules let in.
    assert_eq!(step(&apart(None, Some("20.1.1.5"), &only("20.1.1.8/30"))), some("20.1.1.9", false));
    assert_eq!(step(&apart(None, Some("20.1.1.5"), &[shut()])), None);
    let doubt = |sender: Option<&str>| {
        let all = apart(sender, Some("20.1.1.5"), &only("*"));
        step_to(&all, Protocols::TCP, &PortSet::all()).unwrap().doubt
    };
    assert_eq!(doubt(Some("20.1.1.4")), None);
    assert!(matches!(doubt(None), Some(Reason::SenderAddress { .. })));
    // The sender's rules see the public address.
    let mut all = apart(Some("20.1.1.4"), Some("20.1.1.5"), &only("*"));
    let out = |destination: &'static str| Rule { destination, ..rule(100, false, "*") };
    outward(&mut all, "a", &[out("10.9.0.5")]);
    assert_eq!(step(&all), some("20.1.1.4", true));
    outward(&mut all, "a", &[Rule { priority: 110, ..out("20.1.1.5") }]);
    assert_eq!(step(&all), None);
}

#[test]
fn a_step_over_a_balancer_leaves_by_the_port_that_it_listens_on() {
    let with = |denied: &'static str| {
        let mut all = apart(Some("20.1.1.4"), Some("20.1.1.5"), &[]);
        find(&mut all, "networkInterfaces/b")["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] =
            Value::Null;
        find(&mut all, "networkSecurityGroups/b")["properties"]["securityRules"] =
            group("b", &[to(100, true, "22")])["properties"]["securityRules"].clone();
        all.push(json!({"id": net("loadBalancers/lb"), "sku": {"name": "Standard"}, "properties": {
            "frontendIPConfigurations": [{"id": net("loadBalancers/lb/frontendIPConfigurations/f"),
                "properties": {"publicIPAddress": id("publicIPAddresses/b")}}],
            "backendAddressPools": [{"id": net("loadBalancers/lb/backendAddressPools/p"), "properties": {
                "backendIPConfigurations": [id("networkInterfaces/b/ipConfigurations/i0")]}}],
            "inboundNatRules": [{"id": net("loadBalancers/lb/inboundNatRules/r"), "properties": {
                "frontendIPConfiguration": id("loadBalancers/lb/frontendIPConfigurations/f"), "protocol": "Tcp",
                "frontendPortRangeStart": 5000, "frontendPortRangeEnd": 5009, "frontendPort": 0, "backendPort": 22,
                "backendAddressPool": id("loadBalancers/lb/backendAddressPools/p")}}]}}));
        outward(&mut all, "a", &[to(100, false, denied)]);
        step_to(&all, Protocols::TCP, &PortSet::all()).map(|hop| (hop.packet.local_port, hop.certain))
    };
    assert_eq!(with("80"), Some((22, true)));
    assert_eq!(with("22"), Some((22, true)), "no packet leaves by that one");
    assert_eq!(with("5005"), Some((22, false)), "it may be the port of another machine");
    assert_eq!(with("5000-5009"), None);
}

#[test]
fn a_way_inside_that_is_certain_comes_before_one_outside_and_the_other_way_round() {
    let via = |all: &[Value]| {
        step_to(all, Protocols::TCP, &PortSet::all()).map(|hop| (hop.via.is_some(), hop.certain))
    };
    let with = |rules: &[Rule], route: Option<&str>| {
        let mut all = pair(rules);
        public(&mut all, "a", Some("20.1.1.4"));
        public(&mut all, "b", Some("20.1.1.5"));
        if let Some(hop) = route {
            find(&mut all, "virtualNetworks/v")["properties"]["subnets"][0]["properties"]["routeTable"] =
                id("routeTables/t");
            all.push(
                json!({"id": net("routeTables/t"), "properties": {"routes": [{"name": "r", "properties": {
                "addressPrefix": "10.0.0.5/32", "nextHopType": hop, "nextHopIpAddress": "10.0.7.7"}}]}}),
            );
        }
        via(&all)
    };
    let open = [rule(100, true, "*")];
    assert_eq!(with(&open, None), Some((false, true)));
    assert_eq!(with(&open, Some("VirtualAppliance")), Some((true, true)));
    assert_eq!(with(&open, Some("None")), Some((true, true)));
    assert_eq!(with(&[], Some("VirtualAppliance")), Some((false, false)));
    assert_eq!(with(&[], Some("None")), None);
}

/// The ways to a VM over TCP to port 22 in at most so many steps: the machines on them, and whether they are certain.
fn ways(all: &[Value], target: &str, origin: &dyn Fn(&Estate) -> Origin, most: usize) -> Vec<(String, bool)> {
    let estate = read(&all.to_vec().into());
    let reach = Reach::new(&estate);
    let ports = RangeSet::one(22);
    let map = Map::new(&reach, &ports, &ports);
    let target = estate.ids().find(&vm(target)).unwrap();
    let name = |class: usize| estate.text(map.classes[class].members[0].vm).rsplit('/').next().unwrap();
    let paths = map.to(target, &origin(&estate), (Protocols::TCP, &ports), most);
    paths
        .iter()
        .map(|path| (path.hops.iter().map(|hop| name(hop.to)).collect::<Vec<_>>().join(" "), path.certain()))
        .collect()
}

fn from_vm(name: &'static str) -> impl Fn(&Estate) -> Origin {
    move |estate| Origin::Vm(estate.ids().find(&vm(name)).unwrap())
}

fn from_address(address: [u8; 4]) -> impl Fn(&Estate) -> Origin {
    let number = u128::from(u32::from_be_bytes(address));
    move |_| Origin::Addresses([RangeSet::one(number), RangeSet::empty()])
}

fn certainly(all: &[&str]) -> Vec<(String, bool)> {
    all.iter().map(|way| ((*way).to_owned(), true)).collect()
}

#[test]
fn a_way_has_no_more_steps_than_are_asked_for() {
    let only = |source: &'static str| [Rule { port: "22", ..rule(100, true, source) }, to(4000, false, "*")];
    let mut all = vec![network("v", &["10.0.0.0/16"], &[])];
    all.extend(machine("a", "v", &["10.0.0.4"], &[]));
    all.extend(machine("b", "v", &["10.0.0.5"], &only("10.0.0.4")));
    all.extend(machine("c", "v", &["10.0.0.6"], &only("10.0.0.5")));
    all.extend(machine("d", "v", &["10.0.0.7"], &only("10.0.0.6")));
    assert_eq!(ways(&all, "d", &from_vm("a"), 2), []);
    assert_eq!(ways(&all, "d", &from_vm("a"), 3), certainly(&["b c d"]));
    assert_eq!(ways(&all, "d", &from_vm("a"), 9), certainly(&["b c d"]));
    assert_eq!(ways(&all, "d", &from_address([10, 0, 0, 4]), 2), []);
    assert_eq!(ways(&all, "d", &from_address([10, 0, 0, 4]), 3), certainly(&["b c d"]));
    public(&mut all, "a", Some("20.1.1.4"));
    find(&mut all, "networkSecurityGroups/a")["properties"]["securityRules"] =
        group("a", &[rule(100, true, "*")])["properties"]["securityRules"].clone();
    assert_eq!(ways(&all, "a", &|_| Origin::Internet, 1), certainly(&["a"]));
    assert_eq!(ways(&all, "d", &|_| Origin::Internet, 3), []);
    assert_eq!(ways(&all, "d", &|_| Origin::Internet, 4), certainly(&["a b c d"]));
}

#[test]
fn a_way_never_comes_by_its_target_and_may_come_by_one_that_is_like_it() {
    // `b` and `c` are behind one group: nothing tells them apart.
    let mut all = pair(&[rule(100, true, "10.0.0.0/24"), to(4000, false, "*")]);
    all.extend(machine("c", "v", &["10.0.0.6"], &[]));
    find(&mut all, "networkInterfaces/c")["properties"]["networkSecurityGroup"] =
        id("networkSecurityGroups/b");
    assert_eq!(ways(&all, "b", &from_vm("a"), 2), certainly(&["b", "b b"]));
    assert_eq!(ways(&all, "b", &from_address([10, 0, 0, 6]), 1), certainly(&["b"]));
    assert_eq!(ways(&all, "b", &from_address([10, 0, 0, 5]), 1), [], "nobody on it needs a way to it");
    // `b` is open to the internet by one address; by the other it lets in just `c`, which lets in just `b`.
    let only = |source: &'static str| [rule(100, true, source), to(4000, false, "*")];
    let mut all = vec![network("v", &["10.0.0.0/16"], &[])];
    all.extend(machine("b", "v", &["10.0.0.5"], &only("Internet")));
    all.extend(machine("c", "v", &["10.0.0.6"], &only("10.0.0.5")));
    let [_, mut inner, its_group] = machine("inner", "v", &["10.0.0.7"], &only("10.0.0.6"));
    inner["properties"]["virtualMachine"]["id"] = vm("b").into();
    find(&mut all, "virtualMachines/b")["properties"]["networkProfile"]["networkInterfaces"]
        .as_array_mut()
        .unwrap()
        .push(id("networkInterfaces/inner"));
    all.extend([inner, its_group]);
    public(&mut all, "b", Some("20.1.1.5"));
    assert_eq!(ways(&all, "b", &|_| Origin::Internet, 3), certainly(&["b"]));
    assert_eq!(ways(&all, "c", &|_| Origin::Internet, 3), certainly(&["b c"]));
}

#[test]
fn a_machine_that_is_not_told_may_be_on_the_way_where_somebody_inside_gets_in() {
    let tcp =
        |port: &'static str, source: &'static str| Rule { protocol: "Tcp", port, ..rule(100, true, source) };
    let rules = [
        tcp("22", "10.0.0.4"),
        Rule { priority: 110, ..tcp("443", "8.8.8.8") },
        Rule { protocol: "Udp", priority: 120, ..tcp("53", "*") },
        to(4000, false, "*"),
    ];
    let mut all = pair(&rules);
    all.push(json!({"id": vm("lost"), "properties": {"networkProfile": {"networkInterfaces": [id("networkInterfaces/lost")]}}}));
    let estate = read(&all.into());
    let reach = Reach::new(&estate);
    let ports = [22u16, 53, 443].map(|port| estate::Range { first: port, last: port }).into_iter().collect();
    let map = Map::new(&reach, &ports, &ports);
    let unseen = |target: &str, protocols: Protocols, port: u16| {
        let target = estate.ids().find(&vm(target)).unwrap();
        map.unseen(target, (protocols, &RangeSet::one(port)))
            .map(|(machine, _)| estate.text(*machine).to_owned())
    };
    assert_eq!(unseen("b", Protocols::TCP, 22), Some(vm("lost")));
    assert_eq!(unseen("b", Protocols::UDP, 53), Some(vm("lost")));
    for (protocols, port) in
        [(Protocols::TCP, 53), (Protocols::UDP, 22), (Protocols::TCP, 443), (Protocols::TCP, 80)]
    {
        assert_eq!(unseen("b", protocols, port), None, "{port}");
    }
    assert_eq!(unseen("lost", Protocols::TCP, 22), None, "it is the target itself");
}

#[test]
fn a_way_may_begin_on_any_of_several_machines() {
    let only = |source: &'static str| [Rule { port: "22", ..rule(100, true, source) }, to(4000, false, "*")];
    let mut all = vec![network("v", &["10.0.0.0/16"], &[])];
    all.extend(machine("a", "v", &["10.0.0.4"], &[to(4000, false, "*")]));
    all.extend(machine("b", "v", &["10.0.0.5"], &only("10.0.0.4")));
    all.extend(machine("c", "v", &["10.0.0.6"], &only("10.0.0.5")));
    let from = |names: &'static [&'static str]| {
        move |estate: &Estate| {
            Origin::Machines(names.iter().map(|name| estate.ids().find(&vm(name)).unwrap()).collect())
        }
    };
    assert_eq!(ways(&all, "c", &from(&["a"]), 9), certainly(&["b c"]));
    assert_eq!(ways(&all, "c", &from(&["a", "b"]), 9), certainly(&["c"]), "the nearest counts");
    assert_eq!(ways(&all, "a", &from(&["b", "c"]), 9), []);
    assert_eq!(ways(&all, "c", &from(&[]), 9), []);
}

/// Puts a machine behind the group of another.
fn behind(all: &mut [Value], name: &str, group: &str) {
    find(all, &format!("networkInterfaces/{name}"))["properties"]["networkSecurityGroup"] =
        id(&format!("networkSecurityGroups/{group}"));
}

#[test]
fn machines_behind_one_group_are_told_apart_by_their_routes_and_public_addresses() {
    // `c` is in a subnet whose routes drop what goes to `b`.
    let mut all = pair(&[]);
    all.extend(machine("c", "v", &["10.0.9.4"], &[]));
    behind(&mut all, "c", "a");
    find(&mut all, "virtualNetworks/v")["properties"]["subnets"] = json!([
        {"id": net("virtualNetworks/v/subnets/s"), "properties": {"addressPrefix": "10.0.0.0/24"}},
        {"id": net("virtualNetworks/v/subnets/t"), "properties": {"addressPrefix": "10.0.9.0/24", "routeTable": id("routeTables/t")}}]);
    find(&mut all, "networkInterfaces/c")["properties"]["ipConfigurations"][0]["properties"]["subnet"] =
        id("virtualNetworks/v/subnets/t");
    all.push(json!({"id": net("routeTables/t"), "properties": {"routes": [{"name": "r", "properties": {
        "addressPrefix": "10.0.0.5/32", "nextHopType": "None"}}]}}));
    assert_eq!(ways(&all, "b", &from_vm("a"), 1), certainly(&["b"]));
    assert_eq!(ways(&all, "b", &from_vm("c"), 1), []);
    // `b` lets in just `a`.
    let mut all = pair(&[rule(100, true, "10.0.0.4"), to(4000, false, "*")]);
    all.extend(machine("c", "v", &["10.0.0.6"], &[]));
    behind(&mut all, "c", "a");
    assert_eq!(ways(&all, "b", &from_vm("a"), 1), certainly(&["b"]));
    assert_eq!(ways(&all, "b", &from_vm("c"), 1), []);
    // Of two behind a group that lets in just the internet one has a public address.
    for (open, closed) in [("b", "c"), ("c", "b")] {
        let only = [rule(100, true, "Internet"), to(4000, false, "*")];
        let mut all = vec![network("v", &["10.0.0.0/16"], &[]), network("w", &["10.9.0.0/16"], &[])];
        all.extend(machine("a", "w", &["10.9.0.4"], &[]));
        all.extend(machine("b", "v", &["10.0.0.5"], &only));
        all.extend(machine("c", "v", &["10.0.0.6"], &[]));
        behind(&mut all, "c", "b");
        public(&mut all, "a", Some("20.1.1.4"));
        public(&mut all, open, Some("20.1.1.5"));
        assert_eq!(ways(&all, open, &from_vm("a"), 1), certainly(&[open]));
        assert_eq!(ways(&all, closed, &from_vm("a"), 1), []);
    }
}

#[test]
fn the_first_step_is_by_a_protocol_and_a_port_that_are_asked_for_and_certain_if_it_can_be() {
    let over = |protocol: &'static str, priority: u32, port: &'static str| Rule {
        protocol,
        ..to(priority, true, port)
    };
    let rules = [
        Rule { port: "22", ..rule(90, false, "NoSuchTag") },
        over("Udp", 100, "53"),
        over("Tcp", 105, "5985"),
        over("Tcp", 110, "443"),
        over("Tcp", 120, "22"),
        over("Tcp", 130, "3389"),
        to(4000, false, "*"),
    ];
    let mut all = pair(&rules);
    public(&mut all, "b", Some("20.1.1.5"));
    let estate = read(&all.into());
    let reach = Reach::new(&estate);
    let first = |protocols: Protocols, ports: &[u16]| {
        let ports = ports.iter().map(|port| estate::Range { first: *port, last: *port }).collect();
        let map = Map::new(&reach, &ports, &ports);
        let target = estate.ids().find(&vm("b")).unwrap();
        let paths = map.to(target, &from_address([8, 8, 8, 8])(&estate), (protocols, &ports), 1);
        assert!(paths.len() < 2, "{paths:?}");
        paths.first().map(|path| {
            let hop = &path.hops[0];
            (hop.packet.protocol, hop.packet.local_port, hop.certain)
        })
    };
    let (tcp, udp) = (Protocols::TCP, Protocols::UDP);
    assert_eq!(first(tcp, &[22, 3389]), Some((tcp, 3389, true)));
    assert_eq!(first(tcp, &[22, 5985]), Some((tcp, 5985, true)));
    assert_eq!(first(tcp, &[22]), Some((tcp, 22, false)));
    assert_eq!(first(tcp, &[53, 443]), Some((tcp, 443, true)));
    assert_eq!(first(udp, &[53, 443]), Some((udp, 53, true)));
    assert_eq!(first(tcp.or(udp), &[53]), Some((udp, 53, true)));
    assert_eq!(first(tcp.or(udp), &[22]), Some((tcp, 22, false)));
    assert_eq!((first(tcp, &[53]), first(udp, &[22, 443]), first(tcp, &[80])), (None, None, None));
}

#[test]
fn without_a_way_back_packets_come_and_no_connection_is_certain() {
    let with = |address: &str, table: bool| {
        let mut all = vec![network("v", &["10.0.0.0/16"], &["w"]), network("w", &["10.9.0.0/16"], &["v"])];
        all.extend(machine("a", "v", &["10.0.0.4"], &[]));
        all.extend(machine("b", "w", &[address], &[]));
        if table {
            find(&mut all, "virtualNetworks/w")["properties"]["subnets"][0]["properties"]["routeTable"] =
                id("routeTables/t");
            all.push(
                json!({"id": net("routeTables/t"), "properties": {"routes": [{"name": "r", "properties": {
                "addressPrefix": "10.0.0.4/32", "nextHopType": "None"}}]}}),
            );
        }
        step(&all)
    };
    assert_eq!(with("10.9.0.5", false), from_a(22, true));
    assert_eq!(with("10.9.0.5", true), from_a(22, false));
    assert_eq!(with("", true), from_a(22, false), "nor where its address is not assigned");
}

#[test]
fn a_longer_way_that_is_certain_comes_before_a_shorter_one_that_is_not() {
    let only = |source: &'static str| [rule(100, true, source), to(4000, false, "*")];
    let mut all = vec![network("v", &["10.0.0.0/16"], &[]), network("w", &["10.9.0.0/16"], &[])];
    all.extend(machine("a", "v", &["10.0.0.4"], &[]));
    all.extend(machine("m", "v", &["10.0.0.5"], &[]));
    all.extend(machine("x", "w", &["10.9.0.6"], &only("Internet")));
    all.extend(machine("b", "w", &["10.9.0.7"], &only("10.9.0.6")));
    public(&mut all, "x", Some("20.1.1.6"));
    // What `a` sends out comes from an address that nobody knows.
    assert_eq!(ways(&all, "b", &from_vm("a"), 3), [("x b".to_owned(), false)]);
    public(&mut all, "m", Some("20.1.1.5"));
    assert_eq!(ways(&all, "b", &from_vm("a"), 2), [("x b".to_owned(), false)]);
    assert_eq!(ways(&all, "b", &from_vm("a"), 3), certainly(&["m x b"]));
    // Of the ports of one step the certain one counts.
    let rules = [
        Rule { port: "22", ..rule(90, false, "NoSuchTag") },
        to(100, true, "22"),
        to(110, true, "3389"),
        to(4000, false, "*"),
    ];
    let two = apart(Some("20.1.1.4"), Some("20.1.1.5"), &rules);
    assert_eq!(step(&two), Some(("20.1.1.4".to_owned(), 3389, true)));
}

#[test]
fn an_appliance_in_a_network_between_may_join_two_that_are_not_peered() {
    let with = |forwarded: bool, routed: bool| {
        let mut all = vec![
            network("v", &["10.0.0.0/16"], &["hub"]),
            network("w", &["10.9.0.0/16"], &["hub"]),
            network("hub", &["10.5.0.0/16"], &["v", "w"]),
        ];
        all.extend(machine("a", "v", &["10.0.0.4"], &[]));
        all.extend(machine("b", "w", &["10.9.0.5"], &[rule(100, true, "10.0.0.0/8")]));
        find(&mut all, "virtualNetworks/w")["properties"]["virtualNetworkPeerings"][0]["properties"]["allowForwardedTraffic"] =
            forwarded.into();
        if routed {
            find(&mut all, "virtualNetworks/v")["properties"]["subnets"][0]["properties"]["routeTable"] =
                id("routeTables/t");
            all.push(json!({"id": net("routeTables/t"), "properties": {"routes": [{"name": "r", "properties": {
                "addressPrefix": "10.9.0.0/16", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.5.0.4"}}]}}));
        }
        (step(&all), ways(&all, "b", &from_address([10, 0, 0, 4]), 1))
    };
    assert_eq!(with(true, true).0, from_a(22, false));
    assert_eq!(with(true, true).1, [("b".to_owned(), false)]);
    assert_eq!(with(true, false).0, None, "no route leads there");
    assert_eq!(with(false, true), (None, vec![]), "the peering takes nothing that comes from elsewhere");
}

#[test]
fn networks_are_joined_by_peerings_and_perhaps_by_gateways() {
    let with = |own: &[&str], other: &[&str], change: &dyn Fn(&mut Vec<Value>)| {
        let mut all = vec![network("v", &["10.0.0.0/16"], own), network("w", &["10.9.0.0/16"], other)];
        all.extend(machine("a", "v", &["10.0.0.4"], &[]));
        all.extend(machine("b", "w", &["10.9.0.5"], &[rule(100, true, "*")]));
        change(&mut all);
        step(&all).map(|(.., certain)| certain)
    };
    assert_eq!(with(&["w"], &["v"], &|_| {}), Some(true));
    assert_eq!(with(&["w"], &[], &|_| {}), Some(false), "the other side knows no way back");
    assert_eq!(with(&[], &["v"], &|_| {}), None);
    assert_eq!(with(&[], &[], &|_| {}), None);
    assert_eq!(with(&["x"], &["y"], &|_| {}), Some(false), "who knows where these lie");
    let peerings = |name: &'static str, value: Value| {
        move |all: &mut Vec<Value>| {
            find(all, &format!("virtualNetworks/{name}"))["properties"]["virtualNetworkPeerings"] =
                value.clone()
        }
    };
    for name in ["v", "w"] {
        assert_eq!(with(&[], &[], &peerings(name, Value::Null)), None, "none is none");
        let routed = |all: &mut Vec<Value>| {
            peerings(name, Value::Null)(all);
            find(all, "virtualNetworks/v")["properties"]["subnets"][0]["properties"]["routeTable"] =
                id("routeTables/t");
            all.push(json!({"id": net("routeTables/t"), "properties": {"routes": [{"name": "r", "properties": {
                "addressPrefix": "10.9.0.0/16", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.7.7"}}]}}));
        };
        assert_eq!(with(&[], &[], &routed), None, "nothing leads on from there");
    }
    let unread = || json!({"$unknown": {"reason": "a parameter"}});
    assert_eq!(with(&[], &[], &peerings("v", unread())), Some(false));
    assert_eq!(with(&[], &[], &peerings("w", unread())), None, "whatever it is, no route leads there");
    let gateway = |name: &'static str| {
        move |all: &mut Vec<Value>| {
            let subnets = &mut find(all, &format!("virtualNetworks/{name}"))["properties"]["subnets"];
            subnets.as_array_mut().unwrap().push(
                json!({"id": net(&format!("virtualNetworks/{name}/subnets/GatewaySubnet")), "properties": {"addressPrefix": "10.9.255.0/27"}}));
        }
    };
    // A gateway on both sides may join them; on one side alone it does not.
    let both = |all: &mut Vec<Value>| {
        gateway("v")(all);
        gateway("w")(all);
    };
    assert_eq!(with(&[], &[], &both), Some(false));
    assert_eq!(with(&[], &[], &gateway("w")), None);
    assert_eq!(with(&[], &[], &gateway("v")), None);
    // Nor where what they lead to is not told to be on the other side.
    let public_space = |all: &mut Vec<Value>| {
        both(all);
        for one in all.iter_mut() {
            *one = serde_json::from_str(&one.to_string().replace("10.0.0.", "52.9.0.")).unwrap();
        }
    };
    assert_eq!(with(&[], &[], &public_space), None);
    let unassigned = |all: &mut Vec<Value>| {
        gateway("v")(all);
        find(all, "networkInterfaces/a")["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] =
            Value::Null;
    };
    assert_eq!(with(&[], &[], &unassigned), None);
}
