//! `sekimori collect`, and `check` without a SOURCE, against a stand-in for Azure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod azure;
mod common;

use std::path::Path;

use azure::{Sim, principal};
use azure_sim::{Fault, Running, Script};
use common::{Ran, example_resources, run_in, scratch};
use serde_json::{Value, json};

/// The example estate, running.
fn sim(faults: Vec<Script>) -> Sim {
    azure::sim(example_resources(), Vec::new(), faults)
}

fn sekimori(folder: &Path, sim: &Running, arguments: &[&str], language: &str) -> Ran {
    std::fs::write(folder.join("authority.pem"), &sim.authority).unwrap();
    let live = ["--cloud", &sim.base, "--authority", "authority.pem"];
    run_in(folder, &[arguments, &live].concat(), b"", &principal(language))
}

/// What a report says of each VM.
fn findings(report: &Value) -> Vec<String> {
    // Others tell more of a snapshot, which was asked for more than the files hold.
    let of = |one: &&Value| common::REACHABILITY.contains(one["code"].as_str().unwrap());
    let all = report["findings"].as_array().unwrap().iter().filter(of);
    let mut all: Vec<_> = all.map(|one| format!("{} {}", one["code"], one["id"])).collect();
    all.sort();
    all
}

#[test]
fn what_runs_is_judged_as_what_was_saved_is() {
    let sim = sim(Vec::new());
    let folder = scratch();
    let live = sekimori(folder.path(), &sim, &["check", "--format", "json", "--fail-on", "never"], "C");
    assert_eq!(live.code, 0, "{}", live.err);
    let collected = sekimori(folder.path(), &sim, &["collect", "-o", "estate.ndjson.zst"], "C");
    assert_eq!(collected.code, 0, "{}", collected.err);
    assert!(collected.err.contains("by environment"), "{}", collected.err);
    let saved = run_in(
        folder.path(),
        &["check", "estate.ndjson.zst", "--format", "json", "--fail-on", "never"],
        b"",
        &[],
    );
    assert_eq!(findings(&live.json()), findings(&saved.json()));
    assert_eq!(live.json()["source"], "azure");
    let example = run_in(
        folder.path(),
        &["check", &common::example(), "--format", "json", "--fail-on", "never"],
        b"",
        &[],
    );
    assert_eq!(findings(&live.json()), findings(&example.json()));
    // No secret of ours is anywhere.
    for text in [&live.out, &live.err, &collected.out, &collected.err] {
        assert!(!text.contains("hunter2") && !text.contains("eyJ"), "{text}");
    }
}

#[test]
fn what_may_not_be_read_is_an_error_of_the_input() {
    let locks = vec![Script {
        when: "Authorization/locks".to_owned(),
        fault: Fault::Forbidden,
        after: 0,
        times: usize::MAX,
    }];
    let sim = sim(locks);
    let folder = scratch();
    let collected = sekimori(folder.path(), &sim, &["collect", "-o", "estate.ndjson.zst"], "C");
    assert_eq!(collected.code, 3, "{}", collected.err);
    assert!(
        collected.err.contains("needs Microsoft.Authorization/locks/read (role Reader)"),
        "{}",
        collected.err
    );
    let checked = run_in(folder.path(), &["check", "estate.ndjson.zst", "--format", "json"], b"", &[]);
    assert_eq!(checked.code, 3);
    let error = checked.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(error.contains("locks of") && error.contains("locks/read (role Reader)"), "{error}");
    let japanese = sekimori(folder.path(), &sim, &["check", "--format", "json"], "ja_JP.UTF-8").json();
    let told = japanese["errors"][0]["message"].as_str().unwrap();
    assert!(
        told.starts_with("サブスクリプション ") && told.contains("のロックを読み取る権限がありません"),
        "{told}"
    );
    let english: Vec<_> = told.split(|one: char| !one.is_ascii_alphabetic()).collect();
    assert!(!english.contains(&"subscriptions") && !english.contains(&"of"), "{told}");
}

#[test]
fn nobody_signed_in_says_what_to_do() {
    let refused = vec![Script {
        when: "oauth2/v2.0/token".to_owned(),
        fault: Fault::Forbidden,
        after: 0,
        times: usize::MAX,
    }];
    let sim = sim(refused);
    let folder = scratch();
    let ran = sekimori(folder.path(), &sim, &["check"], "C");
    assert_eq!(ran.code, 2);
    for part in ["nobody is signed in", "environment: ", "az login", "az network nsg list"] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    let japanese = sekimori(folder.path(), &sim, &["check"], "ja_JP.UTF-8");
    assert!(japanese.err.contains("サインインしていません"), "{}", japanese.err);
    let absent = run_in(
        folder.path(),
        &["check", "--cloud", &sim.base, "--authority", "authority.pem"],
        b"",
        &[("LANG", "ja_JP.UTF-8"), ("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")],
    );
    assert!(absent.err.contains("AZURE_CLIENT_CERTIFICATE_PATH を設定してください"), "{}", absent.err);
    let odd = sekimori(folder.path(), &sim, &["collect"], "C");
    assert_eq!(odd.code, 2);
    assert!(odd.err.contains("--output estate.ndjson.zst"), "{}", odd.err);
    let both = run_in(folder.path(), &["check", "estate.json", "--no-directory"], b"", &[]);
    assert_eq!(both.code, 2);
    assert!(both.err.contains("leave SOURCE out"), "{}", both.err);
    let wrong = run_in(folder.path(), &["check", "--cloud", "http://localhost/"], b"", &[]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("is no cloud"), "{}", wrong.err);
    let japanese = [("LANG", "ja_JP.UTF-8")];
    for (arguments, environment, part) in [
        (&["check", "--cloud", "Azur"][..], &japanese[..], "というクラウドはありません"),
        (&["check", "--cloud", "https://localhost:1/"], &japanese, "に問い合わせできません"),
        (&["check", "--authority", "nothing.pem"], &japanese, "を読み取れません"),
        (&["check"], &[japanese[0], ("AZURE_TOKEN_CREDENTIALS", "cli")], "の値 `cli` が正しくありません"),
    ] {
        let ran = run_in(folder.path(), arguments, b"", environment);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(part), "{}", ran.err);
    }
}

#[test]
fn the_plan_is_a_role_that_only_reads() {
    let folder = scratch();
    let ran =
        run_in(folder.path(), &["collect", "--plan", "--format", "json", "--subscription", "s"], b"", &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let role = ran.json();
    assert_eq!(role["AssignableScopes"], serde_json::json!(["/subscriptions/s"]));
    let actions = role["Actions"].as_array().unwrap();
    assert!(
        actions.len() > 10 && actions.iter().all(|action| action.as_str().unwrap().ends_with("/read")),
        "{role:#}"
    );
    let text = run_in(folder.path(), &["collect", "--plan"], b"", &[]).out;
    assert!(text.contains("Policy.Read.All") && text.contains("az role definition create"), "{text}");
    let without = run_in(folder.path(), &["collect", "--plan", "--no-directory"], b"", &[]).out;
    assert!(!without.contains("Policy.Read.All"), "{without}");
}

/// A request that is told to wait for a minute, once: time to be stopped in.
fn a_minute(when: &str) -> Vec<Script> {
    vec![Script { when: when.to_owned(), fault: Fault::Throttled(Some(60)), after: 0, times: 1 }]
}

/// Starts the program, sends it Ctrl-C when something is so, and waits for its end.
fn interrupted(folder: &Path, sim: &Running, arguments: &[&str], when: impl Fn() -> bool) -> (i32, String) {
    std::fs::write(folder.join("authority.pem"), &sim.authority).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_sekimori"))
        .args(arguments)
        .args(["--cloud", &sim.base, "--authority", "authority.pem"])
        .current_dir(folder)
        .envs(principal("C"))
        .env("XDG_DATA_HOME", "/nonexistent")
        .env("TMPDIR", folder)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while !when() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was stopped");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    (ended.status.code().unwrap_or(-1), String::from_utf8(ended.stderr).unwrap())
}

#[test]
fn who_stops_it_goes_on_later() {
    let sim = sim(a_minute("roleEligibilityScheduleInstances"));
    let folder = scratch();
    let journal = folder.path().join("estate.ndjson.zst.journal");
    // It waits, and enough was collected before.
    let waits = || sim.seen().iter().any(|seen| seen.status == 429);
    let written = || waits() && std::fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() > 10);
    let (code, said) = interrupted(folder.path(), &sim, &["collect", "-o", "estate.ndjson.zst"], written);
    assert_eq!(code, 130, "{said}");
    assert!(said.contains("the same command goes on with it"), "{said}");
    assert!(!folder.path().join("estate.ndjson.zst").exists() && journal.exists());
    let before = sim.seen().len();
    let again = sekimori(folder.path(), &sim, &["collect", "-o", "estate.ndjson.zst"], "C");
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.err.contains("goes on where it was stopped"), "{}", again.err);
    let again = sim.seen().len() - before;
    sekimori(folder.path(), &sim, &["collect", "-o", "whole.ndjson.zst"], "C");
    let whole = sim.seen().len() - before - again;
    assert!(again + 10 <= whole, "what was collected is not asked again: {again} of {whole} requests");
    let saved = run_in(folder.path(), &["check", "estate.ndjson.zst", "--format", "json"], b"", &[]).json();
    let example = run_in(folder.path(), &["check", &common::example(), "--format", "json"], b"", &[]).json();
    assert_eq!(findings(&saved), findings(&example));
}

#[test]
fn a_check_that_is_stopped_leaves_nothing() {
    let sim = sim(a_minute("roleEligibilityScheduleInstances"));
    let folder = scratch();
    let left = || -> Vec<_> {
        let all = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.is_dir()).collect()
    };
    let begun = || left().iter().any(|path| path.join("azure.ndjson.zst.part").exists());
    let (code, _) = interrupted(folder.path(), &sim, &["check"], begun);
    assert_eq!(code, 130);
    assert_eq!(left(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_snapshot_goes_on_from_an_earlier_one() {
    let sim = sim(Vec::new());
    let folder = scratch();
    let first = sekimori(folder.path(), &sim, &["collect", "-o", "old.ndjson.zst"], "C");
    assert_eq!(first.code, 0, "{}", first.err);
    let open = serde_json::json!({"id": "/subscriptions/7b1f6f3e-5a0c-4e0e-9c57-2f2d1c7a9e10/resourceGroups/rg-minato/providers/Microsoft.Network/networkSecurityGroups/nsg-closed",
        "properties": {"securityRules": [{"name": "wide", "properties": {"priority": 100, "access": "Allow", "direction": "Inbound",
            "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}}]}});
    sim.change(|world| world.put(open, "2999-01-01T00:00:00Z", 0));
    let next = ["collect", "-o", "new.ndjson.zst", "--since", "old.ndjson.zst"];
    let second = sekimori(folder.path(), &sim, &next, "C");
    assert_eq!(second.code, 0, "{}", second.err);
    assert!(
        second.err.contains("resources changed since 20") && second.err.contains("Z: 1"),
        "{}",
        second.err
    );
    let count = |source: &str| {
        let select = ["--select", common::REACHABILITY];
        let ran =
            run_in(folder.path(), &[&["check", source, "--format", "json"], &select[..]].concat(), b"", &[]);
        ran.json()["findings"].as_array().unwrap().len()
    };
    assert!(count("new.ndjson.zst") > count("old.ndjson.zst"));
    let odd = sekimori(
        folder.path(),
        &sim,
        &["collect", "-o", "x.ndjson.zst", "--since", "authority.pem"],
        "ja_JP.UTF-8",
    );
    assert_eq!(odd.code, 2);
    assert!(odd.err.contains("スナップショットではありません"), "{}", odd.err);
    sim.set_clock(3600);
    let late = sekimori(folder.path(), &sim, &["collect", "-o", "late.ndjson.zst"], "C");
    assert!(late.err.contains("minutes away from Azure's"), "{}", late.err);
}

#[test]
fn everything_that_is_collected_has_a_japanese_name() {
    let names =
        ::azure::QUESTIONS.iter().map(|one| one.name).chain(::azure::LISTS.iter().map(|one| one.name));
    let names = names.chain(::azure::DIRECTORY.iter().map(|one| one.name)).chain([::azure::MEMBERS.name]);
    for name in names {
        let manifest = serde_json::json!({"kind": "sekimori.snapshot/1",
            "partial": [{"what": name, "scope": "the directory", "reason": "28 of 29 rows came"}]});
        let ran = run_in(
            Path::new("."),
            &["check", "-", "--format", "json"],
            manifest.to_string().as_bytes(),
            &[("LANG", "ja_JP.UTF-8")],
        );
        let told = ran.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        let rest = told.replace("JIT", "").replace("Recovery Services", "").replace("Defender for Cloud", "");
        assert!(!rest.chars().any(|one| one.is_ascii_alphabetic()), "{told}");
    }
}

/// Machines and the directory of an example, as Azure and Microsoft Graph have them.
fn world_of_people() -> azure_sim::World {
    let mut world = azure_sim::World::new(azure::TENANT, []);
    let folder = common::root().join("examples/sign-in");
    for name in ["machines.ndjson", "directory.ndjson"] {
        for line in std::fs::read_to_string(folder.join(name)).unwrap().lines() {
            let one: Value = serde_json::from_str(line).unwrap();
            match one["@odata.context"].as_str() {
                Some(context) => {
                    let path = context.split_once("/v1.0/").unwrap().1;
                    world.add_directory(path, one["value"].as_array().unwrap().clone());
                }
                None => world.add(one),
            }
        }
    }
    let subscription = "4f0c2d3a-1111-4000-8000-00000000a001";
    // One by a management group, to whoever is in a group that can have roles of the directory.
    world.put_under(subscription, &["corp", "root"]);
    let group = "0b6f4c1e-0000-4000-8000-000000000014";
    world.add_directory(
        "groups",
        vec![
            json!({"id": "0b6f4c1e-0000-4000-8000-000000000011", "displayName": "VM administrators"}),
            json!({"id": "0b6f4c1e-0000-4000-8000-000000000012", "displayName": "Break glass"}),
            json!({"id": group, "displayName": "Tenant administrators", "isAssignableToRole": true}),
        ],
    );
    let member =
        json!({"@odata.type": "#microsoft.graph.user", "id": "0b6f4c1e-0000-4000-8000-000000000001"});
    world.add_directory(&format!("groups/{group}/transitiveMembers"), vec![member]);
    world.add_directory(
        "roleManagement/directory/roleAssignments",
        vec![json!({"id": "r", "principalId": group,
        "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10", "directoryScopeId": "/"})],
    );
    world
}

#[test]
fn who_gets_in_is_asked_of_azure() {
    let sim = azure::of_world(world_of_people(), Vec::new());
    let folder = scratch();
    let ran =
        sekimori(folder.path(), &sim, &["who", "gate", "--no-mfa-trusted-ips", "--format", "json"], "C");
    let answer = ran.json();
    // All of it was asked for, so nothing is left open.
    assert_eq!((ran.code, &answer["unknown"]), (0, &json!([])), "{}", ran.err);
    let mizuno = answer["people"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["login"] == "mizuno@contoso.example")
        .unwrap();
    let means: Vec<&str> = answer["machine_classes"][0]["holders"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| {
            row["people"]
                .as_array()
                .unwrap()
                .iter()
                .any(|class| mizuno["classes"].as_array().unwrap().contains(class))
        })
        .flat_map(|row| row["can"].as_array().unwrap())
        .map(|can| can["means"].as_str().unwrap())
        .collect();
    assert!(
        means.contains(&"login") && means.contains(&"give-rights"),
        "by a group that has a role of the directory: {means:?}"
    );
    // Without the right to read people and policies that is told, and nothing is taken for safe.
    let refused = Script {
        when: "conditionalAccess/policies".to_owned(),
        fault: Fault::Forbidden,
        after: 0,
        times: usize::MAX,
    };
    let sim = azure::of_world(world_of_people(), vec![refused]);
    let ran = sekimori(folder.path(), &sim, &["who", "--all", "--format", "json"], "C");
    let answer = ran.json();
    assert_eq!((ran.code, &answer["all_policies_known"]), (3, &json!(false)));
    assert!(answer["sign_ins"].as_array().unwrap().iter().all(|one| one["least"] == "unknown"), "{answer:#}");
    let report = sekimori(
        folder.path(),
        &sim,
        &["check", "--select", "CAP001,CAP006,IDP001", "--format", "json"],
        "C",
    )
    .json();
    assert_eq!(report["findings"], json!([]));
}
