//! Lists that blocks of a resource and resources of their own may both write: rules, routes, subnets.
//!
//! INVARIANT: a list that nobody knows is unknown, unless resources of their own are known to make it.
//!
//! Terraform takes such blocks for an attribute as well, optional and computed
//! (<https://developer.hashicorp.com/terraform/language/attr-as-blocks>). A plan has them as unknown wherever the
//! configuration leaves them out, and in the same way where a `dynamic` block makes them of what is not known yet: of
//! both there is no expression. So a missing one does not say that there are none. With resources of their own the
//! list is that of these: the provider's documentation forbids to use both
//! (<https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/network_security_rule>).

use super::block::Block;
use super::body::list_of;
use super::convert::Maker;
use crate::value::{Value, Why};

/// The list, with the names that Terraform and Azure have for it; nothing where others make it.
pub(super) fn own_list<'p>(
    maker: &Maker<'_, 'p>,
    block: &Block<'p>,
    (name, list): (&str, &str),
    make: impl FnMut(&Block<'p>, usize) -> Value,
) -> Option<Value> {
    let all = list_of(block, name, make)?;
    let later = all.doubt().is_some_and(|unknown| matches!(unknown.why, Why::Apply(_)));
    let read_back = later && !block.is_written(name) && maker.belongings.has_parts(block.resource, list);
    (!read_back).then_some(all)
}
