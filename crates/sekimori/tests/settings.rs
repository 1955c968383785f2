//! `sekimori.toml`, environment, flags, suppressions and the baseline.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{Ran, codes, example, run_in, scratch};
use serde_json::{Value, json};

/// Checks the example in a folder with this configuration.
fn check(folder: &Path, config: &str, arguments: &[&str]) -> Ran {
    fs::write(folder.join("sekimori.toml"), config).unwrap();
    let example = example();
    run_in(folder, &[&["check", &example], arguments].concat(), b"", &[])
}

fn report(config: &str, arguments: &[&str]) -> Value {
    let folder = scratch();
    check(folder.path(), config, &[&["--format", "json"], arguments].concat()).json()
}

fn of<'v>(report: &'v Value, code: &str) -> Vec<&'v Value> {
    report["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == code).collect()
}

#[test]
fn the_file_is_found_upward_and_overridden() {
    let folder = scratch();
    let inner = folder.path().join("a/b");
    fs::create_dir_all(&inner).unwrap();
    fs::write(folder.path().join("sekimori.toml"), "select = ['ACC001']\nfail-on = 'never'").unwrap();
    let example = example();
    let found = |arguments: &[&str], environment: &[(&str, &str)]| {
        let all = [&["check", &example, "--format", "json"], arguments].concat();
        codes(&run_in(&inner, &all, b"", environment).json())
    };
    assert_eq!(found(&[], &[]), ["ACC001"]);
    assert_eq!(found(&[], &[("SEKIMORI_SELECT", "ACC002")]), ["ACC002"]);
    assert_eq!(found(&["--select", "NET001"], &[("SEKIMORI_SELECT", "ACC002")]), ["NET001"]);
    assert_eq!(found(&[], &[("SEKIMORI_SELECT", "")]), ["ACC001"], "an empty variable says nothing");
    assert!(found(&["--no-config"], &[]).len() > 2);
    fs::write(inner.join("other.toml"), "select = ['NET004']").unwrap();
    assert_eq!(found(&["--config", "other.toml"], &[]), ["NET004"]);
    assert_eq!(found(&[], &[("SEKIMORI_CONFIG", "other.toml")]), ["NET004"]);
    let code = |arguments: &[&str], environment: &[(&str, &str)]| {
        run_in(&inner, &[&["check", &example], arguments].concat(), b"", environment).code
    };
    assert_eq!(code(&[], &[]), 0);
    assert_eq!(code(&["--fail-on", "low"], &[]), 1);
    assert_eq!(code(&[], &[("SEKIMORI_FAIL_ON", "medium")]), 1);
    assert_eq!(code(&[], &[("SEKIMORI_FAIL_ON", "worst")]), 2);
    assert_eq!(code(&["--config", "none.toml"], &[]), 2);
    assert_eq!(code(&["--config", "other.toml", "--no-config"], &[]), 2);
}

#[test]
fn a_file_with_a_fault_sets_nothing_and_names_the_place() {
    let folder = scratch();
    let ran = check(folder.path(), "fail-on = 'never'\nselct = ['NET']\n", &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.is_empty());
    assert!(
        ran.err.contains("sekimori.toml:2:1: no key is called `selct`; did you mean `select`?"),
        "{}",
        ran.err
    );
    let told = run_in(folder.path(), &["config", "check", "--lang", "ja"], b"", &[]);
    assert_eq!(told.code, 2);
    assert!(told.err.contains("sekimori.toml:2:1: `selct` というキーはありません"), "{}", told.err);
    fs::write(folder.path().join("sekimori.toml"), "lang = 'ja'").unwrap();
    let fine = run_in(folder.path(), &["config", "check"], b"", &[]);
    assert_eq!((fine.code, fine.out.as_str()), (0, "sekimori.toml: 問題ありません\n"));
    fs::write(folder.path().join("sekimori.toml"), [0xff, 0xfe, 0x00]).unwrap();
    assert_eq!(run_in(folder.path(), &["config", "check"], b"", &[]).code, 2);
    fs::write(folder.path().join("sekimori.toml"), "# \n".repeat(600_000)).unwrap();
    let large = run_in(folder.path(), &["config", "check"], b"", &[]);
    assert!(large.code == 2 && large.err.contains("larger than a mebibyte"), "{}", large.err);
}

#[test]
fn what_is_shown_sets_the_same_again() {
    let folder = scratch();
    let config = r#"
lang = "en"
fail-on = "high"
ignore = ["NET004"]
baseline = "old.json"
management-ports = [22, 2222]
severity = { NET003 = "low" }
[approved-sources]
"本社 \"東京\"" = ["203.0.113.7", "2001:db8::/48"]
[[suppress]]
code = "ACC001"
tag = "environment=lab"
resource = "app*"
reason = "試験 = 環境"
until = 2027-03-31
"#;
    fs::write(folder.path().join("sekimori.toml"), config).unwrap();
    let shown = run_in(folder.path(), &["config", "show"], b"", &[("SEKIMORI_WIDE_AFTER", "8")]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("fail-on = \"high\"  # sekimori.toml:3"), "{}", shown.out);
    assert!(shown.out.contains("wide-after = 8  # SEKIMORI_WIDE_AFTER"), "{}", shown.out);
    assert!(shown.out.contains("format = \"text\"  # default"), "{}", shown.out);
    let (first, again) = (config::parse(config).unwrap(), config::parse(&shown.out).unwrap());
    assert_eq!(again.wide_after.unwrap().value, 8);
    assert_eq!(again.severity.unwrap().value, first.severity.unwrap().value);
    assert_eq!(again.approved_sources.unwrap().value, first.approved_sources.unwrap().value);
    let decision = |config: &config::Config| {
        let its = &config.suppress[0];
        (its.codes.clone(), its.tag.clone(), its.resource.clone(), its.reason.clone(), its.until)
    };
    assert_eq!(decision(&config::parse(config).unwrap()), decision(&config::parse(&shown.out).unwrap()));
    let json = run_in(folder.path(), &["config", "show", "--format", "json"], b"", &[]).json();
    assert_eq!(json["settings"]["fail-on"], json!({"value": "high", "from": "sekimori.toml:3"}));
}

#[test]
fn severities_are_the_teams_own() {
    let own = report("severity = { NET001 = 'low', udp = 'medium' }", &[]);
    assert!(of(&own, "NET001").iter().all(|finding| finding["severity"] == "low"));
    assert!(of(&own, "NET003").iter().all(|finding| finding["severity"] == "medium"));
    let flag = report("severity = { NET001 = 'low' }", &["--severity", "NET001=high"]);
    assert!(of(&flag, "NET001").iter().all(|finding| finding["severity"] == "high"));
    let folder = scratch();
    assert_eq!(check(folder.path(), "", &["--severity", "NET001=mild"]).code, 2);
    assert_eq!(check(folder.path(), "", &["--severity", "NOPE=low"]).code, 2);
    let code = check(folder.path(), "severity = { NET = 'low', ACC = 'low' }\nfail-on = 'medium'", &[]).code;
    assert_eq!(code, 0);
}

#[test]
fn ports_and_width_are_the_teams_own() {
    let ports = report("management-ports = [80]", &[]);
    let names: Vec<_> =
        of(&ports, "NET001").iter().map(|finding| finding["resource"].as_str().unwrap()).collect();
    assert!(names.iter().any(|name| name.ends_with("web1")), "{names:?}");
    assert!(!names.iter().any(|name| name.ends_with("app1")), "{names:?}");
    // 256 addresses reach branch1.
    let branch = |report: &Value| {
        of(report, "NET001").iter().any(|finding| finding["resource"].as_str().unwrap().ends_with("branch1"))
    };
    assert!(!branch(&report("", &[])));
    assert!(branch(&report("wide-after = 255", &[])));
    assert!(branch(&report("", &["--wide-after", "255"])));
    let wide = |report: &Value| {
        of(report, "NET005").iter().any(|finding| finding["resource"].as_str().unwrap().ends_with("branch1"))
    };
    assert!(wide(&report("", &[])));
    assert!(!wide(&report("needed-addresses = 256", &[])));
}

#[test]
fn approved_sources_are_no_strangers() {
    let branch = |report: &Value| {
        of(report, "NET005")
            .into_iter()
            .find(|finding| finding["resource"].as_str().unwrap().ends_with("branch1"))
            .cloned()
    };
    assert!(branch(&report("", &[])).is_some());
    assert!(branch(&report("[approved-sources]\nisp = '198.51.100.0/24'", &[])).is_none());
    assert!(branch(&report("", &["--approve", "isp=198.51.100.0/24"])).is_none());
    // Half of it: the other half still is too many.
    let half = branch(&report("[approved-sources]\nisp = '198.51.100.0/25'", &[])).unwrap();
    assert_eq!(half["evidence"]["ports"][0]["sources"]["approved"], json!(["isp"]));
    assert!(half["fix"].as_str().unwrap().contains("198.51.100.0/25"), "{half}");
    // Nobody approves of everybody.
    let folder = scratch();
    assert_eq!(check(folder.path(), "[approved-sources]\nall = '0.0.0.0/0'", &[]).code, 2);
    assert_eq!(check(folder.path(), "", &["--approve", "0.0.0.0/1"]).code, 2);
    assert_eq!(check(folder.path(), "", &["--approve", "198.51.100.5/24"]).code, 2);
    assert_eq!(check(folder.path(), "", &["--approve", "198.51.100.5"]).code, 1);
    for wrong in ["-1", "16777217", "x"] {
        let ran = check(folder.path(), "", &["--wide-after", wrong]);
        assert!(
            ran.code == 2 && ran.err.contains("it takes a whole number from 0 to 16777216"),
            "{}",
            ran.err
        );
    }
    let all = report("[approved-sources]\nisp = '198.51.100.0/24'", &[]);
    assert_eq!(of(&all, "NET001").len(), of(&report("", &[]), "NET001").len());
}

const DECISION: &str = "reason = 'the lab closes in spring'\nuntil = 2027-03-31\n";

#[test]
fn suppressions_cover_what_they_name_and_nothing_else() {
    let all = report("", &[]);
    let id = of(&all, "NET001")[0]["id"].as_str().unwrap().to_owned();
    let total = all["summary"]["fail"].as_u64().unwrap();
    let covered = |conditions: &str| {
        let report = report(&format!("[[suppress]]\n{conditions}\n{DECISION}"), &[]);
        let suppressed = report["summary"].get("suppressed").and_then(Value::as_u64).unwrap_or(0);
        assert_eq!(report["summary"]["fail"].as_u64().unwrap() + suppressed, total, "nothing is lost");
        let list = report["suppressed"].as_array().cloned().unwrap_or_default();
        assert_eq!(list.len() as u64, suppressed);
        for finding in &list {
            assert_eq!(
                finding["suppression"],
                json!({"reason": "the lab closes in spring", "until": "2027-03-31"})
            );
        }
        suppressed
    };
    let count = |code: &str| of(&all, code).len() as u64;
    assert_eq!(covered(&format!("id = '{id}'")), 1);
    assert_eq!(covered(&format!("id = '{}'", id.to_lowercase())), 1);
    assert_eq!(covered("code = 'NET004'"), count("NET004"));
    assert_eq!(covered("code = ['NET004', 'udp']"), count("NET004") + count("NET003"));
    assert_eq!(covered("code = 'NET004'\nresource = 'app?'"), 3);
    assert_eq!(covered("code = 'NET004'\nresource = '*/RG-minato/*/app1'"), 1);
    assert_eq!(covered("code = 'NET004'\nresource = 'APP*'"), 3);
    // However many there are.
    let many: String =
        (0..2000u32).map(|number| format!("[[suppress]]\nid = 'NET004-{number:016x}'\n{DECISION}")).collect();
    assert_eq!(report(&many, &[])["summary"]["fail"], all["summary"]["fail"]);
    assert_eq!(covered("resource = 'nobody'"), 0);
    assert_eq!(covered("tag = 'no-such-tag'"), 0);
}

#[test]
fn suppressions_go_by_tags() {
    let folder = scratch();
    fs::write(
        folder.path().join("sekimori.toml"),
        format!("[[suppress]]\ntag = 'environment=lab*'\n{DECISION}"),
    )
    .unwrap();
    let resources: Vec<Value> = common::example_resources()
        .into_iter()
        .map(|mut resource| {
            if resource["name"] == "app1" {
                resource["tags"] = json!({"Environment": "LAB-2"});
            }
            resource
        })
        .collect();
    let text = serde_json::to_string(&resources).unwrap();
    let report = run_in(folder.path(), &["check", "-", "--format", "json"], text.as_bytes(), &[]).json();
    let suppressed = report["suppressed"].as_array().unwrap();
    assert!(!suppressed.is_empty());
    for finding in suppressed {
        assert!(finding["resource"].as_str().unwrap().ends_with("/app1"), "{finding}");
    }
}

#[test]
fn an_expired_suppression_covers_nothing_and_is_told() {
    // The clock of these tests stands at 2026-11-23.
    let decision =
        |until: &str| format!("[[suppress]]\ncode = 'NET004'\nreason = 'moving'\nuntil = {until}\n");
    let notices = |report: &Value| report["notices"].as_array().cloned().unwrap_or_default();
    let last = report(&decision("2026-11-23"), &[]);
    assert!(of(&last, "NET004").is_empty(), "the last day still counts");
    assert!(notices(&last).is_empty());
    let ended = report(&decision("2026-11-22"), &[]);
    assert_eq!(of(&ended, "NET004").len(), 10);
    let told = notices(&ended)[0].as_str().unwrap().to_owned();
    assert!(told.contains("sekimori.toml:1: this suppression ended on 22 November 2026 (`moving`); it would cover 10 findings"), "{told}");
    let idle =
        report("[[suppress]]\ncode = 'NET004'\nresource = 'nobody'\nreason = 'x'\nuntil = 2027-01-01", &[]);
    assert!(notices(&idle)[0].as_str().unwrap().contains("covers nothing"), "{idle}");
    let elsewhere = report(&decision("2026-11-22"), &["--select", "ACC"]);
    let told = notices(&elsewhere)[0].as_str().unwrap().to_owned();
    assert!(told.ends_with("this suppression ended on 22 November 2026 (`moving`)"), "{told}");
    // What did not run, could not be judged or could not be read says nothing of a suppression.
    let unheard =
        report("[[suppress]]\ncode = 'NET004'\nreason = 'x'\nuntil = 2027-01-01", &["--select", "ACC"]);
    assert!(notices(&unheard).is_empty());
    let by_name = "[[suppress]]\nresource = 'nobody'\nreason = 'x'\nuntil = 2027-01-01";
    assert!(notices(&report(by_name, &["--select", "ACC002"])).is_empty());
    assert!(notices(&report(by_name, &[])).is_empty(), "one VM's ports are unknown: it might be that");
    let again = format!("{}{}", decision("2026-11-22"), decision("2027-11-22"));
    let told = notices(&report(&again, &[]));
    assert_eq!(told.len(), 1);
    assert!(told[0].as_str().unwrap().contains("covers nothing: take it out"), "{told:?}");
    let folder = scratch();
    let text = check(folder.path(), &decision("2026-11-22"), &["--lang", "ja"]).out;
    assert!(text.contains("2026年11月22日で期限が切れました"), "{text}");
    let quiet = check(folder.path(), &decision("2026-11-22"), &["--format", "sarif"]);
    assert!(quiet.err.contains("ended on"), "programs' forms leave notices to standard error, too");
    let sarif: Value = serde_json::from_str(&quiet.out).unwrap();
    let told = &sarif["runs"][0]["invocations"][0]["toolConfigurationNotifications"];
    assert_eq!(told.as_array().unwrap().len(), 1);
}

#[test]
fn suppressed_findings_change_the_exit_code_and_nothing_else() {
    let folder = scratch();
    let config = format!("[[suppress]]\nresource = '*'\n{DECISION}");
    let some = ["--select", common::REACHABILITY];
    let ran = check(folder.path(), &config, &some);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("the lab closes in spring × 33  (until 31 March 2027; ACC001, "), "{}", ran.out);
    let markdown = check(folder.path(), &config, &["--format", "markdown"]).out;
    assert!(markdown.contains("Nothing was found beyond what is suppressed."), "{markdown}");
    assert!(ran.out.contains("33 suppressed"), "{}", ran.out);
    let (with, without) = (report(&config, &[]), report("", &[]));
    assert_eq!(
        with["summary"]["score"], without["summary"]["score"],
        "living with a risk makes it no smaller"
    );
    let sarif: Value =
        serde_json::from_str(&check(folder.path(), &config, &["--format", "sarif"]).out).unwrap();
    for result in sarif["runs"][0]["results"].as_array().unwrap() {
        assert_eq!(result["suppressions"][0]["justification"], "the lab closes in spring");
    }
}

#[test]
fn a_baseline_tells_new_fixed_and_unchanged() {
    let folder = scratch();
    let example = example();
    let here = |arguments: &[&str], input: &[u8]| run_in(folder.path(), arguments, input, &[]);
    let old = here(&["check", &example, "-o", "old.json", "--fail-on", "never"], b"");
    assert_eq!(old.code, 0, "{}", old.err);
    // Nothing has changed.
    let same = here(&["check", &example, "--baseline", "old.json", "--format", "json"], b"").json();
    let all = same["summary"]["fail"].clone();
    assert_eq!((&same["baseline"]["new"], &same["baseline"]["unchanged"]), (&json!(0), &all));
    assert_eq!((&same["baseline"]["fixed"], &same["baseline"]["unsettled"]), (&json!([]), &json!([])));
    // One rule closed, one VM gone, one group missing, one port opened.
    let resources: Vec<Value> = common::example_resources()
        .into_iter()
        .filter(|resource| resource["name"] != "nsg-names")
        .filter(|resource| !["web1"].contains(&resource["name"].as_str().unwrap()))
        .map(|resource| {
            let text = resource.to_string();
            let text = match resource["name"].as_str().unwrap() {
                "nsg-remote" => {
                    text.replace(r#""destinationPortRange":"3389""#, r#""destinationPortRange":"22""#)
                }
                "web1-nic" => text.replace("virtualMachines/web1", "virtualMachines/app1"),
                _ => text,
            };
            serde_json::from_str(&text).unwrap()
        })
        .collect();
    let text = serde_json::to_string(&resources).unwrap();
    let arguments = ["check", "-", "--baseline", "old.json", "--format", "json"];
    let new = here(&arguments, text.as_bytes()).json();
    let why = |list: &str, code: &str, name: &str| {
        let found = new["baseline"][list]
            .as_array()
            .unwrap()
            .iter()
            .find(|gone| gone["code"] == code && gone["resource"].as_str().unwrap().ends_with(name));
        found.map(|gone| gone["why"].as_str().unwrap().to_owned())
    };
    assert_eq!(why("fixed", "NET004", "/web1").as_deref(), Some("no_resource"));
    assert_eq!(why("changed", "NET001", "/app1"), None, "it is the same rule still");
    assert_eq!(why("unsettled", "NET001", "/dns1").as_deref(), Some("unknown"));
    let cut = text.clone() + "{";
    let unread = here(&arguments, cut.as_bytes()).json();
    let gone = unread["baseline"]["fixed"].as_array().unwrap();
    assert!(gone.iter().all(|gone| gone["why"] != "no_resource"), "it may stand in what was not read");
    assert_eq!(why("fixed", "NET001", "/dns1"), None, "what cannot be seen is not mended");
    let selected = here(&[&arguments[..], &["--select", "ACC"]].concat(), text.as_bytes()).json();
    let all = selected["baseline"]["unsettled"].as_array().unwrap();
    assert!(all.iter().all(|gone| gone["why"] == "not_checked"), "{all:?}");
    // Another rule is another cause, and no repair.
    let renamed: Vec<Value> = common::example_resources()
        .iter()
        .map(|resource| {
            serde_json::from_str(&resource.to_string().replace("allow-rdp", "allow-rdp-again")).unwrap()
        })
        .collect();
    let renamed = serde_json::to_string(&renamed).unwrap();
    let other = here(&arguments, renamed.as_bytes()).json();
    assert_eq!(other["baseline"]["fixed"], json!([]));
    let changed = other["baseline"]["changed"].as_array().unwrap();
    assert!(!changed.is_empty() && changed.iter().all(|gone| gone["why"] == "other_cause"), "{changed:?}");
    let text = here(&["check", "-", "--baseline", "old.json", "--lang", "ja"], renamed.as_bytes()).out;
    assert!(text.contains("前回とは別の原因で検出\n  ? NET001 app1: インターネットに公開された管理ポート (別の原因で検出されています)"), "{text}");
    // New ones are told in every form.
    here(&["check", &example, "--ignore", "NET001", "-o", "part.json"], b"");
    let text = here(&["check", &example, "--baseline", "part.json"], b"").out;
    assert!(text.contains("critical[NET001] (new): "), "{text}");
    assert!(text.contains("since 23 November 2026, 09:00 UTC: 5 new, 0 fixed, "), "{text}");
    let csv = here(&["check", &example, "--baseline", "part.json", "--format", "csv"], b"").out;
    assert_eq!(csv.matches(",new,").count(), 5);
    let sarif = here(&["check", &example, "--baseline", "part.json", "--format", "sarif"], b"").out;
    assert_eq!(sarif.matches(r#""baselineState":"new""#).count(), 5);
}

#[test]
fn a_suppression_that_has_ended_bites_again() {
    let folder = scratch();
    let config = format!("[[suppress]]\ncode = 'NET004'\n{DECISION}");
    check(folder.path(), &config, &["-o", "old.json"]);
    let again = check(folder.path(), "", &["--baseline", "old.json", "--fail-on-new", "--format", "json"]);
    assert_eq!(again.code, 1);
    let new = again.json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["baseline"] == "new")
        .count();
    assert_eq!(new, 10);
    let still = check(folder.path(), &config, &["--baseline", "old.json", "--fail-on-new"]);
    assert_eq!(still.code, 0);
}

#[test]
fn a_report_tells_the_settings_that_it_rests_on() {
    let config = "management-ports = [2222]\nwide-after = 16777216\n";
    let folder = scratch();
    let json = check(folder.path(), config, &["--format", "json"]).json();
    assert_eq!(json["settings"]["management-ports"], json!({"value": "[2222]", "from": "sekimori.toml:1"}));
    assert_eq!(json["settings"].as_object().unwrap().len(), 2);
    let text = check(folder.path(), config, &[]).out;
    assert!(text.contains("wide-after = 16777216  (sekimori.toml:2)"), "{text}");
    let markdown = check(folder.path(), config, &["--format", "markdown"]).out;
    assert!(
        markdown.contains("open to the internet (TCP 2222 only, from more than 16,777,216 addresses)"),
        "{markdown}"
    );
    for form in ["html", "sarif"] {
        assert!(check(folder.path(), config, &["--format", form]).out.contains("management-ports"), "{form}");
    }
    assert!(report("", &[]).get("settings").is_none());
}

#[test]
fn what_is_required_must_have_been_judged() {
    let folder = scratch();
    let code = |arguments: &[&str]| {
        let ran = check(folder.path(), "", &[&["--fail-on", "never"], arguments].concat());
        (ran.code, ran.err)
    };
    for arguments in
        [["--select", "NET004", "--require", "NET001"], ["--ignore", "NET001", "--require", "NET001"]]
    {
        let (code, told) = code(&arguments);
        assert_eq!(code, 3);
        assert!(told.contains("NET001 is required and was not judged: it did not run"), "{told}");
    }
    let (unknown, told) = code(&["--require", "NET001", "-o", "r.html"]);
    assert_eq!(unknown, 3);
    assert!(told.contains("NET001 is required and was not judged: unknown for 1: "), "{told}");
    assert!(told.contains("settled by az network nsg list"), "{told}");
    assert_eq!(code(&["--require", "ACC001"]).0, 0);
}

#[test]
fn the_most_specific_severity_counts() {
    let of_code =
        |config: &str, code: &str| of(&report(config, &[]), code)[0]["severity"].as_str().unwrap().to_owned();
    let all = "[severity]\nports = 'high'\nNET001 = 'low'\nNET = 'medium'\n";
    assert_eq!(of_code(all, "NET001"), "low");
    assert_eq!(of_code(all, "NET002"), "high");
    assert_eq!(of_code(all, "NET004"), "medium");
}

#[test]
fn flags_can_take_back_what_the_file_sets() {
    let folder = scratch();
    let file = "fail-on-new = true\nignore = ['NET', 'ACC001', 'ACC005', 'hardening', 'updates']";
    assert_eq!(check(folder.path(), file, &[]).code, 2, "new against what?");
    let ran = check(folder.path(), file, &["--fail-on-new=false", "--format", "json"]);
    assert_eq!(codes(&ran.json()), ["ACC002"]);
    let all = check(folder.path(), file, &["--fail-on-new=false", "--ignore", "", "--format", "json"]);
    assert!(codes(&all.json()).len() > 5);
}

#[test]
fn new_findings_alone_change_the_exit_code_if_asked() {
    let folder = scratch();
    let example = example();
    let here = |arguments: &[&str]| run_in(folder.path(), arguments, b"", &[]).code;
    here(&["check", &example, "-o", "old.json"]);
    here(&["check", &example, "--ignore", "NET005", "-o", "part.json"]);
    assert_eq!(here(&["check", &example, "--baseline", "old.json"]), 1);
    assert_eq!(here(&["check", &example, "--baseline", "old.json", "--fail-on-new"]), 0);
    assert_eq!(here(&["check", &example, "--baseline", "part.json", "--fail-on-new"]), 1);
    assert_eq!(
        here(&["check", &example, "--baseline", "part.json", "--fail-on-new", "--fail-on", "high"]),
        0
    );
    assert_eq!(here(&["check", &example, "--fail-on-new"]), 2, "new against what?");
    assert_eq!(here(&["check", &example, "--baseline", "none.json"]), 2);
    fs::write(
        folder.path().join("broken.json"),
        "{\"schema\":\"sekimori.check/9\",\"as_of\":\"\",\"findings\":[]}",
    )
    .unwrap();
    assert_eq!(here(&["check", &example, "--baseline", "broken.json"]), 2);
}
