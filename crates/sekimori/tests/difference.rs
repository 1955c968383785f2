//! `sekimori diff`: what a change exposes, closes, widens and narrows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{Ran, estate, rule, run_in, scratch};
use serde_json::{Value, json};

fn diff(old: &str, new: &str, arguments: &[&str]) -> Ran {
    let folder = scratch();
    std::fs::write(folder.path().join("old.json"), old).unwrap();
    std::fs::write(folder.path().join("new.json"), new).unwrap();
    run_in(folder.path(), &[&["diff", "old.json", "new.json"], arguments].concat(), b"", &[])
}

fn behind(rules: &[String]) -> String {
    estate("Standard", None, Some(&rules.join(",")))
}

fn allow(source: &str, port: &str) -> String {
    rule("r", 300, "Allow", "Tcp", source, port)
}

/// Kind, ports and both counts of each difference, and the exit code.
fn found(old: &str, new: &str) -> (Vec<(String, String, u64, u64)>, i32) {
    let ran = diff(old, new, &["--format", "json"]);
    let answer = ran.json();
    assert_eq!(answer["schema"], "sekimori.diff/1");
    let rows = answer["differences"].as_array().unwrap().iter().map(|row| {
        let count = |side: &str| row[side]["internet_ipv4_addresses"].as_u64().unwrap();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        (text("kind"), text("ports"), count("before"), count("after"))
    });
    (rows.collect(), ran.code)
}

#[test]
fn exposures_appear_vanish_widen_and_narrow() {
    let row =
        |kind: &str, ports: &str, before: u64, after: u64| (kind.to_owned(), ports.to_owned(), before, after);
    let (closed, one) = (behind(&[]), behind(&[allow("203.0.113.7", "22")]));
    let (net, all) = (behind(&[allow("203.0.113.0/24", "22")]), behind(&[allow("*", "22")]));
    let everybody = 3_702_259_456;
    assert_eq!(found(&closed, &closed), (vec![], 0));
    assert_eq!(found(&closed, &all), (vec![row("appeared", "22", 0, everybody)], 1));
    assert_eq!(found(&all, &closed), (vec![row("vanished", "22", everybody, 0)], 0));
    assert_eq!(found(&one, &net), (vec![row("widened", "22", 1, 256)], 1));
    assert_eq!(found(&net, &one), (vec![row("narrowed", "22", 256, 1)], 0));
    let elsewhere = behind(&[allow("198.51.100.7", "22")]);
    assert_eq!(found(&one, &elsewhere), (vec![row("moved", "22", 1, 1)], 1));
    // Ports are told in stretches, and only those that differ.
    let wide = behind(&[allow("*", "20-25")]);
    assert_eq!(
        found(&all, &wide),
        (vec![row("appeared", "20-21", 0, everybody), row("appeared", "23-25", 0, everybody)], 1)
    );
    // Another rule that lets in the same is no difference.
    let same = behind(&[rule("other", 400, "Allow", "Tcp", "Internet", "22")]);
    assert_eq!(found(&all, &same), (vec![], 0));
    // A rule that nobody can read: not certain any more.
    let doubted = behind(&[rule("first", 200, "Deny", "Tcp", "NoSuchTag", "22"), allow("*", "22")]);
    assert_eq!(found(&all, &doubted).0[0].0, "doubted");
    assert_eq!(found(&all, &doubted).1, 1);
}

#[test]
fn each_difference_has_a_packet_that_proves_it() {
    let (closed, all) = (behind(&[]), behind(&[allow("*", "22")]));
    let row = diff(&closed, &all, &["--format", "json"]).json()["differences"][0].clone();
    assert_eq!(row["witness"]["passes_in"], "new");
    assert_eq!(row["witness"]["to"], "10.0.0.4:22");
    assert_eq!(row["witness"]["decided_by"][0]["rule"], "securityRules/r");
    let gone = diff(&all, &closed, &["--format", "json"]).json()["differences"][0].clone();
    assert_eq!(gone["witness"]["passes_in"], "old");
    let text = diff(&closed, &all, &[]).out;
    assert!(text.starts_with("+ m  TCP 22  appeared\n    nobody → the whole internet\n    passes now: tcp 1.0.0.1:49152 → 10.0.0.4:22  ng / r\n"), "{text}");
    let japanese = diff(&closed, &all, &["--lang", "ja"]).out;
    assert!(japanese.contains("新たに公開") && japanese.contains("インターネット全体"), "{japanese}");
}

#[test]
fn machines_come_and_go() {
    let all = behind(&[allow("*", "22")]);
    let without: Vec<Value> = serde_json::from_str::<Vec<Value>>(&all)
        .unwrap()
        .into_iter()
        .filter(|one| {
            let id = one["id"].as_str().unwrap();
            !id.contains("virtualMachines") && !id.contains("networkInterfaces")
        })
        .collect();
    let without = Value::from(without).to_string();
    let added = diff(&without, &all, &["--format", "json"]).json();
    assert_eq!(added["differences"][0]["machine"], "added");
    assert_eq!(added["summary"]["appeared"], 1);
    let removed = diff(&all, &without, &["--format", "json"]);
    assert_eq!((removed.code, removed.json()["differences"][0]["machine"].as_str()), (0, Some("removed")));
    // A NIC that is not in the input: nobody can compare.
    let blind: Vec<Value> = serde_json::from_str::<Vec<Value>>(&all)
        .unwrap()
        .into_iter()
        .filter(|one| !one["id"].as_str().unwrap().contains("networkInterfaces"))
        .collect();
    let answer = diff(&all, &Value::from(blind).to_string(), &["--format", "json"]).json();
    assert_eq!(answer["unknown"][0]["settled_by"], "az network nic list");
}

#[test]
fn inside_counts_where_it_is_asked_for() {
    let shut = behind(&[rule("shut", 4000, "Deny", "*", "*", "*")]);
    let open = behind(&[]);
    assert_eq!(diff(&shut, &open, &[]).code, 0);
    let ran = diff(&shut, &open, &["--from", "network", "--format", "json"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.json()["differences"][0]["after"]["ranges"], json!(["10.0.0.0/16"]));
    let wrong = diff(&shut, &open, &["--from", "m"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("--from is internet, network, anywhere, or addresses"), "{}", wrong.err);
    assert_eq!(diff(&shut, "{", &[]).code, 2);
}

#[test]
fn what_only_may_pass_is_said_to() {
    let all = behind(&[allow("*", "22")]);
    let maybe = behind(&[rule("first", 200, "Deny", "Tcp", "NoSuchTag", "22"), allow("*", "22")]);
    let row = |old: &str, new: &str| diff(old, new, &["--format", "json"]).json()["differences"][0].clone();
    let closed = behind(&[]);
    assert_eq!(row(&closed, &all)["witness"]["certain"], true);
    assert_eq!(row(&closed, &maybe)["witness"]["certain"], false);
    let text = diff(&closed, &maybe, &[]).out;
    assert!(text.contains("    may pass now: tcp "), "{text}");
    let japanese = diff(&closed, &maybe, &["--lang", "ja"]).out;
    assert!(japanese.contains("変更後に通過する可能性あり"), "{japanese}");
    assert!(diff(&maybe, &closed, &[]).out.contains("    may have passed before: tcp "));
}

#[test]
fn less_is_safe_and_more_that_is_uncertain_is_not() {
    let kinds = |old: &str, new: &str| {
        let (rows, code) = found(old, new);
        let mut kinds: Vec<_> = rows.into_iter().map(|row| row.0).collect();
        kinds.sort();
        kinds.dedup();
        (kinds, code)
    };
    // A rule for every protocol is the commonest kind.
    let wide = behind(&[rule("r", 300, "Allow", "*", "*", "22")]);
    let narrow = behind(&[rule("r", 300, "Allow", "*", "203.0.113.0/24", "22")]);
    assert_eq!(kinds(&wide, &behind(&[])), (vec!["vanished".to_owned()], 0));
    assert_eq!(kinds(&wide, &narrow), (vec!["narrowed".to_owned()], 0));
    // A protocol without ports has none in its packets.
    let rows = diff(&wide, &behind(&[]), &["--format", "json"]).json();
    let rows = rows["differences"].as_array().unwrap().clone();
    let names: Vec<_> = rows.iter().map(|row| row["protocol"].as_str().unwrap()).collect();
    assert_eq!(names, ["tcp", "udp", "icmp", "esp", "ah", "other"]);
    let icmp = rows.iter().find(|row| row["protocol"] == "icmp").unwrap();
    assert_eq!((&icmp["witness"]["from"], &icmp["witness"]["to"]), (&json!("1.0.0.1"), &json!("10.0.0.4")));
    // Fewer for certain, and perhaps everybody.
    let old = behind(&[allow("203.0.113.0/24", "22")]);
    let new = behind(&[allow("203.0.113.0/25", "22"), rule("t", 310, "Allow", "Tcp", "NoSuchTag", "22")]);
    assert_eq!(kinds(&old, &new), (vec!["doubted".to_owned()], 1));
}
