//! Security admin rules of Virtual Network Manager: what they drop, what they deliver whatever the groups
//! say, and what they leave to the groups.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use estate::{AdminAccess, AdminRule, Direction, Estate, PortSet, Reason, ResourceId};
use hashbrown::HashMap;

use crate::addresses::Addresses;
use crate::cache::Reach;
use crate::endpoint::Endpoint;
use crate::group;
use crate::packet::Protocols;
use crate::rules::{Compiled, NO_ADMIN_RULE, RuleRef, compile_one};

/// What the admin rules of a network do with every packet of one direction.
#[derive(Debug)]
pub(crate) struct AdminAnswer {
    /// Disjoint parts that together hold every packet.
    pub(crate) parts: Vec<AdminPart>,
}

/// Packets that the same admin rules decide.
#[derive(Debug)]
pub(crate) struct AdminPart {
    pub(crate) protocols: Protocols,
    pub(crate) local_ports: PortSet,
    pub(crate) remote_ports: PortSet,
    pub(crate) remote: Addresses,
    /// The rules that may decide, in their order.
    pub(crate) rules: Vec<RuleRef>,
    /// Whether they may be dropped.
    pub(crate) drops: bool,
    /// The rule that may deliver them whatever the groups say.
    pub(crate) delivers: Option<RuleRef>,
    /// Whether they may be left to the groups.
    pub(crate) passes: bool,
}

/// The admin rules of an estate by the network they are deployed to, as positions in the estate's list.
#[derive(Debug, Default)]
pub(crate) struct Deployed {
    networks: HashMap<ResourceId, Here>,
    /// Rules of configurations: to which networks they are deployed, nothing tells.
    nowhere: Here,
    /// All of them, for an endpoint of which nothing tells the network.
    everywhere: Here,
}

/// The admin rules that act on a network, or may.
#[derive(Debug, Default)]
struct Here {
    rules: Vec<u32>,
    /// Whether they are of several managers. Which of those comes first depends on where in the tenant they stand.
    ///
    /// Source: <https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins>
    several: bool,
}

impl Deployed {
    pub(crate) fn new(estate: &Estate) -> Self {
        let mut all = Self::default();
        for (index, admin) in (0u32..).zip(&estate.admin_rules) {
            all.everywhere.rules.push(index);
            let here = match admin.vnet {
                Some(vnet) => all.networks.entry(vnet).or_default(),
                None => &mut all.nowhere,
            };
            here.rules.push(index);
        }
        for here in all.networks.values_mut() {
            let manager = |admin: &AdminRule| {
                let id = estate.text(admin.id).to_ascii_lowercase();
                id.split("/securityadminconfigurations/").next().unwrap_or_default().to_owned()
            };
            let managers: BTreeSet<String> = here.each(estate).map(|(_, admin)| manager(admin)).collect();
            here.several = managers.len() > 1;
        }
        all
    }

    /// Where the list of what is deployed to the network is there, what is not in it is not deployed.
    fn here(&self, endpoint: &Endpoint) -> &Here {
        match endpoint.vnet {
            Some(own) => self.networks.get(&own).unwrap_or(&self.nowhere),
            None => &self.everywhere,
        }
    }
}

impl Here {
    fn each<'e>(&self, estate: &'e Estate) -> impl Iterator<Item = (u32, &'e AdminRule)> {
        self.rules.iter().filter_map(|index| Some((*index, estate.admin_rules.get(*index as usize)?)))
    }
}

/// What a rule of a network is asked by: family, network, direction, address and groups of the endpoint.
pub(crate) type AdminKey = (u32, Option<ResourceId>, Direction, Box<[crate::endpoint::Tri]>);

impl Reach<'_> {
    /// What the admin rules do with packets of an endpoint, and a number for the answer; `None` where there
    /// are no such rules.
    pub(crate) fn admin(
        &self,
        direction: Direction,
        endpoint: &Endpoint,
        network: u32,
    ) -> Option<(u32, Arc<AdminAnswer>)> {
        let here = self.facts.deployed.here(endpoint);
        if here.rules.is_empty() {
            return None;
        }
        let sight = here.each(self.estate()).map(|(_, admin)| match direction {
            Direction::Inbound => endpoint.is_in(&admin.rule.destination),
            Direction::Outbound => endpoint.is_in(&admin.rule.source),
        });
        let key = (network, endpoint.vnet, direction, sight.collect());
        let cached = self.admins.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if cached.is_some() {
            return cached;
        }
        let mut compiled: Vec<_> = here
            .each(self.estate())
            .filter_map(|(index, admin)| {
                let rule =
                    compile_one(&admin.rule, RuleRef::Admin(index), direction, endpoint, &self.facts.names)?;
                // Deployed here for certain, or perhaps.
                let certain =
                    rule.certain && !here.several && admin.vnet.is_some() && endpoint.vnet.is_some();
                Some(Compiled { certain, ..rule })
            })
            .collect();
        compiled.sort_by_key(|rule| rule.priority);
        compiled.push(Compiled::no_admin_rule(endpoint));
        let answer = group::apply_compiled(&compiled, endpoint);
        // Addresses that are decided alike make one part.
        type Key = (Protocols, PortSet, PortSet, Vec<RuleRef>);
        let mut parts: BTreeMap<Key, Addresses> = BTreeMap::new();
        for (remote, cells) in answer.regions() {
            for cell in cells {
                let rules: Vec<RuleRef> = cell.verdict.rules.iter().map(|(rule, _)| *rule).collect();
                let key = (cell.protocols, cell.local_ports.clone(), cell.remote_ports.clone(), rules);
                let addresses = parts.entry(key).or_default();
                *addresses = addresses.union(&remote);
            }
        }
        let parts = parts.into_iter().map(|((protocols, local_ports, remote_ports, rules), remote)| {
            let may = |wanted: AdminAccess| {
                let does = |rule: &&RuleRef| {
                    **rule != NO_ADMIN_RULE && self.admin_access(**rule).is_none_or(|access| access == wanted)
                };
                rules.iter().find(does).copied()
            };
            let (drops, delivers) = (may(AdminAccess::Deny).is_some(), may(AdminAccess::AlwaysAllow));
            let passes = rules.contains(&NO_ADMIN_RULE) || may(AdminAccess::Allow).is_some();
            AdminPart { protocols, local_ports, remote_ports, remote, rules, drops, delivers, passes }
        });
        let answer = Arc::new(AdminAnswer { parts: parts.collect() });
        let mut all = self.admins.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(all.len()).unwrap_or(u32::MAX);
        Some(all.entry(key).or_insert((next, answer)).clone())
    }

    /// What an admin rule does, if it is known.
    pub(crate) fn admin_access(&self, rule: RuleRef) -> Option<AdminAccess> {
        if rule == NO_ADMIN_RULE {
            return Some(AdminAccess::Allow);
        }
        let RuleRef::Admin(index) = rule else { return None };
        self.estate().admin_rules.get(index as usize)?.access.value().copied()
    }

    /// Why the admin rules are not known in full.
    pub(crate) fn admin_doubt(&self, endpoint: &Endpoint) -> Option<Reason> {
        let estate = self.estate();
        let here = self.facts.deployed.here(endpoint);
        let reason = |(_, admin): (u32, &AdminRule)| {
            let somewhere = admin.vnet.is_none() || endpoint.vnet.is_none();
            let own = somewhere.then(|| Reason::AdminRule { id: estate.text(admin.id).into() });
            own.or_else(|| crate::rules::reason(&admin.rule, self.tags(), Some(endpoint)))
        };
        let mut taken = BTreeSet::new();
        for (_, admin) in here.each(estate) {
            if !taken.insert((admin.rule.priority.value(), admin.rule.direction.value())) {
                return Some(Reason::SamePriority);
            }
        }
        if here.several { Some(Reason::SeveralManagers) } else { here.each(estate).find_map(reason) }
    }
}
