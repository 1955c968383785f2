//! The resources of a template: names, ids, loops, children in every notation, and what is in them.
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/templates/child-resource-name-type>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-resources>.

use std::sync::Arc;

use hashbrown::HashMap;

use super::copy::Turns;
use super::machine::Machine;
use super::parameters::{parameter_slots, variable_slots};
use super::place::Place;
use super::scope::{Ctx, Deployment, DeploymentIndex, How, Item, ItemIndex, Presence, Seat, Slot};
use super::{NoteKind, Resource, ids};
use crate::complete::complete;
use crate::fault::{Fault, FaultKind};
use crate::value::{Joined, Kind, Member, Object, Part, Span, Unknown, Value, Why};

/// Members of a resource that steer the deployment and are no part of what is deployed.
const STEERING: [&str; 9] =
    ["id", "name", "type", "copy", "condition", "dependsOn", "resources", "existing", "comments"];

/// What counts as there where nobody knows whether it is deployed. Of anything else, which may protect these,
/// no property is known then.
const SUBJECTS: [&str; 12] = [
    "microsoft.compute/virtualmachines",
    "microsoft.compute/virtualmachinescalesets",
    "microsoft.compute/disks",
    "microsoft.network/networkinterfaces",
    "microsoft.network/publicipaddresses",
    "microsoft.network/publicipprefixes",
    "microsoft.network/virtualnetworks",
    "microsoft.network/virtualnetworks/subnets",
    "microsoft.network/applicationsecuritygroups",
    "microsoft.network/loadbalancers",
    "microsoft.network/natgateways",
    "microsoft.storage/storageaccounts",
];

/// Whether a resource of a type counts as there where nobody knows whether it is deployed.
pub fn is_subject(resource_type: &str) -> bool {
    SUBJECTS.contains(&resource_type.to_ascii_lowercase().as_str())
}

/// The longest id of a resource, in bytes. Azure's names are much shorter.
const ID_LIMIT: usize = 4_096;

/// What a parameter or a variable of a deployment costs, in steps.
const SLOT: u64 = 50;

/// The resource that a child stands in.
#[derive(Clone)]
struct Parent {
    resource_type: Arc<str>,
    name: Value,
    id: Value,
}

/// Whether a type is that of a deployment inside of a deployment.
pub(super) fn is_deployment(resource_type: &str) -> bool {
    resource_type.eq_ignore_ascii_case("Microsoft.Resources/deployments")
}

impl Machine<'_> {
    /// Makes a deployment of a template.
    pub(super) fn open(
        &mut self,
        template: Arc<Object>,
        at: Span,
        name: Value,
        place: Place,
        given: HashMap<String, (Value, How)>,
        outer: Option<(Ctx, usize, bool)>,
    ) -> DeploymentIndex {
        let declared = |name: &str| {
            template.get(name).and_then(Value::object).map_or(0, |all| all.members().len() as u64)
        };
        let slots = declared("parameters") + declared("variables") + given.len() as u64;
        // Without steps left nothing in it is worked out, so it is not looked at.
        let template = match self.step(slots * SLOT, at) {
            Ok(()) => template,
            Err(fault) => {
                self.fault(fault);
                Arc::default()
            }
        };
        let index = self.deployments.len();
        let own = Ctx { deployment: index, ..Ctx::default() };
        let (ctx, depth) = match outer {
            // With outer scope expressions see what stands around.
            Some((ctx, depth, true)) => (ctx, depth),
            Some((_, depth, false)) => (own.clone(), depth),
            None => (own.clone(), 0),
        };
        self.deployments.push(Deployment {
            parameters: parameter_slots(&template, &own),
            variables: variable_slots(&template, &own),
            template,
            at,
            name,
            place,
            depth,
            given,
            items: Vec::new(),
            names: HashMap::new(),
            ctx,
            outputs: None,
            doubt: None,
            enumerated: false,
        });
        index
    }

    /// Finds the resources of a deployment: which they are, not yet what is in them.
    pub(super) fn enumerate(&mut self, deployment: DeploymentIndex) {
        let Some(its) = self.deployments.get_mut(deployment) else { return };
        if std::mem::replace(&mut its.enumerated, true) {
            return;
        }
        let (ctx, template) = (its.ctx.clone(), its.template.clone());
        match template.get("resources").map(|resources| &resources.kind) {
            Some(Kind::List(resources)) => {
                self.items.reserve(resources.len().min(self.limits.resources));
                for raw in resources.iter() {
                    self.define(deployment, raw, None, None, &ctx);
                }
            }
            Some(Kind::Object(resources)) => {
                for Member { name, value, .. } in resources.members() {
                    self.define(deployment, value, Some(name), None, &ctx);
                }
            }
            _ => self.fault(Fault::new(FaultKind::Lacks("resources"), template_span(self, deployment))),
        }
    }

    /// A resource as it is written: as many as its loop has turns.
    fn define(
        &mut self,
        deployment: DeploymentIndex,
        raw: &Value,
        symbol: Option<&str>,
        parent: Option<&Parent>,
        ctx: &Ctx,
    ) {
        let Kind::Object(object) = &raw.kind else {
            let kind = FaultKind::Type {
                name: "resources".into(),
                expected: "object".into(),
                found: raw.type_name(),
            };
            return self.fault(Fault::new(kind, raw.at));
        };
        let copy = object.some("copy").and_then(|copy| Some((copy.at, copy.object()?.clone())));
        let Some((at, copy)) = copy else {
            self.one(deployment, raw, object, symbol, parent, ctx, None);
            return;
        };
        let name: Arc<str> = copy.text("name").or(symbol).unwrap_or_default().into();
        let Some(count) = copy.get("count") else {
            return self.fault(Fault::new(FaultKind::Lacks("count"), at));
        };
        match self.turns(count, ctx) {
            Ok(Turns::Known(count)) => {
                for index in 0..count {
                    if let Err(fault) = self.step(1, at) {
                        return self.fault(fault);
                    }
                    let turn = ctx.turn(&name, Value::new(Kind::Int(index), at), true);
                    self.one(deployment, raw, object, symbol, parent, &turn, Some((&name, Some(index))));
                }
                // A loop without turns is still a name to depend on.
                let keys = [Some(name.as_ref()), symbol].into_iter().flatten().map(str::to_ascii_lowercase);
                if let Some(its) = self.deployments.get_mut(deployment) {
                    keys.for_each(|key| {
                        its.names.entry(key).or_default();
                    });
                }
            }
            Ok(Turns::Unknown(unknown)) => {
                self.note(at, NoteKind::Count { name: (&*name).into(), why: unknown.why.clone() });
                // Loops with one count have the same turns.
                let key = format!("copyIndex({})", unknown.key);
                let index =
                    Value::new(Kind::Unknown(Unknown::new(key, "copyIndex", unknown.why.clone())), at);
                self.one(
                    deployment,
                    raw,
                    object,
                    symbol,
                    parent,
                    &ctx.turn(&name, index, true),
                    Some((&name, None)),
                );
            }
            Err(fault) => self.fault(fault),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a resource stands in all of these")]
    fn one(
        &mut self,
        deployment: DeploymentIndex,
        raw: &Value,
        object: &Arc<Object>,
        symbol: Option<&str>,
        parent: Option<&Parent>,
        ctx: &Ctx,
        turn: Option<(&str, Option<i64>)>,
    ) {
        if let Err(fault) = self.step(10, raw.at) {
            return self.fault(fault);
        }
        let existing = object.get("existing").is_some_and(|value| matches!(value.kind, Kind::Bool(true)));
        let presence = match object.some("condition") {
            Some(condition) => self.presence(condition, ctx),
            None => Presence::Yes,
        };
        // What is in a deployment is no surer than the deployment.
        let presence = match (presence, self.deployment(deployment).and_then(|its| its.doubt.clone())) {
            (Presence::Yes, Some(why)) => Presence::Unknown(why),
            (presence, _) => presence,
        };
        let Some((resource_type, name, scope)) = self.identity(raw, object, parent, ctx, &presence) else {
            return;
        };
        let Some(place) = self.deployment(deployment).map(|its| its.place.clone()) else { return };
        // What is there already may be elsewhere.
        let elsewhere =
            existing && (object.some("resourceGroup").is_some() || object.some("subscriptionId").is_some());
        let place = match elsewhere {
            true => self.place_of("Microsoft.Resources/deployments", object, ctx, place),
            false => self.place_of(&resource_type, object, ctx, place),
        };
        let id = ids::id(&place, scope.as_ref(), &resource_type, &name, raw.at);
        self.check_segments(&resource_type, &name, raw.at);
        let item = self.items.len();
        let key = ids::lookup_key(&id);
        if let Err(fault) = self.room_for(item, key.len(), symbol, turn, raw.at) {
            return self.fault(fault);
        }
        let items = &self.items;
        let all = self.by_id.entry(key).or_default();
        let twice = matches!(presence, Presence::Yes)
            && !existing
            && all.iter().any(|other| {
                items.get(*other).is_some_and(|other| {
                    other.deployment == deployment
                        && !other.existing
                        && matches!(other.presence, Presence::Yes)
                })
            });
        all.push(item);
        if twice {
            self.fault(Fault::new(FaultKind::Twice(ids::lookup_key(&id)), raw.at));
        }
        self.items.push(Item {
            deployment,
            raw: object.clone(),
            at: raw.at,
            ctx: ctx.clone(),
            resource_type: resource_type.clone(),
            name: name.clone(),
            id: id.clone(),
            presence,
            existing,
            body: Slot::Raw(raw.clone(), How::Evaluate(ctx.clone())),
            nested: None,
        });
        self.register(deployment, item, symbol, &name, turn);
        let parent = Parent { resource_type, name, id };
        match object.some("resources").map(|resources| &resources.kind) {
            Some(Kind::List(children)) => {
                for child in children.iter() {
                    self.define(deployment, child, None, Some(&parent), ctx);
                }
            }
            Some(Kind::Object(children)) => {
                for Member { name, value, .. } in children.members() {
                    self.define(deployment, value, Some(name), Some(&parent), ctx);
                }
            }
            _ => {}
        }
    }

    /// Holds one more resource against the bounds, with all its names.
    fn room_for(
        &mut self,
        item: ItemIndex,
        id: usize,
        symbol: Option<&str>,
        turn: Option<(&str, Option<i64>)>,
        at: Span,
    ) -> Result<(), Fault> {
        let too_large =
            |what, limit: usize| Err(Fault::new(FaultKind::TooLarge { what, limit: limit as u64 }, at));
        if item >= self.limits.resources {
            return too_large("resources", self.limits.resources);
        }
        if id > ID_LIMIT {
            return too_large("an id, in bytes", ID_LIMIT);
        }
        let names = symbol.map_or(0, str::len) + turn.map_or(0, |(name, _)| name.len());
        self.step((id + names) as u64, at)
    }

    fn register(
        &mut self,
        deployment: DeploymentIndex,
        item: ItemIndex,
        symbol: Option<&str>,
        name: &Value,
        turn: Option<(&str, Option<i64>)>,
    ) {
        let shown = name.shown().unwrap_or_default().to_ascii_lowercase();
        let Some(its) = self.deployments.get_mut(deployment) else { return };
        its.items.push(item);
        let mut keys = vec![shown];
        if let Some(symbol) = symbol {
            keys.push(symbol.to_ascii_lowercase());
            if let Some((_, Some(index))) = turn {
                keys.push(format!("{}[{index}]", symbol.to_ascii_lowercase()));
            }
        }
        if let Some((turn, _)) = turn {
            keys.push(turn.to_ascii_lowercase());
        }
        keys.dedup();
        for key in keys {
            let all = its.names.entry(key).or_default();
            if all.last() != Some(&item) {
                all.push(item);
            }
        }
    }

    /// The type and the full name of a resource, and the scope that it is an extension of.
    fn identity(
        &mut self,
        raw: &Value,
        object: &Object,
        parent: Option<&Parent>,
        ctx: &Ctx,
        presence: &Presence,
    ) -> Option<(Arc<str>, Value, Option<Value>)> {
        let lacks = |machine: &mut Self, what| machine.fault(Fault::new(FaultKind::Lacks(what), raw.at));
        let Some(raw_type) = object.some("type") else {
            lacks(self, "type");
            return None;
        };
        let resource_type = self.value(raw_type, ctx);
        let Some(own_type) = resource_type.shown() else {
            lacks(self, "type");
            return None;
        };
        if self.is_too_long(&resource_type, raw_type.at) {
            return None;
        }
        // A symbolic resource names its type with the version of the API.
        let own_type = own_type.split('@').next().unwrap_or_default().trim_matches('/').to_owned();
        let Some(raw_name) = object.some("name") else {
            if !matches!(presence, Presence::No) {
                lacks(self, "name");
            }
            return None;
        };
        // What is not deployed may have a name that cannot be worked out.
        let name = match self.try_value(raw_name, ctx) {
            Ok(name) => name,
            Err(_) if matches!(presence, Presence::No) => return None,
            Err(fault) => self.failed(fault, raw_name.at),
        };
        if self.is_too_long(&name, raw_name.at) {
            return None;
        }
        let scope = object.some("scope").filter(|_| !is_deployment(&own_type)).cloned();
        if let Some(scope) = scope {
            let scope = self.value(&scope, ctx);
            return Some((own_type.into(), name, Some(scope)));
        }
        let Some(parent) = parent else { return Some((own_type.into(), name, None)) };
        let first = own_type.split('/').next().unwrap_or_default();
        let depth = ids::segments(&name).len();
        if first.contains('.') {
            let full = own_type.to_ascii_lowercase();
            let of_parent = format!("{}/", parent.resource_type.to_ascii_lowercase());
            let name = if full.starts_with(&of_parent) && depth < own_type.split('/').count() - 1 {
                joined(&parent.name, &name, raw.at)
            } else {
                name
            };
            let extends = !full.starts_with(&of_parent);
            return Some((own_type.into(), name, extends.then(|| parent.id.clone())));
        }
        let full: Arc<str> = format!("{}/{own_type}", parent.resource_type).into();
        let name =
            if depth < full.split('/').count() - 1 { joined(&parent.name, &name, raw.at) } else { name };
        Some((full, name, None))
    }

    /// Whether a part of an id is longer than ids are, which is told.
    fn is_too_long(&mut self, text: &Value, at: Span) -> bool {
        let length = match &text.kind {
            Kind::Text(text) => text.len(),
            Kind::Parts(parts) => parts.iter().map(Part::shown_length).sum(),
            _ => 0,
        };
        if length > ID_LIMIT {
            let kind = FaultKind::TooLarge { what: "an id, in bytes", limit: ID_LIMIT as u64 };
            self.fault(Fault::new(kind, at));
        }
        length > ID_LIMIT
    }

    fn check_segments(&mut self, resource_type: &str, name: &Value, at: Span) {
        let types = resource_type.split('/').count().saturating_sub(1);
        let names = ids::segments(name).len();
        // What is not known may hold slashes.
        if types != names && name.doubt().is_none() {
            self.fault(Fault::new(FaultKind::Segments(resource_type.into()), at));
        }
    }

    /// What is in a resource, worked out.
    pub(super) fn body(&mut self, item: ItemIndex, at: Span) -> Result<Value, Fault> {
        let name = self.items.get(item).map(|its| its.name.shown().unwrap_or_default().into_owned());
        self.settled(&Seat::Body(item), &name.unwrap_or_default(), at, |machine, raw, how| {
            let (How::Evaluate(ctx), Kind::Object(object)) = (how, &raw.kind) else { return raw };
            machine.body_value(item, &raw, object, &ctx)
        })
    }

    fn body_value(&mut self, item: ItemIndex, raw: &Value, object: &Object, ctx: &Ctx) -> Value {
        let Some(its) = self.items.get(item) else { return raw.clone() };
        let (id, presence) = (its.id.clone(), its.presence.clone());
        let (resource_type, name) = ids::type_of(&id.shown().unwrap_or_default());
        let last = ids::segments(&its.name).pop().unwrap_or_default();
        let at_name = object.get("name").map_or(raw.at, |name| name.at);
        let at_type = object.get("type").map_or(raw.at, |kind| kind.at);
        let last = Value::of_parts(last, at_name);
        let last = if last.shown().is_none_or(|last| last.is_empty()) {
            Value::of_text(&name, at_name)
        } else {
            last
        };
        let doubt = match &presence {
            Presence::Unknown(why) if !SUBJECTS.contains(&resource_type.to_ascii_lowercase().as_str()) => {
                Some(why.clone())
            }
            _ => None,
        };
        let member = |name: &str, value: Value| Member { name: name.into(), at: value.at, value };
        let mut made = vec![
            member("id", id.clone().moved(at_name)),
            member("name", last),
            member("type", Value::of_text(&resource_type, at_type)),
        ];
        for Member { name, at, value } in object.members() {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            if STEERING.iter().any(|other| is(other))
                || is("scope")
                || is("metadata") && value.object().is_some()
            {
                continue;
            }
            let value = match &doubt {
                Some(_) if is("properties") => continue,
                _ => self.value(value, ctx),
            };
            made.push(Member { name: name.clone(), at: *at, value });
        }
        if let Some(why) = doubt {
            let key = format!("condition({})", ids::lookup_key(&id));
            let why = Why::Condition(why_name(&why).into());
            made.push(member("properties", Value::unknown(key, "condition", why, raw.at)));
        }
        complete(Value::new(Kind::Object(Arc::new(Object::new(made))), raw.at))
    }

    /// The resources of a deployment, those of deployments inside of it in their places.
    pub(super) fn emit(&mut self, deployment: DeploymentIndex, to: &mut Vec<Resource>) {
        let items = self.deployment(deployment).map_or_else(Vec::new, |its| its.items.clone());
        for item in items {
            if self.is_spent() {
                return;
            }
            let Some(its) = self.items.get(item) else { continue };
            if its.existing || matches!(its.presence, Presence::No) {
                continue;
            }
            let (at, id, resource_type) = (its.at, ids::lookup_key(&its.id), its.resource_type.clone());
            let doubt = match its.presence.clone() {
                Presence::Unknown(why) => Some(why),
                _ => None,
            };
            if let Some(why) = &doubt {
                let shown = self.items.get(item).and_then(|its| Some(its.id.shown()?.into_owned()));
                let kind =
                    NoteKind::Condition { resource: shown.unwrap_or_default().into(), why: why.clone() };
                self.note(at, kind);
            }
            if is_deployment(&resource_type) {
                if let Some(nested) = self.nested(item) {
                    self.emit(nested, to);
                    self.check_dependencies(nested);
                }
                continue;
            }
            match self.body(item, at).and_then(|body| self.counted(body, at)) {
                Ok(body) => to.push(Resource { body, id, at, doubt }),
                Err(fault) => self.fault(fault),
            }
        }
    }

    /// Takes room for one more resource or output: values that they share are written for each of them.
    fn counted(&mut self, body: Value, at: Span) -> Result<Value, Fault> {
        let limit = self.limits.total;
        let rest = self.room.checked_sub(self.weigh(&body, at)?);
        let large =
            || Fault::new(FaultKind::TooLarge { what: "values of all resources and outputs", limit }, at);
        self.room = rest.ok_or_else(large)?;
        Ok(body)
    }

    /// The outputs of a deployment: `{name: {type, value}}`.
    pub(super) fn outputs(&mut self, deployment: DeploymentIndex) -> Value {
        let Some(its) = self.deployment(deployment) else { return Value::new(Kind::Null, Span::default()) };
        if let Some(outputs) = &its.outputs {
            return outputs.clone();
        }
        let (ctx, template, at) = (its.ctx.clone(), its.template.clone(), its.at);
        self.enumerate(deployment);
        // An output that asks for itself gets what stands here.
        if let Some(its) = self.deployments.get_mut(deployment) {
            its.outputs = Some(Value::unknown("outputs", "outputs", Why::Fault, at));
        }
        let mut made = Vec::new();
        let declared = template.get("outputs").and_then(Value::object);
        for Member { name, at, value: raw } in declared.into_iter().flat_map(|all| all.members().iter()) {
            let Some(object) = raw.object() else { continue };
            if let Some(condition) = object.some("condition")
                && matches!(self.presence(condition, &ctx), Presence::No)
            {
                continue;
            }
            let value = self.output(name, raw, object, &ctx);
            let value = match &raw.kind {
                Kind::Object(declared) => self.output_masked(deployment, name, declared, value),
                _ => value,
            };
            let value = match self.counted(value, raw.at) {
                Ok(value) => value,
                Err(fault) => self.failed(fault, raw.at),
            };
            let kind = object.get("type").cloned().unwrap_or_else(|| Value::of_text("object", *at));
            let output = Value::of_object(vec![("type", kind), ("value", value)], raw.at);
            made.push(Member { name: name.clone(), at: *at, value: output });
        }
        let outputs = Value::new(Kind::Object(Arc::new(Object::new(made))), at);
        if let Some(its) = self.deployments.get_mut(deployment) {
            its.outputs = Some(outputs.clone());
        }
        outputs
    }

    fn output(&mut self, name: &str, raw: &Value, object: &Object, ctx: &Ctx) -> Value {
        let secure = object.text("type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("secure"));
        if secure {
            return Value::unknown(
                format!("outputs.{name}@{}", ctx.deployment),
                name,
                Why::Secret(name.into()),
                raw.at,
            );
        }
        if let Some(copy) = object.some("copy") {
            return match super::copy::one_loop(copy) {
                Some(one) => match self.value_loop(&one, ctx) {
                    Ok(value) => value,
                    Err(fault) => self.failed(fault, copy.at),
                },
                None => self.failed(Fault::new(FaultKind::Lacks("input"), copy.at), copy.at),
            };
        }
        match object.get("value") {
            Some(value) => self.value(value, ctx),
            None => self.failed(Fault::new(FaultKind::Lacks("value"), raw.at), raw.at),
        }
    }
}

fn template_span(machine: &Machine<'_>, deployment: DeploymentIndex) -> Span {
    machine.deployment(deployment).map_or_else(Span::default, |its| its.at)
}

/// `parent/child`
fn joined(parent: &Value, child: &Value, at: Span) -> Value {
    let mut name = Joined::default();
    name.extend(&super::place::text_parts(parent));
    name.text("/");
    name.extend(&super::place::text_parts(child));
    name.value(at)
}

/// What a reason names, in short.
pub(super) fn why_name(why: &Why) -> &str {
    why.name().unwrap_or_default()
}
