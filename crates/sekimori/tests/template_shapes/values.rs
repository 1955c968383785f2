//! Where values come from: parameter files, the command line, defaults, functions; and what is not known.

use serde_json::json;

use crate::world::{MACHINE, OPEN, World, closed, group, group_of, open, template};

/// A group that is open to what the parameter `from` says.
fn from(parameter: &str) -> String {
    let rule = OPEN.replace("\"*\", \"sourcePortRange", "\"[parameters('from')]\", \"sourcePortRange");
    assert_ne!(rule, OPEN);
    template(&format!("\"parameters\": {{\"from\": {parameter}}},"), &group_of(&rule))
}

fn file(value: &str) -> String {
    format!(
        r#"{{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0", "parameters": {{"from": {{"value": "{value}"}}}}}}"#
    )
}

#[test]
fn the_last_value_of_a_parameter_counts() {
    let text = from(r#"{"type": "string"}"#);
    let world =
        World::new(&[("t.json", &text), ("wide.json", &file("*")), ("narrow.json", &file("203.0.113.7"))]);
    world.open(&["--parameters", "wide.json"]);
    world.open(&["--parameters", "@wide.json"]);
    world.closed(&["--parameters", "wide.json", "--parameters", "narrow.json"]);
    world.open(&["--parameters", "narrow.json", "-p", "wide.json"]);
    world.open(&["-p", "narrow.json", "-p", "from=Internet"]);
    world.closed(&["-p", "from=*", "-p", "FROM=203.0.113.0/24"]);
}

#[test]
fn a_value_of_the_command_line_may_be_json() {
    let rule = OPEN.replace("\"22\"", "\"[string(parameters('ports')[1].number)]\"");
    let text = template(r#""parameters": {"ports": {"type": "array"}},"#, &group_of(&rule));
    let world = World::new(&[("t.json", &text)]);
    world.open(&["-p", r#"ports=[{"number":443},{"number":22}]"#]);
    world.closed(&["-p", r#"ports=[{"number":22},{"number":443}]"#]);
}

/// What a value of the command line is, the type of the parameter says.
#[test]
fn a_value_of_the_command_line_is_what_its_type_says() {
    let rule = OPEN.replace("\"22\"", "\"[string(parameters('value'))]\"");
    let with = |kind: &str, rule: &str| {
        let members =
            format!(r##""definitions": {{"port": {{"type": "int"}}}}, "parameters": {{"value": {kind}}},"##);
        World::new(&[("t.json", &template(&members, &group_of(rule)))])
    };
    // A text that looks like a number, or like JSON, is a text.
    let told = OPEN.replace("\"priority\"", "\"description\": \"[parameters('value')]\", \"priority\"");
    for value in ["22", "022", "true", "null", "\"22\"", "[22]", "{\"a\": 1}", ""] {
        let ran =
            with(r#"{"type": "String"}"#, &told).run(&["expand", "t.json", "-p", &format!("value={value}")]);
        assert_eq!(ran.code, 0, "{value}: {}", ran.err);
        assert!(ran.out.contains(&format!("\"description\": {}", json!(value))), "{value}: {}", ran.out);
    }
    with(r#"{"type": "string"}"#, &rule).open(&["-p", "value=22"]);
    with(r#"{"type": "string"}"#, &rule).closed(&["-p", "value=443"]);
    for kind in [r#"{"type": "int"}"#, r##"{"$ref": "#/definitions/port"}"##] {
        with(kind, &rule).open(&["-p", "value=22"]);
        with(kind, &rule).closed(&["-p", "value=23456"]);
        let ran = with(kind, &rule).run(&["check", "t.json", "-p", "value=ssh"]);
        assert_eq!(ran.code, 3, "{}", ran.out);
    }
    let flag = OPEN.replace("\"22\"", "\"[if(parameters('value'), '22', '443')]\"");
    let text = template(r#""parameters": {"value": {"type": "bool"}},"#, &group_of(&flag));
    let world = World::new(&[("t.json", &text)]);
    for word in ["true", "True"] {
        world.open(&["-p", &format!("value={word}")]);
    }
    world.closed(&["-p", "value=false"]);
    assert_eq!(world.run(&["check", "t.json", "-p", "value=1"]).code, 3);
}

#[test]
fn a_default_may_be_an_expression() {
    open(&from(r#"{"type": "string", "defaultValue": "[concat('0.0.0.0', '/', 0)]"}"#));
    closed(&from(r#"{"type": "string", "defaultValue": "[concat('10.0.0.0', '/', 8)]"}"#));
}

#[test]
fn functions_of_the_template() {
    let rule = OPEN.replace("\"*\", \"sourcePortRange", "\"[net.from('0.0.0.0')]\", \"sourcePortRange");
    let with = |bits: u32| {
        template(
            &format!(
                r#""functions": [{{"namespace": "net", "members": {{"from": {{
      "parameters": [{{"name": "start", "type": "string"}}],
      "output": {{"type": "string", "value": "[concat(parameters('start'), '/{bits}')]"}}}}}}}}],"#
            ),
            &group_of(&rule),
        )
    };
    open(&with(0));
    closed(&with(32));
}

#[test]
fn a_parameter_without_a_value_is_unknown_and_named() {
    let world = World::new(&[("t.json", &from(r#"§{"type": "string"}"#))]);
    let ran = world.run(&["check", "t.json", "--select", "NET001", "--format", "json"]);
    let report = ran.json();
    assert_eq!(
        (ran.code, &report["findings"], &report["errors"]),
        (0, &json!([]), &json!([])),
        "{}",
        ran.out
    );
    let reason = report["unknown"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("the parameter `from` has no value; give one with --parameters"), "{reason}");
    let (file, line, column) = &world.places[0];
    let notice = format!(
        "{file}:{line}:{column}: the parameter `from` has no value: what depends on it is unknown; give one with --parameters"
    );
    assert_eq!(report["notices"], json!([notice]));
    // Whatever the source is, what else is wrong is found: the exit code is that of findings.
    assert_eq!(world.run(&["check", "t.json", "--select", "NET001,NET004"]).code, 1);
    let ja = world.run(&["check", "t.json", "--select", "NET001", "--lang", "ja"]);
    assert!(ja.out.contains("パラメーター `from` に値がないため"), "{}", ja.out);
}

/// No address lets anybody in where a rule that is known denies.
#[test]
fn what_is_not_known_does_not_matter_behind_a_deny() {
    let unknown = OPEN.replace("\"*\", \"sourcePortRange", "\"[parameters('from')]\", \"sourcePortRange");
    let deny = OPEN.replace("Allow", "Deny").replace("1000", "900");
    let rules = format!(
        r#""securityRules": [{{"name": "d", "properties": {deny}}}, {{"name": "r", "properties": {unknown}}}]"#
    );
    closed(&template(r#""parameters": {"from": {"type": "string"}},"#, &group(&rules)));
}

#[test]
fn a_value_from_a_key_vault_is_unknown() {
    let text = from(r#"{"type": "string"}"#);
    let parameters = r#"{"parameters": {"from": {"reference": {"keyVault": {"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.KeyVault/vaults/v"}, "secretName": "x"}}}}"#;
    let world = World::new(&[("t.json", &text), ("p.json", parameters)]);
    let ran = world.run(&["check", "t.json", "-p", "p.json", "--select", "NET001", "--format", "json"]);
    let report = ran.json();
    assert_eq!((ran.code, &report["errors"]), (0, &json!([])));
    let reason = report["unknown"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("the parameter `from` is read from a Key Vault at deployment"), "{reason}");
}

#[test]
fn what_is_not_deployed_is_not_found() {
    let text = template("", &group_of(OPEN)).replace(
        "\"type\": \"Microsoft.Compute/virtualMachines\",",
        "\"condition\": false, \"type\": \"Microsoft.Compute/virtualMachines\",",
    );
    assert!(text.contains("condition"));
    let world = World::new(&[("t.json", &text)]);
    let ran = world.run(&["check", "t.json", "--select", "NET001,NET004,ACC", "--format", "json"]);
    let report = ran.json();
    assert_eq!((ran.code, &report["findings"], &report["estate"]["vms"]), (0, &json!([]), &json!(0)));
    assert!(world.run(&["expand", "t.json", "--format", "text"]).out.ends_with("4 resources\n"));
    // A rule that is not deployed opens nothing.
    let rule = format!(
        r#"{}, {{"condition": "[not(true())]", "type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01", "name": "web/ssh", "properties": {OPEN}}}"#,
        group("")
    );
    closed(&template("", &rule));
}

#[test]
fn what_may_be_deployed_is_judged_as_if_it_were() {
    let text = template(r#""parameters": {"deploy": {"type": "bool"}},"#, &group_of(OPEN));
    let everything = text.replace(
        "{\"type\": \"Microsoft.",
        "{\"condition\": \"[parameters('deploy')]\", \"type\": \"Microsoft.",
    );
    // A group that is there already may stay as it is: what is in it is not known.
    let world = World::new(&[("t.json", &everything)]);
    world.doubted(&[], "deploy");
    world.open(&["-p", "deploy=true"]);
    let group =
        "{\"condition\": \"[parameters('deploy')]\", \"type\": \"Microsoft.Network/networkSecurityGroups\"";
    let text = everything.replace(group, "{\"type\": \"Microsoft.Network/networkSecurityGroups\"");
    assert_ne!(text, everything);
    let world = World::new(&[("t.json", &text)]);
    world.open(&[]);
    world.open(&["-p", "deploy=true"]);
    let report = world.run(&["check", "t.json", "--select", "NET001", "--format", "json"]).json();
    let notices = report["notices"].to_string();
    let told = "virtualMachines/web` is deployed is not known (the parameter `deploy` has no value; give one with --parameters); it is judged as if it were";
    assert!(notices.contains(told), "{notices}");
    let closed =
        world.run(&["check", "t.json", "--select", "NET001", "-p", "deploy=false", "--format", "json"]);
    assert_eq!((closed.code, &closed.json()["findings"]), (0, &json!([])));
}

/// What protects, and may not be deployed, protects nobody for sure.
#[test]
fn a_rule_that_may_be_deployed_is_not_known() {
    let deny = OPEN.replace("Allow", "Deny").replace("1000", "900");
    let text = template(
        r#""parameters": {"deploy": {"type": "bool"}},"#,
        &format!(
            r#"{}, {{"condition": "[parameters('deploy')]", "type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01", "name": "web/deny", "properties": {deny}}}"#,
            group_of(OPEN)
        ),
    );
    let world = World::new(&[("t.json", &text)]);
    world.doubted(&[], "deploy");
    world.closed(&["-p", "deploy=true"]);
    world.open(&["-p", "deploy=false"]);
}

#[test]
fn a_loop_makes_machines() {
    let each = MACHINE.replace("\"name\": \"web\"", "\"name\": \"[concat('web', copyIndex(1))]\", \"copy\": {\"name\": \"each\", \"count\": \"[parameters('count')]\"}");
    let each = each
        .replace(
            "'Microsoft.Network/publicIPAddresses', 'web'",
            "'Microsoft.Network/publicIPAddresses', concat('web', copyIndex(1))",
        )
        .replace(
            "'Microsoft.Network/networkInterfaces', 'web'",
            "'Microsoft.Network/networkInterfaces', concat('web', copyIndex(1))",
        );
    let text =
        template(r#""parameters": {"count": {"type": "int"}},"#, &group_of(OPEN)).replace(MACHINE, &each);
    let world = World::new(&[("t.json", &text)]);
    for count in [0, 1, 3] {
        let report = world
            .run(&[
                "check",
                "t.json",
                "--select",
                "NET001",
                "--format",
                "json",
                "-p",
                &format!("count={count}"),
            ])
            .json();
        let names: Vec<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["resource"].as_str().unwrap().rsplit('/').next().unwrap())
            .collect();
        assert_eq!(names, ["web1", "web2", "web3"][..count], "{report}");
    }
    // How many there are is not known: one stands for all.
    let ran = world.run(&["check", "t.json", "--select", "NET001", "--format", "json"]);
    assert_eq!(ran.json()["findings"].as_array().unwrap().len(), 1, "{}", ran.out);
    assert!(
        ran.json()["notices"].to_string().contains("how often the loop `each` runs is not known"),
        "{}",
        ran.out
    );
}

/// Machines are put into such a set one by one: nothing is to be said of the set.
#[test]
fn a_scale_set_without_a_model() {
    let set = r#"{"type": "Microsoft.Compute/virtualMachineScaleSets", "apiVersion": "2024-11-01", "name": "set",
     "properties": {"platformFaultDomainCount": 1MODE}}"#;
    for mode in ["", ", \"orchestrationMode\": \"Flexible\""] {
        let text = template("", &format!("{}, {}", group_of(OPEN), set.replace("MODE", mode)));
        let world = World::new(&[("t.json", &text)]);
        world.open(&[]);
        let report =
            world.run(&["check", "t.json", "--select", "NET001,UPD001,ENC", "--format", "json"]).json();
        assert!(!report.to_string().contains("virtualMachineScaleSets"), "{report}");
    }
}
