//! A machine is encrypted by what Azure gives up.

use super::disk_encryption::{Told, used};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ENC002",
    slug: "retiring-disk-encryption",
    checkpoint: Checkpoint::Encryption,
    severity: Severity::Low,
    title: Text {
        en: "Azure Disk Encryption, which is retired in 2028",
        ja: "2028 年に廃止される Azure Disk Encryption の使用",
    },
    why: Text {
        en: "Azure Disk Encryption is retired on 15 September 2028. From then on disks that it has encrypted do not unlock when a VM restarts: the VM is down, and its backups with it.",
        ja: "Azure Disk Encryption は 2028 年 9 月 15 日に廃止されます。それ以降、暗号化されたディスクは VM の再起動時にロックを解除できず、VM もそのバックアップも使えなくなります。",
    },
    fix: Text {
        en: "Move to encryption at host. A VM that Azure Disk Encryption has encrypted cannot be switched over: make new disks from copies of the decrypted data, and a new VM with `--encryption-at-host true`.",
        ja: "ホストでの暗号化に移行してください。Azure Disk Encryption を使用した VM はそのまま切り替えられないため、復号したデータのコピーから新しいディスクを作成し、`--encryption-at-host true` を付けて VM を作り直します。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("DP-4"),
        Reference::Page(
            "https://learn.microsoft.com/azure/virtual-machine-scale-sets/disk-encryption-extension-sequencing",
        ),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let Some(told) = used(context, view)? else { return Ok(Verdict::Pass) };
    let machine = context.name(view.vm.id);
    let fault = Fault::new(say!(
        context.lang,
        "the disks of `{machine}` are encrypted by Azure Disk Encryption, which is retired on 15 September 2028",
        "`{machine}` のディスクは、2028 年 9 月 15 日に廃止される Azure Disk Encryption で暗号化されています"
    ));
    match told {
        Told::Machine => fault.at(view.vm, "/properties/storageProfile/osDisk/encryptionSettings/enabled"),
        Told::Disk(disk) => {
            fault.at_record(disk.id, &disk.origins, "/properties/encryptionSettingsCollection/enabled")
        }
    }
    .verdict()
}
