//! Policies of just-in-time access without the plan that serves their requests.

use std::collections::BTreeMap;

use estate::{Feed, JitPolicy, Plan, Reason, ResourceId, resource_name, resource_subscription};

use super::jit_access::partial;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::exposure::listed;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "JIT007",
    slug: "jit-without-plan",
    checkpoint: Checkpoint::Jit,
    severity: Severity::Medium,
    title: Text {
        en: "just-in-time access without the plan that serves it",
        ja: "必要なプランのない Just-In-Time VM アクセス",
    },
    why: Text {
        en: "Just-in-time access is a part of Defender for Servers Plan 2. Without the plan nobody serves requests: people who cannot get in open the port by hand, and that rule stays.",
        ja: "Just-In-Time (JIT) VM アクセスには Defender for Servers プラン 2 が必要です。プランがないと要求が処理されず、接続できない利用者が手作業でポートを開き、その規則が残り続けます。",
    },
    fix: Text {
        en: "Turn the plan on: `az security pricing create --name VirtualMachines --tier standard --subplan P2`, or delete the policies and close the ports for good.",
        ja: "プランを有効にするか (`az security pricing create --name VirtualMachines --tier standard --subplan P2`)、ポリシーを削除してポートを恒久的に閉じてください。",
    },
    feed: Some(Feed::JitPolicies),
    refs: &[
        Reference::Mcsb("NS-3"),
        Reference::Mcsb("PA-2"),
        Reference::Defender("56a6e81f-7413-4f72-9a1b-aaeeaa87c872"),
        Reference::Page("https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-usage"),
        Reference::Page("https://learn.microsoft.com/cli/azure/security/pricing"),
    ],
    run: Run::Estate(Subject::JitPolicy, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    let estate = context.estate();
    // One finding for a subscription: the plan is the subscription's.
    let mut by_subscription: BTreeMap<String, Vec<&JitPolicy>> = BTreeMap::new();
    for policy in &estate.around.jit_policies {
        match resource_subscription(estate.text(policy.id)) {
            Some(subscription) => {
                by_subscription.entry(subscription.to_ascii_lowercase()).or_default().push(policy);
            }
            None => sink.unknown(&CHECK, policy.id, vec![partial(context, policy.id)]),
        }
    }
    for (subscription, mut policies) in by_subscription {
        policies.sort_by_cached_key(|policy| estate.text(policy.id).to_ascii_lowercase());
        let Some(first) = policies.first() else { continue };
        let owner = estate.ids().find(&format!("/subscriptions/{subscription}"));
        match owner.and_then(|owner| plan(context, owner)) {
            Some(plan) => sink.take(context, &CHECK, plan.owner, judge(context, plan, &policies)),
            None => sink.unknown(&CHECK, first.id, untold(context, first)),
        }
    }
}

/// The plan for servers of a subscription.
fn plan<'e>(context: &Context<'e>, subscription: ResourceId) -> Option<&'e Plan> {
    let estate = context.estate();
    let mut plans = estate.around.plans.of(subscription).iter();
    plans.find(|plan| resource_name(estate.text(plan.id)).eq_ignore_ascii_case("VirtualMachines"))
}

/// Why nobody can tell of a plan. Azure lists every plan, those that are off included: where one is not there, the list
/// was cut short.
fn untold(context: &Context<'_>, policy: &JitPolicy) -> Vec<Reason> {
    match context.whole_for(Feed::Security, policy.id, &policy.origins) {
        Err(reasons) => reasons,
        Ok(()) => vec![Reason::NotWhole { feed: Feed::Security, action: None }],
    }
}

fn judge(context: &Context<'_>, plan: &Plan, policies: &[&JitPolicy]) -> Judged {
    let Some(tier) = context.known(&plan.tier)? else {
        return Err(vec![Reason::NotWhole { feed: Feed::Security, action: None }]);
    };
    let sub_plan = context.known(&plan.sub_plan)?.map_or("P2", |sub_plan| &**sub_plan);
    // Standard without a word of which is the full plan:
    // https://learn.microsoft.com/rest/api/defenderforcloud/pricings/update
    let standard = tier.eq_ignore_ascii_case("Standard");
    if standard && sub_plan.eq_ignore_ascii_case("P2") {
        return Ok(Verdict::Pass);
    }
    let lang = context.lang;
    let (count, subscription) = (policies.len(), context.title(plan.owner));
    let names: Vec<String> =
        policies.iter().take(3).map(|policy| format!("`{}`", context.name(policy.id))).collect();
    let names = listed(&names, lang);
    let is = match standard {
        true => say!(
            lang,
            "Defender for Servers is on in plan {}",
            "Defender for Servers はプラン {} です",
            one_line(sub_plan)
        ),
        false => say!(lang, "Defender for Servers is off", "Defender for Servers が無効です"),
    };
    let message = say!(
        lang,
        "the subscription `{subscription}` has policies of just-in-time access ({count}: {names}), but {is}: nobody serves their requests",
        "サブスクリプション `{subscription}` には Just-In-Time VM アクセスのポリシーがありますが ({count} 件: {names})、{is}。要求は処理されません"
    );
    let pointer = if standard { "/properties/subPlan" } else { "/properties/pricingTier" };
    let fault = Fault::new(message)
        .at_record(plan.id, &plan.origins, pointer)
        .fact("pricing_tier", tier.to_string())
        .fact("policies", count.to_string());
    if standard { fault.fact("sub_plan", sub_plan).verdict() } else { fault.verdict() }
}
