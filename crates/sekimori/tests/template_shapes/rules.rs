//! Rules of a group in every notation.

use crate::world::{NARROW, OPEN, at_port, closed, group, group_of, open, template};

#[test]
fn rules_inside_of_the_group() {
    open(&template("", &group_of(OPEN)));
    closed(&template("", &group_of(NARROW)));
}

#[test]
fn rules_as_nested_resources() {
    let with = |rule: &str| {
        let rule = at_port(rule);
        format!(
            r#"{{"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "web",
      "resources": [
        {{"type": "securityRules", "apiVersion": "2024-05-01", "name": "ssh", "dependsOn": ["web"], "properties": {rule}}}
      ]}}"#
        )
    };
    open(&template("", &with(OPEN)));
    closed(&template("", &with(NARROW)));
    // With the full name and type that the documentation has too.
    let full = with(OPEN)
        .replace(
            "\"type\": \"securityRules\"",
            "\"type\": \"Microsoft.Network/networkSecurityGroups/securityRules\"",
        )
        .replace("\"name\": \"ssh\"", "\"name\": \"[concat('web', '/ssh')]\"");
    open(&template("", &full));
}

#[test]
fn rules_beside_their_group() {
    let with = |name: &str, rule: &str| {
        let (group, rule) = (group("\"securityRules\": []"), at_port(rule));
        format!(
            r#"{group},
    {{"type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01", "name": "{name}", "properties": {rule}}}"#
        )
    };
    open(&template("", &with("web/ssh", OPEN)));
    open(&template("", &with("[format('{0}/{1}', 'WEB', 'ssh')]", OPEN)));
    closed(&template("", &with("web/ssh", NARROW)));
    closed(&template("", &with("other/ssh", OPEN)));
}

/// A group alone, as a tool that reads rules one by one sees it, says the opposite.
#[test]
fn a_rule_beside_the_group_counts_by_its_priority() {
    let deny = OPEN.replace("Allow", "Deny").replace("1000", "900");
    let with = |deny: &str| {
        format!(
            r#"{},
    {{"type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01", "name": "web/deny", "properties": {deny}}}"#,
            group_of(OPEN)
        )
    };
    closed(&template("", &with(&deny)));
    open(&template("", &with(&deny.replace("900", "2000"))));
}

#[test]
fn a_loop_makes_rules() {
    let with = |ports: &str| {
        let rule = OPEN
            .replace("1000", "\"[add(1000, copyIndex('securityRules'))]\"")
            .replace("\"22\"", "\"[variables('ports')[copyIndex('securityRules')]]\"");
        let rule = at_port(&rule);
        let group = group(&format!(
            r#""copy": [{{"name": "securityRules", "count": "[length(variables('ports'))]",
       "input": {{"name": "[concat('r', copyIndex('securityRules'))]", "properties": {rule}}}}}]"#
        ));
        template(&format!("\"variables\": {{\"ports\": {ports}}},"), &group)
    };
    open(&with(r#"["443", "22"]"#));
    open(&with("[443, 22]"));
    closed(&with(r#"["443", "8443"]"#));
    closed(&with("[]"));
}

#[test]
fn a_loop_makes_variables_too() {
    let text = template(
        r#""variables": {
    "ports": [443, 22],
    "copy": [{"name": "rules", "count": 2, "input": {"name": "[concat('r', copyIndex('rules'))]", "properties": {
      "priority": "[add(100, copyIndex('rules'))]", "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
      "sourceAddressPrefix": "Internet", "sourcePortRange": "*", "destinationAddressPrefix": "*",
      "destinationPortRange": §"[string(variables('ports')[copyIndex('rules')])]"}}}]},"#,
        &group("\"securityRules\": \"[variables('rules')]\""),
    );
    open(&text);
}

#[test]
fn a_condition_inside_of_a_rule() {
    let with = |wide: &str| {
        let rule = OPEN.replace(
            "\"*\", \"sourcePortRange",
            "\"[if(parameters('wide'), '*', '203.0.113.7')]\", \"sourcePortRange",
        );
        assert_ne!(rule, OPEN);
        template(
            &format!(r#""parameters": {{"wide": {{"type": "bool", "defaultValue": {wide}}}}},"#),
            &group_of(&rule),
        )
    };
    open(&with("true"));
    closed(&with("false"));
    closed(&with("\"[equals(1, 2)]\""));
}

#[test]
fn ports_and_priorities_as_numbers_and_texts() {
    open(&template("", &group_of(&OPEN.replace("\"22\"", "22"))));
    open(&template(
        "",
        &group_of(&OPEN.replace("\"destinationPortRange\": \"22\"", "\"destinationPortRanges\": [443, 22]")),
    ));
    closed(&template("", &group_of(&OPEN.replace("\"22\"", "443"))));
    open(&template("", &group_of(&OPEN.replace("1000", "\"1000\""))));
    open(&template(
        "",
        &group_of(&OPEN.replace("Inbound", "inbound").replace("Allow", "allow").replace("Tcp", "TCP")),
    ));
    open(&template(
        "",
        &group_of(
            &OPEN
                .replace("\"22\"", "\"20-30\"")
                .replace("Prefix\": \"*\", \"sourcePort", "Prefix\": \"Internet\", \"sourcePort"),
        ),
    ));
}

#[test]
fn symbolic_names() {
    let text = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "languageVersion": "2.0",
  "contentVersion": "1.0.0.0",
  "resources": {
    "group": {"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "web", "properties": {}},
    "ssh": {"type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01",
      "name": "[format('{0}/{1}', 'web', 'ssh')]", "dependsOn": ["group"], "properties": RULE},
    "address": {"type": "Microsoft.Network/publicIPAddresses", "apiVersion": "2024-05-01", "name": "web",
      "sku": {"name": "Standard"}, "properties": {}},
    "net": {"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "net", "properties": {
      "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}},
    "subnet": {"type": "Microsoft.Network/virtualNetworks/subnets", "apiVersion": "2024-05-01", "name": "net/s",
      "properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": "[resourceInfo('group').id]"}}},
    "nic": {"type": "Microsoft.Network/networkInterfaces", "apiVersion": "2024-05-01", "name": "web", "properties": {
      "ipConfigurations": [{"name": "i", "properties": {
        "subnet": {"id": "[resourceInfo('subnet').id]"},
        "publicIPAddress": {"id": "[resourceId('Microsoft.Network/publicIPAddresses', 'web')]"}}}]}},
    "vm": {"type": "Microsoft.Compute/virtualMachines", "apiVersion": "2024-11-01", "name": "web", "properties": {
      "networkProfile": {"networkInterfaces": [{"id": "[resourceId('Microsoft.Network/networkInterfaces', 'web')]"}]},
      "storageProfile": {"osDisk": {"osType": "Linux"}}}}
  }
}
"#;
    open(&text.replace("RULE", &at_port(OPEN)));
    closed(&text.replace("RULE", NARROW));
}

#[test]
fn comments_and_texts_over_several_lines() {
    let text = template(
        "// a line\n  /* some\n  lines */\n  \"variables\": {\"any\": \"[if(true(),\n      '*', // not a comment: a text\n      'x')]\"},",
        &group_of(
            &OPEN.replace("\"*\", \"sourcePortRange", "\"[variables('any')]\", /* who */ \"sourcePortRange"),
        ),
    );
    // What is inside of quotes is the expression's own.
    open(&text.replace(" // not a comment: a text", ""));
}
