//! A team's own checks, in Rego.
//!
//! A check is a file with a rule `metadata` and rules that say of which resources it is met (`pass`), of which not (`fail`), and
//! of which nobody can tell (`unknown`). It is worked out by `regorus` without a clock, chance or network: the features of the
//! library that bring these are off, and `rand.intn`, which has none, is refused. Time is bounded here; memory by whoever calls,
//! in a process of its own.

mod metadata;
mod run;
mod take;

pub use run::{Evaluated, Limits, Outcome as OwnOutcome, Trial, evaluate, test};
pub use take::{Taken, take};
