//! What stands around one machine: what leads to it, and what leads to nothing that is known.

use estate::{Estate, Family, Known};
use reach::{Protocols, Reach};
use serde_json::{Value, json};

use crate::claims::{alone, find, rule};
use crate::made::{IP, RG, Rule, id, net, read};

/// Whether somebody on the internet certainly gets to a port of the VM over TCP, or may.
fn open(estate: &Estate, family: Family, port: u16) -> (bool, bool) {
    let nic = estate.nics.iter().find(|nic| estate.text(nic.id).ends_with("/n")).unwrap();
    let Some(Known::Value(all)) = &nic.ip_configurations else { panic!() };
    let ip = all.iter().find(|ip| ip.family == family).unwrap();
    let ways = Reach::new(estate).from_internet(nic, ip).ways;
    let here = ways
        .iter()
        .flat_map(|way| way.openings.iter())
        .filter(|opening| opening.protocols.contains(Protocols::TCP) && opening.local_ports.contains(port));
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
