//! Colours, where people want them.

use posture::Severity;

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// No escapes at all.
    Plain,
    /// ANSI colours.
    Colour,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    /// A text in the colour of a severity.
    pub fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Critical => "1;31",
            Severity::High => "1;91",
            Severity::Medium => "1;33",
            Severity::Low => "1;36",
        };
        self.paint(code, text)
    }

    /// A headline.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn frame(self, text: &str) -> String {
        self.paint("1;34", text)
    }

    /// What is well.
    pub fn good(self, text: &str) -> String {
        self.paint("1;32", text)
    }

    /// What matters less.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }
}

/// How text is set on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Colours or none.
    pub style: Style,
    /// How many columns running text takes.
    pub width: usize,
    /// How many columns the terminal has. Without one nobody but the reader breaks headlines, so that
    /// programs find each on one line.
    pub terminal: Option<usize>,
}

impl Page {
    /// What a file or a pipe gets.
    pub const PLAIN: Self = Self { style: Style::Plain, width: 100, terminal: None };

    /// The lines of a text that starts `before` columns into a line, and goes on four columns in.
    pub(crate) fn lines(&self, text: &str, before: usize) -> Vec<String> {
        let Some(width) = self.terminal else { return vec![text.to_owned()] };
        // The first line is shorter: a word as wide as what stands before takes its place.
        let room = width.saturating_sub(4).max(20);
        let filler = "x".repeat(before.saturating_sub(4).min(room - 1));
        let whole = match filler.is_empty() {
            true => text.to_owned(),
            false => format!("{filler} {text}"),
        };
        let wrapped = crate::text::wrap(&whole, room);
        let mut lines: Vec<String> = wrapped.lines().map(str::to_owned).collect();
        if let Some(first) = lines.first_mut().filter(|_| !filler.is_empty()) {
            *first = first.strip_prefix(&filler).unwrap_or(first).trim_start().to_owned();
        }
        lines
    }
}
