//! A bastion stands there, and rules stop it.

use std::collections::HashMap;

use estate::{Bastion, Direction, Family, Kind, Known, OsFamily, Range, Reason, ResourceId, Vm};
use reach::{Addresses, Endpoint, Passage};

use super::bastions::{is_developer, sku};
use super::passages::{doubts, receivers_may, receivers_must, senders_may, senders_must};
use crate::check::{Check, Checkpoint, Reference, Run, Severity, Subject};
use crate::engine::Sink;
use crate::exposure::listed;
use crate::lang::{Text, say};
use crate::verdict::{Fault, Judged, Verdict, says};
use crate::view::Context;

pub(crate) const CHECK: Check = Check {
    code: "NET020",
    slug: "bastion-blocked",
    checkpoint: Checkpoint::NoPublicIp,
    severity: Severity::Medium,
    title: Text { en: "rules stop a bastion", ja: "規則で通信が遮断されている Bastion" },
    why: Text {
        en: "When the bastion does not connect, people open the public port again, just for now. A bastion that its control plane cannot reach gets no updates either.",
        ja: "Bastion でつながらないと、「とりあえず」パブリックなポートが再び開かれてしまいます。コントロール プレーンから到達できない Bastion は、更新プログラムも受け取れません。",
    },
    fix: Text {
        en: "Give the group of AzureBastionSubnet all rules that its page lists, and let the groups of the machines admit the bastion's subnet: `az network nsg rule create --nsg-name <NSG> -g <RESOURCE-GROUP> -n AllowBastion --priority 200 --direction Inbound --access Allow --protocol Tcp --source-address-prefixes <BASTION-SUBNET-PREFIX> --destination-port-ranges 22 3389`.",
        ja: "AzureBastionSubnet の NSG に、ドキュメントに記載されたすべての規則を追加してください。仮想マシン側の NSG では、Bastion のサブネットからの接続を許可してください: `az network nsg rule create --nsg-name <NSG> -g <リソース グループ> -n AllowBastion --priority 200 --direction Inbound --access Allow --protocol Tcp --source-address-prefixes <Bastion サブネットのプレフィックス> --destination-port-ranges 22 3389`",
    },
    feed: None,
    refs: &[
        Reference::Mcsb("NS-2"),
        Reference::Page("https://learn.microsoft.com/azure/bastion/bastion-nsg"),
    ],
    run: Run::Paths(Subject::Bastion, run),
};

/// How many machines stand for all.
const SAMPLE: usize = 5;

fn run(context: &Context<'_>, sink: &mut Sink) {
    let bastions = &context.estate().around.bastions;
    if bastions.is_empty() {
        return;
    }
    let mut inside: HashMap<ResourceId, Vec<&Vm>> = HashMap::new();
    for vm in &context.estate().vms {
        let mut before = None;
        for network in networks(context, vm) {
            if before != Some(network) {
                inside.entry(network).or_default().push(vm);
            }
            before = Some(network);
        }
    }
    for bastion in bastions {
        sink.take(context, &CHECK, bastion.id, judge(context, bastion, &inside));
    }
}

/// The networks of the addresses of a machine.
fn networks<'e>(context: &Context<'e>, vm: &'e Vm) -> impl Iterator<Item = ResourceId> {
    let estate = context.estate();
    let nics = vm.nics.iter().filter_map(|id| estate.nic(*id));
    let ips = nics.flat_map(|nic| nic.ip_configurations.iter().filter_map(Known::value).flatten());
    ips.filter_map(|ip| estate.subnet(*ip.subnet.as_ref()?.value()?)?.vnet)
}

/// Whether Azure could not make it, or change it.
fn has_failed(bastion: &Bastion) -> bool {
    says(&bastion.provisioning, "Failed")
}

/// What rules do to the packets of a bastion.
#[derive(PartialEq)]
enum Fate {
    Passes,
    Blocked,
    Unknown,
}

/// Whether all of some addresses are in a set.
fn fate(all: &Addresses, must: &Addresses, may: &Addresses) -> Fate {
    if must.contains_all(all) {
        Fate::Passes
    } else if may.contains_all(all) {
        Fate::Unknown
    } else {
        Fate::Blocked
    }
}

fn judge(context: &Context<'_>, bastion: &Bastion, inside: &HashMap<ResourceId, Vec<&Vm>>) -> Judged {
    let (estate, lang) = (context.estate(), context.lang);
    sku(context, bastion)?;
    if has_failed(bastion) {
        let name = context.name(bastion.id);
        let message = say!(
            lang,
            "the bastion `{name}` does not work: Azure could not finish it",
            "Bastion `{name}` は作成または更新に失敗しており、使えません"
        );
        let pointer = "/properties/provisioningState";
        return Fault::new(message).at_record(bastion.id, &bastion.origins, pointer).verdict();
    }
    // It comes from the platform, and no group is asked.
    if is_developer(bastion) {
        return Ok(Verdict::NotFor);
    }
    let id = match context.known(&bastion.subnet)? {
        Some(id) => *id,
        None => {
            let id = estate.text(bastion.id).into();
            return Err(vec![Reason::Partial { resource_type: "Microsoft.Network/bastionHosts".into(), id }]);
        }
    };
    let Some(subnet) = estate.subnet(id).filter(|subnet| subnet.described) else {
        return Err(vec![estate.missing(Kind::Subnet, id)]);
    };
    let endpoint = Endpoint::of_subnet(estate, subnet, Family::V4);
    let mut unknown = Vec::new();
    let missing = lacking(context, bastion, &endpoint, &mut unknown);
    let Some(vnet) = estate.vnet(bastion.owner) else {
        return Err(vec![estate.missing(Kind::Vnet, bastion.owner)]);
    };
    let mut networks = vec![vnet.id];
    match &vnet.peers {
        Some(Known::Value(peers)) => networks.extend(peers.iter().filter_map(|peer| peer.vnet)),
        Some(Known::Unknown(reason)) => unknown.push(reason.as_ref().clone()),
        None => {}
    }
    let machines: Vec<&Vm> = networks.iter().filter_map(|id| inside.get(id)).flatten().copied().collect();
    let mut blocked = blocked(context, &endpoint, &machines, &mut unknown);
    if missing.is_empty() && blocked.is_empty() {
        unknown.sort_unstable();
        unknown.dedup();
        return if unknown.is_empty() { Ok(Verdict::Pass) } else { Err(unknown) };
    }
    blocked.sort_by_cached_key(|id| estate.text(*id).to_ascii_lowercase());
    blocked.dedup();
    let name = context.name(bastion.id);
    let mut texts = Vec::new();
    if !missing.is_empty() {
        let group = subnet.nsg.as_ref().and_then(Known::value).map(|id| context.name(*id));
        let group = group.unwrap_or_default();
        let words: Vec<String> = missing.iter().map(|one| (*one).to_owned()).collect();
        let words = listed(&words, lang);
        texts.push(say!(
            lang,
            "the group `{group}` of its subnet does not allow {words}",
            "サブネットの NSG `{group}` が {words} を許可していません"
        ));
    }
    if let Some(first) = blocked.first() {
        let (count, first) = (blocked.len(), context.name(*first));
        texts.push(match count {
            1 => say!(lang, "`{first}` does not let it in", "`{first}` に接続できません"),
            _ => say!(
                lang,
                "{count} machines, such as `{first}`, do not let it in",
                "`{first}` など {count} 台の仮想マシンに接続できません"
            ),
        });
    }
    let message = match lang {
        crate::lang::Lang::En => format!("rules stop the bastion `{name}`: {}", texts.join("; ")),
        crate::lang::Lang::Ja => format!("Bastion `{name}` の通信が遮断されています。{}", texts.join("。")),
    };
    let mut fault = Fault::new(message).fact("blocked", blocked.len().to_string());
    for one in &missing {
        fault = fault.fact("missing", *one);
    }
    for id in blocked.iter().take(SAMPLE) {
        fault = fault.fact("machine", estate.text(*id));
    }
    fault.at_record(bastion.id, &bastion.origins, "/properties/ipConfigurations").verdict()
}

/// Whether rules let a bastion get to a machine; the reasons where nobody can tell.
pub(super) fn gets_to(context: &Context<'_>, bastion: &Bastion, vm: &Vm) -> Result<bool, Vec<Reason>> {
    if has_failed(bastion) {
        return Ok(false);
    }
    if is_developer(bastion) {
        return Ok(true);
    }
    let estate = context.estate();
    let subnet = bastion.subnet.as_ref().and_then(Known::value).and_then(|id| estate.subnet(*id));
    let Some(subnet) = subnet.filter(|subnet| subnet.described) else {
        let id = estate.text(bastion.id).into();
        return Err(vec![Reason::Partial { resource_type: "Microsoft.Network/bastionHosts".into(), id }]);
    };
    let endpoint = Endpoint::of_subnet(estate, subnet, Family::V4);
    let mut unknown = Vec::new();
    if !lacking(context, bastion, &endpoint, &mut unknown).is_empty()
        || !blocked(context, &endpoint, &[vm], &mut unknown).is_empty()
    {
        return Ok(false);
    }
    if unknown.is_empty() { Ok(true) } else { Err(unknown) }
}

/// What the group of the bastion's subnet does not allow of what a bastion needs.
///
/// Probes of the load balancer are the platform's own packets, of which `reach` does not tell.
///
/// Source: <https://learn.microsoft.com/azure/bastion/bastion-nsg>
fn lacking(
    context: &Context<'_>,
    bastion: &Bastion,
    endpoint: &Endpoint,
    unknown: &mut Vec<Reason>,
) -> Vec<&'static str> {
    let mut missing = Vec::new();
    let mut told = |name: &'static str, fate: Fate, passage: &Passage| match fate {
        Fate::Passes => {}
        Fate::Blocked => missing.push(name),
        Fate::Unknown => unknown.extend(doubts(passage)),
    };
    let tag = |name: &str| {
        let all = context.reach.tags().of(name)?;
        let [v4, _] = all.as_ref();
        Some(v4.clone())
    };
    let manager = tag("gatewaymanager");
    // People may come from a few addresses only, and the control plane is nobody of them.
    if bastion.private_only != Some(Known::Value(true)) {
        let people = reach::internet(Family::V4).difference(manager.as_ref().unwrap_or(&Addresses::empty()));
        let passage = context.reach.passing(endpoint.clone(), Direction::Inbound, &people);
        let fate = match (senders_must(&passage, 443).is_empty(), senders_may(&passage, 443).is_empty()) {
            (false, _) => Fate::Passes,
            (true, false) => Fate::Unknown,
            (true, true) => Fate::Blocked,
        };
        told("inbound TCP 443 from Internet", fate, &passage);
    }
    if let Some(manager) = manager {
        let passage = context.reach.passing(endpoint.clone(), Direction::Inbound, &manager);
        let fate = fate(&manager, &senders_must(&passage, 443), &senders_may(&passage, 443));
        told("inbound TCP 443 from GatewayManager", fate, &passage);
    }
    if let Some(cloud) = tag("azurecloud") {
        let passage = context.reach.passing(endpoint.clone(), Direction::Outbound, &cloud);
        let fate = fate(&cloud, &receivers_must(&passage, 443), &receivers_may(&passage, 443));
        told("outbound TCP 443 to AzureCloud", fate, &passage);
    }
    // The hosts of a bastion talk to each other.
    if let Some(own) = &endpoint.subnet {
        let inward = context.reach.passing(endpoint.clone(), Direction::Inbound, own);
        let outward = context.reach.passing(endpoint.clone(), Direction::Outbound, own);
        for (name, port) in
            [("TCP 8080 within VirtualNetwork", 8080), ("TCP 5701 within VirtualNetwork", 5701)]
        {
            let comes = fate(own, &senders_must(&inward, port), &senders_may(&inward, port));
            let goes = fate(own, &receivers_must(&outward, port), &receivers_may(&outward, port));
            match comes {
                Fate::Passes => told(name, goes, &outward),
                other => told(name, other, &inward),
            }
        }
    }
    missing
}

/// The machines that a bastion does not get to: by the group of its subnet, or by theirs.
fn blocked(
    context: &Context<'_>,
    endpoint: &Endpoint,
    machines: &[&Vm],
    unknown: &mut Vec<Reason>,
) -> Vec<ResourceId> {
    let estate = context.estate();
    let number = |ip: &estate::IpConfiguration| match ip.address {
        Some(Known::Value(std::net::IpAddr::V4(address))) => Some(u128::from(address.to_bits())),
        _ => None,
    };
    let of = |vm: &Vm| {
        let nics = vm.nics.iter().filter_map(|id| estate.nic(*id)).collect::<Vec<_>>();
        let all = nics.into_iter().flat_map(|nic| {
            let ips = nic.ip_configurations.iter().filter_map(Known::value).flatten();
            ips.filter(|ip| ip.family == Family::V4).map(move |ip| (nic, ip))
        });
        all.collect::<Vec<_>>()
    };
    let one = |number: u128| Range { first: number, last: number };
    let all: Addresses =
        machines.iter().flat_map(|vm| of(vm)).filter_map(|(_, ip)| number(ip)).map(one).collect();
    let out = context.reach.passing(endpoint.clone(), Direction::Outbound, &all);
    let out = [22u16, 3389].map(|port| (port, receivers_must(&out, port), receivers_may(&out, port)));
    let Some(space) = &endpoint.subnet else { return Vec::new() };
    let mut found = Vec::new();
    for vm in machines {
        let wanted: &[u16] = match vm.os {
            Some(Known::Value(OsFamily::Linux)) => &[22],
            Some(Known::Value(OsFamily::Windows)) => &[3389],
            _ => &[22, 3389],
        };
        let addresses = of(vm);
        let (mut passes, mut perhaps) = (false, addresses.is_empty());
        for (nic, ip) in addresses {
            let passage = context.reach.from_network(nic, ip);
            for (port, out_must, out_may) in out.iter().filter(|(port, ..)| wanted.contains(port)) {
                let leaves = match number(ip) {
                    None => Fate::Unknown,
                    Some(number) if out_must.contains(number) => Fate::Passes,
                    Some(number) if out_may.contains(number) => Fate::Unknown,
                    Some(_) => Fate::Blocked,
                };
                let may = senders_may(&passage, *port);
                // Which address of its subnet a bastion sends from nobody can tell.
                let enters = match fate(space, &senders_must(&passage, *port), &may) {
                    Fate::Blocked if may.overlaps(space) => Fate::Unknown,
                    fate => fate,
                };
                passes |= leaves == Fate::Passes && enters == Fate::Passes;
                if leaves != Fate::Blocked && enters != Fate::Blocked && !passes {
                    perhaps = true;
                    if enters == Fate::Unknown {
                        unknown.extend(doubts(&passage));
                    }
                }
            }
        }
        if !passes && !perhaps {
            found.push(vm.id);
        } else if !passes {
            unknown.push(estate.partial(Kind::Vm, vm.id));
        }
    }
    found
}
