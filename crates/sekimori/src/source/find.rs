//! From what people name on the command line to the sources to read.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use posture::Lang;

use super::encoding::Encoding;
use crate::template::Made;

/// One source.
pub(crate) struct Source {
    /// What people call it.
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
    pub(crate) encoding: Encoding,
    /// How many bytes there are, before they are decoded.
    pub(crate) size: u64,
    pub(crate) role: Role,
}

/// What a source is for.
pub(crate) enum Role {
    /// Its records are read.
    Records,
    /// It is what others are made from, and is looked at for places alone.
    Text(Text),
}

/// A text that others are made from.
pub(crate) struct Text {
    /// The text, decoded.
    pub(crate) bytes: Vec<u8>,
    /// Where something is wrong, and what.
    pub(crate) faults: Vec<(u64, String)>,
}

/// Where the bytes of a source are kept.
pub(crate) enum Bytes {
    /// A file of the user's.
    Path(PathBuf),
    /// Standard input, copied to a file without a name so that it can be read twice.
    Copy(File),
    /// What a template or plan would deploy.
    Made(Arc<Made>),
}

impl Source {
    fn new(name: String, bytes: Bytes) -> io::Result<Self> {
        let mut source = Self { name, bytes, encoding: Encoding::Plain, size: 0, role: Role::Records };
        let mut file = source.open_raw()?;
        let mut prefix = Vec::new();
        (&mut file).take(4).read_to_end(&mut prefix)?;
        source.encoding = Encoding::of(&prefix);
        source.size = file.seek(SeekFrom::End(0))?;
        Ok(source)
    }

    /// A file.
    pub(crate) fn of_file(path: &Path) -> io::Result<Self> {
        Self::new(path.display().to_string(), Bytes::Path(path.to_owned()))
    }

    /// A text that stands in no file.
    pub(crate) fn of_text(name: &str, text: Vec<u8>) -> io::Result<Self> {
        copied(name.to_owned(), text.as_slice())
    }

    /// What a template or plan would deploy.
    pub(crate) fn of_made(name: String, made: Arc<Made>) -> Self {
        let size = made.size();
        Self { name, bytes: Bytes::Made(made), encoding: Encoding::Plain, size, role: Role::Records }
    }

    /// What a template or plan would deploy, if it is that.
    pub(crate) fn made(&self) -> Option<&Made> {
        match &self.bytes {
            Bytes::Made(made) => Some(made),
            Bytes::Path(_) | Bytes::Copy(_) => None,
        }
    }

    /// The bytes from the start. Each call may be read by one reader at a time: copies share their
    /// position.
    pub(crate) fn open_raw(&self) -> io::Result<File> {
        match &self.bytes {
            Bytes::Made(made) => {
                let mut file = tempfile::tempfile()?;
                for piece in made.pieces() {
                    io::Write::write_all(&mut file, &piece.text)?;
                }
                file.rewind()?;
                Ok(file)
            }
            Bytes::Path(path) => File::open(path),
            Bytes::Copy(file) => {
                let mut file = file.try_clone()?;
                file.rewind()?;
                Ok(file)
            }
        }
    }

    /// The text from the start.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match &self.bytes {
            Bytes::Made(made) => Ok(Box::new(Shared { made: Arc::clone(made), piece: 0, at: 0 })),
            Bytes::Path(_) | Bytes::Copy(_) => self.encoding.decode(self.open_raw()?),
        }
    }
}

/// Reads what a template or plan would deploy.
struct Shared {
    made: Arc<Made>,
    piece: usize,
    at: usize,
}

impl Read for Shared {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.made.pieces().get(self.piece) {
            let count = piece.text.get(self.at..).unwrap_or_default().read(to)?;
            if count > 0 || to.is_empty() {
                self.at += count;
                return Ok(count);
            }
            (self.piece, self.at) = (self.piece + 1, 0);
        }
        Ok(0)
    }
}

/// The sources that paths name: files, the files of folders that hold JSON, standard input for `-`.
pub(crate) fn sources(paths: &[PathBuf], lang: Lang) -> anyhow::Result<Vec<Source>> {
    let mut found = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        if path.as_os_str() == "-" {
            found.push(standard_input().context("cannot read standard input")?);
            continue;
        }
        let metadata = std::fs::metadata(path).with_context(|| match lang {
            Lang::En => format!("cannot open `{name}`"),
            Lang::Ja => format!("`{name}` を開けません"),
        })?;
        if metadata.is_dir() {
            let before = found.len();
            folder(path, &mut found, 0).with_context(|| format!("cannot read `{name}`"))?;
            if found.len() == before {
                match lang {
                    Lang::En => bail!("`{name}` holds no JSON; put the output of `az … -o json` there"),
                    Lang::Ja => {
                        bail!("`{name}` に JSON ファイルがありません。`az … -o json` の出力を置いてください")
                    }
                }
            }
        } else if metadata.is_file() {
            found.push(
                Source::new(name.clone(), Bytes::Path(path.clone()))
                    .with_context(|| format!("cannot read `{name}`"))?,
            );
        } else {
            // A pipe can be read once only.
            let pipe = File::open(path).with_context(|| format!("cannot open `{name}`"))?;
            found.push(copied(name.clone(), pipe).with_context(|| format!("cannot read `{name}`"))?);
        }
    }
    Ok(found)
}

fn standard_input() -> io::Result<Source> {
    copied("-".to_owned(), io::stdin().lock())
}

/// A file that may go away, kept under another name.
pub(crate) fn kept(name: &str, path: &Path) -> io::Result<Source> {
    copied(name.to_owned(), File::open(path)?)
}

/// A source that can be read once only, copied to a file without a name.
fn copied(name: String, mut from: impl Read) -> io::Result<Source> {
    let mut copy = tempfile::tempfile()?;
    io::copy(&mut from, &mut copy)?;
    Source::new(name, Bytes::Copy(copy))
}

/// How deep folders are looked into.
const DEPTH: usize = 16;

/// The files of a folder that hold JSON, by name. Hidden ones and links to folders are left out.
fn folder(path: &Path, found: &mut Vec<Source>, depth: usize) -> io::Result<()> {
    let mut entries = std::fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if depth < DEPTH {
                folder(&path, found, depth + 1)?;
            }
        } else if path.is_file() {
            let name = path.display().to_string();
            match Source::new(name.clone(), Bytes::Path(path.clone())) {
                Ok(source) if is_report(&source) => {}
                Ok(source) if called_json(&path) || is_main_bicep(&path) => found.push(source),
                Ok(source) if holds_json(&source).unwrap_or(true) => found.push(source),
                Ok(_) => {}
                // Reading it will tell what is wrong with it.
                Err(_) => found.push(Source {
                    name,
                    bytes: Bytes::Path(path),
                    encoding: Encoding::Plain,
                    size: 0,
                    role: Role::Records,
                }),
            }
        }
    }
    Ok(())
}

/// Whether a file is the Bicep file of a folder, and not compiled yet. The others are its modules.
fn is_main_bicep(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("main.bicep"))
        && !path.with_file_name("main.json").exists()
}

/// Whether a name promises JSON: such a file that holds something else is an error, not left out.
fn called_json(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".zst").unwrap_or(&name);
    [".json", ".ndjson", ".jsonl"].iter().any(|end| name.ends_with(end))
}

/// Whether a file of a folder is a report of ours, which people like to keep beside what it is about.
fn is_report(source: &Source) -> bool {
    const JSON: &str = "{\n  \"schema\": \"sekimori.check/";
    const SARIF: &str = "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\"";
    let mut prefix = Vec::new();
    let read = source.open().and_then(|text| text.take(80).read_to_end(&mut prefix));
    read.is_ok() && [JSON, SARIF].iter().any(|start| prefix.starts_with(start.as_bytes()))
}

fn holds_json(source: &Source) -> io::Result<bool> {
    let mut prefix = Vec::new();
    let Ok(text) = source.open() else { return Ok(false) };
    if text.take(256).read_to_end(&mut prefix).is_err() {
        return Ok(false);
    }
    let prefix = prefix.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&prefix);
    let mut bytes = prefix.iter().filter(|byte| !byte.is_ascii_whitespace());
    Ok(match bytes.next() {
        Some(b'{') => matches!(bytes.next(), Some(b'"' | b'}')),
        Some(b'[') => matches!(bytes.next(), Some(b'{' | b']')),
        _ => false,
    })
}
