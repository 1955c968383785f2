//! Fixes of what lets packets in: rules of groups, and public addresses.
//!
//! The order, for every rule that lets strangers in. What the finding is about is changed and nothing else: a rule that also
//! opens other ports keeps them.
//!
//! 1. Ports that people log in through are narrowed to the sources that the team has approved of.
//! 2. Where none is approved of: the rule goes and a lease takes its place, if there is just-in-time access for the machine
//!    already or the person has chosen it ([`Options::lease`](super::Options)).
//! 3. Other ports, and those for which neither holds, are closed if the person says so ([`Options::close`](super::Options)).
//! 4. Else somebody is asked: nobody can tell here who needs the port.

pub(super) mod address;
mod jit;
mod rule;

pub(super) use jit::jit_rules;

use std::collections::BTreeMap;

use std::net::IpAddr;

use estate::{Access, Direction, Known, Nsg, PortSet, Protocol, ResourceId, SecurityRule, ServiceTag, Vm};
use posture::{Cause, Finding};
use reach::Protocols;

use super::{Ask, Closes, Fix, Plan, Planner};
use crate::lang::say;

/// How a finding may be closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// People log in through the port: those whom the team knows stay.
    Narrow,
    /// There is just-in-time access for the machine: the rule is what keeps the port open beside it.
    Lease,
    /// A program offers something: nobody but its owner knows for whom.
    Close,
}

/// The checks whose findings are closed by changing a rule.
fn way(code: &str) -> Option<Way> {
    match code {
        "NET001" | "NET005" | "NET007" => Some(Way::Narrow),
        "JIT002" => Some(Way::Lease),
        "NET002" | "NET003" => Some(Way::Close),
        _ => None,
    }
}

/// What is wanted of one rule.
struct Wanted<'p> {
    nsg: &'p Nsg,
    rule: &'p SecurityRule,
    closes: Vec<Closes>,
    /// Ports that people log in through.
    login: PortSet,
    /// Other ports.
    offered: PortSet,
    /// The protocols that the findings are about.
    protocols: Protocols,
    /// Ports for which there is just-in-time access already, on all machines that it is about.
    leased: PortSet,
}

pub(super) fn plan(planner: &Planner<'_>, findings: &[&Finding], plan: &mut Plan) {
    rules_of(planner, findings, plan);
    address::plan(planner, findings, plan);
    for finding in findings.iter().filter(|finding| finding.check.code.starts_with("NET")) {
        if way(finding.check.code).is_none() && is_asked(finding.check.code) {
            not_by_rule(planner, finding, plan);
        }
    }
}

/// Fixes of rules alone.
pub(super) fn rules_of(planner: &Planner<'_>, findings: &[&Finding], plan: &mut Plan) {
    // By group and rule, so that the order of findings does not matter.
    let mut rules: BTreeMap<(String, String), Wanted<'_>> = BTreeMap::new();
    for finding in findings {
        let Some(way) = way(finding.check.code) else { continue };
        let protocols = match finding.check.code {
            "NET003" => Protocols::UDP,
            "NET007" => Protocols::ALL,
            _ => Protocols::TCP,
        };
        let mut missed = false;
        for (cause, ports) in causes(planner, finding) {
            let Some((nsg, rule)) = own_rule(planner, cause) else {
                missed = true;
                continue;
            };
            let key = (planner.estate.text(nsg.id).to_ascii_lowercase(), rule.name.to_ascii_lowercase());
            let wanted = rules.entry(key).or_insert_with(|| Wanted {
                nsg,
                rule,
                closes: Vec::new(),
                login: PortSet::default(),
                offered: PortSet::default(),
                protocols: Protocols::NONE,
                leased: PortSet::all(),
            });
            wanted.protocols = wanted.protocols.or(protocols);
            let closes = closes(planner, finding);
            if !wanted.closes.contains(&closes) {
                wanted.closes.push(closes);
            }
            let ports = ports.intersection(&rule.destination_ports.ports);
            match way {
                Way::Close => wanted.offered = wanted.offered.union(&ports),
                Way::Narrow | Way::Lease => wanted.login = wanted.login.union(&ports),
            }
            if finding.check.code == "NET007" {
                // It is about all that the rule would let in.
                wanted.offered = wanted.offered.union(&rule.destination_ports.ports);
            }
            wanted.leased = wanted.leased.intersection(&leased(planner, finding.resource));
        }
        if missed || finding.evidence.is_empty() && finding.cause.is_none() {
            not_by_rule(planner, finding, plan);
        }
    }
    beside(&mut rules, planner);
    for wanted in rules.into_values() {
        rule::plan(planner, wanted, plan);
    }
}

/// Other rules of a group that open the same ports to strangers, to some of them or once the rule before no longer decides: a
/// finding has one cause, and is gone when all of them are.
fn beside<'p>(rules: &mut BTreeMap<(String, String), Wanted<'p>>, planner: &Planner<'p>) {
    let known = |rule: &SecurityRule| Some((*rule.priority.value()?, *rule.access.value()?));
    let inbound = |rule: &SecurityRule| rule.direction.value() == Some(&Direction::Inbound);
    let mut more = Vec::new();
    for ((group, _), wanted) in rules.iter() {
        let Some(Known::Value(all)) = &wanted.nsg.rules else { continue };
        let Some((mine, _)) = known(wanted.rule) else { continue };
        for other in all.iter().filter(|other| inbound(other)) {
            match known(other) {
                Some((priority, _)) if priority == mine => {}
                Some((priority, Access::Deny)) if priority > mine && closes_all(other, wanted) => break,
                Some((_, Access::Allow))
                    if rule::lets_strangers_in(planner, other) && looks_there(planner, other, wanted) =>
                {
                    let here = |ports: &PortSet| ports.intersection(&other.destination_ports.ports);
                    let (login, offered) = (here(&wanted.login), here(&wanted.offered));
                    if !login.is_empty() || !offered.is_empty() {
                        more.push((group.clone(), wanted.nsg, other, login, offered, wanted));
                    }
                }
                _ => {}
            }
        }
    }
    let more: Vec<_> = more
        .into_iter()
        .map(|(group, nsg, rule, login, offered, of)| {
            (group, nsg, rule, login, offered, of.closes.clone(), of.leased.clone(), of.protocols)
        })
        .collect();
    for (group, nsg, rule, login, offered, closes, leased, protocols) in more {
        let key = (group, rule.name.to_ascii_lowercase());
        let wanted = rules.entry(key).or_insert_with(|| Wanted {
            nsg,
            rule,
            closes: Vec::new(),
            login: PortSet::default(),
            offered: PortSet::default(),
            protocols: Protocols::NONE,
            leased: PortSet::all(),
        });
        wanted.protocols = wanted.protocols.or(protocols);
        wanted.login = wanted.login.union(&login);
        wanted.offered = wanted.offered.union(&offered);
        wanted.leased = wanted.leased.intersection(&leased);
        for one in closes {
            if !wanted.closes.contains(&one) {
                wanted.closes.push(one);
            }
        }
    }
}

/// Whether a rule may decide about what is wanted: the protocols, and an address of a machine that the findings are about.
fn looks_there(planner: &Planner<'_>, other: &SecurityRule, wanted: &Wanted<'_>) -> bool {
    let protocols = other.protocol.value().map_or(Protocols::ALL, |its| Protocols::of(*its));
    if protocols.and(wanted.protocols).is_empty() {
        return false;
    }
    let to = &other.destination;
    if to.any || to.unreadable.is_some() || !to.tags.is_empty() {
        return true;
    }
    let estate = planner.estate;
    let machines: Vec<&Vm> = wanted.closes.iter().filter_map(|closes| estate.vm(closes.resource)).collect();
    if machines.len() < wanted.closes.len() {
        // Some are about groups or scale sets, whose addresses are not told.
        return true;
    }
    machines.iter().any(|vm| {
        vm.nics.iter().any(|id| {
            let Some(Known::Value(all)) = estate.nic(*id).and_then(|nic| nic.ip_configurations.as_ref())
            else {
                return true;
            };
            all.iter().any(|ip| {
                let named = match &ip.asgs {
                    Known::Value(mine) => mine.iter().any(|asg| to.asgs.contains(asg)),
                    Known::Unknown(_) => !to.asgs.is_empty(),
                };
                named
                    || match ip.address.as_ref().and_then(Known::value) {
                        Some(IpAddr::V4(address)) => to.v4.contains(u32::from(*address)),
                        Some(IpAddr::V6(address)) => to.v6.contains(u128::from(*address)),
                        None => true,
                    }
            })
        })
    })
}

/// Whether nothing of what is wanted gets past a rule that denies.
fn closes_all(deny: &SecurityRule, wanted: &Wanted<'_>) -> bool {
    let all = wanted.login.union(&wanted.offered);
    let whole = deny.source.any || deny.source.tags.contains(&ServiceTag::Internet);
    whole
        && deny.destination.any
        && deny.source_ports.ports.is_all()
        && deny.protocol.value() == Some(&Protocol::Any)
        && deny.destination_ports.ports.contains_all(&all)
}

/// Findings about the network that nobody can settle from here: what to do stands with the check.
pub(super) fn is_asked(code: &str) -> bool {
    matches!(
        code,
        "NET006"
            | "NET008"
            | "NET009"
            | "NET010"
            | "NET011"
            | "NET013"
            | "NET014"
            | "NET016"
            | "NET018"
            | "NET019"
            | "NET020"
            | "NET024"
    )
}

/// What lets packets in, and which ports: each piece of evidence has its own cause.
fn causes<'f>(planner: &Planner<'_>, finding: &'f Finding) -> Vec<(&'f Cause, PortSet)> {
    if finding.evidence.is_empty() {
        let login = planner.settings.management_ports.iter().map(|port| PortSet::one(*port));
        let login = login.fold(PortSet::default(), |sum, more| sum.union(&more));
        return finding.cause.iter().map(|cause| (cause, login.clone())).collect();
    }
    let of = |open: &'f posture::PortEvidence| {
        Some((open.cause.as_ref()?, [open.ports].into_iter().collect::<PortSet>()))
    };
    finding.evidence.iter().filter_map(of).collect()
}

/// The rule that a cause is, if it is one that somebody wrote.
fn own_rule<'p>(planner: &Planner<'p>, cause: &Cause) -> Option<(&'p Nsg, &'p SecurityRule)> {
    let nsg = planner.estate.nsg(cause.resource)?;
    let Some(Known::Value(rules)) = &nsg.rules else { return None };
    Some((nsg, rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(&cause.key))?))
}

/// The machines that a group may guard.
fn behind(planner: &Planner<'_>, group: ResourceId) -> Vec<ResourceId> {
    let estate = planner.estate;
    let is = |field: &Option<Known<ResourceId>>| field.as_ref().and_then(Known::value) == Some(&group);
    let guarded = |vm: &&Vm| {
        vm.nics.iter().filter_map(|id| estate.nic(*id)).any(|nic| {
            let ips = nic.ip_configurations.as_ref().and_then(Known::value).into_iter().flatten();
            let mut subnets = ips.filter_map(|ip| estate.subnet(*ip.subnet.as_ref()?.value()?));
            is(&nic.nsg) || subnets.any(|subnet| is(&subnet.nsg))
        })
    };
    estate.vms.iter().filter(guarded).map(|vm| vm.id).collect()
}

/// The ports of a machine for which there is just-in-time access.
fn leased(planner: &Planner<'_>, machine: ResourceId) -> PortSet {
    let ports = planner.estate.around.jit_of(machine).flat_map(|(_, machine)| &machine.ports);
    let tcp = ports.filter(|port| &*port.protocol == "*" || port.protocol.eq_ignore_ascii_case("tcp"));
    let numbers = tcp.filter_map(|port| u16::try_from(port.number).ok());
    numbers.fold(PortSet::default(), |sum, port| sum.union(&PortSet::one(port)))
}

pub(super) fn closes(planner: &Planner<'_>, finding: &Finding) -> Closes {
    Closes { code: finding.check.code, finding: finding.id(planner.estate), resource: finding.resource }
}

/// A finding that no rule of a group is behind: what to do is told, and by whom is not guessed. One question for all that are
/// answered alike.
fn not_by_rule(planner: &Planner<'_>, finding: &Finding, plan: &mut Plan) {
    let title = finding.check.title.of(planner.lang);
    let ask = Ask {
        closes: vec![closes(planner, finding)],
        question: say!(
            planner.lang,
            "{title}: no change of a rule alone settles this",
            "{title}: NSG の規則の変更だけでは是正できません"
        ),
        answers: vec![finding.fix.clone().into_owned()],
    };
    let same = |other: &&mut Ask| other.question == ask.question && other.answers == ask.answers;
    match plan.asks.iter_mut().find(same) {
        Some(other) => other.closes.extend(ask.closes),
        None => plan.asks.push(ask),
    }
}

/// Puts a fix into a plan, unless the same one is there: two findings may ask for it.
fn put(plan: &mut Plan, fix: Fix) {
    match plan.fixes.iter_mut().find(|other| other.id == fix.id) {
        Some(other) => {
            for closes in fix.closes {
                if !other.closes.contains(&closes) {
                    other.closes.push(closes);
                }
            }
        }
        None => plan.fixes.push(fix),
    }
}
