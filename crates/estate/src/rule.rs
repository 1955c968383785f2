//! Network security groups and their rules, parsed once.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview>

use std::fmt::Arguments;
use std::ops::RangeInclusive;

use sonic_rs::{JsonValueTrait, Object, Value};

use crate::address::AddressSpec;
use crate::expected::Expected;
use crate::id::{ResourceId, Use, resource_name};
use crate::known::{Field, Known, Reason};
use crate::named::Named;
use crate::origin::{Origin, Origins, Place};
use crate::ports::{PortSpec, parse_ports};
use crate::problem::ProblemKind;
use crate::ranges::Range;
use crate::tags::Tags;
use crate::wire::{Fields, Reader, SHOWN};

/// Which way a rule looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Towards the VM.
    Inbound,
    /// Away from the VM.
    Outbound,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Lets the packet through.
    Allow,
    /// Drops it.
    Deny,
}

/// The protocol that a rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Every protocol (`*`; `All` in effective rules).
    Any,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP.
    Icmp,
    /// Encapsulating security payload.
    Esp,
    /// Authentication header.
    Ah,
}

/// A security rule.
#[derive(Clone, Debug)]
pub struct SecurityRule {
    /// Its name, unique in the group without regard to case.
    pub name: Box<str>,
    /// Where it stands.
    pub place: Place,
    /// Lower comes first. Azure accepts 100 to 4096.
    pub priority: Known<u32>,
    /// Which way it looks.
    pub direction: Known<Direction>,
    /// What it does.
    pub access: Known<Access>,
    /// Which protocol it names.
    pub protocol: Known<Protocol>,
    /// Where packets come from.
    pub source: AddressSpec,
    /// Where they go.
    pub destination: AddressSpec,
    /// The port they come from.
    pub source_ports: PortSpec,
    /// The port they go to.
    pub destination_ports: PortSpec,
    /// What people are told of it; kept for rules of this product's own alone, whose names begin with
    /// [`OWN_RULE`].
    pub description: Option<Box<str>>,
}

/// How the names of rules begin that this product makes, in any case.
pub const OWN_RULE: &str = "sekimori-";

impl PartialEq for SecurityRule {
    /// Two rules are equal when they do the same, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.priority == other.priority
            && self.direction == other.direction
            && self.access == other.access
            && self.protocol == other.protocol
            && self.source == other.source
            && self.destination == other.destination
            && self.source_ports == other.source_ports
            && self.destination_ports == other.destination_ports
    }
}

/// A network security group.
#[derive(Clone, Debug)]
pub struct Nsg {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// Its rules but for the default ones, sorted by priority, name and place; `None` when no
    /// record of the group itself was given.
    pub rules: Field<Vec<SecurityRule>>,
    /// The subnets that say through this group that it is theirs.
    pub subnets: Vec<ResourceId>,
    /// The NICs that say through this group that it is theirs.
    pub nics: Vec<ResourceId>,
    /// Its tags, as far as its records tell.
    pub tags: Option<Tags>,
    /// Whether this is Azure's effective view of the group, not its configuration.
    pub(crate) effective: bool,
}

/// What Azure accepts.
const PRIORITIES: RangeInclusive<u16> = 100..=4096;

const PROTOCOLS: [(&str, Protocol); 7] = [
    ("*", Protocol::Any),
    ("all", Protocol::Any),
    ("tcp", Protocol::Tcp),
    ("udp", Protocol::Udp),
    ("icmp", Protocol::Icmp),
    ("esp", Protocol::Esp),
    ("ah", Protocol::Ah),
];

impl Nsg {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let fields = Fields::of(object).careful();
        // Azure always tells a group's rules. Without a list of them a record is a template's, which
        // leaves an empty one out, or a projection, which has no `properties`.
        let nested = Fields::own(object).raw("properties").is_some();
        let described = nested || fields.has("securityRules") || fields.has("defaultSecurityRules");
        let rules = match reader.array(fields, "securityRules", format_args!("/properties")) {
            Some(Known::Value(items)) => {
                Some(Known::Value(read_rules(reader, items, format_args!("/properties/securityRules"))))
            }
            Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
            None => described.then(|| Known::Value(Vec::new())),
        };
        let rules = match reader.both_shapes(object, "securityRules") {
            Some(reason) => Some(Known::Unknown(reason)),
            None => rules,
        };
        let linked = |reader: &mut Reader<'_>, name| match reader.references(
            fields,
            name,
            format_args!("/properties"),
        ) {
            Some(Known::Value(ids)) => ids,
            _ => Vec::new(),
        };
        let subnets = linked(reader, "subnets");
        let nics = linked(reader, "networkInterfaces");
        let tags = Tags::read(object);
        Self { id, origins: Origins::one(reader.origin), rules, subnets, nics, tags, effective: false }
    }
}

fn read_rules(reader: &mut Reader<'_>, items: &[Value], at: Arguments<'_>) -> Vec<SecurityRule> {
    let mut rules = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        if let Some(object) = reader.element(item, format_args!("{at}/{index}")) {
            rules.push(SecurityRule::read(reader, object, format_args!("{at}/{index}")));
        } else {
            rules.push(SecurityRule::unreadable(reader.origin, format!("{at}/{index}")));
        }
    }
    rules
}

impl SecurityRule {
    /// A rule of which nothing is known: it may do anything.
    pub(crate) fn unreadable(origin: Origin, pointer: String) -> Self {
        Self::unknown("?".into(), Place { origin, pointer: pointer.into() }, || Reason::Unreadable {
            field: "securityRules".into(),
        })
    }

    /// A rule of which nothing but the name is known.
    pub(crate) fn unknown(name: Box<str>, place: Place, reason: impl Fn() -> Reason) -> Self {
        let addresses = || AddressSpec { unreadable: Some(Box::new(reason())), ..AddressSpec::default() };
        let ports = || PortSpec { unreadable: Some(Box::new(reason())), ..PortSpec::default() };
        Self {
            name,
            place,
            priority: Known::unknown(reason()),
            direction: Known::unknown(reason()),
            access: Known::unknown(reason()),
            protocol: Known::unknown(reason()),
            source: addresses(),
            destination: addresses(),
            source_ports: ports(),
            destination_ports: ports(),
            description: None,
        }
    }

    /// Reads what a security admin rule has in common with the rules of a group. Access and addresses are
    /// the caller's; ports that are not told are all of them.
    pub(crate) fn read_admin(reader: &mut Reader<'_>, object: &Object, name: &str) -> Self {
        let fields = Fields::of(object).careful();
        let at = format_args!("/properties");
        let any = [&PROTOCOLS[..], &[("any", Protocol::Any)]].concat();
        let (priority, direction, protocol) = read_words(reader, fields, at, &any, &(1..=4096));
        let ports = |reader: &mut Reader<'_>, name: &'static str| match fields.raw(name) {
            None if !fields.is_unknown() => PortSpec::any(),
            _ => read_ports(reader, fields, at, None, name),
        };
        Self {
            name: name.into(),
            place: Place { origin: reader.origin, pointer: "".into() },
            priority,
            direction,
            access: Known::unknown(Reason::Unreadable { field: "access".into() }),
            protocol,
            source: AddressSpec::default(),
            destination: AddressSpec::default(),
            source_ports: ports(reader, "sourcePortRanges"),
            destination_ports: ports(reader, "destinationPortRanges"),
            description: None,
        }
    }

    /// Reads a rule that stands at `at` in its resource; an empty `at` is a rule that is a resource
    /// of its own.
    pub(crate) fn read(reader: &mut Reader<'_>, object: &Object, at: Arguments<'_>) -> Self {
        Self::read_within(reader, object, at, &PRIORITIES)
    }

    /// The same with other priorities: Azure's own rules come after those of a group.
    pub(crate) fn read_within(
        reader: &mut Reader<'_>,
        object: &Object,
        at: Arguments<'_>,
        priorities: &RangeInclusive<u16>,
    ) -> Self {
        let own = Fields::own(object);
        let name = match reader.text(own, "name", at) {
            Some(Known::Value(name)) => name,
            _ => match reader.text(own, "id", at) {
                Some(Known::Value(id)) => resource_name(id),
                _ => "?",
            },
        };
        let fields = Fields::of(object).careful();
        let all = fields.list();
        let fields = fields.listed(&all);
        let place = Place { origin: reader.origin, pointer: at.to_string().into() };
        let at = format_args!("{at}/properties");
        let (priority, direction, protocol) = read_words(reader, fields, at, &PROTOCOLS, priorities);
        let access = required(reader, fields, "access", at, |reader, name| {
            reader.word(
                fields,
                name,
                at,
                &[("allow", Access::Allow), ("deny", Access::Deny)],
                Expected::OneOf(&["Allow", "Deny"]),
            )
        });
        Self {
            name: name.into(),
            place,
            priority,
            direction,
            access,
            protocol,
            source: read_addresses(
                reader,
                fields,
                at,
                ["sourceAddressPrefix", "sourceAddressPrefixes", "sourceApplicationSecurityGroups"],
            ),
            destination: read_addresses(
                reader,
                fields,
                at,
                [
                    "destinationAddressPrefix",
                    "destinationAddressPrefixes",
                    "destinationApplicationSecurityGroups",
                ],
            ),
            source_ports: read_ports(reader, fields, at, Some("sourcePortRange"), "sourcePortRanges"),
            destination_ports: read_ports(
                reader,
                fields,
                at,
                Some("destinationPortRange"),
                "destinationPortRanges",
            ),
            description: read_description(fields, name),
        }
    }
}

fn read_description(fields: Fields<'_>, name: &str) -> Option<Box<str>> {
    let own = name.get(..OWN_RULE.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN_RULE));
    if own { fields.raw("description")?.as_str().map(Box::from) } else { None }
}

/// Priority, direction and protocol of a rule, which every kind of rule has.
fn read_words(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    at: Arguments<'_>,
    protocols: &[(&str, Protocol)],
    priorities: &RangeInclusive<u16>,
) -> (Known<u32>, Known<Direction>, Known<Protocol>) {
    let allowed = Expected::From((*priorities.start()).into(), (*priorities.end()).into());
    let priority = required(reader, fields, "priority", at, |reader, name| {
        match reader.text_or_number(fields, name, at)? {
            Known::Value(text) => Some(match text.trim().parse::<u16>() {
                Ok(number) if number > 0 => {
                    // Azure refuses others; the order that is meant is clear all the same.
                    if !priorities.contains(&number) {
                        let _: Known<u32> = reader.bad(at, name, &text, allowed);
                    }
                    Known::Value(u32::from(number))
                }
                _ => reader.bad(at, name, &text, allowed),
            }),
            Known::Unknown(reason) => Some(Known::Unknown(reason)),
        }
    });
    let direction = required(reader, fields, "direction", at, |reader, name| {
        let words = [("inbound", Direction::Inbound), ("outbound", Direction::Outbound)];
        reader.word(fields, name, at, &words, Expected::OneOf(&["Inbound", "Outbound"]))
    });
    let protocol = required(reader, fields, "protocol", at, |reader, name| {
        let text = match reader.text_or_number(fields, name, at)? {
            Known::Value(text) => text,
            Known::Unknown(reason) => return Some(Known::Unknown(reason)),
        };
        Some(match protocols.iter().find(|(word, _)| text.trim().eq_ignore_ascii_case(word)) {
            Some((_, protocol)) => Known::Value(*protocol),
            None => reader.bad(at, name, &text, Expected::OneOf(&["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"])),
        })
    });
    (priority, direction, protocol)
}

/// A field that every rule must have.
fn required<T>(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    name: &'static str,
    at: Arguments<'_>,
    read: impl FnOnce(&mut Reader<'_>, &'static str) -> Field<T>,
) -> Known<T> {
    if let Some(value) = read(reader, name) {
        return value;
    }
    let kind = if fields.has(name) {
        ProblemKind::WrongType { field: name.into(), expected: Expected::Value, found: Expected::Null }
    } else {
        ProblemKind::MissingField { field: name.into() }
    };
    reader.problem(format!("{at}/{name}"), kind);
    Known::unknown(Reason::Unreadable { field: name.into() })
}

/// A singular and a plural field, as augmented rules have them: the one that is not in use is null, empty or
/// absent, or says the same. Where the two contradict each other, just what both name is certain.
fn read_addresses(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    at: Arguments<'_>,
    [one, many, groups]: [&'static str; 3],
) -> AddressSpec {
    let (mut single, mut plural) = (Named::default(), Named::default());
    match reader.text(fields, one, at) {
        Some(Known::Value(text)) if !text.trim().is_empty() => {
            single.take(reader, one, format_args!("{at}/{one}"), text);
        }
        Some(Known::Unknown(reason)) => single.unreadable = Some(reason),
        Some(Known::Value(_)) | None => {}
    }
    let unknown = reader.texts(fields, many, at, |reader, index, text| {
        plural.take(reader, many, format_args!("{at}/{many}/{index}"), text);
    });
    plural.unreadable = plural.unreadable.or(unknown);
    let (single, plural) = (single.spec(), plural.spec());
    let mut spec = if single.names_nothing() {
        plural
    } else if plural.names_nothing() || single == plural {
        single
    } else {
        AddressSpec {
            any: single.any && plural.any,
            v4: single.v4.intersection(&plural.v4),
            v6: single.v6.intersection(&plural.v6),
            tags: single.tags.into_iter().filter(|tag| plural.tags.contains(tag)).collect(),
            asgs: Vec::new(),
            unreadable: Some(contradiction(reader, at, one, many)),
        }
    };
    match reader.references(fields, groups, at) {
        Some(Known::Value(asgs)) => spec.asgs = asgs,
        Some(Known::Unknown(reason)) => spec.unreadable = spec.unreadable.or(Some(reason)),
        None => {}
    }
    if spec.names_nothing() {
        reader.problem(format!("{at}/{one}"), ProblemKind::MissingField { field: one.into() });
        spec.unreadable = Some(Box::new(Reason::Unreadable { field: one.into() }));
    }
    spec
}

/// Both forms of a field name something, and not the same.
fn contradiction(
    reader: &mut Reader<'_>,
    at: Arguments<'_>,
    one: &'static str,
    many: &'static str,
) -> Box<Reason> {
    let kind = ProblemKind::Contradiction { field: one.into(), other: many.into() };
    reader.problem(format!("{at}/{many}"), kind);
    Box::new(Reason::Unreadable { field: many.into() })
}

fn read_ports(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    at: Arguments<'_>,
    one: Option<&'static str>,
    many: &'static str,
) -> PortSpec {
    let take = |spec: &mut (Vec<Range<u16>>, Option<Box<Reason>>),
                reader: &mut Reader<'_>,
                name: &'static str,
                pointer: Arguments<'_>,
                text: &str| {
        // Some clients write a list into the singular field.
        for part in text.split(',') {
            if let Some(range) = parse_ports(part) {
                spec.0.push(range);
            } else {
                let shown: String = part.chars().take(SHOWN).collect();
                let expected = Expected::PortsOrAny;
                reader.problem(
                    pointer.to_string(),
                    ProblemKind::BadValue { field: name.into(), value: shown.into(), expected },
                );
                spec.1 = Some(Box::new(Reason::Unreadable { field: name.into() }));
            }
        }
    };
    let (mut single, mut plural) = ((Vec::new(), None), (Vec::new(), None));
    if let Some(one) = one {
        match reader.text_or_number(fields, one, at) {
            Some(Known::Value(text)) if !text.trim().is_empty() => {
                take(&mut single, reader, one, format_args!("{at}/{one}"), &text);
            }
            Some(Known::Unknown(reason)) => single.1 = Some(reason),
            Some(Known::Value(_)) | None => {}
        }
    }
    let one = one.unwrap_or(many);
    let unknown = reader.texts(fields, many, at, |reader, index, text| {
        take(&mut plural, reader, many, format_args!("{at}/{many}/{index}"), text);
    });
    let spec = |(ranges, unreadable): (Vec<Range<u16>>, Option<Box<Reason>>)| PortSpec {
        ports: ranges.into_iter().collect(),
        unreadable,
    };
    plural.1 = plural.1.or(unknown);
    let (single, plural) = (spec(single), spec(plural));
    let mut spec = if single == PortSpec::default() {
        plural
    } else if plural == PortSpec::default() || single == plural {
        single
    } else {
        let ports = single.ports.intersection(&plural.ports);
        PortSpec { ports, unreadable: Some(contradiction(reader, at, one, many)) }
    };
    if spec.ports.is_empty() && spec.unreadable.is_none() {
        reader.problem(format!("{at}/{one}"), ProblemKind::MissingField { field: one.into() });
        spec.unreadable = Some(Box::new(Reason::Unreadable { field: one.into() }));
    }
    spec
}

/// The resource that a rule, route or peering of its own belongs to.
pub(crate) fn owner_of(reader: &Reader<'_>, id: &str) -> Option<ResourceId> {
    crate::id::parent(id).map(|owner| reader.ids.intern(owner, Use::Reference))
}
