//! In which region a resource is, as far as the input tells it.

use estate::{Estate, Nic, ResourceId, Vm};

/// The region of a network, of a subnet, and of what stands in one: a NIC is in the region of its network, and a machine in
/// that of its NICs (<https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq>).
pub(crate) fn region(estate: &Estate, id: ResourceId) -> Option<&str> {
    let of_vnet = |id| estate.vnet(id)?.location.as_ref()?.value().map(|text| &**text);
    let of_subnet = |id| of_vnet(estate.subnet(id)?.vnet?);
    let of_nic = |nic: &Nic| {
        let all = nic.ip_configurations.as_ref()?.value()?;
        all.iter().find_map(|ip| of_subnet(*ip.subnet.as_ref()?.value()?))
    };
    let of_vm = |vm: &Vm| vm.nics.iter().find_map(|id| of_nic(estate.nic(*id)?));
    of_vnet(id)
        .or_else(|| of_subnet(id))
        .or_else(|| of_nic(estate.nic(id)?))
        .or_else(|| of_vm(estate.vm(id)?))
}
