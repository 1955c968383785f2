//! What is wrong with an estate, why, and how to fix it.
//!
//! One file a check, in `checks`; the list of them is [`CHECKS`]. A check answers `fail`, `pass`
//! or `unknown` for each resource in its scope.
//!
//! INVARIANT: a check never infers safety from absence. What it cannot see is unknown, with what
//! would settle it.

mod baseline;
mod check;
mod checks;
mod compliance;
mod engine;
mod exposure;
mod foreign;
mod lang;
mod lease_rule;
mod live;
mod place;
mod reason;
mod remedy;
mod score;
mod settings;
mod suppress;
mod verdict;
mod view;

pub use baseline::{Baseline, Before, Comparison, Gone, compare};
pub use check::{Check, Checkpoint, Reference, Run, Severity, Subject};
pub use checks::{CHECKS, WayOut, never_text, way_out_without_address};
pub use compliance::{Catalogue, Control, Met, compliance, controls_of};
pub use engine::{CheckTally, Given, Outcome, Tally, Unknown, run, run_with};
pub use exposure::{DecidedBy, PortEvidence, Sources, grouped, replies_text};
pub use foreign::foreign;
pub use lang::{Lang, Text};
pub use live::{Changed, Live, Said};
pub use reason::{feed_command, feed_word, reason_text, settled_by};
pub use score::{Gain, Points, Score, Step};
pub use settings::{Approved, Settings};
pub use suppress::{Day, Pattern, Stale, Suppressed, Suppression, TagPattern, suppress};
pub use verdict::{Fault, Judged, Verdict};
pub use view::{Cause, Finding, Status};
