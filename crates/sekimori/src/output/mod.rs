//! Writing: to the terminal, through a pager, to files.

mod file;
mod pager;

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use posture::Lang;
use report::{Page, Style, clean};
use serde_json::Value;

pub(crate) use file::{
    careful, check_writable, fill_file, goes_away, last_word, same_file, stops, tidy_on_signals, write_file,
};

use crate::cli::Colour;
use crate::language::pick;

/// How this run writes to a terminal.
#[derive(Clone, Copy)]
struct Terminal {
    colour: Colour,
    pager: bool,
}

static TERMINAL: OnceLock<Terminal> = OnceLock::new();

/// Sets what flags say of the terminal.
pub(crate) fn prepare(colour: Option<Colour>, pager: bool) {
    // The program calls this once.
    let _ = TERMINAL.set(Terminal { colour: colour.unwrap_or(Colour::Auto), pager });
}

fn terminal() -> Terminal {
    TERMINAL.get().copied().unwrap_or(Terminal { colour: Colour::Auto, pager: true })
}

/// How text is set: colours on a terminal unless `NO_COLOR` is set (<https://no-color.org>), lines as
/// wide as the terminal up to a width that reads well.
pub(crate) fn page() -> Page {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let on_terminal = io::stdout().is_terminal();
    let colour = match terminal().colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => !set("NO_COLOR") && (set("CLICOLOR_FORCE") || on_terminal && !dumb),
    };
    let style = if colour { Style::Colour } else { Style::Plain };
    let terminal = size().filter(|_| on_terminal).map(|(width, _)| width.max(40));
    let width = terminal.map_or(Page::PLAIN.width, |width| width.min(Page::PLAIN.width));
    Page { style, width, terminal }
}

/// Columns and lines of the terminal.
fn size() -> Option<(usize, usize)> {
    let (width, height) = terminal_size::terminal_size_of(io::stdout())?;
    Some((usize::from(width.0), usize::from(height.0)))
}

/// Writes to standard output. A reader that has gone away (`| head`) is no error; gives whether
/// somebody still reads.
fn write(text: &[u8]) -> anyhow::Result<bool> {
    write_pieces(|out| out.write_all(text))
}

fn write_pieces(fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    match fill(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => Ok(other.map(|()| true)?),
    }
}

/// Text for people: through a pager where it is longer than the terminal.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    if terminal().pager
        && io::stdout().is_terminal()
        && size().is_some_and(|(_, height)| text.lines().count() >= height)
        && pager::page(text)
    {
        return Ok(());
    }
    print_plain(text)
}

/// Text for whoever reads standard output.
pub(crate) fn print_plain(text: &str) -> anyhow::Result<()> {
    write(text.as_bytes()).map(drop)
}

/// The same for what is written piece by piece.
pub(crate) fn print_pieces(fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    write_pieces(fill).map(drop)
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
