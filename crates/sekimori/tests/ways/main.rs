//! Every way in, and what stands on it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod admin;
mod bad_input;
mod balancers;
mod firewalls;
mod flows;
mod machines;
mod proxies;
mod world;
