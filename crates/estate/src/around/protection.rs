//! Backups and copies of disks.

use crate::known::Known;
use crate::record::{parent, record};

record! {
    /// What a vault keeps of a machine.
    BackupItem of |reader, object, _| {
        // Names in vaults lie: two machines of one name, or one that was made anew. The id does not.
        let source = reader.id_at(object, "/properties/sourceResourceId");
        match source.or_else(|| reader.id_at(object, "/properties/virtualMachineId")) {
            Some(Known::Value(id)) => Some(id),
            _ => None,
        }
    };
    /// `AzureIaasVM` for machines; databases inside them are other items of the same machine.
    manages: text at "/properties/backupManagementType",
    /// `Protected`, `IRPending`, `ProtectionStopped`, `ProtectionError`, `ProtectionPaused`.
    state: text at "/properties/protectionState",
    /// `Completed` or `Failed`.
    last_status: text at "/properties/lastBackupStatus",
    /// When it was backed up last.
    last_backup: moment at "/properties/lastBackupTime",
    /// The newest moment that it can be brought back to.
    recovery_point: moment at "/properties/lastRecoveryPoint",
    /// `Passed`, `ActionRequired`.
    health: text at "/properties/healthStatus",
    /// Whether it was deleted and goes away for good some day.
    deleting: boolean at "/properties/isScheduledForDeferredDelete",
    /// How long and how often it is kept.
    policy: id at "/properties/policyId",
}

record! {
    /// A vault for backups.
    Vault of |_, _, _| None;
    // Backup vaults and Recovery Services vaults have a name each for it.
    /// `AlwaysON`, `Enabled` or `On`, `Disabled` or `Off`.
    soft_delete: text at "/properties/securitySettings/softDeleteSettings/softDeleteState"
        or "/properties/securitySettings/softDeleteSettings/state",
    /// For how many days deleted backups stay.
    soft_delete_days: whole at "/properties/securitySettings/softDeleteSettings/softDeleteRetentionPeriodInDays",
    /// `Disabled`, `Unlocked`, `Locked`.
    immutability: text at "/properties/securitySettings/immutabilitySettings/state",
    /// `LocallyRedundant`, `ZoneRedundant`, `GeoRedundant`.
    redundancy: text at "/properties/redundancySettings/standardTierStorageRedundancy",
    /// Whether backups can be brought back in the paired region.
    cross_region: boolean at "/properties/redundancySettings/crossRegionRestore",
}

record! {
    /// How long backups are kept.
    BackupPolicy of parent;
    /// `AzureIaasVM` for machines.
    manages: text at "/properties/backupManagementType",
    /// How many daily backups are kept; none where it makes no daily ones.
    days: whole at "/properties/retentionPolicy/dailySchedule/retentionDuration/count",
    /// `Days`.
    unit: text at "/properties/retentionPolicy/dailySchedule/retentionDuration/durationType",
}

record! {
    /// A snapshot of a disk.
    Snapshot of |_, _, _| None;
    /// Who may read it over the network: `Enabled`, `Disabled`.
    public_access: text at "/properties/publicNetworkAccess",
    /// `AllowAll`, `AllowPrivate`, `DenyAll`.
    access_policy: text at "/properties/networkAccessPolicy",
    /// `ActiveSAS` while somebody has an address to download it.
    state: text at "/properties/diskState",
    /// When it was made.
    created: moment at "/properties/timeCreated",
    /// `EncryptionAtRestWithPlatformKey` and the like.
    encryption: text at "/properties/encryption/type",
}
