//! Which checks people mean, and what to tell those who mean none.

use anyhow::{anyhow, bail};
use posture::{CHECKS, Check, Lang};

fn named(word: &str, lang: Lang) -> anyhow::Result<Vec<&'static Check>> {
    config::named(word).map_err(|no| {
        let fault = config::FaultKind::NoCheck { word: word.to_owned(), nearest: no.nearest };
        let text = fault.text(lang);
        match lang {
            Lang::En => anyhow!(
                "{text}{} `sekimori checks` lists them all",
                if no.nearest.is_empty() { ";" } else { "" }
            ),
            Lang::Ja => anyhow!("{text}。一覧は `sekimori checks` で確認できます"),
        }
    })
}

/// The checks to run. With policies a word may name one of these instead: see [`more`].
pub(crate) fn checks(
    select: &[String],
    ignore: &[String],
    policies: bool,
    lang: Lang,
) -> anyhow::Result<Vec<&'static Check>> {
    let own = |words: &[String]| match policies {
        true => Ok(words
            .iter()
            .filter_map(|word| config::named(word).ok())
            .flatten()
            .map(|check| check.code)
            .collect()),
        false => codes(words, lang),
    };
    let (wanted, unwanted): (Vec<&str>, Vec<&str>) = (own(select)?, own(ignore)?);
    let chosen: Vec<_> = CHECKS
        .iter()
        .copied()
        .filter(|check| {
            (select.is_empty() || wanted.contains(&check.code)) && !unwanted.contains(&check.code)
        })
        .collect();
    if chosen.is_empty() && !policies {
        match lang {
            Lang::En => bail!("--select and --ignore leave no check to run"),
            Lang::Ja => bail!("--select と --ignore の指定により、実行するチェックがなくなりました"),
        }
    }
    Ok(chosen)
}

/// Of the checks that policies bring those to run.
pub(crate) fn more(
    select: &[String],
    ignore: &[String],
    brought: &[&'static Check],
    lang: Lang,
) -> anyhow::Result<Vec<&'static Check>> {
    let is = |word: &String, check: &Check| config::names(word.trim(), check);
    for word in select.iter().chain(ignore) {
        if !brought.iter().any(|check| is(word, check)) {
            named(word, lang)?;
        }
    }
    let wanted = |check: &&&'static Check| {
        (select.is_empty() || select.iter().any(|word| is(word, check)))
            && !ignore.iter().any(|word| is(word, check))
    };
    Ok(brought.iter().filter(wanted).copied().collect())
}

/// The codes that words name.
pub(crate) fn codes(words: &[String], lang: Lang) -> anyhow::Result<Vec<&'static str>> {
    let mut codes = Vec::new();
    for word in words {
        let found = match posture::foreign(word) {
            Some(check) => vec![check],
            None => named(word, lang)?,
        };
        codes.extend(found.iter().map(|check| check.code));
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
