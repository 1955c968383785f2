//! What all sheets have in common: fonts and colours, frozen headers with filters, paper.

use posture::{Lang, Met, Severity};
use rust_xlsxwriter::{
    Color, ConditionalFormatCell, ConditionalFormatCellRule, Format, FormatAlign, FormatBorder, Workbook,
    Worksheet, XlsxError,
};

use unicode_width::UnicodeWidthStr;

use crate::clean::clean;
use crate::controls::met_word;
use crate::words::{pick, severity_word};

/// How many rows of a table are written. A sheet has 1,048,576.
const ROWS: usize = 1_000_000;

/// How long the text of a cell may be, in units of UTF-16. Excel takes 32,767.
const LONGEST: usize = 32_000;

/// A4.
const A4: u8 = 9;

const NAVY: Color = Color::RGB(0x1F_3A5F);

/// How text looks.
pub(super) struct Styles {
    pub(super) lang: Lang,
    pub(super) text: Format,
    pub(super) wrapped: Format,
    pub(super) number: Format,
    pub(super) head: Format,
    pub(super) title: Format,
    pub(super) section: Format,
    pub(super) label: Format,
}

impl Styles {
    pub(super) fn new(lang: Lang) -> Self {
        let text =
            || Format::new().set_font_name(super::font(lang)).set_font_size(10).set_align(FormatAlign::Top);
        let cell = || text().set_border(FormatBorder::Hair).set_border_color(Color::Gray);
        Self {
            lang,
            text: text(),
            wrapped: cell().set_text_wrap(),
            number: cell().set_num_format("#,##0"),
            head: text()
                .set_bold()
                .set_font_color(Color::White)
                .set_background_color(NAVY)
                .set_border(FormatBorder::Thin)
                .set_text_wrap()
                .set_align(FormatAlign::VerticalCenter),
            title: text().set_bold().set_font_size(20).set_font_color(NAVY),
            section: text()
                .set_bold()
                .set_font_size(12)
                .set_font_color(NAVY)
                .set_align(FormatAlign::VerticalCenter)
                .set_border_bottom(FormatBorder::Medium),
            label: cell().set_bold().set_background_color(Color::RGB(0xE8_EDF3)),
        }
    }
}

/// A cell of a table.
pub(super) enum Cell {
    Text(String),
    Number(u64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// Text that Excel takes: no control characters, and not too long.
pub(super) fn fitting(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    let mut units = 0;
    let lines: Vec<String> = text.lines().map(|line| clean(line).into_owned()).collect();
    for c in lines.join("\n").chars() {
        units += c.len_utf16();
        if units > LONGEST {
            out.push('…');
            break;
        }
        out.push(c);
    }
    out
}

/// A sheet for A4 across, as wide as a page, with the number of each page below.
pub(super) fn paper<'b>(
    book: &'b mut Workbook,
    name: &str,
    lang: Lang,
) -> Result<&'b mut Worksheet, XlsxError> {
    let sheet = book.add_worksheet();
    sheet.set_name(name)?;
    sheet.set_landscape();
    sheet.set_paper_size(A4);
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_margins(0.4, 0.4, 0.6, 0.6, 0.3, 0.3);
    sheet.set_footer(pick(lang, "&L&A&RPage &P of &N", "&L&A&R&P / &N ページ"));
    sheet.set_screen_gridlines(false);
    Ok(sheet)
}

/// A column of a table: its name and its width in characters.
pub(super) type Column = (&'static str, f64);

/// How high a line is, in points.
const LINE: f64 = 14.0;

/// How many lines a row shows. Excel has rows of at most 409 points.
const MOST_LINES: u16 = 28;

/// How many lines a text takes in a column: Excel does not make rows higher by itself when it opens what others wrote.
fn lines_of(text: &str, width: f64) -> u16 {
    // Words are not broken, so that a line is not filled to its end.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "columns are at most 255 wide"
    )]
    let room = ((width * 0.92) as usize).max(1);
    let lines: usize = text.lines().map(|line| line.width().div_ceil(room).max(1)).sum();
    u16::try_from(lines.max(1)).unwrap_or(u16::MAX)
}

/// Writes a table with a frozen header and filters. `coloured` is the column of severities or states; the first `printed` columns
/// go on paper.
pub(super) fn table(
    book: &mut Workbook,
    styles: &Styles,
    name: &str,
    columns: &[Column],
    rows: impl Iterator<Item = Vec<Cell>>,
    coloured: Option<u16>,
    printed: usize,
) -> Result<(), XlsxError> {
    let sheet = paper(book, name, styles.lang)?;
    let last = u16::try_from(columns.len().saturating_sub(1)).unwrap_or(0);
    for (at, (title, width)) in (0_u16..).zip(columns) {
        sheet.set_column_width(at, *width)?;
        sheet.write_string_with_format(0, at, *title, &styles.head)?;
    }
    sheet.set_row_height(0, 30)?;
    let mut end = 0;
    let mut rows = rows;
    for (at, row) in (1_u32..).zip(rows.by_ref().take(ROWS)) {
        let mut lines = 1;
        for ((column, (_, width)), cell) in (0_u16..).zip(columns).zip(row) {
            match cell {
                Cell::Text(text) => {
                    let text = fitting(&text);
                    lines = lines.max(lines_of(&text, *width));
                    sheet.write_string_with_format(at, column, text, &styles.wrapped)?;
                }
                #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
                Cell::Number(number) => {
                    sheet.write_number_with_format(at, column, number as f64, &styles.number)?;
                }
            }
        }
        sheet.set_row_height(at, LINE * f64::from(lines.min(MOST_LINES)))?;
        end = at;
    }
    if printed < columns.len() {
        let last = u16::try_from(printed.saturating_sub(1)).unwrap_or(0);
        sheet.set_print_area(0, 0, end.max(1), last)?;
    }
    let more = rows.count();
    if more > 0 {
        let text = pick(
            styles.lang,
            format!("… and {more} more: the CSV and JSON forms hold all of them"),
            format!("… ほか {more} 件 (CSV 形式と JSON 形式にはすべて含まれます)"),
        );
        sheet.write_string_with_format(end + 1, 0, text, &styles.text)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.set_repeat_rows(0, 0)?;
    sheet.autofilter(0, 0, end.max(1), last)?;
    if let Some(column) = coloured {
        colour(sheet, styles.lang, column, end.max(1))?;
    }
    Ok(())
}

/// Colours severities and states by the rules that Excel keeps, so that they stay right when rows are sorted or changed.
fn colour(sheet: &mut Worksheet, lang: Lang, column: u16, end: u32) -> Result<(), XlsxError> {
    const RED: (u32, u32) = (0x9C_0006, 0xFF_C7CE);
    const ORANGE: (u32, u32) = (0x7F_3F00, 0xFC_E4D6);
    const YELLOW: (u32, u32) = (0x7F_6000, 0xFF_F2CC);
    const BLUE: (u32, u32) = (0x1F_4E78, 0xDD_EBF7);
    const GREEN: (u32, u32) = (0x00_6100, 0xC6_EFCE);
    const GRAY: (u32, u32) = (0x59_5959, 0xED_EDED);
    let words = [
        (severity_word(Severity::Critical, lang), RED),
        (severity_word(Severity::High, lang), ORANGE),
        (severity_word(Severity::Medium, lang), YELLOW),
        (severity_word(Severity::Low, lang), BLUE),
        (met_word(Met::No, lang), RED),
        (met_word(Met::Unknown, lang), GRAY),
        (met_word(Met::Yes, lang), GREEN),
    ];
    for (word, (ink, ground)) in words {
        let format = Format::new().set_font_color(Color::RGB(ink)).set_background_color(Color::RGB(ground));
        let rule = ConditionalFormatCell::new()
            .set_rule(ConditionalFormatCellRule::EqualTo(word))
            .set_format(format);
        sheet.add_conditional_format(1, column, end, column, &rule)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_longer_than_excel_takes() {
        let long = fitting(&"𠮷".repeat(40_000));
        assert!(long.encode_utf16().count() <= LONGEST + 1 && long.ends_with('…'));
        assert_eq!(fitting("=1+1"), "=1+1");
        assert_eq!(fitting("a\u{1b}[31m\nb"), fitting("a\u{1b}[31m") + "\nb");
        assert!(!fitting("a\u{0}b\u{8}").contains(['\u{0}', '\u{8}']));
    }
}
