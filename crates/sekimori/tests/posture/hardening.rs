//! Hardening: how machines start, what they are held against, what stands in their configuration and on them.

use serde_json::{Value, json};

use crate::{at, cases, exported, finding, lines, manifest, merge, snapshot, verdict, vm, vm_id, windows};

fn security(change: Value) -> Value {
    json!({"properties": {"securityProfile": change}})
}

fn unknown() -> Value {
    json!({"$unknown": {"reason": "at deployment"}})
}

/// An extension of the VM, made by this publisher and of this type.
fn extension(publisher: &str, kind: &str, settings: Value) -> Value {
    json!({
        "id": format!("{}/extensions/e-{kind}", vm_id()),
        "type": "Microsoft.Compute/virtualMachines/extensions",
        "properties": {"publisher": publisher, "type": kind, "provisioningState": "Succeeded", "settings": settings}
    })
}

fn merged(mut value: Value, change: Value) -> Value {
    merge(&mut value, &change);
    value
}

fn attestation() -> Value {
    extension("Microsoft.Azure.Security.LinuxAttestation", "GuestAttestation", json!({}))
}

/// What Defender for Cloud says under a key.
fn assessment(key: &str, status: &str) -> Value {
    json!({
        "id": format!("{}/providers/Microsoft.Security/assessments/{key}", vm_id()),
        "properties": {"status": {"code": status}}
    })
}

/// A guest configuration of the VM, looked at on the day before.
fn assignment(name: &str, status: &str, change: Value) -> Value {
    let mut assignment = json!({
        "id": format!("{}/providers/Microsoft.GuestConfiguration/guestConfigurationAssignments/{name}", vm_id()),
        "properties": {
            "guestConfiguration": {"name": name},
            "complianceStatus": status,
            "lastComplianceStatusChecked": "2026-11-25T10:00:00Z"
        }
    });
    merge(&mut assignment, &change);
    assignment
}

fn latest(resources: Value) -> Value {
    json!({"properties": {"latestAssignmentReport": {"resources": resources}}})
}

#[test]
fn trusted_launch() {
    let image = |sku: &str| json!({"properties": {"storageProfile": {"imageReference": {"sku": sku}}}});
    let standard = |sku: &str| {
        let mut vm = vm(security(json!(null)));
        merge(&mut vm, &image(sku));
        vm
    };
    cases(
        "HRD001",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("pass", vec![vm(security(json!({"securityType": "ConfidentialVM"})))]),
            ("fail", vec![standard("server")]),
            ("fail", vec![vm(security(json!({"securityType": "Standard"})))]),
            ("unknown", vec![vm(security(json!({"securityType": unknown()})))]),
        ],
    );
    let evidence = |vm: Value| finding(&snapshot(&[vm]), "HRD001")["evidence"].clone();
    assert_eq!(evidence(standard("22_04-lts-gen2"))["generation"], "V2");
    assert_eq!(evidence(standard("server"))["generation"], Value::Null, "the image does not tell");
    let mut told = standard("22_04-lts-gen2");
    merge(&mut told, &json!({"properties": {"instanceView": {"hyperVGeneration": "V1"}}}));
    assert_eq!(evidence(told)["generation"], "V1", "the machine knows better than the image's name");
}

#[test]
fn virtual_tpm() {
    let vtpm = |on: Value| security(json!({"uefiSettings": {"vTpmEnabled": on}}));
    cases(
        "HRD003",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("fail", vec![vm(vtpm(json!(false)))]),
            ("unknown", vec![vm(vtpm(json!(null)))]),
            ("unknown", vec![vm(vtpm(unknown()))]),
            ("unknown", vec![vm(security(json!({"securityType": unknown()})))]),
            ("", vec![vm(security(json!(null)))]),
        ],
    );
}

#[test]
fn guest_attestation() {
    let failed = |state: &str| {
        let mut failed = attestation();
        merge(&mut failed, &json!({"properties": {"provisioningState": state}}));
        failed
    };
    let health = "b7604066-ed76-45f9-a5c1-c97e4812dc55";
    cases(
        "HRD004",
        vec![
            ("pass", vec![vm(json!({})), attestation()]),
            ("fail", vec![vm(json!({}))]),
            ("fail", vec![vm(json!({})), failed("Failed")]),
            ("unknown", vec![vm(json!({})), failed("Updating")]),
            ("fail", vec![vm(json!({})), attestation(), assessment(health, "Unhealthy")]),
            ("pass", vec![vm(json!({})), attestation(), assessment(health, "Healthy")]),
            // Another recommendation is not about how it started.
            (
                "pass",
                vec![
                    vm(json!({})),
                    attestation(),
                    assessment("861bbc73-0a55-8d1d-efc6-e92d9e1176e0", "Unhealthy"),
                ],
            ),
            // An extension of the same type by somebody else.
            ("fail", vec![vm(json!({})), extension("Contoso", "GuestAttestation", json!({}))]),
            // Without secure boot there is nothing to attest.
            ("", vec![vm(security(json!({"uefiSettings": {"secureBootEnabled": false}})))]),
            ("", vec![vm(security(json!(null)))]),
        ],
    );
    let other = extension("Contoso", "Other", json!({}));
    assert_eq!(verdict(&exported(&[vm(json!({})), other]), "HRD004"), "unknown", "the list may not be whole");
    assert_eq!(verdict(&exported(&[vm(json!({}))]), "HRD004"), "not assessed");
}

#[test]
fn baselines_that_are_not_kept() {
    let rule = |name: &str, status: &str| json!({"resourceId": format!("[BaselineRule]{name}"), "complianceStatus": status, "reasons": [{"phrase": "it is off"}]});
    let failing = |name: &str| {
        assignment(name, "NonCompliant", latest(json!([rule("A rule", "False"), rule("Another", "True")])))
    };
    let checked = |at: Value| json!({"properties": {"lastComplianceStatusChecked": at}});
    let compliant = || assignment("AzureLinuxBaseline", "Compliant", json!({}));
    cases(
        "HRD005",
        vec![
            ("fail", vec![vm(json!({})), failing("AzureLinuxBaseline")]),
            ("fail", vec![vm(json!({})), compliant(), failing("AzureDockerBaseline")]),
            ("pass", vec![vm(json!({})), compliant()]),
            ("unknown", vec![vm(json!({})), assignment("AzureLinuxBaseline", "Pending", json!({}))]),
            (
                "unknown",
                vec![
                    vm(json!({})),
                    assignment("AzureLinuxBaseline", "NonCompliant", checked(json!("2026-11-18"))),
                ],
            ),
            (
                "unknown",
                vec![
                    vm(json!({})),
                    assignment("AzureLinuxBaseline", "Compliant", checked(json!("2026-11-18"))),
                ],
            ),
            (
                "unknown",
                vec![vm(json!({})), assignment("AzureLinuxBaseline", "Compliant", checked(json!(null)))],
            ),
            // Not a baseline, and none at all: HRD006 tells of that.
            ("", vec![vm(json!({})), failing("WindowsPendingReboot")]),
            ("", vec![vm(json!({}))]),
        ],
    );
    let report = snapshot(&[vm(json!({})), failing("LinuxSshServerSecurityBaseline$pid1")]);
    let found = finding(&report, "HRD005");
    assert_eq!(found["evidence"]["rule"], "A rule: it is off", "{found:#}");
    assert!(found["message"].to_string().contains("LinuxSshServerSecurityBaseline$pid1"), "{found:#}");
    let many: Vec<Value> = (0..53).map(|number| rule(&format!("rule {number:02}"), "False")).collect();
    let many = [vm(json!({})), assignment("AzureLinuxBaseline", "NonCompliant", latest(json!(many)))];
    let report = snapshot(&many);
    let evidence = &finding(&report, "HRD005")["evidence"];
    assert_eq!(evidence["rule"].as_array().unwrap().len(), 53, "{evidence:#}");
    // People are told the first of them.
    let text: String = many.iter().map(|value| format!("{value}\n")).collect();
    let out = crate::common::run(&["check", "-", "--select", "HRD005"], text.as_bytes()).out;
    assert!(out.contains("rule 19") && out.contains("and 33 more") && !out.contains("rule 20"), "{out}");
}

#[test]
fn policies_for_the_inside_of_machines() {
    let other = |name: &str, status: &str| vec![vm(json!({})), assignment(name, status, json!({}))];
    let old = json!({"properties": {"lastComplianceStatusChecked": "2026-01-01T00:00:00Z"}});
    for (code, name, near) in [
        ("ACC007", "MinimumPasswordLength", "LinuxNoPasswordForSSH"),
        ("ACC007", "PasswordPolicy_msid232", "AzureLinuxBaseline"),
        ("HRD015", "WindowsDefenderExploitGuard", "PasswordMustMeetComplexityRequirements"),
    ] {
        cases(
            code,
            vec![
                ("fail", other(name, "NonCompliant")),
                ("pass", other(name, "Compliant")),
                ("unknown", other(name, "Pending")),
                ("unknown", vec![vm(json!({})), assignment(name, "Compliant", old.clone())]),
                // Another check tells of it.
                ("", other(near, "NonCompliant")),
                ("", vec![vm(json!({}))]),
            ],
        );
        assert_eq!(verdict(&exported(&[vm(json!({}))]), code), "not assessed");
    }
    // What is so now counts before how a machine was made.
    let passwords = |made: bool| json!({"properties": {"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": made}}}});
    let now = |made: bool, status: &str, change: Value| {
        vec![vm(passwords(made)), assignment("LinuxNoPasswordForSSH", status, change)]
    };
    cases(
        "ACC002",
        vec![
            ("fail", now(true, "NonCompliant", json!({}))),
            ("pass", now(false, "Compliant", json!({}))),
            ("fail", now(false, "Compliant", old.clone())),
            ("pass", now(true, "Pending", json!({}))),
        ],
    );
    cases("HRD005", vec![("", now(true, "NonCompliant", json!({})))]);
}

#[test]
fn baselines_that_nobody_looks_at() {
    let cis = json!({"properties": {"storageProfile": {"imageReference": {"publisher": "center-for-internet-security-inc"}}}});
    let baseline = "1f655fb7-63ca-4980-91a3-56dbc2b715c6";
    cases(
        "HRD006",
        vec![
            ("fail", vec![vm(json!({}))]),
            ("pass", vec![vm(json!({})), assignment("AzureLinuxBaseline", "Pending", json!({}))]),
            ("pass", vec![vm(json!({})), assessment(baseline, "Unhealthy")]),
            ("fail", vec![vm(json!({})), assessment(baseline, "NotApplicable")]),
            // Such an image was made by a benchmark; whether the machine keeps it nobody says.
            ("", vec![vm(cis)]),
            ("", vec![vm(json!({"plan": {"publisher": "Center-For-Internet-Security-Inc"}}))]),
            // SSH alone is not the system.
            ("fail", vec![vm(json!({})), assignment("LinuxNoPasswordForSSH", "Compliant", json!({}))]),
        ],
    );
    let agent = || extension("Microsoft.GuestConfiguration", "ConfigurationForLinux", json!({}));
    let evidence = finding(&snapshot(&[vm(json!({})), agent()]), "HRD006")["evidence"].clone();
    assert_eq!(evidence["guest_configuration_extension"], "installed");
    assert_eq!(evidence["identity"], "none");
    let other = assignment("WindowsPendingReboot", "Compliant", json!({}));
    assert_eq!(verdict(&exported(&[vm(json!({})), other]), "HRD006"), "unknown");
    assert_eq!(verdict(&exported(&[vm(json!({}))]), "HRD006"), "not assessed");
}

#[test]
fn sizes_that_end() {
    let size = |name: Value| json!({"properties": {"hardwareProfile": {"vmSize": name}}});
    cases(
        "HRD008",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("fail", vec![vm(size(json!("Standard_NV6")))]),
            ("fail", vec![vm(size(json!("Standard_B2s")))]),
            ("pass", vec![vm(size(json!("Standard_B2s_v2")))]),
            ("pass", vec![vm(size(json!("Standard_of_tomorrow")))]),
            ("unknown", vec![vm(size(json!(null)))]),
        ],
    );
    let found = |name: &str| finding(&snapshot(&[vm(size(json!(name)))]), "HRD008").clone();
    let over = found("Standard_NV6");
    assert_eq!((&over["severity"], &over["evidence"]["end"]), (&json!("medium"), &json!("2023-09-06")));
    assert_eq!(found("Standard_HC44rs")["severity"], "medium", "within a year");
    let later = found("Standard_DS2_v2");
    assert_eq!((&later["severity"], &later["evidence"]["series"]), (&json!("low"), &json!("Dsv2")));
}

#[test]
fn boot_diagnostics() {
    let diagnostics =
        |on: Value| json!({"properties": {"diagnosticsProfile": {"bootDiagnostics": {"enabled": on}}}});
    cases(
        "HRD009",
        vec![
            ("pass", vec![vm(diagnostics(json!(true)))]),
            ("fail", vec![vm(diagnostics(json!(false)))]),
            ("fail", vec![vm(json!({}))]),
            ("unknown", vec![vm(diagnostics(unknown()))]),
        ],
    );
}

#[test]
fn secrets_are_told_by_their_places_alone() {
    let script = |settings: Value| extension("Microsoft.Azure.Extensions", "CustomScript", settings);
    let with_password = || script(json!({"commandToExecute": "sh run.sh --password hunter22"}));
    let command = |change: Value| {
        json!({
            "id": format!("{}/runCommands/r", vm_id()),
            "properties": change
        })
    };
    let source = || command(json!({"source": {"script": "DB_PASSWORD=hunter22"}}));
    let parameters = || command(json!({"parameters": [{"name": "apiKey", "value": "abcd1234efgh"}]}));
    cases(
        "HRD010",
        vec![
            ("pass", vec![vm(json!({}))]),
            (
                "pass",
                vec![vm(json!({})), script(json!({"commandToExecute": "sh run.sh --password $PASSWORD"}))],
            ),
            ("fail", vec![vm(json!({"tags": {"password": "hunter22"}}))]),
            ("fail", vec![vm(json!({"properties": {"userData": "REJfUEFTU1dPUkQ9aHVudGVyMjIK"}}))]),
            ("fail", vec![vm(json!({})), with_password()]),
            ("unknown", vec![vm(json!({})), script(unknown())]),
            ("fail", vec![vm(json!({})), source()]),
            ("fail", vec![vm(json!({})), parameters()]),
        ],
    );
    assert_eq!(verdict(&exported(&[vm(json!({}))]), "HRD010"), "unknown", "extensions are not told of");
    assert_eq!(verdict(&exported(&[vm(json!({"tags": {"password": "hunter22"}}))]), "HRD010"), "fail");
    let report = snapshot(&[vm(json!({"tags": {"password": "hunter22"}})), with_password(), source()]);
    let found = finding(&report, "HRD010");
    let places = json!([
        "password at /tags/password",
        "password in e-CustomScript at /properties/settings/commandToExecute",
        "password in r at /properties/source/script"
    ]);
    assert_eq!(found["evidence"]["secret"], places, "{found:#}");
    assert!(!report.to_string().contains("hunter22"), "a value is told");
}

#[test]
fn publishers_of_extensions() {
    let by = |publisher: &str| extension(publisher, "Agent", json!({}));
    cases(
        "HRD011",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("pass", vec![vm(json!({})), by("Microsoft.Azure.Monitor")]),
            ("pass", vec![vm(json!({})), by("Datadog.Agent")]),
            ("fail", vec![vm(json!({})), by("Contoso.Agent")]),
            ("unknown", vec![vm(json!({})), merged(by("X"), json!({"properties": {"publisher": null}}))]),
            // Not Microsoft's, although it sounds so.
            ("fail", vec![vm(json!({})), by("MicrosoftAzure.Agent")]),
        ],
    );
    assert_eq!(verdict(&exported(&[vm(json!({})), by("Microsoft.Compute")]), "HRD011"), "unknown");
    let report = exported(&[vm(json!({})), by("Contoso.Agent")]);
    assert!(finding(&report, "HRD011")["message"].to_string().contains("`Contoso.Agent`"), "{report:#}");
}

#[test]
fn winrm_over_http() {
    let listeners = |all: Value| json!({"properties": {"osProfile": {"windowsConfiguration": {"winRM": {"listeners": all}}}}});
    cases(
        "HRD012",
        vec![
            ("fail", vec![windows(listeners(json!([{"protocol": "Https"}, {"protocol": "Http"}])))]),
            ("pass", vec![windows(listeners(json!([{"protocol": "Https"}])))]),
            ("unknown", vec![windows(listeners(unknown()))]),
            ("", vec![windows(json!({}))]),
            ("", vec![vm(json!({}))]),
        ],
    );
}

#[test]
fn machines_without_the_agent() {
    let agent =
        |on: Value| json!({"properties": {"osProfile": {"linuxConfiguration": {"provisionVMAgent": on}}}});
    let allowed = |on: Value| json!({"properties": {"osProfile": {"allowExtensionOperations": on}}});
    let from_disk = || vm(json!({"properties": {"osProfile": null}}));
    cases(
        "HRD013",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("pass", vec![vm(agent(json!(true)))]),
            ("fail", vec![vm(agent(json!(false)))]),
            (
                "fail",
                vec![windows(
                    json!({"properties": {"osProfile": {"windowsConfiguration": {"provisionVMAgent": false}}}}),
                )],
            ),
            ("fail", vec![vm(allowed(json!(false)))]),
            ("unknown", vec![vm(agent(unknown()))]),
            ("unknown", vec![from_disk()]),
            ("pass", vec![from_disk(), attestation()]),
        ],
    );
}

#[test]
fn scripts_over_http() {
    let script =
        |uris: Value| extension("Microsoft.Azure.Extensions", "CustomScript", json!({"fileUris": uris}));
    cases(
        "HRD014",
        vec![
            ("fail", vec![vm(json!({})), script(json!(["https://a.example/a.sh", "http://a.example/b.sh"]))]),
            ("pass", vec![vm(json!({})), script(json!(["https://a.example/?next=http://b.example"]))]),
            // What it loads stands where nobody sees it.
            ("unknown", vec![vm(json!({})), script(json!([]))]),
            ("pass", vec![vm(json!({}))]),
            // Not an extension that loads scripts.
            (
                "pass",
                vec![vm(json!({})), extension("Contoso", "Other", json!({"fileUris": ["http://a.example"]}))],
            ),
        ],
    );
    let moving = "https://raw.githubusercontent.com/o/r/main/a.sh";
    let report = snapshot(&[vm(json!({})), script(json!([moving, "http://a.example/b.sh?sig=abc"]))]);
    assert_eq!(finding(&report, "HRD014")["severity"], "medium", "{report:#}");
    let evidence = &finding(&report, "HRD014")["evidence"];
    assert_eq!(evidence["in_clear"], "http://a.example/b.sh", "{evidence:#}");
    assert_eq!(evidence["not_a_fixed_version"], moving, "{evidence:#}");
    // What its owner changes as he likes is less bad than what anybody does.
    let report = snapshot(&[vm(json!({})), script(json!([moving]))]);
    assert_eq!(finding(&report, "HRD014")["severity"], "low", "{report:#}");
}

/// An image of the Marketplace as Azure answers, in another subscription and region than the machine.
fn offered(version: &str, status: Value) -> Value {
    let urn = format!(
        "Publishers/Canonical/ArtifactTypes/VMImage/Offers/ubuntu-24_04-lts/Skus/server/Versions/{version}"
    );
    json!({
        "id": format!("/Subscriptions/22222222-2222-2222-2222-222222222222/Providers/Microsoft.Compute/Locations/westus/{urn}"),
        "properties": {"imageDeprecationStatus": status}
    })
}

#[test]
fn images_that_are_taken_out() {
    let of_vm = |status: Value| offered("24.04.202610010", status);
    let planned = |day: &str| json!({"imageState": "ScheduledForDeprecation", "scheduledDeprecationTime": format!("{day}T00:00:00+00:00"), "alternativeOption": {"type": "Plan", "value": "server-gen1"}});
    let gallery = at("Microsoft.Compute/galleries/g/images/i");
    let from = |id: &str| {
        vm(
            json!({"properties": {"storageProfile": {"imageReference": {"id": id, "publisher": null, "offer": null, "sku": null, "version": null, "exactVersion": "1.0.0"}}}}),
        )
    };
    let version = |end: Value| json!({"id": format!("{gallery}/versions/1.0.0"), "properties": {"publishingProfile": {"endOfLifeDate": end}}});
    let definition = |end: Value| json!({"id": gallery, "properties": {"endOfLifeDate": end}});
    let others = gallery.replace("11111111-1111", "99999999-1111");
    cases(
        "HRD007",
        vec![
            ("pass", vec![vm(json!({})), of_vm(json!({"imageState": "Active"}))]),
            ("unknown", vec![vm(json!({})), of_vm(json!(null))]),
            ("unknown", vec![vm(json!({})), of_vm(json!({"imageState": "Blocked"}))]),
            ("fail", vec![vm(json!({})), of_vm(json!({"imageState": "Deprecated"}))]),
            ("fail", vec![vm(json!({})), of_vm(planned("2026-12-31"))]),
            ("unknown", vec![vm(json!({})), of_vm(unknown())]),
            // Another version tells nothing of this one, which Azure does not have any more.
            ("fail", vec![vm(json!({})), offered("24.04.202609010", json!({"imageState": "Active"}))]),
            // The newest of a plan at any time.
            (
                "unknown",
                vec![vm(
                    json!({"properties": {"storageProfile": {"imageReference": {"exactVersion": null}}}}),
                )],
            ),
            ("pass", vec![from(&gallery), version(json!(null)), definition(json!(null))]),
            ("fail", vec![from(&gallery), version(json!("2026-11-25T00:00:00Z"))]),
            (
                "fail",
                vec![from(&format!("{gallery}/versions/1.0.0")), version(json!("2026-11-25T00:00:00Z"))],
            ),
            ("fail", vec![from(&gallery), version(json!(null)), definition(json!("2026-11-01T00:00:00Z"))]),
            // Many have an end from the day that they are made.
            ("pass", vec![from(&gallery), version(json!("2028-01-01T00:00:00Z"))]),
            ("unknown", vec![from(&gallery), version(unknown())]),
            // It was deleted; whether one of somebody else was, nobody here knows.
            ("fail", vec![from(&gallery), definition(json!(null))]),
            ("unknown", vec![from(&others)]),
            // A picture of a machine of one's own has no end.
            ("", vec![from(&at("Microsoft.Compute/images/i"))]),
        ],
    );
    let report = snapshot(&[vm(json!({})), of_vm(planned("2026-12-31"))]);
    let found = finding(&report, "HRD007");
    assert_eq!((&found["severity"], &found["evidence"]["end"]), (&json!("low"), &json!("2026-12-31")));
    assert_eq!(found["evidence"]["successor"], "server-gen1", "{found:#}");
    // A scale set that cannot grow is worse than a machine that runs.
    let of_set = json!({"id": at("Microsoft.Compute/virtualMachineScaleSets/s"), "properties": {"virtualMachineProfile": {
        "storageProfile": {"imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "24.04.202610010"}}
    }}});
    let report = snapshot(&[of_set, of_vm(json!({"imageState": "Deprecated"}))]);
    assert_eq!(finding(&report, "HRD007")["severity"], "medium", "{report:#}");
    assert_eq!(verdict(&exported(&[vm(json!({}))]), "HRD007"), "not assessed");
    let gap = json!({"partial": [{"what": "images", "scope": "canonical:ubuntu-24_04-lts:server:24.04.202610010", "reason": "no answer"}]});
    assert_eq!(verdict(&lines(&[vm(json!({}))], &manifest(gap)), "HRD007"), "unknown");
}

#[test]
fn a_right_that_is_missing_is_told() {
    let refused = json!({"refused": [{"what": "machines", "scope": "", "action": "Microsoft.Compute/*/read", "role": "Reader"}]});
    let report = lines(&[vm(json!({}))], &manifest(refused));
    for code in ["HRD004", "HRD010", "HRD011", "HRD014"] {
        assert_eq!(verdict(&report, code), "unknown", "{code}");
    }
}
