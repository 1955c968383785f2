//! What gets to an address from the network around it, and what leaves it for the internet.
//!
//! Every machine is asked for these, so answers are kept: by what guards an address, and, where no rule looks at the
//! address itself, by its subnet and the group of its NIC, which are at hand without looking at any rule.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock, PoisonError};

use estate::{Direction, Family, IpConfiguration, Known, Nic, Reason, ResourceId};

use crate::addresses::{Addresses, internet, platform};
use crate::cache::Reach;
use crate::endpoint::Endpoint;
use crate::internet::{Answers, Guards, Opening};
use crate::packet::Protocols;
use crate::routes::{ReturnPath, return_path};
use crate::ways::connected;

/// Packets that pass the guards of an address.
pub struct Passage {
    /// The address, or one that nothing tells apart from it.
    pub endpoint: Endpoint,
    /// What passes. [`Opening::internet`] is the share of the addresses that were asked for.
    pub openings: Arc<Vec<Opening>>,
    /// Why nothing of it is certain, besides what the openings tell.
    pub unknown: Vec<Reason>,
    outside: OnceLock<Addresses>,
    everywhere: OnceLock<(bool, bool)>,
}

/// What tells addresses apart that no rule looks at: the direction, the subnet, the group of the NIC, the family, and
/// whether the NIC is a private endpoint's.
pub(crate) type Alike = (Direction, ResourceId, Option<ResourceId>, Family, bool);

/// Addresses that stand for the internet, one of each half of IPv4: who leads what leaves another way does so for all
/// of it, in one route or in two.
const AFAR: [IpAddr; 2] =
    [IpAddr::V4(std::net::Ipv4Addr::new(8, 8, 8, 8)), IpAddr::V4(std::net::Ipv4Addr::new(193, 0, 14, 129))];
const AFAR_V6: [IpAddr; 1] =
    [IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888))];

impl Reach<'_> {
    /// What gets to an address from its own network, from peers, and from what may lie behind gateways.
    pub fn from_network(&self, nic: &Nic, ip: &IpConfiguration) -> Arc<Passage> {
        self.alike(Direction::Inbound, nic, ip, || self.coming(nic, ip))
    }

    /// What leaves an address for the internet, as far as groups and security admin rules decide: where routes lead
    /// it is another question, see [`Reach::leaving`]. [`Opening::remote_ports`] are the ports that it is sent to.
    pub fn to_internet(&self, nic: &Nic, ip: &IpConfiguration) -> Arc<Passage> {
        self.alike(Direction::Outbound, nic, ip, || self.going(nic, ip))
    }

    /// The answer for an address, kept for all that are like it.
    fn alike(
        &self,
        direction: Direction,
        nic: &Nic,
        ip: &IpConfiguration,
        ask: impl Fn() -> Passage,
    ) -> Arc<Passage> {
        let Some(key) = self.alike_key(direction, nic, ip) else { return Arc::new(ask()) };
        let kept = self.passages.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        kept.unwrap_or_else(|| {
            let fresh = Arc::new(ask());
            let mut all = self.passages.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(key).or_insert(fresh))
        })
    }

    /// None where something looks at the address itself, or may.
    fn alike_key(&self, direction: Direction, nic: &Nic, ip: &IpConfiguration) -> Option<Alike> {
        let estate = self.estate();
        let known = |field: &estate::Field<ResourceId>| match field {
            None => Some(None),
            Some(Known::Value(id)) => Some(Some(*id)),
            Some(Known::Unknown(_)) => None,
        };
        let subnet = known(&ip.subnet)??;
        let [own, around] = [known(&nic.nsg)?, known(&estate.subnet(subnet)?.nsg)?];
        let sighted = [own, around].into_iter().flatten().any(|group| self.is_sighted(group, direction));
        let plain = !sighted && estate.admin_rules.is_empty();
        plain.then_some((direction, subnet, own, ip.family, nic.private_endpoint))
    }

    fn coming(&self, nic: &Nic, ip: &IpConfiguration) -> Passage {
        let endpoint = Endpoint::new(self.estate(), nic, ip);
        let guards = self.guards(Direction::Inbound, &endpoint);
        let kept = self.from_network.lock().unwrap_or_else(PoisonError::into_inner).get(&guards.key).cloned();
        let openings = kept.unwrap_or_else(|| {
            let inside = connected(&endpoint);
            let fresh = Arc::new(self.let_in(Answers::Narrow, &endpoint, &guards, &inside.may));
            let mut all = self.from_network.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(guards.key).or_insert(fresh))
        });
        passage(endpoint, guards, openings)
    }

    fn going(&self, nic: &Nic, ip: &IpConfiguration) -> Passage {
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
    let (outside, everywhere) = (OnceLock::new(), OnceLock::new());
    Passage { endpoint, openings, unknown: guards.unknown, outside, everywhere }
}

impl Passage {
    /// The internet as the address sees it: without what its network uses as its own, and without the platform's address,
    /// which is the platform's alone.
    pub fn outside(&self) -> &Addresses {
        self.outside.get_or_init(|| {
            let family = self.endpoint.family;
            internet(family).difference(&self.endpoint.network.own.union(&platform(family)))
        })
    }

    /// Whether the machine sends to most of the internet on most TCP ports: certainly, and possibly. One port or one
    /// address that is denied closes no way out.
    pub fn reaches_most(&self) -> (bool, bool) {
        *self.everywhere.get_or_init(|| {
            let all = self.outside();
            let half = all.count() / 2;
            let tcp = || self.openings.iter().filter(|opening| opening.protocols.contains(Protocols::TCP));
            // One rule for everything is what most networks have.
            if tcp().any(|opening| opening.remote_ports.is_all() && opening.internet.must.contains_all(all)) {
                return (true, true);
            }
            let mut starts = vec![0u32];
            for range in tcp().flat_map(|opening| opening.remote_ports.ranges()) {
                starts.extend([u32::from(range.first), u32::from(range.last) + 1]);
            }
            starts.sort_unstable();
            starts.dedup();
            let ends = starts.iter().skip(1).copied().chain([PORTS]);
            let open = |set: fn(&Opening) -> &Addresses| {
                let wide = |start: u32| {
                    let Ok(port) = u16::try_from(start) else { return false };
                    let here = tcp().filter(|opening| opening.remote_ports.contains(port));
                    let sum = here.fold(Addresses::empty(), |sum, opening| sum.union(set(opening)));
                    sum.intersection(all).count() > half
                };
                let ports = starts.iter().zip(ends.clone()).filter(|(start, _)| wide(**start));
                ports.map(|(start, end)| end.saturating_sub(*start)).sum::<u32>() > PORTS / 2
            };
            let may = open(|opening| &opening.internet.may);
            (may && open(|opening| &opening.internet.must), may)
        })
    }
}

/// How many ports there are.
const PORTS: u32 = 1 << 16;
