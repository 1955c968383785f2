//! A write as commands of `az`.
//!
//! INVARIANT: a command does this write and no other. Where no command of its own can say a write exactly, it is the request
//! itself (`az rest`); where even that cannot, a comment says so.
//!
//! Source: <https://learn.microsoft.com/cli/azure/reference-index>, and what azure-cli 2.91.0 sends for each of them.

mod line;
mod machine;
mod rule;
mod service;

use posture::Lang;
use serde_json::{Map, Value};

use super::target::Target;
use super::words::comment;
use crate::lang::say;
use crate::write::{Act, Edit, Write, writable};
use line::{Line, assignment, dotted, rest};

/// The commands that make a write, in order, each on one line. A line that begins with `#` says what no command can.
pub fn commands(write: &Write, lang: Lang) -> Vec<String> {
    if let Some(target) = Target::read(&write.target) {
        let own = rule::commands(write, &target)
            .or_else(|| machine::commands(write, &target))
            .or_else(|| service::commands(write, &target));
        if let Some(own) = own {
            return own;
        }
    }
    let request =
        |method: &str, body: Option<&Value>| vec![rest(method, &write.target, &write.api_version, body)];
    match &write.act {
        Act::Put { becomes, .. } => request("put", Some(&body(becomes))),
        Act::Delete { .. } => request("delete", None),
        Act::Edit { edits, whole: true } => match update(write, edits) {
            Some(line) => vec![line],
            None => vec![by_hand(write, lang)],
        },
        Act::Edit { whole: false, .. } => match write.edited(&Value::Null) {
            Some(body) => vec![patch(write, &body)],
            None => vec![by_hand(write, lang)],
        },
        Act::Run { action, body, .. } => {
            vec![rest("post", &format!("{}/{action}", write.target), &write.api_version, body.as_ref())]
        }
    }
}

/// What is sent of a resource: without what the address says already, and what Azure alone writes.
pub(super) fn body(resource: &Value) -> Value {
    let Value::Object(members) = writable(resource) else { return resource.clone() };
    let said = |name: &str| ["id", "name", "type"].contains(&name);
    members.into_iter().filter(|(name, _)| !said(name)).collect::<Map<_, _>>().into()
}

/// A PATCH. `az resource patch` waits until it is done, and leaves out members that it does not know beside the properties.
fn patch(write: &Write, body: &Value) -> String {
    if !body.as_object().is_some_and(|all| all.keys().eq(["properties"])) {
        return rest("patch", &write.target, &write.api_version, Some(body));
    }
    Line::new("resource patch")
        .with("--ids", [&write.target])
        .with("--api-version", [&write.api_version])
        .with::<&str>("--is-full-object", [])
        .with("--properties", [line::json(body)])
        .text()
}

/// Reads, changes and writes back the whole resource. A member that is set below one which is not there makes `az` stop.
fn update(write: &Write, edits: &[Edit]) -> Option<String> {
    let mut line = Line::new("resource update")
        .with("--ids", [&write.target])
        .with("--api-version", [&write.api_version]);
    for edit in edits {
        line = match &edit.becomes {
            Some(value) => line.with("--set", [assignment(&edit.path, value)?]),
            None => line.with("--remove", [dotted(&edit.path)?]),
        };
    }
    Some(line.text())
}

fn by_hand(write: &Write, lang: Lang) -> String {
    let target = &write.target;
    let says = say!(
        lang,
        "no command of az makes this change: {target}",
        "この変更を行う az のコマンドはありません: {target}"
    );
    comment("#", &super::words::one_line(&says)).trim_end().to_owned()
}

#[cfg(test)]
mod tests;
