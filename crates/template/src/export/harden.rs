//! What hardening changes in the network.
//!
//! INVARIANT: afterwards every address of an exported machine is behind a group of the template, whose rules went through
//! [`rules::hardened`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::allow::{BASTION, MACHINE, NAT, NIC, NSG, PUBLIC_IP, ROUTES, Type, VNET};
use super::draft::{Draft, resource_id, set};
use super::records::{key, list, path, reference, text};
use super::rules::{self, Around};
use super::{ChangeKind, LeftOutKind, compute, network};

/// Where the kind of bastion that needs no subnet comes from.
///
/// Source: <https://learn.microsoft.com/azure/bastion/quickstart-developer>
const DEVELOPER_BASTION: &str = "168.63.129.16/32";

/// Subnets that Azure keeps for its own services, where groups are not allowed or are another matter.
const KEPT: [&str; 5] = [
    "GatewaySubnet",
    "AzureFirewallSubnet",
    "AzureFirewallManagementSubnet",
    "AzureBastionSubnet",
    "RouteServerSubnet",
];

/// A subnet of the template: the name of its network, and its place there.
type Place = (String, usize);

/// Changes the network.
pub(super) fn network(draft: &mut Draft<'_>) {
    let windows = draft.machines.iter().any(|id| draft.records.one(id).is_some_and(compute::is_windows));
    let mut fresh = subnet_groups(draft);
    fresh.extend(interface_groups(draft));
    let guards = guards(draft);
    let inside = public_addresses(draft, &guards);
    groups(draft, &guards, &fresh, windows);
    ways_out(draft, &inside);
    bastions(draft, &inside);
    forwarding(draft);
    for vnet in draft.names(&VNET) {
        draft.leave(LeftOutKind::FlowLogs, &vnet, "");
    }
}

fn elements(draft: &mut Draft<'_>, kind: &Type, name: &str, at: &str) -> Vec<Value> {
    let found = draft.body(kind, name).and_then(|it| it.pointer(at)).and_then(Value::as_array);
    found.cloned().unwrap_or_default()
}

fn put(draft: &mut Draft<'_>, kind: &Type, name: &str, at: &str, value: Value) {
    if let Some(body) = draft.body(kind, name) {
        set(body, at, value);
    }
}

fn empty_group(draft: &mut Draft<'_>, wanted: &str) -> (String, String) {
    let name = draft.free_name(&NSG, wanted);
    let body = json!({"location": "[parameters('location')]", "properties": {"securityRules": []}});
    draft.push(&NSG, name.clone(), body);
    let expression = draft.own(&NSG, &name);
    (name, expression)
}

/// Subnets without a group get one.
fn subnet_groups(draft: &mut Draft<'_>) -> BTreeSet<String> {
    let mut fresh = BTreeSet::new();
    for vnet in draft.names(&VNET) {
        for (index, subnet) in elements(draft, &VNET, &vnet, "/properties/subnets").iter().enumerate() {
            let name = text(subnet, &["name"]).unwrap_or_default();
            let kept = KEPT.iter().any(|it| it.eq_ignore_ascii_case(name));
            let delegated = !list(subnet, &["delegations"]).is_empty();
            if kept || delegated || path(subnet, &["networkSecurityGroup"]).is_some() {
                continue;
            }
            let (group, expression) = empty_group(draft, &format!("nsg-{vnet}-{name}"));
            let at = format!("/properties/subnets/{index}/properties/networkSecurityGroup");
            put(draft, &VNET, &vnet, &at, json!({ "id": expression }));
            draft.change(ChangeKind::SubnetGroup, &VNET, &vnet, &at, name);
            fresh.insert(group);
        }
    }
    fresh
}

/// Interfaces get a group where none of the template guards them.
fn interface_groups(draft: &mut Draft<'_>) -> BTreeSet<String> {
    let mut fresh = BTreeSet::new();
    for (nic, groups) in guards(draft) {
        if !groups.is_empty() {
            continue;
        }
        let (group, expression) = empty_group(draft, &format!("nsg-{nic}"));
        let at = "/properties/networkSecurityGroup";
        put(draft, &NIC, &nic, at, json!({ "id": expression }));
        draft.change(ChangeKind::InterfaceGroup, &NIC, &nic, at, "");
        fresh.insert(group);
    }
    fresh
}

/// The groups of the template that guard each interface.
fn guards(draft: &mut Draft<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let groups: BTreeMap<String, String> =
        draft.names(&NSG).into_iter().map(|name| (draft.own(&NSG, &name), name)).collect();
    let by_subnet = subnets(draft);
    let mut all = BTreeMap::new();
    for nic in draft.names(&NIC) {
        let mut its: BTreeSet<String> = BTreeSet::new();
        let body = draft.body(&NIC, &nic).cloned().unwrap_or(Value::Null);
        its.extend(reference(&body, &["networkSecurityGroup"]).and_then(|it| groups.get(it)).cloned());
        for address in list(&body, &["ipConfigurations"]) {
            let place = reference(address, &["subnet"]).and_then(|it| by_subnet.get(it));
            let Some((vnet, index)) = place else { continue };
            let at = format!("/properties/subnets/{index}/properties/networkSecurityGroup/id");
            let group = draft.body(&VNET, vnet).and_then(|it| it.pointer(&at)).and_then(Value::as_str);
            its.extend(group.and_then(|it| groups.get(it)).cloned());
        }
        all.insert(nic, its);
    }
    all
}

/// The subnets of the template by the expression that refers to them.
fn subnets(draft: &mut Draft<'_>) -> BTreeMap<String, Place> {
    let mut all = BTreeMap::new();
    for vnet in draft.names(&VNET) {
        for (index, subnet) in elements(draft, &VNET, &vnet, "/properties/subnets").iter().enumerate() {
            let name = text(subnet, &["name"]).unwrap_or_default();
            let kind = format!("{}/subnets", VNET.name);
            all.insert(resource_id(&kind, [vnet.as_str(), name]), (vnet.clone(), index));
        }
    }
    all
}

/// Takes public addresses away from all but servers of the web and those whom trusted people sign in to. Answers the
/// subnets with machines, and whether all of these keep an address.
fn public_addresses(
    draft: &mut Draft<'_>,
    guards: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeMap<Place, bool> {
    let by_subnet = subnets(draft);
    let mut inside: BTreeMap<Place, bool> = BTreeMap::new();
    for (nic, groups) in guards {
        let rules: Vec<Vec<Value>> =
            groups.iter().map(|it| elements(draft, &NSG, it, "/properties/securityRules")).collect();
        let all = |test: fn(&[Value]) -> bool| !rules.is_empty() && rules.iter().all(|its| test(its));
        let trusted = !draft.options.trusted_sources.is_empty();
        let serves = all(rules::serves_web) || trusted && all(rules::signs_in);
        let addresses = elements(draft, &NIC, nic, "/properties/ipConfigurations");
        for (index, address) in addresses.iter().enumerate() {
            let public = reference(address, &["publicIPAddress"]).map(str::to_owned);
            if let Some(place) = reference(address, &["subnet"]).and_then(|it| by_subnet.get(it)) {
                let keeps = public.is_some() && serves;
                inside.entry(place.clone()).and_modify(|all| *all &= keeps).or_insert(keeps);
            }
            let Some(_) = public.filter(|_| !serves) else { continue };
            let at = format!("/properties/ipConfigurations/{index}/properties");
            let inner =
                draft.body(&NIC, nic).and_then(|it| it.pointer_mut(&at)).and_then(Value::as_object_mut);
            if let Some(inner) = inner {
                inner.shift_remove("publicIPAddress");
            }
            let name = text(address, &["name"]).unwrap_or_default();
            draft.change(ChangeKind::PublicAddressRemoved, &NIC, nic, &format!("{at}/publicIPAddress"), name);
        }
    }
    let mut used = String::new();
    for it in draft.resources.iter().filter(|it| it.kind.name == NIC.name || it.kind.name == NAT.name) {
        used += &it.body.to_string();
    }
    for public in draft.names(&PUBLIC_IP) {
        let expression = draft.own(&PUBLIC_IP, &public);
        if !used.contains(&expression) {
            draft.resources.retain(|it| it.kind.name != PUBLIC_IP.name || it.name != public);
            continue;
        }
        standard(draft, &public);
        let by_nat = draft
            .resources
            .iter()
            .filter(|it| it.kind.name == NAT.name)
            .any(|it| it.body.to_string().contains(&expression));
        if !by_nat {
            flood_protection(draft, &public);
        }
    }
    inside
}

fn standard(draft: &mut Draft<'_>, public: &str) {
    let Some(body) = draft.body(&PUBLIC_IP, public) else { return };
    let sku = set(body, "/sku/name", json!("Standard"));
    let fixed = set(body, "/properties/publicIPAllocationMethod", json!("Static"));
    if sku || fixed {
        draft.change(ChangeKind::PublicAddressStandard, &PUBLIC_IP, public, "/sku/name", "");
    }
}

/// An address has a protection of its own, unless its network has a plan.
fn flood_protection(draft: &mut Draft<'_>, public: &str) {
    let plan = draft.names(&VNET).iter().all(|vnet| {
        let body = draft.body(&VNET, vnet);
        body.and_then(|it| it.pointer("/properties/enableDdosProtection")) == Some(&json!(true))
    });
    let at = "/properties/ddosSettings/protectionMode";
    let enabled = draft.body(&PUBLIC_IP, public).and_then(|it| it.pointer(at)) == Some(&json!("Enabled"));
    if plan || enabled {
        return;
    }
    let allowed = ["Enabled", "Disabled", "VirtualNetworkInherited"];
    let definition = json!({"type": "string", "defaultValue": "Enabled", "allowedValues": allowed});
    let parameter = draft.parameter("ddosProtectionMode", definition);
    put(draft, &PUBLIC_IP, public, at, json!(parameter));
    draft.change(ChangeKind::FloodProtection, &PUBLIC_IP, public, at, "");
}

/// Prefixes of the networks of the template.
pub(super) fn prefixes(draft: &mut Draft<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for vnet in draft.names(&VNET) {
        let found = elements(draft, &VNET, &vnet, "/properties/addressSpace/addressPrefixes");
        all.extend(found.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    all
}

fn groups(
    draft: &mut Draft<'_>,
    guards: &BTreeMap<String, BTreeSet<String>>,
    fresh: &BTreeSet<String>,
    windows: bool,
) {
    let guarding: BTreeSet<&String> = guards.values().flatten().collect();
    let networks = prefixes(draft);
    let mut bastions = vec![DEVELOPER_BASTION.to_owned()];
    for vnet in draft.names(&VNET) {
        for subnet in elements(draft, &VNET, &vnet, "/properties/subnets") {
            if text(&subnet, &["name"]).is_some_and(|it| it.eq_ignore_ascii_case("AzureBastionSubnet")) {
                bastions.extend(text(&subnet, &["addressPrefix"]).map(str::to_owned));
                let more = list(&subnet, &["addressPrefixes"]).iter().filter_map(Value::as_str);
                bastions.extend(more.map(str::to_owned));
            }
        }
    }
    let trusted = draft.options.trusted_sources.clone();
    for group in draft.names(&NSG) {
        let mut all = elements(draft, &NSG, &group, "/properties/securityRules");
        let guards_machines = guarding.contains(&group);
        if fresh.contains(&group) && guards_machines && !trusted.is_empty() {
            all.push(rules::trusted(&trusted, if windows { 3389 } else { 22 }));
            draft.change(
                ChangeKind::TrustedSignIn,
                &NSG,
                &group,
                "/properties/securityRules",
                "AllowTrustedSignIn",
            );
        }
        let around = Around {
            networks: &networks,
            trusted: &trusted,
            bastions: guards_machines.then_some(bastions.as_slice()),
            windows,
        };
        let (hardened, told) = rules::hardened(&all, &around);
        for (kind, rule) in told {
            let at = hardened.iter().position(|it| text(it, &["name"]) == Some(&rule));
            let at = at.map_or_else(String::new, |at| format!("/{at}"));
            draft.change(kind, &NSG, &group, &format!("/properties/securityRules{at}"), &rule);
        }
        put(draft, &NSG, &group, "/properties/securityRules", Value::Array(hardened));
    }
}

/// Subnets with machines leave by a NAT gateway where nothing else was chosen for them.
fn ways_out(draft: &mut Draft<'_>, inside: &BTreeMap<Place, bool>) {
    let routed: BTreeSet<String> = draft
        .names(&ROUTES)
        .into_iter()
        .filter(|name| {
            elements(draft, &ROUTES, name, "/properties/routes")
                .iter()
                .any(|route| text(route, &["addressPrefix"]) == Some("0.0.0.0/0"))
        })
        .map(|name| resource_id(ROUTES.name, [name.as_str()]))
        .collect();
    let mut gateways: BTreeMap<String, String> = BTreeMap::new();
    for ((vnet, index), public) in inside {
        let at = format!("/properties/subnets/{index}");
        let Some(subnet) = draft.body(&VNET, vnet).and_then(|it| it.pointer(&at)).cloned() else { continue };
        let name = text(&subnet, &["name"]).unwrap_or_default();
        let off = format!("{at}/properties/defaultOutboundAccess");
        if draft.body(&VNET, vnet).is_some_and(|body| set(body, &off, json!(false))) {
            draft.change(ChangeKind::DefaultOutboundOff, &VNET, vnet, &off, name);
        }
        let elsewhere = reference(&subnet, &["routeTable"]).is_some_and(|it| routed.contains(it));
        if *public || elsewhere || path(&subnet, &["natGateway"]).is_some() {
            continue;
        }
        let gateway = match gateways.get(vnet) {
            Some(gateway) => gateway.clone(),
            None => {
                let gateway = nat_gateway(draft, vnet);
                gateways.insert(vnet.clone(), gateway.clone());
                gateway
            }
        };
        let at = format!("{at}/properties/natGateway");
        put(draft, &VNET, vnet, &at, json!({ "id": gateway }));
        draft.change(ChangeKind::NatGateway, &VNET, vnet, &at, name);
    }
}

fn nat_gateway(draft: &mut Draft<'_>, vnet: &str) -> String {
    let public = draft.free_name(&PUBLIC_IP, &format!("pip-nat-{vnet}"));
    let body = json!({
        "location": "[parameters('location')]",
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4"},
    });
    draft.push(&PUBLIC_IP, public.clone(), body);
    let address = draft.own(&PUBLIC_IP, &public);
    let name = draft.free_name(&NAT, &format!("nat-{vnet}"));
    let body = json!({
        "location": "[parameters('location')]",
        "sku": {"name": "Standard"},
        "properties": {"publicIpAddresses": [{"id": address}]},
    });
    draft.push(&NAT, name.clone(), body);
    draft.own(&NAT, &name)
}

/// A network with machines gets a bastion of the kind that needs neither a subnet nor an address.
fn bastions(draft: &mut Draft<'_>, inside: &BTreeMap<Place, bool>) {
    let there: BTreeSet<String> = draft
        .planned(&VNET)
        .into_iter()
        .filter(|id| network::bastions(draft, id).next().is_some())
        .map(|id| draft.name(&id))
        .collect();
    let networks: BTreeSet<&String> = inside.keys().map(|(vnet, _)| vnet).collect();
    for vnet in &networks {
        // A network has one bastion.
        let definition = json!({"type": "bool", "defaultValue": !there.contains(*vnet)});
        let parameter = compute::own_parameter("deployBastion", vnet, networks.len() > 1);
        let condition = draft.parameter(&parameter, definition);
        let name = draft.free_name(&BASTION, &format!("bastion-{vnet}"));
        let network = draft.own(&VNET, vnet);
        let body = json!({
            "condition": condition,
            "location": "[parameters('location')]",
            "tags": {},
            "sku": {"name": "Developer"},
            "properties": {"virtualNetwork": {"id": network}},
        });
        draft.push(&BASTION, name.clone(), body);
        draft.change(ChangeKind::Bastion, &BASTION, &name, "", "");
    }
}

/// Interfaces forward nothing, unless a route sends packets there.
fn forwarding(draft: &mut Draft<'_>) {
    let mut hops: BTreeSet<String> = BTreeSet::new();
    for (_, table) in draft.records.of_type("microsoft.network/routetables") {
        let all = list(table, &["routes"]).iter().filter_map(|it| text(it, &["nextHopIpAddress"]));
        hops.extend(all.map(str::to_owned));
    }
    for id in draft.planned(&NIC) {
        let Some(record) = draft.records.one(&id) else { continue };
        let mut own =
            list(record, &["ipConfigurations"]).iter().filter_map(|it| text(it, &["privateIPAddress"]));
        if own.any(|address| hops.contains(address)) {
            continue;
        }
        let name = draft.name(&id);
        let at = "/properties/enableIPForwarding";
        let on = draft.body(&NIC, &name).and_then(|it| it.pointer(at)) == Some(&json!(true));
        if on {
            put(draft, &NIC, &name, at, json!(false));
            draft.change(ChangeKind::ForwardingOff, &NIC, &name, at, "");
        }
    }
}

/// The machine that an id of the records is in the template.
pub(super) fn machine_reference(draft: &mut Draft<'_>, id: &str) -> String {
    let name = draft.name(&key(id));
    draft.own(&MACHINE, &name)
}
