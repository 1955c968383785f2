//! The table of recommendations that Defender for Cloud's portal writes, and ours in its shape.
//!
//! `recommendationName` is the key of the assessment; where we wrote the table, the code of our check. Its columns are in
//! `report::to_defender_csv`.

use crate::csv::{Columns, Records};
use crate::fault::Fault;
use crate::read::ROWS;
use crate::row::{Form, Report, Row, Subject, Verdict, kept};

/// The columns that we look at.
pub(crate) const COLUMNS: [&str; 3] = ["resourceId", "recommendationName", "state"];

pub(crate) fn read(columns: &Columns, records: &mut Records<'_>) -> Result<Report, Fault> {
    let missing = columns.missing(&COLUMNS);
    if !missing.is_empty() {
        return Err(Fault::NoColumns { form: Form::DefenderCsv, columns: missing });
    }
    let [resource, key, state] = COLUMNS.map(|column| columns.place(column));
    let [title, name, reason, said] =
        ["recommendationDisplayName", "resourceName", "notApplicableReason", "description"]
            .map(|column| columns.place(column));
    let mut report = Report {
        tool: "Defender for Cloud".to_owned(),
        version: None,
        form: Form::DefenderCsv,
        rows: Vec::new(),
        skipped: 0,
        first_skipped: None,
    };
    let mut ours = true;
    // One more than is taken tells that there are too many.
    while let Some(record) = records.next()?.filter(|_| report.rows.len() <= ROWS) {
        let verdict = match record.cell(state).to_ascii_lowercase().as_str() {
            "unhealthy" => Some(Verdict::Fail),
            "healthy" => Some(Verdict::Pass),
            "notapplicable" | "not applicable" | "unknown" => Some(Verdict::Open),
            _ => None,
        };
        let rule = record.cell(key);
        let (Some(verdict), false) = (verdict, rule.is_empty()) else {
            report.skipped += 1;
            report.first_skipped.get_or_insert(record.line);
            continue;
        };
        ours &= is_code(rule);
        // Of what does not apply the reason says more than what the recommendation is about.
        let why = record.cell(reason);
        report.rows.push(Row {
            rule: kept(rule),
            title: kept(record.cell(title)),
            verdict,
            muted: verdict == Verdict::Open && why.to_ascii_lowercase().starts_with("exempt"),
            tenant: None,
            subject: Subject::of(record.cell(resource), Some(record.cell(name))),
            message: kept(if why.is_empty() { record.cell(said) } else { why }),
            at: record.line,
        });
    }
    if ours && !report.rows.is_empty() {
        "Sekimori".clone_into(&mut report.tool);
    }
    Ok(report)
}

/// Whether a rule is named as our checks and policies are: `NET001`, `POL-…`.
pub(crate) fn is_code(rule: &str) -> bool {
    let cut = rule.len().checked_sub(3).and_then(|cut| rule.split_at_checked(cut));
    match cut {
        _ if rule.starts_with("POL-") => true,
        Some((letters, digits)) => {
            (3..=8).contains(&letters.len())
                && letters.bytes().all(|byte| byte.is_ascii_uppercase())
                && digits.len() == 3
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_keys() {
        let check = |rule: &str, expected: bool| assert_eq!(is_code(rule), expected, "{rule}");
        check("NET001", true);
        check("POL-0a914e76", true);
        check("OWNERS001", true);
        check("805651bc-6ecd-4c73-9b55-97a19d0582d0", false);
        check("NET01", false);
        check("見本の001", false);
        check("", false);
    }
}
