//! The checks, one file each. A new one is a file and a line in [`CHECKS`].

use crate::check::Check;

mod acc001_guessable_admin_name;
mod acc002_password_sign_in;
mod bastions;
mod bkp001_not_backed_up;
mod enc004_unattached_disk;
mod flow_logs;
mod hrd002_secure_boot;
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
mod way_out;

/// Every check, by code.
pub const CHECKS: &[&Check] = &[
    &acc001_guessable_admin_name::CHECK,
    &acc002_password_sign_in::CHECK,
    &bkp001_not_backed_up::CHECK,
    &enc004_unattached_disk::CHECK,
    &hrd002_secure_boot::CHECK,
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
];
