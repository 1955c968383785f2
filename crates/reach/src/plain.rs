//! The plain evaluator: what a security group does to one packet, rule by rule.
//!
//! This is the readable specification that the symbolic answers are held against. It shares no
//! code with them but the parsed rules and the tables of service tags.

use std::collections::BTreeSet;
use std::net::IpAddr;

use estate::{
    Access, AddressSpec, AdminAccess, AdminRule, Direction, Estate, Family, PortSpec, ResourceId,
    SecurityRule, ServiceTag,
};

use crate::addresses::{internet, number, platform};
use crate::endpoint::Endpoint;
use crate::packet::{Packet, Protocols};
use crate::rules::{DefaultRule, RuleRef};
use crate::tags::Tags;

/// What happens to a packet in one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it is; `None` when the group may do either.
    pub access: Option<Access>,
    /// The rules that may decide, in their order. One, unless something is unknown.
    pub rules: Vec<RuleRef>,
}

/// How a packet and a rule get on: `Some(true)` matches, `Some(false)` does not, `None` unknown.
type Match = Option<bool>;

/// Walks the rules of a group for one packet. `members` tells the application security groups of
/// addresses on the other side, `tags` the addresses of service tags.
pub fn walk(
    rules: &[SecurityRule],
    direction: Direction,
    endpoint: &Endpoint,
    packet: &Packet,
    members: &dyn Fn(ResourceId, IpAddr) -> Match,
    tags: &Tags,
) -> Verdict {
    let mut own: Vec<_> = (0u32..).zip(rules).collect();
    own.sort_by_key(|(_, rule)| rule.priority.value().copied());
    let mut allowed = false;
    let mut denied = false;
    let mut deciding = Vec::new();
    let mut at = 0;
    while let Some((_, first)) = own.get(at) {
        let priority = first.priority.value();
        // Rules of one priority: each of them may come first.
        let rank = own.iter().skip(at).take_while(|(_, rule)| rule.priority.value() == priority);
        let mut decided = false;
        for (index, rule) in rank {
            at += 1;
            let mut matches = matches_rule(rule, direction, endpoint, packet, members, tags);
            if priority.is_none() && matches == Some(true) {
                matches = None;
            }
            if matches == Some(false) {
                continue;
            }
            deciding.push(RuleRef::Own(*index));
            match rule.access.value() {
                Some(Access::Allow) => allowed = true,
                Some(Access::Deny) => denied = true,
                None => (allowed, denied) = (true, true),
            }
            decided |= matches == Some(true);
        }
        if decided {
            return verdict(allowed, denied, deciding);
        }
    }
    for rule in DefaultRule::of(direction) {
        let matches = and(
            local(&rule.local(), endpoint),
            remote(&rule.remote(), endpoint, packet.remote, members, tags),
        );
        if matches == Some(false) {
            continue;
        }
        deciding.push(RuleRef::Default(rule));
        match rule.access() {
            Access::Allow => allowed = true,
            Access::Deny => denied = true,
        }
        if matches == Some(true) {
            break;
        }
    }
    verdict(allowed, denied, deciding)
}

/// What the security admin rules of a network do with one packet: nothing if no rule matches. `None` when
/// nobody can tell. Priorities tell the order of the rules of one manager, and not of several.
pub fn walk_admin(
    rules: &[&AdminRule],
    estate: &Estate,
    direction: Direction,
    endpoint: &Endpoint,
    packet: &Packet,
    members: &dyn Fn(ResourceId, IpAddr) -> Match,
    tags: &Tags,
) -> Option<Option<AdminAccess>> {
    // A configuration counts as perhaps deployed where no list tells what is deployed.
    let listed = rules.iter().any(|admin| admin.vnet.is_some() && admin.vnet == endpoint.vnet);
    let mut here: Vec<(&AdminRule, bool)> = Vec::new();
    for admin in rules {
        match (admin.vnet, endpoint.vnet) {
            (Some(its), Some(own)) if its != own => {}
            (None, Some(_)) if listed => {}
            (its, own) => here.push((admin, its.is_some() && own.is_some())),
        }
    }
    let manager = |admin: &AdminRule| {
        let id = estate.text(admin.id).to_ascii_lowercase();
        id.find("/securityadminconfigurations/").map(|end| id.split_at(end).0.to_owned())
    };
    let managers: BTreeSet<_> = here.iter().map(|(admin, _)| manager(admin)).collect();
    let ordered = managers.len() < 2;
    here.sort_by_key(|(admin, _)| admin.rule.priority.value().copied());
    // What may happen: nothing is the last.
    let mut outcomes: Vec<Option<AdminAccess>> = Vec::new();
    let mut may = |access: Option<AdminAccess>| {
        if !outcomes.contains(&access) {
            outcomes.push(access);
        }
    };
    let mut at = 0;
    let mut decided = false;
    while let Some((first, _)) = here.get(at)
        && !decided
    {
        let priority = first.rule.priority.value();
        let rank = here.iter().skip(at).take_while(|(admin, _)| admin.rule.priority.value() == priority);
        for (admin, deployed) in rank {
            at += 1;
            let mut matches = matches_rule(&admin.rule, direction, endpoint, packet, members, tags);
            if matches == Some(true) && (!deployed || !ordered || priority.is_none()) {
                matches = None;
            }
            if matches == Some(false) {
                continue;
            }
            match admin.access.value() {
                Some(access) => may(Some(*access)),
                None => {
                    for access in [AdminAccess::Allow, AdminAccess::AlwaysAllow, AdminAccess::Deny] {
                        may(Some(access));
                    }
                }
            }
            decided |= matches == Some(true);
        }
    }
    if !decided {
        may(None);
    }
    match outcomes.as_slice() {
        [only] => Some(*only),
        // To allow and to say nothing is the same: the groups decide.
        all if all.iter().all(|one| matches!(one, None | Some(AdminAccess::Allow))) => Some(None),
        _ => None,
    }
}

fn verdict(allowed: bool, denied: bool, rules: Vec<RuleRef>) -> Verdict {
    let access = match (allowed, denied) {
        (true, false) => Some(Access::Allow),
        (false, true) => Some(Access::Deny),
        _ => None,
    };
    Verdict { access, rules }
}

fn and(a: Match, b: Match) -> Match {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn or(a: Match, b: Match) -> Match {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn matches_rule(
    rule: &SecurityRule,
    direction: Direction,
    endpoint: &Endpoint,
    packet: &Packet,
    members: &dyn Fn(ResourceId, IpAddr) -> Match,
    tags: &Tags,
) -> Match {
    let looks = rule.direction.value().map(|its| *its == direction);
    let protocol = rule.protocol.value().map(|its| Protocols::of(*its).contains(packet.protocol));
    let (here, here_port, there, there_port) = match direction {
        Direction::Inbound => (&rule.destination, &rule.destination_ports, &rule.source, &rule.source_ports),
        Direction::Outbound => (&rule.source, &rule.source_ports, &rule.destination, &rule.destination_ports),
    };
    let ports = if packet.protocol.have_ports() {
        and(port(here_port, packet.local_port), port(there_port, packet.remote_port))
    } else if here_port.ports.is_all() && there_port.ports.is_all() {
        Some(true)
    } else {
        None
    };
    let addresses = and(local(here, endpoint), remote(there, endpoint, packet.remote, members, tags));
    and(and(looks, protocol), and(ports, addresses))
}

fn port(spec: &PortSpec, port: u16) -> Match {
    let named = spec.ports.contains(port);
    if !named && spec.unreadable.is_some() { None } else { Some(named) }
}

/// Whether the VM's own address is one that the rule names.
fn local(spec: &AddressSpec, endpoint: &Endpoint) -> Match {
    let mut found = Some(spec.any);
    for tag in &spec.tags {
        found = or(
            found,
            match tag {
                ServiceTag::VirtualNetwork => Some(true),
                ServiceTag::Internet | ServiceTag::AzureLoadBalancer => Some(false),
                ServiceTag::Other(_) => match endpoint.address {
                    Some(address) if !internet(endpoint.family).contains(number(address)) => Some(false),
                    _ => None,
                },
            },
        );
    }
    for asg in &spec.asgs {
        found = or(found, endpoint.asgs.as_ref().map(|mine| mine.contains(asg)));
    }
    found = or(
        found,
        match endpoint.address {
            Some(address) => Some(prefixes_hold(spec, address)),
            None if spec.v4.is_empty() && spec.v6.is_empty() => Some(false),
            None => None,
        },
    );
    if spec.unreadable.is_some() { or(found, None) } else { found }
}

/// Whether the other side's address is one that the rule names.
fn remote(
    spec: &AddressSpec,
    endpoint: &Endpoint,
    address: IpAddr,
    members: &dyn Fn(ResourceId, IpAddr) -> Match,
    tags: &Tags,
) -> Match {
    let mut found = Some(spec.any || prefixes_hold(spec, address));
    let at = number(address);
    let network = &endpoint.network;
    for tag in &spec.tags {
        found = or(
            found,
            match tag {
                ServiceTag::VirtualNetwork if network.tag.must.contains(at) => Some(true),
                ServiceTag::VirtualNetwork if network.tag.may.contains(at) => None,
                ServiceTag::VirtualNetwork => Some(false),
                ServiceTag::Internet => {
                    Some(internet(endpoint.family).contains(at) && !network.own.contains(at))
                }
                ServiceTag::AzureLoadBalancer => Some(platform(endpoint.family).contains(at)),
                ServiceTag::Other(name) => match tags.of(name) {
                    Some(both) => {
                        let [v4, v6] = &*both;
                        let set = if Family::of(address) == Family::V4 { v4 } else { v6 };
                        Some(set.contains(at))
                    }
                    // Not in the list: any public address, or none.
                    None if internet(endpoint.family).contains(at) => None,
                    None if platform(endpoint.family).contains(at) => None,
                    None => Some(false),
                },
            },
        );
    }
    for asg in &spec.asgs {
        found = or(found, members(*asg, address));
    }
    if spec.unreadable.is_some() { or(found, None) } else { found }
}

fn prefixes_hold(spec: &AddressSpec, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => spec.v4.contains(address.to_bits()),
        IpAddr::V6(address) => spec.v6.contains(address.to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use estate::Known;
    use serde_json::{Value, json};

    use super::*;

    const NETWORK: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network";

    fn id(name: &str) -> Value {
        json!({"id": format!("{NETWORK}/{name}")})
    }

    /// A NIC with an address in a network with these peers, and what else there is.
    fn read(address: Option<&str>, peers: Value, more: &[Value]) -> Estate {
        let v6 = address.is_some_and(|address| address.contains(':'));
        let mut all = vec![
            json!({"id": format!("{NETWORK}/virtualNetworks/v"), "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16", "20.9.0.0/16", "fd00::/48"]},
                "virtualNetworkPeerings": peers,
                "subnets": [{"id": format!("{NETWORK}/virtualNetworks/v/subnets/s"), "properties": {
                    "addressPrefixes": ["10.0.0.0/24", "20.9.0.0/24", "fd00::/64"]}}]}}),
            json!({"id": format!("{NETWORK}/networkInterfaces/n"), "properties": {"ipConfigurations": [
                {"name": "i", "properties": {"privateIPAddress": address, "subnet": id("virtualNetworks/v/subnets/s"),
                    "privateIPAddressVersion": if v6 { "IPv6" } else { "IPv4" }}}]}}),
        ];
        all.extend_from_slice(more);
        crate::read(&all.into())
    }

    fn endpoint(estate: &Estate) -> Endpoint {
        let Some(Known::Value(all)) = &estate.nics[0].ip_configurations else { panic!("no address") };
        Endpoint::new(estate, &estate.nics[0], &all[0])
    }

    fn ssh(remote: &str) -> Packet {
        let remote = remote.parse().unwrap();
        Packet { protocol: Protocols::TCP, remote, remote_port: 50_000, local_port: 22 }
    }

    /// What a group with one rule does: `rule` is the rule's access and addresses.
    fn walked(address: Option<&str>, peers: Value, rule: Value, from: &str) -> Option<Access> {
        let mut all = json!({"priority": 100, "direction": "Inbound", "protocol": "*", "sourceAddressPrefix": "*",
            "destinationAddressPrefix": "*", "sourcePortRange": "*", "destinationPortRange": "*"});
        for (key, value) in rule.as_object().unwrap() {
            all[key] = value.clone();
        }
        let group = json!({"id": format!("{NETWORK}/networkSecurityGroups/g"),
            "properties": {"securityRules": [{"name": "r", "properties": all}]}});
        let estate = read(address, peers, &[group]);
        let Some(Known::Value(rules)) = &estate.nsgs[0].rules else { panic!("no rules") };
        let endpoint = endpoint(&estate);
        walk(rules, Direction::Inbound, &endpoint, &ssh(from), &|_, _| None, &Tags::built_in()).access
    }

    #[test]
    fn a_tag_on_the_own_side_may_hold_just_a_public_address() {
        let rule = json!({"access": "Allow", "destinationAddressPrefix": "Storage"});
        let to = |address| walked(address, json!([]), rule.clone(), "8.8.8.8");
        assert_eq!(to(Some("10.0.0.4")), Some(Access::Deny));
        assert_eq!(to(Some("20.9.0.4")), None, "a network that uses public addresses inside");
        assert_eq!(to(None), None);
    }

    #[test]
    fn an_address_that_is_not_known_is_in_no_prefix_only_where_there_is_none() {
        let to = |rule| walked(None, json!([]), rule, "8.8.8.8");
        let member = json!({"access": "Allow", "destinationAddressPrefix": null,
            "destinationApplicationSecurityGroups": [id("applicationSecurityGroups/a")]});
        assert_eq!(to(member), Some(Access::Deny), "a rule for a group that the address is no member of");
        for prefix in ["10.0.0.4", "fd00::4"] {
            assert_eq!(to(json!({"access": "Allow", "destinationAddressPrefix": prefix})), None, "{prefix}");
        }
    }

    #[test]
    fn the_network_may_hold_what_a_peer_that_is_not_known_has() {
        let peer = json!([{"name": "p", "properties": {"peeringState": "Connected", "allowVirtualNetworkAccess": true,
            "remoteVirtualNetwork": id("virtualNetworks/elsewhere")}}]);
        let from = |peers, from| {
            walked(
                Some("10.0.0.4"),
                peers,
                json!({"access": "Allow", "sourceAddressPrefix": "VirtualNetwork"}),
                from,
            )
        };
        assert_eq!(from(json!([]), "10.9.0.4"), Some(Access::Deny));
        assert_eq!(from(peer.clone(), "10.9.0.4"), None);
        assert_eq!(from(peer.clone(), "10.0.0.9"), Some(Access::Allow));
        assert_eq!(from(peer, "8.8.8.8"), Some(Access::Deny));
    }

    #[test]
    fn a_tag_that_no_list_holds_may_be_public_addresses_and_the_platform() {
        let rule = json!({"access": "Deny", "sourceAddressPrefix": "NoSuchTag"});
        let from = |own, from| walked(Some(own), json!([]), rule.clone(), from);
        // Without the rule, probes and neighbours get in by Azure's own rules.
        assert_eq!(from("10.0.0.4", "168.63.129.16"), None);
        assert_eq!(from("fd00::4", "fe80::1234:5678:9abc"), None);
        assert_eq!(from("fd00::4", "fd00::9"), Some(Access::Allow));
        assert_eq!(from("10.0.0.4", "10.0.0.9"), Some(Access::Allow));
    }

    /// A security admin rule for everything: its manager, access, priority, and whether a list tells that it is
    /// deployed.
    fn admin(manager: &str, access: &str, priority: Value, listed: bool) -> Value {
        let mut rule = json!({"id": format!("{NETWORK}/networkManagers/{manager}/securityAdminConfigurations/c/ruleCollections/r/rules/{access}"),
            "properties": {"priority": priority, "direction": "Inbound", "access": access, "protocol": "Any",
                "sourcePortRanges": ["0-65535"], "destinationPortRanges": ["0-65535"]}});
        if listed {
            rule["virtualNetwork"] = id("virtualNetworks/v");
        }
        rule
    }

    /// What admin rules do with a packet from the internet.
    fn judged(rules: &[Value]) -> Option<Option<AdminAccess>> {
        let estate = read(Some("10.0.0.4"), json!([]), rules);
        assert_eq!(estate.admin_rules.len(), rules.len());
        let rules: Vec<&AdminRule> = estate.admin_rules.iter().collect();
        let endpoint = endpoint(&estate);
        walk_admin(
            &rules,
            &estate,
            Direction::Inbound,
            &endpoint,
            &ssh("8.8.8.8"),
            &|_, _| None,
            &Tags::built_in(),
        )
    }

    #[test]
    fn a_configuration_is_perhaps_deployed_where_no_list_tells_what_is() {
        let listed = admin("m", "AlwaysAllow", json!(2), true);
        let perhaps = admin("m", "Deny", json!(1), false);
        assert_eq!(judged(std::slice::from_ref(&perhaps)), None);
        assert_eq!(
            judged(&[listed, perhaps]),
            Some(Some(AdminAccess::AlwaysAllow)),
            "what no list holds is not"
        );
    }

    #[test]
    fn the_order_of_admin_rules_is_known_within_one_manager() {
        let both = |manager| {
            judged(&[admin("m", "Deny", json!(1), true), admin(manager, "AlwaysAllow", json!(2), true)])
        };
        assert_eq!(both("m"), Some(Some(AdminAccess::Deny)));
        assert_eq!(both("other"), None);
    }

    #[test]
    fn an_admin_rule_without_a_priority_may_come_after_any_other() {
        let deny = admin("m", "Deny", json!({"$unknown": {"reason": "p"}}), true);
        let allow = admin("m", "AlwaysAllow", json!(2), true);
        assert_eq!(judged(&[deny, allow]), None);
    }
}
