//! Azure's own view of the groups that apply to a NIC (`az network nic list-effective-nsg`), read
//! as the groups and associations that it tells of.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-network/diagnose-network-traffic-filter-problem>

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object};

use crate::address::AddressSpec;
use crate::id::ResourceId;
use crate::known::{Field, Known};
use crate::origin::Origins;
use crate::rule::{Nsg, SecurityRule};
use crate::wire::{Fields, Reader, member};

/// Whether an object is one group of an effective view.
pub(crate) fn is_effective(object: &Object) -> bool {
    member(object, "effectiveSecurityRules").is_some() && member(object, "networkSecurityGroup").is_some()
}

pub(crate) fn read(reader: &mut Reader<'_>, object: &Object) -> Option<Nsg> {
    let fields = Fields::own(object);
    let Some(Known::Value(nsg)) = reader.reference(fields, "networkSecurityGroup", format_args!("")) else {
        return None;
    };
    let mut rules = Vec::new();
    let items = match reader.array(fields, "effectiveSecurityRules", format_args!("")) {
        Some(Known::Value(items)) => items,
        _ => return None,
    };
    for (index, item) in items.iter().enumerate() {
        let at = format_args!("/effectiveSecurityRules/{index}");
        let Some(object) = reader.element(item, at) else {
            rules.push(SecurityRule::unreadable(reader.origin, at.to_string()));
            continue;
        };
        let name = item.get("name").and_then(|name| name.as_str()).unwrap_or("?");
        if is_default(name, item.get("priority").and_then(|priority| priority.as_u64())) {
            // Default rules are the same in every group and are known without being told, but for
            // what `VirtualNetwork` stands for on this subnet.
            rules.extend(widened(reader, object, name, at));
            continue;
        }
        let mut rule = SecurityRule::read(reader, object, at);
        let bare = name.rsplit('/').next().unwrap_or(name);
        rule.name = bare.strip_prefix("UserRule_").unwrap_or(bare).into();
        for side in [&mut rule.source, &mut rule.destination] {
            // The view writes `*` as all of IPv4.
            side.any |= side.v4.is_all();
        }
        rules.push(rule);
    }
    let association = member(object, "association").and_then(|value| value.as_object());
    let mut target = |name: &'static str| -> Field<ResourceId> {
        reader.reference(Fields::own(association?), name, format_args!("/association"))
    };
    let (on_nic, on_subnet) = (target("networkInterface"), target("subnet"));
    let origins = Origins::one(reader.origin);
    let id = |field: Field<ResourceId>| match field {
        Some(Known::Value(id)) => vec![id],
        _ => Vec::new(),
    };
    // The default rules are always there: a view without any rule is one of nothing.
    let rules = (!items.is_empty()).then_some(Known::Value(rules));
    Some(Nsg {
        id: nsg,
        origins,
        rules,
        subnets: id(on_subnet),
        nics: id(on_nic),
        tags: None,
        effective: true,
    })
}

/// The default rule for the network, where Azure itself says that its tag holds all addresses: a
/// route to an appliance does that.
fn widened(
    reader: &mut Reader<'_>,
    object: &Object,
    name: &str,
    at: std::fmt::Arguments<'_>,
) -> Option<SecurityRule> {
    if !name.to_ascii_lowercase().contains("allowvnet") {
        return None;
    }
    let mut everything = false;
    for field in ["expandedSourceAddressPrefix", "expandedDestinationAddressPrefix"] {
        let _ = reader.texts(Fields::own(object), field, at, |_, _, text| everything |= text == "0.0.0.0/0");
    }
    let mut rule = SecurityRule::read_within(reader, object, at, &(0..=u16::MAX));
    rule.name = name.rsplit('/').next().unwrap_or(name).into();
    rule.source = AddressSpec::any();
    rule.destination = AddressSpec::any();
    everything.then_some(rule)
}

fn is_default(name: &str, priority: Option<u64>) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("defaultsecurityrules/")
        || lower.starts_with("defaultrule_")
        || (lower.starts_with("default") && lower.ends_with("denyall"))
        || priority.is_some_and(|priority| priority >= 65000)
}
