//! What makes classes: addresses of machines by what groups, networks, routes and ways in can tell apart.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use estate::{Direction, Estate, IpConfiguration, Known, Nic, PortSet, ResourceId};

use super::step::leads_on;
use super::{Class, Map, Member};
use crate::addresses::{Addresses, MustMay, everything, number};
use crate::cache::{OpeningKey, Reach};
use crate::difference::machines;
use crate::endpoint::Endpoint;
use crate::internet::{Opening, Way};
use crate::packet::Protocols;
use crate::routes::Sending;

/// What tells classes apart.
type ClassKey =
    (OpeningKey, OpeningKey, Option<ResourceId>, [u32; 2], Vec<(PortSet, MustMay)>, Option<ResourceId>);

impl<'r, 'e> Map<'r, 'e> {
    /// Puts the addresses of all VMs into classes. `login` are the ports by which somebody takes a machine over,
    /// `ports` are others that paths are asked for.
    pub fn new(reach: &'r Reach<'e>, login: &PortSet, ports: &PortSet) -> Self {
        let estate = reach.estate();
        let both = Protocols::TCP.or(Protocols::UDP);
        let asked = login.union(ports);
        // What is about other ports tells no two addresses apart here.
        let counts = |opening: &Opening, direction: Direction| {
            let ports = match direction {
                Direction::Inbound => &opening.local_ports,
                Direction::Outbound => &opening.remote_ports,
            };
            !opening.protocols.and(both).is_empty() && ports.overlaps(&asked)
        };
        let mut nodes = Vec::new();
        let mut by_guards: HashMap<(Direction, OpeningKey), Arc<Vec<Opening>>> = HashMap::new();
        let mut unseen = Vec::new();
        for machine in machines(estate) {
            unseen.extend(machine.doubt(reach).map(|reason| (machine.id, reason)));
            for (nic, ip) in machine.addresses {
                let endpoint = Endpoint::new(estate, nic, ip);
                let mut side = |direction| {
                    let guards = reach.guards(direction, &endpoint);
                    let openings = by_guards.entry((direction, guards.key)).or_insert_with(|| {
                        let mut all = reach.let_through(&endpoint, &guards, &everything(ip.family));
                        all.retain(|opening| counts(opening, direction));
                        Arc::new(all)
                    });
                    let openings = match guards.unknown.is_empty() {
                        true => Arc::clone(openings),
                        false => Arc::new(openings.iter().map(Opening::doubted).collect()),
                    };
                    (guards.key, openings)
                };
                let (in_key, inward) = side(Direction::Inbound);
                let (out_key, outward) = side(Direction::Outbound);
                let from_internet = logins(reach, nic, ip, login);
                let member = Member { vm: machine.id, nic, ip };
                let sender = sender(estate, ip);
                nodes.push(Node {
                    member,
                    endpoint,
                    in_key,
                    out_key,
                    inward,
                    outward,
                    from_internet,
                    sender,
                });
            }
        }
        let own: Vec<Option<IpAddr>> = nodes.iter().map(|node| node.endpoint.address).collect();
        let senders: Vec<Option<IpAddr>> = nodes.iter().map(|node| node.sender).collect();
        let signatures = [own, senders].map(|addresses| {
            let clients = nodes.iter().flat_map(|node| &node.from_internet).map(|(_, clients)| clients);
            signatures(&addresses, by_guards.values(), clients)
        });
        let [own, senders] = signatures;
        let signatures = own.into_iter().zip(senders).map(|(own, sender)| [own, sender]);
        let mut index: HashMap<ClassKey, usize> = HashMap::new();
        let mut classes: Vec<Class<'e>> = Vec::new();
        for (node, signature) in nodes.into_iter().zip(signatures) {
            let table = route_table(estate, node.member.ip);
            let vnet = node.endpoint.vnet;
            let key = (node.in_key, node.out_key, vnet, signature, node.from_internet, table);
            match index.get(&key).and_then(|at| classes.get_mut(*at)) {
                Some(class) => class.members.push(node.member),
                None => {
                    index.insert(key, classes.len());
                    let Member { nic, ip, .. } = node.member;
                    classes.push(Class {
                        members: vec![node.member],
                        endpoint: node.endpoint,
                        inward: node.inward,
                        outward: node.outward,
                        sending: Sending::of(estate, nic, ip),
                        sender: node.sender,
                        public: public_ways(reach, nic, ip, &asked),
                    });
                }
            }
        }
        for class in &mut classes {
            class.members.sort_by_cached_key(|member| {
                (estate.text(member.vm).to_ascii_lowercase(), estate.text(member.nic.id).to_ascii_lowercase())
            });
        }
        // The order of the input does not show.
        classes.sort_by_cached_key(|class| {
            let first = class.members.first();
            first.map(|member| (estate.text(member.nic.id).to_ascii_lowercase(), member.ip.name.clone()))
        });
        let mut classes_of: HashMap<ResourceId, Vec<usize>> = HashMap::new();
        for (at, class) in classes.iter().enumerate() {
            for member in &class.members {
                let its = classes_of.entry(member.vm).or_default();
                if its.last() != Some(&at) {
                    its.push(at);
                }
            }
        }
        unseen.sort_by_cached_key(|(machine, _)| estate.text(*machine).to_ascii_lowercase());
        unseen.truncate(2);
        let neighbours = Neighbours::new(estate, &classes);
        Self { reach, login: login.clone(), classes, classes_of, unseen, neighbours }
    }
}

/// Where steps from a class can lead at all.
#[derive(Default)]
pub(super) struct Neighbours {
    /// The classes in a network.
    pub(super) within: HashMap<ResourceId, Vec<usize>>,
    /// The networks that one is joined to, its own among them; none where they are not known.
    pub(super) joined: HashMap<ResourceId, Option<Vec<ResourceId>>>,
    /// Classes that something unknown may join to any network.
    pub(super) loose: Vec<usize>,
    /// Classes that the internet has a way to.
    pub(super) public: Vec<usize>,
}

impl Neighbours {
    fn new(estate: &Estate, classes: &[Class<'_>]) -> Self {
        let mut all = Self::default();
        for vnet in &estate.vnets {
            let peers = match &vnet.peers {
                Some(Known::Value(peers)) => Some(peers.iter().filter_map(|peer| peer.vnet).collect()),
                Some(Known::Unknown(_)) => None,
                None => Some(Vec::new()),
            };
            all.joined.insert(vnet.id, peers);
        }
        // Either side may tell of a peering.
        for vnet in &estate.vnets {
            for peer in vnet.peers.iter().filter_map(Known::value).flatten().filter_map(|peer| peer.vnet) {
                if let Some(Some(its)) = all.joined.get_mut(&peer) {
                    its.push(vnet.id);
                }
            }
            if let Some(Some(its)) = all.joined.get_mut(&vnet.id) {
                its.push(vnet.id);
                its.sort_unstable();
                its.dedup();
            }
        }
        for (at, class) in classes.iter().enumerate() {
            let known = class.endpoint.vnet.filter(|vnet| matches!(all.joined.get(vnet), Some(Some(_))));
            if known.is_none() || leads_on(&class.endpoint) {
                all.loose.push(at);
            }
            if let Some(vnet) = class.endpoint.vnet {
                all.within.entry(vnet).or_default().push(at);
            }
            if !class.public.is_empty() {
                all.public.push(at);
            }
        }
        all
    }
}

struct Node<'e> {
    member: Member<'e>,
    endpoint: Endpoint,
    in_key: OpeningKey,
    out_key: OpeningKey,
    inward: Arc<Vec<Opening>>,
    outward: Arc<Vec<Opening>>,
    from_internet: Vec<(PortSet, MustMay)>,
    sender: Option<IpAddr>,
}

/// What lets the internet in to these ports.
fn public_ways(reach: &Reach<'_>, nic: &Nic, ip: &IpConfiguration, ports: &PortSet) -> Vec<Way> {
    let both = Protocols::TCP.or(Protocols::UDP);
    let counts =
        |opening: &Opening| !opening.protocols.and(both).is_empty() && opening.local_ports.overlaps(ports);
    let mut ways = reach.from_internet(nic, ip).ways;
    ways.retain(|way| way.openings.iter().any(counts));
    ways
}

/// The public address that packets of an IP configuration to the internet come from. One of its own counts before all
/// but a NAT gateway.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access>
fn sender(estate: &Estate, ip: &IpConfiguration) -> Option<IpAddr> {
    let subnet = estate.subnet(*ip.subnet.as_ref()?.value()?)?;
    let public = estate.public_ip(*ip.public_ip.as_ref()?.value()?)?;
    let address = public.address.as_ref()?.value().copied()?;
    (!subnet.translated).then_some(address)
}

/// The route table of the subnet.
fn route_table(estate: &Estate, ip: &IpConfiguration) -> Option<ResourceId> {
    let subnet = estate.subnet(*ip.subnet.as_ref()?.value()?)?;
    subnet.route_table.as_ref()?.value().copied()
}

/// The login ports that the internet reaches, and who of it does.
fn logins(reach: &Reach<'_>, nic: &Nic, ip: &IpConfiguration, login: &PortSet) -> Vec<(PortSet, MustMay)> {
    let mut all: Vec<(PortSet, MustMay)> = Vec::new();
    for way in reach.from_internet(nic, ip).ways {
        for opening in way.openings.iter().filter(|opening| opening.protocols.have_ports()) {
            let row = (opening.local_ports.intersection(login), opening.internet.clone());
            if !row.0.is_empty() && !all.contains(&row) {
                all.push(row);
            }
        }
    }
    all.sort();
    all
}

/// For each address, a number for the sets of addresses in the rules' answers that hold it.
fn signatures<'o>(
    addresses: &[Option<IpAddr>],
    answers: impl Iterator<Item = &'o Arc<Vec<Opening>>>,
    clients: impl Iterator<Item = &'o MustMay>,
) -> Vec<u32> {
    let mut sets: BTreeSet<&Addresses> = BTreeSet::new();
    for opening in answers.flat_map(|openings| openings.iter()) {
        sets.extend([&opening.sources.must, &opening.sources.may]);
    }
    sets.extend(clients.flat_map(|clients| [&clients.must, &clients.may]));
    // Where a set begins (true) or has ended (false).
    let mut edges: Vec<(u128, u32, bool)> = Vec::new();
    for (number, set) in (0u32..).zip(&sets) {
        for range in set.ranges() {
            edges.push((range.first, number, true));
            if let Some(after) = range.last.checked_add(1) {
                edges.push((after, number, false));
            }
        }
    }
    edges.sort_unstable();
    let family = |address: &IpAddr| u8::from(address.is_ipv6());
    let mut order: Vec<(Option<(u8, u128)>, usize)> = addresses
        .iter()
        .enumerate()
        .map(|(at, its)| (its.map(|address| (family(&address), number(address))), at))
        .collect();
    order.sort_unstable();
    let mut names: HashMap<(u8, Vec<u32>), u32> = HashMap::new();
    let mut result = vec![u32::MAX; addresses.len()];
    let mut active: BTreeSet<u32> = BTreeSet::new();
    let mut next_edge = 0;
    let mut current: Option<u32> = None;
    let mut before = None;
    for (address, at) in order {
        let Some((family, address)) = address else { continue };
        if before != Some(family) {
            // The other family: the walk begins anew.
            before = Some(family);
            active.clear();
            next_edge = 0;
            current = None;
        }
        while let Some((edge, set, begins)) = edges.get(next_edge).filter(|(edge, ..)| *edge <= address) {
            let _ = edge;
            if *begins {
                active.insert(*set);
            } else {
                active.remove(set);
            }
            next_edge += 1;
            current = None;
        }
        let name = current.unwrap_or_else(|| {
            let next = u32::try_from(names.len()).unwrap_or(u32::MAX - 1);
            *names.entry((family, active.iter().copied().collect())).or_insert(next)
        });
        current = Some(name);
        if let Some(slot) = result.get_mut(at) {
            *slot = name;
        }
    }
    result
}
