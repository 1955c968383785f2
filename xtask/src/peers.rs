//! What tests need from outside of this toolchain: system packages and packages of npm.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{has, root, run, run_in, say};

/// A program, and the package of Debian that brings it.
const PROGRAMS: [(&str, &str, &str); 6] = [
    ("chromium", "--version", "chromium"),
    ("pdftotext", "-v", "poppler-utils"),
    ("xmllint", "--version", "libxml2-utils"),
    ("zsh", "--version", "zsh"),
    ("fish", "--version", "fish"),
    ("groff", "--version", "groff"),
];

/// The solver that long tests ask.
const SOLVER: (&str, &str, &str) = ("z3", "--version", "z3");

/// The font that Japanese pages are looked at in.
const FONT: (&str, &str) = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "fonts-noto-cjk");

/// Installs what is missing, and says so. `full` is for the tests that take long, too.
pub(crate) fn install(full: bool) -> Result<()> {
    let mut missing: Vec<&str> = PROGRAMS
        .iter()
        .chain(full.then_some(&SOLVER))
        .filter(|(program, argument, _)| !has(program, argument))
        .map(|(_, _, package)| *package)
        .collect();
    if cfg!(target_os = "linux") && !Path::new(FONT.0).exists() {
        missing.push(FONT.1);
    }
    if !missing.is_empty() {
        packages(&missing)?;
    }
    if !has("node", "--version") {
        bail!("Node.js is missing: the tests of pages run in it (https://nodejs.org)");
    }
    let folder = root().join("tests/browser");
    let done = folder.join("node_modules/.package-lock.json");
    let newer =
        |a: &Path, b: &Path| -> Result<bool> { Ok(a.metadata()?.modified()? > b.metadata()?.modified()?) };
    if !done.exists() || newer(&folder.join("package-lock.json"), &done)? {
        say("tests: packages of npm: playwright-core, axe-core, sarif-multitool");
        run_in(&folder, "npm", &["ci", "--no-audit", "--no-fund"], &[])?;
    }
    Ok(())
}

/// The version of azure-cli that tests drive.
const AZURE_CLI: &str = "azure-cli==2.91.0";

/// The version of Checkov that benchmarks run beside.
const CHECKOV: &str = "checkov==3.3.30";

/// Installs the real `az`, and tells where it is; nothing where it cannot be had.
pub(crate) fn azure_cli() -> Result<Option<PathBuf>> {
    from_pypi(AZURE_CLI, "730 MB", "az")
}

/// Installs Checkov, and tells where it is, and its version.
pub(crate) fn checkov() -> Result<(PathBuf, &'static str)> {
    let Some(program) = from_pypi(CHECKOV, "250 MB", "checkov")? else { bail!("Checkov cannot be had") };
    Ok((program, CHECKOV.rsplit('=').next().unwrap_or_default()))
}

/// Installs a package of PyPI into a folder of its own, and tells where its program is; nothing where it cannot be had.
fn from_pypi(package: &str, size: &str, program: &str) -> Result<Option<PathBuf>> {
    let folder = root().join("target/peers").join(package.replace("==", "-"));
    let program = folder.join("bin").join(program);
    let done = folder.join("done");
    if done.exists() {
        return Ok(Some(program));
    }
    if !has("python3", "--version") {
        packages(&["python3", "python3-venv"])?;
    }
    say(&format!("{package} from PyPI, {size}, into {}", folder.display()));
    let place = folder.display().to_string();
    if run("python3", &["-m", "venv", "--clear", &place]).is_err() {
        packages(&["python3-venv"])?;
        run("python3", &["-m", "venv", "--clear", &place])?;
    }
    let pip = folder.join("bin/pip").display().to_string();
    if let Err(error) = run(&pip, &["install", "--quiet", "--disable-pip-version-check", package]) {
        say(&format!("skipped: {error:#}, so {package} was not tried"));
        return Ok(None);
    }
    std::fs::write(done, "")?;
    Ok(Some(program))
}

/// Installs what opens workbooks (LibreOffice, 300 MB), and tells whether it is there.
pub(crate) fn office() -> bool {
    if has("soffice", "--version") {
        return true;
    }
    let came = packages(&["libreoffice-calc"]);
    if let Err(error) = &came {
        say(&format!("skipped: {error:#}, so no office was tried"));
    }
    came.is_ok()
}

fn packages(missing: &[&str]) -> Result<()> {
    let list = missing.join(" ");
    say(&format!("tests: system packages to install: {list}"));
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if !has("apt-get", "--version") || !root && !has("sudo", "--version") {
        bail!("install these with your system's package manager, then run the tests again: {list}");
    }
    let (program, before): (&str, &[&str]) = if root { ("apt-get", &[]) } else { ("sudo", &["apt-get"]) };
    run(program, &[before, &["update", "-qq"]].concat())?;
    let install = [before, &["install", "-y", "-qq", "--no-install-recommends"], missing].concat();
    run(program, &install).with_context(|| format!("cannot install {list}"))
}

/// The tests that run in a browser, and those of SARIF. `large` is a report with many findings.
pub(crate) fn browser(large: Option<&Path>) -> Result<()> {
    let program = root().join("target/debug/sekimori");
    let folder = root().join("tests/browser");
    let program = program.display().to_string();
    let large = large.map(|path| path.display().to_string());
    let mut environment = vec![("SEKIMORI", program.as_str())];
    environment.extend(large.as_deref().map(|path| ("LARGE", path)));
    run_in(&folder, "node", &["--test", "--test-reporter=spec"], &environment)
}
