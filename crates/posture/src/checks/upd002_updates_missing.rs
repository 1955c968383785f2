//! A machine lacks updates that close known holes.

use estate::{Feed, Field, Known, Moment, Patch, PatchAssessment, Reason};

use super::results::{Age, age, assessment, stands_alone};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "UPD002",
    slug: "updates-missing",
    checkpoint: Checkpoint::Updates,
    severity: Severity::High,
    title: Text {
        en: "critical or security updates are missing",
        ja: "重要な更新またはセキュリティ更新の不足",
    },
    why: Text {
        en: "Each missing security update is a hole whose description anybody can read. Tools that use it are often public within days, and attackers try them on every address of Azure.",
        ja: "不足しているセキュリティ更新は、誰でも詳細を読める脆弱性がそのまま残っていることを意味します。悪用するツールは数日で公開されることが多く、攻撃者は Azure のすべてのアドレスに対して試します。",
    },
    fix: Text {
        en: "Install them, and restart where that is needed: `az vm install-patches --ids <VM-ID> --maximum-duration PT2H --reboot-setting IfRequired --classifications-to-include-linux Critical Security` (`…-win` on Windows). Then let it happen by itself (UPD001).",
        ja: "インストールし、必要に応じて再起動してください: `az vm install-patches --ids <VM-ID> --maximum-duration PT2H --reboot-setting IfRequired --classifications-to-include-linux Critical Security` (Windows では `…-win`)。その後、自動でインストールされるようにしてください (UPD001)。",
    },
    feed: Some(Feed::Updates),
    refs: &[
        Reference::Mcsb("PV-6"),
        Reference::Cis("8.1.10"),
        Reference::Defender(UPDATES),
        Reference::Policy("f85bf3e0-d513-442e-89c3-1784ad63382b"),
        Reference::Attack("T1190"),
        Reference::Page("https://learn.microsoft.com/azure/update-manager/overview"),
    ],
    run: Run::Machine(run),
};

/// The recommendation to install updates.
const UPDATES: &str = "e1145ab1-eb4f-43d8-911b-36ddf771d13f";

/// A critical update that is there for longer than this is used against those who lack it.
const CRITICAL_DAYS: i64 = 14;

/// How many names of updates are told.
const NAMES: usize = 5;

fn number(field: &Field<u64>) -> u64 {
    field.as_ref().and_then(Known::value).copied().unwrap_or(0)
}

fn is(patch: &Patch, class: &str) -> bool {
    let all = patch.classifications.as_ref().and_then(Known::value);
    all.is_some_and(|all| all.iter().any(|one| one.eq_ignore_ascii_case(class)))
}

/// What an assessment of updates says; a reason where it says nothing of now.
pub(super) fn judged(context: &Context<'_>, assessment: &PatchAssessment) -> Result<(), Reason> {
    let feed = Feed::Updates;
    // `CompletedWithWarnings` has counts, too.
    // https://learn.microsoft.com/rest/api/compute/virtual-machines/assess-patches#patchoperationstatus
    if !says(&assessment.status, "Succeeded") && !says(&assessment.status, "CompletedWithWarnings") {
        return Err(Reason::NoResult { feed });
    }
    match age(context, &assessment.origins, &assessment.at) {
        Age::Fresh => Ok(()),
        Age::Old => Err(Reason::OldResult { feed }),
        Age::Untold => Err(Reason::NoResult { feed }),
    }
}

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    if !stands_alone(context, view) {
        return Ok(Verdict::NotFor);
    }
    let (vm, around) = (view.vm, &context.estate().around);
    let mut reasons = Vec::new();
    let mut fresh = None;
    for assessment in around.patch_assessments.of(vm.id) {
        match judged(context, assessment) {
            Ok(()) => fresh = fresh.or(Some(assessment)),
            Err(reason) => reasons.push(reason),
        }
    }
    // Single updates are a part of the result.
    let patches = if fresh.is_some() || reasons.is_empty() { around.patches.of(vm.id) } else { &[] };
    let count = |class| patches.iter().filter(|patch| is(patch, class)).count() as u64;
    let of_fresh = |field: fn(&PatchAssessment) -> &Field<u64>| fresh.map_or(0, |it| number(field(it)));
    let critical = count("Critical").max(of_fresh(|it| &it.critical));
    let security = count("Security").max(of_fresh(|it| &it.security));
    let lacking = match (&vm.upkeep.lacking, age(context, &vm.origins, &vm.upkeep.lacking_at)) {
        (Some(Known::Value(_)), Age::Old) => {
            reasons.push(Reason::OldResult { feed: Feed::Updates });
            None
        }
        (Some(Known::Value(count)), _) => Some(*count),
        _ => None,
    };
    let counted = fresh.is_some_and(|it| known(&it.critical) && known(&it.security))
        || lacking == Some(0) && age(context, &vm.origins, &vm.upkeep.lacking_at) == Age::Fresh;
    // Where updates were counted, DEF006 tells of what Defender says otherwise.
    let told = assessment(context, vm.id, &[UPDATES])
        .filter(|_| !counted)
        .filter(|told| says(&told.status, "Unhealthy"));
    let found = Found { critical, security, lacking: lacking.unwrap_or(0), defender: told.is_some() };
    if critical + security > 0 || found.lacking > 0 || found.defender {
        let fault = fault(context, view, &found, patches);
        return match (fresh, told) {
            (Some(record), _) if critical + security > 0 => {
                let pointer = "/properties/availablePatchCountByClassification";
                fault.at_record(record.id, &record.origins, pointer).verdict()
            }
            (_, Some(record)) if found.lacking == 0 => {
                fault.at_record(record.id, &record.origins, "/properties/status/code").verdict()
            }
            _ if found.lacking > 0 => {
                let pointer = "/properties/extended/instanceView/patchStatus/availablePatchSummary";
                fault.at(vm, pointer).verdict()
            }
            _ => fault.at(vm, "/id").verdict(),
        };
    }
    if counted {
        return Ok(Verdict::Pass);
    }
    if !reasons.is_empty() {
        return Err(reasons);
    }
    context.whole(Feed::Updates, view)?;
    Err(vec![Reason::NoResult { feed: Feed::Updates }])
}

fn known<T>(field: &Field<T>) -> bool {
    matches!(field, Some(Known::Value(_)))
}

/// How many updates are missing.
struct Found {
    critical: u64,
    security: u64,
    /// As the machine's own record tells.
    lacking: u64,
    defender: bool,
}

fn fault(context: &Context<'_>, view: &VmView<'_>, found: &Found, patches: &[Patch]) -> Fault {
    let machine = context.name(view.vm.id);
    let count = (found.critical + found.security).max(found.lacking);
    let message = match count {
        0 => say!(
            context.lang,
            "Defender for Cloud reports that `{machine}` lacks updates",
            "Defender for Cloud が、`{machine}` に更新プログラムの不足があると報告しています"
        ),
        1 => say!(
            context.lang,
            "`{machine}` lacks 1 critical or security update",
            "`{machine}` には重要な更新またはセキュリティ更新が 1 件不足しています"
        ),
        _ => say!(
            context.lang,
            "`{machine}` lacks {count} critical and security updates",
            "`{machine}` には重要な更新とセキュリティ更新が {count} 件不足しています"
        ),
    };
    let mut fault = Fault::new(message);
    if found.critical + found.security > 0 {
        fault = fault.fact("critical", found.critical.to_string());
        fault = fault.fact("security", found.security.to_string());
    }
    if found.lacking > 0 {
        fault = fault.fact("critical_and_security", found.lacking.to_string());
    }
    if found.defender {
        fault = fault.fact("defender", "Unhealthy");
    }
    let matters = |patch: &&Patch| is(patch, "Critical") || is(patch, "Security");
    // Most systems but Windows do not tell, and Azure writes the first day of the first year then.
    let published = |patch: &Patch| match &patch.published {
        Some(Known::Value(at)) if at.0 > 0 => Some(*at),
        _ => None,
    };
    let now = patches.first().and_then(|patch| context.moment(&patch.origins));
    let days = |at: Moment| now.map(|now| now.days_since(at));
    if let Some(oldest) = patches.iter().filter(matters).filter_map(published).min() {
        fault = fault.fact("oldest", oldest.day());
        if let Some(days) = days(oldest) {
            fault = fault.fact("oldest_days", days.to_string());
        }
    }
    let mut names: Vec<String> = patches
        .iter()
        .filter(matters)
        .filter_map(|patch| Some(one_line(patch.name.as_ref()?.value()?)))
        .collect();
    names.sort_unstable();
    for name in names.into_iter().take(NAMES) {
        fault = fault.fact("update", name);
    }
    let critical = patches.iter().filter(|patch| is(patch, "Critical")).filter_map(published).min();
    if critical.and_then(days).is_some_and(|days| days > CRITICAL_DAYS) {
        fault = fault.severity(Severity::Critical);
    }
    fault
}
