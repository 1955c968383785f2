//! A policy for all applications leaves signing in to machines out.

use estate::{AccessPolicy, Feed};
use signin::{Door, PolicyState, Tri, Who, state_of};

use super::gets_in::{names_any, policy_name, protected_machines, protects};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "CAP003",
    slug: "policy-spares-machines",
    checkpoint: Checkpoint::ConditionalAccess,
    severity: Severity::High,
    title: Text {
        en: "a policy leaves sign-in to VMs out", ja: "VM へのサインインを除外するポリシー"
    },
    why: Text {
        en: "It is for all applications and says so; in the list of exclusions stands the one by which people sign in to VMs. Mostly somebody could not get in by RDP once, and the exclusion stayed.",
        ja: "「すべてのアプリ」を対象としていながら、除外の一覧に VM へのサインイン用アプリが含まれています。多くは、RDP でサインインできなかった際の一時的な除外が残ったものです。",
    },
    fix: Text {
        en: "Take the application out of the exclusions. Clients that cannot do MFA for a VM sign in from a device that is joined to the same directory, or with Windows Hello for Business.",
        ja: "除外からこのアプリを外してください。VM への MFA に対応しないクライアントは、同じディレクトリに参加したデバイス、または Windows Hello for Business からサインインします。",
    },
    feed: Some(Feed::AccessPolicies),
    refs: &[
        Reference::Mcsb("IM-7"),
        Reference::Attack("T1556.009"),
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
    let on = matches!(state_of(policy), PolicyState::On | PolicyState::Unknown);
    if !on || protects(context, policy) == Tri::No {
        return Ok(Verdict::NotFor);
    }
    context.known(&policy.include_apps)?;
    if !names_any(&policy.include_apps, &["All"]) {
        return Ok(Verdict::NotFor);
    }
    // Whoever protects these by another policy has left them out for that.
    let doors = [Door::Windows, Door::Linux].map(Door::application);
    let spared = doors
        .into_iter()
        .zip(protected_machines(context, who, policy))
        .filter(|(application, _)| names_any(&policy.exclude_apps, &[&application.id]));
    let spared: Vec<_> = spared.filter(|(_, otherwise)| *otherwise != Tri::Yes).collect();
    if spared.iter().any(|(_, otherwise)| *otherwise == Tri::Maybe) {
        return Err(vec![estate::Reason::SignInRules]);
    }
    let spared: Vec<String> =
        spared.into_iter().map(|(application, _)| format!("`{}`", application.name)).collect();
    if spared.is_empty() {
        return match context.known(&policy.exclude_apps)? {
            _ if policy.app_filter.is_some() => Err(vec![estate::Reason::SignInRules]),
            _ => Ok(Verdict::Pass),
        };
    }
    if state_of(policy) == PolicyState::Unknown || protects(context, policy) == Tri::Maybe {
        return Err(vec![estate::Reason::SignInRules]);
    }
    let (name, spared) = (policy_name(context, policy), crate::exposure::listed(&spared, context.lang));
    let message = say!(
        context.lang,
        "`{name}` is for all applications but {spared}",
        "`{name}` はすべてのアプリを対象としていますが、{spared} を除外しています"
    );
    Fault::new(message)
        .at_record(policy.id, &policy.origins, "/conditions/applications/excludeApplications")
        .verdict()
}
