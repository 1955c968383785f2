//! The whole network around a machine reaches a port that administrators log in through.

use estate::{Kind, Known, Reason};
use reach::{Protocols, of_space};

use super::net001_exposed_management_port::services;
use super::passages::{cause, deciding, doubts, senders_may, senders_must};
use crate::check::{Check, Checkpoint, Reference, Run, Severity};
use crate::exposure::grouped;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{AddressView, Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET009",
    slug: "east-west-management",
    checkpoint: Checkpoint::Ports,
    severity: Severity::Low,
    title: Text {
        en: "a management port is open to the whole network",
        ja: "ネットワーク全体に開いている管理ポート",
    },
    why: Text {
        en: "Whoever takes one machine of the network goes on to all others by SSH, RDP or WinRM, with the passwords and keys that lie there. Azure's default rule AllowVnetInBound lets them.",
        ja: "ネットワーク内の 1 台が乗っ取られると、そこに残されたパスワードや鍵を使い、SSH・RDP・WinRM で他のすべての仮想マシンへ侵入が広がります。Azure の既定の規則 AllowVnetInBound は、この通信を許可しています。",
    },
    fix: Text {
        en: "Allow management ports from the subnet of the bastion or of the administrators, and then deny them for the rest of the network (in this order, or you shut yourself out): `az network nsg rule create --nsg-name <NSG> -g <RESOURCE-GROUP> -n AllowManagement --priority 3900 --direction Inbound --access Allow --protocol Tcp --source-address-prefixes <BASTION-SUBNET> --destination-port-ranges 22 3389 5985 5986`, `az network nsg rule create --nsg-name <NSG> -g <RESOURCE-GROUP> -n DenyManagementFromNetwork --priority 4000 --direction Inbound --access Deny --protocol Tcp --source-address-prefixes VirtualNetwork --destination-port-ranges 22 3389 5985 5986`.",
        ja: "管理ポートは、まず Bastion または管理用のサブネットからの通信を許可し、次にそれ以外のネットワークからの通信を拒否してください (順序を逆にすると、自分も接続できなくなります): `az network nsg rule create --nsg-name <NSG> -g <リソース グループ> -n AllowManagement --priority 3900 --direction Inbound --access Allow --protocol Tcp --source-address-prefixes <Bastion のサブネット> --destination-port-ranges 22 3389 5985 5986`、`az network nsg rule create --nsg-name <NSG> -g <リソース グループ> -n DenyManagementFromNetwork --priority 4000 --direction Inbound --access Deny --protocol Tcp --source-address-prefixes VirtualNetwork --destination-port-ranges 22 3389 5985 5986`",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-1"),
        Reference::Attack("T1021"),
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
    let (estate, lang) = (context.estate(), context.lang);
    let passage = context.reach.from_network(address.nic, address.ip);
    let management = &context.settings.management_ports;
    let touched = |port: &u16| {
        passage
            .openings
            .iter()
            .any(|opening| opening.protocols.contains(Protocols::TCP) && opening.local_ports.contains(*port))
    };
    if !management.iter().any(touched) {
        return Ok(Verdict::Pass);
    }
    let endpoint = &passage.endpoint;
    let vnet = endpoint.vnet.and_then(|id| estate.vnet(id));
    let Some(Known::Value(space)) = vnet.and_then(|vnet| vnet.space.as_ref()) else {
        return Err(vec![match endpoint.vnet {
            Some(id) => estate.missing(Kind::Vnet, id),
            None => estate.partial(Kind::Nic, address.nic.id),
        }]);
    };
    let space = of_space(space, endpoint.family);
    if space.is_empty() {
        return Ok(Verdict::Pass);
    }
    // One address that is denied keeps nobody out.
    let most = |set: reach::Addresses| set.intersection(&space).count() > space.count() / 2;
    let certainly: Vec<u16> = management
        .iter()
        .filter(|port| touched(port) && most(senders_must(&passage, **port)))
        .copied()
        .collect();
    let Some(first) = certainly.first() else {
        let perhaps = management.iter().any(|port| most(senders_may(&passage, *port)));
        return if perhaps { Err(doubts(&passage)) } else { Ok(Verdict::Pass) };
    };
    let count = senders_must(&passage, *first).intersection(&endpoint.network.own).count();
    let machine = context.name(view.vm.id);
    let what = services(certainly.iter().copied(), lang);
    let number = grouped(count);
    let message = say!(
        lang,
        "most of the network of `{machine}` reaches {what}: {number} addresses, peers included",
        "`{machine}` の {what} には、同じ仮想ネットワークとピアリング先の {number} 個のアドレスから接続できます"
    );
    let widest = passage
        .openings
        .iter()
        .filter(|opening| opening.protocols.contains(Protocols::TCP) && opening.local_ports.contains(*first))
        .max_by_key(|opening| opening.internet.must.count());
    let ports: Vec<String> = certainly.iter().map(u16::to_string).collect();
    let mut fault =
        Fault::new(message).fact("open_ports", ports.join(", ")).fact("addresses", count.to_string());
    if let Some(opening) = widest {
        for rule in deciding(context, endpoint, opening) {
            fault = fault.fact("rule", rule);
        }
        fault = fault.because(cause(context, address.nic, endpoint, opening));
    }
    fault.verdict()
}
