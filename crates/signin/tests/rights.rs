//! What people may do to a machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use estate::{Collector, Estate, Part, SourceIndex};
use serde_json::{Value, json};
use signin::{Action, Directory, Rights, Tri};

const VM: &str = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web";
const LOGIN: Action<'_> = Action::Data("Microsoft.Compute/virtualMachines/login/action");
const AS_ADMIN: Action<'_> = Action::Data("Microsoft.Compute/virtualMachines/loginAsAdmin/action");
const RUN: Action<'_> = Action::Control("Microsoft.Compute/virtualMachines/runCommand/action");
const GRANT: Action<'_> = Action::Control("Microsoft.Authorization/roleAssignments/write");

fn read(all: &[Value]) -> Estate {
    let collector = Collector::new();
    let mut part = Part::default();
    for (at, value) in (0..).zip(all) {
        collector.read_line(&mut part, SourceIndex(0), value.to_string().as_bytes(), at * 10_000);
    }
    collector.deliver(&mut part);
    let estate = collector.finish();
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    estate
}

fn assignment(number: u32, who: &str, role: &str, scope: &str, condition: Option<&str>) -> Value {
    json!({"id": format!("{}/providers/Microsoft.Authorization/roleAssignments/{number}", scope.trim_end_matches('/')),
        "properties": {"principalId": who, "scope": scope, "condition": condition,
            "roleDefinitionId": format!("/subscriptions/s1/providers/Microsoft.Authorization/roleDefinitions/{role}")}})
}

fn role(number: &str, permission: Value) -> Value {
    json!({"id": format!("/subscriptions/s1/providers/Microsoft.Authorization/roleDefinitions/{number}"),
        "properties": {"roleName": number, "permissions": [permission]}})
}

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const USER_LOGIN: &str = "fb879df8-f326-4884-b1cf-06f3ad86be52";

/// The directory: `mizuno` in the group `admins`, `kaede` in none.
fn people() -> Vec<Value> {
    let graph = |path: &str, value: Value| json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/{path}"), "value": value});
    vec![
        graph("users", json!([{"id": "mizuno"}, {"id": "kaede"}])),
        graph("groups", json!([{"id": "admins"}])),
        graph("groups/admins/transitiveMembers", json!([{"id": "mizuno"}])),
    ]
}

fn may(more: Vec<Value>, who: &str, action: Action<'_>) -> Tri {
    let mut all = people();
    all.extend(more);
    let estate = read(&all);
    let directory = Directory::new(&estate);
    Rights::new(&directory).may(&directory.find(who)[0], VM, action)
}

/// <https://learn.microsoft.com/azure/role-based-access-control/scope-overview>
#[test]
fn a_role_holds_at_its_scope_and_below() {
    let at = |scope: &str| may(vec![assignment(1, "mizuno", USER_LOGIN, scope, None)], "mizuno", LOGIN);
    for scope in ["/", "/subscriptions/s1", "/subscriptions/S1/resourceGroups/RG", VM] {
        assert_eq!(at(scope), Tri::Yes, "{scope}");
    }
    for scope in [
        "/subscriptions/s2",
        "/subscriptions/s1/resourceGroups/r",
        "/subscriptions/s1/resourceGroups/rg2",
        &format!("{VM}2"),
    ] {
        assert_eq!(at(scope), Tri::No, "{scope}");
    }
    let group = "/providers/Microsoft.Management/managementGroups/Corp";
    assert_eq!(at(group), Tri::Maybe, "nothing tells what is in that group");
    let within = |chain: Value| {
        let subscription = json!({"id": "/subscriptions/s1", "type": "microsoft.resources/subscriptions", "name": "s",
            "properties": {"managementGroupAncestorsChain": chain}});
        may(vec![subscription, assignment(1, "mizuno", USER_LOGIN, group, None)], "mizuno", LOGIN)
    };
    assert_eq!(within(json!([{"name": "landing"}, {"name": "corp"}])), Tri::Yes);
    assert_eq!(within(json!([{"name": "landing"}])), Tri::No);
}

/// <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows#configure-role-assignments-for-the-vm>:
/// to own a machine is no right to sign in to it.
#[test]
fn to_manage_is_not_to_sign_in() {
    let by = |number: &str| {
        let all = || vec![assignment(1, "mizuno", number, "/subscriptions/s1", None)];
        [LOGIN, AS_ADMIN, RUN, GRANT].map(|action| may(all(), "mizuno", action))
    };
    assert_eq!(by(OWNER), [Tri::No, Tri::No, Tri::Yes, Tri::Yes]);
    assert_eq!(by(CONTRIBUTOR), [Tri::No, Tri::No, Tri::Yes, Tri::No]);
    assert_eq!(by(USER_LOGIN), [Tri::Yes, Tri::No, Tri::No, Tri::No]);
    assert_eq!(by("1c0163c0-47e6-4577-8991-ea5c82e286e4"), [Tri::Yes, Tri::Yes, Tri::No, Tri::No]);
    assert_eq!(by("some-role-that-nobody-tells-of"), [Tri::Maybe; 4]);
}

/// <https://learn.microsoft.com/azure/role-based-access-control/role-definitions#dataactions>
#[test]
fn roles_of_ones_own_have_wildcards_and_leave_things_out() {
    let by = |permission: Value| {
        let all = || {
            vec![role("own", permission.clone()), assignment(1, "mizuno", "own", "/subscriptions/s1", None)]
        };
        [LOGIN, AS_ADMIN, RUN].map(|action| may(all(), "mizuno", action))
    };
    assert_eq!(by(json!({"dataActions": ["*"]})), [Tri::Yes, Tri::Yes, Tri::No]);
    assert_eq!(
        by(json!({"dataActions": ["microsoft.compute/virtualMachines/login*/action"]})),
        [Tri::Yes, Tri::Yes, Tri::No]
    );
    assert_eq!(
        by(json!({"dataActions": ["*"], "notDataActions": ["*/loginAsAdmin/*"]})),
        [Tri::Yes, Tri::No, Tri::No]
    );
    assert_eq!(
        by(json!({"actions": ["*"], "notActions": ["Microsoft.Compute/*/runCommand/*"]})),
        [Tri::No, Tri::No, Tri::No]
    );
    // What one permission leaves out another may give.
    let two = json!({"id": "/subscriptions/s1/providers/Microsoft.Authorization/roleDefinitions/two", "properties": {"permissions": [
        {"actions": ["*"], "notActions": ["Microsoft.Compute/*/action"]}, {"actions": ["Microsoft.Compute/virtualMachines/*"]}]}});
    assert_eq!(may(vec![two, assignment(1, "mizuno", "two", "/", None)], "mizuno", RUN), Tri::Yes);
}

#[test]
fn groups_have_rights_for_their_members() {
    let all = || vec![assignment(1, "ADMINS", OWNER, "/subscriptions/s1", None)];
    assert_eq!([may(all(), "mizuno", RUN), may(all(), "kaede", RUN)], [Tri::Yes, Tri::No]);
}

/// <https://learn.microsoft.com/azure/role-based-access-control/conditions-overview>
#[test]
fn a_condition_leaves_open_what_it_asks_of_attributes() {
    let with = |condition: &str| {
        let all = || vec![assignment(1, "mizuno", OWNER, "/subscriptions/s1", Some(condition))];
        [may(all(), "mizuno", RUN), may(all(), "mizuno", GRANT)]
    };
    let delegation = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {acdd72a7-3385-48ef-bd42-f606fba81ae7}))";
    assert_eq!(with(delegation), [Tri::Yes, Tri::Maybe]);
    assert_eq!(with("@Resource[x] StringEquals 'y'"), [Tri::Maybe, Tri::Maybe]);
}

/// <https://learn.microsoft.com/azure/role-based-access-control/deny-assignments>
#[test]
fn what_is_taken_is_taken_whatever_roles_somebody_has() {
    let deny = |principals: Value, excluded: Value, only_here: bool, scope: &str| {
        json!({"id": format!("{scope}/providers/Microsoft.Authorization/denyAssignments/d"), "type": "Microsoft.Authorization/denyAssignments",
            "properties": {"scope": scope, "permissions": [{"actions": ["*/action"], "notActions": []}], "principals": principals,
                "excludePrincipals": excluded, "doNotApplyToChildScopes": only_here}})
    };
    let with = |deny: Value| may(vec![assignment(1, "mizuno", OWNER, "/", None), deny], "mizuno", RUN);
    let everybody = || json!([{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}]);
    let group = "/subscriptions/s1/resourceGroups/rg";
    assert_eq!(with(deny(everybody(), json!([]), false, group)), Tri::No);
    assert_eq!(with(deny(everybody(), json!([]), true, group)), Tri::Yes, "the machine is below that scope");
    assert_eq!(with(deny(everybody(), json!([{"id": "admins"}]), false, group)), Tri::Yes);
    assert_eq!(with(deny(json!([{"id": "kaede"}]), json!([]), false, group)), Tri::Yes);
    assert_eq!(with(deny(json!([{"id": "admins"}]), json!([]), false, group)), Tri::No);
    assert_eq!(with(deny(everybody(), json!([]), false, "/subscriptions/s2")), Tri::Yes);
}

/// <https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-resource-roles-assign-roles>
#[test]
fn a_right_that_has_to_be_taken_first_is_none_now() {
    let mut eligible = assignment(1, "mizuno", OWNER, "/subscriptions/s1", None);
    eligible["id"] =
        "/subscriptions/s1/providers/Microsoft.Authorization/roleEligibilityScheduleInstances/e".into();
    let mut all = people();
    all.push(eligible);
    let estate = read(&all);
    let directory = Directory::new(&estate);
    let rights = Rights::new(&directory);
    let mizuno = directory.find("mizuno")[0];
    assert_eq!(rights.may(&mizuno, VM, RUN), Tri::No);
    let found = rights.of(&mizuno, VM, RUN);
    assert_eq!(found.len(), 1);
    assert!(found[0].eligible && found[0].role == "Owner" && found[0].scope == "/subscriptions/s1");
}
