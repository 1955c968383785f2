//! Functions of texts, which are counted in UTF-16 units as .NET does, and are cut where they are known.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string>.

use super::write::written;
use super::{Call, Outcome, Stop, TEXT_LIMIT, too_long};
use crate::value::{Kind, Part, Unknown, Value, Why};

/// How long a text is, in UTF-16 units.
pub(super) fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// The byte at which so many units end; `None` where the text is shorter. No character is cut in two.
pub(super) fn byte_at(text: &str, wanted: usize) -> Option<usize> {
    if text.is_ascii() {
        return (wanted <= text.len()).then_some(wanted);
    }
    let mut seen = 0;
    for (byte, c) in text.char_indices() {
        if seen >= wanted {
            return Some(byte);
        }
        seen += c.len_utf16();
    }
    (seen >= wanted).then_some(text.len())
}

/// A letter as it compares in any case.
pub(super) fn fold(c: char) -> char {
    upper(c)
}

fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    all.next().filter(|_| all.next().is_none()).unwrap_or(c)
}

fn lower(c: char) -> char {
    let mut all = c.to_lowercase();
    all.next().filter(|_| all.next().is_none()).unwrap_or(c)
}

/// Of which letters a generated name is made, where that is documented.
pub(super) fn letters(unknown: &Unknown) -> Option<fn(char) -> bool> {
    // A parameter may be called like a function.
    if let Why::Parameter(name) | Why::Secret(name) | Why::KeyVault(name) = &unknown.why
        && name.eq_ignore_ascii_case(&unknown.label)
    {
        return None;
    }
    match &*unknown.label {
        "uniqueString" => Some(|c| c.is_ascii_lowercase() || c.is_ascii_digit()),
        "guid" | "newGuid" => Some(|c| matches!(c, '0'..='9' | 'a'..='f' | '-')),
        _ => None,
    }
}

/// What a text surely begins with.
pub(super) fn lead(value: &Value) -> &str {
    match &value.kind {
        Kind::Text(text) => text,
        Kind::Parts(parts) => match parts.first() {
            Some(Part::Literal(text)) => text,
            _ => "",
        },
        _ => "",
    }
}

/// What a text surely ends with.
pub(super) fn trail(value: &Value) -> &str {
    match &value.kind {
        Kind::Text(text) => text,
        Kind::Parts(parts) => match parts.last() {
            Some(Part::Literal(text)) => text,
            _ => "",
        },
        _ => "",
    }
}

/// The parts of an argument that must be a text.
pub(super) fn parts(call: &Call<'_>, index: usize) -> Result<Vec<Part>, Stop> {
    let value = call.arg(index)?;
    value.parts().ok_or_else(|| call.wrong())
}

/// Whether the text is known to its end.
pub(super) fn is_known(value: &Value) -> bool {
    matches!(value.kind, Kind::Text(_))
}

pub(super) fn to_lower(call: &Call<'_>) -> Outcome {
    each_char(call, lower, |unknown| letters(unknown).is_some())
}

pub(super) fn to_upper(call: &Call<'_>) -> Outcome {
    each_char(call, upper, |_| false)
}

fn each_char(call: &Call<'_>, change: fn(char) -> char, stays: fn(&Unknown) -> bool) -> Outcome {
    let change = |part| match part {
        Part::Literal(text) => Part::Literal(text.chars().map(change).collect::<String>().into()),
        Part::Unknown(unknown) if stays(&unknown) => Part::Unknown(unknown),
        Part::Unknown(unknown) => call.changed(&unknown, ""),
    };
    call.new_parts(parts(call, 0)?.into_iter().map(change).collect())
}

pub(super) fn trim(call: &Call<'_>) -> Outcome {
    let mut parts = parts(call, 0)?;
    let edge = |part: Option<&Part>| match part {
        Some(Part::Literal(text)) => !text.trim().is_empty(),
        Some(Part::Unknown(unknown)) => letters(unknown).is_some(),
        None => true,
    };
    if parts.len() > 1 && !(edge(parts.first()) && edge(parts.last())) {
        return Err(Stop::Unknown);
    }
    match parts.as_mut_slice() {
        [Part::Literal(text)] => return call.new_text(text.trim()),
        [Part::Unknown(unknown)] if letters(unknown).is_none() => return Err(Stop::Unknown),
        [first, .., last] => {
            if let Part::Literal(text) = first {
                *text = text.trim_start().into();
            }
            if let Part::Literal(text) = last {
                *text = text.trim_end().into();
            }
        }
        _ => {}
    }
    call.new_parts(parts)
}

pub(super) fn substring(call: &Call<'_>) -> Outcome {
    let value = call.arg(0)?;
    let mut parts = parts(call, 0)?;
    let start = if call.args.len() > 1 { call.int(1)? } else { 0 };
    let start = usize::try_from(start).map_err(|_| call.out_of_range())?;
    let length = match call.args.get(2) {
        Some(length) => Some(usize::try_from(call.int_of(length)?).map_err(|_| call.out_of_range())?),
        None => None,
    };
    let lead = lead(value);
    let short = || if is_known(value) { call.out_of_range() } else { Stop::Unknown };
    let rest = lead.get(byte_at(lead, start).ok_or_else(short)?..).unwrap_or_default();
    match length {
        Some(length) => {
            let end = byte_at(rest, length).ok_or_else(short)?;
            call.new_text(rest.get(..end).unwrap_or_default())
        }
        None => {
            if let Some(Part::Literal(first)) = parts.first_mut() {
                *first = rest.into();
            }
            call.new_parts(parts)
        }
    }
}

/// The first characters of a text, or what is behind them.
pub(super) fn take_or_skip(call: &Call<'_>, count: usize, take: bool) -> Outcome {
    let value = call.arg(0)?;
    let mut parts = parts(call, 0)?;
    let lead = lead(value);
    let Some(end) = byte_at(lead, count) else {
        return match (is_known(value), take) {
            (true, true) => Ok(value.clone()),
            (true, false) => call.new_text(""),
            (false, _) => Err(Stop::Unknown),
        };
    };
    if take {
        return call.new_text(lead.get(..end).unwrap_or_default());
    }
    if let Some(Part::Literal(first)) = parts.first_mut() {
        *first = lead.get(end..).unwrap_or_default().into();
    }
    call.new_parts(parts)
}

pub(super) fn pad_left(call: &Call<'_>) -> Outcome {
    let parts = written(call.arg(0)?)?;
    let total = usize::try_from(call.int(1)?).map_err(|_| call.out_of_range())?;
    let padding = if call.args.len() > 2 { call.text(2)? } else { " " };
    let mut chars = padding.chars();
    let (Some(padding), None) = (chars.next(), chars.next()) else {
        return Err(call.wrong());
    };
    if total > TEXT_LIMIT {
        return Err(too_long());
    }
    match missing(&parts, total) {
        Some(0) => call.new_parts(parts),
        Some(count) => {
            let pad = std::iter::repeat_n(padding, count).collect::<String>();
            let pad = Part::Literal(pad.into());
            call.new_parts(std::iter::once(pad).chain(parts).collect())
        }
        None => Err(Stop::Unknown),
    }
}

/// How many units a text lacks to a width; `None` where that is not known.
pub(super) fn missing(parts: &[Part], width: usize) -> Option<usize> {
    let mut known = true;
    let mut length = 0;
    for part in parts {
        match part {
            Part::Literal(text) => length += units(text),
            Part::Unknown(_) => known = false,
        }
    }
    if length >= width { Some(0) } else { known.then_some(width - length) }
}

pub(super) fn replace(call: &Call<'_>) -> Outcome {
    let parts = parts(call, 0)?;
    let (old, new) = (call.text(1)?, call.text(2)?);
    if old.is_empty() {
        return Err(call.wrong());
    }
    let grown = |text: &str| text.len().saturating_add(text.matches(old).count().saturating_mul(new.len()));
    if parts.iter().any(|part| matches!(part, Part::Literal(text) if grown(text) > TEXT_LIMIT)) {
        return Err(too_long());
    }
    let mut chars = old.chars();
    let single = chars.next().filter(|_| chars.next().is_none());
    // A single character is never spread over two parts.
    if single.is_none() && parts.len() > 1 {
        return Err(Stop::Unknown);
    }
    let rest = format!(",{:?},{:?}", old, new);
    let change = |part| match part {
        Part::Literal(text) => Part::Literal(text.replace(old, new).into()),
        Part::Unknown(unknown) => match (letters(&unknown), single) {
            (Some(letters), Some(single)) if !letters(single) => Part::Unknown(unknown),
            _ => call.changed(&unknown, &rest),
        },
    };
    call.new_parts(parts.into_iter().map(change).collect())
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn the_case_of_letters_changes() {
        check("toLower", r#"["One TWO É"]"#, r#""one two é""#);
        check("toUpper", r#"["One two é ß"]"#, r#""ONE TWO É ß""#);
        check("toLower", r#"[{"$u":"u"}]"#, "toLower(u)");
        check("toLower", r#"[{"$p":["VM-",{"$u":"u"}]}]"#, r#""vm-{toLower(u)}""#);
        check("toLower", r#"[{"$p":["VM-",{"$u":"uniqueString"}]}]"#, r#""vm-{uniqueString}""#);
        check("toUpper", r#"[{"$u":"guid"}]"#, "toUpper(guid)");
        check("toLower", "[1]", "! `toLower` takes toLower(stringToChange)");
        check(
            "trim",
            r#"["  one two
"]"#,
            r#""one two""#,
        );
        check("trim", r#"[{"$p":[" a ",{"$u":"u"}," b "]}]"#, r#""a {u} b""#);
        check("trim", r#"[{"$p":[" a ",{"$u":"u"}]}]"#, r#"trim(" a {u}")"#);
        check("trim", r#"[{"$p":[" a ",{"$u":"guid"}]}]"#, r#""a {guid}""#);
        check("trim", r#"[{"$p":[" ",{"$u":"u"},"b"]}]"#, r#"trim(" {u}b")"#);
    }

    #[test]
    fn texts_are_cut_at_places() {
        check("substring", r#"["abcdef",1,3]"#, r#""bcd""#);
        check("substring", r#"["abcdef",4]"#, r#""ef""#);
        check("substring", r#"["abcdef",6,0]"#, r#""""#);
        check("substring", r#"["1234567890",0,11]"#, "! `substring`: out of range");
        check("substring", r#"["abc",-1,1]"#, "! `substring`: out of range");
        check("substring", r#"["abc",1,-1]"#, "! `substring`: out of range");
        check("substring", r#"["é😀x",1,3]"#, r#""😀x""#);
        check("substring", r#"[{"$p":["abc",{"$u":"u"}]},1,2]"#, r#""bc""#);
        check("substring", r#"[{"$p":["abc",{"$u":"u"}]},1]"#, r#""bc{u}""#);
        check("substring", r#"[{"$p":["abc",{"$u":"u"}]},1,3]"#, r#"substring("abc{u}",1,3)"#);
        check("padLeft", r#"["123",10,"0"]"#, r#""0000000123""#);
        check("padLeft", "[12,4]", r#""  12""#);
        check("padLeft", r#"["1234",2,"0"]"#, r#""1234""#);
        check(
            "padLeft",
            r#"["1",2,"00"]"#,
            "! `padLeft` takes padLeft(valueToPad, totalLength, paddingCharacter)",
        );
        check("padLeft", r#"["1",999999999999]"#, "! a text, in bytes: more than 4194304");
        check("padLeft", r#"[{"$p":["abc",{"$u":"u"}]},3]"#, r#""abc{u}""#);
        check("padLeft", r#"[{"$u":"u"},3,"0"]"#, r#"padLeft(u,3,"0")"#);
    }

    #[test]
    fn texts_are_replaced() {
        check("replace", r#"["123-123-1234","-",""]"#, r#""1231231234""#);
        check("replace", r#"["123-123-1234","1234","xxxx"]"#, r#""123-123-xxxx""#);
        check("replace", r#"["aA","a","b"]"#, r#""bA""#);
        check("replace", r#"[{"$u":"u"},"-",""]"#, r#"replace(u,"-","")"#);
        check("replace", r#"[{"$p":["a-",{"$u":"u"}]},"-",""]"#, r#""a{replace(u,"-","")}""#);
        check("replace", r#"[{"$p":["a-",{"$u":"uniqueString"}]},"-",""]"#, r#""a{uniqueString}""#);
        check("replace", r#"[{"$p":["a-",{"$u":"u"}]},"a-",""]"#, r#"replace("a-{u}","a-","")"#);
        check(
            "replace",
            r#"["a","","b"]"#,
            "! `replace` takes replace(originalString, oldString, newString)",
        );
    }
}
