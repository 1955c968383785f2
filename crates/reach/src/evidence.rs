//! Checks a claim that a packet from the internet gets to a VM, by the plain evaluator alone.
//!
//! INVARIANT: nothing here asks the symbolic answers: two ways of knowing are held against each other.

use std::net::IpAddr;

use estate::{
    Access, AddressSpec, AdminAccess, Direction, Dnat, Estate, Family, Firewall, Forward, Front,
    IpConfiguration, Known, LoadBalancer, Nic, PortSet, Protocol, ResourceId, ServiceTag, Sku, resource_name,
};

use crate::addresses::{address, internet, number, of_space};
use crate::endpoint::{Endpoint, Level};
use crate::packet::{Packet, Protocols};
use crate::plain::{walk, walk_admin};
use crate::rules::rule_name;
use crate::tags::Tags;

/// A claim.
#[derive(Clone, Debug)]
pub struct Claim<'c> {
    /// The VM.
    pub vm: ResourceId,
    /// The public address that it is reached by, or what has one.
    pub via: ResourceId,
    /// What forwards on the way, and the name of its rule.
    pub through: Option<(ResourceId, &'c str)>,
    /// The packet: from the client, to the VM's own port.
    pub packet: Packet,
    /// Where it goes to; none where the address is not assigned.
    pub to: Option<IpAddr>,
    /// The rules that let it through: level, group, name.
    pub decided_by: Vec<(&'c str, ResourceId, &'c str)>,
}

/// Why a claim does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// No NIC of the VM has the public address, or nothing forwards to it as is claimed.
    NoSuchWay,
    /// The VM's address is another one.
    OtherAddress,
    /// The packet does not come from the internet.
    NotFromInternet,
    /// A Standard public address without any group lets nothing in.
    ClosedBySku,
    /// Nobody can tell what a level does with the packet.
    Unknown {
        /// `admin`, `subnet` or `nic`; or what is on the way.
        level: &'static str,
    },
    /// A level drops the packet.
    Denied {
        /// `admin`, `subnet` or `nic`; or what is on the way.
        level: &'static str,
        /// The rule that does.
        rule: String,
    },
    /// A level lets the packet through by another rule than the claim says.
    OtherRule {
        /// `admin`, `subnet` or `nic`; or what is on the way.
        level: &'static str,
        /// The rule that does; empty without a group.
        rule: String,
    },
}

/// How a packet comes to the groups of an address.
struct Arrival<'e> {
    nic: &'e Nic,
    ip: &'e IpConfiguration,
    /// The addresses that the groups see it come from.
    sources: Vec<IpAddr>,
    /// The SKU that decides where no group looks; none where it is a matter of the groups alone.
    sku: Option<Option<Sku>>,
    /// Whether the groups see another destination than the VM's address.
    floating: bool,
}

/// Whether a claim holds in an estate.
///
/// # Errors
///
/// The first reason why it does not.
pub fn verify(estate: &Estate, tags: &Tags, claim: &Claim<'_>) -> Result<(), Doubt> {
    let arrival = arrive(estate, tags, claim)?;
    let mut endpoint = Endpoint::new(estate, arrival.nic, arrival.ip);
    if endpoint.address != claim.to {
        return Err(Doubt::OtherAddress);
    }
    let from = number(claim.packet.remote);
    let outside = Family::of(claim.packet.remote) == endpoint.family
        && internet(endpoint.family).contains(from)
        && !endpoint.network.own.contains(from);
    if !outside {
        return Err(Doubt::NotFromInternet);
    }
    if arrival.floating {
        (endpoint.address, endpoint.subnet) = (None, None);
    }
    // Without an address of its own it may get any of its subnet: the packet has to get through to each.
    let subnet = endpoint.subnet.as_ref().filter(|_| endpoint.address.is_none());
    let any =
        subnet.into_iter().flat_map(|subnet| subnet.ranges()).flat_map(|range| range.first..=range.last);
    let mut endpoints: Vec<Endpoint> = any
        .take(WALKED)
        .map(|number| Endpoint { address: Some(address(endpoint.family, number)), ..endpoint.clone() })
        .collect();
    if endpoints.is_empty() {
        endpoints.push(endpoint.clone());
    }
    for source in &arrival.sources {
        let packet = Packet { remote: *source, ..claim.packet };
        for endpoint in &endpoints {
            guards(estate, tags, claim, endpoint, &packet)?;
        }
    }
    let unguarded = [&endpoint.subnet_level, &endpoint.nic_level].iter().all(|level| **level == Level::Open);
    match arrival.sku {
        Some(Some(Sku::Standard)) if unguarded => Err(Doubt::ClosedBySku),
        Some(None) if unguarded => Err(Doubt::Unknown { level: "public-ip" }),
        _ => Ok(()),
    }
}

/// Walks the admin rules and the groups.
fn guards(
    estate: &Estate,
    tags: &Tags,
    claim: &Claim<'_>,
    endpoint: &Endpoint,
    packet: &Packet,
) -> Result<(), Doubt> {
    let members = |asg, address| is_member(estate, endpoint, asg, address);
    let said = |name: &str| claim.decided_by.iter().find(|(its, ..)| *its == name);
    let rules: Vec<_> = estate.admin_rules.iter().collect();
    let admin = walk_admin(&rules, estate, Direction::Inbound, endpoint, packet, &members, tags);
    match admin {
        None => return Err(Doubt::Unknown { level: "admin" }),
        Some(Some(AdminAccess::Deny)) => {
            return Err(Doubt::Denied { level: "admin", rule: "Deny".to_owned() });
        }
        // Delivered: the groups are not asked.
        Some(Some(AdminAccess::AlwaysAllow)) => return Ok(()),
        Some(Some(AdminAccess::Allow) | None) => {}
    }
    if said("admin").is_some() {
        return Err(Doubt::OtherRule { level: "admin", rule: String::new() });
    }
    for (name, level) in [("subnet", &endpoint.subnet_level), ("nic", &endpoint.nic_level)] {
        let said = said(name);
        let id = match level {
            Level::Open => match said {
                None => continue,
                Some(_) => return Err(Doubt::OtherRule { level: name, rule: String::new() }),
            },
            Level::Unknown(_) => return Err(Doubt::Unknown { level: name }),
            Level::Group(id) => *id,
        };
        let Some(Known::Value(rules)) = estate.nsg(id).and_then(|nsg| nsg.rules.as_ref()) else {
            return Err(Doubt::Unknown { level: name });
        };
        let verdict = walk(rules, Direction::Inbound, endpoint, packet, &members, tags);
        let (Some(access), [rule]) = (verdict.access, verdict.rules.as_slice()) else {
            return Err(Doubt::Unknown { level: name });
        };
        let rule = rule_name(estate, id, *rule);
        if access == Access::Deny {
            return Err(Doubt::Denied { level: name, rule });
        }
        if said.is_none_or(|(_, group, its)| *group != id || *its != rule) {
            return Err(Doubt::OtherRule { level: name, rule });
        }
    }
    Ok(())
}

/// The IP configurations of the VM.
fn addresses(estate: &Estate, vm: ResourceId) -> impl Iterator<Item = (&Nic, &IpConfiguration)> {
    let nics = estate.vm(vm).into_iter().flat_map(|vm| &vm.nics).filter_map(|id| estate.nic(*id));
    let model = estate.scale_set(vm).and_then(|set| set.model.as_ref()?.value());
    nics.chain(model.into_iter().flat_map(|model| &model.nics)).flat_map(|nic| {
        let all = nic.ip_configurations.as_ref().and_then(Known::value).into_iter().flatten();
        all.map(move |ip| (nic, ip))
    })
}

/// The way that the claim names.
fn arrive<'e>(estate: &'e Estate, tags: &Tags, claim: &Claim<'_>) -> Result<Arrival<'e>, Doubt> {
    let arrival = |(nic, ip), sku, floating| Arrival {
        nic,
        ip,
        sources: vec![claim.packet.remote],
        sku: Some(sku),
        floating,
    };
    let Some((forwarder, name)) = claim.through else {
        let has = |ip: &IpConfiguration| matches!(&ip.public_ip, Some(Known::Value(id)) if *id == claim.via);
        let found = addresses(estate, claim.vm).find(|(_, ip)| has(ip)).ok_or(Doubt::NoSuchWay)?;
        let sku = estate.public_ip(claim.via).and_then(|record| record.sku.as_ref()?.value().copied());
        return Ok(arrival(found, sku, false));
    };
    if let Some(balancer) = estate.load_balancer(forwarder) {
        let rule = rule_of(estate, balancer, name).ok_or(Doubt::NoSuchWay)?;
        let front = front_of(balancer, rule).ok_or(Doubt::NoSuchWay)?;
        if !matches!(front, Front::Public(id) | Front::Prefix(id) if *id == claim.via) {
            return Err(Doubt::NoSuchWay);
        }
        let found = behind(estate, claim, rule, claim.packet.local_port).ok_or(Doubt::NoSuchWay)?;
        let floating = rule.floating != Known::Value(false);
        let sku = balancer.sku.as_ref().map_or(Some(Sku::Basic), |sku| sku.value().copied());
        return Ok(arrival(found, sku, floating));
    }
    let firewall = estate.firewall(forwarder).ok_or(Doubt::NoSuchWay)?;
    let rules = translations(estate, firewall).ok_or(Doubt::Unknown { level: "firewall" })?;
    // The first rule that takes the packet has to be the one that is claimed, for a port at least that it
    // listens on: which of them the packet came to is told by where it went.
    let claimed = rules.iter().position(|rule| &*rule.name == name).ok_or(Doubt::NoSuchWay)?;
    let rule = rules.get(claimed).ok_or(Doubt::NoSuchWay)?;
    let mut left = rule.ports.value().ok_or(Doubt::NoSuchWay)?.clone();
    for earlier in rules.iter().take(claimed) {
        if takes(estate, tags, earlier, claim) && listens(estate, tags, earlier, rule, claim) {
            let taken = earlier.ports.value().cloned().unwrap_or_else(PortSet::all);
            left = left.difference(&taken);
            if left.is_empty() {
                return Err(Doubt::OtherRule { level: "firewall", rule: earlier.name.to_string() });
            }
        }
    }
    if !takes(estate, tags, rule, claim) {
        return Err(Doubt::Denied { level: "firewall", rule: rule.name.to_string() });
    }
    let to = *rule.to.value().ok_or(Doubt::Unknown { level: "firewall" })?;
    let to_port = match &rule.to_port {
        Known::Value(Some(port)) => Some(*port),
        Known::Value(None) => None,
        Known::Unknown(_) => return Err(Doubt::Unknown { level: "firewall" }),
    };
    let direct = addresses(estate, claim.vm).find(|(_, ip)| {
        matches!(&ip.address, Some(Known::Value(its)) if *its == to)
            && to_port.is_none_or(|port| port == claim.packet.local_port)
    });
    let direct = direct.map(|found| (found, false));
    let found = direct.or_else(|| {
        let all = estate.load_balancers.iter().flat_map(|balancer| {
            let rules = [&balancer.rules, &balancer.nat_rules].into_iter().flatten();
            rules.filter_map(Known::value).flatten().map(move |rule| (balancer, rule))
        });
        all.filter(|(balancer, rule)| {
            matches!(front_of(balancer, rule), Some(Front::Private { address: Some(Known::Value(its)), .. }) if *its == to)
                && to_port.is_none_or(|port| rule.frontend_ports.value().is_some_and(|ports| ports.contains(port)))
        })
        .find_map(|(_, rule)| {
            let found = behind(estate, claim, rule, claim.packet.local_port)?;
            Some((found, rule.floating != Known::Value(false)))
        })
    });
    let ((nic, ip), floating) = found.ok_or(Doubt::NoSuchWay)?;
    // The packet goes on from an address of the firewall's subnet: every one of them has to get through.
    let subnet = firewall.subnet.as_ref().and_then(Known::value).and_then(|id| estate.subnet(*id));
    let space = subnet
        .and_then(|subnet| subnet.space.as_ref()?.value())
        .ok_or(Doubt::Unknown { level: "firewall" })?;
    let family = Family::of(to);
    let set = of_space(space, family);
    let every = set.ranges().iter().flat_map(|range| range.first..=range.last);
    let sources: Vec<IpAddr> = every.take(WALKED).map(|number| address(family, number)).collect();
    Ok(Arrival { nic, ip, sources, sku: None, floating })
}

/// How many addresses of a subnet are walked: one for a firewall is a /26 mostly.
const WALKED: usize = 1024;

fn rule_of<'e>(estate: &Estate, balancer: &'e LoadBalancer, name: &str) -> Option<&'e Forward> {
    let rules = [&balancer.rules, &balancer.nat_rules].into_iter().flatten();
    rules.filter_map(Known::value).flatten().find(|rule| resource_name(estate.text(rule.id)) == name)
}

fn front_of<'e>(balancer: &'e LoadBalancer, rule: &Forward) -> Option<&'e Front> {
    let id = rule.frontend.value()?;
    let frontends = balancer.frontends.as_ref()?.value()?;
    frontends.iter().find(|frontend| frontend.id == *id)?.front.value()
}

/// The address of the VM that a rule of a load balancer leads to with this port.
fn behind<'e>(
    estate: &'e Estate,
    claim: &Claim<'_>,
    rule: &Forward,
    port: u16,
) -> Option<(&'e Nic, &'e IpConfiguration)> {
    let protocol = match rule.protocol.value()? {
        Protocol::Any => Protocols::TCP.or(Protocols::UDP),
        one => Protocols::of(*one),
    };
    if !protocol.contains(claim.packet.protocol) {
        return None;
    }
    let ports = rule.backend_ports.value()?;
    if port < ports.first || port > ports.last {
        return None;
    }
    addresses(estate, claim.vm).find(|(_, ip)| {
        let Known::Value(parts) = &ip.forwarded_by else { return false };
        parts.contains(&rule.id) || rule.pools.value().into_iter().flatten().any(|pool| parts.contains(pool))
    })
}

/// The translations of a firewall in the order in which it looks at them.
fn translations<'e>(estate: &'e Estate, firewall: &'e Firewall) -> Option<Vec<&'e Dnat>> {
    let mut all: Vec<(Option<u32>, &Dnat)> = Vec::new();
    match &firewall.policy {
        None => all.extend(firewall.rules.as_ref()?.value()?.nat.iter().map(|rule| (Some(0), rule))),
        Some(policy) => {
            let prefix = format!("{}/", estate.text(*policy.value()?).to_ascii_lowercase());
            for group in &estate.rule_groups {
                if estate.text(group.id).to_ascii_lowercase().starts_with(&prefix) {
                    let priority = group.priority.as_ref().and_then(|known| known.value().copied());
                    all.extend(group.rules.as_ref()?.value()?.nat.iter().map(|rule| (priority, rule)));
                }
            }
        }
    }
    all.sort_by_key(|(group, rule)| (*group, rule.priority.value().copied()));
    Some(all.into_iter().map(|(_, rule)| rule).collect())
}

/// Whether a translation listens on the address that the claim names; where that is not told, on all that the claimed
/// rule does.
fn listens(estate: &Estate, tags: &Tags, earlier: &Dnat, rule: &Dnat, claim: &Claim<'_>) -> bool {
    let address = estate.public_ip(claim.via).and_then(|record| record.address.as_ref()?.value());
    match address {
        Some(address) => names(&earlier.destination, tags, *address),
        None => earlier.destination == rule.destination,
    }
}

/// Whether a translation takes packets of the client.
fn takes(estate: &Estate, tags: &Tags, rule: &Dnat, claim: &Claim<'_>) -> bool {
    let protocols = rule.protocols.value().into_iter().flatten();
    protocols.into_iter().any(|one| Protocols::of(*one).contains(claim.packet.protocol))
        && (names(&rule.source, tags, claim.packet.remote)
            || rule.source_groups.iter().any(|group| {
                let space = estate.ip_group(*group).and_then(|group| group.space.as_ref()?.value());
                space.is_some_and(|space| {
                    of_space(space, Family::of(claim.packet.remote)).contains(number(claim.packet.remote))
                })
            }))
}

fn names(spec: &AddressSpec, tags: &Tags, address: IpAddr) -> bool {
    let family = Family::of(address);
    let held = match address {
        IpAddr::V4(address) => spec.v4.contains(address.to_bits()),
        IpAddr::V6(address) => spec.v6.contains(address.to_bits()),
    };
    spec.any
        || held
        || spec.tags.iter().any(|tag| match tag {
            ServiceTag::Internet => internet(family).contains(number(address)),
            ServiceTag::Other(name) => {
                tags.in_family(name, family).is_some_and(|set| set.contains(number(address)))
            }
            ServiceTag::VirtualNetwork | ServiceTag::AzureLoadBalancer => false,
        })
}

/// Whether an address is that of a member of an application security group. A member that the input does not
/// hold may have any address inside the network.
fn is_member(estate: &Estate, endpoint: &Endpoint, asg: ResourceId, of: IpAddr) -> Option<bool> {
    let told = estate.nics.iter().any(|nic| {
        let Some(Known::Value(all)) = &nic.ip_configurations else { return false };
        all.iter().any(|ip| {
            let named = matches!(&ip.asgs, Known::Value(asgs) if asgs.contains(&asg));
            named && matches!(&ip.address, Some(Known::Value(its)) if *its == of)
        })
    });
    let inside =
        endpoint.network.tag.may.contains(number(of)) && !internet(Family::of(of)).contains(number(of));
    match (told, inside) {
        (true, _) => Some(true),
        (false, true) => None,
        (false, false) => Some(false),
    }
}
