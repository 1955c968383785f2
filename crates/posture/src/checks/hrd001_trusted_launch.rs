//! A machine has neither secure boot nor a virtual TPM, because it is of the old kind.

use estate::Known;

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD001",
    slug: "no-trusted-launch",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Low,
    title: Text { en: "a VM without trusted launch", ja: "トラステッド起動ではない VM" },
    why: Text {
        en: "Only trusted launch has secure boot and a virtual TPM. Without them, code that an attacker puts in front of the system starts with it, and nothing proves afterwards how the VM started.",
        ja: "セキュア ブートと仮想 TPM は、トラステッド起動でのみ利用できます。どちらもなければ、攻撃者が OS より先に読み込まれるコードを仕込んでも起動し、正しく起動したことを後から確かめる方法もありません。",
    },
    fix: Text {
        en: "A VM of generation 2 can be changed in place: `az vm deallocate --ids <VM-ID>`, `az vm update --ids <VM-ID> --security-type TrustedLaunch --enable-secure-boot true --enable-vtpm true`, `az vm start --ids <VM-ID>`. A backup of it needs the enhanced policy first. One of generation 1 is upgraded, or made anew from an image of generation 2.",
        ja: "第 2 世代の VM はそのまま変更できます: `az vm deallocate --ids <VM-ID>`、`az vm update --ids <VM-ID> --security-type TrustedLaunch --enable-secure-boot true --enable-vtpm true`、`az vm start --ids <VM-ID>`。バックアップしている場合は、先に拡張ポリシーへ切り替えてください。第 1 世代の VM は、アップグレードするか、第 2 世代のイメージから作り直してください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("PV-4"),
        Reference::Attack("T1542.003"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/trusted-launch"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/trusted-launch-existing-vm"),
    ],
    run: Run::Machine(run),
};

/// What the name of an image of Azure's tells of its generation; most tell nothing.
fn of_image(sku: &str) -> Option<&'static str> {
    let sku = sku.to_ascii_lowercase();
    let second = ["gen2", "-g2", "gensecond"].iter().any(|end| sku.ends_with(end));
    let first = ["gen1", "-g1"].iter().any(|end| sku.ends_with(end));
    if second {
        Some("V2")
    } else if first {
        Some("V1")
    } else {
        None
    }
}

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let upkeep = &view.vm.upkeep;
    if says(&upkeep.security_type, "TrustedLaunch") || says(&upkeep.security_type, "ConfidentialVM") {
        return Ok(Verdict::Pass);
    }
    // Versions before 2025-11-01 leave `Standard` out.
    // https://learn.microsoft.com/python/api/azure-mgmt-compute/azure.mgmt.compute.models.securitytypes
    context.known(&upkeep.security_type)?;
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "`{machine}` is made without trusted launch: it has neither secure boot nor a virtual TPM",
        "`{machine}` はトラステッド起動ではなく、セキュア ブートも仮想 TPM もありません"
    );
    let mut fault = Fault::new(message).at(view.vm, "/properties/securityProfile/securityType");
    let told = upkeep.generation.as_ref().and_then(Known::value).map(|generation| generation.to_string());
    let image = || upkeep.image.as_ref()?.value().and_then(|image| of_image(&image.sku));
    if let Some(generation) = told.or_else(|| image().map(str::to_owned)) {
        fault = fault.fact("generation", generation);
    }
    fault.verdict()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_tell_their_generation() {
        for (sku, expected) in [
            ("22_04-lts-gen2", Some("V2")),
            ("2022-datacenter-g2", Some("V2")),
            ("2019-datacenter-gensecond", Some("V2")),
            ("server-gen1", Some("V1")),
            ("18.04-LTS", None),
            ("gen2-preview", None),
        ] {
            assert_eq!(of_image(sku), expected, "{sku}");
        }
    }
}
