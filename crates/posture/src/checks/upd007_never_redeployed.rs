//! A machine is the same for more than two years.

use super::results::stands_alone;
use super::upd006_old_image::too_old;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "UPD007",
    slug: "never-redeployed",
    checkpoint: Checkpoint::Updates,
    severity: Severity::Low,
    title: Text {
        en: "a VM was not made anew for two years", ja: "2 年以上作り直されていない VM"
    },
    why: Text {
        en: "What was set by hand over the years nobody remembers, and what an intruder left nobody finds. When the VM is lost, nobody can make it again either.",
        ja: "何年もかけて手作業で加えた変更は誰も覚えておらず、侵入者が残したものにも気付けません。VM を失ったときに、同じものを作り直すこともできません。",
    },
    fix: Text {
        en: "Write it down as a template and make it anew from the newest image, its data on disks of their own: `az group export -g <RESOURCE-GROUP> --resource-ids <VM-ID> > vm.json` is a start.",
        ja: "テンプレートとして記述し、データを別のディスクに分けたうえで、最新のイメージから作り直してください。まずは次のコマンドでエクスポートできます: `az group export -g <リソース グループ> --resource-ids <VM-ID> > vm.json`",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("PV-6"),
        Reference::Page("https://learn.microsoft.com/azure/azure-resource-manager/templates/overview"),
    ],
    run: Run::Machine(run),
};

/// How long a machine may be the same.
const DAYS: i64 = 730;

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    // UPD006 says the same where the image tells its day.
    if !stands_alone(context, view) || too_old(context, view).is_some() {
        return Ok(Verdict::NotFor);
    }
    context.described(view)?;
    let vm = view.vm;
    // Versions of the interface before 2022 do not tell when a machine was made.
    let created = context.needed(view, &vm.upkeep.created)?;
    let Some(now) = context.moment(&vm.origins) else {
        return Err(vec![context.estate().partial(estate::Kind::Vm, vm.id)]);
    };
    let days = now.days_since(*created);
    if days <= DAYS {
        return Ok(Verdict::Pass);
    }
    let (machine, created) = (context.name(vm.id), created.day());
    let message = say!(
        context.lang,
        "`{machine}` was made on {created} and is the same since",
        "`{machine}` は {created} に作成され、その後作り直されていません"
    );
    let fault = Fault::new(message).fact("created", created).fact("created_days", days.to_string());
    fault.at(vm, "/properties/timeCreated").verdict()
}
