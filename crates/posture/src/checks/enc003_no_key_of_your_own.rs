//! A disk is encrypted with keys that Azure keeps.

use estate::{Disk, Kind};

use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "ENC003",
    slug: "no-key-of-your-own",
    checkpoint: Checkpoint::Encryption,
    severity: Severity::Low,
    title: Text {
        en: "a disk without a key of your own",
        ja: "カスタマー マネージド キーを使用していないディスク",
    },
    why: Text {
        en: "Azure's own keys open a disk to everybody who has rights on it. With a key of your own a second right is needed, on the key, and taking the key away closes every copy of the disk at once.",
        ja: "プラットフォーム マネージド キーでは、ディスクへの権限があれば誰でも中身を読めます。カスタマー マネージド キーならキーへの権限も必要になり、キーを無効にすればすべてのコピーを一度に読めなくできます。",
    },
    fix: Text {
        en: "Where rules ask for it, stop (deallocate) the VM and give the disk a disk encryption set: `az disk update --ids <DISK-ID> --encryption-type EncryptionAtRestWithCustomerKey --disk-encryption-set <SET-ID>`.",
        ja: "社内規定などで求められる場合は、VM を停止 (割り当て解除) し、ディスク暗号化セットを設定してください: `az disk update --ids <ディスクの ID> --encryption-type EncryptionAtRestWithCustomerKey --disk-encryption-set <セットの ID>`",
    },
    feed: None,
    refs: &[
        Reference::Policy("702dd420-7fcc-42c5-afe8-4026edd20fe0"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/disk-encryption"),
    ],
    run: Run::Estate(Subject::Disk, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for disk in &context.estate().disks {
        sink.take(context, &CHECK, disk.id, judge(context, disk));
    }
}

fn judge(context: &Context<'_>, disk: &Disk) -> Judged {
    // ENC004 tells of disks that belong to no VM.
    if context.known(&disk.managed_by)?.is_none() {
        return Ok(Verdict::NotFor);
    }
    // Azure Disk Encryption keeps its keys in a key vault of one's own.
    if context.known(&disk.guard.inner_encryption)? == Some(&true) {
        return Ok(Verdict::Pass);
    }
    let Some(kind) = context.known(&disk.guard.encryption)? else {
        return Err(vec![context.estate().partial(Kind::Disk, disk.id)]);
    };
    if !says(&disk.guard.encryption, "EncryptionAtRestWithPlatformKey") {
        return Ok(Verdict::Pass);
    }
    let name = context.name(disk.id);
    let message = say!(
        context.lang,
        "the disk `{name}` is encrypted with Azure's keys alone",
        "ディスク `{name}` はプラットフォーム マネージド キーだけで暗号化されています"
    );
    Fault::new(message)
        .fact("encryption", kind.to_string())
        .at_record(disk.id, &disk.origins, "/properties/encryption/type")
        .verdict()
}
