//! Who may sign in to machines and act on them: extensions, roles, guests, people at risk.

use serde_json::{Value, json};

use crate::{
    RG, SUBSCRIPTION, cases, exported, finding, lines, manifest, merge, snapshot, verdict, vm, vm_id, windows,
};

pub(crate) const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
pub(crate) const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
pub(crate) const ADMIN_LOGIN: &str = "1c0163c0-47e6-4577-8991-ea5c82e286e4";
pub(crate) const USER_LOGIN: &str = "fb879df8-f326-4884-b1cf-06f3ad86be52";

/// The id of somebody.
pub(crate) fn who(number: u32) -> String {
    format!("aaaaaaaa-0000-4000-8000-{number:012}")
}

pub(crate) fn graph(path: &str, value: Value) -> Value {
    json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/{path}"), "value": value})
}

/// Mizuno, Kaede, a guest, and an account for emergencies.
pub(crate) fn people() -> Vec<Value> {
    let person = |number: u32, login: &str, kind: &str| json!({"id": who(number), "userPrincipalName": login, "userType": kind, "accountEnabled": true});
    vec![
        graph(
            "users",
            json!([
                person(1, "mizuno@x.example", "Member"),
                person(2, "kaede@x.example", "Member"),
                person(3, "partner@y.example", "Guest"),
                person(4, "emergency@x.example", "Member"),
                person(5, "ren@x.example", "Member"),
            ]),
        ),
        graph("groups", json!([{"id": who(11), "displayName": "admins"}])),
        graph(&format!("groups/{}/transitiveMembers", who(11)), json!([{"id": who(1)}, {"id": who(2)}])),
        graph("roleManagement/directory/roleAssignments", json!([])),
        graph("roleManagement/directory/roleEligibilityScheduleInstances", json!([])),
        graph(
            "policies/identitySecurityDefaultsEnforcementPolicy",
            json!([{"id": "00000000-0000-0000-0000-000000000005", "isEnabled": false}]),
        ),
    ]
}

fn given(list: &str, number: u32, scope: &str, role: &str, principal: u32, kind: &str) -> Value {
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/{list}/{}", who(900 + number)),
        "properties": {"scope": scope, "principalId": who(principal), "principalType": kind,
            "roleDefinitionId": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}")}
    })
}

pub(crate) fn assignment(number: u32, scope: &str, role: &str, principal: u32, kind: &str) -> Value {
    given("roleAssignments", number, scope, role, principal, kind)
}

fn eligible(number: u32, scope: &str, role: &str, principal: u32, kind: &str) -> Value {
    given("roleEligibilityScheduleInstances", number, scope, role, principal, kind)
}

/// Whether an assignment is for good or was taken for some time.
fn taken(number: u32, scope: &str, how: &str) -> Value {
    let of = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", who(900 + number));
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignmentScheduleInstances/{}", who(960 + number)),
        "properties": {"scope": scope, "originRoleAssignmentId": of, "assignmentType": how}
    })
}

pub(crate) fn group() -> String {
    RG.trim_end_matches("/providers").to_owned()
}

pub(crate) fn login_extension(change: Value) -> Value {
    let mut extension = json!({
        "id": format!("{}/extensions/aad", vm_id()),
        "type": "Microsoft.Compute/virtualMachines/extensions",
        "properties": {"publisher": "Microsoft.Azure.ActiveDirectory", "type": "AADSSHLoginForLinux", "provisioningState": "Succeeded"}
    });
    merge(&mut extension, &change);
    extension
}

/// A machine that people can sign in to with accounts of the directory.
pub(crate) fn ready_vm(change: Value) -> Vec<Value> {
    let mut own = vm(json!({"identity": {"type": "SystemAssigned", "principalId": who(71)}}));
    merge(&mut own, &change);
    vec![own, login_extension(json!({}))]
}

pub(crate) fn together(parts: Vec<Vec<Value>>) -> Vec<Value> {
    parts.into_iter().flatten().collect()
}

#[test]
fn machines_let_people_in_with_entra_id_or_not() {
    let failed = login_extension(json!({"properties": {"provisioningState": "Failed"}}));
    let old = login_extension(
        json!({"properties": {"type": "AADLoginForLinux", "publisher": "Microsoft.Azure.ActiveDirectory.LinuxSSH"}}),
    );
    let untold = login_extension(json!({"properties": {"type": null}}));
    let updating = login_extension(json!({"properties": {"provisioningState": "Updating"}}));
    cases(
        "ENT001",
        vec![
            ("pass", ready_vm(json!({}))),
            ("fail", vec![vm(json!({}))]),
            ("fail", vec![vm(json!({})), failed]),
            ("fail", vec![vm(json!({})), old]),
            ("unknown", vec![vm(json!({})), untold]),
            ("unknown", vec![vm(json!({})), updating]),
        ],
    );
    let refused = manifest(
        json!({"refused": [{"what": "machines", "scope": SUBSCRIPTION, "action": "Microsoft.Compute/*/read"}]}),
    );
    assert_eq!(verdict(&lines(&[vm(json!({}))], &refused), "ENT001"), "unknown");
    let report = snapshot(&[windows(json!({}))]);
    assert!(finding(&report, "ENT001")["message"].as_str().unwrap().contains("AADLoginForWindows"));
}

#[test]
fn the_extension_needs_an_identity_of_the_machine() {
    cases(
        "ENT002",
        vec![
            ("pass", ready_vm(json!({}))),
            ("pass", ready_vm(json!({"identity": {"type": "SystemAssigned, UserAssigned"}}))),
            ("fail", ready_vm(json!({"identity": null}))),
            ("fail", ready_vm(json!({"identity": {"type": "UserAssigned"}}))),
            ("", vec![vm(json!({}))]),
        ],
    );
}

#[test]
fn somebody_has_to_have_a_role_to_sign_in() {
    let with = |more: Vec<Value>| together(vec![ready_vm(json!({})), people(), more]);
    cases(
        "ENT003",
        vec![
            ("pass", with(vec![assignment(1, &group(), USER_LOGIN, 1, "User")])),
            (
                "pass",
                with(vec![
                    eligible(1, SUBSCRIPTION, ADMIN_LOGIN, 11, "Group"),
                    assignment(2, &group(), CONTRIBUTOR, 1, "User"),
                ]),
            ),
            // To own a machine is no right to sign in to it.
            ("fail", with(vec![assignment(1, &group(), OWNER, 1, "User")])),
            ("fail", with(vec![assignment(1, &format!("{}2", group()), USER_LOGIN, 1, "User")])),
            (
                "unknown",
                with(vec![assignment(1, &group(), "77777777-0000-4000-8000-000000000001", 1, "User")]),
            ),
            // A management group may hold the subscription.
            (
                "unknown",
                with(vec![assignment(
                    1,
                    "/providers/Microsoft.Management/managementGroups/corp",
                    USER_LOGIN,
                    1,
                    "User",
                )]),
            ),
        ],
    );
    let unread = manifest(
        json!({"refused": [{"what": "rights", "scope": SUBSCRIPTION, "action": "Microsoft.Authorization/*/read"}]}),
    );
    let report = lines(&with(vec![assignment(1, &group(), OWNER, 1, "User")]), &unread);
    assert_eq!(verdict(&report, "ENT003"), "unknown");
}

#[test]
fn local_accounts_let_people_in_past_entra_id() {
    let keys = json!([{"path": "/home/k/.ssh/authorized_keys", "keyData": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFLzPFTr8e6B3jHXsQO9ZOA+0zQxxuJzqf6bRjLDyaN1 k"}]);
    let linux = |change: Value| json!({"properties": {"osProfile": {"linuxConfiguration": change}}});
    let windows_extension = login_extension(json!({"properties": {"type": "AADLoginForWindows"}}));
    cases(
        "ENT004",
        vec![
            ("fail", ready_vm(linux(json!({"disablePasswordAuthentication": false})))),
            (
                "fail",
                ready_vm(linux(json!({"disablePasswordAuthentication": true, "ssh": {"publicKeys": keys}}))),
            ),
            ("fail", vec![windows(json!({"identity": {"type": "SystemAssigned"}})), windows_extension]),
            // Its record leaves its keys out.
            ("unknown", ready_vm(json!({}))),
            ("", vec![vm(linux(json!({"disablePasswordAuthentication": false})))]),
        ],
    );
    let report = snapshot(&ready_vm(linux(json!({"disablePasswordAuthentication": false}))));
    assert_eq!(finding(&report, "ENT004")["severity"], "medium");
}

#[test]
fn roles_to_sign_in_are_given_where_people_work() {
    let with = |more: Vec<Value>| together(vec![ready_vm(json!({})), people(), more]);
    cases(
        "RBA001",
        vec![
            ("pass", with(vec![assignment(1, &group(), ADMIN_LOGIN, 1, "User")])),
            ("pass", with(vec![assignment(1, &vm_id(), USER_LOGIN, 11, "Group")])),
            ("fail", with(vec![assignment(1, SUBSCRIPTION, USER_LOGIN, 11, "Group")])),
            (
                "fail",
                with(vec![
                    eligible(1, SUBSCRIPTION, ADMIN_LOGIN, 1, "User"),
                    assignment(2, &group(), USER_LOGIN, 1, "User"),
                ]),
            ),
            (
                "fail",
                with(vec![assignment(
                    1,
                    "/providers/Microsoft.Management/managementGroups/corp",
                    ADMIN_LOGIN,
                    1,
                    "User",
                )]),
            ),
            (
                "unknown",
                with(vec![assignment(1, SUBSCRIPTION, "77777777-0000-4000-8000-000000000001", 1, "User")]),
            ),
            ("", with(vec![assignment(1, SUBSCRIPTION, OWNER, 1, "User")])),
        ],
    );
    let report = snapshot(&with(vec![assignment(1, SUBSCRIPTION, ADMIN_LOGIN, 11, "Group")]));
    let found = finding(&report, "RBA001");
    assert_eq!((&found["resource"], &found["severity"]), (&json!(SUBSCRIPTION), &json!("high")));
    assert!(found["message"].as_str().unwrap().contains("`admins` (2 members)"), "{found:#}");
}

#[test]
fn administrators_of_machines_take_the_role_when_they_need_it() {
    let other = eligible(9, &format!("{}9", group()), ADMIN_LOGIN, 5, "User");
    let with = |more: Vec<Value>| together(vec![ready_vm(json!({})), people(), vec![other.clone()], more]);
    cases(
        "RBA002",
        vec![
            ("fail", with(vec![assignment(1, &group(), ADMIN_LOGIN, 1, "User")])),
            ("fail", with(vec![assignment(1, &group(), ADMIN_LOGIN, 11, "Group")])),
            ("pass", with(vec![])),
            // One that is taken now stands beside the one that lets somebody take it.
            (
                "pass",
                with(vec![
                    assignment(1, &group(), ADMIN_LOGIN, 1, "User"),
                    eligible(2, &group(), ADMIN_LOGIN, 1, "User"),
                    taken(1, &group(), "Activated"),
                ]),
            ),
            (
                "pass",
                with(vec![
                    assignment(1, &vm_id(), ADMIN_LOGIN, 1, "User"),
                    eligible(2, SUBSCRIPTION, ADMIN_LOGIN, 11, "Group"),
                    taken(1, &vm_id(), "Activated"),
                ]),
            ),
            // One for good is one, whatever else they may take; and nobody can tell where nothing tells the two apart.
            (
                "fail",
                with(vec![
                    assignment(1, &group(), ADMIN_LOGIN, 1, "User"),
                    eligible(2, &group(), ADMIN_LOGIN, 1, "User"),
                    taken(1, &group(), "Assigned"),
                ]),
            ),
            (
                "unknown",
                with(vec![
                    assignment(1, &group(), ADMIN_LOGIN, 1, "User"),
                    eligible(2, &group(), ADMIN_LOGIN, 1, "User"),
                ]),
            ),
            ("pass", with(vec![assignment(1, &group(), ADMIN_LOGIN, 61, "ServicePrincipal")])),
        ],
    );
    let none =
        together(vec![ready_vm(json!({})), people(), vec![assignment(1, &group(), ADMIN_LOGIN, 1, "User")]]);
    assert_eq!(verdict(&snapshot(&none), "RBA002"), "fail", "nobody may take any role");
    assert_eq!(verdict(&exported(&none), "RBA002"), "not assessed");
}

#[test]
fn three_people_are_enough_to_give_roles() {
    let owners = |all: &[(u32, &str)]| {
        let all = (0..)
            .zip(all)
            .map(|(number, (principal, kind))| assignment(number, SUBSCRIPTION, OWNER, *principal, kind));
        together(vec![ready_vm(json!({})), people(), all.collect()])
    };
    cases(
        "RBA003",
        vec![
            ("pass", owners(&[(1, "User"), (2, "User"), (4, "User")])),
            (
                "pass",
                owners(&[(11, "Group"), (1, "User"), (61, "ServicePrincipal"), (62, "ServicePrincipal")]),
            ),
            ("fail", owners(&[(1, "User"), (2, "User"), (4, "User"), (5, "User")])),
            ("fail", owners(&[(11, "Group"), (4, "User"), (5, "User")])),
            // Nobody is in a group that was deleted.
            ("pass", owners(&[(1, "User"), (2, "User"), (12, "Group")])),
        ],
    );
    // Who is in the group is not told, so there may be more.
    let untold = graph("groups", json!([{"id": who(12), "displayName": "ops"}]));
    let more = together(vec![owners(&[(1, "User"), (2, "User"), (12, "Group")]), vec![untold]]);
    cases("RBA003", vec![("unknown", more)]);
    // Below the subscription nobody can give roles of all of it.
    let below: Vec<Value> =
        [1, 2, 4, 5].iter().map(|number| assignment(*number, &group(), OWNER, *number, "User")).collect();
    cases("RBA003", vec![("pass", together(vec![ready_vm(json!({})), people(), below]))]);
}

#[test]
fn guests_get_into_no_machine() {
    let with = |more: Vec<Value>| together(vec![ready_vm(json!({})), people(), more]);
    cases(
        "RBA004",
        vec![
            ("fail", with(vec![assignment(1, &group(), USER_LOGIN, 3, "User")])),
            ("fail", with(vec![assignment(1, &group(), CONTRIBUTOR, 3, "User")])),
            ("pass", with(vec![assignment(1, &group(), USER_LOGIN, 1, "User")])),
            ("", with(vec![assignment(1, &group(), "acdd72a7-3385-48ef-bd42-f606fba81ae7", 3, "User")])),
        ],
    );
    let untold = together(vec![
        ready_vm(json!({})),
        vec![
            graph("users", json!([{"id": who(3), "userPrincipalName": "partner@y.example"}])),
            assignment(1, &group(), USER_LOGIN, 3, "User"),
        ],
    ]);
    assert_eq!(verdict(&snapshot(&untold), "RBA004"), "unknown");
    let report = snapshot(&with(vec![assignment(1, &group(), USER_LOGIN, 3, "User")]));
    let found = finding(&report, "RBA004");
    assert_eq!(found["resource"], json!(who(3)));
    assert!(
        found["message"].as_str().unwrap().contains("`partner@y.example` gets into 1 machine"),
        "{found:#}"
    );
}

#[test]
fn roles_of_ones_own_give_what_work_needs() {
    let role = |kind: &str, permission: Value| {
        vec![
            vm(json!({})),
            assignment(1, &group(), CONTRIBUTOR, 1, "User"),
            json!({
                "id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{}", who(80)),
                "properties": {"roleName": "own", "type": kind, "permissions": [permission]}
            }),
        ]
    };
    cases(
        "RBA005",
        vec![
            ("fail", role("CustomRole", json!({"actions": ["*"]}))),
            ("fail", role("CustomRole", json!({"actions": [], "dataActions": ["Microsoft.Compute/*"]}))),
            (
                "pass",
                role(
                    "CustomRole",
                    json!({"actions": ["*/read"], "dataActions": ["*"], "notDataActions": ["Microsoft.Compute/virtualMachines/login*"]}),
                ),
            ),
            (
                "pass",
                role("CustomRole", json!({"actions": ["Microsoft.Compute/virtualMachines/restart/action"]})),
            ),
            ("", role("BuiltInRole", json!({"actions": ["*"]}))),
            // Each of these gives any role, by a way of its own.
            (
                "fail",
                role("CustomRole", json!({"actions": ["Microsoft.Authorization/roleDefinitions/write"]})),
            ),
            (
                "fail",
                role(
                    "CustomRole",
                    json!({"actions": ["Microsoft.Authorization/roleAssignmentScheduleRequests/*"]}),
                ),
            ),
            (
                "fail",
                role(
                    "CustomRole",
                    json!({"actions": ["Microsoft.Authorization/roleEligibilityScheduleRequests/write"]}),
                ),
            ),
        ],
    );
}

#[test]
fn classic_administrators_are_gone() {
    let classic = |role: &str| {
        vec![
            vm(json!({})),
            assignment(1, &group(), CONTRIBUTOR, 1, "User"),
            json!({
                "id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/classicAdministrators/{}", who(81)),
                "properties": {"emailAddress": "former@x.example", "role": role}
            }),
        ]
    };
    cases(
        "RBA006",
        vec![
            ("fail", classic("CoAdministrator")),
            ("fail", classic("ServiceAdministrator;AccountAdministrator")),
            ("pass", classic("AccountAdministrator")),
        ],
    );
}

#[test]
fn rights_have_an_owner() {
    let with = |more: Vec<Value>| together(vec![ready_vm(json!({})), people(), more]);
    cases(
        "RBA007",
        vec![
            ("fail", with(vec![assignment(1, &group(), OWNER, 99, "User")])),
            ("fail", with(vec![assignment(1, &group(), OWNER, 98, "Group")])),
            ("pass", with(vec![assignment(1, &group(), OWNER, 1, "User")])),
            ("pass", with(vec![assignment(1, &group(), OWNER, 11, "Group")])),
            ("unknown", with(vec![assignment(1, &group(), OWNER, 97, "ForeignGroup")])),
        ],
    );
}

fn risky(level: &str, state: &str) -> Value {
    graph(
        "identityProtection/riskyUsers",
        json!([{"id": who(1), "userPrincipalName": "mizuno@x.example", "riskLevel": level, "riskState": state}]),
    )
}

#[test]
fn people_at_risk_get_into_no_machine() {
    let with = |risk: Value, role: &str| {
        together(vec![ready_vm(json!({})), people(), vec![risk, assignment(1, &group(), role, 1, "User")]])
    };
    cases(
        "IDP003",
        vec![
            ("fail", with(risky("high", "atRisk"), USER_LOGIN)),
            ("fail", with(risky("medium", "confirmedCompromised"), CONTRIBUTOR)),
            ("fail", with(risky("hidden", "atRisk"), USER_LOGIN)),
            ("fail", with(risky("someLaterLevel", "atRisk"), USER_LOGIN)),
            ("pass", with(risky("high", "remediated"), USER_LOGIN)),
            ("pass", with(risky("none", "dismissed"), USER_LOGIN)),
            ("", with(risky("high", "atRisk"), "acdd72a7-3385-48ef-bd42-f606fba81ae7")),
        ],
    );
    let severity = |level: &str| {
        finding(&snapshot(&with(risky(level, "atRisk"), USER_LOGIN)), "IDP003")["severity"].clone()
    };
    assert_eq!(
        [severity("high"), severity("medium"), severity("low"), severity("hidden")],
        [json!("critical"), json!("high"), json!("medium"), json!("high")]
    );
    let report = snapshot(&with(risky("hidden", "atRisk"), USER_LOGIN));
    let found = finding(&report, "IDP003");
    assert!(
        found["message"].as_str().unwrap().contains("at risk, of which the level is hidden"),
        "{found:#}"
    );
}

#[test]
fn people_have_a_second_factor() {
    let methods = |change: Value| {
        let mut own = json!({"id": who(1), "userPrincipalName": "mizuno@x.example", "isMfaCapable": true, "isMfaRegistered": true, "methodsRegistered": ["microsoftAuthenticatorPush"]});
        merge(&mut own, &change);
        graph("reports/authenticationMethods/userRegistrationDetails", json!([own]))
    };
    let with = |methods: Value| {
        together(vec![
            ready_vm(json!({})),
            people(),
            vec![methods, assignment(1, &group(), USER_LOGIN, 1, "User")],
        ])
    };
    cases(
        "IDP004",
        vec![
            ("pass", with(methods(json!({})))),
            ("fail", with(methods(json!({"isMfaCapable": false})))),
            ("fail", with(methods(json!({"isMfaCapable": null, "isMfaRegistered": false})))),
            // Nothing tells of the one who has the right.
            ("unknown", with(methods(json!({"id": who(2)})))),
        ],
    );
    // Whoever gets into no machine does not matter here.
    let nobody = together(vec![ready_vm(json!({})), people(), vec![methods(json!({"isMfaCapable": false}))]]);
    assert_eq!(verdict(&snapshot(&nobody), "IDP004"), "");
}

#[test]
fn what_may_be_so_is_not_passed() {
    // Risk that cannot be read.
    let with = |level: Value, state: Value| {
        let risk = graph(
            "identityProtection/riskyUsers",
            json!([{"id": who(1), "riskLevel": level, "riskState": state}]),
        );
        verdict(
            &snapshot(&together(vec![
                ready_vm(json!({})),
                people(),
                vec![risk, assignment(1, &group(), USER_LOGIN, 1, "User")],
            ])),
            "IDP003",
        )
    };
    assert_eq!(with(Value::Null, json!("atRisk")), "fail");
    assert_eq!(with(json!("high"), Value::Null), "unknown");
    assert_eq!(with(json!("high"), json!("someLaterState")), "unknown");
    // A group of which nobody told the members.
    let untold = graph("groups", json!([{"id": who(12), "displayName": "ops"}]));
    let methods = graph("reports/authenticationMethods/userRegistrationDetails", json!([]));
    let risky = graph("identityProtection/riskyUsers", json!([]));
    let report = snapshot(&together(vec![
        ready_vm(json!({})),
        people(),
        vec![untold, methods, risky, assignment(1, &group(), USER_LOGIN, 12, "Group")],
    ]));
    for code in ["RBA004", "IDP003", "IDP004"] {
        assert_eq!(verdict(&report, code), "unknown", "{code}");
    }
    // Programs are told by a list of their own.
    let program = |more: Vec<Value>| {
        let own = assignment(1, &group(), OWNER, 61, "ServicePrincipal");
        verdict(&snapshot(&together(vec![ready_vm(json!({})), people(), vec![own], more])), "RBA007")
    };
    assert_eq!(program(vec![]), "unknown");
    assert_eq!(
        program(vec![graph("servicePrincipals", json!([{"id": who(61), "displayName": "deploy"}]))]),
        "pass"
    );
    assert_eq!(
        program(vec![graph("servicePrincipals", json!([{"id": who(62), "displayName": "deploy"}]))]),
        "fail"
    );
}

#[test]
fn rights_are_judged_by_what_they_surely_give() {
    let with = |more: Vec<Value>| together(vec![ready_vm(json!({})), people(), more]);
    // A role that may be taken next door is none here.
    let next_door = eligible(2, &group(), ADMIN_LOGIN, 1, "User");
    let here = assignment(1, &format!("{}-prod", group()), ADMIN_LOGIN, 1, "User");
    cases("RBA002", vec![("fail", with(vec![next_door, here]))]);
    let any = eligible(2, &format!("{}9", group()), ADMIN_LOGIN, 5, "User");
    cases(
        "RBA002",
        vec![(
            "unknown",
            with(vec![any, assignment(1, &group(), "77777777-0000-4000-8000-000000000001", 1, "User")]),
        )],
    );
    // Whoever is gone or switched off signs in to nothing.
    cases("ENT003", vec![("fail", with(vec![assignment(1, &group(), USER_LOGIN, 99, "User")]))]);
    // Raising oneself is for global administrators; a condition may leave anything out.
    let admins = |condition: Option<&str>| {
        let give = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
        let all = [1, 2, 4, 5].map(|number| {
            let mut own = assignment(number, SUBSCRIPTION, give, number, "User");
            own["properties"]["condition"] = condition.into();
            own
        });
        with(all.to_vec())
    };
    let guarded = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAllValues:GuidNotEquals {8e3af657-a8ff-443c-a75c-2fe8c4bcb635}))";
    assert_eq!(verdict(&snapshot(&admins(None)), "RBA003"), "fail");
    assert_ne!(verdict(&snapshot(&admins(Some(guarded))), "RBA003"), "pass");
    // A guest is told what they surely have.
    let report = snapshot(&with(vec![
        assignment(1, &group(), USER_LOGIN, 3, "User"),
        assignment(2, SUBSCRIPTION, "77777777-0000-4000-8000-000000000001", 3, "User"),
    ]));
    let message = finding(&report, "RBA004")["message"].as_str().unwrap();
    assert!(message.contains("(sign in)") && message.contains("Virtual Machine User Login"), "{message}");
    // Roles of one's own: what is taken back is not given, however it is written.
    let role = |permission: Value| {
        let own = json!({"id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{}", who(80)),
            "properties": {"roleName": "own", "type": "CustomRole", "permissions": [permission]}});
        verdict(&snapshot(&with(vec![assignment(1, &group(), CONTRIBUTOR, 1, "User"), own])), "RBA005")
    };
    assert_eq!(role(json!({"actions": ["*/*"]})), "fail");
    assert_eq!(role(json!({"actions": ["Microsoft.Authorization/*"]})), "fail");
    assert_eq!(role(json!({"actions": ["*"], "notActions": ["Microsoft.Authorization/*/write"]})), "pass");
    // A phone is a factor that whoever takes over the number has, too.
    let phone = graph(
        "reports/authenticationMethods/userRegistrationDetails",
        json!([{"id": who(1), "isMfaCapable": true, "methodsRegistered": ["mobilePhone"]}]),
    );
    let report = snapshot(&with(vec![phone, assignment(1, &group(), USER_LOGIN, 1, "User")]));
    assert_eq!(finding(&report, "IDP004")["severity"], "low");
}

fn deny(scope: &str, principal: &str, action: &str, data: &str) -> Value {
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/denyAssignments/{}", who(950)),
        "properties": {"scope": scope, "principals": [{"id": principal}], "excludePrincipals": [],
            "permissions": [{"actions": [action], "notActions": [], "dataActions": [data], "notDataActions": []}]}
    })
}

/// <https://learn.microsoft.com/azure/role-based-access-control/deny-assignments>
#[test]
fn what_is_taken_away_is_not_held_against_anybody() {
    let with = |more: Vec<Value>| together(vec![ready_vm(json!({})), people(), more]);
    let login = "Microsoft.Compute/virtualMachines/login*";
    let other = eligible(9, &format!("{}9", group()), ADMIN_LOGIN, 5, "User");
    let given = |number, scope: &str| assignment(number, scope, ADMIN_LOGIN, 1, "User");
    cases(
        "RBA001",
        vec![
            ("", with(vec![given(1, SUBSCRIPTION), deny(SUBSCRIPTION, &who(1), "", login)])),
            ("fail", with(vec![given(1, SUBSCRIPTION), deny(SUBSCRIPTION, &who(2), "", login)])),
            // Taken away next door, where there is no machine.
            ("fail", with(vec![given(1, SUBSCRIPTION), deny(&format!("{}9", group()), &who(1), "", login)])),
            ("", with(vec![assignment(1, SUBSCRIPTION, ADMIN_LOGIN, 99, "User")])),
        ],
    );
    cases(
        "RBA002",
        vec![
            ("pass", with(vec![other.clone(), given(1, &group()), deny(&group(), &who(1), "", login)])),
            ("fail", with(vec![other.clone(), given(1, &group()), deny(&group(), &who(2), "", login)])),
        ],
    );
    let owners = |more: Vec<Value>| {
        let all = [1, 2, 4, 5].map(|number| assignment(number, SUBSCRIPTION, OWNER, number, "User"));
        with(together(vec![all.to_vec(), more]))
    };
    let write = "Microsoft.Authorization/*";
    cases(
        "RBA003",
        vec![
            ("fail", owners(vec![])),
            ("pass", owners(vec![deny(SUBSCRIPTION, &who(5), write, "")])),
            ("fail", owners(vec![deny(SUBSCRIPTION, &who(3), write, "")])),
            // Whoever is in a group that nobody tells of may be one of these.
            (
                "unknown",
                owners(vec![
                    graph("groups", json!([{"id": who(12), "displayName": "ops"}])),
                    deny(SUBSCRIPTION, &who(12), write, ""),
                ]),
            ),
        ],
    );
    // A grant of which all is taken away is not behind what another one gives.
    let report = snapshot(&with(vec![
        given(1, SUBSCRIPTION),
        assignment(2, &group(), CONTRIBUTOR, 1, "User"),
        deny(SUBSCRIPTION, &who(1), "", login),
        graph("identity/conditionalAccess/policies", json!([])),
    ]));
    assert_eq!(verdict(&report, "CAP001"), "");
    assert!(finding(&report, "CAP002")["message"].as_str().unwrap().contains("(Contributor)"));
    // Accounts that are switched off, and such as are gone.
    let mut all = with(vec![assignment(1, SUBSCRIPTION, ADMIN_LOGIN, 1, "User"), other]);
    for one in &mut all {
        if one["@odata.context"].as_str().is_some_and(|text| text.ends_with("/users")) {
            one["value"][0]["accountEnabled"] = false.into();
        }
    }
    assert_eq!(verdict(&snapshot(&all), "RBA001"), "pass", "the one next door");
    assert_eq!(verdict(&snapshot(&all), "RBA002"), "pass");
}

#[test]
fn a_role_that_may_be_taken_above_is_told_by_management_groups() {
    let corp = "/providers/Microsoft.Management/managementGroups/corp";
    let with = |groups: Value| {
        let own =
            json!({"id": SUBSCRIPTION, "type": "microsoft.resources/subscriptions", "properties": groups});
        together(vec![
            ready_vm(json!({})),
            people(),
            vec![
                own,
                assignment(1, &group(), ADMIN_LOGIN, 1, "User"),
                eligible(2, corp, ADMIN_LOGIN, 1, "User"),
            ],
        ])
    };
    let chain = |name: &str| json!({"managementGroupAncestorsChain": [{"name": name}]});
    cases(
        "RBA002",
        vec![("unknown", with(chain("corp"))), ("fail", with(chain("other"))), ("unknown", with(json!({})))],
    );
}

#[test]
fn rights_of_whom_nobody_can_tell_are_told() {
    let mut own = assignment(1, &group(), ADMIN_LOGIN, 1, "User");
    own["properties"]["principalId"] = json!({"$unknown": {"reason": "not deployed yet"}});
    let mut wide = assignment(2, SUBSCRIPTION, OWNER, 1, "User");
    wide["properties"].as_object_mut().unwrap().remove("principalId");
    let risky = graph("identityProtection/riskyUsers", json!([]));
    let methods = graph("reports/authenticationMethods/userRegistrationDetails", json!([]));
    let policy = json!({"id": who(501), "displayName": "p", "state": "enabled",
        "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}, "clientAppTypes": ["all"]},
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}});
    let policies = graph("identity/conditionalAccess/policies", json!([policy]));
    let other = eligible(9, &format!("{}9", group()), ADMIN_LOGIN, 5, "User");
    let all = together(vec![ready_vm(json!({})), people(), vec![own, wide, risky, methods, policies, other]]);
    let report = snapshot(&all);
    for code in ["CAP001", "CAP002", "IDP003", "IDP004", "RBA002", "RBA003", "RBA004", "RBA007"] {
        assert_eq!(verdict(&report, code), "unknown", "{code}");
    }
}

/// What Microsoft Graph may leave out of an assignment leaves open whether it is one.
#[test]
fn an_administrator_of_everything_may_be_hidden_in_what_is_not_told() {
    let global = "62e90394-69f5-4237-9190-012177145e10";
    let with = |change: Value| {
        let mut role =
            json!({"id": "r", "principalId": who(1), "roleDefinitionId": global, "directoryScopeId": "/"});
        merge(&mut role, &change);
        let mut all = together(vec![ready_vm(json!({})), people()]);
        all.retain(|one| !one["@odata.context"].as_str().is_some_and(|text| text.contains("roleManagement")));
        all.push(graph("roleManagement/directory/roleAssignments", json!([role])));
        all.push(graph("roleManagement/directory/roleEligibilityScheduleInstances", json!([])));
        all.push(graph("identity/conditionalAccess/policies", json!([])));
        verdict(&snapshot(&all), "CAP002")
    };
    assert_eq!(with(json!({})), "fail");
    assert_eq!(with(json!({"directoryScopeId": null})), "unknown");
    assert_eq!(with(json!({"roleDefinitionId": null})), "unknown");
    assert_eq!(with(json!({"principalId": null})), "unknown");
    assert_eq!(with(json!({"directoryScopeId": "/administrativeUnits/u"})), "");
}

#[test]
fn machines_that_somebody_only_may_get_into_are_not_counted() {
    let second = |identity: Value| {
        let mut own = vm(json!({}));
        own["id"] = format!("{}2", vm_id()).into();
        own["name"] = "web2".into();
        merge(&mut own, &identity);
        let mut extension = login_extension(json!({"properties": {"provisioningState": "Updating"}}));
        extension["id"] = format!("{}2/extensions/aad", vm_id()).into();
        vec![own, extension]
    };
    let all = together(vec![
        ready_vm(json!({})),
        people(),
        second(json!({"identity": {"type": "SystemAssigned"}})),
        vec![risky("high", "atRisk"), assignment(1, &group(), USER_LOGIN, 1, "User")],
    ]);
    let report = snapshot(&all);
    let message = finding(&report, "IDP003")["message"].as_str().unwrap();
    assert!(message.contains("gets into 1 machine ("), "{message}");
}

/// <https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#osprofile>
#[test]
fn a_machine_from_a_disk_tells_nothing_of_its_accounts() {
    let mut from_disk = windows(json!({"identity": {"type": "SystemAssigned"}}));
    from_disk["properties"].as_object_mut().unwrap().remove("osProfile");
    let extension = login_extension(json!({"properties": {"type": "AADLoginForWindows"}}));
    assert_eq!(verdict(&snapshot(&[from_disk, extension.clone()]), "ENT004"), "unknown");
    let made = windows(json!({"identity": {"type": "SystemAssigned"}}));
    assert_eq!(verdict(&snapshot(&[made, extension]), "ENT004"), "fail");
}

/// A guest who sits at the console or copies disks has not got in, and is told all the same.
#[test]
fn guests_do_not_sit_at_consoles() {
    let role = json!({
        "id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{}", who(80)),
        "properties": {"roleName": "own", "type": "CustomRole", "permissions": [{"actions":
            ["Microsoft.SerialConsole/serialPorts/connect/action"], "notActions": [], "dataActions": [], "notDataActions": []}]}
    });
    let given = assignment(1, &group(), &who(80), 3, "User");
    let report = snapshot(&together(vec![ready_vm(json!({})), people(), vec![role, given]]));
    let found = finding(&report, "RBA004");
    assert_eq!(found["severity"], "medium");
    assert!(found["message"].as_str().unwrap().contains("(use the serial console)"), "{found:#}");
}

/// Where rights are refused, nothing is said to be well.
#[test]
fn rights_that_are_not_told_are_told() {
    let refused = manifest(
        json!({"refused": [{"what": "rights", "scope": SUBSCRIPTION, "action": "Microsoft.Authorization/roleAssignments/read"}]}),
    );
    let report_only = json!({"id": who(501), "displayName": "p", "state": "enabledForReportingButNotEnforced",
        "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}, "clientAppTypes": ["all"]},
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}});
    let lists = vec![
        graph("identity/conditionalAccess/policies", json!([report_only])),
        graph("identityProtection/riskyUsers", json!([])),
        graph("reports/authenticationMethods/userRegistrationDetails", json!([])),
        eligible(9, &format!("{}9", group()), ADMIN_LOGIN, 5, "User"),
    ];
    let all = together(vec![ready_vm(json!({})), people(), lists]);
    let report = lines(&all, &refused);
    for code in [
        "CAP001", "CAP002", "CAP004", "RBA001", "RBA002", "RBA003", "RBA004", "RBA005", "RBA006", "RBA007",
        "IDP003", "IDP004", "ENT003",
    ] {
        assert_eq!(verdict(&report, code), "unknown", "{code}");
    }
}

/// Who is global administrator is told by the roles of the directory alone.
#[test]
fn administrators_of_everything_are_not_told_where_roles_are_not() {
    let mut all = together(vec![ready_vm(json!({})), people()]);
    all.push(graph("identity/conditionalAccess/policies", json!([])));
    assert_eq!(verdict(&snapshot(&all), "CAP002"), "");
    all.retain(|one| !one["@odata.context"].as_str().is_some_and(|text| text.contains("roleManagement")));
    assert_eq!(verdict(&snapshot(&all), "CAP002"), "unknown");
}

#[test]
fn accounts_that_may_be_gone_or_off_are_not_certain() {
    let policies = graph("identity/conditionalAccess/policies", json!([]));
    let given = || vec![assignment(1, &group(), USER_LOGIN, 1, "User"), policies.clone()];
    let with = |users: Value| {
        let mut all = together(vec![ready_vm(json!({})), people(), given()]);
        all.retain(|one| !one["@odata.context"].as_str().is_some_and(|text| text.ends_with("/users")));
        all.push(users);
        snapshot(&all)
    };
    // Nothing tells whether the account may be used.
    let untold = graph(
        "users",
        json!([{"id": who(1), "userPrincipalName": "mizuno@x.example", "userType": "Member"}]),
    );
    assert_eq!(verdict(&with(untold), "CAP001"), "unknown");
    let off = graph(
        "users",
        json!([{"id": who(1), "userPrincipalName": "m", "userType": "Member", "accountEnabled": false}]),
    );
    assert_eq!(verdict(&with(off), "CAP001"), "");
    // Others stand on another page.
    let mut paged = graph(
        "users",
        json!([{"id": who(2), "userPrincipalName": "k", "userType": "Member", "accountEnabled": true}]),
    );
    paged["@odata.nextLink"] = "https://graph.microsoft.com/v1.0/users?$skiptoken=x".into();
    let report = with(paged);
    assert_eq!(verdict(&report, "CAP001"), "unknown");
    assert_eq!(verdict(&report, "RBA007"), "unknown");
}

#[test]
fn a_group_of_which_nobody_is_told_lets_nobody_in_for_certain() {
    let untold = graph("groups", json!([{"id": who(12), "displayName": "ops"}]));
    let all = together(vec![
        ready_vm(json!({})),
        people(),
        vec![untold, assignment(1, &group(), USER_LOGIN, 12, "Group")],
    ]);
    assert_eq!(verdict(&snapshot(&all), "ENT003"), "unknown");
}

#[test]
fn a_strong_method_is_one_that_is_known_to_be() {
    let with = |own: Value| {
        let list = graph("reports/authenticationMethods/userRegistrationDetails", json!([own]));
        let all = together(vec![
            ready_vm(json!({})),
            people(),
            vec![list, assignment(1, &group(), USER_LOGIN, 1, "User")],
        ]);
        verdict(&snapshot(&all), "IDP004")
    };
    let own = |capable: Value, methods: Value| json!({"id": who(1), "isMfaCapable": capable, "isMfaRegistered": true, "methodsRegistered": methods});
    assert_eq!(with(own(json!(true), json!(["softwareOneTimePasscode", "mobilePhone"]))), "pass");
    assert_eq!(with(own(json!(true), Value::Null)), "unknown");
    assert_eq!(with(own(json!(true), json!([]))), "unknown");
    assert_eq!(with(own(Value::Null, json!(["softwareOneTimePasscode"]))), "unknown");
    assert_eq!(with(own(json!(true), json!(["mobilePhone", "someLaterMethod"]))), "unknown");
    assert_eq!(with(own(json!(true), json!(["mobilePhone", "temporaryAccessPass"]))), "fail");
    assert_eq!(with(own(json!(true), json!(["mobilePhone", "qrCodePin"]))), "fail");
}

/// <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-linux>
#[test]
fn each_system_has_an_extension_of_its_own() {
    let windows = login_extension(json!({"properties": {"type": "AADLoginForWindows"}}));
    cases("ENT001", vec![("fail", vec![vm(json!({})), windows])]);
}

/// A role of the directory that somebody may take leads to machines, too.
#[test]
fn roles_of_the_directory_that_may_be_taken_are_asked_for() {
    let global = "62e90394-69f5-4237-9190-012177145e10";
    let lists = |eligible: Option<Value>| {
        let mut all = together(vec![ready_vm(json!({})), people()]);
        all.retain(|one| {
            !one["@odata.context"]
                .as_str()
                .is_some_and(|text| text.contains("roleEligibilityScheduleInstances"))
        });
        all.push(graph("identity/conditionalAccess/policies", json!([])));
        all.push(assignment(1, &group(), USER_LOGIN, 1, "User"));
        all.extend(
            eligible.map(|list| graph("roleManagement/directory/roleEligibilityScheduleInstances", list)),
        );
        snapshot(&all)
    };
    let guest =
        json!([{"id": "e", "principalId": who(3), "roleDefinitionId": global, "directoryScopeId": "/"}]);
    assert_eq!(verdict(&lists(Some(guest)), "RBA004"), "fail");
    assert_eq!(verdict(&lists(Some(json!([]))), "RBA004"), "pass");
    assert_eq!(verdict(&lists(None), "RBA004"), "unknown");
    assert_eq!(verdict(&lists(None), "CAP002"), "unknown");
    assert_eq!(verdict(&lists(None), "CAP001"), "fail", "whoever signs in has a role of Azure");
}

/// Where the roles that people may take are refused, nobody can tell that nobody gets in, or all the time.
#[test]
fn roles_that_people_may_take_are_not_told() {
    let refused = manifest(
        json!({"refused": [{"what": "eligible rights", "scope": SUBSCRIPTION, "action": "x/read"}]}),
    );
    let all = together(vec![ready_vm(json!({})), people()]);
    assert_eq!(verdict(&lines(&all, &refused), "ENT003"), "unknown");
    let given = together(vec![all, vec![assignment(1, &group(), ADMIN_LOGIN, 1, "User")]]);
    assert_eq!(verdict(&lines(&given, &refused), "RBA002"), "unknown");
    let activated = together(vec![given, vec![taken(1, &group(), "Activated")]]);
    let report = lines(&activated, &refused);
    let passes = report["findings"].as_array().unwrap().iter();
    assert!(passes.clone().any(|row| row["code"] == "RBA002" && row["status"] == "pass"));
}

/// A subscription with nothing but a scale set is one.
#[test]
fn rights_in_a_subscription_of_scale_sets_are_told() {
    let set = json!({"id": format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/pool"), "type": "Microsoft.Compute/virtualMachineScaleSets",
        "properties": {"virtualMachineProfile": {"storageProfile": {"osDisk": {"osType": "Linux"}}}}});
    let refused = manifest(
        json!({"refused": [{"what": "rights", "scope": SUBSCRIPTION, "action": "Microsoft.Authorization/roleAssignments/read"}]}),
    );
    let report = lines(&together(vec![vec![set], people()]), &refused);
    for code in ["RBA001", "RBA003", "RBA004", "RBA007"] {
        assert_eq!(verdict(&report, code), "unknown", "{code}");
    }
}
