//! Which check of ours judges what a rule of another tool judges.
//!
//! Rules of Prowler are those of `prowler/providers/azure/services` (<https://github.com/prowler-cloud/prowler>, 5.46), of Checkov those
//! of <https://github.com/bridgecrewio/checkov> (3.3), of Trivy those of <https://github.com/aquasecurity/trivy-checks>. What stands in no
//! row has no check of ours; docs/peers.md says why. Assessments of Defender for Cloud are told by our checks themselves.

/// A rule of another tool.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name there.
    pub id: &'static str,
    /// The checks that judge the same.
    pub codes: &'static [&'static str],
    /// The one port that it is about.
    pub port: Option<u16>,
    /// What of ours it is held against.
    pub scope: Scope,
}

/// What of ours a result of theirs is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What is about the same resource, or comes from it.
    Same,
    /// What is about anything in or below it.
    Within,
    /// What is about anything in its subscription.
    Subscription,
    /// What is about anything.
    Anything,
}

const fn same(id: &'static str, codes: &'static [&'static str]) -> Rule {
    Rule { id, codes, port: None, scope: Scope::Same }
}

const fn port(id: &'static str, codes: &'static [&'static str], port: u16) -> Rule {
    Rule { id, codes, port: Some(port), scope: Scope::Same }
}

const fn wide(id: &'static str, codes: &'static [&'static str], scope: Scope) -> Rule {
    Rule { id, codes, port: None, scope }
}

/// Every rule that a check of ours judges.
pub const RULES: &[Rule] = &[
    // Prowler: machines and disks.
    same("vm_linux_enforce_ssh_authentication", &["ACC002"]),
    same("vm_jit_access_enabled", &["JIT001"]),
    same("vm_trusted_launch_enabled", &["HRD001", "HRD002", "HRD003"]),
    same("vm_ensure_using_managed_disks", &["ENC007"]),
    same("vm_ensure_attached_disks_encrypted_with_cmk", &["ENC003"]),
    same("vm_ensure_unattached_disks_encrypted_with_cmk", &["ENC004"]),
    same("vm_backup_enabled", &["BKP001"]),
    wide("vm_sufficient_daily_backup_retention_period", &["BKP006"], Scope::Subscription),
    same("recovery_vault_backup_policy_retention_adequate", &["BKP006"]),
    // Prowler: networks.
    port("network_rdp_internet_access_restricted", &["NET001", "NET007"], 3389),
    port("network_ssh_internet_access_restricted", &["NET001", "NET007"], 22),
    port("network_http_internet_access_restricted", &["NET002"], 80),
    same("network_udp_internet_access_restricted", &["NET003"]),
    same("network_subnet_nsg_associated", &["NET013"]),
    same("network_vnet_ddos_protection_enabled", &["NET017"]),
    wide("network_flow_log_captured_sent", &["NET015"], Scope::Subscription),
    wide("network_flow_log_more_than_90_days", &["NET016"], Scope::Within),
    wide("network_bastion_host_exists", &["NET019"], Scope::Subscription),
    // Prowler: Defender for Cloud.
    same("defender_ensure_defender_for_server_is_on", &["DEF001"]),
    wide("defender_additional_email_configured_with_a_security_contact", &["DEF003"], Scope::Subscription),
    wide("defender_ensure_notify_alerts_severity_is_high", &["DEF003"], Scope::Subscription),
    wide("defender_ensure_notify_emails_to_owners", &["DEF003"], Scope::Subscription),
    wide("defender_auto_provisioning_vulnerabilty_assessments_machines_on", &["DEF004"], Scope::Subscription),
    wide("defender_assessments_vm_endpoint_protection_installed", &["MAL001"], Scope::Subscription),
    wide("defender_ensure_wdatp_is_enabled", &["MAL004"], Scope::Subscription),
    wide("defender_ensure_system_updates_are_applied", &["UPD002"], Scope::Subscription),
    // Prowler: rights and people.
    same("iam_subscription_roles_owner_custom_not_created", &["RBA005"]),
    same("entra_user_with_vm_access_has_mfa", &["IDP004"]),
    same("entra_privileged_user_has_mfa", &["IDP004"]),
    same("entra_non_privileged_user_has_mfa", &["IDP004"]),
    wide("entra_conditional_access_policy_require_mfa_for_management_api", &["CAP002"], Scope::Anything),
    // Checkov: machines and disks.
    same("CKV_AZURE_1", &["ACC002"]),
    same("CKV_AZURE_49", &["ACC002"]),
    same("CKV_AZURE_149", &["ACC002"]),
    same("CKV_AZURE_178", &["ACC002"]),
    same("CKV_AZURE_45", &["HRD010"]),
    same("CKV_AZURE_92", &["ENC007"]),
    same("CKV_AZURE_93", &["ENC003"]),
    same("CKV_AZURE_95", &["UPD001"]),
    same("CKV_AZURE_97", &["ENC001"]),
    same("CKV_AZURE_151", &["ENC001"]),
    same("CKV_AZURE_177", &["UPD001"]),
    same("CKV_AZURE_179", &["HRD013"]),
    same("CKV_AZURE_251", &["ENC006"]),
    same("CKV2_AZURE_9", &["ENC007"]),
    same("CKV2_AZURE_10", &["MAL001"]),
    same("CKV2_AZURE_12", &["BKP001"]),
    same("CKV2_AZURE_14", &["ENC004"]),
    // Checkov: networks.
    port("CKV_AZURE_9", &["NET001", "NET007"], 3389),
    port("CKV_AZURE_10", &["NET001", "NET007"], 22),
    port("CKV_AZURE_160", &["NET002"], 80),
    same("CKV_AZURE_77", &["NET003"]),
    same("CKV_AZURE_118", &["NET012"]),
    same("CKV_AZURE_119", &["NET004"]),
    same("CKV2_AZURE_31", &["NET013"]),
    same("CKV_AZURE_12", &["NET016"]),
    // Checkov: Defender for Cloud.
    same("CKV_AZURE_19", &["DEF001"]),
    same("CKV_AZURE_55", &["DEF001"]),
    wide("CKV_AZURE_20", &["DEF003"], Scope::Subscription),
    wide("CKV_AZURE_21", &["DEF003"], Scope::Subscription),
    wide("CKV_AZURE_22", &["DEF003"], Scope::Subscription),
    // Trivy.
    same("AZU-0037", &["HRD010"]),
    same("AZU-0039", &["ACC002"]),
    same("AZU-0044", &["DEF003"]),
    same("AZU-0045", &["DEF001"]),
    same("AZU-0047", &["NET001", "NET002", "NET007"]),
    port("AZU-0048", &["NET001", "NET007"], 3389),
    same("AZU-0049", &["NET016"]),
    port("AZU-0050", &["NET001", "NET007"], 22),
    same("AZU-0051", &["NET010"]),
    same("AZU-0062", &["DEF003"]),
    same("AZU-0063", &["DEF003"]),
    same("AZU-0064", &["DEF003"]),
    same("AZU-0068", &["ENC001"]),
    same("AZU-0074", &["NET013"]),
    same("AZU-0075", &["NET013"]),
    same("AZU-0076", &["NET004"]),
];

/// The row of a rule. The case of names does not matter, nor what older versions of Trivy put in front.
pub fn rule(id: &str) -> Option<&'static Rule> {
    let id = id.trim();
    let id = match id.get(..4) {
        Some(front) if front.eq_ignore_ascii_case("AVD-") => id.get(4..).unwrap_or(id),
        _ => id,
    };
    RULES.iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_that_of_a_check() {
        for rule in RULES {
            assert!(!rule.codes.is_empty(), "{}", rule.id);
            for code in rule.codes {
                assert!(posture::CHECKS.iter().any(|check| check.code == *code), "{}: {code}", rule.id);
            }
        }
    }

    #[test]
    fn every_rule_stands_once() {
        for (index, rule) in RULES.iter().enumerate() {
            let again = RULES[index + 1..].iter().any(|other| other.id.eq_ignore_ascii_case(rule.id));
            assert!(!again, "{}", rule.id);
        }
    }

    #[test]
    fn names_are_found_as_tools_write_them() {
        let check = |id: &str, code: Option<&str>| {
            assert_eq!(rule(id).and_then(|rule| rule.codes.first().copied()), code, "{id}");
        };
        check("CKV_AZURE_10", Some("NET001"));
        check("ckv_azure_1", Some("ACC002"));
        check("AVD-AZU-0050", Some("NET001"));
        check("CKV_AZURE_1000", None);
        check("", None);
        check("見本の規則", None);
    }
}
