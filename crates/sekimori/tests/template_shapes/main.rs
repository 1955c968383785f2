//! The shapes of ARM templates that tools without an evaluator get wrong: the verdict, and the line that it names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod against;
mod faults;
mod places;
mod previews;
mod rules;
mod scopes;
mod secrets;
mod unsure;
mod values;
mod world;
