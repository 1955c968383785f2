//! How plans become resources: joins, modules, instances, unknowns, defaults, secrets.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value as Json, json};
use template::plan::{Plan, read};
use template::{Kind, Value, Why, json as input, wire};

/// A resource of a plan: address, values, what is unknown of it, its references by path (`ip_configuration.subnet_id`).
struct Given {
    address: &'static str,
    values: Json,
    unknown: Json,
    references: Vec<(&'static str, Vec<&'static str>)>,
}

fn given(
    address: &'static str,
    values: Json,
    unknown: Json,
    references: &[(&'static str, &[&'static str])],
) -> Given {
    let references = references.iter().map(|(path, list)| (*path, list.to_vec())).collect();
    Given { address, values, unknown, references }
}

fn expressions(references: &[(&str, Vec<&str>)]) -> Json {
    let mut all = json!({});
    for (path, list) in references {
        let list = json!({ "references": list });
        match path.split_once('.') {
            Some((block, name)) => all[block] = json!([{ name: list }]),
            None => all[*path] = list,
        }
    }
    all
}

/// A plan of resources in the root module.
fn plan_of(resources: &[Given], version: &str) -> Json {
    let (mut planned, mut changes, mut configured) = (Vec::new(), Vec::new(), Vec::new());
    for Given { address, values, unknown, references } in resources {
        let (block, index) = match address.split_once('[') {
            Some((block, index)) => (block, serde_json::from_str(index.trim_end_matches(']')).unwrap()),
            None => (*address, Json::Null),
        };
        let (kind, name) = block.split_once('.').unwrap();
        let mut one =
            json!({"address": address, "mode": "managed", "type": kind, "name": name, "values": values});
        let mut change = json!({"address": address, "mode": "managed", "type": kind, "name": name,
            "change": {"actions": ["create"], "after": values, "after_unknown": unknown}});
        if !index.is_null() {
            one["index"] = index.clone();
            change["index"] = index;
        }
        planned.push(one);
        changes.push(change);
        if !configured.iter().any(|known: &Json| known["address"] == block) {
            configured.push(json!({"address": block, "mode": "managed", "type": kind, "name": name,
                "expressions": expressions(references)}));
        }
    }
    json!({
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {
            "provider_config": {"azurerm": {"name": "azurerm", "version_constraint": version}},
            "root_module": {"resources": configured},
        },
    })
}

fn convert(plan: &Json) -> Plan {
    read(&input::read(plan.to_string().as_bytes(), 0).unwrap()).unwrap()
}

fn body<'p>(plan: &'p Plan, address: &str) -> &'p Value {
    let all: Vec<&str> = plan.resources.iter().map(|resource| &*resource.address).collect();
    let found = plan.resources.iter().find(|resource| *resource.address == *address);
    &found.unwrap_or_else(|| panic!("no {address} in {all:?}")).body
}

/// The value at a pointer, as it is written for the rest of the program.
fn at(plan: &Plan, address: &str, pointer: &str) -> Json {
    let mut line = Vec::new();
    wire::write(body(plan, address), &|why| format!("{why:?}"), &mut line);
    let whole: Json = serde_json::from_slice(&line).unwrap();
    whole.pointer(pointer).cloned().unwrap_or(Json::Null)
}

const NET: &str = "/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Network";

fn network() -> Vec<Given> {
    vec![
        given(
            "azurerm_resource_group.rg",
            json!({"name": "rg", "location": "eastus"}),
            json!({"id": true}),
            &[],
        ),
        given(
            "azurerm_virtual_network.v",
            json!({"name": "v", "resource_group_name": "rg", "address_space": ["10.0.0.0/16"]}),
            json!({"id": true}),
            &[],
        ),
        given(
            "azurerm_subnet.s",
            json!({"name": "s", "resource_group_name": "rg", "virtual_network_name": "v",
                "address_prefixes": ["10.0.1.0/24"]}),
            json!({"id": true}),
            &[],
        ),
        given(
            "azurerm_network_security_group.g",
            json!({"name": "g", "resource_group_name": "rg", "security_rule": []}),
            json!({"id": true}),
            &[],
        ),
        given(
            "azurerm_network_interface.n",
            json!({"name": "n", "resource_group_name": "rg", "ip_configuration": [{"name": "a"}]}),
            json!({"id": true, "ip_configuration": [{"subnet_id": true}]}),
            &[("ip_configuration.subnet_id", &["azurerm_subnet.s.id", "azurerm_subnet.s"])],
        ),
    ]
}

fn id(kind: &str) -> Json {
    json!(format!("{NET}/{kind}"))
}

#[test]
fn parts_stand_in_what_they_are_parts_of() {
    let mut all = network();
    all.push(given(
        "azurerm_network_security_rule.r",
        json!({"name": "r", "resource_group_name": "RG", "network_security_group_name": "g", "priority": 100,
            "destination_port_range": "22", "source_address_prefix": "*"}),
        json!({"id": true}),
        &[],
    ));
    let plan = convert(&plan_of(&all, "~> 4.0"));
    assert_eq!(
        at(&plan, "azurerm_virtual_network.v", "/properties/subnets/0/id"),
        id("virtualNetworks/v/subnets/s")
    );
    let rule = "/properties/securityRules/0/properties/destinationPortRange";
    assert_eq!(at(&plan, "azurerm_network_security_group.g", rule), "22");
    let addresses: Vec<&str> = plan.resources.iter().map(|one| &*one.address).collect();
    assert!(
        !addresses.contains(&"azurerm_network_security_rule.r") && !addresses.contains(&"azurerm_subnet.s")
    );
}

#[test]
fn a_pointer_leads_to_the_value_in_the_plan() {
    let mut all = network();
    all.push(given(
        "azurerm_network_security_rule.r",
        json!({"name": "r", "resource_group_name": "rg", "network_security_group_name": "g",
            "destination_port_range": "4711"}),
        json!({}),
        &[],
    ));
    let text = plan_of(&all, "~> 4.0").to_string();
    let plan = read(&input::read(text.as_bytes(), 7).unwrap()).unwrap();
    let group = body(&plan, "azurerm_network_security_group.g");
    let span = wire::find(group, "/properties/securityRules/0/properties/destinationPortRange").at;
    assert_eq!(span.file, 7);
    assert_eq!(&text[span.start as usize..span.end as usize], "\"4711\"");
    let element = wire::find(group, "/properties/securityRules/0").at;
    assert!(text[element.start as usize..element.end as usize].contains("4711"));
}

#[test]
fn associations_set_what_they_are_of() {
    let mut all = network();
    let group: &[&str] = &["azurerm_network_security_group.g.id", "azurerm_network_security_group.g"];
    all.push(given(
        "azurerm_subnet_network_security_group_association.a",
        json!({}),
        json!({"subnet_id": true, "network_security_group_id": true}),
        &[("subnet_id", &["azurerm_subnet.s.id", "azurerm_subnet.s"]), ("network_security_group_id", group)],
    ));
    all.push(given(
        "azurerm_network_interface_security_group_association.b",
        json!({}),
        json!({"network_interface_id": true, "network_security_group_id": true}),
        &[
            ("network_interface_id", &["azurerm_network_interface.n.id", "azurerm_network_interface.n"]),
            ("network_security_group_id", &["local.group"]),
        ],
    ));
    let plan = convert(&plan_of(&all, "~> 4.0"));
    assert_eq!(
        at(&plan, "azurerm_virtual_network.v", "/properties/subnets/0/properties/networkSecurityGroup/id"),
        id("networkSecurityGroups/g")
    );
    // A group that nobody can tell is not the same as none.
    let unknown = at(&plan, "azurerm_network_interface.n", "/properties/networkSecurityGroup/$unknown");
    assert!(unknown.is_object(), "{unknown}");
    let subnet = "/properties/ipConfigurations/0/properties/subnet/id";
    assert_eq!(at(&plan, "azurerm_network_interface.n", subnet), id("virtualNetworks/v/subnets/s"));
}

#[test]
fn an_association_of_nobody_knows_what_may_be_of_any() {
    let mut all = network();
    all.push(given(
        "azurerm_network_interface_security_group_association.b",
        json!({}),
        json!({"network_interface_id": true, "network_security_group_id": true}),
        &[
            ("network_interface_id", &["local.nic"]),
            ("network_security_group_id", &["azurerm_network_security_group.g.id"]),
        ],
    ));
    let plan = convert(&plan_of(&all, "~> 4.0"));
    let unknown = at(&plan, "azurerm_network_interface.n", "/properties/networkSecurityGroup/$unknown");
    assert!(unknown.is_object(), "{unknown}");
    assert_eq!(plan.faults.len(), 1);
}

#[test]
fn an_association_of_what_stands_already_is_told_of_it() {
    let mut all = network();
    let subnet =
        "/subscriptions/sub/resourceGroups/o/providers/Microsoft.Network/virtualNetworks/o/subnets/o";
    all.push(given(
        "azurerm_subnet_network_security_group_association.a",
        json!({"subnet_id": subnet}),
        json!({"network_security_group_id": true}),
        &[("network_security_group_id", &["azurerm_network_security_group.g.id"])],
    ));
    let plan = convert(&plan_of(&all, "~> 4.0"));
    let address = "azurerm_subnet_network_security_group_association.a";
    assert_eq!(at(&plan, address, "/id"), subnet);
    assert_eq!(at(&plan, address, "/type"), "Microsoft.Network/virtualNetworks/subnets");
    assert_eq!(at(&plan, address, "/properties/networkSecurityGroup/id"), id("networkSecurityGroups/g"));
}

#[test]
fn memberships_go_to_the_configuration_that_they_name() {
    let mut all = network();
    let n: &[&str] = &["azurerm_network_interface.n.id", "azurerm_network_interface.n"];
    all.push(given(
        "azurerm_application_security_group.asg",
        json!({"name": "asg", "resource_group_name": "rg"}),
        json!({"id": true}),
        &[],
    ));
    all.push(given(
        "azurerm_lb.l",
        json!({"name": "l", "resource_group_name": "rg",
        "frontend_ip_configuration": [{"name": "f"}]}),
        json!({"id": true}),
        &[],
    ));
    all.push(given(
        "azurerm_lb_nat_rule.r",
        json!({"name": "r", "resource_group_name": "rg", "frontend_ip_configuration_name": "f", "protocol": "Tcp",
            "frontend_port": 5022, "backend_port": 22}),
        json!({"id": true, "loadbalancer_id": true}),
        &[("loadbalancer_id", &["azurerm_lb.l.id", "azurerm_lb.l"])],
    ));
    all.push(given(
        "azurerm_network_interface_nat_rule_association.x",
        json!({"ip_configuration_name": "a"}),
        json!({"network_interface_id": true, "nat_rule_id": true}),
        &[
            ("network_interface_id", n),
            ("nat_rule_id", &["azurerm_lb_nat_rule.r.id", "azurerm_lb_nat_rule.r"]),
        ],
    ));
    all.push(given(
        "azurerm_network_interface_application_security_group_association.z",
        json!({}),
        json!({"network_interface_id": true, "application_security_group_id": true}),
        &[
            ("network_interface_id", n),
            ("application_security_group_id", &["azurerm_application_security_group.asg.id"]),
        ],
    ));
    let plan = convert(&plan_of(&all, "~> 4.0"));
    let own = "/properties/ipConfigurations/0/properties";
    assert_eq!(
        at(&plan, "azurerm_network_interface.n", &format!("{own}/loadBalancerInboundNatRules")),
        json!([{"id": id("loadBalancers/l/inboundNatRules/r")}])
    );
    assert_eq!(
        at(&plan, "azurerm_network_interface.n", &format!("{own}/applicationSecurityGroups/0/id")),
        id("applicationSecurityGroups/asg")
    );
    let rule = "/properties/inboundNatRules/0/properties";
    assert_eq!(
        at(&plan, "azurerm_lb.l", &format!("{rule}/frontendIPConfiguration/id")),
        id("loadBalancers/l/frontendIPConfigurations/f")
    );
    assert_eq!(at(&plan, "azurerm_lb.l", &format!("{rule}/frontendPort")), 5022);
    assert_eq!(at(&plan, "azurerm_lb.l", "/sku/name"), "Standard");
}

fn machine(address: &'static str, references: &[&'static str]) -> Given {
    given(
        address,
        json!({"name": address, "resource_group_name": "rg", "network_interface_ids": [null],
            "os_disk": [{"caching": "None"}], "admin_username": "u", "admin_password": "hunter22",
            "custom_data": "c2VjcmV0"}),
        json!({"id": true, "network_interface_ids": true}),
        &[("network_interface_ids", references)],
    )
}

fn nic(address: &'static str, name: &str) -> Given {
    given(address, json!({"name": name, "resource_group_name": "rg"}), json!({"id": true}), &[])
}

#[test]
fn instances_meet_by_their_index() {
    let references: &[&str] = &["azurerm_network_interface.n", "count.index"];
    let all = [
        nic("azurerm_network_interface.n[0]", "n0"),
        nic("azurerm_network_interface.n[1]", "n1"),
        machine("azurerm_linux_virtual_machine.m[0]", references),
        machine("azurerm_linux_virtual_machine.m[1]", references),
        machine(
            "azurerm_linux_virtual_machine.one",
            &[
                "azurerm_network_interface.n[1].id",
                "azurerm_network_interface.n[1]",
                "azurerm_network_interface.n",
            ],
        ),
        machine("azurerm_linux_virtual_machine.all", &["azurerm_network_interface.n"]),
        machine("azurerm_linux_virtual_machine.open", &["azurerm_network_interface.n", "local.x"]),
    ];
    let mut text = plan_of(&all, "~> 4.0");
    // Of a list without a length each one that is named is an element.
    for one in text["planned_values"]["root_module"]["resources"].as_array_mut().unwrap() {
        one["values"].as_object_mut().unwrap().remove("network_interface_ids");
    }
    let plan = convert(&text);
    let nics = "/properties/networkProfile/networkInterfaces";
    for (address, expected) in [("m[0]", "n0"), ("m[1]", "n1"), ("one", "n1")] {
        let found = at(&plan, &format!("azurerm_linux_virtual_machine.{address}"), nics);
        assert_eq!(found.as_array().unwrap().len(), 1, "{address}");
        assert_eq!(found[0]["id"], id(&format!("networkInterfaces/{expected}")), "{address}");
        assert_eq!(found[0]["properties"]["primary"], true);
    }
    let found = at(&plan, "azurerm_linux_virtual_machine.all", nics);
    assert_eq!(found.as_array().unwrap().len(), 2);
    assert_eq!(found[1]["properties"]["primary"], false);
    assert!(at(&plan, "azurerm_linux_virtual_machine.open", nics)["$unknown"].is_object());
}

#[test]
fn keys_of_for_each_meet_too() {
    let subnet = |address, name: &str| {
        given(
            address,
            json!({"name": name, "resource_group_name": "rg", "virtual_network_name": "v"}),
            json!({"id": true}),
            &[],
        )
    };
    let nic = |address: &'static str, references: &'static [&'static str]| {
        given(
            address,
            json!({"name": address, "resource_group_name": "rg", "ip_configuration": [{"name": "a"}]}),
            json!({"id": true, "ip_configuration": [{"subnet_id": true}]}),
            &[("ip_configuration.subnet_id", references)],
        )
    };
    let all = [
        subnet("azurerm_subnet.s[\"a\"]", "sa"),
        subnet("azurerm_subnet.s[\"b\"]", "sb"),
        nic("azurerm_network_interface.k[\"b\"]", &["azurerm_subnet.s", "each.key"]),
        nic(
            "azurerm_network_interface.other[\"c\"]",
            &["azurerm_subnet.s", "each.value.subnet", "each.value"],
        ),
    ];
    let plan = convert(&plan_of(&all, "~> 4.0"));
    let subnet = "/properties/ipConfigurations/0/properties/subnet";
    assert_eq!(
        at(&plan, "azurerm_network_interface.k[\"b\"]", &format!("{subnet}/id")),
        id("virtualNetworks/v/subnets/sb")
    );
    assert!(at(&plan, "azurerm_network_interface.other[\"c\"]", subnet)["$unknown"].is_object());
}

#[test]
fn variables_and_outputs_lead_through_modules() {
    let resource = |module: &str, kind: &str, name: &str, values: Json| json!({"address": format!("{module}.{kind}.{name}"), "mode": "managed", "type": kind, "name": name, "values": values});
    let child = |key: &str| {
        let module = format!("module.net[\"{key}\"]");
        json!({"address": module, "resources": [resource(&module, "azurerm_subnet", "s",
            json!({"name": key, "resource_group_name": "rg", "virtual_network_name": "v"}))]})
    };
    let vm = "module.vm";
    let plan = convert(&json!({
        "format_version": "1.2",
        "planned_values": {"root_module": {"child_modules": [
            child("a"), child("b"),
            {"address": vm, "resources": [resource(vm, "azurerm_network_interface", "n",
                json!({"name": "n", "resource_group_name": "rg", "ip_configuration": [{"name": "x"}]}))]},
        ]}},
        "resource_changes": [{"address": "module.vm.azurerm_network_interface.n", "change": {"actions": ["create"],
            "after": {}, "after_unknown": {"ip_configuration": [{"subnet_id": true}]}}}],
        "configuration": {"root_module": {"module_calls": {
            "net": {"module": {
                "outputs": {"subnet": {"expression": {"references": ["azurerm_subnet.s.id", "azurerm_subnet.s"]}}},
                "resources": [{"address": "azurerm_subnet.s", "mode": "managed", "type": "azurerm_subnet", "name": "s"}]}},
            "vm": {"expressions": {"subnet": {"references": ["module.net[\"b\"].subnet", "module.net[\"b\"]", "module.net"]}},
                "module": {"resources": [{"address": "azurerm_network_interface.n", "mode": "managed",
                    "type": "azurerm_network_interface", "name": "n", "expressions": {
                        "ip_configuration": [{"subnet_id": {"references": ["var.subnet"]}}]}}]}},
        }}},
    }));
    let subnet = "/properties/ipConfigurations/0/properties/subnet/id";
    assert_eq!(at(&plan, "module.vm.azurerm_network_interface.n", subnet), id("virtualNetworks/v/subnets/b"));
}

#[test]
fn circles_of_modules_end() {
    let output = json!({"references": ["module.a.x", "module.a"]});
    let plan = convert(&json!({
        "format_version": "1.0",
        "planned_values": {"root_module": {
            "resources": [{"address": "azurerm_network_interface.n", "mode": "managed", "type": "azurerm_network_interface",
                "name": "n", "values": {"name": "n", "ip_configuration": [{"name": "x"}]}}],
            "child_modules": [{"address": "module.a", "resources": [], "child_modules": [{"address": "module.a.module.a"}]}]}},
        "resource_changes": [{"address": "azurerm_network_interface.n", "change": {"after": {},
            "after_unknown": {"ip_configuration": [{"subnet_id": true}]}}}],
        "configuration": {"root_module": {
            "resources": [{"mode": "managed", "type": "azurerm_network_interface", "name": "n",
                "expressions": {"ip_configuration": [{"subnet_id": output}]}}],
            "module_calls": {"a": {"expressions": {"v": {"references": ["module.a.x"]}}, "module": {"outputs": {"x": {"expression": {"references": ["var.v"]}}}}}}}},
    }));
    assert!(at(&plan, "azurerm_network_interface.n", "/properties/ipConfigurations/0/properties/subnet")["$unknown"].is_object());
}

#[test]
fn one_unknown_name_is_one_thing() {
    let group: &[&str] = &["azurerm_resource_group.rg.name", "azurerm_resource_group.rg"];
    let one = |address| {
        given(
            address,
            json!({"name": "x"}),
            json!({"id": true, "resource_group_name": true}),
            &[("resource_group_name", group)],
        )
    };
    let all = [
        given("azurerm_resource_group.rg", json!({}), json!({"name": true, "id": true}), &[]),
        one("azurerm_virtual_network.a"),
        one("azurerm_public_ip.a"),
    ];
    let plan = convert(&plan_of(&all, "~> 4.0"));
    let name =
        |address: &str| at(&plan, address, "/id").as_str().unwrap().split('/').nth(4).unwrap().to_owned();
    assert_eq!(name("azurerm_virtual_network.a"), "{azurerm_resource_group.rg.name}");
    assert_eq!(name("azurerm_virtual_network.a"), name("azurerm_public_ip.a"));
    assert_eq!(name("azurerm_virtual_network.a"), name("azurerm_resource_group.rg"));
}

#[test]
fn defaults_are_those_of_the_release() {
    for (version, expected) in [("~> 3.0", json!({"name": "Basic"})), ("~> 4.0", json!({"name": "Standard"}))]
    {
        let all =
            [given("azurerm_public_ip.p", json!({"name": "p", "resource_group_name": "rg"}), json!({}), &[])];
        assert_eq!(
            at(&convert(&plan_of(&all, version)), "azurerm_public_ip.p", "/sku"),
            expected,
            "{version}"
        );
    }
    let all =
        [given("azurerm_public_ip.p", json!({"name": "p", "resource_group_name": "rg"}), json!({}), &[])];
    assert!(at(&convert(&plan_of(&all, ">= 3.0")), "azurerm_public_ip.p", "/sku/$unknown").is_object());
    let all = [machine("azurerm_linux_virtual_machine.m", &[])];
    let plan = convert(&plan_of(&all, ""));
    let linux = "/properties/osProfile/linuxConfiguration";
    let at = |pointer: &str| at(&plan, "azurerm_linux_virtual_machine.m", &format!("{linux}/{pointer}"));
    assert_eq!(at("disablePasswordAuthentication"), true);
    assert_eq!(at("patchSettings/patchMode"), "ImageDefault");
}

#[test]
fn secrets_stay_where_they_are() {
    let mut text = plan_of(&[machine("azurerm_linux_virtual_machine.m", &[])], "~> 4.0");
    text["planned_values"]["root_module"]["resources"][0]["sensitive_values"] =
        json!({"admin_username": true});
    text["planned_values"]["root_module"]["resources"][0]["values"]["user_data"] = json!(null);
    let plan = convert(&text);
    let found = body(&plan, "azurerm_linux_virtual_machine.m");
    for name in ["adminPassword", "customData", "adminUsername"] {
        let value = wire::find(found, &format!("/properties/osProfile/{name}"));
        assert!(
            matches!(&value.kind, Kind::Unknown(unknown) if matches!(unknown.why, Why::Sensitive(_))),
            "{name}"
        );
    }
    let whole = format!("{found:?}");
    assert!(!whole.contains("hunter22") && !whole.contains("c2VjcmV0"));
    assert!(found.object().unwrap().get("properties").unwrap().object().unwrap().get("userData").is_none());
}

#[test]
fn azapi_is_taken_as_it_is() {
    let jit = "Microsoft.Security/locations/jitNetworkAccessPolicies@2020-01-01";
    let parent = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Security/locations/eastus";
    let all = [
        given(
            "azapi_resource.jit",
            json!({"type": jit, "parent_id": parent, "name": "default",
                "body": "{\"kind\":\"Basic\",\"properties\":{\"virtualMachines\":[{\"id\":\"x\"}]}}"}),
            json!({}),
            &[],
        ),
        given(
            "azurerm_public_ip.p",
            json!({"name": "p", "resource_group_name": "rg", "sku": "Basic"}),
            json!({"id": true}),
            &[],
        ),
        given(
            "azapi_update_resource.u",
            json!({"type": "Microsoft.Network/publicIPAddresses@2023-01-01",
                "body": {"properties": {"ddosSettings": {"protectionMode": "Enabled"}}}}),
            json!({"resource_id": true}),
            &[("resource_id", &["azurerm_public_ip.p.id", "azurerm_public_ip.p"])],
        ),
    ];
    let plan = convert(&plan_of(&all, "~> 4.0"));
    assert_eq!(at(&plan, "azapi_resource.jit", "/id"), format!("{parent}/jitNetworkAccessPolicies/default"));
    assert_eq!(
        at(&plan, "azapi_resource.jit", "/type"),
        "Microsoft.Security/locations/jitNetworkAccessPolicies"
    );
    assert_eq!(at(&plan, "azapi_resource.jit", "/kind"), "Basic");
    assert_eq!(at(&plan, "azapi_resource.jit", "/properties/virtualMachines/0/id"), "x");
    assert_eq!(at(&plan, "azurerm_public_ip.p", "/properties/ddosSettings/protectionMode"), "Enabled");
    assert_eq!(at(&plan, "azurerm_public_ip.p", "/sku/name"), "Basic");
}

#[test]
fn data_sources_join_and_what_is_not_converted_is_counted() {
    let subnet =
        "/subscriptions/sub-1/resourceGroups/o/providers/Microsoft.Network/virtualNetworks/o/subnets/o";
    let mut all = network();
    all.pop();
    all.push(given(
        "azurerm_network_interface.n",
        json!({"name": "n", "resource_group_name": "rg", "ip_configuration": [{"name": "a"}]}),
        json!({"id": true, "ip_configuration": [{"subnet_id": true}]}),
        &[("ip_configuration.subnet_id", &["data.azurerm_subnet.o.id", "data.azurerm_subnet.o"])],
    ));
    all.push(given("azurerm_mssql_server.x", json!({"name": "x"}), json!({}), &[]));
    all.push(given("azurerm_mssql_server.y", json!({"name": "y"}), json!({}), &[]));
    let mut text = plan_of(&all, "~> 4.0");
    text["prior_state"] = json!({"values": {"root_module": {"resources": [
        {"address": "data.azurerm_subnet.o", "mode": "data", "type": "azurerm_subnet", "name": "o",
            "values": {"id": subnet, "name": "o", "network_security_group_id": "", "address_prefixes": ["10.9.0.0/24"]}},
        {"address": "data.azurerm_client_config.c", "mode": "data", "type": "azurerm_client_config", "name": "c",
            "values": {"id": "x"}},
    ]}}});
    let plan = convert(&text);
    let own = "/properties/ipConfigurations/0/properties/subnet/id";
    assert_eq!(at(&plan, "azurerm_network_interface.n", own), subnet);
    assert_eq!(
        at(&plan, "azurerm_virtual_network.v", "/id").as_str().unwrap().split('/').nth(2),
        Some("sub-1")
    );
    assert_eq!(at(&plan, "data.azurerm_subnet.o", "/properties/addressPrefixes/0"), "10.9.0.0/24");
    assert_eq!(at(&plan, "data.azurerm_subnet.o", "/properties/networkSecurityGroup"), Json::Null);
    let notes: Vec<_> = plan.notes.iter().map(|note| (&*note.kind, note.count)).collect();
    assert_eq!(notes, [("azurerm_mssql_server", 2), ("data.azurerm_client_config", 1)]);
}

#[test]
fn states_are_read_in_both_forms() {
    let nic = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces/n";
    let raw = json!({"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "x", "resources": [
        {"mode": "managed", "type": "azurerm_network_interface", "name": "n", "module": "module.m",
            "instances": [{"index_key": "a", "attributes": {"id": nic, "name": "n"}}]}]});
    assert_eq!(at(&convert(&raw), "module.m.azurerm_network_interface.n[\"a\"]", "/id"), nic);
    let shown = json!({"format_version": "1.0", "values": {"root_module": {"resources": [
        {"address": "azurerm_network_interface.n", "mode": "managed", "type": "azurerm_network_interface", "name": "n",
            "values": {"id": nic, "name": "n"}}]}}});
    assert_eq!(at(&convert(&shown), "azurerm_network_interface.n", "/id"), nic);
    let changes = json!({"format_version": "1.0", "resource_changes": [
        {"address": "azurerm_network_interface.n", "mode": "managed", "type": "azurerm_network_interface", "name": "n",
            "change": {"actions": ["create"], "after": {"id": nic}}},
        {"address": "azurerm_network_interface.gone", "mode": "managed", "type": "azurerm_network_interface",
            "name": "gone", "change": {"actions": ["delete"], "after": null}}]});
    assert_eq!(convert(&changes).resources.len(), 1);
}

#[test]
fn what_is_no_plan_is_refused() {
    let check = |text: &str, expected: &str| {
        let fault = read(&input::read(text.as_bytes(), 0).unwrap()).unwrap_err();
        assert_eq!(fault.kind.to_string(), expected, "{text}");
    };
    check("[]", "not a Terraform plan or state");
    check("{}", "not a Terraform plan or state");
    check("{\"format_version\": \"1.0\"}", "not a Terraform plan or state");
    check("{\"format_version\": \"2.0\", \"values\": {}}", "format version 2.0 is not known");
    check(
        "{\"version\": 3, \"resources\": []}",
        "not a state that can be read: write it with `terraform show -json`",
    );
    let deep = "module.a.".repeat(70);
    let deep = deep.trim_end_matches('.');
    check(
        &json!({"format_version": "1.0", "planned_values": {"root_module": {"child_modules": [{"address": deep}]}}}).to_string(),
        "nested deeper than 32 levels",
    );
}

#[test]
fn what_nobody_set_is_no_unknown() {
    let lb = |address: &'static str, references: &[(&'static str, &[&'static str])]| {
        given(
            address,
            json!({"name": address, "resource_group_name": "rg", "frontend_ip_configuration": [{"name": "f"}]}),
            json!({"frontend_ip_configuration": [{"public_ip_address_id": true, "private_ip_address": true}]}),
            references,
        )
    };
    let all = [
        lb("azurerm_lb.inner", &[("frontend_ip_configuration.subnet_id", &["azurerm_subnet.s.id"])]),
        lb("azurerm_lb.outer", &[("frontend_ip_configuration.public_ip_address_id", &["local.address"])]),
        given(
            "azurerm_network_security_group.g",
            json!({"name": "g", "resource_group_name": "rg"}),
            json!({"id": true, "security_rule": true}),
            &[("name", &["var.name"])],
        ),
        given(
            "azurerm_network_security_rule.r",
            json!({"name": "r", "resource_group_name": "rg", "network_security_group_name": "g"}),
            json!({}),
            &[],
        ),
    ];
    let frontend = "/properties/frontendIPConfigurations/0/properties/publicIPAddress";
    for (version, count) in [("~> 3.0", 1), ("~> 4.0", 1)] {
        let plan = convert(&plan_of(&all, version));
        assert_eq!(at(&plan, "azurerm_lb.inner", frontend), Json::Null);
        assert!(at(&plan, "azurerm_lb.outer", frontend)["$unknown"].is_object());
        let rules = at(&plan, "azurerm_network_security_group.g", "/properties/securityRules");
        assert_eq!(rules.as_array().map(Vec::len), Some(count), "{rules}");
    }
}

#[test]
fn what_a_plan_tells_twice_is_one_thing() {
    let mut all = network();
    all.retain(|one| one.address != "azurerm_network_security_group.g");
    all.push(given(
        "azurerm_network_security_group.g",
        json!({"name": "g", "resource_group_name": "rg", "security_rule": [{"name": "R", "priority": 100}, {"name": "other"}]}),
        json!({"id": true}),
        &[],
    ));
    all.push(given(
        "azurerm_network_security_rule.r",
        json!({"name": "r", "resource_group_name": "rg", "network_security_group_name": "g", "priority": 200}),
        json!({}),
        &[],
    ));
    let rules = at(
        &convert(&plan_of(&all, "~> 3.0")),
        "azurerm_network_security_group.g",
        "/properties/securityRules",
    );
    assert_eq!(rules.as_array().unwrap().len(), 2);
    assert_eq!(rules[0]["properties"]["priority"], 200);
}

#[test]
fn disks_and_machines_meet() {
    let disk = |address| {
        given(address, json!({"name": address, "resource_group_name": "rg"}), json!({"id": true}), &[])
    };
    let attachment = |disk: &'static [&'static str]| {
        given(
            "azurerm_virtual_machine_data_disk_attachment.a",
            json!({"lun": 3}),
            json!({"managed_disk_id": true, "virtual_machine_id": true}),
            &[
                ("managed_disk_id", disk),
                (
                    "virtual_machine_id",
                    &["azurerm_linux_virtual_machine.m.id", "azurerm_linux_virtual_machine.m"],
                ),
            ],
        )
    };
    let all = |references| {
        let machine = machine("azurerm_linux_virtual_machine.m", &[]);
        convert(&plan_of(
            &[
                disk("azurerm_managed_disk.d"),
                disk("azurerm_managed_disk.e"),
                machine,
                attachment(references),
            ],
            "",
        ))
    };
    let plan = all(&["azurerm_managed_disk.d.id", "azurerm_managed_disk.d"]);
    let own = at(&plan, "azurerm_linux_virtual_machine.m", "/id");
    assert_eq!(at(&plan, "azurerm_managed_disk.d", "/managedBy"), own);
    assert_eq!(at(&plan, "azurerm_managed_disk.e", "/managedBy"), Json::Null);
    let attached = "/properties/storageProfile/dataDisks/0";
    assert_eq!(
        at(&plan, "azurerm_linux_virtual_machine.m", &format!("{attached}/managedDisk/id")),
        at(&plan, "azurerm_managed_disk.d", "/id")
    );
    // Any of them may be the one.
    let plan = all(&["local.disk"]);
    assert!(at(&plan, "azurerm_managed_disk.e", "/managedBy")["$unknown"].is_object());
}
