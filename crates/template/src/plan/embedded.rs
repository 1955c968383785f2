//! Templates that a plan deploys: their own resources are not in the plan.
//!
//! INVARIANT: a template that cannot be read is told, and never looks like one without resources.
//!
//! Source: <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/resource_group_template_deployment>

use super::Embedded;
use super::azapi::parsed;
use super::block::beginning;
use super::estate::Estate;
use super::fate::Fate;
use crate::value::{Kind, Part, Value};

/// Types that deploy a template.
pub(super) fn is_deployment(kind: &str) -> bool {
    const KINDS: [&str; 5] = [
        "azurerm_resource_group_template_deployment",
        "azurerm_subscription_template_deployment",
        "azurerm_management_group_template_deployment",
        "azurerm_tenant_template_deployment",
        "azurerm_template_deployment",
    ];
    KINDS.contains(&kind)
}

/// The template that a resource deploys; nothing where it is not known, or deployed to more than a subscription.
pub(super) fn embedded(estate: &Estate<'_>, number: usize) -> Option<Embedded> {
    let resource = estate.resource(number).filter(|resource| resource.fate == Fate::Stays)?;
    let block = estate.block(number)?;
    let resource_group = match resource.kind {
        "azurerm_resource_group_template_deployment" => estate.group_of(&block),
        "azurerm_subscription_template_deployment" => Value::new(Kind::Null, block.at),
        _ => return None,
    };
    let template =
        block.filled("template_content").map(parsed).filter(|template| template.object().is_some())?;
    // Secrets may be among the parameters, so their place shows nothing.
    let parameters = block.filled("parameters_content").map(|text| {
        let at = beginning(text.at);
        parsed(text.moved(at))
    });
    let subscription = match estate.subscription(number) {
        Part::Literal(text) => Value::of_text(&text, block.at),
        Part::Unknown(unknown) => Value::new(Kind::Unknown(unknown), block.at),
    };
    let address = resource.address.clone();
    Some(Embedded { template, parameters, resource_group, subscription, at: block.at, address })
}
