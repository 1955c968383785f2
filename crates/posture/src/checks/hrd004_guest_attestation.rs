//! Nobody looks at what the chip of a machine says of how it started.

use estate::{Feed, Reason};

use super::results::assessment;
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD004",
    slug: "no-guest-attestation",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Low,
    title: Text {
        en: "nobody looks at how a VM started", ja: "起動の整合性を監視していない VM"
    },
    why: Text {
        en: "The virtual TPM measures the start, and the guest attestation extension sends what it measured. Without the extension a changed boot loader stays unseen, although the VM could tell.",
        ja: "仮想 TPM は起動を測定し、ゲスト構成証明の拡張機能がその結果を送ります。拡張機能がなければ、ブート ローダーが改ざんされても、測定結果があるのに誰も気付きません。",
    },
    fix: Text {
        en: "Put the extension on: `az vm extension set --ids <VM-ID> --name GuestAttestation --publisher Microsoft.Azure.Security.LinuxAttestation --enable-auto-upgrade true` (`…WindowsAttestation` on Windows). Where the start is reported as changed, take the VM off the network and find out why.",
        ja: "拡張機能をインストールしてください: `az vm extension set --ids <VM-ID> --name GuestAttestation --publisher Microsoft.Azure.Security.LinuxAttestation --enable-auto-upgrade true` (Windows では `…WindowsAttestation`)。起動の異常が報告されている場合は、VM をネットワークから切り離して原因を調べてください。",
    },
    feed: Some(Feed::Machines),
    refs: &[
        Reference::Mcsb("PV-4"),
        Reference::Defender("874b14bd-b49e-495a-88c6-46acb89b0a33"),
        Reference::Defender("e94a7421-fc27-7a4d-e9ba-2ba01384cacd"),
        Reference::Defender(HEALTH),
        Reference::Policy("1cb4d9c2-f88f-4069-bee0-dba239a57b09"),
        Reference::Policy("672fe5a1-2fcd-42d7-b85d-902b6e28c6ff"),
        Reference::Attack("T1542.003"),
        Reference::Page(
            "https://learn.microsoft.com/azure/virtual-machines/boot-integrity-monitoring-overview",
        ),
    ],
    run: Run::Machine(run),
};

/// The recommendation that tells whether a machine started as it should.
const HEALTH: &str = "b7604066-ed76-45f9-a5c1-c97e4812dc55";

const EXTENSION: [(&str, &str); 2] = [
    ("Microsoft.Azure.Security.WindowsAttestation", "GuestAttestation"),
    ("Microsoft.Azure.Security.LinuxAttestation", "GuestAttestation"),
];

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let upkeep = &view.vm.upkeep;
    let kind = says(&upkeep.security_type, "TrustedLaunch") || says(&upkeep.security_type, "ConfidentialVM");
    // Without both there is nothing to attest: HRD001, HRD002 and HRD003 tell of these.
    // https://learn.microsoft.com/azure/virtual-machines/boot-integrity-monitoring-overview
    if !kind
        || context.known(&upkeep.secure_boot)? != Some(&true)
        || context.known(&upkeep.vtpm)? != Some(&true)
    {
        context.known(&upkeep.security_type)?;
        return Ok(Verdict::NotFor);
    }
    let machine = context.name(view.vm.id);
    if let Some(told) =
        assessment(context, view.vm.id, &[HEALTH]).filter(|told| says(&told.status, "Unhealthy"))
    {
        let message = say!(
            context.lang,
            "Defender for Cloud reports that `{machine}` did not start as it should",
            "Defender for Cloud が、`{machine}` の起動の整合性に異常を報告しています"
        );
        let fault = Fault::new(message).fact("attestation", "Unhealthy");
        return fault.at_record(told.id, &told.origins, "/properties/status/code").verdict();
    }
    let Some(extension) = context.extension(view, &EXTENSION)? else {
        let message = say!(
            context.lang,
            "nobody looks at how `{machine}` started: the guest attestation extension is not on it",
            "`{machine}` にはゲスト構成証明の拡張機能がなく、起動の整合性が監視されていません"
        );
        return Fault::new(message).at(view.vm, "/properties/securityProfile").verdict();
    };
    let partial = || {
        Err(vec![Reason::Partial {
            resource_type: "Microsoft.Compute/virtualMachines/extensions".into(),
            id: context.estate().text(extension.id).into(),
        }])
    };
    let Some(state) = context.known(&extension.state)? else { return partial() };
    if state.eq_ignore_ascii_case("Succeeded") {
        return Ok(Verdict::Pass);
    }
    if !state.eq_ignore_ascii_case("Failed") {
        return partial();
    }
    let message = say!(
        context.lang,
        "nobody looks at how `{machine}` started: the guest attestation extension failed to install",
        "`{machine}` はゲスト構成証明の拡張機能のインストールに失敗しており、起動の整合性が監視されていません"
    );
    let fault = Fault::new(message).fact("extension_state", &**state);
    fault.at_record(extension.id, &extension.origins, "/properties/provisioningState").verdict()
}
