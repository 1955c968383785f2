//! What else tells of a deployment: previews, exported templates, and what `expand` prints.

use serde_json::{Value, json};

use crate::world::{MACHINE, NARROW, OPEN, World, group_of, marked, template};

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
    // What is not told at all is named, and nothing is said to be well where nothing is told.
    let id = format!("{GROUP}/Microsoft.Resources/deployments/inner");
    let unsupported = json!({"resourceId": id, "changeType": "Unsupported", "before": null, "after": null});
    let with = |change: &Value| {
        World::new(&[("w.json", &format!("{{\"status\": \"Succeeded\", \"changes\": [\n  §{change}]}}"))])
    };
    let ran = with(&unsupported).run(&["check", "w.json", "--format", "json"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    let told = format!("w.json:2:3: the preview does not tell what `{id}` will be: it is not looked at");
    assert_eq!(ran.json()["notices"], json!([told]));
    // `--result-format ResourceIdOnly`
    let ran = with(&json!({"resourceId": id, "changeType": "Deploy"})).run(&["check", "w.json"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("w.json:2:3: `after` is missing"), "{}", ran.err);
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
       §{{"name": "r", "id": "[resourceId('Microsoft.Network/networkSecurityGroups/securityRules', parameters('networkSecurityGroups_web_name'), 'r')]",
        "type": "Microsoft.Network/networkSecurityGroups/securityRules", "properties": {OPEN}}}]}}}},
    {{"type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01",
     "name": "[concat(parameters('networkSecurityGroups_web_name'), '/r')]",
     "dependsOn": ["[resourceId('Microsoft.Network/networkSecurityGroups', parameters('networkSecurityGroups_web_name'))]"],
     "properties": {OPEN}}},
    {{"type": "Microsoft.Network/virtualNetworks/subnets", "apiVersion": "2024-05-01",
     "name": "[concat(parameters('virtualNetworks_net_name'), '/s')]", "properties": {{"addressPrefix": "10.0.0.0/24"}}}},
    {MACHINE}]}}"#
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
