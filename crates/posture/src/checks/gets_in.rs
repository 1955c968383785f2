//! What checks of people, their rights, and what is demanded of them have in common.

use std::collections::{BTreeSet, HashMap, HashSet};

use estate::{AccessPolicy, DirectoryList, Feed, Known, Origins, Reason, ResourceId, resource_name};
use signin::{
    Controls, Given, Grant, Holding, Means, People, PolicyState, SignIn, Standing, Subject, Tri, Who, Why,
    state_of,
};

use super::subscriptions::{Subscription, with_machines};
use crate::check::Check;
use crate::engine::Sink;
use crate::exposure::listed;
use crate::lang::{Lang, say};
use crate::remedy::one_line;
use crate::verdict::Fault;
use crate::view::{Cause, Context};

/// How many names a message shows.
const SHOWN: usize = 3;

/// How many names a finding keeps.
const KEPT: usize = 20;

/// What people of these classes sign in by, sorted.
pub(super) fn names(who: &Who<'_, '_>, classes: impl IntoIterator<Item = usize>) -> Vec<String> {
    let members =
        classes.into_iter().filter_map(|class| who.people.get(class)).flat_map(|people| &people.members);
    // Somebody may be in a class of their own beside.
    let mut seen = HashSet::new();
    let once = members.filter(|subject| seen.insert(subject.id));
    let mut names: Vec<String> = once.map(|subject| name(who, subject)).collect();
    names.sort();
    names
}

/// What somebody signs in by, or is called.
pub(super) fn name(who: &Who<'_, '_>, subject: &signin::Subject<'_>) -> String {
    let person = subject.person;
    let login = person.and_then(|person| person.login.as_ref()?.value());
    let name = login.or_else(|| person.and_then(|person| person.name.as_ref()?.value()));
    one_line(name.map(|name| &**name).unwrap_or_else(|| who.directory().estate().text(subject.id)))
}

/// Some names, in words.
pub(super) fn shown(names: &[String], lang: Lang) -> String {
    let some: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let some = listed(&some, lang);
    match names.len().saturating_sub(SHOWN) {
        0 => some,
        more => say!(lang, "{some} and {more} more", "{some} ほか {more} 件"),
    }
}

/// Whoever has a grant: a person, a program, or a group with the number of its people.
pub(super) fn holder_words(who: &Who<'_, '_>, grant: &Grant<'_>, lang: Lang) -> String {
    let estate = who.directory().estate();
    if grant.is_to_group() {
        let group = estate.around.groups.of(grant.principal).first();
        let name = group.and_then(|group| group.name.as_ref()?.value());
        let name = one_line(name.map(|name| &**name).unwrap_or_else(|| estate.text(grant.principal)));
        let classes = who.classes_in(grant.principal).iter();
        let count: usize =
            classes.filter_map(|class| who.people.get(*class)).map(|people| people.members.len()).sum();
        return match who.is_untold_group(grant.principal) {
            true => say!(lang, "whoever is in the group `{name}`", "グループ `{name}` のメンバー"),
            false if count == 1 => {
                say!(lang, "the group `{name}` (1 member)", "グループ `{name}` (1 人)")
            }
            false => say!(lang, "the group `{name}` ({count} members)", "グループ `{name}` ({count} 人)"),
        };
    }
    if grant.is_to_unread() {
        return say!(lang, "somebody whom the record does not tell", "レコードから読み取れない対象者");
    }
    let class = who.class_of_person(grant.principal).and_then(|class| who.people.get(class));
    let subject = class.and_then(|class| class.members.iter().find(|subject| subject.id == grant.principal));
    let name = subject.map_or_else(|| one_line(estate.text(grant.principal)), |subject| name(who, subject));
    format!("`{name}`")
}

/// A fault with names to look at.
pub(super) fn with_names(fault: Fault, names: Vec<String>) -> Fault {
    names.into_iter().take(KEPT).fold(fault, |fault, name| fault.fact("person", name))
}

/// `subscription s`, `resource group g`, the name of a resource.
pub(super) fn scope_words(scope: &str, lang: Lang) -> String {
    let name = one_line(resource_name(scope));
    let parts: Vec<&str> = scope.split('/').filter(|part| !part.is_empty()).collect();
    let is = |part: &str, word: &str| part.eq_ignore_ascii_case(word);
    match parts.as_slice() {
        [] => say!(lang, "everything", "すべてのリソース"),
        [first, _] if is(first, "subscriptions") => {
            say!(lang, "the subscription `{name}`", "サブスクリプション `{name}`")
        }
        [_, _, third, _] if is(third, "resourceGroups") => {
            say!(lang, "the resource group `{name}`", "リソース グループ `{name}`")
        }
        [_, _, third, _] if is(third, "managementGroups") => {
            say!(lang, "the management group `{name}`", "管理グループ `{name}`")
        }
        _ => format!("`{name}`"),
    }
}

/// Whether a scope is a subscription, or holds some.
pub(super) fn holds_subscriptions(scope: &str) -> bool {
    let parts: Vec<&str> = scope.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => true,
        [first, _] => first.eq_ignore_ascii_case("subscriptions"),
        [_, _, third, _] => third.eq_ignore_ascii_case("managementGroups"),
        _ => false,
    }
}

/// The assignment behind a grant. One scope may have several of them.
pub(super) fn cause(context: &Context<'_>, grant: &Grant<'_>) -> Cause {
    let (id, origins, pointer) = match grant.given {
        Given::Role(one) => (one.id, &one.origins, "/properties/roleDefinitionId"),
        Given::Directory(one) => (one.id, &one.origins, "/roleDefinitionId"),
    };
    let key = context.estate().text(id).to_ascii_lowercase().into();
    Cause { key, ..Cause::field(id, origins.first(), pointer) }
}

/// What a finding about a grant is about: the scope; of a role of the directory whoever has it.
pub(super) fn place(grant: &Grant<'_>) -> ResourceId {
    match grant.given {
        Given::Role(one) => one.owner,
        Given::Directory(one) => one.owner,
    }
}

/// Whether these are people, whose sign-ins policies are for.
pub(super) fn are_people(standing: Standing) -> bool {
    matches!(standing, Standing::Member | Standing::Guest | Standing::Person)
}

/// Why what is demanded of people is not known.
pub(super) fn doubts(context: &Context<'_>, who: &Who<'_, '_>) -> Vec<Reason> {
    match who.rules.whole {
        true => vec![Reason::SignInRules],
        false => vec![lacks(context, Feed::AccessPolicies)],
    }
}

/// That the input does not hold all of something.
pub(super) fn lacks(context: &Context<'_>, feed: Feed) -> Reason {
    let asked = with_machines(context).first().map(|first| first.whole(context, feed));
    match asked {
        // They were told: what is missing is what one of them depends on.
        Some(Ok(())) if feed == Feed::Rights => Reason::Rights,
        Some(Err(reasons)) => reasons.into_iter().next().unwrap_or(Reason::NotAsked { feed }),
        _ => Reason::NotAsked { feed },
    }
}

/// Fails unless the input holds all of a list of the directory.
pub(super) fn whole(context: &Context<'_>, list: DirectoryList, feed: Feed) -> Result<(), Vec<Reason>> {
    match context.estate().around.lists(list) {
        true => Ok(()),
        false => Err(vec![lacks(context, feed)]),
    }
}

/// What findings about the directory as a whole are about: Microsoft's own rules, which every directory has; else the first
/// subscription, or the first policy.
pub(super) fn directory<'e>(context: &Context<'e>) -> Option<(ResourceId, &'e Origins)> {
    let around = &context.estate().around;
    if let Some(own) = around.security_defaults.iter().next() {
        return Some((own.id, &own.origins));
    }
    let first = around.access_policies.iter().min_by_key(|policy| context.estate().text(policy.id));
    first.map(|policy| (policy.id, &policy.origins))
}

/// What a policy is called.
pub(super) fn policy_name(context: &Context<'_>, policy: &AccessPolicy) -> String {
    let name = policy.name.as_ref().and_then(Known::value);
    one_line(name.map(|name| &**name).unwrap_or_else(|| context.estate().text(policy.id)))
}

/// What a policy demands.
pub(super) fn controls(context: &Context<'_>, policy: &AccessPolicy) -> Controls {
    Controls::of_policy(context.estate(), policy)
}

/// Whether a policy lets nobody in, or demands a second factor or a managed device.
pub(super) fn protects(context: &Context<'_>, policy: &AccessPolicy) -> Tri {
    let strict = controls(context, policy).strictness();
    strict.blocked.or(strict.mfa).or(strict.either)
}

/// Whether a list of a policy names one of these words.
pub(super) fn names_any(list: &estate::Field<Vec<Box<str>>>, words: &[&str]) -> bool {
    let list = list.as_ref().and_then(Known::value).into_iter().flatten();
    list.into_iter().any(|one| words.iter().any(|word| one.eq_ignore_ascii_case(word)))
}

/// The same, where a list may be one that cannot be read.
pub(super) fn may_name(list: &Words, words: &[&str]) -> Tri {
    if matches!(list, Some(Known::Unknown(_))) { Tri::Maybe } else { names_any(list, words).into() }
}

/// Whether a policy is in force for everybody and signing in to machines and Azure, but for whom it spares, wherever they are
/// and with whatever they come. Clients and risks are left to who asks.
pub(super) fn is_for_everything(policy: &AccessPolicy) -> Tri {
    is_for_all_applications(policy).and(is_for_everybody(policy))
}

/// Whether a policy is for all applications, signing in to machines and Azure among them.
pub(super) fn is_for_all_applications(policy: &AccessPolicy) -> Tri {
    let doors = signin::Door::ALL.map(|door| signin::is_for_application(policy, &door.application()));
    doors.into_iter().fold(may_name(&policy.include_apps, &["All"]), Tri::and)
}

/// Whether a policy is in force for everybody but whom it spares, whatever its applications are.
pub(super) fn is_for_everybody(policy: &AccessPolicy) -> Tri {
    is_for_everybody_somewhere(policy).and(everywhere(&policy.include_locations, &policy.exclude_locations))
}

/// The same whatever its places are, too.
pub(super) fn is_for_everybody_somewhere(policy: &AccessPolicy) -> Tri {
    let on = match state_of(policy) {
        PolicyState::On => Tri::Yes,
        PolicyState::Unknown => Tri::Maybe,
        PolicyState::Off | PolicyState::ReportOnly => Tri::No,
    };
    let devices = match (&policy.device_filter, &policy.include_devices, &policy.exclude_devices) {
        (None | Some(Known::Value(false)), None, None) => Tri::Yes,
        (Some(Known::Unknown(_)), ..) => Tri::Maybe,
        (_, include, exclude) => {
            let filter = Tri::from(policy.device_filter != Some(Known::Value(true)));
            filter.and(everywhere(include, exclude))
        }
    };
    let later = if policy.other_conditions.is_some() { Tri::Maybe } else { Tri::Yes };
    [
        on,
        may_name(&policy.include_users, &["All"]),
        devices,
        later,
        is_none(&policy.flows),
        everywhere(&policy.include_platforms, &policy.exclude_platforms),
    ]
    .into_iter()
    .fold(Tri::Yes, Tri::and)
}

type Words = estate::Field<Vec<Box<str>>>;

/// Whether a condition leaves nothing out.
fn everywhere(include: &Words, exclude: &Words) -> Tri {
    let open = match include {
        None => Tri::Yes,
        Some(Known::Value(all)) => all.iter().all(|one| one.eq_ignore_ascii_case("all")).into(),
        Some(Known::Unknown(_)) => Tri::Maybe,
    };
    open.and(is_none(exclude))
}

/// Whether a policy is for clients that ask for more than a password where they have to.
pub(super) fn is_for_modern_clients(policy: &AccessPolicy) -> Tri {
    let each = signin::Client::MODERN.iter().map(|client| signin::is_for_client(policy, *client));
    each.fold(Tri::Yes, Tri::and)
}

/// Whether a policy is for every risk.
pub(super) fn is_for_every_risk(policy: &AccessPolicy) -> Tri {
    is_none(&policy.sign_in_risk).and(is_none(&policy.user_risk))
}

/// Whether a list is absent or empty.
pub(super) fn is_none(list: &Words) -> Tri {
    match list {
        None => Tri::Yes,
        Some(Known::Value(all)) => all.is_empty().into(),
        Some(Known::Unknown(_)) => Tri::Maybe,
    }
}

/// The policy that comes nearest to demanding what is not demanded, and why it does not, in words.
pub(super) fn nearest_hole(context: &Context<'_>, sign_in: &SignIn<'_>) -> Option<(String, String)> {
    let answer = sign_in.answer.as_ref()?;
    let hole = sign_in.holes().into_iter().find(signin::Hole::is_near)?;
    let policy = answer.policies.get(hole.policy)?.policy;
    let lang = context.lang;
    let why = match hole.why {
        Why::Never(never) => never_text(never, lang).to_owned(),
        Why::ReportOnly => say!(lang, "it only reports", "レポート専用です"),
        Why::Weak => say!(lang, "it takes something weaker, too", "より弱い方法も認めています"),
        Why::Alike(name) => {
            say!(
                lang,
                "it is for `{name}`, which is another application",
                "対象は別のアプリケーション `{name}` です"
            )
        }
        Why::Only(region) => {
            let axes = region.iter().filter_map(|(axis, _)| answer.axes.get(*axis));
            let axes: Vec<String> = axes.map(|(axis, _)| axis_word(axis, lang)).collect();
            let axes = listed(&axes, lang);
            say!(lang, "it is only for some {axes}", "対象が一部の{axes}に限られています")
        }
    };
    Some((policy_name(context, policy), why))
}

fn axis_word(axis: &signin::Axis, lang: Lang) -> String {
    match axis {
        signin::Axis::Client => say!(lang, "clients", "クライアント"),
        signin::Axis::Platform => say!(lang, "systems", "プラットフォーム"),
        signin::Axis::SignInRisk => say!(lang, "risks of the sign-in", "サインイン リスク"),
        signin::Axis::UserRisk => say!(lang, "risks of the person", "ユーザー リスク"),
        signin::Axis::Flow => say!(lang, "flows", "認証フロー"),
        signin::Axis::Place => say!(lang, "places", "場所"),
        signin::Axis::Rule(..) => say!(lang, "devices", "デバイス"),
    }
}

/// Why a policy is never for somebody, in words.
pub fn never_text(never: signin::Never, lang: Lang) -> &'static str {
    use signin::Never;
    let (en, ja) = match never {
        Never::Off => ("it is off", "無効です"),
        Never::Workloads => ("it is for programs and not for people", "ワークロード ID 用です"),
        Never::Person => ("it is for other people", "対象のユーザーではありません"),
        Never::PersonExcluded => ("it leaves this person out", "このユーザーは除外されています"),
        Never::Application => ("it is for other applications", "対象のアプリケーションではありません"),
        Never::ApplicationExcluded => {
            ("it leaves this application out", "このアプリケーションは除外されています")
        }
        Never::Client => ("it is for other clients", "対象のクライアントではありません"),
        Never::Platform => ("it is for other systems", "対象のプラットフォームではありません"),
        Never::SignInRisk => {
            ("it is for other risks of the sign-in", "対象のサインイン リスクではありません")
        }
        Never::UserRisk => ("it is for other risks of the person", "対象のユーザー リスクではありません"),
        Never::Flow => ("it is for other flows", "対象の認証フローではありません"),
        Never::Place => ("it is for other places", "対象の場所ではありません"),
        Never::Device => ("it is for other devices", "対象のデバイスではありません"),
    };
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

/// What somebody has means to.
#[derive(Clone, Default)]
pub(super) struct Reach {
    /// Classes of machines that it is certain of, as numbers, in their order.
    machines: Vec<usize>,
    /// How many machines these are.
    pub(super) count: usize,
    /// The strongest of the means that are certain, now or once a role is taken, and a grant that gives it.
    pub(super) best: Option<(Means, usize)>,
}

impl Reach {
    fn add(&mut self, who: &Who<'_, '_>, machines: usize) {
        if self.machines.last() != Some(&machines) {
            self.machines.push(machines);
            self.count += who.machines.get(machines).map_or(0, |machines| machines.members.len());
        }
    }

    /// What two have together.
    fn and(&self, who: &Who<'_, '_>, other: &Self) -> Self {
        let mut sum = self.clone();
        for machines in other.machines.iter().filter(|one| self.machines.binary_search(one).is_err()) {
            sum.count += who.machines.get(*machines).map_or(0, |machines| machines.members.len());
        }
        sum.best = [sum.best, other.best].into_iter().flatten().max_by_key(|(means, _)| rank(*means));
        sum
    }
}

/// The stronger, the more.
fn rank(means: Means) -> (bool, Means) {
    (means.is_login() || means.takes_over(), means)
}

/// Who has means to sign in to machines that let people do so, or to take machines over by Azure.
pub(super) struct Reaches {
    by_class: Vec<Option<Reach>>,
    /// Groups with such means of which the members are not told.
    pub(super) untold: BTreeSet<ResourceId>,
}

impl Reaches {
    /// What makes somebody the master of machines.
    pub(super) fn of(who: &Who<'_, '_>) -> Self {
        Self::by(who, |means| means.is_login() || means.takes_over())
    }

    /// The same with what lets them sit at the console or copy a disk.
    pub(super) fn of_all(who: &Who<'_, '_>) -> Self {
        Self::by(who, |_| true)
    }

    fn by(who: &Who<'_, '_>, wanted: impl Fn(Means) -> bool) -> Self {
        let by_class = who.people.iter().map(|_| None).collect();
        let mut all = Self { by_class, untold: BTreeSet::new() };
        for (number, machines) in who.machines.iter().enumerate() {
            for holder in who.holders(machines) {
                for held in &holder.held {
                    let counts = match held.means.is_login() {
                        true => machines.ready.so() != Tri::No,
                        false => true,
                    };
                    if !counts || !wanted(held.means) {
                        continue;
                    }
                    let class = match holder.who {
                        Holding::Group(group) => {
                            all.untold.insert(group);
                            continue;
                        }
                        Holding::People(class) => class,
                    };
                    let Some(place) = all.by_class.get_mut(class) else { continue };
                    let reach = place.get_or_insert_default();
                    let sure = held.now.or(held.taken) == Tri::Yes
                        && (!held.means.is_login() || machines.ready.so() == Tri::Yes);
                    if sure {
                        reach.add(who, number);
                    }
                    if let Some(grant) = held.certain.first().filter(|_| sure)
                        && reach.best.is_none_or(|(means, _)| rank(means) < rank(held.means))
                    {
                        reach.best = Some((held.means, *grant));
                    }
                }
            }
        }
        all
    }

    /// Goes over everybody who has some, each once; a grant that names somebody counts for them alone.
    pub(super) fn each<'e>(
        &self,
        who: &Who<'_, 'e>,
        mut look: impl FnMut(&People<'e>, &Subject<'e>, &Reach),
    ) {
        for (class, people) in who.people.iter().enumerate().filter(|(_, people)| people.base.is_none()) {
            let of_all = self.by_class.get(class).and_then(Option::as_ref);
            for subject in &people.members {
                let own = who.individual_of(subject.id);
                let own = own.and_then(|class| self.by_class.get(class)?.as_ref());
                match (of_all, own) {
                    (Some(one), Some(other)) => look(people, subject, &one.and(who, other)),
                    (Some(one), None) | (None, Some(one)) => look(people, subject, one),
                    (None, None) => {}
                }
            }
        }
    }

    /// Whoever is in a group of which nobody told the members may be anybody.
    pub(super) fn tell_untold(&self, context: &Context<'_>, check: &'static Check, sink: &mut Sink) {
        tell_other_rights(context, check, sink, From::Everywhere);
        for group in &self.untold {
            let id = context.estate().text(*group).into();
            sink.unknown(check, *group, vec![Reason::Members { id }]);
        }
    }
}

/// Whether so many of the people are left out of a policy that these are more than a few.
///
/// More than two of those who get into machines are more than a few, too.
pub(super) fn spares_many(
    context: &Context<'_>,
    who: &Who<'_, '_>,
    reaches: &Reaches,
    policy: &AccessPolicy,
) -> Tri {
    const FEW: usize = 10;
    // Two accounts for emergencies are what Microsoft advises to leave out.
    const EMERGENCY: usize = 2;
    let (mut spared, mut may_be, mut all) = (0, 0, 0);
    let (mut gets_in, mut may_get_in) = (0, 0);
    reaches.each(who, |people, subject, reach| {
        let class = who.class_of_person(subject.id);
        let Some(class) = class.filter(|_| are_people(people.standing) && may_act(people) != Tri::No) else {
            return;
        };
        match (who.is_spared(class, policy), reach.best) {
            (Tri::No, _) => {}
            (Tri::Yes, Some(_)) if may_act(people) == Tri::Yes => gets_in += 1,
            _ => may_get_in += 1,
        }
    });
    if gets_in > EMERGENCY {
        return Tri::Yes;
    }
    // Whom others that the input does not tell of let in, too.
    let others = all_rights(context, From::Everywhere).is_err() || !reaches.untold.is_empty();
    for (class, people) in who.people.iter().enumerate() {
        if people.base.is_some() || !are_people(people.standing) || people.enabled == Some(false) {
            continue;
        }
        all += people.members.len();
        match who.is_spared(class, policy) {
            Tri::Yes => spared += people.members.len(),
            Tri::Maybe => may_be += people.members.len(),
            Tri::No => {}
        }
    }
    if !who.directory().estate().around.lists(DirectoryList::People) {
        // How many there are is not told, nor who is in a group or has a role.
        let by_name = [&policy.exclude_groups, &policy.exclude_roles].map(|list| is_none(list) == Tri::Yes);
        let by_name = by_name == [true; 2] && policy.exclude_guests.is_none();
        let named = policy.exclude_users.as_ref().map(|list| list.value().map_or(usize::MAX, Vec::len));
        let guests = names_any(&policy.exclude_users, &["GuestsOrExternalUsers"]);
        let few = by_name && !guests && named.unwrap_or(0) <= EMERGENCY;
        return if few { Tri::No } else { Tri::Maybe };
    }
    let many = |count: usize| count * 2 > all || (count > FEW && count * 10 > all);
    let may_get_in = if others { spared + may_be } else { gets_in + may_get_in };
    match (many(spared), many(spared + may_be) || may_get_in > EMERGENCY) {
        (true, _) => Tri::Yes,
        (false, true) => Tri::Maybe,
        (false, false) => Tri::No,
    }
}

/// What grants come to at the machines that the input tells of, without what is taken away and without accounts that nobody
/// may use.
pub(super) struct Live {
    given: HashMap<(usize, Means), Tri>,
    /// Grants that hold for a machine.
    at_machines: HashSet<usize>,
}

impl Live {
    pub(super) fn of(who: &Who<'_, '_>) -> Self {
        let mut live = Self { given: HashMap::new(), at_machines: HashSet::new() };
        for machines in &who.machines {
            live.at_machines.extend(who.grants_for(machines).into_iter().map(|(number, _)| number));
            for holder in who.holders(machines) {
                let acts = match holder.who {
                    Holding::People(class) => who.people.get(class).map_or(Tri::Maybe, may_act),
                    Holding::Group(_) => Tri::Yes,
                };
                if acts == Tri::No {
                    continue;
                }
                for held in &holder.held {
                    for number in &held.grants {
                        // What a certain grant does not certainly give may be taken away.
                        let taken = held.certain.contains(number) && held.now.or(held.taken) != Tri::Yes;
                        let so = if taken { Tri::Maybe } else { acts };
                        let place = live.given.entry((*number, held.means)).or_insert(Tri::No);
                        *place = place.or(so);
                    }
                }
            }
        }
        live
    }

    /// Whether a grant gives somebody one of the means.
    pub(super) fn gives(&self, who: &Who<'_, '_>, number: usize, means: Means) -> Tri {
        let Some(grant) = who.grants.get(number) else { return Tri::No };
        let own = grant.means(means);
        // Whoever comes into a group has what it has.
        let waits = grant.is_to_group() && who.classes_in(grant.principal).is_empty();
        let classes = who.classes_in(grant.principal).iter().filter_map(|class| who.people.get(*class));
        let acts = classes.map(may_act).fold(waits.into(), Tri::or);
        match self.at_machines.contains(&number) && !waits {
            false => own.and(acts),
            true => own.and(self.given.get(&(number, means)).copied().unwrap_or(Tri::No)),
        }
    }
}

/// Whether these may use their accounts.
fn may_act(people: &People<'_>) -> Tri {
    match (people.enabled, people.standing) {
        (_, Standing::Gone) | (Some(false), _) => Tri::No,
        // Whether a program's account is on is not read.
        (Some(true), _) | (None, Standing::Program) => Tri::Yes,
        (None, _) => Tri::Maybe,
    }
}

/// Which rights a check goes by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// Roles that somebody has.
    Roles,
    /// And those that somebody may take.
    Azure,
    /// And roles of the directory: global administrators may raise themselves.
    Everywhere,
}

/// Where other rights may be given than the input tells, nobody can tell what these come to.
pub(super) fn tell_other_rights(context: &Context<'_>, check: &'static Check, sink: &mut Sink, from: From) {
    for subscription in with_machines(context) {
        let reasons = other_rights(context, &subscription, from);
        if !reasons.is_empty() {
            sink.unknown(check, subscription.id, reasons);
        }
    }
}

/// Why rights in a subscription may be others than the input tells.
fn other_rights(context: &Context<'_>, subscription: &Subscription<'_>, from: From) -> Vec<Reason> {
    let feeds: &[Feed] = match from {
        From::Roles => &[Feed::Rights],
        From::Azure | From::Everywhere => &[Feed::Rights, Feed::EligibleRights],
    };
    let of_azure = feeds.iter().map(|feed| subscription.whole(context, *feed));
    let lists =
        [(DirectoryList::Roles, Feed::DirectoryRoles), (DirectoryList::EligibleRoles, Feed::EligibleRoles)];
    let of_directory = lists.into_iter().filter(|_| from == From::Everywhere);
    let of_directory = of_directory.map(|(list, feed)| whole(context, list, feed));
    let all = of_azure.chain(of_directory).filter_map(Result::err).flatten();
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Whether the input tells of all rights that lead to machines.
pub(super) fn all_rights(context: &Context<'_>, from: From) -> Result<(), Vec<Reason>> {
    let all = with_machines(context).into_iter().flat_map(|one| other_rights(context, &one, from));
    let all: BTreeSet<Reason> = all.collect();
    if all.is_empty() { Ok(()) } else { Err(all.into_iter().collect()) }
}

/// Whether a policy spares people whom the other one does not spare.
pub(super) fn spares_others(
    context: &Context<'_>,
    who: &Who<'_, '_>,
    policy: &AccessPolicy,
    other: &AccessPolicy,
) -> Tri {
    let left_out = |one: &AccessPolicy| {
        (
            one.exclude_users.clone(),
            one.exclude_groups.clone(),
            one.exclude_roles.clone(),
            one.exclude_guests.clone(),
        )
    };
    if left_out(policy) == left_out(other) {
        return Tri::No;
    }
    let so = |class| who.is_spared(class, policy).and(!who.is_spared(class, other));
    let found = (0..who.people.len()).map(so).fold(Tri::No, Tri::or);
    let spares = left_out(policy) != (None, None, None, None);
    if found == Tri::No && spares && !context.estate().around.lists(DirectoryList::People) {
        return Tri::Maybe;
    }
    found
}

/// Which of the two applications of machines a policy protects for everybody and always, as strictly as one does.
pub(super) fn protected_machines(
    context: &Context<'_>,
    who: &Who<'_, '_>,
    as_one: &AccessPolicy,
) -> [Tri; 2] {
    let wanted = controls(context, as_one).strictness();
    let protects = |other: &AccessPolicy| {
        let own = is_for_everybody(other).and(is_for_every_risk(other)).and(is_for_modern_clients(other));
        let its = controls(context, other).strictness();
        let holds = |wanted: Tri, its: Tri| if wanted == Tri::Yes { its } else { Tri::Yes };
        let as_strict = [(wanted.mfa, its.mfa), (wanted.device, its.device), (wanted.either, its.either)];
        let as_strict =
            as_strict.into_iter().map(|(wanted, its)| holds(wanted, its)).fold(Tri::Yes, Tri::and);
        let as_strict = as_strict.and(holds(wanted.blocked, its.blocked)).or(its.blocked);
        let own = own.and(protects(context, other)).and(as_strict);
        let own = if own == Tri::No { own } else { own.and(!spares_others(context, who, other, as_one)) };
        [signin::Door::Windows, signin::Door::Linux]
            .map(|door| signin::is_for_application(other, &door.application()).and(own))
    };
    let all = context.estate().around.access_policies.iter().map(protects);
    all.fold([Tri::No; 2], |[windows, linux], [its, other]| [windows.or(its), linux.or(other)])
}

/// Why it is not told who somebody is.
pub(super) fn who_it_is(context: &Context<'_>, standing: Standing) -> Reason {
    match standing {
        Standing::Unread => Reason::Unreadable { field: "principalId".into() },
        _ => lacks(context, Feed::People),
    }
}

/// What people do by means.
pub(super) fn means_words(means: Means, lang: Lang) -> String {
    match means {
        Means::Login => say!(lang, "sign in", "サインイン"),
        Means::LoginAsAdmin => say!(lang, "sign in as administrator", "管理者としてサインイン"),
        Means::RunCommand => say!(lang, "run commands", "コマンドの実行"),
        Means::Extension => {
            say!(lang, "reset passwords and run scripts", "パスワードのリセットやスクリプトの実行")
        }
        Means::SerialConsole => say!(lang, "use the serial console", "シリアル コンソールの利用"),
        Means::DiskCopy => say!(lang, "copy disks", "ディスクのコピー"),
        Means::GiveRights => say!(lang, "give any role", "任意のロールの割り当て"),
    }
}
