//! What conditional access demands, as people and programs are told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{run, run_with, scratch};
use serde_json::{Value, json};

const EXAMPLE: &str = "../../examples/sign-in/directory.ndjson";

fn asked(arguments: &[&str]) -> Value {
    let ran =
        run(&[&["what-if", EXAMPLE, "--no-mfa-trusted-ips", "--format", "json"], arguments].concat(), b"");
    assert!([0, 3].contains(&ran.code), "{}", ran.err);
    ran.json()
}

/// Each verdict, with the policies behind it.
fn verdicts(answer: &Value) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let outcomes = answer["outcomes"].as_array().unwrap().iter();
    outcomes
        .map(|one| (text(&one["verdict"]), one["policies"].as_array().unwrap().iter().map(text).collect()))
        .collect()
}

fn one(verdict: &str, policies: &[&str]) -> Vec<(String, Vec<String>)> {
    vec![(verdict.to_owned(), policies.iter().map(|name| (*name).to_owned()).collect())]
}

#[test]
fn what_is_told_decides() {
    let told = ["--client", "mobileAppsAndDesktopClients", "--sign-in-risk", "none"];
    let of = |more: &[&str]| verdicts(&asked(&[&told, more].concat()));
    let mizuno = ["--user", "mizuno@contoso.example"];
    assert_eq!(of(&[&mizuno[..], &["--ip", "203.0.113.7"]].concat()), one("nothing", &[]));
    assert_eq!(
        of(&[&mizuno[..], &["--ip", "203.0.113.200"]].concat()),
        one("mfa", &["Require MFA outside the office"])
    );
    assert_eq!(
        of(&["--user", "Break glass", "--ip", "203.0.113.200"]),
        one("nothing", &[]),
        "that account is excluded"
    );
    assert_eq!(
        verdicts(&asked(&["--user", "mizuno@contoso.example", "--client", "other", "--sign-in-risk", "low"])),
        one("blocked", &["Block legacy authentication"])
    );
}

#[test]
fn what_is_left_open_is_told_part_by_part() {
    let answer = asked(&["--user", "水野 葵"]);
    assert_eq!(answer["person"]["login"], "mizuno@contoso.example");
    assert_eq!(answer["open"], json!(["client", "platform", "sign_in_risk", "user_risk", "flow", "place"]));
    let nothing: Vec<&Value> =
        answer["outcomes"].as_array().unwrap().iter().filter(|one| one["verdict"] == "nothing").collect();
    assert_eq!(nothing.len(), 1);
    assert_eq!(
        nothing[0]["where"],
        json!([{
            "client": ["browser", "mobileAppsAndDesktopClients"],
            "place": [{"named_locations": ["Tokyo office"], "ranges": ["203.0.113.0-203.0.113.127"]}],
            "sign_in_risk": ["none", "low", "medium"],
        }])
    );
    let policy = |name: &str| {
        answer["policies"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    // It looks right, and is for another application.
    assert_eq!(policy("MFA for signing in to VMs")["because"], "other-applications");
    assert_eq!(policy("Only from Japan")["because"], "off");
    assert_eq!(policy("Managed device for administrators")["state"], "enabledForReportingButNotEnforced");
}

#[test]
fn policies_that_may_be_missing_are_not_taken_for_none() {
    let folder = scratch();
    let file = folder.path().join("people.json");
    let people = json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "value": [
        {"id": "1", "userPrincipalName": "a@example.com"}, {"id": "2", "displayName": "Twin"}, {"id": "3", "displayName": "Twin"}]});
    std::fs::write(&file, people.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let ran = run(&["what-if", file, "--user", "a@example.com", "--format", "json"], b"");
    assert_eq!(ran.code, 3);
    assert_eq!(
        (&ran.json()["all_policies_known"], verdicts(&ran.json())),
        (&json!(false), one("unknown", &[]))
    );
    let text = run(&["what-if", file, "--user", "a@example.com"], b"");
    assert!(text.out.contains("conditionalAccess/policies"), "{}", text.out);
    // More pages are more policies.
    let policies = json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identity/conditionalAccess/policies",
        "@odata.nextLink": "https://graph.microsoft.com/v1.0/next", "value": []});
    let page = folder.path().join("policies.json");
    std::fs::write(&page, policies.to_string()).unwrap();
    let ran = run(&["what-if", file, page.to_str().unwrap(), "--user", "a@example.com"], b"");
    assert_eq!(ran.code, 3);
    let twins = run(&["what-if", file, "--user", "twin"], b"");
    assert_eq!(twins.code, 2);
    assert!(twins.err.contains("2 people") && twins.err.contains("(2, 3)"), "{}", twins.err);
}

#[test]
fn microsofts_own_rules_count_where_no_policy_does() {
    let folder = scratch();
    let list = |path: &str, value: Value| {
        json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/{path}"), "value": value})
            .to_string()
    };
    let with = |defaults: Option<bool>, app: &str| {
        let mut lines = vec![
            list("users", json!([{"id": "1", "userPrincipalName": "a@example.com", "userType": "Member"}])),
            list("identity/conditionalAccess/policies", json!([])),
        ];
        lines.extend(defaults.map(|on| {
            list("policies/identitySecurityDefaultsEnforcementPolicy", json!([{"id": "d", "isEnabled": on}]))
        }));
        let file = folder.path().join("directory.ndjson");
        std::fs::write(&file, lines.join("\n")).unwrap();
        let ran = run(
            &["what-if", file.to_str().unwrap(), "--user", "a@example.com", "--app", app, "--format", "json"],
            b"",
        );
        (verdicts(&ran.json())[0].0.clone(), ran.code)
    };
    assert_eq!(with(Some(false), "linux-vm"), ("nothing".to_owned(), 0));
    assert_eq!(with(Some(true), "linux-vm"), ("unknown".to_owned(), 3));
    assert_eq!(with(None, "linux-vm"), ("unknown".to_owned(), 3));
    assert_eq!(with(Some(true), "azure-management").1, 3);
}

#[test]
fn lists_that_cannot_be_used_are_told() {
    let folder = scratch();
    let file = folder.path().join("members.json");
    let members = r##"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#directoryObjects","value":[{"id":"1"}]}"##;
    for (text, part) in [
        (members, "does not say of which group"),
        (
            r##"{"value":[{"id":"1"}],"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users"}"##,
            "stands behind it",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let ran = run(&["what-if", EXAMPLE, file.to_str().unwrap(), "--user", "mizuno@contoso.example"], b"");
        assert_eq!(ran.code, 3);
        assert!(ran.err.contains(part), "{}", ran.err);
    }
}

#[test]
fn people_read_it_in_their_language() {
    let arguments = ["what-if", EXAMPLE, "--no-mfa-trusted-ips", "--user", "mizuno@contoso.example"];
    let english = run(&arguments, b"");
    assert_eq!(english.code, 0);
    for part in [
        "mizuno@contoso.example signs in to Microsoft Azure Windows Virtual Machine Sign-in",
        "conditional access demands NOTHING: a password is enough\n  client: a browser, modern apps; risk of the sign-in: any but high; place: Tokyo office\n",
        "MFA for signing in to VMs (mfa) [on]\n    does not apply: it is for other applications",
    ] {
        assert!(english.out.contains(part), "{part}\n{}", english.out);
    }
    let japanese = run_with(&arguments, b"", &[("LANG", "ja_JP.UTF-8")]);
    for part in [
        "サインインする場合",
        "条件付きアクセスは何も要求しません (パスワードだけでサインインできます)",
        "適用されません: 対象のアプリケーションではありません",
    ] {
        assert!(japanese.out.contains(part), "{part}\n{}", japanese.out);
    }
}

#[test]
fn wrong_questions_are_told_what_to_ask() {
    let user = ["--user", "mizuno@contoso.example"];
    for (more, part) in [
        (&["--app", "word"][..], "windows-vm, linux-vm, azure-management"),
        (&["--ip", "10.0.0"], "203.0.113.7"),
        (&["--country", "Japan"], "two letters"),
        (&["--platform", "beos"], "android, iOS"),
        (&["--client", "telnet"], "browser"),
        (&["--sign-in-risk", "huge"], "none, low, medium, high"),
        (&["--device", "compliant"], "isCompliant=True"),
        (&["--device", "unregistered", "--device", "model=x"], "no attributes"),
    ] {
        let ran = run(&[&["what-if", EXAMPLE], &user[..], more].concat(), b"");
        assert_eq!(ran.code, 2, "{more:?}");
        assert!(ran.err.contains(part), "{more:?}: {}", ran.err);
        let japanese =
            run_with(&[&["what-if", EXAMPLE], &user[..], more].concat(), b"", &[("LANG", "ja_JP.UTF-8")]);
        assert!(japanese.err.starts_with("エラー: "), "{}", japanese.err);
    }
    assert_eq!(run(&["what-if", EXAMPLE, "--user", "nobody"], b"").code, 2);
}
