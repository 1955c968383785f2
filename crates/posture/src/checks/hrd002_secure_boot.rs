//! A machine starts code that nobody signed.

use estate::Known;

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD002",
    slug: "secure-boot-off",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Medium,
    title: Text { en: "secure boot is off", ja: "セキュア ブートが無効" },
    why: Text {
        en: "Without secure boot the machine starts any boot loader and kernel. Whoever gets in once can put code there that is loaded before the system and outlives every clean-up.",
        ja: "セキュア ブートが無効だと、署名のないブート ローダーやカーネルでも起動します。一度侵入されると、OS より先に読み込まれるコードを仕込まれ、駆除しても残り続けます。",
    },
    fix: Text {
        en: "Stop (deallocate) the VM and switch secure boot on; on Linux look first whether all kernel modules are signed. Only machines with trusted launch have it.",
        ja: "VM を停止 (割り当て解除) してセキュア ブートを有効にしてください。Linux では、すべてのカーネル モジュールが署名済みであることを先に確認してください。トラステッド起動の VM でのみ利用できます。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("PV-4"),
        Reference::Defender("69ad830b-d98c-b1cf-2158-9d69d38c7093"),
        Reference::Defender("0396b18c-41aa-489c-affd-4ee5d1714a59"),
        Reference::Policy("97566dd7-78ae-4997-8b36-1c7bfe0d8121"),
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
        if let Some(Known::Unknown(reason)) = &upkeep.security_type {
            return Err(vec![reason.as_ref().clone()]);
        }
        return Ok(Verdict::NotFor);
    }
    if context.known(&upkeep.secure_boot)? == Some(&true) {
        return Ok(Verdict::Pass);
    }
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "`{machine}` starts boot loaders and kernels that nobody signed: secure boot is off",
        "`{machine}` はセキュア ブートが無効で、署名のないブート ローダーやカーネルでも起動します"
    );
    Fault::new(message).at(view.vm, "/properties/securityProfile/uefiSettings/secureBootEnabled").verdict()
}
