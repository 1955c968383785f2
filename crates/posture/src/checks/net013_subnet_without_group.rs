//! No security group guards a subnet.

use estate::{Kind, Subnet};

use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::lang::{Text, say};
use crate::remedy::shell;
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "NET013",
    slug: "subnet-without-group",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Low,
    title: Text {
        en: "a subnet has no security group",
        ja: "ネットワーク セキュリティ グループのないサブネット",
    },
    why: Text {
        en: "A group on the subnet guards every machine in it, also one that somebody adds tomorrow and forgets to guard. Without one, each NIC stands for itself.",
        ja: "サブネットに関連付けたグループは、明日追加されて設定を忘れられた仮想マシンも含め、サブネット内のすべてを守ります。グループがなければ、NIC ごとの設定だけが頼りになります。",
    },
    fix: Text {
        en: "Put a group on it.", ja: "ネットワーク セキュリティ グループを関連付けてください。"
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-1"),
        Reference::Defender("eade5b56-eefd-444f-95c8-23f29e5d93cb"),
        Reference::Policy("e71308d3-144b-4262-b144-efdc3cc90517"),
        Reference::Page(
            "https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works",
        ),
    ],
    run: Run::Estate(Subject::Subnet, run),
};

/// Subnets that Azure keeps for services of its own, where a group is not allowed or is another check's to tell of.
///
/// Sources: <https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings#gwsub>,
/// <https://learn.microsoft.com/azure/firewall/firewall-faq>,
/// <https://learn.microsoft.com/azure/route-server/route-server-faq>. `bastion-blocked` tells of the bastion's.
const KEPT: [&str; 5] = [
    "GatewaySubnet",
    "AzureFirewallSubnet",
    "AzureFirewallManagementSubnet",
    "AzureBastionSubnet",
    "RouteServerSubnet",
];

fn run(context: &Context<'_>, sink: &mut Sink) {
    for subnet in &context.estate().subnets {
        sink.take(context, &CHECK, subnet.id, judge(context, subnet));
    }
}

fn judge(context: &Context<'_>, subnet: &Subnet) -> Judged {
    let name = context.name(subnet.id);
    if subnet.delegated || KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(&name)) {
        return Ok(Verdict::NotFor);
    }
    if context.known(&subnet.nsg)?.is_some() {
        return Ok(Verdict::Pass);
    }
    if !subnet.described {
        return Err(vec![context.estate().partial(Kind::Subnet, subnet.id)]);
    }
    let network = subnet.vnet.map(|vnet| context.name(vnet)).unwrap_or_default();
    let message = say!(
        context.lang,
        "no group guards the subnet `{name}` of `{network}`",
        "`{network}` のサブネット `{name}` に、ネットワーク セキュリティ グループがありません"
    );
    let id = shell(context.estate().text(subnet.id));
    let fix = format!(
        "{}\n  az network vnet subnet update --ids {id} --network-security-group <NSG>",
        CHECK.fix.of(context.lang)
    );
    let pointer = format!("{}/properties/networkSecurityGroup", subnet.pointer);
    let fault = Fault::new(message).fix(fix);
    // A subnet that stands in the record of its network is told of there.
    let holder = subnet.vnet.filter(|_| !subnet.pointer.is_empty()).unwrap_or(subnet.id);
    let mut fault = fault.at_record(holder, &subnet.origins, &pointer);
    if let Some(cause) = &mut fault.cause {
        cause.key = context.estate().text(subnet.id).to_ascii_lowercase().into();
    }
    fault.verdict()
}
