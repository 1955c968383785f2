//! The ways by which packets from the internet come to an IP configuration: its public address, load
//! balancers, firewalls that translate destinations, proxies, appliances.
//!
//! Sources: <https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview> (behind a
//! load balancer a group sees the client's address and the backend port),
//! <https://learn.microsoft.com/azure/load-balancer/load-balancer-overview> (a Standard one is closed until a
//! group opens it).

mod firewall;
mod scope;

use std::sync::Arc;

use estate::{
    Down, Estate, Family, Forward, Front, IpConfiguration, Kind, Known, LoadBalancer, Nic, Place, PortSet,
    Range, Reason, ResourceId, Sku, WebGateway, resource_name, resource_type,
};
use hashbrown::{HashMap, HashSet};

use crate::addresses::{Addresses, MustMay, internet, number, of_space, private};
use crate::endpoint::Tri;
use crate::packet::Protocols;
use crate::rules::Names;
use firewall::Translations;
use scope::Scope;

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
    /// Why it is not known who may come this way.
    pub(crate) client_doubts: Vec<Reason>,
    /// The NICs of the appliance that it leads over.
    pub(crate) appliance: Option<Box<[ResourceId]>>,
}

/// What forwards in an estate, by what it forwards to.
#[derive(Default)]
pub(crate) struct Forwarding {
    /// For a pool, NAT rule or NAT pool: the load balancer and the number of its rule.
    rules: HashMap<ResourceId, Vec<(u32, RuleNumber)>>,
    /// For a frontend: whether and where it is public.
    frontends: HashMap<ResourceId, Known<Front>>,
    /// For a frontend: the private link service that leads to it, and where its packets come from.
    links: HashMap<ResourceId, (ResourceId, [MustMay; 2])>,
    /// For a pool: the gateway that has it.
    gateways: HashMap<ResourceId, u32>,
    translations: Translations,
    /// What may send packets on, and nobody can tell which.
    doubted: Vec<Doubted>,
    /// A load balancer that may forward to anybody, since a list of it could not be read.
    unread: Option<(ResourceId, Reason)>,
    /// What forwards to something that is not in the input.
    pub(crate) astray: Vec<(ResourceId, Reason)>,
    /// For a NIC: why it must have IP configurations that its record does not hold.
    pub(crate) cut_short: HashMap<ResourceId, Reason>,
}

/// The number of a rule among the balancing rules or the NAT rules of a load balancer.
#[derive(Clone, Copy)]
enum RuleNumber {
    Balancing(usize),
    Nat(usize),
}

/// Something that may send packets on to machines around it.
struct Doubted {
    /// What it is.
    via: ResourceId,
    /// For an appliance, all of its NICs: they are looked at on their own, and whether anything gets in to them.
    appliance: Option<Box<[ResourceId]>>,
    /// The networks that it sends packets on to.
    scope: Arc<Scope>,
    /// Where its packets come from.
    seen_from: [MustMay; 2],
    protocols: Protocols,
    ports: PortSet,
    reason: Reason,
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
            all.find_astray(estate, balancer);
            // One stands for all of them: whichever it is, the answer is the same.
            let better =
                all.unread.as_ref().is_none_or(|(its, _)| estate.text(balancer.id) < estate.text(*its));
            if let Some(reason) = unread_targets(balancer, &all.frontends).filter(|_| better) {
                all.unread = Some((balancer.id, reason));
            }
        }
        for link in &estate.private_links {
            let seen_from = seen_from(estate, Some(&link.subnets));
            for frontend in link.frontends.iter().filter_map(Known::value).flatten() {
                all.links.insert(*frontend, (link.id, seen_from.clone()));
            }
        }
        for (index, gateway) in (0u32..).zip(&estate.web_gateways) {
            all.add_gateway(estate, index, gateway);
        }
        for firewall in &estate.firewalls {
            all.translations.add(estate, names, firewall, &mut all.doubted);
        }
        all.find_cut_short(estate);
        let models = estate.scale_sets.iter().filter_map(|set| set.model.as_ref()?.value());
        let models = models.flat_map(|model| &model.nics);
        let mut left: Vec<&Nic> = estate.nics.iter().chain(models).filter(|nic| nic.forwards).collect();
        // One that is led to by another leads on.
        loop {
            let found: Vec<Doubted> = left.iter().filter_map(|nic| all.appliance(estate, nic)).collect();
            if found.is_empty() {
                break;
            }
            left.retain(|nic| found.iter().all(|doubted| doubted.via != nic.id));
            all.doubted.extend(found);
        }
        all
    }

    /// A public address that says that it is attached where no record knows of it.
    fn find_cut_short(&mut self, estate: &Estate) {
        for public in &estate.public_ips {
            let Some(target) = public.attached else { continue };
            let text = estate.text(target);
            let lower = text.to_ascii_lowercase();
            if !lower.contains("/networkinterfaces/") || lower.contains("/virtualmachinescalesets/") {
                continue;
            }
            let nic = text.rsplitn(3, '/').nth(2).unwrap_or(text);
            let record = estate.ids().find(nic).and_then(|id| estate.nic(id));
            let name = resource_name(text);
            let reason = match record.map(|nic| (nic.id, &nic.ip_configurations)) {
                None => Reason::Missing { resource_type: Kind::Nic.resource_type().into(), id: nic.into() },
                Some((id, Some(Known::Value(all))))
                    if !all.iter().any(|ip| ip.name.eq_ignore_ascii_case(name)) =>
                {
                    let reason = estate.partial(Kind::Nic, id);
                    self.cut_short.entry(id).or_insert_with(|| reason.clone());
                    reason
                }
                Some(_) => continue,
            };
            self.astray.push((public.id, reason));
        }
    }

    fn add_balancer(&mut self, index: u32, balancer: &LoadBalancer) {
        if let Some(Known::Value(frontends)) = &balancer.frontends {
            self.frontends.extend(frontends.iter().map(|one| (one.id, one.front.clone())));
        }
        if let Some(Known::Value(rules)) = &balancer.rules {
            for (at, rule) in rules.iter().enumerate() {
                for pool in rule.pools.value().into_iter().flatten() {
                    self.rules.entry(*pool).or_default().push((index, RuleNumber::Balancing(at)));
                }
            }
        }
        if let Some(Known::Value(rules)) = &balancer.nat_rules {
            for (at, rule) in rules.iter().enumerate() {
                let parts = rule.pools.value().into_iter().flatten().chain([&rule.id]);
                for part in parts {
                    self.rules.entry(*part).or_default().push((index, RuleNumber::Nat(at)));
                }
            }
        }
    }

    /// A public gateway of which not all members are known may pass packets on to anybody around it.
    fn add_gateway(&mut self, estate: &Estate, index: u32, gateway: &WebGateway) {
        let pools = gateway.pools.as_ref().and_then(Known::value).map(Vec::as_slice).unwrap_or_default();
        self.gateways.extend(pools.iter().map(|pool| (pool.id, index)));
        let told = matches!(gateway.pools, Some(Known::Value(_)));
        let whole = told && pools.iter().all(|pool| pool.unknown.is_none());
        if whole || gateway.public == Some(Known::Value(false)) {
            return;
        }
        let subnets = gateway.subnets.as_ref().and_then(Known::value);
        let network = subnets.and_then(|all| parent_network(estate, *all.first()?));
        self.doubted.push(Doubted {
            via: gateway.id,
            appliance: None,
            scope: Arc::new(Scope::around(estate, network)),
            seen_from: seen_from(estate, subnets),
            protocols: Protocols::TCP,
            ports: gateway_ports(gateway),
            reason: not_modelled(estate, Kind::WebGateway, gateway.id),
        });
    }

    /// A machine that passes on what is not meant for it, and that the internet has a way to by any of its NICs, may
    /// send packets on to anybody around it: under its own address or the client's.
    fn appliance(&self, estate: &Estate, nic: &Nic) -> Option<Doubted> {
        let vm = nic.vm.as_ref().and_then(Known::value).copied();
        let own: Vec<&Nic> = match vm.and_then(|vm| estate.vm(vm)) {
            Some(vm) => vm.nics.iter().filter_map(|id| estate.nic(*id)).collect(),
            None => vec![nic],
        };
        let all = || own.iter().flat_map(|nic| configurations(nic).iter().map(|ip| (*nic, ip)));
        let first = configurations(nic).first()?;
        if !all().any(|(nic, ip)| !self.entrances(estate, nic, ip).is_empty()) {
            return None;
        }
        let addresses: Vec<_> = all().filter_map(|(_, ip)| ip.address.as_ref()?.value().copied()).collect();
        let seen_from = FAMILIES.map(|family| {
            let mine = addresses.iter().filter(|address| Family::of(**address) == family);
            let mine: Addresses =
                mine.map(|address| Range { first: number(*address), last: number(*address) }).collect();
            // A scale set's instances have any address of their subnet.
            let subnet = first.subnet.as_ref().and_then(Known::value);
            let any = match (mine.is_empty(), subnet) {
                (true, Some(subnet)) => space_of(estate, *subnet, family).may,
                _ => mine,
            };
            MustMay { must: Addresses::empty(), may: any.union(internet(family)) }
        });
        Some(Doubted {
            via: nic.id,
            appliance: Some(own.iter().map(|nic| nic.id).collect()),
            scope: Arc::new(Scope::around(estate, network_of(estate, first))),
            seen_from,
            protocols: Protocols::ALL,
            ports: PortSet::all(),
            reason: Reason::Appliance { id: estate.text(nic.id).into() },
        })
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
        let targets = by_rule.filter_map(|rule| rule.target.as_ref()).chain(by_pool);
        let missing = targets.filter_map(|target| {
            let text = estate.text(*target);
            let nic = text.rsplitn(3, '/').nth(2).unwrap_or(text);
            if let Some(instance) = nic.to_ascii_lowercase().find("/virtualmachines/") {
                let set = nic.get(..instance).unwrap_or_default();
                if set.to_ascii_lowercase().contains("/virtualmachinescalesets/") {
                    return instance_astray(estate, set, text, balancer);
                }
            }
            let record = estate.ids().find(nic).and_then(|id| estate.nic(id));
            let name = resource_name(text);
            match record.map(|nic| (nic.id, &nic.ip_configurations)) {
                None => {
                    let resource_type = Kind::Nic.resource_type().into();
                    Some((None, Reason::Missing { resource_type, id: nic.into() }))
                }
                Some((id, Some(Known::Value(all)))) => {
                    let known = all.iter().any(|ip| ip.name.eq_ignore_ascii_case(name));
                    (!known).then(|| (Some(id), estate.partial(Kind::Nic, id)))
                }
                Some(_) => None,
            }
        });
        let mut first = None;
        for (nic, reason) in missing {
            first.get_or_insert_with(|| reason.clone());
            if let Some(nic) = nic {
                self.cut_short.entry(nic).or_insert(reason);
            }
        }
        self.astray.extend(first.map(|reason| (balancer.id, reason)));
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
                all.push(Entrance::doubtful(nic.id, ip.family, reason.as_ref().clone()));
            }
            Known::Value(parts) => {
                let mut seen = HashSet::new();
                for part in parts {
                    self.by_part(estate, nic, ip, *part, &mut seen, &mut all);
                }
            }
        }
        if let Some((balancer, reason)) = &self.unread {
            all.push(Entrance::doubtful(*balancer, ip.family, reason.clone()));
        }
        self.translations.to(estate, ip, &mut all);
        if !self.doubted.is_empty() {
            let network = network_of(estate, ip);
            for doubted in &self.doubted {
                let itself = doubted.appliance.as_ref().is_some_and(|own| own.contains(&nic.id));
                if !itself && doubted.scope.reaches(network) != Tri::No {
                    all.push(Entrance {
                        seen_from: doubted.seen_from.get(family_index(ip.family)).cloned(),
                        protocols: doubted.protocols,
                        ports: doubted.ports.clone(),
                        appliance: doubted.appliance.clone(),
                        ..Entrance::doubtful(doubted.via, ip.family, doubted.reason.clone())
                    });
                }
            }
        }
        all
    }

    /// What a pool, NAT rule or NAT pool brings. `seen` are the rules that were looked at.
    fn by_part(
        &self,
        estate: &Estate,
        nic: &Nic,
        ip: &IpConfiguration,
        part: ResourceId,
        seen: &mut HashSet<ResourceId>,
        all: &mut Vec<Entrance>,
    ) {
        if let Some(gateway) =
            self.gateways.get(&part).and_then(|index| estate.web_gateways.get(*index as usize))
        {
            return all.extend(self.proxied(estate, gateway, ip.family));
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
        for (_, at) in rules {
            let rule = match (at, &balancer.rules, &balancer.nat_rules) {
                (RuleNumber::Balancing(at), Some(Known::Value(rules)), _) => rules.get(*at),
                (RuleNumber::Nat(at), _, Some(Known::Value(rules))) => rules.get(*at),
                _ => None,
            };
            let Some(rule) = rule else { continue };
            if !(rule.probed && is_down(estate, balancer, part, nic, ip)) && seen.insert(rule.id) {
                self.by_rule(estate, balancer, rule, ip, all);
            }
        }
        // Without its own record, or where a list of it could not be read, it may forward anything.
        for unknown in [unread(&balancer.frontends), unread(&balancer.rules), unread(&balancer.nat_rules)] {
            let Some(reason) = unknown.filter(|_| seen.insert(balancer.id)) else { continue };
            let reason = reason.unwrap_or_else(|| estate.partial(Kind::LoadBalancer, balancer.id));
            let doubtful = Entrance::doubtful(balancer.id, ip.family, reason);
            all.push(Entrance { sku: sku_of(balancer), ..doubtful });
        }
    }

    /// An application gateway decides by itself what it passes on; its packets come from its own subnet.
    fn proxied(&self, estate: &Estate, gateway: &WebGateway, family: Family) -> Option<Entrance> {
        let translated = || {
            gateway.inner.iter().any(|address| self.translations.to_front(Some(*address)).next().is_some())
        };
        if gateway.public == Some(Known::Value(false)) && !translated() {
            return None;
        }
        let subnets = gateway.subnets.as_ref().and_then(Known::value);
        Some(Entrance {
            protocols: Protocols::TCP,
            ports: gateway_ports(gateway),
            seen_from: seen_from(estate, subnets).get(family_index(family)).cloned(),
            ..Entrance::doubtful(gateway.id, family, not_modelled(estate, Kind::WebGateway, gateway.id))
        })
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
            Some(Known::Value(Front::Private { address, subnet })) => {
                let subnet = subnet.as_ref().and_then(|subnet| subnet.value().copied());
                let network = subnet.and_then(|subnet| parent_network(estate, subnet));
                let behind = Some((&frontend_ports, &backend_ports, protocols));
                let address = address.as_ref().and_then(|address| address.value().copied());
                if address.is_none() {
                    doubts.push(Reason::NoAddress);
                }
                for translation in self.translations.to_front(address) {
                    let entrance = translation.entrance(ip.family, network, behind);
                    // What is not known of the balancer's rule is not known of the whole way.
                    all.extend(entrance.map(|entrance| {
                        let entrance = Entrance { floating, ..entrance };
                        doubts.iter().cloned().fold(entrance, Entrance::doubting)
                    }));
                }
                let link = rule.frontend.value().and_then(|id| self.links.get(id));
                if let Some((link, seen_from)) = link {
                    let resource_type = Kind::PrivateLink.resource_type().to_ascii_lowercase().into();
                    doubts.push(Reason::NotModelled { resource_type, id: estate.text(*link).into() });
                    let seen_from = seen_from.get(family_index(ip.family)).cloned();
                    all.push(Entrance { seen_from, sku: None, ..entrance(*link, doubts) });
                }
            }
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

/// Instances of a uniform set are judged by its model: why that may not tell what forwards to one of them. `target`
/// is the instance's IP configuration, with the parts of the balancer that its model should name.
fn instance_astray(
    estate: &Estate,
    set: &str,
    target: &str,
    balancer: &LoadBalancer,
) -> Option<(Option<ResourceId>, Reason)> {
    let Some(record) = estate.ids().find(set).and_then(|id| estate.scale_set(id)) else {
        let resource_type = Kind::ScaleSet.resource_type().into();
        return Some((None, Reason::Missing { resource_type, id: set.into() }));
    };
    let Some(Known::Value(model)) = &record.model else { return None };
    let mut steps = target.rsplit('/');
    let (ip, nic) = (steps.next()?, steps.nth(1)?);
    let named = |nic_record: &&Nic| resource_name(estate.text(nic_record.id)).eq_ignore_ascii_case(nic);
    let nic = model.nics.iter().find(named);
    let all = nic.and_then(|nic| nic.ip_configurations.as_ref()?.value());
    let ip = all.and_then(|all| all.iter().find(|one| one.name.eq_ignore_ascii_case(ip)));
    let is_of_balancer = |part: &ResourceId| {
        let owner = estate.text(*part).rsplitn(3, '/').nth(2).unwrap_or_default();
        estate.ids().find(owner) == Some(balancer.id)
    };
    let told = ip.is_some_and(|ip| match &ip.forwarded_by {
        Known::Value(parts) => parts.iter().any(is_of_balancer),
        Known::Unknown(_) => true,
    });
    (!told).then(|| (nic.map(|nic| nic.id), Reason::OlderModel { id: estate.text(record.id).into() }))
}

/// Whether somebody has taken an IP configuration out of service in a pool.
fn is_down(
    estate: &Estate,
    balancer: &LoadBalancer,
    pool: ResourceId,
    nic: &Nic,
    ip: &IpConfiguration,
) -> bool {
    let pools = balancer.pools.iter().filter_map(Known::value).flatten();
    let mut down = pools.filter(|its| its.id == pool).flat_map(|its| &its.down);
    let own = || estate.ids().find(&format!("{}/ipConfigurations/{}", estate.text(nic.id), ip.name));
    let address = ip.address.as_ref().and_then(Known::value);
    down.any(|one| match one {
        Down::Member(member) => own() == Some(*member),
        Down::Address(its) => address == Some(its),
    })
}

/// Why nobody can tell whom a load balancer with a public side forwards to.
fn unread_targets(balancer: &LoadBalancer, frontends: &HashMap<ResourceId, Known<Front>>) -> Option<Reason> {
    let private = |front: Option<&Known<Front>>| matches!(front, Some(Known::Value(Front::Private { .. })));
    if let Some(Known::Value(all)) = &balancer.frontends
        && all.iter().all(|one| private(Some(&one.front)))
    {
        return None;
    }
    let list = match (&balancer.nat_rules, &balancer.pools) {
        (Some(Known::Unknown(reason)), _) | (_, Some(Known::Unknown(reason))) => Some(reason),
        _ => None,
    };
    let pools = balancer.pools.iter().filter_map(Known::value).flatten();
    let rules = balancer.rules.iter().chain(&balancer.nat_rules).filter_map(Known::value).flatten();
    let rule = |rule: &'_ Forward| match (&rule.pools, rule.frontend.value()) {
        (Known::Unknown(reason), front) if !private(front.and_then(|id| frontends.get(id))) => {
            Some(reason.as_ref().clone())
        }
        _ => None,
    };
    let list = list.map(|reason| reason.as_ref().clone());
    list.or_else(|| pools.into_iter().find_map(|pool| pool.unknown.as_deref().cloned()))
        .or_else(|| rules.into_iter().find_map(rule))
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
            client_doubts: Vec::new(),
            appliance: None,
        }
    }

    /// Something that may let packets in.
    fn doubtful(via: ResourceId, family: Family, reason: Reason) -> Self {
        Self::open(via, family).doubting(reason)
    }

    /// The same, and less certain.
    fn doubting(mut self, reason: Reason) -> Self {
        self.doubts.push(reason);
        self
    }
}

/// The IP configurations of a NIC, as far as they are known.
fn configurations(nic: &Nic) -> &[IpConfiguration] {
    nic.ip_configurations.as_ref().and_then(Known::value).map(Vec::as_slice).unwrap_or_default()
}

fn not_modelled(estate: &Estate, kind: Kind, id: ResourceId) -> Reason {
    let resource_type = kind.resource_type().to_ascii_lowercase().into();
    Reason::NotModelled { resource_type, id: estate.text(id).into() }
}

/// The ports that a gateway connects to.
fn gateway_ports(gateway: &WebGateway) -> PortSet {
    match &gateway.ports {
        Some(Known::Value(ports)) if !ports.is_empty() => ports.clone(),
        _ => PortSet::all(),
    }
}

/// The addresses of subnets, of each family; any private one where they are not told.
fn seen_from(estate: &Estate, subnets: Option<&Vec<ResourceId>>) -> [MustMay; 2] {
    FAMILIES.map(|family| match subnets {
        Some(subnets) if !subnets.is_empty() => {
            subnets.iter().fold(MustMay::certain(Addresses::empty()), |mut sum, subnet| {
                sum.add(&space_of(estate, *subnet, family));
                sum
            })
        }
        _ => MustMay { must: Addresses::empty(), may: private(family) },
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
