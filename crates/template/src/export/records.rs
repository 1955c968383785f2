//! The records of an estate by id, each in ARM's nested shape.
//!
//! INVARIANT: ids are compared in lower case and without a slash at their end; of records of one id the first that says
//! something counts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ExportFault;

/// Members that stand beside `properties`.
const TOP: [&str; 11] =
    ["id", "name", "type", "location", "tags", "sku", "zones", "plan", "identity", "kind", "managedBy"];

const MACHINE: &str = "microsoft.compute/virtualmachines";

/// A resource as Resource Manager answers it, from what sources say of it and of its parts (rules, subnets, routes): nested,
/// with the parts in it. Nothing where no record has its id.
pub fn resource(records: &[Value], id: &str) -> Option<Value> {
    let mut found = Records::new(records).all.remove(&key(id))?;
    if let Some(properties) = found.get_mut("properties").and_then(Value::as_object_mut) {
        for (_, list) in
            properties.iter_mut().filter(|(name, _)| LISTS.iter().any(|its| its.eq_ignore_ascii_case(name)))
        {
            for part in list.as_array_mut().into_iter().flatten() {
                *part = nested(part);
            }
        }
    }
    Some(found)
}

/// Lists of parts, each with `properties` of its own.
const LISTS: [&str; 5] = ["securityRules", "defaultSecurityRules", "ipConfigurations", "subnets", "routes"];

/// The records.
pub(super) struct Records {
    all: BTreeMap<String, Value>,
}

/// The key of an id.
pub(super) fn key(id: &str) -> String {
    id.trim().trim_end_matches('/').to_ascii_lowercase()
}

/// The type of an id, lower case: `microsoft.network/virtualnetworks/subnets`.
pub(super) fn type_of(id: &str) -> String {
    let id = id.to_ascii_lowercase();
    let Some((_, rest)) = id.rsplit_once("/providers/") else { return String::new() };
    let mut parts = rest.split('/');
    let space = parts.next().unwrap_or_default();
    let kinds: Vec<&str> = parts.step_by(2).collect();
    format!("{space}/{}", kinds.join("/"))
}

/// The last segment of an id.
pub(super) fn name_of(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// The id that holds an id: that of the network for that of a subnet.
pub(super) fn parent(id: &str) -> Option<&str> {
    let (before, _) = id.trim_end_matches('/').rsplit_once('/')?;
    before.rsplit_once('/').map(|(parent, _)| parent)
}

/// A member of a record or an element, in either shape and any case of letters.
pub(super) fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let inner = value.get("properties").and_then(|inner| member(inner, name));
    inner.or_else(|| member(value, name))
}

/// A member that is something, in any case of letters.
pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    let found = object
        .get(name)
        .or_else(|| object.iter().find(|(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, value)| value));
    found.filter(|value| !value.is_null())
}

/// What lies at the end of a path of members, each in either shape.
pub(super) fn path<'v>(value: &'v Value, names: &[&str]) -> Option<&'v Value> {
    names.iter().try_fold(value, |value, name| field(value, name))
}

/// The same as a text.
pub(super) fn text<'v>(value: &'v Value, names: &[&str]) -> Option<&'v str> {
    path(value, names)?.as_str()
}

/// The elements at the end of a path.
pub(super) fn list<'v>(value: &'v Value, names: &[&str]) -> &'v [Value] {
    path(value, names).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The id that a reference at the end of a path names.
pub(super) fn reference<'v>(value: &'v Value, names: &[&str]) -> Option<&'v str> {
    text(path(value, names)?, &["id"]).filter(|id| !id.is_empty())
}

impl Records {
    /// Takes records as they come.
    pub(super) fn new(records: &[Value]) -> Self {
        let mut all: BTreeMap<String, Value> = BTreeMap::new();
        for record in records {
            let Some(id) = member(record, "id").and_then(Value::as_str) else { continue };
            let nested = nested(record);
            match all.get_mut(&key(id)) {
                Some(before) => merge(before, &nested, 0),
                None => drop(all.insert(key(id), nested)),
            }
        }
        let mut records = Self { all };
        records.put_into_parents("microsoft.network/virtualnetworks/subnets", "subnets");
        records.put_into_parents("microsoft.network/networksecuritygroups/securityrules", "securityRules");
        records.put_into_parents("microsoft.network/routetables/routes", "routes");
        records
    }

    /// Records of children complete those of their parents.
    fn put_into_parents(&mut self, child: &str, list: &str) {
        let children: Vec<(String, Value)> = self
            .all
            .iter()
            .filter(|(id, _)| type_of(id) == child)
            .filter_map(|(id, value)| Some((parent(id)?.to_owned(), value.clone())))
            .collect();
        for (parent, value) in children {
            let Some(Value::Object(holder)) =
                self.all.get_mut(&parent).and_then(|it| it.get_mut("properties"))
            else {
                continue;
            };
            let slot = holder.entry(list).or_insert_with(|| Value::Array(Vec::new()));
            let Some(elements) = slot.as_array_mut() else { continue };
            let same = |element: &&mut Value| match (member(element, "name"), member(&value, "name")) {
                (Some(Value::String(a)), Some(Value::String(b))) => a.eq_ignore_ascii_case(b),
                _ => false,
            };
            match elements.iter_mut().find(same) {
                Some(element) => merge(element, &value, 0),
                None => elements.push(value),
            }
        }
    }

    /// The record of an id.
    pub(super) fn one(&self, id: &str) -> Option<&Value> {
        self.all.get(&key(id))
    }

    /// The records of a type, with their ids in lower case, in the order of these.
    pub(super) fn of_type(&self, kind: &str) -> impl Iterator<Item = (&str, &Value)> {
        self.all.iter().filter(move |(id, _)| type_of(id) == kind).map(|(id, value)| (id.as_str(), value))
    }

    /// The machines of ids or names, each once, in the order in which they were named.
    pub(super) fn machines(&self, names: &[String]) -> Result<Vec<String>, ExportFault> {
        let mut found: Vec<String> = Vec::new();
        for name in names {
            let id = self.machine(name)?;
            if !found.contains(&id) {
                found.push(id);
            }
        }
        if found.is_empty() { Err(ExportFault::NoMachine) } else { Ok(found) }
    }

    fn machine(&self, name: &str) -> Result<String, ExportFault> {
        let wanted = key(name);
        let by_id = wanted.contains('/');
        let of: Vec<&str> = self
            .of_type(MACHINE)
            .map(|(id, _)| id)
            .filter(|id| if by_id { *id == wanted } else { name_of(id) == wanted })
            .collect();
        match of.as_slice() {
            [] => Err(ExportFault::Missing { name: name.to_owned(), near: self.near(&wanted) }),
            [id] => match self.one(id).and_then(|it| it.get("properties")).and_then(Value::as_object) {
                Some(properties) if !properties.is_empty() => Ok((*id).to_owned()),
                _ => Err(ExportFault::NoProperties { id: self.written(id) }),
            },
            ids => Err(ExportFault::Ambiguous {
                name: name.to_owned(),
                ids: ids.iter().map(|id| self.written(id)).collect(),
            }),
        }
    }

    /// An id as its record writes it.
    pub(super) fn written(&self, id: &str) -> String {
        let record = self.one(id).and_then(|record| text(record, &["id"]));
        record.unwrap_or(id).to_owned()
    }

    fn near(&self, wanted: &str) -> Vec<String> {
        let wanted = name_of(wanted);
        let mut near: Vec<(usize, &str)> = self
            .of_type(MACHINE)
            .filter_map(|(id, _)| {
                let name = name_of(id);
                let apart = distance(name, wanted);
                let alike = apart <= 2.max(wanted.len() / 3) || wanted.len() > 2 && name.contains(wanted);
                alike.then_some((apart, id))
            })
            .collect();
        near.sort_unstable();
        near.iter().take(3).map(|(_, id)| self.written(id)).collect()
    }
}

/// A record in the nested shape.
fn nested(record: &Value) -> Value {
    let Some(object) = record.as_object() else { return Value::Null };
    if object.get("properties").is_some_and(Value::is_object) {
        return record.clone();
    }
    let (mut top, mut inner) = (Map::new(), Map::new());
    for (name, value) in object {
        let is_top = TOP.iter().any(|its| its.eq_ignore_ascii_case(name));
        let beside = is_top || ["resourceGroup", "etag", "properties", "systemData"].contains(&name.as_str());
        let to = if beside { &mut top } else { &mut inner };
        to.insert(name.clone(), value.clone());
    }
    top.insert("properties".to_owned(), Value::Object(inner));
    Value::Object(top)
}

fn merge(into: &mut Value, from: &Value, depth: usize) {
    if depth > 32 {
        return;
    }
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                match into.get_mut(name) {
                    Some(before) if !before.is_null() => merge(before, value, depth + 1),
                    _ => drop(into.insert(name.clone(), value.clone())),
                }
            }
        }
        (Value::Array(into), Value::Array(from)) => {
            if into.is_empty() {
                into.clone_from(from);
            } else if into.len() == from.len() {
                for (before, value) in into.iter_mut().zip(from) {
                    if member(before, "name") == member(value, "name") {
                        merge(before, value, depth + 1);
                    }
                }
            }
        }
        (into @ Value::Null, from) => *into = from.clone(),
        _ => {}
    }
}

/// How many letters two names differ in; names are short.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(80).collect(), b.chars().take(80).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for ((y, above), corner) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            next.push((corner + usize::from(x != y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_complete_each_other() {
        let id = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/a";
        let records = Records::new(&[
            json!({"id": id, "properties": {"x": null, "y": 1, "l": []}}),
            json!({"id": id.to_uppercase(), "name": "a", "x": 2, "y": 3, "l": [1]}),
        ]);
        assert_eq!(records.one(id).unwrap()["properties"], json!({"x": 2, "y": 1, "l": [1]}));
        assert_eq!(type_of(id), MACHINE);
        assert_eq!(parent("/a/b/c/d"), Some("/a/b"));
        assert_eq!(distance("web1", "wbe2"), 3);
        assert_eq!(distance("web1", "web"), 1);
    }
}
