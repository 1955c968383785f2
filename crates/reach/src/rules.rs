//! Rules as a group applies them to one endpoint: the ones of the group, then Azure's own.

use std::sync::Arc;

use estate::{
    Access, AddressSpec, Bound, Direction, Estate, Family, Known, PortSet, PortSpec, RangeSet, Reason,
    ResourceId, SecurityRule, ServiceTag,
};

use crate::addresses::{Addresses, MustMay, everything, of_sets, of_tag};
use crate::endpoint::{Endpoint, Tri};
use crate::packet::Protocols;
use crate::tags::Tags;

/// Azure's default rules. They stand in every group, after all others, and cannot be removed.
///
/// Source: <https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefaultRule {
    /// 65000: the network to itself.
    AllowVnetInBound,
    /// 65001: health probes.
    AllowAzureLoadBalancerInBound,
    /// 65500: nothing else.
    DenyAllInBound,
    /// 65000: the network to itself.
    AllowVnetOutBound,
    /// 65001: everything to the internet.
    AllowInternetOutBound,
    /// 65500: nothing else.
    DenyAllOutBound,
}

impl DefaultRule {
    /// The default rules of a direction, in their order.
    pub fn of(direction: Direction) -> [Self; 3] {
        match direction {
            Direction::Inbound => {
                [Self::AllowVnetInBound, Self::AllowAzureLoadBalancerInBound, Self::DenyAllInBound]
            }
            Direction::Outbound => {
                [Self::AllowVnetOutBound, Self::AllowInternetOutBound, Self::DenyAllOutBound]
            }
        }
    }

    /// The name as Azure's API spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AllowVnetInBound => "AllowVnetInBound",
            Self::AllowAzureLoadBalancerInBound => "AllowAzureLoadBalancerInBound",
            Self::DenyAllInBound => "DenyAllInBound",
            Self::AllowVnetOutBound => "AllowVnetOutBound",
            Self::AllowInternetOutBound => "AllowInternetOutBound",
            Self::DenyAllOutBound => "DenyAllOutBound",
        }
    }

    /// Its place in the order.
    pub fn priority(self) -> u32 {
        match self {
            Self::AllowVnetInBound | Self::AllowVnetOutBound => 65000,
            Self::AllowAzureLoadBalancerInBound | Self::AllowInternetOutBound => 65001,
            Self::DenyAllInBound | Self::DenyAllOutBound => 65500,
        }
    }

    /// What it does.
    pub fn access(self) -> Access {
        match self {
            Self::DenyAllInBound | Self::DenyAllOutBound => Access::Deny,
            _ => Access::Allow,
        }
    }

    /// The addresses of the other side.
    pub(crate) fn remote(self) -> AddressSpec {
        match self {
            Self::AllowVnetInBound | Self::AllowVnetOutBound => AddressSpec::tag(ServiceTag::VirtualNetwork),
            Self::AllowAzureLoadBalancerInBound => AddressSpec::tag(ServiceTag::AzureLoadBalancer),
            Self::AllowInternetOutBound => AddressSpec::tag(ServiceTag::Internet),
            Self::DenyAllInBound | Self::DenyAllOutBound => AddressSpec::any(),
        }
    }

    /// The addresses of this side.
    pub(crate) fn local(self) -> AddressSpec {
        match self {
            Self::AllowVnetInBound | Self::AllowVnetOutBound => AddressSpec::tag(ServiceTag::VirtualNetwork),
            _ => AddressSpec::any(),
        }
    }
}

/// A rule of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleRef {
    /// The rule with this number among the group's own.
    Own(u32),
    /// One of Azure's.
    Default(DefaultRule),
    /// The security admin rule with this number in the estate. It stands in no group.
    Admin(u32),
}

/// The name of a rule as Azure's answers write it: `securityRules/…`, `defaultSecurityRules/…`.
pub fn rule_name(estate: &Estate, nsg: ResourceId, rule: RuleRef) -> String {
    match rule {
        RuleRef::Default(rule) => format!("defaultSecurityRules/{}", rule.name()),
        RuleRef::Admin(index) => {
            let name = estate.admin_rules.get(index as usize).map_or("?", |admin| &*admin.rule.name);
            format!("securityAdminRules/{name}")
        }
        RuleRef::Own(index) => {
            let rules = estate.nsg(nsg).and_then(|nsg| nsg.rules.as_ref()?.value());
            let name = rules.and_then(|rules| rules.get(index as usize)).map_or("?", |rule| &*rule.name);
            format!("securityRules/{name}")
        }
    }
}

/// What a rule does, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleAccess {
    /// It lets through.
    Allow,
    /// It drops.
    Deny,
    /// It does one or the other.
    Unknown,
}

/// A rule made ready for one direction and one endpoint.
pub(crate) struct Compiled {
    pub(crate) rule: RuleRef,
    /// `None` when the rule may stand anywhere in the order.
    pub(crate) priority: Option<u32>,
    pub(crate) access: RuleAccess,
    /// Whether all but protocol, ports and remote address certainly matches.
    pub(crate) certain: bool,
    pub(crate) protocols_must: Protocols,
    pub(crate) protocols_may: Protocols,
    pub(crate) remote: MustMay,
    pub(crate) remote_ports: Ports,
    pub(crate) local_ports: Ports,
}

/// Where no security admin rule decides: the groups do, as after a rule that allows.
pub(crate) const NO_ADMIN_RULE: RuleRef = RuleRef::Admin(u32::MAX);

impl Compiled {
    /// What stands after all security admin rules.
    pub(crate) fn no_admin_rule(endpoint: &Endpoint) -> Self {
        Self {
            rule: NO_ADMIN_RULE,
            priority: Some(u32::MAX),
            access: RuleAccess::Allow,
            certain: true,
            protocols_must: Protocols::ALL,
            protocols_may: Protocols::ALL,
            remote: MustMay::certain(everything(endpoint.family)),
            remote_ports: Ports::any(),
            local_ports: Ports::any(),
        }
    }
}

/// Ports that a rule certainly names, and those that it may.
pub(crate) struct Ports {
    pub(crate) must: PortSet,
    pub(crate) may: PortSet,
}

impl Ports {
    fn of(spec: &PortSpec) -> Self {
        let may = if spec.unreadable.is_some() { PortSet::all() } else { spec.ports.clone() };
        Self { must: spec.ports.clone(), may }
    }

    pub(crate) fn any() -> Self {
        Self { must: PortSet::all(), may: PortSet::all() }
    }
}

/// What names on the other side stand for.
pub(crate) struct Names {
    /// The members of application security groups.
    pub(crate) members: hashbrown::HashMap<ResourceId, Vec<std::net::IpAddr>>,
    /// The published list of service tags.
    pub(crate) tags: Arc<Tags>,
}

/// Makes the rules of a group ready, in the order in which they are looked at: of its own rules those that may look at
/// some of `others`, where these are told.
pub(crate) fn compile(
    rules: &[SecurityRule],
    direction: Direction,
    endpoint: &Endpoint,
    names: &Names,
    others: Option<&Addresses>,
) -> Vec<Compiled> {
    let looks = |rule: &SecurityRule| {
        let remote = match direction {
            Direction::Inbound => &rule.source,
            Direction::Outbound => &rule.destination,
        };
        others.is_none_or(|others| may_be_among(remote, others, endpoint.family))
    };
    let own = (0u32..)
        .zip(rules)
        .filter(|(_, rule)| looks(rule))
        .filter_map(|(index, rule)| compile_one(rule, RuleRef::Own(index), direction, endpoint, names));
    let defaults = DefaultRule::of(direction).into_iter().map(|rule| Compiled {
        rule: RuleRef::Default(rule),
        priority: Some(rule.priority()),
        access: match rule.access() {
            Access::Allow => RuleAccess::Allow,
            Access::Deny => RuleAccess::Deny,
        },
        certain: true,
        protocols_must: Protocols::ALL,
        protocols_may: Protocols::ALL,
        remote: remote_addresses(&rule.remote(), endpoint, names),
        remote_ports: Ports::any(),
        local_ports: Ports::any(),
    });
    let mut all: Vec<_> = own.chain(defaults).collect();
    // Rules of unknown priority come first: each of them may decide before any other.
    all.sort_by_key(|rule| rule.priority);
    all
}

/// Makes one rule ready; `None` for one that certainly does not look at the endpoint.
pub(crate) fn compile_one(
    rule: &SecurityRule,
    name: RuleRef,
    direction: Direction,
    endpoint: &Endpoint,
    names: &Names,
) -> Option<Compiled> {
    let looks_here = match &rule.direction {
        Known::Value(its) if *its != direction => return None,
        Known::Value(_) => Tri::Yes,
        Known::Unknown(_) => Tri::Maybe,
    };
    let sides = (&rule.source, &rule.source_ports, &rule.destination, &rule.destination_ports);
    let (remote, remote_ports, local, local_ports) = match direction {
        Direction::Inbound => sides,
        Direction::Outbound => (sides.2, sides.3, sides.0, sides.1),
    };
    let mut here = looks_here.min(endpoint.is_in(local));
    if endpoint.anywhere && here == Tri::Maybe && local.unreadable.is_none() {
        let several = !local.asgs.is_empty() || local.v4.count() + local.v6.count() > 1;
        here = looks_here.min(Tri::from(several && rule.access == Known::Value(Access::Allow)));
    }
    if here == Tri::No {
        return None;
    }
    let priority = rule.priority.value().copied();
    let (protocols_must, protocols_may) = match &rule.protocol {
        Known::Value(protocol) => (Protocols::of(*protocol), Protocols::of(*protocol)),
        Known::Unknown(_) => (Protocols::NONE, Protocols::ALL),
    };
    Some(Compiled {
        rule: name,
        priority,
        access: match &rule.access {
            Known::Value(Access::Allow) => RuleAccess::Allow,
            Known::Value(Access::Deny) => RuleAccess::Deny,
            Known::Unknown(_) => RuleAccess::Unknown,
        },
        certain: here == Tri::Yes && priority.is_some(),
        protocols_must,
        protocols_may,
        remote: remote_addresses(remote, endpoint, names),
        remote_ports: Ports::of(remote_ports),
        local_ports: Ports::of(local_ports),
    })
}

/// Whether what a rule names may be some of these addresses: quicker than to make the rule ready.
fn may_be_among(spec: &AddressSpec, others: &Addresses, family: Family) -> bool {
    let named = match family {
        Family::V4 => any_among(&spec.v4, others),
        Family::V6 => any_among(&spec.v6, others),
    };
    named || spec.any || !spec.tags.is_empty() || !spec.asgs.is_empty() || spec.unreadable.is_some()
}

fn any_among<T: Bound + Into<u128>>(set: &RangeSet<T>, others: &Addresses) -> bool {
    let others = others.ranges();
    set.ranges().iter().any(|range| {
        let (first, last) = (range.first.into(), range.last.into());
        let at = others.partition_point(|other| other.last < first);
        others.get(at).is_some_and(|other| other.first <= last)
    })
}

/// The addresses on the other side that a rule names.
fn remote_addresses(spec: &AddressSpec, endpoint: &Endpoint, names: &Names) -> MustMay {
    let family = endpoint.family;
    if spec.any {
        return MustMay::certain(everything(family));
    }
    let mut all = MustMay::certain(of_sets(&spec.v4, &spec.v6, family));
    for tag in &spec.tags {
        all.add(&of_tag(tag, family, &endpoint.network.tag, &endpoint.network.own, &names.tags));
    }
    for asg in &spec.asgs {
        // All members of a group are in one network; those that the input does not hold may have
        // any address there.
        let known: Addresses = names
            .members
            .get(asg)
            .into_iter()
            .flatten()
            .filter(|address| estate::Family::of(**address) == family)
            .map(|address| crate::addresses::number(*address))
            .map(|number| estate::Range { first: number, last: number })
            .collect();
        let may = known.union(&endpoint.network.tag.may.difference(crate::addresses::internet(family)));
        all.add(&MustMay { must: known, may });
    }
    if spec.unreadable.is_some() {
        all.may = everything(family);
    }
    all
}

/// Why it is not known in full what a rule does, and what it does to an endpoint.
pub(crate) fn reason(rule: &SecurityRule, tags: &Tags, endpoint: Option<&Endpoint>) -> Option<Reason> {
    fn of<T>(field: &Known<T>) -> Option<&Reason> {
        match field {
            Known::Unknown(reason) => Some(reason),
            Known::Value(_) => None,
        }
    }
    let unreadable = [
        of(&rule.priority),
        of(&rule.direction),
        of(&rule.access),
        of(&rule.protocol),
        rule.source.unreadable.as_deref(),
        rule.destination.unreadable.as_deref(),
        rule.source_ports.unreadable.as_deref(),
        rule.destination_ports.unreadable.as_deref(),
    ];
    if let Some(reason) = unreadable.into_iter().flatten().next() {
        return Some(reason.clone());
    }
    let tag = rule.source.tags.iter().chain(&rule.destination.tags).find_map(|tag| match tag {
        ServiceTag::Other(name) if !tags.holds(name) => Some(Reason::ServiceTag { tag: name.clone() }),
        _ => None,
    });
    tag.or_else(|| {
        let endpoint = endpoint?;
        let (local, remote) = match rule.direction.value()? {
            Direction::Inbound => (&rule.destination, &rule.source),
            Direction::Outbound => (&rule.source, &rule.destination),
        };
        // Not all members of an application security group need be in the input.
        if endpoint.is_in(local) == Tri::Maybe || !remote.asgs.is_empty() {
            return Some(Reason::NoAddress);
        }
        let network = remote.tags.contains(&ServiceTag::VirtualNetwork);
        endpoint.network.unknown.as_deref().filter(|_| network).cloned()
    })
}
