//! What an ARM template or a Terraform plan would deploy, as ARM resources with source positions.
//!
//! INVARIANT: reads no file, clock or environment, and what it takes to work something out is bounded,
//! whatever a template says. What only Azure knows is [`value::Unknown`] with its reason.

pub mod complete;
pub mod expand;
pub mod export;
mod expression;
pub mod fault;
mod functions;
pub mod json;
pub mod plan;
pub mod value;
pub mod wire;

pub use functions::names as function_names;

pub use fault::{Fault, FaultKind, What};
pub use value::{Kind, Object, Span, Unknown, Value, Why};
