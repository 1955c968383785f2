//! The ways by which packets from the internet come to an IP configuration: its public address, load
//! balancers, firewalls that translate destinations, proxies.
//!
//! Sources: <https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview> (behind a
//! load balancer a group sees the client's address and the backend port),
//! <https://learn.microsoft.com/azure/load-balancer/load-balancer-overview> (a Standard one is closed until a
//! group opens it), <https://learn.microsoft.com/azure/firewall/firewall-faq> (destination translation comes
//! first; the packet that goes on comes from the firewall's own subnet).

use std::net::IpAddr;
use std::sync::Arc;

use estate::{
    AddressSpec, Dnat, Estate, Family, Firewall, Forward, Front, IpConfiguration, Kind, Known, LoadBalancer,
    Nic, Place, PortSet, Range, Reason, ResourceId, ServiceTag, Sku, resource_name, resource_type,
};
use hashbrown::HashMap;

use crate::addresses::{Addresses, MustMay, everything, internet, of_sets, of_space, private};
use crate::packet::Protocols;
use crate::rules::Names;

/// What forwards packets on their way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    /// The load balancer, firewall or gateway.
    pub resource: ResourceId,
    /// The resource whose record holds the rule: a firewall's may stand in its policy.
    pub holder: ResourceId,
    /// The name of its rule; empty where it has none of its own.
    pub rule: Box<str>,
    /// Where the rule stands, if it is told.
    pub place: Option<Place>,
    /// The ports that it listens on.
    pub frontend_ports: PortSet,
    /// The ports that packets have behind it.
    pub backend_ports: PortSet,
    /// Where packets come from behind it, if not from the client.
    pub seen_from: Option<Addresses>,
}

/// A way by which packets from the internet come to an IP configuration, before its groups look.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    /// The public address, or what has one.
    pub(crate) via: ResourceId,
    pub(crate) through: Option<Arc<Through>>,
    /// The protocols that come this way.
    pub(crate) protocols: Protocols,
    /// The ports on the VM that they come to.
    pub(crate) ports: PortSet,
    /// Who may come this way; everybody if it is none.
    pub(crate) clients: Option<MustMay>,
    /// The addresses that groups see in the client's place.
    pub(crate) seen_from: Option<MustMay>,
    /// Whether it lets packets in where no group looks: `None` for a matter of the groups alone.
    pub(crate) sku: Option<Known<Sku>>,
    /// The family of its packets.
    pub(crate) family: Family,
    /// Set when groups see another destination than the VM's address.
    pub(crate) floating: bool,
    /// Why it is not certain.
    pub(crate) doubts: Vec<Reason>,
}

/// What forwards in an estate, by what it forwards to.
#[derive(Default)]
pub(crate) struct Forwarding {
    /// For a pool, NAT rule or NAT pool: the load balancer and the number of its rule.
    rules: HashMap<ResourceId, Vec<(u32, RuleNumber)>>,
    /// For a frontend: whether and where it is public.
    frontends: HashMap<ResourceId, Known<Front>>,
    /// For a pool: the gateway that has it.
    gateways: HashMap<ResourceId, u32>,
    /// Translations by the address that they lead to.
    translations: HashMap<IpAddr, Vec<Translation>>,
    /// Firewalls whose translations are not known in full.
    doubted: Vec<DoubtedFirewall>,
    /// Load balancers that may forward to anybody, since a list of them could not be read.
    unread: Vec<(u32, Reason)>,
    /// What forwards to something that is not in the input.
    pub(crate) astray: Vec<(ResourceId, Reason)>,
}

/// A firewall whose translations are not known in full.
struct DoubtedFirewall {
    firewall: ResourceId,
    /// The networks that it routes to; none if it is not known.
    networks: Option<Vec<ResourceId>>,
    seen_from: [MustMay; 2],
    reason: Reason,
}

/// The number of a rule among the balancing rules or the NAT rules of a load balancer.
#[derive(Clone, Copy)]
enum RuleNumber {
    Balancing(usize),
    Nat(usize),
}

/// A translation of a firewall, ready to be asked.
#[derive(Clone)]
struct Translation {
    firewall: ResourceId,
    holder: ResourceId,
    via: ResourceId,
    rule: Box<str>,
    place: Place,
    protocols: Protocols,
    ports: PortSet,
    to_port: Option<u16>,
    clients: [MustMay; 2],
    /// The networks that the firewall routes to; none if it is not known.
    networks: Option<Vec<ResourceId>>,
    /// Why that is so.
    scope_doubt: Reason,
    seen_from: [MustMay; 2],
    doubts: Vec<Reason>,
}

fn family_index(family: Family) -> usize {
    match family {
        Family::V4 => 0,
        Family::V6 => 1,
    }
}

const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

impl Forwarding {
    pub(crate) fn new(estate: &Estate, names: &Names) -> Self {
        let mut all = Self::default();
        for (index, balancer) in (0u32..).zip(&estate.load_balancers) {
            all.add_balancer(index, balancer);
            all.unread.extend(unread_targets(balancer).map(|reason| (index, reason)));
            all.find_astray(estate, balancer);
        }
        for (index, gateway) in (0u32..).zip(&estate.web_gateways) {
            if let Some(Known::Value(pools)) = &gateway.pools {
                all.gateways.extend(pools.iter().map(|pool| (pool.id, index)));
            }
        }
        for firewall in &estate.firewalls {
            all.add_firewall(estate, names, firewall);
        }
        all
    }

    fn add_balancer(&mut self, index: u32, balancer: &LoadBalancer) {
        if let Some(Known::Value(frontends)) = &balancer.frontends {
            self.frontends.extend(frontends.iter().map(|one| (one.id, one.front.clone())));
        }
        if let Some(Known::Value(rules)) = &balancer.rules {
            for (number, rule) in rules.iter().enumerate() {
                for pool in rule.pools.value().into_iter().flatten() {
                    self.rules.entry(*pool).or_default().push((index, RuleNumber::Balancing(number)));
                }
            }
        }
        if let Some(Known::Value(rules)) = &balancer.nat_rules {
            for (number, rule) in rules.iter().enumerate() {
                let parts = rule.pools.value().into_iter().flatten().chain([&rule.id]);
                for part in parts {
                    self.rules.entry(*part).or_default().push((index, RuleNumber::Nat(number)));
                }
            }
        }
    }

    /// Notes what a public load balancer forwards to and the input does not hold.
    fn find_astray(&mut self, estate: &Estate, balancer: &LoadBalancer) {
        let nat_rules = balancer.nat_rules.iter().filter_map(Known::value).flatten();
        let by_rule = nat_rules.filter(|rule| {
            let front = rule.frontend.value().and_then(|id| self.frontends.get(id));
            !matches!(front, Some(Known::Value(Front::Private { .. })))
        });
        let public = balancer.frontends.iter().filter_map(Known::value).flatten();
        let public = public.into_iter().any(|one| !matches!(one.front, Known::Value(Front::Private { .. })));
        let pools = balancer.pools.iter().filter_map(Known::value).flatten();
        let by_pool = pools.filter(|_| public).flat_map(|pool| &pool.members);
        for target in by_rule.filter_map(|rule| rule.target.as_ref()).chain(by_pool) {
            let text = estate.text(*target);
            let nic = text.rsplitn(3, '/').nth(2).unwrap_or(text);
            let instance = nic.to_ascii_lowercase().contains("/virtualmachinescalesets/");
            let known = estate.ids().find(nic).is_some_and(|id| estate.nic(id).is_some());
            if !known && !instance && !self.astray.iter().any(|(owner, _)| *owner == balancer.id) {
                let resource_type = Kind::Nic.resource_type().into();
                self.astray.push((balancer.id, Reason::Missing { resource_type, id: nic.into() }));
            }
        }
    }

    fn add_firewall(&mut self, estate: &Estate, names: &Names, firewall: &Firewall) {
        let networks = networks_of(estate, firewall);
        let mut rules: Vec<(Option<u32>, ResourceId, &Dnat)> = Vec::new();
        let mut denies = false;
        let seen_from = seen_from(estate, firewall);
        let doubted = |reason: Reason| DoubtedFirewall {
            firewall: firewall.id,
            networks: networks.clone(),
            seen_from: seen_from.clone(),
            reason,
        };
        let mut doubt = |reason: Reason| self.doubted.push(doubted(reason));
        match &firewall.policy {
            Some(Known::Unknown(reason)) => doubt(reason.as_ref().clone()),
            Some(Known::Value(policy)) => {
                let mut found = Vec::new();
                for group in &estate.rule_groups {
                    let text = estate.text(group.id);
                    let owner = text.rsplitn(3, '/').nth(2).and_then(|owner| estate.ids().find(owner));
                    if owner != Some(*policy) {
                        continue;
                    }
                    found.push(group.id);
                    match &group.rules {
                        Some(Known::Value(its)) => {
                            denies |= its.denies;
                            let priority = group.priority.as_ref().and_then(|known| known.value().copied());
                            rules.extend(its.nat.iter().map(|rule| (priority, group.id, rule)));
                        }
                        Some(Known::Unknown(reason)) => doubt(reason.as_ref().clone()),
                        None => doubt(estate.partial(Kind::RuleGroup, group.id)),
                    }
                }
                // The groups of a policy are resources of their own, which many exports leave out.
                match estate.firewall_policy(*policy).map(|policy| &policy.groups) {
                    Some(Some(Known::Value(all))) => {
                        for missing in all.iter().filter(|id| !found.contains(id)) {
                            doubt(estate.missing(Kind::RuleGroup, *missing));
                        }
                    }
                    Some(None) => {}
                    Some(Some(Known::Unknown(reason))) => doubt(reason.as_ref().clone()),
                    None => doubt(estate.missing(Kind::FirewallPolicy, *policy)),
                }
            }
            None => match &firewall.rules {
                Some(Known::Value(its)) => {
                    denies |= its.denies;
                    rules.extend(its.nat.iter().map(|rule| (Some(0), firewall.id, rule)));
                }
                Some(Known::Unknown(reason)) => doubt(reason.as_ref().clone()),
                None if firewall.public_ips.is_none() => doubt(estate.partial(Kind::Firewall, firewall.id)),
                None => {}
            },
        }
        rules.sort_by_key(|(group, _, rule)| (*group, rule.priority.value().copied()));
        let mut earlier: Vec<Translation> = Vec::new();
        for (_, holder, rule) in rules {
            let Some(mut translation) =
                translation(estate, names, firewall, (holder, rule), denies, &networks)
            else {
                continue;
            };
            for before in &earlier {
                translation.yield_to(before);
            }
            earlier.push(translation.clone());
            match rule.to.value() {
                Some(address) => self.translations.entry(*address).or_default().push(translation),
                None => {
                    let reason = match &rule.to {
                        Known::Unknown(reason) => reason.as_ref().clone(),
                        Known::Value(_) => continue,
                    };
                    self.doubted.push(doubted(reason));
                }
            }
        }
    }

    /// The ways that lead to an IP configuration of a NIC.
    pub(crate) fn entrances(&self, estate: &Estate, nic: &Nic, ip: &IpConfiguration) -> Vec<Entrance> {
        let mut all = Vec::new();
        match &ip.public_ip {
            None => {}
            Some(Known::Unknown(reason)) => {
                all.push(Entrance::doubtful(nic.id, ip.family, reason.as_ref().clone()));
            }
            Some(Known::Value(id)) => {
                let sku = match estate.public_ip(*id).and_then(|record| record.sku.as_ref()) {
                    Some(sku) => sku.clone(),
                    None => Known::unknown(estate.missing(Kind::PublicIp, *id)),
                };
                all.push(Entrance { sku: Some(sku), ..Entrance::open(*id, ip.family) });
            }
        }
        match &ip.forwarded_by {
            Known::Unknown(reason) => {
                all.push(Entrance::doubtful(nic.id, ip.family, reason.as_ref().clone()))
            }
            Known::Value(parts) => {
                let mut seen = Vec::new();
                for part in parts {
                    self.by_part(estate, ip, *part, &mut seen, &mut all);
                }
            }
        }
        for (balancer, reason) in &self.unread {
            let Some(balancer) = estate.load_balancers.get(*balancer as usize) else { continue };
            let doubtful = Entrance::doubtful(balancer.id, ip.family, reason.clone());
            all.push(Entrance { sku: sku_of(balancer), ..doubtful });
        }
        if self.translations.is_empty() && self.doubted.is_empty() {
            return all;
        }
        let network = network_of(estate, ip);
        if let Some(Known::Value(address)) = &ip.address {
            for translation in self.translations.get(address).into_iter().flatten() {
                all.extend(translation.entrance(ip.family, network, None));
            }
        }
        for doubted in &self.doubted {
            let elsewhere = match (&doubted.networks, network) {
                (Some(networks), Some(network)) => !networks.contains(&network),
                _ => false,
            };
            if !elsewhere {
                let seen_from = doubted.seen_from.get(family_index(ip.family)).cloned();
                let doubtful = Entrance::doubtful(doubted.firewall, ip.family, doubted.reason.clone());
                all.push(Entrance { seen_from, ..doubtful });
            }
        }
        all
    }

    /// What a pool, NAT rule or NAT pool brings.
    fn by_part(
        &self,
        estate: &Estate,
        ip: &IpConfiguration,
        part: ResourceId,
        seen: &mut Vec<ResourceId>,
        all: &mut Vec<Entrance>,
    ) {
        if let Some(gateway) =
            self.gateways.get(&part).and_then(|index| estate.web_gateways.get(*index as usize))
        {
            return all.extend(proxied(estate, gateway, ip.family));
        }
        let text = estate.text(part);
        let owner_text = text.rsplitn(3, '/').nth(2).unwrap_or(text);
        let owner = estate.ids().find(owner_text);
        let Some(balancer) = owner.and_then(|owner| estate.load_balancer(owner)) else {
            let resource_type = resource_type(owner_text).unwrap_or_default();
            let gateway = owner.and_then(|owner| estate.web_gateway(owner));
            let reason = match gateway {
                Some(gateway) => estate.partial(Kind::WebGateway, gateway.id),
                None => Reason::Missing { resource_type: resource_type.into(), id: owner_text.into() },
            };
            return all.push(Entrance::doubtful(owner.unwrap_or(part), ip.family, reason));
        };
        let rules = self.rules.get(&part).map(Vec::as_slice).unwrap_or_default();
        for (_, number) in rules {
            let rule = match (number, &balancer.rules, &balancer.nat_rules) {
                (RuleNumber::Balancing(at), Some(Known::Value(rules)), _) => rules.get(*at),
                (RuleNumber::Nat(at), _, Some(Known::Value(rules))) => rules.get(*at),
                _ => None,
            };
            let Some(rule) = rule else { continue };
            if !seen.contains(&rule.id) {
                seen.push(rule.id);
                self.by_rule(estate, balancer, rule, ip, all);
            }
        }
        // Without its own record, or where a list of it could not be read, it may forward anything.
        for unknown in [unread(&balancer.frontends), unread(&balancer.rules), unread(&balancer.nat_rules)] {
            let Some(reason) = unknown else { continue };
            let reason = reason.unwrap_or_else(|| estate.partial(Kind::LoadBalancer, balancer.id));
            all.push(Entrance {
                sku: sku_of(balancer),
                ..Entrance::doubtful(balancer.id, ip.family, reason)
            });
            return;
        }
        let unclear = balancer.rules.iter().chain(&balancer.nat_rules).filter_map(Known::value).flatten();
        for rule in unclear {
            if let Known::Unknown(reason) = &rule.pools
                && !seen.contains(&rule.id)
            {
                seen.push(rule.id);
                let reason = reason.as_ref().clone();
                all.push(Entrance {
                    sku: sku_of(balancer),
                    ..Entrance::doubtful(balancer.id, ip.family, reason)
                });
            }
        }
    }

    fn by_rule(
        &self,
        estate: &Estate,
        balancer: &LoadBalancer,
        rule: &Forward,
        ip: &IpConfiguration,
        all: &mut Vec<Entrance>,
    ) {
        let mut doubts = Vec::new();
        let mut told = |reason: &Reason| doubts.push(reason.clone());
        let ports_of = |ports: &Known<Range<u16>>, told: &mut dyn FnMut(&Reason)| match ports {
            Known::Value(ports) => [*ports].into_iter().collect(),
            Known::Unknown(reason) => {
                told(reason);
                PortSet::all()
            }
        };
        let frontend_ports = ports_of(&rule.frontend_ports, &mut told);
        let backend_ports = ports_of(&rule.backend_ports, &mut told);
        let protocols = match &rule.protocol {
            // A load balancer carries TCP and UDP; HA ports are these two as well.
            Known::Value(protocol) => Protocols::of(*protocol).and(Protocols::TCP.or(Protocols::UDP)),
            Known::Unknown(reason) => {
                told(reason);
                Protocols::TCP.or(Protocols::UDP)
            }
        };
        let floating = match &rule.floating {
            Known::Value(floating) => *floating,
            Known::Unknown(reason) => {
                told(reason);
                true
            }
        };
        let through = Through {
            resource: balancer.id,
            holder: balancer.id,
            rule: resource_name(estate.text(rule.id)).into(),
            place: Some(rule.place.clone()),
            frontend_ports: frontend_ports.clone(),
            backend_ports: backend_ports.clone(),
            seen_from: None,
        };
        let entrance = |via: ResourceId, doubts: Vec<Reason>| Entrance {
            through: Some(Arc::new(through.clone())),
            protocols,
            ports: backend_ports.clone(),
            sku: sku_of(balancer),
            floating,
            doubts,
            ..Entrance::open(via, ip.family)
        };
        let front = match &rule.frontend {
            Known::Unknown(reason) => Some(Known::Unknown(reason.clone())),
            Known::Value(id) => self.frontends.get(id).cloned(),
        };
        match front {
            Some(Known::Value(Front::Public(via) | Front::Prefix(via))) => all.push(entrance(via, doubts)),
            Some(Known::Value(Front::Private { address: Some(Known::Value(address)), subnet })) => {
                let subnet = subnet.as_ref().and_then(|subnet| subnet.value().copied());
                let network = subnet.and_then(|subnet| parent_network(estate, subnet));
                let behind = Some((&frontend_ports, &backend_ports, protocols));
                for translation in self.translations.get(&address).into_iter().flatten() {
                    let entrance = translation.entrance(ip.family, network, behind);
                    // What is not known of the balancer's rule is not known of the whole way.
                    all.extend(entrance.map(|mut entrance| {
                        entrance.floating = floating;
                        entrance.doubts.extend(doubts.iter().cloned());
                        entrance
                    }));
                }
            }
            Some(Known::Value(Front::Private { .. })) => {}
            Some(Known::Unknown(reason)) => {
                doubts.push(*reason);
                all.push(entrance(balancer.id, doubts));
            }
            None => {
                doubts.push(estate.partial(Kind::LoadBalancer, balancer.id));
                all.push(entrance(balancer.id, doubts));
            }
        }
    }
}

/// Why nobody can tell whom a load balancer with a public side forwards to.
fn unread_targets(balancer: &LoadBalancer) -> Option<Reason> {
    let private = match &balancer.frontends {
        Some(Known::Value(all)) => {
            all.iter().all(|one| matches!(one.front, Known::Value(Front::Private { .. })))
        }
        _ => false,
    };
    if private {
        return None;
    }
    let list = match (&balancer.nat_rules, &balancer.pools) {
        (Some(Known::Unknown(reason)), _) | (_, Some(Known::Unknown(reason))) => Some(reason),
        _ => None,
    };
    let pools = balancer.pools.iter().filter_map(Known::value).flatten();
    list.or_else(|| pools.into_iter().find_map(|pool| pool.unknown.as_ref()))
        .map(|reason| reason.as_ref().clone())
}

/// Why a list is not known; an inner `None` where it is not told at all.
fn unread<T>(list: &Option<Known<T>>) -> Option<Option<Reason>> {
    match list {
        None => Some(None),
        Some(Known::Unknown(reason)) => Some(Some(reason.as_ref().clone())),
        Some(Known::Value(_)) => None,
    }
}

fn sku_of(balancer: &LoadBalancer) -> Option<Known<Sku>> {
    Some(match &balancer.sku {
        Some(sku) => sku.clone(),
        None => Known::Value(Sku::Basic),
    })
}

impl Entrance {
    /// Everything from everybody, certainly.
    fn open(via: ResourceId, family: Family) -> Self {
        Self {
            via,
            family,
            through: None,
            protocols: Protocols::ALL,
            ports: PortSet::all(),
            clients: None,
            seen_from: None,
            sku: None,
            floating: false,
            doubts: Vec::new(),
        }
    }

    /// Something that may let packets in.
    fn doubtful(via: ResourceId, family: Family, reason: Reason) -> Self {
        Self { doubts: vec![reason], ..Self::open(via, family) }
    }
}

/// An application gateway decides by itself what it passes on; its packets come from its own subnet.
fn proxied(estate: &Estate, gateway: &estate::WebGateway, family: Family) -> Option<Entrance> {
    if matches!(gateway.public, Some(Known::Value(false))) {
        return None;
    }
    let resource_type = Kind::WebGateway.resource_type().to_ascii_lowercase().into();
    let reason = Reason::NotModelled { resource_type, id: estate.text(gateway.id).into() };
    let ports = match &gateway.ports {
        Some(Known::Value(ports)) if !ports.is_empty() => ports.clone(),
        _ => PortSet::all(),
    };
    let mut seen_from = MustMay::certain(Addresses::empty());
    match &gateway.subnets {
        Some(Known::Value(subnets)) if !subnets.is_empty() => {
            for subnet in subnets {
                seen_from.add(&space_of(estate, *subnet, family));
            }
        }
        _ => seen_from.may = private(family),
    }
    Some(Entrance {
        protocols: Protocols::TCP,
        ports,
        seen_from: Some(seen_from),
        ..Entrance::doubtful(gateway.id, family, reason)
    })
}

/// The addresses of a subnet; any private one where it is not told.
fn space_of(estate: &Estate, subnet: ResourceId, family: Family) -> MustMay {
    match estate.subnet(subnet).and_then(|record| record.space.as_ref()) {
        Some(Known::Value(space)) => MustMay::certain(of_space(space, family)),
        _ => MustMay { must: Addresses::empty(), may: private(family) },
    }
}

fn parent_network(estate: &Estate, subnet: ResourceId) -> Option<ResourceId> {
    match estate.subnet(subnet).and_then(|record| record.vnet) {
        Some(vnet) => Some(vnet),
        None => estate.ids().find(estate.text(subnet).rsplitn(3, '/').nth(2)?),
    }
}

fn network_of(estate: &Estate, ip: &IpConfiguration) -> Option<ResourceId> {
    parent_network(estate, *ip.subnet.as_ref()?.value()?)
}

/// The networks that a firewall routes to: its own and those that are peered with it. `None` where that
/// cannot be told: a firewall in a virtual hub, or a network that is not in the input.
fn networks_of(estate: &Estate, firewall: &Firewall) -> Option<Vec<ResourceId>> {
    let own = parent_network(estate, *firewall.subnet.as_ref()?.value()?)?;
    let peers = match &estate.vnet(own)?.peers {
        Some(Known::Value(peers)) => peers.as_slice(),
        Some(Known::Unknown(_)) => return None,
        None => &[],
    };
    let mut all: Vec<ResourceId> = vec![own];
    for peer in peers {
        all.push(peer.vnet?);
    }
    // A peering has two sides; either tells of it.
    for vnet in &estate.vnets {
        let Some(Known::Value(peers)) = &vnet.peers else { continue };
        if peers.iter().any(|peer| peer.vnet == Some(own)) && !all.contains(&vnet.id) {
            all.push(vnet.id);
        }
    }
    Some(all)
}

/// The addresses that a firewall rule names.
fn named(
    estate: &Estate,
    names: &Names,
    spec: &AddressSpec,
    groups: &[ResourceId],
    family: Family,
) -> MustMay {
    if spec.any {
        return MustMay::certain(everything(family));
    }
    let mut all = MustMay::certain(of_sets(&spec.v4, &spec.v6, family));
    for tag in &spec.tags {
        all.add(&match tag {
            ServiceTag::Internet => MustMay::certain(internet(family).clone()),
            ServiceTag::Other(name) => match names.tags.in_family(name, family) {
                Some(addresses) => MustMay::certain(addresses),
                None => MustMay { must: Addresses::empty(), may: everything(family) },
            },
            ServiceTag::VirtualNetwork | ServiceTag::AzureLoadBalancer => {
                MustMay::certain(Addresses::empty())
            }
        });
    }
    for group in groups {
        match estate.ip_group(*group).and_then(|group| group.space.as_ref()) {
            Some(Known::Value(space)) => all.add(&MustMay::certain(of_space(space, family))),
            _ => all.may = everything(family),
        }
    }
    if spec.unreadable.is_some() {
        all.may = everything(family);
    }
    all
}

/// A translation of a firewall; `None` for one that does not listen to the internet.
fn translation(
    estate: &Estate,
    names: &Names,
    firewall: &Firewall,
    (holder, rule): (ResourceId, &Dnat),
    denies: bool,
    networks: &Option<Vec<ResourceId>>,
) -> Option<Translation> {
    let mut doubts = Vec::new();
    if denies {
        doubts.push(Reason::FirewallDenies { id: estate.text(firewall.id).into() });
    }
    let known = |doubts: &mut Vec<Reason>, reason: Option<&Reason>| doubts.extend(reason.cloned());
    let protocols = match &rule.protocols {
        Known::Value(all) => all.iter().fold(Protocols::NONE, |sum, one| sum.or(Protocols::of(*one))),
        Known::Unknown(reason) => {
            known(&mut doubts, Some(reason));
            Protocols::ALL
        }
    };
    let ports = match &rule.ports {
        Known::Value(ports) => ports.clone(),
        Known::Unknown(reason) => {
            known(&mut doubts, Some(reason));
            PortSet::all()
        }
    };
    let to_port = match &rule.to_port {
        Known::Value(port) => *port,
        Known::Unknown(reason) => {
            known(&mut doubts, Some(reason));
            None
        }
    };
    if let Known::Unknown(reason) = &rule.priority {
        known(&mut doubts, Some(reason));
    }
    // Which of the firewall's addresses it listens on.
    let mut via = None;
    let mut unknown_address = false;
    let publics = firewall.public_ips.as_ref().and_then(Known::value).map(Vec::as_slice);
    for public in publics.unwrap_or_default() {
        let address =
            estate.public_ip(*public).and_then(|record| record.address.as_ref()).and_then(Known::value);
        match address {
            Some(address) => {
                let set = named(estate, names, &rule.destination, &[], Family::of(*address));
                if set.may.contains(crate::addresses::number(*address)) {
                    via = via.or(Some(*public));
                }
            }
            None => unknown_address = true,
        }
    }
    if via.is_none() {
        let may_be_public = FAMILIES.iter().any(|family| {
            named(estate, names, &rule.destination, &[], *family).may.overlaps(internet(*family))
        });
        if !may_be_public {
            return None;
        }
        if !unknown_address && publics.is_some() {
            // It names a public address that the firewall does not have.
            return None;
        }
        // A rule for a public address of a firewall is the internet's way in, whichever address it is.
        via = Some(firewall.id);
    }
    let clients = FAMILIES.map(|family| named(estate, names, &rule.source, &rule.source_groups, family));
    Some(Translation {
        firewall: firewall.id,
        holder,
        via: via.unwrap_or(firewall.id),
        rule: rule.name.clone(),
        place: rule.place.clone(),
        protocols,
        ports,
        to_port,
        clients,
        networks: networks.clone(),
        scope_doubt: Reason::NotModelled {
            resource_type: Kind::Firewall.resource_type().to_ascii_lowercase().into(),
            id: estate.text(firewall.id).into(),
        },
        seen_from: seen_from(estate, firewall),
        doubts,
    })
}

/// The addresses that packets of a firewall come from.
fn seen_from(estate: &Estate, firewall: &Firewall) -> [MustMay; 2] {
    FAMILIES.map(|family| match &firewall.subnet {
        Some(Known::Value(subnet)) => space_of(estate, *subnet, family),
        _ => MustMay { must: Addresses::empty(), may: private(family) },
    })
}

impl Translation {
    /// Leaves to an earlier rule what that one takes. What it only may take is not certain here.
    fn yield_to(&mut self, before: &Self) {
        if self.via != before.via
            || self.protocols.and(before.protocols).is_empty()
            || !self.ports.overlaps(&before.ports)
        {
            return;
        }
        let certain = before.doubts.is_empty() && before.protocols.contains(self.protocols);
        let takes_all =
            self.clients.iter().zip(&before.clients).all(|(mine, its)| its.must.contains_all(&mine.may));
        if certain && takes_all {
            self.ports = self.ports.difference(&before.ports);
            return;
        }
        let all_ports = before.ports.contains_all(&self.ports);
        for (mine, its) in self.clients.iter_mut().zip(&before.clients) {
            mine.must = mine.must.difference(&its.may);
            if certain && all_ports {
                mine.may = mine.may.difference(&its.must);
            }
        }
    }

    /// The way in that it is for an address of a network. `behind` is a load balancer's rule that it leads
    /// to: the ports that the rule listens on, those behind it, and its protocols.
    fn entrance(
        &self,
        family: Family,
        network: Option<ResourceId>,
        behind: Option<(&PortSet, &PortSet, Protocols)>,
    ) -> Option<Entrance> {
        let mut doubts = self.doubts.clone();
        match (&self.networks, network) {
            (Some(networks), Some(network)) if !networks.contains(&network) => return None,
            (Some(_), Some(_)) => {}
            // An address says little where it is not known which networks the firewall routes to.
            _ => doubts.push(self.scope_doubt.clone()),
        }
        let mut protocols = self.protocols;
        let mut ports = match self.to_port {
            Some(port) => [Range { first: port, last: port }].into_iter().collect(),
            None => self.ports.clone(),
        };
        if self.ports.is_empty() {
            return None;
        }
        if let Some((listens, leads_to, carries)) = behind {
            protocols = protocols.and(carries);
            if !listens.overlaps(&ports) || protocols.is_empty() {
                return None;
            }
            let whole = listens.is_all() && leads_to.is_all();
            ports = if whole { ports } else { leads_to.clone() };
        }
        let at = family_index(family);
        let (clients, seen_from) = (self.clients.get(at)?.clone(), self.seen_from.get(at)?.clone());
        let through = Through {
            resource: self.firewall,
            holder: self.holder,
            rule: self.rule.clone(),
            place: Some(self.place.clone()),
            frontend_ports: self.ports.clone(),
            backend_ports: ports.clone(),
            seen_from: Some(seen_from.may.clone()),
        };
        Some(Entrance {
            through: Some(Arc::new(through)),
            protocols,
            ports,
            clients: Some(clients),
            seen_from: Some(seen_from),
            doubts,
            ..Entrance::open(self.via, family)
        })
    }
}
