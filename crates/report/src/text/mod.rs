//! The text form: what people read in a terminal.
//!
//! Findings with one root cause are one block, whatever the number of VMs.

mod explain;
mod summary;
mod wrap;

use std::collections::BTreeMap;
use std::fmt::Write;

use posture::{Finding, Status, grouped};
use unicode_width::UnicodeWidthStr;

pub use explain::{explain, list_checks};
pub use wrap::wrap;

use crate::blocks::{blocks, named, other_checks, other_resources, unknown_rows};
use crate::clean::clean;
use crate::controls;
use crate::facts::facts;
use crate::json::place_text;
use crate::problem::problem_text;
use crate::style::{Page, Style};
use crate::words::{day_text, pick, severity_word, words};
use crate::{Excerpt, Location, Report, way};

/// How many of the other resources of a block are named.
const NAMED: usize = 6;

/// How many rows of a list at the end are shown.
const SHOWN: usize = 50;

/// The report as text.
pub fn to_text(report: &Report<'_>, page: Page) -> String {
    let mut out = String::new();
    for block in blocks(report) {
        write_block(&mut out, report, page, &block);
    }
    let style = page.style;
    write_passes(&mut out, report, style);
    write_unknown(&mut out, report, page);
    write_errors(&mut out, report, style);
    write_suppressed(&mut out, report, style);
    write_gone(&mut out, report, style);
    write_settings(&mut out, report, style);
    write_notices(&mut out, report, style);
    controls::write_text(&mut out, report, page);
    summary::write(&mut out, report, page);
    out
}

fn write_block(out: &mut String, report: &Report<'_>, page: Page, block: &[&Finding]) {
    let Some(first) = block.first() else { return };
    let lang = report.lang;
    let style = page.style;
    let words = words(lang);
    let severity = severity_word(first.severity, lang);
    let head = style.severity(first.severity, &format!("{severity}[{}]", first.check.code));
    // A block is new where one of its findings is.
    let fresh = |finding: &&Finding| report.is_new(&finding.id(report.estate)) == Some(true);
    let new = match report.comparison.is_some() && block.iter().any(fresh) {
        true => format!(" {}", style.bold(&format!("({})", words.new))),
        false => String::new(),
    };
    let message = clean(&first.message);
    let before = format!("{severity}[{}]: {}", first.check.code, if new.is_empty() { "" } else { words.new });
    for (index, line) in page.lines(&message, before.width() + 2).iter().enumerate() {
        let _ = match index {
            0 => writeln!(out, "{head}{new}{} {}", style.bold(":"), style.bold(line)),
            _ => writeln!(out, "    {}", style.bold(line)),
        };
    }
    let gutter = match &first.cause {
        None => 2,
        Some(cause) => match (report.locate)(cause.origin, &cause.pointer) {
            None => 2,
            Some(location) => {
                let excerpts = (report.excerpts)(cause.origin, &cause.pointer);
                write_location(out, style, &location, &excerpts)
            }
        },
    };
    let labels = [words.way_in, words.proof, words.sources, words.also, words.help];
    let width = labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let mut line = |label: &str, text: &str| {
        let pad = " ".repeat(width.saturating_sub(label.width()));
        let label = style.bold(label);
        let mark = style.frame("=");
        let room = page.width.saturating_sub(gutter + width + 5);
        // Commands stay on one line, to be copied.
        let lines: Vec<String> = text
            .lines()
            .flat_map(|text| match text.starts_with("  ") {
                true => vec![text.to_owned()],
                false => wrap(text, room).lines().map(str::to_owned).collect(),
            })
            .collect();
        let mut lines = lines.iter();
        let _ =
            writeln!(out, "{:gutter$} {mark} {label}{pad}  {}", "", lines.next().map_or("", String::as_str));
        for more in lines {
            let _ = writeln!(out, "{:gutter$}   {:width$}  {more}", "", "");
        }
    };
    // The first ways tell the others.
    let mut shown: Vec<String> = Vec::new();
    for open in &first.evidence {
        let way = way::line(report, first, open);
        if shown.contains(&way) || shown.len() == 3 {
            continue;
        }
        line(words.way_in, &way);
        shown.push(way);
        if let Some((from, to)) = &open.witness {
            line(words.proof, &format!("{} {from} → {to}", open.protocol.name()));
        }
        line(words.sources, &way::sources(open, lang));
        if let Some(next) = &open.replies {
            line(words.replies, &posture::replies_text(next, lang));
        }
    }
    let proofs: Vec<String> =
        facts(first, lang).iter().map(|(label, value)| format!("{label}: {value}")).collect();
    if !proofs.is_empty() {
        line(words.facts, &proofs.join("\n"));
    }
    let others = named(report, &other_resources(block), NAMED);
    if !others.is_empty() {
        line(words.also, &others);
    }
    for finding in other_checks(block) {
        let severity = severity_word(finding.severity, lang);
        line(finding.check.code, &format!("{severity}: {}", clean(&finding.message)));
    }
    line(words.help, &clean_lines(&first.fix));
    // What is not a check of ours is explained by its own definition.
    if !matches!(first.check.run, posture::Run::Given) {
        let explain = style.dim(&format!("sekimori explain {}", first.check.code));
        let _ = writeln!(out, "{:gutter$}   {:width$}  {explain}", "", "");
    }
    let _ = writeln!(out);
}

/// A text of our own with names from the input in it: lines stay, everything else is shown.
fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// Writes a place with its lines; gives how wide the numbers of lines are.
fn write_location(out: &mut String, style: Style, location: &Location, excerpts: &[Excerpt]) -> usize {
    let most = excerpts.iter().map(|excerpt| excerpt.line).chain([location.line]).max().unwrap_or(0);
    let gutter = most.to_string().len().max(2);
    let arrow = style.frame("-->");
    let _ = writeln!(out, "{:gutter$}{arrow} {}", "", location.shown());
    let bar = style.frame("|");
    let Some(first) = excerpts.first() else { return gutter };
    let _ = writeln!(out, "{:gutter$} {bar}", "");
    let mut last = first.line;
    for excerpt in excerpts {
        if excerpt.line > last + 1 {
            let _ = writeln!(out, "{}", style.frame("..."));
        }
        last = excerpt.line;
        let before = clean(excerpt.text.get(..excerpt.start).unwrap_or_default()).into_owned();
        let marked = clean(excerpt.text.get(excerpt.start..excerpt.end).unwrap_or_default()).into_owned();
        let after = clean(excerpt.text.get(excerpt.end..).unwrap_or_default()).into_owned();
        let number = style.frame(&format!("{:>gutter$}", excerpt.line));
        let _ = writeln!(out, "{number} {bar} {before}{marked}{after}");
        let carets = style.frame(&"^".repeat(marked.width().max(1)));
        let _ = writeln!(out, "{:gutter$} {bar} {}{carets}", "", " ".repeat(before.width()));
    }
    let _ = writeln!(out, "{:gutter$} {bar}", "");
    gutter
}

fn write_passes(out: &mut String, report: &Report<'_>, style: Style) {
    let word = words(report.lang).pass;
    for finding in report.outcome.findings.iter().filter(|finding| finding.status == Status::Pass) {
        let name = clean(report.estate.text(finding.resource)).into_owned();
        let _ = writeln!(out, "{} {name}", style.good(&format!("{word}[{}]", finding.check.code)));
    }
}

fn write_unknown(out: &mut String, report: &Report<'_>, page: Page) {
    let style = page.style;
    if report.outcome.unknown.is_empty() {
        return;
    }
    let lang = report.lang;
    let _ = writeln!(out, "{}", style.bold(words(lang).could_not_be_judged));
    for row in unknown_rows(report) {
        let reason = clean(&row.most.reason);
        let text = format!("? {reason} × {}  ({})", grouped(row.count as u128), row.names);
        for line in page.lines(&text, 2) {
            let _ = writeln!(out, "  {line}");
        }
        let place = row.most.place.as_ref().and_then(|(origin, pointer)| (report.locate)(*origin, pointer));
        if let Some(at) = place {
            let _ = writeln!(out, "    {} {}", style.frame("-->"), at.shown());
        }
        let (codes, settled_by) = (row.codes, &row.most.settled_by);
        let settle = pick(lang, format!("settled by: {settled_by}"), format!("解決方法: {settled_by}"));
        for line in page.lines(&format!("{codes}; {settle}"), 4) {
            let _ = writeln!(out, "    {}", style.dim(&line));
        }
    }
    out.push('\n');
}

fn write_errors(out: &mut String, report: &Report<'_>, style: Style) {
    let place = |at: &estate::At| place_text(report, at);
    let rows = report.errors.iter().map(|(problem, location)| {
        let message = problem_text(&problem.kind, report.lang, &place);
        let file = clean(&location.file).into_owned();
        format!("  ! {file}:{}:{}: {}", location.line, location.column, clean(&message))
    });
    write_list(out, report, style, words(report.lang).could_not_be_read, rows);
}

/// What the team lives with: each decision with the findings that it covers.
fn write_suppressed(out: &mut String, report: &Report<'_>, style: Style) {
    let mut by: BTreeMap<usize, Vec<&Finding>> = BTreeMap::new();
    for row in &report.outcome.suppressed {
        by.entry(row.by).or_default().push(&row.finding);
    }
    let rows = by.into_iter().filter_map(|(by, findings)| {
        let decision = report.suppressions.get(by)?;
        let until = day_text(decision.until, report.lang);
        let until = pick(report.lang, format!("until {until}"), format!("{until}まで"));
        let mut codes: Vec<_> = findings.iter().map(|finding| finding.check.code).collect();
        codes.sort_unstable();
        codes.dedup();
        let resources: Vec<_> = findings.iter().map(|finding| finding.resource).collect();
        let mut seen = std::collections::HashSet::new();
        let resources: Vec<_> = resources.into_iter().filter(|resource| seen.insert(*resource)).collect();
        let names = named(report, &resources, NAMED);
        let (reason, codes) = (clean(&decision.reason), codes.join(", "));
        let about = style.dim(&format!("({until}; {codes}: {names})"));
        Some(format!("  - {reason} × {}  {about}", grouped(findings.len() as u128)))
    });
    write_list(out, report, style, words(report.lang).suppressed, rows);
}

/// What was found in the earlier check and is not now, or not as then.
fn write_gone(out: &mut String, report: &Report<'_>, style: Style) {
    let Some(comparison) = report.comparison else { return };
    let words = words(report.lang);
    let row = |gone: &(posture::Before, posture::Gone)| {
        let (mark, why) = (
            if gone.1.is_fixed() { style.good("✓") } else { "?".to_owned() },
            gone_text(gone.1, report.lang),
        );
        format!("  {mark} {} {}", gone_line(&gone.0, report.lang), style.dim(&format!("({why})")))
    };
    write_list(out, report, style, words.fixed, comparison.fixed().map(row));
    write_list(out, report, style, words.changed, comparison.changed().map(row));
    write_list(out, report, style, words.unsettled, comparison.unsettled().map(row));
}

/// A finding of the earlier check in the words of today: its own message may be in another language.
pub(crate) fn gone_line(before: &posture::Before, lang: posture::Lang) -> String {
    let name = clean(estate::resource_name(&before.resource)).into_owned();
    let check = posture::CHECKS.iter().find(|check| check.code == before.code);
    match check {
        Some(check) => format!("{} {name}: {}", check.code, check.title.of(lang)),
        None => format!("{} {name}: {}", clean(&before.code), clean(&before.message)),
    }
}

/// Why a finding of the earlier check is none now, in words.
pub(crate) fn gone_text(gone: posture::Gone, lang: posture::Lang) -> &'static str {
    use posture::Gone;
    match gone {
        Gone::Met => pick(lang, "the check is met now", "チェックに適合しました"),
        Gone::OtherCause => pick(lang, "another cause now", "別の原因で検出されています"),
        Gone::NoResource => {
            pick(lang, "the resource is not in the input", "リソースが入力に含まれていません")
        }
        Gone::Unknown => pick(lang, "it cannot be judged now", "今回は判定できません"),
        Gone::NotChecked => pick(lang, "its check did not run", "チェックが実行されませんでした"),
    }
}

/// What the team has set: it changes what a report means.
fn write_settings(out: &mut String, report: &Report<'_>, style: Style) {
    let row = |(key, value, from): &(String, String, String)| {
        format!("  {} = {}  {}", clean(key), clean(value), style.dim(&format!("({})", clean(from))))
    };
    write_list(out, report, style, words(report.lang).settings, report.own_settings.iter().map(row));
}

fn write_notices(out: &mut String, report: &Report<'_>, style: Style) {
    let rows = report.notices.iter().map(|notice| format!("  * {}", clean(notice)));
    write_list(out, report, style, words(report.lang).notices, rows);
}

/// A titled list, if it has rows: the first of them, and how many more there are.
fn write_list(
    out: &mut String,
    report: &Report<'_>,
    style: Style,
    title: &str,
    rows: impl Iterator<Item = String>,
) {
    let mut count = 0usize;
    for row in rows {
        if count == 0 {
            let _ = writeln!(out, "{}", style.bold(title));
        }
        if count < SHOWN {
            let _ = writeln!(out, "{row}");
        }
        count += 1;
    }
    if let Some(more) = count.checked_sub(SHOWN).filter(|more| *more > 0) {
        let text = pick(report.lang, format!("… and {more} more"), format!("… ほか {more} 件"));
        let _ = writeln!(out, "  {text}");
    }
    if count > 0 {
        out.push('\n');
    }
}
