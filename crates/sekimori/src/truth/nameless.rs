//! A report of disagreements that anybody may read: the groups, networks and addresses that an answer rests on, with
//! every name taken out.
//!
//! INVARIANT: what is not on a list here is left out. Names and ids become numbers, the same one for the same name. Of
//! public addresses the first eight bits stay; each further bit is turned or not by a key that nobody keeps and by the bits
//! before it, so what lies within what stays, and one address that is known tells nothing of another but what they share.
//! Private addresses stay: everybody has them.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use azure::End;
use estate::{Estate, Known, Origins, ResourceId};
use reach::Reach;
use reach::flow::{Finder, flow};
use reach::tags::Tags;
use serde_json::{Map, Value, json};

use super::questions::{Asked, Packet, What};
use super::{Outcome, Row, word};
use crate::source::{self, Positions};
use crate::version::VERSION;

/// What is looked into.
const LOOKED_INTO: [&str; 30] = [
    "value",
    "association",
    "networkinterface",
    "effectivesecurityrules",
    "properties",
    "securityrules",
    "defaultsecurityrules",
    "ipconfigurations",
    "networksecuritygroup",
    "virtualmachine",
    "subnet",
    "subnets",
    "addressspace",
    "networkprofile",
    "networkinterfaces",
    "applicationsecuritygroups",
    "sourceapplicationsecuritygroups",
    "destinationapplicationsecuritygroups",
    "virtualnetworkpeerings",
    "remotevirtualnetwork",
    "remoteaddressspace",
    "remotevirtualnetworkaddressspace",
    "sources",
    "destinations",
    "routetable",
    "routes",
    "appliestogroups",
    "storageprofile",
    "osdisk",
    "publicipaddress",
];

/// What is said as it is: words of Azure's own.
const SAID: [&str; 25] = [
    "type",
    "protocol",
    "access",
    "direction",
    "priority",
    "sourceportrange",
    "sourceportranges",
    "destinationportrange",
    "destinationportranges",
    "primary",
    "privateipaddressversion",
    "peeringstate",
    "peeringsynclevel",
    "allowvirtualnetworkaccess",
    "allowforwardedtraffic",
    "allowgatewaytransit",
    "useremotegateways",
    "enableipforwarding",
    "nexthoptype",
    "addressprefixtype",
    "location",
    "ostype",
    "kind",
    "disablebgproutepropagation",
    "privateendpointnetworkpolicies",
];

/// What holds addresses, or tags.
const ADDRESSES: [&str; 11] = [
    "expandedsourceaddressprefix",
    "expandeddestinationaddressprefix",
    "privateipaddress",
    "sourceaddressprefix",
    "sourceaddressprefixes",
    "destinationaddressprefix",
    "destinationaddressprefixes",
    "addressprefix",
    "addressprefixes",
    "nexthopipaddress",
    "dnsservers",
];

/// Names that every estate has.
const AZURES_OWN: [&str; 6] = [
    "AllowVnetInBound",
    "AllowAzureLoadBalancerInBound",
    "DenyAllInBound",
    "AllowVnetOutBound",
    "AllowInternetOutBound",
    "DenyAllOutBound",
];

/// Puts numbers in place of names.
struct Mask<'t> {
    tags: &'t Tags,
    names: BTreeMap<String, String>,
    /// What public addresses are turned by.
    key: RandomState,
}

impl<'t> Mask<'t> {
    fn new(tags: &'t Tags) -> Self {
        Self { tags, names: BTreeMap::new(), key: RandomState::new() }
    }

    fn name(&mut self, name: &str) -> String {
        if AZURES_OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return name.to_owned();
        }
        let next = format!("n{}", self.names.len() + 1);
        self.names.entry(name.to_lowercase()).or_insert(next).clone()
    }

    /// `securityRules/ssh` → `securityRules/n3`.
    fn rule(&mut self, rule: &str) -> String {
        match rule.split_once('/') {
            Some((kind, name)) if matches!(kind, "securityRules" | "defaultSecurityRules") => {
                format!("{kind}/{}", self.name(name))
            }
            _ => self.name(rule),
        }
    }

    /// Types stay, names do not.
    fn id(&mut self, id: &str) -> String {
        // What is not shaped as ids are may hold a name where a type is expected.
        if !id.starts_with("/subscriptions/") || id.contains("//") {
            return self.name(id);
        }
        let mut out = String::new();
        // After `providers` come its name and pairs of type and name; before, pairs as well.
        let mut is_name = false;
        let mut provider = false;
        for step in id.split('/').skip(1) {
            out.push('/');
            if provider || !is_name {
                out += step;
            } else {
                out += &self.name(step);
            }
            let begins = step.eq_ignore_ascii_case("providers") && !is_name;
            is_name = if provider { false } else { !is_name && !begins };
            provider = begins;
        }
        if out.is_empty() { self.name(id) } else { out }
    }

    /// An address, a prefix, a range of addresses; a tag stays.
    fn address(&self, text: &str) -> String {
        if let Some((first, last)) = text.split_once('-')
            && let (Ok(first), Ok(last)) = (first.trim().parse::<Ipv4Addr>(), last.trim().parse::<Ipv4Addr>())
        {
            // A range that is turned is no range any more: what stays of it is how it begins.
            return if is_everybodys(first) && is_everybodys(last) {
                text.to_owned()
            } else {
                format!("{}", self.turned(first))
            };
        }
        let (address, length) = match text.split_once('/') {
            Some((address, length)) if length.parse::<u8>().is_ok_and(|length| length <= 128) => {
                (address, Some(length))
            }
            Some(_) => return "?".to_owned(),
            None => (text, None),
        };
        match (address.parse::<IpAddr>(), length) {
            (Ok(IpAddr::V4(address)), Some(length)) => format!("{}/{length}", self.prefix(address, length)),
            (Ok(IpAddr::V4(address)), None) => self.turned(address).to_string(),
            // IPv6 addresses tell whose they are; the documentation's stand for them.
            (Ok(IpAddr::V6(_)), Some(length)) => format!("2001:db8::/{length}"),
            (Ok(IpAddr::V6(_)), None) => "2001:db8::1".to_owned(),
            (Err(_), _) if text == "*" || self.is_tag(text) => text.to_owned(),
            (Err(_), _) => "?".to_owned(),
        }
    }

    fn is_tag(&self, text: &str) -> bool {
        const OWN: [&str; 3] = ["VirtualNetwork", "Internet", "AzureLoadBalancer"];
        OWN.iter().any(|own| own.eq_ignore_ascii_case(text)) || self.tags.published_name(text).is_some()
    }

    fn turned(&self, address: Ipv4Addr) -> Ipv4Addr {
        if is_everybodys(address) {
            return address;
        }
        let bits = u32::from(address);
        let turn = |at: u32| {
            // By the bits before it, and by nothing else of the address.
            let before = bits >> (32 - at);
            let bit = u32::try_from(self.key.hash_one((at, before)) & 1).unwrap_or(0);
            bit << (31 - at)
        };
        (bits ^ (8..32).map(turn).fold(0, |all, one| all | one)).into()
    }

    fn turned_any(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(address) => self.turned(address).into(),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        }
    }

    fn prefix(&self, address: Ipv4Addr, length: &str) -> Ipv4Addr {
        let kept = length.parse::<u32>().ok().filter(|bits| *bits <= 32);
        let mask = kept.map_or(u32::MAX, |bits| u32::MAX.checked_shl(32 - bits).unwrap_or(0));
        (u32::from(self.turned(address)) & mask).into()
    }

    fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::Array(all) => all.iter().map(|one| self.value(one)).collect(),
            Value::Object(members) => {
                let mut out = Map::new();
                for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                    let key = name.to_ascii_lowercase();
                    let kept = match (key.as_str(), value) {
                        ("id", Value::String(id)) => Some(self.id(id).into()),
                        ("name", Value::String(its)) if its.contains('/') => Some(self.rule(its).into()),
                        ("name", Value::String(its)) => Some(self.name(its).into()),
                        (key, _) if LOOKED_INTO.contains(&key) => Some(self.value(value)),
                        (key, _) if SAID.contains(&key) => Some(plain(value)),
                        (key, _) if ADDRESSES.contains(&key) => Some(self.addresses(value)),
                        _ => None,
                    };
                    out.extend(kept.map(|kept| (name.clone(), kept)));
                }
                out.into()
            }
            _ => Value::Null,
        }
    }

    fn addresses(&self, value: &Value) -> Value {
        match value {
            Value::Array(all) => all.iter().map(|one| self.addresses(one)).collect(),
            Value::String(text) => self.address(text).into(),
            _ => Value::Null,
        }
    }
}

/// Words and numbers, and lists of them.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(all) => all.iter().map(plain).collect(),
        Value::Object(_) => Value::Null,
        other => other.clone(),
    }
}

/// Addresses that tell nothing of whose they are.
fn is_everybodys(address: Ipv4Addr) -> bool {
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.octets() == [168, 63, 129, 16]
        || matches!(address.octets(), [100, 64..=127, ..])
}

/// The report, as JSON.
pub(crate) fn report(reach: &Reach<'_>, sources: &Positions, rows: &[&Row<'_>]) -> anyhow::Result<String> {
    let mut cases = Vec::new();
    for row in rows {
        cases.push(case(reach, sources, row)?);
    }
    let whole = json!({
        "schema": "sekimori.disagreements/1",
        "version": VERSION,
        "tags_data": reach.tags().date,
        "cases": cases,
    });
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

fn case(reach: &Reach<'_>, sources: &Positions, row: &Row<'_>) -> anyhow::Result<Value> {
    let estate = reach.estate();
    let mut mask = Mask::new(reach.tags());
    let mut resources = Vec::new();
    for origins in involved(estate, row.asked) {
        for text in origins.iter().filter_map(|origin| sources.record(origin)) {
            if let Ok(value) = serde_json::from_slice::<Value>(&text) {
                resources.push(mask.value(&value));
            }
        }
    }
    let (Outcome::Differs(ours, theirs), asked) = (&row.outcome, row.asked) else { return Ok(Value::Null) };
    let vm = mask.id(estate.text(asked.vm));
    let nic = mask.id(estate.text(asked.nic));
    let What::Flow(packet) = &asked.what else {
        let (ours, theirs) = row
            .groups
            .as_ref()
            .map_or((Value::Null, Value::Null), |(ours, theirs)| (mask.value(ours), mask.value(theirs)));
        return Ok(
            json!({"question": {"effective-nsg": nic}, "sekimori": ours, "azure": theirs, "resources": resources}),
        );
    };
    let end = |one: End| End { address: mask.turned_any(one.address), port: one.port };
    let packet = &Packet { local: end(packet.local), remote: end(packet.remote), ..*packet };
    let answer = |mask: &mut Mask<'_>, text: &str| {
        let (access, rule) = text.split_once("  ").unwrap_or((text, "–"));
        json!({"access": access, "ruleName": if rule == "–" { Value::Null } else { mask.rule(rule).into() }})
    };
    let (ours, theirs) = (answer(&mut mask, ours), answer(&mut mask, theirs));
    let again = again(&resources, asked, packet, (&vm, &nic))?;
    Ok(json!({
        "question": {"vm": vm, "nic": nic, "direction": if packet.outbound { "Outbound" } else { "Inbound" },
            "protocol": packet.protocol, "local": packet.local.to_string(), "remote": packet.remote.to_string()},
        "sekimori": ours,
        "azure": theirs,
        // Whether the names that were taken out play no part: the same question to what is left has the same answer.
        "holds_without_names": again.as_ref() == Some(&ours),
        "resources": resources,
    }))
}

/// The records that the answer about a NIC rests on.
fn involved<'e>(estate: &'e Estate, asked: &Asked) -> Vec<&'e Origins> {
    let mut all: Vec<&Origins> = Vec::new();
    all.extend(estate.vm(asked.vm).map(|vm| &vm.origins));
    let Some(nic) = estate.nic(asked.nic) else { return all };
    all.push(&nic.origins);
    let mut groups: Vec<ResourceId> = Vec::new();
    groups.extend(nic.nsg.as_ref().and_then(Known::value));
    let configurations = nic.ip_configurations.as_ref().and_then(Known::value);
    let subnets = configurations.into_iter().flatten().filter_map(|ip| ip.subnet.as_ref()?.value());
    let mut networks: Vec<ResourceId> = Vec::new();
    for subnet in subnets {
        let its = estate.subnet(*subnet);
        all.extend(its.map(|subnet| &subnet.origins));
        groups.extend(its.and_then(|subnet| subnet.nsg.as_ref()?.value()));
        let network = estate.text(*subnet).to_lowercase();
        let network = network.rsplit_once("/subnets/").and_then(|(network, _)| estate.ids().find(network));
        networks.extend(network);
    }
    all.extend(groups.iter().filter_map(|id| estate.nsg(*id)).map(|nsg| &nsg.origins));
    all.extend(networks.iter().filter_map(|id| estate.vnet(*id)).map(|vnet| &vnet.origins));
    // Some records hold several of these: a network its subnets.
    let mut once: Vec<&Origins> = Vec::new();
    for origins in all {
        if once.iter().all(|other| other.first() != origins.first()) {
            once.push(origins);
        }
    }
    once
}

/// The same question to what is left after names were taken out.
fn again(
    resources: &[Value],
    asked: &Asked,
    packet: &Packet,
    (vm, nic): (&str, &str),
) -> anyhow::Result<Option<Value>> {
    let mut file = tempfile::Builder::new().suffix(".ndjson").tempfile()?;
    for resource in resources {
        serde_json::to_writer(&mut file, resource)?;
        std::io::Write::write_all(&mut file, b"\n")?;
    }
    let left = source::read_as("nameless", file.path())?;
    let reach = Reach::new(&left.estate);
    let mut question = packet.asked(&left.estate, asked);
    question.vm = vm.to_owned();
    question.nic = Some(nic.to_owned());
    let answer = flow(&reach, &Finder::new(&left.estate), &question).ok();
    Ok(answer.map(|answer| {
        let (access, rule) = word(&left.estate, &answer);
        json!({"access": access, "ruleName": rule})
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_gone_and_what_lies_within_what_stays() {
        let tags = Tags::built_in();
        let mut mask = Mask::new(&tags);
        let id = "/subscriptions/0f/resourceGroups/Contoso/providers/Microsoft.Network/virtualNetworks/hq/subnets/Vips";
        let one = mask.id(id);
        assert_eq!(
            one,
            "/subscriptions/n1/resourceGroups/n2/providers/Microsoft.Network/virtualNetworks/n3/subnets/n4"
        );
        assert_eq!(mask.id(&id.to_lowercase()).to_lowercase(), one.to_lowercase());
        for odd in ["subscriptions/contoso", "/subscriptions//contoso/x", "contoso"] {
            assert!(!mask.id(odd).contains("contoso"), "{odd}");
        }
        assert_eq!(mask.rule("securityRules/hq"), "securityRules/n3");
        assert!(
            !mask.rule("contoso/hq").contains("contoso")
                && !mask.rule("UserRule_let.alice").contains("alice")
        );
        assert_eq!(mask.rule("defaultSecurityRules/DenyAllInBound"), "defaultSecurityRules/DenyAllInBound");
        for same in [
            "10.1.2.3",
            "192.168.0.0/16",
            "VirtualNetwork",
            "*",
            "0.0.0.0/0",
            "AzureCloud.westeurope",
            "203.0.113.10",
        ] {
            assert_eq!(mask.address(same), same);
        }
        assert_eq!(mask.address("20.0.0.0/8"), "20.0.0.0/8");
        assert_eq!(mask.address("2603:1020::1/64"), "2001:db8::/64");
        for odd in [
            "text with a name",
            "vpn.contoso.com",
            "020.77.88.99",
            "20.77.88.99-20.77.88",
            "contoso",
            "20.1.2.3/contoso",
        ] {
            assert_eq!(mask.address(odd), "?", "{odd}");
        }
        // What lies within what stays, of any addresses; one that is known tells no other.
        let bits = |text: &str| u32::from(text.parse::<Ipv4Addr>().unwrap());
        let (one, beside, far) = ("20.77.88.99", "20.77.88.98", "20.200.1.1");
        let turned = |text: &str| u32::from(mask.turned(text.parse().unwrap()));
        let shared = |a: u32, b: u32| (a ^ b).leading_zeros();
        assert_eq!(shared(turned(one), turned(beside)), shared(bits(one), bits(beside)));
        assert_eq!(shared(turned(one), turned(far)), shared(bits(one), bits(far)));
        let whole = mask.address("20.77.0.0/16");
        assert_eq!(shared(bits(whole.trim_end_matches("/16")), turned(one)).min(16), 16);
        let masks: Vec<u32> =
            ["20.77.88.99", "20.12.1.1", "20.200.3.4"].iter().map(|text| bits(text) ^ turned(text)).collect();
        assert!(masks.windows(2).any(|pair| pair.first() != pair.last()), "each is turned by another mask");
    }

    #[test]
    fn what_is_not_on_a_list_is_left_out() {
        let record = json!({"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n",
            "name": "n", "tags": {"owner": "alice@contoso.com"}, "etag": "W/1", "properties": {
            "securityRules": [{"name": "let-alice-in", "properties": {"description": "alice", "access": "Allow",
                "sourceAddressPrefix": "198.18.7.7", "priority": 100, "provisioningState": "Succeeded"}}]}});
        let text = Mask::new(&Tags::built_in()).value(&record).to_string();
        for gone in ["alice", "contoso", "let-", "etag", "W/1", "198.18.7.7"] {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
        assert!(text.contains(r#""access":"Allow""#) && text.contains(r#""priority":100"#), "{text}");
    }
}
