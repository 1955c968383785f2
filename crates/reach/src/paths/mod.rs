//! Ways over several machines: who gets to one that gets to another.
//!
//! NICs that no rule, network or way in can tell apart are one class, so the work grows with what groups
//! distinguish and not with machines. Somebody on a machine may send from any port, and takes over the next one
//! by a login port that answers.

mod classes;
mod step;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use estate::{Family, IpConfiguration, Nic, PortSet, Reason, ResourceId};

use crate::addresses::{Addresses, internet, number};
use crate::cache::Reach;
use crate::endpoint::Endpoint;
use crate::internet::{Opening, Way};
use crate::packet::{Packet, Protocols};
use crate::routes::Sending;
use crate::rules::RuleRef;
use crate::ways::connected;
use classes::Neighbours;

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
    /// On any of these machines.
    Machines(Vec<ResourceId>),
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

/// What can be taken over from where a path begins, for any number of targets.
pub struct Spread {
    origin: Origin,
    /// The classes, each with the step that leads to it (none for where the path begins): over steps that certainly get
    /// through, then over all.
    reached: [HashMap<usize, Option<Hop>>; 2],
}

/// The ports that a step may lead to.
struct Wanted<'p> {
    /// TCP, UDP or both.
    protocols: Protocols,
    ports: &'p PortSet,
}

impl Map<'_, '_> {
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
        // Nobody on the target needs a way to it.
        let own = self.own(target);
        let origin = match origin {
            Origin::Addresses(sets) => Origin::Addresses(sets.clone().map(|set| set.difference(&own))),
            other => other.clone(),
        };
        self.on_to(target, &self.from(origin, most), (protocols, ports))
    }

    /// What can be taken over on the way of paths of at most `most` steps.
    pub fn from(&self, origin: Origin, most: usize) -> Spread {
        let reached = [true, false].map(|certain| self.spread(&origin, most.saturating_sub(1), certain));
        Spread { origin, reached }
    }

    /// The paths of [`Map::to`], where it is known already what can be taken over on the way. One that begins at addresses
    /// may begin at the target's own.
    pub fn on_to(
        &self,
        target: ResourceId,
        Spread { origin, reached: [certainly, perhaps] }: &Spread,
        (protocols, ports): (Protocols, &PortSet),
    ) -> Vec<Path> {
        let wanted = Wanted { protocols, ports };
        let targets: Vec<usize> = self.of_vm(target).collect();
        let mut found: Vec<Path> = Vec::new();
        for (certain, reached) in [(true, certainly), (false, perhaps)] {
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
            Origin::Machines(all) => {
                for at in all.iter().flat_map(|vm| self.of_vm(*vm)) {
                    if reached.insert(at, None).is_none() {
                        queue.push_back((at, 0));
                    }
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
            Origin::Vm(_) | Origin::Machines(_) => return None,
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
