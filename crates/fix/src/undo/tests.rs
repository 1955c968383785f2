//! What undo files of every kind bring back.

use super::*;
use crate::write::Edit;
use serde_json::json;

fn put(name: &str) -> Write {
    Write {
        target: format!("/{name}"),
        api_version: "1".to_owned(),
        act: Act::Put { was: None, becomes: json!({"properties": {"a": name}}) },
    }
}

fn entry(fix: &str, step: usize, what: What) -> String {
    Entry { place: Place { fix: fix.to_owned(), step }, what }.line("2026-11-27T00:00:00Z")
}

fn intended(name: &str) -> What {
    What::Intended { write: put(name) }
}

fn jobs() -> Vec<Job> {
    vec![Job::new("f", "close 22", [put("a"), put("b")]), Job::new("g", "", [put("c")])]
}

fn start() -> String {
    let jobs = jobs();
    begin(&Head::new("me", "2026-11-27T00:00:00Z", "live", &jobs), &jobs)
}

/// The places that are taken back, in order, by a file with these lines.
fn check(lines: &[String], expected: &[(&str, usize)]) -> Undo {
    let text = start() + &lines.concat();
    let undo = Journal::read(text.as_bytes()).unwrap().undo();
    let tasks = undo.jobs.iter().flat_map(|job| &job.tasks);
    let places: Vec<_> = tasks.map(|task| (&*task.place.fix, task.place.step)).collect();
    assert_eq!(places, expected);
    undo
}

#[test]
fn what_may_have_been_sent_is_taken_back_the_last_first() {
    check(&[], &[]);
    let failed = |sent| What::Failed { why: Why::Stopped, sent };
    check(&[entry("f", 0, intended("a"))], &[("f", 0)]);
    check(&[entry("f", 0, intended("a")), entry("f", 0, failed(false))], &[]);
    check(&[entry("f", 0, intended("a")), entry("f", 0, failed(true))], &[("f", 0)]);
    check(&[entry("f", 0, intended("a")), entry("f", 0, What::Already)], &[]);
    check(&[entry("f", 0, What::Already)], &[]);
    let all = [
        entry("f", 0, intended("a")),
        entry("f", 0, What::Done),
        entry("g", 0, intended("c")),
        entry("f", 1, intended("b")),
        entry("f", 1, What::Operation { url: "https://x/1".to_owned() }),
    ];
    let undo = check(&all, &[("f", 1), ("f", 0), ("g", 0)]);
    assert_eq!(undo.jobs[0].title, "close 22");
    assert_eq!(undo.jobs[0].tasks[0].operation.as_deref(), Some("https://x/1"));
    assert_eq!(undo.jobs[0].tasks[1].operation, None);
    assert_eq!(undo.jobs[0].tasks[0].write.act, Act::Delete { was: json!({"properties": {"a": "b"}}) });
}

#[test]
fn what_others_waited_for_is_taken_back_after_them() {
    let job = |fix: &str, after: &[&str]| Job {
        after: after.iter().map(|id| (*id).to_owned()).collect(),
        ..Job::new(fix, "", [put(fix)])
    };
    let jobs = [job("a", &[]), job("b", &["a"]), job("c", &["a", "b"]), job("d", &["a"]), job("e", &[])];
    let head = begin(&Head::new("me", "2026-11-27T00:00:00Z", "live", &jobs), &jobs);
    let waits = |entries: &[String]| {
        let undo = Journal::read((head.clone() + &entries.concat()).as_bytes()).unwrap().undo();
        undo.jobs.into_iter().map(|job| format!("{}: {}", job.fix, job.after.join(" "))).collect::<Vec<_>>()
    };
    // `d` was never sent, and nothing waits for it.
    let mut all: Vec<_> = ["e", "a", "b", "c"].map(|fix| entry(fix, 0, intended(fix))).into();
    assert_eq!(waits(&all), ["c: ", "b: c", "a: b c", "e: "]);
    let back = What::Undoing { write: put("c").undo().unwrap() };
    all.extend([entry("c", 0, back), entry("c", 0, What::Undone)]);
    assert_eq!(waits(&all), ["b: ", "a: b", "e: "]);
    // Nobody waits for what waits for them, and files of before say nothing of it.
    assert_eq!(waits(&["a", "b"].map(|fix| entry(fix, 0, intended(fix)))), ["b: ", "a: b"]);
    assert_eq!(waits(&["b", "a"].map(|fix| entry(fix, 0, intended(fix)))), ["a: ", "b: "]);
    assert!(!start().contains("after"));
    assert_eq!(Journal::read(start().as_bytes()).unwrap().head.fixes[0].after, [""; 0]);
}

#[test]
fn what_was_there_before_is_not_taken_back() {
    let there = json!({"properties": {"a": "x", "b": 1}});
    let again = Act::Put { was: Some(there), becomes: json!({"properties": {"a": "x"}}) };
    let again = What::Intended { write: Write { act: again, ..put("a") } };
    check(&[entry("f", 0, again.clone()), entry("f", 0, What::Done)], &[]);
    check(&[entry("f", 0, again), entry("f", 0, intended("a"))], &[("f", 0)]);
}

#[test]
fn an_undo_is_gone_on_with() {
    let mut lines =
        vec![entry("f", 0, intended("a")), entry("f", 1, intended("b")), entry("f", 1, What::Done)];
    let back = put("b").undo().unwrap();
    lines.push(entry("f", 1, What::Undoing { write: back }));
    lines.push(entry("f", 1, What::UndoOperation { url: "https://x/2".to_owned() }));
    let undo = check(&lines, &[("f", 1), ("f", 0)]);
    assert!(undo.jobs[0].tasks[0].perhaps);
    assert_eq!(undo.jobs[0].tasks[0].operation.as_deref(), Some("https://x/2"));
    assert!(!undo.jobs[0].tasks[1].perhaps);
    lines.push(entry("f", 1, What::Undone));
    let undo = check(&lines, &[("f", 0)]);
    assert_eq!(undo.undone, [Place { fix: "f".to_owned(), step: 1 }]);
    // Somebody was in the way: it is tried again.
    lines.push(entry("f", 0, What::UndoFailed { why: Why::Conflict }));
    check(&lines, &[("f", 0)]);
}

#[test]
fn actions_are_done_again_around_a_change() {
    let run = |action: &str, undo: &str| What::Intended {
        write: Write {
            act: Act::Run { action: action.to_owned(), body: None, undo: Some(undo.to_owned()) },
            ..put("a")
        },
    };
    let mut lines = vec![
        entry("f", 0, run("deallocate", "start")),
        entry("f", 1, intended("a")),
        entry("f", 2, run("start", "deallocate")),
    ];
    let undone = |step| entry("f", step, What::Undone);
    let failed = |step| entry("f", step, What::UndoFailed { why: Why::Conflict });
    // The change is still to be taken back: all of it again.
    lines.extend([undone(2), failed(1), undone(0)]);
    check(&lines, &[("f", 2), ("f", 1), ("f", 0)]);
    // Stopped before the VM was started anew.
    lines.extend([undone(2), undone(1)]);
    check(&lines, &[("f", 0)]);
    lines.push(undone(0));
    check(&lines, &[]);
    // It was never started, so that nothing stops it before: it is stopped anew, and started in any case.
    let stopped = [entry("f", 0, run("deallocate", "start")), entry("f", 1, intended("a"))];
    let again = |more: &[String]| [&stopped[..], &[failed(1), undone(0)], more].concat();
    let undo = check(&again(&[]), &[("f", 0), ("f", 1), ("f", 0)]);
    let action = |task: &Task| match &task.write.act {
        Act::Run { action, .. } => action.clone(),
        _ => String::new(),
    };
    assert_eq!(undo.jobs[0].tasks.iter().map(action).collect::<Vec<_>>(), ["deallocate", "", "start"]);
    // Perhaps it was started: it is stopped in that case, too.
    let perhaps = [failed(1), entry("f", 0, run("start", "deallocate")).replace("intended", "undoing")];
    check(&[&stopped[..], &perhaps].concat(), &[("f", 0), ("f", 1), ("f", 0)]);
    let anew = entry("f", 0, run("deallocate", "start")).replace("intended", "undoing");
    check(&again(&[anew.clone(), undone(0)]), &[("f", 1), ("f", 0)]);
    // It was not seen to stop.
    check(&again(std::slice::from_ref(&anew)), &[("f", 0), ("f", 1), ("f", 0)]);
    check(&again(&[anew.clone(), failed(0)]), &[("f", 0), ("f", 1), ("f", 0)]);
    check(&again(&[anew.clone(), failed(0), undone(1)]), &[("f", 0)]);
    check(&again(&[anew.clone(), undone(0), undone(1)]), &[("f", 0)]);
    // The VM was not stopped for it, and runs: it is not stopped afterwards.
    lines.truncate(3);
    lines.extend([failed(2), undone(1), undone(0)]);
    check(&lines, &[]);
}

#[test]
fn a_vm_that_was_started_again_without_a_change_is_left_alone() {
    let run = |action: &str, undo: &str| What::Intended {
        write: Write {
            act: Act::Run { action: action.to_owned(), body: None, undo: Some(undo.to_owned()) },
            ..put("a")
        },
    };
    let failed = |sent| What::Failed { why: Why::Conflict, sent };
    let lines = |change, ends: What| {
        vec![
            entry("f", 0, run("deallocate", "start")),
            entry("f", 0, What::Done),
            entry("f", 1, intended("a")),
            entry("f", 1, failed(change)),
            entry("f", 2, run("start", "deallocate")),
            entry("f", 2, ends),
        ]
    };
    check(&lines(false, What::Done), &[]);
    check(&lines(true, What::Done), &[("f", 2), ("f", 1), ("f", 0)]);
    // Nobody saw it running: it is started, and not stopped before.
    let mut unseen = lines(false, failed(true));
    check(&unseen, &[("f", 0)]);
    unseen.push(entry("f", 0, What::Undone));
    check(&unseen, &[]);
}

#[test]
fn what_nothing_takes_back_is_told() {
    let run =
        Write { act: Act::Run { action: "installPatches".to_owned(), body: None, undo: None }, ..put("a") };
    let undo = check(&[entry("f", 0, What::Intended { write: run })], &[]);
    assert_eq!(undo.cannot, [Place { fix: "f".to_owned(), step: 0 }]);
}

#[test]
fn a_file_cut_anywhere_is_read() {
    let whole = start() + &entry("f", 0, intended("a")) + &entry("f", 0, What::Done);
    let read = |bytes: &[u8]| Journal::read(bytes);
    let all = read(whole.as_bytes()).unwrap();
    assert_eq!((all.whole, all.open, all.entries.len()), (whole.len(), false, 5));
    let first = whole.find('\n').unwrap();
    for cut in 0..whole.len() {
        let bytes = &whole.as_bytes()[..cut];
        match read(bytes) {
            Err(error) => assert!(cut < first && error == JournalError::Empty, "{cut}: {error}"),
            Ok(journal) => {
                assert!(cut >= first);
                let kept = &bytes[..journal.whole];
                assert_eq!(journal.open, !kept.ends_with(b"\n"));
                // What is added after the cut is read as well.
                let end = if journal.open { "\n" } else { "" };
                let more = [kept, end.as_bytes(), entry("g", 0, What::Undone).as_bytes()].concat();
                assert_eq!(read(&more).unwrap().entries.len(), journal.entries.len() + 1);
            }
        }
    }
    // Blocks that were never filled.
    let zeros = [whole.as_bytes(), &[0; 100]].concat();
    assert_eq!(read(&zeros).unwrap().whole, whole.len());
    assert_eq!(read(&[&zeros[..], b"\n"].concat()).unwrap().entries.len(), 5);
}

#[test]
fn other_files_are_refused() {
    let refused = |text: &str| Journal::read(text.as_bytes()).unwrap_err();
    assert_eq!(refused(""), JournalError::Empty);
    assert_eq!(refused("{}\n"), JournalError::Foreign);
    assert_eq!(refused("[1]\n"), JournalError::Foreign);
    assert_eq!(refused("{\"schema\":7}\n"), JournalError::Foreign);
    assert_eq!(
        refused("{\"schema\":\"sekimori.undo/2\"}\n"),
        JournalError::Version("sekimori.undo/2".to_owned())
    );
    assert!(matches!(refused("{\"schema\":\"sekimori.undo/1\"}\n"), JournalError::Line { number: 1, .. }));
    // In the middle nothing may be strange, and at the end nothing that is whole.
    let strange = "{\"fix\":\"f\",\"step\":0,\"state\":\"blessed\"}\n";
    assert!(matches!(refused(&(start() + strange)), JournalError::Line { number: 5, .. }));
    let torn = start() + "{\"fix\":\n" + &entry("f", 0, What::Done);
    assert!(matches!(refused(&torn), JournalError::Line { number: 5, .. }));
    let edit = Edit { path: "a/".repeat(100_000), was: None, becomes: None };
    let deep = Write { act: Act::Edit { edits: vec![edit], whole: true }, ..put("a") };
    assert!(matches!(
        refused(&(start() + &entry("f", 0, What::Intended { write: deep }))),
        JournalError::Line { number: 5, .. }
    ));
}

#[test]
fn every_entry_comes_back_as_it_was() {
    let why = Why::Refused { status: 403, code: "a".to_owned(), message: "\u{2028}\n".to_owned() };
    for what in [
        What::Planned { write: put("a") },
        intended("a"),
        What::Operation { url: "u".to_owned() },
        What::Done,
        What::Already,
        What::Failed { why: why.clone(), sent: true },
        What::Undoing { write: put("a") },
        What::UndoOperation { url: "u".to_owned() },
        What::Undone,
        What::UndoFailed { why },
    ] {
        let text = start() + &entry("f", 1, what.clone());
        let journal = Journal::read(text.as_bytes()).unwrap();
        let (last, at) = journal.entries.last().unwrap();
        assert_eq!((&last.what, last.place.step), (&what, 1));
        assert_eq!(at.as_deref(), Some("2026-11-27T00:00:00Z"));
    }
}

#[test]
fn any_bytes_are_read_without_a_fall() {
    for bytes in [&b"\xff\xfe"[..], b"\n\n\n", b"{\"schema\":\"sekimori.undo/1\"", &[b'['; 100_000]] {
        read_anything(bytes);
    }
    read_anything(start().as_bytes());
}
