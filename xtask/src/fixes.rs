//! How fast fixes are proved in a large estate, and made in the stand-in for Azure against what its bucket of writes alone takes.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::bench::measure;
use crate::collecting::sim;
use crate::generate::{EXPOSED_EVERY, generate};
use crate::shell::{cargo, root, run};

/// Writes at once, and how many more a second
/// (<https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>).
const BUCKET: (u32, f64) = (200, 10.0);

/// A made-up estate has one open machine, behind a group of its own, of so many.
const OPEN_EVERY: u32 = 10;

/// What the example `prove` prints: seconds, the proofs from the fastest to the slowest.
#[derive(serde::Deserialize)]
struct Proved {
    plan: f64,
    fixes: usize,
    proofs: Vec<f64>,
}

/// Two tables.
pub(crate) fn of_fixes() -> Result<String> {
    let cargo = cargo();
    run(&cargo, &["build", "--release", "--locked", "-p", "sekimori", "-p", "azure-sim"])?;
    run(&cargo, &["build", "--release", "--locked", "-p", "fix", "--example", "prove"])?;
    let bin = root().join("target/release");
    let file = root().join("target/fixes.ndjson");
    let name = file.display().to_string();
    generate(100_000, EXPOSED_EVERY, None, &file)?;
    let output = Command::new(bin.join("examples/prove")).arg(&name).output()?;
    let said: Proved =
        serde_json::from_slice(&output.stdout).context("the example `prove` said no figures")?;
    let at = |share: f64| {
        let last = said.proofs.len().saturating_sub(1) as f64;
        said.proofs.get((last * share).round() as usize).copied().unwrap_or_default() * 1e3
    };
    let mut table = format!(
        "\nFixes of 100,000 VMs, loaded and judged: {} fixes planned in {:.0} ms; the proof of one of them: {:.1} ms (median of {}), \
         {:.1} ms (95 %), {:.1} ms (slowest).\n\n\
         Making fixes in the stand-in for Azure, from reading the file to the last write seen; *bucket*: {} writes at once and {} more a \
         second.\n\n| fixes | wall | bucket alone | × |\n|---|---|---|---|\n",
        said.fixes,
        said.plan * 1e3,
        at(0.5),
        said.proofs.len(),
        at(0.95),
        at(1.0),
        BUCKET.0,
        BUCKET.1
    );
    let authority = root().join("target/authority.pem").display().to_string();
    for fixes in [200_u32, 400, 600] {
        generate(fixes * OPEN_EVERY, OPEN_EVERY, None, &file)?;
        let sim = sim(&bin, &name, &authority)?;
        let undo = root().join("target/undo.ndjson");
        let _ = std::fs::remove_file(&undo);
        let undo = undo.display().to_string();
        let what = ["fix", &name, "--no-config", "--select", "NET001", "--close", "--format", "json"];
        let how = ["--apply", "--yes", "--lock-me-out", "--undo-file", &undo];
        let live = ["--cloud", &sim.base, "--authority", &authority];
        let cost = measure(&bin.join("sekimori"), &[&what[..], &how, &live].concat())?;
        let done = std::fs::read_to_string(&undo)?.matches("\"state\":\"done\"").count();
        ensure!(done == fixes as usize, "{done} of {fixes} fixes were made");
        let (wall, bucket) = (cost.wall.as_secs_f64(), f64::from(fixes - BUCKET.0) / BUCKET.1);
        let ratio = if bucket > 0.0 { format!("{:.2}", wall / bucket) } else { "–".to_owned() };
        writeln!(table, "| {fixes} | {wall:.1} s | {bucket:.0} s | {ratio} |")?;
    }
    std::fs::remove_file(&file)?;
    Ok(table)
}
