//! What policies of conditional access demand: cases that Microsoft documents, and random policies against a plain reading.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::net::IpAddr;

use estate::{Collector, Estate, Part, SourceIndex, split::Splitter};
use proptest::prelude::*;
use serde_json::{Value, json};
use signin::plain::{SignIn, is_for};
use signin::{
    Answer, Application, Axis, Class, Client, Demand, Device, Directory, Doubt, Flow, Never, Place, Platform,
    PolicyState, Question, Risk, Rule, Tri, Where, how_strict, what_if,
};

const WINDOWS: &str = "372140e0-b3b7-4226-8ef9-d57986796201";
const LINUX: &str = "ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0";
const OFFICE: &str = "10000000-0000-0000-0000-000000000001";
const LAB: &str = "10000000-0000-0000-0000-000000000002";
const JAPAN: &str = "10000000-0000-0000-0000-000000000003";
const ADMINS: &str = "20000000-0000-0000-0000-000000000001";
const INNER: &str = "20000000-0000-0000-0000-000000000002";
const GLOBAL_ADMIN: &str = "62e90394-69f5-4237-9190-012177145e10";

fn graph(path: &str, value: Vec<Value>) -> Value {
    json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/$metadata#{path}"), "value": value})
}

fn read(all: &[Value]) -> Estate {
    let collector = Collector::new();
    let mut part = Part::default();
    for value in all {
        let mut splitter = Splitter::new();
        let text = value.to_string();
        let mut emit = |cut: estate::split::Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
        splitter.push(text.as_bytes(), &mut emit);
        splitter.finish(&mut emit);
    }
    collector.deliver(&mut part);
    collector.finish()
}

/// People: a member, a guest, an administrator, a member of a group in a group.
fn people() -> Vec<Value> {
    let person = |id: &str, login: &str, kind: &str| json!({"id": id, "displayName": id, "userPrincipalName": login, "userType": kind});
    vec![
        graph(
            "users(id,displayName)",
            vec![
                person("mizuno", "mizuno@example.com", "Member"),
                person("guest", "guest_other.com#EXT#@example.com", "Guest"),
                person("kaede", "kaede@example.com", "Member"),
                person("sora", "sora@example.com", "Member"),
            ],
        ),
        graph(
            "groups",
            vec![
                json!({"id": ADMINS, "displayName": "admins"}),
                json!({"id": INNER, "displayName": "inner"}),
            ],
        ),
        json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/groups/{ADMINS}/members"),
            "value": [{"id": "kaede"}, {"id": INNER}]}),
        json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/groups/{INNER}/members"),
            "value": [{"id": "sora"}, {"id": ADMINS}]}),
        graph(
            "roleManagement/directory/roleAssignments",
            vec![
                json!({"id": "r1", "principalId": "kaede", "roleDefinitionId": GLOBAL_ADMIN, "directoryScopeId": "/"}),
            ],
        ),
        graph(
            "identity/conditionalAccess/namedLocations",
            vec![
                json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "id": OFFICE, "displayName": "office", "isTrusted": true,
                    "ipRanges": [{"cidrAddress": "203.0.113.0/24"}, {"cidrAddress": "2001:db8::/32"}]}),
                json!({"@odata.type": "#microsoft.graph.ipNamedLocation", "id": LAB, "displayName": "lab", "isTrusted": false,
                    "ipRanges": [{"cidrAddress": "203.0.113.128/25"}, {"cidrAddress": "198.51.100.0/24"}]}),
                json!({"@odata.type": "#microsoft.graph.countryNamedLocation", "id": JAPAN, "displayName": "Japan",
                    "countriesAndRegions": ["JP"], "includeUnknownCountriesAndRegions": false}),
            ],
        ),
    ]
}

fn policy(name: &str, conditions: Value, grant: Value) -> Value {
    let mut all = json!({"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}, "clientAppTypes": ["all"]});
    for (key, value) in conditions.as_object().unwrap() {
        all[key] = value.clone();
    }
    json!({"id": format!("policy-{name}"), "displayName": name, "state": "enabled", "conditions": all, "grantControls": grant})
}

fn mfa() -> Value {
    json!({"operator": "OR", "builtInControls": ["mfa"]})
}

fn block() -> Value {
    json!({"operator": "OR", "builtInControls": ["block"]})
}

fn estate(policies: Vec<Value>) -> Estate {
    let mut all = people();
    all.push(graph("identity/conditionalAccess/policies", policies));
    let estate = read(&all);
    assert!(estate.problems.is_empty(), "{:?}", estate.problems);
    estate
}

fn windows() -> Question {
    Question { no_trusted_addresses: true, ..Question::open(Application::named("windows-vm").unwrap()) }
}

fn from(address: &str) -> Place {
    Place { address: Some(address.parse().unwrap()), country: None }
}

/// A sign-in of which all that policies look at is told.
fn told(question: Question) -> Question {
    Question {
        platform: question.platform.or(Some(Platform::Windows)),
        client: question.client.or(Some(Client::Modern)),
        sign_in_risk: question.sign_in_risk.or(Some(Risk::No)),
        user_risk: question.user_risk.or(Some(Risk::No)),
        flow: question.flow.or(Some(Flow::Direct)),
        ..question
    }
}

/// What is demanded of somebody: nobody gets in, a second factor; where it is the same everywhere.
fn demanded(policies: Vec<Value>, who: &str, question: &Question) -> (Tri, Tri) {
    let estate = estate(policies);
    let directory = Directory::new(&estate);
    let subject = directory.find(who)[0];
    let answer = what_if(&directory, &subject, question).unwrap();
    let all: Vec<(Tri, Tri)> = answer
        .outcomes
        .iter()
        .map(|(demand, _)| demand.strict)
        .map(|strict| (strict.blocked, strict.mfa))
        .collect();
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    all[0]
}

/// Why a single policy is not for a sign-in, or where it is.
fn applies(policy: Value, who: &str, question: &Question) -> (Where, Vec<Doubt>) {
    let estate = estate(vec![policy]);
    let directory = Directory::new(&estate);
    let subject = directory.find(who)[0];
    let answer = what_if(&directory, &subject, question).unwrap();
    (answer.policies[0].applies.clone(), answer.policies[0].doubts.clone())
}

/// <https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-policies>: all policies that
/// apply have to be satisfied; one that blocks wins.
#[test]
fn all_policies_that_apply_count_and_a_block_wins() {
    let question = told(windows());
    assert_eq!(demanded(vec![], "mizuno", &question), (Tri::No, Tri::No));
    assert_eq!(demanded(vec![policy("a", json!({}), mfa())], "mizuno", &question), (Tri::No, Tri::Yes));
    let both = vec![policy("a", json!({}), mfa()), policy("b", json!({}), block())];
    assert_eq!(demanded(both, "mizuno", &question).0, Tri::Yes);
    for (state, expected) in [
        ("disabled", (Tri::No, Tri::No)),
        ("enabledForReportingButNotEnforced", (Tri::No, Tri::No)),
        ("someLaterState", (Tri::No, Tri::Maybe)),
    ] {
        let mut one = policy("a", json!({}), mfa());
        one["state"] = state.into();
        assert_eq!(demanded(vec![one], "mizuno", &question), expected, "{state}");
    }
}

/// <https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-users-groups>: what is excluded
/// wins; groups in groups count, and so do roles of the directory.
#[test]
fn people_are_meant_by_ids_groups_roles_and_what_they_are() {
    let question = told(windows());
    let of = |users: Value, who: &str| {
        matches!(applies(policy("a", json!({"users": users}), mfa()), who, &question).0, Where::Always)
    };
    let each = |users: &Value| ["mizuno", "guest", "kaede", "sora"].map(|who| of(users.clone(), who));
    assert_eq!(each(&json!({"includeUsers": ["All"]})), [true; 4]);
    assert_eq!(each(&json!({"includeUsers": ["None"]})), [false; 4]);
    assert_eq!(each(&json!({"includeUsers": ["MIZUNO"]})), [true, false, false, false]);
    assert_eq!(each(&json!({"includeUsers": ["GuestsOrExternalUsers"]})), [false, true, false, false]);
    assert_eq!(
        each(&json!({"includeGroups": [ADMINS]})),
        [false, false, true, true],
        "a circle of groups has an end"
    );
    assert_eq!(each(&json!({"includeRoles": [GLOBAL_ADMIN]})), [false, false, true, false]);
    assert_eq!(
        each(&json!({"includeUsers": ["All"], "excludeGroups": [ADMINS]})),
        [true, true, false, false]
    );
    assert_eq!(
        each(&json!({"includeUsers": ["All"], "excludeRoles": [GLOBAL_ADMIN]})),
        [true, true, false, true]
    );
    let guests = |kinds: &str| {
        json!({"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": kinds,
        "externalTenants": {"membershipKind": "all"}}})
    };
    assert_eq!(each(&guests("b2bCollaborationGuest,b2bCollaborationMember")), [false, true, false, false]);
    assert_eq!(each(&guests("internalGuest,serviceProvider")), [false; 4]);
    // A group that was deleted has nobody in it; one of which nobody told the members, may.
    assert_eq!(each(&json!({"includeGroups": ["gone"]})), [false; 4]);
    let some = applies(
        policy(
            "a",
            json!({"users": {"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes":
        "b2bCollaborationGuest", "externalTenants": {"membershipKind": "enumerated", "members": ["t"]}}}}),
            mfa(),
        ),
        "guest",
        &question,
    );
    assert_eq!(some, (Where::Always, vec![Doubt::Guest]));
}

#[test]
fn who_is_in_a_group_that_nobody_told_of_is_not_known() {
    let policies = graph(
        "identity/conditionalAccess/policies",
        vec![policy("a", json!({"users": {"includeUsers": ["All"], "excludeGroups": [ADMINS]}}), mfa())],
    );
    let estate = read(&[
        policies,
        graph("users", vec![json!({"id": "mizuno", "userPrincipalName": "mizuno@example.com"})]),
    ]);
    let directory = Directory::new(&estate);
    let answer = what_if(&directory, &directory.find("mizuno@example.com")[0], &told(windows())).unwrap();
    assert_eq!(answer.policies[0].doubts, [Doubt::Group(ADMINS.to_owned())]);
    let demand = &answer.outcomes[0].0;
    assert_eq!((&demand.certain, &demand.possible, demand.strict.mfa), (&vec![], &vec![0], Tri::Maybe));
}

/// <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows#enforce-conditional-access-policies>:
/// machines have applications of their own; a policy for one of them is none for the other.
#[test]
fn applications_are_meant_by_their_ids() {
    let of = |applications: Value, application: &str| {
        let question = told(Question::open(Application::named(application).unwrap()));
        applies(policy("a", json!({"applications": applications}), mfa()), "mizuno", &question).0
    };
    assert_eq!(of(json!({"includeApplications": [WINDOWS]}), "windows-vm"), Where::Always);
    assert_eq!(of(json!({"includeApplications": [WINDOWS]}), "linux-vm"), Where::Never(Never::Application));
    assert_eq!(
        of(json!({"includeApplications": ["Office365"]}), "linux-vm"),
        Where::Never(Never::Application)
    );
    assert_eq!(
        of(
            json!({"includeApplications": ["All"], "excludeApplications": [LINUX.to_uppercase()]}),
            "linux-vm"
        ),
        Where::Never(Never::ApplicationExcluded)
    );
    assert_eq!(
        of(json!({"includeUserActions": ["urn:user:registerdevice"]}), "windows-vm"),
        Where::Never(Never::Application)
    );
}

/// <https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network>
#[test]
fn places_are_addresses_or_countries() {
    let at = |locations: &Value, place: Place| {
        let question = told(Question { place, ..windows() });
        let (applies, doubts) =
            applies(policy("a", json!({"locations": locations}), mfa()), "mizuno", &question);
        (matches!(applies, Where::Always), doubts.is_empty())
    };
    let everywhere_but = json!({"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]});
    assert_eq!(at(&everywhere_but, from("203.0.113.7")), (false, true));
    assert_eq!(at(&everywhere_but, from("2001:db8::7")), (false, true));
    assert_eq!(at(&everywhere_but, from("198.51.100.7")), (true, true), "that place is not trusted");
    let lab = json!({"includeLocations": [LAB]});
    assert_eq!([at(&lab, from("203.0.113.200")).0, at(&lab, from("203.0.113.7")).0], [true, false]);
    let japan = json!({"includeLocations": ["All"], "excludeLocations": [JAPAN]});
    let country = |country: &str| Place { address: None, country: Some(country.to_owned()) };
    assert_eq!([at(&japan, country("jp")).0, at(&japan, country("US")).0], [false, true]);
    // In which country an address is, is open.
    assert!(matches!(
        applies(
            policy("a", json!({"locations": japan}), mfa()),
            "mizuno",
            &told(Question { place: from("8.8.8.8"), ..windows() })
        )
        .0,
        Where::Some(_)
    ));
    // Some kinds of places are in no list, or tell neither addresses nor countries.
    assert_eq!(at(&json!({"includeLocations": ["elsewhere"]}), from("8.8.8.8")), (true, false));
    // The older settings may trust addresses of IPv4 that no list tells.
    let trusted = |address: &str| {
        let question = told(Question { place: from(address), no_trusted_addresses: false, ..windows() });
        applies(policy("a", json!({"locations": everywhere_but}), mfa()), "mizuno", &question).1
    };
    assert_eq!(trusted("8.8.8.8"), [Doubt::TrustedAddresses]);
    assert_eq!(trusted("203.0.113.7"), []);
    assert_eq!(trusted("2001:db9::7"), []);
}

#[test]
fn what_is_left_open_is_answered_for_all_of_it() {
    let estate = estate(vec![policy(
        "away",
        json!({"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}),
        mfa(),
    )]);
    let directory = Directory::new(&estate);
    let answer = what_if(
        &directory,
        &directory.find("mizuno")[0],
        &Question { client: Some(Client::Modern), ..windows() },
    )
    .unwrap();
    assert!(answer.by_trust);
    let shown: Vec<(Tri, Vec<String>)> = answer
        .outcomes
        .iter()
        .map(|(demand, regions)| {
            let place = |region: &Vec<(usize, Vec<usize>)>| {
                assert_eq!(region.len(), 1, "nothing but the place matters");
                let (axis, classes) = &region[0];
                let Class::Place { inside, .. } = &answer.axes[*axis].1[classes[0]] else { panic!() };
                inside.join(",")
            };
            (demand.strict.mfa, regions.iter().map(place).collect())
        })
        .collect();
    assert_eq!(shown, [(Tri::No, vec!["office".to_owned()]), (Tri::Yes, vec![String::new()])]);
}

/// <https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-conditions#client-apps>,
/// <https://learn.microsoft.com/entra/id-protection/howto-identity-protection-configure-risk-policies>
#[test]
fn clients_systems_and_risks_are_conditions() {
    let legacy = policy("a", json!({"clientAppTypes": ["exchangeActiveSync", "other"]}), block());
    let by = |client| {
        demanded(vec![legacy.clone()], "mizuno", &told(Question { client: Some(client), ..windows() })).0
    };
    assert_eq!([by(Client::Legacy), by(Client::Modern), by(Client::Browser)], [Tri::Yes, Tri::No, Tri::No]);
    let phones = policy(
        "a",
        json!({"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["windows", "linux"]}}),
        block(),
    );
    let on = |platform| {
        demanded(vec![phones.clone()], "mizuno", &told(Question { platform: Some(platform), ..windows() })).0
    };
    assert_eq!(
        [on(Platform::Windows), on(Platform::Android), on(Platform::Other)],
        [Tri::No, Tri::Yes, Tri::Yes]
    );
    let risky = policy("a", json!({"signInRiskLevels": ["medium", "high"]}), mfa());
    let at = |risk| {
        demanded(vec![risky.clone()], "mizuno", &told(Question { sign_in_risk: Some(risk), ..windows() })).1
    };
    assert_eq!([at(Risk::No), at(Risk::Low), at(Risk::High)], [Tri::No, Tri::No, Tri::Yes]);
    // Who can prove nothing does not get in where something has to be proved.
    let old = |grant: Value| {
        let question = told(Question { client: Some(Client::Legacy), ..windows() });
        demanded(vec![policy("a", json!({}), grant)], "mizuno", &question).0
    };
    assert_eq!(
        [
            old(mfa()),
            old(Value::Null),
            old(json!({"operator": "OR", "builtInControls": ["compliantDevice", "mfa"]}))
        ],
        [Tri::Yes, Tri::No, Tri::Yes]
    );
    let later = policy("a", json!({"signInRiskLevels": ["medium", "extreme"]}), mfa());
    assert_eq!(demanded(vec![later], "mizuno", &told(windows())).1, Tri::Maybe);
}

/// <https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices#policy-behavior-with-filter-for-devices>
#[test]
fn rules_for_devices_are_asked_of_the_device_or_left_open() {
    let with = |mode: &str| {
        policy(
            "a",
            json!({"devices": {"deviceFilter": {"mode": mode, "rule": "device.isCompliant -eq True"}}}),
            block(),
        )
    };
    let device = |registered: bool| Device {
        registered,
        attributes: [("iscompliant".to_owned(), vec!["True".to_owned()])].into(),
        complete: true,
    };
    let by = |mode: &str, registered: bool| {
        demanded(
            vec![with(mode)],
            "mizuno",
            &told(Question { device: Some(device(registered)), ..windows() }),
        )
        .0
    };
    assert_eq!(
        [by("include", true), by("include", false), by("exclude", true), by("exclude", false)],
        [Tri::Yes, Tri::No, Tri::No, Tri::Yes]
    );
    assert!(matches!(applies(with("exclude"), "mizuno", &told(windows())).0, Where::Some(_)));
    let bad = policy(
        "a",
        json!({"devices": {"deviceFilter": {"mode": "include", "rule": "device.x -like 3"}}}),
        block(),
    );
    assert_eq!(applies(bad, "mizuno", &told(windows())).1, [Doubt::Device]);
}

/// <https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-grant>
#[test]
fn controls_together_prove_what_each_way_through_them_proves() {
    let of = |grant: Value| demanded(vec![policy("a", json!({}), grant)], "mizuno", &told(windows())).1;
    assert_eq!(of(json!({"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]})), Tri::Yes);
    assert_eq!(of(json!({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]})), Tri::No);
    assert_eq!(of(json!({"operator": "OR", "builtInControls": ["compliantDevice"]})), Tri::No);
    assert_eq!(
        of(
            json!({"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": "00000000-0000-0000-0000-000000000004"}})
        ),
        Tri::Yes
    );
    let own = |allowed: Value| json!({"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": "own", "allowedCombinations": allowed}});
    assert_eq!(of(own(json!(["fido2", "password,softwareOath"]))), Tri::Yes);
    assert_eq!(of(own(json!(["fido2", "password"]))), Tri::No);
    assert_eq!(of(own(json!(["someLaterWay"]))), Tri::Maybe);
    assert_eq!(of(json!({"operator": "OR", "builtInControls": ["someLaterControl"]})), Tri::Maybe);
    assert_eq!(
        of(json!({"operator": "OR", "builtInControls": ["mfa"], "someLaterControls": ["x"]})),
        Tri::Maybe
    );
    assert_eq!(of(Value::Null), Tri::No, "a policy for the session alone demands nothing");
}

#[test]
fn a_condition_that_is_not_known_here_leaves_the_policy_open() {
    let (applies, doubts) =
        applies(policy("a", json!({"insiderRiskLevels": "elevated"}), mfa()), "mizuno", &told(windows()));
    assert_eq!((applies, doubts), (Where::Always, vec![Doubt::Condition("insiderRiskLevels".to_owned())]));
}

/// <https://learn.microsoft.com/entra/identity/conditional-access/concept-authentication-flows>
#[test]
fn a_policy_for_flows_is_for_these_alone() {
    let of = |methods: Value, flow: Flow| {
        let one = policy("a", json!({"authenticationFlows": {"transferMethods": methods}}), block());
        demanded(vec![one], "mizuno", &Question { flow: Some(flow), ..told(windows()) }).0
    };
    let all = |methods: Value| Flow::ALL.iter().map(|flow| of(methods.clone(), *flow)).collect::<Vec<_>>();
    use Tri::{Maybe, No, Yes};
    assert_eq!(all(json!("deviceCodeFlow")), [No, Yes, No]);
    assert_eq!(all(json!("deviceCodeFlow,authenticationTransfer")), [No, Yes, Yes]);
    assert_eq!(all(json!("none")), [Yes, Yes, Yes], "it is no condition");
    assert_eq!(all(Value::Null), [Yes, Yes, Yes]);
    assert_eq!(all(json!("someLaterFlow")), [No, Maybe, Maybe]);
}

/// What Graph always writes and is not there, and what later versions of it may write, is not known.
#[test]
fn what_is_not_told_or_not_known_leaves_a_policy_open() {
    let (question, certain) = (told(windows()), (Tri::No, Tri::Yes));
    let of = |change: &dyn Fn(&mut Value)| {
        let mut one = policy("a", json!({}), mfa());
        change(&mut one);
        demanded(vec![one], "mizuno", &question)
    };
    assert_eq!(of(&|_| {}), certain);
    let changes: [&dyn Fn(&mut Value); 15] = [
        &|one| drop(one.as_object_mut().unwrap().remove("conditions")),
        &|one| one["conditions"] = Value::Null,
        &|one| one["conditions"]["users"] = Value::Null,
        &|one| one["conditions"]["applications"] = Value::Null,
        &|one| drop(one.as_object_mut().unwrap().remove("grantControls")),
        &|one| one["conditions"]["users"]["excludeSomeLaterKind"] = json!(["x"]),
        &|one| {
            one["conditions"]["locations"] = json!({"includeLocations": ["All"], "includeLaterPlaces": ["x"]})
        },
        &|one| one["conditions"]["devices"] = json!({"laterFilter": {"rule": "x"}}),
        &|one| one["conditions"]["users"]["includeUsers"] = json!(["AllPeopleOfALaterKind"]),
        &|one| one["conditions"]["applications"]["includeApplications"] = json!(["AllMachines"]),
        &|one| {
            one["conditions"]["applications"]["applicationFilter"] = json!({"mode": "exclude", "rule": "x"})
        },
        &|one| one["conditions"]["devices"] = json!({"deviceFilter": {"mode": "include", "rule": null}}),
        &|one| one["conditions"]["platforms"] = json!({"excludePlatforms": ["windows"]}),
        &|one| one["conditions"]["locations"] = json!({"excludeLocations": [OFFICE]}),
        &|one| one["grantControls"] = json!({"operator": "OR", "builtInControls": [], "authenticationStrength": {"displayName": "own"}}),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        assert_eq!(of(change).1, Tri::Maybe, "change {at}");
    }
}

#[test]
fn who_has_a_role_by_a_group_that_nobody_told_of_is_not_known() {
    let with = |members: Option<Value>| {
        let mut all = people();
        let roles = json!([{"id": "r2", "principalId": "helpers", "roleDefinitionId": "role", "directoryScopeId": "/"}]);
        all.push(graph("roleManagement/directory/roleAssignments", roles.as_array().unwrap().clone()));
        all.push(graph("groups", vec![json!({"id": "helpers"})]));
        all.extend(members);
        all.push(graph(
            "identity/conditionalAccess/policies",
            vec![policy("a", json!({"users": {"includeRoles": ["role"]}}), mfa())],
        ));
        let estate = read(&all);
        let directory = Directory::new(&estate);
        what_if(&directory, &directory.find("mizuno")[0], &told(windows())).unwrap().outcomes[0].0.strict.mfa
    };
    let page = |value: Value, more: bool| {
        let mut page = json!({"@odata.context": "https://graph.microsoft.com/v1.0/groups/helpers/transitiveMembers", "value": value});
        if more {
            page["@odata.nextLink"] = "https://graph.microsoft.com/v1.0/next".into();
        }
        Some(page)
    };
    assert_eq!(with(None), Tri::Maybe);
    assert_eq!(with(page(json!([{"id": "mizuno"}]), false)), Tri::Yes);
    assert_eq!(with(page(json!([{"id": "kaede"}]), false)), Tri::No);
    assert_eq!(with(page(json!([{"id": "kaede"}]), true)), Tri::Maybe, "others are on the next page");
    assert_eq!(with(page(json!([{"id": 7}]), false)), Tri::Maybe);
}

#[test]
fn rules_for_devices_that_say_the_same_are_one() {
    let with = |name: &str, rule: &str, grant: Value| {
        policy(name, json!({"devices": {"deviceFilter": {"mode": "include", "rule": rule}}}), grant)
    };
    let estate = estate(vec![
        with("a", "device.isCompliant -eq True", mfa()),
        with("b", "device.isCompliant  -ne  \"true\"", block()),
        with("c", "device.isCompliant -ne True", block()),
    ]);
    let directory = Directory::new(&estate);
    let answer = what_if(&directory, &directory.find("mizuno")[0], &told(windows())).unwrap();
    let mut all: Vec<(Tri, Tri)> =
        answer.outcomes.iter().map(|(one, _)| (one.strict.blocked, one.strict.mfa)).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all, [(Tri::No, Tri::Yes), (Tri::Yes, Tri::No)], "there is no third case");
    assert_eq!(answer.axes.iter().filter(|(axis, _)| matches!(axis, Axis::Rule(..))).count(), 1);
}

#[test]
fn where_too_many_sets_of_policies_meet_it_is_told_how_strict_they_are() {
    let all = (0..16).map(|at| {
        let rule = format!("device.model -eq \"m{at}\"");
        policy(
            &format!("p{at:02}"),
            json!({"devices": {"deviceFilter": {"mode": "include", "rule": rule}}}),
            mfa(),
        )
    });
    let estate = estate(all.collect());
    let directory = Directory::new(&estate);
    let answer = what_if(&directory, &directory.find("mizuno")[0], &told(windows())).unwrap();
    assert!(!answer.by_policy);
    let strict: Vec<Tri> = answer.outcomes.iter().map(|(one, _)| one.strict.mfa).collect();
    assert_eq!(strict, [Tri::No, Tri::Yes]);
}

#[test]
fn policies_as_they_are_exported_one_by_one_are_read() {
    let mut one = policy("a", json!({}), mfa());
    one["@odata.context"] =
        "https://graph.microsoft.com/beta/$metadata#identity/conditionalAccess/policies/$entity".into();
    let list = json!([policy("b", json!({}), mfa())]);
    let estate = read(&[one, list]);
    let names: Vec<_> =
        estate.around.access_policies.iter().map(|policy| estate.text(policy.id).to_owned()).collect();
    assert_eq!(names.len(), 2, "{names:?} {:?}", estate.problems);
    let bad = read(&[graph(
        "identity/conditionalAccess/policies",
        vec![json!({"id": "x", "state": 7}), json!(3), json!({"displayName": "y"})],
    )]);
    assert_eq!(bad.problems.len(), 3, "{:?}", bad.problems);
}

const RULES: [&str; 2] = ["device.isCompliant -eq True", "device.trustType -eq \"ServerAD\""];
const ADDRESSES: [&str; 5] = ["203.0.113.7", "203.0.113.200", "198.51.100.7", "8.8.8.8", "2001:db8::7"];
const COUNTRIES: [Option<&str>; 3] = [Some("JP"), Some("US"), None];

fn some(from: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(from, 0..=from.len().min(3))
}

fn random_policy() -> impl Strategy<Value = Value> {
    const USERS: &[&str] = &["All", "mizuno", "guest", "kaede", "GuestsOrExternalUsers"];
    const PLATFORMS: &[&str] = &["all", "windows", "linux", "iOS"];
    const PLACES: &[&str] = &["All", "AllTrusted", OFFICE, LAB, JAPAN];
    const RISKS: &[&str] = &["none", "low", "high"];
    (
        (
            some(USERS),
            some(&["mizuno", "kaede"]),
            (some(&[ADMINS, INNER]), some(&[ADMINS, INNER]), some(&[GLOBAL_ADMIN]), some(&[GLOBAL_ADMIN])),
            some(&["All", WINDOWS, LINUX]),
            some(&[WINDOWS]),
        ),
        (some(&["all", "browser", "other", "mobileAppsAndDesktopClients"]), some(PLATFORMS), some(&["linux", "android"])),
        (some(PLACES), some(PLACES)),
        (some(RISKS), some(RISKS), some(&["deviceCodeFlow", "authenticationTransfer"])),
        (0..6_usize, any::<bool>()),
        (0..5_usize, 0..4_usize),
    )
        .prop_map(|(who, how, (places, not_places), (risk, user_risk, flows), (rule, include), (state, grant))| {
            let (users, not_users, (groups, not_groups, roles, not_roles), apps, not_apps) = who;
            let (clients, platforms, not_platforms) = how;
            let device = RULES.get(rule).map(|rule| json!({"deviceFilter": {"mode": if include { "include" } else { "exclude" }, "rule": rule}}));
            let not_platforms = if platforms.is_empty() { vec![] } else { not_platforms };
            let not_places = if places.is_empty() { vec![] } else { not_places };
            let mut one = policy("x", json!({
                "users": {"includeUsers": users, "excludeUsers": not_users, "includeGroups": groups, "excludeGroups": not_groups,
                    "includeRoles": roles, "excludeRoles": not_roles},
                "applications": {"includeApplications": apps, "excludeApplications": not_apps},
                "clientAppTypes": clients, "platforms": {"includePlatforms": platforms, "excludePlatforms": not_platforms},
                "locations": {"includeLocations": places, "excludeLocations": not_places},
                "signInRiskLevels": risk, "userRiskLevels": user_risk,
                "authenticationFlows": {"transferMethods": flows.join(",")}, "devices": device}),
                [mfa(), block(), json!({"operator": "AND", "builtInControls": ["compliantDevice"]}), Value::Null][grant].clone());
            one["state"] = ["enabled", "enabled", "enabled", "enabledForReportingButNotEnforced", "disabled"][state].into();
            one
        })
}

fn sign_in() -> impl Strategy<Value = SignIn> {
    (
        0..ADDRESSES.len(),
        0..COUNTRIES.len(),
        0..7_usize,
        0..4_usize,
        0..4_usize,
        (0..4_usize, 0..3_usize),
        proptest::sample::subsequence(&RULES, 0..=2),
    )
        .prop_map(|(address, country, platform, client, risk, (user_risk, flow), rules)| SignIn {
            application: Application::named("windows-vm").unwrap(),
            address: ADDRESSES[address].parse().unwrap(),
            country: COUNTRIES[country].map(str::to_owned),
            platform: Platform::ALL[platform],
            client: Client::ALL[client],
            sign_in_risk: Risk::ALL[risk],
            user_risk: Risk::ALL[user_risk],
            flow: Flow::ALL[flow],
            rules: rules.into_iter().map(str::to_owned).collect(),
        })
}

/// The number of the class of an axis that a sign-in is in.
fn class_of(axis: &Axis, classes: &[Class], one: &SignIn) -> usize {
    let is = |class: &Class| match class {
        Class::Client(client) => *client == one.client,
        Class::Platform(platform) => *platform == one.platform,
        Class::Risk(risk) if *axis == Axis::SignInRisk => *risk == one.sign_in_risk,
        Class::Risk(risk) => *risk == one.user_risk,
        Class::Flow(flow) => *flow == one.flow,
        Class::Rule(so) => {
            matches!(axis, Axis::Rule(rule, _) if one.rules.iter().any(|text| Rule::parse(text).unwrap() == *rule) == *so)
        }
        Class::Place { addresses, countries, .. } => {
            let address = match one.address {
                IpAddr::V4(address) => addresses.v4.contains(address.to_bits()),
                IpAddr::V6(address) => addresses.v6.contains(address.to_bits()),
            };
            address
                && match (countries, &one.country) {
                    (signin::Countries::Any, _) => true,
                    (signin::Countries::These(all), Some(country)) => all.contains(country),
                    (signin::Countries::AllBut(all), Some(country)) => !all.contains(country),
                    (signin::Countries::Unknown, None) => true,
                    _ => false,
                }
        }
    };
    let fitting: Vec<usize> = (0..classes.len()).filter(|at| is(&classes[*at])).collect();
    assert_eq!(fitting.len(), 1, "{axis:?}: classes are apart, and all there is: {fitting:?}");
    fitting[0]
}

/// The one demand of what is open that a sign-in is a part of.
fn demand_of<'a>(answer: &'a Answer<'_>, one: &SignIn) -> &'a Demand {
    let point: Vec<usize> = answer.axes.iter().map(|(axis, classes)| class_of(axis, classes, one)).collect();
    let mut found = answer.outcomes.iter().flat_map(|(demand, regions)| {
        regions
            .iter()
            .filter(|region| region.iter().all(|(axis, classes)| classes.contains(&point[*axis])))
            .map(move |_| demand)
    });
    let first = found.next().expect("regions are all that is open");
    assert!(found.next().is_none(), "regions do not overlap");
    first
}

proptest! {
    #[test]
    fn what_is_open_holds_what_a_plain_reading_says_of_each_part(
        policies in proptest::collection::vec(random_policy(), 0..7),
        ones in proptest::collection::vec(sign_in(), 12),
        who in 0..4_usize,
    ) {
        let policies = (0..).zip(policies).map(|(at, mut one): (usize, _)| {
            one["id"] = format!("p{at}").into();
            one["displayName"] = format!("p{at}").into();
            one
        });
        let estate = estate(policies.collect());
        let directory = Directory::new(&estate);
        let subject = directory.find(["mizuno", "guest", "kaede", "sora"][who])[0];
        let open = what_if(&directory, &subject, &windows()).unwrap();
        let short = how_strict(&directory, &subject, &windows()).unwrap();
        for one in ones {
            let meets: Vec<usize> = (0..).zip(&open.policies)
                .filter(|(_, answer)| answer.state == PolicyState::On)
                .filter(|(_, answer)| is_for(&directory, &subject, answer.policy, &one) == Tri::Yes)
                .map(|(at, _)| at)
                .collect();
            let blocking: Vec<usize> = meets.iter().copied().filter(|at| open.controls[*at].block == Tri::Yes).collect();
            let expected = if blocking.is_empty() { meets } else { blocking };
            let said = demand_of(&open, &one);
            prop_assert_eq!(&said.certain, &expected, "{:?}", one);
            prop_assert!(said.possible.is_empty());
            prop_assert_eq!(demand_of(&short, &one).strict, said.strict, "{:?}", one);
            // Where less is open it is the same.
            let narrow = Question {
                place: Place { address: Some(one.address), country: one.country.clone() },
                platform: Some(one.platform), client: Some(one.client),
                sign_in_risk: Some(one.sign_in_risk), user_risk: Some(one.user_risk),
                flow: Some(one.flow), ..windows()
            };
            if one.country.is_some() {
                let narrow = what_if(&directory, &subject, &narrow).unwrap();
                prop_assert_eq!(&demand_of(&narrow, &one).certain, &expected);
            }
        }
    }
}

/// Policies each with a rule for devices of its own, many at once: what is demanded is told, if not by which
/// of them; and more rules than any directory has are refused and not tried.
#[test]
fn a_crowd_of_rules_for_devices_is_told_or_refused() {
    let crowd = |count: usize| {
        let one = |number: usize| {
            let rule = format!("device.model -eq \"{number}\"");
            policy(
                &format!("p{number}"),
                json!({"devices": {"deviceFilter": {"mode": "exclude", "rule": rule}}}),
                if number.is_multiple_of(2) { mfa() } else { block() },
            )
        };
        let estate = estate((0..count).map(one).collect());
        let directory = Directory::new(&estate);
        let subject = directory.find("mizuno")[0];
        let short = how_strict(&directory, &subject, &windows()).map(|answer| answer.outcomes.len());
        (short, what_if(&directory, &subject, &windows()).map(|answer| answer.by_policy))
    };
    let (short, told) = crowd(80);
    assert_eq!((short, told), (Ok(3), Ok(false)), "nobody gets in, a second factor, or nothing");
    let (short, told) = crowd(300);
    assert!(short.is_err() && told.is_err());
}
