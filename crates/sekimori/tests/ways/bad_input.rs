//! Input that Azure would refuse, or that contradicts itself.

use serde_json::json;

use crate::common::{check, id, net};
use crate::world::{IP, World, flow, public, rule, verdict};

/// What a report says of input with something wrong in it: the messages, and the verdict of NET001.
pub(crate) fn bad(world: &World) -> (String, &'static str) {
    let report = check(&world.text());
    let errors = report["errors"].as_array().unwrap();
    for error in errors {
        assert!(error["line"].is_number() && error["pointer"].is_string(), "{error}");
    }
    let texts: Vec<_> = errors.iter().map(|error| error["message"].as_str().unwrap()).collect();
    (texts.join("\n"), verdict(&report, "NET001"))
}

#[test]
fn rules_that_azure_would_refuse_are_told_and_never_taken_for_safe() {
    // Priorities outside of what Azure accepts are told; one that is no priority at all may stand anywhere.
    for (priority, expected) in
        [(0u32, "unknown"), (1, "pass"), (99, "pass"), (4097, "fail"), (65000, "fail"), (70000, "unknown")]
    {
        let world =
            public(vec![rule("ssh", 300, "Allow", "*", "22"), rule("shut", priority, "Deny", "*", "*")]);
        let (errors, verdict) = bad(&world);
        assert!(errors.contains("a number from 100 to 4096"), "{priority}: {errors}");
        assert_eq!(verdict, expected, "{priority}");
    }
    let both =
        public(vec![rule("one", 300, "Allow", "*", "22"), rule("two", 300, "Deny", "*", "22")]).check();
    let rows = both["unknown"].as_array().unwrap();
    let reason = rows.iter().find(|row| row["code"] == "NET001").unwrap()["reason"].as_str().unwrap();
    assert!(reason.contains("rules of one priority"), "{reason}");
    let open = public(vec![rule("ssh", 50, "Allow", "*", "22"), rule("all", 100, "Allow", "*", "*")]);
    assert_eq!(bad(&open).1, "fail", "whichever comes first");
    // Singular and plural form of one field that contradict each other.
    let mut wide = rule("ssh", 300, "Allow", "10.0.0.0/8", "22");
    wide["properties"]["sourceAddressPrefixes"] = json!(["*"]);
    let (errors, verdict) = bad(&public(vec![wide.clone()]));
    assert!(
        errors.contains("`sourceAddressPrefix` and `sourceAddressPrefixes` say different things"),
        "{errors}"
    );
    assert_eq!(verdict, "unknown");
    wide["properties"]["sourceAddressPrefixes"] = json!(["10.0.0.0/8"]);
    assert_eq!(bad(&public(vec![wide])), (String::new(), "pass"), "the same twice is no contradiction");
    let mut ports = rule("web", 300, "Allow", "*", "443");
    ports["properties"]["destinationPortRanges"] = json!(["443", "22"]);
    let (errors, verdict) = bad(&public(vec![ports]));
    assert!(errors.contains("`destinationPortRange` and `destinationPortRanges`"), "{errors}");
    assert_eq!(verdict, "unknown");
    // An application security group with members in two networks.
    let mut astray = rule("ssh", 300, "Allow", "*", "22");
    let properties = astray["properties"].as_object_mut().unwrap();
    properties.remove("destinationAddressPrefix");
    properties.insert(
        "destinationApplicationSecurityGroups".to_owned(),
        json!([id("applicationSecurityGroups/a")]),
    );
    let mut world = public(vec![astray]);
    let member = |world: &mut World, nic: usize| {
        world.all[nic]["properties"]["ipConfigurations"][0]["properties"]["applicationSecurityGroups"] =
            json!([id("applicationSecurityGroups/a")]);
    };
    member(&mut world, 1);
    assert_eq!(bad(&world), (String::new(), "fail"));
    let mut other = world.all[1].clone();
    other["id"] = net("networkInterfaces/other").into();
    other["properties"].as_object_mut().unwrap().remove("virtualMachine");
    let ip = &mut other["properties"]["ipConfigurations"][0];
    ip["id"] = net("networkInterfaces/other/ipConfigurations/i").into();
    ip["properties"]["subnet"] = id("virtualNetworks/w/subnets/s");
    world.all.push(other);
    let (errors, verdict) = bad(&world);
    assert!(errors.contains("are in several virtual networks"), "{errors}");
    assert_eq!(verdict, "unknown");
}

#[test]
fn a_peering_to_a_network_that_is_not_there_is_unknown_where_it_matters() {
    let mut world = World::new(Some(vec![]));
    world.all[2]["properties"]["virtualNetworkPeerings"] = json!([{"name": "p", "properties": {
        "peeringState": "Connected", "allowVirtualNetworkAccess": true,
        "remoteVirtualNetwork": id("virtualNetworks/unknown")}}]);
    let answer = flow(&world, "172.16.0.4:50000", 22);
    assert_eq!(answer["access"], "Unknown");
    assert_eq!(
        flow(&world, "8.8.8.8:50000", 22)["access"],
        "Deny",
        "the internet's addresses are not a peer's"
    );
    assert_eq!(flow(&world, "10.0.0.5:50000", 22)["access"], "Allow", "the rest is still answered");
}

#[test]
fn a_public_address_that_no_nic_knows_of_is_told() {
    let attached = |target: &str| {
        json!({"id": net("publicIPAddresses/basic"), "sku": {"name": "Basic"},
            "properties": {"ipAddress": "20.9.9.9", "ipConfiguration": id(target)}})
    };
    assert_eq!(bad(&World::new(None).with(attached(IP))), (String::new(), "fail"), "it completes the NIC");
    let second = attached("networkInterfaces/n/ipConfigurations/second");
    assert_eq!(bad(&World::new(None).with(second)).1, "unknown", "the NIC's record lacks it");
    let lost = attached("networkInterfaces/lost/ipConfigurations/i");
    assert_eq!(bad(&World::new(None).with(lost)).1, "unknown", "a NIC that is not in the input");
    // Two records that name different addresses.
    let open = public(vec![rule("ssh", 300, "Allow", "*", "22")]);
    let (errors, verdict) = bad(&open.with(attached(IP)));
    assert!(errors.contains("two records of"), "{errors}");
    assert_eq!(verdict, "unknown");
}
