//! Ways over several machines: who gets to one that gets to another.
//!
//! NICs that no rule, network or way in can tell apart are one class, so the work grows with what groups
//! distinguish and not with machines. Somebody on a machine may send from any port, and takes over the next one
//! by a login port that answers.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use estate::{Direction, Estate, Family, IpConfiguration, Known, Nic, PortSet, Reason, ResourceId};

use crate::addresses::{Addresses, MustMay, address, everything, internet, number};
use crate::cache::{OpeningKey, Reach};
use crate::difference::machines;
use crate::endpoint::{Endpoint, Tri};
use crate::internet::{Opening, Way};
use crate::packet::{Packet, Protocols};
use crate::routes::Sending;
use crate::rules::RuleRef;
use crate::ways::{connected, ports_from};

/// Addresses of VMs that nothing tells apart.
pub struct Class<'e> {
    /// The VMs and NICs, the first of them standing for all.
    pub members: Vec<Member<'e>>,
    endpoint: Endpoint,
    inward: Arc<Vec<Opening>>,
    outward: Arc<Vec<Opening>>,
    /// Where it sends packets.
    sending: Sending<'e>,
    /// The public address that its packets to the internet come from, if that is known.
    sender: Option<IpAddr>,
    /// What lets the internet in.
    public: Vec<Way>,
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
    /// The public address that it goes to; none for a step inside Azure's networks.
    pub via: Option<ResourceId>,
    /// Why it is not certain, besides what the groups tell.
    pub doubt: Option<Reason>,
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
    neighbours: Neighbours,
}

/// Where steps from a class can lead at all.
#[derive(Default)]
struct Neighbours {
    /// The classes in a network.
    within: HashMap<ResourceId, Vec<usize>>,
    /// The networks that one is joined to, its own among them; none where they are not known.
    joined: HashMap<ResourceId, Option<Vec<ResourceId>>>,
    /// Classes that something unknown may join to any network.
    loose: Vec<usize>,
    /// Classes that the internet has a way to.
    public: Vec<usize>,
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
            if known.is_none() || class.endpoint.network.unknown.is_some() {
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

/// The ports that a step may lead to.
struct Wanted<'p> {
    /// TCP, UDP or both.
    protocols: Protocols,
    ports: &'p PortSet,
}

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
        // Nobody on the target needs a way to it.
        let own = self.own(target);
        let origin = &match origin {
            Origin::Addresses(sets) => Origin::Addresses(sets.clone().map(|set| set.difference(&own))),
            other => other.clone(),
        };
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

    /// The classes that steps from one may lead to: in its network and those joined to it, those that nobody can
    /// tell, those with a public way in. Some come twice.
    fn around(&self, from: usize) -> Box<dyn Iterator<Item = usize> + '_> {
        let vnet = self.classes.get(from).and_then(|class| class.endpoint.vnet);
        match vnet.and_then(|vnet| self.neighbours.joined.get(&vnet)) {
            Some(Some(joined)) => {
                let inside = joined.iter().filter_map(|vnet| self.neighbours.within.get(vnet)).flatten();
                Box::new(inside.chain(&self.neighbours.loose).chain(&self.neighbours.public).copied())
            }
            _ => Box::new(0..self.classes.len()),
        }
    }

    /// The addresses of a machine.
    fn own(&self, vm: ResourceId) -> Addresses {
        let classes = self.of_vm(vm).filter_map(|at| self.classes.get(at));
        let members = classes.flat_map(|class| &class.members).filter(|member| member.vm == vm);
        let addresses = members.filter_map(|member| member.ip.address.as_ref()?.value().copied());
        addresses.map(|one| estate::Range { first: number(one), last: number(one) }).collect()
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
            for to in self.around(from) {
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
            // What a machine sends to itself is no way in.
            Origin::Addresses(sets) => sets.clone().map(|set| set.difference(&self.own(member.vm))),
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
                best = Some(Hop {
                    from: None,
                    to,
                    packet,
                    outward,
                    inward,
                    certain: sure,
                    via: None,
                    doubt: None,
                });
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
        let inside = self.inside([from, to], [source, target], wanted, certain);
        if inside.as_ref().is_some_and(|hop| hop.certain) {
            return inside;
        }
        let outside = self.outside([from, to], [source, target], wanted, certain);
        outside.filter(|hop| hop.certain || inside.is_none()).or(inside)
    }

    /// A step inside Azure's networks.
    fn inside(
        &self,
        [from, to]: [usize; 2],
        [source, target]: [&Class<'_>; 2],
        wanted: &Wanted<'_>,
        certain: bool,
    ) -> Option<Hop> {
        let mut joined = joined(self.reach.estate(), &source.endpoint, &target.endpoint);
        if joined == Tri::No || certain && joined != Tri::Yes {
            return None;
        }
        let (here, there) = (source.endpoint.address, target.endpoint.address);
        let mut doubt = None;
        // Routes may lead elsewhere, on the way there or back.
        let ways = [there.map(|there| (source, there)), here.map(|here| (target, here))];
        for (at, (class, address)) in ways.into_iter().flatten().enumerate() {
            let (gets, why) = class.sending.gets(self.reach, address, false);
            // Without a way back packets still come, and no connection over TCP is made.
            let gets = if at > 0 { gets.max(Tri::Maybe) } else { gets };
            if gets < joined {
                joined = gets;
                doubt = why.or(doubt);
            }
        }
        if joined == Tri::No || certain && joined != Tri::Yes {
            return None;
        }
        let [here, there] = [here, there].map(|address| address.map(number));
        for protocol in [Protocols::TCP, Protocols::UDP] {
            if !wanted.protocols.contains(protocol) {
                continue;
            }
            let [in_must, in_may] = ports_from(&target.inward, protocol, here);
            let [out_must, out_may] = destinations(&source.outward, protocol, there);
            let must = in_must.intersection(&out_must).intersection(wanted.ports);
            let may = in_may.intersection(&out_may).intersection(wanted.ports);
            let sure = !must.is_empty() && joined == Tri::Yes;
            let open = if sure { &must } else { &may };
            let Some(port) = telling(open).filter(|_| sure || !certain) else { continue };
            let family = source.endpoint.family;
            let remote = source.endpoint.address.unwrap_or_else(|| {
                let subnet = source.endpoint.subnet.as_ref().and_then(|subnet| subnet.ranges().first());
                address(family, subnet.map_or(0, |range| range.first))
            });
            let packet = Packet { protocol, remote, remote_port: 49152, local_port: port };
            let [subnet, nic] = by(&source.outward, (protocol, port), there, true);
            return Some(Hop {
                from: Some(from),
                to,
                packet,
                outward: [nic, subnet],
                inward: by(&target.inward, (protocol, port), here, false),
                certain: sure,
                via: None,
                doubt,
            });
        }
        None
    }

    /// A step out to the internet and in again by a public address.
    fn outside(
        &self,
        [from, to]: [usize; 2],
        [source, target]: [&Class<'_>; 2],
        wanted: &Wanted<'_>,
        certain: bool,
    ) -> Option<Hop> {
        let estate = self.reach.estate();
        let nic = source.members.first()?.nic.id;
        let mut best: Option<Hop> = None;
        for way in &target.public {
            let public =
                estate.public_ip(way.via).and_then(|record| record.address.as_ref()?.value().copied());
            let (gets, mut doubt) = match public {
                Some(public) => source.sending.gets(self.reach, public, true),
                None => (Tri::Maybe, None),
            };
            if gets == Tri::No {
                continue;
            }
            if source.sender.is_none() {
                doubt = doubt.or_else(|| Some(Reason::SenderAddress { id: estate.text(nic).into() }));
            }
            let sender = source.sender.map(number);
            for opening in way.openings.iter() {
                let open = opening.local_ports.intersection(wanted.ports);
                let here = opening.protocols.and(wanted.protocols);
                let protocol = if here.contains(Protocols::TCP) { Protocols::TCP } else { here };
                let lets = |set: &Addresses| sender.is_some_and(|sender| set.contains(sender));
                let may = sender.is_none() || lets(&opening.internet.may);
                let Some(port) = telling(&open).filter(|_| may && !protocol.is_empty()) else { continue };
                // The sender's groups see the public address and the port that listens there.
                let [out_must, out_may] = destinations(&source.outward, protocol, public.map(number));
                let listens = match &way.through {
                    Some(through) => through.frontend_ports.clone(),
                    None => [estate::Range { first: port, last: port }].into_iter().collect(),
                };
                if !out_may.overlaps(&listens) {
                    continue;
                }
                let sure =
                    lets(&opening.internet.must) && gets == Tri::Yes && out_must.contains_all(&listens);
                if certain && !sure || best.as_ref().is_some_and(|best| best.certain || !sure) {
                    continue;
                }
                let remote = match source.sender {
                    Some(sender) => sender,
                    None => opening.witness(source.endpoint.family, protocol, &open)?.remote,
                };
                let packet = Packet { protocol, remote, remote_port: 49152, local_port: port };
                let listening = listens.intersection(&out_may).first().unwrap_or(port);
                let [subnet, nic] = by(&source.outward, (protocol, listening), public.map(number), true);
                best = Some(Hop {
                    from: Some(from),
                    to,
                    packet,
                    outward: [nic, subnet],
                    inward: opening.rules,
                    certain: sure,
                    via: Some(way.via),
                    doubt: if sure { None } else { doubt.clone() },
                });
            }
        }
        best
    }

    /// The endpoint of a class.
    pub fn endpoint(&self, class: usize) -> Option<&Endpoint> {
        self.classes.get(class).map(|class| &class.endpoint)
    }

    /// Why a step is not certain, besides what the groups tell.
    pub fn doubt(&self, hop: &Hop) -> Option<Reason> {
        let of_network = || self.classes.get(hop.to)?.endpoint.network.unknown.as_deref().cloned();
        hop.doubt.clone().or_else(of_network)
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

/// The rules that let packets to a port through.
fn by(
    openings: &[Opening],
    (protocol, port): (Protocols, u16),
    other: Option<u128>,
    outward: bool,
) -> [Option<RuleRef>; 2] {
    let fits = |opening: &&Opening| {
        let ports = if outward { &opening.remote_ports } else { &opening.local_ports };
        opening.protocols.contains(protocol)
            && ports.contains(port)
            && other.is_none_or(|other| opening.sources.may.contains(other))
    };
    openings.iter().find(fits).map_or([None, None], |opening| opening.rules)
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
