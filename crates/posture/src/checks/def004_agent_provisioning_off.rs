//! A plan is paid for, and a part of it is off.

use estate::{Feed, Plan};

use super::subscriptions::{partial, servers_plan, with_machines};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "DEF004",
    slug: "agent-provisioning-off",
    checkpoint: Checkpoint::Defender,
    severity: Severity::Low,
    title: Text {
        en: "a part of Defender for Servers is off",
        ja: "Defender for Servers の一部の機能が無効",
    },
    why: Text {
        en: "Scans without an agent find vulnerabilities, malware and secrets also on machines where no agent runs, such as one that an attacker has stopped; file integrity shows who changed the system. The plan pays for both.",
        ja: "エージェントレス スキャンは、攻撃者がエージェントを停止した VM でも脆弱性やマルウェア、シークレットを検出できます。ファイルの整合性の監視は、システムの改ざんを記録します。どちらもプランの料金に含まれています。",
    },
    fix: Text {
        en: "Switch it on: `az security pricing create -n VirtualMachines --tier standard --subplan P2 --extensions name=AgentlessVmScanning isEnabled=True`; file integrity monitoring needs a workspace and is set in the portal: Environment settings, the subscription, Settings & monitoring.",
        ja: "有効にしてください: `az security pricing create -n VirtualMachines --tier standard --subplan P2 --extensions name=AgentlessVmScanning isEnabled=True`。ファイルの整合性の監視はワークスペースが必要なため、ポータルの [環境設定] でサブスクリプションを開き、[設定と監視] で設定します。",
    },
    feed: Some(Feed::Security),
    refs: &[
        Reference::Mcsb("LT-1"),
        Reference::Policy("5eb6d64a-4086-4d7a-92da-ec51aed0332d"),
        Reference::Page("https://learn.microsoft.com/cli/azure/security/pricing"),
    ],
    run: Run::Estate(Subject::Subscription, run),
};

/// Parts of plan 2. `MdeDesignatedSubscription` is about servers outside of Azure and is off for good reasons.
const PARTS: [&str; 2] = ["AgentlessVmScanning", "FileIntegrityMonitoring"];

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
    // DEF002 tells of plan 1, which has none of them.
    if !says(&plan.tier, "Standard") || says(&plan.sub_plan, "P1") {
        return Ok(Verdict::NotFor);
    }
    let Some(parts) = context.known(&plan.parts)? else { return Err(vec![partial(context, plan.id)]) };
    let part = |name: &str| parts.iter().find(|part| part.name.eq_ignore_ascii_case(name));
    let off: Vec<&str> =
        PARTS.into_iter().filter(|name| part(name).is_some_and(|part| !part.enabled)).collect();
    if off.is_empty() {
        // A list without it is one of an older version, which tells of other parts.
        return match part("AgentlessVmScanning") {
            Some(_) => Ok(Verdict::Pass),
            None => Err(vec![partial(context, plan.id)]),
        };
    }
    let names = off.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let message = say!(
        context.lang,
        "parts of Defender for Servers are off in the subscription `{subscription}`: {names}",
        "サブスクリプション `{subscription}` では Defender for Servers の一部が無効です: {names}"
    );
    Fault::new(message)
        .fact("off", off.join(", "))
        .at_record(plan.id, &plan.origins, "/properties/extensions")
        .verdict()
}
