//! Azure Firewall: firewalls, policies, their rules, and IP groups.

use super::block::Block;
use super::body::{Body, Props, joined, list_of};
use super::convert::Maker;
use super::joint::Joint;
use super::network::plain_configurations;
use super::version::Documented;
use crate::value::{Kind, Value, Why};

const POLICIES: &[&str] = &["azurerm_firewall_policy"];
const IP_GROUPS: &[&str] = &["azurerm_ip_group"];
const FIREWALL: &str = "azurerm_firewall";

pub(super) fn body<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, kind: &str) -> Option<Body> {
    let (mut top, mut properties) = (Props::default(), Props::default());
    match kind.strip_prefix("azurerm_")? {
        "firewall" => {
            top.maybe("zones", block.get("zones"));
            let mut sku = Props::default();
            sku.take(block, &[("name", "sku_name"), ("tier", "sku_tier")]);
            properties.inner("sku", sku, block.at);
            properties.maybe("firewallPolicy", maker.estate.reference(block, "firewall_policy_id", POLICIES));
            properties.maybe("ipConfigurations", plain_configurations(maker, block, "ip_configuration"));
            if let Some(management) = plain_configurations(maker, block, "management_ip_configuration") {
                let first = management.list().and_then(|items| items.first().cloned());
                properties.set("managementIpConfiguration", first.unwrap_or(management));
            }
        }
        "firewall_nat_rule_collection" => classic(maker, block, true, &mut properties),
        "firewall_network_rule_collection" => classic(maker, block, false, &mut properties),
        "firewall_policy" => {
            let mut sku = Props::default();
            sku.or(maker.estate, block, ("tier", "sku"), Documented::Text("Standard"));
            properties.inner("sku", sku, block.at);
            properties.maybe("basePolicy", maker.estate.reference(block, "base_policy_id", POLICIES));
            properties.take(block, &[("threatIntelMode", "threat_intelligence_mode")]);
        }
        "firewall_policy_rule_collection_group" => {
            properties.take(block, &[("priority", "priority")]);
            let collections = joined(
                [
                    list_of(block, "nat_rule_collection", |one, _| collection(maker, one, "NatRule")),
                    list_of(block, "network_rule_collection", |one, _| collection(maker, one, "NetworkRule")),
                    list_of(block, "application_rule_collection", |one, _| {
                        collection(maker, one, "ApplicationRule")
                    }),
                ],
                block.at,
            );
            properties
                .set("ruleCollections", collections.unwrap_or_else(|| Value::of_list(Vec::new(), block.at)));
        }
        "ip_group" => properties.take(block, &[("ipAddresses", "cidrs")]),
        _ => return None,
    }
    Some(Body { top, properties, whole: None })
}

fn action(block: &Block<'_>, properties: &mut Props) {
    if let Some(action) = block.filled("action") {
        let at = action.at;
        properties.set("action", Value::of_object(vec![("type", action)], at));
    }
}

/// A collection of the firewall itself.
fn classic<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, nat: bool, properties: &mut Props) {
    properties.take(block, &[("priority", "priority")]);
    action(block, properties);
    let rules = list_of(block, "rule", |rule, _| {
        let mut fields = Props::default();
        fields.take(rule, &[("name", "name")]);
        common(maker, rule, &mut fields);
        fields.take(rule, &[("protocols", "protocols"), ("destinationAddresses", "destination_addresses")]);
        if nat {
            let firewall = maker.estate.by_name(block, "azure_firewall_name", FIREWALL);
            let firewalls: Vec<usize> = firewall.number().into_iter().collect();
            listens(maker, rule, &firewalls, &mut fields);
            translation(rule, &mut fields);
        }
        fields.object(rule.at)
    });
    properties.set("rules", rules.unwrap_or_else(|| Value::of_list(Vec::new(), block.at)));
}

fn common<'p>(maker: &Maker<'_, 'p>, rule: &Block<'p>, fields: &mut Props) {
    fields.take(
        rule,
        &[
            ("description", "description"),
            ("sourceAddresses", "source_addresses"),
            ("destinationPorts", "destination_ports"),
        ],
    );
    for (name, attribute) in
        [("sourceIpGroups", "source_ip_groups"), ("destinationIpGroups", "destination_ip_groups")]
    {
        let groups = maker.estate.joints(rule, attribute, IP_GROUPS).map(|groups| match groups {
            Ok(all) => Value::of_list(all.into_iter().map(Joint::id).collect(), rule.at),
            Err(unknown) => unknown,
        });
        fields.maybe(name, groups.filter(|list| list.list().is_none_or(|items| !items.is_empty())));
    }
}

/// The firewalls that take their rules from the policy of a group.
fn users(maker: &Maker<'_, '_>, group: usize) -> Vec<usize> {
    let estate = maker.estate;
    let leads = |number: usize, attribute: &str| estate.joint(&estate.block(number)?, attribute, POLICIES);
    let Some(policy) = leads(group, "firewall_policy_id").and_then(|joint| joint.number()) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (number, one) in
        estate.input.resources.iter().enumerate().filter(|(number, _)| estate.is_there(*number))
    {
        let attribute = match one.kind {
            FIREWALL => "firewall_policy_id",
            "azurerm_firewall_policy" => "base_policy_id",
            _ => continue,
        };
        match leads(number, attribute) {
            Some(Joint::To(_, Some(own))) if own == policy && one.kind == FIREWALL => all.push(number),
            // Others may take their rules from it as well.
            Some(Joint::To(_, Some(own))) if own == policy => return Vec::new(),
            Some(Joint::Open(..)) => return Vec::new(),
            _ => {}
        }
    }
    all
}

/// The address that a rule listens on, where nobody knows it yet. Addresses are told apart by their texts, of which
/// there is none before `apply`; but what a firewall gets is sent to one of its public addresses. Where it has but the
/// one that the rule names, any address is as good: no other packet meets the rule.
fn listens<'p>(maker: &Maker<'_, 'p>, rule: &Block<'p>, firewalls: &[usize], fields: &mut Props) {
    let estate = maker.estate;
    let attribute = match rule.filled("destination_address") {
        Some(_) => "destination_address",
        None => "destination_addresses",
    };
    let Some(value) = rule.get(attribute) else { return };
    let only = value.list().map_or(Some(&value), |items| if let [only] = items { Some(only) } else { None });
    let later = only.is_some_and(|one| one.doubt().is_some_and(|own| matches!(own.why, Why::Apply(_))));
    let named = estate.resources_behind(rule, attribute, "azurerm_public_ip", "ip_address");
    let ([named], true) = (named.as_slice(), later && !firewalls.is_empty()) else { return };
    let has_only = |firewall: &usize| {
        let configurations = estate.block(*firewall).map(|block| block.blocks("ip_configuration"));
        let Some(all) = configurations.filter(|all| all.unknown.is_none()).map(|all| all.all) else {
            return false;
        };
        let addresses =
            all.iter().filter_map(|one| estate.joint(one, "public_ip_address_id", &["azurerm_public_ip"]));
        let addresses: Vec<Option<usize>> = addresses.map(|joint| joint.number()).collect();
        addresses == [Some(*named)]
    };
    if firewalls.iter().all(has_only) {
        let any = Value::of_list(vec![Value::of_text("*", value.at)], value.at);
        fields.set("destinationAddresses", any);
    }
}

fn translation(rule: &Block<'_>, fields: &mut Props) {
    fields.take(rule, &[("translatedAddress", "translated_address"), ("translatedFqdn", "translated_fqdn")]);
    if let Some(port) = rule.get("translated_port") {
        // Terraform has a number where Azure has a text.
        let port = match port.kind {
            Kind::Int(number) => Value::of_text(&number.to_string(), port.at),
            _ => port,
        };
        fields.set("translatedPort", port);
    }
}

/// A collection of a policy.
fn collection<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, kind: &str) -> Value {
    let mut fields = Props::default();
    let nat = kind == "NatRule";
    let collection =
        if nat { "FirewallPolicyNatRuleCollection" } else { "FirewallPolicyFilterRuleCollection" };
    fields.text("ruleCollectionType", collection, block.at);
    fields.take(block, &[("name", "name"), ("priority", "priority")]);
    action(block, &mut fields);
    let rules = list_of(block, "rule", |rule, _| {
        let mut fields = Props::default();
        fields.text("ruleType", kind, rule.at);
        fields.take(rule, &[("name", "name")]);
        common(maker, rule, &mut fields);
        if kind != "ApplicationRule" {
            fields.take(rule, &[("ipProtocols", "protocols")]);
        }
        let address = rule.filled("destination_address");
        let addresses = address.map(|one| Value::of_list(vec![one.clone()], one.at));
        fields.maybe("destinationAddresses", addresses.or_else(|| rule.get("destination_addresses")));
        fields.take(rule, &[("destinationFqdns", "destination_fqdns"), ("targetFqdns", "destination_fqdns")]);
        if nat {
            listens(maker, rule, &users(maker, block.resource), &mut fields);
            translation(rule, &mut fields);
        }
        fields.object(rule.at)
    });
    fields.set("rules", rules.unwrap_or_else(|| Value::of_list(Vec::new(), block.at)));
    fields.object(block.at)
}
