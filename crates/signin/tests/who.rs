//! Who gets into machines: classes hold what asking person by person, machine by machine and action by action says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;

use estate::{Collector, Estate, Part, SourceIndex};
use proptest::prelude::*;
use serde_json::{Value, json};
use signin::{
    Directory, Door, Holding, Means, Question, Rights, Rules, Standing, Tri, Verdict, Who, Why, what_if,
};

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

fn graph(path: &str, value: &Value) -> Value {
    json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/{path}"), "value": value})
}

const RG: &str = "/subscriptions/s1/resourceGroups/rg";
const WEB: &str = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web";
const DB: &str = "/subscriptions/s1/resourceGroups/data/providers/Microsoft.Compute/virtualMachines/db";
const FAR: &str = "/subscriptions/s2/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/far";
const MACHINES: [&str; 3] = [WEB, DB, FAR];
const PEOPLE: [&str; 5] = ["mizuno", "kaede", "sora", "guest", "ren"];
const GROUPS: [&str; 3] = ["admins", "ops", "nested"];
const WEB_DISK: &str = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Compute/disks/web";
const SCOPES: [&str; 8] = [
    "/",
    "/subscriptions/s1",
    "/subscriptions/s2",
    RG,
    WEB,
    "/providers/Microsoft.Management/managementGroups/corp",
    "/providers/Microsoft.Management/managementGroups/other",
    WEB_DISK,
];
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const ADMIN_LOGIN: &str = "1c0163c0-47e6-4577-8991-ea5c82e286e4";
const ROLES: [&str; 8] = [
    OWNER,
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    ADMIN_LOGIN,
    "fb879df8-f326-4884-b1cf-06f3ad86be52",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
    "a-role-that-nobody-tells-of",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
];

fn machine(id: &str, os: &str) -> Value {
    json!({"id": id, "type": "Microsoft.Compute/virtualMachines", "identity": {"type": "SystemAssigned"},
        "resources": [{"id": format!("{id}/extensions/e"), "type": "Microsoft.Compute/virtualMachines/extensions",
            "properties": {"publisher": "Microsoft.Azure.ActiveDirectory", "provisioningState": "Succeeded",
                "type": if os == "Linux" { "AADSSHLoginForLinux" } else { "AADLoginForWindows" }}}],
        "properties": {"storageProfile": {"osDisk": {"osType": os, "managedDisk": {"id": id.replace("virtualMachines", "disks")}}}}})
}

/// Machines, people and groups: `admins` holds mizuno and the group `nested`, which holds kaede; `ops` is told in part.
fn world() -> Vec<Value> {
    let subscription = json!({"id": "/subscriptions/s1", "type": "microsoft.resources/subscriptions", "name": "s1",
        "properties": {"managementGroupAncestorsChain": [{"name": "corp"}]}});
    vec![
        machine(WEB, "Windows"),
        machine(DB, "Linux"),
        machine(FAR, "Linux"),
        subscription,
        graph(
            "users",
            &json!(PEOPLE.map(|id| json!({"id": id, "userPrincipalName": format!("{id}@x.example"),
            "userType": if id == "guest" { "Guest" } else { "Member" }, "accountEnabled": true}))),
        ),
        graph("groups", &json!(GROUPS.map(|id| json!({"id": id, "displayName": id})))),
        graph(
            "groups/admins/transitiveMembers",
            &json!([{"id": "mizuno"}, {"id": "nested"}, {"id": "kaede"}]),
        ),
        graph("groups/nested/transitiveMembers", &json!([{"id": "kaede"}])),
        graph("roleManagement/directory/roleAssignments", &json!([])),
        graph(
            "policies/identitySecurityDefaultsEnforcementPolicy",
            &json!([{"id": "d", "isEnabled": false}]),
        ),
    ]
}

fn assignment(number: usize, who: &str, role: &str, scope: &str, eligible: bool) -> Value {
    let kind = if GROUPS.contains(&who) { "Group" } else { "User" };
    let list = if eligible { "roleEligibilityScheduleInstances" } else { "roleAssignments" };
    json!({"id": format!("{}/providers/Microsoft.Authorization/{list}/{number}", scope.trim_end_matches('/')),
        "properties": {"principalId": who, "principalType": kind, "scope": scope,
            "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}")}})
}

fn deny(number: usize, who: &str, pattern: &str, scope: &str) -> Value {
    json!({"id": format!("{}/providers/Microsoft.Authorization/denyAssignments/{number}", scope.trim_end_matches('/')),
        "properties": {"scope": scope, "principals": [{"id": who, "type": "User"}], "excludePrincipals": [],
            "permissions": [{"actions": [pattern], "notActions": [], "dataActions": [pattern], "notDataActions": []}]}})
}

fn policy(number: usize, users: &Value, apps: &[&str], control: &str, state: &str) -> Value {
    json!({"id": format!("p{number}"), "displayName": format!("p{number}"), "state": state,
        "conditions": {"users": users, "applications": {"includeApplications": apps, "excludeApplications": []}, "clientAppTypes": ["all"]},
        "grantControls": {"operator": "OR", "builtInControls": [control]}})
}

/// What a role gives, by hand from the descriptions of Azure; none where nothing tells.
///
/// <https://learn.microsoft.com/azure/role-based-access-control/built-in-roles>
fn given(role: usize) -> Option<&'static [Means]> {
    use Means::{DiskCopy, Extension, GiveRights, Login, LoginAsAdmin, RunCommand, SerialConsole};
    Some(match role {
        0 => &[RunCommand, Extension, SerialConsole, DiskCopy, GiveRights],
        1 => &[RunCommand, Extension, SerialConsole, DiskCopy],
        2 => &[Login, LoginAsAdmin],
        3 => &[Login],
        4 => &[],
        5 => &[RunCommand, Extension, SerialConsole],
        7 => &[GiveRights],
        _ => return None,
    })
}

/// Whether a scope holds a machine, or its disk, by hand: the second subscription tells nothing of its management groups.
fn covers(scope: usize, machine: &str, disk: bool) -> Tri {
    let far = machine == FAR;
    match scope {
        0 => Tri::Yes,
        1 => (!far).into(),
        2 => far.into(),
        3 => (machine == WEB).into(),
        4 => (machine == WEB && !disk).into(),
        5 if far => Tri::Maybe,
        5 => Tri::Yes,
        6 if far => Tri::Maybe,
        7 => (machine == WEB && disk).into(),
        _ => Tri::No,
    }
}

/// Whether what is denied by a pattern takes one of the means away, for all of its actions.
fn takes(pattern: usize, means: Means) -> bool {
    match pattern {
        0 => true,
        // Copies of disks and commands are actions of Compute; managed commands and extensions are written.
        1 => matches!(means, Means::Login | Means::LoginAsAdmin | Means::DiskCopy),
        _ => means == Means::GiveRights,
    }
}

fn is_in(person: &str, principal: &str) -> bool {
    person == principal
        || (principal == "admins" && ["mizuno", "kaede"].contains(&person))
        || (principal == "nested" && person == "kaede")
}

/// What somebody has of means for a machine now, and once they take a role.
fn plainly(
    all: &[Assigned],
    denies: &[(usize, usize, usize)],
    person: &str,
    machine: &str,
    means: Means,
) -> (Tri, Tri) {
    let disk = means == Means::DiskCopy;
    let denied = |what: Means| {
        let own = denies.iter().filter(|(whom, pattern, _)| PEOPLE[*whom] == person && takes(*pattern, what));
        own.map(|(_, _, scope)| covers(*scope, machine, disk)).fold(Tri::No, Tri::or)
    };
    let mut both = (Tri::No, Tri::No);
    for (principal, role, scope, eligible) in all.iter().filter(|one| is_in(person, name_of(one.0))) {
        let gives = |what: Means| given(*role).map_or(Tri::Maybe, |all| all.contains(&what).into());
        let mut so = gives(means).and(!denied(means));
        // Whoever gives roles at a disk alone gives themselves the one to copy it.
        if disk && covers(*scope, machine, false) == Tri::No {
            so = so.or(gives(Means::GiveRights).and(!denied(Means::GiveRights)).and(!denied(means)));
        }
        let so = so.and(covers(*scope, machine, disk));
        let sum = if *eligible { &mut both.1 } else { &mut both.0 };
        *sum = sum.or(so);
        assert!(*principal < PEOPLE.len() + GROUPS.len());
    }
    both
}

type Assigned = (usize, usize, usize, bool);

fn assigned() -> impl Strategy<Value = Assigned> {
    (0..PEOPLE.len() + GROUPS.len(), 0..ROLES.len(), 0..SCOPES.len(), any::<bool>())
}

fn name_of(at: usize) -> &'static str {
    PEOPLE.get(at).copied().unwrap_or_else(|| GROUPS[at - PEOPLE.len()])
}

proptest! {
    #[test]
    fn classes_say_what_each_person_has_at_each_machine(
        all in proptest::collection::vec(assigned(), 0..8),
        denies in proptest::collection::vec((0..PEOPLE.len(), 0..3_usize, 0..SCOPES.len()), 0..3),
        policies in proptest::collection::vec((0..4_usize, 0..3_usize, 0..2_usize, 0..3_usize), 0..5),
    ) {
        let mut resources = world();
        for (number, (who, role, scope, eligible)) in all.iter().enumerate() {
            resources.push(assignment(number, name_of(*who), ROLES[*role], SCOPES[*scope], *eligible));
        }
        for (number, (who, pattern, scope)) in denies.iter().enumerate() {
            let pattern = ["*", "Microsoft.Compute/*/action", "Microsoft.Authorization/*"][*pattern];
            resources.push(deny(number, PEOPLE[*who], pattern, SCOPES[*scope]));
        }
        let policies: Vec<Value> = policies.iter().enumerate().map(|(number, (users, apps, control, state))| {
            let users = [
                json!({"includeUsers": ["All"]}),
                json!({"includeUsers": ["All"], "excludeUsers": ["mizuno"], "excludeGroups": ["nested"]}),
                json!({"includeGroups": ["admins"]}),
                json!({"includeUsers": ["GuestsOrExternalUsers"]}),
            ][*users].clone();
            let app = ["All", "372140e0-b3b7-4226-8ef9-d57986796201", "797f4846-ba00-4fd7-ba43-dac1f8f63013"][*apps];
            policy(number, &users, &[app], ["mfa", "block"][*control], ["enabled", "enabledForReportingButNotEnforced", "disabled"][*state])
        }).collect();
        resources.push(graph("identity/conditionalAccess/policies", &json!(policies)));
        let estate = read(&resources);
        let directory = Directory::new(&estate);
        let rights = Rights::new(&directory);
        let who = Who::new(&rights, false);
        let rules = Rules::of(&directory);
        for machine in MACHINES {
            let class = who.class_of_machine(estate.ids().find(machine).unwrap()).unwrap();
            let machines = &who.machines[class];
            let holders = who.holders(machines);
            for person in PEOPLE {
                let subject = directory.find(person)[0];
                let own = who.class_of_person(subject.id).unwrap();
                let both = [Some(own), who.individual_of(subject.id)];
                let own_rows = || holders.iter().filter(|holder| {
                    both.iter().flatten().any(|class| holder.who == Holding::People(*class))
                });
                for means in Means::ALL {
                    let held = own_rows().flat_map(|holder| &holder.held).filter(|held| held.means == means);
                    let said = held.fold((Tri::No, Tri::No), |sum, held| (sum.0.or(held.now), sum.1.or(held.taken)));
                    let (now, taken) = plainly(&all, &denies, person, machine, means);
                    // What may be by a group of which nobody told the members is told by the group.
                    prop_assert_eq!(said, (now, taken), "{} {} {:?}", person, machine, means);
                    if said.0.or(said.1) == Tri::No {
                        continue;
                    }
                    let door = if means.is_login() { machines.door.unwrap() } else { Door::Azure };
                    let sign_in = who.sign_in(own, door).unwrap();
                    let question = Question { no_legacy_clients: true, ..Question::open(door.application()) };
                    let answer = what_if(&directory, &subject, &question).unwrap();
                    let least = answer.outcomes.iter()
                        .map(|(demand, _)| Verdict::of(rules, &question.application, &answer, demand))
                        .min().unwrap();
                    prop_assert_eq!(sign_in.least(), least);
                    for hole in sign_in.holes() {
                        prop_assert!(!matches!(hole.why, Why::Alike(_)));
                        prop_assert!(hole.policy < answer.policies.len());
                    }
                }
            }
            // Whoever is in `ops` is not told, so a right of the group is told as the group's.
            let to_ops = all.iter().any(|(who, role, scope, _)| {
                name_of(*who) == "ops" && *role == 2 && machine.starts_with(SCOPES[*scope])
            });
            let ops = Holding::Group(estate.ids().find("ops").unwrap());
            if to_ops {
                let held = holders.iter().find(|holder| holder.who == ops);
                prop_assert!(held.is_some(), "{machine}");
            }
        }
    }
}

fn who_of(more: Vec<Value>, look: impl Fn(&Who<'_, '_>)) {
    let mut all = world();
    all.extend(more);
    let estate = read(&all);
    let directory = Directory::new(&estate);
    let rights = Rights::new(&directory);
    look(&Who::new(&rights, false));
}

fn means_of(who: &Who<'_, '_>, person: &str, machine: &str) -> BTreeMap<Means, (Tri, Tri)> {
    let estate = who.directory().estate();
    let class = who.class_of_person(estate.ids().find(person).unwrap()).unwrap();
    let machines = &who.machines[who.class_of_machine(estate.ids().find(machine).unwrap()).unwrap()];
    let holders = who.holders(machines);
    let own = who.individual_of(estate.ids().find(person).unwrap());
    let is = |holder: &signin::Holder| {
        [Some(class), own].into_iter().flatten().any(|class| holder.who == Holding::People(class))
    };
    let rows = holders.into_iter().filter(is);
    rows.flat_map(|holder| holder.held).map(|held| (held.means, (held.now, held.taken))).collect()
}

/// <https://learn.microsoft.com/azure/role-based-access-control/elevate-access-global-admin>
#[test]
fn a_global_administrator_can_take_every_right() {
    let template = "62e90394-69f5-4237-9190-012177145e10";
    let role = json!([{"id": "r", "principalId": "sora", "roleDefinitionId": template, "directoryScopeId": "/"},
        {"id": "q", "principalId": "ren", "roleDefinitionId": template, "directoryScopeId": "/administrativeUnits/u"}]);
    let mut all = world();
    all.retain(|value| !value["@odata.context"].as_str().is_some_and(|text| text.contains("roleManagement")));
    all.push(graph("roleManagement/directory/roleAssignments", &role));
    let estate = read(&all);
    let directory = Directory::new(&estate);
    let rights = Rights::new(&directory);
    let who = Who::new(&rights, false);
    for machine in MACHINES {
        let means = means_of(&who, "sora", machine);
        assert_eq!(means.into_iter().collect::<Vec<_>>(), [(Means::GiveRights, (Tri::Yes, Tri::No))]);
        assert!(means_of(&who, "ren", machine).is_empty(), "of a part of the directory it is not one");
    }
}

#[test]
fn people_that_nothing_tells_apart_are_one_class() {
    let more = vec![assignment(1, "admins", ADMIN_LOGIN, RG, false)];
    who_of(more, |who| {
        let estate = who.directory().estate();
        assert!(who.people.iter().all(|people| people.base.is_none()), "rights name groups alone");
        let class = |person: &str| who.class_of_person(estate.ids().find(person).unwrap()).unwrap();
        assert_eq!(class("mizuno"), class("kaede"), "both are in the one group that matters");
        assert_eq!(class("sora"), class("ren"));
        assert_ne!(class("mizuno"), class("sora"));
        assert_ne!(class("guest"), class("sora"), "policies tell guests apart");
        assert_eq!(who.people[class("guest")].standing, Standing::Guest);
        let [web, db] = [WEB, DB].map(|id| who.class_of_machine(estate.ids().find(id).unwrap()).unwrap());
        assert_ne!(web, db);
    });
}

#[test]
fn accounts_that_are_gone_and_programs_are_told_apart() {
    let mut gone = assignment(1, "nobody", OWNER, "/subscriptions/s1", false);
    gone["properties"]["principalType"] = "User".into();
    let mut program = assignment(2, "robot", OWNER, "/subscriptions/s1", false);
    program["properties"]["principalType"] = "ServicePrincipal".into();
    let foreign = {
        let mut one = assignment(3, "elsewhere", OWNER, "/subscriptions/s1", false);
        one["properties"]["principalType"] = "ForeignGroup".into();
        one
    };
    who_of(vec![gone, program, foreign], |who| {
        let standing = |id: &str| {
            let id = who.directory().estate().ids().find(id).unwrap();
            who.people[who.class_of_person(id).unwrap()].standing
        };
        assert_eq!(standing("nobody"), Standing::Gone);
        assert_eq!(standing("robot"), Standing::Program);
        assert_eq!(standing("elsewhere"), Standing::Untold);
        let id = who.directory().estate().ids().find("robot").unwrap();
        assert!(who.sign_in(who.class_of_person(id).unwrap(), Door::Azure).is_none(), "policies for people");
    });
}

/// Groups that hold each other.
#[test]
fn circles_of_groups_end() {
    let more = vec![
        graph("groups/ops/members", &json!([{"id": "nested"}, {"id": "ops"}])),
        graph("groups/nested/members", &json!([{"id": "ops"}, {"id": "ren"}])),
        assignment(1, "ops", ADMIN_LOGIN, RG, false),
    ];
    who_of(more, |who| {
        let means = means_of(who, "ren", WEB);
        assert_eq!(means[&Means::LoginAsAdmin], (Tri::Yes, Tri::No));
    });
}

#[test]
fn a_machine_is_ready_by_its_extension_and_its_identity() {
    let look = |change: &dyn Fn(&mut Value)| {
        let mut vm = machine(WEB, "Windows");
        change(&mut vm);
        let estate = read(&[vm]);
        let ready = signin::ready(&estate, &estate.vms[0], None);
        (ready.extension, ready.identity)
    };
    assert_eq!(look(&|_| {}), (Tri::Yes, Tri::Yes));
    assert_eq!(look(&|vm| vm["identity"]["type"] = "UserAssigned".into()), (Tri::Yes, Tri::No));
    assert_eq!(
        look(&|vm| vm["identity"]["type"] = "SystemAssigned, UserAssigned".into()),
        (Tri::Yes, Tri::Yes)
    );
    assert_eq!(look(&|vm| vm["identity"] = Value::Null), (Tri::Yes, Tri::No));
    let own = |vm: &mut Value, name: &str, value: &str| vm["resources"][0]["properties"][name] = value.into();
    assert_eq!(look(&|vm| own(vm, "provisioningState", "Failed")).0, Tri::Maybe);
    assert_eq!(look(&|vm| own(vm, "provisioningState", "Updating")).0, Tri::Maybe);
    // The extension that Microsoft has given up, and one of somebody else's.
    assert_eq!(look(&|vm| own(vm, "type", "AADLoginForLinux")).0, Tri::No);
    assert_eq!(look(&|vm| own(vm, "publisher", "Contoso")).0, Tri::No);
    assert_eq!(look(&|vm| vm["resources"] = json!([])).0, Tri::No);
    // Nothing tells of extensions.
    assert_eq!(
        look(&|vm| {
            vm.as_object_mut().unwrap().remove("resources");
        })
        .0,
        Tri::Maybe
    );
}

/// Whom a right alone names is in the class of their like, with a class of their own beside: so there are not as many classes
/// of everybody as there are people with a machine of their own.
#[test]
fn rights_that_name_somebody_take_nobody_out_of_their_class() {
    let more = vec![
        assignment(1, "admins", "fb879df8-f326-4884-b1cf-06f3ad86be52", RG, false),
        assignment(2, "kaede", ADMIN_LOGIN, WEB, false),
        assignment(3, "mizuno", ADMIN_LOGIN, DB, false),
    ];
    who_of(more, |who| {
        let id = |person: &str| who.directory().estate().ids().find(person).unwrap();
        assert_eq!(who.class_of_person(id("mizuno")), who.class_of_person(id("kaede")));
        assert_ne!(who.individual_of(id("mizuno")), who.individual_of(id("kaede")));
        assert_eq!(who.individual_of(id("sora")), None);
        let both = (Tri::Yes, Tri::No);
        assert_eq!(
            means_of(who, "kaede", WEB),
            BTreeMap::from([(Means::Login, both), (Means::LoginAsAdmin, both)])
        );
        assert_eq!(means_of(who, "mizuno", WEB), BTreeMap::from([(Means::Login, both)]));
    });
}

/// A group in a group of which nobody told the members may hold anybody, however deep it is.
#[test]
fn what_a_nested_group_does_not_tell_is_not_told() {
    let login = |kind: Value| {
        vec![
            graph("groups/ops/members", &json!([{"id": "nested2", "@odata.type": kind}])),
            graph("groups", &json!([{"id": "nested2", "displayName": "nested2"}])),
            graph(
                "groups/nested2/members",
                &json!([{"id": "deep", "@odata.type": "#microsoft.graph.group"}]),
            ),
            assignment(1, "ops", ADMIN_LOGIN, RG, false),
        ]
    };
    who_of(login("#microsoft.graph.group".into()), |who| {
        let estate = who.directory().estate();
        let machines = &who.machines[who.class_of_machine(estate.ids().find(WEB).unwrap()).unwrap()];
        let holders: Vec<_> = who.holders(machines).into_iter().map(|holder| holder.who).collect();
        assert_eq!(holders, [Holding::Group(estate.ids().find("ops").unwrap())]);
    });
    // Whoever is told to be a person is one, and in the group.
    let more = vec![
        graph(
            "groups/ops/members",
            &json!([{"id": "stranger", "@odata.type": "#microsoft.graph.user"}, {"id": "pc", "@odata.type": "#microsoft.graph.device"}]),
        ),
        assignment(1, "ops", ADMIN_LOGIN, RG, false),
    ];
    who_of(more, |who| {
        let id = who.directory().estate().ids().find("stranger").unwrap();
        assert_eq!(who.people[who.class_of_person(id).unwrap()].standing, Standing::Person);
        assert!(who.directory().tells_members(who.directory().estate().ids().find("ops").unwrap()));
    });
}

/// <https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-orchestration-modes>
#[test]
fn scale_sets_have_identities_extensions_and_rights_of_their_own() {
    let set = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/set";
    let model = json!({"id": set, "identity": {"type": "SystemAssigned"}, "properties": {"virtualMachineProfile": {
        "storageProfile": {"osDisk": {"osType": "Linux"}}, "osProfile": {"adminUsername": "a"},
        "networkProfile": {"networkInterfaceConfigurations": [{"name": "n", "properties": {"ipConfigurations": [{"name": "i", "properties": {}}]}}]}}}});
    let extension = json!({"id": format!("{set}/extensions/aad"), "properties": {
        "publisher": "Microsoft.Azure.ActiveDirectory", "type": "AADSSHLoginForLinux", "provisioningState": "Succeeded"}});
    let more = vec![
        model,
        extension,
        assignment(1, "sora", ADMIN_LOGIN, set, false),
        assignment(2, "ren", "b24988ac-6180-42a0-ab88-20f7382dd24c", set, false),
    ];
    who_of(more, |who| {
        let id = who.directory().estate().ids().find(set).unwrap();
        let machines = &who.machines[who.class_of_machine(id).unwrap()];
        assert_eq!((machines.ready.extension, machines.ready.identity), (Tri::Yes, Tri::Yes));
        assert!(means_of(who, "sora", set).contains_key(&Means::LoginAsAdmin));
        let means: Vec<Means> = means_of(who, "ren", set).into_keys().collect();
        assert_eq!(means, [Means::RunCommand, Means::Extension, Means::SerialConsole]);
    });
}

/// A role to give roles at the disk alone copies it, and does no more.
#[test]
fn whoever_gives_roles_at_a_disk_copies_it() {
    let give = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
    who_of(vec![assignment(1, "sora", give, WEB_DISK, false)], |who| {
        let means = means_of(who, "sora", WEB);
        assert_eq!(means.into_iter().collect::<Vec<_>>(), [(Means::DiskCopy, (Tri::Yes, Tri::No))]);
    });
    who_of(vec![assignment(1, "sora", give, RG, false)], |who| {
        let means = means_of(who, "sora", WEB);
        assert_eq!(means.into_iter().collect::<Vec<_>>(), [(Means::GiveRights, (Tri::Yes, Tri::No))]);
    });
}

/// What is taken away by one way leaves what another way gives, by that alone.
#[test]
fn a_grant_of_which_nothing_is_left_is_not_told() {
    let more = vec![
        assignment(1, "sora", ADMIN_LOGIN, RG, false),
        assignment(2, "sora", OWNER, RG, false),
        deny(3, "sora", "Microsoft.Compute/virtualMachines/login*", RG),
    ];
    who_of(more, |who| {
        let machines =
            &who.machines[who.class_of_machine(who.directory().estate().ids().find(WEB).unwrap()).unwrap()];
        let holders = who.holders(machines);
        let grants = holders.iter().flat_map(|holder| &holder.held).flat_map(|held| &held.grants);
        assert!(grants.clone().count() > 0);
        assert!(grants.into_iter().all(|at| who.grants[*at].role == "Owner"));
    });
}

/// Whom a record does not tell is somebody, whatever else is said of them.
#[test]
fn somebody_whom_a_record_does_not_tell_holds_what_it_gives() {
    let mut own = assignment(1, "sora", ADMIN_LOGIN, RG, false);
    own["properties"]["principalId"] = json!({"$unknown": {"reason": "x"}});
    for kind in ["User", "Group", "ServicePrincipal"] {
        let mut own = own.clone();
        own["properties"]["principalType"] = kind.into();
        who_of(vec![own], |who| {
            let estate = who.directory().estate();
            let machines = &who.machines[who.class_of_machine(estate.ids().find(WEB).unwrap()).unwrap()];
            let holders = who.holders(machines);
            let [holder] = holders.as_slice() else { panic!("{kind}: {}", holders.len()) };
            let Holding::People(class) = holder.who else { panic!("{kind}") };
            assert_eq!(who.people[class].standing, Standing::Unread, "{kind}");
            assert!(who.sign_in(class, Door::Windows).is_none());
        });
    }
}
