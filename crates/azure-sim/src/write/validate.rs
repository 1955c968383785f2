//! What Azure refuses in security rules, with its codes and words.
//!
//! Of the codes, these were seen in answers of Azure: `SecurityRuleConflict`, `SecurityRuleInvalidPortRange`,
//! `SecurityRuleInvalidAddressPrefix`, `SecurityRuleInvalidPriority`, `SecurityRuleInvalidAccessType`,
//! `SecurityRuleParameterContainsUnsupportedValue`, `InvalidRequestFormat`, `InvalidResourceName`. All others here are of
//! this file alone: what is refused is Azure's rule, how it is called is not.
//!
//! <https://learn.microsoft.com/rest/api/virtualnetwork/security-rules/create-or-update>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftnetwork>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::address::Address;
use super::store::text;
use crate::answers::Answer;

/// How many rules a group has at most.
const RULES: usize = 1000;
/// How many addresses the rules of a group have at most, sources and destinations by themselves.
const PREFIXES: usize = 4000;
/// How many characters a description has at most.
const DESCRIPTION: usize = 140;
/// How many application security groups stand on one side of a rule at most.
const APPLICATIONS: usize = 10;

type Checked = Result<(), Answer>;

fn refuse(code: &str, message: &str) -> Answer {
    Answer::error(400, code, message)
}

/// The body is not what a rule looks like.
pub(crate) fn unreadable(message: &str) -> Answer {
    let mut answer = refuse("InvalidRequestFormat", "Cannot parse the request.");
    if let Some(error) = answer.body.get_mut("error").and_then(Value::as_object_mut) {
        error.insert("details".to_owned(), serde_json::json!([{"code": "InvalidJson", "message": message}]));
    }
    answer
}

/// A name of a resource of the network, or of a part of one.
pub(crate) fn name(name: &str) -> Checked {
    let letters = || name.bytes();
    let fits = (1..=80).contains(&name.len())
        && letters().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && letters().next_back().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && letters().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if fits {
        return Ok(());
    }
    Err(refuse(
        "InvalidResourceName",
        &format!(
            "Resource name {name} is invalid. The name can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'."
        ),
    ))
}

/// All rules of a group, of which each may be named in an answer.
pub(crate) fn rules(group: &Address, rules: &[Value]) -> Checked {
    for rule in rules {
        let its = text(rule, "/name");
        name(its)?;
        one(&format!("{}/securityRules/{its}", group.id()), rule)?;
    }
    together(group, rules)
}

/// What rules may not be beside each other.
pub(crate) fn together(group: &Address, rules: &[Value]) -> Checked {
    if rules.len() > RULES {
        return Err(refuse(
            "SecurityRulesLimitExceeded",
            &format!(
                "Network security group {} has {} rules. A group may have up to {RULES}.",
                group.id(),
                rules.len()
            ),
        ));
    }
    conflicts(rules)?;
    for side in ["source", "destination"] {
        let count: usize = rules.iter().map(|rule| addresses(rule, side).len()).sum();
        if count > PREFIXES {
            return Err(refuse(
                "SecurityRuleAddressPrefixesLimitExceeded",
                &format!(
                    "The rules of {} have {count} {side} address prefixes. They may have up to {PREFIXES}.",
                    group.id()
                ),
            ));
        }
    }
    Ok(())
}

fn conflicts(rules: &[Value]) -> Checked {
    let (mut places, mut names) = (BTreeMap::new(), BTreeSet::new());
    for rule in rules {
        let name = text(rule, "/name");
        if !names.insert(name.to_ascii_lowercase()) {
            return Err(refuse(
                "SecurityRuleDuplicateName",
                &format!("The name {name} is of more than one rule."),
            ));
        }
        let priority = rule.pointer("/properties/priority").and_then(Value::as_i64);
        let place = (text(rule, "/properties/direction").to_ascii_lowercase(), priority);
        if let Some(other) = places.insert(place, name) {
            return Err(refuse(
                "SecurityRuleConflict",
                &format!(
                    "Security rule {other} conflicts with rule {name}. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules."
                ),
            ));
        }
    }
    Ok(())
}

/// A rule by itself.
fn one(id: &str, rule: &Value) -> Checked {
    let Some(properties) = rule.get("properties").filter(|properties| properties.is_object()) else {
        return Err(unreadable("Required property 'properties' not found in JSON."));
    };
    for (field, allowed) in [
        ("protocol", &["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"][..]),
        ("access", &["Allow", "Deny"]),
        ("direction", &["Inbound", "Outbound"]),
    ] {
        let value = properties.get(field).and_then(Value::as_str);
        let Some(value) = value else {
            return Err(unreadable(&format!(
                "Required property '{field}' not found in JSON. Path 'properties'."
            )));
        };
        if !allowed.iter().any(|one| one.eq_ignore_ascii_case(value)) {
            return Err(unreadable(&format!(
                "Error converting value \"{value}\" to type 'SecurityRule{field}'. Path 'properties.{field}'."
            )));
        }
    }
    let priority = properties.get("priority").cloned().unwrap_or_default();
    if !priority.as_i64().is_some_and(|priority| (100..=4096).contains(&priority)) {
        if !priority.is_null() && !priority.is_i64() && !priority.is_u64() {
            return Err(unreadable(&format!(
                "Could not convert {priority} to integer. Path 'properties.priority'."
            )));
        }
        let told = if priority.is_null() { "0".to_owned() } else { priority.to_string() };
        return Err(refuse(
            "SecurityRuleInvalidPriority",
            &format!("Security rule has invalid Priority. Value provided: {told} Allowed range 100-4096."),
        ));
    }
    if text(properties, "/description").chars().count() > DESCRIPTION {
        return Err(refuse(
            "SecurityRuleInvalidDescription",
            &format!("The description of security rule {id} has more than {DESCRIPTION} characters."),
        ));
    }
    ["source", "destination"].iter().try_for_each(|side| {
        ports(id, properties, side)?;
        prefixes(id, properties, side)
    })
}

fn strings<'v>(properties: &'v Value, field: &str) -> Result<Vec<&'v str>, Answer> {
    let wrong = || unreadable(&format!("Error converting value of 'properties.{field}'."));
    match properties.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) if one.is_empty() => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(all)) => all.iter().map(|one| one.as_str().ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}

/// What stands in a field and in its plural, of which only one may be there.
fn either<'v>(
    id: &str,
    properties: &'v Value,
    one: &str,
    many: &str,
) -> Result<(Vec<&'v str>, bool), Answer> {
    let (single, plural) = (strings(properties, one)?, strings(properties, many)?);
    match (single.is_empty(), plural.is_empty()) {
        (false, false) => Err(refuse(
            "SecurityRuleParametersConflict",
            &format!("Security rule {id} has both {one} and {many}. Only one of them may be specified."),
        )),
        (false, true) => Ok((single, false)),
        (true, _) => Ok((plural, true)),
    }
}

fn ports(id: &str, properties: &Value, side: &str) -> Checked {
    let (one, many) = (format!("{side}PortRange"), format!("{side}PortRanges"));
    let (all, _) = either(id, properties, &one, &many)?;
    if all.is_empty() {
        return Err(refuse(
            "SecurityRuleParameterMissing",
            &format!("Security rule {id} has neither {one} nor {many}."),
        ));
    }
    for text in all {
        if !is_port_range(text) {
            return Err(refuse(
                "SecurityRuleInvalidPortRange",
                &format!(
                    "Security rule has invalid Port range. Value provided: {text}. Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535."
                ),
            ));
        }
    }
    Ok(())
}

fn is_port_range(text: &str) -> bool {
    let port = |text: &str| -> Option<u16> {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
    };
    match text.split_once('-') {
        None => text == "*" || port(text).is_some(),
        Some((from, to)) => port(from).zip(port(to)).is_some_and(|(from, to)| from <= to),
    }
}

fn prefixes(id: &str, properties: &Value, side: &str) -> Checked {
    let (one, many) = (format!("{side}AddressPrefix"), format!("{side}AddressPrefixes"));
    let groups = format!("{side}ApplicationSecurityGroups");
    let (all, plural) = either(id, properties, &one, &many)?;
    let count = properties.get(&groups).and_then(Value::as_array).map_or(0, Vec::len);
    if count > APPLICATIONS {
        return Err(refuse(
            "SecurityRuleApplicationSecurityGroupsLimitExceeded",
            &format!(
                "A security rule may have up to {APPLICATIONS} Application Security Groups in the source or destination fields. The requested configuration has {count} in the {groups} field."
            ),
        ));
    }
    match (all.is_empty(), count) {
        (true, 0) => {
            return Err(refuse(
                "SecurityRuleParameterMissing",
                &format!("Security rule {id} has none of {one}, {many} and {groups}."),
            ));
        }
        (false, 1..) => {
            return Err(refuse(
                "SecurityRuleParametersConflict",
                &format!(
                    "Security rule {id} has both {one} and {groups}. Only one of them may be specified."
                ),
            ));
        }
        _ => {}
    }
    for text in all {
        if is_prefix(text) {
            continue;
        }
        if !is_tag(text) && text != "*" {
            return Err(refuse(
                "SecurityRuleInvalidAddressPrefix",
                &format!("Security rule {id} has invalid Address prefix. Value provided: {text}"),
            ));
        }
        // A tag stands alone: https://github.com/hashicorp/terraform-provider-azurerm/issues/5617
        if plural {
            let mut field = one.clone();
            field.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
            return Err(refuse(
                "SecurityRuleParameterContainsUnsupportedValue",
                &format!(
                    "Security rule parameter {field} for rule with Id {id} cannot specify existing VIRTUALNETWORK, INTERNET, AZURELOADBALANCER, '*' or system tags. Unsupported value used: {text}."
                ),
            ));
        }
        let platform = ["AzurePlatformDNS", "AzurePlatformIMDS", "AzurePlatformLKM"];
        let allows = properties
            .get("access")
            .and_then(Value::as_str)
            .is_some_and(|its| its.eq_ignore_ascii_case("Allow"));
        if allows && platform.iter().any(|tag| tag.eq_ignore_ascii_case(text)) {
            return Err(refuse(
                "SecurityRuleInvalidAccessType",
                &format!(
                    "Security rule {id} has invalid access type Allow for {text}. Allowed values: Deny."
                ),
            ));
        }
    }
    Ok(())
}

/// An address, a prefix, or a number, which Azure takes for an address as `inet_aton` does.
fn is_prefix(text: &str) -> bool {
    let (address, long) = text.split_once('/').map_or((text, None), |(address, long)| (address, Some(long)));
    let number = |text: &str, most: u32| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse().is_ok_and(|it: u32| it <= most)
    };
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => long.is_none_or(|long| number(long, if address.is_ipv4() { 32 } else { 128 })),
        Err(_) => long.is_none() && number(address, u32::MAX),
    }
}

/// Whether it looks like a service tag. Which ones there are changes by the week, so nobody is held to a list; what has the
/// look of none is refused.
fn is_tag(text: &str) -> bool {
    const FIRST: [&str; 14] = [
        "virtualnetwork",
        "virtual_network",
        "internet",
        "azureloadbalancer",
        "azure_loadbalancer",
        "azure",
        "storage",
        "sql",
        "gatewaymanager",
        "eventhub",
        "servicebus",
        "servicefabric",
        "apimanagement",
        "any",
    ];
    const MORE: [&str; 24] = [
        "actiongroup",
        "appconfiguration",
        "applicationinsights",
        "appservice",
        "autonomousdevelopmentplatform",
        "batchnodemanagement",
        "chaosstudio",
        "cognitiveservices",
        "containerappsmanagement",
        "datafactory",
        "dynamics365",
        "eopexternal",
        "grafana",
        "hdinsight",
        "guestandhybridmanagement",
        "kustoanalytics",
        "logicapps",
        "m365",
        "microsoft",
        "office365",
        "oneds",
        "power",
        "scuba",
        "windows",
    ];
    let lower = text.to_ascii_lowercase();
    // The name of a subnet looks like one of these and is none.
    !["azurebastionsubnet", "azurefirewallsubnet"].contains(&lower.as_str())
        && lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
        && FIRST.iter().chain(&MORE).any(|begin| lower.starts_with(begin))
}

fn addresses<'v>(rule: &'v Value, side: &str) -> Vec<&'v str> {
    let Some(properties) = rule.get("properties") else { return Vec::new() };
    let of = |field: String| {
        let value = properties.get(&field);
        let many = value.and_then(Value::as_array).map(|all| all.iter().filter_map(Value::as_str).collect());
        many.unwrap_or_else(|| value.and_then(Value::as_str).into_iter().collect::<Vec<_>>())
    };
    [of(format!("{side}AddressPrefix")), of(format!("{side}AddressPrefixes"))].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(name: &str, priority: i64, changes: Value) -> Value {
        let mut rule = json!({"name": name, "properties": {"priority": priority, "direction": "Inbound", "access": "Allow",
            "protocol": "Tcp", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
            "destinationPortRange": "22"}});
        super::super::store::merge(&mut rule["properties"], &changes);
        rule
    }

    fn check(all: &[Value]) -> String {
        let group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n";
        match rules(&Address::read(group).unwrap(), all) {
            Ok(()) => "ok".to_owned(),
            Err(answer) => text(&answer.body, "/error/code").to_owned(),
        }
    }

    fn changed(changes: Value) -> String {
        check(&[rule("r", 100, changes)])
    }

    #[test]
    fn ports_are_numbers_and_ranges() {
        for good in ["*", "0", "65535", "1-2", "22-22"] {
            assert_eq!(changed(json!({"destinationPortRange": good})), "ok", "{good}");
        }
        for odd in ["65536", "2-1", "-1", "1-", "22,80", "ssh", "1-2-3", "+1", " 22", "２２"] {
            assert_eq!(
                changed(json!({"destinationPortRange": odd})),
                "SecurityRuleInvalidPortRange",
                "{odd}"
            );
        }
        assert_eq!(
            changed(json!({"destinationPortRange": null, "destinationPortRanges": ["22", "80-90"]})),
            "ok"
        );
        assert_eq!(changed(json!({"destinationPortRanges": ["22"]})), "SecurityRuleParametersConflict");
        assert_eq!(changed(json!({"destinationPortRanges": []})), "ok");
        assert_eq!(changed(json!({"destinationPortRange": null})), "SecurityRuleParameterMissing");
        assert_eq!(changed(json!({"destinationPortRange": 22})), "InvalidRequestFormat");
    }

    #[test]
    fn prefixes_are_addresses_tags_or_everything() {
        for good in [
            "*",
            "10.0.0.0/8",
            "10.0.0.4",
            "::/0",
            "2001:db8::/32",
            "Internet",
            "INTERNET",
            "VirtualNetwork",
            "Storage.EastUS",
            "AzureCloud.japaneast",
            "789",
        ] {
            assert_eq!(changed(json!({"sourceAddressPrefix": good})), "ok", "{good}");
        }
        for odd in [
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/",
            "a.b",
            "AzureBastionSubnet",
            "Nonsense",
            "1 2",
            "10.0.0.1-10.0.0.9",
            "99999999999",
        ] {
            assert_eq!(
                changed(json!({"sourceAddressPrefix": odd})),
                "SecurityRuleInvalidAddressPrefix",
                "{odd}"
            );
        }
        let many = |all: Value| changed(json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": all}));
        assert_eq!(many(json!(["10.0.0.0/8", "192.0.2.1"])), "ok");
        assert_eq!(many(json!(["Internet"])), "SecurityRuleParameterContainsUnsupportedValue");
        assert_eq!(many(json!([1])), "InvalidRequestFormat");
        assert_eq!(many(json!([])), "SecurityRuleParameterMissing");
        let group = json!([{"id": "/asg"}]);
        assert_eq!(
            changed(json!({"sourceApplicationSecurityGroups": group})),
            "SecurityRuleParametersConflict"
        );
        assert_eq!(
            changed(json!({"sourceAddressPrefix": null, "sourceApplicationSecurityGroups": group})),
            "ok"
        );
        assert_eq!(
            changed(json!({"destinationAddressPrefix": "AzurePlatformDNS"})),
            "SecurityRuleInvalidAccessType"
        );
        assert_eq!(changed(json!({"destinationAddressPrefix": "AzurePlatformDNS", "access": "Deny"})), "ok");
    }

    #[test]
    fn priorities_are_in_range_and_of_one_rule_each() {
        for (priority, said) in [
            (99, "SecurityRuleInvalidPriority"),
            (100, "ok"),
            (4096, "ok"),
            (4097, "SecurityRuleInvalidPriority"),
        ] {
            assert_eq!(changed(json!({"priority": priority})), said, "{priority}");
        }
        assert_eq!(changed(json!({"priority": null})), "SecurityRuleInvalidPriority");
        assert_eq!(changed(json!({"priority": 100.5})), "InvalidRequestFormat");
        assert_eq!(changed(json!({"priority": "100"})), "InvalidRequestFormat");
        let two = |b: Value| check(&[b, rule("a", 100, json!({}))]);
        assert_eq!(two(rule("b", 100, json!({}))), "SecurityRuleConflict");
        assert_eq!(two(rule("b", 100, json!({"direction": "outbound"}))), "ok");
        assert_eq!(two(rule("b", 101, json!({}))), "ok");
        assert_eq!(two(rule("A", 101, json!({}))), "SecurityRuleDuplicateName");
    }

    #[test]
    fn names_words_and_counts_are_held_to_limits() {
        for good in ["a", "0", "a_", "a.b-c_d", &"a".repeat(80)] {
            assert!(name(good).is_ok(), "{good}");
        }
        for odd in ["", "_a", "-a", "a.", "a-", "a b", "a/b", "規則", &"a".repeat(81)] {
            assert!(name(odd).is_err(), "{odd}");
        }
        assert_eq!(changed(json!({"description": "語".repeat(140)})), "ok");
        assert_eq!(changed(json!({"description": "語".repeat(141)})), "SecurityRuleInvalidDescription");
        for (field, odd) in [("access", "Maybe"), ("direction", "Up"), ("protocol", "Gre")] {
            assert_eq!(changed(json!({field: odd})), "InvalidRequestFormat", "{field}");
            assert_eq!(changed(json!({field: null})), "InvalidRequestFormat", "{field}");
        }
        assert_eq!(changed(json!({"protocol": "TCP", "access": "deny"})), "ok");
        assert_eq!(check(&[json!({"name": "r"})]), "InvalidRequestFormat");
        let many: Vec<Value> = (0..1000).map(|at| rule(&format!("r{at}"), 100 + at, json!({}))).collect();
        assert_eq!(check(&many), "ok");
        assert_eq!(check(&[&many[..], &[rule("x", 4000, json!({}))]].concat()), "SecurityRulesLimitExceeded");
        let wide = |count: usize| {
            let all: Vec<String> = (0..count).map(|at| format!("10.0.{}.{}", at / 256, at % 256)).collect();
            changed(json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": all}))
        };
        assert_eq!(
            (wide(4000), wide(4001)),
            ("ok".to_owned(), "SecurityRuleAddressPrefixesLimitExceeded".to_owned())
        );
    }
}
