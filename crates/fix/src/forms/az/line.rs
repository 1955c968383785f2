//! One command of `az`, word by word.
//!
//! Sources: `az` takes what stands behind `@`, at the front of a word or behind its first `=`, for a file to read
//! (`_expand_file_prefixed_files` of azure-cli-core), and many options take words in brackets, braces or quotes, `null` and
//! `??` in a notation of their own (<https://github.com/Azure/azure-cli/blob/dev/doc/shorthand_syntax.md>).

use serde_json::Value;

use crate::forms::words::{address, shell};

/// A command that grows.
pub(super) struct Line(String);

impl Line {
    pub(super) fn new(command: &str) -> Self {
        Self(format!("az {command}"))
    }

    /// An option with its values.
    #[must_use]
    pub(super) fn with<S: AsRef<str>>(mut self, option: &str, values: impl IntoIterator<Item = S>) -> Self {
        self.0 += &format!(" {option}");
        for value in values {
            self.0 += " ";
            self.0 += &shell(value.as_ref());
        }
        self
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// Whether `az` takes a value as it is, whatever option it is given to.
pub(super) fn tame(value: &str) -> bool {
    let first = value.chars().next();
    first.is_some_and(|c| c.is_alphanumeric() || matches!(c, '*' | '/' | '_'))
        && !value.eq_ignore_ascii_case("null")
        && !value.contains(['@', '?'])
        && !value.chars().any(is_hidden)
}

/// Whether a character is not seen, or turns what stands around it: a line that is copied must be what people read.
fn is_hidden(one: char) -> bool {
    one.is_control()
        || matches!(one, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// JSON that holds no character which `az` reads files at, and none that nobody sees.
pub(super) fn json(value: &Value) -> String {
    let text = value.to_string();
    text.chars()
        .map(|one| match one {
            '@' => "\\u0040".to_owned(),
            one if is_hidden(one) => format!("\\u{:04x}", u32::from(one)),
            one => one.to_string(),
        })
        .collect()
}

/// The request itself. It goes to whichever cloud `az` is signed in to, as the address has no host.
pub(super) fn rest(method: &str, target: &str, api_version: &str, body: Option<&Value>) -> String {
    let url = format!("{}?api-version={}", address(target), address(api_version));
    let line = Line::new("rest").with("--method", [method]).with("--url", [url]);
    match body {
        Some(body) => line.with("--body", [json(body)]).text(),
        None => line.text(),
    }
}

/// A value for `--set`, which is read as JSON where it can be.
fn set_value(value: &Value) -> String {
    const LITERALS: [&str; 7] = ["true", "false", "null", "none", "nan", "infinity", "undefined"];
    match value {
        Value::String(text)
            if text.starts_with(|c: char| c.is_ascii_alphabetic())
                && text.chars().all(|c| c.is_ascii_alphanumeric())
                && !LITERALS.contains(&text.to_ascii_lowercase().as_str()) =>
        {
            text.clone()
        }
        value => json(value),
    }
}

/// A path as `--set` and `--remove` write it; nothing where they have no way to.
pub(super) fn dotted(path: &str) -> Option<String> {
    let mut text = String::new();
    for step in path.split('/').filter(|step| !step.is_empty()) {
        let (name, part) = match step.split_once('[') {
            Some((name, part)) => (name, Some(part.strip_suffix(']')?)),
            None => (step, None),
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
            return None;
        }
        if !text.is_empty() {
            text.push('.');
        }
        text += name;
        if let Some(part) = part {
            if part.contains(['[', ']', '@', '\0']) {
                return None;
            }
            text += &format!("[name={}]", set_value(&Value::from(part)));
        }
    }
    (!text.is_empty()).then_some(text)
}

/// `path=value` for `--set`.
pub(super) fn assignment(path: &str, value: &Value) -> Option<String> {
    Some(format!("{}={}", dotted(path)?, set_value(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_holds_what_nobody_sees() {
        assert!(tame("allow-rdp") && !tame("a\u{202e}b") && !tame("a\u{1b}[1m") && !tame("a\nb"));
        assert_eq!(json(&serde_json::json!({"a": "x\u{202e}@"})), "{\"a\":\"x\\u202e\\u0040\"}");
    }
    use serde_json::json;

    #[test]
    fn values_are_what_az_reads_back() {
        let put = |path: &str, value: Value| assignment(path, &value);
        assert_eq!(put("properties/a", json!("DenyAll")).unwrap(), "properties.a=DenyAll");
        assert_eq!(put("properties/a", json!("10")).unwrap(), "properties.a=\"10\"");
        assert_eq!(
            put("properties/a", json!("@/etc/passwd")).unwrap(),
            "properties.a=\"\\u0040/etc/passwd\""
        );
        assert_eq!(put("properties/a", json!("None")).unwrap(), "properties.a=\"None\"");
        assert_eq!(put("a[ip 1]/b", json!(true)).unwrap(), "a[name=\"ip 1\"].b=true");
        assert_eq!(put("a[x]y]/b", json!(1)), None);
        assert_eq!(put("a b", json!(1)), None);
        assert_eq!(put("", json!(1)), None);
    }

    #[test]
    fn a_request_reads_no_file() {
        let body = json!({"description": "a=@/etc/passwd"});
        assert_eq!(
            rest("put", "/subscriptions/s/{subscriptionId}", "2024-05-01", Some(&body)),
            "az rest --method put --url '/subscriptions/s/%7BsubscriptionId%7D?api-version=2024-05-01' --body '{\"description\":\"a=\\u0040/etc/passwd\"}'"
        );
        assert!(tame("web-1") && tame("*") && tame("/subscriptions/s"));
        for wild in ["", "@f", "-x", "[a]", "null", "'a'", "a@b", "what?", "a\nb"] {
            assert!(!tame(wild), "{wild}");
        }
    }
}
