//! What vaults keep of a machine.

use estate::{BackupItem, Feed, Known, Reason, resource_name};

use crate::verdict::says;
use crate::view::{Context, VmView};

/// Whether a backup is one of the whole machine, and not of a database or folder inside it; none where nobody can tell.
///
/// Names of items of machines begin with `VM;`, of databases with `SQLDataBase;` and the like, in the records of both.
fn is_of_machine(context: &Context<'_>, item: &BackupItem) -> Option<bool> {
    if let Some(Known::Value(_)) = &item.manages {
        return Some(says(&item.manages, "AzureIaasVM"));
    }
    let (kind, _) = resource_name(context.estate().text(item.id)).split_once(';')?;
    Some(kind.eq_ignore_ascii_case("VM"))
}

/// What vaults keep of a machine; nothing where no vault surely keeps any, or where there is nothing to bring back.
pub(crate) fn kept<'e>(context: &Context<'e>, view: &VmView<'_>) -> Result<Vec<&'e BackupItem>, Vec<Reason>> {
    let items = context.estate().around.backup_items.of(view.vm.id);
    let mut all = Vec::new();
    for item in items {
        match is_of_machine(context, item) {
            Some(true) => all.push(item),
            Some(false) => {}
            None => return Err(vec![partial(context, item)]),
        }
    }
    // A scale set is made anew, not brought back.
    if all.is_empty() && context.estate().vm(view.vm.id).is_some() {
        context.whole(Feed::Backups, view)?;
    }
    Ok(all)
}

/// The reason for what depends on a backup of which the input holds a part only.
pub(crate) fn partial(context: &Context<'_>, item: &BackupItem) -> Reason {
    Reason::Partial {
        resource_type: "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
            .into(),
        id: context.estate().text(item.id).into(),
    }
}
