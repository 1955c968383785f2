//! What the proof of one fix costs in a large estate that is loaded and judged.
//!
//! `cargo run --release -p fix --example prove -- ESTATE.ndjson` prints seconds: making the plan, and each of some hundred
//! proofs, the slowest last; and how many machines the largest of them looks at.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement: it looks at the clock, prints, and ends where something is wrong"
)]

use std::collections::HashMap;
use std::time::Instant;

use estate::{Family, of_text};
use fix::proof::prove;
use fix::{Options, Planner, plan};
use posture::{CHECKS, Finding, Lang, Live, Settings, Status};
use reach::tags::Tags;
use reach::{Reach, internet};
use serde_json::Value;

/// How many fixes are proved.
const FIXES: usize = 200;

fn main() {
    let path = std::env::args().nth(1).expect("the path of an estate, one resource a line");
    let text = std::fs::read(path).expect("the estate can be read");
    let estate = of_text(&text);
    let mut places: HashMap<_, _> = HashMap::new();
    for record in estate.records() {
        places.insert(record.id, record.origin);
    }
    let record = |id| {
        let origin = places.get(&id)?;
        let from = usize::try_from(origin.offset).ok()?;
        serde_json::from_slice::<Value>(&text[from..from + origin.len as usize]).ok()
    };
    let settings = Settings::default();
    let tags = Tags::built_in();
    let outcome = posture::run(&estate, &tags, CHECKS, &settings, Lang::En, false);
    let of_rules = |finding: &&Finding| {
        finding.status == Status::Fail && matches!(finding.check.code, "NET001" | "NET005")
    };
    let findings: Vec<&Finding> = outcome.findings.iter().filter(of_rules).collect();
    let reach = Reach::new(&estate);
    let options = Options { close: true, ..Options::default() };
    let start = Instant::now();
    let planner = Planner {
        estate: &estate,
        reach: &reach,
        settings: &settings,
        options: &options,
        lang: Lang::En,
        record: &record,
    };
    let plan = plan(&planner, &findings);
    let planned = start.elapsed().as_secs_f64();
    drop(reach);
    let sources = [Family::V4, Family::V6].map(|family| internet(family).clone());
    let mut live = Live::new(estate, &tags, CHECKS, settings, Lang::En, sources.clone());
    let mut costs: Vec<f64> = Vec::new();
    let (mut machines, mut proved) = (0, 0);
    let step = (plan.fixes.len() / FIXES).max(1);
    for fix in plan.fixes.iter().step_by(step).take(FIXES) {
        let start = Instant::now();
        let proof = prove(&mut live, fix, &[], &sources);
        costs.push(start.elapsed().as_secs_f64());
        machines = machines.max(proof.machines.len());
        proved += usize::from(proof.refused.is_empty());
    }
    costs.sort_by(f64::total_cmp);
    let costs: Vec<String> = costs.iter().map(|cost| format!("{cost:.6}")).collect();
    println!(
        "{{\"plan\":{planned:.6},\"fixes\":{},\"proved\":{proved},\"machines\":{machines},\"proofs\":[{}]}}",
        plan.fixes.len(),
        costs.join(",")
    );
}
