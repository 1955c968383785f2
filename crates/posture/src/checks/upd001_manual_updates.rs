//! Nothing installs updates on a machine by itself.

use estate::{Feed, Inside, OsFamily, Reason, resource_subscription};

use super::results::stands_alone;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "UPD001",
    slug: "manual-updates",
    checkpoint: Checkpoint::Updates,
    severity: Severity::Medium,
    title: Text {
        en: "updates wait for somebody to install them",
        ja: "自動でインストールされない更新プログラム",
    },
    why: Text {
        en: "Attackers use a hole within days of the update that closes it, because the update shows them where it is. A VM that waits until somebody has time stays open longest, and nobody sees it.",
        ja: "更新プログラムが公開されると脆弱性の場所が分かるため、攻撃者は数日のうちに悪用を始めます。担当者の手が空くのを待つ VM は最も長く無防備なままになり、誰もそれに気付きません。",
    },
    fix: Text {
        en: "Let the platform install them: `az vm update --ids <VM-ID> --set osProfile.windowsConfiguration.patchSettings.patchMode=AutomaticByPlatform` (`linuxConfiguration` on Linux), or put the VM on a schedule of Azure Update Manager, which needs that mode, too.",
        ja: "プラットフォームによる自動更新を有効にしてください: `az vm update --ids <VM-ID> --set osProfile.windowsConfiguration.patchSettings.patchMode=AutomaticByPlatform` (Linux では `linuxConfiguration`)。Azure Update Manager のスケジュールに割り当てる場合も、このモードが必要です。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("PV-6"),
        Reference::Attack("T1190"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching"),
        Reference::Page("https://learn.microsoft.com/azure/update-manager/prerequsite-for-schedule-patching"),
    ],
    run: Run::Machine(run),
};

const WINDOWS: &str = "/properties/osProfile/windowsConfiguration/patchSettings/patchMode";

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    // Scale sets update their image.
    if !stands_alone(context, view) {
        return Ok(Verdict::NotFor);
    }
    let os = context.os(view)?;
    let upkeep = &view.vm.upkeep;
    context.known(&upkeep.patch_mode)?;
    if says(&upkeep.patch_mode, "AutomaticByPlatform") {
        return by_platform(context, view, os);
    }
    let inside = || Err(vec![Reason::InsideMachine { what: Inside::Updates }]);
    // Azure writes down nothing of a machine that was made from a disk.
    let told = upkeep.patch_mode.is_some() || upkeep.automatic_updates.is_some();
    if os == OsFamily::Linux || !told && view.vm.admin_username.is_none() {
        // `ImageDefault` leaves it to the image, and a schedule does not run in that mode.
        return inside();
    }
    let automatic = context.known(&upkeep.automatic_updates)?;
    let machine = context.name(view.vm.id);
    if says(&upkeep.patch_mode, "Manual") {
        let message = say!(
            context.lang,
            "nothing installs updates on `{machine}`: its patch mode is `Manual`",
            "`{machine}` の修正プログラム モードは `Manual` で、更新プログラムが自動でインストールされません"
        );
        return Fault::new(message).fact("patch_mode", "Manual").at(view.vm, WINDOWS).verdict();
    }
    // Without a mode it is `AutomaticByOS`, and `enableAutomaticUpdates` is true unless it is said to be false.
    // https://learn.microsoft.com/azure/virtual-machines/automatic-vm-guest-patching#patch-orchestration-modes
    if automatic != Some(&false) {
        return Ok(Verdict::Pass);
    }
    let message = say!(
        context.lang,
        "nothing installs updates on `{machine}`: automatic updates of Windows are off",
        "`{machine}` は Windows の自動更新が無効で、更新プログラムが自動でインストールされません"
    );
    let fault = Fault::new(message).fact("enable_automatic_updates", "false");
    fault.at(view.vm, "/properties/osProfile/windowsConfiguration/enableAutomaticUpdates").verdict()
}

/// The platform installs updates, unless it is told to wait for a schedule and there is none.
///
/// Source: the scenarios of <https://learn.microsoft.com/azure/update-manager/prerequsite-for-schedule-patching>
fn by_platform(context: &Context<'_>, view: &VmView<'_>, os: OsFamily) -> Judged {
    let all = &context.estate().around.maintenance;
    let own = all.of(view.vm.id).first();
    if context.known(&view.vm.upkeep.own_schedule)? != Some(&true) {
        // A schedule for updates stops the platform here; one for hosts does not.
        return match own {
            Some(schedule) => Err(vec![Reason::Schedule { id: context.estate().text(schedule.id).into() }]),
            None => Ok(Verdict::Pass),
        };
    }
    // Whether a schedule installs updates in the machine, or keeps its host, the schedule alone tells.
    if let Some(schedule) = own {
        return Err(vec![Reason::Schedule { id: context.estate().text(schedule.id).into() }]);
    }
    context.whole(Feed::Maintenance, view)?;
    // Schedules that choose machines by tag or place stand at the subscription.
    let subscription = resource_subscription(context.estate().text(view.vm.id)).unwrap_or_default();
    let subscription = context.estate().ids().find(&format!("/subscriptions/{subscription}"));
    if let Some(schedule) = subscription.and_then(|id| all.of(id).first()) {
        return Err(vec![Reason::Schedule { id: context.estate().text(schedule.id).into() }]);
    }
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "nothing installs updates on `{machine}`: it waits for a schedule, and none is assigned to it",
        "`{machine}` はスケジュールによる更新に設定されていますが、スケジュールが割り当てられておらず、更新プログラムがインストールされません"
    );
    let family = if os == OsFamily::Windows { "windowsConfiguration" } else { "linuxConfiguration" };
    let pointer = format!(
        "/properties/osProfile/{family}/patchSettings/automaticByPlatformSettings/bypassPlatformSafetyChecksOnUserSchedule"
    );
    Fault::new(message).fact("schedule", "none").at(view.vm, &pointer).verdict()
}
