//! CSV (RFC 4180), one row a finding, for spreadsheets.

use estate::{resource_group, resource_subscription};
use posture::{Finding, Lang, Status};

use crate::Report;
use crate::clean::clean;
use crate::json::place_text;
use crate::problem::problem_text;
use crate::text::{gone_line, gone_text};
use crate::words::{checkpoint_word, pick, severity_word, words};

/// The byte order mark, without which Excel takes UTF-8 for the system's code page and shows Japanese as nonsense.
pub(crate) const MARK: &str = "\u{feff}";

/// The report as CSV.
pub fn to_csv(report: &Report<'_>) -> String {
    let lang = report.lang;
    let mut out = String::from(MARK);
    row(&mut out, &header(lang));
    for finding in &report.outcome.findings {
        let status = match finding.status {
            Status::Fail => pick(lang, "fail", "検出"),
            Status::Pass => words(lang).pass,
        };
        row(&mut out, &cells(report, finding, status, "", ""));
    }
    for suppressed in &report.outcome.suppressed {
        let decision = report.suppressions.get(suppressed.by);
        let reason = decision.map(|decision| decision.reason.clone()).unwrap_or_default();
        let until = decision.map(|decision| decision.until.to_string()).unwrap_or_default();
        row(&mut out, &cells(report, &suppressed.finding, words(lang).suppressed, &reason, &until));
    }
    for unknown in &report.outcome.unknown {
        let message = format!("{} × {}", unknown.reason, unknown.count);
        note(&mut out, report, unknown.code, words(lang).unknown, &message, &unknown.settled_by);
    }
    for (check, reason) in &report.outcome.not_assessed {
        note(&mut out, report, check.code, words(lang).not_assessed, reason, "");
    }
    let place = |at: &estate::At| place_text(report, at);
    for (problem, at) in &report.errors {
        let text = problem_text(&problem.kind, lang, &place);
        let message = format!("{}:{}:{}: {text}", at.file, at.line, at.column);
        note(&mut out, report, "", words(lang).could_not_be_read, &message, "");
    }
    for (before, why) in report.comparison.iter().flat_map(|comparison| &comparison.gone) {
        let status = match () {
            () if why.is_fixed() => words(lang).fixed,
            () if why.is_unsettled() => words(lang).unsettled,
            () => words(lang).changed,
        };
        let message = format!("{} ({})", gone_line(before, lang), gone_text(*why, lang));
        note(&mut out, report, &before.code, status, &message, "");
    }
    for notice in report.notices {
        note(&mut out, report, "", words(lang).notices, notice, "");
    }
    out
}

/// A row that is about no finding of today.
fn note(out: &mut String, report: &Report<'_>, code: &str, status: &str, message: &str, fix: &str) {
    let lang = report.lang;
    let check = report.checks.iter().find(|check| check.code == code);
    let mut cells = vec![String::new(); header(lang).len()];
    let mut set = |index: usize, text: &str| {
        if let Some(cell) = cells.get_mut(index) {
            text.clone_into(cell);
        }
    };
    set(1, code);
    set(2, check.map(|check| check.slug).unwrap_or_default());
    set(3, check.map(|check| checkpoint_word(check.checkpoint, lang)).unwrap_or_default());
    set(4, status);
    set(10, message);
    set(17, fix);
    row(out, &cells);
}

fn header(lang: Lang) -> Vec<String> {
    names(lang).iter().map(|name| (*name).to_owned()).collect()
}

/// What columns are called.
pub(crate) fn names(lang: Lang) -> Vec<&'static str> {
    let names: [(&str, &str); 21] = [
        ("id", "ID"),
        ("code", "コード"),
        ("name", "名前"),
        ("checkpoint", "点検項目"),
        ("status", "状態"),
        ("severity", "重大度"),
        ("subscription", "サブスクリプション"),
        ("resource group", "リソース グループ"),
        ("resource", "リソース"),
        ("resource id", "リソース ID"),
        ("message", "内容"),
        ("ports", "ポート"),
        ("internet addresses", "インターネットのアドレス数"),
        ("public ip", "パブリック IP"),
        ("decided by", "許可した規則"),
        ("file", "ファイル"),
        ("line", "行"),
        ("what to do", "対処方法"),
        ("baseline", "前回との比較"),
        ("suppression", "抑制の理由"),
        ("suppressed until", "抑制の期限"),
    ];
    names.iter().map(|(en, ja)| pick(lang, *en, *ja)).collect()
}

/// A finding, column by column.
pub(crate) fn cells(
    report: &Report<'_>,
    finding: &Finding,
    status: &str,
    reason: &str,
    until: &str,
) -> Vec<String> {
    let lang = report.lang;
    let id = finding.id(report.estate);
    let resource = report.estate.text(finding.resource);
    let evidence = &finding.evidence;
    let ports: Vec<_> =
        evidence.iter().map(|open| format!("{} {}", open.protocol.name(), open.port_text())).collect();
    let widest = evidence.iter().map(|open| open.sources.internet_ipv4_addresses).max();
    let last = |id: estate::ResourceId| report.estate.name(id);
    let mut via: Vec<_> = evidence.iter().map(|open| last(open.via)).collect();
    via.dedup();
    let mut rules: Vec<String> = Vec::new();
    for rule in evidence.iter().flat_map(|open| &open.decided_by) {
        let text = format!("{}/{}", last(rule.nsg), rule.rule.rsplit('/').next().unwrap_or_default());
        if !rules.contains(&text) {
            rules.push(text);
        }
    }
    let place = finding.cause.as_ref().and_then(|cause| (report.locate)(cause.origin, &cause.pointer));
    let baseline = report.is_new(&id).filter(|_| finding.status == Status::Fail);
    vec![
        id,
        finding.check.code.to_owned(),
        finding.check.slug.to_owned(),
        checkpoint_word(finding.check.checkpoint, lang).to_owned(),
        status.to_owned(),
        severity_word(finding.severity, lang).to_owned(),
        resource_subscription(resource).unwrap_or_default().to_owned(),
        resource_group(resource).unwrap_or_default().to_owned(),
        report.estate.name(finding.resource).to_owned(),
        resource.to_owned(),
        finding.message.clone(),
        ports.join(", "),
        widest.map(|count| count.to_string()).unwrap_or_default(),
        via.join(", "),
        rules.join(", "),
        place.as_ref().map(|place| place.file.clone()).unwrap_or_default(),
        place.as_ref().map(|place| place.line.to_string()).unwrap_or_default(),
        finding.fix.to_string(),
        baseline
            .map(|new| {
                pick(lang, if new { "new" } else { "unchanged" }, if new { "新規" } else { "変化なし" })
                    .to_owned()
            })
            .unwrap_or_default(),
        reason.to_owned(),
        until.to_owned(),
    ]
}

/// A row, each cell in a way that does not act.
pub(crate) fn row(out: &mut String, cells: &[impl AsRef<str>]) {
    for (index, text) in cells.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        cell(out, text.as_ref());
    }
    out.push_str("\r\n");
}

/// How much a cell of a spreadsheet holds, less the apostrophe that may stand before it
/// (<https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3>).
const MOST: usize = 32_766;

/// A cell that a spreadsheet shows and does not run: a text that begins like a formula gets an
/// apostrophe (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn cell(out: &mut String, text: &str) {
    let mut shown = text.lines().map(clean).collect::<Vec<_>>().join("\n");
    // A spreadsheet counts in units of UTF-16, and shifts what a longer cell holds into others.
    if shown.len() > MOST && shown.encode_utf16().count() > MOST {
        let mut units = 0;
        let mut fits = |c: char| {
            units += c.len_utf16();
            units < MOST
        };
        let kept: String = shown.chars().take_while(|c| fits(*c)).collect();
        shown = kept + "…";
    }
    let acts = shown.trim_start().starts_with(['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠']);
    if !acts && !shown.contains([',', '"', '\n', '\r']) {
        out.push_str(&shown);
        return;
    }
    out.push('"');
    if acts {
        out.push('\'');
    }
    out.push_str(&shown.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_show_and_never_act() {
        let check = |text: &str, expected: &str| {
            let mut out = String::new();
            cell(&mut out, text);
            assert_eq!(out, expected);
        };
        check("web1", "web1");
        check("a,b", "\"a,b\"");
        check("a \"b\"", "\"a \"\"b\"\"\"");
        check("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"");
        check(" @SUM(1)", "\"' @SUM(1)\"");
        check("＝1", "\"'＝1\"");
        check("a\tb\u{1b}[0m", "a\\u{9}b\\u{1b}[0m");
        check("one\n  two", "\"one\n  two\"");
        check("one\n=two", "\"one\n=two\"");
        let long = "見".repeat(MOST);
        check(&long, &long);
        check(&format!("{long}本"), &format!("{}…", "見".repeat(MOST - 1)));
    }
}
