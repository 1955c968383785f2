//! Updates: who installs them, which are missing, and how old systems and images are.

use serde_json::{Value, json};

use crate::{SUBSCRIPTION, at, cases, exported, finding, merge, snapshot, verdict, vm, vm_id, windows};

fn unknown() -> Value {
    json!({"$unknown": {"reason": "at deployment"}})
}

/// A VM with these settings of updates.
fn linux(settings: Value) -> Value {
    vm(json!({"properties": {"osProfile": {"linuxConfiguration": {"patchSettings": settings}}}}))
}

/// The same with Windows.
fn with_windows(change: Value) -> Value {
    windows(json!({"properties": {"osProfile": {"windowsConfiguration": change}}}))
}

/// What updates the VM lacks, as it was looked at on the day before.
fn patches(critical: u64, security: u64, change: Value) -> Value {
    let mut assessment = json!({
        "id": format!("{}/patchAssessmentResults/latest", vm_id()),
        "type": "Microsoft.Compute/virtualMachines/patchAssessmentResults",
        "properties": {
            "status": "Succeeded",
            "lastModifiedDateTime": "2026-11-25T08:00:00Z",
            "availablePatchCountByClassification": {"critical": critical, "security": security, "other": 9},
            "rebootPending": false
        }
    });
    merge(&mut assessment, &change);
    assessment
}

fn patch(name: &str, class: &str, published: &str) -> Value {
    json!({
        "id": format!("{}/patchAssessmentResults/latest/softwarePatches/{name}", vm_id()),
        "type": "Microsoft.Compute/virtualMachines/patchAssessmentResults/softwarePatches",
        "properties": {"patchName": name, "classifications": [class], "publishedDateTime": published}
    })
}

fn properties(change: Value) -> Value {
    json!({"properties": change})
}

fn old() -> Value {
    properties(json!({"lastModifiedDateTime": "2026-11-18T08:00:00Z"}))
}

/// A schedule, for the VM or for a subscription.
fn schedule(scope: &str, change: Value) -> Value {
    let mut schedule = json!({
        "id": format!("{scope}/providers/Microsoft.Maintenance/configurationAssignments/s"),
        "type": "Microsoft.Maintenance/configurationAssignments",
        "properties": {"maintenanceConfigurationId": at("Microsoft.Maintenance/maintenanceConfigurations/weekly")}
    });
    merge(&mut schedule, &change);
    schedule
}

#[test]
fn updates_that_install_themselves() {
    let platform = |own: Value| json!({"patchMode": "AutomaticByPlatform", "automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": own}});
    let of_vm = || schedule(&vm_id(), json!({}));
    let mode = |mode: &str| json!({"patchSettings": {"patchMode": mode}});
    cases(
        "UPD001",
        vec![
            ("pass", vec![linux(platform(json!(null)))]),
            // Whether it installs updates in the machine, or keeps its host, the schedule alone tells.
            ("unknown", vec![linux(platform(json!(true))), of_vm()]),
            ("fail", vec![linux(platform(json!(true)))]),
            // A schedule of the subscription may choose it by its tags.
            ("unknown", vec![linux(platform(json!(true))), schedule(SUBSCRIPTION, json!({}))]),
            ("unknown", vec![linux(platform(json!(false))), of_vm()]),
            // Whether the image updates itself, nobody tells; a schedule does not run in this mode.
            ("unknown", vec![vm(json!({}))]),
            ("unknown", vec![linux(json!({"patchMode": "ImageDefault"})), of_vm()]),
            ("pass", vec![windows(json!({}))]),
            ("pass", vec![with_windows(mode("AutomaticByOS"))]),
            ("fail", vec![with_windows(mode("Manual"))]),
            ("fail", vec![with_windows(mode("Manual")), of_vm()]),
            ("fail", vec![with_windows(json!({"enableAutomaticUpdates": false}))]),
            (
                "pass",
                vec![with_windows(
                    json!({"enableAutomaticUpdates": false, "patchSettings": {"patchMode": "AutomaticByPlatform"}}),
                )],
            ),
            ("unknown", vec![with_windows(json!({"patchSettings": {"patchMode": unknown()}}))]),
            ("unknown", vec![windows(json!({"properties": {"osProfile": null}}))]),
        ],
    );
    assert_eq!(
        verdict(&exported(&[linux(platform(json!(true)))]), "UPD001"),
        "unknown",
        "there may be a schedule"
    );
}

#[test]
fn updates_that_are_missing() {
    let view = |count: u64, at: &str| {
        vm(properties(json!({"instanceView": {"patchStatus": {"availablePatchSummary": {
            "criticalAndSecurityPatchCount": count, "lastModifiedTime": at
        }}}})))
    };
    let defender = |status: &str| {
        json!({
            "id": format!("{}/providers/Microsoft.Security/assessments/e1145ab1-eb4f-43d8-911b-36ddf771d13f", vm_id()),
            "properties": {"status": {"code": status}}
        })
    };
    cases(
        "UPD002",
        vec![
            ("pass", vec![vm(json!({})), patches(0, 0, json!({}))]),
            ("fail", vec![vm(json!({})), patches(1, 0, json!({}))]),
            ("fail", vec![vm(json!({})), patches(0, 2, json!({}))]),
            ("unknown", vec![vm(json!({})), patches(0, 0, old())]),
            ("unknown", vec![vm(json!({})), patches(3, 3, old())]),
            ("unknown", vec![vm(json!({})), patches(0, 0, properties(json!({"status": "Failed"})))]),
            (
                "unknown",
                vec![
                    vm(json!({})),
                    patches(0, 0, properties(json!({"availablePatchCountByClassification": null}))),
                ],
            ),
            ("unknown", vec![vm(json!({}))]),
            ("fail", vec![view(4, "2026-11-25T08:00:00Z")]),
            ("pass", vec![view(0, "2026-11-25T08:00:00Z")]),
            ("unknown", vec![view(4, "2026-11-01T08:00:00Z")]),
            ("fail", vec![vm(json!({})), defender("Unhealthy")]),
            ("fail", vec![vm(json!({})), patches(0, 0, old()), defender("Unhealthy")]),
            // It says so of machines that nobody looked at, too.
            ("unknown", vec![vm(json!({})), defender("Healthy")]),
            (
                "pass",
                vec![vm(json!({})), patches(0, 0, json!({})), patch("tzdata", "UpdateRollUp", "2026-01-01")],
            ),
        ],
    );
    assert_eq!(verdict(&exported(&[vm(json!({}))]), "UPD002"), "not assessed");
}

#[test]
fn missing_updates_are_worse_the_older_they_are() {
    let with = |all: Vec<Value>| {
        let resources: Vec<Value> =
            [vm(json!({})), patches(1, 1, json!({}))].into_iter().chain(all).collect();
        finding(&snapshot(&resources), "UPD002").clone()
    };
    let found =
        with(vec![patch("kb1", "Critical", "2026-11-20"), patch("kb2", "Security", "2026-10-01T00:00:00Z")]);
    assert_eq!(found["severity"], "high", "{found:#}");
    let evidence = &found["evidence"];
    assert_eq!(
        (&evidence["oldest"], &evidence["oldest_days"]),
        (&json!("2026-10-01"), &json!("56")),
        "{found:#}"
    );
    assert_eq!(evidence["update"], json!(["kb1", "kb2"]), "{found:#}");
    assert_eq!((&evidence["critical"], &evidence["security"]), (&json!("1"), &json!("1")), "{found:#}");
    let found = with(vec![patch("kb1", "Critical", "2026-11-10")]);
    assert_eq!(found["severity"], "critical", "{found:#}");
    let found = with(vec![patch("openssl", "Critical", "0001-01-01T00:00:00+00:00")]);
    assert_eq!(
        (&found["severity"], &found["evidence"]["oldest"]),
        (&json!("high"), &Value::Null),
        "{found:#}"
    );
}

#[test]
fn restarts_that_are_waited_for() {
    let pending = |pending: Value| properties(json!({"rebootPending": pending}));
    let mut long_ago = patches(0, 0, old());
    merge(&mut long_ago, &pending(json!(true)));
    cases(
        "UPD003",
        vec![
            ("pass", vec![vm(json!({})), patches(0, 0, json!({}))]),
            ("fail", vec![vm(json!({})), patches(0, 0, pending(json!(true)))]),
            ("unknown", vec![vm(json!({})), patches(0, 0, pending(json!(null)))]),
            // It may have been restarted since.
            ("unknown", vec![vm(json!({})), long_ago]),
            ("unknown", vec![vm(json!({}))]),
        ],
    );
}

#[test]
fn updates_that_nobody_looks_for() {
    cases(
        "UPD004",
        vec![
            ("pass", vec![linux(json!({"assessmentMode": "AutomaticByPlatform"}))]),
            ("pass", vec![linux(json!({"patchMode": "AutomaticByPlatform"}))]),
            ("pass", vec![vm(json!({})), patches(5, 5, json!({}))]),
            ("fail", vec![linux(json!({"assessmentMode": "ImageDefault"}))]),
            // It was told to, and has not come to anything.
            ("fail", vec![linux(json!({"patchMode": "AutomaticByPlatform"})), patches(0, 0, old())]),
            ("fail", vec![vm(json!({})), patches(0, 0, old())]),
            ("fail", vec![vm(json!({})), patches(0, 0, properties(json!({"status": "Failed"})))]),
            ("unknown", vec![linux(json!({"assessmentMode": unknown()}))]),
        ],
    );
    let report = snapshot(&[vm(json!({})), patches(0, 0, old())]);
    assert_eq!(finding(&report, "UPD004")["evidence"]["looked_at"], "2026-11-18", "{report:#}");
    let other =
        patches(0, 0, json!({"id": at("Microsoft.Compute/virtualMachines/x/patchAssessmentResults/latest")}));
    assert_eq!(verdict(&exported(&[vm(json!({})), other]), "UPD004"), "unknown", "the list may not be whole");
}

#[test]
fn systems_past_their_end() {
    let image = |offer: &str, sku: &str| {
        properties(json!({"storageProfile": {"imageReference": {"offer": offer, "sku": sku}}}))
    };
    let focal = || image("0001-com-ubuntu-server-focal", "20_04-lts-gen2");
    let says = |name: &str, version: &str| {
        properties(json!({"instanceView": {"osName": name, "osVersion": version}}))
    };
    let upgraded = || {
        let mut vm = vm(focal());
        merge(&mut vm, &says("ubuntu", "24.04"));
        vm
    };
    let licensed = || {
        let mut vm = vm(focal());
        merge(&mut vm, &properties(json!({"licenseType": "UBUNTU_PRO"})));
        vm
    };
    cases(
        "UPD005",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("fail", vec![vm(focal())]),
            ("pass", vec![upgraded()]),
            ("pass", vec![licensed()]),
            ("fail", vec![vm(says("centos", "7.9.2009"))]),
            ("unknown", vec![vm(says("flatcar", "3815.2.0"))]),
            ("unknown", vec![vm(image("something", "else"))]),
            (
                "unknown",
                vec![vm(properties(
                    json!({"storageProfile": {"imageReference": {"id": at("Microsoft.Compute/images/i"), "publisher": null, "offer": null, "sku": null}}}),
                ))],
            ),
            ("pass", vec![windows(json!({}))]),
        ],
    );
    let found = |vm: Value| finding(&snapshot(&[vm]), "UPD005").clone();
    let over = found(vm(focal()));
    assert_eq!(
        (&over["severity"], &over["evidence"]["end"]),
        (&json!("medium"), &json!("2025-05-29")),
        "{over:#}"
    );
    assert_eq!(over["evidence"]["told_by"], "image", "{over:#}");
    // It ends on 12 January 2027.
    let soon = found(windows(image("WindowsServer", "2016-datacenter")));
    assert_eq!(
        (&soon["severity"], &soon["evidence"]["end"]),
        (&json!("medium"), &json!("2027-01-12")),
        "{soon:#}"
    );
    // Past its end, and Azure's machines still get updates.
    let free = found(windows(says("Microsoft Windows 10 Pro", "10.0.19045.5000")));
    assert_eq!(free["severity"], "medium", "{free:#}");
    assert!(free["message"].to_string().contains("2028-10-10"), "{free:#}");
    let gone = found(windows(says("Microsoft Windows Server 2012 R2 Datacenter", "6.3.9600.21620")));
    assert_eq!(gone["severity"], "high", "{gone:#}");
    // It may have been upgraded since.
    let made = found(windows(image("WindowsServer", "2012-R2-Datacenter")));
    assert_eq!(made["severity"], "medium", "{made:#}");
    assert!(made["message"].to_string().contains("was made from an image of"), "{made:#}");
}

#[test]
fn images_of_another_year() {
    let version = |version: &str| {
        properties(
            json!({"storageProfile": {"imageReference": {"exactVersion": version}}, "timeCreated": "2026-01-01T00:00:00Z"}),
        )
    };
    let hidden = || {
        let mut vm = vm(json!({}));
        vm["properties"]["storageProfile"]["imageReference"] = unknown();
        vm
    };
    cases(
        "UPD006",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("fail", vec![vm(version("24.04.202404230"))]),
            // A year to the day.
            ("pass", vec![vm(version("24.04.202511260"))]),
            ("fail", vec![vm(version("24.04.202511250"))]),
            ("", vec![vm(version("1.0.0"))]),
            ("unknown", vec![hidden()]),
        ],
    );
    let report = snapshot(&[vm(version("24.04.202404230"))]);
    let evidence = &finding(&report, "UPD006")["evidence"];
    assert_eq!((&evidence["image_day"], &evidence["created"]), (&json!("2024-04-23"), &json!("2026-01-01")));
}

#[test]
fn machines_of_years_ago() {
    let created = |at: Value| properties(json!({"timeCreated": at}));
    let old_image = || {
        let mut vm = vm(created(json!("2020-01-01T00:00:00Z")));
        merge(
            &mut vm,
            &properties(json!({"storageProfile": {"imageReference": {"exactVersion": "24.04.202001010"}}})),
        );
        vm
    };
    cases(
        "UPD007",
        vec![
            ("fail", vec![vm(created(json!("2024-11-25T00:00:00Z")))]),
            ("pass", vec![vm(created(json!("2024-11-27T00:00:00Z")))]),
            ("unknown", vec![vm(json!({}))]),
            ("unknown", vec![vm(created(unknown()))]),
            // UPD006 has said it.
            ("", vec![old_image()]),
        ],
    );
}
