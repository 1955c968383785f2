//! Somebody is administrator of machines all the time, where they could take the role when they need it.

use estate::{Feed, Known};
use signin::{Given, Grant, Means, Standing, Tri, Who};

use super::gets_in::{
    From, Live, cause, holder_words, lacks, place, scope_words, tell_other_rights, who_it_is,
};
use super::subscriptions::with_machines;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "RBA002",
    slug: "standing-login-role",
    checkpoint: Checkpoint::Rbac,
    severity: Severity::Low,
    title: Text {
        en: "standing administrators of machines", ja: "常時有効な管理者ログイン ロール"
    },
    why: Text {
        en: "Of a role that has to be taken first (PIM) thieves of an account or token have nothing: they have to ask for it, with MFA, a reason and perhaps an approval, and it goes away by itself.",
        ja: "PIM で有効化が必要なロールなら、アカウントやトークンを盗まれてもそのままでは使えません。有効化には MFA や理由、承認が必要で、時間が来れば自動的に無効になります。",
    },
    fix: Text {
        en: "Make the assignment eligible in Privileged Identity Management, then take the standing one away: `az role assignment delete --ids <ASSIGNMENT-ID>`.",
        ja: "Privileged Identity Management で資格のある割り当てに変更し、常時有効な割り当てを削除してください: `az role assignment delete --ids <割り当て ID>`",
    },
    feed: Some(Feed::EligibleRights),
    refs: &[
        Reference::Mcsb("PA-2"),
        Reference::Attack("T1078.004"),
        Reference::Page(
            "https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-resource-roles-assign-roles",
        ),
    ],
    run: Run::People(Subject::Subscription, run),
};

/// Whether an assignment was taken for some time.
fn is_taken(context: &Context<'_>, grant: &Grant<'_>) -> Tri {
    let Given::Role(own) = grant.given else { return Tri::No };
    let all = &context.estate().around.taken_rights;
    let same = all.iter().filter(|one| matches!(one.assignment, Some(Known::Value(its)) if its == own.id));
    let told = |how: &estate::Field<Box<str>>| match how.as_ref().and_then(Known::value) {
        Some(how) => how.eq_ignore_ascii_case("Activated").into(),
        None => Tri::Maybe,
    };
    same.map(|one| told(&one.how)).reduce(Tri::and).unwrap_or(Tri::Maybe)
}

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let lang = context.lang;
    // Roles that somebody may take: one of them that is taken now stands beside.
    let eligible = || who.grants.iter().filter(|grant| grant.eligible);
    let live = Live::of(who);
    tell_other_rights(context, &CHECK, sink, From::Azure);
    for (number, grant) in who.grants.iter().enumerate() {
        match live.gives(who, number, Means::LoginAsAdmin) {
            Tri::No => continue,
            Tri::Maybe => {
                sink.unknown(&CHECK, place(grant), vec![lacks(context, Feed::Rights)]);
                continue;
            }
            Tri::Yes => {}
        }
        // Programs take no roles, and nobody is left of an account that is gone.
        let class = who.class_of_person(grant.principal);
        let standing = class.and_then(|class| who.people.get(class)).map(|people| people.standing);
        if matches!(standing, Some(Standing::Program | Standing::Gone)) {
            continue;
        }
        let taken = |other: &Grant<'_>| {
            let same = other.principal == grant.principal
                || class.is_some_and(|class| who.classes_in(other.principal).contains(&class));
            let same = Tri::from(same && other.role == grant.role);
            same.and(who.holds(other.scope, grant.scope))
        };
        let taken = eligible().map(taken).fold(grant.eligible.into(), Tri::or);
        // Whether it is one that was taken for some time is told by its schedule; without that by what may be taken at all.
        let all =
            || with_machines(context).iter().try_for_each(|one| one.whole(context, Feed::EligibleRights));
        let taken = match is_taken(context, grant) {
            _ if grant.eligible => Tri::Yes,
            Tri::Maybe if taken == Tri::No && all().is_ok() => Tri::No,
            told => told,
        };
        if taken == Tri::Yes {
            sink.pass(context, &CHECK, place(grant));
            continue;
        }
        if taken == Tri::Maybe {
            sink.unknown(&CHECK, place(grant), vec![lacks(context, Feed::TakenRights)]);
            continue;
        }
        if let Some(standing @ (Standing::Untold | Standing::Unread)) = standing {
            sink.unknown(&CHECK, place(grant), vec![who_it_is(context, standing)]);
            continue;
        }
        let (role, scope) = (crate::remedy::one_line(&grant.role), scope_words(grant.scope, lang));
        let holder = holder_words(who, grant, lang);
        let message = say!(
            lang,
            "{holder} is administrator of the VMs of {scope} all the time: {role}",
            "{holder} は、{scope} の VM に常時管理者としてサインインできます: {role}"
        );
        let fault =
            Fault::new(message).because(cause(context, grant)).fact("role", role).fact("scope", grant.scope);
        sink.fail(fault.finding(context, &CHECK, place(grant)));
    }
}
