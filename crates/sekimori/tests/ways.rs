//! Ways in besides a public address of the VM's own: load balancers, firewalls, gateways; and security admin
//! rules, which come before all groups.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{RG, check, run, run_in, scratch};
use serde_json::{Value, json};

fn net(name: &str) -> String {
    format!("{RG}/Microsoft.Network/{name}")
}

fn id(name: &str) -> Value {
    json!({"id": net(name)})
}

/// A rule of a group: name, priority, access, protocol, source, ports.
fn rule(name: &str, priority: u32, access: &str, source: &str, port: &str) -> Value {
    json!({"name": name, "properties": {
        "priority": priority, "direction": "Inbound", "access": access, "protocol": "*",
        "sourceAddressPrefix": source, "sourcePortRange": "*",
        "destinationAddressPrefix": "*", "destinationPortRange": port,
    }})
}

/// A VM `m` at 10.0.0.4 without a public address, in a subnet with a group of these rules.
struct World {
    all: Vec<Value>,
}

const IP: &str = "networkInterfaces/n/ipConfigurations/i";

impl World {
    fn new(rules: Option<Vec<Value>>) -> Self {
        let group = rules.as_ref().map(|_| id("networkSecurityGroups/g"));
        let mut all = vec![
            json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/m"), "properties": {
                "networkProfile": {"networkInterfaces": [id("networkInterfaces/n")]}}}),
            json!({"id": net("networkInterfaces/n"), "properties": {
                "virtualMachine": {"id": format!("{RG}/Microsoft.Compute/virtualMachines/m")},
                "ipConfigurations": [{"name": "i", "id": net(IP), "properties": {
                    "privateIPAddress": "10.0.0.4", "subnet": id("virtualNetworks/v/subnets/s")}}]}}),
            json!({"id": net("virtualNetworks/v"), "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [
                {"id": net("virtualNetworks/v/subnets/s"),
                 "properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": group}},
                {"id": net("virtualNetworks/v/subnets/AzureFirewallSubnet"),
                 "properties": {"addressPrefix": "10.0.1.0/26"}},
                {"id": net("virtualNetworks/v/subnets/web"),
                 "properties": {"addressPrefix": "10.0.2.0/24"}},
            ]}}),
            json!({"id": net("publicIPAddresses/front"), "sku": {"name": "Standard"},
                   "properties": {"ipAddress": "20.1.2.3"}}),
        ];
        if let Some(rules) = rules {
            all.push(json!({"id": net("networkSecurityGroups/g"), "properties": {"securityRules": rules}}));
        }
        Self { all }
    }

    fn with(mut self, resource: Value) -> Self {
        self.all.push(resource);
        self
    }

    fn text(&self) -> String {
        Value::from(self.all.clone()).to_string()
    }

    fn check(&self) -> Value {
        let report = check(&self.text());
        assert_eq!(report["errors"], json!([]), "{report:#}");
        report
    }

    /// What NET001, on SSH and RDP, says of the VM; the findings are verified by walking rules.
    fn verdict(&self) -> &'static str {
        let report = self.check();
        self.verify(&report);
        verdict(&report, "NET001")
    }

    fn verify(&self, report: &Value) {
        let folder = scratch();
        let (source, said) = (folder.path().join("estate.json"), folder.path().join("report.json"));
        std::fs::write(&source, self.text()).unwrap();
        std::fs::write(&said, report.to_string()).unwrap();
        let ran = run_in(folder.path(), &["verify-evidence", "report.json", "estate.json"], b"", &[]);
        assert_eq!(ran.code, 0, "{}{}\n{report:#}", ran.out, ran.err);
    }
}

fn verdict(report: &Value, code: &str) -> &'static str {
    let has = |list: &str| report[list].as_array().unwrap().iter().any(|row| row["code"] == code);
    match (has("findings"), has("unknown")) {
        (true, _) => "fail",
        (false, true) => "unknown",
        (false, false) => "pass",
    }
}

fn evidence<'r>(report: &'r Value, code: &str) -> &'r Value {
    let all = report["findings"].as_array().unwrap();
    let found = all.iter().find(|finding| finding["code"] == code);
    &found.unwrap_or_else(|| panic!("{code} in {report:#}"))["evidence"]["ports"]
}

/// A load balancer with a public frontend `f`, a private one `inner` and a pool `b` with the VM in it.
fn balancer(sku: &str, parts: Value) -> Value {
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

fn forward(list: &str, frontend: &str, fields: &Value) -> Value {
    let mut properties = json!({
        "frontendIPConfiguration": id(&format!("loadBalancers/lb/frontendIPConfigurations/{frontend}")),
        "protocol": "Tcp",
    });
    for (name, value) in fields.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!([{"id": net(&format!("loadBalancers/lb/{list}/r")), "name": "r", "properties": properties}])
}

fn nat(fields: &Value) -> Value {
    json!({"inboundNatRules": forward("inboundNatRules", "f", fields)})
}

fn balanced(fields: &Value) -> Value {
    let mut fields = fields.clone();
    fields["backendAddressPool"] = id("loadBalancers/lb/backendAddressPools/b");
    json!({"loadBalancingRules": forward("loadBalancingRules", "f", &fields)})
}

fn ssh_for_all() -> Option<Vec<Value>> {
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

/// A classic firewall that sends `to:port` what comes to its port 4000 from `source`.
fn firewall(source: &str, to: &str, port: &str) -> Value {
    json!({"id": net("azureFirewalls/fw"), "properties": {
        "ipConfigurations": [{"name": "c", "properties": {
            "subnet": id("virtualNetworks/v/subnets/AzureFirewallSubnet"),
            "publicIPAddress": id("publicIPAddresses/front")}}],
        "natRuleCollections": [{"name": "in", "properties": {"priority": 200, "action": {"type": "Dnat"}, "rules": [
            {"name": "to-vm", "protocols": ["TCP"], "sourceAddresses": [source],
             "destinationAddresses": ["20.1.2.3"], "destinationPorts": ["4000"],
             "translatedAddress": to, "translatedPort": port}]}}],
        "networkRuleCollections": [],
    }})
}

#[test]
fn a_firewall_translates_and_its_packets_come_from_inside() {
    // No rule of its own: the default rule for the network lets the firewall in.
    let world = World::new(Some(vec![])).with(firewall("*", "10.0.0.4", "3389"));
    let report = world.check();
    world.verify(&report);
    let port = &evidence(&report, "NET001")[0];
    assert_eq!(port["through"]["kind"], "firewall");
    assert_eq!(port["through"]["seen_from"], json!(["10.0.1.0/26"]));
    assert_eq!(port["through"]["frontend_port"], "4000");
    assert_eq!(port["decided_by"][0]["rule"], "defaultSecurityRules/AllowVnetInBound");
    let finding = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "NET001").unwrap();
    assert_eq!(finding["cause"]["resource"], net("azureFirewalls/fw"));
    // The client's address does not matter to the group, the firewall's does.
    let verdict = |rules: Vec<Value>, firewall: Value| World::new(Some(rules)).with(firewall).verdict();
    let to_vm = || firewall("*", "10.0.0.4", "3389");
    assert_eq!(verdict(vec![rule("no-internet", 200, "Deny", "Internet", "*")], to_vm()), "fail");
    assert_eq!(verdict(vec![rule("no-firewall", 200, "Deny", "10.0.1.0/26", "*")], to_vm()), "pass");
    assert_eq!(verdict(vec![rule("half", 200, "Deny", "10.0.1.0/27", "*")], to_vm()), "unknown");
    // The firewall's own sources count.
    assert_eq!(verdict(vec![], firewall("203.0.113.0/28", "10.0.0.4", "3389")), "pass");
    assert_eq!(verdict(vec![], firewall("*", "10.0.0.5", "3389")), "pass", "to another address");
    assert_eq!(verdict(vec![], firewall("*", "10.0.0.4", "8080")), "pass", "to another port");
}

#[test]
fn a_firewall_may_lead_to_a_private_balancer() {
    let mut private = balancer("Standard", json!({}));
    private["properties"]["loadBalancingRules"] = forward(
        "loadBalancingRules",
        "inner",
        &json!({"frontendPort": 2200, "backendPort": 22, "backendAddressPool": id("loadBalancers/lb/backendAddressPools/b")}),
    );
    let world =
        |port: &str| World::new(Some(vec![])).with(private.clone()).with(firewall("*", "10.0.0.100", port));
    assert_eq!(world("2200").verdict(), "fail");
    assert_eq!(world("22").verdict(), "pass", "the balancer does not listen there");
}

#[test]
fn an_earlier_translation_takes_the_packet() {
    let mut both = firewall("*", "10.0.0.4", "3389");
    let collection = |priority: u32, source: &str| {
        let mut first = firewall(source, "10.0.0.9", "3389")["properties"]["natRuleCollections"][0].clone();
        first["properties"]["priority"] = priority.into();
        first["properties"]["rules"][0]["name"] = "elsewhere".into();
        first
    };
    let all = |fw: &Value, more: Value| {
        let mut fw = fw.clone();
        fw["properties"]["natRuleCollections"].as_array_mut().unwrap().push(more);
        World::new(Some(vec![])).with(fw).verdict()
    };
    assert_eq!(all(&both, collection(100, "*")), "pass");
    assert_eq!(all(&both, collection(300, "*")), "fail");
    assert_eq!(all(&both, collection(100, "203.0.113.0/24")), "fail", "the others still come");
    // A network rule of the firewall that denies may win.
    both["properties"]["networkRuleCollections"] =
        json!([{"name": "d", "properties": {"priority": 100, "action": {"type": "Deny"}, "rules": []}}]);
    assert_eq!(World::new(Some(vec![])).with(both).verdict(), "unknown");
}

#[test]
fn a_policy_holds_the_translations_of_its_firewalls() {
    let mut fw = firewall("*", "10.0.0.4", "3389");
    let rules = fw["properties"]["natRuleCollections"][0]["properties"]["rules"].clone();
    let properties = fw["properties"].as_object_mut().unwrap();
    properties.remove("natRuleCollections");
    properties.remove("networkRuleCollections");
    properties.insert("firewallPolicy".to_owned(), id("firewallPolicies/p"));
    let policy = |groups: Value| json!({"id": net("firewallPolicies/p"), "properties": {"ruleCollectionGroups": groups}});
    let mut rule = rules[0].clone();
    rule["ruleType"] = "NatRule".into();
    rule["ipProtocols"] = json!(["TCP"]);
    let group = json!({"id": net("firewallPolicies/p/ruleCollectionGroups/g"), "properties": {"priority": 100,
        "ruleCollections": [{"ruleCollectionType": "FirewallPolicyNatRuleCollection", "name": "c", "priority": 200,
            "action": {"type": "DNAT"}, "rules": [rule]}]}});
    let listed = json!([id("firewallPolicies/p/ruleCollectionGroups/g")]);
    let world = || World::new(Some(vec![])).with(fw.clone());
    assert_eq!(world().with(policy(listed.clone())).with(group.clone()).verdict(), "fail");
    assert_eq!(world().with(policy(json!([]))).verdict(), "pass", "a policy without rules");
    // Many exports leave the groups out: nobody can tell then.
    assert_eq!(world().with(policy(listed)).verdict(), "unknown");
    assert_eq!(world().verdict(), "unknown");
    // In a network that the firewall does not route to it does not matter.
    let mut elsewhere = world();
    elsewhere.all.push(json!({"id": net("virtualNetworks/w"), "properties": {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
        "subnets": [{"id": net("virtualNetworks/w/subnets/s"), "properties": {"addressPrefix": "10.9.0.0/24"}}]}}));
    elsewhere.all[1]["properties"]["ipConfigurations"][0]["properties"]["subnet"] =
        id("virtualNetworks/w/subnets/s");
    assert_eq!(elsewhere.with(policy(json!([]))).with(group).verdict(), "pass");
}

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

/// A security admin rule, deployed to the network if `vnet` is given.
fn admin(name: &str, access: &str, priority: u32, source: &str, port: &str, vnet: Option<&str>) -> Value {
    let id_text =
        net(&format!("networkManagers/nm/securityAdminConfigurations/c/ruleCollections/rc/rules/{name}"));
    let source = match source {
        "*" => json!([]),
        "Internet" => json!([{"addressPrefixType": "ServiceTag", "addressPrefix": source}]),
        _ => json!([{"addressPrefixType": "IPPrefix", "addressPrefix": source}]),
    };
    let mut rule = json!({"id": id_text, "kind": "Custom", "properties": {
        "access": access, "priority": priority, "direction": "Inbound", "protocol": "Tcp",
        "sources": source, "destinations": [], "destinationPortRanges": [port]}});
    if let Some(vnet) = vnet {
        rule["virtualNetwork"] = id(vnet);
    }
    rule
}

/// A VM with a public address behind a group with these rules.
fn public(rules: Vec<Value>) -> World {
    let mut world = World::new(Some(rules));
    world.all[1]["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] =
        id("publicIPAddresses/front");
    world
}

#[test]
fn admin_rules_come_before_groups() {
    let here = Some("virtualNetworks/v");
    let ssh = || vec![rule("ssh", 300, "Allow", "*", "22")];
    let shut = || vec![rule("shut", 100, "Deny", "*", "*")];
    assert_eq!(public(ssh()).verdict(), "fail");
    assert_eq!(public(ssh()).with(admin("d", "Deny", 10, "Internet", "22", here)).verdict(), "pass");
    assert_eq!(public(ssh()).with(admin("d", "Deny", 10, "*", "3389", here)).verdict(), "fail");
    assert_eq!(
        public(ssh()).with(admin("d", "Deny", 10, "*", "22", Some("virtualNetworks/w"))).verdict(),
        "fail"
    );
    assert_eq!(public(shut()).with(admin("a", "Allow", 10, "*", "22", here)).verdict(), "pass");
    let delivered = public(shut()).with(admin("a", "AlwaysAllow", 10, "*", "22", here));
    assert_eq!(delivered.verdict(), "fail");
    let report = delivered.check();
    let port = &evidence(&report, "NET001")[0];
    assert_eq!(port["decided_by"][0]["level"], "admin");
    assert_eq!(port["decided_by"][0]["rule"], "securityAdminRules/a");
    // The first that matches decides.
    let both = |first: &str, second: &str| {
        public(shut())
            .with(admin("one", first, 10, "*", "22", here))
            .with(admin("two", second, 20, "*", "22", here))
            .verdict()
    };
    assert_eq!(both("Deny", "AlwaysAllow"), "pass");
    assert_eq!(both("AlwaysAllow", "Deny"), "fail");
    assert_eq!(both("Allow", "AlwaysAllow"), "pass");
    // A configuration may be deployed or not.
    assert_eq!(public(ssh()).with(admin("d", "Deny", 10, "*", "22", None)).verdict(), "unknown");
    assert_eq!(public(shut()).with(admin("a", "AlwaysAllow", 10, "*", "22", None)).verdict(), "unknown");
    assert_eq!(public(shut()).with(admin("a", "Allow", 10, "*", "22", None)).verdict(), "pass");
    assert_eq!(public(ssh()).with(admin("a", "Allow", 10, "*", "22", None)).verdict(), "fail");
    // What is dropped certainly does not come back through an uncertain one behind it.
    let denied = public(ssh()).with(admin("d", "Deny", 10, "*", "22", here));
    assert_eq!(denied.with(admin("a", "AlwaysAllow", 20, "*", "22", None)).verdict(), "pass");
}

fn flow(world: &World, remote: &str, port: u16) -> Value {
    let local = format!("10.0.0.4:{port}");
    let ask = ["flow", "-", "--vm", "m", "--direction", "inbound", "--protocol", "TCP", "--local", &local];
    let ran = run(&[&ask[..], &["--remote", remote, "--format", "json"]].concat(), world.text().as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json()
}

#[test]
fn a_flow_asks_admin_rules_first() {
    let here = Some("virtualNetworks/v");
    let world = public(vec![rule("ssh", 300, "Allow", "*", "22")])
        .with(admin("shut", "Deny", 10, "203.0.113.0/24", "22", here))
        .with(admin("in", "AlwaysAllow", 20, "*", "3389", here));
    let denied = flow(&world, "203.0.113.9:50000", 22);
    assert_eq!(
        (denied["access"].as_str(), denied["ruleName"].as_str()),
        (Some("Deny"), Some("securityAdminRules/shut"))
    );
    assert_eq!(denied["chain"][0]["level"], "admin");
    let passed = flow(&world, "198.51.100.9:50000", 22);
    assert_eq!(
        (passed["access"].as_str(), passed["ruleName"].as_str()),
        (Some("Allow"), Some("securityRules/ssh"))
    );
    let delivered = flow(&world, "203.0.113.9:50000", 3389);
    assert_eq!(delivered["ruleName"], "securityAdminRules/in");
    let text = run(
        &[
            "flow",
            "-",
            "--vm",
            "m",
            "--direction",
            "inbound",
            "--protocol",
            "TCP",
            "--local",
            "10.0.0.4:*",
            "--remote",
            "203.0.113.9:50000",
        ],
        world.text().as_bytes(),
    );
    assert!(text.out.starts_with("Partial"), "{}", text.out);
    assert!(text.out.contains("security admin rules") && text.out.contains("AlwaysAllow"), "{}", text.out);
}

#[test]
fn an_expectation_that_does_not_hold_reads_as_a_difference() {
    let world = public(vec![rule("ssh", 300, "Allow", "*", "22")]);
    let folder = scratch();
    std::fs::write(folder.path().join("estate.json"), world.text()).unwrap();
    let line = |expect: &str| {
        json!({"vm": "m", "direction": "inbound", "protocol": "TCP", "local": "10.0.0.4:22",
               "remote": "203.0.113.9:50000", "expect": expect})
        .to_string()
    };
    let ask = |lines: &[String]| {
        std::fs::write(folder.path().join("expected.ndjson"), lines.join("\n")).unwrap();
        run_in(folder.path(), &["flow", "estate.json", "--batch", "expected.ndjson"], b"", &[])
    };
    assert_eq!(ask(&[line("allow")]).code, 0);
    let ran = ask(&[line("Allow"), line("Deny")]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains(
            "expected.ndjson:2: m inbound TCP 203.0.113.9:50000 → 10.0.0.4:22\n  - expected Deny\n  + found    Allow  securityRules/ssh (g)\n"
        ),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("1 of 2 expectations do not hold"), "{}", ran.err);
    let typo = ask(&[line("Alow")]);
    assert_eq!(typo.code, 3);
    assert!(typo.out.contains("is not one of Allow, Deny, Partial, Unknown"), "{}", typo.out);
}

/// A uniform scale set whose NIC has these members.
fn scale_set(nic: Value, ip: Value) -> Value {
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

/// What a report says of input with something wrong in it: the messages, and the verdict of NET001.
fn bad(world: &World) -> (String, &'static str) {
    let report = check(&world.text());
    let errors = report["errors"].as_array().unwrap();
    for error in errors {
        assert!(error["line"].is_number() && error["pointer"].is_string(), "{error}");
    }
    let texts: Vec<_> = errors.iter().map(|error| error["message"].as_str().unwrap()).collect();
    (texts.join("\n"), verdict(&report, "NET001"))
}

#[test]
fn rules_that_azure_would_refuse_are_told_and_never_taken_for_safe() {
    // Priorities outside of what Azure accepts are told; one that is no priority at all may stand anywhere.
    for (priority, expected) in
        [(0u32, "unknown"), (1, "pass"), (99, "pass"), (4097, "fail"), (65000, "fail"), (70000, "unknown")]
    {
        let world =
            public(vec![rule("ssh", 300, "Allow", "*", "22"), rule("shut", priority, "Deny", "*", "*")]);
        let (errors, verdict) = bad(&world);
        assert!(errors.contains("a number from 100 to 4096"), "{priority}: {errors}");
        assert_eq!(verdict, expected, "{priority}");
    }
    let open = public(vec![rule("ssh", 50, "Allow", "*", "22"), rule("all", 100, "Allow", "*", "*")]);
    assert_eq!(bad(&open).1, "fail", "whichever comes first");
    // Singular and plural form of one field that contradict each other.
    let mut wide = rule("ssh", 300, "Allow", "10.0.0.0/8", "22");
    wide["properties"]["sourceAddressPrefixes"] = json!(["*"]);
    let (errors, verdict) = bad(&public(vec![wide.clone()]));
    assert!(
        errors.contains("`sourceAddressPrefix` and `sourceAddressPrefixes` say different things"),
        "{errors}"
    );
    assert_eq!(verdict, "unknown");
    wide["properties"]["sourceAddressPrefixes"] = json!(["10.0.0.0/8"]);
    assert_eq!(bad(&public(vec![wide])), (String::new(), "pass"), "the same twice is no contradiction");
    let mut ports = rule("web", 300, "Allow", "*", "443");
    ports["properties"]["destinationPortRanges"] = json!(["443", "22"]);
    let (errors, verdict) = bad(&public(vec![ports]));
    assert!(errors.contains("`destinationPortRange` and `destinationPortRanges`"), "{errors}");
    assert_eq!(verdict, "unknown");
    // An application security group with members in two networks.
    let mut astray = rule("ssh", 300, "Allow", "*", "22");
    let properties = astray["properties"].as_object_mut().unwrap();
    properties.remove("destinationAddressPrefix");
    properties.insert(
        "destinationApplicationSecurityGroups".to_owned(),
        json!([id("applicationSecurityGroups/a")]),
    );
    let mut world = public(vec![astray]);
    let member = |world: &mut World, nic: usize| {
        world.all[nic]["properties"]["ipConfigurations"][0]["properties"]["applicationSecurityGroups"] =
            json!([id("applicationSecurityGroups/a")]);
    };
    member(&mut world, 1);
    assert_eq!(bad(&world), (String::new(), "fail"));
    let mut other = world.all[1].clone();
    other["id"] = net("networkInterfaces/other").into();
    other["properties"].as_object_mut().unwrap().remove("virtualMachine");
    let ip = &mut other["properties"]["ipConfigurations"][0];
    ip["id"] = net("networkInterfaces/other/ipConfigurations/i").into();
    ip["properties"]["subnet"] = id("virtualNetworks/w/subnets/s");
    world.all.push(other);
    let (errors, verdict) = bad(&world);
    assert!(errors.contains("are in several virtual networks"), "{errors}");
    assert_eq!(verdict, "unknown");
}

#[test]
fn a_peering_to_a_network_that_is_not_there_is_unknown_where_it_matters() {
    let mut world = World::new(Some(vec![]));
    world.all[2]["properties"]["virtualNetworkPeerings"] = json!([{"name": "p", "properties": {
        "peeringState": "Connected", "allowVirtualNetworkAccess": true,
        "remoteVirtualNetwork": id("virtualNetworks/unknown")}}]);
    let answer = flow(&world, "172.16.0.4:50000", 22);
    assert_eq!(answer["access"], "Unknown");
    assert_eq!(
        flow(&world, "8.8.8.8:50000", 22)["access"],
        "Deny",
        "the internet's addresses are not a peer's"
    );
    assert_eq!(flow(&world, "10.0.0.5:50000", 22)["access"], "Allow", "the rest is still answered");
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
    let direct = routed(json!({"nextHopType": "Internet"}));
    assert_eq!(evidence(&direct.check(), "NET001")[0]["replies"], Value::Null);
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

#[test]
fn what_is_not_known_of_a_balancer_behind_a_firewall_is_not_certain() {
    let behind = |fields: Value| {
        let mut private = balancer("Standard", json!({}));
        let mut rule = json!({"frontendPort": 2200, "backendPort": 22,
            "backendAddressPool": id("loadBalancers/lb/backendAddressPools/b")});
        for (name, value) in fields.as_object().unwrap() {
            rule[name] = value.clone();
        }
        private["properties"]["loadBalancingRules"] = forward("loadBalancingRules", "inner", &rule);
        private
    };
    let world = |rules: Vec<Value>, fields: Value| {
        World::new(Some(rules)).with(behind(fields)).with(firewall("*", "10.0.0.100", "2200")).verdict()
    };
    let unknown = json!({"$unknown": {"reason": "a parameter"}});
    assert_eq!(world(vec![], json!({})), "fail");
    assert_eq!(world(vec![], json!({"backendPort": unknown})), "unknown");
    assert_eq!(world(vec![], json!({"protocol": unknown})), "unknown");
    // With floating IP the group sees the frontend's address.
    let mut named = rule("ssh", 300, "Allow", "*", "22");
    named["properties"]["destinationAddressPrefix"] = "10.0.0.4".into();
    let shut = || rule("shut", 400, "Deny", "*", "*");
    assert_eq!(world(vec![named.clone(), shut()], json!({})), "fail");
    assert_eq!(world(vec![named, shut()], json!({"enableFloatingIP": true})), "unknown");
}

#[test]
fn a_translation_is_confirmed_by_any_of_its_ports() {
    let mut fw = firewall("*", "10.0.0.4", "22");
    let rules = fw["properties"]["natRuleCollections"][0]["properties"]["rules"].as_array_mut().unwrap();
    let mut second = rules[0].clone();
    second["name"] = "second".into();
    second["destinationPorts"] = json!(["4000-4001"]);
    second["translatedPort"] = "3389".into();
    rules.push(second);
    let world = World::new(Some(vec![])).with(fw);
    let report = world.check();
    world.verify(&report);
    let ports = evidence(&report, "NET001").as_array().unwrap();
    let said: Vec<_> = ports.iter().map(|port| (&port["port"], &port["through"]["rule"])).collect();
    assert!(said.contains(&(&json!("3389"), &json!("second"))), "{report:#}");
}

#[test]
fn what_follows_from_admin_rules_together_is_certain() {
    let (here, shut) = (Some("virtualNetworks/v"), || vec![rule("shut", 100, "Deny", "*", "*")]);
    let ssh = || vec![rule("ssh", 300, "Allow", "*", "22")];
    let both = |rules: Vec<Value>, access: &str| {
        public(rules)
            .with(admin("one", access, 10, "*", "22", None))
            .with(admin("two", access, 20, "*", "22", here))
    };
    // The first may be deployed or not: the second does the same.
    assert_eq!(both(ssh(), "Deny").verdict(), "pass");
    assert_eq!(verdict(&both(shut(), "AlwaysAllow").check(), "NET001"), "fail");
    let denied = flow(&both(ssh(), "Deny"), "203.0.113.9:50000", 22);
    assert_eq!(denied["access"], "Deny");
    let delivered = flow(&both(shut(), "AlwaysAllow"), "203.0.113.9:50000", 22);
    assert_eq!(delivered["access"], "Allow");
}

#[test]
fn a_firewall_that_is_not_known_matters_only_where_it_routes_to() {
    let mut fw = firewall("*", "10.0.0.4", "22");
    fw["properties"]["natRuleCollections"] = json!({"$unknown": {"reason": "a parameter"}});
    let other = json!({"id": net("virtualNetworks/w"), "properties": {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
        "subnets": [{"id": net("virtualNetworks/w/subnets/AzureFirewallSubnet"),
            "properties": {"addressPrefix": "10.9.1.0/26"}}]}});
    assert_eq!(World::new(ssh_for_all()).with(fw.clone()).with(other.clone()).verdict(), "unknown");
    fw["properties"]["ipConfigurations"][0]["properties"]["subnet"] =
        id("virtualNetworks/w/subnets/AzureFirewallSubnet");
    assert_eq!(World::new(ssh_for_all()).with(fw).with(other).verdict(), "pass");
}

#[test]
fn a_flow_names_the_rule_of_the_last_group_and_asks_which_address() {
    let mut world = public(vec![rule("by-subnet", 300, "Allow", "*", "22")]).with(json!({
        "id": net("networkSecurityGroups/own"),
        "properties": {"securityRules": [rule("by-nic", 300, "Allow", "*", "22")]}}));
    world.all[1]["properties"]["networkSecurityGroup"] = id("networkSecurityGroups/own");
    assert_eq!(flow(&world, "8.8.8.8:50000", 22)["ruleName"], "securityRules/by-nic");
    // Two addresses that are not assigned yet: nobody knows which of them is asked for.
    let ips = world.all[1]["properties"]["ipConfigurations"].as_array_mut().unwrap();
    ips[0]["properties"].as_object_mut().unwrap().remove("privateIPAddress");
    let ask = [
        "flow",
        "-",
        "--vm",
        "m",
        "--direction",
        "inbound",
        "--protocol",
        "TCP",
        "--local",
        "10.0.0.4:22",
        "--remote",
        "8.8.8.8:50000",
    ];
    assert_eq!(run(&ask, world.text().as_bytes()).code, 0);
    let ips = world.all[1]["properties"]["ipConfigurations"].as_array_mut().unwrap();
    let mut second = ips[0].clone();
    (second["name"], second["id"]) = ("j".into(), net("networkInterfaces/n/ipConfigurations/j").into());
    ips.push(second);
    assert_eq!(run(&ask, world.text().as_bytes()).code, 2);
}

#[test]
fn an_admin_rule_for_one_address_is_not_for_its_neighbour() {
    let mut deny = admin("d", "Deny", 10, "*", "22", Some("virtualNetworks/v"));
    deny["properties"]["destinations"] =
        json!([{"addressPrefixType": "IPPrefix", "addressPrefix": "10.0.0.4"}]);
    let mut world = public(vec![rule("ssh", 300, "Allow", "*", "22")]).with(deny);
    let twin = world.all[1].to_string().replace("networkInterfaces/n", "networkInterfaces/n2");
    let mut twin: Value =
        serde_json::from_str(&twin.replace("virtualMachines/m", "virtualMachines/m2")).unwrap();
    let properties = &mut twin["properties"]["ipConfigurations"][0]["properties"];
    properties["privateIPAddress"] = "10.0.0.5".into();
    properties["publicIPAddress"] = id("publicIPAddresses/second");
    world.all.push(twin);
    world.all.push(json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/m2"), "properties": {
        "networkProfile": {"networkInterfaces": [id("networkInterfaces/n2")]}}}));
    world.all.push(json!({"id": net("publicIPAddresses/second"), "sku": {"name": "Standard"},
        "properties": {"ipAddress": "20.1.2.4"}}));
    let report = world.check();
    world.verify(&report);
    let open = report["findings"].as_array().unwrap().iter().filter(|one| one["code"] == "NET001");
    let open: Vec<_> =
        open.map(|one| one["resource"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    assert_eq!(open, ["m2"]);
}
