//! A machine is reached over the internet, and there is no other way to it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use estate::{Feed, Inside, Range, Reason, ResourceId, resource_name};
use reach::{Addresses, Protocols};

use super::passages::gets_in;
use super::private_ways::{networks_of, private_ways};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::exposure::{listed, open_ports};
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict};
use crate::view::{Context, VmView};

pub(crate) const CHECK: Check = Check {
    code: "NET019",
    slug: "no-private-way",
    checkpoint: Checkpoint::NoPublicIp,
    severity: Severity::Medium,
    title: Text {
        en: "a VM is reached over the internet and has no private way",
        ja: "プライベートな接続経路のない VM",
    },
    why: Text {
        en: "As long as the public address is the only way in, nobody can close it. A bastion, a VPN or a relay is what people move to first.",
        ja: "パブリック IP アドレスが唯一の接続手段であるうちは、閉じることができません。まず Bastion、VPN、中継サーバーのいずれかを用意し、そこへ移行する必要があります。",
    },
    fix: Text {
        en: "Make a way first: a bastion, `az network bastion create --name <NAME> --resource-group <RESOURCE-GROUP> --vnet-name <NETWORK> --location <REGION> --sku Developer` (this kind costs nothing and serves one connection at a time), a VPN or ExpressRoute gateway, or an RD Gateway. Then close the ports and take the public address away.",
        ja: "先に接続経路を用意してください。Bastion (`az network bastion create --name <名前> --resource-group <リソース グループ> --vnet-name <仮想ネットワーク> --location <リージョン> --sku Developer`。Developer SKU は無料で、同時接続は 1 つです)、VPN または ExpressRoute ゲートウェイ、RD ゲートウェイから選べます。その後、ポートを閉じてパブリック IP アドレスを外してください。",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-2"),
        Reference::Cis("8.4.1"),
        Reference::Page("https://learn.microsoft.com/azure/bastion/bastion-overview"),
    ],
    run: Run::Paths(Subject::Machine, run),
};

/// What is known of one machine.
struct Reached {
    id: ResourceId,
    networks: Result<Vec<ResourceId>, Vec<Reason>>,
    /// Whether the internet gets to it; the reasons where nobody can tell.
    reached: Result<bool, Vec<Reason>>,
}

fn run(context: &Context<'_>, sink: &mut Sink) {
    let estate = context.estate();
    let mut machines = Vec::new();
    // Machines that are RD Gateways by what they offer and their name, and networks of those that are by one of these.
    let (mut relays, mut named): (Vec<Relay>, BTreeSet<ResourceId>) = Default::default();
    let vms = estate.vms.iter().map(|vm| VmView::new(context.reach, vm));
    let sets = estate.scale_sets.iter().filter_map(|set| VmView::of_scale_set(context.reach, set));
    for view in vms.chain(sets) {
        let networks = networks_of(context, &view);
        let id = view.vm.id;
        match (is_relay(&view), named_like_a_relay(resource_name(estate.text(id)))) {
            (true, true) => relays.push(Relay::of(&view, networks.iter().flatten())),
            // A web server over HTTP/3 offers the like, and a name says what somebody meant.
            (true, false) | (false, true) => named.extend(networks.iter().flatten()),
            (false, false) => {}
        }
        let reached = is_reached(context, &view);
        if reached != Ok(false) {
            machines.push(Reached { id: view.vm.id, networks, reached });
        }
    }
    for machine in machines {
        let judged = judge(context, &machine, &relays, &named);
        sink.take(context, &CHECK, machine.id, judged);
    }
}

/// A machine that relays RDP.
struct Relay {
    id: ResourceId,
    networks: Vec<ResourceId>,
    /// Where it sends from inside its network; empty where that is not told.
    addresses: Addresses,
}

impl Relay {
    fn of<'n>(view: &VmView<'_>, networks: impl Iterator<Item = &'n ResourceId>) -> Self {
        let own = view.addresses.iter().filter_map(|address| match address.ip.address.as_ref()?.value()? {
            IpAddr::V4(address) => Some(u128::from(address.to_bits())),
            IpAddr::V6(_) => None,
        });
        let addresses = own.map(|one| Range { first: one, last: one }).collect();
        Self { id: view.vm.id, networks: networks.copied().collect(), addresses }
    }

    /// Whether rules let it in to a login port of a machine.
    fn leads_to(&self, context: &Context<'_>, machine: ResourceId) -> Result<bool, Vec<Reason>> {
        match context.estate().vm(machine) {
            Some(vm) if !self.addresses.is_empty() => {
                gets_in(context, vm, &context.ports[0], |_| self.addresses.clone())
            }
            _ => Err(vec![Reason::NoAddress]),
        }
    }
}

/// Whether a machine has a public address or a management port that is open to the internet.
fn is_reached(context: &Context<'_>, view: &VmView<'_>) -> Result<bool, Vec<Reason>> {
    let mut unknown = view.unknown.clone();
    for address in &view.addresses {
        match context.known(&address.ip.public_ip) {
            Ok(Some(_)) => return Ok(true),
            Ok(None) => {}
            Err(reasons) => unknown.extend(reasons),
        }
    }
    let limit = context.settings.wide_after;
    let ports = open_ports(context, view, Protocols::TCP, &context.ports[0], limit);
    unknown.extend(ports.unknown);
    match (ports.open.is_empty(), unknown.is_empty()) {
        (false, _) => Ok(true),
        (true, true) => Ok(false),
        (true, false) => Err(unknown),
    }
}

/// Whether a machine is an RD Gateway by the ports that it offers: TCP 443 and UDP 3391.
///
/// Source: <https://learn.microsoft.com/windows-server/remote/remote-desktop-services/rds-plan-access-from-anywhere>
fn is_relay(view: &VmView<'_>) -> bool {
    let offers = |protocol: Protocols, port: u16| {
        let ways = view.addresses.iter().flat_map(|address| &address.exposure.ways);
        ways.flat_map(|way| way.openings.iter())
            .any(|opening| opening.protocols.contains(protocol) && narrow(&opening.local_ports, port))
    };
    offers(Protocols::TCP, 443) && offers(Protocols::UDP, 3391)
}

/// Whether a set of ports holds one on purpose: who opens everything offers nothing in particular.
fn narrow(ports: &estate::PortSet, port: u16) -> bool {
    ports.contains(port) && ports.count() <= 16
}

fn named_like_a_relay(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphabetic());
    name.contains("rdgw")
        || name.contains("rd-gateway")
        || words.any(|word| matches!(word, "rdg" | "rdgateway"))
}

fn judge(context: &Context<'_>, machine: &Reached, relays: &[Relay], named: &BTreeSet<ResourceId>) -> Judged {
    // It is the way itself.
    if relays.iter().any(|relay| relay.id == machine.id) {
        return Ok(Verdict::NotFor);
    }
    let networks = machine.networks.clone()?;
    let mut unknown = Vec::new();
    for network in &networks {
        let ways = private_ways(context, context.estate().vm(machine.id), *network);
        if !ways.names.is_empty() {
            return Ok(Verdict::Pass);
        }
        unknown.extend(ways.unknown);
        let around = |networks: &[ResourceId]| networks.iter().any(|network| ways.networks.contains(network));
        for relay in relays.iter().filter(|relay| around(&relay.networks)) {
            match relay.leads_to(context, machine.id) {
                Ok(true) => return Ok(Verdict::Pass),
                Ok(false) => {}
                Err(reasons) => unknown.extend(reasons),
            }
        }
        if ways.networks.iter().any(|network| named.contains(network)) {
            unknown.push(Reason::InsideMachine { what: Inside::Settings });
        }
    }
    machine.reached.clone()?;
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let estate = context.estate();
    let name = context.name(machine.id);
    let networks: Vec<String> = networks.iter().map(|id| format!("`{}`", context.name(*id))).collect();
    let networks = listed(&networks, context.lang);
    let message = say!(
        context.lang,
        "`{name}` is reached over the internet, and {networks} has no bastion, no VPN or ExpressRoute gateway and no RD Gateway to move to",
        "`{name}` にはインターネット経由で接続しますが、{networks} には移行先となる Bastion、VPN・ExpressRoute ゲートウェイ、RD ゲートウェイがありません"
    );
    let fault = Fault::new(message);
    let origins = match (estate.vm(machine.id), estate.scale_set(machine.id)) {
        (Some(vm), _) => &vm.origins,
        (None, Some(set)) => &set.origins,
        (None, None) => return Err(vec![Reason::NotWhole { feed: Feed::Machines, action: None }]),
    };
    fault.at_record(machine.id, origins, "/properties/networkProfile").verdict()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_are_known_by_name() {
        for name in ["rdgw01", "corp-RDGW", "rd-gateway-1", "tokyo-rdg-1", "rdg2"] {
            assert!(named_like_a_relay(name), "{name}");
        }
        for name in ["rd-01", "gateway", "ardga", "rdp-1", "web"] {
            assert!(!named_like_a_relay(name), "{name}");
        }
    }
}
