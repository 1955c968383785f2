//! What is looked at before anything is written: conflicts are refused early, and the undo file holds what was really there.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Job, Place};
use crate::write::{Act, State, Write};

/// A resource that has to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub target: String,
    /// The version of its provider's interface.
    pub api_version: String,
}

/// Jobs as they can be carried out.
#[derive(Debug)]
pub struct Prepared {
    /// The jobs, with what was found in place of what was expected.
    pub jobs: Vec<Job>,
    /// Writes that have nothing to do. They stay in their jobs, which look again.
    pub already: Vec<Place>,
    /// Writes that somebody else was quicker than. Their jobs must not begin.
    pub conflicts: Vec<Conflict>,
}

/// A resource that is neither as it was nor as it is to become.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The write that cannot be made.
    pub place: Place,
    /// What is there; nothing where nothing is.
    pub found: Option<Value>,
}

/// The resources that jobs write to, each once, in the order in which they come up.
pub fn targets(jobs: &[Job]) -> Vec<Target> {
    let mut seen = HashSet::new();
    jobs.iter()
        .flat_map(|job| &job.tasks)
        .filter(|task| seen.insert(task.write.target.to_ascii_lowercase()))
        .map(|task| Target { target: task.write.target.clone(), api_version: task.write.api_version.clone() })
        .collect()
}

/// Puts what was found into jobs. `found` is asked for the id of each target, as [`targets`] has it.
///
/// A write that comes after another one of the same resource is held against what that one makes of it.
pub fn prepare(mut jobs: Vec<Job>, found: &dyn Fn(&str) -> Option<Value>) -> Prepared {
    let mut now: HashMap<String, Option<Value>> =
        targets(&jobs).iter().map(|one| (one.target.to_ascii_lowercase(), found(&one.target))).collect();
    let (mut already, mut conflicts) = (Vec::new(), Vec::new());
    for task in jobs.iter_mut().flat_map(|job| &mut job.tasks) {
        let Some(now) = now.get_mut(&task.write.target.to_ascii_lowercase()) else { continue };
        match task.write.state(now.as_ref()) {
            State::Becomes => already.push(task.place.clone()),
            State::Other => conflicts.push(Conflict { place: task.place.clone(), found: now.clone() }),
            State::Was => {
                task.write = task.write.with_found(now.as_ref());
                *now = made(&task.write, now.take());
            }
        }
    }
    Prepared { jobs, already, conflicts }
}

/// What a write makes of a resource.
fn made(write: &Write, found: Option<Value>) -> Option<Value> {
    match &write.act {
        Act::Put { becomes, .. } => Some(becomes.clone()),
        Act::Delete { .. } => None,
        Act::Edit { edits, .. } => {
            let whole = Write { act: Act::Edit { edits: edits.clone(), whole: true }, ..write.clone() };
            found.map(|found| whole.edited(&found).unwrap_or(found))
        }
        // What it does afterwards is another matter.
        Act::Run { .. } => found.map(|mut found| {
            if let Some(members) = found.get_mut("properties").and_then(Value::as_object_mut) {
                members.shift_remove("instanceView");
            }
            found
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::Edit;
    use serde_json::json;

    fn edit(was: i32, becomes: i32) -> Write {
        let edit =
            Edit { path: "properties/a".to_owned(), was: Some(json!(was)), becomes: Some(json!(becomes)) };
        Write {
            target: "/X".to_owned(),
            api_version: "1".to_owned(),
            act: Act::Edit { edits: vec![edit], whole: false },
        }
    }

    #[test]
    fn a_write_is_held_against_what_the_one_before_makes() {
        let jobs = vec![
            Job::new("f", "", [edit(1, 2), Write { target: "/x".to_owned(), ..edit(2, 3) }]),
            Job::new("g", "", [edit(3, 3)]),
        ];
        assert_eq!(targets(&jobs), [Target { target: "/X".to_owned(), api_version: "1".to_owned() }]);
        let prepared = prepare(jobs.clone(), &|_| Some(json!({"properties": {"a": 1, "b": 1}})));
        assert_eq!(prepared.conflicts, []);
        assert_eq!(prepared.already, [Place { fix: "g".to_owned(), step: 0 }]);
        // Somebody else's value: both writes of it, and the one that counts on them.
        let there = json!({"properties": {"a": 7}});
        let prepared = prepare(jobs, &|_| Some(there.clone()));
        let places: Vec<_> = prepared.conflicts.iter().map(|one| (&*one.place.fix, one.place.step)).collect();
        assert_eq!(places, [("f", 0), ("f", 1), ("g", 0)]);
        assert_eq!(prepared.conflicts[0].found, Some(there));
    }

    #[test]
    fn what_was_found_is_what_is_brought_back() {
        let removed = Write { act: Act::Delete { was: json!({"properties": {"a": 1}}) }, ..edit(0, 0) };
        let again =
            Write { act: Act::Put { was: None, becomes: json!({"properties": {"a": 2}}) }, ..edit(0, 0) };
        let there = json!({"etag": "e", "properties": {"a": 1, "of": "others"}});
        let prepared = prepare(vec![Job::new("f", "", [removed, again])], &|_| Some(there.clone()));
        assert_eq!(prepared.conflicts, []);
        let acts: Vec<_> = prepared.jobs[0].tasks.iter().map(|task| task.write.act.clone()).collect();
        assert_eq!(acts[0], Act::Delete { was: json!({"properties": {"a": 1, "of": "others"}}) });
        assert_eq!(acts[1], Act::Put { was: None, becomes: json!({"properties": {"a": 2}}) });
    }
}
