//! HCL, written as `terraform fmt` does.
//!
//! Source: <https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences>.

use serde_json::Value;

/// A block, or a part of one.
pub(super) enum Item {
    /// `name = value`.
    Attribute(String, String),
    /// `name "label" { … }`.
    Block(String, Vec<String>, Vec<Item>),
}

/// `name = "text"` and the like.
pub(super) fn attribute(name: &str, value: &Value) -> Item {
    let mut text = String::new();
    self::value(value, 0, &mut text);
    Item::Attribute(name.to_owned(), text)
}

/// Items, one line each at least, with equals signs below each other.
pub(super) fn items(all: &[Item], depth: usize) -> String {
    let pad = "  ".repeat(depth);
    let mut out = String::new();
    for (at, item) in all.iter().enumerate() {
        match item {
            Item::Attribute(name, value) => {
                let width = match value.contains('\n') {
                    true => name.len(),
                    false => run(all, at).iter().map(|name| name.len()).max().unwrap_or(0),
                };
                let value = value.replace('\n', &format!("\n{pad}"));
                out += &format!("{pad}{name:width$} = {value}\n");
            }
            Item::Block(name, labels, inner) => {
                if at > 0 {
                    out.push('\n');
                }
                let labels: String = labels.iter().map(|label| format!(" {}", string(label))).collect();
                out += &format!("{pad}{name}{labels} {{\n{}{pad}}}\n", items(inner, depth + 1));
            }
        }
    }
    out
}

/// The names of the attributes of one line that stand together with the one at `at`.
fn run(all: &[Item], at: usize) -> Vec<&str> {
    let short = |item: &Item| matches!(item, Item::Attribute(_, value) if !value.contains('\n'));
    let before = all.get(..at).unwrap_or_default().iter().rev().take_while(|item| short(item)).count();
    let from = at.saturating_sub(before);
    let together = all.get(from..).unwrap_or_default().iter().take_while(|item| short(item));
    together
        .filter_map(|item| match item {
            Item::Attribute(name, _) => Some(name.as_str()),
            Item::Block(..) => None,
        })
        .collect()
}

/// A text as a literal.
pub(super) fn string(text: &str) -> String {
    let mut out = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out += "\\\\",
            '"' => out += "\\\"",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            '$' | '%' if chars.peek() == Some(&'{') => match out.ends_with(c) {
                // Three in a row would be read from the front.
                true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                false => {
                    out.push(c);
                    out.push(c);
                }
            },
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out + "\""
}

fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && !["null", "true", "false", "for"].contains(&name) { name.to_owned() } else { string(name) }
}

/// A value as a literal: lists of texts on one line, objects on several.
pub(super) fn value(of: &Value, depth: usize, out: &mut String) {
    match of {
        Value::Null => *out += "null",
        Value::Bool(flag) => *out += if *flag { "true" } else { "false" },
        Value::Number(number) => *out += &number.to_string(),
        Value::String(text) => *out += &string(text),
        Value::Array(all) if all.iter().all(|one| !one.is_object() && !one.is_array()) => {
            out.push('[');
            for (at, one) in all.iter().enumerate() {
                if at > 0 {
                    *out += ", ";
                }
                value(one, depth, out);
            }
            out.push(']');
        }
        Value::Array(all) => {
            let pad = "  ".repeat(depth + 1);
            *out += "[\n";
            for one in all {
                *out += &pad;
                value(one, depth + 1, out);
                *out += ",\n";
            }
            *out += &format!("{}]", "  ".repeat(depth));
        }
        Value::Object(all) if all.is_empty() => *out += "{}",
        Value::Object(all) => {
            let inner: Vec<Item> = all.iter().map(|(name, one)| attribute(&key(name), one)).collect();
            let pad = "  ".repeat(depth);
            *out += &format!("{{\n{}{pad}}}", items(&inner, depth + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_hold_no_template() {
        assert_eq!(string("a\"b\\${c}%{d}$e\n\u{1}"), "\"a\\\"b\\\\$${c}%%{d}$e\\n\\u0001\"");
        assert_eq!(string("$${x}"), "\"$\\u0024{x}\"");
        let mut text = String::new();
        value(&json!({"a": [1, "b"], "long-name": {"c": null}, "d": [{"e": true}]}), 0, &mut text);
        assert_eq!(
            text,
            "{\n  a = [1, \"b\"]\n  \"long-name\" = {\n    c = null\n  }\n  d = [\n    {\n      e = true\n    },\n  ]\n}"
        );
    }
}
