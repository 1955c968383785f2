//! People sign in to machines with a password alone.

use estate::Feed;
use signin::Who;

use super::unprotected::judge;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::Text;
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "CAP001",
    slug: "no-mfa-for-machines",
    checkpoint: Checkpoint::ConditionalAccess,
    severity: Severity::High,
    title: Text {
        en: "people sign in to VMs without MFA", ja: "MFA なしで VM にサインインできるユーザー"
    },
    why: Text {
        en: "A password is guessed, phished or bought. Where signing in to a VM demands nothing else, whoever has it is in. Policies mostly look right: the hole is in an exclusion, a place, an application, or a state that only reports.",
        ja: "パスワードは推測され、だまし取られ、売買されます。VM へのサインインでほかに何も要求されなければ、パスワードだけで侵入されます。ポリシーは一見正しく、抜け穴は除外、場所、アプリ、レポート専用の状態などに潜んでいます。",
    },
    fix: Text {
        en: "Demand MFA of everybody for all resources by a policy of conditional access, or for the applications Microsoft Azure Windows Virtual Machine Sign-in (372140e0-b3b7-4226-8ef9-d57986796201) and Azure Linux VM Sign-In (ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0); look at who is left out: `sekimori who <SOURCE> --all`.",
        ja: "条件付きアクセスで、全員・全リソース、または Microsoft Azure Windows Virtual Machine Sign-in (372140e0-b3b7-4226-8ef9-d57986796201) と Azure Linux VM Sign-In (ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0) に MFA を要求し、除外されているユーザーを確認してください: `sekimori who <SOURCE> --all`",
    },
    feed: Some(Feed::AccessPolicies),
    refs: &[
        Reference::Mcsb("IM-6"),
        Reference::Attack("T1078.004"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows",
        ),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-mfa-strength",
        ),
    ],
    run: Run::People(Subject::Machine, run),
};

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    judge(context, who, sink, &CHECK, true, |held| held.means.is_login());
}
