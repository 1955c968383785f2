//! More people than needed can give any role of a subscription, and so take everything in it.

use std::collections::BTreeSet;

use estate::{Feed, Reason};
use signin::{Given, Means, Standing, Tri, Who};

use super::gets_in::{are_people, holds_subscriptions, lacks, names, shown, with_names};
use super::subscriptions::with_machines;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "RBA003",
    slug: "too-many-administrators",
    checkpoint: Checkpoint::Rbac,
    severity: Severity::Medium,
    title: Text {
        en: "too many administrators of a subscription", ja: "管理者が多すぎるサブスクリプション"
    },
    why: Text {
        en: "Each account that can give roles can make itself administrator of every VM. The more there are, the likelier one of them is phished; Microsoft and CIS advise three owners at the most.",
        ja: "ロールを割り当てられるアカウントは、すべての VM の管理者になれます。数が多いほど、どれかがフィッシングに遭う可能性が高まります。Microsoft と CIS は所有者を最大 3 人とするよう勧めています。",
    },
    fix: Text {
        en: "Leave two or three owners, give the others the roles that they work with, and make what is needed seldom eligible (PIM): `az role assignment list --scope /subscriptions/<ID> --role Owner`.",
        ja: "所有者を 2、3 人に絞り、ほかの人には業務に必要なロールを割り当て、まれに必要なものは PIM の資格にしてください: `az role assignment list --scope /subscriptions/<ID> --role Owner`",
    },
    feed: Some(Feed::Rights),
    refs: &[
        Reference::Mcsb("PA-1"),
        Reference::Policy("4f11b553-d42e-4e3a-89be-32ca364cad4c"),
        Reference::Defender("6f90a6d6-d4d6-0794-0ec1-98fa77878c2e"),
        Reference::Attack("T1078.004"),
    ],
    run: Run::People(Subject::Subscription, run),
};

/// How many people are enough.
const ENOUGH: usize = 3;

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let estate = context.estate();
    let untold = lacks(context, Feed::People);
    for subscription in with_machines(context) {
        let Some(machines) =
            who.class_of_machine(subscription.first_id()).and_then(|at| who.machines.get(at))
        else {
            continue;
        };
        let mut classes: BTreeSet<usize> = BTreeSet::new();
        let mut reasons: Vec<Reason> = Vec::new();
        for (number, covers) in who.grants_for(machines) {
            let Some(grant) = who.grants.get(number) else { continue };
            let gives = grant.means(Means::GiveRights).and(covers);
            // Global administrators have to raise themselves first, which is seen.
            if gives == Tri::No
                || grant.eligible
                || !holds_subscriptions(grant.scope)
                || matches!(grant.given, Given::Directory(_))
            {
                continue;
            }
            if gives == Tri::Maybe {
                reasons.push(lacks(context, Feed::Rights));
                continue;
            }
            if who.is_untold_group(grant.principal) {
                reasons.push(Reason::Members { id: estate.text(grant.principal).into() });
            }
            let standing = |class: &usize| who.people.get(*class).map(|people| people.standing);
            if who.classes_in(grant.principal).iter().any(|class| standing(class) == Some(Standing::Untold)) {
                reasons.push(untold.clone());
            }
            let people = who.classes_in(grant.principal).iter().filter(|class| {
                let people = who.people.get(**class);
                people.is_some_and(|people| are_people(people.standing) && people.enabled != Some(false))
            });
            classes.extend(people);
        }
        let names = names(who, classes);
        let (count, name) = (names.len(), &subscription.name);
        if count <= ENOUGH {
            reasons.extend(subscription.whole(context, Feed::Rights).err().into_iter().flatten());
            match reasons.is_empty() {
                true => sink.pass(context, &CHECK, subscription.id),
                false => sink.unknown(&CHECK, subscription.id, reasons),
            }
            continue;
        }
        let some = shown(&names, context.lang);
        let message = say!(
            context.lang,
            "{count} people can give any role of the subscription `{name}`: {some}",
            "サブスクリプション `{name}` では {count} 人が任意のロールを割り当てられます: {some}"
        );
        let fault = with_names(Fault::new(message).fact("count", count.to_string()), names);
        sink.fail(subscription.nothing(fault).finding(context, &CHECK, subscription.id));
    }
}
