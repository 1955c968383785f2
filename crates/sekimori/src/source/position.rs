//! From byte offsets to lines and columns, when somebody asks.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use estate::{At, Origin, ProblemKind, SourceIndex, find, locate};
use hashbrown::HashMap;
use posture::Lang;
use report::{Excerpt, Location};

use super::encoding::Encoding;
use super::find::{Bytes, Role, Source};
use super::lines::{BLOCK, Lines};
use crate::template::{Made, Stands};

/// What of a rule tells people which one it is.
const TELLING: [&str; 5] = [
    "/name",
    "/properties/sourceAddressPrefix",
    "/properties/sourceAddressPrefixes",
    "/properties/destinationPortRange",
    "/properties/destinationPortRanges",
];

/// How much of a long line is shown.
const SHOWN: usize = 110;

/// How far back characters are counted for a column; beyond, bytes are.
const COLUMN_LIMIT: u64 = 1 << 20;

/// The sources of an estate, to find places in again.
pub(crate) struct Positions {
    names: String,
    sources: Vec<Source>,
    lines: Vec<Lines>,
    /// For each source, its text once it was asked for.
    open: Vec<Mutex<Option<File>>>,
    found: Mutex<HashMap<(Origin, String), Option<Location>>>,
}

impl Positions {
    pub(super) fn new(paths: &[PathBuf], sources: Vec<Source>, lines: Vec<Lines>) -> Self {
        let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        let open = sources.iter().map(|_| Mutex::default()).collect();
        Self { names: names.join(" "), sources, lines, open, found: Mutex::default() }
    }

    /// The sources as people named them.
    pub(crate) fn names(&self) -> String {
        self.names.clone()
    }

    /// The files that were read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.sources.iter().filter_map(|source| match &source.bytes {
            Bytes::Path(path) => Some(path.as_path()),
            Bytes::Copy(_) | Bytes::Made(_) => None,
        })
    }

    /// The resources that templates and plans would deploy, and their addresses in plans.
    pub(crate) fn made(&self) -> impl Iterator<Item = (&template::Value, Option<&str>)> {
        self.sources.iter().filter_map(Source::made).flat_map(Made::bodies)
    }

    /// Whether all that templates and plans would deploy is told with all that is on it.
    pub(crate) fn made_whole(&self) -> bool {
        self.sources.iter().filter_map(Source::made).all(Made::is_whole)
    }

    /// What is wrong, in words, with the places that it names.
    pub(crate) fn problem_text(&self, kind: &ProblemKind, lang: Lang) -> String {
        report::problem_text(kind, lang, &|at| {
            let at = self.locate_problem(at);
            format!("{}:{}:{}", at.file, at.line, at.column)
        })
    }

    /// Where a problem is.
    pub(crate) fn locate_problem(&self, at: &At) -> Location {
        let location = match at {
            At::Place(place) => self.locate(place.origin, &place.pointer),
            At::Offset { source, offset } => match self.stands(*source, *offset, "") {
                Some(stands) => self.locate_stands(stands),
                None => self.locate_offset(source.0 as usize, *offset).ok(),
            },
        };
        let file = self.sources.get(at.source().0 as usize).map(|source| source.name.clone());
        location.unwrap_or_else(|| Location {
            file: file.unwrap_or_default(),
            line: 1,
            column: 1,
            address: None,
        })
    }

    /// Where a value of what a template or plan would deploy stands. `None` for what is there.
    fn stands(&self, source: SourceIndex, offset: u64, pointer: &str) -> Option<Stands> {
        self.sources.get(source.0 as usize)?.made()?.stands(offset, pointer)
    }

    /// Where a part of a source is.
    pub(crate) fn locate_stands(&self, stands: Stands) -> Option<Location> {
        self.locate_offset(stands.source.0 as usize, stands.start).ok()
    }

    fn locate_offset(&self, source: usize, offset: u64) -> io::Result<Location> {
        let from = offset / BLOCK * BLOCK;
        let window = self.slice(source, from, offset - from)?;
        self.position(source, from, &window, window.len())
    }

    /// Where a value of a record is. `None` when the source cannot be read again.
    pub(crate) fn locate(&self, origin: Origin, pointer: &str) -> Option<Location> {
        // What would be deployed is at hand: to look again costs no more than to remember.
        if self.sources.get(origin.source.0 as usize).is_some_and(|source| source.made().is_some()) {
            return self.look_up(origin, pointer).ok();
        }
        let key = (origin, pointer.to_owned());
        if let Some(found) = self.found().get(&key) {
            return found.clone();
        }
        let found = self.look_up(origin, pointer).ok();
        self.found().insert(key, found.clone());
        found
    }

    /// The lines of a value of a record that are worth seeing; none when the source cannot be read
    /// again.
    pub(crate) fn excerpts(&self, origin: Origin, pointer: &str) -> Vec<Excerpt> {
        let source = origin.source.0 as usize;
        if let Some(made) = self.sources.get(source).and_then(Source::made) {
            return self.excerpts_of_made(made, origin, pointer).unwrap_or_default();
        }
        let lines = self.slice(source, origin.offset, u64::from(origin.len)).and_then(|text| {
            let whole = locate(&text, pointer);
            self.excerpts_of(source, origin, &text, pointer, whole)
        });
        lines.unwrap_or_default()
    }

    /// The text of a record. `None` when the source cannot be read again.
    pub(crate) fn record(&self, origin: Origin) -> Option<Vec<u8>> {
        let text = self.slice(origin.source.0 as usize, origin.offset, u64::from(origin.len));
        text.ok().map(Cow::into_owned)
    }

    fn found(&self) -> MutexGuard<'_, HashMap<(Origin, String), Option<Location>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_up(&self, origin: Origin, pointer: &str) -> io::Result<Location> {
        let source = origin.source.0 as usize;
        if let Some(made) = self.sources.get(source).and_then(Source::made) {
            let stands = made.stands(origin.offset, pointer).ok_or(io::ErrorKind::NotFound)?;
            let location = self.locate_offset(stands.source.0 as usize, stands.start)?;
            return Ok(Location { address: made.address(origin.offset).map(str::to_owned), ..location });
        }
        if pointer.is_empty() {
            return self.locate_offset(source, origin.offset);
        }
        // One read brings the record and the start of its block, from where lines are counted.
        let from = origin.offset / BLOCK * BLOCK;
        let window = self.slice(source, from, origin.offset - from + u64::from(origin.len))?;
        let at = usize::try_from(origin.offset - from).unwrap_or(usize::MAX);
        let text = window.get(at..).unwrap_or_default();
        let (start, _) = locate(text, pointer);
        self.position(source, from, &window, at + start)
    }

    /// The same for what a template or plan would deploy, in the file that the place is in.
    fn excerpts_of_made(&self, made: &Made, origin: Origin, pointer: &str) -> io::Result<Vec<Excerpt>> {
        let whole = made.stands(origin.offset, pointer).ok_or(io::ErrorKind::NotFound)?;
        let last = pointer.rsplit('/').next().unwrap_or_default();
        let is_object = made.value(origin.offset, pointer).is_some_and(|value| value.object().is_some());
        let mut spans = Vec::new();
        if is_object {
            let telling: &[&str] =
                if pointer.contains("securityRules") { &TELLING } else { &["/type", "/name"] };
            for member in telling {
                let full = format!("{pointer}{member}");
                let is_there = made.value(origin.offset, &full).is_some_and(is_shown);
                let stands = made.stands(origin.offset, &full).filter(|_| is_there);
                let name = member.rsplit('/').next().unwrap_or_default();
                spans.extend(stands.map(|stands| (name, stands)));
            }
        } else if made.value(origin.offset, pointer).is_some_and(is_shown) {
            spans.push((last, whole));
        }
        let mut excerpts: Vec<Excerpt> = Vec::new();
        for (key, stands) in spans.into_iter().filter(|(_, stands)| stands.source == whole.source) {
            // A value that was added has the place of what is around it, which is nobody's business here.
            let first = self.slice(stands.source.0 as usize, stands.start, 1)?;
            if stands.end <= stands.start || matches!(first.first(), Some(b'{' | b'[') | None) {
                continue;
            }
            let written = self.key_before(stands)?;
            let key = written.as_deref().unwrap_or(key);
            let excerpt = self.excerpt(stands.source.0 as usize, stands.start, stands.end, key)?;
            if excerpts.iter().all(|other| other.line != excerpt.line) {
                excerpts.push(excerpt);
            }
        }
        excerpts.sort_by_key(|excerpt| excerpt.line);
        Ok(excerpts)
    }

    /// The name that a value has in its file: a plan calls it otherwise, and a variable has a name of its own. An
    /// element of a list has none.
    fn key_before(&self, stands: Stands) -> io::Result<Option<String>> {
        const LOOKED_BACK: u64 = 200;
        let from = stands.start.saturating_sub(LOOKED_BACK);
        let before = self.slice(stands.source.0 as usize, from, stands.start - from)?;
        let before = String::from_utf8_lossy(&before);
        let Some(before) = before.trim_end().strip_suffix(':') else { return Ok(Some(String::new())) };
        let name =
            before.trim_end().strip_suffix(['"', '\'']).and_then(|before| before.rsplit(['"', '\'']).next());
        Ok(name.map(str::to_owned))
    }

    /// The parts of a value that tell what it is: of a rule its name, source and port; of a small
    /// value all of it.
    fn excerpts_of(
        &self,
        source: usize,
        origin: Origin,
        text: &[u8],
        pointer: &str,
        whole: (usize, usize),
    ) -> io::Result<Vec<Excerpt>> {
        let last = |pointer: &&str| pointer.rsplit('/').next().unwrap_or_default().to_owned();
        let is_object = text.get(whole.0) == Some(&b'{');
        let telling = |member: &&str| {
            let (start, end) = find(text, &format!("{pointer}{member}"))?;
            match text.get(start..end)? {
                b"null" | b"[]" | b"\"\"" => None,
                // Of a list the first element is shown.
                [b'[', ..] => find(text, &format!("{pointer}{member}/0"))
                    .map(|(start, end)| (String::new(), start, end)),
                _ => Some((last(member), start, end)),
            }
        };
        let spans: Vec<_> = if is_object && pointer.contains("securityRules") {
            TELLING.iter().filter_map(telling).collect()
        } else if is_object {
            find(text, &format!("{pointer}/id"))
                .map(|(start, end)| ("id".to_owned(), start, end))
                .into_iter()
                .collect()
        } else {
            vec![(last(&pointer), whole.0, whole.1)]
        };
        let mut excerpts: Vec<Excerpt> = Vec::new();
        for (key, start, end) in spans {
            let excerpt =
                self.excerpt(source, origin.offset + start as u64, origin.offset + end as u64, &key)?;
            if excerpts.iter().all(|other| other.line != excerpt.line) {
                excerpts.push(excerpt);
            }
        }
        excerpts.sort_by_key(|excerpt| excerpt.line);
        Ok(excerpts)
    }

    /// The line of a span, if nothing else stands on it; else the span alone with its key. What
    /// else stands on a line is nobody's business: it may be a secret.
    fn excerpt(&self, source: usize, start: u64, end: u64, key: &str) -> io::Result<Excerpt> {
        let (line_start, line) = self.line_start(source, start)?;
        let value = self.slice(source, start, (end - start).min(LOOKED_AT))?;
        let secret = holds_secret(key, &value);
        let value = value.get(..SHOWN * 4).unwrap_or(&value);
        let value = value.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let mut value: String = String::from_utf8_lossy(value).chars().take(SHOWN).collect();
        if (value.len() as u64) < end - start {
            value.push('…');
        }
        if secret {
            "\"…\"".clone_into(&mut value);
        }
        let key = if key.is_empty() || key.bytes().all(|byte| byte.is_ascii_digit()) {
            String::new()
        } else {
            format!("\"{key}\": ")
        };
        // Pretty-printed text keeps its indentation, so that people recognise it.
        let before = start - line_start;
        let indent = if before <= SHOWN as u64 {
            let before = self.slice(source, line_start, before)?;
            before.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
        } else {
            0
        };
        let head = " ".repeat(indent) + &key;
        let text = head.clone() + &value;
        Ok(Excerpt { line, start: head.len(), end: text.len(), text })
    }

    /// The line and column of the byte at `at` in `window`, which starts at the block `from`.
    fn position(&self, source: usize, from: u64, window: &[u8], at: usize) -> io::Result<Location> {
        let before = window.get(..at).unwrap_or(window);
        let (count, last) = self.lines.get(source).map(|lines| lines.at(from / BLOCK)).unwrap_or_default();
        let newlines = memchr::memchr_iter(b'\n', before).count() as u64;
        let line = usize::try_from(count + newlines).unwrap_or(usize::MAX).saturating_add(1);
        let offset = from + at as u64;
        let column = match (memchr::memrchr(b'\n', before), last) {
            (Some(newline), _) => characters(before.get(newline + 1..).unwrap_or_default()) + 1,
            (None, None) if offset <= COLUMN_LIMIT && from == 0 => characters(before) + 1,
            (None, _) => {
                let (line_start, _) = self.line_start(source, from)?;
                if offset - line_start <= COLUMN_LIMIT {
                    characters(&self.slice(source, line_start, offset - line_start)?) + 1
                } else {
                    usize::try_from(offset - line_start).unwrap_or(usize::MAX).saturating_add(1)
                }
            }
        };
        let file = self.sources.get(source).map(|source| source.name.clone()).unwrap_or_default();
        Ok(Location { file, line, column, address: None })
    }

    /// Where the line of an offset starts, and its number.
    fn line_start(&self, source: usize, offset: u64) -> io::Result<(u64, usize)> {
        let block = offset / BLOCK;
        let (before, last) = self.lines.get(source).map(|lines| lines.at(block)).unwrap_or_default();
        let here = self.slice(source, block * BLOCK, offset - block * BLOCK)?;
        let newlines = memchr::memchr_iter(b'\n', &here).count() as u64;
        let number = usize::try_from(before + newlines).unwrap_or(usize::MAX).saturating_add(1);
        if let Some(newline) = memchr::memrchr(b'\n', &here) {
            return Ok((block * BLOCK + newline as u64 + 1, number));
        }
        let Some(last) = last else { return Ok((0, number)) };
        let there = self.slice(source, last * BLOCK, BLOCK)?;
        let newline = memchr::memrchr(b'\n', &there).map_or(0, |newline| newline as u64 + 1);
        Ok((last * BLOCK + newline, number))
    }

    /// Bytes of the text of a source; fewer where it ends.
    fn slice(&self, source: usize, offset: u64, len: u64) -> io::Result<Cow<'_, [u8]>> {
        let (Some(open), Some(source)) = (self.open.get(source), self.sources.get(source)) else {
            return Ok(Cow::Borrowed(&[]));
        };
        if let Role::Text(text) = &source.role {
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(text.bytes.len());
            let bytes = text.bytes.get(place(offset)..place(offset.saturating_add(len)));
            return Ok(Cow::Borrowed(bytes.unwrap_or_default()));
        }
        // One reader at a time: copies of standard input share their position.
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *open {
            Some(file) => file,
            none => none.insert(plain(source)?),
        };
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(usize::try_from(len.min(1 << 20)).unwrap_or(0));
        file.take(len).read_to_end(&mut bytes)?;
        Ok(Cow::Owned(bytes))
    }
}

/// Whether people may see how a value is written: nothing that is a secret, and no whole object.
fn is_shown(value: &template::Value) -> bool {
    let secret = |unknown: &std::sync::Arc<template::Unknown>| {
        matches!(unknown.why, template::Why::Secret(_) | template::Why::Sensitive(_))
    };
    value.object().is_none() && !value.doubt_within().is_some_and(secret)
}

fn characters(bytes: &[u8]) -> usize {
    String::from_utf8_lossy(bytes).chars().count()
}

/// The text of a source in a file that can be read from anywhere. Compressed text is unpacked once
/// into a file without a name.
fn plain(source: &Source) -> io::Result<File> {
    if source.encoding == Encoding::Plain {
        return source.open_raw();
    }
    let mut copy = tempfile::tempfile()?;
    io::copy(&mut source.open()?, &mut copy)?;
    Ok(copy)
}

/// How much of a value is looked at for secrets before a part of it is shown.
const LOOKED_AT: u64 = 1 << 16;

/// Whether a value holds what nobody should see, as written in JSON.
fn holds_secret(key: &str, value: &[u8]) -> bool {
    let text = String::from_utf8_lossy(value);
    let text = text.trim_matches('"').replace("\\n", "\n").replace("\\\"", "\"");
    ["adminPassword", "customData", "userData"].iter().any(|secret| key.eq_ignore_ascii_case(secret))
        || estate::secret_in(key, &text).is_some()
}
