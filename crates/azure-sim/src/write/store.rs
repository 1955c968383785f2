//! What a write does to the world: a resource, or a part of one, is put, merged or deleted.
//!
//! INVARIANT: a part is an element of its parent's list and nothing else, so both are always of one mind.

use serde_json::{Map, Value, json};

use super::address::{Address, parts_of};
use crate::clock::rfc3339;
use crate::world::World;

/// Something that becomes of a resource, or of a part of one such as a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is made, or replaced by this; its `id` says which one it is.
    Put(Value),
    /// It is changed by a merge patch (RFC 7396): id and patch.
    Merge(String, Value),
    /// It is gone: its id.
    Delete(String),
}

/// A resource or a part of one, by its id.
pub(crate) fn find<'w>(world: &'w World, id: &str) -> Option<&'w Value> {
    let address = Address::read(id)?;
    if let Some(list) = address.list() {
        let parent = address.parent().and_then(|parent| world.resource(&parent.id()));
        let all = parent.and_then(|parent| parent.pointer(&format!("/properties/{list}"))?.as_array());
        let found = all.and_then(|all| all.iter().find(|part| is_named(part, address.name())));
        if found.is_some() {
            return found;
        }
    }
    world.resource(&address.id())
}

/// The parts of a resource in one of its lists; none where the resource or its list is not there.
pub(crate) fn parts<'w>(world: &'w World, parent: &Address, list: &str) -> Option<&'w Vec<Value>> {
    let kind = parent.kind().to_ascii_lowercase();
    let list = parts_of(&kind).iter().find(|one| one.eq_ignore_ascii_case(list))?;
    world.resource(&parent.id())?.pointer(&format!("/properties/{list}"))?.as_array()
}

pub(crate) fn is_named(part: &Value, name: &str) -> bool {
    part.get("name").and_then(Value::as_str).is_some_and(|its| its.eq_ignore_ascii_case(name))
}

pub(crate) fn id_of(value: &Value) -> &str {
    value.get("id").and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Sets a member, making the objects on the way; what is no object on the way stays as it is.
pub(crate) fn set(value: &mut Value, path: &[&str], to: Value) {
    let Some((last, way)) = path.split_last() else { return };
    let mut at = value;
    for step in way {
        let Some(members) = at.as_object_mut() else { return };
        at = members.entry((*step).to_owned()).or_insert_with(|| json!({}));
    }
    if let Some(members) = at.as_object_mut() {
        members.insert((*last).to_owned(), to);
    }
}

/// A merge patch: <https://www.rfc-editor.org/rfc/rfc7396>
pub(crate) fn merge(value: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Some(members) = value.as_object_mut() else { return };
    for (name, change) in patch {
        if change.is_null() {
            members.shift_remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// Does a change, as Azure's own or another writer's: no rule is asked.
pub(crate) fn apply(world: &mut World, change: &Change, now: i64) {
    match change {
        Change::Put(value) => put(world, value.clone(), now),
        Change::Merge(id, patch) => {
            if let Some(mut value) = find(world, id).cloned() {
                merge(&mut value, patch);
                put(world, value, now);
            }
        }
        Change::Delete(id) => delete(world, id, now),
    }
}

fn put(world: &mut World, value: Value, now: i64) {
    let (moment, late) = (rfc3339(now), world.writes.late);
    let address = Address::read(id_of(&value));
    let Some((address, list)) = address.as_ref().and_then(|one| Some((one, one.list()?))) else {
        world.put(value, &moment, late);
        return;
    };
    let Some(mut parent) = address.parent().and_then(|parent| world.resource(&parent.id()).cloned()) else {
        // A part of something that was not given: it is kept by itself.
        world.put(value, &moment, late);
        return;
    };
    if world.resource(&address.id()).is_some() {
        world.put(value.clone(), &moment, late);
    }
    let old = find(world, &address.id()).map(|old| text(old, "/etag").to_owned()).unwrap_or_default();
    let etag = match text(&value, "/etag") {
        etag if etag.is_empty() || etag == old => world.etag(),
        etag => etag.to_owned(),
    };
    if !parent.pointer(&format!("/properties/{list}")).is_some_and(Value::is_array) {
        set(&mut parent, &["properties", list], json!([]));
    }
    let all = parent.pointer_mut(&format!("/properties/{list}")).and_then(Value::as_array_mut);
    if let Some(all) = all {
        match all.iter_mut().find(|part| is_named(part, address.name())) {
            Some(part) => *part = value,
            None => all.push(value),
        }
    }
    stamp(&mut parent, Some(&etag), None);
    world.put(parent, &moment, late);
}

fn delete(world: &mut World, id: &str, now: i64) {
    let (moment, late) = (rfc3339(now), world.writes.late);
    if world.resource(id).is_some() {
        world.delete(id, &moment, late);
    }
    let Some(address) = Address::read(id) else { return };
    let Some((list, parent)) = address.list().zip(address.parent()) else { return };
    let Some(mut parent) = world.resource(&parent.id()).cloned() else { return };
    if let Some(all) = parent.pointer_mut(&format!("/properties/{list}")).and_then(Value::as_array_mut) {
        all.retain(|part| !is_named(part, address.name()));
        let etag = world.etag();
        stamp(&mut parent, Some(&etag), None);
        world.put(parent, &moment, late);
    }
}

/// Gives a resource of the network and its parts an ETag and a state: Azure gives all of them the same.
pub(crate) fn stamp(resource: &mut Value, etag: Option<&str>, state: Option<&str>) {
    let of_network = Address::read(id_of(resource)).is_some_and(|address| address.is_of("Microsoft.Network"));
    let Some(members) = resource.as_object_mut() else { return };
    if let Some(etag) = etag.filter(|_| of_network || members.contains_key("etag")) {
        members.insert("etag".to_owned(), etag.into());
    }
    let Some(properties) = members.get_mut("properties").and_then(Value::as_object_mut) else { return };
    if let Some(state) = state.filter(|_| properties.contains_key("provisioningState")) {
        properties.insert("provisioningState".to_owned(), state.into());
    }
    for list in properties.values_mut().filter_map(Value::as_array_mut) {
        // What has an id and no name is another resource.
        let is_part = |part: &&mut Value| part.get("id").is_some() && part.get("name").is_some();
        list.iter_mut().filter(is_part).for_each(|part| stamp(part, etag, state));
    }
}

/// An operation on a resource has ended: it and its parts are in a state, with a new ETag.
pub(crate) fn settle(world: &mut World, id: &str, state: &str, now: i64) {
    let etag = world.etag();
    mark(world, id, state, Some(&etag), now);
}

/// A resource and its parts are in a state.
pub(crate) fn mark(world: &mut World, id: &str, state: &str, etag: Option<&str>, now: i64) {
    let (moment, late) = (rfc3339(now), world.writes.late);
    let Some(mut resource) = world.resource(id).cloned() else { return };
    stamp(&mut resource, etag, Some(state));
    world.put(resource, &moment, late);
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n";

    fn world() -> World {
        let mut world = World::new("t", []);
        world.add(json!({"id": GROUP, "name": "n", "etag": "W/\"0\"", "properties": {"securityRules":
            [{"id": format!("{GROUP}/securityRules/a"), "name": "a", "etag": "W/\"0\"", "properties": {"priority": 100}}]}}));
        world
    }

    #[test]
    fn a_part_is_an_element_of_its_parent() {
        let mut world = world();
        let rule = format!("{GROUP}/SECURITYRULES/A");
        assert_eq!(find(&world, &rule).unwrap()["properties"]["priority"], 100);
        apply(&mut world, &Change::Merge(rule.clone(), json!({"properties": {"priority": 101}})), 0);
        assert_eq!(find(&world, &rule).unwrap()["properties"]["priority"], 101);
        let group = world.resource(GROUP).unwrap();
        assert_ne!(group["etag"], "W/\"0\"");
        assert_eq!(group["etag"], group["properties"]["securityRules"][0]["etag"]);
        let other = json!({"id": format!("{GROUP}/securityRules/b"), "name": "b"});
        apply(&mut world, &Change::Put(other), 0);
        apply(&mut world, &Change::Delete(rule.clone()), 0);
        assert_eq!(find(&world, &rule), None);
        assert_eq!(
            world.resource(GROUP).unwrap()["properties"]["securityRules"].as_array().unwrap().len(),
            1
        );
        apply(&mut world, &Change::Delete(GROUP.to_owned()), 0);
        assert!(find(&world, GROUP).is_none() && find(&world, &format!("{GROUP}/securityRules/b")).is_none());
        apply(&mut world, &Change::Merge(GROUP.to_owned(), json!({})), 0);
        apply(&mut world, &Change::Put(json!("odd")), 0);
    }

    #[test]
    fn a_merge_patch_removes_what_is_null() {
        let mut value = json!({"a": 1, "b": {"c": 1, "d": 2}});
        merge(&mut value, &json!({"a": null, "b": {"c": [1], "d": null}, "e": {"f": null}}));
        assert_eq!(value, json!({"b": {"c": [1]}, "e": {}}));
    }
}
