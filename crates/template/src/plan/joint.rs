//! What an attribute that names another resource leads to.

use crate::value::Value;

/// What an attribute with an id leads to.
pub(super) enum Joint {
    /// A resource, and its number where the plan holds it.
    To(Value, Option<usize>),
    /// It is not known which.
    Open(Value, Among),
}

/// Which resources may be meant.
pub(super) enum Among {
    /// These.
    These(Vec<usize>),
    /// One that the plan does not hold.
    Elsewhere,
    /// Any of its kind.
    Any,
}

impl Joint {
    /// `{"id": …}`, or the unknown itself.
    pub(super) fn reference(self) -> Value {
        match self {
            Self::To(id, _) => {
                let at = id.at;
                Value::of_object(vec![("id", id)], at)
            }
            Self::Open(value, _) => value,
        }
    }

    /// The number of the resource, where it is one of the plan.
    pub(super) fn number(&self) -> Option<usize> {
        match self {
            Self::To(_, number) => *number,
            Self::Open(..) => None,
        }
    }

    /// The id, or the unknown itself.
    pub(super) fn id(self) -> Value {
        match self {
            Self::To(id, _) => id,
            Self::Open(value, _) => value,
        }
    }
}
