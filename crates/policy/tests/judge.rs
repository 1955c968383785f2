//! Policies on estates of a few resources: what is met, what is not, and what nobody can tell.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use estate::split::{Cut, Splitter};
use estate::{Collector, Estate, Origin, Part, SourceIndex};
use policy::{Document, FaultKind, Judgement, Library, Pack, Standing, judge};
use posture::{Lang, Verdict};
use serde_json::{Value, json};

const RG: &str = "/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101/resourceGroups/rg/providers";

fn estate(text: &str) -> Estate {
    let collector = Collector::new();
    let mut part = Part::default();
    let mut splitter = Splitter::new();
    let mut emit = |cut: Cut<'_>| collector.read(&mut part, SourceIndex(0), cut);
    splitter.push(text.as_bytes(), &mut emit);
    splitter.finish(&mut emit);
    collector.deliver(&mut part);
    collector.finish()
}

fn lines(resources: &[Value]) -> String {
    resources.iter().map(|one| format!("{one}\n")).collect()
}

/// The same with a manifest: everything was asked for in full.
fn collected(resources: &[Value]) -> String {
    let rows = json!({"machines": 1, "networks": 1, "guest configuration": 1, "security": 1, "backups": 1});
    lines(resources)
        + &json!({"kind": "sekimori.snapshot/1", "started": "2026-11-26T08:58:00Z", "finished": "2026-11-26T09:00:00Z", "rows": rows})
            .to_string()
}

fn none() -> Pack {
    Pack { date: "2026-01-01".into(), definitions: Vec::new() }
}

fn library(documents: &[Value]) -> Library {
    let documents: Vec<_> = documents
        .iter()
        .enumerate()
        .map(|(number, one)| Document {
            name: format!("{number}.json"),
            text: serde_json::to_string_pretty(one).unwrap(),
        })
        .collect();
    Library::read(&documents, &none())
}

fn run(library: &Library, text: &str) -> Judgement {
    judged(library, text).1
}

fn judged(library: &Library, text: &str) -> (Estate, Judgement) {
    let estate = estate(text);
    let read = |origin: Origin| {
        let from = usize::try_from(origin.offset).unwrap();
        text.as_bytes().get(from..from + origin.len as usize).map(<[u8]>::to_vec)
    };
    let judgement = judge(library, &estate, &read, "2026-11-27T00:00:00Z", Lang::En);
    (estate, judgement)
}

/// What was said: the name of the resource, and the verdict in a word.
fn said(library: &Library, text: &str) -> Vec<(String, &'static str)> {
    let (ids, judgement) = judged(library, text);
    let mut all: Vec<_> = judgement
        .given
        .iter()
        .map(|one| {
            let word = match &one.judged {
                Ok(Verdict::Pass) => "pass",
                Ok(Verdict::Fail(_)) => "fail",
                Ok(Verdict::NotFor) => "not for",
                Err(_) => "unknown",
            };
            (estate::resource_name(ids.text(one.resource)).to_owned(), word)
        })
        .collect();
    all.sort();
    all
}

fn definition(name: &str, condition: Value, then: Value) -> Value {
    json!({"name": name, "properties": {"displayName": name, "mode": "All", "policyRule": {"if": condition, "then": then}}})
}

fn audit(name: &str, condition: Value) -> Value {
    definition(name, condition, json!({"effect": "audit"}))
}

fn vm(name: &str, properties: Value) -> Value {
    json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/{name}"), "name": name, "type": "Microsoft.Compute/virtualMachines",
        "location": "japaneast", "properties": properties})
}

fn is_vm() -> Value {
    json!({"field": "type", "equals": "Microsoft.Compute/virtualMachines"})
}

fn encryption_off() -> Value {
    json!({"allOf": [is_vm(), {"field": "Microsoft.Compute/virtualMachines/securityProfile.encryptionAtHost", "notEquals": true}]})
}

#[test]
fn a_field_that_is_not_told_is_unknown_unless_the_record_is_whole() {
    let library = library(&[audit("encryption", encryption_off())]);
    assert!(library.faults.is_empty(), "{:?}", library.faults);
    let text = lines(&[
        vm("on", json!({"securityProfile": {"encryptionAtHost": true}})),
        vm("off", json!({"securityProfile": {"encryptionAtHost": false}})),
        vm("part", json!({"hardwareProfile": {"vmSize": "Standard_B2s"}})),
        vm(
            "whole",
            json!({"provisioningState": "Succeeded", "hardwareProfile": {"vmSize": "Standard_B2s"}, "storageProfile": {}}),
        ),
        vm(
            "later",
            json!({"provisioningState": "Succeeded", "securityProfile": {"$unknown": {"reason": "a parameter"}}}),
        ),
    ]);
    let expected =
        [("later", "unknown"), ("off", "fail"), ("on", "pass"), ("part", "unknown"), ("whole", "fail")];
    assert_eq!(said(&library, &text), expected.map(|(name, word)| (name.to_owned(), word)));
}

#[test]
fn what_does_not_matter_is_not_asked() {
    let size = json!({"field": "Microsoft.Compute/virtualMachines/hardwareProfile.vmSize", "equals": "Standard_B2s"});
    let both = json!({"allOf": [encryption_off(), size]});
    let library = library(&[audit("both", both)]);
    let text = lines(&[
        vm("other", json!({"hardwareProfile": {"vmSize": "Standard_D2s"}})),
        vm("same", json!({"hardwareProfile": {"vmSize": "standard_b2s"}})),
    ]);
    assert_eq!(said(&library, &text), [("other".to_owned(), "pass"), ("same".to_owned(), "unknown")]);
}

#[test]
fn a_policy_is_for_what_its_type_and_kind_let_through() {
    let library = library(&[audit(
        "disks",
        json!({"allOf": [
        {"field": "type", "equals": "Microsoft.Compute/disks"},
        {"field": "Microsoft.Compute/disks/networkAccessPolicy", "equals": "AllowAll"}]}),
    )]);
    let text = collected(&[
        vm("vm1", json!({})),
        json!({"id": format!("{RG}/Microsoft.Compute/disks/d1"), "type": "Microsoft.Compute/disks",
        "properties": {"networkAccessPolicy": "AllowAll"}}),
    ]);
    assert_eq!(said(&library, &text), [("d1".to_owned(), "fail")]);
}

fn group(rules: &[Value]) -> Value {
    json!({"id": format!("{RG}/Microsoft.Network/networkSecurityGroups/g"), "type": "Microsoft.Network/networkSecurityGroups",
        "location": "japaneast", "properties": {"provisioningState": "Succeeded", "securityRules": rules}})
}

#[test]
fn parts_are_resources_of_their_own_and_lists_are_counted() {
    let rule = |name: &str, source: &str| json!({"name": name, "properties": {"direction": "Inbound", "access": "Allow", "sourceAddressPrefix": source}});
    let flat = |name: &str, source: &str| json!({"name": name, "direction": "Inbound", "access": "Allow", "sourceAddressPrefix": source});
    let child = audit(
        "child",
        json!({"allOf": [
        {"field": "type", "equals": "Microsoft.Network/networkSecurityGroups/securityRules"},
        {"field": "Microsoft.Network/networkSecurityGroups/securityRules/sourceAddressPrefix", "equals": "*"}]}),
    );
    let count = audit(
        "count",
        json!({"allOf": [
        {"field": "type", "equals": "Microsoft.Network/networkSecurityGroups"},
        {"count": {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*]", "where":
            {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*].sourceAddressPrefix", "equals": "*"}}, "greater": 0}]}),
    );
    let library = library(&[child, count]);
    for (rules, word) in [
        (vec![rule("a", "10.0.0.0/8"), rule("b", "*")], "fail"),
        (vec![rule("a", "10.0.0.0/8"), flat("b", "*")], "fail"),
        (vec![rule("a", "10.0.0.0/8")], "pass"),
    ] {
        let text = lines(&[group(&rules)]);
        assert_eq!(said(&library, &text), [("g".to_owned(), word), ("g".to_owned(), word)], "{rules:?}");
    }
    let judgement = run(&library, &lines(&[group(&[rule("a", "10.0.0.0/8"), rule("b", "*")])]));
    let causes: Vec<_> = judgement
        .given
        .iter()
        .filter_map(|one| match &one.judged {
            Ok(Verdict::Fail(fault)) => fault.cause.as_ref(),
            _ => None,
        })
        .map(|cause| (&*cause.pointer, &*cause.key))
        .collect();
    assert!(causes.contains(&("/properties/securityRules/1", "b")), "{causes:?}");
}

#[test]
fn an_empty_list_is_told_and_an_absent_one_is_not() {
    let library = library(&[audit(
        "none",
        json!({"allOf": [
        {"field": "type", "equals": "Microsoft.Network/networkSecurityGroups"},
        {"count": {"field": "Microsoft.Network/networkSecurityGroups/securityRules[*]"}, "equals": 0}]}),
    )]);
    assert_eq!(said(&library, &lines(&[group(&[])])), [("g".to_owned(), "fail")]);
    let part = json!({"id": format!("{RG}/Microsoft.Network/networkSecurityGroups/g"), "type": "Microsoft.Network/networkSecurityGroups", "location": "x"});
    assert_eq!(said(&library, &lines(&[part])), [("g".to_owned(), "unknown")]);
}

fn needs_agent(details: Value) -> Value {
    definition("agent", is_vm(), json!({"effect": "auditIfNotExists", "details": details}))
}

fn extension(vm: &str, name: &str, publisher: &str) -> Value {
    json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/{vm}/extensions/{name}"), "type": "Microsoft.Compute/virtualMachines/extensions",
        "name": name, "location": "japaneast", "properties": {"publisher": publisher, "provisioningState": "Succeeded"}})
}

#[test]
fn what_has_to_exist_is_looked_for_below_the_resource() {
    let condition =
        json!({"field": "Microsoft.Compute/virtualMachines/extensions/publisher", "equals": "Contoso"});
    let library = library(&[needs_agent(
        json!({"type": "Microsoft.Compute/virtualMachines/extensions", "existenceCondition": condition}),
    )]);
    let all = [
        vm("has", json!({})),
        extension("has", "a", "Contoso"),
        vm("other", json!({})),
        extension("other", "b", "Fabrikam"),
        vm("none", json!({})),
    ];
    let fails = [("has", "pass"), ("none", "fail"), ("other", "fail")];
    assert_eq!(said(&library, &collected(&all)), fails.map(|(name, word)| (name.to_owned(), word)));
    // Without a manifest there may be more than the input holds.
    let open = [("has", "pass"), ("none", "unknown"), ("other", "unknown")];
    assert_eq!(said(&library, &lines(&all)), open.map(|(name, word)| (name.to_owned(), word)));
}

#[test]
fn names_of_what_has_to_exist_may_be_worked_out() {
    let of = |name: &str| {
        library(&[needs_agent(json!({"type": "Microsoft.Compute/virtualMachines/extensions", "name": name}))])
    };
    let text = collected(&[vm("vm1", json!({})), extension("vm1", "agent-vm1", "Contoso")]);
    for (name, word) in [
        ("agent-vm1", "pass"),
        ("agent-vm2", "fail"),
        ("[concat('agent-', field('name'))]", "pass"),
        ("[concat('monitor-', field('name'))]", "fail"),
        ("[uniqueString('x')]", "unknown"),
    ] {
        assert_eq!(said(&of(name), &text), [("vm1".to_owned(), word)], "{name}");
    }
}

#[test]
fn types_that_nobody_asks_for_are_unknown() {
    let library = library(&[needs_agent(json!({"type": "Microsoft.Insights/diagnosticSettings"}))]);
    assert_eq!(said(&library, &collected(&[vm("vm1", json!({}))])), [("vm1".to_owned(), "unknown")]);
}

#[test]
fn initiatives_hand_on_parameters_and_assignments_have_places() {
    let mut one = audit(
        "size",
        json!({"allOf": [is_vm(), {"field": "Microsoft.Compute/virtualMachines/hardwareProfile.vmSize", "in": "[parameters('sizes')]"}]}),
    );
    one["properties"]["parameters"] = json!({"sizes": {"type": "Array"}});
    let initiative = json!({"name": "all", "properties": {"parameters": {"bad": {"type": "Array", "defaultValue": ["Standard_A1"]}},
        "policyDefinitions": [{"policyDefinitionId": "size", "parameters": {"sizes": {"value": "[parameters('bad')]"}}}]}});
    let text = lines(&[
        vm("a", json!({"hardwareProfile": {"vmSize": "Standard_A1"}})),
        vm("b", json!({"hardwareProfile": {"vmSize": "Standard_B2s"}})),
    ]);
    let word = |documents: &[Value]| said(&library(documents), &text);
    assert_eq!(
        word(&[one.clone(), initiative.clone()]),
        [("a".to_owned(), "fail"), ("b".to_owned(), "pass")]
    );
    // Without a value nobody can assign it.
    let alone = run(&library(&[one.clone()]), &text);
    assert_eq!(alone.rows[0].standing, Standing::Parameter("sizes".into()));
    let assignment = |scope: &str, not: &[&str]| {
        json!({"name": "x", "properties": {"policyDefinitionId": "/providers/x/all", "scope": scope, "notScopes": not,
            "parameters": {"bad": {"value": ["Standard_B2s"]}}}})
    };
    let everywhere = assignment("/subscriptions/5B1F7C2E-3d94-4c55-9d0a-71c1f0a6e101", &[]);
    assert_eq!(
        word(&[one.clone(), initiative.clone(), everywhere]),
        [("a".to_owned(), "pass"), ("b".to_owned(), "fail")]
    );
    let elsewhere = assignment("/subscriptions/00000000-0000-0000-0000-000000000000", &[]);
    assert!(word(&[one.clone(), initiative.clone(), elsewhere]).is_empty());
    let spared = assignment(
        "/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101",
        &[&format!("{RG}/Microsoft.Compute/virtualMachines/b")],
    );
    assert_eq!(word(&[one, initiative, spared]), [("a".to_owned(), "pass")]);
}

#[test]
fn management_groups_hold_what_the_input_says() {
    let one = audit("encryption", encryption_off());
    let assignment = json!({"name": "x", "properties": {"policyDefinitionId": "encryption",
        "scope": "/providers/Microsoft.Management/managementGroups/mg-shops"}});
    let library = library(&[one, assignment]);
    let machine = vm("off", json!({"securityProfile": {"encryptionAtHost": false}}));
    let subscription = |group: &str| {
        json!({"id": "/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101", "type": "microsoft.resources/subscriptions",
            "name": "shops", "properties": {"managementGroupAncestorsChain": [{"name": group}]}})
    };
    let of = |all: &[Value]| said(&library, &lines(all));
    assert_eq!(of(&[machine.clone(), subscription("MG-shops")]), [("off".to_owned(), "fail")]);
    assert!(of(&[machine.clone(), subscription("mg-other")]).is_empty());
    assert_eq!(of(&[machine]), [("off".to_owned(), "unknown")]);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_rest_is_judged() {
    let good = audit("good", encryption_off());
    let typo = audit(
        "typo",
        json!({"allOf": [is_vm(), {"field": "Microsoft.Compute/virtualMachines/securityProfile.encryptionAtHosts", "notEquals": true}]}),
    );
    let mut operator = audit("operator", is_vm());
    operator["properties"]["policyRule"]["if"] = json!({"field": "type", "equal": "x"});
    let cycle = |name: &str, of: &str| json!({"name": name, "properties": {"policyDefinitions": [{"policyDefinitionId": of}]}});
    let missing =
        json!({"name": "lost", "properties": {"policyDefinitions": [{"policyDefinitionId": "nowhere"}]}});
    let library =
        library(&[good, typo, operator, cycle("one", "two"), cycle("two", "one"), missing, json!({"a": 1})]);
    let kinds: Vec<_> =
        library.faults.iter().map(|fault| (fault.file.as_str(), fault.line, &fault.kind)).collect();
    let has = |file: &str, is: &dyn Fn(&FaultKind) -> bool| {
        kinds.iter().any(|(its, line, kind)| *its == file && *line > 0 && is(kind))
    };
    assert!(
        has(
            "1.json",
            &|kind| matches!(kind, FaultKind::Alias(_, Some(near)) if near.ends_with("encryptionathost"))
        ),
        "{kinds:?}"
    );
    let line = kinds.iter().find(|(file, ..)| *file == "1.json").unwrap().1;
    assert!(line > 5, "the line of the condition, not of the file: {line}");
    assert!(has("2.json", &|kind| matches!(kind, FaultKind::Definition(_))), "{kinds:?}");
    assert!(has("3.json", &|kind| matches!(kind, FaultKind::Cycle(_))), "{kinds:?}");
    assert!(has("5.json", &|kind| matches!(kind, FaultKind::NoDefinition(_))), "{kinds:?}");
    assert!(has("6.json", &|kind| matches!(kind, FaultKind::NotPolicy)), "{kinds:?}");
    let text = lines(&[vm("off", json!({"securityProfile": {"encryptionAtHost": false}}))]);
    assert_eq!(said(&library, &text), [("off".to_owned(), "fail"), ("off".to_owned(), "unknown")]);
}

#[test]
fn broken_json_is_told_with_its_line() {
    let text = "{\n \"name\": \"x\",\n \"properties\": {,}\n}".to_owned();
    let library = Library::read(&[Document { name: "x.json".into(), text }], &none());
    assert_eq!(library.faults.len(), 1);
    assert_eq!((library.faults[0].line, library.faults[0].file.as_str()), (3, "x.json"));
}

#[test]
fn effects_that_no_state_tells_are_not_judged() {
    let of = |effect: &str| {
        run(&library(&[definition("x", is_vm(), json!({"effect": effect}))]), &lines(&[vm("a", json!({}))]))
    };
    assert_eq!(of("disabled").rows[0].standing, Standing::Disabled);
    assert_eq!(of("manual").rows[0].standing, Standing::Effect("manual".into()));
    assert_eq!(of("Deny").rows[0].standing, Standing::Judged { pass: 0, fail: 1, unknown: 0 });
}

#[test]
fn now_is_the_moment_of_the_check() {
    let at = |day: &str| {
        let condition = json!({"allOf": [is_vm(), {"value": "[utcNow()]", "equals": day}]});
        said(&library(&[audit("now", condition)]), &lines(&[vm("a", json!({}))]))
    };
    assert_eq!(at("2026-11-27T00:00:00Z"), [("a".to_owned(), "fail")]);
    assert_eq!(at("2026-11-28T00:00:00Z"), [("a".to_owned(), "pass")]);
}

#[test]
fn hostile_definitions_end() {
    // Initiatives that hold the next one twice: 2^40 ways to the last.
    let level = |n: usize| {
        json!({"name": format!("i{n}"), "properties": {"policyDefinitions": [
        {"policyDefinitionId": format!("i{}", n + 1)}, {"policyDefinitionId": format!("i{}", n + 1)}]}})
    };
    let doubling: Vec<Value> = (0..40).map(level).collect();
    assert!(library(&doubling).faults.iter().any(|fault| fault.kind == FaultKind::TooLarge));
    // Conditions in conditions.
    let mut deep = is_vm();
    for _ in 0..60 {
        deep = json!({"not": deep});
    }
    let _ = library(&[audit("deep", deep)]);
    let text = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let library = Library::read(&[Document { name: "x".into(), text }], &none());
    assert!(!library.faults.is_empty());
    // Text that grows.
    let mut grow = "'aaaaaaaaaaaaaaaa'".to_owned();
    for _ in 0..6 {
        grow = format!("replace({grow}, 'a', 'aaaaaaaaaaaaaaaa')");
    }
    let grows =
        audit("grow", json!({"allOf": [is_vm(), {"value": format!("[length({grow})]"), "equals": 1}]}));
    let _ = said(&self::library(&[grows]), &lines(&[vm("a", json!({}))]));
}

#[test]
fn azures_own_definitions_are_there() {
    let pack = Pack::own().unwrap();
    let library = Library::read(&[pack.document()], &none());
    assert_eq!(library.len(), 586);
    // What nothing works out: `uniqueString`, which `regorus` does not have.
    assert!(
        library
            .faults
            .iter()
            .all(|fault| matches!(&fault.kind, FaultKind::Condition(what) if what.contains("uniquestring"))),
        "{:?}",
        library.faults
    );
}

/// Whether a policy says that a resource is not met, met, or something else.
fn word(library: &Library, text: &str) -> &'static str {
    match said(library, text).as_slice() {
        [(_, word)] => word,
        _ => "not one",
    }
}

#[test]
fn names_of_parameters_and_members_mean_the_same_in_any_case() {
    let mut one = audit(
        "size",
        json!({"allOf": [is_vm(), {"field": "location", "equals": "[parameters('vnetRegion')]"}]}),
    );
    one["properties"]["parameters"] = json!({"vnetRegion": {"type": "String", "defaultValue": "JapanEast"}});
    let machine = json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/a"), "type": "Microsoft.Compute/virtualMachines",
        "location": "japaneast", "tags": {"Env": "Prod"}, "properties": {"storageProfile": {"osDisk": {"osType": "Linux"}}}});
    let text = lines(std::slice::from_ref(&machine));
    assert_eq!(word(&library(&[one.clone()]), &text), "fail");
    one["properties"]["policyRule"]["if"]["allOf"][1] =
        json!({"field": "location", "in": ["[Parameters('VNETREGION')]"]});
    assert_eq!(word(&library(&[one.clone()]), &text), "fail");
    let assignment = json!({"name": "x", "properties": {"policyDefinitionId": "size", "parameters": {"VnetRegion": {"value": "westeurope"}}}});
    assert_eq!(word(&library(&[one, assignment]), &text), "pass");
    for (expression, value) in [
        ("[field('tags')['Env']]", "prod"),
        ("[field('tags').Env]", "Prod"),
        ("[field('Microsoft.Compute/virtualMachines/storageProfile').osDisk.osType]", "linux"),
        ("[subscription().subscriptionId]", "5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101"),
        ("[resourceGroup().name]", "rg"),
    ] {
        let one = audit("member", json!({"allOf": [is_vm(), {"value": expression, "equals": value}]}));
        assert_eq!(word(&library(&[one]), &text), "fail", "{expression}");
    }
}

#[test]
fn instances_of_scale_sets_are_no_machines() {
    let instance = json!({"id": format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/ss/virtualMachines/0"), "name": "ss_0",
        "type": "Microsoft.Compute/virtualMachineScaleSets/virtualMachines", "location": "japaneast", "properties": {"provisioningState": "Succeeded"}});
    let text = lines(&[instance]);
    assert_eq!(word(&library(&[audit("vm", is_vm())]), &text), "not one");
    let of = json!({"field": "type", "equals": "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"});
    assert_eq!(word(&library(&[audit("instance", of)]), &text), "fail");
}

#[test]
fn what_has_to_exist_may_be_in_a_group_that_is_worked_out() {
    let watcher = |group: &str| {
        json!({"id": format!("/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101/resourceGroups/{group}/providers/Microsoft.Network/networkWatchers/w"),
            "type": "Microsoft.Network/networkWatchers", "location": "japaneast", "properties": {"provisioningState": "Succeeded"}})
    };
    let mut one = needs_agent(
        json!({"type": "Microsoft.Network/networkWatchers", "resourceGroupName": "[parameters('groupName')]",
        "existenceCondition": {"field": "location", "equals": "[field('location')]"}}),
    );
    one["properties"]["parameters"] =
        json!({"groupName": {"type": "String", "defaultValue": "NetworkWatcherRG"}});
    let library = library(&[one]);
    assert_eq!(word(&library, &collected(&[vm("a", json!({})), watcher("networkwatcherrg")])), "pass");
    assert_eq!(word(&library, &collected(&[vm("a", json!({})), watcher("rg")])), "fail");
}

#[test]
fn names_of_parts_may_hold_that_of_the_whole() {
    for (name, expected) in [
        ("[concat(field('name'),'/agent')]", "pass"),
        ("vm1/agent", "pass"),
        ("vm2/agent", "fail"),
        ("agent", "pass"),
    ] {
        let library = library(&[needs_agent(
            json!({"type": "Microsoft.Compute/virtualMachines/extensions", "name": name}),
        )]);
        assert_eq!(
            word(&library, &collected(&[vm("vm1", json!({})), extension("vm1", "agent", "Contoso")])),
            expected,
            "{name}"
        );
    }
}

#[test]
fn what_az_prints_of_extensions_has_the_type_of_the_handler() {
    let flat = json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/vm1/extensions/login"), "name": "login",
        "type": "Microsoft.Compute/virtualMachines/extensions", "provisioningState": "Succeeded", "publisher": "Microsoft.Azure.ActiveDirectory",
        "typePropertiesType": "AADSSHLoginForLinux"});
    let of = |value: &str| {
        audit(
            "type",
            json!({"allOf": [{"field": "type", "equals": "Microsoft.Compute/virtualMachines/extensions"},
        {"field": "Microsoft.Compute/virtualMachines/extensions/type", "equals": value}]}),
        )
    };
    assert_eq!(word(&library(&[of("AADSSHLoginForLinux")]), &lines(std::slice::from_ref(&flat))), "fail");
    assert_eq!(word(&library(&[of("Other")]), &lines(&[flat])), "pass");
}

#[test]
fn an_empty_text_of_resource_graph_is_nothing() {
    let disk = json!({"id": format!("{RG}/Microsoft.Compute/disks/d"), "type": "Microsoft.Compute/disks", "location": "x", "managedBy": "",
        "properties": {"provisioningState": "Succeeded", "diskState": "Unattached"}});
    for (exists, expected) in [(true, "pass"), (false, "fail")] {
        let one = audit(
            "x",
            json!({"allOf": [{"field": "type", "equals": "Microsoft.Compute/disks"},
            {"field": "Microsoft.Compute/disks/managedBy", "exists": exists}]}),
        );
        assert_eq!(word(&library(&[one]), &lines(std::slice::from_ref(&disk))), expected);
    }
}

#[test]
fn assignments_may_change_the_effect_and_spare_resources() {
    let one = audit("encryption", encryption_off());
    let text = lines(&[vm("off", json!({"securityProfile": {"encryptionAtHost": false}}))]);
    let with = |more: Value| {
        let mut assignment = json!({"id": "/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101/providers/Microsoft.Authorization/policyAssignments/a",
            "properties": {"policyDefinitionId": "encryption"}});
        for (name, value) in more.as_object().unwrap() {
            assignment["properties"][name] = value.clone();
        }
        assignment
    };
    let off = with(json!({"overrides": [{"kind": "policyEffect", "value": "Disabled"}]}));
    assert_eq!(run(&library(&[one.clone(), off]), &text).rows[0].standing, Standing::Disabled);
    let some = with(
        json!({"resourceSelectors": [{"name": "x", "selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}]}]}),
    );
    assert_eq!(word(&library(&[one.clone(), some]), &text), "unknown");
    let exemption = |until: &str| {
        json!({"id": "/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101/resourceGroups/rg/providers/Microsoft.Authorization/policyExemptions/e",
        "properties": {"policyAssignmentId": "/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101/providers/Microsoft.Authorization/policyAssignments/a",
            "exemptionCategory": "Waiver", "expiresOn": until}})
    };
    let plain = with(json!({}));
    assert_eq!(
        word(&library(&[one.clone(), plain.clone(), exemption("2027-01-01T00:00:00Z")]), &text),
        "not one"
    );
    assert_eq!(
        word(&library(&[one.clone(), plain.clone(), exemption("2026-01-01T00:00:00Z")]), &text),
        "fail"
    );
    assert_eq!(word(&library(&[one, plain]), &text), "fail");
}

#[test]
fn what_an_initiative_works_out_is_not_guessed() {
    let mut one = audit(
        "size",
        json!({"allOf": [is_vm(), {"field": "Microsoft.Compute/virtualMachines/hardwareProfile.vmSize", "equals": "[parameters('size')]"}]}),
    );
    one["properties"]["parameters"] = json!({"size": {"type": "String", "defaultValue": "Standard_A1"}});
    let text = lines(&[vm("a", json!({"hardwareProfile": {"vmSize": "Standard_B2s"}}))]);
    for value in ["[concat('Standard_', parameters('p'))]", "[parameters('nix')]"] {
        let initiative = json!({"name": "i", "properties": {"parameters": {"p": {"type": "String", "defaultValue": "B2s"}},
            "policyDefinitions": [{"policyDefinitionId": "size", "parameters": {"size": {"value": value}}}]}});
        assert_eq!(
            run(&library(&[one.clone(), initiative]), &text).rows[0].standing,
            Standing::Parameter("size".into()),
            "{value}"
        );
    }
}

#[test]
fn a_record_that_a_query_cut_is_not_whole() {
    let cut = json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/vm1"), "name": "vm1", "type": "Microsoft.Compute/virtualMachines",
        "location": "japaneast", "provisioningState": "Succeeded"});
    assert_eq!(word(&library(&[audit("encryption", encryption_off())]), &lines(&[cut])), "unknown");
}

#[test]
fn policies_that_are_indexed_are_for_what_has_a_place() {
    let mut one = audit("owner", json!({"field": "tags['owner']", "exists": false}));
    one["properties"]["mode"] = "Indexed".into();
    let library = library(&[one]);
    let group = json!({"id": "/subscriptions/5b1f7c2e-3d94-4c55-9d0a-71c1f0a6e101/resourceGroups/rg", "name": "rg", "location": "japaneast",
        "type": "Microsoft.Resources/subscriptions/resourceGroups", "properties": {"provisioningState": "Succeeded"}});
    assert_eq!(word(&library, &lines(&[group])), "not one");
    let part = json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/vm1"), "type": "Microsoft.Compute/virtualMachines",
        "properties": {"securityProfile": {}}});
    assert_eq!(word(&library, &lines(&[part])), "unknown");
}

#[test]
fn a_function_that_fails_is_no_answer() {
    let machine = json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/ab"), "name": "ab", "type": "Microsoft.Compute/virtualMachines",
        "location": "japaneast", "tags": {"x": "abc"}, "properties": {}});
    for expression in ["[int(field('tags.x'))]", "[add(field('tags.x'),1)]"] {
        let one = audit("x", json!({"allOf": [is_vm(), {"value": expression, "equals": "abc"}]}));
        assert_eq!(word(&library(&[one]), &lines(std::slice::from_ref(&machine))), "unknown", "{expression}");
    }
}

#[test]
fn expressions_that_grow_are_not_worked_out() {
    let deep = format!("[{}true(){}]", "not(".repeat(10_000), ")".repeat(10_000));
    let found = library(&[audit("deep", json!({"value": deep, "equals": true}))]);
    assert!(
        found
            .faults
            .iter()
            .any(|fault| matches!(&fault.kind, FaultKind::Definition(what) if what.contains("too deep"))),
        "{:?}",
        found.faults
    );
    let mut nested = "'v'".to_owned();
    for _ in 0..12 {
        nested = format!("replace({nested},'v','vvvvvvvvvv')");
    }
    for expression in [
        "[length(padLeft('x',2000000000,'y'))]".to_owned(),
        "[length(range(0,2000000000))]".into(),
        format!("[length({nested})]"),
    ] {
        let one = audit("big", json!({"allOf": [is_vm(), {"value": expression, "equals": 1}]}));
        assert_eq!(word(&library(&[one]), &lines(&[vm("a", json!({}))])), "unknown", "{expression}");
    }
}

#[test]
fn slips_are_told() {
    let told = |one: Value| {
        library(&[one]).faults.iter().map(|fault| fault.kind.text(Lang::En)).collect::<Vec<_>>().join("; ")
    };
    let field = |alias: &str| audit("x", json!({"allOf": [is_vm(), {"field": alias, "equals": 1}]}));
    assert!(
        told(field("Microsoft.Compute/virtualMachine/hardwareProfile.vmSize"))
            .contains("did you mean `microsoft.compute/virtualmachines/hardwareprofile.vmsize`")
    );
    assert!(
        told(field("Microsoft.Compute/imagePublishr"))
            .contains("did you mean `microsoft.compute/imagepublisher`")
    );
    assert!(told(definition("x", is_vm(), json!({"effect": "adit"}))).contains("no effect `adit`"));
    assert!(
        told(audit("x", json!({"field": "location", "equals": "[parameters('nope')]"})))
            .contains("`nope` is not declared")
    );
    let assignment =
        json!({"name": "a", "properties": {"policyDefinitionId": "x", "parameters": {"nope": {"value": 1}}}});
    let faults = library(&[audit("x", is_vm()), assignment]).faults;
    assert!(
        faults.iter().any(|fault| matches!(&fault.kind, FaultKind::Parameter(what) if what.contains("nope"))),
        "{faults:?}"
    );
}

#[test]
fn codes_tell_policies_apart() {
    let text = lines(&[vm("a", json!({}))]);
    let judgement = run(
        &library(&[
            audit("公開禁止", is_vm()),
            audit("暗号化要", is_vm()),
            audit("a b", is_vm()),
            audit("a-b", is_vm()),
        ]),
        &text,
    );
    let mut codes: Vec<_> = judgement.rows.iter().map(|row| row.check.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 4, "{codes:?}");
    assert_eq!(judgement.given.len(), 4);
}

/// A record that has a value where an alias says, and nothing else.
fn record_with(resource_type: &str, path: &str) -> Value {
    let mut value = json!("x");
    for segment in path.split('.').rev() {
        let (name, list) = segment.strip_suffix("[*]").map_or((segment, false), |name| (name, true));
        let inner = if list { json!([value]) } else { value };
        value = json!({name: inner});
    }
    value["id"] = format!("{RG}/{resource_type}/r").into();
    value["type"] = resource_type.into();
    value["location"] = "japaneast".into();
    value
}

/// Every alias of the catalogue finds its value where the catalogue says that it stands.
#[test]
fn every_alias_finds_its_field() {
    let catalogue = include_str!("../data/aliases.txt");
    let (mut resource_type, mut lists) = ("", Vec::new());
    let mut wrong = Vec::new();
    for line in catalogue.lines().filter(|line| !line.is_empty()) {
        let Some(line) = line.strip_prefix("  ") else {
            (resource_type, lists) = (line, Vec::new());
            continue;
        };
        if let Some(list) = line.strip_prefix("of ") {
            lists.push(list);
            continue;
        }
        // Types of parts have other ids, and are looked at above.
        if resource_type.matches('/').count() != 1 || resource_type.starts_with("Microsoft.Security") {
            continue;
        }
        let (name, path) = match line.split_once(" = ") {
            Some((name, path)) => (name, path.to_owned()),
            None => {
                let mut path = String::from(
                    if ["sku", "zones"].iter().any(|own| line.split(['.', '[']).next() == Some(own)) {
                        ""
                    } else {
                        "properties."
                    },
                );
                let segments: Vec<&str> = line.split('.').collect();
                for (number, segment) in segments.iter().enumerate() {
                    path += segment;
                    let own = segment.strip_suffix("[*]").is_some_and(|list| lists.contains(&list));
                    let next = segments.get(number + 1);
                    if own && next.is_some_and(|next| !["id", "name", "type", "etag", "zones"].contains(next))
                    {
                        path += ".properties";
                    }
                    path += if next.is_some() { "." } else { "" };
                }
                (line, path)
            }
        };
        let alias = match name.strip_prefix('/') {
            Some(name) => format!("{}/{name}", resource_type.split('/').next().unwrap()),
            None => format!("{resource_type}/{name}"),
        };
        let one = audit(
            "alias",
            json!({"allOf": [{"field": "type", "equals": resource_type}, {"field": alias, "equals": "x"}]}),
        );
        let text = lines(&[record_with(resource_type, &path)]);
        let found = word(&library(&[one]), &text);
        if found != "fail" {
            wrong.push(format!("{alias} at {path}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of them: {:#?}", wrong.len(), &wrong[..wrong.len().min(40)]);
}
