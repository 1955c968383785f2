//! Reads sources in pieces, over all cores.
//!
//! A file with one value a line is read by every thread at once, each its own stretch. Anything
//! else is cut by one thread and parsed by the others. Small files are read one a thread.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::anyhow;
use estate::split::{Cut, Layout, Splitter, layout};
use estate::{Collector, Estate, Part, ProblemKind, Replaced, SourceIndex};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;

use super::encoding::Encoding;
use super::find::{Bytes, Role, Source};
use super::lines::{BLOCK, Counter, Lines};
use crate::template::Made;

/// How much is looked at to tell the layout.
const PREFIX: usize = 1 << 20;

/// How much one thread takes at a time. A multiple of [`BLOCK`].
const STRETCH: u64 = 1 << 20;
const _: () = assert!(STRETCH.is_multiple_of(BLOCK));

/// The longest line that is read; longer ones cannot be a resource.
const LINE_LIMIT: usize = estate::split::PIECE_LIMIT;

/// Sources smaller than this are read one a thread.
const SMALL: u64 = 4 << 20;

/// Reading less than this shows no progress.
const LONG: u64 = 128 << 20;

/// Reads sources.
pub(super) fn read(sources: &[Source], replaced: Replaced) -> anyhow::Result<(Estate, Vec<Lines>)> {
    let total: u64 = sources.iter().map(|source| source.size).sum();
    let progress = progress(total);
    let collector = Collector::expecting(total).replacing(replaced);
    let numbered = || (0u32..).map(SourceIndex).zip(sources);
    let small: Vec<_> = numbered().filter(|(_, source)| source.size < SMALL || is_at_hand(source)).collect();
    let read_small = |(index, source): &(SourceIndex, &Source)| {
        let mut part = Part::default();
        let lines = match (&source.role, &source.bytes) {
            (Role::Text(text), _) => {
                for (offset, detail) in &text.faults {
                    let detail = detail.as_str().into();
                    part.problem(*index, *offset, ProblemKind::Template { detail });
                }
                count([text.bytes.as_slice()])
            }
            (Role::Records, Bytes::Made(made)) => pieces(&collector, *index, made, &progress),
            (Role::Records, Bytes::Path(_) | Bytes::Copy(_)) => {
                let read =
                    source.open().and_then(|text| stream(&collector, &mut part, *index, text, &progress));
                read.unwrap_or_else(|error| unreadable(&mut part, *index, &error))
            }
        };
        collector.deliver(&mut part);
        (*index, lines)
    };
    let mut lines: Vec<Lines> = sources.iter().map(|_| Lines::default()).collect();
    let mut keep = |index: SourceIndex, its: Lines| {
        if let Some(slot) = lines.get_mut(index.0 as usize) {
            *slot = its;
        }
    };
    // Copies of standard input share one position, so there is at most one reader for each.
    for (index, its) in small.par_iter().map(read_small).collect::<Vec<_>>() {
        keep(index, its);
    }
    for (index, source) in numbered().filter(|(_, source)| source.size >= SMALL && !is_at_hand(source)) {
        let its = large(&collector, index, source, &progress).unwrap_or_else(|error| {
            let mut part = Part::default();
            let lines = unreadable(&mut part, index, error.as_ref());
            collector.deliver(&mut part);
            lines
        });
        keep(index, its);
    }
    progress.finish_and_clear();
    Ok((collector.finish(), lines))
}

/// Whether the text of a source is in memory.
fn is_at_hand(source: &Source) -> bool {
    matches!(source.role, Role::Text(_)) || source.made().is_some()
}

/// Counts the lines of a text.
fn count<'t>(text: impl IntoIterator<Item = &'t [u8]>) -> Lines {
    let mut counter = Counter::new();
    text.into_iter().for_each(|bytes| counter.add(bytes));
    Lines::new(counter.counts())
}

/// Reads what a template or plan would deploy.
fn pieces(collector: &Collector, index: SourceIndex, made: &Made, progress: &ProgressBar) -> Lines {
    made.pieces().par_iter().for_each(|piece| {
        let (mut part, mut at) = (Part::default(), 0);
        for newline in memchr::memchr_iter(b'\n', &piece.text) {
            let line = piece.text.get(at..=newline).unwrap_or_default();
            read_line(collector, &mut part, index, line, piece.start + at as u64);
            at = newline + 1;
        }
        collector.deliver(&mut part);
        progress.inc(piece.text.len() as u64);
    });
    count(made.pieces().iter().map(|piece| piece.text.as_slice()))
}

/// A source that cannot be read (to its end) is a problem of its own; the others still count.
fn unreadable(part: &mut Part, index: SourceIndex, error: &dyn std::error::Error) -> Lines {
    part.problem(index, 0, ProblemKind::Unreadable { detail: error.to_string().into() });
    Lines::default()
}

fn progress(total: u64) -> ProgressBar {
    let target = if total < LONG { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn threads() -> usize {
    thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

/// Reads one source on this thread.
fn stream(
    collector: &Collector,
    part: &mut Part,
    index: SourceIndex,
    mut text: Box<dyn Read + Send>,
    progress: &ProgressBar,
) -> io::Result<Lines> {
    let mut buffer = vec![0; 1 << 16];
    let mut counter = Counter::new();
    let mut whole = Vec::new();
    let mut cutter: Option<Splitter> = None;
    // Up to the size that tells the layout is kept; a longer source is cut as it comes.
    loop {
        let count = text.read(&mut buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        counter.add(bytes);
        progress.inc(count as u64);
        if count == 0 {
            break;
        }
        match &mut cutter {
            Some(cutter) => cutter.push(bytes, &mut |cut| collector.read(part, index, cut)),
            None => {
                whole.extend_from_slice(bytes);
                if whole.len() as u64 >= SMALL {
                    let mut fresh = Splitter::new();
                    fresh.push(unmarked(&mut whole), &mut |cut| collector.read(part, index, cut));
                    whole = Vec::new();
                    cutter = Some(fresh);
                }
            }
        }
    }
    match cutter {
        Some(cutter) => cutter.finish(&mut |cut| collector.read(part, index, cut)),
        None if layout(unmarked(&mut whole)) == Layout::Lines => {
            let mut at = 0;
            for line in whole.split_inclusive(|byte| *byte == b'\n') {
                collector.read_line(part, index, line, at);
                at += line.len() as u64;
            }
        }
        None => {
            if whole.iter().all(u8::is_ascii_whitespace) {
                part.problem(index, 0, ProblemKind::Empty);
            }
            let mut cutter = Splitter::new();
            cutter.push(&whole, &mut |cut| collector.read(part, index, cut));
            cutter.finish(&mut |cut| collector.read(part, index, cut));
        }
    }
    Ok(Lines::new(counter.counts()))
}

/// A byte order mark becomes white space, so that offsets stay.
fn unmarked(bytes: &mut [u8]) -> &[u8] {
    if let Some(mark) = bytes.get_mut(..3)
        && mark == b"\xef\xbb\xbf"
    {
        mark.fill(b' ');
    }
    bytes
}

/// Reads one source with every thread.
fn large(
    collector: &Collector,
    index: SourceIndex,
    source: &Source,
    progress: &ProgressBar,
) -> anyhow::Result<Lines> {
    let mut prefix = Vec::new();
    source.open()?.take(PREFIX as u64).read_to_end(&mut prefix)?;
    if layout(unmarked(&mut prefix)) == Layout::Lines {
        if let (Bytes::Path(_), Encoding::Plain) = (&source.bytes, source.encoding) {
            return stretches(collector, index, source, progress);
        }
        return piped(collector, index, source, progress, LineCutter::default());
    }
    piped(collector, index, source, progress, Splitter::new())
}

/// Every thread takes the next stretch of the file: the lines that start in it.
fn stretches(
    collector: &Collector,
    index: SourceIndex,
    source: &Source,
    progress: &ProgressBar,
) -> anyhow::Result<Lines> {
    let next = AtomicU64::new(0);
    let counts = Mutex::new(Vec::new());
    let work = || -> io::Result<()> {
        let mut file = source.open_raw()?;
        let (mut buffer, mut part) = (Vec::new(), Part::default());
        loop {
            let stretch = next.fetch_add(1, Ordering::Relaxed);
            let start = stretch * STRETCH;
            if start >= source.size {
                return Ok(());
            }
            let counter = read_stretch(collector, &mut part, index, &mut file, &mut buffer, start)?;
            collector.deliver(&mut part);
            counts.lock().unwrap_or_else(PoisonError::into_inner).push((stretch, counter.counts()));
            progress.inc(STRETCH.min(source.size - start));
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads()).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().map_err(|_| anyhow!("a reading thread failed"))?.map_err(anyhow::Error::from)
        })
    })?;
    let mut counts = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
    counts.sort_unstable_by_key(|(stretch, _)| *stretch);
    Ok(Lines::new(counts.into_iter().flat_map(|(_, counts)| counts)))
}

fn read_stretch(
    collector: &Collector,
    part: &mut Part,
    index: SourceIndex,
    file: &mut std::fs::File,
    buffer: &mut Vec<u8>,
    start: u64,
) -> io::Result<Counter> {
    // The byte before tells whether a line starts right here.
    let before = u64::from(start > 0);
    file.seek(SeekFrom::Start(start - before))?;
    buffer.clear();
    file.by_ref().take(STRETCH + before).read_to_end(buffer)?;
    if start == 0 {
        unmarked(buffer);
    }
    let mut counter = Counter::new();
    counter.add(buffer.get(before as usize..).unwrap_or_default());
    let whole = buffer.len() as u64 == STRETCH + before;
    let mut at = if before == 0 {
        0
    } else {
        match memchr::memchr(b'\n', buffer) {
            Some(newline) => newline + 1,
            // The whole stretch is the middle of one line.
            None => return Ok(counter),
        }
    };
    // The last line goes on behind the stretch.
    while whole && buffer.last() != Some(&b'\n') {
        let size = buffer.len();
        file.by_ref().take(1 << 16).read_to_end(buffer)?;
        let more = buffer.get(size..).unwrap_or_default();
        if more.is_empty() {
            break;
        }
        if let Some(newline) = memchr::memchr(b'\n', more) {
            buffer.truncate(size + newline + 1);
            break;
        }
        if buffer.len() - at > LINE_LIMIT + STRETCH as usize {
            break;
        }
    }
    let end = buffer.len();
    let limit = before as usize + STRETCH as usize;
    while at < end && at < limit {
        let rest = buffer.get(at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let line = rest.get(..length).unwrap_or_default();
        read_line(collector, part, index, line, start - before + at as u64);
        at += length;
    }
    Ok(counter)
}

/// Reads a line, unless it is larger than any resource.
fn read_line(collector: &Collector, part: &mut Part, index: SourceIndex, line: &[u8], offset: u64) {
    if line.len() > LINE_LIMIT {
        part.problem(index, offset, ProblemKind::TooLarge { limit: LINE_LIMIT });
    } else {
        collector.read_line(part, index, line, offset);
    }
}

/// Cuts a text as it comes.
trait Cutter: Send {
    /// Whether a piece is a line, white space and all.
    const LINES: bool;
    fn push(&mut self, bytes: &[u8], emit: &mut dyn FnMut(Cut<'_>));
    fn finish(self, emit: &mut dyn FnMut(Cut<'_>));
}

impl Cutter for Splitter {
    const LINES: bool = false;

    fn push(&mut self, bytes: &[u8], emit: &mut dyn FnMut(Cut<'_>)) {
        Self::push(self, bytes, emit);
    }

    fn finish(self, emit: &mut dyn FnMut(Cut<'_>)) {
        Self::finish(self, emit);
    }
}

/// Cuts at newlines.
#[derive(Default)]
struct LineCutter {
    line: Vec<u8>,
    start: u64,
    offset: u64,
    too_large: bool,
}

impl LineCutter {
    fn end(&mut self, emit: &mut dyn FnMut(Cut<'_>)) {
        if self.too_large {
            emit(Cut::Fault { offset: self.start, fault: estate::split::Fault::TooLarge });
        } else {
            emit(Cut::Piece { bytes: &self.line, offset: self.start });
        }
        self.line.clear();
        self.too_large = false;
        self.start = self.offset;
    }
}

impl Cutter for LineCutter {
    const LINES: bool = true;

    fn push(&mut self, bytes: &[u8], emit: &mut dyn FnMut(Cut<'_>)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + part.len() > LINE_LIMIT {
                self.too_large = true;
                self.line.clear();
            } else if !self.too_large {
                self.line.extend_from_slice(part);
            }
            self.offset += part.len() as u64;
            if part.ends_with(b"\n") {
                self.end(emit);
            }
        }
    }

    fn finish(mut self, emit: &mut dyn FnMut(Cut<'_>)) {
        if !self.line.is_empty() || self.too_large {
            self.end(emit);
        }
    }
}

/// Pieces on their way to a parser.
#[derive(Default)]
struct Parcel {
    bytes: Vec<u8>,
    items: Vec<Item>,
}

enum Item {
    Piece { offset: u64, len: usize },
    Envelope { offset: u64, len: usize, span: u64 },
    Fault { offset: u64, fault: estate::split::Fault },
}

impl Parcel {
    fn add(&mut self, cut: Cut<'_>) {
        match cut {
            Cut::Piece { bytes, offset } => {
                self.items.push(Item::Piece { offset, len: bytes.len() });
                self.bytes.extend_from_slice(bytes);
            }
            Cut::Envelope { bytes, offset, len } => {
                self.items.push(Item::Envelope { offset, len: bytes.len(), span: len });
                self.bytes.extend_from_slice(bytes);
            }
            Cut::Fault { offset, fault } => self.items.push(Item::Fault { offset, fault }),
        }
    }

    fn open(&self, mut take: impl FnMut(Cut<'_>)) {
        let mut rest = self.bytes.as_slice();
        for item in &self.items {
            let mut next = |len: usize| {
                let (now, later) = rest.split_at(len.min(rest.len()));
                rest = later;
                now
            };
            match *item {
                Item::Piece { offset, len } => take(Cut::Piece { bytes: next(len), offset }),
                Item::Envelope { offset, len, span } => {
                    take(Cut::Envelope { bytes: next(len), offset, len: span })
                }
                Item::Fault { offset, fault } => take(Cut::Fault { offset, fault }),
            }
        }
    }
}

/// How much a parcel holds before it is sent.
const PARCEL: usize = 1 << 20;

/// One thread reads and cuts, the others parse.
fn piped<C: Cutter>(
    collector: &Collector,
    index: SourceIndex,
    source: &Source,
    progress: &ProgressBar,
    cutter: C,
) -> anyhow::Result<Lines> {
    let workers = threads();
    let (send, receive) = sync_channel::<Parcel>(workers);
    // The parsers alone own the receiving end, so that sending fails once they are gone.
    let receive = Arc::new(Mutex::new(receive));
    thread::scope(|scope| {
        let parsers: Vec<_> = (0..workers)
            .map(|_| {
                let receive = Arc::clone(&receive);
                scope.spawn(move || parse_parcels(collector, index, &receive, C::LINES))
            })
            .collect();
        drop(receive);
        let cut = cut_source(source, cutter, send, progress);
        parsers
            .into_iter()
            .try_for_each(|parser| parser.join().map_err(|_| anyhow!("a parsing thread failed")))?;
        cut
    })
}

fn parse_parcels(collector: &Collector, index: SourceIndex, receive: &Mutex<Receiver<Parcel>>, lines: bool) {
    let mut part = Part::default();
    loop {
        let parcel = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(parcel) = parcel else { return };
        parcel.open(|cut| match cut {
            Cut::Piece { bytes, offset } if lines => collector.read_line(&mut part, index, bytes, offset),
            cut => collector.read(&mut part, index, cut),
        });
        collector.deliver(&mut part);
    }
}

fn cut_source<C: Cutter>(
    source: &Source,
    mut cutter: C,
    send: SyncSender<Parcel>,
    progress: &ProgressBar,
) -> anyhow::Result<Lines> {
    let mut text = source.open()?;
    let mut buffer = vec![0; 1 << 18];
    let mut counter = Counter::new();
    let mut parcel = Parcel::default();
    let mut first = true;
    let mut dead = false;
    loop {
        let count = text.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        let bytes = buffer.get_mut(..count).unwrap_or_default();
        counter.add(bytes);
        let bytes = if std::mem::take(&mut first) { unmarked(bytes) } else { bytes };
        cutter.push(bytes, &mut |cut| {
            parcel.add(cut);
            if parcel.bytes.len() >= PARCEL {
                dead |= send.send(std::mem::take(&mut parcel)).is_err();
            }
        });
        if dead {
            break;
        }
        progress.inc(count as u64);
    }
    cutter.finish(&mut |cut| parcel.add(cut));
    // A parser that has failed tells so itself.
    let _ = send.send(parcel);
    Ok(Lines::new(counter.counts()))
}
