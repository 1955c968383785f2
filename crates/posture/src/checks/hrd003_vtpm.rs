//! A machine of trusted launch has no chip that proves how it started.

use estate::Kind;

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD003",
    slug: "no-vtpm",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Medium,
    title: Text { en: "the virtual TPM is off", ja: "仮想 TPM (vTPM) が無効" },
    why: Text {
        en: "The virtual TPM measures every step of the start. Without it nobody can tell whether the boot loader was changed, and keys that the system would keep in it lie on the disk.",
        ja: "仮想 TPM は起動の各段階を測定します。無効だとブート ローダーが改ざんされても検出できず、TPM に保管されるはずの鍵がディスク上に置かれます。",
    },
    fix: Text {
        en: "Stop the VM and switch it on: `az vm deallocate --ids <VM-ID>`, `az vm update --ids <VM-ID> --enable-vtpm true`, `az vm start --ids <VM-ID>`.",
        ja: "VM を停止 (割り当て解除) して有効にしてください: `az vm deallocate --ids <VM-ID>`、`az vm update --ids <VM-ID> --enable-vtpm true`、`az vm start --ids <VM-ID>`",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("PV-4"),
        Reference::Defender("861bbc73-0a55-8d1d-efc6-e92d9e1176e0"),
        Reference::Policy("1c30f9cd-b84c-49cc-aa2c-9288447cc3b3"),
        Reference::Attack("T1542.003"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/trusted-launch"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let upkeep = &view.vm.upkeep;
    // Machines without trusted launch cannot have it: HRD001 tells of these.
    if !says(&upkeep.security_type, "TrustedLaunch") && !says(&upkeep.security_type, "ConfidentialVM") {
        context.known(&upkeep.security_type)?;
        return Ok(Verdict::NotFor);
    }
    match context.known(&upkeep.vtpm)? {
        Some(true) => return Ok(Verdict::Pass),
        Some(false) => {}
        // It is on unless somebody switches it off, and Azure tells it of every such machine.
        // https://learn.microsoft.com/azure/virtual-machines/trusted-launch-existing-vm
        None => return Err(vec![context.estate().partial(Kind::Vm, view.vm.id)]),
    }
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "nothing proves how `{machine}` started: its virtual TPM is off",
        "`{machine}` は仮想 TPM が無効で、正しく起動したことを確かめられません"
    );
    Fault::new(message).at(view.vm, "/properties/securityProfile/uefiSettings/vTpmEnabled").verdict()
}
