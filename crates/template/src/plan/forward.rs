//! What forwards packets: load balancers, application gateways, private link services and private endpoints.

use super::block::Block;
use super::body::{Body, Props, joined, list_of, named};
use super::convert::Maker;
use super::ids::BALANCERS;
use super::network::{plain_configurations, sku};
use super::version::Documented;
use crate::value::{Kind, Value};
use crate::wire::is_id;

const POOLS: &[&str] = &["azurerm_lb_backend_address_pool"];
const SUBNETS: &[&str] = &["azurerm_subnet"];

pub(super) fn body<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, kind: &str) -> Option<Body> {
    let (mut top, mut properties) = (Props::default(), Props::default());
    match kind.strip_prefix("azurerm_")? {
        "lb" => balancer(maker, block, &mut top, &mut properties),
        "lb_backend_address_pool" => {
            let networks = &["azurerm_virtual_network"];
            properties.maybe("virtualNetwork", maker.estate.reference(block, "virtual_network_id", networks));
        }
        "lb_rule" => {
            rule(maker, block, &mut properties);
            properties.take(block, &[("loadDistribution", "load_distribution")]);
            let pools = maker.estate.references(block, "backend_address_pool_ids", POOLS);
            properties.maybe("backendAddressPools", pools);
            properties
                .maybe("backendAddressPool", maker.estate.reference(block, "backend_address_pool_id", POOLS));
            properties.maybe("probe", maker.estate.reference(block, "probe_id", &["azurerm_lb_probe"]));
        }
        "lb_nat_rule" => {
            rule(maker, block, &mut properties);
            properties
                .maybe("backendAddressPool", maker.estate.reference(block, "backend_address_pool_id", POOLS));
        }
        "lb_nat_pool" => rule(maker, block, &mut properties),
        "lb_probe" => {
            properties
                .take(block, &[("protocol", "protocol"), ("port", "port"), ("requestPath", "request_path")]);
        }
        "lb_outbound_rule" => {
            properties.take(block, &[("protocol", "protocol")]);
            properties
                .maybe("backendAddressPool", maker.estate.reference(block, "backend_address_pool_id", POOLS));
        }
        "application_gateway" => gateway(maker, block, &mut top, &mut properties),
        "private_link_service" => {
            properties.maybe("ipConfigurations", plain_configurations(maker, block, "nat_ip_configuration"));
            properties.maybe("loadBalancerFrontendIpConfigurations", frontends(maker, block));
        }
        "private_endpoint" => endpoint(maker, block, &mut properties),
        _ => return None,
    }
    Some(Body { top, properties, whole: None })
}

fn balancer<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, top: &mut Props, properties: &mut Props) {
    sku(maker, block, top, Documented::ByRelease("Basic", "Standard"));
    let own = maker.estate.id(block.resource);
    let estate = maker.estate;
    let frontends = list_of(block, "frontend_ip_configuration", |one, _| {
        let mut fields = Props::default();
        fields.take(
            one,
            &[
                ("privateIPAddress", "private_ip_address"),
                ("privateIPAllocationMethod", "private_ip_address_allocation"),
            ],
        );
        fields.maybe("subnet", estate.reference(one, "subnet_id", SUBNETS));
        fields
            .maybe("publicIPAddress", estate.reference(one, "public_ip_address_id", &["azurerm_public_ip"]));
        let prefixes = &["azurerm_public_ip_prefix"];
        fields.maybe("publicIPPrefix", estate.reference(one, "public_ip_prefix_id", prefixes));
        let mut whole = Props::default();
        whole.maybe("name", one.filled("name"));
        whole.set("id", estate.part_of(&own, "frontendIPConfigurations", one, "name"));
        whole.maybe("zones", one.get("zones"));
        whole.set("properties", fields.object(one.at));
        whole.object(one.at)
    });
    let frontends = frontends.unwrap_or_else(|| Value::of_list(Vec::new(), block.at));
    properties.set("frontendIPConfigurations", frontends);
}

/// What all kinds of rules have.
fn rule<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    properties.take(
        block,
        &[
            ("protocol", "protocol"),
            ("backendPort", "backend_port"),
            ("frontendPortRangeStart", "frontend_port_start"),
            ("frontendPortRangeEnd", "frontend_port_end"),
            ("idleTimeoutInMinutes", "idle_timeout_in_minutes"),
        ],
    );
    let ranged = properties.has("frontendPortRangeStart");
    // A rule with a range has 0 here, or nothing.
    let port = block.get("frontend_port").filter(|port| !(ranged && matches!(port.kind, Kind::Int(0))));
    properties.maybe("frontendPort", port.filter(|port| !(ranged && port.doubt().is_some())));
    let floating = block.get("floating_ip_enabled").or_else(|| block.get("enable_floating_ip"));
    properties.set("enableFloatingIP", floating.unwrap_or_else(|| Value::new(Kind::Bool(false), block.at)));
    let owner = maker.estate.id_in(block, "loadbalancer_id", BALANCERS);
    let frontend = match (block.filled("frontend_ip_configuration_name"), owner) {
        (Some(name), Some(owner)) if name.text().is_some() && is_id(&owner) => {
            let part = maker.estate.part_of(
                &owner,
                "frontendIPConfigurations",
                block,
                "frontend_ip_configuration_name",
            );
            Value::of_object(vec![("id", part)], name.at)
        }
        _ => block.doubt("frontend_ip_configuration_name", block.at),
    };
    properties.set("frontendIPConfiguration", frontend);
}

/// The frontends that a private link service leads to: blocks of a load balancer, so that only one with one tells which.
fn frontends<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>) -> Option<Value> {
    let attribute = "load_balancer_frontend_ip_configuration_ids";
    let value = block.get(attribute)?;
    if value.list().is_some_and(|items| items.iter().all(|item| item.text().is_some())) {
        return maker.estate.references(block, attribute, &[]);
    }
    let theirs = "frontend_ip_configuration";
    let balancers = maker.estate.resources_behind(block, attribute, "azurerm_lb", theirs);
    if let [only] = balancers.as_slice()
        && let Some(balancer) = maker.estate.block(*only)
        && let blocks = balancer.blocks(theirs)
        && let ([frontend], None) = (blocks.all.as_slice(), &blocks.unknown)
    {
        let owner = maker.estate.id(*only);
        let id = maker.estate.part_of(&owner, "frontendIPConfigurations", frontend, "name");
        return Some(Value::of_list(vec![Value::of_object(vec![("id", id)], value.at)], value.at));
    }
    Some(block.doubt(attribute, value.at))
}

fn gateway<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, top: &mut Props, properties: &mut Props) {
    if let Some(one) = block.block("sku") {
        let mut sku = Props::default();
        sku.take(&one, &[("name", "name"), ("tier", "tier"), ("capacity", "capacity")]);
        properties.inner("sku", sku, one.at);
    }
    top.maybe("zones", block.get("zones"));
    let own = maker.estate.id(block.resource);
    properties
        .maybe("gatewayIPConfigurations", plain_configurations(maker, block, "gateway_ip_configuration"));
    properties
        .maybe("frontendIPConfigurations", plain_configurations(maker, block, "frontend_ip_configuration"));
    let ports = list_of(block, "frontend_port", |one, _| {
        let mut fields = Props::default();
        fields.take(one, &[("port", "port")]);
        named(one, fields)
    });
    properties.maybe("frontendPorts", ports);
    let pools = list_of(block, "backend_address_pool", |one, _| {
        let member = |attribute: &str, name: &'static str| {
            let list = one.get(attribute)?;
            let items = list.list().map(|items| {
                let address = |item: &Value| Value::of_object(vec![(name, item.clone())], item.at);
                Value::of_list(items.iter().map(address).collect(), list.at)
            });
            Some(items.unwrap_or(list))
        };
        let mut fields = Props::default();
        let addresses = joined([member("ip_addresses", "ipAddress"), member("fqdns", "fqdn")], one.at);
        fields.maybe("backendAddresses", addresses);
        let mut whole = Props::default();
        whole.maybe("name", one.filled("name"));
        whole.set("id", maker.estate.part_of(&own, "backendAddressPools", one, "name"));
        whole.set("properties", fields.object(one.at));
        whole.object(one.at)
    });
    properties.maybe("backendAddressPools", pools);
    let settings = |name: &str| {
        list_of(block, name, |one, _| {
            let mut fields = Props::default();
            fields.take(one, &[("port", "port"), ("protocol", "protocol")]);
            named(one, fields)
        })
    };
    properties.maybe("backendHttpSettingsCollection", settings("backend_http_settings"));
    properties.maybe("backendSettingsCollection", settings("backend"));
    let policies = &["azurerm_web_application_firewall_policy"];
    properties.maybe("firewallPolicy", maker.estate.reference(block, "firewall_policy_id", policies));
}

fn endpoint<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    properties.maybe("subnet", maker.estate.reference(block, "subnet_id", SUBNETS));
    let connections = list_of(block, "private_service_connection", |one, _| {
        let mut fields = Props::default();
        let target = maker.estate.id_in(one, "private_connection_resource_id", &[]);
        fields.maybe("privateLinkServiceId", target);
        fields.take(one, &[("groupIds", "subresource_names")]);
        named(one, fields)
    });
    properties.maybe("privateLinkServiceConnections", connections);
}
