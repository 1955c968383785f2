//! Checks of machines and what stands around them: each fails, passes, is unknown and is nearly met, through the
//! whole program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod accounts;
#[path = "../common/mod.rs"]
mod common;
mod defender;
mod hardening;
mod jit;
mod machines;
mod networks;
mod people;
mod policies;
mod private_ways;
mod protection;
mod updates;

use serde_json::{Value, json};

pub(crate) const SUBSCRIPTION: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";
pub(crate) const RG: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers";

/// The id of a resource in the group: `Microsoft.Compute/virtualMachines/m`.
pub(crate) fn at(name: &str) -> String {
    format!("{RG}/{name}")
}

/// The id of the VM of these tests.
pub(crate) fn vm_id() -> String {
    at("Microsoft.Compute/virtualMachines/m")
}

/// Puts what `change` holds over `value`, level by level; `null` takes away.
pub(crate) fn merge(value: &mut Value, change: &Value) {
    match (value, change) {
        (Value::Object(mine), Value::Object(theirs)) => {
            for (name, change) in theirs {
                if change.is_null() {
                    mine.remove(name);
                } else {
                    merge(mine.entry(name.clone()).or_insert(Value::Null), change);
                }
            }
        }
        (value, change) => *value = change.clone(),
    }
}

/// A Linux VM that is kept well, with changes.
pub(crate) fn vm(change: Value) -> Value {
    let mut vm = json!({
        "id": vm_id(),
        "name": "m",
        "type": "Microsoft.Compute/virtualMachines",
        "location": "japaneast",
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {
                "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest", "exactVersion": "24.04.202610010"},
                "osDisk": {"osType": "Linux", "managedDisk": {"id": at("Microsoft.Compute/disks/m-os")}}
            },
            "osProfile": {"adminUsername": "kaede-1874", "linuxConfiguration": {"disablePasswordAuthentication": true}},
            "securityProfile": {"securityType": "TrustedLaunch", "encryptionAtHost": true, "uefiSettings": {"secureBootEnabled": true, "vTpmEnabled": true}},
            "networkProfile": {"networkInterfaces": [{"id": at("Microsoft.Network/networkInterfaces/n")}]}
        }
    });
    merge(&mut vm, &change);
    vm
}

/// The same with Windows.
pub(crate) fn windows(change: Value) -> Value {
    let mut vm = vm(json!({"properties": {
        "storageProfile": {
            "imageReference": {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2", "version": "latest", "exactVersion": "20348.4294.261001"},
            "osDisk": {"osType": "Windows"}
        },
        "osProfile": {"linuxConfiguration": null, "windowsConfiguration": {"provisionVMAgent": true}}
    }}));
    merge(&mut vm, &change);
    vm
}

/// Every question that a snapshot may have been asked.
const ASKED: [&str; 19] = [
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
    "eligible rights",
    "network rules",
    "scale set instances",
    "policies",
];

/// The manifest of a snapshot that was asked everything on 26 November 2026.
pub(crate) fn manifest(change: Value) -> Value {
    let rows: serde_json::Map<String, Value> =
        ASKED.iter().map(|name| ((*name).to_owned(), json!(1))).collect();
    let mut manifest = json!({
        "kind": "sekimori.snapshot/1",
        "rows": rows,
        "finished": "2026-11-26T09:00:00Z",
        "refused": [],
        "partial": []
    });
    merge(&mut manifest, &change);
    manifest
}

/// What `sekimori check` says of a snapshot with these resources that was asked everything.
pub(crate) fn snapshot(resources: &[Value]) -> Value {
    lines(resources, &manifest(json!({})))
}

/// The same with this manifest.
pub(crate) fn lines(resources: &[Value], manifest: &Value) -> Value {
    let text: String = resources.iter().chain([manifest]).map(|value| format!("{value}\n")).collect();
    common::run(&["check", "-", "--format", "json", "--all"], text.as_bytes()).json()
}

/// What it says of an exported list, which may not hold all.
pub(crate) fn exported(resources: &[Value]) -> Value {
    let text = Value::from(resources.to_vec()).to_string();
    common::run(&["check", "-", "--format", "json", "--all"], text.as_bytes()).json()
}

/// What a report says of a check: `fail`, `pass`, `unknown`, `not assessed`, or nothing at all.
pub(crate) fn verdict(report: &Value, code: &str) -> &'static str {
    let of = |list: &str| {
        report[list].as_array().unwrap().iter().filter(|row| row["code"] == code).collect::<Vec<_>>()
    };
    let findings = of("findings");
    if findings.iter().any(|row| row["status"] == "fail") {
        "fail"
    } else if !of("unknown").is_empty() {
        "unknown"
    } else if !findings.is_empty() {
        "pass"
    } else if !of("not_assessed").is_empty() {
        "not assessed"
    } else {
        ""
    }
}

/// The failed finding of a check.
pub(crate) fn finding<'r>(report: &'r Value, code: &str) -> &'r Value {
    let all = report["findings"].as_array().unwrap();
    all.iter()
        .find(|row| row["code"] == code && row["status"] == "fail")
        .unwrap_or_else(|| panic!("no {code}: {report:#}"))
}

/// Snapshots and what a check says of them.
pub(crate) fn cases(code: &str, cases: Vec<(&str, Vec<Value>)>) {
    for (number, (expected, resources)) in cases.into_iter().enumerate() {
        let report = snapshot(&resources);
        assert_eq!(verdict(&report, code), expected, "{code}, case {number}: {report:#}");
    }
}
