//! Deployments inside of deployments, and templates in files of their own.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates>.

use hashbrown::HashMap;

use super::calls::BESIDE;
use super::machine::Machine;
use super::place::{Level, Place};
use super::resources::is_deployment;
use super::scope::{Ctx, DeploymentIndex, How, ItemIndex, Presence};
use super::{NoteKind, ids};
use crate::fault::{Fault, FaultKind, What};
use crate::value::{Kind, Object, Part, Span, Value, Why};

/// How deep deployments stand in each other. Azure allows five levels.
const LEVELS: usize = 10;

impl Machine<'_> {
    /// The deployment that a resource is; `None` where its template is not at hand.
    pub(super) fn nested(&mut self, item: ItemIndex) -> Option<DeploymentIndex> {
        if let Some(known) = self.items.get(item)?.nested {
            return known;
        }
        // Whoever asks while it is being opened goes round in a circle.
        self.items.get_mut(item)?.nested = Some(None);
        let opened = self.open_nested(item);
        self.items.get_mut(item)?.nested = Some(opened);
        let opened = opened?;
        let doubt = match &self.items.get(item)?.presence {
            Presence::Unknown(why) => Some(why.clone()),
            Presence::Yes | Presence::No => None,
        };
        self.deployments.get_mut(opened)?.doubt = doubt;
        self.enumerate(opened);
        Some(opened)
    }

    fn open_nested(&mut self, item: ItemIndex) -> Option<DeploymentIndex> {
        let its = self.items.get(item)?;
        let (raw, ctx, at, name) = (its.raw.clone(), its.ctx.clone(), its.at, its.name.clone());
        let around = its.deployment;
        let depth = self.deployment(around)?.depth + 1;
        let place = self.deployment(around)?.place.clone();
        if depth > LEVELS {
            let shown = name.shown().unwrap_or_default().into_owned();
            self.fault(Fault::new(FaultKind::Cycle { what: What::Resource, name: shown.into() }, at));
            return None;
        }
        let Some(properties) = raw.get("properties").and_then(Value::object).cloned() else {
            self.fault(Fault::new(FaultKind::Lacks("properties"), at));
            return None;
        };
        let place = self.place_of("Microsoft.Resources/deployments", &raw, &ctx, place);
        let given = self.nested_parameters(&properties, &ctx);
        let inline = match properties.get("template").map(|template| (&template.kind, template.at)) {
            Some((Kind::Object(template), at)) => Some((template.clone(), at)),
            _ => None,
        };
        let opened = match inline {
            Some((template, at)) => {
                let options = properties.get("expressionEvaluationOptions").and_then(Value::object);
                // With symbolic names the default is the other one:
                // <https://learn.microsoft.com/azure/azure-resource-manager/templates/resource-declaration#use-symbolic-name>.
                let around = self.deployment(around).map(|its| its.template.clone());
                let symbolic = around.is_some_and(|template| {
                    template.get("resources").is_some_and(|all| all.object().is_some())
                });
                let default = if symbolic { "inner" } else { "outer" };
                let scope = options.and_then(|options| options.text("scope")).unwrap_or(default);
                let outer = !scope.eq_ignore_ascii_case("inner");
                self.open(template, at, name, place, given, Some((ctx, depth, outer)))
            }
            None => {
                let link = properties.get("templateLink")?.clone();
                let linked = self.linked(&link, &ctx, at)?;
                let Kind::Object(template) = &linked.kind else { return None };
                self.open(template.clone(), linked.at, name, place, given, Some((ctx, depth, false)))
            }
        };
        self.check_parameters(opened);
        Some(opened)
    }

    /// Where a deployment goes: its own scope, or that of what stands around it. Other resources stay where they are.
    pub(super) fn place_of(&mut self, resource_type: &str, raw: &Object, ctx: &Ctx, place: Place) -> Place {
        if !is_deployment(resource_type) {
            return place;
        }
        let mut place = place;
        let own = |machine: &mut Self, name: &str| raw.some(name).map(|value| machine.value(value, ctx));
        let (subscription, group) = (own(self, "subscriptionId"), own(self, "resourceGroup"));
        let scope = own(self, "scope");
        let location = own(self, "location");
        let moved = group.as_ref().is_some_and(|group| group.key() != place.group.key());
        if let Some(subscription) = subscription {
            place.subscription = subscription;
            place.level = Level::Subscription;
        }
        if let Some(group) = group {
            place.group = group;
            place.level = Level::ResourceGroup;
        }
        if let Some(scope) = scope {
            let text = scope.shown().unwrap_or_default().to_ascii_lowercase();
            let last = ids::segments(&scope).pop().unwrap_or_default();
            if text == "/" {
                place.level = Level::Tenant;
            } else if text.contains("microsoft.management/managementgroups/") {
                place.level = Level::ManagementGroup;
                place.management_group = Value::of_parts(last, scope.at);
            } else if text.starts_with("/subscriptions/") && text.contains("/resourcegroups/") {
                place.level = Level::ResourceGroup;
                place.group = Value::of_parts(last, scope.at);
                let subscription = ids::segments(&scope).into_iter().nth(2).unwrap_or_default();
                place.subscription = Value::of_parts(subscription, scope.at);
            } else if text.starts_with("/subscriptions/") {
                place.level = Level::Subscription;
                place.subscription = Value::of_parts(last, scope.at);
            }
        }
        match (place.level, location) {
            (Level::ResourceGroup, _) if moved => place.location = self.location_of_group(&place),
            (Level::ResourceGroup, _) | (_, None) => {}
            (_, Some(location)) => place.location = location,
        }
        place
    }

    /// The location of a resource group that the template itself makes.
    fn location_of_group(&mut self, place: &Place) -> Value {
        let id = place.prefix().value(place.group.at);
        let key = ids::lookup_key(&id);
        let item = self.by_id.get(&key).and_then(|all| all.first().copied());
        let made = item.filter(|item| self.items.get(*item).is_some_and(|its| !its.existing));
        if let Some(item) = made
            && let Ok(body) = self.body(item, place.group.at)
            && let Some(location) = body.object().and_then(|body| body.get("location"))
        {
            return location.clone();
        }
        let why = Why::Scope("resourceGroup().location".into());
        Value::unknown(format!("location({key})"), "location", why, place.group.at)
    }

    fn nested_parameters(&mut self, properties: &Object, ctx: &Ctx) -> HashMap<String, (Value, How)> {
        let mut given = HashMap::new();
        if let Some(link) = properties.some("parametersLink").cloned()
            && let Some(file) = self.linked(&link, ctx, link.at)
            && let Some(parameters) = file.object().and_then(|file| file.get("parameters")?.object().cloned())
        {
            for member in parameters.members() {
                if let Some(value) = self.given(&member.name, &member.value) {
                    given.insert(member.name.to_ascii_lowercase(), (value, How::Literal));
                }
            }
        }
        let Some(parameters) = properties.get("parameters") else { return given };
        // `"parameters": "[…]"` gives them all at once.
        let whole = match &parameters.kind {
            Kind::Object(_) => parameters.clone(),
            _ => self.value(parameters, ctx),
        };
        for member in whole.object().map(Object::members).unwrap_or_default() {
            // `"name": "[if(…, createObject('value', …), …)]"` is worked out as a whole.
            let made = member.value.text().is_some();
            let entry = if made { self.value(&member.value, ctx) } else { member.value.clone() };
            if let Kind::Unknown(_) = &entry.kind {
                given.insert(member.name.to_ascii_lowercase(), (entry, How::Literal));
                continue;
            }
            if let Some(value) = self.given(&member.name, &entry) {
                let how = match &value.kind {
                    Kind::Unknown(_) => How::Literal,
                    _ if made => How::Literal,
                    _ => How::Evaluate(ctx.clone()),
                };
                given.insert(member.name.to_ascii_lowercase(), (value, how));
            }
        }
        given
    }

    /// The template that a link names, where it stands beside the one that links.
    fn linked(&mut self, link: &Value, ctx: &Ctx, at: Span) -> Option<Value> {
        let object = link.object()?.clone();
        let file = link.at.file;
        let relative = object.some("relativePath").map(|path| self.value(path, ctx));
        let uri = object.some("uri").map(|uri| self.value(uri, ctx));
        let paths = match (&relative, &uri) {
            (Some(path), _) => path.text().map(|path| vec![path.to_owned()]).unwrap_or_default(),
            (None, Some(uri)) => beside(uri),
            _ => Vec::new(),
        };
        for path in paths {
            if let Some(found) = (self.options.link)(file, &path) {
                if found.object().is_some() {
                    return Some(found);
                }
                self.fault(Fault::new(FaultKind::Not("an ARM template"), found.at));
            }
        }
        let what = relative.or(uri).or_else(|| object.some("id").map(|id| self.value(id, ctx)));
        let shown = what.and_then(|what| Some(what.shown()?.into_owned())).unwrap_or_default();
        // What stands behind a question mark is a key to the file.
        let shown = shown.split('?').next().unwrap_or_default();
        self.note(at, NoteKind::Link(shown.into()));
        None
    }
}

/// The paths beside the template that an address may be: for one that is made from the template's own address
/// just that path, for another one its last segments, the longest first.
fn beside(uri: &Value) -> Vec<String> {
    let clean = |path: &str| {
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/').to_owned();
        (!path.is_empty()).then_some(path)
    };
    let Some(parts) = uri.parts() else { return Vec::new() };
    match parts.as_slice() {
        [Part::Unknown(base), Part::Literal(path), ..] => {
            let certain = &*base.key == BESIDE;
            let known = matches!(base.why, Why::Parameter(_) | Why::Scope(_));
            if certain || known { clean(path).into_iter().collect() } else { Vec::new() }
        }
        [Part::Literal(address), ..] => {
            let Some(path) = address.split_once("://").and_then(|(_, rest)| clean(rest)) else {
                return Vec::new();
            };
            let segments: Vec<&str> = path.split('/').skip(1).collect();
            // The name alone may be that of anything.
            let starts = segments.len().saturating_sub(12)..segments.len().saturating_sub(1);
            starts.filter_map(|start| Some(segments.get(start..)?.join("/"))).collect()
        }
        _ => Vec::new(),
    }
}
