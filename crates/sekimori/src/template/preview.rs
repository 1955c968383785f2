//! Previews: what `az deployment … what-if --no-pretty-print` says that will be there after a deployment.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/deploy-what-if>.

use std::sync::Arc;

use template::complete::{complete, with_part_ids};
use template::value::Member;
use template::{Fault, FaultKind, Kind, Object, Span, Value, Why};

/// What a change comes to.
pub(super) enum State {
    /// A resource that will be there.
    There(Value),
    /// Something will be there, or may be, of which the preview does not tell what: a resource without known
    /// properties.
    Untold { id: Box<str>, body: Value, at: Span },
    /// A resource that will be gone.
    Gone { id: Box<str> },
}

/// What a preview says.
pub(super) struct Preview {
    /// The states after its changes.
    pub(super) states: Vec<Result<State, Fault>>,
    /// What Azure says of the preview itself, and where.
    pub(super) diagnostics: Vec<(Span, String)>,
    /// Why there is none.
    pub(super) failed: Option<(Span, String)>,
}

/// Reads a preview, as `az` or the REST API tells it.
pub(super) fn read(preview: &Value) -> Preview {
    let root = preview.object();
    let inner = root.and_then(|root| root.some("properties")).and_then(Value::object);
    let of = |name: &str| {
        root.and_then(|root| root.some(name)).or_else(|| inner.and_then(|inner| inner.some(name)))
    };
    let list = |name: &str| of(name).and_then(Value::list).unwrap_or_default();
    let mut states: Vec<_> = list("changes").iter().map(state).collect();
    states.extend(list("potentialChanges").iter().map(|change| {
        let kind =
            change.object().and_then(|change| change.text("changeType")).unwrap_or_default().to_owned();
        state(change).map(|state| potential(state, kind.eq_ignore_ascii_case("Create"), change.at))
    }));
    let text = |value: &Value| {
        let object = value.object();
        let of = |name: &str| object.and_then(|object| object.text(name)).unwrap_or_default().to_owned();
        (value.at, format!("{}: {}", of("code"), of("message")))
    };
    let failed = of("error").map(text);
    Preview { states, diagnostics: list("diagnostics").iter().map(text).collect(), failed }
}

/// A change that may come or not: what could be attacked and is new counts as there, of anything else nothing is known.
fn potential(state: State, new: bool, at: Span) -> State {
    let id: Box<str> = match &state {
        State::Untold { .. } => return state,
        State::Gone { id } => id.clone(),
        State::There(body) => body.object().and_then(|body| body.text("id")).unwrap_or_default().into(),
    };
    let kind = estate::resource_type(&id).unwrap_or_default();
    if new && template::expand::is_subject(&kind) {
        return state;
    }
    State::Untold { body: untold(&id, at), id, at }
}

/// A resource of which nothing is known but its id.
fn untold(id: &str, at: Span) -> Value {
    let properties =
        Value::unknown(format!("untold({id})"), "properties", Why::Runtime("properties".into()), at);
    let kind = estate::resource_type(id).unwrap_or_default();
    let text = |text: &str| Value::of_text(text, at);
    Value::of_object(vec![("id", text(id)), ("type", text(&kind)), ("properties", properties)], at)
}

fn state(change: &Value) -> Result<State, Fault> {
    let Some(object) = change.object() else {
        return Err(Fault::new(FaultKind::Not("a change of a deployment"), change.at));
    };
    let is = |kind: &str| object.text("changeType").is_some_and(|its| its.eq_ignore_ascii_case(kind));
    let id = || object.text("resourceId").unwrap_or_default();
    if is("Delete") {
        return Ok(State::Gone { id: id().into() });
    }
    // Azure cannot tell what becomes of it, or tells only that something does.
    if is("Unsupported") || is("Deploy") && object.some("after").is_none() {
        return Ok(State::Untold { id: id().into(), body: untold(id(), change.at), at: change.at });
    }
    let told = object.some("after").or_else(|| object.some("before"));
    let Some(Kind::Object(state)) = told.map(|state| &state.kind) else {
        // So it is with `--result-format ResourceIdOnly`.
        return Err(Fault::new(FaultKind::Lacks("after"), change.at));
    };
    let mut members = state.members().to_vec();
    if state.get("id").is_none()
        && let Some(id) = object.member("resourceId")
    {
        members.push(Member { name: "id".into(), ..id.clone() });
    }
    let body = Value::new(Kind::Object(Arc::new(Object::new(members))), change.at);
    let body = without_expressions(&body);
    // What is there already says itself what it is.
    let is_new = object.some("after").is_some();
    Ok(State::There(if is_new { complete(body) } else { with_part_ids(body) }))
}

/// A preview shows what Azure works out during the deployment as the template has it: `[reference(…)]`.
fn without_expressions(value: &Value) -> Value {
    match &value.kind {
        Kind::Text(text) if text.starts_with('[') && text.ends_with(']') && !text.starts_with("[[") => {
            let name = text.trim_start_matches('[').split('(').next().unwrap_or_default();
            Value::unknown(&**text, name, Why::Runtime(name.into()), value.at)
        }
        Kind::List(items) => Value::of_list(items.iter().map(without_expressions).collect(), value.at),
        Kind::Object(object) => {
            let each = object
                .members()
                .iter()
                .map(|member| Member { value: without_expressions(&member.value), ..member.clone() });
            Value::new(Kind::Object(Arc::new(Object::new(each.collect()))), value.at)
        }
        _ => value.clone(),
    }
}
