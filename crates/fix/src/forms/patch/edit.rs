//! Changes of a tree as changes of its text: as little of it as can be, with comments and order left alone.

use serde_json::Value;

use super::diff::Change;
use super::tree::{Kind, Member, Node, Syntax};
use crate::forms::{arm, bicep, hcl};

/// A file that was read.
pub(super) struct Source<'f> {
    pub(super) name: &'f str,
    pub(super) text: &'f str,
    pub(super) syntax: Syntax,
    pub(super) root: Node,
}

/// One step into a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    /// The part of a list that has this name.
    Part(String),
}

/// What is to become of one member.
#[derive(Clone, Debug)]
pub(super) struct Op {
    /// Where the object is that it is in.
    pub(super) path: Vec<Step>,
    /// The names that it may have; where there are two, the second is for a list.
    pub(super) keys: Vec<String>,
    /// Its name and value; nothing takes it away.
    pub(super) new: Option<(String, Value)>,
}

/// Why code cannot be changed by itself, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) at: usize,
    pub(super) why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// What it is comes from elsewhere.
    Code,
    /// It is written in a way that nothing here changes.
    Hand,
    /// It is as it is to be.
    Same,
    /// Something else refers to what would go.
    Used,
}

/// The changes that several operations on one object come to.
pub(super) fn changes(source: &Source<'_>, all: &[(&Node, Op)]) -> Result<Vec<Change>, Stop> {
    let mut plans = Vec::new();
    for (node, op) in all {
        plans.push(plan(node, op)?);
    }
    let gone: Vec<usize> =
        plans.iter().flat_map(|plan| plan.gone.iter().map(|member| member.start)).collect();
    let mut out = Vec::new();
    for plan in plans {
        for member in &plan.gone {
            let siblings: Vec<(usize, usize)> =
                plan.node.members().iter().map(|one| (one.start, one.end())).collect();
            out.extend(removal(source, &siblings, (member.start, member.end()), &gone));
        }
        if let Some((member, key, value)) = plan.replaced {
            out.push(replaced(source, member, &key, &value));
        }
        if let Some((key, value)) = plan.added {
            out.push(addition(source, plan.node, &key, &value, &gone)?);
        }
    }
    Ok(out)
}

struct Plan<'n> {
    node: &'n Node,
    gone: Vec<&'n Member>,
    replaced: Option<(&'n Member, String, Value)>,
    added: Option<(String, Value)>,
}

fn plan<'n>(node: &'n Node, op: &Op) -> Result<Plan<'n>, Stop> {
    let mut plan = Plan { node, gone: Vec::new(), replaced: None, added: None };
    let mut steps = op.path.iter();
    while let Some(step) = steps.next() {
        let stop = |why| Stop { at: plan.node.start, why };
        match step {
            Step::Member(name) => match plan.node.get(name) {
                Some(inner) => plan.node = inner,
                None if !matches!(plan.node.kind, Kind::Object(_)) => return Err(stop(Why::Code)),
                None => {
                    let Some((key, value)) = &op.new else { return Ok(plan) };
                    let mut value = Value::Object([(key.clone(), value.clone())].into_iter().collect());
                    for step in steps.rev() {
                        let Step::Member(name) = step else { return Err(stop(Why::Hand)) };
                        value = Value::Object([(name.clone(), value)].into_iter().collect());
                    }
                    plan.added = Some((name.clone(), value));
                    return Ok(plan);
                }
            },
            Step::Part(name) => {
                let named =
                    |one: &&Node| one.text_of("name").is_some_and(|its| its.eq_ignore_ascii_case(name));
                let part = plan.node.list().iter().find(named);
                plan.node = part.ok_or(Stop { at: plan.node.start, why: Why::Code })?;
            }
        }
    }
    if !matches!(plan.node.kind, Kind::Object(_)) {
        return Err(Stop { at: plan.node.start, why: Why::Code });
    }
    let mut there: Vec<&Member> = op.keys.iter().filter_map(|key| plan.node.member(key)).collect();
    let Some((key, value)) = op.new.clone() else {
        plan.gone = there;
        return Ok(plan);
    };
    if let Some(at) = there.iter().find_map(|member| member.value.code()) {
        return Err(Stop { at, why: Why::Code });
    }
    if there.is_empty() {
        plan.added = Some((key, value));
        return Ok(plan);
    }
    let first = there.remove(0);
    plan.gone = there;
    // A list of one stays a list, unless it may be a word that no list takes.
    let address = value
        .as_str()
        .is_some_and(|text| text.starts_with(|c: char| c.is_ascii_hexdigit()) && text != "AzureCloud");
    let (key, value) = match op.keys.as_slice() {
        [_, list] if first.key.eq_ignore_ascii_case(list) && address => {
            (list.clone(), Value::Array(vec![value]))
        }
        _ => (key, value),
    };
    let same = first.value.plain().is_some_and(|plain| means(&plain) == means(&value));
    if !same || !first.key.eq_ignore_ascii_case(&key) {
        plan.replaced = Some((first, key, value));
    }
    Ok(plan)
}

/// A number and a text of it are the same here.
fn means(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// Adds a part to a list.
pub(super) fn appended(source: &Source<'_>, list: &Node, value: &Value) -> Result<Change, Stop> {
    let Some(last) = list.list().last() else {
        let pad = indent(source.text, list.start);
        let unit = unit(source.text);
        let inner = reindent(&written(source.syntax, value), &format!("{pad}{unit}"), &unit);
        return Ok(Change {
            start: list.start,
            end: list.end,
            text: format!("[\n{pad}{unit}{inner}\n{pad}]"),
        });
    };
    let pad = indent(source.text, last.start);
    let own_line = source
        .text
        .get(..last.start)
        .is_some_and(|before| before.trim_end_matches([' ', '\t']).ends_with('\n'));
    if !own_line && source.syntax != Syntax::Json {
        return Err(Stop { at: last.start, why: Why::Hand });
    }
    let text = reindent(&written(source.syntax, value), &pad, &unit(source.text));
    let (comma, at) = match source.syntax {
        Syntax::Json => (",", last.end),
        _ => ("", line_end(source.text, last.end)),
    };
    Ok(Change { start: at, end: at, text: format!("{comma}\n{pad}{text}") })
}

/// Takes out a member, a block or a part of a list. `gone` are the starts of all that goes.
pub(super) fn removal(
    source: &Source<'_>,
    siblings: &[(usize, usize)],
    (start, end): (usize, usize),
    gone: &[usize],
) -> Vec<Change> {
    let text = source.text;
    let after = |at: usize| text.get(at..).unwrap_or_default();
    let blank = |at: usize| at + after(at).len() - after(at).trim_start_matches([' ', '\t', '\r']).len();
    let mut out = Vec::new();
    let mut end = end;
    let comma = at_comma(source, end);
    match comma {
        Some(at) => end = at + 1,
        None if source.syntax == Syntax::Json => {
            // The comma in front of the last one that stays goes with it.
            let before = siblings.iter().rev().find(|(its, _)| *its < start && !gone.contains(its));
            let last = siblings.iter().all(|(its, _)| *its <= start);
            if let Some(at) = before.filter(|_| last).and_then(|(_, end)| at_comma(source, *end)) {
                out.push(Change { start: at, end: at + 1, text: String::new() });
            }
        }
        None => {}
    }
    let line = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let alone = text.get(line..start).is_some_and(|before| before.trim().is_empty());
    let mut to = blank(end);
    let scan = super::scan::Scan { text, syntax: source.syntax };
    if let Some((comment, true)) = scan.comment(to) {
        to = comment;
    }
    if alone && matches!(text.as_bytes().get(to), None | Some(b'\n')) {
        let mut to = (to + 1).min(text.len());
        // Of two empty lines around it one is enough.
        let empty_before =
            text.get(..line).is_some_and(|before| before.ends_with("\n\n") || before.is_empty());
        if empty_before && after(to).starts_with('\n') {
            to += 1;
        }
        out.push(Change { start: line, end: to, text: String::new() });
    } else {
        out.push(Change { start, end: if comma.is_some() { blank(end) } else { end }, text: String::new() });
    }
    out
}

/// The comma behind a value, over comments.
fn at_comma(source: &Source<'_>, end: usize) -> Option<usize> {
    let scan = super::scan::Scan { text: source.text, syntax: source.syntax };
    let at = scan.skip(end, source.syntax == Syntax::Json, false);
    (scan.byte(at) == Some(b',')).then_some(at)
}

fn replaced(source: &Source<'_>, member: &Member, key: &str, value: &Value) -> Change {
    let pad = indent(source.text, member.start);
    let text = reindent(&written(source.syntax, value), &pad, &unit(source.text));
    let end = member.value.end;
    if member.key.eq_ignore_ascii_case(key) {
        return Change { start: member.value.start, end, text };
    }
    // The sign between stays in its column where there is room.
    let between = source.text.get(member.start..member.value.start).unwrap_or_default();
    let column = between.find('=').unwrap_or(0).saturating_sub(1);
    let text = match source.syntax {
        Syntax::Terraform => format!("{key:column$} = {text}"),
        syntax => format!("{}: {text}", name(syntax, key)),
    };
    Change { start: member.start, end, text }
}

fn addition(
    source: &Source<'_>,
    node: &Node,
    key: &str,
    value: &Value,
    gone: &[usize],
) -> Result<Change, Stop> {
    let (text, unit) = (source.text, unit(source.text));
    let member = |pad: &str, column: usize| {
        let value = reindent(&written(source.syntax, value), pad, &unit);
        match source.syntax {
            Syntax::Terraform => format!("{key:column$} = {value}"),
            syntax => format!("{}: {value}", name(syntax, key)),
        }
    };
    let kept = || node.members().iter().filter(|member| !gone.contains(&member.start));
    let Some(anchor) = kept().rfind(|member| member.block.is_none()).or_else(|| kept().next()) else {
        let pad = indent(text, node.start);
        let inner = member(&format!("{pad}{unit}"), 0);
        return Ok(Change {
            start: node.start + 1,
            end: node.end - 1,
            text: format!("\n{pad}{unit}{inner}\n{pad}"),
        });
    };
    let pad = indent(text, anchor.start);
    let end = line_end(text, anchor.end());
    if source.syntax == Syntax::Json {
        let one_line = text.get(node.start..anchor.start).is_some_and(|before| !before.contains('\n'));
        let between = if one_line { " ".to_owned() } else { format!("\n{pad}") };
        return Ok(Change {
            start: anchor.start,
            end: anchor.start,
            text: format!("{},{between}", member(&pad, 0)),
        });
    }
    if anchor.block.is_some() {
        return Err(Stop { at: anchor.start, why: Why::Hand });
    }
    // All of it on one line: Bicep takes one more there, a block of Terraform does not.
    if end >= node.end {
        let comma = format!(", {}", member(&pad, 0));
        return match (source.syntax, text.get(node.start + 1..node.end - 1)) {
            (Syntax::Terraform, Some(inner)) => {
                let (inner, added) = (inner.trim(), member(&format!("{pad}{unit}"), 0));
                let text = format!("\n{pad}{unit}{inner}\n{pad}{unit}{added}\n{pad}");
                Ok(Change { start: node.start + 1, end: node.end - 1, text })
            }
            _ => Ok(Change { start: anchor.end(), end: anchor.end(), text: comma }),
        };
    }
    let between = text.get(anchor.start..anchor.value.start).unwrap_or_default();
    let column = between.find('=').unwrap_or(0).saturating_sub(1);
    let comma = match source.syntax == Syntax::Bicep || at_comma(source, anchor.end()).is_none() {
        true => "",
        false => ",",
    };
    Ok(Change { start: end, end, text: format!("\n{pad}{}{comma}", member(&pad, column)) })
}

fn name(syntax: Syntax, key: &str) -> String {
    match syntax {
        Syntax::Terraform => key.to_owned(),
        Syntax::Bicep => bicep::key(key),
        Syntax::Json => Value::from(key).to_string(),
    }
}

/// A value as this syntax writes it, two spaces a step.
fn written(syntax: Syntax, value: &Value) -> String {
    let mut text = String::new();
    match syntax {
        Syntax::Terraform => hcl::value(value, 0, &mut text),
        Syntax::Bicep => bicep::value(value, 0, &mut text),
        Syntax::Json => text = format!("{:#}", arm::literals(value)),
    }
    text
}

/// Lines behind the first, moved in.
pub(super) fn reindent(text: &str, pad: &str, unit: &str) -> String {
    let mut lines = text.split('\n');
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let bare = line.trim_start_matches(' ');
        out.push('\n');
        if !bare.is_empty() {
            out += pad;
            out += &unit.repeat((line.len() - bare.len()) / 2);
            out += bare;
        }
    }
    out
}

/// What stands at the front of the line of a byte.
pub(super) fn indent(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rfind('\n').map_or(before, |end| before.get(end + 1..).unwrap_or_default());
    line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect()
}

/// One step in, as the file has it.
pub(super) fn unit(text: &str) -> String {
    let first = text.lines().find(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty());
    let pad: String = first.unwrap_or("  ").chars().take_while(|c| matches!(c, ' ' | '\t')).take(8).collect();
    if pad.starts_with('\t') { "\t".to_owned() } else { pad }
}

/// The end of the line of a byte, before what ends it.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.find('\n').map_or(rest, |end| rest.get(..end).unwrap_or_default());
    at + line.trim_end_matches('\r').len()
}
