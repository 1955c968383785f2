//! Makes verdicts of what checks said.

use estate::{Estate, Origin, PolicyGap, Reason, ResourceId};
use hashbrown::{HashMap, HashSet};
use posture::{Cause, Check, Fault as Found, Given, Lang, Verdict};
use serde::Deserialize;

use super::metadata::{Words, read};
use super::run::{Evaluated, Outcome};
use crate::fault::{Fault, FaultKind};

/// What own checks say of an estate.
#[derive(Default)]
pub struct Taken {
    /// The checks, in the order of their files.
    pub checks: Vec<&'static Check>,
    /// What is said of resources.
    pub given: Vec<Given>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fail {
    resource: String,
    message: Words,
    #[serde(default)]
    pointer: Option<String>,
    #[serde(default)]
    severity: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unknown {
    resource: String,
    reason: Words,
}

/// How many faults of one file are told.
const TOLD: usize = 5;

/// Takes what checks said of an estate.
pub fn take(evaluated: Vec<Evaluated>, estate: &Estate, lang: Lang) -> Taken {
    let mut taken = Taken::default();
    let places: HashMap<ResourceId, Origin> =
        estate.records().map(|record| (record.id, record.origin)).collect();
    let mut files: HashMap<&'static str, String> = HashMap::new();
    for one in evaluated {
        let file = one.file;
        let fault = |line, column, kind| Fault { file: file.clone(), line, column, kind };
        let (metadata, fail, pass, unknown) = match one.outcome {
            Outcome::Said { metadata, fail, pass, unknown } => (metadata, fail, pass, unknown),
            Outcome::Wrong(line, column, what) => {
                taken.faults.push(fault(line, column, FaultKind::Check(what)));
                continue;
            }
            Outcome::TooLong => {
                taken.faults.push(fault(0, 1, FaultKind::TooLong));
                continue;
            }
            Outcome::Library => continue,
            Outcome::TooMuch => {
                taken.faults.push(fault(0, 1, FaultKind::TooMuch));
                continue;
            }
        };
        let check = match read(&metadata) {
            Ok(check) => check,
            Err(what) => {
                taken.faults.push(fault(1, 1, FaultKind::Metadata(what)));
                continue;
            }
        };
        if let Some(before) = files.get(check.code) {
            let what = format!("`{}` is the code of {before}, too", check.code);
            taken.faults.push(fault(1, 1, FaultKind::Metadata(what)));
            continue;
        }
        files.insert(check.code, file.clone());
        taken.checks.push(check);
        let mut wrong: Vec<String> = Vec::new();
        let mut said: HashSet<ResourceId> = HashSet::new();
        let find = |text: &str| {
            estate.ids().find(text).ok_or_else(|| format!("the estate holds no resource `{text}`"))
        };
        for value in fail {
            let judged =
                Fail::deserialize(&value).map_err(|error| format!("fail: {error}")).and_then(|one| {
                    let id = find(&one.resource)?;
                    let severity = match &one.severity {
                        None => None,
                        Some(name) => Some(
                            crate::definition::severity(name)
                                .ok_or_else(|| format!("fail: severity `{name}`"))?,
                        ),
                    };
                    let mut found = Found::new(one.message.of(lang));
                    found.severity = severity;
                    if let Some(origin) = places.get(&id) {
                        let pointer = one.pointer.unwrap_or_default();
                        found = found.because(Cause {
                            resource: id,
                            key: pointer.as_str().into(),
                            pointer: pointer.into(),
                            origin: *origin,
                        });
                    }
                    Ok((id, found))
                });
            match judged {
                Ok((id, found)) => {
                    // One finding for a resource: the first.
                    if said.insert(id) {
                        taken.given.push(Given { check, resource: id, judged: found.verdict() });
                    }
                }
                Err(what) => wrong.push(what),
            }
        }
        for value in unknown {
            let judged = Unknown::deserialize(&value)
                .map_err(|error| format!("unknown: {error}"))
                .and_then(|one| Ok((find(&one.resource)?, one.reason.of(lang))));
            match judged {
                Ok((id, what)) if said.insert(id) => {
                    let reasons = vec![Reason::Policy { gap: PolicyGap::Own, what: what.into() }];
                    taken.given.push(Given { check, resource: id, judged: Err(reasons) });
                }
                Ok(_) => {}
                Err(what) => wrong.push(what),
            }
        }
        for value in pass {
            let id = value.as_str().ok_or_else(|| "pass: not an id".to_owned()).and_then(find);
            match id {
                Ok(id) if said.insert(id) => {
                    taken.given.push(Given { check, resource: id, judged: Ok(Verdict::Pass) })
                }
                Ok(_) => {}
                Err(what) => wrong.push(what),
            }
        }
        // What is wrong with a rule is so for each value that it gives.
        wrong.dedup();
        let more = wrong.len().saturating_sub(TOLD);
        taken.faults.extend(wrong.into_iter().take(TOLD).map(|what| fault(1, 1, FaultKind::Check(what))));
        if more > 0 {
            taken.faults.push(fault(1, 1, FaultKind::Check(format!("… and {more} more"))));
        }
    }
    taken
}
