//! What stands around the machines of a generated estate, as `sekimori collect` brings it: disks, extensions, updates,
//! backups, guest configuration, Defender for Cloud, and the manifest that says that all of it was asked for.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::Result;

/// One machine of so many lacks updates, and Defender says so.
const BEHIND_EVERY: u32 = 20;

/// A line of a resource with an id below (or beside) a machine.
fn line(out: &mut impl Write, id: &str, kind: &str, properties: &str) -> Result<()> {
    writeln!(
        out,
        r#"{{"id":"{id}","name":"{}","type":"{kind}","location":"japaneast","properties":{properties}}}"#,
        id.rsplit('/').next().unwrap_or_default()
    )?;
    Ok(())
}

/// Everything that tells of one machine. `provider` is the id of its resource group and `/providers`.
pub(crate) fn around(out: &mut impl Write, provider: &str, number: u32) -> Result<()> {
    let vm = format!("{provider}/Microsoft.Compute/virtualMachines/vm-{number:06}");
    let linux = number.is_multiple_of(2);
    let behind = number.is_multiple_of(BEHIND_EVERY);
    let (endpoint, attestation, baseline) = match linux {
        true => ("MDE.Linux", "Microsoft.Azure.Security.LinuxAttestation", "AzureLinuxBaseline"),
        false => ("MDE.Windows", "Microsoft.Azure.Security.WindowsAttestation", "AzureWindowsBaseline"),
    };
    let disk = format!("{provider}/Microsoft.Compute/disks/vm-{number:06}-os");
    let size = r#""diskSizeGB":127,"diskState":"Attached","timeCreated":"2026-05-11T04:12:33.118Z""#;
    writeln!(
        out,
        r#"{{"id":"{disk}","name":"vm-{number:06}-os","type":"microsoft.compute/disks","location":"japaneast","managedBy":"{vm}","sku":{{"name":"Premium_LRS","tier":"Premium"}},"properties":{{{size},"osType":"{}","encryption":{{"type":"EncryptionAtRestWithPlatformKey"}},"networkAccessPolicy":"DenyAll","publicNetworkAccess":"Disabled"}}}}"#,
        if linux { "Linux" } else { "Windows" }
    )?;
    for (name, publisher, handler) in [
        ("mde", "Microsoft.Azure.AzureDefenderForServers", endpoint),
        ("attestation", attestation, "GuestAttestation"),
    ] {
        line(
            out,
            &format!("{vm}/extensions/{name}"),
            "microsoft.compute/virtualmachines/extensions",
            &format!(
                r#"{{"provisioningState":"Succeeded","publisher":"{publisher}","type":"{handler}","typeHandlerVersion":"1.0","autoUpgradeMinorVersion":true,"enableAutomaticUpgrade":true,"settings":{{}}}}"#
            ),
        )?;
    }
    let assessment = format!("{vm}/patchAssessmentResults/latest");
    line(
        out,
        &assessment,
        "microsoft.compute/virtualmachines/patchassessmentresults",
        &format!(
            r#"{{"status":"Succeeded","lastModifiedDateTime":"2026-11-25T20:11:02Z","rebootPending":false,"availablePatchCountByClassification":{{"critical":0,"security":{},"other":4}}}}"#,
            if behind { 2 } else { 0 }
        ),
    )?;
    if behind {
        for patch in 0..2 {
            line(
                out,
                &format!("{assessment}/softwarePatches/{patch}"),
                "microsoft.compute/virtualmachines/patchassessmentresults/softwarepatches",
                r#"{"patchName":"openssl","classifications":["Security"],"publishedDateTime":"2026-10-02T00:00:00Z"}"#,
            )?;
        }
    }
    line(
        out,
        &format!("{vm}/providers/Microsoft.GuestConfiguration/guestConfigurationAssignments/{baseline}"),
        "microsoft.guestconfiguration/guestconfigurationassignments",
        &format!(
            r#"{{"complianceStatus":"Compliant","lastComplianceStatusChecked":"2026-11-25T20:11:02Z","guestConfiguration":{{"name":"{baseline}","version":"1.*"}},"latestAssignmentReport":{{"resources":[]}}}}"#
        ),
    )?;
    line(
        out,
        &format!(
            "{provider}/Microsoft.RecoveryServices/vaults/vault/backupFabrics/Azure/protectionContainers/c-{number}/protectedItems/vm;iaasvmcontainerv2;g;vm-{number}"
        ),
        "microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems",
        &format!(
            r#"{{"protectionState":"Protected","protectionStatus":"Healthy","healthStatus":"Passed","lastBackupStatus":"Completed","lastBackupTime":"2026-11-25T18:00:00Z","lastRecoveryPoint":"2026-11-25T18:00:00Z","sourceResourceId":"{vm}","policyId":"{provider}/Microsoft.RecoveryServices/vaults/vault/backupPolicies/DefaultPolicy"}}"#
        ),
    )?;
    for (key, title) in [
        ("06e3a6db-6c0c-4ad9-943f-31d9d73ecf6c", "EDR solution should be installed on Virtual Machines"),
        ("e1145ab1-eb4f-43d8-911b-36ddf771d13f", "System updates should be installed on your machines"),
        ("ffff0522-1e88-47fc-8382-2a80ba848f5d", "Machines should have a vulnerability assessment solution"),
    ] {
        let status = if behind && key.starts_with("e1145ab1") { "Unhealthy" } else { "Healthy" };
        line(
            out,
            &format!("{vm}/providers/Microsoft.Security/assessments/{key}"),
            "microsoft.security/assessments",
            &format!(
                r#"{{"displayName":"{title}","status":{{"code":"{status}"}},"resourceDetails":{{"Source":"Azure","Id":"{vm}"}},"metadata":{{"severity":"High"}}}}"#
            ),
        )?;
    }
    Ok(())
}

/// What tells of the subscription, and the manifest.
pub(crate) fn last(out: &mut impl Write, provider: &str, subscription: &str) -> Result<()> {
    let of = |rest: &str| format!("/subscriptions/{subscription}/providers/Microsoft.Security/{rest}");
    line(
        out,
        &of("pricings/VirtualMachines"),
        "microsoft.security/pricings",
        r#"{"pricingTier":"Standard","subPlan":"P2","extensions":[{"name":"AgentlessVmScanning","isEnabled":"True"}]}"#,
    )?;
    for image in [
        "Canonical/artifacttypes/vmimage/offers/ubuntu-24_04-lts/skus/server/versions/24.04.202610130",
        "MicrosoftWindowsServer/artifacttypes/vmimage/offers/WindowsServer/skus/2025-datacenter-g2/versions/26100.6899.251009",
    ] {
        line(
            out,
            &format!(
                "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/japaneast/publishers/{image}"
            ),
            "microsoft.compute/locations/publishers/artifacttypes/offers/skus/versions",
            r#"{"imageDeprecationStatus":{"imageState":"Active"}}"#,
        )?;
    }
    line(
        out,
        &of("securityContacts/default"),
        "microsoft.security/securitycontacts",
        r#"{"emails":"soc@contoso.example","notificationsByRole":{"state":"On","roles":["Owner"]},"alertNotifications":{"state":"On","minimalSeverity":"Medium"}}"#,
    )?;
    line(
        out,
        &format!("{provider}/Microsoft.RecoveryServices/vaults/vault"),
        "microsoft.recoveryservices/vaults",
        r#"{"securitySettings":{"softDeleteSettings":{"softDeleteState":"AlwaysON","softDeleteRetentionPeriodInDays":14},"immutabilitySettings":{"state":"Locked"}},"redundancySettings":{"standardTierStorageRedundancy":"GeoRedundant","crossRegionRestore":"Enabled"}}"#,
    )?;
    let asked = [
        "machines",
        "images",
        "networks",
        "vaults",
        "backups",
        "backup policies",
        "updates",
        "maintenance",
        "guest configuration",
        "security",
        "security contacts",
        "alert suppression",
        "exports",
        "just-in-time policies",
        "rights",
    ];
    let mut rows = String::new();
    for (index, name) in asked.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(rows, r#"{comma}"{name}":1"#)?;
    }
    writeln!(
        out,
        r#"{{"kind":"sekimori.snapshot/1","asked":{{"cloud":"AzureCloud","subscriptions":[],"management_groups":[],"directory":false}},"started":"2026-11-26T08:58:00Z","finished":"2026-11-26T09:00:00Z","rows":{{{rows}}},"redacted":0,"refused":[],"partial":[],"empty_subscriptions":0}}"#
    )?;
    Ok(())
}
