//! Breaks the code in every place that `cargo-mutants` names, one at a time, and asks whether a test notices.
//!
//! `cargo-mutants` runs the tests of the broken package alone; most tests of `reach` are the program's. So the list of
//! breaks is taken from there, and the tests are chosen here. The outcome of each goes to a file as soon as it is
//! known, and a run goes on where an earlier one stopped.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::shell::{cargo, root, run_in, say};

/// The tests that look at `reach`, the quick ones first: a break that these notice needs no others.
const TESTS: [&[&str]; 3] = [
    &[
        "-p",
        "reach",
        "--lib",
        "--test",
        "agreement",
        "--test",
        "forwarding",
        "--test",
        "routes",
        "--test",
        "change",
    ],
    &[
        "-p",
        "sekimori",
        "--test",
        "ways",
        "--test",
        "reach",
        "--test",
        "difference",
        "--test",
        "checks",
        "--test",
        "truth",
        "--test",
        "tags",
        "--test",
        "routes",
        "--test",
        "posture",
    ],
    &["-p", "posture", "--test", "live"],
];

/// Longer than any of them takes without a break, however busy the machine; what takes longer never ends.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Seconds that one process may compute. A test without a break takes a few of them.
const COMPUTING: u32 = 150;

/// One break, as `cargo-mutants mutants --list --json` gives it.
#[derive(Deserialize)]
struct Break {
    file: String,
    name: String,
    replacement: String,
    span: Span,
}

#[derive(Deserialize)]
struct Span {
    start: Place,
    end: Place,
}

/// Line and column from 1; the end is the first place that is not meant.
#[derive(Deserialize)]
struct Place {
    line: usize,
    column: usize,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Caught,
    NeverEnded,
    DidNotCompile,
    Unnoticed,
}

#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    outcome: Outcome,
}

/// Breaks `reach` in the files asked for (parts of their paths; none: all), and writes what came of it to `out`.
pub(crate) fn mutants(files: &[String], workers: usize, out: &Path) -> Result<()> {
    let listed = Command::new("cargo-mutants")
        .args(["mutants", "--list", "--json", "-p", "reach"])
        .current_dir(root())
        .output()
        .context("`cargo-mutants` is needed: cargo install cargo-mutants --locked")?;
    if !listed.status.success() {
        bail!("cargo-mutants: {}", String::from_utf8_lossy(&listed.stderr));
    }
    let mut breaks: Vec<Break> = serde_json::from_slice(&listed.stdout)?;
    let done = known(out)?;
    breaks.retain(|it| files.is_empty() || files.iter().any(|part| it.file.contains(part)));
    let all = breaks.len();
    breaks.retain(|it| !done.contains(&it.name));
    say(&format!("{all} breaks, {} of them known from {}", all - breaks.len(), out.display()));
    breaks.reverse();
    let left = Mutex::new(breaks);
    let file = Mutex::new(fs::OpenOptions::new().create(true).append(true).open(out)?);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers.max(1))
            .map(|number| {
                let (left, file) = (&left, &file);
                scope.spawn(move || work(&copy(number)?, left, file))
            })
            .collect();
        workers.into_iter().try_for_each(|it| it.join().unwrap_or_else(|_| bail!("a worker stopped")))
    })
}

fn known(out: &Path) -> Result<HashSet<String>> {
    let text = if out.exists() { fs::read_to_string(out)? } else { String::new() };
    text.lines().map(|line| Ok(serde_json::from_str::<Row>(line)?.name)).collect()
}

/// A copy of what is committed, to break.
fn copy(number: usize) -> Result<PathBuf> {
    let place = root().join(format!("target/mutants/{number}"));
    let (from, to) = (root(), place.to_string_lossy().into_owned());
    if place.exists() {
        run_in(&place, "git", &["fetch", "--quiet", "origin", "HEAD"], &[])?;
        run_in(&place, "git", &["reset", "--quiet", "--hard", "FETCH_HEAD"], &[])?;
    } else {
        fs::create_dir_all(place.parent().context("a parent")?)?;
        run_in(&from, "git", &["clone", "--quiet", &from.to_string_lossy(), &to], &[])?;
    }
    // Everything is built before time counts.
    if tests(&place, Duration::MAX)? != Outcome::Unnoticed {
        bail!("the tests fail without a break: cargo xtask test");
    }
    Ok(place)
}

fn work(place: &Path, left: &Mutex<Vec<Break>>, file: &Mutex<fs::File>) -> Result<()> {
    loop {
        let next = left.lock().map_err(|_| anyhow::anyhow!("a worker stopped"))?.pop();
        let Some(it) = next else { return Ok(()) };
        let path = place.join(&it.file);
        let whole = fs::read_to_string(&path)?;
        fs::write(&path, broken(&whole, &it).with_context(|| format!("no such place: {}", it.name))?)?;
        let outcome = tests(place, PATIENCE)?;
        fs::write(&path, whole)?;
        // Cases that failed are kept by the tests, and tried again each time.
        Command::new("git").args(["clean", "-fdq"]).current_dir(place).status()?;
        if outcome == Outcome::Unnoticed {
            say(&format!("unnoticed: {}", it.name));
        }
        let row = serde_json::to_string(&Row { name: it.name, outcome })?;
        writeln!(file.lock().map_err(|_| anyhow::anyhow!("a worker stopped"))?, "{row}")?;
    }
}

/// The text with the break in it; none where it has no such place.
fn broken(text: &str, it: &Break) -> Option<String> {
    let at = |place: &Place| {
        let before: usize = text.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
        let line = text.get(before..)?;
        let (column, _) = line.char_indices().nth(place.column - 1)?;
        Some(before + column)
    };
    let (start, end) = (at(&it.span.start)?, at(&it.span.end)?);
    Some([text.get(..start)?, &it.replacement, text.get(end..)?].concat())
}

fn tests(place: &Path, patience: Duration) -> Result<Outcome> {
    for chosen in TESTS {
        match one_run(place, chosen, patience)? {
            Outcome::Unnoticed => {}
            noticed => return Ok(noticed),
        }
    }
    Ok(Outcome::Unnoticed)
}

fn one_run(place: &Path, chosen: &[&str], patience: Duration) -> Result<Outcome> {
    let log = place.join("target/errors.txt");
    fs::create_dir_all(place.join("target"))?;
    // A loop that never ends may also fill the memory of the machine.
    let mut child = Command::new("sh")
        .args([
            "-c",
            &format!("ulimit -v 6000000; ulimit -t {COMPUTING}; exec \"$0\" \"$@\""),
            &cargo(),
            "test",
            "--quiet",
        ])
        .args(chosen)
        .current_dir(place)
        .env("CARGO_TARGET_DIR", place.join("target"))
        .envs([("CARGO_PROFILE_TEST_OPT_LEVEL", "0"), ("CARGO_BUILD_JOBS", "1"), ("RUSTFLAGS", "-Awarnings")])
        .envs([("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_PROFILE_TEST_DEBUG", "0")])
        .envs([("PROPTEST_CASES", "120"), ("INSTA_UPDATE", "no")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log)?)
        .process_group(0)
        .spawn()?;
    #[expect(clippy::disallowed_methods, reason = "how long a test may take is a matter of the clock")]
    let begun = Instant::now();
    let ended = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > patience {
            Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status()?;
            child.wait()?;
            return Ok(Outcome::NeverEnded);
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let said = fs::read_to_string(&log)?;
    Ok(match ended.success() {
        true => Outcome::Unnoticed,
        false if said.contains("could not compile") => Outcome::DidNotCompile,
        false if ["SIGXCPU", "SIGKILL"].iter().any(|signal| said.contains(signal)) => Outcome::NeverEnded,
        false => Outcome::Caught,
    })
}
