//! Security admin rules, which come before all groups.

use serde_json::{Value, json};

use crate::common::{RG, id, net};
use crate::world::{ask, evidence, flow, public, rule, verdict};

/// A security admin rule, deployed to the network if `vnet` is given.
pub(crate) fn admin(
    name: &str,
    access: &str,
    priority: u32,
    source: &str,
    port: &str,
    vnet: Option<&str>,
) -> Value {
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
    let maybe = public(ssh()).with(admin("d", "Deny", 10, "*", "22", None)).check();
    let rows = maybe["unknown"].as_array().unwrap();
    let reason = rows.iter().find(|row| row["code"] == "NET001").unwrap()["reason"].as_str().unwrap();
    assert!(reason.contains("admin rule"), "{reason}");
    // What a deployed one does may not be known either, and says why itself.
    let mut hidden = admin("d", "Deny", 10, "*", "22", here);
    hidden["properties"]["access"] = json!({"$unknown": {"reason": "set at deployment"}});
    let maybe = public(ssh()).with(hidden).check();
    let rows = maybe["unknown"].as_array().unwrap();
    let reason = rows.iter().find(|row| row["code"] == "NET001").unwrap()["reason"].as_str().unwrap();
    assert!(reason.contains("set at deployment"), "{reason}");
    // What is dropped certainly does not come back through an uncertain one behind it.
    let denied = public(ssh()).with(admin("d", "Deny", 10, "*", "22", here));
    assert_eq!(denied.with(admin("a", "AlwaysAllow", 20, "*", "22", None)).verdict(), "pass");
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
    let text = ask(&world, "10.0.0.4:*", "203.0.113.9:50000", &[]);
    assert!(text.out.starts_with("Partial"), "{}", text.out);
    assert!(text.out.contains("security admin rules") && text.out.contains("AlwaysAllow"), "{}", text.out);
}
