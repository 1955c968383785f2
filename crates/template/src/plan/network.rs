//! Networks, subnets, NICs, security groups, routes, addresses, gateways and admin rules.
//!
//! Defaults are those of <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs>.

use super::block::Block;
use super::body::{Body, Props, list_of, named, opposite, word};
use super::convert::Maker;
use super::read_back::own_list;
use super::version::Documented;
use crate::value::{Kind, Value};

const SUBNETS: &[&str] = &["azurerm_subnet"];
const GROUPS: &[&str] = &["azurerm_network_security_group"];
const TABLES: &[&str] = &["azurerm_route_table"];
const ADDRESSES: &[&str] = &["azurerm_public_ip"];
const NETWORKS: &[&str] = &["azurerm_virtual_network"];
const ASGS: &[&str] = &["azurerm_application_security_group"];
const GATEWAYS: &[&str] = &["azurerm_virtual_network_gateway"];

pub(super) fn body<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, kind: &str) -> Option<Body> {
    let (mut top, mut properties) = (Props::default(), Props::default());
    let at = block.at;
    match kind.strip_prefix("azurerm_")? {
        "resource_group" | "application_security_group" | "network_watcher" => {}
        "virtual_network" => network(maker, block, &mut properties),
        "subnet" => subnet(maker, block, &mut properties),
        "virtual_network_peering" => peering(maker, block, &mut properties),
        "network_security_group" => {
            let rules = own_list(maker, block, ("security_rule", "securityRules"), |rule, _| {
                let mut properties = Props::default();
                security_rule(maker, rule, &mut properties);
                named(rule, properties)
            });
            properties.set("securityRules", rules.unwrap_or_else(|| Value::of_list(Vec::new(), at)));
        }
        "network_security_rule" => security_rule(maker, block, &mut properties),
        "network_interface" => interface(maker, block, &mut properties),
        "route_table" => {
            let routes = own_list(maker, block, ("route", "routes"), |route, _| {
                let mut properties = Props::default();
                self::route(route, &mut properties);
                named(route, properties)
            });
            properties.set("routes", routes.unwrap_or_else(|| Value::of_list(Vec::new(), at)));
            let old = block.get("disable_bgp_route_propagation");
            let kept_out = block.get("bgp_route_propagation_enabled").map(opposite).or(old);
            let kept_out = kept_out.unwrap_or_else(|| Value::new(Kind::Bool(false), at));
            properties.set("disableBgpRoutePropagation", kept_out);
        }
        "route" => route(block, &mut properties),
        "public_ip" => public_ip(maker, block, &mut top, &mut properties),
        "public_ip_prefix" => {
            sku(maker, block, &mut top, Documented::Text("Standard"));
            zones(block, &mut top);
            properties.take(block, &[("prefixLength", "prefix_length"), ("ipPrefix", "ip_prefix")]);
        }
        "nat_gateway" => {
            let mut sku = Props::default();
            sku.or(maker.estate, block, ("name", "sku_name"), Documented::Text("Standard"));
            top.inner("sku", sku, at);
            zones(block, &mut top);
        }
        "virtual_network_gateway" => gateway(maker, block, &mut top, &mut properties),
        "virtual_network_gateway_connection" => connection(maker, block, &mut properties),
        "local_network_gateway" => {
            properties.take(block, &[("gatewayIpAddress", "gateway_address"), ("fqdn", "gateway_fqdn")]);
            space(block, "localNetworkAddressSpace", "address_space", &mut properties);
        }
        "network_ddos_protection_plan" => {}
        "network_manager" | "network_manager_network_group" => {
            properties.take(block, &[("description", "description")]);
        }
        "network_manager_security_admin_configuration" => {
            properties.take(block, &[("description", "description")]);
        }
        "network_manager_admin_rule_collection" => {
            properties.take(block, &[("description", "description")]);
            let groups = &["azurerm_network_manager_network_group"];
            let groups = maker.estate.joints(block, "network_group_ids", groups);
            let group = |joint: super::joint::Joint| {
                let id = joint.id();
                Value::of_object(vec![("networkGroupId", id.clone())], id.at)
            };
            let groups = groups.map(|groups| match groups {
                Ok(all) => Value::of_list(all.into_iter().map(group).collect(), at),
                Err(unknown) => unknown,
            });
            properties.maybe("appliesToGroups", groups);
        }
        "network_manager_admin_rule" => admin_rule(block, &mut top, &mut properties),
        _ => return None,
    }
    Some(Body { top, properties, whole: None })
}

fn zones(block: &Block<'_>, top: &mut Props) {
    top.maybe("zones", block.get("zones"));
}

/// `{"name": …}` of the SKU. One that is not known is so as a whole: an unknown name would be taken for a name.
pub(super) fn sku(maker: &Maker<'_, '_>, block: &Block<'_>, top: &mut Props, default: Documented) {
    let name = block.filled("sku").unwrap_or_else(|| default.value(block, "sku", maker.estate.version));
    if name.doubt().is_some() {
        return top.set("sku", name);
    }
    let mut sku = Props::default();
    sku.set("name", name);
    sku.take(block, &[("tier", "sku_tier")]);
    top.inner("sku", sku, block.at);
}

/// `{"addressPrefixes": [...]}`
fn space(block: &Block<'_>, name: &'static str, attribute: &str, properties: &mut Props) {
    if let Some(prefixes) = block.get(attribute) {
        let at = prefixes.at;
        properties.set(name, Value::of_object(vec![("addressPrefixes", prefixes)], at));
    }
}

fn network<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    space(block, "addressSpace", "address_space", properties);
    let own = maker.estate.id(block.resource);
    let subnets = own_list(maker, block, ("subnet", "subnets"), |inline, _| {
        let mut fields = Props::default();
        subnet(maker, inline, &mut fields);
        let mut whole = Props::default();
        whole.maybe("name", inline.filled("name"));
        whole.set("id", maker.estate.part_of(&own, "subnets", inline, "name"));
        whole.set("properties", fields.object(inline.at));
        whole.object(inline.at)
    });
    properties.maybe("subnets", subnets);
    if let Some(plan) = block.block("ddos_protection_plan") {
        let plans = &["azurerm_network_ddos_protection_plan"];
        properties.maybe("ddosProtectionPlan", maker.estate.reference(&plan, "id", plans));
        let on = plan.get("enable").unwrap_or_else(|| plan.doubt("enable", plan.at));
        properties.set("enableDdosProtection", on);
    } else if !maker.estate.resource(block.resource).is_some_and(|resource| resource.data) {
        properties.set("enableDdosProtection", Value::new(Kind::Bool(false), block.at));
    }
}

/// A subnet, of its own or inside of its network.
fn subnet<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    let estate = maker.estate;
    properties.take(block, &[("addressPrefixes", "address_prefixes")]);
    if !properties.has("addressPrefixes") {
        properties.take(block, &[("addressPrefix", "address_prefix")]);
    }
    // Of a subnet of its own these are set by associations; what is unknown here is told there.
    let inline = estate.resource(block.resource).is_none_or(|resource| resource.kind != "azurerm_subnet");
    let told = |attribute: &str| {
        inline || block.text(attribute).is_some() || !block.references(attribute).is_empty()
    };
    for attribute in ["security_group", "network_security_group_id"] {
        if told(attribute) {
            properties.maybe("networkSecurityGroup", estate.reference(block, attribute, GROUPS));
        }
    }
    if told("route_table_id") {
        properties.maybe("routeTable", estate.reference(block, "route_table_id", TABLES));
    }
    let policies = block.filled("private_endpoint_network_policies").or_else(|| {
        let enabled = block.get("private_endpoint_network_policies_enabled");
        let enforced = block.get("enforce_private_link_endpoint_network_policies");
        enabled
            .map(|it| word(it, "Enabled", "Disabled"))
            .or(enforced.map(|it| word(it, "Disabled", "Enabled")))
    });
    let outbound = ("defaultOutboundAccess", "default_outbound_access_enabled");
    if estate.resource(block.resource).is_some_and(|resource| resource.data) {
        properties.maybe("privateEndpointNetworkPolicies", policies);
        properties.take(block, &[outbound]);
    } else {
        // `Enabled` before 4.0: https://registry.terraform.io/providers/hashicorp/azurerm/3.116.0/docs/resources/subnet
        let default = Documented::ByRelease("Enabled", "Disabled");
        let default = || default.value(block, "private_endpoint_network_policies", estate.version);
        properties.set("privateEndpointNetworkPolicies", policies.unwrap_or_else(default));
        properties.or(estate, block, outbound, Documented::Flag(true));
    }
    if let Some(endpoints) = block.get("service_endpoints") {
        let at = endpoints.at;
        let service = |one: &Value| Value::of_object(vec![("service", one.clone())], one.at);
        properties.set(
            "serviceEndpoints",
            match endpoints.list() {
                Some(all) => Value::of_list(all.iter().map(service).collect(), at),
                None => endpoints,
            },
        );
    }
    let delegations = list_of(block, "delegation", |delegation, _| {
        let mut fields = Props::default();
        if let Some(service) = delegation.block("service_delegation") {
            fields.take(&service, &[("serviceName", "name"), ("actions", "actions")]);
        }
        named(delegation, fields)
    });
    properties.maybe("delegations", delegations);
}

fn peering<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    let estate = maker.estate;
    let remote = estate.reference(block, "remote_virtual_network_id", NETWORKS);
    properties.maybe("remoteVirtualNetwork", remote);
    for (name, attribute, default) in [
        ("allowVirtualNetworkAccess", "allow_virtual_network_access", true),
        ("allowForwardedTraffic", "allow_forwarded_traffic", false),
        ("allowGatewayTransit", "allow_gateway_transit", false),
        ("useRemoteGateways", "use_remote_gateways", false),
        ("peerCompleteVnets", "peer_complete_virtual_networks_enabled", true),
    ] {
        properties.or(estate, block, (name, attribute), Documented::Flag(default));
    }
}

/// A rule of a group, of its own or inside of the group.
fn security_rule<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    properties.take(
        block,
        &[
            ("description", "description"),
            ("priority", "priority"),
            ("direction", "direction"),
            ("access", "access"),
            ("protocol", "protocol"),
            ("sourcePortRange", "source_port_range"),
            ("destinationPortRange", "destination_port_range"),
            ("sourceAddressPrefix", "source_address_prefix"),
            ("destinationAddressPrefix", "destination_address_prefix"),
        ],
    );
    for (name, attribute) in [
        ("sourcePortRanges", "source_port_ranges"),
        ("destinationPortRanges", "destination_port_ranges"),
        ("sourceAddressPrefixes", "source_address_prefixes"),
        ("destinationAddressPrefixes", "destination_address_prefixes"),
    ] {
        let many = block.get(attribute).filter(|list| list.list().is_none_or(|items| !items.is_empty()));
        properties.maybe(name, many);
    }
    for (name, attribute) in [
        ("sourceApplicationSecurityGroups", "source_application_security_group_ids"),
        ("destinationApplicationSecurityGroups", "destination_application_security_group_ids"),
    ] {
        let groups = maker.estate.references(block, attribute, ASGS);
        properties.maybe(name, groups.filter(|list| list.list().is_none_or(|items| !items.is_empty())));
    }
}

fn interface<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    let estate = maker.estate;
    let configurations = list_of(block, "ip_configuration", |one, index| {
        let mut fields = Props::default();
        fields.take(
            one,
            &[
                ("privateIPAddress", "private_ip_address"),
                ("privateIPAllocationMethod", "private_ip_address_allocation"),
            ],
        );
        fields.or(
            estate,
            one,
            ("privateIPAddressVersion", "private_ip_address_version"),
            Documented::Text("IPv4"),
        );
        // The first is the primary one where none says so.
        let primary = one.get("primary").unwrap_or_else(|| Value::new(Kind::Bool(index == 0), one.at));
        fields.set("primary", primary);
        fields.maybe("subnet", estate.reference(one, "subnet_id", SUBNETS));
        fields.maybe("publicIPAddress", estate.reference(one, "public_ip_address_id", ADDRESSES));
        maker.belongings.join(block.resource, one.text("name").as_deref(), &mut fields, one.at);
        named(one, fields)
    });
    properties.maybe("ipConfigurations", configurations);
    properties.maybe("networkSecurityGroup", estate.reference(block, "network_security_group_id", GROUPS));
    let forwards = block.get("ip_forwarding_enabled").or_else(|| block.get("enable_ip_forwarding"));
    properties.set("enableIPForwarding", forwards.unwrap_or_else(|| Value::new(Kind::Bool(false), block.at)));
    let faster =
        block.get("accelerated_networking_enabled").or_else(|| block.get("enable_accelerated_networking"));
    properties.maybe("enableAcceleratedNetworking", faster);
}

fn route(block: &Block<'_>, properties: &mut Props) {
    properties.take(
        block,
        &[
            ("addressPrefix", "address_prefix"),
            ("nextHopType", "next_hop_type"),
            ("nextHopIpAddress", "next_hop_in_ip_address"),
        ],
    );
}

fn public_ip<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, top: &mut Props, properties: &mut Props) {
    sku(maker, block, top, Documented::ByRelease("Basic", "Standard"));
    zones(block, top);
    properties.take(
        block,
        &[
            ("publicIPAllocationMethod", "allocation_method"),
            ("idleTimeoutInMinutes", "idle_timeout_in_minutes"),
        ],
    );
    let estate = maker.estate;
    properties.or(estate, block, ("publicIPAddressVersion", "ip_version"), Documented::Text("IPv4"));
    // An address that Azure assigns is none yet.
    properties.maybe("ipAddress", block.filled("ip_address").filter(|address| address.text().is_some()));
    properties.maybe(
        "publicIPPrefix",
        estate.reference(block, "public_ip_prefix_id", &["azurerm_public_ip_prefix"]),
    );
    let mut ddos = Props::default();
    let plans = &["azurerm_network_ddos_protection_plan"];
    ddos.or(
        estate,
        block,
        ("protectionMode", "ddos_protection_mode"),
        Documented::Text("VirtualNetworkInherited"),
    );
    ddos.maybe("ddosProtectionPlan", estate.reference(block, "ddos_protection_plan_id", plans));
    properties.inner("ddosSettings", ddos, block.at);
    let mut names = Props::default();
    names.take(block, &[("domainNameLabel", "domain_name_label")]);
    properties.inner("dnsSettings", names, block.at);
}

fn gateway<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, top: &mut Props, properties: &mut Props) {
    let mut sku = Props::default();
    sku.take(block, &[("name", "sku"), ("tier", "sku")]);
    properties.inner("sku", sku.clone(), block.at);
    top.inner("sku", sku, block.at);
    properties.take(block, &[("gatewayType", "type")]);
    properties.or(maker.estate, block, ("vpnType", "vpn_type"), Documented::Text("RouteBased"));
    let active = block.get("active_active").or_else(|| block.get("active_active_enabled"));
    properties.maybe("activeActive", active);
    let bgp = block.get("enable_bgp").or_else(|| block.get("bgp_enabled"));
    properties.maybe("enableBgp", bgp);
    properties.maybe("ipConfigurations", plain_configurations(maker, block, "ip_configuration"));
    if let Some(clients) = block.block("vpn_client_configuration") {
        let mut fields = Props::default();
        space(&clients, "vpnClientAddressPool", "address_space", &mut fields);
        fields.take(
            &clients,
            &[
                ("vpnClientProtocols", "vpn_client_protocols"),
                ("vpnAuthenticationTypes", "vpn_auth_types"),
                ("aadTenant", "aad_tenant"),
            ],
        );
        properties.inner("vpnClientConfiguration", fields, clients.at);
    }
}

/// IP configurations with a subnet and a public address.
pub(super) fn plain_configurations<'p>(
    maker: &Maker<'_, 'p>,
    block: &Block<'p>,
    name: &str,
) -> Option<Value> {
    list_of(block, name, |one, _| {
        let mut fields = Props::default();
        fields.take(
            one,
            &[
                ("privateIPAddress", "private_ip_address"),
                ("privateIPAllocationMethod", "private_ip_address_allocation"),
            ],
        );
        fields.maybe("subnet", maker.estate.reference(one, "subnet_id", SUBNETS));
        fields.maybe("publicIPAddress", maker.estate.reference(one, "public_ip_address_id", ADDRESSES));
        let prefixes = &["azurerm_public_ip_prefix"];
        fields.maybe("publicIPPrefix", maker.estate.reference(one, "public_ip_prefix_id", prefixes));
        named(one, fields)
    })
}

fn connection<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    let estate = maker.estate;
    properties.take(
        block,
        &[
            ("connectionType", "type"),
            ("sharedKey", "shared_key"),
            ("connectionProtocol", "connection_protocol"),
        ],
    );
    properties
        .maybe("virtualNetworkGateway1", estate.reference(block, "virtual_network_gateway_id", GATEWAYS));
    let other = estate.reference(block, "peer_virtual_network_gateway_id", GATEWAYS);
    properties.maybe("virtualNetworkGateway2", other);
    let local = &["azurerm_local_network_gateway"];
    properties.maybe("localNetworkGateway2", estate.reference(block, "local_network_gateway_id", local));
    let circuits = &["azurerm_express_route_circuit"];
    properties.maybe("peer", estate.reference(block, "express_route_circuit_id", circuits));
    let policies = list_of(block, "ipsec_policy", |policy, _| {
        let mut fields = Props::default();
        fields.take(
            policy,
            &[
                ("dhGroup", "dh_group"),
                ("ikeEncryption", "ike_encryption"),
                ("ikeIntegrity", "ike_integrity"),
                ("ipsecEncryption", "ipsec_encryption"),
                ("ipsecIntegrity", "ipsec_integrity"),
                ("pfsGroup", "pfs_group"),
            ],
        );
        fields.object(policy.at)
    });
    properties.maybe("ipsecPolicies", policies);
}

fn admin_rule(block: &Block<'_>, top: &mut Props, properties: &mut Props) {
    top.text("kind", "Custom", block.at);
    properties.take(
        block,
        &[
            ("description", "description"),
            ("access", "action"),
            ("direction", "direction"),
            ("priority", "priority"),
            ("protocol", "protocol"),
            ("sourcePortRanges", "source_port_ranges"),
            ("destinationPortRanges", "destination_port_ranges"),
        ],
    );
    for (name, attribute) in [("sources", "source"), ("destinations", "destination")] {
        let addresses = list_of(block, attribute, |one, _| {
            let mut fields = Props::default();
            let names = [("addressPrefixType", "address_prefix_type"), ("addressPrefix", "address_prefix")];
            fields.take(one, &names);
            fields.object(one.at)
        });
        properties.maybe(name, addresses);
    }
}
