//! `sekimori config`.

use std::fmt::Write;

use config::{FailOn, KEYS, SUPPRESS_KEYS};
use posture::Lang;
use serde_json::{Value, json};

use crate::cli::{ConfigArgs, Form};
use crate::language::{self, pick};
use crate::output;
use crate::settings::{Chosens, File, From, choose, load, usable};

/// Tells whether the configuration is right.
pub(crate) fn check(args: &ConfigArgs, lang: Lang) -> anyhow::Result<u8> {
    let file = usable(load(args.config.as_deref(), lang)?, lang)?;
    choose(None, &file, lang)?;
    output::print(&match (&file.path, lang) {
        (None, Lang::En) => "no sekimori.toml from here upward: the defaults hold\n".to_owned(),
        (None, Lang::Ja) => {
            "現在のフォルダーから上に sekimori.toml はありません。既定値を使います\n".to_owned()
        }
        (Some(_), Lang::En) => format!("{}: right\n", report::clean(&file.name())),
        (Some(_), Lang::Ja) => format!("{}: 問題ありません\n", report::clean(&file.name())),
    })?;
    Ok(0)
}

/// Shows what is set, and by what.
pub(crate) fn show(args: &ConfigArgs, form: Form, asked: Option<Lang>, lang: Lang) -> anyhow::Result<u8> {
    let file = usable(load(args.config.as_deref(), lang)?, lang)?;
    let chosen = choose(None, &file, lang)?;
    let rows = rows(&chosen, &file, asked, lang);
    match form {
        Form::Json => {
            let settings: serde_json::Map<_, _> = rows
                .iter()
                .map(|row| (row.key.to_owned(), json!({"value": row.value, "from": row.from})))
                .collect();
            let suppress: Vec<_> = chosen.suppress.iter().map(decision_json).collect();
            let file = file.path.is_some().then(|| file.name());
            output::print_json(&json!({"file": file, "settings": settings, "suppress": suppress}))?;
        }
        Form::Text => output::print(&text(&rows, &chosen, &file))?,
    }
    Ok(0)
}

struct Row {
    key: &'static str,
    value: Value,
    from: String,
    is_default: bool,
}

/// What is set otherwise than by default: key, value as in the file, who says so. The language and the
/// form change how a report looks and not what it says.
pub(crate) fn own(chosen: &Chosens, file: &File, lang: Lang) -> Vec<(String, String, String)> {
    let rows = rows(chosen, file, None, lang);
    let own = rows.iter().filter(|row| !row.is_default && !["lang", "format"].contains(&row.key));
    own.map(|row| (row.key.to_owned(), toml(&row.value), row.from.clone())).collect()
}

fn rows(chosen: &Chosens, file: &File, asked: Option<Lang>, lang: Lang) -> Vec<Row> {
    let name = file.name();
    let config = file.config.as_ref();
    let from = |from: &From| match from {
        From::Flag(flag) => (*flag).to_owned(),
        From::Variable(variable) => (*variable).to_owned(),
        From::File(line) => format!("{name}:{line}"),
        From::Default => pick(lang, "default", "既定値").to_owned(),
    };
    let mut rows = Vec::new();
    let mut row = |key: &'static str, value: Value, its: &From| {
        rows.push(Row { key, value, from: from(its), is_default: *its == From::Default });
    };
    let of_variable = language::of_variable().ok().flatten();
    let its = match (asked, of_variable, config.and_then(|config| config.lang.as_ref())) {
        (Some(_), ..) => From::Flag("--lang"),
        (None, Some(_), _) => From::Variable("SEKIMORI_LANG"),
        (None, None, Some(set)) => From::File(set.line),
        (None, None, None) => From::Default,
    };
    row("lang", pick(lang, "en", "ja").into(), &its);
    row("format", chosen.format.value.name().into(), &chosen.format.from);
    row("fail-on", FailOn::name(chosen.fail_on.value).into(), &chosen.fail_on.from);
    row("select", chosen.select.value.clone().into(), &chosen.select.from);
    row("ignore", chosen.ignore.value.clone().into(), &chosen.ignore.from);
    row("require", chosen.require.value.clone().into(), &chosen.require.from);
    let baseline = chosen.baseline.value.as_ref().map(|path| path.display().to_string());
    row("baseline", baseline.into(), &chosen.baseline.from);
    row("fail-on-new", chosen.fail_on_new.value.into(), &chosen.fail_on_new.from);
    row("management-ports", chosen.management_ports.value.clone().into(), &chosen.management_ports.from);
    let number = |number: u128| Value::from(u64::try_from(number).unwrap_or(u64::MAX));
    row("wide-after", number(chosen.wide_after.value), &chosen.wide_after.from);
    row("needed-addresses", number(chosen.needed_addresses.value), &chosen.needed_addresses.from);
    let severities: serde_json::Map<_, _> = chosen
        .severity
        .value
        .iter()
        .map(|(code, severity)| ((*code).to_owned(), severity.name().into()))
        .collect();
    row("severity", severities.into(), &chosen.severity.from);
    let sources: serde_json::Map<_, _> = chosen
        .approved_sources
        .value
        .iter()
        .map(|approved| (approved.name.clone(), approved.prefixes.clone().into()))
        .collect();
    row("approved-sources", sources.into(), &chosen.approved_sources.from);
    rows
}

/// As a file that sets the same.
fn text(rows: &[Row], chosen: &Chosens, file: &File) -> String {
    let mut out = String::new();
    if file.path.is_some() {
        let _ = writeln!(out, "# {}", report::clean(&file.name()));
    }
    let (tables, plain): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.value.is_object());
    for row in plain {
        let from = report::clean(&row.from);
        let _ = match row.value.is_null() {
            true => writeln!(out, "# {} =", row.key),
            false => writeln!(out, "{} = {}  # {from}", row.key, toml(&row.value)),
        };
    }
    for row in tables {
        let Some(table) = row.value.as_object().filter(|table| !table.is_empty()) else { continue };
        let _ = writeln!(out, "\n[{}]  # {}", row.key, report::clean(&row.from));
        for (name, value) in table {
            let _ = writeln!(out, "{} = {}", toml(&name.as_str().into()), toml(value));
        }
    }
    for decision in &chosen.suppress {
        let from = format!("{}:{}", file.name(), decision.line);
        let _ = writeln!(out, "\n[[suppress]]  # {}", report::clean(&from));
        for (name, value) in decision_json(decision).as_object().into_iter().flatten() {
            let _ = match name.as_str() {
                // A day is written without quotes.
                "until" => writeln!(out, "{name} = {}", decision.until),
                _ => writeln!(out, "{name} = {}", toml(value)),
            };
        }
    }
    out
}

fn decision_json(decision: &posture::Suppression) -> Value {
    let mut map = serde_json::Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            map.insert(key.to_owned(), value);
        }
    };
    set("id", decision.id.clone().map(Value::from));
    set("code", decision.codes.clone().map(Value::from));
    set("resource", decision.resource.as_ref().map(|pattern| pattern.text().into()));
    set("tag", decision.tag.as_ref().map(|pattern| pattern.text().into()));
    set("reason", Some(decision.reason.as_str().into()));
    set("until", Some(decision.until.to_string().into()));
    map.into()
}

/// A value as TOML: strings and lists are written as in JSON, where every character that acts is
/// escaped but one.
fn toml(value: &Value) -> String {
    value.to_string().replace('\u{7f}', "\\u007f")
}

/// The table of settings, as Markdown.
pub(crate) fn table(lang: Lang) -> String {
    let mut out = String::new();
    let head = pick(
        lang,
        "| `sekimori.toml` | flag | environment variable | default | meaning |",
        "| `sekimori.toml` | フラグ | 環境変数 | 既定値 | 意味 |",
    );
    let _ = writeln!(out, "{head}\n|---|---|---|---|---|");
    let code = |text: &str| if text.is_empty() { "–".to_owned() } else { format!("`{text}`") };
    for key in &KEYS {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} |",
            key.name,
            code(key.flag.unwrap_or_default()),
            code(key.variable.unwrap_or_default()),
            code(key.default),
            key.doc.of(lang)
        );
    }
    for (flag, variable, default, en, ja) in OTHERS {
        let _ = writeln!(
            out,
            "| – | {} | {} | {} | {} |",
            code(flag),
            code(variable),
            code(default),
            pick(lang, en, ja)
        );
    }
    let head = pick(
        lang,
        "| key of `[[suppress]]` | must be there | meaning |",
        "| `[[suppress]]` のキー | 必須 | 意味 |",
    );
    let _ = writeln!(out, "\n{head}\n|---|---|---|");
    for key in &SUPPRESS_KEYS {
        let must = if key.required { pick(lang, "yes", "はい") } else { "–" };
        let _ = writeln!(out, "| `{}` | {must} | {} |", key.name, key.doc.of(lang));
    }
    out
}

/// What is set outside of the file only: flag, variable, default, meaning.
const OTHERS: [(&str, &str, &str, &str, &str); 6] = [
    (
        "--config, --no-config",
        "SEKIMORI_CONFIG",
        "",
        "The configuration; without these it is looked for from the working folder upward",
        "設定ファイル。省略時は作業フォルダーから上に向かって探します",
    ),
    ("--color", "NO_COLOR, CLICOLOR_FORCE", "auto", "Colours on a terminal", "端末での色付け"),
    (
        "--no-pager",
        "SEKIMORI_PAGER, PAGER",
        "less",
        "The pager for text longer than the terminal; `cat` is none",
        "端末より長い文章を表示するページャー。`cat` なら使いません",
    ),
    ("", "LC_ALL, LC_MESSAGES, LANG", "", "The locale, which decides the language", "言語を決めるロケール"),
    (
        "",
        "SOURCE_DATE_EPOCH",
        "",
        "The moment of the check, in seconds since 1970, for output that can be compared",
        "点検日時 (1970 年からの秒数)。出力を比較できるように固定する場合に使います",
    ),
    ("--output", "", "", "Files for the report, any number", "レポートの書き込み先 (複数可)"),
];
