//! Functions of whole numbers, which are 64 bits wide; what would not fit is a fault.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-numeric>.

use super::{Call, Outcome, Stop};
use crate::value::{Kind, Value};

fn work_out(call: &Call<'_>, with: fn(i64, i64) -> Option<i64>) -> Outcome {
    // Both are looked at before either may be unknown, so a text is a fault in any place.
    let (left, right) = (call.int(0), call.int(1));
    match (left, right) {
        (Ok(left), Ok(right)) => call.number(with(left, right).ok_or_else(|| call.out_of_range())?),
        (Err(Stop::Fault(kind)), _) | (_, Err(Stop::Fault(kind))) => Err(kind.into()),
        _ => Err(Stop::Unknown),
    }
}

pub(super) fn add(call: &Call<'_>) -> Outcome {
    work_out(call, i64::checked_add)
}

pub(super) fn sub(call: &Call<'_>) -> Outcome {
    work_out(call, i64::checked_sub)
}

pub(super) fn mul(call: &Call<'_>) -> Outcome {
    work_out(call, i64::checked_mul)
}

/// Cuts towards zero.
pub(super) fn div(call: &Call<'_>) -> Outcome {
    work_out(call, i64::checked_div)
}

/// Has the sign of the first number.
pub(super) fn modulo(call: &Call<'_>) -> Outcome {
    work_out(call, i64::checked_rem)
}

fn numbers(call: &Call<'_>) -> Result<Vec<i64>, Stop> {
    let values = match call.args {
        [Value { kind: Kind::List(items), .. }] => items.as_slice(),
        values => values,
    };
    values.iter().map(|value| call.int_of(value)).collect()
}

pub(super) fn max(call: &Call<'_>) -> Outcome {
    call.number(numbers(call)?.into_iter().max().ok_or_else(|| call.wrong())?)
}

pub(super) fn min(call: &Call<'_>) -> Outcome {
    call.number(numbers(call)?.into_iter().min().ok_or_else(|| call.wrong())?)
}

pub(super) fn int(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    match &value.kind {
        Kind::Int(number) => call.number(*number),
        // The bounds are those of the numbers that both kinds hold exactly.
        Kind::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => call.number(*number as i64),
        Kind::Text(text) => {
            let text = text.trim();
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(call.wrong());
            }
            call.number(text.parse().map_err(|_| call.out_of_range())?)
        }
        Kind::Parts(_) => Err(Stop::Unknown),
        _ => Err(call.mismatch(value)),
    }
}

pub(super) fn float(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    let number = match &value.kind {
        Kind::Int(number) => *number as f64,
        Kind::Float(number) => *number,
        Kind::Text(text) => text.trim().parse().map_err(|_| call.wrong())?,
        Kind::Parts(_) => return Err(Stop::Unknown),
        _ => return Err(call.mismatch(value)),
    };
    if number.is_finite() { Ok(Value::new(Kind::Float(number), call.at)) } else { Err(call.wrong()) }
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn numbers_are_whole() {
        check("add", "[5,3]", "8");
        check("sub", "[7,3]", "4");
        check("mul", "[5,3]", "15");
        check("div", "[8,3]", "2");
        check("div", "[-8,3]", "-2");
        check("mod", "[7,3]", "1");
        check("mod", "[-7,3]", "-1");
        check("div", "[1,0]", "! `div`: out of range");
        check("mod", "[1,0]", "! `mod`: out of range");
        check("div", "[-9223372036854775808,-1]", "! `div`: out of range");
        check("add", "[9223372036854775807,1]", "! `add`: out of range");
        check("add", r#"["1",1]"#, "! `add` takes add(operand1, operand2) of ints");
        check("add", r#"[{"$u":"a"},1]"#, "add(a,1)");
        check("add", r#"[{"$u":"a"},"1"]"#, "! `add` takes add(operand1, operand2) of ints");
        check("max", "[[0,3,2,5,4]]", "5");
        check("max", "[0,3,2,5,4]", "5");
        check("min", "[[0,3,2,5,4]]", "0");
        check("min", r#"[1,{"$u":"a"}]"#, "min(1,a)");
        check("min", "[[]]", "! `min` takes min(int1, int2, ...) or min(array of ints)");
    }

    #[test]
    fn values_become_numbers() {
        check("int", r#"["4"]"#, "4");
        check("int", r#"[" -4 "]"#, "-4");
        check("int", "[4]", "4");
        check("int", r#"["4.5"]"#, "! `int` takes int(stringOrInt)");
        check("int", r#"["99999999999999999999"]"#, "! `int`: out of range");
        check("float", r#"["3.0"]"#, "3.0");
        check("float", "[3]", "3.0");
        check("float", r#"["nan"]"#, "! `float` takes float(stringOrInt)");
    }
}
