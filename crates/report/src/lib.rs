//! Findings for people and programs.
//!
//! INVARIANT: a report shows what it is given and judges nothing. Text from the input never acts:
//! each form shows as text what would be markup, a formula or a terminal escape in it.

pub mod beside;
mod blocks;
mod clean;
mod controls;
mod csv;
mod defender;
pub mod difference;
mod earlier;
mod facts;
mod html;
mod json;
mod junit;
mod markdown;
mod ocsf;
mod pages;
mod picture;
mod problem;
pub mod reached;
mod region;
mod sarif;
mod sentences;
mod standing;
mod style;
mod text;
mod through;
mod way;
pub mod what_if;
pub mod who;
mod words;
mod xlsx;

use estate::{Estate, Origin, Problem};
use posture::{Catalogue, Check, Comparison, Lang, Outcome, Settings, Suppression};

pub use clean::clean;
pub use csv::to_csv;
pub use defender::to_defender_csv;
pub use earlier::{EarlierError, read_earlier};
pub use html::to_html;
pub use json::{checks_json, write_json};
pub use junit::to_junit;
pub use markdown::to_markdown;
pub use ocsf::write_ocsf;
pub use pages::{check_page, index_page};
pub use problem::problem_text;
pub use sarif::to_sarif;
pub use style::{Page, Style};
pub use text::{explain, list_checks, to_text, wrap};
pub use through::{ThroughForm, ports_text};
pub use words::{checkpoint_word, counted, day_text, severity_word};
pub use xlsx::to_xlsx;

/// The version of the JSON form.
pub const SCHEMA: &str = "sekimori.check/1";

/// Where the project's pages are on the web.
pub const HOME: &str = "https://github.com/sekimori/sekimori";

/// A position in a source, for people: lines and columns count from one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// The file as it was named on the command line; `-` for standard input.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
    /// The address of the resource, where the source is a plan: `module.net.azurerm_subnet.a[0]`.
    pub address: Option<String>,
}

impl Location {
    /// `file:line:column`, and the address of a resource in a plan behind it.
    pub fn shown(&self) -> String {
        let place = format!("{}:{}:{}", clean(&self.file), self.line, self.column);
        match &self.address {
            Some(address) => format!("{place} ({})", clean(address)),
            None => place,
        }
    }
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
    /// The version of the program.
    pub version: &'static str,
    /// The date of the table of service tags.
    pub tags_data: &'a str,
    /// What was found.
    pub outcome: &'a Outcome,
    /// What the team lives with: what the numbers in `outcome.suppressed` stand for.
    pub suppressions: &'a [Suppression],
    /// What checks went by.
    pub settings: &'a Settings,
    /// What the team has set otherwise than by default: key, value and who says so, as people write them.
    pub own_settings: &'a [(String, String, String)],
    /// The codes of checks that had to be judged and were not.
    pub unmet: &'a [&'static str],
    /// What has changed since an earlier check.
    pub comparison: Option<&'a Comparison>,
    /// Who reaches what after a deployment and not before, where one was asked about.
    pub exposes: Option<&'a difference::Compared>,
    /// What the team should know of its configuration, in the asked language.
    pub notices: &'a [String],
    /// What could not be read, with its place.
    pub errors: Vec<(Problem, Location)>,
    /// Where a value of a record stands.
    pub locate: &'a (dyn Fn(Origin, &str) -> Option<Location> + Sync),
    /// The lines of a value of a record that are worth seeing, in their order.
    pub excerpts: &'a (dyn Fn(Origin, &str) -> Vec<Excerpt> + Sync),
    /// Catalogues of controls that the text form tells; the others tell all of them.
    pub catalogues: &'a [Catalogue],
    /// The checks that ran.
    pub checks: &'a [&'static Check],
    /// The language.
    pub lang: Lang,
}

impl Report<'_> {
    /// Whether a finding was not there in the earlier check; nothing where there is none.
    pub(crate) fn is_new(&self, id: &str) -> Option<bool> {
        self.comparison.map(|comparison| comparison.is_new(id))
    }
}
