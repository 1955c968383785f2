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
    /// Something will be there of which the preview does not tell what.
    Untold { id: Box<str>, at: Span },
}

/// The states after the changes of a preview; what is deleted has none.
pub(super) fn states(preview: &Value) -> Vec<Result<State, Fault>> {
    let root = preview.object();
    let changes = root.and_then(|root| {
        root.some("changes").or_else(|| root.get("properties")?.object()?.some("changes"))?.list()
    });
    changes.unwrap_or_default().iter().filter_map(|change| state(change).transpose()).collect()
}

fn state(change: &Value) -> Result<Option<State>, Fault> {
    let Some(object) = change.object() else {
        return Err(Fault::new(FaultKind::Not("a change of a deployment"), change.at));
    };
    let is = |kind: &str| object.text("changeType").is_some_and(|its| its.eq_ignore_ascii_case(kind));
    if is("Delete") {
        return Ok(None);
    }
    let told = object.some("after").or_else(|| object.some("before"));
    let Some(Kind::Object(state)) = told.map(|state| &state.kind) else {
        if is("Unsupported") {
            let id = object.text("resourceId").unwrap_or_default().into();
            return Ok(Some(State::Untold { id, at: change.at }));
        }
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
    Ok(Some(State::There(if is_new { complete(body) } else { with_part_ids(body) })))
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
