//! Members that may hold anything: what is not in the shape that we look for is not there, and takes no memory.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::fault::Fault;

/// A text, a number as text, or nothing.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Scalar).map(|scalar| match scalar {
        Held::Text(text) => Some(text),
        Held::Number(number) => Some(number.to_string()),
        Held::Other => None,
    })
}

/// A whole number, or nothing.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    deserializer.deserialize_any(Scalar).map(|scalar| match scalar {
        Held::Number(number) => Some(number),
        _ => None,
    })
}

enum Held {
    Text(String),
    Number(u64),
    Other,
}

struct Scalar;

impl<'de> Visitor<'de> for Scalar {
    type Value = Held;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Held, E> {
        Ok(Held::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Held, E> {
        Ok(Held::Text(text))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Held, E> {
        Ok(Held::Number(number))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Held, E> {
        Ok(Held::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Held, E> {
        Ok(Held::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Held, E> {
        Ok(Held::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Held, E> {
        Ok(Held::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Held, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Held::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Held, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Held::Other)
    }
}

/// A list of no more elements than anybody needs: three bytes of a file may become hundreds in memory.
pub(crate) struct List<T, const MOST: usize>(pub(crate) Vec<T>);

impl<T, const MOST: usize> List<T, MOST> {
    /// What an optional list holds.
    pub(crate) fn all(list: Option<&Self>) -> &[T] {
        list.map(|list| list.0.as_slice()).unwrap_or_default()
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T, const MOST: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Elements<T, MOST> {
            type Value = List<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    if all.len() == MOST {
                        return Err(A::Error::custom(format_args!("{TOO_LONG} {MOST} elements")));
                    }
                    all.push(one);
                }
                Ok(List(all))
            }
        }

        deserializer.deserialize_seq(Elements(PhantomData))
    }
}

/// What begins the message of a list that is too long.
const TOO_LONG: &str = "a list of more than";

/// A value, none where it has another shape; a list that is too long is a fault all the same.
pub(crate) fn shaped<T: DeserializeOwned, E: Error>(raw: &str) -> Result<Option<T>, E> {
    match serde_json::from_str(raw) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.to_string().starts_with(TOO_LONG) => Err(E::custom(error)),
        Err(_) => Ok(None),
    }
}

/// What the parser says, without the place that it adds.
pub(crate) fn fault(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    Fault::Json { line: error.line(), column: error.column(), message: message.to_owned() }
}
