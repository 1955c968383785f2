//! A policy that would protect signing in to machines only reports.

use estate::{Feed, ResourceId};
use signin::{Door, PolicyState, Region, SignIn, Tri, Verdict, Where, Who};

use super::gets_in::{From, all_rights, doubts, is_for_every_risk, policy_name, protects};
use super::unprotected::logins;
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
    let (logins, others) = logins(context, who);
    for policy in &context.estate().around.access_policies {
        let meant = protects(context, policy) == Tri::Yes && is_for_every_risk(policy) == Tri::Yes;
        if signin::state_of(policy) != PolicyState::ReportOnly || !meant {
            continue;
        }
        // Only where somebody signs in with less than it would demand.
        let missed = |((class, door), lets_in): (&(usize, Door), &Tri)| {
            let own = who.sign_in(*class, *door).and_then(|own| misses(own, policy.id));
            own.unwrap_or(Tri::Maybe).and(*lets_in)
        };
        match logins.iter().map(missed).fold(Tri::No, Tri::or) {
            Tri::Yes => {}
            Tri::Maybe => {
                sink.unknown(&CHECK, policy.id, doubts(context, who));
                continue;
            }
            Tri::No => {
                // Somebody of whom nobody told may sign in.
                let mut reasons = others.clone();
                reasons.extend(all_rights(context, From::Azure).err().into_iter().flatten());
                match reasons.is_empty() {
                    true => sink.pass(context, &CHECK, policy.id),
                    false => sink.unknown(&CHECK, policy.id, reasons.into_iter().collect()),
                }
                continue;
            }
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

/// Whether somebody signs in with less than a policy would demand, where it is for them.
fn misses(sign_in: &SignIn<'_>, policy: ResourceId) -> Option<Tri> {
    let answer = sign_in.answer.as_ref()?;
    let own = answer.policies.iter().find(|own| own.policy.id == policy)?;
    let is_there = |region: &Region| match &own.applies {
        Where::Never(_) => false,
        Where::Always => true,
        Where::Some(parts) => parts.iter().all(|(axis, here)| {
            let there = region.iter().find(|(its, _)| its == axis);
            there.is_none_or(|(_, there)| there.iter().any(|class| here.contains(class)))
        }),
    };
    let sure = if own.doubts.is_empty() { Tri::Yes } else { Tri::Maybe };
    let cases = answer.outcomes.iter().zip(&sign_in.cases);
    let case = |((_, regions), verdict): (&(_, Vec<Region>), &Verdict)| {
        let less = match verdict {
            Verdict::Nothing | Verdict::Other => Tri::Yes,
            Verdict::Unknown => Tri::Maybe,
            _ => Tri::No,
        };
        if regions.iter().any(is_there) { less.and(sure) } else { Tri::No }
    };
    Some(cases.map(case).fold(Tri::No, Tri::or))
}
