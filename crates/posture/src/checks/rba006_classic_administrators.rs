//! Administrators of the time before roles are still written down.

use estate::{Feed, Known};

use super::gets_in::shown;
use super::subscriptions::with_machines;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "RBA006",
    slug: "classic-administrators",
    checkpoint: Checkpoint::Rbac,
    severity: Severity::Low,
    title: Text { en: "classic administrators are left", ja: "従来の管理者の残存" },
    why: Text {
        en: "Microsoft has turned the co-administrators that were left into owners of the subscription and retired the rest in May 2026. Whoever is still on that list was administrator, and most likely is owner now without anybody having decided so.",
        ja: "Microsoft は残っていた共同管理者をサブスクリプションの所有者に変換し、2026 年 5 月に従来の管理者を廃止しました。この一覧に残る人は、誰も判断しないまま所有者になっている可能性があります。",
    },
    fix: Text {
        en: "See whether each of them is an owner now and should be: `az role assignment list --assignee <EMAIL> --all`. Then remove them: Access control (IAM), Classic administrators.",
        ja: "各自が現在所有者であるか、その必要があるかを確認し (`az role assignment list --assignee <メール> --all`)、[アクセス制御 (IAM)] の [従来の管理者] から削除してください。",
    },
    feed: Some(Feed::Rights),
    refs: &[
        Reference::Mcsb("PA-1"),
        Reference::Page("https://learn.microsoft.com/azure/role-based-access-control/classic-administrators"),
    ],
    run: Run::Estate(Subject::Subscription, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for subscription in with_machines(context) {
        let all = subscription
            .own
            .map(|own| context.estate().around.classic_administrators.of(own))
            .unwrap_or_default();
        // Who pays for the subscription may do nothing in it.
        let acts =
            |role: &str| ["ServiceAdministrator", "CoAdministrator"].iter().any(|word| role.contains(word));
        let left: Vec<_> = all
            .iter()
            .filter(|one| one.role.as_ref().and_then(Known::value).is_none_or(|role| acts(role)))
            .collect();
        let Some(first) = left.first() else {
            match subscription.whole(context, Feed::Rights) {
                Ok(()) => sink.pass(context, &CHECK, subscription.id),
                Err(reasons) => sink.unknown(&CHECK, subscription.id, reasons),
            }
            continue;
        };
        let mut names: Vec<String> = left
            .iter()
            .map(|one| {
                one.email
                    .as_ref()
                    .and_then(Known::value)
                    .map_or("?".to_owned(), |email| crate::remedy::one_line(email))
            })
            .collect();
        names.sort();
        let (some, name) = (shown(&names, context.lang), &subscription.name);
        let message = say!(
            context.lang,
            "classic administrators of the subscription `{name}` are left: {some}",
            "サブスクリプション `{name}` に従来の管理者が残っています: {some}"
        );
        let fault = Fault::new(message).fact("count", left.len().to_string()).at_record(
            first.id,
            &first.origins,
            "/properties/role",
        );
        sink.fail(fault.finding(context, &CHECK, subscription.id));
    }
}
