//! Which resource of Azure a resource of the plan is: its type, and what its id is made of.

/// How an id is made.
#[derive(Clone, Copy)]
pub(super) enum Scheme {
    /// `/subscriptions/…/resourceGroups/NAME`.
    ResourceGroup,
    /// A resource of a group, of this type.
    InGroup(&'static str),
    /// A part of the resource that an attribute has the id of: attribute, its kinds, the list it is in.
    Part(&'static str, &'static [&'static str], &'static str),
    /// A part of the resource that an attribute has the name of, in the same group.
    NamedPart(&'static str, &'static str, &'static str),
    /// A setting of the subscription: its type, the attribute that is its name.
    OfSubscription(&'static str, &'static str),
    /// What is attached to another resource: the attribute with that one's id, its type, the attribute that is its name.
    Attached(&'static str, &'static str, &'static str),
    /// What a vault keeps of a machine.
    BackupItem,
    /// Told by `type`, `parent_id` and `name`.
    Azapi,
}

use Scheme::{Attached, InGroup, NamedPart, OfSubscription, Part};

pub(super) const MACHINES: &[&str] =
    &["azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine", "azurerm_virtual_machine"];
pub(super) const SCALE_SETS: &[&str] = &[
    "azurerm_linux_virtual_machine_scale_set",
    "azurerm_windows_virtual_machine_scale_set",
    "azurerm_orchestrated_virtual_machine_scale_set",
    "azurerm_virtual_machine_scale_set",
];
pub(super) const BALANCERS: &[&str] = &["azurerm_lb"];
const NETWORK: &str = "azurerm_virtual_network";
const FIREWALL: &str = "azurerm_firewall";

/// How the id of a Terraform resource type is made; `None` for types that are no resource of their own, or not converted.
pub(super) fn scheme(kind: &str) -> Option<Scheme> {
    Some(match kind.strip_prefix("azurerm_") {
        None => match kind {
            "azapi_resource" | "azapi_update_resource" => Scheme::Azapi,
            _ => return None,
        },
        Some(kind) => match kind {
            "resource_group" => Scheme::ResourceGroup,
            "virtual_network" => InGroup("Microsoft.Network/virtualNetworks"),
            "subnet" => NamedPart("virtual_network_name", NETWORK, "subnets"),
            "virtual_network_peering" => NamedPart("virtual_network_name", NETWORK, "virtualNetworkPeerings"),
            "network_security_group" => InGroup("Microsoft.Network/networkSecurityGroups"),
            "network_security_rule" => {
                NamedPart("network_security_group_name", "azurerm_network_security_group", "securityRules")
            }
            "application_security_group" => InGroup("Microsoft.Network/applicationSecurityGroups"),
            "network_interface" => InGroup("Microsoft.Network/networkInterfaces"),
            "public_ip" => InGroup("Microsoft.Network/publicIPAddresses"),
            "public_ip_prefix" => InGroup("Microsoft.Network/publicIPPrefixes"),
            "route_table" => InGroup("Microsoft.Network/routeTables"),
            "route" => NamedPart("route_table_name", "azurerm_route_table", "routes"),
            "nat_gateway" => InGroup("Microsoft.Network/natGateways"),
            "lb" => InGroup("Microsoft.Network/loadBalancers"),
            "lb_backend_address_pool" => Part("loadbalancer_id", BALANCERS, "backendAddressPools"),
            "lb_rule" => Part("loadbalancer_id", BALANCERS, "loadBalancingRules"),
            "lb_nat_rule" => Part("loadbalancer_id", BALANCERS, "inboundNatRules"),
            "lb_nat_pool" => Part("loadbalancer_id", BALANCERS, "inboundNatPools"),
            "lb_probe" => Part("loadbalancer_id", BALANCERS, "probes"),
            "lb_outbound_rule" => Part("loadbalancer_id", BALANCERS, "outboundRules"),
            "application_gateway" => InGroup("Microsoft.Network/applicationGateways"),
            "firewall" => InGroup("Microsoft.Network/azureFirewalls"),
            "firewall_nat_rule_collection" => {
                NamedPart("azure_firewall_name", FIREWALL, "natRuleCollections")
            }
            "firewall_network_rule_collection" => {
                NamedPart("azure_firewall_name", FIREWALL, "networkRuleCollections")
            }
            "firewall_policy" => InGroup("Microsoft.Network/firewallPolicies"),
            "firewall_policy_rule_collection_group" => {
                Part("firewall_policy_id", &["azurerm_firewall_policy"], "ruleCollectionGroups")
            }
            "ip_group" => InGroup("Microsoft.Network/ipGroups"),
            "bastion_host" => InGroup("Microsoft.Network/bastionHosts"),
            "private_endpoint" => InGroup("Microsoft.Network/privateEndpoints"),
            "private_link_service" => InGroup("Microsoft.Network/privateLinkServices"),
            "network_ddos_protection_plan" => InGroup("Microsoft.Network/ddosProtectionPlans"),
            "network_watcher" => InGroup("Microsoft.Network/networkWatchers"),
            "network_watcher_flow_log" => {
                NamedPart("network_watcher_name", "azurerm_network_watcher", "flowLogs")
            }
            "virtual_network_gateway" => InGroup("Microsoft.Network/virtualNetworkGateways"),
            "virtual_network_gateway_connection" => InGroup("Microsoft.Network/connections"),
            "local_network_gateway" => InGroup("Microsoft.Network/localNetworkGateways"),
            "express_route_circuit" => InGroup("Microsoft.Network/expressRouteCircuits"),
            "network_manager" => InGroup("Microsoft.Network/networkManagers"),
            "network_manager_network_group" => {
                Part("network_manager_id", &["azurerm_network_manager"], "networkGroups")
            }
            "network_manager_security_admin_configuration" => {
                Part("network_manager_id", &["azurerm_network_manager"], "securityAdminConfigurations")
            }
            "network_manager_admin_rule_collection" => Part(
                "security_admin_configuration_id",
                &["azurerm_network_manager_security_admin_configuration"],
                "ruleCollections",
            ),
            "network_manager_admin_rule" => {
                Part("admin_rule_collection_id", &["azurerm_network_manager_admin_rule_collection"], "rules")
            }
            "linux_virtual_machine" | "windows_virtual_machine" | "virtual_machine" => {
                InGroup("Microsoft.Compute/virtualMachines")
            }
            "linux_virtual_machine_scale_set"
            | "windows_virtual_machine_scale_set"
            | "orchestrated_virtual_machine_scale_set"
            | "virtual_machine_scale_set" => InGroup("Microsoft.Compute/virtualMachineScaleSets"),
            "virtual_machine_extension" => Part("virtual_machine_id", MACHINES, "extensions"),
            "virtual_machine_scale_set_extension" => {
                Part("virtual_machine_scale_set_id", SCALE_SETS, "extensions")
            }
            "managed_disk" => InGroup("Microsoft.Compute/disks"),
            "snapshot" => InGroup("Microsoft.Compute/snapshots"),
            "disk_encryption_set" => InGroup("Microsoft.Compute/diskEncryptionSets"),
            "availability_set" => InGroup("Microsoft.Compute/availabilitySets"),
            "recovery_services_vault" => InGroup("Microsoft.RecoveryServices/vaults"),
            "data_protection_backup_vault" => InGroup("Microsoft.DataProtection/backupVaults"),
            "backup_policy_vm" => {
                NamedPart("recovery_vault_name", "azurerm_recovery_services_vault", "backupPolicies")
            }
            "backup_protected_vm" => Scheme::BackupItem,
            "security_center_subscription_pricing" => {
                OfSubscription("Microsoft.Security/pricings", "resource_type")
            }
            "security_center_contact" => OfSubscription("Microsoft.Security/securityContacts", "name"),
            "role_assignment" => Attached("scope", "Microsoft.Authorization/roleAssignments", "name"),
            "role_definition" => {
                Attached("scope", "Microsoft.Authorization/roleDefinitions", "role_definition_id")
            }
            "management_lock" => Attached("scope", "Microsoft.Authorization/locks", "name"),
            "maintenance_configuration" => InGroup("Microsoft.Maintenance/maintenanceConfigurations"),
            "maintenance_assignment_virtual_machine" => {
                Attached("virtual_machine_id", "Microsoft.Maintenance/configurationAssignments", "name")
            }
            "policy_virtual_machine_configuration_assignment" => Attached(
                "virtual_machine_id",
                "Microsoft.GuestConfiguration/guestConfigurationAssignments",
                "name",
            ),
            "user_assigned_identity" => InGroup("Microsoft.ManagedIdentity/userAssignedIdentities"),
            "storage_account" => InGroup("Microsoft.Storage/storageAccounts"),
            "key_vault" => InGroup("Microsoft.KeyVault/vaults"),
            _ => return None,
        },
    })
}

/// Types that say of other resources what belongs together.
pub(super) fn is_association(kind: &str) -> bool {
    const KINDS: [&str; 12] = [
        "subnet_network_security_group_association",
        "subnet_route_table_association",
        "subnet_nat_gateway_association",
        "network_interface_security_group_association",
        "network_interface_application_security_group_association",
        "network_interface_backend_address_pool_association",
        "network_interface_nat_rule_association",
        "network_interface_application_gateway_backend_address_pool_association",
        "nat_gateway_public_ip_association",
        "nat_gateway_public_ip_prefix_association",
        "lb_backend_address_pool_address",
        "virtual_machine_data_disk_attachment",
    ];
    kind.strip_prefix("azurerm_").is_some_and(|kind| KINDS.contains(&kind))
}
