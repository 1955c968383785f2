//! A machine may send to the whole internet on every port.

use estate::Reason;

use super::passages::{cause, deciding, doubts};
use super::way_out::{WayOut, way_out};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{AddressView, Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET010",
    slug: "open-egress",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Low,
    title: Text {
        en: "a VM may send anything to the internet",
        ja: "インターネットへの送信が制限されていない VM",
    },
    why: Text {
        en: "Miners, remote shells and stolen data leave by any port that is open outward. Azure's default rule AllowInternetOutBound opens all of them, so whoever gets in once is connected at once.",
        ja: "マイニング プログラム、リモート シェル、盗まれたデータは、外向きに開いているポートから出ていきます。Azure の既定の規則 AllowInternetOutBound はすべてのポートを許可するため、一度侵入されるとすぐに外部と通信されてしまいます。",
    },
    fix: Text {
        en: "Deny the internet outward and allow what the machine needs: updates, the services of Azure that it uses, its own partners. `az network nsg rule create --nsg-name <NSG> -g <RESOURCE-GROUP> -n DenyInternetOutbound --priority 4000 --direction Outbound --access Deny --protocol '*' --destination-address-prefixes Internet --destination-port-ranges '*'`. A firewall as the next hop sees names and not just addresses.",
        ja: "インターネットへの送信を拒否し、更新プログラム、利用している Azure サービス、取引先など、必要な通信だけを許可してください: `az network nsg rule create --nsg-name <NSG> -g <リソース グループ> -n DenyInternetOutbound --priority 4000 --direction Outbound --access Deny --protocol '*' --destination-address-prefixes Internet --destination-port-ranges '*'`。ファイアウォールを経由させると、アドレスだけでなくドメイン名でも制限できます。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-1"),
        Reference::Attack("T1048"),
        Reference::Page("https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview"),
    ],
    run: Run::Machine(run),
};

fn run(context: &Context<'_>, view: &VmView<'_>) -> Judged {
    let mut unknown: Vec<Reason> = view.unknown.clone();
    for address in &view.addresses {
        match judge(context, view, address) {
            Ok(Verdict::Fail(fault)) => return Ok(Verdict::Fail(fault)),
            Ok(Verdict::Pass | Verdict::NotFor) => {}
            Err(reasons) => unknown.extend(reasons),
        }
    }
    if unknown.is_empty() { Ok(Verdict::Pass) } else { Err(unknown) }
}

fn judge(context: &Context<'_>, view: &VmView<'_>, address: &AddressView<'_>) -> Judged {
    let passage = context.reach.to_internet(address.nic, address.ip);
    let (must, may) = passage.reaches_most();
    if !may {
        return Ok(Verdict::Pass);
    }
    let way = way_out(context, view.vm, address.nic, address.ip)?;
    match way {
        WayOut::Nowhere => return Ok(Verdict::Pass),
        WayOut::Elsewhere => {
            let id = context.estate().text(address.nic.id).into();
            return Err(vec![Reason::SentElsewhere { id }]);
        }
        _ if !must => return Err(doubts(&passage)),
        _ => {}
    }
    let machine = context.name(view.vm.id);
    let message = say!(
        context.lang,
        "`{machine}` may send to most of the internet on most TCP ports",
        "`{machine}` は、ほとんどの TCP ポートでインターネットのほぼ全体に送信できます"
    );
    let widest = passage.openings.iter().max_by_key(|opening| opening.internet.must.count());
    let mut fault = Fault::new(message).fact("way_out", way.name());
    if let Some(opening) = widest {
        for rule in deciding(context, &passage.endpoint, opening) {
            fault = fault.fact("rule", rule);
        }
        fault = fault.because(cause(context, address.nic, &passage.endpoint, opening));
    }
    fault.verdict()
}
