//! What takes packets and passes on its own: gateways, appliances, private links and endpoints.

use serde_json::{Value, json};

use crate::balancers::{balancer, forward, ssh_for_all};
use crate::common::{RG, id, net, run};
use crate::world::{World, rule, verdict};

#[test]
fn an_application_gateway_is_a_named_unknown() {
    let gateway = |port: u16, frontend: Value| {
        json!({"id": net("applicationGateways/ag"), "properties": {
        "gatewayIPConfigurations": [{"properties": {"subnet": id("virtualNetworks/v/subnets/web")}}],
        "frontendIPConfigurations": [{"properties": frontend}],
        "backendAddressPools": [{"id": net("applicationGateways/ag/backendAddressPools/b"),
            "properties": {"backendAddresses": [{"ipAddress": "10.0.0.4"}]}}],
        "backendHttpSettingsCollection": [{"properties": {"port": port}}]}})
    };
    let public = || json!({"publicIPAddress": id("publicIPAddresses/front")});
    let verdict = |rules: Vec<Value>, gateway: Value| {
        let report = World::new(Some(rules)).with(gateway).check();
        (verdict(&report, "NET001"), verdict(&report, "NET002"))
    };
    assert_eq!(verdict(vec![], gateway(443, public())), ("pass", "unknown"));
    assert_eq!(verdict(vec![], gateway(22, public())), ("unknown", "pass"));
    assert_eq!(
        verdict(
            vec![],
            gateway(
                443,
                json!({"privateIPAddress": "10.0.2.9", "subnet": id("virtualNetworks/v/subnets/web")})
            )
        ),
        ("pass", "pass")
    );
    let shut = vec![rule("no-gateway", 200, "Deny", "10.0.2.0/24", "*")];
    assert_eq!(verdict(shut, gateway(443, public())), ("pass", "pass"));
}

#[test]
fn a_group_of_the_subnet_passes_over_private_endpoints() {
    let groups = |policies: Option<&str>| {
        let mut world = World::new(ssh_for_all());
        world.all[1]["properties"]["privateEndpoint"] = id("privateEndpoints/pe");
        if let Some(policies) = policies {
            world.all[2]["properties"]["subnets"][0]["properties"]["privateEndpointNetworkPolicies"] =
                policies.into();
        }
        let ran = run(&["effective-nsg", "-", "--nic", "n"], world.text().as_bytes());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.json()["value"].as_array().unwrap().len()
    };
    assert_eq!(groups(None), 0);
    assert_eq!(groups(Some("Disabled")), 0);
    assert_eq!(groups(Some("RouteTableEnabled")), 0);
    assert_eq!(groups(Some("NetworkSecurityGroupEnabled")), 1);
    assert_eq!(groups(Some("Enabled")), 1);
}

/// A machine `nva` that passes on what is not meant for it, in a network, with a public address or without.
fn appliance(network: &str, public: bool) -> [Value; 2] {
    let vm = format!("{RG}/Microsoft.Compute/virtualMachines/nva");
    let mut ip = json!({"privateIPAddress": "10.0.3.4", "subnet": id(&format!("virtualNetworks/{network}/subnets/web"))});
    if public {
        ip["publicIPAddress"] = id("publicIPAddresses/front");
    }
    [
        json!({"id": vm, "properties": {"networkProfile": {"networkInterfaces": [id("networkInterfaces/nva")]}}}),
        json!({"id": net("networkInterfaces/nva"), "properties": {"enableIPForwarding": true,
            "virtualMachine": {"id": vm}, "networkSecurityGroup": id("networkSecurityGroups/own"),
            "ipConfigurations": [{"name": "i", "properties": ip}]}}),
    ]
}

/// What is unknown of the VM by NET001: the reasons.
fn doubts(world: &World) -> Vec<String> {
    let report = world.check();
    world.verify(&report);
    let vm = format!("{RG}/Microsoft.Compute/virtualMachines/m");
    let rows = report["unknown"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["code"] == "NET001" && row["sample"].to_string().contains(&vm));
    rows.map(|row| row["reason"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_appliance_may_pass_packets_on_to_the_machines_around_it() {
    let around = |rules: Vec<Value>, network: &str, public: bool| {
        let mut world = World::new(Some(rules));
        world.all.extend(appliance(network, public));
        world.all.push(json!({"id": net("networkSecurityGroups/own"),
            "properties": {"securityRules": [rule("web", 300, "Allow", "Internet", "443")]}}));
        world.all.push(json!({"id": net("virtualNetworks/w"), "properties": {
            "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
            "subnets": [{"id": net("virtualNetworks/w/subnets/web"), "properties": {"addressPrefix": "10.9.2.0/24"}}]}}));
        world
    };
    let reasons = doubts(&around(vec![], "v", true));
    assert!(reasons.iter().any(|reason| reason.contains("`nva`")), "{reasons:?}");
    assert_eq!(
        doubts(&around(vec![], "w", true)),
        Vec::<String>::new(),
        "a network that nothing joins to it"
    );
    assert_eq!(doubts(&around(vec![], "v", false)), Vec::<String>::new(), "the internet has no way to it");
    // Nothing gets in to it itself.
    let mut shut = around(vec![], "v", true);
    let own = shut.all.iter_mut().find(|one| one["id"] == net("networkSecurityGroups/own")).unwrap();
    own["properties"]["securityRules"] = json!([]);
    assert_eq!(doubts(&shut), Vec::<String>::new());
    // A way in by one NIC of it, and another that passes on.
    let mut two = around(vec![], "v", true);
    let nva =
        two.all.iter_mut().find(|one| one["id"].as_str().unwrap().ends_with("virtualMachines/nva")).unwrap();
    let nics = &mut nva["properties"]["networkProfile"]["networkInterfaces"];
    nics.as_array_mut().unwrap().push(id("networkInterfaces/inner"));
    let outer = two.all.iter_mut().find(|one| one["id"] == net("networkInterfaces/nva")).unwrap();
    outer["properties"]["enableIPForwarding"] = false.into();
    let mut inner = outer.clone();
    inner["id"] = net("networkInterfaces/inner").into();
    inner["properties"]["enableIPForwarding"] = true.into();
    inner["properties"]["ipConfigurations"][0]["properties"]
        .as_object_mut()
        .unwrap()
        .remove("publicIPAddress");
    two.all.push(inner);
    assert!(doubts(&two).iter().any(|reason| reason.contains("`inner`")), "{:?}", doubts(&two));
    // It may keep the client's address, so a rule for the network around does not settle it; a whole one does.
    let no_network = rule("no-network", 200, "Deny", "VirtualNetwork", "*");
    let ssh = rule("ssh", 300, "Allow", "*", "22");
    assert!(!doubts(&around(vec![no_network.clone(), ssh], "v", true)).is_empty());
    assert_eq!(doubts(&around(vec![no_network], "v", true)), Vec::<String>::new());
    assert_eq!(doubts(&around(vec![rule("shut", 200, "Deny", "*", "*")], "v", true)), Vec::<String>::new());
}

#[test]
fn a_gateway_whose_members_are_not_told_may_lead_to_anybody_around_it() {
    let gateway = |pools: Value| {
        json!({"id": net("applicationGateways/ag"), "properties": {
            "gatewayIPConfigurations": [{"properties": {"subnet": id("virtualNetworks/v/subnets/web")}}],
            "frontendIPConfigurations": [{"properties": {"publicIPAddress": id("publicIPAddresses/front")}}],
            "backendAddressPools": pools, "backendHttpSettingsCollection": [{"properties": {"port": 22}}]}})
    };
    let other = json!([{"id": net("applicationGateways/ag/backendAddressPools/b"),
        "properties": {"backendAddresses": [{"ipAddress": "10.0.0.9"}]}}]);
    assert_eq!(doubts(&World::new(Some(vec![])).with(gateway(other))), Vec::<String>::new());
    let unread = World::new(Some(vec![])).with(gateway(json!({"$unknown": {"reason": "a parameter"}})));
    assert!(doubts(&unread).iter().any(|reason| reason.contains("`ag`")), "{:?}", doubts(&unread));
    let shut = vec![rule("no-gateway", 200, "Deny", "10.0.2.0/24", "*")];
    let unread = World::new(Some(shut)).with(gateway(json!({"$unknown": {"reason": "a parameter"}})));
    assert_eq!(doubts(&unread), Vec::<String>::new());
}

#[test]
fn a_private_link_service_is_a_named_unknown() {
    let world = |rules: Vec<Value>, linked: bool| {
        let mut private = balancer("Standard", json!({}));
        private["properties"]["loadBalancingRules"] = forward(
            "loadBalancingRules",
            "inner",
            &json!({"frontendPort": 22, "backendPort": 22, "backendAddressPool": id("loadBalancers/lb/backendAddressPools/b")}),
        );
        let world = World::new(Some(rules)).with(private);
        if !linked {
            return world;
        }
        world.with(json!({"id": net("privateLinkServices/pls"), "properties": {
            "loadBalancerFrontendIpConfigurations": [id("loadBalancers/lb/frontendIPConfigurations/inner")],
            "ipConfigurations": [{"properties": {"subnet": id("virtualNetworks/v/subnets/web")}}]}}))
    };
    assert_eq!(doubts(&world(vec![], false)), Vec::<String>::new());
    let reasons = doubts(&world(vec![], true));
    assert!(reasons.iter().any(|reason| reason.contains("`pls`")), "{reasons:?}");
    // Its packets come from its own subnet.
    let shut = vec![rule("no-link", 200, "Deny", "10.0.2.0/24", "*")];
    assert_eq!(doubts(&world(shut, true)), Vec::<String>::new());
}

#[test]
fn a_scale_set_of_appliances_is_one_as_well() {
    let set = |forwards: bool, public: bool| {
        let mut ip = json!({"subnet": id("virtualNetworks/v/subnets/web")});
        if public {
            ip["publicIPAddressConfiguration"] = json!({"name": "p", "sku": {"name": "Standard"}});
        }
        World::new(Some(vec![]))
            .with(json!({"id": format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/ss"), "properties": {
                "virtualMachineProfile": {"networkProfile": {"networkInterfaceConfigurations": [{"name": "n",
                    "properties": {"enableIPForwarding": forwards, "networkSecurityGroup": id("networkSecurityGroups/own"),
                        "ipConfigurations": [{"name": "i", "properties": ip}]}}]}}}}))
            .with(json!({"id": net("networkSecurityGroups/own"),
                "properties": {"securityRules": [rule("web", 300, "Allow", "Internet", "443")]}}))
    };
    assert_eq!(doubts(&set(true, true)).len(), 1, "{:?}", doubts(&set(true, true)));
    assert_eq!(doubts(&set(false, true)), Vec::<String>::new());
    assert_eq!(doubts(&set(true, false)), Vec::<String>::new());
}
