//! More people than needed can give any role of a subscription, and so take everything in it.

use std::collections::{BTreeMap, BTreeSet};

use estate::{Feed, Reason, resource_subscription};
use signin::{Given, Holding, Machines, Means, Standing, Tri, Who};

use super::gets_in::{are_people, holds_subscriptions, lacks, names, shown, who_it_is, with_names};
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

/// Who can give roles in a subscription.
#[derive(Clone, Default)]
struct Givers {
    /// Classes of people who certainly can.
    classes: BTreeSet<usize>,
    /// Why others may.
    reasons: BTreeSet<Reason>,
}

/// By the lower-cased id of each subscription with machines: who can give roles in it by a role that holds for all of it.
fn givers(context: &Context<'_>, who: &Who<'_, '_>) -> BTreeMap<String, Givers> {
    let estate = context.estate();
    let mut all: BTreeMap<String, Givers> = BTreeMap::new();
    for machines in &who.machines {
        let own = givers_for(context, who, machines);
        let subscriptions = machines.members.iter().filter_map(|id| resource_subscription(estate.text(*id)));
        let subscriptions: BTreeSet<String> = subscriptions.map(str::to_ascii_lowercase).collect();
        for subscription in subscriptions {
            let sum = all.entry(subscription).or_default();
            sum.classes.extend(&own.classes);
            sum.reasons.extend(own.reasons.iter().cloned());
        }
    }
    all
}

fn givers_for(context: &Context<'_>, who: &Who<'_, '_>, machines: &Machines) -> Givers {
    let mut givers = Givers::default();
    // Global administrators have to raise themselves first, which is seen.
    let counts = |number: &usize| {
        who.grants.get(*number).is_some_and(|grant| {
            !grant.eligible && holds_subscriptions(grant.scope) && matches!(grant.given, Given::Role(_))
        })
    };
    for holder in who.holders(machines) {
        let Some(held) = holder.held.iter().find(|held| held.means == Means::GiveRights) else { continue };
        if held.now == Tri::No || !held.grants.iter().any(counts) {
            continue;
        }
        let class = match holder.who {
            Holding::People(class) => class,
            Holding::Group(group) => {
                givers.reasons.insert(Reason::Members { id: context.estate().text(group).into() });
                continue;
            }
        };
        let Some(people) = who.people.get(class) else { continue };
        let untold = matches!(people.standing, Standing::Untold | Standing::Unread);
        if !(untold || are_people(people.standing)) || people.enabled == Some(false) {
            continue;
        }
        if untold || people.enabled.is_none() {
            givers.reasons.insert(who_it_is(context, people.standing));
        } else if held.now == Tri::Yes && held.certain.iter().any(counts) {
            givers.classes.insert(class);
        } else {
            givers.reasons.insert(lacks(context, Feed::Rights));
        }
    }
    givers
}

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let mut givers = givers(context, who);
    for subscription in with_machines(context) {
        let own = resource_subscription(context.estate().text(subscription.first_id()));
        let own = own.and_then(|own| givers.remove(&own.to_ascii_lowercase()));
        let Givers { classes, reasons } = own.unwrap_or_default();
        let mut reasons: Vec<Reason> = reasons.into_iter().collect();
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
