//! No vault keeps a copy of a machine.

use estate::{BackupItem, Feed, Known};

use super::bkp003_backup_broken::broken;
use super::kept::{kept, partial};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "BKP001",
    slug: "not-backed-up",
    checkpoint: Checkpoint::Backup,
    severity: Severity::Medium,
    title: Text { en: "a VM is not backed up", ja: "バックアップされていない VM" },
    why: Text {
        en: "Ransomware that comes in through one open port takes the disks with it. What no vault keeps is gone, or costs what the attacker asks.",
        ja: "開いたポートから侵入したランサムウェアは、ディスクの内容も道連れにします。バックアップがなければデータは失われるか、身代金を要求されることになります。",
    },
    fix: Text {
        en: "Let a Recovery Services vault back it up: `az backup protection enable-for-vm --vault-name <VAULT> --vm <VM-ID> --policy-name DefaultPolicy -g <RESOURCE-GROUP>`. A machine that can be made anew from a template and holds no data may be suppressed with that reason.",
        ja: "Recovery Services コンテナーでバックアップを有効にしてください: `az backup protection enable-for-vm --vault-name <コンテナー> --vm <VM-ID> --policy-name DefaultPolicy -g <リソース グループ>`。テンプレートから作り直せてデータを持たない VM は、理由を添えて抑制できます。",
    },
    feed: Some(Feed::Backups),
    refs: &[
        Reference::Mcsb("BR-1"),
        Reference::Defender("f2f595ec-5dc6-68b4-82ef-b63563e9c610"),
        Reference::Policy("013e242c-8828-4970-87b3-ab247555486d"),
        Reference::Attack("T1490"),
        Reference::Page("https://learn.microsoft.com/azure/backup/backup-azure-vms-introduction"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    // A scale set is made anew, not brought back.
    if context.estate().vm(view.vm.id).is_none() {
        return Ok(Verdict::NotFor);
    }
    context.described(view)?;
    // By the id of the machine, never by its name: another machine may have had it.
    let items = kept(context, view)?;
    let goes_on = |item: &&BackupItem| says(&item.state, "Protected") || says(&item.state, "IRPending");
    if let Some(first) = items.first() {
        return match items.iter().any(|item| goes_on(item) && item.deleting != Some(Known::Value(true))) {
            true => Ok(Verdict::Pass),
            // BKP003 tells of backups that were stopped or deleted.
            false if items.iter().all(|item| broken(item).is_some()) => Ok(Verdict::NotFor),
            false => Err(vec![partial(context, first)]),
        };
    }
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "no vault that was read keeps a backup of `{machine}`",
        "`{machine}` のバックアップは、読み取ったどのコンテナーにもありません"
    );
    Fault::new(message).at(view.vm, "/id").verdict()
}
