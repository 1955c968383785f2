//! A template in the making: its resources, parameters, and what is told of both.
//!
//! INVARIANT: a resource refers to another by the expression of [`Draft::reference`] only, and `dependsOn` is made of
//! these expressions: nothing that is referred to is ever missing from it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::allow::{self, Type};
use super::copying::{self, Copying, escaped};
use super::records::{self, Records, key, name_of, parent, type_of};
use super::secrets;
use super::{Change, ChangeKind, Exported, LeftOut, LeftOutKind, Options};

/// A resource of the template.
pub(super) struct Resource {
    pub(super) kind: &'static Type,
    /// Its name, segments included; an expression where it depends on a parameter.
    pub(super) name: String,
    /// Everything behind its name.
    pub(super) body: Value,
}

/// The template.
pub(super) struct Draft<'r> {
    pub(super) records: &'r Records,
    pub(super) options: &'r Options,
    /// Ids of the machines.
    pub(super) machines: Vec<String>,
    pub(super) resources: Vec<Resource>,
    /// By the key of the id: the type and the name of what is exported.
    planned: BTreeMap<String, (&'static Type, String)>,
    /// By the expression of a reference: that of the resource it makes one wait for.
    owners: BTreeMap<String, String>,
    parameters: Map<String, Value>,
    /// Parameters without a default.
    to_fill: Vec<String>,
    changes: Vec<Change>,
    left_out: BTreeSet<LeftOut>,
}

/// `[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'app')]`
pub(super) fn resource_id<'n>(kind: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let names: String = names.into_iter().map(|name| format!(", '{}'", name.replace('\'', "''"))).collect();
    format!("[resourceId('{kind}'{names})]")
}

impl<'r> Draft<'r> {
    pub(super) fn new(records: &'r Records, options: &'r Options, machines: &[String]) -> Self {
        let mut draft = Self {
            records,
            options,
            machines: machines.to_vec(),
            resources: Vec::new(),
            planned: BTreeMap::new(),
            owners: BTreeMap::new(),
            parameters: Map::new(),
            to_fill: Vec::new(),
            changes: Vec::new(),
            left_out: BTreeSet::new(),
        };
        let location = json!({"type": "string", "defaultValue": "[resourceGroup().location]"});
        draft.parameters.insert("location".to_owned(), location);
        draft
    }

    /// Whether the template will have what has the id.
    pub(super) fn is_planned(&self, id: &str) -> bool {
        self.planned.contains_key(&key(id))
    }

    /// Takes a resource of the records into the template; false if it is not in the records, or in it already.
    pub(super) fn plan(&mut self, kind: &'static Type, id: &str) -> bool {
        if self.is_planned(id)
            || self.records.one(id).is_none()
            || type_of(id) != kind.name.to_ascii_lowercase()
        {
            return false;
        }
        let written = self.records.written(id);
        let name = self.free_name(kind, name_of(&written));
        self.planned.insert(key(id), (kind, name));
        true
    }

    /// A name that no other resource of the type has: machines of two groups may have interfaces of one name.
    pub(super) fn free_name(&self, kind: &Type, wanted: &str) -> String {
        let taken = |name: &str| {
            let planned = self.planned.values().map(|(kind, name)| (*kind, name.as_str()));
            let made = self.resources.iter().map(|it| (it.kind, it.name.as_str()));
            planned.chain(made).any(|(its, other)| its.name == kind.name && other.eq_ignore_ascii_case(name))
        };
        // Azure gives no such names: what stands in brackets or quotes would be evaluated.
        let clean = |c: char| if "[]{}'\"".contains(c) || c.is_control() { '-' } else { c };
        let wanted: String = wanted.chars().map(clean).take(76).collect();
        if !taken(&wanted) {
            return wanted;
        }
        (2..).map(|number| format!("{wanted}-{number}")).find(|name| !taken(name)).unwrap_or(wanted)
    }

    /// The ids of a type that are planned, in their order.
    pub(super) fn planned(&self, kind: &Type) -> Vec<String> {
        self.planned.iter().filter(|(_, (its, _))| its.name == kind.name).map(|(id, _)| id.clone()).collect()
    }

    /// The name of what is planned.
    pub(super) fn name(&self, id: &str) -> String {
        self.planned.get(&key(id)).map_or_else(|| name_of(id).to_owned(), |(_, name)| name.clone())
    }

    /// The expression for a resource of the template by type and name.
    pub(super) fn own(&mut self, kind: &Type, name: &str) -> String {
        let expression = resource_id(kind.name, name.split('/'));
        self.owners.insert(expression.clone(), expression.clone());
        expression
    }

    /// Writes a planned resource with what is allowed of its record.
    pub(super) fn write(&mut self, kind: &'static Type, id: &str) {
        let Some(record) = self.records.one(id) else { return };
        let name = self.name(id);
        let mut body = Map::new();
        body.insert("location".to_owned(), json!("[parameters('location')]"));
        self.tags(record, &name, &mut body);
        let mut copier = Copier { draft: self, resource: &name };
        copying::copy(record, kind.top, &mut body, &mut copier);
        let mut properties = Map::new();
        copying::copy(record, kind.properties, &mut properties, &mut copier);
        body.insert("properties".to_owned(), Value::Object(properties));
        self.push(kind, name, Value::Object(body));
    }

    pub(super) fn tags(&mut self, record: &Value, resource: &str, body: &mut Map<String, Value>) {
        let Some(tags) = records::member(record, "tags").and_then(Value::as_object) else { return };
        let mut kept = Map::new();
        for (name, value) in tags {
            let Some(value) = value.as_str() else { continue };
            if secrets::is_secret(name, value) {
                self.leave(LeftOutKind::Tag, resource, name);
            } else {
                kept.insert(escaped(name), Value::String(escaped(value)));
            }
        }
        if !kept.is_empty() {
            body.insert("tags".to_owned(), Value::Object(kept));
        }
    }

    /// Copies a part of a record into an object.
    pub(super) fn copy(&mut self, record: &Value, fields: &[allow::Field], resource: &str) -> Value {
        let mut to = Map::new();
        copying::copy(record, fields, &mut to, &mut Copier { draft: self, resource });
        Value::Object(to)
    }

    /// Adds a resource.
    pub(super) fn push(&mut self, kind: &'static Type, name: String, body: Value) {
        self.own(kind, &name);
        self.resources.push(Resource { kind, name, body });
    }

    /// The body of a resource, to change it.
    pub(super) fn body(&mut self, kind: &Type, name: &str) -> Option<&mut Value> {
        let found = self.resources.iter_mut().find(|it| it.kind.name == kind.name && it.name == name);
        found.map(|it| &mut it.body)
    }

    /// The names of the resources of a type, in their order.
    pub(super) fn names(&self, kind: &Type) -> Vec<String> {
        let mut names: Vec<String> =
            self.resources.iter().filter(|it| it.kind.name == kind.name).map(|it| it.name.clone()).collect();
        names.sort_unstable();
        names
    }

    /// What stands for an id: an expression for what the template has, the literal id for anything else.
    pub(super) fn reference(&mut self, id: &str, from: &str) -> String {
        if let Some(expression) = self.expression(id) {
            return expression;
        }
        self.leave(LeftOutKind::Reference, from, id);
        escaped(id)
    }

    fn expression(&mut self, id: &str) -> Option<String> {
        if let Some((kind, name)) = self.planned.get(&key(id)).cloned() {
            return Some(self.own(kind, &name));
        }
        // A subnet, or another part of what is planned.
        let holder = parent(id)?;
        let (kind, name) = self.planned.get(&key(holder)).cloned()?;
        let part = id.trim_end_matches('/').rsplit('/').nth(1)?;
        if part.is_empty() || !part.chars().all(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        let owner = self.own(kind, &name);
        let expression = resource_id(&format!("{}/{part}", kind.name), [name.as_str(), name_of(id)]);
        self.owners.insert(expression.clone(), owner);
        Some(expression)
    }

    /// A parameter with a default, or one to be filled in.
    pub(super) fn parameter(&mut self, name: &str, definition: Value) -> String {
        let expression = format!("[parameters('{name}')]");
        if self.parameters.contains_key(name) {
            return expression;
        }
        if definition.get("defaultValue").is_none() {
            self.to_fill.push(name.to_owned());
        }
        self.parameters.insert(name.to_owned(), definition);
        expression
    }

    pub(super) fn change(
        &mut self,
        kind: ChangeKind,
        of: &'static Type,
        resource: &str,
        pointer: &str,
        detail: &str,
    ) {
        self.changes.push(Change {
            kind,
            resource_type: of.name,
            resource: resource.to_owned(),
            pointer: pointer.to_owned(),
            detail: detail.to_owned(),
        });
    }

    pub(super) fn leave(&mut self, kind: LeftOutKind, resource: &str, detail: &str) {
        self.left_out.insert(LeftOut { kind, resource: resource.to_owned(), detail: detail.to_owned() });
    }

    /// The template as it stands.
    pub(super) fn finish(mut self) -> Exported {
        let rank = |kind: &Type| allow::ALL.iter().position(|it| it.name == kind.name);
        self.resources.sort_by(|a, b| (rank(a.kind), &a.name).cmp(&(rank(b.kind), &b.name)));
        let resources: Vec<Value> = self.resources.iter().map(|it| self.resource(it)).collect();
        let fill: Map<String, Value> =
            self.to_fill.iter().map(|name| (name.clone(), json!({"value": ""}))).collect();
        let order = |change: &Change| {
            let rank = allow::ALL.iter().position(|it| it.name == change.resource_type);
            (rank, change.resource.clone())
        };
        self.changes.sort_by_cached_key(order);
        let schemas = "https://schema.management.azure.com/schemas/2019-04-01";
        Exported {
            template: json!({
                "$schema": format!("{schemas}/deploymentTemplate.json#"),
                "contentVersion": "1.0.0.0",
                "parameters": self.parameters,
                "resources": resources,
            }),
            parameters: json!({
                "$schema": format!("{schemas}/deploymentParameters.json#"),
                "contentVersion": "1.0.0.0",
                "parameters": fill,
            }),
            changes: self.changes,
            left_out: self.left_out.into_iter().collect(),
        }
    }

    fn resource(&self, resource: &Resource) -> Value {
        let mut written = Map::new();
        let condition = resource.body.get("condition");
        if let Some(condition) = condition {
            written.insert("condition".to_owned(), condition.clone());
        }
        written.insert("type".to_owned(), json!(resource.kind.name));
        written.insert("apiVersion".to_owned(), json!(resource.kind.version));
        written.insert("name".to_owned(), json!(resource.name));
        let itself = resource_id(resource.kind.name, resource.name.split('/'));
        let mut waits = BTreeSet::new();
        self.waits(&resource.body, &mut waits);
        waits.remove(&itself);
        if !waits.is_empty() {
            written.insert("dependsOn".to_owned(), json!(waits));
        }
        for (name, value) in resource.body.as_object().into_iter().flatten() {
            if name != "dependsOn" && name != "condition" {
                written.insert(name.clone(), value.clone());
            }
        }
        Value::Object(written)
    }

    fn waits(&self, value: &Value, waits: &mut BTreeSet<String>) {
        match value {
            Value::String(text) => waits.extend(self.owners.get(text).cloned()),
            Value::Array(all) => all.iter().for_each(|one| self.waits(one, waits)),
            Value::Object(all) => all.values().for_each(|one| self.waits(one, waits)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

struct Copier<'d, 'r> {
    draft: &'d mut Draft<'r>,
    resource: &'d str,
}

impl Copying for Copier<'_, '_> {
    fn reference(&mut self, id: &str) -> String {
        self.draft.reference(id, self.resource)
    }

    fn dropped(&mut self, name: &str) {
        self.draft.leave(LeftOutKind::Description, self.resource, name);
    }
}

/// Sets what a pointer names, objects on the way made where they are missing; true if it was something else before.
pub(super) fn set(body: &mut Value, pointer: &str, value: Value) -> bool {
    let mut at = body;
    for segment in pointer.split('/').skip(1) {
        if let Some(index) = at.as_array().and_then(|_| segment.parse::<usize>().ok()) {
            match at.get_mut(index) {
                Some(next) => at = next,
                None => return false,
            }
            continue;
        }
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Some(object) = at.as_object_mut() else { return false };
        at = object.entry(segment).or_insert(Value::Null);
    }
    let changed = *at != value;
    *at = value;
    changed
}
