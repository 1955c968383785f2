//! A policy is meant for signing in to machines and is for another application.

use estate::{AccessPolicy, Feed, Known};
use signin::{Door, PolicyState, Tri, Who, is_for_application, looks_like_machine, state_of};

use super::gets_in::{policy_name, protected_machines, protects};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "CAP005",
    slug: "policy-for-wrong-application",
    checkpoint: Checkpoint::ConditionalAccess,
    severity: Severity::Medium,
    title: Text {
        en: "a policy for the wrong application", ja: "対象アプリを取り違えたポリシー"
    },
    why: Text {
        en: "Windows Cloud Login and Microsoft Remote Desktop are the applications of Azure Virtual Desktop and of single sign-on. Their names are found first by who looks for remote desktop; signing in to an Azure VM is another application, and the policy never meets it.",
        ja: "Windows Cloud Login と Microsoft Remote Desktop は、Azure Virtual Desktop やシングル サインオン用のアプリです。リモート デスクトップを探すと先に見つかりますが、Azure VM へのサインインは別のアプリなので、ポリシーは適用されません。",
    },
    fix: Text {
        en: "Add Microsoft Azure Windows Virtual Machine Sign-in (372140e0-b3b7-4226-8ef9-d57986796201) and Azure Linux VM Sign-In (ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0) to the policy, or make it one for all resources.",
        ja: "Microsoft Azure Windows Virtual Machine Sign-in (372140e0-b3b7-4226-8ef9-d57986796201) と Azure Linux VM Sign-In (ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0) を対象に加えるか、すべてのリソースを対象にしてください。",
    },
    feed: Some(Feed::AccessPolicies),
    refs: &[
        Reference::Mcsb("IM-7"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows",
        ),
    ],
    run: Run::People(Subject::Directory, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    for policy in &context.estate().around.access_policies {
        sink.take(context, &CHECK, policy.id, judge(context, who, policy));
    }
}

fn judge(context: &Context<'_>, who: &Who<'_, '_>, policy: &AccessPolicy) -> Judged {
    if state_of(policy) == PolicyState::Off || protects(context, policy) == Tri::No {
        return Ok(Verdict::NotFor);
    }
    let alike = policy.include_apps.as_ref().and_then(Known::value).into_iter().flatten();
    let alike: Vec<&str> = alike.filter_map(|id| looks_like_machine(id)).collect();
    let Some(first) = alike.first() else { return Ok(Verdict::NotFor) };
    let doors = |policy: &AccessPolicy| {
        [Door::Windows, Door::Linux].map(|door| is_for_application(policy, &door.application()))
    };
    // A policy that only reports is right or wrong all the same.
    let [windows, linux] = doors(policy);
    match windows.or(linux) {
        Tri::Yes => return Ok(Verdict::Pass),
        Tri::Maybe => return Err(vec![estate::Reason::SignInRules]),
        Tri::No => {}
    }
    // Whoever protects these by another policy knows the difference.
    let [windows, linux] = protected_machines(context, who, policy);
    match windows.and(linux) {
        Tri::Yes => return Ok(Verdict::Pass),
        Tri::Maybe => return Err(vec![estate::Reason::SignInRules]),
        Tri::No => {}
    }
    let name = policy_name(context, policy);
    let message = say!(
        context.lang,
        "`{name}` is for `{first}`, which is not what people sign in to VMs by",
        "`{name}` の対象は `{first}` で、VM へのサインインには適用されません"
    );
    Fault::new(message)
        .fact("application", *first)
        .at_record(policy.id, &policy.origins, "/conditions/applications/includeApplications")
        .verdict()
}
