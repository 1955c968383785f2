//! Versions of Azure's interfaces that steps are written in, in one place.
//!
//! INVARIANT: each is one that is generally available; recorded answers of it, or a template of Microsoft's, hold the members
//! that planners write.

/// Machines, their extensions, and what they are made to do.
pub(crate) const COMPUTE: &str = "2024-07-01";
/// Disks and snapshots.
pub(crate) const DISKS: &str = "2023-10-02";
/// Groups, rules, NICs, bastions.
pub(crate) const NETWORK: &str = "2024-05-01";
/// Plans of Defender for Cloud.
pub(crate) const PRICINGS: &str = "2024-01-01";
/// Settings of Defender for Cloud: the integration of Defender for Endpoint.
pub(crate) const SECURITY_SETTINGS: &str = "2022-05-01";
/// Policies of just-in-time access.
pub(crate) const JIT: &str = "2020-01-01";
/// Recovery Services vaults.
pub(crate) const VAULTS: &str = "2024-04-01";
/// What vaults keep: the first version in which the standard kind of policy takes machines of trusted launch.
pub(crate) const BACKUPS: &str = "2025-01-01";
/// Backup vaults.
pub(crate) const BACKUP_VAULTS: &str = "2024-04-01";
