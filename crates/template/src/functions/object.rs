//! Functions of objects, and those that merge objects or lists.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-object>.

use super::compare::{all, any, same};
use super::{Call, Outcome, Stop, is_vague, respan};
use crate::fault::{FaultKind, What};
use crate::value::{Kind, Member, Object, Unknown, Value};

pub(super) fn create(call: &Call<'_>) -> Outcome {
    let mut members = Vec::with_capacity(call.args.len() / 2);
    for pair in call.args.chunks(2) {
        let [name, value] = pair else {
            return Err(call.wrong());
        };
        let name = match &name.kind {
            Kind::Text(text) => text.clone(),
            Kind::Parts(_) => return Err(Stop::Unknown),
            _ => return Err(call.mismatch(name)),
        };
        members.push(Member { name, at: call.at, value: value.clone() });
    }
    call.new_object(members)
}

pub(super) fn null(call: &Call<'_>) -> Outcome {
    Ok(Value::new(Kind::Null, call.at))
}

fn object<'c>(call: &Call<'c>, value: &'c Value) -> Result<&'c Object, Stop> {
    value.object().ok_or_else(|| call.mismatch(value))
}

fn sorted<'c>(call: &Call<'c>) -> Result<Vec<&'c Member>, Stop> {
    let mut members: Vec<&Member> = object(call, call.arg(0)?)?.members().iter().collect();
    members.sort_by_cached_key(|member| member.name.to_ascii_lowercase());
    Ok(members)
}

/// In the order of the keys, as the page shows and the reference of Bicep says.
pub(super) fn items(call: &Call<'_>) -> Outcome {
    let item = |member: &Member| {
        let key = Value::new(Kind::Text(member.name.clone()), member.at);
        Value::of_object(vec![("key", key), ("value", member.value.clone())], call.at)
    };
    call.new_list(sorted(call)?.into_iter().map(item).collect())
}

pub(super) fn keys(call: &Call<'_>) -> Outcome {
    let key = |member: &Member| Value::new(Kind::Text(member.name.clone()), member.at);
    call.new_list(sorted(call)?.into_iter().map(key).collect())
}

pub(super) fn json(call: &Call<'_>) -> Outcome {
    parsed(call, call.text(0)?)
}

pub(super) fn parsed(call: &Call<'_>, text: &str) -> Outcome {
    let value = crate::json::read(text.as_bytes(), call.at.file).map_err(|fault| fault.kind)?;
    Ok(super::bounded(respan(value, call.at))?)
}

pub(super) fn shallow_merge(call: &Call<'_>) -> Outcome {
    let list = call.arg(0)?;
    let mut members = Vec::new();
    for value in list.list().ok_or_else(|| call.mismatch(list))? {
        members.extend_from_slice(object(call, value)?.members());
    }
    call.new_object(members)
}

pub(super) fn union(call: &Call<'_>) -> Outcome {
    merge(
        call,
        |call, lists| distinct(call, lists.concat()),
        |call, objects| {
            let merged =
                objects.into_iter().try_fold(Vec::new(), |members, object| merged(call, members, object))?;
            call.new_object(merged)
        },
    )
}

pub(super) fn intersection(call: &Call<'_>) -> Outcome {
    merge(call, common, common_members)
}

/// Calls one of two functions with all arguments, by what they are.
fn merge(
    call: &Call<'_>,
    of_lists: impl Fn(&Call<'_>, Vec<&[Value]>) -> Outcome,
    of_objects: impl Fn(&Call<'_>, Vec<&Object>) -> Outcome,
) -> Outcome {
    let (mut lists, mut objects, mut known) = (Vec::new(), Vec::new(), true);
    for value in call.args {
        match &value.kind {
            Kind::List(items) => lists.push(items.as_slice()),
            Kind::Object(object) => objects.push(&**object),
            // Nothing is added by null.
            Kind::Null => {}
            _ if is_vague(value) => known = false,
            _ => return Err(call.wrong()),
        }
    }
    match (lists.is_empty(), objects.is_empty()) {
        (false, false) => Err(call.wrong()),
        _ if !known => Err(Stop::Unknown),
        (false, true) => of_lists(call, lists),
        (true, false) => of_objects(call, objects),
        (true, true) => null(call),
    }
}

/// The most pairs of elements that are compared.
const PAIR_LIMIT: usize = 16_000_000;

fn pairs(left: usize, right: usize) -> Result<(), Stop> {
    if left.saturating_mul(right) > PAIR_LIMIT {
        return Err(FaultKind::TooLarge { what: "pairs that are compared", limit: PAIR_LIMIT as u64 }.into());
    }
    Ok(())
}

/// The elements without those that stand there before.
fn distinct(call: &Call<'_>, items: Vec<Value>) -> Outcome {
    pairs(items.len(), items.len())?;
    let mut kept: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        match any(kept.iter().map(|other| same(other, &item))) {
            Some(true) => {}
            Some(false) => kept.push(item),
            None => return Err(Stop::Unknown),
        }
    }
    call.new_list(kept)
}

fn common(call: &Call<'_>, lists: Vec<&[Value]>) -> Outcome {
    let Some((first, others)) = lists.split_first() else {
        return null(call);
    };
    let mut kept = Vec::new();
    for list in others {
        pairs(first.len(), list.len())?;
    }
    for item in *first {
        let held = others.iter().map(|list| any(list.iter().map(|other| same(other, item))));
        match all(held) {
            Some(true) => kept.push(item.clone()),
            Some(false) => {}
            None => return Err(Stop::Unknown),
        }
    }
    distinct(call, kept)
}

fn common_members(call: &Call<'_>, objects: Vec<&Object>) -> Outcome {
    let Some((first, others)) = objects.split_first() else {
        return null(call);
    };
    let mut kept = Vec::new();
    for member in first.members() {
        let held = others.iter().map(|object| match object.get(&member.name) {
            Some(value) => same(value, &member.value),
            None => Some(false),
        });
        match all(held) {
            Some(true) => kept.push(member.clone()),
            Some(false) => {}
            None => return Err(Stop::Unknown),
        }
    }
    call.new_object(kept)
}

/// The members of an object over those before: objects are merged, all else is overwritten.
fn merged(call: &Call<'_>, before: Vec<Member>, object: &Object) -> Result<Vec<Member>, Stop> {
    if before.is_empty() {
        return Ok(object.members().to_vec());
    }
    let before = Object::new(before);
    let mut members = before.members().to_vec();
    for member in object.members() {
        let value = match (before.get(&member.name), &member.value) {
            (Some(Value { kind: Kind::Object(old), .. }), Value { kind: Kind::Object(new), at }) => {
                let inner = merged(call, old.members().to_vec(), new)?;
                Value::new(Kind::Object(Object::new(inner).into()), *at)
            }
            // It may be an object, which would be merged.
            (Some(old), new) if may_be_object(old) && may_be_object(new) => {
                let doubt = old.doubt().or(new.doubt());
                let Some(unknown) = doubt else {
                    return Err(Stop::Unknown);
                };
                let key = format!("union({},{})", old.key(), new.key());
                let unknown = Unknown::new(key, call.label(doubt), unknown.why.clone());
                Value::new(Kind::Unknown(unknown), new.at)
            }
            (_, new) => new.clone(),
        };
        // Of members with one name the last one counts.
        members.push(Member { value, ..member.clone() });
    }
    Ok(members)
}

fn may_be_object(value: &Value) -> bool {
    value.object().is_some() || is_vague(value)
}

/// Takes one step after the other: the first may lead nowhere, which gives null, the others may not.
pub(super) fn try_get(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    if value.is_null() {
        return null(call);
    }
    match step(call, value, call.arg(1)?)? {
        Some(value) => walk(call, value),
        None => null(call),
    }
}

pub(super) fn try_index_from_end(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    if value.is_null() {
        return null(call);
    }
    let items = value.list().ok_or_else(|| call.mismatch(value))?;
    match super::list::from_end(items, call.int(1)?) {
        Some(value) => walk(call, value),
        None => null(call),
    }
}

fn walk(call: &Call<'_>, mut value: &Value) -> Outcome {
    for key in call.args.get(2..).unwrap_or_default() {
        if value.is_null() {
            return null(call);
        }
        value = step(call, value, key)?.ok_or_else(|| FaultKind::Missing {
            what: What::Property,
            name: key.shown().unwrap_or_default().into(),
        })?;
    }
    Ok(value.clone())
}

/// One step into a value: by a name, by a place, or by `{value: place, fromEnd: true}`, as Bicep writes it.
fn step<'v>(call: &Call<'_>, value: &'v Value, key: &Value) -> Result<Option<&'v Value>, Stop> {
    match (&value.kind, &key.kind) {
        (Kind::Object(object), Kind::Text(name)) => Ok(object.get(name)),
        (Kind::List(items), Kind::Int(at)) => Ok(usize::try_from(*at).ok().and_then(|at| items.get(at))),
        (_, Kind::Object(path)) => {
            let from_end = path.get("fromEnd").is_some_and(|value| matches!(value.kind, Kind::Bool(true)));
            match (path.get("value"), value.list()) {
                (Some(Value { kind: Kind::Int(at), .. }), Some(items)) if from_end => {
                    Ok(super::list::from_end(items, *at))
                }
                (Some(key), _) if !from_end && key.object().is_none() => step(call, value, key),
                _ if is_vague(value) || key.doubt_within().is_some() => Err(Stop::Unknown),
                _ => Err(call.wrong()),
            }
        }
        _ if is_vague(value) || key.doubt().is_some() => Err(Stop::Unknown),
        _ => Err(call.wrong()),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn objects_are_made_and_listed() {
        check("createObject", r#"["a",1,"b",[2]]"#, r#"{"a":1,"b":[2,],}"#);
        check("createObject", "[]", "{}");
        check("createObject", r#"["a",{"$u":"u"}]"#, r#"{"a":u,}"#);
        check("createObject", r#"[{"$u":"u"},1]"#, "createObject(u,1)");
        check("createObject", r#"["a"]"#, "! `createObject` takes createObject(key1, value1, ...)");
        check(
            "items",
            r#"[{"item002":2,"item001":{"$u":"u"}}]"#,
            r#"[{"key":"item001","value":u,},{"key":"item002","value":2,},]"#,
        );
        check("objectKeys", r#"[{"b":1,"a":2}]"#, r#"["a","b",]"#);
        check("json", r#"["{'a': [1, null]}"]"#, r#"{"a":[1,null,],}"#);
        check("json", r#"["null"]"#, "null");
        check("json", r#"["\"test\""]"#, r#""test""#);
        check("json", r#"["{"]"#, "! not JSON: it ends in the middle of a value");
        check("json", r#"[{"$p":["{",{"$u":"u"},"}"]}]"#, r#"json("{{u}}")"#);
        check("null", "[]", "null");
    }

    #[test]
    fn objects_and_lists_are_merged() {
        check(
            "union",
            r#"[{"one":"a","three":"c1"},{"three":"c2","four":"d"}]"#,
            r#"{"one":"a","three":"c2","four":"d",}"#,
        );
        check("union", r#"[["one","two"],["two","three"]]"#, r#"["one","two","three",]"#);
        check(
            "union",
            r#"[{"p":{"a":1,"b":2},"n":[1,2]},{"P":{"b":3},"n":[3]}]"#,
            r#"{"P":{"a":1,"b":3,},"n":[3,],}"#,
        );
        check("union", r#"[[["a","b"],["c"]],[["c"],["d","b"]]]"#, r#"[["a","b",],["c",],["d","b",],]"#);
        check("union", r#"[{"a":1},{"$u":"u"}]"#, r#"union({"a":1,},u)"#);
        check("union", r#"[{"a":1,"b":{"$u":"v"}},{"a":{"$u":"u"}}]"#, r#"{"a":u,"b":v,}"#);
        check("union", r#"[{"a":{"x":1}},{"a":{"$u":"u"}}]"#, r#"{"a":union({"x":1,},u),}"#);
        check("union", r#"[[{"$u":"u"}],[{"$u":"u"}]]"#, "[u,]");
        check("union", r#"[["a"],[{"$u":"u"}]]"#, r#"union(["a",],[u,])"#);
        check("union", r#"[[1],{}]"#, "! `union` takes union(arg1, arg2, ...) of arrays or of objects");
        check("intersection", r#"[{"one":"a","two":"b"},{"one":"a","two":"z"}]"#, r#"{"one":"a",}"#);
        check("intersection", r#"[["one","two","three"],["three","two"]]"#, r#"["two","three",]"#);
        check("intersection", r#"[["a"],[{"$u":"u"}]]"#, r#"intersection(["a",],[u,])"#);
        check(
            "intersection",
            r#"[["a",{"$u":"u"}],[{"$u":"u"},"a"]]"#,
            "intersection([\"a\",u,],[u,\"a\",])",
        );
        check("shallowMerge", r#"[[{"a":{"x":1},"b":1},{"a":{"y":2}}]]"#, r#"{"a":{"y":2,},"b":1,}"#);
        check("shallowMerge", "[[]]", "{}");
    }

    #[test]
    fn members_may_be_missing() {
        check("tryGet", r#"[{"a":{"b":1}},"a","b"]"#, "1");
        check("tryGet", r#"[{"a":1},"c"]"#, "null");
        check("tryGet", r#"[{"a":1},"c","d"]"#, "null");
        check("tryGet", r#"[{"a":{}},"a","b"]"#, "! no property `b`");
        check("tryGet", r#"[null,"a"]"#, "null");
        check("tryGet", "[[1,2],1]", "2");
        check("tryGet", "[[1,2],2]", "null");
        check("tryGet", r#"[[1,2,3],{"value":1,"fromEnd":true}]"#, "3");
        check("tryGet", r#"[{"$u":"u"},"a"]"#, r#"tryGet(u,"a")"#);
        check("tryIndexFromEnd", "[[1,2,3],1]", "3");
        check("tryIndexFromEnd", "[[1,2,3],10]", "null");
        check("tryIndexFromEnd", r#"[[{"a":1},2],2,"a"]"#, "1");
    }
}
