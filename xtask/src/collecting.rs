//! How fast a large tenant is read from the stand-in for Azure, against what the quota alone takes.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::{measure, megabytes};
use crate::generate::{EXPOSED_EVERY, generate};
use crate::shell::{cargo, root, run};

/// Of Resource Graph: so many questions in a window, and how long it is
/// (<https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests>).
const QUOTA: (u32, Duration) = (15, Duration::from_secs(5));

/// Questions that have nothing to find in a made-up estate, and the one that counts.
const OTHERS: u32 = 12;

/// The stand-in, until it is dropped.
pub(crate) struct Sim {
    child: Child,
    pub(crate) base: String,
}

impl Drop for Sim {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the stand-in with an estate.
pub(crate) fn sim(bin: &Path, estate: &str, authority: &str) -> Result<Sim> {
    let mut child = Command::new(bin.join("azure-sim"))
        .args([estate, "--authority", authority])
        .stdout(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().context("its output")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    let base = line.strip_prefix("listening at ").and_then(|rest| rest.split(';').next());
    let base = base.with_context(|| format!("azure-sim says `{line}`"))?.to_owned();
    Ok(Sim { child, base })
}

/// A table: tenants of 5,000 and 20,000 VMs, read whole, and again with what has changed.
pub(crate) fn collecting() -> Result<String> {
    run(&cargo(), &["build", "--release", "--locked", "-p", "sekimori", "-p", "azure-sim"])?;
    let bin = root().join("target/release");
    let place = |name: &str| root().join("target").join(name).display().to_string();
    let (authority, old, new) = (place("authority.pem"), place("old.ndjson.zst"), place("new.ndjson.zst"));
    let mut table = "\nCollecting from the stand-in for Azure under the documented quota; one run each. *Quota alone*: that many questions, \
                     answered at once.\n\n\
                     | work | questions | wall | × quota alone | peak memory |\n|---|---|---|---|---|\n"
        .to_owned();
    for vms in [5_000, 20_000] {
        let file = root().join(format!("target/tenant-{vms}.ndjson"));
        generate(vms, EXPOSED_EVERY, None, &file)?;
        let lines = BufReader::new(std::fs::File::open(&file)?).split(b'\n').count();
        let sim = sim(&bin, &file.display().to_string(), &authority)?;
        let live = ["--cloud", &sim.base, "--authority", &authority, "--no-directory"];
        let whole = [&["collect", "-o", &old][..], &live].concat();
        let since = [&["collect", "-o", &new, "--since", &old][..], &live].concat();
        let pages = |rows: u32| rows.div_ceil(1000);
        let others = u32::try_from(lines)? - vms;
        // Whole: machines, networks, the others. Since: changes, what runs, four counts, the tables that are asked whole.
        let asked = [
            ("all of it", whole, pages(vms) + pages(others) + OTHERS),
            ("what has changed since: nothing", since, 1 + pages(vms) + 4 + OTHERS - 2),
        ];
        for (what, arguments, questions) in asked {
            let cost = measure(&bin.join("sekimori"), &arguments)?;
            // The first window is open at once.
            let windows = questions.div_ceil(QUOTA.0) - 1;
            let quota = (QUOTA.1 * windows).as_secs_f64();
            let wall = cost.wall.as_secs_f64();
            let ratio = if windows == 0 { "–".to_owned() } else { format!("{:.2}", wall / quota) };
            let memory = megabytes(cost.memory);
            writeln!(table, "| {vms} VMs, {what} | {questions} | {wall:.1} s | {ratio} | {memory} |")?;
        }
        std::fs::remove_file(&file)?;
    }
    Ok(table)
}
