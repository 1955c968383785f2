//! Just-in-time access of Defender for Cloud: policies, the rules that it writes for them, and their end.
//!
//! INVARIANT: a rule of Defender is known by its name. Rules of others are moved to make room, as Defender does it, and never
//! deleted.
//!
//! <https://learn.microsoft.com/rest/api/defenderforcloud/jit-network-access-policies>,
//! <https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview>

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::JitNames;
use super::address::Address;
use super::store::{Change, apply, find, id_of, set, text};
use crate::answers::Answer;
use crate::clock::{duration, moment, rfc3339};
use crate::world::{World, type_of};

pub(crate) const KIND: &str = "Microsoft.Security/locations/jitNetworkAccessPolicies";

/// Where access that was asked for stands: 100, and what follows.
const FIRST: i64 = 100;
/// Where everybody else is refused: 4096, and what comes before.
const LAST: i64 = 4096;

fn refuse(code: &str, message: &str) -> Answer {
    Answer::error(400, code, message)
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Makes or replaces a policy.
pub(crate) fn put(
    world: &mut World,
    address: &Address,
    body: &Map<String, Value>,
    now: i64,
) -> Result<Answer, Answer> {
    let body = Value::Object(body.clone());
    plan(world, address)?;
    let machines = checked(world, address, &body)?;
    let existing = world.resource(&address.id()).cloned();
    let was: Vec<String> = existing
        .iter()
        .flat_map(|one| list(one, "/properties/virtualMachines"))
        .map(|one| id_of(one).to_owned())
        .collect();
    for id in was {
        close(world, address.name(), &id, false, now);
    }
    for (machine, target) in list(&body, "/properties/virtualMachines").iter().zip(&machines) {
        deny(world, address.name(), machine, target, now);
    }
    let location = address.steps.first().map(|(_, name)| name.clone()).unwrap_or_default();
    let requests =
        existing.as_ref().map(|one| list(one, "/properties/requests").to_vec()).unwrap_or_default();
    let made = json!({"kind": "Basic", "properties": {"virtualMachines": list(&body, "/properties/virtualMachines"),
        "requests": requests, "provisioningState": "Succeeded", "appendMode": false},
        "id": address.id(), "name": address.name(), "type": KIND, "location": location});
    apply(world, &Change::Put(made.clone()), now);
    Ok(Answer::ok(made))
}

/// Deletes a policy, and what it wrote.
pub(crate) fn delete(world: &mut World, address: &Address, now: i64) -> Answer {
    let Some(existing) = world.resource(&address.id()).cloned() else {
        return Answer { status: 204, headers: Vec::new(), body: Value::Null };
    };
    let id = address.id();
    world.grants.retain(|grant| grant.policy != id);
    for machine in list(&existing, "/properties/virtualMachines") {
        close(world, address.name(), id_of(machine), true, now);
    }
    apply(world, &Change::Delete(address.id()), now);
    Answer::ok(Value::Null)
}

/// Needs Defender for Servers, plan 2. Where the world does not say what was bought, it was.
fn plan(world: &World, address: &Address) -> Result<(), Answer> {
    let id = format!(
        "/subscriptions/{}/providers/Microsoft.Security/pricings/VirtualMachines",
        address.subscription()
    );
    let Some(row) = world.resource(&id) else { return Ok(()) };
    let is = |pointer: &str, wanted: &str| text(row, pointer).eq_ignore_ascii_case(wanted);
    if is("/properties/pricingTier", "Standard")
        && (is("/properties/subPlan", "P2") || text(row, "/properties/subPlan").is_empty())
    {
        return Ok(());
    }
    Err(refuse(
        "BadRequest",
        "The subscription does not have Defender for Servers Plan 2, which just-in-time access is a part of.",
    ))
}

/// A group and the private addresses of a VM in it.
struct Target {
    groups: Vec<String>,
    addresses: Vec<String>,
    name: String,
}

fn checked(world: &World, address: &Address, body: &Value) -> Result<Vec<Target>, Answer> {
    if !text(body, "/kind").eq_ignore_ascii_case("Basic") {
        return Err(refuse("BadRequest", "The kind of a policy is `Basic`."));
    }
    let machines = list(body, "/properties/virtualMachines");
    if machines.is_empty() {
        return Err(refuse("BadRequest", "A policy needs `properties.virtualMachines`."));
    }
    let location = address.steps.first().map(|(_, name)| name.to_ascii_lowercase()).unwrap_or_default();
    let mut all = Vec::new();
    for machine in machines {
        let id = id_of(machine);
        let Some(found) = find(world, id).filter(|_| type_of(id) == "microsoft.compute/virtualmachines")
        else {
            return Err(Answer::error(
                404,
                "ResourceNotFound",
                &format!("The virtual machine '{id}' was not found."),
            ));
        };
        let its = text(found, "/location").replace(' ', "").to_ascii_lowercase();
        if !its.is_empty() && its != location {
            return Err(refuse(
                "BadRequest",
                &format!("The virtual machine '{id}' is in {its}, and the policy in {location}."),
            ));
        }
        // Else a rule's description would be too long: it holds both names.
        if address.name().chars().count() + text(found, "/name").chars().count() > 56 {
            return Err(refuse(
                "BadRequest",
                "The names of the policy and the virtual machine have more than 56 characters.",
            ));
        }
        let ports = list(machine, "/ports");
        if ports.is_empty() {
            return Err(refuse("BadRequest", &format!("The virtual machine '{id}' has no ports.")));
        }
        ports.iter().try_for_each(port)?;
        let target = target(world, found);
        if target.groups.is_empty() {
            return Err(refuse(
                "BadRequest",
                &format!(
                    "No network security group or firewall is associated with the virtual machine '{id}'."
                ),
            ));
        }
        all.push(target);
    }
    Ok(all)
}

fn port(port: &Value) -> Result<(), Answer> {
    if !port.get("number").and_then(Value::as_i64).is_some_and(|number| (0..=65535).contains(&number)) {
        return Err(refuse("BadRequest", "`number` of a port is from 0 to 65535."));
    }
    if !["TCP", "UDP", "*"].iter().any(|one| one.eq_ignore_ascii_case(text(port, "/protocol"))) {
        return Err(refuse("BadRequest", "`protocol` of a port is `TCP`, `UDP` or `*`."));
    }
    let long = duration(text(port, "/maxRequestAccessDuration"));
    if !long.is_some_and(|long| (300..=86_400).contains(&long)) {
        return Err(refuse("BadRequest", "`maxRequestAccessDuration` of a port is from PT5M to P1D."));
    }
    let both = port.get("allowedSourceAddressPrefix").is_some_and(|one| !one.is_null())
        && !list(port, "/allowedSourceAddressPrefixes").is_empty();
    if both {
        return Err(refuse(
            "BadRequest",
            "A port has `allowedSourceAddressPrefix` or `allowedSourceAddressPrefixes`.",
        ));
    }
    Ok(())
}

/// The groups of a VM's NICs and of their subnets, as far as they are there.
fn target(world: &World, machine: &Value) -> Target {
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
fn words(names: JitNames) -> (&'static str, &'static str) {
    match names {
        JitNames::Current => ("MicrosoftDefenderForCloud-JITRule", "MDC"),
        JitNames::Old => ("SecurityCenter-JITRule", "ASC"),
    }
}

fn name(world: &mut World, denies: bool) -> String {
    let (begin, _) = words(world.writes.jit_names);
    let unique = world.guid().replace('-', "").to_ascii_uppercase();
    let number = u32::from_str_radix(unique.get(..8).unwrap_or("1"), 16).unwrap_or(1) >> 1;
    let mark = if denies { format!("_-{number}_") } else { format!("-{number}-") };
    format!("{begin}{mark}{unique}")
}

fn is_ours(name: &str) -> bool {
    ["MicrosoftDefenderForCloud-JITRule", "SecurityCenter-JITRule"]
        .iter()
        .any(|begin| name.starts_with(begin))
}

fn sides(rule: &mut Map<String, Value>, side: &str, all: &[String]) {
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
struct Made<'m> {
    denies: bool,
    priority: i64,
    description: String,
    protocol: &'m str,
    from: Vec<String>,
    to: &'m [String],
    ports: Vec<String>,
}

fn write(world: &mut World, group: &str, made: &Made<'_>, now: i64) -> String {
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

fn inbound(group: &Value) -> Vec<(String, i64)> {
    let all = list(group, "/properties/securityRules").iter();
    all.filter(|rule| text(rule, "/properties/direction").eq_ignore_ascii_case("Inbound"))
        .filter_map(|rule| {
            Some((text(rule, "/name").to_owned(), rule.pointer("/properties/priority")?.as_i64()?))
        })
        .collect()
}

fn deny(world: &mut World, policy: &str, machine: &Value, target: &Target, now: i64) {
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
fn close(world: &mut World, policy: &str, machine: &str, all: bool, now: i64) {
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
fn make_room(world: &mut World, group: &str, at: i64, now: i64) {
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

/// Access is asked for: <https://learn.microsoft.com/rest/api/defenderforcloud/jit-network-access-policies/initiate>
pub(crate) fn initiate(world: &mut World, address: &Address, body: &str, now: i64) -> Result<Answer, Answer> {
    let Some(policy) = world.resource(&address.id()).cloned() else {
        return Err(Answer::error(
            404,
            "ResourceNotFound",
            &format!("The Resource '{}' was not found.", address.id()),
        ));
    };
    plan(world, address)?;
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let asked = list(&body, "/virtualMachines");
    if asked.is_empty() {
        return Err(refuse("BadRequest", "A request needs `virtualMachines`."));
    }
    // All is checked before anything is written.
    let mut grants = Vec::new();
    for machine in asked {
        let id = id_of(machine);
        let allowed = list(&policy, "/properties/virtualMachines")
            .iter()
            .find(|one| id_of(one).eq_ignore_ascii_case(id));
        let Some((allowed, found)) = allowed.zip(find(world, id)) else {
            return Err(refuse("BadRequest", &format!("The policy has no virtual machine '{id}'.")));
        };
        let target = target(world, found);
        if target.groups.is_empty() {
            return Err(refuse(
                "BadRequest",
                &format!("No network security group is associated with the virtual machine '{id}'."),
            ));
        }
        for port in list(machine, "/ports") {
            let number = port.get("number").and_then(Value::as_i64);
            let Some(rule) = list(allowed, "/ports")
                .iter()
                .find(|one| number.is_some() && one.get("number").and_then(Value::as_i64) == number)
            else {
                return Err(refuse("BadRequest", "The policy does not have the port that was asked for."));
            };
            let Some(end) = moment(text(port, "/endTimeUtc")) else {
                return Err(refuse("BadRequest", "`endTimeUtc` of a port is a moment."));
            };
            let most = duration(text(rule, "/maxRequestAccessDuration")).unwrap_or_default();
            if end <= now || end > now.saturating_add(most) {
                return Err(refuse(
                    "BadRequest",
                    "`endTimeUtc` is past, or later than the policy lets it be.",
                ));
            }
            let from = sources(port, rule)?;
            let at =
                (id.to_owned(), number.unwrap_or_default(), end, from, text(rule, "/protocol").to_owned());
            grants.push((
                at,
                Target {
                    groups: target.groups.clone(),
                    addresses: target.addresses.clone(),
                    name: target.name.clone(),
                },
            ));
        }
    }
    if grants.is_empty() {
        return Err(refuse("BadRequest", "A request needs ports."));
    }
    let (_, mark) = words(world.writes.jit_names);
    let mut machines: Vec<Value> = Vec::new();
    let policy_id = address.id();
    for ((id, number, until, from, protocol), target) in grants {
        end(world, "NewerRequestInitiated", now, |grant| {
            grant.policy == policy_id && grant.machine.eq_ignore_ascii_case(&id) && grant.number == number
        });
        let mut rules = Vec::new();
        for group in &target.groups {
            // Access that was given before keeps its place; what others have there is moved.
            let ours: BTreeSet<i64> = world
                .resource(group)
                .map(inbound)
                .unwrap_or_default()
                .into_iter()
                .filter(|(name, _)| is_ours(name))
                .map(|(_, priority)| priority)
                .collect();
            let priority = (FIRST..=LAST).find(|one| !ours.contains(one)).unwrap_or(LAST);
            make_room(world, group, priority, now);
            let protocol = match protocol.to_ascii_uppercase().as_str() {
                "TCP" => "TCP",
                "UDP" => "UDP",
                _ => "*",
            };
            let made = Made {
                denies: false,
                priority,
                description: format!(
                    "{mark} JIT Network Access rule created by an initiation request for policy '{}' of VM '{}'.",
                    address.name(),
                    target.name
                ),
                protocol,
                from: from.clone(),
                to: &target.addresses,
                ports: vec![number.to_string()],
            };
            rules.push(write(world, group, &made, now));
        }
        let mut port = json!({"number": number, "endTimeUtc": rfc3339(until), "status": "Initiated",
            "statusReason": "UserRequested"});
        world.grants.push(Grant {
            policy: policy_id.clone(),
            machine: id.clone(),
            number,
            end: until,
            rules,
        });
        match from.as_slice() {
            [one] => set(&mut port, &["allowedSourceAddressPrefix"], one.clone().into()),
            all => set(&mut port, &["allowedSourceAddressPrefixes"], json!(all)),
        }
        match machines.iter_mut().find(|one| id_of(one) == id) {
            Some(one) => {
                if let Some(ports) = one.get_mut("ports").and_then(Value::as_array_mut) {
                    ports.push(port);
                }
            }
            None => machines.push(json!({"id": id, "ports": [port]})),
        }
    }
    let mut request =
        json!({"virtualMachines": machines, "startTimeUtc": rfc3339(now), "requestor": "user@sim.example"});
    if let Some(why) = body.get("justification").filter(|why| why.is_string()) {
        set(&mut request, &["justification"], why.clone());
    }
    // What was ended for this has changed it.
    let Some(mut policy) = world.resource(&policy_id).cloned() else { return Ok(Answer::ok(request)) };
    let mut requests = list(&policy, "/properties/requests").to_vec();
    requests.push(request.clone());
    set(&mut policy, &["properties", "requests"], requests.into());
    apply(world, &Change::Put(policy), now);
    Ok(Answer { status: 202, headers: Vec::new(), body: request })
}

fn sources(port: &Value, rule: &Value) -> Result<Vec<String>, Answer> {
    let of = |value: &Value| -> Vec<String> {
        let one = text(value, "/allowedSourceAddressPrefix");
        let many = list(value, "/allowedSourceAddressPrefixes").iter().filter_map(Value::as_str);
        many.chain([one]).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    let (asked, allowed) = (of(port), of(rule));
    // Without a word of it, it is the address of the caller.
    let asked = if asked.is_empty() { vec!["127.0.0.1".to_owned()] } else { asked };
    let any = allowed.is_empty() || allowed.iter().any(|one| one == "*");
    if any || asked.iter().all(|one| allowed.contains(one)) {
        return Ok(asked);
    }
    Err(refuse("BadRequest", "The policy does not allow the source that was asked for."))
}

/// Access that somebody has, and what was written for it.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    policy: String,
    machine: String,
    number: i64,
    end: i64,
    rules: Vec<String>,
}

/// Ends access for a reason: its rules are deleted, and the policy says so.
fn end(world: &mut World, reason: &str, now: i64, is: impl Fn(&Grant) -> bool) {
    let (over, left): (Vec<_>, Vec<_>) = std::mem::take(&mut world.grants).into_iter().partition(is);
    world.grants = left;
    for grant in over {
        for rule in grant.rules.iter().filter(|rule| find(world, rule).is_some()).cloned().collect::<Vec<_>>()
        {
            apply(world, &Change::Delete(rule), now);
        }
        let Some(mut policy) = world.resource(&grant.policy).cloned() else { continue };
        let requests = policy.pointer_mut("/properties/requests").and_then(Value::as_array_mut);
        let machines =
            requests.into_iter().flatten().filter_map(|one| one.get_mut("virtualMachines")?.as_array_mut());
        for machine in machines.flatten().filter(|one| id_of(one).eq_ignore_ascii_case(&grant.machine)) {
            for port in machine.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                let its = port.get("number").and_then(Value::as_i64) == Some(grant.number);
                if its && text(port, "/status") == "Initiated" {
                    set(port, &["status"], "Revoked".into());
                    set(port, &["statusReason"], reason.into());
                }
            }
        }
        apply(world, &Change::Put(policy), now);
    }
}

/// Whether access ends by the clock.
pub(crate) fn is_due(world: &World, now: i64) -> bool {
    world.grants.iter().any(|grant| grant.end <= now)
}

/// Ends access that is over by the clock.
pub(crate) fn expire(world: &mut World, now: i64) {
    if is_due(world, now) {
        end(world, "Expired", now, |grant| grant.end <= now);
    }
}
