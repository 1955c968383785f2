//! Writes values as texts.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string>.

use super::text::parts;
use super::{Call, Outcome, Stop, TEXT_LIMIT, too_long};
use crate::value::{Kind, Part, Value};

pub(super) fn join(call: &Call<'_>) -> Outcome {
    let list = call.arg(0)?;
    let items = list.list().ok_or_else(|| call.mismatch(list))?;
    let delimiter = parts(call, 1)?;
    let mut joined = Vec::new();
    let mut size: usize = 0;
    for (index, item) in items.iter().enumerate() {
        let before = joined.len();
        if index > 0 {
            joined.extend(delimiter.iter().cloned());
        }
        joined.extend(written(item)?);
        let added = joined.get(before..).unwrap_or_default().iter().map(|part| match part {
            Part::Literal(text) => text.len(),
            Part::Unknown(_) => 64,
        });
        size = size.saturating_add(added.sum());
        if size > TEXT_LIMIT {
            return Err(too_long());
        }
    }
    call.new_parts(joined)
}

pub(super) fn string(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    match &value.kind {
        Kind::Text(_) | Kind::Parts(_) => Ok(value.clone()),
        Kind::Unknown(_) => Err(Stop::Unknown),
        _ => call.new_parts(written(value)?),
    }
}

/// A value as it stands in a text: `True` as .NET writes it, lists and objects as JSON on one line.
pub(super) fn written(value: &Value) -> Result<Vec<Part>, Stop> {
    if let Some(parts) = value.parts() {
        return Ok(parts);
    }
    let text = match &value.kind {
        Kind::Null => String::new(),
        Kind::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
        Kind::Int(number) => number.to_string(),
        Kind::Float(number) => number.to_string(),
        _ => {
            let mut text = String::new();
            json(value, &mut text)?;
            text
        }
    };
    Ok(vec![Part::Literal(text.into())])
}

fn json(value: &Value, to: &mut String) -> Result<(), Stop> {
    if to.len() > TEXT_LIMIT {
        return Err(too_long());
    }
    match &value.kind {
        Kind::Null => to.push_str("null"),
        Kind::Bool(value) => to.push_str(if *value { "true" } else { "false" }),
        Kind::Int(number) => to.push_str(&number.to_string()),
        Kind::Float(number) => to.push_str(&format!("{number:?}")),
        Kind::Text(text) => json_text(text, to),
        Kind::Parts(_) | Kind::Unknown(_) => return Err(Stop::Unknown),
        Kind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                to.push(if index == 0 { '[' } else { ',' });
                json(item, to)?;
            }
            to.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Kind::Object(object) => {
            for (index, member) in object.members().iter().enumerate() {
                to.push(if index == 0 { '{' } else { ',' });
                json_text(&member.name, to);
                to.push(':');
                json(&member.value, to)?;
            }
            to.push_str(if object.members().is_empty() { "{}" } else { "}" });
        }
    }
    Ok(())
}

fn json_text(text: &str, to: &mut String) {
    to.push('"');
    for c in text.chars() {
        match c {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '\u{8}' => to.push_str("\\b"),
            '\u{c}' => to.push_str("\\f"),
            c if c < ' ' => to.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => to.push(c),
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn values_are_written() {
        check("join", r#"[["a",1,true],", "]"#, r#""a, 1, True""#);
        check("join", r#"[["a",{"$u":"u"}],"-"]"#, r#""a-{u}""#);
        check("join", r#"[[],"-"]"#, r#""""#);
        check("join", r#"[{"$u":"u"},"-"]"#, r#"join(u,"-")"#);
        check(
            "string",
            r#"[{"valueA":10,"valueB":"Example Text"}]"#,
            r#""{\"valueA\":10,\"valueB\":\"Example Text\"}""#,
        );
        check("string", r#"[["a",[],{},null,false]]"#, r#""[\"a\",[],{},null,false]""#);
        check("string", "[5]", r#""5""#);
        check("string", "[true]", r#""True""#);
        check("string", r#"[[{"$u":"u"}]]"#, "string([u,])");
        check("string", r#"[{"$p":["a",{"$u":"u"}]}]"#, r#""a{u}""#);
    }
}
