//! Results of other tools beside ours, as people ask for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Ran, root, run, run_in, scratch};
use serde_json::{Value, json};

const VM: &str = "/subscriptions/7b1f6f3e-5a0c-4e0e-9c57-2f2d1c7a9e10/resourceGroups/rg-minato/providers/Microsoft.Compute/virtualMachines";

/// The example beside files of other tools; its folder holds no configuration.
fn import(files: &[&Path], arguments: &[&str]) -> Ran {
    let example = root().join("examples/small-company").display().to_string();
    let mut all = vec!["import".to_owned(), example, "--no-config".to_owned()];
    for file in files {
        all.extend(["--from".to_owned(), file.display().to_string()]);
    }
    all.extend(arguments.iter().map(|text| (*text).to_owned()));
    run(&all.iter().map(String::as_str).collect::<Vec<_>>(), b"")
}

/// A file of a shape, written by hand.
fn file(name: &str) -> PathBuf {
    root().join("crates/peers/tests/files").join(name)
}

fn schema() -> jsonschema::Validator {
    let text = fs::read_to_string(root().join("docs/schema/import-1.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn json(files: &[&Path]) -> Value {
    let answer = import(files, &["--format", "json"]).json();
    let faults: Vec<_> = schema().iter_errors(&answer).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    answer
}

fn of_kind<'v>(answer: &'v Value, kind: &str) -> Vec<&'v Value> {
    answer["results"].as_array().unwrap().iter().filter(|row| row["kind"] == kind).collect()
}

#[test]
fn each_tool_stands_beside_ours() {
    let prowler = json(&[&file("prowler.ocsf.json")]);
    let [both] = of_kind(&prowler, "both_find")[..] else { panic!("{prowler:#}") };
    assert_eq!(both["rule"], "network_rdp_internet_access_restricted");
    assert!(both["ours"].as_array().unwrap().iter().all(|own| own["code"] == "NET001"));
    assert_eq!(of_kind(&prowler, "both_pass")[0]["rule"], "vm_ensure_using_managed_disks");
    assert_eq!(of_kind(&prowler, "both_pass")[0]["muted"], true);
    assert_eq!(prowler["no_check"][0]["rule"], "appinsights_ensure_is_configured");
    let table = json(&[&file("prowler.csv")]);
    assert_eq!(of_kind(&table, "both_find")[0]["resource"], format!("{VM}/dns1"));
    let checkov = json(&[&file("checkov.sarif")]);
    assert_eq!(of_kind(&checkov, "both_find")[0]["by_name"], true);
    assert_eq!(checkov["no_check"][0]["rule"], "CKV_AZURE_50");
    let defender = json(&[&file("defender.csv")]);
    assert_eq!(defender["tools"][0]["tool"], "Defender for Cloud");
    assert_eq!(defender["results"][0]["codes"], json!(["JIT001", "JIT002"]));
    let all = json(&[&file("prowler.ocsf.json"), &file("checkov.sarif")]);
    assert_eq!(all["tools"].as_array().unwrap().len(), 2);
}

#[test]
fn what_others_have_wrong_is_told() {
    let folder = scratch();
    let path = folder.path().join("prowler.csv");
    let row = |check: &str, status: &str, id: &str| format!("{check};{status};{id};n\n");
    let mut text = String::from("CHECK_ID;STATUS;RESOURCE_UID;RESOURCE_NAME\n");
    text += &row("vm_linux_enforce_ssh_authentication", "PASS", &format!("{VM}/dns1").to_uppercase());
    text += &row("vm_ensure_using_managed_disks", "FAIL", &format!("{VM}/dns1"));
    text += &row("vm_linux_enforce_ssh_authentication", "FAIL", &format!("{VM}/nowhere"));
    fs::write(&path, text).unwrap();
    let ran = import(&[&path], &[]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    for expected in [
        "They pass what we find: 1\n  ACC002 dns1: Prowler vm_linux_enforce_ssh_authentication",
        "They find what we pass: 1\n  ENC007 dns1: Prowler vm_ensure_using_managed_disks",
        "Belongs to no resource of the input: 1\n",
        "nowhere (not in the input)",
    ] {
        assert!(ran.out.contains(expected), "{expected}\n{}", ran.out);
    }
    let answer = json(&[&path]);
    assert_eq!(answer["summary"]["they_pass_we_find"], 1);
    assert!(
        import(&[&path], &["--lang", "ja"]).out.contains("ほかのツールは適合、Sekimori は検出 (要確認): 1\n")
    );
}

#[test]
fn our_own_forms_are_read_again() {
    let folder = scratch();
    let example = root().join("examples/small-company").display().to_string();
    let names = ["a.ocsf.json", "a.defender.csv", "a.sarif"];
    let mut arguments = vec!["check", &example, "--all", "--fail-on", "never"];
    names.iter().for_each(|name| arguments.extend(["-o", name]));
    assert_eq!(run_in(folder.path(), &arguments, b"", &[]).code, 0);
    for name in names {
        let answer = json(&[&folder.path().join(name)]);
        assert_eq!(answer["tools"][0]["tool"], "Sekimori", "{name}");
        assert_eq!(answer["only_ours"], json!([]), "{name}");
        assert_eq!(answer["no_check"], json!([]), "{name}");
        for kind in ["they_pass_we_find", "they_find_we_pass", "only_they_find"] {
            assert_eq!(answer["summary"][kind], 0, "{name}: {kind}");
        }
        assert!(answer["summary"]["both_find"].as_u64().unwrap() > 100, "{name}");
    }
}

#[test]
fn a_decision_of_the_team_is_no_difference() {
    let folder = scratch();
    let config = "[[suppress]]\ncode = 'ACC002'\nreason = 'x'\nuntil = 2027-01-01";
    fs::write(folder.path().join("sekimori.toml"), config).unwrap();
    let example = root().join("examples/small-company").display().to_string();
    let table = file("prowler.csv").display().to_string();
    let arguments = ["import", &example, "--from", &table, "--format", "json"];
    let answer = run_in(folder.path(), &arguments, b"", &[]).json();
    let both = of_kind(&answer, "both_find");
    assert_eq!(both[0]["ours"][0]["status"], "suppressed");
}

#[test]
fn what_the_team_lives_with_is_no_contradiction() {
    let folder = scratch();
    let config = "[[suppress]]\ncode = 'ACC002'\nreason = 'x'\nuntil = 2027-01-01";
    fs::write(folder.path().join("sekimori.toml"), config).unwrap();
    let table = format!(
        "CHECK_ID;STATUS;RESOURCE_UID;RESOURCE_NAME\nvm_linux_enforce_ssh_authentication;PASS;{VM}/dns1;n\n"
    );
    let example = root().join("examples/small-company").display().to_string();
    let arguments = ["import", &example, "--from", "-"];
    let ran = run_in(folder.path(), &arguments, table.as_bytes(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("the team lives with (suppressed): 1\n"), "{}", ran.out);
    // The same without the decision, on standard input, too.
    let ran = run(&["import", &example, "--no-config", "--from", "-"], table.as_bytes());
    assert_eq!(ran.code, 1, "{}", ran.err);
    let twice = run(&["import", "-", "--no-config", "--from", "-"], table.as_bytes());
    assert!(twice.code == 2 && twice.err.contains("can be read once"), "{}", twice.err);
}

#[test]
fn checks_that_were_not_assessed_say_so() {
    let folder = scratch();
    let path = folder.path().join("theirs.csv");
    let subscription = VM.split("/resourceGroups").next().unwrap();
    let plan = format!("{subscription}/providers/Microsoft.Security/pricings/VirtualMachines");
    let mut text = String::from("CHECK_ID;STATUS;RESOURCE_UID;RESOURCE_NAME\n");
    text += &format!("vm_backup_enabled;FAIL;{VM}/dns1;n\n");
    text += &format!("defender_ensure_defender_for_server_is_on;FAIL;{plan};n\n");
    text += "defender_ensure_defender_for_server_is_on;FAIL;/subscriptions/22222222-2222-2222-2222-222222222222;n\n";
    fs::write(&path, text).unwrap();
    let machine =
        json!({"id": format!("{VM}/dns1"), "properties": {"hardwareProfile": {"vmSize": "Standard_D2s_v5"}}});
    let from = path.display().to_string();
    let arguments = ["import", "-", "--no-config", "--from", &from, "--format", "json"];
    let answer = run(&arguments, machine.to_string().as_bytes()).json();
    let told = of_kind(&answer, "they_find_we_cannot_tell");
    assert_eq!(told.len(), 2, "{answer:#}");
    for one in told {
        assert_eq!(one["ours"][0]["status"], "not_assessed");
        assert!(!one["ours"][0]["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(answer["unmatched"][0]["why"], "not_in_the_input");
}

#[test]
fn a_file_without_results_says_so() {
    let folder = scratch();
    let path = folder.path().join("theirs.json");
    fs::write(&path, "[]").unwrap();
    let ran = import(&[&path], &[]);
    assert!(ran.code == 0 && ran.out.contains("holds no result"), "{}", ran.out);
}

#[test]
fn what_cannot_be_used_is_told_in_both_languages() {
    let folder = scratch();
    let check = |bytes: &[u8], english: &str, japanese: &str| {
        let path = folder.path().join("theirs");
        fs::write(&path, bytes).unwrap();
        let ran = import(&[&path], &[]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{english}");
        assert!(ran.err.contains(english) && ran.err.contains("theirs` cannot be used"), "{}", ran.err);
        let ran = import(&[&path], &["--lang", "ja"]);
        assert!(ran.err.contains(japanese) && ran.err.contains("theirs` を利用できません"), "{}", ran.err);
    };
    check(b"", "the file is empty", "ファイルが空です");
    check(b"[{\n\"a\"", "line 2, column 3", "2 行 3 列目: JSON が正しくありません");
    check(b"{\"schema\":\"sekimori.check/1\"}", "neither OCSF nor SARIF", "いずれでもありません");
    check(
        b"CHECK_ID;STATUS;RESOURCE_NAME\n",
        "lacks the columns RESOURCE_UID",
        "必要な列がありません: RESOURCE_UID",
    );
    check(b"resourceId,recommendationName,state\n\"a", "line 2: a quoted cell", "2 行目: 引用符");
    check(b"resourceId,state\n\x82\xa0", "not UTF-8", "「CSV UTF-8」で保存してください");
    check(&vec![b'x'; 100 << 20], "line 1: neither", "1 行目: OCSF");
    let ran = import(&[&folder.path().join("gone")], &[]);
    assert!(ran.code == 2 && ran.err.contains("cannot read `"), "{}", ran.err);
    assert_eq!(run(&["import", "x"], b"").code, 2);
}

#[test]
fn a_file_in_utf_16_is_read() {
    let folder = scratch();
    let path = folder.path().join("theirs.csv");
    let text = fs::read_to_string(file("prowler.csv")).unwrap();
    let bytes: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(&path, bytes).unwrap();
    assert_eq!(json(&[&path])["summary"]["both_find"], 1);
}

#[test]
fn hostile_names_do_not_act() {
    let folder = scratch();
    let path = folder.path().join("theirs.json");
    let hostile = "\u{1b}[2J\u{202e}##vso[x]\u{9b}31m\r\n=1";
    let event = |rule: &str, uid: &str| {
        json!({"class_uid": 2004, "status_code": "FAIL", "message": hostile, "resources": [{"uid": uid, "name": hostile}],
            "metadata": {"event_code": rule, "product": {"name": hostile, "version": hostile}},
            "finding_info": {"title": hostile}})
    };
    let events = json!([
        event(hostile, hostile),
        event("CKV_AZURE_1", hostile),
        event("CKV_AZURE_1", &format!("{VM}/app1"))
    ]);
    fs::write(&path, events.to_string()).unwrap();
    for lang in ["en", "ja"] {
        let ran = import(&[&path], &["--lang", lang]);
        assert!(!ran.out.chars().any(|c| c.is_control() && c != '\n'), "{:?}", ran.out);
        assert!(!ran.out.contains('\u{202e}') && !ran.out.contains("##vso["), "{:?}", ran.out);
    }
}

/// What tools really wrote, in a folder `shared` beside the repository.
#[test]
fn what_tools_really_wrote_is_read() {
    let shared = root().parent().map(|folder| folder.join("shared/peer-fixtures/results"));
    let Some(entries) = shared.and_then(|folder| fs::read_dir(folder).ok()) else {
        eprintln!(
            "skipped: no folder `shared/peer-fixtures/results` beside the repository, so no real output of other tools was read"
        );
        return;
    };
    let mut read = 0;
    for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let answer = json(&[&path]);
        assert!(!answer["tools"].as_array().unwrap().is_empty(), "{}", path.display());
        read += 1;
    }
    assert!(read > 0);
}
