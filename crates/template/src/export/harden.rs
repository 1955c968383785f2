//! What hardening changes in the network.
//!
//! INVARIANT: no address of the internet is left on a machine but where it serves the web, or where those sign in who
//! are trusted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::allow::{BASTION, MACHINE, NAT, NIC, NSG, PUBLIC_IP, ROUTES, Type, VNET};
use super::draft::{Draft, resource_id, set};
use super::records::{key, list, path, reference, text};
use super::{ChangeKind, LeftOutKind, compute, guards, network, rules};

/// A subnet of the template: the name of its network, and its place there.
pub(super) type Place = (String, usize);

/// Changes the network.
pub(super) fn network(draft: &mut Draft<'_>) {
    let fresh = guards::missing(draft);
    let guards = guards::all(draft);
    let inside = public_addresses(draft, &guards);
    guards::harden(draft, &guards, &fresh);
    ways_out(draft, &inside);
    bastions(draft, &inside);
    forwarding(draft);
    for vnet in draft.names(&VNET) {
        draft.leave(LeftOutKind::FlowLogs, &vnet, "");
    }
}

pub(super) fn elements(draft: &mut Draft<'_>, kind: &Type, name: &str, at: &str) -> Vec<Value> {
    let found = draft.body(kind, name).and_then(|it| it.pointer(at)).and_then(Value::as_array);
    found.cloned().unwrap_or_default()
}

pub(super) fn put(draft: &mut Draft<'_>, kind: &Type, name: &str, at: &str, value: Value) {
    if let Some(body) = draft.body(kind, name) {
        set(body, at, value);
    }
}

/// The subnets of the template by the expression that refers to them.
pub(super) fn subnets(draft: &mut Draft<'_>) -> BTreeMap<String, Place> {
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

/// Expressions of the route tables that send everything somewhere.
pub(super) fn routed(draft: &mut Draft<'_>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for name in draft.names(&ROUTES) {
        let routes = elements(draft, &ROUTES, &name, "/properties/routes");
        if routes.iter().any(|route| text(route, &["addressPrefix"]) == Some("0.0.0.0/0")) {
            all.insert(resource_id(ROUTES.name, [name.as_str()]));
        }
    }
    all
}

/// Subnets with machines leave by a NAT gateway where nothing else was chosen for them.
fn ways_out(draft: &mut Draft<'_>, inside: &BTreeMap<Place, bool>) {
    let routed = routed(draft);
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
