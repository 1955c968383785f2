//! Nobody can sign in to a machine with an account of the directory.

use estate::{Feed, OsFamily};
use signin::{Tri, has_failed, ready};

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ENT001",
    slug: "no-entra-sign-in",
    checkpoint: Checkpoint::Entra,
    severity: Severity::Medium,
    title: Text {
        en: "no sign-in with Entra ID", ja: "Entra ID でサインインできない仮想マシン"
    },
    why: Text {
        en: "Accounts of the VM's own are shared, outlive the people who knew them, and no MFA, conditional access or sign-in log sees them. With Entra ID people sign in as themselves, and whoever leaves is out at once.",
        ja: "VM 固有のアカウントは共有されがちで、退職後も残り、MFA や条件付きアクセスの対象にならず、サインイン ログにも残りません。Entra ID なら各自のアカウントでサインインでき、退職者はただちに利用できなくなります。",
    },
    fix: Text {
        en: "Give the VM an identity of its own and the extension: `az vm identity assign --ids <VM-ID>`, then `az vm extension set --publisher Microsoft.Azure.ActiveDirectory --name AADLoginForWindows --ids <VM-ID>` (Linux: AADSSHLoginForLinux). Then give people the role Virtual Machine User Login or Virtual Machine Administrator Login.",
        ja: "VM にシステム割り当て ID と拡張機能を追加し、ユーザーに「仮想マシンのユーザー ログイン」または「仮想マシンの管理者ログイン」ロールを割り当ててください: `az vm identity assign --ids <VM-ID>`、`az vm extension set --publisher Microsoft.Azure.ActiveDirectory --name AADLoginForWindows --ids <VM-ID>` (Linux では AADSSHLoginForLinux)",
    },
    feed: Some(Feed::Machines),
    refs: &[
        Reference::Mcsb("IM-1"),
        Reference::Mcsb("PA-1"),
        Reference::Attack("T1078.003"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows",
        ),
        Reference::Page("https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-linux"),
    ],
    run: Run::Machine(run),
};

/// The extension for a system.
pub(super) fn extension(os: OsFamily) -> &'static str {
    match os {
        OsFamily::Windows => "AADLoginForWindows",
        OsFamily::Linux => "AADSSHLoginForLinux",
    }
}

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let os = context.os(view)?;
    // Another extension of the same purpose that Microsoft has given up does not count.
    let found = ready(context.estate(), view.vm, context.scale_set_of(view.vm.id)).extension;
    match found {
        Tri::Yes => return Ok(Verdict::Pass),
        Tri::Maybe if has_failed(context.estate(), view.vm.id) => {
            let (machine, name) = (context.name(view.vm.id), extension(os));
            let message = say!(
                context.lang,
                "{name} of `{machine}` is in the state Failed: people may not be able to sign in with Entra ID",
                "`{machine}` の {name} は失敗状態 (Failed) のため、Entra ID でサインインできない可能性があります"
            );
            return Fault::new(message).fact("extension", name).at(view.vm, "/id").verdict();
        }
        Tri::Maybe => {
            context.whole(Feed::Machines, view)?;
            return Err(vec![context.estate().partial(estate::Kind::Vm, view.vm.id)]);
        }
        Tri::No => {}
    }
    let (machine, name) = (context.name(view.vm.id), extension(os));
    let message = say!(
        context.lang,
        "nobody can sign in to `{machine}` with Entra ID: {name} is not in place",
        "`{machine}` には {name} がないため、Entra ID でサインインできません"
    );
    Fault::new(message).fact("extension", name).at(view.vm, "/id").verdict()
}
