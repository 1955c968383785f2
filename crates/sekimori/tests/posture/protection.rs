//! Malware protection, encryption and backups.

use serde_json::{Value, json};

use crate::{at, cases, exported, finding, lines, manifest, merge, snapshot, verdict, vm, vm_id, windows};

fn extension(publisher: &str, kind: &str, change: Value) -> Value {
    let mut extension = json!({
        "id": format!("{}/extensions/{kind}", vm_id()),
        "type": "Microsoft.Compute/virtualMachines/extensions",
        "properties": {"publisher": publisher, "type": kind, "provisioningState": "Succeeded"}
    });
    merge(&mut extension, &json!({"properties": change}));
    extension
}

fn antimalware(settings: Value) -> Value {
    extension("Microsoft.Azure.Security", "IaaSAntimalware", json!({"settings": settings}))
}

fn mde() -> Value {
    extension("microsoft.azure.azuredefenderforservers", "mde.linux", json!({}))
}

fn other_extension() -> Value {
    extension("Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent", json!({}))
}

fn assessment(key: &str, status: &str) -> Value {
    json!({
        "id": format!("{}/providers/Microsoft.Security/assessments/{key}", vm_id()),
        "type": "Microsoft.Security/assessments",
        "properties": {"displayName": "a recommendation", "status": {"code": status, "description": "signatures are old"}}
    })
}

const EDR: &str = "06e3a6db-6c0c-4ad9-943f-31d9d73ecf6c";
const EDR_SOUND: &str = "dc5357d0-3858-4d17-a1a3-072840bff5be";

#[test]
fn malware_protection_is_an_extension_or_what_defender_finds() {
    let falcon = extension("Crowdstrike.Falcon", "FalconSensorLinux", json!({}));
    // The publisher counts, too: anybody may call an extension so.
    let fake = extension("Contoso", "MDE.Linux", json!({}));
    cases(
        "MAL001",
        vec![
            // An agent that nobody put there as an extension does not show.
            ("unknown", vec![vm(json!({}))]),
            ("unknown", vec![vm(json!({})), other_extension()]),
            ("unknown", vec![vm(json!({})), fake]),
            ("fail", vec![vm(json!({})), assessment(EDR, "Unhealthy")]),
            ("pass", vec![vm(json!({})), mde()]),
            ("pass", vec![vm(json!({})), falcon]),
            ("pass", vec![vm(json!({})), assessment(EDR, "Healthy")]),
            ("pass", vec![vm(json!({})), mde(), assessment(EDR, "Unhealthy")]),
            ("unknown", vec![vm(json!({})), assessment(EDR, "NotApplicable")]),
            // Windows brings its own, of which Azure knows nothing.
            ("unknown", vec![windows(json!({}))]),
            ("fail", vec![windows(json!({})), assessment(EDR, "Unhealthy")]),
            (
                "unknown",
                vec![vm(
                    json!({"properties": {"storageProfile": {"osDisk": {"osType": null}}, "osProfile": {"linuxConfiguration": null}}}),
                )],
            ),
        ],
    );
    assert_eq!(verdict(&exported(&[vm(json!({}))]), "MAL001"), "not assessed");
    assert_eq!(verdict(&exported(&[vm(json!({})), other_extension()]), "MAL001"), "unknown");
    assert_eq!(
        verdict(&exported(&[vm(json!({"resources": []}))]), "MAL001"),
        "unknown",
        "a list of extensions"
    );
    // `az vm list` tells of extensions by their ids alone.
    let id = json!({"resources": [{"id": format!("{}/extensions/x", vm_id())}]});
    assert_eq!(verdict(&exported(&[vm(id.clone())]), "MAL001"), "not assessed");
}

#[test]
fn malware_protection_that_does_not_work() {
    let failed =
        extension("SentinelOne.LinuxExtension", "LinuxExtension", json!({"provisioningState": "Failed"}));
    let updating =
        extension("SentinelOne.LinuxExtension", "LinuxExtension", json!({"provisioningState": "Updating"}));
    // What is not about malware may fail.
    let other = extension(
        "Microsoft.Azure.Monitor",
        "AzureMonitorLinuxAgent",
        json!({"provisioningState": "Failed"}),
    );
    cases(
        "MAL002",
        vec![
            // That it is on does not say that its signatures are of today.
            (
                "unknown",
                vec![
                    windows(json!({})),
                    antimalware(json!({"AntimalwareEnabled": true, "RealtimeProtectionEnabled": "true"})),
                ],
            ),
            ("fail", vec![windows(json!({})), antimalware(json!({"AntimalwareEnabled": false}))]),
            (
                "fail",
                vec![
                    windows(json!({})),
                    antimalware(json!({"AntimalwareEnabled": true, "RealtimeProtectionEnabled": "false"})),
                ],
            ),
            ("fail", vec![vm(json!({})), failed]),
            ("unknown", vec![vm(json!({})), updating]),
            ("", vec![vm(json!({})), other]),
            ("fail", vec![vm(json!({})), mde(), assessment(EDR_SOUND, "Unhealthy")]),
            ("pass", vec![vm(json!({})), assessment(EDR_SOUND, "Healthy")]),
            ("", vec![vm(json!({}))]),
        ],
    );
    let report = snapshot(&[vm(json!({})), mde(), assessment(EDR_SOUND, "Unhealthy")]);
    assert_eq!(finding(&report, "MAL002")["evidence"]["detail"], "signatures are old");
}

#[test]
fn exclusions_of_antimalware() {
    let excluding = |paths: &str, kinds: &str| {
        antimalware(
            json!({"AntimalwareEnabled": true, "Exclusions": {"Paths": paths, "Extensions": kinds, "Processes": ""}}),
        )
    };
    cases(
        "MAL003",
        vec![
            ("pass", vec![windows(json!({})), antimalware(json!({"AntimalwareEnabled": true}))]),
            ("pass", vec![windows(json!({})), excluding("D:\\IISlogs;D:\\Data", ".mdf;.ldf")]),
            ("fail", vec![windows(json!({})), excluding("D:\\IISlogs;C:\\", ".log")]),
            ("fail", vec![windows(json!({})), excluding("D:\\IISlogs", "log;ps1")]),
            ("", vec![windows(json!({}))]),
        ],
    );
    let report = snapshot(&[windows(json!({})), excluding("C:\\Windows\\Temp;D:\\IISlogs", ".exe")]);
    let text = finding(&report, "MAL003")["evidence"]["exclusions"].as_str().unwrap();
    assert!(
        text.contains("C:\\Windows\\Temp") && text.contains(".exe") && !text.contains("IISlogs"),
        "{text}"
    );
    assert_eq!(verdict(&exported(&[windows(json!({})), other_extension()]), "MAL003"), "unknown");
}

#[test]
fn endpoint_detection_is_more_than_antimalware() {
    let trend = || extension("TrendMicro.DeepSecurity", "TrendMicroDSALinux", json!({}));
    cases(
        "MAL004",
        vec![
            ("fail", vec![vm(json!({})), trend()]),
            ("fail", vec![windows(json!({})), antimalware(json!({"AntimalwareEnabled": true}))]),
            ("pass", vec![vm(json!({})), trend(), mde()]),
            ("pass", vec![vm(json!({})), trend(), assessment(EDR, "Healthy")]),
            ("", vec![vm(json!({}))]),
        ],
    );
    let security =
        json!({"refused": [{"what": "security", "scope": "", "action": "x/read", "role": "Reader"}]});
    let report = lines(&[vm(json!({})), trend()], &manifest(security.clone()));
    assert_eq!(verdict(&report, "MAL004"), "unknown", "an agent of one's own shows in Defender's data alone");
    let report = lines(&[vm(json!({})), trend(), assessment(EDR, "Unhealthy")], &manifest(security));
    assert_eq!(verdict(&report, "MAL004"), "fail");
}

fn disk(name: &str, change: Value) -> Value {
    let mut disk = json!({
        "id": at(&format!("Microsoft.Compute/disks/{name}")),
        "type": "Microsoft.Compute/disks",
        "managedBy": vm_id(),
        "properties": {"diskState": "Attached", "encryption": {"type": "EncryptionAtRestWithPlatformKey"}}
    });
    merge(&mut disk, &change);
    disk
}

fn without_host_encryption() -> Value {
    json!({"properties": {"securityProfile": {"encryptionAtHost": null}}})
}

#[test]
fn encryption_at_host() {
    let ade = || extension("Microsoft.Azure.Security", "AzureDiskEncryptionForLinux", json!({}));
    let told = |volumes: &str, operation: &str| {
        extension(
            "Microsoft.Azure.Security",
            "AzureDiskEncryptionForLinux",
            json!({"settings": {"VolumeType": volumes, "EncryptionOperation": operation}}),
        )
    };
    let inner = json!({"properties": {"encryptionSettingsCollection": {"enabled": true}}});
    let with_data = vm(json!({"properties": {
        "securityProfile": {"encryptionAtHost": null},
        "storageProfile": {"dataDisks": [{"lun": 0, "managedDisk": {"id": at("Microsoft.Compute/disks/m-data")}}]}
    }}));
    let legacy = json!({"properties": {
        "securityProfile": {"encryptionAtHost": false},
        "storageProfile": {"osDisk": {"encryptionSettings": {"enabled": true}}}
    }});
    cases(
        "ENC001",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("fail", vec![vm(without_host_encryption())]),
            // It stays where disks were decrypted again.
            ("unknown", vec![vm(without_host_encryption()), ade()]),
            // The temporary disk is encrypted where the extension was told to do it.
            ("unknown", vec![vm(without_host_encryption()), disk("m-os", inner.clone())]),
            (
                "unknown",
                vec![
                    vm(without_host_encryption()),
                    disk("m-os", inner.clone()),
                    told("OS", "EnableEncryption"),
                ],
            ),
            (
                "unknown",
                vec![
                    vm(without_host_encryption()),
                    disk("m-os", inner.clone()),
                    told("All", "EnableEncryption"),
                ],
            ),
            (
                "pass",
                vec![
                    vm(without_host_encryption()),
                    disk("m-os", inner.clone()),
                    told("All", "EnableEncryptionFormatAll"),
                ],
            ),
            // It may have left the other disks alone.
            ("unknown", vec![with_data.clone(), disk("m-os", inner.clone()), disk("m-data", json!({}))]),
            ("unknown", vec![with_data.clone(), disk("m-os", inner.clone())]),
            (
                "pass",
                vec![
                    with_data,
                    disk("m-os", inner.clone()),
                    disk("m-data", inner.clone()),
                    told("All", "EnableEncryptionFormatAll"),
                ],
            ),
            // Another disk of the machine tells nothing of the one that it starts from.
            ("fail", vec![vm(without_host_encryption()), disk("other", inner.clone())]),
            ("unknown", vec![vm(legacy.clone())]),
            (
                "unknown",
                vec![vm(
                    json!({"properties": {"securityProfile": {"encryptionAtHost": {"$unknown": {"reason": "at deployment"}}}}}),
                )],
            ),
        ],
    );
    assert_eq!(verdict(&exported(&[vm(without_host_encryption())]), "ENC001"), "unknown");
    assert_eq!(
        verdict(&exported(&[vm(without_host_encryption()), disk("m-os", json!({}))]), "ENC001"),
        "fail",
        "the record of the disk tells"
    );
    cases(
        "ENC002",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("unknown", vec![vm(without_host_encryption()), ade()]),
            ("fail", vec![vm(without_host_encryption()), disk("m-os", inner)]),
            ("fail", vec![vm(legacy)]),
            ("pass", vec![vm(without_host_encryption()), other_extension()]),
        ],
    );
    assert_eq!(verdict(&exported(&[vm(json!({}))]), "ENC002"), "unknown");
}

#[test]
fn keys_of_disks() {
    let kind = |kind: Value| disk("d", json!({"properties": {"encryption": {"type": kind}}}));
    cases(
        "ENC003",
        vec![
            ("fail", vec![kind(json!("EncryptionAtRestWithPlatformKey"))]),
            ("pass", vec![kind(json!("EncryptionAtRestWithCustomerKey"))]),
            ("pass", vec![kind(json!("EncryptionAtRestWithPlatformAndCustomerKeys"))]),
            ("unknown", vec![kind(json!(null))]),
            (
                "pass",
                vec![disk("d", json!({"properties": {"encryptionSettingsCollection": {"enabled": true}}}))],
            ),
            ("", vec![disk("d", json!({"managedBy": null}))]),
        ],
    );
}

#[test]
fn disks_that_are_shared() {
    let shares = |shares: Value| disk("d", json!({"properties": {"maxShares": shares}}));
    cases(
        "ENC005",
        vec![
            ("fail", vec![shares(json!(2))]),
            ("pass", vec![shares(json!(1))]),
            ("pass", vec![disk("d", json!({}))]),
            ("unknown", vec![disk("d", json!({"properties": {"diskState": null}}))]),
        ],
    );
}

#[test]
fn disks_that_can_be_downloaded() {
    let guard = |policy: Value, public: Value| {
        disk("d", json!({"properties": {"networkAccessPolicy": policy, "publicNetworkAccess": public}}))
    };
    let copy = |properties: Value| json!({"id": at("Microsoft.Compute/snapshots/s"), "type": "Microsoft.Compute/snapshots", "properties": properties});
    cases(
        "ENC006",
        vec![
            ("fail", vec![disk("d", json!({}))]),
            ("fail", vec![guard(json!("AllowAll"), json!("Enabled"))]),
            ("pass", vec![guard(json!("DenyAll"), json!("Enabled"))]),
            ("pass", vec![guard(json!("allowprivate"), json!("Enabled"))]),
            ("pass", vec![guard(json!("AllowAll"), json!("Disabled"))]),
            ("unknown", vec![guard(json!({"$unknown": {"reason": "at deployment"}}), json!("Enabled"))]),
            ("fail", vec![copy(json!({}))]),
            ("pass", vec![copy(json!({"networkAccessPolicy": "DenyAll"}))]),
        ],
    );
    let report = snapshot(&[disk("d", json!({"properties": {"diskState": "ActiveSAS"}}))]);
    assert_eq!(finding(&report, "ENC006")["severity"], "high");
    let report = snapshot(&[disk("d", json!({}))]);
    assert_eq!(finding(&report, "ENC006")["severity"], "medium");
}

#[test]
fn disks_in_storage_accounts() {
    let file = json!({"properties": {"storageProfile": {"osDisk": {
        "managedDisk": null,
        "vhd": {"uri": "https://account.blob.core.windows.net/vhds/m.vhd?sig=secret"}
    }}}});
    cases(
        "ENC007",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("fail", vec![vm(file.clone())]),
            (
                "unknown",
                vec![vm(json!({"properties": {"storageProfile": {"osDisk": {"managedDisk": null}}}}))],
            ),
        ],
    );
    let report = snapshot(&[vm(file)]);
    let address = finding(&report, "ENC007")["evidence"]["address"].as_str().unwrap();
    assert_eq!(address, "https://account.blob.core.windows.net/vhds/m.vhd", "never the signature");
}

#[test]
fn a_scale_set_tells_of_a_managed_disk_by_its_kind() {
    let set = json!({
        "id": at("Microsoft.Compute/virtualMachineScaleSets/s"),
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "properties": {"virtualMachineProfile": {
            "storageProfile": {"osDisk": {"osType": "Linux", "managedDisk": {"storageAccountType": "Premium_LRS"}}},
            "securityProfile": {"encryptionAtHost": true},
            "networkProfile": {"networkInterfaceConfigurations": []}
        }}
    });
    let report = snapshot(&[set]);
    assert_eq!(report["errors"].as_array().map_or(0, Vec::len), 0, "{report:#}");
    assert_eq!(verdict(&report, "ENC001"), "pass");
    assert_eq!(verdict(&report, "ENC007"), "");
    assert_eq!(verdict(&report, "MAL001"), "unknown");
}

const VAULT: &str = "Microsoft.RecoveryServices/vaults/v";

fn item(change: Value) -> Value {
    let mut item = json!({
        "id": at(&format!("{VAULT}/backupFabrics/Azure/protectionContainers/c/protectedItems/VM;m")),
        "properties": {
            "protectionState": "Protected",
            "lastBackupStatus": "Completed",
            "lastBackupTime": "2026-11-26T01:00:00Z",
            "lastRecoveryPoint": "2026-11-26T01:00:00Z",
            "healthStatus": "Passed",
            "sourceResourceId": vm_id(),
            "policyId": at(&format!("{VAULT}/backupPolicies/p"))
        }
    });
    merge(&mut item, &json!({"properties": change}));
    item
}

fn policy(retention: Value) -> Value {
    json!({
        "id": at(&format!("{VAULT}/backupPolicies/p")),
        "type": "Microsoft.RecoveryServices/vaults/backupPolicies",
        "properties": {"backupManagementType": "AzureIaasVM", "retentionPolicy": retention}
    })
}

fn daily(days: u64) -> Value {
    policy(json!({"dailySchedule": {"retentionDuration": {"count": days, "durationType": "Days"}}}))
}

#[test]
fn recovery_points_are_recent() {
    let aged = |day: &str| json!({"lastBackupTime": format!("{day}T09:00:00Z"), "lastRecoveryPoint": format!("{day}T09:00:00Z")});
    let weekly =
        policy(json!({"weeklySchedule": {"retentionDuration": {"count": 12, "durationType": "Weeks"}}}));
    let pending = json!({"protectionState": "IRPending", "lastBackupStatus": "", "lastBackupTime": "2001-01-01T00:00:00Z", "lastRecoveryPoint": null});
    let one = |item: Value| vec![vm(json!({})), item];
    cases(
        "BKP002",
        vec![
            ("pass", one(item(json!({})))),
            ("pass", one(item(aged("2026-11-24")))),
            // Its policy was not read: it may ask for a weekly one.
            ("unknown", one(item(aged("2026-11-23")))),
            ("fail", one(item(aged("2026-11-17")))),
            ("fail", vec![vm(json!({})), item(aged("2026-11-23")), daily(30)]),
            ("fail", one(item(pending))),
            // A weekly policy asks for no more.
            ("pass", vec![vm(json!({})), item(aged("2026-11-20")), weekly]),
            ("fail", vec![vm(json!({})), item(aged("2026-11-20")), daily(30)]),
            // What has failed is no backup, and what came before it is not told.
            ("unknown", one(item(json!({"lastBackupStatus": "Failed", "lastRecoveryPoint": null})))),
            ("unknown", one(item(json!({"lastBackupTime": null, "lastRecoveryPoint": null})))),
            // One that runs may come to nothing.
            ("unknown", one(item(json!({"lastBackupStatus": "InProgress", "lastRecoveryPoint": null})))),
            ("unknown", one(item(json!({"lastBackupStatus": null, "lastRecoveryPoint": null})))),
            ("pass", one(item(json!({"lastRecoveryPoint": null})))),
            ("", vec![vm(json!({}))]),
        ],
    );
    let report = snapshot(&one(item(aged("2026-11-16"))));
    let found = finding(&report, "BKP002");
    assert_eq!(found["evidence"]["recovery_point"], "2026-11-16");
    assert!(found["message"].as_str().unwrap().contains("10 days"), "{found:#}");
    let other = item(json!({"sourceResourceId": vm_id().replace("/rg/", "/other/")}));
    assert_eq!(verdict(&exported(&[vm(json!({})), other]), "BKP002"), "unknown");
}

#[test]
fn backups_that_have_stopped() {
    let one = |change: Value| vec![vm(json!({})), item(change)];
    let mut second = item(json!({"protectionState": "ProtectionStopped"}));
    second["id"] = json!(second["id"].as_str().unwrap().replace("/vaults/v/", "/vaults/w/"));
    cases(
        "BKP003",
        vec![
            ("pass", one(json!({}))),
            ("pass", one(json!({"protectionState": "IRPending", "lastBackupStatus": ""}))),
            ("fail", one(json!({"protectionState": "ProtectionStopped"}))),
            ("fail", one(json!({"protectionState": "protectionerror"}))),
            ("fail", one(json!({"lastBackupStatus": "Failed"}))),
            ("fail", one(json!({"healthStatus": "ActionRequired"}))),
            ("fail", one(json!({"isScheduledForDeferredDelete": true}))),
            ("unknown", one(json!({"protectionState": null}))),
            // The old vault's copy has stopped, and the new vault goes on.
            ("pass", vec![vm(json!({})), item(json!({})), second]),
            ("", vec![vm(json!({}))]),
        ],
    );
    // A database inside the machine is not the machine.
    let mut database = item(json!({"backupManagementType": "AzureWorkload"}));
    database["id"] =
        json!(database["id"].as_str().unwrap().replace("VM;m", "SQLDataBase;mssqlserver;master"));
    let of_machine = |change: Value| {
        let mut item = item(change);
        item["properties"]["backupManagementType"] = json!("AzureIaasVM");
        item
    };
    let mut nameless = item(json!({}));
    nameless["id"] = json!(nameless["id"].as_str().unwrap().replace("VM;m", "x"));
    cases(
        "BKP001",
        vec![
            ("pass", one(json!({}))),
            ("pass", vec![vm(json!({})), of_machine(json!({}))]),
            ("fail", vec![vm(json!({})), database.clone()]),
            ("unknown", vec![vm(json!({})), nameless]),
            ("unknown", one(json!({"protectionState": null}))),
            // BKP003 tells of these.
            ("", one(json!({"protectionState": "ProtectionStopped"}))),
            ("", one(json!({"isScheduledForDeferredDelete": true}))),
        ],
    );
    let stopped = || of_machine(json!({"protectionState": "ProtectionStopped"}));
    cases("BKP003", vec![("fail", vec![vm(json!({})), stopped(), database.clone()])]);
    let old = json!({"lastBackupTime": "2026-06-01T09:00:00Z", "lastRecoveryPoint": "2026-06-01T09:00:00Z"});
    cases("BKP002", vec![("fail", vec![vm(json!({})), of_machine(old), database])]);
    let report = snapshot(&one(json!({"lastBackupStatus": "Failed"})));
    assert_eq!(finding(&report, "BKP003")["evidence"]["last_backup_status"], "Failed");
}

fn vault(properties: Value) -> Value {
    json!({"id": at(VAULT), "type": "Microsoft.RecoveryServices/vaults", "properties": properties})
}

fn backup_vault(properties: Value) -> Value {
    json!({"id": at("Microsoft.DataProtection/backupVaults/b"), "type": "Microsoft.DataProtection/backupVaults", "properties": properties})
}

#[test]
fn vaults_keep_what_is_deleted() {
    let soft =
        |state: Value| vault(json!({"securitySettings": {"softDeleteSettings": {"softDeleteState": state}}}));
    let other =
        |state: &str| backup_vault(json!({"securitySettings": {"softDeleteSettings": {"state": state}}}));
    cases(
        "BKP004",
        vec![
            ("pass", vec![soft(json!("AlwaysON"))]),
            ("pass", vec![soft(json!("Enabled"))]),
            ("fail", vec![soft(json!("Disabled"))]),
            ("unknown", vec![soft(json!(null))]),
            ("unknown", vec![soft(json!("Invalid"))]),
            ("pass", vec![other("On")]),
            ("fail", vec![other("Off")]),
        ],
    );
}

#[test]
fn vaults_that_nobody_can_empty() {
    let state = |state: Value| {
        vault(
            json!({"securitySettings": {"immutabilitySettings": state, "softDeleteSettings": {"softDeleteState": "Enabled"}}}),
        )
    };
    cases(
        "BKP005",
        vec![
            ("pass", vec![state(json!({"state": "Locked"}))]),
            ("fail", vec![state(json!({"state": "Unlocked"}))]),
            ("fail", vec![state(json!({"state": "Disabled"}))]),
            ("fail", vec![state(json!(null))]),
            ("unknown", vec![vault(json!({"provisioningState": "Succeeded"}))]),
        ],
    );
    let report = snapshot(&[state(json!({"state": "Unlocked"}))]);
    assert_eq!(finding(&report, "BKP005")["evidence"]["immutability"], "Unlocked");
}

#[test]
fn backups_are_kept_for_a_week() {
    let mut files = daily(2);
    files["properties"]["backupManagementType"] = json!("AzureStorage");
    let all = |policy: Value| vec![vault(json!({})), vm(json!({})), item(json!({})), policy];
    cases(
        "BKP006",
        vec![
            ("fail", all(daily(6))),
            ("pass", all(daily(7))),
            ("", all(files)),
            // Nothing uses it.
            ("", vec![vault(json!({})), daily(2)]),
            ("", all(policy(json!({"weeklySchedule": {}})))),
            ("unknown", all(policy(json!({"dailySchedule": {"retentionDuration": {"count": "many"}}})))),
        ],
    );
    assert_eq!(verdict(&exported(&[vault(json!({})), daily(2)]), "BKP006"), "unknown", "a VM may use it");
}

#[test]
fn backups_in_two_regions() {
    let redundancy = |kind: Value, cross: Value| {
        vault(
            json!({"redundancySettings": {"standardTierStorageRedundancy": kind, "crossRegionRestore": cross}}),
        )
    };
    cases(
        "BKP007",
        vec![
            ("pass", vec![redundancy(json!("GeoRedundant"), json!("Enabled"))]),
            ("fail", vec![redundancy(json!("GeoRedundant"), json!("Disabled"))]),
            ("fail", vec![redundancy(json!("LocallyRedundant"), json!("Disabled"))]),
            ("fail", vec![redundancy(json!("ZoneRedundant"), json!(null))]),
            ("unknown", vec![redundancy(json!("GeoRedundant"), json!(null))]),
            ("unknown", vec![vault(json!({}))]),
            ("", vec![backup_vault(json!({}))]),
        ],
    );
}
