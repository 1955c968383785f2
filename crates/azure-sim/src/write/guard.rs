//! What stands before every write: locks, resource groups, locations, parents.
//!
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources>

use serde_json::{Map, Value};

use super::address::Address;
use super::store::{find, id_of, text};
use crate::answers::Answer;
use crate::world::{World, type_of};

type Checked = Result<(), Answer>;

/// Whether a lock of the resource, or of what it is in, forbids this.
pub(crate) fn locked(world: &World, address: &Address, deletes: bool) -> Checked {
    if address.is("Microsoft.Authorization/locks") {
        return Ok(());
    }
    let id = address.id();
    let lower = id.to_ascii_lowercase();
    let mut scopes = Vec::new();
    for row in &world.resources {
        let own = id_of(row);
        if type_of(own) != "microsoft.authorization/locks" {
            continue;
        }
        let level = text(row, "/properties/level").to_ascii_lowercase();
        let Some(at) = own.to_ascii_lowercase().rfind("/providers/microsoft.authorization/locks") else {
            continue;
        };
        let scope = own.get(..at).unwrap_or_default();
        let within = lower == scope.to_ascii_lowercase()
            || lower.starts_with(&format!("{}/", scope.to_ascii_lowercase()));
        if within && (level == "readonly" || deletes && level == "cannotdelete") {
            scopes.push(scope.to_owned());
        }
    }
    if scopes.is_empty() {
        return Ok(());
    }
    let what = if deletes { "delete" } else { "write" };
    Err(Answer::error(
        409,
        "ScopeLocked",
        &format!(
            "The scope '{id}' cannot perform {what} operation because following scope(s) are locked: '{}'. Please remove the lock and try again.",
            scopes.join("','")
        ),
    ))
}

/// Whether the resource group is there. Only a world that tells of groups in the subscription knows.
pub(crate) fn group(world: &World, address: &Address) -> Checked {
    let Some(group) = address.group() else { return Ok(()) };
    let groups = format!("/subscriptions/{}/resourceGroups/", address.subscription()).to_ascii_lowercase();
    let own = format!("{groups}{}", group.to_ascii_lowercase());
    let mut told = false;
    for row in &world.resources {
        let id = id_of(row).to_ascii_lowercase();
        if id == own || id.starts_with(&format!("{own}/")) {
            return Ok(());
        }
        told |= id.strip_prefix(&groups).is_some_and(|name| !name.is_empty() && !name.contains('/'));
    }
    if !told {
        return Ok(());
    }
    Err(Answer::error(404, "ResourceGroupNotFound", &format!("Resource group '{group}' could not be found.")))
}

/// The types that stand in a place and have to say which.
const PLACED: [&str; 14] = [
    "microsoft.network/networksecuritygroups",
    "microsoft.network/virtualnetworks",
    "microsoft.network/networkinterfaces",
    "microsoft.network/publicipaddresses",
    "microsoft.network/publicipprefixes",
    "microsoft.network/loadbalancers",
    "microsoft.network/natgateways",
    "microsoft.network/bastionhosts",
    "microsoft.network/routetables",
    "microsoft.network/applicationsecuritygroups",
    "microsoft.network/azurefirewalls",
    "microsoft.compute/virtualmachines",
    "microsoft.compute/disks",
    "microsoft.compute/virtualmachines/extensions",
];

/// Whether the body says where the resource is, and where it was before.
pub(crate) fn location(address: &Address, existing: Option<&Value>, body: &Map<String, Value>) -> Checked {
    if !PLACED.contains(&address.kind().to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    let plain = |text: &str| text.replace(' ', "").to_ascii_lowercase();
    let Some(location) = body.get("location").and_then(Value::as_str).filter(|location| !location.is_empty())
    else {
        return Err(Answer::error(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    };
    let was = existing.map(|existing| text(existing, "/location")).unwrap_or_default();
    if was.is_empty() || plain(was) == plain(location) {
        return Ok(());
    }
    Err(Answer::error(
        409,
        "InvalidResourceLocation",
        &format!(
            "The resource '{}' already exists in location '{was}' in resource group '{}'. A resource with the same name cannot be created in location '{location}'. Please select a new resource name.",
            address.name(),
            address.group().unwrap_or_default()
        ),
    ))
}

/// Whether the resource that this is a part of is there.
pub(crate) fn parent(world: &World, address: &Address) -> Checked {
    let needs = address.list().is_some() || super::compute::is_extension(address);
    let Some(parent) = address.parent().filter(|parent| needs && find(world, &parent.id()).is_none()) else {
        return Ok(());
    };
    Err(Answer::error(
        404,
        "ParentResourceNotFound",
        &format!(
            "Failed to perform 'write' on resource(s) of type '{}', because the parent resource '{}' could not be found.",
            address.kind(),
            parent.id()
        ),
    ))
}

/// 404, in Azure's words.
pub(crate) fn missing(address: &Address) -> Answer {
    let names: Vec<String> = address.steps.iter().map(|(kind, name)| format!("{kind}/{name}")).collect();
    Answer::error(
        404,
        "ResourceNotFound",
        &format!(
            "The Resource '{}/{}' under resource group '{}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
            address.provider,
            names.join("/"),
            address.group().unwrap_or("<null>")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GROUP: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n";

    #[test]
    fn locks_are_of_what_they_stand_on_and_all_in_it() {
        let said = |scope: &str, level: &str, deletes: bool| {
            let mut world = World::new("t", []);
            world.add(json!({"id": format!("{scope}/providers/Microsoft.Authorization/locks/l"), "properties": {"level": level}}));
            locked(&world, &Address::read(&format!("{GROUP}/securityRules/r")).unwrap(), deletes).is_ok()
        };
        for scope in ["/subscriptions/s", "/subscriptions/S/resourcegroups/G", GROUP] {
            assert!(said(scope, "CanNotDelete", false) && !said(scope, "CanNotDelete", true), "{scope}");
            assert!(!said(scope, "ReadOnly", false) && !said(scope, "ReadOnly", true), "{scope}");
        }
        for scope in ["/subscriptions/s2", "/subscriptions/s/resourceGroups/g2", &format!("{GROUP}2")] {
            assert!(said(scope, "ReadOnly", true), "{scope}");
        }
    }

    #[test]
    fn a_group_is_missed_only_where_groups_are_told() {
        let mut world = World::new("t", ["s".to_owned()]);
        let address = Address::read(GROUP).unwrap();
        assert!(group(&world, &address).is_ok());
        world.add(json!({"id": "/subscriptions/s/resourceGroups/other", "type": "Microsoft.Resources/resourceGroups"}));
        assert!(group(&world, &address).is_err());
        world.add(json!({"id": GROUP}));
        assert!(group(&world, &address).is_ok(), "something is in it");
    }

    #[test]
    fn a_place_is_told_and_stays() {
        let said = |existing: Value, body: Value| {
            let existing = Some(&existing).filter(|existing| !existing.is_null());
            location(&Address::read(GROUP).unwrap(), existing, body.as_object().unwrap())
                .map_err(|answer| answer.status)
        };
        assert_eq!(said(Value::Null, json!({})), Err(400));
        assert_eq!(said(Value::Null, json!({"location": 1})), Err(400));
        assert_eq!(said(Value::Null, json!({"location": "japaneast"})), Ok(()));
        assert_eq!(said(json!({"location": "Japan East"}), json!({"location": "japaneast"})), Ok(()));
        assert_eq!(said(json!({"location": "japanwest"}), json!({"location": "japaneast"})), Err(409));
    }
}
