//! Each form of a report: as people were shown it, whole, and safe with hostile names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::process::{Command, Stdio};

use common::{estate, root, rule, run, run_in, scratch};
use serde_json::Value;

/// The example in a form, run where its paths are short.
fn example(arguments: &[&str]) -> String {
    let ran = run_in(&root(), &[&["check", "examples/small-company"], arguments].concat(), b"", &[]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    ran.out
}

#[test]
fn forms_are_as_people_were_shown_them() {
    for form in ["markdown", "csv", "junit", "defender-csv"] {
        for lang in ["en", "ja"] {
            let out = example(&["--format", form, "--lang", lang]);
            insta::assert_snapshot!(format!("{form}_{lang}"), out);
        }
    }
}

#[test]
fn sarif_is_as_people_were_shown_it() {
    for lang in ["en", "ja"] {
        let out = example(&["--format", "sarif", "--lang", lang, "--select", "NET001,NET006"]);
        let value: Value = serde_json::from_str(&out).unwrap();
        insta::assert_snapshot!(format!("sarif_{lang}"), serde_json::to_string_pretty(&value).unwrap());
    }
}

#[test]
fn sarif_tells_everything_that_json_tells() {
    let json: Value = serde_json::from_str(&example(&["--format", "json", "--all"])).unwrap();
    let sarif: Value = serde_json::from_str(&example(&["--format", "sarif", "--all"])).unwrap();
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let (findings, results) = (json["findings"].as_array().unwrap(), run["results"].as_array().unwrap());
    assert_eq!(findings.len(), results.len());
    for (finding, result) in findings.iter().zip(results) {
        assert_eq!(finding["id"], result["partialFingerprints"]["sekimoriFinding/v1"]);
        assert_eq!(finding["code"], result["ruleId"]);
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], finding["code"]);
        let place = &result["locations"][0];
        assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], finding["resource"]);
        if let Some(location) = finding.get("location") {
            let physical = &place["physicalLocation"];
            assert_eq!(physical["artifactLocation"]["uri"], location["file"]);
            assert_eq!(physical["region"]["startLine"], location["line"]);
        }
        assert_eq!(result["kind"], finding["status"]);
        if let Some(ports) = finding["evidence"]["ports"].as_array().filter(|ports| !ports.is_empty()) {
            let flow = &result["codeFlows"][0]["threadFlows"][0]["locations"];
            assert_eq!(flow.as_array().unwrap().len(), 6, "internet, address, two groups, NIC, VM");
            for rule in ports[0]["decided_by"].as_array().unwrap() {
                let name = rule["rule"].as_str().unwrap().rsplit('/').next().unwrap();
                assert!(flow.to_string().contains(name), "{name}");
            }
        }
    }
    let hashes: std::collections::HashSet<_> = results
        .iter()
        .map(|result| result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap())
        .collect();
    assert_eq!(hashes.len(), results.len(), "code scanning tells alerts apart by these");
    let unknown = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let rows = |list: &str| json[list].as_array().unwrap().len();
    assert_eq!(unknown.len(), rows("unknown") + rows("not_assessed"));
}

#[test]
fn sarif_says_what_was_not_looked_at() {
    let nsgs = std::fs::read(root().join("examples/small-company/nsgs.json")).unwrap();
    let invocation = |arguments: &[&str]| {
        let out = run(&[&["check", "-", "--format", "sarif"], arguments].concat(), &nsgs).out;
        let sarif: Value = serde_json::from_str(&out).unwrap();
        sarif["runs"][0]["invocations"][0].clone()
    };
    let plain = invocation(&[]);
    let told = plain["toolExecutionNotifications"].to_string();
    assert!(told.contains("NET001 Not assessed: the input holds no virtual machine"), "{told}");
    assert_eq!(plain["executionSuccessful"], true);
    assert_eq!(invocation(&["--require", "NET001"])["executionSuccessful"], false);
    let own = example(&["--format", "sarif", "--severity", "NET001=low"]);
    let own: Value = serde_json::from_str(&own).unwrap();
    let rules = own["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == "NET001").unwrap();
    assert_eq!(rule["defaultConfiguration"]["level"], "note");
    assert_eq!(rule["properties"]["security-severity"], "3.0");
}

#[test]
fn sarif_stays_within_what_code_scanning_takes() {
    let vm = |number: u32, name: &str| {
        format!(
            r#"{{"id":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m{number}","properties":{{"osProfile":{{"adminUsername":"{name}","linuxConfiguration":{{"disablePasswordAuthentication":false}}}},"storageProfile":{{"osDisk":{{"osType":"Linux"}}}}}}}}"#
        )
    };
    let lines: Vec<String> = (0..12_600).map(|number| vm(number, "admin")).collect();
    let text = lines.join("\n");
    let out = run(&["check", "-", "--format", "sarif", "--select", "ACC001,ACC002"], text.as_bytes()).out;
    let sarif: Value = serde_json::from_str(&out).unwrap();
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    let least = results.iter().filter(|result| result["ruleId"] == "ACC001").count();
    assert_eq!(least, 25_000 - 12_600, "the worst are kept");
    let told = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(told.contains("200 further results are left out"), "{told}");
}

#[test]
fn the_table_hides_nothing_that_was_not_read() {
    let nsgs = std::fs::read_to_string(root().join("examples/small-company/nsgs.json")).unwrap();
    let ran = run(&["check", "-", "--format", "csv"], (nsgs + "{").as_bytes());
    assert_eq!(ran.code, 3);
    assert!(ran.out.contains(",could not be read,"), "{}", ran.out);
    assert!(ran.out.contains("NET001,exposed-management-port,needless ports,Not assessed,"), "{}", ran.out);
    assert!(ran.err.contains("-:1052:2: ") || ran.err.contains("-:"), "{}", ran.err);
}

#[test]
fn advice_names_every_rule_that_lets_in() {
    let rules = [rule("a", 100, "Allow", "Tcp", "*", "22"), rule("b", 200, "Allow", "*", "*", "*")];
    let text = estate("Standard", None, Some(&rules.join(",")));
    let report = run(&["check", "-", "--format", "json", "--select", "NET001"], text.as_bytes()).json();
    let fix = report["findings"][0]["fix"].as_str().unwrap();
    for name in ["a", "b"] {
        assert!(
            fix.contains(&format!(
                "rule delete --subscription s --resource-group rg --nsg-name ng --name {name}"
            )),
            "{fix}"
        );
    }
    assert_eq!(fix.matches("or close").count(), 1, "{fix}");
}

#[test]
fn one_is_not_several() {
    let text = estate("Standard", None, Some(&rule("a", 100, "Allow", "Tcp", "203.0.113.9", "22")));
    let arguments = [
        "check",
        "-",
        "--format",
        "markdown",
        "--select",
        "NET001,NET005",
        "--wide-after",
        "0",
        "--needed-addresses",
        "0",
    ];
    let out = run(&arguments, text.as_bytes()).out;
    assert!(out.contains("is open to 1 internet address\n"), "{out}");
    assert!(
        out.contains("people need 0 addresses") && out.contains("2 findings come from 1 root cause."),
        "{out}"
    );
}

#[test]
fn junit_counts_what_it_holds() {
    for arguments in [&["--format", "junit"][..], &["--format", "junit", "--all"]] {
        let text = example(arguments);
        let number = |name: &str| -> usize {
            let at = text.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
            text[at..].split('"').next().unwrap().parse().unwrap()
        };
        assert_eq!(number("tests"), text.matches("<testcase").count());
        assert_eq!(number("failures"), text.matches("<failure").count());
        assert_eq!(number("skipped"), text.matches("<skipped").count());
        well_formed(&text);
    }
}

/// Holds a text against `xmllint`, where it is installed: the test command installs it.
fn well_formed(text: &str) {
    let Ok(mut child) =
        Command::new("xmllint").args(["--noout", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()
    else {
        assert!(std::env::var_os("CI").is_none(), "xmllint is missing: apt-get install libxml2-utils");
        eprintln!("skipped: xmllint is not installed (apt-get install libxml2-utils)");
        return;
    };
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What has no Japanese name says so by having none but small letters.
#[test]
fn facts_have_japanese_names() {
    let mut told = 0;
    for example in ["small-company", "watched-estate"] {
        let path = root().join("examples").join(example).display().to_string();
        let page = run(&["check", &path, "--format", "html", "--lang", "ja"], b"").out;
        let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
        let data: Value = serde_json::from_str(data).unwrap();
        for row in
            data["blocks"].as_array().unwrap().iter().flat_map(|block| block["rows"].as_array().unwrap())
        {
            for fact in row["f"].as_array().into_iter().flatten() {
                let label = fact[0].as_str().unwrap();
                assert!(
                    !label.bytes().all(|byte| byte.is_ascii_lowercase() || b" -".contains(&byte)),
                    "{fact}"
                );
                told += 1;
            }
        }
    }
    assert!(told > 50, "{told} facts are told");
}

/// Names that would act in one form or another.
const HOSTILE: [&str; 9] = [
    "##vso[task.setvariable variable=x]y",
    "<script>alert(1)<\\/script>",
    "=cmd|' \\/C calc'!A0",
    "@everyone",
    "a\\u001b]8;;x\\u0007b\\u009b31m",
    "\\u202egnp.exe\\u2066",
    "`]](javascript:x)|*_~",
    "a\\u2028b\\u0000c\\r\\nd",
    "]]>&\\\"'\\uffff",
];

#[test]
fn hostile_names_act_in_no_form() {
    for name in HOSTILE {
        let text = estate("Standard", None, Some(&rule(name, 300, "Allow", "Tcp", "*", "3389")))
            .replace("virtualMachines/m\"", &format!("virtualMachines/{name}\""));
        for form in ["text", "json", "sarif", "html", "markdown", "csv", "junit", "ocsf", "defender-csv"] {
            for lang in ["en", "ja"] {
                let ran = run(&["check", "-", "--format", form, "--lang", lang], text.as_bytes());
                assert!([1, 3].contains(&ran.code), "{form}: {}", ran.err);
                let out = &ran.out;
                if !["json"].contains(&form) {
                    let acts = |c: char| {
                        c.is_control() && !"\n\r".contains(c)
                            || ('\u{202a}'..='\u{202e}').contains(&c)
                            || ('\u{2066}'..='\u{2069}').contains(&c)
                    };
                    let allowed = if form == "html" { out.replace('\t', "") } else { out.clone() };
                    assert_eq!(
                        allowed.find(acts),
                        None,
                        "{form} {name}: {:?}",
                        allowed.chars().find(|c| acts(*c))
                    );
                }
                if form != "json" {
                    assert!(!out.contains("##vso[") && !out.contains("##["), "{form}: an agent would obey");
                }
                match form {
                    "html" => {
                        assert_eq!(out.matches("<script").count(), 2, "{name}");
                        assert_eq!(out.matches("</script").count(), 2, "{name}");
                        assert!(!out.contains("javascript:x)\""));
                    }
                    "markdown" => {
                        let mut fenced = false;
                        for line in out.lines() {
                            fenced ^= line.starts_with("``````");
                            let outside: String = line.split('`').step_by(2).collect();
                            if !fenced {
                                assert!(!outside.contains("<script"), "{line}");
                                assert!(!outside.contains("]("), "{line}");
                                assert!(!outside.contains("@everyone"), "{line}");
                            }
                        }
                        assert!(!fenced, "a fence does not end");
                    }
                    "csv" | "defender-csv" => {
                        for cell in cells(out) {
                            assert!(!cell.starts_with(['=', '+', '-', '@', '|']), "{cell}");
                        }
                    }
                    "junit" => well_formed(out),
                    "json" | "sarif" | "ocsf" => {
                        let _: Value = serde_json::from_str(out).unwrap();
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The cells of a CSV text (RFC 4180).
fn cells(text: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cells.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' | '\n' if !quoted => cells.push(String::new()),
            '\r' if !quoted => {}
            c => cells.last_mut().unwrap().push(c),
        }
    }
    assert!(!quoted, "a cell does not end");
    cells
}

/// Rows of the table that stands beside Defender's, by the names of columns.
fn defender_rows(text: &str) -> Vec<std::collections::HashMap<String, String>> {
    let all = cells(text);
    let names = all[..20].to_vec();
    let rows = all[20..].chunks_exact(20);
    rows.map(|row| names.iter().cloned().zip(row.iter().cloned()).collect()).collect()
}

#[test]
fn the_table_beside_defenders_is_honest() {
    let path = root().join("examples/watched-estate").display().to_string();
    let folder = scratch();
    let config = "[[suppress]]\ncode = 'NET004'\nreason = 'the shop'\nuntil = 2027-01-01";
    std::fs::write(folder.path().join("sekimori.toml"), config).unwrap();
    let of = |form: &str| run_in(folder.path(), &["check", &path, "--all", "--format", form], b"", &[]);
    let (rows, json) = (defender_rows(&of("defender-csv").out), of("json").json());
    let count = |state: &str| rows.iter().filter(|row| row["state"] == state).count();
    let findings = json["findings"].as_array().unwrap();
    let status = |status: &str| findings.iter().filter(|row| row["status"] == status).count();
    assert_eq!((count("Unhealthy"), count("Healthy")), (status("fail"), status("pass")));
    let suppressed = json["suppressed"].as_array().unwrap();
    assert!(!suppressed.is_empty());
    assert_eq!(count("NotApplicable"), suppressed.len());
    let decided = rows.iter().find(|row| row["state"] == "NotApplicable").unwrap();
    assert!(decided["notApplicableReason"].contains("the shop"), "{decided:?}");
    let named: usize =
        json["unknown"].as_array().unwrap().iter().map(|row| row["sample"].as_array().unwrap().len()).sum();
    assert!(count("Unknown") >= named && named > 0);
    for (row, finding) in rows.iter().zip(findings) {
        assert_eq!(row["recommendationId"], finding["id"].as_str().unwrap());
        assert_eq!(row["recommendationName"], finding["code"].as_str().unwrap());
        assert_eq!(row["resourceId"], finding["resource"].as_str().unwrap());
        assert!(["High", "Medium", "Low"].contains(&row["severity"].as_str()));
    }
}

#[test]
fn every_row_of_the_table_has_every_cell() {
    for (lang, form) in [("en", "csv"), ("ja", "csv"), ("en", "defender-csv"), ("ja", "defender-csv")] {
        let text = example(&["--format", form, "--lang", lang, "--all"]);
        let columns = text.lines().next().unwrap().matches(',').count() + 1;
        // The last line break starts one more, empty cell.
        assert_eq!((cells(&text).len() - 1) % columns, 0);
    }
}

#[test]
fn a_report_of_nothing_is_still_a_report() {
    let closed = r#"[{"id":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v","properties":{}}]"#;
    let folder = scratch();
    for form in ["text", "json", "sarif", "html", "markdown", "csv", "junit", "ocsf", "defender-csv"] {
        let ran = run_in(folder.path(), &["check", "-", "--format", form], closed.as_bytes(), &[]);
        assert_eq!(ran.code, 0, "{form}: {}", ran.err);
        assert!(!ran.out.is_empty());
        if form == "junit" {
            well_formed(&ran.out);
        }
    }
}
