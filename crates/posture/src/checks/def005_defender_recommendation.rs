//! Defender for Cloud recommends what no check of ours looks at.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use estate::{Assessment, Feed, Field, Known, ResourceId};

use super::CHECKS;
use super::assessed::{Health, health, key};
use super::def006_defender_disagrees::Said;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "DEF005",
    slug: "defender-recommendation",
    checkpoint: Checkpoint::Defender,
    severity: Severity::Medium,
    title: Text { en: "a recommendation of Defender for Cloud", ja: "Defender for Cloud の推奨事項" },
    why: Text {
        en: "Defender for Cloud has looked at the machine and found something to do that no other check here looks at. It is told here so that one list holds all of it.",
        ja: "Defender for Cloud が、ほかのチェックでは見ていない問題を検出しています。すべてを 1 つの一覧で確認できるように、ここに表示します。",
    },
    fix: Text {
        en: "Open the recommendation in Defender for Cloud: it tells the steps, and for many of them has a button that does it. Where it does not apply, exempt the machine there, with a reason.",
        ja: "Defender for Cloud で推奨事項を開き、修復手順に従ってください (多くは [修正] ボタンで対応できます)。該当しない場合は、理由を付けて除外を設定してください。",
    },
    feed: Some(Feed::Security),
    refs: &[
        Reference::Mcsb("LT-1"),
        Reference::Page(
            "https://learn.microsoft.com/azure/defender-for-cloud/review-security-recommendations",
        ),
    ],
    run: Run::Vm(run),
};

/// The keys that checks of machines look at themselves, lower case. DEF006 compares these.
static OURS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let machines = CHECKS.iter().filter(|check| check.run.is_vm());
    let keys = machines.flat_map(|check| check.refs).filter_map(|reference| match reference {
        Reference::Defender(key) => Some(key.to_ascii_lowercase()),
        _ => None,
    });
    keys.collect()
});

/// How bad Defender says that something is; none where it does not say.
pub(crate) fn severity(told: &Field<Box<str>>) -> Option<Severity> {
    let told = told.as_ref().and_then(Known::value)?;
    let all = [
        ("Critical", Severity::Critical),
        ("High", Severity::High),
        ("Medium", Severity::Medium),
        ("Low", Severity::Low),
        ("Informational", Severity::Low),
    ];
    all.iter().find(|(word, _)| told.eq_ignore_ascii_case(word)).map(|(_, severity)| *severity)
}

fn run(context: &Context<'_>, view: &VmView<'_>, sink: &mut Sink) {
    let vm = view.vm;
    let all = context.estate().around.assessments.of(vm.id);
    let mut clean = true;
    for assessment in all.iter().filter(|assessment| health(assessment) == Some(Health::Unhealthy)) {
        let key = key(context, assessment).to_ascii_lowercase();
        clean = false;
        if !OURS.contains(&key) {
            sink.take(context, &CHECK, vm.id, fault(context, vm.id, assessment, key).verdict());
        }
    }
    if !clean || all.is_empty() && context.whole(Feed::Security, view).is_ok() {
        // A machine of which Defender says nothing at all is no machine without recommendations.
        return;
    }
    let judged = context.whole(Feed::Security, view).map(|()| Verdict::Pass);
    sink.take(context, &CHECK, vm.id, judged);
}

/// Recommendations that checks of ours look at, and none of these could say anything of the machine: they are told here, so
/// that none is lost.
pub(crate) fn left_over(
    context: &Context<'_>,
    view: &VmView<'_>,
    said: &[(&'static Check, Said)],
    sink: &mut Sink,
) {
    let all = context.estate().around.assessments.of(view.vm.id);
    for assessment in all.iter().filter(|assessment| health(assessment) == Some(Health::Unhealthy)) {
        let key = key(context, assessment).to_ascii_lowercase();
        let is = |reference: &Reference| matches!(reference, Reference::Defender(its) if its.eq_ignore_ascii_case(&key));
        let judged = said.iter().any(|(check, said)| *said != Said::Unknown && check.refs.iter().any(is));
        if OURS.contains(&key) && !judged {
            sink.take(context, &CHECK, view.vm.id, fault(context, view.vm.id, assessment, key).verdict());
        }
    }
}

/// What Defender says of a resource under a key, as a finding of ours.
pub(crate) fn fault(
    context: &Context<'_>,
    resource: ResourceId,
    assessment: &Assessment,
    key: String,
) -> Fault {
    let text = |field: &Field<Box<str>>| {
        field.as_ref().and_then(Known::value).map(|text| one_line(text)).filter(|text| !text.is_empty())
    };
    let name = context.name(resource);
    let title = text(&assessment.title).unwrap_or_else(|| key.clone());
    let mut fault = Fault::new(say!(
        context.lang,
        "Defender for Cloud recommends for `{name}`: {title}",
        "`{name}` に対する Defender for Cloud の推奨事項: {title}"
    ));
    fault = fault.fact("recommendation", key).fact("title", title);
    if let Some(detail) = text(&assessment.detail) {
        fault = fault.fact("detail", detail);
    }
    if let Some(Known::Value(changed)) = &assessment.changed {
        fault = fault.fact("since", changed.day());
    }
    if let Some(severity) = severity(&assessment.severity) {
        fault = fault.severity(severity);
    }
    fault.at_record(assessment.id, &assessment.origins, "/properties/status/code")
}
