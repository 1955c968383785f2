//! Resource groups: made, and deleted with all that is in them.
//!
//! <https://learn.microsoft.com/rest/api/resources/resource-groups>

use serde_json::{Map, Value, json};

use super::address::Address;
use super::store::{Change, apply, id_of, merge};
use super::{Request, guard, object};
use crate::answers::Answer;
use crate::world::World;

/// The answer to a write of a group; none where the request is of something else.
pub(crate) fn write(world: &mut World, request: &Request<'_>) -> Result<Option<Answer>, Answer> {
    let steps: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let [subscriptions, subscription, groups, name] = steps.as_slice() else { return Ok(None) };
    if !subscriptions.eq_ignore_ascii_case("subscriptions") || !groups.eq_ignore_ascii_case("resourceGroups")
    {
        return Ok(None);
    }
    let id = format!("/subscriptions/{subscription}/resourceGroups/{name}");
    // A lock stands below what it locks, as a resource does.
    let within = Address { scope: id.clone(), provider: "Microsoft.Resources".to_owned(), steps: Vec::new() };
    guard::locked(world, &within, request.method == "DELETE")?;
    let existing = world.resource(&id).cloned();
    if request.method == "DELETE" {
        let below = format!("{}/", id.to_ascii_lowercase());
        let all: Vec<Change> = world
            .resources
            .iter()
            .map(id_of)
            .filter(|one| one.eq_ignore_ascii_case(&id) || one.to_ascii_lowercase().starts_with(&below))
            .map(|one| Change::Delete(one.to_owned()))
            .collect();
        if all.is_empty() {
            return Err(Answer::error(
                404,
                "ResourceGroupNotFound",
                &format!("Resource group '{name}' could not be found."),
            ));
        }
        all.iter().for_each(|change| apply(world, change, request.now));
        return Ok(Some(Answer { status: 200, headers: Vec::new(), body: Value::Null }));
    }
    let body = object(request.body)?;
    let mut made = existing.clone().unwrap_or_else(|| {
        json!({"id": id, "name": name, "type": "Microsoft.Resources/resourceGroups", "properties": {"provisioningState": "Succeeded"}})
    });
    if existing.is_none() && body.get("location").and_then(Value::as_str).is_none() {
        return Err(Answer::error(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    }
    let wanted: Map<String, Value> = body
        .into_iter()
        .filter(|(name, _)| ["location", "tags", "managedBy"].contains(&name.as_str()))
        .collect();
    merge(&mut made, &Value::Object(wanted));
    apply(world, &Change::Put(made.clone()), request.now);
    Ok(Some(Answer { status: if existing.is_none() { 201 } else { 200 }, headers: Vec::new(), body: made }))
}
