//! People take machines over by Azure, and no policy demands a second factor of them.

use estate::Feed;
use signin::Who;

use super::unprotected::judge;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::Text;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "CAP002",
    slug: "no-mfa-for-azure",
    checkpoint: Checkpoint::ConditionalAccess,
    severity: Severity::Medium,
    title: Text {
        en: "no policy demands MFA for Azure",
        ja: "Azure の操作に MFA を要求するポリシーがないユーザー",
    },
    why: Text {
        en: "Whoever may run commands, add extensions or give roles gets into the VM without signing in to it. Microsoft itself demands MFA for changes in the public cloud; a policy of your own holds in the other clouds too, and says which kind of MFA, from which devices and how often.",
        ja: "コマンドの実行、拡張機能の追加、ロールの割り当てができる人は、VM にサインインせずに VM へ入れます。パブリック クラウドでは変更操作に Microsoft が MFA を要求しますが、独自のポリシーならほかのクラウドでも有効で、MFA の種類、デバイス、頻度まで指定できます。",
    },
    fix: Text {
        en: "Demand MFA of everybody for all resources, or for Windows Azure Service Management API (797f4846-ba00-4fd7-ba43-dac1f8f63013), by a policy of conditional access.",
        ja: "条件付きアクセスで、全員・全リソース、または Windows Azure Service Management API (797f4846-ba00-4fd7-ba43-dac1f8f63013) に MFA を要求してください。",
    },
    feed: Some(Feed::AccessPolicies),
    refs: &[
        Reference::Mcsb("IM-6"),
        Reference::Attack("T1651"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/conditional-access/policy-old-require-mfa-azure-mgmt",
        ),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication",
        ),
    ],
    run: Run::People(Subject::Machine, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    judge(context, who, sink, &CHECK, false, |held| !held.means.is_login() && held.means.takes_over());
}
