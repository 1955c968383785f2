//! Functions of truth, in three values: what is not known matters only where it decides.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-logical>.

use super::compare::{all, any, same};
use super::{Call, Outcome, Stop};
use crate::value::{Kind, Value};

fn truth(call: &Call<'_>, value: &Value) -> Result<Option<bool>, Stop> {
    match value.kind {
        Kind::Bool(value) => Ok(Some(value)),
        Kind::Unknown(_) => Ok(None),
        _ => match call.mismatch(value) {
            Stop::Unknown => Ok(None),
            fault => Err(fault),
        },
    }
}

fn truths(call: &Call<'_>) -> Result<Vec<Option<bool>>, Stop> {
    call.args.iter().map(|value| truth(call, value)).collect()
}

pub(super) fn and(call: &Call<'_>) -> Outcome {
    call.maybe(all(truths(call)?.into_iter()))
}

pub(super) fn or(call: &Call<'_>) -> Outcome {
    call.maybe(any(truths(call)?.into_iter()))
}

pub(super) fn not(call: &Call<'_>) -> Outcome {
    call.maybe(truth(call, call.arg(0)?)?.map(|value| !value))
}

pub(super) fn r#true(call: &Call<'_>) -> Outcome {
    call.truth(true)
}

pub(super) fn r#false(call: &Call<'_>) -> Outcome {
    call.truth(false)
}

pub(super) fn r#if(call: &Call<'_>) -> Outcome {
    let (yes, no) = (call.arg(1)?, call.arg(2)?);
    match truth(call, call.arg(0)?)? {
        Some(true) => Ok(yes.clone()),
        Some(false) => Ok(no.clone()),
        None if same(yes, no) == Some(true) => Ok(yes.clone()),
        None => Err(Stop::Unknown),
    }
}

pub(super) fn bool(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    match &value.kind {
        Kind::Bool(value) => call.truth(*value),
        Kind::Int(number) => call.truth(*number != 0),
        Kind::Text(text) if text.trim().eq_ignore_ascii_case("true") => call.truth(true),
        Kind::Text(text) if text.trim().eq_ignore_ascii_case("false") => call.truth(false),
        Kind::Parts(_) => Err(Stop::Unknown),
        _ => Err(call.mismatch(value)),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn truth_has_three_values() {
        check("and", "[true,false]", "false");
        check("and", r#"[{"$u":"a"},false]"#, "false");
        check("and", r#"[{"$u":"a"},true]"#, "and(a,true)");
        check("or", r#"[{"$u":"a"},true]"#, "true");
        check("or", r#"[{"$u":"a"},false]"#, "or(a,false)");
        check("or", "[false,false,false]", "false");
        check("not", "[true]", "false");
        check("not", r#"[{"$u":"a"}]"#, "not(a)");
        check("not", r#"["true"]"#, "! `not` takes not(boolean)");
        check("TRUE", "[]", "true");
        check("false", "[]", "false");
        check("true", "[1]", "! `true` takes true()");
        check("if", "[true,1,2]", "1");
        check("if", "[false,1,2]", "2");
        check("if", r#"[{"$u":"a"},1,2]"#, "if(a,1,2)");
        check("if", r#"[{"$u":"a"},"x","x"]"#, r#""x""#);
        check("bool", r#"["true"]"#, "true");
        check("bool", r#"["False"]"#, "false");
        check("bool", "[1]", "true");
        check("bool", "[0]", "false");
        check("bool", r#"["yes"]"#, "! `bool` takes bool(stringOrInt)");
    }
}
