//! Checks in words.

use std::fmt::Write;

use posture::{Check, Lang};
use unicode_width::UnicodeWidthStr;

use crate::style::{Page, Style};
use crate::text::wrap;
use crate::words::{checkpoint_word, severity_word, words};

/// One check in full.
pub fn explain(check: &Check, lang: Lang, page: Page) -> String {
    let mut out = String::new();
    let style = page.style;
    let words = words(lang);
    let severity = severity_word(check.severity, lang);
    let _ = writeln!(
        out,
        "{} {}\n{}",
        style.severity(check.severity, &format!("{severity}[{}]", check.code)),
        style.bold(check.title.of(lang)),
        style.dim(&format!("{} · {}", check.slug, checkpoint_word(check.checkpoint, lang)))
    );
    for (title, text) in [(words.why, check.why.of(lang)), (words.fix, check.fix.of(lang))] {
        let _ = writeln!(out, "\n{}\n{}", style.bold(title), wrap(text, page.width.min(80)));
    }
    let _ = writeln!(out, "\n{}", style.bold(words.references));
    for reference in check.refs {
        let _ = writeln!(out, "  {}", reference.text());
    }
    out
}

/// The list of checks.
pub fn list_checks(checks: &[&'static Check], lang: Lang, style: Style) -> String {
    let mut out = String::new();
    let width = checks.iter().map(|check| check.slug.len()).max().unwrap_or(0);
    let severity_width =
        checks.iter().map(|check| severity_word(check.severity, lang).width()).max().unwrap_or(0);
    for check in checks {
        let word = severity_word(check.severity, lang);
        let pad = " ".repeat(severity_width - word.width());
        let _ = writeln!(
            out,
            "{}  {}{pad}  {:width$}  {}",
            style.bold(check.code),
            style.severity(check.severity, word),
            check.slug,
            check.title.of(lang)
        );
    }
    out
}
