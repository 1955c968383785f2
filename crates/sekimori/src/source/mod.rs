//! Where an estate comes from: files, folders, standard input; plain, zstd or UTF-16.

mod encoding;
mod find;
mod lines;
mod position;
mod read;

use std::path::PathBuf;

use estate::Estate;
use posture::Lang;

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
