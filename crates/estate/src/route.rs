//! Route tables and the routes in them.
//!
//! INVARIANT: a route that cannot be read stays a route: what it leads to is unknown, never nothing.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview>

use std::fmt::Arguments;
use std::net::IpAddr;

use sonic_rs::Object;

use crate::address::{Prefix, parse_prefix};
use crate::expected::Expected;
use crate::id::{ResourceId, resource_name};
use crate::known::{Field, Known, Reason};
use crate::network::{Space, parse_address, space_of};
use crate::origin::{Origins, Place};
use crate::problem::ProblemKind;
use crate::wire::{Fields, Reader};

/// A route table.
#[derive(Clone, Debug)]
pub struct RouteTable {
    /// Its id.
    pub id: ResourceId,
    /// Where its records stand.
    pub origins: Origins,
    /// Its routes, by name; `None` when the input holds no record of the table itself.
    pub routes: Field<Vec<Route>>,
    /// Whether routes that a gateway learns are kept out of its subnets.
    pub disable_bgp_propagation: Field<bool>,
}

/// A route that somebody has set.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name, unique in the table without regard to case.
    pub name: Box<str>,
    /// Where it stands.
    pub place: Place,
    /// Where packets go to that it leads.
    pub destination: Known<Destination>,
    /// What it leads to.
    pub next_hop: Known<NextHopType>,
    /// The address of the appliance that it leads to.
    pub next_hop_address: Field<IpAddr>,
}

impl PartialEq for Route {
    /// Two routes are equal when they do the same, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.destination == other.destination
            && self.next_hop == other.next_hop
            && self.next_hop_address == other.next_hop_address
    }
}

/// The addresses that a route is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A prefix.
    Prefix(Prefix),
    /// The prefixes of a service tag, in lower case.
    Tag(Box<str>),
}

/// What a route may lead to that somebody has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NextHopType {
    /// The gateway of the network.
    VirtualNetworkGateway,
    /// The network itself.
    VnetLocal,
    /// The internet.
    Internet,
    /// A machine that passes packets on.
    VirtualAppliance,
    /// Nowhere: packets are dropped.
    None,
}

const NEXT_HOPS: [(&str, NextHopType); 5] = [
    ("VirtualNetworkGateway", NextHopType::VirtualNetworkGateway),
    ("VnetLocal", NextHopType::VnetLocal),
    ("Internet", NextHopType::Internet),
    ("VirtualAppliance", NextHopType::VirtualAppliance),
    ("None", NextHopType::None),
];

impl Route {
    /// Reads a route. `name` is used where the record does not tell it.
    pub(crate) fn read(reader: &mut Reader<'_>, object: &Object, name: &str, at: Arguments<'_>) -> Self {
        let name = match reader.text(Fields::own(object), "name", at) {
            Some(Known::Value(name)) if !name.is_empty() => name,
            _ => name,
        };
        let place = Place { origin: reader.origin, pointer: at.to_string().into() };
        let fields = Fields::of(object).careful();
        let at = format_args!("{at}/properties");
        let destination = match reader.text(fields, "addressPrefix", at) {
            Some(Known::Value(text)) => destination(reader, text, at),
            Some(Known::Unknown(reason)) => Known::Unknown(reason),
            None => missing(reader, "addressPrefix", at),
        };
        let expected =
            Expected::OneOf(&["VirtualNetworkGateway", "VnetLocal", "Internet", "VirtualAppliance", "None"]);
        let next_hop = match reader.word(fields, "nextHopType", at, &NEXT_HOPS, expected) {
            Some(next_hop) => next_hop,
            None => missing(reader, "nextHopType", at),
        };
        let next_hop_address = parse_address(reader, fields, "nextHopIpAddress", at);
        Self { name: name.into(), place, destination, next_hop, next_hop_address }
    }

    /// A route of which only the name and the place count.
    pub(crate) fn unknown(name: Box<str>, place: Place, reason: impl Fn() -> Reason) -> Self {
        let (destination, next_hop) = (Known::unknown(reason()), Known::unknown(reason()));
        Self { name, place, destination, next_hop, next_hop_address: None }
    }
}

fn missing<T>(reader: &mut Reader<'_>, field: &'static str, at: Arguments<'_>) -> Known<T> {
    reader.problem(format!("{at}/{field}"), ProblemKind::MissingField { field: field.into() });
    Known::unknown(Reason::Unreadable { field: field.into() })
}

/// A prefix, or the name of a service tag.
fn destination(reader: &mut Reader<'_>, text: &str, at: Arguments<'_>) -> Known<Destination> {
    let text = text.trim();
    if let Some(prefix) = parse_prefix(text) {
        return Known::Value(Destination::Prefix(prefix));
    }
    let tag_like = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    match tag_like {
        true => Known::Value(Destination::Tag(text.to_ascii_lowercase().into())),
        false => reader.bad(at, "addressPrefix", text, Expected::PrefixOrTag),
    }
}

impl RouteTable {
    pub(crate) fn read(reader: &mut Reader<'_>, id: ResourceId, object: &Object) -> Self {
        let fields = Fields::of(object);
        let at = format_args!("/properties");
        let routes = match reader.array(fields, "routes", at) {
            None => None,
            Some(Known::Unknown(reason)) => Some(Known::Unknown(reason)),
            Some(Known::Value(items)) => {
                let mut all = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let at = format_args!("/properties/routes/{index}");
                    if let Some(object) = reader.element(item, at) {
                        all.push(Route::read(reader, object, "", at));
                    }
                }
                let whole = all.len() == items.len();
                sort(&mut all);
                Some(match whole {
                    true => Known::Value(all),
                    false => Known::unknown(Reason::Unreadable { field: "routes".into() }),
                })
            }
        };
        // Azure writes an empty list; a record that describes the table in other ways has none.
        let described = fields.has_any(&["disableBgpRoutePropagation", "resourceGuid"]);
        let routes = routes.or_else(|| described.then(|| Known::Value(Vec::new())));
        let disable_bgp_propagation = reader.boolean(fields, "disableBgpRoutePropagation", at);
        Self { id, origins: Origins::one(reader.origin), routes, disable_bgp_propagation }
    }

    /// A table of which the input holds single routes only: there may be others.
    pub(crate) fn of_one_route(id: ResourceId, route: &Route) -> Self {
        let origins = Origins::one(route.place.origin);
        Self { id, origins, routes: None, disable_bgp_propagation: None }
    }

    /// The prefixes of all routes together, and whether one of them is for a service tag. `None` when
    /// the routes are not told.
    pub fn prefixes(&self) -> Field<(Space, bool)> {
        let routes = match self.routes.as_ref()? {
            Known::Value(routes) => routes,
            Known::Unknown(reason) => return Some(Known::Unknown(reason.clone())),
        };
        let (mut prefixes, mut tags) = (Vec::new(), false);
        for route in routes {
            match &route.destination {
                Known::Value(Destination::Prefix(prefix)) => prefixes.push(*prefix),
                Known::Value(Destination::Tag(_)) => tags = true,
                Known::Unknown(reason) => return Some(Known::Unknown(reason.clone())),
            }
        }
        Some(Known::Value((space_of(&prefixes), tags)))
    }
}

/// A route that is a resource of its own.
pub(crate) fn lone_route(reader: &mut Reader<'_>, object: &Object, id: &str) -> Route {
    Route::read(reader, object, resource_name(id), format_args!(""))
}

/// Routes in the order of their names, so that the order of the input does not show.
pub(crate) fn sort(routes: &mut [Route]) {
    routes.sort_by(|a, b| {
        let key = |route: &Route| route.name.to_ascii_lowercase();
        key(a).cmp(&key(b)).then_with(|| a.place.cmp(&b.place))
    });
}
