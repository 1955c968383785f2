//! What each rule of a group lets through: the answer of a group turned over, rule by rule.
//!
//! A group's answer goes from addresses to ports to rules; who asks what is open wants a rule, its ports and
//! all addresses that it lets in there. INVARIANT: shares of one rule do not overlap.

use std::collections::BTreeSet;
use std::sync::Arc;

use estate::{PortSet, Range};
use hashbrown::HashMap;

use crate::addresses::{Addresses, MustMay};
use crate::group::{GroupAnswer, Line};
use crate::looks::ones;
use crate::packet::Protocols;
use crate::rules::{RuleAccess, RuleRef};

/// Packets that one rule lets through, or may.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    /// The rule; none where there is no group.
    pub(crate) rule: Option<RuleRef>,
    pub(crate) protocols: Protocols,
    pub(crate) local_ports: PortSet,
    pub(crate) remote_ports: PortSet,
    /// The addresses that the rule may let through, and those of them that certainly get through.
    pub(crate) remote: Arc<MustMay>,
}

/// A set of functions of an answer, as bits: those that may let through, then those that certainly do.
type Places = Box<[u64]>;

/// A part of what one rule lets through.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Piece {
    protocols: Protocols,
    local_ports: u32,
    remote_ports: u32,
}

/// The shares of all rules that let through something of `outside`, in the order of the rules.
pub(crate) fn shares(answer: &GroupAnswer, outside: &Addresses) -> Vec<Share> {
    let width = answer.functions.len().div_ceil(u64::BITS as usize);
    let mut wanted: Places = vec![0; width].into();
    let mut cuts = outside.ranges().iter().peekable();
    let mut stretches: Vec<Vec<u32>> = vec![Vec::new(); answer.functions.len()];
    for (at, (range, function)) in (0u32..).zip(&answer.stretches) {
        if let Some(stretches) = stretches.get_mut(*function as usize) {
            stretches.push(at);
        }
        while cuts.next_if(|cut| cut.last < range.first).is_some() {}
        if cuts.peek().is_some_and(|cut| cut.first <= range.last) {
            mark(&mut wanted, *function);
        }
    }
    let uses = Uses::of(answer, width);
    let mut sets: HashMap<Places, Arc<MustMay>> = HashMap::new();
    let mut shares = Vec::new();
    for (rule, places) in &uses.of_rules {
        let pieces = uses.pieces(places, width);
        let seen = |places: &Places| places.iter().zip(&wanted).any(|(place, wanted)| place & wanted != 0);
        if !pieces.iter().any(|(_, places)| seen(places)) {
            continue;
        }
        for (protocols, local_ports, remote_ports, places) in apart(answer, &pieces, width) {
            if !seen(&places) {
                continue;
            }
            let remote = match sets.get(&places) {
                Some(known) => Arc::clone(known),
                None => Arc::clone(
                    sets.entry(places.clone()).or_insert(Arc::new(addresses(answer, &stretches, &places))),
                ),
            };
            shares.push(Share { rule: Some(*rule), protocols, local_ports, remote_ports, remote });
        }
    }
    shares
}

fn mark(places: &mut [u64], function: u32) {
    if let Some(word) = places.get_mut((function / u64::BITS) as usize) {
        *word |= 1 << (function % u64::BITS);
    }
}

fn add(places: &mut [u64], more: &[u64]) {
    for (word, more) in places.iter_mut().zip(more) {
        *word |= more;
    }
}

/// The addresses of functions: for each, the places of its stretches.
fn addresses(answer: &GroupAnswer, stretches: &[Vec<u32>], places: &Places) -> MustMay {
    let (may, must) = places.split_at(places.len() / 2);
    let of = |places: &[u64]| -> Addresses {
        let mut all: Vec<u32> = Vec::new();
        for function in ones(places) {
            all.extend_from_slice(stretches.get(function).map(Vec::as_slice).unwrap_or_default());
        }
        all.sort_unstable();
        let ranges = all.iter().filter_map(|at| answer.stretches.get(*at as usize));
        ranges.map(|(range, _)| *range).collect()
    };
    let must_set = of(must);
    MustMay { may: if may == must { must_set.clone() } else { of(may) }, must: must_set }
}

/// Columns, ports of the other side in them, and whether they certainly get through.
type Use = (u32, u32, bool);

/// Where the parts of an answer are used.
struct Uses {
    /// For each list of columns, the lines that have it, and the functions of these.
    of_columns: Vec<Vec<(Line, Places)>>,
    /// For each rule that lets through, by its place in the order.
    of_rules: Vec<(RuleRef, Vec<Use>)>,
}

impl Uses {
    fn of(answer: &GroupAnswer, width: usize) -> Self {
        let mut by_rule: HashMap<RuleRef, Vec<Use>> = HashMap::new();
        let mut lets: Vec<bool> = Vec::with_capacity(answer.columns.len());
        for (number, columns) in (0u32..).zip(&answer.columns) {
            let mut any = false;
            for (remote_ports, verdict) in columns {
                let Some(verdict) = answer.verdicts.get(*verdict as usize) else { continue };
                for (rule, access) in &verdict.rules {
                    if *access != RuleAccess::Deny {
                        let sure = verdict.access == RuleAccess::Allow;
                        by_rule.entry(*rule).or_default().push((number, *remote_ports, sure));
                        any = true;
                    }
                }
            }
            lets.push(any);
        }
        let mut by_line: HashMap<Line, Places> = HashMap::new();
        for (number, lines) in (0u32..).zip(&answer.functions) {
            for line in lines {
                if lets.get(line.columns as usize) == Some(&true) {
                    let places = by_line.entry(*line).or_insert_with(|| vec![0; width].into());
                    mark(places, number);
                }
            }
        }
        let mut of_columns: Vec<Vec<(Line, Places)>> = vec![Vec::new(); answer.columns.len()];
        let mut lines: Vec<(Line, Places)> = by_line.into_iter().collect();
        lines.sort_unstable();
        for (line, places) in lines {
            if let Some(its) = of_columns.get_mut(line.columns as usize) {
                its.push((line, places));
            }
        }
        let mut of_rules: Vec<_> = by_rule.into_iter().collect();
        of_rules.sort_unstable();
        Self { of_columns, of_rules }
    }

    /// The pieces of a rule, those with the same ports put together.
    fn pieces(&self, places: &[Use], width: usize) -> Vec<(Piece, Places)> {
        let mut pieces: HashMap<Piece, Places> = HashMap::new();
        for (columns, remote_ports, sure) in places {
            for (line, functions) in self.of_columns.get(*columns as usize).into_iter().flatten() {
                let piece = Piece {
                    protocols: line.protocols,
                    local_ports: line.local_ports,
                    remote_ports: *remote_ports,
                };
                let places = pieces.entry(piece).or_insert_with(|| vec![0; 2 * width].into());
                let (may, must) = places.split_at_mut(width);
                add(may, functions);
                if *sure {
                    add(must, functions);
                }
            }
        }
        let mut pieces: Vec<_> = pieces.into_iter().collect();
        pieces.sort_unstable_by_key(|(piece, _)| (piece.local_ports, piece.remote_ports, piece.protocols));
        pieces
    }
}

/// Cuts pieces until none overlap, and puts together what has the same addresses.
fn apart(
    answer: &GroupAnswer,
    pieces: &[(Piece, Places)],
    width: usize,
) -> Vec<(Protocols, PortSet, PortSet, Places)> {
    let set = |number: u32| answer.port_sets.get(number as usize);
    if let [(piece, places)] = pieces {
        let ports = set(piece.local_ports).zip(set(piece.remote_ports));
        let ports =
            ports.map(|(local, remote)| (piece.protocols, local.clone(), remote.clone(), places.clone()));
        return ports.into_iter().collect();
    }
    let local = |at: usize| pieces.get(at).and_then(|(piece, _)| set(piece.local_ports));
    let remote = |at: usize| pieces.get(at).and_then(|(piece, _)| set(piece.remote_ports));
    let mut by_pieces: HashMap<Vec<usize>, Protocols> = HashMap::new();
    for protocol in Protocols::EACH {
        let holds = |at: &usize| pieces.get(*at).is_some_and(|(piece, _)| piece.protocols.contains(protocol));
        let its = by_pieces.entry((0..pieces.len()).filter(holds).collect()).or_default();
        *its = its.or(protocol);
    }
    let mut all = Vec::new();
    for (here, protocols) in by_pieces.into_iter().filter(|(here, _)| !here.is_empty()) {
        // The side that tells fewer pieces apart comes first: then little is looked at twice.
        if crowd(&here, local) <= crowd(&here, remote) {
            let cells = cells(pieces, &here, local, remote, width);
            all.extend(cells.into_iter().map(|(local, remote, places)| (protocols, local, remote, places)));
        } else {
            let cells = cells(pieces, &here, remote, local, width);
            all.extend(cells.into_iter().map(|(remote, local, places)| (protocols, local, remote, places)));
        }
    }
    all.sort_unstable_by(|one, other| (&one.1, &one.2, &one.0).cmp(&(&other.1, &other.2, &other.0)));
    all
}

/// Cuts pieces by one side, then by the other.
fn cells<'a>(
    pieces: &[(Piece, Places)],
    here: &[usize],
    outer: impl Fn(usize) -> Option<&'a PortSet>,
    inner: impl Fn(usize) -> Option<&'a PortSet>,
    width: usize,
) -> Vec<(PortSet, PortSet, Places)> {
    let mut by_outer: HashMap<Vec<usize>, Vec<Range<u16>>> = HashMap::new();
    let mut active: BTreeSet<usize> = BTreeSet::new();
    walk(here, outer, |range, same| {
        if let Some(range) = range.filter(|_| !active.is_empty()) {
            by_outer.entry(active.iter().copied().collect()).or_default().push(range);
        }
        for (_, at, starts) in same {
            if *starts {
                active.insert(*at);
            } else {
                active.remove(at);
            }
        }
    });
    // Outer ports with the same inner cells make one.
    let mut by_inner: HashMap<Vec<(PortSet, Places)>, Vec<Range<u16>>> = HashMap::new();
    for (here, ranges) in by_outer {
        let mut found: HashMap<Places, Vec<Range<u16>>> = HashMap::new();
        let nothing: Places = vec![0; 2 * width].into();
        let mut places = nothing.clone();
        walk(&here, &inner, |range, same| {
            if let Some(range) = range.filter(|_| places != nothing) {
                match found.get_mut(&places) {
                    Some(ranges) => ranges.push(range),
                    None => drop(found.insert(places.clone(), vec![range])),
                }
            }
            for (_, its) in same.iter().filter_map(|(_, at, _)| pieces.get(*at)) {
                // INVARIANT: a function has one cell for a packet, so no piece adds what another one has.
                for (word, change) in places.iter_mut().zip(its) {
                    *word ^= change;
                }
            }
        });
        let found = found.into_iter().map(|(places, ranges)| (ranges.into_iter().collect(), places));
        let mut found: Vec<(PortSet, Places)> = found.collect();
        found.sort_unstable();
        by_inner.entry(found).or_default().extend(ranges);
    }
    let mut all = Vec::new();
    for (inner, ranges) in by_inner.into_iter().collect::<Vec<_>>() {
        let outer: PortSet = ranges.into_iter().collect();
        all.extend(inner.into_iter().map(|(inner, places)| (outer.clone(), inner, places)));
    }
    all
}

/// A set starts or ends: before which port, which set, whether it starts.
type Change = (u32, usize, bool);

/// Walks over ports: each stretch, then what changes after it. There is no stretch before the first change.
fn walk<'a>(
    sets: &[usize],
    ports: impl Fn(usize) -> Option<&'a PortSet>,
    mut step: impl FnMut(Option<Range<u16>>, &[Change]),
) {
    let mut changes: Vec<Change> = Vec::new();
    for at in sets {
        for range in ports(*at).map(PortSet::ranges).unwrap_or_default() {
            changes.push((u32::from(range.first), *at, true));
            changes.push((u32::from(range.last) + 1, *at, false));
        }
    }
    changes.sort_unstable();
    let mut before: Option<u16> = None;
    for same in changes.chunk_by(|one, other| one.0 == other.0) {
        let next = same.first().map_or(0, |(port, ..)| *port);
        let last = next.checked_sub(1).and_then(|last| u16::try_from(last).ok());
        step(before.zip(last).map(|(first, last)| Range { first, last }), same);
        before = u16::try_from(next).ok();
    }
}

/// How many sets hold the stretches of ports, summed over all stretches.
fn crowd<'a>(sets: &[usize], ports: impl Fn(usize) -> Option<&'a PortSet>) -> usize {
    let (mut sum, mut here) = (0usize, 0usize);
    walk(sets, ports, |_, same| {
        sum += here;
        for (_, _, starts) in same {
            here = if *starts { here + 1 } else { here.saturating_sub(1) };
        }
    });
    sum
}
