//! Load balancers: rules, inbound NAT rules, pools, what their SKU lets in.

use serde_json::{Value, json};

use crate::common::{RG, id, net, run};
use crate::firewalls::firewall;
use crate::world::{IP, World, evidence, rule, verdict};

/// A load balancer with a public frontend `f`, a private one `inner` and a pool `b` with the VM in it.
pub(crate) fn balancer(sku: &str, parts: Value) -> Value {
    let mut properties = json!({
        "frontendIPConfigurations": [
            {"id": net("loadBalancers/lb/frontendIPConfigurations/f"),
             "properties": {"publicIPAddress": id("publicIPAddresses/front")}},
            {"id": net("loadBalancers/lb/frontendIPConfigurations/inner"),
             "properties": {"privateIPAddress": "10.0.0.100", "subnet": id("virtualNetworks/v/subnets/s")}},
        ],
        "backendAddressPools": [{"id": net("loadBalancers/lb/backendAddressPools/b"),
            "properties": {"backendIPConfigurations": [id(IP)]}}],
    });
    for (name, value) in parts.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!({"id": net("loadBalancers/lb"), "sku": {"name": sku}, "properties": properties})
}

pub(crate) fn forward(list: &str, frontend: &str, fields: &Value) -> Value {
    let mut properties = json!({
        "frontendIPConfiguration": id(&format!("loadBalancers/lb/frontendIPConfigurations/{frontend}")),
        "protocol": "Tcp",
    });
    for (name, value) in fields.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!([{"id": net(&format!("loadBalancers/lb/{list}/r")), "name": "r", "properties": properties}])
}

pub(crate) fn nat(fields: &Value) -> Value {
    json!({"inboundNatRules": forward("inboundNatRules", "f", fields)})
}

pub(crate) fn balanced(fields: &Value) -> Value {
    let mut fields = fields.clone();
    fields["backendAddressPool"] = id("loadBalancers/lb/backendAddressPools/b");
    json!({"loadBalancingRules": forward("loadBalancingRules", "f", &fields)})
}

pub(crate) fn ssh_for_all() -> Option<Vec<Value>> {
    Some(vec![rule("ssh", 300, "Allow", "*", "22")])
}

#[test]
fn a_nat_rule_leads_to_the_backend_port() {
    let rule_22 = nat(&json!({"frontendPort": 50022, "backendPort": 22, "backendIPConfiguration": id(IP)}));
    let world = World::new(ssh_for_all()).with(balancer("Standard", rule_22.clone()));
    let report = world.check();
    world.verify(&report);
    let port = &evidence(&report, "NET001")[0];
    assert_eq!(port["port"], "22");
    assert_eq!(port["through"]["frontend_port"], "50022");
    assert_eq!(port["through"]["backend_port"], "22");
    assert_eq!(port["through"]["kind"], "load-balancer");
    assert_eq!(port["via"], format!("public-ip {}", net("publicIPAddresses/front")));
    assert!(port["witness"]["to"].as_str().unwrap().ends_with(":22"), "{port}");
    // A group sees the backend port: one that opens the frontend's lets nothing in.
    let frontend = World::new(Some(vec![rule("x", 300, "Allow", "*", "50022")]));
    assert_eq!(frontend.with(balancer("Standard", rule_22.clone())).verdict(), "pass");
    // And what the group lets in besides does not come by this way.
    let wide = World::new(Some(vec![rule("all", 300, "Allow", "*", "*")]));
    let report = wide.with(balancer("Standard", rule_22)).check();
    let ports: Vec<_> =
        evidence(&report, "NET001").as_array().unwrap().iter().map(|port| &port["port"]).collect();
    assert_eq!(ports, ["22"]);
    assert_eq!(verdict(&report, "NET002"), "pass");
    assert_eq!(verdict(&report, "NET003"), "pass");
}

#[test]
fn a_nat_rule_of_version_two_forwards_a_range_to_a_pool() {
    let ranged =
        nat(&json!({"frontendPortRangeStart": 5000, "frontendPortRangeEnd": 5099, "frontendPort": 0,
        "backendPort": 3389, "backendAddressPool": id("loadBalancers/lb/backendAddressPools/b")}));
    let open = World::new(Some(vec![rule("rdp", 300, "Allow", "Internet", "3389")]));
    let report = open.with(balancer("Standard", ranged)).check();
    assert_eq!(evidence(&report, "NET001")[0]["through"]["frontend_port"], "5000-5099");
}

#[test]
fn a_nat_pool_forwards_to_instances() {
    let pool = json!({"inboundNatPools": forward("inboundNatPools", "f",
        &json!({"frontendPortRangeStart": 50000, "frontendPortRangeEnd": 50119, "backendPort": 22}))});
    let mut world = World::new(ssh_for_all()).with(balancer("Standard", pool));
    world.all[1]["properties"]["ipConfigurations"][0]["properties"]["loadBalancerInboundNatPools"] =
        json!([id("loadBalancers/lb/inboundNatPools/r")]);
    assert_eq!(world.verdict(), "fail");
}

#[test]
fn load_balancing_rules_and_ha_ports() {
    let from = |frontend: u16, backend: u16, protocol: &str| {
        balanced(&json!({"frontendPort": frontend, "backendPort": backend, "protocol": protocol}))
    };
    let verdict = |parts: Value| World::new(ssh_for_all()).with(balancer("Standard", parts)).verdict();
    assert_eq!(verdict(from(2222, 22, "Tcp")), "fail");
    assert_eq!(verdict(from(22, 8022, "Tcp")), "pass", "it goes to another port");
    assert_eq!(verdict(from(22, 22, "Udp")), "pass", "SSH is TCP");
    assert_eq!(verdict(from(0, 0, "All")), "fail", "every port");
    assert_eq!(verdict(json!({})), "pass", "a pool without rules forwards nothing");
}

#[test]
fn either_side_tells_who_is_a_member() {
    let parts = balanced(&json!({"frontendPort": 22, "backendPort": 22}));
    let mut by_nic = balancer("Standard", parts.clone());
    by_nic["properties"]["backendAddressPools"][0]["properties"] = json!({});
    assert_eq!(World::new(ssh_for_all()).with(by_nic.clone()).verdict(), "pass");
    let mut world = World::new(ssh_for_all()).with(by_nic);
    world.all[1]["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] =
        json!([id("loadBalancers/lb/backendAddressPools/b")]);
    assert_eq!(world.verdict(), "fail");
    let by_address = |network: &str| {
        let mut one = balancer("Standard", parts.clone());
        one["properties"]["backendAddressPools"][0]["properties"] = json!({"loadBalancerBackendAddresses": [
            {"name": "a", "properties": {"ipAddress": "10.0.0.4", "virtualNetwork": id(network)}}]});
        World::new(ssh_for_all()).with(one).verdict()
    };
    assert_eq!(by_address("virtualNetworks/v"), "fail");
    assert_eq!(by_address("virtualNetworks/other"), "pass", "the same address in another network");
}

#[test]
fn parts_that_are_resources_of_their_own_belong_to_their_balancer() {
    let all = nat(&json!({"frontendPort": 50022, "backendPort": 22, "backendIPConfiguration": id(IP)}));
    let lone = all["inboundNatRules"][0].clone();
    let world = World::new(ssh_for_all()).with(balancer("Standard", json!({}))).with(lone.clone());
    assert_eq!(world.verdict(), "fail");
    // Without the balancer itself nobody can tell where it listens.
    assert_eq!(World::new(ssh_for_all()).with(lone).verdict(), "unknown");
}

#[test]
fn a_private_balancer_lets_nobody_in_and_an_unknown_one_may() {
    let mut private = balancer("Standard", json!({}));
    private["properties"]["loadBalancingRules"] = forward(
        "loadBalancingRules",
        "inner",
        &json!({"frontendPort": 22, "backendPort": 22, "backendAddressPool": id("loadBalancers/lb/backendAddressPools/b")}),
    );
    assert_eq!(World::new(ssh_for_all()).with(private).verdict(), "pass");
    let mut world = World::new(ssh_for_all());
    world.all[1]["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] =
        json!([id("loadBalancers/missing/backendAddressPools/b")]);
    assert_eq!(world.verdict(), "unknown");
    let unclear =
        balanced(&json!({"frontendPort": 22, "backendPort": {"$unknown": {"reason": "a parameter"}}}));
    assert_eq!(World::new(ssh_for_all()).with(balancer("Standard", unclear)).verdict(), "unknown");
}

#[test]
fn the_sku_decides_where_no_group_looks() {
    let parts = || balanced(&json!({"frontendPort": 22, "backendPort": 22}));
    assert_eq!(World::new(None).with(balancer("Standard", parts())).verdict(), "pass");
    let basic = World::new(None).with(balancer("Basic", parts()));
    assert_eq!(basic.verdict(), "fail");
    let report = basic.check();
    let finding = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "NET001").unwrap();
    assert_eq!(finding["cause"]["pointer"], "/properties/loadBalancingRules/0");
    assert!(finding["fix"].as_str().unwrap().contains("az network lb rule delete"), "{finding:#}");
}

#[test]
fn floating_ip_hides_the_address_of_the_vm() {
    let parts = || balanced(&json!({"frontendPort": 22, "backendPort": 22, "enableFloatingIP": true}));
    assert_eq!(World::new(ssh_for_all()).with(balancer("Standard", parts())).verdict(), "fail");
    let mut named = rule("ssh", 300, "Allow", "*", "22");
    named["properties"]["destinationAddressPrefix"] = "10.0.0.4".into();
    assert_eq!(World::new(Some(vec![named])).with(balancer("Standard", parts())).verdict(), "unknown");
}

#[test]
fn a_nat_rule_to_a_nic_that_is_not_there_is_told() {
    let astray = nat(&json!({"frontendPort": 50022, "backendPort": 22,
        "backendIPConfiguration": id("networkInterfaces/gone/ipConfigurations/i")}));
    let report = World::new(ssh_for_all()).with(balancer("Standard", astray)).check();
    let rows = report["unknown"].as_array().unwrap();
    let row = rows.iter().find(|row| row["code"] == "NET001").unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(row["sample"][0], net("loadBalancers/lb"));
    assert!(row["reason"].as_str().unwrap().contains("network interface"), "{row}");
}

#[test]
fn a_balancer_whose_targets_cannot_be_read_may_forward_to_anybody() {
    let unknown = || json!({"$unknown": {"reason": "a parameter"}});
    let elsewhere = |parts: Value| {
        let mut other = balancer("Standard", parts);
        // The VM is in no pool of it.
        if other["properties"]["backendAddressPools"].is_array() {
            other["properties"]["backendAddressPools"] = json!([]);
        }
        World::new(ssh_for_all()).with(other).verdict()
    };
    assert_eq!(elsewhere(json!({"inboundNatRules": [], "loadBalancingRules": []})), "pass");
    assert_eq!(elsewhere(json!({"inboundNatRules": unknown()})), "unknown");
    assert_eq!(elsewhere(json!({"backendAddressPools": unknown()})), "unknown");
}

#[test]
fn a_private_frontend_without_an_address_may_be_any_of_them() {
    let mut private = balancer("Standard", json!({}));
    private["properties"]["loadBalancingRules"] = forward(
        "loadBalancingRules",
        "inner",
        &json!({"frontendPort": 2200, "backendPort": 22, "backendAddressPool": id("loadBalancers/lb/backendAddressPools/b")}),
    );
    private["properties"]["frontendIPConfigurations"][1]["properties"]
        .as_object_mut()
        .unwrap()
        .remove("privateIPAddress");
    let to = |address: &str| {
        World::new(Some(vec![])).with(private.clone()).with(firewall("*", address, "2200")).verdict()
    };
    assert_eq!(to("10.0.0.100"), "unknown");
    assert_eq!(World::new(Some(vec![])).with(private.clone()).verdict(), "pass");
}

#[test]
fn a_member_that_is_out_of_service_gets_no_new_connections() {
    let with = |state: &str, probe: bool| {
        let mut fields = json!({"frontendPort": 22, "backendPort": 22});
        if probe {
            fields["probe"] = id("loadBalancers/lb/probes/p");
        }
        let mut lb = balancer("Standard", balanced(&fields));
        lb["properties"]["backendAddressPools"][0]["properties"] = json!({"loadBalancerBackendAddresses": [
            {"name": "a", "properties": {"networkInterfaceIPConfiguration": id(IP), "adminState": state}}]});
        World::new(ssh_for_all()).with(lb).verdict()
    };
    assert_eq!(with("Down", true), "pass");
    assert_eq!(with("Down", false), "fail", "it counts just beside a probe");
    assert_eq!(with("None", true), "fail");
    assert_eq!(with("Up", true), "fail");
}

#[test]
fn instances_that_a_pool_lists_and_the_model_does_not_are_told() {
    let set = format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/ss");
    let pool = id("loadBalancers/lb/backendAddressPools/b");
    let with = |in_model: bool, record: bool| {
        let mut lb = balancer("Basic", balanced(&json!({"frontendPort": 22, "backendPort": 22})));
        let instance = format!("{set}/virtualMachines/0/networkInterfaces/n/ipConfigurations/i");
        lb["properties"]["backendAddressPools"][0]["properties"] =
            json!({"backendIPConfigurations": [{"id": instance}]});
        let pools = if in_model { json!([pool.clone()]) } else { json!([]) };
        let mut world = World::new(Some(vec![])).with(lb);
        if record {
            world.all.push(json!({"id": set, "properties": {"virtualMachineProfile": {"networkProfile": {
                "networkInterfaceConfigurations": [{"name": "n", "properties": {"ipConfigurations": [{"name": "i",
                    "properties": {"subnet": id("virtualNetworks/v/subnets/web"),
                        "loadBalancerBackendAddressPools": pools}}]}}]}}}}));
        }
        let report = world.check();
        let reached = record.then(|| {
            let ran = run(
                &["reach", "-", "--to", "ss", "--from", "internet", "--format", "json"],
                world.text().as_bytes(),
            );
            ran.json()["verdict"].as_str().unwrap().to_owned()
        });
        (verdict(&report, "NET001"), reached)
    };
    assert_eq!(with(true, true), ("fail", Some("reachable".to_owned())));
    assert_eq!(with(false, true), ("unknown", Some("unknown".to_owned())));
    assert_eq!(with(true, false), ("unknown", None));
}
