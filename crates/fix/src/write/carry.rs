//! What other people have written meanwhile is kept: the difference of a write, made to what is really there.

use serde_json::{Map, Value};

use super::{PAIRS, member, same, words};

/// A resource as it is to be written: `found` with what changes from `was` to `becomes`. Nothing where something of others cannot
/// be kept.
pub(super) fn resource(found: &Value, was: &Value, becomes: &Value) -> Option<Value> {
    let mut all = carried(found, was, becomes)?;
    // Which resource it is the address tells.
    if let (Some(members), Some(wanted)) = (all.as_object_mut(), becomes.as_object()) {
        members.retain(|name, _| {
            !["id", "name", "type"].iter().any(|its| name.eq_ignore_ascii_case(its))
                || member(wanted, name).is_some()
        });
    }
    Some(all)
}

/// A value with what changes from `was` to `becomes`. Nothing where something of others cannot be kept.
pub(super) fn carried(found: &Value, was: &Value, becomes: &Value) -> Option<Value> {
    match (found, was, becomes) {
        _ if was == becomes => Some(found.clone()),
        (Value::Object(found), Value::Object(was), Value::Object(becomes)) => {
            object(found, was, becomes).map(Value::Object)
        }
        (Value::Array(found), Value::Array(was), Value::Array(becomes)) => {
            list(found, was, becomes).map(Value::Array)
        }
        _ => Some(becomes.clone()),
    }
}

fn object(
    found: &Map<String, Value>,
    was: &Map<String, Value>,
    becomes: &Map<String, Value>,
) -> Option<Map<String, Value>> {
    let mut all = found.clone();
    let mut paired: Vec<&str> = Vec::new();
    for pair in PAIRS {
        paired.extend([pair.0, pair.1]);
        if words(was, pair) == words(becomes, pair) {
            continue;
        }
        for name in [pair.0, pair.1] {
            put(&mut all, name, member(becomes, name).cloned());
        }
    }
    let new = becomes.keys().filter(|name| member(was, name).is_none());
    for name in was.keys().chain(new) {
        let (its, before, after) = (member(found, name), member(was, name), member(becomes, name));
        if before == after || paired.iter().any(|one| one.eq_ignore_ascii_case(name)) {
            continue;
        }
        let value = match (its, before, after) {
            (Some(its), Some(before), Some(after)) => Some(carried(its, before, after)?),
            (Some(its @ Value::Object(_)), None, Some(after @ Value::Object(_))) => {
                Some(carried(its, &Value::Object(Map::new()), after)?)
            }
            (_, _, after) => after.cloned(),
        };
        put(&mut all, name, value);
    }
    Some(all)
}

fn put(members: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    let key = members.keys().find(|its| its.eq_ignore_ascii_case(name)).cloned();
    match (value, key) {
        (Some(value), key) => drop(members.insert(key.unwrap_or_else(|| name.to_owned()), value)),
        (None, Some(key)) => drop(members.shift_remove(&key)),
        (None, None) => {}
    }
}

/// What tells the parts of a list apart, where something does: in all of them, and each once in a list.
fn key(lists: [&[Value]; 3]) -> Option<impl Fn(&Value) -> Option<String>> {
    const KEYS: [&[&str]; 3] = [&["id"], &["name"], &["number", "protocol"]];
    let of = |names: &[&str], value: &Value| {
        let members = value.as_object()?;
        let (first, rest) = names.split_first()?;
        let mut text = member(members, first)?.to_string().to_ascii_lowercase();
        for name in rest {
            text.push(' ');
            text.extend(member(members, name).map(|its| its.to_string().to_ascii_lowercase()));
        }
        Some(text)
    };
    let tells = |names: &&&[&str]| {
        lists.iter().all(|list| {
            let mut seen = std::collections::HashSet::new();
            list.iter().all(|part| of(names, part).is_some_and(|key| seen.insert(key)))
        })
    };
    let names = *KEYS.iter().find(tells)?;
    Some(move |value: &Value| of(names, value))
}

/// A list: the parts that are to be there, in their order, and after them those of others.
fn list(found: &[Value], was: &[Value], becomes: &[Value]) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    let Some(key) = key([found, was, becomes]) else { return plain(found, was, becomes) };
    let find = |list: &'_ [Value], part: &Value| {
        let wanted = key(part);
        list.iter().position(|one| key(one) == wanted)
    };
    let at = |list: &[Value], part: &Value| find(list, part).and_then(|at| list.get(at).cloned());
    for part in becomes {
        match (at(found, part), at(was, part)) {
            (Some(its), Some(before)) => all.push(carried(&its, &before, part)?),
            (Some(its), None) => all.push(carried(&its, &Value::Object(Map::new()), part)?),
            // Somebody has taken it out.
            (None, Some(before)) if before == *part => {}
            (None, _) => all.push(part.clone()),
        }
    }
    let others = found.iter().filter(|part| find(was, part).is_none() && find(becomes, part).is_none());
    all.extend(others.cloned());
    Some(all)
}

/// A list of words, or of parts that nothing tells apart.
fn plain(found: &[Value], was: &[Value], becomes: &[Value]) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    let alike = |list: &[Value], part: &Value| list.iter().find(|one| same(Some(one), Some(part))).cloned();
    for part in becomes {
        match (was.contains(part), alike(found, part)) {
            (true, None) => {}
            (true, Some(its)) => all.push(its),
            (false, _) => all.push(part.clone()),
        }
    }
    for part in found {
        match alike(was, part) {
            None if alike(becomes, part).is_none() => all.push(part.clone()),
            // It is changed, or taken out, with whatever others have added to it.
            Some(before) if !becomes.contains(&before) && has_more(part, &before) => return None,
            _ => {}
        }
    }
    Some(all)
}

fn has_more(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.iter().any(|(name, value)| member(other, name).is_none_or(|its| has_more(value, its)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() > other.len() || one.iter().zip(other).any(|(one, other)| has_more(one, other))
        }
        _ => false,
    }
}
