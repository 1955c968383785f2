//! Where values of a plan stand, which of them are secrets, and what bodies, templates and translations lead to.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value as Json, json};
use template::plan::{NoteKind, Plan, read};
use template::{Kind, Span, Value, Why, json as input, wire};

/// A plan of resources: address, values, what is unknown, what is sensitive, expressions.
fn plan(resources: &[(&str, Json, Json, Json, Json)]) -> Json {
    let (mut changes, mut blocks) = (Vec::new(), Vec::new());
    for (address, values, unknown, sensitive, expressions) in resources {
        let (kind, name) = address.split_once('.').unwrap();
        changes.push(json!({"address": address, "mode": "managed", "type": kind, "name": name, "change": {
            "actions": ["create"], "before": null, "after": values, "after_unknown": unknown,
            "after_sensitive": sensitive}}));
        blocks.push(json!({"address": address, "mode": "managed", "type": kind, "name": name,
            "expressions": expressions}));
    }
    json!({"format_version": "1.2", "resource_changes": changes, "configuration": {
        "provider_config": {"azurerm": {"name": "azurerm", "version_constraint": "~> 4.0",
            "expressions": {"subscription_id": {"constant_value": "s1"}}}},
        "root_module": {"resources": blocks}}})
}

fn convert(plan: &Json) -> Plan {
    read(&input::read(plan.to_string().as_bytes(), 0).unwrap()).unwrap()
}

fn body<'p>(plan: &'p Plan, address: &str) -> &'p Value {
    let found = plan.resources.iter().find(|one| *one.address == *address);
    &found.unwrap_or_else(|| panic!("no {address}")).body
}

fn at(plan: &Plan, address: &str, pointer: &str) -> Json {
    let mut line = Vec::new();
    wire::write(body(plan, address), &|why| format!("{why:?}"), &mut line);
    let whole: Json = serde_json::from_slice(&line).unwrap();
    whole.pointer(pointer).cloned().unwrap_or(Json::Null)
}

/// Every place in a value, with what it is the place of.
fn places(value: &Value, path: &str, all: &mut Vec<(String, Span)>) {
    all.push((path.to_owned(), value.at));
    match &value.kind {
        Kind::List(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{path}/{index}"), all));
        }
        Kind::Object(object) => object.members().iter().for_each(|member| {
            all.push((format!("{path}/{} (name)", member.name), member.at));
            places(&member.value, &format!("{path}/{}", member.name), all);
        }),
        _ => {}
    }
}

fn text_at(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

const SECRET: &str = "S3cret";

/// Nothing of a plan holds a secret, and no place takes one in.
fn check_hidden(text: &str) -> Plan {
    let plan = read(&input::read(text.as_bytes(), 0).unwrap()).unwrap();
    for resource in &plan.resources {
        let mut all = Vec::new();
        places(&resource.body, &resource.address, &mut all);
        for (path, span) in all {
            assert!(!text_at(text, span).contains(SECRET), "{path}: {}", text_at(text, span));
        }
    }
    assert!(!format!("{plan:?}").contains(SECRET));
    plan
}

#[test]
fn no_place_takes_in_a_secret() {
    let text = plan(&[
        (
            "azurerm_linux_virtual_machine.m",
            json!({"name": "m", "resource_group_name": "rg", "admin_password": SECRET, "custom_data": SECRET,
                "admin_username": format!("{SECRET}u"), "computer_name": format!("{SECRET}c"),
                "tags": {"owner": "x", "pin": SECRET}, "os_disk": [{"caching": "None"}]}),
            json!({}),
            json!({"admin_username": true, "computer_name": true, "tags": {"pin": true}}),
            json!({}),
        ),
        (
            "azurerm_network_security_group.g",
            json!({"name": "g", "resource_group_name": "rg", "security_rule": [
                {"name": "a", "description": SECRET, "destination_port_range": "22"}, {"name": "b"}]}),
            json!({}),
            json!({"security_rule": [{"description": true}, {}]}),
            json!({}),
        ),
        (
            "azurerm_public_ip.p",
            json!({"name": format!("{SECRET}p"), "resource_group_name": "rg"}),
            json!({}),
            json!({"name": true}),
            json!({}),
        ),
        (
            "azapi_resource.a",
            json!({"type": "Microsoft.Compute/virtualMachines/runCommands@2023-03-01", "name": "a",
                "parent_id": "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m",
                "body": json!({"sku": {"clientSecret": SECRET}, "properties": {"runAsPassword": SECRET,
                    "parameters": [{"name": "dbPassword", "value": SECRET}], "asyncExecution": true}}).to_string()}),
            json!({}),
            json!({}),
            json!({}),
        ),
        (
            "azapi_resource.b",
            json!({"type": "Microsoft.Compute/virtualMachines/runCommands@2023-03-01", "name": "b",
                "parent_id": "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m",
                "body": {"tags": {"apiToken": SECRET}, "properties": {"protectedParameters": [{"name": "p", "value": SECRET}]}}}),
            json!({}),
            json!({}),
            json!({}),
        ),
    ]);
    let read = check_hidden(&text.to_string());
    assert_eq!(at(&read, "azapi_resource.a", "/properties/asyncExecution"), true);
    assert_eq!(at(&read, "azurerm_linux_virtual_machine.m", "/tags/owner"), "x");
    let rule = "/properties/securityRules/0/properties";
    assert_eq!(at(&read, "azurerm_network_security_group.g", &format!("{rule}/destinationPortRange")), "22");
    let hidden = wire::find(body(&read, "azurerm_network_security_group.g"), &format!("{rule}/description"));
    assert!(matches!(&hidden.kind, Kind::Unknown(unknown) if matches!(unknown.why, Why::Sensitive(_))));
}

#[test]
fn a_raw_state_keeps_its_secrets() {
    let step = |name: &str| json!({"type": "get_attr", "value": name});
    let index = |number: u32| json!({"type": "index", "value": {"value": number, "type": "number"}});
    let net = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network";
    let attributes = json!({"id": format!("{net}/networkSecurityGroups/g"), "name": "g", "tags": {"a": SECRET},
        "security_rule": [{"name": "a", "access": "Allow"}, {"name": "b", "access": "Deny", "description": SECRET}]});
    let paths = json!([[step("tags")], [step("security_rule"), index(1), step("description")]]);
    let state = json!({"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "x", "resources": [
        {"mode": "managed", "type": "azurerm_network_security_group", "name": "g", "instances": [
            {"attributes": attributes, "sensitive_attributes": paths}]}]});
    let read = check_hidden(&state.to_string());
    let rules = at(&read, "azurerm_network_security_group.g", "/properties/securityRules");
    assert_eq!(
        (&rules[0]["properties"]["access"], &rules[1]["properties"]["access"]),
        (&json!("Allow"), &json!("Deny"))
    );
    assert!(at(&read, "azurerm_network_security_group.g", "/tags/$unknown").is_object());
}

#[test]
fn what_is_made_has_the_place_of_the_name() {
    let text = plan(&[
        (
            "azurerm_network_security_group.g",
            json!({"name": "the-group", "resource_group_name": "rg", "security_rule": [
                {"name": "in", "destination_port_range": "4711", "access": "Allow"}]}),
            json!({"id": true}),
            json!({}),
            json!({"security_rule": []}),
        ),
        (
            "azurerm_network_security_rule.r",
            json!({"name": "own", "resource_group_name": "rg", "network_security_group_name": "the-group",
                "destination_port_range": "4712"}),
            json!({"id": true}),
            json!({}),
            json!({}),
        ),
        (
            "azapi_resource.x",
            json!({"type": "Microsoft.Network/networkSecurityGroups/securityRules@2023-09-01", "name": "azapi",
                "parent_id": "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/o",
                "body": {"properties": {"destinationPortRange": "4713"}}}),
            json!({"id": true}),
            json!({}),
            json!({}),
        ),
        ("azurerm_public_ip.p", json!({"name": "address", "resource_group_name": "rg"}), json!({"id": true}), json!({}), json!({})),
    ])
    .to_string();
    let read = read(&input::read(text.as_bytes(), 0).unwrap()).unwrap();
    let check = |address: &str, pointer: &str, expected: &str| {
        assert_eq!(
            text_at(&text, wire::find(body(&read, address), pointer).at),
            expected,
            "{address} {pointer}"
        );
    };
    let group = "azurerm_network_security_group.g";
    for pointer in ["", "/name", "/id", "/type", "/properties"] {
        check(group, pointer, "\"the-group\"");
    }
    let rules = "/properties/securityRules";
    check(group, &format!("{rules}/0/properties/destinationPortRange"), "\"4711\"");
    check(group, &format!("{rules}/0/name"), "\"in\"");
    check(group, &format!("{rules}/1/properties/destinationPortRange"), "\"4712\"");
    check(group, &format!("{rules}/1/id"), "\"own\"");
    check("azapi_resource.x", "/properties/destinationPortRange", "\"4713\"");
    check("azapi_resource.x", "/type", "\"azapi\"");
    check("azurerm_public_ip.p", "/sku/name", "\"address\"");
    for (index, port) in [(0, "4711"), (1, "4712")] {
        let element = wire::find(body(&read, group), &format!("{rules}/{index}")).at;
        let element = text_at(&text, element);
        assert!(element.starts_with('{') && element.contains(port), "{element}");
    }
}

const VM: &str = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines";

#[test]
fn an_id_of_a_body_is_joined_where_it_can_be_no_other() {
    let machine = |name: &str| {
        let values = json!({"name": name, "resource_group_name": "rg"});
        (values, json!({"id": true}), json!({}), json!({}))
    };
    let read = |unknown: Json, references: &[&str]| {
        let jit = json!({"type": "Microsoft.Security/locations/jitNetworkAccessPolicies@2020-01-01", "name": "d",
            "parent_id": "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Security/locations/l",
            "body": {"properties": {"virtualMachines": [{"ports": [{"number": 22}]}, {"ports": []}]}}});
        let (a, b) = (machine("a"), machine("b"));
        let read = convert(&plan(&[
            ("azurerm_linux_virtual_machine.a", a.0, a.1, a.2, a.3),
            ("azurerm_linux_virtual_machine.b", b.0, b.1, b.2, b.3),
            (
                "azapi_resource.jit",
                jit,
                json!({"body": {"properties": {"virtualMachines": unknown}}}),
                json!({}),
                json!({"body": {"references": references}}),
            ),
        ]));
        at(&read, "azapi_resource.jit", "/properties/virtualMachines/0/id")
    };
    let a = ["azurerm_linux_virtual_machine.a.id", "azurerm_linux_virtual_machine.a"];
    let both = [&a[..], &["azurerm_linux_virtual_machine.b.id"]].concat();
    let one = json!([{"id": true}, {}]);
    assert_eq!(read(one.clone(), &a), format!("{VM}/a"));
    let other = [&a[..], &["azurerm_resource_group.rg.location", "var.ports"]].concat();
    assert_eq!(read(one.clone(), &other), format!("{VM}/a"));
    let placeholder = |found: Json| found.as_str().unwrap_or_default().starts_with('{');
    assert!(placeholder(read(one.clone(), &both)));
    assert!(placeholder(read(one, &["local.machine"])));
    assert!(placeholder(read(json!([{"id": true}, {"id": true}]), &a)));
}

#[test]
fn templates_in_a_plan_are_given_on() {
    let content =
        json!({"resources": [{"type": "Microsoft.Network/publicIPAddresses", "name": "p"}]}).to_string();
    let kind = "azurerm_resource_group_template_deployment";
    let given = |content: Json, unknown: Json| {
        let values = json!({"name": "d", "resource_group_name": "rg", "template_content": content,
            "parameters_content": "{\"a\": {\"value\": 1}}"});
        let address = "azurerm_resource_group_template_deployment.d";
        let text =
            plan(&[(address, values, unknown, json!({}), json!({"template_content": {}}))]).to_string();
        (read(&input::read(text.as_bytes(), 0).unwrap()).unwrap(), text)
    };
    let (read, text) = given(json!(content), json!({"id": true}));
    let [one] = read.templates.as_slice() else { panic!("{:?}", read.templates) };
    assert_eq!((one.resource_group.text(), one.subscription.text()), (Some("rg"), Some("s1")));
    assert_eq!(&*one.address, "azurerm_resource_group_template_deployment.d");
    let name = wire::find(&one.template, "/resources/0/name");
    assert_eq!(name.text(), Some("p"));
    assert_eq!(text_at(&text, name.at), json!(content).to_string());
    let parameter = wire::find(one.parameters.as_ref().unwrap(), "/a/value");
    assert!(matches!(parameter.kind, Kind::Int(1)) && text_at(&text, parameter.at).is_empty());
    assert!(read.notes.is_empty());
    for (content, unknown) in [(Json::Null, json!({"template_content": true})), (json!("{no"), json!({}))] {
        let (read, _) = given(content, unknown);
        assert!(read.templates.is_empty());
        let notes: Vec<_> = read.notes.iter().map(|note| (note.what, &*note.kind)).collect();
        assert_eq!(notes, [(NoteKind::Template, kind)]);
    }
}

#[test]
fn a_translation_of_the_only_address_takes_whatever_comes() {
    let address = |name: &str| {
        (
            json!({"name": name, "resource_group_name": "rg"}),
            json!({"id": true, "ip_address": true}),
            json!({}),
            json!({}),
        )
    };
    let read = |publics: &[&str], references: &[&str]| {
        let policy = json!({"references": ["azurerm_firewall_policy.fp.id", "azurerm_firewall_policy.fp"]});
        let configurations: Vec<Json> = publics.iter().map(|name| json!({"name": name})).collect();
        let unknown: Vec<Json> = publics.iter().map(|_| json!({"public_ip_address_id": true})).collect();
        let written: Vec<Json> = publics
            .iter()
            .map(|name| {
                json!({"name": {"constant_value": name},
                "public_ip_address_id": {"references": [format!("azurerm_public_ip.{name}.id")]}})
            })
            .collect();
        let (p, q) = (address("p"), address("q"));
        let read = convert(&plan(&[
            ("azurerm_public_ip.p", p.0, p.1, p.2, p.3),
            ("azurerm_public_ip.q", q.0, q.1, q.2, q.3),
            (
                "azurerm_firewall_policy.fp",
                json!({"name": "fp", "resource_group_name": "rg"}),
                json!({"id": true}),
                json!({}),
                json!({}),
            ),
            (
                "azurerm_firewall.f",
                json!({"name": "f", "resource_group_name": "rg", "ip_configuration": configurations}),
                json!({"id": true, "firewall_policy_id": true, "ip_configuration": unknown}),
                json!({}),
                json!({"firewall_policy_id": policy, "ip_configuration": written}),
            ),
            (
                "azurerm_firewall_policy_rule_collection_group.c",
                json!({"name": "c", "nat_rule_collection": [{"name": "n", "rule": [{"name": "r"}]}]}),
                json!({"firewall_policy_id": true, "nat_rule_collection": [{"rule": [{"destination_address": true}]}]}),
                json!({}),
                json!({"firewall_policy_id": policy, "nat_rule_collection": [{"name": {"constant_value": "n"},
                    "rule": [{"destination_address": {"references": references}}]}]}),
            ),
        ]));
        let rule = "/properties/ruleCollections/0/rules/0/destinationAddresses";
        at(&read, "azurerm_firewall_policy_rule_collection_group.c", rule)
    };
    let p = ["azurerm_public_ip.p.ip_address", "azurerm_public_ip.p"];
    assert_eq!(read(&["p"], &p), json!(["*"]));
    for (publics, references) in [(&["p", "q"][..], &p[..]), (&["q"], &p), (&["p"], &["local.address"])] {
        assert!(read(publics, references)[0]["$unknown"].is_object(), "{publics:?} {references:?}");
    }
}

#[test]
fn modules_are_nested_so_deep_and_no_deeper() {
    let nested = |depth: usize| {
        let whole = (1..=depth).rev().fold(json!({}), |inner, level| {
            let address = vec!["module.a"; level].join(".");
            let mut module = json!({"address": address, "resources": [{"address": format!("{address}.azurerm_public_ip.p"),
                "mode": "managed", "type": "azurerm_public_ip", "name": "p", "values": {"name": "p"}}]});
            if inner.get("address").is_some() {
                module["child_modules"] = json!([inner]);
            }
            module
        });
        let text =
            json!({"format_version": "1.2", "planned_values": {"root_module": {"child_modules": [whole]}}});
        read(&input::read(text.to_string().as_bytes(), 0).unwrap())
    };
    assert_eq!(nested(32).unwrap().resources.len(), 32);
    assert_eq!(nested(33).unwrap_err().kind.to_string(), "nested deeper than 32 levels");
}

#[test]
fn a_form_before_the_first_is_told_by_its_version() {
    let read = |text: Json| read(&input::read(text.to_string().as_bytes(), 0).unwrap());
    let fault = read(json!({"format_version": "0.1", "terraform_version": "0.12.0", "configuration": {}}))
        .unwrap_err();
    assert_eq!(fault.kind.to_string(), "format version 0.1 is not known");
    // Terraform 0.12 writes what is planned in the same form.
    let values = json!({"root_module": {"resources": [{"address": "azurerm_public_ip.p", "mode": "managed",
        "type": "azurerm_public_ip", "name": "p", "values": {"name": "p"}}]}});
    assert_eq!(read(json!({"format_version": "0.1", "planned_values": values})).unwrap().resources.len(), 1);
    assert!(
        read(json!({"format_version": "1.0", "terraform_version": "1.0.0"})).unwrap().resources.is_empty()
    );
}
