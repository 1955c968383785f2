//! Bastions: which kind one is, and what a record of one leaves open.

use estate::{Bastion, Reason};

use crate::verdict::says;
use crate::view::Context;

/// Whether a bastion is of the kind that has no subnet of its own and serves one network.
///
/// Source: <https://learn.microsoft.com/azure/bastion/quickstart-developer>
pub(super) fn is_developer(bastion: &Bastion) -> bool {
    says(&bastion.sku, "Developer")
}

/// The kind of a bastion; fails for a record that does not tell it, and so may leave out anything.
pub(super) fn sku<'b>(context: &Context<'_>, bastion: &'b Bastion) -> Result<&'b str, Vec<Reason>> {
    match context.known(&bastion.sku)? {
        Some(sku) => Ok(sku),
        None => {
            let id = context.estate().text(bastion.id).into();
            Err(vec![Reason::Partial { resource_type: "Microsoft.Network/bastionHosts".into(), id }])
        }
    }
}
