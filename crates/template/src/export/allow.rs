//! Which properties of each type are taken over, as data; [`super::copying`] copies by it.
//!
//! INVARIANT: what is not named here is never copied, and a value is copied only as a scalar or a list of scalars. So
//! nothing read-only, generated or secret slips in inside of an object.
//!
//! Sources: the pages of the types under <https://learn.microsoft.com/azure/templates/>.

/// How a property is taken over.
pub(super) enum Take {
    /// A scalar, or a list of scalars.
    Plain,
    /// A text that people write.
    Words,
    /// An object of these properties.
    Object(&'static [Field]),
    /// A list of objects of these properties.
    Objects(&'static [Field]),
    /// A list of child resources: a name, and these under `properties`.
    Children(&'static [Field]),
    /// The id of another resource.
    Reference,
    /// Several of these.
    References,
}

/// A property by name.
pub(super) type Field = (&'static str, Take);

/// A type of resource.
pub(super) struct Type {
    /// Its name.
    pub(super) name: &'static str,
    /// The version of the API that its properties are of.
    pub(super) version: &'static str,
    /// Properties beside `properties`.
    pub(super) top: &'static [Field],
    /// What is under `properties`.
    pub(super) properties: &'static [Field],
}

use Take::{Children, Object, Objects, Plain, Reference, References, Words};

const SKU: Field = ("sku", Object(&[("name", Plain), ("tier", Plain)]));
const ZONES: Field = ("zones", Plain);
const NETWORK: &str = "2024-05-01";
const COMPUTE: &str = "2024-07-01";
const VAULT: &str = "2024-04-01";

pub(super) const ASG: Type = made("Microsoft.Network/applicationSecurityGroups", NETWORK);
pub(super) const NSG: Type = Type {
    name: "Microsoft.Network/networkSecurityGroups",
    version: NETWORK,
    top: &[],
    properties: &[("flushConnection", Plain), ("securityRules", Children(RULE))],
};
const RULE: &[Field] = &[
    ("description", Words),
    ("protocol", Plain),
    ("sourcePortRange", Plain),
    ("sourcePortRanges", Plain),
    ("destinationPortRange", Plain),
    ("destinationPortRanges", Plain),
    ("sourceAddressPrefix", Plain),
    ("sourceAddressPrefixes", Plain),
    ("sourceApplicationSecurityGroups", References),
    ("destinationAddressPrefix", Plain),
    ("destinationAddressPrefixes", Plain),
    ("destinationApplicationSecurityGroups", References),
    ("access", Plain),
    ("priority", Plain),
    ("direction", Plain),
];
pub(super) const ROUTES: Type = Type {
    name: "Microsoft.Network/routeTables",
    version: NETWORK,
    top: &[],
    properties: &[
        ("disableBgpRoutePropagation", Plain),
        (
            "routes",
            Children(&[("addressPrefix", Plain), ("nextHopType", Plain), ("nextHopIpAddress", Plain)]),
        ),
    ],
};
pub(super) const PUBLIC_IP: Type = Type {
    name: "Microsoft.Network/publicIPAddresses",
    version: NETWORK,
    top: &[SKU, ZONES],
    properties: &[
        ("publicIPAllocationMethod", Plain),
        ("publicIPAddressVersion", Plain),
        ("idleTimeoutInMinutes", Plain),
        ("dnsSettings", Object(&[("domainNameLabel", Plain), ("domainNameLabelScope", Plain)])),
        ("ddosSettings", Object(&[("protectionMode", Plain), ("ddosProtectionPlan", Reference)])),
    ],
};
pub(super) const NAT: Type = Type {
    name: "Microsoft.Network/natGateways",
    version: NETWORK,
    top: &[SKU, ZONES],
    properties: &[
        ("idleTimeoutInMinutes", Plain),
        ("publicIpAddresses", References),
        ("publicIpPrefixes", References),
    ],
};
pub(super) const VNET: Type = Type {
    name: "Microsoft.Network/virtualNetworks",
    version: NETWORK,
    top: &[],
    properties: &[
        ("addressSpace", Object(&[("addressPrefixes", Plain)])),
        ("dhcpOptions", Object(&[("dnsServers", Plain)])),
        ("enableDdosProtection", Plain),
        ("ddosProtectionPlan", Reference),
        ("encryption", Object(&[("enabled", Plain), ("enforcement", Plain)])),
        ("flowTimeoutInMinutes", Plain),
        ("subnets", Children(SUBNET)),
    ],
};
const SUBNET: &[Field] = &[
    ("addressPrefix", Plain),
    ("addressPrefixes", Plain),
    ("networkSecurityGroup", Reference),
    ("routeTable", Reference),
    ("natGateway", Reference),
    ("serviceEndpoints", Objects(&[("service", Plain), ("locations", Plain)])),
    ("delegations", Children(&[("serviceName", Plain)])),
    ("privateEndpointNetworkPolicies", Plain),
    ("privateLinkServiceNetworkPolicies", Plain),
    ("defaultOutboundAccess", Plain),
];
pub(super) const BASTION: Type = made("Microsoft.Network/bastionHosts", NETWORK);
pub(super) const NIC: Type = Type {
    name: "Microsoft.Network/networkInterfaces",
    version: NETWORK,
    top: &[],
    properties: &[
        ("enableAcceleratedNetworking", Plain),
        ("enableIPForwarding", Plain),
        ("disableTcpStateTracking", Plain),
        ("dnsSettings", Object(&[("dnsServers", Plain), ("internalDnsNameLabel", Plain)])),
        ("networkSecurityGroup", Reference),
        ("ipConfigurations", Children(ADDRESS)),
    ],
};
const ADDRESS: &[Field] = &[
    ("primary", Plain),
    ("privateIPAllocationMethod", Plain),
    ("privateIPAddress", Plain),
    ("privateIPAddressVersion", Plain),
    ("subnet", Reference),
    ("publicIPAddress", Reference),
    ("applicationSecurityGroups", References),
    ("loadBalancerBackendAddressPools", References),
    ("loadBalancerInboundNatRules", References),
    ("applicationGatewayBackendAddressPools", References),
];
pub(super) const AVAILABILITY: Type = Type {
    name: "Microsoft.Compute/availabilitySets",
    version: COMPUTE,
    top: &[SKU],
    properties: &[("platformFaultDomainCount", Plain), ("platformUpdateDomainCount", Plain)],
};
pub(super) const DISK: Type = Type {
    name: "Microsoft.Compute/disks",
    version: "2024-03-02",
    top: &[SKU],
    properties: &[
        ("tier", Plain),
        ("encryption", Object(&[("type", Plain), ("diskEncryptionSetId", Plain)])),
    ],
};
pub(super) const MACHINE: Type = Type {
    name: "Microsoft.Compute/virtualMachines",
    version: COMPUTE,
    top: &[("plan", Object(&[("name", Plain), ("publisher", Plain), ("product", Plain)])), ZONES],
    properties: &[
        (
            "hardwareProfile",
            Object(&[
                ("vmSize", Plain),
                ("vmSizeProperties", Object(&[("vCPUsAvailable", Plain), ("vCPUsPerCore", Plain)])),
            ]),
        ),
        ("additionalCapabilities", Object(&[("ultraSSDEnabled", Plain), ("hibernationEnabled", Plain)])),
        ("licenseType", Plain),
        ("priority", Plain),
        ("evictionPolicy", Plain),
        ("billingProfile", Object(&[("maxPrice", Plain)])),
        ("extensionsTimeBudget", Plain),
        ("availabilitySet", Reference),
        (
            "securityProfile",
            Object(&[
                ("securityType", Plain),
                ("encryptionAtHost", Plain),
                ("uefiSettings", Object(&[("secureBootEnabled", Plain), ("vTpmEnabled", Plain)])),
            ]),
        ),
        ("diagnosticsProfile", Object(&[("bootDiagnostics", Object(&[("enabled", Plain)]))])),
    ],
};
/// The disk that a machine starts from. The rest of the storage profile is written by code.
pub(super) const SYSTEM_DISK: &[Field] = &[
    ("osType", Plain),
    ("caching", Plain),
    ("writeAcceleratorEnabled", Plain),
    ("diskSizeGB", Plain),
    ("deleteOption", Plain),
    ("diffDiskSettings", Object(&[("option", Plain), ("placement", Plain)])),
    (
        "managedDisk",
        Object(&[
            ("storageAccountType", Plain),
            ("diskEncryptionSet", Reference),
            (
                "securityProfile",
                Object(&[("securityEncryptionType", Plain), ("diskEncryptionSet", Reference)]),
            ),
        ]),
    ),
];
const PATCHES: Field = (
    "patchSettings",
    Object(&[
        ("patchMode", Plain),
        ("assessmentMode", Plain),
        ("enableHotpatching", Plain),
        (
            "automaticByPlatformSettings",
            Object(&[("rebootSetting", Plain), ("bypassPlatformSafetyChecksOnUserSchedule", Plain)]),
        ),
    ]),
);
/// The part of the account profile that is no account. The administrator is written by code.
pub(super) const ACCOUNT: &[Field] = &[
    ("allowExtensionOperations", Plain),
    (
        "windowsConfiguration",
        Object(&[
            ("provisionVMAgent", Plain),
            ("enableAutomaticUpdates", Plain),
            ("timeZone", Plain),
            PATCHES,
        ]),
    ),
    (
        "linuxConfiguration",
        Object(&[("disablePasswordAuthentication", Plain), ("provisionVMAgent", Plain), PATCHES]),
    ),
];
/// Publisher and type are written by code.
pub(super) const EXTENSION: Type = Type {
    name: "Microsoft.Compute/virtualMachines/extensions",
    version: COMPUTE,
    top: &[],
    properties: &[
        ("typeHandlerVersion", Plain),
        ("autoUpgradeMinorVersion", Plain),
        ("enableAutomaticUpgrade", Plain),
        ("suppressFailures", Plain),
    ],
};
pub(super) const JIT: Type = made("Microsoft.Security/locations/jitNetworkAccessPolicies", "2020-01-01");
pub(super) const VAULTS: Type = made("Microsoft.RecoveryServices/vaults", VAULT);
pub(super) const BACKUP_POLICY: Type = made("Microsoft.RecoveryServices/vaults/backupPolicies", VAULT);
pub(super) const BACKUP_ITEM: Type =
    made("Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems", VAULT);

/// Every type, a type behind those that it may refer to.
pub(super) const ALL: [&Type; 16] = [
    &ASG,
    &NSG,
    &ROUTES,
    &PUBLIC_IP,
    &NAT,
    &VNET,
    &BASTION,
    &NIC,
    &AVAILABILITY,
    &DISK,
    &MACHINE,
    &EXTENSION,
    &JIT,
    &VAULTS,
    &BACKUP_POLICY,
    &BACKUP_ITEM,
];

/// A type of which nothing is copied: it is referred to, or made here.
const fn made(name: &'static str, version: &'static str) -> Type {
    Type { name, version, top: &[], properties: &[] }
}
