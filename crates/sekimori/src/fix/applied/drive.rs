//! The machines of `fix` and the client of Azure together: effects in, events out.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::time::{Duration, Instant};

use azure::{Client, Fault, Looked, Polled, Sent, Verb};
use fix::apply::{
    Answer, Effect, End, Event, Found, Job, Machine, Method, Outcome, Poll, Request, Status, Task, Told, Way,
    lanes,
};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use indicatif::ProgressBar;

use super::file::UndoFile;
use crate::collect::progress_bar;
use crate::output;

/// How many lanes go on at once: Azure's buckets set the pace, and a lane mostly waits for an operation.
const LANES: usize = 256;

/// How often a wait looks whether somebody wants to stop.
const TICK: Duration = Duration::from_millis(100);

/// What was read before anything was written, and when: looking again at once would only cost time.
#[derive(Default)]
pub(super) struct Fresh(RefCell<HashMap<String, (Instant, Option<Found>)>>);

/// How long what was read counts as just read. Whole resources are written under their ETag all the same.
const FRESH: Duration = Duration::from_secs(5);

impl Fresh {
    pub(super) fn note(&mut self, target: &str, found: Option<Found>) {
        self.0.get_mut().insert(target.to_ascii_lowercase(), (now(), found));
    }

    /// What is written, what it is a part of, and its parts are not as they were read.
    fn forget(&self, target: &str) {
        let target = target.to_ascii_lowercase();
        self.0.borrow_mut().retain(|its, _| !its.starts_with(&target) && !target.starts_with(its.as_str()));
    }

    fn get(&self, target: &str) -> Option<Option<Found>> {
        let all = self.0.borrow();
        let (read, found) = all.get(&target.to_ascii_lowercase())?;
        (read.elapsed() < FRESH).then(|| found.clone())
    }
}

#[expect(clippy::disallowed_methods, reason = "how old a reading is; no answer depends on it")]
fn now() -> Instant {
    Instant::now()
}

/// What all jobs of a run have in common.
pub(super) struct Run<'r> {
    pub(super) client: &'r Client,
    pub(super) file: &'r UndoFile,
    pub(super) way: Way,
    pub(super) fresh: Fresh,
    /// Whether waits are short, for tests.
    pub(super) hurry: bool,
}

/// Carries jobs out, several lanes at once, and tells how each came out, in the order in which they ended. Whatever waits for
/// others begins when these are complete; else it is told as not begun. Every job has an outcome.
pub(super) async fn carry_out(run: &Run<'_>, jobs: Vec<Job>) -> Vec<(String, Outcome)> {
    let bar = progress_bar();
    bar.set_length(jobs.iter().map(|job| job.tasks.len() as u64).sum());
    let mut waiting = jobs;
    let mut all: Vec<(String, Outcome)> = Vec::new();
    loop {
        let complete =
            |id: &String| all.iter().any(|(its, outcome)| its == id && outcome.end == End::Complete);
        let (ready, others): (Vec<Job>, Vec<Job>) =
            waiting.into_iter().partition(|job| job.after.iter().all(complete));
        waiting = others;
        if ready.is_empty() {
            break;
        }
        all.extend(in_lanes(run, ready, &bar).await);
    }
    all.extend(waiting.into_iter().map(not_begun));
    bar.finish_and_clear();
    all
}

/// How a job stands whose turn never came.
fn not_begun(job: Job) -> (String, Outcome) {
    let end = if output::stops() > 0 { End::Stopped } else { End::Failed };
    let told = |task: Task| Told { place: task.place, status: Status::NotBegun };
    let told = job.tasks.into_iter().map(told).collect();
    (job.fix, Outcome { told, end, unrecorded: None })
}

async fn in_lanes(run: &Run<'_>, jobs: Vec<Job>, bar: &ProgressBar) -> Vec<(String, Outcome)> {
    let order = lanes(&jobs);
    let mut slots: Vec<Option<Job>> = jobs.into_iter().map(Some).collect();
    let mut queue: Vec<Vec<Job>> = order
        .into_iter()
        .map(|lane| lane.into_iter().filter_map(|at| slots.get_mut(at).and_then(Option::take)).collect())
        .collect();
    queue.reverse();
    let lane = |jobs: Vec<Job>| async {
        let mut outcomes = Vec::new();
        for job in jobs {
            let (id, writes) = (job.fix.clone(), job.tasks.len() as u64);
            outcomes.push((id, one(run, job).await));
            bar.inc(writes);
        }
        outcomes
    };
    let mut running = FuturesUnordered::new();
    let mut all = Vec::new();
    loop {
        while running.len() < LANES
            && let Some(next) = queue.pop()
        {
            running.push(lane(next));
        }
        match running.next().await {
            Some(outcomes) => all.extend(outcomes),
            None => return all,
        }
    }
}

/// Carries one job out.
async fn one(run: &Run<'_>, job: Job) -> Outcome {
    let (client, file, hurry) = (run.client, run.file, run.hurry);
    let mut machine = Machine::new(job, run.way);
    let mut looked: HashSet<String> = HashSet::new();
    let mut heeded = 0;
    let mut event = Event::Begin;
    loop {
        for _ in heeded..output::stops() {
            machine.stop();
        }
        heeded = output::stops();
        event = match machine.next(event) {
            Effect::Ended(outcome) => return outcome,
            Effect::Read { target, view: false, .. }
                if looked.insert(target.to_ascii_lowercase()) && run.fresh.get(&target).is_some() =>
            {
                Event::Read(run.fresh.get(&target).flatten())
            }
            Effect::Read { target, api_version, view } => {
                let reading = async {
                    match view {
                        true => client.read_with_view(&target, &api_version).await,
                        false => client.read_resource(&target, &api_version).await,
                    }
                };
                match unless_left(reading).await.unwrap_or(Err(Fault::Stopped)) {
                    Ok(Looked::Here { body, etag }) => Event::Read(Some(Found { body, etag })),
                    Ok(Looked::Gone { .. }) => Event::Read(None),
                    Err(fault) => {
                        let again = matches!(fault, Fault::GaveUp { .. } | Fault::Unreadable { .. });
                        Event::Unread { why: fault.to_string(), again }
                    }
                }
            }
            Effect::Record(entry) => match file.record(&entry) {
                Ok(()) => Event::Recorded,
                Err(error) => Event::Unrecorded { why: error.to_string() },
            },
            Effect::Send(request) => Event::Sent({
                run.fresh.forget(&request.target);
                unless_left(send(client, request))
                    .await
                    .unwrap_or(Answer::Unsure { why: Fault::Stopped.to_string(), retry_after: None })
            }),
            Effect::Poll { url } => {
                Event::Polled(match unless_left(client.poll(&url)).await.unwrap_or(Err(Fault::Stopped)) {
                    Ok(Polled::Running { retry_after }) => Poll::Running { retry_after },
                    Ok(Polled::Succeeded) => Poll::Succeeded,
                    Ok(Polled::Failed { code, message }) => Poll::Failed { code, message },
                    Ok(Polled::Canceled { superseded }) => Poll::Canceled { superseded },
                    Ok(Polled::Gone) => Poll::Gone,
                    Err(fault) => Poll::Unasked { why: fault.to_string() },
                })
            }
            Effect::Wait { least, most } => {
                let part = if hurry { 50 } else { 1 };
                wait(least / part, most / part, heeded).await;
                Event::Waited
            }
        };
    }
}

/// What comes of some work; nothing where somebody asks for the second time to stop: then it is left where it is.
async fn unless_left<T>(work: impl Future<Output = T>) -> Option<T> {
    let left = async {
        while output::stops() < 2 {
            tokio::time::sleep(TICK).await;
        }
    };
    futures_util::pin_mut!(work, left);
    match futures_util::future::select(work, left).await {
        futures_util::future::Either::Left((done, _)) => Some(done),
        futures_util::future::Either::Right(_) => None,
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
