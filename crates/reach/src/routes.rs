//! Where packets of a NIC go next: the routes of its subnet, and which of them decides.
//!
//! INVARIANT: only what the configuration decides is told. Routes that a gateway learns, those of
//! service endpoints, and those that Azure has had at some times only make a next hop unknown where
//! they could be the ones that count.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview>; what
//! Azure drops by itself is as recorded in `docs/truth.md`.

use std::net::IpAddr;

use estate::{
    Destination, Estate, Family, IpConfiguration, Kind, Known, NextHopType, Nic, Prefix, Reason, ResourceId,
    Route, RouteTable, Subnet, Vm, Vnet, parse_prefix, resource_name,
};

use crate::addresses::{address, internet, number, prefixes_of};
use crate::cache::Reach;
use crate::endpoint::Tri;
use crate::flow::FlowError;

/// What a route leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HopType {
    /// The network itself.
    VnetLocal,
    /// A peered network of the same region.
    VnetPeering,
    /// A peered network of another region.
    VnetGlobalPeering,
    /// The internet.
    Internet,
    /// A machine that passes packets on.
    VirtualAppliance,
    /// The gateway of the network.
    VirtualNetworkGateway,
    /// Nowhere: packets are dropped.
    None,
}

impl HopType {
    /// The word in `az network nic show-effective-route-table`.
    pub fn in_table(self) -> &'static str {
        match self {
            Self::VnetLocal => "VnetLocal",
            Self::VnetPeering => "VNetPeering",
            Self::VnetGlobalPeering => "VNetGlobalPeering",
            Self::Internet => "Internet",
            Self::VirtualAppliance => "VirtualAppliance",
            Self::VirtualNetworkGateway => "VirtualNetworkGateway",
            Self::None => "None",
        }
    }

    /// The word in `az network watcher show-next-hop`, which has names of its own.
    ///
    /// Source: <https://learn.microsoft.com/azure/network-watcher/next-hop-overview>
    pub fn as_next_hop(self) -> &'static str {
        match self {
            Self::VnetLocal => "VirtualNetwork",
            Self::VnetPeering | Self::VnetGlobalPeering => "VirtualNetworkPeering",
            other => other.in_table(),
        }
    }
}

/// Where packets to an address go next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// What decides leads to.
    pub hop: HopType,
    /// The address of the appliance that the deciding route names, also where it cannot be reached.
    pub address: Option<IpAddr>,
    /// The table of the deciding route; none for a route of Azure's own.
    pub route_table: Option<ResourceId>,
}

/// Which way replies to a client on the internet leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnPath {
    /// To the internet, as the packets of the client came.
    Direct,
    /// Another way: through an appliance, a gateway or a network, or nowhere at all.
    Elsewhere(NextHop),
}

/// One route of a NIC.
#[derive(Clone, Debug)]
pub struct EffectiveRoute {
    /// The name of a route that somebody has set; none for one of Azure's own.
    pub name: Option<Box<str>>,
    /// Whether it counts: one that somebody has set puts Azure's own for the same prefix out of force.
    pub active: bool,
    /// The prefixes that it is for; empty where they are not known.
    pub prefixes: Vec<String>,
    /// The service tag that the prefixes come from.
    pub tag: Option<String>,
    /// What it leads to, if that is known.
    pub hop: Option<HopType>,
    /// The address of the appliance that it names.
    pub address: Option<IpAddr>,
}

/// The routes of a NIC.
#[derive(Clone, Debug)]
pub struct EffectiveRoutes {
    /// Those that the configuration tells: Azure's own, then the others by name.
    pub routes: Vec<EffectiveRoute>,
    /// Whether routes that a gateway learns are kept out.
    pub disable_bgp_propagation: bool,
    /// Why there may be others, or some of it is not known.
    pub unknown: Vec<Reason>,
}

/// Prefixes that are nobody's on the internet and that Azure drops. In the newest recorded answers all
/// of them; the first, third and fourth in every one.
const RESERVED: [&str; 6] =
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "198.18.0.0/15"];

/// Public prefixes that Azure drops in the newest recorded answers (2024-05 and 2024-08) and not in all
/// earlier ones: networks of Microsoft's own.
const MOVING: [&str; 15] = [
    "104.146.0.0/17",
    "104.147.0.0/16",
    "157.59.0.0/16",
    "20.35.252.0/22",
    "23.103.0.0/18",
    "25.4.0.0/14",
    "25.148.0.0/15",
    "25.150.0.0/16",
    "25.152.0.0/14",
    "25.156.0.0/16",
    "25.159.0.0/16",
    "25.176.0.0/13",
    "25.184.0.0/14",
    "40.108.0.0/17",
    "40.109.0.0/16",
];

/// Subnets that hold what learns routes: VPN and ExpressRoute gateways, route servers.
const LEARNING: [&str; 2] = ["GatewaySubnet", "RouteServerSubnet"];

/// A route for one prefix.
#[derive(Clone)]
struct Entry<'e> {
    family: Family,
    first: u128,
    last: u128,
    hop: Known<HopType>,
    address: Option<IpAddr>,
    /// Set for a route that somebody has set.
    user: Option<&'e Route>,
}

impl Entry<'_> {
    fn new(prefix: Prefix, hop: HopType) -> Self {
        let (family, first, last) = ends(prefix);
        Self { family, first, last, hop: Known::Value(hop), address: None, user: None }
    }

    /// How many bits of an address it fixes.
    fn length(&self) -> u32 {
        let free = (self.first ^ self.last).checked_ilog2().map_or(0, |bit| bit + 1);
        width(self.family) - free
    }

    fn holds(&self, family: Family, destination: u128) -> bool {
        self.family == family && (self.first..=self.last).contains(&destination)
    }

    fn covers(&self, other: &Entry<'_>) -> bool {
        self.family == other.family && self.first <= other.first && other.last <= self.last
    }

    fn leads_like(&self, other: &Entry<'_>) -> bool {
        self.hop == other.hop && self.address == other.address
    }

    fn is_for_the_same(&self, other: &Entry<'_>) -> bool {
        self.covers(other) && other.covers(self)
    }

    fn text(&self) -> String {
        format!("{}/{}", address(self.family, self.first), self.length())
    }
}

fn width(family: Family) -> u32 {
    match family {
        Family::V4 => 32,
        Family::V6 => 128,
    }
}

fn ends(prefix: Prefix) -> (Family, u128, u128) {
    match prefix {
        Prefix::V4(range) => (Family::V4, range.first.into(), range.last.into()),
        Prefix::V6(range) => (Family::V6, range.first, range.last),
    }
}

/// A route for a service tag.
struct ByTag<'e> {
    tag: &'e str,
    hop: Known<HopType>,
    address: Option<IpAddr>,
    route: &'e Route,
}

/// The routes of a subnet, and what is not known of them.
struct Routing<'e> {
    /// Whether the network is known.
    network: bool,
    /// The prefixes of the network and of its peers.
    near: Vec<Entry<'e>>,
    /// Routes that somebody has set, by prefix.
    user: Vec<Entry<'e>>,
    /// Routes that somebody has set, by service tag.
    tags: Vec<ByTag<'e>>,
    table: Option<ResourceId>,
    disable_bgp_propagation: bool,
    /// Why nothing at all can be told of where packets go.
    blind: Vec<Reason>,
    /// Why the networks that it is connected to are not known in full.
    peers_unknown: Option<Reason>,
    /// Why there may be routes that a gateway has learnt.
    learnt: Option<Reason>,
    /// Why there may be routes of service endpoints.
    endpoints: Option<Reason>,
}

/// The routes of a NIC. Its first IP configuration tells the subnet: all of them are in one.
pub fn effective_routes(reach: &Reach<'_>, nic: &Nic) -> EffectiveRoutes {
    match first_configuration(reach.estate(), nic) {
        Ok(ip) => Routing::of(reach.estate(), nic, ip).listed(reach),
        Err(reason) => {
            EffectiveRoutes { routes: Vec::new(), disable_bgp_propagation: false, unknown: vec![reason] }
        }
    }
}

/// Where packets of a NIC go next on their way to `destination`. Azure takes any source address; one of the
/// NIC's own tells the IP configuration.
pub fn next_hop(reach: &Reach<'_>, nic: &Nic, source: IpAddr, destination: IpAddr) -> Known<NextHop> {
    let own = nic.ip_configurations.as_ref().and_then(|all| all.value()).and_then(|all| {
        all.iter().find(|ip| matches!(ip.address, Some(Known::Value(address)) if address == source))
    });
    match own.map_or_else(|| first_configuration(reach.estate(), nic), Ok) {
        Ok(ip) => match Routing::of(reach.estate(), nic, ip).decide(reach, destination) {
            (_, Some(doubt)) => Known::unknown(doubt),
            (answer, None) => answer,
        },
        Err(reason) => Known::unknown(reason),
    }
}

/// Where a machine sends packets: its routes, to be asked for many addresses.
pub(crate) struct Sending<'e> {
    routing: Routing<'e>,
    nic: ResourceId,
}

impl<'e> Sending<'e> {
    pub(crate) fn of(estate: &'e Estate, nic: &Nic, ip: &IpConfiguration) -> Self {
        Self { routing: Routing::of(estate, nic, ip), nic: nic.id }
    }

    /// Whether packets to an address in Azure's networks get there by them, or those to one on the internet get out;
    /// and why that is not certain.
    pub(crate) fn gets(
        &self,
        reach: &Reach<'_>,
        destination: IpAddr,
        outside: bool,
    ) -> (Tri, Option<Reason>) {
        let (hop, doubt) = self.routing.decide(reach, destination);
        let elsewhere = || Reason::SentElsewhere { id: reach.estate().text(self.nic).into() };
        match (hop, doubt) {
            (Known::Unknown(reason), _) => (Tri::Maybe, Some(*reason)),
            (Known::Value(next), doubt) => {
                let there = match next.hop {
                    HopType::VnetLocal | HopType::VnetPeering | HopType::VnetGlobalPeering => !outside,
                    HopType::Internet => outside,
                    HopType::None => false,
                    HopType::VirtualAppliance | HopType::VirtualNetworkGateway => {
                        return (Tri::Maybe, Some(elsewhere()));
                    }
                };
                match (there, doubt) {
                    (_, Some(doubt)) => (Tri::Maybe, Some(doubt)),
                    (there, None) => (there.into(), None),
                }
            }
        }
    }
}

/// Which way replies of an IP configuration to a client on the internet leave.
///
/// A client that came to a public address gets no reply over TCP where they leave another way; what needs
/// none still arrives.
pub fn return_path(reach: &Reach<'_>, nic: &Nic, ip: &IpConfiguration, remote: IpAddr) -> Known<ReturnPath> {
    match Routing::of(reach.estate(), nic, ip).decide(reach, remote) {
        (Known::Unknown(reason), _) => Known::Unknown(reason),
        // What could count instead does not lead to the internet either.
        (Known::Value(next), _) if next.hop != HopType::Internet => Known::Value(ReturnPath::Elsewhere(next)),
        (Known::Value(_), Some(doubt)) => Known::unknown(doubt),
        (Known::Value(_), None) => Known::Value(ReturnPath::Direct),
    }
}

/// The NIC of a VM that a question about a next hop is for: the one that is named, that has the source
/// address, or that is the only one.
pub fn asked_nic<'e>(
    estate: &'e Estate,
    vm: &Vm,
    name: Option<&str>,
    source: IpAddr,
) -> Result<Known<&'e Nic>, FlowError> {
    let named = |id: &&ResourceId| {
        let text = estate.text(**id);
        name.is_none_or(|name| {
            resource_name(text).eq_ignore_ascii_case(name) || text.eq_ignore_ascii_case(name)
        })
    };
    let ids: Vec<ResourceId> = vm.nics.iter().filter(named).copied().collect();
    if let (Some(name), true) = (name, ids.is_empty()) {
        let similar = vm.nics.iter().map(|id| resource_name(estate.text(*id)).to_owned()).collect();
        return Err(FlowError::NoSuch { kind: Kind::Nic, name: name.to_owned(), similar });
    }
    let nics: Vec<&Nic> = ids.iter().filter_map(|id| estate.nic(*id)).collect();
    let mut known = Vec::new();
    for nic in &nics {
        for ip in nic.ip_configurations.iter().filter_map(Known::value).flatten() {
            match ip.address {
                Some(Known::Value(address)) if address == source => return Ok(Known::Value(nic)),
                Some(Known::Value(address)) => known.push(address),
                _ => {}
            }
        }
    }
    let missing = ids.iter().find(|id| estate.nic(**id).is_none());
    match (nics.as_slice(), missing) {
        ([only], None) => Ok(Known::Value(only)),
        (_, Some(id)) => Ok(Known::unknown(estate.missing(Kind::Nic, *id))),
        ([], None) if vm.nics.is_empty() => {
            let reason = vm.nics_unknown.as_deref().cloned();
            Ok(Known::unknown(reason.unwrap_or_else(|| estate.partial(Kind::Vm, vm.id))))
        }
        _ => Err(FlowError::NoSuchAddress { address: source, known }),
    }
}

fn first_configuration<'e>(estate: &Estate, nic: &'e Nic) -> Result<&'e IpConfiguration, Reason> {
    match &nic.ip_configurations {
        Some(Known::Unknown(reason)) => Err(reason.as_ref().clone()),
        Some(Known::Value(all)) => all.first().ok_or_else(|| estate.partial(Kind::Nic, nic.id)),
        None => Err(estate.partial(Kind::Nic, nic.id)),
    }
}

impl<'e> Routing<'e> {
    fn of(estate: &'e Estate, nic: &Nic, ip: &IpConfiguration) -> Self {
        let mut routing = Self {
            network: false,
            near: Vec::new(),
            user: Vec::new(),
            tags: Vec::new(),
            table: None,
            disable_bgp_propagation: false,
            blind: Vec::new(),
            peers_unknown: None,
            learnt: None,
            endpoints: None,
        };
        match &ip.subnet {
            None => routing.blind.push(estate.partial(Kind::Nic, nic.id)),
            Some(Known::Unknown(reason)) => routing.blind.push(reason.as_ref().clone()),
            Some(Known::Value(id)) => match estate.subnet(*id) {
                // A subnet that only a group mentions does not tell whether it has a table.
                Some(subnet) if subnet.space.is_some() || subnet.route_table.is_some() => {
                    routing.read(estate, subnet);
                }
                _ => routing.blind.push(estate.missing(Kind::Subnet, *id)),
            },
        }
        routing
    }

    fn read(&mut self, estate: &'e Estate, subnet: &Subnet) {
        let vnet = match subnet.vnet {
            None => Err(estate.partial(Kind::Subnet, subnet.id)),
            Some(id) => estate.vnet(id).ok_or_else(|| estate.missing(Kind::Vnet, id)),
        };
        let space = vnet.and_then(|vnet| match &vnet.space {
            Some(Known::Value(_)) => Ok(vnet),
            Some(Known::Unknown(reason)) => Err(reason.as_ref().clone()),
            None => Err(estate.partial(Kind::Vnet, vnet.id)),
        });
        match space {
            Err(reason) => self.blind.push(reason),
            Ok(vnet) => {
                self.network = true;
                self.near.extend(vnet.prefixes.iter().map(|prefix| Entry::new(*prefix, HopType::VnetLocal)));
                self.read_peers(estate, vnet);
                self.learnt = self.learnt.take().or_else(|| learning(estate, vnet));
            }
        }
        match &subnet.service_endpoints {
            None => {}
            Some(Known::Value(all)) if all.is_empty() => {}
            Some(Known::Value(_)) => {
                self.endpoints = Some(Reason::ServiceEndpointRoutes { id: estate.text(subnet.id).into() });
            }
            Some(Known::Unknown(reason)) => self.endpoints = Some(reason.as_ref().clone()),
        }
        match &subnet.route_table {
            None => {}
            Some(Known::Unknown(reason)) => self.blind.push(reason.as_ref().clone()),
            Some(Known::Value(id)) => match estate.route_table(*id) {
                None => self.blind.push(estate.missing(Kind::RouteTable, *id)),
                Some(table) => self.read_table(estate, table),
            },
        }
    }

    fn read_peers(&mut self, estate: &Estate, vnet: &Vnet) {
        let peers = match &vnet.peers {
            None => return,
            Some(Known::Unknown(reason)) => {
                self.peers_unknown = Some(reason.as_ref().clone());
                self.learnt = Some(reason.as_ref().clone());
                return;
            }
            Some(Known::Value(peers)) => peers,
        };
        for peer in peers {
            if !peer.whole {
                self.peers_unknown = Some(Reason::SubnetPeering { id: estate.text(vnet.id).into() });
                continue;
            }
            let record = peer.vnet.and_then(|id| estate.vnet(id));
            // The peer itself knows its space better than the peering, which may be behind.
            let told = record.and_then(|record| Some((record.space.as_ref()?, &record.prefixes)));
            let told = told.or_else(|| Some((peer.space.as_ref()?, &peer.prefixes)));
            let hop = match (&vnet.location, record.and_then(|record| record.location.as_ref())) {
                (Some(Known::Value(mine)), Some(Known::Value(theirs))) if mine != theirs => {
                    HopType::VnetGlobalPeering
                }
                _ => HopType::VnetPeering,
            };
            match told {
                Some((Known::Value(_), prefixes)) => {
                    self.near.extend(prefixes.iter().map(|prefix| Entry::new(*prefix, hop)));
                }
                Some((Known::Unknown(reason), _)) => self.peers_unknown = Some(reason.as_ref().clone()),
                None => {
                    self.peers_unknown = Some(match peer.vnet {
                        Some(id) => estate.missing(Kind::Vnet, id),
                        None => estate.partial(Kind::Vnet, vnet.id),
                    });
                }
            }
            match &peer.use_remote_gateways {
                None | Some(Known::Value(false)) => {}
                Some(Known::Unknown(reason)) => self.learnt = Some(reason.as_ref().clone()),
                Some(Known::Value(true)) => {
                    let id = peer.vnet.unwrap_or(vnet.id);
                    self.learnt = Some(Reason::LearntRoutes { id: estate.text(id).into() });
                }
            }
        }
    }

    fn read_table(&mut self, estate: &Estate, table: &'e RouteTable) {
        self.table = Some(table.id);
        match &table.disable_bgp_propagation {
            None | Some(Known::Value(false)) => {}
            Some(Known::Value(true)) => {
                self.disable_bgp_propagation = true;
                self.learnt = None;
            }
            // A gateway counts or not.
            Some(Known::Unknown(_)) => {}
        }
        let routes = match &table.routes {
            None => return self.blind.push(estate.partial(Kind::RouteTable, table.id)),
            Some(Known::Unknown(reason)) => return self.blind.push(reason.as_ref().clone()),
            Some(Known::Value(routes)) => routes,
        };
        for route in routes {
            let hop = self.hop_of(route);
            let named = match &route.next_hop_address {
                Some(Known::Value(address)) => Some(*address),
                _ => None,
            };
            match &route.destination {
                Known::Unknown(reason) => self.blind.push(reason.as_ref().clone()),
                Known::Value(Destination::Tag(tag)) => {
                    self.tags.push(ByTag { tag, hop, address: named, route });
                }
                Known::Value(Destination::Prefix(prefix)) => {
                    let entry = Entry::new(*prefix, HopType::None);
                    self.user.push(Entry { hop, address: named, user: Some(route), ..entry });
                }
            }
        }
    }

    /// What a route that somebody has set leads to. An appliance is a hop only where the network or a peer
    /// has its address: recorded answers of Azure tell `None` for one at an address of neither.
    fn hop_of(&self, route: &Route) -> Known<HopType> {
        let next_hop = match &route.next_hop {
            Known::Unknown(reason) => return Known::Unknown(reason.clone()),
            Known::Value(next_hop) => next_hop,
        };
        Known::Value(match next_hop {
            NextHopType::VirtualNetworkGateway => HopType::VirtualNetworkGateway,
            NextHopType::VnetLocal => HopType::VnetLocal,
            NextHopType::Internet => HopType::Internet,
            NextHopType::None => HopType::None,
            NextHopType::VirtualAppliance => {
                let appliance = match &route.next_hop_address {
                    None => return Known::unknown(Reason::Unreadable { field: "nextHopIpAddress".into() }),
                    Some(Known::Unknown(reason)) => return Known::Unknown(reason.clone()),
                    Some(Known::Value(appliance)) => *appliance,
                };
                let (family, wanted) = (Family::of(appliance), number(appliance));
                if self.near.iter().any(|entry| entry.holds(family, wanted)) {
                    return Known::Value(HopType::VirtualAppliance);
                }
                let doubt = self.blind.first().or(self.peers_unknown.as_ref()).or(self.learnt.as_ref());
                match doubt {
                    Some(reason) => return Known::unknown(reason.clone()),
                    None => HopType::None,
                }
            }
        })
    }

    /// Azure's own routes, those left out that the network's space puts out of force: what is reserved and
    /// lies within a prefix of the network or of a peer.
    fn own(&self, reserved: &[&str]) -> Vec<Entry<'e>> {
        let mut own = self.near.clone();
        let mut everywhere = vec!["0.0.0.0/0"];
        if self.near.iter().any(|entry| entry.family == Family::V6) {
            everywhere.push("::/0");
        }
        own.extend(entries(&everywhere, HopType::Internet));
        let kept =
            entries(reserved, HopType::None).filter(|entry| !self.near.iter().any(|near| near.covers(entry)));
        own.extend(kept);
        own
    }

    /// What the configuration decides, and what could make it not count: a route that no configuration
    /// holds. None of those leads to the internet.
    fn decide(&self, reach: &Reach<'_>, destination: IpAddr) -> (Known<NextHop>, Option<Reason>) {
        let nobody_knows = |reason: &Reason| (Known::unknown(reason.clone()), None);
        let (family, wanted) = (Family::of(destination), number(destination));
        if let Some(reason) = self.blind.first() {
            return nobody_knows(reason);
        }
        let mut own = self.own(&RESERVED);
        own.extend(entries(&["::/0"], HopType::Internet));
        let found = || own.iter().chain(&self.user).filter(|entry| entry.holds(family, wanted));
        let key = |entry: &&Entry<'_>| (entry.length(), entry.user.is_some());
        let Some(best) = found().max_by_key(key) else {
            return nobody_knows(&Reason::AzureRoute { prefix: destination.to_string().into() });
        };
        let same = |entry: &&Entry<'_>| key(entry) == key(&best);
        if best.user.is_some() && found().filter(same).any(|entry| !entry.leads_like(best)) {
            return nobody_knows(&Reason::Conflict { field: "routes".into() });
        }
        let near = best.user.is_none() && self.near.iter().any(|entry| entry.holds(family, wanted));
        let exact = best.user.is_some() && best.length() == width(family);
        let outside = internet(family).contains(wanted);
        if exact || near {
            // Nothing is more specific than one address, and routes to the network and its peers come
            // before all that is learnt.
            return (self.answer(&best.hop, best.address, best.user.is_some()), None);
        }
        if let Some(reason) = self.peers_unknown.as_ref().filter(|_| !outside) {
            return nobody_knows(reason);
        }
        let answer = match self.with_tags(reach, best, wanted) {
            Ok(answer) => answer,
            Err(reason) => return nobody_knows(&reason),
        };
        let moving = entries(&MOVING, HopType::None)
            .filter(|entry| !self.near.iter().any(|near| near.covers(entry)))
            .find(|entry| entry.holds(family, wanted) && entry.length() > best.length())
            .map(|entry| Reason::AzureRoute { prefix: entry.text().into() });
        let endpoints = self.endpoints.clone().filter(|_| {
            outside && reach.tags().in_family("azurecloud", family).is_none_or(|azure| azure.contains(wanted))
        });
        (answer, self.learnt.clone().or(endpoints).or(moving))
    }

    /// The answer of the best route for a prefix, where routes for service tags may decide, too. The prefixes of
    /// a tag are longer than none at all; how long each is the list does not tell, as it joins them.
    fn with_tags(&self, reach: &Reach<'_>, best: &Entry<'_>, wanted: u128) -> Result<Known<NextHop>, Reason> {
        let mut answer = self.answer(&best.hop, best.address, best.user.is_some());
        let mut decided = best.length() > 0;
        for by_tag in &self.tags {
            match reach.tags().in_family(by_tag.tag, best.family) {
                None if !internet(best.family).contains(wanted) => continue,
                None => return Err(Reason::ServiceTag { tag: by_tag.tag.into() }),
                Some(addresses) if !addresses.contains(wanted) => continue,
                Some(_) => {}
            }
            let other = self.answer(&by_tag.hop, by_tag.address, true);
            if decided && other != answer {
                return Err(Reason::RouteByTag { tag: by_tag.tag.into() });
            }
            decided = true;
            answer = other;
        }
        Ok(answer)
    }

    fn answer(&self, hop: &Known<HopType>, address: Option<IpAddr>, user: bool) -> Known<NextHop> {
        let route_table = self.table.filter(|_| user);
        hop.as_ref().map(|hop| NextHop { hop: *hop, address, route_table })
    }

    fn listed(&self, reach: &Reach<'_>) -> EffectiveRoutes {
        let reserved: Vec<&str> = RESERVED.iter().chain(&MOVING).copied().collect();
        let mut routes: Vec<EffectiveRoute> = Vec::new();
        let mut unknown = self.blind.clone();
        let own = if self.network { self.own(&reserved) } else { Vec::new() };
        for entry in own.iter().chain(&self.user) {
            let replaced = entry.user.is_none() && self.user.iter().any(|user| user.is_for_the_same(entry));
            if let Known::Unknown(reason) = &entry.hop {
                unknown.push(reason.as_ref().clone());
            }
            routes.push(EffectiveRoute {
                name: entry.user.map(|route| route.name.clone()),
                active: !replaced,
                prefixes: vec![entry.text()],
                tag: None,
                hop: entry.hop.value().copied(),
                address: entry.address,
            });
        }
        for by_tag in &self.tags {
            let mut prefixes = Vec::new();
            for family in [Family::V4, Family::V6] {
                if let Some(addresses) = reach.tags().in_family(by_tag.tag, family) {
                    prefixes.extend(prefixes_of(&addresses, family, usize::MAX));
                }
            }
            if !reach.tags().holds(by_tag.tag) {
                unknown.push(Reason::ServiceTag { tag: by_tag.tag.into() });
            }
            if let Known::Unknown(reason) = &by_tag.hop {
                unknown.push(reason.as_ref().clone());
            }
            let name = reach.tags().published_name(by_tag.tag).unwrap_or(by_tag.tag);
            routes.push(EffectiveRoute {
                name: Some(by_tag.route.name.clone()),
                active: true,
                prefixes,
                tag: Some(name.to_owned()),
                hop: by_tag.hop.value().copied(),
                address: by_tag.address,
            });
        }
        unknown.extend([&self.peers_unknown, &self.learnt, &self.endpoints].into_iter().flatten().cloned());
        unknown.sort_unstable();
        unknown.dedup();
        EffectiveRoutes { routes, disable_bgp_propagation: self.disable_bgp_propagation, unknown }
    }
}

fn entries<'e>(prefixes: &[&str], hop: HopType) -> impl Iterator<Item = Entry<'e>> {
    prefixes.iter().filter_map(|text| parse_prefix(text)).map(move |prefix| Entry::new(prefix, hop))
}

/// Whether something leads out of a network that no record tells: a gateway or route server of its own or of a
/// peer, a virtual hub. So it is where the network is not in the input.
pub(crate) fn learns(estate: &Estate, network: ResourceId) -> bool {
    let Some(vnet) = estate.vnet(network) else { return true };
    let remote = |peer: &estate::Peer| !matches!(peer.use_remote_gateways, None | Some(Known::Value(false)));
    let peers = match &vnet.peers {
        Some(Known::Value(peers)) => peers.iter().any(remote),
        Some(Known::Unknown(_)) => true,
        None => false,
    };
    peers || learning(estate, vnet).is_some()
}

/// Why there may be routes that something in a network has learnt: it has a subnet that is kept for a gateway
/// or a route server. A gateway can be in no other.
pub(crate) fn learning(estate: &Estate, vnet: &Vnet) -> Option<Reason> {
    let kept = |name: &&str| {
        let id = estate.ids().find(&format!("{}/subnets/{name}", estate.text(vnet.id)))?;
        estate.subnet(id).map(|subnet| Reason::LearntRoutes { id: estate.text(subnet.id).into() })
    };
    LEARNING.iter().find_map(kept)
}
