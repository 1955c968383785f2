use super::*;
use crate::apply::Place;
use crate::write::Edit;
use serde_json::json;

fn found(a: i32) -> Event {
    Event::Read(Some(Found { body: json!({"etag": "e", "properties": {"a": a}}), etag: None }))
}

fn write(act: Act) -> Write {
    Write { target: "/x".to_owned(), api_version: "1".to_owned(), act }
}

fn put() -> Write {
    write(Act::Put { was: Some(json!({"properties": {"a": 1}})), becomes: json!({"properties": {"a": 2}}) })
}

fn run(action: &str) -> Write {
    write(Act::Run { action: action.to_owned(), body: None, undo: None })
}

/// One word for an effect.
fn word(effect: &Effect) -> String {
    match effect {
        Effect::Read { .. } => "read".to_owned(),
        Effect::Record(entry) => {
            let text = serde_json::to_value(&entry.what).unwrap();
            format!("record {}", text["state"].as_str().unwrap())
        }
        Effect::Send(request) => format!("send {}", request.method.name()),
        Effect::Poll { url } => format!("poll {url}"),
        Effect::Wait { .. } => "wait".to_owned(),
        Effect::Ended(outcome) => format!("{:?}", outcome.end),
    }
}

/// Drives a machine by events, waits and records apart, which are answered by themselves; the words of all effects.
fn drive(machine: &mut Machine, events: Vec<Event>) -> (String, Outcome) {
    let mut events = events.into_iter();
    let (mut words, mut event) = (Vec::new(), Event::Begin);
    loop {
        let effect = machine.next(event);
        words.push(word(&effect));
        event = match effect {
            Effect::Ended(outcome) => return (words.join(", "), outcome),
            Effect::Wait { least, most } => {
                assert!(least <= most && most > Duration::ZERO);
                Event::Waited
            }
            Effect::Record(_) => Event::Recorded,
            _ => events.next().unwrap_or_else(|| panic!("no more events after {words:?}")),
        };
    }
}

#[track_caller]
fn check(writes: &[Write], way: Way, events: Vec<Event>, expected: &str) -> Outcome {
    let mut machine = Machine::new(Job::new("f", "", writes.iter().cloned()), way);
    let (words, outcome) = drive(&mut machine, events);
    assert_eq!(words, expected);
    outcome
}

fn accepted(url: &str) -> Event {
    Event::Sent(Answer::Accepted { operation: Some(url.to_owned()), retry_after: None })
}

const DONE: Event = Event::Sent(Answer::Done);

#[test]
fn a_write_is_read_recorded_sent_and_read_back() {
    let outcome = check(
        &[put()],
        Way::Apply,
        vec![found(1), DONE, found(2)],
        "read, record intended, send PUT, read, record done, Complete",
    );
    assert_eq!(outcome.told[0].status, Status::Done);
    let outcome = check(&[put()], Way::Apply, vec![found(2)], "read, record already, Complete");
    assert_eq!(outcome.told[0].status, Status::Already);
    let outcome = check(&[put(), put()], Way::Apply, vec![found(7)], "read, record failed, Failed");
    let Status::Failed { why: Why::Conflict, sent: false, found: Some(body) } = &outcome.told[0].status
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(body["properties"]["a"], 7);
    assert_eq!(outcome.told[1].status, Status::NotBegun);
}

#[test]
fn a_write_goes_under_the_etag_of_what_was_read() {
    let mut machine = Machine::new(Job::new("f", "", [put()]), Way::Apply);
    machine.next(Event::Begin);
    machine.next(found(1));
    let Effect::Send(request) = machine.next(Event::Recorded) else { panic!() };
    assert_eq!((request.if_match.as_deref(), request.if_none_match), (Some("e"), false));
    let new = write(Act::Put { was: None, becomes: json!({"a": 1}) });
    let mut machine = Machine::new(Job::new("f", "", [new]), Way::Apply);
    machine.next(Event::Begin);
    machine.next(Event::Read(None));
    let Effect::Send(request) = machine.next(Event::Recorded) else { panic!() };
    assert_eq!((request.if_match, request.if_none_match), (None, true));
}

/// What was read a moment ago spares the first read, where the ETag guards it or it is young, and it is as expected.
#[test]
fn what_was_just_read_is_not_read_again() {
    let there = |event: Event| {
        let Event::Read(found) = event else { panic!() };
        found
    };
    let edit = Edit { path: "properties/a".to_owned(), was: Some(json!(1)), becomes: Some(json!(2)) };
    let whole = |whole| write(Act::Edit { edits: vec![edit.clone()], whole });
    let bare = || Event::Read(Some(Found { body: json!({"properties": {"a": 1}}), etag: None }));
    let spared = "record intended, send";
    let read = "read, record intended, send";
    for (writes, fresh, young, expected) in [
        (vec![whole(true)], found(1), false, spared),
        (vec![whole(true)], bare(), false, read),
        (vec![whole(true)], bare(), true, spared),
        (vec![whole(false)], found(1), false, read),
        (vec![whole(false)], found(1), true, spared),
        (vec![put()], found(1), false, read),
        (vec![put()], found(1), true, spared),
        // It says something else, or is being changed: that is looked at.
        (vec![put()], found(2), true, read),
        (vec![put()], found(7), true, read),
        (vec![put()], broken(2), true, read),
        (vec![run("deallocate")], found(1), true, read),
        (vec![run("installPatches")], found(1), true, spared),
    ] {
        let fresh = [("/X".to_owned(), there(fresh))];
        let mut machine =
            Machine::new(Job::new("f", "", writes.clone()), Way::Apply).fresh(fresh.clone(), young);
        let start = if expected == read { vec![found(1)] } else { Vec::new() };
        let (words, outcome) = drive(&mut machine, [start, vec![DONE, found(2)]].concat());
        assert!(words.starts_with(expected), "{words}");
        assert_eq!(outcome.end, End::Complete);
        // Not on the way back.
        let mut machine = Machine::new(Job::new("f", "", writes), Way::Undo).fresh(fresh, young);
        assert_eq!(word(&machine.next(Event::Begin)), "read");
    }
    // Of the first write alone; and what has changed since is read.
    let back = Edit { path: "properties/a".to_owned(), was: Some(json!(2)), becomes: Some(json!(1)) };
    let back = write(Act::Edit { edits: vec![back], whole: true });
    let fresh = [("/x".to_owned(), there(found(1)))];
    let mut machine = Machine::new(Job::new("f", "", [whole(true), back]), Way::Apply).fresh(fresh, true);
    let changed = Event::Sent(Answer::Precondition);
    let (words, _) = drive(&mut machine, vec![changed, found(1), DONE, found(2), found(2), DONE, found(1)]);
    assert_eq!(
        words,
        "record intended, send PUT, wait, read, record intended, send PUT, read, record done, \
         read, record intended, send PUT, read, record done, Complete"
    );
}

#[test]
fn accepted_is_not_done() {
    check(
        &[put()],
        Way::Apply,
        vec![
            found(1),
            accepted("u"),
            Event::Polled(Poll::Running { retry_after: Some(Duration::from_secs(7)) }),
            Event::Polled(Poll::Succeeded),
            found(2),
        ],
        "read, record intended, send PUT, record operation, wait, poll u, wait, poll u, read, record done, Complete",
    );
    let outcome = check(
        &[put()],
        Way::Apply,
        vec![
            found(1),
            accepted("u"),
            Event::Polled(Poll::Failed { code: "X".to_owned(), message: String::new() }),
            found(2),
        ],
        "read, record intended, send PUT, record operation, wait, poll u, read, record failed, Failed",
    );
    assert!(matches!(outcome.told[0].status, Status::Failed { why: Why::Operation { .. }, sent: true, .. }));
}

#[test]
fn what_was_superseded_is_read_and_tried_again() {
    for superseded in [true, false] {
        check(
            &[put()],
            Way::Apply,
            vec![
                found(1),
                accepted("u"),
                Event::Polled(Poll::Canceled { superseded }),
                found(1),
                accepted("v"),
                Event::Polled(Poll::Canceled { superseded }),
                found(2),
            ],
            "read, record intended, send PUT, record operation, wait, poll u, wait, read, record intended, send PUT, \
             record operation, wait, poll v, wait, read, record done, Complete",
        );
    }
}

#[test]
fn nobody_tries_for_ever() {
    let busy =
        || Event::Sent(Answer::Busy { code: "AnotherOperationInProgress".to_owned(), retry_after: None });
    let mut events: Vec<Event> = (0..12).flat_map(|_| [found(1), busy()]).collect();
    events.push(found(1));
    let mut machine = Machine::new(Job::new("f", "", [put()]), Way::Apply);
    let (_, outcome) = drive(&mut machine, events);
    let Status::Failed { why: Why::GaveUp { tries: 12, .. }, sent: false, .. } = &outcome.told[0].status
    else {
        panic!("{outcome:?}")
    };
    let long = Event::Sent(Answer::Throttled { retry_after: Some(Duration::from_secs(86_400)) });
    let outcome = check(
        &[put()],
        Way::Apply,
        vec![found(1), long, found(1)],
        "read, record intended, send PUT, read, record failed, Failed",
    );
    assert!(matches!(outcome.told[0].status, Status::Failed { why: Why::GaveUp { .. }, sent: false, .. }));
    let unread = || Event::Unread { why: "down".to_owned(), again: true };
    let mut machine = Machine::new(Job::new("f", "", [put()]), Way::Apply);
    let (words, _) = drive(&mut machine, (0..7).map(|_| unread()).collect());
    assert_eq!(words.matches("read,").count(), 7);
}

/// Every operation is forgotten before anybody can ask after it.
#[test]
fn what_is_always_forgotten_is_not_done_for_ever() {
    let forgotten = || [found(1), accepted("u"), Event::Polled(Poll::Gone)];
    for write in [run("deallocate"), put()] {
        let events = (0..12).flat_map(|_| forgotten()).chain([found(1)]).collect();
        let mut machine = Machine::new(Job::new("f", "", [write]), Way::Apply);
        let (words, outcome) = drive(&mut machine, events);
        assert_eq!(words.matches("send").count(), 12, "{words}");
        assert!(!words.contains("poll u, read, record intended"), "it waits before it tries again: {words}");
        let Status::Failed { why: Why::GaveUp { tries: 12, .. }, sent: true, .. } = &outcome.told[0].status
        else {
            panic!("{outcome:?}")
        };
    }
    let outcome = check(
        &[run("installPatches")],
        Way::Apply,
        [forgotten().into(), vec![found(1)]].concat(),
        "read, record intended, send POST, record operation, wait, poll u, wait, read, record failed, Failed",
    );
    assert!(matches!(outcome.told[0].status, Status::Failed { why: Why::Unsure, sent: true, .. }));
}

#[test]
fn an_action_that_may_do_harm_is_not_done_twice() {
    let unsure = || Event::Sent(Answer::Unsure { why: "cut".to_owned(), retry_after: None });
    let outcome = check(
        &[run("installPatches")],
        Way::Apply,
        vec![found(1), unsure(), found(1)],
        "read, record intended, send POST, wait, read, record failed, Failed",
    );
    assert!(matches!(outcome.told[0].status, Status::Failed { why: Why::Unsure, sent: true, .. }));
    check(
        &[run("deallocate")],
        Way::Apply,
        vec![found(1), unsure(), found(1), DONE, found(1)],
        "read, record intended, send POST, wait, read, record intended, send POST, read, record done, Complete",
    );
}

#[test]
fn a_stop_lets_the_write_under_way_end_and_the_second_does_not() {
    let mut machine = Machine::new(Job::new("f", "", [put(), put()]), Way::Apply);
    machine.next(Event::Begin);
    machine.next(found(1));
    machine.next(Event::Recorded);
    machine.stop();
    assert_eq!(word(&machine.next(DONE)), "read");
    assert_eq!(word(&machine.next(found(2))), "record done");
    let Effect::Ended(outcome) = machine.next(Event::Recorded) else { panic!() };
    assert_eq!(outcome.end, End::Stopped);
    assert_eq!(outcome.told[0].status, Status::Done);
    assert_eq!(outcome.told[1].status, Status::NotBegun);

    let mut machine = Machine::new(Job::new("f", "", [put()]), Way::Apply);
    machine.next(Event::Begin);
    machine.next(found(1));
    machine.next(Event::Recorded);
    machine.stop();
    machine.stop();
    let Effect::Ended(outcome) = machine.next(Event::Waited) else { panic!() };
    assert_eq!(outcome.told[0].status, Status::Left { sent: true });
    assert_eq!(machine.next(Event::Waited), Effect::Ended(outcome), "over is over");
}

fn doing(power: &str) -> Event {
    let statuses = json!([{"code": format!("PowerState/{power}")}]);
    Event::Read(Some(Found {
        body: json!({"properties": {"instanceView": {"statuses": statuses}}}),
        etag: None,
    }))
}

/// Where the read tells what the VM does, an action is done by that, and not by what Azure answers.
#[test]
fn what_a_vm_does_is_looked_at() {
    for (action, before, after) in
        [("deallocate", "running", "deallocated"), ("start", "deallocated", "running")]
    {
        let is = doing;
        let writes = [run(action)];
        let path = "read, wait, read, wait, read, record already, Complete";
        check(&writes, Way::Apply, vec![is(after), is(after), is(after)], path);
        let sent = "read, record intended, send POST";
        let path = format!("{sent}, read, record done, Complete");
        check(&writes, Way::Apply, vec![is(before), DONE, is(after)], &path);
        // It was shown too early.
        let path = format!("read, wait, {sent}, read, wait, read, record done, Complete");
        check(&writes, Way::Apply, vec![is(after), is(before), DONE, is(before), is(after)], &path);
        // What Azure forgets is seen.
        let gone =
            vec![is(before), accepted("u"), Event::Polled(Poll::Gone), is(after), is(after), is(after)];
        let path = format!(
            "{sent}, record operation, wait, poll u, wait, read, wait, read, wait, read, record done, Complete"
        );
        check(&writes, Way::Apply, gone, &path);
        let nowhere = || Event::Sent(Answer::Accepted { operation: None, retry_after: None });
        let path = format!("{sent}, wait, read, wait, read, wait, read, wait, read, record done, Complete");
        check(
            &writes,
            Way::Apply,
            vec![is(before), nowhere(), is(before), is(after), is(after), is(after)],
            &path,
        );
        let path = format!("{sent}, wait, read, record failed, Failed");
        check(&writes, Way::Apply, vec![is(before), nowhere(), found(1)], &path);
        // It never does what was asked for.
        let mut machine = Machine::new(Job::new("f", "", writes), Way::Apply);
        let mut events = Vec::new();
        for _ in 0..12 {
            events.extend([is(before), DONE]);
            events.extend((0..6).map(|_| is(before)));
        }
        events.push(is(before));
        let (words, outcome) = drive(&mut machine, events);
        assert_eq!(words.matches("send").count(), 12, "{words}");
        assert!(matches!(outcome.told[0].status, Status::Failed { why: Why::GaveUp { .. }, .. }));
    }
    let mut machine = Machine::new(Job::new("f", "", [run("start")]), Way::Apply);
    assert!(matches!(machine.next(Event::Begin), Effect::Read { view: true, .. }));
    for write in [run("installPatches"), put()] {
        let mut machine = Machine::new(Job::new("f", "", [write]), Way::Apply);
        assert!(matches!(machine.next(Event::Begin), Effect::Read { view: false, .. }));
    }
}

fn around(write: Write) -> [Write; 4] {
    let run = |action: &str, undo: &str| {
        let act = Act::Run { action: action.to_owned(), body: None, undo: Some(undo.to_owned()) };
        Write { target: "/vm".to_owned(), ..self::write(act) }
    };
    [run("deallocate", "start"), write, put(), run("start", "deallocate")]
}

/// A VM is not left off because what it was stopped for failed.
#[test]
fn what_was_stopped_is_started_again() {
    let stopped = "read, record intended, send POST, read, record done";
    let started = "read, record intended, send POST, read, record done, Failed";
    let outcome = check(
        &around(put()),
        Way::Apply,
        vec![found(1), DONE, found(1), found(7), found(1), DONE, found(1)],
        &format!("{stopped}, read, record failed, {started}"),
    );
    assert!(matches!(outcome.told[1].status, Status::Failed { why: Why::Conflict, sent: false, .. }));
    assert_eq!((&outcome.told[2].status, &outcome.told[3].status), (&Status::NotBegun, &Status::Done));
    // It was perhaps stopped.
    let refused =
        || Event::Sent(Answer::Refused { status: 409, code: "c".to_owned(), message: String::new() });
    let failed = Event::Polled(Poll::Failed { code: "X".to_owned(), message: String::new() });
    check(
        &around(put()),
        Way::Apply,
        vec![found(1), accepted("u"), failed, found(1), found(1), DONE, found(1)],
        &format!(
            "read, record intended, send POST, record operation, wait, poll u, read, record failed, {started}"
        ),
    );
    // It was not; and what cannot be started is told.
    let path = "read, record intended, send POST, read, record failed, Failed";
    check(&around(put()), Way::Apply, vec![found(1), refused(), found(1)], path);
    let outcome = check(
        &around(put()),
        Way::Apply,
        vec![found(1), DONE, found(1), found(7), found(1), refused(), found(1)],
        &format!("{stopped}, read, record failed, {path}"),
    );
    assert!(matches!(outcome.told[3].status, Status::Failed { why: Why::Refused { .. }, .. }));
}

#[test]
fn what_was_stopped_is_started_again_where_somebody_stops() {
    // And when it is about to be started as planned.
    for at in 6..12 {
        let writes = around(put()).into_iter().enumerate().filter(|(number, _)| *number != 2);
        let mut machine = Machine::new(Job::new("f", "", writes.map(|(_, write)| write)), Way::Apply);
        let mut effect = machine.next(Event::Begin);
        let mut effects = 0;
        let mut reads = [found(1), found(1), found(1), found(2), found(1), found(1)].into_iter();
        let outcome = loop {
            effect = machine.next(match effect {
                Effect::Ended(outcome) => break outcome,
                Effect::Read { .. } => reads.next().unwrap(),
                Effect::Record(_) => Event::Recorded,
                Effect::Send(_) => DONE,
                other => panic!("{other:?}"),
            });
            effects += 1;
            if effects == at {
                machine.stop();
            }
        };
        assert_eq!(outcome.told.last().unwrap().status, Status::Done, "{at}: {outcome:?}");
    }
    for (stops, at) in [(1, 3), (1, 4), (1, 5), (1, 6), (2, 3)] {
        let mut machine = Machine::new(Job::new("f", "", around(put())), Way::Apply);
        let events = [Event::Begin, found(1), Event::Recorded, DONE, found(1), Event::Recorded, found(1)];
        let mut effect = None;
        for (number, event) in events.into_iter().enumerate() {
            if number == at {
                (0..stops).for_each(|_| machine.stop());
            }
            effect = Some(machine.next(event));
        }
        let mut posts = 0;
        let outcome = loop {
            effect = Some(machine.next(match effect.unwrap() {
                Effect::Ended(outcome) => break outcome,
                Effect::Read { .. } => found(1),
                Effect::Record(_) => Event::Recorded,
                Effect::Send(request) => {
                    assert_eq!(request.action.as_deref(), Some("start"));
                    posts += 1;
                    DONE
                }
                other => panic!("{other:?}"),
            }));
        };
        assert_eq!(outcome.end, End::Stopped);
        match stops {
            1 => {
                assert_eq!((posts, &outcome.told[3].status), (1, &Status::Done), "{at}");
                assert!(matches!(
                    outcome.told[1].status,
                    Status::NotBegun | Status::Failed { why: Why::Stopped, sent: false, .. }
                ));
            }
            _ => assert_eq!((posts, &outcome.told[0].status), (0, &Status::Left { sent: true })),
        }
    }
}

#[test]
fn nothing_is_sent_that_is_not_on_disk() {
    let mut machine = Machine::new(Job::new("f", "", [put()]), Way::Apply);
    machine.next(Event::Begin);
    machine.next(found(1));
    let full = || Event::Unrecorded { why: "disk full".to_owned() };
    assert_eq!(word(&machine.next(full())), "record failed");
    let Effect::Ended(outcome) = machine.next(full()) else { panic!() };
    assert_eq!(outcome.unrecorded.as_deref(), Some("disk full"));
    assert!(matches!(
        outcome.told[0].status,
        Status::Failed { why: Why::Unrecorded { .. }, sent: false, .. }
    ));
}

#[test]
fn an_undo_goes_on_after_what_it_cannot_take_back() {
    let other = Write { target: "/y".to_owned(), ..put() };
    let outcome = check(
        &[put(), other],
        Way::Undo,
        vec![found(7), found(1), DONE, found(2)],
        "read, record undoFailed, read, record undoing, send PUT, read, record undone, Failed",
    );
    assert_eq!(outcome.told[1].status, Status::Done);
    // What is back already is looked at more than once.
    check(
        &[put()],
        Way::Undo,
        vec![found(2), found(2), found(2)],
        "read, wait, read, wait, read, record undone, Complete",
    );
}

#[test]
fn an_operation_of_an_earlier_run_is_followed_first() {
    let mut job = Job::new("f", "", [put()]);
    job.tasks[0].operation = Some("u".to_owned());
    let mut machine = Machine::new(job, Way::Undo);
    let running = Event::Polled(Poll::Running { retry_after: None });
    let (words, _) = drive(&mut machine, vec![running, Event::Polled(Poll::Gone), found(1), DONE, found(2)]);
    assert_eq!(words, "poll u, wait, poll u, read, record undoing, send PUT, read, record undone, Complete");
}

#[test]
fn what_changes_is_waited_for() {
    let moving = |a: i32| {
        let body = json!({"properties": {"a": a, "provisioningState": "Updating"}});
        Event::Read(Some(Found { body, etag: None }))
    };
    check(
        &[put()],
        Way::Apply,
        vec![moving(1), found(1), DONE, moving(2), found(2)],
        "read, wait, read, record intended, send PUT, read, wait, read, record done, Complete",
    );
}

#[test]
fn what_azure_calls_a_failure_is_none_of_ours_to_call_done() {
    let body = json!({"properties": {"a": 2, "provisioningState": "Failed"}});
    let failed = Event::Read(Some(Found { body, etag: None }));
    let outcome = check(
        &[put()],
        Way::Apply,
        vec![found(1), DONE, failed],
        "read, record intended, send PUT, read, record failed, Failed",
    );
    assert!(matches!(outcome.told[0].status, Status::Failed { why: Why::Operation { .. }, sent: true, .. }));
}

fn broken(a: i32) -> Event {
    let body = json!({"etag": "e", "properties": {"a": a, "provisioningState": "Failed"}});
    Event::Read(Some(Found { body, etag: None }))
}

/// It is there, and Azure calls it a failure, and nobody has said how its write ended: it is written again.
#[test]
fn what_is_there_and_failed_is_written_again() {
    let unsure = || Event::Sent(Answer::Unsure { why: "cut".to_owned(), retry_after: None });
    for (how, events) in [
        ("send PUT, wait", vec![unsure()]),
        ("send PUT, wait", vec![Event::Sent(Answer::Precondition)]),
        ("send PUT, record operation, wait, poll u, wait", vec![accepted("u"), Event::Polled(Poll::Gone)]),
    ] {
        let start = [vec![found(1)], events, vec![broken(2), DONE]].concat();
        let path = format!("read, record intended, {how}, read, record intended, send PUT, read, record");
        let all = [start.clone(), vec![found(2)]].concat();
        check(&[put()], Way::Apply, all, &format!("{path} done, Complete"));
        let all = [start, vec![broken(2)]].concat();
        let outcome = check(&[put()], Way::Apply, all, &format!("{path} failed, Failed"));
        assert!(matches!(outcome.told[0].status, Status::Failed { why: Why::Operation { .. }, .. }));
    }
    for way in [Way::Apply, Way::Undo] {
        let (word, end) = if way == Way::Apply { ("intended", "done") } else { ("undoing", "undone") };
        let expected = format!("read, record {word}, send PUT, read, record {end}, Complete");
        check(&[put()], way, vec![broken(2), DONE, found(2)], &expected);
    }
}

/// What is written again keeps what was there before all of it.
#[test]
fn what_is_written_again_brings_back_what_was_first() {
    let mut machine = Machine::new(Job::new("f", "", [put()]), Way::Apply);
    let intended = |effect: Effect| {
        let Effect::Record(Entry { what: What::Intended { write }, .. }) = effect else {
            panic!("{effect:?}")
        };
        write.act
    };
    machine.next(Event::Begin);
    let first = intended(machine.next(found(1)));
    machine.next(Event::Recorded);
    machine.next(Event::Sent(Answer::Unsure { why: "cut".to_owned(), retry_after: None }));
    machine.next(Event::Waited);
    assert_eq!(intended(machine.next(broken(2))), first);
    let Effect::Send(request) = machine.next(Event::Recorded) else { panic!() };
    assert_eq!((request.if_match.as_deref(), request.if_none_match), (Some("e"), false));
}

#[test]
fn what_nobody_tells_the_end_of_is_seen_more_than_once() {
    let accepted = Event::Sent(Answer::Accepted { operation: None, retry_after: None });
    check(
        &[put()],
        Way::Apply,
        vec![found(1), accepted, found(1), found(2), found(2), found(2)],
        "read, record intended, send PUT, wait, read, wait, read, wait, read, wait, read, record done, Complete",
    );
}

#[test]
fn an_event_that_answers_nothing_ends_it() {
    let mut machine = Machine::new(Job::new("f", "", [put()]), Way::Apply);
    machine.next(Event::Begin);
    let Effect::Ended(outcome) = machine.next(Event::Recorded) else { panic!() };
    assert_eq!(outcome.told[0].place, Place { fix: "f".to_owned(), step: 0 });
    assert_eq!(outcome.told[0].status, Status::Left { sent: false });
}

/// An operation is asked after, and what it writes is looked at, however late Azure wants that.
#[test]
fn nobody_sleeps_for_days() {
    let days = Some(Duration::from_secs(86_400));
    let mut machine = Machine::new(Job::new("f", "", [put()]), Way::Apply);
    let most = Patience::default().wait + Duration::from_secs(1);
    for operation in [Some("u".to_owned()), None] {
        let mut events = vec![
            Event::Begin,
            found(1),
            Event::Recorded,
            Event::Sent(Answer::Accepted { operation: operation.clone(), retry_after: days }),
        ];
        if operation.is_some() {
            let running = || Event::Polled(Poll::Running { retry_after: days });
            events.extend([Event::Recorded, Event::Waited, running(), Event::Waited, running()]);
        }
        for event in events {
            if let Effect::Wait { most: wait, .. } = machine.next(event) {
                assert!(wait <= most, "{wait:?}");
            }
        }
        assert!(matches!(machine.phase, Phase::Waiting(_)));
        machine = Machine::new(Job::new("f", "", [put()]), Way::Apply);
    }
}
