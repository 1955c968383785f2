//! A disk of a machine holds secrets that open other things.

use estate::{Feed, Known};

use super::assessed::{Health, found};
use super::def007_vulnerabilities::recommendation;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "DEF008",
    slug: "secret-on-disk",
    checkpoint: Checkpoint::Defender,
    severity: Severity::High,
    title: Text { en: "secrets on a VM's disk", ja: "ディスクにシークレットがある VM" },
    why: Text {
        en: "Private keys, tokens and connection strings in files are the first thing that an attacker looks for on a machine. One machine becomes many, and the storage and databases behind them.",
        ja: "攻撃者は侵入した VM で、まず秘密キーやトークン、接続文字列を探します。1 台の VM から、ほかの VM やストレージ、データベースへと侵入が広がります。",
    },
    fix: Text {
        en: "Make the secrets worthless first: new keys and tokens. Then use the VM's managed identity or a key vault instead, and delete the files.",
        ja: "まずキーやトークンを再発行して、漏れたものを無効にしてください。そのうえで、マネージド ID または Key Vault を使用するように変更し、ファイルを削除してください。",
    },
    feed: Some(Feed::Security),
    refs: &[
        Reference::Defender("17618b1a-ed14-49bb-b37f-9f8ba967be8b"),
        Reference::Policy("3ac7c827-eea2-4bde-acc7-9568cd320efa"),
    ],
    run: Run::Machine(run),
};

const KEY: [&str; 1] = ["17618b1a-ed14-49bb-b37f-9f8ba967be8b"];

/// How many kinds stand for all.
const SAMPLE: usize = 5;

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let all = context.estate().around.sub_assessments.of(view.vm.id).iter();
    let open = all.filter(|one| {
        says(&one.status, "Unhealthy")
            && recommendation(context, one).is_some_and(|key| key.eq_ignore_ascii_case(KEY[0]))
    });
    let (mut count, mut kinds) = (0_usize, Vec::new());
    for one in open {
        count += 1;
        let title = one.title.as_ref().and_then(Known::value).map(|title| one_line(title));
        if let Some(title) = title.filter(|title| kinds.len() < SAMPLE && !kinds.contains(title)) {
            kinds.push(title);
        }
    }
    let unhealthy = found(context, view.vm.id, &KEY, Health::Unhealthy);
    if count == 0 && unhealthy.is_none() {
        if found(context, view.vm.id, &KEY, Health::Healthy).is_some() {
            return Ok(Verdict::Pass);
        }
        context.whole(Feed::Security, view)?;
        // Nobody has looked.
        return Ok(Verdict::NotFor);
    }
    let machine = context.name(view.vm.id);
    let mut fault = Fault::new(say!(
        context.lang,
        "Defender for Cloud finds secrets on the disks of `{machine}`",
        "Defender for Cloud が `{machine}` のディスク上にシークレットを検出しています"
    ));
    if count > 0 {
        fault = fault.fact("count", count.to_string()).fact("kinds", kinds.join(", "));
    }
    match unhealthy {
        Some(assessment) => {
            fault.at_record(assessment.id, &assessment.origins, "/properties/status/code").verdict()
        }
        None => fault.at(view.vm, "/id").verdict(),
    }
}
