//! Where a resource stands in its source, and how to find a value in it again.
//!
//! Positions are lazy: a resource keeps the byte span it came from, a finding names a JSON pointer,
//! and the offset is worked out when somebody asks.

use crate::split::skip_value;

/// The number of a source in the list that the program keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceIndex(pub u32);

/// The byte span of a resource in its source (after decompression).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Which source.
    pub source: SourceIndex,
    /// The first byte of the resource.
    pub offset: u64,
    /// How many bytes it takes.
    pub len: u32,
}

/// Where the records of one resource stand, in the order of the sources. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    first: Origin,
    more: Box<[Origin]>,
}

impl Origins {
    /// A resource with one record.
    pub fn one(origin: Origin) -> Self {
        Self { first: origin, more: Box::default() }
    }

    /// The record that people are shown.
    pub fn first(&self) -> Origin {
        self.first
    }

    /// Every record.
    pub fn iter(&self) -> impl Iterator<Item = Origin> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    pub(crate) fn absorb(&mut self, other: &Self) {
        let mut all: Vec<_> = self.iter().chain(other.iter()).collect();
        all.sort_unstable();
        all.dedup();
        let first = all.remove(0);
        *self = Self { first, more: all.into_boxed_slice() };
    }
}

/// A JSON pointer (RFC 6901) into a resource, always in ARM's nested shape
/// (`/properties/securityRules/0`), however the source writes the resource.
pub type Pointer = Box<str>;

/// A place inside a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The resource.
    pub origin: Origin,
    /// The value inside it.
    pub pointer: Pointer,
}

/// Finds the value that `pointer` names in the text of a resource: its byte span.
///
/// The text may be nested or flattened and write its keys in any case. Where a part of the pointer
/// does not exist, the deepest value that does is given.
pub fn locate(text: &[u8], pointer: &str) -> (usize, usize) {
    walk(text, pointer).0
}

/// The same, but `None` where the pointer names nothing.
pub fn find(text: &[u8], pointer: &str) -> Option<(usize, usize)> {
    let (span, whole) = walk(text, pointer);
    whole.then_some(span)
}

/// The deepest value on the way of a pointer, and whether that is its end.
fn walk(text: &[u8], pointer: &str) -> ((usize, usize), bool) {
    let mut at = skip_space(text, 0);
    let mut whole = true;
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        let child = match text.get(at) {
            Some(b'{') => member(text, at, &segment),
            Some(b'[') => segment.parse().ok().and_then(|index| element(text, at, index)),
            _ => None,
        };
        match child {
            Some(child) => at = child,
            // A flattened resource has no `properties` level.
            None if segment == "properties" => {}
            None => {
                whole = false;
                break;
            }
        }
    }
    ((at, skip_value(text, at).unwrap_or(text.len())), whole)
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// The start of the value of a member of the object at `at`.
fn member(text: &[u8], at: usize, name: &str) -> Option<usize> {
    let mut at = skip_space(text, at + 1);
    while text.get(at) == Some(&b'"') {
        let end = skip_value(text, at)?;
        let key = text.get(at + 1..end.checked_sub(1)?)?;
        let colon = skip_space(text, end);
        if text.get(colon) != Some(&b':') {
            return None;
        }
        let value = skip_space(text, colon + 1);
        if key.eq_ignore_ascii_case(name.as_bytes()) {
            return Some(value);
        }
        at = skip_space(text, skip_value(text, value)?);
        if text.get(at) != Some(&b',') {
            return None;
        }
        at = skip_space(text, at + 1);
    }
    None
}

/// The start of an element of the array at `at`.
fn element(text: &[u8], at: usize, index: usize) -> Option<usize> {
    let mut at = skip_space(text, at + 1);
    for _ in 0..index {
        at = skip_space(text, skip_value(text, at)?);
        if text.get(at) != Some(&b',') {
            return None;
        }
        at = skip_space(text, at + 1);
    }
    (text.get(at) != Some(&b']')).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_find_values_in_either_shape() {
        let nested = r#" {"id":"x", "properties": {"securityRules":[{"name":"a"},{"name":"b","properties":{"Access":"Allow"}}]}}"#;
        let flat = r#"{"id":"x","securityRules":[{"name":"a"},{"name":"b","access":"Allow"}]}"#;
        let check = |text: &str, pointer: &str, expected: &str| {
            let (start, end) = locate(text.as_bytes(), pointer);
            assert_eq!(&text[start..end], expected, "{pointer}");
        };
        for text in [nested, flat] {
            check(text, "/properties/securityRules/1/properties/access", r#""Allow""#);
            check(text, "/properties/securityRules/0", r#"{"name":"a"}"#);
            check(text, "/properties/securityRules/0/properties/missing", r#"{"name":"a"}"#);
            check(text, "", text.trim());
        }
        assert_eq!(locate(b"", "/a"), (0, 0));
        assert_eq!(locate(b"{\"a\":", "/a/b"), (5, 5));
    }
}
