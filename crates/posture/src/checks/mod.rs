//! The checks, one file each. A new one is a file and a line in [`CHECKS`].

use crate::check::Check;

mod acc001_guessable_admin_name;
mod acc002_password_sign_in;
mod antimalware;
mod assessed;
mod bkp001_not_backed_up;
mod bkp002_no_recent_recovery_point;
mod bkp003_backup_broken;
mod bkp004_vault_without_soft_delete;
mod bkp005_vault_not_immutable;
mod bkp006_short_retention;
mod bkp007_backup_in_one_region;
mod def001_defender_plan_off;
mod def002_defender_plan_1;
mod def003_no_security_contact;
mod def004_agent_provisioning_off;
mod def005_defender_recommendation;
pub(crate) mod def006_defender_disagrees;
mod def007_vulnerabilities;
mod def008_secret_on_disk;
mod def009_open_alert;
mod def010_broad_alert_suppression;
mod def011_no_continuous_export;
mod disk_encryption;
mod enc001_not_encrypted_at_host;
mod enc002_retiring_disk_encryption;
mod enc003_no_key_of_your_own;
mod enc004_unattached_disk;
mod enc005_shared_disk;
mod enc006_exportable_disk;
mod enc007_unmanaged_disk;
mod hrd002_secure_boot;
mod installed;
mod kept;
mod mal001_no_malware_protection;
mod mal002_malware_protection_unhealthy;
mod mal003_wide_exclusions;
mod mal004_no_defender_for_endpoint;
mod net001_exposed_management_port;
mod net002_exposed_tcp_port;
mod net003_exposed_udp_port;
mod net004_public_ip;
mod net005_wide_source;
mod net006_no_security_group;
mod net007_latent_exposure;
mod net008_retired_sku;
mod subscriptions;

/// Every check, by code.
pub const CHECKS: &[&Check] = &[
    &acc001_guessable_admin_name::CHECK,
    &acc002_password_sign_in::CHECK,
    &bkp001_not_backed_up::CHECK,
    &bkp002_no_recent_recovery_point::CHECK,
    &bkp003_backup_broken::CHECK,
    &bkp004_vault_without_soft_delete::CHECK,
    &bkp005_vault_not_immutable::CHECK,
    &bkp006_short_retention::CHECK,
    &bkp007_backup_in_one_region::CHECK,
    &def001_defender_plan_off::CHECK,
    &def002_defender_plan_1::CHECK,
    &def003_no_security_contact::CHECK,
    &def004_agent_provisioning_off::CHECK,
    &def005_defender_recommendation::CHECK,
    &def006_defender_disagrees::CHECK,
    &def007_vulnerabilities::CHECK,
    &def008_secret_on_disk::CHECK,
    &def009_open_alert::CHECK,
    &def010_broad_alert_suppression::CHECK,
    &def011_no_continuous_export::CHECK,
    &enc001_not_encrypted_at_host::CHECK,
    &enc002_retiring_disk_encryption::CHECK,
    &enc003_no_key_of_your_own::CHECK,
    &enc004_unattached_disk::CHECK,
    &enc005_shared_disk::CHECK,
    &enc006_exportable_disk::CHECK,
    &enc007_unmanaged_disk::CHECK,
    &hrd002_secure_boot::CHECK,
    &mal001_no_malware_protection::CHECK,
    &mal002_malware_protection_unhealthy::CHECK,
    &mal003_wide_exclusions::CHECK,
    &mal004_no_defender_for_endpoint::CHECK,
    &net001_exposed_management_port::CHECK,
    &net002_exposed_tcp_port::CHECK,
    &net003_exposed_udp_port::CHECK,
    &net004_public_ip::CHECK,
    &net005_wide_source::CHECK,
    &net006_no_security_group::CHECK,
    &net007_latent_exposure::CHECK,
    &net008_retired_sku::CHECK,
];
