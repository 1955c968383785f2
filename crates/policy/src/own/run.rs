//! Works checks out. This runs in a process of its own: what a check takes too much of, it takes from nobody else.

use std::num::NonZeroU32;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde::{Deserialize, Serialize};

use crate::condition::message;
use crate::library::Document;

/// How long a check may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For each file, in milliseconds.
    pub milliseconds: u64,
}

/// What a file says of an estate.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Evaluated {
    /// The file.
    pub file: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a check.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Outcome {
    /// It was worked out: its metadata, and what its rules gave.
    Said {
        /// What it says of itself.
        metadata: serde_json::Value,
        /// Of which resources it is not met.
        fail: Vec<serde_json::Value>,
        /// Of which it is.
        pass: Vec<serde_json::Value>,
        /// Of which nobody can tell.
        unknown: Vec<serde_json::Value>,
    },
    /// It went wrong: line, column and what.
    Wrong(usize, usize, String),
    /// It is no check: others beside it use what it holds.
    Library,
    /// It took too long.
    TooLong,
    /// It took too much memory, and its process with it.
    TooMuch,
}

/// What became of a test.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Trial {
    /// The file.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// Why not, if something went wrong: line, column and what.
    pub wrong: Option<(usize, usize, String)>,
}

/// How many values a rule may give.
const MOST: usize = 200_000;

/// How many steps go by before the time is looked at.
const STEPS: u32 = 64;

fn engine(limits: Limits) -> anyhow::Result<Engine> {
    let mut engine = Engine::new();
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: Duration::from_millis(limits.milliseconds),
        check_interval: NonZeroU32::new(STEPS).unwrap_or(NonZeroU32::MIN),
    });
    // The same estate gives the same report.
    engine.add_extension(
        "rand.intn".into(),
        2,
        Box::new(|_| Err(anyhow::anyhow!("there is no chance in checks"))),
    )?;
    Ok(engine)
}

/// Works checks out, one after the other. `input` is the estate as JSON.
///
/// # Errors
///
/// When the input is no JSON.
pub fn evaluate(files: &[Document], input: &str, limits: Limits) -> Result<Vec<Evaluated>, String> {
    let input = Value::from_json_str(input).map_err(|error| error.to_string())?;
    let each = |file: &Document| {
        let outcome = match one(files, file, &input, limits) {
            Ok(said) => said,
            Err(error) => wrong(&error.to_string()),
        };
        Evaluated { file: file.name.clone(), outcome }
    };
    Ok(files.iter().map(each).collect())
}

fn one(files: &[Document], file: &Document, input: &Value, limits: Limits) -> anyhow::Result<Outcome> {
    let mut engine = engine(limits)?;
    let package = engine.add_policy(file.name.clone(), file.text.clone())?;
    beside(&mut engine, files, file);
    engine.set_input(input.clone());
    let metadata = rule(&mut engine, &package, "metadata")?;
    let Some(metadata) = metadata else {
        // Checks beside it may use what it holds.
        let verdict = file.text.lines().any(|line| {
            let line = line.trim_start();
            ["fail ", "pass ", "unknown "].iter().any(|rule| line.starts_with(rule))
        });
        return Ok(match verdict {
            true => Outcome::Wrong(1, 1, "there is no rule `metadata`".into()),
            false => Outcome::Library,
        });
    };
    let mut many = |name: &str| -> anyhow::Result<Option<Vec<serde_json::Value>>> {
        let Some(value) = rule(&mut engine, &package, name)? else { return Ok(None) };
        let all: Vec<&Value> = match &value {
            Value::Set(all) => all.iter().take(MOST + 1).collect(),
            Value::Array(all) => all.iter().take(MOST + 1).collect(),
            _ => anyhow::bail!("error: `{name}` is no set: write `{name} contains …`"),
        };
        if all.len() > MOST {
            anyhow::bail!("error: `{name}` gives more than {MOST} values");
        }
        all.into_iter()
            .map(|value| Ok(serde_json::from_str(&value.to_json_str()?)?))
            .collect::<anyhow::Result<_>>()
            .map(Some)
    };
    let (fail, pass, unknown) = (many("fail")?, many("pass")?, many("unknown")?);
    let (Some(fail), Some(pass), Some(unknown)) = (
        fail.clone().or_else(|| pass.as_ref().or(unknown.as_ref()).map(|_| Vec::new())),
        pass.clone().or_else(|| fail.as_ref().or(unknown.as_ref()).map(|_| Vec::new())),
        unknown.clone().or_else(|| fail.as_ref().or(pass.as_ref()).map(|_| Vec::new())),
    ) else {
        return Ok(Outcome::Wrong(1, 1, "there is none of the rules `fail`, `pass` and `unknown`".into()));
    };
    Ok(Outcome::Said { metadata: serde_json::from_str(&metadata.to_json_str()?)?, fail, pass, unknown })
}

/// What a rule gives; none where there is no such rule, or it gives nothing.
fn rule(engine: &mut Engine, package: &str, name: &str) -> anyhow::Result<Option<Value>> {
    match engine.eval_rule(format!("{package}.{name}")) {
        Ok(Value::Undefined) => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(error) if error.to_string().contains("not a valid rule path") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Runs the tests of some files (rules whose names start with `test_`), each on the input that it gives itself. Files of one
/// folder see each other: a test stands beside what it tests.
pub fn test(files: &[Document], limits: Limits) -> Vec<Trial> {
    let mut trials = Vec::new();
    for file in files {
        let names = names(&file.text);
        for name in names {
            let (holds, wrong) = match trial(files, file, &name, limits) {
                Ok(holds) => (holds, None),
                Err(error) => match wrong(&error.to_string()) {
                    Outcome::Wrong(line, column, what) => (false, Some((line, column, what))),
                    _ => (false, Some((0, 1, "it took too long".into()))),
                },
            };
            trials.push(Trial { file: file.name.clone(), name, holds, wrong });
        }
    }
    trials
}

/// The names of the tests in a file.
fn names(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim_start).filter(|line| line.starts_with("test_")) {
        let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Adds the files of the same folder; one of them that is broken stands in nobody's way.
fn beside(engine: &mut Engine, files: &[Document], file: &Document) {
    let folder =
        |name: &str| name.rsplit_once(['/', '\\']).map(|(folder, _)| folder.to_owned()).unwrap_or_default();
    let others =
        files.iter().filter(|other| other.name != file.name && folder(&other.name) == folder(&file.name));
    for other in others {
        // Looked at alone first: what the engine has half read it does not forget.
        if Engine::new().add_policy(other.name.clone(), other.text.clone()).is_ok() {
            let _ = engine.add_policy(other.name.clone(), other.text.clone());
        }
    }
}

fn trial(files: &[Document], file: &Document, name: &str, limits: Limits) -> anyhow::Result<bool> {
    let mut engine = engine(limits)?;
    let package = engine.add_policy(file.name.clone(), file.text.clone())?;
    beside(&mut engine, files, file);
    engine.set_input(Value::new_object());
    Ok(matches!(rule(&mut engine, &package, name)?, Some(Value::Bool(true))))
}

/// What went wrong, with its place: the library tells both in one text (`--> file:line:column`).
fn wrong(text: &str) -> Outcome {
    if text.contains("execution exceeded time limit") {
        return Outcome::TooLong;
    }
    let at = text.split("--> ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let mut numbers = at.rsplit(':').map(|part| part.trim().parse::<usize>().unwrap_or(0));
    let column = numbers.next().unwrap_or(0).max(1);
    Outcome::Wrong(numbers.next().unwrap_or(0), column, message(text))
}
