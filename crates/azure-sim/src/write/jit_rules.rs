//! The rules that Defender for Cloud writes in groups for just-in-time access, and how it makes room for them.
//!
//! INVARIANT: a rule of Defender is known by its name. Rules of others are moved to make room, as Defender does it, and never
//! deleted.
//!
//! What they look like is of exported templates, and of
//! <https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview>.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::JitNames;
use super::store::{Change, apply, find, id_of, text};
use crate::world::World;

/// Where access that was asked for stands: 100, and what follows.
pub(crate) const FIRST: i64 = 100;
/// Where everybody else is refused: 4096, and what comes before.
pub(crate) const LAST: i64 = 4096;

pub(crate) fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A group and the private addresses of a VM in it.
pub(crate) struct Target {
    pub(crate) groups: Vec<String>,
    pub(crate) addresses: Vec<String>,
    pub(crate) name: String,
}

/// The groups of a VM's NICs and of their subnets, as far as they are there.
pub(crate) fn target(world: &World, machine: &Value) -> Target {
    let (mut groups, mut addresses) = (Vec::new(), Vec::new());
    for nic in list(machine, "/properties/networkProfile/networkInterfaces") {
        let Some(nic) = find(world, id_of(nic)) else { continue };
        groups.push(text(nic, "/properties/networkSecurityGroup/id").to_owned());
        for one in list(nic, "/properties/ipConfigurations") {
            addresses.push(text(one, "/properties/privateIPAddress").to_owned());
            if let Some(subnet) = find(world, text(one, "/properties/subnet/id")) {
                groups.push(text(subnet, "/properties/networkSecurityGroup/id").to_owned());
            }
        }
    }
    groups.iter_mut().for_each(|id| id.make_ascii_lowercase());
    groups.sort();
    groups.dedup();
    groups.retain(|id| find(world, id).is_some());
    addresses.retain(|one| !one.is_empty());
    addresses.sort();
    addresses.dedup();
    Target { groups, addresses, name: text(machine, "/name").to_owned() }
}

/// The names that Defender gives, and how it describes rules: until 2023, and since.
pub(crate) fn words(names: JitNames) -> (&'static str, &'static str) {
    match names {
        JitNames::Current => ("MicrosoftDefenderForCloud-JITRule", "MDC"),
        JitNames::Old => ("SecurityCenter-JITRule", "ASC"),
    }
}

pub(crate) fn name(world: &mut World, denies: bool) -> String {
    let (begin, _) = words(world.writes.jit_names);
    let unique = world.guid().replace('-', "").to_ascii_uppercase();
    let number = u32::from_str_radix(unique.get(..8).unwrap_or("1"), 16).unwrap_or(1) >> 1;
    let mark = if denies { format!("_-{number}_") } else { format!("-{number}-") };
    format!("{begin}{mark}{unique}")
}

pub(crate) fn is_ours(name: &str) -> bool {
    ["MicrosoftDefenderForCloud-JITRule", "SecurityCenter-JITRule"]
        .iter()
        .any(|begin| name.starts_with(begin))
}

pub(crate) fn sides(rule: &mut Map<String, Value>, side: &str, all: &[String]) {
    let (one, many) = (format!("{side}AddressPrefix"), format!("{side}AddressPrefixes"));
    match all {
        [single] => {
            rule.insert(one, single.clone().into());
            rule.insert(many, json!([]));
        }
        all => {
            rule.insert(many, json!(all));
        }
    }
}

/// A rule of Defender in a group.
pub(crate) struct Made<'m> {
    pub(crate) denies: bool,
    pub(crate) priority: i64,
    pub(crate) description: String,
    pub(crate) protocol: &'m str,
    pub(crate) from: Vec<String>,
    pub(crate) to: &'m [String],
    pub(crate) ports: Vec<String>,
}

pub(crate) fn write(world: &mut World, group: &str, made: &Made<'_>, now: i64) -> String {
    let name = name(world, made.denies);
    let group = world.resource(group).map(|group| id_of(group).to_owned()).unwrap_or_default();
    let mut rule = Map::new();
    rule.insert("provisioningState".to_owned(), "Succeeded".into());
    rule.insert("description".to_owned(), made.description.clone().into());
    rule.insert("protocol".to_owned(), made.protocol.into());
    rule.insert("sourcePortRange".to_owned(), "*".into());
    rule.insert("sourcePortRanges".to_owned(), json!([]));
    match made.ports.as_slice() {
        [one] => rule.insert("destinationPortRange".to_owned(), one.clone().into()),
        all => rule.insert("destinationPortRanges".to_owned(), json!(all)),
    };
    sides(&mut rule, "source", &made.from);
    sides(&mut rule, "destination", made.to);
    rule.insert("access".to_owned(), if made.denies { "Deny" } else { "Allow" }.into());
    rule.insert("priority".to_owned(), made.priority.into());
    rule.insert("direction".to_owned(), "Inbound".into());
    let etag = world.etag();
    let id = format!("{group}/securityRules/{name}");
    let value = json!({"name": name, "id": id, "etag": etag,
        "type": "Microsoft.Network/networkSecurityGroups/securityRules", "properties": rule});
    apply(world, &Change::Put(value), now);
    id
}

pub(crate) fn inbound(group: &Value) -> Vec<(String, i64)> {
    let all = list(group, "/properties/securityRules").iter();
    all.filter(|rule| text(rule, "/properties/direction").eq_ignore_ascii_case("Inbound"))
        .filter_map(|rule| {
            Some((text(rule, "/name").to_owned(), rule.pointer("/properties/priority")?.as_i64()?))
        })
        .collect()
}

pub(crate) fn deny(world: &mut World, policy: &str, machine: &Value, target: &Target, now: i64) {
    let (_, mark) = words(world.writes.jit_names);
    let ports: BTreeSet<i64> =
        list(machine, "/ports").iter().filter_map(|port| port.get("number")?.as_i64()).collect();
    for group in &target.groups {
        let Some(there) = world.resource(group) else { continue };
        let taken: BTreeSet<i64> = inbound(there).into_iter().map(|(_, priority)| priority).collect();
        let Some(priority) = (FIRST..=LAST).rev().find(|one| !taken.contains(one)) else { continue };
        let made = Made {
            denies: true,
            priority,
            description: format!(
                "{mark} JIT Network Access rule for policy '{policy}' of VM '{}'.",
                target.name
            ),
            protocol: "*",
            from: vec!["*".to_owned()],
            to: &target.addresses,
            ports: ports.iter().map(i64::to_string).collect(),
        };
        write(world, group, &made, now);
    }
}

/// Deletes the rules of a VM in a policy, known by name and description: those that refuse, and on wish those that let in.
pub(crate) fn close(world: &mut World, policy: &str, machine: &str, all: bool, now: i64) {
    let Some(machine) = find(world, machine) else { return };
    let target = target(world, machine);
    let end = format!("policy '{policy}' of VM '{}'.", target.name);
    for group in &target.groups {
        let rules = world.resource(group).map(|group| list(group, "/properties/securityRules").to_vec());
        for rule in rules.unwrap_or_default() {
            let its = is_ours(text(&rule, "/name")) && text(&rule, "/properties/description").ends_with(&end);
            if its && (all || text(&rule, "/properties/access") == "Deny") {
                apply(world, &Change::Delete(id_of(&rule).to_owned()), now);
            }
        }
    }
}

/// Makes room at a priority: what stands there moves down, and what is in its way too.
pub(crate) fn make_room(world: &mut World, group: &str, at: i64, now: i64) {
    let Some(there) = world.resource(group) else { return };
    let id = id_of(there).to_owned();
    let mut all = inbound(there);
    all.sort_by_key(|(_, priority)| *priority);
    let mut next = at;
    for (name, priority) in all.into_iter().filter(|(_, priority)| *priority >= at) {
        if priority > next {
            break;
        }
        next = priority + 1;
        let patch = json!({"properties": {"priority": next}});
        apply(world, &Change::Merge(format!("{id}/securityRules/{name}"), patch), now);
    }
}
