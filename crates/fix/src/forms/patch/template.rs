//! Where Bicep and ARM templates have what is written.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::edit::{Op, Source, Step, Stop, Why, appended};
use super::rules;
use super::tree::{DEPTH, Kind, Node, Syntax};
use super::{Spot, What};
use crate::forms::rule::Rule;
use crate::forms::target::Target;
use crate::write::{Act, Write, writable};

/// A resource of a template.
struct Resource<'s> {
    kind: String,
    /// Names with `/` between them; nothing where they are not known.
    name: Option<String>,
    node: &'s Node,
    range: (usize, usize),
    siblings: Vec<(usize, usize)>,
    symbol: Option<String>,
}

pub(super) fn spots<'s>(sources: &'s [Source<'s>], write: &Write, target: &Target) -> Vec<Spot<'s>> {
    let mut spots = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let mut all = Vec::new();
        match source.syntax {
            Syntax::Terraform => continue,
            Syntax::Bicep => bicep(source, &source.root, None, &BTreeMap::new(), &mut all),
            Syntax::Json => json_resources(&source.root, None, 0, &mut all),
        }
        for one in &all {
            spots.extend(spot(source, file, one, write, target));
        }
    }
    spots
}

fn spot<'s>(
    source: &Source<'s>,
    file: usize,
    one: &Resource<'s>,
    write: &Write,
    target: &Target,
) -> Option<Spot<'s>> {
    let name = one.name.as_deref()?;
    let at = one.range.0;
    if one.kind.eq_ignore_ascii_case(&target.kind()) && name.eq_ignore_ascii_case(&target.path()) {
        let what = match &write.act {
            Act::Delete { .. } => {
                What::Goes { siblings: one.siblings.clone(), range: one.range, symbol: one.symbol.clone() }
            }
            _ => match ops(write, one.node) {
                Some(ops) => What::Members(ops),
                None => What::Stops(Stop { at, why: Why::Hand }),
            },
        };
        return Some(Spot { file, at, what });
    }
    let group = one.kind.eq_ignore_ascii_case("Microsoft.Network/networkSecurityGroups")
        && target.is("microsoft.network/networksecuritygroups/securityrules")
        && name.eq_ignore_ascii_case(target.name_at(0));
    if !group {
        return None;
    }
    let properties = one.node.get("properties")?;
    let new = matches!(write.act, Act::Put { was: None, .. });
    let Some(rules) = properties.get("securityRules") else {
        let value = inline(write, target).filter(|_| new)?;
        let op = Op {
            path: vec![Step::Member("properties".to_owned())],
            keys: vec!["securityRules".to_owned()],
            new: Some(("securityRules".to_owned(), json!([value]))),
        };
        return Some(Spot { file, at, what: What::Members(vec![(one.node, op)]) });
    };
    if !matches!(rules.kind, Kind::List(_)) {
        return Some(Spot { file, at, what: What::Stops(Stop { at: rules.start, why: Why::Code }) });
    }
    let named =
        |rule: &&Node| rule.text_of("name").is_some_and(|its| its.eq_ignore_ascii_case(target.name()));
    match rules.list().iter().find(named) {
        Some(rule) => {
            let what = match &write.act {
                Act::Delete { .. } => What::Goes {
                    siblings: rules.list().iter().map(|one| (one.start, one.end)).collect(),
                    range: (rule.start, rule.end),
                    symbol: None,
                },
                _ => match ops(write, rule) {
                    Some(ops) => What::Members(ops),
                    None => What::Stops(Stop { at: rule.start, why: Why::Hand }),
                },
            };
            Some(Spot { file, at: rule.start, what })
        }
        None if new => {
            let what = match appended(source, rules, &inline(write, target)?) {
                Ok(change) => What::Text(change),
                Err(stop) => What::Stops(stop),
            };
            Some(Spot { file, at: rules.start, what })
        }
        None => None,
    }
}

/// A rule as a part of its group.
fn inline(write: &Write, target: &Target) -> Option<Value> {
    let Act::Put { becomes, .. } = &write.act else { return None };
    let properties = writable(becomes.get("properties")?);
    Some(json!({"name": target.name(), "properties": properties}))
}

/// What a write changes in an object of Azure's shape; nothing where that cannot be said.
pub(super) fn ops<'s>(write: &Write, node: &'s Node) -> Option<Vec<(&'s Node, Op)>> {
    match &write.act {
        Act::Put { was, becomes } => {
            if let Some(rule) = Rule::read(becomes) {
                let was = was.as_ref().and_then(Rule::read);
                return Some(
                    rules::ops(was.as_ref(), &rule, false).into_iter().map(|op| (node, op)).collect(),
                );
            }
            let all = differences(was.as_ref(), becomes);
            let op = |(name, value): (String, Option<Value>)| Op {
                path: vec![Step::Member("properties".to_owned())],
                keys: vec![name.clone()],
                new: value.map(|value| (name, value)),
            };
            Some(all.into_iter().map(|one| (node, op(one))).collect())
        }
        Act::Edit { edits, .. } => edits
            .iter()
            .map(|edit| {
                let mut path = steps(&edit.path)?;
                let Some(Step::Member(name)) = path.pop() else { return None };
                let new = edit.becomes.clone().map(|value| (name.clone(), value));
                Some((node, Op { path, keys: vec![name], new }))
            })
            .collect(),
        _ => None,
    }
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut all = Vec::new();
    for step in path.split('/').filter(|step| !step.is_empty()) {
        match step.split_once('[') {
            Some((name, part)) => {
                all.push(Step::Member(name.to_owned()));
                all.push(Step::Part(part.strip_suffix(']')?.to_owned()));
            }
            None => all.push(Step::Member(step.to_owned())),
        }
    }
    Some(all)
}

/// The properties that are not as they were, and what they become.
pub(super) fn differences(was: Option<&Value>, becomes: &Value) -> Vec<(String, Option<Value>)> {
    let empty = Map::new();
    let properties =
        |value: &Value| value.get("properties").map(writable).and_then(|all| all.as_object().cloned());
    let before = was.and_then(properties).unwrap_or_default();
    let after = properties(becomes).unwrap_or(empty);
    let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(*value));
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    changed
        .map(|(name, value)| (name.clone(), Some(value.clone())))
        .chain(gone.map(|name| (name.clone(), None)))
        .collect()
}

type Known = BTreeMap<String, (String, Option<String>)>;

/// The resources of a Bicep file, and those inside of them.
fn bicep<'s>(
    source: &Source<'s>,
    node: &'s Node,
    above: Option<(&str, Option<&str>)>,
    outer: &Known,
    all: &mut Vec<Resource<'s>>,
) {
    let siblings: Vec<(usize, usize)> = node.members().iter().map(|one| (one.start, one.end())).collect();
    let mut known = outer.clone();
    let mut rest: Vec<_> = node.blocks("resource").collect();
    // A parent may stand behind its child: what names it waits for it.
    for _ in 0..4 {
        let mut later = Vec::new();
        for member in std::mem::take(&mut rest) {
            let kind = member.label(1).split('@').next().unwrap_or_default();
            let own = member.value.text_of("name");
            let parent = member.value.get("parent");
            let symbol = parent.and_then(|parent| source.text.get(parent.start..parent.end)).map(str::trim);
            let (kind, name) = match (above, symbol) {
                (Some((outer, name)), _) => {
                    (format!("{outer}/{kind}"), name.zip(own).map(|(outer, own)| format!("{outer}/{own}")))
                }
                (None, Some(symbol)) => match known.get(symbol) {
                    Some((_, name)) => (
                        kind.to_owned(),
                        name.as_deref().zip(own).map(|(outer, own)| format!("{outer}/{own}")),
                    ),
                    None => {
                        later.push(member);
                        continue;
                    }
                },
                (None, None) => (kind.to_owned(), own.map(str::to_owned)),
            };
            known.insert(member.label(0).to_owned(), (kind.clone(), name.clone()));
            bicep(source, &member.value, Some((&kind, name.as_deref())), &Known::new(), all);
            if member.label(2) != "existing" {
                all.push(Resource {
                    kind,
                    name,
                    node: &member.value,
                    range: (member.start, member.end()),
                    siblings: siblings.clone(),
                    symbol: Some(member.label(0).to_owned()),
                });
            }
        }
        rest = later;
    }
}

/// The resources of a template, those inside of them, and those of deployments inside.
fn json_resources<'s>(
    node: &'s Node,
    above: Option<(&str, Option<&str>)>,
    depth: usize,
    all: &mut Vec<Resource<'s>>,
) {
    let Some(list) = node.get("resources").filter(|_| depth < DEPTH) else { return };
    let inner: Vec<(usize, &'s Node)> = match &list.kind {
        Kind::List(list) => list.iter().map(|one| (one.start, one)).collect(),
        Kind::Object(members) => members.iter().map(|member| (member.start, &member.value)).collect(),
        _ => return,
    };
    let siblings: Vec<(usize, usize)> = inner.iter().map(|(start, one)| (*start, one.end)).collect();
    for (start, one) in &inner {
        let (start, one) = (*start, *one);
        let Some(kind) = one.text_of("type") else { continue };
        let own = one.text_of("name");
        let (kind, name) = match above {
            // A child says its type and name alone, or in full.
            Some((outer, name)) if !kind.contains('.') => {
                (format!("{outer}/{kind}"), name.zip(own).map(|(outer, own)| format!("{outer}/{own}")))
            }
            _ => (kind.to_owned(), own.map(str::to_owned)),
        };
        json_resources(one, Some((&kind, name.as_deref())), depth + 1, all);
        if let Some(template) = one.get("properties").and_then(|properties| properties.get("template")) {
            json_resources(template, None, depth + 1, all);
        }
        // One that is only referred to is none of the template's.
        let existing =
            matches!(one.get("existing").map(|node| &node.kind), Some(Kind::Word(word)) if word == "true");
        if !existing {
            all.push(Resource {
                kind,
                name,
                node: one,
                range: (start, one.end),
                siblings: siblings.clone(),
                symbol: None,
            });
        }
    }
}
