//! What a deployment exposes that was not exposed before.

use serde_json::{Value, json};

use crate::common::{RG, estate, net, rule};
use crate::world::{HEAD, OPEN, World};

const DENY: (&str, u32) = ("deny", 100);

/// A machine whose group denies before it allows.
fn guarded() -> String {
    let rules = format!(
        "{},{}",
        rule(DENY.0, DENY.1, "Deny", "*", "*", "*"),
        rule("ssh", 200, "Allow", "Tcp", "*", "22")
    );
    estate("Standard", None, Some(&rules))
}

fn world(now: &str, name: &str, text: &str) -> World {
    // With the ids of rules, as Azure tells them.
    let mut now: Value = serde_json::from_str(now).unwrap();
    for resource in now.as_array_mut().unwrap() {
        let id = resource["id"].as_str().unwrap().to_owned();
        for rule in resource["properties"]["securityRules"].as_array_mut().into_iter().flatten() {
            rule["id"] = format!("{id}/securityRules/{}", rule["name"].as_str().unwrap()).into();
        }
    }
    World::new(&[("now.json", &now.to_string()), (name, text)])
}

fn against(world: &World, name: &str, words: &[&str]) -> (i32, Value, String) {
    let words =
        [&["check", name, "--against", "now.json", "--select", "NET001", "--format", "json"], words].concat();
    let ran = world.run(&words);
    (ran.code, ran.json(), ran.err)
}

fn resources(resource: &str) -> String {
    format!(
        "{HEAD}\"parameters\": {{\"name\": {{\"type\": \"string\", \"defaultValue\": \"[newGuid()]\"}}}}, \"resources\": [{resource}]}}"
    )
}

#[test]
fn a_group_whose_name_is_not_known_may_be_one_that_is_there() {
    let with = |name: &str| {
        resources(&format!(
            r#"{{"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "{name}",
     "properties": {{"securityRules": [{{"name": "r", "properties": {OPEN}}}]}}}}"#
        ))
    };
    let (code, report, _) =
        against(&world(&guarded(), "t.json", &with("[parameters('name')]")), "t.json", &["-g", "rg"]);
    assert_eq!(code, 3, "{report}");
    let told = "takes the place of something that is there is not known, as its name is not: the comparison is not whole";
    assert!(report["notices"].to_string().contains(told), "{}", report["notices"]);
    // In both languages.
    let ran = world(&guarded(), "t.json", &with("[parameters('name')]")).run(&[
        "check",
        "t.json",
        "--against",
        "now.json",
        "-g",
        "rg",
        "--lang",
        "ja",
    ]);
    assert_eq!(ran.code, 3);
    assert!(ran.out.contains("比較は完全ではありません"), "{}", ran.out);
    // Named it is that group, or another.
    let (code, report, _) = against(&world(&guarded(), "t.json", &with("ng")), "t.json", &["-g", "rg"]);
    assert_eq!((code, &report["findings"][0]["code"]), (1, &json!("NET001")), "{report}");
    let (code, report, _) = against(&world(&guarded(), "t.json", &with("other")), "t.json", &["-g", "rg"]);
    assert_eq!((code, &report["findings"]), (0, &json!([])), "{report}");
    // A rule alone, of a group whose name is not known.
    let alone = format!(
        r#"{{"type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01", "name": "[concat(parameters('name'), '/r')]", "properties": {OPEN}}}"#
    );
    let (code, report, _) =
        against(&world(&guarded(), "t.json", &resources(&alone)), "t.json", &["-g", "rg"]);
    assert_eq!(code, 3, "{report}");
    // What matters to no machine's reach is left alone.
    let account = r#"{"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01", "name": "[parameters('name')]", "properties": {}}"#;
    let (code, report, _) =
        against(&world(&guarded(), "t.json", &resources(account)), "t.json", &["-g", "rg"]);
    assert_eq!(code, 0, "{report}");
}

#[test]
fn a_rule_that_protects_goes_away() {
    let id = |rule: &str| net(&format!("networkSecurityGroups/ng/securityRules/{rule}"));
    let with = |id: &str| {
        json!({"status": "Succeeded", "changes": [{"resourceId": id, "changeType": "Delete", "before": {"id": id}, "after": null}]})
            .to_string()
    };
    let (code, report, err) = against(&world(&guarded(), "w.json", &with(&id(DENY.0))), "w.json", &[]);
    assert_eq!((code, &report["errors"]), (1, &json!([])), "{report}{err}");
    let row = &report["findings"][0];
    assert_eq!((&row["code"], &row["status"]), (&json!("NET001"), &json!("fail")), "{report}");
    // In another case of letters it is the same rule.
    let upper = id(DENY.0).replace("securityRules/deny", "securityrules/DENY");
    let (code, report, err) = against(&world(&guarded(), "w.json", &with(&upper)), "w.json", &[]);
    assert_eq!(code, 1, "{report}{err}");
    // The rule that allows goes away, or one of another group.
    for id in [id("ssh"), id(DENY.0).replace("/ng/", "/other/")] {
        let (code, report, err) = against(&world(&guarded(), "w.json", &with(&id)), "w.json", &[]);
        assert_eq!((code, &report["findings"]), (0, &json!([])), "{report}{err}");
    }
}

/// A subnet that is written without its group has none afterwards.
#[test]
fn a_subnet_is_written_again_without_its_group() {
    let rules = rule("office", 100, "Allow", "Tcp", "203.0.113.7", "22");
    let now = estate("Basic", Some(&rules), None);
    let with = |more: &str| {
        resources(&format!(
            r#"{{"type": "Microsoft.Network/virtualNetworks/subnets", "apiVersion": "2024-05-01", "name": "v/s",
     "properties": {{"addressPrefix": "10.0.0.0/24"{more}}}}}"#
        ))
    };
    let (code, report, err) = against(&world(&now, "t.json", &with("")), "t.json", &["-g", "rg"]);
    assert_eq!((code, &report["findings"][0]["status"]), (1, &json!("fail")), "{report}{err}");
    let kept =
        format!(r#", "networkSecurityGroup": {{"id": "{RG}/Microsoft.Network/networkSecurityGroups/sg"}}"#);
    let (code, report, err) = against(&world(&now, "t.json", &with(&kept)), "t.json", &["-g", "rg"]);
    assert_eq!((code, &report["findings"], &report["unknown"]), (0, &json!([]), &json!([])), "{report}{err}");
}
