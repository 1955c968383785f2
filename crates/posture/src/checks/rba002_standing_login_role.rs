//! Somebody is administrator of machines all the time, where they could take the role when they need it.

use estate::Feed;
use signin::{Means, Standing, Tri, Who};

use super::gets_in::{cause, holder_words, place, scope_words};
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

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let lang = context.lang;
    let is_admin = |grant: &signin::Grant<'_>| grant.means(Means::LoginAsAdmin) == Tri::Yes;
    for grant in who.grants.iter().filter(|grant| is_admin(grant)) {
        // Programs take no roles, and nobody is left of an account that is gone.
        let standing = who.class_of_person(grant.principal).and_then(|class| who.people.get(class));
        let other =
            standing.is_some_and(|people| matches!(people.standing, Standing::Program | Standing::Gone));
        if other || grant.kind.is_some_and(|kind| kind.eq_ignore_ascii_case("ServicePrincipal")) {
            continue;
        }
        // One that somebody has taken for some time stands beside the one that lets them.
        let taken = |other: &signin::Grant<'_>| {
            other.eligible
                && other.role == grant.role
                && grant.scope.starts_with(other.scope.trim_end_matches('/'))
                && (other.principal == grant.principal
                    || who
                        .classes_in(other.principal)
                        .iter()
                        .any(|class| who.class_of_person(grant.principal) == Some(*class)))
        };
        if grant.eligible || who.grants.iter().any(taken) {
            sink.pass(context, &CHECK, place(grant));
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
