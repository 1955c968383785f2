//! What stands around one machine: what leads to it, and what leads to nothing that is known.

use estate::{Estate, Family, Known};
use reach::{Protocols, Reach};
use serde_json::{Value, json};

use crate::claims::{alone, find, rule, translation};
use crate::made::{IP, RG, Rule, World, group, id, net, read};

/// Whether somebody on the internet certainly gets to a port of the VM over TCP, or may.
fn open(estate: &Estate, family: Family, port: u16) -> (bool, bool) {
    open_over(estate, family, Protocols::TCP, port)
}

fn open_over(estate: &Estate, family: Family, protocol: Protocols, port: u16) -> (bool, bool) {
    let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
    let Some(Known::Value(all)) = &nic.ip_configurations else { panic!() };
    let ip = all.iter().find(|ip| ip.family == family).unwrap();
    let ways = Reach::new(estate).from_internet(nic, ip).ways;
    let here = ways
        .iter()
        .flat_map(|way| way.openings.iter())
        .filter(|opening| opening.protocols.contains(protocol) && opening.local_ports.contains(port));
    here.fold((false, false), |(must, may), opening| {
        (must || !opening.internet.must.is_empty(), may || !opening.internet.may.is_empty())
    })
}

/// What leads to something that the input does not hold, by name, sorted.
fn astray(estate: &Estate) -> Vec<String> {
    let reach = Reach::new(estate);
    let names = reach.astray().iter().map(|(id, _)| estate.text(*id).rsplit('/').next().unwrap().to_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn a_public_address_that_no_nic_knows_of_is_told() {
    let attached = |to: &str| {
        let mut all = alone(Some(vec![])).resources();
        find(&mut all, "publicIPAddresses/front")["properties"]["ipConfiguration"] = json!({"id": to});
        let estate = read(&all.into());
        let cut_short = estate
            .ids()
            .find(&net("networkInterfaces/n"))
            .and_then(|nic| Reach::new(&estate).cut_short(nic).cloned());
        (astray(&estate), cut_short.is_some())
    };
    let front = || vec!["front".to_owned()];
    assert_eq!(attached(&net(IP)), (vec![], false));
    assert_eq!(attached(&net(IP).to_uppercase()), (vec![], false));
    assert_eq!(attached(&net("networkInterfaces/n/ipConfigurations/j")), (front(), true));
    assert_eq!(attached(&net("networkInterfaces/gone/ipConfigurations/i")), (front(), false));
    // What is attached to something else is that one's to tell.
    let set = format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/set");
    for other in [
        net("loadBalancers/lb/frontendIPConfigurations/public"),
        format!("{set}/virtualMachines/0/networkInterfaces/n/ipConfigurations/i"),
    ] {
        assert_eq!(attached(&other), (vec![], false), "{other}");
    }
}

#[test]
fn a_gateway_sends_from_its_subnet_in_the_family_of_the_machine() {
    let with = |rules: Vec<Rule>| {
        let mut all = alone(Some(rules)).resources();
        let network = &mut find(&mut all, "virtualNetworks/v")["properties"];
        network["addressSpace"]["addressPrefixes"] = json!(["10.0.0.0/16", "fd00::/48"]);
        network["subnets"] = json!([
            {"id": net("virtualNetworks/v/subnets/s"), "properties": {"addressPrefixes": ["10.0.0.0/24", "fd00:0:0:1::/64"]}},
            {"id": net("virtualNetworks/v/subnets/web"), "properties": {"addressPrefixes": ["10.0.2.0/24", "fd00:0:0:2::/64"]}}]);
        let nic = &mut find(&mut all, "networkInterfaces/n")["properties"]["ipConfigurations"];
        nic.as_array_mut().unwrap().push(
            json!({"name": "j", "id": net("networkInterfaces/n/ipConfigurations/j"),
            "properties": {"privateIPAddressVersion": "IPv6", "privateIPAddress": "fd00:0:0:1::4",
                "subnet": id("virtualNetworks/v/subnets/s")}}),
        );
        all.push(json!({"id": net("applicationGateways/ag"), "properties": {
            "gatewayIPConfigurations": [{"properties": {"subnet": id("virtualNetworks/v/subnets/web")}}],
            "frontendIPConfigurations": [{"properties": {"publicIPAddress": id("publicIPAddresses/front")}}],
            "backendAddressPools": [{"id": net("applicationGateways/ag/backendAddressPools/b"),
                "properties": {"backendAddresses": [{"ipAddress": "10.0.0.4"}, {"ipAddress": "fd00:0:0:1::4"}]}}],
            "backendHttpSettingsCollection": [{"properties": {"port": 443}}]}}));
        let estate = read(&all.into());
        [Family::V4, Family::V6].map(|family| open(&estate, family, 443).1)
    };
    assert_eq!(with(vec![]), [true, true]);
    assert_eq!(with(vec![rule(100, false, "10.0.2.0/24")]), [false, true]);
    assert_eq!(with(vec![rule(100, false, "fd00:0:0:2::/64")]), [true, false]);
}

/// Resources with a machine that passes packets on, at 10.0.2.4 or, as a scale set, anywhere in its subnet.
fn with_appliance(rules: Vec<Rule>, as_set: bool) -> Vec<Value> {
    let mut all = alone(Some(rules)).resources();
    find(&mut all, "virtualNetworks/v")["properties"]["subnets"].as_array_mut().unwrap().push(
        json!({"id": net("virtualNetworks/v/subnets/web"), "properties": {"addressPrefix": "10.0.2.0/24"}}),
    );
    let nic = |ip: Value| json!({"enableIPForwarding": true, "ipConfigurations": [{"name": "i", "properties": ip}]});
    let subnet = id("virtualNetworks/v/subnets/web");
    let public = json!({"name": "p", "sku": {"name": "Basic"}});
    if as_set {
        let nic = nic(json!({"subnet": subnet, "publicIPAddressConfiguration": public}));
        all.push(json!({"id": format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/nva"), "properties": {
            "virtualMachineProfile": {"networkProfile": {"networkInterfaceConfigurations": [{"name": "n", "properties": nic}]}}}}));
    } else {
        all.push(json!({"id": net("networkInterfaces/nva"), "properties": nic(json!({
            "privateIPAddress": "10.0.2.4", "subnet": subnet, "publicIPAddress": id("publicIPAddresses/nva")}))}));
        all.push(json!({"id": net("publicIPAddresses/nva"), "sku": {"name": "Basic"}, "properties": {}}));
    }
    all
}

#[test]
fn an_appliance_sends_under_its_own_address_or_the_clients() {
    let may = |denied: &[&'static str], as_set: bool| {
        let deny = |(at, source): (u32, &&'static str)| rule(100 + at, false, source);
        let rules = (0..).zip(denied).map(deny).chain([rule(4000, true, "*")]).collect();
        open(&read(&with_appliance(rules, as_set).into()), Family::V4, 22).1
    };
    for as_set in [false, true] {
        assert!(may(&[], as_set));
        assert!(may(&["Internet"], as_set));
        assert!(may(&["10.0.0.0/8"], as_set));
        assert!(!may(&["Internet", "10.0.2.0/24"], as_set));
    }
    assert!(!may(&["Internet", "10.0.2.4"], false));
    assert!(may(&["Internet", "10.0.2.4"], true));
}

#[test]
fn an_appliance_counts_where_somebody_gets_in_to_it_and_for_networks_joined_to_its_own() {
    let may = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut all = with_appliance(vec![], false);
        change(&mut all);
        open(&read(&all.into()), Family::V4, 22).1
    };
    assert!(may(&|_| {}));
    assert!(!may(&|all| {
        all.push(group("own", &[rule(100, false, "*")]));
        find(all, "networkInterfaces/nva")["properties"]["networkSecurityGroup"] =
            id("networkSecurityGroups/own");
    }));
    assert!(!may(&|all| {
        find(all, "networkInterfaces/n")["properties"]["ipConfigurations"][0]["properties"]["subnet"] =
            id("virtualNetworks/w/subnets/s");
        find(all, "virtualNetworks/w")["properties"]["subnets"] = json!([{"id": net("virtualNetworks/w/subnets/s"),
            "properties": {"addressPrefix": "10.9.0.0/24"}}]);
    }));
}

#[test]
fn a_gateway_leads_from_an_appliance_to_networks_that_have_a_way_in() {
    let gateway = |name: &str, prefix: &str| json!({"id": net(&format!("virtualNetworks/{name}/subnets/GatewaySubnet")), "properties": {"addressPrefix": prefix}});
    let may = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut all = with_appliance(vec![rule(100, true, "*")], false);
        find(&mut all, "networkInterfaces/n")["properties"]["ipConfigurations"][0]["properties"]["subnet"] =
            id("virtualNetworks/w/subnets/s");
        find(&mut all, "virtualNetworks/w")["properties"]["subnets"] = json!([{"id": net("virtualNetworks/w/subnets/s"), "properties": {"addressPrefix": "10.9.0.0/24"}}]);
        find(&mut all, "virtualNetworks/w")["properties"]["virtualNetworkPeerings"] = json!([]);
        let subnets = &mut find(&mut all, "virtualNetworks/v")["properties"]["subnets"];
        subnets.as_array_mut().unwrap().push(gateway("v", "10.0.9.0/27"));
        change(&mut all);
        open(&read(&all.into()), Family::V4, 22).1
    };
    let peered = |all: &mut Vec<Value>, with: &str| {
        find(all, "virtualNetworks/w")["properties"]["virtualNetworkPeerings"] = json!([{"name": "p", "properties": {
            "peeringState": "Connected", "allowVirtualNetworkAccess": true,
            "remoteVirtualNetwork": id(&format!("virtualNetworks/{with}"))}}]);
    };
    let third = |all: &mut Vec<Value>, subnets: Value| {
        all.push(json!({"id": net("virtualNetworks/x"), "properties": {
            "addressSpace": {"addressPrefixes": ["10.44.0.0/16"]}, "subnets": subnets, "virtualNetworkPeerings": []}}));
    };
    assert!(!may(&|_| {}), "nothing leads into the other network");
    assert!(may(&|all| {
        let subnets = &mut find(all, "virtualNetworks/w")["properties"]["subnets"];
        subnets.as_array_mut().unwrap().push(gateway("w", "10.9.9.0/27"));
    }));
    assert!(may(&|all| peered(all, "not-read")));
    assert!(!may(&|all| {
        peered(all, "x");
        third(all, json!([]));
    }));
    assert!(may(&|all| {
        peered(all, "x");
        third(all, json!([gateway("x", "10.44.9.0/27")]));
    }));
}

#[test]
fn a_standard_address_is_closed_where_no_group_opens_it() {
    let with = |sku: Option<&'static str>, rules: Option<Vec<Rule>>| {
        let mut all = World { public: Some("Basic"), ..alone(rules) }.resources();
        find(&mut all, "publicIPAddresses/own")["sku"] = sku.map_or(Value::Null, |sku| json!({"name": sku}));
        open(&read(&all.into()), Family::V4, 22)
    };
    assert_eq!(with(Some("Basic"), None), (true, true));
    assert_eq!(with(Some("Standard"), None), (false, false));
    assert_eq!(with(None, None), (false, true));
    for sku in [Some("Basic"), Some("Standard"), None] {
        assert_eq!(with(sku, Some(vec![rule(100, true, "*")])), (true, true), "{sku:?}");
    }
}

#[test]
fn of_balancers_whose_lists_cannot_be_read_the_first_by_name_stands_for_all() {
    let via = |names: [&str; 2]| {
        let mut all = alone(Some(vec![rule(100, true, "*")])).resources();
        all.extend(names.map(|name| {
            json!({"id": net(&format!("loadBalancers/{name}")), "properties": {
                "frontendIPConfigurations": [{"name": "f", "properties": {"publicIPAddress": id("publicIPAddresses/front")}}],
                "inboundNatRules": {"$unknown": {"reason": "a parameter"}}}})
        }));
        let estate = read(&all.into());
        let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
        let Some(Known::Value(ips)) = &nic.ip_configurations else { panic!() };
        let ways = Reach::new(&estate).from_internet(nic, &ips[0]).ways;
        ways.iter().map(|way| estate.text(way.via).rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(via(["b", "c"]), ["b"]);
    assert_eq!(via(["c", "b"]), ["b"]);
}

#[test]
fn what_a_balancer_forwards_to_and_no_record_holds_is_told() {
    let gone = || id("networkInterfaces/gone/ipConfigurations/i");
    let with = |parts: Value| {
        let mut all = alone(Some(vec![])).resources();
        let balancer = &mut find(&mut all, "loadBalancers/lb")["properties"];
        for (name, value) in parts.as_object().unwrap() {
            balancer[name] = value.clone();
        }
        let estate = read(&all.into());
        let nic = estate.ids().find(&net("networkInterfaces/n")).unwrap();
        (astray(&estate), Reach::new(&estate).cut_short(nic).is_some())
    };
    let nat = |frontend: &str, to: Value| {
        json!({"inboundNatRules": [{"id": net("loadBalancers/lb/inboundNatRules/r"), "properties": {
            "frontendIPConfiguration": id(&format!("loadBalancers/lb/frontendIPConfigurations/{frontend}")),
            "protocol": "Tcp", "frontendPort": 22, "backendPort": 22, "backendIPConfiguration": to}}]})
    };
    let lb = || vec!["lb".to_owned()];
    assert_eq!(with(nat("public", gone())), (lb(), false));
    assert_eq!(with(nat("private", gone())), (vec![], false), "nobody comes that way");
    assert_eq!(with(nat("public", id(IP))), (vec![], false));
    assert_eq!(with(nat("public", id(&IP.to_uppercase()))), (vec![], false));
    assert_eq!(with(nat("public", id("networkInterfaces/n/ipConfigurations/j"))), (lb(), true));
    let pool = |frontends: &[&str], to: Value| {
        let public = json!({"id": net("loadBalancers/lb/frontendIPConfigurations/public"),
            "properties": {"publicIPAddress": id("publicIPAddresses/front")}});
        let private = json!({"id": net("loadBalancers/lb/frontendIPConfigurations/private"), "properties": {
            "privateIPAddress": "10.0.0.100", "subnet": id("virtualNetworks/v/subnets/s")}});
        let frontends: Vec<_> = frontends
            .iter()
            .map(|one| if *one == "public" { public.clone() } else { private.clone() })
            .collect();
        json!({"frontendIPConfigurations": frontends, "backendAddressPools": [{
            "id": net("loadBalancers/lb/backendAddressPools/p"), "properties": {"backendIPConfigurations": [to]}}]})
    };
    assert_eq!(with(pool(&["private", "public"], gone())), (lb(), false));
    assert_eq!(with(pool(&["private"], gone())), (vec![], false));
    assert_eq!(with(pool(&["public"], id(IP))), (vec![], false));
    assert_eq!(with(pool(&["public"], id("networkInterfaces/n/ipConfigurations/j"))), (lb(), true));
}

#[test]
fn a_public_gateway_may_lead_to_anybody_only_where_its_members_are_not_all_told() {
    let public = || json!({"publicIPAddress": id("publicIPAddresses/front")});
    let private = || json!({"privateIPAddress": "10.0.2.9", "subnet": id("virtualNetworks/v/subnets/web")});
    let over = |protocol: Protocols, frontends: Value, pools: Value, ports: Value, port: u16| {
        let mut all = alone(Some(vec![])).resources();
        find(&mut all, "virtualNetworks/v")["properties"]["subnets"].as_array_mut().unwrap().push(
            json!({"id": net("virtualNetworks/v/subnets/web"), "properties": {"addressPrefix": "10.0.2.0/24"}}),
        );
        all.push(json!({"id": net("applicationGateways/ag"), "properties": {
            "gatewayIPConfigurations": [{"properties": {"subnet": id("virtualNetworks/v/subnets/web")}}],
            "frontendIPConfigurations": [{"properties": frontends}],
            "backendAddressPools": pools, "backendHttpSettingsCollection": ports}}));
        open_over(&read(&all.into()), Family::V4, protocol, port).1
    };
    let may = |frontends: Value, pools: Value, ports: Value, port: u16| {
        over(Protocols::TCP, frontends, pools, ports, port)
    };
    let pool = |name: &str, member: Value| {
        json!({"id": net(&format!("applicationGateways/ag/backendAddressPools/{name}")),
            "properties": {"backendAddresses": [member]}})
    };
    let other = || pool("other", json!({"ipAddress": "10.0.0.9"}));
    let named = || pool("named", json!({"fqdn": "app.example"}));
    let unread = || json!({"$unknown": {"reason": "a parameter"}});
    let web = || json!([{"properties": {"port": 443}}]);
    assert!(!may(public(), json!([other()]), web(), 443));
    assert!(may(public(), json!([other(), named()]), web(), 443));
    assert!(may(public(), unread(), web(), 443));
    assert!(!over(Protocols::UDP, public(), unread(), web(), 443));
    // What it leads to is told for the machine itself, too.
    let own = || json!([pool("own", json!({"ipAddress": "10.0.0.4"}))]);
    assert!(may(public(), own(), web(), 443) && !may(private(), own(), web(), 443));
    assert!(!may(public(), own(), web(), 22));
    assert!(!over(Protocols::UDP, public(), own(), web(), 443));
    assert!(!may(private(), json!([named()]), web(), 443));
    assert!(!may(private(), unread(), web(), 443));
    // By the ports that its settings tell; where they tell none, by any.
    assert!(!may(public(), unread(), web(), 22));
    assert!(may(public(), unread(), json!([]), 22));
    assert!(may(public(), unread(), unread(), 22));
}

/// The ways in to the VM, which is in the pool `nic` of a balancer with these parts.
fn balanced(rules: Option<Vec<Rule>>, sku: &str, parts: &Value) -> Vec<(bool, bool)> {
    let mut all =
        World { balancer_sku: if sku == "Basic" { "Basic" } else { "Standard" }, ..alone(rules) }.resources();
    let balancer = &mut find(&mut all, "loadBalancers/lb")["properties"];
    for (name, value) in parts.as_object().unwrap() {
        balancer[name] = value.clone();
    }
    let estate = read(&all.into());
    let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
    let Some(Known::Value(ips)) = &nic.ip_configurations else { panic!() };
    let ways = Reach::new(&estate).from_internet(nic, &ips[0]).ways;
    let certain = |way: &reach::Way| way.openings.iter().any(|opening| !opening.internet.must.is_empty());
    ways.iter().map(|way| (certain(way), !way.openings.is_empty())).collect()
}

fn balancing_rule(more: &Value) -> Value {
    let mut properties = json!({"protocol": "Tcp", "frontendPort": 22, "backendPort": 22,
        "frontendIPConfiguration": id("loadBalancers/lb/frontendIPConfigurations/public"),
        "backendAddressPool": id("loadBalancers/lb/backendAddressPools/nic")});
    for (name, value) in more.as_object().unwrap() {
        properties[name] = value.clone();
    }
    properties
}

#[test]
fn a_rule_that_names_a_machine_twice_is_one_way() {
    let to_nic = json!({"backendAddressPool": null, "backendIPConfiguration": id(IP)});
    for more in [json!({}), to_nic, json!({"backendIPConfiguration": id(IP)})] {
        let nat = json!({"inboundNatRules": [{"id": net("loadBalancers/lb/inboundNatRules/r"),
            "properties": balancing_rule(&more)}]});
        assert_eq!(balanced(Some(vec![rule(100, true, "*")]), "Standard", &nat), [(true, true)], "{more}");
    }
}

#[test]
fn a_member_out_of_service_is_passed_over_by_rules_with_a_probe() {
    let with = |state: &str, probe: bool, member: Value| {
        let more = if probe { json!({"probe": id("loadBalancers/lb/probes/p")}) } else { json!({}) };
        let mut member = member;
        member["adminState"] = state.into();
        let parts = json!({
            "loadBalancingRules": [{"id": net("loadBalancers/lb/loadBalancingRules/r"), "properties": balancing_rule(&more)}],
            "backendAddressPools": [{"id": net("loadBalancers/lb/backendAddressPools/nic"), "properties": {
                "loadBalancerBackendAddresses": [{"name": "a", "properties": member}]}}]});
        balanced(Some(vec![rule(100, true, "*")]), "Standard", &parts).len()
    };
    let by_nic = || json!({"networkInterfaceIPConfiguration": id(IP)});
    let by_address = |address: &str| json!({"ipAddress": address, "virtualNetwork": id("virtualNetworks/v")});
    for member in [by_nic(), by_address("10.0.0.4")] {
        assert_eq!(with("Down", true, member.clone()), 0);
        assert_eq!(with("Down", false, member.clone()), 1);
        assert_eq!(with("Up", true, member), 1);
    }
    assert_eq!(with("Down", true, by_address("10.0.0.9")), 1, "another member");
}

#[test]
fn a_balancer_that_cannot_be_read_may_forward_and_its_sku_counts_all_the_same() {
    for list in ["frontendIPConfigurations", "loadBalancingRules", "inboundNatRules"] {
        let parts = json!({list: {"$unknown": {"reason": "a parameter"}}});
        let may = |rules: Option<Vec<Rule>>, sku: &str| {
            let ways = balanced(rules, sku, &parts);
            assert!(ways.iter().all(|(certain, _)| !certain), "{list}");
            ways.iter().any(|(_, possible)| *possible)
        };
        assert!(may(Some(vec![rule(100, true, "*")]), "Standard"), "{list}");
        assert!(may(None, "Basic"), "{list}");
        assert!(!may(Some(vec![rule(100, false, "*")]), "Standard"), "{list}");
        if list != "inboundNatRules" {
            assert!(!may(None, "Standard"), "{list}");
        }
    }
}

#[test]
fn a_private_gateway_counts_where_a_firewall_translates_to_it() {
    let may = |translated: &'static str| {
        let mut world = alone(Some(vec![]));
        world.translations = vec![translation((443, 443), translated, 443)];
        let mut all = world.resources();
        all.push(json!({"id": net("applicationGateways/ag"), "properties": {
            "gatewayIPConfigurations": [{"properties": {"subnet": id("virtualNetworks/v/subnets/s")}}],
            "frontendIPConfigurations": [{"properties": {"privateIPAddress": "10.0.0.77", "subnet": id("virtualNetworks/v/subnets/s")}}],
            "backendAddressPools": [{"id": net("applicationGateways/ag/backendAddressPools/b"),
                "properties": {"backendAddresses": [{"ipAddress": "10.0.0.4"}]}}],
            "backendHttpSettingsCollection": [{"properties": {"port": 443}}]}}));
        open(&read(&all.into()), Family::V4, 443)
    };
    assert_eq!(may("10.0.0.77"), (false, true));
    assert_eq!(may("10.0.0.78"), (false, false));
}

#[test]
fn what_is_not_known_of_a_rule_is_not_certain_of_its_way() {
    let unread = || json!({"$unknown": {"reason": "a parameter"}});
    let with = |more: &Value| {
        let rule_of = json!({"loadBalancingRules": [{"id": net("loadBalancers/lb/loadBalancingRules/r"),
            "properties": balancing_rule(more)}]});
        balanced(Some(vec![rule(100, true, "*")]), "Standard", &rule_of)
    };
    assert_eq!(with(&json!({})), [(true, true)]);
    for field in ["protocol", "frontendPort", "backendPort", "enableFloatingIP", "frontendIPConfiguration"] {
        assert_eq!(with(&json!({field: unread()})), [(false, true)], "{field}");
    }
}

#[test]
fn who_comes_by_a_private_link_comes_from_its_subnet_whatever_the_balancers_sku() {
    let with = |rules: Option<Vec<Rule>>, link: Option<Value>| {
        let mut all = alone(rules).resources();
        find(&mut all, "virtualNetworks/v")["properties"]["subnets"].as_array_mut().unwrap().push(
            json!({"id": net("virtualNetworks/v/subnets/web"), "properties": {"addressPrefix": "10.0.2.0/24"}}),
        );
        let more =
            json!({"frontendIPConfiguration": id("loadBalancers/lb/frontendIPConfigurations/private")});
        find(&mut all, "loadBalancers/lb")["properties"]["loadBalancingRules"] = json!([{"id": net("loadBalancers/lb/loadBalancingRules/r"), "properties": balancing_rule(&more)}]);
        all.extend(link.map(|configurations| {
            json!({"id": net("privateLinkServices/pls"), "properties": {
                "loadBalancerFrontendIpConfigurations": [id("loadBalancers/lb/frontendIPConfigurations/private")],
                "ipConfigurations": configurations}})
        }));
        open(&read(&all.into()), Family::V4, 22)
    };
    let may = |rules: Option<Vec<Rule>>, linked: bool| {
        let told = json!([{"properties": {"subnet": id("virtualNetworks/v/subnets/web")}}]);
        with(rules, linked.then_some(told))
    };
    let shut = || rule(4000, false, "*");
    assert_eq!(may(None, true), (false, true));
    assert_eq!(may(None, false), (false, false));
    assert_eq!(may(Some(vec![rule(100, true, "10.0.2.0/24"), shut()]), true), (false, true));
    assert_eq!(may(Some(vec![rule(100, true, "Internet"), shut()]), true), (false, false));
    // Where its subnet is not told, it is any inside.
    for untold in [json!([]), json!({"$unknown": {"reason": "a parameter"}})] {
        let by =
            |source: &'static str| with(Some(vec![rule(100, true, source), shut()]), Some(untold.clone()));
        assert_eq!((by("172.16.0.0/12"), by("Internet")), ((false, true), (false, false)), "{untold}");
    }
}

#[test]
fn instances_of_a_set_are_what_its_model_says() {
    let set = format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/set");
    let with = |instance: &str, pools: Value, record: bool| {
        let mut all = alone(Some(vec![])).resources();
        let pool =
            &mut find(&mut all, "loadBalancers/lb")["properties"]["backendAddressPools"][0]["properties"];
        pool["backendIPConfigurations"] = json!([{"id": format!("{set}/virtualMachines/0/{instance}")}]);
        if record {
            all.push(json!({"id": set, "properties": {"virtualMachineProfile": {"networkProfile": {
                "networkInterfaceConfigurations": [{"name": "n", "properties": {"ipConfigurations": [{"name": "i",
                    "properties": {"subnet": id("virtualNetworks/v/subnets/s"),
                        "loadBalancerBackendAddressPools": pools}}]}}]}}}}));
        }
        astray(&read(&all.into()))
    };
    let own = || json!([id("loadBalancers/lb/backendAddressPools/nic")]);
    let none = Vec::<String>::new();
    assert_eq!(with("networkInterfaces/n/ipConfigurations/i", own(), true), none);
    assert_eq!(with("networkInterfaces/N/ipConfigurations/I", own(), true), none);
    let unread = json!({"$unknown": {"reason": "a parameter"}});
    assert_eq!(with("networkInterfaces/n/ipConfigurations/i", unread, true), none);
    let others = json!([id("loadBalancers/other/backendAddressPools/b")]);
    for (instance, pools, record) in [
        ("networkInterfaces/n/ipConfigurations/i", own(), false),
        ("networkInterfaces/n/ipConfigurations/i", json!([]), true),
        ("networkInterfaces/n/ipConfigurations/i", others, true),
        ("networkInterfaces/n/ipConfigurations/j", own(), true),
        ("networkInterfaces/m/ipConfigurations/i", own(), true),
    ] {
        assert_eq!(with(instance, pools, record), ["lb"], "{instance}");
    }
}

#[test]
fn a_rule_whose_members_cannot_be_read_may_lead_to_anybody_from_a_public_frontend() {
    let with = |frontend: &str, list: &str| {
        let more = json!({"backendAddressPool": {"$unknown": {"reason": "a parameter"}},
            "frontendIPConfiguration": id(&format!("loadBalancers/lb/frontendIPConfigurations/{frontend}"))});
        let parts = json!({list: [{"id": net(&format!("loadBalancers/lb/{list}/r")), "properties": balancing_rule(&more)}]});
        balanced(Some(vec![rule(100, true, "*")]), "Standard", &parts)
    };
    for list in ["loadBalancingRules", "inboundNatRules"] {
        assert_eq!(with("public", list), [(false, true)], "{list}");
        assert_eq!(with("private", list), [], "{list}");
    }
}

/// Resources with a firewall whose rules, in their order, have these fields besides those of `translation`.
fn translating(rules: &[Value]) -> Vec<Value> {
    let mut world = alone(Some(vec![rule(4000, true, "*")]));
    world.translations = rules.iter().map(|_| translation((22, 22), "10.0.0.4", 22)).collect();
    let mut all = world.resources();
    let collections = &mut find(&mut all, "azureFirewalls/fw")["properties"]["natRuleCollections"];
    for (at, fields) in rules.iter().enumerate() {
        for (name, value) in fields.as_object().unwrap() {
            collections[at]["properties"]["rules"][0][name] = value.clone();
        }
    }
    all
}

#[test]
fn a_translation_whose_target_cannot_be_read_may_lead_to_anybody() {
    let with = |destination: &str| {
        let fields = json!({"destinationAddresses": [destination],
            "translatedAddress": {"$unknown": {"reason": "a parameter"}}});
        open(&read(&translating(&[fields]).into()), Family::V4, 3389)
    };
    assert_eq!(with("20.1.2.3"), (false, true));
    assert_eq!(with("20.9.9.9"), (false, false), "on an address of somebody else");
}

#[test]
fn an_address_that_is_not_assigned_may_be_the_one_that_a_translation_leads_to() {
    let may = |to: &str, version: &str| {
        let mut all = translating(&[json!({"translatedAddress": to})]);
        // Nor may it be a member of a pool by its address.
        find(&mut all, "loadBalancers/lb")["properties"]["backendAddressPools"] = json!([]);
        find(&mut all, "networkInterfaces/n")["properties"]["ipConfigurations"] = json!([{"name": "i", "id": net(IP),
            "properties": {"privateIPAddressVersion": version, "subnet": id("virtualNetworks/v/subnets/s")}}]);
        open(&read(&all.into()), if version == "IPv4" { Family::V4 } else { Family::V6 }, 22)
    };
    assert_eq!(may("10.0.0.9", "IPv4"), (false, true));
    assert_eq!(may("10.0.5.9", "IPv4"), (false, false), "not of its subnet");
    assert_eq!(may("10.0.0.9", "IPv6"), (false, false));
}

#[test]
fn a_firewall_that_is_only_named_may_lead_anywhere_and_one_without_rules_leads_nowhere() {
    let with = |properties: Value| {
        let mut all = translating(&[]);
        find(&mut all, "azureFirewalls/fw")["properties"] = properties;
        open(&read(&all.into()), Family::V4, 22)
    };
    let configuration = json!([{"name": "c", "properties": {
        "subnet": id("virtualNetworks/v/subnets/AzureFirewallSubnet"), "publicIPAddress": id("publicIPAddresses/front")}}]);
    assert_eq!(with(json!({"ipConfigurations": configuration})), (false, false));
    assert_eq!(with(json!({})), (false, true));
}

#[test]
fn an_earlier_translation_takes_what_is_certain_and_doubts_what_is_not() {
    let elsewhere = |fields: Value| {
        let mut first = json!({"translatedAddress": "10.0.0.77"});
        for (name, value) in fields.as_object().unwrap() {
            first[name] = value.clone();
        }
        let mut all = translating(&[first, json!({})]);
        all.push(json!({"id": net("publicIPAddresses/second"), "sku": {"name": "Standard"}, "properties": {"ipAddress": "20.1.2.4"}}));
        find(&mut all, "azureFirewalls/fw")["properties"]["ipConfigurations"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "d", "properties": {"publicIPAddress": id("publicIPAddresses/second")}}));
        open(&read(&all.into()), Family::V4, 22)
    };
    assert_eq!(elsewhere(json!({})), (false, false));
    assert_eq!(elsewhere(json!({"destinationAddresses": ["20.1.2.4"]})), (true, true), "another address");
    assert_eq!(elsewhere(json!({"protocols": ["UDP"]})), (true, true));
    assert_eq!(elsewhere(json!({"destinationPorts": ["23"]})), (true, true));
    assert_eq!(
        elsewhere(json!({"sourceAddresses": ["203.0.113.0/24"]})),
        (true, true),
        "the others still come"
    );
    for field in ["protocols", "destinationPorts", "sourceAddresses", "destinationAddresses"] {
        let unread = json!({field: {"$unknown": {"reason": "a parameter"}}});
        assert_eq!(elsewhere(unread), (false, true), "{field}");
    }
}

#[test]
fn behind_a_balancer_packets_have_the_port_that_its_rule_tells() {
    let may = |more: Value, port: u16| {
        let mut all = translating(&[json!({"translatedAddress": "10.0.0.100", "translatedPort": "2200"})]);
        let mut properties = balancing_rule(&more);
        properties["frontendIPConfiguration"] = id("loadBalancers/lb/frontendIPConfigurations/private");
        find(&mut all, "loadBalancers/lb")["properties"]["loadBalancingRules"] =
            json!([{"id": net("loadBalancers/lb/loadBalancingRules/r"), "properties": properties}]);
        open(&read(&all.into()), Family::V4, port)
    };
    let unread = || json!({"$unknown": {"reason": "a parameter"}});
    assert_eq!(may(json!({"frontendPort": 2200}), 22), (true, true));
    assert_eq!(may(json!({"frontendPort": 2201}), 22), (false, false), "it does not listen there");
    assert_eq!(may(json!({"frontendPort": unread()}), 22), (false, true));
    assert_eq!(may(json!({"frontendPort": unread()}), 2200), (false, false));
    assert_eq!(may(json!({"frontendPort": 2200, "backendPort": unread()}), 22), (false, true));
    let whole = || json!({"protocol": "All", "frontendPort": 0, "backendPort": 0});
    assert_eq!((may(whole(), 2200), may(whole(), 22)), ((true, true), (false, false)));
}

#[test]
fn why_it_is_not_known_whose_packets_a_translation_takes_is_said() {
    let estate = read(
        &translating(&[json!({"sourceAddresses": [], "sourceIpGroups": [id("ipGroups/gone")["id"]]})]).into(),
    );
    let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
    let Some(Known::Value(ips)) = &nic.ip_configurations else { panic!() };
    let ways = Reach::new(&estate).from_internet(nic, &ips[0]).ways;
    assert_eq!(ways.len(), 1);
    for opening in ways[0].openings.iter() {
        assert!(opening.internet.must.is_empty() && !opening.unknown.is_empty(), "{opening:?}");
    }
}
