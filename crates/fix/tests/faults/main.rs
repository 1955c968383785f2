//! Thousands of runs over a small Azure in which everything goes wrong: what is there afterwards is what was planned, or what
//! was there at first, or the undo file brings it back; what other people wrote is there in any case; and what was told is true.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod model;

use std::collections::{BTreeMap, VecDeque};

use fix::apply::{Effect, End, Event, Found, Job, Machine, Outcome, Status, Way, Why, prepare, targets};
use fix::undo::{Head, Journal, JournalError, begin};
use fix::{Act, Edit, State, Write};
use model::{Azure, Knobs, NIC, Rng, VM, merge, rule, rule_id};
use serde_json::{Value, json};

fn write(target: &str, act: Act) -> Write {
    Write { target: target.to_owned(), api_version: "2024-05-01".to_owned(), act }
}

fn run(action: &str, undo: Option<&str>) -> Write {
    write(VM, Act::Run { action: action.to_owned(), body: None, undo: undo.map(str::to_owned) })
}

fn edit(target: &str, path: &str, was: Value, becomes: Option<Value>, whole: bool) -> Write {
    write(target, Act::Edit { edits: vec![Edit { path: path.to_owned(), was: Some(was), becomes }], whole })
}

/// The fixes of a run: each with a chance of its own.
fn jobs(rng: &mut Rng) -> Vec<Job> {
    let extension =
        json!({"properties": {"publisher": "Microsoft.Azure.Monitor", "type": "AzureMonitorLinuxAgent"}});
    let all = vec![
        Job::new(
            "narrow",
            "",
            [
                write(&rule_id("extra"), Act::Put { was: None, becomes: rule(101, "198.51.100.7") }),
                write(
                    &rule_id("allow"),
                    Act::Put { was: Some(rule(100, "*")), becomes: rule(100, "203.0.113.0/24") },
                ),
            ],
        ),
        Job::new(
            "replace",
            "",
            [
                write(&rule_id("new"), Act::Put { was: None, becomes: rule(105, "203.0.113.9") }),
                write(&rule_id("old"), Act::Delete { was: rule(110, "*") }),
            ],
        ),
        Job::new(
            "address",
            "",
            [edit(
                NIC,
                "properties/ipConfigurations[a]/properties/publicIPAddress",
                json!({"id": "/p"}),
                None,
                true,
            )],
        ),
        Job::new(
            "encrypt",
            "",
            [
                run("deallocate", Some("start")),
                edit(
                    VM,
                    "properties/securityProfile/encryptionAtHost",
                    json!(false),
                    Some(json!(true)),
                    false,
                ),
                run("start", Some("deallocate")),
            ],
        ),
        Job::new(
            "agent",
            "",
            [write(&format!("{VM}/extensions/AMA"), Act::Put { was: None, becomes: extension })],
        ),
        Job::new("update", "", [run("installPatches", None)]),
    ];
    all.into_iter().filter(|_| rng.often(600)).collect()
}

/// What all fixes make of a world.
fn planned(mut world: BTreeMap<String, Value>, jobs: &[Job]) -> BTreeMap<String, Value> {
    for task in jobs.iter().flat_map(|job| &job.tasks) {
        let id = task.write.target.to_ascii_lowercase();
        match &task.write.act {
            Act::Put { .. } => {
                let Act::Put { becomes, .. } = task.write.with_found(world.get(&id)).act else { panic!() };
                world.insert(id, becomes);
            }
            Act::Delete { .. } => drop(world.remove(&id)),
            Act::Edit { whole: true, .. } => {
                let body = task.write.edited(&world[&id]).unwrap();
                world.insert(id, body);
            }
            Act::Edit { .. } => {
                let patch = task.write.edited(&world[&id]).unwrap();
                merge(world.get_mut(&id).unwrap(), &patch);
            }
            Act::Run { .. } => {}
        }
    }
    world
}

/// When a run is interrupted, by how many effects came before.
#[derive(Clone, Copy, Debug, Default)]
struct Plug {
    crash: Option<u64>,
    /// Whether the crash comes after what the effect does, and before anybody knows.
    after: bool,
    stops: [Option<u64>; 2],
}

impl Plug {
    fn any(rng: &mut Rng) -> Self {
        match rng.below(4) {
            0 => Self::default(),
            1 => {
                let first = rng.below(40);
                let second = rng.often(500).then(|| first + rng.below(6));
                Self { stops: [Some(first), second], ..Self::default() }
            }
            _ => Self { crash: Some(rng.below(60)), after: rng.often(500), ..Self::default() },
        }
    }
}

/// A process: it carries out jobs, and writes its file.
struct Process {
    waiting: VecDeque<Job>,
    /// What was read before it began.
    fresh: BTreeMap<String, Option<Found>>,
    way: Way,
    machine: Option<(Machine, Effect)>,
    disk: Vec<u8>,
    outcomes: Vec<Outcome>,
    plug: Plug,
    effects: u64,
    stopped: bool,
    crashed: bool,
}

impl Process {
    fn apply(jobs: &[Job], azure: &mut Azure, plug: Plug) -> Self {
        let found: BTreeMap<_, _> =
            targets(jobs).into_iter().map(|one| (one.target.clone(), azure.found(&one.target))).collect();
        let body = |id: &str| found[id].as_ref().map(|found| found.body.clone());
        let mut prepared = prepare(jobs.to_vec(), &body);
        let conflicts: Vec<_> = prepared.conflicts.iter().map(|one| one.place.fix.clone()).collect();
        prepared.jobs.retain(|job| !conflicts.contains(&job.fix));
        let head = Head::new("somebody", "2026-11-27T00:00:00Z", "live", &prepared.jobs);
        let disk = begin(&head, &prepared.jobs).into_bytes();
        let fresh = if azure.rng.often(500) { found } else { BTreeMap::new() };
        Self { fresh, ..Self::new(prepared.jobs, Way::Apply, disk, plug) }
    }

    /// Takes back what a file says; nothing where it says that nothing was written.
    fn undo(mut disk: Vec<u8>, plug: Plug) -> Option<Self> {
        let journal = match Journal::read(&disk) {
            Ok(journal) => journal,
            Err(JournalError::Empty) => return None,
            Err(error) => panic!("{error}\n{}", String::from_utf8_lossy(&disk)),
        };
        disk.truncate(journal.whole);
        if journal.open {
            disk.push(b'\n');
        }
        Some(Self::new(journal.undo().jobs, Way::Undo, disk, plug))
    }

    fn new(jobs: Vec<Job>, way: Way, disk: Vec<u8>, plug: Plug) -> Self {
        Self {
            waiting: jobs.into(),
            fresh: BTreeMap::new(),
            way,
            machine: None,
            disk,
            outcomes: Vec::new(),
            plug,
            effects: 0,
            stopped: false,
            crashed: false,
        }
    }

    /// Does one thing; false when there is nothing more to do.
    fn step(&mut self, azure: &mut Azure) -> bool {
        if self.crashed {
            return false;
        }
        let Some((machine, effect)) = &mut self.machine else {
            let Some(job) = self.waiting.pop_front().filter(|_| !self.stopped) else { return false };
            // Nothing was written before the first job; and where ETags count for all, age does not matter.
            let young = azure.knobs.child_etags && self.outcomes.is_empty();
            let mut machine = Machine::new(job, self.way).fresh(self.fresh.clone(), young);
            let effect = machine.next(Event::Begin);
            self.machine = Some((machine, effect));
            return true;
        };
        if let Effect::Ended(outcome) = effect {
            self.outcomes.push(outcome.clone());
            self.machine = None;
            return true;
        }
        azure.others();
        let crash = self.plug.crash == Some(self.effects);
        if crash && !self.plug.after {
            self.crashed = true;
            if let Effect::Record(entry) = effect {
                let line = entry.line("2026-11-27T00:00:01Z");
                let torn = azure.rng.below(line.len() as u64) as usize;
                self.disk.extend_from_slice(&line.as_bytes()[..torn]);
            }
            return false;
        }
        for stop in self.plug.stops {
            if stop == Some(self.effects) {
                machine.stop();
                self.stopped = true;
            }
        }
        self.effects += 1;
        assert!(self.effects < 20_000, "it does not come to an end");
        let event = match effect {
            Effect::Read { target, view, .. } => azure.read(target, *view),
            Effect::Record(entry) => match azure.rng.often(azure.knobs.full) {
                true => Event::Unrecorded { why: "disk full".to_owned() },
                false => {
                    self.disk.extend_from_slice(entry.line("2026-11-27T00:00:01Z").as_bytes());
                    Event::Recorded
                }
            },
            Effect::Send(request) => Event::Sent(azure.send(request)),
            Effect::Poll { url } => Event::Polled(azure.poll(url)),
            Effect::Wait { least, most } => {
                assert!(least <= most);
                azure.tick();
                Event::Waited
            }
            Effect::Ended(_) => unreachable!("above"),
        };
        if crash {
            self.crashed = true;
            return false;
        }
        *effect = machine.next(event);
        if let Effect::Send(request) = effect {
            let starts = self.way == Way::Apply && request.action.as_deref() == Some("start");
            assert!(!self.stopped || starts, "it writes after it was stopped");
        }
        true
    }

    fn go(&mut self, azure: &mut Azure) {
        while self.step(azure) {}
    }

    fn is_complete(&self) -> bool {
        !self.crashed && !self.stopped && self.outcomes.iter().all(|one| one.end == End::Complete)
    }
}

/// What was told is what is there.
fn is_true(process: &Process, jobs: &[Job], azure: &Azure, seed: u64) {
    for told in process.outcomes.iter().flat_map(|outcome| &outcome.told) {
        let job = jobs.iter().find(|job| job.fix == told.place.fix).unwrap();
        let write = &job.tasks[told.place.step].write;
        if matches!(write.act, Act::Run { .. }) {
            continue;
        }
        let expected = match told.status {
            Status::Done | Status::Already => State::Becomes,
            Status::NotBegun | Status::Failed { sent: false, .. } | Status::Left { sent: false } => {
                State::Was
            }
            Status::Failed { .. } | Status::Left { .. } => continue,
        };
        assert_eq!(write.state(azure.body(&write.target).as_ref()), expected, "seed {seed}: {told:?}");
        let failed = azure.is_failed(&write.target) && expected == State::Becomes;
        assert!(!failed, "seed {seed}: {told:?}, and Azure calls it a failure");
    }
    for outcome in &process.outcomes {
        // A VM that was stopped is started, or it is told that this failed.
        if let [stopped, .., started] = &*outcome.told
            && stopped.place.fix == "encrypt"
            && process.plug.stops[1].is_none()
        {
            let off = matches!(stopped.status, Status::Done | Status::Failed { sent: true, .. });
            assert_eq!(started.status == Status::NotBegun, !off, "seed {seed}: {outcome:?}");
            let given_up = matches!(&started.status, Status::Failed { why: Why::Stopped, .. });
            assert!(!off || !given_up, "seed {seed}: {outcome:?}");
            if started.status == Status::Done {
                assert_eq!(azure.power, "running", "seed {seed}: {outcome:?}");
            }
        }
        let all = outcome.told.iter().all(|told| matches!(told.status, Status::Done | Status::Already));
        assert_eq!(outcome.end == End::Complete, all, "seed {seed}: {outcome:?}");
    }
}

/// Undoes, with what goes wrong and without, until it is undone.
fn take_back(mut disk: Vec<u8>, azure: &mut Azure, rng: &mut Rng, seed: u64) {
    let faults = azure.knobs;
    for _ in 0..rng.below(3) {
        let Some(mut process) = Process::undo(disk, Plug::any(rng)) else { return };
        process.go(azure);
        disk = process.disk;
    }
    azure.settle();
    azure.knobs = Knobs {
        others: faults.others,
        child_etags: faults.child_etags,
        described: faults.described,
        strict: faults.strict,
        views: faults.views,
        ..Knobs::default()
    };
    let Some(mut process) = Process::undo(disk, Plug::default()) else { return };
    process.go(azure);
    azure.knobs = faults;
    if azure.hostile.is_none() {
        assert!(process.is_complete(), "seed {seed}: {:?}", process.outcomes);
        let left = Journal::read(&process.disk).unwrap().undo();
        assert!(left.jobs.is_empty(), "seed {seed}: {:?}", left.jobs);
    }
}

/// Two worlds are the same; else what differs is told.
#[track_caller]
fn same(world: &BTreeMap<String, Value>, expected: &BTreeMap<String, Value>, seed: u64) {
    let ids: std::collections::BTreeSet<_> = world.keys().chain(expected.keys()).collect();
    let other: Vec<_> = ids.iter().filter(|id| world.get(**id) != expected.get(**id)).collect();
    let tell =
        |id: &&&String| format!("{id}\n  is {:?}\n  and should be {:?}", world.get(**id), expected.get(**id));
    assert!(other.is_empty(), "seed {seed}: {}", other.iter().map(tell).collect::<Vec<_>>().join("\n"));
}

/// What a schedule came to, so that it is seen that all ends come up.
#[derive(Debug, Default)]
struct Seen {
    complete: u32,
    failed: u32,
    stopped: u32,
    crashed: u32,
    undone: u32,
    hostile: u32,
}

fn knobs(rng: &mut Rng) -> Knobs {
    let mut often = |most: u64| if rng.often(500) { 0 } else { rng.below(most) };
    // Azure that loses what it says is done, and shows what was there before, cannot be told from Azure that works.
    let (lost, stale) = match often(2) {
        0 => (often(150), 0),
        _ => (0, often(500)),
    };
    Knobs {
        cut: often(300),
        busy: often(300),
        throttle: often(300),
        refuse: often(40),
        slow: often(1000),
        fails: often(200),
        lag: often(1000),
        lost,
        stale,
        unread: often(200),
        forgets: often(8) == 1,
        full: often(30),
        others: often(400),
        hostile: 0,
        described: often(2) == 1,
        strict: often(2) == 1,
        views: often(2) == 1,
        child_etags: often(2) == 1,
        supersede: often(2) == 1,
    }
}

fn schedule(seed: u64, processes: usize, seen: &mut Seen) {
    let mut rng = Rng::new(seed);
    let mut knobs = knobs(&mut rng);
    knobs.described &= processes == 1;
    // Of two runs one may start the VM while the other one changes it: that is refused, and told.
    knobs.strict &= processes == 1;
    // And one may find it stopped by the other: that is what it brings back.
    knobs.views &= processes == 1;
    let mut azure = Azure::new(rng.below(u64::MAX), knobs);
    let jobs = jobs(&mut rng);
    let mut all: Vec<Process> = (0..processes)
        .map(|_| {
            let plug = Plug::any(&mut rng);
            Process::apply(&jobs, &mut azure, plug)
        })
        .collect();
    let mut going: Vec<usize> = (0..all.len()).collect();
    while !going.is_empty() {
        let which = rng.below(going.len() as u64) as usize;
        if !all[going[which]].step(&mut azure) {
            going.swap_remove(which);
        }
    }
    check(seed, &jobs, all, &mut azure, &mut rng, seen);
}

fn check(seed: u64, jobs: &[Job], all: Vec<Process>, azure: &mut Azure, rng: &mut Rng, seen: &mut Seen) {
    assert!(
        azure.installs <= all.len() as u32,
        "seed {seed}: updates were installed {} times",
        azure.installs
    );
    let complete = all.iter().all(Process::is_complete);
    seen.complete += u32::from(complete);
    seen.crashed += u32::from(all.iter().any(|one| one.crashed));
    seen.stopped += u32::from(all.iter().any(|one| one.stopped));
    seen.failed += u32::from(all.iter().flat_map(|one| &one.outcomes).any(|one| one.end == End::Failed));
    // At once, while Azure still works on what was sent, or later.
    if complete || rng.often(500) {
        azure.settle();
        if let [one] = &*all {
            is_true(one, jobs, azure, seed);
        }
    }
    if complete {
        let expected = azure.with_others(planned(Azure::first(), jobs));
        same(&azure.world(), &expected, seed);
        assert_eq!(azure.power, "running", "seed {seed}");
    }
    let mut disks: Vec<_> = all.into_iter().map(|one| one.disk).collect();
    if rng.often(500) {
        disks.reverse();
    }
    for disk in disks {
        take_back(disk, azure, rng, seed);
    }
    azure.settle();
    let expected = azure.with_others(Azure::first());
    same(&azure.world(), &expected, seed);
    assert_eq!(azure.power, "running", "seed {seed}");
    seen.undone += 1;
}

/// How many schedules of each kind are gone through; `SEKIMORI_SCHEDULES` sets another number.
fn schedules() -> u64 {
    std::env::var("SEKIMORI_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(4_000)
}

#[test]
fn a_run_ends_as_planned_or_is_taken_back() {
    let mut seen = Seen::default();
    for seed in 0..schedules() {
        schedule(seed, 1, &mut seen);
    }
    for often in [seen.complete, seen.crashed, seen.stopped, seen.failed] {
        assert!(u64::from(often) > schedules() / 20, "{seen:?}");
    }
}

#[test]
fn two_runs_at_once_end_as_planned_or_are_taken_back() {
    let mut seen = Seen::default();
    for seed in 0..schedules() {
        schedule(seed + (1 << 32), 2, &mut seen);
    }
    for often in [seen.complete, seen.crashed, seen.stopped, seen.failed] {
        assert!(u64::from(often) > schedules() / 50, "{seen:?}");
    }
}

/// Every effect of a run without faults is where a crash comes, before and after it, and where somebody stops it.
#[test]
fn a_crash_or_a_stop_at_every_effect_is_taken_back() {
    for slow in [0, 1000] {
        let plugs = (0..150).flat_map(|at| {
            let crash = |after| Plug { crash: Some(at), after, ..Plug::default() };
            let stop = |second| Plug { stops: [Some(at), second], ..Plug::default() };
            [crash(false), crash(true), stop(None), stop(Some(at)), stop(Some(at + 1))]
        });
        for plug in plugs {
            let mut rng = Rng::new(7);
            let all = loop {
                let all = jobs(&mut rng);
                if all.len() == 6 {
                    break all;
                }
            };
            let mut azure = Azure::new(1, Knobs { slow, others: 200, ..Knobs::default() });
            let mut process = Process::apply(&all, &mut azure, plug);
            process.go(&mut azure);
            check(0, &all, vec![process], &mut azure, &mut rng, &mut Seen::default());
        }
    }
}

/// Somebody changes the very rule that a fix changes: theirs stays, whatever comes before or after.
#[test]
fn what_somebody_makes_of_the_same_rule_stays() {
    let mut seen = Seen::default();
    for seed in 0..schedules() / 2 {
        let mut rng = Rng::new(seed + (2 << 32));
        let hostile = 1 + rng.below(100);
        let knobs = Knobs { hostile, child_etags: true, stale: 0, ..knobs(&mut rng) };
        let mut azure = Azure::new(rng.below(u64::MAX), knobs);
        let jobs = jobs(&mut rng);
        let mut process = Process::apply(&jobs, &mut azure, Plug::any(&mut rng));
        process.go(&mut azure);
        take_back(process.disk, &mut azure, &mut rng, seed);
        azure.settle();
        let mut world = azure.world();
        let mut expected = azure.with_others(Azure::first());
        if let Some((id, theirs)) = azure.hostile.clone() {
            seen.hostile += 1;
            expected.remove(&id);
            assert_eq!(world.remove(&id), Some(theirs), "seed {seed}: {id}");
        }
        same(&world, &expected, seed);
    }
    assert!(u64::from(seen.hostile) > schedules() / 10, "{seen:?}");
}

/// Whatever becomes of the bytes of a file, reading it does not fall over.
#[test]
fn any_bytes_of_a_file_are_read() {
    let mut rng = Rng::new(3 << 32);
    for _ in 0..200 {
        let mut azure = Azure::new(rng.below(u64::MAX), Knobs { slow: 500, refuse: 20, ..Knobs::default() });
        let jobs = jobs(&mut rng);
        let mut process = Process::apply(&jobs, &mut azure, Plug::any(&mut rng));
        process.go(&mut azure);
        for _ in 0..50 {
            let mut bytes = process.disk.clone();
            for _ in 0..rng.below(4) {
                let at = rng.below(bytes.len().max(1) as u64) as usize;
                if bytes.is_empty() {
                    break;
                }
                match rng.below(3) {
                    0 => bytes[at] = rng.below(256) as u8,
                    1 => drop(bytes.drain(at..(at + rng.below(40) as usize).min(bytes.len()))),
                    _ => bytes.truncate(at + 1),
                }
            }
            fix::undo::read_anything(&bytes);
        }
    }
}
