//! Alerts are kept from people for good, or all at once.

use estate::{Feed, SuppressionRule};

use super::subscriptions::{partial, with_machines};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "DEF010",
    slug: "broad-alert-suppression",
    checkpoint: Checkpoint::Defender,
    severity: Severity::Medium,
    title: Text { en: "alerts are suppressed broadly", ja: "広すぎるアラートの抑制ルール" },
    why: Text {
        en: "A rule that was made for one noisy test hides the real attack that looks like it, on every machine and long after the test. Attackers who get far enough make such rules themselves.",
        ja: "テスト時の誤検知を抑えるためのルールが、よく似た本物の攻撃まで、すべての VM で、テストの終了後もずっと隠してしまいます。権限を得た攻撃者が自分で抑制ルールを作ることもあります。",
    },
    fix: Text {
        en: "Narrow the rule to the machine or account that it is about, let it end in some weeks, or delete it: `az security alerts-suppression-rule delete --rule-name <RULE>`.",
        ja: "対象の VM やアカウントに絞り、数週間で期限が切れるように設定するか、削除してください: `az security alerts-suppression-rule delete --rule-name <ルール名>`",
    },
    feed: Some(Feed::SuppressionRules),
    refs: &[
        Reference::Mcsb("LT-1"),
        Reference::Policy("80e94a21-c6cd-4c95-a2c7-beb5704e61c0"),
        Reference::Attack("T1562.001"),
        Reference::Page(
            "https://learn.microsoft.com/azure/templates/microsoft.security/alertssuppressionrules",
        ),
    ],
    run: Run::Estate(Subject::Subscription, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for subscription in with_machines(context) {
        let all = &context.estate().around.suppression_rules;
        let rules = subscription.own.map(|own| all.of(own)).unwrap_or_default();
        for rule in rules {
            sink.take(context, &CHECK, rule.id, judge(context, rule));
        }
        if rules.is_empty() {
            let judged = subscription.whole(context, Feed::SuppressionRules).map(|()| Verdict::Pass);
            sink.take(context, &CHECK, subscription.id, judged);
        }
    }
}

fn judge(context: &Context<'_>, rule: &SuppressionRule) -> Judged {
    let Some(_) = context.known(&rule.state)? else { return Err(vec![partial(context, rule.id)]) };
    if !says(&rule.state, "Enabled") {
        return Ok(Verdict::Pass);
    }
    // A rule without an end has none.
    // https://learn.microsoft.com/azure/templates/microsoft.security/alertssuppressionrules
    let until = context.known(&rule.until)?;
    if let (Some(until), Some(now)) = (until, context.moment(&rule.origins))
        && *until < now
    {
        return Ok(Verdict::Pass);
    }
    let kind = context.known(&rule.kind)?;
    let all = says(&rule.kind, "*");
    let narrowed = context.known(&rule.narrowed)? == Some(&true);
    let (en, ja, pointer) = if all && !narrowed {
        ("it hides every alert", "すべてのアラートが対象です", "/properties/alertType")
    } else if until.is_none() {
        ("it never ends", "有効期限がありません", "/properties/expirationDateUtc")
    } else if !narrowed {
        ("it is not narrowed to anything", "対象が絞られていません", "/properties/suppressionAlertsScope")
    } else if all {
        ("it is for alerts of every kind", "すべての種類のアラートが対象です", "/properties/alertType")
    } else {
        return Ok(Verdict::Pass);
    };
    let name = context.name(rule.id);
    let message = say!(
        context.lang,
        "the rule `{name}` keeps alerts from people: {en}",
        "抑制ルール `{name}` によってアラートが隠されています: {ja}"
    );
    Fault::new(message)
        .fact("alert_type", kind.map(|kind| one_line(kind)).unwrap_or_default())
        .fact("until", until.map_or_else(|| "never".to_owned(), |until| until.day()))
        .fact("narrowed", narrowed.to_string())
        .at_record(rule.id, &rule.origins, pointer)
        .verdict()
}
