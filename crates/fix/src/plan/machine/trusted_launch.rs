//! Secure boot and the virtual TPM of machines of trusted launch, which change while the machine is deallocated.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-machines/trusted-launch-existing-vm>

use super::Machine;
use crate::lang::say;
use crate::plan::Effects;
use crate::plan::draft::{Draft, Make, Task, edit, edits, pick, text};
use crate::versions::COMPUTE;

pub(super) fn plan(draft: &mut Draft<'_, '_>, machine: &Machine<'_>, tasks: &[Task<'_>]) {
    let tasks = pick(tasks, &["HRD002", "HRD003"]);
    if tasks.is_empty() {
        return;
    }
    let (lang, name, id) = (draft.lang(), &machine.name, machine.id);
    let at = "properties/securityProfile";
    let kind = text(&machine.record, &format!("{at}/securityType"));
    let Some(kind) = kind.filter(|kind| kind.eq_ignore_ascii_case("TrustedLaunch")) else {
        let question = say!(
            lang,
            "The kind of `{name}` (a confidential VM, or one without trusted launch) takes no change of this while it exists. When can it be made anew?",
            "`{name}` は機密 VM、またはトラステッド起動ではない VM のため、作成後にこの設定を変更できません。いつ作り直せますか?"
        );
        return draft.ask(&tasks, question, vec![format!("`sekimori export {id} --hardened`")]);
    };
    let secure = tasks.iter().any(|task| task.code == "HRD002");
    let chip = tasks.iter().any(|task| task.code == "HRD003");
    let mut all = vec![edit(&machine.record, format!("{at}/securityType"), kind)];
    if secure {
        all.push(edit(&machine.record, format!("{at}/uefiSettings/secureBootEnabled"), true));
    }
    if chip {
        all.push(edit(&machine.record, format!("{at}/uefiSettings/vTpmEnabled"), true));
    }
    let (en, ja) = match (secure, chip) {
        (true, true) => ("secure boot and the virtual TPM", "セキュア ブートと vTPM"),
        (true, false) => ("secure boot", "セキュア ブート"),
        (false, _) => ("the virtual TPM", "vTPM"),
    };
    let title = say!(lang, "Switch on {en} of `{name}`", "`{name}` の{ja}を有効にする");
    let says = say!(lang, "switch on {en}", "{ja}を有効にします");
    let steps = machine.while_stopped(lang, edits(says, id, COMPUTE, all, false));
    let mut notes = if machine.is_deallocated() { Vec::new() } else { machine.stop_notes(draft) };
    if secure {
        notes.push(say!(
            lang,
            "a VM with unsigned boot loaders, kernels or drivers does not start with secure boot: check them first, and have a restore point",
            "署名のないブート ローダー、カーネル、ドライバーがあると、セキュア ブートを有効にした後に起動できなくなります。事前に確認し、復元ポイントを作成してください"
        ));
    }
    let effects = Effects {
        restart: !machine.is_deallocated(),
        deallocates: !machine.is_deallocated(),
        downtime: downtime(draft, machine),
        ..Effects::default()
    };
    draft.fix(&tasks, Make { kind: "trusted-launch", title, steps, effects, notes });
}

/// What does not work while a machine is deallocated.
pub(super) fn downtime(draft: &Draft<'_, '_>, machine: &Machine<'_>) -> Option<String> {
    (!machine.is_deallocated()).then(|| {
        say!(
            draft.lang(),
            "`{}` is off until it has started again: some minutes",
            "`{}` は再び起動するまで数分間利用できません",
            machine.name
        )
    })
}
