//! People could sign in with Entra ID, and nobody has a right to.

use estate::{Feed, Reason};
use signin::{Holding, Standing, Tri, Who};

use super::gets_in::{lacks, who_it_is};
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
            let told = [Feed::Rights, Feed::EligibleRights]
                .into_iter()
                .try_for_each(|feed| context.whole_for(feed, *id, &vm.origins));
            if let Err(reasons) = told {
                sink.unknown(&CHECK, *id, reasons);
                continue;
            }
            if may(false) {
                let why = holders.iter().filter(|holder| can_sign_in(who, holder.who, false));
                let why = why.map(|holder| match holder.who {
                    Holding::Group(group) => Reason::Members { id: estate.text(group).into() },
                    Holding::People(class) => match who.people.get(class) {
                        Some(people) if people.standing == Standing::Unread => {
                            who_it_is(context, people.standing)
                        }
                        Some(people) if people.enabled.is_none() => lacks(context, Feed::People),
                        _ => Reason::Rights,
                    },
                });
                let why: std::collections::BTreeSet<Reason> = why.collect();
                sink.unknown(&CHECK, *id, why.into_iter().collect());
                continue;
            }
            if machines.ready.so() == Tri::Maybe {
                sink.unknown(&CHECK, *id, vec![lacks(context, Feed::Machines)]);
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
