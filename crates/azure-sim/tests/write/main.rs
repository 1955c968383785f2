//! Writes over HTTPS, as a client of Azure makes them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod client;
mod compute;
mod faults;
mod jit;
mod nsg;

use azure_sim::{World, Writes};
use serde_json::{Value, json};

pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const SCOPE: &str = "/subscriptions/s/resourceGroups/g/providers";

pub(crate) fn network(rest: &str) -> String {
    format!("{SCOPE}/Microsoft.Network/{rest}")
}

pub(crate) fn rule(priority: u16) -> Value {
    json!({"properties": {"priority": priority, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "sourceAddressPrefix": "203.0.113.7", "sourcePortRange": "*", "destinationAddressPrefix": "10.0.0.4",
        "destinationPortRange": "22"}})
}

/// A group with a rule on the NIC of a VM.
pub(crate) fn world(writes: Writes) -> World {
    let mut world = World::new(TENANT, []);
    world.set_writes(writes);
    let group = network("networkSecurityGroups/n");
    let nic = network("networkInterfaces/nic");
    let machine = format!("{SCOPE}/Microsoft.Compute/virtualMachines/vm");
    world.add(json!({"id": group, "name": "n", "type": "Microsoft.Network/networkSecurityGroups", "location": "japaneast",
        "etag": "W/\"first\"", "properties": {"provisioningState": "Succeeded", "securityRules": [
            {"id": format!("{group}/securityRules/there"), "name": "there", "etag": "W/\"first\"", "properties": rule(100)["properties"]}],
            "networkInterfaces": [{"id": nic}]}}));
    world.add(json!({"id": network("virtualNetworks/v"), "name": "v", "location": "japaneast", "properties": {"subnets": [
        {"id": network("virtualNetworks/v/subnets/a"), "name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}));
    world.add(json!({"id": nic, "name": "nic", "location": "japaneast", "properties": {
        "networkSecurityGroup": {"id": group}, "virtualMachine": {"id": machine},
        "ipConfigurations": [{"id": format!("{nic}/ipConfigurations/a"), "name": "a", "properties": {
            "privateIPAddress": "10.0.0.4", "subnet": {"id": network("virtualNetworks/v/subnets/a")}}}]}}));
    world.add(json!({"id": machine, "name": "vm", "location": "japaneast", "properties": {
        "osProfile": {"adminUsername": "operator", "linuxConfiguration": {"disablePasswordAuthentication": true}},
        "networkProfile": {"networkInterfaces": [{"id": nic}]},
        "extended": {"instanceView": {"powerState": {"code": "PowerState/running"}}}}}));
    world
}
