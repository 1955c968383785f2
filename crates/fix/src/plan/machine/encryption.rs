//! Encryption at host, which is switched on while the machine is deallocated.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-machines/disks-enable-host-based-encryption-portal>

use super::Machine;
use super::trusted_launch::downtime;
use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{Draft, Make, Task, edit, edits, pick, text};
use crate::versions::COMPUTE;

pub(super) fn plan(draft: &mut Draft<'_, '_>, machine: &Machine<'_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["ENC001"]);
    if tasks.is_empty() {
        return;
    }
    let (lang, name, id) = (draft.lang(), &machine.name, machine.id);
    let kind = text(&machine.record, "properties/securityProfile/securityType");
    if kind.is_some_and(|kind| kind.eq_ignore_ascii_case("ConfidentialVM")) {
        let question = say!(
            lang,
            "`{name}` is a confidential VM, which the host cannot encrypt for: are its disks encrypted from within?",
            "`{name}` は機密 VM のため、ホストでの暗号化は利用できません。機密ディスク暗号化を使用していますか?"
        );
        return draft.ask(
            &tasks,
            question,
            vec![say!(
                lang,
                "make it anew with confidential disk encryption, or suppress the finding with that reason",
                "機密ディスク暗号化を有効にして作り直すか、理由を添えて検出結果を抑制してください"
            )],
        );
    }
    let title = say!(
        lang,
        "Encrypt caches and the temporary disk of `{name}` on its host",
        "`{name}` でホストでの暗号化を有効にする"
    );
    let says = say!(lang, "switch on encryption at host", "ホストでの暗号化を有効にします");
    let edit = edit(&machine.record, "properties/securityProfile/encryptionAtHost", true);
    let steps = machine.while_stopped(lang, edits(says, id, COMPUTE, vec![edit], false));
    let mut notes = vec![say!(
        lang,
        "the subscription needs the feature `Microsoft.Compute/EncryptionAtHost` once: `az feature register --namespace Microsoft.Compute --name EncryptionAtHost`; not every size supports it",
        "サブスクリプションで機能 `Microsoft.Compute/EncryptionAtHost` を一度登録しておく必要があります: `az feature register --namespace Microsoft.Compute --name EncryptionAtHost`。対応していない VM サイズもあります"
    )];
    notes.push(say!(
        lang,
        "disks that Azure Disk Encryption has encrypted, now or before, cannot have it",
        "Azure Disk Encryption で暗号化している、または過去に暗号化したディスクでは利用できません"
    ));
    if !machine.is_deallocated() {
        notes.extend(machine.stop_notes(draft));
    }
    let effects = Effects {
        restart: !machine.is_deallocated(),
        deallocates: !machine.is_deallocated(),
        downtime: downtime(draft, machine),
        ..Effects::default()
    };
    draft.fix(&tasks, Make { kind: "encryption-at-host", title, steps, effects, notes });
}
