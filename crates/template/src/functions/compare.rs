//! Functions that compare values; what is not known compares as far as its known parts differ.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-comparison>.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::{Call, Outcome, Stop, is_vague};
use crate::value::{Kind, Part, Value};

pub(super) fn equals(call: &Call<'_>) -> Outcome {
    call.maybe(same(call.arg(0)?, call.arg(1)?))
}

pub(super) fn greater(call: &Call<'_>) -> Outcome {
    call.truth(order(call)?.is_gt())
}

pub(super) fn greater_or_equals(call: &Call<'_>) -> Outcome {
    call.truth(order(call)?.is_ge())
}

pub(super) fn less(call: &Call<'_>) -> Outcome {
    call.truth(order(call)?.is_lt())
}

pub(super) fn less_or_equals(call: &Call<'_>) -> Outcome {
    call.truth(order(call)?.is_le())
}

pub(super) fn coalesce(call: &Call<'_>) -> Outcome {
    for value in call.args {
        match &value.kind {
            Kind::Null => {}
            // A text is not null, whatever it says.
            Kind::Unknown(_) => return Err(Stop::Unknown),
            _ => return Ok(value.clone()),
        }
    }
    super::object::null(call)
}

fn order(call: &Call<'_>) -> Result<Ordering, Stop> {
    let (left, right) = (call.arg(0)?, call.arg(1)?);
    match (&left.kind, &right.kind) {
        (Kind::Int(left), Kind::Int(right)) => Ok(left.cmp(right)),
        (Kind::Text(left), Kind::Text(right)) => Ok(collate(left, right)),
        _ if left.doubt().is_some() || right.doubt().is_some() => {
            if same(left, right) == Some(true) {
                Ok(Ordering::Equal)
            } else {
                Err(Stop::Unknown)
            }
        }
        _ => Err(call.wrong()),
    }
}

/// The order of texts: letters in any case first, and of two that differ in case alone the small one is
/// less, as the page has it: `A` is greater than `a`. Signs come before digits, digits before letters.
fn collate(left: &str, right: &str) -> Ordering {
    let weight = |c: char| {
        let class = if c.is_alphabetic() { 2 } else { u8::from(c.is_numeric()) };
        (class, super::text::fold(c))
    };
    let plain = left.chars().map(weight).cmp(right.chars().map(weight));
    let cases = || {
        let small = |c: char| !c.is_lowercase();
        left.chars().map(small).cmp(right.chars().map(small))
    };
    plain.then_with(cases)
}

/// Whether two values are the same; `None` where nobody knows. Texts differ by the case of their letters,
/// names of members do not, and the order of members does not matter.
pub(super) fn same(left: &Value, right: &Value) -> Option<bool> {
    match (&left.kind, &right.kind) {
        (Kind::Unknown(left), Kind::Unknown(right)) => (left.key == right.key).then_some(true),
        (Kind::Text(left), Kind::Text(right)) => Some(left == right),
        (Kind::Text(_) | Kind::Parts(_), Kind::Text(_) | Kind::Parts(_)) => same_parts(left, right),
        _ if is_vague(left) || is_vague(right) => None,
        (Kind::Null, Kind::Null) => Some(true),
        (Kind::Bool(left), Kind::Bool(right)) => Some(left == right),
        (Kind::Int(left), Kind::Int(right)) => Some(left == right),
        (Kind::Float(left), Kind::Float(right)) => Some(left == right),
        (Kind::Int(int), Kind::Float(float)) | (Kind::Float(float), Kind::Int(int)) => {
            Some(*int as f64 == *float)
        }
        (Kind::List(left), Kind::List(right)) => {
            if left.len() != right.len() {
                return Some(false);
            }
            all(left.iter().zip(right.iter()).map(|(left, right)| same(left, right)))
        }
        (Kind::Object(left), Kind::Object(right)) => {
            if left.members().len() != right.members().len() {
                return Some(false);
            }
            all(left.members().iter().map(|member| match right.get(&member.name) {
                Some(value) => same(&member.value, value),
                None => Some(false),
            }))
        }
        _ => Some(false),
    }
}

/// Whether all are true, as far as is known.
pub(super) fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut certain = true;
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            Some(true) => {}
            None => certain = false,
        }
    }
    certain.then_some(true)
}

/// Whether one is true, as far as is known.
pub(super) fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    all(answers.map(|answer| answer.map(|answer| !answer))).map(|none| !none)
}

#[derive(Clone, Copy)]
enum Piece<'v> {
    Literal(&'v str),
    Unknown(&'v str),
}

fn pieces<'v>(value: &'v Value) -> VecDeque<Piece<'v>> {
    match &value.kind {
        Kind::Text(text) if text.is_empty() => VecDeque::new(),
        Kind::Text(text) => [Piece::Literal(text)].into(),
        Kind::Parts(parts) => {
            let piece = |part: &'v Part| match part {
                Part::Literal(text) => Piece::Literal(text),
                Part::Unknown(unknown) => Piece::Unknown(&unknown.key),
            };
            parts.iter().map(piece).collect()
        }
        _ => VecDeque::new(),
    }
}

/// Takes away what both texts begin with, then what both end with, and looks at what is left.
fn same_parts(left: &Value, right: &Value) -> Option<bool> {
    let (mut left, mut right) = (pieces(left), pieces(right));
    while let (Some(first), Some(other)) = (left.front().copied(), right.front().copied()) {
        match (first, other) {
            (Piece::Literal(text), Piece::Literal(with)) => {
                let common = text.bytes().zip(with.bytes()).take_while(|(a, b)| a == b).count();
                if common < text.len().min(with.len()) {
                    return Some(false);
                }
                let _ = (left.pop_front(), right.pop_front());
                push(text.get(common..), |rest| left.push_front(rest));
                push(with.get(common..), |rest| right.push_front(rest));
            }
            (Piece::Unknown(key), Piece::Unknown(with)) if key == with => {
                let _ = (left.pop_front(), right.pop_front());
            }
            _ => break,
        }
    }
    while let (Some(last), Some(other)) = (left.back().copied(), right.back().copied()) {
        match (last, other) {
            (Piece::Literal(text), Piece::Literal(with)) => {
                let common = text.bytes().rev().zip(with.bytes().rev()).take_while(|(a, b)| a == b).count();
                if common < text.len().min(with.len()) {
                    return Some(false);
                }
                let _ = (left.pop_back(), right.pop_back());
                push(text.get(..text.len() - common), |rest| left.push_back(rest));
                push(with.get(..with.len() - common), |rest| right.push_back(rest));
            }
            (Piece::Unknown(key), Piece::Unknown(with)) if key == with => {
                let _ = (left.pop_back(), right.pop_back());
            }
            _ => break,
        }
    }
    let literal =
        |pieces: &VecDeque<Piece<'_>>| pieces.iter().any(|piece| matches!(piece, Piece::Literal(_)));
    match (left.is_empty(), right.is_empty()) {
        (true, true) => Some(true),
        (true, false) if literal(&right) => Some(false),
        (false, true) if literal(&left) => Some(false),
        _ => None,
    }
}

fn push<'v>(rest: Option<&'v str>, to: impl FnOnce(Piece<'v>)) {
    if let Some(rest) = rest
        && !rest.is_empty()
    {
        to(Piece::Literal(rest));
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn values_are_compared() {
        check("equals", "[1,1]", "true");
        check("equals", r#"["a","A"]"#, "false");
        check("equals", r#"["1",1]"#, "false");
        check("equals", r#"[["a","b"],["a","b"]]"#, "true");
        check("equals", r#"[[1,2],[2,1]]"#, "false");
        check("equals", r#"[{"a":1,"b":2},{"b":2,"a":1}]"#, "true");
        check("equals", r#"[{"a":1},{"a":1,"b":2}]"#, "false");
        check("equals", "[null,null]", "true");
        check("greater", "[1,2]", "false");
        check("greater", r#"["A","a"]"#, "true");
        check("greaterOrEquals", r#"["A","a"]"#, "true");
        check("less", r#"["A","a"]"#, "false");
        check("less", r#"["demo","Demo"]"#, "true");
        check("greater", r#"["bend","band"]"#, "true");
        check("lessOrEquals", "[2,2]", "true");
        check("less", r#"["a",1]"#, "! `less` takes less(arg1, arg2) of two ints or two strings");
        check("coalesce", r#"[null,null,"default"]"#, r#""default""#);
        check("coalesce", "[null]", "null");
    }

    #[test]
    fn what_is_not_known_differs_where_its_parts_do() {
        check("equals", r#"[{"$u":"a"},{"$u":"a"}]"#, "true");
        check("equals", r#"[{"$u":"a"},{"$u":"b"}]"#, "equals(a,b)");
        check("equals", r#"[{"$p":["vm-",{"$u":"a"}]},"nic-1"]"#, "false");
        check("equals", r#"[{"$p":["vm-",{"$u":"a"}]},"vm-1"]"#, r#"equals("vm-{a}","vm-1")"#);
        check("equals", r#"[{"$p":[{"$u":"a"},"-nic"]},{"$p":[{"$u":"a"},"-pip"]}]"#, "false");
        check("equals", r#"[{"$p":[{"$u":"a"},"-x"]},{"$p":[{"$u":"a"},"-xy"]}]"#, "false");
        check("equals", r#"[{"$p":["-",{"$u":"a"},"-"]},"-"]"#, "false");
        check("equals", r#"[{"$p":["x",{"$u":"a"}]},["x"]]"#, "false");
        check("equals", r#"[[1,{"$u":"a"}],[1]]"#, "false");
        check("equals", r#"[[1,{"$u":"a"}],[2,3]]"#, "false");
        check("equals", r#"[{"$p":["é",{"$u":"a"}]},{"$p":["è",{"$u":"a"}]}]"#, "false");
        check("coalesce", r#"[null,{"$u":"a"},1]"#, "coalesce(null,a,1)");
        check("greaterOrEquals", r#"[{"$u":"a"},{"$u":"a"}]"#, "true");
        check("greater", r#"[{"$u":"a"},1]"#, "greater(a,1)");
    }
}
