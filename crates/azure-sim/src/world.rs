//! What there is: subscriptions, resources in their tables, lists of the directory.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A tenant.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub(crate) tenant: String,
    pub(crate) subscriptions: Vec<String>,
    /// Resources as they were given: what Resource Manager answers.
    pub(crate) resources: Vec<Value>,
    /// Rows by table: what Resource Graph answers.
    pub(crate) tables: BTreeMap<&'static str, Vec<Value>>,
    /// Lists of Microsoft Graph by path, without `v1.0/`.
    pub(crate) directory: BTreeMap<String, Vec<Value>>,
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
pub(crate) const KNOWN: [&str; 11] = [
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
    pub fn add(&mut self, mut resource: Value) {
        let Some(id) = resource.get("id").and_then(Value::as_str).map(str::to_owned) else { return };
        self.resources.push(resource.clone());
        let Some(members) = resource.as_object_mut() else { return };
        let subscription =
            id.split('/').skip_while(|step| !step.eq_ignore_ascii_case("subscriptions")).nth(1);
        let subscription = subscription.unwrap_or_default().to_owned();
        if !members.contains_key("properties") {
            // As `az` prints it, with everything on one level.
            let names: Vec<String> =
                members.keys().filter(|name| !OUTER.contains(&name.as_str())).cloned().collect();
            let inner: serde_json::Map<String, Value> =
                names.into_iter().filter_map(|name| Some((name.clone(), members.remove(&name)?))).collect();
            members.insert("properties".to_owned(), inner.into());
        }
        if !members.contains_key("type") {
            members.insert("type".to_owned(), type_of(&id).into());
        }
        members.insert("subscriptionId".to_owned(), subscription.clone().into());
        let its = members.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        members.insert("type".to_owned(), its.clone().into());
        if !subscription.is_empty()
            && !self.subscriptions.iter().any(|one| one.eq_ignore_ascii_case(&subscription))
        {
            self.subscriptions.push(subscription);
        }
        let table =
            TABLES.iter().find(|(begin, _)| its.starts_with(begin)).map_or("resources", |(_, table)| table);
        self.tables.entry(table).or_default().push(resource);
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
