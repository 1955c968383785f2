//! JUnit XML, for the test pages of build servers: one suite a check, one case a resource.

use std::collections::BTreeMap;
use std::fmt::Write;

use posture::{CheckTally, Finding, Status, Suppressed};

use crate::Report;
use crate::clean::clean;
use crate::problem::problem_text;
use crate::words::{day_text, severity_word, words};
use crate::{json::place_text, way};

/// The report as JUnit XML.
///
/// What failed is a failure; what nobody can tell and what the team lives with is skipped, with the
/// reason; what could not be read is an error. Of what passed only the number is known, unless passes
/// were kept: then each is a case.
pub fn to_junit(report: &Report<'_>) -> String {
    let mut by_code: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.outcome.findings {
        by_code.entry(finding.check.code).or_default().push(finding);
    }
    let mut suppressed: BTreeMap<&str, Vec<&Suppressed>> = BTreeMap::new();
    for row in &report.outcome.suppressed {
        suppressed.entry(row.finding.check.code).or_default().push(row);
    }
    let mut suites = String::new();
    let mut sum = Counts::default();
    for tally in &report.outcome.by_check {
        let code = tally.check.code;
        let findings = by_code.remove(code).unwrap_or_default();
        let suppressed = suppressed.remove(code).unwrap_or_default();
        sum.add(&write_suite(&mut suites, report, tally, &findings, &suppressed));
    }
    if !report.errors.is_empty() {
        sum.add(&write_input(&mut suites, report));
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"Sekimori\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">",
        sum.tests, sum.failures, sum.errors, sum.skipped
    );
    out.push_str(&suites);
    out.push_str("</testsuites>\n");
    out
}

#[derive(Default)]
struct Counts {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }
}

fn write_suite(
    out: &mut String,
    report: &Report<'_>,
    tally: &CheckTally,
    findings: &[&Finding],
    suppressed: &[&Suppressed],
) -> Counts {
    let check = tally.check;
    let lang = report.lang;
    let class = format!("{}.{}", check.code, check.slug);
    let mut cases = String::new();
    let mut counts = Counts::default();
    for finding in findings {
        counts.tests += 1;
        let name = clean(report.estate.text(finding.resource)).into_owned();
        match finding.status {
            Status::Pass => write_case(&mut cases, &class, &name, ""),
            Status::Fail => {
                counts.failures += 1;
                let inside = failure(report, finding);
                write_case(&mut cases, &class, &name, &inside);
            }
        }
    }
    for row in suppressed {
        counts.tests += 1;
        counts.skipped += 1;
        let decision = report.suppressions.get(row.by);
        let reason = decision.map(|decision| decision.reason.as_str()).unwrap_or_default();
        let until = decision.map(|decision| day_text(decision.until, lang)).unwrap_or_default();
        let (words, message) = (words(lang), &row.finding.message);
        let text = format!("{}: {reason} ({}: {until}): {message}", words.suppressed, words.until);
        let name = clean(report.estate.text(row.finding.resource)).into_owned();
        write_case(&mut cases, &class, &name, &skipped(&text));
    }
    for row in report.outcome.unknown.iter().filter(|row| row.code == check.code) {
        counts.tests += 1;
        counts.skipped += 1;
        let words = words(lang);
        let text = format!(
            "{}: {} × {}; {}: {}",
            words.unknown, row.reason, row.count, words.settled_by, row.settled_by
        );
        let name = format!("{} ({})", words.unknown, row.reason);
        write_case(&mut cases, &class, &name, &skipped(&text));
    }
    if let Some((_, reason)) = report.outcome.not_assessed.iter().find(|(its, _)| its.code == check.code) {
        counts.tests += 1;
        counts.skipped += 1;
        write_case(&mut cases, &class, words(lang).not_assessed, &skipped(reason));
    } else if tally.pass > 0 && findings.iter().all(|finding| finding.status == Status::Fail) {
        counts.tests += 1;
        write_case(&mut cases, &class, &format!("{} × {}", words(lang).passed, tally.pass), "");
    }
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"0\" timestamp=\"{}\">",
        attribute(&format!("{} {}", check.code, check.title.of(lang))),
        counts.tests,
        counts.failures,
        counts.skipped,
        attribute(report.as_of.trim_end_matches('Z')),
    );
    out.push_str(&cases);
    out.push_str("  </testsuite>\n");
    counts
}

/// What could not be read, as a suite of its own.
fn write_input(out: &mut String, report: &Report<'_>) -> Counts {
    let count = report.errors.len() as u64;
    let title = attribute(words(report.lang).could_not_be_read);
    let _ = writeln!(
        out,
        "  <testsuite name=\"{title}\" tests=\"{count}\" failures=\"0\" errors=\"{count}\" skipped=\"0\" time=\"0\" timestamp=\"{}\">",
        attribute(report.as_of.trim_end_matches('Z'))
    );
    let place = |at: &estate::At| place_text(report, at);
    for (problem, at) in &report.errors {
        let text = problem_text(&problem.kind, report.lang, &place);
        let name = format!("{}:{}:{}", at.file, at.line, at.column);
        let inside = format!("<error message=\"{}\"/>", attribute(&text));
        write_case(out, "input", &name, &inside);
    }
    out.push_str("  </testsuite>\n");
    Counts { tests: count, errors: count, ..Counts::default() }
}

fn write_case(out: &mut String, class: &str, name: &str, inside: &str) {
    let (class, name) = (attribute(class), attribute(name));
    let _ = match inside {
        "" => writeln!(out, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\"/>"),
        _ => writeln!(
            out,
            "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\">{inside}</testcase>"
        ),
    };
}

fn skipped(text: &str) -> String {
    format!("<skipped message=\"{}\"/>", attribute(text))
}

fn failure(report: &Report<'_>, finding: &Finding) -> String {
    let words = words(report.lang);
    let mut lines = Vec::new();
    if let Some(at) = finding.cause.as_ref().and_then(|cause| (report.locate)(cause.origin, &cause.pointer)) {
        lines.push(at.shown());
    }
    for open in finding.evidence.iter().take(3) {
        lines.push(format!("{}: {}", words.way_in, way::line(report, finding, open)));
        if let Some((from, to)) = &open.witness {
            lines.push(format!("{}: {} {from} → {to}", words.proof, open.protocol.name()));
        }
    }
    if !finding.fix.is_empty() {
        lines.push(format!("{}: {}", words.help, finding.fix));
    }
    let text = lines.iter().flat_map(|text| text.lines()).map(element).collect::<Vec<_>>().join("\n");
    format!(
        "<failure type=\"{}\" message=\"{}\">{text}</failure>",
        attribute(severity_word(finding.severity, report.lang)),
        attribute(&finding.message)
    )
}

/// Text in an attribute. Nothing in it starts markup, and no character is one that XML 1.0 forbids.
fn attribute(text: &str) -> String {
    element(text).replace('"', "&quot;")
}

fn element(text: &str) -> String {
    // U+FFFE and U+FFFF are no characters of XML 1.0 (section 2.2); `clean` shows the controls.
    let text = clean(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        assert_eq!(attribute("a<b>&\"c\"\n"), "a&lt;b&gt;&amp;&quot;c&quot;\\u{a}");
        assert_eq!(element("]]>\u{0}\u{ffff}"), "]]&gt;\\u{0}\u{fffd}");
    }
}
