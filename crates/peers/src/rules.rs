//! Which check of ours judges what a rule of another tool judges.
//!
//! Rules of Prowler are those of `prowler/providers/azure/services` (<https://github.com/prowler-cloud/prowler>, 5.46), of Checkov those
//! of <https://github.com/bridgecrewio/checkov> (3.3), of Trivy those of <https://github.com/aquasecurity/trivy-checks>. Rules of KICS stand
//! in no row. What stands in no row has no check of ours; docs/peers.md says why. Assessments of Defender for Cloud are told by our checks themselves.

use crate::own::Protocol;

/// A rule of another tool.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name there.
    pub id: &'static str,
    /// The checks that judge the same, or something near it.
    pub codes: &'static [&'static str],
    /// What it asks for where it asks what is open.
    pub open: Option<Asked>,
    /// What of ours it is held against.
    pub scope: Scope,
    /// Whether it asks what our checks ask.
    pub likeness: Likeness,
    /// The last part of the id that it has to be about, in lower case, where it speaks of others, too.
    pub only: Option<&'static str>,
}

/// What a rule asks to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A TCP port.
    Tcp(u16),
    /// Any UDP port.
    Udp,
}

impl Asked {
    /// Whether ports of ours are such ones.
    pub(crate) fn is_in(self, open: &crate::own::Open) -> bool {
        match self {
            Self::Tcp(port) => open.protocol == Protocol::Tcp && (open.first..=open.last).contains(&port),
            Self::Udp => open.protocol == Protocol::Udp,
        }
    }
}

/// Whether a rule asks what our checks ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// The same: where the two differ, one of them is wrong.
    Same,
    /// Something near it: both may be right, whatever they say.
    Related,
}

/// Checks whose pass tells nothing about a port: NET007 passes groups that expose something today, which are told by others.
pub(crate) const PASS_TELLS_NOTHING: &[&str] = &["NET007"];

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
    Rule { id, codes, open: None, scope: Scope::Same, likeness: Likeness::Same, only: None }
}

const fn port(id: &'static str, codes: &'static [&'static str], port: u16) -> Rule {
    Rule { open: Some(Asked::Tcp(port)), ..same(id, codes) }
}

const fn udp(id: &'static str) -> Rule {
    Rule { open: Some(Asked::Udp), ..same(id, &["NET003", "NET007"]) }
}

const fn wide(id: &'static str, codes: &'static [&'static str], scope: Scope) -> Rule {
    Rule { scope, ..same(id, codes) }
}

const fn related(id: &'static str, codes: &'static [&'static str], scope: Scope) -> Rule {
    Rule { likeness: Likeness::Related, ..wide(id, codes, scope) }
}

/// A rule about the plan of Defender for Cloud for servers, which other plans are named under, too.
const fn plan(id: &'static str) -> Rule {
    Rule { only: Some("virtualmachines"), ..wide(id, &["DEF001"], Scope::Subscription) }
}

/// Checks that a port for managing machines is told by: what NET001 asks for may be set otherwise, and then it is any other port.
const MANAGEMENT: &[&str] = &["NET001", "NET002", "NET007"];

/// Every rule that a check of ours judges, or judges something near.
pub const RULES: &[Rule] = &[
    // Prowler: machines and disks.
    same("vm_linux_enforce_ssh_authentication", &["ACC002"]),
    related("vm_jit_access_enabled", &["JIT001"], Scope::Same),
    same("vm_trusted_launch_enabled", &["HRD001", "HRD002", "HRD003"]),
    same("vm_ensure_using_managed_disks", &["ENC007"]),
    same("vm_ensure_attached_disks_encrypted_with_cmk", &["ENC003"]),
    related("vm_ensure_unattached_disks_encrypted_with_cmk", &["ENC004"], Scope::Same),
    same("vm_backup_enabled", &["BKP001"]),
    related("vm_sufficient_daily_backup_retention_period", &["BKP006"], Scope::Subscription),
    related("recovery_vault_backup_policy_retention_adequate", &["BKP006"], Scope::Same),
    // Prowler: networks.
    port("network_rdp_internet_access_restricted", MANAGEMENT, 3389),
    port("network_ssh_internet_access_restricted", MANAGEMENT, 22),
    port("network_http_internet_access_restricted", &["NET002"], 80),
    udp("network_udp_internet_access_restricted"),
    same("network_subnet_nsg_associated", &["NET013"]),
    same("network_vnet_ddos_protection_enabled", &["NET017"]),
    related("network_flow_log_captured_sent", &["NET015"], Scope::Subscription),
    wide("network_flow_log_more_than_90_days", &["NET016"], Scope::Within),
    related("network_bastion_host_exists", &["NET019"], Scope::Subscription),
    // Prowler: Defender for Cloud.
    plan("defender_ensure_defender_for_server_is_on"),
    related("defender_additional_email_configured_with_a_security_contact", &["DEF003"], Scope::Subscription),
    related("defender_ensure_notify_alerts_severity_is_high", &["DEF003"], Scope::Subscription),
    related("defender_ensure_notify_emails_to_owners", &["DEF003"], Scope::Subscription),
    wide("defender_auto_provisioning_vulnerabilty_assessments_machines_on", &["DEF004"], Scope::Subscription),
    wide("defender_assessments_vm_endpoint_protection_installed", &["MAL001"], Scope::Subscription),
    related("defender_ensure_wdatp_is_enabled", &["MAL004"], Scope::Subscription),
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
    related("CKV_AZURE_45", &["HRD010"], Scope::Same),
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
    // Checkov: networks.
    port("CKV_AZURE_9", MANAGEMENT, 3389),
    port("CKV_AZURE_10", MANAGEMENT, 22),
    port("CKV_AZURE_160", &["NET002"], 80),
    udp("CKV_AZURE_77"),
    same("CKV_AZURE_118", &["NET012"]),
    same("CKV_AZURE_119", &["NET004"]),
    same("CKV2_AZURE_31", &["NET013"]),
    same("CKV_AZURE_12", &["NET016"]),
    // Checkov: Defender for Cloud.
    plan("CKV_AZURE_19"),
    plan("CKV_AZURE_55"),
    wide("CKV_AZURE_21", &["DEF003"], Scope::Subscription),
    related("CKV_AZURE_22", &["DEF003"], Scope::Subscription),
    // Checkov: rights.
    same("CKV_AZURE_39", &["RBA005"]),
    // Trivy.
    same("AZU-0030", &["RBA005"]),
    related("AZU-0037", &["HRD010"], Scope::Same),
    same("AZU-0039", &["ACC002"]),
    wide("AZU-0044", &["DEF003"], Scope::Subscription),
    plan("AZU-0045"),
    same("AZU-0047", &["NET001", "NET002", "NET003", "NET007"]),
    port("AZU-0048", MANAGEMENT, 3389),
    same("AZU-0049", &["NET016"]),
    port("AZU-0050", MANAGEMENT, 22),
    same("AZU-0051", &["NET010"]),
    related("AZU-0062", &["DEF003"], Scope::Subscription),
    wide("AZU-0063", &["DEF003"], Scope::Subscription),
    wide("AZU-0064", &["DEF003"], Scope::Subscription),
    same("AZU-0068", &["NET006"]),
    same("AZU-0074", &["NET001", "NET002", "NET003", "NET007"]),
    same("AZU-0075", &["NET012"]),
    same("AZU-0076", &["NET004"]),
    // Defender for Cloud, where our checks do not name the assessment themselves or one of them judges something else: "Machines should
    // have ports closed that might expose attack vectors".
    same("bbff27d2-73db-4c2d-8b1a-5f20b1f1da7e", &["NET001", "NET002", "NET003"]),
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

/// Who makes a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Prowler,
    Checkov,
    Trivy,
    Defender,
}

impl Maker {
    /// By what a tool calls itself.
    pub(crate) fn of_tool(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let all = [
            ("prowler", Self::Prowler),
            ("checkov", Self::Checkov),
            ("trivy", Self::Trivy),
            ("defender", Self::Defender),
        ];
        all.into_iter().find(|(word, _)| name.contains(word)).map(|(_, maker)| maker)
    }
}

impl Rule {
    pub(crate) fn maker(&self) -> Maker {
        match self.id {
            id if id.starts_with("CKV") => Maker::Checkov,
            id if id.starts_with("AZU-") => Maker::Trivy,
            id if crate::row::is_guid(id) => Maker::Defender,
            _ => Maker::Prowler,
        }
    }
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
    fn rules_are_held_against_what_they_ask() {
        let check = |id: &str, codes: &[&str], likeness: Likeness| {
            let rule = rule(id).unwrap_or_else(|| panic!("{id}"));
            assert_eq!((rule.codes, rule.likeness), (codes, likeness), "{id}");
        };
        check("AZU-0068", &["NET006"], Likeness::Same);
        check("AZU-0074", &["NET001", "NET002", "NET003", "NET007"], Likeness::Same);
        check("AZU-0075", &["NET012"], Likeness::Same);
        check("AZU-0047", &["NET001", "NET002", "NET003", "NET007"], Likeness::Same);
        check("CKV_AZURE_77", &["NET003", "NET007"], Likeness::Same);
        check("CKV_AZURE_39", &["RBA005"], Likeness::Same);
        check("bbff27d2-73db-4c2d-8b1a-5f20b1f1da7e", &["NET001", "NET002", "NET003"], Likeness::Same);
        for (id, code) in [
            ("vm_ensure_unattached_disks_encrypted_with_cmk", "ENC004"),
            ("vm_sufficient_daily_backup_retention_period", "BKP006"),
            ("recovery_vault_backup_policy_retention_adequate", "BKP006"),
            ("vm_jit_access_enabled", "JIT001"),
            ("network_bastion_host_exists", "NET019"),
            ("network_flow_log_captured_sent", "NET015"),
            ("defender_ensure_notify_emails_to_owners", "DEF003"),
            ("defender_additional_email_configured_with_a_security_contact", "DEF003"),
            ("defender_ensure_wdatp_is_enabled", "MAL004"),
            ("CKV_AZURE_22", "DEF003"),
            ("CKV_AZURE_45", "HRD010"),
            ("AZU-0037", "HRD010"),
        ] {
            check(id, &[code], Likeness::Related);
        }
        assert!(rule("CKV_AZURE_20").is_none() && rule("CKV2_AZURE_14").is_none());
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
