//! Composite formatting, as .NET's `String.Format` does it.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string#format>
//! and <https://learn.microsoft.com/dotnet/standard/base-types/composite-formatting>.

use super::text::missing;
use super::write::written;
use super::{Call, Outcome, Stop, TEXT_LIMIT, too_long};
use crate::value::{Kind, Part, Unknown, Value};

pub(super) fn format(call: &Call<'_>) -> Outcome {
    let mut rest = call.text(0)?;
    let mut made = Made { parts: Vec::new(), size: 0 };
    while let Some(at) = rest.find(['{', '}']) {
        made.push(Part::Literal(rest.get(..at).unwrap_or_default().into()))?;
        rest = rest.get(at..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix("{{") {
            made.push(Part::Literal("{".into()))?;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("}}") {
            made.push(Part::Literal("}".into()))?;
            rest = after;
        } else {
            let inside = rest.strip_prefix('{').ok_or_else(|| call.wrong())?;
            let (item, after) = inside.split_once('}').ok_or_else(|| call.wrong())?;
            for part in placed(call, item)? {
                made.push(part)?;
            }
            rest = after;
        }
    }
    made.push(Part::Literal(rest.into()))?;
    call.new_parts(made.parts)
}

/// What is made so far; a short format may ask for much.
struct Made {
    parts: Vec<Part>,
    size: usize,
}

impl Made {
    fn push(&mut self, part: Part) -> Result<(), Stop> {
        self.size += match &part {
            Part::Literal(text) => text.len(),
            Part::Unknown(_) => 64,
        };
        if self.size > TEXT_LIMIT {
            return Err(too_long());
        }
        self.parts.push(part);
        Ok(())
    }
}

/// What an item makes of its argument: `index,width:format`, the last two may be missing.
fn placed(call: &Call<'_>, item: &str) -> Result<Vec<Part>, Stop> {
    let (place, spec) = item.split_once(':').unwrap_or((item, ""));
    let (index, width) = match place.split_once(',') {
        Some((index, width)) => (index, width.trim().parse::<i64>().map_err(|_| call.wrong())?),
        None => (place, 0),
    };
    let index: usize = index.trim_end().parse().map_err(|_| call.wrong())?;
    let value = index.checked_add(1).and_then(|index| call.args.get(index)).ok_or_else(|| call.wrong())?;
    let doubtful = |value: &Value| {
        let why = value.doubt_within().map(|unknown| unknown.why.clone());
        let doubt = value.doubt_within();
        let key = format!("format({:?},{})", format!("{{{item}}}"), value.key());
        let unknown = why.map(|why| Unknown::new(key, call.label(doubt), why));
        unknown.map_or(Vec::new(), |unknown| vec![Part::Unknown(unknown)])
    };
    let parts = match &value.kind {
        Kind::Int(number) if !spec.is_empty() => {
            vec![Part::Literal(of_int(*number, spec).ok_or_else(|| call.wrong())?.into())]
        }
        Kind::Float(number) if !spec.is_empty() => {
            vec![Part::Literal(of_float(*number, spec).ok_or_else(|| call.wrong())?.into())]
        }
        // A number or a text: nobody knows what the format makes of it.
        Kind::Unknown(_) if !spec.is_empty() => return Ok(doubtful(value)),
        _ => match written(value) {
            Err(Stop::Unknown) => return Ok(doubtful(value)),
            parts => parts?,
        },
    };
    let room = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    let Some(lacking) = missing(&parts, room) else {
        return Ok(doubtful(value));
    };
    if lacking > TEXT_LIMIT {
        return Err(too_long());
    }
    let pad = Part::Literal(" ".repeat(lacking).into());
    let mut placed = parts;
    if width < 0 {
        placed.push(pad);
    } else {
        placed.insert(0, pad);
    }
    Ok(placed)
}

/// A letter and a number of digits: <https://learn.microsoft.com/dotnet/standard/base-types/standard-numeric-format-strings>.
fn standard(spec: &str) -> Option<(char, Option<usize>)> {
    let mut chars = spec.chars();
    let letter = chars.next().filter(char::is_ascii_alphabetic)?;
    let digits = chars.as_str();
    if digits.is_empty() {
        return Some((letter, None));
    }
    // More digits than anyone writes are left out, as they would only fill memory.
    let digits =
        digits.parse().ok().filter(|count| *count <= 999 && digits.bytes().all(|c| c.is_ascii_digit()));
    digits.map(|digits| (letter, Some(digits)))
}

/// A whole number; `None` where the format is none for it.
fn of_int(number: i64, spec: &str) -> Option<String> {
    let Some((letter, digits)) = standard(spec) else {
        return zeros(number, spec);
    };
    let sign = if number < 0 { "-" } else { "" };
    let size = number.unsigned_abs();
    let width = digits.unwrap_or(0);
    let decimals = |count: usize| if count == 0 { String::new() } else { format!(".{}", "0".repeat(count)) };
    Some(match letter {
        'D' | 'd' => format!("{sign}{size:0width$}"),
        'X' => format!("{number:0width$X}"),
        'x' => format!("{number:0width$x}"),
        'B' | 'b' => format!("{number:0width$b}"),
        'N' | 'n' => format!("{sign}{}{}", grouped(size), decimals(digits.unwrap_or(2))),
        'F' | 'f' => format!("{sign}{size}{}", decimals(digits.unwrap_or(2))),
        'G' | 'g' if width == 0 || size.to_string().len() <= width => number.to_string(),
        'R' | 'r' => number.to_string(),
        'E' | 'e' => scientific(number as f64, letter, digits.unwrap_or(6)),
        _ => return None,
    })
}

fn of_float(number: f64, spec: &str) -> Option<String> {
    let (letter, digits) = standard(spec)?;
    let count = digits.unwrap_or(2);
    Some(match letter {
        'F' | 'f' => format!("{number:.count$}"),
        'N' | 'n' => {
            let text = format!("{:.count$}", number.abs());
            let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
            let sign = if number < 0.0 { "-" } else { "" };
            format!("{sign}{}{rest}", grouped(whole.parse().ok()?))
        }
        'G' | 'g' | 'R' | 'r' if digits.is_none() => number.to_string(),
        'E' | 'e' => scientific(number, letter, digits.unwrap_or(6)),
        _ => return None,
    })
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn scientific(number: f64, letter: char, digits: usize) -> String {
    let text = format!("{number:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    format!("{mantissa}{letter}{sign}{exponent:0>3}")
}

/// The custom format that is met: `000` fills up with zeros, and `#,##0` groups.
fn zeros(number: i64, spec: &str) -> Option<String> {
    let sign = if number < 0 { "-" } else { "" };
    let size = number.unsigned_abs();
    if matches!(spec, "#,##0" | "#,0" | "0,0" | "0,000") {
        // Fewer digits than the format has zeros are filled up.
        let least = spec.bytes().filter(|byte| *byte == b'0').count();
        return (size.to_string().len() >= least).then(|| format!("{sign}{}", grouped(size)));
    }
    let zeros = spec.trim_start_matches('#');
    let plain = !spec.is_empty() && spec.len() <= 999 && zeros.bytes().all(|byte| byte == b'0');
    let width = zeros.len();
    plain.then(|| if width == 0 && size == 0 { String::new() } else { format!("{sign}{size:0width$}") })
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    const WRONG: &str = "! `format` takes format(formatString, arg1, ...)";

    #[test]
    fn items_are_placed() {
        check(
            "format",
            r#"["{0}, {1}. Formatted number: {2:N0}","Hello","User",8175133]"#,
            r#""Hello, User. Formatted number: 8,175,133""#,
        );
        check("format", r#"["{{{0}}}",1]"#, r#""{1}""#);
        check("format", r#"["{1}{0}{1}","a","b"]"#, r#""bab""#);
        check("format", r#"["[{0,5}][{0,-5}]","ab"]"#, r#""[   ab][ab   ]""#);
        check("format", r#"["{0,1}","abc"]"#, r#""abc""#);
        check("format", r#"["{0} {1}",true,null]"#, r#""True ""#);
        check("format", r#"["{0}",[1,"a"]]"#, r#""[1,\"a\"]""#);
        check("format", r#"["{0:D3}","a"]"#, r#""a""#);
        check("format", r#"["é{0}é","😀"]"#, r#""é😀é""#);
        for wrong in ["{1}", "{", "}", "{x}", "{0", "{-1}", "{0,x}", "{0:Q}"] {
            check("format", &format!("[{wrong:?},1]"), WRONG);
        }
        check("format", r#"["{0,2000000000}","a"]"#, "! a text, in bytes: more than 4194304");
        check("format", "[1]", WRONG);
    }

    #[test]
    fn numbers_have_formats() {
        let number = |spec: &str, number: &str, expected: &str| {
            check("format", &format!("[\"{{0:{spec}}}\",{number}]"), &format!("{expected:?}"));
        };
        number("D3", "7", "007");
        number("D3", "-7", "-007");
        number("D", "1234", "1234");
        number("X", "255", "FF");
        number("x4", "255", "00ff");
        number("X", "-1", "FFFFFFFFFFFFFFFF");
        number("N0", "-1234567", "-1,234,567");
        number("N", "999", "999.00");
        number("F2", "12", "12.00");
        number("F1", "1.25", "1.2");
        number("N1", "1234.5", "1,234.5");
        number("E2", "12345", "1.23E+004");
        number("G", "12", "12");
        number("000", "7", "007");
        number("##00", "123", "123");
        number("#,##0", "1234", "1,234");
    }

    #[test]
    fn what_is_not_known_is_placed_too() {
        check("format", r#"["{0}-{1}",{"$u":"u"},"x"]"#, r#""{u}-x""#);
        check("format", r#"["{0}",{"$u":"u"}]"#, "u");
        check("format", r#"["{0}",{"$p":["a-",{"$u":"u"}]}]"#, r#""a-{u}""#);
        check("format", r#"["vm{0:D3}",{"$u":"u"}]"#, r#""vm{format("{0:D3}",u)}""#);
        check("format", r#"["vm{0,9}",{"$u":"u"}]"#, r#""vm{format("{0,9}",u)}""#);
        check("format", r#"["{0,2}",{"$p":["a-",{"$u":"u"}]}]"#, r#""a-{u}""#);
        check("format", r#"[{"$u":"f"},1]"#, "format(f,1)");
    }
}
