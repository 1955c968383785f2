//! Security admin rules of Virtual Network Manager, which come before all groups.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins>. A rule acts
//! on a virtual network once its configuration is deployed there, which only Azure's list of effective
//! rules of that network tells.

use std::fmt::Arguments;

use sonic_rs::{JsonValueTrait, Object};

use crate::address::AddressSpec;
use crate::expected::Expected;
use crate::id::{ResourceId, Use, resource_name};
use crate::known::{Known, Reason};
use crate::named::Named;
use crate::origin::Place;
use crate::problem::ProblemKind;
use crate::rule::{Access, SecurityRule};
use crate::wire::{Fields, Reader, member};

/// What a security admin rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdminAccess {
    /// Leaves it to the groups.
    Allow,
    /// Lets the packet through, whatever the groups say.
    AlwaysAllow,
    /// Drops it.
    Deny,
}

/// A security admin rule.
#[derive(Clone, Debug)]
pub struct AdminRule {
    /// Its id.
    pub id: ResourceId,
    /// What it does.
    pub access: Known<AdminAccess>,
    /// The virtual network that it is deployed to; `None` when nothing tells whether it is deployed, or
    /// where.
    pub vnet: Option<ResourceId>,
    /// Which packets it looks at. Its access says whether it lets anything through at all.
    pub rule: SecurityRule,
}

const ACCESS: [(&str, AdminAccess); 3] =
    [("allow", AdminAccess::Allow), ("alwaysallow", AdminAccess::AlwaysAllow), ("deny", AdminAccess::Deny)];

impl AdminRule {
    /// Reads a rule. The network that it is deployed to is `virtualNetwork.id` of the record (how a
    /// collector keeps the answer to "effective rules of this network"), or the network in its id.
    pub(crate) fn read(reader: &mut Reader<'_>, id: &str, object: &Object) -> Self {
        let own = reader.ids.intern(id, Use::Definition);
        let fields = Fields::of(object);
        let at = format_args!("/properties");
        // The rule's words are those of a group's rule but for the addresses.
        let place = Place { origin: reader.origin, pointer: "".into() };
        let mut rule = SecurityRule::unknown(resource_name(id).into(), place, || Reason::Unreadable {
            field: "rule".into(),
        });
        if !fields.is_unknown() {
            rule = SecurityRule::read_admin(reader, object, resource_name(id));
            rule.source = addresses(reader, fields, "sources", at);
            rule.destination = addresses(reader, fields, "destinations", at);
        }
        let access = match reader.word(
            fields,
            "access",
            at,
            &ACCESS,
            Expected::OneOf(&["Allow", "AlwaysAllow", "Deny"]),
        ) {
            Some(access) => access,
            None => {
                reader.problem(
                    "/properties/access".into(),
                    ProblemKind::MissingField { field: "access".into() },
                );
                Known::unknown(Reason::Unreadable { field: "access".into() })
            }
        };
        rule.access = match &access {
            Known::Value(AdminAccess::Deny) => Known::Value(Access::Deny),
            Known::Value(_) => Known::Value(Access::Allow),
            Known::Unknown(reason) => Known::Unknown(reason.clone()),
        };
        let told = |fields: Fields<'_>| {
            let vnet = fields.raw("virtualNetwork")?.get("id")?.as_str()?;
            Some(reader.ids.intern(vnet, Use::Reference))
        };
        let vnet = told(Fields::own(object)).or_else(|| told(fields)).or_else(|| {
            let (vnet, _) = split_network(id)?;
            Some(reader.ids.intern(vnet, Use::Reference))
        });
        Self { id: own, access, vnet, rule }
    }
}

/// The id of the virtual network that another id begins with.
fn split_network(id: &str) -> Option<(&str, &str)> {
    let marker = "/microsoft.network/virtualnetworks/";
    let at = id.to_ascii_lowercase().find(marker)? + marker.len();
    let name = id.get(at..)?.find('/')?;
    id.split_at_checked(at + name)
}

/// `[{"addressPrefixType":"IPPrefix","addressPrefix":"10.0.0.0/8"}]`; none is any address.
fn addresses(
    reader: &mut Reader<'_>,
    fields: Fields<'_>,
    name: &'static str,
    at: Arguments<'_>,
) -> AddressSpec {
    let items = match reader.array(fields, name, at) {
        None | Some(Known::Value([])) => return AddressSpec::any(),
        Some(Known::Value(items)) => items,
        Some(Known::Unknown(reason)) => {
            return AddressSpec { unreadable: Some(reason), ..AddressSpec::default() };
        }
    };
    let mut named = Named::default();
    for (index, item) in items.iter().enumerate() {
        let at = format_args!("{at}/{name}/{index}");
        let Some(object) = reader.element(item, at) else {
            named.unreadable = Some(Box::new(Reason::Unreadable { field: name.into() }));
            continue;
        };
        let kind = member(object, "addressPrefixType").and_then(|kind| kind.as_str());
        if kind.is_some_and(|kind| kind.eq_ignore_ascii_case("NetworkGroup")) {
            // Whose addresses a network group holds is the manager's to know.
            named.unreadable = Some(Box::new(Reason::Stated { reason: "network group".into() }));
            continue;
        }
        match reader.text(Fields::own(object), "addressPrefix", at) {
            Some(Known::Value(text)) => {
                for part in text.split(',') {
                    named.take(reader, "addressPrefix", format_args!("{at}/addressPrefix"), part);
                }
            }
            Some(Known::Unknown(reason)) => named.unreadable = Some(reason),
            None => named.take(reader, "addressPrefix", at, "*"),
        }
    }
    named.spec()
}
