//! Which checks people mean.

use posture::{CHECKS, Check};

/// No check has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCheck {
    /// What was probably meant; empty where nothing comes close.
    pub nearest: &'static str,
}

/// Whether a word names a check: by code, prefix of a code, name or checkpoint.
pub fn names(word: &str, check: &Check) -> bool {
    let prefix = check.code.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    !word.is_empty()
        && (prefix
            || check.slug.eq_ignore_ascii_case(word)
            || check.checkpoint.name().eq_ignore_ascii_case(word))
}

/// The checks that a word names.
///
/// # Errors
///
/// When it names none.
pub fn named(word: &str) -> Result<Vec<&'static Check>, NoCheck> {
    let word = word.trim();
    let found: Vec<_> = CHECKS.iter().copied().filter(|check| names(word, check)).collect();
    if found.is_empty() { Err(NoCheck { nearest: nearest(word) }) } else { Ok(found) }
}

/// The same; codes of checks that policies or a team's own files bring are taken for what they are.
///
/// # Errors
///
/// When it names none.
pub fn named_or_foreign(word: &str) -> Result<Vec<&'static Check>, NoCheck> {
    named(word).or_else(|no| posture::foreign(word).map(|check| vec![check]).ok_or(no))
}

fn nearest(word: &str) -> &'static str {
    let names = CHECKS.iter().flat_map(|check| [check.code, check.slug, check.checkpoint.name()]);
    close(word, names).unwrap_or_default()
}

/// Of some names the one that a word was probably meant to be: no more than a third of it is otherwise.
pub fn close<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let lower: String = word.chars().take(200).collect::<String>().to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &lower);
    let (far, name) = names.map(|name| (distance(name), name)).min_by_key(|(far, _)| *far)?;
    (far <= (lower.chars().count() / 3).max(1)).then_some(name)
}
