//! Machines: scale sets, stopped ones, retired addresses, replies.

use serde_json::{Value, json};

use crate::balancers::{balanced, balancer, forward, ssh_for_all};
use crate::common::{RG, id, net, run};
use crate::world::{World, evidence, public, rule, verdict};

/// A uniform scale set whose NIC has these members.
pub(crate) fn scale_set(nic: Value, ip: Value) -> Value {
    let mut ip_properties = json!({"subnet": id("virtualNetworks/v/subnets/s")});
    for (name, value) in ip.as_object().unwrap() {
        ip_properties[name] = value.clone();
    }
    let mut properties = json!({"ipConfigurations": [{"name": "i", "properties": ip_properties}]});
    for (name, value) in nic.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!({"id": format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/set"), "sku": {"capacity": 3},
      "properties": {"orchestrationMode": "Uniform", "virtualMachineProfile": {
        "osProfile": {"adminUsername": "azureuser", "linuxConfiguration": {"disablePasswordAuthentication": false}},
        "storageProfile": {"osDisk": {"osType": "Linux"}},
        "networkProfile": {"networkInterfaceConfigurations": [{"name": "n", "properties": properties}]}}}})
}

#[test]
fn a_scale_set_is_judged_by_its_model() {
    let set = format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/set");
    let verdict_of = |world: &World| {
        let report = world.check();
        world.verify(&report);
        let findings = report["findings"].as_array().unwrap().clone();
        findings
            .into_iter()
            .filter(|finding| finding["resource"] == set)
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let public = |sku: Option<&str>| json!({"publicIPAddressConfiguration": {"name": "pub", "sku": sku.map(|sku| json!({"name": sku}))}});
    let has = |codes: &[String], code: &str| codes.iter().any(|one| one == code);
    // Instances have public addresses that no record of their own tells.
    let open = World::new(ssh_for_all()).with(scale_set(json!({}), public(Some("Standard"))));
    let codes = verdict_of(&open);
    for code in ["NET001", "NET004", "ACC001", "ACC002"] {
        assert!(has(&codes, code), "{code} in {codes:?}");
    }
    assert!(!has(
        &verdict_of(&World::new(None).with(scale_set(json!({}), public(Some("Standard"))))),
        "NET001"
    ));
    assert!(has(&verdict_of(&World::new(None).with(scale_set(json!({}), public(Some("Basic"))))), "NET001"));
    // The group of the NIC's model counts as well.
    let guarded = json!({"networkSecurityGroup": id("networkSecurityGroups/shut")});
    let shut = json!({"id": net("networkSecurityGroups/shut"), "properties": {"securityRules": []}});
    let world = World::new(ssh_for_all()).with(scale_set(guarded, public(Some("Standard")))).with(shut);
    assert!(!has(&verdict_of(&world), "NET001"));
    // A NAT pool leads to each instance.
    let pool = json!({"inboundNatPools": forward("inboundNatPools", "f",
        &json!({"frontendPortRangeStart": 50000, "frontendPortRangeEnd": 50119, "backendPort": 22}))});
    let pooled = json!({"loadBalancerInboundNatPools": [id("loadBalancers/lb/inboundNatPools/r")]});
    let world = World::new(ssh_for_all()).with(scale_set(json!({}), pooled)).with(balancer("Standard", pool));
    assert!(has(&verdict_of(&world), "NET001"));
    // Positions are those of the scale set's own record.
    let report = open.check();
    let of = |code: &str| {
        let all = report["findings"].as_array().unwrap();
        all.iter().find(|finding| finding["code"] == code).unwrap().clone()
    };
    assert_eq!(of("ACC001")["cause"]["pointer"], "/properties/virtualMachineProfile/osProfile/adminUsername");
    assert!(of("ACC001")["location"]["line"].is_number());
    // A set without a word of its SKU: nobody can tell where no group looks.
    let report = World::new(None).with(scale_set(json!({}), public(None))).check();
    assert_eq!(verdict(&report, "NET001"), "unknown");
    // One that tells nothing of its instances.
    let bare = json!({"id": set, "properties": {"orchestrationMode": "Flexible"}});
    assert_eq!(verdict(&World::new(None).with(bare).check(), "NET001"), "unknown");
}

#[test]
fn instances_of_a_uniform_scale_set_are_vms() {
    let instance = format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/set/virtualMachines/0");
    let nic = format!("{instance}/networkInterfaces/n");
    let public = format!("{nic}/ipConfigurations/i/publicIPAddresses/pub");
    let world = World::new(ssh_for_all())
        .with(json!({"id": instance, "properties": {"networkProfile": {"networkInterfaces": [{"id": nic}]}}}))
        .with(json!({"id": nic, "properties": {"virtualMachine": {"id": instance}, "ipConfigurations": [
            {"name": "i", "properties": {"privateIPAddress": "10.0.0.9", "subnet": id("virtualNetworks/v/subnets/s"),
             "publicIPAddress": {"id": public}}}]}}))
        .with(json!({"id": public, "sku": {"name": "Standard"}, "properties": {"ipAddress": "20.1.2.9"}}));
    let report = world.check();
    let finding = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "NET001").unwrap();
    assert_eq!(finding["resource"], instance);
    world.verify(&report);
}

#[test]
fn a_stopped_vm_is_exposed_once_it_starts() {
    let mut world = public(vec![rule("ssh", 300, "Allow", "*", "22")]);
    world.all[0]["powerState"] = "VM deallocated".into();
    let report = world.check();
    let finding = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "NET001").unwrap();
    assert!(
        finding["message"].as_str().unwrap().ends_with("as soon as it starts: it is stopped now"),
        "{finding}"
    );
    world.all[0]["powerState"] = "VM running".into();
    assert!(!world.check().to_string().contains("it is stopped now"));
}

#[test]
fn the_retired_sku_is_a_finding_of_its_own() {
    let basic = |public_sku: &str, balancer_sku: &str| {
        let mut world = public(vec![]);
        world.all[3]["sku"]["name"] = public_sku.into();
        let mut parts = balanced(&json!({"frontendPort": 80, "backendPort": 80}));
        parts["frontendIPConfigurations"] = json!([{"id": net("loadBalancers/lb/frontendIPConfigurations/f"),
            "properties": {"publicIPAddress": id("publicIPAddresses/other")}}]);
        verdict(&world.with(balancer(balancer_sku, parts)).check(), "NET008")
    };
    assert_eq!(basic("Standard", "Standard"), "pass");
    assert_eq!(basic("Basic", "Standard"), "fail");
    assert_eq!(basic("Standard", "Basic"), "fail");
    let mut gone = public(vec![]);
    gone.all.remove(3);
    assert_eq!(verdict(&gone.check(), "NET008"), "unknown");
}

#[test]
fn replies_that_leave_another_way_are_told_and_the_port_stays_open() {
    let routed = |hop: Value| {
        let mut world = public(vec![rule("ssh", 300, "Allow", "*", "22")]);
        world.all[2]["properties"]["subnets"][0]["properties"]["routeTable"] = id("routeTables/t");
        let mut route = json!({"addressPrefix": "0.0.0.0/0"});
        for (name, value) in hop.as_object().unwrap() {
            route[name] = value.clone();
        }
        world.with(json!({"id": net("routeTables/t"), "properties": {"disableBgpRoutePropagation": true,
            "routes": [{"name": "all", "id": net("routeTables/t/routes/all"), "properties": route}]}}))
    };
    let through = routed(json!({"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.1.4"}));
    let report = through.check();
    let port = &evidence(&report, "NET001")[0];
    assert_eq!(port["replies"], json!({"next_hop_type": "VirtualAppliance", "next_hop_ip": "10.0.1.4"}));
    let text = run(&["check", "-"], through.text().as_bytes()).out;
    assert!(text.contains("replies leave by VirtualAppliance 10.0.1.4"), "{text}");
    let reached = run(&["reach", "-", "--to", "m", "--from", "internet"], through.text().as_bytes()).out;
    assert!(reached.contains("replies leave by VirtualAppliance 10.0.1.4"), "{reached}");
    let dropped = run(&["check", "-"], routed(json!({"nextHopType": "None"})).text().as_bytes()).out;
    assert!(dropped.contains("a route drops replies"), "{dropped}");
    let direct = routed(json!({"nextHopType": "Internet"}));
    assert_eq!(evidence(&direct.check(), "NET001")[0]["replies"], Value::Null);
}

#[test]
fn a_machine_without_an_address_yet_may_get_any_of_its_subnet() {
    let open = |destination: &str| {
        let mut ssh = rule("ssh", 300, "Allow", "*", "22");
        ssh["properties"]["destinationAddressPrefix"] = destination.into();
        let mut world = public(vec![ssh]);
        world.all[1]["properties"]["ipConfigurations"][0]["properties"]
            .as_object_mut()
            .unwrap()
            .remove("privateIPAddress");
        world.verdict()
    };
    assert_eq!(open("*"), "fail");
    assert_eq!(open("10.0.0.0/24"), "fail", "all of the subnet");
    assert_eq!(open("10.0.0.0/16"), "fail");
    assert_eq!(open("10.0.9.0/24"), "pass", "none of it");
    assert_eq!(open("10.0.0.4"), "unknown", "some of it");
    assert_eq!(open("VirtualNetwork"), "fail");
    assert_eq!(open("Storage"), "unknown", "a network may use public addresses inside");
}
