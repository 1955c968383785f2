//! Nobody looks whether a machine keeps a security baseline.

use estate::Feed;

use super::guest_results::is_looked_at;
use super::results::{assessment, stands_alone};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD006",
    slug: "baseline-not-looked-at",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Low,
    title: Text {
        en: "a VM that is held against no baseline",
        ja: "セキュリティ ベースラインが評価されていない VM",
    },
    why: Text {
        en: "A system as it comes has services, protocols and accounts that nobody needs, and each is a way in. Without a baseline nobody knows which of them are still there, nor when one comes back.",
        ja: "既定の構成の OS には、誰も使わないサービス、プロトコル、アカウントが残っており、それぞれが侵入口になります。ベースラインで評価していなければ、何が残っているか、いつ元に戻ったかを誰も把握できません。",
    },
    fix: Text {
        en: "Assign the built-in policy for Windows or Linux to the subscription, and the initiative that puts the Guest Configuration extension and an identity on VMs: `az policy assignment create --name vm-baseline --policy fc9b3da7-8347-4380-8e70-0a0361d8dedd --scope /subscriptions/<SUBSCRIPTION-ID>` (Windows: 72650e9f-97bc-4b2a-ab5f-9781a9fcecbc). Or make VMs from CIS hardened images.",
        ja: "Windows または Linux 用の組み込みポリシーをサブスクリプションに割り当て、ゲスト構成の拡張機能とマネージド ID を展開するイニシアチブも割り当ててください: `az policy assignment create --name vm-baseline --policy fc9b3da7-8347-4380-8e70-0a0361d8dedd --scope /subscriptions/<サブスクリプション ID>` (Windows: 72650e9f-97bc-4b2a-ab5f-9781a9fcecbc)。CIS の強化イメージから VM を作成する方法もあります。",
    },
    feed: Some(Feed::GuestConfiguration),
    refs: &[
        Reference::Mcsb("PV-4"),
        Reference::Defender("6c99f570-2ce7-46bc-8175-cde013df43bc"),
        Reference::Defender("69133b6b-695a-43eb-a763-221e19556755"),
        Reference::Policy("72650e9f-97bc-4b2a-ab5f-9781a9fcecbc"),
        Reference::Policy("fc9b3da7-8347-4380-8e70-0a0361d8dedd"),
        Reference::Policy("ae89ebca-1c92-4898-ac2c-9f63decb045c"),
        Reference::Page(
            "https://learn.microsoft.com/azure/governance/policy/samples/guest-configuration-baseline-windows",
        ),
        Reference::Page(
            "https://learn.microsoft.com/azure/governance/policy/samples/guest-configuration-baseline-linux",
        ),
    ],
    run: Run::Machine(run),
};

/// Who makes hardened images.
const CIS: &str = "center-for-internet-security-inc";

/// What Defender for Cloud says of baselines, on Windows and Linux.
const BASELINE: [&str; 2] = ["8c3d9ad0-3639-4686-9cd2-2b2ab2609bda", "1f655fb7-63ca-4980-91a3-56dbc2b715c6"];

const EXTENSION: [(&str, &str); 2] = [
    ("Microsoft.GuestConfiguration", "ConfigurationforWindows"),
    ("Microsoft.GuestConfiguration", "ConfigurationForLinux"),
];

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    // Instances of scale sets are as their model and image are.
    if !stands_alone(context, view) {
        return Ok(Verdict::NotFor);
    }
    context.described(view)?;
    let upkeep = &view.vm.upkeep;
    let image = upkeep.image.as_ref().and_then(|image| image.value());
    if is_looked_at(context, view) {
        return Ok(Verdict::Pass);
    }
    // Such an image was made by a benchmark; whether the machine keeps it nobody says.
    if says(&upkeep.plan_publisher, CIS)
        || image.is_some_and(|image| image.publisher.eq_ignore_ascii_case(CIS))
    {
        return Ok(Verdict::NotFor);
    }
    let told = assessment(context, view.vm.id, &BASELINE);
    if told.is_some_and(|told| says(&told.status, "Healthy") || says(&told.status, "Unhealthy")) {
        return Ok(Verdict::Pass);
    }
    context.whole(Feed::GuestConfiguration, view)?;
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "nobody looks whether `{machine}` keeps a security baseline",
        "`{machine}` はセキュリティ ベースラインで評価されていません"
    );
    let mut fault = Fault::new(message).at(view.vm, "/id");
    if let Ok(extension) = context.extension(view, &EXTENSION) {
        let there = if extension.is_some() { "installed" } else { "none" };
        fault = fault.fact("guest_configuration_extension", there);
    }
    // Without an identity the extension cannot report.
    // https://learn.microsoft.com/azure/governance/machine-configuration/overview
    let identity = context.known(&upkeep.principals)?.is_some_and(|all| !all.is_empty());
    fault.fact("identity", if identity { "yes" } else { "none" }).verdict()
}
