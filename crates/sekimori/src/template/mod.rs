//! Templates and plans as sources: what they would deploy, one resource a line, and where each value stands.

mod bicep;
mod deploy;
mod expand;
mod kind;
mod made;
mod preview;
mod words;

pub(crate) use deploy::Deploy;
pub(crate) use expand::{Expansion, expand_sources};
pub(crate) use made::{DEPLOYMENT, Made, Stands};
pub(crate) use words::why;
