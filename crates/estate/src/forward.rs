//! What forwards packets to the addresses of VMs: load balancers and application gateways.
//!
//! Sources: <https://learn.microsoft.com/azure/load-balancer/components>,
//! <https://learn.microsoft.com/azure/load-balancer/inbound-nat-rules> (version 1 names one IP
//! configuration, version 2 a pool and a range of frontend ports).

use std::fmt::Arguments;
use std::net::IpAddr;

use sonic_rs::{JsonValueTrait, Object, Value};

use crate::expected::Expected;
use crate::id::{ResourceId, Use, parent, resource_name};
use crate::known::{Field, Known, Reason};
use crate::network::{Sku, parse_address, read_sku};
use crate::origin::{Origins, Place};
use crate::ports::PortSet;
use crate::problem::ProblemKind;
use crate::ranges::Range;
use crate::rule::Protocol;
use crate::wire::{Fields, Reader, member};

/// A load balancer.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// Its SKU: a Standard one is closed until a group opens it.
    pub sku: Field<Sku>,
    /// The addresses that it listens on; `None` when only its id, or a part of it, is known.
    pub frontends: Field<Vec<Frontend>>,
    /// Its load-balancing rules.
    pub rules: Field<Vec<Forward>>,
    /// Its inbound NAT rules and NAT pools.
    pub nat_rules: Field<Vec<Forward>>,
    /// Its backend pools.
    pub pools: Field<Vec<Pool>>,
}

/// An address that a load balancer listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontend {
    /// Its id.
    pub id: ResourceId,
    /// The address.
    pub front: Known<Front>,
}

/// Where a frontend listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Front {
    /// A public address.
    Public(ResourceId),
    /// An address of a prefix of public addresses.
    Prefix(ResourceId),
    /// An address of a subnet.
    Private {
        /// The address, if it is assigned.
        address: Field<IpAddr>,
        /// The subnet.
        subnet: Field<ResourceId>,
    },
}

/// What a forwarding rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForwardKind {
    /// A load-balancing rule.
    Balancing,
    /// An inbound NAT rule.
    Nat,
    /// An inbound NAT pool: one NAT rule for each instance of a scale set.
    NatPool,
}

/// One rule by which a load balancer forwards.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Its id.
    pub id: ResourceId,
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub kind: ForwardKind,
    /// The frontend that it listens on.
    pub frontend: Known<ResourceId>,
    /// Its protocol.
    pub protocol: Known<Protocol>,
    /// The ports that it listens on; all of them for HA ports (port 0 of every protocol).
    pub frontend_ports: Known<Range<u16>>,
    /// The ports that packets have behind it, as security groups see them.
    pub backend_ports: Known<Range<u16>>,
    /// Whether packets keep the frontend's address (floating IP, direct server return).
    pub floating: Known<bool>,
    /// The pools whose members it forwards to.
    pub pools: Known<Box<[ResourceId]>>,
    /// The IP configuration that it forwards to.
    pub target: Option<ResourceId>,
    /// Whether a health probe decides which members get packets.
    pub probed: bool,
}

impl PartialEq for Forward {
    /// Two rules are equal when they do the same, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
            && self.kind == other.kind
            && self.frontend == other.frontend
            && self.protocol == other.protocol
            && self.frontend_ports == other.frontend_ports
            && self.backend_ports == other.backend_ports
            && self.floating == other.floating
            && self.pools == other.pools
            && self.target == other.target
            && self.probed == other.probed
    }
}

/// A backend pool: its members by IP configuration or by address. A NIC tells its pools too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its id.
    pub id: ResourceId,
    /// Members by IP configuration.
    pub members: Vec<ResourceId>,
    /// Members by address, with the virtual network that the address is in, if it is told.
    pub addresses: Vec<(IpAddr, Option<ResourceId>)>,
    /// Members, by either, that take no new connections (`adminState`).
    pub down: Vec<Down>,
    /// Set when it may have further members.
    pub unknown: Option<Box<Reason>>,
}

/// A member of a pool that somebody has taken out of service: it gets no new connections by balancing rules with a
/// health probe.
///
/// Source: <https://learn.microsoft.com/azure/load-balancer/admin-state-overview>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Down {
    /// Named by its IP configuration.
    Member(ResourceId),
    /// Named by its address.
    Address(IpAddr),
}

/// An application gateway: a proxy. Packets behind it come from its own subnet.
///
/// Source: <https://learn.microsoft.com/azure/application-gateway/how-application-gateway-works>
#[derive(Clone, Debug)]
pub struct WebGateway {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// Whether a frontend of it has a public address; `None` when only its id is known.
    pub public: Field<bool>,
    /// The addresses in its networks that it listens on.
    pub inner: Vec<IpAddr>,
    /// The subnets that it is in.
    pub subnets: Field<Vec<ResourceId>>,
    /// Its backend pools.
    pub pools: Field<Vec<Pool>>,
    /// The ports that its settings connect to.
    pub ports: Field<PortSet>,
}

/// A private link service: who uses it comes to a load balancer by way of it, from wherever in Azure they are.
///
/// Source: <https://learn.microsoft.com/azure/private-link/private-link-service-overview>
#[derive(Clone, Debug)]
pub struct PrivateLink {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// The frontends of load balancers that it leads to.
    pub frontends: Field<Vec<ResourceId>>,
    /// The subnets that its packets come from.
    pub subnets: Vec<ResourceId>,
}

impl PrivateLink {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let fields = Fields::of(object);
        let at = format_args!("/properties");
        let frontends = reader.references(fields, "loadBalancerFrontendIpConfigurations", at);
        let subnets = items(reader, fields, "ipConfigurations", |reader, object, at| {
            match reader.reference(Fields::of(object), "subnet", format_args!("{at}/properties")) {
                Some(Known::Value(subnet)) => Some(subnet),
                _ => None,
            }
        });
        let subnets = match subnets {
            Some(Known::Value(subnets)) => subnets,
            _ => Vec::new(),
        };
        Self { id, origins: Origins::one(reader.origin), frontends, subnets }
    }
}

impl LoadBalancer {
    /// A load balancer of which nothing but its id is known.
    pub(crate) fn empty(id: ResourceId, origins: Origins) -> Self {
        Self { id, origins, sku: None, frontends: None, rules: None, nat_rules: None, pools: None }
    }

    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let fields = Fields::of(object);
        let described = fields.has("frontendIPConfigurations");
        let sku = read_sku(reader, object, format_args!(""));
        let sku = sku.or_else(|| described.then_some(Known::Value(Sku::Basic)));
        let owner = own_text(object);
        let frontends = items(reader, fields, "frontendIPConfigurations", |reader, object, at| {
            Frontend::read(reader, object, at, owner)
        });
        let pools = items(reader, fields, "backendAddressPools", |reader, object, at| {
            Pool::read(reader, object, at, owner)
        });
        let rules = items(reader, fields, "loadBalancingRules", |reader, object, at| {
            Forward::read(reader, object, at, owner, ForwardKind::Balancing)
        });
        let mut nat_rules = items(reader, fields, "inboundNatRules", |reader, object, at| {
            Forward::read(reader, object, at, owner, ForwardKind::Nat)
        });
        match items(reader, fields, "inboundNatPools", |reader, object, at| {
            Forward::read(reader, object, at, owner, ForwardKind::NatPool)
        }) {
            Some(Known::Value(more)) if !more.is_empty() => match &mut nat_rules {
                Some(Known::Value(all)) => all.extend(more),
                Some(Known::Unknown(_)) => {}
                none => *none = Some(Known::Value(more)),
            },
            Some(Known::Unknown(reason)) => nat_rules = Some(Known::Unknown(reason)),
            _ => {}
        }
        // A record that tells its frontends tells its rules: a list that is not there is empty.
        let or_empty =
            |list: Field<Vec<Forward>>| list.or_else(|| described.then(|| Known::Value(Vec::new())));
        Self {
            id,
            origins: Origins::one(reader.origin),
            sku,
            frontends,
            rules: or_empty(rules),
            nat_rules: or_empty(nat_rules),
            pools,
        }
    }
}

/// The objects of an array, each read with `read`; an element that is not known makes the list so.
fn items<T>(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    name: &'static str,
    mut read: impl FnMut(&mut Reader<'_>, &Object, Arguments<'_>) -> Option<T>,
) -> Field<Vec<T>> {
    let list = match reader.array(fields, name, format_args!("/properties"))? {
        Known::Value(list) => list,
        Known::Unknown(reason) => return Some(Known::Unknown(reason)),
    };
    let mut all = Vec::with_capacity(list.len());
    let mut whole = true;
    for (index, item) in list.iter().enumerate() {
        let at = format_args!("/properties/{name}/{index}");
        let one = reader.element(item, at).and_then(|object| read(reader, object, at));
        whole &= one.is_some();
        all.extend(one);
    }
    Some(if whole { Known::Value(all) } else { Known::unknown(Reason::Unreadable { field: name.into() }) })
}

/// The id of a record as it stands.
fn own_text(object: &Object) -> &str {
    member(object, "id").and_then(|id| id.as_str()).unwrap_or_default()
}

/// The id of a part. One that does not tell it has the id that Azure would give it: its owner, the list that it
/// is in, and its name, or its number there.
fn own_id(reader: &mut Reader<'_>, object: &Object, at: Arguments<'_>, owner: &str) -> Option<ResourceId> {
    match reader.text(Fields::own(object), "id", at) {
        Some(Known::Value(text)) => Some(reader.ids.intern(text, Use::Definition)),
        Some(Known::Unknown(_)) => None,
        None => {
            let pointer = at.to_string();
            let mut steps = pointer.rsplit('/');
            let (number, list) = (steps.next()?, steps.next()?);
            let name = member(object, "name").and_then(|name| name.as_str()).unwrap_or(number);
            Some(reader.ids.intern(&format!("{owner}/{list}/{name}"), Use::Definition))
        }
    }
}

impl Frontend {
    fn read(reader: &mut Reader<'_>, object: &Object, at: Arguments<'_>, owner: &str) -> Option<Self> {
        let id = own_id(reader, object, at, owner)?;
        let fields = Fields::of(object);
        let at = format_args!("{at}/properties");
        let front = if let Some(public) = reader.reference(fields, "publicIPAddress", at) {
            public.map(Front::Public)
        } else if let Some(prefix) = reader.reference(fields, "publicIPPrefix", at) {
            prefix.map(Front::Prefix)
        } else {
            Known::Value(Front::Private {
                address: parse_address(reader, fields, "privateIPAddress", at),
                subnet: reader.reference(fields, "subnet", at),
            })
        };
        Some(Self { id, front })
    }
}

impl Pool {
    /// Takes over the members that another record of the pool tells.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.members.extend(other.members);
        self.addresses.extend(other.addresses);
        self.down.extend(other.down);
        self.unknown = self.unknown.take().or(other.unknown);
    }

    /// Reads a pool; an empty `at` is one that is a resource of its own.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        object: &Object,
        at: Arguments<'_>,
        owner: &str,
    ) -> Option<Self> {
        let id = own_id(reader, object, at, owner)?;
        let fields = Fields::of(object);
        let at = format_args!("{at}/properties");
        let mut pool =
            Self { id, members: Vec::new(), addresses: Vec::new(), down: Vec::new(), unknown: None };
        match reader.references(fields, "backendIPConfigurations", at) {
            Some(Known::Value(members)) => pool.members = members,
            Some(Known::Unknown(reason)) => pool.unknown = Some(reason),
            None => {}
        }
        let everywhere = network_of(reader, fields, at);
        // Application gateways call the list by a shorter name.
        for name in ["loadBalancerBackendAddresses", "backendAddresses"] {
            match reader.array(fields, name, at) {
                Some(Known::Value(list)) => {
                    for (index, item) in list.iter().enumerate() {
                        let at = format_args!("{at}/{name}/{index}");
                        pool.read_address(reader, item, everywhere, at);
                    }
                }
                Some(Known::Unknown(reason)) => pool.unknown = Some(reason),
                None => {}
            }
        }
        Some(pool)
    }

    fn read_address(
        &mut self,
        reader: &mut Reader<'_>,
        item: &Value,
        everywhere: Option<ResourceId>,
        at: Arguments<'_>,
    ) {
        let Some(object) = reader.element(item, at) else {
            self.unknown = Some(Box::new(Reason::Unreadable { field: "backendAddresses".into() }));
            return;
        };
        let fields = Fields::of(object);
        let at = format_args!("{at}/properties");
        let state = reader.text(fields, "adminState", at);
        let down = matches!(state, Some(Known::Value(state)) if state.eq_ignore_ascii_case("down"));
        match reader.reference(fields, "networkInterfaceIPConfiguration", at) {
            Some(Known::Value(member)) => {
                self.down.extend(down.then_some(Down::Member(member)));
                return self.members.push(member);
            }
            Some(Known::Unknown(reason)) => self.unknown = Some(reason),
            None => {}
        }
        match parse_address(reader, fields, "ipAddress", at) {
            Some(Known::Value(address)) => {
                self.down.extend(down.then_some(Down::Address(address)));
                self.addresses.push((address, network_of(reader, fields, at).or(everywhere)));
            }
            Some(Known::Unknown(reason)) => self.unknown = Some(reason),
            // A name: nobody can tell from the input which address that is.
            None if fields.has("fqdn") => {
                self.unknown = Some(Box::new(Reason::Stated { reason: "fqdn".into() }));
            }
            None => {}
        }
    }
}

/// The virtual network that addresses of a pool are in: its own id, or that of a subnet.
fn network_of(reader: &mut Reader<'_>, fields: Fields<'_>, at: Arguments<'_>) -> Option<ResourceId> {
    if let Some(Known::Value(vnet)) = reader.reference(fields, "virtualNetwork", at) {
        return Some(vnet);
    }
    let subnet = fields.raw("subnet").and_then(|subnet| subnet.get("id")?.as_str())?;
    parent(subnet).map(|vnet| reader.ids.intern(vnet, Use::Reference))
}

const PROTOCOLS: [(&str, Protocol); 4] =
    [("tcp", Protocol::Tcp), ("udp", Protocol::Udp), ("all", Protocol::Any), ("*", Protocol::Any)];

impl Forward {
    /// Reads a rule; an empty `at` is one that is a resource of its own.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        object: &Object,
        at: Arguments<'_>,
        owner: &str,
        kind: ForwardKind,
    ) -> Option<Self> {
        let id = own_id(reader, object, at, owner)?;
        let fields = Fields::of(object);
        let place = Place { origin: reader.origin, pointer: at.to_string().into() };
        let at = format_args!("{at}/properties");
        let missing = |reader: &mut Reader<'_>, name: &'static str| {
            reader.problem(format!("{at}/{name}"), ProblemKind::MissingField { field: name.into() });
            Box::new(Reason::Unreadable { field: name.into() })
        };
        let frontend = match reader.reference(fields, "frontendIPConfiguration", at) {
            Some(frontend) => frontend,
            None => Known::Unknown(missing(reader, "frontendIPConfiguration")),
        };
        let protocol =
            match reader.word(fields, "protocol", at, &PROTOCOLS, Expected::OneOf(&["Tcp", "Udp", "All"])) {
                Some(protocol) => protocol,
                None => Known::Unknown(missing(reader, "protocol")),
            };
        let all = |ports: Known<Range<u16>>| {
            // HA ports: port 0 of every protocol stands for all of them.
            ports.map(|ports| if ports.last == 0 { Range::ALL } else { ports })
        };
        let port = |reader: &mut Reader<'_>, name: &'static str| -> Field<u16> {
            let text = match reader.text_or_number(fields, name, at)? {
                Known::Value(text) => text,
                Known::Unknown(reason) => return Some(Known::Unknown(reason)),
            };
            Some(match text.trim().parse() {
                Ok(port) => Known::Value(port),
                Err(_) => reader.bad(at, name, &text, Expected::From(0, 65535)),
            })
        };
        let range = match (port(reader, "frontendPortRangeStart"), port(reader, "frontendPortRangeEnd")) {
            (Some(first), Some(last)) => Some(match (first, last) {
                (Known::Value(first), Known::Value(last)) if first <= last && last > 0 => {
                    Known::Value(Range { first, last })
                }
                (Known::Value(_), Known::Value(_)) => {
                    reader.bad(at, "frontendPortRangeEnd", "", Expected::LastPort)
                }
                (Known::Unknown(reason), _) | (_, Known::Unknown(reason)) => Known::Unknown(reason),
            }),
            _ => None,
        };
        let single = |port: Known<u16>| port.map(|port| Range { first: port, last: port });
        let frontend_ports = match range {
            Some(range) => range,
            None => match port(reader, "frontendPort") {
                Some(port) => all(single(port)),
                None => Known::Unknown(missing(reader, "frontendPort")),
            },
        };
        let backend_ports = match port(reader, "backendPort") {
            Some(port) => all(single(port)),
            None => Known::Unknown(missing(reader, "backendPort")),
        };
        let floating = reader.boolean(fields, "enableFloatingIP", at).unwrap_or(Known::Value(false));
        let mut pools = match reader.references(fields, "backendAddressPools", at) {
            Some(pools) => pools,
            None => Known::Value(Vec::new()),
        };
        match reader.reference(fields, "backendAddressPool", at) {
            Some(Known::Value(pool)) => {
                if let Known::Value(all) = &mut pools
                    && !all.contains(&pool)
                {
                    all.push(pool);
                }
            }
            Some(Known::Unknown(reason)) => pools = Known::Unknown(reason),
            None => {}
        }
        let target = match reader.reference(fields, "backendIPConfiguration", at) {
            Some(Known::Value(target)) => Some(target),
            Some(Known::Unknown(reason)) => {
                pools = Known::Unknown(reason);
                None
            }
            None => None,
        };
        Some(Self {
            id,
            place,
            kind,
            frontend,
            protocol,
            frontend_ports,
            backend_ports,
            floating,
            pools: pools.map(Vec::into_boxed_slice),
            target,
            probed: fields.raw("probe").is_some_and(|probe| probe.is_object()),
        })
    }

    /// Its name.
    pub fn name<'e>(&self, estate: &'e crate::model::Estate) -> &'e str {
        resource_name(estate.text(self.id))
    }
}

impl WebGateway {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let (whole, fields) = (object, Fields::of(object));
        let mut inner = Vec::new();
        let public = items(reader, fields, "frontendIPConfigurations", |reader, object, at| {
            let frontend = Fields::of(object);
            let at = format_args!("{at}/properties");
            if let Some(Known::Value(address)) = parse_address(reader, frontend, "privateIPAddress", at) {
                inner.push(address);
            }
            Some(frontend.raw("publicIPAddress").is_some() || frontend.is_unknown())
        });
        let subnets = items(reader, fields, "gatewayIPConfigurations", |reader, object, at| {
            match reader.reference(Fields::of(object), "subnet", format_args!("{at}/properties")) {
                Some(Known::Value(subnet)) => Some(subnet),
                _ => None,
            }
        });
        let pools = items(reader, fields, "backendAddressPools", |reader, object, at| {
            Pool::read(reader, object, at, own_text(whole))
        });
        let mut ports = None;
        for name in ["backendHttpSettingsCollection", "backendSettingsCollection"] {
            let more = items(reader, fields, name, |reader, object, at| {
                let at = format_args!("{at}/properties");
                match reader.text_or_number(Fields::of(object), "port", at) {
                    Some(Known::Value(text)) => text.trim().parse::<u16>().ok(),
                    _ => None,
                }
            });
            ports = match (ports.take(), more) {
                (Some(Known::Unknown(reason)), _) | (_, Some(Known::Unknown(reason))) => {
                    Some(Known::Unknown(reason))
                }
                (Some(Known::Value(all)), Some(Known::Value(more))) => {
                    let all: Vec<u16> = all;
                    Some(Known::Value([all, more].concat()))
                }
                (all, more) => all.or(more),
            };
        }
        let ports = ports.map(|ports| {
            ports.map(|ports| ports.into_iter().map(|port| Range { first: port, last: port }).collect())
        });
        Self {
            id,
            origins: Origins::one(reader.origin),
            public: public.map(|all| all.map(|all| all.contains(&true))),
            inner,
            subnets,
            pools,
            ports,
        }
    }
}
