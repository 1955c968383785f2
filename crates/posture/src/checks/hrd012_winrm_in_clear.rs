//! Administrators reach a machine over WinRM without TLS.

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD012",
    slug: "winrm-in-clear",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::High,
    title: Text { en: "WinRM listens over HTTP", ja: "HTTP で待ち受ける WinRM" },
    why: Text {
        en: "Over HTTP nothing proves to administrators which server answers. Whoever sits on the way can pose as the VM and take over the sign-in, and with it everything that WinRM can do.",
        ja: "HTTP では、応答しているサーバーが本物であることを確認できません。通信経路上の攻撃者が VM になりすましてサインインを乗っ取り、WinRM でできるあらゆる操作を行えます。",
    },
    fix: Text {
        en: "Give the VM a certificate from Key Vault and a listener with the protocol `Https`, remove the one with `Http`, and close port 5985. On a VM that runs: `winrm delete winrm/config/Listener?Address=*+Transport=HTTP`.",
        ja: "Key Vault の証明書を使ってプロトコルが `Https` のリスナーを構成し、`Http` のリスナーを削除して、ポート 5985 を閉じてください。稼働中の VM では次のコマンドを使用します: `winrm delete winrm/config/Listener?Address=*+Transport=HTTP`",
    },
    feed: None,
    refs: &[
        Reference::Attack("T1021.006"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/windows/connect-winrm"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    match context.known(&view.vm.upkeep.winrm_in_clear)? {
        // Listeners that Azure did not make are known to the machine alone: their ports are judged where they are open.
        None => return Ok(Verdict::NotFor),
        Some(false) => return Ok(Verdict::Pass),
        Some(true) => {}
    }
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "WinRM of `{machine}` listens over HTTP",
        "`{machine}` の WinRM は HTTP で待ち受けています"
    );
    Fault::new(message).at(view.vm, "/properties/osProfile/windowsConfiguration/winRM/listeners").verdict()
}
