//! Resources that a template or plan would deploy, as a source of their own, and the way back to the file.

use std::io::{self, Write};

use estate::SourceIndex;
use posture::Lang;
use template::{Span, Value, wire};

use super::words;

/// The resources of one template or plan: a line of JSON each.
#[derive(Default)]
pub(crate) struct Made {
    pub(crate) text: Vec<u8>,
    rows: Vec<Row>,
    whole: bool,
}

/// The kind of a record that tells of what a deployment makes.
pub(crate) const DEPLOYMENT: &str = "sekimori.deployment/1";

struct Row {
    start: u64,
    body: Value,
    /// The address of a resource in a plan.
    address: Option<Box<str>>,
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
    /// Adds a resource.
    pub(super) fn push(&mut self, body: Value, address: Option<Box<str>>, lang: Lang) -> io::Result<()> {
        let start = self.text.len() as u64;
        wire::write(&body, &|why| words::why(why, lang), &mut self.text)?;
        self.text.write_all(b"\n")?;
        self.rows.push(Row { start, body, address });
        Ok(())
    }

    /// Says that the machines of the deployment are told with all that is on them.
    pub(super) fn tell_whole(&mut self) {
        self.whole = true;
        let told = format!("{{\"kind\":\"{DEPLOYMENT}\",\"rows\":{{\"machines\":0}}}}\n");
        self.text.extend_from_slice(told.as_bytes());
    }

    /// Says that this is what a deployment makes, and not what is there.
    pub(super) fn tell_deployment(&mut self) {
        let told = format!("{{\"kind\":\"{DEPLOYMENT}\",\"rows\":{{}}}}\n");
        self.text.extend_from_slice(told.as_bytes());
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

/// The value that a pointer names, and of a rule the port that it opens: that is what people look for.
fn telling<'v>(body: &'v Value, pointer: &str) -> &'v Value {
    let value = wire::find(body, pointer);
    let kind = body.object().and_then(|body| body.text("type")).unwrap_or_default().to_ascii_lowercase();
    let alone = pointer.is_empty() && kind.ends_with("/securityrules");
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
