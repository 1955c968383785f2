//! What several machines have in common and should not: who has it, and whether they are one scale set.

use std::collections::{BTreeMap, BTreeSet};

use estate::{Kind, Known, Reason, ResourceId, Vm};

use crate::check::Check;
use crate::engine::Sink;
use crate::view::Context;

/// How many machines a finding names.
const SAMPLE: usize = 10;

/// Machines that have one thing in common.
pub(super) struct Holders<'e> {
    machines: Vec<&'e Vm>,
    /// Machines by themselves, and scale sets.
    units: BTreeSet<ResourceId>,
}

impl<'e> Holders<'e> {
    /// How many machines there are.
    pub(super) fn count(&self) -> usize {
        self.machines.len()
    }

    /// Whether they are more than the instances of one scale set, which are made alike on purpose.
    pub(super) fn are_apart(&self) -> bool {
        self.units.len() > 1
    }

    /// The machines by their ids, without regard to case.
    pub(super) fn sorted(mut self, context: &Context<'_>) -> Vec<&'e Vm> {
        self.machines.sort_by_cached_key(|vm| context.estate().text(vm.id).to_ascii_lowercase());
        self.machines
    }
}

/// The names of the first of some machines.
pub(super) fn sample(context: &Context<'_>, machines: &[&Vm]) -> Vec<String> {
    machines.iter().take(SAMPLE).map(|vm| context.name(vm.id)).collect()
}

/// Puts machines together by what each of them has; tells the sink of those of which nobody knows. A scale set
/// stands for its instances where the input holds none of them.
pub(super) fn by_what<'e>(
    context: &Context<'e>,
    check: &'static Check,
    sink: &mut Sink,
    what: impl Fn(&'e Vm) -> Result<Vec<String>, Vec<Reason>>,
) -> BTreeMap<String, Holders<'e>> {
    let estate = context.estate();
    let unit = |vm: &Vm| match vm.upkeep.scale_set {
        Some(Known::Value(set)) => set,
        _ => context.scale_set_of(vm.id).unwrap_or(vm.id),
    };
    let present: BTreeSet<ResourceId> = estate.vms.iter().map(unit).collect();
    let mut machines: Vec<&Vm> = estate.vms.iter().collect();
    for set in estate.scale_sets.iter().filter(|set| !present.contains(&set.id)) {
        match &set.model {
            Some(Known::Value(model)) => machines.push(&model.vm),
            Some(Known::Unknown(reason)) => sink.unknown(check, set.id, vec![reason.as_ref().clone()]),
            None => sink.unknown(check, set.id, vec![estate.partial(Kind::ScaleSet, set.id)]),
        }
    }
    let mut all: BTreeMap<String, Holders<'e>> = BTreeMap::new();
    for vm in machines {
        match what(vm) {
            Err(reasons) => sink.unknown(check, vm.id, reasons),
            Ok(things) => {
                for thing in things {
                    let holders = all
                        .entry(thing)
                        .or_insert_with(|| Holders { machines: Vec::new(), units: BTreeSet::new() });
                    holders.machines.push(vm);
                    holders.units.insert(unit(vm));
                }
            }
        }
    }
    all
}
