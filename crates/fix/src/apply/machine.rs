//! The machine: carries out the writes of one job, one after the other.
//!
//! Every way back leads over a read: what a write does next is decided by what is there, never by what was sent.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use serde_json::Value;

use super::{
    Answer, Effect, End, Event, Found, Job, Method, Outcome, Poll, Request, Status, Task, Told, Way, Why,
};
use crate::undo::{Entry, What};
use crate::write::{Act, State, Write, power};

/// How long, and how often, something is tried.
#[derive(Clone, Debug)]
pub struct Patience {
    /// How often one write is sent at most, where others are in the way.
    pub tries: u32,
    /// How often one write is sent at most, where there were too many requests.
    pub throttled: u32,
    /// How often something is read, or asked, again that could not be.
    pub reads: u32,
    /// How often what was written is looked at until it is seen.
    pub looks: u32,
    /// The longest single wait that is worth it.
    pub wait: Duration,
    /// How long an operation, or a resource that another operation changes, is waited for.
    pub operation: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 12,
            throttled: 40,
            reads: 6,
            looks: 5,
            wait: Duration::from_secs(15 * 60),
            // Installing updates may take four hours by Azure's own limit.
            operation: Duration::from_secs(5 * 60 * 60),
        }
    }
}

/// Actions that may be done twice: the second time changes nothing.
const REPEATABLE: [&str; 5] = ["assessPatches", "deallocate", "powerOff", "start", "stop"];

/// States of a resource that another operation is still changing.
const MOVING: [&str; 11] = [
    "Accepted",
    "Canceling",
    "Creating",
    "Deleting",
    "InProgress",
    "Migrating",
    "Moving",
    "Pending",
    "Provisioning",
    "Running",
    "Updating",
];

/// Carries out the writes of one job.
///
/// ```
/// use fix::apply::{Effect, Event, Job, Machine, Way};
///
/// let mut machine = Machine::new(Job::new("nothing", "", []), Way::Apply);
/// assert!(matches!(machine.next(Event::Begin), Effect::Ended(_)));
/// ```
#[derive(Debug)]
pub struct Machine {
    tasks: Vec<Task>,
    way: Way,
    patience: Patience,
    /// How each task stands that is over.
    told: Vec<Status>,
    phase: Phase,
    under: Under,
    /// How often somebody has asked to stop.
    stops: u32,
    /// How it ends once what was stopped is started again; nothing else is begun any more.
    closing: Option<End>,
    /// What was read before this job, by the id of the resource in small letters. It counts until the first intent.
    fresh: HashMap<String, Option<Found>>,
    /// Whether that is so young that nothing but a read at this moment would be younger.
    young: bool,
    unrecorded: Option<String>,
    over: Option<Outcome>,
}

/// What is waited for.
#[derive(Debug)]
enum Phase {
    Idle,
    /// The resource, before it is written.
    Looking,
    /// That the intent is on disk.
    Intending(Request),
    Sending,
    /// That the address of the operation is on disk.
    Noting(String, Option<Duration>),
    Following(Follow),
    /// The resource, after it was written.
    Checking,
    /// That the end of this write is on disk.
    Closing,
    Waiting(Then),
    Over,
}

#[derive(Debug)]
enum Then {
    Look,
    Check,
    Follow(Follow),
}

#[derive(Clone, Debug)]
struct Follow {
    url: String,
    /// Whether the operation is of an earlier run.
    earlier: bool,
}

/// The write under way.
#[derive(Debug, Default)]
struct Under {
    tries: u32,
    throttled: u32,
    unread: u32,
    looks: u32,
    polls: u32,
    /// How often it is still to be seen, where no operation tells that it is over.
    confirm: u32,
    waited: Duration,
    /// Whether Azure has taken it, or may have.
    perhaps: bool,
    /// Whether Azure has said that it has taken it.
    taken: bool,
    /// The write is over for this reason; only what is there is still looked at.
    ending: Option<Why>,
    /// The last intent that is on disk, or is to be.
    intended: Option<Write>,
}

impl Machine {
    /// A machine for one job. It does nothing before [`Event::Begin`].
    pub fn new(job: Job, way: Way) -> Self {
        Self {
            tasks: job.tasks,
            way,
            patience: Patience::default(),
            told: Vec::new(),
            phase: Phase::Idle,
            under: Under::default(),
            stops: 0,
            closing: None,
            fresh: HashMap::new(),
            young: false,
            unrecorded: None,
            over: None,
        }
    }

    /// The same with another patience.
    #[must_use]
    pub fn patient(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The same with what was read a moment ago, for the ids of targets: [`prepare()`](super::prepare()) was given it. It spares the first read
    /// of the job, and is taken for it only where the resource is as the first write expects it. Whatever else it says, and before
    /// any later write, the resource is read.
    ///
    /// Where the write is a whole resource under its ETag, its age does not matter: Azure refuses the write if the resource has
    /// changed since. Of anything else nobody knows whether Azure looks at the ETag, so that it is taken only where all of it is
    /// `young`: read in the last five seconds, and since then nothing was written to these resources by another job of the run.
    #[must_use]
    pub fn fresh(self, found: impl IntoIterator<Item = (String, Option<Found>)>, young: bool) -> Self {
        let fresh = found.into_iter().map(|(id, found)| (id.to_ascii_lowercase(), found)).collect();
        Self { fresh, young, ..self }
    }

    /// Somebody asks to stop. After the first time no write begins any more, and the one under way is followed to its end; but
    /// what was stopped for a write is started again. A wait may be cut short by [`Event::Waited`]. After the second time the next event, whichever, ends it at once.
    pub fn stop(&mut self) {
        self.stops = self.stops.saturating_add(1);
    }

    /// Takes what came of the last effect, and says what is next. An event that answers nothing ends it.
    pub fn next(&mut self, event: Event) -> Effect {
        let phase = mem::replace(&mut self.phase, Phase::Over);
        if self.stops > 1 {
            return self.leave(&phase);
        }
        match (phase, event) {
            (Phase::Idle, Event::Begin) => self.begin(),
            (Phase::Looking, Event::Read(found)) => self.looked(found),
            (Phase::Checking, Event::Read(found)) => self.checked(found),
            (Phase::Looking, Event::Unread { why, again }) => self.unread(why, again, Then::Look),
            (Phase::Checking, Event::Unread { why, again }) => self.unread(why, again, Then::Check),
            // What was asked for while the line was written counts.
            (Phase::Intending(_), Event::Recorded) if self.is_stopped() => self.fail(Why::Stopped, None),
            (Phase::Intending(request), Event::Recorded) => {
                self.phase = Phase::Sending;
                self.under.tries += 1;
                Effect::Send(request)
            }
            (Phase::Intending(_), Event::Unrecorded { why }) => {
                self.cannot_record(why.clone());
                self.fail(Why::Unrecorded { why }, None)
            }
            (Phase::Sending, Event::Sent(answer)) => self.sent(answer),
            (Phase::Noting(url, wait), Event::Recorded) => self.follow(url, wait),
            // The intent is on disk: the operation is followed, and nothing new begins.
            (Phase::Noting(url, wait), Event::Unrecorded { why }) => {
                self.cannot_record(why);
                self.follow(url, wait)
            }
            (Phase::Following(follow), Event::Polled(poll)) => self.polled(follow, poll),
            (Phase::Waiting(Then::Look), Event::Waited) => self.look(),
            (Phase::Waiting(Then::Check), Event::Waited) => self.check(),
            (Phase::Waiting(Then::Follow(follow)), Event::Waited) => self.ask(follow),
            (Phase::Closing, Event::Recorded) => self.closed(),
            (Phase::Closing, Event::Unrecorded { why }) => {
                self.cannot_record(why);
                self.closed()
            }
            (Phase::Over, _) if self.over.is_some() => self.end(End::Failed),
            (phase, _) => self.leave(&phase),
        }
    }

    fn cannot_record(&mut self, why: String) {
        self.unrecorded.get_or_insert(why);
        self.stops = self.stops.max(1);
    }

    fn task(&self) -> Option<&Task> {
        self.tasks.get(self.told.len())
    }

    /// Whether nothing is to be sent any more: what starts again what was stopped is.
    fn is_stopped(&self) -> bool {
        let closes = || self.way == Way::Apply && self.open_bracket() == Some(self.told.len());
        self.stops > 0 && self.closing.is_none() && !closes()
    }

    fn begin(&mut self) -> Effect {
        let Some(task) = self.task() else {
            return self.end(End::Failed);
        };
        let (perhaps, operation) = (task.perhaps, task.operation.clone());
        if self.is_stopped() {
            return self.wind_up(End::Stopped);
        }
        self.under = Under { perhaps, ..Under::default() };
        match operation {
            Some(url) => self.ask(Follow { url, earlier: true }),
            None => match self.known() {
                Some(found) => self.looked(found),
                None => self.look(),
            },
        }
    }

    /// What was read before this job, where it does for the first read.
    fn known(&mut self) -> Option<Option<Found>> {
        let task = self.task().filter(|task| self.way == Way::Apply && !task.perhaps)?;
        let found = self.fresh.get(&task.write.target.to_ascii_lowercase())?;
        let body = found.as_ref().map(|found| &found.body);
        let guarded = matches!(task.write.act, Act::Edit { whole: true, .. })
            && found.as_ref().is_some_and(|found| etag(found).is_some());
        let told = !task.write.is_of_power() || body.and_then(power).is_some();
        let as_expected = task.write.state(body) == State::Was && !is_moving(body);
        ((guarded || self.young) && told && as_expected).then(|| found.clone())
    }

    fn look(&mut self) -> Effect {
        self.phase = Phase::Looking;
        self.read()
    }

    fn check(&mut self) -> Effect {
        self.phase = Phase::Checking;
        self.read()
    }

    fn read(&mut self) -> Effect {
        match self.task() {
            Some(task) => Effect::Read {
                target: task.write.target.clone(),
                api_version: task.write.api_version.clone(),
                view: task.write.is_of_power(),
            },
            None => self.end(End::Failed),
        }
    }

    fn ask(&mut self, follow: Follow) -> Effect {
        let url = follow.url.clone();
        self.phase = Phase::Following(follow);
        Effect::Poll { url }
    }

    fn follow(&mut self, url: String, wait: Option<Duration>) -> Effect {
        self.under.polls = 0;
        self.wait(wait, 1, Then::Follow(Follow { url, earlier: false }))
    }

    /// The resource was read before a write.
    fn looked(&mut self, found: Option<Found>) -> Effect {
        let body = found.as_ref().map(|found| &found.body);
        if is_moving(body) && self.under.waited < self.patience.operation {
            self.under.polls += 1;
            return self.wait(None, self.under.polls, Then::Look);
        }
        let Some(task) = self.task() else { return self.end(End::Failed) };
        let run = matches!(task.write.act, Act::Run { .. });
        let mut state = task.write.state(body);
        // What was sent earlier may still start or stop the VM after this: the action counts once Azure has taken it.
        let unsettled = task.unseen || task.perhaps || self.closing.is_some();
        if run && unsettled && !self.under.taken && state == State::Becomes {
            state = State::Was;
        }
        let repeatable = may_repeat(&task.write);
        let looks = if task.unseen { self.patience.looks } else { self.patience.looks.min(2) };
        let perhaps = self.under.perhaps;
        if let Some(why) = self.under.ending.take() {
            // It was given up, and is there all the same: that is the truth, unless Azure itself calls it a failure.
            let failed = matches!(why, Why::Operation { .. }) || !run && ended_badly(body);
            let there = state == State::Becomes && perhaps && !failed;
            return if there { self.close(Status::Done) } else { self.fail(why, found) };
        }
        match state {
            // It is there, and Azure calls it a failure: it is written again, and looked at then.
            State::Becomes if !run && ended_badly(body) => match () {
                () if self.is_stopped() => self.fail(Why::Stopped, found),
                () if self.under.tries >= self.patience.tries => self.fail(failed(), found),
                () => self.renew(found),
            },
            // What was there a moment ago may be all that is seen of a write that has just been made.
            State::Becomes if (run || self.way == Way::Undo) && self.under.looks < looks => {
                self.under.looks += 1;
                self.wait(None, self.under.looks, Then::Look)
            }
            State::Becomes => self.close(if perhaps { Status::Done } else { Status::Already }),
            State::Other => self.fail(Why::Conflict, found),
            State::Was if run && perhaps && !repeatable => self.fail(Why::Unsure, found),
            State::Was if self.is_stopped() => self.fail(Why::Stopped, found),
            State::Was => self.intend(found),
        }
    }

    fn intend(&mut self, found: Option<Found>) -> Effect {
        let Some(task) = self.task() else { return self.end(End::Failed) };
        let write = task.write.with_found(found.as_ref().map(|found| &found.body));
        self.record(write, found)
    }

    /// What is there already is written again. Where it is of an earlier attempt, what was there before that one is what is
    /// brought back; else nothing is.
    fn renew(&mut self, found: Option<Found>) -> Effect {
        let earlier = self.under.intended.take().filter(|_| self.under.perhaps);
        match earlier {
            Some(write) => {
                let write = write.renewed(found.as_ref().map(|found| &found.body));
                self.record(write, found)
            }
            None => self.intend(found),
        }
    }

    fn record(&mut self, write: Write, found: Option<Found>) -> Effect {
        let Some(task) = self.task() else { return self.end(End::Failed) };
        let Some(request) = request(&write, found.as_ref()) else { return self.fail(Why::Conflict, found) };
        let place = task.place.clone();
        self.fresh.clear();
        self.under.intended = Some(write.clone());
        let what = match self.way {
            Way::Apply => What::Intended { write },
            Way::Undo => What::Undoing { write },
        };
        self.phase = Phase::Intending(request);
        Effect::Record(Entry { place, what })
    }

    fn sent(&mut self, answer: Answer) -> Effect {
        self.under.confirm = 0;
        self.under.taken |= matches!(answer, Answer::Done | Answer::Accepted { .. });
        match answer {
            Answer::Done => {
                self.under.perhaps = true;
                self.written()
            }
            Answer::Accepted { operation: Some(url), retry_after } => {
                self.under.perhaps = true;
                let what = match self.way {
                    Way::Apply => What::Operation { url: url.clone() },
                    Way::Undo => What::UndoOperation { url: url.clone() },
                };
                self.phase = Phase::Noting(url, retry_after);
                match self.task() {
                    Some(task) => Effect::Record(Entry { place: task.place.clone(), what }),
                    None => self.end(End::Failed),
                }
            }
            Answer::Accepted { operation: None, retry_after } => {
                self.under.perhaps = true;
                let untold =
                    |task: &Task| matches!(task.write.act, Act::Run { .. }) && !task.write.is_of_power();
                match self.task().is_some_and(untold) {
                    // Nothing that can be looked at tells when it is over.
                    true => self.fail(Why::Unsure, None),
                    false => {
                        self.under.looks = 0;
                        self.under.confirm = 2;
                        self.wait(retry_after, 1, Then::Check)
                    }
                }
            }
            Answer::Unsure { why, retry_after } => {
                self.under.perhaps = true;
                self.again(why, retry_after)
            }
            Answer::NotSent { why } => self.again(why, None),
            Answer::Busy { code, retry_after } => self.again(code, retry_after),
            Answer::Precondition => self.again("it was changed meanwhile".to_owned(), None),
            Answer::Throttled { retry_after } => {
                self.under.tries = self.under.tries.saturating_sub(1);
                self.under.throttled += 1;
                let too_long = retry_after.is_some_and(|wait| wait > self.patience.wait);
                match too_long || self.under.throttled > self.patience.throttled {
                    true => self.give_up("too many requests".to_owned()),
                    false => self.wait(retry_after, self.under.throttled, Then::Look),
                }
            }
            // It was not there any more: the read tells.
            Answer::Refused { status: 404, .. }
                if self.task().is_some_and(|task| matches!(task.write.act, Act::Delete { .. })) =>
            {
                self.again("it is not there".to_owned(), None)
            }
            Answer::Refused { status, code, message } => {
                self.last_look(Why::Refused { status, code, message })
            }
        }
    }

    /// Azure says that it is written.
    fn written(&mut self) -> Effect {
        self.under.looks = 0;
        self.check()
    }

    /// The resource was read after a write.
    fn checked(&mut self, found: Option<Found>) -> Effect {
        let body = found.as_ref().map(|found| &found.body);
        if is_moving(body) && self.under.waited < self.patience.operation {
            self.under.polls += 1;
            return self.wait(None, self.under.polls, Then::Check);
        }
        let Some(task) = self.task() else { return self.end(End::Failed) };
        let run = matches!(task.write.act, Act::Run { .. });
        // Nothing that was read tells what the VM does.
        if run && (!task.write.is_of_power() || body.and_then(power).is_none()) {
            return match self.under.confirm {
                0 => self.close(Status::Done),
                _ => self.fail(Why::Unsure, found),
            };
        }
        let state = task.write.state(body);
        if state == State::Becomes && self.under.confirm > 0 {
            self.under.confirm -= 1;
            return self.wait(None, 2, Then::Check);
        }
        if state == State::Becomes {
            return match !run && ended_badly(body) {
                false => self.close(Status::Done),
                true => self.fail(failed(), found),
            };
        }
        if self.under.looks < self.patience.looks {
            self.under.looks += 1;
            return self.wait(None, self.under.looks, Then::Check);
        }
        match state {
            // Somebody has put it back, or it was never done: it is done anew, from the read.
            State::Was => self.again("it is not there after it was written".to_owned(), None),
            _ => self.fail(Why::Changed, found),
        }
    }

    fn polled(&mut self, follow: Follow, poll: Poll) -> Effect {
        match poll {
            Poll::Running { retry_after } if self.under.waited < self.patience.operation => {
                self.under.polls += 1;
                self.wait(retry_after, self.under.polls.min(4), Then::Follow(follow))
            }
            Poll::Unasked { .. } if self.under.unread < self.patience.reads => {
                self.under.unread += 1;
                self.wait(None, self.under.unread, Then::Follow(follow))
            }
            // However an earlier operation ended, what is there decides.
            Poll::Succeeded | Poll::Failed { .. } | Poll::Canceled { .. } | Poll::Gone if follow.earlier => {
                self.look()
            }
            Poll::Succeeded => self.written(),
            Poll::Failed { code, message } => self.last_look(Why::Operation { code, message }),
            Poll::Canceled { superseded: true } => {
                self.again("another operation took its place".to_owned(), None)
            }
            Poll::Canceled { superseded: false } => self.again("it was cancelled".to_owned(), None),
            // What is there decides; an action that must not be done twice is not.
            Poll::Gone => self.again("nobody knows of its operation any more".to_owned(), None),
            Poll::Running { .. } => self.give_up("it is still under way".to_owned()),
            Poll::Unasked { why } => self.give_up(why),
        }
    }

    fn unread(&mut self, why: String, again: bool, then: Then) -> Effect {
        if again && self.under.unread < self.patience.reads {
            self.under.unread += 1;
            return self.wait(None, self.under.unread, then);
        }
        let why = self.under.ending.take().unwrap_or(Why::Unread { why });
        self.fail(why, None)
    }

    /// Begins this write anew, from the read.
    fn again(&mut self, why: String, retry_after: Option<Duration>) -> Effect {
        let too_long = retry_after.is_some_and(|wait| wait > self.patience.wait);
        match too_long || self.under.tries >= self.patience.tries {
            true => self.give_up(why),
            false => self.wait(retry_after, self.under.tries, Then::Look),
        }
    }

    fn give_up(&mut self, last: String) -> Effect {
        let tries = self.under.tries + self.under.throttled;
        self.last_look(Why::GaveUp { tries, last })
    }

    /// The write is over; what is there is told.
    fn last_look(&mut self, why: Why) -> Effect {
        self.under.ending = Some(why);
        // What goes on for so long is not waited for once more.
        self.under.waited = self.under.waited.max(match self.under.ending {
            Some(Why::GaveUp { .. }) => self.patience.operation,
            _ => Duration::ZERO,
        });
        self.look()
    }

    fn wait(&mut self, asked: Option<Duration>, number: u32, then: Then) -> Effect {
        let (least, most) = match asked {
            // Who comes early is refused and waits anew; who is sent away for days asks before.
            Some(asked) => {
                let asked = asked.min(self.patience.wait);
                (asked, asked.saturating_add(Duration::from_secs(1)))
            }
            None => {
                let most = Duration::from_secs(1 << number.min(5));
                (most / 2, most)
            }
        };
        self.under.waited = self.under.waited.saturating_add(most);
        self.phase = Phase::Waiting(then);
        Effect::Wait { least, most }
    }

    fn fail(&mut self, why: Why, found: Option<Found>) -> Effect {
        let sent = self.under.perhaps;
        self.close(Status::Failed { why, sent, found: found.map(|found| found.body) })
    }

    fn close(&mut self, status: Status) -> Effect {
        let Some(task) = self.task() else { return self.end(End::Failed) };
        let what = match (&status, self.way) {
            (Status::Failed { why, sent, .. }, Way::Apply) => What::Failed { why: why.clone(), sent: *sent },
            (Status::Failed { why, .. }, Way::Undo) => What::UndoFailed { why: why.clone() },
            (_, Way::Undo) => What::Undone,
            (Status::Already, Way::Apply) => What::Already,
            (_, Way::Apply) => What::Done,
        };
        let entry = Entry { place: task.place.clone(), what };
        self.told.push(status);
        self.phase = Phase::Closing;
        Effect::Record(entry)
    }

    fn closed(&mut self) -> Effect {
        match (self.closing, self.told.last(), self.way) {
            (Some(end), ..) => self.wind_up(end),
            (_, Some(Status::Failed { why: Why::Stopped, .. }), _) => self.wind_up(End::Stopped),
            (_, Some(Status::Failed { .. }), Way::Apply) => self.wind_up(End::Failed),
            _ => self.begin(),
        }
    }

    /// Nothing more is changed. What was stopped for a change is started again, and then it ends.
    fn wind_up(&mut self, end: End) -> Effect {
        match self.open_bracket().filter(|_| self.way == Way::Apply) {
            Some(number) => {
                self.closing = Some(end);
                self.told.resize(number, Status::NotBegun);
                self.begin()
            }
            None => self.end(end),
        }
    }

    /// The next action that was planned to take back an earlier one, and is still to come.
    fn open_bracket(&self) -> Option<usize> {
        let over = self.told.len();
        let opens = |(task, status): (&Task, &Status)| match (&task.write.act, status) {
            (Act::Run { undo: Some(undo), .. }, Status::Done | Status::Failed { sent: true, .. }) => {
                Some((undo.clone(), task.write.target.clone()))
            }
            _ => None,
        };
        let done = self.tasks.iter().zip(&self.told).enumerate();
        let done = done.filter_map(|(number, pair)| opens(pair).map(|opened| (number, opened)));
        let closes = |(from, (undo, target)): (usize, (String, String))| {
            let is = |task: &Task| {
                let action = match &task.write.act {
                    Act::Run { action, .. } => action,
                    _ => return false,
                };
                action.eq_ignore_ascii_case(&undo) && task.write.target.eq_ignore_ascii_case(&target)
            };
            self.tasks.iter().enumerate().skip(from + 1).find(|(_, task)| is(task)).map(|(number, _)| number)
        };
        done.filter_map(closes).filter(|number| *number >= over).min()
    }

    /// Ends at once, in the middle of whatever it is.
    fn leave(&mut self, phase: &Phase) -> Effect {
        if !matches!(phase, Phase::Idle | Phase::Closing | Phase::Over) {
            let sent = self.under.perhaps || matches!(phase, Phase::Sending);
            self.told.push(Status::Left { sent });
        }
        self.end(End::Stopped)
    }

    fn end(&mut self, end: End) -> Effect {
        self.phase = Phase::Over;
        let all = self.told.len() == self.tasks.len()
            && self.told.iter().all(|status| matches!(status, Status::Done | Status::Already));
        let end = if all { End::Complete } else { end };
        let outcome = self.over.get_or_insert_with(|| {
            let statuses = self.told.iter().cloned().chain(std::iter::repeat(Status::NotBegun));
            let told = self
                .tasks
                .iter()
                .zip(statuses)
                .map(|(task, status)| Told { place: task.place.clone(), status })
                .collect();
            Outcome { told, end, unrecorded: self.unrecorded.clone() }
        });
        Effect::Ended(outcome.clone())
    }
}

/// What is sent; nothing where a part of the resource that is to be changed is not there.
fn request(write: &Write, found: Option<&Found>) -> Option<Request> {
    let etag = || found.and_then(etag);
    let request = |method, body, if_match| Request {
        method,
        target: write.target.clone(),
        api_version: write.api_version.clone(),
        action: None,
        body,
        if_match,
        if_none_match: false,
    };
    Some(match &write.act {
        Act::Put { becomes, .. } => {
            Request { if_none_match: found.is_none(), ..request(Method::Put, Some(becomes.clone()), etag()) }
        }
        Act::Delete { .. } => request(Method::Delete, None, etag()),
        Act::Edit { whole, .. } => {
            let method = if *whole { Method::Put } else { Method::Patch };
            request(method, Some(write.edited(&found?.body)?), etag())
        }
        Act::Run { action, body, .. } => {
            Request { action: Some(action.clone()), ..request(Method::Post, body.clone(), None) }
        }
    })
}

fn etag(found: &Found) -> Option<String> {
    let body = || found.body.get("etag").and_then(Value::as_str).map(str::to_owned);
    found.etag.clone().or_else(body)
}

fn may_repeat(write: &Write) -> bool {
    match &write.act {
        Act::Run { action, .. } => REPEATABLE.iter().any(|one| one.eq_ignore_ascii_case(action)),
        _ => true,
    }
}

fn provisioning(found: Option<&Value>) -> Option<&str> {
    let found = found?;
    found.pointer("/properties/provisioningState").or_else(|| found.get("provisioningState"))?.as_str()
}

fn is_moving(found: Option<&Value>) -> bool {
    provisioning(found).is_some_and(|state| MOVING.iter().any(|one| one.eq_ignore_ascii_case(state)))
}

fn failed() -> Why {
    Why::Operation { code: "Failed".to_owned(), message: "provisioning failed".to_owned() }
}

fn ended_badly(found: Option<&Value>) -> bool {
    provisioning(found).is_some_and(|state| state.eq_ignore_ascii_case("Failed"))
}

#[cfg(test)]
mod tests;
