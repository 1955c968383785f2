//! Operations that go on after the answer: how long, how they end, and what a second one on the same resource meets.
//!
//! INVARIANT: an operation ends once, by polls or by the clock, and what it changes is changed then or, as
//! [`Effect`] has it, when it was accepted; one that was canceled or has failed changes nothing at its end.
//!
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::store::{Change, apply, settle};
use crate::answers::Answer;
use crate::clock::rfc3339;
use crate::world::World;

/// When a write is in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effect {
    /// As soon as it is accepted; `provisioningState` is `Updating` until the end.
    #[default]
    Accepted,
    /// At the end of its operation; one that fails or is canceled changes nothing.
    Completed,
}

/// What a write meets while another one runs on the same resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conflict {
    /// The first is completed at once, and the second goes on.
    #[default]
    Waits,
    /// 429 `RetryableErrorDueToAnotherOperation` for the second.
    Retryable,
    /// 409 `AnotherOperationInProgress` for the second.
    InProgress,
    /// 409 `ConflictingConcurrentWriteNotAllowed` for the second.
    ConcurrentWrite,
    /// The first ends `Canceled`, of `CanceledAndSupersededDueToAnotherOperation`, and the second goes on. Where a write
    /// is refused at once ([`crate::Fault::Refused`]), it is by 409 with that code.
    Superseded,
}

impl Conflict {
    /// The answer to a write that is refused. Messages: Azure/ARO-RP's fault injection, and logs of terraform's.
    pub(crate) fn refusal(self) -> Answer {
        match self {
            Self::Waits | Self::Retryable => Answer::error(
                429,
                "RetryableErrorDueToAnotherOperation",
                "Operation is preempted by another operation on the same resource. Please retry later.",
            )
            .with("retry-after", 1),
            Self::InProgress => Answer::error(
                409,
                "AnotherOperationInProgress",
                "Another operation on this or dependent resource is in progress.",
            ),
            Self::ConcurrentWrite => Answer::error(
                409,
                "ConflictingConcurrentWriteNotAllowed",
                "The operation was interrupted by a conflicting concurrent write on the same entity. Please retry later.",
            ),
            Self::Superseded => Answer::error(
                409,
                "CanceledAndSupersededDueToAnotherOperation",
                "Operation was canceled due to a conflicting operation. Please retry later.",
            ),
        }
    }
}

/// How an operation ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    #[default]
    Succeeded,
    /// With a code and a message.
    Failed(String, String),
    /// Canceled, and superseded by another one, which may be nobody's that one sees.
    Superseded(String),
}

/// An operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// `PutSecurityRuleOperation`, as messages call it.
    pub(crate) name: &'static str,
    /// The resource that nothing else may be done to meanwhile, in lower case.
    pub(crate) target: String,
    /// What is in another state at the end; empty for what has none.
    pub(crate) settles: String,
    pub(crate) started: i64,
    pub(crate) ends: i64,
    pub(crate) polls: usize,
    pub(crate) running: bool,
    pub(crate) end: End,
    /// What is changed at the end.
    pub(crate) changes: Vec<Change>,
    /// What is told beside the status.
    pub(crate) output: Option<Value>,
}

/// Operations, the latest at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Operations(VecDeque<Operation>);

/// How many operations are remembered.
const REMEMBERED: usize = 10_000;

impl Operations {
    pub(crate) fn push(&mut self, operation: Operation) {
        self.0.push_back(operation);
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    /// Whether something ends by the clock.
    pub(crate) fn is_due(&self, now: i64) -> bool {
        self.0.iter().any(|one| one.running && one.ends <= now)
    }

    fn by_id(&mut self, id: &str) -> Option<&mut Operation> {
        self.0.iter_mut().find(|one| one.id == id)
    }

    pub(crate) fn running_on(&mut self, target: &str) -> Option<&mut Operation> {
        self.0.iter_mut().find(|one| one.running && one.target == target)
    }
}

/// Ends what is over by the clock.
pub(crate) fn tick(world: &mut World, now: i64) {
    while let Some(id) =
        world.operations.0.iter().find(|one| one.running && one.ends <= now).map(|one| one.id.clone())
    {
        finish(world, &id, now);
    }
}

/// Ends an operation in its way.
pub(crate) fn finish(world: &mut World, id: &str, now: i64) {
    let Some(one) = world.operations.by_id(id).filter(|one| one.running) else { return };
    one.running = false;
    one.ends = now;
    let (end, settles, changes) = (one.end.clone(), one.settles.clone(), std::mem::take(&mut one.changes));
    match end {
        End::Succeeded => {
            changes.iter().for_each(|change| apply(world, change, now));
            settle(world, &settles, "Succeeded", now);
        }
        End::Failed(..) => settle(world, &settles, "Failed", now),
        // The other one goes on with the resource.
        End::Superseded(_) => settle(world, &settles, "Succeeded", now),
    }
}

/// Cancels what runs on a resource: another one takes its place.
pub(crate) fn supersede(world: &mut World, target: &str, by: &str, now: i64) {
    while let Some(one) = world.operations.running_on(target) {
        one.end = End::Superseded(by.to_owned());
        let id = one.id.clone();
        finish(world, &id, now);
    }
}

/// The answer to a poll of an operation; none where it is not one of ours. `last` is for the address of `Location`, which
/// answers 202 as long as it runs, and then what there is to tell.
pub(crate) fn poll(world: &mut World, path: &str, last: bool, now: i64) -> Option<Answer> {
    let id = path.rsplit('/').next().unwrap_or_default();
    let one = world.operations.by_id(id)?;
    if one.running && one.polls == 0 {
        finish(world, id, now);
    }
    let retry_after = world.writes.retry_after;
    let one = world.operations.by_id(id)?;
    one.polls = one.polls.saturating_sub(1);
    if one.running {
        return Some(if last {
            Answer { status: 202, headers: Vec::new(), body: Value::Null }.with("retry-after", retry_after)
        } else {
            Answer::ok(json!({"status": "InProgress", "name": one.id, "startTime": rfc3339(one.started)}))
                .with("retry-after", retry_after)
        });
    }
    if last && one.end == End::Succeeded {
        return Some(match &one.output {
            Some(output) => Answer::ok(output.clone()),
            None => Answer { status: 204, headers: Vec::new(), body: Value::Null },
        });
    }
    let mut body = json!({"startTime": rfc3339(one.started), "endTime": rfc3339(one.ends)});
    let mut say = |name: &str, value: Value| {
        if let Some(body) = body.as_object_mut() {
            body.insert(name.to_owned(), value);
        }
    };
    match &one.end {
        End::Succeeded => {
            say("status", "Succeeded".into());
            if let Some(output) = &one.output {
                say("properties", json!({"output": output}));
            }
        }
        End::Failed(code, message) => {
            say("status", "Failed".into());
            say("error", json!({"code": code, "message": message, "details": []}));
        }
        End::Superseded(by) => {
            let name = one.name;
            say("status", "Canceled".into());
            say(
                "error",
                json!({"code": "Canceled", "message": "Operation was canceled.", "details": [
                {"code": "CanceledAndSupersededDueToAnotherOperation", "message":
                    format!("Operation {name} ({}) was canceled and superseded by operation {name} ({by}).", one.id)}]}),
            );
        }
    }
    say("name", one.id.clone().into());
    let answer = Answer::ok(body);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(polls: usize, end: End) -> World {
        let mut world = World::new("t", []);
        world.operations.push(Operation {
            id: "one".to_owned(),
            name: "PutSecurityRuleOperation",
            target: "/n".to_owned(),
            settles: String::new(),
            started: 0,
            ends: 60,
            polls,
            running: true,
            end,
            changes: vec![Change::Put(json!({"id": "/subscriptions/s/resourceGroups/g/providers/a.b/c/d"}))],
            output: None,
        });
        world
    }

    #[test]
    fn an_operation_runs_for_so_many_polls() {
        let mut world = started(2, End::Succeeded);
        let mut status = || poll(&mut world, "x/operations/one", false, 1).unwrap().body["status"].clone();
        assert_eq!(
            [status(), status(), status(), status()],
            ["InProgress", "InProgress", "Succeeded", "Succeeded"]
        );
        assert_eq!(world.len(), 0, "Resource Graph knows after a question");
        assert_eq!(world.resources.len(), 1);
        let mut world = started(1, End::Succeeded);
        let mut status = || poll(&mut world, "one", true, 1).unwrap().status;
        assert_eq!([status(), status()], [202, 204]);
        assert!(poll(&mut world, "two", true, 1).is_none());
    }

    #[test]
    fn an_operation_ends_by_the_clock_when_nobody_asks() {
        let mut world = started(9, End::Succeeded);
        assert!(!world.operations.is_due(59) && world.operations.is_due(60));
        tick(&mut world, 60);
        assert_eq!((world.resources.len(), world.operations.is_due(61)), (1, false));
    }

    #[test]
    fn what_fails_or_is_canceled_changes_nothing() {
        let mut world = started(0, End::Failed("InternalServerError".to_owned(), "an error".to_owned()));
        let said = poll(&mut world, "one", false, 1).unwrap().body;
        assert_eq!(
            (&said["status"], &said["error"]["code"]),
            (&json!("Failed"), &json!("InternalServerError"))
        );
        let mut world2 = started(5, End::Succeeded);
        supersede(&mut world2, "/n", "two", 1);
        let said = poll(&mut world2, "one", false, 1).unwrap().body;
        assert_eq!(said["status"], "Canceled");
        assert_eq!(said["error"]["details"][0]["code"], "CanceledAndSupersededDueToAnotherOperation");
        assert!(
            said["error"]["details"][0]["message"]
                .as_str()
                .unwrap()
                .ends_with("PutSecurityRuleOperation (two).")
        );
        assert_eq!(world.resources.len() + world2.resources.len(), 0);
    }
}
