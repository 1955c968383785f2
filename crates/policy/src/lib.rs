//! Azure Policy definitions, judged without Azure.
//!
//! `alias` knows where fields stand, `definition` and `library` read what Azure or a team wrote, `condition` takes conditions
//! apart into leaves, `record` brings resources into the shape that Azure judges, `related` finds what stands beside them, and
//! `judge` puts these together. The library `regorus` works leaves out; what is unknown it never sees.
//!
//! INVARIANT: nothing here reads a clock, a file or the network, and what the input does not tell is unknown, never met.

mod alias;
mod builtin;
mod check;
mod condition;
mod definition;
mod expression;
mod fault;
mod judge;
mod library;
mod needs;
mod own;
mod record;
mod related;

pub use builtin::{BadPack, NAME as BUILTIN, Pack};
pub use check::counterpart;
pub use definition::Effect;
pub use fault::{Fault, FaultKind};
pub use judge::{Judgement, Row, Standing, judge};
pub use library::{Document, Library};
pub use own::{Evaluated, Limits, OwnOutcome, Taken, Trial, evaluate, take, test};
pub use record::{Read, resources};
