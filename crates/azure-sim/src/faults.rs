//! Faults that happen on purpose, by a script: the first so many requests that fit go wrong in a way.

use std::sync::{Mutex, PoisonError};

use crate::write::{Change, Conflict};

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
    /// The connection ends before the answer; what was to be written is not.
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
    /// A write is accepted and done, and the connection ends before the answer.
    CutAfter,
    /// A write is refused as if another one ran on the same resource; [`Conflict::Waits`] is as [`Conflict::Retryable`].
    Refused(Conflict),
    /// A write is refused (412): it has changed since.
    Changed,
    /// A write is accepted, and its operation ends `Failed`.
    Failed,
    /// A write is accepted, and its operation ends `Canceled`: another one has superseded it.
    Canceled,
    /// Somebody else does this first; then the request is served as it is.
    Meanwhile(Vec<Change>),
}

/// A fault, and where it happens.
#[derive(Clone, Debug)]
pub struct Script {
    /// What the request holds: a part of its path, or of its body. With a method and a space before it (`PUT /rules`) it is
    /// only of requests with that method; the method alone (`PUT `) is all of them.
    pub when: String,
    /// What goes wrong.
    pub fault: Fault,
    /// How many requests pass before that.
    pub after: usize,
    /// How many requests go wrong.
    pub times: usize,
}

const METHODS: [&str; 5] = ["GET", "PUT", "PATCH", "DELETE", "POST"];

/// What is left of scripts.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Script>>);

impl Faults {
    pub(crate) fn new(all: Vec<Script>) -> Self {
        Self(Mutex::new(all))
    }

    pub(crate) fn add(&self, more: Vec<Script>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(more);
    }

    /// The fault of a request, if one is due.
    pub(crate) fn of(&self, method: &str, path: &str, body: &str) -> Option<Fault> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for script in all.iter_mut().filter(|script| script.times > 0) {
            let (its, when) = script.when.split_once(' ').filter(|(word, _)| METHODS.contains(word)).unzip();
            let when = when.unwrap_or(&script.when);
            if its.is_some_and(|its| its != method) || !path.contains(when) && !body.contains(when) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_of_a_method_when_it_says_so() {
        let fault = |when: &str, method: &str| {
            let script = Script { when: when.to_owned(), fault: Fault::Cut, after: 0, times: 1 };
            Faults::new(vec![script]).of(method, "/a/securityRules/b", "{\"query\": 1}").is_some()
        };
        assert!(fault("securityRules", "GET") && fault("PUT securityRules", "PUT") && fault("PUT ", "PUT"));
        assert!(!fault("PUT securityRules", "GET") && !fault("PUT locks", "PUT") && !fault("PUT ", "DELETE"));
        assert!(fault("\"query\": 1", "POST"), "a space is no method");
    }
}
