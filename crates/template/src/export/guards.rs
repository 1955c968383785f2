//! The groups that guard the machines: those that are missing, and the rules of all.
//!
//! INVARIANT: afterwards every address of an exported machine is behind a group of the template, and the rules of every
//! group went through [`rules::hardened`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::allow::{NIC, NSG, VNET};
use super::draft::Draft;
use super::harden::{elements, prefixes, put, routed, subnets};
use super::records::{list, path, reference, text};
use super::rules::{self, Around};
use super::{ChangeKind, compute};

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

/// Adds the groups that are missing; answers their names.
pub(super) fn missing(draft: &mut Draft<'_>) -> BTreeSet<String> {
    let mut fresh = subnet_groups(draft);
    fresh.extend(interface_groups(draft));
    fresh
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

/// Interfaces get a group where none of the template guards one of their addresses.
fn interface_groups(draft: &mut Draft<'_>) -> BTreeSet<String> {
    let mut fresh = BTreeSet::new();
    let groups: BTreeSet<String> = draft.names(&NSG).iter().map(|name| draft.own(&NSG, name)).collect();
    let by_subnet = subnets(draft);
    for nic in draft.names(&NIC) {
        let body = draft.body(&NIC, &nic).cloned().unwrap_or(Value::Null);
        let by_own = reference(&body, &["networkSecurityGroup"]).is_some_and(|it| groups.contains(it));
        let by_subnets = list(&body, &["ipConfigurations"]).iter().all(|address| {
            let place = reference(address, &["subnet"]).and_then(|it| by_subnet.get(it));
            let group = place.and_then(|(vnet, index)| {
                let at = format!("/properties/subnets/{index}/properties/networkSecurityGroup/id");
                draft.body(&VNET, vnet)?.pointer(&at)?.as_str()
            });
            group.is_some_and(|it| groups.contains(it))
        });
        if by_own || by_subnets {
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
pub(super) fn all(draft: &mut Draft<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let groups: BTreeMap<String, String> =
        draft.names(&NSG).into_iter().map(|name| (draft.own(&NSG, &name), name)).collect();
    let by_subnet = subnets(draft);
    let mut found = BTreeMap::new();
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
        found.insert(nic, its);
    }
    found
}

/// What a group guards.
#[derive(Default)]
struct Guarded {
    networks: BTreeSet<String>,
    windows: bool,
    linux: bool,
}

/// What each group guards of the machines.
fn guarded(draft: &mut Draft<'_>, guards: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, Guarded> {
    let by_subnet = subnets(draft);
    let mut all: BTreeMap<String, Guarded> = BTreeMap::new();
    for machine in draft.machines.clone() {
        let Some(record) = draft.records.one(&machine) else { continue };
        let windows = compute::is_windows(record);
        for id in
            list(record, &["networkProfile", "networkInterfaces"]).iter().filter_map(|it| text(it, &["id"]))
        {
            let nic = draft.name(id);
            let addresses = elements(draft, &NIC, &nic, "/properties/ipConfigurations");
            let places = addresses.iter().filter_map(|it| by_subnet.get(reference(it, &["subnet"])?));
            let networks: BTreeSet<String> = places.map(|(vnet, _)| vnet.clone()).collect();
            for group in guards.get(&nic).into_iter().flatten() {
                let its = all.entry(group.clone()).or_default();
                its.networks.extend(networks.clone());
                its.windows |= windows;
                its.linux |= !windows;
            }
        }
    }
    all
}

/// The prefixes of the subnet for bastions of a network.
fn bastion_prefixes(draft: &mut Draft<'_>, vnet: &str) -> Vec<String> {
    let mut all = Vec::new();
    for subnet in elements(draft, &VNET, vnet, "/properties/subnets") {
        if text(&subnet, &["name"]).is_some_and(|it| it.eq_ignore_ascii_case("AzureBastionSubnet")) {
            all.extend(text(&subnet, &["addressPrefix"]).map(str::to_owned));
            let more = list(&subnet, &["addressPrefixes"]).iter().filter_map(Value::as_str);
            all.extend(more.map(str::to_owned));
        }
    }
    all
}

/// Hardens the rules of every group.
pub(super) fn harden(
    draft: &mut Draft<'_>,
    guards: &BTreeMap<String, BTreeSet<String>>,
    fresh: &BTreeSet<String>,
) {
    let guarded = guarded(draft, guards);
    let networks = prefixes(draft);
    let trusted = draft.options.trusted_sources.clone();
    let inside = match routed(draft).is_empty() || networks.is_empty() {
        true => vec!["VirtualNetwork".to_owned()],
        false => networks.clone(),
    };
    for group in draft.names(&NSG) {
        let mut all = elements(draft, &NSG, &group, "/properties/securityRules");
        let its = guarded.get(&group);
        if let Some(its) = its.filter(|_| fresh.contains(&group) && !trusted.is_empty()) {
            let ports = [("22", its.linux), ("3389", its.windows)];
            let ports: Vec<&str> = ports.iter().filter(|(_, here)| *here).map(|(port, _)| *port).collect();
            all.push(rules::trusted(&trusted, &ports));
            draft.change(
                ChangeKind::TrustedSignIn,
                &NSG,
                &group,
                "/properties/securityRules",
                "AllowTrustedSignIn",
            );
        }
        let bastions = its.map(|its| {
            let own = its.networks.iter().flat_map(|vnet| bastion_prefixes(draft, vnet));
            std::iter::once(DEVELOPER_BASTION.to_owned()).chain(own).collect::<Vec<_>>()
        });
        let around = Around {
            networks: &networks,
            trusted: &trusted,
            inside: &inside,
            bastions: bastions.as_deref(),
            windows: its.is_some_and(|its| its.windows),
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
