//! Which rules look at a packet, as bits: where an axis (addresses, ports) is cut, and first match.
//!
//! A row holds a bit for each rule in the order in which rules are looked at, twice: whether it may match,
//! then whether it certainly does. INVARIANT: the second half is a part of the first.

use estate::{Bound, RangeSet};

use crate::rules::{Compiled, Ports};

/// A row: rules that may match, then rules that certainly match.
pub(crate) type Row = Box<[u64]>;

const BITS: usize = u64::BITS as usize;

/// A row for so many rules, from what each may and certainly does.
pub(crate) fn row(rules: &[Compiled], matches: impl Fn(&Compiled) -> (bool, bool)) -> Row {
    let mut row = nothing(rules.len());
    for (index, rule) in rules.iter().enumerate() {
        let (may, must) = matches(rule);
        set(&mut row, index, false, may);
        set(&mut row, index, true, may && must);
    }
    row
}

fn nothing(rules: usize) -> Row {
    vec![0; 2 * rules.div_ceil(BITS)].into()
}

fn set(row: &mut [u64], index: usize, certain: bool, on: bool) {
    let at = index / BITS + if certain { row.len() / 2 } else { 0 };
    if let Some(word) = row.get_mut(at) {
        let bit = 1 << (index % BITS);
        *word = if on { *word | bit } else { *word & !bit };
    }
}

/// The places of the bits that are set.
pub(crate) fn ones(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(at, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(at * BITS + bit)
        })
    })
}

/// The rules of a row that may match.
fn possible(row: &[u64]) -> impl Iterator<Item = usize> {
    ones(row.split_at(row.len() / 2).0)
}

/// The order of rules, as far as it is known.
pub(crate) struct Order {
    /// For each rule, the first one that certainly comes after it: rules of one priority are a rank.
    after: Vec<usize>,
}

impl Order {
    pub(crate) fn of(rules: &[Compiled]) -> Self {
        let mut after = Vec::with_capacity(rules.len());
        for rank in rules.chunk_by(|one, other| one.priority == other.priority) {
            after.resize(after.len() + rank.len(), after.len() + rank.len());
        }
        Self { after }
    }

    /// The rules that decide, or may, where both rows hold: up to the first rank with a certain match.
    pub(crate) fn first_match(&self, one: &[u64], other: &[u64], deciding: &mut Vec<u32>) {
        deciding.clear();
        let (one_may, one_must) = one.split_at(one.len() / 2);
        let (other_may, other_must) = other.split_at(other.len() / 2);
        let mut after = usize::MAX;
        let may = one_may.iter().zip(other_may);
        let must = one_must.iter().zip(other_must);
        for (at, ((a, b), (c, d))) in may.zip(must).enumerate() {
            let (mut may, must) = (a & b, c & d);
            while may != 0 {
                let bit = may.trailing_zeros() as usize;
                let index = at * BITS + bit;
                if index >= after {
                    return;
                }
                deciding.push(u32::try_from(index).unwrap_or(u32::MAX));
                if must >> bit & 1 == 1 {
                    after = self.after.get(index).copied().unwrap_or(usize::MAX);
                }
                may &= may - 1;
            }
        }
    }

    /// The rules that are in both rows, without those that come after one that certainly matches and is in
    /// `always`: nothing is left for them. So rows that mean the same are more often equal.
    pub(crate) fn narrow(&self, one: &[u64], other: &[u64], always: &[u64], row: &mut Vec<u64>) {
        row.clear();
        row.extend(one.iter().zip(other).map(|(a, b)| a & b));
        let half = row.len() / 2;
        let (_, must) = row.split_at(half);
        let last = must.iter().zip(always).enumerate().find_map(|(at, (must, always))| {
            let both = must & always;
            (both != 0).then(|| at * BITS + both.trailing_zeros() as usize)
        });
        if let Some(after) = last.and_then(|last| self.after.get(last)) {
            for (at, word) in row.iter_mut().enumerate() {
                let start = at % half * BITS;
                *word &= match after.saturating_sub(start) {
                    0 => 0,
                    kept if kept < BITS => (1 << kept) - 1,
                    _ => u64::MAX,
                };
            }
        }
    }
}

/// Which half of a row changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Half {
    May,
    Must,
    Both,
}

/// Walks over an axis from its start: each stretch in which the same rules match, by its first value.
pub(crate) fn walk<'r, T: Bound + 'r>(
    rules: &'r [Compiled],
    sets: impl Fn(&'r Compiled) -> (&'r RangeSet<T>, &'r RangeSet<T>),
    mut stretch: impl FnMut(T, &[u64]),
) {
    let mut changes: Vec<(T, u32, Half, bool)> = Vec::new();
    for (index, rule) in (0u32..).zip(rules) {
        let (may, must) = sets(rule);
        let halves: &[_] =
            if may == must { &[(may, Half::Both)] } else { &[(may, Half::May), (must, Half::Must)] };
        for (set, half) in halves {
            for range in set.ranges() {
                changes.push((range.first, index, *half, true));
                changes.extend(range.last.next().map(|after| (after, index, *half, false)));
            }
        }
    }
    changes.sort_unstable();
    let mut row = nothing(rules.len());
    if changes.first().is_none_or(|(first, ..)| *first > T::MIN) {
        stretch(T::MIN, &row);
    }
    for same in changes.chunk_by(|one, other| one.0 == other.0) {
        for (_, index, half, on) in same {
            let index = *index as usize;
            if *half != Half::Must {
                set(&mut row, index, false, *on);
            }
            if *half != Half::May {
                set(&mut row, index, true, *on);
            }
        }
        if let Some((first, ..)) = same.first() {
            stretch(*first, &row);
        }
    }
}

/// An axis of ports cut where any rule starts or ends.
pub(crate) struct Axis {
    /// Where each stretch starts.
    starts: Vec<u16>,
    /// The rows of all stretches, one after the other.
    rows: Vec<u64>,
    /// For each rule, the stretches that start because of it.
    cuts: Vec<Vec<u32>>,
    width: usize,
}

impl Axis {
    pub(crate) fn new<'r>(rules: &'r [Compiled], ports: impl Fn(&'r Compiled) -> &'r Ports) -> Self {
        let mut axis = Self {
            starts: Vec::new(),
            rows: Vec::new(),
            cuts: Vec::new(),
            width: nothing(rules.len()).len(),
        };
        walk(
            rules,
            |rule| (&ports(rule).may, &ports(rule).must),
            |first, row| {
                axis.starts.push(first);
                axis.rows.extend_from_slice(row);
            },
        );
        for rule in rules {
            let Ports { may, must } = ports(rule);
            let all = may.ranges().iter().chain(must.ranges());
            let edges = all.flat_map(|range| [Some(range.first), range.last.next()]).flatten();
            let places = edges.map(|edge| axis.starts.partition_point(|start| *start < edge));
            let mut cuts: Vec<u32> = places.filter_map(|place| u32::try_from(place).ok()).collect();
            cuts.sort_unstable();
            cuts.dedup();
            axis.cuts.push(cuts);
        }
        axis
    }

    /// Walks over the stretches that the rules of a row tell apart: first port, last port, row of the axis.
    pub(crate) fn stretches(&self, rules: &[u64], mut stretch: impl FnMut(u16, u16, &[u64])) {
        let mut places: Vec<u32> = vec![0];
        for rule in possible(rules) {
            places.extend_from_slice(self.cuts.get(rule).map(Vec::as_slice).unwrap_or_default());
        }
        places.sort_unstable();
        places.dedup();
        let start = |place: &u32| self.starts.get(*place as usize).copied();
        let ends = places.iter().skip(1).map(|next| start(next).and_then(Bound::previous));
        for (place, last) in places.iter().zip(ends.chain([Some(u16::MAX)])) {
            let at = *place as usize * self.width;
            if let (Some(first), Some(last), Some(row)) =
                (start(place), last, self.rows.get(at..at + self.width))
            {
                stretch(first, last, row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use estate::PortSet;
    use proptest::prelude::*;

    use super::*;
    use crate::addresses::{Addresses, MustMay};
    use crate::packet::Protocols;
    use crate::rules::{RuleAccess, RuleRef};

    fn rule(number: u32, priority: u32, ports: PortSet) -> Compiled {
        Compiled {
            rule: RuleRef::Own(number),
            priority: Some(priority),
            access: RuleAccess::Allow,
            certain: true,
            protocols_must: Protocols::ALL,
            protocols_may: Protocols::ALL,
            remote: MustMay::certain(Addresses::default()),
            remote_ports: Ports::any(),
            local_ports: Ports { must: ports.clone(), may: ports },
        }
    }

    /// What a rule does on each of three rows: nothing, perhaps match, match.
    type Looks = [u8; 3];

    /// Rules of few ranks, and more than fit in a word; most look nowhere, so that later ones count, too.
    fn many() -> impl Strategy<Value = Vec<(u32, Looks)>> {
        let look = || prop_oneof![3 => Just(0u8), 3 => Just(1), 1 => Just(2)];
        let one = (prop_oneof![4 => Just(1u32), 1 => Just(0)], [look(), look(), look()]);
        proptest::collection::vec(one, 1..300).prop_map(|mut all| {
            let mut priority = 0;
            for (step, _) in &mut all {
                priority += *step;
                *step = priority;
            }
            all
        })
    }

    proptest! {
        /// Rows of several words: a rule in the second or third is as good as one in the first.
        #[test]
        fn first_match_and_narrow_are_as_a_walk_over_the_rules(all in many()) {
            let rules = (0..).zip(&all).map(|(at, (priority, _))| rule(at, *priority, PortSet::all()));
            let rules: Vec<Compiled> = rules.collect();
            let order = Order::of(&rules);
            let looks = |place: usize| {
                row(&rules, |rule| {
                    let RuleRef::Own(at) = rule.rule else { return (false, false) };
                    let look = all[at as usize].1[place];
                    (look > 0, look > 1)
                })
            };
            let [one, other, always] = [looks(0), looks(1), looks(2)];
            let may = |at: usize| all[at].1[0] > 0 && all[at].1[1] > 0;
            let must = |at: usize| all[at].1[0] > 1 && all[at].1[1] > 1;

            let sure = (0..all.len()).find(|at| must(*at)).map(|at| all[at].0);
            let expected = (0..all.len()).filter(|at| may(*at) && sure.is_none_or(|rank| all[*at].0 <= rank));
            let mut deciding = Vec::new();
            order.first_match(&one, &other, &mut deciding);
            let found: Vec<usize> = deciding.iter().map(|at| *at as usize).collect();
            prop_assert_eq!(found, expected.collect::<Vec<_>>());

            // `narrow` asks whether the rule that certainly matches does so for all that is left to look at.
            let sure = (0..all.len()).find(|at| must(*at) && all[*at].1[2] > 0).map(|at| all[at].0);
            let left = |at: usize| sure.is_none_or(|rank| all[at].0 <= rank);
            let mut narrowed = Vec::new();
            order.narrow(&one, &other, &always, &mut narrowed);
            let (first, second) = narrowed.split_at(narrowed.len() / 2);
            let kept = |of: &dyn Fn(usize) -> bool| (0..all.len()).filter(|at| of(*at) && left(*at)).collect::<Vec<_>>();
            prop_assert_eq!(ones(first).collect::<Vec<_>>(), kept(&may));
            prop_assert_eq!(ones(second).collect::<Vec<_>>(), kept(&must));
        }
    }

    #[test]
    fn a_walk_tells_where_nothing_looks() {
        let rules = [rule(0, 1, RangeSet::one(7)), rule(1, 2, RangeSet::one(u16::MAX))];
        let mut found = Vec::new();
        walk(
            &rules,
            |rule| (&rule.local_ports.may, &rule.local_ports.must),
            |first, row| found.push((first, row.to_vec())),
        );
        let expected = [(0, 0), (7, 1), (8, 0), (u16::MAX, 2)];
        assert_eq!(found, expected.map(|(first, bits)| (first, vec![bits, bits])));
    }
}
