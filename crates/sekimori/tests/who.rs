//! Who gets into which machines, as people and programs are told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{root, run, run_with, scratch};
use serde_json::{Value, json};

const EXAMPLE: &str = "../../examples/sign-in";

fn schema(name: &str) -> jsonschema::Validator {
    let path = root().join("docs/schema").join(name);
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    strict(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
}

/// Readers ignore members that they do not know; here each has to be one of the schema's.
fn strict(schema: &mut Value) {
    if schema.get("properties").is_some_and(|properties| properties.is_object()) {
        schema["additionalProperties"] = false.into();
    }
    match schema {
        Value::Object(all) => all.values_mut().for_each(strict),
        Value::Array(all) => all.iter_mut().for_each(strict),
        _ => {}
    }
}

fn asked(arguments: &[&str]) -> Value {
    let ran = run(&[&["who", EXAMPLE, "--no-mfa-trusted-ips", "--format", "json"], arguments].concat(), b"");
    assert!([0, 3].contains(&ran.code), "{}", ran.err);
    let answer = ran.json();
    let faults: Vec<String> =
        schema("who-1.json").iter_errors(&answer).map(|error| error.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
    answer
}

/// Who can do something to the one class of machines: people by login, with what they can do and the least that is demanded.
fn holders(answer: &Value, class: usize) -> Vec<(String, Vec<String>, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let least = |at: &Value| {
        at.as_u64()
            .map_or("-".to_owned(), |at| text(&answer["sign_ins"][usize::try_from(at).unwrap()]["least"]))
    };
    let all = answer["machine_classes"][class]["holders"].as_array().unwrap().iter();
    let mut rows: Vec<_> = all
        .flat_map(|holder| {
            let people = answer["people"].as_array().unwrap().iter();
            let is = |class: &Value| holder["people"].as_array().unwrap().contains(class);
            let own = people.filter(move |person| person["classes"].as_array().unwrap().iter().any(is));
            own.map(|person| {
                let can = holder["can"].as_array().unwrap().iter().map(|can| {
                    let later = if can["now"] == "yes" { "" } else { " later" };
                    format!("{}{later}", text(&can["means"]))
                });
                let name = person["login"].as_str().or(person["name"].as_str()).unwrap().to_owned();
                (name, can.collect::<Vec<_>>(), least(&holder["sign_in"]), least(&holder["sign_in_to_azure"]))
            })
        })
        .collect();
    rows.sort();
    rows
}

fn row(who: &str, can: &[&str], sign_in: &str, azure: &str) -> (String, Vec<String>, String, String) {
    (who.to_owned(), can.iter().map(|one| (*one).to_owned()).collect(), sign_in.to_owned(), azure.to_owned())
}

#[test]
fn a_machine_tells_who_gets_in_by_what_and_what_is_demanded() {
    let answer = asked(&["gate"]);
    assert_eq!(
        holders(&answer, 0),
        [
            row("deploy-pipeline", &["run-command", "extension", "serial-console", "disk-copy"], "-", "-"),
            // By the group, and by the role that she may take.
            row("kaede@contoso.example", &["login", "login-as-admin"], "nothing", "-"),
            row(
                "kaede@contoso.example",
                &["run-command later", "extension later", "serial-console later"],
                "-",
                "nothing"
            ),
            row("mizuno@contoso.example", &["login"], "nothing", "-"),
            row(
                "sora@contoso.example",
                &["run-command", "extension", "serial-console", "disk-copy", "give-rights"],
                "-",
                "nothing"
            ),
        ]
    );
    let class = &answer["machine_classes"][0];
    assert_eq!(class["entra"], json!({"ready": "yes", "extension": "yes", "identity": "yes"}));
    assert_eq!(
        class["ways"][0],
        json!({"from": "internet", "ports": "3389", "internet_ipv4_addresses": 3_702_259_456_u64, "certain": true})
    );
    assert_eq!(answer["machines"][0]["account"]["name"], "opswin");
    assert_eq!(answer["reach"]["verdict"], "reachable");
    // The hole that lets Kaede in without MFA, and the policy that looks right.
    let at = answer["machine_classes"][0]["holders"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|one| one["sign_in"].as_u64());
    let sign_in = &answer["sign_ins"][usize::try_from(at.unwrap()).unwrap()];
    assert_eq!(sign_in["holes"][0]["policy"], "Require MFA outside the office");
    assert_eq!(sign_in["holes"][0]["because"], "only-where");
    assert_eq!(sign_in["holes"][1]["because"], "application-of-similar-name");
}

#[test]
fn all_machines_and_one_person_are_told_by_classes() {
    let all = asked(&["--all"]);
    assert_eq!(all["machines"].as_array().unwrap().len(), 2);
    assert_eq!(all["machine_classes"].as_array().unwrap().len(), 2);
    let kaede = asked(&["--person", "kaede@contoso.example"]);
    let names: Vec<&str> =
        kaede["people"].as_array().unwrap().iter().map(|one| one["login"].as_str().unwrap()).collect();
    assert_eq!(names, ["kaede@contoso.example"]);
    assert_eq!(
        (&kaede["people"][0]["risk"], &kaede["people"][0]["mfa_capable"]),
        (&json!("medium"), &json!(false))
    );
    let guest = asked(&["--person", "Hayashi (partner)"]);
    assert_eq!(guest["machines"], json!([]), "to read is not to get in");
    // The same in any order of its records.
    let text: String = ["directory.ndjson", "machines.ndjson"]
        .iter()
        .map(|name| std::fs::read_to_string(root().join("examples/sign-in").join(name)).unwrap())
        .collect();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.reverse();
    let folder = scratch();
    let path = folder.path().join("estate.ndjson");
    std::fs::write(&path, lines.join("\n")).unwrap();
    let path = path.display().to_string();
    let turned = run(&["who", &path, "--all", "--no-mfa-trusted-ips", "--format", "json"], b"").json();
    assert_eq!(turned, all);
}

#[test]
fn text_says_it_in_both_languages() {
    let of = |lang: &str, arguments: &[&str]| {
        let all = [&["who", EXAMPLE, "--no-mfa-trusted-ips", "--lang", lang], arguments].concat();
        run(&all, b"").out
    };
    let text = of("en", &["gate"]);
    for part in [
        "Who gets into gate",
        "TCP 3389  ← the whole internet (3,702,259,456 addresses)",
        "log in as administrator – by Virtual Machine Administrator Login of resource group `rg-office`, by the group `VM administrators`",
        "kaede@contoso.example (risk: medium, has no second factor)",
        "run commands once a role is taken",
        "has to be taken first (PIM)",
        "policies for people are not for programs",
        "`opswin`, made with a password",
        "the hole in `MFA for signing in to VMs`: it is for `Windows Cloud Login`, which is another application",
        "at the least: conditional access demands NOTHING: a password is enough",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let text = of("ja", &["--person", "kaede@contoso.example"]);
    for part in [
        "kaede@contoso.example が入れるマシン: 2 台",
        "システム割り当て ID がないため現在はできません",
        "管理者としてログイン",
        "PIM での有効化が必要",
        "条件付きアクセスは何も要求しません",
        "抜け穴",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("opslinux"), "accounts of machines are not hers");
}

#[test]
fn a_page_holds_no_script_and_no_markup_of_names() {
    let text: String = ["directory.ndjson", "machines.ndjson"]
        .iter()
        .map(|name| std::fs::read_to_string(root().join("examples/sign-in").join(name)).unwrap())
        .collect();
    let text = text
        .replace("VM administrators", "<script>alert(1)</script>")
        .replace("mizuno@contoso.example", "a&b<i>@x");
    let ran = run(&["who", "-", "--all", "--format", "html"], text.as_bytes());
    assert!(ran.out.starts_with("<!DOCTYPE html>"), "{}", ran.err);
    assert!(!ran.out.contains("<script"), "{}", ran.out);
    assert!(ran.out.contains("a&amp;b&lt;i&gt;@x"), "{}", ran.out);
    assert!(ran.out.contains("default-src 'none'"));
    let folder = scratch();
    let path = folder.path().join("who.html");
    let ran = run(&["who", EXAMPLE, "--all", "-o", &path.display().to_string()], b"");
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert!(std::fs::read_to_string(&path).unwrap().contains("<svg"));
}

#[test]
fn wrong_use_says_what_to_do() {
    for (arguments, words) in [
        (&["who", EXAMPLE][..], "say who is meant"),
        (&["who"][..], "say who is meant"),
        (&["who", EXAMPLE, "nothing-like-that"][..], "nothing-like-that"),
        (&["who", EXAMPLE, "--person", "nobody"][..], "the input holds nobody called `nobody`"),
        (&["who", EXAMPLE, "--all", "--person", "x"][..], "cannot be used with"),
        (&["who", EXAMPLE, "--all", "-o", "x.docx"][..], "end it in .txt, .json or .html"),
        (&["who", EXAMPLE, "--all", "--no-directory"][..], "leave SOURCE out"),
    ] {
        let ran = run(arguments, b"");
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.err.contains(words), "{arguments:?}: {}", ran.err);
    }
    let ran = run_with(&["who", EXAMPLE], b"", &[("SEKIMORI_LANG", "ja")]);
    assert!(ran.err.contains("対象を指定してください"), "{}", ran.err);
}

#[test]
fn what_is_missing_is_told() {
    // Machines and roles alone: nothing tells of people and policies.
    let text = std::fs::read_to_string(root().join("examples/sign-in/machines.ndjson")).unwrap();
    let ran = run(&["who", "-", "gate", "--format", "json"], text.as_bytes());
    assert_eq!(ran.code, 3);
    let answer = ran.json();
    let reasons: Vec<&str> =
        answer["unknown"].as_array().unwrap().iter().map(|row| row["reason"].as_str().unwrap()).collect();
    for part in ["policies of conditional access", "role assignments", "who is in the group"] {
        assert!(reasons.iter().any(|reason| reason.contains(part)), "{part}: {reasons:#?}");
    }
    // A group of which nobody told the members stands for itself, and what is demanded is not known.
    let holders = answer["machine_classes"][0]["holders"].as_array().unwrap();
    assert!(holders.iter().any(|holder| holder["group"]["id"] == "0b6f4c1e-0000-4000-8000-000000000011"));
    assert!(answer["sign_ins"].as_array().unwrap().iter().all(|one| one["least"] == "unknown"), "{answer:#}");
    assert_eq!(answer["all_policies_known"], json!(false));
}

#[test]
fn what_if_keeps_its_schema() {
    let schema = schema("what-if-1.json");
    for more in [
        &[][..],
        &["--app", "azure-management"],
        &["--ip", "203.0.113.7", "--client", "other"],
        &["--device", "unregistered"],
    ] {
        let user = ["what-if", EXAMPLE, "--user", "mizuno@contoso.example", "--format", "json"];
        let answer = run(&[&user[..], more].concat(), b"").json();
        let faults: Vec<String> = schema.iter_errors(&answer).map(|error| error.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new(), "{more:?}");
    }
}

fn answer(resources: &[Value], more: &[&str]) -> (i32, Value) {
    let text: String = resources.iter().map(|one| format!("{one}\n")).collect();
    let ran = run(&[&["who", "-", "--format", "json"], more].concat(), text.as_bytes());
    (ran.code, ran.json())
}

fn reasons(answer: &Value) -> String {
    let all = answer["unknown"].as_array().unwrap().iter();
    all.map(|row| format!("{}\n", row["reason"].as_str().unwrap())).collect()
}

const VM: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m";

#[test]
fn what_may_be_is_never_told_as_not_so() {
    let admin = "/providers/Microsoft.Authorization/roleDefinitions/1c0163c0-47e6-4577-8991-ea5c82e286e4";
    let to_group = json!({"id": format!("{VM}/providers/Microsoft.Authorization/roleAssignments/1"),
        "properties": {"scope": VM, "principalId": "g", "principalType": "Group", "roleDefinitionId": admin}});
    let people = json!({"@odata.context": "https://graph.microsoft.com/v1.0/users", "value": [{"id": "p", "userPrincipalName": "p@x"}]});
    let machine = json!({"id": VM, "properties": {"storageProfile": {"osDisk": {"osType": "Linux"}},
        "networkProfile": {"networkInterfaces": [{"id": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces/n"}]}}});
    // Whoever is in the group may be this person.
    let (code, one) = answer(&[machine.clone(), to_group.clone(), people.clone()], &["--person", "p@x"]);
    assert_eq!((code, &one["machines"]), (3, &json!([])));
    assert!(reasons(&one).contains("who is in the group `g`"), "{one:#}");
    let text: String = [&machine, &to_group, &people].iter().map(|one| format!("{one}\n")).collect();
    let page = run(&["who", "-", "--person", "p@x"], text.as_bytes()).out;
    assert!(page.contains("no right that is known to lead into a machine"), "{page}");
    // Nobody told of any role.
    let (code, one) = answer(&[machine.clone(), people.clone()], &["--person", "p@x"]);
    assert_eq!(code, 3);
    assert!(reasons(&one).contains("role assignments"), "{one:#}");
    // The NIC is not in the input, so packets may get there.
    let (_, one) = answer(&[machine.clone(), to_group.clone()], &["m"]);
    assert_eq!(one["machine_classes"][0]["all_ways_known"], json!(false));
    assert!(reasons(&one).contains("network interface"), "{one:#}");
    let page = run(&["who", "-", "m"], format!("{machine}\n{to_group}\n").as_bytes()).out;
    assert!(page.contains("ways in: not known"), "{page}");
    // A group in the group, of which nobody told the members.
    let nested = json!({"@odata.context": "https://graph.microsoft.com/v1.0/groups/g/members",
        "value": [{"@odata.type": "#microsoft.graph.group", "id": "h"}]});
    let (_, one) = answer(&[machine.clone(), to_group.clone(), nested], &["m"]);
    assert_eq!(one["machine_classes"][0]["holders"][0]["group"]["id"], "g", "{one:#}");
}

#[test]
fn of_a_machine_without_a_system_the_weaker_door_counts() {
    let machine = json!({"id": VM, "properties": {"networkProfile": {"networkInterfaces": []}}});
    let login = json!({"id": format!("{VM}/providers/Microsoft.Authorization/roleAssignments/1"), "properties": {"scope": VM, "principalId": "p",
        "principalType": "User", "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/1c0163c0-47e6-4577-8991-ea5c82e286e4"}});
    let graph = |path: &str, value: Value| json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/{path}"), "value": value});
    let policy = json!([{"id": "c", "displayName": "Windows alone", "state": "enabled", "conditions": {"users": {"includeUsers": ["All"]},
        "applications": {"includeApplications": ["372140e0-b3b7-4226-8ef9-d57986796201"]}, "clientAppTypes": ["all"]},
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}]);
    let all = [
        machine,
        login,
        graph("users", json!([{"id": "p", "userPrincipalName": "p@x", "userType": "Member"}])),
        graph("identity/conditionalAccess/policies", policy),
        graph("policies/identitySecurityDefaultsEnforcementPolicy", json!([{"id": "d", "isEnabled": false}])),
    ];
    let (_, one) = answer(&all, &["m"]);
    let at = usize::try_from(one["machine_classes"][0]["holders"][0]["sign_in"].as_u64().unwrap()).unwrap();
    assert_eq!(one["sign_ins"][at]["application"], "linux-vm");
    assert_eq!(one["sign_ins"][at]["least"], "nothing");
}

/// An answer with something unknown in it says why, and does not end as if it were whole.
#[test]
fn every_unknown_has_a_reason() {
    let text: String = ["directory.ndjson", "machines.ndjson"]
        .iter()
        .map(|name| std::fs::read_to_string(root().join("examples/sign-in").join(name)).unwrap())
        .collect();
    let manifest = json!({"kind": "sekimori.snapshot/1", "rows": {"machines": 1, "networks": 1, "rights": 1, "eligible rights": 1}, "refused": [], "partial": []});
    let of = |text: &str| {
        let ran = run(
            &["who", "-", "gate", "--no-mfa-trusted-ips", "--format", "json"],
            format!("{text}{manifest}\n").as_bytes(),
        );
        (ran.code, reasons(&ran.json()))
    };
    assert_eq!(of(&text), (0, String::new()), "all of it is known");
    let condition = r#""condition":"@Resource[Microsoft.Compute/virtualMachines:tag] StringEquals 'x'","principalId": "0b6f4c1e-0000-4000-8000-000000000001""#;
    let guarded = text.replace(r#""principalId": "0b6f4c1e-0000-4000-8000-000000000001""#, condition);
    assert_ne!(guarded, text);
    let (code, reasons) = of(&guarded);
    assert!(code == 3 && reasons.contains("condition of the role"), "{code} {reasons}");
    // Microsoft's own rules, and no policies.
    let defaults = text
        .replace(r#""isEnabled": false"#, r#""isEnabled": true"#)
        .replace(r#""state": "enabled""#, r#""state": "disabled""#);
    let (code, reasons) = of(&defaults);
    assert!(code == 3 && reasons.contains("security defaults"), "{code} {reasons}");
    // What is taken away where a condition holds.
    let deny = json!({"id": format!("/subscriptions/4f0c2d3a-1111-4000-8000-00000000a001/providers/Microsoft.Authorization/denyAssignments/d"),
        "properties": {"scope": "/subscriptions/4f0c2d3a-1111-4000-8000-00000000a001", "condition": "@Resource[x:y] StringEquals 'x'",
            "principals": [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}], "excludePrincipals": [],
            "permissions": [{"actions": ["*"], "notActions": [], "dataActions": ["*"], "notDataActions": []}]}});
    let (code, reasons) = of(&format!("{text}{deny}\n"));
    assert!(code == 3 && reasons.contains("deny assignment"), "{code} {reasons}");
}
