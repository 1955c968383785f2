//! Whatever a plan says, reading it neither panics nor goes on for ever.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use template::{json as input, plan};

const KINDS: [&str; 36] = [
    "azurerm_resource_group",
    "azurerm_virtual_network",
    "azurerm_subnet",
    "azurerm_virtual_network_peering",
    "azurerm_network_security_group",
    "azurerm_network_security_rule",
    "azurerm_network_interface",
    "azurerm_public_ip",
    "azurerm_route_table",
    "azurerm_route",
    "azurerm_lb",
    "azurerm_lb_backend_address_pool",
    "azurerm_lb_rule",
    "azurerm_lb_nat_rule",
    "azurerm_application_gateway",
    "azurerm_firewall",
    "azurerm_firewall_nat_rule_collection",
    "azurerm_firewall_policy_rule_collection_group",
    "azurerm_bastion_host",
    "azurerm_linux_virtual_machine",
    "azurerm_windows_virtual_machine",
    "azurerm_virtual_machine",
    "azurerm_linux_virtual_machine_scale_set",
    "azurerm_orchestrated_virtual_machine_scale_set",
    "azurerm_virtual_machine_scale_set",
    "azurerm_virtual_machine_extension",
    "azurerm_managed_disk",
    "azurerm_backup_protected_vm",
    "azurerm_role_assignment",
    "azurerm_role_definition",
    "azurerm_subnet_network_security_group_association",
    "azurerm_network_interface_security_group_association",
    "azurerm_network_interface_nat_rule_association",
    "azurerm_virtual_machine_data_disk_attachment",
    "azapi_resource",
    "azapi_update_resource",
];

/// Attributes that lead elsewhere, and where.
const LINKS: [(&str, &str); 14] = [
    ("subnet_id", "azurerm_subnet"),
    ("network_interface_id", "azurerm_network_interface"),
    ("network_interface_ids", "azurerm_network_interface"),
    ("network_security_group_id", "azurerm_network_security_group"),
    ("network_security_group_name", "azurerm_network_security_group"),
    ("virtual_network_name", "azurerm_virtual_network"),
    ("resource_group_name", "azurerm_resource_group"),
    ("loadbalancer_id", "azurerm_lb"),
    ("virtual_machine_id", "azurerm_linux_virtual_machine"),
    ("managed_disk_id", "azurerm_managed_disk"),
    ("parent_id", "azapi_resource"),
    ("resource_id", "azurerm_public_ip"),
    ("scope", "azapi_update_resource"),
    ("nat_rule_id", "azurerm_lb_nat_rule"),
];

const BLOCKS: [&str; 14] = [
    "ip_configuration",
    "frontend_ip_configuration",
    "security_rule",
    "subnet",
    "route",
    "os_disk",
    "os_profile",
    "network_interface",
    "identity",
    "nat_rule_collection",
    "rule",
    "permissions",
    "backend_address_pool",
    "linux_configuration",
];

/// A plan with every kind of resource, each of them with every attribute.
fn whole() -> Json {
    let (mut planned, mut changes, mut configured) = (Vec::new(), Vec::new(), Vec::new());
    for kind in KINDS {
        let (mut values, mut unknown, mut expressions) = (Map::new(), Map::new(), Map::new());
        values.insert("name".into(), json!("x"));
        values.insert("type".into(), json!("Microsoft.Network/virtualNetworks/subnets@2023-01-01"));
        values.insert("body".into(), json!("{\"properties\":{\"a\":[1]}}"));
        for (name, target) in LINKS {
            unknown.insert(name.into(), json!(true));
            let part = if name.ends_with("_name") { "name" } else { "id" };
            let whole = format!("{target}.x");
            expressions.insert(name.into(), json!({"references": [format!("{whole}.{part}"), whole]}));
        }
        let links = expressions.clone();
        for name in BLOCKS {
            let inner: Map<String, Json> =
                LINKS.iter().map(|(name, _)| ((*name).to_owned(), json!(true))).collect();
            values.insert(name.into(), json!([{"name": "b", "rule": [{"name": "r"}]}]));
            unknown.insert(name.into(), json!([inner]));
            expressions.insert(name.into(), json!([links]));
        }
        let address = format!("{kind}.x");
        let with = |part: &str, value: Json| {
            let mut whole = Map::new();
            for (name, value) in [("address", &*address), ("mode", "managed"), ("type", kind), ("name", "x")]
            {
                whole.insert(name.into(), json!(value));
            }
            whole.insert(part.into(), value);
            Json::Object(whole)
        };
        planned.push(with("values", Json::Object(values.clone())));
        changes
            .push(with("change", json!({"actions": ["create"], "after": values, "after_unknown": unknown})));
        configured.push(with("expressions", Json::Object(expressions)));
    }
    json!({
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    })
}

/// The same, and each resource deleted, replaced and put off as well.
fn whole_and_gone() -> Json {
    let mut text = whole();
    let changes = text["resource_changes"].as_array().cloned().unwrap_or_default();
    let mut more = Vec::new();
    for (index, one) in changes.iter().enumerate() {
        let mut one = one.clone();
        one["change"]["before"] = one["change"]["after"].clone();
        one["change"]["before"]["id"] =
            json!(format!("/subscriptions/s/resourceGroups/g/providers/a/b/{index}"));
        one["change"]["actions"] = json!(["delete", "create"]);
        more.push(one.clone());
        one["address"] = json!(format!("{}[0]", one["address"].as_str().unwrap_or_default()));
        one["change"]["actions"] = json!(["delete"]);
        more.push(one);
    }
    let put_off = |one: &Json| json!({"reason": "instance_count_unknown", "resource_change": one});
    text["deferred_changes"] = changes.iter().map(put_off).collect();
    text["resource_changes"] = [changes, more].concat().into();
    text["complete"] = json!(false);
    text["configuration"]["provider_config"] = json!({"azurerm": {"name": "azurerm", "expressions": {
        "subscription_id": {"references": ["var.s"]}}}, "azurerm.x": {"name": "azurerm", "alias": "x"}});
    text["variables"] = json!({"s": {"value": "x"}});
    text
}

/// A state as Terraform keeps it.
fn raw_state() -> Json {
    let steps = json!([[{"type": "get_attr", "value": "body"}], [{"type": "get_attr", "value": "rule"},
        {"type": "index", "value": {"value": 3, "type": "number"}}, {"type": "get_attr", "value": "name"}]]);
    let instance = |values: &Json| json!([{"attributes": values, "sensitive_attributes": steps}]);
    let all = whole()["planned_values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
    let one = |own: &Json| json!({"mode": "managed", "type": own["type"], "name": "x", "instances": instance(&own["values"])});
    json!({"version": 4, "terraform_version": "1.9.0", "serial": 1, "resources": all.iter().map(one).collect::<Vec<_>>()})
}

/// Numbers that a seed leads to.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Drops members, and puts other types in the place of values.
fn spoil(value: &mut Json, dice: &mut Dice, rarity: u64) {
    if dice.roll(rarity) == 0 {
        *value = match dice.roll(8) {
            0 => Json::Null,
            1 => json!(true),
            2 => json!(-1),
            3 => json!(""),
            4 => json!([value.clone()]),
            5 => json!({ "id": value.clone() }),
            6 => json!("module.a[\"[.\"].é[0].id"),
            _ => json!([]),
        };
        return;
    }
    match value {
        Json::Array(items) => {
            items.retain(|_| dice.roll(rarity) != 0);
            items.iter_mut().for_each(|item| spoil(item, dice, rarity));
        }
        Json::Object(members) => {
            members.retain(|_, _| dice.roll(rarity) != 0);
            members.values_mut().for_each(|item| spoil(item, dice, rarity));
        }
        _ => {}
    }
}

#[test]
fn the_whole_plan_is_converted() {
    let read = plan::read(&input::read(whole().to_string().as_bytes(), 0).unwrap()).unwrap();
    assert!(read.notes.is_empty(), "{:?}", read.notes);
    assert!(read.resources.len() > 15);
    let read = plan::read(&input::read(whole_and_gone().to_string().as_bytes(), 0).unwrap()).unwrap();
    assert!(read.gone.len() > 15 && read.partial.len() > 15, "{} {}", read.gone.len(), read.partial.len());
    assert!(
        plan::read(&input::read(raw_state().to_string().as_bytes(), 0).unwrap()).unwrap().resources.len()
            > 15
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn spoiled_plans_do_no_harm(seed: u64, rarity in prop_oneof![Just(10u64), Just(60), Just(300)]) {
        for mut text in [whole(), whole_and_gone(), raw_state()] {
            spoil(&mut text, &mut Dice(seed), rarity);
            let _ = plan::read(&input::read(text.to_string().as_bytes(), 0).unwrap());
        }
    }
}
