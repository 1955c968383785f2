//! Alerts are kept nowhere but in Defender for Cloud.

use estate::{Export, Feed, Known, Reason};

use super::subscriptions::{Subscription, partial, with_machines};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "DEF011",
    slug: "no-continuous-export",
    checkpoint: Checkpoint::Defender,
    severity: Severity::Low,
    title: Text { en: "alerts are sent nowhere", ja: "アラートの連続エクスポートが未設定" },
    why: Text {
        en: "Alerts go away after some weeks, and whoever takes over the subscription can close them. A copy in a workspace or an event hub tells what happened when somebody asks later, and lets other systems act on it at once.",
        ja: "アラートは一定期間で消え、サブスクリプションを乗っ取った攻撃者が解決済みにすることもできます。Log Analytics ワークスペースや Event Hubs に出力しておけば、後から調査でき、ほかのシステムから即座に対応することもできます。",
    },
    fix: Text {
        en: "Send alerts to a Log Analytics workspace or an event hub: Defender for Cloud, Environment settings, the subscription, Continuous export.",
        ja: "Defender for Cloud の [環境設定] でサブスクリプションを開き、[連続エクスポート] でアラートを Log Analytics ワークスペースまたは Event Hubs に出力してください。",
    },
    feed: Some(Feed::Exports),
    refs: &[
        Reference::Policy("ffb6f416-7bd2-4488-8828-56585fef2be9"),
        Reference::Policy("cdfcce10-4578-4ecd-9703-530938e4abcb"),
    ],
    run: Run::Estate(Subject::Subscription, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for subscription in with_machines(context) {
        sink.take(context, &CHECK, subscription.id, judge(context, &subscription));
    }
}

fn judge(context: &Context<'_>, subscription: &Subscription<'_>) -> Judged {
    let mut open: Vec<Reason> = Vec::new();
    for export in &context.estate().around.exports {
        match sends(context, export, subscription) {
            Ok(true) => return Ok(Verdict::Pass),
            Ok(false) => {}
            Err(reasons) => open.extend(reasons),
        }
    }
    if !open.is_empty() {
        return Err(open);
    }
    subscription.whole(context, Feed::Exports)?;
    let name = &subscription.name;
    let message = say!(
        context.lang,
        "alerts of the subscription `{name}` are sent nowhere",
        "サブスクリプション `{name}` のアラートはどこにもエクスポートされていません"
    );
    subscription.nothing(Fault::new(message)).verdict()
}

/// Whether an export sends alerts of a subscription.
fn sends(
    context: &Context<'_>,
    export: &Export,
    subscription: &Subscription<'_>,
) -> Result<bool, Vec<Reason>> {
    let is_of = |own| match &export.scopes {
        Some(Known::Value(scopes)) => scopes.contains(&own),
        _ => false,
    };
    if export.on == Some(Known::Value(false)) {
        return Ok(false);
    }
    let needed = |known: Option<bool>| known.ok_or_else(|| vec![partial(context, export.id)]);
    let alerts = context.known(&export.sources)?;
    let alerts = alerts.map(|all| all.iter().any(|source| source.eq_ignore_ascii_case("Alerts")));
    if !needed(alerts)? {
        return Ok(false);
    }
    context.known(&export.scopes)?;
    Ok(subscription.own.is_some_and(is_of) && needed(context.known(&export.on)?.copied())?)
}
