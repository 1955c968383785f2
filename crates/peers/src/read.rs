//! A file of any of the forms, told from what it holds.

use std::fmt;

use serde::de::{Deserializer as _, SeqAccess, Visitor};

use crate::csv::{Columns, Records};
use crate::fault::Fault;
use crate::json::{fault, shaped};
use crate::ocsf::Event;
use crate::row::{Form, Report};
use crate::sarif::Run;
use crate::{defender, prowler};
use serde_json::value::RawValue;

/// How large a file may be, in bytes.
pub const LIMIT: u64 = 256 << 20;

/// How many results a file may hold.
pub(crate) const ROWS: usize = 1_000_000;

/// Reads what one or more tools say.
///
/// # Errors
///
/// Where it is none of the forms, or broken.
pub fn read(bytes: &[u8]) -> Result<Vec<Report>, Fault> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LIMIT {
        return Err(Fault::TooLarge { limit: LIMIT });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        Fault::NotUtf8 { line: 1 + before.iter().filter(|byte| **byte == b'\n').count() }
    })?;
    let reports = match text.trim_start().chars().next() {
        None => return Err(Fault::Empty),
        Some('[') => events(text)?,
        Some('{') => values(text)?,
        Some(_) => vec![table(text)?],
    };
    if reports.iter().map(|report| report.rows.len()).sum::<usize>() > ROWS {
        return Err(Fault::TooMany { most: ROWS });
    }
    let skipped: usize = reports.iter().map(|report| report.skipped).sum();
    if skipped > 0 && reports.iter().all(|report| report.rows.is_empty()) {
        let first = reports.iter().find_map(|report| report.first_skipped).unwrap_or(1);
        return Err(Fault::NoResults { rows: skipped, first });
    }
    Ok(reports)
}

/// An array of events.
fn events(text: &str) -> Result<Vec<Report>, Fault> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut gathered = Gathered::default();
    (&mut deserializer).deserialize_seq(&mut gathered).map_err(|error| fault(&error))?;
    deserializer.end().map_err(|error| fault(&error))?;
    Ok(gathered.done())
}

/// One object, or several: SARIF, or an event a line.
fn values(text: &str) -> Result<Vec<Report>, Fault> {
    let mut gathered = Gathered::default();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Event>();
    let mut begins = 0;
    while let Some(value) = values.next() {
        let mut event = value.map_err(|error| fault(&error))?;
        match event.runs.take() {
            Some(runs) => gathered.reports.extend(runs.0.into_iter().map(Run::report)),
            None if event.is_event() => gathered.add(&event),
            None => {
                let blank = text.get(begins..).map_or(0, |rest| rest.len() - rest.trim_start().len());
                let before = text.get(..begins + blank).unwrap_or_default();
                return Err(Fault::NoForm { line: 1 + before.matches('\n').count() });
            }
        }
        begins = values.byte_offset();
    }
    Ok(gathered.done())
}

/// Events by their tool, in the order of the file.
#[derive(Default)]
struct Gathered {
    reports: Vec<Report>,
    events: usize,
    rows: usize,
}

impl Gathered {
    fn add(&mut self, event: &Event) {
        self.events += 1;
        if self.rows > ROWS {
            return;
        }
        let (tool, version) = event.tool();
        // Tools are few: one, as a rule.
        let same = |one: &Report| one.tool == tool && one.version == version;
        let found = self.reports.iter().position(same);
        let index = found.unwrap_or(self.reports.len());
        if found.is_none() {
            self.reports.push(Report {
                tool,
                version,
                form: Form::Ocsf,
                rows: Vec::new(),
                skipped: 0,
                first_skipped: None,
            });
        }
        let Some(report) = self.reports.get_mut(index) else { return };
        match event.rows(self.events) {
            Some(rows) => {
                self.rows += rows.len();
                report.rows.extend(rows);
            }
            None => {
                report.skipped += 1;
                report.first_skipped.get_or_insert(self.events);
            }
        }
    }

    fn done(mut self) -> Vec<Report> {
        if self.reports.is_empty() {
            let (tool, form) = ("OCSF".to_owned(), Form::Ocsf);
            let (rows, first_skipped) = (Vec::new(), None);
            self.reports.push(Report { tool, version: None, form, rows, skipped: 0, first_skipped });
        }
        self.reports
    }
}

impl<'de> Visitor<'de> for &mut Gathered {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        // One at a time: a tree of all of them would take many times the file.
        // An event in which something is of the wrong shape is one that tells nothing; the others count.
        while let Some(raw) = list.next_element::<Box<RawValue>>()? {
            self.add(&shaped::<Event, A::Error>(raw.get())?.unwrap_or_default());
        }
        Ok(())
    }
}

/// A table, told by the names of its columns.
fn table(text: &str) -> Result<Report, Fault> {
    let header = text.trim_start().lines().next().unwrap_or_default();
    let divider = if header.matches(';').count() > header.matches(',').count() { ';' } else { ',' };
    let mut records = Records::new(text, divider);
    let Some(first) = records.next()? else { return Err(Fault::Empty) };
    let columns = Columns::new(&first);
    let like = |names: &[&'static str]| names.len() - columns.missing(names).len();
    let (prowler, defender) = (like(&prowler::COLUMNS), like(&defender::COLUMNS));
    // What looks like one of them and lacks a column is told so; what does not is nothing that we read.
    match () {
        () if prowler >= 2 && columns.has("CHECK_ID") => prowler::read(&columns, &mut records),
        () if defender >= 2 => defender::read(&columns, &mut records),
        () => Err(Fault::NoForm { line: 1 }),
    }
}
