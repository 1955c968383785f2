//! What vaults keep of a machine.

use estate::{BackupItem, Feed, Reason};

use crate::view::{Context, VmView};

/// What vaults keep of a machine; nothing where no vault surely keeps any, or where there is nothing to bring back.
pub(crate) fn kept<'e>(context: &Context<'e>, view: &VmView<'_>) -> Result<&'e [BackupItem], Vec<Reason>> {
    let items = context.estate().around.backup_items.of(view.vm.id);
    // A scale set is made anew, not brought back.
    if items.is_empty() && context.estate().vm(view.vm.id).is_some() {
        context.whole(Feed::Backups, view)?;
    }
    Ok(items)
}

/// The reason for what depends on a backup of which the input holds a part only.
pub(crate) fn partial(context: &Context<'_>, item: &BackupItem) -> Reason {
    Reason::Partial {
        resource_type: "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
            .into(),
        id: context.estate().text(item.id).into(),
    }
}
