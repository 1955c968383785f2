//! What hardening adds around the machines: just-in-time access and backups.
//!
//! INVARIANT: what costs money or needs a plan stands behind a parameter.

use serde_json::{Value, json};

use super::allow::{BACKUP_ITEM, BACKUP_POLICY, JIT, MACHINE, VAULTS};
use super::draft::Draft;
use super::records::{key, name_of, reference, text};
use super::{ChangeKind, LeftOutKind, compute, harden};

/// Adds both.
pub(super) fn machines(draft: &mut Draft<'_>) {
    just_in_time(draft);
    backup(draft);
}

/// Whether the records tell that the plan is on that serves requests.
///
/// Source: <https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview>
fn has_plan(draft: &Draft<'_>) -> bool {
    let mut plans = draft
        .records
        .of_type("microsoft.security/pricings")
        .filter(|(id, _)| name_of(id) == "virtualmachines");
    plans.any(|(_, plan)| {
        let is =
            |name: &str, value: &str| text(plan, &[name]).is_some_and(|it| it.eq_ignore_ascii_case(value));
        is("pricingTier", "Standard") && (is("subPlan", "P2") || text(plan, &["subPlan"]).is_none())
    })
}

/// A policy that opens sign-in ports on request, for three hours at the most, to those who may ask: trusted addresses, or
/// the network where there are none.
fn just_in_time(draft: &mut Draft<'_>) {
    let trusted = draft.options.trusted_sources.clone();
    let sources = if trusted.is_empty() { harden::prefixes(draft) } else { trusted };
    if sources.is_empty() {
        return;
    }
    let plan = has_plan(draft);
    let condition = draft.parameter("deployJustInTime", json!({"type": "bool", "defaultValue": plan}));
    let mut machines = Vec::new();
    for id in draft.machines.clone() {
        let windows = draft.records.one(&id).is_some_and(compute::is_windows);
        let numbers: &[u16] = if windows { &[3389, 5985, 5986] } else { &[22] };
        let port = |number: &u16| {
            json!({
                "number": number,
                "protocol": "TCP",
                "allowedSourceAddressPrefixes": sources,
                "maxRequestAccessDuration": "PT3H",
            })
        };
        let ports: Vec<Value> = numbers.iter().map(port).collect();
        machines.push(json!({"id": harden::machine_reference(draft, &id), "ports": ports}));
    }
    let name = "[format('{0}/sign-in', parameters('location'))]";
    // Its place is in its name: `location` is read-only.
    let body = json!({"condition": condition, "kind": "Basic", "properties": {"virtualMachines": machines}});
    draft.push(&JIT, name.to_owned(), body);
    draft.change(ChangeKind::JustInTime, &JIT, name, "", "");
}

/// When backups are made, in UTC: three in the morning in Japan.
const TIME: &str = "2024-01-01T18:00:00Z";

fn backup(draft: &mut Draft<'_>) {
    let Some(first) = draft.machines.first().cloned() else { return };
    let first = draft.name(&first);
    let base: String =
        first.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let vault = format!("rsv-{}", base.trim_end_matches('-'));
    let mut kept = Vec::new();
    for id in draft.machines.clone() {
        for item in kept_by(draft, &id) {
            let name = draft.name(&id);
            draft.leave(LeftOutKind::Backup, &name, &item);
            kept.push(item);
        }
    }
    // A machine is in one vault at a time.
    let definition = json!({"type": "bool", "defaultValue": kept.is_empty()});
    let condition = draft.parameter("deployBackup", definition);
    let body = json!({
        "condition": condition,
        "location": "[parameters('location')]",
        "sku": {"name": "RS0", "tier": "Standard"},
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "publicNetworkAccess": "Enabled",
            "redundancySettings": {
                "standardTierStorageRedundancy": "GeoRedundant",
                "crossRegionRestore": "Enabled",
            },
            "securitySettings": {
                "immutabilitySettings": {"state": "Unlocked"},
                "softDeleteSettings": {
                    "softDeleteState": "Enabled",
                    "softDeleteRetentionPeriodInDays": 14,
                    "enhancedSecurityState": "Enabled",
                },
            },
        },
    });
    draft.push(&VAULTS, vault.clone(), body);
    draft.change(ChangeKind::Backup, &VAULTS, &vault, "", "");
    draft.leave(LeftOutKind::VaultLock, &vault, "");
    let owner = draft.own(&VAULTS, &vault);
    let policy = format!("{vault}/daily");
    // The second version: the first does not take machines with trusted launch.
    let body = json!({
        "condition": condition,
        "dependsOn": owner,
        "properties": {
            "backupManagementType": "AzureIaasVM",
            "policyType": "V2",
            "instantRpRetentionRangeInDays": 7,
            "schedulePolicy": {
                "schedulePolicyType": "SimpleSchedulePolicyV2",
                "scheduleRunFrequency": "Daily",
                "dailySchedule": {"scheduleRunTimes": [TIME]},
            },
            "retentionPolicy": {
                "retentionPolicyType": "LongTermRetentionPolicy",
                "dailySchedule": {
                    "retentionTimes": [TIME],
                    "retentionDuration": {"count": 30, "durationType": "Days"},
                },
            },
            "timeZone": "UTC",
        },
    });
    draft.push(&BACKUP_POLICY, policy.clone(), body);
    let policy = draft.own(&BACKUP_POLICY, &policy);
    for id in draft.machines.clone() {
        let name = draft.name(&id);
        let machine = draft.own(&MACHINE, &name);
        let quoted = name.replace('\'', "''");
        let item = format!(
            "[format('{vault}/Azure/iaasvmcontainer;iaasvmcontainerv2;{{0}};{quoted}/vm;iaasvmcontainerv2;{{0}};{quoted}', resourceGroup().name)]"
        );
        let body = json!({
            "condition": condition,
            "properties": {
                "protectedItemType": "Microsoft.Compute/virtualMachines",
                "policyId": policy,
                "sourceResourceId": machine,
            },
        });
        draft.push(&BACKUP_ITEM, item.clone(), body);
        draft.change(ChangeKind::Backup, &BACKUP_ITEM, &item, "", &name);
    }
}

/// The items of vaults that keep a machine.
fn kept_by(draft: &Draft<'_>, machine: &str) -> Vec<String> {
    let all = draft
        .records
        .of_type("microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems");
    let of = |item: &Value| {
        let ids = [
            text(item, &["sourceResourceId"]),
            text(item, &["virtualMachineId"]),
            reference(item, &["virtualMachine"]),
        ];
        ids.into_iter().flatten().any(|id| key(id) == key(machine))
    };
    all.filter(|(_, item)| of(item)).map(|(id, _)| draft.records.written(id)).collect()
}
