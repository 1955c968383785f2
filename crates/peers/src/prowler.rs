//! Prowler's own table: cells divided by `;`, names of columns in capitals.
//!
//! <https://docs.prowler.com/user-guide/cli/tutorials/reporting>

use crate::csv::{Columns, Record, Records};
use crate::fault::Fault;
use crate::read::ROWS;
use crate::row::{Form, Report, Row, Subject, Verdict, kept};

/// The columns that we look at, and that every version since 3 has.
pub(crate) const COLUMNS: [&str; 4] = ["CHECK_ID", "STATUS", "RESOURCE_UID", "RESOURCE_NAME"];

pub(crate) fn read(columns: &Columns, records: &mut Records<'_>) -> Result<Report, Fault> {
    let missing = columns.missing(&COLUMNS);
    if !missing.is_empty() {
        return Err(Fault::NoColumns { form: Form::ProwlerCsv, columns: missing });
    }
    let [rule, status, uid, name] = COLUMNS.map(|column| columns.place(column));
    let [title, said, muted, version] =
        ["CHECK_TITLE", "STATUS_EXTENDED", "MUTED", "PROWLER_VERSION"].map(|column| columns.place(column));
    let mut report = Report {
        tool: "Prowler".to_owned(),
        version: None,
        form: Form::ProwlerCsv,
        rows: Vec::new(),
        skipped: 0,
        first_skipped: None,
    };
    // One more than is taken tells that there are too many.
    while let Some(record) = records.next()?.filter(|_| report.rows.len() <= ROWS) {
        let verdict = match record.cell(status).to_ascii_lowercase().as_str() {
            "fail" => Some(Verdict::Fail),
            "pass" => Some(Verdict::Pass),
            "manual" | "info" => Some(Verdict::Open),
            "muted" => Some(Verdict::Fail),
            _ => None,
        };
        let row = |record: &Record<'_>| {
            let id = record.cell(rule);
            Some(Row {
                rule: kept(Some(id).filter(|id| !id.is_empty())?),
                title: kept(record.cell(title)),
                verdict: verdict?,
                muted: record.cell(muted).eq_ignore_ascii_case("true")
                    || record.cell(status).eq_ignore_ascii_case("muted"),
                tenant: None,
                subject: Subject::of(record.cell(uid), Some(record.cell(name))),
                message: kept(record.cell(said)),
                at: record.line,
            })
        };
        match row(&record) {
            Some(row) => report.rows.push(row),
            None => {
                report.skipped += 1;
                report.first_skipped.get_or_insert(record.line);
            }
        }
        let its = record.cell(version);
        if report.version.is_none() && !its.is_empty() {
            report.version = Some(its.to_owned());
        }
    }
    Ok(report)
}
