//! Nobody watches the machines of a subscription.

use estate::Feed;

use super::subscriptions::{Subscription, partial, servers_plan, with_machines};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "DEF001",
    slug: "defender-plan-off",
    checkpoint: Checkpoint::Defender,
    severity: Severity::High,
    title: Text { en: "Defender for Servers is off", ja: "Defender for Servers が無効" },
    why: Text {
        en: "Without the plan nobody is told of brute force, of a coin miner or of a stranger's sign-in, and machines get no Defender for Endpoint, no scan for vulnerabilities and no just-in-time access. The first sign of an attack is its damage.",
        ja: "プランが無効だと、総当たり攻撃やコイン マイナー、不審なサインインがあっても通知されません。Defender for Endpoint や脆弱性のスキャン、Just-In-Time VM アクセスも使えません。被害が出て初めて攻撃に気付くことになります。",
    },
    fix: Text {
        en: "Switch it on for the subscription: `az security pricing create -n VirtualMachines --tier standard --subplan P2`. It is paid for by the hour of each running VM.",
        ja: "サブスクリプションで有効にしてください: `az security pricing create -n VirtualMachines --tier standard --subplan P2`。料金は実行中の VM ごとに時間単位でかかります。",
    },
    feed: Some(Feed::Security),
    refs: &[
        Reference::Mcsb("LT-1"),
        Reference::Defender("56a6e81f-7413-4f72-9a1b-aaeeaa87c872"),
        Reference::Policy("4da35fc9-c9e7-4960-aec9-797fe7d9051d"),
        Reference::Page("https://learn.microsoft.com/azure/defender-for-cloud/plan-defender-for-servers"),
    ],
    run: Run::Estate(Subject::Subscription, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for subscription in with_machines(context) {
        let resource = servers_plan(context, &subscription).map_or(subscription.id, |plan| plan.id);
        sink.take(context, &CHECK, resource, judge(context, &subscription));
    }
}

fn judge(context: &Context<'_>, subscription: &Subscription<'_>) -> Judged {
    let name = &subscription.name;
    let plan = servers_plan(context, subscription);
    let mut fault = Fault::new(say!(
        context.lang,
        "nobody watches the VMs of the subscription `{name}`: Defender for Servers is off",
        "サブスクリプション `{name}` では Defender for Servers が無効で、VM が監視されていません"
    ));
    let Some(plan) = plan else {
        subscription.whole(context, Feed::Security)?;
        return subscription.nothing(fault).verdict();
    };
    let Some(tier) = context.known(&plan.tier)? else { return Err(vec![partial(context, plan.id)]) };
    if says(&plan.tier, "Standard") {
        return Ok(Verdict::Pass);
    }
    fault = fault.fact("pricing_tier", one_line(tier));
    fault.at_record(plan.id, &plan.origins, "/properties/pricingTier").verdict()
}
