//! NICs, public addresses, virtual networks and subnets.

use std::fmt::Arguments;
use std::net::IpAddr;

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object};

use crate::address::{Family, Prefix, V4, V6, parse_prefix};
use crate::expected::Expected;
use crate::id::{ResourceId, Use, parent};
use crate::known::{Field, Known, Reason};
use crate::origin::{Origins, Pointer};
use crate::wire::{Fields, Reader};

/// A network interface.
#[derive(Clone, Debug)]
pub struct Nic {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// The group of the NIC itself.
    pub nsg: Field<ResourceId>,
    /// The VM that it is attached to.
    pub vm: Field<ResourceId>,
    /// Whether it passes on what is not meant for it (`enableIPForwarding`), or may: a network appliance.
    pub forwards: bool,
    /// The same as its record tells it; none is no.
    pub ip_forwarding: Field<bool>,
    /// Whether it is that of a private endpoint, where the subnet's group filters only if the subnet says so.
    pub private_endpoint: bool,
    /// Its addresses; `None` when only its id is known.
    pub ip_configurations: Field<Vec<IpConfiguration>>,
}

/// One address of a NIC. Exposure is judged per address: one NIC may have 256 of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpConfiguration {
    /// Its name.
    pub name: Box<str>,
    /// Its private address, if one is assigned.
    pub address: Field<IpAddr>,
    /// The family of the address.
    pub family: Family,
    /// The subnet it is in.
    pub subnet: Field<ResourceId>,
    /// Its public address.
    pub public_ip: Field<ResourceId>,
    /// The application security groups it is a member of.
    pub asgs: Known<Box<[ResourceId]>>,
    /// The pools, inbound NAT rules and NAT pools of load balancers and application gateways that it is
    /// a member of.
    pub forwarded_by: Known<Box<[ResourceId]>>,
}

/// The SKU of a public IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sku {
    /// Open where no group closes it. Retired on 2025-09-30.
    Basic,
    /// Closed until a group opens it.
    Standard,
}

/// A public IP address.
#[derive(Clone, Debug)]
pub struct PublicIp {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// Its SKU.
    pub sku: Field<Sku>,
    /// The address, if one is assigned.
    pub address: Field<IpAddr>,
    /// The IP configuration that it is attached to.
    pub attached: Option<ResourceId>,
    /// `VirtualNetworkInherited`, `Enabled`, `Disabled`: how floods are kept away from it.
    pub ddos: Field<Box<str>>,
}

/// IPv4 and IPv6 address space.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Space {
    /// IPv4 addresses.
    pub v4: V4,
    /// IPv6 addresses.
    pub v6: V6,
}

impl Space {
    /// What is in either.
    pub fn union(&self, other: &Self) -> Self {
        Self { v4: self.v4.union(&other.v4), v6: self.v6.union(&other.v6) }
    }
}

/// A virtual network.
#[derive(Clone, Debug)]
pub struct Vnet {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// Its address space.
    pub space: Field<Space>,
    /// The prefixes that make up the space, each as it is written: each is a route.
    pub prefixes: Box<[Prefix]>,
    /// The networks that it is connected to.
    pub peers: Field<Vec<Peer>>,
    /// Its region, in lower case and without spaces.
    pub location: Field<Box<str>>,
    /// Whether a DDoS protection plan covers it.
    pub ddos: Field<bool>,
}

/// A network that another one is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Which network.
    pub vnet: Option<ResourceId>,
    /// Its address space, as far as the peering tells it.
    pub space: Field<Space>,
    /// The prefixes that make up the space.
    pub prefixes: Box<[Prefix]>,
    /// Whether it is a part of the `VirtualNetwork` tag (`allowVirtualNetworkAccess`).
    pub in_tag: bool,
    /// Whether the gateway of that network serves this one, too.
    pub use_remote_gateways: Field<bool>,
    /// Whether that network sends on what comes from elsewhere (`allowForwardedTraffic`).
    pub forwards: Field<bool>,
    /// Whether it carries all of both networks, and not some subnets only (`peerCompleteVnets`).
    pub whole: bool,
}

/// A network on the other side of a gateway, as somebody has written it down.
#[derive(Clone, Debug)]
pub struct LocalGateway {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// The addresses there.
    pub space: Field<Space>,
}

impl LocalGateway {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let fields = Fields::of(object);
        let space = match reader.object(fields, "localNetworkAddressSpace", format_args!("/properties")) {
            Some(Known::Value(space)) => {
                let at = format_args!("/properties/localNetworkAddressSpace");
                space_and_prefixes(prefixes(reader, Fields::own(space), &["addressPrefixes"], at)).0
            }
            Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
            None => None,
        };
        Self { id, origins: Origins::one(reader.origin), space }
    }
}

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Its id; the network is its parent.
    pub id: ResourceId,
    /// The network that it is a part of.
    pub vnet: Option<ResourceId>,
    /// Where its records stand.
    pub origins: Origins,
    /// Its address space; `None` when only its id is known.
    pub space: Field<Space>,
    /// The group of the subnet.
    pub nsg: Field<ResourceId>,
    /// Whether the group filters for private endpoints too; by default it does not.
    pub guards_endpoints: Field<bool>,
    /// The route table of the subnet.
    pub route_table: Field<ResourceId>,
    /// The services that it reaches by routes of their own, such as `Microsoft.Storage`; sorted.
    pub service_endpoints: Field<Vec<Box<str>>>,
    /// Whether a NAT gateway sends its packets to the internet, under addresses of its own.
    pub translated: bool,
    /// Whether machines without a way out get one from Azure, under an address that nobody chose.
    pub default_outbound: Field<bool>,
    /// Whether a service of Azure has it for itself (`delegations`).
    pub delegated: bool,
    /// Whether the record tells of the subnet itself, so that a group that it does not name is not there.
    pub described: bool,
    /// Where it stands in the record of its network; empty for a record of its own.
    pub pointer: Pointer,
}

/// An application security group.
#[derive(Clone, Debug)]
pub struct Asg {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
}

pub(crate) fn parse_address(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    name: &'static str,
    at: Arguments<'_>,
) -> Field<IpAddr> {
    let text = match reader.text(fields, name, at)? {
        Known::Value(text) => text.trim(),
        Known::Unknown(reason) => return Some(Known::Unknown(reason)),
    };
    if text.is_empty() {
        return None;
    }
    Some(match text.parse() {
        Ok(address) => Known::Value(address),
        Err(_) => reader.bad(at, name, text, Expected::Address),
    })
}

/// The addresses of prefixes.
pub(crate) fn space_of(prefixes: &[Prefix]) -> Space {
    let v4 = prefixes.iter().filter_map(|prefix| match prefix {
        Prefix::V4(range) => Some(*range),
        Prefix::V6(_) => None,
    });
    let v6 = prefixes.iter().filter_map(|prefix| match prefix {
        Prefix::V6(range) => Some(*range),
        Prefix::V4(_) => None,
    });
    Space { v4: v4.collect(), v6: v6.collect() }
}

/// The addresses of a list of prefixes, and the prefixes one by one.
fn space_and_prefixes(known: Field<Vec<Prefix>>) -> (Field<Space>, Box<[Prefix]>) {
    match known {
        None => (None, Box::default()),
        Some(Known::Unknown(reason)) => (Some(Known::Unknown(reason)), Box::default()),
        Some(Known::Value(mut all)) => {
            all.sort_unstable();
            all.dedup();
            (Some(Known::Value(space_of(&all))), all.into_boxed_slice())
        }
    }
}

/// A list of prefixes.
fn prefixes(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    names: &[&'static str],
    at: Arguments<'_>,
) -> Field<Vec<Prefix>> {
    let mut all = Vec::new();
    let mut unknown: Option<Box<Reason>> = None;
    let mut stated = false;
    let mut take = |reader: &mut Reader<'_>, name: &'static str, text: &str| match parse_prefix(text) {
        Some(prefix) => all.push(prefix),
        None => {
            if let Known::Unknown(reason) = reader.bad::<()>(at, name, text, Expected::Prefix) {
                unknown = Some(reason);
            }
        }
    };
    for name in names {
        if !fields.has(name) {
            continue;
        }
        let plural = name.ends_with("es");
        if plural {
            stated = true;
            let reason = reader.texts(fields, name, at, |reader, _, text| take(reader, name, text));
            if let Some(reason) = reason {
                return Some(Known::Unknown(reason));
            }
        } else {
            match reader.text(fields, name, at) {
                Some(Known::Value(text)) => {
                    stated = true;
                    take(reader, name, text);
                }
                Some(Known::Unknown(reason)) => return Some(Known::Unknown(reason)),
                None => {}
            }
        }
    }
    if let Some(reason) = unknown {
        return Some(Known::Unknown(reason));
    }
    stated.then_some(Known::Value(all))
}

impl Nic {
    /// Reads a NIC. Subnets and public addresses that are written out inside it go to `found`.
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object, found: &mut Nested) -> Self {
        let fields = Fields::of(object).careful();
        let all = fields.list();
        let fields = fields.listed(&all);
        let at = format_args!("/properties");
        let nsg = reader.reference(fields, "networkSecurityGroup", at);
        let vm = reader.reference(fields, "virtualMachine", at);
        let ip_configurations = match reader.array(fields, "ipConfigurations", at) {
            None => None,
            Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
            Some(Known::Value(items)) => {
                let mut all = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let at = format_args!("/properties/ipConfigurations/{index}");
                    if let Some(object) = reader.element(item, at) {
                        all.extend(IpConfiguration::read(reader, object, at, found));
                    }
                }
                let whole = all.len() == items.len();
                Some(if whole {
                    Known::Value(all)
                } else {
                    Known::unknown(Reason::Unreadable { field: "ipConfigurations".into() })
                })
            }
        };
        let ip_configurations = match reader.both_shapes(object, "ipConfigurations") {
            Some(reason) => Some(Known::Unknown(reason)),
            None => ip_configurations,
        };
        let private_endpoint = fields.raw("privateEndpoint").is_some();
        let ip_forwarding = reader.boolean(fields, "enableIPForwarding", at);
        let forwards = !matches!(ip_forwarding, None | Some(Known::Value(false)));
        Self {
            id,
            origins: Origins::one(reader.origin),
            nsg,
            vm,
            forwards,
            ip_forwarding,
            private_endpoint,
            ip_configurations,
        }
    }
}

impl IpConfiguration {
    /// `None` when too little of it is known to tell what leads to it.
    fn read(reader: &mut Reader<'_>, object: &Object, at: Arguments<'_>, found: &mut Nested) -> Option<Self> {
        let name = match reader.text(Fields::own(object), "name", at) {
            Some(Known::Value(name)) => name,
            _ => "",
        };
        let fields = Fields::of(object).careful();
        let all = fields.list();
        let fields = fields.listed(&all);
        let at = format_args!("{at}/properties");
        let address = parse_address(reader, fields, "privateIPAddress", at);
        let stated = reader.text(fields, "privateIPAddressVersion", at);
        let family = match (&address, stated) {
            (Some(Known::Value(address)), _) => Family::of(*address),
            (_, Some(Known::Value(text))) if text.eq_ignore_ascii_case("ipv6") => Family::V6,
            (_, Some(Known::Unknown(_))) => return None,
            _ => Family::V4,
        };
        let subnet = reader.reference(fields, "subnet", at);
        let public_ip = reader.reference(fields, "publicIPAddress", at);
        if let Some(Known::Value(id)) = subnet
            && let Some(Known::Value(object)) = reader.object(fields, "subnet", at)
            && written_out(object)
        {
            let subnet = Subnet::read(reader, id, object, format_args!("{at}/subnet"));
            if subnet.space.is_some() {
                found.subnets.push(subnet);
            }
        }
        if let Some(Known::Value(id)) = public_ip
            && let Some(Known::Value(object)) = reader.object(fields, "publicIPAddress", at)
            && written_out(object)
        {
            let public_ip = PublicIp::read(reader, id, object, format_args!("{at}/publicIPAddress"), false);
            if public_ip.sku.is_some() || public_ip.address.is_some() {
                found.public_ips.push(public_ip);
            }
        }
        // Most addresses are in none of these lists.
        let (asgs, forwarded_by) = if fields.has_any(&MEMBERSHIPS) {
            memberships(reader, fields, at)
        } else {
            (Known::Value(Box::default()), Known::Value(Box::default()))
        };
        Some(Self { name: name.into(), address, family, subnet, public_ip, asgs, forwarded_by })
    }
}

/// The lists that an IP configuration may be a member of; the first is not about forwarding.
const MEMBERSHIPS: [&str; 5] = [
    "applicationSecurityGroups",
    "loadBalancerBackendAddressPools",
    "loadBalancerInboundNatRules",
    "loadBalancerInboundNatPools",
    "applicationGatewayBackendAddressPools",
];

type Ids = Known<Box<[ResourceId]>>;

/// The security groups of an IP configuration, and what forwards to it.
fn memberships(reader: &mut Reader<'_>, fields: Fields<'_>, at: Arguments<'_>) -> (Ids, Ids) {
    let [groups, forwarding @ ..] = MEMBERSHIPS;
    let mut asgs = listed(reader.references(fields, groups, at));
    if let Known::Value(asgs) = &mut asgs {
        // Azure lists them in any order.
        asgs.sort_unstable();
    }
    let mut forwarded = Vec::new();
    let mut unknown = None;
    for list in forwarding {
        match reader.references(fields, list, at) {
            Some(Known::Value(ids)) => {
                own_parents(reader, fields, list);
                forwarded.extend(ids);
            }
            Some(Known::Unknown(reason)) => unknown = Some(reason),
            _ => {}
        }
    }
    let forwarded_by = match unknown {
        None => Known::Value(forwarded.into_boxed_slice()),
        Some(reason) => Known::Unknown(reason),
    };
    (asgs, forwarded_by)
}

/// Whether a reference says more of the resource than where it is.
fn written_out(object: &Object) -> bool {
    object.iter().any(|(key, _)| !matches!(key, "id" | "resourceGroup"))
}

/// Makes the owners of parts known by id, so that one without a record can be told.
fn own_parents(reader: &mut Reader<'_>, fields: Fields<'_>, list: &'static str) {
    let Some(Known::Value(items)) = reader.array(fields, list, format_args!("")) else { return };
    for owner in items.iter().filter_map(|item| parent(item.get("id")?.as_str()?)) {
        reader.ids.intern(owner, Use::Reference);
    }
}

fn listed(ids: Field<Vec<ResourceId>>) -> Known<Box<[ResourceId]>> {
    match ids {
        None => Known::Value(Box::default()),
        Some(ids) => ids.map(Vec::into_boxed_slice),
    }
}

/// The SKU of a public address or load balancer. A gateway load balancer has no public side of its own.
pub(crate) fn read_sku(reader: &mut Reader<'_>, object: &Object, at: Arguments<'_>) -> Field<Sku> {
    match reader.object(Fields::own(object), "sku", at)? {
        Known::Value(sku) => {
            let names = [
                ("basic", Sku::Basic),
                ("standard", Sku::Standard),
                ("standardv2", Sku::Standard),
                ("gateway", Sku::Standard),
            ];
            reader.word(
                Fields::own(sku),
                "name",
                format_args!("{at}/sku"),
                &names,
                Expected::OneOf(&["Basic", "Standard"]),
            )
        }
        Known::Unknown(reason) => Some(Known::Unknown(reason)),
    }
}

impl PublicIp {
    /// Reads a public address. `whole` is whether this is the record of the address itself, where
    /// an absent SKU is the default of its time: Basic.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        id: ResourceId,
        object: &Object,
        at: Arguments<'_>,
        whole: bool,
    ) -> Self {
        let sku = read_sku(reader, object, at);
        let fields = Fields::of(object);
        let described = whole && fields.has("publicIPAllocationMethod");
        let sku = sku.or_else(|| described.then_some(Known::Value(Sku::Basic)));
        let address = parse_address(reader, fields, "ipAddress", format_args!("{at}/properties"));
        let attached = fields.raw("ipConfiguration").and_then(|target| target.get("id")?.as_str());
        let attached = attached.map(|target| reader.ids.intern(target, Use::Reference));
        let ddos = reader.text_at(object, "/properties/ddosSettings/protectionMode");
        Self { id, origins: Origins::one(reader.origin), sku, address, attached, ddos }
    }
}

impl Subnet {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object, at: Arguments<'_>) -> Self {
        let text = reader.text(Fields::own(object), "id", at);
        let vnet = match text {
            Some(Known::Value(text)) => parent(text).map(|vnet| reader.ids.intern(vnet, Use::Reference)),
            _ => None,
        };
        let fields = Fields::of(object);
        let pointer = at.to_string().into();
        let at = format_args!("{at}/properties");
        let space = prefixes(reader, fields, &["addressPrefix", "addressPrefixes"], at);
        let (space, _) = space_and_prefixes(space);
        let nsg = reader.reference(fields, "networkSecurityGroup", at);
        let route_table = reader.reference(fields, "routeTable", at);
        let service_endpoints = service_endpoints(reader, fields, at);
        let origins = Origins::one(reader.origin);
        // https://learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy
        let policies = [
            ("disabled", false),
            ("enabled", true),
            ("networksecuritygroupenabled", true),
            ("routetableenabled", false),
        ];
        let expected =
            Expected::OneOf(&["Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"]);
        let guards_endpoints = reader.word(fields, "privateEndpointNetworkPolicies", at, &policies, expected);
        let translated = fields.raw("natGateway").is_some_and(|gateway| gateway.is_object());
        let default_outbound = reader.boolean(fields, "defaultOutboundAccess", at);
        let delegations = fields.raw("delegations").and_then(|all| all.as_array());
        Self {
            id,
            vnet,
            origins,
            described: space.is_some(),
            default_outbound,
            delegated: delegations.is_some_and(|all| !all.is_empty()),
            space,
            nsg,
            guards_endpoints,
            route_table,
            service_endpoints,
            translated,
            pointer,
        }
    }
}

/// The names of the services in `serviceEndpoints`.
fn service_endpoints(reader: &mut Reader<'_>, fields: Fields<'_>, at: Arguments<'_>) -> Field<Vec<Box<str>>> {
    let items = match reader.array(fields, "serviceEndpoints", at)? {
        Known::Value(items) => items,
        Known::Unknown(reason) => return Some(Known::Unknown(reason)),
    };
    let mut all: Vec<Box<str>> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let at = format_args!("{at}/serviceEndpoints/{index}");
        let service = reader.element(item, at).map(|object| reader.text(Fields::own(object), "service", at));
        match service {
            Some(Some(Known::Value(service))) => all.push(service.into()),
            Some(Some(Known::Unknown(reason))) => return Some(Known::Unknown(reason)),
            _ => return Some(Known::unknown(Reason::Unreadable { field: "serviceEndpoints".into() })),
        }
    }
    all.sort_unstable();
    all.dedup();
    Some(Known::Value(all))
}

impl Vnet {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object, found: &mut Nested) -> Self {
        let fields = Fields::of(object);
        let at = format_args!("/properties");
        let space = match reader.object(fields, "addressSpace", at) {
            Some(Known::Value(space)) => prefixes(
                reader,
                Fields::own(space),
                &["addressPrefixes"],
                format_args!("/properties/addressSpace"),
            ),
            Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
            None => None,
        };
        let (space, listed) = space_and_prefixes(space);
        let location = reader.text(Fields::own(object), "location", format_args!(""));
        let location = location.map(|known| known.map(|text| text.replace(' ', "").to_lowercase().into()));
        if let Some(Known::Value(items)) = reader.array(fields, "subnets", at) {
            for (index, item) in items.iter().enumerate() {
                let at = format_args!("/properties/subnets/{index}");
                let Some(object) = reader.element(item, at) else { continue };
                if let Some(Known::Value(text)) = reader.text(Fields::own(object), "id", at) {
                    let subnet = reader.ids.intern(text, Use::Definition);
                    let subnet = Subnet { vnet: Some(id), ..Subnet::read(reader, subnet, object, at) };
                    found.subnets.push(subnet);
                }
            }
        }
        let peers = Self::peers(reader, fields);
        let ddos = reader.boolean_at(object, "/properties/enableDdosProtection");
        Self { id, origins: Origins::one(reader.origin), space, prefixes: listed, peers, location, ddos }
    }

    fn peers(reader: &mut Reader<'_>, fields: Fields<'_>) -> Field<Vec<Peer>> {
        let items = match reader.array(fields, "virtualNetworkPeerings", format_args!("/properties"))? {
            Known::Value(items) => items,
            Known::Unknown(reason) => return Some(Known::Unknown(reason)),
        };
        let mut peers = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let at = format_args!("/properties/virtualNetworkPeerings/{index}");
            let Some(object) = reader.element(item, at) else {
                return Some(Known::unknown(Reason::Unreadable { field: "virtualNetworkPeerings".into() }));
            };
            peers.extend(Peer::read(reader, object, at));
        }
        Some(Known::Value(peers))
    }
}

impl Peer {
    /// Reads a peering; `None` for one that carries nothing.
    ///
    /// Source: <https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering>:
    /// without `allowVirtualNetworkAccess` the peer is left out of the `VirtualNetwork` tag, and keeps
    /// its routes.
    pub(crate) fn read(reader: &mut Reader<'_>, object: &Object, at: Arguments<'_>) -> Option<Self> {
        let peering = Fields::of(object);
        let at = format_args!("{at}/properties");
        let state = reader.text(peering, "peeringState", at);
        if matches!(state, Some(Known::Value(state)) if !state.eq_ignore_ascii_case("connected")) {
            return None;
        }
        let access = reader.boolean(peering, "allowVirtualNetworkAccess", at);
        let in_tag = !matches!(access, Some(Known::Value(false)));
        let use_remote_gateways = reader.boolean(peering, "useRemoteGateways", at);
        let forwards = reader.boolean(peering, "allowForwardedTraffic", at);
        let remote = peering.raw("remoteVirtualNetwork").and_then(|remote| remote.get("id")?.as_str());
        let vnet = remote.map(|id| reader.ids.intern(id, Use::Reference));
        let mut space: Field<Vec<Prefix>> = None;
        for name in ["remoteVirtualNetworkAddressSpace", "remoteAddressSpace"] {
            if space.is_some() {
                break;
            }
            space = match reader.object(peering, name, at) {
                Some(Known::Value(object)) => prefixes(reader, Fields::own(object), &["addressPrefixes"], at),
                Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
                None => None,
            };
        }
        let (space, prefixes) = space_and_prefixes(space);
        let complete = reader.boolean(peering, "peerCompleteVnets", at);
        let whole = complete.is_none_or(|complete| complete == Known::Value(true));
        Some(Self { vnet, space, prefixes, in_tag, use_remote_gateways, forwards, whole })
    }
}

impl Asg {
    pub(crate) fn read(reader: &Reader<'_>, id: ResourceId) -> Self {
        Self { id, origins: Origins::one(reader.origin) }
    }
}

/// Resources that are written out inside another one.
#[derive(Default)]
pub(crate) struct Nested {
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) public_ips: Vec<PublicIp>,
}
