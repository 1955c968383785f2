//! Nobody looks which updates a machine lacks.

use estate::{Feed, Known, OsFamily};

use super::results::{Age, age, stands_alone};
use super::upd002_updates_missing::judged;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "UPD004",
    slug: "not-assessed-for-updates",
    checkpoint: Checkpoint::Updates,
    severity: Severity::Low,
    title: Text {
        en: "nobody looks for missing updates", ja: "更新プログラムの不足が評価されていない VM"
    },
    why: Text {
        en: "What nobody looks for nobody sees: an update that fails to install, a source of updates that was cut off, a VM that was forgotten. Attackers look every day.",
        ja: "評価していなければ、インストールに失敗した更新プログラム、切断された配布元、忘れられた VM に誰も気付けません。攻撃者は毎日調べています。",
    },
    fix: Text {
        en: "Let Azure look every day: `az vm update --ids <VM-ID> --set osProfile.linuxConfiguration.patchSettings.assessmentMode=AutomaticByPlatform` (`windowsConfiguration` on Windows).",
        ja: "Azure による定期評価を有効にしてください: `az vm update --ids <VM-ID> --set osProfile.linuxConfiguration.patchSettings.assessmentMode=AutomaticByPlatform` (Windows では `windowsConfiguration`)",
    },
    feed: Some(Feed::Updates),
    refs: &[
        Reference::Defender("90386950-71ca-4357-a12e-486d1679427c"),
        Reference::Policy("bd876905-5b84-4f73-ab2d-2e7a7c4568d9"),
        Reference::Mcsb("PV-6"),
        Reference::Page("https://learn.microsoft.com/azure/update-manager/assessment-options"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    if !stands_alone(context, view) {
        return Ok(Verdict::NotFor);
    }
    context.described(view)?;
    let vm = view.vm;
    // Whoever lets the platform install updates lets it look for them, too.
    // https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching
    let by_platform = says(&vm.upkeep.assessment_mode, "AutomaticByPlatform")
        || says(&vm.upkeep.patch_mode, "AutomaticByPlatform");
    let all = context.estate().around.patch_assessments.of(vm.id);
    // What it found last tells more than what it was told to do.
    if by_platform && all.is_empty() {
        return Ok(Verdict::Pass);
    }
    if all.iter().any(|assessment| judged(context, assessment).is_ok())
        || vm.upkeep.lacking.is_some() && age(context, &vm.origins, &vm.upkeep.lacking_at) == Age::Fresh
    {
        return Ok(Verdict::Pass);
    }
    context.known(&vm.upkeep.assessment_mode)?;
    context.whole(Feed::Updates, view)?;
    let machine = context.name(vm.id);
    let message = say!(
        context.lang,
        "nobody has looked for a week which updates `{machine}` lacks",
        "`{machine}` に不足している更新プログラムは、1 週間以上評価されていません"
    );
    let mut fault = Fault::new(message);
    let looked = all.iter().filter_map(|it| it.at.as_ref()?.value()).filter(|at| at.0 > 0).max();
    if let Some(at) = looked {
        fault = fault.fact("looked_at", at.day());
    }
    let family = match &vm.os {
        Some(Known::Value(OsFamily::Windows)) => "windowsConfiguration",
        _ => "linuxConfiguration",
    };
    fault.at(vm, &format!("/properties/osProfile/{family}/patchSettings/assessmentMode")).verdict()
}
