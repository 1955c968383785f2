//! Functions of lists, and those that take lists, texts and objects alike.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-array>.

use std::sync::Arc;

use super::compare::{any, same};
use super::{Call, ELEMENT_LIMIT, Outcome, Stop, is_vague, text};
use crate::fault::FaultKind;
use crate::value::{Kind, Part, Value};

pub(super) fn array(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    match &value.kind {
        Kind::List(_) => Ok(value.clone()),
        // It may be a list already.
        _ if is_vague(value) => Err(Stop::Unknown),
        _ => call.new_list(vec![value.clone()]),
    }
}

pub(super) fn create(call: &Call<'_>) -> Outcome {
    call.new_list(call.args.to_vec())
}

pub(super) fn concat(call: &Call<'_>) -> Outcome {
    if call.args.iter().any(|value| value.list().is_some()) {
        let mut joined = Vec::new();
        let mut known = true;
        for value in call.args {
            match value.list() {
                Some(items) if joined.len() + items.len() <= ELEMENT_LIMIT => {
                    joined.extend_from_slice(items);
                }
                Some(_) => return Err(too_many()),
                None if is_vague(value) => known = false,
                None => return Err(call.wrong()),
            }
        }
        return if known { call.new_list(joined) } else { Err(Stop::Unknown) };
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut size = 0;
    for value in call.args {
        if value.object().is_some() {
            return Err(call.wrong());
        }
        for part in super::write::written(value)? {
            size += match &part {
                Part::Literal(text) => text.len(),
                Part::Unknown(_) => 64,
            };
            if size > super::TEXT_LIMIT {
                return Err(super::too_long());
            }
            parts.push(part);
        }
    }
    call.new_parts(parts)
}

fn too_many() -> Stop {
    FaultKind::TooLarge { what: "elements of a value", limit: ELEMENT_LIMIT as u64 }.into()
}

pub(super) fn contains(call: &Call<'_>) -> Outcome {
    let (container, item) = (call.arg(0)?, call.arg(1)?);
    match &container.kind {
        Kind::List(items) => call.maybe(any(items.iter().map(|other| same(other, item)))),
        Kind::Object(object) if object.members().is_empty() => call.truth(false),
        Kind::Object(object) => match &item.kind {
            Kind::Int(number) => call.truth(object.get(&number.to_string()).is_some()),
            _ => call.truth(object.get(call.text(1)?).is_some()),
        },
        Kind::Text(_) | Kind::Parts(_) => {
            let find = super::write::written(item)?;
            let find = match find.as_slice() {
                [] => "",
                [Part::Literal(find)] => find,
                _ => return Err(Stop::Unknown),
            };
            let found = container.parts().unwrap_or_default().iter().any(|part| match part {
                Part::Literal(text) => text.contains(find),
                Part::Unknown(_) => find.is_empty(),
            });
            call.maybe(if container.doubt().is_some() && !found { None } else { Some(found) })
        }
        _ => Err(call.mismatch(container)),
    }
}

pub(super) fn empty(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    match &value.kind {
        Kind::Null => call.truth(true),
        Kind::List(items) => call.truth(items.is_empty()),
        Kind::Object(object) => call.truth(object.members().is_empty()),
        Kind::Text(text) => call.truth(text.is_empty()),
        Kind::Parts(_) if !is_vague(value) => call.truth(false),
        _ => Err(call.mismatch(value)),
    }
}

pub(super) fn length(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    match &value.kind {
        Kind::List(items) => call.count(items.len()),
        Kind::Object(object) => call.count(object.members().len()),
        Kind::Text(text) => call.count(text::units(text)),
        Kind::Parts(_) => Err(Stop::Unknown),
        _ => Err(call.mismatch(value)),
    }
}

pub(super) fn first(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    match &value.kind {
        Kind::List(items) => Ok(items.first().cloned().unwrap_or_else(|| null(call))),
        Kind::Text(_) | Kind::Parts(_) => match text::lead(value).chars().next() {
            Some(c) => call.new_text(c.encode_utf8(&mut [0; 4])),
            None if value.doubt().is_some() => Err(Stop::Unknown),
            None => call.new_text(""),
        },
        _ => Err(call.mismatch(value)),
    }
}

pub(super) fn last(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    match &value.kind {
        Kind::List(items) => Ok(items.last().cloned().unwrap_or_else(|| null(call))),
        Kind::Text(_) | Kind::Parts(_) => match text::trail(value).chars().next_back() {
            Some(c) => call.new_text(c.encode_utf8(&mut [0; 4])),
            None if value.doubt().is_some() => Err(Stop::Unknown),
            None => call.new_text(""),
        },
        _ => Err(call.mismatch(value)),
    }
}

fn null(call: &Call<'_>) -> Value {
    Value::new(Kind::Null, call.at)
}

/// The place of an element or a text; in lists the case of letters matters, in texts it does not.
pub(super) fn index_of(call: &Call<'_>) -> Outcome {
    let (value, item) = (call.arg(0)?, call.arg(1)?);
    match &value.kind {
        Kind::List(items) => place(call, items.iter().enumerate(), item),
        Kind::Text(_) | Kind::Parts(_) => {
            // The literal start of a text holds its first occurrence, if it holds one.
            match super::search::position(text::lead(value), call.text(1)?, false) {
                Some(at) => call.count(at),
                None if value.doubt().is_some() => Err(Stop::Unknown),
                None => call.number(-1),
            }
        }
        _ => Err(call.mismatch(value)),
    }
}

pub(super) fn last_index_of(call: &Call<'_>) -> Outcome {
    let (value, item) = (call.arg(0)?, call.arg(1)?);
    match &value.kind {
        Kind::List(items) => place(call, items.iter().enumerate().rev(), item),
        _ => match super::search::position(call.text(0)?, call.text(1)?, true) {
            Some(at) => call.count(at),
            None => call.number(-1),
        },
    }
}

fn place<'v>(call: &Call<'_>, items: impl Iterator<Item = (usize, &'v Value)>, item: &Value) -> Outcome {
    for (at, other) in items {
        match same(other, item) {
            Some(true) => return call.count(at),
            Some(false) => {}
            None => return Err(Stop::Unknown),
        }
    }
    call.number(-1)
}

/// Counts from the end, the last element being the first.
pub(super) fn index_from_end(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    let items = value.list().ok_or_else(|| call.mismatch(value))?;
    let found = from_end(items, call.int(1)?);
    found.cloned().ok_or_else(|| call.out_of_range())
}

pub(super) fn from_end(items: &[Value], back: i64) -> Option<&Value> {
    let at = items.len().checked_sub(usize::try_from(back).ok()?)?;
    items.get(at)
}

pub(super) fn flatten(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    let lists = value.list().ok_or_else(|| call.mismatch(value))?;
    let mut flat = Vec::new();
    for list in lists {
        let items = list.list().ok_or_else(|| call.mismatch(list))?;
        if flat.len() + items.len() > ELEMENT_LIMIT {
            return Err(too_many());
        }
        flat.extend_from_slice(items);
    }
    call.new_list(flat)
}

pub(super) fn range(call: &Call<'_>) -> Outcome {
    const MOST: i64 = 10_000;
    let (start, count) = (call.int(0)?, call.int(1)?);
    if count > MOST {
        return Err(FaultKind::TooLarge { what: "elements of a range", limit: MOST as u64 }.into());
    }
    let end = start.checked_add(count).filter(|end| count >= 0 && *end <= i32::MAX.into());
    let end = end.ok_or_else(|| call.out_of_range())?;
    call.new_list((start..end).map(|number| Value::new(Kind::Int(number), call.at)).collect())
}

pub(super) fn take(call: &Call<'_>) -> Outcome {
    take_or_skip(call, true)
}

pub(super) fn skip(call: &Call<'_>) -> Outcome {
    take_or_skip(call, false)
}

fn take_or_skip(call: &Call<'_>, take: bool) -> Outcome {
    let value = call.arg(0)?;
    if !matches!(value.kind, Kind::List(_) | Kind::Text(_) | Kind::Parts(_)) {
        return Err(call.mismatch(value));
    }
    let count = usize::try_from(call.int(1)?.max(0)).unwrap_or(usize::MAX);
    let Kind::List(items) = &value.kind else {
        return if is_vague(value) { Err(Stop::Unknown) } else { text::take_or_skip(call, count, take) };
    };
    let items = if take { items.get(..count.min(items.len())) } else { items.get(count.min(items.len())..) };
    Ok(Value::new(Kind::List(Arc::new(items.unwrap_or_default().to_vec())), call.at))
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn lists_are_made_and_joined() {
        check("array", "[1]", "[1,]");
        check("array", r#"[{"a":"b"}]"#, r#"[{"a":"b",},]"#);
        check("array", "[[1]]", "[1,]");
        check("array", r#"[{"$u":"a"}]"#, "array(a)");
        check("createArray", "[]", "[]");
        check("createArray", r#"["a",{"$u":"u"}]"#, r#"["a",u,]"#);
        check("concat", r#"[["1-1","1-2"],["2-1"]]"#, r#"["1-1","1-2","2-1",]"#);
        check("concat", r#"[["a"],"b"]"#, "! `concat` takes concat(arg1, arg2, ...) of strings or of arrays");
        check("concat", r#"[["a"],{"$u":"u"}]"#, r#"concat(["a",],u)"#);
        check("concat", r#"["prefix","-",{"$u":"u"},1,true]"#, r#""prefix-{u}1True""#);
        check("concat", r#"[{"$u":"u"}]"#, "u");
        check("flatten", "[[[1,2],[],[3,[4]]]]", "[1,2,3,[4,],]");
        check("range", "[5,3]", "[5,6,7,]");
        check("range", "[5,0]", "[]");
        check("range", "[0,10001]", "! elements of a range: more than 10000");
        check("range", "[0,-1]", "! `range`: out of range");
        check("range", "[2147483647,1]", "! `range`: out of range");
    }

    #[test]
    fn containers_are_searched() {
        check("contains", r#"["OneTwoThree","e"]"#, "true");
        check("contains", r#"["OneTwoThree","t"]"#, "false");
        check("contains", r#"[{"one":"a"},"ONE"]"#, "true");
        check("contains", r#"[{"one":"a"},"a"]"#, "false");
        check("contains", r#"[["one","two"],"two"]"#, "true");
        check("contains", r#"[["one","two"],"Two"]"#, "false");
        check("contains", r#"[[1,{"$u":"u"}],1]"#, "true");
        check("contains", r#"[[1,{"$u":"u"}],2]"#, "contains([1,u,],2)");
        check("contains", r#"[{"$p":["ab",{"$u":"u"}]},"b"]"#, "true");
        check("contains", r#"[{"$p":["ab",{"$u":"u"}]},"c"]"#, r#"contains("ab{u}","c")"#);
        check("indexOf", r#"["test","t"]"#, "0");
        check("indexOf", r#"["abcdef","CD"]"#, "2");
        check("indexOf", r#"["abcdef","z"]"#, "-1");
        check("indexOf", r#"["😀a","a"]"#, "2");
        check("lastIndexOf", r#"["test","t"]"#, "3");
        check("lastIndexOf", r#"["abcdef","AB"]"#, "0");
        check("indexOf", r#"[["one","two"],"two"]"#, "1");
        check("indexOf", r#"[["one","two"],"Two"]"#, "-1");
        check("lastIndexOf", "[[1,2,1],1]", "2");
        check("indexOf", r#"[[{"$u":"u"},1],1]"#, "indexOf([u,1,],1)");
        check("indexOf", r#"[{"$p":["ab",{"$u":"u"}]},"B"]"#, "1");
    }

    #[test]
    fn containers_have_a_length() {
        check("empty", "[[]]", "true");
        check("empty", "[{}]", "true");
        check("empty", r#"[""]"#, "true");
        check("empty", "[null]", "true");
        check("empty", r#"[{"$p":["a",{"$u":"u"}]}]"#, "false");
        check("empty", r#"[{"$u":"u"}]"#, "empty(u)");
        check("length", r#"[["one","two",{"$u":"u"}]]"#, "3");
        check("length", r#"["One Two Three"]"#, "13");
        check("length", r#"["é😀"]"#, "3");
        check("length", r#"[{"a":1,"b":2}]"#, "2");
        check("length", "[1]", "! `length` takes length(arrayOrStringOrObject)");
    }

    #[test]
    fn containers_are_cut() {
        check("first", r#"[["one","two"]]"#, r#""one""#);
        check("first", r#"["One"]"#, r#""O""#);
        check("first", "[[]]", "null");
        check("first", r#"[""]"#, r#""""#);
        check("last", r#"["One"]"#, r#""e""#);
        check("last", r#"[[1,{"$u":"u"}]]"#, "u");
        check("last", r#"[{"$p":["a",{"$u":"u"}]}]"#, r#"last("a{u}")"#);
        check("take", r#"[["one","two","three"],2]"#, r#"["one","two",]"#);
        check("take", r#"["one two three",2]"#, r#""on""#);
        check("take", r#"["one",9]"#, r#""one""#);
        check("take", r#"["one",-1]"#, r#""""#);
        check("take", r#"[{"$p":["one",{"$u":"u"}]},2]"#, r#""on""#);
        check("take", r#"[{"$p":["one",{"$u":"u"}]},4]"#, r#"take("one{u}",4)"#);
        check("skip", r#"[["one","two","three"],2]"#, r#"["three",]"#);
        check("skip", r#"["one two three",4]"#, r#""two three""#);
        check("skip", "[[1],5]", "[]");
        check("skip", r#"[{"$p":["one",{"$u":"u"}]},2]"#, r#""e{u}""#);
        check("skip", "[1,1]", "! `skip` takes skip(arrayOrString, numberToSkip)");
        check("indexFromEnd", "[[1,2,3],1]", "3");
        check("indexFromEnd", "[[1,2,3],4]", "! `indexFromEnd`: out of range");
        check("indexFromEnd", "[[1,2,3],0]", "! `indexFromEnd`: out of range");
    }
}
