//! Addresses that Azure gives: private ones of a subnet, public ones of its own.
//!
//! INVARIANT: an address is given once; a subnet's first four and its last are Azure's.
//! <https://learn.microsoft.com/azure/virtual-network/ip-services/private-ip-addresses#allocation-method>

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::Value;

use super::store::{find, set, text};
use crate::world::{World, type_of};

/// Gives the addresses that a resource has not said and Azure chooses.
pub(crate) fn addresses(world: &mut World, resource: &mut Value) {
    match type_of(text(resource, "/id")).as_str() {
        "microsoft.network/networkinterfaces" => private(world, resource),
        "microsoft.network/publicipaddresses"
            if resource.pointer("/properties/ipAddress").is_none()
                && text(resource, "/properties/publicIPAllocationMethod") == "Static"
                && text(resource, "/properties/publicIPAddressVersion") == "IPv4" =>
        {
            let address = public(world);
            set(resource, &["properties", "ipAddress"], address.into());
        }
        _ => {}
    }
}

/// Of 20.0.0.0/8, which is Azure's.
fn public(world: &World) -> String {
    let taken: BTreeSet<&str> =
        world.resources.iter().map(|row| text(row, "/properties/ipAddress")).collect();
    let all = (1..u32::from(u16::MAX)).map(|at| Ipv4Addr::from(0x14c8_0000 + at).to_string());
    all.into_iter().find(|one| !taken.contains(one.as_str())).unwrap_or_else(|| "20.200.0.1".to_owned())
}

fn private(world: &World, nic: &mut Value) {
    let own = text(nic, "/id").to_ascii_lowercase();
    let mut taken: BTreeSet<String> = world
        .resources
        .iter()
        .filter(|row| !text(row, "/id").eq_ignore_ascii_case(&own))
        .flat_map(|row| told(row).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    taken.extend(told(nic).map(str::to_owned));
    let all = nic.pointer_mut("/properties/ipConfigurations").and_then(Value::as_array_mut);
    for one in all.into_iter().flatten() {
        if one.pointer("/properties/privateIPAddress").is_some()
            || !text(one, "/properties/privateIPAddressVersion").eq_ignore_ascii_case("IPv4")
        {
            continue;
        }
        let subnet = find(world, text(one, "/properties/subnet/id"));
        let prefix = subnet.map(|subnet| {
            let first = text(subnet, "/properties/addressPrefix");
            if first.is_empty() { text(subnet, "/properties/addressPrefixes/0") } else { first }
        });
        if let Some(address) = prefix.and_then(|prefix| free(prefix, &taken)) {
            taken.insert(address.clone());
            set(one, &["properties", "privateIPAddress"], address.into());
        }
    }
}

fn told(nic: &Value) -> impl Iterator<Item = &str> {
    let all = nic.pointer("/properties/ipConfigurations").and_then(Value::as_array);
    all.into_iter()
        .flatten()
        .map(|one| text(one, "/properties/privateIPAddress"))
        .filter(|one| !one.is_empty())
}

fn free(prefix: &str, taken: &BTreeSet<String>) -> Option<String> {
    let (base, long) = prefix.split_once('/')?;
    let (base, long): (Ipv4Addr, u32) = (base.parse().ok()?, long.parse().ok()?);
    if !(8..=29).contains(&long) {
        return None;
    }
    let base = u32::from(base) & (u32::MAX << (32 - long));
    let last = (1u32 << (32 - long)) - 1;
    (4..last).map(|at| Ipv4Addr::from(base + at).to_string()).find(|one| !taken.contains(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_free_address_of_a_subnet_is_given() {
        let taken: BTreeSet<String> = ["10.0.0.4", "10.0.0.6"].map(str::to_owned).into();
        assert_eq!(free("10.0.0.0/24", &taken).as_deref(), Some("10.0.0.5"));
        assert_eq!(free("10.0.0.9/29", &BTreeSet::new()).as_deref(), Some("10.0.0.12"));
        let full: BTreeSet<String> = (4..7).map(|at| format!("10.0.0.{at}")).collect();
        for odd in ["10.0.0.0/29", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/0", "fd00::/64", ""] {
            assert_eq!(free(odd, &full), None, "{odd}");
        }
    }
}
