//! Azure Firewall: which packets to its public addresses it sends on to whom.
//!
//! Sources: <https://learn.microsoft.com/azure/firewall/rule-processing> (destination translation before
//! network rules; collections by priority, groups of a policy before that),
//! <https://learn.microsoft.com/azure/firewall/firewall-faq>.

use std::fmt::Arguments;
use std::net::IpAddr;

use sonic_rs::Object;

use crate::address::AddressSpec;
use crate::expected::Expected;
use crate::id::{ResourceId, resource_name};
use crate::known::{Field, Known, Reason};
use crate::named::Named;
use crate::network::Space;
use crate::origin::{Origins, Place};
use crate::ports::{PortSet, parse_ports};
use crate::rule::Protocol;
use crate::wire::{Fields, Reader};

/// A firewall.
#[derive(Clone, Debug)]
pub struct Firewall {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// Its public addresses.
    pub public_ips: Field<Vec<ResourceId>>,
    /// Its subnet; none for one in a virtual hub.
    pub subnet: Field<ResourceId>,
    /// The policy that holds its rules; a firewall without one holds them itself.
    pub policy: Field<ResourceId>,
    /// Its own rules (classic).
    pub rules: Field<FirewallRules>,
}

/// A policy that firewalls take their rules from.
#[derive(Clone, Debug)]
pub struct FirewallPolicy {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// Its groups of rules.
    pub groups: Field<Vec<ResourceId>>,
    /// The policy that it is based on. Network rules are inherited and come first
    /// (<https://learn.microsoft.com/azure/firewall/rule-processing>); of translations one page says so and another
    /// (<https://learn.microsoft.com/azure/firewall-manager/policy-overview>) that they are not.
    pub base: Field<ResourceId>,
}

/// A group of rule collections of a firewall policy.
#[derive(Clone, Debug)]
pub struct RuleGroup {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// Its place in the order.
    pub priority: Field<u32>,
    /// Its rules.
    pub rules: Field<FirewallRules>,
}

/// The rules of a firewall that decide what it sends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirewallRules {
    /// Destination translation.
    pub nat: Vec<Dnat>,
    /// Whether it has network rules that deny: these win over what a translation lets in.
    pub denies: bool,
}

/// One rule that translates destinations.
#[derive(Clone, Debug)]
pub struct Dnat {
    /// Its name.
    pub name: Box<str>,
    /// Where it stands.
    pub place: Place,
    /// The place of its collection in the order.
    pub priority: Known<u32>,
    /// Its protocols.
    pub protocols: Known<Vec<Protocol>>,
    /// Who may use it.
    pub source: AddressSpec,
    /// Who may use it, by IP group.
    pub source_groups: Vec<ResourceId>,
    /// The public addresses that it listens on.
    pub destination: AddressSpec,
    /// The ports that it listens on.
    pub ports: Known<PortSet>,
    /// Where it sends packets to.
    pub to: Known<IpAddr>,
    /// The port that it sends them to; none keeps the port.
    pub to_port: Known<Option<u16>>,
}

impl PartialEq for Dnat {
    /// Two rules are equal when they do the same, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.priority == other.priority
            && self.protocols == other.protocols
            && self.source == other.source
            && self.source_groups == other.source_groups
            && self.destination == other.destination
            && self.ports == other.ports
            && self.to == other.to
            && self.to_port == other.to_port
    }
}

impl Eq for Dnat {}

/// A named list of addresses that firewall rules refer to.
#[derive(Clone, Debug)]
pub struct IpGroup {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// Its addresses.
    pub space: Field<Space>,
}

impl Firewall {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let fields = Fields::of(object);
        let at = format_args!("/properties");
        let policy = reader.reference(fields, "firewallPolicy", at);
        let mut public_ips = None;
        let mut subnet = None;
        match reader.array(fields, "ipConfigurations", at) {
            Some(Known::Value(items)) => {
                let mut all = Vec::new();
                let mut unknown = None;
                for (index, item) in items.iter().enumerate() {
                    let at = format_args!("/properties/ipConfigurations/{index}");
                    let Some(object) = reader.element(item, at) else {
                        unknown = Some(Box::new(Reason::Unreadable { field: "ipConfigurations".into() }));
                        continue;
                    };
                    let fields = Fields::of(object);
                    let at = format_args!("{at}/properties");
                    match reader.reference(fields, "publicIPAddress", at) {
                        Some(Known::Value(id)) => all.push(id),
                        Some(Known::Unknown(reason)) => unknown = Some(reason),
                        None => {}
                    }
                    subnet = subnet.or(reader.reference(fields, "subnet", at));
                }
                // One in a virtual hub has none here: its addresses stand elsewhere.
                public_ips = match unknown {
                    Some(reason) => Some(Known::Unknown(reason)),
                    None => (!all.is_empty()).then_some(Known::Value(all)),
                };
            }
            Some(Known::Unknown(reason)) => public_ips = Some(Known::Unknown(reason)),
            None => {}
        }
        let rules = classic(reader, fields);
        Self { id, origins: Origins::one(reader.origin), public_ips, subnet, policy, rules }
    }
}

/// The rules that stand in the firewall itself.
fn classic(reader: &mut Reader<'_>, fields: Fields<'_>) -> Field<FirewallRules> {
    let described = fields.has("natRuleCollections") || fields.has("networkRuleCollections");
    if !described && !fields.is_unknown() {
        return None;
    }
    let mut rules = FirewallRules::default();
    for (list, nat) in [("natRuleCollections", true), ("networkRuleCollections", false)] {
        let items = match reader.array(fields, list, format_args!("/properties")) {
            Some(Known::Value(items)) => items,
            Some(Known::Unknown(reason)) => return Some(Known::Unknown(reason)),
            None => continue,
        };
        for (index, item) in items.iter().enumerate() {
            let at = format_args!("/properties/{list}/{index}");
            let Some(object) = reader.element(item, at) else {
                return Some(Known::unknown(Reason::Unreadable { field: list.into() }));
            };
            collection(reader, object, at, nat, &mut rules);
        }
    }
    Some(Known::Value(rules))
}

/// Reads one collection of rules.
fn collection(
    reader: &mut Reader<'_>,
    object: &Object,
    at: Arguments<'_>,
    nat: bool,
    rules: &mut FirewallRules,
) {
    let fields = Fields::of(object);
    let at = format_args!("{at}/properties");
    if !nat {
        let action = match reader.object(fields, "action", at) {
            Some(Known::Value(action)) => reader.text(Fields::own(action), "type", at),
            _ => None,
        };
        rules.denies |= !matches!(action, Some(Known::Value(kind)) if kind.eq_ignore_ascii_case("allow"));
        return;
    }
    let priority = priority(reader, fields, at)
        .unwrap_or_else(|| Known::unknown(Reason::Unreadable { field: "priority".into() }));
    let items = match reader.array(fields, "rules", at) {
        Some(Known::Value(items)) => items,
        Some(Known::Unknown(reason)) => {
            rules.nat.push(Dnat::unread(
                Place { origin: reader.origin, pointer: at.to_string().into() },
                priority,
                &reason,
            ));
            return;
        }
        None => return,
    };
    for (index, item) in items.iter().enumerate() {
        let at = format_args!("{at}/rules/{index}");
        match reader.element(item, at) {
            Some(object) => rules.nat.push(Dnat::read(reader, object, at, priority.clone())),
            None => {
                let place = Place { origin: reader.origin, pointer: at.to_string().into() };
                let reason = Reason::Unreadable { field: "rules".into() };
                rules.nat.push(Dnat::unread(place, priority.clone(), &reason));
            }
        }
    }
}

fn priority(reader: &mut Reader<'_>, fields: Fields<'_>, at: Arguments<'_>) -> Field<u32> {
    let text = match reader.text_or_number(fields, "priority", at)? {
        Known::Value(text) => text,
        Known::Unknown(reason) => return Some(Known::Unknown(reason)),
    };
    Some(match text.trim().parse() {
        Ok(number) => Known::Value(number),
        Err(_) => reader.bad(at, "priority", &text, Expected::From(100, 65000)),
    })
}

impl FirewallPolicy {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let groups =
            reader.references(Fields::of(object), "ruleCollectionGroups", format_args!("/properties"));
        let base = reader.reference(Fields::of(object), "basePolicy", format_args!("/properties"));
        Self { id, origins: Origins::one(reader.origin), groups, base }
    }
}

impl RuleGroup {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let fields = Fields::of(object);
        let at = format_args!("/properties");
        let priority = priority(reader, fields, at);
        let rules = match reader.array(fields, "ruleCollections", at) {
            None => fields.has("priority").then(|| Known::Value(FirewallRules::default())),
            Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
            Some(Known::Value(items)) => {
                let mut rules = FirewallRules::default();
                for (index, item) in items.iter().enumerate() {
                    let at = format_args!("/properties/ruleCollections/{index}");
                    let place = Place { origin: reader.origin, pointer: at.to_string().into() };
                    let unread = |field: &str| {
                        let reason = Reason::Unreadable { field: field.into() };
                        Dnat::unread(place.clone(), Known::unknown(reason.clone()), &reason)
                    };
                    let Some(object) = reader.element(item, at) else {
                        rules.nat.push(unread("ruleCollections"));
                        continue;
                    };
                    let own = Fields::own(object);
                    let kind = match reader.text(own, "ruleCollectionType", at) {
                        Some(Known::Value(kind)) => kind.to_ascii_lowercase(),
                        _ => String::new(),
                    };
                    let nat = kind.contains("nat") || policy_rules_are(own, "natrule");
                    let network = policy_rules_are(own, "networkrule");
                    if nat || network {
                        collection(reader, object, at, nat, &mut rules);
                    } else if kind.is_empty() || reader.array(own, "rules", at).is_none() {
                        // It does not tell what it is.
                        rules.nat.push(unread("ruleCollectionType"));
                    }
                }
                Some(Known::Value(rules))
            }
        };
        Self { id, origins: Origins::one(reader.origin), priority, rules }
    }
}

/// Whether a collection of a policy holds rules of a type.
fn policy_rules_are(collection: Fields<'_>, wanted: &str) -> bool {
    use sonic_rs::{JsonContainerTrait, JsonValueTrait};
    let rules = collection.raw("rules").and_then(|rules| rules.as_array());
    rules.into_iter().flat_map(|rules| rules.iter()).any(|rule| {
        rule.get("ruleType")
            .and_then(|kind| kind.as_str())
            .is_some_and(|kind| kind.eq_ignore_ascii_case(wanted))
    })
}

impl Dnat {
    /// What stands for rules that cannot be read: any packet may go anywhere by them.
    pub fn unread(place: Place, priority: Known<u32>, reason: &Reason) -> Self {
        let any = || AddressSpec { unreadable: Some(Box::new(reason.clone())), ..AddressSpec::default() };
        Self {
            name: "?".into(),
            place,
            priority,
            protocols: Known::unknown(reason.clone()),
            source: any(),
            source_groups: Vec::new(),
            destination: any(),
            ports: Known::unknown(reason.clone()),
            to: Known::unknown(reason.clone()),
            to_port: Known::unknown(reason.clone()),
        }
    }

    fn read(reader: &mut Reader<'_>, object: &Object, at: Arguments<'_>, priority: Known<u32>) -> Self {
        let fields = Fields::of(object);
        let place = Place { origin: reader.origin, pointer: at.to_string().into() };
        let name = match reader.text(Fields::own(object), "name", at) {
            Some(Known::Value(name)) => name,
            _ => "?",
        };
        let unreadable = |field: &str| Reason::Unreadable { field: field.into() };
        let mut protocols = Vec::new();
        let mut odd = None;
        for list in ["protocols", "ipProtocols"] {
            let unknown = reader.texts(fields, list, at, |reader, index, text| {
                match text.to_ascii_lowercase().as_str() {
                    "tcp" => protocols.push(Protocol::Tcp),
                    "udp" => protocols.push(Protocol::Udp),
                    "any" | "*" => protocols.push(Protocol::Any),
                    "icmp" => protocols.push(Protocol::Icmp),
                    _ => {
                        let at = format_args!("{at}/{list}");
                        let bad: Known<()> =
                            reader.bad(at, &index.to_string(), text, Expected::OneOf(&["TCP", "UDP", "Any"]));
                        odd = match bad {
                            Known::Unknown(reason) => Some(reason),
                            Known::Value(()) => None,
                        };
                    }
                }
            });
            odd = odd.or(unknown);
        }
        let protocols = match odd {
            Some(reason) => Known::Unknown(reason),
            None if protocols.is_empty() => Known::unknown(unreadable("protocols")),
            None => Known::Value(protocols),
        };
        let mut ports = Vec::new();
        let mut bad_port = None;
        let unknown =
            reader.texts(fields, "destinationPorts", at, |reader, index, text| match parse_ports(text) {
                Some(range) => ports.push(range),
                None => {
                    let at = format_args!("{at}/destinationPorts");
                    let bad: Known<()> = reader.bad(at, &index.to_string(), text, Expected::Ports);
                    if let Known::Unknown(reason) = bad {
                        bad_port = Some(reason);
                    }
                }
            });
        let ports = match unknown.or(bad_port) {
            Some(reason) => Known::Unknown(reason),
            None if ports.is_empty() => Known::unknown(unreadable("destinationPorts")),
            None => Known::Value(ports.into_iter().collect()),
        };
        let to = match reader.text(fields, "translatedAddress", at) {
            Some(Known::Value(text)) => match text.trim().parse() {
                Ok(address) => Known::Value(address),
                Err(_) => reader.bad(at, "translatedAddress", text, Expected::Address),
            },
            Some(Known::Unknown(reason)) => Known::Unknown(reason),
            // By name: nobody can tell from the input which address that is.
            None => Known::unknown(Reason::Stated { reason: "translatedFqdn".into() }),
        };
        let to_port = match reader.text_or_number(fields, "translatedPort", at) {
            None => Known::Value(None),
            Some(Known::Value(text)) if text.trim().is_empty() => Known::Value(None),
            Some(Known::Value(text)) => match text.trim().parse() {
                Ok(port) => Known::Value(Some(port)),
                Err(_) => reader.bad(at, "translatedPort", &text, Expected::From(1, 65535)),
            },
            Some(Known::Unknown(reason)) => Known::Unknown(reason),
        };
        let mut source = addresses(reader, fields, "sourceAddresses", at);
        let mut source_groups = Vec::new();
        let unknown = reader.texts(fields, "sourceIpGroups", at, |reader, _, text| {
            source_groups.push(reader.ids.intern(text, crate::id::Use::Reference));
        });
        source.unreadable = source.unreadable.or(unknown);
        if source.names_nothing() && source_groups.is_empty() {
            source.unreadable = Some(Box::new(unreadable("sourceAddresses")));
        }
        let mut destination = addresses(reader, fields, "destinationAddresses", at);
        if destination.names_nothing() {
            destination.unreadable = Some(Box::new(unreadable("destinationAddresses")));
        }
        Self {
            name: name.into(),
            place,
            priority,
            protocols,
            source,
            source_groups,
            destination,
            ports,
            to,
            to_port,
        }
    }
}

/// A list of addresses, prefixes, ranges and service tags.
fn addresses(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    name: &'static str,
    at: Arguments<'_>,
) -> AddressSpec {
    let mut named = Named::default();
    let unknown = reader.texts(fields, name, at, |reader, index, text| match dashed(text) {
        Some(range) => named.v4.push(range),
        None => named.take(reader, name, format_args!("{at}/{name}/{index}"), text),
    });
    named.unreadable = named.unreadable.or(unknown);
    named.spec()
}

/// `10.0.0.1-10.0.0.9`, as firewalls write ranges.
fn dashed(text: &str) -> Option<crate::ranges::Range<u32>> {
    let (first, last) = text.split_once('-')?;
    let address =
        |text: &str| text.trim().parse::<std::net::Ipv4Addr>().ok().map(std::net::Ipv4Addr::to_bits);
    let (first, last) = (address(first)?, address(last)?);
    (first <= last).then_some(crate::ranges::Range { first, last })
}

impl IpGroup {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let fields = Fields::of(object);
        let spec = addresses(reader, fields, "ipAddresses", format_args!("/properties"));
        let space = match spec.unreadable {
            Some(reason) => Some(Known::Unknown(reason)),
            None if !fields.has("ipAddresses") => None,
            None => Some(Known::Value(Space { v4: spec.v4, v6: spec.v6 })),
        };
        Self { id, origins: Origins::one(reader.origin), space }
    }

    /// Its name, from its id.
    pub fn name<'e>(&self, estate: &'e crate::model::Estate) -> &'e str {
        resource_name(estate.text(self.id))
    }
}
