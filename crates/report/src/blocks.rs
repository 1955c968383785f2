//! Findings put together by their root cause.

use std::collections::{BTreeMap, HashSet};

use estate::ResourceId;
use posture::{Finding, Lang, Severity, Status, Unknown};

use crate::Report;
use crate::clean::clean;

/// Findings with one root cause, in the order of the report: the same rules, or the same public
/// address that no group guards. Findings that no rule is behind stand with their like.
pub(crate) fn blocks<'r>(report: &'r Report<'_>) -> Vec<Vec<&'r Finding>> {
    let mut order: BTreeMap<(&str, Option<Severity>, String), usize> = BTreeMap::new();
    let mut blocks: Vec<Vec<&Finding>> = Vec::new();
    for finding in report.outcome.findings.iter().filter(|finding| finding.status == Status::Fail) {
        let mut root: Vec<String> = finding
            .evidence
            .iter()
            .flat_map(|open| &open.decided_by)
            .map(|rule| format!("{} {}", report.estate.text(rule.nsg).to_ascii_lowercase(), rule.rule))
            .collect();
        root.sort_unstable();
        root.dedup();
        let unguarded = finding.evidence.first().filter(|_| root.is_empty());
        let key = match (root.is_empty(), unguarded) {
            (false, _) => ("", None, root.join("\n")),
            // One subnet's group would guard them all.
            (true, Some(open)) => {
                let id = open.subnet.unwrap_or(open.via);
                ("", None, report.estate.text(id).to_ascii_lowercase())
            }
            // What one command mends stands together.
            (true, None) => (finding.check.code, Some(finding.severity), finding.fix.to_string()),
        };
        let at = *order.entry(key).or_insert_with(|| {
            blocks.push(Vec::new());
            blocks.len() - 1
        });
        if let Some(block) = blocks.get_mut(at) {
            block.push(finding);
        }
    }
    blocks
}

/// The first finding of each other check of a block.
pub(crate) fn other_checks<'f>(block: &[&'f Finding]) -> Vec<&'f Finding> {
    let mut codes: Vec<&str> = block.first().map(|first| first.check.code).into_iter().collect();
    let mut others = Vec::new();
    for finding in block {
        if !codes.contains(&finding.check.code) {
            codes.push(finding.check.code);
            others.push(*finding);
        }
    }
    others
}

/// The other resources of a block.
pub(crate) fn other_resources(block: &[&Finding]) -> Vec<ResourceId> {
    let mut seen: HashSet<ResourceId> = block.first().map(|first| first.resource).into_iter().collect();
    block.iter().map(|finding| finding.resource).filter(|resource| seen.insert(*resource)).collect()
}

/// The other resources of a block by name, the first `most` of them.
pub(crate) fn named(report: &Report<'_>, all: &[ResourceId], most: usize) -> String {
    let names: Vec<_> =
        all.iter().take(most).map(|resource| clean(report.estate.name(*resource)).into_owned()).collect();
    let names = names.join(", ");
    match (report.lang, all.len().saturating_sub(most)) {
        (_, 0) => names,
        (Lang::En, more) => format!("{names} and {more} more"),
        (Lang::Ja, more) => format!("{names} など (さらに {more} 件)"),
    }
}

/// One reason why something is unknown, mostly for several checks.
pub(crate) struct UnknownRow<'r> {
    /// The codes of the checks.
    pub(crate) codes: String,
    /// For how many resources at the most.
    pub(crate) count: usize,
    /// The row with the most resources.
    pub(crate) most: &'r Unknown,
    /// Some of the resources by name, and whether there are more.
    pub(crate) names: String,
}

/// What nobody can tell, each reason once.
pub(crate) fn unknown_rows<'r>(report: &'r Report<'_>) -> Vec<UnknownRow<'r>> {
    let mut rows: BTreeMap<(&str, &str), Vec<&Unknown>> = BTreeMap::new();
    for row in &report.outcome.unknown {
        rows.entry((&row.reason, &row.settled_by)).or_default().push(row);
    }
    rows.into_values()
        .filter_map(|rows| {
            let most = rows.iter().max_by_key(|row| row.count)?;
            let name = |id: &ResourceId| clean(report.estate.name(*id)).into_owned();
            let mut names: Vec<_> = most.sample.iter().take(3).map(name).collect();
            if most.count > names.len() {
                names.push("…".to_owned());
            }
            let codes: Vec<_> = rows.iter().map(|row| row.code).collect();
            Some(UnknownRow { codes: codes.join(", "), count: most.count, most, names: names.join(", ") })
        })
        .collect()
}
