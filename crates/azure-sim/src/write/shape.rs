//! What Azure makes of a body: ids, ETags, states, parts, defaults, and what it keeps of what was there.
//!
//! INVARIANT: what was sent is in the answer as it was sent, secrets left out; all else is what Azure was seen to add.

use serde_json::{Map, Value, json};

use super::address::{Address, parts_of};
use super::store::{is_named, set, text};
use crate::world::World;

/// What Azure sets and a body leaves out: it stays when a resource is replaced.
const KEPT: [&str; 14] = [
    "resourceGuid",
    "ipAddress",
    "ipPrefix",
    "macAddress",
    "virtualMachine",
    "networkInterfaces",
    "ipConfiguration",
    "ipConfigurations",
    "vmId",
    "timeCreated",
    "instanceView",
    "extended",
    "dnsName",
    "peeringState",
];

/// What is taken and never told.
const SECRETS: [&str; 4] = ["protectedSettings", "adminPassword", "customData", "protectedParameters"];

/// The types that have a `resourceGuid`.
const WITH_GUID: [&str; 7] = [
    "microsoft.network/networksecuritygroups",
    "microsoft.network/virtualnetworks",
    "microsoft.network/networkinterfaces",
    "microsoft.network/publicipaddresses",
    "microsoft.network/loadbalancers",
    "microsoft.network/publicipprefixes",
    "microsoft.network/natgateways",
];

/// The default rules of every group: <https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview>
const DEFAULT_RULES: [(&str, &str, &str, &str, &str, u16, &str); 6] = [
    (
        "AllowVnetInBound",
        "Allow inbound traffic from all VMs in VNET",
        "VirtualNetwork",
        "VirtualNetwork",
        "Allow",
        65000,
        "Inbound",
    ),
    (
        "AllowAzureLoadBalancerInBound",
        "Allow inbound traffic from azure load balancer",
        "AzureLoadBalancer",
        "*",
        "Allow",
        65001,
        "Inbound",
    ),
    ("DenyAllInBound", "Deny all inbound traffic", "*", "*", "Deny", 65500, "Inbound"),
    (
        "AllowVnetOutBound",
        "Allow outbound traffic from all VMs to all VMs in VNET",
        "VirtualNetwork",
        "VirtualNetwork",
        "Allow",
        65000,
        "Outbound",
    ),
    (
        "AllowInternetOutBound",
        "Allow outbound traffic from all VMs to Internet",
        "*",
        "Internet",
        "Allow",
        65001,
        "Outbound",
    ),
    ("DenyAllOutBound", "Deny all outbound traffic", "*", "*", "Deny", 65500, "Outbound"),
];

/// A resource, or a part of one, as it is after a PUT of `body`.
pub(crate) fn resource(
    world: &mut World,
    address: &Address,
    existing: Option<&Value>,
    body: &Map<String, Value>,
    etag: &str,
    state: Option<&str>,
) -> Value {
    let (id, kind) = (address.id(), address.kind());
    let lower = kind.to_ascii_lowercase();
    let network = address.is_of("Microsoft.Network");
    let mut made = Map::new();
    made.insert("name".to_owned(), address.name().into());
    made.insert("id".to_owned(), id.clone().into());
    if network {
        made.insert("etag".to_owned(), etag.into());
    }
    made.insert("type".to_owned(), kind.clone().into());
    for (name, value) in body {
        if !["name", "id", "etag", "type", "properties"].contains(&name.as_str()) && !value.is_null() {
            made.insert(name.clone(), bare(value));
        }
    }
    let mut properties = Map::new();
    if let Some(state) = state {
        properties.insert("provisioningState".to_owned(), state.into());
    }
    if WITH_GUID.contains(&lower.as_str()) {
        properties.insert("resourceGuid".to_owned(), world.guid().into());
    }
    let sent = body.get("properties").map(bare);
    properties.extend(
        sent.and_then(|sent| match sent {
            Value::Object(sent) => Some(sent),
            _ => None,
        })
        .into_iter()
        .flatten()
        .filter(|(name, _)| name != "provisioningState"),
    );
    let kept = existing.and_then(|existing| existing.get("properties"));
    keep(&mut properties, kept);
    let mut properties = Value::Object(properties);
    fill(&mut properties, &defaults(&lower));
    if lower == "microsoft.security/pricings"
        && text(&properties, "/pricingTier").eq_ignore_ascii_case("Standard")
    {
        // https://learn.microsoft.com/rest/api/defenderforcloud/pricings/update: without a word of it, it is all.
        let all = if address.name().eq_ignore_ascii_case("VirtualMachines") {
            json!({"subPlan": "P2"})
        } else {
            json!({})
        };
        fill(&mut properties, &all);
    }
    let mut made = Value::Object(made);
    fill(&mut made, &outer_defaults(&lower));
    if network {
        parts(address, &mut properties, kept, etag, state);
    }
    if lower == "microsoft.network/networksecuritygroups" {
        let rules = default_rules(address, etag, state);
        set(&mut properties, &["defaultSecurityRules"], rules.into());
    }
    set(&mut made, &["properties"], properties);
    made
}

/// What was sent without what is null and what is secret.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(name, value)| !value.is_null() && !SECRETS.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), bare(value)))
            .collect(),
        Value::Array(all) => all.iter().map(bare).collect(),
        other => other.clone(),
    }
}

fn keep(properties: &mut Map<String, Value>, existing: Option<&Value>) {
    for name in KEPT {
        let Some(value) = existing.and_then(|existing| existing.get(name)) else { continue };
        if name == "resourceGuid" {
            properties.insert(name.to_owned(), value.clone());
        } else {
            properties.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// Adds what is not there, in objects of objects too.
fn fill(value: &mut Value, defaults: &Value) {
    let (Some(members), Some(defaults)) = (value.as_object_mut(), defaults.as_object()) else { return };
    for (name, default) in defaults {
        match members.get_mut(name) {
            Some(there) => fill(there, default),
            None => {
                members.insert(name.clone(), default.clone());
            }
        }
    }
}

/// What stands in the properties of a type when nobody says otherwise, as recorded answers have it.
fn defaults(kind: &str) -> Value {
    match kind {
        "microsoft.network/networksecuritygroups" => json!({"securityRules": []}),
        "microsoft.network/networksecuritygroups/securityrules" => json!({"sourcePortRanges": [],
            "destinationPortRanges": [], "sourceAddressPrefixes": [], "destinationAddressPrefixes": []}),
        "microsoft.network/publicipaddresses" => json!({"publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Dynamic", "idleTimeoutInMinutes": 4, "ipTags": [],
            "ddosSettings": {"protectionMode": "VirtualNetworkInherited"}}),
        "microsoft.network/publicipprefixes" => json!({"publicIPAddressVersion": "IPv4", "ipTags": []}),
        "microsoft.network/virtualnetworks" => json!({"addressSpace": {"ipamPoolPrefixAllocations": []},
            "privateEndpointVNetPolicies": "Disabled", "subnets": [], "virtualNetworkPeerings": [],
            "enableDdosProtection": false}),
        "microsoft.network/virtualnetworks/subnets" => {
            json!({"ipamPoolPrefixAllocations": [], "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled", "privateLinkServiceNetworkPolicies": "Enabled"})
        }
        "microsoft.network/networkinterfaces" => {
            json!({"dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "vnetEncryptionSupported": false, "enableIPForwarding": false, "disableTcpStateTracking": false,
            "hostedWorkloads": [], "tapConfigurations": [], "nicType": "Standard", "allowPort25Out": true,
            "auxiliaryMode": "None", "auxiliarySku": "None"})
        }
        "microsoft.network/networkinterfaces/ipconfigurations" => {
            json!({"privateIPAllocationMethod": "Dynamic", "primary": true, "privateIPAddressVersion": "IPv4"})
        }
        "microsoft.network/loadbalancers" => {
            json!({"frontendIPConfigurations": [], "backendAddressPools": [],
            "loadBalancingRules": [], "probes": [], "inboundNatRules": [], "outboundRules": [], "inboundNatPools": []})
        }
        "microsoft.network/loadbalancers/loadbalancingrules" => {
            json!({"idleTimeoutInMinutes": 4, "enableFloatingIP": false,
            "enableTcpReset": false, "disableOutboundSnat": false, "allowBackendPortConflict": false,
            "enableDestinationServiceEndpoint": false})
        }
        "microsoft.network/loadbalancers/inboundnatrules"
        | "microsoft.network/loadbalancers/inboundnatpools" => {
            json!({"idleTimeoutInMinutes": 4, "enableFloatingIP": false, "enableTcpReset": false,
                "allowBackendPortConflict": false, "enableDestinationServiceEndpoint": false})
        }
        "microsoft.network/loadbalancers/frontendipconfigurations" => {
            json!({"privateIPAllocationMethod": "Dynamic"})
        }
        "microsoft.network/loadbalancers/backendaddresspools" => json!({"loadBalancerBackendAddresses": []}),
        "microsoft.network/bastionhosts/bastionhostipconfigurations" => {
            json!({"privateIPAllocationMethod": "Dynamic"})
        }
        "microsoft.network/natgateways" => json!({"idleTimeoutInMinutes": 4}),
        "microsoft.network/routetables" => json!({"disableBgpRoutePropagation": false, "routes": []}),
        "microsoft.network/azurefirewalls" => json!({"sku": {"name": "AZFW_VNet", "tier": "Standard"},
            "threatIntelMode": "Alert", "additionalProperties": {}, "ipConfigurations": [], "networkRuleCollections": [],
            "applicationRuleCollections": [], "natRuleCollections": []}),
        "microsoft.security/pricings" => json!({"freeTrialRemainingTime": "PT0S"}),
        _ => json!({}),
    }
}

/// The same of what stands beside the properties.
fn outer_defaults(kind: &str) -> Value {
    match kind {
        "microsoft.network/publicipaddresses" => json!({"sku": {"name": "Basic", "tier": "Regional"}}),
        "microsoft.network/publicipprefixes" | "microsoft.network/natgateways" => {
            json!({"sku": {"name": "Standard", "tier": "Regional"}})
        }
        "microsoft.network/loadbalancers" => json!({"sku": {"name": "Basic", "tier": "Regional"}}),
        "microsoft.network/networkinterfaces" => json!({"kind": "Regular"}),
        _ => json!({}),
    }
}

/// The type of the parts in a list, where it is not called as the list is.
fn kind_of_parts<'l>(parent: &str, list: &'l str) -> &'l str {
    match (parent, list) {
        ("microsoft.network/bastionhosts", "ipConfigurations") => "bastionHostIpConfigurations",
        ("microsoft.network/azurefirewalls", "ipConfigurations") => "azureFirewallIpConfigurations",
        (_, list) => list,
    }
}

/// Gives the named elements of lists what parts have: ids, ETags, states, defaults.
fn parts(
    address: &Address,
    properties: &mut Value,
    existing: Option<&Value>,
    etag: &str,
    state: Option<&str>,
) {
    let kind = address.kind();
    let parent = kind.to_ascii_lowercase();
    let Some(members) = properties.as_object_mut() else { return };
    for (list, all) in members.iter_mut().filter_map(|(list, all)| Some((list.clone(), all.as_array_mut()?)))
    {
        let known = parts_of(&parent).contains(&list.as_str());
        let told = kind_of_parts(&parent, &list);
        for (at, part) in all.iter_mut().enumerate() {
            let name = text(part, "/name").to_owned();
            // What has no properties and is no part that is known is a value of its own: a subnet's service endpoint.
            if name.is_empty() || !known && part.get("properties").is_none() {
                continue;
            }
            let own = Address {
                steps: [address.steps.clone(), vec![(told.to_owned(), name.clone())]].concat(),
                ..address.clone()
            };
            let was = existing
                .and_then(|existing| {
                    existing.get(&list)?.as_array()?.iter().find(|part| is_named(part, &name))
                })
                .and_then(|was| was.get("properties"));
            let mut sent = part.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
            sent.remove("provisioningState");
            keep(&mut sent, was);
            let mut inner = Map::new();
            if let Some(state) = state {
                inner.insert("provisioningState".to_owned(), state.into());
            }
            inner.extend(sent);
            let mut inner = Value::Object(inner);
            let mut its = defaults(&own.kind().to_ascii_lowercase());
            if let Some(its) = its.as_object_mut().filter(|its| at > 0 && its.contains_key("primary")) {
                its.insert("primary".to_owned(), false.into());
            }
            fill(&mut inner, &its);
            parts(&own, &mut inner, was, etag, state);
            let mut made =
                json!({"name": name, "id": own.id(), "etag": etag, "type": own.kind(), "properties": inner});
            // The zones of a frontend, and whatever else stands beside the properties.
            fill(&mut made, part);
            *part = made;
        }
    }
}

fn default_rules(group: &Address, etag: &str, state: Option<&str>) -> Vec<Value> {
    let rule = |(name, description, from, to, access, priority, direction): &(
        &str,
        &str,
        &str,
        &str,
        &str,
        u16,
        &str,
    )| {
        json!({"name": name, "id": format!("{}/defaultSecurityRules/{name}", group.id()), "etag": etag,
            "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
            "properties": {"provisioningState": state.unwrap_or("Succeeded"), "description": description, "protocol": "*",
                "sourcePortRange": "*", "destinationPortRange": "*", "sourceAddressPrefix": from,
                "destinationAddressPrefix": to, "access": access, "priority": priority, "direction": direction,
                "sourcePortRanges": [], "destinationPortRanges": [], "sourceAddressPrefixes": [],
                "destinationAddressPrefixes": []}})
    };
    DEFAULT_RULES.iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(path: &str, existing: Option<&Value>, body: Value) -> Value {
        let mut world = World::new("t", []);
        let address = Address::read(path).unwrap();
        resource(&mut world, &address, existing, body.as_object().unwrap(), "W/\"1\"", Some("Updating"))
    }

    #[test]
    fn a_group_has_its_rules_and_those_of_all_groups() {
        let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n";
        let group = made(
            path,
            None,
            json!({"location": "japaneast", "properties": {"securityRules": [{"name": "a", "properties": {"priority": 100}}]}}),
        );
        let rule = &group["properties"]["securityRules"][0];
        assert_eq!(rule["id"], format!("{path}/securityRules/a"));
        assert_eq!((&rule["etag"], &rule["properties"]["sourcePortRanges"]), (&group["etag"], &json!([])));
        assert_eq!(group["properties"]["defaultSecurityRules"].as_array().unwrap().len(), 6);
        let mut there = group.clone();
        there["properties"]["networkInterfaces"] = json!([{"id": "/nic"}]);
        let again = made(path, Some(&there), json!({"location": "japaneast"}));
        assert_eq!(again["properties"]["securityRules"], json!([]), "a group is replaced by what is sent");
        assert_eq!(again["properties"]["networkInterfaces"], json!([{"id": "/nic"}]));
        assert_eq!(again["properties"]["resourceGuid"], group["properties"]["resourceGuid"]);
    }

    #[test]
    fn secrets_and_nulls_are_taken_and_not_told() {
        let path =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v/extensions/e";
        let extension = made(
            path,
            None,
            json!({"location": "japaneast", "tags": null, "properties":
            {"publisher": "p", "protectedSettings": {"a": 1}, "settings": {"adminPassword": "x", "b": null}}}),
        );
        assert_eq!(
            extension["properties"],
            json!({"provisioningState": "Updating", "publisher": "p", "settings": {}})
        );
        assert!(extension.get("tags").is_none() && extension.get("etag").is_none());
    }

    #[test]
    fn odd_bodies_are_shaped_without_a_fall() {
        let path = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n";
        for odd in [
            json!({"properties": 1}),
            json!({"properties": {"securityRules": [1, null, {"name": 1}, []]}}),
            json!({"properties": {"securityRules": "x"}}),
        ] {
            made(path, Some(&json!([1])), odd);
        }
    }
}
