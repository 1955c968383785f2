//! What is wrong with a template or a plan, and where.

use crate::value::{Span, shortened as short};

/// Something that could not be worked out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// Where it is.
    pub at: Span,
    /// What it is.
    pub kind: FaultKind,
}

/// What is wrong. Names are those of the template; nothing here holds a value that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum FaultKind {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    Json(&'static str),
    /// It is nested too deep.
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// Something is larger than is worked out.
    #[error("{what}: more than {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The largest that is worked out.
        limit: u64,
    },
    /// An expression cannot be read.
    #[error("the expression cannot be read: {0}")]
    Expression(&'static str),
    /// No function of this name.
    #[error("no function `{0}`")]
    NoFunction(Box<str>),
    /// A function was given something that it does not take.
    #[error("`{function}` takes {takes}")]
    Arguments {
        /// The function.
        function: Box<str>,
        /// What it takes, as its documentation writes it: `substring(text, start, length)`.
        takes: &'static str,
    },
    /// A number, place or date is out of bounds.
    #[error("`{function}`: out of range")]
    Range {
        /// The function.
        function: Box<str>,
    },
    /// A parameter, variable, property, resource or type of this name is not there.
    #[error("no {what} `{name}`")]
    Missing {
        /// What: `parameter`.
        what: What,
        /// Its name.
        name: Box<str>,
    },
    /// Something is defined by itself.
    #[error("{what} `{name}` is defined by itself")]
    Cycle {
        /// What.
        what: What,
        /// Its name.
        name: Box<str>,
    },
    /// A value has another type than it should.
    #[error("{name}: {found} where {expected} is due")]
    Type {
        /// Of what.
        name: Box<str>,
        /// What it should be.
        expected: Box<str>,
        /// What it is.
        found: &'static str,
    },
    /// A parameter's value is not among those that it allows, or breaks one of its bounds.
    #[error("the value of parameter `{name}` breaks its `{rule}`")]
    NotAllowed {
        /// The parameter.
        name: Box<str>,
        /// Which rule: `allowedValues`.
        rule: &'static str,
    },
    /// Parameter files give values to what the template does not have.
    #[error("the template has no parameter `{0}`")]
    NoParameter(Box<str>),
    /// The type and the name of a resource do not have the same number of segments.
    #[error("resource `{0}`: type and name do not have matching segments")]
    Segments(Box<str>),
    /// Two resources have one id.
    #[error("resource `{0}` is there twice")]
    Twice(Box<str>),
    /// `dependsOn` goes round in a circle.
    #[error("`dependsOn` of `{0}` goes round in a circle")]
    Depends(Box<str>),
    /// The function `fail` was called.
    #[error("{0}")]
    Failed(Box<str>),
    /// What a file should be, and is not.
    #[error("not {0}")]
    Not(&'static str),
    /// A member that must be there.
    #[error("`{0}` is missing")]
    Lacks(&'static str),
    /// A plan or state was written in a form that is not known.
    #[error("format version {0} is not known")]
    Version(Box<str>),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A parameter.
    Parameter,
    /// A variable.
    Variable,
    /// A member of an object.
    Property,
    /// A resource.
    Resource,
    /// A user-defined type.
    Type,
    /// A loop.
    Copy,
    /// A variable of a lambda.
    LambdaVariable,
    /// An output.
    Output,
}

impl std::fmt::Display for What {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(match self {
            Self::Parameter => "parameter",
            Self::Variable => "variable",
            Self::Property => "property",
            Self::Resource => "resource",
            Self::Type => "type",
            Self::Copy => "copy loop",
            Self::LambdaVariable => "lambda variable",
            Self::Output => "output",
        })
    }
}

impl Fault {
    /// A fault at a place. Long names are told without their ends.
    pub fn new(kind: FaultKind, at: Span) -> Self {
        Self { at, kind: shortened(kind) }
    }
}

fn shortened(kind: FaultKind) -> FaultKind {
    match kind {
        FaultKind::NoFunction(name) => FaultKind::NoFunction(short(name)),
        FaultKind::Arguments { function, takes } => FaultKind::Arguments { function: short(function), takes },
        FaultKind::Range { function } => FaultKind::Range { function: short(function) },
        FaultKind::Missing { what, name } => FaultKind::Missing { what, name: short(name) },
        FaultKind::Cycle { what, name } => FaultKind::Cycle { what, name: short(name) },
        FaultKind::Type { name, expected, found } => {
            FaultKind::Type { name: short(name), expected: short(expected), found }
        }
        FaultKind::NotAllowed { name, rule } => FaultKind::NotAllowed { name: short(name), rule },
        FaultKind::NoParameter(name) => FaultKind::NoParameter(short(name)),
        FaultKind::Segments(name) => FaultKind::Segments(short(name)),
        FaultKind::Twice(name) => FaultKind::Twice(short(name)),
        FaultKind::Depends(name) => FaultKind::Depends(short(name)),
        FaultKind::Failed(name) => FaultKind::Failed(short(name)),
        FaultKind::Version(name) => FaultKind::Version(short(name)),
        FaultKind::Json(_)
        | FaultKind::TooDeep(_)
        | FaultKind::TooLarge { .. }
        | FaultKind::Expression(_)
        | FaultKind::Not(_)
        | FaultKind::Lacks(_) => kind,
    }
}
