//! A machine does not keep a policy that somebody has made for its inside.

use estate::Feed;

use super::guest_results::{About, names, verdict};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::Judged;
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD015",
    slug: "guest-policy-failed",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Medium,
    title: Text {
        en: "a VM fails a policy for its inside", ja: "マシン構成のポリシーに準拠していない VM"
    },
    why: Text {
        en: "Somebody decided what has to be so inside the machine, such as exploit protection or who is an administrator, and it is not. It is told here so that one list holds all of it.",
        ja: "Exploit Guard や管理者グループのメンバーなど、VM 内部のあるべき状態として決めた設定が満たされていません。すべてを 1 つの一覧で確認できるように、ここに表示します。",
    },
    fix: Text {
        en: "Open the assignment under Guest Assignments in the portal, set what it asks for in the image and on the VM, or exempt the VM in the policy, with the reason: `az policy exemption create`.",
        ja: "ポータルの [ゲスト割り当て] で内容を確認し、イメージと VM の設定を修正してください。該当しない場合は、理由を添えてポリシーの適用除外にしてください: `az policy exemption create`",
    },
    feed: Some(Feed::GuestConfiguration),
    refs: &[
        Reference::Mcsb("PV-4"),
        Reference::Policy("bed48b13-6647-468e-aa2f-1af1d3f4dd40"),
        Reference::Page("https://learn.microsoft.com/azure/governance/machine-configuration/"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    verdict(context, view, About::Other, |machine, failed| {
        let names = names(context, failed);
        say!(context.lang, "`{machine}` does not keep {names}", "`{machine}` は {names} に準拠していません")
    })
}
