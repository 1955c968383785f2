//! The sheets that are tables.

use std::collections::BTreeMap;

use estate::{ResourceId, resource_group, resource_subscription};
use posture::{Severity, Status};
use rust_xlsxwriter::{Workbook, XlsxError};

use super::sheet::{Cell, Column, Styles, table};
use crate::Report;
use crate::blocks::unknown_rows;
use crate::controls;
use crate::csv;
use crate::sentences::not_assessed;
use crate::words::{checkpoint_word, day_text, pick, severity_word, words};

/// Columns of the CSV form, in the order in which people read them, with their widths.
const COLUMNS: [(usize, f64); 15] = [
    (5, 9.0),
    (1, 9.0),
    (3, 14.0),
    (8, 18.0),
    (7, 15.0),
    (10, 46.0),
    (17, 54.0),
    (11, 12.0),
    (14, 20.0),
    (13, 16.0),
    (6, 38.0),
    (15, 40.0),
    (16, 7.0),
    (18, 11.0),
    (0, 24.0),
];

/// How many of these go on paper: the others are for who looks further.
const PRINTED: usize = 9;

pub(super) fn findings(book: &mut Workbook, report: &Report<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let lang = report.lang;
    let all = csv::names(lang);
    let columns: Vec<Column> =
        COLUMNS.iter().filter_map(|(at, width)| Some((*all.get(*at)?, *width))).collect();
    let failed = report.outcome.findings.iter().filter(|finding| finding.status == Status::Fail);
    let rows = failed.map(|finding| {
        let cells = csv::cells(report, finding, "", "", "");
        let cell = |at: usize| cells.get(at).cloned().unwrap_or_default();
        let text = |at: usize| match cell(at).parse::<u64>() {
            // A line is a number; what stands elsewhere is text, whatever it looks like.
            Ok(number) if at == 16 => Cell::Number(number),
            // Names stand between marks, which paper has no need of.
            _ if matches!(at, 10 | 17) => Cell::Text(cell(at).replace('`', "")),
            _ => Cell::Text(cell(at)),
        };
        COLUMNS.iter().map(|(at, _)| text(*at)).collect()
    });
    table(book, styles, pick(lang, "Findings", "検出結果"), &columns, rows, Some(0), PRINTED)
}

/// What was found and what nobody can tell, machine by machine; those with the worst findings first.
pub(super) fn machines(book: &mut Workbook, report: &Report<'_>, styles: &Styles) -> Result<(), XlsxError> {
    #[derive(Default)]
    struct Counts {
        by_severity: [u64; 4],
        unknown: u64,
        codes: Vec<&'static str>,
    }
    let (lang, estate) = (report.lang, report.estate);
    let mut all: BTreeMap<ResourceId, Counts> =
        estate.vms.iter().map(|vm| (vm.id, Counts::default())).collect();
    all.extend(estate.scale_sets.iter().map(|set| (set.id, Counts::default())));
    for finding in report.outcome.findings.iter().filter(|finding| finding.status == Status::Fail) {
        let Some(counts) = all.get_mut(&finding.resource) else { continue };
        let at = match finding.severity {
            Severity::Critical => 0,
            Severity::High => 1,
            Severity::Medium => 2,
            Severity::Low => 3,
        };
        if let Some(count) = counts.by_severity.get_mut(at) {
            *count += 1;
        }
        if !counts.codes.contains(&finding.check.code) {
            counts.codes.push(finding.check.code);
        }
    }
    for id in report.outcome.unknown_resources.values().flatten() {
        if let Some(counts) = all.get_mut(id) {
            counts.unknown += 1;
        }
    }
    let mut all: Vec<(ResourceId, Counts)> = all.into_iter().collect();
    all.sort_by_cached_key(|(id, counts)| {
        (std::cmp::Reverse(counts.by_severity), estate.text(*id).to_ascii_lowercase())
    });
    let severity = |severity| severity_word(severity, lang);
    let columns: [Column; 10] = [
        (pick(lang, "VM", "仮想マシン"), 24.0),
        (pick(lang, "resource group", "リソース グループ"), 20.0),
        (pick(lang, "subscription", "サブスクリプション"), 38.0),
        (pick(lang, "worst", "最も高い重大度"), 12.0),
        (severity(Severity::Critical), 9.0),
        (severity(Severity::High), 9.0),
        (severity(Severity::Medium), 9.0),
        (severity(Severity::Low), 9.0),
        (words(lang).unknown, 9.0),
        (pick(lang, "checks that fail", "不適合のチェック"), 60.0),
    ];
    let rows = all.into_iter().map(|(id, counts)| {
        let text = estate.text(id);
        let by_severity = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
            .into_iter()
            .zip(counts.by_severity);
        let worst = by_severity.clone().find(|(_, count)| *count > 0).map(|(its, _)| severity(its));
        let mut row: Vec<Cell> = vec![
            estate.name(id).into(),
            resource_group(text).unwrap_or_default().into(),
            resource_subscription(text).unwrap_or_default().into(),
            worst.unwrap_or_default().into(),
        ];
        row.extend(by_severity.map(|(_, count)| Cell::Number(count)));
        row.push(counts.unknown.into());
        row.push(counts.codes.join(", ").into());
        row
    });
    table(book, styles, pick(lang, "VMs", "仮想マシン別"), &columns, rows, Some(3), columns.len())
}

pub(super) fn compliance(book: &mut Workbook, report: &Report<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let lang = report.lang;
    let columns: [Column; 6] = [
        (pick(lang, "catalogue", "カタログ"), 34.0),
        (pick(lang, "control", "項目"), 18.0),
        (pick(lang, "what it asks for", "内容"), 40.0),
        (pick(lang, "state", "状態"), 14.0),
        (pick(lang, "before", "前回"), 14.0),
        (pick(lang, "evidence", "根拠"), 80.0),
    ];
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for view in controls::views(report) {
        for control in &view.controls {
            let was = controls::was(report, view.catalogue, control).map(|was| controls::met_word(was, lang));
            rows.push(vec![
                view.catalogue.title(lang).into(),
                control.id.into(),
                controls::title(control, lang).into(),
                controls::met_word(control.met, lang).into(),
                was.unwrap_or_default().into(),
                controls::evidence(report, control).into(),
            ]);
        }
    }
    table(
        book,
        styles,
        pick(lang, "Compliance", "適合状況"),
        &columns,
        rows.into_iter(),
        Some(3),
        columns.len(),
    )
}

/// What nobody can tell, and what the input holds nothing of.
pub(super) fn unknowns(book: &mut Workbook, report: &Report<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let lang = report.lang;
    let columns: [Column; 5] = [
        (words(lang).check, 30.0),
        (pick(lang, "why", "理由"), 60.0),
        (words(lang).count, 9.0),
        (pick(lang, "such as", "例"), 30.0),
        (words(lang).settled_by, 60.0),
    ];
    let rows = unknown_rows(report).into_iter().map(|row| {
        vec![
            Cell::Text(row.codes.clone()),
            row.most.reason.clone().into(),
            (row.count as u64).into(),
            row.names.clone().into(),
            row.most.settled_by.clone().into(),
        ]
    });
    let none = not_assessed(report).into_iter().map(|(reason, codes)| {
        vec![
            codes.join(", ").into(),
            format!("{}: {reason}", words(lang).not_assessed).into(),
            (codes.len() as u64).into(),
            "".into(),
            "".into(),
        ]
    });
    let rows: Vec<Vec<Cell>> = rows.chain(none).collect();
    table(book, styles, words(lang).unknown, &columns, rows.into_iter(), None, columns.len())
}

pub(super) fn suppressed(book: &mut Workbook, report: &Report<'_>, styles: &Styles) -> Result<(), XlsxError> {
    if report.outcome.suppressed.is_empty() {
        return Ok(());
    }
    let lang = report.lang;
    let columns: [Column; 6] = [
        (words(lang).severity, 10.0),
        (words(lang).code, 10.0),
        (pick(lang, "resource", "リソース"), 24.0),
        (pick(lang, "message", "内容"), 70.0),
        (pick(lang, "reason", "抑制の理由"), 50.0),
        (words(lang).until, 16.0),
    ];
    let rows = report.outcome.suppressed.iter().map(|row| {
        let decision = report.suppressions.get(row.by);
        vec![
            severity_word(row.finding.severity, lang).into(),
            row.finding.check.code.into(),
            report.estate.name(row.finding.resource).into(),
            row.finding.message.clone().into(),
            decision.map(|decision| decision.reason.clone()).unwrap_or_default().into(),
            decision.map(|decision| day_text(decision.until, lang)).unwrap_or_default().into(),
        ]
    });
    table(book, styles, words(lang).suppressed, &columns, rows, Some(0), columns.len())
}

/// Every check that ran, and what it is for.
pub(super) fn checks(book: &mut Workbook, report: &Report<'_>, styles: &Styles) -> Result<(), XlsxError> {
    let lang = report.lang;
    let columns: [Column; 8] = [
        (words(lang).code, 10.0),
        (words(lang).severity, 10.0),
        (words(lang).checkpoint, 20.0),
        (words(lang).check, 36.0),
        (words(lang).failed, 9.0),
        (words(lang).passed, 9.0),
        (words(lang).unknown, 9.0),
        (pick(lang, "why it matters", "重要な理由"), 80.0),
    ];
    let rows = report.outcome.by_check.iter().map(|its| {
        let check = its.check;
        vec![
            check.code.into(),
            severity_word(report.settings.severity_of(check), lang).into(),
            checkpoint_word(check.checkpoint, lang).into(),
            check.title.of(lang).into(),
            its.fail.into(),
            its.pass.into(),
            its.unknown.into(),
            check.why.of(lang).into(),
        ]
    });
    table(book, styles, pick(lang, "Checks", "チェック一覧"), &columns, rows, Some(1), columns.len())
}
