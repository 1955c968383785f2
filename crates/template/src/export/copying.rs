//! Copies of a record what is allowed.
//!
//! INVARIANT: no text that is copied is evaluated: Azure takes it literally.

use serde_json::{Map, Value};

use super::allow::{Field, Take};
use super::records::{field, member};
use super::secrets;
use Take::{Children, Object, Objects, Plain, Reference, References, Words};

/// What copying asks its caller: the expression or literal id of a reference, and where a text goes that looks secret.
pub(super) trait Copying {
    /// What stands for the id in the template.
    fn reference(&mut self, id: &str) -> String;
    /// A text was left out.
    fn dropped(&mut self, name: &str);
}

/// Copies what is allowed. Nothing that is absent, null or empty is written.
pub(super) fn copy(value: &Value, fields: &[Field], to: &mut Map<String, Value>, with: &mut dyn Copying) {
    for (name, take) in fields {
        if let Some(copied) = field(value, name).and_then(|value| taken(name, value, take, with)) {
            to.insert((*name).to_owned(), copied);
        }
    }
}

fn taken(name: &str, value: &Value, take: &Take, with: &mut dyn Copying) -> Option<Value> {
    let of_list = |copy: &mut dyn FnMut(&Value) -> Option<Value>| {
        let all: Vec<Value> = value.as_array()?.iter().filter_map(copy).collect();
        (!all.is_empty()).then_some(Value::Array(all))
    };
    match take {
        Plain => match value {
            Value::Array(_) => of_list(&mut |one| plain(one)),
            one => plain(one),
        },
        Words => {
            let text = value.as_str()?;
            if secrets::looks_secret(text) {
                with.dropped(name);
                return None;
            }
            plain(value)
        }
        Object(fields) => object(value, fields, with),
        Objects(fields) => of_list(&mut |one| object(one, fields, with)),
        Children(fields) => of_list(&mut |one| {
            let name = member(one, "name")?.as_str()?;
            let inner = object(one, fields, with).unwrap_or_else(|| Value::Object(Map::new()));
            let mut child = Map::new();
            child.insert("name".to_owned(), Value::String(escaped(name)));
            child.insert("properties".to_owned(), inner);
            Some(Value::Object(child))
        }),
        Reference => referred(value, with),
        References => of_list(&mut |one| referred(one, with)),
    }
}

fn plain(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(Value::String(escaped(text))),
        Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn object(value: &Value, fields: &[Field], with: &mut dyn Copying) -> Option<Value> {
    let mut to = Map::new();
    value.is_object().then(|| copy(value, fields, &mut to, with))?;
    (!to.is_empty()).then_some(Value::Object(to))
}

fn referred(value: &Value, with: &mut dyn Copying) -> Option<Value> {
    let id = member(value, "id")?.as_str().filter(|id| id.starts_with('/'))?;
    Some(serde_json::json!({ "id": with.reference(id) }))
}

/// A text that a template takes literally: Azure evaluates what stands in brackets.
///
/// Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions#escape-characters>
pub(super) fn escaped(text: &str) -> String {
    if text.starts_with('[') && text.ends_with(']') { format!("[{text}") } else { text.to_owned() }
}
