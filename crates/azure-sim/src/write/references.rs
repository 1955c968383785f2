//! What resources say of each other: what is referred to must be there, what is in use stays, and Azure tells each side of
//! the other.
//!
//! <https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors>; the codes of what is
//! in use are those that `aks-engine` lists (pkg/armhelpers) and that terraform shows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::address::Address;
use super::store::{Change, find, id_of, set, text};
use crate::answers::Answer;
use crate::world::{World, type_of};

/// The members that name other resources.
const MEMBERS: [&str; 12] = [
    "networkSecurityGroup",
    "applicationSecurityGroups",
    "sourceApplicationSecurityGroups",
    "destinationApplicationSecurityGroups",
    "publicIPAddress",
    "publicIpAddresses",
    "publicIPAddresses",
    "publicIpPrefixes",
    "publicIPPrefix",
    "subnet",
    "routeTable",
    "natGateway",
];

/// All that a resource refers to.
fn named(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if MEMBERS.contains(&name.as_str()) {
                    let all = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                    found.extend(all.iter().map(id_of).filter(|id| !id.is_empty()));
                }
                found.extend(named(value));
            }
        }
        Value::Array(all) => found.extend(all.iter().flat_map(named)),
        _ => {}
    }
    found
}

/// Whether all is there that a resource refers to.
pub(crate) fn check(world: &World, address: &Address, resource: &Value) -> Result<(), Answer> {
    let own = address.root().id().to_ascii_lowercase();
    let properties = resource.get("properties").unwrap_or(&Value::Null);
    for id in named(properties) {
        let lower = id.to_ascii_lowercase();
        if lower.starts_with(&format!("{own}/")) || find(world, id).is_some() {
            continue;
        }
        return Err(Answer::error(
            400,
            "InvalidResourceReference",
            &format!(
                "Resource {id} referenced by resource {} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.",
                address.id()
            ),
        ));
    }
    Ok(())
}

/// The resources that refer to one, or to what is below it.
fn users(world: &World, id: &str) -> Vec<String> {
    let (id, below) = (id.to_ascii_lowercase(), format!("{}/", id.to_ascii_lowercase()));
    let mut all: Vec<String> = world
        .resources
        .iter()
        .filter(|row| {
            let own = id_of(row).to_ascii_lowercase();
            own != id && !own.starts_with(&below) && !id.starts_with(&format!("{own}/"))
        })
        .filter(|row| {
            named(row.get("properties").unwrap_or(&Value::Null)).iter().any(|one| {
                let one = one.to_ascii_lowercase();
                one == id || one.starts_with(&below)
            })
        })
        .map(|row| id_of(row).to_owned())
        .collect();
    all.dedup();
    all
}

/// Whether a resource may be deleted, as far as others go.
pub(crate) fn in_use(world: &World, address: &Address, existing: &Value) -> Result<(), Answer> {
    let id = address.id();
    let refuse = |code: &str, message: String| Err(Answer::error(400, code, &message));
    let told = |member: &str| -> Vec<String> {
        let value = existing.pointer(&format!("/properties/{member}"));
        let all = value
            .map_or(&[][..], |value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
        all.iter().map(|one| id_of(one).to_owned()).filter(|id| !id.is_empty()).collect()
    };
    let with_told = |members: &[&str]| {
        let mut all: Vec<String> = members.iter().flat_map(|member| told(member)).collect();
        if all.is_empty() {
            all = users(world, &id);
        }
        all
    };
    let kind = address.kind().to_ascii_lowercase();
    match kind.as_str() {
        "microsoft.network/networksecuritygroups" => {
            let all = with_told(&["networkInterfaces", "subnets"]);
            if !all.is_empty() {
                return refuse(
                    "InUseNetworkSecurityGroupCannotBeDeleted",
                    format!(
                        "Network security group {id} cannot be deleted because it is in use by the following resources: {}. In order to delete the Network security group, remove the association with the resource(s). To learn how to do this, see aka.ms/deletensg.",
                        all.join(", ")
                    ),
                );
            }
        }
        "microsoft.network/publicipaddresses" => {
            if let Some(by) = with_told(&["ipConfiguration", "natGateway"]).first() {
                return refuse(
                    "PublicIPAddressCannotBeDeleted",
                    format!(
                        "Public IP address {id} can not be deleted since it is still allocated to resource {by}. In order to delete the public IP, disassociate/detach the Public IP address from the resource. To learn how to do this, see aka.ms/deletepublicip."
                    ),
                );
            }
        }
        "microsoft.network/networkinterfaces" => {
            if let Some(by) = told("virtualMachine").first() {
                return refuse(
                    "NicInUse",
                    format!(
                        "Network Interface {id} is used by existing resource {by}. In order to delete the network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic."
                    ),
                );
            }
        }
        "microsoft.network/virtualnetworks" | "microsoft.network/virtualnetworks/subnets" => {
            if let Some(by) = with_told(&["ipConfigurations"]).first() {
                return refuse(
                    "InUseSubnetCannotBeDeleted",
                    format!(
                        "Subnet {} is in use by {by} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
                        address.name()
                    ),
                );
            }
        }
        "microsoft.network/routetables" | "microsoft.network/natgateways" => {
            if let Some(by) = users(world, &id).first() {
                let what = if kind.ends_with("routetables") { "RouteTable" } else { "NatGateway" };
                return refuse(
                    &format!("InUse{what}CannotBeDeleted"),
                    format!("{id} is in use by {by} and cannot be deleted."),
                );
            }
        }
        _ => {}
    }
    Ok(())
}

/// Who is told of whom: the other resource, its member, whether that is a list, and who is named there.
type Link = (String, &'static str, bool, String);

fn links(resource: &Value) -> Vec<Link> {
    let id = id_of(resource).to_owned();
    let properties = resource.get("properties").unwrap_or(&Value::Null);
    let group = text(properties, "/networkSecurityGroup/id").to_owned();
    let list = |member: &str| properties.get(member).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut all: Vec<Link> = match type_of(&id).as_str() {
        "microsoft.network/networkinterfaces" => {
            let addresses = list("ipConfigurations").iter().map(|one| {
                (
                    text(one, "/properties/publicIPAddress/id").to_owned(),
                    "ipConfiguration",
                    false,
                    id_of(one).to_owned(),
                )
            });
            addresses.chain([(group, "networkInterfaces", true, id)]).collect()
        }
        "microsoft.network/virtualnetworks/subnets" => vec![(group, "subnets", true, id)],
        "microsoft.network/virtualnetworks" => list("subnets").iter().flat_map(links).collect(),
        "microsoft.compute/virtualmachines" => {
            let nics = properties.pointer("/networkProfile/networkInterfaces").and_then(Value::as_array);
            nics.into_iter()
                .flatten()
                .map(|nic| (id_of(nic).to_owned(), "virtualMachine", false, id.clone()))
                .collect()
        }
        _ => Vec::new(),
    };
    all.retain(|(to, _, _, from)| !to.is_empty() && !from.is_empty());
    all.iter_mut().for_each(|(to, ..)| to.make_ascii_lowercase());
    all
}

/// What others are told when a resource becomes another one, or none.
pub(crate) fn backs(world: &World, before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let (before, after) = (before.map(links).unwrap_or_default(), after.map(links).unwrap_or_default());
    let mut told: BTreeMap<&str, Value> = BTreeMap::new();
    let gone = before.iter().filter(|link| !after.contains(link)).map(|link| (link, false));
    let new = after.iter().filter(|link| !before.contains(link)).map(|link| (link, true));
    for (link, added) in gone.chain(new) {
        let (to, member, is_list, from) = link;
        let Some(other) = find(world, to) else { continue };
        let patch = told.entry(to).or_insert_with(|| json!({}));
        let pointer = format!("/properties/{member}");
        let now = patch.pointer(&pointer).or_else(|| other.pointer(&pointer)).cloned().unwrap_or_default();
        let is_it = |one: &Value| id_of(one).eq_ignore_ascii_case(from);
        let then = if *is_list {
            let mut all = now.as_array().cloned().unwrap_or_default();
            all.retain(|one| !is_it(one));
            if added {
                all.push(json!({"id": from}));
            }
            // Azure leaves out what is empty.
            if all.is_empty() { Value::Null } else { all.into() }
        } else if added {
            json!({"id": from})
        } else if is_it(&now) {
            Value::Null
        } else {
            continue;
        };
        set(patch, &["properties", member], then);
    }
    told.into_iter().map(|(id, patch)| Change::Merge(id.to_owned(), patch)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::store::apply;

    const NETWORK: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";

    #[test]
    fn each_side_is_told_of_the_other() {
        let mut world = World::new("t", []);
        let group = format!("{NETWORK}/networkSecurityGroups/n");
        world.add(json!({"id": group, "properties": {}}));
        let network = json!({"id": format!("{NETWORK}/virtualNetworks/v"), "properties": {"subnets": [
            {"id": format!("{NETWORK}/virtualNetworks/v/subnets/a"), "name": "a", "properties": {"networkSecurityGroup": {"id": group}}},
            {"id": format!("{NETWORK}/virtualNetworks/v/subnets/b"), "name": "b", "properties": {"networkSecurityGroup": {"id": group.to_uppercase()}}}]}});
        for change in backs(&world, None, Some(&network)) {
            apply(&mut world, &change, 0);
        }
        let told = |world: &World| world.resource(&group).unwrap().pointer("/properties/subnets").cloned();
        assert_eq!(told(&world).unwrap().as_array().unwrap().len(), 2);
        let there = world.resource(&group).unwrap().clone();
        assert!(in_use(&world, &Address::read(&group).unwrap(), &there).is_err());
        for change in backs(&world, Some(&network), None) {
            apply(&mut world, &change, 0);
        }
        assert_eq!(told(&world), None);
        let there = world.resource(&group).unwrap().clone();
        assert!(in_use(&world, &Address::read(&group).unwrap(), &there).is_ok());
    }

    #[test]
    fn what_is_not_there_is_not_referred_to() {
        let mut world = World::new("t", []);
        let nic = Address::read(&format!("{NETWORK}/networkInterfaces/n")).unwrap();
        let group = format!("{NETWORK}/networkSecurityGroups/n");
        let body = json!({"properties": {"networkSecurityGroup": {"id": group}}});
        assert!(check(&world, &nic, &body).is_err());
        world.add(json!({"id": group}));
        assert!(check(&world, &nic, &body).is_ok());
        assert!(
            check(&world, &nic, &json!({"properties": {"subnet": 1, "publicIPAddresses": [1, {"id": 2}]}}))
                .is_ok()
        );
    }
}
