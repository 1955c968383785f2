//! What each check costs in an estate.
//!
//! `cargo run --release -p posture --example checks -- ESTATE.ndjson` prints seconds: reading, what all checks share, and
//! what each adds to that, by code.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement: it looks at the clock, prints, and ends where something is wrong"
)]

mod reading;

use std::time::Instant;

use estate::Moment;
use posture::{CHECKS, Check, Lang, Settings, run};
use reach::tags::Tags;

/// Runs of each check; the quickest counts.
const RUNS: usize = 3;

fn main() {
    let start = Instant::now();
    let estate = reading::estate();
    let read = start.elapsed().as_secs_f64();
    let tags = Tags::built_in();
    let settings = Settings { now: Moment::parse("2026-11-26T09:00:00Z"), ..Settings::default() };
    let cost = |checks: &[&'static Check]| {
        let one = || {
            let start = Instant::now();
            drop(run(&estate, &tags, checks, &settings, Lang::En, false));
            start.elapsed().as_secs_f64()
        };
        (0..RUNS).map(|_| one()).fold(f64::MAX, f64::min)
    };
    let shared = cost(&[]);
    let each: Vec<String> = CHECKS
        .iter()
        .map(|check| format!("\"{}\":{:.6}", check.code, (cost(&[check]) - shared).max(0.0)))
        .collect();
    let all = cost(CHECKS);
    println!(
        "{{\"read\":{read:.6},\"shared\":{shared:.6},\"all\":{all:.6},\"each\":{{{}}}}}",
        each.join(",")
    );
}
