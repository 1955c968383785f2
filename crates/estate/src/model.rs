//! The estate: one record a resource, found by id.

use crate::admin::AdminRule;
use crate::around::{DirectoryList, Surroundings};
use crate::compute::{Disk, Vm};
use crate::coverage::{Coverage, Feed};
use crate::firewall::{Firewall, FirewallPolicy, IpGroup, RuleGroup};
use crate::forward::{LoadBalancer, PrivateLink, WebGateway};
use crate::id::{Ids, ResourceId};
use crate::known::Reason;
use crate::network::{Asg, LocalGateway, Nic, PublicIp, Subnet, Vnet};
use crate::origin::Origin;
use crate::problem::Problem;
use crate::route::RouteTable;
use crate::rule::Nsg;
use crate::scale_set::ScaleSet;

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A virtual machine.
    Vm,
    /// A scale set.
    ScaleSet,
    /// A network interface.
    Nic,
    /// A public IP address.
    PublicIp,
    /// A network security group.
    Nsg,
    /// A virtual network.
    Vnet,
    /// A subnet.
    Subnet,
    /// A route table.
    RouteTable,
    /// An application security group.
    Asg,
    /// A load balancer.
    LoadBalancer,
    /// An application gateway.
    WebGateway,
    /// A private link service.
    PrivateLink,
    /// A network on the other side of a gateway.
    LocalGateway,
    /// A firewall.
    Firewall,
    /// A firewall policy.
    FirewallPolicy,
    /// A group of rules of a firewall policy.
    RuleGroup,
    /// A list of addresses for firewall rules.
    IpGroup,
    /// A managed disk.
    Disk,
    /// Anything else: kept by its place in the source.
    Other,
}

impl Kind {
    /// The type as Azure writes it.
    pub fn resource_type(self) -> &'static str {
        match self {
            Self::Vm => "Microsoft.Compute/virtualMachines",
            Self::ScaleSet => "Microsoft.Compute/virtualMachineScaleSets",
            Self::Nic => "Microsoft.Network/networkInterfaces",
            Self::PublicIp => "Microsoft.Network/publicIPAddresses",
            Self::Nsg => "Microsoft.Network/networkSecurityGroups",
            Self::Vnet => "Microsoft.Network/virtualNetworks",
            Self::Subnet => "Microsoft.Network/virtualNetworks/subnets",
            Self::RouteTable => "Microsoft.Network/routeTables",
            Self::Asg => "Microsoft.Network/applicationSecurityGroups",
            Self::LoadBalancer => "Microsoft.Network/loadBalancers",
            Self::WebGateway => "Microsoft.Network/applicationGateways",
            Self::PrivateLink => "Microsoft.Network/privateLinkServices",
            Self::LocalGateway => "Microsoft.Network/localNetworkGateways",
            Self::Firewall => "Microsoft.Network/azureFirewalls",
            Self::FirewallPolicy => "Microsoft.Network/firewallPolicies",
            Self::RuleGroup => "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
            Self::IpGroup => "Microsoft.Network/ipGroups",
            Self::Disk => "Microsoft.Compute/disks",
            Self::Other => "",
        }
    }
}

/// Where the record of a resource is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What the resource is.
    pub kind: Kind,
    /// Its number among those of its kind.
    pub index: u32,
}

/// A resource that no check reads yet: known by its type and its place in the source.
#[derive(Clone, Debug)]
pub struct Other {
    /// Its id.
    pub id: ResourceId,
    /// Its type, lower case; empty when neither type nor id tells it.
    pub resource_type: Box<str>,
    /// Where it stands.
    pub origin: Origin,
}

/// Everything that was read.
pub struct Estate {
    pub(crate) ids: Ids,
    pub(crate) slots: Vec<Option<Slot>>,
    /// Virtual machines, those included that only NICs mention.
    pub vms: Vec<Vm>,
    /// Scale sets.
    pub scale_sets: Vec<ScaleSet>,
    /// Network interfaces.
    pub nics: Vec<Nic>,
    /// Public IP addresses.
    pub public_ips: Vec<PublicIp>,
    /// Network security groups.
    pub nsgs: Vec<Nsg>,
    /// Virtual networks.
    pub vnets: Vec<Vnet>,
    /// Subnets.
    pub subnets: Vec<Subnet>,
    /// Route tables.
    pub route_tables: Vec<RouteTable>,
    /// Application security groups.
    pub asgs: Vec<Asg>,
    /// Load balancers.
    pub load_balancers: Vec<LoadBalancer>,
    /// Application gateways.
    pub web_gateways: Vec<WebGateway>,
    /// Private link services.
    pub private_links: Vec<PrivateLink>,
    /// Networks on the other side of gateways.
    pub local_gateways: Vec<LocalGateway>,
    /// Firewalls.
    pub firewalls: Vec<Firewall>,
    /// Firewall policies.
    pub firewall_policies: Vec<FirewallPolicy>,
    /// Groups of rules of firewall policies.
    pub rule_groups: Vec<RuleGroup>,
    /// Lists of addresses for firewall rules.
    pub ip_groups: Vec<IpGroup>,
    /// Security admin rules, sorted by id and network.
    pub admin_rules: Vec<AdminRule>,
    /// Disks.
    pub disks: Vec<Disk>,
    /// Everything around machines and networks.
    pub around: Surroundings,
    /// What the sources were asked for in full.
    pub coverage: Coverage,
    /// Everything else.
    pub others: Vec<Other>,
    /// What could not be read, sorted by place.
    pub problems: Vec<Problem>,
}

macro_rules! finders {
    ($($(#[$doc:meta])* $name:ident: $kind:ident in $list:ident as $record:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, id: ResourceId) -> Option<&$record> {
            let slot = self.slot(id).filter(|slot| slot.kind == Kind::$kind)?;
            self.$list.get(slot.index as usize)
        }
    )*};
}

impl Estate {
    /// The texts of ids.
    pub fn ids(&self) -> &Ids {
        &self.ids
    }

    /// The text of an id.
    pub fn text(&self, id: ResourceId) -> &str {
        self.ids.text(id)
    }

    /// Where the record of an id is kept.
    pub fn slot(&self, id: ResourceId) -> Option<Slot> {
        self.slots.get(Ids::index(id)).copied().flatten()
    }

    finders! {
        /// The VM with this id.
        vm: Vm in vms as Vm;
        /// The scale set with this id.
        scale_set: ScaleSet in scale_sets as ScaleSet;
        /// The NIC with this id.
        nic: Nic in nics as Nic;
        /// The public IP address with this id.
        public_ip: PublicIp in public_ips as PublicIp;
        /// The group with this id.
        nsg: Nsg in nsgs as Nsg;
        /// The virtual network with this id.
        vnet: Vnet in vnets as Vnet;
        /// The subnet with this id.
        subnet: Subnet in subnets as Subnet;
        /// The route table with this id.
        route_table: RouteTable in route_tables as RouteTable;
        /// The load balancer with this id.
        load_balancer: LoadBalancer in load_balancers as LoadBalancer;
        /// The application gateway with this id.
        web_gateway: WebGateway in web_gateways as WebGateway;
        /// The firewall with this id.
        firewall: Firewall in firewalls as Firewall;
        /// The firewall policy with this id.
        firewall_policy: FirewallPolicy in firewall_policies as FirewallPolicy;
        /// The group of firewall rules with this id.
        rule_group: RuleGroup in rule_groups as RuleGroup;
        /// The list of addresses with this id.
        ip_group: IpGroup in ip_groups as IpGroup;
        /// The disk with this id.
        disk: Disk in disks as Disk;
    }

    /// Whether the sources hold facts of a kind, or were asked for them.
    pub fn holds(&self, feed: Feed) -> bool {
        let around = &self.around;
        let any = match feed {
            Feed::Machines => {
                !around.extensions.is_empty()
                    || self.vms.iter().any(|vm| vm.upkeep.lists_extensions.is_some())
            }
            Feed::Images => !around.source_images.is_empty(),
            Feed::Networks => true,
            Feed::Vaults => !around.vaults.is_empty(),
            Feed::Backups => !around.backup_items.is_empty(),
            Feed::BackupPolicies => !around.backup_policies.is_empty(),
            Feed::Updates => {
                !around.patch_assessments.is_empty()
                    || !around.patches.is_empty()
                    || self.vms.iter().any(|vm| vm.upkeep.lacking.is_some())
            }
            Feed::Maintenance => !around.maintenance.is_empty(),
            Feed::GuestConfiguration => !around.guest_assignments.is_empty(),
            Feed::Security => {
                !around.assessments.is_empty() || !around.plans.is_empty() || !around.alerts.is_empty()
            }
            Feed::Contacts => !around.contacts.is_empty(),
            Feed::SuppressionRules => !around.suppression_rules.is_empty(),
            Feed::Exports => !around.exports.is_empty(),
            Feed::JitPolicies => !around.jit_policies.is_empty(),
            Feed::Rights => !around.role_assignments.is_empty(),
            Feed::EligibleRights => !around.eligible_rights.is_empty(),
            Feed::AccessPolicies => {
                !around.access_policies.is_empty() || around.has_list(DirectoryList::Policies)
            }
            Feed::People => !around.people.is_empty() || around.has_list(DirectoryList::People),
            Feed::Programs => !around.programs.is_empty() || around.has_list(DirectoryList::Programs),
            Feed::Methods => !around.sign_in_methods.is_empty() || around.has_list(DirectoryList::Methods),
            Feed::DirectoryRoles => {
                !around.directory_roles.is_empty() || around.has_list(DirectoryList::Roles)
            }
            Feed::EligibleRoles => {
                !around.eligible_roles.is_empty() || around.has_list(DirectoryList::EligibleRoles)
            }
            Feed::TakenRights => !around.taken_rights.is_empty(),
            Feed::RiskyPeople => !around.risky_people.is_empty() || around.has_list(DirectoryList::Risky),
        };
        any || self.coverage.mentions(feed)
    }

    /// Whether it holds anything of Azure's: a resource, or a mention of one.
    pub fn holds_azure(&self) -> bool {
        let elsewhere = |kind: &str| kind.is_empty() || kind.starts_with("microsoft.graph/");
        let others = self.others.iter().filter(|other| elsewhere(&other.resource_type)).count();
        self.count() > others || !self.vms.is_empty()
    }

    /// How many resources were read, each counted once.
    pub fn count(&self) -> usize {
        let described = self.vms.iter().filter(|vm| vm.described).count();
        described
            + self.scale_sets.len()
            + self.nics.len()
            + self.public_ips.len()
            + self.nsgs.len()
            + self.vnets.len()
            + self.subnets.len()
            + self.route_tables.len()
            + self.asgs.len()
            + self.load_balancers.len()
            + self.web_gateways.len()
            + self.private_links.len()
            + self.local_gateways.len()
            + self.firewalls.len()
            + self.firewall_policies.len()
            + self.rule_groups.len()
            + self.ip_groups.len()
            + self.disks.len()
            + self.others.len()
    }

    /// What people call a resource: the last part of its id; of people, groups and policies, which have numbers for ids,
    /// what they sign in by or are called.
    pub fn name(&self, id: ResourceId) -> &str {
        let text = self.text(id);
        if text.contains('/') {
            return crate::id::resource_name(text);
        }
        let around = &self.around;
        let person = around.people.of(id).first();
        let group = around.groups.of(id).first();
        let program = around.programs.of(id).first();
        let policy = around.access_policies.of(id).first();
        let place = around.named_locations.of(id).first();
        [
            person.map(|one| &one.login),
            person.map(|one| &one.name),
            group.map(|one| &one.name),
            program.map(|one| &one.name),
            policy.map(|one| &one.name),
            place.map(|one| &one.name),
        ]
        .into_iter()
        .flatten()
        .find_map(|name| name.as_ref()?.value())
        .map_or(text, |name| name)
    }

    /// The reason for what depends on a resource that the input does not hold.
    pub fn missing(&self, kind: Kind, id: ResourceId) -> Reason {
        Reason::Missing { resource_type: kind.resource_type().into(), id: self.text(id).into() }
    }

    /// The reason for what depends on a resource of which the input holds a part only.
    pub fn partial(&self, kind: Kind, id: ResourceId) -> Reason {
        Reason::Partial { resource_type: kind.resource_type().into(), id: self.text(id).into() }
    }
}
