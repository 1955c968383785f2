//! How ids are made, of resources that have none before they are made.
//!
//! INVARIANT: the same names give the same id, and a name that is not known yet is told by the resource that has it.

use std::sync::Arc;

use super::address::steps;
use super::block::Block;
use super::estate::{Estate, arm_type};
use super::ids::{MACHINES, Scheme, scheme};
use super::joint::Joint;
use super::references::Wanted;
use crate::value::{Kind, Part, Span, Unknown, Value, Why};

impl<'p> Estate<'p> {
    pub(super) fn make_id(&self, block: &Block<'p>, number: usize, depth: usize) -> Value {
        let known = block.get("role_definition_resource_id").or_else(|| block.get("id"));
        if let Some(known) = known
            && let Some(text) = known.text().filter(|text| text.starts_with('/'))
        {
            // A role is kept with the scope behind its id.
            return match text.split_once('|') {
                Some((id, _)) => Value::of_text(id, known.at),
                None => known.clone(),
            };
        }
        let Some(scheme) = self.scheme_of(number) else { return block.doubt("id", block.at) };
        match scheme {
            Scheme::ResourceGroup => {
                let name = self.name_of(block, "name");
                let subscription = self.subscription(number);
                self.join(block.at, [self.subscription_parts(subscription, "/resourceGroups/"), parts(&name)])
            }
            Scheme::InGroup(kind) => {
                let name = self.name_of(block, "name");
                self.join(block.at, [self.in_group(block, kind), parts(&name)])
            }
            Scheme::Part(attribute, kinds, list) => {
                let parent = self.parent(block, attribute, kinds, depth);
                let name = self.name_of(block, "name");
                self.join(block.at, [parts(&parent), literal(format!("/{list}/")), parts(&name)])
            }
            Scheme::NamedPart(attribute, kind, list) => {
                let parent = match self.by_name(block, attribute, kind) {
                    Joint::To(_, Some(parent)) => self.id_at(parent, depth + 1),
                    Joint::To(id, None) | Joint::Open(id, _) => id,
                };
                let name = self.name_of(block, "name");
                self.join(block.at, [parts(&parent), literal(format!("/{list}/")), parts(&name)])
            }
            Scheme::OfSubscription(kind, attribute) => {
                let name =
                    block.filled(attribute).unwrap_or_else(|| Value::of_text(usual_name(kind), block.at));
                let behind = format!("/providers/{kind}/");
                let subscription = self.subscription(number);
                self.join(block.at, [self.subscription_parts(subscription, &behind), parts(&name)])
            }
            Scheme::Attached(attribute, kind, name) => {
                let scope = self.parent(block, attribute, &[], depth);
                let name = self.name_of(block, name);
                self.join(block.at, [parts(&scope), literal(format!("/providers/{kind}/")), parts(&name)])
            }
            Scheme::BackupItem => {
                let vault =
                    self.by_name(block, "recovery_vault_name", "azurerm_recovery_services_vault").id();
                let machine = self.parent(block, "source_vm_id", MACHINES, depth);
                let name = match machine.text().and_then(|id| id.rsplit('/').next()) {
                    Some(name) => literal(name.to_owned()),
                    None => vec![unknown_part(&block.address("source_vm_id"))],
                };
                let container =
                    "/backupFabrics/Azure/protectionContainers/IaasVMContainer/protectedItems/VM;";
                self.join(block.at, [parts(&vault), literal(container.to_owned()), name])
            }
            Scheme::Azapi => self.azapi_id(block, depth),
        }
    }

    pub(super) fn azapi_id(&self, block: &Block<'p>, depth: usize) -> Value {
        if let Some(joint) = self.joint_at(block, "resource_id", &[], depth) {
            return joint.id();
        }
        let Some(kind) = block.text("type") else { return block.doubt("id", block.at) };
        let kind = kind.split('@').next().unwrap_or_default();
        let parent = self.parent(block, "parent_id", &[], depth);
        let name = self.name_of(block, "name");
        let middle = match kind.matches('/').count() {
            0 | 1 => format!("/providers/{kind}/"),
            _ => format!("/{}/", kind.rsplit('/').next().unwrap_or_default()),
        };
        self.join(block.at, [parts(&parent), literal(middle), parts(&name)])
    }

    pub(super) fn join<const N: usize>(&self, at: Span, all: [Vec<Part>; N]) -> Value {
        Value::of_parts(all.into_iter().flatten(), at)
    }

    fn subscription_parts(&self, subscription: Part, behind: &str) -> Vec<Part> {
        let mut all = vec![Part::Literal("/subscriptions/".into()), subscription];
        all.extend((!behind.is_empty()).then(|| Part::Literal(behind.into())));
        all
    }

    pub(super) fn in_group(&self, block: &Block<'p>, kind: &str) -> Vec<Part> {
        let subscription = self.subscription(block.resource);
        let mut all = self.subscription_parts(subscription, "/resourceGroups/");
        all.extend(parts(&self.group_of(block)));
        all.push(Part::Literal(format!("/providers/{kind}/").into()));
        all
    }

    /// The id of one of Azure's own roles.
    pub(super) fn role_id(&self, block: &Block<'p>, guid: &str, at: Span) -> Value {
        let behind = format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}");
        self.join(at, [self.subscription_parts(self.subscription(block.resource), &behind)])
    }

    /// The name of a resource; where nobody knows it yet, an unknown that is the same wherever it is mentioned.
    pub(super) fn name_of(&self, block: &Block<'p>, attribute: &str) -> Value {
        match block.filled(attribute) {
            Some(value) => match value.kind {
                Kind::Int(number) => Value::of_text(&number.to_string(), value.at),
                Kind::Text(_) | Kind::Unknown(_) => value,
                _ => block.doubt(attribute, value.at),
            },
            None => block.doubt(attribute, block.at),
        }
    }

    /// The name of the group that a resource is in.
    pub(super) fn group_of(&self, block: &Block<'p>) -> Value {
        self.name_in(block, "resource_group_name", "azurerm_resource_group")
    }

    /// The name of a resource of some kind that an attribute holds.
    pub(super) fn name_in(&self, block: &Block<'p>, attribute: &str, kind: &str) -> Value {
        let value = match block.filled(attribute) {
            Some(value) if value.text().is_some() => return value,
            value => value,
        };
        let at = value.map_or(block.at, |value| value.at);
        let wanted = Wanted { kinds: &[kind], attribute: "name" };
        let Some(found) = self.find(block, attribute, &wanted) else { return block.doubt(attribute, at) };
        match (found.open, found.all.as_slice(), found.missing.as_slice()) {
            (false, [only], []) => match self.block(*only) {
                Some(other) => self.name_of(&other, "name").moved(at),
                None => block.doubt(attribute, at),
            },
            (false, [], [missing]) => outside(&format!("{missing}.name"), at),
            _ => block.doubt(attribute, at),
        }
    }

    pub(super) fn name_key(&self, kind: &str, subscription: &Part, group: &Value, name: &Value) -> String {
        let subscription = match subscription {
            Part::Literal(text) => text,
            Part::Unknown(unknown) => &*unknown.key,
        };
        format!("{kind}\n{subscription}\n{}\n{}", group.key(), name.key()).to_lowercase()
    }

    pub(super) fn name_key_of(&self, number: usize) -> Option<String> {
        let resource = self.resource(number)?;
        matches!(scheme(resource.kind), Some(Scheme::InGroup(_))).then_some(())?;
        let block = self.block(number)?;
        let subscription = self.subscription(number);
        Some(self.name_key(
            resource.kind,
            &subscription,
            &self.group_of(&block),
            &self.name_of(&block, "name"),
        ))
    }

    /// The id of a resource that the configuration has and the plan has not: all of its names are unknown.
    pub(super) fn missing_id(&self, address: &str, at: Span) -> Option<Value> {
        let path = steps(address);
        let kind = path.len().checked_sub(2).and_then(|before| path.get(before))?.name;
        let subscription = |behind: &str| self.subscription_parts(self.subscription_at(address), behind);
        let unknown = |attribute: &str| vec![unknown_part(&format!("{address}.{attribute}"))];
        let in_group = |arm: &str, name: Vec<Part>| {
            let behind = literal(format!("/providers/{arm}/"));
            let group = unknown("resource_group_name");
            [subscription("/resourceGroups/"), group, behind, name].concat()
        };
        if kind == "azurerm_subscription" {
            return Some(self.join(at, [subscription("")]));
        }
        let all = match scheme(kind)? {
            Scheme::ResourceGroup => [subscription("/resourceGroups/"), unknown("name")].concat(),
            Scheme::InGroup(arm) => in_group(arm, unknown("name")),
            Scheme::NamedPart(attribute, owner, list) => [
                in_group(arm_type(owner)?, unknown(attribute)),
                literal(format!("/{list}/")),
                unknown("name"),
            ]
            .concat(),
            Scheme::Part(attribute, [owner, ..], list) => [
                in_group(arm_type(owner)?, unknown(attribute)),
                literal(format!("/{list}/")),
                unknown("name"),
            ]
            .concat(),
            _ => return None,
        };
        Some(self.join(at, [all]))
    }

    /// The id of a part of a resource, by an attribute with its name.
    pub(super) fn part_of(&self, owner: &Value, list: &str, block: &Block<'p>, attribute: &str) -> Value {
        let name = self.name_of(block, attribute);
        self.join(name.at, [parts(owner), literal(format!("/{list}/")), parts(&name)])
    }
}

/// An attribute of a resource that the plan does not hold.
pub(super) fn outside(address: &str, at: Span) -> Value {
    Value::unknown(address, address, Why::Apply(address.into()), at)
}

pub(super) fn literal(text: String) -> Vec<Part> {
    vec![Part::Literal(Arc::from(text))]
}

pub(super) fn unknown_part(address: &str) -> Part {
    Part::Unknown(Unknown::new(address, address, Why::Apply(address.into())))
}

pub(super) fn parts(value: &Value) -> Vec<Part> {
    value.parts().unwrap_or_default()
}

/// The name of a setting of which there is one for each subscription.
/// Source: <https://learn.microsoft.com/rest/api/defenderforcloud/security-contacts/create>; a plan without a type is
/// that of machines: <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/security_center_subscription_pricing>
pub(super) fn usual_name(kind: &str) -> &'static str {
    if kind.ends_with("pricings") { "VirtualMachines" } else { "default" }
}
