//! The administrator that a machine was made with.

use estate::{Inside, Kind, Known, Reason, Vm};

use crate::view::Context;

/// The name of the administrator.
pub(super) fn admin_name<'e>(context: &Context<'_>, vm: &'e Vm) -> Result<&'e str, Vec<Reason>> {
    if !vm.described {
        return Err(vec![context.estate().missing(Kind::Vm, vm.id)]);
    }
    match &vm.admin_username {
        Some(Known::Value(name)) => Ok(name),
        Some(Known::Unknown(reason)) => Err(vec![reason.as_ref().clone()]),
        None => Err(vec![untold(context, vm)]),
    }
}

/// Why the record of a machine tells nothing of its accounts.
pub(super) fn untold(context: &Context<'_>, vm: &Vm) -> Reason {
    // A machine that starts from an attached disk has no profile with accounts, and Azure takes none for it:
    // https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update#osprofile
    if vm.upkeep.from_disk == Some(Known::Value(true)) {
        return Reason::InsideMachine { what: Inside::Accounts };
    }
    context.estate().partial(Kind::Vm, vm.id)
}
