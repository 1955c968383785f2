//! Faults that happen on purpose, by a script: the first so many requests that fit go wrong in a way.

use std::sync::{Mutex, PoisonError};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller may not.
    Forbidden,
    /// There is no such thing.
    Missing,
    /// Nobody has registered the provider in the subscription.
    Unregistered,
    /// Nobody has bought what the question is about.
    Unlicensed,
    /// The token is too old.
    Expired,
    /// Too many requests; with seconds to wait, or without a word of it.
    Throttled(Option<u64>),
    /// Azure is not well.
    Unavailable,
    /// Half of the answer, and the connection ends.
    Half,
    /// The connection ends before the answer.
    Cut,
    /// A page that is empty, where rows should be.
    Lost,
    /// The first page again.
    Repeated,
    /// `resultTruncated`, and no word of where it goes on.
    Truncated,
    /// Something that is no JSON.
    Nonsense,
    /// The next page is on another host.
    Elsewhere,
}

/// A fault, and where it happens.
#[derive(Clone, Debug)]
pub struct Script {
    /// What the request holds: a part of its path, or of its body.
    pub when: String,
    /// What goes wrong.
    pub fault: Fault,
    /// How many requests pass before that.
    pub after: usize,
    /// How many requests go wrong.
    pub times: usize,
}

/// What is left of scripts.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Script>>);

impl Faults {
    pub(crate) fn new(all: Vec<Script>) -> Self {
        Self(Mutex::new(all))
    }

    /// The fault of a request, if one is due.
    pub(crate) fn of(&self, path: &str, body: &str) -> Option<Fault> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for script in all.iter_mut().filter(|script| script.times > 0) {
            if !path.contains(&script.when) && !body.contains(&script.when) {
                continue;
            }
            if script.after > 0 {
                script.after -= 1;
                continue;
            }
            script.times -= 1;
            return Some(script.fault.clone());
        }
        None
    }
}
