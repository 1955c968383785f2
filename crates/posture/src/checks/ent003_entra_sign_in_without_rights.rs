//! People could sign in with Entra ID, and nobody has a right to.

use estate::Feed;
use signin::{Holding, Standing, Tri, Who};

use super::gets_in::lacks;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::verdict::Fault;
use crate::view::{Cause, Context};

pub(crate) const CHECK: Check = Check {
    code: "ENT003",
    slug: "entra-sign-in-without-rights",
    checkpoint: Checkpoint::Entra,
    severity: Severity::Medium,
    title: Text {
        en: "nobody may sign in with Entra ID",
        ja: "Entra ID でサインインできるユーザーがいない仮想マシン",
    },
    why: Text {
        en: "The VM is ready for Entra ID and no role lets anybody in, not even its owner. So people go on with the local account that everybody shares.",
        ja: "Entra ID サインインの準備はできていますが、サインインを許可するロールが誰にもなく (所有者にもありません)、共有のローカル アカウントが使われ続けます。",
    },
    fix: Text {
        en: "Give the role to a group: `az role assignment create --role \"Virtual Machine User Login\" --assignee <GROUP-ID> --scope <VM-OR-GROUP-ID>`.",
        ja: "グループにロールを割り当ててください: `az role assignment create --role \"Virtual Machine User Login\" --assignee <グループ ID> --scope <VM またはリソース グループの ID>`",
    },
    feed: Some(Feed::Rights),
    refs: &[
        Reference::Mcsb("PA-7"),
        Reference::Page(
            "https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-windows",
        ),
    ],
    run: Run::People(Subject::Machine, run),
};

/// Whether whoever this is may use their account at all.
fn can_sign_in(who: &Who<'_, '_>, holding: Holding, certain: bool) -> bool {
    match holding {
        // Nobody may be in it.
        Holding::Group(_) => !certain,
        Holding::People(class) => who.people.get(class).is_some_and(|people| {
            let may = people.enabled != Some(false)
                && !matches!(people.standing, Standing::Gone | Standing::Program);
            may && (!certain || (people.enabled == Some(true) && people.standing != Standing::Untold))
        }),
    }
}

fn run(context: &Context<'_>, who: &Who<'_, '_>, sink: &mut Sink) {
    let estate = context.estate();
    for machines in who.machines.iter().filter(|machines| machines.ready.so() != Tri::No) {
        let holders = who.holders(machines);
        let may = |certain: bool| {
            holders
                .iter()
                .filter(|holder| can_sign_in(who, holder.who, certain))
                .flat_map(|holder| &holder.held)
                .any(|held| {
                    let so = held.now.or(held.taken);
                    held.means.is_login() && if certain { so == Tri::Yes } else { so != Tri::No }
                })
        };
        for id in &machines.members {
            let of_set = || Some(&estate.scale_set(*id)?.model.as_ref()?.value()?.vm);
            let Some(vm) = estate.vm(*id).or_else(of_set) else { continue };
            if may(true) {
                sink.pass(context, &CHECK, *id);
                continue;
            }
            if let Err(reasons) = context.whole_for(Feed::Rights, *id, &vm.origins) {
                sink.unknown(&CHECK, *id, reasons);
                continue;
            }
            if may(false) || machines.ready.so() == Tri::Maybe {
                let feed = if may(false) { Feed::Rights } else { Feed::Machines };
                sink.unknown(&CHECK, *id, vec![lacks(context, feed)]);
                continue;
            }
            let machine = context.name(*id);
            let message = say!(
                context.lang,
                "`{machine}` is ready for Entra ID, and nobody has a role to sign in to it",
                "`{machine}` は Entra ID でサインインできる構成ですが、許可するロールが誰にも割り当てられていません"
            );
            let cause = Cause::field(*id, vm.origins.first(), "/id");
            sink.fail(Fault::new(message).because(cause).finding(context, &CHECK, *id));
        }
    }
}
