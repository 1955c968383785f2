//! One address of a VM as security groups see it.

use std::net::IpAddr;

use estate::{
    AddressSpec, Estate, Family, IpConfiguration, Kind, Known, Nic, Reason, ResourceId, RouteTable,
    ServiceTag,
};

use crate::addresses::{
    Addresses, MustMay, internet, number, of_sets, of_space, platform_in_network, private,
};

/// One address of a VM: what groups match on, on its side.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its family.
    pub family: Family,
    /// The private address, if it is assigned.
    pub address: Option<IpAddr>,
    /// The addresses of its subnet, if they are known.
    pub subnet: Option<Addresses>,
    /// The application security groups that it is a member of, if they are known.
    pub asgs: Option<Box<[ResourceId]>>,
    /// Set for no address in particular but any that a group may guard: then a rule for several
    /// addresses counts when it allows, and not when it denies.
    pub(crate) anywhere: bool,
    /// The virtual network that its subnet is a part of, if it is known.
    pub vnet: Option<ResourceId>,
    /// What is known of its network.
    pub network: Network,
    /// The group of the subnet.
    pub subnet_level: Level,
    /// The group of the NIC.
    pub nic_level: Level,
}

/// The network of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// The `VirtualNetwork` tag of its subnet.
    pub tag: MustMay,
    /// The address space of the network and of its peers: what never comes from the internet.
    pub own: Addresses,
    /// What else has a way here: peers that are kept out of the tag, and what peers may send on.
    pub beside: MustMay,
    /// Why the tag is not known exactly.
    pub unknown: Option<Box<Reason>>,
    /// Why it is not known who else has a way here.
    pub beside_unknown: Option<Box<Reason>>,
}

/// Whether a group filters at the subnet or at the NIC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// No group: everything passes.
    Open,
    /// This group.
    Group(ResourceId),
    /// Nobody can tell whether there is a group, or what it does.
    Unknown(Box<Reason>),
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tri {
    No,
    Maybe,
    Yes,
}

impl From<bool> for Tri {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// The group that a reference names, if the input holds it.
fn level(estate: &Estate, group: Option<&Known<ResourceId>>) -> Level {
    match group {
        None => Level::Open,
        Some(Known::Unknown(reason)) => Level::Unknown(reason.clone()),
        Some(Known::Value(id)) => match estate.nsg(*id).map(|nsg| &nsg.rules) {
            None => Level::Unknown(Box::new(estate.missing(Kind::Nsg, *id))),
            Some(None) => Level::Unknown(Box::new(estate.partial(Kind::Nsg, *id))),
            Some(Some(Known::Unknown(reason))) => Level::Unknown(reason.clone()),
            Some(Some(Known::Value(_))) => Level::Group(*id),
        },
    }
}

/// The groups that filter for an IP configuration of a NIC: the subnet's, the NIC's.
pub fn levels(estate: &Estate, nic: &Nic, ip: &IpConfiguration) -> [Level; 2] {
    let subnet_id = ip.subnet.as_ref();
    let record = subnet_id.and_then(|id| id.value()).and_then(|id| estate.subnet(*id));
    let subnet = match (subnet_id, record) {
        (Some(Known::Unknown(reason)), _) => Level::Unknown(reason.clone()),
        (_, Some(record)) if record.space.is_some() || record.nsg.is_some() => {
            level(estate, record.nsg.as_ref())
        }
        (Some(Known::Value(id)), _) => Level::Unknown(Box::new(estate.missing(Kind::Subnet, *id))),
        // Every IP configuration of a NIC is in a subnet, so one without is not told in full.
        (None, _) => Level::Unknown(Box::new(estate.partial(Kind::Nic, nic.id))),
    };
    // A group of the subnet passes over a private endpoint, unless the subnet says otherwise.
    let subnet = match record.map(|record| &record.guards_endpoints) {
        Some(Some(Known::Value(true))) => subnet,
        Some(Some(Known::Unknown(reason))) if nic.private_endpoint => Level::Unknown(reason.clone()),
        _ if nic.private_endpoint => Level::Open,
        _ => subnet,
    };
    [subnet, level(estate, nic.nsg.as_ref())]
}

impl Endpoint {
    /// The endpoint of an IP configuration of a NIC.
    pub fn new(estate: &Estate, nic: &Nic, ip: &IpConfiguration) -> Self {
        let record = ip.subnet.as_ref().and_then(|id| id.value()).and_then(|id| estate.subnet(*id));
        let [subnet_level, nic_level] = levels(estate, nic, ip);
        let family = ip.family;
        let subnet = record
            .and_then(|record| record.space.as_ref()?.value())
            .map(|space| of_space(space, family))
            .filter(|space| !space.is_empty());
        let network = Network::of(estate, record, subnet.as_ref(), family);
        Self {
            family,
            address: ip.address.as_ref().and_then(|address| address.value().copied()),
            subnet,
            asgs: ip.asgs.value().cloned(),
            anywhere: false,
            vnet: record.and_then(|record| record.vnet),
            network,
            subnet_level,
            nic_level,
        }
    }

    /// Any address of a subnet, for what stands in it without a NIC of its own: a bastion, a gateway.
    pub fn of_subnet(estate: &Estate, record: &estate::Subnet, family: Family) -> Self {
        let space = record.space.as_ref().and_then(Known::value).map(|space| of_space(space, family));
        let subnet = space.filter(|space| !space.is_empty());
        let network = Network::of(estate, Some(record), subnet.as_ref(), family);
        let subnet_level = match record.described || record.nsg.is_some() {
            true => level(estate, record.nsg.as_ref()),
            false => Level::Unknown(Box::new(estate.missing(Kind::Subnet, record.id))),
        };
        Self {
            family,
            address: None,
            subnet,
            asgs: Some(Box::default()),
            anywhere: false,
            vnet: record.vnet,
            network,
            subnet_level,
            nic_level: Level::Open,
        }
    }

    /// Whether a rule that names these addresses on this side can match the endpoint.
    pub(crate) fn is_in(&self, spec: &AddressSpec) -> Tri {
        if spec.any {
            return Tri::Yes;
        }
        let mut found = Tri::from(spec.tags.contains(&ServiceTag::VirtualNetwork));
        let prefixes = of_sets(&spec.v4, &spec.v6, self.family);
        found = found.max(match (self.address, &self.subnet) {
            (Some(address), _) => Tri::from(prefixes.contains(number(address))),
            (None, Some(subnet)) if prefixes.contains_all(subnet) => Tri::Yes,
            (None, Some(subnet)) if !prefixes.overlaps(subnet) => Tri::No,
            (None, _) if prefixes.is_empty() => Tri::No,
            (None, None) if prefixes.contains_all(&crate::addresses::everything(self.family)) => Tri::Yes,
            (None, _) => Tri::Maybe,
        });
        // Tags other than `VirtualNetwork` stand for public addresses, and a group sees the private
        // one, so they match only a network that uses public addresses inside.
        if spec.tags.iter().any(|tag| matches!(tag, ServiceTag::Other(_))) {
            let public = self.address.is_none_or(|address| internet(self.family).contains(number(address)));
            found = found.max(if public { Tri::Maybe } else { Tri::No });
        }
        found = found.max(match &self.asgs {
            Some(mine) => Tri::from(spec.asgs.iter().any(|asg| mine.contains(asg))),
            None if spec.asgs.is_empty() => Tri::No,
            None => Tri::Maybe,
        });
        if spec.unreadable.is_some() { found.max(Tri::Maybe) } else { found }
    }
}

impl Network {
    /// The network of a subnet. `VirtualNetwork` is its address space, that of connected peers, the
    /// platform's address, and the prefixes of routes in the subnet's route table.
    fn of(
        estate: &Estate,
        record: Option<&estate::Subnet>,
        subnet: Option<&Addresses>,
        family: Family,
    ) -> Self {
        let vnet_id = record.and_then(|record| record.vnet);
        let vnet = vnet_id.and_then(|id| estate.vnet(id));
        let space = vnet.and_then(|vnet| vnet.space.as_ref()?.value());
        let mut unknown = None;
        let mut own = subnet.cloned().unwrap_or_default();
        let mut may = Addresses::empty();
        let mut beside = MustMay::certain(Addresses::empty());
        let mut beside_unknown = None;
        match space {
            Some(space) => own = own.union(&of_space(space, family)),
            None => {
                // INVARIANT: a network that is not in the input is taken to use addresses that are
                // not the internet's. It could use public ones inside, but packets from those would
                // not come from the internet either.
                may = private(family);
                let reason = match vnet_id {
                    Some(id) => estate.missing(Kind::Vnet, id),
                    None => Reason::NoAddress,
                };
                unknown = Some(Box::new(reason));
            }
        }
        match vnet.and_then(|vnet| vnet.peers.as_ref()) {
            Some(Known::Value(peers)) => {
                for peer in peers {
                    if peer.forwards != Some(Known::Value(false)) && peer.forwards.is_some() {
                        // It sends on what comes from elsewhere: from where, no record tells.
                        beside.may = beside.may.union(&private(family));
                        let id = vnet_id.map(|id| estate.text(id)).unwrap_or_default();
                        beside_unknown = Some(Box::new(Reason::Forwarded { id: id.into() }));
                    }
                    // The peer itself knows its space better than the peering, which may be behind.
                    let theirs =
                        peer.vnet.and_then(|id| estate.vnet(id)).and_then(|vnet| vnet.space.as_ref());
                    if !peer.whole {
                        // Which subnets it carries is in the peering's own words, if at all.
                        let told = match peer.space.as_ref() {
                            Some(Known::Value(space)) => of_space(space, family),
                            _ => private(family),
                        };
                        may = may.union(&told);
                        let id = vnet_id.map(|id| estate.text(id)).unwrap_or_default();
                        unknown = Some(Box::new(Reason::SubnetPeering { id: id.into() }));
                        continue;
                    }
                    match theirs.or(peer.space.as_ref()) {
                        // Kept out of the tag, it still has its route: a group that names it lets it in.
                        Some(Known::Value(space)) if !peer.in_tag => {
                            beside.add(&MustMay::certain(of_space(space, family)));
                        }
                        Some(Known::Value(space)) => own = own.union(&of_space(space, family)),
                        _ if !peer.in_tag => {
                            beside.may = beside.may.union(&private(family));
                            let missing = || peer.vnet.map(|id| Box::new(estate.missing(Kind::Vnet, id)));
                            beside_unknown = beside_unknown.or_else(missing);
                        }
                        other => {
                            may = may.union(&private(family));
                            let missing = || peer.vnet.map(|id| Box::new(estate.missing(Kind::Vnet, id)));
                            unknown = match other {
                                Some(Known::Unknown(reason)) => Some(reason.clone()),
                                _ => missing().or(unknown),
                            };
                        }
                    }
                }
            }
            Some(Known::Unknown(reason)) => {
                may = may.union(&private(family));
                unknown = Some(reason.clone());
            }
            None => {}
        }
        if let Some(gateway) = vnet.and_then(|vnet| gateway(estate, vnet)) {
            // What lies behind a gateway is in the tag, and no record tells all of it.
            let written_down = written_down(estate, family);
            may = may.union(&private(family)).union(&written_down);
            beside.may = beside.may.union(&written_down);
            unknown = unknown.or(Some(Box::new(gateway)));
        }
        let mut must = own.union(&platform_in_network(family));
        match record.and_then(|record| record.route_table.as_ref()) {
            None => {}
            Some(Known::Unknown(reason)) => {
                may = crate::addresses::everything(family);
                unknown = Some(reason.clone());
            }
            Some(Known::Value(id)) => match estate.route_table(*id).map(RouteTable::prefixes) {
                Some(Some(Known::Unknown(reason))) => {
                    may = crate::addresses::everything(family);
                    unknown = Some(reason);
                }
                Some(Some(Known::Value((prefixes, by_tag)))) => {
                    let prefixes = of_space(&prefixes, family);
                    let outside = prefixes.intersection(internet(family));
                    let inner = prefixes.difference(internet(family));
                    if !own.contains_all(&inner) {
                        beside_unknown =
                            beside_unknown.or(Some(Box::new(Reason::Routed { id: estate.text(*id).into() })));
                    }
                    must = must.union(&inner);
                    if by_tag {
                        // A service tag stands for public addresses.
                        may = may.union(internet(family));
                    }
                    if by_tag || !outside.is_empty() {
                        may = may.union(&prefixes);
                        unknown =
                            Some(Box::new(Reason::RouteWidensVirtualNetwork { id: estate.text(*id).into() }));
                    }
                }
                missing => {
                    may = crate::addresses::everything(family);
                    unknown = Some(Box::new(match missing {
                        None => estate.missing(Kind::RouteTable, *id),
                        Some(_) => estate.partial(Kind::RouteTable, *id),
                    }));
                }
            },
        }
        let may = may.union(&must);
        Self { tag: MustMay { must, may }, own, beside, unknown, beside_unknown }
    }
}

/// What leads a network to others that no record tells in full: a gateway of its own, or a peer's.
fn gateway(estate: &Estate, vnet: &estate::Vnet) -> Option<Reason> {
    if let Some(learnt) = crate::routes::learning(estate, vnet) {
        return Some(learnt);
    }
    let id = estate.text(vnet.id);
    crate::routes::learns(estate, vnet.id).then(|| Reason::LearntRoutes { id: id.into() })
}

/// The networks on the other side of gateways, as somebody has written them down.
fn written_down(estate: &Estate, family: Family) -> Addresses {
    let spaces = estate.local_gateways.iter().filter_map(|gateway| gateway.space.as_ref()?.value());
    spaces.fold(Addresses::empty(), |sum, space| sum.union(&of_space(space, family)))
}

#[cfg(test)]
mod tests {
    use estate::{Prefix, parse_prefix};
    use serde_json::json;

    use super::*;

    /// An endpoint with this address, in this subnet, and a member of these groups.
    fn endpoint(address: Option<&str>, subnet: Option<&str>, asgs: Option<&[ResourceId]>) -> Endpoint {
        let nothing = || MustMay::certain(Addresses::empty());
        Endpoint {
            family: Family::V4,
            address: address.map(|address| address.parse().unwrap()),
            subnet: subnet.map(|subnet| crate::addresses::of_prefixes(&[subnet], Family::V4)),
            asgs: asgs.map(Into::into),
            anywhere: false,
            vnet: None,
            network: Network {
                tag: nothing(),
                own: Addresses::empty(),
                beside: nothing(),
                unknown: None,
                beside_unknown: None,
            },
            subnet_level: Level::Open,
            nic_level: Level::Open,
        }
    }

    fn prefixes(all: &[&str]) -> AddressSpec {
        let ranges = all.iter().map(|text| match parse_prefix(text) {
            Some(Prefix::V4(range)) => range,
            other => panic!("{text}: {other:?}"),
        });
        AddressSpec { v4: ranges.collect(), ..AddressSpec::default() }
    }

    #[test]
    fn an_address_that_is_not_known_is_where_its_subnet_is() {
        let check = |subnet: Option<&str>, named: &[&str], expected: Tri| {
            let found = endpoint(None, subnet, None).is_in(&prefixes(named));
            assert_eq!(found, expected, "{subnet:?} {named:?}");
        };
        let subnet = Some("10.0.0.0/24");
        check(subnet, &["10.0.0.0/24"], Tri::Yes);
        check(subnet, &["10.0.0.0/25", "10.0.0.128/25"], Tri::Yes);
        check(subnet, &["10.0.0.0/25"], Tri::Maybe);
        check(subnet, &["10.0.1.0/24"], Tri::No);
        check(subnet, &[], Tri::No);
        check(None, &["0.0.0.0/0"], Tri::Yes);
        check(None, &["10.0.0.0/8"], Tri::Maybe);
        check(None, &[], Tri::No);
        assert_eq!(endpoint(Some("10.0.0.4"), subnet, None).is_in(&prefixes(&["10.0.0.4"])), Tri::Yes);
        assert_eq!(endpoint(Some("10.0.0.4"), subnet, None).is_in(&prefixes(&["10.0.0.5"])), Tri::No);
    }

    #[test]
    fn names_on_the_own_side_are_the_endpoints_or_not() {
        let group = |name: &str| json!({"id": format!("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/{name}"), "properties": {"securityRules": []}});
        let estate = crate::read(&json!([group("one"), group("two")]));
        let [one, two] = [estate.nsgs[0].id, estate.nsgs[1].id];
        let named = AddressSpec { asgs: vec![one], ..AddressSpec::default() };
        let member = |asgs: Option<&[ResourceId]>| endpoint(Some("10.0.0.4"), None, asgs);
        assert_eq!(member(Some(&[two, one])).is_in(&named), Tri::Yes);
        assert_eq!(member(Some(&[two])).is_in(&named), Tri::No);
        assert_eq!(member(None).is_in(&named), Tri::Maybe);
        assert_eq!(member(None).is_in(&prefixes(&[])), Tri::No);
        let tag = |tag: &str| AddressSpec::tag(ServiceTag::Other(tag.into()));
        assert_eq!(endpoint(Some("10.0.0.4"), None, None).is_in(&tag("storage")), Tri::No);
        assert_eq!(endpoint(Some("20.0.0.4"), None, None).is_in(&tag("storage")), Tri::Maybe);
        assert_eq!(endpoint(None, None, None).is_in(&tag("storage")), Tri::Maybe);
        assert_eq!(member(None).is_in(&AddressSpec::tag(ServiceTag::VirtualNetwork)), Tri::Yes);
        assert_eq!(member(None).is_in(&AddressSpec::tag(ServiceTag::Internet)), Tri::No);
    }

    /// The network 10.0.0.0/16 with a peering or without, and a route to a prefix or without.
    fn network(peering: Option<serde_json::Value>, prefix: Option<&str>) -> Network {
        let id =
            |name: &str| format!("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/{name}");
        let peerings = peering.into_iter().map(|mut properties| {
            properties["peeringState"] = "Connected".into();
            properties["remoteVirtualNetwork"] = json!({"id": id("virtualNetworks/elsewhere")});
            json!({"name": "p", "properties": properties})
        });
        let table = prefix.map(|_| json!({"id": id("routeTables/t")}));
        let routes = prefix.map(
            |prefix| json!({"name": "r", "properties": {"addressPrefix": prefix, "nextHopType": "None"}}),
        );
        let estate = crate::read(&json!([
            {"id": id("virtualNetworks/v"), "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "virtualNetworkPeerings": peerings.collect::<Vec<_>>(),
                "subnets": [{"id": id("virtualNetworks/v/subnets/s"),
                    "properties": {"addressPrefix": "10.0.0.0/24", "routeTable": table}}]}},
            {"id": id("routeTables/t"), "properties": {"routes": routes.into_iter().collect::<Vec<_>>()}},
            {"id": id("networkInterfaces/n"), "properties": {"ipConfigurations": [{"name": "i", "properties": {
                "privateIPAddress": "10.0.0.4", "subnet": {"id": id("virtualNetworks/v/subnets/s")}}}]}}
        ]));
        let Some(Known::Value(all)) = &estate.nics[0].ip_configurations else { panic!("no address") };
        Endpoint::new(&estate, &estate.nics[0], &all[0]).network
    }

    /// Whether an address may be in the tag, and may have a way here beside it.
    fn may(network: &Network, of: &str) -> (bool, bool) {
        let of = number(of.parse().unwrap());
        (network.tag.may.contains(of), network.beside.may.contains(of))
    }

    #[test]
    fn a_peer_that_is_kept_out_of_the_tag_is_beside_it() {
        let told = network(Some(json!({"allowVirtualNetworkAccess": true})), None);
        assert_eq!((may(&told, "10.9.0.4"), told.unknown.is_some()), ((true, false), true));
        // What is said of its space is why.
        let said = json!({"allowVirtualNetworkAccess": true,
            "remoteAddressSpace": {"$unknown": {"reason": "a parameter"}}});
        let said = network(Some(said), None);
        assert!(said.unknown.is_some() && said.unknown != told.unknown, "{:?}", said.unknown);
        // Of a peering of some subnets what it tells of them may be joined, and where it tells nothing, any.
        let subnets = |space: serde_json::Value| {
            let some = json!({"allowVirtualNetworkAccess": true, "peerCompleteVnets": false, "remoteAddressSpace": space});
            let found = network(Some(some), None);
            assert!(matches!(found.unknown.as_deref(), Some(Reason::SubnetPeering { .. })));
            ["10.9.0.4", "10.8.0.4"].map(|of| may(&found, of).0)
        };
        assert_eq!(subnets(json!({"addressPrefixes": ["10.9.0.0/24"]})), [true, false]);
        assert_eq!(subnets(serde_json::Value::Null), [true, true]);
        let kept = network(Some(json!({"allowVirtualNetworkAccess": false})), None);
        assert_eq!((may(&kept, "10.9.0.4"), kept.unknown), ((false, true), None));
        assert!(kept.beside_unknown.is_some());
    }

    #[test]
    fn routes_may_widen_the_tag() {
        for (prefix, address, widens, beside) in [
            ("10.0.7.0/24", "10.0.7.4", false, false),
            ("10.9.0.0/16", "10.9.0.4", false, true),
            ("20.0.0.0/8", "20.0.0.4", true, false),
            ("Storage", "20.0.0.4", true, false),
        ] {
            let found = network(None, Some(prefix));
            assert!(may(&found, address).0, "{prefix}");
            assert_eq!(
                (found.unknown.is_some(), found.beside_unknown.is_some()),
                (widens, beside),
                "{prefix}"
            );
        }
        assert_eq!(may(&network(None, None), "20.0.0.4"), (false, false));
    }
}
