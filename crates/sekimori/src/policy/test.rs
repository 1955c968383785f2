//! `sekimori policy test`: runs the tests of own checks.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::bail;
use policy::Trial;
use posture::Lang;
use report::clean;
use serde_json::json;

use super::given::rego;
use super::worker;
use crate::cli::Form;
use crate::output;

pub(super) fn run(paths: &[PathBuf], form: Form, lang: Lang) -> anyhow::Result<u8> {
    let files = rego(paths, lang)?;
    let Some(trials) = worker::test(&files)? else {
        match lang {
            Lang::En => bail!("the tests were stopped: they took too long or too much memory"),
            Lang::Ja => bail!("時間またはメモリの上限を超えたため、テストを停止しました"),
        }
    };
    if trials.is_empty() {
        match lang {
            Lang::En => bail!(
                "there is no test: rules whose names start with `test_`, in files such as no_public_ip_test.rego"
            ),
            Lang::Ja => bail!(
                "テストがありません。`test_` で始まる規則を no_public_ip_test.rego のようなファイルに書いてください"
            ),
        }
    }
    let failed = trials.iter().filter(|trial| !trial.holds).count();
    match form {
        Form::Json => output::print_json(&json!({
            "schema": "sekimori.policy-test/1",
            "passed": trials.len() - failed,
            "failed": failed,
            "tests": trials.iter().map(|trial| json!({
                "file": trial.file,
                "name": trial.name,
                "passed": trial.holds,
                "error": trial.wrong.as_ref().map(|(line, column, what)| json!({"line": line, "column": column, "message": what})),
            })).collect::<Vec<_>>(),
        }))?,
        Form::Text => output::print(&text(&trials, failed, lang))?,
    }
    Ok(u8::from(failed > 0))
}

fn text(trials: &[Trial], failed: usize, lang: Lang) -> String {
    let mut out = String::new();
    for trial in trials {
        let word = match (trial.holds, lang) {
            (true, Lang::En) => "ok    ",
            (false, Lang::En) => "FAILED",
            (true, Lang::Ja) => "成功",
            (false, Lang::Ja) => "失敗",
        };
        let _ = writeln!(out, "{word}  {}  {}", clean(&trial.file), clean(&trial.name));
        if let Some((line, column, what)) = &trial.wrong {
            let _ = writeln!(out, "        {}:{line}:{column}: {}", clean(&trial.file), clean(what));
        }
    }
    let passed = trials.len() - failed;
    let _ = match lang {
        Lang::En => writeln!(out, "{passed} passed, {failed} failed"),
        Lang::Ja => writeln!(out, "成功 {passed} 件、失敗 {failed} 件"),
    };
    out
}
