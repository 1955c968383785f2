//! Which checks people mean.

use anyhow::bail;
use posture::{CHECKS, Check, Lang};

/// Whether a word names a check: by code, prefix of a code, name or checkpoint.
fn names(word: &str, check: &Check) -> bool {
    let prefix = check.code.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    !word.is_empty()
        && (prefix
            || check.slug.eq_ignore_ascii_case(word)
            || check.checkpoint.name().eq_ignore_ascii_case(word))
}

/// The checks that one word names.
fn named(word: &str, lang: Lang) -> anyhow::Result<Vec<&'static Check>> {
    let word = word.trim();
    let found: Vec<_> = CHECKS.iter().copied().filter(|check| names(word, check)).collect();
    if found.is_empty() {
        let nearest = nearest(word);
        match lang {
            Lang::En => bail!(
                "no check is called `{word}`; did you mean `{nearest}`? `sekimori checks` lists them all"
            ),
            Lang::Ja => bail!(
                "`{word}` というチェックはありません。`{nearest}` の間違いではありませんか。一覧は `sekimori checks` で確認できます"
            ),
        }
    }
    Ok(found)
}

fn nearest(word: &str) -> &'static str {
    let lower = word.to_ascii_lowercase();
    CHECKS
        .iter()
        .flat_map(|check| [check.code, check.slug, check.checkpoint.name()])
        .min_by_key(|name| strsim::damerau_levenshtein(&name.to_ascii_lowercase(), &lower))
        .unwrap_or_default()
}

/// The checks to run.
pub(crate) fn checks(
    select: &[String],
    ignore: &[String],
    lang: Lang,
) -> anyhow::Result<Vec<&'static Check>> {
    let mut wanted = Vec::new();
    for word in select {
        wanted.extend(named(word, lang)?);
    }
    let mut unwanted = Vec::new();
    for word in ignore {
        unwanted.extend(named(word, lang)?);
    }
    let has = |list: &[&Check], check: &Check| list.iter().any(|other| other.code == check.code);
    let chosen: Vec<_> = CHECKS
        .iter()
        .copied()
        .filter(|check| (select.is_empty() || has(&wanted, check)) && !has(&unwanted, check))
        .collect();
    if chosen.is_empty() {
        match lang {
            Lang::En => bail!("--select and --ignore leave no check to run"),
            Lang::Ja => bail!("--select と --ignore の指定により、実行するチェックがなくなりました"),
        }
    }
    Ok(chosen)
}

/// The codes that words name.
pub(crate) fn codes(words: &[String], lang: Lang) -> anyhow::Result<Vec<&'static str>> {
    let mut codes = Vec::new();
    for word in words {
        codes.extend(named(word, lang)?.iter().map(|check| check.code));
    }
    Ok(codes)
}

/// The one check that a word names.
pub(crate) fn one(word: &str, lang: Lang) -> anyhow::Result<&'static Check> {
    let found = named(word, lang)?;
    match found.as_slice() {
        [only] => Ok(only),
        several => {
            let codes: Vec<_> = several.iter().map(|check| check.code).collect();
            let codes = codes.join(", ");
            match lang {
                Lang::En => bail!("`{word}` names several checks: {codes}"),
                Lang::Ja => bail!("`{word}` に当てはまるチェックが複数あります: {codes}"),
            }
        }
    }
}
