//! Resources of the azapi provider: already in Azure's shape, as an object or as JSON in a text.
//!
//! INVARIANT: every value of a text has the place of the text, as there is no other one in the plan.
//!
//! Source: <https://registry.terraform.io/providers/Azure/azapi/latest/docs/resources/resource>

use super::block::Block;
use super::body::{Body, Props};
use crate::json;
use crate::value::{Kind, Member, Object, Span, Value, Why};

/// Members of a body that stand beside its properties.
const BESIDE: [&str; 8] = ["sku", "kind", "identity", "zones", "plan", "tags", "location", "managedBy"];

pub(super) fn body(block: &Block<'_>) -> Body {
    let mut made = Body::default();
    let Some(body) = block.get("body").map(parsed) else { return made };
    match body.object() {
        Some(object) => {
            for name in BESIDE {
                made.top.maybe(name, object.some(name).cloned());
            }
            made.whole =
                object.some("properties").cloned().map(|value| hidden(value, &block.address("body")));
        }
        // What cannot be read may hold anything.
        None => made.whole = Some(block.doubt("body", body.at)),
    }
    if let Some(one) = block.block("identity") {
        let mut identity = Props::default();
        identity.take(&one, &[("type", "type")]);
        made.top.inner("identity", identity, one.at);
    }
    made
}

/// JSON in a text, read; everything else, and what is no JSON, as it is.
pub(super) fn parsed(value: Value) -> Value {
    let read = value.text().and_then(|text| json::read(text.as_bytes(), 0).ok());
    match read {
        Some(read) if matches!(read.kind, Kind::Object(_) | Kind::List(_)) => placed(&read, value.at),
        _ => value,
    }
}

/// The same value, all of it at one place. Values are nested no deeper than what is read.
fn placed(value: &Value, at: Span) -> Value {
    match &value.kind {
        Kind::List(items) => Value::of_list(items.iter().map(|item| placed(item, at)).collect(), at),
        Kind::Object(object) => {
            let member =
                |member: &Member| Member { name: member.name.clone(), at, value: placed(&member.value, at) };
            Value::new(Kind::Object(Object::new(object.members().iter().map(member).collect()).into()), at)
        }
        _ => value.clone().moved(at),
    }
}

/// Without passwords and keys that somebody has written into a body.
fn hidden(value: Value, address: &str) -> Value {
    const SECRETS: [&str; 6] =
        ["adminPassword", "customData", "userData", "protectedSettings", "sharedKey", "password"];
    let at = value.at;
    match &value.kind {
        Kind::List(items) => {
            Value::of_list(items.iter().map(|item| hidden(item.clone(), address)).collect(), at)
        }
        Kind::Object(object) => {
            let member = |member: &Member| {
                let secret = SECRETS.iter().any(|name| member.name.eq_ignore_ascii_case(name));
                let set = !member.value.is_null() && member.value.text() != Some("");
                let address = format!("{address}.{}", member.name);
                let value = match secret && set {
                    true => {
                        let why = Why::Sensitive(address.as_str().into());
                        Value::unknown(address.clone(), &address, why, member.value.at)
                    }
                    false => hidden(member.value.clone(), &address),
                };
                Member { value, ..member.clone() }
            };
            Value::new(Kind::Object(Object::new(object.members().iter().map(member).collect()).into()), at)
        }
        _ => value,
    }
}

/// A resource with what `azapi_update_resource` changes of it.
pub(super) fn updated(value: &Value, change: &Value) -> Value {
    let (Some(object), Some(changes)) = (value.object(), change.object()) else { return change.clone() };
    let mut members: Vec<Member> = object.members().to_vec();
    for member in changes.members() {
        let name = &member.name;
        if ["id", "name", "type"].iter().any(|own| name.eq_ignore_ascii_case(own))
            && object.get("id").is_some()
        {
            continue;
        }
        match members.iter_mut().find(|own| own.name.eq_ignore_ascii_case(name)) {
            Some(own) => own.value = updated(&own.value, &member.value),
            None => members.push(member.clone()),
        }
    }
    Value::new(Kind::Object(Object::new(members).into()), value.at)
}

/// The type that an id implies.
pub(super) fn kind_of(id: &str) -> Option<String> {
    let (_, behind) = id.rsplit_once("/providers/")?;
    let mut segments = behind.split('/');
    let mut kind = segments.next()?.to_owned();
    for segment in segments.step_by(2) {
        kind.push('/');
        kind += segment;
    }
    Some(kind)
}
