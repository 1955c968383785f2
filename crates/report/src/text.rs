//! The text form: what people read in a terminal.
//!
//! Findings with one root cause are one block, whatever the number of VMs.

use std::collections::BTreeMap;
use std::fmt::Write;

use estate::resource_name;
use posture::{Check, Checkpoint, Finding, Lang, PortEvidence, Severity, Status, Unknown, grouped};
use unicode_width::UnicodeWidthStr;

use crate::clean::clean;
use crate::json::place_text;
use crate::problem::problem_text;
use crate::style::Style;
use crate::{Location, Report};

/// The words around findings.
struct Words {
    way_in: &'static str,
    proof: &'static str,
    sources: &'static str,
    also: &'static str,
    help: &'static str,
    internet: &'static str,
    subnet_group: &'static str,
    nic_group: &'static str,
    none: &'static str,
    why: &'static str,
    fix: &'static str,
    references: &'static str,
}

const EN: Words = Words {
    way_in: "way in",
    proof: "proof",
    sources: "sources",
    also: "also",
    help: "help",
    internet: "internet",
    subnet_group: "subnet group",
    nic_group: "NIC group",
    none: "none",
    why: "Why",
    fix: "What to do",
    references: "References",
};

const JA: Words = Words {
    way_in: "経路",
    proof: "証拠",
    sources: "接続元",
    also: "ほか",
    help: "対処",
    internet: "インターネット",
    subnet_group: "サブネットの NSG",
    nic_group: "NIC の NSG",
    none: "なし",
    why: "理由",
    fix: "対処方法",
    references: "参考",
};

fn words(lang: Lang) -> &'static Words {
    match lang {
        Lang::En => &EN,
        Lang::Ja => &JA,
    }
}

fn pick(lang: Lang, en: String, ja: String) -> String {
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

fn severity_word(severity: Severity, lang: Lang) -> &'static str {
    match (lang, severity) {
        (Lang::En, severity) => severity.name(),
        (Lang::Ja, Severity::Critical) => "緊急",
        (Lang::Ja, Severity::High) => "高",
        (Lang::Ja, Severity::Medium) => "中",
        (Lang::Ja, Severity::Low) => "低",
    }
}

fn checkpoint_word(checkpoint: Checkpoint, lang: Lang) -> &'static str {
    match (lang, checkpoint) {
        (Lang::En, checkpoint) => checkpoint.name(),
        (Lang::Ja, Checkpoint::Accounts) => "アカウント",
        (Lang::Ja, Checkpoint::Jit) => "Just-In-Time VM アクセス",
        (Lang::Ja, Checkpoint::Sources) => "接続元の制限",
        (Lang::Ja, Checkpoint::Ports) => "不要なポート",
        (Lang::Ja, Checkpoint::Udp) => "UDP",
        (Lang::Ja, Checkpoint::NoPublicIp) => "パブリック IP なし",
    }
}

/// How many of the other resources of a block are named.
const NAMED: usize = 6;

/// The report as text.
pub fn to_text(report: &Report<'_>, style: Style) -> String {
    let mut out = String::new();
    for block in blocks(report) {
        write_block(&mut out, report, style, &block);
    }
    write_passes(&mut out, report, style);
    write_unknown(&mut out, report, style);
    write_errors(&mut out, report, style);
    write_summary(&mut out, report, style);
    out
}

/// Findings with one root cause, in the order of the report: the same rules, or the same public
/// address that no group guards. Findings that no rule is behind stand with their like.
fn blocks<'r>(report: &'r Report<'_>) -> Vec<Vec<&'r Finding>> {
    let mut order: BTreeMap<(&str, Option<Severity>, String), usize> = BTreeMap::new();
    let mut blocks: Vec<Vec<&Finding>> = Vec::new();
    for finding in report.outcome.findings.iter().filter(|finding| finding.status == Status::Fail) {
        let mut root: Vec<String> = finding
            .evidence
            .iter()
            .flat_map(|open| &open.decided_by)
            .map(|rule| format!("{} {}", report.estate.text(rule.nsg).to_ascii_lowercase(), rule.rule))
            .collect();
        root.sort_unstable();
        root.dedup();
        let unguarded = finding.evidence.first().filter(|_| root.is_empty());
        let key = match (root.is_empty(), unguarded) {
            (false, _) => ("", None, root.join("\n")),
            // One subnet's group would guard them all.
            (true, Some(open)) => {
                let id = open.subnet.unwrap_or(open.via);
                ("", None, report.estate.text(id).to_ascii_lowercase())
            }
            // What one command mends stands together.
            (true, None) => (finding.check.code, Some(finding.severity), finding.fix.clone()),
        };
        let at = *order.entry(key).or_insert_with(|| {
            blocks.push(Vec::new());
            blocks.len() - 1
        });
        if let Some(block) = blocks.get_mut(at) {
            block.push(finding);
        }
    }
    blocks
}

fn write_block(out: &mut String, report: &Report<'_>, style: Style, block: &[&Finding]) {
    let Some(first) = block.first() else { return };
    let lang = report.lang;
    let severity = severity_word(first.severity, lang);
    let head = style.severity(first.severity, &format!("{severity}[{}]", first.check.code));
    let _ = writeln!(out, "{head}{} {}", style.bold(":"), style.bold(&clean(&first.message)));
    let location = first.cause.as_ref().and_then(|cause| (report.locate)(cause.origin, &cause.pointer));
    let gutter = location.as_ref().map_or(2, |at| {
        at.excerpt.iter().map(|line| line.line).chain([at.line]).max().unwrap_or(0).to_string().len().max(2)
    });
    if let Some(location) = &location {
        write_location(out, style, gutter, location);
    }
    let words = words(lang);
    let labels = [words.way_in, words.proof, words.sources, words.also, words.help];
    let width = labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let mut line = |label: &str, text: &str| {
        let pad = " ".repeat(width.saturating_sub(label.width()));
        let label = style.bold(label);
        let mark = style.frame("=");
        let room = TEXT_WIDTH.saturating_sub(gutter + width + 5);
        // Commands stay on one line, to be copied.
        let lines: Vec<String> = text
            .lines()
            .flat_map(|text| match text.starts_with("  ") {
                true => vec![text.to_owned()],
                false => wrap(text, room).lines().map(str::to_owned).collect(),
            })
            .collect();
        let mut lines = lines.iter();
        let _ =
            writeln!(out, "{:gutter$} {mark} {label}{pad}  {}", "", lines.next().map_or("", String::as_str));
        for more in lines {
            let _ = writeln!(out, "{:gutter$}   {:width$}  {more}", "", "");
        }
    };
    // The first ways tell the others.
    let mut shown: Vec<String> = Vec::new();
    for open in &first.evidence {
        let way = way_in(report, first, open);
        if shown.contains(&way) || shown.len() == 3 {
            continue;
        }
        line(words.way_in, &way);
        shown.push(way);
        if let Some((from, to)) = &open.witness {
            line(words.proof, &format!("{} {from} → {to}", open.protocol.name()));
        }
        line(words.sources, &sources(open, lang));
    }
    let others = others(report, block);
    if !others.is_empty() {
        line(words.also, &others);
    }
    let mut codes = vec![(first.check.code, first.severity)];
    for finding in block {
        if codes.iter().all(|(code, _)| *code != finding.check.code) {
            codes.push((finding.check.code, finding.severity));
            let severity = severity_word(finding.severity, lang);
            line(finding.check.code, &format!("{severity}: {}", clean(&finding.message)));
        }
    }
    line(words.help, &clean_lines(&first.fix));
    let explain = style.dim(&format!("sekimori explain {}", first.check.code));
    let _ = writeln!(out, "{:gutter$}   {:width$}  {explain}\n", "", "");
}

/// How wide running text is.
const TEXT_WIDTH: usize = 100;

/// A text of our own with names from the input in it: lines stay, everything else is shown.
fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

fn write_location(out: &mut String, style: Style, gutter: usize, location: &Location) {
    let file = clean(&location.file);
    let arrow = style.frame("-->");
    let _ = writeln!(out, "{:gutter$}{arrow} {file}:{}:{}", "", location.line, location.column);
    let bar = style.frame("|");
    let Some(first) = location.excerpt.first() else { return };
    let _ = writeln!(out, "{:gutter$} {bar}", "");
    let mut last = first.line;
    for excerpt in &location.excerpt {
        if excerpt.line > last + 1 {
            let _ = writeln!(out, "{}", style.frame("..."));
        }
        last = excerpt.line;
        let before = clean(excerpt.text.get(..excerpt.start).unwrap_or_default()).into_owned();
        let marked = clean(excerpt.text.get(excerpt.start..excerpt.end).unwrap_or_default()).into_owned();
        let after = clean(excerpt.text.get(excerpt.end..).unwrap_or_default()).into_owned();
        let number = style.frame(&format!("{:>gutter$}", excerpt.line));
        let _ = writeln!(out, "{number} {bar} {before}{marked}{after}");
        let carets = style.frame(&"^".repeat(marked.width().max(1)));
        let _ = writeln!(out, "{:gutter$} {bar} {}{carets}", "", " ".repeat(before.width()));
    }
    let _ = writeln!(out, "{:gutter$} {bar}", "");
}

/// `internet → pip1 (20.1.2.3) → subnet group: nsg1 / allow-rdp (300) → NIC group: none → web1`.
fn way_in(report: &Report<'_>, finding: &Finding, open: &PortEvidence) -> String {
    let estate = report.estate;
    let words = words(report.lang);
    let mut steps = vec![words.internet.to_owned()];
    let address = estate.public_ip(open.via).and_then(|record| record.address.as_ref()?.value());
    let name = clean(resource_name(estate.text(open.via))).into_owned();
    steps.push(match address {
        Some(address) => format!("{name} ({address})"),
        None => name,
    });
    for (level, label) in [("subnet", words.subnet_group), ("nic", words.nic_group)] {
        let by = open.decided_by.iter().find(|rule| rule.level == level);
        steps.push(match by {
            None => format!("{label}: {}", words.none),
            Some(rule) => {
                let group = clean(resource_name(estate.text(rule.nsg))).into_owned();
                let own = clean(rule.rule.rsplit('/').next().unwrap_or(&rule.rule)).into_owned();
                match rule.priority {
                    Some(priority) => format!("{label}: {group} / {own} ({priority})"),
                    None => format!("{label}: {group} / {own}"),
                }
            }
        });
    }
    steps.push(clean(resource_name(estate.text(finding.resource))).into_owned());
    steps.join(" → ")
}

fn sources(open: &PortEvidence, lang: Lang) -> String {
    let mut ranges: Vec<_> = open.sources.ranges.iter().take(4).cloned().collect();
    if open.sources.ranges.len() > ranges.len() || open.sources.more_ranges {
        ranges.push("…".to_owned());
    }
    let ranges = ranges.join(", ");
    let count = grouped(open.sources.internet_ipv4_addresses);
    match open.sources.internet_ipv4_addresses {
        0 => ranges,
        _ => pick(
            lang,
            format!("{count} internet addresses ({ranges})"),
            format!("インターネットのアドレス {count} 個 ({ranges})"),
        ),
    }
}

/// The other resources of a block, by name.
fn others(report: &Report<'_>, block: &[&Finding]) -> String {
    let Some((first, rest)) = block.split_first() else { return String::new() };
    let mut all: Vec<_> =
        rest.iter().map(|finding| finding.resource).filter(|other| *other != first.resource).collect();
    let mut seen = std::collections::HashSet::new();
    all.retain(|resource| seen.insert(*resource));
    let names: Vec<_> = all
        .iter()
        .take(NAMED)
        .map(|resource| clean(resource_name(report.estate.text(*resource))).into_owned())
        .collect();
    let names = names.join(", ");
    let more = all.len().saturating_sub(NAMED);
    match (report.lang, more) {
        (_, 0) => names,
        (Lang::En, more) => format!("{names} and {more} more"),
        (Lang::Ja, more) => format!("{names} など (さらに {more} 件)"),
    }
}

fn write_passes(out: &mut String, report: &Report<'_>, style: Style) {
    for finding in report.outcome.findings.iter().filter(|finding| finding.status == Status::Pass) {
        let word = pick(report.lang, "pass".to_owned(), "適合".to_owned());
        let name = clean(report.estate.text(finding.resource)).into_owned();
        let _ = writeln!(out, "{} {name}", style.good(&format!("{word}[{}]", finding.check.code)));
    }
}

fn write_unknown(out: &mut String, report: &Report<'_>, style: Style) {
    if report.outcome.unknown.is_empty() {
        return;
    }
    // One reason mostly holds for several checks: told once.
    let mut rows: BTreeMap<(&str, &str), Vec<&Unknown>> = BTreeMap::new();
    for row in &report.outcome.unknown {
        rows.entry((&row.reason, &row.settled_by)).or_default().push(row);
    }
    let title = pick(report.lang, "could not be judged".to_owned(), "判定できなかった項目".to_owned());
    let _ = writeln!(out, "{}", style.bold(&title));
    for ((reason, settled_by), rows) in rows {
        let Some(most) = rows.iter().max_by_key(|row| row.count) else { continue };
        let count = most.count;
        let name = |id: &estate::ResourceId| clean(resource_name(report.estate.text(*id))).into_owned();
        let names: Vec<_> = most.sample.iter().take(3).map(name).collect();
        let etc = if count > names.len() { ", …" } else { "" };
        let names = names.join(", ");
        let codes: Vec<_> = rows.iter().map(|row| row.code).collect();
        let codes = codes.join(", ");
        let _ = writeln!(out, "  ? {} × {count}  {}", clean(reason), style.dim(&format!("({names}{etc})")));
        let place = most.place.as_ref().and_then(|(origin, pointer)| (report.locate)(*origin, pointer));
        if let Some(at) = place {
            let file = clean(&at.file).into_owned();
            let _ = writeln!(out, "    {} {file}:{}:{}", style.frame("-->"), at.line, at.column);
        }
        let settle =
            pick(report.lang, format!("settled by: {settled_by}"), format!("解決方法: {settled_by}"));
        let _ = writeln!(out, "    {}", style.dim(&format!("{codes}; {settle}")));
    }
    out.push('\n');
}

fn write_errors(out: &mut String, report: &Report<'_>, style: Style) {
    if report.errors.is_empty() {
        return;
    }
    const SHOWN: usize = 50;
    let title = pick(report.lang, "could not be read".to_owned(), "読み取れなかった箇所".to_owned());
    let _ = writeln!(out, "{}", style.bold(&title));
    let place = |at: &estate::At| place_text(report, at);
    for (problem, location) in report.errors.iter().take(SHOWN) {
        let message = problem_text(&problem.kind, report.lang, &place);
        let file = clean(&location.file).into_owned();
        let _ = writeln!(out, "  ! {file}:{}:{}: {}", location.line, location.column, clean(&message));
    }
    let more = report.errors.len().saturating_sub(SHOWN);
    if more > 0 {
        let text = pick(report.lang, format!("… and {more} more"), format!("… ほか {more} 件"));
        let _ = writeln!(out, "  {text}");
    }
    out.push('\n');
}

fn write_summary(out: &mut String, report: &Report<'_>, style: Style) {
    let estate = report.estate;
    let lang = report.lang;
    let described = estate.vms.iter().filter(|vm| vm.described).count();
    let mentioned = estate.vms.len() - described;
    let count =
        |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let mut parts_en = vec![
        count(described, "VM", "VMs"),
        count(estate.nics.len(), "NIC", "NICs"),
        count(estate.nsgs.len(), "security group", "security groups"),
        count(estate.public_ips.len(), "public IP address", "public IP addresses"),
    ];
    let mut parts_ja = vec![
        format!("VM {described} 台"),
        format!("NIC {} 個", estate.nics.len()),
        format!("NSG {} 個", estate.nsgs.len()),
        format!("パブリック IP {} 個", estate.public_ips.len()),
    ];
    if mentioned > 0 {
        parts_en.push(count(mentioned, "VM known by its NIC only", "VMs known by their NICs only"));
        parts_ja.push(format!("NIC の情報にのみ現れる VM {mentioned} 台"));
    }
    let rest = estate.count() - described - estate.nics.len() - estate.nsgs.len() - estate.public_ips.len();
    if rest > 0 {
        parts_en.push(count(rest, "other resource", "other resources"));
        parts_ja.push(format!("その他のリソース {rest} 個"));
    }
    let source = clean(&report.source).into_owned();
    let _ = writeln!(
        out,
        "{}",
        pick(
            lang,
            format!("{source}: {}", parts_en.join(", ")),
            format!("{source}: {}", parts_ja.join("、"))
        )
    );
    let tally = report.outcome.tally;
    let mut by: BTreeMap<std::cmp::Reverse<Severity>, usize> = BTreeMap::new();
    for finding in report.outcome.findings.iter().filter(|finding| finding.status == Status::Fail) {
        *by.entry(std::cmp::Reverse(finding.severity)).or_default() += 1;
    }
    let found: Vec<_> = by
        .iter()
        .map(|(severity, number)| {
            let word = severity_word(severity.0, lang);
            style.severity(severity.0, &pick(lang, format!("{number} {word}"), format!("{word} {number}")))
        })
        .collect();
    let fails = match (found.is_empty(), lang) {
        (true, Lang::En) => style.good("nothing found"),
        (true, Lang::Ja) => style.good("検出なし"),
        (false, Lang::En) => {
            format!("{} ({})", count(tally.fail as usize, "finding", "findings"), found.join(", "))
        }
        (false, Lang::Ja) => format!("検出 {} 件 ({})", tally.fail, found.join("、")),
    };
    let score = match (tally.score, lang) {
        (None, _) => "–".to_owned(),
        (Some(score), Lang::En) => format!("{score} of 100"),
        (Some(score), Lang::Ja) => format!("{score} / 100"),
    };
    let _ = writeln!(
        out,
        "{}",
        pick(
            lang,
            format!("{fails}, {} passed, {} unknown; score {score}", tally.pass, tally.unknown),
            format!("{fails}、適合 {} 件、不明 {} 件、スコア {score}", tally.pass, tally.unknown),
        )
    );
    let mut not_assessed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (check, reason) in &report.outcome.not_assessed {
        not_assessed.entry(reason).or_default().push(check.code);
    }
    for (reason, codes) in not_assessed {
        let codes = codes.join(", ");
        let text =
            pick(lang, format!("not assessed, as {reason}: {codes}"), format!("未評価 ({reason}): {codes}"));
        let _ = writeln!(out, "{}", style.dim(&text));
    }
}

/// One check in full.
pub fn explain(check: &Check, lang: Lang, style: Style) -> String {
    let mut out = String::new();
    let words = words(lang);
    let severity = severity_word(check.severity, lang);
    let _ = writeln!(
        out,
        "{} {}\n{}",
        style.severity(check.severity, &format!("{severity}[{}]", check.code)),
        style.bold(check.title.of(lang)),
        style.dim(&format!("{} · {}", check.slug, checkpoint_word(check.checkpoint, lang)))
    );
    for (title, text) in [(words.why, check.why.of(lang)), (words.fix, check.fix.of(lang))] {
        let _ = writeln!(out, "\n{}\n{}", style.bold(title), wrap(text, 80));
    }
    let _ = writeln!(out, "\n{}", style.bold(words.references));
    for reference in check.refs {
        let _ = writeln!(out, "  {}", reference.text());
    }
    out
}

/// The list of checks.
pub fn list_checks(checks: &[&'static Check], lang: Lang, style: Style) -> String {
    let mut out = String::new();
    let width = checks.iter().map(|check| check.slug.len()).max().unwrap_or(0);
    let severity_width =
        checks.iter().map(|check| severity_word(check.severity, lang).width()).max().unwrap_or(0);
    for check in checks {
        let word = severity_word(check.severity, lang);
        let pad = " ".repeat(severity_width - word.width());
        let _ = writeln!(
            out,
            "{}  {}{pad}  {:width$}  {}",
            style.bold(check.code),
            style.severity(check.severity, word),
            check.slug,
            check.title.of(lang)
        );
    }
    out
}

/// Breaks a text into lines of at most `width` columns. Japanese breaks between any two characters
/// except before closing punctuation and
/// inside a word of katakana.
fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    let mut word = String::new();
    let mut flush = |out: &mut String, word: &mut String| {
        if word.is_empty() {
            return;
        }
        let size = word.trim_end().width();
        if column > 0 && column + size > width {
            while out.ends_with(' ') {
                out.pop();
            }
            out.push('\n');
            column = 0;
        }
        column += word.width();
        out.push_str(word);
        word.clear();
    };
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        word.push(c);
        let wide = unicode_width::UnicodeWidthChar::width(c) == Some(2);
        let next_closes = chars.peek().is_some_and(|next| "、。」』)）・ー".contains(*next));
        let next_wide =
            chars.peek().is_some_and(|next| unicode_width::UnicodeWidthChar::width(*next) == Some(2));
        let opens = "「『(（".contains(c);
        let katakana = |c: char| ('\u{30a1}'..='\u{30ff}').contains(&c);
        let inside_word = katakana(c) && chars.peek().is_some_and(|next| katakana(*next));
        if c == ' ' || ((wide || next_wide) && !next_closes && !opens && !inside_word) {
            flush(&mut out, &mut word);
        }
    }
    flush(&mut out, &mut word);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_in_both_languages() {
        let english = wrap("one two three four", 9);
        assert_eq!(english, "one two\nthree\nfour");
        let japanese = wrap("管理ポートを閉じ、中継サーバーを使います。", 12);
        for line in japanese.lines() {
            assert!(line.width() <= 14, "{line}");
            assert!(!line.starts_with(['、', '。', 'ー']), "{line}");
        }
        assert_eq!(japanese.replace('\n', ""), "管理ポートを閉じ、中継サーバーを使います。");
    }
}
