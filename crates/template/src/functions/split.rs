//! Cuts texts at delimiters, resource ids with unknown segments among them.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string#split>.

use std::mem::take;

use super::{Call, Outcome, Stop, text};
use crate::fault::FaultKind;
use crate::value::{Kind, Part, Unknown, Value};

/// The most bytes, each with each delimiter, that are looked at.
const WORK_LIMIT: usize = 64 << 20;

pub(super) fn split(call: &Call<'_>) -> Outcome {
    let parts = text::parts(call, 0)?;
    let by = call.arg(1)?;
    let delimiters: Vec<&str> = match &by.kind {
        Kind::List(items) => items
            .iter()
            .map(|item| match item.text() {
                Some(text) => Ok(text),
                None if item.doubt().is_some() => Err(Stop::Unknown),
                None => Err(call.wrong()),
            })
            .collect::<Result<_, _>>()?,
        _ => vec![call.text(1)?],
    };
    // An empty delimiter cuts nothing.
    let delimiters: Vec<&str> = delimiters.into_iter().filter(|delimiter| !delimiter.is_empty()).collect();
    let whole = |unknown: &Unknown| delimiters.iter().all(|delimiter| is_whole(call, unknown, delimiter));
    if parts.iter().any(|part| matches!(part, Part::Unknown(unknown) if !whole(unknown))) {
        return Err(Stop::Unknown);
    }
    let size: usize =
        parts.iter().map(|part| if let Part::Literal(text) = part { text.len() } else { 0 }).sum();
    if delimiters.len().saturating_mul(size) > WORK_LIMIT {
        return Err(FaultKind::TooLarge { what: "delimiters of a text", limit: WORK_LIMIT as u64 }.into());
    }
    let mut segments: Vec<Value> = Vec::new();
    let mut segment: Vec<Part> = Vec::new();
    for part in parts {
        let Part::Literal(text) = part else {
            segment.push(part);
            continue;
        };
        let mut rest: &str = &text;
        while let Some((at, length)) = next(rest, &delimiters) {
            segment.push(Part::Literal(rest.get(..at).unwrap_or_default().into()));
            segments.push(call.new_parts(take(&mut segment))?);
            rest = rest.get(at + length..).unwrap_or_default();
            if segments.len() > super::ELEMENT_LIMIT {
                break;
            }
        }
        segment.push(Part::Literal(rest.into()));
    }
    segments.push(call.new_parts(segment)?);
    call.new_list(segments)
}

/// Whether an unknown part surely holds no delimiter: a segment of a resource id has no slash.
fn is_whole(call: &Call<'_>, unknown: &Unknown, delimiter: &str) -> bool {
    let lead = call.args.first().map_or("", text::lead);
    let begins = |with: &str| lead.get(..with.len()).is_some_and(|lead| lead.eq_ignore_ascii_case(with));
    let is_id = begins("/subscriptions/") || begins("/providers/");
    let mut chars = delimiter.chars();
    match (chars.next(), chars.next()) {
        (Some('/'), None) if is_id => true,
        (Some(c), None) => text::letters(unknown).is_some_and(|letters| !letters(c)),
        _ => false,
    }
}

/// The next delimiter: where it is, and its length.
fn next(text: &str, delimiters: &[&str]) -> Option<(usize, usize)> {
    match delimiters {
        [] => None,
        [delimiter] => text.find(delimiter).map(|at| (at, delimiter.len())),
        _ => text.char_indices().find_map(|(at, _)| {
            let rest = text.get(at..).unwrap_or_default();
            delimiters.iter().find(|delimiter| rest.starts_with(**delimiter)).map(|found| (at, found.len()))
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn texts_are_cut() {
        check("split", r#"["one,two,three",","]"#, r#"["one","two","three",]"#);
        check("split", r#"["one;two,three",[",",";"]]"#, r#"["one","two","three",]"#);
        check("split", r#"[",a,,",","]"#, r#"["","a","","",]"#);
        check("split", r#"["","," ]"#, r#"["",]"#);
        check("split", r#"["abc",""]"#, r#"["abc",]"#);
        check("split", r#"["aXbxc","x"]"#, r#"["aXb","c",]"#);
        check("split", r#"["a--b","--"]"#, r#"["a","b",]"#);
        check("split", r#"["abc",[]]"#, r#"["abc",]"#);
        check("split", "[1,\",\"]", "! `split` takes split(inputString, delimiter)");
    }

    #[test]
    fn ids_are_cut_though_names_are_not_known() {
        check(
            "split",
            r#"[{"$p":["/subscriptions/",{"$u":"s"},"/resourceGroups/rg-",{"$u":"r"},"/x"]},"/"]"#,
            r#"["","subscriptions",s,"resourceGroups","rg-{r}","x",]"#,
        );
        check("split", r#"[{"$p":["a/",{"$u":"n"}]},"/"]"#, r#"split("a/{n}","/")"#);
        check("split", r#"[{"$p":["/providers/",{"$u":"n"}]},"-"]"#, r#"split("/providers/{n}","-")"#);
        check("split", r#"[{"$p":["a.b",{"$u":"uniqueString"}]},"."]"#, r#"["a","b{uniqueString}",]"#);
        check("split", r#"[{"$p":["a-",{"$u":"guid"}]},"-"]"#, r#"split("a-{guid}","-")"#);
        check("split", r#"[{"$u":"n"},","]"#, r#"split(n,",")"#);
    }
}
