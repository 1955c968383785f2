//! One write to Azure, as data: what a resource is to become, and what it must still be before.
//!
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/management/overview> (PUT replaces a resource, PATCH
//! changes members of it), <https://learn.microsoft.com/azure/virtual-network/manage-network-security-group> (rules are
//! resources of their own below their group).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod carry;

/// A write to one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Write {
    /// The id of the resource: `/subscriptions/…`.
    pub target: String,
    /// The version of its provider's interface.
    pub api_version: String,
    /// What is done.
    pub act: Act,
}

/// What a write does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum Act {
    /// Makes the resource, or replaces it whole: for resources that are one thing, such as a rule or an extension.
    Put {
        /// What it was; nothing where it was not there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<Value>,
        /// What it becomes.
        becomes: Value,
    },
    /// Removes the resource.
    Delete {
        /// What it was.
        was: Value,
    },
    /// Changes members of a resource and leaves all others as they are.
    Edit {
        /// The changes.
        edits: Vec<Edit>,
        /// Whether the interface has no PATCH for these members: the resource is read, changed and written back whole, under
        /// its ETag.
        whole: bool,
    },
    /// Has Azure do something to the resource: `deallocate`, `installPatches`.
    Run {
        /// The action.
        action: String,
        /// What it is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
        /// The action that takes it back; nothing where none does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<String>,
    },
}

/// One member of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Edit {
    /// Where it is: steps with `/` between them. `ipConfigurations[primary]` is the part of a list that has this name.
    pub path: String,
    /// What it was; nothing where it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Value>,
    /// What it becomes; nothing takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub becomes: Option<Value>,
}

impl Edit {
    /// What it becomes with what others have written into it. Nothing where that cannot be kept; and nothing within where there
    /// is nothing to keep: in a PATCH, objects are not replaced but by their members.
    #[expect(clippy::option_option, reason = "that it cannot be kept is not that there is nothing to keep")]
    fn carried(&self, found: &Value, whole: bool) -> Option<Option<Value>> {
        let (Some(found), Some(was), Some(becomes)) = (self.writable(found), &self.was, &self.becomes) else {
            return Some(None);
        };
        if !whole && !found.is_array() {
            return Some(None);
        }
        carry::carried(&found, was, becomes).map(Some)
    }

    /// What stands at its path, without what Azure alone writes.
    fn writable(&self, found: &Value) -> Option<Value> {
        let its = standing(found, &self.path)?;
        Some(if self.path.split('/').any(is_free) { its.clone() } else { writable(its) })
    }

    fn keeps(&self, found: &Value, whole: bool) -> bool {
        self.carried(found, whole).is_some()
    }
}

/// How a resource stands to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it was: the write can be made.
    Was,
    /// As it is to become: there is nothing to do.
    Becomes,
    /// Neither: somebody else has changed it.
    Other,
}

impl Write {
    /// How what was found stands to this write; `found` is nothing where there is no such resource. Of most actions nobody can
    /// tell by looking whether they were done: that is [`State::Was`].
    pub fn state(&self, found: Option<&Value>) -> State {
        let tell = |becomes: bool, was: bool| match (becomes, was) {
            (true, _) => State::Becomes,
            (false, true) => State::Was,
            (false, false) => State::Other,
        };
        match &self.act {
            Act::Put { was, becomes } => tell(
                found.is_some_and(|found| is_as(found, becomes)),
                match (found, was) {
                    (None, None) => true,
                    (Some(found), Some(was)) => {
                        is_as(found, was) && carry::resource(&writable(found), was, becomes).is_some()
                    }
                    _ => false,
                },
            ),
            Act::Delete { was } => tell(found.is_none(), found.is_some_and(|found| is_as(found, was))),
            Act::Edit { edits, whole } => {
                let Some(found) = found else { return State::Other };
                let all = |side: fn(&Edit) -> &Option<Value>| {
                    edits.iter().all(|edit| same(standing(found, &edit.path), side(edit).as_ref()))
                };
                let kept = || edits.iter().all(|edit| edit.keeps(found, *whole));
                tell(all(|edit| &edit.becomes), all(|edit| &edit.was) && kept())
            }
            Act::Run { action, .. } => match (found, found.and_then(power)) {
                (None, _) => State::Other,
                (Some(_), None) => State::Was,
                (Some(_), Some(power)) => {
                    tell(powers(action).iter().any(|one| power.eq_ignore_ascii_case(one)), true)
                }
            },
        }
    }

    /// Whether it starts or stops a VM, so that the resource with its instance view tells whether that was done.
    pub(crate) fn is_of_power(&self) -> bool {
        matches!(&self.act, Act::Run { action, .. } if !powers(action).is_empty())
    }

    /// The same write with what was really found in place of what was expected, so that undoing it brings back exactly that, and
    /// with what others have written and it does not change. `found` must stand to it as [`State::Was`].
    #[must_use]
    pub fn with_found(&self, found: Option<&Value>) -> Self {
        let mut write = self.clone();
        match &mut write.act {
            Act::Put { was, becomes } => {
                let found = found.map(writable);
                if let Some(found) = &found {
                    let before = was.as_ref().unwrap_or(becomes);
                    *becomes = carry::resource(found, before, becomes).unwrap_or_else(|| becomes.clone());
                }
                *was = found;
            }
            Act::Delete { was } => {
                if let Some(found) = found {
                    *was = writable(found);
                }
            }
            Act::Edit { edits, whole } => {
                for edit in edits {
                    if let Some(kept) = found.and_then(|found| edit.carried(found, *whole)).flatten() {
                        edit.becomes = Some(kept);
                    }
                    edit.was = found.and_then(|found| edit.writable(found));
                }
            }
            Act::Run { .. } => {}
        }
        write
    }

    /// The same write, made once more where it is there already: what others have written since is kept in it, and in what is
    /// brought back. `found` must stand to it as [`State::Becomes`].
    #[must_use]
    pub(crate) fn renewed(&self, found: Option<&Value>) -> Self {
        let mut write = self.clone();
        let (Act::Put { was, becomes }, Some(found)) = (&mut write.act, found.map(writable)) else {
            return write;
        };
        if let Some(before) = was {
            *before = carry::carried(&found, becomes, before).unwrap_or_else(|| before.clone());
        }
        *becomes = carry::resource(&found, becomes, becomes).unwrap_or(found);
        write
    }

    /// Whether it writes again what was there before it: nothing of it is to be taken back.
    pub(crate) fn changes_nothing(&self) -> bool {
        match &self.act {
            Act::Put { was: Some(was), .. } => self.state(Some(was)) == State::Becomes,
            Act::Edit { edits, .. } => {
                edits.iter().all(|edit| same(edit.was.as_ref(), edit.becomes.as_ref()))
            }
            _ => false,
        }
    }

    /// The write that takes this one back; nothing where none can.
    pub fn undo(&self) -> Option<Self> {
        let act = match &self.act {
            Act::Put { was: None, becomes } => Act::Delete { was: becomes.clone() },
            Act::Put { was: Some(was), becomes } => {
                Act::Put { was: Some(becomes.clone()), becomes: was.clone() }
            }
            Act::Delete { was } => Act::Put { was: None, becomes: was.clone() },
            Act::Edit { edits, whole } => Act::Edit {
                edits: edits
                    .iter()
                    .rev()
                    .map(|edit| Edit {
                        path: edit.path.clone(),
                        was: edit.becomes.clone(),
                        becomes: edit.was.clone(),
                    })
                    .collect(),
                whole: *whole,
            },
            Act::Run { action, undo, .. } => {
                Act::Run { action: undo.clone()?, body: None, undo: Some(action.clone()) }
            }
        };
        Some(Self { target: self.target.clone(), api_version: self.api_version.clone(), act })
    }

    /// What is sent for [`Act::Edit`]: with `whole` the resource as it was found with the edits in it, else an object that
    /// holds these members alone. Nothing where a part that an edit names is not there.
    pub fn edited(&self, found: &Value) -> Option<Value> {
        let Act::Edit { edits, whole } = &self.act else { return None };
        match whole {
            true => {
                let mut body = writable(found);
                for edit in edits {
                    set(&mut body, &edit.path, edit.becomes.clone())?;
                }
                Some(body)
            }
            false => {
                let mut body = Value::Object(Map::new());
                for edit in edits {
                    // In a PATCH a member goes away by being null, and an identity by its own word for that.
                    let none = if edit.path == IDENTITY_KIND { NO_IDENTITY.into() } else { Value::Null };
                    set(&mut body, &edit.path, Some(edit.becomes.clone().unwrap_or(none)))?;
                }
                Some(body)
            }
        }
    }

    /// The resource that others wait for while this is written: a group for its rules, a VM for its extensions.
    pub fn root(&self) -> &str {
        let lower = self.target.to_ascii_lowercase();
        let Some(at) = lower.rfind("/providers/") else { return &self.target };
        let from = at + "/providers/".len();
        // Namespace, type, name: what comes after is a part.
        let ends = self.target.get(from..).unwrap_or_default().match_indices('/').nth(2);
        ends.and_then(|(end, _)| self.target.get(..from + end)).unwrap_or(&self.target)
    }
}

/// What Azure writes itself and refuses, or ignores, from others.
const READ_ONLY: [&str; 6] =
    ["etag", "provisioningState", "resourceGuid", "systemData", "defaultSecurityRules", "instanceView"];

/// Members whose own members have names that people, or extensions, chose.
const FREE: [&str; 3] = ["tags", "settings", "protectedSettings"];

fn is_free(name: &str) -> bool {
    FREE.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// A resource without what Azure alone writes.
pub(crate) fn writable(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !READ_ONLY.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), if is_free(name) { value.clone() } else { writable(value) }))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(all) => all.iter().map(writable).collect(),
        _ => value.clone(),
    }
}

/// Which identities a resource has, and the word for none.
///
/// Source: <https://learn.microsoft.com/rest/api/compute/virtual-machines/update#resourceidentitytype>
const IDENTITY_KIND: &str = "identity/type";
const NO_IDENTITY: &str = "None";

/// What stands at the path of an edit.
fn standing<'v>(found: &'v Value, path: &str) -> Option<&'v Value> {
    at(found, path).filter(|value| path != IDENTITY_KIND || value.as_str() != Some(NO_IDENTITY))
}

/// What a VM does after an action.
///
/// Source: <https://learn.microsoft.com/azure/virtual-machines/states-billing>
fn powers(action: &str) -> &'static [&'static str] {
    match action.to_ascii_lowercase().as_str() {
        "deallocate" => &["deallocated"],
        "start" => &["running"],
        "poweroff" => &["stopped", "deallocated"],
        _ => &[],
    }
}

/// What a VM does, where it was read with its instance view.
pub(crate) fn power(vm: &Value) -> Option<&str> {
    let statuses = at(vm, "properties/instanceView/statuses")?.as_array()?;
    statuses
        .iter()
        .filter_map(|status| status.get("code")?.as_str()?.split_once('/'))
        .find_map(|(kind, state)| kind.eq_ignore_ascii_case("PowerState").then_some(state))
}

/// What tells a resource from others, and nothing about it.
const IDENTITY: [&str; 4] = ["id", "name", "type", "location"];

/// Whether a resource is as `wanted` says: every member of it is there, but for what only tells which resource it is.
fn is_as(found: &Value, wanted: &Value) -> bool {
    let (Value::Object(has), Value::Object(wants)) = (found, wanted) else {
        return same(Some(found), Some(wanted));
    };
    let matters = |name: &&String| !IDENTITY.iter().any(|its| its.eq_ignore_ascii_case(name));
    let names = wants.iter().filter(|(name, _)| matters(name) && !READ_ONLY.contains(&name.as_str()));
    names.into_iter().all(|(name, value)| is_member(has, name, value))
}

/// Whether an object is as `wanted` says: every member of it is there. Case, the order of lists of words, and one word in
/// place of a list of one do not matter, as they do not to Azure.
fn covers(has: &Map<String, Value>, wants: &Map<String, Value>) -> bool {
    let is_rule = |members: &Map<String, Value>| {
        PAIRS.iter().any(|(one, list)| members.contains_key(*one) || members.contains_key(*list))
    };
    if is_rule(has) || is_rule(wants) {
        return same_rule(has, wants);
    }
    let names = wants.iter().filter(|(name, _)| !READ_ONLY.contains(&name.as_str()));
    names.into_iter().all(|(name, value)| is_member(has, name, value))
}

fn is_member(has: &Map<String, Value>, name: &str, wanted: &Value) -> bool {
    match (member(has, name), wanted) {
        (None, wanted) => is_nothing(wanted),
        (Some(Value::Object(has)), Value::Object(wants)) if is_free(name) => {
            wants.iter().all(|(name, value)| is_member(has, name, value))
        }
        (Some(Value::Object(has)), Value::Object(wants)) => covers(has, wants),
        (has, wanted) => same(has, Some(wanted)),
    }
}

/// Members of a rule that hold one word or a list of them, under two names.
const PAIRS: [(&str, &str); 4] = [
    ("sourceAddressPrefix", "sourceAddressPrefixes"),
    ("destinationAddressPrefix", "destinationAddressPrefixes"),
    ("sourcePortRange", "sourcePortRanges"),
    ("destinationPortRange", "destinationPortRanges"),
];

/// What a rule holds under the two names.
fn words(members: &Map<String, Value>, (single, list): (&str, &str)) -> Vec<String> {
    let single = member(members, single).and_then(Value::as_str).filter(|text| !text.is_empty());
    let list = member(members, list).and_then(Value::as_array).into_iter().flatten();
    let mut words: Vec<String> =
        single.into_iter().chain(list.filter_map(Value::as_str)).map(str::to_ascii_lowercase).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Whether the properties of two security rules do the same. Unlike other resources, a rule is compared whole: a source that
/// one has and the other has not is another rule.
fn same_rule(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let groups = |members: &Map<String, Value>, name: &str| -> Vec<String> {
        let all = member(members, name).and_then(Value::as_array).into_iter().flatten();
        let mut ids: Vec<String> = all
            .filter_map(|one| one.get("id").and_then(Value::as_str).map(str::to_ascii_lowercase))
            .collect();
        ids.sort_unstable();
        ids
    };
    PAIRS.iter().all(|pair| words(one, *pair) == words(other, *pair))
        && ["sourceApplicationSecurityGroups", "destinationApplicationSecurityGroups"]
            .iter()
            .all(|name| groups(one, name) == groups(other, name))
        && ["priority", "direction", "access", "protocol"]
            .iter()
            .all(|name| same(member(one, name), member(other, name)))
}

/// Whether two values mean the same to Azure.
fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    let one = one.filter(|value| !is_nothing(value));
    let other = other.filter(|value| !is_nothing(value));
    match (one, other) {
        (None, None) => true,
        (Some(Value::String(one)), Some(Value::String(other))) => one.eq_ignore_ascii_case(other),
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            one.len() == other.len()
                && one.iter().all(|value| other.iter().any(|its| same(Some(value), Some(its))))
        }
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            // Azure adds members of its own; what it was given is still there.
            covers(one, other) || covers(other, one)
        }
        (one, other) => one == other,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    }
}

fn member<'v>(members: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    members
        .get(name)
        .or_else(|| members.iter().find(|(its, _)| its.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// One step of a path: a member, and the part of its list that has a name.
fn step(step: &str) -> (&str, Option<&str>) {
    match step.split_once('[') {
        Some((name, part)) => (name, Some(part.trim_end_matches(']'))),
        None => (step, None),
    }
}

fn has_name(part: &Value, name: &str) -> bool {
    part.get("name").and_then(Value::as_str).is_some_and(|its| its.eq_ignore_ascii_case(name))
}

/// The value at a path.
pub(crate) fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').filter(|part| !part.is_empty()).try_fold(value, |value, part| {
        let (name, part) = step(part);
        let inner = member(value.as_object()?, name)?;
        match part {
            None => Some(inner),
            Some(part) => inner.as_array()?.iter().find(|one| has_name(one, part)),
        }
    })
}

/// Puts a value at a path; objects on the way are made. Nothing where a named part of a list is not there.
fn set(value: &mut Value, path: &str, new: Option<Value>) -> Option<()> {
    let (first, rest) = match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    let (name, part) = step(first);
    let members = value.as_object_mut()?;
    let key = match members.keys().find(|its| its.eq_ignore_ascii_case(name)) {
        Some(its) => its.clone(),
        None => name.to_owned(),
    };
    match (part, rest) {
        (None, None) => {
            match new {
                Some(new) => drop(members.insert(key, new)),
                None => drop(members.shift_remove(&key)),
            }
            Some(())
        }
        (None, Some(rest)) => {
            if new.is_none() && !members.contains_key(&key) {
                return Some(());
            }
            let inner = members.entry(key).or_insert_with(|| Value::Object(Map::new()));
            if inner.is_null() {
                *inner = Value::Object(Map::new());
            }
            set(inner, rest, new)
        }
        (Some(part), rest) => {
            let list = members.get_mut(&key)?.as_array_mut()?;
            let index = list.iter().position(|one| has_name(one, part))?;
            match rest {
                Some(rest) => set(list.get_mut(index)?, rest, new),
                None => {
                    match new {
                        Some(new) => *list.get_mut(index)? = new,
                        None => drop(list.remove(index)),
                    }
                    Some(())
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write(act: Act) -> Write {
        Write { target: String::new(), api_version: String::new(), act }
    }

    fn rule(source: &Value, port: &str) -> Value {
        let mut properties = json!({"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
            "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": port});
        let name = if source.is_array() { "sourceAddressPrefixes" } else { "sourceAddressPrefix" };
        properties[name] = source.clone();
        json!({"properties": properties})
    }

    #[test]
    fn a_rule_is_the_same_however_azure_writes_it() {
        let narrow = write(Act::Put {
            was: Some(rule(&json!("*"), "22")),
            becomes: rule(&json!(["203.0.113.0/24", "198.51.100.7"]), "22"),
        });
        let mut found = rule(&json!("*"), "22");
        found["properties"]["provisioningState"] = json!("Succeeded");
        found["properties"]["sourceAddressPrefixes"] = json!([]);
        found["properties"]["protocol"] = json!("TCP");
        assert_eq!(narrow.state(Some(&found)), State::Was);
        assert_eq!(
            narrow.state(Some(&rule(&json!(["198.51.100.7", "203.0.113.0/24"]), "22"))),
            State::Becomes
        );
        // One source more, one fewer, another port: somebody else's.
        for other in [
            rule(&json!(["198.51.100.7"]), "22"),
            rule(&json!(["198.51.100.7", "203.0.113.0/24", "192.0.2.1"]), "22"),
            rule(&json!("*"), "3389"),
        ] {
            assert_eq!(narrow.state(Some(&other)), State::Other, "{other}");
        }
        assert_eq!(narrow.state(None), State::Other);
    }

    #[test]
    fn edits_touch_what_they_name_and_nothing_else() {
        let nic = json!({"etag": "W/\"1\"", "location": "japaneast", "properties": {
            "provisioningState": "Succeeded", "enableIPForwarding": true, "ipConfigurations": [
                {"name": "a", "properties": {"privateIPAddress": "10.0.0.4"}},
                {"name": "B", "properties": {"publicIPAddress": {"id": "/P"}, "primary": true}}]}});
        let path = "properties/ipConfigurations[b]/properties/publicIPAddress";
        let off = write(Act::Edit {
            edits: vec![Edit { path: path.to_owned(), was: Some(json!({"id": "/p"})), becomes: None }],
            whole: true,
        });
        assert_eq!(off.state(Some(&nic)), State::Was);
        let mut another = nic.clone();
        another["properties"]["ipConfigurations"][1]["properties"]["publicIPAddress"]["id"] = json!("/Q");
        assert_eq!(off.state(Some(&another)), State::Other, "another address is somebody else's doing");
        let body = off.edited(&nic).unwrap();
        assert_eq!(
            body,
            json!({"location": "japaneast", "properties": {"enableIPForwarding": true, "ipConfigurations": [
                {"name": "a", "properties": {"privateIPAddress": "10.0.0.4"}},
                {"name": "B", "properties": {"primary": true}}]}})
        );
        assert_eq!(off.state(Some(&body)), State::Becomes);
        let back = off.with_found(Some(&nic)).undo().unwrap();
        assert_eq!(back.state(Some(&body)), State::Was);
        assert_eq!(back.edited(&body).unwrap(), writable(&nic));
        assert_eq!(back.undo().unwrap().edited(&nic).unwrap(), body);
        let gone = write(Act::Edit {
            edits: vec![Edit { path: path.replace("[b]", "[c]"), was: None, becomes: Some(json!(1)) }],
            whole: true,
        });
        assert_eq!(gone.edited(&nic), None);
    }

    #[test]
    fn names_that_people_chose_are_theirs() {
        let tags = json!({"instanceView": "a", "etag": "b", "provisioningState": "c"});
        let found = json!({"etag": "e", "tags": tags, "properties": {"instanceView": {}, "settings": tags, "protectedSettings": tags,
            "virtualMachineProfile": {"tags": tags, "provisioningState": "Succeeded"}}});
        let kept = json!({"tags": tags, "properties": {"settings": tags, "protectedSettings": tags,
            "virtualMachineProfile": {"tags": tags}}});
        assert_eq!(writable(&found), kept);
        let edit = Edit { path: "properties/a".to_owned(), was: None, becomes: Some(json!(1)) };
        let body = write(Act::Edit { edits: vec![edit], whole: true }).edited(&found).unwrap();
        assert_eq!(body["tags"], tags);
        let edit = Edit { path: "tags".to_owned(), was: None, becomes: Some(json!({})) };
        let back = write(Act::Edit { edits: vec![edit], whole: true }).with_found(Some(&found)).undo();
        assert_eq!(back.unwrap().edited(&body).unwrap()["tags"], tags);
        // And they are compared.
        let is =
            |tag: &str| json!({"tags": {"etag": tag}, "properties": {"settings": {"instanceView": tag}}});
        let put = write(Act::Put { was: Some(is("a")), becomes: is("b") });
        assert_eq!(put.state(Some(&is("a"))), State::Was);
        assert_eq!(put.state(Some(&is("b"))), State::Becomes);
    }

    #[test]
    fn a_patch_holds_the_members_that_change() {
        let patch = write(Act::Edit {
            edits: vec![
                Edit { path: "properties/a/b".to_owned(), was: None, becomes: Some(json!("X")) },
                Edit { path: "properties/a/c".to_owned(), was: Some(json!(true)), becomes: None },
            ],
            whole: false,
        });
        let vm = json!({"properties": {"a": {"c": true}, "d": 1}});
        assert_eq!(patch.edited(&vm).unwrap(), json!({"properties": {"a": {"b": "X", "c": null}}}));
        assert_eq!(patch.state(Some(&vm)), State::Was);
        assert_eq!(patch.state(Some(&json!({"properties": {"a": {"b": "x"}}}))), State::Becomes);
        assert_eq!(patch.state(Some(&json!({"properties": {"a": {"b": "y"}}}))), State::Other);
    }

    #[test]
    fn what_is_taken_back_is_what_was_found() {
        let made = write(Act::Put { was: None, becomes: json!({"properties": {"a": 1}}) });
        assert_eq!(made.state(None), State::Was);
        assert_eq!(made.undo().unwrap().act, Act::Delete { was: json!({"properties": {"a": 1}}) });
        let removed = write(Act::Delete { was: json!({"properties": {"a": 1}}) });
        let found = json!({"etag": "e", "properties": {"a": 1, "description": "of others"}});
        assert_eq!(removed.state(Some(&found)), State::Was);
        let back = removed.with_found(Some(&found)).undo().unwrap();
        assert_eq!(
            back.act,
            Act::Put { was: None, becomes: json!({"properties": {"a": 1, "description": "of others"}}) }
        );
        assert_eq!(removed.state(None), State::Becomes);
    }

    /// A description that somebody writes before our write, and one that somebody writes after it.
    #[test]
    fn what_others_write_meanwhile_is_kept() {
        let (was, becomes) =
            (rule(&json!("*"), "22"), rule(&json!(["203.0.113.0/24", "198.51.100.7"]), "22"));
        let narrow = write(Act::Put { was: Some(was.clone()), becomes: becomes.clone() });
        let with = |rule: &Value, text: &str| {
            let mut rule = rule.clone();
            rule["properties"]["description"] = json!(text);
            rule
        };
        let mut found = with(&was, "theirs");
        found["id"] = json!("/rule");
        found["etag"] = json!("e");
        assert_eq!(narrow.state(Some(&found)), State::Was);
        let sent = narrow.with_found(Some(&found));
        let its = with(&becomes, "theirs");
        let Act::Put { was: Some(before), becomes: sent_body } = &sent.act else { panic!() };
        assert_eq!((before, sent_body), (&writable(&found), &its));
        // It is held against what is found once more.
        let again = sent.with_found(Some(&with(&was, "newer")));
        assert_eq!(again.undo().unwrap().act, {
            Act::Put { was: Some(with(&becomes, "newer")), becomes: with(&was, "newer") }
        });
        // Written after it, or taken out.
        let back = sent.undo().unwrap();
        for now in [with(&becomes, "later"), becomes.clone()] {
            assert_eq!(back.state(Some(&now)), State::Was);
            let Act::Put { becomes: body, .. } = back.with_found(Some(&now)).act else { panic!() };
            assert_eq!(body["properties"].get("description"), now["properties"].get("description"));
            assert_eq!(body["properties"]["sourceAddressPrefix"], "*");
            assert_eq!(body["properties"].get("sourceAddressPrefixes"), None);
        }
        // Made once more where it is there: theirs is not taken for ours.
        let renewed = sent.renewed(Some(&with(&becomes, "later")));
        let Act::Put { was: Some(before), becomes: body } = renewed.act else { panic!() };
        assert_eq!((&before["properties"]["description"], body), (&json!("later"), with(&becomes, "later")));
    }

    #[test]
    fn what_others_add_to_a_part_of_a_list_is_kept() {
        let port =
            |source: &str| json!([{"number": 22, "protocol": "*", "allowedSourceAddressPrefix": source}]);
        let machine = |id: &str, source: &str| json!({"id": id, "ports": port(source)});
        let edit = Edit {
            path: "properties/virtualMachines".to_owned(),
            was: Some(json!([machine("/a", "*"), machine("/gone", "*")])),
            becomes: Some(json!([machine("/a", "10.0.0.0/8"), machine("/new", "*")])),
        };
        let narrow = write(Act::Edit { edits: vec![edit], whole: true });
        let mut theirs = machine("/A", "*");
        theirs["publicIpAddress"] = json!("203.0.113.7");
        theirs["ports"][0]["note"] = json!("theirs");
        let policy = json!({"properties": {"virtualMachines": [machine("/gone", "*"), theirs]}});
        assert_eq!(narrow.state(Some(&policy)), State::Was);
        let sent = narrow.with_found(Some(&policy));
        let body = sent.edited(&policy).unwrap();
        let machines = &body["properties"]["virtualMachines"];
        assert_eq!(machines[0]["publicIpAddress"], "203.0.113.7");
        assert_eq!(machines[0]["ports"][0]["note"], "theirs");
        assert_eq!(machines[0]["ports"][0]["allowedSourceAddressPrefix"], "10.0.0.0/8");
        assert_eq!((&machines[1]["id"], machines.as_array().unwrap().len()), (&json!("/new"), 2));
        assert_eq!(narrow.state(Some(&body)), State::Becomes);
        // What is added after it stays, too.
        let mut now = body.clone();
        now["properties"]["virtualMachines"][0]["later"] = json!(1);
        let back = sent.undo().unwrap();
        assert_eq!(back.state(Some(&now)), State::Was);
        let back = back.with_found(Some(&now)).edited(&now).unwrap();
        let first = back["properties"]["virtualMachines"].as_array().unwrap();
        let its = first.iter().find(|one| one["id"] == "/A").unwrap();
        assert_eq!((&its["later"], &its["ports"][0]["allowedSourceAddressPrefix"]), (&json!(1), &json!("*")));
        assert_eq!(first.len(), 2);
        // Nothing tells the parts apart, so that what was added cannot be kept where a part changes.
        let edit = |value: Value| Some(json!([{"kind": "x", "value": value}, {"kind": "y"}]));
        let edit = Edit { path: "parts".to_owned(), was: edit(json!(1)), becomes: edit(json!(2)) };
        let change = write(Act::Edit { edits: vec![edit], whole: true });
        let there = |added: &str, to: usize| {
            let mut there = json!({"parts": [{"kind": "x", "value": 1}, {"kind": "y"}]});
            there["parts"][to][added] = json!(true);
            there
        };
        assert_eq!(change.state(Some(&there("theirs", 0))), State::Other);
        let beside = there("theirs", 1);
        assert_eq!(change.state(Some(&beside)), State::Was);
        let body = change.with_found(Some(&beside)).edited(&beside).unwrap();
        assert_eq!(body, json!({"parts": [{"kind": "x", "value": 2}, {"kind": "y", "theirs": true}]}));
    }

    #[test]
    fn parts_wait_for_the_resource_that_they_are_of() {
        let root = |target: &str| Write { target: target.to_owned(), ..made() }.root().to_owned();
        let group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n";
        assert_eq!(root(&format!("{group}/securityRules/r")), group);
        assert_eq!(root(group), group);
        assert_eq!(root("/subscriptions/s"), "/subscriptions/s");
    }

    #[test]
    fn what_a_vm_does_tells_whether_it_was_started_or_stopped() {
        let state = |action: &str, code: &str| {
            let act = Act::Run { action: action.to_owned(), body: None, undo: None };
            let statuses = json!([{"code": "ProvisioningState/succeeded"}, {"code": code}]);
            write(act).state(Some(&json!({"properties": {"instanceView": {"statuses": statuses}}})))
        };
        assert_eq!(state("start", "PowerState/running"), State::Becomes);
        assert_eq!(state("start", "PowerState/starting"), State::Was);
        assert_eq!(state("deallocate", "PowerState/deallocated"), State::Becomes);
        assert_eq!(state("deallocate", "PowerState/stopped"), State::Was);
        assert_eq!(state("powerOff", "powerstate/Stopped"), State::Becomes);
        assert_eq!(state("installPatches", "PowerState/running"), State::Was);
        assert_eq!(made().state(Some(&json!({"properties": {}}))), State::Was);
    }

    fn made() -> Write {
        write(Act::Run { action: "start".to_owned(), body: None, undo: Some("deallocate".to_owned()) })
    }
}
