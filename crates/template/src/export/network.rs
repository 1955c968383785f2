//! The network of the machines: everything that their interfaces lead to.
//!
//! INVARIANT: a network is exported with all of its subnets. A template with a part of them would delete the others where
//! the network exists.

use serde_json::Value;

use super::LeftOutKind;
use super::allow::{ASG, NAT, NIC, NSG, PUBLIC_IP, ROUTES, VNET};
use super::draft::Draft;
use super::records::{list, parent, path, reference, text};

/// Prefixes of rules that are opened for a while, lower case: those of Defender for Cloud, of today and before 2023, and
/// this product's own.
const TEMPORARY: [&str; 3] = ["microsoftdefenderforcloud-jitrule", "securitycenter-jitrule", "sekimori-"];

/// Writes the interfaces of the machines and their networks.
pub(super) fn write(draft: &mut Draft<'_>) {
    for machine in draft.machines.clone() {
        let Some(record) = draft.records.one(&machine) else { continue };
        for nic in list(record, &["networkProfile", "networkInterfaces"]) {
            if let Some(id) = text(nic, &["id"])
                && draft.plan(&NIC, id)
            {
                interface(draft, id);
            }
        }
    }
    for kind in [&ASG, &NSG, &ROUTES, &PUBLIC_IP, &NAT, &VNET, &NIC] {
        for id in draft.planned(kind) {
            draft.write(kind, &id);
        }
    }
    for id in draft.planned(&VNET) {
        tell_of_network(draft, &id);
    }
    for name in draft.names(&NSG) {
        drop_temporary_rules(draft, &name);
    }
    for name in draft.names(&NIC) {
        drop_lent_addresses(draft, &name);
    }
    for name in draft.names(&VNET) {
        one_kind_of_prefix(draft, &name);
    }
}

fn interface(draft: &mut Draft<'_>, id: &str) {
    let Some(nic) = draft.records.one(id) else { return };
    if let Some(group) = reference(nic, &["networkSecurityGroup"]) {
        plan_group(draft, group);
    }
    for address in list(nic, &["ipConfigurations"]) {
        if let Some(network) = reference(address, &["subnet"]).and_then(parent) {
            plan_network(draft, network);
        }
        if let Some(public) = reference(address, &["publicIPAddress"]) {
            draft.plan(&PUBLIC_IP, public);
        }
        for group in list(address, &["applicationSecurityGroups"]) {
            draft.plan(&ASG, text(group, &["id"]).unwrap_or_default());
        }
    }
}

fn plan_network(draft: &mut Draft<'_>, id: &str) {
    if !draft.plan(&VNET, id) {
        return;
    }
    let Some(network) = draft.records.one(id) else { return };
    for subnet in list(network, &["subnets"]) {
        if let Some(group) = reference(subnet, &["networkSecurityGroup"]) {
            plan_group(draft, group);
        }
        if let Some(routes) = reference(subnet, &["routeTable"]) {
            draft.plan(&ROUTES, routes);
        }
        if let Some(nat) = reference(subnet, &["natGateway"])
            && draft.plan(&NAT, nat)
            && let Some(record) = draft.records.one(nat)
        {
            for public in list(record, &["publicIpAddresses"]) {
                draft.plan(&PUBLIC_IP, text(public, &["id"]).unwrap_or_default());
            }
        }
    }
}

fn plan_group(draft: &mut Draft<'_>, id: &str) {
    if !draft.plan(&NSG, id) {
        return;
    }
    let Some(group) = draft.records.one(id) else { return };
    for rule in list(group, &["securityRules"]) {
        for side in ["sourceApplicationSecurityGroups", "destinationApplicationSecurityGroups"] {
            for asg in list(rule, &[side]) {
                draft.plan(&ASG, text(asg, &["id"]).unwrap_or_default());
            }
        }
    }
}

fn tell_of_network(draft: &mut Draft<'_>, id: &str) {
    let Some(record) = draft.records.one(id) else { return };
    let name = draft.name(id);
    for peering in list(record, &["virtualNetworkPeerings"]) {
        draft.leave(LeftOutKind::Peering, &name, text(peering, &["name"]).unwrap_or_default());
    }
    for way in ways_in(draft, id) {
        draft.leave(LeftOutKind::PrivateWay, &name, &way);
    }
}

/// The bastions of a network and its gateways, which stand in subnets of it.
pub(super) fn ways_in(draft: &Draft<'_>, network: &str) -> Vec<String> {
    bastions(draft, network)
        .chain(of_type_in(draft, "microsoft.network/virtualnetworkgateways", network))
        .collect()
}

/// The bastions of a network.
pub(super) fn bastions<'d>(draft: &'d Draft<'_>, network: &str) -> impl Iterator<Item = String> + use<'d> {
    of_type_in(draft, "microsoft.network/bastionhosts", network)
}

fn of_type_in<'d>(
    draft: &'d Draft<'_>,
    kind: &'static str,
    network: &str,
) -> impl Iterator<Item = String> + use<'d> {
    let network = super::records::key(network);
    draft.records.of_type(kind).filter_map(move |(id, record)| {
        let subnets = list(record, &["ipConfigurations"]).iter().filter_map(|it| reference(it, &["subnet"]));
        let mut networks = subnets.filter_map(parent).chain(reference(record, &["virtualNetwork"]));
        networks.any(|its| super::records::key(its) == network).then(|| draft.records.written(id))
    })
}

fn drop_temporary_rules(draft: &mut Draft<'_>, name: &str) {
    let mut dropped = Vec::new();
    let body = draft.body(&NSG, name);
    let Some(rules) =
        body.and_then(|it| it.pointer_mut("/properties/securityRules")).and_then(Value::as_array_mut)
    else {
        return;
    };
    rules.retain(|rule| {
        let its = text(rule, &["name"]).unwrap_or_default();
        let lower = its.to_ascii_lowercase();
        let opens = text(rule, &["access"]).is_none_or(|access| !access.eq_ignore_ascii_case("Deny"));
        let gone = opens && TEMPORARY.iter().any(|start| lower.starts_with(start));
        dropped.extend(gone.then(|| its.to_owned()));
        !gone
    });
    for rule in dropped {
        draft.leave(LeftOutKind::TemporaryRule, name, &rule);
    }
}

/// An address that Azure chose is not asked for again.
fn drop_lent_addresses(draft: &mut Draft<'_>, name: &str) {
    let body = draft.body(&NIC, name);
    let all =
        body.and_then(|it| it.pointer_mut("/properties/ipConfigurations")).and_then(Value::as_array_mut);
    for address in all.into_iter().flatten() {
        let fixed =
            text(address, &["privateIPAllocationMethod"]).is_some_and(|it| it.eq_ignore_ascii_case("Static"));
        if !fixed && let Some(inner) = address.get_mut("properties").and_then(Value::as_object_mut) {
            inner.shift_remove("privateIPAddress");
        }
    }
}

/// Azure takes one prefix or several of a subnet, not both.
fn one_kind_of_prefix(draft: &mut Draft<'_>, name: &str) {
    let body = draft.body(&VNET, name);
    let all = body.and_then(|it| it.pointer_mut("/properties/subnets")).and_then(Value::as_array_mut);
    for subnet in all.into_iter().flatten() {
        if path(subnet, &["addressPrefixes"]).is_some()
            && let Some(inner) = subnet.get_mut("properties").and_then(Value::as_object_mut)
        {
            inner.shift_remove("addressPrefix");
        }
    }
}
