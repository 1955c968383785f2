//! Which configuration of the provider a resource belongs to, and which subscription that one works in.
//!
//! INVARIANT: resources of two configurations never get one id, unless both are known to work in one subscription.
//!
//! Source: <https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation>

use std::sync::Arc;

use hashbrown::HashMap;

use super::fate::Fate;
use super::input::{Input, Resource};
use crate::value::{Object, Part, Unknown, Value, Why};

/// The configuration that is meant where none is told.
pub(super) const DEFAULT: &str = "azurerm";

/// Subscriptions by the key of the provider's configuration.
pub(super) struct Subscriptions {
    all: HashMap<String, Part>,
}

impl Subscriptions {
    pub(super) fn read(input: &Input<'_>) -> Self {
        let mut all: HashMap<String, Part> = HashMap::new();
        let mut take = |key: &str, text: &str| {
            if !all.contains_key(key) {
                all.insert(key.to_owned(), Part::Literal(Arc::from(text)));
            }
        };
        for member in input.providers.map(Object::members).unwrap_or_default() {
            let told = member.value.object().filter(|one| is_azurerm(one));
            let told =
                told.and_then(|one| one.get("expressions")?.object()?.get("subscription_id")?.object());
            let root = !member.name.contains(':');
            if let Some(id) = told.and_then(|told| constant(told).or_else(|| variable(input, told, root))) {
                take(&member.name, id);
            }
        }
        // Any id will do, but one of a data source may stand in another subscription.
        for data in [false, true] {
            let told = |resource: &&Resource<'_>| {
                // Whose configuration is gone with it may have been another provider's.
                resource.data == data && (resource.fate != Fate::Leaves || resource.config.is_some())
            };
            for resource in input.resources.iter().filter(told) {
                if let Some(id) = resource.values.and_then(|values| subscription_of(values.text("id")?)) {
                    take(key_of(input, resource.config), id);
                }
            }
        }
        Self { all }
    }

    /// The subscription of a configuration: a placeholder of its own where nobody can tell.
    pub(super) fn of(&self, key: &str) -> Part {
        self.all.get(key).cloned().unwrap_or_else(|| {
            let name = if key == DEFAULT { "subscription".to_owned() } else { format!("subscription {key}") };
            Part::Unknown(Unknown::new(name.clone(), &name, Why::Scope(name.as_str().into())))
        })
    }
}

/// Whether a configuration is of the azurerm provider, whatever it is called here.
pub(super) fn is_azurerm(provider: &Object) -> bool {
    provider.text("name") == Some("azurerm")
        || provider.text("full_name").is_some_and(|name| name.ends_with("/azurerm"))
}

fn constant(expression: &Object) -> Option<&str> {
    expression.text("constant_value").filter(|id| !id.is_empty())
}

/// A variable of the root has its value in the plan. What is made of one looks the same, so only a whole id is taken.
fn variable<'p>(input: &Input<'p>, expression: &Object, root: bool) -> Option<&'p str> {
    let [only] = expression.get("references")?.list()? else { return None };
    let name = only.text()?.strip_prefix("var.").filter(|_| root)?;
    let hidden =
        input.root.and_then(|root| root.get("variables")?.object()?.get(name)?.object()?.get("sensitive"));
    let value = input.variables?.get(name)?.object()?.text("value")?;
    let dashes = [8, 13, 18, 23];
    let is_guid = value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match dashes.contains(&at) {
            true => byte == b'-',
            false => byte.is_ascii_hexdigit(),
        });
    (hidden.is_none() && is_guid).then_some(value)
}

/// The subscription in an id.
pub(super) fn subscription_of(id: &str) -> Option<&str> {
    let start = id.get(..15).filter(|start| start.eq_ignore_ascii_case("/subscriptions/"));
    let rest = start.and(id.get(15..))?;
    rest.split('/').next().filter(|id| !id.is_empty())
}

/// The key of the configuration that a resource belongs to: `azurerm`, `azurerm.dev`, `module.x:azurerm.dev`.
pub(super) fn key_of<'p>(input: &Input<'p>, config: Option<&'p Object>) -> &'p str {
    let Some(told) = config.and_then(|config| config.text("provider_config_key")) else { return DEFAULT };
    let local = told.rsplit(':').next().unwrap_or(told);
    if local.split('.').next() == Some("azapi") {
        return DEFAULT;
    }
    // A module that only names what it needs has an entry without expressions.
    let own = input.providers.and_then(|all| all.get(told)?.object()?.get("expressions"));
    if own.is_some() || local == told {
        return told;
    }
    // A module has what its callers have, unless it is given another one, which older plans do not tell.
    let azurerm = |value: &Value| value.object().is_some_and(is_azurerm);
    let all = input.providers.map(Object::members).unwrap_or_default();
    match all.iter().filter(|member| azurerm(&member.value)).count() {
        0 | 1 if local == DEFAULT => DEFAULT,
        _ => told,
    }
}

impl<'p> Resource<'p> {
    /// The subscription that its own id tells.
    pub(super) fn told_subscription(&self) -> Option<&'p str> {
        subscription_of(self.values?.text("id")?)
    }
}
