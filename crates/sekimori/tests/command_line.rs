//! Help, mistakes, completions and manual pages, in both languages.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::process::{Command, Stdio};

use common::{run, run_with, scratch};

const COMMANDS: [&[&str]; 38] = [
    &[],
    &["check"],
    &["collect"],
    &["truth"],
    &["flow"],
    &["reach"],
    &["diff"],
    &["expand"],
    &["export"],
    &["fix"],
    &["import"],
    &["effective-nsg"],
    &["effective-routes"],
    &["next-hop"],
    &["what-if"],
    &["who"],
    &["verify-evidence"],
    &["explain"],
    &["checks"],
    &["config"],
    &["config", "check"],
    &["config", "show"],
    &["config", "schema"],
    &["config", "table"],
    &["tags"],
    &["tags", "reset"],
    &["tags", "update"],
    &["tags", "show"],
    &["policy"],
    &["policy", "list"],
    &["policy", "new"],
    &["policy", "test"],
    &["policy", "input"],
    &["policy", "update"],
    &["policy", "reset"],
    &["completions"],
    &["man"],
    &["version"],
];

fn is_japanese(c: char) -> bool {
    ('\u{3040}'..='\u{30ff}').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c)
}

#[test]
fn help_is_in_the_language_of_the_person() {
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let english = run(&[command, &[flag]].concat(), b"").out;
            assert!(english.contains("Usage: sekimori"), "{english}");
            let names = "日本語";
            assert!(!english.replace(names, "").chars().any(is_japanese), "{english}");
            let ran = run_with(&[command, &[flag]].concat(), b"", &[("LANG", "ja_JP.UTF-8")]);
            assert_eq!(ran.code, 0);
            let japanese = ran.out;
            assert!(
                japanese.starts_with(is_japanese) || japanese.starts_with(|c: char| c.is_ascii()),
                "{japanese}"
            );
            for word in
                ["Usage", "Options", "Commands", "Arguments", "default", "possible", "Possible", "Print"]
            {
                assert!(!japanese.contains(word), "{command:?}: `{word}` in\n{japanese}");
            }
            // Every line of an option or command says something in Japanese, there or below.
            let lines: Vec<_> = japanese.lines().collect();
            for (index, line) in lines.iter().enumerate() {
                let text = line.trim_start();
                if text.starts_with("--") || text.starts_with("-h,") || text.starts_with("-o,") {
                    let near = lines[index..].iter().take(2).any(|line| line.chars().any(is_japanese));
                    assert!(near, "{command:?}: {line}");
                }
            }
        }
    }
}

#[test]
fn every_command_shows_examples() {
    for command in COMMANDS.iter().filter(|command| command.len() == 1) {
        let help = run(&[command, &["--help"][..]].concat(), b"").out;
        assert!(help.contains("Examples:\n  "), "{command:?}: {help}");
    }
}

#[test]
fn mistakes_are_told_with_what_was_meant() {
    let check = |arguments: &[&str], english: &str, japanese: &str| {
        let ran = run(arguments, b"");
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.err.contains(english), "{}", ran.err);
        assert!(ran.out.is_empty());
        let ran = run(&[arguments, &["--lang", "ja"]].concat(), b"");
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.err.contains(japanese), "{}", ran.err);
        assert!(ran.err.starts_with("エラー: "), "{}", ran.err);
    };
    check(&["chek"], "'check'", "`chek` というコマンドはありません");
    check(
        &["check", "--formt", "x"],
        "'--format'",
        "`--formt` という引数はありません。`--format` の間違いではありませんか",
    );
    check(
        &["check", "--format", "htm"],
        "'html'",
        "`--format <FORMAT>` に `htm` は指定できません。`html` の間違いではありませんか",
    );
    check(&["explain"], "<CHECK>", "必須の引数がありません: <CHECK>");
    check(&["flow", "x"], "--vm <VM>", "必須の引数がありません: --vm <VM>");
    check(&["check", "--config", "a", "--no-config"], "cannot be used with", "同時に指定できません");
    check(&["check", "--fail-on"], "a value is required", "に値を指定してください");
    check(&["explain", "NETO01"], "did you mean `NET001`", "`NET001` の間違いではありませんか");
    check(&["explain", "NET00"], "names several checks", "チェックが複数あります");
    check(&["check", "--select", "portz"], "did you mean `ports`", "`ports` の間違いではありませんか");
    check(&["completions", "tcsh"], "possible values", "指定できる値: bash");
}

#[test]
fn a_language_that_is_none_is_told() {
    let ran = run_with(&["checks"], b"", &[("SEKIMORI_LANG", "jp"), ("LANG", "ja_JP.UTF-8")]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`SEKIMORI_LANG` の値 `jp` が正しくありません"), "{}", ran.err);
    for fine in ["ja", "ja_JP.UTF-8", "en", "en_GB.UTF-8", "C", "C.UTF-8", "POSIX"] {
        assert_eq!(run_with(&["checks"], b"", &[("SEKIMORI_LANG", fine)]).code, 0, "{fine}");
    }
}

#[test]
fn mistakes_do_not_act_on_the_terminal() {
    for lang in ["en", "ja"] {
        let ran = run(&["explain", "\u{1b}[2J\u{202e}", "--lang", lang], b"");
        assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('\u{202e}'), "{:?}", ran.err);
    }
}

#[test]
fn completions_are_scripts_that_their_shells_take() {
    for (shell, checker) in
        [("bash", &["bash", "-n"][..]), ("zsh", &["zsh", "-n"]), ("fish", &["fish", "--no-execute"])]
    {
        let ran = run(&["completions", shell], b"");
        assert_eq!(ran.code, 0);
        assert!(
            ran.out.contains("check") && ran.out.contains("exposed-management-port"),
            "names of checks are completed"
        );
        let Ok(mut child) =
            Command::new(checker[0]).args(&checker[1..]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()
        else {
            assert!(std::env::var_os("CI").is_none(), "{shell} is missing: apt-get install {shell}");
            eprintln!("skipped: {shell} is not installed, so its completions were not checked");
            continue;
        };
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), ran.out.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let powershell = run(&["completions", "powershell"], b"").out;
    assert!(powershell.contains("Register-ArgumentCompleter"), "{powershell}");
    // Bash really completes.
    let script = r#"source <("$0" completions bash); COMP_WORDS=(sekimori check --sel); COMP_CWORD=2; _sekimori sekimori --sel check; printf '%s\n' "${COMPREPLY[@]}""#;
    let ran = Command::new("bash").args(["-c", script, env!("CARGO_BIN_EXE_sekimori")]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&ran.stdout).trim(),
        "--select",
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let folder = scratch();
    for (lang, heading) in [("en", ".SH SYNOPSIS"), ("ja", ".SH 書式")] {
        let ran = run(&["man", "--lang", lang, &folder.path().display().to_string()], b"");
        assert_eq!(ran.code, 0, "{}", ran.err);
        let pages: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|page| page.unwrap().path()).collect();
        assert_eq!(pages.len(), COMMANDS.len(), "{pages:?}");
        for page in pages {
            let text = std::fs::read_to_string(&page).unwrap();
            assert!(text.contains(heading), "{}", page.display());
            if lang == "ja" {
                assert!(
                    !text.contains("Possible") && !text.contains("subcommands"),
                    "{}: {text}",
                    page.display()
                );
            }
            if let Ok(output) =
                Command::new("groff").args(["-k", "-man", "-ww", "-Tutf8"]).arg(&page).output()
            {
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }
    let one = run(&["man"], b"").out;
    assert!(one.contains(".TH SEKIMORI 1") && one.contains("sekimori\\-check(1)"), "{one}");
}

#[test]
fn the_version_tells_what_it_is_made_of() {
    let short = run(&["version"], b"").out;
    assert_eq!(short, run(&["--version"], b"").out);
    let long = run(&["version", "--verbose"], b"").out;
    let checks = run(&["checks", "--format", "json"], b"").json().as_array().unwrap().len();
    for word in ["service tags of: 20", &format!("checks: {checks}"), "features: ", "machine: "] {
        assert!(long.contains(word), "{long}");
    }
    let json = run(&["version", "--format", "json"], b"").json();
    assert_eq!(json["schema"], "sekimori.check/1");
    assert!(run(&["version", "--verbose", "--lang", "ja"], b"").out.contains("サービス タグの日付"));
}
