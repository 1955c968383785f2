//! The last lines: what was looked at, and how it stands.

use std::fmt::Write;

use posture::{Lang, grouped};

use crate::Report;
use crate::clean::clean;
use crate::sentences::{by_severity, looked_at, not_assessed};
use crate::style::Style;
use crate::words::{counted, moment_text, pick, severity_word};

pub(super) fn write(out: &mut String, report: &Report<'_>, style: Style) {
    let lang = report.lang;
    let source = clean(&report.source).into_owned();
    let _ = writeln!(out, "{source}: {}", looked_at(report));
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
    let _ = match (tally.score, lang) {
        (None, Lang::En) => writeln!(out, "{parts}; score –"),
        (Some(score), Lang::En) => writeln!(out, "{parts}; score {score} of 100"),
        (None, Lang::Ja) => writeln!(out, "{parts}、スコア –"),
        (Some(score), Lang::Ja) => writeln!(out, "{parts}、スコア {score} / 100"),
    };
    if let Some(comparison) = report.comparison {
        let when = moment_text(&clean(&comparison.as_of), lang);
        let fixed = grouped(comparison.fixed().count() as u128);
        let (new, unchanged) =
            (grouped(u128::from(comparison.new)), grouped(u128::from(comparison.unchanged)));
        let _ = match lang {
            Lang::En => writeln!(out, "since {when}: {new} new, {fixed} fixed, {unchanged} unchanged"),
            Lang::Ja => writeln!(out, "{when} から: 新規 {new} 件、解消 {fixed} 件、変化なし {unchanged} 件"),
        };
    }
    for (reason, codes) in not_assessed(report) {
        let codes = codes.join(", ");
        let text =
            pick(lang, format!("not assessed, as {reason}: {codes}"), format!("未評価 ({reason}): {codes}"));
        let _ = writeln!(out, "{}", style.dim(&text));
    }
}
