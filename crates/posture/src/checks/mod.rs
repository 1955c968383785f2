//! The checks, one file each. A new one is a file and a line in [`CHECKS`].

use crate::check::Check;

pub use gets_in::never_text;

mod acc001_guessable_admin_name;
mod acc002_password_sign_in;
mod acc003_derived_admin_name;
mod acc004_shared_admin_name;
mod acc005_shared_ssh_key;
mod acc006_development_looser;
mod acc007_weak_password_rules;
mod admin_account;
mod antimalware;
mod assessed;
mod bastions;
mod bkp001_not_backed_up;
mod bkp002_no_recent_recovery_point;
mod bkp003_backup_broken;
mod bkp004_vault_without_soft_delete;
mod bkp005_vault_not_immutable;
mod bkp006_short_retention;
mod bkp007_backup_in_one_region;
mod cap001_no_mfa_for_machines;
mod cap002_no_mfa_for_azure;
mod cap003_policy_spares_machines;
mod cap004_policy_only_reports;
mod cap005_policy_for_wrong_application;
mod cap006_legacy_authentication;
mod cap007_break_glass_unprotected;
mod cap008_wide_trusted_place;
mod def001_defender_plan_off;
mod def002_defender_plan_1;
mod def003_no_security_contact;
mod def004_agent_provisioning_off;
pub(crate) mod def005_defender_recommendation;
pub(crate) mod def006_defender_disagrees;
mod def007_vulnerabilities;
mod def008_secret_on_disk;
mod def009_open_alert;
mod def010_broad_alert_suppression;
mod def011_no_continuous_export;
pub(crate) mod def012_recommendation_around;
mod disk_encryption;
mod enc001_not_encrypted_at_host;
mod enc002_retiring_disk_encryption;
mod enc003_no_key_of_your_own;
mod enc004_unattached_disk;
mod enc005_shared_disk;
mod enc006_exportable_disk;
mod enc007_unmanaged_disk;
mod end_of_support;
mod ent001_no_entra_sign_in;
mod ent002_entra_sign_in_without_identity;
mod ent003_entra_sign_in_without_rights;
mod ent004_local_sign_in_beside_entra;
mod flow_logs;
mod gets_in;
mod guest_results;
mod hrd001_trusted_launch;
mod hrd002_secure_boot;
mod hrd003_vtpm;
mod hrd004_guest_attestation;
mod hrd005_baseline_failed;
mod hrd006_baseline_not_looked_at;
mod hrd007_retired_image;
mod hrd008_retired_size;
mod hrd009_boot_diagnostics;
mod hrd010_secret_in_configuration;
mod hrd011_extension_publisher;
mod hrd012_winrm_in_clear;
mod hrd013_vm_agent;
mod hrd014_script_in_clear;
mod hrd015_guest_policy_failed;
mod idp001_no_sign_in_risk_policy;
mod idp002_no_user_risk_policy;
mod idp003_risky_person;
mod idp004_no_second_factor;
mod jit001_no_jit;
mod jit002_jit_does_not_close;
mod jit003_jit_port_missing;
mod jit004_jit_wide_source;
mod jit005_jit_long;
mod jit006_jit_stale_rule;
mod jit007_jit_without_plan;
mod jit008_jit_gone_machine;
mod jit009_expired_lease_rule;
mod jit_access;
mod jit_ports;
mod kept;
mod mal001_no_malware_protection;
mod mal002_malware_protection_unhealthy;
mod mal003_wide_exclusions;
mod mal004_no_defender_for_endpoint;
mod methods;
mod net001_exposed_management_port;
mod net002_exposed_tcp_port;
mod net003_exposed_udp_port;
mod net004_public_ip;
mod net005_wide_source;
mod net006_no_security_group;
mod net007_latent_exposure;
mod net008_retired_sku;
mod net009_east_west_management;
mod net010_open_egress;
mod net011_mining_egress;
mod net012_ip_forwarding;
mod net013_subnet_without_group;
mod net014_attack_path;
mod net015_no_flow_log;
mod net016_flow_log_kept_short;
mod net017_no_ddos_protection;
mod net018_default_outbound;
mod net019_no_private_way;
mod net020_bastion_blocked;
mod net021_bastion_shareable_links;
mod net022_bastion_clipboard_and_files;
mod net023_bastion_no_recording;
mod net024_weak_vpn;
mod passages;
mod private_ways;
mod rba001_wide_login_role;
mod rba002_standing_login_role;
mod rba003_too_many_administrators;
mod rba004_guest_with_rights;
mod rba005_custom_administrator_role;
mod rba006_classic_administrators;
mod rba007_right_of_nobody;
mod results;
mod retired_sizes;
mod risk_policies;
mod shared;
mod subscriptions;
mod unprotected;
mod upd001_manual_updates;
mod upd002_updates_missing;
mod upd003_restart_pending;
mod upd004_not_assessed;
mod upd005_end_of_support;
mod upd006_old_image;
mod upd007_never_redeployed;
mod way_out;

pub use way_out::{WayOut, way_out_without_address};

/// Every check, by code.
pub const CHECKS: &[&Check] = &[
    &acc001_guessable_admin_name::CHECK,
    &acc002_password_sign_in::CHECK,
    &acc003_derived_admin_name::CHECK,
    &acc004_shared_admin_name::CHECK,
    &acc005_shared_ssh_key::CHECK,
    &acc006_development_looser::CHECK,
    &acc007_weak_password_rules::CHECK,
    &bkp001_not_backed_up::CHECK,
    &bkp002_no_recent_recovery_point::CHECK,
    &bkp003_backup_broken::CHECK,
    &bkp004_vault_without_soft_delete::CHECK,
    &bkp005_vault_not_immutable::CHECK,
    &bkp006_short_retention::CHECK,
    &bkp007_backup_in_one_region::CHECK,
    &cap001_no_mfa_for_machines::CHECK,
    &cap002_no_mfa_for_azure::CHECK,
    &cap003_policy_spares_machines::CHECK,
    &cap004_policy_only_reports::CHECK,
    &cap005_policy_for_wrong_application::CHECK,
    &cap006_legacy_authentication::CHECK,
    &cap007_break_glass_unprotected::CHECK,
    &cap008_wide_trusted_place::CHECK,
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
    &def012_recommendation_around::CHECK,
    &enc001_not_encrypted_at_host::CHECK,
    &enc002_retiring_disk_encryption::CHECK,
    &enc003_no_key_of_your_own::CHECK,
    &enc004_unattached_disk::CHECK,
    &enc005_shared_disk::CHECK,
    &enc006_exportable_disk::CHECK,
    &enc007_unmanaged_disk::CHECK,
    &ent001_no_entra_sign_in::CHECK,
    &ent002_entra_sign_in_without_identity::CHECK,
    &ent003_entra_sign_in_without_rights::CHECK,
    &ent004_local_sign_in_beside_entra::CHECK,
    &hrd001_trusted_launch::CHECK,
    &hrd002_secure_boot::CHECK,
    &hrd003_vtpm::CHECK,
    &hrd004_guest_attestation::CHECK,
    &hrd005_baseline_failed::CHECK,
    &hrd006_baseline_not_looked_at::CHECK,
    &hrd007_retired_image::CHECK,
    &hrd008_retired_size::CHECK,
    &hrd009_boot_diagnostics::CHECK,
    &hrd010_secret_in_configuration::CHECK,
    &hrd011_extension_publisher::CHECK,
    &hrd012_winrm_in_clear::CHECK,
    &hrd013_vm_agent::CHECK,
    &hrd014_script_in_clear::CHECK,
    &hrd015_guest_policy_failed::CHECK,
    &idp001_no_sign_in_risk_policy::CHECK,
    &idp002_no_user_risk_policy::CHECK,
    &idp003_risky_person::CHECK,
    &idp004_no_second_factor::CHECK,
    &jit001_no_jit::CHECK,
    &jit002_jit_does_not_close::CHECK,
    &jit003_jit_port_missing::CHECK,
    &jit004_jit_wide_source::CHECK,
    &jit005_jit_long::CHECK,
    &jit006_jit_stale_rule::CHECK,
    &jit007_jit_without_plan::CHECK,
    &jit008_jit_gone_machine::CHECK,
    &jit009_expired_lease_rule::CHECK,
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
    &net009_east_west_management::CHECK,
    &net010_open_egress::CHECK,
    &net011_mining_egress::CHECK,
    &net012_ip_forwarding::CHECK,
    &net013_subnet_without_group::CHECK,
    &net014_attack_path::CHECK,
    &net015_no_flow_log::CHECK,
    &net016_flow_log_kept_short::CHECK,
    &net017_no_ddos_protection::CHECK,
    &net018_default_outbound::CHECK,
    &net019_no_private_way::CHECK,
    &net020_bastion_blocked::CHECK,
    &net021_bastion_shareable_links::CHECK,
    &net022_bastion_clipboard_and_files::CHECK,
    &net023_bastion_no_recording::CHECK,
    &net024_weak_vpn::CHECK,
    &rba001_wide_login_role::CHECK,
    &rba002_standing_login_role::CHECK,
    &rba003_too_many_administrators::CHECK,
    &rba004_guest_with_rights::CHECK,
    &rba005_custom_administrator_role::CHECK,
    &rba006_classic_administrators::CHECK,
    &rba007_right_of_nobody::CHECK,
    &upd001_manual_updates::CHECK,
    &upd002_updates_missing::CHECK,
    &upd003_restart_pending::CHECK,
    &upd004_not_assessed::CHECK,
    &upd005_end_of_support::CHECK,
    &upd006_old_image::CHECK,
    &upd007_never_redeployed::CHECK,
];
