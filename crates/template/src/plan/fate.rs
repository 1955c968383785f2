//! What a plan does not make now: what is deleted, what is put off, and why the plan is not all of it.
//!
//! INVARIANT: what leaves has no address, so that nothing else of the plan leads to it.
//!
//! Source: <https://developer.hashicorp.com/terraform/internals/json-format#plan-representation>

use super::address::Index;
use super::input::{Input, Resource, group_name};
use super::{Partial, PartialKind};
use crate::value::{Object, Value};

/// What becomes of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there afterwards.
    Stays,
    /// Terraform puts off what becomes of it; whether it knows how many there will be.
    Deferred { counted: bool },
    /// It is deleted, or what is replaced of it is.
    Leaves,
}

impl<'p> Input<'p> {
    /// Why a plan is not all of it, and what Terraform puts off.
    pub(super) fn read_unfinished(&mut self, plan: &'p Object) {
        for (name, left, kind) in
            [("complete", false, PartialKind::Incomplete), ("errored", true, PartialKind::Errored)]
        {
            if let Some(value) = plan.get(name).filter(|value| super::body::is(value, left)) {
                self.partial.push(Partial { what: kind, at: value.at });
            }
        }
        for value in plan.get("deferred_changes").and_then(Value::list).unwrap_or_default() {
            let Some(deferred) = value.object() else { continue };
            let change = deferred.get("resource_change").and_then(|own| Some((own, own.object()?)));
            let Some((place, own)) = change else { continue };
            let address = own.text("address").unwrap_or_default();
            let at = own.get("address").map_or(place.at, |value| value.at);
            self.partial.push(Partial { what: PartialKind::Deferred { address: address.into() }, at });
            let change = own.get("change").and_then(Value::object);
            let after = change.and_then(|change| change.some("after"));
            let counted = deferred.text("reason") != Some("instance_count_unknown");
            let resource = Resource {
                address: address.into(),
                kind: own.text("type").unwrap_or_default(),
                index: own.get("index").and_then(Index::of),
                module: self.known_module(own.text("module_address").unwrap_or_default()),
                data: own.text("mode") == Some("data"),
                values: after.and_then(Value::object),
                unknown: change.and_then(|change| change.get("after_unknown")),
                sensitive: [change.and_then(|change| change.get("after_sensitive")), None],
                config: None,
                fate: Fate::Deferred { counted },
                at: after.map_or(place.at, |after| after.at),
            };
            self.add(resource, own.text("name").unwrap_or_default());
        }
    }

    /// What is deleted, alone or to be replaced.
    pub(super) fn read_leaving(&mut self, value: &'p Value) {
        let Some((object, change)) = value.object().and_then(|own| Some((own, own.get("change")?.object()?)))
        else {
            return;
        };
        let actions = change.get("actions").and_then(Value::list).unwrap_or_default();
        let deletes = actions.iter().any(|action| action.text() == Some("delete"));
        let Some(before) = change.some("before").filter(|_| deletes && object.text("mode") != Some("data"))
        else {
            return;
        };
        let (kind, name) = (object.text("type").unwrap_or_default(), object.text("name").unwrap_or_default());
        let module = self.known_module(object.text("module_address").unwrap_or_default());
        let configured = self.modules.get(module).map(|module| &module.configured);
        self.resources.push(Resource {
            address: object.text("address").unwrap_or_default().into(),
            kind,
            index: object.get("index").and_then(Index::of),
            module,
            data: false,
            values: before.object(),
            unknown: None,
            sensitive: [change.get("before_sensitive"), None],
            config: configured.and_then(|all| all.get(&group_name(false, kind, name))).copied(),
            fate: Fate::Leaves,
            at: before.at,
        });
    }
}
