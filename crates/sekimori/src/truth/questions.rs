//! What is asked: packets that our findings rest on, the login ports from near and far, the way out, and the groups in
//! force.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use azure::End;
use estate::{Direction, Estate, Family, IpConfiguration, Known, Nic, PowerState, Range, ResourceId, Vm};
use posture::{CHECKS, Lang, Settings, Status};
use reach::flow::{Finder, Flow, flow};
use reach::tags::Tags;
use reach::{Protocols, Reach};

use crate::flow::error_text;
use crate::language::pick;

/// An address of the internet that nobody has (<https://www.rfc-editor.org/rfc/rfc5737>): rules that name somebody do
/// not let it in, those that let anybody in do.
const STRANGER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);

/// Ports that one logs in through.
const LOGIN: [u16; 2] = [22, 3389];

/// How many packets of findings are asked about for one VM.
const PACKETS: usize = 4;

/// A question about a VM.
pub(crate) struct Asked {
    pub(crate) vm: ResourceId,
    pub(crate) nic: ResourceId,
    /// Where it is: `westeurope`.
    pub(crate) region: Option<String>,
    pub(crate) what: What,
}

/// What is asked.
pub(crate) enum What {
    /// Which groups are in force at the NIC.
    Groups,
    /// Whether a packet passes.
    Flow(Packet),
}

/// A packet, as Azure can be asked about it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Packet {
    pub(crate) outbound: bool,
    pub(crate) protocol: &'static str,
    pub(crate) local: End,
    pub(crate) remote: End,
}

impl Packet {
    /// The same question to us.
    pub(crate) fn asked(&self, estate: &Estate, asked: &Asked) -> Flow {
        let ports = |end: End| {
            let (first, last) = end.port.map_or((0, u16::MAX), |port| (port, port));
            [Range { first, last }].into_iter().collect()
        };
        Flow {
            vm: estate.text(asked.vm).to_owned(),
            nic: Some(estate.text(asked.nic).to_owned()),
            direction: if self.outbound { Direction::Outbound } else { Direction::Inbound },
            protocols: if self.protocol == "UDP" { Protocols::UDP } else { Protocols::TCP },
            local: self.local.address,
            local_ports: ports(self.local),
            remote: self.remote.address,
            remote_ports: ports(self.remote),
        }
    }
}

/// What was chosen to be asked.
pub(crate) struct Chosen {
    pub(crate) asked: Vec<Asked>,
    /// VMs that are asked about.
    pub(crate) vms: usize,
    /// VMs that do not run: Azure has no answer for them.
    pub(crate) stopped: usize,
    /// VMs that were left out of the sample.
    pub(crate) left_out: usize,
}

/// Chooses VMs, those with findings first, and what to ask about each.
pub(crate) fn choose(estate: &Estate, tags: &Arc<Tags>, sample: Option<usize>, lang: Lang) -> Chosen {
    let outcome = posture::run(estate, tags, CHECKS, &Settings::default(), lang, false);
    let runs = |vm: &&Vm| !matches!(&vm.power, Some(Known::Value(PowerState::Stopped)));
    let described: Vec<&Vm> = estate.vms.iter().filter(|vm| vm.described && !vm.nics.is_empty()).collect();
    let running: Vec<&Vm> = described.iter().copied().filter(runs).collect();
    let stopped = described.len() - running.len();
    let mut order: Vec<ResourceId> = Vec::new();
    // They come by severity.
    let findings: Vec<_> = outcome.findings.iter().filter(|one| one.status == Status::Fail).collect();
    order.extend(findings.iter().filter(|one| !one.evidence.is_empty()).map(|one| one.resource));
    let mut others: Vec<&Vm> = running.clone();
    others.sort_by_key(|vm| estate.text(vm.id).to_lowercase());
    // Of the sample a half is for VMs without findings, where there are as many: "closed" is an answer, too.
    let mut seen = BTreeSet::new();
    let is_running = |id: &ResourceId| running.iter().any(|vm| vm.id == *id);
    let with: Vec<ResourceId> = order.into_iter().filter(|id| is_running(id) && seen.insert(*id)).collect();
    let without: Vec<ResourceId> = others.iter().map(|vm| vm.id).filter(|id| !seen.contains(id)).collect();
    let most = sample.unwrap_or(usize::MAX);
    let of_without = without.len().min(most / 2).max(most.saturating_sub(with.len()).min(without.len()));
    let chosen: Vec<ResourceId> =
        spread(&with, most - of_without.min(most)).into_iter().chain(spread(&without, of_without)).collect();
    let mut asked = Vec::new();
    for id in &chosen {
        let Some(vm) = estate.vm(*id) else { continue };
        let mut packets: Vec<(ResourceId, Packet)> = Vec::new();
        for finding in findings.iter().filter(|one| one.resource == *id) {
            let told = finding.evidence.iter().filter_map(|one| {
                let (from, to) = one.witness.as_ref()?;
                let protocol = if one.protocol == Protocols::UDP { "UDP" } else { "TCP" };
                let packet = Packet { outbound: false, protocol, local: end(to)?, remote: end(from)? };
                Some((one.nic, packet))
            });
            packets.extend(told.take(PACKETS.saturating_sub(packets.len())));
        }
        for nic in vm.nics.iter().filter_map(|nic| estate.nic(*nic)) {
            let own: Vec<Packet> = packets.iter().filter(|one| one.0 == nic.id).map(|one| one.1).collect();
            about(estate, vm, nic, own, &mut asked);
        }
    }
    let vms = chosen.len();
    Chosen { asked, vms, stopped, left_out: running.len() - vms }
}

/// The questions of a team's own, as Azure can be asked about them.
pub(crate) fn own(reach: &Reach<'_>, flows: &[Flow], lang: Lang) -> anyhow::Result<Chosen> {
    let estate = reach.estate();
    let finder = Finder::new(estate);
    let mut asked = Vec::new();
    for question in flows {
        let answer = flow(reach, &finder, question).map_err(|error| anyhow!(error_text(&error, lang)))?;
        let nic = estate.nic(answer.nic);
        let vm = nic.and_then(|nic| nic.vm.as_ref()?.value());
        let ports = [&question.local_ports, &question.remote_ports].map(|ports| match ports.ranges() {
            [one] if one.first == one.last => Some(Some(one.first)),
            [Range { first: 0, last: u16::MAX }] => Some(None),
            _ => None,
        });
        let protocol = match question.protocols {
            Protocols::TCP => Some("TCP"),
            Protocols::UDP => Some("UDP"),
            _ => None,
        };
        let (Some(nic), Some(vm), [Some(local), Some(remote)], Some(protocol)) = (nic, vm, ports, protocol)
        else {
            bail!(pick(
                lang,
                "Azure answers about one TCP or UDP packet of a VM: give one port on each side, or *",
                "Azure が回答するのは、VM の TCP または UDP のパケット 1 つについてです。ポートは両側とも 1 つ、または * を指定してください",
            ));
        };
        let what = What::Flow(Packet {
            outbound: question.direction == Direction::Outbound,
            protocol,
            local: End { address: question.local, port: local },
            remote: End { address: question.remote, port: remote },
        });
        let configurations = nic.ip_configurations.as_ref().and_then(Known::value);
        let region = configurations.and_then(|all| region(estate, all.first()?));
        asked.push(Asked { vm: *vm, nic: nic.id, region, what });
    }
    let vms = asked.iter().map(|one| one.vm).collect::<BTreeSet<_>>().len();
    Ok(Chosen { asked, vms, stopped: 0, left_out: 0 })
}

/// `10.0.0.4:22`, as findings tell it.
fn end(text: &str) -> Option<End> {
    let one: SocketAddr = text.parse().ok()?;
    Some(End { address: one.ip(), port: Some(one.port()) })
}

/// So many of a list, from all over it.
fn spread(all: &[ResourceId], most: usize) -> Vec<ResourceId> {
    let count = all.len().min(most);
    (0..count).filter_map(|number| all.get(number * all.len() / count)).copied().collect()
}

fn about(estate: &Estate, vm: &Vm, nic: &Nic, packets: Vec<Packet>, asked: &mut Vec<Asked>) {
    let configurations = match &nic.ip_configurations {
        Some(Known::Value(all)) => all.as_slice(),
        _ => &[],
    };
    let region = configurations.first().and_then(|ip| region(estate, ip));
    let address = configurations.iter().find_map(|ip| match (&ip.address, ip.family) {
        (Some(Known::Value(IpAddr::V4(address))), Family::V4) => Some(*address),
        _ => None,
    });
    let mut all: BTreeSet<Packet> = packets.into_iter().filter(|one| one.local.address.is_ipv4()).collect();
    if let Some(own) = address {
        // Another machine beside it; the lowest addresses of a subnet are Azure's own.
        let beside = Ipv4Addr::from(u32::from(own) ^ 0x10);
        let at = |address: Ipv4Addr, port: u16| End { address: address.into(), port: Some(port) };
        for from in [STRANGER, beside] {
            let inbound = LOGIN.map(|port| Packet {
                outbound: false,
                protocol: "TCP",
                local: at(own, port),
                remote: at(from, 50000),
            });
            all.extend(inbound);
        }
        all.insert(Packet {
            outbound: true,
            protocol: "TCP",
            local: at(own, 50000),
            remote: at(STRANGER, 443),
        });
    }
    let one = |what: What| Asked { vm: vm.id, nic: nic.id, region: region.clone(), what };
    asked.extend(all.into_iter().map(|packet| one(What::Flow(packet))));
    asked.push(one(What::Groups));
}

fn region(estate: &Estate, ip: &IpConfiguration) -> Option<String> {
    let subnet = *ip.subnet.as_ref()?.value()?;
    let network = estate.text(subnet).to_lowercase();
    let network = network.rsplit_once("/subnets/")?.0.to_owned();
    let vnet = estate.vnet(estate.ids().find(&network)?)?;
    Some(vnet.location.as_ref()?.value()?.to_string())
}
