//! Where a template is deployed: tenant, management group, subscription or resource group.
//! Source: <https://learn.microsoft.com/azure/azure-resource-manager/templates/deploy-to-resource-group>.

use crate::value::{Joined, Part, Span, Unknown, Value, Why};

/// What is known of the place of a deployment.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The id of the subscription.
    pub subscription: Option<String>,
    /// The name of the resource group.
    pub resource_group: Option<String>,
    /// The location of the resource group, or of the deployment.
    pub location: Option<String>,
    /// The name of the management group.
    pub management_group: Option<String>,
    /// The id of the tenant.
    pub tenant: Option<String>,
}

/// What a deployment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Tenant,
    ManagementGroup,
    Subscription,
    ResourceGroup,
}

/// Where a deployment goes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) level: Level,
    pub(super) subscription: Value,
    pub(super) group: Value,
    pub(super) location: Value,
    pub(super) management_group: Value,
    pub(super) tenant: Value,
}

impl Level {
    /// The level that a template's schema names.
    pub(super) fn of_schema(schema: &str) -> Self {
        let schema = schema.to_ascii_lowercase();
        if schema.contains("/tenantdeploymenttemplate.json") {
            Self::Tenant
        } else if schema.contains("/managementgroupdeploymenttemplate.json") {
            Self::ManagementGroup
        } else if schema.contains("/subscriptiondeploymenttemplate.json") {
            Self::Subscription
        } else {
            Self::ResourceGroup
        }
    }
}

impl Place {
    /// `number` tells templates apart whose resource groups nobody knows.
    pub(super) fn new(given: &Given, level: Level, number: u32) -> Self {
        let at = Span::default();
        let of = |text: &Option<String>, key: &str, call: &str| match text {
            Some(text) => Value::of_text(text, at),
            None => Value::unknown(key, key, Why::Scope(call.into()), at),
        };
        let place = match level {
            Level::ResourceGroup => "resourceGroup().location",
            _ => "deployment().location",
        };
        Self {
            level,
            subscription: of(&given.subscription, "subscription", "subscription().subscriptionId"),
            group: match (&given.resource_group, number) {
                (None, number) if number > 0 => {
                    let why = Why::Scope("resourceGroup().name".into());
                    Value::unknown(format!("resourceGroup#{number}"), "resourceGroup", why, at)
                }
                (given, _) => of(given, "resourceGroup", "resourceGroup().name"),
            },
            location: of(&given.location, "location", place),
            management_group: of(&given.management_group, "managementGroup", "managementGroup().name"),
            tenant: of(&given.tenant, "tenant", "tenant().tenantId"),
        }
    }

    /// The start of ids at this place, without the slash behind.
    pub(super) fn prefix(&self) -> Joined {
        self.prefix_at(self.level)
    }

    /// The same at another level of it.
    pub(super) fn prefix_at(&self, level: Level) -> Joined {
        let mut id = Joined::default();
        match level {
            Level::Tenant => {}
            Level::ManagementGroup => {
                id.text("/providers/Microsoft.Management/managementGroups/");
                id.extend(&text_parts(&self.management_group));
            }
            Level::Subscription | Level::ResourceGroup => {
                id.text("/subscriptions/");
                id.extend(&text_parts(&self.subscription));
                if level == Level::ResourceGroup {
                    id.text("/resourceGroups/");
                    id.extend(&text_parts(&self.group));
                }
            }
        }
        id
    }
}

/// A literal part.
pub(super) fn literal(text: &str) -> Part {
    Part::Literal(text.into())
}

/// The parts of a value as a text: of a number its digits, of anything that is no text a placeholder.
pub(super) fn text_parts(value: &Value) -> Vec<Part> {
    value.parts().unwrap_or_else(|| match value.shown() {
        Some(text) => vec![literal(&text)],
        None => vec![Part::Unknown(Unknown::new(value.key(), value.type_name(), Why::Fault))],
    })
}
