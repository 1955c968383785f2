//! What `az network nic list-effective-nsg` tells: the groups that filter for a NIC, each rule with what
//! its names stand for.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-network/diagnose-network-traffic-filter-problem>.
//! Azure answers for NICs of running VMs only; here the question has an answer for every NIC.

use estate::{
    Access, AddressSpec, Direction, Estate, Family, IpConfiguration, Known, Nic, PortSet, Protocol, Reason,
    ResourceId, SecurityRule, ServiceTag,
};

use crate::addresses::{Addresses, MustMay, of_sets, of_tag, prefixes_of};
use crate::cache::Reach;
use crate::endpoint::{Endpoint, Level};
use crate::rules::{DefaultRule, RuleRef, reason, rule_name};

/// A group that filters for a NIC.
#[derive(Clone, Debug)]
pub struct EffectiveGroup {
    /// The group; none where nobody can tell which it is.
    pub nsg: Option<ResourceId>,
    /// Whether it is the NIC's own or the subnet's.
    pub on_subnet: bool,
    /// Its rules, the group's own and Azure's, as they stand in the order of each direction.
    pub rules: Vec<EffectiveRule>,
    /// Why the group, or what a name stands for, is not known in full.
    pub unknown: Vec<Reason>,
}

/// A rule as it filters.
#[derive(Clone, Debug)]
pub struct EffectiveRule {
    /// `securityRules/…` or `defaultSecurityRules/…`.
    pub name: String,
    /// The protocol.
    pub protocol: Option<Protocol>,
    /// The ports of the source.
    pub source_ports: PortSet,
    /// The ports of the destination.
    pub destination_ports: PortSet,
    /// The source.
    pub source: EffectiveSide,
    /// The destination.
    pub destination: EffectiveSide,
    /// What it does.
    pub access: Option<Access>,
    /// Its place in the order.
    pub priority: Option<u32>,
    /// Which way it looks.
    pub direction: Option<Direction>,
    /// Why some of it is not known.
    pub unknown: Option<Reason>,
}

/// One side of a rule.
#[derive(Clone, Debug, Default)]
pub struct EffectiveSide {
    /// As the rule writes it: prefixes and tags; any address is `0.0.0.0/0`.
    pub prefixes: Vec<String>,
    /// What tags and application security groups in it stand for; empty without such.
    pub expanded: Vec<String>,
}

/// The groups that filter for a NIC, its own first. Its first IP configuration tells the subnet: all of
/// them are in one.
pub fn effective(reach: &Reach<'_>, nic: &Nic) -> Vec<EffectiveGroup> {
    let estate = reach.estate();
    let first = match &nic.ip_configurations {
        Some(Known::Value(all)) => all.first(),
        _ => None,
    };
    let Some(ip) = first else {
        let reason = match &nic.ip_configurations {
            Some(Known::Unknown(reason)) => reason.as_ref().clone(),
            _ => estate.partial(estate::Kind::Nic, nic.id),
        };
        return vec![EffectiveGroup {
            nsg: None,
            on_subnet: false,
            rules: Vec::new(),
            unknown: vec![reason],
        }];
    };
    of_configuration(reach, estate, nic, ip)
}

fn of_configuration(
    reach: &Reach<'_>,
    estate: &Estate,
    nic: &Nic,
    ip: &IpConfiguration,
) -> Vec<EffectiveGroup> {
    let endpoint = Endpoint::new(estate, nic, ip);
    let mut groups = Vec::new();
    for (level, on_subnet) in [(&endpoint.nic_level, false), (&endpoint.subnet_level, true)] {
        match level {
            Level::Open => {}
            Level::Unknown(reason) => groups.push(EffectiveGroup {
                nsg: None,
                on_subnet,
                rules: Vec::new(),
                unknown: vec![reason.as_ref().clone()],
            }),
            Level::Group(id) => groups.push(group(reach, estate, *id, on_subnet, &endpoint)),
        }
    }
    groups
}

fn group(
    reach: &Reach<'_>,
    estate: &Estate,
    id: ResourceId,
    on_subnet: bool,
    endpoint: &Endpoint,
) -> EffectiveGroup {
    let own = match estate.nsg(id).and_then(|nsg| nsg.rules.as_ref()) {
        Some(Known::Value(rules)) => rules.as_slice(),
        _ => &[],
    };
    let mut numbered: Vec<(u32, &SecurityRule)> = (0u32..).zip(own).collect();
    numbered.sort_by_key(|(_, rule)| rule.priority.value().copied());
    let mut rules: Vec<EffectiveRule> = numbered
        .into_iter()
        .map(|(index, rule)| EffectiveRule {
            name: rule_name(estate, id, RuleRef::Own(index)),
            protocol: rule.protocol.value().copied(),
            source_ports: rule.source_ports.ports.clone(),
            destination_ports: rule.destination_ports.ports.clone(),
            source: side(reach, &rule.source, endpoint),
            destination: side(reach, &rule.destination, endpoint),
            access: rule.access.value().copied(),
            priority: rule.priority.value().copied(),
            direction: rule.direction.value().copied(),
            unknown: reason(rule, reach.tags(), None),
        })
        .collect();
    for direction in [Direction::Inbound, Direction::Outbound] {
        rules.extend(DefaultRule::of(direction).into_iter().map(|rule| {
            let (remote, local) = (rule.remote(), rule.local());
            let (source, destination) = match direction {
                Direction::Inbound => (remote, local),
                Direction::Outbound => (local, remote),
            };
            EffectiveRule {
                name: rule_name(estate, id, RuleRef::Default(rule)),
                protocol: Some(Protocol::Any),
                source_ports: PortSet::all(),
                destination_ports: PortSet::all(),
                source: side(reach, &source, endpoint),
                destination: side(reach, &destination, endpoint),
                access: Some(rule.access()),
                priority: Some(rule.priority()),
                direction: Some(direction),
                unknown: None,
            }
        }));
    }
    // What the tag of the network stands for is a part of every answer.
    let unknown = endpoint.network.unknown.as_deref().cloned().into_iter().collect();
    EffectiveGroup { nsg: Some(id), on_subnet, rules, unknown }
}

fn side(reach: &Reach<'_>, spec: &AddressSpec, endpoint: &Endpoint) -> EffectiveSide {
    if spec.any {
        return EffectiveSide { prefixes: vec!["0.0.0.0/0".to_owned()], expanded: Vec::new() };
    }
    let mut side = EffectiveSide::default();
    for family in [Family::V4, Family::V6] {
        side.prefixes.extend(prefixes_of(&of_sets(&spec.v4, &spec.v6, family), family, usize::MAX));
    }
    for tag in &spec.tags {
        side.prefixes.push(match tag {
            ServiceTag::Internet => "Internet".to_owned(),
            ServiceTag::VirtualNetwork => "VirtualNetwork".to_owned(),
            ServiceTag::AzureLoadBalancer => "AzureLoadBalancer".to_owned(),
            ServiceTag::Other(name) => reach.tags().published_name(name).unwrap_or(name).to_owned(),
        });
        // IPv6 addresses are told for the platform's tag only, as in Azure's answers; the network's own are
        // those of the family of the address.
        let families: &[Family] = match tag {
            ServiceTag::AzureLoadBalancer | ServiceTag::Other(_) => &[Family::V4, Family::V6],
            ServiceTag::Internet => &[Family::V4],
            ServiceTag::VirtualNetwork => std::slice::from_ref(&endpoint.family),
        };
        for family in families {
            if matches!(tag, ServiceTag::Other(name) if !reach.tags().holds(name)) {
                continue;
            }
            let set: MustMay =
                of_tag(tag, *family, &endpoint.network.tag, &endpoint.network.own, reach.tags());
            side.expanded.extend(prefixes_of(&set.must, *family, usize::MAX));
        }
    }
    for asg in &spec.asgs {
        let members = reach.facts.names.members.get(asg).into_iter().flatten();
        for family in [Family::V4, Family::V6] {
            let set: Addresses = members
                .clone()
                .filter(|address| Family::of(**address) == family)
                .map(|address| crate::addresses::number(*address))
                .map(|number| estate::Range { first: number, last: number })
                .collect();
            let prefixes = prefixes_of(&set, family, usize::MAX);
            side.prefixes.extend(prefixes.iter().cloned());
        }
    }
    side
}
