//! OCSF events: by their schema, and telling everything that the JSON form tells.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::path::Path;

use common::{root, run, run_in, scratch};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The schema of one event, derived from the definitions of OCSF 1.8.0.
fn schema() -> Validator {
    let path = root().join("docs/schema/ocsf-compliance-finding.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Events of an estate, each held against the schema.
fn events(folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<Value> {
    let ran = run_in(folder, &[&["check"], arguments, &["--format", "ocsf"]].concat(), input, &[]);
    let events = ran.json().as_array().unwrap().clone();
    let schema = schema();
    for event in &events {
        let faults: Vec<_> =
            schema.iter_errors(event).map(|fault| format!("{}: {fault}", fault.instance_path)).collect();
        assert!(faults.is_empty(), "{faults:#?}\n{event:#}");
    }
    events
}

fn example(name: &str) -> String {
    root().join("examples").join(name).display().to_string()
}

fn of_word<'e>(events: &'e [Value], word: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["status_code"] == word).collect()
}

#[test]
fn events_follow_the_schema_and_tell_all() {
    for name in ["small-company", "watched-estate"] {
        for lang in ["en", "ja"] {
            let path = example(name);
            let arguments = [&path, "--all", "--lang", lang];
            let events = events(&root(), &arguments, b"");
            let report = run(&[&["check"], &arguments[..], &["--format", "json"]].concat(), b"").json();
            let list = |name: &str| report[name].as_array().unwrap();
            let count = |status: &str| list("findings").iter().filter(|row| row["status"] == status).count();
            assert_eq!(of_word(&events, "fail").len(), count("fail"));
            assert_eq!(of_word(&events, "pass").len(), count("pass"));
            assert_eq!(of_word(&events, "unknown").len(), list("unknown").len());
            assert_eq!(of_word(&events, "not_assessed").len(), list("not_assessed").len());
            for (event, finding) in events.iter().zip(list("findings")) {
                assert_eq!(event["finding_info"]["uid"], finding["id"]);
                assert_eq!(event["metadata"]["event_code"], finding["code"]);
                assert_eq!(event["resources"][0]["uid"], finding["resource"]);
                assert_eq!(event["message"], finding["message"]);
                assert_eq!(event["time"], 1_795_424_400_000_u64);
                let fails = finding["status"] == "fail";
                assert_eq!(event["compliance"]["status_id"], if fails { 3 } else { 1 });
                if let Some(port) = finding["evidence"]["ports"].get(0) {
                    assert_eq!(event["evidences"][0]["data"], *port);
                }
            }
            // Whoever takes all of them in tells one from the other by these, passes of one resource for several people, too.
            let mut uids: Vec<_> = events.iter().map(|event| event["metadata"]["uid"].as_str()).collect();
            let all = uids.len();
            uids.sort_unstable();
            uids.dedup();
            assert_eq!(uids.len(), all);
        }
    }
}

#[test]
fn what_nobody_can_tell_never_passes() {
    let path = example("watched-estate");
    for event in of_word(&events(&root(), &[&path], b""), "unknown") {
        assert_eq!(event["compliance"]["status"], "Warning");
        assert_eq!(event["severity_id"], 0);
        assert!(event["unmapped"]["resources_count"].as_u64().unwrap() > 0);
        assert!(event["status_detail"].as_str().unwrap().starts_with("Settled by: "));
    }
    let nothing = events(&root(), &["-"], br#"[{"id":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m","properties":{}}]{"#);
    let unread = of_word(&nothing, "error");
    assert_eq!(unread.len(), 1);
    assert_eq!(unread[0]["compliance"]["status_id"], 2);
    assert!(!of_word(&nothing, "not_assessed").is_empty());
}

#[test]
fn events_have_one_name_in_every_language() {
    let path = example("watched-estate");
    let uids = |lang: &str| -> Vec<String> {
        let ran = run(&["check", &path, "--all", "--lang", lang, "--format", "ocsf"], b"").json();
        let all = ran.as_array().unwrap().iter().map(|event| event["finding_info"]["uid"].to_string());
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        all
    };
    assert_eq!(uids("en"), uids("ja"));
}

#[test]
fn policies_that_nobody_can_tell_are_named() {
    let path = example("watched-estate");
    let events = events(&root(), &[&path, "--policy", "builtin"], b"");
    let unknown = of_word(&events, "unknown");
    let of_policy =
        |event: &&&Value| event["finding_info"]["uid"].as_str().is_some_and(|uid| uid.starts_with("POL-"));
    let policies: Vec<_> = unknown.iter().filter(of_policy).collect();
    assert!(!policies.is_empty());
    for event in policies {
        assert_ne!(event["finding_info"]["title"], "Could not be read");
        assert!(event["metadata"]["event_code"].as_str().unwrap().starts_with("POL-"), "{event:#}");
        assert_eq!(event["finding_info"]["analytic"]["uid"], event["metadata"]["event_code"]);
    }
}

#[test]
fn decisions_and_what_has_changed_are_told() {
    let folder = scratch();
    let config = "[[suppress]]\ncode = 'NET004'\nreason = 'the shop'\nuntil = 2027-01-01";
    std::fs::write(folder.path().join("sekimori.toml"), config).unwrap();
    let path = example("small-company");
    let suppressed = events(folder.path(), &[&path], b"");
    let suppressed = of_word(&suppressed, "suppressed");
    assert!(!suppressed.is_empty());
    for event in suppressed {
        assert_eq!((&event["status_id"], &event["status"]), (&json!(3), &json!("Suppressed")));
        assert_eq!(event["compliance"]["status"], "Fail");
        assert_eq!(event["status_detail"], "the shop");
        assert_eq!(event["unmapped"]["suppressed_until"], "2027-01-01");
    }
    let old = folder.path().join("old.json").display().to_string();
    run_in(folder.path(), &["check", &path, "--no-config", "-o", &old], b"", &[]);
    let mut before: Value = serde_json::from_str(&std::fs::read_to_string(&old).unwrap()).unwrap();
    let mut mended = before["findings"][0].clone();
    mended["id"] = json!("NET001-0000000000000000");
    mended["resource"] =
        json!("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/x");
    before["findings"].as_array_mut().unwrap().push(mended);
    std::fs::write(&old, before.to_string()).unwrap();
    let later = events(folder.path(), &[&path, "--no-config", "--baseline", &old], b"");
    assert!(of_word(&later, "fail").iter().all(|event| event["activity_name"] == "Update"));
    let gone = of_word(&later, "gone");
    assert_eq!(gone.len(), 1);
    assert_eq!((&gone[0]["activity_name"], &gone[0]["type_uid"]), (&json!("Close"), &json!(200_303)));
    assert_eq!(gone[0]["finding_info"]["uid"], "NET001-0000000000000000");
}

#[test]
fn a_broken_event_is_refused() {
    let path = example("small-company");
    let whole = events(&root(), &[&path, "--select", "NET001"], b"").swap_remove(0);
    let schema = schema();
    assert!(schema.is_valid(&whole));
    let check = |pointer: &str, value: Value| {
        let mut broken = whole.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        assert!(!schema.is_valid(&broken), "{pointer}");
    };
    check("/class_uid", json!(2004));
    check("/type_uid", json!(200_302));
    check("/severity_id", json!(7));
    check("/severity", json!("critical"));
    check("/status", json!("Open"));
    check("/time", json!(1_795_424_400));
    check("/compliance/status_id", json!(4));
    check("/compliance/status", json!("Pass"));
    check("/compliance/requirements", json!("CIS"));
    check("/metadata/version", json!("1.4.0"));
    check("/metadata/product", json!({"vendor_name": "x"}));
    check("/cloud", json!({"region": "japaneast"}));
    check("/cloud/account", json!({"type_id": 13}));
    check("/resources/0", json!({"type": "x"}));
    check("/remediation", json!({"references": []}));
    check("/finding_info/analytic", json!({"uid": "NET001"}));
    for member in ["finding_info", "compliance", "metadata", "cloud", "time", "activity_id"] {
        let mut broken = whole.clone();
        broken.as_object_mut().unwrap().remove(member);
        assert!(!schema.is_valid(&broken), "{member}");
    }
    let mut more = whole.clone();
    more["findings"] = json!([]);
    assert!(!schema.is_valid(&more), "the set of attributes is OCSF's");
}

#[test]
fn names_of_files_tell_the_form() {
    let folder = scratch();
    let path = example("small-company");
    let arguments = ["check", &path, "--fail-on", "never", "-o", "a.ocsf.json", "-o", "a.json"];
    assert_eq!(run_in(folder.path(), &arguments, b"", &[]).code, 0);
    let read = |name: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.path().join(name)).unwrap()).unwrap()
    };
    assert_eq!(read("a.ocsf.json")[0]["class_uid"], 2003);
    assert_eq!(read("a.json")["schema"], "sekimori.check/1");
}
