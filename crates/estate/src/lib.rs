//! What you run in Azure: VMs, NICs, public addresses, security groups and their networks, parsed
//! once from ARM-shaped JSON.
//!
//! INVARIANT: nothing is guessed. A value that cannot be read, is contradicted, or is only known at
//! deployment is [`Known::Unknown`] with its reason; a value that cannot be read is also a
//! [`Problem`] with the place where it stands.
//!
//! The way through the crate: bytes → [`split`] (pieces, each one JSON value) → [`Collector`]
//! (typed, possibly partial records) → [`Estate`] (one record a resource, references resolved).
//! The crate is pure: it reads no file, no clock and no environment.

mod address;
mod admin;
mod around;
mod base64;
mod change;
mod collect;
mod compute;
mod coverage;
mod effective;
mod expected;
mod firewall;
mod forward;
mod id;
mod join;
mod known;
mod listing;
mod model;
mod moment;
mod named;
mod network;
mod origin;
mod ports;
mod problem;
mod ranges;
mod record;
mod route;
mod rule;
mod scale_set;
mod schema;
mod secret;
pub mod split;
mod tags;
mod upkeep;
mod wire;

pub use address::{AddressSpec, Family, Prefix, ServiceTag, V4, V6, parse_prefix};
pub use admin::{AdminAccess, AdminRule};
pub use around::{
    AccessPolicy, Alert, Assessment, BackupItem, BackupPolicy, Bastion, Circuit, ClassicAdministrator,
    Connection, Contact, DdosPlan, DenyAssignment, DirectoryList, DirectoryRole, DirectoryRoleKind, Export,
    Extension, FlowLog, Gateway, Group, GuestAssignment, GuestFailure, Guests, JitMachine, JitPolicy,
    JitPort, JitRequest, Maintenance, Member, MemberKind, Membership, NamedLocation, NatGateway, Owned,
    Patch, PatchAssessment, Permission, Person, Plan, PlanPart, RiskyPerson, RoleAssignment, RoleDefinition,
    RunCommand, SecurityDefaults, ServicePrincipal, SignInMethods, Snapshot, SourceImage, Strength,
    SubAssessment, Subscription, SuppressionRule, Surroundings, TakenRight, Vault,
};
pub use change::{Change, ChangeError, apply};
pub use collect::{Collector, Part, Replaced, of_text};
pub use compute::{Disk, DiskGuard, OsFamily, PowerState, Vm};
pub use coverage::{Asked, Coverage, Feed};
pub use expected::Expected;
pub use firewall::{Dnat, Firewall, FirewallPolicy, FirewallRules, IpGroup, RuleGroup};
pub use forward::{Down, Forward, ForwardKind, Front, Frontend, LoadBalancer, Pool, PrivateLink, WebGateway};
pub use id::{Ids, ResourceId, resource_group, resource_name, resource_subscription, resource_type};
pub use known::{Field, Inside, Known, PolicyGap, Reason};
pub use listing::Record;
pub use model::{Estate, Kind, Other, Slot};
pub use moment::Moment;
pub use network::{Asg, IpConfiguration, LocalGateway, Nic, Peer, PublicIp, Sku, Space, Subnet, Vnet};
pub use origin::{Origin, Origins, Place, Pointer, SourceIndex, find, locate};
pub use ports::{PortSet, PortSpec, parse_ports};
pub use problem::{At, Problem, ProblemKind};
pub use ranges::{Bound, Range, RangeSet};
pub use route::{Destination, NextHopType, Route, RouteTable};
pub use rule::{Access, Direction, Nsg, OWN_RULE, Protocol, SecurityRule};
pub use scale_set::{Model, ScaleSet};
pub use secret::{REDACTED, Secret, bare_address, secret_in};
pub use tags::Tags;
pub use upkeep::{Image, Upkeep};
