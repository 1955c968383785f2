//! Findings that a team has decided to live with, until a day.
//!
//! INVARIANT: nothing is hidden silently. What is suppressed is kept with its reason, and a
//! suppression that has ended, or that covers nothing, is told.

use std::collections::HashMap;
use std::fmt;

use estate::{Estate, ResourceId, Tags, resource_name};
use wildmatch::WildMatch;

use crate::checks::CHECKS;
use crate::engine::Outcome;
use crate::view::{Finding, Status};

/// A day of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    /// The year.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl Day {
    /// A day from `2026-12-31`. Whether the calendar has it is not looked at.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut next = |digits: usize| parts.next().filter(|part| part.len() == digits);
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        let day = Self { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? };
        parts.next().is_none().then_some(day)
    }

    /// Whether the calendar has this day.
    pub fn exists(self) -> bool {
        let leap =
            self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let days = match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => 0,
        };
        (1..=days).contains(&self.day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A decision to live with some findings. All conditions that are given must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppression {
    /// The id of one finding.
    pub id: Option<String>,
    /// The codes of checks.
    pub codes: Option<Vec<&'static str>>,
    /// Resources.
    pub resource: Option<Pattern>,
    /// A tag of the resource.
    pub tag: Option<TagPattern>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Day,
    /// The number of the line that it stands on in its file.
    pub line: usize,
}

/// A pattern for resources: `*` is any text, `?` any character, case does not matter. Without a `/`
/// it is for the name, else for the whole id.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    text: String,
    wild: WildMatch,
}

impl Pattern {
    /// A pattern as people write it.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), wild: WildMatch::new_case_insensitive(text) }
    }

    /// The pattern as people wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn matches(&self, id: &str) -> bool {
        self.wild.matches(if self.text.contains('/') { id } else { resource_name(id) })
    }
}

/// `environment` (the tag, with any value) or `environment=dev*`.
#[derive(Clone, Debug, PartialEq)]
pub struct TagPattern {
    text: String,
    name: String,
    value: Option<WildMatch>,
}

impl TagPattern {
    /// A pattern as people write it. The case of names and values does not matter.
    pub fn new(text: &str) -> Self {
        let (name, value) = match text.split_once('=') {
            None => (text, None),
            Some((name, value)) => (name, Some(WildMatch::new_case_insensitive(value.trim()))),
        };
        Self { text: text.to_owned(), name: name.trim().to_owned(), value }
    }

    /// The pattern as people wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn matches(&self, tags: Option<&Tags>) -> bool {
        let value = |text: &str| self.value.as_ref().is_none_or(|pattern| pattern.matches(text));
        tags.is_some_and(|tags| {
            tags.iter().any(|(name, text)| name.eq_ignore_ascii_case(&self.name) && value(text))
        })
    }
}

/// A finding that is suppressed.
pub struct Suppressed {
    /// What was found.
    pub finding: Finding,
    /// The suppression, by its place in the list.
    pub by: usize,
}

/// Something that the team should know of its suppressions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// It has ended, and would cover so many findings.
    Ended {
        /// The suppression, by its place in the list.
        by: usize,
        /// How many findings it would cover at least.
        findings: usize,
        /// Whether everything that it could cover was judged.
        judged: bool,
    },
    /// It holds, everything that it could cover was judged, and it covers nothing.
    Idle {
        /// The suppression, by its place in the list.
        by: usize,
    },
}

impl Suppression {
    /// Whether all conditions but that on the id hold.
    fn covers(&self, estate: &Estate, finding: &Finding) -> bool {
        self.codes.as_ref().is_none_or(|codes| codes.contains(&finding.check.code))
            && self.resource.as_ref().is_none_or(|pattern| pattern.matches(estate.text(finding.resource)))
            && self.tag.as_ref().is_none_or(|tag| tag.matches(tags_of(estate, finding.resource)))
    }
}

fn tags_of(estate: &Estate, id: ResourceId) -> Option<&Tags> {
    match estate.vm(id) {
        Some(vm) => vm.tags.as_ref(),
        None => match estate.scale_set(id) {
            Some(set) => set.model.as_ref()?.value()?.vm.tags.as_ref(),
            None => estate.nsg(id)?.tags.as_ref(),
        },
    }
}

/// Takes the findings that suppressions cover out of the others.
///
/// The score stays as it was: living with a risk does not make it smaller.
pub fn suppress(outcome: &mut Outcome, estate: &Estate, list: &[Suppression], today: Day) -> Vec<Stale> {
    if list.is_empty() {
        return Vec::new();
    }
    // Those that name one finding are looked up: there may be thousands of them.
    let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
    let mut others = Vec::new();
    for (by, suppression) in list.iter().enumerate() {
        match &suppression.id {
            Some(id) => by_id.entry(id.to_ascii_uppercase()).or_default().push(by),
            None => others.push(by),
        }
    }
    let mut covered = vec![0usize; list.len()];
    let mut count = |by: usize| {
        if let Some(count) = covered.get_mut(by) {
            *count += 1;
        }
    };
    let (mut kept, mut suppressed) = (Vec::new(), Vec::new());
    for finding in std::mem::take(&mut outcome.findings) {
        if finding.status == Status::Pass {
            kept.push(finding);
            continue;
        }
        let named = match by_id.is_empty() {
            true => None,
            false => by_id.get(&finding.id(estate).to_ascii_uppercase()),
        };
        let of_finding = named.into_iter().flatten().chain(&others).copied();
        let (mut holds, mut ended): (Option<usize>, Vec<usize>) = (None, Vec::new());
        for by in of_finding {
            let Some(suppression) = list.get(by).filter(|its| its.covers(estate, &finding)) else { continue };
            if suppression.until < today {
                ended.push(by);
                continue;
            }
            count(by);
            // The first one in the file is named as the reason.
            holds = Some(holds.map_or(by, |first| first.min(by)));
        }
        if holds.is_none() {
            // One that has ended and was decided again needs no word.
            ended.into_iter().for_each(&mut count);
        }
        match holds {
            Some(by) => {
                outcome.tally.fail = outcome.tally.fail.saturating_sub(1);
                if let Some(tally) =
                    outcome.by_check.iter_mut().find(|its| its.check.code == finding.check.code)
                {
                    tally.fail = tally.fail.saturating_sub(1);
                }
                suppressed.push(Suppressed { finding, by });
            }
            None => kept.push(finding),
        }
    }
    outcome.findings = kept;
    outcome.suppressed = suppressed;
    // That one covers nothing is told only where everything that it could cover was judged.
    let judged = |code: &str| {
        outcome.by_check.iter().any(|its| its.check.code == code)
            && !outcome.unknown_resources.contains_key(code)
            && outcome.not_assessed.iter().all(|(check, _)| check.code != code)
    };
    let judged = |suppression: &Suppression| {
        let by_id = suppression.id.as_ref().and_then(|id| id.split('-').next());
        let codes = match (&suppression.codes, by_id) {
            (_, Some(code)) => vec![code.to_ascii_uppercase()],
            (Some(codes), None) => codes.iter().map(|code| (*code).to_owned()).collect(),
            (None, None) => CHECKS.iter().map(|check| check.code.to_owned()).collect(),
        };
        estate.problems.is_empty() && codes.iter().all(|code| judged(code))
    };
    let mut stale = Vec::new();
    for (by, (suppression, findings)) in list.iter().zip(covered).enumerate() {
        if suppression.until < today {
            stale.push(Stale::Ended { by, findings, judged: judged(suppression) });
        } else if findings == 0 && judged(suppression) {
            stale.push(Stale::Idle { by });
        }
    }
    stale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_for_names_or_ids() {
        let id = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/Web1";
        let check = |pattern: &str, expected: bool| {
            assert_eq!(Pattern::new(pattern).matches(id), expected, "{pattern}");
        };
        check("web1", true);
        check("web?", true);
        check("web*", true);
        check("web", false);
        check("*/resourcegroups/rg/*", true);
        check("/subscriptions/s/*", true);
        check("/subscriptions/t/*", false);
        check("", false);
    }

    #[test]
    fn days_are_in_order() {
        let day = |year, month, day| Day { year, month, day };
        assert!(day(2026, 12, 31) < day(2027, 1, 1));
        assert_eq!(day(2026, 3, 9).to_string(), "2026-03-09");
        assert_eq!(Day::parse("2026-03-09"), Some(day(2026, 3, 9)));
        for text in ["", "2026-3-09", "2026-03", "2026-03-09-1", "+026-03-09x"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert!(day(2028, 2, 29).exists() && day(2000, 2, 29).exists() && day(2026, 12, 31).exists());
        for no in [day(2026, 2, 29), day(1900, 2, 29), day(2026, 4, 31), day(2026, 13, 1), day(2026, 1, 0)] {
            assert!(!no.exists(), "{no}");
        }
    }
}
