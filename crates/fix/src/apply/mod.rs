//! Carrying out, step by step: a machine that is told what happened and says what is to happen next.
//!
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations> (201 and 202 are not the
//! end of a write), <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>
//! (`RetryableErrorDueToAnotherOperation`).
//!
//! INVARIANT: no clock, no file, no socket. A write is sent only after its [`Entry`] is on disk, and after a read that showed
//! the resource as the write expects it; it counts as done only after a read that showed what it makes.

mod lanes;
mod machine;
mod prepare;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use lanes::lanes;
pub use machine::{Machine, Patience};
pub use prepare::{Conflict, Prepared, Target, prepare, targets};

use crate::plan::Fix;
use crate::write::Write;

pub use crate::undo::{Entry, What};

/// Which step of which fix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The id of the fix.
    pub fix: String,
    /// The number of the step in it, from 0.
    pub step: usize,
}

/// One write to carry out.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Which it is.
    pub place: Place,
    /// What is written.
    pub write: Write,
    /// Where an earlier run was told to ask how its write goes: that one is followed to its end before anything is read.
    pub operation: Option<String>,
    /// Whether an earlier run may have sent this very write already.
    pub perhaps: bool,
    /// Whether an earlier run never saw how the write ended that this one takes back: what is seen first may be too early.
    pub unseen: bool,
}

/// The writes of one fix, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The id of the fix.
    pub fix: String,
    /// What it does, for people.
    pub title: String,
    /// Its writes.
    pub tasks: Vec<Task>,
    /// The ids of the fixes whose jobs have to be complete before this one begins.
    pub after: Vec<String>,
}

impl Job {
    /// The writes of a fix, none of them begun.
    pub fn new(fix: &str, title: &str, writes: impl IntoIterator<Item = Write>) -> Self {
        let task = |(step, write)| Task {
            place: Place { fix: fix.to_owned(), step },
            write,
            operation: None,
            perhaps: false,
            unseen: false,
        };
        let tasks = writes.into_iter().enumerate().map(task).collect();
        Self { fix: fix.to_owned(), title: title.to_owned(), tasks, after: Vec::new() }
    }
}

impl From<&Fix> for Job {
    fn from(fix: &Fix) -> Self {
        let job = Self::new(&fix.id, &fix.title, fix.steps.iter().map(|step| step.write.clone()));
        Self { after: fix.after.clone(), ..job }
    }
}

/// Which way a job is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As planned: the first failure ends it.
    Apply,
    /// Taken back: what cannot be taken back is told, and the rest goes on.
    Undo,
}

/// What is to happen next. Each is answered by one [`Event`].
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A resource is to be read from Resource Manager itself, never from an index: [`Event::Read`] or [`Event::Unread`].
    Read {
        /// Its id.
        target: String,
        /// The version of its provider's interface.
        api_version: String,
        /// Whether what the VM does is wanted too: `$expand=instanceView`. Without it an action is taken to be done when Azure
        /// says so, and one that is not needed is done all the same.
        view: bool,
    },
    /// A line is to be on disk, for good: [`Event::Recorded`] or [`Event::Unrecorded`].
    Record(Entry),
    /// A write is to be sent, once: [`Event::Sent`].
    Send(Request),
    /// An operation is to be asked after: [`Event::Polled`].
    Poll {
        /// Where. It comes from Azure's answer, or from a file: whoever sends a token there looks at the host first.
        url: String,
    },
    /// Time is to pass, anything between the two, so that many who wait do not come back at once: [`Event::Waited`].
    Wait {
        /// At least so long.
        least: Duration,
        /// At most so long.
        most: Duration,
    },
    /// It is over.
    Ended(Outcome),
}

/// The method of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Makes or replaces.
    Put,
    /// Changes members.
    Patch,
    /// Removes.
    Delete,
    /// Has something done.
    Post,
}

impl Method {
    /// As HTTP has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Post => "POST",
        }
    }
}

/// A write as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The id of the resource.
    pub target: String,
    /// The version of its provider's interface.
    pub api_version: String,
    /// The action below the resource, for POST.
    pub action: Option<String>,
    /// The body.
    pub body: Option<Value>,
    /// `If-Match`: the ETag of what was read. Of parts of a group nobody knows whether Azure looks at it.
    pub if_match: Option<String>,
    /// `If-None-Match: *`: nothing must be there.
    pub if_none_match: bool,
}

/// A resource as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The resource.
    pub body: Value,
    /// Its ETag, from the header; that of the body counts where there is none.
    pub etag: Option<String>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The first of all.
    Begin,
    /// A resource was read; nothing where it is not there.
    Read(Option<Found>),
    /// It could not be read.
    Unread {
        /// Why.
        why: String,
        /// Whether it may help to try again.
        again: bool,
    },
    /// The line is on disk.
    Recorded,
    /// The line is not on disk.
    Unrecorded {
        /// Why.
        why: String,
    },
    /// A write was answered, or was not.
    Sent(Answer),
    /// What is said of an operation.
    Polled(Poll),
    /// Time has passed.
    Waited,
}

/// What came of one attempt to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Azure says that it is done.
    Done,
    /// Azure has taken it, and works on it.
    Accepted {
        /// Where to ask how it goes; nothing where it was not told, or on a host that gets no token.
        operation: Option<String>,
        /// How long to wait before.
        retry_after: Option<Duration>,
    },
    /// Nobody knows whether Azure has taken it: the connection was cut, or a server failed.
    Unsure {
        /// What was the matter.
        why: String,
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// It certainly did not get there.
    NotSent {
        /// What was the matter.
        why: String,
    },
    /// Another operation is under way.
    Busy {
        /// Azure's word for it.
        code: String,
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// The resource is not as it was read any more.
    Precondition,
    /// Too many requests.
    Throttled {
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// Azure does not take it.
    Refused {
        /// The status of HTTP.
        status: u16,
        /// Azure's word for it.
        code: String,
        /// What it says.
        message: String,
    },
}

/// What is said of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Poll {
    /// It goes on.
    Running {
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// It is done.
    Succeeded,
    /// It is over, and not done.
    Failed {
        /// Azure's word for it.
        code: String,
        /// What it says.
        message: String,
    },
    /// It was given up, by another operation or by a person.
    Canceled {
        /// Whether another operation took its place.
        superseded: bool,
    },
    /// Nobody knows of it any more.
    Gone,
    /// It could not be asked.
    Unasked {
        /// Why.
        why: String,
    },
}

/// How a job came out: nothing here is assumed, all of it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How each write stands, in the order in which they were to be made.
    pub told: Vec<Told>,
    /// How it ended.
    pub end: End,
    /// Why lines could not be written to disk, where they could not.
    pub unrecorded: Option<String>,
}

/// How one write stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Which.
    pub place: Place,
    /// How it stands.
    pub status: Status,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of it is as planned.
    Complete,
    /// Somebody stopped it.
    Stopped,
    /// Something failed.
    Failed,
}

/// How a write stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// Made, and seen to be there.
    Done,
    /// Nothing had to be done.
    Already,
    /// Not made, or not seen to be there.
    Failed {
        /// Why.
        why: Why,
        /// Whether Azure may have taken it all the same.
        sent: bool,
        /// What was there when it was looked at last.
        found: Option<Value>,
    },
    /// Left while it was under way.
    Left {
        /// Whether Azure may have taken it.
        sent: bool,
    },
    /// Not begun.
    NotBegun,
}

/// Why a write failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Why {
    /// The resource is neither as it was nor as it is to become.
    #[error("somebody else has changed the resource")]
    Conflict,
    /// It was written, and something else is there.
    #[error("what is there is not what was written")]
    Changed,
    /// Azure does not take it.
    #[error("Azure refused it: {status} ({code}): {message}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// Azure's word for it.
        code: String,
        /// What it says.
        message: String,
    },
    /// Azure took it, and could not do it.
    #[error("Azure could not do it ({code}): {message}")]
    Operation {
        /// Azure's word for it.
        code: String,
        /// What it says.
        message: String,
    },
    /// It was tried as often as is sensible.
    #[error("given up after {tries} tries: {last}")]
    GaveUp {
        /// How often it was sent.
        tries: u32,
        /// What was the matter the last time.
        last: String,
    },
    /// Nobody can tell whether it was done, and doing it twice may do harm.
    #[error("nobody can tell whether it was done; look at the resource before it is tried again")]
    Unsure,
    /// Somebody stopped it.
    #[error("stopped")]
    Stopped,
    /// The resource cannot be read.
    #[error("the resource cannot be read: {why}")]
    Unread {
        /// Why.
        why: String,
    },
    /// The undo file cannot be written, so nothing is sent.
    #[error("the undo file cannot be written: {why}")]
    Unrecorded {
        /// Why.
        why: String,
    },
}
