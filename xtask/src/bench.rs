//! Speed and memory of a check, side by side with the fastest reader of the same bytes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::collecting::collecting;
use crate::generate::{EXPOSED_EVERY, Groups, Made, generate, generate_whole, one_group};
use crate::people::people;
use crate::shapes::{Shape, shaped};
use crate::shell::{cargo, root, run, say, show};
use crate::templates::{Peer, templates};

/// Where the part of docs/performance.md begins that no run writes.
const BY_HAND: &str = "\n## Measured by hand";

/// What a run took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// Peak resident memory in bytes, where the system tells it.
    pub(crate) memory: Option<u64>,
}

/// Measures and tells; writes the table if asked.
pub(crate) fn bench(vms: u32, runs: usize, write: bool, peer: Option<Peer>) -> Result<()> {
    run(&cargo(), &["build", "--release", "--locked", "-p", "sekimori", "-p", "xtask"])?;
    let bin = root().join("target/release");
    let file = root().join(format!("target/estate-{vms}.ndjson"));
    say(&format!("writing {}", file.display()));
    let made = generate(vms, EXPOSED_EVERY, None, &file)?;
    check_counts(&bin, &file, &made)?;
    let name = file.display().to_string();
    let sides: [(&str, PathBuf, Vec<&str>); 3] = [
        ("tree of every line (sonic-rs)", bin.join("xtask"), vec!["tree", &name]),
        (
            "check --select NET",
            bin.join("sekimori"),
            vec!["check", &name, "--select", "NET", "--format", "json"],
        ),
        ("check, all", bin.join("sekimori"), vec!["check", &name, "--format", "json"]),
    ];
    let mut best: Vec<Option<Cost>> = vec![None; sides.len()];
    // The sides take turns, so that a busy moment of the machine hits them alike.
    for _ in 0..runs {
        for ((_, program, arguments), best) in sides.iter().zip(&mut best) {
            let cost = measure(program, arguments)?;
            let memory = best.and_then(|best| best.memory).max(cost.memory);
            let wall = best.map_or(cost.wall, |best| best.wall.min(cost.wall));
            *best = Some(Cost { wall, memory });
        }
    }
    let best: Vec<Cost> = best.into_iter().flatten().collect();
    let table = table(vms, runs, &made, &sides.iter().map(|(name, _, _)| *name).collect::<Vec<_>>(), &best);
    let table = table
        + &whole(&bin, vms)?
        + &forms(&bin)?
        + &groups(&bin)?
        + &estate_of_groups(&bin)?
        + &people(&bin)?
        + &templates(&bin, peer)?
        + &collecting()?;
    show(&table);
    if write {
        let path = root().join("docs/performance.md");
        // What was measured by hand stands below, and stays.
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        let kept = before.find(BY_HAND).and_then(|at| before.get(at..)).unwrap_or_default();
        std::fs::write(&path, page(&table) + kept)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Who gets in alone, told and not written.
pub(crate) fn of_people() -> Result<()> {
    run(&cargo(), &["build", "--release", "--locked", "-p", "sekimori", "-p", "xtask"])?;
    show(&people(&root().join("target/release"))?);
    Ok(())
}

/// The same machines with everything that stands around them, and what each check costs there.
fn whole(bin: &Path, vms: u32) -> Result<String> {
    let file = root().join("target/whole.ndjson");
    let made = generate_whole(vms, EXPOSED_EVERY, &file)?;
    let name = file.display().to_string();
    let tree = measure(&bin.join("xtask"), &["tree", &name])?;
    let all = measure(&bin.join("sekimori"), &["check", &name, "--no-config", "--format", "json"])?;
    run(&cargo(), &["build", "--release", "--locked", "-p", "posture", "--example", "checks"])?;
    let output = Command::new(bin.join("examples/checks")).arg(&name).output()?;
    let said: Each =
        serde_json::from_slice(&output.stdout).context("the example `checks` said no figures")?;
    std::fs::remove_file(&file)?;
    let (wall, tree) = (all.wall.as_secs_f64(), tree.wall.as_secs_f64());
    let mut table = format!(
        "\n{vms} VMs with everything around them as `sekimori collect` brings it (disks, extensions, updates, backups, guest \
         configuration, Defender for Cloud), {:.0} MB; one run each: the tree {tree:.2} s, all checks {wall:.2} s = {:.2} ×, \
         {}. In one process: reading {:.2} s, what checks share {:.3} s, all checks {:.3} s. What each adds, the \
         quickest of three runs:\n\n| check | ms | | check | ms | | check | ms |\n|---|---|---|---|---|---|---|---|\n",
        made.bytes as f64 / 1e6,
        wall / tree,
        megabytes(all.memory),
        said.read,
        said.shared,
        said.all
    );
    let mut each: Vec<(String, f64)> = said.each.into_iter().collect();
    each.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let rows = each.len().div_ceil(3);
    for row in 0..rows {
        let cells = (0..3).map(|column| match each.get(row + column * rows) {
            Some((code, seconds)) => format!("{code} | {:.1}", seconds * 1e3),
            None => " | ".to_owned(),
        });
        writeln!(table, "| {} |", cells.collect::<Vec<_>>().join(" | | "))?;
    }
    Ok(table)
}

/// What the example `checks` prints, in seconds.
#[derive(serde::Deserialize)]
struct Each {
    read: f64,
    shared: f64,
    all: f64,
    each: std::collections::BTreeMap<String, f64>,
}

/// Every form of a report with a hundred thousand findings: how long the whole run takes, how large it is.
fn forms(bin: &Path) -> Result<String> {
    let (file, out) = (root().join("target/large.ndjson"), root().join("target/large-report"));
    generate(LARGE.0, LARGE.1, None, &file)?;
    let (file, out) = (file.display().to_string(), out.display().to_string());
    let mut table = format!(
        "\nReports of {} VMs, every {}th of them open (100,000 findings); one run each, against the text form.\n\n\
         | form | wall | × text | peak memory | size |\n|---|---|---|---|---|\n",
        LARGE.0, LARGE.1
    );
    let mut text = None;
    for form in ["text", "json", "html", "sarif", "csv", "junit", "markdown"] {
        let arguments = [
            "check",
            &file,
            "--no-config",
            "--fail-on",
            "never",
            "--lang",
            "en",
            "--select",
            FORMS,
            "--format",
            form,
            "-o",
            &out,
        ];
        let cost = measure(&bin.join("sekimori"), &arguments)?;
        let wall = cost.wall.as_secs_f64();
        let ratio = wall / *text.get_or_insert(wall);
        let memory = megabytes(cost.memory);
        let size = std::fs::metadata(&out)?.len() as f64 / 1e6;
        writeln!(table, "| {form} | {wall:.2} s | {ratio:.2} | {memory} | {size:.1} MB |")?;
    }
    std::fs::remove_file(&out)?;
    Ok(table)
}

/// One VM behind one group, of more and more rules: what a shape costs, and how the cost grows.
fn groups(bin: &Path) -> Result<String> {
    let file = root().join("target/group.ndjson");
    let name = file.display().to_string();
    let mut table = "\nOne VM behind one group of so many rules; whole processes, best of 3 runs, and the peak memory of the largest.\n\n\
                     | shape | 125 | 250 | 500 | 1,000 | peak memory |\n|---|---|---|---|---|---|\n"
        .to_owned();
    for shape in Shape::value_variants() {
        let title = shape.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        write!(table, "| {title} |")?;
        let mut memory = None;
        for count in [125, 250, 500, 1000] {
            one_group(&shaped(*shape, count), &file)?;
            let mut best: Option<Duration> = None;
            for _ in 0..3 {
                let cost =
                    measure(&bin.join("sekimori"), &["check", &name, "--no-config", "--format", "json"])?;
                best = Some(best.map_or(cost.wall, |best| best.min(cost.wall)));
                memory = cost.memory;
            }
            write!(table, " {:.2} s |", best.unwrap_or_default().as_secs_f64())?;
        }
        writeln!(table, " {} |", megabytes(memory))?;
    }
    std::fs::remove_file(&file)?;
    Ok(table)
}

/// Many VMs behind many large groups.
fn estate_of_groups(bin: &Path) -> Result<String> {
    let file = root().join("target/groups.ndjson");
    let made = generate(100_000, EXPOSED_EVERY, Some(Groups { count: 5000, rules: 1000 }), &file)?;
    let name = file.display().to_string();
    let tree = measure(&bin.join("xtask"), &["tree", &name])?;
    let cost = measure(&bin.join("sekimori"), &["check", &name, "--no-config", "--format", "json"])?;
    let live = changes(bin, &name)?;
    std::fs::remove_file(&file)?;
    let mut table = format!(
        "\n100,000 VMs behind 5,000 groups of up to 1,000 rules (2.5 million in all), {:.0} MB; one run each.\n\n\
         | work | wall | × tree | peak memory |\n|---|---|---|---|\n",
        made.bytes as f64 / 1e6
    );
    for (name, cost) in [("tree of every line (sonic-rs)", tree), ("check, all", cost)] {
        let (wall, ratio) = (cost.wall.as_secs_f64(), cost.wall.as_secs_f64() / tree.wall.as_secs_f64());
        writeln!(table, "| {name} | {wall:.1} s | {ratio:.2} | {} |", megabytes(cost.memory))?;
    }
    Ok(table + &live)
}

/// One changed rule in an estate that stays, against judging it anew in the same process.
fn changes(bin: &Path, estate: &str) -> Result<String> {
    run(&cargo(), &["build", "--release", "--locked", "-p", "posture", "--example", "live"])?;
    let output = Command::new(bin.join("examples/live")).arg(estate).output()?;
    let said: Changes =
        serde_json::from_slice(&output.stdout).context("the example `live` said no figures")?;
    let at = |share: f64| {
        let last = said.changes.len().saturating_sub(1) as f64;
        said.changes.get((last * share).round() as usize).copied().unwrap_or_default()
    };
    let mut table = format!(
        "\nOne changed rule in that estate, kept by `posture::Live`: new verdicts, against judging all of it in the same process; \
         {} groups, {} machines looked at again.\n\n| work | wall | share of the whole |\n|---|---|---|\n",
        said.changes.len(),
        said.machines
    );
    let rows = [
        ("the whole", said.whole),
        ("a change, median", at(0.5)),
        ("a change, 95 %", at(0.95)),
        ("a change, slowest", at(1.0)),
    ];
    for (name, wall) in rows {
        writeln!(table, "| {name} | {:.1} ms | {:.3} % |", wall * 1e3, wall / said.whole * 100.0)?;
    }
    Ok(table)
}

/// What the example `live` prints: seconds, the changes from the fastest to the slowest.
#[derive(serde::Deserialize)]
struct Changes {
    whole: f64,
    machines: usize,
    changes: Vec<f64>,
}

pub(crate) fn megabytes(memory: Option<u64>) -> String {
    memory.map_or_else(|| "–".to_owned(), |bytes| format!("{:.0} MB", bytes as f64 / 1e6))
}

/// The estate of the large report: how many VMs, every how-many-th of them open. Each open one has four findings of
/// [`FORMS`].
const LARGE: (u32, u32) = (100_000, 4);

/// The checks of that report: those whose findings were put there.
const FORMS: &str = "ACC001,ACC002,NET001,NET002,NET003,NET004,NET005,NET006,NET007,NET008";

/// Makes an estate and holds a check of it against what was put there.
pub(crate) fn verify(vms: u32) -> Result<()> {
    run(&cargo(), &["build", "--locked", "-p", "sekimori"])?;
    let file = root().join(format!("target/estate-{vms}.ndjson"));
    let made = generate(vms, EXPOSED_EVERY, None, &file)?;
    check_counts(&root().join("target/debug"), &file, &made)?;
    say(&format!("generated: {} of {vms} VMs are open, and a check finds exactly these", made.exposed));
    Ok(())
}

/// The HTML of an estate with a hundred thousand findings: each open VM has four.
pub(crate) fn large_report() -> Result<PathBuf> {
    run(&cargo(), &["build", "--release", "--locked", "-p", "sekimori"])?;
    let (file, page) = (root().join("target/large.ndjson"), root().join("target/large.html"));
    generate(LARGE.0, LARGE.1, None, &file)?;
    let program = root().join("target/release/sekimori").display().to_string();
    let (file, out) = (file.display().to_string(), page.display().to_string());
    run(
        &program,
        &["check", &file, "-o", &out, "--fail-on", "never", "--no-config", "--lang", "en", "--select", FORMS],
    )?;
    Ok(page)
}

/// The check has to find what was put there, exactly.
fn check_counts(bin: &Path, file: &Path, made: &Made) -> Result<()> {
    let output = Command::new(bin.join("sekimori"))
        .args(["check", &file.display().to_string(), "--select", "NET001", "--format", "json"])
        .output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let found = report.pointer("/summary/fail").and_then(serde_json::Value::as_u64);
    if found != Some(u64::from(made.exposed)) {
        bail!("{} VMs are open and the check found {found:?}", made.exposed);
    }
    Ok(())
}

/// Whose rights collecting from the stand-in for Azure uses.
const LIVE: [(&str, &str); 4] = [
    ("AZURE_TENANT_ID", "11111111-1111-1111-1111-111111111111"),
    ("AZURE_CLIENT_ID", "22222222-2222-2222-2222-222222222222"),
    ("AZURE_CLIENT_SECRET", "any"),
    ("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential"),
];

pub(crate) fn measure(program: &Path, arguments: &[&str]) -> Result<Cost> {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    let start = std::time::Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .envs(LIVE)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut memory = None;
    let code = loop {
        if let Ok(text) = std::fs::read_to_string(&status) {
            memory = memory.max(peak(&text));
        }
        if let Some(code) = child.try_wait()? {
            break code;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let wall = start.elapsed();
    // 3: something in the input could not be read, as in one of the shapes.
    if !matches!(code.code(), Some(0 | 1 | 3)) {
        bail!("{} failed: {code}", program.display());
    }
    Ok(Cost { wall, memory })
}

/// `VmHWM` of a process, in bytes.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn table(vms: u32, runs: usize, made: &Made, names: &[&str], costs: &[Cost]) -> String {
    let mut table = String::new();
    let megabytes = made.bytes as f64 / 1e6;
    let _ = writeln!(
        table,
        "{vms} VMs, {megabytes:.0} MB, one resource a line, {} of them open; best of {runs} runs taking turns, whole processes.\n",
        made.exposed
    );
    let _ = writeln!(table, "| work | wall | × tree | peak memory | × file |\n|---|---|---|---|---|");
    let yardstick = costs.first().map_or(1.0, |cost| cost.wall.as_secs_f64());
    for (name, cost) in names.iter().zip(costs) {
        let wall = cost.wall.as_secs_f64();
        let (memory, share) = match cost.memory {
            Some(bytes) => {
                (format!("{:.0} MB", bytes as f64 / 1e6), format!("{:.2}", bytes as f64 / made.bytes as f64))
            }
            None => ("–".to_owned(), "–".to_owned()),
        };
        let _ = writeln!(table, "| {name} | {:.3} s | {:.2} | {memory} | {share} |", wall, wall / yardstick);
    }
    table
}

fn page(table: &str) -> String {
    format!(
        "# Performance\n\nMade by `cargo xtask bench --write`. Ratios count, not seconds: both sides ran on one machine in one run.\n\n{table}\nGoals: `check --select NET` within 3 × of the tree (stretch 2 ×), memory within 1 × of the file (stretch 0.5 ×), all checks within 6 ×.\nThe tree is every line of the file parsed by sonic-rs on all cores and dropped at once: the least that any reader of the whole file does.\n"
    )
}
