//! A policy that would protect signing in to machines only reports.

use estate::Feed;
use signin::{Door, PolicyState, Tri, Where, Who};

use super::gets_in::{doubts, is_for_every_risk, policy_name, protects};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "CAP004",
    slug: "policy-only-reports",
    checkpoint: Checkpoint::ConditionalAccess,
    severity: Severity::Medium,
    title: Text { en: "a policy that only reports", ja: "レポート専用のままのポリシー" },
    why: Text {
        en: "Its name says MFA, the portal lists it, and it demands nothing: it writes down what it would have done. People who look at the list count it as protection.",
        ja: "名前は MFA で一覧にも表示されますが、実際には何も要求せず、結果を記録するだけです。一覧を見た人は、保護されていると誤解します。",
    },
    fix: Text {
        en: "Look at its results (Sign-in logs, Report-only), then set it to On.",
        ja: "[サインイン ログ] の [レポート専用] で結果を確認し、ポリシーを「オン」にしてください。",
    },
    feed: Some(Feed::AccessPolicies),
    refs: &[
        Reference::Mcsb("IM-7"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-report-only",
        ),
    ],
    run: Run::People(Subject::Directory, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    for policy in &context.estate().around.access_policies {
        let meant = protects(context, policy) == Tri::Yes && is_for_every_risk(policy) == Tri::Yes;
        if signin::state_of(policy) != PolicyState::ReportOnly || !meant {
            continue;
        }
        // Only where somebody signs in with less than it would demand.
        let missed = who.sign_ins().iter().any(|sign_in| {
            let applies = sign_in
                .answer
                .iter()
                .flat_map(|answer| &answer.policies)
                .any(|own| own.policy.id == policy.id && !matches!(own.applies, Where::Never(_)));
            applies && sign_in.door != Door::Azure && !sign_in.least().is_protected()
        });
        if !missed {
            sink.pass(context, &CHECK, policy.id);
            continue;
        }
        // Another that is not told may demand the same.
        if !who.rules.whole {
            sink.unknown(&CHECK, policy.id, doubts(context, who));
            continue;
        }
        let name = policy_name(context, policy);
        let message = say!(
            context.lang,
            "`{name}` would protect signing in to VMs, and only reports",
            "`{name}` は VM へのサインインを保護できますが、レポート専用です"
        );
        let fault = Fault::new(message).at_record(policy.id, &policy.origins, "/state");
        sink.fail(fault.finding(context, &CHECK, policy.id));
    }
}
