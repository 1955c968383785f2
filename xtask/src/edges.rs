//! Which crates may use which.
//!
//! INVARIANT: arrows point one way, and the pure crates have no clock, no sockets and no async.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{cargo, root, say};

/// Each crate of ours with the ones that it may use.
const ALLOWED: [(&str, &[&str]); 14] = [
    ("estate", &[]),
    ("reach", &["estate"]),
    ("signin", &["estate"]),
    ("posture", &["estate", "reach", "signin"]),
    ("policy", &["estate", "posture"]),
    ("fix", &["estate", "reach", "posture"]),
    ("config", &["estate", "posture"]),
    ("peers", &[]),
    ("report", &["estate", "reach", "signin", "posture", "peers"]),
    (
        "sekimori",
        &[
            "estate", "reach", "signin", "posture", "policy", "config", "peers", "report", "template", "fix",
            "azure",
        ],
    ),
    ("template", &[]),
    ("azure", &["estate"]),
    ("azure-sim", &[]),
    ("xtask", &[]),
];

/// Crates that read no clock, file, socket or environment.
const PURE: [&str; 10] =
    ["estate", "reach", "signin", "posture", "fix", "policy", "config", "peers", "report", "template"];

/// What a pure crate never uses, directly or through others.
const IMPURE: [&str; 9] =
    ["tokio", "reqwest", "hyper", "sqlx", "rusqlite", "chrono", "jiff", "time", "async-std"];

/// What one of them uses all the same, and why that is no harm: `regorus` counts days with `chrono` and is never asked for the
/// time, as `crates/policy/tests` holds.
const EXCEPT: [(&str, &str); 1] = [("policy", "chrono")];

/// Fails on an edge that is not in the list.
pub(crate) fn check() -> Result<()> {
    let output = Command::new(cargo())
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .context("cannot run `cargo metadata`")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let mut faults = Vec::new();
    let packages = metadata.get("packages").and_then(Value::as_array).context("no packages")?;
    let ours: Vec<&Value> = packages.iter().filter(|package| package["source"].is_null()).collect();
    for package in &ours {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ALLOWED.iter().find(|(its, _)| *its == name) else {
            faults.push(format!("`{name}` is not in the list of crates (xtask/src/edges.rs)"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let is_ours = ours.iter().any(|package| package["name"] == used);
            let for_tests = dependency["kind"] == "dev";
            if is_ours && !for_tests && !allowed.contains(&used) {
                faults.push(format!("`{name}` must not use `{used}`"));
            }
        }
    }
    for name in PURE {
        for used in reachable(&metadata, name) {
            let except = EXCEPT.contains(&(name, used.as_str()));
            if IMPURE.contains(&used.as_str()) && !except {
                faults.push(format!("`{name}` is pure and must not use `{used}`, not even through others"));
            }
        }
    }
    if !faults.is_empty() {
        bail!("forbidden edges:\n  {}", faults.join("\n  "));
    }
    say("edges: as they should be");
    Ok(())
}

/// Every crate that one uses outside of its tests, by name.
fn reachable(metadata: &Value, name: &str) -> Vec<String> {
    let nodes =
        metadata.pointer("/resolve/nodes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let id_of = |name: &str| {
        packages.iter().find(|p| p["name"] == name && p["source"].is_null()).map(|p| p["id"].clone())
    };
    let mut waiting: Vec<Value> = id_of(name).into_iter().collect();
    let mut seen: Vec<Value> = Vec::new();
    while let Some(id) = waiting.pop() {
        if seen.contains(&id) {
            continue;
        }
        if let Some(node) = nodes.iter().find(|node| node["id"] == id) {
            for dependency in node["deps"].as_array().into_iter().flatten() {
                let kinds = dependency["dep_kinds"].as_array().map(Vec::as_slice).unwrap_or_default();
                if kinds.iter().any(|kind| kind["kind"].is_null()) {
                    waiting.push(dependency["pkg"].clone());
                }
            }
        }
        seen.push(id);
    }
    let names = packages.iter().filter(|package| seen.contains(&package["id"]));
    names.filter_map(|package| package["name"].as_str().map(str::to_owned)).collect()
}
