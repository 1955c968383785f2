//! The machines of `fix` and the client of Azure together: effects in, events out.

use std::cell::Cell;
use std::time::Duration;

use azure::{Client, Fault, Looked, Polled, Sent, Verb};
use fix::apply::{Answer, Effect, Event, Found, Job, Machine, Method, Outcome, Poll, Request, Way, lanes};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::AT_ONCE;
use super::file::UndoFile;
use crate::collect::progress_bar;
use crate::output;

/// How often a wait looks whether somebody wants to stop.
const TICK: Duration = Duration::from_millis(100);

/// Carries jobs out, several lanes at once, and tells how each came out, in the order in which they ended.
pub(super) async fn carry_out(
    client: &Client,
    file: &UndoFile,
    jobs: Vec<Job>,
    way: Way,
    hurry: bool,
) -> Vec<(String, Outcome)> {
    output::tidy_on_signals();
    output::careful(true);
    let bar = progress_bar();
    bar.set_length(jobs.iter().map(|job| job.tasks.len() as u64).sum());
    let order = lanes(&jobs);
    let mut slots: Vec<Option<Job>> = jobs.into_iter().map(Some).collect();
    let mut queue: Vec<Vec<Job>> = order
        .into_iter()
        .map(|lane| lane.into_iter().filter_map(|at| slots.get_mut(at).and_then(Option::take)).collect())
        .collect();
    queue.reverse();
    let done = Cell::new(0_u64);
    let told = |writes: u64| {
        done.set(done.get() + writes);
        bar.set_position(done.get());
    };
    let lane = |jobs: Vec<Job>| async {
        let mut outcomes = Vec::new();
        for job in jobs {
            let (id, writes) = (job.fix.clone(), job.tasks.len() as u64);
            outcomes.push((id, one(client, file, job, way, hurry).await));
            told(writes);
        }
        outcomes
    };
    let mut running = FuturesUnordered::new();
    let mut all = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(next) = queue.pop()
        {
            running.push(lane(next));
        }
        match running.next().await {
            Some(outcomes) => all.extend(outcomes),
            None => break,
        }
    }
    bar.finish_and_clear();
    output::careful(false);
    all
}

/// Carries one job out.
async fn one(client: &Client, file: &UndoFile, job: Job, way: Way, hurry: bool) -> Outcome {
    let mut machine = Machine::new(job, way);
    let mut heeded = 0;
    let mut event = Event::Begin;
    loop {
        for _ in heeded..output::stops() {
            machine.stop();
        }
        heeded = output::stops();
        event = match machine.next(event) {
            Effect::Ended(outcome) => return outcome,
            Effect::Read { target, api_version } => match client.read_resource(&target, &api_version).await {
                Ok(Looked::Here { body, etag }) => Event::Read(Some(Found { body, etag })),
                Ok(Looked::Gone { .. }) => Event::Read(None),
                Err(fault) => {
                    let again = matches!(fault, Fault::GaveUp { .. } | Fault::Unreadable { .. });
                    Event::Unread { why: fault.to_string(), again }
                }
            },
            Effect::Record(entry) => match file.record(&entry) {
                Ok(()) => Event::Recorded,
                Err(error) => Event::Unrecorded { why: error.to_string() },
            },
            Effect::Send(request) => Event::Sent(send(client, request).await),
            Effect::Poll { url } => Event::Polled(match client.poll(&url).await {
                Ok(Polled::Running { retry_after }) => Poll::Running { retry_after },
                Ok(Polled::Succeeded) => Poll::Succeeded,
                Ok(Polled::Failed { code, message }) => Poll::Failed { code, message },
                Ok(Polled::Canceled { superseded }) => Poll::Canceled { superseded },
                Ok(Polled::Gone) => Poll::Gone,
                Err(fault) => Poll::Unasked { why: fault.to_string() },
            }),
            Effect::Wait { least, most } => {
                let part = if hurry { 50 } else { 1 };
                wait(least / part, most / part, heeded).await;
                Event::Waited
            }
        };
    }
}

/// Waits, or less where somebody asks to stop.
async fn wait(least: Duration, most: Duration, heeded: u32) {
    let spread = most.saturating_sub(least).as_secs_f64();
    let mut left = least + Duration::from_secs_f64(spread * chance());
    while !left.is_zero() && output::stops() == heeded {
        let now = left.min(TICK);
        tokio::time::sleep(now).await;
        left -= now;
    }
}

/// A number from 0 to 1 that nobody can foresee.
fn chance() -> f64 {
    use std::hash::{BuildHasher, Hasher};
    let number = std::collections::hash_map::RandomState::new().build_hasher().finish();
    (number >> 11) as f64 / (1_u64 << 53) as f64
}

async fn send(client: &Client, request: Request) -> Answer {
    let write = azure::Write {
        verb: match request.method {
            Method::Put => Verb::Put,
            Method::Patch => Verb::Patch,
            Method::Delete => Verb::Delete,
            Method::Post => Verb::Post,
        },
        target: request.target,
        api_version: request.api_version,
        action: request.action,
        body: request.body,
        if_match: request.if_match,
        if_none_match: request.if_none_match,
    };
    match client.send(&write).await {
        Ok(Sent::Done(_)) => Answer::Done,
        Ok(Sent::Accepted { operation, retry_after }) => Answer::Accepted { operation, retry_after },
        Ok(Sent::Unsure { why, retry_after }) => Answer::Unsure { why, retry_after },
        Ok(Sent::NotSent { why }) => Answer::NotSent { why },
        Ok(Sent::Busy { code, retry_after }) => Answer::Busy { code, retry_after },
        Ok(Sent::Precondition) => Answer::Precondition,
        Ok(Sent::Throttled { retry_after }) => Answer::Throttled { retry_after },
        Ok(Sent::Refused { status, code, message }) => Answer::Refused { status, code, message },
        Err(fault) => Answer::NotSent { why: fault.to_string() },
    }
}
