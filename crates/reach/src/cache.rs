//! The estate seen as a network, with what was worked out once kept.

use std::sync::{Arc, Mutex, PoisonError};

use estate::{Direction, Estate, Family, Known, Nsg, ResourceId};
use hashbrown::HashMap;

use crate::admin::{AdminAnswer, AdminKey};
use crate::endpoint::{Endpoint, Network, Tri};
use crate::forward::Forwarding;
use crate::group::{self, GroupAnswer};
use crate::internet::Opening;
use crate::rules::Names;
use crate::tags::Tags;

/// Answers questions about an estate. Safe to share between threads.
pub struct Reach<'e> {
    estate: &'e Estate,
    pub(crate) names: Names,
    /// For each group by number: whether a rule of that direction looks at the VM's own address.
    sighted: Vec<[bool; 2]>,
    /// What forwards to addresses of VMs.
    pub(crate) forwarding: Forwarding,
    networks: Mutex<HashMap<(Family, Network), u32>>,
    groups: Mutex<HashMap<GroupKey, (u32, Arc<GroupAnswer>)>>,
    pub(crate) admins: Mutex<HashMap<AdminKey, (u32, Arc<AdminAnswer>)>>,
    pub(crate) openings: Mutex<HashMap<OpeningKey, Arc<Vec<Opening>>>>,
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
        let sighted =
            estate.nsgs.iter().map(|nsg| [sees(nsg, Direction::Inbound), sees(nsg, Direction::Outbound)]);
        let names = Names { members, tags };
        Self {
            estate,
            forwarding: Forwarding::new(estate, &names),
            names,
            sighted: sighted.collect(),
            admins: Mutex::default(),
            networks: Mutex::default(),
            groups: Mutex::default(),
            openings: Mutex::default(),
        }
    }

    /// The estate.
    pub fn estate(&self) -> &'e Estate {
        self.estate
    }

    /// The list of service tags.
    pub fn tags(&self) -> &Tags {
        &self.names.tags
    }

    pub(crate) fn network_number(&self, endpoint: &Endpoint) -> u32 {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(networks.len()).unwrap_or(u32::MAX);
        *networks.entry((endpoint.family, endpoint.network.clone())).or_insert(next)
    }

    /// What a group does for an endpoint, and a number for the answer. `None` for a group whose
    /// rules are not known.
    pub(crate) fn group(
        &self,
        nsg: ResourceId,
        direction: Direction,
        endpoint: &Endpoint,
        network: u32,
    ) -> Option<(u32, Arc<GroupAnswer>)> {
        let slot = self.estate.slot(nsg)?;
        let rules = self.estate.nsg(nsg)?.rules.as_ref()?.value()?;
        let sighted =
            self.sighted.get(slot.index as usize).is_none_or(|[inbound, outbound]| match direction {
                Direction::Inbound => *inbound,
                Direction::Outbound => *outbound,
            });
        let sight = if sighted {
            let local = |rule: &estate::SecurityRule| match direction {
                Direction::Inbound => endpoint.is_in(&rule.destination),
                Direction::Outbound => endpoint.is_in(&rule.source),
            };
            rules.iter().map(local).collect()
        } else {
            Box::default()
        };
        let key = GroupKey { nsg, direction, network, sight };
        if let Some((number, answer)) = self.groups.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some((*number, Arc::clone(answer)));
        }
        let answer = Arc::new(group::apply(rules, direction, endpoint, &self.names));
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        let (number, answer) = groups.entry(key).or_insert((next, answer));
        Some((*number, Arc::clone(answer)))
    }
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
