//! Hardening, backups and disks: the pattern for all others.

use serde_json::json;

use crate::{at, cases, exported, finding, lines, manifest, snapshot, verdict, vm, vm_id};

#[test]
fn secure_boot() {
    let uefi =
        |secure| json!({"properties": {"securityProfile": {"uefiSettings": {"secureBootEnabled": secure}}}});
    cases(
        "HRD002",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("fail", vec![vm(uefi(json!(false)))]),
            ("fail", vec![vm(uefi(json!(null)))]),
            ("unknown", vec![vm(uefi(json!({"$unknown": {"reason": "at deployment"}})))]),
            // Without trusted launch there is no secure boot to switch on.
            ("", vec![vm(json!({"properties": {"securityProfile": null}}))]),
        ],
    );
}

#[test]
fn backups_are_known_by_the_id_of_the_machine() {
    let item = |source: &str| {
        json!({
            "id": at("Microsoft.RecoveryServices/vaults/v/backupFabrics/Azure/protectionContainers/c/protectedItems/VM;m"),
            "properties": {"protectionState": "Protected", "sourceResourceId": source, "friendlyName": "m"}
        })
    };
    let other = vm_id().replace("/rg/", "/other/");
    cases(
        "BKP001",
        vec![
            ("pass", vec![vm(json!({})), item(&vm_id().to_uppercase())]),
            ("fail", vec![vm(json!({}))]),
            // A machine of the same name in another group.
            ("fail", vec![vm(json!({})), item(&other)]),
        ],
    );
    assert_eq!(verdict(&exported(&[vm(json!({}))]), "BKP001"), "not assessed");
    assert_eq!(
        verdict(&exported(&[vm(json!({})), item(&other)]), "BKP001"),
        "unknown",
        "another vault may keep it"
    );
    let refused =
        json!({"refused": [{"what": "backups", "scope": "", "action": "x/read", "role": "Reader"}]});
    let report = lines(&[vm(json!({}))], &manifest(refused));
    assert_eq!(verdict(&report, "BKP001"), "unknown");
    assert!(report["unknown"].to_string().contains("`x/read`"), "{}", report["unknown"]);
}

#[test]
fn disks_that_are_left_over() {
    let disk = |properties| json!({"id": at("Microsoft.Compute/disks/d"), "properties": properties});
    cases(
        "ENC004",
        vec![
            ("fail", vec![disk(json!({"diskState": "Unattached"}))]),
            ("pass", vec![disk(json!({"diskState": "Attached"}))]),
            ("unknown", vec![disk(json!({"diskSizeGB": 4}))]),
            ("pass", vec![disk(json!({"diskState": "Reserved"}))]),
        ],
    );
    let since = json!({"diskState": "Unattached", "LastOwnershipUpdateTime": "2026-01-02T03:04:05Z"});
    let report = snapshot(&[disk(since)]);
    assert_eq!(finding(&report, "ENC004")["evidence"]["unattached_since"], "2026-01-02", "{report:#}");
}
