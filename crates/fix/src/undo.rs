//! The undo file, `sekimori.undo/1`: what was to be written, what was there before, and how far it came.
//!
//! One JSON object a line. The first tells whose it is, the next are the planned writes, all others are added one by one, each
//! on disk before what it says is done. A crash leaves a torn last line at worst, and that says nothing that was acted on.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::apply::{Job, Place, Task, Why};
use crate::write::{Act, Write};

/// What the first line of a file says that it is.
pub const SCHEMA: &str = "sekimori.undo/1";

/// The most steps that a path of an edit may have.
const STEPS: usize = 64;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// Who writes.
    pub who: String,
    /// When it began: a moment in RFC 3339.
    pub when: String,
    /// What the plan was made from.
    pub source: String,
    /// The fixes.
    pub fixes: Vec<HeadFix>,
}

/// A fix of the first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeadFix {
    /// Its id.
    pub id: String,
    /// What it does.
    pub title: String,
    /// How many writes it has.
    pub steps: usize,
    /// The ids of the fixes that had to be complete before it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

#[derive(Serialize)]
struct HeadLine<'h> {
    schema: &'static str,
    #[serde(flatten)]
    head: &'h Head,
}

/// What became of one write.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which write.
    pub place: Place,
    /// What became of it.
    pub what: What,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum What {
    /// It is planned, on what was found when all was looked at.
    Planned {
        /// The write.
        write: Write,
    },
    /// It is about to be sent, on what was found just now.
    Intended {
        /// The write, which holds what was there.
        write: Write,
    },
    /// Azure has taken it, and works on it.
    Operation {
        /// Where to ask how it goes.
        url: String,
    },
    /// It was seen to be there.
    Done,
    /// It was there before.
    Already,
    /// It was not made, or not seen to be there.
    Failed {
        /// Why.
        why: Why,
        /// Whether Azure may have taken it all the same.
        sent: bool,
    },
    /// It is about to be taken back.
    Undoing {
        /// The write that takes it back.
        write: Write,
    },
    /// Azure takes it back, and works on it.
    UndoOperation {
        /// Where to ask how it goes.
        url: String,
    },
    /// It was seen to be taken back.
    Undone,
    /// It was not taken back.
    UndoFailed {
        /// Why.
        why: Why,
    },
}

#[derive(Serialize, Deserialize)]
struct Line<'l> {
    fix: std::borrow::Cow<'l, str>,
    step: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<std::borrow::Cow<'l, str>>,
    #[serde(flatten)]
    what: std::borrow::Cow<'l, What>,
}

impl Entry {
    /// The entry as a line, its end included. `at` is the moment, in RFC 3339.
    pub fn line(&self, at: &str) -> String {
        line(&Line {
            fix: (&*self.place.fix).into(),
            step: self.place.step,
            at: Some(at.into()),
            what: std::borrow::Cow::Borrowed(&self.what),
        })
    }
}

fn line(value: &impl Serialize) -> String {
    // INVARIANT: keys are strings and no value refuses, so this cannot fail.
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

/// What a new file begins with: who, and everything that is planned. It has to be on disk before anything is written to Azure.
pub fn begin(head: &Head, jobs: &[Job]) -> String {
    let mut text = line(&HeadLine { schema: SCHEMA, head });
    for task in jobs.iter().flat_map(|job| &job.tasks) {
        let what = What::Planned { write: task.write.clone() };
        text.push_str(&Entry { place: task.place.clone(), what }.line(&head.when));
    }
    text
}

impl Head {
    /// The first line for jobs.
    pub fn new(who: &str, when: &str, source: &str, jobs: &[Job]) -> Self {
        let fix = |job: &Job| HeadFix {
            id: job.fix.clone(),
            title: job.title.clone(),
            steps: job.tasks.len(),
            after: job.after.clone(),
        };
        Self {
            who: who.to_owned(),
            when: when.to_owned(),
            source: source.to_owned(),
            fixes: jobs.iter().map(fix).collect(),
        }
    }
}

/// An undo file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    /// Its first line.
    pub head: Head,
    /// What became of writes, in the order in which it happened, each with its moment.
    pub entries: Vec<(Entry, Option<String>)>,
    /// How many bytes are whole lines. Who adds to the file cuts off what comes after, and ends the last line where
    /// [`Journal::open`] says that its end is missing.
    pub whole: usize,
    /// Whether the last line that counts lacks its end.
    pub open: bool,
}

/// Why an undo file cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Its first line is not there, or torn.
    #[error("it has no whole first line: nothing was written to Azure by it")]
    Empty,
    /// It is no undo file.
    #[error("it is no undo file of sekimori: its first line has no `schema` of `{SCHEMA}`")]
    Foreign,
    /// It is of another version.
    #[error("it is of `{0}`, and this version of sekimori reads `{SCHEMA}`: use the version that wrote it")]
    Version(String),
    /// A line cannot be read.
    #[error("line {number} cannot be read: {detail}")]
    Line {
        /// The number of the line, from 1.
        number: usize,
        /// What is wrong with it.
        detail: String,
    },
}

/// What an undo file takes back.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Undo {
    /// The writes that take back what may have been written, the last first. They are carried out by [`crate::apply::Way::Undo`].
    pub jobs: Vec<Job>,
    /// What may have been done, and nothing takes back.
    pub cannot: Vec<Place>,
    /// What was taken back already.
    pub undone: Vec<Place>,
}

impl Journal {
    /// Reads a file, whatever it holds.
    ///
    /// # Errors
    ///
    /// It is no undo file, of another version, or a line other than the last cannot be read.
    pub fn read(bytes: &[u8]) -> Result<Self, JournalError> {
        let mut lines = Lines { bytes, at: 0, number: 0 };
        let first = lines.next().ok_or(JournalError::Empty)?;
        let head = head(&first)?;
        let mut journal = Self { head, entries: Vec::new(), whole: first.end, open: !first.closed };
        for one in lines {
            if one.text.trim_ascii().is_empty() {
                continue;
            }
            match entry(one.text) {
                Ok(entry) => {
                    journal.entries.push(entry);
                    (journal.whole, journal.open) = (one.end, !one.closed);
                }
                // A torn line says nothing that was acted on; one that is whole and strange is of somebody else.
                Err(_) if one.end == bytes.len() && is_torn(&one) => break,
                Err(detail) => return Err(JournalError::Line { number: one.number, detail }),
            }
        }
        Ok(journal)
    }

    /// What has to be written so that everything that may have been written is taken back.
    pub fn undo(&self) -> Undo {
        let mut steps: Vec<Step> = Vec::new();
        let mut known: HashMap<&Place, usize> = HashMap::new();
        for (number, (entry, _)) in self.entries.iter().enumerate() {
            let index = *known.entry(&entry.place).or_insert_with(|| {
                steps.push(Step::new(&entry.place));
                steps.len() - 1
            });
            if let Some(step) = steps.get_mut(index) {
                step.take(number, &entry.what);
            }
        }
        steps.retain(|step| step.sent && !step.write.is_some_and(Write::changes_nothing));
        steps.sort_by_key(|step| std::cmp::Reverse(step.order));
        without_idle_brackets(&mut steps);
        // Actions stand around what they are for: a VM is stopped for a change, and started after it. Where the change is still
        // to be taken back, they are done again; where it is not, the one that was done last counts, and those after it follow.
        let mut open: HashSet<&str> = HashSet::new();
        let mut last: HashMap<&str, (usize, usize)> = HashMap::new();
        let mut actions: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, step) in steps.iter().enumerate() {
            let fix = step.place.fix.as_str();
            if !step.is_action() && !step.undone {
                open.insert(fix);
            }
            if step.is_action() && (step.undone || step.undoing || step.missed) {
                actions.entry(fix).or_default().push(number);
            }
            if let Some(acted) = step.acted.filter(|_| step.is_action()) {
                let last = last.entry(fix).or_insert((acted, number));
                *last = (*last).max((acted, number));
            }
        }
        let mut undo = Undo::default();
        let mut jobs: HashMap<&str, usize> = HashMap::new();
        for (number, step) in steps.iter().enumerate() {
            let fix = step.place.fix.as_str();
            let over = match step.is_action() {
                true => {
                    let last = last.get(fix).map(|(_, last)| *last);
                    !open.contains(fix)
                        && last.is_some_and(|last| number < last || number == last && step.undone)
                }
                false => step.undone,
            };
            if over {
                undo.undone.push(step.place.clone());
                continue;
            }
            let Some(write) = step.write.and_then(Write::undo) else {
                undo.cannot.push(step.place.clone());
                continue;
            };
            let task = Task {
                place: step.place.clone(),
                write,
                operation: step.operation.map(str::to_owned),
                perhaps: step.undoing && !step.undone,
                unseen: !step.seen,
            };
            let job = *jobs.entry(fix).or_insert_with(|| {
                undo.jobs.push(Job::new(fix, self.title(fix), []));
                undo.jobs.len() - 1
            });
            let Some(job) = undo.jobs.get_mut(job) else { continue };
            // The VM was started again before its change was taken back, and nothing stops it for that: it is stopped anew.
            let ahead = actions.get(fix).and_then(|all| all.iter().find(|one| **one > number));
            let ahead = ahead.filter(|_| job.tasks.is_empty() && !step.is_action());
            if let Some((place, write)) =
                ahead.and_then(|one| steps.get(*one)).and_then(|step| Some((step.place, step.write?)))
            {
                let write = write.clone();
                job.tasks.push(Task {
                    place: place.clone(),
                    write,
                    operation: None,
                    perhaps: false,
                    unseen: false,
                });
            }
            job.tasks.push(task);
        }
        self.turn_around(&mut undo.jobs);
        undo
    }

    /// What others waited for is taken back after all of them. Those began after it, so they come before it here; whatever a
    /// file says, no two jobs wait for each other.
    fn turn_around(&self, jobs: &mut [Job]) {
        let mut dependents: HashMap<&str, Vec<&str>> = HashMap::new();
        for fix in &self.head.fixes {
            for after in &fix.after {
                dependents.entry(after).or_default().push(&fix.id);
            }
        }
        let mut before: HashSet<String> = HashSet::new();
        for job in jobs {
            let its = dependents.get(job.fix.as_str()).into_iter().flatten();
            job.after = its.filter(|id| before.contains(**id)).map(|id| (*id).to_owned()).collect();
            before.insert(job.fix.clone());
        }
    }

    fn title(&self, fix: &str) -> &str {
        self.head.fixes.iter().find(|one| one.id == fix).map(|one| one.title.as_str()).unwrap_or_default()
    }
}

/// Any bytes as an undo file, and what would be done with it. For fuzzing.
#[doc(hidden)]
pub fn read_anything(bytes: &[u8]) {
    let Ok(journal) = Journal::read(bytes) else { return };
    let undo = journal.undo();
    let _ = crate::apply::lanes(&undo.jobs);
    for task in undo.jobs.iter().flat_map(|job| &job.tasks) {
        let there = match &task.write.act {
            Act::Put { was, .. } => was.clone(),
            Act::Delete { was } => Some(was.clone()),
            Act::Edit { .. } | Act::Run { .. } => None,
        };
        let _ = (task.write.state(there.as_ref()), there.as_ref().and_then(|there| task.write.edited(there)));
    }
}

/// One write, as its entries tell.
struct Step<'j> {
    place: &'j Place,
    /// The last intent: what it found is what is brought back.
    write: Option<&'j Write>,
    /// When it was intended first.
    order: usize,
    /// Whether Azure may have taken it.
    sent: bool,
    /// Whether it was seen to be there.
    seen: bool,
    operation: Option<&'j str>,
    undoing: bool,
    undone: bool,
    /// Whether the way back was last the way there: an action that is done anew, for another write that is taken back.
    anew: bool,
    /// Whether that was not seen to be done.
    missed: bool,
    /// When the way back was last sent, or seen.
    acted: Option<usize>,
}

impl<'j> Step<'j> {
    fn new(place: &'j Place) -> Self {
        Self {
            place,
            write: None,
            order: 0,
            sent: false,
            seen: false,
            operation: None,
            undoing: false,
            undone: false,
            anew: false,
            missed: false,
            acted: None,
        }
    }

    fn is_action(&self) -> bool {
        self.write.is_some_and(|write| matches!(write.act, Act::Run { .. }))
    }

    fn take(&mut self, number: usize, what: &'j What) {
        match what {
            What::Planned { .. } => {}
            What::Intended { write } => {
                if self.write.is_none() {
                    self.order = number;
                }
                (self.write, self.sent, self.operation) = (Some(write), true, None);
            }
            What::Operation { url } | What::UndoOperation { url } => self.operation = Some(url),
            What::Done => (self.sent, self.seen, self.operation) = (true, true, None),
            What::Already => (self.sent, self.operation) = (false, None),
            What::Failed { sent, .. } => self.sent = *sent,
            // The way back was sent: however the way there ended, that one is followed.
            What::Undoing { write } => {
                self.anew = self.is_action() && self.write.is_some_and(|its| its.act == write.act);
                (self.undoing, self.undone, self.missed) = (!self.anew, false, self.anew);
                (self.operation, self.acted) = (None, Some(number));
            }
            What::Undone => {
                (self.undone, self.missed, self.operation, self.acted) =
                    (!self.anew, false, None, Some(number))
            }
            What::UndoFailed { .. } => {}
        }
    }
}

/// Takes out actions that took back one another with no change between them: a VM that was stopped for a change that failed, and
/// started again, is as it was. `steps` has the last one first.
fn without_idle_brackets(steps: &mut Vec<Step<'_>>) {
    let changed: HashSet<String> =
        steps.iter().filter(|step| !step.is_action()).map(|step| step.place.fix.clone()).collect();
    let mut gone: HashSet<Place> = HashSet::new();
    for (number, closing) in steps.iter().enumerate() {
        let Some(Act::Run { action: closes, undo: Some(undo), .. }) = closing.write.map(|write| &write.act)
        else {
            continue;
        };
        if changed.contains(&closing.place.fix) || closing.acted.is_some() {
            continue;
        }
        let opens = |step: &&Step<'_>| {
            let is = |write: &&Write| {
                matches!(&write.act, Act::Run { action, undo: Some(its), .. } if action == undo && its == closes)
                    && Some(write.target.as_str()) == closing.write.map(|write| write.target.as_str())
            };
            step.place.fix == closing.place.fix && step.write.as_ref().is_some_and(is)
        };
        // Where nobody saw it started, only that is done once more.
        if let Some(opening) = steps.iter().skip(number + 1).find(opens) {
            gone.insert(closing.place.clone());
            if closing.seen {
                gone.insert(opening.place.clone());
            }
        }
    }
    steps.retain(|step| !gone.contains(step.place));
}

/// A line of a file.
struct Raw<'b> {
    text: &'b [u8],
    number: usize,
    /// Where the next one begins.
    end: usize,
    /// Whether it has its end.
    closed: bool,
}

struct Lines<'b> {
    bytes: &'b [u8],
    at: usize,
    number: usize,
}

impl<'b> Iterator for Lines<'b> {
    type Item = Raw<'b>;

    fn next(&mut self) -> Option<Raw<'b>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|byte| *byte == b'\n');
        let text = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        self.at += text.len() + usize::from(length.is_some());
        self.number += 1;
        Some(Raw { text, number: self.number, end: self.at, closed: length.is_some() })
    }
}

fn head(first: &Raw<'_>) -> Result<Head, JournalError> {
    #[derive(Deserialize)]
    struct Schema {
        schema: Option<serde_json::Value>,
    }
    let schema = match serde_json::from_slice::<Schema>(first.text) {
        Ok(Schema { schema }) => schema,
        Err(_) if !first.closed => return Err(JournalError::Empty),
        Err(_) => return Err(JournalError::Foreign),
    };
    match schema.as_ref().and_then(serde_json::Value::as_str) {
        Some(SCHEMA) => {}
        Some(other) if other.starts_with("sekimori.undo/") => {
            let other = other.chars().filter(|one| !one.is_control()).take(40).collect();
            return Err(JournalError::Version(other));
        }
        _ => return Err(JournalError::Foreign),
    }
    serde_json::from_slice(first.text)
        .map_err(|error| JournalError::Line { number: 1, detail: error.to_string() })
}

fn entry(text: &[u8]) -> Result<(Entry, Option<String>), String> {
    let line: Line<'_> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let what = line.what.into_owned();
    if let What::Planned { write } | What::Intended { write } | What::Undoing { write } = &what
        && let Act::Edit { edits, .. } = &write.act
        && edits.iter().any(|edit| edit.path.split('/').count() > STEPS)
    {
        return Err(format!("a path has more than {STEPS} steps"));
    }
    let place = Place { fix: line.fix.into_owned(), step: line.step };
    Ok((Entry { place, what }, line.at.map(std::borrow::Cow::into_owned)))
}

/// Whether a line is a part of one, or nothing that was ever written: what a disk leaves after a loss of power.
fn is_torn(line: &Raw<'_>) -> bool {
    !line.closed || serde_json::from_slice::<serde::de::IgnoredAny>(line.text).is_err()
}

#[cfg(test)]
mod tests;
