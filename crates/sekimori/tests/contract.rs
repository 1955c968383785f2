//! The command line and the JSON form, as others rely on them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{check, estate, example, example_resources, root, rule, run, run_with};
use serde_json::{Value, json};

#[test]
fn json_follows_its_schema() {
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("docs/schema/check-1.json")).unwrap())
            .unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for arguments in [vec![], vec!["--all"], vec!["--lang", "ja"]] {
        let example = example();
        let mut all = vec!["check", &example, "--format", "json"];
        all.extend(arguments);
        let report = run(&all, b"").json();
        let faults: Vec<_> =
            schema.iter_errors(&report).map(|fault| format!("{}: {fault}", fault.instance_path)).collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
    // With everything that a configuration and an earlier report add.
    let folder = common::scratch();
    let old = folder.path().join("old.json").display().to_string();
    run(&["check", &example(), "--ignore", "ACC001", "-o", &old], b"");
    let config = "[[suppress]]\ncode = 'NET004'\nreason = 'x'\nuntil = 2027-01-01\n[[suppress]]\ncode = 'NET005'\nreason = 'x'\nuntil = 2026-01-01\n[approved-sources]\nisp = '198.51.100.0/25'";
    std::fs::write(folder.path().join("sekimori.toml"), config).unwrap();
    let arguments = ["check", &example(), "--format", "json", "--baseline", &old, "--select", "NET,ACC001"];
    let full = common::run_in(folder.path(), &arguments, b"", &[]).json();
    for member in ["suppressed", "baseline", "notices"] {
        assert!(full.get(member).is_some(), "{member}");
    }
    let faults: Vec<_> = schema.iter_errors(&full).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let broken = run(&["check", "-", "--format", "json"], br#"[{"id":"/subscriptions/s"},{"a":1}]"#).json();
    assert!(schema.is_valid(&broken));
    let mut wrong = broken;
    wrong["summary"]["score"] = json!(101);
    assert!(!schema.is_valid(&wrong), "the schema can fail");
}

#[test]
fn a_finding_has_everything_that_proves_it() {
    let report = check(&estate("Standard", None, Some(&rule("rdp", 300, "Allow", "Tcp", "*", "3389"))));
    assert_eq!(report["schema"], "sekimori.check/1");
    assert_eq!(report["as_of"], "2026-11-23T09:00:00Z");
    assert_eq!((&report["estate"]["vms"], &report["estate"]["nsgs"]), (&json!(1), &json!(1)));
    let finding = &report["findings"][0];
    assert_eq!(finding["code"], "NET001");
    assert_eq!(finding["severity"], "critical");
    assert_eq!(
        finding["resource"],
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m"
    );
    assert_eq!(finding["cause"]["pointer"], "/properties/securityRules/0");
    let port = &finding["evidence"]["ports"][0];
    assert_eq!(port["protocol"], "tcp");
    assert_eq!(port["port"], "3389");
    assert_eq!(
        port["sources"],
        json!({"internet_ipv4_addresses": 3_702_259_456u64, "ranges": ["0.0.0.0/0"]})
    );
    assert_eq!(port["witness"], json!({"from": "1.0.0.1:49152", "to": "10.0.0.4:3389", "protocol": "tcp"}));
    assert_eq!(port["decided_by"][0]["rule"], "securityRules/rdp");
    assert!(port["via"].as_str().unwrap().starts_with("public-ip /subscriptions/"));
}

#[test]
fn exit_codes_are_told_apart() {
    let open = estate("Standard", None, Some(&rule("r", 300, "Allow", "Tcp", "*", "22")));
    let closed = open.replace(r#""publicIPAddress":{"#, r#""gone":{"#).replace(r#""Allow""#, r#""Deny""#);
    let code =
        |arguments: &[&str], input: &str| run(&[&["check", "-"], arguments].concat(), input.as_bytes()).code;
    let some = ["--select", common::REACHABILITY];
    assert_eq!(code(&some, &closed), 0);
    assert_eq!(code(&some, &open), 1);
    assert_eq!(code(&["--fail-on", "never"], &open), 0);
    assert_eq!(code(&["--fail-on", "critical", "--ignore", "NET001,ACC006"], &open), 0);
    assert_eq!(code(&["--select", "NET004", "--fail-on", "high"], &open), 0);
    assert_eq!(code(&[], "nonsense"), 2);
    assert_eq!(code(&["--select", "NOPE"], &open), 2);
    assert_eq!(code(&["--no-such-flag"], &open), 2);
    assert_eq!(code(&[], &(closed.clone() + "{")), 3);
    assert_eq!(code(&[], &(open.clone() + "{")), 3);
    let unknown =
        open.replace("networkSecurityGroups/ng\",\"properties", "networkSecurityGroups/other\",\"properties");
    assert_eq!(code(&["--select", "NET001"], &unknown), 0);
    assert_eq!(code(&["--select", "NET001", "--require", "NET001"], &unknown), 3);
    assert_eq!(code(&["--require", "exposed-management-port", "--fail-on", "critical"], &closed), 0);
    assert_eq!(run(&["check"], b"").code, 2);
    assert_eq!(run(&["check", "no/such/file"], b"").code, 2);
}

#[test]
fn selection_takes_codes_prefixes_names_and_checkpoints() {
    let example = example();
    let found = |arguments: &[&str]| {
        let report = run(&[&["check", &example, "--format", "json"], arguments].concat(), b"").json();
        common::codes(&report)
    };
    assert_eq!(found(&["--select", "net001"]), ["NET001"]);
    assert_eq!(found(&["--select", "ACC"]), ["ACC001", "ACC002", "ACC005"]);
    assert_eq!(found(&["--select", "udp,public-ip"]), ["NET003", "NET004"]);
    assert_eq!(
        found(&["--select", "NET", "--ignore", "ports,ddos,NET004,NET008,NET018"]),
        ["NET003", "NET005"]
    );
    assert_eq!(run(&["check", &example, "--select", "NET", "--ignore", "NET0"], b"").code, 2);
    assert_eq!(found(&["--ignore", "NET,hardening,updates"]), ["ACC001", "ACC002", "ACC005"]);
    let typo = run(&["explain", "exposed-managment-port"], b"");
    assert_eq!(typo.code, 2);
    assert!(typo.err.contains("did you mean `exposed-management-port`"), "{}", typo.err);
}

/// Checks that are about something bad alone, and say nothing where it is not there.
const QUIET: [&str; 5] = ["ENT004", "HRD012", "JIT006", "JIT009", "NET014"];

#[test]
fn the_example_shows_every_check_failing_and_passing() {
    let watched = root().join("examples/watched-estate").display().to_string();
    let people = root().join("examples/sign-in").display().to_string();
    let reports = [example(), watched, people]
        .map(|one| run(&["check", &one, "--format", "json", "--all"], b"").json());
    let list = run(&["checks", "--format", "json"], b"").json();
    for check in list.as_array().unwrap() {
        for status in ["fail", "pass"] {
            let says = |report: &Value| {
                let all = report["findings"].as_array().unwrap().iter();
                all.filter(|f| f["code"] == check["code"] && f["status"] == status).count() > 0
            };
            // Some say nothing of what is well: see their pages.
            let quiet = status == "pass" && QUIET.contains(&check["code"].as_str().unwrap());
            assert!(quiet != reports.iter().any(says), "{}: {status}", check["code"]);
        }
    }
    for report in reports {
        assert_eq!(report["errors"], json!([]));
    }
}

#[test]
fn checks_and_explanations_are_in_both_languages() {
    let english = run(&["checks", "--format", "json"], b"").json();
    let japanese = run(&["checks", "--format", "json", "--lang", "ja"], b"").json();
    for (en, ja) in english.as_array().unwrap().iter().zip(japanese.as_array().unwrap()) {
        let keys: Vec<_> = en.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["code", "slug", "checkpoint", "severity", "title", "why", "fix", "refs"]);
        assert_eq!(en["code"], ja["code"]);
        for field in ["title", "why", "fix"] {
            assert!(
                en[field].as_str().unwrap().is_ascii()
                    || en[field].as_str().unwrap().contains(['–', '’', '…']),
                "{en}"
            );
            assert!(
                ja[field].as_str().unwrap().contains(|c: char| ('\u{3041}'..='\u{30ff}').contains(&c)
                    || ('\u{4e00}'..='\u{9fff}').contains(&c)),
                "{ja}"
            );
        }
        let code = en["code"].as_str().unwrap();
        assert!(run(&["explain", code], b"").out.contains("Why"));
        assert!(run(&["explain", code, "--lang", "ja"], b"").out.contains("理由"));
    }
}

#[test]
fn the_locale_chooses_the_language() {
    let first =
        |environment: &[(&str, &str)]| run_with(&["checks"], b"", environment).out.contains("管理ポート");
    assert!(first(&[("LANG", "ja_JP.UTF-8")]));
    assert!(first(&[("LANG", "C"), ("LC_ALL", "ja_JP.UTF-8")]));
    assert!(!first(&[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C")]));
    assert!(!first(&[("LANG", "en_GB.UTF-8")]));
    assert!(first(&[("LANG", "C"), ("SEKIMORI_LANG", "ja")]));
}

#[test]
fn colours_only_where_people_want_them() {
    let example = example();
    let coloured = |environment: &[(&str, &str)]| {
        run_with(&["check", &example], b"", environment).out.contains('\u{1b}')
    };
    assert!(!coloured(&[]), "a pipe is no terminal");
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn text_is_as_people_were_shown_it() {
    let example = example();
    for (lang, name) in [("en", "text_en"), ("ja", "text_ja")] {
        let out = run(&["check", &example, "--lang", lang], b"").out;
        insta::assert_snapshot!(name, out.replace(&root().display().to_string(), ""));
    }
}

#[test]
fn one_rule_that_exposes_many_vms_is_one_block() {
    let base = estate("Standard", Some(&rule("rdp", 300, "Allow", "Tcp", "*", "3389")), None);
    let list: Vec<Value> = serde_json::from_str(&base).unwrap();
    let mut all = list.clone();
    for number in 0..400 {
        for resource in &list {
            let text = resource.to_string();
            if text.contains("networkInterfaces/n\"")
                || text.contains("virtualMachines/m\"")
                || text.contains("publicIPAddresses/p\"")
            {
                let copy = text
                    .replace("networkInterfaces/n\"", &format!("networkInterfaces/n{number}\""))
                    .replace("virtualMachines/m\"", &format!("virtualMachines/m{number}\""))
                    .replace("publicIPAddresses/p\"", &format!("publicIPAddresses/p{number}\""));
                if resource["id"].as_str().unwrap().contains("virtualNetworks")
                    || resource["id"].as_str().unwrap().contains("SecurityGroups")
                {
                    continue;
                }
                all.push(serde_json::from_str(&copy).unwrap());
            }
        }
    }
    let text = serde_json::to_string(&all).unwrap();
    let out = run(&["check", "-", "--select", "NET001"], text.as_bytes()).out;
    assert_eq!(out.matches("[NET001]").count(), 1, "{out}");
    assert!(out.contains("394 more"), "{out}");
}

#[test]
fn names_from_outside_do_not_act_on_the_terminal() {
    let text = estate("Standard", None, Some(&rule("a\\u001b[2Jb\\u202ec", 300, "Allow", "Tcp", "*", "22")));
    let out = run(&["check", "-"], text.as_bytes()).out;
    assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out}");
    assert!(out.contains("\\u{1b}[2J"), "{out}");
}

#[test]
fn positions_are_those_of_the_file() {
    let resources = example_resources();
    let pretty = serde_json::to_string_pretty(&resources).unwrap();
    let report = check(&pretty);
    for finding in report["findings"].as_array().unwrap() {
        let (line, column) =
            (finding["location"]["line"].as_u64().unwrap(), finding["location"]["column"].as_u64().unwrap());
        let text = pretty.lines().nth(usize::try_from(line).unwrap() - 1).unwrap();
        let at: String = text.chars().skip(usize::try_from(column).unwrap() - 1).collect();
        assert!(at.starts_with(['{', '"', 'f', 't', '[']), "{finding}: {at}");
        if finding["cause"]["pointer"].as_str().unwrap().contains("securityRules/") {
            assert!(at.starts_with('{'), "{at}");
        }
    }
}

#[test]
fn flows_are_answered_as_azure_would() {
    let example = example();
    let ask = |arguments: &[&str]| {
        let all = [&["flow", &example, "--format", "json"], arguments].concat();
        let ran = run(&all, b"");
        assert_eq!(ran.code, 0, "{}", ran.err);
        let answer = ran.json();
        (answer["access"].as_str().unwrap().to_owned(), answer["ruleName"].as_str().map(str::to_owned))
    };
    let inbound = |vm: &str, local: &str, remote: &str| {
        ask(&[
            "--vm",
            vm,
            "--direction",
            "inbound",
            "--protocol",
            "TCP",
            "--local",
            local,
            "--remote",
            remote,
        ])
    };
    let rule = |name: &str| Some(name.to_owned());
    assert_eq!(
        inbound("app1", "10.20.2.4:3389", "8.8.8.8:*"),
        ("Allow".into(), rule("securityRules/allow-rdp"))
    );
    assert_eq!(
        inbound("APP1", "10.20.2.4:22", "8.8.8.8:1"),
        ("Deny".into(), rule("defaultSecurityRules/DenyAllInBound"))
    );
    assert_eq!(inbound("rg-minato/app1", "10.20.2.4:3000-4000", "8.8.8.8:1").0, "Partial");
    assert_eq!(inbound("quiet1", "10.20.3.6:22", "8.8.8.8:1"), ("Allow".into(), None));
    assert_eq!(inbound("partner1", "10.20.5.4:22", "8.8.8.8:1"), ("Unknown".into(), None));
    assert_eq!(
        inbound("app1", "10.20.2.4:22", "10.20.4.4:1"),
        ("Allow".into(), rule("defaultSecurityRules/AllowVnetInBound"))
    );
    let outbound = ask(&[
        "--vm",
        "app1",
        "--direction",
        "outbound",
        "--protocol",
        "udp",
        "--local",
        "10.20.2.4:*",
        "--remote",
        "8.8.8.8:53",
    ]);
    assert_eq!(outbound, ("Allow".into(), rule("defaultSecurityRules/AllowInternetOutBound")));
}

#[test]
fn batches_are_answered_in_order_and_hold_expectations() {
    let example = example();
    let line = |vm: &str, expect: &str| {
        format!(
            r#"{{"vm":"{vm}","direction":"Inbound","protocol":"TCP","local":"10.20.2.4:3389","remote":"8.8.8.8:1","expect":"{expect}"}}"#
        )
    };
    let batch = |lines: &[String]| {
        let ran = run(&["flow", &example, "--batch", "-"], lines.join("\n").as_bytes());
        let answers: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (ran.code, answers)
    };
    let (code, answers) = batch(&[line("app1", "Allow"), String::new(), line("app1", "allow")]);
    assert_eq!((code, answers.len()), (0, 2));
    let (code, answers) = batch(&[line("app1", "Deny"), line("app1", "Allow")]);
    assert_eq!(code, 1);
    assert_eq!((&answers[0]["holds"], &answers[1]["holds"]), (&json!(false), &json!(true)));
    let (code, answers) = batch(&[line("nobody", "Allow"), "{".to_owned(), line("app1", "Allow")]);
    assert_eq!(code, 3);
    assert!(answers[0]["error"].as_str().unwrap().contains("no VM is called `nobody`"));
    assert_eq!(answers[2]["access"], "Allow");
}
