//! OCSF 1.8.0, for security lakes and SIEMs: one event of the class Compliance Finding (2003) a finding.
//!
//! <https://schema.ocsf.io/1.8.0/classes/compliance_finding>. `docs/schema/ocsf-compliance-finding.json` is our schema of the
//! class, made from the project's definitions (<https://github.com/ocsf/ocsf-schema>).
//!
//! INVARIANT: what nobody can tell is an event, too, and never one that passes.

mod event;
mod state;

use std::io::{self, Write};

use posture::{Finding, Status};
use rayon::prelude::*;
use serde_json::Value;

use crate::Report;
use event::Events;

/// How many events are made text at a time.
const BATCH: usize = 1 << 12;

/// Writes the report as an array of events, one a line. Of many no more than some thousands are held as text at a time.
///
/// # Errors
///
/// Those of the writer.
pub fn write_ocsf(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let events = Events::new(report);
    let outcome = report.outcome;
    let mut list = List { out, first: true };
    list.all(&numbered(&outcome.findings), |(finding, copy)| match finding.status {
        Status::Fail => events.failure(finding),
        Status::Pass => events.pass(finding, *copy),
    })?;
    list.all(&outcome.suppressed, |row| events.suppressed(row))?;
    list.all(&outcome.unknown, |row| events.unknown(row))?;
    list.all(&outcome.not_assessed, |(check, reason)| events.not_assessed(check, reason))?;
    let gone = report.comparison.map(|comparison| comparison.gone.as_slice()).unwrap_or_default();
    list.all(gone, |(before, why)| events.gone(before, *why))?;
    list.all(&report.errors, |(problem, place)| events.unread(problem, place))?;
    list.end()
}

/// Findings, with which of several passes that are alike each is. They stand side by side: findings are sorted.
fn numbered(findings: &[Finding]) -> Vec<(&Finding, u32)> {
    let mut all: Vec<(&Finding, u32)> = Vec::with_capacity(findings.len());
    for finding in findings {
        let alike = |last: &&(&Finding, u32)| {
            let last = last.0;
            finding.status == Status::Pass
                && (last.status, last.check.code, last.resource)
                    == (finding.status, finding.check.code, finding.resource)
        };
        let copy = all.last().filter(alike).map_or(1, |(_, copy)| copy.saturating_add(1));
        all.push((finding, copy));
    }
    all
}

/// An array that is written element by element.
struct List<'w> {
    out: &'w mut dyn Write,
    first: bool,
}

impl List<'_> {
    fn all<T: Sync>(&mut self, rows: &[T], event: impl Fn(&T) -> Value + Sync) -> io::Result<()> {
        for batch in rows.chunks(BATCH) {
            let texts: Vec<String> = batch.par_iter().map(|row| event(row).to_string()).collect();
            for text in texts {
                let before = if std::mem::take(&mut self.first) { "[\n" } else { ",\n" };
                self.out.write_all(before.as_bytes())?;
                self.out.write_all(text.as_bytes())?;
            }
        }
        Ok(())
    }

    fn end(self) -> io::Result<()> {
        self.out.write_all(if self.first { b"[]\n" } else { b"\n]\n" })
    }
}
