//! A machine starts from a file in a storage account.

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ENC007",
    slug: "unmanaged-disk",
    checkpoint: Checkpoint::Encryption,
    severity: Severity::High,
    title: Text { en: "a VM with an unmanaged disk", ja: "非管理対象ディスクを使用する VM" },
    why: Text {
        en: "The disk is a file in a storage account: every key of the account opens it, past all rights on the VM. Azure has retired such disks and does not start VMs that use them any more.",
        ja: "ディスクの実体はストレージ アカウント内のファイルで、アカウント キーがあれば VM の権限に関係なく読み取れます。非管理対象ディスクは廃止されており、使用している VM は起動できなくなります。",
    },
    fix: Text {
        en: "Stop (deallocate) the VM and convert its disks: `az vm convert --ids <VM-ID>`. Delete the old files once it runs.",
        ja: "VM を停止 (割り当て解除) し、マネージド ディスクに変換してください: `az vm convert --ids <VM-ID>`。動作を確認したら、元のファイルを削除してください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("DP-4"),
        Reference::Policy("06a78e20-9358-41c9-923c-fb736d382a4d"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/unmanaged-disks-deprecation"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let upkeep = &view.vm.upkeep;
    let Some(address) = context.known(&upkeep.unmanaged_disk)? else {
        // The model of a scale set tells of disks that are yet to be made.
        if view.vm.profile != "/properties" {
            return Ok(Verdict::NotFor);
        }
        context.needed(view, &upkeep.os_disk)?;
        return Ok(Verdict::Pass);
    };
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "`{machine}` starts from a file in a storage account, not from a managed disk",
        "`{machine}` はマネージド ディスクではなく、ストレージ アカウント内のファイルから起動します"
    );
    // What follows the question mark may be a signature.
    let address = estate::bare_address(address);
    Fault::new(message)
        .fact("address", one_line(&address))
        .at(view.vm, "/properties/storageProfile/osDisk/vhd/uri")
        .verdict()
}
