//! What other tools say, in one shape.

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Events of OCSF: Prowler from version 4 on, and ours.
    Ocsf,
    /// Prowler's own table, cells divided by `;`.
    ProwlerCsv,
    /// SARIF 2.1.0: Checkov, Trivy, KICS and others.
    Sarif,
    /// The table of recommendations of Defender for Cloud, and ours in its shape.
    DefenderCsv,
}

impl Form {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ocsf => "ocsf",
            Self::ProwlerCsv => "prowler-csv",
            Self::Sarif => "sarif",
            Self::DefenderCsv => "defender-csv",
        }
    }
}

/// What one tool says in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What the tool calls itself.
    pub tool: String,
    /// Its version, where the file tells it.
    pub version: Option<String>,
    /// The form of the file.
    pub form: Form,
    /// Its results, in the order of the file.
    pub rows: Vec<Row>,
    /// How many results lack what tells a rule or an outcome, and are left out.
    pub skipped: usize,
    /// Where the first of these stands: a line of a table, or the number of an element of a list.
    pub first_skipped: Option<usize>,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The rule, as the tool names it.
    pub rule: Box<str>,
    /// What the rule is about, in the tool's words.
    pub title: Box<str>,
    /// What the tool says.
    pub verdict: Verdict,
    /// Whether somebody decided there to live with it.
    pub muted: bool,
    /// The tenant, where the tool tells it.
    pub tenant: Option<Box<str>>,
    /// What it is about.
    pub subject: Subject,
    /// What the tool says of it, in its words.
    pub message: Box<str>,
    /// Where it stands: a line of a table, or the number of an element of a list, from one.
    pub at: usize,
}

/// The outcome of a rule for a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It is not met.
    Fail,
    /// It is met.
    Pass,
    /// The tool does not say: to be looked at by hand, not applicable, unknown.
    Open,
}

impl Verdict {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Pass => "pass",
            Self::Open => "open",
        }
    }
}

/// What a result is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A resource by its id, of Resource Manager or of the directory.
    Id(Box<str>),
    /// Something in a file, which may be a resource of one of these names.
    Named {
        /// What it may be called.
        names: Vec<Box<str>>,
        /// Its type as Azure has it, in lower case; empty where that is not told.
        of: Box<str>,
        /// The file and the line.
        place: Box<str>,
    },
}

impl Subject {
    /// Whether the last part of its id may be this, in lower case: a subscription holds everything.
    pub(crate) fn may_end_in(&self, last: &str) -> bool {
        match self {
            Self::Id(id) => {
                let parts = id.split('/').filter(|part| !part.is_empty()).count();
                parts <= 2 || id.rsplit('/').next().is_some_and(|part| part.eq_ignore_ascii_case(last))
            }
            Self::Named { names, .. } => {
                names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(last))
            }
        }
    }

    /// A subject by what a tool calls its id.
    pub(crate) fn of(uid: &str, name: Option<&str>) -> Self {
        let uid = uid.trim();
        if uid.starts_with('/') || is_guid(uid) {
            return Self::Id(uid.trim_end_matches('/').into());
        }
        let names = [Some(uid), name].into_iter().flatten().map(str::trim).filter(|name| !name.is_empty());
        Self::Named { names: names.map(Box::from).collect(), of: "".into(), place: "".into() }
    }
}

/// Whether it is written like a GUID.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// How much of a text of theirs is kept.
const KEPT: usize = 400;

/// A text of theirs: the first of it.
pub(crate) fn kept(text: &str) -> Box<str> {
    match text.char_indices().nth(KEPT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}
