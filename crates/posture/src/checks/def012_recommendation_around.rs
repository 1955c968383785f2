//! Defender for Cloud recommends something for what stands around machines: networks, disks, vaults, the subscription.

use std::collections::{HashMap, HashSet};

use estate::{Feed, ResourceId, resource_subscription, resource_type};

use super::assessed::{Health, health, key};
use super::def005_defender_recommendation::fault;
use super::def006_defender_disagrees::looks_at;
use super::subscriptions::with_machines;
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::Text;
use crate::verdict::Verdict;
use crate::view::{Context, Status};

pub(crate) const CHECK: Check = Check {
    code: "DEF012",
    slug: "defender-recommendation-around",
    checkpoint: Checkpoint::Defender,
    severity: Severity::Medium,
    title: Text {
        en: "a recommendation of Defender for Cloud for a network or subscription",
        ja: "ネットワークやサブスクリプションに対する Defender for Cloud の推奨事項",
    },
    why: Text {
        en: "Who gets to a VM is decided by the networks, disks, vaults and accounts around it as much as by itself. Defender for Cloud has found something to do there that no finding here tells of.",
        ja: "VM の安全は、周囲のネットワーク、ディスク、コンテナー、アカウントにも左右されます。Defender for Cloud が、ほかの検出結果にはない問題をそこで検出しています。",
    },
    fix: Text {
        en: "Open the recommendation in Defender for Cloud: it tells the steps, and for many of them has a button that does it. Where it does not apply, exempt the resource there, with a reason.",
        ja: "Defender for Cloud で推奨事項を開き、修復手順に従ってください (多くは [修正] ボタンで対応できます)。該当しない場合は、理由を付けて除外を設定してください。",
    },
    feed: Some(Feed::Security),
    refs: &[
        Reference::Mcsb("LT-1"),
        Reference::Page(
            "https://learn.microsoft.com/azure/defender-for-cloud/review-security-recommendations",
        ),
    ],
    // It goes by what the others found.
    run: Run::Estate(Subject::Subscription, |_, _| ()),
};

/// Providers of what stands around machines.
const AROUND: [&str; 3] = ["microsoft.network/", "microsoft.compute/", "microsoft.recoveryservices/"];

/// Machines themselves, which DEF005 tells of.
const MACHINES: [&str; 3] = [
    "microsoft.compute/virtualmachines",
    "microsoft.compute/virtualmachinescalesets",
    "microsoft.compute/virtualmachinescalesets/virtualmachines",
];

/// Whether a resource is a subscription, or stands around machines.
fn is_around(id: &str) -> bool {
    match resource_type(id).map(|it| it.to_ascii_lowercase()) {
        Some(its) => AROUND.iter().any(|start| its.starts_with(start)) && !MACHINES.contains(&&*its),
        None => id.split('/').filter(|part| !part.is_empty()).count() == 2,
    }
}

/// Tells what Defender says and no finding does; findings that it agrees with say so.
pub(crate) fn import(context: &Context<'_>, sink: &mut Sink) {
    let estate = context.estate();
    let mut found: HashMap<ResourceId, Vec<usize>> = HashMap::new();
    let many = |check: &Check| matches!(check.run, Run::Estate(..));
    for (at, finding) in sink.findings.iter().enumerate() {
        if finding.status == Status::Fail && many(finding.check) {
            found.entry(finding.resource).or_default().push(at);
            // What is wrong with a plan or contact is wrong with the subscription.
            let id = estate.text(finding.resource);
            if finding.check.run.subject() == Subject::Subscription
                && let Some(name) = resource_subscription(id)
                && let Some(own) = estate.ids().find(&format!("/subscriptions/{name}"))
                && own != finding.resource
            {
                found.entry(own).or_default().push(at);
            }
        }
    }
    // Subscriptions of which Defender tells something, and those with something to do.
    let (mut told_of, mut open) = (HashSet::new(), HashSet::new());
    for assessment in &estate.around.assessments {
        let of = resource_subscription(estate.text(assessment.owner)).unwrap_or_default();
        told_of.insert(of.to_ascii_lowercase());
        let (owner, key) = (assessment.owner, key(context, assessment).to_ascii_lowercase());
        if health(assessment) != Some(Health::Unhealthy) || !is_around(estate.text(owner)) {
            continue;
        }
        open.insert(of.to_ascii_lowercase());
        let mut told = false;
        for at in found.get(&owner).into_iter().flatten() {
            let Some(finding) = sink.findings.get_mut(*at).filter(|it| looks_at(it.check, &key)) else {
                continue;
            };
            told = true;
            // What rests on Defender's own word is no second witness.
            let of_defender = finding.cause.as_ref().is_some_and(|cause| cause.resource == assessment.id);
            if !of_defender && !finding.facts.iter().any(|(name, _)| *name == "defender") {
                finding.facts.push(("defender", "agrees".to_owned()));
            }
        }
        if !told {
            sink.take(context, &CHECK, owner, fault(context, owner, assessment, key).verdict());
        }
    }
    for subscription in with_machines(context) {
        let name = subscription.name.to_ascii_lowercase();
        if open.contains(&name) {
            continue;
        }
        // One that Defender says nothing at all of is none without recommendations.
        let verdict = if told_of.contains(&name) { Verdict::Pass } else { Verdict::NotFor };
        let judged = subscription.whole(context, Feed::Security).map(|()| verdict);
        sink.take(context, &CHECK, subscription.id, judged);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_and_what_has_nothing_to_do_with_them_stay_out() {
        let group = "/subscriptions/s/resourceGroups/g/providers";
        for (id, expected) in [
            ("/subscriptions/s".to_owned(), true),
            ("/subscriptions/s/resourceGroups/g".to_owned(), false),
            (format!("{group}/Microsoft.Network/virtualNetworks/v/subnets/s"), true),
            (format!("{group}/Microsoft.Compute/disks/d"), true),
            (format!("{group}/Microsoft.RecoveryServices/vaults/v"), true),
            (format!("{group}/Microsoft.Compute/virtualMachines/m"), false),
            (format!("{group}/Microsoft.Compute/virtualMachineScaleSets/m/virtualMachines/0"), false),
            (format!("{group}/Microsoft.Storage/storageAccounts/a"), false),
            (String::new(), false),
        ] {
            assert_eq!(is_around(&id), expected, "{id}");
        }
    }
}
