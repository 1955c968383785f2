//! What a change exposes, closes, widens or narrows: two estates, machine by machine.

use std::collections::HashMap;
use std::net::IpAddr;

use estate::{Estate, Family, IpConfiguration, Known, Nic, Range, Reason, ResourceId, ScaleSet, Vm};

use crate::addresses::{Addresses, MustMay, address, platform};
use crate::cache::Reach;
use crate::internet::Opening;
use crate::packet::{Packet, Protocols};
use crate::ways::{Exposed, WayIn, exposed};

/// A VM or the model of a scale set, with its addresses.
pub struct Machine<'e> {
    /// Its id.
    pub id: ResourceId,
    /// Its addresses.
    pub addresses: Vec<(&'e Nic, &'e IpConfiguration)>,
    /// Why its records may not tell them all; see [`Machine::doubt`].
    pub unknown: Option<Reason>,
}

impl<'e> Machine<'e> {
    /// A VM.
    pub fn of_vm(estate: &'e Estate, vm: &'e Vm) -> Self {
        let unknown = vm.nics_unknown.as_deref().cloned();
        let mut machine = Self { id: vm.id, addresses: Vec::new(), unknown };
        for id in &vm.nics {
            match estate.nic(*id) {
                None => machine.unknown = Some(estate.missing(estate::Kind::Nic, *id)),
                Some(nic) => machine.add(nic, || estate.partial(estate::Kind::Nic, *id)),
            }
        }
        if vm.nics.is_empty() && machine.unknown.is_none() {
            machine.unknown = Some(estate.partial(estate::Kind::Vm, vm.id));
        }
        machine
    }

    /// What a scale set makes its instances like.
    pub fn of_scale_set(estate: &Estate, set: &'e ScaleSet) -> Self {
        let mut machine = Self { id: set.id, addresses: Vec::new(), unknown: None };
        let partial = || estate.partial(estate::Kind::ScaleSet, set.id);
        match &set.model {
            Some(Known::Value(model)) => {
                machine.unknown = model.vm.nics_unknown.as_deref().cloned();
                model.nics.iter().for_each(|nic| machine.add(nic, partial));
            }
            Some(Known::Unknown(reason)) => machine.unknown = Some(reason.as_ref().clone()),
            None => machine.unknown = Some(partial()),
        }
        machine
    }

    /// Why it may have other addresses than its records tell: one of them, or what forwards to it, says so.
    pub fn doubt(&self, reach: &Reach<'_>) -> Option<Reason> {
        let cut_short = || self.addresses.iter().find_map(|(nic, _)| reach.cut_short(nic.id).cloned());
        self.unknown.clone().or_else(cut_short)
    }

    fn add(&mut self, nic: &'e Nic, partial: impl Fn() -> Reason) {
        match &nic.ip_configurations {
            Some(Known::Value(all)) => self.addresses.extend(all.iter().map(|ip| (nic, ip))),
            Some(Known::Unknown(reason)) => self.unknown = Some(reason.as_ref().clone()),
            None => self.unknown = Some(partial()),
        }
    }
}

/// Every machine of an estate.
pub fn machines(estate: &Estate) -> Vec<Machine<'_>> {
    let vms = estate.vms.iter().map(|vm| Machine::of_vm(estate, vm));
    vms.chain(estate.scale_sets.iter().map(|set| Machine::of_scale_set(estate, set))).collect()
}

/// What became of an exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Nobody got there before, and somebody does now.
    Appeared,
    /// More get there than before.
    Widened,
    /// Some get there that did not, and some no more.
    Moved,
    /// Whether somebody gets there is no more as certain, or as uncertain, as it was.
    Doubted,
    /// Fewer get there than before.
    Narrowed,
    /// Nobody gets there any more.
    Vanished,
}

/// A difference in what is exposed.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What became of it.
    pub kind: Kind,
    /// The family of the addresses.
    pub family: Family,
    /// A single protocol.
    pub protocol: Protocols,
    /// The ports.
    pub ports: Range<u16>,
    /// Who got there.
    pub before: MustMay,
    /// Who gets there.
    pub after: MustMay,
    /// A packet that got through on one side only, and what let it through there.
    pub witness: Option<Witness>,
}

/// A packet that tells two estates apart.
#[derive(Clone, Debug)]
pub struct Witness {
    /// The packet.
    pub packet: Packet,
    /// The address of the machine, if it is assigned.
    pub to: Option<IpAddr>,
    /// The way that it takes.
    pub way: WayIn,
    /// What lets it through.
    pub opening: Opening,
    /// Whether it gets through in the newer estate.
    pub now: bool,
    /// Whether it certainly does.
    pub certain: bool,
}

/// What of a machine is exposed to `sources`: the ways in, of IPv4 and of IPv6.
pub fn ways(reach: &Reach<'_>, machine: Option<&Machine<'_>>, sources: &[Addresses; 2]) -> [Vec<WayIn>; 2] {
    let addresses = machine.map(|machine| machine.addresses.as_slice()).unwrap_or_default();
    [Family::V4, Family::V6].map(|family| {
        let here = addresses.iter().filter(|(_, ip)| ip.family == family);
        here.flat_map(|(nic, ip)| reach.ways_in(nic, ip, sources)).collect()
    })
}

/// How the exposure of a machine differs: its ways in before and after.
pub fn between(before: &[Vec<WayIn>; 2], after: &[Vec<WayIn>; 2]) -> Vec<Difference> {
    let mut all = Vec::new();
    for ((family, before), after) in [Family::V4, Family::V6].into_iter().zip(before).zip(after) {
        let table = |ways: &[WayIn]| exposed(ways.iter().flat_map(|way| &way.openings));
        let (old_rows, new_rows) = (table(before), table(after));
        if old_rows == new_rows {
            continue;
        }
        for protocol in Protocols::EACH {
            for (ports, was, is) in side_by_side(&old_rows, &new_rows, protocol) {
                let Some(kind) = kind_of(&was, &is) else { continue };
                let mut difference =
                    Difference { kind, family, protocol, ports, before: was, after: is, witness: None };
                difference.witness = witness(&difference, before, after);
                all.push(difference);
            }
        }
    }
    all
}

/// The stretches of ports in which neither table changes, with both tables' sources.
fn side_by_side(
    old: &[Exposed],
    new: &[Exposed],
    protocol: Protocols,
) -> Vec<(Range<u16>, MustMay, MustMay)> {
    let here = |rows: &[Exposed]| -> Vec<Exposed> {
        rows.iter().filter(|row| row.protocol == protocol).cloned().collect()
    };
    let (old, new) = (here(old), here(new));
    let mut starts: Vec<u16> = vec![0];
    for row in old.iter().chain(&new) {
        starts.push(row.ports.first);
        starts.extend(row.ports.last.checked_add(1));
    }
    starts.sort_unstable();
    starts.dedup();
    let at = |rows: &[Exposed], port: u16| {
        let row = rows.iter().find(|row| row.ports.first <= port && port <= row.ports.last);
        row.map_or_else(
            || MustMay { must: Addresses::empty(), may: Addresses::empty() },
            |row| row.sources.clone(),
        )
    };
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([u16::MAX]);
    starts
        .iter()
        .zip(ends)
        .map(|(first, last)| (Range { first: *first, last }, at(&old, *first), at(&new, *first)))
        .collect()
}

fn kind_of(before: &MustMay, after: &MustMay) -> Option<Kind> {
    let (was, is) = (&before.must, &after.must);
    if was == is && before.may == after.may {
        return None;
    }
    let lost = was.difference(is);
    // INVARIANT: narrowed and vanished are safe: nobody gets in, or may, who did not before, and whoever certainly
    // got in and does not now certainly does not.
    if before.may.contains_all(&after.may) && was.contains_all(is) && !lost.overlaps(&after.may) {
        return Some(if after.may.is_empty() { Kind::Vanished } else { Kind::Narrowed });
    }
    let gained = is.difference(was);
    // Some certainly do who perhaps did before, or perhaps do who did not or certainly did.
    if gained.is_empty() || before.may.contains_all(&gained) {
        return Some(Kind::Doubted);
    }
    Some(match was.is_empty() {
        true => Kind::Appeared,
        false if lost.is_empty() => Kind::Widened,
        false => Kind::Moved,
    })
}

/// A packet that gets through on one side only: on the newer one, if there is such.
fn witness(difference: &Difference, before: &[WayIn], after: &[WayIn]) -> Option<Witness> {
    let more = |a: &MustMay, b: &MustMay| {
        let certain = a.must.difference(&b.must);
        if certain.is_empty() { a.may.difference(&b.may) } else { certain }
    };
    let gained = more(&difference.after, &difference.before);
    let (ways, only, now) = match gained.is_empty() {
        false => (after, gained, true),
        true => (before, more(&difference.before, &difference.after), false),
    };
    let only = only.difference(&platform(difference.family));
    let first = only.ranges().first()?;
    let number = if first.first < first.last { first.first + 1 } else { first.first };
    let port = difference.ports.first.max(u16::from(difference.ports.last > 0));
    let lets = |opening: &&Opening| {
        opening.protocols.contains(difference.protocol)
            && opening.local_ports.contains(port)
            && opening.internet.may.contains(number)
    };
    let sure = |opening: &&Opening| lets(opening) && opening.internet.must.contains(number);
    let by = |certain: bool| {
        ways.iter().find_map(|way| {
            let mut openings = way.openings.iter();
            let opening = if certain { openings.find(sure) } else { openings.find(lets) };
            Some((way, opening?, certain))
        })
    };
    by(true).or_else(|| by(false)).and_then(|(way, opening, certain)| {
        let packet = Packet {
            protocol: difference.protocol,
            remote: address(difference.family, number),
            remote_port: if opening.remote_ports.contains(49152) {
                49152
            } else {
                opening.remote_ports.first()?
            },
            local_port: port,
        };
        Some(Witness {
            packet,
            to: way.endpoint.address,
            way: way.clone(),
            opening: opening.clone(),
            now,
            certain,
        })
    })
}

/// The machines of two estates, paired by their ids.
pub fn pairs<'a, 'o, 'n>(
    old: (&Estate, &'a [Machine<'o>]),
    new: (&Estate, &'a [Machine<'n>]),
) -> Vec<(String, Option<&'a Machine<'o>>, Option<&'a Machine<'n>>)> {
    let key = |estate: &Estate, id: ResourceId| estate.text(id).to_ascii_lowercase();
    let mut before: HashMap<String, &Machine<'o>> =
        old.1.iter().map(|machine| (key(old.0, machine.id), machine)).collect();
    let mut all = Vec::with_capacity(new.1.len());
    for machine in new.1 {
        let was = before.remove(&key(new.0, machine.id));
        all.push((new.0.text(machine.id).to_owned(), was, Some(machine)));
    }
    for machine in before.into_values() {
        all.push((old.0.text(machine.id).to_owned(), Some(machine), None));
    }
    all.sort_by_cached_key(|(id, ..)| id.to_ascii_lowercase());
    all
}

#[cfg(test)]
mod tests {
    use estate::PortSet;

    use super::*;
    use crate::addresses::number;
    use crate::endpoint::{Endpoint, Level, Network};
    use crate::ways::Start;

    fn set(numbers: &[u128]) -> Addresses {
        numbers.iter().map(|number| Range { first: *number, last: *number }).collect()
    }

    #[test]
    fn what_is_safe_is_told_from_what_is_not() {
        let kind = |was: [&[u128]; 2], is: [&[u128]; 2]| {
            let pair = |[must, may]: [&[u128]; 2]| MustMay { must: set(must), may: set(may) };
            kind_of(&pair(was), &pair(is))
        };
        let (none, one, two): (&[u128], &[u128], &[u128]) = (&[], &[1], &[1, 2]);
        assert_eq!(kind([one, two], [one, two]), None);
        assert_eq!(kind([none, none], [one, one]), Some(Kind::Appeared));
        assert_eq!(kind([none, none], [none, one]), Some(Kind::Doubted));
        assert_eq!(kind([one, one], [two, two]), Some(Kind::Widened));
        assert_eq!(kind([one, one], [&[2], &[2]]), Some(Kind::Moved));
        // Less, and nothing else.
        assert_eq!(kind([two, two], [one, one]), Some(Kind::Narrowed));
        assert_eq!(kind([one, one], [none, none]), Some(Kind::Vanished));
        assert_eq!(kind([none, two], [none, one]), Some(Kind::Narrowed));
        assert_eq!(kind([none, one], [none, none]), Some(Kind::Vanished));
        assert_eq!(kind([two, &[1, 2, 3]], [one, &[1, 3]]), Some(Kind::Narrowed));
        // Less that is certain, and more that is not.
        assert_eq!(kind([two, two], [one, &[1, 3]]), Some(Kind::Doubted));
        assert_eq!(kind([two, two], [one, two]), Some(Kind::Doubted));
        assert_eq!(kind([one, one], [none, one]), Some(Kind::Doubted));
        assert_eq!(kind([none, two], [one, two]), Some(Kind::Doubted));
        assert_eq!(kind([one, one], [one, two]), Some(Kind::Doubted));
    }

    fn opening(protocols: Protocols, ports: [u16; 2], sources: [u128; 2]) -> Opening {
        let sources = [Range { first: sources[0], last: sources[1] }].into_iter().collect();
        let sources = MustMay::certain(sources);
        Opening {
            protocols,
            local_ports: [Range { first: ports[0], last: ports[1] }].into_iter().collect(),
            remote_ports: PortSet::all(),
            internet: sources.clone(),
            sources,
            rules: [None, None],
            admin: None,
            unknown: Vec::new(),
        }
    }

    fn differences(before: Vec<Opening>, after: Vec<Opening>) -> Vec<Difference> {
        let none = MustMay::certain(Addresses::empty());
        let network = Network {
            tag: none.clone(),
            own: Addresses::empty(),
            beside: none,
            unknown: None,
            beside_unknown: None,
        };
        let endpoint = Endpoint {
            family: Family::V4,
            address: None,
            subnet: None,
            asgs: None,
            anywhere: false,
            vnet: None,
            network,
            subnet_level: Level::Open,
            nic_level: Level::Open,
        };
        let ways = |openings| {
            let way =
                WayIn { start: Start::Network, endpoint: endpoint.clone(), openings, unknown: Vec::new() };
            [vec![way], Vec::new()]
        };
        between(&ways(before), &ways(after))
    }

    #[test]
    fn neighbouring_ports_are_told_apart_where_either_side_differs() {
        let rows = |before: &[Opening], after: &[Opening]| -> Vec<(Kind, u16, u16, u128, u128)> {
            let all = differences(before.to_vec(), after.to_vec()).into_iter();
            all.map(|it| {
                let Range { first, last } = it.ports;
                (it.kind, first, last, it.before.must.count(), it.after.must.count())
            })
            .collect()
        };
        let some = [opening(Protocols::TCP, [22, 22], [1, 1]), opening(Protocols::TCP, [23, 23], [5, 6])];
        assert_eq!(rows(&some, &[]), [(Kind::Vanished, 22, 22, 1, 0), (Kind::Vanished, 23, 23, 2, 0)]);
        assert_eq!(rows(&[], &some), [(Kind::Appeared, 22, 22, 0, 1), (Kind::Appeared, 23, 23, 0, 2)]);
        let all = [opening(Protocols::TCP, [22, 23], [1, 9])];
        assert_eq!(rows(&some, &all), [(Kind::Widened, 22, 22, 1, 9), (Kind::Widened, 23, 23, 2, 9)]);
        assert_eq!(rows(&all, &some), [(Kind::Narrowed, 22, 22, 9, 1), (Kind::Narrowed, 23, 23, 9, 2)]);
        assert_eq!(rows(&[], &all), [(Kind::Appeared, 22, 23, 0, 9)]);
    }

    #[test]
    fn a_witness_is_let_through_by_the_opening_that_it_names() {
        let (tcp, udp) = (Protocols::TCP, Protocols::UDP);
        let witness = |openings: &[Opening], protocol: Protocols| {
            let all = differences(Vec::new(), openings.to_vec());
            let first = all.into_iter().find(|it| it.protocol == protocol).unwrap();
            let witness = first.witness.unwrap();
            let lets = &witness.opening;
            assert!(
                lets.protocols.contains(protocol)
                    && lets.internet.must.contains(number(witness.packet.remote))
            );
            assert!(lets.local_ports.contains(witness.packet.local_port));
            (number(witness.packet.remote), witness.packet.local_port)
        };
        let one = |ports: [u16; 2], sources: [u128; 2]| witness(&[opening(tcp, ports, sources)], tcp);
        assert_eq!(one([22, 30], [7, 7]), (7, 22), "the only source");
        assert_eq!(one([22, 22], [7, 8]), (8, 22), "the first of many is often a network's own");
        assert_eq!(one([0, u16::MAX], [7, 7]), (7, 1), "port 0 is no port that people know");
        assert_eq!(one([0, 0], [7, 7]), (7, 0));
        let many = [
            opening(udp, [22, 22], [10, 20]),
            opening(tcp, [80, 80], [10, 20]),
            opening(tcp, [22, 22], [30, 30]),
            opening(tcp, [22, 22], [10, 20]),
        ];
        assert_eq!(witness(&many, tcp), (11, 22));
        assert_eq!(witness(&many, udp), (11, 22));
    }
}
