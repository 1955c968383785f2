//! Held against the test inputs of other tools, rule by rule, which lie in a folder `shared` beside the repository. Skipped,
//! and said so, where there is no such folder. Templates and plans are read as `sekimori check` reads them. What comes of it
//! is explained in docs/peers.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod asked;
mod inputs;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use asked::Asked;
use common::root;
use rules::{DIFFERS, Ours, ours};
use serde_json::Value;

fn shared() -> Option<PathBuf> {
    let folder = root().parent()?.join("shared/peer-fixtures");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no folder `shared` beside the repository, so other tools' inputs were not compared");
    None
}

fn load(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn templates_of_peers_are_judged_as_they_stand() {
    let Some(fixtures) = shared() else { return };
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for row in load(fixtures.join("index.json")).as_array().unwrap() {
        let rule = row["rule"].as_str().unwrap();
        let kind = match row["kind"].as_str().unwrap() {
            "arm-template" => "template",
            "terraform-plan" => "plan",
            _ => {
                *counts.entry(("recording", "in `conformance`")).or_default() += 1;
                continue;
            }
        };
        let ours = ours(rule);
        if matches!(ours, Ours::Elsewhere) {
            *counts.entry((kind, "not judged, explained")).or_default() += 1;
            continue;
        }
        let wanted = row["resource"].as_str();
        let file = row["file"].as_str().unwrap();
        let asked = Asked::new(&inputs::ready(&load(fixtures.join(file)), wanted), wanted);
        let said = asked.said(ours);
        let expected = row["expected"].as_str().unwrap();
        let place = format!("{file} {}", wanted.unwrap_or_default());
        let explained = DIFFERS.iter().find(|(its, part, _, _)| *its == rule && place.contains(part));
        used.extend(explained.map(|(its, part, _, _)| (*its, *part)));
        let (count, right) = match (said == expected, explained) {
            (true, explained) => ("agree", explained.is_none()),
            (false, Some((_, _, ours, _))) if matches!(said.as_str(), "fail" | "pass") => {
                ("differ, explained", said == *ours)
            }
            (false, Some((_, _, ours, _))) => ("open, explained", said == *ours),
            (false, None) => ("not explained", false),
        };
        *counts.entry((kind, count)).or_default() += 1;
        if !right {
            wrong.push(format!("{rule}: they say {expected}, we `{said}`: {place}"));
        }
    }
    eprintln!("peers: {counts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let idle: Vec<_> = DIFFERS.iter().filter(|(its, part, _, _)| !used.contains(&(*its, *part))).collect();
    assert!(idle.is_empty(), "nothing differs here: {idle:?}");
}
