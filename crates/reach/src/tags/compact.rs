//! The form in which lists of service tags are kept: a sixth of what is published.
//!
//! ```text
//! "SKTAGS1\n" change:number cloud:text date:text count:number
//! then each tag, sorted by name in lower case: name:text size:number (prefixes of IPv4) (prefixes of IPv6)
//! prefixes: count:number, then each: length:byte step:number
//! ```
//!
//! A number has seven bits a byte, the lowest first. A text is its size and its bytes. The step of a prefix is
//! how many blocks of its length lie between the block of the prefix before it and its own.

use estate::{Family, Range};

use super::{Bytes, Entry, Tags};
use crate::addresses::{Addresses, prefixes_in};

const START: &[u8] = b"SKTAGS1\n";

/// How many tags a list may have, and how long their names are.
const TAGS: u128 = 100_000;
const NAME: usize = 200;

/// Bytes that are no list of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTable {
    /// Where they stop making sense.
    pub offset: usize,
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let end = self.at.checked_add(count)?;
        let part = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(part)
    }

    fn number(&mut self) -> Option<u128> {
        let mut number = 0u128;
        for shift in (0..128).step_by(7) {
            let byte = *self.take(1)?.first()?;
            let bits = u128::from(byte & 0x7f);
            // What would fall out at the top is no number of ours.
            if bits << shift >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn text(&mut self) -> Option<&'b str> {
        let size = self.size().filter(|size| *size <= NAME)?;
        std::str::from_utf8(self.take(size)?).ok()
    }

    /// Prefixes of a family, as ranges in their order.
    fn prefixes(&mut self, width: u32) -> Option<Addresses> {
        let count = self.size()?;
        // Each takes two bytes at least, so a count cannot ask for more memory than there are bytes.
        if count > self.bytes.len() {
            return None;
        }
        let mut ranges = Vec::with_capacity(count);
        let mut before = 0u128;
        for _ in 0..count {
            let length = u32::from(*self.take(1)?.first()?);
            let bits = width.checked_sub(length)?;
            let block = before.checked_shr(bits).unwrap_or(0).checked_add(self.number()?)?;
            let first = block.checked_shl(bits).unwrap_or(0);
            if first.checked_shr(bits).unwrap_or(0) != block {
                return None;
            }
            let last = first | 1u128.checked_shl(bits).map_or(u128::MAX, |size| size - 1);
            if width == 32 && last > u128::from(u32::MAX) {
                return None;
            }
            ranges.push(Range { first, last });
            before = first;
        }
        Some(ranges.into_iter().collect())
    }
}

/// The addresses of one tag.
pub(super) fn addresses(bytes: &[u8]) -> Option<[Addresses; 2]> {
    let mut reader = Reader { bytes, at: 0 };
    let both = [reader.prefixes(32)?, reader.prefixes(128)?];
    (reader.at == bytes.len()).then_some(both)
}

impl Tags {
    /// Opens a list that stands in the program.
    pub(super) fn from_compact(bytes: &'static [u8]) -> Result<Self, BadTable> {
        let tags = open(bytes)?;
        Ok(Self { bytes: Bytes::Static(bytes), ..tags })
    }

    /// Opens a list that was kept.
    ///
    /// # Errors
    ///
    /// Where the bytes are no such list, or not all of one.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, BadTable> {
        let tags = open(&bytes)?;
        Ok(Self { bytes: Bytes::Owned(bytes), ..tags })
    }

    /// The list as it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.all().to_vec()
    }

    /// Makes a list. Of tags that differ in case only, the first counts.
    pub(super) fn new(
        change: u64,
        cloud: &str,
        date: &str,
        mut tags: Vec<(String, [Addresses; 2])>,
    ) -> Result<Self, BadTable> {
        tags.sort_by_cached_key(|(name, _)| name.to_ascii_lowercase());
        tags.dedup_by(|(later, _), (first, _)| later.eq_ignore_ascii_case(first));
        let mut out = START.to_vec();
        number(&mut out, change.into());
        text(&mut out, cloud);
        text(&mut out, date);
        number(&mut out, tags.len() as u128);
        for (name, [v4, v6]) in &tags {
            let mut body = Vec::new();
            for (set, family, width) in [(v4, Family::V4, 32), (v6, Family::V6, 128)] {
                let prefixes = prefixes_in(set, family);
                number(&mut body, prefixes.len() as u128);
                let mut before = 0u128;
                for (first, length) in prefixes {
                    let bits = width - length;
                    body.push(u8::try_from(length).unwrap_or(u8::MAX));
                    let block = |address: u128| address.checked_shr(bits).unwrap_or(0);
                    number(&mut body, block(first) - block(before));
                    before = first;
                }
            }
            text(&mut out, name);
            number(&mut out, body.len() as u128);
            out.extend(body);
        }
        Self::from_bytes(out)
    }
}

/// Looks through a list: all of it is read once, so that what is looked up later can be.
fn open(bytes: &[u8]) -> Result<Tags, BadTable> {
    let mut reader = Reader { bytes, at: 0 };
    let read = |reader: &mut Reader<'_>| {
        if reader.take(START.len())? != START {
            return None;
        }
        let change = u64::try_from(reader.number()?).ok()?;
        let (cloud, date) = (reader.text()?.to_owned(), reader.text()?.to_owned());
        let count = reader.number().filter(|count| *count <= TAGS)?;
        let mut entries: Vec<Entry> = Vec::new();
        for _ in 0..count {
            let name: Box<str> = reader.text()?.into();
            let lower: Box<str> = name.to_ascii_lowercase().into();
            if entries.last().is_some_and(|before| before.lower >= lower) {
                return None;
            }
            let size = reader.size()?;
            let start = reader.at;
            reader.take(size)?;
            entries.push(Entry { lower, name, start, end: reader.at });
        }
        (reader.at == bytes.len()).then_some(Tags { change, cloud, date, entries, ..Tags::default() })
    };
    read(&mut reader).ok_or(BadTable { offset: reader.at })
}

fn number(out: &mut Vec<u8>, mut number: u128) {
    loop {
        let byte = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    let mut end = text.len().min(NAME);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    number(out, text.len() as u128);
    out.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(prefixes: &[&str], family: Family) -> Addresses {
        crate::addresses::of_prefixes(prefixes, family)
    }

    #[test]
    fn what_is_kept_is_what_was_put_in() {
        let tags = vec![
            ("B".to_owned(), [set(&["0.0.0.0/0"], Family::V4), set(&["::/0"], Family::V6)]),
            (
                "a".to_owned(),
                [
                    set(&["1.2.3.4/32", "1.2.3.6/31", "255.255.255.255"], Family::V4),
                    set(&["2603::/40", "ffff::1"], Family::V6),
                ],
            ),
            ("A".to_owned(), [set(&["9.9.9.9"], Family::V4), Addresses::empty()]),
            ("none".to_owned(), [Addresses::empty(), Addresses::empty()]),
        ];
        let table = Tags::new(7, "Public", "2026-01-02", tags.clone()).unwrap();
        assert_eq!(table.names().collect::<Vec<_>>(), ["a", "B", "none"]);
        for (name, addresses) in tags.iter().filter(|(name, _)| name != "A") {
            assert_eq!(&*table.of(name).unwrap(), addresses, "{name}");
        }
        let again = Tags::from_bytes(table.to_bytes()).unwrap();
        assert_eq!((again.change, again.cloud.as_str(), again.date.as_str()), (7, "Public", "2026-01-02"));
        assert_eq!(again.of("B"), table.of("B"));
    }

    #[test]
    fn other_bytes_are_no_list() {
        let whole = Tags::new(
            7,
            "Public",
            "d",
            vec![("a".into(), [set(&["1.2.3.0/24"], Family::V4), Addresses::empty()])],
        )
        .unwrap()
        .to_bytes();
        for end in 0..whole.len() {
            assert!(Tags::from_bytes(whole[..end].to_vec()).is_err(), "{end}");
        }
        let more = [whole.as_slice(), b"x"].concat();
        assert_eq!(Tags::from_bytes(more).unwrap_err().offset, whole.len());
        // A prefix longer than its family, and a step over the end: found when it is looked up.
        assert_eq!(addresses(&[1, 33, 0, 0]), None);
        assert_eq!(addresses(&[1, 0, 1, 0]), None);
        assert_eq!(addresses(&[0, 0, 9]), None);
        assert!(addresses(&[1, 0, 0, 0]).unwrap()[0].contains(5));
        // More prefixes than any memory holds.
        let many = [[0xff; 9].as_slice(), &[0x01]].concat();
        assert_eq!(Reader { bytes: &many, at: 0 }.number(), Some(u64::MAX.into()));
        assert_eq!(addresses(&many), None);
    }

    #[test]
    fn a_name_that_is_too_long_ends_with_a_whole_letter() {
        let long = format!("{}\u{e9}", "a".repeat(NAME - 1));
        let list = vec![(long, [set(&["1.2.3.0/24"], Family::V4), Addresses::empty()])];
        let table = Tags::new(7, "Public", "d", list).unwrap();
        assert_eq!(table.names().collect::<Vec<_>>(), ["a".repeat(NAME - 1)]);
    }
}
