//! What hardening makes of the rules of a security group.
//!
//! INVARIANT: no rule that comes out of it lets the internet in to anything but TCP 80 and 443, or to sign-in ports from
//! anywhere but trusted addresses and parts of the network; whom a rule denies stays denied.

use serde_json::{Value, json};

use super::ChangeKind;
use super::records::{list, text};
use super::sources::{Ports, SIGN_IN, WEB, Who, of_rule, who};

/// What is known of the place of a group.
pub(super) struct Around<'a> {
    /// Prefixes of the networks of the template.
    pub(super) networks: &'a [String],
    /// Addresses that people may sign in from.
    pub(super) trusted: &'a [String],
    /// Where bastions come from; none where the group guards no machine that is exported.
    pub(super) bastions: Option<&'a [String]>,
    /// Whether Windows must reach its activation.
    pub(super) windows: bool,
}

/// A change of a rule by name.
pub(super) type Told = (ChangeKind, String);

/// Whether rules let the internet in to servers of the web.
pub(super) fn serves_web(rules: &[Value]) -> bool {
    lets_in(rules, &WEB, |who| matches!(who, Who::Anybody | Who::Internet))
}

/// Whether rules let addresses of the internet in to sign in.
pub(super) fn signs_in(rules: &[Value]) -> bool {
    lets_in(rules, &SIGN_IN, |who| !matches!(who, Who::Network | Who::Inside))
}

fn lets_in(rules: &[Value], ports: &[u16], from: impl Fn(Who) -> bool) -> bool {
    rules.iter().any(|rule| {
        is(rule, "direction", "Inbound")
            && is(rule, "access", "Allow")
            && is_tcp(rule)
            && !Ports::of_rule(rule).among(ports).is_empty()
            && of_rule(rule, "source").iter().any(|source| from(who(source, &[])))
    })
}

fn is(rule: &Value, name: &str, value: &str) -> bool {
    text(rule, &[name]).is_some_and(|its| its.eq_ignore_ascii_case(value))
}

/// Whether a rule is for TCP, alone or among others.
fn is_tcp(rule: &Value) -> bool {
    text(rule, &["protocol"]).is_none_or(|it| it == "*" || it.eq_ignore_ascii_case("Tcp"))
}

/// The rules as they should be, and what was changed.
pub(super) fn hardened(rules: &[Value], around: &Around<'_>) -> (Vec<Value>, Vec<Told>) {
    let mut told: Vec<Told> = Vec::new();
    let mut sorted: Vec<&Value> = rules.iter().collect();
    sorted.sort_by_key(|rule| priority(rule));
    let (mut inbound, mut outbound, mut other) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(bastions) = around.bastions {
        inbound.push(made("AllowBastionSignIn", "Inbound", "Allow", "Tcp", bastions, &["22", "3389"], 100));
    }
    for rule in sorted {
        if !is(rule, "access", "Allow") {
            let to = if is(rule, "direction", "Inbound") { &mut inbound } else { &mut outbound };
            to.push(rule.clone());
        } else if is(rule, "direction", "Inbound") {
            take(rule, incoming(rule, around), ChangeKind::RuleRemoved, &mut inbound, &mut told);
        } else if is(rule, "direction", "Outbound") {
            match around.bastions {
                Some(_) => {
                    take(rule, outgoing(rule, around), ChangeKind::SendingRule, &mut outbound, &mut told)
                }
                None => outbound.push(rule.clone()),
            }
        } else {
            other.push(rule.clone());
        }
    }
    let ports: Vec<String> = SIGN_IN.iter().map(u16::to_string).collect();
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    inbound.push(made("DenyInternetSignIn", "Inbound", "Deny", "*", &["Internet".into()], &ports, 4000));
    if around.bastions.is_some() {
        inbound.push(made(
            "DenyNetworkSignIn",
            "Inbound",
            "Deny",
            "Tcp",
            &["VirtualNetwork".into()],
            &ports,
            4001,
        ));
        told.push((ChangeKind::SignInDenied, "AllowBastionSignIn".to_owned()));
        told.push((ChangeKind::SignInDenied, "DenyNetworkSignIn".to_owned()));
        let to = |name: &str, access: &str, protocol: &str, ports: &[&str], priority: u16| {
            made(name, "Outbound", access, protocol, &["Internet".into()], ports, priority)
        };
        outbound.push(to("AllowWebOut", "Allow", "Tcp", &["80", "443"], 3900));
        outbound.push(to("AllowTimeOut", "Allow", "Udp", &["123"], 3901));
        if around.windows {
            outbound.push(to("AllowActivationOut", "Allow", "Tcp", &["1688"], 3902));
        }
        outbound.push(to("DenyInternetOut", "Deny", "*", &["*"], 4000));
        told.push((ChangeKind::SendingLimited, "DenyInternetOut".to_owned()));
    }
    told.push((ChangeKind::SignInDenied, "DenyInternetSignIn".to_owned()));
    let mut all = numbered(once_each(inbound));
    all.extend(numbered(once_each(outbound)));
    all.extend(other);
    (all, told)
}

fn take(
    rule: &Value,
    parts: Option<Vec<Value>>,
    removed: ChangeKind,
    to: &mut Vec<Value>,
    told: &mut Vec<Told>,
) {
    let name = text(rule, &["name"]).unwrap_or_default().to_owned();
    match parts {
        None => to.push(rule.clone()),
        Some(parts) => {
            let kind = match (removed, parts.is_empty()) {
                (ChangeKind::RuleRemoved, false) => ChangeKind::RuleNarrowed,
                (kind, _) => kind,
            };
            told.push((kind, name));
            to.extend(parts);
        }
    }
}

/// A rule that lets people sign in where there was no group before.
pub(super) fn trusted(sources: &[String], port: u16) -> Value {
    made("AllowTrustedSignIn", "Inbound", "Allow", "Tcp", sources, &[&port.to_string()], 200)
}

/// The parts of an inbound rule that may stay; none where it may stay as it is.
fn incoming(rule: &Value, around: &Around<'_>) -> Option<Vec<Value>> {
    let sources = of_rule(rule, "source");
    let groups = list(rule, &["sourceApplicationSecurityGroups"]);
    let of = |wanted: &[Who]| -> Vec<String> {
        sources.iter().filter(|it| wanted.contains(&who(it, around.networks))).cloned().collect()
    };
    let wide = of(&[Who::Anybody, Who::Internet]);
    let few = of(&[Who::Few, Who::Service]);
    let network = of(&[Who::Network]);
    let inside = of(&[Who::Inside]);
    let anybody = !of(&[Who::Anybody]).is_empty();
    let (ports, tcp, only_tcp) = (Ports::of_rule(rule), is_tcp(rule), is(rule, "protocol", "Tcp"));
    let web = if tcp { ports.among(&WEB) } else { Vec::new() };
    let sign_in = if tcp { ports.among(&SIGN_IN) } else { Vec::new() };
    let only_web = only_tcp && ports.without(&WEB).is_empty();
    let too_much = !wide.is_empty() && !only_web;
    let strangers = !wide.is_empty() || !few.is_empty() || !network.is_empty();
    if !too_much && (sign_in.is_empty() || !strangers) {
        return None;
    }
    let closed = ports.without(&sign_in);
    let mut parts = Vec::new();
    let mut add =
        |suffix: &str, sources: Vec<String>, groups: &[Value], ports: &Ports, protocol: Option<&str>| {
            if (!sources.is_empty() || !groups.is_empty()) && !ports.is_empty() {
                parts.push(part(rule, suffix, &sources, groups, ports, protocol));
            }
        };
    if !wide.is_empty() {
        add("web", sources.clone(), &[], &Ports::these(&web), Some("Tcp"));
    }
    if !wide.is_empty() || !few.is_empty() {
        add("sign-in", around.trusted.to_vec(), &[], &Ports::these(&sign_in), Some("Tcp"));
    }
    add("known", few, &[], &closed, None);
    let network = if anybody { vec!["VirtualNetwork".to_owned()] } else { network };
    add("network", network, &[], &closed, None);
    add("inside", inside, groups, &ports, None);
    if let [only] = parts.as_mut_slice() {
        rename(only, text(rule, &["name"]).unwrap_or_default());
    }
    Some(parts)
}

/// The parts of an outbound rule that may stay; none where it may stay as it is.
fn outgoing(rule: &Value, around: &Around<'_>) -> Option<Vec<Value>> {
    let all = of_rule(rule, "destination");
    let wide = |it: &String| matches!(who(it, around.networks), Who::Anybody | Who::Internet);
    // A handful of ports is what somebody needs; pools of miners are no such thing.
    let ports = Ports::of_rule(rule);
    if !all.iter().any(wide) || ports.count() <= 16 && ports.among(&POOLS).is_empty() {
        return None;
    }
    let anybody = all.iter().any(|it| who(it, around.networks) == Who::Anybody);
    let mut rest: Vec<String> = all.iter().filter(|it| !wide(it)).cloned().collect();
    if anybody && !rest.iter().any(|it| it.eq_ignore_ascii_case("VirtualNetwork")) {
        rest.push("VirtualNetwork".to_owned());
    }
    if rest.is_empty() {
        return Some(Vec::new());
    }
    let mut narrowed = rule.clone();
    put_addresses(&mut narrowed, "destination", &rest);
    Some(vec![narrowed])
}

/// Ports that pools of miners listen at.
const POOLS: [u16; 7] = [3333, 4444, 5555, 7777, 14433, 14444, 45700];

fn part(
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

fn rename(rule: &mut Value, name: &str) {
    if let Some(slot) = rule.get_mut("name") {
        *slot = json!(name);
    }
}

fn put_addresses(rule: &mut Value, side: &str, all: &[String]) {
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

fn made(
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

fn priority(rule: &Value) -> u64 {
    super::records::path(rule, &["priority"]).and_then(Value::as_u64).unwrap_or(4096)
}

/// A group that was made by hardening before has rules of these names: the new ones count.
fn once_each(rules: Vec<Value>) -> Vec<Value> {
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

const OWN: [&str; 7] = [
    "AllowBastionSignIn",
    "DenyInternetSignIn",
    "DenyNetworkSignIn",
    "AllowWebOut",
    "AllowTimeOut",
    "AllowActivationOut",
    "DenyInternetOut",
];

/// Rules in their order, each with a priority of its own; those that have one keep it where that is possible.
fn numbered(mut rules: Vec<Value>) -> Vec<Value> {
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

    fn rule(source: &str, protocol: &str, port: &str) -> Value {
        json!({"name": "r", "properties": {"direction": "Inbound", "access": "Allow", "protocol": protocol,
            "sourceAddressPrefix": source, "destinationPortRange": port, "priority": 300}})
    }

    /// What is left of a rule: `suffix protocol sources ports`.
    fn check(rule: Value, trusted: &[&str], expected: Option<&[&str]>) {
        let trusted: Vec<String> = trusted.iter().map(|it| (*it).to_owned()).collect();
        let around = Around {
            networks: &["10.0.0.0/16".to_owned()],
            trusted: &trusted,
            bastions: None,
            windows: false,
        };
        let parts = incoming(&rule, &around);
        let told = parts.map(|parts| {
            let one = |part: &Value| {
                let from = of_rule(part, "source").join(",");
                let ports = Ports::of_rule(part).texts().join(",");
                let (name, protocol) = (text(part, &["name"]).unwrap(), text(part, &["protocol"]).unwrap());
                format!("{name} {protocol} {from} {ports}")
            };
            parts.iter().map(one).collect::<Vec<_>>()
        });
        let expected = expected.map(|all| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(told, expected, "{rule}");
    }

    #[test]
    fn the_internet_gets_to_the_web_alone() {
        check(rule("Internet", "Tcp", "22"), &[], Some(&[]));
        check(rule("Internet", "Tcp", "22"), &["198.51.100.0/28"], Some(&["r Tcp 198.51.100.0/28 22"]));
        check(rule("203.0.113.7", "Tcp", "3389"), &[], Some(&[]));
        check(rule("203.0.113.7", "Tcp", "8443"), &[], None);
        check(rule("Internet", "Tcp", "443"), &[], None);
        check(rule("Internet", "Udp", "53"), &[], Some(&[]));
        check(rule("*", "Tcp", "1433"), &[], Some(&["r Tcp VirtualNetwork 1433"]));
        check(rule("*", "*", "443"), &[], Some(&["r-web Tcp * 443", "r-network * VirtualNetwork 443"]));
        check(rule("AzureCloud", "*", "*"), &[], Some(&["r Tcp AzureCloud 80,443"]));
        check(rule("VirtualNetwork", "Tcp", "20-23"), &[], Some(&["r Tcp VirtualNetwork 20-21,23"]));
        check(rule("10.0.3.0/24", "Tcp", "22"), &[], None);
        check(rule("GatewayManager", "Tcp", "443"), &[], None);
        check(rule("Storage", "*", "22"), &[], Some(&[]));
    }

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
