//! Other tools' inputs, made ready for the program: nothing but what keeps it from reading them as one deployment.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// What Azure requires of a rule, and stands in no example that is about something else.
const OF_A_RULE: [(&str, &str, &str); 8] = [
    ("access", "access", "Allow"),
    ("direction", "direction", "Inbound"),
    ("protocol", "protocol", "*"),
    ("source_port_range", "source_port_ranges", "*"),
    ("destination_port_range", "destination_port_ranges", "*"),
    ("source_address_prefix", "source_address_prefixes", "*"),
    ("destination_address_prefix", "destination_address_prefixes", "*"),
    ("priority", "priority", ""),
];

/// The template or plan of a row. A blueprint holds its template.
///
/// Peers put good and bad examples of one resource side by side, often under one name, as they never deploy them. Here
/// each gets a name of its own. Their rules leave out arguments that the provider requires; these are filled in. Rules
/// are judged one by one by them, and together by Azure: a row about a rule keeps that rule alone.
pub(crate) fn ready(document: &Value, about: Option<&str>) -> Value {
    let mut made = document.pointer("/properties/template").unwrap_or(document).clone();
    if made.get("format_version").is_some() {
        plan(&mut made, about);
    } else {
        template(&mut made);
    }
    made
}

fn template(made: &mut Value) {
    let mut seen = BTreeSet::new();
    for resource in made["resources"].as_array_mut().into_iter().flatten() {
        let key = (resource["type"].to_string().to_lowercase(), resource["name"].to_string());
        let mut number = 1;
        while !seen.insert((key.0.clone(), format!("{} {number}", key.1))) {
            number += 1;
        }
        if number > 1 {
            let name = resource["name"].as_str().unwrap();
            let name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
                Some(inner) => format!("[concat({inner}, '-{number}')]"),
                None => format!("{name}-{number}"),
            };
            resource["name"] = name.into();
        }
    }
}

const RULE: &str = "azurerm_network_security_rule";
const GROUP: &str = "azurerm_network_security_group";

fn plan(made: &mut Value, about: Option<&str>) {
    let about_rule = about.filter(|about| about.starts_with(RULE));
    let kept = |resource: &Value| {
        let address = resource["address"].as_str().unwrap_or_default();
        about_rule.is_none_or(|about| !address.starts_with(RULE) || address == about)
    };
    let changes = made["resource_changes"].as_array().cloned().unwrap_or_default();
    let unknown_of = |address: &Value| {
        let change = changes.iter().find(|change| change["address"] == *address);
        change.map(|change| change["change"]["after_unknown"].clone()).unwrap_or_default()
    };
    for list in ["/planned_values/root_module/resources", "/resource_changes"] {
        let Some(resources) = made.pointer_mut(list).and_then(Value::as_array_mut) else { continue };
        resources.retain(kept);
        let mut seen = BTreeSet::new();
        for resource in resources {
            let kind = resource["type"].as_str().unwrap_or_default().to_owned();
            let values = if list.starts_with("/planned") { "/values" } else { "/change/after" };
            let unknown = unknown_of(&resource["address"]);
            let Some(Value::Object(values)) = resource.pointer_mut(values) else { continue };
            apart(&kind, values, &mut seen);
            if kind == RULE {
                filled(values, &unknown, 0);
            }
            if kind == GROUP {
                for (index, rule) in values.get_mut("security_rule").into_iter().flat_map(items).enumerate() {
                    filled(rule, &unknown["security_rule"][index], index);
                }
            }
        }
    }
}

fn items(list: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    list.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Gives a resource a name that no other of its type has.
fn apart(kind: &str, values: &mut Map<String, Value>, seen: &mut BTreeSet<(String, String)>) {
    // Plans of subscriptions and their contacts are called by what they are.
    let Some(name) = values.get("name").and_then(Value::as_str).map(str::to_owned) else { return };
    let mut number = 1;
    let mut own = name.clone();
    while !seen.insert((kind.to_owned(), own.to_lowercase())) {
        number += 1;
        own = format!("{name}-{number}");
    }
    values.insert("name".to_owned(), own.into());
}

fn filled(rule: &mut Map<String, Value>, unknown: &Value, index: usize) {
    for (one, several, usual) in OF_A_RULE {
        let told =
            |name: &str| rule.get(name).is_some_and(|value| !value.is_null()) || !unknown[name].is_null();
        if !told(one) && !told(several) {
            let value = if one == "priority" { json!(100 + index) } else { json!(usual) };
            rule.insert(one.to_owned(), value);
        }
    }
}
