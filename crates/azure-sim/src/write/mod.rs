//! What happens to requests that write: PUT, PATCH and DELETE of resources and of parts of them, and actions on VMs and
//! policies.
//!
//! INVARIANT: a write that is refused changes nothing. One that was accepted is done by its operation ([`operations`]), in
//! Resource Manager and, later, in Resource Graph.
//!
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations>,
//! <https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/resource-api-reference.md>

mod address;
mod allocate;
mod compute;
mod etag;
mod guard;
mod jit;
mod operations;
mod references;
mod resource;
mod shape;
mod store;
mod validate;

use serde_json::{Map, Value};

pub(crate) use address::{Address, parts_of};
pub(crate) use etag::{Conditions, NONE};
pub(crate) use jit::Grant;
pub use operations::{Conflict, Effect};
pub(crate) use operations::{Operations, poll};
pub use store::Change;
pub(crate) use store::{apply, find, parts};

use crate::answers::Answer;
use crate::faults::Fault;
use crate::quota::Rate;
use crate::world::World;

/// The names that Defender for Cloud gives its rules: <https://learn.microsoft.com/azure/defender-for-cloud/release-notes>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JitNames {
    /// `MicrosoftDefenderForCloud-JITRule…`
    #[default]
    Current,
    /// `SecurityCenter-JITRule…`, as it was until 2023.
    Old,
}

/// How writes go.
#[derive(Clone, Debug)]
pub struct Writes {
    /// How often a poll says that an operation runs; 0 is done with the answer.
    pub polls: usize,
    /// After how many seconds by its clock an operation ends, whether anybody polls or not.
    pub seconds: u64,
    /// What `Retry-After` says.
    pub retry_after: u64,
    /// When a write is in force.
    pub effect: Effect,
    /// What a write meets while another one runs on the same resource.
    pub conflict: Conflict,
    /// Whether what a resource refers to must be there.
    pub references: bool,
    /// After how many more questions Resource Graph knows of a write.
    pub late: usize,
    /// How extensions fail: code and message; without it they are installed.
    pub extensions_fail: Option<(String, String)>,
    /// How Defender for Cloud names its rules.
    pub jit_names: JitNames,
    /// How many writes are taken of a subscription.
    pub rate: Rate,
}

impl Default for Writes {
    fn default() -> Self {
        Self {
            polls: 1,
            seconds: 60,
            retry_after: 0,
            effect: Effect::default(),
            conflict: Conflict::default(),
            references: true,
            late: 0,
            extensions_fail: None,
            jit_names: JitNames::default(),
            rate: Rate::NONE,
        }
    }
}

/// A request that writes.
pub(crate) struct Request<'r> {
    pub(crate) method: &'r str,
    /// Without its first slash.
    pub(crate) path: &'r str,
    pub(crate) version: &'r str,
    pub(crate) body: &'r str,
    pub(crate) conditions: Conditions,
    /// Where we are.
    pub(crate) base: &'r str,
    /// Seconds since 1970.
    pub(crate) now: i64,
    pub(crate) fault: Option<&'r Fault>,
}

/// Ends what is over by the clock: operations, and access that was given for a time.
pub(crate) fn tick(world: &mut World, now: i64) {
    operations::tick(world, now);
    jit::expire(world, now);
}

/// Whether there is something to end.
pub(crate) fn is_due(world: &World, now: i64) -> bool {
    world.operations.is_due(now) || jit::is_due(world, now)
}

/// The answer to a PUT, PATCH or DELETE.
pub(crate) fn write(world: &mut World, request: &Request<'_>) -> Answer {
    let subscription = subscription(request.path);
    let (granted, left) = world
        .buckets
        .entry(subscription.to_ascii_lowercase())
        .or_default()
        .take(world.writes.rate, request.now);
    let kind = if request.method == "DELETE" { "deletes" } else { "writes" };
    let answer = match granted {
        Ok(()) => resource::write(world, request).unwrap_or_else(|refused| refused),
        Err(wait) => Answer::error(
            429,
            "SubscriptionRequestsThrottled",
            &format!("Number of '{kind}' requests for subscription '{subscription}' exceeded the limit. Please try again after '{wait}' seconds."),
        )
        .with("retry-after", wait),
    };
    let name = match kind {
        "deletes" => "x-ms-ratelimit-remaining-subscription-deletes",
        _ => "x-ms-ratelimit-remaining-subscription-writes",
    };
    answer.with(name, left)
}

/// The answer to an action (POST); none for what is not one of ours.
pub(crate) fn act(world: &mut World, request: &Request<'_>) -> Option<Answer> {
    let (id, action) = request.path.trim_matches('/').rsplit_once('/')?;
    let address = Address::read(id)?;
    let done = if address.is(jit::KIND) && action.eq_ignore_ascii_case("initiate") {
        guard::locked(world, &address, false)
            .and_then(|()| jit::initiate(world, &address, request.body, request.now))
    } else if compute::is_machine(&address) {
        resource::act(world, &address, action, request)?
    } else {
        return None;
    };
    Some(done.unwrap_or_else(|refused| refused))
}

fn subscription(path: &str) -> &str {
    let mut steps =
        path.trim_matches('/').split('/').skip_while(|step| !step.eq_ignore_ascii_case("subscriptions"));
    steps.nth(1).unwrap_or_default()
}

/// A body that is an object; everything else is refused.
fn object(body: &str) -> Result<Map<String, Value>, Answer> {
    match serde_json::from_str(body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Answer::error(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized.",
        )),
    }
}
