//! The second reading: what becomes of a packet, from what an estate was made of.

use std::net::IpAddr;

use estate::{Access, AdminAccess, AdminRule, Direction, Estate, Family, Known, ResourceId};
use reach::tags::Tags;
use reach::{Endpoint, Level, Packet, internet, plain};

/// The member of the group `b`.
pub(crate) const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

/// What becomes of a packet: `None` when nobody can tell.
pub(crate) type Fate = Option<bool>;

/// A NIC in the light of the plain evaluator.
pub(crate) struct Plain<'e> {
    pub(crate) estate: &'e Estate,
    pub(crate) endpoint: Endpoint,
    pub(crate) tags: std::sync::Arc<Tags>,
}

impl Plain<'_> {
    pub(crate) fn admin(
        &self,
        rules: &[&AdminRule],
        endpoint: &Endpoint,
        packet: &Packet,
    ) -> Option<Option<AdminAccess>> {
        let members = |_, _| Some(false);
        plain::walk_admin(rules, self.estate, Direction::Inbound, endpoint, packet, &members, &self.tags)
    }

    /// Everything that admin rules may do, each rule asked by itself: nothing at all is the last.
    pub(crate) fn outcomes(&self, endpoint: &Endpoint, packet: &Packet) -> Vec<Option<AdminAccess>> {
        // Where the list of what is deployed is there, a configuration that is not in it is not.
        let all = &self.estate.admin_rules;
        let listed = all.iter().any(|admin| admin.vnet.is_some() && admin.vnet == endpoint.vnet);
        let mut rules: Vec<&AdminRule> = all.iter().filter(|admin| !listed || admin.vnet.is_some()).collect();
        rules.sort_by_key(|admin| admin.rule.priority.value().copied());
        let mut all = Vec::new();
        for admin in rules {
            // One that denies tells apart whether it matches for certain, perhaps or not at all.
            let denying = AdminRule { access: Known::Value(AdminAccess::Deny), ..admin.clone() };
            match self.admin(&[&denying], endpoint, packet) {
                Some(None) => {}
                matched => {
                    all.push(admin.access.value().copied());
                    if matched.is_some() {
                        return all;
                    }
                }
            }
        }
        all.push(None);
        all
    }

    /// What admin rules and both groups do.
    pub(crate) fn guards(&self, floating: bool, packet: &Packet) -> Fate {
        let mut endpoint = self.endpoint.clone();
        if floating {
            (endpoint.address, endpoint.subnet) = (None, None);
        }
        let members = |asg: ResourceId, address: IpAddr| {
            let number = number(address);
            if self.estate.text(asg).to_ascii_lowercase().ends_with("/b") && address == OTHER {
                return Some(true);
            }
            // A member that the input does not hold may have any address inside the network.
            let inside = endpoint.network.tag.may.contains(number) && !internet(Family::V4).contains(number);
            if inside { None } else { Some(false) }
        };
        let groups = [&endpoint.subnet_level, &endpoint.nic_level].map(|level| match level {
            Level::Open => Some(true),
            Level::Unknown(_) => None,
            Level::Group(id) => {
                let rules = self.estate.nsg(*id).unwrap().rules.as_ref().unwrap().value().unwrap();
                let verdict = plain::walk(rules, Direction::Inbound, &endpoint, packet, &members, &self.tags);
                verdict.access.map(|access| access == Access::Allow)
            }
        });
        let by_groups = match groups {
            [Some(false), _] | [_, Some(false)] => Some(false),
            [Some(true), Some(true)] => Some(true),
            _ => None,
        };
        let outcomes = self.outcomes(&endpoint, packet);
        let all: Vec<_> = self.estate.admin_rules.iter().collect();
        let together = self.admin(&all, &endpoint, packet);
        if let Some(known) = together {
            // The rules one by one and all of them in one walk tell the same.
            let leaves = |one: &Option<AdminAccess>| matches!(one, None | Some(AdminAccess::Allow));
            assert!(outcomes.iter().all(|one| *one == known || leaves(one) && leaves(&known)));
        }
        let fates: Vec<Fate> = outcomes
            .into_iter()
            .map(|outcome| match outcome {
                Some(AdminAccess::Deny) => Some(false),
                Some(AdminAccess::AlwaysAllow) => Some(true),
                Some(AdminAccess::Allow) | None => by_groups,
            })
            .collect();
        fates[0].filter(|_| fates.iter().all(|fate| *fate == fates[0]))
    }

    /// Whether packets by a rule of the load balancer keep the frontend's address.
    pub(crate) fn floats(&self, rule: &str) -> bool {
        let balancer = &self.estate.load_balancers[0];
        let all =
            [&balancer.rules, &balancer.nat_rules].into_iter().flatten().filter_map(Known::value).flatten();
        all.into_iter().any(|one| one.name(self.estate) == rule && one.floating == Known::Value(true))
    }

    pub(crate) fn unguarded(&self) -> bool {
        self.endpoint.subnet_level == Level::Open && self.endpoint.nic_level == Level::Open
    }

    /// What becomes of a packet that comes to an address of this SKU.
    pub(crate) fn comes_in(&self, sku: &str, floating: bool, packet: &Packet) -> Fate {
        if self.unguarded() && sku == "Standard" {
            // Documented nowhere: nobody can tell.
            let delivers = self.outcomes(&self.endpoint, packet).contains(&Some(AdminAccess::AlwaysAllow));
            return if delivers { None } else { Some(false) };
        }
        self.guards(floating, packet)
    }
}

pub(crate) fn number(address: IpAddr) -> u128 {
    let IpAddr::V4(address) = address else { panic!() };
    u128::from(address.to_bits())
}
