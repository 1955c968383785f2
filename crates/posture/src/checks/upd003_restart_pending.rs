//! Updates are installed on a machine and do nothing until it is restarted.

use estate::{Feed, Reason};

use super::results::stands_alone;
use super::upd002_updates_missing::judged;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "UPD003",
    slug: "restart-pending",
    checkpoint: Checkpoint::Updates,
    severity: Severity::Medium,
    title: Text { en: "updates wait for a restart", ja: "再起動待ちの更新プログラム" },
    why: Text {
        en: "Until the restart the old kernel and services run on, with the holes that the updates close, while every list says that the updates are installed.",
        ja: "再起動するまでは、脆弱性が残った古いカーネルやサービスが動作し続けます。一覧ではインストール済みと表示されるため、見落とされがちです。",
    },
    fix: Text {
        en: "Restart it at a time that suits: `az vm restart --ids <VM-ID>`. Let schedules and the platform restart it themselves: `rebootSetting` `IfRequired`.",
        ja: "都合のよい時間に再起動してください: `az vm restart --ids <VM-ID>`。スケジュールやプラットフォームによる更新では、`rebootSetting` を `IfRequired` にして自動で再起動させてください。",
    },
    feed: Some(Feed::Updates),
    refs: &[
        Reference::Mcsb("PV-6"),
        Reference::Policy("4221adbc-5c0f-474f-88b7-037a99e6114c"),
        Reference::Attack("T1190"),
        Reference::Page("https://learn.microsoft.com/azure/update-manager/overview"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    if !stands_alone(context, view) {
        return Ok(Verdict::NotFor);
    }
    let mut reasons = Vec::new();
    let mut restarted = false;
    for assessment in context.estate().around.patch_assessments.of(view.vm.id) {
        if let Err(reason) = judged(context, assessment) {
            reasons.push(reason);
            continue;
        }
        match context.known(&assessment.reboot_pending)? {
            Some(true) => {
                let machine = context.name(view.vm.id);
                let message = say!(
                    context.lang,
                    "updates on `{machine}` take effect only after a restart",
                    "`{machine}` の更新プログラムは、再起動するまで有効になりません"
                );
                let fault = Fault::new(message);
                return fault
                    .at_record(assessment.id, &assessment.origins, "/properties/rebootPending")
                    .verdict();
            }
            Some(false) => restarted = true,
            None => reasons.push(Reason::NoResult { feed: Feed::Updates }),
        }
    }
    if restarted {
        return Ok(Verdict::Pass);
    }
    if reasons.is_empty() {
        context.whole(Feed::Updates, view)?;
        reasons.push(Reason::NoResult { feed: Feed::Updates });
    }
    Err(reasons)
}
