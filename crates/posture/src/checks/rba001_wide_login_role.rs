//! A role to sign in to machines holds for a whole subscription, or more.

use estate::Feed;
use signin::{Means, Tri, Who};

use super::gets_in::{From, Live, cause, holds_subscriptions, lacks, place, scope_words, tell_other_rights};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "RBA001",
    slug: "wide-login-role",
    checkpoint: Checkpoint::Rbac,
    severity: Severity::Medium,
    title: Text {
        en: "a role to sign in for a whole subscription",
        ja: "サブスクリプション全体に及ぶログイン ロール",
    },
    why: Text {
        en: "Whoever has it signs in to every VM that is there and every one that will be. One account in other hands opens all of them, the ones that it was never meant for too.",
        ja: "現在と将来のすべての VM にサインインできてしまいます。アカウントが 1 つ奪われれば、本来無関係な VM まで開かれます。",
    },
    fix: Text {
        en: "Give the role at the resource group or the VM that the people work on, and take the wide one away: `az role assignment delete --ids <ASSIGNMENT-ID>`.",
        ja: "担当するリソース グループまたは VM の範囲で割り当て直し、広い割り当てを削除してください: `az role assignment delete --ids <割り当て ID>`",
    },
    feed: Some(Feed::Rights),
    refs: &[
        Reference::Mcsb("PA-7"),
        Reference::Attack("T1078.004"),
        Reference::Page("https://learn.microsoft.com/azure/role-based-access-control/best-practices"),
    ],
    run: Run::People(Subject::Subscription, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let lang = context.lang;
    let live = Live::of(who);
    tell_other_rights(context, &CHECK, sink, From::Azure);
    for (number, grant) in who.grants.iter().enumerate() {
        let gives = |means| live.gives(who, number, means);
        let (login, admin) = (gives(Means::Login), gives(Means::LoginAsAdmin));
        match login.or(admin) {
            Tri::No => continue,
            _ if !holds_subscriptions(grant.scope) => {
                sink.pass(context, &CHECK, place(grant));
                continue;
            }
            Tri::Maybe => {
                sink.unknown(&CHECK, place(grant), vec![lacks(context, Feed::Rights)]);
                continue;
            }
            Tri::Yes => {}
        }
        let (role, scope) = (crate::remedy::one_line(&grant.role), scope_words(grant.scope, lang));
        let holder = super::gets_in::holder_words(who, grant, lang);
        let message = say!(
            lang,
            "{holder} may sign in to every VM of {scope}: {role}",
            "{holder} は、{scope} のすべての VM にサインインできます: {role}"
        );
        let severity = if admin == Tri::Yes { Severity::High } else { CHECK.severity };
        let fault = Fault::new(message)
            .because(cause(context, grant))
            .fact("role", role)
            .fact("scope", grant.scope)
            .fact("has_to_be_taken", grant.eligible.to_string())
            .severity(severity);
        sink.fail(fault.finding(context, &CHECK, place(grant)));
    }
}
