//! `reference()` and its like: what a template says of its own resources, before Azure says the same.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource#reference>.

use super::condition::takes;
use super::ids;
use super::machine::Machine;
use super::resources::is_deployment;
use super::scope::{Ctx, ItemIndex, Presence};
use crate::fault::{Fault, FaultKind, What};
use crate::value::{Kind, Span, Unknown, Value, Why};

impl Machine<'_> {
    /// `reference(nameOrId, [apiVersion], ['Full'])`.
    pub(super) fn reference(&mut self, args: &[Value], ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        let usage = "reference(resourceName or resourceIdentifier, [apiVersion], ['Full'])";
        let [target, rest @ ..] = args else { return Err(takes("reference", usage, at)) };
        if rest.len() > 2 {
            return Err(takes("reference", usage, at));
        }
        let full = rest.get(1).and_then(Value::text).is_some_and(|word| word.eq_ignore_ascii_case("full"));
        let of_azure = |key: String, why: Why| {
            Ok(Value::new(
                Kind::Unknown(Unknown::new(format!("reference({key},{full})"), "reference", why)),
                at,
            ))
        };
        let Some(item) = self.find(target, ctx) else {
            let name = target.shown().unwrap_or_default();
            let last = name.rsplit('/').next().unwrap_or_default();
            return of_azure(target.key(), Why::Runtime(format!("reference({last})").into()));
        };
        let Some(its) = self.items.get(item) else { return Err(takes("reference", usage, at)) };
        let key = ids::lookup_key(&its.id).to_string();
        let name = its.name.shown().unwrap_or_default().into_owned();
        match &its.presence {
            Presence::No => return of_azure(key, Why::Existing(name.into())),
            _ if its.existing => return of_azure(key, Why::Existing(name.into())),
            _ => {}
        }
        if is_deployment(&its.resource_type) {
            let outputs = match self.nested(item) {
                Some(deployment) => self.outputs(deployment),
                None => return of_azure(key, Why::Link(name.into())),
            };
            // The outputs are told in full, what Azure says of the deployment beside them is not.
            let properties = Value::of_object(
                vec![
                    ("provisioningState", Value::of_text("Succeeded", at)),
                    ("outputs", outputs.opened_itself()),
                ],
                at,
            )
            .opened_itself();
            return Ok(match full {
                true => Value::of_object(vec![("properties", properties)], at).opened_itself(),
                false => properties,
            });
        }
        let body = match self.body(item, at) {
            Ok(body) => body,
            // A resource that asks for itself asks what was there before.
            Err(Fault { kind: FaultKind::Cycle { what: What::Resource, .. }, .. }) => {
                return of_azure(key, Why::Runtime(format!("reference({name})").into()));
            }
            Err(fault) => return Err(fault),
        };
        let Some(object) = body.object().filter(|_| !full) else { return Ok(body.opened().moved(at)) };
        Ok(match object.get("properties") {
            Some(properties) => properties.opened().moved(at),
            None => Value::of_object(Vec::new(), at).opened(),
        })
    }

    /// `references(loop)`: one for each turn.
    pub(super) fn references(&mut self, args: &[Value], ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        let usage = "references(symbolic name of a copy loop, ['Full'])";
        let [target, word @ ..] = args else { return Err(takes("references", usage, at)) };
        let Some(name) = target.text() else { return Err(takes("references", usage, at)) };
        let found = self
            .deployment(ctx.deployment)
            .and_then(|its| its.names.get(&name.to_ascii_lowercase()))
            .cloned();
        let (mut made, word) = (Vec::new(), word.last());
        for item in found.unwrap_or_default() {
            self.step(20, at)?;
            let Some(id) = self.items.get(item).map(|its| its.id.clone()) else { continue };
            let mut args = vec![id, Value::new(Kind::Null, at)];
            args.extend(word.cloned());
            made.push(self.reference(&args, ctx, at)?);
        }
        Ok(Value::of_list(made, at))
    }

    /// `resourceInfo(symbol)`: what does not take a question to Azure.
    pub(super) fn resource_info(&mut self, args: &[Value], ctx: &Ctx, at: Span) -> Result<Value, Fault> {
        let usage = "resourceInfo(symbolic name)";
        let [target] = args else { return Err(takes("resourceInfo", usage, at)) };
        let item = self.find(target, ctx).and_then(|item| self.items.get(item));
        let its = item.ok_or_else(|| takes("resourceInfo", usage, at))?;
        Ok(Value::of_object(
            vec![
                ("id", its.id.clone()),
                ("name", its.name.clone()),
                ("type", Value::of_text(&its.resource_type, at)),
            ],
            at,
        ))
    }

    /// The resource that a symbolic name, a name or an id names.
    pub(super) fn find(&self, target: &Value, ctx: &Ctx) -> Option<ItemIndex> {
        self.find_by(target, &target.shown()?.to_ascii_lowercase(), ctx)
    }

    /// The same where it is known what the target looks like, in small letters.
    pub(super) fn find_by(&self, target: &Value, key: &str, ctx: &Ctx) -> Option<ItemIndex> {
        let best = |all: &[ItemIndex]| {
            let real = |item: &&ItemIndex| {
                self.items
                    .get(**item)
                    .is_some_and(|its| !its.existing && !matches!(its.presence, Presence::No))
            };
            all.iter().find(real).or(all.first()).copied()
        };
        if let Some(found) = self.deployment(ctx.deployment)?.names.get(key) {
            // A symbolic name of what is there already may name what another deployment of this template makes.
            let item = best(found)?;
            let id = self.items.get(item).map(|its| ids::lookup_key(&its.id))?;
            return self.by_id.get(&id).and_then(|all| best(all)).or(Some(item));
        }
        if key.starts_with('/') || !key.contains('/') {
            return self.by_id.get(key).and_then(|all| best(all));
        }
        let (resource_type, names) = ids::split_path(target);
        let mut id = self.place(ctx).prefix();
        ids::provider_path(&mut id, &resource_type, &names);
        self.by_id.get(&ids::lookup_key(&id.value(target.at))).and_then(|all| best(all))
    }
}
