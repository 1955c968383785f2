//! Cuts a source into pieces, each one JSON value that may be a resource, without holding the
//! source in memory.
//!
//! A source is a sequence of JSON values: one object, an array, an envelope (`{"value":[…]}`,
//! `{"data":[…]}`, `{"resources":[…]}`), one value a line, or several of these one after another
//! (`az vm list; az network nic list`). Arrays and envelopes are cut into their elements.
//!
//! INVARIANT: memory is bounded by [`PIECE_LIMIT`], whatever the source holds, and nothing here
//! recurses, so deep nesting costs nothing.

use memchr::memchr2;

/// The largest value that is read. Azure Resource Manager refuses bodies over 4 MB.
pub const PIECE_LIMIT: usize = 64 << 20;

/// The deepest nesting that is read. Azure's own answers stay below 30 levels.
pub const DEPTH_LIMIT: usize = 128;

/// The members of an envelope that hold resources.
const LISTS: [&[u8]; 3] = [b"value", b"data", b"resources"];

/// What the splitter finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut<'a> {
    /// One value.
    Piece {
        /// Its bytes.
        bytes: &'a [u8],
        /// Where it starts in the source.
        offset: u64,
    },
    /// An envelope whose list was cut out (and is empty in these bytes). It is a resource of its
    /// own where it has an id.
    Envelope {
        /// Its bytes, which are not those of the source.
        bytes: &'a [u8],
        /// Where it starts in the source.
        offset: u64,
        /// How many bytes it takes in the source.
        len: u64,
    },
    /// A fault at an offset.
    Fault {
        /// Where it is.
        offset: u64,
        /// What it is.
        fault: Fault,
    },
}

/// Why a part of a source cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The text is not JSON from here on.
    NotJson,
    /// The text ends inside a value that starts here.
    Truncated,
    /// The value that starts here is nested deeper than [`DEPTH_LIMIT`].
    TooDeep,
    /// The value that starts here is larger than [`PIECE_LIMIT`].
    TooLarge,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between two values of the source.
    Top,
    /// Inside an array of pieces; `comma` when an element was just read.
    List { envelope: bool, comma: bool },
    /// Inside a piece.
    Value { list: Option<bool> },
    /// After a fault: the rest cannot be cut.
    Dead,
}

/// Cuts a source that is fed chunk by chunk.
pub struct Splitter {
    state: State,
    offset: u64,
    piece: Vec<u8>,
    start: u64,
    depth: usize,
    deepest: usize,
    in_string: bool,
    escaped: bool,
    scalar: bool,
    too_large: bool,
    key: KeyWatch,
    head: Vec<u8>,
    head_start: u64,
}

/// Watches the keys of the outermost object for one that holds a list of resources.
#[derive(Default)]
struct KeyWatch {
    /// Whether the object may still be an envelope.
    active: bool,
    /// The string being read at depth one, if short.
    text: Vec<u8>,
    /// Set after the colon of a list's key.
    armed: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    /// A splitter at the start of a source.
    pub fn new() -> Self {
        Self {
            state: State::Top,
            offset: 0,
            piece: Vec::new(),
            start: 0,
            depth: 0,
            deepest: 0,
            in_string: false,
            escaped: false,
            scalar: false,
            too_large: false,
            key: KeyWatch::default(),
            head: Vec::new(),
            head_start: 0,
        }
    }

    /// Reads the next bytes of the source.
    pub fn push(&mut self, bytes: &[u8], emit: &mut dyn FnMut(Cut<'_>)) {
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            match self.state {
                State::Dead => break,
                State::Top | State::List { .. } => {
                    if self.between(byte, self.offset + at as u64, emit) {
                        at += 1;
                    }
                }
                State::Value { list } => at = self.inside(bytes, at, list, emit),
            }
        }
        self.offset += bytes.len() as u64;
    }

    /// Tells that the source ends here.
    pub fn finish(mut self, emit: &mut dyn FnMut(Cut<'_>)) {
        match self.state {
            State::Top | State::Dead => {}
            State::Value { list: None } if self.scalar => self.close(self.offset, None, emit),
            State::Value { .. } => emit(Cut::Fault { offset: self.start, fault: Fault::Truncated }),
            State::List { .. } => emit(Cut::Fault { offset: self.offset, fault: Fault::Truncated }),
        }
    }

    /// A byte between two values. Gives whether it is done with, or the first one of a value.
    fn between(&mut self, byte: u8, offset: u64, emit: &mut dyn FnMut(Cut<'_>)) -> bool {
        match (self.state, byte) {
            (_, b' ' | b'\t' | b'\r' | b'\n') => {}
            (State::Top, b'[') => {
                self.state = State::List { envelope: false, comma: false };
            }
            (State::List { envelope, comma: true }, b',') => {
                self.state = State::List { envelope, comma: false };
            }
            (State::List { envelope, .. }, b']') => self.end_of_list(envelope),
            (State::List { comma: true, .. }, _) => self.fault(offset, Fault::NotJson, emit),
            (state, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                let list = match state {
                    State::List { envelope, .. } => Some(envelope),
                    _ => None,
                };
                self.open(offset, list, byte);
                return false;
            }
            _ => self.fault(offset, Fault::NotJson, emit),
        }
        true
    }

    fn fault(&mut self, offset: u64, fault: Fault, emit: &mut dyn FnMut(Cut<'_>)) {
        self.state = State::Dead;
        emit(Cut::Fault { offset, fault });
    }

    fn open(&mut self, offset: u64, list: Option<bool>, byte: u8) {
        self.state = State::Value { list };
        self.piece.clear();
        self.start = offset;
        self.depth = 0;
        self.deepest = 0;
        self.in_string = false;
        self.escaped = false;
        self.too_large = false;
        self.scalar = !matches!(byte, b'{' | b'[' | b'"');
        self.key = KeyWatch { active: list.is_none() && byte == b'{', ..KeyWatch::default() };
    }

    /// Back inside the envelope, after its list.
    fn end_of_list(&mut self, envelope: bool) {
        if !envelope {
            self.state = State::Top;
            return;
        }
        std::mem::swap(&mut self.piece, &mut self.head);
        self.piece.push(b']');
        self.head.clear();
        self.start = self.head_start;
        self.state = State::Value { list: None };
        self.depth = 1;
        self.deepest = 2;
        self.in_string = false;
        self.escaped = false;
        self.scalar = false;
        self.too_large = false;
        self.key = KeyWatch { active: true, ..KeyWatch::default() };
    }

    /// Bytes of a piece, up to its end or the end of the chunk. Gives where it stopped.
    fn inside(
        &mut self,
        bytes: &[u8],
        from: usize,
        list: Option<bool>,
        emit: &mut dyn FnMut(Cut<'_>),
    ) -> usize {
        let mut at = from;
        while let Some(byte) = bytes.get(at).copied() {
            if self.in_string {
                at = self.string(bytes, at);
                if !self.in_string && self.depth == 0 {
                    self.keep(bytes, from, at);
                    self.close(self.offset + at as u64, list, emit);
                    return at;
                }
                continue;
            }
            if self.scalar {
                if matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b'}') {
                    self.keep(bytes, from, at);
                    self.close(self.offset + at as u64, list, emit);
                    return at;
                }
                at += 1;
                continue;
            }
            at += 1;
            match byte {
                b'"' => {
                    self.in_string = true;
                    self.key.text.clear();
                }
                b'[' if self.key.armed && self.depth == 1 => {
                    self.keep(bytes, from, at);
                    self.head_start = self.start;
                    std::mem::swap(&mut self.piece, &mut self.head);
                    self.state = State::List { envelope: true, comma: false };
                    return at;
                }
                b'{' | b'[' => {
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                    self.key.armed = false;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.keep(bytes, from, at);
                        self.close(self.offset + at as u64, list, emit);
                        return at;
                    }
                }
                b':' if self.depth == 1 && self.key.active => {
                    // What a list of Microsoft Graph holds, only its context tells.
                    if matches!(self.key.text.as_slice(), b"id" | b"type" | b"$schema" | b"@odata.context") {
                        self.key.active = false;
                    }
                    self.key.armed = self.key.active && LISTS.contains(&self.key.text.as_slice());
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => self.key.armed = false,
            }
        }
        self.keep(bytes, from, at);
        at
    }

    /// Bytes of a string, up to its end or the end of the chunk.
    fn string(&mut self, bytes: &[u8], from: usize) -> usize {
        let mut at = from;
        if self.escaped {
            self.escaped = false;
            at += 1;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let (end, found) = match memchr2(b'"', b'\\', rest) {
            None => (bytes.len(), None),
            Some(length) => (at + length + 1, rest.get(length)),
        };
        match found {
            Some(b'"') => self.in_string = false,
            Some(_) => self.escaped = true,
            None => {}
        }
        if self.depth == 1 && self.key.active && self.key.text.len() < 16 {
            let text = bytes.get(from..end).unwrap_or_default();
            self.key.text.extend(text.iter().take(16).filter(|byte| **byte != b'"'));
        }
        end
    }

    fn keep(&mut self, bytes: &[u8], from: usize, to: usize) {
        if self.deepest > DEPTH_LIMIT || self.too_large {
            self.piece.clear();
            return;
        }
        let new = bytes.get(from..to).unwrap_or_default();
        if self.piece.len() + new.len() > PIECE_LIMIT {
            self.too_large = true;
            self.piece = Vec::new();
            return;
        }
        self.piece.extend_from_slice(new);
    }

    fn close(&mut self, end: u64, list: Option<bool>, emit: &mut dyn FnMut(Cut<'_>)) {
        self.state = match list {
            None => State::Top,
            Some(envelope) => State::List { envelope, comma: true },
        };
        let (bytes, offset, len) = (self.piece.as_slice(), self.start, end - self.start);
        emit(if self.deepest > DEPTH_LIMIT {
            Cut::Fault { offset, fault: Fault::TooDeep }
        } else if self.too_large {
            Cut::Fault { offset, fault: Fault::TooLarge }
        } else if bytes.len() as u64 == len {
            Cut::Piece { bytes, offset }
        } else {
            Cut::Envelope { bytes, offset, len }
        });
        self.piece.clear();
    }
}

/// Where the value at `at` ends, without looking at whether it is well formed. `None` if the text
/// ends first.
pub fn skip_value(text: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = at;
    loop {
        match text.get(at)? {
            b'"' => {
                at = skip_string(text, at)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ if depth == 0 => {
                let rest = text.get(at..)?;
                let length = rest
                    .iter()
                    .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'))
                    .unwrap_or(rest.len());
                return (length > 0).then_some(at + length);
            }
            _ => at += 1,
        }
    }
}

fn skip_string(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        let found = at + memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(found) == Some(&b'"') {
            return Some(found + 1);
        }
        at = found + 2;
    }
}

/// How deep a text is nested at the most, brackets in strings apart.
pub(crate) fn depth(text: &[u8]) -> usize {
    // Most texts hold fewer brackets than the limit: counting them is many times faster.
    let open = brackets(text);
    if open <= DEPTH_LIMIT {
        return open;
    }
    let (mut depth, mut deepest, mut at) = (0usize, 0usize, 0usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => match skip_string(text, at) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => break,
            },
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    deepest
}

/// How many opening brackets a text holds. Two quick walks are quicker than one that looks for both.
fn brackets(text: &[u8]) -> usize {
    memchr::memchr_iter(b'{', text).count() + memchr::memchr_iter(b'[', text).count()
}

/// How a source is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One value a line: a fault in one line leaves the others readable.
    Lines,
    /// A stream of values over any number of lines.
    Stream,
}

/// Tells the layout from the first bytes of a source: one value a line if nearly every line is an
/// object of its own. A broken one among many does not make it a stream.
pub fn layout(prefix: &[u8]) -> Layout {
    let (mut whole, mut other) = (0usize, 0usize);
    for line in prefix.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        // A last line that is cut off says nothing.
        if text.is_empty() || !line.ends_with(b"\n") {
            continue;
        }
        if text.first() == Some(&b'{') && skip_value(text, 0) == Some(text.len()) {
            whole += 1;
        } else {
            other += 1;
        }
        if other > 8 && other > whole {
            break;
        }
    }
    let cut_off = prefix.last().is_some_and(|byte| *byte != b'\n');
    let enough = whole >= 2 || whole == 1 && cut_off;
    if enough && other * 10 <= whole { Layout::Lines } else { Layout::Stream }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &[u8], chunk: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut emit = |cut: Cut<'_>| {
            found.push(match cut {
                Cut::Piece { bytes, offset } => {
                    let at = usize::try_from(offset).unwrap();
                    assert_eq!(&text[at..at + bytes.len()], bytes, "a piece is its source's bytes");
                    String::from_utf8_lossy(bytes).into_owned()
                }
                Cut::Envelope { bytes, .. } => format!("envelope {}", String::from_utf8_lossy(bytes)),
                Cut::Fault { offset, fault } => format!("{fault:?}@{offset}"),
            });
        };
        let mut splitter = Splitter::new();
        for part in text.chunks(chunk.max(1)) {
            splitter.push(part, &mut emit);
        }
        splitter.finish(&mut emit);
        found
    }

    fn check(text: &str, expected: &[&str]) {
        for chunk in [1, 2, 3, 7, text.len().max(1)] {
            assert_eq!(cut(text.as_bytes(), chunk), expected, "{text} in chunks of {chunk}");
        }
    }

    #[test]
    fn sources_are_cut_into_values() {
        check("", &[]);
        check(" \n", &[]);
        check(r#"{"id":"a"}"#, &[r#"{"id":"a"}"#]);
        check(r#"[{"a":1},{"b":[2]}]"#, &[r#"{"a":1}"#, r#"{"b":[2]}"#]);
        check("[ {\"a\":1} ,\n {\"b\":2} ]\n[]\n{\"c\":3}", &[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#]);
        check("{\"a\":1}\n{\"b\":2}\n", &[r#"{"a":1}"#, r#"{"b":2}"#]);
        check(r#"{"id":"x]}\"{","y":"\\"}"#, &[r#"{"id":"x]}\"{","y":"\\"}"#]);
        check("1 \"a\" null", &["1", "\"a\"", "null"]);
        check("[[{\"a\":1}]]", &["[{\"a\":1}]"]);
    }

    #[test]
    fn envelopes_are_opened() {
        check(r#"{"value":[{"a":1},{"b":2}]}"#, &[r#"{"a":1}"#, r#"{"b":2}"#, r#"envelope {"value":[]}"#]);
        check(
            r#"{"nextLink":null, "value" : [ {"a":1} ], "count":1}"#,
            &[r#"{"a":1}"#, r#"envelope {"nextLink":null, "value" : [], "count":1}"#],
        );
        check(r#"{"data":[],"value":[1]}"#, &["1", r#"envelope {"data":[],"value":[]}"#]);
        check(r#"{"id":"vm","resources":[{"a":1}]}"#, &[r#"{"id":"vm","resources":[{"a":1}]}"#]);
        check(r#"{"a":{"value":[1]}}"#, &[r#"{"a":{"value":[1]}}"#]);
        check(
            r#"{"@odata.context":"c","value":[{"a":1}]}"#,
            &[r#"{"@odata.context":"c","value":[{"a":1}]}"#],
        );
        check(r#"{"a":"value","b":[1]}"#, &[r#"{"a":"value","b":[1]}"#]);
        check(r#"{"value":{"x":[1]}}"#, &[r#"{"value":{"x":[1]}}"#]);
    }

    #[test]
    fn faults_tell_where() {
        check("\u{7f}ELF", &["NotJson@0"]);
        check("{\"a\":1} x", &[r#"{"a":1}"#, "NotJson@8"]);
        check("[{\"a\":1} {\"b\":2}]", &[r#"{"a":1}"#, "NotJson@9"]);
        check("{\"a\":", &["Truncated@0"]);
        check("[{\"a\":1},{\"b\"", &[r#"{"a":1}"#, "Truncated@9"]);
        check("[{\"a\":1}", &[r#"{"a":1}"#, "Truncated@8"]);
        check("{\"value\":[{\"a\":1}]", &[r#"{"a":1}"#, "Truncated@0"]);
    }

    #[test]
    fn deep_nesting_is_refused_and_the_rest_is_read() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let text = format!("[{{\"a\":{deep}}},{{\"b\":2}}]");
        assert_eq!(cut(text.as_bytes(), 1 << 16), ["TooDeep@1", r#"{"b":2}"#]);
        assert_eq!(depth(deep.as_bytes()), 200_000);
        assert_eq!(depth("[\"[[[[\"]".as_bytes()), 5, "an upper bound is enough below the limit");
        assert_eq!(depth(format!("[\"{}\"]", "[".repeat(300)).as_bytes()), 1);
    }

    #[test]
    fn layouts_are_told_apart() {
        assert_eq!(layout(b"{\"a\":1}\n{\"b\":2}\n"), Layout::Lines);
        assert_eq!(layout(b"{\"a\":1}\n{\"b\":2"), Layout::Lines);
        assert_eq!(layout(b"{\"a\":1}\n"), Layout::Stream);
        assert_eq!(layout(b"{\"a\":1}\n{\"b\":2}\n[\n{\"c\":3}\n]\n"), Layout::Stream);
        assert_eq!(layout(&[b"{\"a\":1}\n".repeat(20), b"{\"a\":\n".to_vec()].concat()), Layout::Lines);
        assert_eq!(layout(b"[\n{\"a\":1}]"), Layout::Stream);
        assert_eq!(layout(b"{\n \"a\":1}"), Layout::Stream);
        assert_eq!(layout(b""), Layout::Stream);
    }
}
