//! Policies and a team's own checks, as the program judges by them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use common::{root, run};
use serde_json::Value;

fn example(name: &str) -> String {
    root().join("examples").join(name).display().to_string()
}

fn standings(source: &str, policy: &str) -> BTreeMap<String, (String, Value)> {
    let ran = run(&["policy", "list", source, "--policy", policy, "--format", "json"], b"");
    assert!([0, 3].contains(&ran.code), "{}", ran.err);
    let all = ran.json()["policies"].as_array().unwrap().clone();
    let name = |row: &Value| row["policy"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    all.iter()
        .map(|row| (name(row), (row["standing"].as_str().unwrap().to_owned(), row["resources"].clone())))
        .collect()
}

fn counts(source: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (standing, _) in standings(source, "builtin").into_values() {
        *counts.entry(standing).or_default() += 1;
    }
    counts
}

/// The figures of docs/policies.md.
#[test]
fn how_many_of_azures_own_are_judged() {
    let watched = counts(&example("watched-estate"));
    eprintln!("watched-estate: {watched:?}");
    assert_eq!(watched.values().sum::<usize>(), 586);
    assert_eq!(watched["judged"], 146, "docs/policies.md has the figure, too");
    let small = counts(&example("small-company"));
    eprintln!("small-company: {small:?}");
    assert_eq!(small["judged"], 115, "docs/policies.md has the figure, too");
}

/// What Azure publishes and what the program holds of it give the same verdicts.
#[test]
fn what_is_left_out_of_definitions_does_not_matter() {
    let folder = root().parent().unwrap().join("shared/azure/policies");
    if !folder.is_dir() {
        return eprintln!(
            "skipped: no folder `shared` beside the repository, so published definitions were not compared"
        );
    }
    let source = example("watched-estate");
    let published = standings(&source, &folder.display().to_string());
    assert_eq!(published, standings(&source, "builtin"));
}

/// Where a policy and a check of ours speak of the same thing and do not say the same: why. Everything else that differs does so
/// because Azure's own look at the machine, which the policy asks for, is not there: then the policy is not met, as in Azure, and
/// the check judges by what is.
const OTHERWISE: [(&str, &str, &str); 8] = [
    (
        "BKP007",
        "vault-old",
        "the policy forbids the redundancy that its parameter names; the check asks for two regions",
    ),
    (
        "ENC003",
        "branch1-os",
        "the policy knows keys of encryption sets alone; the machine has one of its own from within",
    ),
    ("HRD002", "old2", "the policy spares machines of generation 1; the check asks for new ones"),
    ("HRD006", "edge2", "the policy asks for the extension; the check for results"),
    ("HRD006", "old1", "the same: there are results, and the extension is not told"),
    (
        "JIT002",
        "edge1",
        "the policy repeats what Defender for Cloud says, and DEF006 tells that it is mistaken",
    ),
    ("NET001", "edge1", "the same"),
    (
        "BKP007",
        "vault-shop",
        "the same: it forbids two regions, which is what its parameter names by default",
    ),
];

#[test]
fn policies_and_checks_agree_or_the_difference_is_explained() {
    let ran =
        run(&["check", &example("watched-estate"), "--policy", "builtin", "--all", "--format", "json"], b"");
    let report = ran.json();
    let checks = run(&["checks", "--format", "json"], b"").json();
    let mut counterpart: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for check in checks.as_array().unwrap() {
        for reference in check["refs"].as_array().unwrap() {
            if let Some(id) = reference.as_str().unwrap().strip_prefix("Azure Policy ") {
                let code = check["code"].as_str().unwrap().to_owned();
                counterpart.entry(format!("POL-{}", &id[..8])).or_default().insert(code);
            }
        }
    }
    assert!(counterpart.len() > 60, "{}", counterpart.len());
    let mut said: BTreeMap<(&str, String), (bool, &Value)> = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        let key = (finding["code"].as_str().unwrap(), finding["resource"].as_str().unwrap().to_lowercase());
        let fails = finding["status"] == "fail";
        let before = said.get(&key).is_some_and(|(fails, _)| *fails);
        if !before {
            said.insert(key, (fails, finding));
        }
    }
    let (mut agree, mut otherwise, mut for_want) = (0, BTreeSet::new(), 0);
    for (policy, codes) in &counterpart {
        for ((_, resource), (fails, finding)) in said.iter().filter(|((code, _), _)| code == policy) {
            for code in codes {
                let Some((own, _)) = said.get(&(code.as_str(), resource.clone())) else { continue };
                let missing = finding["evidence"]["missing"].as_str().unwrap_or_default();
                if own == fails {
                    agree += 1;
                } else if *fails
                    && [
                        "microsoft.security/assessments",
                        "microsoft.guestconfiguration/guestconfigurationassignments",
                        "microsoft.network/networkwatchers/flowlogs",
                    ]
                    .contains(&missing)
                {
                    for_want += 1;
                } else {
                    otherwise.insert((
                        code.as_str(),
                        resource.rsplit('/').next().unwrap().to_owned(),
                        policy.as_str(),
                    ));
                }
            }
        }
    }
    eprintln!("agree {agree}, differ for want of Azure's own look {for_want}, otherwise {otherwise:?}");
    assert!(agree > 120, "{agree}");
    let explained: BTreeSet<(&str, &str)> = OTHERWISE.iter().map(|(code, name, _)| (*code, *name)).collect();
    let told: BTreeSet<(&str, &str)> =
        otherwise.iter().map(|(code, name, _)| (*code, name.as_str())).collect();
    assert_eq!(told, explained);
}

#[test]
fn the_example_policies_are_judged_in_both_languages() {
    for (lang, words) in
        [("en", "let the internet in"), ("ja", "管理ポートへの接続をインターネット全体に許可しない")]
    {
        let ran = run(
            &["check", &example("watched-estate"), "--policy", &example("policies"), "--lang", lang],
            b"",
        );
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.out.contains("POL-no-open-management-rule") && ran.out.contains(words), "{}", ran.out);
        assert!(ran.out.contains("examples/policies") || ran.out.contains("no-open-management-rule.json:1"));
        assert!(ran.out.contains("POL-fc4d8e41"), "a definition of Azure's own that the initiative names");
    }
    // The score is the same for every team.
    let score = |args: &[&str]| run(args, b"").json()["score"].clone();
    let source = example("watched-estate");
    let plain = score(&["check", &source, "--format", "json"]);
    assert_eq!(
        plain,
        score(&[
            "check",
            &source,
            "--format",
            "json",
            "--policy",
            "builtin",
            "--policy",
            &example("policies")
        ])
    );
}

fn own(folder: &Path, name: &str, code: &str, rules: &str) {
    let package = name.replace('-', "_");
    let text = format!(
        "package sekimori.own.{package}\n\nimport rego.v1\n\nmetadata := {{\"code\": \"{code}\", \"severity\": \"high\", \"checkpoint\": \"ports\", \"title\": {{\"en\": \"{name}\", \"ja\": \"{name} (日本語)\"}}}}\n\n{rules}\n"
    );
    fs::write(folder.join(format!("{name}.rego")), text).unwrap();
}

#[test]
fn a_check_of_ones_own_starts_from_a_template_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let made = run(&["policy", "new", "no_owner", "--to", &path], b"");
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(run(&["policy", "new", "no_owner", "--to", &path], b"").code, 2, "nothing is written over");
    assert_eq!(run(&["policy", "new", "../x", "--to", &path], b"").code, 2);
    let tested = run(&["policy", "test", &path], b"");
    assert_eq!(
        (tested.code, tested.out.contains("3 passed, 0 failed")),
        (0, true),
        "{}{}",
        tested.out,
        tested.err
    );
    let checked =
        run(&["check", &example("watched-estate"), "--policy", &path, "--format", "json"], b"").json();
    let findings = checked["findings"].as_array().unwrap();
    let own: Vec<&Value> = findings.iter().filter(|finding| finding["code"] == "OWN001").collect();
    assert_eq!(own.len(), 3, "{own:?}");
    assert!(own[0]["location"]["line"].as_u64().unwrap() > 1);
    assert!(
        checked["unknown"].as_array().unwrap().iter().any(|row| row["code"] == "OWN001" && row["count"] == 4)
    );
    // A test that does not hold.
    let test = folder.path().join("no_owner_test.rego");
    let text = fs::read_to_string(&test).unwrap().replace("count(found) == 1", "count(found) == 2");
    fs::write(test, text).unwrap();
    let broken = run(&["policy", "test", &path], b"");
    assert_eq!((broken.code, broken.out.contains("2 passed, 1 failed")), (1, true), "{}", broken.out);
}

#[test]
fn what_is_wrong_with_own_checks_is_told_and_the_rest_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    own(
        folder.path(),
        "good",
        "GOD001",
        "fail contains {\"resource\": m.id, \"message\": {\"en\": \"bad\", \"ja\": \"不可\"}} if some m in input.machines",
    );
    own(folder.path(), "typo", "TYP001", "fail contains x if {\n\tx := nope(1)\n}");
    own(folder.path(), "taken", "NET001", "pass contains \"x\" if false");
    own(folder.path(), "clock", "CLK001", "fail contains x if x := time.now_ns()");
    own(folder.path(), "chance", "CHC001", "fail contains x if x := rand.intn(\"a\", 4)");
    own(
        folder.path(),
        "network",
        "WEB001",
        "fail contains x if x := http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1\"})",
    );
    own(folder.path(), "lookup", "DNS001", "fail contains x if x := net.lookup_ip_addr(\"localhost\")");
    own(folder.path(), "nowhere", "NWH001", "fail contains {\"resource\": \"/nowhere\", \"message\": \"x\"}");
    own(folder.path(), "shape", "SHP001", "fail contains {\"resource\": m.id} if some m in input.machines");
    own(folder.path(), "memory", "MEM001", "fail contains x if x := count(numbers.range(1, 10000000000))");
    fs::write(folder.path().join("broken.json"), "{\n  \"a\": ,\n}").unwrap();
    let path = folder.path().display().to_string();
    let ran = run(&["check", &example("small-company"), "--policy", &path, "--format", "json"], b"");
    assert_eq!(ran.code, 3, "{}", ran.err);
    let report = ran.json();
    assert!(report["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == "GOD001"));
    let notices: String = report["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{}\n", one.as_str().unwrap()))
        .collect();
    for words in [
        "typo.rego:8:14: this check went wrong: could not find function nope",
        "taken.rego:1:1: the metadata of this check are not as they should be: code: `NET` is taken",
        "clock.rego:7:36: this check went wrong: could not find function time.now_ns",
        "there is no chance in checks",
        "could not find function http.send",
        "could not find function net.lookup_ip_addr",
        "the estate holds no resource `/nowhere`",
        "shape.rego:1:1: this check went wrong: fail: missing field `message`",
        "memory.rego: this check was stopped",
        "broken.json:2:8: this is no JSON",
    ] {
        assert!(notices.contains(words), "`{words}` is not in\n{notices}");
    }
    let japanese = run(&["check", &example("small-company"), "--policy", &path, "--lang", "ja"], b"");
    assert!(japanese.out.contains("good (日本語)") || japanese.out.contains("不可"), "{}", japanese.out);
    assert!(japanese.out.contains("JSON として読み取れません"), "{}", japanese.out);
}

#[test]
fn a_check_that_does_not_end_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    own(
        folder.path(),
        "loop",
        "LOP001",
        "fail contains x if {\n\tsome x in numbers.range(1, 1000000)\n\tsome y in numbers.range(1, 1000000)\n\tx * y == -1\n}",
    );
    let ran =
        run(&["check", &example("small-company"), "--policy", &folder.path().display().to_string()], b"");
    assert_eq!(ran.code, 3);
    assert!(
        ran.out.contains("loop.rego: this check was stopped: it takes too long"),
        "{}{}",
        ran.out,
        ran.err
    );
}

#[test]
fn secrets_do_not_get_into_own_checks() {
    let folder = tempfile::tempdir().unwrap();
    let vm = r#"{"id":"/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm1","name":"vm1","type":"Microsoft.Compute/virtualMachines","properties":{"osProfile":{"adminUsername":"kato","adminPassword":"hunter2-hunter2","customData":"aHVudGVyMi1odW50ZXIy"}}}"#;
    let source = folder.path().join("vm.json");
    fs::write(&source, vm).unwrap();
    let ran = run(&["policy", "input", &source.display().to_string()], b"");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("kato") && !ran.out.contains("hunter2") && !ran.out.contains("aHVudGVy"),
        "{}",
        ran.out
    );
}

#[test]
fn policies_are_selected_like_checks() {
    let codes = |args: &[&str]| -> BTreeSet<String> {
        let source = example("watched-estate");
        let policies = example("policies");
        let all = [&["check", &source, "--policy", &policies, "--format", "json"], args].concat();
        let ran = run(&all, b"");
        assert!([0, 1].contains(&ran.code), "{}", ran.err);
        let findings = ran.json()["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    };
    let all = codes(&[]);
    assert!(all.contains("POL-fc4d8e41") && all.contains("NET001"));
    assert!(codes(&["--select", "POL"]).iter().all(|code| code.starts_with("POL-")));
    assert_eq!(codes(&["--select", "POL-fc4d8e41,NET001"]).len(), 2);
    assert!(codes(&["--select", "NET001"]).iter().all(|code| code == "NET001"));
    assert!(!codes(&["--ignore", "pol-fc4"]).contains("POL-fc4d8e41"));
    let ran = run(
        &["check", &example("watched-estate"), "--policy", &example("policies"), "--select", "POL-nothing"],
        b"",
    );
    assert_eq!(ran.code, 2, "{}", ran.err);
}

#[test]
fn settings_name_policies_and_own_checks() {
    let folder = tempfile::tempdir().unwrap();
    own(
        folder.path(),
        "own",
        "OWN001",
        "fail contains {\"resource\": m.id, \"message\": \"x\"} if some m in input.machines",
    );
    let (source, policies, own) =
        (example("watched-estate"), example("policies"), folder.path().display().to_string());
    let severity = |code: &str, args: &[&str]| -> BTreeSet<String> {
        let all =
            [&["check", &source, "--policy", &policies, "--policy", &own, "--format", "json"], args].concat();
        let ran = run(&all, b"");
        assert!([0, 1].contains(&ran.code), "{}", ran.err);
        let findings = ran.json()["findings"].as_array().unwrap().clone();
        let of = findings.iter().filter(|finding| finding["code"] == code);
        of.map(|finding| finding["severity"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        severity("POL-fc4d8e41", &["--severity", "POL-fc4d8e41=low"]),
        BTreeSet::from(["low".to_owned()])
    );
    assert_eq!(
        severity("OWN001", &["--severity", "own001=critical"]),
        BTreeSet::from(["critical".to_owned()])
    );
    let configuration = folder.path().join("sekimori.toml");
    fs::write(
        &configuration,
        "[severity]\nPOL-fc4d8e41 = \"critical\"\n\n[[suppress]]\ncode = \"OWN001\"\nreason = \"known\"\nuntil = \"2099-12-31\"\n",
    )
    .unwrap();
    let configuration = configuration.display().to_string();
    assert_eq!(
        severity("POL-fc4d8e41", &["--config", &configuration]),
        BTreeSet::from(["critical".to_owned()])
    );
    assert!(severity("OWN001", &["--config", &configuration]).is_empty(), "suppressed");
    let ran = run(&["check", &source, "--policy", &policies, "--require", "POL-fc4d8e41"], b"");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let ran = run(&["check", &source, "--policy", &policies, "--require", "OWN001"], b"");
    assert_eq!(ran.code, 3, "{}", ran.err);
}

#[test]
fn the_report_keeps_its_schema_with_policies() {
    let text = fs::read_to_string(root().join("docs/schema/check-1.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    let report =
        run(&["check", &example("watched-estate"), "--policy", "builtin", "--all", "--format", "json"], b"")
            .json();
    let faults: Vec<_> =
        schema.iter_errors(&report).map(|error| format!("{error} at {}", error.instance_path)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let mut seen = BTreeSet::new();
    for finding in report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["code"].as_str().unwrap().starts_with("POL"))
    {
        assert!(
            seen.insert((finding["code"].clone().to_string(), finding["resource"].to_string())),
            "{finding}"
        );
    }
}

#[test]
fn one_bad_file_of_a_folder_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(root().join("examples/policies/machines-are-backed-up.json"), folder.path().join("good.json"))
        .unwrap();
    fs::write(folder.path().join("large.json"), vec![b' '; (16 << 20) + 10]).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/nowhere", folder.path().join("dangling.json")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("endless.json")).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("self.json")).unwrap();
    }
    let ran = run(
        &[
            "check",
            &example("watched-estate"),
            "--policy",
            &folder.path().display().to_string(),
            "--format",
            "json",
        ],
        b"",
    );
    assert_eq!(ran.code, 3, "{}", ran.err);
    let report = ran.json();
    assert!(
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["code"] == "POL-machines-are-backed-up")
    );
    assert!(report["notices"].to_string().contains("16 MiB"), "{}", report["notices"]);
}

#[test]
fn checks_of_a_folder_share_what_they_need_and_tests_stand_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("lib.rego"),
        "package lib\n\nimport rego.v1\n\nbad(machine) if machine.name != \"\"\n",
    )
    .unwrap();
    own(
        folder.path(),
        "uses",
        "OWN002",
        "fail contains {\"resource\": m.id, \"message\": \"x\"} if {\n\tsome m in input.machines\n\tdata.lib.bad(m)\n}",
    );
    fs::write(
        folder.path().join("uses_test.rego"),
        "package uses_test\n\nimport rego.v1\n\n  test_bad if data.lib.bad({\"name\": \"a\"})\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("broken_test.rego"),
        "package broken_test\n\nimport rego.v1\n\ntest_x if {\n",
    )
    .unwrap();
    let path = folder.path().display().to_string();
    let ran = run(&["check", &example("small-company"), "--policy", &path, "--select", "OWN002"], b"");
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let tested = run(&["policy", "test", &path], b"");
    assert_eq!(tested.code, 1);
    assert!(
        tested.out.contains("1 passed, 1 failed") && tested.out.contains("broken_test.rego:6:1"),
        "{}",
        tested.out
    );
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_when_the_program_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    own(
        folder.path(),
        "slow",
        "SLW001",
        "fail contains x if {\n\tsome x in numbers.range(1, 1000000)\n\tsome y in numbers.range(1, 1000000)\n\tx * y == -1\n}",
    );
    let mut parent = std::process::Command::new(env!("CARGO_BIN_EXE_sekimori"))
        .args(["check", &example("small-company"), "--policy", &folder.path().display().to_string()])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let child = |of: u32| -> Option<u32> {
        let text = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    let worker = (0..400).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(25));
        child(parent.id())
    });
    let worker = worker.expect("a process works the check out");
    parent.kill().unwrap();
    parent.wait().unwrap();
    let gone = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(25));
        let state = fs::read_to_string(format!("/proc/{worker}/stat")).unwrap_or_default();
        state.is_empty() || state.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
    });
    assert!(gone, "the process {worker} is still there");
}

#[test]
fn what_cannot_be_read_is_told() {
    for (path, words) in [
        ("/nowhere.json", "cannot read the policies in `/nowhere.json`"),
        ("examples-that-are-not-there", "cannot read the policies"),
    ] {
        let ran = run(&["check", &example("small-company"), "--policy", path], b"");
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(words), "{}", ran.err);
    }
    let empty = tempfile::tempdir().unwrap();
    let ran =
        run(&["check", &example("small-company"), "--policy", &empty.path().display().to_string()], b"");
    assert_eq!((ran.code, ran.err.contains("holds no .json or .rego file")), (2, true), "{}", ran.err);
}

#[test]
fn newer_definitions_can_be_brought() {
    let folder = tempfile::tempdir().unwrap();
    let published = folder.path().join("published");
    fs::create_dir(&published).unwrap();
    let definition =
        fs::read_to_string(root().join("examples/policies/machines-are-backed-up.json")).unwrap();
    fs::write(published.join("a.json"), definition).unwrap();
    let (from, to) = (published.display().to_string(), folder.path().join("kept.zst").display().to_string());
    let ran = run(&["policy", "update", &from, "--date", "2026-11-01", "--to", &to], b"");
    assert_eq!(
        (ran.code, ran.out.contains("1 policy definitions of 2026-11-01") || ran.out.contains("1 policy")),
        (0, true),
        "{}",
        ran.err
    );
    assert!(fs::metadata(&to).unwrap().len() > 50);
    for (args, words) in [
        (["policy", "update", from.as_str(), "--date", "2026-13-01"], "is no day"),
        (["policy", "update", "/nowhere", "--date", "2026-11-01"], "cannot read the folder"),
    ] {
        let ran = run(&args, b"");
        assert_eq!((ran.code, ran.err.contains(words)), (2, true), "{}", ran.err);
    }
}

/// Every resource in a recording, wherever it stands.
fn resources_in(value: &Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            let text = |name: &str| members.get(name).and_then(Value::as_str);
            if let (Some(id), Some(_), Some(properties)) =
                (text("id"), text("type"), members.get("properties"))
            {
                // Of several recordings of one resource the fullest counts.
                let fuller = |old: &Value| old.to_string().len() < value.to_string().len();
                if properties.is_object()
                    && id.starts_with('/')
                    && into.get(&id.to_lowercase()).is_none_or(fuller)
                {
                    into.insert(id.to_lowercase(), value.clone());
                }
            }
            members.values().for_each(|inner| resources_in(inner, into));
        }
        Value::Array(items) => items.iter().for_each(|item| resources_in(item, into)),
        Value::String(text) if text.starts_with(['{', '[']) => {
            if let Ok(inner) = serde_json::from_str(text) {
                resources_in(&inner, into);
            }
        }
        _ => {}
    }
}

/// The figure of docs/policies.md for resources that other tools have recorded.
#[test]
fn recorded_resources_are_judged() {
    let folder = root().parent().unwrap().join("shared/azure/responses");
    if !folder.is_dir() {
        return eprintln!(
            "skipped: no folder `shared` beside the repository, so recorded resources were not judged"
        );
    }
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        if let Ok(recording) = serde_json::from_str(text.trim_start_matches('\u{feff}')) {
            resources_in(&recording, &mut all);
        }
    }
    let file = tempfile::Builder::new().suffix(".ndjson").tempfile().unwrap();
    let lines: String = all.values().map(|one| format!("{one}\n")).collect();
    fs::write(file.path(), lines).unwrap();
    let counts = counts(&file.path().display().to_string());
    eprintln!("{} recorded resources: {counts:?}", all.len());
    assert_eq!(counts.values().sum::<usize>(), 586);
    assert!(counts["judged"] >= 100, "docs/policies.md has the figure, too");
}

#[test]
fn what_own_checks_see_is_as_its_schema_says() {
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(root().join("docs/schema").join(name)).unwrap()).unwrap()
    };
    let check = read("check-1.json");
    let address = check["$id"].as_str().unwrap().to_owned();
    let schema = jsonschema::options()
        .with_resource(address, jsonschema::Resource::from_contents(check).unwrap())
        .build(&read("estate-1.json"))
        .unwrap();
    for name in ["watched-estate", "small-company"] {
        let input = run(&["policy", "input", &example(name)], b"").json();
        let faults: Vec<_> =
            schema.iter_errors(&input).map(|error| format!("{error} at {}", error.instance_path)).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        assert!(
            input["machines"]
                .as_array()
                .unwrap()
                .iter()
                .any(|machine| !machine["open"].as_array().unwrap().is_empty())
        );
        let mut broken = input.clone();
        broken["machines"][0]["os"] = "plan9".into();
        assert!(!schema.is_valid(&broken));
    }
}
