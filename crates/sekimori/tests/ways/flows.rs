//! Single packets, and what a team expects of them.

use serde_json::{Value, json};

use crate::common::{id, net, run_in, scratch};
use crate::world::{World, ask, flow, public, rule};

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
    let code = |world: &World| ask(world, "10.0.0.4:22", "8.8.8.8:50000", &[]).code;
    assert_eq!(code(&world), 0);
    let ips = world.all[1]["properties"]["ipConfigurations"].as_array_mut().unwrap();
    let mut second = ips[0].clone();
    (second["name"], second["id"]) = ("j".into(), net("networkInterfaces/n/ipConfigurations/j").into());
    ips.push(second);
    assert_eq!(code(&world), 2);
}

#[test]
fn a_misspelt_expectation_is_an_error() {
    let world = public(vec![rule("ssh", 300, "Allow", "*", "22")]);
    let folder = scratch();
    std::fs::write(folder.path().join("estate.json"), world.text()).unwrap();
    let ask = |fields: Value, language: &str| {
        let mut line = json!({"vm": "m", "direction": "inbound", "protocol": "TCP", "local": "10.0.0.4:22",
            "remote": "203.0.113.9:50000"});
        for (name, value) in fields.as_object().unwrap() {
            line[name] = value.clone();
        }
        std::fs::write(folder.path().join("q.ndjson"), line.to_string() + "\n").unwrap();
        run_in(folder.path(), &["flow", "estate.json", "--batch", "q.ndjson"], b"", &[("LANG", language)])
    };
    let said = |fields: Value| {
        let ran = ask(fields, "C");
        (ran.code, ran.json()["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(
        said(json!({"expected": "Allow"})),
        (3, "q.ndjson:1:1: `expected` is no field of a question; did you mean `expect`?".to_owned())
    );
    assert_eq!(
        said(json!({"expect": "Allow", "comment": "the gate"})),
        (0, String::new()),
        "others are the team's own"
    );
    let (code, error) = said(json!({"vm": 1}));
    assert_eq!(code, 3);
    assert_eq!(error.matches("column").count(), 0, "one position is enough: {error}");
    let japanese = ask(json!({"expected": "Allow"}), "ja_JP.UTF-8").json()["error"].clone();
    assert!(japanese.as_str().unwrap().contains("ではありませんか"), "{japanese}");
}
