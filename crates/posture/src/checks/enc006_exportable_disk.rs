//! A disk or snapshot that can be downloaded from anywhere.

use estate::{Field, Known, Origins, ResourceId};

use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "ENC006",
    slug: "exportable-disk",
    checkpoint: Checkpoint::Encryption,
    severity: Severity::Medium,
    title: Text {
        en: "a disk can be downloaded from anywhere",
        ja: "どこからでもダウンロードできるディスク",
    },
    why: Text {
        en: "Whoever may ask for it gets an address to download the whole disk, from any network, past every firewall, and the data leaves decrypted. The address works for anybody who has it.",
        ja: "権限があれば、ディスク全体をダウンロードできる URL を発行できます。どのネットワークからでも、ファイアウォールを通らずに、復号済みのデータを取り出せます。URL を知っていれば誰でも使えます。",
    },
    fix: Text {
        en: "Shut it off until somebody needs it: `az disk update --ids <DISK-ID> --network-access-policy DenyAll --public-network-access Disabled` (`az snapshot update` for a snapshot). Take back an address that is out: `az disk revoke-access --ids <DISK-ID>` (`az snapshot revoke-access`).",
        ja: "必要になるまで無効にしてください: `az disk update --ids <ディスクの ID> --network-access-policy DenyAll --public-network-access Disabled` (スナップショットは `az snapshot update`)。発行済みの URL は取り消してください: `az disk revoke-access --ids <ディスクの ID>` (スナップショットは `az snapshot revoke-access`)",
    },
    feed: None,
    refs: &[
        Reference::Policy("8405fdab-1faf-48aa-b702-999c9c172094"),
        Reference::Attack("T1530"),
        Reference::Page(
            "https://learn.microsoft.com/azure/virtual-machines/disks-enable-private-links-for-import-export-portal",
        ),
    ],
    run: Run::Estate(Subject::Disk, run),
};

/// What a disk and a snapshot tell alike.
struct Guard<'e> {
    id: ResourceId,
    origins: &'e Origins,
    public_access: &'e Field<Box<str>>,
    policy: &'e Field<Box<str>>,
    state: &'e Field<Box<str>>,
}

fn run(context: &Context<'_>, sink: &mut Sink) {
    let estate = context.estate();
    let disks = estate.disks.iter().map(|disk| Guard {
        id: disk.id,
        origins: &disk.origins,
        public_access: &disk.guard.public_access,
        policy: &disk.guard.access_policy,
        state: &disk.guard.state,
    });
    let snapshots = estate.around.snapshots.iter().map(|snapshot| Guard {
        id: snapshot.id,
        origins: &snapshot.origins,
        public_access: &snapshot.public_access,
        policy: &snapshot.access_policy,
        state: &snapshot.state,
    });
    for guard in disks.chain(snapshots) {
        sink.take(context, &CHECK, guard.id, judge(context, &guard));
    }
}

fn judge(context: &Context<'_>, guard: &Guard<'_>) -> Judged {
    // One lock is enough.
    if says(guard.policy, "DenyAll")
        || says(guard.policy, "AllowPrivate")
        || says(guard.public_access, "Disabled")
    {
        return Ok(Verdict::Pass);
    }
    // Absent is open: the built-in policy 8405fdab judges it so, too.
    let (policy, public) = (context.known(guard.policy)?, context.known(guard.public_access)?);
    let name = context.name(guard.id);
    let state = guard.state.as_ref().and_then(Known::value);
    // `ActiveSAS`, `ActiveSASFrozen`
    let out = state.is_some_and(|state| state.to_ascii_lowercase().starts_with("activesas"));
    let mut fault = Fault::new(if out {
        say!(
            context.lang,
            "an address to download `{name}` is out: whoever has it gets the whole disk",
            "`{name}` をダウンロードできる URL が発行されています (URL を知っていれば誰でもディスク全体を取得できます)"
        )
    } else {
        say!(
            context.lang,
            "who may ask for an address of `{name}` can have it downloaded from any network",
            "権限があれば、どのネットワークからでもダウンロードできる `{name}` の URL を発行できます"
        )
    });
    let value = |value: Option<&Box<str>>, default: &str| value.map_or(default, |text| text).to_owned();
    fault = fault
        .fact("network_access_policy", value(policy, "AllowAll"))
        .fact("public_network_access", value(public, "Enabled"));
    if out {
        fault = fault.severity(Severity::High).fact("disk_state", value(state, ""));
        return fault.at_record(guard.id, guard.origins, "/properties/diskState").verdict();
    }
    fault.at_record(guard.id, guard.origins, "/properties/networkAccessPolicy").verdict()
}
