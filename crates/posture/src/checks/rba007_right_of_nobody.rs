//! A right is left of an account or group that is gone.

use estate::{DirectoryList, Feed};
use signin::{Given, Standing, Who};

use super::gets_in::{From, cause, lacks, place, scope_words, tell_other_rights, who_it_is};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "RBA007",
    slug: "right-of-nobody",
    checkpoint: Checkpoint::Rbac,
    severity: Severity::Low,
    title: Text { en: "a right of an account that is gone", ja: "削除済みアカウントの権限" },
    why: Text {
        en: "A deleted account can be restored for 30 days, with all of its rights; and a list of rights that nobody can read hides the ones that matter.",
        ja: "削除されたアカウントは 30 日間、権限ごと復元できます。また、持ち主の分からない割り当てが並ぶと、重要な割り当てが埋もれます。",
    },
    fix: Text {
        en: "Take the assignment away: `az role assignment delete --ids <ASSIGNMENT-ID>`.",
        ja: "割り当てを削除してください: `az role assignment delete --ids <割り当て ID>`",
    },
    feed: Some(Feed::People),
    refs: &[
        Reference::Mcsb("PA-4"),
        Reference::Policy("0cfea604-3201-4e14-88fc-fae4c427a6c5"),
        Reference::Page(
            "https://learn.microsoft.com/azure/role-based-access-control/troubleshooting#symptom---role-assignments-with-identity-not-found",
        ),
    ],
    run: Run::People(Subject::Subscription, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let lang = context.lang;
    let around = &context.estate().around;
    let (groups_told, programs_told) =
        (around.lists(DirectoryList::Groups), around.lists(DirectoryList::Programs));
    tell_other_rights(context, &CHECK, sink, From::Azure);
    for grant in &who.grants {
        if matches!(grant.given, Given::Directory(_)) {
            continue;
        }
        if grant.is_to_unread() {
            sink.unknown(&CHECK, place(grant), vec![who_it_is(context, Standing::Unread)]);
            continue;
        }
        let people = who.class_of_person(grant.principal).and_then(|class| who.people.get(class));
        let program = people.is_some_and(|people| people.standing == Standing::Program);
        let gone = match grant.is_to_group() {
            true => groups_told && !who.directory().is_group(grant.principal),
            false => people.is_some_and(|people| people.standing == Standing::Gone),
        };
        if !gone {
            let told = people.is_some_and(|people| !matches!(people.standing, Standing::Untold))
                || (grant.is_to_group() && (groups_told || who.directory().is_group(grant.principal)));
            match (told, program && !programs_told) {
                (true, false) => sink.pass(context, &CHECK, place(grant)),
                (true, true) => sink.unknown(&CHECK, place(grant), vec![lacks(context, Feed::Programs)]),
                (false, _) => sink.unknown(&CHECK, place(grant), vec![lacks(context, Feed::People)]),
            }
            continue;
        }
        let (role, scope) = (crate::remedy::one_line(&grant.role), scope_words(grant.scope, lang));
        let principal = context.estate().text(grant.principal);
        let message = say!(
            lang,
            "{role} of {scope} is given to `{principal}`, who is not in the directory any more",
            "{scope} の {role} が、ディレクトリに存在しない `{principal}` に割り当てられています"
        );
        let fault = Fault::new(message)
            .because(cause(context, grant))
            .fact("role", role)
            .fact("principal", principal);
        sink.fail(fault.finding(context, &CHECK, place(grant)));
    }
}
