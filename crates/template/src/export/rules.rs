//! What hardening makes of the rules of a security group.
//!
//! INVARIANT: no rule that comes out of it lets the internet in to anything but TCP 80 and 443, or to sign-in ports from
//! anywhere but trusted addresses and parts of the network; whom a rule denies stays denied.

use serde_json::Value;

use super::ChangeKind;
use super::records::{list, text};
use super::rule_text::{made, numbered, once_each, part, priority, put_addresses, rename};
use super::sources::{Ports, SIGN_IN, WEB, Who, of_rule, range, who};

/// What is known of the place of a group.
pub(super) struct Around<'a> {
    /// Prefixes of the networks of the template.
    pub(super) networks: &'a [String],
    /// Addresses that people may sign in from.
    pub(super) trusted: &'a [String],
    /// What stands for the whole network: the tag, or prefixes where a route widens the tag to the internet.
    ///
    /// Source: <https://learn.microsoft.com/azure/virtual-network/service-tags-overview>
    pub(super) inside: &'a [String],
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
    if around.bastions.is_none() {
        inbound.push(made("DenyInternetSignIn", "Inbound", "Deny", "*", &["Internet".into()], &ports, 4000));
        told.push((ChangeKind::SignInDenied, "DenyInternetSignIn".to_owned()));
    } else {
        // The tag of the internet holds the address that balancers probe from.
        let balancer = ["AzureLoadBalancer".to_owned()];
        inbound.push(made("AllowBalancerIn", "Inbound", "Allow", "*", &balancer, &["*"], 3999));
        inbound.push(made("DenyInternetIn", "Inbound", "Deny", "*", &["Internet".into()], &["*"], 4000));
        told.push((ChangeKind::SignInDenied, "DenyInternetIn".to_owned()));
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
pub(super) fn trusted(sources: &[String], ports: &[&str]) -> Value {
    made("AllowTrustedSignIn", "Inbound", "Allow", "Tcp", sources, ports, 200)
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
    let is_tag = |it: &String| range(it).is_none();
    let widened = !around.inside.iter().any(is_tag) && network.iter().any(is_tag);
    if !too_much && !widened && (sign_in.is_empty() || !strangers) {
        return None;
    }
    let closed = ports.without(&sign_in);
    // The part for the web is for all sources.
    let closed = if only_tcp && !wide.is_empty() { closed.without(&WEB) } else { closed };
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
    let network = if anybody || widened { around.inside.to_vec() } else { network };
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(source: &str, protocol: &str, port: &str) -> Value {
        json!({"name": "r", "properties": {"direction": "Inbound", "access": "Allow", "protocol": protocol,
            "sourceAddressPrefix": source, "destinationPortRange": port, "priority": 300}})
    }

    /// What is left of a rule: `suffix protocol sources ports`.
    fn check(rule: Value, trusted: &[&str], expected: Option<&[&str]>) {
        check_inside(rule, trusted, "VirtualNetwork", expected);
    }

    fn check_inside(rule: Value, trusted: &[&str], inside: &str, expected: Option<&[&str]>) {
        let trusted: Vec<String> = trusted.iter().map(|it| (*it).to_owned()).collect();
        let inside = [inside.to_owned()];
        let around = Around {
            networks: &["10.0.0.0/16".to_owned()],
            trusted: &trusted,
            inside: &inside,
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
        check(rule("*", "Tcp", "80-81"), &[], Some(&["r-web Tcp * 80", "r-network Tcp VirtualNetwork 81"]));
        check(rule("VirtualNetwork", "Udp", "53"), &[], None);
        // A route to an appliance makes the tag as wide as the internet.
        let route = |rule, expected| check_inside(rule, &[], "10.0.0.0/16", expected);
        route(rule("VirtualNetwork", "Udp", "53"), Some(["r Udp 10.0.0.0/16 53"].as_slice()));
        route(rule("10.0.0.0/8", "Udp", "53"), None);
    }
}
