//! One security group applied to one endpoint: every packet, and the rules that decide it.
//!
//! The answer is a diagram with three levels: the other side's address, the ports on the VM, the ports of the
//! other side. Every part of it is kept once, so the work and the memory grow with what the group tells
//! apart and not with the product of its rules: [decision 5](../../../docs/decisions/0005-diagram.md).

use std::hash::Hash;

use estate::{Direction, PortSet, Range, SecurityRule};
use hashbrown::HashMap;

use crate::addresses::{Addresses, everything};
use crate::endpoint::Endpoint;
use crate::looks::{Axis, Order, Row, row, walk};
use crate::packet::Protocols;
use crate::rules::{Compiled, Names, RuleAccess, RuleRef, compile};

/// What a group does with every packet of one direction.
///
/// INVARIANT: stretches hold every address once, rows of a function every protocol and port on the VM once,
/// columns every port of the other side once. Numbers are places in the lists.
#[derive(Debug)]
pub struct GroupAnswer {
    /// Addresses of the other side in their order, each stretch with its function.
    pub(crate) stretches: Vec<(Range<u128>, u32)>,
    pub(crate) functions: Vec<Vec<Line>>,
    /// Ports of the other side, with their verdict.
    pub(crate) columns: Vec<Vec<(u32, u32)>>,
    pub(crate) port_sets: Vec<PortSet>,
    pub(crate) verdicts: Vec<Verdict>,
}

/// Protocols and ports on the VM, with what happens by the ports of the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Line {
    pub(crate) local_ports: u32,
    pub(crate) columns: u32,
    pub(crate) protocols: Protocols,
}

/// What happens to packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The rule that decides; where that is not certain, those that may, in their order.
    pub rules: Vec<(RuleRef, RuleAccess)>,
    /// What all of them do.
    pub access: RuleAccess,
}

/// Packets from the same addresses that have one verdict.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// Their protocols.
    pub protocols: Protocols,
    /// The ports on the VM.
    pub local_ports: &'a PortSet,
    /// The ports of the other side.
    pub remote_ports: &'a PortSet,
    /// What happens to them.
    pub verdict: &'a Verdict,
}

impl GroupAnswer {
    /// What happens to packets of one address on the other side: cells that hold each packet once.
    pub fn at(&self, remote: u128) -> impl Iterator<Item = Cell<'_>> {
        let place = self.stretches.partition_point(|(range, _)| range.last < remote);
        let here = self.stretches.get(place).filter(|(range, _)| range.contains(remote));
        here.into_iter().flat_map(|(_, function)| self.cells(*function))
    }

    /// All packets: disjoint sets of addresses, each with its cells.
    pub fn regions(&self) -> impl Iterator<Item = (Addresses, impl Iterator<Item = Cell<'_>>)> {
        (0u32..).zip(&self.functions).map(|(function, _)| {
            let here = self.stretches.iter().filter(move |(_, its)| *its == function);
            (here.map(|(range, _)| *range).collect(), self.cells(function))
        })
    }

    fn cells(&self, function: u32) -> impl Iterator<Item = Cell<'_>> {
        let lines = self.functions.get(function as usize).into_iter().flatten();
        lines.flat_map(|line| {
            let columns = self.columns.get(line.columns as usize).into_iter().flatten();
            columns.filter_map(|(remote_ports, verdict)| {
                Some(Cell {
                    protocols: line.protocols,
                    local_ports: self.port_sets.get(line.local_ports as usize)?,
                    remote_ports: self.port_sets.get(*remote_ports as usize)?,
                    verdict: self.verdicts.get(*verdict as usize)?,
                })
            })
        })
    }
}

/// Applies a group to an endpoint.
pub(crate) fn apply(
    rules: &[SecurityRule],
    direction: Direction,
    endpoint: &Endpoint,
    names: &Names,
) -> GroupAnswer {
    apply_compiled(&compile(rules, direction, endpoint, names, None), endpoint)
}

/// Applies the rules of a group that may look at some addresses of the other side. The answer is right for these alone.
pub(crate) fn apply_within(
    rules: &[SecurityRule],
    direction: Direction,
    endpoint: &Endpoint,
    names: &Names,
    others: &Addresses,
) -> GroupAnswer {
    apply_compiled(&compile(rules, direction, endpoint, names, Some(others)), endpoint)
}

/// Applies rules that were made ready, in the order in which they are looked at. The last one matches everything.
pub(crate) fn apply_compiled(rules: &[Compiled], endpoint: &Endpoint) -> GroupAnswer {
    let end = everything(endpoint.family).ranges().last().map_or(0, |range| range.last);
    diagram(rules, end)
}

/// Builds the diagram for addresses from 0 to `end`.
fn diagram(rules: &[Compiled], end: u128) -> GroupAnswer {
    let mut builder = Builder::new(rules);
    let mut starts: Vec<(u128, u32)> = Vec::new();
    // Stretches of addresses at which the same rules look are decided once.
    let mut decided: HashMap<Row, u32> = HashMap::new();
    walk(
        rules,
        |rule| (&rule.remote.may, &rule.remote.must),
        |first, row| {
            if first > end {
                return;
            }
            let function = match decided.get(row) {
                Some(function) => *function,
                None => {
                    let function = builder.function(row);
                    decided.insert(row.into(), function);
                    function
                }
            };
            if starts.last().is_none_or(|(_, before)| *before != function) {
                starts.push((first, function));
            }
        },
    );
    let ends = starts.iter().skip(1).map(|(next, _)| next.saturating_sub(1)).chain([end]);
    let stretches =
        starts.iter().zip(ends).map(|((first, function), last)| (Range { first: *first, last }, *function));
    let verdict = |deciding: Box<[u32]>| {
        let deciding = deciding.iter().filter_map(|index| rules.get(*index as usize));
        let rules: Vec<_> = deciding.map(|rule| (rule.rule, rule.access)).collect();
        let allow = rules.iter().any(|(_, access)| *access != RuleAccess::Deny);
        let deny = rules.iter().any(|(_, access)| *access != RuleAccess::Allow);
        let access = match (allow, deny) {
            (true, false) => RuleAccess::Allow,
            (false, _) => RuleAccess::Deny,
            (true, true) => RuleAccess::Unknown,
        };
        Verdict { rules, access }
    };
    GroupAnswer {
        stretches: stretches.collect(),
        functions: builder.functions.into_list(),
        columns: builder.columns.lists.into_list(),
        port_sets: builder.columns.port_sets.into_list(),
        verdicts: builder.columns.verdicts.into_list().into_iter().map(verdict).collect(),
    }
}

/// Values by number, each kept once.
struct Once<T>(HashMap<T, u32>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Hash + Eq> Once<T> {
    fn number(&mut self, value: T) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(value).or_insert(next)
    }

    fn into_list(self) -> Vec<T> {
        let mut all: Vec<_> = self.0.into_iter().collect();
        all.sort_unstable_by_key(|(_, number)| *number);
        all.into_iter().map(|(value, _)| value).collect()
    }
}

struct Builder {
    order: Order,
    local: Axis,
    remote: Axis,
    /// Protocols that the group does not tell apart, and the rules that look at them.
    protocols: Vec<(Protocols, Row)>,
    /// Rules that certainly match whatever the ports are.
    any_ports: Row,
    /// Rules that certainly match whatever the ports of the other side are.
    any_remote_ports: Row,
    everything: Row,
    /// What was worked out already, by the rules that look.
    lines: HashMap<Row, Vec<(u32, u32)>>,
    columns: Columns,
    functions: Once<Vec<Line>>,
}

impl Builder {
    fn new(rules: &[Compiled]) -> Self {
        let any_remote_ports = |rule: &Compiled| rule.remote_ports.must.is_all();
        let any_ports = |rule: &Compiled| rule.local_ports.must.is_all() && any_remote_ports(rule);
        let always = |always: &dyn Fn(&Compiled) -> bool| row(rules, |rule| (always(rule), always(rule)));
        let mut protocols: Vec<(Protocols, Row)> = Vec::new();
        for protocol in Protocols::EACH {
            let look = row(rules, |rule| {
                // What a rule with ports does to a packet without is not documented: it may match.
                let certain = rule.certain && (protocol.have_ports() || any_ports(rule));
                (rule.protocols_may.contains(protocol), certain && rule.protocols_must.contains(protocol))
            });
            let same = |(its, other): &&mut (Protocols, Row)| {
                its.have_ports() == protocol.have_ports() && *other == look
            };
            match protocols.iter_mut().find(same) {
                Some((its, _)) => *its = its.or(protocol),
                None => protocols.push((protocol, look)),
            }
        }
        Self {
            order: Order::of(rules),
            local: Axis::new(rules, |rule| &rule.local_ports),
            remote: Axis::new(rules, |rule| &rule.remote_ports),
            protocols,
            any_ports: always(&any_ports),
            any_remote_ports: always(&any_remote_ports),
            everything: always(&|_| true),
            lines: HashMap::new(),
            columns: Columns::default(),
            functions: Once::default(),
        }
    }

    /// What happens where these rules look.
    fn function(&mut self, row: &[u64]) -> u32 {
        let mut together: HashMap<(u32, u32), Protocols> = HashMap::new();
        let mut here = Vec::new();
        for at in 0..self.protocols.len() {
            let Some((protocols, look)) = self.protocols.get(at) else { continue };
            let protocols = *protocols;
            self.order.narrow(row, look, &self.any_ports, &mut here);
            let lines = if protocols.have_ports() { self.lines(&here) } else { self.one_line(&here) };
            for line in lines {
                let its = together.entry(line).or_default();
                *its = its.or(protocols);
            }
        }
        let line = |((local_ports, columns), protocols)| Line { local_ports, columns, protocols };
        let mut lines: Vec<Line> = together.into_iter().map(line).collect();
        lines.sort_unstable();
        self.functions.number(lines)
    }

    /// Ports on the VM, with their columns.
    fn lines(&mut self, here: &[u64]) -> Vec<(u32, u32)> {
        if let Some(known) = self.lines.get(here) {
            return known.clone();
        }
        let mut found: Vec<(u32, Range<u16>)> = Vec::new();
        let mut narrowed = Vec::new();
        let Self { order, local, remote, any_remote_ports, columns, .. } = self;
        local.stretches(here, |first, last, row| {
            order.narrow(here, row, any_remote_ports, &mut narrowed);
            found.push((columns.of(order, remote, &narrowed), Range { first, last }));
        });
        let lines = self.columns.port_sets.by_result(found);
        self.lines.insert(here.into(), lines.clone());
        lines
    }

    /// Protocols without ports: one verdict.
    fn one_line(&mut self, here: &[u64]) -> Vec<(u32, u32)> {
        let columns = &mut self.columns;
        self.order.first_match(here, &self.everything, &mut columns.deciding);
        let verdict = columns.verdicts.of(&columns.deciding);
        let all = columns.port_sets.number(PortSet::all());
        vec![(all, columns.lists.number(vec![(all, verdict)]))]
    }
}

/// Ports of the other side with their verdicts.
#[derive(Default)]
struct Columns {
    lists: Once<Vec<(u32, u32)>>,
    port_sets: Once<PortSet>,
    verdicts: Once<Box<[u32]>>,
    /// What was worked out already, by the rules that look.
    known: HashMap<Row, u32>,
    deciding: Vec<u32>,
}

impl Columns {
    /// What happens by the ports of the other side where these rules look.
    fn of(&mut self, order: &Order, remote: &Axis, here: &[u64]) -> u32 {
        if let Some(known) = self.known.get(here) {
            return *known;
        }
        let mut found: Vec<(u32, Range<u16>)> = Vec::new();
        remote.stretches(here, |first, last, row| {
            order.first_match(here, row, &mut self.deciding);
            found.push((self.verdicts.of(&self.deciding), Range { first, last }));
        });
        let number = self.lists.number(self.port_sets.by_result(found));
        self.known.insert(here.into(), number);
        number
    }
}

impl Once<PortSet> {
    /// Puts the ports together that have the same result.
    fn by_result(&mut self, mut found: Vec<(u32, Range<u16>)>) -> Vec<(u32, u32)> {
        found.sort_unstable();
        let same = found.chunk_by(|one, other| one.0 == other.0);
        let sets = same.filter_map(|same| {
            let (result, _) = same.first()?;
            Some((same.iter().map(|(_, range)| *range).collect(), *result))
        });
        sets.map(|(ports, result)| (self.number(ports), result)).collect()
    }
}

impl Once<Box<[u32]>> {
    fn of(&mut self, value: &[u32]) -> u32 {
        match self.0.get(value) {
            Some(number) => *number,
            None => self.number(value.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addresses::MustMay;
    use crate::rules::Ports;
    use estate::{Family, Known};
    use serde_json::json;

    #[test]
    fn what_an_earlier_rule_may_decide_is_not_certain_for_a_later_one() {
        let ports = || Ports { must: PortSet::all(), may: PortSet::all() };
        let rule = |number: u32, certain: bool| Compiled {
            rule: RuleRef::Own(number),
            priority: Some(100 + number),
            access: RuleAccess::Allow,
            certain,
            protocols_must: Protocols::ALL,
            protocols_may: Protocols::ALL,
            remote: MustMay::certain(everything(Family::V4)),
            remote_ports: ports(),
            local_ports: ports(),
        };
        let answer = diagram(&[rule(0, false), rule(1, true), rule(2, true)], u128::from(u32::MAX));
        let cells: Vec<Cell<'_>> = answer.at(7).collect();
        let [cell] = cells.as_slice() else { panic!("one verdict for everything: {cells:?}") };
        assert_eq!(cell.verdict.access, RuleAccess::Allow, "both allow, so it is certain that it is allowed");
        let rules: Vec<RuleRef> = cell.verdict.rules.iter().map(|(rule, _)| *rule).collect();
        assert_eq!(rules, [RuleRef::Own(0), RuleRef::Own(1)], "but not which of the two does");
        assert_eq!(answer.regions().count(), 1);
    }

    #[test]
    fn for_some_addresses_fewer_rules_say_the_same() {
        let mut seed = 7_u32;
        let mut next = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        let mut source = || match next(6) {
            0 => "*".to_owned(),
            1 => "VirtualNetwork".to_owned(),
            2 => "Internet".to_owned(),
            _ => format!("10.{}.{}.0/{}", next(3), next(8), 14 + next(12)),
        };
        let rules: Vec<serde_json::Value> = (0..60_u32)
            .map(|index| {
                let sources: Vec<String> = (0..=index % 3).map(|_| source()).collect();
                json!({"name": format!("r{index}"), "properties": {"priority": 100 + index, "direction": "Inbound",
                    "access": if index % 3 == 0 { "Deny" } else { "Allow" }, "protocol": if index % 4 == 0 { "*" } else { "Tcp" },
                    "sourceAddressPrefixes": sources, "sourcePortRange": "*", "destinationAddressPrefix": "*",
                    "destinationPortRange": format!("{}-{}", 20 + index % 7, 25 + index)}})
            })
            .collect();
        let id = |name: &str| format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/{name}");
        let estate = crate::read(&json!([
            {"id": id("networkSecurityGroups/g"), "properties": {"securityRules": rules}},
            {"id": id("virtualNetworks/v"), "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
                "subnets": [{"id": id("virtualNetworks/v/subnets/s"), "properties": {"addressPrefix": "10.1.0.0/24"}}]}},
            {"id": id("networkInterfaces/n"), "properties": {"ipConfigurations": [{"name": "i", "properties": {
                "privateIPAddress": "10.1.0.4", "subnet": {"id": id("virtualNetworks/v/subnets/s")}}}]}}
        ]));
        let Some(Known::Value(rules)) = &estate.nsgs[0].rules else { panic!("no rules") };
        let Some(Known::Value(all)) = &estate.nics[0].ip_configurations else { panic!("no address") };
        let endpoint = Endpoint::new(&estate, &estate.nics[0], &all[0]);
        let names = Names { members: HashMap::new(), tags: crate::tags::Tags::built_in() };
        let whole = apply(rules, Direction::Inbound, &endpoint, &names);
        let mut left_out = 0;
        for (first, last) in
            [(0x0a01_0000, 0x0a01_00ff), (0x0a00_0000, 0x0aff_ffff), (0x0808_0808, 0x0808_0808)]
        {
            let others: Addresses = [Range { first, last }].into_iter().collect();
            let compiled = |others| compile(rules, Direction::Inbound, &endpoint, &names, others).len();
            left_out += compiled(None) - compiled(Some(&others));
            let some = apply_within(rules, Direction::Inbound, &endpoint, &names, &others);
            for address in (first..=last).step_by(usize::try_from((last - first) / 97 + 1).unwrap()) {
                let shown = |answer: &GroupAnswer| {
                    let mut all: Vec<String> = answer.at(address).map(|cell| format!("{cell:?}")).collect();
                    all.sort_unstable();
                    all
                };
                assert_eq!(shown(&some), shown(&whole), "{address:#x} of {first:#x}");
            }
        }
        assert!(left_out > 10, "rules for other addresses are not looked at: {left_out}");
    }
}
