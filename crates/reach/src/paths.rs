//! Ways over several machines: who gets to one that gets to another.
//!
//! NICs that no rule, network or way in can tell apart are one class, so the work grows with what groups
//! distinguish and not with machines. Somebody on a machine may send from any port, and takes over the next one
//! by a login port that answers.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use estate::{Direction, Estate, Family, IpConfiguration, Known, Nic, PortSet, Reason, ResourceId};

use crate::addresses::{Addresses, address, everything, internet, number};
use crate::cache::{OpeningKey, Reach};
use crate::difference::machines;
use crate::endpoint::{Endpoint, Tri};
use crate::internet::Opening;
use crate::packet::{Packet, Protocols};
use crate::rules::RuleRef;
use crate::ways::{connected, ports_from};

/// Addresses of VMs that nothing tells apart.
#[derive(Debug)]
pub struct Class<'e> {
    /// The VMs and NICs, the first of them standing for all.
    pub members: Vec<Member<'e>>,
    endpoint: Endpoint,
    inward: Arc<Vec<Opening>>,
    outward: Arc<Vec<Opening>>,
}

/// One address of a VM.
#[derive(Clone, Copy, Debug)]
pub struct Member<'e> {
    /// The VM.
    pub vm: ResourceId,
    /// The NIC.
    pub nic: &'e Nic,
    /// The IP configuration.
    pub ip: &'e IpConfiguration,
}

/// Where a path begins.
#[derive(Clone, Debug)]
pub enum Origin {
    /// Somewhere on the internet.
    Internet,
    /// At one of these addresses, inside the network around the machines or on the internet.
    Addresses([Addresses; 2]),
    /// On a VM.
    Vm(ResourceId),
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The class that it comes from; none for the beginning of the path.
    pub from: Option<usize>,
    /// The class that it leads to.
    pub to: usize,
    /// A packet that makes it, as the groups of the target see it.
    pub packet: Packet,
    /// The rules that let it out: the NIC's, the subnet's.
    pub outward: [Option<RuleRef>; 2],
    /// The rules that let it in: the subnet's, the NIC's.
    pub inward: [Option<RuleRef>; 2],
    /// Whether it certainly gets through.
    pub certain: bool,
}

/// A path from the beginning to the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Its steps.
    pub hops: Vec<Hop>,
}

impl Path {
    /// Whether every step certainly gets through.
    pub fn certain(&self) -> bool {
        self.hops.iter().all(|hop| hop.certain)
    }
}

/// The addresses of an estate by class, ready to look for paths.
pub struct Map<'r, 'e> {
    reach: &'r Reach<'e>,
    login: PortSet,
    /// The classes.
    pub classes: Vec<Class<'e>>,
    /// The classes that a machine has addresses in.
    classes_of: HashMap<ResourceId, Vec<usize>>,
    /// Machines that have addresses that are not told, and why; the first of them by name.
    unseen: Vec<(ResourceId, Reason)>,
}

/// The ports that a step may lead to.
struct Wanted<'p> {
    /// TCP, UDP or both.
    protocols: Protocols,
    ports: &'p PortSet,
}

/// What tells classes apart.
type ClassKey = (OpeningKey, OpeningKey, Option<ResourceId>, u32, [PortSet; 2]);

impl<'r, 'e> Map<'r, 'e> {
    /// Puts the addresses of all VMs into classes. `login` are the ports by which somebody takes a machine over.
    pub fn new(reach: &'r Reach<'e>, login: &PortSet) -> Self {
        let estate = reach.estate();
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
                        Arc::new(reach.let_through(&endpoint, &guards, &everything(ip.family)))
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
                nodes.push(Node { member, endpoint, in_key, out_key, inward, outward, from_internet });
            }
        }
        let signatures = signatures(&nodes, by_guards.values());
        let mut index: HashMap<ClassKey, usize> = HashMap::new();
        let mut classes: Vec<Class<'e>> = Vec::new();
        for (node, signature) in nodes.into_iter().zip(signatures) {
            let key = (node.in_key, node.out_key, node.endpoint.vnet, signature, node.from_internet);
            match index.get(&key).and_then(|at| classes.get_mut(*at)) {
                Some(class) => class.members.push(node.member),
                None => {
                    index.insert(key, classes.len());
                    classes.push(Class {
                        members: vec![node.member],
                        endpoint: node.endpoint,
                        inward: node.inward,
                        outward: node.outward,
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
        Self { reach, login: login.clone(), classes, classes_of, unseen }
    }

    /// Why a path may lead over another machine to `target` that no path of [`Map::to`] shows: its addresses are
    /// not told, and the target lets somebody inside the network in.
    pub fn unseen(
        &self,
        target: ResourceId,
        (protocols, ports): (Protocols, &PortSet),
    ) -> Option<&(ResourceId, Reason)> {
        let unseen = self.unseen.iter().find(|(machine, _)| *machine != target)?;
        let classes = self.classes_of.get(&target)?.iter().filter_map(|at| self.classes.get(*at));
        let inside = |class: &Class<'_>| {
            let around = connected(&class.endpoint).may;
            class.inward.iter().any(|opening| {
                !opening.protocols.and(protocols).is_empty()
                    && opening.local_ports.overlaps(ports)
                    && opening.sources.may.overlaps(&around)
            })
        };
        classes.into_iter().any(inside).then_some(unseen)
    }

    /// The shortest paths to a VM, certain ones first: one for each class that the last step comes from.
    /// `ports` and `protocols` are those of the target that count, `most` is the most steps of a path.
    pub fn to(
        &self,
        target: ResourceId,
        origin: &Origin,
        (protocols, ports): (Protocols, &PortSet),
        most: usize,
    ) -> Vec<Path> {
        let wanted = Wanted { protocols, ports };
        let targets: Vec<usize> = self.of_vm(target).collect();
        let mut found: Vec<Path> = Vec::new();
        for certain in [true, false] {
            let reached = self.spread(origin, most.saturating_sub(1), certain);
            for to in &targets {
                let own = |member: &&Member<'_>| member.vm == target;
                let class = self.classes.get(*to);
                for member in class.into_iter().flat_map(|class| class.members.iter().filter(own)) {
                    let hop = self.first_hop(origin, *to, member, &wanted, certain);
                    found.extend(hop.map(|hop| Path { hops: vec![hop] }));
                }
                // Another machine of the target's class may be the one before it.
                let others = |from: &usize| {
                    let class = self.classes.get(*from);
                    class.is_some_and(|class| class.members.iter().any(|member| member.vm != target))
                };
                for (from, _) in reached.iter().filter(|(from, _)| others(from)) {
                    let Some(last) = self.step(*from, *to, &wanted, certain) else { continue };
                    let mut hops = vec![last];
                    let mut at = Some(*from);
                    while let Some(here) = at {
                        let Some(hop) = reached.get(&here) else { break };
                        let Some(hop) = hop else { break };
                        at = hop.from;
                        hops.push(hop.clone());
                    }
                    hops.reverse();
                    // One that comes by the target itself tells nothing.
                    let before = hops.len().saturating_sub(1);
                    if hops.iter().take(before).all(|hop| !targets.contains(&hop.to) || others(&hop.to)) {
                        found.push(Path { hops });
                    }
                }
            }
        }
        let mut ends: BTreeSet<(Option<usize>, usize)> = BTreeSet::new();
        found.retain(|path| path.hops.last().is_some_and(|last| ends.insert((last.from, last.to))));
        found.sort_by_cached_key(|path| {
            let names: Vec<_> = path.hops.iter().map(|hop| (hop.from, hop.to)).collect();
            (!path.certain(), path.hops.len(), names)
        });
        found
    }

    fn of_vm(&self, vm: ResourceId) -> impl Iterator<Item = usize> {
        self.classes_of.get(&vm).into_iter().flatten().copied()
    }

    /// The classes that can be taken over in at most `most` steps, each with the step that leads to it; none for
    /// where the path begins.
    fn spread(&self, origin: &Origin, most: usize, certain: bool) -> HashMap<usize, Option<Hop>> {
        let login = Wanted { protocols: Protocols::TCP, ports: &self.login };
        let mut reached: HashMap<usize, Option<Hop>> = HashMap::new();
        let mut queue: VecDeque<(usize, usize)> = VecDeque::new();
        match origin {
            Origin::Vm(vm) => {
                for at in self.of_vm(*vm) {
                    reached.insert(at, None);
                    queue.push_back((at, 0));
                }
            }
            _ if most > 0 => {
                for at in 0..self.classes.len() {
                    let first = self.classes.get(at).and_then(|class| class.members.first());
                    let hop = first.and_then(|member| self.first_hop(origin, at, member, &login, certain));
                    let Some(hop) = hop else { continue };
                    for at in self.taken_with(at) {
                        reached.entry(at).or_insert_with(|| {
                            queue.push_back((at, 1));
                            Some(hop.clone())
                        });
                    }
                }
            }
            _ => {}
        }
        while let Some((from, steps)) = queue.pop_front() {
            if steps >= most {
                continue;
            }
            for to in 0..self.classes.len() {
                if reached.contains_key(&to) {
                    continue;
                }
                if let Some(hop) = self.step(from, to, &login, certain) {
                    for at in self.taken_with(to) {
                        reached.entry(at).or_insert_with(|| {
                            queue.push_back((at, steps + 1));
                            Some(hop.clone())
                        });
                    }
                }
            }
        }
        reached
    }

    /// The classes that come with one: whoever is on a machine sends from all of its addresses.
    fn taken_with(&self, class: usize) -> Vec<usize> {
        let mut all = vec![class];
        for member in self.classes.get(class).into_iter().flat_map(|class| &class.members) {
            for at in self.classes_of.get(&member.vm).into_iter().flatten() {
                if !all.contains(at) {
                    all.push(*at);
                }
            }
        }
        all
    }

    /// The step from outside to an address of a class.
    fn first_hop(
        &self,
        origin: &Origin,
        to: usize,
        member: &Member<'_>,
        wanted: &Wanted<'_>,
        certain: bool,
    ) -> Option<Hop> {
        let sources = match origin {
            Origin::Vm(_) => return None,
            Origin::Internet => [Family::V4, Family::V6].map(|family| internet(family).clone()),
            Origin::Addresses(sets) => sets.clone(),
        };
        let mut best: Option<Hop> = None;
        for way in self.reach.ways_in(member.nic, member.ip, &sources) {
            for opening in &way.openings {
                let open = opening.local_ports.intersection(wanted.ports);
                let sure = !opening.internet.must.is_empty();
                let here = opening.protocols.and(wanted.protocols);
                let protocol = if here.contains(Protocols::TCP) { Protocols::TCP } else { here };
                let better = best.as_ref().is_none_or(|best| sure && !best.certain);
                if open.is_empty() || protocol.is_empty() || certain && !sure || !better {
                    continue;
                }
                let Some(packet) = opening.witness(member.ip.family, protocol, &open) else { continue };
                let (outward, inward) = ([None, None], opening.rules);
                best = Some(Hop { from: None, to, packet, outward, inward, certain: sure });
            }
        }
        best
    }

    /// The step from a class to another one, if there is one to these ports.
    fn step(&self, from: usize, to: usize, wanted: &Wanted<'_>, certain: bool) -> Option<Hop> {
        let (source, target) = (self.classes.get(from)?, self.classes.get(to)?);
        // A step leads to another machine.
        let first = source.members.first()?.vm;
        let alone = source.members.iter().chain(&target.members).all(|member| member.vm == first);
        if alone || source.endpoint.family != target.endpoint.family {
            return None;
        }
        let joined = joined(self.reach.estate(), &source.endpoint, &target.endpoint);
        if joined == Tri::No || certain && joined != Tri::Yes {
            return None;
        }
        let here = source.endpoint.address.map(number);
        let there = target.endpoint.address.map(number);
        let ports = wanted.ports;
        for protocol in [Protocols::TCP, Protocols::UDP] {
            if !wanted.protocols.contains(protocol) {
                continue;
            }
            let [in_must, in_may] = ports_from(&target.inward, protocol, here);
            let [out_must, out_may] = destinations(&source.outward, protocol, there);
            let must = in_must.intersection(&out_must).intersection(ports);
            let may = in_may.intersection(&out_may).intersection(ports);
            let sure = !must.is_empty() && joined == Tri::Yes;
            let open = if sure { &must } else { &may };
            let Some(port) = telling(open).filter(|_| sure || !certain) else { continue };
            let family = source.endpoint.family;
            let remote = source.endpoint.address.unwrap_or_else(|| {
                let subnet = source.endpoint.subnet.as_ref().and_then(|subnet| subnet.ranges().first());
                address(family, subnet.map_or(0, |range| range.first))
            });
            let packet = Packet { protocol, remote, remote_port: 49152, local_port: port };
            let by = |openings: &[Opening], other: Option<u128>, outward: bool| {
                let fits = |opening: &&Opening| {
                    let ports = if outward { &opening.remote_ports } else { &opening.local_ports };
                    opening.protocols.contains(protocol)
                        && ports.contains(port)
                        && other.is_none_or(|other| opening.sources.may.contains(other))
                };
                openings.iter().find(fits).map_or([None, None], |opening| opening.rules)
            };
            let [subnet, nic] = by(&source.outward, there, true);
            return Some(Hop {
                from: Some(from),
                to,
                packet,
                outward: [nic, subnet],
                inward: by(&target.inward, here, false),
                certain: sure,
            });
        }
        None
    }

    /// The endpoint of a class.
    pub fn endpoint(&self, class: usize) -> Option<&Endpoint> {
        self.classes.get(class).map(|class| &class.endpoint)
    }

    /// Why nobody can tell whether one network leads to the other.
    pub fn doubt(&self, class: usize) -> Option<Reason> {
        self.classes.get(class)?.endpoint.network.unknown.as_deref().cloned()
    }
}

struct Node<'e> {
    member: Member<'e>,
    endpoint: Endpoint,
    in_key: OpeningKey,
    out_key: OpeningKey,
    inward: Arc<Vec<Opening>>,
    outward: Arc<Vec<Opening>>,
    from_internet: [PortSet; 2],
}

/// The login ports that the internet reaches.
fn logins(reach: &Reach<'_>, nic: &Nic, ip: &IpConfiguration, login: &PortSet) -> [PortSet; 2] {
    let (mut must, mut may) = (PortSet::empty(), PortSet::empty());
    for way in reach.from_internet(nic, ip).ways {
        for opening in way.openings.iter().filter(|opening| opening.protocols.have_ports()) {
            let ports = opening.local_ports.intersection(login);
            if !opening.internet.must.is_empty() {
                must = must.union(&ports);
            }
            may = may.union(&ports);
        }
    }
    [must, may]
}

/// The destination ports that openings let out to one address: certainly, and possibly.
fn destinations(openings: &[Opening], protocol: Protocols, address: Option<u128>) -> [PortSet; 2] {
    let (mut must, mut may) = (PortSet::empty(), PortSet::empty());
    for opening in openings.iter().filter(|opening| opening.protocols.contains(protocol)) {
        let within = |set: &Addresses| address.is_some_and(|address| set.contains(address));
        if within(&opening.sources.must) {
            must = must.union(&opening.remote_ports);
        }
        if address.is_none() || within(&opening.sources.may) {
            may = may.union(&opening.remote_ports);
        }
    }
    [must, may]
}

/// The port that says most.
fn telling(ports: &PortSet) -> Option<u16> {
    [22u16, 3389, 5985, 5986].into_iter().find(|port| ports.contains(*port)).or_else(|| ports.first())
}

/// Whether packets have a way from one endpoint to the other inside Azure's network: one network, or two that
/// are peered. Peering does not go on to the peers of a peer.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview>
fn joined(estate: &Estate, from: &Endpoint, to: &Endpoint) -> Tri {
    let (Some(a), Some(b)) = (from.vnet, to.vnet) else { return Tri::Maybe };
    if a == b {
        return Tri::Yes;
    }
    let mut known = true;
    for (own, other) in [(a, b), (b, a)] {
        match estate.vnet(own).map(|vnet| &vnet.peers) {
            Some(Some(Known::Value(peers))) => {
                if peers.iter().any(|peer| peer.vnet == Some(other)) {
                    return Tri::Yes;
                }
            }
            Some(None) => {}
            _ => known = false,
        }
    }
    // A gateway, or an appliance that routes carry packets to, may join them all the same.
    let behind = |endpoint: &Endpoint, other: &Endpoint| {
        let may = connected(endpoint).may;
        other.address.is_none_or(|address| may.contains(number(address)))
    };
    let gateway = behind(to, from) && to.network.unknown.is_some();
    if known && !gateway { Tri::No } else { Tri::Maybe }
}

/// For each node, a number for the sets of addresses in the rules' answers that hold its address.
fn signatures<'o>(nodes: &[Node<'_>], answers: impl Iterator<Item = &'o Arc<Vec<Opening>>>) -> Vec<u32> {
    let mut sets: BTreeSet<&Addresses> = BTreeSet::new();
    for opening in answers.flat_map(|openings| openings.iter()) {
        sets.extend([&opening.sources.must, &opening.sources.may]);
    }
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
    let mut order: Vec<(Option<(u8, u128)>, usize)> = nodes
        .iter()
        .enumerate()
        .map(|(at, node)| (node.endpoint.address.map(|address| (family(&address), number(address))), at))
        .collect();
    order.sort_unstable();
    let mut names: HashMap<(u8, Vec<u32>), u32> = HashMap::new();
    let mut result = vec![u32::MAX; nodes.len()];
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
