//! What else tells of a deployment: previews, exported templates, and what `expand` prints.

use serde_json::{Value, json};

use crate::world::{MACHINE, NARROW, OPEN, World, at_port, group_of, marked, template};

const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/web/providers";

/// The resources of a template as a preview tells them.
fn states(rule: &str) -> Vec<Value> {
    let (text, _) = marked(&template("", &group_of(rule)));
    let template: Value = serde_json::from_str(&text).unwrap();
    let named = template["resources"].as_array().unwrap().iter().map(|resource| {
        let text = resource
            .to_string()
            .replace(
                "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 's')]",
                &format!("{GROUP}/Microsoft.Network/virtualNetworks/net/subnets/s"),
            )
            .replace("[resourceId('", &format!("{GROUP}/"))
            .replace("', '", "/")
            .replace("')]", "");
        let mut state: Value = serde_json::from_str(&text).unwrap();
        let id = format!("{GROUP}/{}/{}", state["type"].as_str().unwrap(), state["name"].as_str().unwrap());
        state["id"] = id.into();
        state["resourceGroup"] = "web".into();
        state
    });
    named.collect()
}

fn change(kind: &str, before: Option<&Value>, after: Option<&Value>) -> Value {
    let id = &after.or(before).unwrap()["id"];
    json!({"resourceId": id, "changeType": kind, "before": before, "after": after, "delta": null, "unsupportedReason": null})
}

/// What NET001 says after the changes.
fn report(changes: &[Value]) -> Value {
    let preview = json!({"status": "Succeeded", "error": null, "diagnostics": null, "potentialChanges": null, "changes": changes});
    let world = World::new(&[("w.json", &serde_json::to_string_pretty(&preview).unwrap())]);
    let ran = world.run(&["check", "w.json", "--select", "NET001", "--all", "--format", "json"]);
    let report = ran.json();
    assert_eq!(report["errors"], json!([]), "{}", ran.out);
    report
}

fn verdict(changes: &[Value]) -> Value {
    report(changes)["findings"].as_array().unwrap().first().cloned().unwrap_or(Value::Null)
}

#[test]
fn a_preview_is_judged_by_what_will_be_there() {
    let (open, narrow) = (states(OPEN), states(NARROW));
    let all = |kind: &str| open.iter().map(|state| change(kind, None, Some(state))).collect::<Vec<_>>();
    let row = verdict(&all("Create"));
    assert_eq!(row["status"], "fail", "{row}");
    // The place is that of the rule in the preview.
    assert!(row["location"]["line"].as_u64().unwrap() > 10, "{row}");
    let unchanged =
        |kind: &str| open[1..].iter().map(|state| change(kind, Some(state), None)).collect::<Vec<_>>();
    for kind in ["NoChange", "Ignore", "NoEffect"] {
        let mut with = unchanged(kind);
        with.push(change("Modify", Some(&narrow[0]), Some(&open[0])));
        assert_eq!(verdict(&with)["status"], "fail", "{kind}");
        with.pop();
        with.push(change("Modify", Some(&open[0]), Some(&narrow[0])));
        assert_eq!(verdict(&with)["status"], "pass", "{kind}");
    }
    // Nobody is left to be reached.
    let mut gone = unchanged("NoChange");
    let last = gone.len() - 1;
    gone[last] = change("Delete", Some(open.last().unwrap()), None);
    gone.push(change("NoChange", Some(&open[0]), None));
    assert_eq!(verdict(&gone), Value::Null);
}

/// What Azure works out during the deployment is shown as the template has it.
#[test]
fn what_a_preview_does_not_tell_is_unknown() {
    let mut states = states(OPEN);
    states[0]["properties"]["securityRules"][0]["properties"]["sourceAddressPrefix"] =
        "[reference(resourceId('Microsoft.Network/publicIPAddresses', 'other')).ipAddress]".into();
    let changes: Vec<Value> = states.iter().map(|state| change("Create", None, Some(state))).collect();
    let report = report(&changes);
    assert_eq!(report["findings"], json!([]));
    let reason = report["unknown"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("Azure tells `reference` at deployment"), "{reason}");
}

/// A change of which Azure tells nothing but that there is one.
fn untold(kind: &str, state: &Value) -> Value {
    json!({"resourceId": state["id"], "changeType": kind, "before": null, "after": null})
}

/// Something will be there, of which nothing is known.
#[test]
fn what_azure_does_not_tell_has_no_known_properties() {
    let (open, narrow) = (states(OPEN), states(NARROW));
    let there = |states: &[Value]| {
        states.iter().map(|state| change("NoChange", Some(state), None)).collect::<Vec<_>>()
    };
    for kind in ["Unsupported", "Deploy"] {
        let mut changes = there(&narrow);
        changes[0] = untold(kind, &narrow[0]);
        let report = report(&changes);
        assert_eq!(report["findings"], json!([]), "{kind}");
        assert_eq!(report["unknown"][0]["code"], "NET001", "{kind}: {report}");
        let id = narrow[0]["id"].as_str().unwrap();
        let told = format!("the preview does not tell what `{id}` will be");
        assert!(report["notices"].to_string().contains(&told), "{kind}: {}", report["notices"]);
    }
    // Nobody but the machine itself is in doubt where only that is not told.
    let mut changes = there(&open);
    let last = changes.len() - 1;
    changes[last] = untold("Unsupported", open.last().unwrap());
    assert_ne!(verdict(&changes)["status"], "pass");
    // The same without the members that have no value, as `--result-format ResourceIdOnly` has it.
    let id = &narrow[0]["id"];
    let text = json!({"status": "Succeeded", "changes": [{"resourceId": id, "changeType": "Deploy"}]});
    let world = World::new(&[("w.json", &format!("{text}"))]);
    let ran = world.run(&["check", "w.json", "--format", "json"]);
    assert_eq!(
        (ran.code, &ran.json()["findings"], &ran.json()["errors"]),
        (0, &json!([]), &json!([])),
        "{}",
        ran.out
    );
    assert!(ran.json()["notices"][0].as_str().unwrap().starts_with("w.json:1:"), "{}", ran.out);
}

/// What may come or not: what protects is not known, what could be attacked is there.
#[test]
fn a_potential_change_is_no_certain_one() {
    let with = |states: &[Value], potential: &[Value]| {
        let all: Vec<_> = states.iter().map(|state| change("NoChange", Some(state), None)).collect();
        let preview = json!({"status": "Succeeded", "changes": all, "potentialChanges": potential});
        let world = World::new(&[("w.json", &serde_json::to_string_pretty(&preview).unwrap())]);
        let ran = world.run(&["check", "w.json", "--select", "NET001", "--all", "--format", "json"]);
        assert_eq!(ran.json()["errors"], json!([]), "{}", ran.out);
        (ran.code, ran.json())
    };
    let (open, narrow) = (states(OPEN), states(NARROW));
    // The group may become another one.
    let (code, report) = with(&narrow[1..], &[change("Modify", Some(&open[0]), Some(&narrow[0]))]);
    assert_eq!((code, &report["findings"], &report["unknown"][0]["code"]), (0, &json!([]), &json!("NET001")));
    // The machine may come.
    let (last, rest) = open.split_last().unwrap();
    let (code, report) = with(rest, &[change("Create", None, Some(last))]);
    assert_eq!((code, &report["findings"][0]["status"]), (1, &json!("fail")), "{report}");
    // Near by: nothing may come.
    let (code, report) = with(&narrow, &[]);
    assert_eq!((code, &report["findings"][0]["status"]), (0, &json!("pass")));
}

/// What could be attacked is there, whether the change comes or not; what protects it by the change alone may not come.
#[test]
fn a_potential_change_protects_nobody() {
    let with = |states: &[Value], potential: &Value| {
        let all: Vec<_> = states.iter().map(|state| change("NoChange", Some(state), None)).collect();
        let preview = json!({"status": "Succeeded", "changes": all, "potentialChanges": [potential]});
        let world = World::new(&[("w.json", &serde_json::to_string_pretty(&preview).unwrap())]);
        let ran = world.run(&["check", "w.json", "--select", "NET001", "--all", "--format", "json"]);
        assert_eq!(ran.json()["errors"], json!([]), "{}", ran.out);
        ran.json()
    };
    // The machine may go, or stay.
    let open = states(OPEN);
    let (last, rest) = open.split_last().unwrap();
    let stays = with(rest, &change("Delete", Some(last), None));
    // The NIC has no group now, and an address that is open without one.
    let mut narrow = states(NARROW);
    narrow[1]["sku"]["name"] = "Basic".into();
    let guarded = narrow.remove(3);
    let mut bare = guarded.clone();
    bare["properties"].as_object_mut().unwrap().remove("networkSecurityGroup").unwrap();
    let stays_bare = with(&narrow, &change("Modify", Some(&bare), Some(&guarded)));
    for report in [stays, stays_bare] {
        let told = report["findings"][0]["status"] == "fail" || report["unknown"][0]["code"] == "NET001";
        assert!(told, "{report}");
    }
}

/// A deployment that Azure does not tell may put rules into any group that is there.
#[test]
fn a_deployment_that_is_not_told_may_open_a_group() {
    let narrow = states(NARROW);
    let deployment = json!({"id": format!("{GROUP}/Microsoft.Resources/deployments/inner")});
    let with = |states: &[Value]| {
        let mut all: Vec<_> = states.iter().map(|state| change("NoChange", Some(state), None)).collect();
        all.push(untold("Unsupported", &deployment));
        report(&all)
    };
    let told = with(&narrow);
    assert_eq!(told["findings"], json!([]), "{told}");
    // What is open stays so.
    assert_eq!(with(&states(OPEN))["findings"][0]["status"], "fail");
}

/// So may a rule that is not told, of a group whose name Azure does not know yet.
#[test]
fn a_rule_that_is_not_told_may_be_any_groups() {
    let with = |states: &[Value], group: &str| {
        let id = format!("{GROUP}/Microsoft.Network/networkSecurityGroups/{group}/securityRules/ssh");
        let mut all: Vec<_> = states.iter().map(|state| change("NoChange", Some(state), None)).collect();
        all.push(untold("Unsupported", &json!({ "id": id })));
        report(&all)
    };
    for group in ["web", "[reference('other').name]"] {
        let report = with(&states(NARROW), group);
        assert_eq!(
            (&report["findings"], &report["unknown"][0]["code"]),
            (&json!([]), &json!("NET001")),
            "{group}"
        );
    }
    assert_eq!(with(&states(NARROW), "other")["findings"][0]["status"], "pass");
}

/// What `az group export` writes: names are parameters with defaults, and parts stand twice.
#[test]
fn an_exported_template() {
    let text = format!(
        r#"{{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
  "parameters": {{
    "networkSecurityGroups_web_name": {{"defaultValue": "web", "type": "String"}},
    "virtualNetworks_net_name": {{"defaultValue": "net", "type": "String"}}}},
  "variables": {{}},
  "resources": [
    {{"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "[parameters('networkSecurityGroups_web_name')]", "location": "japaneast",
     "properties": {{"securityRules": [
       {{"name": "r", "id": "[resourceId('Microsoft.Network/networkSecurityGroups/securityRules', parameters('networkSecurityGroups_web_name'), 'r')]",
        "type": "Microsoft.Network/networkSecurityGroups/securityRules", "properties": {}}}]}}}},
    {{"type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01",
     "name": "[concat(parameters('networkSecurityGroups_web_name'), '/r')]",
     "dependsOn": ["[resourceId('Microsoft.Network/networkSecurityGroups', parameters('networkSecurityGroups_web_name'))]"],
     "properties": {OPEN}}},
    {{"type": "Microsoft.Network/virtualNetworks/subnets", "apiVersion": "2024-05-01",
     "name": "[concat(parameters('virtualNetworks_net_name'), '/s')]", "properties": {{"addressPrefix": "10.0.0.0/24"}}}},
    {MACHINE}]}}"#,
        at_port(OPEN)
    );
    crate::world::open(&text);
}

/// A report without what differs by the name of the input.
fn findings(report: &Value) -> Vec<Value> {
    let all = report["findings"].as_array().unwrap().iter().cloned();
    all.map(|mut row| {
        row["location"] = Value::Null;
        row
    })
    .collect()
}

#[test]
fn what_expand_prints_is_judged_alike() {
    let rules = [OPEN.to_owned(), NARROW.to_owned(), OPEN.replace("\"22\"", "\"[parameters('port')]\"")];
    let members = r#""parameters": {"port": {"type": "string"}, "secret": {"type": "securestring"}},"#;
    let plain = "\"computerName\": \"web\"";
    // Secrets that are known and such that are not, in the same place.
    let profiles = [
        plain.to_owned(),
        format!(
            "{plain}, \"adminPassword\": \"[parameters('secret')]\", \"customData\": \"[base64(parameters('secret'))]\""
        ),
        format!(
            "{plain}, \"adminPassword\": \"Tr0ub4dor-Kaede\", \"customData\": \"[base64('DB_PASSWORD=Tr0ub4dor-Kaede')]\""
        ),
    ];
    for (rule, profile) in rules.into_iter().zip(profiles) {
        let text = template(members, &group_of(&rule)).replace(plain, &profile);
        let world = World::new(&[("t.json", &text)]);
        let direct = world.run(&["check", "t.json", "--all", "--format", "json"]);
        let expanded = world.run(&["expand", "t.json"]);
        assert_eq!(expanded.code, 0, "{}", expanded.err);
        let piped = crate::common::run(&["check", "-", "--all", "--format", "json"], expanded.out.as_bytes());
        let (one, other) = (direct.json(), piped.json());
        assert_eq!((direct.code, findings(&one)), (piped.code, findings(&other)));
        let unknown = |report: &Value| {
            let rows = report["unknown"].as_array().unwrap().iter();
            rows.map(|row| format!("{} {}", row["code"], row["reason"])).collect::<Vec<_>>()
        };
        assert_eq!(unknown(&one), unknown(&other));
        assert_eq!((&one["errors"], &other["errors"]), (&json!([]), &json!([])));
    }
}
