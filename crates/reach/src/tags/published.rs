//! Reads a list of service tags as Microsoft publishes it, and as `az network list-service-tags` prints it.

use estate::{Prefix, Range, parse_prefix};
use serde::Deserialize;

use super::Tags;
use crate::addresses::Addresses;

/// Why a list cannot be used.
#[derive(Debug)]
pub enum BadList {
    /// It is not JSON of that shape.
    NotJson(serde_json::Error),
    /// It holds no tag.
    Empty,
    /// A tag has something that is no prefix.
    NoPrefix {
        /// The tag.
        tag: String,
        /// The text.
        text: String,
    },
    /// It is larger than any such list.
    TooLarge,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    change_number: Number,
    cloud: String,
    values: Vec<Value>,
}

/// Files have a number, the API has a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u64),
    Text(String),
}

#[derive(Deserialize)]
struct Value {
    name: String,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    address_prefixes: Vec<String>,
}

/// Reads a list. `date` is when it was published, which the list itself does not tell.
///
/// # Errors
///
/// Where it is no such list: then nothing of it is used.
pub fn read_published(text: &[u8], date: &str) -> Result<Tags, BadList> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let list: List = serde_json::from_slice(text).map_err(BadList::NotJson)?;
    if list.values.is_empty() {
        return Err(BadList::Empty);
    }
    let change = match list.change_number {
        Number::Number(number) => number,
        Number::Text(text) => text.parse().unwrap_or(0),
    };
    let mut tags = Vec::with_capacity(list.values.len());
    for Value { name, properties } in list.values {
        let (mut v4, mut v6): (Vec<Range<u128>>, Vec<Range<u128>>) = (Vec::new(), Vec::new());
        for text in properties.address_prefixes {
            match parse_prefix(&text) {
                Some(Prefix::V4(range)) => {
                    v4.push(Range { first: range.first.into(), last: range.last.into() })
                }
                Some(Prefix::V6(range)) => v6.push(range),
                None => return Err(BadList::NoPrefix { tag: name, text }),
            }
        }
        let both: [Addresses; 2] = [v4.into_iter().collect(), v6.into_iter().collect()];
        tags.push((name, both));
    }
    Tags::new(change, &list.cloud, date, tags).map_err(|_| BadList::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_are_read_and_others_are_not() {
        let list = |number: &str, prefix: &str| {
            format!(
                r#"{{"changeNumber":{number},"cloud":"Public","values":[{{"name":"Storage.X","id":"s","properties":{{"region":"x","addressPrefixes":["{prefix}","2603::/40"]}}}}]}}"#
            )
        };
        for number in ["9", "\"9\""] {
            let tags = read_published(list(number, "1.2.3.0/24").as_bytes(), "2026-01-02").unwrap();
            assert_eq!((tags.change, tags.date.as_str()), (9, "2026-01-02"));
            assert_eq!(tags.of("storage.x").unwrap()[0].count(), 256);
        }
        assert!(matches!(read_published(list("9", "x").as_bytes(), ""), Err(BadList::NoPrefix { .. })));
        assert!(matches!(
            read_published(br#"{"changeNumber":1,"cloud":"","values":[]}"#, ""),
            Err(BadList::Empty)
        ));
        for text in ["", "{}", "[]", r#"{"changeNumber":1,"cloud":"","values":[{"name":"a"}]}"#] {
            assert!(matches!(read_published(text.as_bytes(), ""), Err(BadList::NotJson(_))), "{text}");
        }
    }
}
