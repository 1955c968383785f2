//! What could not be read, and where it stands. Rendered for people by the `report` crate.

use crate::expected::Expected;
use crate::origin::{Place, SourceIndex};

/// Something in the input that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it stands.
    pub at: At,
    /// What it is.
    pub kind: ProblemKind,
}

impl Problem {
    /// Puts the place of a problem into a larger record: `start` of its pointer becomes `prefix`.
    pub(crate) fn move_into(&mut self, prefix: &str, start: &str) {
        if let At::Place(place) = &mut self.at {
            let rest = place.pointer.strip_prefix(start).unwrap_or(&place.pointer);
            place.pointer = format!("{prefix}{rest}").into();
        }
    }
}

/// Where a problem stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// A byte of a source.
    Offset {
        /// Which source.
        source: SourceIndex,
        /// Counted from its first byte (after decompression).
        offset: u64,
    },
    /// A value inside a resource.
    Place(Place),
}

impl At {
    /// Which source it is in.
    pub fn source(&self) -> SourceIndex {
        match self {
            Self::Offset { source, .. } => *source,
            Self::Place(place) => place.origin.source,
        }
    }
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The source cannot be read.
    Unreadable {
        /// What the system says.
        detail: Box<str>,
    },
    /// Further problems are not listed.
    More {
        /// How many.
        count: u64,
    },
    /// The source holds no JSON at all.
    Empty,
    /// The text is not JSON.
    Syntax {
        /// What the reader says.
        detail: Box<str>,
    },
    /// The text ends in the middle of a value.
    Truncated,
    /// The text is not UTF-8.
    NotUtf8,
    /// Values are nested too deep.
    TooDeep {
        /// The deepest level that is read.
        limit: usize,
    },
    /// One value is too large.
    TooLarge {
        /// The largest value that is read, in bytes.
        limit: usize,
    },
    /// A JSON value that is no Azure resource.
    NotAResource,
    /// An ARM template, a Terraform plan or the like among records, where it cannot be expanded.
    OtherFormat {
        /// What it looks like.
        format: &'static str,
    },
    /// A template or plan is at fault.
    Template {
        /// What is wrong, in the language of whoever asked.
        detail: Box<str>,
    },
    /// The source says that further pages follow which it does not hold.
    MorePages,
    /// A field has a value of another JSON type.
    WrongType {
        /// The name of the field.
        field: Box<str>,
        /// What it should be.
        expected: Expected,
        /// What it is.
        found: Expected,
    },
    /// A field has a value that Azure would not accept.
    BadValue {
        /// The name of the field.
        field: Box<str>,
        /// The value.
        value: Box<str>,
        /// What it should be.
        expected: Expected,
    },
    /// A field that must be there is not.
    MissingField {
        /// The name of the field.
        field: Box<str>,
    },
    /// An object names one field twice.
    DuplicateField {
        /// The name of the field.
        field: Box<str>,
    },
    /// Two fields that say one thing in two forms disagree.
    Contradiction {
        /// The name of the field.
        field: Box<str>,
        /// The name of its other form.
        other: Box<str>,
    },
    /// An application security group has members in several virtual networks, which Azure refuses.
    AcrossNetworks {
        /// The id of the group.
        id: Box<str>,
    },
    /// The snapshot says that something could not be collected.
    NotCollected {
        /// What: `locks`.
        what: Box<str>,
        /// Where: a subscription, or the directory.
        scope: Box<str>,
        /// The right that it needs, if that is why.
        action: Option<Box<str>>,
        /// A role that has the right, or why else.
        detail: Box<str>,
    },
    /// Two records of one resource disagree.
    Conflict {
        /// The name of the field.
        field: Box<str>,
        /// The id of the resource.
        id: Box<str>,
        /// Where the other record stands.
        other: Box<At>,
    },
}
