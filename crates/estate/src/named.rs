//! Lists of addresses as rules of every kind write them: prefixes, service tags, `*`.

use std::fmt::Arguments;

use crate::address::{AddressSpec, ServiceTag, Term, parse_term};
use crate::expected::Expected;
use crate::known::Reason;
use crate::problem::ProblemKind;
use crate::ranges::Range;
use crate::wire::{Reader, SHOWN};

/// Addresses as a list of words names them, taken up one by one.
#[derive(Default)]
pub(crate) struct Named {
    any: bool,
    pub(crate) v4: Vec<Range<u32>>,
    v6: Vec<Range<u128>>,
    tags: Vec<ServiceTag>,
    pub(crate) unreadable: Option<Box<Reason>>,
}

impl Named {
    pub(crate) fn take(
        &mut self,
        reader: &mut Reader<'_>,
        name: &'static str,
        pointer: Arguments<'_>,
        text: &str,
    ) {
        match parse_term(text) {
            Some(Term::Any) => self.any = true,
            Some(Term::V4(range)) => self.v4.push(range),
            Some(Term::V6(range)) => self.v6.push(range),
            Some(Term::Tag(tag)) => self.tags.push(tag),
            None => {
                let shown: String = text.chars().take(SHOWN).collect();
                let expected = Expected::AddressOrTag;
                reader.problem(
                    pointer.to_string(),
                    ProblemKind::BadValue { field: name.into(), value: shown.into(), expected },
                );
                self.unreadable = Some(Box::new(Reason::Unreadable { field: name.into() }));
            }
        }
    }

    pub(crate) fn spec(mut self) -> AddressSpec {
        self.tags.sort_unstable();
        self.tags.dedup();
        AddressSpec {
            any: self.any,
            v4: self.v4.into_iter().collect(),
            v6: self.v6.into_iter().collect(),
            tags: self.tags,
            asgs: Vec::new(),
            unreadable: self.unreadable,
        }
    }
}
