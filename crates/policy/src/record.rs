//! Resources as policies see them: whole, in ARM's nested shape, parts as resources of their own.

use std::borrow::Cow;

use estate::{Estate, Origin, Origins, PolicyGap, Reason, ResourceId};
use regorus::languages::azure_policy::aliases::normalizer;
use serde_json::{Map, Value};

use crate::alias::Aliases;
use crate::needs::Needs;

/// Reads the text of a record again; none where its source is not there any more.
pub type Read<'r> = &'r (dyn Fn(Origin) -> Option<Vec<u8>> + Sync);

/// A resource, or a part of one that Azure has a type for.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// The resource that findings are about: of a part the one that holds it.
    pub(crate) owner: ResourceId,
    /// Its id, in lower case.
    pub(crate) id: String,
    /// Its type, in lower case.
    pub(crate) resource_type: String,
    /// Where the part stands in its owner: `/properties/securityRules/3`; empty for a resource.
    pub(crate) pointer: String,
    /// The record that it stands in.
    pub(crate) origin: Origin,
    /// Whether what it does not tell is not there.
    pub(crate) whole: bool,
    /// In ARM's nested shape.
    pub(crate) json: Value,
}

/// What stands beside `properties`.
const ROOT: [&str; 18] = [
    "id",
    "name",
    "type",
    "location",
    "tags",
    "kind",
    "identity",
    "sku",
    "zones",
    "plan",
    "managedby",
    "etag",
    "extendedlocation",
    "apiversion",
    "resourcegroup",
    "subscriptionid",
    "tenantid",
    "properties",
];

/// Types whose records never tell a state of provisioning.
const STATELESS: [&str; 3] = ["microsoft.security/", "microsoft.authorization/", "microsoft.resources/"];

/// What Azure always tells of resources of a type: a record with less was cut by a query.
const ALWAYS: [(&str, &[&str]); 10] = [
    ("microsoft.compute/virtualmachines", &["hardwareProfile", "storageProfile"]),
    ("microsoft.compute/virtualmachinescalesets", &["virtualMachineProfile"]),
    ("microsoft.compute/virtualmachines/extensions", &["publisher"]),
    ("microsoft.compute/disks", &["diskState"]),
    ("microsoft.network/networkinterfaces", &["ipConfigurations"]),
    ("microsoft.network/networksecuritygroups", &["securityRules"]),
    ("microsoft.network/virtualnetworks", &["addressSpace"]),
    ("microsoft.network/publicipaddresses", &["publicIPAllocationMethod"]),
    ("microsoft.network/routetables", &["routes"]),
    ("microsoft.network/loadbalancers", &["frontendIPConfigurations"]),
];

/// Parts that are resources of their own: the type of the whole, the list, the type of the part.
const PARTS: [(&str, &str, &str); 6] = [
    (
        "microsoft.network/networksecuritygroups",
        "securityRules",
        "microsoft.network/networksecuritygroups/securityrules",
    ),
    ("microsoft.network/virtualnetworks", "subnets", "microsoft.network/virtualnetworks/subnets"),
    (
        "microsoft.network/virtualnetworks",
        "virtualNetworkPeerings",
        "microsoft.network/virtualnetworks/virtualnetworkpeerings",
    ),
    ("microsoft.network/routetables", "routes", "microsoft.network/routetables/routes"),
    ("microsoft.compute/virtualmachines", "resources", "microsoft.compute/virtualmachines/extensions"),
    (
        "microsoft.compute/virtualmachinescalesets",
        "virtualMachineProfile/extensionProfile/extensions",
        "microsoft.compute/virtualmachinescalesets/extensions",
    ),
];

/// The types of parts that the records of a type hold.
pub(crate) fn parts_of(resource_type: &str) -> impl Iterator<Item = &'static str> + use<'_> {
    PARTS.iter().filter(move |(whole, ..)| *whole == resource_type).map(|(.., part)| *part)
}

/// The type that holds parts of a type.
pub(crate) fn whole_of(part_type: &str) -> Option<&'static str> {
    PARTS.iter().find(|(.., part)| *part == part_type).map(|(whole, ..)| *whole)
}

impl Record {
    /// Reads all records of a resource and makes them one; none where no source tells more than that it is there.
    pub(crate) fn load(
        estate: &Estate,
        id: ResourceId,
        resource_type: &str,
        origins: &[Origin],
        read: Read<'_>,
    ) -> Option<Self> {
        let text = estate.text(id);
        let mut found: Option<Self> = None;
        for origin in origins {
            let Some(bytes) = read(*origin) else { continue };
            let Ok(json) = serde_json::from_slice::<Value>(&bytes) else { continue };
            let own =
                member(&json, "id").and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(text));
            if !own {
                continue;
            }
            let json = nested(json, resource_type);
            let collected = estate.coverage.collected(&Origins::one(*origin)).is_some();
            let whole = is_whole(&json, resource_type, collected);
            match &mut found {
                Some(first) => {
                    first.whole |= whole;
                    merge(&mut first.json, json);
                }
                None => {
                    found = Some(Self {
                        owner: id,
                        id: text.to_ascii_lowercase(),
                        resource_type: resource_type.to_owned(),
                        pointer: String::new(),
                        origin: *origin,
                        whole,
                        json,
                    });
                }
            }
        }
        if let Some(record) = &mut found {
            record.complete();
        }
        found
    }

    /// What Azure always tells and some sources leave out.
    fn complete(&mut self) {
        let name = estate::resource_name(&self.id).to_owned();
        let resource_type = self.resource_type.clone();
        if let Some(members) = self.json.as_object_mut() {
            set(members, "type", Value::from(resource_type));
            if !members.keys().any(|key| key.eq_ignore_ascii_case("name")) {
                members.insert("name".into(), Value::from(name));
            }
        }
    }

    /// Its parts of a type.
    pub(crate) fn parts(&self, part_type: &str) -> Vec<Self> {
        let Some((_, list, _)) =
            PARTS.iter().find(|(whole, _, part)| *part == part_type && *whole == self.resource_type)
        else {
            return Vec::new();
        };
        let path: Vec<&str> = list.split('/').collect();
        let mut at = member(&self.json, "properties");
        let mut pointer = String::from("/properties");
        // Extensions of a machine stand beside its properties.
        if *list == "resources" && member(&self.json, "resources").is_some() {
            at = Some(&self.json);
            pointer.clear();
        }
        for segment in &path {
            at = at.and_then(|value| member(value, segment));
            pointer = format!("{pointer}/{segment}");
        }
        let last = path.last().copied().unwrap_or_default();
        let last = if last == "resources" { "extensions" } else { last };
        let mut parts = Vec::new();
        for (number, item) in at.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let Some(name) = member(item, "name").and_then(Value::as_str) else { continue };
            // Other children of a machine stand there, too.
            let told = member(item, "type").and_then(Value::as_str);
            if last == "extensions"
                && told.is_some_and(|told| !told.to_ascii_lowercase().ends_with("/extensions"))
            {
                continue;
            }
            let json = nested(item.clone(), part_type);
            let mut part = Self {
                owner: self.owner,
                id: format!("{}/{last}/{name}", self.id).to_ascii_lowercase(),
                resource_type: part_type.to_owned(),
                pointer: format!("{pointer}/{number}"),
                origin: self.origin,
                whole: self.whole && member(&json, "properties").is_some(),
                json,
            };
            part.complete();
            parts.push(part);
        }
        parts
    }

    /// Why what a condition asks for is not told; empty where all of it is.
    pub(crate) fn lacks(&self, needs: &Needs) -> Vec<Reason> {
        let gap = |gap, what: &str| Reason::Policy { gap, what: what.into() };
        let mut reasons: Vec<Reason> =
            needs.functions.iter().map(|function| gap(PolicyGap::Function, function)).collect();
        const ALWAYS: [&str; 3] = ["id", "name", "type"];
        for root in needs.roots.iter().filter(|root| !ALWAYS.contains(&root.as_str())) {
            match member(&self.json, root) {
                None if self.whole && root != "apiversion" => {}
                Some(value) if !hides(value) => {}
                _ => reasons.push(gap(PolicyGap::Field, root)),
            }
        }
        for alias in &needs.aliases {
            let aliases = Aliases::get();
            let Some(path) = aliases.path(alias, &self.resource_type) else {
                // A field of another type is not there, as for Azure; one that nobody knows may be.
                if !aliases.holds(alias) {
                    reasons.push(gap(PolicyGap::Alias, alias));
                }
                continue;
            };
            let segments: Vec<&str> = path.split('.').collect();
            match told(&self.json, &segments, self.whole) {
                Told::Yes => {}
                Told::No => reasons.push(gap(PolicyGap::Field, alias)),
                Told::Later(reason) => reasons.push(Reason::Stated { reason: reason.into() }),
            }
        }
        reasons
    }

    /// Where the field of an alias stands, as a pointer into the owner; none where it is not there.
    pub(crate) fn place(&self, alias: &str) -> Option<String> {
        let path = Aliases::get().path(alias, &self.resource_type)?;
        let mut at = &self.json;
        let mut pointer = self.pointer.clone();
        for segment in path.split('.') {
            // Of a list the whole is shown: which element decides is not said.
            let (name, list) = match segment.strip_suffix("[*]") {
                Some(name) => (name, true),
                None => (segment, false),
            };
            at = member(at, name)?;
            pointer = format!("{pointer}/{name}");
            if list {
                break;
            }
        }
        Some(pointer)
    }

    /// The same for the library that works conditions out.
    pub(crate) fn normalized(&self) -> regorus::Value {
        let mut json = self.json.clone();
        if let Some(properties) = json.as_object_mut().and_then(|all| own_member(all, "properties")) {
            flatten_lists(properties, &Aliases::get().lists(&self.resource_type), 0);
        }
        let value = regorus::Value::from(json);
        let mut value = normalizer::normalize(&value, Some(Aliases::get().registry()), None);
        if let Ok(members) = value.as_object_mut() {
            let name = full_name(&self.id, &self.json);
            members.insert(regorus::Value::from("fullname"), regorus::Value::from(name));
        }
        value
    }
}

/// Every resource of an estate in ARM's nested shape; those of the directory are left out. `mask` takes secrets out.
pub fn resources(estate: &Estate, read: Read<'_>, mask: &(dyn Fn(&mut Value) + Sync)) -> Vec<Value> {
    let mut places: hashbrown::HashMap<ResourceId, usize> = hashbrown::HashMap::new();
    let mut all: Vec<(ResourceId, String, Vec<Origin>)> = Vec::new();
    for record in estate.records() {
        if record.resource_type.is_empty() || record.resource_type.starts_with("microsoft.graph/") {
            continue;
        }
        match places.get(&record.id).and_then(|place| all.get_mut(*place)) {
            Some((.., origins)) => origins.push(record.origin),
            None => {
                places.insert(record.id, all.len());
                all.push((record.id, type_of(estate, &record), vec![record.origin]));
            }
        }
    }
    all.sort_by_cached_key(|(id, ..)| estate.text(*id).to_ascii_lowercase());
    let load = |(id, of, origins): (ResourceId, String, Vec<Origin>)| {
        let mut json = Record::load(estate, id, &of, &origins, read)?.json;
        mask(&mut json);
        Some(json)
    };
    all.into_iter().filter_map(load).collect()
}

fn own_member<'v>(members: &'v mut Map<String, Value>, name: &str) -> Option<&'v mut Value> {
    members.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Puts `properties` of elements beside their names: so the library has them, at any depth.
fn flatten_lists(value: &mut Value, lists: &[&str], depth: usize) {
    if depth > 128 {
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, inner) in members.iter_mut() {
                if let (true, Value::Array(items)) =
                    (lists.iter().any(|list| key.eq_ignore_ascii_case(list)), &mut *inner)
                {
                    for own in items.iter_mut().filter_map(Value::as_object_mut) {
                        let key = own.keys().find(|key| key.eq_ignore_ascii_case("properties")).cloned();
                        if let Some(Value::Object(properties)) = key.and_then(|key| own.remove(&key)) {
                            for (name, value) in properties {
                                own.entry(name).or_insert(value);
                            }
                        }
                    }
                }
                flatten_lists(inner, lists, depth + 1);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| flatten_lists(item, lists, depth + 1)),
        _ => {}
    }
}

/// The type of a record: that of its id, where this is more than its kind tells.
pub(crate) fn type_of(estate: &Estate, record: &estate::Record<'_>) -> String {
    let own =
        estate::resource_type(estate.text(record.id)).unwrap_or_else(|| record.resource_type.to_owned());
    own.to_ascii_lowercase()
}

/// The names of a resource and of those that it is a part of: `vnet1/subnet2`.
pub(crate) fn full_name(id: &str, json: &Value) -> String {
    let name = member(json, "name").and_then(Value::as_str).unwrap_or_default();
    let Some((_, rest)) = id.rsplit_once("/providers/") else { return name.to_owned() };
    let names: Vec<&str> = rest.split('/').skip(2).step_by(2).collect();
    match names.as_slice() {
        [] | [_] => name.to_owned(),
        many => many.join("/"),
    }
}

/// Whether a field is told.
enum Told {
    Yes,
    No,
    /// Not yet, and what the source says of it.
    Later(String),
}

fn told(value: &Value, segments: &[&str], whole: bool) -> Told {
    if let Some(reason) = stated(value) {
        return Told::Later(reason);
    }
    let Some((segment, rest)) = segments.split_first() else {
        return if hides(value) { Told::No } else { Told::Yes };
    };
    let (name, list) = match segment.strip_suffix("[*]") {
        Some(name) => (name, true),
        None => (*segment, false),
    };
    match member(value, name) {
        None if whole => Told::Yes,
        None => Told::No,
        Some(inner) if list => {
            if let Some(reason) = stated(inner) {
                return Told::Later(reason);
            }
            let items = inner.as_array().map(Vec::as_slice).unwrap_or_default();
            items
                .iter()
                .map(|item| told(item, rest, whole))
                .find(|one| !matches!(one, Told::Yes))
                .unwrap_or(Told::Yes)
        }
        Some(inner) => told(inner, rest, whole),
    }
}

/// `{"$unknown":{"reason":…}}`: what the source says.
fn stated(value: &Value) -> Option<String> {
    let unknown = value.as_object().filter(|object| object.len() == 1)?.get("$unknown")?;
    Some(unknown.get("reason").and_then(Value::as_str).unwrap_or("not known yet").to_owned())
}

/// Whether something stands in place of what nobody should see.
fn hides(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with("[redacted by sekimori"),
        Value::Array(items) => items.iter().any(hides),
        Value::Object(members) => members.values().any(hides),
        _ => false,
    }
}

/// A member, its name in any case; `null` counts as absent.
pub(crate) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let members = value.as_object()?;
    let found = members
        .get(name)
        .or_else(|| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))?;
    (!found.is_null()).then_some(found)
}

fn set(members: &mut Map<String, Value>, name: &str, value: Value) {
    let key = members.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
    members.insert(key.unwrap_or_else(|| name.to_owned()), value);
}

/// Whether the record tells everything that Azure would: it was collected, or it is what Azure itself prints, which tells how
/// far the resource is made.
fn is_whole(json: &Value, resource_type: &str, collected: bool) -> bool {
    let Some(properties) = member(json, "properties") else {
        return collected && json.as_object().is_some_and(|members| members.len() > 2)
            || resource_type == "microsoft.resources/subscriptions" && member(json, "state").is_some();
    };
    let stateless = STATELESS.iter().any(|prefix| resource_type.starts_with(prefix));
    let always = ALWAYS
        .iter()
        .find(|(of, _)| *of == resource_type)
        .map_or(&["provisioningState"][..], |(_, all)| *all);
    let told = member(properties, "provisioningState").is_some()
        && always.iter().all(|name| member(properties, name).is_some());
    collected || stateless || told
}

/// Brings a record into ARM's nested shape, however its source writes it.
fn nested(json: Value, resource_type: &str) -> Value {
    let Value::Object(members) = json else { return json };
    let lists = Aliases::get().lists(resource_type);
    let has = members.keys().any(|key| key.eq_ignore_ascii_case("properties"));
    let mut members = if has { members } else { split(members, |key| is_root(resource_type, key)) };
    // Resource Graph writes nothing as an empty text.
    members.retain(|_, value| value.as_str() != Some(""));
    if resource_type.ends_with("/extensions")
        && let Some(properties) = own_member(&mut members, "properties").and_then(Value::as_object_mut)
    {
        // `az` has `type` for the type of the resource, and another name for what the extension is.
        for name in [
            "typePropertiesType",
            "virtualMachineExtensionType",
            "typePropertiesType".to_ascii_lowercase().as_str(),
        ] {
            if let Some(value) = properties.get(name).cloned() {
                properties.entry("type").or_insert(value);
            }
        }
    }
    for (key, value) in &mut members {
        if key.eq_ignore_ascii_case("properties") {
            nest_lists(value, &lists, 0);
        }
    }
    Value::Object(members)
}

fn is_root(resource_type: &str, key: &str) -> bool {
    let lower: Cow<'_, str> = if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        key.to_ascii_lowercase().into()
    } else {
        key.into()
    };
    // Some types keep it with the other properties.
    let inner = lower == "sku"
        && Aliases::get().path(&format!("{resource_type}/sku"), resource_type) == Some("properties.sku");
    ROOT.contains(&lower.as_ref()) && !inner
}

/// Moves what does not stand beside `properties` into it.
fn split(members: Map<String, Value>, beside: impl Fn(&str) -> bool) -> Map<String, Value> {
    let (mut outer, mut inner) = (Map::new(), Map::new());
    for (key, value) in members {
        if beside(&key) {
            outer.insert(key, value);
        } else {
            inner.insert(key, value);
        }
    }
    if !inner.is_empty() {
        outer.insert("properties".into(), Value::Object(inner));
    }
    outer
}

/// Elements of these lists have `properties` of their own.
fn nest_lists(value: &mut Value, lists: &[&str], depth: usize) {
    const OWN: [&str; 6] = ["id", "name", "type", "etag", "zones", "resourcegroup"];
    if depth > 128 {
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, inner) in members.iter_mut() {
                let is_one = lists.iter().any(|list| key.eq_ignore_ascii_case(list));
                if let (true, Value::Array(items)) = (is_one, &mut *inner) {
                    for item in items {
                        let Value::Object(own) = item else { continue };
                        if !own.keys().any(|key| key.eq_ignore_ascii_case("properties")) {
                            let all = std::mem::take(own);
                            *own = split(all, |key| OWN.iter().any(|name| key.eq_ignore_ascii_case(name)));
                        }
                    }
                }
                nest_lists(inner, lists, depth + 1);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| nest_lists(item, lists, depth + 1)),
        _ => {}
    }
}

/// Takes over what another record of the same resource tells, where this one tells nothing.
fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        for (key, value) in from {
            let own = into.keys().find(|own| own.eq_ignore_ascii_case(&key)).cloned();
            match own.and_then(|own| into.get_mut(&own)) {
                Some(there) if !there.is_null() => merge(there, value),
                Some(there) => *there = value,
                None => {
                    into.insert(key, value);
                }
            }
        }
    }
}
