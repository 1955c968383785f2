//! What is collected, by which questions, and which rights they need.
//!
//! Sources: <https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources>; the
//! actions are those of <https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations>.

/// A table of Resource Graph, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// A short name, for people and manifests.
    pub name: &'static str,
    /// The table.
    pub table: &'static str,
    /// The types of resources; all of the table if there is none.
    pub types: &'static [&'static str],
    /// The right that it needs.
    pub action: &'static str,
    /// A built-in role that has it.
    pub role: &'static str,
}

/// A list of Resource Manager that Resource Graph does not have, one for each subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    /// A short name, for people and manifests.
    pub name: &'static str,
    /// Its path below the subscription, and its query but for the version.
    pub path: &'static str,
    /// The version of the API.
    pub version: &'static str,
    /// The right that it needs.
    pub action: &'static str,
    /// A built-in role that has it.
    pub role: &'static str,
}

/// A list of Microsoft Graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directory {
    /// A short name, for people and manifests.
    pub name: &'static str,
    /// Its path and query.
    pub path: &'static str,
    /// The permission that it needs, and the directory role that has it for people.
    pub permission: &'static str,
    /// A directory role that has it.
    pub role: &'static str,
}

/// What tells of images that machines are made from: a question for those of galleries, and for each of the Marketplace
/// a request of its own, as Resource Graph has none of these.
pub(crate) const IMAGES: &str = "images";

/// The version of the API that images of the Marketplace are asked by.
pub(crate) const IMAGE_VERSION: &str = "2024-07-01";

/// The right that a request for one of them needs: a part of what machines need.
pub(crate) const IMAGE_ACTION: &str = "Microsoft.Compute/*/read";

pub(crate) const READER: &str = "Reader";
const SECURITY_READER: &str = "Security Reader";

/// What Resource Graph is asked for.
pub const QUESTIONS: [Question; 16] = [
    Question {
        name: "machines",
        table: "resources",
        types: &[
            "microsoft.compute/virtualmachines",
            "microsoft.compute/virtualmachines/extensions",
            "microsoft.compute/virtualmachinescalesets",
            "microsoft.compute/virtualmachines/runcommands",
            "microsoft.compute/disks",
            "microsoft.compute/snapshots",
        ],
        action: "Microsoft.Compute/*/read",
        role: READER,
    },
    Question {
        name: IMAGES,
        table: "resources",
        types: &["microsoft.compute/galleries/images", "microsoft.compute/galleries/images/versions"],
        action: IMAGE_ACTION,
        role: READER,
    },
    Question {
        name: "networks",
        table: "resources",
        types: &[
            "microsoft.network/networkinterfaces",
            "microsoft.network/publicipaddresses",
            "microsoft.network/publicipprefixes",
            "microsoft.network/networksecuritygroups",
            "microsoft.network/applicationsecuritygroups",
            "microsoft.network/virtualnetworks",
            "microsoft.network/routetables",
            "microsoft.network/loadbalancers",
            "microsoft.network/applicationgateways",
            "microsoft.network/azurefirewalls",
            "microsoft.network/firewallpolicies",
            "microsoft.network/ipgroups",
            "microsoft.network/bastionhosts",
            "microsoft.network/natgateways",
            "microsoft.network/virtualnetworkgateways",
            "microsoft.network/localnetworkgateways",
            "microsoft.network/connections",
            "microsoft.network/expressroutecircuits",
            "microsoft.network/privateendpoints",
            "microsoft.network/privatelinkservices",
            "microsoft.network/ddosprotectionplans",
            "microsoft.network/networkwatchers",
            "microsoft.network/networkwatchers/flowlogs",
        ],
        action: "Microsoft.Network/*/read",
        role: READER,
    },
    Question {
        name: "vaults",
        table: "resources",
        types: &["microsoft.recoveryservices/vaults"],
        action: "Microsoft.RecoveryServices/vaults/read",
        role: READER,
    },
    Question {
        name: "backup vaults",
        table: "resources",
        types: &["microsoft.dataprotection/backupvaults"],
        action: "Microsoft.DataProtection/backupVaults/read",
        role: READER,
    },
    Question {
        name: "network rules",
        table: "networkresources",
        types: &[
            "microsoft.network/effectivesecurityadminrules",
            "microsoft.network/firewallpolicies/rulecollectiongroups",
            "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules",
        ],
        action: "Microsoft.Network/*/read",
        role: READER,
    },
    Question {
        name: "scale set instances",
        table: "computeresources",
        types: &[
            "microsoft.compute/virtualmachinescalesets/virtualmachines",
            "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces",
            "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces/ipconfigurations/publicipaddresses",
        ],
        action: "Microsoft.Compute/virtualMachineScaleSets/*/read",
        role: READER,
    },
    Question {
        name: "updates",
        table: "patchassessmentresources",
        types: &[
            "microsoft.compute/virtualmachines/patchassessmentresults",
            "microsoft.compute/virtualmachines/patchassessmentresults/softwarepatches",
        ],
        action: "Microsoft.Compute/virtualMachines/read",
        role: READER,
    },
    Question {
        name: "guest configuration",
        table: "guestconfigurationresources",
        types: &["microsoft.guestconfiguration/guestconfigurationassignments"],
        action: "Microsoft.GuestConfiguration/guestConfigurationAssignments/read",
        role: READER,
    },
    Question {
        name: "backups",
        table: "recoveryservicesresources",
        types: &["microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems"],
        action: "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/read",
        role: READER,
    },
    Question {
        name: "backup policies",
        table: "recoveryservicesresources",
        types: &["microsoft.recoveryservices/vaults/backuppolicies"],
        action: "Microsoft.RecoveryServices/vaults/backupPolicies/read",
        role: READER,
    },
    Question {
        name: "security",
        table: "securityresources",
        types: &[
            "microsoft.security/assessments",
            "microsoft.security/assessments/subassessments",
            "microsoft.security/pricings",
            "microsoft.security/locations/alerts",
        ],
        action: "Microsoft.Security/*/read",
        role: SECURITY_READER,
    },
    Question {
        name: "rights",
        table: "authorizationresources",
        types: &[
            "microsoft.authorization/roleassignments",
            "microsoft.authorization/roledefinitions",
            "microsoft.authorization/classicadministrators",
        ],
        action: "Microsoft.Authorization/*/read",
        role: READER,
    },
    Question {
        name: "subscriptions",
        table: "resourcecontainers",
        types: &["microsoft.resources/subscriptions"],
        action: "Microsoft.Resources/subscriptions/read",
        role: READER,
    },
    Question {
        name: "policies",
        table: "policyresources",
        types: &["microsoft.authorization/policyassignments"],
        action: "Microsoft.Authorization/policyAssignments/read",
        role: READER,
    },
    Question {
        name: "maintenance",
        table: "maintenanceresources",
        types: &["microsoft.maintenance/configurationassignments"],
        action: "Microsoft.Maintenance/configurationAssignments/read",
        role: READER,
    },
];

/// What Resource Manager is asked for in each subscription.
pub const LISTS: [List; 9] = [
    List {
        name: "just-in-time policies",
        path: "providers/Microsoft.Security/jitNetworkAccessPolicies",
        version: "2020-01-01",
        action: "Microsoft.Security/locations/jitNetworkAccessPolicies/read",
        role: SECURITY_READER,
    },
    List {
        name: "security contacts",
        path: "providers/Microsoft.Security/securityContacts",
        version: "2020-01-01-preview",
        action: "Microsoft.Security/securityContacts/read",
        role: SECURITY_READER,
    },
    List {
        name: "Defender for Cloud settings",
        path: "providers/Microsoft.Security/settings",
        version: "2022-05-01",
        action: "Microsoft.Security/settings/read",
        role: SECURITY_READER,
    },
    List {
        name: "alert suppression",
        path: "providers/Microsoft.Security/alertsSuppressionRules",
        version: "2019-01-01-preview",
        action: "Microsoft.Security/alertsSuppressionRules/read",
        role: SECURITY_READER,
    },
    List {
        name: "exports",
        path: "providers/Microsoft.Security/automations",
        version: "2019-01-01-preview",
        action: "Microsoft.Security/automations/read",
        role: SECURITY_READER,
    },
    List {
        name: "locks",
        path: "providers/Microsoft.Authorization/locks",
        version: "2020-05-01",
        action: "Microsoft.Authorization/locks/read",
        role: READER,
    },
    List {
        name: "deny assignments",
        path: "providers/Microsoft.Authorization/denyAssignments",
        version: "2022-04-01",
        action: "Microsoft.Authorization/denyAssignments/read",
        role: READER,
    },
    List {
        name: "eligible rights",
        path: "providers/Microsoft.Authorization/roleEligibilityScheduleInstances",
        version: "2020-10-01",
        action: "Microsoft.Authorization/roleEligibilityScheduleInstances/read",
        role: READER,
    },
    List {
        name: "taken rights",
        path: "providers/Microsoft.Authorization/roleAssignmentScheduleInstances",
        version: "2020-10-01",
        action: "Microsoft.Authorization/roleAssignmentScheduleInstances/read",
        role: READER,
    },
];

/// What Microsoft Graph is asked for.
pub const DIRECTORY: [Directory; 12] = [
    Directory {
        name: "conditional access",
        path: "v1.0/identity/conditionalAccess/policies",
        permission: "Policy.Read.All",
        role: "Security Reader",
    },
    Directory {
        name: "named locations",
        path: "v1.0/identity/conditionalAccess/namedLocations",
        permission: "Policy.Read.All",
        role: "Security Reader",
    },
    Directory {
        name: "authentication strengths",
        path: "v1.0/identity/conditionalAccess/authenticationStrength/policies",
        permission: "Policy.Read.All",
        role: "Security Reader",
    },
    Directory {
        name: "security defaults",
        path: "v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
        permission: "Policy.Read.All",
        role: "Security Reader",
    },
    Directory {
        name: "people",
        path: "v1.0/users?$select=id,displayName,userPrincipalName,userType,accountEnabled&$top=999",
        permission: "User.Read.All",
        role: "Directory Readers",
    },
    Directory {
        name: "groups",
        path: "v1.0/groups?$select=id,displayName,securityEnabled,groupTypes,isAssignableToRole&$top=999",
        permission: "GroupMember.Read.All",
        role: "Directory Readers",
    },
    Directory {
        name: "programs",
        path: "v1.0/servicePrincipals?$select=id,displayName,servicePrincipalType&$top=999",
        permission: "Application.Read.All",
        role: "Directory Readers",
    },
    Directory {
        name: "authentication methods",
        path: "v1.0/reports/authenticationMethods/userRegistrationDetails",
        permission: "AuditLog.Read.All",
        role: "Reports Reader",
    },
    Directory {
        name: "directory roles",
        path: "v1.0/roleManagement/directory/roleAssignments",
        permission: "RoleManagement.Read.Directory",
        role: "Directory Readers",
    },
    Directory {
        name: "directory role definitions",
        path: "v1.0/roleManagement/directory/roleDefinitions",
        permission: "RoleManagement.Read.Directory",
        role: "Directory Readers",
    },
    Directory {
        name: "eligible directory roles",
        path: "v1.0/roleManagement/directory/roleEligibilityScheduleInstances",
        permission: "RoleEligibilitySchedule.Read.Directory",
        role: "Security Reader",
    },
    Directory {
        name: "risky people",
        path: "v1.0/identityProtection/riskyUsers",
        permission: "IdentityRiskyUser.Read.All",
        role: "Security Reader",
    },
];

/// Who is in a group, groups in groups included: asked for each group that has rights, or that a policy names.
pub const MEMBERS: Directory = Directory {
    name: "group members",
    path: "v1.0/groups/{id}/transitiveMembers?$select=id,displayName,userPrincipalName&$top=999",
    permission: "GroupMember.Read.All",
    role: "Directory Readers",
};

impl Question {
    /// The text of the query. Rows come in the order of their ids: so a page that comes twice, or is left out, shows.
    pub fn text(&self) -> String {
        format!("{} | project {COLUMNS} | order by id asc", self.rows())
    }

    /// How many rows it has of each type in each subscription.
    pub(crate) fn counts(&self) -> String {
        format!(
            "{} | summarize count_ = count() by subscriptionId, type | order by subscriptionId asc",
            self.rows()
        )
    }

    /// The same columns of resources by id. `quoted` is a list: `'/a', '/b'`.
    pub(crate) fn by_ids(quoted: &str) -> String {
        format!("resources | where id in~ ({quoted}) | project {COLUMNS} | order by id asc")
    }

    fn rows(&self) -> String {
        let quoted: Vec<String> = self.types.iter().map(|one| format!("'{one}'")).collect();
        match quoted.is_empty() {
            true => self.table.to_owned(),
            false => format!("{} | where type in~ ({})", self.table, quoted.join(", ")),
        }
    }
}

/// The columns that every table has and records need. `id` has to be among them, or there are no further pages.
const COLUMNS: &str = "id, name, type, kind, location, resourceGroup, subscriptionId, managedBy, sku, plan, tags, identity, zones, properties";

/// Which subscriptions hold anything, so that empty ones are not asked again by every question.
pub(crate) const COUNTS: &str =
    "resources | summarize count_ = count() by subscriptionId | order by subscriptionId asc";
