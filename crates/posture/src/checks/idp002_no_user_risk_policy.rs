//! Nothing stops people whose accounts are most likely in other hands.

use estate::Feed;
use signin::Who;

use super::risk_policies::{self, Wanted};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::Text;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "IDP002",
    slug: "no-user-risk-policy",
    checkpoint: Checkpoint::IdentityProtection,
    severity: Severity::Medium,
    title: Text {
        en: "people at high risk are not stopped", ja: "阻止されない高リスクのユーザー"
    },
    why: Text {
        en: "Passwords turn up in leaks, and Microsoft marks the account. Without a policy that looks at this the thief signs in until somebody reads the report.",
        ja: "パスワードが漏えい情報から見つかると、Microsoft はアカウントを高リスクと判定します。これを条件とするポリシーがなければ、誰かがレポートを読むまで攻撃者はサインインし続けます。",
    },
    fix: Text {
        en: "Demand a new password with MFA (or risk remediation) at a high risk of the person, or block it: a policy of conditional access for all users and all resources (Entra ID P2).",
        ja: "すべてのユーザーとリソースを対象に、ユーザー リスクが「高」の場合に MFA を伴うパスワード変更 (またはリスクの修復) を要求するかブロックする条件付きアクセス ポリシーを作成してください (Entra ID P2)。",
    },
    feed: Some(Feed::AccessPolicies),
    refs: &[
        Reference::Mcsb("IM-7"),
        Reference::Attack("T1589.001"),
        Reference::Page(
            "https://learn.microsoft.com/entra/id-protection/howto-identity-protection-configure-risk-policies",
        ),
    ],
    run: Run::People(Subject::Directory, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let wanted = Wanted {
        levels: |policy| &policy.user_risk,
        other: |policy| &policy.sign_in_risk,
        controls: &["passwordChange", "riskRemediation"],
        whose: ("the person", "ユーザー"),
    };
    risk_policies::run(context, who, sink, &CHECK, &wanted);
}
