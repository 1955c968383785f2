//! What a team may set for itself.

use std::collections::BTreeMap;

use estate::{Family, Moment, Range, Space};
use reach::Addresses;

use crate::check::{Check, Severity};

/// Limits and ports that checks go by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// TCP ports that administrators log in through.
    pub management_ports: Vec<u16>,
    /// A port is open to the internet when more IPv4 addresses than this reach it.
    pub wide_after: u128,
    /// People who log in need no more IPv4 addresses than this.
    pub needed: u128,
    /// Where the team's own people come from: these addresses count as nobody's when the width of a
    /// source is judged.
    pub approved: Vec<Approved>,
    /// How bad the team takes a check's findings to be, by code, whatever the check itself says.
    pub severity: BTreeMap<&'static str, Severity>,
    /// The moment that ages are counted to, for sources that do not tell when they were collected.
    pub now: Option<Moment>,
}

/// Addresses that the team's people come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// What the team calls them.
    pub name: String,
    /// The addresses.
    pub space: Space,
    /// The same as the team wrote them.
    pub prefixes: Vec<String>,
}

impl Approved {
    pub(crate) fn addresses(&self, family: Family) -> Addresses {
        let v4 = |range: &Range<u32>| Range { first: range.first.into(), last: range.last.into() };
        match family {
            Family::V4 => self.space.v4.ranges().iter().map(v4).collect(),
            Family::V6 => self.space.v6.ranges().iter().copied().collect(),
        }
    }
}

impl Settings {
    /// How bad the findings of a check are when the check itself has nothing else to say.
    pub fn severity_of(&self, check: &Check) -> Severity {
        self.severity.get(check.code).copied().unwrap_or(check.severity)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // The ports that Defender for Cloud's just-in-time access guards.
            // https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage
            management_ports: vec![22, 3389, 5985, 5986],
            wide_after: 256,
            needed: 16,
            approved: Vec::new(),
            severity: BTreeMap::new(),
            now: None,
        }
    }
}
