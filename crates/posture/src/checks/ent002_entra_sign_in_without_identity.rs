//! The extension for Entra ID is there, and the identity that it needs is not.

use estate::Feed;
use signin::{Tri, ready};

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "ENT002",
    slug: "entra-sign-in-without-identity",
    checkpoint: Checkpoint::Entra,
    severity: Severity::Medium,
    title: Text {
        en: "Entra ID sign-in without the VM's identity",
        ja: "システム割り当て ID のない Entra ID サインイン",
    },
    why: Text {
        en: "The extension for signing in with Entra ID asks for tokens as the VM. Without an identity of the VM's own nobody gets in, and people fall back on local accounts.",
        ja: "Entra ID サインインの拡張機能は、VM 自身の ID でトークンを取得します。システム割り当て ID がないとサインインできず、ローカル アカウントが使われ続けます。",
    },
    fix: Text {
        en: "Give the VM an identity of its own: `az vm identity assign --ids <VM-ID>`.",
        ja: "システム割り当て ID を有効にしてください: `az vm identity assign --ids <VM-ID>`",
    },
    feed: Some(Feed::Machines),
    refs: &[
        Reference::Mcsb("IM-3"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows",
        ),
        Reference::Page("https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-linux"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let ready = ready(context.estate(), view.vm, context.scale_set_of(view.vm.id));
    match (ready.extension, ready.identity) {
        // Without the extension it does not matter.
        (Tri::No, _) => return Ok(Verdict::NotFor),
        (_, Tri::Yes) => return Ok(Verdict::Pass),
        (Tri::Yes, Tri::No) => {}
        _ => {
            context.whole(Feed::Machines, view)?;
            return Err(vec![context.estate().partial(estate::Kind::Vm, view.vm.id)]);
        }
    }
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "`{machine}` has the extension for Entra ID and no identity of its own, so nobody can sign in by it",
        "`{machine}` には Entra ID の拡張機能がありますが、システム割り当て ID がないためサインインできません"
    );
    Fault::new(message).at(view.vm, "/identity").verdict()
}
