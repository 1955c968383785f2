//! What a fix would change, worked out on the changed estate before anything is written: that the findings are gone on every
//! machine behind a group, that nothing else opens, and that what people need still passes.

use std::collections::BTreeSet;
use std::sync::Arc;

use estate::{Change, ChangeError, Estate, Family, PortSet, ResourceId, resource_name};
use posture::{Live, Said};
use reach::difference::{Difference, Machine, between, ways};
use reach::{Addresses, Level, Protocols, Reach, RuleRef, WayIn, rule_name};

use crate::plan::{Closes, Fix};

/// Packets that have to pass after a fix as they do before.
#[derive(Clone, Debug)]
pub struct Keep {
    /// What people call it: `corp → vm1:443`.
    pub text: String,
    /// Where they come from, of each family.
    pub from: [Addresses; 2],
    /// The machine.
    pub machine: ResourceId,
    /// Their protocols.
    pub protocols: Protocols,
    /// The ports on the machine.
    pub ports: PortSet,
    /// Why they have to pass.
    pub need: Need,
}

/// Why packets have to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Somebody has said so: what passes now must not be stopped.
    Kept,
    /// They are the way in of the person who asks: it may be given up on purpose.
    Own,
    /// They are the way in that takes the place of another: they have to pass whether they do so now or not.
    Way,
}

/// What was worked out of one fix.
pub struct Proof {
    /// The machines that were looked at: all that are behind the groups and addresses that change.
    pub machines: Vec<ResourceId>,
    /// Findings that are gone: the resource, and what was said.
    pub gone: Vec<(ResourceId, Said)>,
    /// How exposures to the internet differ, by machine.
    pub exposures: Vec<(ResourceId, Vec<Difference>)>,
    /// How what gets in from inside the networks differs, by machine: told, as nobody has said whether it is needed.
    pub inside: Vec<(ResourceId, Vec<Difference>)>,
    /// Findings that are not there any more, and that nobody can tell to be closed either: the resource and the code.
    pub doubted: Vec<(ResourceId, &'static str)>,
    /// Why the fix must not be made; empty where it may.
    pub refused: Vec<Refusal>,
    /// The flows to keep that did not pass before either, by their number.
    pub did_not_pass: Vec<usize>,
}

/// Why a fix must not be made.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// It stops packets that have to pass, such as the one of the difference.
    Stops {
        /// The number of the flow to keep.
        keep: usize,
        /// What becomes of it.
        difference: Box<Difference>,
        /// The rules that let the packet through before, in the order in which Azure looks.
        rules: Vec<String>,
    },
    /// The way in that is to take the place of another does not certainly lead to the machine.
    NoWay {
        /// The number of the flow.
        keep: usize,
    },
    /// It opens something, or nobody could tell any more.
    Opens {
        /// On which machine.
        machine: ResourceId,
        /// What becomes of it.
        difference: Box<Difference>,
        /// The rules that let the packet through, in the order in which Azure looks.
        rules: Vec<String>,
    },
    /// Another finding would be there afterwards.
    Brings {
        /// About what.
        resource: ResourceId,
        /// The code of the check.
        code: &'static str,
        /// What it says.
        message: String,
    },
    /// The estate does not hold what would change, or not enough of it.
    NotKnown(ChangeError),
}

/// What a machine lets in of what is asked about.
type Ways = [Vec<WayIn>; 2];

/// Works a fix out. Where it may be made, `live` is as if it had been, so that the next fix is worked out on top of it; else
/// `live` is as it was.
pub fn prove(live: &mut Live, fix: &Fix, keeps: &[Keep], internet: &[Addresses; 2]) -> Proof {
    let changes: Vec<&Change> =
        fix.steps.iter().filter_map(|step| step.change.as_ref()).chain(&fix.besides).collect();
    let machines: BTreeSet<ResourceId> = changes.iter().flat_map(|change| live.concerns(change)).collect();
    let mut proof = Proof {
        machines: machines.iter().copied().collect(),
        gone: Vec::new(),
        exposures: Vec::new(),
        doubted: Vec::new(),
        inside: Vec::new(),
        refused: Vec::new(),
        did_not_pass: Vec::new(),
    };
    if changes.is_empty() {
        return proof;
    }
    let mine: Vec<(usize, &Keep)> =
        keeps.iter().enumerate().filter(|(_, keep)| machines.contains(&keep.machine)).collect();
    let before = Picture::new(live, &machines, &mine, internet);
    let mut undo = Vec::new();
    let mut gone: Vec<(ResourceId, Said)> = Vec::new();
    let mut new: Vec<(ResourceId, &'static str, String, String)> = Vec::new();
    for change in changes {
        match live.apply(change) {
            Ok(changed) => {
                undo.push(changed.undo);
                for (resource, said) in changed.gone {
                    // What a step before has brought and this one takes away was never there.
                    let brought = new.iter().position(|(_, _, id, _)| said.finding.as_ref() == Some(id));
                    match brought {
                        Some(index) => drop(new.remove(index)),
                        None => gone.push((resource, said)),
                    }
                }
                for finding in changed.new {
                    let id = finding.id(live.estate());
                    let back = gone.iter().position(|(_, said)| said.finding.as_deref() == Some(&id));
                    match back {
                        Some(index) => drop(gone.remove(index)),
                        None => new.push((finding.resource, finding.check.code, id, finding.message)),
                    }
                }
            }
            Err(error) => {
                proof.refused.push(Refusal::NotKnown(error));
                take_back(live, undo);
                return proof;
            }
        }
    }
    let after = Picture::new(live, &machines, &mine, internet);
    for ((machine, was), (_, is)) in before.exposed.iter().zip(&after.exposed) {
        let differences = between(was, is);
        // Whether fewer certainly get in, or only perhaps: nobody may who might not before.
        let opens = differences.iter().find(|one| {
            !one.before.may.contains_all(&one.after.may) || !one.before.must.contains_all(&one.after.must)
        });
        if let Some(difference) = opens {
            let difference = Box::new(difference.clone());
            let rules = deciding(live.estate(), &difference);
            proof.refused.push(Refusal::Opens { machine: *machine, difference, rules });
        }
        if !differences.is_empty() {
            proof.exposures.push((*machine, differences));
        }
    }
    for ((machine, was), (_, is)) in before.inside.iter().zip(&after.inside) {
        let differences = between(was, is);
        if !differences.is_empty() {
            proof.inside.push((*machine, differences));
        }
    }
    for (((number, keep), was), is) in mine.iter().zip(&before.kept).zip(&after.kept) {
        if keep.need == Need::Way && !passes(keep, is) {
            proof.refused.push(Refusal::NoWay { keep: *number });
            continue;
        }
        if keep.need == Need::Kept && !passes(keep, was) {
            proof.did_not_pass.push(*number);
        }
        // What certainly passed has to pass certainly.
        let stops = between(was, is).into_iter().find(|one| {
            let asked = keep.protocols.contains(one.protocol)
                && keep.ports.overlaps(&[one.ports].into_iter().collect());
            // Of one's own way in, what only perhaps passes counts, too.
            let less = !one.before.must.difference(&one.after.must).is_empty()
                || keep.need == Need::Own && !one.before.may.difference(&one.after.may).is_empty();
            asked && less
        });
        if let Some(difference) = stops {
            let difference = Box::new(difference);
            proof.refused.push(Refusal::Stops { keep: *number, difference, rules: Vec::new() });
        }
    }
    // A rule that is gone may have made other findings: the same thing said by another check is no harm of the fix, as it was
    // so before; one that was not said of the resource at all is.
    let lesser = |code: &str, resource: ResourceId| {
        gone.iter().any(|(its, said)| *its == resource && said.code == code)
    };
    for (resource, code, _, message) in new {
        // A rule that nobody comes by any more is latent now, and was worse before.
        if code != "NET007" && !lesser(code, resource) {
            proof.refused.push(Refusal::Brings { resource, code, message });
        }
    }
    // What is unknown after the last step: a step before may have left something open that a later one closes.
    let unknown = |(resource, code): &(ResourceId, &str)| {
        live.said_of(*resource).iter().any(|said| said.code == *code && said.finding.is_none())
    };
    let closes = fix.closes.iter().map(|closes| (closes.resource, closes.code));
    proof.doubted = closes.filter(unknown).collect();
    let key = |id: &ResourceId| live.estate().text(*id).to_ascii_lowercase();
    gone.sort_by_cached_key(|(id, said)| (key(id), said.code));
    proof.machines.sort_by_cached_key(key);
    proof.exposures.sort_by_cached_key(|(id, _)| key(id));
    proof.inside.sort_by_cached_key(|(id, _)| key(id));
    proof.gone = gone;
    if !proof.refused.is_empty() {
        take_back(live, undo);
        // What let a packet through before is told by the estate as it was.
        for why in &mut proof.refused {
            if let Refusal::Stops { difference, rules, .. } = why {
                *rules = deciding(live.estate(), difference);
            }
        }
    }
    proof
}

/// The rules that let the packet of a difference through.
fn deciding(estate: &Estate, difference: &Difference) -> Vec<String> {
    let Some(witness) = &difference.witness else { return Vec::new() };
    let endpoint = &witness.way.endpoint;
    let groups = [&endpoint.subnet_level, &endpoint.nic_level].into_iter().zip(witness.opening.rules);
    let of = |(level, rule): (&Level, Option<RuleRef>)| match level {
        Level::Group(nsg) => {
            let group = resource_name(estate.text(*nsg));
            Some(format!("{group}/{}", rule_name(estate, *nsg, rule?)))
        }
        _ => None,
    };
    groups.filter_map(of).collect()
}

fn take_back(live: &mut Live, undo: Vec<Change>) {
    for change in undo.iter().rev() {
        // INVARIANT: what was just made from the estate applies to it.
        drop(live.apply(change));
    }
}

/// What the machines let in at one moment.
struct Picture {
    exposed: Vec<(ResourceId, Ways)>,
    inside: Vec<(ResourceId, Ways)>,
    kept: Vec<Ways>,
}

impl Picture {
    fn new(
        live: &Live,
        machines: &BTreeSet<ResourceId>,
        keeps: &[(usize, &Keep)],
        internet: &[Addresses; 2],
    ) -> Self {
        let estate = live.estate();
        let reach = Reach::with_facts(estate, Arc::clone(&live.facts()));
        let machine = |id: ResourceId| match (estate.vm(id), estate.scale_set(id)) {
            (Some(vm), _) => Some(Machine::of_vm(estate, vm)),
            (None, Some(set)) => Some(Machine::of_scale_set(estate, set)),
            (None, None) => None,
        };
        let families = [Family::V4, Family::V6];
        let inside = families.map(|family| reach::every_address(family).difference(reach::internet(family)));
        let of = |id: ResourceId, from: &[Addresses; 2]| ways(&reach, machine(id).as_ref(), from);
        Self {
            exposed: machines.iter().map(|id| (*id, of(*id, internet))).collect(),
            inside: machines.iter().map(|id| (*id, of(*id, &inside))).collect(),
            kept: keeps.iter().map(|(_, keep)| of(keep.machine, &keep.from)).collect(),
        }
    }
}

/// Whether some packet of a flow may pass as the estate is now.
pub fn may_pass(live: &Live, keep: &Keep) -> bool {
    let machines = BTreeSet::from([keep.machine]);
    let picture = Picture::new(live, &machines, &[(0, keep)], &keep.from);
    picture.kept.iter().flatten().flatten().flat_map(|way| &way.openings).any(|opening| {
        !opening.protocols.and(keep.protocols).is_empty() && opening.local_ports.overlaps(&keep.ports)
    })
}

/// Whether all packets of a flow certainly pass.
fn passes(keep: &Keep, ways: &Ways) -> bool {
    let ranges: Vec<_> = keep.ports.ranges().to_vec();
    ways.iter().zip(&keep.from).any(|(ways, from)| {
        !from.is_empty()
            && Protocols::EACH.into_iter().filter(|one| keep.protocols.contains(*one)).any(|protocol| {
                ranges.iter().all(|range| {
                    let openings = ways.iter().flat_map(|way| &way.openings).filter(|opening| {
                        opening.protocols.contains(protocol)
                            && opening.local_ports.contains_all(&[*range].into_iter().collect())
                    });
                    let must =
                        openings.fold(Addresses::empty(), |sum, opening| sum.union(&opening.internet.must));
                    must.contains_all(from)
                })
            })
    })
}

/// The findings that fixes say they close, and that are there still after all of them.
pub fn left<'p>(live: &Live, fixes: impl IntoIterator<Item = &'p Fix>) -> Vec<Closes> {
    let still = |closes: &&Closes| {
        live.said_of(closes.resource).iter().any(|said| said.finding.as_ref() == Some(&closes.finding))
    };
    // What changes no packets is not worked out here.
    let proved = |fix: &&Fix| fix.steps.iter().any(|step| step.change.is_some());
    let mut all: Vec<Closes> =
        fixes.into_iter().filter(proved).flat_map(|fix| &fix.closes).filter(still).cloned().collect();
    all.sort_by(|one, other| one.finding.cmp(&other.finding));
    all.dedup();
    all
}
