//! What changes in a rule, under the names of one syntax.

use serde_json::Value;

use super::edit::{Op, Step};
use crate::forms::rule::{Rule, Side};
use crate::forms::terraform::protocol;

/// The operations that make one rule another; all of its members where it was not known.
pub(super) fn ops(was: Option<&Rule>, rule: &Rule, terraform: bool) -> Vec<Op> {
    let path = if terraform { Vec::new() } else { vec![Step::Member("properties".to_owned())] };
    let mut all = Vec::new();
    let mut put = |changed: bool, keys: &[String], new: Option<(String, Value)>| {
        if changed {
            all.push(Op { path: path.clone(), keys: keys.to_vec(), new });
        }
    };
    let mut scalar = |name: &str, was: Option<&String>, is: &str, value: Value| {
        let changed = was.is_none_or(|was| !was.eq_ignore_ascii_case(is));
        put(changed, &[name.to_owned()], Some((name.to_owned(), value)));
    };
    let number = rule.priority.parse::<u64>().map_or(Value::Null, Value::from);
    scalar("priority", was.map(|was| &was.priority), &rule.priority, number);
    scalar("direction", was.map(|was| &was.direction), &rule.direction, rule.direction.as_str().into());
    scalar("access", was.map(|was| &was.access), &rule.access, rule.access.as_str().into());
    scalar("protocol", was.map(|was| &was.protocol), &rule.protocol, protocol(&rule.protocol).into());
    for (name, was, is) in [
        ("source", was.map(|was| &was.source), &rule.source),
        ("destination", was.map(|was| &was.destination), &rule.destination),
    ] {
        for (one, list, of) in [
            ("AddressPrefix", "AddressPrefixes", (|side| &side.prefixes) as fn(&Side) -> &Vec<String>),
            ("PortRange", "PortRanges", |side| &side.ports),
        ] {
            let keys = [spelled(name, one, terraform), spelled(name, list, terraform)];
            let new = match of(is).as_slice() {
                [] => None,
                [word] => keys.first().map(|key| (key.clone(), word.as_str().into())),
                words => keys.last().map(|key| (key.clone(), words.iter().map(String::as_str).collect())),
            };
            put(was.map(of) != Some(of(is)), &keys, new);
        }
        let groups: Vec<&str> = is.groups.iter().map(String::as_str).collect();
        let key = match terraform {
            true => format!("{name}_application_security_group_ids"),
            false => format!("{name}ApplicationSecurityGroups"),
        };
        let value = match terraform {
            true => groups.iter().copied().collect(),
            false => groups.iter().map(|id| serde_json::json!({"id": id})).collect::<Value>(),
        };
        let new = (!groups.is_empty()).then(|| (key.clone(), value));
        put(was.map_or(!groups.is_empty(), |was| was.groups != is.groups), &[key], new);
    }
    let description = rule.description.as_deref().map(|text| ("description".to_owned(), text.into()));
    let changed = was.map_or(description.is_some(), |was| was.description != rule.description);
    put(changed, &["description".to_owned()], description);
    all
}

fn spelled(side: &str, name: &str, terraform: bool) -> String {
    if !terraform {
        return format!("{side}{name}");
    }
    let mut out = side.to_owned();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
