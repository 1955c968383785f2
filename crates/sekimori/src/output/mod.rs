//! Writing to the terminal.

use std::io::{self, IsTerminal, Write};

use posture::Lang;
use report::{Style, clean};
use serde_json::Value;

use crate::language::pick;

/// Colours on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
pub(crate) fn style() -> Style {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced = set("CLICOLOR_FORCE");
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if set("NO_COLOR") || !(forced || io::stdout().is_terminal() && !dumb) {
        Style::Plain
    } else {
        Style::Colour
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is no error; gives whether
/// somebody still reads.
fn write(text: &[u8]) -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => Ok(other.map(|()| true)?),
    }
}

pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    write(text.as_bytes()).map(drop)
}

/// JSON for programs, indented so that people can read it, too.
pub(crate) fn print_json(value: &Value) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write(&text).map(drop)
}

/// JSON on one line. Gives whether somebody still reads.
pub(crate) fn print_json_line(value: &Value) -> anyhow::Result<bool> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    write(&text)
}

/// A line on standard error.
pub(crate) fn note(text: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "{}", clean(text));
}

pub(crate) fn fail(error: &anyhow::Error, lang: Lang) {
    let word = pick(lang, "error", "エラー");
    let shown =
        |text: String| text.lines().map(|line| clean(line).into_owned()).collect::<Vec<_>>().join("\n");
    let chain: Vec<_> = error.chain().map(|cause| shown(cause.to_string())).collect();
    let _ = writeln!(io::stderr(), "{word}: {}", chain.join(": "));
}
