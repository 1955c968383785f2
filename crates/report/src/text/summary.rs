//! The last lines: what was looked at, and how it stands.

use std::fmt::Write;

use posture::{Lang, grouped};
use unicode_width::UnicodeWidthStr;

use crate::Report;
use crate::clean::clean;
use crate::sentences::{by_severity, looked_at, not_assessed};
use crate::standing::{gain_text, score_text, step_text};
use crate::style::{Page, Style};
use crate::words::{counted, moment_text, pick, severity_word};

/// How many of the next steps are told.
const STEPS: usize = 3;

pub(super) fn write(out: &mut String, report: &Report<'_>, page: Page) {
    let (lang, style) = (report.lang, page.style);
    let source = clean(&report.source).into_owned();
    for line in page.lines(&format!("{source}: {}", looked_at(report)), 0) {
        let _ = writeln!(out, "{line}");
    }
    // Coloured where it fits on a line, else broken into lines.
    let (plain, coloured) = (verdict(report, Style::Plain), verdict(report, style));
    match page.terminal.is_some_and(|width| plain.width() > width) {
        true => page.lines(&plain, 0).iter().for_each(|line| {
            let _ = writeln!(out, "{line}");
        }),
        false => {
            let _ = writeln!(out, "{coloured}");
        }
    }
    if let Some(comparison) = report.comparison {
        let when = moment_text(&clean(&comparison.as_of), lang);
        let fixed = grouped(comparison.fixed().count() as u128);
        let (changed, unsettled) = (comparison.changed().count(), comparison.unsettled().count());
        let rest = match (changed + unsettled, lang) {
            (0, _) => String::new(),
            (_, Lang::En) => format!(", {changed} for another cause, {unsettled} not looked at again"),
            (_, Lang::Ja) => format!("、別の原因 {changed} 件、確認できず {unsettled} 件"),
        };
        let (new, unchanged) =
            (grouped(u128::from(comparison.new)), grouped(u128::from(comparison.unchanged)));
        let score = match (comparison.score, report.outcome.score.all, lang) {
            (Some(was), Some(is), Lang::En) => format!("; score {was} → {}", is.earned),
            (Some(was), Some(is), Lang::Ja) => format!("、スコア {was} → {}", is.earned),
            _ => String::new(),
        };
        let text = match lang {
            Lang::En => format!("since {when}: {new} new, {fixed} fixed, {unchanged} unchanged{rest}{score}"),
            Lang::Ja => {
                format!("{when} から: 新規 {new} 件、解消 {fixed} 件、変化なし {unchanged} 件{rest}{score}")
            }
        };
        for line in page.lines(&text, 0) {
            let _ = writeln!(out, "{line}");
        }
    }
    let next: Vec<_> = report.outcome.score.next.iter().take(STEPS).collect();
    if let Some((first, rest)) = next.split_first() {
        let step =
            |gain: &posture::Gain| format!("{} {}", gain_text(gain, lang), clean(&step_text(gain, lang)));
        let lines = page.lines(
            &format!("{}{}", pick(lang, "most points next: ", "次に得点できる項目: "), step(first)),
            0,
        );
        let more = rest.iter().flat_map(|gain| page.lines(&step(gain), 2));
        for line in lines.into_iter().chain(more) {
            let _ = writeln!(out, "{line}");
        }
    }
    for (reason, codes) in not_assessed(report) {
        let codes = codes.join(", ");
        let text =
            pick(lang, format!("not assessed, as {reason}: {codes}"), format!("未評価 ({reason}): {codes}"));
        for line in page.lines(&text, 0) {
            let _ = writeln!(out, "{}", style.dim(&line));
        }
    }
}

/// How many findings there are, how many checks passed, and the score.
fn verdict(report: &Report<'_>, style: Style) -> String {
    let lang = report.lang;
    let tally = report.outcome.tally;
    let found: Vec<_> = by_severity(report)
        .into_iter()
        .map(|(severity, number)| {
            let word = severity_word(severity, lang);
            let number = grouped(number as u128);
            style.severity(severity, &pick(lang, format!("{number} {word}"), format!("{word} {number}")))
        })
        .collect();
    let mut parts = vec![match (found.is_empty(), lang) {
        (true, Lang::En) => style.good("nothing found"),
        (true, Lang::Ja) => style.good("検出なし"),
        (false, Lang::En) => {
            let fail = usize::try_from(tally.fail).unwrap_or(usize::MAX);
            format!("{} ({})", counted(fail, "finding", "findings"), found.join(", "))
        }
        (false, Lang::Ja) => format!("検出 {} 件 ({})", grouped(u128::from(tally.fail)), found.join("、")),
    }];
    let suppressed = report.outcome.suppressed.len() as u64;
    let counts = [
        (tally.pass, "passed", "適合", true),
        (tally.unknown, "unknown", "不明", true),
        (suppressed, "suppressed", "抑制中", suppressed > 0),
    ];
    for (number, en, ja, shown) in counts {
        if shown {
            let number = grouped(u128::from(number));
            parts.push(pick(lang, format!("{number} {en}"), format!("{ja} {number} 件")));
        }
    }
    let parts = parts.join(pick(lang, ", ", "、"));
    let score = score_text(report.outcome.score.all, lang);
    pick(lang, format!("{parts}; {score}"), format!("{parts}、{score}"))
}
