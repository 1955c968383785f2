//! On a real terminal: colours, width, pager.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::io::Read;

use common::{example, scratch};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// What the program writes on a terminal of a size.
fn on_terminal(size: (u16, u16), arguments: &[&str], environment: &[(&str, &str)]) -> (u32, String) {
    let (cols, rows) = size;
    let pair = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sekimori"));
    command.args(arguments);
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    command.env_clear();
    for (name, value) in [("PATH", "/usr/bin:/bin"), ("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
        command.env(name, value);
    }
    command.env("SOURCE_DATE_EPOCH", "1795424400");
    for (name, value) in environment {
        command.env(name, value);
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let text = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // The other side of a terminal that has been closed answers with an error, not with an end.
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let code = child.wait().unwrap().exit_code();
    drop(pair.master);
    (code, text.join().unwrap())
}

fn without_escapes(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => while chars.next().is_some_and(|c| !c.is_ascii_alphabetic()) {},
            '\r' => {}
            c => out.push(c),
        }
    }
    out
}

#[test]
fn colours_are_for_terminals() {
    let example = example();
    let arguments = ["check", &example, "--no-pager"];
    let (code, text) = on_terminal((100, 50), &arguments, &[]);
    assert_eq!(code, 1);
    assert!(text.contains("\u{1b}[1;31mcritical[NET001]\u{1b}[0m"), "{text}");
    for environment in [[("NO_COLOR", "1")], [("TERM", "dumb")]] {
        assert!(!on_terminal((100, 50), &arguments, &environment).1.contains('\u{1b}'), "{environment:?}");
    }
    let never = [&arguments[..], &["--color", "never"]].concat();
    assert!(!on_terminal((100, 50), &never, &[]).1.contains('\u{1b}'));
    let always = [&arguments[..], &["--color", "always"]].concat();
    assert!(
        on_terminal((100, 50), &always, &[("NO_COLOR", "1")]).1.contains('\u{1b}'),
        "a flag is asked for"
    );
}

#[test]
fn running_text_fits_the_terminal() {
    use unicode_width::UnicodeWidthStr;
    let example = example();
    for lang in ["en", "ja"] {
        for width in [60u16, 80, 200] {
            let arguments = ["check", &example, "--no-pager", "--lang", lang];
            let text = without_escapes(&on_terminal((width, 50), &arguments, &[]).1);
            let room = usize::from(width).min(100);
            let mut wrapped = 0;
            for line in text.lines() {
                // Commands, places and lines of a source stay whole, to be copied and compared.
                let whole = line.contains("  az ") || line.contains("--> ") || line.contains(" | ");
                // So do ids and addresses.
                let whole = whole || line.contains("/subscriptions/") || line.contains("https://");
                if !whole {
                    wrapped += 1;
                    // Headlines and sums take the whole terminal, the rest what reads well.
                    let room = if line.trim_start().starts_with("= ") { room } else { usize::from(width) };
                    assert!(line.width() <= room, "{width}: {} columns: {line}", line.width());
                }
            }
            let all: String = text.split_whitespace().collect();
            assert!(
                all.contains("canbemadetofloodothers")
                    || all.contains("第三者に送りつける攻撃に悪用されます"),
                "{text}"
            );
            assert!(wrapped > 20, "{text}");
        }
    }
}

#[test]
fn help_fits_the_terminal() {
    use unicode_width::UnicodeWidthStr;
    for width in [60u16, 80] {
        for command in ["check", "flow", "config"] {
            let arguments = [command, "--help", "--lang", "ja", "--no-pager"];
            let text = without_escapes(&on_terminal((width, 50), &arguments, &[]).1);
            let examples = text.lines().position(|line| line.starts_with("例:")).unwrap();
            // What is to be copied stays whole.
            for line in text.lines().take(examples).filter(|line| !line.contains("{\"vm\"")) {
                assert!(line.width() <= usize::from(width), "{width}: {} columns: {line}", line.width());
            }
        }
    }
}

#[test]
fn labels_stand_in_one_column_whatever_the_width_of_characters() {
    use unicode_width::UnicodeWidthStr;
    let example = example();
    let text =
        without_escapes(&on_terminal((100, 50), &["check", &example, "--no-pager", "--lang", "ja"], &[]).1);
    let mut seen = 0;
    for block in text.split("\n\n") {
        let columns: Vec<usize> = block
            .lines()
            .filter(|line| {
                ["経路", "証拠", "接続元", "対処"].iter().any(|label| line.contains(&format!("= {label}")))
            })
            .map(|line| {
                let (label, rest) = line.split_at(line.find("= ").unwrap() + 2);
                let word = rest.split(' ').next().unwrap();
                let pad = rest[word.len()..].chars().take_while(|c| *c == ' ').count();
                label.width() + word.width() + pad
            })
            .collect();
        seen += columns.len();
        assert!(columns.windows(2).all(|pair| pair[0] == pair[1]), "{columns:?}\n{block}");
    }
    assert!(seen > 20, "{text}");
}

#[test]
fn long_text_goes_through_the_pager() {
    let folder = scratch();
    let paged = folder.path().join("paged");
    let pager = format!("cat >'{}'", paged.display());
    let example = example();
    let arguments = ["check", &example];
    let (code, text) = on_terminal((100, 24), &arguments, &[("PAGER", &pager)]);
    assert_eq!(code, 1, "the pager changes no exit code");
    assert_eq!(text, "");
    assert!(std::fs::read_to_string(&paged).unwrap().contains("critical[NET001]"));
    // What fits is not paged.
    std::fs::remove_file(&paged).unwrap();
    let (_, text) = on_terminal((100, 24), &["version"], &[("PAGER", &pager)]);
    assert!(text.starts_with("sekimori ") && !paged.exists());
    // SEKIMORI_PAGER counts more, `cat` is none, and a pager that is not there loses nothing.
    for environment in [
        [("PAGER", "false"), ("SEKIMORI_PAGER", "cat")],
        [("PAGER", "no-such-pager-anywhere"), ("X", "x")],
        [("PAGER", ""), ("X", "x")],
        [("PAGER", "false"), ("X", "x")],
        [("PAGER", "exit 3"), ("X", "x")],
        [("PAGER", "kill -9 $$"), ("X", "x")],
        [("PAGER", "/tmp"), ("X", "x")],
        [("PAGER", pager.as_str()), ("TERM", "dumb")],
    ] {
        let (code, text) = on_terminal((100, 24), &arguments, &environment);
        assert_eq!(code, 1);
        assert!(text.contains("NET007"), "{environment:?}: {text}");
    }
    let (_, text) = on_terminal((100, 24), &["check", &example, "--no-pager"], &[("PAGER", &pager)]);
    assert!(text.contains("NET007"));
    // Whoever leaves the pager early has read enough.
    let (code, text) = on_terminal((100, 24), &arguments, &[("PAGER", "head -c 10 >/dev/null")]);
    assert_eq!((code, text.as_str()), (1, ""));
}
