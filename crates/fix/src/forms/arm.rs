//! Fixes as an ARM template.
//!
//! A resource that is made or replaced stands in the template. One that is only changed is read by a deployment inside and
//! written back with the changes in it, as a template knows no other way to leave the rest as it is. What is taken away, and
//! what Azure is to do, no template can say: [`Template::left`] lists it.
//!
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates#expression-evaluation-scope-in-nested-templates>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/deploy-to-subscription>.

use serde_json::{Map, Value, json};

use super::target::Target;
use crate::plan::Fix;
use crate::write::{Act, Edit, Write, writable};

/// A template, and what is left to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The template: of a resource group where all of it is in one, else of a subscription.
    pub json: Value,
    /// What it cannot say, each as what is done, and to which id.
    pub left: Vec<String>,
}

/// Where a deployment goes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) subscription: String,
    pub(super) group: Option<String>,
}

impl Place {
    pub(super) fn of(target: &Target) -> Option<Self> {
        Some(Self { subscription: target.subscription.clone()?, group: target.group.clone() })
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        same(&self.subscription, &other.subscription)
            && match (&self.group, &other.group) {
                (Some(one), Some(other)) => same(one, other),
                (None, None) => true,
                _ => false,
            }
    }
}

/// One resource of a template.
struct Made {
    place: Place,
    resource: Map<String, Value>,
    /// The expression that gives its id.
    id: String,
}

const DEPLOYMENTS: &str = "Microsoft.Resources/deployments";

/// A template that makes the writes of fixes, in their order.
pub fn template(fixes: &[&Fix]) -> Template {
    let (mut all, mut left) = (Vec::<Made>::new(), Vec::new());
    for fix in fixes {
        for (number, step) in fix.steps.iter().enumerate() {
            let name = deployment_name(&fix.id, number);
            match made(&step.write, &name) {
                Some(made) => all.push(apart(made, &all, &name)),
                None => left.push(left_of(&step.write)),
            }
        }
    }
    Template { json: whole(all), left }
}

/// What a template leaves to do, in one line.
pub(super) fn left_of(write: &Write) -> String {
    let target = super::words::one_line(&write.target);
    match &write.act {
        Act::Put { .. } => format!("put {target}"),
        Act::Delete { .. } => format!("delete {target}"),
        Act::Run { action, .. } => format!("{} {target}", super::words::one_line(action)),
        Act::Edit { edits, .. } => {
            let paths: Vec<String> = edits.iter().map(|edit| super::words::one_line(&edit.path)).collect();
            format!("change {} of {target}", paths.join(", "))
        }
    }
}

/// A name of a deployment has at most 64 characters, of few kinds.
fn deployment_name(fix: &str, number: usize) -> String {
    let kept: String = fix.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    format!("fix-{kept}-{}", number + 1)
}

/// A text that no template takes for an expression.
fn literal(text: &str) -> String {
    match text.starts_with('[') && text.ends_with(']') {
        true => format!("[{text}"),
        false => text.to_owned(),
    }
}

/// A value in which no text, nor name of a member, is an expression.
pub(super) fn literals(value: &Value) -> Value {
    match value {
        Value::String(text) => literal(text).into(),
        Value::Array(all) => all.iter().map(literals).collect(),
        Value::Object(all) => {
            all.iter().map(|(name, value)| (literal(name), literals(value))).collect::<Map<_, _>>().into()
        }
        _ => value.clone(),
    }
}

/// A text inside of an expression.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn id_of(target: &Target) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(target.scope.as_deref().map(quoted));
    words.push(quoted(&target.kind()));
    words.extend(target.steps.iter().map(|(_, name)| quoted(name)));
    let function = match (&target.scope, &target.group) {
        (Some(_), _) => "extensionResourceId",
        (None, Some(_)) => "resourceId",
        (None, None) => "subscriptionResourceId",
    };
    format!("[{function}({})]", words.join(", "))
}

fn made(write: &Write, deployment: &str) -> Option<Made> {
    let target = Target::read(&write.target)?;
    let place = Place::of(&target)?;
    match &write.act {
        Act::Put { becomes, .. } => {
            let mut resource = opening(write, &target);
            for (name, value) in writable(becomes).as_object()? {
                if !["id", "name", "type", "scope", "apiVersion", "dependsOn"].contains(&name.as_str()) {
                    resource.insert(name.clone(), literals(value));
                }
            }
            Some(Made { id: id_of(&target), place, resource })
        }
        Act::Edit { edits, .. } => {
            let change = change(edits)?;
            let inner = written_back(write, &target, &change);
            let found =
                format!("[reference({}, {}, 'Full')]", quoted(&write.target), quoted(&write.api_version));
            let mut resource = nested(deployment, &inner);
            let properties = resource.get_mut("properties")?.as_object_mut()?;
            properties.insert("parameters".to_owned(), json!({"found": {"value": found}}));
            if place.group.is_none() {
                resource.insert("location".to_owned(), "[deployment().location]".into());
            }
            Some(Made { id: nested_id(&place, deployment), place, resource })
        }
        Act::Delete { .. } | Act::Run { .. } => None,
    }
}

fn opening(write: &Write, target: &Target) -> Map<String, Value> {
    let mut resource = Map::new();
    resource.insert("type".to_owned(), target.kind().into());
    resource.insert("apiVersion".to_owned(), write.api_version.clone().into());
    if let Some(scope) = &target.scope {
        resource.insert("scope".to_owned(), literal(scope).into());
    }
    resource.insert("name".to_owned(), literal(&target.path()).into());
    resource
}

/// What edits set, as an object; nothing where one of them takes something away, or is in a part of a list: an object that
/// is laid over another can do neither.
fn change(edits: &[Edit]) -> Option<Value> {
    let plain = |edit: &Edit| {
        let first = edit.path.split('/').next().unwrap_or_default();
        edit.becomes.is_some()
            && !edit.path.contains('[')
            && ["properties", "identity", "tags"].contains(&first)
            && first != edit.path
    };
    if edits.is_empty() || !edits.iter().all(plain) {
        return None;
    }
    let act = Act::Edit { edits: edits.to_vec(), whole: false };
    Write { target: String::new(), api_version: String::new(), act }.edited(&Value::Null)
}

/// The template inside: the resource as it was found, with the change laid over it.
fn written_back(write: &Write, target: &Target, change: &Value) -> Value {
    let mut resource = opening(write, target);
    for name in ["location", "tags", "kind", "sku", "plan", "identity", "zones", "extendedLocation"] {
        resource.insert(name.to_owned(), format!("[tryGet(parameters('found'), '{name}')]").into());
    }
    resource.insert("properties".to_owned(), "[parameters('found').properties]".into());
    for name in change.as_object().into_iter().flat_map(Map::keys) {
        let over = format!(
            "[union(coalesce(tryGet(parameters('found'), '{name}'), createObject()), variables('change').{name})]"
        );
        resource.insert(name.clone(), over.into());
    }
    json!({
        "$schema": schema(target.group.is_some()),
        "contentVersion": "1.0.0.0",
        "parameters": {"found": {"type": "object"}},
        "variables": {"change": literals(change)},
        "resources": [resource],
    })
}

fn schema(of_group: bool) -> &'static str {
    match of_group {
        true => "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        false => {
            "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
        }
    }
}

fn nested(name: &str, template: &Value) -> Map<String, Value> {
    let mut resource = Map::new();
    resource.insert("type".to_owned(), DEPLOYMENTS.into());
    resource.insert("apiVersion".to_owned(), "2022-09-01".into());
    resource.insert("name".to_owned(), name.into());
    resource.insert(
        "properties".to_owned(),
        json!({"mode": "Incremental", "expressionEvaluationOptions": {"scope": "inner"}, "template": template}),
    );
    resource
}

fn nested_id(place: &Place, name: &str) -> String {
    let function = if place.group.is_some() { "resourceId" } else { "subscriptionResourceId" };
    format!("[{function}('{DEPLOYMENTS}', '{name}')]")
}

/// A template names a resource once. One that is written again is so by a deployment of its own.
fn apart(made: Made, all: &[Made], name: &str) -> Made {
    if !all.iter().any(|other| other.place.is(&made.place) && other.id.eq_ignore_ascii_case(&made.id)) {
        return made;
    }
    let inner = of_place(made.place.group.is_some(), vec![made.resource]);
    let mut resource = nested(name, &inner);
    if made.place.group.is_none() {
        resource.insert("location".to_owned(), "[deployment().location]".into());
    }
    Made { id: nested_id(&made.place, name), place: made.place, resource }
}

fn of_place(of_group: bool, resources: Vec<Map<String, Value>>) -> Value {
    json!({
        "$schema": schema(of_group),
        "contentVersion": "1.0.0.0",
        "resources": resources,
    })
}

/// Resources one after the other: each waits for the one before.
fn chained(all: Vec<Made>) -> Vec<Map<String, Value>> {
    let mut before: Option<String> = None;
    let mut resources = Vec::new();
    for mut made in all {
        if let Some(before) = before.replace(made.id) {
            made.resource.insert("dependsOn".to_owned(), json!([before]));
        }
        resources.push(made.resource);
    }
    resources
}

fn whole(all: Vec<Made>) -> Value {
    let mut runs: Vec<Vec<Made>> = Vec::new();
    for made in all {
        match runs.last_mut() {
            Some(run) if run.first().is_some_and(|first| first.place.is(&made.place)) => run.push(made),
            _ => runs.push(vec![made]),
        }
    }
    if runs.len() <= 1 {
        let run = runs.pop().unwrap_or_default();
        let of_group = run.first().is_none_or(|first| first.place.group.is_some());
        return of_place(of_group, chained(run));
    }
    let mut outer = Vec::new();
    for (number, run) in runs.into_iter().enumerate() {
        let Some(place) = run.first().map(|first| first.place.clone()) else { continue };
        let name = format!("fix-part-{}", number + 1);
        let mut resource = nested(&name, &of_place(place.group.is_some(), chained(run)));
        resource.insert("subscriptionId".to_owned(), literal(&place.subscription).into());
        // The id of a deployment in another group is made of all its parts.
        let id = match &place.group {
            Some(group) => {
                resource.insert("resourceGroup".to_owned(), literal(group).into());
                format!(
                    "[resourceId({}, {}, '{DEPLOYMENTS}', '{name}')]",
                    quoted(&place.subscription),
                    quoted(group)
                )
            }
            None => {
                resource.insert("location".to_owned(), "[deployment().location]".into());
                format!(
                    "[subscriptionResourceId({}, '{DEPLOYMENTS}', '{name}')]",
                    quoted(&place.subscription)
                )
            }
        };
        outer.push(Made { place, resource, id });
    }
    of_place(false, chained(outer))
}

#[cfg(test)]
mod tests;
