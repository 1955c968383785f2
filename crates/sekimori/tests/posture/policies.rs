//! Policies of conditional access: what they demand of who signs in to machines, and where they look right and are not.

use serde_json::{Value, json};

use crate::people::{CONTRIBUTOR, USER_LOGIN, assignment, graph, group, people, ready_vm, together, who};
use crate::{finding, merge, snapshot, verdict};

const WINDOWS: &str = "372140e0-b3b7-4226-8ef9-d57986796201";
const LINUX: &str = "ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0";
const AZURE: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";
const CLOUD_LOGIN: &str = "270efc09-cd0d-444b-a71f-39af4910ec45";

/// A policy that demands MFA of everybody for everything, with changes.
fn policy(number: u32, change: Value) -> Value {
    let mut one = json!({
        "id": who(500 + number), "displayName": format!("Policy {number}"), "state": "enabled",
        "conditions": {
            "users": {"includeUsers": ["All"], "excludeUsers": [], "includeGroups": [], "excludeGroups": []},
            "applications": {"includeApplications": ["All"], "excludeApplications": []},
            "clientAppTypes": ["all"], "platforms": null, "locations": null, "devices": null,
            "signInRiskLevels": [], "userRiskLevels": []
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}
    });
    merge(&mut one, &change);
    one
}

fn policies(all: Vec<Value>) -> Value {
    graph("identity/conditionalAccess/policies", json!(all))
}

fn users(change: Value) -> Value {
    json!({"conditions": {"users": change}})
}

fn apps(change: Value) -> Value {
    json!({"conditions": {"applications": change}})
}

/// Mizuno signs in to a Linux machine, Kaede acts on it by Azure.
fn world(all: Vec<Value>) -> Vec<Value> {
    together(vec![
        ready_vm(json!({})),
        people(),
        vec![
            assignment(1, &group(), USER_LOGIN, 1, "User"),
            assignment(2, &group(), CONTRIBUTOR, 2, "User"),
            policies(all),
        ],
    ])
}

fn said(code: &str, all: Vec<Value>) -> &'static str {
    verdict(&snapshot(&world(all)), code)
}

#[test]
fn whoever_signs_in_to_a_machine_gives_a_second_factor() {
    assert_eq!(said("CAP001", vec![policy(1, json!({}))]), "pass");
    assert_eq!(said("CAP001", vec![policy(1, apps(json!({"includeApplications": [LINUX]})))]), "pass");
    assert_eq!(
        said("CAP001", vec![policy(1, json!({"grantControls": {"builtInControls": ["compliantDevice"]}}))]),
        "pass"
    );
    assert_eq!(
        said("CAP001", vec![policy(1, json!({"grantControls": {"builtInControls": ["block"]}}))]),
        "pass"
    );
    assert_eq!(said("CAP001", vec![]), "fail");
    for (hole, change) in [
        ("leaves this person out", users(json!({"excludeUsers": [who(1)]}))),
        ("leaves this person out", users(json!({"excludeGroups": [who(11)]}))),
        ("leaves this application out", apps(json!({"excludeApplications": [LINUX]}))),
        ("it only reports", json!({"state": "enabledForReportingButNotEnforced"})),
        (
            "only for some systems",
            json!({"conditions": {"platforms": {"includePlatforms": ["windows"], "excludePlatforms": []}}}),
        ),
        ("another application", apps(json!({"includeApplications": [CLOUD_LOGIN]}))),
    ] {
        let report = snapshot(&world(vec![policy(1, change)]));
        let found = finding(&report, "CAP001");
        let message = found["message"].as_str().unwrap();
        assert!(message.contains(hole) && message.contains("`mizuno@x.example`"), "{message}");
        assert!(message.contains("`Policy 1`"), "{message}");
    }
    // What is for Windows is not for this machine.
    assert_eq!(said("CAP001", vec![policy(1, apps(json!({"includeApplications": [WINDOWS]})))]), "fail");
    assert_eq!(said("CAP001", vec![policy(1, apps(json!({"includeApplications": [AZURE]})))]), "fail");
    // A condition of a later version may or may not hold.
    assert_eq!(
        said("CAP001", vec![policy(1, json!({"conditions": {"moonPhase": {"full": true}}}))]),
        "unknown"
    );
    // Nobody is in a group that was deleted.
    assert_eq!(said("CAP001", vec![policy(1, users(json!({"excludeGroups": [who(12)]})))]), "pass");
}

#[test]
fn nobody_is_judged_whose_rules_are_not_told() {
    // A list that goes on elsewhere.
    let mut cut = policies(vec![]);
    cut["@odata.nextLink"] =
        "https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies?$skiptoken=x".into();
    let all = together(vec![
        ready_vm(json!({})),
        people(),
        vec![assignment(1, &group(), USER_LOGIN, 1, "User"), cut],
    ]);
    let report = snapshot(&all);
    assert_eq!(verdict(&report, "CAP001"), "unknown");
    assert_eq!(verdict(&report, "CAP006"), "unknown");
    assert_eq!(verdict(&report, "IDP001"), "unknown");
    // A machine that nobody can sign in to.
    let mut none = world(vec![]);
    none.retain(|one| one["type"] != "Microsoft.Compute/virtualMachines/extensions");
    assert_eq!(verdict(&snapshot(&none), "CAP001"), "");
    // Groups of which the members are not told.
    let untold = together(vec![
        ready_vm(json!({})),
        people(),
        vec![
            assignment(1, &group(), USER_LOGIN, 12, "Group"),
            graph("groups", json!([{"id": who(12), "displayName": "ops"}])),
            policies(vec![]),
        ],
    ]);
    assert_eq!(verdict(&snapshot(&untold), "CAP001"), "unknown");
    // Without any list of the directory nothing is assessed.
    let bare = together(vec![ready_vm(json!({})), vec![assignment(1, &group(), USER_LOGIN, 1, "User")]]);
    for code in ["CAP001", "CAP003", "CAP006", "IDP001", "IDP003", "IDP004"] {
        assert_eq!(verdict(&snapshot(&bare), code), "not assessed", "{code}");
    }
}

#[test]
fn whoever_acts_on_machines_by_azure_gives_a_second_factor() {
    assert_eq!(said("CAP002", vec![policy(1, json!({}))]), "pass");
    assert_eq!(said("CAP002", vec![policy(1, apps(json!({"includeApplications": [AZURE]})))]), "pass");
    assert_eq!(said("CAP002", vec![policy(1, apps(json!({"includeApplications": [LINUX]})))]), "fail");
    assert_eq!(
        said("CAP002", vec![policy(1, users(json!({"excludeUsers": [who(1)]})))]),
        "pass",
        "he has another right"
    );
    assert_eq!(said("CAP002", vec![policy(1, users(json!({"excludeUsers": [who(2)]})))]), "fail");
    // Microsoft's own rules demand it of everybody.
    let mut defaults = world(vec![]);
    defaults.retain(|one| {
        !one["@odata.context"].as_str().is_some_and(|text| text.contains("identitySecurityDefaults"))
    });
    defaults.push(graph(
        "policies/identitySecurityDefaultsEnforcementPolicy",
        json!([{"id": "00000000-0000-0000-0000-000000000005", "isEnabled": true}]),
    ));
    assert_eq!(verdict(&snapshot(&defaults), "CAP002"), "pass");
    assert_eq!(verdict(&snapshot(&defaults), "CAP006"), "pass");
}

#[test]
fn policies_for_everything_do_not_leave_machines_out() {
    assert_eq!(said("CAP003", vec![policy(1, json!({}))]), "pass");
    assert_eq!(said("CAP003", vec![policy(1, apps(json!({"excludeApplications": [WINDOWS]})))]), "fail");
    assert_eq!(said("CAP003", vec![policy(1, apps(json!({"excludeApplications": [LINUX]})))]), "fail");
    assert_eq!(said("CAP003", vec![policy(1, apps(json!({"excludeApplications": [AZURE]})))]), "pass");
    let off =
        json!({"state": "disabled", "conditions": {"applications": {"excludeApplications": [WINDOWS]}}});
    assert_eq!(said("CAP003", vec![policy(1, off)]), "");
    let by_attribute =
        json!({"applicationFilter": {"mode": "exclude", "rule": "CustomSecurityAttribute.x -eq 1"}});
    assert_eq!(said("CAP003", vec![policy(1, apps(by_attribute))]), "unknown");
}

#[test]
fn policies_that_only_report_protect_nobody() {
    let report_only = || policy(1, json!({"state": "enabledForReportingButNotEnforced"}));
    assert_eq!(said("CAP004", vec![report_only()]), "fail");
    assert_eq!(said("CAP004", vec![report_only(), policy(2, json!({}))]), "pass");
    assert_eq!(said("CAP004", vec![policy(2, json!({}))]), "");
    let others = policy(
        1,
        json!({"state": "enabledForReportingButNotEnforced", "conditions": {"users": {"includeUsers": [who(5)]}}}),
    );
    assert_eq!(said("CAP004", vec![others]), "pass", "for nobody who signs in");
}

#[test]
fn policies_for_machines_name_the_right_application() {
    let alike = || policy(1, apps(json!({"includeApplications": [CLOUD_LOGIN]})));
    assert_eq!(said("CAP005", vec![alike()]), "fail");
    assert_eq!(
        said("CAP005", vec![policy(1, apps(json!({"includeApplications": [CLOUD_LOGIN, LINUX]})))]),
        "pass"
    );
    assert_eq!(said("CAP005", vec![alike(), policy(2, json!({}))]), "pass");
    assert_eq!(
        said("CAP005", vec![alike(), policy(2, json!({"conditions": {"signInRiskLevels": ["high"]}}))]),
        "fail"
    );
    assert_eq!(said("CAP005", vec![policy(2, json!({}))]), "");
}

#[test]
fn legacy_clients_are_kept_out() {
    let legacy = |change: Value| {
        let mut one = policy(
            1,
            json!({"conditions": {"clientAppTypes": ["exchangeActiveSync", "other"]}, "grantControls": {"builtInControls": ["block"]}}),
        );
        merge(&mut one, &change);
        vec![one]
    };
    assert_eq!(said("CAP006", legacy(json!({}))), "pass");
    assert_eq!(said("CAP006", legacy(users(json!({"excludeUsers": [who(4)]})))), "pass");
    assert_eq!(said("CAP006", vec![policy(1, json!({}))]), "pass", "they cannot give what it demands");
    for change in [
        json!({"state": "enabledForReportingButNotEnforced"}),
        json!({"conditions": {"clientAppTypes": ["other"]}}),
        json!({"conditions": {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}}),
        apps(json!({"includeApplications": ["Office365"]})),
        users(json!({"includeUsers": [who(1)]})),
    ] {
        assert_eq!(said("CAP006", legacy(change.clone())), "fail", "{change}");
    }
    assert_eq!(said("CAP006", vec![]), "fail");
    // Whether Microsoft's own rules hold is not told, and no policy turns them off.
    let mut untold = world(vec![]);
    untold.retain(|one| {
        !one["@odata.context"].as_str().is_some_and(|text| text.contains("identitySecurityDefaults"))
    });
    untold.push(policies(vec![policy(1, json!({"state": "disabled"}))]));
    assert_eq!(verdict(&snapshot(&untold), "CAP006"), "unknown");
}

#[test]
fn accounts_for_emergencies_have_a_key() {
    let spared = || policy(1, users(json!({"excludeUsers": [who(4)]})));
    let with = |methods: Value, all: Vec<Value>| {
        let own = json!({"id": who(4), "userPrincipalName": "emergency@x.example", "isMfaCapable": false, "methodsRegistered": methods});
        let mut estate = world(all);
        estate.push(graph("reports/authenticationMethods/userRegistrationDetails", json!([own])));
        snapshot(&estate)
    };
    assert_eq!(verdict(&with(json!([]), vec![spared()]), "CAP007"), "fail");
    assert_eq!(verdict(&with(json!(["mobilePhone"]), vec![spared()]), "CAP007"), "fail");
    assert_eq!(verdict(&with(json!(["fido2SecurityKey"]), vec![spared()]), "CAP007"), "pass");
    // One policy still stops it.
    assert_eq!(verdict(&with(json!([]), vec![spared(), policy(2, json!({}))]), "CAP007"), "");
    assert_eq!(said("CAP007", vec![spared()]), "unknown");
    let report = with(json!([]), vec![spared()]);
    assert_eq!(finding(&report, "CAP007")["resource"], json!(who(4)));
}

#[test]
fn trusted_places_are_ones_own() {
    let place = |range: &str, trusted: bool| {
        graph(
            "identity/conditionalAccess/namedLocations",
            json!([{
                "@odata.type": "#microsoft.graph.ipNamedLocation", "id": who(600), "displayName": "Office", "isTrusted": trusted,
                "ipRanges": [{"cidrAddress": range}]
            }]),
        )
    };
    let outside = || {
        policy(
            1,
            json!({"conditions": {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}}),
        )
    };
    let with = |place: Value, all: Vec<Value>| {
        let mut estate = world(all);
        estate.push(place);
        verdict(&snapshot(&estate), "CAP008")
    };
    assert_eq!(with(place("203.0.113.0/24", true), vec![outside()]), "pass");
    assert_eq!(with(place("126.0.0.0/8", true), vec![outside()]), "fail");
    assert_eq!(with(place("10.0.0.0/8", true), vec![outside()]), "pass", "nobody comes from there");
    assert_eq!(with(place("126.0.0.0/8", false), vec![outside()]), "", "no policy goes by it");
    assert_eq!(with(place("126.0.0.0/8", true), vec![policy(1, json!({}))]), "");
}

#[test]
fn risks_are_stopped() {
    for (code, levels, good, other) in [
        ("IDP001", "signInRiskLevels", "mfa", "userRiskLevels"),
        ("IDP002", "userRiskLevels", "passwordChange", "signInRiskLevels"),
    ] {
        let of = |change: Value| {
            let mut one = policy(
                1,
                json!({"conditions": {levels: ["high", "medium"]}, "grantControls": {"builtInControls": [good]}}),
            );
            merge(&mut one, &change);
            said(code, vec![one])
        };
        assert_eq!(of(json!({})), "pass", "{code}");
        assert_eq!(of(json!({"grantControls": {"builtInControls": ["block"]}})), "pass", "{code}");
        assert_eq!(of(json!({"conditions": {levels: ["low"]}})), "fail", "{code}");
        assert_eq!(of(json!({"state": "enabledForReportingButNotEnforced"})), "fail", "{code}");
        assert_eq!(of(json!({"conditions": {other: ["high"]}})), "fail", "both at once are seldom: {code}");
        assert_eq!(of(users(json!({"includeUsers": [who(1)]}))), "fail", "{code}");
        assert_eq!(said(code, vec![]), "fail", "{code}");
    }
    let report = snapshot(&world(vec![policy(
        1,
        json!({"state": "disabled", "conditions": {"signInRiskLevels": ["high"]}}),
    )]));
    assert!(finding(&report, "IDP001")["message"].as_str().unwrap().contains("`Policy 1`"));
}

#[test]
fn what_is_certain_counts_whatever_else_is_not_known() {
    let doubtful = policy(
        2,
        json!({"conditions": {"moonPhase": {"full": true}}, "grantControls": {"builtInControls": ["block"]}}),
    );
    assert_eq!(said("CAP001", vec![policy(1, json!({})), doubtful]), "pass");
    let mut cut = policies(vec![policy(1, json!({}))]);
    cut["@odata.nextLink"] = "https://graph.microsoft.com/v1.0/next".into();
    let all = together(vec![
        ready_vm(json!({})),
        people(),
        vec![assignment(1, &group(), USER_LOGIN, 1, "User"), cut],
    ]);
    assert_eq!(verdict(&snapshot(&all), "CAP001"), "pass");
    // Whoever comes with a device of the organisation's own is spared.
    let filter = |rule: &str| {
        policy(1, json!({"conditions": {"devices": {"deviceFilter": {"mode": "exclude", "rule": rule}}}}))
    };
    assert_eq!(said("CAP001", vec![filter("device.isCompliant -eq True")]), "pass");
    assert_eq!(said("CAP001", vec![filter("device.trustType -eq \"ServerAD\"")]), "pass");
    // Whoever has a password may join a device.
    assert_eq!(said("CAP001", vec![filter("device.trustType -eq \"AzureAD\"")]), "fail");
    assert_eq!(said("CAP001", vec![filter("device.model -eq \"x\"")]), "fail");
}

#[test]
fn people_that_nobody_tells_of_are_not_passed() {
    // A group tells its members, and nobody told who they are.
    let members = |kind: Value| {
        let path = format!("groups/{}/transitiveMembers", who(11));
        vec![graph(
            &path,
            json!((1..=20).map(|number| json!({"id": who(number), "@odata.type": kind})).collect::<Vec<_>>()),
        )]
    };
    let with = |kind: Value, role: &str, all: Vec<Value>| {
        together(vec![
            ready_vm(json!({})),
            members(kind),
            vec![assignment(1, &group(), role, 11, "Group"), policies(all)],
            vec![graph(
                "policies/identitySecurityDefaultsEnforcementPolicy",
                json!([{"id": "00000000-0000-0000-0000-000000000005", "isEnabled": false}]),
            )],
        ])
    };
    let of = |kind: Value, code: &str, role: &str, all: Vec<Value>| {
        verdict(&snapshot(&with(kind, role, all)), code)
    };
    let user = json!("#microsoft.graph.user");
    assert_eq!(
        of(user.clone(), "CAP001", USER_LOGIN, vec![]),
        "unknown",
        "whether they may sign in is not told"
    );
    assert_eq!(of(user, "CAP001", USER_LOGIN, vec![policy(1, json!({}))]), "pass");
    assert_eq!(of(Value::Null, "CAP001", USER_LOGIN, vec![]), "unknown");
    assert_eq!(of(Value::Null, "CAP002", CONTRIBUTOR, vec![]), "unknown");
    let program = json!("#microsoft.graph.servicePrincipal");
    assert_eq!(of(program, "CAP001", USER_LOGIN, vec![]), "");
}

#[test]
fn hollow_policies_stop_nobody() {
    let legacy = |change: Value| {
        let mut one = policy(
            1,
            json!({"conditions": {"clientAppTypes": ["exchangeActiveSync", "other"]}, "grantControls": {"builtInControls": ["block"]}}),
        );
        merge(&mut one, &change);
        one
    };
    let office = "00000002-0000-0ff1-ce00-000000000000";
    for change in [
        apps(json!({"excludeApplications": [office]})),
        users(json!({"excludeUsers": [who(1), who(2), who(3), who(4), who(5)]})),
    ] {
        assert_eq!(said("CAP006", vec![legacy(change.clone())]), "fail", "{change}");
    }
    for change in [
        json!({"state": "someLaterState"}),
        json!({"conditions": {"moonPhase": {"full": true}}}),
        json!({"grantControls": {"builtInControls": ["laterControl"]}}),
        apps(json!({"applicationFilter": {"mode": "exclude", "rule": "x"}})),
    ] {
        assert_eq!(said("CAP006", vec![legacy(change.clone())]), "unknown", "{change}");
    }
    // Two policies, each for one kind of clients.
    let one = |client: &str| legacy(json!({"conditions": {"clientAppTypes": [client]}}));
    let mut other = one("exchangeActiveSync");
    other["id"] = who(502).into();
    assert_eq!(said("CAP006", vec![one("other"), other]), "pass");
    let risk = |change: Value| {
        let mut one = policy(1, json!({"conditions": {"signInRiskLevels": ["high"]}}));
        merge(&mut one, &change);
        said("IDP001", vec![one])
    };
    assert_eq!(risk(json!({"conditions": {"clientAppTypes": ["exchangeActiveSync"]}})), "fail");
    assert_eq!(risk(apps(json!({"excludeApplications": [WINDOWS, LINUX]}))), "fail");
    assert_eq!(risk(users(json!({"excludeUsers": [who(1), who(2), who(3), who(4), who(5)]}))), "fail");
    assert_eq!(risk(json!({"state": "someLaterState"})), "unknown");
    assert_eq!(risk(json!({"grantControls": {"builtInControls": ["laterControl"]}})), "unknown");
    assert_eq!(
        said(
            "CAP003",
            vec![policy(
                1,
                json!({"state": "later", "conditions": {"applications": {"excludeApplications": [LINUX]}}})
            )]
        ),
        "unknown"
    );
}

#[test]
fn reports_and_emergency_accounts_are_looked_at_beside_other_policies() {
    // The block of legacy clients is for the emergency account, too, and protects it from nothing.
    let spared = policy(1, users(json!({"excludeUsers": [who(4)]})));
    let legacy = policy(
        2,
        json!({"conditions": {"clientAppTypes": ["exchangeActiveSync", "other"]}, "grantControls": {"builtInControls": ["block"]}}),
    );
    let mut estate = world(vec![spared, legacy]);
    estate.push(graph(
        "reports/authenticationMethods/userRegistrationDetails",
        json!([{"id": who(4), "methodsRegistered": []}]),
    ));
    assert_eq!(verdict(&snapshot(&estate), "CAP007"), "fail");
    // A report that would add nothing to what is demanded, and one for a risk.
    let device = json!({"grantControls": {"builtInControls": ["compliantDevice"]}});
    let mut report = policy(1, json!({"state": "enabledForReportingButNotEnforced"}));
    merge(&mut report, &device);
    assert_eq!(said("CAP004", vec![report, policy(2, device)]), "pass");
    let risk = policy(
        1,
        json!({"state": "enabledForReportingButNotEnforced", "conditions": {"signInRiskLevels": ["high"]}}),
    );
    assert_eq!(said("CAP004", vec![risk]), "");
}

#[test]
fn places_are_wide_by_either_family_and_by_countries() {
    let outside = policy(
        1,
        json!({"conditions": {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted", who(601)]}}}),
    );
    let with = |place: Value| {
        let mut estate = world(vec![outside.clone()]);
        estate.push(graph("identity/conditionalAccess/namedLocations", json!([place])));
        verdict(&snapshot(&estate), "CAP008")
    };
    let ranges = |range: &str| json!({"id": who(600), "displayName": "Office", "isTrusted": true, "ipRanges": [{"cidrAddress": range}]});
    assert_eq!(with(ranges("2000::/3")), "fail");
    assert_eq!(with(ranges("2001:db9::/48")), "pass");
    assert_eq!(with(json!({"id": who(601), "displayName": "Home", "countriesAndRegions": ["JP"]})), "fail");
}

/// A risk of which the level is hidden is none that a policy for the highest certainly stops.
#[test]
fn a_hidden_risk_stops_nobody_for_certain() {
    let risky = |level: &str, state: &str| {
        graph(
            "identityProtection/riskyUsers",
            json!([{"id": who(1), "riskLevel": level, "riskState": state}]),
        )
    };
    let block = |levels: Value| {
        policy(
            1,
            json!({"conditions": {"userRiskLevels": levels}, "grantControls": {"builtInControls": ["block"]}}),
        )
    };
    let of = |level: &str, state: &str, levels: Value| {
        let mut all = world(vec![block(levels)]);
        all.push(risky(level, state));
        verdict(&snapshot(&all), "CAP001")
    };
    assert_eq!(of("high", "atRisk", json!(["high"])), "pass");
    assert_eq!(of("low", "atRisk", json!(["high"])), "fail");
    assert_eq!(of("hidden", "atRisk", json!(["high"])), "unknown");
    assert_eq!(of("hidden", "atRisk", json!(["low", "medium", "high"])), "pass");
    assert_eq!(of("high", "someLaterState", json!(["high"])), "unknown");
    assert_eq!(of("hidden", "dismissed", json!(["high"])), "fail");
}

/// A policy for device codes says nothing of who signs in on their own device.
#[test]
fn policies_for_flows_are_for_flows() {
    let codes = json!({"conditions": {"authenticationFlows": {"transferMethods": "deviceCodeFlow,authenticationTransfer"}},
        "grantControls": {"builtInControls": ["block"]}});
    assert_eq!(said("CAP001", vec![policy(2, codes.clone())]), "fail");
    assert_eq!(said("CAP001", vec![policy(1, json!({})), policy(2, codes.clone())]), "pass");
    let report = snapshot(&world(vec![policy(2, codes)]));
    let found = finding(&report, "CAP001");
    assert!(found["message"].as_str().unwrap().contains("no policy is for that"), "{found:#}");
}

#[test]
fn whom_a_policy_spares_may_not_be_told() {
    let untold = || graph("groups", json!([{"id": who(12), "displayName": "spared"}]));
    let legacy = |change: Value| {
        let mut one = policy(
            1,
            json!({"conditions": {"clientAppTypes": ["exchangeActiveSync", "other"]}, "grantControls": {"builtInControls": ["block"]}}),
        );
        merge(&mut one, &change);
        one
    };
    let risk = |change: Value| {
        let mut one = policy(1, json!({"conditions": {"signInRiskLevels": ["high"]}}));
        merge(&mut one, &change);
        one
    };
    let user_risk = |change: Value| {
        let mut one = policy(1, json!({"conditions": {"userRiskLevels": ["high"]}}));
        merge(&mut one, &change);
        one
    };
    let unreadable = json!({"$unknown": {"reason": "not told"}});
    for change in [
        users(json!({"excludeGroups": [who(12)]})),
        users(json!({"excludeUsers": unreadable.clone()})),
        users(json!({"excludeRoles": unreadable})),
    ] {
        for (code, one) in [
            ("CAP006", legacy(change.clone())),
            ("IDP001", risk(change.clone())),
            ("IDP002", user_risk(change.clone())),
        ] {
            let mut all = world(vec![one]);
            all.push(untold());
            assert_eq!(verdict(&snapshot(&all), code), "unknown", "{code} {change}");
        }
    }
    // How many people there are is not told: two accounts for emergencies are few all the same.
    let nobody_told = |change: Value| {
        let mut all = world(vec![legacy(change)]);
        all.retain(|one| {
            !one["@odata.context"]
                .as_str()
                .is_some_and(|text| text.ends_with("/users") || text.ends_with("/groups"))
        });
        verdict(&snapshot(&all), "CAP006")
    };
    assert_eq!(nobody_told(json!({})), "pass");
    assert_eq!(nobody_told(users(json!({"excludeUsers": [who(4), who(5)]}))), "pass");
    assert_eq!(nobody_told(users(json!({"excludeUsers": [who(2), who(4), who(5)]}))), "unknown");
    assert_eq!(nobody_told(users(json!({"excludeGroups": [who(12)]}))), "unknown");
    // Conditions that cannot be read.
    for (part, value) in [
        ("clientAppTypes", json!({"$unknown": {"reason": "x"}})),
        ("signInRiskLevels", json!({"$unknown": {"reason": "x"}})),
    ] {
        assert_eq!(said("CAP006", vec![legacy(json!({"conditions": {part: value}}))]), "unknown", "{part}");
    }
}

#[test]
fn an_emergency_account_is_judged_by_what_stops_it() {
    let spared = || policy(1, users(json!({"excludeUsers": [who(4)]})));
    let with = |all: Vec<Value>| {
        let mut estate = world(all);
        estate.push(graph(
            "reports/authenticationMethods/userRegistrationDetails",
            json!([{"id": who(4), "methodsRegistered": []}]),
        ));
        estate.push(graph(
            "identity/conditionalAccess/namedLocations",
            json!([{"id": who(601), "displayName": "Home", "countriesAndRegions": ["JP"]}]),
        ));
        verdict(&snapshot(&estate), "CAP007")
    };
    let block = |conditions: Value| {
        policy(2, json!({"conditions": conditions, "grantControls": {"builtInControls": ["block"]}}))
    };
    assert_eq!(with(vec![spared()]), "fail");
    // Others that are for the account, and do not stop it.
    for conditions in [
        json!({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}),
        json!({"applications": {"includeApplications": ["00000002-0000-0ff1-ce00-000000000000"]}}),
        json!({"locations": {"includeLocations": ["All"], "excludeLocations": [who(601)]}}),
        json!({"platforms": {"includePlatforms": ["linux"], "excludePlatforms": []}}),
        json!({"signInRiskLevels": ["high"]}),
    ] {
        assert_eq!(with(vec![spared(), block(conditions.clone())]), "fail", "{conditions}");
    }
    assert_eq!(with(vec![spared(), block(json!({"moonPhase": {"full": true}}))]), "unknown");
    assert_eq!(with(vec![spared(), block(json!({}))]), "", "nobody gets in");
    // One that is for Azure and for machines stops it there.
    let doors = apps(json!({"includeApplications": [WINDOWS, LINUX, AZURE]}));
    assert_eq!(with(vec![spared(), policy(2, doors)]), "");
    // A policy that everybody meets outside of the office is meant for everybody, too.
    let outside = policy(
        1,
        json!({"conditions": {"users": {"excludeUsers": [who(4)]},
            "locations": {"includeLocations": ["All"], "excludeLocations": [who(601)]}}}),
    );
    assert_eq!(with(vec![outside]), "fail");
}

#[test]
fn a_policy_that_leaves_machines_out_is_not_for_them() {
    let wrong = || policy(1, apps(json!({"includeApplications": [CLOUD_LOGIN]})));
    let of = |change: Value| said("CAP005", vec![wrong(), policy(2, change)]);
    assert_eq!(of(json!({})), "pass");
    assert_eq!(of(apps(json!({"excludeApplications": [WINDOWS, LINUX]}))), "fail");
    assert_eq!(of(apps(json!({"excludeApplications": [WINDOWS]}))), "fail");
    assert_eq!(of(apps(json!({"applicationFilter": {"mode": "exclude", "rule": "x"}}))), "unknown");
    // The same of the policy itself.
    let own = |change: Value| {
        let mut one = policy(1, apps(json!({"includeApplications": ["All", CLOUD_LOGIN]})));
        merge(&mut one, &change);
        said("CAP005", vec![one])
    };
    assert_eq!(own(json!({})), "pass");
    assert_eq!(own(apps(json!({"excludeApplications": [WINDOWS, LINUX]}))), "fail");
}

#[test]
fn a_wide_place_matters_where_nothing_else_is_demanded() {
    let outside = |controls: &str| {
        policy(
            1,
            json!({"conditions": {"locations": {"includeLocations": ["All"], "excludeLocations": [who(601)]}},
                "grantControls": {"builtInControls": [controls]}}),
        )
    };
    let with = |all: Vec<Value>| {
        let mut estate = world(all);
        estate.push(graph(
            "identity/conditionalAccess/namedLocations",
            json!([{"id": who(601), "displayName": "Home", "countriesAndRegions": ["JP"]}]),
        ));
        verdict(&snapshot(&estate), "CAP008")
    };
    assert_eq!(with(vec![outside("mfa")]), "fail");
    assert_eq!(with(vec![outside("block")]), "", "nobody gets in from elsewhere");
    assert_eq!(with(vec![outside("mfa"), policy(2, json!({}))]), "pass");
    // Another that does not look at all who come from there.
    for change in [
        users(json!({"includeUsers": [who(1)]})),
        users(json!({"excludeUsers": [who(1)]})),
        apps(json!({"includeApplications": [LINUX]})),
        json!({"conditions": {"clientAppTypes": ["browser"]}}),
        json!({"conditions": {"locations": {"includeLocations": ["All"], "excludeLocations": [who(601)]}}}),
        json!({"state": "enabledForReportingButNotEnforced"}),
    ] {
        assert_eq!(with(vec![outside("mfa"), policy(2, change.clone())]), "fail", "{change}");
    }
    assert_eq!(with(vec![outside("mfa"), policy(2, json!({"state": "someLaterState"}))]), "unknown");
}

/// A policy that takes something weaker in the place of what it is meant for is named.
#[test]
fn a_policy_that_takes_less_is_the_hole() {
    let of = |grant: Value| {
        let mut one = policy(1, json!({}));
        one["grantControls"] = grant;
        let report = snapshot(&world(vec![one]));
        finding(&report, "CAP001")["message"].as_str().unwrap().to_owned()
    };
    for grant in [
        json!({"operator": "OR", "builtInControls": ["mfa"], "termsOfUse": ["t"]}),
        json!({"operator": "OR", "builtInControls": ["mfa", "approvedApplication"]}),
        json!({"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": "own", "allowedCombinations": ["fido2", "password"]}}),
    ] {
        let message = of(grant.clone());
        assert!(message.contains("`Policy 1`: it takes something weaker"), "{grant}: {message}");
    }
    let message = of(json!({"operator": "OR", "builtInControls": ["passwordChange"]}));
    assert!(message.contains("no policy is for that"), "{message}");
}

#[test]
fn machines_that_are_left_out_may_have_a_policy_of_their_own() {
    let but = || policy(1, apps(json!({"excludeApplications": [WINDOWS, LINUX]})));
    let own = |change: Value| {
        let mut one = policy(2, apps(json!({"includeApplications": [WINDOWS, LINUX]})));
        merge(&mut one, &change);
        said("CAP003", vec![but(), one])
    };
    assert_eq!(own(json!({})), "pass");
    assert_eq!(own(json!({"grantControls": {"builtInControls": ["block"]}})), "pass");
    let device = json!({"grantControls": {"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}});
    assert_eq!(own(device), "pass");
    let weaker = json!({"grantControls": {"builtInControls": ["compliantDevice"]}});
    assert_eq!(own(weaker), "fail", "no second factor is demanded there");
    assert_eq!(own(apps(json!({"includeApplications": [WINDOWS]}))), "fail");
    assert_eq!(own(users(json!({"includeUsers": [who(1)]}))), "fail");
    assert_eq!(own(json!({"state": "someLaterState"})), "unknown");
}

#[test]
fn a_report_misses_what_certainly_happens() {
    let report = |change: Value| {
        let mut one = policy(1, json!({"state": "enabledForReportingButNotEnforced"}));
        merge(&mut one, &change);
        one
    };
    let of = |all: Vec<Value>| {
        let mut estate = world(all);
        estate.push(graph("groups", json!([{"id": who(12), "displayName": "ops"}])));
        verdict(&snapshot(&estate), "CAP004")
    };
    assert_eq!(of(vec![report(json!({}))]), "fail");
    // For whom it would be is not told.
    let group = json!({"conditions": {"users": {"includeUsers": [], "includeGroups": [who(12)]}}});
    assert_eq!(of(vec![report(group.clone())]), "unknown");
    // Another may demand the same.
    let mut other = policy(2, group);
    other["conditions"]["users"]["includeUsers"] = json!([]);
    assert_eq!(of(vec![report(json!({})), other]), "unknown");
}

/// Two accounts for emergencies are left out of what others have to do; three who get into machines are a hole.
#[test]
fn a_policy_that_spares_administrators_stops_nobody() {
    let with = |count: u32, code: &str, change: Value| {
        let mut all = world(vec![]);
        all.retain(|one| {
            !one["@odata.context"].as_str().is_some_and(|text| text.contains("conditionalAccess"))
        });
        let person = |number: u32| json!({"id": who(number), "userPrincipalName": format!("p{number}@x.example"), "userType": "Member", "accountEnabled": true});
        all.push(graph("users", json!((20..60).map(person).collect::<Vec<_>>())));
        all.extend(
            (0..count).map(|number| assignment(20 + number, &group(), USER_LOGIN, 20 + number, "User")),
        );
        let spared: Vec<String> = (20..20 + count).map(who).collect();
        let mut one = policy(1, users(json!({"excludeUsers": spared})));
        merge(&mut one, &change);
        all.push(policies(vec![one]));
        verdict(&snapshot(&all), code)
    };
    for (code, change) in [
        ("CAP006", json!({})),
        ("IDP001", json!({"conditions": {"signInRiskLevels": ["high"]}})),
        ("IDP002", json!({"conditions": {"userRiskLevels": ["high"]}})),
    ] {
        assert_eq!(with(2, code, change.clone()), "pass", "{code}");
        assert_eq!(with(3, code, change), "fail", "{code}");
    }
}

/// Of a policy that only reports what counts is who signs in where it would hold.
#[test]
fn a_report_that_misses_nobody_is_well() {
    let report = |change: Value| {
        let mut one = policy(1, json!({"state": "enabledForReportingButNotEnforced"}));
        merge(&mut one, &change);
        one
    };
    let platform = |name: &str| json!({"conditions": {"platforms": {"includePlatforms": [name], "excludePlatforms": []}}});
    let but = |name: &str| json!({"conditions": {"platforms": {"includePlatforms": ["all"], "excludePlatforms": [name]}}});
    assert_eq!(said("CAP004", vec![report(platform("android")), policy(2, but("windows"))]), "pass");
    assert_eq!(said("CAP004", vec![report(platform("android")), policy(2, but("android"))]), "fail");
    // Nobody signs in by an account that is off, or without the extension.
    let mut off = world(vec![report(json!({}))]);
    for one in &mut off {
        if one["@odata.context"].as_str().is_some_and(|text| text.ends_with("/users")) {
            one["value"][0]["accountEnabled"] = false.into();
        }
    }
    assert_eq!(verdict(&snapshot(&off), "CAP004"), "pass");
    let mut bare = world(vec![report(json!({}))]);
    bare.retain(|one| one["type"] != "Microsoft.Compute/virtualMachines/extensions");
    assert_eq!(verdict(&snapshot(&bare), "CAP004"), "pass");
    // Somebody in a group that nobody tells of may sign in.
    let mut group_untold = world(vec![report(json!({})), policy(2, json!({}))]);
    group_untold.push(graph("groups", json!([{"id": who(12), "displayName": "ops"}])));
    group_untold.push(assignment(3, &group(), USER_LOGIN, 12, "Group"));
    assert_eq!(verdict(&snapshot(&group_untold), "CAP004"), "unknown");
}

/// A policy of their own for machines covers those alone whom it does not spare.
#[test]
fn a_policy_of_its_own_for_machines_spares_nobody_more() {
    let but = policy(1, apps(json!({"excludeApplications": [WINDOWS, LINUX]})));
    let mut own = policy(2, apps(json!({"includeApplications": [WINDOWS, LINUX]})));
    own["conditions"]["users"]["excludeGroups"] = json!([who(11)]);
    assert_eq!(said("CAP003", vec![but, own.clone()]), "fail");
    assert_eq!(
        said("CAP005", vec![policy(1, apps(json!({"includeApplications": [CLOUD_LOGIN]}))), own]),
        "fail"
    );
}

/// With more people spared than two and rights that are not told, whoever is spared may get into machines.
#[test]
fn whoever_is_spared_may_have_rights_that_are_not_told() {
    let person = |number: u32| json!({"id": who(number), "userPrincipalName": format!("p{number}@x.example"), "userType": "Member", "accountEnabled": true});
    let with = |count: usize, roles: bool| {
        let spared: Vec<String> = (20..20 + u32::try_from(count).unwrap()).map(who).collect();
        let mut all = world(vec![policy(1, users(json!({"excludeUsers": spared})))]);
        all.push(graph("users", json!((20..120).map(person).collect::<Vec<_>>())));
        if !roles {
            all.retain(|one| {
                !one["@odata.context"].as_str().is_some_and(|text| text.contains("roleManagement"))
            });
        }
        verdict(&snapshot(&all), "CAP006")
    };
    assert_eq!((with(2, true), with(3, true)), ("pass", "pass"));
    assert_eq!((with(2, false), with(3, false)), ("pass", "unknown"));
}

/// What is demanded and proves nothing is told, however many policies meet.
#[test]
fn something_is_demanded_in_a_crowd_too() {
    let mut all: Vec<Value> = (2..40)
        .map(|number| {
            let rule = format!("device.model -eq \"{number}\"");
            policy(
                number,
                json!({"conditions": {"devices": {"deviceFilter": {"mode": "include", "rule": rule}}}}),
            )
        })
        .collect();
    let mut terms = policy(1, json!({}));
    terms["grantControls"] = json!({"operator": "OR", "builtInControls": ["approvedApplication"]});
    all.push(terms);
    let lines: String = world(all).iter().map(|one| format!("{one}\n")).collect();
    let ran = crate::common::run(&["who", "-", "--all", "--format", "json"], lines.as_bytes());
    let answer = ran.json();
    let least: Vec<&str> =
        answer["sign_ins"].as_array().unwrap().iter().map(|one| one["least"].as_str().unwrap()).collect();
    assert!(!least.is_empty() && least.iter().all(|one| *one == "other-controls"), "{least:?}");
}
