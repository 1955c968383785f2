//! Azure's own view of the groups that apply to a NIC (`az network nic list-effective-nsg`), read
//! as the groups and associations that it tells of.
//!
//! Source: <https://learn.microsoft.com/azure/virtual-network/diagnose-network-traffic-filter-problem>

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Object};

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
        let Some(object) = reader.element(item, at) else { continue };
        let name = item.get("name").and_then(|name| name.as_str()).unwrap_or("?");
        // Default rules are the same in every group and are known without being told.
        if is_default(name, item.get("priority").and_then(|priority| priority.as_u64())) {
            continue;
        }
        let mut rule = SecurityRule::read(reader, object, at);
        let bare = name.rsplit('/').next().unwrap_or(name);
        rule.name = bare.strip_prefix("UserRule_").unwrap_or(bare).into();
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
    Some(Nsg { id: nsg, origins, rules: Some(Known::Value(rules)), subnets: id(on_subnet), nics: id(on_nic) })
}

fn is_default(name: &str, priority: Option<u64>) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("defaultsecurityrules/")
        || lower.starts_with("defaultrule_")
        || (lower.starts_with("default") && lower.ends_with("denyall"))
        || priority.is_some_and(|priority| priority >= 65000)
}
