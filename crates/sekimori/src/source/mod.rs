//! Where an estate comes from: files, folders, standard input; plain, zstd or UTF-16.

mod encoding;
mod find;
mod lines;
mod position;
mod read;

use std::path::PathBuf;

use estate::Estate;
use posture::Lang;

pub(crate) use encoding::Encoding;
pub(crate) use position::Positions;

/// An estate, and where everything in it stands.
pub(crate) struct Reading {
    pub(crate) estate: Estate,
    pub(crate) sources: Positions,
}

/// Reads everything that people named on the command line.
pub(crate) fn read(paths: &[PathBuf], lang: Lang) -> anyhow::Result<Reading> {
    let sources = find::sources(paths, lang)?;
    let (estate, lines) = read::read(&sources)?;
    Ok(Reading { estate, sources: Positions::new(paths, sources, lines) })
}

/// Reads a file under another name. The file may go away: what is asked of its places later is kept.
pub(crate) fn read_as(name: &str, path: &std::path::Path) -> anyhow::Result<Reading> {
    let source = find::kept(name, path)?;
    let sources = vec![source];
    let (estate, lines) = read::read(&sources)?;
    Ok(Reading { estate, sources: Positions::new(&[PathBuf::from(name)], sources, lines) })
}

/// How many problems a command that is no check tells.
const TOLD: usize = 20;

/// Tells what could not be read, on standard error.
pub(crate) fn tell_problems(estate: &Estate, sources: &Positions, lang: Lang) {
    for problem in estate.problems.iter().take(TOLD) {
        let at = sources.locate_problem(&problem.at);
        let text = report::problem_text(&problem.kind, lang, &|_| "?".to_owned());
        crate::output::note(&format!("{}:{}:{}: {text}", at.file, at.line, at.column));
    }
}

/// Reads everything that people named, and tells what could not be read.
pub(crate) fn read_and_tell(paths: &[PathBuf], lang: Lang) -> anyhow::Result<Estate> {
    let Reading { estate, sources } = read(paths, lang)?;
    tell_problems(&estate, &sources, lang);
    Ok(estate)
}
