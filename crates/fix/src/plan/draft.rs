//! What planners share: tasks, steps and the words that all of them need.

use std::collections::HashSet;

use estate::{Change, Estate, ResourceId, resource_name, resource_type};
use posture::{Finding, Lang};
use serde_json::Value;

use super::{Ask, Closes, Effects, Fix, Plan, Planner, Step, name_of};
use crate::write::{Act, Edit, Write, at, writable};

/// A finding, and the check whose fix mends it: its own, or for a recommendation of Defender for Cloud the one that looks at
/// the same.
#[derive(Clone, Copy)]
pub(super) struct Task<'f> {
    /// The code of the check whose fix mends it.
    pub(super) code: &'static str,
    /// The finding.
    pub(super) finding: &'f Finding,
}

/// A plan in the making.
pub(super) struct Draft<'d, 'p> {
    /// What it is made from.
    pub(super) planner: &'d Planner<'p>,
    plan: &'d mut Plan,
    /// Codes of checks and resources that something is planned or asked for.
    taken: HashSet<(&'static str, String)>,
}

impl<'d, 'p> Draft<'d, 'p> {
    pub(super) fn new(planner: &'d Planner<'p>, plan: &'d mut Plan) -> Self {
        Self { planner, plan, taken: HashSet::new() }
    }

    /// The language of sentences.
    pub(super) fn lang(&self) -> Lang {
        self.planner.lang
    }

    /// The estate.
    pub(super) fn estate(&self) -> &'p Estate {
        self.planner.estate
    }

    /// What the input says of a resource.
    pub(super) fn record(&self, id: ResourceId) -> Option<Value> {
        (self.planner.record)(id)
    }

    /// The same of a resource by the text of its id.
    pub(super) fn record_of(&self, id: &str) -> Option<Value> {
        self.record(self.estate().ids().find(id)?)
    }

    /// The name of a resource.
    pub(super) fn name(&self, id: ResourceId) -> String {
        clean(resource_name(self.estate().text(id)))
    }

    fn closes(&mut self, tasks: &[Task<'_>]) -> Vec<Closes> {
        let mut all: Vec<Closes> = Vec::new();
        let mut told: HashSet<String> = HashSet::new();
        for task in tasks {
            let (code, finding) = (task.finding.check.code, task.finding.id(self.planner.estate));
            self.taken.insert((code, finding.clone()));
            if told.insert(finding.clone()) {
                all.push(Closes { code, finding, resource: task.finding.resource });
            }
        }
        all
    }

    /// Asks what nobody can know here.
    pub(super) fn ask(&mut self, tasks: &[Task<'_>], question: String, answers: Vec<String>) {
        if tasks.is_empty() {
            return;
        }
        let closes = self.closes(tasks);
        self.plan.asks.push(Ask { closes, question, answers });
    }

    /// Adds a fix.
    pub(super) fn fix(&mut self, tasks: &[Task<'_>], make: Make) {
        let closes = self.closes(tasks);
        let parts: Vec<String> = make.steps.iter().map(|step| mark(&step.write)).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.plan.fixes.push(Fix {
            id: name_of(make.kind, &parts),
            title: make.title,
            closes,
            steps: make.steps,
            effects: make.effects,
            notes: make.notes,
            ..Fix::default()
        });
    }

    /// Whether something is planned or asked for a finding.
    pub(super) fn is_taken(&self, finding: &Finding) -> bool {
        self.taken.contains(&(finding.check.code, finding.id(self.planner.estate)))
    }

    /// Notes what other planners have taken.
    pub(super) fn take_over(&mut self) {
        let of_fixes = self.plan.fixes.iter().flat_map(|fix| &fix.closes);
        let all = of_fixes.chain(self.plan.asks.iter().flat_map(|ask| &ask.closes));
        self.taken.extend(all.map(|closes| (closes.code, closes.finding.clone())));
    }
}

/// What a planner says of a fix.
pub(super) struct Make {
    /// The beginning of its name.
    pub(super) kind: &'static str,
    pub(super) title: String,
    pub(super) steps: Vec<Step>,
    pub(super) effects: Effects,
    pub(super) notes: Vec<String>,
}

/// What a write changes, and to what; what was there before is no part of it.
fn mark(write: &Write) -> String {
    let what = match &write.act {
        Act::Put { becomes, .. } => becomes.to_string(),
        Act::Delete { .. } => String::new(),
        Act::Edit { edits, .. } => edits
            .iter()
            .map(|edit| format!("{}={}", edit.path, edit.becomes.clone().unwrap_or_default()))
            .collect::<Vec<_>>()
            .join("\n"),
        Act::Run { action, body, .. } => format!("{action} {}", body.clone().unwrap_or_default()),
    };
    format!("{}\n{what}", write.target)
}

/// Text of the input on one line, without what a backtick would end.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '`' { ' ' } else { c }).collect()
}

/// The tasks of some checks.
pub(super) fn pick<'f>(tasks: &[Task<'f>], codes: &[&str]) -> Vec<Task<'f>> {
    tasks.iter().filter(|task| codes.contains(&task.code)).copied().collect()
}

/// A fact of a finding.
pub(super) fn fact<'f>(finding: &'f Finding, name: &str) -> Option<&'f str> {
    finding.facts.iter().find(|(its, _)| *its == name).map(|(_, value)| value.as_str())
}

/// A member of a record that is to become something.
pub(super) fn edit(record: &Value, path: impl Into<String>, becomes: impl Into<Value>) -> Edit {
    let path = path.into();
    let was = at(record, &path).filter(|value| !value.is_null()).map(writable);
    Edit { path, was, becomes: Some(becomes.into()) }
}

/// A step that edits a resource.
pub(super) fn edits(says: String, target: &str, version: &str, edits: Vec<Edit>, whole: bool) -> Step {
    let act = Act::Edit { edits, whole };
    Step {
        says,
        write: Write { target: target.to_owned(), api_version: version.to_owned(), act },
        change: None,
    }
}

/// A step that has Azure do something.
pub(super) fn run(
    says: String,
    target: &str,
    version: &str,
    (action, body, undo): (&str, Option<Value>, Option<&str>),
) -> Step {
    let act = Act::Run { action: action.to_owned(), body, undo: undo.map(str::to_owned) };
    Step {
        says,
        write: Write { target: target.to_owned(), api_version: version.to_owned(), act },
        change: None,
    }
}

/// A step that makes a resource.
pub(super) fn put(says: String, target: String, version: &str, was: Option<&Value>, becomes: Value) -> Step {
    let act = Act::Put { was: was.map(writable), becomes };
    Step { says, write: Write { target, api_version: version.to_owned(), act }, change: None }
}

/// A step that removes a resource.
pub(super) fn delete(
    says: String,
    target: String,
    version: &str,
    was: &Value,
    change: Option<Change>,
) -> Step {
    let act = Act::Delete { was: writable(was) };
    Step { says, write: Write { target, api_version: version.to_owned(), act }, change }
}

/// The value of a record at a path, as text.
pub(super) fn text<'v>(record: &'v Value, path: &str) -> Option<&'v str> {
    at(record, path).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A value of a record at a path, as a flag.
pub(super) fn flag(record: &Value, path: &str) -> Option<bool> {
    at(record, path).and_then(Value::as_bool)
}

/// The region of a resource as Azure writes it in ids: `japaneast`.
pub(super) fn region(record: &Value) -> Option<String> {
    let told = text(record, "location")?;
    let region: String = told.chars().filter(|c| !c.is_whitespace()).collect();
    Some(region.to_ascii_lowercase())
}

/// Whether an id is of a type.
pub(super) fn is_of_type(id: &str, wanted: &str) -> bool {
    resource_type(id).is_some_and(|its| its.eq_ignore_ascii_case(wanted))
}

/// Tasks by something of theirs, those of one kind after each other, in a stable order.
pub(super) fn grouped<'f>(
    tasks: &[Task<'f>],
    of: impl Fn(&Task<'f>) -> Option<String>,
) -> Vec<(String, Vec<Task<'f>>)> {
    let mut all: std::collections::BTreeMap<String, Vec<Task<'f>>> = std::collections::BTreeMap::new();
    for task in tasks {
        if let Some(key) = of(task) {
            all.entry(key.to_ascii_lowercase()).or_default().push(*task);
        }
    }
    all.into_iter().collect()
}
