//! The smaller plan watches the machines of a subscription.

use estate::{Feed, Plan};

use super::subscriptions::{partial, servers_plan, with_machines};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "DEF002",
    slug: "defender-plan-1",
    checkpoint: Checkpoint::Defender,
    severity: Severity::Low,
    title: Text {
        en: "Defender for Servers in its smaller plan",
        ja: "Defender for Servers プラン 1 の使用",
    },
    why: Text {
        en: "Plan 1 brings Defender for Endpoint. Just-in-time access, scans without an agent, secrets on disks and file integrity come with plan 2: where they are missing, open management ports and what an agent does not see stay.",
        ja: "プラン 1 に含まれるのは主に Defender for Endpoint です。Just-In-Time VM アクセス、エージェントレス スキャン、ディスク上のシークレットの検出、ファイルの整合性の監視はプラン 2 の機能です。",
    },
    fix: Text {
        en: "Where the machines are worth it, take plan 2: `az security pricing create -n VirtualMachines --tier standard --subplan P2`.",
        ja: "重要な VM がある場合は、プラン 2 に変更してください: `az security pricing create -n VirtualMachines --tier standard --subplan P2`",
    },
    feed: Some(Feed::Security),
    refs: &[
        Reference::Mcsb("LT-1"),
        Reference::Policy("5eb6d64a-4086-4d7a-92da-ec51aed0332d"),
        Reference::Page("https://learn.microsoft.com/azure/defender-for-cloud/plan-defender-for-servers"),
    ],
    run: Run::Estate(Subject::Subscription, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for subscription in with_machines(context) {
        // DEF001 tells of subscriptions without a plan.
        if let Some(plan) = servers_plan(context, &subscription) {
            sink.take(context, &CHECK, plan.id, judge(context, plan, &subscription.name));
        }
    }
}

fn judge(context: &Context<'_>, plan: &Plan, subscription: &str) -> Judged {
    if context.known(&plan.tier)?.is_none() {
        return Err(vec![partial(context, plan.id)]);
    }
    if !says(&plan.tier, "Standard") {
        return Ok(Verdict::NotFor);
    }
    context.known(&plan.sub_plan)?;
    // Where none is named the whole plan applies.
    // https://learn.microsoft.com/rest/api/defenderforcloud/pricings/get
    if !says(&plan.sub_plan, "P1") {
        return Ok(Verdict::Pass);
    }
    let message = say!(
        context.lang,
        "the subscription `{subscription}` has Defender for Servers in plan 1: no just-in-time access and no scans without an agent",
        "サブスクリプション `{subscription}` の Defender for Servers はプラン 1 で、Just-In-Time VM アクセスやエージェントレス スキャンを使えません"
    );
    Fault::new(message)
        .fact("sub_plan", "P1")
        .at_record(plan.id, &plan.origins, "/properties/subPlan")
        .verdict()
}
