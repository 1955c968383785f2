//! Defender for Cloud has seen an attack on a machine, and nobody has dealt with it.

use std::collections::BTreeMap;

use estate::{Alert, Feed, Known, Origins, ResourceId};

use super::def005_defender_recommendation::severity;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "DEF009",
    slug: "open-alert",
    checkpoint: Checkpoint::Defender,
    severity: Severity::High,
    title: Text { en: "an open alert about a VM", ja: "未対応のアラートがある VM" },
    why: Text {
        en: "Somebody has tried the machine, or is in already. Everything else on this list is about what could happen; this has happened.",
        ja: "誰かが VM を攻撃したか、すでに侵入しています。ほかの項目は「起こり得ること」ですが、これは「起きたこと」です。",
    },
    fix: Text {
        en: "Read the alert in Defender for Cloud and follow its steps. Where the machine is taken, cut it off the network, keep a snapshot of its disks, and make it anew; then close the alert.",
        ja: "Defender for Cloud でアラートの内容を確認し、手順に従って対応してください。侵入されている場合は、ネットワークから切り離し、ディスクのスナップショットを保存したうえで VM を作り直します。対応が終わったらアラートを解決済みにしてください。",
    },
    feed: Some(Feed::Security),
    refs: &[Reference::Mcsb("LT-1")],
    run: Run::Estate(Subject::Machine, run),
};

/// How many titles stand for all.
const SAMPLE: usize = 5;

fn run(context: &Context<'_>, sink: &mut Sink) {
    let estate = context.estate();
    // One alert may name several machines, so all are looked at once.
    let mut by_machine: BTreeMap<ResourceId, Vec<&Alert>> = BTreeMap::new();
    for alert in &estate.around.alerts {
        if !says(&alert.status, "Active") && !says(&alert.status, "InProgress") {
            continue;
        }
        for resource in alert.resources.as_ref().and_then(Known::value).into_iter().flatten() {
            let alerts = by_machine.entry(*resource).or_default();
            if alerts.last().is_none_or(|last| last.id != alert.id) {
                alerts.push(alert);
            }
        }
    }
    let machines = estate.vms.iter().map(|vm| (vm.id, &vm.origins));
    let sets = estate.scale_sets.iter().map(|set| (set.id, &set.origins));
    for (machine, origins) in machines.chain(sets) {
        judge(context, machine, origins, by_machine.get(&machine).map(Vec::as_slice), sink);
    }
}

fn judge(
    context: &Context<'_>,
    machine: ResourceId,
    origins: &Origins,
    alerts: Option<&[&Alert]>,
    sink: &mut Sink,
) {
    let how_bad = |alert: &&Alert| severity(&alert.severity).unwrap_or(CHECK.severity);
    let Some((alerts, worst)) = alerts.and_then(|alerts| {
        let newest = |alert: &Alert| alert.at.as_ref().and_then(Known::value).copied();
        let worst = alerts.iter().copied().max_by_key(|alert| (how_bad(alert), newest(alert), alert.id))?;
        Some((alerts, worst))
    }) else {
        let judged = context.whole_for(Feed::Security, machine, origins).map(|()| Verdict::Pass);
        return sink.take(context, &CHECK, machine, judged);
    };
    let title = |alert: &Alert| {
        let known = |field: &estate::Field<Box<str>>| field.as_ref().and_then(Known::value).cloned();
        known(&alert.title).or_else(|| known(&alert.kind)).map(|title| one_line(&title)).unwrap_or_default()
    };
    let (name, count, first) = (context.name(machine), alerts.len(), title(worst));
    let message = say!(
        context.lang,
        "open alerts about `{name}` in Defender for Cloud: {count}; the worst: {first}",
        "`{name}` には Defender for Cloud の未対応のアラートが {count} 件あります。最も重大なもの: {first}"
    );
    let mut titles: Vec<String> = Vec::new();
    let mut kinds: Vec<String> = Vec::new();
    for alert in std::iter::once(&worst).chain(alerts) {
        let kind = alert.kind.as_ref().and_then(Known::value).map(|kind| one_line(kind));
        for (list, text) in [(&mut titles, Some(title(alert))), (&mut kinds, kind)] {
            if let Some(text) = text.filter(|text| list.len() < SAMPLE && !list.contains(text)) {
                list.push(text);
            }
        }
    }
    let mut fault = Fault::new(message)
        .severity(how_bad(&worst))
        .fact("alerts", count.to_string())
        .fact("titles", titles.join("; "))
        .fact("kinds", kinds.join(", "));
    if let Some(newest) = alerts.iter().filter_map(|alert| alert.at.as_ref()?.value()).max() {
        fault = fault.fact("newest", newest.day());
    }
    let judged = fault.at_record(worst.id, &worst.origins, "/properties/status").verdict();
    sink.take(context, &CHECK, machine, judged);
}
