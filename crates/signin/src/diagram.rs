//! The policies that are left, axis by axis; ends at which the same is demanded are one.

use hashbrown::HashMap;

use crate::outcome::{Controls, Demand, Strictness};
use crate::policy::PolicyState;
use crate::question::Client;
use crate::tri::Tri;
use crate::what_if::{Axis, Class, PolicyAnswer, Region, Row, TooManyCases, Where};

/// How many cases are looked at, where it is told which policies are behind them.
const CASES_BY_POLICY: usize = 20_000;

/// The same where it is told how strict they are.
const CASES: usize = 200_000;

/// How many regions are told.
const REGIONS: usize = 4_000;

/// Policies that are certainly left, then those that may be, as bits.
type State = Box<[u64]>;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Node {
    End(Demand),
    /// The axis, and for each further node the classes that lead there.
    Branch(usize, Vec<(Vec<usize>, usize)>),
}

pub(crate) struct Diagram<'a> {
    rows: &'a [Row],
    strict: Vec<Strictness>,
    by_policy: bool,
    /// The policies in force, or perhaps.
    enforced: Vec<usize>,
    /// For each axis and class the policies that are for it: certainly, then perhaps.
    masks: Vec<Vec<State>>,
    width: usize,
    /// How many cases are looked at.
    most: usize,
    /// For each policy in force the number of axes after which it does not matter any more where a sign-in is.
    settled: Vec<usize>,
    known: HashMap<(usize, State, Strictness), usize>,
    numbers: HashMap<Node, usize>,
    nodes: Vec<Node>,
}

impl<'a> Diagram<'a> {
    pub(crate) fn new(
        policies: &[PolicyAnswer<'_>],
        rows: &'a [Row],
        axes: &[(Axis, Vec<Class>)],
        controls: &[Controls],
        by_policy: bool,
        most: usize,
    ) -> Self {
        let enforced: Vec<usize> = (0..)
            .zip(policies)
            .filter(|(_, answer)| matches!(answer.state, PolicyState::On | PolicyState::Unknown))
            .filter(|(_, answer)| !matches!(answer.applies, Where::Never(_)))
            .map(|(at, _)| at)
            .collect();
        // One more bit: whether the client is one that can prove nothing.
        let width = (enforced.len() + 1).div_ceil(64);
        let strict = enforced
            .iter()
            .map(|at| controls.get(*at).map_or(Strictness::NOTHING, Controls::strictness))
            .collect();
        let mut diagram = Self {
            rows,
            strict,
            by_policy,
            enforced,
            masks: Vec::new(),
            width,
            most: most.min(if by_policy { CASES_BY_POLICY } else { CASES }),
            settled: Vec::new(),
            known: HashMap::new(),
            numbers: HashMap::new(),
            nodes: Vec::new(),
        };
        let settled = |at: &usize| {
            let parts = rows.get(*at).map(|row| row.parts.as_slice()).unwrap_or_default();
            parts.iter().rposition(|part| part.iter().any(|so| *so != Tri::Yes)).map_or(0, |axis| axis + 1)
        };
        diagram.settled = diagram.enforced.iter().map(settled).collect();
        diagram.masks = (0..axes.len())
            .map(|axis| {
                let classes = axes.get(axis).map_or(0, |(_, classes)| classes.len());
                let legacy = |class: usize| match axes.get(axis).and_then(|(_, classes)| classes.get(class)) {
                    Some(Class::Client(client)) => matches!(client, Client::ActiveSync | Client::Legacy),
                    _ => true,
                };
                (0..classes)
                    .map(|class| {
                        let so = |row: &Row| row.parts.get(axis).and_then(|part| part.get(class)).copied();
                        diagram.mask(so, legacy(class))
                    })
                    .collect()
            })
            .collect();
        diagram
    }

    fn mask(&self, so: impl Fn(&Row) -> Option<Tri>, legacy: bool) -> State {
        let mut mask = vec![0_u64; 2 * self.width];
        let last = self.enforced.len();
        if let Some(word) = mask.get_mut(last / 64).filter(|_| legacy) {
            *word |= 1 << (last % 64);
        }
        for (bit, row) in
            self.enforced.iter().enumerate().filter_map(|(bit, at)| Some((bit, self.rows.get(*at)?)))
        {
            let so = so(row).unwrap_or(Tri::Maybe);
            let mut set = |word: usize| {
                if let Some(word) = mask.get_mut(word) {
                    *word |= 1 << (bit % 64);
                }
            };
            if so == Tri::Yes {
                set(bit / 64);
            }
            if so != Tri::No {
                set(self.width + bit / 64);
            }
        }
        mask.into()
    }

    fn number(&mut self, node: Node) -> usize {
        let next = self.nodes.len();
        let number = *self.numbers.entry(node.clone()).or_insert(next);
        if number == next {
            self.nodes.push(node);
        }
        number
    }

    /// Where it does not matter which policies are behind it: adds what is demanded by those that are settled after so many
    /// axes, and leaves out those and whatever would add nothing.
    fn settle(&self, axis: usize, state: &mut State, sum: Strictness) -> Strictness {
        let word = |bit: usize| (bit / 64, 1_u64 << (bit % 64));
        let has = |state: &State, at: usize, mask: u64| state.get(at).is_some_and(|word| word & mask != 0);
        let mut sum = sum;
        let drop = |state: &mut State, bit: usize| {
            let (at, mask) = word(bit);
            for at in [at, at + self.width] {
                if let Some(word) = state.get_mut(at) {
                    *word &= !mask;
                }
            }
        };
        for (bit, _) in self.settled.iter().enumerate().filter(|(_, settled)| **settled <= axis) {
            let ((at, mask), Some(own)) = (word(bit), self.strict.get(bit).copied()) else { continue };
            let certain = has(state, at, mask).then_some(own);
            let possible = has(state, at + self.width, mask).then_some(own);
            sum = Strictness::together([sum].into_iter().chain(certain), possible.into_iter());
            drop(state, bit);
        }
        for (bit, own) in self.strict.iter().enumerate() {
            let with = Strictness::together([sum, *own].into_iter(), std::iter::empty());
            if with == sum || sum.blocked == Tri::Yes {
                drop(state, bit);
            }
        }
        sum
    }

    fn build(&mut self, axis: usize, state: &State, sum: Strictness) -> Result<usize, TooManyCases> {
        let (mut state, mut sum) = (state.clone(), sum);
        if !self.by_policy {
            sum = self.settle(axis, &mut state, sum);
        }
        let state = &state;
        if let Some(known) = self.known.get(&(axis, state.clone(), sum)) {
            return Ok(*known);
        }
        if self.known.len() >= self.most {
            return Err(TooManyCases);
        }
        let number = if axis == self.masks.len() {
            let demand = self.demand(state, sum);
            self.number(Node::End(demand))
        } else {
            let mut next: Vec<(State, Vec<usize>)> = Vec::new();
            let mut at: HashMap<State, usize> = HashMap::new();
            for (class, mask) in self.masks.get(axis).into_iter().flatten().enumerate() {
                let left: State = state.iter().zip(mask).map(|(state, mask)| state & mask).collect();
                let place = *at.entry(left.clone()).or_insert(next.len());
                match next.get_mut(place) {
                    Some((_, classes)) => classes.push(class),
                    None => next.push((left, vec![class])),
                }
            }
            let mut edges: Vec<(Vec<usize>, usize)> = Vec::new();
            for (left, classes) in next {
                let to = self.build(axis + 1, &left, sum)?;
                match edges.iter_mut().find(|(_, same)| *same == to) {
                    Some((all, _)) => all.extend(classes),
                    None => edges.push((classes, to)),
                }
            }
            for (classes, _) in &mut edges {
                classes.sort_unstable();
            }
            match edges.as_slice() {
                [(_, only)] => *only,
                _ => self.number(Node::Branch(axis, edges)),
            }
        };
        self.known.insert((axis, state.clone(), sum), number);
        Ok(number)
    }

    fn demand(&self, state: &State, sum: Strictness) -> Demand {
        let (must, may) = state.split_at(self.width.min(state.len()));
        let bit =
            |words: &[u64], bit: usize| words.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1);
        let left =
            |words: &[u64]| -> Vec<usize> { (0..self.enforced.len()).filter(|at| bit(words, *at)).collect() };
        let certain = left(must);
        let possible: Vec<usize> = left(may).into_iter().filter(|bit| !certain.contains(bit)).collect();
        let strict = |all: &[usize]| {
            all.iter().filter_map(|bit| self.strict.get(*bit).copied()).collect::<Vec<_>>().into_iter()
        };
        let together = [sum].into_iter().chain(strict(&certain));
        let mut together = Strictness::together(together, strict(&possible));
        if bit(must, self.enforced.len()) {
            together = together.of_legacy_clients();
        }
        let blocks = |bit: &usize| self.strict.get(*bit).is_some_and(|one| one.blocked == Tri::Yes);
        let blocking: Vec<usize> = certain.iter().copied().filter(blocks).collect();
        // Where nobody gets in, what else is demanded does not matter.
        if together.blocked == Tri::Yes {
            together = Strictness { blocked: Tri::Yes, ..Strictness::NOTHING };
        }
        let (certain, possible) = match (self.by_policy, blocking.is_empty()) {
            (false, _) => (Vec::new(), Vec::new()),
            (true, false) => (blocking, Vec::new()),
            (true, true) => (certain, possible),
        };
        let numbers =
            |bits: Vec<usize>| bits.into_iter().filter_map(|bit| self.enforced.get(bit).copied()).collect();
        Demand { strict: together, certain: numbers(certain), possible: numbers(possible) }
    }

    /// What is demanded where. Takes the cases that were looked at from `budget`.
    pub(crate) fn outcomes(mut self, budget: &mut usize) -> Result<Vec<(Demand, Vec<Region>)>, TooManyCases> {
        let start = self.mask(|row| Some(row.fixed), true);
        let root = self.build(0, &start, Strictness::NOTHING);
        *budget = budget.saturating_sub(self.known.len());
        let root = root?;
        let mut found: Vec<(Demand, Vec<Region>)> = Vec::new();
        let mut count = 0;
        let mut left: Vec<(usize, Region)> = vec![(root, Vec::new())];
        while let Some((node, region)) = left.pop() {
            match self.nodes.get(node) {
                None => {}
                Some(Node::End(demand)) => {
                    count += 1;
                    if count > REGIONS {
                        return Err(TooManyCases);
                    }
                    match found.iter_mut().find(|(same, _)| same == demand) {
                        Some((_, regions)) => regions.push(region),
                        None => found.push((demand.clone(), vec![region])),
                    }
                }
                Some(Node::Branch(axis, edges)) => {
                    for (classes, to) in edges {
                        let mut longer = region.clone();
                        longer.push((*axis, classes.clone()));
                        left.push((*to, longer));
                    }
                }
            }
        }
        for (_, regions) in &mut found {
            regions.sort();
        }
        found.sort();
        Ok(found)
    }
}
