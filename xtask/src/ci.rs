//! What must be green.

use anyhow::Result;

use crate::bench;
use crate::edges;
use crate::peers;
use crate::shell::{cargo, has, root, run, run_with, say};

/// Everything, cheapest first; without the tests where they ran already.
pub(crate) fn ci(tested: bool) -> Result<()> {
    let cargo = cargo();
    run(&cargo, &["fmt", "--all", "--check"])?;
    edges::check()?;
    run(&cargo, &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    if !tested {
        test(false)?;
    }
    run_with(
        &cargo,
        &["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )?;
    if has("cargo-deny", "--version") {
        run(&cargo, &["deny", "check", "licenses", "bans", "sources"])?;
    } else {
        say("skipped: cargo-deny is not installed, so licences were not checked");
    }
    Ok(())
}

/// The tests, with what they need from outside.
pub(crate) fn test(full: bool) -> Result<()> {
    let cargo = cargo();
    peers::install(full)?;
    let cases = if full { "4000" } else { "400" };
    run_with(&cargo, &["test", "--workspace", "--locked"], &[("PROPTEST_CASES", cases)])?;
    if full {
        let proofs = ["test", "-p", "reach", "--test", "smt", "--locked", "--", "--ignored", "--nocapture"];
        run(&cargo, &proofs)?;
        if peers::office() {
            run(&cargo, &["test", "-p", "sekimori", "--test", "workbook", "--locked", "--", "--ignored"])?;
        }
        if let Some(az) = peers::azure_cli()? {
            let by_az = ["test", "-p", "sekimori", "--test", "az", "--locked", "--", "--ignored"];
            run_with(&cargo, &by_az, &[("SEKIMORI_AZ", &az.display().to_string())])?;
        }
    }
    bench::verify(20_000)?;
    let large = if full { Some(bench::large_report()?) } else { None };
    peers::browser(large.as_deref())?;
    if full {
        fuzz(12)?;
    }
    Ok(())
}

/// Files that are made from the program.
pub(crate) fn docs() -> Result<()> {
    let arguments = ["test", "-q", "-p", "sekimori", "--test", "generated", "--locked"];
    run_with(&cargo(), &arguments, &[("UPDATE_DOCS", "1")])
}

/// The fuzz targets. Coverage needs a nightly feature of the compiler, which `RUSTC_BOOTSTRAP` lets
/// a stable one use; without the address sanitizer, as there is no `unsafe` code of ours to watch.
pub(crate) fn fuzz(seconds: u32) -> Result<()> {
    let cargo = cargo();
    if !has("cargo-fuzz", "--version") {
        run(&cargo, &["install", "cargo-fuzz", "--locked"])?;
    }
    let time = format!("-max_total_time={seconds}");
    for target in [
        "source",
        "rule",
        "place",
        "config",
        "baseline",
        "tags",
        "azure",
        "device",
        "policy",
        "import",
        "template",
        "expression",
        "plan",
        "bicep",
        "undo",
        "patch",
    ] {
        let seeds = format!("fuzz/seeds/{target}");
        let corpus = format!("fuzz/corpus/{target}");
        std::fs::create_dir_all(root().join(&corpus))?;
        let options = ["-max_len=65536", "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"];
        let mut arguments = vec!["fuzz", "run", "--sanitizer", "none", target, &corpus, &seeds, "--", &time];
        arguments.extend(options);
        run_with(&cargo, &arguments, &[("RUSTC_BOOTSTRAP", "1")])?;
    }
    Ok(())
}
