//! What there is: subscriptions, resources in their tables, lists of the directory.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::quota::Bucket;
use crate::recorded::Recording;
use crate::write::{Grant, Operations, Writes};

/// A tenant.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub(crate) tenant: String,
    pub(crate) subscriptions: Vec<String>,
    /// What Resource Manager answers.
    pub(crate) resources: Vec<Value>,
    /// Rows by table: what Resource Graph answers.
    pub(crate) tables: BTreeMap<&'static str, Vec<Value>>,
    /// Lists of Microsoft Graph by path, without `v1.0/`.
    pub(crate) directory: BTreeMap<String, Vec<Value>>,
    /// Answers of Azure itself.
    pub(crate) recordings: Vec<Recording>,
    /// What Resource Graph does not know yet, and after how many more questions it will.
    late: Vec<(usize, Row)>,
    changes: u64,
    /// How writes go.
    pub(crate) writes: Writes,
    /// Operations that run, and how those ended that ran.
    pub(crate) operations: Operations,
    /// What is left of the right to write, by subscription.
    pub(crate) buckets: BTreeMap<String, Bucket>,
    /// Just-in-time access that somebody has.
    pub(crate) grants: Vec<Grant>,
    serial: u64,
}

/// What becomes of a row of Resource Graph.
#[derive(Clone, Debug)]
enum Row {
    Put(&'static str, Value),
    Gone(String),
}

/// The types that are in other tables than `resources`: how they begin, in lower case.
const TABLES: [(&str, &str); 15] = [
    ("microsoft.network/effectivesecurityadminrules", "networkresources"),
    ("microsoft.network/firewallpolicies/rulecollectiongroups", "networkresources"),
    ("microsoft.network/networkmanagers/", "networkresources"),
    ("microsoft.compute/virtualmachinescalesets/virtualmachines", "computeresources"),
    ("microsoft.compute/virtualmachines/patchassessmentresults", "patchassessmentresources"),
    ("microsoft.guestconfiguration/", "guestconfigurationresources"),
    ("microsoft.recoveryservices/vaults/backupfabrics/", "recoveryservicesresources"),
    ("microsoft.security/", "securityresources"),
    ("microsoft.authorization/roleassignments", "authorizationresources"),
    ("microsoft.authorization/roledefinitions", "authorizationresources"),
    ("microsoft.authorization/classicadministrators", "authorizationresources"),
    ("microsoft.authorization/policyassignments", "policyresources"),
    ("microsoft.maintenance/", "maintenanceresources"),
    ("microsoft.resources/subscriptions", "resourcecontainers"),
    ("microsoft.management/managementgroups", "resourcecontainers"),
];

/// What stands beside the properties of a resource.
const OUTER: [&str; 15] = [
    "id",
    "name",
    "type",
    "kind",
    "location",
    "resourceGroup",
    "subscriptionId",
    "tenantId",
    "managedBy",
    "sku",
    "plan",
    "tags",
    "identity",
    "zones",
    "etag",
];

/// Tables that are there, whether anything is in them or not.
pub(crate) const KNOWN: [&str; 12] = [
    "resourcechanges",
    "resources",
    "networkresources",
    "computeresources",
    "patchassessmentresources",
    "guestconfigurationresources",
    "recoveryservicesresources",
    "securityresources",
    "authorizationresources",
    "policyresources",
    "maintenanceresources",
    "resourcecontainers",
];

impl World {
    /// A tenant with subscriptions and nothing in them.
    pub fn new(tenant: &str, subscriptions: impl IntoIterator<Item = String>) -> Self {
        let mut world = Self {
            tenant: tenant.to_owned(),
            subscriptions: subscriptions.into_iter().collect(),
            ..Self::default()
        };
        for id in world.subscriptions.clone() {
            world.add(json!({"id": format!("/subscriptions/{id}"), "type": "microsoft.resources/subscriptions", "name": id}));
        }
        world
    }

    /// Adds a resource, as `az` prints it or as a snapshot holds it. Its type and subscription are those of its id.
    pub fn add(&mut self, resource: Value) {
        let Some((table, row)) = row(&resource) else { return };
        let subscription = row.get("subscriptionId").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.resources.push(answered(&resource));
        if !subscription.is_empty()
            && !self.subscriptions.iter().any(|one| one.eq_ignore_ascii_case(&subscription))
        {
            self.subscriptions.push(subscription);
        }
        self.tables.entry(table).or_default().push(row);
    }

    /// Puts a subscription under management groups, the nearest first.
    pub fn put_under(&mut self, subscription: &str, groups: &[&str]) {
        let chain: Vec<Value> =
            groups.iter().map(|name| json!({"name": name, "displayName": name})).collect();
        let rows = self.tables.entry("resourcecontainers").or_default();
        let is = |row: &&mut Value| row.get("subscriptionId").is_some_and(|id| id == subscription);
        for row in rows.iter_mut().filter(is) {
            if let Some(row) = row.as_object_mut() {
                row.insert("properties".to_owned(), json!({"managementGroupAncestorsChain": chain.clone()}));
            }
        }
    }

    /// Whether a subscription is under a management group.
    pub(crate) fn is_under(&self, subscription: &str, group: &str) -> bool {
        let rows = self.tables.get("resourcecontainers").into_iter().flatten();
        let mut its = rows.filter(|row| {
            let id = row.get("subscriptionId").and_then(Value::as_str).unwrap_or_default();
            id.eq_ignore_ascii_case(subscription)
        });
        its.any(|row| {
            let chain = row.pointer("/properties/managementGroupAncestorsChain").and_then(Value::as_array);
            let named = |one: &Value| one.get("name").and_then(Value::as_str) == Some(group);
            chain.is_some_and(|chain| chain.iter().any(named))
        })
    }

    /// Adds an answer of Azure itself.
    pub fn record(&mut self, recording: Recording) {
        self.recordings.push(recording);
    }

    /// A resource is made or changed at a moment (RFC 3339). Resource Manager knows at once, Resource Graph after so
    /// many more questions; then it tells the change, too.
    pub fn put(&mut self, resource: Value, moment: &str, late: usize) {
        let Some((table, row)) = row(&resource) else { return };
        let id = resource.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let was = self.forget(&id);
        self.resources.push(answered(&resource));
        self.late.push((late, Row::Put(table, row)));
        self.changed(&id, if was { "Update" } else { "Create" }, moment, late);
    }

    /// A resource is deleted, with the same delay.
    pub fn delete(&mut self, id: &str, moment: &str, late: usize) {
        self.forget(id);
        self.late.push((late, Row::Gone(id.to_owned())));
        self.changed(id, "Delete", moment, late);
    }

    fn forget(&mut self, id: &str) -> bool {
        let before = self.resources.len();
        self.resources.retain(|row| !has_id(row, id));
        self.resources.len() < before
    }

    fn changed(&mut self, id: &str, what: &str, moment: &str, late: usize) {
        self.changes += 1;
        let change = json!({
            "id": format!("{id}/providers/Microsoft.Resources/changes/{}", self.changes),
            "type": "microsoft.resources/changes",
            "properties": {"targetResourceId": id, "targetResourceType": type_of(id), "changeType": what,
                "changeAttributes": {"timestamp": moment, "changesCount": 1}, "changes": {}},
        });
        if let Some((_, row)) = row(&change) {
            self.late.push((late, Row::Put("resourcechanges", row)));
        }
    }

    /// Resource Graph is asked: what is late is one question less so. Whether it knows something new.
    pub(crate) fn asked(&mut self) -> bool {
        let (due, late): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.late).into_iter().partition(|one| one.0 == 0);
        self.late = late.into_iter().map(|(left, row)| (left - 1, row)).collect();
        let new = !due.is_empty();
        for (_, row) in due {
            match row {
                Row::Put(table, row) => {
                    let id = row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
                    let rows = self.tables.entry(table).or_default();
                    rows.retain(|row| !has_id(row, &id));
                    rows.push(row);
                }
                Row::Gone(id) => {
                    self.tables.values_mut().for_each(|rows| rows.retain(|row| !has_id(row, &id)));
                }
            }
        }
        new
    }

    /// Says how writes go; without a word of it they go as [`Writes::default`] has it.
    pub fn set_writes(&mut self, writes: Writes) {
        self.writes = writes;
    }

    /// A resource by its id; the last one counts, where it was given more than once.
    pub(crate) fn resource(&self, id: &str) -> Option<&Value> {
        self.resources.iter().rev().find(|row| has_id(row, id))
    }

    /// A GUID that nothing else has. It comes from a count, so that a test is the same each time.
    pub(crate) fn guid(&mut self) -> String {
        self.serial += 1;
        let mixed = self.serial.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (high, low) = (mixed >> 32, mixed & 0xffff);
        format!("{high:08x}-{low:04x}-4000-8000-{:012x}", self.serial)
    }

    /// An ETag that nothing else has.
    pub(crate) fn etag(&mut self) -> String {
        format!("W/\"{}\"", self.guid())
    }

    /// How many resources there are, subscriptions left out.
    pub fn len(&self) -> usize {
        self.tables
            .iter()
            .filter(|(table, _)| **table != "resourcecontainers")
            .map(|(_, rows)| rows.len())
            .sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a list of Microsoft Graph: `identity/conditionalAccess/policies`.
    pub fn add_directory(&mut self, path: &str, rows: Vec<Value>) {
        self.directory.insert(path.to_owned(), rows);
    }
}

fn has_id(row: &Value, id: &str) -> bool {
    row.get("id").and_then(Value::as_str).is_some_and(|its| its.eq_ignore_ascii_case(id))
}

/// What `az vm list -d` adds to a VM from other resources.
const DETAILS: [&str; 4] = ["publicIps", "privateIps", "fqdns", "macAddresses"];

/// A resource as Resource Manager answers it. What `az` prints, which is known by the group that it adds, has everything
/// on one level.
fn answered(resource: &Value) -> Value {
    if resource.get("resourceGroup").is_some() { nested(resource) } else { resource.clone() }
}

/// A resource with `properties` in which everything stands that has no place beside them.
fn nested(resource: &Value) -> Value {
    let mut resource = resource.clone();
    let Some(members) = resource.as_object_mut() else { return resource };
    let id = members.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !members.contains_key("properties") {
        let names: Vec<String> =
            members.keys().filter(|name| !OUTER.contains(&name.as_str())).cloned().collect();
        let mut inner: serde_json::Map<String, Value> =
            names.into_iter().filter_map(|name| Some((name.clone(), members.remove(&name)?))).collect();
        DETAILS.iter().for_each(|name| drop(inner.remove(*name)));
        // `VM running` is how `az` writes `PowerState/running`.
        if let Some(Value::String(power)) = inner.remove("powerState") {
            let code = format!("PowerState/{}", power.trim_start_matches("VM "));
            inner.insert(
                "extended".to_owned(),
                json!({"instanceView": {"powerState": {"code": code, "displayStatus": power}}}),
            );
        }
        members.insert("properties".to_owned(), parts_nested(inner));
    }
    for (name, value) in
        [("name", id.rsplit('/').next().unwrap_or_default().to_owned()), ("type", type_of(&id))]
    {
        members.entry(name).or_insert(value.into());
    }
    resource
}

/// Parts of a resource that have ids of their own, such as rules and subnets, with their `properties`.
fn parts_nested(mut properties: serde_json::Map<String, Value>) -> Value {
    let is_part = |part: &Value| part.get("id").is_some() && part.get("name").is_some();
    for list in properties.values_mut().filter_map(Value::as_array_mut) {
        list.iter_mut().filter(|part| is_part(part)).for_each(|part| *part = nested(part));
    }
    properties.into()
}

/// A resource as a row of Resource Graph, and the table that has it.
fn row(resource: &Value) -> Option<(&'static str, Value)> {
    let id = resource.get("id")?.as_str()?.to_owned();
    let mut row = nested(resource);
    let members = row.as_object_mut()?;
    let subscription = id.split('/').skip_while(|step| !step.eq_ignore_ascii_case("subscriptions")).nth(1);
    let subscription = subscription.unwrap_or_default().to_owned();
    members.insert("subscriptionId".to_owned(), subscription.into());
    let its = members.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    members.insert("type".to_owned(), its.clone().into());
    let table =
        TABLES.iter().find(|(begin, _)| its.starts_with(begin)).map_or("resources", |(_, table)| table);
    Some((table, row))
}

/// A VM with what it does now, as it is asked for by `$expand=instanceView`.
pub(crate) fn with_instance_view(machine: &Value) -> Value {
    let mut machine = machine.clone();
    let power = machine.pointer("/properties/extended/instanceView/powerState/code").and_then(Value::as_str);
    let power = power.map(
        |code| json!({"code": code, "level": "Info", "displayStatus": code.replace("PowerState/", "VM ")}),
    );
    let provisioned = json!({"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded"});
    let statuses: Vec<Value> = [provisioned].into_iter().chain(power).collect();
    if let Some(properties) = machine.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove("extended");
        properties.entry("instanceView").or_insert(json!({"statuses": statuses}));
    }
    machine
}

/// The type that an id tells: `microsoft.network/virtualnetworks/subnets`.
pub(crate) fn type_of(id: &str) -> String {
    let Some(at) = id.to_ascii_lowercase().rfind("/providers/") else { return String::new() };
    let mut steps = id.get(at + "/providers/".len()..).unwrap_or_default().split('/');
    let mut text = steps.next().unwrap_or_default().to_owned();
    for name in steps.step_by(2) {
        text = format!("{text}/{name}");
    }
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_in_the_tables_that_azure_has_them_in() {
        let mut world = World::new("t", ["s".to_owned()]);
        world.add(json!({"id": "/subscriptions/u/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a"}));
        world.add(json!({"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/firewallPolicies/p/ruleCollectionGroups/g"}));
        world.add(json!({"name": "no id"}));
        world.add(json!({"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p", "sku": {"name": "Basic"}, "ipAddress": "20.0.0.1"}));
        assert_eq!(world.tables["resources"][1]["properties"], json!({"ipAddress": "20.0.0.1"}));
        assert_eq!(world.tables["resources"][1]["sku"]["name"], "Basic");
        assert_eq!(world.subscriptions, ["s", "u"]);
        assert_eq!(world.tables["resources"][0]["type"], "microsoft.network/virtualnetworks/subnets");
        assert_eq!(world.tables["resources"][0]["subscriptionId"], "u");
        assert_eq!(world.tables["networkresources"].len(), 1);
        assert_eq!(world.tables["resourcecontainers"].len(), 1);
    }
}
