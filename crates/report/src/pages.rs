//! The pages of docs/checks: a page a check and an index, in each language.

use std::fmt::Write;

use posture::{CHECKS, Check, Lang, Reference};

use crate::words::{checkpoint_word, pick, severity_word, words};

/// Where the page of a check is, from the root of the project.
pub(crate) fn page_path(check: &Check, lang: Lang) -> String {
    format!("docs/checks/{}/{}.md", pick(lang, "en", "ja"), check.code)
}

/// One check in full, as Markdown.
pub fn check_page(check: &Check, lang: Lang) -> String {
    let words = words(lang);
    let mut out = String::new();
    let other = pick(lang, ("ja", "日本語"), ("en", "English"));
    let _ = writeln!(out, "# {} {}\n", check.code, check.title.of(lang));
    let _ = writeln!(
        out,
        "[{}](README.md) · [{}](../{}/{}.md)\n",
        pick(lang, "All checks", "すべてのチェック"),
        other.1,
        other.0,
        check.code
    );
    let _ = writeln!(out, "| | |\n|---|---|");
    for (label, text) in [
        (words.slug, format!("`{}`", check.slug)),
        (
            words.checkpoint,
            format!("{} (`{}`)", checkpoint_word(check.checkpoint, lang), check.checkpoint.name()),
        ),
        (words.severity, severity_word(check.severity, lang).to_owned()),
    ] {
        let _ = writeln!(out, "| {label} | {text} |");
    }
    for (title, text) in [(words.why, check.why.of(lang)), (words.fix, check.fix.of(lang))] {
        let _ = writeln!(out, "\n## {title}\n\n{text}");
    }
    let _ = writeln!(out, "\n## {}\n", words.references);
    for reference in check.refs {
        let _ = match reference {
            Reference::Page(address) => writeln!(out, "- <{address}>"),
            other => writeln!(out, "- {}", other.text()),
        };
    }
    let _ = writeln!(
        out,
        "\n## {}\n\n```sh\nsekimori check SOURCE --select {}\n```",
        pick(lang, "Run it alone", "このチェックだけを実行する"),
        check.code
    );
    out
}

/// All checks, as Markdown.
pub fn index_page(lang: Lang) -> String {
    let words = words(lang);
    let mut out = String::new();
    let other = pick(lang, ("ja", "日本語"), ("en", "English"));
    let _ = writeln!(
        out,
        "# {}\n\n[{}](../{}/README.md)\n",
        pick(lang, "Checks", "チェック一覧"),
        other.1,
        other.0
    );
    let _ = writeln!(
        out,
        "{}\n",
        pick(
            lang,
            "Made from the checks themselves by `cargo xtask docs`.",
            "このページは `cargo xtask docs` でチェックの定義から生成されています。"
        )
    );
    let _ = writeln!(
        out,
        "| {} | {} | {} | {} |\n|---|---|---|---|",
        words.code, words.check, words.checkpoint, words.severity
    );
    for check in CHECKS {
        let _ = writeln!(
            out,
            "| [{0}]({0}.md) | {1} | {2} | {3} |",
            check.code,
            check.title.of(lang),
            checkpoint_word(check.checkpoint, lang),
            severity_word(check.severity, lang)
        );
    }
    out
}
