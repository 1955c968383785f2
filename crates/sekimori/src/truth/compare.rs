//! Two answers side by side.

use std::collections::BTreeSet;

use azure::FlowSaid;
use serde_json::Value;

use super::Outcome;

/// Our answer to a flow, and Azure's.
pub(crate) fn flows(ours: &(&'static str, Option<String>), azure: &FlowSaid) -> Outcome {
    let (access, rule) = ours;
    if azure.access.eq_ignore_ascii_case("Unknown") {
        return Outcome::NotAnswered("Azure: Unknown".to_owned());
    }
    if matches!(*access, "Unknown" | "Partial") {
        return Outcome::NotKnown(format!("{} {}", azure.access, azure.rule.as_deref().unwrap_or_default()));
    }
    let theirs = azure.rule.as_deref().filter(|rule| !rule.is_empty());
    let same_rule = match (rule, theirs) {
        (Some(ours), Some(theirs)) => canonical(ours).eq_ignore_ascii_case(&canonical(theirs)),
        // Where no group filters, there is no rule to name.
        (None, None) => true,
        _ => false,
    };
    if azure.access.eq_ignore_ascii_case(access) && same_rule {
        return Outcome::Agrees;
    }
    let line = |access: &str, rule: Option<&str>| format!("{access}  {}", rule.unwrap_or("–"));
    Outcome::Differs(line(access, rule.as_deref()), line(&azure.access, theirs))
}

/// Older answers write `UserRule_ssh` for `securityRules/ssh`.
fn canonical(rule: &str) -> String {
    match (rule.strip_prefix("UserRule_"), rule.strip_prefix("DefaultRule_")) {
        (Some(name), _) => format!("securityRules/{name}"),
        (_, Some(name)) => format!("defaultSecurityRules/{name}"),
        _ => rule.to_owned(),
    }
}

/// The groups in force: what we worked out, and what Azure tells. Rules are compared as sets, by all that decides.
pub(crate) fn groups(ours: &Value, azure: &Value) -> Outcome {
    // Older answers do not tell at which level a group is.
    let levels = [ours, azure].iter().all(|answer| listed(answer).iter().all(|group| level(group).is_some()));
    let (ours, theirs) = (rules(ours, levels), rules(azure, levels));
    let first = |all: &BTreeSet<Vec<String>>, others: &BTreeSet<Vec<String>>| {
        let more = all.difference(others).count();
        let one = all.difference(others).next().map(|rule| {
            let (id, rest) = rule.split_first().map_or(("", &[][..]), |(id, rest)| (id.as_str(), rest));
            format!("{} {}", estate::resource_name(id), rest.join(" "))
        });
        one.map_or_else(
            || "–".to_owned(),
            |rule| if more > 1 { format!("{rule} (+{})", more - 1) } else { rule },
        )
    };
    match ours == theirs {
        true => Outcome::Agrees,
        false => Outcome::Differs(first(&ours, &theirs), first(&theirs, &ours)),
    }
}

/// Two denies that answers of January 2017 list a second time, under an older name.
const TWICE: [&str; 2] =
    ["defaultSecurityRules/DefaultInboundDenyAll", "defaultSecurityRules/DefaultOutboundDenyAll"];

fn listed(answer: &Value) -> &[Value] {
    answer.get("value").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Whether a group filters for the NIC or for its subnet.
fn level(group: &Value) -> Option<&'static str> {
    let association = group.get("association")?;
    let is = |name: &str| association.get(name).is_some_and(|one| !one.is_null());
    [("networkInterface", "nic"), ("subnet", "subnet")]
        .iter()
        .find(|(name, _)| is(name))
        .map(|(_, level)| *level)
}

/// The rules of all groups of an answer, each with the group that it is in, and where that is, if it is asked for.
fn rules(answer: &Value, levels: bool) -> BTreeSet<Vec<String>> {
    let mut all = BTreeSet::new();
    for group in listed(answer) {
        let id = group.pointer("/networkSecurityGroup/id").and_then(Value::as_str).unwrap_or_default();
        let filters = group.get("effectiveSecurityRules").and_then(Value::as_array);
        for rule in filters.into_iter().flatten() {
            let words = rule_words(rule);
            if !words.first().is_some_and(|name| TWICE.iter().any(|twice| twice.eq_ignore_ascii_case(name))) {
                let level = level(group).filter(|_| levels).unwrap_or_default();
                all.insert([vec![id.to_lowercase(), level.to_owned()], words].concat());
            }
        }
    }
    all
}

/// A rule with what it names as sets, so that two ways to write one thing are one.
fn rule_words(rule: &Value) -> Vec<String> {
    let text = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let list = |one: &str, many: &str| {
        let listed = rule.get(many).and_then(Value::as_array).filter(|all| !all.is_empty());
        let all: BTreeSet<String> = match listed {
            Some(all) => all.iter().filter_map(Value::as_str).map(str::to_lowercase).collect(),
            None => [text(one)].into(),
        };
        all.into_iter().collect::<Vec<_>>().join(",")
    };
    // What the tag of the internet stands for moves from week to week, and of the platform's only IPv4 is always told.
    let expanded = |name: &str, side: &str| {
        if side == "internet" {
            return String::new();
        }
        let listed = rule.get(name).and_then(Value::as_array).into_iter().flatten();
        let all: BTreeSet<&str> =
            listed.filter_map(Value::as_str).filter(|prefix| !prefix.contains(':')).collect();
        all.into_iter().collect::<Vec<_>>().join(",")
    };
    let source = list("sourceAddressPrefix", "sourceAddressPrefixes");
    let destination = list("destinationAddressPrefix", "destinationAddressPrefixes");
    vec![
        text("name"),
        text("direction"),
        rule.get("priority").map(Value::to_string).unwrap_or_default(),
        text("access"),
        text("protocol"),
        list("sourcePortRange", "sourcePortRanges"),
        list("destinationPortRange", "destinationPortRanges"),
        expanded("expandedSourceAddressPrefix", &source),
        expanded("expandedDestinationAddressPrefix", &destination),
        source,
        destination,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_agree_in_access_and_rule() {
        let said = |access: &str, rule: Option<&str>| FlowSaid {
            access: access.to_owned(),
            rule: rule.map(str::to_owned),
        };
        let ours = ("Allow", Some("securityRules/ssh".to_owned()));
        assert!(matches!(flows(&ours, &said("Allow", Some("securityRules/SSH"))), Outcome::Agrees));
        assert!(matches!(flows(&ours, &said("allow", Some("UserRule_ssh"))), Outcome::Agrees));
        assert!(matches!(flows(&ours, &said("Deny", Some("securityRules/ssh"))), Outcome::Differs(..)));
        assert!(matches!(flows(&ours, &said("Allow", Some("securityRules/other"))), Outcome::Differs(..)));
        assert!(matches!(flows(&ours, &said("Allow", None)), Outcome::Differs(..)));
        assert!(matches!(flows(&("Allow", None), &said("Allow", Some(""))), Outcome::Agrees));
        assert!(matches!(flows(&("Unknown", None), &said("Deny", Some("r"))), Outcome::NotKnown(_)));
        assert!(matches!(flows(&ours, &said("Unknown", None)), Outcome::NotAnswered(_)));
    }

    #[test]
    fn groups_agree_as_sets_of_rules() {
        let group = |rules: Value| json!({"value": [{"networkSecurityGroup": {"id": "/x/nsg"}, "effectiveSecurityRules": rules}]});
        let one = |prefix: &str| {
            json!({"name": "securityRules/a", "access": "Allow", "priority": 100,
            "sourceAddressPrefixes": [prefix, "10.0.0.0/8"], "destinationPortRange": "22-22"})
        };
        let turned = json!({"name": "securityRules/A", "access": "allow", "priority": 100,
            "sourceAddressPrefixes": ["10.0.0.0/8", "192.0.2.0/24"], "destinationPortRanges": ["22-22"]});
        let old = json!({"name": "defaultSecurityRules/DefaultInboundDenyAll"});
        let ours = group(json!([one("192.0.2.0/24")]));
        assert!(matches!(groups(&ours, &group(json!([turned, old]))), Outcome::Agrees));
        assert!(matches!(groups(&ours, &group(json!([one("192.0.3.0/24")]))), Outcome::Differs(..)));
        let placed = |id: &str, level: &str| json!({"value": [{"networkSecurityGroup": {"id": id}, "association": {level: {"id": "/x"}}, "effectiveSecurityRules": [one("192.0.2.0/24")]}]});
        let at_nic = placed("/x/nsg", "networkInterface");
        assert!(matches!(groups(&at_nic, &placed("/X/nsg", "networkInterface")), Outcome::Agrees));
        assert!(matches!(groups(&at_nic, &placed("/y/nsg", "networkInterface")), Outcome::Differs(..)));
        assert!(matches!(groups(&at_nic, &placed("/x/nsg", "subnet")), Outcome::Differs(..)));
        assert!(matches!(groups(&at_nic, &ours), Outcome::Agrees), "an older answer tells no level");
        assert!(matches!(groups(&ours, &json!({"value": []})), Outcome::Differs(..)));
        assert!(matches!(groups(&json!({"value": []}), &json!({"value": []})), Outcome::Agrees));
    }
}
