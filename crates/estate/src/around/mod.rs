//! What stands around machines and networks: extensions, backups, plans, gateways, findings of Defender for Cloud.
//!
//! Each kind is a list of records, sorted by the resource that they tell of, so that all of one machine are found at once.

mod access;
mod defender;
pub(crate) mod directory;
mod machine;
mod protection;
mod rights;

pub use access::{Bastion, Circuit, Connection, DdosPlan, FlowLog, Gateway, NatGateway};
pub use defender::{
    Alert, Assessment, Contact, Export, JitMachine, JitPolicy, JitPort, JitRequest, Plan, PlanPart,
    SubAssessment, SuppressionRule,
};
pub use directory::{
    AccessPolicy, DirectoryList, DirectoryRole, DirectoryRoleKind, Group, Guests, Member, MemberKind,
    Membership, NamedLocation, Person, RiskyPerson, SecurityDefaults, ServicePrincipal, SignInMethods,
    Strength,
};
pub use machine::{
    Extension, GuestAssignment, GuestFailure, Maintenance, Patch, PatchAssessment, RunCommand, SourceImage,
};
pub use protection::{BackupItem, BackupPolicy, Snapshot, Vault};
pub use rights::{
    ClassicAdministrator, DenyAssignment, Permission, RoleAssignment, RoleDefinition, Subscription,
    TakenRight,
};

use directory::{
    ACCESS_POLICY, DIRECTORY_ROLE, DIRECTORY_ROLE_KIND, ELIGIBLE_ROLE, GROUP, MEMBERSHIP, METHODS,
    NAMED_LOCATION, PERSON, PROGRAM, RISKY, SECURITY_DEFAULTS, STRENGTH,
};
use hashbrown::HashMap;
use sonic_rs::Object;

use crate::id::{Ids, ResourceId};
use crate::origin::{Origin, Origins};
use crate::record::Around;
use crate::wire::Reader;

/// Records of one kind, sorted by owner, then by id.
#[derive(Clone, Debug)]
pub struct Owned<R> {
    records: Vec<R>,
    /// Where the records of each owner stand: the first, and behind the last. Every machine is looked up many times.
    ranges: HashMap<ResourceId, (u32, u32)>,
}

impl<R> Default for Owned<R> {
    fn default() -> Self {
        Self { records: Vec::new(), ranges: HashMap::new() }
    }
}

impl<R> Owned<R> {
    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, R> {
        self.records.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }
}

impl<'o, R> IntoIterator for &'o Owned<R> {
    type Item = &'o R;
    type IntoIter = std::slice::Iter<'o, R>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[expect(private_bounds, reason = "the lists are made here alone")]
impl<R: Around> Owned<R> {
    /// Those that tell of a resource.
    pub fn of(&self, owner: ResourceId) -> &[R] {
        let Some((from, until)) = self.ranges.get(&owner) else { return &[] };
        self.records.get(*from as usize..*until as usize).unwrap_or_default()
    }

    /// Notes where the records of each owner stand.
    fn index(&mut self) {
        self.ranges.clear();
        let mut from = 0_u32;
        for group in self.records.chunk_by(|a, b| a.owner() == b.owner()) {
            let until = from.saturating_add(u32::try_from(group.len()).unwrap_or(u32::MAX));
            if let Some(first) = group.first() {
                self.ranges.insert(first.owner(), (from, until));
            }
            from = until;
        }
    }

    /// Sorts the records and makes those of one resource one.
    fn join(&mut self, ids: &Ids, conflicts: &mut Vec<Contradiction>) {
        let text = |id: ResourceId| ids.text(id).bytes().map(|byte| byte.to_ascii_lowercase());
        self.records.sort_by(|a, b| {
            let by_id =
                || if a.id() == b.id() { std::cmp::Ordering::Equal } else { text(a.id()).cmp(text(b.id())) };
            a.owner()
                .cmp(&b.owner())
                .then_with(by_id)
                .then_with(|| a.origins().first().cmp(&b.origins().first()))
        });
        if !self.records.windows(2).any(|pair| matches!(pair, [a, b] if a.id() == b.id())) {
            return self.index();
        }
        let mut joined: Vec<R> = Vec::with_capacity(self.records.len());
        for record in std::mem::take(&mut self.records) {
            match joined.last_mut().filter(|last| last.id() == record.id()) {
                None => joined.push(record),
                Some(last) => {
                    let (id, one, other) = (record.id(), last.origins().first(), record.origins().first());
                    let mut pointers = Vec::new();
                    last.absorb(record, &mut pointers);
                    let all = pointers.into_iter().map(|pointer| Contradiction { id, pointer, one, other });
                    conflicts.extend(all);
                }
            }
        }
        self.records = joined;
        self.index();
    }
}

/// Two records of one resource that do not say the same.
pub(crate) struct Contradiction {
    pub(crate) id: ResourceId,
    pub(crate) pointer: &'static str,
    pub(crate) one: Origin,
    pub(crate) other: Origin,
}

macro_rules! around {
    ($($(#[$doc:meta])* $list:ident: $record:ident, $($type:tt)|+;)*) => {
        /// Everything around machines and networks.
        #[derive(Default)]
        pub struct Surroundings {
            $($(#[$doc])* pub $list: Owned<$record>,)*
            /// Where policies of just-in-time access name machines.
            guarded: defender::Guarded,
            /// Which lists of the directory there are, and whether each piece of them says that it is not all.
            pub(crate) lists: Vec<(&'static str, bool)>,
        }

        impl Surroundings {
            /// Takes a resource whose type (lower case) is one of these.
            pub(crate) fn take(
                &mut self,
                reader: &mut Reader<'_>,
                resource_type: &str,
                id: ResourceId,
                text: &str,
                object: &Object,
            ) {
                match resource_type {
                    $($($type)|+ => self.$list.records.push($record::read(reader, id, text, object)),)*
                    _ => {}
                }
            }

            pub(crate) fn append(&mut self, other: &mut Self) {
                $(self.$list.records.append(&mut other.$list.records);)*
                self.lists.append(&mut other.lists);
            }

            /// Makes the records of each resource one.
            pub(crate) fn join(&mut self, ids: &Ids) -> Vec<Contradiction> {
                let mut conflicts = Vec::new();
                $(self.$list.join(ids, &mut conflicts);)*
                self.guarded = defender::Guarded::new(&self.jit_policies);
                conflicts
            }

            /// Where the records of a resource stand, if it is one of these.
            pub fn origins(&self, id: ResourceId) -> Option<&Origins> {
                $(
                    if let Some(record) = self.$list.records.iter().find(|record| record.id == id) {
                        return Some(&record.origins);
                    }
                )*
                None
            }
        }
    };
}

impl Surroundings {
    /// Whether the input holds a list of the directory, and all of it.
    pub fn lists(&self, list: DirectoryList) -> bool {
        let mut pieces = self.lists.iter().filter(|(kind, _)| *kind == list.kind()).peekable();
        pieces.peek().is_some() && pieces.all(|(_, more)| !more)
    }

    /// Whether the input holds a list of the directory, or a part of one.
    pub fn has_list(&self, list: DirectoryList) -> bool {
        self.lists.iter().any(|(kind, _)| *kind == list.kind())
    }

    /// Each policy of just-in-time access that names a machine, with what it says of the machine.
    pub fn jit_of(&self, vm: ResourceId) -> impl Iterator<Item = (&JitPolicy, &JitMachine)> {
        self.guarded.of(vm).filter_map(|(policy, index)| {
            let policy = self.jit_policies.records.get(policy)?;
            Some((policy, policy.machines.as_ref()?.value()?.get(index)?))
        })
    }
}

around! {
    /// Extensions of machines and scale sets, by machine.
    extensions: Extension, "microsoft.compute/virtualmachines/extensions"
        | "microsoft.compute/virtualmachinescalesets/extensions"
        | "microsoft.compute/virtualmachinescalesets/virtualmachines/extensions";
    /// Run commands of machines, by machine.
    run_commands: RunCommand, "microsoft.compute/virtualmachines/runcommands";
    /// What updates machines lack, by machine.
    patch_assessments: PatchAssessment, "microsoft.compute/virtualmachines/patchassessmentresults";
    /// Single updates that machines lack, by machine.
    patches: Patch, "microsoft.compute/virtualmachines/patchassessmentresults/softwarepatches";
    /// What was looked at inside machines, by machine.
    guest_assignments: GuestAssignment, "microsoft.guestconfiguration/guestconfigurationassignments";
    /// Schedules of updates, by machine.
    maintenance: Maintenance, "microsoft.maintenance/configurationassignments";
    /// Images of galleries, and of the Marketplace by publisher, offer, plan and version.
    source_images: SourceImage, "microsoft.compute/galleries/images"
        | "microsoft.compute/galleries/images/versions"
        | "microsoft.compute/locations/publishers/artifacttypes/offers/skus/versions";
    /// What vaults keep, by machine.
    backup_items: BackupItem, "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems";
    /// Vaults for backups.
    vaults: Vault, "microsoft.recoveryservices/vaults" | "microsoft.dataprotection/backupvaults";
    /// How long backups are kept, by vault.
    backup_policies: BackupPolicy, "microsoft.recoveryservices/vaults/backuppolicies";
    /// Snapshots of disks.
    snapshots: Snapshot, "microsoft.compute/snapshots";
    /// Recommendations of Defender for Cloud, by resource.
    assessments: Assessment, "microsoft.security/assessments";
    /// Single findings of these, by resource.
    sub_assessments: SubAssessment, "microsoft.security/assessments/subassessments";
    /// Plans of Defender for Cloud, by subscription.
    plans: Plan, "microsoft.security/pricings";
    /// Who hears of alerts, by subscription.
    contacts: Contact, "microsoft.security/securitycontacts";
    /// Alerts of Defender for Cloud, by subscription.
    alerts: Alert, "microsoft.security/locations/alerts";
    /// Alerts that are kept from people, by subscription.
    suppression_rules: SuppressionRule, "microsoft.security/alertssuppressionrules";
    /// Where findings and alerts are sent, by subscription.
    exports: Export, "microsoft.security/automations";
    /// Policies of just-in-time access.
    jit_policies: JitPolicy, "microsoft.security/locations/jitnetworkaccesspolicies";
    /// Bastions, by network.
    bastions: Bastion, "microsoft.network/bastionhosts";
    /// VPN and ExpressRoute gateways, by network.
    gateways: Gateway, "microsoft.network/virtualnetworkgateways";
    /// Connections of gateways, by gateway.
    connections: Connection, "microsoft.network/connections";
    /// ExpressRoute circuits.
    circuits: Circuit, "microsoft.network/expressroutecircuits";
    /// NAT gateways.
    nat_gateways: NatGateway, "microsoft.network/natgateways";
    /// DDoS protection plans.
    ddos_plans: DdosPlan, "microsoft.network/ddosprotectionplans";
    /// Flow logs, by what they write down.
    flow_logs: FlowLog, "microsoft.network/networkwatchers/flowlogs";
    /// Who has which role where, by scope.
    role_assignments: RoleAssignment, "microsoft.authorization/roleassignments";
    /// Roles.
    role_definitions: RoleDefinition, "microsoft.authorization/roledefinitions";
    /// Who may take which role where, by scope.
    eligible_rights: RoleAssignment, "microsoft.authorization/roleeligibilityscheduleinstances";
    /// Roles that somebody has now, and whether these were taken for some time, by scope.
    taken_rights: TakenRight, "microsoft.authorization/roleassignmentscheduleinstances";
    /// What is taken from people, by scope.
    deny_assignments: DenyAssignment, "microsoft.authorization/denyassignments";
    /// Administrators as they were before there were roles, by subscription.
    classic_administrators: ClassicAdministrator, "microsoft.authorization/classicadministrators";
    /// Subscriptions.
    subscriptions: Subscription, "microsoft.resources/subscriptions";
    /// Policies of conditional access.
    access_policies: AccessPolicy, ACCESS_POLICY;
    /// Places that these name.
    named_locations: NamedLocation, NAMED_LOCATION;
    /// Strengths of authentication.
    strengths: Strength, STRENGTH;
    /// Microsoft's own rules of signing in.
    security_defaults: SecurityDefaults, SECURITY_DEFAULTS;
    /// People.
    people: Person, PERSON;
    /// Groups of people.
    groups: Group, GROUP;
    /// Programs.
    programs: ServicePrincipal, PROGRAM;
    /// Who is in groups, by group.
    memberships: Membership, MEMBERSHIP;
    /// Who has which role of the directory, by person or group.
    directory_roles: DirectoryRole, DIRECTORY_ROLE;
    /// Who may take which role of the directory, by person or group.
    eligible_roles: DirectoryRole, ELIGIBLE_ROLE;
    /// What roles of the directory are called.
    directory_role_kinds: DirectoryRoleKind, DIRECTORY_ROLE_KIND;
    /// What people have to prove who they are.
    sign_in_methods: SignInMethods, METHODS;
    /// People whose accounts may be in other hands.
    risky_people: RiskyPerson, RISKY;
}
