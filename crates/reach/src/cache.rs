//! The estate seen as a network, with what was worked out once kept.

use std::sync::{Arc, Mutex, PoisonError};

use estate::{Change, Direction, Estate, Family, Known, Nic, Nsg, ResourceId};
use hashbrown::HashMap;

use crate::addresses::Addresses;
use crate::admin::{AdminAnswer, AdminKey, Deployed};
use crate::beside::{Alike, Passage};
use crate::endpoint::{Endpoint, Network, Tri};
use crate::forward::Forwarding;
use crate::group::{self, GroupAnswer};
use crate::internet::Opening;
use crate::routes::ReturnPath;
use crate::rules::Names;
use crate::tags::Tags;

/// What is worked out once for a whole estate. A change to a rule or to a public address leaves nearly all of it as
/// it is.
pub struct Facts {
    pub(crate) names: Names,
    /// For each group by number: whether a rule of that direction looks at the VM's own address.
    sighted: Vec<[bool; 2]>,
    /// What forwards to addresses of VMs.
    pub(crate) forwarding: Forwarding,
    /// NICs that pass packets on: no change alters which these are.
    passing: Box<[ResourceId]>,
    pub(crate) deployed: Deployed,
}

impl Facts {
    /// Looks at an estate, with a list of service tags.
    pub fn new(estate: &Estate, tags: Arc<Tags>) -> Self {
        let mut members: HashMap<ResourceId, Vec<std::net::IpAddr>> = HashMap::new();
        for nic in &estate.nics {
            let Some(Known::Value(all)) = &nic.ip_configurations else { continue };
            for ip in all {
                let (Known::Value(asgs), Some(Known::Value(address))) = (&ip.asgs, &ip.address) else {
                    continue;
                };
                for asg in asgs {
                    members.entry(*asg).or_default().push(*address);
                }
            }
        }
        let names = Names { members, tags };
        let forwarding = Forwarding::new(estate, &names);
        let sighted = estate.nsgs.iter().map(sighted).collect();
        let passing = estate.nics.iter().filter(|nic| nic.forwards).map(|nic| nic.id).collect();
        Self { names, sighted, forwarding, passing, deployed: Deployed::new(estate) }
    }

    /// The list of service tags.
    pub fn tags(&self) -> Arc<Tags> {
        Arc::clone(&self.names.tags)
    }

    /// Looks again at what a change has touched. The estate is the changed one.
    pub fn refresh(&mut self, estate: &Estate, change: &Change) {
        match change {
            Change::PutRule { nsg, .. } | Change::DeleteRule { nsg, .. } => {
                let slot = estate.slot(*nsg).map(|slot| slot.index as usize);
                let slot = slot.and_then(|at| self.sighted.get_mut(at));
                if let Some((slot, nsg)) = slot.zip(estate.nsg(*nsg)) {
                    *slot = sighted(nsg);
                }
            }
            // Whose address is public is read from the NIC each time; what an appliance with one leads to is not.
            Change::SetPublicIp { nic, .. } => {
                // By any NIC of its machine, and not just by the one that passes packets on.
                let beside = |one: &Nic| {
                    let vm = one.vm.as_ref().and_then(Known::value).and_then(|vm| estate.vm(*vm));
                    one.id == *nic || vm.is_some_and(|vm| vm.nics.contains(nic))
                };
                if self.passing.iter().filter_map(|one| estate.nic(*one)).any(beside) {
                    self.forwarding = Forwarding::new(estate, &self.names);
                }
            }
        }
    }
}

/// Answers questions about an estate. Safe to share between threads.
pub struct Reach<'e> {
    estate: &'e Estate,
    pub(crate) facts: Arc<Facts>,
    networks: Mutex<HashMap<(Family, Network), u32>>,
    pub(crate) admins: Mutex<HashMap<AdminKey, (u32, Arc<AdminAnswer>)>>,
    /// A number for each answer of a group that was asked for.
    numbers: Mutex<HashMap<GroupKey, u32>>,
    /// The answers of some of them: those of all groups of a large estate do not fit.
    answers: Mutex<HashMap<u32, Arc<GroupAnswer>>>,
    pub(crate) openings: Mutex<HashMap<OpeningKey, Arc<Vec<Opening>>>>,
    /// What comes from the network around.
    pub(crate) from_network: Mutex<HashMap<OpeningKey, Arc<Vec<Opening>>>>,
    /// What leaves for the internet.
    pub(crate) to_internet: Mutex<HashMap<OpeningKey, Arc<Vec<Opening>>>>,
    /// The same by what is at hand, where no rule looks at the address itself.
    pub(crate) passages: Mutex<HashMap<Alike, Arc<Passage>>>,
    /// Where routes of a subnet lead what leaves for the internet.
    pub(crate) leaving: Mutex<HashMap<(ResourceId, Family), Known<ReturnPath>>>,
    /// Whether anything gets in to an appliance, by its first NIC.
    pub(crate) appliances: Mutex<HashMap<ResourceId, bool>>,
}

/// What a group can tell apart: endpoints with the same key get the same answer.
#[derive(PartialEq, Eq, Hash)]
struct GroupKey {
    nsg: ResourceId,
    direction: Direction,
    network: u32,
    /// For each rule, whether it matches the endpoint; empty when no rule looks.
    sight: Box<[Tri]>,
}

/// The numbers of the answers of all guards, and of the network.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct OpeningKey {
    pub(crate) subnet: Option<u32>,
    pub(crate) nic: Option<u32>,
    pub(crate) admin: Option<u32>,
    pub(crate) network: u32,
}

impl<'e> Reach<'e> {
    /// Prepares an estate, with the list of service tags that the product holds.
    pub fn new(estate: &'e Estate) -> Self {
        Self::with_tags(estate, Tags::built_in())
    }

    /// Prepares an estate, with a list of service tags.
    pub fn with_tags(estate: &'e Estate, tags: Arc<Tags>) -> Self {
        Self::with_facts(estate, Arc::new(Facts::new(estate, tags)))
    }

    /// Prepares an estate of which the facts are known already.
    pub fn with_facts(estate: &'e Estate, facts: Arc<Facts>) -> Self {
        Self {
            estate,
            facts,
            admins: Mutex::default(),
            networks: Mutex::default(),
            numbers: Mutex::default(),
            answers: Mutex::default(),
            openings: Mutex::default(),
            from_network: Mutex::default(),
            to_internet: Mutex::default(),
            passages: Mutex::default(),
            leaving: Mutex::default(),
            appliances: Mutex::default(),
        }
    }

    /// The estate.
    pub fn estate(&self) -> &'e Estate {
        self.estate
    }

    /// The list of service tags.
    pub fn tags(&self) -> &Tags {
        &self.facts.names.tags
    }

    /// What a group does with every packet of an endpoint. `None` for a group whose rules are not known.
    pub fn decided(
        &self,
        nsg: ResourceId,
        direction: Direction,
        endpoint: &Endpoint,
    ) -> Option<Arc<GroupAnswer>> {
        let network = self.network_number(endpoint);
        self.group(nsg, direction, endpoint, network)
    }

    pub(crate) fn network_number(&self, endpoint: &Endpoint) -> u32 {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(networks.len()).unwrap_or(u32::MAX);
        *networks.entry((endpoint.family, endpoint.network.clone())).or_insert(next)
    }

    /// Whether a rule of the group looks at the VM's own address, or may.
    pub(crate) fn is_sighted(&self, nsg: ResourceId, direction: Direction) -> bool {
        let group = self.estate.slot(nsg).filter(|slot| slot.kind == estate::Kind::Nsg);
        let sighted = group.and_then(|slot| self.facts.sighted.get(slot.index as usize));
        sighted.is_none_or(|[inbound, outbound]| match direction {
            Direction::Inbound => *inbound,
            Direction::Outbound => *outbound,
        })
    }

    /// A number for what a group does for an endpoint: the same number is the same answer. `None` for a group
    /// whose rules are not known.
    pub(crate) fn group_number(
        &self,
        nsg: ResourceId,
        direction: Direction,
        endpoint: &Endpoint,
        network: u32,
    ) -> Option<u32> {
        let rules = self.estate.nsg(nsg)?.rules.as_ref()?.value()?;
        let sight = if self.is_sighted(nsg, direction) {
            let local = |rule: &estate::SecurityRule| match direction {
                Direction::Inbound => endpoint.is_in(&rule.destination),
                Direction::Outbound => endpoint.is_in(&rule.source),
            };
            rules.iter().map(local).collect()
        } else {
            Box::default()
        };
        let key = GroupKey { nsg, direction, network, sight };
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        Some(*numbers.entry(key).or_insert(next))
    }

    /// What a group does for an endpoint.
    pub(crate) fn group(
        &self,
        nsg: ResourceId,
        direction: Direction,
        endpoint: &Endpoint,
        network: u32,
    ) -> Option<Arc<GroupAnswer>> {
        let number = self.group_number(nsg, direction, endpoint, network)?;
        if let Some(answer) = self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(&number) {
            return Some(Arc::clone(answer));
        }
        let rules = self.estate.nsg(nsg)?.rules.as_ref()?.value()?;
        let answer = Arc::new(group::apply(rules, direction, endpoint, &self.facts.names));
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= KEPT {
            answers.clear();
        }
        Some(Arc::clone(answers.entry(number).or_insert(answer)))
    }

    /// The same where the other side is one of some addresses. Not kept, and right for these alone.
    pub(crate) fn group_within(
        &self,
        nsg: ResourceId,
        direction: Direction,
        endpoint: &Endpoint,
        others: &Addresses,
    ) -> Option<Arc<GroupAnswer>> {
        let rules = self.estate.nsg(nsg)?.rules.as_ref()?.value()?;
        Some(Arc::new(group::apply_within(rules, direction, endpoint, &self.facts.names, others)))
    }
}

/// How many answers of groups are kept: one takes up to a megabyte.
const KEPT: usize = 256;

fn sighted(nsg: &Nsg) -> [bool; 2] {
    [sees(nsg, Direction::Inbound), sees(nsg, Direction::Outbound)]
}

/// Whether a rule of the group looks at more of the VM's side than that it is in its network.
fn sees(nsg: &Nsg, direction: Direction) -> bool {
    let Some(Known::Value(rules)) = &nsg.rules else { return false };
    rules.iter().any(|rule| {
        let local = match direction {
            Direction::Inbound => &rule.destination,
            Direction::Outbound => &rule.source,
        };
        !local.any && local.tags != [estate::ServiceTag::VirtualNetwork]
    })
}
