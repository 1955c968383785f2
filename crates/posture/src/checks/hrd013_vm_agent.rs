//! Nothing that comes as an extension can be put on a machine.

use estate::{Kind, Known};

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD013",
    slug: "no-vm-agent",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Low,
    title: Text { en: "a VM takes no extensions", ja: "拡張機能を利用できない VM" },
    why: Text {
        en: "Protection against malware, sign-in with Entra ID, updates by the platform, checks of the baseline and monitoring all come as extensions, which need the VM agent. Without it none of them can be put on the VM, and no policy can do it either.",
        ja: "マルウェア対策、Entra ID でのサインイン、プラットフォームによる更新、ベースラインの評価、監視はいずれも拡張機能として提供され、VM エージェントを必要とします。エージェントがないとどれもインストールできず、ポリシーで展開することもできません。",
    },
    fix: Text {
        en: "Install the VM agent and allow extensions: `az vm update --ids <VM-ID> --set osProfile.allowExtensionOperations=true`. Appliances that take no agent may be suppressed with that reason.",
        ja: "VM エージェントをインストールし、拡張機能を許可してください: `az vm update --ids <VM-ID> --set osProfile.allowExtensionOperations=true`。エージェントに対応していない仮想アプライアンスは、理由を添えて抑制できます。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("PV-4"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/extensions/agent-windows"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/extensions/agent-linux"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let vm = view.vm;
    let machine = context.name(vm.id);
    if context.known(&vm.upkeep.agent)? == Some(&false) {
        let message = say!(
            context.lang,
            "`{machine}` was made without the VM agent, so it takes no extensions",
            "`{machine}` は VM エージェントなしで作成されており、拡張機能を利用できません"
        );
        let family = match &vm.os {
            Some(Known::Value(estate::OsFamily::Windows)) => "windowsConfiguration",
            _ => "linuxConfiguration",
        };
        let pointer = format!("/properties/osProfile/{family}/provisionVMAgent");
        return Fault::new(message).fact("provision_vm_agent", "false").at(vm, &pointer).verdict();
    }
    if context.known(&vm.upkeep.extensions_allowed)? == Some(&false) {
        let message = say!(
            context.lang,
            "`{machine}` does not allow extensions",
            "`{machine}` では拡張機能の操作が許可されていません"
        );
        let fault = Fault::new(message).fact("allow_extension_operations", "false");
        return fault.at(vm, "/properties/osProfile/allowExtensionOperations").verdict();
    }
    // Both are true unless they are said to be false, for a machine that Azure gave an account.
    // https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#osprofile
    if vm.upkeep.agent.is_some() || vm.upkeep.extensions_allowed.is_some() || vm.admin_username.is_some() {
        return Ok(Verdict::Pass);
    }
    // One that was made from a disk has no such profile; an extension that works proves the agent.
    if context.extensions(view).any(|extension| says(&extension.state, "Succeeded")) {
        return Ok(Verdict::Pass);
    }
    Err(vec![context.estate().partial(Kind::Vm, vm.id)])
}
