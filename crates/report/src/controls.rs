//! How controls of catalogues stand, for every form.

use std::fmt::Write;

use posture::{Catalogue, Control, Lang, Met, compliance, grouped};
use serde::Serialize;

use crate::Report;
use crate::clean::clean;
use crate::style::Page;
use crate::words::{checkpoint_word, pick};

/// How many findings stand for those of a control.
const EVIDENCE: usize = 20;

/// How many names of resources people are shown.
const NAMED: usize = 3;

/// A catalogue with its controls.
pub(crate) struct View<'r> {
    pub(crate) catalogue: Catalogue,
    pub(crate) controls: Vec<Control<'r>>,
}

/// Every catalogue of which checks ran.
pub(crate) fn views<'r>(report: &Report<'r>) -> Vec<View<'r>> {
    let all = Catalogue::ALL.into_iter().map(|catalogue| View {
        catalogue,
        controls: compliance(report.outcome, report.settings, catalogue),
    });
    all.filter(|view| !view.controls.is_empty()).collect()
}

/// What a control asks for.
pub(crate) fn title(control: &Control<'_>, lang: Lang) -> &'static str {
    match (control.title, control.checkpoint) {
        (Some(title), _) => title.of(lang),
        (None, Some(checkpoint)) => checkpoint_word(checkpoint, lang),
        (None, None) => "",
    }
}

pub(crate) fn met_word(met: Met, lang: Lang) -> &'static str {
    match met {
        Met::No => pick(lang, "not met", "不適合"),
        Met::Unknown => pick(lang, "unknown", "不明"),
        Met::Yes => pick(lang, "met", "適合"),
        Met::Nothing => pick(lang, "not applicable", "対象なし"),
    }
}

/// How the control stood in the earlier check, where that was otherwise.
pub(crate) fn was(report: &Report<'_>, catalogue: Catalogue, control: &Control<'_>) -> Option<Met> {
    let name = report.comparison?.control(catalogue.name(), control.id)?;
    let all = [Met::No, Met::Unknown, Met::Yes, Met::Nothing];
    all.into_iter().find(|met| met.name() == name && *met != control.met)
}

/// What makes it so, in a few words: how much fails and where, what cannot be told, what passed.
pub(crate) fn evidence(report: &Report<'_>, control: &Control<'_>) -> String {
    let lang = report.lang;
    let mut parts: Vec<String> = Vec::new();
    if !control.failed.is_empty() {
        let mut codes: Vec<&str> = control.failed.iter().map(|finding| finding.check.code).collect();
        codes.sort_unstable();
        codes.dedup();
        let mut names: Vec<String> = Vec::new();
        for finding in &control.failed {
            let name = clean(report.estate.name(finding.resource)).into_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let (count, codes) = (grouped(control.failed.len() as u128), codes.join(", "));
        let (names, more) = (names.join(", "), if more > 0 { format!(" +{more}") } else { String::new() });
        parts.push(pick(
            lang,
            format!("{count} failed ({codes}): {names}{more}"),
            format!("不適合 {count} 件 ({codes}): {names}{more}"),
        ));
    }
    if control.suppressed > 0 {
        let count = control.suppressed;
        parts.push(pick(lang, format!("{count} suppressed"), format!("抑制中 {count} 件")));
    }
    if !control.unknown.is_empty() {
        let codes = control.unknown.join(", ");
        parts.push(pick(lang, format!("not known: {codes}"), format!("不明: {codes}")));
    }
    if control.passed > 0 {
        let count = grouped(u128::from(control.passed));
        parts.push(pick(lang, format!("{count} passed"), format!("適合 {count} 件")));
    }
    parts.join("; ")
}

/// How many controls stand how: met, not met, unknown, and about nothing.
pub(crate) fn counts(view: &View<'_>) -> [usize; 4] {
    let count = |met| view.controls.iter().filter(|control| control.met == met).count();
    [count(Met::Yes), count(Met::No), count(Met::Unknown), count(Met::Nothing)]
}

pub(crate) fn counts_text(view: &View<'_>, lang: Lang) -> String {
    let [met, not_met, unknown, nothing] = counts(view);
    match lang {
        Lang::En => format!("{met} met, {not_met} not met, {unknown} unknown, {nothing} not applicable"),
        Lang::Ja => format!("適合 {met}、不適合 {not_met}、不明 {unknown}、対象なし {nothing}"),
    }
}

/// The chosen catalogues as text.
pub(crate) fn write_text(out: &mut String, report: &Report<'_>, page: Page) {
    let (lang, style) = (report.lang, page.style);
    for view in views(report).iter().filter(|view| report.catalogues.contains(&view.catalogue)) {
        let _ = writeln!(out, "{}: {}", style.bold(view.catalogue.title(lang)), counts_text(view, lang));
        for control in &view.controls {
            let word = met_word(control.met, lang);
            let word = match control.met {
                Met::No => style.severity(posture::Severity::High, word),
                Met::Yes => style.good(word),
                Met::Unknown | Met::Nothing => style.dim(word),
            };
            let was = was(report, view.catalogue, control).map(|was| match lang {
                Lang::En => format!(" (was: {})", met_word(was, lang)),
                Lang::Ja => format!(" (前回: {})", met_word(was, lang)),
            });
            let line =
                format!("{}: {word}{} – {}", control.id, was.unwrap_or_default(), title(control, lang));
            let _ = writeln!(out, "  {line}");
            let evidence = evidence(report, control);
            if !evidence.is_empty() {
                for line in page.lines(&evidence, 4) {
                    let _ = writeln!(out, "      {}", style.dim(&line));
                }
            }
        }
        out.push('\n');
    }
}

/// A catalogue in JSON.
#[derive(Serialize)]
pub(crate) struct CatalogueForm {
    catalogue: &'static str,
    title: &'static str,
    controls: Vec<ControlForm>,
}

#[derive(Serialize)]
struct ControlForm {
    id: &'static str,
    title: &'static str,
    status: &'static str,
    /// How it stood in the earlier check, where that was otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<&'static str>,
    checks: Vec<&'static str>,
    failed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<usize>,
    passed: u64,
    /// Checks that cannot tell.
    unknown: Vec<&'static str>,
    /// The ids of findings, at most twenty.
    evidence: Vec<String>,
}

pub(crate) fn forms(report: &Report<'_>) -> Vec<CatalogueForm> {
    let form = |view: View<'_>| {
        let controls = view.controls.iter().map(|control| ControlForm {
            id: control.id,
            title: title(control, report.lang),
            status: control.met.name(),
            was: was(report, view.catalogue, control).map(Met::name),
            checks: control.checks.clone(),
            failed: control.failed.len(),
            suppressed: (control.suppressed > 0).then_some(control.suppressed),
            passed: control.passed,
            unknown: control.unknown.clone(),
            evidence: control.failed.iter().take(EVIDENCE).map(|finding| finding.id(report.estate)).collect(),
        });
        let title = view.catalogue.title(report.lang);
        CatalogueForm { catalogue: view.catalogue.name(), title, controls: controls.collect() }
    };
    views(report).into_iter().map(form).collect()
}
