//! Writes as blocks of azurerm, or of azapi where azurerm has none.

use serde_json::{Map, Value, json};

use super::Said;
use super::names::MACHINE;
use crate::forms::hcl::{Item, attribute};
use crate::forms::rule::{Rule, Side};
use crate::forms::target::{Target, parent};
use crate::write::{Act, Edit, Write, writable};

pub(super) fn of(write: &Write) -> Said {
    let Some(target) = Target::read(&write.target) else { return Said::Left };
    let own = match (target.kind().to_ascii_lowercase().as_str(), &write.act) {
        ("microsoft.network/networksecuritygroups/securityrules", Act::Put { becomes, .. }) => {
            rule(&target, becomes)
        }
        ("microsoft.compute/virtualmachines/extensions", Act::Put { becomes, .. }) => {
            extension(write, &target, becomes)
        }
        ("microsoft.compute/virtualmachines", Act::Edit { edits, .. }) => {
            return machine(write, &target, edits);
        }
        ("microsoft.network/networkinterfaces", Act::Edit { edits, .. }) => {
            return interface(write, &target, edits);
        }
        ("microsoft.security/pricings", Act::Put { becomes, .. }) => pricing(&target, becomes),
        (kind, Act::Put { becomes, .. }) if kind.ends_with("/protectioncontainers/protecteditems") => {
            backup(&target, becomes)
        }
        _ => None,
    };
    match (own, &write.act) {
        (Some((kind, items)), Act::Put { was, .. }) => {
            // A plan of Defender for Cloud is always there, with a price or without.
            let there = was.is_some() || target.is("microsoft.security/pricings");
            Said::Block { kind, items, import: there.then(|| write.target.clone()) }
        }
        _ => azapi(write, &target),
    }
}

/// A member that a rule has under one name for one word and another for several.
pub(in crate::forms) fn words(one: &str, list: &str, words: &[String]) -> Option<Item> {
    match words {
        [] => None,
        [word] => Some(attribute(one, &word.as_str().into())),
        words => Some(attribute(list, &words.iter().map(String::as_str).collect())),
    }
}

/// What a rule says of itself, whether it has a block of its own or one inside of its group's.
pub(in crate::forms) fn rule_items(rule: &Rule) -> Vec<Item> {
    let mut items = vec![
        Item::Attribute("priority".to_owned(), rule.priority.clone()),
        attribute("direction", &rule.direction.as_str().into()),
        attribute("access", &rule.access.as_str().into()),
        attribute("protocol", &protocol(&rule.protocol).into()),
    ];
    let mut side = |name: &str, side: &Side| {
        items.extend(words(&format!("{name}_port_range"), &format!("{name}_port_ranges"), &side.ports));
        items.extend(words(
            &format!("{name}_address_prefix"),
            &format!("{name}_address_prefixes"),
            &side.prefixes,
        ));
        if !side.groups.is_empty() {
            let ids = side.groups.iter().map(String::as_str).collect();
            items.push(attribute(&format!("{name}_application_security_group_ids"), &ids));
        }
    };
    side("source", &rule.source);
    side("destination", &rule.destination);
    items.extend(rule.description.as_deref().map(|text| attribute("description", &text.into())));
    items
}

/// azurerm knows protocols in one spelling.
pub(in crate::forms) fn protocol(word: &str) -> &str {
    const KNOWN: [&str; 6] = ["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"];
    KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(word)).unwrap_or(word)
}

type Block = (&'static str, Vec<Item>);

fn rule(target: &Target, becomes: &Value) -> Option<Block> {
    let rule = Rule::read(becomes)?;
    let mut items = vec![
        attribute("name", &target.name().into()),
        attribute("resource_group_name", &target.group.as_deref()?.into()),
        attribute("network_security_group_name", &target.name_at(0).into()),
    ];
    items.extend(rule_items(&rule));
    Some(("azurerm_network_security_rule", items))
}

fn extension(write: &Write, target: &Target, becomes: &Value) -> Option<Block> {
    let all = becomes.get("properties")?.as_object()?;
    let known = [
        ("publisher", "publisher"),
        ("type", "type"),
        ("typeHandlerVersion", "type_handler_version"),
        ("autoUpgradeMinorVersion", "auto_upgrade_minor_version"),
        ("enableAutomaticUpgrade", "automatic_upgrade_enabled"),
    ];
    let own = |name: &String| {
        name == "settings" || name == "provisioningState" || known.iter().any(|(its, _)| its == name)
    };
    if !all.keys().all(own)
        || !["publisher", "type", "typeHandlerVersion"].iter().all(|name| all.contains_key(*name))
    {
        return None;
    }
    let mut items = vec![
        attribute("name", &target.name().into()),
        attribute("virtual_machine_id", &parent(&write.target).into()),
    ];
    for (name, its) in known {
        items.extend(all.get(name).filter(|value| !value.is_null()).map(|value| attribute(its, value)));
    }
    if let Some(settings) = all.get("settings").filter(|settings| !settings.is_null()) {
        let mut text = String::new();
        crate::forms::hcl::value(settings, 0, &mut text);
        items.push(Item::Attribute("settings".to_owned(), format!("jsonencode({text})")));
    }
    Some(("azurerm_virtual_machine_extension", items))
}

fn pricing(target: &Target, becomes: &Value) -> Option<Block> {
    let all = becomes.get("properties")?.as_object()?;
    let known = ["pricingTier", "subPlan"];
    if !all.keys().all(|name| known.contains(&name.as_str())) || target.group.is_some() {
        return None;
    }
    let mut items =
        vec![attribute("tier", all.get("pricingTier")?), attribute("resource_type", &target.name().into())];
    items.extend(all.get("subPlan").filter(|plan| plan.is_string()).map(|plan| attribute("subplan", plan)));
    Some(("azurerm_security_center_subscription_pricing", items))
}

fn backup(target: &Target, becomes: &Value) -> Option<Block> {
    let all = becomes.get("properties")?;
    let vm = Target::read(all.get("sourceResourceId")?.as_str()?)?;
    if !vm.is("microsoft.compute/virtualmachines") {
        return None;
    }
    let items = vec![
        attribute("resource_group_name", &target.group.as_deref()?.into()),
        attribute("recovery_vault_name", &target.name_at(0).into()),
        attribute("source_vm_id", all.get("sourceResourceId")?),
        attribute("backup_policy_id", all.get("policyId")?),
    ];
    Some(("azurerm_backup_protected_vm", items))
}

fn line(name: &str, value: &Value) -> String {
    let mut text = String::new();
    crate::forms::hcl::value(value, 0, &mut text);
    format!("{name} = {text}")
}

fn machine(write: &Write, target: &Target, edits: &[Edit]) -> Said {
    let (mut lines, mut system) = (Vec::new(), None);
    for edit in edits {
        let known = MACHINE.iter().find(|(path, ..)| path.eq_ignore_ascii_case(&edit.path));
        let identity = edit.path.eq_ignore_ascii_case("identity/type");
        match (known, &edit.becomes) {
            (Some((_, name, its)), Some(value)) => {
                lines.push(line(name, value));
                system = system.or(*its);
            }
            (None, Some(value)) if identity => lines.push(format!("identity {{ {} }}", line("type", value))),
            // azurerm sets it where one of the two is on.
            (None, Some(value))
                if edit.path.eq_ignore_ascii_case("properties/securityProfile/securityType")
                    && value.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("TrustedLaunch"))
                    && edits.iter().any(|edit| edit.path.to_ascii_lowercase().contains("/uefisettings/")) => {
            }
            _ => return azapi(write, target),
        }
    }
    let kind = match system {
        Some(system) => format!("azurerm_{system}_virtual_machine"),
        None => "azurerm_linux_virtual_machine, azurerm_windows_virtual_machine".to_owned(),
    };
    Said::Fragment { kind, name: target.name().to_owned(), lines }
}

fn interface(write: &Write, target: &Target, edits: &[Edit]) -> Said {
    let mut lines = Vec::new();
    for edit in edits {
        let part = edit
            .path
            .strip_prefix("properties/ipConfigurations[")
            .and_then(|rest| rest.strip_suffix("]/properties/publicIPAddress"));
        match (part, &edit.becomes) {
            (Some(name), None) => {
                lines.push(format!(
                    "ip_configuration {}: - public_ip_address_id",
                    crate::forms::hcl::string(name)
                ));
            }
            (Some(name), Some(value)) if value.get("id").is_some_and(Value::is_string) => {
                let id = value.get("id").unwrap_or(&Value::Null);
                let name = crate::forms::hcl::string(name);
                lines.push(format!("ip_configuration {name}: {}", line("public_ip_address_id", id)));
            }
            (None, Some(value)) if edit.path.eq_ignore_ascii_case("properties/enableIPForwarding") => {
                lines.push(line("ip_forwarding_enabled", value));
            }
            _ => return azapi(write, target),
        }
    }
    Said::Fragment { kind: "azurerm_network_interface".to_owned(), name: target.name().to_owned(), lines }
}

/// Any resource, in Azure's own words.
fn azapi(write: &Write, target: &Target) -> Said {
    let kind = attribute("type", &format!("{}@{}", target.kind(), write.api_version).into());
    match &write.act {
        Act::Put { was, becomes } => {
            let body = writable(becomes);
            let Value::Object(members) = &body else { return Said::Left };
            let above = match &target.scope {
                Some(scope) if target.steps.len() == 1 => scope.as_str(),
                _ if target.steps.len() > 1 => parent(&write.target),
                _ => parent(parent(&write.target)),
            };
            let mut items =
                vec![kind, attribute("name", &target.name().into()), attribute("parent_id", &above.into())];
            items.extend(members.get("location").map(|place| attribute("location", place)));
            items.extend(members.get("tags").map(|tags| attribute("tags", tags)));
            let said = ["id", "name", "type", "location", "tags", "identity"];
            let rest: Map<String, Value> =
                members.clone().into_iter().filter(|(name, _)| !said.contains(&name.as_str())).collect();
            items.push(attribute("body", &rest.into()));
            if let Some(identity) = members.get("identity") {
                let mut inner: Vec<Item> =
                    identity.get("type").map(|kind| attribute("type", kind)).into_iter().collect();
                let own = identity.get("userAssignedIdentities").and_then(Value::as_object);
                if let Some(own) = own.filter(|own| !own.is_empty()) {
                    inner.push(attribute("identity_ids", &own.keys().map(String::as_str).collect()));
                }
                items.push(Item::Block("identity".to_owned(), Vec::new(), inner));
            }
            let id = was.is_some().then(|| format!("{}?api-version={}", write.target, write.api_version));
            Said::Block { kind: "azapi_resource", items, import: id }
        }
        Act::Edit { edits, .. } => {
            // What azapi lays over the resource can neither take away nor change a part of a list.
            if edits.is_empty() || edits.iter().any(|edit| edit.becomes.is_none() || edit.path.contains('['))
            {
                return Said::Left;
            }
            let act = Act::Edit { edits: edits.clone(), whole: false };
            match (Write { act, ..write.clone() }).edited(&json!({})) {
                Some(body) => Said::Block {
                    kind: "azapi_update_resource",
                    items: vec![
                        kind,
                        attribute("resource_id", &write.target.as_str().into()),
                        attribute("body", &body),
                    ],
                    import: None,
                },
                None => Said::Left,
            }
        }
        Act::Run { action, body, .. } => {
            let mut items = vec![
                kind,
                attribute("resource_id", &write.target.as_str().into()),
                attribute("action", &action.as_str().into()),
                attribute("method", &"POST".into()),
            ];
            items.extend(body.as_ref().map(|body| attribute("body", body)));
            Said::Block { kind: "azapi_resource_action", items, import: None }
        }
        Act::Delete { .. } => Said::Left,
    }
}
