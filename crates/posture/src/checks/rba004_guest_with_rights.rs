//! A guest can get into machines.

use estate::Feed;
use signin::{Standing, Who};

use super::gets_in::{Reaches, cause, lacks, means_words, name, scope_words, who_it_is};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "RBA004",
    slug: "guest-with-rights",
    checkpoint: Checkpoint::Rbac,
    severity: Severity::High,
    title: Text { en: "a guest gets into machines", ja: "仮想マシンに入れるゲスト" },
    why: Text {
        en: "The account of a guest is kept by another organisation: whether it has MFA, who else uses it, and when the person has left there is not seen here.",
        ja: "ゲストのアカウントは別の組織が管理しています。MFA の有無、共有の有無、相手が退職したかどうかは、こちらからは分かりません。",
    },
    fix: Text {
        en: "Take the right away, or give the person an account of yours; where guests have to stay, demand MFA of them by a policy of its own and look at their rights every quarter (access reviews).",
        ja: "権限を外すか、自組織のアカウントを発行してください。ゲストが必要な場合は、ゲスト向けのポリシーで MFA を要求し、アクセス レビューで四半期ごとに権限を確認してください。",
    },
    feed: Some(Feed::Rights),
    refs: &[
        Reference::Mcsb("PA-4"),
        Reference::Policy("339353f6-2387-4a45-abe4-7f529d121046"),
        Reference::Policy("94e1c2ac-cbbe-4cac-a2b5-389c812dee87"),
        Reference::Attack("T1199"),
    ],
    run: Run::People(Subject::Subscription, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let lang = context.lang;
    let reaches = Reaches::of_all(who);
    reaches.tell_untold(context, &CHECK, sink);
    let rights_untold = lacks(context, Feed::Rights);
    reaches.each(who, |people, subject, reach| {
        match (people.standing, reach.best) {
            (Standing::Program | Standing::Gone, _) => return,
            (Standing::Member, _) => return sink.pass(context, &CHECK, subject.id),
            (Standing::Person | Standing::Untold | Standing::Unread, _) => {
                return sink.unknown(&CHECK, subject.id, vec![who_it_is(context, people.standing)]);
            }
            (Standing::Guest, _) if people.enabled == Some(false) => return,
            (Standing::Guest, Some(_)) if people.enabled.is_none() => {
                return sink.unknown(&CHECK, subject.id, vec![lacks(context, Feed::People)]);
            }
            (Standing::Guest, None) => {
                return sink.unknown(&CHECK, subject.id, vec![rights_untold.clone()]);
            }
            (Standing::Guest, Some(_)) => {}
        }
        let Some((means, grant)) = reach.best.and_then(|(means, at)| Some((means, who.grants.get(at)?)))
        else {
            return;
        };
        let (guest, count) = (name(who, subject), reach.count);
        let machines = crate::exposure::machines_words(count, lang);
        let does = means_words(means, lang);
        let (role, scope) = (crate::remedy::one_line(&grant.role), scope_words(grant.scope, lang));
        let message = say!(
            lang,
            "the guest `{guest}` gets into {machines} ({does}): {role} of {scope}",
            "ゲスト `{guest}` は {machines}に入れます ({does}): {scope} の {role}"
        );
        let fault = Fault::new(message)
            .because(cause(context, grant))
            .fact("role", role)
            .fact("scope", grant.scope)
            .fact("machines", count.to_string());
        // The console asks for a password of the machine, and a copy of a disk is no way in.
        let master = means.is_login() || means.takes_over();
        let fault = if master { fault } else { fault.severity(Severity::Medium) };
        sink.fail(fault.finding(context, &CHECK, subject.id));
    });
}
