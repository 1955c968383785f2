//! Terraform's addresses, and references as the configuration of a plan writes them.
//!
//! INVARIANT: an index may hold any text, so an address is only ever split outside of brackets.
//!
//! Source: <https://developer.hashicorp.com/terraform/cli/state/resource-addressing>

use crate::value::{Kind, Value};

/// The index of an instance: `[0]` of a `count`, `["a"]` of a `for_each`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Index {
    Number(i64),
    Key(Box<str>),
}

impl Index {
    /// As a plan writes it beside the address.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match &value.kind {
            Kind::Int(number) => Some(Self::Number(*number)),
            Kind::Text(text) => Some(Self::Key((**text).into())),
            _ => None,
        }
    }

    /// What an expression has it from.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Number(_) => "count.index",
            Self::Key(_) => "each.key",
        }
    }

    /// As an address writes it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Number(number) => format!("[{number}]"),
            Self::Key(key) => format!("[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

/// A step of an address: a name, and the instance of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step<'t> {
    pub(super) name: &'t str,
    pub(super) index: Option<Index>,
    /// Where the step ends in the text.
    pub(super) end: usize,
}

/// The steps of an address. What is no address gives steps that name nothing.
pub(super) fn steps(text: &str) -> Vec<Step<'_>> {
    let bytes = text.as_bytes();
    let mut steps = Vec::with_capacity(4);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while bytes.get(at).is_some_and(|byte| !matches!(byte, b'.' | b'[')) {
            at += 1;
        }
        let name = text.get(start..at).unwrap_or_default();
        let mut index = None;
        while bytes.get(at) == Some(&b'[') {
            let open = at + 1;
            at = close(bytes, open);
            // Of `[0][1]` the first one names the instance.
            let inner = text.get(open..at).unwrap_or_default();
            index = index.or_else(|| parse_index(inner));
            at = (at + 1).min(bytes.len());
        }
        steps.push(Step { name, index, end: at });
        // What stands directly behind a bracket is no address.
        while bytes.get(at).is_some_and(|byte| !matches!(byte, b'.')) {
            at += 1;
        }
        at += 1;
    }
    steps
}

/// Where a bracket is closed that was opened before `at`.
fn close(bytes: &[u8], mut at: usize) -> usize {
    let mut quoted = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b']' if !quoted => break,
            _ => {}
        }
        at += 1;
    }
    at.min(bytes.len())
}

fn parse_index(text: &str) -> Option<Index> {
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(key) => Some(Index::Key(key.replace("\\\"", "\"").replace("\\\\", "\\").into())),
        None => text.parse().ok().map(Index::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_may_hold_anything() {
        let check = |text: &str, expected: &[(&str, Option<Index>)]| {
            let read: Vec<_> = steps(text).into_iter().map(|step| (step.name, step.index)).collect();
            let read: Vec<_> = read.iter().map(|(name, index)| (*name, index.clone())).collect();
            assert_eq!(read, expected, "{text}");
        };
        let key = |text: &str| Some(Index::Key(text.into()));
        check("a.b", &[("a", None), ("b", None)]);
        check("a.b[0].id", &[("a", None), ("b", Some(Index::Number(0))), ("id", None)]);
        check("module.n[\"x.y]\"].a.b", &[("module", None), ("n", key("x.y]")), ("a", None), ("b", None)]);
        check("a.b[\"q\\\"\"]", &[("a", None), ("b", key("q\""))]);
        check("a.b[", &[("a", None), ("b", None)]);
        check("a.b[\"é", &[("a", None), ("b", None)]);
        check("", &[]);
        assert_eq!(Index::Key("q\"".into()).shown(), "[\"q\\\"\"]");
    }
}
