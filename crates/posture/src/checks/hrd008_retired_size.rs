//! Azure stops a machine for good, because it takes its size out.

use estate::Moment;

use super::retired_sizes::retired;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD008",
    slug: "retired-size",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Medium,
    title: Text { en: "a size that Azure takes out", ja: "提供終了となる VM サイズ" },
    why: Text {
        en: "On the last day of a size Azure stops its VMs and gives them no support. They run on old processors meanwhile, most of which have no trusted launch, and what guards or updates others may be the one that stops.",
        ja: "提供終了日になると、Azure はそのサイズの VM を停止し、サポートも終了します。それまでも古いプロセッサで動作し、多くはトラステッド起動に対応していません。ほかの VM を保護、更新している VM が突然停止するおそれもあります。",
    },
    fix: Text {
        en: "Choose a size of a newer series and change it while the VM is stopped: `az vm list-vm-resize-options --ids <VM-ID> -o table`, `az vm resize --ids <VM-ID> --size <SIZE>`.",
        ja: "新しいシリーズのサイズを選び、VM を停止して変更してください: `az vm list-vm-resize-options --ids <VM-ID> -o table`、`az vm resize --ids <VM-ID> --size <サイズ>`",
    },
    feed: None,
    refs: &[
        Reference::Page(
            "https://learn.microsoft.com/azure/virtual-machines/sizes/lifecycle/retirements-and-capacity-restrictions",
        ),
        Reference::Page(
            "https://learn.microsoft.com/azure/virtual-machines/migration/sizes/d-ds-dv2-dsv2-ls-series-migration-guide",
        ),
    ],
    run: Run::Machine(run),
};

/// What ends later than this is good to mend some day.
const SOON_DAYS: i64 = 365;

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let vm = view.vm;
    let size = context.needed(view, &vm.upkeep.size)?;
    let Some(row) = retired(size) else { return Ok(Verdict::Pass) };
    let (machine, size, end) = (context.name(vm.id), one_line(size), row.end);
    let left = context.moment(&vm.origins).zip(Moment::parse(end)).map(|(now, end)| end.days_since(now));
    let over = left.is_some_and(|left| left < 0);
    let message = match over {
        true => say!(
            context.lang,
            "the size `{size}` of `{machine}` is taken out since {end}",
            "`{machine}` のサイズ `{size}` は {end} に提供が終了しています"
        ),
        false => say!(
            context.lang,
            "Azure takes out the size `{size}` of `{machine}` on {end}",
            "`{machine}` のサイズ `{size}` は {end} に提供が終了します"
        ),
    };
    let mut fault = Fault::new(message).fact("size", size).fact("series", row.series).fact("end", end);
    if !row.successor.is_empty() {
        fault = fault.fact("successor", row.successor);
    }
    if left.is_some_and(|left| left > SOON_DAYS) {
        fault = fault.severity(Severity::Low);
    }
    let pointer = match vm.profile {
        "/properties" => "/properties/hardwareProfile/vmSize",
        _ => "/sku/name",
    };
    fault.at(vm, pointer).verdict()
}
