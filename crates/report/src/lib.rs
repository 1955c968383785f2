//! Findings for people and programs.
//!
//! INVARIANT: a report shows what it is given and judges nothing. Text from the input never acts:
//! control characters and direction marks are shown as escapes.

mod clean;
mod json;
mod problem;
mod style;
mod text;

use estate::{Estate, Origin, Problem};
use posture::{Check, Lang, Outcome};

pub use clean::clean;
pub use json::{checks_json, to_json};
pub use problem::problem_text;
pub use style::Style;
pub use text::{explain, list_checks, to_text};

/// The version of the JSON form.
pub const SCHEMA: &str = "sekimori.check/1";

/// A position in a source, for people: lines and columns count from one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// The file as it was named on the command line; `-` for standard input.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
    /// The lines worth seeing, in their order.
    pub excerpt: Vec<Excerpt>,
}

/// A line of a source with a part of it marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The number of the line.
    pub line: usize,
    /// Its text, or a part of it where it is long.
    pub text: String,
    /// Where the marked part starts, in bytes of `text`.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Everything that a report is made of.
pub struct Report<'a> {
    /// What was checked.
    pub estate: &'a Estate,
    /// The sources as people named them.
    pub source: String,
    /// When, in RFC 3339.
    pub as_of: String,
    /// The date of the table of service tags.
    pub tags_data: &'static str,
    /// What was found.
    pub outcome: &'a Outcome,
    /// What could not be read, with its place.
    pub errors: Vec<(Problem, Location)>,
    /// Where a value of a record stands.
    pub locate: &'a (dyn Fn(Origin, &str) -> Option<Location> + Sync),
    /// The checks that ran.
    pub checks: &'a [&'static Check],
    /// The language.
    pub lang: Lang,
}
