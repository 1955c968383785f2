//! Temporary disks and caches of a machine lie on its host in the clear.

use estate::{Inside, Kind, Reason};

use super::disk_encryption::{EXTENSIONS, used};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, is_one_of, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ENC001",
    slug: "not-encrypted-at-host",
    checkpoint: Checkpoint::Encryption,
    severity: Severity::Medium,
    title: Text {
        en: "temporary disks and caches are not encrypted",
        ja: "一時ディスクとキャッシュが暗号化されていない VM",
    },
    why: Text {
        en: "Azure encrypts managed disks where they are stored. What a VM keeps on its host, the temporary disk and the caches of all others, is in the clear, and so is the way from there to the storage; it often holds page files with passwords and keys.",
        ja: "Azure はマネージド ディスクを保存先で暗号化します。一方、ホスト上の一時ディスクやディスク キャッシュ、ホストからストレージまでの経路は平文のままです。そこにはページ ファイルなど、パスワードやキーを含むデータが置かれることがよくあります。",
    },
    fix: Text {
        en: "Stop (deallocate) the VM and switch encryption at host on: `az vm update --ids <VM-ID> --set securityProfile.encryptionAtHost=true`. The subscription needs the feature once: `az feature register --name EncryptionAtHost --namespace Microsoft.Compute`.",
        ja: "VM を停止 (割り当て解除) して、ホストでの暗号化を有効にしてください: `az vm update --ids <VM-ID> --set securityProfile.encryptionAtHost=true`。サブスクリプションで一度だけ機能の登録が必要です: `az feature register --name EncryptionAtHost --namespace Microsoft.Compute`",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("DP-4"),
        Reference::Defender("0cb5f317-a94b-6b80-7212-13a9cc8826af"),
        Reference::Defender("a40cc620-e72c-fdf4-c554-c6ca2cd705c0"),
        Reference::Defender("efbbd784-656d-473a-9863-ea7693bfcd2a"),
        Reference::Policy("fc4d8e41-e223-45ea-9bf5-eada37891d87"),
        Reference::Policy("3dc5edcd-002d-444c-b216-e123bbfa37c0"),
        Reference::Policy("ca88aadc-6e2b-416c-9de2-5a0f01d1693f"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/disk-encryption"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    // Absent is off.
    // https://learn.microsoft.com/javascript/api/@azure/arm-compute/securityprofile
    if context.known(&view.vm.upkeep.host_encryption)? == Some(&true) {
        return Ok(Verdict::Pass);
    }
    if used(context, view)?.is_some() {
        // It may have been told to leave other disks alone, and what stands on these is in clear on the host.
        return match others_encrypted(context, view)? && covers_temporary(context, view) {
            true => Ok(Verdict::Pass),
            false => Err(vec![Reason::InsideMachine { what: Inside::Encryption }]),
        };
    }
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "the temporary disk and the disk caches of `{machine}` are not encrypted: encryption at host is off",
        "`{machine}` はホストでの暗号化が無効で、一時ディスクとディスク キャッシュが暗号化されていません"
    );
    Fault::new(message).at(view.vm, "/properties/securityProfile/encryptionAtHost").verdict()
}

/// Whether the extension was told to encrypt the temporary disk, too.
///
/// Source: <https://learn.microsoft.com/azure/virtual-machines/linux/disk-encryption-faq>
fn covers_temporary(context: &Context<'_>, view: &VmView<'_>) -> bool {
    let mut extensions = context.extensions(view).filter(|extension| is_one_of(extension, EXTENSIONS));
    extensions.any(|extension| {
        let linux = says(&extension.handler, "AzureDiskEncryptionForLinux");
        let formats = says(&extension.encryption, "EnableEncryptionFormatAll");
        says(&extension.volumes, "All") && (!linux || formats)
    })
}

/// Whether the records of all further disks tell of Azure Disk Encryption, too.
fn others_encrypted(context: &Context<'_>, view: &VmView<'_>) -> Result<bool, Vec<Reason>> {
    for id in context.known(&view.vm.upkeep.data_disks)?.into_iter().flatten() {
        let estate = context.estate();
        let disk = estate.disk(*id).ok_or_else(|| vec![estate.missing(Kind::Disk, *id)])?;
        if context.known(&disk.guard.inner_encryption)? != Some(&true) {
            return Ok(false);
        }
    }
    Ok(true)
}
