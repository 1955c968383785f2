//! A disk that several machines may have at once.

use estate::{Disk, Kind};

use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "ENC005",
    slug: "shared-disk",
    checkpoint: Checkpoint::Encryption,
    severity: Severity::Low,
    title: Text { en: "a disk that several VMs share", ja: "複数の VM で共有できるディスク" },
    why: Text {
        en: "What one VM writes the others read. Whoever takes over the weakest of them, or attaches one of their own, has the data of all, past every network rule between them.",
        ja: "1 台の VM が書き込んだデータは、ほかの VM からも読めます。最も弱い VM を乗っ取るか、別の VM に接続すれば、ネットワークの規則に関係なくすべてのデータに届きます。",
    },
    fix: Text {
        en: "Only clusters need it. Elsewhere stop (deallocate) the VMs that have the disk and set `az disk update --ids <DISK-ID> --max-shares 1`.",
        ja: "共有が必要なのはクラスターだけです。それ以外では、ディスクを接続している VM を停止 (割り当て解除) し、`az disk update --ids <ディスクの ID> --max-shares 1` を実行してください。",
    },
    feed: None,
    refs: &[Reference::Page("https://learn.microsoft.com/azure/virtual-machines/disks-shared")],
    run: Run::Estate(Subject::Disk, run),
};

fn run(context: &Context<'_>, sink: &mut Sink) {
    for disk in &context.estate().disks {
        sink.take(context, &CHECK, disk.id, judge(context, disk));
    }
}

fn judge(context: &Context<'_>, disk: &Disk) -> Judged {
    let shares = match context.known(&disk.guard.max_shares)? {
        Some(shares) if *shares > 1 => *shares,
        Some(_) => return Ok(Verdict::Pass),
        // Azure leaves it out where one machine at a time has the disk; the state tells that the record is a whole one.
        // https://learn.microsoft.com/rest/api/compute/disks/get
        None if context.known(&disk.guard.state)?.is_some() => return Ok(Verdict::Pass),
        None => return Err(vec![context.estate().partial(Kind::Disk, disk.id)]),
    };
    let name = context.name(disk.id);
    let message = say!(
        context.lang,
        "up to {shares} VMs may have the disk `{name}` at once",
        "ディスク `{name}` は同時に {shares} 台までの VM に接続できます"
    );
    Fault::new(message)
        .fact("max_shares", shares.to_string())
        .at_record(disk.id, &disk.origins, "/properties/maxShares")
        .verdict()
}
