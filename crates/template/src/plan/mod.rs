//! Stub.
#![allow(missing_docs)]
use crate::fault::{Fault, FaultKind};
use crate::value::{Span, Value};
pub struct Note { pub kind: Box<str>, pub count: usize, pub at: Span }
pub struct Planned { pub body: Value, pub address: Box<str> }
pub struct Plan { pub resources: Vec<Planned>, pub notes: Vec<Note>, pub faults: Vec<Fault> }
pub fn read(text: &Value) -> Result<Plan, Fault> { Err(Fault::new(FaultKind::Not("a plan"), text.at)) }
pub fn is_plan(outline: &[(String, Option<String>)]) -> bool { outline.iter().any(|(n, _)| n == "format_version") }
