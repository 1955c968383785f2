//! A machine's backup has stopped or fails.

use estate::{BackupItem, Feed, Known};

use super::kept::{kept, partial};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "BKP003",
    slug: "backup-broken",
    checkpoint: Checkpoint::Backup,
    severity: Severity::High,
    title: Text {
        en: "a VM's backup has stopped or fails", ja: "停止または失敗しているバックアップ"
    },
    why: Text {
        en: "A backup that has stopped keeps old data and promises new. Attackers stop backups before they encrypt, and delete what is kept, so a stop that nobody remembers is worth a look.",
        ja: "停止したバックアップには古いデータしかありません。攻撃者は暗号化の前にバックアップを停止し、保存済みのデータを削除します。心当たりのない停止は調査が必要です。",
    },
    fix: Text {
        en: "Find out who stopped it and why; resume it with `az backup protection resume`, and bring back what was deleted with `az backup protection undelete` before its days are over.",
        ja: "誰がなぜ停止したかを確認し、`az backup protection resume` で再開してください。削除されたバックアップは、保持期間内に `az backup protection undelete` で元に戻せます。",
    },
    feed: Some(Feed::Backups),
    refs: &[
        Reference::Mcsb("BR-1"),
        Reference::Attack("T1490"),
        Reference::Page("https://learn.microsoft.com/azure/backup/backup-azure-security-feature-cloud"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let mut worst = None;
    let mut untold = None;
    for item in kept(context, view)? {
        match broken(item) {
            Some(found) => worst = worst.or(Some((found, item))),
            // Of several vaults one that works is enough.
            None if says(&item.state, "Protected") || says(&item.state, "IRPending") => {
                return Ok(Verdict::Pass);
            }
            None => untold = untold.or(Some(item)),
        }
    }
    if let Some(item) = untold {
        return Err(vec![partial(context, item)]);
    }
    // BKP001 tells of machines without a backup.
    let Some(((pointer, value), item)) = worst else { return Ok(Verdict::NotFor) };
    let (machine, value) = (context.name(view.vm.id), one_line(value));
    let message = if pointer == DELETING {
        say!(
            context.lang,
            "the backup of `{machine}` was deleted and goes away for good",
            "`{machine}` のバックアップは削除済みで、まもなく完全に消去されます"
        )
    } else {
        say!(
            context.lang,
            "the backup of `{machine}` has stopped or fails: `{value}`",
            "`{machine}` のバックアップが停止または失敗しています: `{value}`"
        )
    };
    let name = pointer.rsplit('/').next().unwrap_or(pointer);
    let name = FACTS.iter().find(|(its, _)| *its == name).map_or("value", |(_, fact)| *fact);
    Fault::new(message).fact(name, value).at_record(item.id, &item.origins, pointer).verdict()
}

const DELETING: &str = "/properties/isScheduledForDeferredDelete";

/// The names of facts by the last parts of pointers.
const FACTS: [(&str, &str); 4] = [
    ("protectionState", "protection_state"),
    ("isScheduledForDeferredDelete", "scheduled_for_deferred_delete"),
    ("lastBackupStatus", "last_backup_status"),
    ("healthStatus", "health_status"),
];

/// States of what is not backed up any more.
/// <https://learn.microsoft.com/rest/api/backup/protected-items/get#protectionstate>
const STOPPED: [&str; 4] = ["BackupsSuspended", "ProtectionError", "ProtectionPaused", "ProtectionStopped"];

/// What is wrong with a backup: where it stands, and what stands there.
pub(crate) fn broken(item: &BackupItem) -> Option<(&'static str, &str)> {
    if item.deleting == Some(Known::Value(true)) {
        return Some((DELETING, "true"));
    }
    if let Some(state) = STOPPED.iter().find(|state| says(&item.state, state)) {
        return Some(("/properties/protectionState", state));
    }
    if says(&item.last_status, "Failed") {
        return Some(("/properties/lastBackupStatus", "Failed"));
    }
    says(&item.health, "ActionRequired").then_some(("/properties/healthStatus", "ActionRequired"))
}
