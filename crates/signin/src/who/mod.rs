//! Who gets into which machines, by which right, and what is demanded of them: by classes of machines and of people that
//! nothing tells apart, so that cost grows with what differs and not with how many there are.
//!
//! What a directory role gives in Azure: a global administrator takes every right there is.
//! Source: <https://learn.microsoft.com/azure/role-based-access-control/elevate-access-global-admin>

mod machines;
mod means;
mod people;
mod sign_in;

use std::collections::{BTreeMap, BTreeSet};

use estate::{
    AccessPolicy, DirectoryRole, Estate, Known, ResourceId, RoleAssignment, Vm, resource_subscription,
};
use hashbrown::{HashMap, HashSet};

use means::{ACTIONS, COPY_DISK, On};

use crate::directory::{Directory, Subject};
use crate::policy;
use crate::rights::Rights;
use crate::tri::Tri;
use crate::verdict::Rules;

pub use machines::{Machines, Ready, has_failed, ready};
pub use means::{Door, GIVE_RIGHTS, Means};
pub use people::{People, PersonRisk, Standing};
use sign_in::Effort;
pub use sign_in::{Hole, SignIn, Why};

/// The role that may take every right in Azure, by its template.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// How many cases are looked at for all people together. What is demanded of those who are left is not known.
const CASES: usize = 1_500_000;

/// How often it is tried to tell the policies behind too many cases.
const CROWDED: usize = 20;

/// What assignments call a group.
const GROUP: &str = "Group";

/// What gives somebody something.
#[derive(Clone, Copy)]
pub enum Given<'e> {
    /// A role of Azure at a scope.
    Role(&'e RoleAssignment),
    /// A role of the directory.
    Directory(&'e DirectoryRole),
}

/// A role that lets somebody into machines.
pub struct Grant<'e> {
    /// What gives it.
    pub given: Given<'e>,
    /// What the role is called.
    pub role: String,
    /// Who has it: a person, a group or a program; the record itself, where that cannot be read.
    pub principal: ResourceId,
    /// What the assignment says that this is: `User`, `Group`, `ServicePrincipal`.
    pub kind: Option<&'e str>,
    /// The scope that it is given at.
    pub scope: &'e str,
    /// Whether it has to be taken first, for some time.
    pub eligible: bool,
    /// For each of [`ACTIONS`], whether it gives it, wherever it holds.
    gives: [Tri; ACTIONS.len()],
}

impl Grant<'_> {
    /// Whether nobody can tell to whom it is given.
    pub fn is_to_unread(&self) -> bool {
        match self.given {
            Given::Role(one) => self.principal == one.id,
            Given::Directory(one) => self.principal == one.id,
        }
    }

    /// Whether it is given to a group.
    pub fn is_to_group(&self) -> bool {
        self.kind.is_some_and(|kind| kind.eq_ignore_ascii_case(GROUP))
    }

    /// Whether it gives one of the means, wherever it holds.
    pub fn means(&self, means: Means) -> Tri {
        let own = ACTIONS.iter().zip(self.gives).filter(|((its, ..), _)| *its == means);
        own.map(|(_, so)| so).fold(Tri::No, Tri::or)
    }
}

/// One of the means that somebody has for a class of machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub means: Means,
    /// Whether they have it now.
    pub now: Tri,
    /// Whether they have it once they take a role that they may take.
    pub taken: Tri,
    /// The grants behind it, certain ones and others, as numbers in [`Who::grants`].
    pub grants: Vec<usize>,
    /// Those of them that certainly give it.
    pub certain: Vec<usize>,
}

/// Who holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holding {
    /// A class of people, by its number.
    People(usize),
    /// Whoever is in a group of which the members are not told.
    Group(ResourceId),
}

/// Somebody who has means for a class of machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub who: Holding,
    /// What they can do.
    pub held: Vec<Held>,
}

/// Who gets into which machines.
pub struct Who<'d, 'e> {
    rights: &'d Rights<'d, 'e>,
    /// Roles that let somebody into machines.
    pub grants: Vec<Grant<'e>>,
    /// Machines in classes.
    pub machines: Vec<Machines>,
    /// People in classes.
    pub people: Vec<People<'e>>,
    /// What else the input tells of rules.
    pub rules: Rules,
    no_trusted_addresses: bool,
    sign_ins: Vec<SignIn<'e>>,
    /// The place in `sign_ins` for each class of people and door.
    sign_in_of: HashMap<(usize, Door), usize>,
    /// The grants at each scope.
    at_scope: Vec<Vec<usize>>,
    /// The classes of people that are, or are in, somebody.
    classes_of: HashMap<ResourceId, Vec<usize>>,
    class_of_machine: HashMap<ResourceId, usize>,
    class_of_person: HashMap<ResourceId, usize>,
    individual_of: HashMap<ResourceId, usize>,
    /// Principals that assignments call groups.
    groups: HashSet<ResourceId>,
}

impl<'d, 'e> Who<'d, 'e> {
    /// Looks at an estate. `no_trusted_addresses` says that the older settings of multifactor authentication trust none.
    pub fn new(rights: &'d Rights<'d, 'e>, no_trusted_addresses: bool) -> Self {
        let directory = rights.directory();
        let estate = directory.estate();
        let grants = grants(rights);
        let mut scopes: HashMap<String, usize> = HashMap::new();
        let mut at_scope: Vec<Vec<usize>> = Vec::new();
        let given = grants.iter().enumerate().map(|(number, grant)| (grant.scope, Some(number)));
        // What is taken tells machines apart, too.
        let taken = estate.around.deny_assignments.iter().map(|deny| (estate.text(deny.owner), None));
        for (scope, number) in given.chain(taken) {
            let scope = scope.trim_end_matches('/').to_ascii_lowercase();
            let at = *scopes.entry(scope).or_insert(at_scope.len());
            if at == at_scope.len() {
                at_scope.push(Vec::new());
            }
            if let Some(here) = at_scope.get_mut(at) {
                here.extend(number);
            }
        }
        let machines = machine_classes(rights, &scopes);
        let named = named(estate, &grants);
        let kinds: HashMap<ResourceId, &'e str> =
            grants.iter().map(|grant| (grant.principal, grant.kind.unwrap_or_default())).collect();
        let unread =
            grants.iter().filter(|grant| grant.is_to_unread()).map(|grant| grant.principal).collect();
        let people = people::classes(directory, &named, &kinds, &unread);
        let mut classes_of: HashMap<ResourceId, Vec<usize>> = HashMap::new();
        let (mut class_of_machine, mut class_of_person) = (HashMap::new(), HashMap::new());
        let mut individual_of = HashMap::new();
        for (at, class) in people.iter().enumerate() {
            // Whom a right alone names has by that class what names them, and everything else by the other.
            if class.base.is_some() {
                for subject in &class.members {
                    classes_of.entry(subject.id).or_default().push(at);
                    individual_of.insert(subject.id, at);
                }
                continue;
            }
            for holder in &class.holders {
                classes_of.entry(*holder).or_default().push(at);
            }
            class_of_person.extend(class.members.iter().map(|subject| (subject.id, at)));
        }
        for (at, class) in machines.iter().enumerate() {
            class_of_machine.extend(class.members.iter().map(|id| (*id, at)));
        }
        let groups = grants.iter().filter(|grant| grant.is_to_group()).map(|grant| grant.principal).collect();
        let mut who = Self {
            rights,
            grants,
            machines,
            people,
            rules: Rules::of(directory),
            no_trusted_addresses,
            sign_ins: Vec::new(),
            sign_in_of: HashMap::new(),
            at_scope,
            classes_of,
            class_of_machine,
            class_of_person,
            individual_of,
            groups,
        };
        who.ask();
        who
    }

    /// The directory.
    pub fn directory(&self) -> &'d Directory<'e> {
        self.rights.directory()
    }

    /// The number of the class of a machine.
    pub fn class_of_machine(&self, id: ResourceId) -> Option<usize> {
        self.class_of_machine.get(&id).copied()
    }

    /// The number of the class of somebody.
    pub fn class_of_person(&self, id: ResourceId) -> Option<usize> {
        self.class_of_person.get(&id).copied()
    }

    /// The number of the class that somebody has beside, for rights that name them.
    pub fn individual_of(&self, id: ResourceId) -> Option<usize> {
        self.individual_of.get(&id).copied()
    }

    /// The class that a class of one person is a part of for everything but rights that name them; any other is itself.
    fn base_of(&self, people: usize) -> usize {
        self.people.get(people).and_then(|class| class.base).unwrap_or(people)
    }

    /// The classes of people that are somebody, or are in a group, by their numbers.
    pub fn classes_in(&self, principal: ResourceId) -> &[usize] {
        self.classes_of.get(&principal).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the members of a group are not told.
    pub fn is_untold_group(&self, principal: ResourceId) -> bool {
        let is_group = self.groups.contains(&principal) || self.directory().is_group(principal);
        is_group && !self.directory().tells_members(principal)
    }

    /// Whether a policy is for a class of people by what it includes, and leaves them out.
    pub fn is_spared(&self, people: usize, policy: &AccessPolicy) -> Tri {
        let Some(subject) = self.people.get(people).and_then(|class| class.members.first()) else {
            return Tri::No;
        };
        let groups = self.directory().groups_of(subject.id);
        match policy::person(self.directory(), subject, &groups, policy) {
            (_, Some(policy::Never::PersonExcluded)) => Tri::Yes,
            (judged, None) if judged.so == Tri::Maybe => Tri::Maybe,
            _ => Tri::No,
        }
    }

    /// What is demanded of a class of people at a door; none where nobody of them has a right that it matters for.
    pub fn sign_in(&self, people: usize, door: Door) -> Option<&SignIn<'e>> {
        self.sign_ins.get(self.sign_in_number(people, door)?)
    }

    /// The number of the same: classes of which the same is demanded have the same.
    pub fn sign_in_number(&self, people: usize, door: Door) -> Option<usize> {
        self.sign_in_of.get(&(self.base_of(people), door)).copied()
    }

    /// What is demanded of a class of people at a door, whatever rights they have.
    pub fn demanded(&self, people: usize, door: Door) -> Option<SignIn<'e>> {
        let own = self.people.get(people)?;
        Some(self.asked(
            own.members.first()?,
            own.risk,
            door,
            Effort { by_policy: true, budget: &mut { CASES } },
        ))
    }

    fn asked(&self, subject: &Subject<'e>, risk: PersonRisk, door: Door, effort: Effort<'_>) -> SignIn<'e> {
        let trusted = self.no_trusted_addresses;
        SignIn::of(self.directory(), self.rules, subject, door, risk, trusted, effort)
    }

    /// Whether one scope holds another.
    pub fn holds(&self, outer: &str, inner: &str) -> Tri {
        self.rights.covers(outer, inner)
    }

    /// All different demands.
    pub fn sign_ins(&self) -> &[SignIn<'e>] {
        &self.sign_ins
    }

    /// The grants that hold for a class of machines, or may: with whether the scope certainly holds them.
    pub fn grants_for(&self, machines: &Machines) -> Vec<(usize, Tri)> {
        let scopes = machines.scopes.iter().chain(&machines.disk_scopes);
        let all = scopes.flat_map(|(scope, covers)| {
            self.at_scope.get(*scope).into_iter().flatten().map(|grant| (*grant, *covers))
        });
        let mut best: BTreeMap<usize, Tri> = BTreeMap::new();
        for (grant, covers) in all {
            let so = best.entry(grant).or_insert(Tri::No);
            *so = so.or(covers);
        }
        best.into_iter().collect()
    }

    /// Who has means for a class of machines.
    pub fn holders(&self, machines: &Machines) -> Vec<Holder> {
        let mut by_holding: BTreeMap<Holding, Vec<(usize, On, Tri)>> = BTreeMap::new();
        let sides = [(&machines.scopes, On::Machine), (&machines.disk_scopes, On::Disk)];
        for (scopes, on) in sides {
            for (scope, covers) in scopes {
                for grant in self.at_scope.get(*scope).into_iter().flatten() {
                    let Some(own) = self.grants.get(*grant) else { continue };
                    for class in self.classes_in(own.principal) {
                        by_holding.entry(Holding::People(*class)).or_default().push((*grant, on, *covers));
                    }
                    if own.is_to_group() && !self.directory().tells_members(own.principal) {
                        let group = Holding::Group(own.principal);
                        by_holding.entry(group).or_default().push((*grant, on, *covers));
                    }
                }
            }
        }
        let holders = by_holding.into_iter().map(|(who, grants)| {
            let held = Means::ALL.into_iter().filter_map(|means| self.held(machines, who, means, &grants));
            Holder { who, held: held.collect() }
        });
        holders.filter(|holder| !holder.held.is_empty()).collect()
    }

    fn held(
        &self,
        machines: &Machines,
        who: Holding,
        means: Means,
        grants: &[(usize, On, Tri)],
    ) -> Option<Held> {
        let mut held = Held { means, now: Tri::No, taken: Tri::No, grants: Vec::new(), certain: Vec::new() };
        for (at, (_, on, action)) in ACTIONS.iter().enumerate().filter(|(_, (its, ..))| *its == means) {
            let side = match on {
                On::Disk => On::Disk,
                On::Machine if machines.of_set => continue,
                On::ScaleSet if !machines.of_set => continue,
                On::Machine | On::ScaleSet | On::Either => On::Machine,
            };
            let (mut now, mut taken) = (Tri::No, Tri::No);
            let mut given: Vec<(usize, Tri)> = Vec::new();
            for (number, _, covers) in grants.iter().filter(|(_, on, _)| *on == side) {
                let Some(grant) = self.grants.get(*number) else { continue };
                // Whoever gives roles at the machine, too, can do more than to copy its disk.
                let indirect = means == Means::DiskCopy && *action != COPY_DISK;
                if indirect && grants.iter().any(|(its, on, _)| its == number && *on == On::Machine) {
                    continue;
                }
                let so = grant.gives.get(at).map_or(Tri::No, |gives| gives.and(*covers));
                if so == Tri::No {
                    continue;
                }
                given.push((*number, so));
                let sum = if grant.eligible { &mut taken } else { &mut now };
                *sum = sum.or(so);
            }
            if now.or(taken) == Tri::No {
                continue;
            }
            let mut denied = self.denied(machines, who, *action, side);
            // A role that somebody gives themselves is worth nothing where what it gives is taken away.
            if means == Means::DiskCopy && denied != Tri::Yes {
                denied = denied.or(self.denied(machines, who, COPY_DISK, side));
            }
            if denied == Tri::Yes {
                continue;
            }
            held.grants.extend(given.iter().map(|(number, _)| *number));
            held.certain.extend(given.iter().filter(|(_, so)| *so == Tri::Yes).map(|(number, _)| *number));
            held.now = held.now.or(now.and(!denied));
            held.taken = held.taken.or(taken.and(!denied));
        }
        for list in [&mut held.grants, &mut held.certain] {
            list.sort_unstable();
            list.dedup();
        }
        (held.now.or(held.taken) != Tri::No).then_some(held)
    }

    fn denied(&self, machines: &Machines, who: Holding, action: crate::rights::Action<'_>, side: On) -> Tri {
        let estate = self.directory().estate();
        if estate.around.deny_assignments.is_empty() {
            return Tri::No;
        }
        let is_unread =
            |class: usize| self.people.get(class).is_some_and(|people| people.standing == Standing::Unread);
        let subject = match who {
            Holding::People(class) if is_unread(class) => None,
            Holding::People(class) => self.people.get(class).and_then(|class| class.members.first()).copied(),
            Holding::Group(group) => Some(Subject { id: group, person: None }),
        };
        let (Some(subject), Some(machine)) = (subject, machines.members.first()) else { return Tri::Maybe };
        let resource = match side {
            On::Disk => disk_of(estate, *machine).map(|disk| estate.text(disk)),
            _ => Some(estate.text(*machine)),
        };
        resource.map_or(Tri::Maybe, |resource| self.rights.denied(&subject, resource, action))
    }

    /// Works out what is demanded of each class of people at each door that they have a right for. Classes that all policies
    /// take alike are asked about once.
    fn ask(&mut self) {
        let directory = self.directory();
        let estate = directory.estate();
        let mut needed: BTreeSet<(usize, Door)> = BTreeSet::new();
        for machines in &self.machines {
            for (grant, _) in self.grants_for(machines) {
                let Some(grant) = self.grants.get(grant) else { continue };
                let gives = |login: bool| {
                    let all = Means::ALL.into_iter().filter(|means| means.is_login() == login);
                    all.map(|means| grant.means(means)).fold(Tri::No, Tri::or) != Tri::No
                };
                let mut doors: Vec<Door> = Vec::new();
                if gives(true) {
                    match machines.door {
                        Some(door) => doors.push(door),
                        None => doors.extend([Door::Windows, Door::Linux]),
                    }
                }
                doors.extend(gives(false).then_some(Door::Azure));
                for class in self.classes_of.get(&grant.principal).into_iter().flatten() {
                    needed.extend(doors.iter().map(|door| (self.base_of(*class), *door)));
                }
            }
        }
        let policies = &estate.around.access_policies;
        // What a policy says of somebody: whether it is for them, what is in doubt, and why it never is.
        type Said = (Tri, Vec<policy::Doubt>, Option<policy::Never>);
        let mut known: BTreeMap<(Door, PersonRisk, Vec<Said>), usize> = BTreeMap::new();
        let mut said_of: HashMap<usize, Vec<Said>> = HashMap::new();
        // So many cases that nobody can be told the policies behind each cost time: after some of these nobody is.
        let mut crowded = 0;
        let mut budget = CASES;
        for (class, door) in needed {
            let Some(own) = self.people.get(class) else { continue };
            let asked = !matches!(own.standing, Standing::Program | Standing::Gone | Standing::Unread);
            let Some(subject) = own.members.first().copied().filter(|_| asked) else { continue };
            let said = said_of.entry(class).or_insert_with(|| {
                let groups = directory.groups_of(subject.id);
                let all = policies.iter().map(|one| {
                    let (judged, never) = policy::person(directory, &subject, &groups, one);
                    (judged.so, judged.doubts, never)
                });
                all.collect()
            });
            let next = self.sign_ins.len();
            let at = *known.entry((door, own.risk, said.clone())).or_insert(next);
            if at == next {
                let one = self.asked(
                    &subject,
                    own.risk,
                    door,
                    Effort { by_policy: crowded < CROWDED, budget: &mut budget },
                );
                crowded += usize::from(one.answer.as_ref().is_none_or(|answer| !answer.by_policy));
                self.sign_ins.push(one);
            }
            self.sign_in_of.insert((class, door), at);
        }
    }
}

/// Every role that lets somebody into machines, wherever it is given.
fn grants<'e>(rights: &Rights<'_, 'e>) -> Vec<Grant<'e>> {
    let directory = rights.directory();
    let estate = directory.estate();
    let around = &estate.around;
    let mut all = Vec::new();
    // What a role gives is the same wherever it is given without a condition.
    let mut known: HashMap<ResourceId, (String, [Tri; ACTIONS.len()])> = HashMap::new();
    let own = around.role_assignments.iter().map(|one| (one, false));
    for (assignment, eligible) in own.chain(around.eligible_rights.iter().map(|one| (one, true))) {
        let read = assignment.holder.as_ref().and_then(Known::value).copied();
        let principal = read.unwrap_or(assignment.id);
        let look = || {
            let mut role = String::new();
            let gives = ACTIONS.map(|(_, _, action)| {
                let (name, so) = rights.gives(assignment, action);
                role = name;
                so
            });
            (role, gives)
        };
        let (role, gives) = match (&assignment.role, &assignment.condition) {
            (Some(Known::Value(role)), None) => known.entry(*role).or_insert_with(look).clone(),
            _ => look(),
        };
        let told = assignment.principal_kind.as_ref().and_then(Known::value).map(|kind| &**kind);
        let kind = told.filter(|_| read.is_some()).or_else(|| directory.is_group(principal).then_some(GROUP));
        let scope = estate.text(assignment.owner);
        let grant = Grant { given: Given::Role(assignment), role, principal, kind, scope, eligible, gives };
        if grant.gives.iter().any(|so| *so != Tri::No) {
            all.push(grant);
        }
    }
    let own = around.directory_roles.iter().map(|one| (one, false));
    for (one, eligible) in own.chain(around.eligible_roles.iter().map(|one| (one, true))) {
        let is_global = match &one.role {
            Some(Known::Value(role)) => directory.is_role(*role, GLOBAL_ADMINISTRATOR).into(),
            _ => Tri::Maybe,
        };
        let everywhere = match &one.within {
            Some(Known::Value(within)) => (**within == *"/").into(),
            _ => Tri::Maybe,
        };
        let so = is_global.and(everywhere);
        if so == Tri::No {
            continue;
        }
        let gives = ACTIONS.map(|(means, ..)| Tri::from(means == Means::GiveRights).and(so));
        let role = if is_global == Tri::Yes { "Global Administrator" } else { "?" };
        all.push(Grant {
            given: Given::Directory(one),
            role: role.to_owned(),
            principal: one.owner,
            kind: directory.is_group(one.owner).then_some(GROUP),
            scope: "/",
            eligible,
            gives,
        });
    }
    all
}

/// Every group that has a right, and everybody that a policy, a role of the directory or what is taken from people names.
fn named(estate: &Estate, grants: &[Grant<'_>]) -> HashSet<ResourceId> {
    let around = &estate.around;
    let groups = grants.iter().filter(|grant| grant.is_to_group());
    let mut all: HashSet<ResourceId> = groups.map(|grant| grant.principal).collect();
    let mut add = |list: &estate::Field<Vec<Box<str>>>| {
        let list = list.as_ref().and_then(Known::value).into_iter().flatten();
        all.extend(list.filter_map(|id| estate.ids().find(id)));
    };
    for policy in &around.access_policies {
        for list in
            [&policy.include_users, &policy.exclude_users, &policy.include_groups, &policy.exclude_groups]
        {
            add(list);
        }
    }
    for deny in &around.deny_assignments {
        add(&deny.principals);
        add(&deny.excluded);
    }
    all.extend(around.directory_roles.iter().chain(&around.eligible_roles).map(|role| role.owner));
    all
}

fn disk_of(estate: &Estate, machine: ResourceId) -> Option<ResourceId> {
    match estate.vm(machine)?.upkeep.os_disk {
        Some(Known::Value(disk)) => Some(disk),
        _ => None,
    }
}

#[derive(PartialEq, Eq, Hash)]
struct MachineKey {
    door: Option<Door>,
    ready: Ready,
    of_set: bool,
    scopes: Vec<(usize, Tri)>,
    disk_scopes: Vec<(usize, Tri)>,
}

fn machine_classes(rights: &Rights<'_, '_>, scopes: &HashMap<String, usize>) -> Vec<Machines> {
    let estate = rights.directory().estate();
    let groups: Vec<(&str, usize)> = scopes
        .iter()
        .filter(|(scope, _)| scope.starts_with("/providers/microsoft.management/managementgroups/"))
        .map(|(scope, at)| (scope.as_str(), *at))
        .collect();
    // Management groups hold subscriptions: what they hold is the same for all that is in one of these.
    let mut of_subscription: HashMap<String, Vec<(usize, Tri)>> = HashMap::new();
    let mut holding = |resource: &str| -> Vec<(usize, Tri)> {
        let lower = resource.trim_end_matches('/').to_ascii_lowercase();
        let subscription = resource_subscription(&lower).unwrap_or_default().to_owned();
        let mut all = of_subscription
            .entry(subscription)
            .or_insert_with_key(|subscription| {
                let resource = format!("/subscriptions/{subscription}");
                let covers = |(scope, at): &(&str, usize)| (*at, rights.covers(scope, &resource));
                groups.iter().map(covers).filter(|(_, so)| *so != Tri::No).collect()
            })
            .clone();
        // Every scope above ends where a part of the id does.
        let ends = lower.bytes().enumerate().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at);
        let above = ends.chain([lower.len()]).filter_map(|end| lower.get(..end));
        all.extend(above.filter_map(|scope| scopes.get(scope)).map(|at| (*at, Tri::Yes)));
        all.sort_unstable();
        all.dedup();
        all
    };
    let mut places: HashMap<MachineKey, usize> = HashMap::new();
    let mut classes: Vec<Machines> = Vec::new();
    let sets = estate.scale_sets.iter().filter_map(|set| Some((set.id, &set.model.as_ref()?.value()?.vm)));
    let all = estate.vms.iter().map(|vm| (vm.id, vm)).chain(sets);
    for (id, vm) in all {
        let set = machines::scale_set_of(estate, id);
        let own_disk = disk_of_vm(vm);
        let key = MachineKey {
            door: machines::door(vm),
            ready: ready(estate, vm, set),
            of_set: set.is_some() || estate.scale_set(id).is_some(),
            scopes: holding(estate.text(id)),
            disk_scopes: own_disk.map(|disk| holding(estate.text(disk))).unwrap_or_default(),
        };
        if let Some(class) = places.get(&key).and_then(|at| classes.get_mut(*at)) {
            class.members.push(id);
            continue;
        }
        let MachineKey { door, ready, of_set, ref scopes, ref disk_scopes } = key;
        let (scopes, disk_scopes) = (scopes.clone(), disk_scopes.clone());
        classes.push(Machines { members: vec![id], door, ready, of_set, scopes, disk_scopes });
        places.insert(key, classes.len() - 1);
    }
    classes
}

fn disk_of_vm(vm: &Vm) -> Option<ResourceId> {
    match vm.upkeep.os_disk {
        Some(Known::Value(disk)) => Some(disk),
        _ => None,
    }
}
