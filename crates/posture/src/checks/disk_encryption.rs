//! Azure Disk Encryption: encryption from within a machine, which several records tell of.

use estate::{Inside, Known, Reason};

use crate::view::{Context, VmView};

/// <https://learn.microsoft.com/azure/virtual-machines/extensions/azure-disk-enc-linux>
pub(crate) const EXTENSIONS: &[(&str, &str)] = &[
    ("Microsoft.Azure.Security", "AzureDiskEncryption"),
    ("Microsoft.Azure.Security", "AzureDiskEncryptionForLinux"),
];

/// What tells that a machine uses it.
pub(crate) enum Told<'e> {
    /// The machine's own record.
    Machine,
    /// The record of the disk that it starts from.
    Disk(&'e estate::Disk),
}

/// What tells that a machine uses Azure Disk Encryption; none where it surely does not.
pub(crate) fn used<'e>(context: &Context<'e>, view: &VmView<'_>) -> Result<Option<Told<'e>>, Vec<Reason>> {
    let upkeep = &view.vm.upkeep;
    if context.known(&upkeep.disk_encryption)? == Some(&true) {
        return Ok(Some(Told::Machine));
    }
    let disk = upkeep.os_disk.as_ref().and_then(Known::value).and_then(|id| context.estate().disk(*id));
    if let Some(disk) = disk {
        if context.known(&disk.guard.inner_encryption)? == Some(&true) {
            return Ok(Some(Told::Disk(disk)));
        }
        // Azure leaves `encryptionSettingsCollection` out of the record of a disk without it, and never the kind of
        // encryption at rest: a record with that is a whole one.
        // https://learn.microsoft.com/rest/api/compute/disks/get
        if disk.guard.encryption.is_some() {
            return Ok(None);
        }
    }
    match context.extension(view, EXTENSIONS)? {
        None => Ok(None),
        // It stays on a machine whose disks were decrypted again, and on one where it failed.
        Some(_) => Err(vec![Reason::InsideMachine { what: Inside::Encryption }]),
    }
}
