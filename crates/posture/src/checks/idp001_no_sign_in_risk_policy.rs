//! Nothing stops a sign-in that Microsoft takes for somebody else's.

use estate::Feed;
use signin::Who;

use super::risk_policies::{self, Wanted};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::Text;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "IDP001",
    slug: "no-sign-in-risk-policy",
    checkpoint: Checkpoint::IdentityProtection,
    severity: Severity::Medium,
    title: Text { en: "risky sign-ins are not stopped", ja: "阻止されない危険なサインイン" },
    why: Text {
        en: "Microsoft sees a sign-in from an anonymous network, from two countries within an hour, by a spray of passwords, and says so while it happens. Without a policy that looks at this the sign-in goes through.",
        ja: "Microsoft は、匿名ネットワーク、1 時間以内の 2 か国からのサインイン、パスワード スプレーなどをその場で検出します。これを条件とするポリシーがなければ、サインインは成功してしまいます。",
    },
    fix: Text {
        en: "Demand MFA of everybody at a medium or high risk of the sign-in, or block it: a policy of conditional access for all users and all resources (Entra ID P2).",
        ja: "すべてのユーザーとリソースを対象に、サインイン リスクが「中」または「高」の場合に MFA を要求するかブロックする条件付きアクセス ポリシーを作成してください (Entra ID P2)。",
    },
    feed: Some(Feed::AccessPolicies),
    refs: &[
        Reference::Mcsb("IM-7"),
        Reference::Attack("T1078.004"),
        Reference::Page(
            "https://learn.microsoft.com/entra/id-protection/howto-identity-protection-configure-risk-policies",
        ),
    ],
    run: Run::People(Subject::Directory, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let wanted = Wanted {
        levels: |policy| &policy.sign_in_risk,
        other: |policy| &policy.user_risk,
        controls: &["riskRemediation"],
        whose: ("the sign-in", "サインイン"),
    };
    risk_policies::run(context, who, sink, &CHECK, &wanted);
}
