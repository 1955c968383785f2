//! The HTML form: one file that works without a server, for people and managers.
//!
//! The frame, the summary in words and the lists of what is not known are written here; the findings
//! travel as data, and `page.js` shows as many of them as somebody looks at. So a hundred thousand
//! findings open as quickly as ten.
//!
//! INVARIANT: the page loads nothing and runs nothing but its own script. Its policy names the hashes
//! of both, forbids every other source, and forbids markup made from text (trusted types).

mod data;

use std::fmt::Write;

use posture::Status;
use sha2::{Digest, Sha256};

use crate::Report;
use crate::blocks::{blocks, unknown_rows};
use crate::clean::clean;
use crate::controls;
use crate::json::place_text;
use crate::problem::problem_text;
use crate::sentences::{in_words, not_assessed};
use crate::standing::{STEPS, gain_text, next_word, points_words, score_rows, score_word, step_text};
use crate::text::{gone_line, gone_text};
use crate::words::{checkpoint_word, day_text, moment_text, pick, severity_word, words};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// How many rows the lists at the end have.
const ROWS: usize = 1000;

/// How many root causes are told where scripts do not run.
const PLAIN: usize = 200;

/// The report as one HTML file.
pub fn to_html(report: &Report<'_>) -> String {
    let lang = report.lang;
    let words = words(lang);
    let blocks = blocks(report);
    let mut out = String::with_capacity(1 << 16);
    let title = format!("{} – {}", words.report, clean(&report.source));
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '{}'; style-src '{}'; \
         base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"Sekimori {}\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        pick(lang, "en", "ja"),
        hash(SCRIPT),
        hash(STYLE),
        escape(report.version),
        escape(&title)
    );
    let _ = write!(
        out,
        "<a class=\"skip\" href=\"#found\">{}</a>\n<header>\n<p class=\"brand\">Sekimori <span lang=\"ja\">関守</span></p>\n\
         <h1>{}</h1>\n<p class=\"about\">{} · <time datetime=\"{}\">{}</time></p>\n</header>\n<main>\n",
        pick(lang, "To the findings", "検出結果へ移動"),
        escape(words.report),
        escape(&report.source),
        escape(&report.as_of),
        escape(&moment_text(&report.as_of, lang))
    );
    write_summary(&mut out, report, blocks.len());
    write_score(&mut out, report);
    write_found(&mut out, report, &blocks);
    write_controls(&mut out, report);
    write_checks(&mut out, report);
    write_rest(&mut out, report);
    let _ = write!(
        out,
        "</main>\n<footer><p>Sekimori {} · {} {}</p></footer>\n",
        escape(report.version),
        pick(lang, "service tags of", "サービス タグの日付"),
        escape(report.tags_data)
    );
    let _ =
        writeln!(out, "<script type=\"application/json\" id=\"data\">{}</script>", data::of(report, &blocks));
    let _ = write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

fn write_summary(out: &mut String, report: &Report<'_>, blocks: usize) {
    let lang = report.lang;
    let _ = writeln!(
        out,
        "<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">{}</h2>",
        pick(lang, "Summary", "概要")
    );
    out.push_str("<div class=\"words\">\n");
    for text in in_words(report, blocks) {
        let _ = writeln!(out, "<p>{}</p>", prose(&text));
    }
    out.push_str("</div>\n</section>\n");
}

/// Where the findings go: the controls, the list, and a plain list for those without scripts.
fn write_found(out: &mut String, report: &Report<'_>, blocks: &[Vec<&posture::Finding>]) {
    let lang = report.lang;
    let words = words(lang);
    let _ = writeln!(
        out,
        "<section aria-labelledby=\"found\" id=\"findings\">\n<h2 id=\"found\" tabindex=\"-1\">{}</h2>\n\
         <div id=\"controls\"></div>\n<p id=\"status\" role=\"status\"></p>\n<div id=\"list\"></div>",
        words.findings
    );
    if !blocks.is_empty() {
        let _ = writeln!(
            out,
            "<noscript>\n<p>{}</p>\n<ul>",
            pick(
                lang,
                "Pictures, search and the full lists need scripts, which are off here. The root causes:",
                "図、検索、全件の一覧にはスクリプトが必要ですが、無効になっています。根本原因は次のとおりです。"
            )
        );
        for block in blocks.iter().take(PLAIN) {
            let Some(first) = block.first() else { continue };
            let also = match block.len() {
                1 => String::new(),
                many => format!(" (+{})", many - 1),
            };
            let _ = writeln!(
                out,
                "<li><b>{} {}</b> {}{also}</li>",
                severity_word(first.severity, lang),
                first.check.code,
                prose(&first.message)
            );
        }
        if blocks.len() > PLAIN {
            let _ = writeln!(out, "<li>… (+{})</li>", blocks.len() - PLAIN);
        }
        out.push_str("</ul>\n</noscript>\n");
    }
    out.push_str("</section>\n");
}

/// How well the estate stands, checkpoint by checkpoint, and what to do next.
fn write_score(out: &mut String, report: &Report<'_>) {
    let (lang, score) = (report.lang, &report.outcome.score);
    if score.by_checkpoint.is_empty() {
        return;
    }
    let [earned, lost, unknown] = points_words(lang);
    let _ = writeln!(
        out,
        "<section aria-labelledby=\"score\">\n<h2 id=\"score\">{}</h2>\n<p class=\"key\"><span class=\"earned\">{earned}</span> \
         <span class=\"lost\">{lost}</span> <span class=\"untold\">{unknown}</span></p>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"score\"><table>\n<thead><tr><th scope=\"col\">{}</th>\
         <th scope=\"col\" class=\"n\">{earned}</th><th scope=\"col\" class=\"n\">{lost}</th><th scope=\"col\" class=\"n\">{unknown}</th>\
         <th scope=\"col\"><span class=\"away\">{}</span></th></tr></thead>\n<tbody>",
        score_word(lang),
        words(lang).checkpoint,
        pick(lang, "as a bar", "グラフ")
    );
    for (name, points) in score_rows(score, lang) {
        let posture::Points { earned, lost, unknown } = points;
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{name}</th><td class=\"n\">{earned}</td><td class=\"n\">{lost}</td><td class=\"n\">{unknown}</td>\
             <td><svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect class=\"earned\" width=\"{earned}\" height=\"10\"/><rect class=\"lost\" x=\"{earned}\" width=\"{lost}\" height=\"10\"/>\
             <rect class=\"untold\" x=\"{}\" width=\"{unknown}\" height=\"10\"/></svg></td></tr>",
            earned + lost
        );
    }
    out.push_str("</tbody></table></div>\n");
    if !score.next.is_empty() {
        let _ = writeln!(out, "<p>{}</p>\n<ol>", next_word(lang));
        for gain in score.next.iter().take(STEPS) {
            let _ = writeln!(
                out,
                "<li>{} <span class=\"dim\">({})</span></li>",
                prose(&step_text(gain, lang)),
                gain_text(gain, lang)
            );
        }
        out.push_str("</ol>\n");
    }
    out.push_str("</section>\n");
}

/// How the controls of each catalogue stand.
fn write_controls(out: &mut String, report: &Report<'_>) {
    let lang = report.lang;
    for view in controls::views(report) {
        let name = view.catalogue.name();
        let [control, what, state, why] = pick(
            lang,
            ["control", "what it asks for", "state", "evidence"],
            ["項目", "内容", "状態", "根拠"],
        );
        let _ = writeln!(
            out,
            "<section aria-labelledby=\"c-{name}\">\n<h2 id=\"c-{name}\">{}</h2>\n<p>{}</p>\n\
             <div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"c-{name}\"><table>\n<thead><tr>\
             <th scope=\"col\">{control}</th><th scope=\"col\">{what}</th><th scope=\"col\">{state}</th><th scope=\"col\">{why}</th></tr></thead>\n<tbody>",
            view.catalogue.title(lang),
            controls::counts_text(&view, lang)
        );
        for control in &view.controls {
            let was = controls::was(report, view.catalogue, control).map(|was| controls::met_word(was, lang));
            let was = was.map(|was| format!("{was} → ")).unwrap_or_default();
            let _ = writeln!(
                out,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"m-{}\">{was}{}</td><td>{}</td></tr>",
                control.id,
                controls::title(control, lang),
                control.met.name(),
                controls::met_word(control.met, lang),
                escape(&controls::evidence(report, control))
            );
        }
        out.push_str("</tbody></table></div>\n</section>\n");
    }
}

fn write_checks(out: &mut String, report: &Report<'_>) {
    let lang = report.lang;
    let words = words(lang);
    let _ = writeln!(
        out,
        "<section aria-labelledby=\"checks\">\n<h2 id=\"checks\">{}</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"checks\"><table>\n<thead><tr>\
         <th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th>\
         <th scope=\"col\" class=\"n\">{}</th><th scope=\"col\" class=\"n\">{}</th><th scope=\"col\" class=\"n\">{}</th></tr></thead>\n<tbody>",
        pick(lang, "Checks", "チェック"),
        words.code,
        words.check,
        words.checkpoint,
        words.severity,
        words.failed,
        words.passed,
        words.unknown
    );
    for its in &report.outcome.by_check {
        let check = its.check;
        let number = |number: u64| posture::grouped(u128::from(number));
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            check.code,
            escape(check.title.of(lang)),
            checkpoint_word(check.checkpoint, lang),
            severity_word(report.settings.severity_of(check), lang),
            number(its.fail),
            number(its.pass),
            number(its.unknown)
        );
    }
    out.push_str("</tbody></table></div>\n</section>\n");
}

/// What is not known, not read, suppressed or mended, and what the team should know.
fn write_rest(out: &mut String, report: &Report<'_>) {
    let lang = report.lang;
    let words = words(lang);
    let passes = report.outcome.findings.iter().filter(|finding| finding.status == Status::Pass);
    let passes = passes.map(|finding| {
        let resource = escape(report.estate.text(finding.resource));
        format!("<b>{}</b> <code>{resource}</code>", finding.check.code)
    });
    write_list(out, report, "passed", words.passed, passes);
    let unknown = unknown_rows(report);
    let unknown = unknown.iter().map(|row| {
        format!(
            "<b>{}</b>: {} × {} <span class=\"dim\">({})</span><br>{}: <code>{}</code>",
            row.codes,
            prose(&row.most.reason),
            posture::grouped(row.count as u128),
            escape(&row.names),
            words.settled_by,
            escape(&row.most.settled_by)
        )
    });
    write_list(out, report, "unknown", words.could_not_be_judged, unknown);
    let not_assessed = not_assessed(report);
    let rows = not_assessed
        .into_iter()
        .map(|(reason, codes)| format!("<b>{}</b>: {}", codes.join(", "), escape(reason)));
    write_list(out, report, "not-assessed", words.not_assessed, rows);
    let place = |at: &estate::At| place_text(report, at);
    let errors = report.errors.iter().map(|(problem, at)| {
        let text = problem_text(&problem.kind, lang, &place);
        format!("<code>{}:{}:{}</code> {}", escape(&at.file), at.line, at.column, prose(&text))
    });
    write_list(out, report, "errors", words.could_not_be_read, errors);
    let suppressed = report.outcome.suppressed.iter().map(|row| {
        let decision = report.suppressions.get(row.by);
        let reason = decision.map(|decision| escape(&decision.reason)).unwrap_or_default();
        let until = decision.map(|decision| day_text(decision.until, lang)).unwrap_or_default();
        let (code, message) = (row.finding.check.code, prose(&row.finding.message));
        format!("<b>{code}</b> {message}<br><span class=\"dim\">{reason} ({}: {until})</span>", words.until)
    });
    write_list(out, report, "suppressed", words.suppressed, suppressed);
    if let Some(comparison) = report.comparison {
        let row = |(before, why): &(posture::Before, posture::Gone)| {
            format!(
                "{} <span class=\"dim\">({})</span>",
                prose(&gone_line(before, lang)),
                gone_text(*why, lang)
            )
        };
        write_list(out, report, "fixed", words.fixed, comparison.fixed().map(row));
        write_list(out, report, "changed", words.changed, comparison.changed().map(row));
        write_list(out, report, "unsettled", words.unsettled, comparison.unsettled().map(row));
    }
    let settings = report.own_settings.iter().map(|(key, value, from)| {
        let line = escape(&format!("{key} = {value}"));
        format!("<code>{line}</code> <span class=\"dim\">({})</span>", escape(from))
    });
    write_list(out, report, "settings", words.settings, settings);
    write_list(out, report, "notices", words.notices, report.notices.iter().map(|notice| prose(notice)));
}

fn write_list(
    out: &mut String,
    report: &Report<'_>,
    id: &str,
    title: &str,
    rows: impl Iterator<Item = String>,
) {
    let mut count = 0usize;
    for row in rows {
        if count == 0 {
            let _ = writeln!(
                out,
                "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\" class=\"lower\">{title}</h2>\n<ul class=\"rows\">"
            );
        }
        if count < ROWS {
            let _ = writeln!(out, "<li>{row}</li>");
        }
        count += 1;
    }
    if let Some(more) = count.checked_sub(ROWS).filter(|more| *more > 0) {
        let _ = writeln!(
            out,
            "<li>{}</li>",
            pick(report.lang, format!("… and {more} more"), format!("… ほか {more} 件"))
        );
    }
    if count > 0 {
        out.push_str("</ul>\n</section>\n");
    }
}

/// A sentence of ours, in which names stand between backticks.
fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A name holds a backtick: then nobody can tell which parts are names.
        return escape(text);
    }
    let part = |(index, part): (usize, &&str)| match index.is_multiple_of(2) {
        true => escape(part),
        false => format!("<code>{}</code>", escape(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Text as text: no markup, and nothing that turns its direction.
pub(crate) fn escape(text: &str) -> String {
    let text = clean(text);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The hash of a text as a source of a content security policy
/// (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
pub(crate) fn hash(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = Sha256::digest(text.as_bytes());
    let mut out = String::from("sha256-");
    for three in digest.chunks(3) {
        let number =
            three.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let sextet = (number >> (18 - 6 * place)) as usize & 63;
            let digit = ALPHABET.get(sextet).copied().map_or('=', char::from);
            out.push(if place > three.len() { '=' } else { digit });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_as_browsers_write_them() {
        // The digest of the empty text, in base 64.
        assert_eq!(hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn the_page_takes_nothing_from_elsewhere() {
        for text in [STYLE, SCRIPT] {
            for word in ["http://", "https://", "url(", "@import", "import(", "fetch(", "XMLHttpRequest"] {
                let known = text.replace("http://www.w3.org/2000/svg", "");
                assert!(!known.contains(word), "{word}");
            }
        }
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
        assert!(!SCRIPT.contains("</"), "the script must not end itself");
    }
}
