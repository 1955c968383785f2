//! Rules as a template writes them: new ones, parts of others, and their order.
//!
//! INVARIANT: of one direction no two rules have the same priority, and their order is that in which they are given.

use serde_json::{Value, json};

use super::records::{path, text};
use super::sources::Ports;

pub(super) fn part(
    rule: &Value,
    suffix: &str,
    sources: &[String],
    groups: &[Value],
    ports: &Ports,
    protocol: Option<&str>,
) -> Value {
    let mut part = rule.clone();
    let name = text(rule, &["name"]).unwrap_or_default();
    rename(&mut part, &format!("{}-{suffix}", name.chars().take(70).collect::<String>()));
    put_addresses(&mut part, "source", sources);
    if let Some(inner) = part.get_mut("properties").and_then(Value::as_object_mut) {
        if groups.is_empty() {
            inner.shift_remove("sourceApplicationSecurityGroups");
        }
        inner.shift_remove("destinationPortRange");
        inner.shift_remove("destinationPortRanges");
        match ports.texts().as_slice() {
            [one] => inner.insert("destinationPortRange".to_owned(), json!(one)),
            more => inner.insert("destinationPortRanges".to_owned(), json!(more)),
        };
        if let Some(protocol) = protocol {
            inner.insert("protocol".to_owned(), json!(protocol));
        }
    }
    part
}

pub(super) fn rename(rule: &mut Value, name: &str) {
    if let Some(slot) = rule.get_mut("name") {
        *slot = json!(name);
    }
}

pub(super) fn put_addresses(rule: &mut Value, side: &str, all: &[String]) {
    let Some(inner) = rule.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let (one, more) = (format!("{side}AddressPrefix"), format!("{side}AddressPrefixes"));
    inner.shift_remove(&one);
    inner.shift_remove(&more);
    match all {
        [] => None,
        [only] => inner.insert(one, json!(only)),
        all => inner.insert(more, json!(all)),
    };
}

pub(super) fn made(
    name: &str,
    direction: &str,
    access: &str,
    protocol: &str,
    who: &[String],
    ports: &[&str],
    priority: u16,
) -> Value {
    let mut rule = json!({"name": name, "properties": {
        "protocol": protocol,
        "sourcePortRange": "*",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
        "access": access,
        "priority": priority,
        "direction": direction,
    }});
    put_addresses(&mut rule, if direction == "Inbound" { "source" } else { "destination" }, who);
    if let Some(inner) = rule.get_mut("properties").and_then(Value::as_object_mut) {
        match ports {
            [one] => inner.insert("destinationPortRange".to_owned(), json!(one)),
            more => inner.insert("destinationPortRanges".to_owned(), json!(more)),
        };
    }
    rule
}

pub(super) fn priority(rule: &Value) -> u64 {
    path(rule, &["priority"]).and_then(Value::as_u64).unwrap_or(4096)
}

/// A group that was made by hardening before has rules of these names: the new ones count.
pub(super) fn once_each(rules: Vec<Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let name = text(rule, &["name"]).unwrap_or_default();
        let same = |other: &Value| text(other, &["name"]).is_some_and(|it| it.eq_ignore_ascii_case(name));
        let first = rules.iter().position(same) == Some(at);
        let is_ours = OWN.contains(&name);
        let last = rules.iter().rposition(same) == Some(at);
        if first && (name == "AllowBastionSignIn" || !is_ours)
            || last && is_ours && name != "AllowBastionSignIn"
        {
            kept.push(rule.clone());
        }
    }
    kept
}

const OWN: [&str; 9] = [
    "AllowBastionSignIn",
    "AllowBalancerIn",
    "DenyInternetIn",
    "DenyInternetSignIn",
    "DenyNetworkSignIn",
    "AllowWebOut",
    "AllowTimeOut",
    "AllowActivationOut",
    "DenyInternetOut",
];

/// Rules in their order, each with a priority of its own; those that have one keep it where that is possible.
pub(super) fn numbered(mut rules: Vec<Value>) -> Vec<Value> {
    let mut all: Vec<u64> = Vec::new();
    for rule in &rules {
        let least = all.last().map_or(100, |before| before + 1);
        all.push(priority(rule).clamp(100, 4096).max(least));
    }
    // Where the end is crowded those before it move up.
    let mut most = 4096;
    for its in all.iter_mut().rev() {
        *its = (*its).min(most);
        most = its.saturating_sub(1);
    }
    for (rule, its) in rules.iter_mut().zip(all) {
        if let Some(inner) = rule.get_mut("properties").and_then(Value::as_object_mut) {
            inner.insert("priority".to_owned(), json!(its));
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_stay_in_order() {
        let with =
            |priority: u16| json!({"name": priority.to_string(), "properties": {"priority": priority}});
        let numbers = |all: &[u16]| -> Vec<u64> {
            numbered(all.iter().map(|it| with(*it)).collect()).iter().map(priority).collect()
        };
        assert_eq!(numbers(&[100, 100, 100, 300]), [100, 101, 102, 300]);
        assert_eq!(numbers(&[4096, 4000, 4001]), [4094, 4095, 4096]);
    }
}
