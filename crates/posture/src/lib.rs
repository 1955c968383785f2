//! What is wrong with an estate, why, and how to fix it.
//!
//! One file a check, in `checks`; the list of them is [`CHECKS`]. A check answers `fail`, `pass`
//! or `unknown` for each resource in its scope.
//!
//! INVARIANT: a check never infers safety from absence. What it cannot see is unknown, with what
//! would settle it.

mod check;
mod checks;
mod engine;
mod exposure;
mod lang;
mod place;
mod reason;
mod settings;
mod view;

pub use check::{Check, Checkpoint, Reference, Run, Severity};
pub use checks::CHECKS;
pub use engine::{Outcome, Tally, Unknown, run};
pub use exposure::{DecidedBy, PortEvidence, Sources, grouped};
pub use lang::{Lang, Text};
pub use reason::{reason_text, settled_by};
pub use settings::Settings;
pub use view::{Cause, Finding, Status};
