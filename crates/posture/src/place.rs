//! Where in the input the reference stands that leads to something unknown.

use estate::{Estate, Field, IpConfiguration, Known, Nic, Origin, Reason, ResourceId};

/// The value that refers to what a reason is about: the record and a pointer into it. The record of
/// the resource itself where the reference is not found.
pub(crate) fn of_reason(estate: &Estate, resource: ResourceId, reason: &Reason) -> Option<(Origin, String)> {
    let wanted = match reason {
        Reason::Missing { id, .. } | Reason::Partial { id, .. } | Reason::NotModelled { id, .. } => {
            estate.ids().find(id)
        }
        _ => None,
    };
    let Some(vm) = estate.vm(resource) else {
        let nsg = estate.nsg(resource).map(|nsg| nsg.origins.first());
        let set = || estate.scale_set(resource).map(|set| set.origins.first());
        let balancer = || estate.load_balancer(resource).map(|balancer| balancer.origins.first());
        let around = || estate.around.origins(resource).map(|origins| origins.first());
        return Some((nsg.or_else(set).or_else(balancer).or_else(around)?, String::new()));
    };
    let itself = Some((vm.origins.first(), String::new()));
    let Some(wanted) = wanted else { return itself };
    if let Some(index) = vm.nics.iter().position(|nic| *nic == wanted) {
        let pointer = format!("/properties/networkProfile/networkInterfaces/{index}/id");
        return Some((vm.origins.first(), pointer));
    }
    vm.nics.iter().filter_map(|id| estate.nic(*id)).find_map(|nic| in_nic(estate, nic, wanted)).or(itself)
}

fn is(field: &Field<ResourceId>, wanted: ResourceId) -> bool {
    *field == Some(Known::Value(wanted))
}

fn in_nic(estate: &Estate, nic: &Nic, wanted: ResourceId) -> Option<(Origin, String)> {
    let origin = nic.origins.first();
    if is(&nic.nsg, wanted) {
        return Some((origin, "/properties/networkSecurityGroup/id".to_owned()));
    }
    let Some(Known::Value(all)) = &nic.ip_configurations else { return None };
    all.iter().enumerate().find_map(|(index, ip)| {
        let own =
            |name: &str| Some((origin, format!("/properties/ipConfigurations/{index}/properties/{name}/id")));
        if is(&ip.subnet, wanted) {
            return own("subnet");
        }
        if is(&ip.public_ip, wanted) {
            return own("publicIPAddress");
        }
        in_subnet(estate, ip, wanted)
    })
}

/// The place in the record that holds the subnet: its network's, or its own.
fn in_subnet(estate: &Estate, ip: &IpConfiguration, wanted: ResourceId) -> Option<(Origin, String)> {
    let subnet = estate.subnet(*ip.subnet.as_ref()?.value()?)?;
    let member = if is(&subnet.nsg, wanted) {
        "networkSecurityGroup"
    } else if is(&subnet.route_table, wanted) {
        "routeTable"
    } else if subnet.vnet == Some(wanted) {
        return Some((subnet.origins.first(), subnet.pointer.to_string()));
    } else {
        return None;
    };
    Some((subnet.origins.first(), format!("{}/properties/{member}/id", subnet.pointer)))
}
