//! `sekimori version`.

use std::fmt::Write;

use posture::{CHECKS, Lang};
use reach::tags::Tags;
use serde_json::json;

use crate::cli::Form;
use crate::language::pick;
use crate::output;

/// The version of the program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Parts that a build has. None can be left out so far.
const FEATURES: [&str; 16] = [
    "check",
    "flow",
    "reach",
    "diff",
    "expand",
    "export",
    "fix",
    "import",
    "effective-nsg",
    "effective-routes",
    "next-hop",
    "what-if",
    "who",
    "verify-evidence",
    "tags",
    "policy",
];

pub(crate) fn print(verbose: bool, form: Form, tags: &Tags, lang: Lang) -> anyhow::Result<()> {
    let (os, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    if form == Form::Json {
        return output::print_json(&json!({
            "version": VERSION,
            "tags_data": tags.date,
            "schema": report::SCHEMA,
            "checks": CHECKS.len(),
            "features": FEATURES,
            "os": os,
            "machine": machine,
        }));
    }
    let mut out = format!("sekimori {VERSION}\n");
    if verbose {
        let rows = [
            (pick(lang, "service tags of", "サービス タグの日付"), tags.date.clone()),
            (pick(lang, "checks", "チェック数"), CHECKS.len().to_string()),
            (pick(lang, "JSON form", "JSON 形式"), report::SCHEMA.to_owned()),
            (pick(lang, "features", "機能"), FEATURES.join(", ")),
            (pick(lang, "machine", "実行環境"), format!("{os} {machine}")),
        ];
        for (name, value) in rows {
            let _ = writeln!(out, "{name}: {value}");
        }
    }
    output::print(&out)
}
