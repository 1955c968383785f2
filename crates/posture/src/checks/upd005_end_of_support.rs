//! A machine runs a system that gets no more security updates, or soon.

use estate::{Inside, Kind, Moment, Reason};

use super::end_of_support::{Told, licence, system_of};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "UPD005",
    slug: "end-of-support",
    checkpoint: Checkpoint::Updates,
    severity: Severity::High,
    title: Text { en: "the system is past its end of support", ja: "サポートが終了した OS" },
    why: Text {
        en: "After its end of support nobody closes the holes of a system any more. Updates for its successors show attackers what to try on it, and what they find works on it for ever.",
        ja: "サポートが終了した OS の脆弱性は、もう修正されません。後継バージョンの更新プログラムから攻撃の手掛かりが得られ、見つかった攻撃はいつまでも通用します。",
    },
    fix: Text {
        en: "Make the VM anew from an image of a supported system, or upgrade it in place after a backup. What must stay as it is gets the paid updates of its maker (Ubuntu Pro: `az vm update --ids <VM-ID> --license-type UBUNTU_PRO`) and no way in from outside.",
        ja: "サポート対象の OS のイメージから VM を作り直すか、バックアップしたうえでインプレース アップグレードしてください。変更できない場合は、提供元の有償の延長サポートを契約し (Ubuntu Pro: `az vm update --ids <VM-ID> --license-type UBUNTU_PRO`)、外部から到達できないようにしてください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("PV-6"),
        Reference::Attack("T1190"),
        Reference::Page("https://learn.microsoft.com/lifecycle/products/"),
        Reference::Page("https://learn.microsoft.com/lifecycle/faq/extended-security-updates"),
        Reference::Page("https://ubuntu.com/about/release-cycle"),
    ],
    run: Run::Machine(run),
};

/// How long before the end it is told.
const SOON_DAYS: i64 = 180;

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let vm = view.vm;
    for field in [&vm.upkeep.os_name, &vm.upkeep.os_version] {
        context.known(field)?;
    }
    let Some((system, told)) = system_of(&vm.upkeep) else {
        return Err(vec![Reason::InsideMachine { what: Inside::System }]);
    };
    let Some(now) = context.moment(&vm.origins) else {
        return Err(vec![context.estate().partial(Kind::Vm, vm.id)]);
    };
    let days = system.days(licence(&vm.upkeep));
    let left = |day: &str| Moment::parse(day).map_or(0, |end| end.days_since(now));
    // On its last day a system is still supported.
    let over = left(days.end) < -1;
    if !over && left(days.end) > SOON_DAYS {
        return Ok(Verdict::Pass);
    }
    let (machine, name, end) = (context.name(vm.id), system.name, days.end);
    let free = days.free_until.filter(|until| left(until) >= -1);
    let by_image = matches!(told, Told::ByImage);
    let message = match (over, free) {
        (true, None) if by_image => say!(
            context.lang,
            "`{machine}` was made from an image of {name}, the support of which ended on {end}",
            "`{machine}` は {name} のイメージから作成されています ({end} にサポートが終了しました)"
        ),
        (false, _) => say!(
            context.lang,
            "support of {name} on `{machine}` ends on {end}",
            "`{machine}` の {name} は {end} にサポートが終了します"
        ),
        (true, Some(until)) => say!(
            context.lang,
            "support of {name} on `{machine}` ended on {end}; in Azure security updates go on until {until}",
            "`{machine}` の {name} は {end} にサポートが終了しました (Azure では {until} までセキュリティ更新が提供されます)"
        ),
        (true, None) => say!(
            context.lang,
            "support of {name} on `{machine}` ended on {end}",
            "`{machine}` の {name} は {end} にサポートが終了しました"
        ),
    };
    let (source, pointer) = match told {
        Told::ByMachine => ("machine", "/properties/extended/instanceView/osVersion"),
        Told::ByImage => ("image", "/properties/storageProfile/imageReference"),
    };
    let mut fault = Fault::new(message).fact("system", name).fact("end", end).fact("told_by", source);
    if let Some(until) = days.free_until {
        fault = fault.fact("extended_until", until);
    }
    // A machine may have been upgraded since it was made from its image.
    if !over || free.is_some() || matches!(told, Told::ByImage) {
        fault = fault.severity(Severity::Medium);
    }
    fault.at(vm, pointer).verdict()
}
