//! A disk that belongs to no machine any more.

use estate::Known;

use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "ENC004",
    slug: "unattached-disk",
    checkpoint: Checkpoint::Encryption,
    severity: Severity::Low,
    title: Text { en: "a disk belongs to no VM", ja: "どの VM にも接続されていないディスク" },
    why: Text {
        en: "A disk that is left over holds all that its machine knew, and nobody watches it: whoever may attach or export it reads it in peace.",
        ja: "使われなくなったディスクには元の VM のデータがそのまま残り、誰も監視していません。接続やエクスポートの権限があれば、気付かれずに中身を読み取れます。",
    },
    fix: Text {
        en: "Keep what is still needed as a backup, then delete it: `az disk delete --ids <DISK-ID>`.",
        ja: "必要なデータをバックアップしたうえで削除してください: `az disk delete --ids <DISK-ID>`",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("DP-4"),
        Reference::Attack("T1530"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/disks-find-unattached-portal"),
    ],
    run: Run::Estate(Subject::Disk, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for disk in &context.estate().disks {
        sink.take(context, &CHECK, disk.id, judge(context, disk));
    }
}

fn judge(context: &Context<'_>, disk: &estate::Disk) -> Judged {
    if context.known(&disk.managed_by)?.is_some() || says(&disk.guard.state, "Reserved") {
        return Ok(Verdict::Pass);
    }
    // `managedBy` is left out where nothing has the disk; its state tells that the record is a whole one.
    match &disk.guard.state {
        Some(Known::Value(_)) => {}
        Some(Known::Unknown(reason)) => return Err(vec![reason.as_ref().clone()]),
        None => return Err(vec![context.estate().partial(estate::Kind::Disk, disk.id)]),
    }
    if !says(&disk.guard.state, "Unattached") && !says(&disk.guard.state, "ActiveSAS") {
        return Ok(Verdict::Pass);
    }
    let name = context.name(disk.id);
    let mut fault = Fault::new(say!(
        context.lang,
        "the disk `{name}` belongs to no VM",
        "ディスク `{name}` はどの VM にも接続されていません"
    ));
    if let Some(Known::Value(moment)) = &disk.guard.released {
        fault = fault.fact("unattached_since", moment.day());
    }
    fault.at_record(disk.id, &disk.origins, "/properties/diskState").verdict()
}
