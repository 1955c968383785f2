//! Fixes as Bicep.
//!
//! A file of Bicep goes to one place. Where there are several, each has a part that is to be a file of its own.
//!
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/bicep/file>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types#strings>.

use posture::Lang;
use serde_json::Value;

use super::arm::{Place, left_of};
use super::heading;
use super::target::Target;
use super::words::{comment, one_line, shell};
use crate::lang::say;
use crate::plan::Fix;
use crate::write::{Act, Write, writable};

/// One file.
struct File {
    place: Place,
    text: String,
    /// Names that are taken, and the resources that they are of, in lower case.
    names: Vec<(String, String)>,
    last: Option<String>,
}

/// Fixes as Bicep, with a comment above each and for all that it cannot say.
pub fn bicep(fixes: &[&Fix], lang: Lang) -> String {
    let mut files: Vec<File> = Vec::new();
    let mut left = String::new();
    for fix in fixes {
        let about = comment("//", &heading(fix, lang));
        let mut told: Option<usize> = None;
        let mut rest = Vec::new();
        for step in &fix.steps {
            let target = Target::read(&step.write.target);
            let known = target.as_ref().and_then(|target| Some((target, Place::of(target)?)));
            let Some((target, place)) = known else {
                rest.push(left_of(&step.write));
                continue;
            };
            let at = files.iter().position(|file| file.place.is(&place)).unwrap_or(files.len());
            let mut new = (at == files.len()).then(|| File {
                place,
                text: String::new(),
                names: Vec::new(),
                last: None,
            });
            let Some(file) = new.as_mut().or_else(|| files.get_mut(at)) else { continue };
            match resource(file, &step.write, target) {
                Some(text) => {
                    if told != Some(at) {
                        file.text += &format!("\n{about}");
                    }
                    file.text += &text;
                    told = Some(at);
                    files.extend(new);
                }
                None => rest.push(left_of(&step.write)),
            }
        }
        if !rest.is_empty() {
            left.push('\n');
            if told.is_none() {
                left += &about;
            }
            let says = say!(
                lang,
                "Bicep cannot say this; take `--format az` or `--apply`:",
                "Bicep では表現できません。`--format az` または `--apply` を使用してください:"
            );
            left += &comment("//", &says);
            rest.iter().for_each(|line| left += &comment("//  ", line));
        }
    }
    let several = files.len() > 1;
    let mut out = String::new();
    for (number, file) in files.iter().enumerate() {
        let name = if several { format!("fix-{}.bicep", number + 1) } else { "fix.bicep".to_owned() };
        let subscription = shell(&file.place.subscription);
        let command = match &file.place.group {
            Some(group) => format!(
                "az deployment group create --subscription {subscription} --resource-group {} --template-file {name}",
                shell(group)
            ),
            None => format!(
                "az deployment sub create --subscription {subscription} --location <LOCATION> --template-file {name}"
            ),
        };
        if !out.is_empty() {
            out.push('\n');
        }
        out += &comment("//", &format!("{name}: {}", one_line(&command)));
        let scope = if file.place.group.is_some() { "resourceGroup" } else { "subscription" };
        out += &format!("targetScope = '{scope}'\n{}", file.text);
    }
    out + &left
}

/// The text of one resource; nothing where Bicep cannot say the write.
fn resource(file: &mut File, write: &Write, target: &Target) -> Option<String> {
    let Act::Put { becomes, .. } = &write.act else { return None };
    let body = writable(becomes);
    let members = body.as_object()?;
    let id = write.target.to_ascii_lowercase();
    // What extends a resource needs that declared, in a version that is not known here; and nothing is declared twice.
    if target.scope.is_some() || file.names.iter().any(|(_, its)| *its == id) {
        return None;
    }
    let mut text = String::new();
    let mut parent = None;
    if let [(kind, name), _] = target.steps.as_slice() {
        let above = super::target::parent(&id).to_owned();
        let known = file.names.iter().find(|(_, its)| *its == above).map(|(symbol, _)| symbol.clone());
        parent = Some(match known {
            Some(symbol) => symbol,
            None => {
                let symbol = symbol(file, name, &above);
                let kind = string(&format!("{}/{kind}@{}", target.namespace, write.api_version));
                text += &format!("resource {symbol} {kind} existing = {{\n  name: {}\n}}\n\n", string(name));
                symbol
            }
        });
    }
    let symbol = symbol(file, target.name(), &id);
    let kind = string(&format!("{}@{}", target.kind(), write.api_version));
    text += &format!("resource {symbol} {kind} = {{\n");
    let name = match &parent {
        Some(parent) => {
            text += &format!("  parent: {parent}\n");
            string(target.name())
        }
        None => string(&target.path()),
    };
    text += &format!("  name: {name}\n");
    for (name, of) in members {
        if !["id", "name", "type", "scope", "parent", "dependsOn"].contains(&name.as_str()) {
            text += &format!("  {}: ", key(name));
            value(of, 1, &mut text);
            text.push('\n');
        }
    }
    if let Some(before) = file.last.replace(symbol.clone()) {
        text += &format!("  dependsOn: [\n    {before}\n  ]\n");
    }
    text += "}\n";
    Some(text)
}

/// A name for a resource in the file that nothing else has.
fn symbol(file: &mut File, name: &str, id: &str) -> String {
    let mut symbol: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(60).collect();
    if !symbol.starts_with(|c: char| c.is_ascii_alphabetic()) || is_word(&symbol) {
        symbol = format!("r_{symbol}");
    }
    let mut unique = symbol.clone();
    let mut number = 2_usize;
    while file.names.iter().any(|(its, _)| *its == unique) {
        unique = format!("{symbol}_{number}");
        number += 1;
    }
    file.names.push((unique.clone(), id.to_owned()));
    unique
}

/// Words that have a meaning of their own at the front of a line or in an expression.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 23] = [
        "true",
        "false",
        "null",
        "resource",
        "param",
        "var",
        "output",
        "module",
        "existing",
        "import",
        "using",
        "metadata",
        "type",
        "func",
        "targetScope",
        "if",
        "for",
        "in",
        "this",
        "az",
        "sys",
        "assert",
        "provider",
    ];
    WORDS.contains(&text)
}

/// A name of a member.
pub(super) fn key(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && !is_word(name) { name.to_owned() } else { string(name) }
}

/// A text as a literal.
pub(super) fn string(text: &str) -> String {
    let mut out = String::from("'");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out += "\\\\",
            '\'' => out += "\\'",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            '$' if chars.peek() == Some(&'{') => out += "\\$",
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out + "'"
}

/// A value as a literal, `depth` steps in.
pub(super) fn value(of: &Value, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth + 1);
    match of {
        Value::Null => *out += "null",
        Value::Bool(flag) => *out += if *flag { "true" } else { "false" },
        Value::Number(number) if number.is_i64() => *out += &number.to_string(),
        // Bicep has whole numbers of 64 bits alone.
        Value::Number(number) => *out += &format!("json('{number}')"),
        Value::String(text) => *out += &string(text),
        Value::Array(all) if all.is_empty() => *out += "[]",
        Value::Object(all) if all.is_empty() => *out += "{}",
        Value::Array(all) => {
            *out += "[\n";
            for one in all {
                *out += &pad;
                value(one, depth + 1, out);
                out.push('\n');
            }
            *out += &format!("{}]", "  ".repeat(depth));
        }
        Value::Object(all) => {
            *out += "{\n";
            for (name, one) in all {
                *out += &format!("{pad}{}: ", key(name));
                value(one, depth + 1, out);
                out.push('\n');
            }
            *out += &format!("{}}}", "  ".repeat(depth));
        }
    }
}

#[cfg(test)]
mod tests;
