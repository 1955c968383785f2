//! An estate that stays: it takes changes one by one and answers what each of them changed.
//!
//! A rule of a group concerns the machines behind the group and nobody else, so just these are looked at again.
//! Checks that rest on rules anywhere ([`Run::Paths`]) are left out: what they said could be out of date at any change.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use estate::{Change, ChangeError, Estate, IpConfiguration, Known, Nic, ResourceId, apply};
use reach::difference::{Difference, Machine, between, machines, ways};
use reach::tags::Tags;
use reach::{Addresses, Facts, Reach};

use crate::check::{Check, Run};
use crate::engine::{Judge, Sink};
use crate::lang::Lang;
use crate::settings::Settings;
use crate::view::{Finding, Status};

/// An estate with what checks said of it last.
pub struct Live {
    estate: Estate,
    facts: Arc<Facts>,
    checks: Vec<&'static Check>,
    settings: Settings,
    lang: Lang,
    /// Who may send, of each family: differences in exposure are told for these.
    sources: [Addresses; 2],
    /// The machines behind a group, and those of a NIC.
    machines_of: HashMap<ResourceId, BTreeSet<ResourceId>>,
    /// The groups that let the internet in to a machine.
    exposing: HashMap<ResourceId, BTreeSet<ResourceId>>,
    /// What checks said of a resource.
    said: HashMap<ResourceId, Vec<Said>>,
}

/// What a check said of a resource; passes are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The code of the check.
    pub code: &'static str,
    /// The stable id of the finding; none where nobody could tell.
    pub finding: Option<String>,
}

/// What a change changed.
pub struct Changed {
    /// The change that undoes it.
    pub undo: Change,
    /// Findings that were not there before, in the order of resources and codes.
    pub new: Vec<Finding>,
    /// What was said before and is not said any more: the resource, and what it was.
    pub gone: Vec<(ResourceId, Said)>,
    /// What nobody can tell any more: the resource and the code.
    pub unknown: Vec<(ResourceId, &'static str)>,
    /// How exposures differ, by machine.
    pub exposures: Vec<(ResourceId, Vec<Difference>)>,
    /// How many machines were looked at again.
    pub looked_at: usize,
}

impl Live {
    /// Judges an estate once.
    pub fn new(
        estate: Estate,
        tags: &Arc<Tags>,
        checks: &[&'static Check],
        settings: Settings,
        lang: Lang,
        sources: [Addresses; 2],
    ) -> Self {
        let checks: Vec<_> = checks
            .iter()
            .copied()
            .filter(|check| !matches!(check.run, Run::Paths(..) | Run::People(..)))
            .collect();
        let checks = checks.as_slice();
        let facts = Arc::new(Facts::new(&estate, Arc::clone(tags)));
        let reach = Reach::with_facts(&estate, Arc::clone(&facts));
        let sink = Judge::new(&reach, checks, &settings, lang, false).everything();
        let mut said: HashMap<ResourceId, Vec<Said>> = HashMap::new();
        for (resource, one) in told(&estate, &sink) {
            said.entry(resource).or_default().push(one);
        }
        let exposing = by_machine(sink.exposing);
        drop(reach);
        let (machines_of, checks) = (machines_of(&estate), checks.to_vec());
        Self { estate, facts, checks, settings, lang, sources, machines_of, exposing, said }
    }

    /// The estate as it is now.
    pub fn estate(&self) -> &Estate {
        &self.estate
    }

    /// Everything that is said now, passes left out: by resource, in no order.
    pub fn said(&self) -> impl Iterator<Item = (ResourceId, &Said)> {
        self.said.iter().flat_map(|(resource, all)| all.iter().map(|one| (*resource, one)))
    }

    /// What is said of one resource now, passes left out.
    pub fn said_of(&self, resource: ResourceId) -> &[Said] {
        self.said.get(&resource).map(Vec::as_slice).unwrap_or_default()
    }

    /// What is worked out once for the estate, as it is now.
    pub fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts)
    }

    /// The machines that a change concerns.
    pub fn concerns(&self, change: &Change) -> BTreeSet<ResourceId> {
        self.touched(change).0
    }

    /// Takes a change and tells what it changed.
    ///
    /// # Errors
    ///
    /// The change cannot be applied; everything is as it was.
    pub fn apply(&mut self, change: &Change) -> Result<Changed, ChangeError> {
        let (touched, groups) = self.touched(change);
        let exposed = |estate: &Estate, facts: &Arc<Facts>| -> Vec<(ResourceId, [Vec<reach::WayIn>; 2])> {
            let reach = Reach::with_facts(estate, Arc::clone(facts));
            let all = touched.iter().filter_map(|id| machine(estate, *id));
            all.map(|machine| (machine.id, ways(&reach, Some(&machine), &self.sources))).collect()
        };
        let before = exposed(&self.estate, &self.facts);
        let undo = apply(&mut self.estate, change)?;
        match Arc::get_mut(&mut self.facts) {
            Some(facts) => facts.refresh(&self.estate, change),
            // Somebody holds the old ones: these are looked at anew.
            None => {
                let tags = self.facts.tags();
                self.facts = Arc::new(Facts::new(&self.estate, tags));
            }
        }
        let after = exposed(&self.estate, &self.facts);
        let exposures = before
            .iter()
            .zip(&after)
            .map(|((id, was), (_, is))| (*id, between(was, is)))
            .filter(|(_, differences)| !differences.is_empty())
            .collect();
        let reach = Reach::with_facts(&self.estate, Arc::clone(&self.facts));
        let judge = Judge::new(&reach, &self.checks, &self.settings, self.lang, false);
        let mut sink = judge.sink();
        for id in &touched {
            if let Some(vm) = self.estate.vm(*id) {
                judge.vm(vm, &mut sink);
            } else if let Some(set) = self.estate.scale_set(*id) {
                judge.scale_set(set, &mut sink);
            }
        }
        // Whether a group exposes somebody depends on all that are behind it, whoever was looked at again.
        let mut exposing = by_machine(std::mem::take(&mut sink.exposing));
        for id in &touched {
            match exposing.remove(id) {
                Some(groups) => drop(self.exposing.insert(*id, groups)),
                None => drop(self.exposing.remove(id)),
            }
        }
        let exposes = |group: &&ResourceId| {
            let behind = self.machines_of.get(*group).into_iter().flatten();
            behind.filter_map(|id| self.exposing.get(id)).any(|groups| groups.contains(*group))
        };
        let exposing: HashSet<ResourceId> = groups.iter().filter(exposes).copied().collect();
        for nsg in groups.iter().filter_map(|id| self.estate.nsg(*id)) {
            judge.group(nsg, &exposing, &mut sink);
        }
        let (mut new, mut unknown, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        let mut now: HashMap<ResourceId, Vec<Said>> = HashMap::new();
        for (resource, one) in told(&self.estate, &sink) {
            let before = self.said.get(&resource).map(Vec::as_slice).unwrap_or_default();
            if one.finding.is_none() && !before.contains(&one) {
                unknown.push((resource, one.code));
            }
            now.entry(resource).or_default().push(one);
        }
        for finding in sink.findings.into_iter().filter(|finding| finding.status == Status::Fail) {
            let before = self.said.get(&finding.resource).map(Vec::as_slice).unwrap_or_default();
            let id = finding.id(&self.estate);
            if !before.iter().any(|said| said.finding.as_ref() == Some(&id)) {
                new.push(finding);
            }
        }
        for resource in touched.iter().chain(&groups) {
            let mut is = now.remove(resource).unwrap_or_default();
            // What is said of many at once was not looked at again: no change here matters to it.
            let before = self.said.get(resource).into_iter().flatten();
            is.extend(before.filter(|said| is_of_many(&self.checks, said)).cloned());
            let was = match is.is_empty() {
                true => self.said.remove(resource),
                false => self.said.insert(*resource, is.clone()),
            };
            let lost = was.into_iter().flatten().filter(|one| !is.contains(one));
            gone.extend(lost.map(|one| (*resource, one)));
        }
        let key = |id: ResourceId| self.estate.text(id).to_ascii_lowercase();
        new.sort_by_cached_key(|finding| (key(finding.resource), finding.check.code));
        gone.sort_by_cached_key(|(id, said)| (key(*id), said.code));
        unknown.sort_by_cached_key(|(id, code)| (key(*id), *code));
        Ok(Changed { undo, new, gone, unknown, exposures, looked_at: touched.len() })
    }

    /// The machines and groups that a change concerns.
    fn touched(&self, change: &Change) -> (BTreeSet<ResourceId>, BTreeSet<ResourceId>) {
        let place = match change {
            Change::PutRule { nsg, .. } | Change::DeleteRule { nsg, .. } => *nsg,
            Change::SetPublicIp { nic, .. } => *nic,
        };
        let behind = || self.machines_of.get(&place).into_iter().flatten().copied();
        // An appliance may send packets on to anybody around it.
        let all = behind().filter_map(|id| machine(&self.estate, id)).any(|one| is_appliance(&one));
        let machines: BTreeSet<ResourceId> = match all {
            true => machines(&self.estate).iter().map(|machine| machine.id).collect(),
            false => behind().collect(),
        };
        // What the other level's group exposes may be another, too.
        let here = machines.iter().filter_map(|id| machine(&self.estate, *id));
        let mut groups: BTreeSet<ResourceId> = here.flat_map(|one| groups_of(&self.estate, &one)).collect();
        groups.extend(self.estate.nsg(place).map(|nsg| nsg.id));
        (machines, groups)
    }
}

/// Whether a check of many resources at once said it.
fn is_of_many(checks: &[&'static Check], said: &Said) -> bool {
    checks.iter().any(|check| check.code == said.code && matches!(check.run, Run::Estate(..)))
}

fn by_machine(pairs: Vec<(ResourceId, ResourceId)>) -> HashMap<ResourceId, BTreeSet<ResourceId>> {
    let mut all: HashMap<ResourceId, BTreeSet<ResourceId>> = HashMap::new();
    for (machine, group) in pairs {
        all.entry(machine).or_default().insert(group);
    }
    all
}

/// What a sink holds: findings by their ids, and what nobody can tell.
fn told(estate: &Estate, sink: &Sink) -> Vec<(ResourceId, Said)> {
    let fails = sink.findings.iter().filter(|finding| finding.status == Status::Fail).map(|finding| {
        let said = Said { code: finding.check.code, finding: Some(finding.id(estate)) };
        (finding.resource, said)
    });
    let unknown = sink
        .unknown
        .iter()
        .flat_map(|(code, rows)| rows.iter().map(|(resource, _)| (*resource, Said { code, finding: None })));
    fails.chain(unknown).collect()
}

/// The groups that filter for a machine.
fn groups_of(estate: &Estate, machine: &Machine<'_>) -> BTreeSet<ResourceId> {
    let known = |field: &Option<Known<ResourceId>>| field.as_ref().and_then(|id| id.value().copied());
    let of = |(nic, ip): &(&Nic, &IpConfiguration)| {
        let subnet = known(&ip.subnet).and_then(|id| estate.subnet(id));
        [subnet.and_then(|subnet| known(&subnet.nsg)), known(&nic.nsg)]
    };
    machine.addresses.iter().flat_map(of).flatten().collect()
}

/// The machines behind each group and of each NIC.
fn machines_of(estate: &Estate) -> HashMap<ResourceId, BTreeSet<ResourceId>> {
    let mut all: HashMap<ResourceId, BTreeSet<ResourceId>> = HashMap::new();
    for machine in machines(estate) {
        let nics = machine.addresses.iter().map(|(nic, _)| nic.id);
        for place in groups_of(estate, &machine).into_iter().chain(nics) {
            all.entry(place).or_default().insert(machine.id);
        }
    }
    all
}

fn is_appliance(machine: &Machine<'_>) -> bool {
    machine.addresses.iter().any(|(nic, _)| nic.forwards)
}

fn machine(estate: &Estate, id: ResourceId) -> Option<Machine<'_>> {
    match (estate.vm(id), estate.scale_set(id)) {
        (Some(vm), _) => Some(Machine::of_vm(estate, vm)),
        (None, Some(set)) => Some(Machine::of_scale_set(estate, set)),
        (None, None) => None,
    }
}
