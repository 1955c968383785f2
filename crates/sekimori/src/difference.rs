//! `sekimori diff`: what a change exposes.

use anyhow::bail;
use estate::Estate;
use posture::Lang;
use rayon::prelude::*;
use reach::difference::{Difference, Kind, between, machines, pairs, ways};
use reach::{Addresses, Reach};
use report::difference::{Compared, compared, difference_form, to_text, unknown_form};

use crate::cli::{DiffArgs, Form};
use crate::reached::sets;
use crate::source::{self, Reading};
use crate::{output, tags};

/// Some input could not be read in full.
const INCOMPLETE: u8 = 3;

pub(crate) fn run(args: &DiffArgs, lang: Lang) -> anyhow::Result<u8> {
    let sources = sets(&args.from, lang)?;
    let deploy = args.target.deploy();
    let read = |path: &std::path::PathBuf| -> anyhow::Result<Estate> {
        let reading = source::read_deployed(std::slice::from_ref(path), &deploy, lang)?;
        source::tell(&reading, lang);
        let Reading { estate, .. } = reading;
        if !estate.holds_azure() {
            match lang {
                Lang::En => bail!("`{}` holds no Azure resource", path.display()),
                Lang::Ja => bail!("`{}` に Azure のリソースが含まれていません", path.display()),
            }
        }
        Ok(estate)
    };
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let answer = compare(&old, &new, &args.from, &sources, lang)?;
    match args.form.form {
        Form::Json => output::print_plain(&(serde_json::to_string_pretty(&answer)? + "\n"))?,
        Form::Text => output::print(&to_text(&answer, lang, &output::page()))?,
    }
    let complete = old.problems.is_empty() && new.problems.is_empty();
    Ok(match (complete, answer.is_wider()) {
        (false, _) => INCOMPLETE,
        (true, wider) => u8::from(wider),
    })
}

/// What of two estates differs in who reaches what.
pub(crate) fn compare(
    old: &Estate,
    new: &Estate,
    from: &str,
    sources: &[Addresses; 2],
    lang: Lang,
) -> anyhow::Result<Compared> {
    let tags = tags::list(lang)?;
    let (before, after) = (Reach::with_tags(old, tags.clone()), Reach::with_tags(new, tags));
    let (old_machines, new_machines) = (machines(old), machines(new));
    let rows: Vec<_> = pairs((old, &old_machines), (new, &new_machines))
        .par_iter()
        .map(|(id, was, is)| {
            let machine = match (was, is) {
                (None, _) => Some("added"),
                (_, None) => Some("removed"),
                _ => None,
            };
            let found = between(&ways(&before, *was, sources), &ways(&after, *is, sources));
            let doubts = [was.and_then(|was| was.doubt(&before)), is.and_then(|is| is.doubt(&after))];
            // What nobody can see any more has not gone.
            let blind = matches!(doubts, [_, Some(_)]);
            let seen = |one: &Difference| match (blind, one.kind) {
                (true, Kind::Vanished | Kind::Narrowed) => Difference { kind: Kind::Doubted, ..one.clone() },
                _ => one.clone(),
            };
            let found: Vec<Difference> = found.iter().map(seen).collect();
            let forms: Vec<_> =
                found.iter().map(|one| difference_form((&before, &after), id, machine, one)).collect();
            let unknown: Vec<_> =
                doubts.iter().flatten().map(|reason| unknown_form(id, reason, lang)).collect();
            (forms, unknown)
        })
        .collect();
    let (forms, unknown): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    Ok(compared(from, forms.concat(), unknown.concat()))
}
