//! Nobody sees the screen and the log of a machine that does not start.

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD009",
    slug: "no-boot-diagnostics",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Low,
    title: Text { en: "boot diagnostics are off", ja: "ブート診断が無効" },
    why: Text {
        en: "After a break-in or a bad update a VM often does not come up. Without boot diagnostics nobody sees its screen or its serial log, and the serial console, the last way in that needs no open port, does not work.",
        ja: "侵入や更新の失敗の後、VM が起動しなくなることがあります。ブート診断が無効だと、画面もシリアル ログも確認できません。ポートを開けずに使える最後の手段であるシリアル コンソールも利用できません。",
    },
    fix: Text {
        en: "Switch them on; Azure keeps them in a store of its own: `az vm boot-diagnostics enable --ids <VM-ID>`.",
        ja: "有効にしてください。データは Azure が管理するストレージに保存されます: `az vm boot-diagnostics enable --ids <VM-ID>`",
    },
    feed: None,
    refs: &[
        Reference::Page(
            "https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/serial-console-overview",
        ),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/boot-diagnostics"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    // They are on where somebody switched them on, as the portal does by itself.
    // https://learn.microsoft.com/azure/virtual-machines/boot-diagnostics
    if context.known(&view.vm.upkeep.boot_diagnostics)? == Some(&true) {
        return Ok(Verdict::Pass);
    }
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "nobody sees why `{machine}` does not start: boot diagnostics are off",
        "`{machine}` はブート診断が無効で、起動しないときに原因を確認できません"
    );
    Fault::new(message).at(view.vm, "/properties/diagnosticsProfile/bootDiagnostics/enabled").verdict()
}
