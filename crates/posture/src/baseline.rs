//! What has changed since an earlier check.
//!
//! INVARIANT: a finding of then counts as mended only where its check has judged its resource now.
//! What could not be judged, and what did not run, is told apart.

use std::collections::{HashMap, HashSet};

use estate::Estate;

use crate::engine::Outcome;
use crate::view::{Finding, Status};

/// A failure of an earlier check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// Its id.
    pub id: String,
    /// The code of its check.
    pub code: String,
    /// What it was about.
    pub resource: String,
    /// What was said.
    pub message: String,
}

/// An earlier check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// When it was, as its report tells.
    pub as_of: String,
    /// What it found.
    pub findings: Vec<Before>,
    /// What it found and the team lived with. Where that has ended, it counts as new: somebody has to
    /// look at it.
    pub suppressed: Vec<Before>,
    /// The points that were earned.
    pub score: Option<u64>,
    /// How each control stood: catalogue, control, and the name of its state.
    pub controls: Vec<(String, String, String)>,
}

/// Why a finding of then is no finding now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gone {
    /// The check is met.
    Met,
    /// The check is not met, for another cause.
    OtherCause,
    /// The resource is not in the input any more.
    NoResource,
    /// Nobody can tell any more.
    Unknown,
    /// The check did not run, or this program has no such check.
    NotChecked,
}

impl Gone {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::OtherCause => "other_cause",
            Self::NoResource => "no_resource",
            Self::Unknown => "unknown",
            Self::NotChecked => "not_checked",
        }
    }

    /// Whether what was found then is mended.
    pub fn is_fixed(self) -> bool {
        matches!(self, Self::Met | Self::NoResource)
    }

    /// Whether nobody can tell.
    pub fn is_unsettled(self) -> bool {
        matches!(self, Self::Unknown | Self::NotChecked)
    }
}

/// The difference between then and now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// When the earlier check was.
    pub as_of: String,
    known: HashSet<String>,
    /// How many findings were not there then.
    pub new: u64,
    /// How many were.
    pub unchanged: u64,
    /// What was found then and is not now, and why.
    pub gone: Vec<(Before, Gone)>,
    /// The points that were earned then.
    pub score: Option<u64>,
    controls: HashMap<(String, String), String>,
}

impl Comparison {
    /// Whether a finding, by its id, was not there then.
    pub fn is_new(&self, id: &str) -> bool {
        !self.known.contains(id)
    }

    /// The name of the state that a control of a catalogue was in then.
    pub fn control(&self, catalogue: &str, id: &str) -> Option<&str> {
        self.controls.get(&(catalogue.to_owned(), id.to_owned())).map(String::as_str)
    }

    /// What is mended.
    pub fn fixed(&self) -> impl Iterator<Item = &(Before, Gone)> {
        self.gone.iter().filter(|(_, gone)| gone.is_fixed())
    }

    /// What is not met still, for another cause than then.
    pub fn changed(&self) -> impl Iterator<Item = &(Before, Gone)> {
        self.gone.iter().filter(|(_, gone)| *gone == Gone::OtherCause)
    }

    /// What was found then and could not be looked at again.
    pub fn unsettled(&self) -> impl Iterator<Item = &(Before, Gone)> {
        self.gone.iter().filter(|(_, gone)| gone.is_unsettled())
    }
}

/// Holds an outcome against an earlier one.
pub fn compare(outcome: &Outcome, estate: &Estate, before: Baseline) -> Comparison {
    let Baseline { as_of, findings, suppressed, score, controls } = before;
    let controls = controls.into_iter().map(|(catalogue, id, state)| ((catalogue, id), state)).collect();
    let known: HashSet<String> = findings.iter().map(|finding| finding.id.clone()).collect();
    let mut comparison = Comparison { as_of, known, score, controls, ..Comparison::default() };
    let (mut now, mut failing) = (HashSet::new(), HashSet::new());
    let fails = |finding: &&Finding| finding.status == Status::Fail;
    for finding in outcome.findings.iter().filter(fails) {
        let id = finding.id(estate);
        match comparison.is_new(&id) {
            true => comparison.new += 1,
            false => comparison.unchanged += 1,
        }
        now.insert(id);
        failing.insert((finding.check.code, finding.resource));
    }
    // What the team has come to live with is not mended.
    now.extend(outcome.suppressed.iter().map(|row| row.finding.id(estate)));
    let ran: HashMap<&str, &'static str> =
        outcome.by_check.iter().map(|its| (its.check.code, its.check.code)).collect();
    let not_assessed = |code: &str| outcome.not_assessed.iter().any(|(check, _)| check.code == code);
    let why = |before: &Before| {
        let Some(code) = ran.get(before.code.as_str()).copied() else { return Gone::NotChecked };
        if not_assessed(code) {
            return Gone::Unknown;
        }
        let resource = estate.ids().find(&before.resource).filter(|id| estate.slot(*id).is_some());
        let Some(resource) = resource else {
            // It may stand in what could not be read.
            return if estate.problems.is_empty() { Gone::NoResource } else { Gone::Unknown };
        };
        let unknown = outcome.unknown_resources.get(code);
        if unknown.is_some_and(|rows| rows.binary_search(&resource).is_ok()) {
            return Gone::Unknown;
        }
        if failing.contains(&(code, resource)) { Gone::OtherCause } else { Gone::Met }
    };
    let mut seen = HashSet::new();
    for before in findings.into_iter().chain(suppressed) {
        if !now.contains(&before.id) && seen.insert(before.id.clone()) {
            let why = why(&before);
            comparison.gone.push((before, why));
        }
    }
    comparison.gone.sort_by(|(a, why), (b, other)| {
        (why, &a.code, &a.resource, &a.id).cmp(&(other, &b.code, &b.resource, &b.id))
    });
    comparison
}
