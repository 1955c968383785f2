//! Sets of numbers as sorted, disjoint, inclusive ranges: ports, IPv4 and IPv6 addresses.
//!
//! INVARIANT: the ranges are sorted, do not overlap and do not touch, so equal sets are equal values.

use std::fmt::Debug;

/// A number that a range can be made of.
pub trait Bound: Copy + Ord + Debug {
    /// The smallest value.
    const MIN: Self;
    /// The largest value.
    const MAX: Self;
    /// The next value, or none after the largest.
    fn next(self) -> Option<Self>;
    /// The value before, or none before the smallest.
    fn previous(self) -> Option<Self>;
    /// How many values `first..=last` holds; the whole of `u128` counts one less than it holds.
    fn distance(first: Self, last: Self) -> u128;
}

macro_rules! bound {
    ($($number:ty),*) => {$(
        impl Bound for $number {
            const MIN: Self = <$number>::MIN;
            const MAX: Self = <$number>::MAX;
            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }
            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }
            fn distance(first: Self, last: Self) -> u128 {
                u128::from(last - first).saturating_add(1)
            }
        }
    )*};
}
bound!(u16, u32, u128);

/// An inclusive range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range<T> {
    /// The first value.
    pub first: T,
    /// The last value, not before `first`.
    pub last: T,
}

impl<T: Bound> Range<T> {
    /// The range from `first` to `last`, in either order.
    pub fn new(first: T, last: T) -> Self {
        Self { first: first.min(last), last: first.max(last) }
    }

    /// Every value.
    pub const ALL: Self = Self { first: T::MIN, last: T::MAX };

    /// Whether the value lies in the range.
    pub fn contains(&self, value: T) -> bool {
        self.first <= value && value <= self.last
    }
}

/// A set of numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RangeSet<T> {
    ranges: Vec<Range<T>>,
}

impl<T> Default for RangeSet<T> {
    fn default() -> Self {
        Self { ranges: Vec::new() }
    }
}

impl<T: Bound> FromIterator<Range<T>> for RangeSet<T> {
    fn from_iter<I: IntoIterator<Item = Range<T>>>(ranges: I) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut set = Self { ranges: Vec::with_capacity(ranges.len()) };
        for range in ranges {
            set.push(range);
        }
        set
    }
}

impl<T: Bound> RangeSet<T> {
    /// The empty set.
    pub const fn empty() -> Self {
        Self { ranges: Vec::new() }
    }

    /// Every value.
    pub fn all() -> Self {
        Self { ranges: vec![Range::ALL] }
    }

    /// One value.
    pub fn one(value: T) -> Self {
        Self { ranges: vec![Range { first: value, last: value }] }
    }

    /// The sorted, disjoint ranges.
    pub fn ranges(&self) -> &[Range<T>] {
        &self.ranges
    }

    /// Whether the set holds nothing.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether the set holds every value.
    pub fn is_all(&self) -> bool {
        matches!(self.ranges.as_slice(), [only] if *only == Range::ALL)
    }

    /// How many values the set holds (the whole of `u128` counts one less than it holds).
    pub fn count(&self) -> u128 {
        self.ranges.iter().fold(0, |sum: u128, r| sum.saturating_add(T::distance(r.first, r.last)))
    }

    /// The smallest value.
    pub fn first(&self) -> Option<T> {
        self.ranges.first().map(|range| range.first)
    }

    /// Whether the set holds the value.
    pub fn contains(&self, value: T) -> bool {
        let after = self.ranges.partition_point(|range| range.last < value);
        self.ranges.get(after).is_some_and(|range| range.first <= value)
    }

    /// Whether every value of `other` is in this set.
    pub fn contains_all(&self, other: &Self) -> bool {
        let holds = |mine: Option<&Range<T>>, range: &Range<T>| {
            mine.is_some_and(|mine| mine.first <= range.first && range.last <= mine.last)
        };
        if other.ranges.len() < self.ranges.len() / 8 {
            return other.ranges.iter().all(|range| {
                let at = self.ranges.partition_point(|mine| mine.last < range.first);
                holds(self.ranges.get(at), range)
            });
        }
        let mut mine = self.ranges.iter().peekable();
        other.ranges.iter().all(|range| {
            while mine.next_if(|mine| mine.last < range.first).is_some() {}
            holds(mine.peek().copied(), range)
        })
    }

    /// Appends a range that does not start before any range already there.
    fn push(&mut self, range: Range<T>) {
        if let Some(last) = self.ranges.last_mut()
            && last.last.next().is_none_or(|next| range.first <= next)
        {
            last.last = last.last.max(range.last);
            return;
        }
        self.ranges.push(range);
    }

    /// What is in either set.
    pub fn union(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        let mut set = Self { ranges: Vec::with_capacity(self.ranges.len() + other.ranges.len()) };
        let (mut mine, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        loop {
            let next = match (mine.peek(), theirs.peek()) {
                (Some(a), Some(b)) if a.first <= b.first => mine.next(),
                (_, Some(_)) => theirs.next(),
                (Some(_), None) => mine.next(),
                (None, None) => return set,
            };
            if let Some(range) = next {
                set.push(*range);
            }
        }
    }

    /// What is in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut set = Self::empty();
        let (mut mine, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            let (first, last) = (a.first.max(b.first), a.last.min(b.last));
            if first <= last {
                set.ranges.push(Range { first, last });
            }
            if a.last <= b.last {
                mine.next();
            } else {
                theirs.next();
            }
        }
        set
    }

    /// Whether the two sets share a value.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (mut mine, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            if a.first.max(b.first) <= a.last.min(b.last) {
                return true;
            }
            if a.last <= b.last {
                mine.next();
            } else {
                theirs.next();
            }
        }
        false
    }

    /// What is in this set and not in the other.
    pub fn difference(&self, other: &Self) -> Self {
        let mut set = Self::empty();
        let mut theirs = other.ranges.iter().peekable();
        for range in &self.ranges {
            let mut rest = Some(*range);
            while let Some(left) = rest {
                while theirs.peek().is_some_and(|cut| cut.last < left.first) {
                    theirs.next();
                }
                let Some(cut) = theirs.peek().filter(|cut| cut.first <= left.last) else {
                    set.ranges.push(left);
                    break;
                };
                if let Some(end) = cut.first.previous().filter(|end| left.first <= *end) {
                    set.ranges.push(Range { first: left.first, last: end });
                }
                rest = cut
                    .last
                    .next()
                    .filter(|first| *first <= left.last)
                    .map(|first| Range { first, last: left.last });
            }
        }
        set
    }

    /// What is not in this set.
    pub fn complement(&self) -> Self {
        Self::all().difference(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set() -> impl Strategy<Value = RangeSet<u16>> {
        let edge = prop_oneof![0u16..40, 65500u16..=65535, any::<u16>()];
        proptest::collection::vec((edge.clone(), edge), 0..6)
            .prop_map(|pairs| pairs.into_iter().map(|(a, b)| Range::new(a, b)).collect())
    }

    fn probes(a: &RangeSet<u16>, b: &RangeSet<u16>) -> Vec<u16> {
        let mut probes = vec![0, 1, 65534, 65535];
        for range in a.ranges().iter().chain(b.ranges()) {
            for edge in [range.first, range.last] {
                probes.extend([edge, edge.saturating_sub(1), edge.saturating_add(1)]);
            }
        }
        probes
    }

    fn canonical(set: &RangeSet<u16>) -> bool {
        set.ranges().windows(2).all(|pair| u32::from(pair[0].last) + 1 < u32::from(pair[1].first))
    }

    proptest! {
        #[test]
        fn operations_agree_with_membership(a in set(), b in set()) {
            let (union, both, minus, not) =
                (a.union(&b), a.intersection(&b), a.difference(&b), a.complement());
            for value in probes(&a, &b) {
                let (x, y) = (a.contains(value), b.contains(value));
                prop_assert_eq!(union.contains(value), x || y);
                prop_assert_eq!(both.contains(value), x && y);
                prop_assert_eq!(minus.contains(value), x && !y);
                prop_assert_eq!(not.contains(value), !x);
            }
            for result in [&union, &both, &minus, &not] {
                prop_assert!(canonical(result), "{:?}", result);
            }
            prop_assert_eq!(a.overlaps(&b), !both.is_empty());
            prop_assert_eq!(a.contains_all(&b), b.difference(&a).is_empty());
            prop_assert_eq!(union.count() + both.count(), a.count() + b.count());
            prop_assert_eq!(not.complement(), a);
        }
    }

    #[test]
    fn touching_ranges_become_one() {
        let halves: RangeSet<u32> =
            [Range::new(0, 0x7fff_ffff), Range::new(0x8000_0000, u32::MAX)].into_iter().collect();
        assert!(halves.is_all());
        assert_eq!(halves.count(), 1 << 32);
    }
}
