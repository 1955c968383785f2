//! Everything that gets to an address, by each way in: from the internet and from the network around it.

use std::sync::Arc;

use estate::{Direction, Family, IpConfiguration, Nic, PortSet, Range, Reason, ResourceId};

use crate::addresses::{Addresses, MustMay, internet, platform};
use crate::cache::Reach;
use crate::endpoint::Endpoint;
use crate::forward::Through;
use crate::internet::{Answers, Guards, Opening};
use crate::packet::Protocols;

/// A way in, and what comes by it.
#[derive(Clone, Debug)]
pub struct WayIn {
    /// Where it begins.
    pub start: Start,
    /// The address of the VM.
    pub endpoint: Endpoint,
    /// What gets through. [`Opening::internet`] is the share of the sources that were asked for.
    pub openings: Vec<Opening>,
    /// Why some of it is unknown, besides what the openings tell.
    pub unknown: Vec<Reason>,
}

/// Where a way in begins.
#[derive(Clone, Debug)]
pub enum Start {
    /// On the internet.
    Internet {
        /// The public address, or what has one.
        via: ResourceId,
        /// What forwards on the way.
        through: Option<Arc<Through>>,
    },
    /// In the virtual network, its peers, and what lies behind gateways.
    Network,
}

/// One row of what is exposed: a protocol, a stretch of ports, and who gets there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// A single protocol.
    pub protocol: Protocols,
    /// The ports; all of them for a protocol without ports.
    pub ports: Range<u16>,
    /// Who gets there.
    pub sources: MustMay,
}

impl Reach<'_> {
    /// Every way by which packets from `sources` (a set of each family) get to an address. Who asks for just the
    /// internet means what comes from outside, and not a network's own machines with public addresses.
    pub fn ways_in(&self, nic: &Nic, ip: &IpConfiguration, sources: &[Addresses; 2]) -> Vec<WayIn> {
        let [v4, v6] = sources;
        let asked = if ip.family == Family::V4 { v4 } else { v6 };
        let mut ways = Vec::new();
        if asked.overlaps(internet(ip.family)) {
            for way in self.from_internet(nic, ip).ways {
                let openings: Vec<_> =
                    way.openings.iter().filter_map(|opening| opening.from(asked)).collect();
                if !openings.is_empty() {
                    ways.push(WayIn {
                        start: Start::Internet { via: way.via, through: way.through },
                        endpoint: way.endpoint,
                        openings,
                        unknown: way.unknown,
                    });
                }
            }
        }
        if asked != internet(ip.family) {
            ways.extend(self.around(nic, ip, asked));
        }
        ways
    }

    /// What gets to an address from the network around it.
    fn around(&self, nic: &Nic, ip: &IpConfiguration, asked: &Addresses) -> Option<WayIn> {
        let endpoint = Endpoint::new(self.estate(), nic, ip);
        let around = connected(&endpoint);
        let inside = asked.intersection(&around.may);
        if inside.is_empty() {
            return None;
        }
        let guards = self.guards(Direction::Inbound, &endpoint);
        let openings: Vec<_> = self
            .let_in(Answers::Kept, &endpoint, &guards, &inside)
            .into_iter()
            .map(|opening| if guards.unknown.is_empty() { opening } else { opening.doubted() })
            .collect();
        let unknown = guards.unknown;
        (!openings.is_empty()).then_some(WayIn { start: Start::Network, endpoint, openings, unknown })
    }

    /// What gets through the guards of an endpoint from some addresses around it.
    pub(crate) fn let_in(
        &self,
        answers: Answers,
        endpoint: &Endpoint,
        guards: &Guards,
        inside: &Addresses,
    ) -> Vec<Opening> {
        let around = connected(endpoint);
        let openings = self.let_through_by(answers, endpoint, guards, inside).into_iter();
        let certain = |opening: Opening| {
            let within = |set: &Addresses| set.intersection(inside);
            let sources = MustMay { must: within(&opening.sources.must), may: within(&opening.sources.may) };
            let must = opening.internet.must.intersection(&around.must);
            let mut unknown = opening.unknown;
            if opening.internet.may != must {
                let network = &endpoint.network;
                let reasons = [&network.unknown, &network.beside_unknown];
                unknown.extend(reasons.into_iter().flatten().map(|reason| reason.as_ref().clone()));
            }
            let internet = MustMay { must, may: opening.internet.may };
            Opening { sources, internet, unknown, ..opening }
        };
        openings.map(certain).collect()
    }
}

/// The addresses that have a way to an endpoint inside Azure's network: its own network and its peers for
/// certain; what may lie behind gateways.
pub(crate) fn connected(endpoint: &Endpoint) -> MustMay {
    let network = &endpoint.network;
    let inner = network.tag.may.difference(&internet(endpoint.family).difference(&network.own));
    let may = inner.union(&network.own).union(&network.beside.may);
    MustMay { must: network.own.union(&network.beside.must), may: may.difference(&platform(endpoint.family)) }
}

impl Opening {
    /// The part that comes from some sources.
    fn from(&self, asked: &Addresses) -> Option<Self> {
        let internet = MustMay {
            must: self.internet.must.intersection(asked),
            may: self.internet.may.intersection(asked),
        };
        (!internet.may.is_empty()).then(|| Self { internet, ..self.clone() })
    }
}

/// What openings expose together: rows that do not overlap, neighbours with the same sources put together.
pub fn exposed<'o>(openings: impl IntoIterator<Item = &'o Opening>) -> Vec<Exposed> {
    let openings: Vec<&Opening> = openings.into_iter().collect();
    let mut rows = Vec::new();
    for protocol in Protocols::EACH {
        let here: Vec<&&Opening> =
            openings.iter().filter(|opening| opening.protocols.contains(protocol)).collect();
        let mut starts: Vec<u16> = vec![0];
        for range in here.iter().flat_map(|opening| opening.local_ports.ranges()) {
            starts.push(range.first);
            starts.extend(range.last.checked_add(1));
        }
        starts.sort_unstable();
        starts.dedup();
        let mut own: Vec<Exposed> = Vec::new();
        for (at, first) in starts.iter().enumerate() {
            let last = starts.get(at + 1).map_or(u16::MAX, |next| next - 1);
            let mut sources = MustMay { must: Addresses::empty(), may: Addresses::empty() };
            for opening in here.iter().filter(|opening| opening.local_ports.contains(*first)) {
                sources.add(&opening.internet);
            }
            if sources.may.is_empty() {
                continue;
            }
            match own.last_mut() {
                Some(before)
                    if before.sources == sources && before.ports.last.checked_add(1) == Some(*first) =>
                {
                    before.ports.last = last;
                }
                _ => own.push(Exposed { protocol, ports: Range { first: *first, last }, sources }),
            }
        }
        rows.extend(own);
    }
    rows
}

/// The ports of one protocol that openings let through from one address: certainly, and possibly.
pub(crate) fn ports_from(openings: &[Opening], protocol: Protocols, address: Option<u128>) -> [PortSet; 2] {
    let (mut must, mut may) = (PortSet::empty(), PortSet::empty());
    for opening in openings.iter().filter(|opening| opening.protocols.contains(protocol)) {
        let within = |set: &Addresses| address.is_some_and(|address| set.contains(address));
        // A sender may take any port that it likes.
        if within(&opening.sources.must) {
            must = must.union(&opening.local_ports);
        }
        if address.is_none() || within(&opening.sources.may) {
            may = may.union(&opening.local_ports);
        }
    }
    [must, may]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening(first: u16, last: u16, source: u128) -> Opening {
        let sources: Addresses = [Range { first: source, last: source }].into_iter().collect();
        let sources = MustMay::certain(sources);
        Opening {
            protocols: Protocols::TCP,
            remote_ports: PortSet::all(),
            local_ports: [Range { first, last }].into_iter().collect(),
            internet: sources.clone(),
            sources,
            rules: [None, None],
            admin: None,
            unknown: Vec::new(),
        }
    }

    #[test]
    fn neighbours_with_the_same_sources_are_one_row() {
        let rows = |openings: &[Opening]| -> Vec<(u16, u16, u128)> {
            let rows = exposed(openings).into_iter();
            rows.map(|row| (row.ports.first, row.ports.last, row.sources.must.count())).collect()
        };
        assert_eq!(rows(&[opening(22, 22, 1), opening(23, 30, 1)]), [(22, 30, 1)]);
        assert_eq!(rows(&[opening(22, 22, 1), opening(24, 30, 1)]), [(22, 22, 1), (24, 30, 1)]);
        assert_eq!(rows(&[opening(22, 22, 1), opening(23, 30, 2)]), [(22, 22, 1), (23, 30, 1)]);
        assert_eq!(rows(&[opening(20, 30, 1), opening(25, 40, 2)]), [(20, 24, 1), (25, 30, 2), (31, 40, 1)]);
        assert_eq!(rows(&[opening(0, u16::MAX, 1)]), [(0, u16::MAX, 1)]);
    }
}
