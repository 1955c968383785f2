//! What other tools find beside what we find, for people and programs.

use std::collections::BTreeMap;
use std::fmt::Write;

use estate::resource_name;
use peers::{
    Comparison, Fault, Form, Kind, Own, Pair, Report as Peer, Row, Subject, Unmatched, Verdict, Why,
};
use posture::Lang;
use serde::Serialize;

use crate::clean::clean;
use crate::style::Page;
use crate::words::{counted, pick, words};

/// The version of the JSON form.
pub const SCHEMA: &str = "sekimori.import/1";

/// How many rows of a kind people are shown.
const SHOWN: usize = 20;

/// Everything side by side.
#[derive(Debug, Serialize)]
pub struct Beside<'a> {
    /// The version of this form.
    pub schema: &'static str,
    /// Whose results were read, in the order of the command line.
    pub tools: Vec<ToolForm<'a>>,
    /// Results of theirs that a check of ours judges, too.
    pub results: Vec<ResultForm<'a>>,
    /// Findings of ours that no other tool has.
    pub only_ours: Vec<OursForm<'a>>,
    /// Rules of theirs that no check of ours judges.
    pub no_check: Vec<RuleForm<'a>>,
    /// Results of theirs that belong to no resource of the input.
    pub unmatched: Vec<UnmatchedForm<'a>>,
    /// How many there are of each kind.
    pub summary: BTreeMap<&'static str, usize>,
}

/// What was read.
#[derive(Debug, Serialize)]
pub struct ToolForm<'a> {
    /// The file, as it was named.
    pub file: &'a str,
    /// What the tool calls itself.
    pub tool: &'a str,
    /// Its version.
    pub version: Option<&'a str>,
    /// `ocsf`, `prowler-csv`, `sarif` or `defender-csv`.
    pub form: &'static str,
    /// How many results fail.
    pub fail: usize,
    /// How many pass.
    pub pass: usize,
    /// How many it leaves open.
    pub open: usize,
    /// How many lack a rule or an outcome, and were left out.
    pub skipped: usize,
}

/// A result of theirs beside what we say.
#[derive(Debug, Serialize)]
pub struct ResultForm<'a> {
    /// How both stand.
    pub kind: &'static str,
    #[serde(flatten)]
    theirs: TheirsForm<'a>,
    /// The checks that judge the same.
    pub codes: &'a [&'static str],
    /// The resource.
    pub resource: &'a str,
    /// Set where its name alone tells it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_name: bool,
    /// What we say: the first of it.
    pub ours: Vec<OursForm<'a>>,
    /// How much there is of it.
    pub ours_count: usize,
}

#[derive(Debug, Serialize)]
struct TheirsForm<'a> {
    tool: &'a str,
    file: &'a str,
    at: usize,
    rule: &'a str,
    title: &'a str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    muted: bool,
    message: &'a str,
}

/// What we say.
#[derive(Debug, Serialize)]
pub struct OursForm<'a> {
    /// The id of the finding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// The check.
    pub code: &'static str,
    /// `fail`, `suppressed`, `unknown`, `not_assessed` or `pass`.
    pub status: &'static str,
    /// The resource; empty where the check was not assessed.
    pub resource: &'a str,
    /// What is said.
    pub message: &'a str,
    /// What would settle it, where nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_by: Option<&'a str>,
    /// Whether one of the tools has a rule for it, where that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub they_have_a_rule: Option<bool>,
}

/// A rule of theirs that no check of ours judges.
#[derive(Debug, Serialize)]
pub struct RuleForm<'a> {
    /// The tool.
    pub tool: &'a str,
    /// The rule.
    pub rule: &'a str,
    /// What it is about.
    pub title: &'a str,
    /// How often it fails.
    pub fail: u64,
    /// How often it passes.
    pub pass: u64,
    /// How often it is left open.
    pub open: u64,
}

/// A result of theirs that belongs to no resource of the input.
#[derive(Debug, Serialize)]
pub struct UnmatchedForm<'a> {
    #[serde(flatten)]
    theirs: TheirsForm<'a>,
    /// The checks that judge the same.
    pub codes: &'a [&'static str],
    /// What it is about, as they tell it.
    pub subject: String,
    /// Why it belongs to none: `names_no_resource`, `not_in_the_input`, `several_of_this_name`.
    pub why: &'static str,
}

/// A comparison as people and programs see it; `peers` are the reports with the files that they come from.
pub fn beside<'a>(compared: &'a Comparison<'a>, files: &'a [String], peers: &'a [Peer]) -> Beside<'a> {
    let theirs = |report: usize, row: &'a Row| TheirsForm {
        tool: peers.get(report).map_or("", |peer| peer.tool.as_str()),
        file: files.get(report).map_or("", String::as_str),
        at: row.at,
        rule: &row.rule,
        title: &row.title,
        verdict: row.verdict.name(),
        muted: row.muted,
        message: &row.message,
    };
    let result = |pair: &'a Pair<'a>| ResultForm {
        kind: pair.kind.name(),
        theirs: theirs(pair.report, pair.row),
        codes: &pair.codes,
        resource: pair.resource,
        by_name: pair.by_name,
        ours: pair.ours.iter().map(|own| ours(own, None)).collect(),
        ours_count: pair.ours_count,
    };
    let unmatched = |one: &'a Unmatched<'a>| UnmatchedForm {
        theirs: theirs(one.report, one.row),
        codes: &one.codes,
        subject: subject_text(&one.row.subject),
        why: one.why.name(),
    };
    let mut summary: BTreeMap<&'static str, usize> = Kind::ALL.map(|kind| (kind.name(), 0)).into();
    for pair in &compared.pairs {
        *summary.entry(pair.kind.name()).or_default() += 1;
    }
    summary.insert("only_we_find", compared.only_ours.len());
    summary.insert("rules_without_check", compared.no_check.len());
    summary.insert("unmatched", compared.unmatched.len());
    let tools = peers.iter().zip(files).map(|(peer, file)| {
        let count = |verdict: Verdict| peer.rows.iter().filter(|row| row.verdict == verdict).count();
        ToolForm {
            file,
            tool: &peer.tool,
            version: peer.version.as_deref(),
            form: peer.form.name(),
            fail: count(Verdict::Fail),
            pass: count(Verdict::Pass),
            open: count(Verdict::Open),
            skipped: peer.skipped,
        }
    });
    Beside {
        schema: SCHEMA,
        tools: tools.collect(),
        // What is most worth looking at comes first.
        results: Kind::ALL
            .iter()
            .flat_map(|kind| compared.pairs.iter().filter(move |pair| pair.kind == *kind))
            .map(result)
            .collect(),
        only_ours: compared.only_ours.iter().map(|(own, asked)| ours(own, Some(*asked))).collect(),
        no_check: compared
            .no_check
            .iter()
            .map(|one| RuleForm {
                tool: peers.get(one.report).map_or("", |peer| peer.tool.as_str()),
                rule: one.rule,
                title: one.title,
                fail: one.fail,
                pass: one.pass,
                open: one.open,
            })
            .collect(),
        unmatched: compared.unmatched.iter().map(unmatched).collect(),
        summary,
    }
}

fn ours<'a>(own: &'a Own, they_have_a_rule: Option<bool>) -> OursForm<'a> {
    OursForm {
        id: own.id.as_deref(),
        code: own.code,
        status: own.status.name(),
        resource: &own.resource,
        message: &own.message,
        settled_by: own.settled_by.as_deref().filter(|text| !text.is_empty()),
        they_have_a_rule,
    }
}

fn subject_text(subject: &Subject) -> String {
    match subject {
        Subject::Id(id) => id.to_string(),
        Subject::Named { names, place, .. } => {
            let mut text = names.first().map(ToString::to_string).unwrap_or_default();
            if !place.is_empty() {
                let _ = write!(text, "{}{place}", if text.is_empty() { "" } else { " @ " });
            }
            text
        }
    }
}

/// The same for people.
pub fn to_text(answer: &Beside<'_>, lang: Lang, page: &Page) -> String {
    let style = page.style;
    let mut out = String::new();
    for tool in &answer.tools {
        let version = tool.version.map(|version| format!(" {version}")).unwrap_or_default();
        let name = style.bold(&format!("{}{}", clean(tool.tool), clean(&version)));
        let file = clean(tool.file);
        let _ = match lang {
            Lang::En => writeln!(
                out,
                "{name}: {} fail, {} pass, {} left open ({file})",
                tool.fail, tool.pass, tool.open
            ),
            Lang::Ja => writeln!(
                out,
                "{name}: 検出 {} 件、適合 {} 件、保留 {} 件 ({file})",
                tool.fail, tool.pass, tool.open
            ),
        };
        if tool.fail + tool.pass + tool.open + tool.skipped == 0 {
            let text =
                pick(lang, "holds no result: nothing was compared", "結果がないため、比較していません");
            let _ = writeln!(out, "  {text}");
        }
        if tool.skipped > 0 {
            let number = tool.skipped;
            let results = counted(number, "result", "results");
            let text = pick(
                lang,
                format!("left out, for want of a rule or an outcome: {results}"),
                format!("規則または結果が記載されていないため除外: {number} 件"),
            );
            let _ = writeln!(out, "  {text}");
        }
    }
    for kind in Kind::ALL {
        let rows: Vec<_> = answer.results.iter().filter(|row| row.kind == kind.name()).collect();
        // What both pass is a number; there is nothing to do about it.
        let shown = match kind {
            Kind::BothPass | Kind::OnlyTheyPass | Kind::TheyLeaveOpen => 0,
            _ => SHOWN,
        };
        let lines = rows.iter().take(shown).map(|row| result_text(row, kind, lang));
        section(&mut out, &style.bold(kind_text(kind, lang)), rows.len(), lines, shown, lang);
    }
    let lines = answer.only_ours.iter().take(SHOWN).map(|own| {
        let none = pick(lang, "no rule of theirs", "対応する規則なし");
        let note = if own.they_have_a_rule == Some(false) { format!(" ({none})") } else { String::new() };
        format!("{} {}: {}{note}", own.code, clean(resource_name(own.resource)), clean(own.message))
    });
    let title = style.bold(pick(lang, "Only we find", "Sekimori だけが検出"));
    section(&mut out, &title, answer.only_ours.len(), lines, SHOWN, lang);
    let lines = answer.no_check.iter().take(SHOWN).map(|rule| {
        let (tool, id, title) = (clean(rule.tool), clean(rule.rule), clean(rule.title));
        let (fail, pass, open) = (rule.fail, rule.pass, rule.open);
        match lang {
            Lang::En => format!("{tool} {id}: {fail} fail, {pass} pass, {open} left open; {title}"),
            Lang::Ja => format!("{tool} {id}: 検出 {fail} 件、適合 {pass} 件、保留 {open} 件。{title}"),
        }
    });
    let title = style.bold(pick(lang, "Rules that no check of ours judges", "対応するチェックがない規則"));
    section(&mut out, &title, answer.no_check.len(), lines, SHOWN, lang);
    let lines = answer.unmatched.iter().take(SHOWN).map(|one| {
        let (tool, rule) = (clean(one.theirs.tool), clean(one.theirs.rule));
        format!("{tool} {rule}: {} ({})", clean(&one.subject), why_text(one.why, lang))
    });
    let title =
        style.bold(pick(lang, "Belongs to no resource of the input", "入力のリソースに対応付けられない結果"));
    section(&mut out, &title, answer.unmatched.len(), lines, SHOWN, lang);
    out
}

/// A heading with a number, the first of its rows, and how many more there are.
fn section(
    out: &mut String,
    title: &str,
    all: usize,
    lines: impl Iterator<Item = String>,
    shown: usize,
    lang: Lang,
) {
    if all == 0 {
        return;
    }
    let _ = writeln!(out, "\n{title}: {all}");
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    let more = all.saturating_sub(shown);
    if shown > 0 && more > 0 {
        let _ = match lang {
            Lang::En => writeln!(out, "  … and {more} more (--format json has them all)"),
            Lang::Ja => writeln!(out, "  … ほか {more} 件 (--format json ですべて出力します)"),
        };
    }
}

fn result_text(row: &ResultForm<'_>, kind: Kind, lang: Lang) -> String {
    let theirs = &row.theirs;
    let name = clean(resource_name(row.resource));
    let muted = if theirs.muted { pick(lang, " (muted there)", " (ツール側で抑制)") } else { "" };
    let mut text =
        format!("{} {name}: {} {}{muted}", row.codes.join(", "), clean(theirs.tool), clean(theirs.rule));
    if kind != Kind::Both && !theirs.message.is_empty() {
        let first = theirs.message.lines().next().unwrap_or_default();
        let _ = write!(text, "\n    {}: {}", pick(lang, "theirs", "ツールの説明"), clean(first));
    }
    if let (Kind::TheyPass | Kind::TheyPassSuppressed | Kind::WeCannotTell | Kind::Otherwise, Some(own)) =
        (kind, row.ours.first())
    {
        let label = pick(lang, "ours", "Sekimori");
        let _ = write!(text, "\n    {label}: {} {}", own.code, clean(own.message));
        if let Some(settled_by) = own.settled_by {
            let _ = write!(text, " ({}: {})", words(lang).settled_by, clean(settled_by));
        }
        let more = row.ours_count - 1;
        if more > 0 {
            text += &pick(lang, format!(" (and {more} more)"), format!(" (ほか {more} 件)"));
        }
    }
    text
}

fn kind_text(kind: Kind, lang: Lang) -> &'static str {
    let (en, ja) = match kind {
        Kind::TheyPass => ("They pass what we find", "ほかのツールは適合、Sekimori は検出 (要確認)"),
        Kind::WePass => ("They find what we pass", "ほかのツールは検出、Sekimori は適合 (要確認)"),
        Kind::TheyPassSuppressed => (
            "They pass what we find and the team lives with (suppressed)",
            "ほかのツールは適合、Sekimori は検出 (抑制済み)",
        ),
        Kind::Otherwise => (
            "Judged otherwise: theirs asks something near, and both may be right",
            "判定が異なる (近い内容を別の基準で評価しており、矛盾ではない)",
        ),
        Kind::WeCannotTell => {
            ("They find what we cannot tell", "ほかのツールは検出、Sekimori は判定できない")
        }
        Kind::OnlyThey => (
            "They find, and our check says nothing of it",
            "ほかのツールだけが検出 (Sekimori の該当チェックの対象外)",
        ),
        Kind::Both => ("Both find", "双方が検出"),
        Kind::BothPass => ("Both pass", "双方が適合"),
        Kind::OnlyTheyPass => ("They pass, and we do not say so", "ほかのツールだけが適合と判定"),
        Kind::TheyLeaveOpen => ("They leave open", "ほかのツールが判定を保留"),
    };
    pick(lang, en, ja)
}

fn why_text(why: &str, lang: Lang) -> &'static str {
    let (en, ja) = match why {
        _ if why == Why::NoName.name() => ("names no resource", "リソース名がない"),
        _ if why == Why::Several.name() => {
            ("several resources have this name", "同じ名前のリソースが複数ある")
        }
        _ => ("not in the input", "入力にない"),
    };
    pick(lang, en, ja)
}

/// Why a file cannot be used, in words.
pub fn fault_text(fault: &Fault, lang: Lang) -> String {
    if lang == Lang::En {
        return match fault {
            Fault::NotUtf8 { .. } => format!("{fault}; spreadsheets write it as \"CSV UTF-8\""),
            other => other.to_string(),
        };
    }
    match fault {
        Fault::Empty => "ファイルが空です".to_owned(),
        Fault::TooLarge { limit } => format!("ファイルが {limit} バイトを超えています"),
        Fault::TooMany { most } => format!("結果が {most} 件を超えています"),
        Fault::NotUtf8 { line } => {
            format!("{line} 行目: UTF-8 ではありません。Excel では「CSV UTF-8」で保存してください")
        }
        Fault::Json { line, column, message } => {
            format!("{line} 行 {column} 列目: JSON が正しくありません ({message})")
        }
        Fault::NoForm { line } => format!(
            "{line} 行目: OCSF、SARIF、Prowler の CSV、Defender for Cloud の CSV のいずれでもありません"
        ),
        Fault::NoColumns { form, columns } => {
            let tool = match form {
                Form::ProwlerCsv => "Prowler",
                _ => "Defender for Cloud",
            };
            format!("1 行目: {tool} の CSV に必要な列がありません: {}", columns.join("、"))
        }
        Fault::OpenCell { line } => format!("{line} 行目: 引用符で始まるセルが閉じられていません"),
        Fault::NoResults { rows, first } => {
            format!("{rows} 件のいずれにも、規則と結果がありません (最初は {first} 番目)")
        }
    }
}
