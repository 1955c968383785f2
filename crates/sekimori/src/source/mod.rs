//! Where an estate comes from: files, folders, standard input; plain, zstd or UTF-16.

mod encoding;
mod find;
mod lines;
mod position;
mod read;

use std::path::PathBuf;

use estate::{Estate, Replaced};
use posture::Lang;

use crate::template::{Deploy, Expansion, expand_sources};

pub(crate) use encoding::Encoding;
pub(crate) use find::{Bytes, Role, Source, Text};
pub(crate) use position::Positions;

/// An estate, and where everything in it stands.
pub(crate) struct Reading {
    pub(crate) estate: Estate,
    pub(crate) sources: Positions,
    /// What came of templates and plans.
    pub(crate) expansion: Expansion,
}

/// Reads everything that people named on the command line.
pub(crate) fn read(paths: &[PathBuf], lang: Lang) -> anyhow::Result<Reading> {
    read_deployed(paths, &Deploy::default(), lang)
}

/// The same, with what templates among it are deployed with.
pub(crate) fn read_deployed(paths: &[PathBuf], deploy: &Deploy, lang: Lang) -> anyhow::Result<Reading> {
    let found = find::sources(paths, lang)?;
    let (sources, expansion) = expand_sources(found, deploy, lang)?;
    let (estate, lines) = read::read(&sources, Replaced::default())?;
    Ok(Reading { estate, sources: Positions::new(paths, sources, lines), expansion })
}

/// Reads what is there now: a snapshot under a name, or a folder.
pub(crate) fn read_as_source(name: &str, path: &std::path::Path, lang: Lang) -> anyhow::Result<Reading> {
    if name == path.as_os_str() || path.is_dir() {
        read(&[path.to_owned()], lang)
    } else {
        read_as(name, path)
    }
}

/// Reads templates, and what is there now around them: what they deploy takes the place of what has its id.
pub(crate) fn read_over(
    templates: &[PathBuf],
    deploy: &Deploy,
    (name, now): (&str, &std::path::Path),
    lang: Lang,
) -> anyhow::Result<Reading> {
    let found = find::sources(templates, lang)?;
    // The templates come first: places in them are told by the numbers of their sources.
    let (mut sources, expansion) = expand_sources(found, deploy, lang)?;
    let mut replaced = Replaced::default();
    replaced.ids.extend(expansion.gone.iter().map(|id| id.to_ascii_lowercase().into()));
    for (number, made) in (0u32..).zip(&sources).filter_map(|(number, source)| Some((number, source.made()?)))
    {
        replaced.by.insert(estate::SourceIndex(number));
        for (body, _) in made.bodies() {
            let id = body.object().and_then(|body| body.get("id")).and_then(template::Value::shown);
            replaced.ids.extend(id.map(|id| id.to_ascii_lowercase().into()));
        }
    }
    match now.is_dir() {
        true => sources.extend(find::sources(&[now.to_owned()], lang)?),
        false => sources.push(find::kept(name, now)?),
    }
    let (estate, lines) = read::read(&sources, replaced)?;
    Ok(Reading { estate, sources: Positions::new(templates, sources, lines), expansion })
}

/// Reads a file under another name. The file may go away: what is asked of its places later is kept.
pub(crate) fn read_as(name: &str, path: &std::path::Path) -> anyhow::Result<Reading> {
    let source = find::kept(name, path)?;
    let sources = vec![source];
    let (estate, lines) = read::read(&sources, Replaced::default())?;
    let sources = Positions::new(&[PathBuf::from(name)], sources, lines);
    Ok(Reading { estate, sources, expansion: Expansion::default() })
}

/// What is not known of templates before their deployment, in words with places.
pub(crate) fn told(reading: &Reading) -> Vec<String> {
    let place = |stands| match reading.sources.locate_stands(stands) {
        Some(at) => format!("{}:{}:{}: ", at.file, at.line, at.column),
        None => String::new(),
    };
    let notes = reading.expansion.notes.iter().map(|(stands, text)| place(*stands) + text);
    notes.chain(reading.expansion.asides.iter().cloned()).collect()
}

/// How many problems a command that is no check tells.
const TOLD: usize = 20;

/// Tells what could not be read, on standard error.
pub(crate) fn tell_problems(estate: &Estate, sources: &Positions, lang: Lang) {
    for problem in estate.problems.iter().take(TOLD) {
        let at = sources.locate_problem(&problem.at);
        let text = sources.problem_text(&problem.kind, lang);
        crate::output::note(&format!("{}:{}:{}: {text}", at.file, at.line, at.column));
    }
}

/// Tells what could not be read, and what is not known of templates, on standard error.
pub(crate) fn tell(reading: &Reading, lang: Lang) {
    tell_problems(&reading.estate, &reading.sources, lang);
    told(reading).iter().take(TOLD).for_each(|note| crate::output::note(note));
}

/// Reads everything that people named, and tells what could not be read.
pub(crate) fn read_and_tell(paths: &[PathBuf], lang: Lang) -> anyhow::Result<Estate> {
    let Reading { estate, sources, .. } = read(paths, lang)?;
    tell_problems(&estate, &sources, lang);
    Ok(estate)
}
