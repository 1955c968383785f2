//! The first sheet: what was looked at, when, how it stands, and what to do next.

use posture::grouped;
use rust_xlsxwriter::{Chart, ChartType, Color, ConditionalFormatDataBar, Workbook, XlsxError};

use super::sheet::{Styles, fitting, paper};
use crate::Report;
use crate::blocks::blocks;
use crate::sentences::{by_severity, in_words};
use crate::standing::{STEPS, gain_text, next_word, points_words, score_rows, score_word, step_text};
use crate::words::{moment_text, pick, severity_word, words};

pub(super) fn write(
    book: &mut Workbook,
    report: &Report<'_>,
    styles: &Styles,
    title: &str,
) -> Result<(), XlsxError> {
    let lang = report.lang;
    let name = pick(lang, "Summary", "概要");
    let sheet = paper(book, name, lang)?;
    sheet.set_print_fit_to_pages(1, 1);
    for (column, width) in
        [(0_u16, 26.0), (1, 12.0), (2, 12.0), (3, 12.0), (4, 4.0), (5, 14.0), (6, 12.0), (7, 40.0)]
    {
        sheet.set_column_width(column, width)?;
    }
    sheet.write_string_with_format(0, 0, title, &styles.title)?;
    sheet.set_row_height(0, 34)?;
    let facts = [
        (pick(lang, "Scope", "対象"), fitting(&report.source)),
        (pick(lang, "Date", "点検日時"), moment_text(&report.as_of, lang)),
        (pick(lang, "Tool", "ツール"), format!("Sekimori {}", report.version)),
        (pick(lang, "Service tags", "サービス タグの日付"), report.tags_data.to_owned()),
    ];
    let mut row = 2_u32;
    for (label, text) in facts {
        sheet.write_string_with_format(row, 0, label, &styles.label)?;
        sheet.merge_range(row, 1, row, 7, &text, &styles.wrapped)?;
        row += 1;
    }
    row += 1;
    let section = |sheet: &mut rust_xlsxwriter::Worksheet, row: u32, text: &str| -> Result<(), XlsxError> {
        sheet.merge_range(row, 0, row, 7, text, &styles.section)?;
        sheet.set_row_height(row, 22)?;
        Ok(())
    };
    section(sheet, row, pick(lang, "In short", "要約"))?;
    row += 1;
    for text in in_words(report, blocks(report).len()) {
        let text = fitting(&text.replace('`', ""));
        sheet.merge_range(row, 0, row, 7, &text, &styles.wrapped)?;
        // A merged row does not grow by itself.
        let lines = 1 + unicode_width::UnicodeWidthStr::width(text.as_str()) / 115;
        sheet.set_row_height(row, 16 * u32::try_from(lines).unwrap_or(1))?;
        row += 1;
    }
    row += 1;
    let score = &report.outcome.score;
    section(sheet, row, score_word(lang))?;
    row += 1;
    let top = row;
    sheet.write_string_with_format(row, 0, words(lang).checkpoint, &styles.head)?;
    for (column, word) in (1_u16..).zip(points_words(lang)) {
        sheet.write_string_with_format(row, column, word, &styles.head)?;
    }
    sheet.write_string_with_format(row, 5, words(lang).severity, &styles.head)?;
    sheet.write_string_with_format(row, 6, words(lang).count, &styles.head)?;
    row += 1;
    let first = row;
    for (name, points) in score_rows(score, lang) {
        sheet.write_string_with_format(row, 0, name, &styles.label)?;
        for (column, part) in (1_u16..).zip([points.earned, points.lost, points.unknown]) {
            #[expect(clippy::cast_precision_loss, reason = "at most 100")]
            sheet.write_number_with_format(row, column, part as f64, &styles.number)?;
        }
        row += 1;
    }
    if row > first {
        for (column, colour) in [(1_u16, 0x63_BE7B_u32), (2, 0xF8_696B), (3, 0xBF_BFBF)] {
            let bar = ConditionalFormatDataBar::new()
                .set_fill_color(Color::RGB(colour))
                .set_solid_fill(true)
                .set_minimum(rust_xlsxwriter::ConditionalFormatType::Number, 0)
                .set_maximum(rust_xlsxwriter::ConditionalFormatType::Number, 100);
            sheet.add_conditional_format(first, column, row - 1, column, &bar)?;
        }
    }
    let severities = by_severity(report);
    let mut beside = first;
    for (severity, count) in &severities {
        sheet.write_string_with_format(beside, 5, severity_word(*severity, lang), &styles.label)?;
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        sheet.write_number_with_format(beside, 6, *count as f64, &styles.number)?;
        beside += 1;
    }
    if !severities.is_empty() {
        let mut chart = Chart::new(ChartType::Bar);
        chart.add_series().set_categories((name, first, 5, beside - 1, 5)).set_values((
            name,
            first,
            6,
            beside - 1,
            6,
        ));
        chart.title().set_name(pick(lang, "Findings by severity", "重大度別の検出数"));
        chart.title().set_font(rust_xlsxwriter::ChartFont::new().set_name(super::font(lang)).set_size(11));
        chart.legend().set_hidden();
        chart.y_axis().set_reverse();
        chart.set_width(380).set_height(220);
        sheet.insert_chart(beside + 1, 5, &chart)?;
    }
    row = row.max(top + 16) + 1;
    if !score.next.is_empty() {
        section(sheet, row, next_word(lang))?;
        row += 1;
        for gain in score.next.iter().take(STEPS) {
            sheet.write_string_with_format(row, 0, gain_text(gain, lang), &styles.label)?;
            sheet.merge_range(row, 1, row, 7, &fitting(&step_text(gain, lang)), &styles.wrapped)?;
            row += 1;
        }
    }
    let suppressed = report.outcome.suppressed.len();
    if suppressed > 0 {
        let count = grouped(suppressed as u128);
        let text = pick(
            lang,
            format!("{count} findings are suppressed by decisions of the team and count as lost."),
            format!("チームの判断で抑制している検出が {count} 件あり、失点に含まれています。"),
        );
        sheet.merge_range(row, 0, row, 7, &text, &styles.text)?;
    }
    Ok(())
}
