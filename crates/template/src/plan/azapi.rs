//! Resources of the azapi provider: already in Azure's shape, as an object or as JSON in a text.
//!
//! INVARIANT: every value of a text has the place of the text, as there is no other one in the plan; that of a text
//! with secrets shows nothing of it. An id that is not known yet is that of a resource only where it can be no other's.
//!
//! Source: <https://registry.terraform.io/providers/Azure/azapi/latest/docs/resources/resource>

use super::block::{Block, beginning};
use super::body::{Body, Props};
use super::estate::Estate;
use super::ids::MACHINES;
use super::references::Wanted;
use super::secret::hidden;
use crate::json;
use crate::value::{Kind, Member, Object, Span, Unknown, Value, Why};
use crate::wire::is_id;

/// Members of a body that stand beside its properties.
const BESIDE: [&str; 8] = ["sku", "kind", "identity", "zones", "plan", "tags", "location", "managedBy"];

pub(super) fn body<'p>(estate: &Estate<'p>, block: &Block<'p>) -> Body {
    let mut made = Body::default();
    let Some(body) = block.get("body") else { return made };
    let body = joined(estate, block, without_secrets(body, &block.address("body")));
    match body.object() {
        Some(object) => {
            for name in BESIDE {
                made.top.maybe(name, object.some(name).cloned());
            }
            made.whole = object.some("properties").cloned();
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

/// Members of a body that hold ids, and of what: a body has one expression, so that only the kind tells which of its
/// references is meant where.
const HOLDERS: [(&[&str], &[&str]); 8] = [
    (&["virtualMachines", "virtualMachine"], MACHINES),
    (&["networkInterfaces", "networkInterface"], &["azurerm_network_interface"]),
    (&["subnet", "subnets"], &["azurerm_subnet"]),
    (&["networkSecurityGroup"], &["azurerm_network_security_group"]),
    (&["publicIPAddress", "publicIpAddresses"], &["azurerm_public_ip"]),
    (&["routeTable"], &["azurerm_route_table"]),
    (&["virtualNetwork", "remoteVirtualNetwork"], &["azurerm_virtual_network"]),
    (
        &[
            "applicationSecurityGroups",
            "sourceApplicationSecurityGroups",
            "destinationApplicationSecurityGroups",
        ],
        &["azurerm_application_security_group"],
    ),
];

/// The body with ids where one of a kind is unknown and one resource of the kind is referred to.
fn joined<'p>(estate: &Estate<'p>, block: &Block<'p>, body: Value) -> Value {
    let mut counts = [0; HOLDERS.len()];
    ids(&body, None, &mut |kind, _| {
        if let Some(count) = counts.get_mut(kind) {
            *count += 1;
        }
        None
    });
    let found = |kind: usize| -> Option<Value> {
        let (_, kinds) = HOLDERS.get(kind).filter(|_| counts.get(kind) == Some(&1))?;
        let found = estate.find(block, "body", &Wanted { kinds, attribute: "id" })?;
        match (found.open, found.all.as_slice(), found.missing.as_slice()) {
            (false, [only], []) if *only != block.resource => Some(estate.id(*only)).filter(is_id),
            _ => None,
        }
    };
    if counts.iter().all(|count| *count != 1) {
        return body;
    }
    ids(&body, None, &mut |kind, at| found(kind).map(|id| id.moved(at)))
}

/// The same value with other ids where they are unknown: `holder` is which of [`HOLDERS`] the value stands in.
fn ids(value: &Value, holder: Option<usize>, change: &mut impl FnMut(usize, Span) -> Option<Value>) -> Value {
    match &value.kind {
        Kind::List(items) => {
            Value::of_list(items.iter().map(|item| ids(item, holder, change)).collect(), value.at)
        }
        Kind::Object(object) => {
            let member = |member: &Member| {
                let is = |name: &&str| member.name.eq_ignore_ascii_case(name);
                let later = |unknown: &Unknown| matches!(unknown.why, Why::Apply(_));
                let unknown = matches!(&member.value.kind, Kind::Unknown(unknown) if later(unknown));
                let value = match holder.filter(|_| is(&"id") && unknown) {
                    Some(kind) => change(kind, member.value.at).unwrap_or_else(|| member.value.clone()),
                    None => {
                        let inner = HOLDERS.iter().position(|(names, _)| names.iter().any(is));
                        ids(&member.value, inner, change)
                    }
                };
                Member { value, ..member.clone() }
            };
            let members = object.members().iter().map(member).collect();
            Value::new(Kind::Object(Object::new(members).into()), value.at)
        }
        _ => value.clone(),
    }
}

/// JSON in a text or as an object, without the secrets in it.
pub(super) fn without_secrets(value: Value, address: &str) -> Value {
    let is_text = value.text().is_some();
    let (read, secret) = hidden(parsed(value), address);
    // The text holds what is hidden of it.
    if secret && is_text { placed(&read, beginning(read.at)) } else { read }
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
