//! Defender for Cloud: plans, contacts, recommendations, alerts, and whether it and our checks say the same.

use serde_json::{Value, json};

use crate::{
    SUBSCRIPTION, at, cases, exported, finding, lines, manifest, merge, snapshot, verdict, vm, vm_id, windows,
};

fn plan(properties: Value) -> Value {
    json!({
        "id": format!("{SUBSCRIPTION}/providers/Microsoft.Security/pricings/VirtualMachines"),
        "type": "Microsoft.Security/pricings",
        "name": "VirtualMachines",
        "properties": properties
    })
}

fn with_plan(properties: Value) -> Vec<Value> {
    vec![vm(json!({})), plan(properties)]
}

/// A second VM, in a subscription of its own.
fn elsewhere() -> Value {
    let id = vm_id().replace("11111111-1111", "22222222-2222");
    vm(json!({"id": id}))
}

#[test]
fn plans_of_subscriptions_with_machines() {
    let mut sql = plan(json!({"pricingTier": "Free"}));
    sql["id"] = json!(sql["id"].as_str().unwrap().replace("VirtualMachines", "SqlServers"));
    cases(
        "DEF001",
        vec![
            ("pass", with_plan(json!({"pricingTier": "Standard", "subPlan": "P2"}))),
            ("fail", with_plan(json!({"pricingTier": "Free"}))),
            ("unknown", with_plan(json!({"subPlan": "P2"}))),
            ("fail", vec![vm(json!({}))]),
            // The plan for another kind of resources.
            ("pass", vec![vm(json!({})), plan(json!({"pricingTier": "Standard"})), sql.clone()]),
            ("fail", vec![vm(json!({})), sql.clone()]),
            ("fail", vec![vm(json!({})), elsewhere(), plan(json!({"pricingTier": "Standard"}))]),
            ("not assessed", vec![plan(json!({"pricingTier": "Free"}))]),
        ],
    );
    assert_eq!(verdict(&exported(&[vm(json!({}))]), "DEF001"), "not assessed");
    assert_eq!(verdict(&exported(&[vm(json!({})), sql]), "DEF001"), "unknown");
    let report = snapshot(&[elsewhere(), vm(json!({}))]);
    let all = report["findings"].as_array().unwrap().iter().filter(|row| row["code"] == "DEF001");
    assert_eq!(all.count(), 2, "one a subscription: {report:#}");
    let report = snapshot(&with_plan(json!({"pricingTier": "Free"})));
    assert!(finding(&report, "DEF001")["resource"].to_string().contains("pricings"), "{report:#}");
}

#[test]
fn recommendations_for_what_stands_around_machines() {
    let of = |owner: &str, key: &str, status: &str| {
        json!({
            "id": format!("{owner}/providers/Microsoft.Security/assessments/{key}"),
            "type": "Microsoft.Security/assessments",
            "properties": {"displayName": "Do it", "status": {"code": status}, "metadata": {"severity": "High"}}
        })
    };
    let new = "0f0f0f0f-0000-4000-8000-000000000001";
    let vault = at("Microsoft.RecoveryServices/vaults/v");
    let storage = at("Microsoft.Storage/storageAccounts/s");
    cases(
        "DEF012",
        vec![
            // Defender says nothing at all.
            ("", vec![vm(json!({}))]),
            ("fail", vec![vm(json!({})), of(SUBSCRIPTION, new, "Unhealthy")]),
            ("fail", vec![vm(json!({})), of(&vault, new, "Unhealthy")]),
            ("pass", vec![vm(json!({})), of(&vault, new, "Healthy"), of(SUBSCRIPTION, new, "NotApplicable")]),
            // Machines are DEF005's, and what holds no machine is nobody's here.
            ("pass", vec![vm(json!({})), of(&vm_id(), new, "Unhealthy")]),
            ("pass", vec![vm(json!({})), of(&storage, new, "Unhealthy")]),
            ("fail", vec![vm(json!({})), of(&vault, new, "Unhealthy"), of(&storage, new, "Unhealthy")]),
        ],
    );
    assert_eq!(verdict(&exported(&[vm(json!({}))]), "DEF012"), "not assessed");
    assert_eq!(verdict(&exported(&[vm(json!({})), of(&vault, new, "Healthy")]), "DEF012"), "unknown");
    let report = snapshot(&[vm(json!({})), of(&vault, new, "Unhealthy")]);
    let found = finding(&report, "DEF012");
    assert_eq!((found["resource"].as_str(), found["severity"].as_str()), (Some(&*vault), Some("high")));
    assert_eq!(found["evidence"]["recommendation"], new, "{found:#}");
    // What a check of ours has found itself is told once, with a second witness.
    let network = at("Microsoft.Network/virtualNetworks/v");
    let subnet = json!({"id": network, "properties": {"subnets": [{
        "id": format!("{network}/subnets/s"),
        "properties": {"addressPrefix": "10.0.0.0/24", "ipConfigurations": [{"id": at("Microsoft.Network/networkInterfaces/n/ipConfigurations/i")}]}
    }]}});
    let key = "eade5b56-eefd-444f-95c8-23f29e5d93cb";
    let report = snapshot(&[vm(json!({})), subnet, of(&format!("{network}/subnets/s"), key, "Unhealthy")]);
    assert_eq!(finding(&report, "NET013")["evidence"]["defender"], "agrees", "{report:#}");
    assert_eq!(verdict(&report, "DEF012"), "", "{report:#}");
    let report = snapshot(&[
        vm(json!({})),
        plan(json!({"pricingTier": "Free"})),
        of(SUBSCRIPTION, "56a6e81f-7413-4f72-9a1b-aaeeaa87c872", "Unhealthy"),
    ]);
    assert_eq!(finding(&report, "DEF001")["evidence"]["defender"], "agrees", "{report:#}");
}

#[test]
fn plan_1_is_the_smaller_one() {
    cases(
        "DEF002",
        vec![
            ("fail", with_plan(json!({"pricingTier": "Standard", "subPlan": "P1"}))),
            ("pass", with_plan(json!({"pricingTier": "Standard", "subPlan": "P2"}))),
            ("pass", with_plan(json!({"pricingTier": "Standard"}))),
            ("", with_plan(json!({"pricingTier": "Free", "subPlan": "P1"}))),
            ("unknown", with_plan(json!({"subPlan": "P1"}))),
        ],
    );
}

#[test]
fn parts_of_the_plan() {
    let parts = |sub_plan: &str, agentless: Value, files: &str| {
        let mut all = vec![
            json!({"name": "MdeDesignatedSubscription", "isEnabled": "False"}),
            json!({"name": "FileIntegrityMonitoring", "isEnabled": files}),
        ];
        if !agentless.is_null() {
            all.push(json!({"name": "AgentlessVmScanning", "isEnabled": agentless}));
        }
        with_plan(json!({"pricingTier": "Standard", "subPlan": sub_plan, "extensions": all}))
    };
    cases(
        "DEF004",
        vec![
            ("pass", parts("P2", json!("True"), "True")),
            ("fail", parts("P2", json!("False"), "True")),
            ("fail", parts("P2", json!("True"), "False")),
            // Plan 1 has neither.
            ("", parts("P1", json!("False"), "False")),
            ("unknown", parts("P2", json!(null), "True")),
            ("unknown", with_plan(json!({"pricingTier": "Standard", "subPlan": "P2"}))),
            ("", with_plan(json!({"pricingTier": "Free"}))),
        ],
    );
    let report = snapshot(&parts("P2", json!("False"), "True"));
    assert_eq!(finding(&report, "DEF004")["evidence"]["off"], "AgentlessVmScanning");
}

#[test]
fn somebody_hears_of_alerts() {
    let contact = |properties: Value| {
        vec![
            vm(json!({})),
            json!({
                "id": format!("{SUBSCRIPTION}/providers/Microsoft.Security/securityContacts/default"),
                "type": "Microsoft.Security/securityContacts",
                "properties": properties
            }),
        ]
    };
    let on = json!({"state": "On", "minimalSeverity": "High"});
    let role = |state: &str| json!({"state": state, "roles": ["Owner"]});
    cases(
        "DEF003",
        vec![
            ("pass", contact(json!({"emails": "soc@example.com", "alertNotifications": on}))),
            (
                "pass",
                contact(json!({"emails": "", "notificationsByRole": role("On"), "alertNotifications": on})),
            ),
            (
                "fail",
                contact(json!({"emails": "", "notificationsByRole": role("Off"), "alertNotifications": on})),
            ),
            ("fail", contact(json!({"emails": "soc@example.com", "alertNotifications": {"state": "Off"}}))),
            // The versions of 2017 and 2023.
            (
                "pass",
                contact(
                    json!({"email": "soc@example.com", "alertNotifications": "On", "alertsToAdmins": "Off"}),
                ),
            ),
            (
                "fail",
                contact(
                    json!({"email": "soc@example.com", "alertNotifications": "Off", "alertsToAdmins": "On"}),
                ),
            ),
            (
                "pass",
                contact(
                    json!({"isEnabled": true, "emails": "soc@example.com", "notificationsSources": [{"sourceType": "Alert", "minimalSeverity": "Medium"}]}),
                ),
            ),
            (
                "fail",
                contact(
                    json!({"isEnabled": false, "emails": "soc@example.com", "notificationsSources": [{"sourceType": "Alert", "minimalSeverity": "Medium"}]}),
                ),
            ),
            (
                "fail",
                contact(
                    json!({"isEnabled": true, "emails": "soc@example.com", "notificationsSources": [{"sourceType": "AttackPath"}]}),
                ),
            ),
            ("unknown", contact(json!({"emails": "soc@example.com"}))),
            ("fail", vec![vm(json!({}))]),
        ],
    );
    let report =
        snapshot(&contact(json!({"emails": "soc@example.com", "alertNotifications": {"state": "Off"}})));
    assert!(!report.to_string().contains("soc@example.com"), "addresses of people are nobody's business");
    let refused = json!({"refused": [{"what": "security contacts", "scope": SUBSCRIPTION, "action": "x/read", "role": "Security Reader"}]});
    assert_eq!(verdict(&lines(&[vm(json!({}))], &manifest(refused)), "DEF003"), "unknown");
}

fn assessment(key: &str, change: Value) -> Value {
    let mut assessment = json!({
        "id": format!("{}/providers/Microsoft.Security/assessments/{key}", vm_id()),
        "type": "Microsoft.Security/assessments",
        "properties": {
            "displayName": "Machines should be kept well",
            "status": {"code": "Unhealthy", "description": "it is not", "statusChangeDate": "2026-10-01T00:00:00Z"},
            "metadata": {"severity": "High"}
        }
    });
    merge(&mut assessment, &json!({"properties": change}));
    assessment
}

fn status(code: &str) -> Value {
    json!({"status": {"code": code}})
}

/// Of a recommendation that no check of ours looks at.
const OTHER: &str = "00000000-aaaa-bbbb-cccc-000000000001";
const SECURE_BOOT: &str = "0396b18c-41aa-489c-affd-4ee5d1714a59";

#[test]
fn recommendations_that_nobody_else_looks_at() {
    cases(
        "DEF005",
        vec![
            ("fail", vec![vm(json!({})), assessment(OTHER, json!({}))]),
            ("pass", vec![vm(json!({})), assessment(OTHER, status("Healthy"))]),
            ("pass", vec![vm(json!({})), assessment(OTHER, status("NotApplicable"))]),
            // A check of ours looks at it, in whatever case Azure writes the key.
            ("", vec![vm(json!({})), assessment(&SECURE_BOOT.to_uppercase(), json!({}))]),
            ("", vec![vm(json!({}))]),
        ],
    );
    let other = OTHER.replace("0001", "0002");
    let low = json!({"metadata": {"severity": "Low"}});
    let report = snapshot(&[vm(json!({})), assessment(OTHER, json!({})), assessment(&other, low)]);
    let all: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().filter(|row| row["code"] == "DEF005").collect();
    assert_eq!(all.len(), 2, "{report:#}");
    assert_eq!((all[0]["severity"].as_str(), all[1]["severity"].as_str()), (Some("high"), Some("low")));
    assert_ne!(all[0]["id"], all[1]["id"]);
    assert_eq!(all[0]["evidence"]["recommendation"], OTHER);
    assert_eq!(all[0]["evidence"]["since"], "2026-10-01");
    let healthy = [vm(json!({})), assessment(OTHER, status("Healthy"))];
    assert_eq!(verdict(&exported(&healthy), "DEF005"), "unknown", "there may be others");
}

#[test]
fn defender_and_we_do_not_say_the_same() {
    let boot =
        |secure| json!({"properties": {"securityProfile": {"uefiSettings": {"secureBootEnabled": secure}}}});
    let unreadable = boot(json!({"$unknown": {"reason": "at deployment"}}));
    cases(
        "DEF006",
        vec![
            ("pass", vec![vm(json!({})), assessment(SECURE_BOOT, status("Healthy"))]),
            ("pass", vec![vm(boot(json!(false))), assessment(SECURE_BOOT, json!({}))]),
            ("fail", vec![vm(json!({})), assessment(SECURE_BOOT, json!({}))]),
            ("fail", vec![vm(boot(json!(false))), assessment(SECURE_BOOT, status("Healthy"))]),
            // Nothing to compare: we could not tell, it is not about the machine, or Defender says nothing.
            ("", vec![vm(unreadable), assessment(SECURE_BOOT, json!({}))]),
            (
                "",
                vec![
                    vm(json!({"properties": {"securityProfile": {"securityType": null}}})),
                    assessment(SECURE_BOOT, json!({})),
                ],
            ),
            ("", vec![vm(json!({})), assessment(SECURE_BOOT, status("NotApplicable"))]),
            ("", vec![vm(json!({})), assessment(OTHER, json!({}))]),
        ],
    );
    let report = snapshot(&[vm(json!({})), assessment(SECURE_BOOT, json!({}))]);
    let found = finding(&report, "DEF006");
    assert_eq!(found["evidence"]["check"], "HRD002", "{found:#}");
    assert_eq!(found["evidence"]["check_says"], "pass");
    let report = snapshot(&[vm(boot(json!(false))), assessment(SECURE_BOOT, json!({}))]);
    assert_eq!(finding(&report, "HRD002")["evidence"]["defender"], "agrees");
    let report = snapshot(&[vm(boot(json!(false)))]);
    assert_eq!(finding(&report, "HRD002")["evidence"]["defender"], Value::Null);
}

const VULNERABLE: &str = "1195afff-c881-495e-9bc5-1486211ae03f";
const SECRETS: &str = "17618b1a-ed14-49bb-b37f-9f8ba967be8b";

fn sub_assessment(key: &str, number: u32, change: Value) -> Value {
    let mut one = json!({
        "id": format!("{}/providers/Microsoft.Security/assessments/{key}/subAssessments/{number}", vm_id()),
        "type": "Microsoft.Security/assessments/subAssessments",
        "properties": {
            "displayName": format!("finding {number}"),
            "status": {"code": "Unhealthy", "severity": "Medium"},
            "additionalData": {"assessedResourceType": "ServerVulnerabilityTvm", "cve": [{"title": format!("CVE-2026-{number:04}")}]}
        }
    });
    merge(&mut one, &json!({"properties": change}));
    one
}

#[test]
fn vulnerabilities_are_counted_by_machine() {
    let healthy = || assessment(VULNERABLE, status("Healthy"));
    let of_sql = sub_assessment(
        "82e20e14-edc5-4373-bfc4-f13121257c37",
        1,
        json!({"additionalData": {"assessedResourceType": "SqlServerVulnerability", "cve": null}}),
    );
    cases(
        "DEF007",
        vec![
            ("fail", vec![vm(json!({})), sub_assessment(VULNERABLE, 1, json!({}))]),
            ("pass", vec![vm(json!({})), healthy(), sub_assessment(VULNERABLE, 1, status("Healthy"))]),
            ("pass", vec![vm(json!({})), healthy(), of_sql]),
            // Nobody has looked.
            ("", vec![vm(json!({}))]),
            (
                "pass",
                vec![vm(json!({})), healthy(), sub_assessment(SECRETS, 1, json!({"additionalData": null}))],
            ),
        ],
    );
    let severity = |change: Value| {
        let report = snapshot(&[vm(json!({})), sub_assessment(VULNERABLE, 1, change)]);
        finding(&report, "DEF007")["severity"].as_str().unwrap().to_owned()
    };
    assert_eq!(severity(json!({})), "medium");
    assert_eq!(severity(json!({"status": {"severity": "High"}})), "high");
    let exploit = json!({"additionalData": {"vulnerabilityDetails": {"exploitabilityAssessment": {"isInExploitKit": true}}}});
    assert_eq!(severity(exploit.clone()), "critical");
    let many: Vec<Value> = std::iter::once(vm(json!({})))
        .chain((1..=7).map(|number| sub_assessment(VULNERABLE, number, json!({}))))
        .chain([sub_assessment(VULNERABLE, 8, exploit)])
        .collect();
    let report = snapshot(&many);
    let evidence = &finding(&report, "DEF007")["evidence"];
    assert_eq!((&evidence["count"], &evidence["exploitable"]), (&json!("8"), &json!("1")), "{evidence:#}");
    assert_eq!(evidence["cves"], "CVE-2026-0008", "those that matter most: {evidence:#}");
    let healthy = [vm(json!({})), healthy()];
    assert_eq!(verdict(&exported(&healthy), "DEF007"), "unknown");
}

#[test]
fn secrets_on_disks() {
    let secret =
        || sub_assessment(SECRETS, 1, json!({"displayName": "SSH private key", "additionalData": null}));
    cases(
        "DEF008",
        vec![
            ("fail", vec![vm(json!({})), secret()]),
            ("fail", vec![vm(json!({})), assessment(SECRETS, json!({}))]),
            ("pass", vec![vm(json!({})), assessment(SECRETS, status("Healthy"))]),
            ("", vec![vm(json!({})), sub_assessment(VULNERABLE, 1, json!({}))]),
        ],
    );
    let report = snapshot(&[vm(json!({})), secret()]);
    assert_eq!(finding(&report, "DEF008")["evidence"]["kinds"], "SSH private key");
    assert_eq!(verdict(&exported(&[vm(json!({})), assessment(OTHER, json!({}))]), "DEF008"), "unknown");
}

fn alert(name: &str, machines: &[String], change: Value) -> Value {
    let resources: Vec<Value> =
        machines.iter().map(|id| json!({"azureResourceId": id, "type": "AzureResource"})).collect();
    let mut alert = json!({
        "id": format!("{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Security/locations/japaneast/alerts/{name}"),
        "type": "Microsoft.Security/Locations/alerts",
        "properties": {
            "status": "Active",
            "severity": "Low",
            "alertType": "VM_LinuxBruteForce",
            "alertDisplayName": "Brute force",
            "timeGeneratedUtc": "2026-11-20T00:00:00Z",
            "resourceIdentifiers": resources
        }
    });
    merge(&mut alert, &json!({"properties": change}));
    alert
}

#[test]
fn alerts_that_nobody_has_dealt_with() {
    let mine = [vm_id().to_lowercase()];
    cases(
        "DEF009",
        vec![
            ("fail", vec![vm(json!({})), alert("a", &mine, json!({}))]),
            ("fail", vec![vm(json!({})), alert("a", &mine, json!({"status": "InProgress"}))]),
            ("pass", vec![vm(json!({})), alert("a", &mine, json!({"status": "Resolved"}))]),
            ("pass", vec![vm(json!({})), alert("a", &mine, json!({"status": "Dismissed"}))]),
            ("pass", vec![vm(json!({})), alert("a", &[format!("{}2", vm_id())], json!({}))]),
            ("pass", vec![vm(json!({}))]),
        ],
    );
    let other = [format!("{}2", vm_id())];
    assert_eq!(verdict(&exported(&[vm(json!({})), alert("a", &other, json!({}))]), "DEF009"), "unknown");
    let second = elsewhere();
    let both = [vm_id(), second["id"].as_str().unwrap().to_owned()];
    let high = json!({"severity": "High", "alertDisplayName": "Coin miner", "alertType": "VM_CoinMiner"});
    let report = snapshot(&[vm(json!({})), second, alert("a", &mine, json!({})), alert("b", &both, high)]);
    let all: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().filter(|row| row["code"] == "DEF009").collect();
    assert_eq!(all.len(), 2, "one a machine, and one alert may be about both: {report:#}");
    let counts: Vec<&str> = all.iter().map(|row| row["evidence"]["alerts"].as_str().unwrap()).collect();
    assert!(counts.contains(&"2") && counts.contains(&"1"), "{counts:?}");
    assert!(all.iter().all(|row| row["severity"] == "high"));
    assert!(all.iter().all(|row| row["message"].as_str().unwrap().contains("Coin miner")));
}

fn rule(change: Value) -> Vec<Value> {
    let mut rule = json!({
        "id": format!("{SUBSCRIPTION}/providers/Microsoft.Security/alertsSuppressionRules/r"),
        "type": "Microsoft.Security/alertsSuppressionRules",
        "properties": {
            "alertType": "VM_LinuxBruteForce",
            "state": "Enabled",
            "expirationDateUTC": "2026-12-24T00:00:00Z",
            "reason": "FalsePositive",
            "suppressionAlertsScope": {"allOf": [{"field": "entities.host.hostname", "contains": "test"}]}
        }
    });
    merge(&mut rule, &json!({"properties": change}));
    vec![vm(json!({})), rule]
}

#[test]
fn alerts_that_are_kept_from_people() {
    cases(
        "DEF010",
        vec![
            ("pass", rule(json!({}))),
            ("fail", rule(json!({"suppressionAlertsScope": {"allOf": null}}))),
            ("fail", rule(json!({"suppressionAlertsScope": null}))),
            ("fail", rule(json!({"expirationDateUTC": null}))),
            ("fail", rule(json!({"alertType": "*"}))),
            ("pass", rule(json!({"alertType": "*", "state": "Disabled"}))),
            (
                "pass",
                rule(json!({"suppressionAlertsScope": null, "expirationDateUTC": "2026-11-01T00:00:00Z"})),
            ),
            ("unknown", rule(json!({"state": null}))),
            ("pass", vec![vm(json!({}))]),
        ],
    );
    let report = snapshot(&rule(json!({"expirationDateUTC": null})));
    assert_eq!(finding(&report, "DEF010")["evidence"]["until"], "never");
}

#[test]
fn alerts_are_sent_somewhere() {
    let export = |change: Value| {
        let mut export = json!({
            "id": format!("{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Security/automations/e"),
            "type": "Microsoft.Security/automations",
            "properties": {
                "isEnabled": true,
                "scopes": [{"scopePath": SUBSCRIPTION.to_uppercase()}],
                "sources": [{"eventSource": "Assessments"}, {"eventSource": "Alerts"}]
            }
        });
        merge(&mut export, &json!({"properties": change}));
        vec![vm(json!({})), export]
    };
    cases(
        "DEF011",
        vec![
            ("pass", export(json!({}))),
            ("fail", export(json!({"isEnabled": false}))),
            ("fail", export(json!({"sources": [{"eventSource": "Assessments"}]}))),
            (
                "fail",
                export(
                    json!({"scopes": [{"scopePath": "/subscriptions/33333333-3333-3333-3333-333333333333"}]}),
                ),
            ),
            ("unknown", export(json!({"isEnabled": null}))),
            ("fail", vec![vm(json!({}))]),
            ("fail", vec![windows(json!({}))]),
        ],
    );
    let refused =
        json!({"refused": [{"what": "exports", "scope": "", "action": "x/read", "role": "Security Reader"}]});
    assert_eq!(verdict(&lines(&[vm(json!({}))], &manifest(refused)), "DEF011"), "unknown");
}

#[test]
fn a_recommendation_of_which_no_check_could_say_anything_is_not_lost() {
    // Nothing tells of the VM's ways in, so that JIT001 is unknown.
    let key = "805651bc-6ecd-4c73-9b55-97a19d0582d0";
    let assessment = json!({
        "id": format!("{}/providers/Microsoft.Security/assessments/{key}", vm_id()),
        "properties": {"displayName": "Protect ports", "status": {"code": "Unhealthy"}, "metadata": {"severity": "High"}}
    });
    let report = snapshot(&[vm(json!({})), assessment]);
    assert_eq!(finding(&report, "DEF005")["evidence"]["recommendation"], key, "{report:#}");
}
