//! The checks, one file each. A new one is a file and a line in [`CHECKS`].

use crate::check::Check;

mod acc001_guessable_admin_name;
mod acc002_password_sign_in;
mod baseline_assignment;
mod bkp001_not_backed_up;
mod enc004_unattached_disk;
mod end_of_support;
mod hrd001_trusted_launch;
mod hrd002_secure_boot;
mod hrd003_vtpm;
mod hrd004_guest_attestation;
mod hrd005_baseline_failed;
mod hrd006_baseline_not_looked_at;
mod hrd008_retired_size;
mod hrd009_boot_diagnostics;
mod hrd010_secret_in_configuration;
mod hrd011_extension_publisher;
mod hrd012_winrm_in_clear;
mod hrd013_vm_agent;
mod hrd014_script_in_clear;
mod net001_exposed_management_port;
mod net002_exposed_tcp_port;
mod net003_exposed_udp_port;
mod net004_public_ip;
mod net005_wide_source;
mod net006_no_security_group;
mod net007_latent_exposure;
mod net008_retired_sku;
mod results;
mod retired_sizes;
mod upd001_manual_updates;
mod upd002_updates_missing;
mod upd003_restart_pending;
mod upd004_not_assessed;
mod upd005_end_of_support;
mod upd006_old_image;
mod upd007_never_redeployed;

/// Every check, by code.
pub const CHECKS: &[&Check] = &[
    &acc001_guessable_admin_name::CHECK,
    &acc002_password_sign_in::CHECK,
    &bkp001_not_backed_up::CHECK,
    &enc004_unattached_disk::CHECK,
    &hrd001_trusted_launch::CHECK,
    &hrd002_secure_boot::CHECK,
    &hrd003_vtpm::CHECK,
    &hrd004_guest_attestation::CHECK,
    &hrd005_baseline_failed::CHECK,
    &hrd006_baseline_not_looked_at::CHECK,
    &hrd008_retired_size::CHECK,
    &hrd009_boot_diagnostics::CHECK,
    &hrd010_secret_in_configuration::CHECK,
    &hrd011_extension_publisher::CHECK,
    &hrd012_winrm_in_clear::CHECK,
    &hrd013_vm_agent::CHECK,
    &hrd014_script_in_clear::CHECK,
    &net001_exposed_management_port::CHECK,
    &net002_exposed_tcp_port::CHECK,
    &net003_exposed_udp_port::CHECK,
    &net004_public_ip::CHECK,
    &net005_wide_source::CHECK,
    &net006_no_security_group::CHECK,
    &net007_latent_exposure::CHECK,
    &net008_retired_sku::CHECK,
    &upd001_manual_updates::CHECK,
    &upd002_updates_missing::CHECK,
    &upd003_restart_pending::CHECK,
    &upd004_not_assessed::CHECK,
    &upd005_end_of_support::CHECK,
    &upd006_old_image::CHECK,
    &upd007_never_redeployed::CHECK,
];
