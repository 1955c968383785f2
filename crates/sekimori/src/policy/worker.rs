//! Own checks are worked out in a process of their own: what one takes too much of, memory or time, it takes from nobody else.

use std::io::{Read, Seek, SeekFrom, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use policy::{Document, Evaluated, Limits, OwnOutcome, Trial};
use serde::{Deserialize, Serialize};

use crate::output;

/// The hidden command that the process runs.
pub(crate) const COMMAND: &str = "own-checks";

/// How long a rule may take.
const MILLISECONDS: u64 = 10_000;

/// How long all checks may take together, and one alone where they do not end together.
const SECONDS: u64 = 40;

/// How quickly an estate is read, at the least.
const BYTES_PER_SECOND: u64 = 2_000_000;

/// The memory that the process may take, beside what the estate needs.
const MEMORY: u64 = 2 << 30;

/// How many times the text of an estate is taken when it is read.
const TIMES: u64 = 40;

/// The most that a process may print.
const PRINTED: u64 = 1 << 30;

#[derive(Deserialize, Serialize)]
struct Job {
    files: Vec<(String, String)>,
    /// The estate as JSON; none for tests.
    input: Option<String>,
    milliseconds: u64,
}

impl Job {
    fn documents(self) -> (Vec<Document>, Option<String>, Limits) {
        let files = self.files.into_iter().map(|(name, text)| Document { name, text }).collect();
        (files, self.input, Limits { milliseconds: self.milliseconds })
    }
}

/// What the hidden command does: reads a job, prints what became of it.
pub(super) fn serve(memory: u64, seconds: u64, parent: u32) -> anyhow::Result<()> {
    if !limit(memory, seconds, parent) {
        return Ok(());
    }
    let job: Job = serde_json::from_reader(std::io::stdin().lock())?;
    let (files, input, limits) = job.documents();
    let text = match input {
        Some(input) => {
            serde_json::to_string(&policy::evaluate(&files, &input, limits).map_err(|error| anyhow!(error))?)?
        }
        None => serde_json::to_string(&policy::test(&files, limits))?,
    };
    output::print_plain(&text)
}

/// Sets the limits of the process; false where the one who started it is gone already.
#[cfg(unix)]
fn limit(memory: u64, seconds: u64, parent: u32) -> bool {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Where the system knows no such limit, whoever waits for the process bounds it.
    let _ = setrlimit(Resource::As, Rlimit { current: Some(memory), maximum: Some(memory) });
    let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(seconds), maximum: Some(seconds) });
    // Nobody is left to read what it says when the one who started it is gone.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let own = rustix::process::getppid().map(|own| own.as_raw_nonzero().get());
    own == i32::try_from(parent).ok()
}

#[cfg(not(unix))]
fn limit(_: u64, _: u64, _: u32) -> bool {
    true
}

/// Works checks out. When the process does not come back, each check is worked out alone, so that the others are not lost.
pub(super) fn evaluate(files: &[Document], input: &str) -> anyhow::Result<Vec<Evaluated>> {
    if let Some(text) = run(files, Some(input))? {
        return Ok(serde_json::from_str(&text)?);
    }
    let mut all = Vec::new();
    for file in files {
        let alone = [Document { name: file.name.clone(), text: file.text.clone() }];
        let outcome = match run(&alone, Some(input))? {
            Some(text) => serde_json::from_str::<Vec<Evaluated>>(&text)?,
            None => vec![Evaluated { file: file.name.clone(), outcome: OwnOutcome::TooMuch }],
        };
        all.extend(outcome);
    }
    Ok(all)
}

/// Runs the tests of checks.
pub(super) fn test(files: &[Document]) -> anyhow::Result<Option<Vec<Trial>>> {
    Ok(match run(files, None)? {
        Some(text) => Some(serde_json::from_str(&text)?),
        None => None,
    })
}

/// What the process prints; none where it was stopped, or stopped itself for want of memory.
fn run(files: &[Document], input: Option<&str>) -> anyhow::Result<Option<String>> {
    let job = Job {
        files: files.iter().map(|file| (file.name.clone(), file.text.clone())).collect(),
        input: input.map(str::to_owned),
        milliseconds: MILLISECONDS,
    };
    // A file rather than a pipe: nobody has to write while the other reads.
    let mut given = tempfile::tempfile()?;
    {
        let mut writer = std::io::BufWriter::new(&mut given);
        serde_json::to_writer(&mut writer, &job)?;
        writer.flush()?;
    }
    let size = given.seek(SeekFrom::End(0))?;
    given.seek(SeekFrom::Start(0))?;
    let memory = MEMORY.saturating_add(size.saturating_mul(TIMES));
    // Reading the estate takes time of its own; the library looks at the time between steps, and a step may be long.
    let seconds = SECONDS + size / BYTES_PER_SECOND;
    let program = std::env::current_exe().context("the program does not find itself")?;
    let mut child = Command::new(program)
        .args([COMMAND, "--memory", &memory.to_string(), "--seconds", &seconds.to_string()])
        .args(["--parent", &std::process::id().to_string()])
        .stdin(Stdio::from(given))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let out = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let read = out.map(|out| out.take(PRINTED).read_to_string(&mut text));
        read.and_then(Result::ok).map(|_| text)
    });
    let ended = wait(&mut child, Duration::from_secs(seconds));
    let text = reader.join().ok().flatten();
    Ok(text.filter(|_| ended))
}

/// Whether a process ends well within a time; it is stopped where it does not.
fn wait(child: &mut Child, patience: Duration) -> bool {
    const STEP: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if waited < patience => {
                thread::sleep(STEP);
                waited += STEP;
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}
