//! The score: what is not told earns nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{root, run};
use serde_json::{Value, json};

fn score(lines: &[&str]) -> Value {
    let ran = run(&["check", "-", "--format", "json"], lines.join("\n").as_bytes());
    ran.json()["score"].clone()
}

/// What a record is, as far as somebody may leave all of its kind out.
fn kind(line: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap();
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_ascii_lowercase();
    let id = text("id");
    let parts: Vec<&str> = id.rsplit('/').skip(1).step_by(2).take(2).collect();
    [text("type"), text("@odata.context"), parts.join("/")].into_iter().find(|one| !one.is_empty()).unwrap()
}

#[test]
fn hiding_records_of_a_kind_gives_no_points() {
    let text = std::fs::read_to_string(root().join("examples/watched-estate/estate.ndjson")).unwrap();
    // Without the manifest that says that everything was asked for.
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.is_empty() && !line.contains("sekimori.snapshot/1")).collect();
    let whole = score(&lines);
    let earned = |score: &Value| score["all"]["earned"].as_u64().unwrap_or(0);
    assert!(earned(&whole) > 20, "{whole}");
    let mut kinds: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for line in &lines {
        kinds.entry(kind(line)).or_default().insert(line);
    }
    assert!(kinds.len() > 30, "{}", kinds.len());
    for (kind, all) in &kinds {
        let rest: Vec<&str> = lines.iter().copied().filter(|line| !all.contains(line)).collect();
        let less = score(&rest);
        assert!(earned(&less) <= earned(&whole), "without {kind}: {less}");
        if let Some(points) = less["all"].as_object() {
            assert_eq!(points.values().map(|part| part.as_u64().unwrap()).sum::<u64>(), 100);
        }
    }
}

#[test]
fn parts_are_counted_by_resource_and_weight() {
    let id = |name: &str| {
        format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/{name}")
    };
    let vm = |name: &str, off: bool| {
        json!({"id": id(name), "type": "Microsoft.Compute/virtualMachines",
            "properties": {"osProfile": {"adminUsername": "kaede-671", "linuxConfiguration": {"disablePasswordAuthentication": off}},
                "storageProfile": {"osDisk": {"osType": "Linux"}}}})
        .to_string()
    };
    let of = |all: &[String], select: &str| {
        let text = all.join("\n");
        let ran = run(&["check", "-", "--format", "json", "--select", select], text.as_bytes());
        ran.json()["score"].clone()
    };
    let all = [vm("a", true), vm("b", false), vm("c", true), vm("d", true)];
    let score = of(&all, "ACC002");
    assert_eq!(score["all"], json!({"earned": 75, "lost": 25, "unknown": 0}));
    assert_eq!(score["next"][0]["code"], "ACC002");
    assert_eq!(score["next"][0]["points"], 25.0);
    // A check of which nothing is told weighs as much as one that is.
    let score = of(&all, "ACC002,UPD004");
    let points = &score["all"];
    assert!(points["unknown"].as_u64().unwrap() > 0 && points["earned"].as_u64().unwrap() < 75, "{score}");
    let mended = of(&[vm("a", true), vm("b", true), vm("c", true), vm("d", true)], "ACC002");
    assert_eq!(mended["all"]["earned"], 100);
    // Nothing that could be judged is no score.
    assert_eq!(of(&[vm("a", true)], "UPD004")["all"], Value::Null);
}

#[test]
fn controls_are_met_where_each_check_was_judged() {
    let file = |name: &str| root().join("examples").join(name).display().to_string();
    let report = run(&["check", &file("small-company"), "--format", "json"], b"").json();
    let control = |report: &Value, catalogue: &str, id: &str| {
        let all = report["compliance"].as_array().unwrap();
        let own = all.iter().find(|one| one["catalogue"] == catalogue).unwrap();
        own["controls"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone()
    };
    let rdp = control(&report, "cis", "7.1");
    assert_eq!(rdp["status"], "not-met");
    let ids: Vec<&Value> = report["findings"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    for id in rdp["evidence"].as_array().unwrap() {
        assert!(ids.contains(&id) && id.as_str().unwrap().starts_with("NET001-"));
    }
    // No facts of people: nobody can tell.
    assert_eq!(control(&report, "checkpoints", "conditional-access")["status"], "unknown");
    assert_eq!(control(&report, "mcsb", "IM-7")["status"], "unknown");
    // What was otherwise then is told.
    let folder = tempfile::tempdir().unwrap();
    let mut before = report.clone();
    for catalogue in before["compliance"].as_array_mut().unwrap() {
        for control in catalogue["controls"].as_array_mut().unwrap() {
            control["status"] = "met".into();
        }
    }
    let path = folder.path().join("before.json");
    std::fs::write(&path, before.to_string()).unwrap();
    let baseline = path.display().to_string();
    let arguments = ["check", &file("small-company"), "--baseline", &baseline, "--format", "json"];
    let now = run(&arguments, b"").json();
    assert_eq!(control(&now, "cis", "7.1")["was"], "met");
    assert_eq!(now["baseline"]["score"], report["summary"]["score"]);
    let text = run(&["check", &file("small-company"), "--compliance", "cis", "--lang", "ja"], b"").out;
    assert!(text.contains("7.1: 不適合"), "{text}");
}
