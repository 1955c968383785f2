//! Results of other tools: read from what they write, and put beside ours.
//!
//! INVARIANT: any bytes give results or a [`Fault`] with its place. What a tool leaves open is no pass, and what nobody can match
//! with a resource of the estate is told, not dropped.

mod compare;
mod csv;
mod defender;
mod fault;
mod json;
mod ocsf;
mod own;
mod prowler;
mod read;
mod row;
mod rules;
mod sarif;

pub use compare::{Comparison, Kind, NoCheck, Ours, Pair, Unmatched, Why, compare};
pub use fault::Fault;
pub use own::{Open, Own, OwnStatus, Protocol};
pub use read::{LIMIT, read};
pub use row::{Form, Report, Row, Subject, Verdict};
pub use rules::{Asked, Likeness, RULES, Rule, Scope, rule};
