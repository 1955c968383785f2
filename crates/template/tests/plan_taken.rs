//! What a plan takes away, puts off and leaves open: deletions, providers, lists that others write, partial plans.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value as Json, json};
use template::plan::{NoteKind, PartialKind, Plan, read};
use template::{json as input, wire};

const NET: &str = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Network";
const GROUP: &str = "azurerm_network_security_group.g";

/// A change of a resource.
fn change(address: &str, actions: &[&str], before: Json, after: Json, unknown: Json) -> Json {
    let short = address.rsplit_once("module.").map_or(address, |(_, rest)| rest.split_once('.').unwrap().1);
    let (kind, name) = short.split('[').next().unwrap().split_once('.').unwrap();
    let mut one = json!({"address": address, "mode": "managed", "type": kind, "name": name,
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": unknown}});
    if let Some((_, index)) = short.split_once('[') {
        one["index"] = serde_json::from_str(index.trim_end_matches(']')).unwrap();
    }
    if let Some((module, _)) = address.split_once(".azurerm").filter(|_| address.starts_with("module.")) {
        one["module_address"] = json!(module);
    }
    one
}

fn made(address: &str, values: Json, unknown: Json) -> Json {
    change(address, &["create"], Json::Null, values, unknown)
}

fn kept(address: &str, values: Json) -> Json {
    change(address, &["no-op"], values.clone(), values, json!({}))
}

fn deleted(address: &str, before: Json) -> Json {
    change(address, &["delete"], before, Json::Null, json!({}))
}

/// What the configuration says of a resource block.
fn block(address: &str, expressions: Json) -> Json {
    let (kind, name) = address.split_once('.').unwrap();
    json!({"address": address, "mode": "managed", "type": kind, "name": name, "expressions": expressions})
}

fn refers(to: &[&str]) -> Json {
    json!({ "references": to })
}

fn plan(changes: &[Json], blocks: &[Json]) -> Json {
    json!({"format_version": "1.2", "resource_changes": changes, "configuration": {
        "provider_config": {"azurerm": {"name": "azurerm", "version_constraint": "~> 4.0",
            "expressions": {"subscription_id": {"constant_value": "s1"}}}},
        "root_module": {"resources": blocks}}})
}

fn convert(plan: &Json) -> Plan {
    read(&input::read(plan.to_string().as_bytes(), 0).unwrap()).unwrap()
}

fn at(plan: &Plan, address: &str, pointer: &str) -> Json {
    let found = plan.resources.iter().find(|one| *one.address == *address);
    let mut line = Vec::new();
    wire::write(&found.unwrap_or_else(|| panic!("no {address}")).body, &|why| format!("{why:?}"), &mut line);
    let whole: Json = serde_json::from_slice(&line).unwrap();
    whole.pointer(pointer).cloned().unwrap_or(Json::Null)
}

fn names(plan: &Plan, address: &str, list: &str) -> Vec<String> {
    let list = at(plan, address, &format!("/properties/{list}"));
    let all = list.as_array().unwrap_or_else(|| panic!("{list}"));
    all.iter().map(|one| one["name"].as_str().unwrap_or("?").to_owned()).collect()
}

fn gone(plan: &Plan) -> Vec<String> {
    plan.gone.iter().map(|one| one.id.shown().unwrap().into_owned()).collect()
}

fn rule(name: &str) -> Json {
    json!({"name": name, "id": format!("{NET}/networkSecurityGroups/g/securityRules/{name}"),
        "resource_group_name": "rg", "network_security_group_name": "g", "priority": 100})
}

fn group(rules: &[&str]) -> Json {
    let rules: Vec<Json> = rules.iter().map(|name| json!({"name": name, "priority": 100})).collect();
    json!({"id": format!("{NET}/networkSecurityGroups/g"), "name": "g", "resource_group_name": "rg",
        "security_rule": rules})
}

#[test]
fn a_deleted_rule_leaves_the_list_that_it_was_read_back_into() {
    let deny = "azurerm_network_security_rule.deny";
    let changes = [
        kept(GROUP, group(&["deny", "ssh"])),
        kept("azurerm_network_security_rule.ssh", rule("ssh")),
        deleted(deny, rule("deny")),
    ];
    let read = convert(&plan(&changes, &[block(GROUP, json!({"name": {"constant_value": "g"}}))]));
    assert_eq!(names(&read, GROUP, "securityRules"), ["ssh"]);
    assert_eq!(gone(&read), [format!("{NET}/networkSecurityGroups/g/securityRules/deny")]);
    assert_eq!(&*read.gone[0].address, deny);
    // What the configuration writes into the group itself is there, whoever had it before.
    let written = block(GROUP, json!({"security_rule": [{"name": {"constant_value": "deny"}}]}));
    let read = convert(&plan(&changes, &[written]));
    assert_eq!(names(&read, GROUP, "securityRules"), ["deny", "ssh"]);
}

#[test]
fn a_replaced_rule_has_one_name_and_a_moved_one_stays() {
    let address = "azurerm_network_security_rule.r";
    let replaced = |name: &str| {
        let mut after = rule(name);
        after.as_object_mut().unwrap().remove("id");
        let unknown = json!({"id": true});
        let one = change(address, &["delete", "create"], rule("old"), after, unknown);
        convert(&plan(&[kept(GROUP, group(&["old", "ssh"])), one], &[]))
    };
    let read = replaced("new");
    assert_eq!(names(&read, GROUP, "securityRules"), ["ssh", "new"]);
    assert_eq!(gone(&read).len(), 1);
    let read = replaced("OLD");
    assert_eq!(names(&read, GROUP, "securityRules"), ["OLD", "ssh"]);
    assert_eq!(gone(&read), [""; 0]);
    let moved = [
        kept(GROUP, group(&["ssh"])),
        deleted(address, rule("ssh")),
        made("azurerm_network_security_rule.other", rule("ssh"), json!({})),
    ];
    let read = convert(&plan(&moved, &[]));
    assert_eq!(names(&read, GROUP, "securityRules"), ["ssh"]);
    assert_eq!(gone(&read), [""; 0]);
}

#[test]
fn routes_and_subnets_leave_too() {
    let table = json!({"id": format!("{NET}/routeTables/t"), "name": "t", "resource_group_name": "rg",
        "route": [{"name": "a"}, {"name": "b"}]});
    let network = json!({"id": format!("{NET}/virtualNetworks/v"), "name": "v", "resource_group_name": "rg",
        "subnet": [{"name": "a"}, {"name": "b"}]});
    let part = |owner: &str, list: &str| {
        json!({"name": "a", "id": format!("{NET}/{owner}/{list}/a"), "resource_group_name": "rg",
            "route_table_name": "t", "virtual_network_name": "v"})
    };
    let read = convert(&plan(
        &[
            kept("azurerm_route_table.t", table),
            kept("azurerm_virtual_network.v", network),
            deleted("azurerm_route.a", part("routeTables/t", "routes")),
            deleted("azurerm_subnet.a", part("virtualNetworks/v", "subnets")),
        ],
        &[],
    ));
    assert_eq!(names(&read, "azurerm_route_table.t", "routes"), ["b"]);
    assert_eq!(names(&read, "azurerm_virtual_network.v", "subnets"), ["b"]);
    assert_eq!(gone(&read).len(), 2);
}

#[test]
fn an_association_that_ends_contradicts_what_stands() {
    let kind = "azurerm_subnet_network_security_group_association";
    let address = format!("{kind}.a");
    let subnet = format!("{NET}/virtualNetworks/v/subnets/s");
    let before = json!({"id": subnet, "subnet_id": subnet,
        "network_security_group_id": format!("{NET}/networkSecurityGroups/g")});
    let read = convert(&plan(&[deleted(&address, before.clone())], &[]));
    assert_eq!(at(&read, &address, "/id"), json!(subnet));
    assert!(at(&read, &address, "/properties/networkSecurityGroup/$unknown").is_object());
    let notes: Vec<_> = read.notes.iter().map(|note| (note.what, &*note.kind, note.count)).collect();
    assert_eq!(notes, [(NoteKind::Detached, kind, 1)]);
    assert!(read.gone.is_empty());
    // One under another name takes its place.
    let mut renamed = before.clone();
    renamed["network_security_group_id"] = json!(format!("{NET}/networkSecurityGroups/h"));
    let again = made(&format!("{kind}.b"), renamed, json!({}));
    let read = convert(&plan(&[deleted(&address, before.clone()), again], &[]));
    let group = at(&read, &read.resources[0].address, "/properties/networkSecurityGroup/id");
    assert_eq!(group, format!("{NET}/networkSecurityGroups/h"));
    assert!(read.notes.is_empty() && read.resources.len() == 1 && !read.resources[0].whole);
    // A subnet of the plan is simply without it.
    let values = json!({"id": subnet, "name": "s", "resource_group_name": "rg", "virtual_network_name": "v",
        "network_security_group_id": format!("{NET}/networkSecurityGroups/g")});
    let read =
        convert(&plan(&[kept("azurerm_subnet.s", values.clone()), deleted(&address, before.clone())], &[]));
    assert_eq!(at(&read, "azurerm_subnet.s", "/properties/networkSecurityGroup"), Json::Null);
    assert!(read.notes.is_empty() && read.resources.len() == 1);
    // What goes itself needs no contradiction.
    let read = convert(&plan(&[deleted("azurerm_subnet.s", values), deleted(&address, before)], &[]));
    assert!(read.resources.is_empty() && gone(&read) == [subnet]);
}

#[test]
fn each_configuration_of_the_provider_has_its_own_subscription() {
    let nic = |module: &str| {
        vec![
            made(
                &format!("{module}.azurerm_network_security_group.g"),
                json!({"name": "g", "resource_group_name": "rg", "security_rule": []}),
                json!({"id": true}),
            ),
            made(
                &format!("{module}.azurerm_network_security_rule.r"),
                json!({"name": module, "resource_group_name": "rg", "network_security_group_name": "g"}),
                json!({"id": true}),
            ),
        ]
    };
    let of = |key: &str| {
        let with = |address: &str| {
            let mut one = block(address, json!({}));
            one["provider_config_key"] = json!(key);
            one
        };
        json!({"module": {"resources": [with(GROUP), with("azurerm_network_security_rule.r")]}})
    };
    let changes: Vec<Json> = ["module.prod", "module.dev"].into_iter().flat_map(nic).collect();
    let text = |dev: Json| {
        json!({"format_version": "1.2", "resource_changes": changes, "configuration": {
            "provider_config": {"azurerm": {"name": "azurerm"},
                "azurerm.dev": {"name": "azurerm", "alias": "dev", "expressions": {"subscription_id": dev}}},
            "root_module": {"module_calls": {"prod": of("azurerm"), "dev": of("azurerm.dev")}}}})
    };
    let check = |read: &Plan, dev: &str| {
        for (module, subscription) in [("prod", "{subscription}"), ("dev", dev)] {
            let address = format!("module.{module}.{GROUP}");
            let id = at(read, &address, "/id");
            assert_eq!(id.as_str().unwrap().split('/').nth(2), Some(subscription));
            assert_eq!(names(read, &address, "securityRules"), [format!("module.{module}")]);
        }
    };
    check(&convert(&text(json!({"constant_value": "s2"}))), "s2");
    check(&convert(&text(refers(&["var.dev"]))), "{subscription azurerm.dev}");
    let mut told = text(refers(&["var.dev"]));
    told["variables"] = json!({"dev": {"value": "00000000-0000-0000-0000-00000000000a"}});
    check(&convert(&told), "00000000-0000-0000-0000-00000000000a");
    // What only looks like the variable is not it.
    told["variables"] = json!({"dev": {"value": "short"}});
    check(&convert(&told), "{subscription azurerm.dev}");
}

#[test]
fn a_list_that_nobody_knows_is_that_of_the_resources_of_their_own() {
    let new = json!({"name": "g", "resource_group_name": "rg"});
    let open = json!({"id": true, "security_rule": true});
    let alone = made("azurerm_network_security_rule.r", rule("r"), json!({}));
    for version in ["~> 3.0", "~> 4.0", ">= 3.0"] {
        let mut text = plan(
            &[made(GROUP, new.clone(), open.clone()), alone.clone()],
            &[block(GROUP, json!({"name": {}}))],
        );
        text["configuration"]["provider_config"]["azurerm"]["version_constraint"] = json!(version);
        assert_eq!(names(&convert(&text), GROUP, "securityRules"), ["r"], "{version}");
        // Without one a dynamic block may make them.
        text["resource_changes"].as_array_mut().unwrap().pop();
        let rules = at(&convert(&text), GROUP, "/properties/securityRules/$unknown");
        assert!(rules.is_object(), "{version}");
    }
    // One that the configuration writes is not known, whatever stands beside it.
    let written = block(GROUP, json!({"security_rule": refers(&["local.rules"])}));
    let read = convert(&plan(&[made(GROUP, new, open), alone], &[written]));
    assert_eq!(names(&read, GROUP, "securityRules"), ["?", "r"]);
    let table = made(
        "azurerm_route_table.t",
        json!({"name": "t", "resource_group_name": "rg"}),
        json!({"route": true}),
    );
    let network = made(
        "azurerm_virtual_network.v",
        json!({"name": "v", "resource_group_name": "rg"}),
        json!({"subnet": true}),
    );
    let both = [table, network];
    let read = convert(&plan(&both, &[]));
    assert!(at(&read, "azurerm_route_table.t", "/properties/routes/$unknown").is_object());
    assert!(at(&read, "azurerm_virtual_network.v", "/properties/subnets/$unknown").is_object());
    let parts = ["azurerm_route.x", "azurerm_subnet.x"].map(|address| {
        let values = json!({"name": "x", "resource_group_name": "rg", "route_table_name": "t", "virtual_network_name": "v"});
        made(address, values, json!({"id": true}))
    });
    let read = convert(&plan(&[both, parts].concat(), &[]));
    assert_eq!(names(&read, "azurerm_route_table.t", "routes"), ["x"]);
    assert_eq!(names(&read, "azurerm_virtual_network.v", "subnets"), ["x"]);
}

#[test]
fn blocks_that_are_attributes_share_their_references() {
    let asg = |name: &str| {
        let address = format!("azurerm_application_security_group.{name}");
        made(&address, json!({"name": name, "resource_group_name": "rg"}), json!({"id": true}))
    };
    let ids = "destination_application_security_group_ids";
    let group = made(
        GROUP,
        json!({"name": "g", "resource_group_name": "rg", "security_rule": [{"name": "r"}]}),
        json!({"security_rule": [{ids: true}]}),
    );
    let read = |references: &[&str]| {
        let written = block(GROUP, json!({"security_rule": refers(references)}));
        let read = convert(&plan(&[asg("a"), asg("b"), group.clone()], &[written]));
        at(&read, GROUP, "/properties/securityRules/0/properties/destinationApplicationSecurityGroups")
    };
    let one = ["azurerm_application_security_group.a.id", "azurerm_application_security_group.a"];
    assert_eq!(read(&one), json!([{"id": format!("{NET}/applicationSecurityGroups/a")}]));
    let two = [&one[..], &["azurerm_application_security_group.b.id"]].concat();
    assert!(read(&two)["$unknown"].is_object());
}

#[test]
fn the_only_subnet_of_a_network_is_meant() {
    let nic = made(
        "azurerm_network_interface.n",
        json!({"name": "n", "resource_group_name": "rg", "ip_configuration": [{"name": "a"}]}),
        json!({"ip_configuration": [{"subnet_id": true}]}),
    );
    let subnet = refers(&["azurerm_virtual_network.v.subnet", "azurerm_virtual_network.v"]);
    let blocks = [
        block("azurerm_network_interface.n", json!({"ip_configuration": [{"subnet_id": subnet}]})),
        block(
            "azurerm_virtual_network.v",
            json!({"subnet": refers(&["azurerm_network_security_group.g.id"])}),
        ),
    ];
    let read = |subnets: Json, unknown: Json| {
        let values = json!({"name": "v", "resource_group_name": "rg", "subnet": subnets});
        let network = made("azurerm_virtual_network.v", values, json!({"id": true, "subnet": unknown}));
        let group = made(GROUP, json!({"name": "g", "resource_group_name": "rg"}), json!({"id": true}));
        convert(&plan(&[network, nic.clone(), group], &blocks))
    };
    let one = read(json!([{"name": "s"}]), json!([{"id": true, "security_group": true}]));
    let pointer = "/properties/ipConfigurations/0/properties/subnet";
    let id = json!(format!("{NET}/virtualNetworks/v/subnets/s"));
    assert_eq!(at(&one, "azurerm_network_interface.n", pointer), json!({ "id": id }));
    let group = "/properties/subnets/0/properties/networkSecurityGroup/id";
    assert_eq!(at(&one, "azurerm_virtual_network.v", group), format!("{NET}/networkSecurityGroups/g"));
    let two = read(json!([{"name": "s"}, {"name": "t"}]), json!([]));
    assert!(at(&two, "azurerm_network_interface.n", pointer)["$unknown"].is_object());
}

#[test]
fn a_plan_that_is_not_all_of_it_says_so() {
    let mut text = plan(
        &[made(GROUP, json!({"name": "g", "resource_group_name": "rg", "security_rule": []}), json!({}))],
        &[],
    );
    assert!(convert(&text).partial.is_empty());
    text["complete"] = json!(true);
    text["errored"] = json!(false);
    assert!(convert(&text).partial.is_empty());
    let put_off = |reason: &str, name: &str, change: Json| {
        json!({"reason": reason, "resource_change": {
        "address": format!("azurerm_{name}"), "mode": "managed", "type": format!("azurerm_{}", name.split('.').next().unwrap()),
        "name": "d", "change": change}})
    };
    text["complete"] = json!(false);
    text["errored"] = json!(true);
    let rule = json!({"actions": ["create"], "before": null, "after_unknown": {},
        "after": {"name": "d", "resource_group_name": "rg", "network_security_group_name": "g", "access": "Allow"}});
    let address = json!({"actions": ["create"], "before": null, "after_unknown": {"id": true},
        "after": {"name": "d", "resource_group_name": "rg", "sku": "Basic"}});
    text["deferred_changes"] = json!([
        put_off("deferred_prereq", "network_security_rule.d", rule.clone()),
        put_off("instance_count_unknown", "network_security_rule.e", rule),
        put_off("deferred_prereq", "public_ip.d", address)
    ]);
    let read = convert(&text);
    let what: Vec<_> = read.partial.iter().map(|one| one.what.clone()).collect();
    let deferred = |address: &str| PartialKind::Deferred { address: address.into() };
    assert_eq!(
        what,
        [
            PartialKind::Incomplete,
            PartialKind::Errored,
            deferred("azurerm_network_security_rule.d"),
            deferred("azurerm_network_security_rule.e"),
            deferred("azurerm_public_ip.d"),
        ]
    );
    let rules = at(&read, GROUP, "/properties/securityRules");
    assert_eq!(rules[0]["name"], "d");
    assert!(rules[0]["properties"]["$unknown"].is_object() && rules[1]["$unknown"].is_object(), "{rules}");
    assert_eq!(at(&read, "azurerm_public_ip.d", "/id"), format!("{NET}/publicIPAddresses/d"));
    assert!(at(&read, "azurerm_public_ip.d", "/properties/$unknown").is_object());
}

#[test]
fn joins_by_index_are_told() {
    let mut changes: Vec<Json> = (0..2)
        .map(|number| {
            let values =
                json!({"name": format!("g{number}"), "resource_group_name": "rg", "security_rule": []});
            made(&format!("{GROUP}[{number}]"), values, json!({"id": true}))
        })
        .collect();
    let nic = "azurerm_network_interface";
    for number in 0..2 {
        let values = json!({"name": format!("n{number}"), "resource_group_name": "rg"});
        changes.push(made(
            &format!("{nic}.n[{number}]"),
            values,
            json!({"id": true, "network_security_group_id": true}),
        ));
    }
    let references = refers(&[GROUP, "count.index"]);
    let blocks = [block("azurerm_network_interface.n", json!({"network_security_group_id": references}))];
    let read = convert(&plan(&changes, &blocks));
    let group = "/properties/networkSecurityGroup/id";
    assert_eq!(at(&read, "azurerm_network_interface.n[1]", group), format!("{NET}/networkSecurityGroups/g1"));
    let notes: Vec<_> = read.notes.iter().map(|note| (note.what, &*note.kind, note.count)).collect();
    assert_eq!(notes, [(NoteKind::Index, "count.index", 2)]);
    // With one instance there is nothing to count.
    changes.remove(1);
    changes.pop();
    assert!(convert(&plan(&changes, &blocks)).notes.is_empty());
}
