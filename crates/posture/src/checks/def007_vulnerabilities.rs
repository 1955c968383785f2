//! Programs on a machine have known vulnerabilities.

use std::collections::BTreeSet;

use estate::{Feed, Known, SubAssessment};

use super::assessed::{Health, found};
use super::def005_defender_recommendation::severity;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "DEF007",
    slug: "vulnerabilities",
    checkpoint: Checkpoint::Defender,
    severity: Severity::High,
    title: Text { en: "known vulnerabilities on a VM", ja: "既知の脆弱性がある VM" },
    why: Text {
        en: "A vulnerability with a number has a description, and soon a tool that uses it. Attackers scan for what is known long before they look for what is new; one that a published exploit fits is taken in minutes.",
        ja: "番号の付いた脆弱性は内容が公開され、すぐに攻撃ツールが出回ります。攻撃者が探すのは、未知の脆弱性よりも既知の脆弱性です。公開済みの攻撃コードがあれば、数分で侵入されます。",
    },
    fix: Text {
        en: "Update what can be updated, the exploitable ones first, and take away programs that nobody uses: `az vm install-patches --ids <VM-ID> --maximum-duration PT2H --reboot-setting IfRequired --classifications-to-include-linux Critical Security` (`--classifications-to-include-win` on Windows).",
        ja: "悪用可能なものから優先して更新し、使用していないプログラムは削除してください: `az vm install-patches --ids <VM-ID> --maximum-duration PT2H --reboot-setting IfRequired --classifications-to-include-linux Critical Security` (Windows では `--classifications-to-include-win`)",
    },
    feed: Some(Feed::Security),
    refs: &[
        Reference::Mcsb("PV-5"),
        Reference::Mcsb("PV-6"),
        Reference::Defender("1195afff-c881-495e-9bc5-1486211ae03f"),
        Reference::Page("https://learn.microsoft.com/rest/api/defenderforcloud/sub-assessments/get"),
    ],
    run: Run::Machine(run),
};

/// "Machines should have vulnerability findings resolved".
const KEY: [&str; 1] = ["1195afff-c881-495e-9bc5-1486211ae03f"];

/// How many numbers stand for all.
const SAMPLE: usize = 5;

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let all = context.estate().around.sub_assessments.of(view.vm.id);
    let open: Vec<&SubAssessment> =
        all.iter().filter(|one| says(&one.status, "Unhealthy") && is_vulnerability(context, one)).collect();
    if open.is_empty() {
        if let Some(assessment) = found(context, view.vm.id, &KEY, Health::Unhealthy) {
            let message = say!(
                context.lang,
                "Defender for Cloud finds vulnerabilities on `{machine}`; which, was not read",
                "Defender for Cloud が `{machine}` に脆弱性を検出しています (内訳は読み取られていません)",
                machine = context.name(view.vm.id)
            );
            return Fault::new(message)
                .at_record(assessment.id, &assessment.origins, "/properties/status/code")
                .verdict();
        }
        context.whole(Feed::Security, view)?;
        // Only a machine that was looked at is free of them.
        return match found(context, view.vm.id, &KEY, Health::Healthy) {
            Some(_) => Ok(Verdict::Pass),
            None => Ok(Verdict::NotFor),
        };
    }
    let yes = |field: &estate::Field<bool>| *field == Some(Known::Value(true));
    let exploitable = open.iter().filter(|one| yes(&one.exploitable)).count();
    let patchable = open.iter().filter(|one| yes(&one.patchable)).count();
    let worst = open.iter().filter_map(|one| severity(&one.severity)).max().unwrap_or(Severity::Low);
    let worst = if exploitable > 0 { Severity::Critical } else { worst };
    let (machine, count) = (context.name(view.vm.id), open.len());
    let message = if exploitable > 0 {
        say!(
            context.lang,
            "known vulnerabilities on `{machine}`: {count}; attacks on {exploitable} of them are published",
            "`{machine}` には既知の脆弱性が {count} 件あり、うち {exploitable} 件は攻撃コードが公開されています"
        )
    } else {
        say!(
            context.lang,
            "known vulnerabilities on `{machine}`: {count}",
            "`{machine}` には既知の脆弱性が {count} 件あります"
        )
    };
    let mut fault = Fault::new(message).severity(worst).fact("count", count.to_string());
    for (name, wanted) in [
        ("critical", Severity::Critical),
        ("high", Severity::High),
        ("medium", Severity::Medium),
        ("low", Severity::Low),
    ] {
        let count = open.iter().filter(|one| severity(&one.severity) == Some(wanted)).count();
        if count > 0 {
            fault = fault.fact(name, count.to_string());
        }
    }
    fault = fault.fact("exploitable", exploitable.to_string()).fact("patchable", patchable.to_string());
    let cves: BTreeSet<String> = open
        .iter()
        .filter(|one| exploitable == 0 || yes(&one.exploitable))
        .flat_map(|one| one.cves.as_ref().and_then(Known::value).into_iter().flatten())
        .map(|cve| one_line(cve))
        .collect();
    if !cves.is_empty() {
        // The newest have the largest numbers.
        let sample: Vec<String> = cves.into_iter().rev().take(SAMPLE).collect();
        fault = fault.fact("cves", sample.join(", "));
    }
    match found(context, view.vm.id, &KEY, Health::Unhealthy) {
        Some(assessment) => {
            fault.at_record(assessment.id, &assessment.origins, "/properties/status/code").verdict()
        }
        None => fault.at(view.vm, "/id").verdict(),
    }
}

/// Other recommendations have findings of their own: secrets, rules of a baseline, databases.
fn is_vulnerability(context: &Context<'_>, one: &SubAssessment) -> bool {
    let scanner = one.scanner.as_ref().and_then(Known::value).map_or("", |scanner| scanner);
    let by_scanner = ["ServerVulnerability", "AzureServerVulnerability"]
        .iter()
        .any(|word| scanner.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)));
    let has_number = || one.cves.as_ref().and_then(Known::value).is_some_and(|cves| !cves.is_empty());
    by_scanner || has_number() || recommendation(context, one).is_some_and(|key| KEY.contains(&key))
}

/// The key of the recommendation that a finding is of: `…/assessments/<key>/subAssessments/<id>`.
pub(crate) fn recommendation<'e>(context: &Context<'e>, one: &SubAssessment) -> Option<&'e str> {
    context.estate().text(one.id).rsplit('/').nth(2)
}
