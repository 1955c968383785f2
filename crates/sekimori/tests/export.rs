//! `sekimori export`: machines of the examples as templates, hardened, and judged again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::BTreeSet;

use common::{root, run};
use serde_json::Value;

/// What hardening leaves open, and why: docs/templates.md tells it to people.
///
/// - BKP005: a locked vault cannot be unlocked again, so that is left to people.
/// - ENC003: a key of one's own is a decision of its own.
/// - ENT004: an account of the machine's own is there until people sign in with Entra ID.
/// - HRD007, HRD008, UPD005: the image and the size are those that the machine has.
/// - NET022, NET023: Bastion Developer needs no subnet and no address, and has no such settings.
const ACCEPTED: [&str; 8] = ["BKP005", "ENC003", "ENT004", "HRD007", "HRD008", "UPD005", "NET022", "NET023"];

/// Whether a finding is one that hardening leaves open, and says so.
fn is_accepted(finding: &Value, told: &str, serves_web: bool) -> bool {
    let code = finding["code"].as_str().unwrap();
    ACCEPTED.contains(&code)
        // Nobody can tell of which generation the image is.
        || matches!(code, "HRD001" | "HRD002" | "HRD003") && told.contains("the image is of the first generation")
        // A web server serves the web, by an address of its own.
        || is_web(finding)
        || code == "NET004" && serves_web
        // The image does not take sign-in with Entra ID.
        || code == "ENT001" && told.contains("the image does not take sign-in with Entra ID")
}

fn is_web(finding: &Value) -> bool {
    let message = finding["message"].as_str().unwrap();
    let ports = ["TCP 443 ", "TCP 80 ", "TCP 80, 443 "].iter().any(|ports| message.contains(ports));
    finding["code"] == "NET002" && ports
}

fn machines(source: &str) -> Vec<String> {
    let ran = run(&["check", source, "--all", "--format", "json", "--select", "ACC001"], b"");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let mut all: BTreeSet<String> = BTreeSet::new();
    for row in report["findings"].as_array().unwrap() {
        all.insert(row["resource"].as_str().unwrap().to_owned());
    }
    for row in report["unknown"].as_array().unwrap() {
        all.extend(row["sample"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
    }
    all.into_iter().filter(|id| id.to_lowercase().contains("microsoft.compute/virtualmachines/")).collect()
}

fn check(source: &str) {
    let path = root().join("examples").join(source);
    let path = path.to_str().unwrap();
    let machines = machines(path);
    assert!(machines.len() > 2, "{machines:?}");
    let folder = tempfile::tempdir().unwrap();
    let mut left = Vec::new();
    for (number, machine) in machines.iter().enumerate() {
        let template = folder.path().join(format!("{number}.json"));
        let template = template.to_str().unwrap();
        let ran =
            run(&["export", machine, "--source", path, "--hardened", "-o", template, "--lang", "en"], b"");
        if ran.err.contains("has no properties") {
            continue;
        }
        assert!(ran.code == 0 || ran.code == 3, "{machine}: {}", ran.err);
        let again = run(&["check", template, "--format", "json", "--lang", "en"], b"");
        let report: Value = serde_json::from_str(&again.out).unwrap();
        assert_eq!(report["errors"], serde_json::json!([]), "{machine}");
        let findings = report["findings"].as_array().unwrap();
        let serves_web = findings.iter().any(is_web);
        let open: Vec<_> = findings
            .iter()
            .filter(|finding| !is_accepted(finding, &ran.err, serves_web))
            .map(|finding| format!("{} {}", finding["code"], finding["message"]))
            .collect();
        left.extend(open.iter().map(|open| format!("{machine}: {open}")));
        let reach =
            report["unknown"].as_array().unwrap().iter().filter(|row| row["code"] == "NET001").count();
        assert_eq!(reach, 0, "{machine}: {}", again.out);
    }
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn hardened_machines_of_the_small_company_check_clean() {
    check("small-company");
}

#[test]
fn hardened_machines_of_the_watched_estate_check_clean() {
    check("watched-estate");
}

#[test]
fn a_machine_that_is_not_there_is_told_with_those_that_are() {
    let path = root().join("examples/small-company");
    let path = path.to_str().unwrap();
    let ran = run(&["export", "app", "--source", path, "--lang", "en"], b"");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no machine `app`") && ran.err.contains("app1"), "{}", ran.err);
    let ran = run(&["export", "app", "--source", path, "--lang", "ja"], b"");
    assert!(ran.err.contains("仮想マシン `app` がありません"), "{}", ran.err);
    let ran =
        run(&["export", "app1", "--source", path, "--hardened", "--allow", "0.0.0.0/0", "--lang", "en"], b"");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("0.0.0.0/0"), "{}", ran.err);
}

#[test]
fn what_stands_on_standard_output_is_a_template() {
    let path = root().join("examples/small-company");
    let ran = run(&["export", "app1", "--source", path.to_str().unwrap()], b"");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let template: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(template["resources"].as_array().unwrap().len() > 3);
    let expanded = run(&["expand", "-", "--lang", "en"], ran.out.as_bytes());
    assert_eq!(expanded.code, 0, "{}", expanded.err);
}
