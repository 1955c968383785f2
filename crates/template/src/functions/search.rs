//! Looks for a text in another, in any case of letters, as far as both are known.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string>.

use super::text::{fold, is_known, lead, parts, trail};
use super::{Call, Outcome};

pub(super) fn starts_with(call: &Call<'_>) -> Outcome {
    let (text, find) = (call.arg(0)?, call.arg(1)?);
    parts(call, 0)?;
    parts(call, 1)?;
    let answer = begins(lead(text).chars(), is_known(text), lead(find).chars(), is_known(find));
    call.maybe(answer.or_else(|| (text.key() == find.key()).then_some(true)))
}

pub(super) fn ends_with(call: &Call<'_>) -> Outcome {
    let (text, find) = (call.arg(0)?, call.arg(1)?);
    parts(call, 0)?;
    parts(call, 1)?;
    let answer = begins(trail(text).chars().rev(), is_known(text), trail(find).chars().rev(), is_known(find));
    call.maybe(answer.or_else(|| (text.key() == find.key()).then_some(true)))
}

fn begins(
    mut text: impl Iterator<Item = char>,
    text_known: bool,
    find: impl Iterator<Item = char>,
    find_known: bool,
) -> Option<bool> {
    for wanted in find {
        match text.next() {
            Some(c) if fold(c) == fold(wanted) => {}
            Some(_) => return Some(false),
            None => return text_known.then_some(false),
        }
    }
    find_known.then_some(true)
}

/// Where one text stands in another, in any case of letters, in units.
pub(super) fn position(text: &str, find: &str, last: bool) -> Option<usize> {
    let folded: String = text.chars().map(fold).collect();
    let find: String = find.chars().map(fold).collect();
    let byte = if last { folded.rfind(&find) } else { folded.find(&find) }?;
    // Folding keeps the number of characters, not the number of bytes.
    let before = folded.get(..byte).unwrap_or_default().chars().count();
    Some(text.chars().take(before).map(char::len_utf16).sum())
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    #[test]
    fn texts_begin_and_end() {
        check("startsWith", r#"["abcdef","ab"]"#, "true");
        check("startsWith", r#"["abcdef","A"]"#, "true");
        check("startsWith", r#"["abcdef","e"]"#, "false");
        check("startsWith", r#"["a","ab"]"#, "false");
        check("endsWith", r#"["abcdef","ef"]"#, "true");
        check("endsWith", r#"["abcdef","F"]"#, "true");
        check("endsWith", r#"["abcdef","e"]"#, "false");
        check("startsWith", r#"[{"$p":["vm-",{"$u":"u"}]},"VM"]"#, "true");
        check("startsWith", r#"[{"$p":["vm-",{"$u":"u"}]},"nic-long"]"#, "false");
        check("startsWith", r#"[{"$p":["vm-",{"$u":"u"}]},"vm-1"]"#, r#"startsWith("vm-{u}","vm-1")"#);
        check("startsWith", r#"["vm-1",{"$p":["nic",{"$u":"u"}]}]"#, "false");
        check("endsWith", r#"[{"$p":[{"$u":"u"},"-vm"]},"VM"]"#, "true");
        check("endsWith", r#"[{"$u":"u"},"VM"]"#, r#"endsWith(u,"VM")"#);
        check("endsWith", r#"[1,"VM"]"#, "! `endsWith` takes endsWith(stringToSearch, stringToFind)");
    }
}
