//! A machine does not keep the security baseline that it is held against.

use estate::{Feed, GuestAssignment, GuestFailure, Known, Reason};

use super::baseline_assignment::{baselines, name};
use super::results::{Age, age};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD005",
    slug: "baseline-failed",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Medium,
    title: Text {
        en: "a VM fails its security baseline",
        ja: "セキュリティ ベースラインを満たしていない VM",
    },
    why: Text {
        en: "Each rule of a baseline closes a way that attackers have used: old protocols, weak sign-in, missing logs. A rule that is not kept leaves its way open, on every VM that was made alike.",
        ja: "ベースラインの各規則は、古いプロトコル、弱い認証、記録の不足など、実際に悪用された手口を防ぎます。満たされていない規則があると、同じ構成のすべての VM でその手口が通用します。",
    },
    fix: Text {
        en: "Set each rule in the image or template that the VM is made from, then on the VM; the list is under Guest Assignments in the portal. A rule that cannot be kept is exempted in the policy, with the reason.",
        ja: "VM の作成元であるイメージやテンプレートと VM の両方で、各規則の設定を修正してください。一覧はポータルの [ゲスト割り当て] で確認できます。適用できない規則は、理由を添えてポリシーの適用除外にしてください。",
    },
    feed: Some(Feed::GuestConfiguration),
    refs: &[
        Reference::Mcsb("PV-4"),
        Reference::Defender("8c3d9ad0-3639-4686-9cd2-2b2ab2609bda"),
        Reference::Defender("1f655fb7-63ca-4980-91a3-56dbc2b715c6"),
        Reference::Policy("72650e9f-97bc-4b2a-ab5f-9781a9fcecbc"),
        Reference::Policy("fc9b3da7-8347-4380-8e70-0a0361d8dedd"),
        Reference::Policy("a8f3e6a6-dcd2-434c-b0f7-6f309ce913b4"),
        Reference::Page(
            "https://learn.microsoft.com/azure/governance/policy/samples/guest-configuration-baseline-windows",
        ),
        Reference::Page(
            "https://learn.microsoft.com/azure/governance/policy/samples/guest-configuration-baseline-linux",
        ),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let (mut failed, mut open, mut kept) = (Vec::new(), Vec::new(), false);
    for assignment in baselines(context, view) {
        match judge(context, assignment) {
            Ok(true) => kept = true,
            Ok(false) => failed.push(assignment),
            Err(reason) => open.push(reason),
        }
    }
    if let Some(first) = failed.first() {
        return fault(context, view, first, &failed).verdict();
    }
    if !open.is_empty() {
        return Err(open);
    }
    context.whole(Feed::GuestConfiguration, view)?;
    // A machine that nobody looks at is what HRD006 tells of.
    Ok(if kept { Verdict::Pass } else { Verdict::NotFor })
}

/// Whether a baseline is kept.
fn judge(context: &Context<'_>, assignment: &GuestAssignment) -> Result<bool, Reason> {
    let feed = Feed::GuestConfiguration;
    if let Some(Known::Unknown(reason)) = &assignment.status {
        return Err(reason.as_ref().clone());
    }
    let age = age(context, &assignment.origins, &assignment.at);
    if age == Age::Old {
        return Err(Reason::OldResult { feed });
    }
    if says(&assignment.status, "NonCompliant") {
        return Ok(false);
    }
    match says(&assignment.status, "Compliant") && age == Age::Fresh {
        true => Ok(true),
        false => Err(Reason::NoResult { feed }),
    }
}

fn fault(
    context: &Context<'_>,
    view: &VmView<'_>,
    first: &GuestAssignment,
    failed: &[&GuestAssignment],
) -> Fault {
    let rules: Vec<&GuestFailure> = failed
        .iter()
        .filter_map(|assignment| assignment.failures.as_ref()?.value())
        .flat_map(|failures| failures.iter())
        .collect();
    let machine = context.name(view.vm.id);
    let names: Vec<String> = failed.iter().map(|it| format!("`{}`", one_line(name(context, it)))).collect();
    let names = names.join(", ");
    let message = match rules.len() {
        0 => say!(
            context.lang,
            "`{machine}` does not keep the baseline {names}",
            "`{machine}` はベースライン {names} を満たしていません"
        ),
        1 => say!(
            context.lang,
            "`{machine}` does not keep a rule of the baseline {names}",
            "`{machine}` はベースライン {names} の 1 個の規則を満たしていません"
        ),
        count => say!(
            context.lang,
            "`{machine}` does not keep {count} rules of the baseline {names}",
            "`{machine}` はベースライン {names} の {count} 個の規則を満たしていません"
        ),
    };
    let mut fault = Fault::new(message);
    for rule in &rules {
        let text = if rule.reason.is_empty() {
            one_line(&rule.rule)
        } else {
            format!("{}: {}", one_line(&rule.rule), one_line(&rule.reason))
        };
        fault = fault.fact("rule", text);
    }
    if let Some(Known::Value(at)) = &first.at {
        fault = fault.fact("looked_at", at.day());
    }
    fault.at_record(first.id, &first.origins, "/properties/complianceStatus")
}
