//! Resources that a template or plan would deploy, as a source of their own, and the way back to the file.

use estate::SourceIndex;
use posture::Lang;
use rayon::prelude::*;
use template::{Span, Value, wire};

use super::words;

/// The resources of one template or plan: a line of JSON each.
pub(crate) struct Made {
    rows: Vec<Row>,
    pieces: Vec<Piece>,
    size: u64,
    whole: bool,
}

/// The kind of a record that tells of what a deployment makes.
pub(crate) const DEPLOYMENT: &str = "sekimori.deployment/1";

/// How many resources are written in one piece.
const PIECE: usize = 64;

/// About how many bytes a resource takes.
const RESOURCE: usize = 1 << 10;

struct Row {
    start: u64,
    body: Value,
    /// The address of a resource in a plan.
    address: Option<Box<str>>,
}

/// Some of the lines, each of them whole.
pub(crate) struct Piece {
    /// Where the first of them starts.
    pub(crate) start: u64,
    pub(crate) text: Vec<u8>,
}

/// Where a value of a made resource stands: in which source, and from which byte to which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stands {
    pub(crate) source: SourceIndex,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Stands {
    pub(super) fn of(span: Span) -> Self {
        Self { source: SourceIndex(span.file), start: span.start.into(), end: span.end.into() }
    }
}

impl Made {
    /// Writes resources, each with its address in a plan. `whole` is whether the machines of the deployment are told with
    /// all that is on them; else this is what a deployment makes, and not what is there.
    pub(super) fn new(bodies: Vec<(Value, Option<Box<str>>)>, whole: bool, lang: Lang) -> Self {
        let written: Vec<_> = bodies.par_chunks(PIECE).map(|bodies| lines(bodies, lang)).collect();
        let (mut starts, mut pieces, mut size) = (Vec::with_capacity(bodies.len()), Vec::new(), 0);
        let told = if whole { "{\"machines\":0}" } else { "{}" };
        let told = format!("{{\"kind\":\"{DEPLOYMENT}\",\"rows\":{told}}}\n").into_bytes();
        for (text, within) in written.into_iter().chain([(told, Vec::new())]) {
            starts.extend(within.into_iter().map(|start| size + start as u64));
            let start = size;
            size += text.len() as u64;
            pieces.push(Piece { start, text });
        }
        let rows = bodies.into_iter().zip(starts);
        let rows = rows.map(|((body, address), start)| Row { start, body, address }).collect();
        Self { rows, pieces, size, whole }
    }

    /// How many bytes the lines have.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The lines.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Whether the machines are told with all that is on them.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    fn row(&self, offset: u64) -> Option<&Row> {
        let behind = self.rows.partition_point(|row| row.start <= offset);
        self.rows.get(behind.checked_sub(1)?)
    }

    /// Where the value stands that a pointer into the resource at `offset` names.
    pub(crate) fn stands(&self, offset: u64, pointer: &str) -> Option<Stands> {
        let row = self.row(offset)?;
        let value = telling(&row.body, pointer);
        let span = if value.at == Span::default() { row.body.at } else { value.at };
        Some(Stands::of(span))
    }

    /// The address of the resource at `offset` in its plan.
    pub(crate) fn address(&self, offset: u64) -> Option<&str> {
        self.row(offset)?.address.as_deref()
    }

    /// The value itself.
    pub(crate) fn value(&self, offset: u64, pointer: &str) -> Option<&Value> {
        Some(wire::find(&self.row(offset)?.body, pointer))
    }

    /// The resources.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = (&Value, Option<&str>)> {
        self.rows.iter().map(|row| (&row.body, row.address.as_deref()))
    }
}

/// Resources as lines, and where each of them starts.
fn lines(bodies: &[(Value, Option<Box<str>>)], lang: Lang) -> (Vec<u8>, Vec<usize>) {
    let mut text = Vec::with_capacity(bodies.len() * RESOURCE);
    let mut starts = Vec::with_capacity(bodies.len());
    for (body, _) in bodies {
        starts.push(text.len());
        wire::write(body, &|why| words::why(why, lang), &mut text);
        text.push(b'\n');
    }
    (text, starts)
}

/// The value that a pointer names, and of a rule the port that it opens: that is what people look for.
fn telling<'v>(body: &'v Value, pointer: &str) -> &'v Value {
    let value = wire::find(body, pointer);
    let is_rule = || {
        let kind = body.object().and_then(|body| body.text("type")).unwrap_or_default();
        kind.to_ascii_lowercase().ends_with("/securityrules")
    };
    let alone = pointer.is_empty() && is_rule();
    let inside = pointer.rsplit('/').nth(1).is_some_and(|list| list.eq_ignore_ascii_case("securityRules"));
    if !(alone || inside) || value.object().is_none() {
        return value;
    }
    let ports = ["destinationPortRange", "destinationPortRanges"].iter().find_map(|name| {
        let properties = value.object()?.some("properties")?.object()?;
        properties.some(name).filter(|ports| ports.list().is_none_or(|ports| !ports.is_empty()))
    });
    ports.filter(|ports| ports.at != Span::default()).unwrap_or(value)
}
