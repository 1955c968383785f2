//! What checks of people, their rights, and what is demanded of them have in common.

use estate::{AccessPolicy, DirectoryList, Feed, Known, Origins, Reason, ResourceId, resource_name};
use signin::{
    Controls, Given, Grant, Holding, Machines, Means, PolicyState, SignIn, Standing, Tri, Who, Why, state_of,
};

use super::subscriptions::with_machines;
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
    let mut names: Vec<String> = members.map(|subject| name(who, subject)).collect();
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
pub(super) fn protects(context: &Context<'_>, policy: &AccessPolicy) -> bool {
    let strict = controls(context, policy).strictness();
    [strict.blocked, strict.mfa, strict.either].contains(&Tri::Yes)
}

/// Whether a list of a policy names one of these words.
pub(super) fn names_any(list: &estate::Field<Vec<Box<str>>>, words: &[&str]) -> bool {
    let list = list.as_ref().and_then(Known::value).into_iter().flatten();
    list.into_iter().any(|one| words.iter().any(|word| one.eq_ignore_ascii_case(word)))
}

/// Whether a list is absent, empty, or the word for everything.
pub(super) fn is_open(list: &estate::Field<Vec<Box<str>>>) -> bool {
    match list {
        None => true,
        Some(Known::Value(all)) => all.iter().all(|one| one.eq_ignore_ascii_case("all")),
        Some(Known::Unknown(_)) => false,
    }
}

/// Whether a policy is in force for everybody and every application, but for whom it spares, wherever they are and with
/// whatever they come. Clients and risks are left to who asks.
pub(super) fn is_for_everything(policy: &AccessPolicy) -> bool {
    names_any(&policy.include_apps, &["All"]) && is_for_everybody(policy)
}

/// The same whatever its applications are.
pub(super) fn is_for_everybody(policy: &AccessPolicy) -> bool {
    state_of(policy) == PolicyState::On
        && names_any(&policy.include_users, &["All"])
        && is_open(&policy.include_platforms)
        && is_none(&policy.exclude_platforms)
        && is_open(&policy.include_locations)
        && is_none(&policy.exclude_locations)
        && policy.device_filter != Some(Known::Value(true))
        && policy.other_conditions.is_none()
}

/// Whether a policy is for every risk.
pub(super) fn is_for_every_risk(policy: &AccessPolicy) -> bool {
    is_none(&policy.sign_in_risk) && is_none(&policy.user_risk)
}

fn is_none(list: &estate::Field<Vec<Box<str>>>) -> bool {
    match list {
        None => true,
        Some(Known::Value(all)) => all.is_empty(),
        Some(Known::Unknown(_)) => false,
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
        Never::Place => ("it is for other places", "対象の場所ではありません"),
        Never::Device => ("it is for other devices", "対象のデバイスではありません"),
    };
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

/// What somebody has means to.
pub(super) struct Reach<'w> {
    /// The machines, in classes.
    pub(super) machines: Vec<&'w Machines>,
    /// The grants behind it, as numbers.
    pub(super) grants: Vec<usize>,
    /// Whether it is certain for one of them, now or once a role is taken.
    pub(super) certain: bool,
    /// The strongest of the means.
    pub(super) means: Means,
}

impl Reach<'_> {
    /// How many machines these are.
    pub(super) fn count(&self) -> usize {
        self.machines.iter().map(|machines| machines.members.len()).sum()
    }
}

/// What each class of people has means to: to sign in to machines that let people do so, or to take machines over by Azure.
pub(super) fn reaches<'w>(who: &'w Who<'_, '_>) -> Vec<Option<Reach<'w>>> {
    let mut all: Vec<Option<Reach<'w>>> = who.people.iter().map(|_| None).collect();
    for machines in &who.machines {
        for holder in who.holders(machines) {
            let Holding::People(class) = holder.who else { continue };
            for held in &holder.held {
                let counts = match held.means.is_login() {
                    true => machines.ready.so() != Tri::No,
                    false => held.means.takes_over(),
                };
                let (true, Some(place)) = (counts, all.get_mut(class)) else { continue };
                let certain = held.now.or(held.taken) == Tri::Yes
                    && (!held.means.is_login() || machines.ready.so() == Tri::Yes);
                let reach = place.get_or_insert_with(|| Reach {
                    machines: Vec::new(),
                    grants: Vec::new(),
                    certain,
                    means: held.means,
                });
                if !reach.machines.last().is_some_and(|last| std::ptr::eq(*last, machines)) {
                    reach.machines.push(machines);
                }
                reach.certain |= certain;
                reach.means = reach.means.max(held.means);
                reach.grants.extend(&held.grants);
            }
        }
    }
    for reach in all.iter_mut().flatten() {
        reach.grants.sort_unstable();
        reach.grants.dedup();
    }
    all
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
