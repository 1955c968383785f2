//! Writes resources as JSON, and finds a value in one again.
//!
//! What is not known is written as `{"$unknown":{"reason":"…"}}`, names and ids with placeholders: a name that
//! nobody knows yet is still the same name everywhere.

use std::borrow::Cow;
use std::io::Write;

use crate::value::{Kind, Member, Value, Why};

/// Tells people why a value is not known.
pub type Words<'w> = &'w dyn Fn(&Why) -> String;

/// Writes a value on one line.
pub fn write(value: &Value, words: Words<'_>, to: &mut Vec<u8>) {
    write_member(value, "", Stands::AsResource, words, to);
}

/// What the object is that a member stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// A resource, or the whole value.
    AsResource,
    /// An element of a list: a subnet, a rule.
    AsElement,
    /// Anything else: a SKU, an identity.
    Inside,
}

fn write_member(value: &Value, name: &str, stands: Stands, words: Words<'_>, to: &mut Vec<u8>) {
    match &value.kind {
        Kind::Null => to.extend_from_slice(b"null"),
        Kind::Bool(true) => to.extend_from_slice(b"true"),
        Kind::Bool(false) => to.extend_from_slice(b"false"),
        Kind::Int(value) => write_number(format_args!("{value}"), to),
        Kind::Float(value) => write_number(format_args!("{value:?}"), to),
        Kind::Text(text) => write_text(text, to),
        Kind::Parts(_) | Kind::Unknown(_) if is_told_by_name(value, name, stands) => {
            write_text(&value.shown().unwrap_or_default(), to);
        }
        Kind::Parts(_) | Kind::Unknown(_) => {
            let why = value.doubt().map_or(&Why::Fault, |unknown| &unknown.why);
            to.extend_from_slice(b"{\"$unknown\":{\"reason\":");
            write_text(&words(why), to);
            to.extend_from_slice(b"}}");
        }
        Kind::List(items) => {
            to.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    to.push(b',');
                }
                write_member(item, "", Stands::AsElement, words, to);
            }
            to.push(b']');
        }
        Kind::Object(object) => {
            to.push(b'{');
            for (index, Member { name, value, .. }) in object.members().iter().enumerate() {
                if index > 0 {
                    to.push(b',');
                }
                write_text(name, to);
                to.push(b':');
                // An object that is a member is no resource; what it holds are not names of one.
                let stands = match (&value.kind, stands) {
                    (Kind::Object(_), _) => Stands::Inside,
                    (_, stands) => stands,
                };
                write_member(value, name, stands, words, to);
            }
            to.push(b'}');
        }
    }
}

/// Whether people and programs can do with a placeholder: the name or type of a resource, the name of a part of one, an id.
/// The name of a SKU and the type of an identity decide something, so they are unknown.
fn is_told_by_name(value: &Value, name: &str, stands: Stands) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    is("id")
        || is("name") && stands != Stands::Inside
        || is("type") && stands == Stands::AsResource
        || is_id(value)
}

/// Whether a text starts as ids of resources do.
pub fn is_id(value: &Value) -> bool {
    let start = match &value.kind {
        Kind::Text(text) => Some(&**text),
        Kind::Parts(parts) => match parts.first() {
            Some(crate::value::Part::Literal(text)) => Some(&**text),
            _ => None,
        },
        _ => None,
    };
    start.is_some_and(|start| {
        let start = start.get(..15).unwrap_or(start).to_ascii_lowercase();
        start.starts_with("/subscriptions/") || start.starts_with("/providers/")
    })
}

fn write_number(number: std::fmt::Arguments<'_>, to: &mut Vec<u8>) {
    // A vector takes everything.
    let _ = to.write_fmt(number);
}

fn write_text(text: &str, to: &mut Vec<u8>) {
    let escaped = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // Looking at all bytes is quicker than stopping at the first one.
    if text.bytes().fold(false, |any, byte| any | escaped(byte)) {
        let _ = serde_json::to_writer(to, text);
        return;
    }
    to.reserve(text.len() + 2);
    to.push(b'"');
    to.extend_from_slice(text.as_bytes());
    to.push(b'"');
}

/// The value that a JSON pointer names, in any case of letters; where a part of it is not there, the deepest
/// value that is. The pointer is in ARM's nested shape.
pub fn find<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    let mut at = value;
    for segment in pointer.split('/').skip(1) {
        let segment = match segment.contains('~') {
            true => Cow::Owned(segment.replace("~1", "/").replace("~0", "~")),
            false => Cow::Borrowed(segment),
        };
        let child = match &at.kind {
            Kind::Object(object) => object.get(&segment),
            Kind::List(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        match child {
            Some(child) => at = child,
            None if segment.eq_ignore_ascii_case("properties") => {}
            None => break,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let expanded = crate::expand::expand(
            &crate::json::read(
                format!(r#"{{"parameters":{{"p":{{"type":"string"}}}},"resources":[{text}]}}"#).as_bytes(),
                0,
            )
            .unwrap(),
            &crate::expand::Options::default(),
        );
        let mut out = Vec::new();
        write(&expanded.unwrap().resources[0].body, &|_| "r".to_owned(), &mut out);
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(expected), "{out}");
    }

    #[test]
    fn names_have_placeholders_and_values_have_reasons() {
        let unknown = r#"{"$unknown":{"reason":"r"}}"#;
        let resource = |members: &str| format!(r#"{{"type":"A.B/c","name":"[parameters('p')]",{members}}}"#);
        check(&resource(r#""properties":{}"#), r#""name":"{p}""#);
        check(&resource(r#""sku":{"name":"[parameters('p')]"}"#), &format!(r#""sku":{{"name":{unknown}}}"#));
        check(
            &resource(r#""identity":{"type":"[parameters('p')]"}"#),
            &format!(r#""identity":{{"type":{unknown}}}"#),
        );
        check(&resource(r#""properties":{"l":[{"name":"[parameters('p')]"}]}"#), r#""l":[{"name":"{p}"}]"#);
        check(&resource(r#""properties":{"x":{"id":"[parameters('p')]"}}"#), r#""x":{"id":"{p}"}"#);
        check(
            &resource(r#""properties":{"x":"[concat('a', parameters('p'))]"}"#),
            &format!(r#""x":{unknown}"#),
        );
        check(
            &resource(r#""properties":{"x":"[resourceId('A.B/c', parameters('p'))]"}"#),
            "/providers/A.B/c/{p}",
        );
    }
}
