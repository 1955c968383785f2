//! What gets to an address from the network around it, and what leaves it for the internet.
//!
//! Every machine is asked for these, so answers are kept by what guards an address: machines behind the same guards in
//! one network share them.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use estate::{Direction, Family, IpConfiguration, Known, Nic, Reason};

use crate::addresses::{Addresses, internet, platform};
use crate::cache::Reach;
use crate::endpoint::Endpoint;
use crate::internet::{Guards, Opening};
use crate::routes::{ReturnPath, return_path};
use crate::ways::connected;

/// Packets that pass the guards of an address.
pub struct Passage {
    /// The address.
    pub endpoint: Endpoint,
    /// What passes. [`Opening::internet`] is the share of the addresses that were asked for.
    pub openings: Arc<Vec<Opening>>,
    /// Why nothing of it is certain, besides what the openings tell.
    pub unknown: Vec<Reason>,
}

/// Addresses that stand for the internet, one of each half of IPv4: who leads what leaves another way does so for all
/// of it, in one route or in two.
const AFAR: [IpAddr; 2] =
    [IpAddr::V4(std::net::Ipv4Addr::new(8, 8, 8, 8)), IpAddr::V4(std::net::Ipv4Addr::new(193, 0, 14, 129))];
const AFAR_V6: [IpAddr; 1] =
    [IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888))];

impl Reach<'_> {
    /// What gets to an address from its own network, from peers, and from what may lie behind gateways.
    pub fn from_network(&self, nic: &Nic, ip: &IpConfiguration) -> Passage {
        let endpoint = Endpoint::new(self.estate(), nic, ip);
        let guards = self.guards(Direction::Inbound, &endpoint);
        let kept = self.from_network.lock().unwrap_or_else(PoisonError::into_inner).get(&guards.key).cloned();
        let openings = kept.unwrap_or_else(|| {
            let inside = connected(&endpoint);
            let fresh = Arc::new(self.let_in(&endpoint, &guards, &inside.may));
            let mut all = self.from_network.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(guards.key).or_insert(fresh))
        });
        passage(endpoint, guards, openings)
    }

    /// What leaves an address for the internet, as far as groups and security admin rules decide: where routes lead
    /// it is another question, see [`Reach::leaving`]. [`Opening::remote_ports`] are the ports that it is sent to.
    pub fn to_internet(&self, nic: &Nic, ip: &IpConfiguration) -> Passage {
        let endpoint = Endpoint::new(self.estate(), nic, ip);
        let guards = self.guards(Direction::Outbound, &endpoint);
        let kept = self.to_internet.lock().unwrap_or_else(PoisonError::into_inner).get(&guards.key).cloned();
        let openings = kept.unwrap_or_else(|| {
            let fresh = Arc::new(self.let_through(&endpoint, &guards, internet(endpoint.family)));
            let mut all = self.to_internet.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(guards.key).or_insert(fresh))
        });
        passage(endpoint, guards, openings)
    }

    /// What passes the guards of an endpoint from or to some addresses.
    pub fn passing(&self, endpoint: Endpoint, direction: Direction, others: &Addresses) -> Passage {
        let guards = self.guards(direction, &endpoint);
        let openings = Arc::new(self.let_through(&endpoint, &guards, others));
        passage(endpoint, guards, openings)
    }

    /// Where routes lead what an address sends to the internet.
    pub fn leaving(&self, nic: &Nic, ip: &IpConfiguration) -> Known<ReturnPath> {
        let subnet = ip.subnet.as_ref().and_then(Known::value).copied();
        let key = subnet.map(|subnet| (subnet, ip.family));
        let kept = key
            .and_then(|key| self.leaving.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned());
        if let Some(kept) = kept {
            return kept;
        }
        let afar = if ip.family == Family::V4 { AFAR.as_slice() } else { AFAR_V6.as_slice() };
        let mut all = afar.iter().map(|remote| return_path(self, nic, ip, *remote));
        let first = all.next().unwrap_or(Known::Value(ReturnPath::Direct));
        let answer = all.fold(first, |one, other| match (one, other) {
            (unknown @ Known::Unknown(_), _) | (_, unknown @ Known::Unknown(_)) => unknown,
            (one, other) if one == other => one,
            _ => Known::unknown(Reason::SentElsewhere { id: self.estate().text(nic.id).into() }),
        });
        if let Some(key) = key {
            self.leaving.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer.clone());
        }
        answer
    }
}

fn passage(endpoint: Endpoint, guards: Guards, openings: Arc<Vec<Opening>>) -> Passage {
    let openings = match guards.unknown.is_empty() {
        true => openings,
        false => Arc::new(openings.iter().map(Opening::doubted).collect()),
    };
    Passage { endpoint, openings, unknown: guards.unknown }
}

impl Passage {
    /// The internet as the address sees it: without what its network uses as its own, and without the platform's address,
    /// which is the platform's alone.
    pub fn outside(&self) -> Addresses {
        let family = self.endpoint.family;
        internet(family).difference(&self.endpoint.network.own.union(&platform(family)))
    }
}
