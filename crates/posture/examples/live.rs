//! What one changed rule costs in an estate that stays, against judging the estate anew.
//!
//! `cargo run --release -p posture --example live -- ESTATE.ndjson` prints seconds: the whole, and each of some hundred
//! changes, the slowest last.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement: it looks at the clock, prints, and ends where something is wrong"
)]

mod reading;

use std::time::Instant;

use estate::{Access, Change, Family, Known};
use posture::{CHECKS, Lang, Live, Settings};
use reach::internet;
use reach::tags::Tags;

/// How many groups are changed.
const GROUPS: usize = 200;

fn main() {
    let estate = reading::estate();

    // In each of the groups the first rule does the opposite of what it did.
    let step = (estate.nsgs.len() / GROUPS).max(1);
    let groups = estate.nsgs.iter().step_by(step).take(GROUPS);
    let changes: Vec<Change> = groups
        .filter_map(|nsg| {
            let mut rule = nsg.rules.as_ref()?.value()?.first()?.clone();
            rule.access = Known::Value(match rule.access {
                Known::Value(Access::Allow) => Access::Deny,
                _ => Access::Allow,
            });
            Some(Change::PutRule { nsg: nsg.id, rule: Box::new(rule) })
        })
        .collect();

    let sources = [Family::V4, Family::V6].map(|family| internet(family).clone());
    let start = Instant::now();
    let mut live = Live::new(estate, &Tags::built_in(), CHECKS, Settings::default(), Lang::En, sources);
    let whole = start.elapsed().as_secs_f64();
    let mut costs: Vec<f64> = Vec::new();
    let mut machines = 0;
    for change in &changes {
        let start = Instant::now();
        let changed = live.apply(change).expect("the rule can be put");
        costs.push(start.elapsed().as_secs_f64());
        machines += changed.looked_at;
    }
    costs.sort_by(f64::total_cmp);
    let costs: Vec<String> = costs.iter().map(|cost| format!("{cost:.6}")).collect();
    println!("{{\"whole\":{whole:.6},\"machines\":{machines},\"changes\":[{}]}}", costs.join(","));
}
