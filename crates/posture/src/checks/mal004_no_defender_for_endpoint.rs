//! A machine looks for known malware, and nobody watches what else happens on it.

use estate::Feed;

use super::antimalware::{ANY, EDR};
use super::assessed::{Health, found};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "MAL004",
    slug: "no-defender-for-endpoint",
    checkpoint: Checkpoint::Malware,
    severity: Severity::Low,
    title: Text {
        en: "no endpoint detection and response",
        ja: "EDR (エンドポイントでの検出と対応) のない VM",
    },
    why: Text {
        en: "Antimalware knows files. An attacker who signs in with a stolen password and uses what the system brings along leaves no file to find; Defender for Endpoint sees what is done and tells somebody.",
        ja: "マルウェア対策が検査するのはファイルです。盗んだパスワードでサインインし、OS 標準のツールだけを使う攻撃者は、検出できるファイルを残しません。Defender for Endpoint は振る舞いを監視し、担当者に知らせます。",
    },
    fix: Text {
        en: "Switch on Defender for Servers, which puts Defender for Endpoint on every VM: `az security pricing create -n VirtualMachines --tier standard --subplan P2`.",
        ja: "Defender for Servers を有効にすると、すべての VM に Defender for Endpoint が展開されます: `az security pricing create -n VirtualMachines --tier standard --subplan P2`",
    },
    feed: Some(Feed::Machines),
    refs: &[
        Reference::Mcsb("ES-1"),
        Reference::Cis("8.1.3.3"),
        Reference::Defender("06e3a6db-6c0c-4ad9-943f-31d9d73ecf6c"),
        Reference::Policy("1ec9c2c2-6d64-656d-6465-3ec3309b8579"),
        Reference::Policy("d30025d0-6d64-656d-6465-67688881b632"),
        Reference::Page("https://learn.microsoft.com/azure/defender-for-cloud/plan-defender-for-servers"),
    ],
    run: Run::Machine(run),
};

/// "EDR solution should be installed on virtual machines".
const KEY: [&str; 1] = ["06e3a6db-6c0c-4ad9-943f-31d9d73ecf6c"];

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let edr = context.extension(view, EDR);
    if matches!(edr, Ok(Some(_))) || found(context, view.vm.id, &KEY, Health::Healthy).is_some() {
        return Ok(Verdict::Pass);
    }
    edr?;
    let Some(other) = context.extension(view, ANY)? else {
        // MAL001 tells of machines without any protection.
        return Ok(Verdict::NotFor);
    };
    // An agent that somebody put on the machine by hand shows in Defender's data alone.
    if found(context, view.vm.id, &KEY, Health::Unhealthy).is_none() {
        context.whole(Feed::Security, view)?;
    }
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "`{machine}` has antimalware, but nothing that watches what attackers do on it",
        "`{machine}` にはマルウェア対策がありますが、攻撃者の振る舞いを監視する EDR がありません"
    );
    Fault::new(message)
        .fact("extension", context.name(other.id))
        .at_record(other.id, &other.origins, "/properties/type")
        .verdict()
}
