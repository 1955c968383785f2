//! Every resource that was read, with the place of each of its records.

use crate::id::ResourceId;
use crate::model::{Estate, Kind};
use crate::origin::Origin;

/// A record of a resource in a source. One resource may have several.
#[derive(Clone, Copy, Debug)]
pub struct Record<'e> {
    /// The resource.
    pub id: ResourceId,
    /// Its type; empty when neither type nor id tells it.
    pub resource_type: &'e str,
    /// Where the record stands. A part of another resource stands where that one does.
    pub origin: Origin,
}

impl Estate {
    /// All records, those of one type after each other.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        macro_rules! of {
            ($($list:ident as $kind:ident),*) => {
                std::iter::empty()$(.chain(self.$list.iter().flat_map(|one| {
                    let resource_type = Kind::$kind.resource_type();
                    one.origins.iter().map(move |origin| Record { id: one.id, resource_type, origin })
                })))*
            };
        }
        let described = of!(
            vms as Vm,
            scale_sets as ScaleSet,
            nics as Nic,
            public_ips as PublicIp,
            nsgs as Nsg,
            vnets as Vnet,
            subnets as Subnet,
            route_tables as RouteTable,
            asgs as Asg,
            load_balancers as LoadBalancer,
            web_gateways as WebGateway,
            private_links as PrivateLink,
            local_gateways as LocalGateway,
            firewalls as Firewall,
            firewall_policies as FirewallPolicy,
            rule_groups as RuleGroup,
            ip_groups as IpGroup,
            disks as Disk
        );
        let others = self.others.iter().map(|other| Record {
            id: other.id,
            resource_type: &other.resource_type,
            origin: other.origin,
        });
        described.chain(others)
    }
}
