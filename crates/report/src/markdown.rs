//! Markdown as GitHub and Azure DevOps show it: for job summaries, pull requests and wikis.
//!
//! INVARIANT: what comes from the input stands in code spans, or with its punctuation escaped: it
//! makes no markup, no link and no mention.

use std::fmt::Write;

use posture::{Finding, Status};

use crate::blocks::{blocks, named, other_checks, other_resources, unknown_rows};
use crate::clean::clean;
use crate::controls;
use crate::facts::facts;
use crate::json::place_text;
use crate::problem::problem_text;
use crate::sentences::{by_severity, in_words, not_assessed};
use crate::standing::{STEPS, gain_text, points_words, score_rows, score_word, step_text};
use crate::text::{gone_line, gone_text};
use crate::words::{checkpoint_word, day_text, pick, severity_word, words};
use crate::{Report, way};

/// How many root causes are told in full. A job summary of GitHub takes one mebibyte.
const TOLD: usize = 100;

/// How many rows a list has.
const ROWS: usize = 200;

/// The report as Markdown.
pub fn to_markdown(report: &Report<'_>) -> String {
    let lang = report.lang;
    let words = words(lang);
    let blocks = blocks(report);
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", words.report);
    for text in in_words(report, blocks.len()) {
        let _ = writeln!(out, "{}\n", prose(&text));
    }
    let severities = by_severity(report);
    if !severities.is_empty() {
        let _ = writeln!(out, "| {} | {} |\n|---|---:|", words.severity, words.count);
        for (severity, number) in severities {
            let _ =
                writeln!(out, "| {} | {} |", severity_word(severity, lang), posture::grouped(number as u128));
        }
        out.push('\n');
    }
    if !blocks.is_empty() {
        let _ = writeln!(out, "## {}\n", words.findings);
    }
    for block in blocks.iter().take(TOLD) {
        write_block(&mut out, report, block);
    }
    let more = blocks.len().saturating_sub(TOLD);
    if more > 0 {
        let _ = writeln!(
            out,
            "{}\n",
            pick(
                lang,
                format!("… and {more} more root causes: `--output report.html` shows them all."),
                format!(
                    "… ほかに {more} 件の根本原因があります。`--output report.html` ですべて表示できます。"
                ),
            )
        );
    }
    write_score(&mut out, report);
    write_controls(&mut out, report);
    write_checks(&mut out, report);
    write_rest(&mut out, report);
    let _ = writeln!(
        out,
        "Sekimori {} · {} {}",
        report.version,
        pick(lang, "service tags of", "サービス タグの日付"),
        prose(report.tags_data)
    );
    out
}

fn write_block(out: &mut String, report: &Report<'_>, block: &[&Finding]) {
    let Some(first) = block.first() else { return };
    let lang = report.lang;
    let words = words(lang);
    let fresh = |finding: &&Finding| report.is_new(&finding.id(report.estate)) == Some(true);
    let new = if block.iter().any(fresh) { format!(" ({})", words.new) } else { String::new() };
    let severity = severity_word(first.severity, lang);
    let _ = writeln!(out, "### {severity} {}{new}: {}\n", first.check.code, prose(&first.message));
    let mut item = |label: &str, text: &str| {
        let _ = writeln!(out, "- **{}**: {text}", capital(label));
    };
    if let Some(at) = first.cause.as_ref().and_then(|cause| (report.locate)(cause.origin, &cause.pointer)) {
        item(words.position, &code(&at.shown()));
    }
    let mut shown: Vec<String> = Vec::new();
    for open in &first.evidence {
        let line = way::line(report, first, open);
        if shown.contains(&line) || shown.len() == 3 {
            continue;
        }
        item(words.way_in, &code(&line));
        shown.push(line);
        if let Some((from, to)) = &open.witness {
            item(words.proof, &code(&format!("{} {from} → {to}", open.protocol.name())));
        }
        item(words.sources, &prose(&way::sources(open, lang)));
        if let Some(next) = &open.replies {
            item(words.replies, &prose(&posture::replies_text(next, lang)));
        }
    }
    for (label, value) in facts(first, lang) {
        item(&label, &code(&value));
    }
    let others = named(report, &other_resources(block), 20);
    if !others.is_empty() {
        item(words.also, &code(&others));
    }
    for finding in other_checks(block) {
        let severity = severity_word(finding.severity, lang);
        item(finding.check.code, &format!("{severity}: {}", prose(&finding.message)));
    }
    out.push('\n');
    write_fix(out, &first.fix, words.fix);
}

/// Sentences as text, commands as code.
fn write_fix(out: &mut String, fix: &str, title: &str) {
    if fix.is_empty() {
        return;
    }
    let _ = writeln!(out, "**{title}**\n");
    let mut fenced = false;
    for line in fix.lines() {
        let command = line.starts_with("  ");
        if command != fenced {
            // A fence longer than any run of backticks in it is not ended by the text.
            out.push_str(if command { "``````sh\n" } else { "``````\n\n" });
            fenced = command;
        }
        match command {
            true => {
                let _ = writeln!(out, "{}", clean(line.trim_start()).replace("``````", "`"));
            }
            false => {
                let _ = writeln!(out, "{}\n", prose(line));
            }
        }
    }
    if fenced {
        out.push_str("``````\n\n");
    }
}

fn write_score(out: &mut String, report: &Report<'_>) {
    let (lang, score) = (report.lang, &report.outcome.score);
    if score.by_checkpoint.is_empty() {
        return;
    }
    let [earned, lost, unknown] = points_words(lang);
    let _ = writeln!(
        out,
        "## {}\n\n| {} | {earned} | {lost} | {unknown} |\n|---|---:|---:|---:|",
        score_word(lang),
        words(lang).checkpoint,
    );
    for (name, points) in score_rows(score, lang) {
        let _ = writeln!(out, "| {name} | {} | {} | {} |", points.earned, points.lost, points.unknown);
    }
    out.push('\n');
    for gain in score.next.iter().take(STEPS) {
        let _ = writeln!(out, "- {}: {}", gain_text(gain, lang), prose(&step_text(gain, lang)));
    }
    out.push('\n');
}

fn write_controls(out: &mut String, report: &Report<'_>) {
    let lang = report.lang;
    for view in controls::views(report) {
        let _ =
            writeln!(out, "## {}\n\n{}\n", view.catalogue.title(lang), controls::counts_text(&view, lang));
        let [control, state, why] = pick(lang, ["control", "state", "evidence"], ["項目", "状態", "根拠"]);
        let _ = writeln!(out, "| {control} | | {state} | {why} |\n|---|---|---|---|");
        for control in &view.controls {
            let was = controls::was(report, view.catalogue, control).map(|was| controls::met_word(was, lang));
            let was = was.map(|was| format!("{was} → ")).unwrap_or_default();
            let _ = writeln!(
                out,
                "| {} | {} | {was}{} | {} |",
                control.id,
                prose(controls::title(control, lang)),
                controls::met_word(control.met, lang),
                prose(&controls::evidence(report, control))
            );
        }
        out.push('\n');
    }
}

fn write_checks(out: &mut String, report: &Report<'_>) {
    let lang = report.lang;
    let words = words(lang);
    let _ = writeln!(
        out,
        "## {}\n\n| {} | {} | {} | {} | {} | {} |\n|---|---|---|---:|---:|---:|",
        pick(lang, "Checks", "チェック"),
        words.code,
        words.check,
        words.checkpoint,
        words.failed,
        words.passed,
        words.unknown
    );
    for its in &report.outcome.by_check {
        let check = its.check;
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            check.code,
            prose(check.title.of(lang)),
            checkpoint_word(check.checkpoint, lang),
            its.fail,
            its.pass,
            its.unknown
        );
    }
    out.push('\n');
}

fn write_rest(out: &mut String, report: &Report<'_>) {
    let lang = report.lang;
    let words = words(lang);
    let passes: Vec<_> = report
        .outcome
        .findings
        .iter()
        .filter(|finding| finding.status == Status::Pass)
        .map(|finding| format!("{} {}", finding.check.code, code(report.estate.text(finding.resource))))
        .collect();
    list(out, report, words.passed, &passes);
    let unknown: Vec<_> = unknown_rows(report)
        .iter()
        .map(|row| {
            let (reason, names) = (prose(&row.most.reason), code(&row.names));
            let settled_by = code(&row.most.settled_by);
            let count = posture::grouped(row.count as u128);
            format!("{}: {reason} × {count} ({names}) — {}: {settled_by}", row.codes, words.settled_by)
        })
        .collect();
    list(out, report, words.could_not_be_judged, &unknown);
    let not_assessed: Vec<_> = not_assessed(report)
        .into_iter()
        .map(|(reason, codes)| format!("{}: {}", codes.join(", "), prose(reason)))
        .collect();
    list(out, report, words.not_assessed, &not_assessed);
    let place = |at: &estate::At| place_text(report, at);
    let errors: Vec<_> = report
        .errors
        .iter()
        .map(|(problem, at)| {
            let text = problem_text(&problem.kind, lang, &place);
            format!("{} {}", code(&format!("{}:{}:{}", at.file, at.line, at.column)), prose(&text))
        })
        .collect();
    list(out, report, words.could_not_be_read, &errors);
    let suppressed: Vec<_> = report
        .outcome
        .suppressed
        .iter()
        .map(|row| {
            let decision = report.suppressions.get(row.by);
            let reason = decision.map(|decision| prose(&decision.reason)).unwrap_or_default();
            let until = decision.map(|decision| day_text(decision.until, lang)).unwrap_or_default();
            format!(
                "{} {} — {reason} ({}: {until})",
                row.finding.check.code,
                prose(&row.finding.message),
                words.until
            )
        })
        .collect();
    list(out, report, words.suppressed, &suppressed);
    if let Some(comparison) = report.comparison {
        let row = |(before, why): &(posture::Before, posture::Gone)| {
            format!("{} ({})", prose(&gone_line(before, lang)), gone_text(*why, lang))
        };
        list(out, report, words.fixed, &comparison.fixed().map(row).collect::<Vec<_>>());
        list(out, report, words.changed, &comparison.changed().map(row).collect::<Vec<_>>());
        list(out, report, words.unsettled, &comparison.unsettled().map(row).collect::<Vec<_>>());
    }
    let settings: Vec<_> = report
        .own_settings
        .iter()
        .map(|(key, value, from)| format!("{} ({})", code(&format!("{key} = {value}")), code(from)))
        .collect();
    list(out, report, words.settings, &settings);
    let notices: Vec<_> = report.notices.iter().map(|notice| prose(notice)).collect();
    list(out, report, words.notices, &notices);
}

/// A titled list, if it has rows: the first of them, and how many more there are.
fn list(out: &mut String, report: &Report<'_>, title: &str, rows: &[String]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "## {}\n", capital(title));
    for row in rows.iter().take(ROWS) {
        let _ = writeln!(out, "- {row}");
    }
    let more = rows.len().saturating_sub(ROWS);
    if more > 0 {
        let _ = writeln!(
            out,
            "- {}",
            pick(report.lang, format!("… and {more} more"), format!("… ほか {more} 件"))
        );
    }
    out.push('\n');
}

/// A label at the start of a line.
fn capital(label: &str) -> String {
    let mut chars = label.chars();
    let first = chars.next();
    first.into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

/// Text from the input, as a code span.
pub(crate) fn code(text: &str) -> String {
    let text = clean(text);
    if text.trim().is_empty() {
        return String::new();
    }
    if !text.contains(['`', '|']) {
        return format!("`{text}`");
    }
    // In a span of backticks neither could be written everywhere.
    format!("<code>{}</code>", entities(&text))
}

/// A sentence of ours, in which names stand between backticks.
pub(crate) fn prose(text: &str) -> String {
    let text = clean(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A name holds a backtick: then nobody can tell which parts are names.
        return code(&text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (index, part) in parts.iter().enumerate() {
        match index.is_multiple_of(2) {
            true => out.push_str(&escaped(part)),
            false => out.push_str(&code(part)),
        }
    }
    out
}

/// Text without markup, links and mentions.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            c => out.push(c),
        }
    }
    // GitHub makes links of bare addresses.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c.is_ascii_punctuation() {
            true => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_acts() {
        let check = |text: &str, expected: &str| assert_eq!(prose(text), expected, "{text}");
        check("SSH of `web1` is open", "SSH of `web1` is open");
        check("SSH of `<b>|` is open", "SSH of <code>&#60;b&#62;&#124;</code> is open");
        check("a ` b", "<code>a &#96; b</code>");
        check("see https://evil.example @all #1", "see https&#58;//evil.example &#64;all &#35;1");
        check("*x* [y](z) <i>", "\\*x\\* \\[y\\](z) \\<i\\>");
        check("`a` ![x](y) `b`", "`a` !\\[x\\](y) `b`");
        assert_eq!(code("a|b"), "<code>a&#124;b</code>");
        assert_eq!(code(" "), "");
    }

    #[test]
    fn commands_cannot_leave_their_fence() {
        let mut out = String::new();
        write_fix(&mut out, "do\n  az x ``````\n  # <b>", "Fix");
        assert_eq!(out, "**Fix**\n\ndo\n\n``````sh\naz x `\n# <b>\n``````\n\n");
    }
}
