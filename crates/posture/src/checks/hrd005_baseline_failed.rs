//! A machine does not keep the security baseline that it is held against.

use estate::Feed;

use super::guest_results::{About, failures, names, verdict};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::Judged;
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD005",
    slug: "baseline-failed",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Medium,
    title: Text {
        en: "a VM fails its security baseline",
        ja: "セキュリティ ベースラインを満たしていない VM",
    },
    why: Text {
        en: "Each rule of a baseline closes a way that attackers have used: old protocols, weak sign-in, missing logs. A rule that is not kept leaves its way open, on every VM that was made alike.",
        ja: "ベースラインの各規則は、古いプロトコル、弱い認証、記録の不足など、実際に悪用された手口を防ぎます。満たされていない規則があると、同じ構成のすべての VM でその手口が通用します。",
    },
    fix: Text {
        en: "Set each rule in the image or template that the VM is made from, then on the VM; the list is under Guest Assignments in the portal. A rule that cannot be kept is exempted in the policy, with the reason.",
        ja: "VM の作成元であるイメージやテンプレートと VM の両方で、各規則の設定を修正してください。一覧はポータルの [ゲスト割り当て] で確認できます。適用できない規則は、理由を添えてポリシーの適用除外にしてください。",
    },
    feed: Some(Feed::GuestConfiguration),
    refs: &[
        Reference::Mcsb("PV-4"),
        Reference::Defender("8c3d9ad0-3639-4686-9cd2-2b2ab2609bda"),
        Reference::Defender("1f655fb7-63ca-4980-91a3-56dbc2b715c6"),
        Reference::Policy("72650e9f-97bc-4b2a-ab5f-9781a9fcecbc"),
        Reference::Policy("fc9b3da7-8347-4380-8e70-0a0361d8dedd"),
        Reference::Policy("a8f3e6a6-dcd2-434c-b0f7-6f309ce913b4"),
        Reference::Page(
            "https://learn.microsoft.com/azure/governance/policy/samples/guest-configuration-baseline-windows",
        ),
        Reference::Page(
            "https://learn.microsoft.com/azure/governance/policy/samples/guest-configuration-baseline-linux",
        ),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    // A machine that nobody looks at is what HRD006 tells of.
    verdict(context, view, About::Baseline, |machine, failed| {
        let names = names(context, failed);
        match failures(failed).len() {
            0 => say!(
                context.lang,
                "`{machine}` does not keep the baseline {names}",
                "`{machine}` はベースライン {names} を満たしていません"
            ),
            1 => say!(
                context.lang,
                "`{machine}` does not keep a rule of the baseline {names}",
                "`{machine}` はベースライン {names} の 1 個の規則を満たしていません"
            ),
            count => say!(
                context.lang,
                "`{machine}` does not keep {count} rules of the baseline {names}",
                "`{machine}` はベースライン {names} の {count} 個の規則を満たしていません"
            ),
        }
    })
}
