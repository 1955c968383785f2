//! What the numbers of OCSF mean that we use, with the captions that belong to them.
//!
//! Source: `objects/compliance.json`, `events/findings/finding.json` and `dictionary.json` of
//! <https://github.com/ocsf/ocsf-schema> at 1.8.0.

use posture::Severity;

/// What has happened to a finding.
#[derive(Clone, Copy)]
pub(super) enum Activity {
    Create,
    Update,
    Close,
}

impl Activity {
    pub(super) fn pair(self) -> (u32, &'static str) {
        match self {
            Self::Create => (1, "Create"),
            Self::Update => (2, "Update"),
            Self::Close => (3, "Close"),
        }
    }
}

/// Where a finding stands.
#[derive(Clone, Copy)]
pub(super) enum Standing {
    New,
    Suppressed,
    Resolved,
    /// In a word of ours.
    Other(&'static str),
}

impl Standing {
    pub(super) fn pair(self) -> (u32, &'static str) {
        match self {
            Self::New => (1, "New"),
            Self::Suppressed => (3, "Suppressed"),
            Self::Resolved => (4, "Resolved"),
            Self::Other(word) => (99, word),
        }
    }
}

/// What the check says.
#[derive(Clone, Copy)]
pub(super) enum Verdict {
    /// It says nothing: there is nothing left to judge.
    Unknown,
    /// It says nothing because something is not known: what OCSF calls a warning.
    Untold,
    Pass,
    Fail,
}

impl Verdict {
    pub(super) fn pair(self) -> (u32, &'static str) {
        match self {
            Self::Unknown => (0, "Unknown"),
            Self::Untold => (2, "Warning"),
            Self::Pass => (1, "Pass"),
            Self::Fail => (3, "Fail"),
        }
    }
}

/// How bad it is: nothing where nobody can tell whether it is so.
pub(super) fn severity(verdict: Verdict, severity: Severity) -> (u32, &'static str) {
    match (verdict, severity) {
        (Verdict::Unknown | Verdict::Untold, _) => (0, "Unknown"),
        (Verdict::Pass, _) => (1, "Informational"),
        (Verdict::Fail, Severity::Low) => (2, "Low"),
        (Verdict::Fail, Severity::Medium) => (3, "Medium"),
        (Verdict::Fail, Severity::High) => (4, "High"),
        (Verdict::Fail, Severity::Critical) => (5, "Critical"),
    }
}
