//! A machine runs an extension by somebody whom few know.

use estate::{Extension, Feed, Known, Reason};

use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "HRD011",
    slug: "unknown-extension-publisher",
    checkpoint: Checkpoint::Hardening,
    severity: Severity::Medium,
    title: Text {
        en: "an extension by a publisher that is not known", ja: "既知でない発行元の拡張機能"
    },
    why: Text {
        en: "An extension runs as root or SYSTEM and is updated by its publisher. One that nobody asked for is an easy way to stay on a VM, and one by a publisher that has been taken over runs what the new owner wants.",
        ja: "拡張機能は root または SYSTEM の権限で動作し、発行元によって更新されます。誰も導入した覚えのない拡張機能は VM に居座る手段になり、発行元が乗っ取られれば攻撃者のコードが実行されます。",
    },
    fix: Text {
        en: "Ask who needs it. If nobody does: `az vm extension delete --ids <EXTENSION-ID>`. If it is yours, suppress this with the reason, and let a policy allow these extensions alone.",
        ja: "必要としている担当者を確認してください。不要であれば削除します: `az vm extension delete --ids <拡張機能の ID>`。必要なものであれば、理由を添えて抑制し、ポリシーで許可する拡張機能を限定してください。",
    },
    feed: Some(Feed::Machines),
    refs: &[
        Reference::Policy("c0e996f8-39cf-4af9-9f45-83fbde810432"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-machines/extensions/overview"),
        Reference::Page("https://learn.microsoft.com/azure/azure-arc/servers/manage-vm-extensions"),
    ],
    run: Run::Machine(run),
};

/// Vendors whose extensions Microsoft's own pages, or the vendor's, describe. Lower case.
const VENDORS: [&str; 7] = [
    // https://learn.microsoft.com/azure/azure-arc/servers/manage-vm-extensions
    "datadog.agent",
    "dynatrace.ruxit",
    "newrelic.infrastructure.extensions",
    // https://learn.microsoft.com/powershell/module/az.connectedmachine/get-azconnectedextensionpublisher
    "qualys",
    // https://learn.microsoft.com/powershell/module/az.compute/get-azvmextensionimage
    "chef.bootstrap.windowsazure",
    // https://github.com/MicrosoftDocs/azure-docs (virtual machine extensions, samples of configurations)
    "trendmicro.deepsecurity",
    // https://docs.rapid7.com/insight-agent/
    "rapid7.insightplatform",
];

fn is_known(publisher: &str) -> bool {
    let publisher = publisher.trim();
    let head = publisher.get(.."microsoft.".len());
    head.is_some_and(|head| head.eq_ignore_ascii_case("microsoft."))
        || VENDORS.iter().any(|vendor| publisher.eq_ignore_ascii_case(vendor))
        // What protects a machine by one check is no stranger by another.
        || super::antimalware::ANY.iter().any(|(vendor, _)| publisher.eq_ignore_ascii_case(vendor))
}

/// The publisher of an extension, if it is one that few know.
fn stranger(extension: &Extension) -> Option<&str> {
    match &extension.publisher {
        Some(Known::Value(publisher)) if !is_known(publisher) => Some(publisher),
        _ => None,
    }
}

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    context.described(view)?;
    let mut strangers = context.extensions(view).filter_map(|it| Some((it, stranger(it)?))).peekable();
    let Some((first, _)) = strangers.peek().copied() else {
        for extension in context.extensions(view) {
            // Azure tells the publisher of every extension: a record without one is a part only.
            if context.known(&extension.publisher)?.is_none() {
                return Err(vec![Reason::NotWhole { feed: Feed::Machines, action: None }]);
            }
        }
        // Asks for an extension that no machine has: whether the list of them is whole.
        context.extension(view, &[])?;
        return Ok(Verdict::Pass);
    };
    let machine = context.name(view.vm.id);
    let (mut names, mut facts) = (Vec::new(), Vec::new());
    for (extension, publisher) in strangers {
        names.push(format!("`{}`", one_line(publisher)));
        facts.push(format!("{} by {}", context.name(extension.id), one_line(publisher)));
    }
    names.sort_unstable();
    names.dedup();
    let names = names.join(", ");
    let message = say!(
        context.lang,
        "`{machine}` has an extension by {names}, which is neither Microsoft nor a vendor that is known",
        "`{machine}` に、Microsoft でも既知のベンダーでもない発行元 {names} の拡張機能があります"
    );
    let fault = Fault::new(message).at_record(first.id, &first.origins, "/properties/publisher");
    facts.into_iter().fold(fault, |fault, fact| fault.fact("extension", fact)).verdict()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishers_are_told_apart() {
        for publisher in ["Microsoft.Azure.Monitor", "microsoft.compute", "Qualys", "Datadog.Agent"] {
            assert!(is_known(publisher), "{publisher}");
        }
        for publisher in ["Microsoft", "MicrosoftX.Azure", "Contoso.Agent", "Qualys.Evil", ""] {
            assert!(!is_known(publisher), "{publisher}");
        }
    }
}
