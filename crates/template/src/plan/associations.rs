//! Which associations there are, and what each of them sets of what.
//!
//! Source: <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs>

/// An association that sets a property.
pub(super) struct Association {
    pub(super) kind: &'static str,
    pub(super) target: (&'static str, &'static str, &'static str),
    pub(super) field: &'static str,
    pub(super) value: (&'static str, &'static str),
}

const SUBNET: (&str, &str, &str) =
    ("subnet_id", "azurerm_subnet", "Microsoft.Network/virtualNetworks/subnets");
pub(super) const NIC: (&str, &str, &str) =
    ("network_interface_id", "azurerm_network_interface", "Microsoft.Network/networkInterfaces");

/// Associations of which a resource has one.
pub(super) const ONE: [Association; 4] = [
    Association {
        kind: "azurerm_subnet_network_security_group_association",
        target: SUBNET,
        field: "networkSecurityGroup",
        value: ("network_security_group_id", "azurerm_network_security_group"),
    },
    Association {
        kind: "azurerm_subnet_route_table_association",
        target: SUBNET,
        field: "routeTable",
        value: ("route_table_id", "azurerm_route_table"),
    },
    Association {
        kind: "azurerm_subnet_nat_gateway_association",
        target: SUBNET,
        field: "natGateway",
        value: ("nat_gateway_id", "azurerm_nat_gateway"),
    },
    Association {
        kind: "azurerm_network_interface_security_group_association",
        target: NIC,
        field: "networkSecurityGroup",
        value: ("network_security_group_id", "azurerm_network_security_group"),
    },
];

/// Associations of IP configurations: kind, list, attribute, its kind.
pub(super) const MEMBERS: [(&str, &str, &str, &str); 4] = [
    (
        "azurerm_network_interface_application_security_group_association",
        "applicationSecurityGroups",
        "application_security_group_id",
        "azurerm_application_security_group",
    ),
    (
        "azurerm_network_interface_backend_address_pool_association",
        "loadBalancerBackendAddressPools",
        "backend_address_pool_id",
        "azurerm_lb_backend_address_pool",
    ),
    (
        "azurerm_network_interface_nat_rule_association",
        "loadBalancerInboundNatRules",
        "nat_rule_id",
        "azurerm_lb_nat_rule",
    ),
    (
        "azurerm_network_interface_application_gateway_backend_address_pool_association",
        "applicationGatewayBackendAddressPools",
        "backend_address_pool_id",
        "azurerm_application_gateway",
    ),
];

/// Associations that add to the list of a NAT gateway: kind, list, attribute, its kind.
pub(super) const ADDED: [(&str, &str, &str, &str); 2] = [
    (
        "azurerm_nat_gateway_public_ip_association",
        "publicIpAddresses",
        "public_ip_address_id",
        "azurerm_public_ip",
    ),
    (
        "azurerm_nat_gateway_public_ip_prefix_association",
        "publicIpPrefixes",
        "public_ip_prefix_id",
        "azurerm_public_ip_prefix",
    ),
];
