//! SARIF 2.1.0, for code scanning and editors.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html>
//! and what GitHub reads of it:
//! <https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>

use std::collections::HashMap;
use std::fmt::Write;

use posture::{Check, Finding, Lang, PortEvidence, Severity, Status, Suppressed};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::clean::clean;
use crate::json::place_text;
use crate::pages::page_path;
use crate::problem::problem_text;
use crate::words::{checkpoint_word, severity_word, words};
use crate::{HOME, Location, Report, way};

/// How many results one run may have: GitHub refuses a file with more.
/// <https://docs.github.com/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit>
const RESULTS: usize = 25_000;

/// The report as SARIF: one run, one result a finding.
pub fn to_sarif(report: &Report<'_>) -> String {
    let rules: Vec<Value> = report.checks.iter().map(|check| rule(report, check)).collect();
    let index: HashMap<&str, usize> =
        report.checks.iter().enumerate().map(|(index, check)| (check.code, index)).collect();
    let settings: serde_json::Map<String, Value> = report
        .own_settings
        .iter()
        .map(|(key, value, from)| (key.clone(), json!({"value": value, "from": from})))
        .collect();
    let driver = json!({
        "name": "Sekimori",
        "fullName": "Sekimori 関守",
        "organization": "Sekimori",
        "semanticVersion": report.version,
        "informationUri": HOME,
        "rules": rules,
    });
    let run = json!({
        "tool": {"driver": driver},
        "language": match report.lang { Lang::En => "en-US", Lang::Ja => "ja-JP" },
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": "sekimori/"},
        "invocations": [invocation(report, &index)],
        "properties": {"serviceTags": report.tags_data, "score": report.outcome.score.all.map(|points| points.earned), "settings": settings},
    });
    let one = |finding: &Finding, decision: Option<&Suppressed>| {
        result(report, finding, decision, index.get(finding.check.code).copied()).to_string()
    };
    // The worst come first, so that the least bad are left out.
    let mut results: Vec<String> =
        report.outcome.findings.par_iter().take(RESULTS).map(|finding| one(finding, None)).collect();
    let room = RESULTS.saturating_sub(results.len());
    results
        .par_extend(report.outcome.suppressed.par_iter().take(room).map(|row| one(&row.finding, Some(row))));
    // The results are written one by one: a tree of all of them would take many times their size.
    let mut out = String::from(
        "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[",
    );
    let run = run.to_string();
    out.push_str(run.strip_suffix('}').unwrap_or(&run));
    out.push_str(",\"results\":[");
    for (number, result) in results.iter().enumerate() {
        let _ = write!(out, "{}\n{result}", if number > 0 { "," } else { "" });
    }
    out.push_str("\n]}]}\n");
    out
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// GitHub's scale: over 9 critical, from 7 high, from 4 medium.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
    }
}

fn rule(report: &Report<'_>, check: &Check) -> Value {
    let lang = report.lang;
    let severity = report.settings.severity_of(check);
    let name: String = check
        .slug
        .split('-')
        .flat_map(|word| {
            word.chars().next().map(|c| c.to_ascii_uppercase()).into_iter().chain(word.chars().skip(1))
        })
        .collect();
    let (why, fix) = (check.why.of(lang), check.fix.of(lang));
    let refs: Vec<_> = check.refs.iter().map(posture::Reference::text).collect();
    let words = words(lang);
    let list: String = refs.iter().map(|text| format!("- {text}\n")).collect();
    json!({
        "id": check.code,
        "name": name,
        "shortDescription": {"text": sentence(check.title.of(lang), lang)},
        "fullDescription": {"text": why},
        "help": {
            "text": format!("{why}\n\n{}: {fix}", words.fix),
            "markdown": format!("{why}\n\n**{}**: {fix}\n\n**{}**\n\n{list}", words.fix, words.references),
        },
        "helpUri": format!("{HOME}/blob/main/{}", page_path(check, lang)),
        "defaultConfiguration": {"level": level(severity)},
        "properties": {
            "tags": ["security", "azure", check.checkpoint.name()],
            "precision": "very-high",
            "problem.severity": match level(severity) { "note" => "recommendation", other => other },
            "security-severity": security_severity(severity),
            "checkpoint": checkpoint_word(check.checkpoint, lang),
            "severity": severity_word(severity, lang),
            "references": refs,
        },
    })
}

/// A title as a sentence.
fn sentence(title: &str, lang: Lang) -> String {
    if lang == Lang::Ja {
        return format!("{title}。");
    }
    let mut chars = title.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}

/// Text that stands for itself: what would be a link, a place for an argument, or act on a terminal, is
/// shown.
fn plain(text: &str) -> String {
    // Section 3.11.5: braces that stand for themselves are doubled.
    let text = clean(text).replace('{', "{{").replace('}', "}}");
    // Section 3.11.6: `[text](target)` is a link unless a backslash stands before its bracket.
    match text.contains("](") {
        true => text.replace('[', "\\[").replace(']', "\\]"),
        false => text,
    }
}

fn text_of_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

fn result(
    report: &Report<'_>,
    finding: &Finding,
    suppressed: Option<&Suppressed>,
    index: Option<usize>,
) -> Value {
    let id = finding.id(report.estate);
    let fails = finding.status == Status::Fail;
    let mut text = plain(&finding.message);
    if !finding.fix.is_empty() {
        let _ = write!(text, "\n{}: {}", words(report.lang).help, text_of_lines(&finding.fix));
    }
    let place = finding.cause.as_ref().and_then(|cause| (report.locate)(cause.origin, &cause.pointer));
    let mut value = json!({
        "ruleId": finding.check.code,
        "kind": if fails { "fail" } else { "pass" },
        "level": if fails { level(finding.severity) } else { "none" },
        "message": {"text": text},
        "locations": [location(report, place.as_ref(), Some(finding.resource), None)],
        // GitHub goes by this name alone; without it, it would hash lines of the input.
        "partialFingerprints": {"sekimoriFinding/v1": id, "primaryLocationLineHash": line_hash(&id)},
        "properties": {"severity": finding.severity.name(), "security-severity": security_severity(finding.severity)},
    });
    let Some(object) = value.as_object_mut() else { return value };
    if let Some(index) = index {
        object.insert("ruleIndex".to_owned(), index.into());
    }
    let flows: Vec<_> =
        finding.evidence.iter().take(FLOWS).map(|open| code_flow(report, finding, open)).collect();
    if !flows.is_empty() {
        object.insert("codeFlows".to_owned(), flows.into());
    }
    if let Some(new) = report.is_new(&id).filter(|_| fails) {
        object.insert("baselineState".to_owned(), if new { "new" } else { "unchanged" }.into());
    }
    if let Some(row) = suppressed {
        let decision = report.suppressions.get(row.by);
        let reason = decision.map(|decision| plain(&decision.reason)).unwrap_or_default();
        let until = decision.map(|decision| decision.until.to_string());
        object.insert(
            "suppressions".to_owned(),
            json!([{"kind": "external", "status": "accepted", "justification": reason, "properties": {"until": until}}]),
        );
    }
    value
}

/// The hash of an id, with the number that tells results of one hash apart.
fn line_hash(id: &str) -> String {
    format!("{}:1", id.rsplit('-').next().unwrap_or(id))
}

/// How many ways in one result shows.
const FLOWS: usize = 10;

/// The rules that let a packet through, in the order in which Azure looks.
fn code_flow(report: &Report<'_>, finding: &Finding, open: &PortEvidence) -> Value {
    let lang = report.lang;
    let steps: Vec<_> = way::steps(report, finding, open)
        .iter()
        .map(|step| {
            let label = way::label(step.kind, lang);
            let name = if step.name.is_empty() { words(lang).none } else { &step.name };
            let detail = match step.detail.as_str() {
                "" => String::new(),
                detail => format!(" ({detail})"),
            };
            let text = plain(&format!("{label}{}{name}{detail}", if label.is_empty() { "" } else { ": " }));
            let place = step.place.as_ref().and_then(|(origin, pointer)| (report.locate)(*origin, pointer));
            json!({"location": location(report, place.as_ref(), step.resource, Some(&text))})
        })
        .collect();
    let packet = match &open.witness {
        Some((from, to)) => format!("{} {from} → {to}", open.protocol.name()),
        None => open.protocol.name().to_owned(),
    };
    json!({"message": {"text": plain(&packet)}, "threadFlows": [{"locations": steps}]})
}

fn location(
    report: &Report<'_>,
    place: Option<&Location>,
    resource: Option<estate::ResourceId>,
    message: Option<&str>,
) -> Value {
    let mut value = json!({});
    let Some(object) = value.as_object_mut() else { return value };
    if let Some(physical) = place.and_then(physical) {
        object.insert("physicalLocation".to_owned(), physical);
    }
    let address = place.and_then(|place| place.address.as_deref());
    let address = address.map(|address| json!({"fullyQualifiedName": clean(address), "kind": "resource"}));
    if let Some(resource) = resource {
        let id = clean(report.estate.text(resource)).into_owned();
        let name = clean(report.estate.name(resource));
        let mut logical = vec![json!({"name": name, "fullyQualifiedName": id, "kind": "resource"})];
        logical.extend(address);
        object.insert("logicalLocations".to_owned(), Value::from(logical));
    }
    if let Some(message) = message {
        object.insert("message".to_owned(), json!({"text": message}));
    }
    value
}

fn physical(place: &Location) -> Option<Value> {
    if place.file.is_empty() {
        return None;
    }
    let region = json!({"startLine": place.line, "startColumn": place.column});
    // Standard input has no address, and GitHub takes no result without one.
    let file = if place.file == "-" { "stdin" } else { &place.file };
    let artifact = match uri(file) {
        (uri, true) => json!({"uri": uri}),
        (uri, false) => json!({"uri": uri, "uriBaseId": "%SRCROOT%"}),
    };
    Some(json!({"artifactLocation": artifact, "region": region}))
}

/// A path as a URI, and whether it is absolute.
fn uri(path: &str) -> (String, bool) {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut text = String::with_capacity(path.len());
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(byte.into())
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    let drive = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && text.get(1..4) == Some("%3A");
    match (text.starts_with('/'), cfg!(windows) && drive) {
        (true, _) => (format!("file://{text}"), true),
        (_, true) => (format!("file:///{}", text.replacen("%3A", ":", 1)), true),
        _ => (text, false),
    }
}

/// What could not be read, what nobody can tell, and what the team should know.
fn invocation(report: &Report<'_>, index: &HashMap<&str, usize>) -> Value {
    let at = |at: &estate::At| place_text(report, at);
    let mut execution: Vec<Value> = report
        .errors
        .iter()
        .map(|(problem, place)| {
            let text = plain(&problem_text(&problem.kind, report.lang, &at));
            json!({"level": "error", "message": {"text": text}, "locations": [location(report, Some(place), None, None)]})
        })
        .collect();
    execution.extend(report.outcome.unknown.iter().map(|row| {
        let rule = index.get(row.code).map(|index| json!({"id": row.code, "index": index}));
        let words = words(report.lang);
        let text = plain(&format!(
            "{} × {}: {}; {}: {}",
            row.code, row.count, row.reason, words.settled_by, row.settled_by
        ));
        let sample: Vec<_> =
            row.sample.iter().map(|resource| location(report, None, Some(*resource), None)).collect();
        json!({"level": "note", "message": {"text": text}, "associatedRule": rule, "locations": sample})
    }));
    execution.extend(report.outcome.not_assessed.iter().map(|(check, reason)| {
        let rule = index.get(check.code).map(|index| json!({"id": check.code, "index": index}));
        let text = plain(&format!("{} {}: {reason}", check.code, words(report.lang).not_assessed));
        json!({"level": "warning", "message": {"text": text}, "associatedRule": rule})
    }));
    let all = report.outcome.findings.len() + report.outcome.suppressed.len();
    if let Some(more) = all.checked_sub(RESULTS).filter(|more| *more > 0) {
        let text = match report.lang {
            Lang::En => format!(
                "{more} further results are left out: code scanning takes {RESULTS} in one run; --format json has them all"
            ),
            Lang::Ja => format!(
                "コード スキャンの上限 ({RESULTS} 件) を超えるため、{more} 件の結果を省略しました。--format json にはすべて含まれます"
            ),
        };
        execution.push(json!({"level": "warning", "message": {"text": text}}));
    }
    let configuration: Vec<Value> = report
        .notices
        .iter()
        .map(|notice| json!({"level": "warning", "message": {"text": plain(notice)}}))
        .collect();
    json!({
        // What could not be read, or had to be judged and was not, makes the run one not to rely on.
        "executionSuccessful": report.errors.is_empty() && report.unmet.is_empty(),
        "endTimeUtc": report.as_of,
        "toolExecutionNotifications": execution,
        "toolConfigurationNotifications": configuration,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        let check = |path: &str, expected: &str, absolute: bool| {
            assert_eq!(uri(path), (expected.to_owned(), absolute), "{path}");
        };
        check("estate/nsgs.json", "estate/nsgs.json", false);
        check("./a b#?.json", "a%20b%23%3F.json", false);
        check("/tmp/見本.json", "file:///tmp/%E8%A6%8B%E6%9C%AC.json", true);
        check("a\u{202e}\"<x>", "a%E2%80%AE%22%3Cx%3E", false);
    }

    #[test]
    fn names_make_no_links() {
        assert_eq!(plain("`vm` [x](https://evil.example)"), "`vm` \\[x\\](https://evil.example)");
        assert_eq!(plain("a[0]"), "a[0]");
        assert_eq!(plain("a\u{1b}[31m"), "a\\u{{1b}}[31m");
        assert_eq!(plain("a{0}"), "a{{0}}");
    }
}
