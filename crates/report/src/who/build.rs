//! Puts what was worked out into the form that is shown. Numbers are given anew, in the order of names and ids, so that the
//! same estate gives the same answer whatever the order of its records.

use std::collections::{BTreeMap, BTreeSet};

use estate::{
    Estate, Feed, Field, Known, OsFamily, PortSet, Range, Reason, ResourceId, Vm, resource_name,
    resource_subscription,
};
use hashbrown::HashMap;
use posture::{Lang, reason_text, settled_by};
use rayon::prelude::*;
use reach::difference::Machine;
use reach::{Addresses, Opening, Protocols, Reach, Start};
use serde_json::json;
use signin::{Door, Given, Grant, Holder, Holding, Machines, People, Standing, Tri, Who, Why};

use super::{
    About, AccountForm, CanForm, ClassForm, EntraForm, GrantForm, HolderForm, HoleForm, MachineForm,
    OutcomeForm, PersonForm, PrincipalForm, Question, SCHEMA, SignInForm, WayForm, WhoForm,
};
use crate::clean::clean;
use crate::reached::UnknownForm;
use crate::through::ports_text;
use crate::what_if::{doubt_parts, never_code, never_text, region_json, region_text, tri};
use crate::words::pick;

/// How many regions of one outcome are told.
const REGIONS: usize = 20;

struct Build<'q, 'a, 'd, 'e> {
    question: &'q Question<'a, 'd, 'e>,
    who: &'a Who<'d, 'e>,
    estate: &'e Estate,
    lang: Lang,
    grants: BTreeSet<usize>,
    people: BTreeSet<usize>,
    sign_ins: BTreeSet<usize>,
    unknown: BTreeSet<UnknownForm>,
}

/// Puts an answer into the form that is shown.
pub fn who_form(question: &Question<'_, '_, '_>) -> WhoForm {
    let who = question.who;
    let estate = who.directory().estate();
    let mut build = Build {
        question,
        who,
        estate,
        lang: question.lang,
        grants: BTreeSet::new(),
        people: BTreeSet::new(),
        sign_ins: BTreeSet::new(),
        unknown: BTreeSet::new(),
    };
    build.form()
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

impl<'e> Build<'_, '_, '_, 'e> {
    fn form(&mut self) -> WhoForm {
        // Somebody may have a class of their own beside.
        let person: Vec<Holding> = match self.question.about {
            About::Person(subject) => {
                let of_all = self.who.class_of_person(subject.id);
                of_all.into_iter().chain(self.who.individual_of(subject.id)).map(Holding::People).collect()
            }
            About::Machine(_) | About::All => Vec::new(),
        };
        let of_person = matches!(self.question.about, About::Person(_));
        // The classes of machines that are asked about, with who holds what.
        let mut chosen: Vec<(&Machines, Vec<Holder>)> = Vec::new();
        for machines in &self.who.machines {
            if let About::Machine(id) = self.question.about
                && !machines.members.contains(&id)
            {
                continue;
            }
            let mut holders = self.who.holders(machines);
            if of_person {
                // Whoever is in a group of which nobody told the members may be anybody, this person too.
                holders
                    .retain(|holder| person.contains(&holder.who) || matches!(holder.who, Holding::Group(_)));
                self.note(machines, &holders);
                holders.retain(|holder| person.contains(&holder.who));
                if holders.is_empty() {
                    continue;
                }
            }
            chosen.push((machines, holders));
        }
        let mut rows: Vec<(ResourceId, usize, Ways)> = Vec::new();
        for (at, (machines, _)) in chosen.iter().enumerate() {
            let members: Vec<ResourceId> = match self.question.about {
                About::Machine(id) => vec![id],
                About::Person(_) | About::All => machines.members.clone(),
            };
            let (reach, ports) = (self.question.reach, self.question.ports);
            rows.par_extend(members.into_par_iter().map(|id| (id, at, ways(reach, id, ports))));
        }
        rows.par_sort_by_cached_key(|(id, ..)| lower(self.estate.text(*id)));
        let mut class_of: HashMap<(usize, Vec<WayForm>, bool), usize> = HashMap::new();
        let mut classes: Vec<(usize, (Vec<WayForm>, bool), usize)> = Vec::new();
        let mut machines = Vec::with_capacity(rows.len());
        let keys = shared_keys(self.estate);
        for (id, at, ways) in rows {
            for reason in &ways.unknown {
                self.reason(reason);
            }
            let (ways, known) = (ways.ways, ways.all_known);
            let class = *class_of.entry((at, ways.clone(), known)).or_insert_with(|| {
                classes.push((at, (ways, known), 0));
                classes.len() - 1
            });
            if let Some((.., count)) = classes.get_mut(class) {
                *count += 1;
            }
            machines.push(MachineForm {
                id: self.estate.text(id).to_owned(),
                name: clean(resource_name(self.estate.text(id))).into_owned(),
                class,
                account: vm_of(self.estate, id).and_then(|vm| account(vm, &keys)),
            });
        }
        for (machines, holders) in &chosen {
            self.note(machines, holders);
        }
        let person_numbers = self.people_numbers();
        let grant_numbers = self.grant_numbers();
        let sign_in_numbers = self.sign_in_numbers(&person_numbers);
        let numbers = Numbers { people: &person_numbers, grants: &grant_numbers, sign_ins: &sign_in_numbers };
        let machine_classes = classes
            .into_iter()
            .filter_map(|(at, ways, count)| {
                let (machines, holders) = chosen.get(at)?;
                Some(self.class_form(machines, holders, ways, count, &numbers))
            })
            .collect();
        let (asked, title) = match self.question.about {
            About::Machine(id) => {
                let text = self.estate.text(id);
                (json!({ "machine": text }), clean(resource_name(text)).into_owned())
            }
            About::Person(subject) => {
                let name = crate::what_if::person_name(self.who.directory(), &subject);
                (json!({ "person": self.estate.text(subject.id) }), clean(&name).into_owned())
            }
            About::All => (json!({ "all": true }), String::new()),
        };
        let people = self.people_forms(&person_numbers);
        WhoForm {
            schema: SCHEMA,
            asked,
            title,
            all_policies_known: self.who.rules.whole,
            security_defaults: self.who.rules.defaults,
            machines,
            machine_classes,
            people,
            grants: self.grant_forms(&grant_numbers),
            sign_ins: self.sign_in_forms(&sign_in_numbers),
            reach: self.question.reached.clone(),
            unknown: std::mem::take(&mut self.unknown).into_iter().collect(),
        }
    }

    /// Notes what a class of machines needs, and what nobody can tell of it.
    fn note(&mut self, machines: &Machines, holders: &[Holder]) {
        for holder in holders {
            self.grants.extend(holder.held.iter().flat_map(|held| held.grants.iter().copied()));
            match holder.who {
                Holding::People(class) => {
                    self.people.insert(class);
                    let doors = machines.door.into_iter().chain([Door::Azure]);
                    let either = [Door::Windows, Door::Linux].into_iter().filter(|_| machines.door.is_none());
                    let doors = doors.chain(either);
                    let asked = doors.filter_map(|door| self.who.sign_in_number(class, door));
                    self.sign_ins.extend(asked);
                    let people = self.who.people.get(class);
                    match people.map(|people| (people.standing, people.members.first())) {
                        Some((Standing::Untold | Standing::Person, _)) => self.lacks(Feed::People),
                        Some((Standing::Unread, Some(record))) => self.unread(record.id),
                        _ => {}
                    }
                }
                Holding::Group(group) => {
                    let group = self.estate.text(group);
                    let doubt = signin::Doubt::Group(group.to_owned());
                    self.doubt(&doubt);
                }
            }
        }
        let estate = self.estate;
        let vm = machines.members.first().and_then(|id| Some((*id, vm_of(estate, *id)?)));
        if let Some((id, vm)) = vm {
            for feed in [Feed::Rights, Feed::EligibleRights] {
                match estate.coverage.asked(feed, estate.text(id), &vm.origins) {
                    estate::Asked::Whole => {}
                    estate::Asked::Gap(action) => self.reason(&Reason::NotWhole { feed, action }),
                    estate::Asked::Never => self.lacks(feed),
                }
            }
        }
        for (list, feed) in [
            (estate::DirectoryList::Roles, Feed::DirectoryRoles),
            (estate::DirectoryList::EligibleRoles, Feed::EligibleRoles),
        ] {
            if !estate.around.lists(list) {
                self.lacks(feed);
            }
        }
        if machines.ready.extension == Tri::Maybe {
            self.lacks(Feed::Machines);
        }
        if !self.who.rules.whole {
            self.lacks(Feed::AccessPolicies);
        }
        for (grant, covers) in self.who.grants_for(machines) {
            let Some(own) = self.who.grants.get(grant) else { continue };
            if covers == Tri::Maybe {
                let (scope, subscription) =
                    (own.scope, vm.map(|(id, _)| estate.text(id)).unwrap_or_default());
                self.management_group(scope, subscription);
            }
        }
        for held in holders.iter().flat_map(|holder| &holder.held) {
            for grant in held.grants.iter().filter_map(|at| self.who.grants.get(*at)) {
                let Given::Role(assignment) = grant.given else { continue };
                if grant.means(held.means) != Tri::Maybe {
                    continue;
                }
                match assignment.condition {
                    None => self.role(&grant.role),
                    Some(_) => self.condition(&grant.role, grant.scope),
                }
            }
            // What is certainly given, and may be taken away.
            if !held.certain.is_empty() && held.now.or(held.taken) == Tri::Maybe {
                self.denial(machines);
            }
        }
    }

    fn unread(&mut self, record: ResourceId) {
        let record = clean(self.estate.text(record));
        let reason = match self.lang {
            Lang::En => format!("to whom `{record}` is given"),
            Lang::Ja => format!("`{record}` の割り当て先"),
        };
        let settled_by = "az role assignment list --all --include-inherited".to_owned();
        self.unknown.insert(UnknownForm { reason, settled_by });
    }

    fn condition(&mut self, role: &str, scope: &str) {
        let (role, scope) = (clean(role), super::words::scope_text(scope, self.lang));
        let reason = match self.lang {
            Lang::En => format!("whether the condition of the role `{role}` of {scope} holds"),
            Lang::Ja => format!("{scope} の `{role}` に付いた条件が成り立つか"),
        };
        let settled_by = "az role assignment list --all --include-inherited".to_owned();
        self.unknown.insert(UnknownForm { reason, settled_by });
    }

    fn denial(&mut self, machines: &Machines) {
        let machine = machines.members.first().map(|id| resource_name(self.estate.text(*id)));
        let machine = clean(machine.unwrap_or_default());
        let reason = match self.lang {
            Lang::En => format!("whether a deny assignment takes a right to `{machine}` away"),
            Lang::Ja => format!("`{machine}` への権限が拒否割り当てで打ち消されるか"),
        };
        let settled_by = "sekimori collect".to_owned();
        self.unknown.insert(UnknownForm { reason, settled_by });
    }

    fn reason(&mut self, reason: &Reason) {
        let row =
            UnknownForm { reason: reason_text(reason, self.lang), settled_by: settled_by(reason, self.lang) };
        self.unknown.insert(row);
    }

    fn lacks(&mut self, feed: Feed) {
        self.reason(&Reason::NotAsked { feed });
    }

    fn defaults(&mut self) {
        let reason = match self.lang {
            Lang::En => "of whom security defaults demand MFA, and when",
            Lang::Ja => "セキュリティの既定値群が、誰にいつ MFA を要求するか",
        };
        let settled_by = match self.who.rules.defaults {
            Some(_) => String::new(),
            None => "az rest --url 'https://graph.microsoft.com/v1.0/policies/identitySecurityDefaultsEnforcementPolicy'"
                .to_owned(),
        };
        self.unknown.insert(UnknownForm { reason: reason.to_owned(), settled_by });
    }

    fn doubt(&mut self, doubt: &signin::Doubt) {
        let (reason, settled_by) = doubt_parts(doubt, self.lang);
        self.unknown.insert(UnknownForm { reason, settled_by: settled_by.unwrap_or_default() });
    }

    fn management_group(&mut self, scope: &str, resource: &str) {
        let (group, subscription) =
            (clean(resource_name(scope)), clean(resource_subscription(resource).unwrap_or_default()));
        let reason = match self.lang {
            Lang::En => {
                format!("whether the subscription `{subscription}` is in the management group `{group}`")
            }
            Lang::Ja => {
                format!("サブスクリプション `{subscription}` が管理グループ `{group}` に属しているか")
            }
        };
        let command = "sekimori collect; az graph query -q \"resourcecontainers | where type =~ 'microsoft.resources/subscriptions'\"";
        self.unknown.insert(UnknownForm { reason, settled_by: command.to_owned() });
    }

    fn role(&mut self, role: &str) {
        let role = clean(role);
        let reason = match self.lang {
            Lang::En => format!("what the role `{role}` lets people do"),
            Lang::Ja => format!("ロール `{role}` で許可される操作"),
        };
        let settled_by = format!("az role definition list --name {role}");
        self.unknown.insert(UnknownForm { reason, settled_by });
    }

    /// Classes of people, by the least login or id in them.
    fn people_numbers(&self) -> BTreeMap<usize, usize> {
        let least = |class: usize| {
            let members = self.who.people.get(class).into_iter().flat_map(|people| &people.members);
            let least = members.map(|subject| lower(self.estate.text(subject.id))).min();
            (least, self.who.people.get(class).is_some_and(|people| people.base.is_some()))
        };
        let mut all: Vec<usize> = self.people.iter().copied().collect();
        all.sort_by_cached_key(|class| least(*class));
        all.into_iter().enumerate().map(|(number, class)| (class, number)).collect()
    }

    fn grant_numbers(&self) -> BTreeMap<usize, usize> {
        let key =
            |at: usize| self.who.grants.get(at).map(|grant| (grant_id(self.estate, grant), grant.eligible));
        let mut all: Vec<usize> = self.grants.iter().copied().collect();
        all.sort_by_cached_key(|at| key(*at));
        all.into_iter().enumerate().map(|(number, at)| (at, number)).collect()
    }

    /// By the first class of people that they are for.
    fn sign_in_numbers(&self, people: &BTreeMap<usize, usize>) -> BTreeMap<usize, usize> {
        let mut first: BTreeMap<usize, (usize, Door)> = BTreeMap::new();
        for (class, number) in people {
            for door in Door::ALL {
                if let Some(at) = self.who.sign_in_number(*class, door)
                    && self.sign_ins.contains(&at)
                {
                    let key = (*number, door);
                    first.entry(at).and_modify(|least| *least = key.min(*least)).or_insert(key);
                }
            }
        }
        let mut all: Vec<(usize, (usize, Door))> = first.into_iter().collect();
        all.sort_by_key(|(_, key)| *key);
        all.into_iter().enumerate().map(|(number, (at, _))| (at, number)).collect()
    }

    fn class_form(
        &self,
        machines: &Machines,
        holders: &[Holder],
        (ways, all_ways_known): (Vec<WayForm>, bool),
        count: usize,
        numbers: &Numbers<'_>,
    ) -> ClassForm {
        // People of whom the same is so stand together.
        let mut forms: Vec<HolderForm> = Vec::new();
        let mut places: BTreeMap<Alike, usize> = BTreeMap::new();
        for holder in holders {
            let can: Vec<CanForm> = holder
                .held
                .iter()
                .map(|held| {
                    let mut grants: Vec<usize> =
                        held.grants.iter().filter_map(|at| numbers.grants.get(at)).copied().collect();
                    grants.sort_unstable();
                    CanForm {
                        means: held.means.word(),
                        now: tri(held.now),
                        after_taking_a_role: tri(held.taken),
                        grants,
                        what: held.means,
                        so: (held.now, held.taken),
                    }
                })
                .collect();
            let (class, group) = match holder.who {
                Holding::People(class) => (Some(class), None),
                Holding::Group(group) => (None, Some(self.principal(group, Some("Group")))),
            };
            let logs_in = can.iter().any(|can| can.what.is_login());
            let acts = can.iter().any(|can| !can.what.is_login());
            let number = |door: Door, needed: bool| {
                let at = class.filter(|_| needed).and_then(|class| self.who.sign_in_number(class, door))?;
                numbers.sign_ins.get(&at).copied()
            };
            // Where the system is not told, the one of the two at which less is demanded.
            let doors = machines.door.map_or_else(|| vec![Door::Windows, Door::Linux], |door| vec![door]);
            let least = |door: &Door| {
                let sign_in = class.and_then(|class| self.who.sign_in(class, *door));
                sign_in.map(signin::SignIn::least)
            };
            let sign_in = doors.into_iter().min_by_key(least).and_then(|door| number(door, logs_in));
            let sign_in_to_azure = number(Door::Azure, acts);
            let people: Vec<usize> =
                class.and_then(|class| numbers.people.get(&class)).copied().into_iter().collect();
            if group.is_none() {
                let key = (can.clone(), sign_in, sign_in_to_azure);
                if let Some(form) = places.get(&key).and_then(|at| forms.get_mut(*at)) {
                    form.people.extend(people);
                    continue;
                }
                places.insert(key, forms.len());
            }
            forms.push(HolderForm { people, group, can, sign_in, sign_in_to_azure });
        }
        for form in &mut forms {
            form.people.sort_unstable();
        }
        forms.sort_by_cached_key(|form| {
            (
                form.group.is_some(),
                form.people.first().copied(),
                form.group.as_ref().map(|one| one.id.clone()),
            )
        });
        let ready = machines.ready;
        ClassForm {
            count,
            system: match machines.door {
                Some(Door::Windows) => "windows",
                Some(Door::Linux) => "linux",
                _ => "unknown",
            },
            entra: EntraForm {
                ready: tri(ready.so()),
                extension: tri(ready.extension),
                identity: tri(ready.identity),
                so: (ready.extension, ready.identity),
            },
            ways,
            all_ways_known,
            holders: forms,
        }
    }

    fn people_forms(&self, numbers: &BTreeMap<usize, usize>) -> Vec<PersonForm> {
        let only = match self.question.about {
            About::Person(subject) => Some(subject.id),
            About::Machine(_) | About::All => None,
        };
        let around = &self.estate.around;
        let text = |field: &Field<Box<str>>| field.as_ref().and_then(Known::value).map(ToString::to_string);
        let mut all: HashMap<ResourceId, PersonForm> = HashMap::new();
        for (class, number) in numbers {
            let Some(people) = self.who.people.get(*class) else { continue };
            let People { members, standing, enabled, risk, .. } = people;
            for subject in members.iter().filter(|subject| only.is_none_or(|only| only == subject.id)) {
                let form = all.entry(subject.id).or_insert_with(|| {
                    let methods = around.sign_in_methods.of(subject.id).first();
                    let program = around.programs.of(subject.id).first();
                    let name = subject.person.map(|person| &person.name).or(program.map(|one| &one.name));
                    PersonForm {
                        id: self.estate.text(subject.id).to_owned(),
                        login: subject.person.and_then(|person| text(&person.login)),
                        name: name.and_then(text),
                        standing: standing.word(),
                        enabled: *enabled,
                        risk: risk.word(),
                        mfa_capable: methods.and_then(|its| its.mfa.as_ref()?.value().copied()),
                        classes: Vec::new(),
                        what: *standing,
                    }
                });
                form.classes.push(*number);
            }
        }
        let mut all: Vec<PersonForm> = all.into_values().collect();
        all.par_sort_by_cached_key(|person| lower(&person.id));
        all
    }

    fn principal(&self, id: ResourceId, kind: Option<&str>) -> PrincipalForm {
        let around = &self.estate.around;
        let text = |field: &Field<Box<str>>| field.as_ref().and_then(Known::value).map(ToString::to_string);
        let group = around.groups.of(id).first().and_then(|group| text(&group.name));
        let person = || {
            let person = around.people.of(id).first()?;
            text(&person.login).or_else(|| text(&person.name))
        };
        PrincipalForm {
            id: self.estate.text(id).to_owned(),
            name: group.or_else(person),
            kind: kind.map(ToOwned::to_owned),
        }
    }

    fn grant_forms(&self, numbers: &BTreeMap<usize, usize>) -> Vec<GrantForm> {
        let mut all: Vec<(usize, GrantForm)> = numbers
            .iter()
            .filter_map(|(at, number)| {
                let grant = self.who.grants.get(*at)?;
                let conditional = match grant.given {
                    Given::Role(assignment) => assignment.condition.is_some(),
                    Given::Directory(_) => false,
                };
                let form = GrantForm {
                    id: grant_id(self.estate, grant),
                    role: grant.role.clone(),
                    of_directory: matches!(grant.given, Given::Directory(_)),
                    principal: self.principal(grant.principal, grant.kind),
                    scope: grant.scope.to_owned(),
                    eligible: grant.eligible,
                    conditional,
                };
                Some((*number, form))
            })
            .collect();
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, form)| form).collect()
    }

    fn sign_in_forms(&mut self, numbers: &BTreeMap<usize, usize>) -> Vec<SignInForm> {
        let mut all: Vec<(usize, SignInForm)> = Vec::new();
        let mut doubts: BTreeSet<signin::Doubt> = BTreeSet::new();
        for (at, number) in numbers {
            let Some(sign_in) = self.who.sign_ins().get(*at) else { continue };
            let Some(answer) = &sign_in.answer else {
                let (reason, settled_by) = match self.lang {
                    Lang::En => ("too many sets of policies meet", "sekimori what-if --ip … --platform …"),
                    Lang::Ja => ("ポリシーの組み合わせが多すぎます", "sekimori what-if --ip … --platform …"),
                };
                let row = UnknownForm { reason: reason.to_owned(), settled_by: settled_by.to_owned() };
                self.unknown.insert(row);
                let form = SignInForm {
                    application: sign_in.door.word(),
                    least: sign_in.least().word(),
                    outcomes: Vec::new(),
                    holes: Vec::new(),
                    verdict: sign_in.least(),
                };
                all.push((*number, form));
                continue;
            };
            let name = |at: usize| {
                let policy = answer.policies.get(at).map(|its| its.policy);
                let name = policy.and_then(|policy| policy.name.as_ref()?.value()).map(ToString::to_string);
                name.or_else(|| Some(self.estate.text(policy?.id).to_owned())).unwrap_or_default()
            };
            let before = doubts.len();
            for policy in &answer.policies {
                doubts.extend(policy.doubts.iter().cloned());
            }
            // Of Microsoft's own rules nobody can tell when they ask whom for more.
            let open = sign_in.cases.contains(&signin::Verdict::Unknown);
            if open && doubts.len() == before && self.who.rules.defaults_may_hold(answer) {
                self.defaults();
            }
            let mut outcomes: Vec<OutcomeForm> = answer
                .outcomes
                .iter()
                .zip(&sign_in.cases)
                .map(|((demand, regions), verdict)| OutcomeForm {
                    verdict: verdict.word(),
                    policies: demand.certain.iter().map(|at| name(*at)).collect(),
                    possible_policies: demand.possible.iter().map(|at| name(*at)).collect(),
                    places: regions.iter().take(REGIONS).map(|region| region_json(answer, region)).collect(),
                    what: *verdict,
                    texts: regions
                        .iter()
                        .take(REGIONS)
                        .map(|region| region_text(answer, region, self.lang))
                        .collect(),
                })
                .collect();
            outcomes.sort_by_key(|outcome| outcome.what);
            let holes = sign_in.holes().into_iter().map(|hole| {
                let (because, place, text) = match &hole.why {
                    Why::Never(never) => (never_code(*never), None, never_text(*never, self.lang).to_owned()),
                    Why::ReportOnly => (
                        "report-only",
                        None,
                        pick(self.lang, "it only reports", "レポート専用です").to_owned(),
                    ),
                    Why::Weak => (
                        "takes-something-weaker",
                        None,
                        pick(self.lang, "it takes something weaker, too", "より弱い方法も認めています")
                            .to_owned(),
                    ),
                    Why::Alike(name) => {
                        let text = match self.lang {
                            Lang::En => format!("it is for `{name}`, which is another application"),
                            Lang::Ja => format!("対象は別のアプリケーション `{name}` です"),
                        };
                        ("application-of-similar-name", None, text)
                    }
                    Why::Only(region) => {
                        let place = region_text(answer, region, self.lang);
                        let text = match self.lang {
                            Lang::En => format!("it is only for {place}"),
                            Lang::Ja => format!("対象は次の場合だけです: {place}"),
                        };
                        ("only-where", Some(region_json(answer, region)), text)
                    }
                };
                HoleForm { policy: name(hole.policy), because, place, text, near: hole.is_near() }
            });
            let holes = if sign_in.least().has_mfa() { Vec::new() } else { holes.collect() };
            let form = SignInForm {
                application: sign_in.door.word(),
                least: sign_in.least().word(),
                outcomes,
                holes,
                verdict: sign_in.least(),
            };
            all.push((*number, form));
        }
        doubts.iter().for_each(|doubt| self.doubt(doubt));
        all.sort_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, form)| form).collect()
    }
}

/// What people have in common who stand in one row: what they can do, and what is demanded at the machine and by Azure.
type Alike = (Vec<CanForm>, Option<usize>, Option<usize>);

struct Numbers<'n> {
    people: &'n BTreeMap<usize, usize>,
    grants: &'n BTreeMap<usize, usize>,
    sign_ins: &'n BTreeMap<usize, usize>,
}

fn grant_id(estate: &Estate, grant: &Grant<'_>) -> String {
    match grant.given {
        Given::Role(assignment) => estate.text(assignment.id).to_owned(),
        Given::Directory(role) => estate.text(role.id).to_owned(),
    }
}

fn vm_of(estate: &Estate, id: ResourceId) -> Option<&Vm> {
    let of_set = || Some(&estate.scale_set(id)?.model.as_ref()?.value()?.vm);
    estate.vm(id).or_else(of_set)
}

/// How many machines each key opens.
fn shared_keys(estate: &Estate) -> HashMap<&str, usize> {
    let mut all: HashMap<&str, usize> = HashMap::new();
    for keys in estate.vms.iter().filter_map(|vm| vm.upkeep.ssh_keys.as_ref()?.value()) {
        let mut own: Vec<&str> = keys.iter().map(|key| &**key).collect();
        own.sort_unstable();
        own.dedup();
        for key in own {
            *all.entry(key).or_default() += 1;
        }
    }
    all
}

/// The account that a machine was made with.
fn account(vm: &Vm, keys: &HashMap<&str, usize>) -> Option<AccountForm> {
    if !vm.described && vm.profile == "/properties" {
        return None;
    }
    // Of a machine that starts from a disk with a system on it Azure knows no accounts.
    if vm.upkeep.from_disk == Some(Known::Value(true)) && vm.admin_username.is_none() {
        return None;
    }
    let windows = matches!(vm.os, Some(Known::Value(OsFamily::Windows)));
    let password = match (&vm.password_disabled, windows) {
        (_, true) | (Some(Known::Value(false)), false) => Tri::Yes,
        (Some(Known::Value(true)), false) => Tri::No,
        _ => Tri::Maybe,
    };
    let own = vm.upkeep.ssh_keys.as_ref().and_then(Known::value);
    let others = own.into_iter().flatten().filter_map(|key| keys.get(&**key));
    Some(AccountForm {
        name: vm.admin_username.as_ref().and_then(Known::value).map(ToString::to_string),
        password: tri(password),
        ssh_keys: if windows { Some(0) } else { own.map(Vec::len) },
        keys_open_others: others.map(|count| count.saturating_sub(1)).max().unwrap_or(0),
    })
}

/// By which ways packets get to a machine's login.
#[derive(Default)]
struct Ways {
    ways: Vec<WayForm>,
    /// Whether there are certainly no others.
    all_known: bool,
    unknown: Vec<Reason>,
}

/// By which ways packets get to a machine's login, in short.
fn ways(reach: &Reach<'_>, id: ResourceId, ports: &PortSet) -> Ways {
    let estate = reach.estate();
    let machine = match (estate.vm(id), estate.scale_set(id)) {
        (Some(vm), _) => Machine::of_vm(estate, vm),
        (None, Some(set)) => Machine::of_scale_set(estate, set),
        (None, None) => return Ways::default(),
    };
    let doubt = machine.doubt(reach);
    let mut unknown: Vec<Reason> = doubt.into_iter().collect();
    let all_known = unknown.is_empty();
    let everywhere = [estate::Family::V4, estate::Family::V6].map(reach::every_address);
    let all: Vec<_> =
        machine.addresses.iter().flat_map(|(nic, ip)| reach.ways_in(nic, ip, &everywhere)).collect();
    // For each beginning and certainty the ports from which the same addresses of the internet get there.
    let mut rows: Vec<(WayForm, Addresses, PortSet)> = Vec::new();
    for port in ports.ranges().iter().flat_map(|range| range.first..=range.last) {
        let one: PortSet = [Range { first: port, last: port }].into_iter().collect();
        for from in ["internet", "network"] {
            let (mut sure, mut perhaps) = (None, None);
            for way in &all {
                let internet = matches!(way.start, Start::Internet { .. });
                if internet != (from == "internet") {
                    continue;
                }
                let here = |opening: &&Opening| {
                    opening.protocols.contains(Protocols::TCP) && opening.local_ports.overlaps(&one)
                };
                for opening in way.openings.iter().filter(here) {
                    let certain = !opening.internet.must.is_empty();
                    let set = if certain { &opening.internet.must } else { &opening.internet.may };
                    if !certain {
                        unknown.extend(opening.unknown.iter().chain(&way.unknown).cloned());
                    }
                    let sum = if certain { &mut sure } else { &mut perhaps };
                    let sum = sum.get_or_insert_with(Addresses::empty);
                    if internet && way.endpoint.family == estate::Family::V4 {
                        *sum = sum.union(set);
                    }
                }
            }
            // What may get there besides what certainly does is told where nothing certainly does.
            let (certain, set) = match (sure, perhaps) {
                (Some(set), _) => (true, set),
                (None, Some(set)) => (false, set),
                (None, None) => continue,
            };
            let same = |row: &&mut (WayForm, Addresses, PortSet)| {
                row.0.from == from && row.0.certain == certain && row.1 == set
            };
            match rows.iter_mut().find(same) {
                Some(row) => row.2 = row.2.union(&one),
                None => {
                    let internet_ipv4_addresses = set.count();
                    let way = WayForm { from, ports: String::new(), internet_ipv4_addresses, certain };
                    rows.push((way, set, one.clone()));
                }
            }
        }
    }
    let mut ways: Vec<WayForm> =
        rows.into_iter().map(|(way, _, ports)| WayForm { ports: ports_text(&ports), ..way }).collect();
    ways.sort();
    unknown.sort_unstable();
    unknown.dedup();
    Ways { ways, all_known, unknown }
}
