//! The workbook form: what an administrator hands to a manager, to be read on paper and sorted on a screen.
//!
//! INVARIANT: text from the input is written as text and never as a formula or a link, and no cell is longer than Excel takes.
//! The same report gives the same bytes.

mod cover;
mod sheet;
mod tables;

use estate::Moment;
use posture::Lang;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::Report;
use crate::words::pick;
use sheet::Styles;

/// The report as a workbook of Excel.
///
/// # Errors
///
/// When the library cannot write what it is given: nothing that a report holds is known to bring that about.
pub fn to_xlsx(report: &Report<'_>) -> Result<Vec<u8>, XlsxError> {
    let styles = Styles::new(report.lang);
    let mut book = Workbook::new();
    book.set_default_format(&styles.text, 20, 64)?;
    let title = pick(report.lang, "Azure VM security report", "Azure VM セキュリティ点検レポート");
    let mut properties = DocProperties::new().set_title(title).set_company("").set_author("Sekimori");
    // Without it the library looks at the clock.
    let day = day(&report.as_of).unwrap_or(ExcelDateTime::from_ymd(1970, 1, 1)?);
    properties = properties.set_creation_datetime(&day);
    book.set_properties(&properties);
    cover::write(&mut book, report, &styles, title)?;
    tables::findings(&mut book, report, &styles)?;
    tables::machines(&mut book, report, &styles)?;
    tables::compliance(&mut book, report, &styles)?;
    tables::unknowns(&mut book, report, &styles)?;
    tables::suppressed(&mut book, report, &styles)?;
    tables::checks(&mut book, report, &styles)?;
    book.save_to_buffer()
}

/// The moment of a report as Excel counts days.
fn day(as_of: &str) -> Option<ExcelDateTime> {
    Moment::parse(as_of)?;
    let part = |from: usize, to: usize| as_of.get(from..to)?.parse::<u16>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute) = (part(11, 13)?, part(14, 16)?);
    let narrow = |number: u16| u8::try_from(number).ok();
    ExcelDateTime::from_ymd(year, narrow(month)?, narrow(day)?).ok()?.and_hms(hour, narrow(minute)?, 0).ok()
}

/// The name of the font that Excel shows a language in.
fn font(lang: Lang) -> &'static str {
    pick(lang, "Calibri", "Yu Gothic")
}
