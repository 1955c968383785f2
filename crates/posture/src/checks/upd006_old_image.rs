//! A machine was made from an image that is more than a year old.

use estate::Known;

use super::results::stands_alone;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "UPD006",
    slug: "old-image",
    checkpoint: Checkpoint::Updates,
    severity: Severity::Low,
    title: Text { en: "a VM was made from an old image", ja: "古いイメージから作成された VM" },
    why: Text {
        en: "Updates mend what was installed; a new image also brings the defaults, boot loader and drivers of today, and no leftovers of those who were on the VM before. One that was never made anew keeps all of it, good and bad.",
        ja: "更新プログラムが直すのは、インストール済みの部分だけです。新しいイメージなら、現在の既定の設定、ブート ローダー、ドライバーになり、以前の侵入の痕跡も残りません。一度も作り直していない VM には、良いものも悪いものもすべて残ります。",
    },
    fix: Text {
        en: "Make it anew from a template with the newest image (`\"version\": \"latest\"`), and keep its data on disks of their own; then this takes minutes and can be done every few months: `az deployment group create -g <RESOURCE-GROUP> --template-file <TEMPLATE>`.",
        ja: "最新のイメージ (`\"version\": \"latest\"`) を指定したテンプレートから作り直し、データは別のディスクに保存してください。そうすれば数分で再デプロイでき、数か月ごとに実施できます: `az deployment group create -g <リソース グループ> --template-file <テンプレート>`",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("PV-6"),
        Reference::Page("https://learn.microsoft.com/azure/azure-resource-manager/templates/overview"),
    ],
    run: Run::Machine(run),
};

/// How old an image may be.
const DAYS: i64 = 365;

/// How many days the image of a machine is old, where that is too many.
pub(super) fn too_old(context: &Context<'_>, view: &VmView<'_>) -> Option<i64> {
    let now = context.moment(&view.vm.origins)?;
    let days = now.days_since(view.vm.upkeep.image_day()?);
    (days > DAYS).then_some(days)
}

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    // A scale set names the image for its next instances.
    if !stands_alone(context, view) {
        return Ok(Verdict::NotFor);
    }
    context.described(view)?;
    let vm = view.vm;
    let Some(image) = context.known(&vm.upkeep.image)? else { return Ok(Verdict::NotFor) };
    // Only images of Azure's own tell their day.
    let (Some(day), Some(_)) = (vm.upkeep.image_day(), context.moment(&vm.origins)) else {
        return Ok(Verdict::NotFor);
    };
    let Some(days) = too_old(context, view) else { return Ok(Verdict::Pass) };
    let (machine, day) = (context.name(vm.id), day.day());
    let message = say!(
        context.lang,
        "`{machine}` was made from an image of {day} and never made anew",
        "`{machine}` は {day} のイメージから作成され、その後作り直されていません"
    );
    let version = if image.exact_version.is_empty() { &image.version } else { &image.exact_version };
    let mut fault = Fault::new(message)
        .fact("image_version", one_line(version))
        .fact("image_day", day)
        .fact("image_days", days.to_string());
    if let Some(Known::Value(created)) = &vm.upkeep.created {
        fault = fault.fact("created", created.day());
    }
    fault.at(vm, "/properties/storageProfile/imageReference/exactVersion").verdict()
}
