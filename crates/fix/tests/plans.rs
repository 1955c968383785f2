//! Plans for findings that checks really made: what is written is exact, and where the effect is a field the finding is gone
//! once the write is made.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::HashMap;

use estate::{Change, Estate, Range, ResourceId, Space, of_text, parse_prefix};
use fix::{Act, By, Cover, Fix, Options, OwnerKind, Plan, Planner, Write, coverage, plan};
use posture::{Approved, CHECKS, Lang, Outcome, Settings, Status};
use reach::tags::Tags;
use serde_json::{Map, Value, json};

const SUBSCRIPTION: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";
const RG: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers";
const VM: &str = "Microsoft.Compute/virtualMachines/m";

fn at(name: &str) -> String {
    format!("{RG}/{name}")
}

fn vm_id() -> String {
    at(VM)
}

/// Puts what `change` holds over `value`, level by level; `null` takes away.
fn merge(value: &mut Value, change: &Value) {
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
        (value @ Value::Null, Value::Object(_)) => {
            *value = json!({});
            merge(value, change);
        }
        (value, change) => *value = change.clone(),
    }
}

/// A Linux VM that is kept well and runs, with changes.
fn vm(change: Value) -> Value {
    let mut vm = json!({
        "id": vm_id(),
        "name": "m",
        "type": "Microsoft.Compute/virtualMachines",
        "location": "japaneast",
        "identity": {"type": "SystemAssigned", "principalId": "33333333-3333-3333-3333-333333333333"},
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {
                "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server",
                    "version": "latest", "exactVersion": "24.04.202610010"},
                "osDisk": {"osType": "Linux", "managedDisk": {"id": at("Microsoft.Compute/disks/m-os")}}
            },
            "osProfile": {"adminUsername": "kaede-1874", "linuxConfiguration": {"disablePasswordAuthentication": true,
                "patchSettings": {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"}}},
            "securityProfile": {"securityType": "TrustedLaunch", "encryptionAtHost": true,
                "uefiSettings": {"secureBootEnabled": true, "vTpmEnabled": true}},
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": true}},
            "networkProfile": {"networkInterfaces": [{"id": at("Microsoft.Network/networkInterfaces/n")}]},
            "instanceView": {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": "PowerState/running"}]}
        }
    });
    merge(&mut vm, &change);
    vm
}

fn windows(change: Value) -> Value {
    let mut vm = vm(json!({"properties": {
        "storageProfile": {
            "imageReference": {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer",
                "sku": "2022-datacenter-g2", "version": "latest", "exactVersion": "20348.4294.261001"},
            "osDisk": {"osType": "Windows"}
        },
        "osProfile": {"linuxConfiguration": null, "windowsConfiguration": {"provisionVMAgent": true}}
    }}));
    merge(&mut vm, &change);
    vm
}

/// The same machine in another state: `PowerState/deallocated`.
fn in_state(mut vm: Value, code: &str) -> Value {
    vm["properties"]["instanceView"]["statuses"][1]["code"] = json!(code);
    vm
}

fn disk(change: Value) -> Value {
    let mut disk = json!({
        "id": at("Microsoft.Compute/disks/m-os"),
        "managedBy": vm_id(),
        "properties": {"osType": "Linux", "diskState": "Attached", "networkAccessPolicy": "DenyAll",
            "encryption": {"type": "EncryptionAtRestWithPlatformKey"}}
    });
    merge(&mut disk, &change);
    disk
}

/// The NIC of the VM with a public address, that address, its network, and its group.
fn network(rules: &[Value]) -> Vec<Value> {
    vec![
        json!({
            "id": at("Microsoft.Network/networkInterfaces/n"),
            "location": "japaneast",
            "properties": {
                "networkSecurityGroup": {"id": at("Microsoft.Network/networkSecurityGroups/g")},
                "ipConfigurations": [{"name": "ip", "properties": {
                    "privateIPAddress": "10.0.0.4",
                    "subnet": {"id": at("Microsoft.Network/virtualNetworks/v/subnets/s")},
                    "publicIPAddress": {"id": at("Microsoft.Network/publicIPAddresses/p")}
                }}]
            }
        }),
        json!({
            "id": at("Microsoft.Network/publicIPAddresses/p"),
            "sku": {"name": "Standard"},
            "properties": {"ipAddress": "20.48.0.9", "publicIPAllocationMethod": "Static"}
        }),
        json!({
            "id": at("Microsoft.Network/virtualNetworks/v"),
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{
                    "id": at("Microsoft.Network/virtualNetworks/v/subnets/s"),
                    "name": "s",
                    "properties": {"addressPrefix": "10.0.0.0/24"}
                }]
            }
        }),
        json!({"id": at("Microsoft.Network/networkSecurityGroups/g"), "location": "japaneast",
            "properties": {"securityRules": rules}}),
    ]
}

fn rule(name: &str, priority: u32, port: &str, description: &str) -> Value {
    json!({
        "name": name,
        "id": at(&format!("Microsoft.Network/networkSecurityGroups/g/securityRules/{name}")),
        "properties": {
            "priority": priority, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
            "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
            "destinationPortRange": port, "description": description
        }
    })
}

fn extension(name: &str, properties: Value) -> Value {
    json!({
        "id": format!("{}/extensions/{name}", vm_id()),
        "type": "Microsoft.Compute/virtualMachines/extensions",
        "location": "japaneast",
        "name": name,
        "properties": properties
    })
}

fn assessment(owner: &str, key: &str) -> Value {
    json!({
        "id": format!("{owner}/providers/Microsoft.Security/assessments/{key}"),
        "type": "Microsoft.Security/assessments",
        "name": key,
        "properties": {"displayName": "a recommendation", "status": {"code": "Unhealthy"}}
    })
}

fn defender(properties: Value) -> Value {
    json!({
        "id": format!("{SUBSCRIPTION}/providers/Microsoft.Security/pricings/VirtualMachines"),
        "type": "Microsoft.Security/pricings",
        "name": "VirtualMachines",
        "properties": properties
    })
}

fn integration(on: bool) -> Value {
    json!({
        "id": format!("{SUBSCRIPTION}/providers/Microsoft.Security/settings/WDATP"),
        "type": "Microsoft.Security/settings",
        "name": "WDATP",
        "kind": "DataExportSettings",
        "properties": {"enabled": on}
    })
}

const POLICY: &str = "Microsoft.Security/locations/japaneast/jitNetworkAccessPolicies/default";
const PLAN: &str = "/providers/Microsoft.Security/pricings/VirtualMachines";

fn jit(machines: Value) -> Value {
    json!({
        "id": at(POLICY),
        "type": "Microsoft.Security/locations/jitNetworkAccessPolicies",
        "kind": "Basic",
        "location": "japaneast",
        "properties": {"virtualMachines": machines, "requests": [], "provisioningState": "Succeeded"}
    })
}

fn port(number: u16, source: &str, longest: &str) -> Value {
    json!({"number": number, "protocol": "TCP", "allowedSourceAddressPrefix": source, "maxRequestAccessDuration": longest})
}

fn vault(change: Value) -> Value {
    let mut vault = json!({
        "id": at("Microsoft.RecoveryServices/vaults/rsv"),
        "type": "Microsoft.RecoveryServices/vaults",
        "location": "Japan East",
        "properties": {"securitySettings": {
            "softDeleteSettings": {"softDeleteState": "Enabled", "softDeleteRetentionPeriodInDays": 14},
            "immutabilitySettings": {"state": "Locked"}}}
    });
    merge(&mut vault, &change);
    vault
}

fn bastion(change: Value) -> Value {
    let subnet = at("Microsoft.Network/virtualNetworks/v/subnets/AzureBastionSubnet");
    let mut bastion = json!({
        "id": at("Microsoft.Network/bastionHosts/b"),
        "type": "Microsoft.Network/bastionHosts",
        "location": "japaneast",
        "sku": {"name": "Standard"},
        "properties": {"disableCopyPaste": true, "enableFileCopy": false, "enableShareableLink": false, "scaleUnits": 2,
            "ipConfigurations": [{"name": "ip", "properties": {"subnet": {"id": subnet}}}]}
    });
    merge(&mut bastion, &change);
    bastion
}

/// The manifest of a snapshot that was asked everything on 26 November 2026.
fn manifest() -> Value {
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
        "eligible rights",
        "network rules",
        "scale set instances",
        "policies",
    ];
    let rows: Map<String, Value> = asked.iter().map(|name| ((*name).to_owned(), json!(1))).collect();
    json!({"kind": "sekimori.snapshot/1", "rows": rows, "finished": "2026-11-26T09:00:00Z", "refused": [], "partial": []})
}

/// What is there, as records.
#[derive(Clone)]
struct World {
    records: Vec<Value>,
    settings: Settings,
    options: Options,
}

impl World {
    fn new(records: Vec<Value>) -> Self {
        Self { records, settings: Settings::default(), options: Options::default() }
    }

    fn estate(&self) -> Estate {
        let all =
            self.records.iter().chain([&manifest()]).map(|value| format!("{value}\n")).collect::<String>();
        let estate = of_text(all.as_bytes());
        assert!(estate.problems.is_empty(), "{:?}", estate.problems);
        estate
    }

    fn judge(&self, estate: &Estate, lang: Lang) -> Outcome {
        posture::run(estate, &Tags::built_in(), CHECKS, &self.settings, lang, false)
    }

    fn get(&self, id: &str) -> Option<&Value> {
        self.records.iter().find(|one| one["id"].as_str().is_some_and(|its| its.eq_ignore_ascii_case(id)))
    }

    /// The plan for the findings of some checks.
    fn plan(&self, codes: &[&str], lang: Lang) -> Plan {
        let estate = self.estate();
        let outcome = self.judge(&estate, lang);
        let is_wanted = |code: &str| codes.contains(&code);
        let failed = outcome.findings.iter().filter(|one| one.status == Status::Fail);
        let wanted: Vec<_> = failed.filter(|one| is_wanted(one.check.code)).collect();
        for code in codes {
            assert!(wanted.iter().any(|one| one.check.code == *code), "nothing fails {code}");
        }
        let record = |id: ResourceId| self.get(estate.text(id)).cloned();
        let (settings, options) = (&self.settings, &self.options);
        {
            let reach = reach::Reach::new(&estate);
            plan(
                &Planner { estate: &estate, reach: &reach, settings, options, lang, record: &record },
                &wanted,
            )
        }
    }

    /// The ids of the findings that are there.
    fn findings(&self) -> Vec<String> {
        let estate = self.estate();
        let outcome = self.judge(&estate, Lang::En);
        let failed = outcome.findings.iter().filter(|one| one.status == Status::Fail);
        failed.map(|one| one.id(&estate)).collect()
    }

    /// Makes the writes of a fix, as Azure would; answers what takes them back.
    fn apply(&mut self, fix: &Fix) -> Vec<Write> {
        self.write(&fix.steps.iter().map(|step| step.write.clone()).collect::<Vec<_>>())
    }

    fn write(&mut self, writes: &[Write]) -> Vec<Write> {
        let mut back = Vec::new();
        for write in writes {
            let found = self.get(&write.target).cloned().or_else(|| self.part(&write.target));
            assert_eq!(write.state(found.as_ref()), fix::State::Was, "{write:?}");
            back.extend(write.with_found(found.as_ref()).undo());
            let is =
                |one: &Value| one["id"].as_str().is_some_and(|its| its.eq_ignore_ascii_case(&write.target));
            let at = self.records.iter().position(is);
            match (&write.act, at) {
                (Act::Put { becomes, .. }, at) => {
                    let mut record = becomes.clone();
                    record["id"] = json!(write.target);
                    if write.target.contains("/extensions/") {
                        record["properties"]["provisioningState"] = json!("Succeeded");
                    }
                    match at {
                        Some(at) => self.records[at] = record,
                        None => self.records.push(record),
                    }
                }
                (Act::Edit { whole, .. }, Some(at)) => {
                    let body = write.edited(&self.records[at]).unwrap();
                    match whole {
                        true => self.records[at] = body,
                        false => merge(&mut self.records[at], &body),
                    }
                    assert_eq!(write.state(Some(&self.records[at])), fix::State::Becomes);
                }
                (Act::Delete { .. }, Some(at)) => drop(self.records.remove(at)),
                (Act::Delete { .. }, None) => self.remove_part(&write.target),
                (Act::Run { action, .. }, Some(at)) => {
                    let power = match action.as_str() {
                        "deallocate" => "PowerState/deallocated",
                        "start" => "PowerState/running",
                        _ => continue,
                    };
                    let statuses = self.records[at].pointer_mut("/properties/instanceView/statuses");
                    let statuses = statuses.and_then(Value::as_array_mut).into_iter().flatten();
                    for status in statuses {
                        if status["code"].as_str().is_some_and(|code| code.starts_with("PowerState/")) {
                            status["code"] = json!(power);
                        }
                    }
                }
                (act, None) => panic!("{} is not there for {act:?}", write.target),
            }
        }
        back.reverse();
        back
    }

    fn part(&self, id: &str) -> Option<Value> {
        let (group, name) = id.split_once("/securityRules/")?;
        let rules = self.get(group)?["properties"]["securityRules"].as_array()?;
        rules.iter().find(|rule| rule["name"] == name).cloned()
    }

    fn remove_part(&mut self, id: &str) {
        let (group, name) = id.split_once("/securityRules/").unwrap();
        let group = self.records.iter_mut().find(|one| one["id"] == group).unwrap();
        group["properties"]["securityRules"].as_array_mut().unwrap().retain(|rule| rule["name"] != name);
    }
}

/// What a fix sends, in short: how, where, and what.
fn sent(world: &World, fix: &Fix) -> Value {
    let all = fix.steps.iter().map(|step| {
        let write = &step.write;
        let target = write.target.replace(SUBSCRIPTION, "").replace("/resourceGroups/rg/providers/", "");
        match &write.act {
            Act::Put { becomes, .. } => json!(["PUT", target, becomes]),
            Act::Delete { .. } => json!(["DELETE", target]),
            Act::Edit { whole: false, .. } => {
                json!(["PATCH", target, write.edited(world.get(&write.target).unwrap()).unwrap()])
            }
            Act::Edit { edits, whole: true } => {
                let pair = |edit: &fix::Edit| (edit.path.clone(), edit.becomes.clone().unwrap_or_default());
                json!(["GET, PUT", target, edits.iter().map(pair).collect::<Map<_, _>>()])
            }
            Act::Run { action, body, .. } => json!(["POST", format!("{target}/{action}"), body]),
        }
    });
    all.collect()
}

/// One fix closes all these findings by these writes; where `gone`, they are gone once it is made, and all is as it was once
/// it is taken back.
fn check(world: &World, codes: &[&str], gone: bool, expected: &Value) -> Fix {
    let plan = world.plan(codes, Lang::En);
    let asks: Vec<&str> = plan.asks.iter().map(|ask| ask.question.as_str()).collect();
    assert!(asks.is_empty(), "{codes:?}: {asks:#?}");
    let titles: Vec<&str> = plan.fixes.iter().map(|fix| fix.title.as_str()).collect();
    assert_eq!(titles.len(), 1, "{codes:?}: {titles:?}");
    let fix = plan.fixes.into_iter().next().unwrap();
    let mut closes: Vec<&str> = fix.closes.iter().map(|closes| closes.code).collect();
    closes.sort_unstable();
    closes.dedup();
    assert_eq!(closes, codes);
    let sent = sent(world, &fix);
    assert_eq!(sent, *expected, "{codes:?}\n{sent:#}");
    let japanese = world.plan(codes, Lang::Ja).fixes.remove(0);
    assert_eq!(japanese.id, fix.id, "a fix has one name in every language");
    for text in [&japanese.title].into_iter().chain(japanese.steps.iter().map(|step| &step.says)) {
        assert!(is_japanese(text), "{text}");
    }
    if gone {
        let mut after = world.clone();
        let before = after.findings();
        let back = after.apply(&fix);
        let left = after.findings();
        for closes in &fix.closes {
            assert!(before.contains(&closes.finding));
            assert!(!left.contains(&closes.finding), "{} is still there after {sent:#}", closes.finding);
        }
        after.write(&back);
        assert_eq!(after.findings(), before, "{sent:#}");
    }
    fix
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| ('ぁ'..='ん').contains(&c))
}

/// Everything is asked about, and a question or its answers hold these words.
fn asks(world: &World, codes: &[&str], words: &str) {
    let plan = world.plan(codes, Lang::En);
    assert!(plan.fixes.is_empty(), "{:?}", plan.fixes.iter().map(|it| &it.title).collect::<Vec<_>>());
    let text = |ask: &fix::Ask| format!("{} {}", ask.question, ask.answers.join(" "));
    let texts: Vec<String> = plan.asks.iter().map(text).collect();
    assert!(texts.iter().any(|text| text.contains(words)), "{words}: {texts:#?}");
    for ask in &plan.asks {
        assert!(!ask.closes.is_empty() && !ask.answers.is_empty(), "{}", ask.question);
    }
}

fn notes(fix: &Fix) -> String {
    fix.notes.join("\n")
}

fn post(action: &str) -> Value {
    json!(["POST", format!("{VM}/{action}"), null])
}

#[test]
fn boot_diagnostics() {
    let world = World::new(vec![vm(json!({"properties": {"diagnosticsProfile": null}}))]);
    let patch = json!({"properties": {"diagnosticsProfile": {"bootDiagnostics": {"enabled": true}}}});
    let fix = check(&world, &["HRD009"], true, &json!([["PATCH", VM, patch]]));
    assert_eq!(fix.effects, fix::Effects::default());
}

#[test]
fn updates_are_installed_by_the_platform() {
    let manual = json!({"properties": {"osProfile": {"windowsConfiguration": {"enableAutomaticUpdates": false,
        "patchSettings": {"patchMode": "Manual", "assessmentMode": "ImageDefault", "enableHotpatching": true}}}}});
    let platform = json!({"properties": {"osProfile": {"windowsConfiguration": {
        "patchSettings": {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"},
        "enableAutomaticUpdates": true}}}});
    let looks = json!({"properties": {"osProfile": {"windowsConfiguration": {
        "patchSettings": {"assessmentMode": "AutomaticByPlatform"}}}}});
    let world = World::new(vec![windows(manual.clone())]);
    let both = json!([["PATCH", VM, platform], post("assessPatches")]);
    let fix = check(&world, &["UPD001", "UPD004"], true, &both);
    assert!(fix.effects.restart && !fix.effects.deallocates);
    check(&world, &["UPD001"], true, &json!([["PATCH", VM, platform]]));
    check(&world, &["UPD004"], true, &json!([["PATCH", VM, looks], post("assessPatches")]));
    // An image of the team's own, which the platform does not know.
    let mut change = manual.clone();
    let image = at("Microsoft.Compute/images/i");
    change["properties"]["storageProfile"] =
        json!({"imageReference": {"publisher": null, "offer": null, "sku": null, "id": image}});
    asks(&World::new(vec![windows(change)]), &["UPD001"], "AutomaticByOS");
    // One without an agent, and one that waits for a schedule.
    let mut change = manual;
    change["properties"]["osProfile"]["windowsConfiguration"]["provisionVMAgent"] = json!(false);
    asks(&World::new(vec![windows(change)]), &["UPD001"], "takes no extensions");
    let waits = json!({"properties": {"osProfile": {"linuxConfiguration": {"patchSettings": {
        "automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": true}}}}}});
    asks(&World::new(vec![vm(waits)]), &["UPD001"], "maintenance assignment create");
}

fn looked_at(lacks: u64, pending: bool) -> Value {
    json!({
        "id": format!("{}/patchAssessmentResults/latest", vm_id()),
        "type": "Microsoft.Compute/virtualMachines/patchAssessmentResults",
        "properties": {"status": "Succeeded", "lastModifiedDateTime": "2026-11-26T01:00:00Z", "rebootPending": pending,
            "availablePatchCountByClassification": {"critical": lacks, "security": lacks}}
    })
}

#[test]
fn updates_are_installed_and_that_is_not_undone() {
    let install = |family: &str, reboot: &str| {
        let body = json!({"maximumDuration": "PT2H", "rebootSetting": reboot,
            family: {"classificationsToInclude": ["Critical", "Security"]}});
        json!([["POST", format!("{VM}/installPatches"), body]])
    };
    let world = World::new(vec![vm(json!({})), looked_at(2, false)]);
    let fix = check(&world, &["UPD002"], false, &install("linuxParameters", "IfRequired"));
    assert!(fix.effects.restart && fix.effects.downtime.is_some());
    assert!(fix.steps[0].write.undo().is_none() && notes(&fix).contains("cannot be undone"));
    let world = World::new(vec![windows(json!({})), looked_at(2, true)]);
    check(&world, &["UPD002", "UPD003"], false, &install("windowsParameters", "Always"));
    let world = World::new(vec![windows(json!({})), looked_at(0, true)]);
    assert!(check(&world, &["UPD003"], false, &json!([post("restart")])).effects.restart);
    let stopped = in_state(vm(json!({})), "PowerState/deallocated");
    asks(&World::new(vec![stopped, looked_at(2, false)]), &["UPD002"], "az vm start");
}

#[test]
fn vulnerabilities_that_updates_mend() {
    let found = |number: u32, patchable: bool, title: &str| {
        let above = assessment(&vm_id(), "1195afff-c881-495e-9bc5-1486211ae03f");
        json!({
            "id": format!("{}/subAssessments/{number}", above["id"].as_str().unwrap()),
            "type": "Microsoft.Security/assessments/subAssessments",
            "properties": {"displayName": title, "status": {"code": "Unhealthy", "severity": "High"}, "additionalData": {
                "assessedResourceType": "ServerVulnerability", "patchable": patchable,
                "cve": [{"title": format!("CVE-2026-{number}")}]}}
        })
    };
    let told = found(1, true, "Install KB5034439 (security)");
    let world = World::new(vec![windows(json!({})), told, found(2, true, "x")]);
    let body = json!({"maximumDuration": "PT2H", "rebootSetting": "IfRequired", "windowsParameters": {
        "classificationsToInclude": ["Critical", "Security"], "kbNumbersToInclude": ["KB5034439"]}});
    let fix = check(&world, &["DEF007"], false, &json!([["POST", format!("{VM}/installPatches"), body]]));
    assert!(notes(&fix).contains("KB5034439"));
    let world = World::new(vec![vm(json!({})), found(1, true, "x"), found(2, false, "y")]);
    let plan = world.plan(&["DEF007"], Lang::En);
    assert!(notes(&plan.fixes[0]).contains("no update mends 1 of the 2"), "{:?}", plan.fixes[0].notes);
    asks(&World::new(vec![vm(json!({})), found(2, false, "y")]), &["DEF007"], "No update of the system");
}

#[test]
fn sign_in_with_entra() {
    let put = |handler: &str, version: &str| {
        let properties = json!({"publisher": "Microsoft.Azure.ActiveDirectory", "type": handler,
            "typeHandlerVersion": version, "autoUpgradeMinorVersion": true});
        json!(["PUT", format!("{VM}/extensions/{handler}"), {"location": "japaneast", "properties": properties}])
    };
    let identity = |kind: &str| json!(["PATCH", VM, {"identity": {"type": kind}}]);
    let linux = put("AADSSHLoginForLinux", "1.0");
    check(&World::new(vec![vm(json!({}))]), &["ENT001"], true, &json!([linux]));
    let none = World::new(vec![vm(json!({"identity": null}))]);
    let fix = check(&none, &["ENT001"], true, &json!([identity("SystemAssigned"), linux]));
    assert!(notes(&fix).contains("Virtual Machine Administrator Login"));
    // Taken back, an identity goes by Azure's word for that.
    let undo = fix.steps[0].write.undo().unwrap();
    assert_eq!(undo.edited(&json!({})).unwrap(), json!({"identity": {"type": "None"}}));
    let lent = json!({"identity": {"type": "UserAssigned", "principalId": null,
        "userAssignedIdentities": {"/x": {"principalId": "44444444-4444-4444-4444-444444444444"}}}});
    let both =
        json!({"identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {"/x": {}}}});
    let kept = json!([["PATCH", VM, both], put("AADLoginForWindows", "2.0")]);
    check(&World::new(vec![windows(lent)]), &["ENT001"], true, &kept);
    let handler = |state: &str| {
        json!({"publisher": "Microsoft.Azure.ActiveDirectory", "type": "AADSSHLoginForLinux",
            "typeHandlerVersion": "1.0", "provisioningState": state})
    };
    let there = World::new(vec![vm(json!({"identity": null})), extension("entra", handler("Succeeded"))]);
    check(&there, &["ENT002"], true, &json!([identity("SystemAssigned")]));
    // One that failed is put in place anew, under the name that it has.
    let failed = World::new(vec![vm(json!({})), extension("entra", handler("Failed"))]);
    let fix = failed.plan(&["ENT001"], Lang::En).fixes.remove(0);
    let writes = sent(&failed, &fix);
    assert_eq!(writes[0][1], format!("{VM}/extensions/entra"));
    assert_eq!(writes[0][2]["properties"]["forceUpdateTag"], "sekimori-1");
    let mut after = failed.clone();
    after.apply(&fix);
    assert!(!after.findings().contains(&fix.closes[0].finding));
    let own = json!({"properties": {"storageProfile": {"imageReference": {"publisher": "contoso"}}}});
    asks(&World::new(vec![vm(own)]), &["ENT001"], "AADSSHLoginForLinux supports");
}

#[test]
fn guest_attestation() {
    let properties = json!({"publisher": "Microsoft.Azure.Security.LinuxAttestation", "type": "GuestAttestation",
        "typeHandlerVersion": "1.0", "autoUpgradeMinorVersion": true, "enableAutomaticUpgrade": true});
    let body = json!({"location": "japaneast", "properties": properties});
    let expected = json!([["PUT", format!("{VM}/extensions/GuestAttestation"), body]]);
    check(&World::new(vec![vm(json!({}))]), &["HRD004"], true, &expected);
    let health = assessment(&vm_id(), "b7604066-ed76-45f9-a5c1-c97e4812dc55");
    asks(&World::new(vec![vm(json!({})), health]), &["HRD004"], "did not start as it should");
}

#[test]
fn antimalware() {
    let told = assessment(&vm_id(), "83f577bd-a1b6-b7e1-0891-12ca19d1e6df");
    let settings = json!({"AntimalwareEnabled": true, "RealtimeProtectionEnabled": "true",
        "ScheduledScanSettings": {"isEnabled": "true", "day": "7", "time": "120", "scanType": "Quick"}});
    let name = format!("{VM}/extensions/IaaSAntimalware");
    let properties = json!({"publisher": "Microsoft.Azure.Security", "type": "IaaSAntimalware",
        "typeHandlerVersion": "1.3", "autoUpgradeMinorVersion": true, "settings": settings});
    let expected = json!([["PUT", name, {"location": "japaneast", "properties": properties}]]);
    check(&World::new(vec![windows(json!({})), told]), &["MAL001"], true, &expected);
    let with = |state: &str, settings: Value| {
        let properties = json!({"publisher": "Microsoft.Azure.Security", "type": "IaaSAntimalware",
            "typeHandlerVersion": "1.3", "autoUpgradeMinorVersion": true, "provisioningState": state, "settings": settings});
        World::new(vec![windows(json!({})), extension("IaaSAntimalware", properties)])
    };
    // Off, and leaving out too much: one write.
    let off = with(
        "Succeeded",
        json!({"AntimalwareEnabled": true, "RealtimeProtectionEnabled": false,
            "Exclusions": {"Paths": "C:\\;D:\\data\\db", "Extensions": ".exe", "Processes": "db.exe"}}),
    );
    let edits = json!({"properties/settings/RealtimeProtectionEnabled": true,
        "properties/settings/Exclusions": {"Paths": "D:\\data\\db", "Extensions": "", "Processes": "db.exe"}});
    check(&off, &["MAL002", "MAL003"], true, &json!([["GET, PUT", name, edits]]));
    let failed = with("Failed", json!({"AntimalwareEnabled": true}));
    let fix = failed.plan(&["MAL002"], Lang::En).fixes.remove(0);
    let mut after = failed.clone();
    after.apply(&fix);
    assert!(!after.findings().contains(&fix.closes[0].finding));
    // What was taken out of the record is not written back.
    let hidden =
        with("Failed", json!({"AntimalwareEnabled": true, "token": format!("{}: token", estate::REDACTED)}));
    asks(&hidden, &["MAL002"], "az vm extension show");
    let other = json!({"publisher": "Crowdstrike.Falcon", "type": "FalconSensorWindows", "provisioningState": "Failed"});
    asks(&World::new(vec![windows(json!({})), extension("falcon", other)]), &["MAL002"], "its maker");
}

#[test]
fn defender_for_endpoint_comes_with_its_plan() {
    let handler = json!({"publisher": "Microsoft.Azure.Security", "type": "IaaSAntimalware", "provisioningState": "Succeeded"});
    let with = |more: Vec<Value>| {
        let machine = vec![windows(json!({})), extension("IaaSAntimalware", handler.clone())];
        World::new(machine.into_iter().chain(more).collect())
    };
    let wdatp =
        json!(["GET, PUT", "/providers/Microsoft.Security/settings/WDATP", {"properties/enabled": true}]);
    let plan = json!(["GET, PUT", PLAN, {"properties/pricingTier": "Standard", "properties/subPlan": "P2"}]);
    let free = defender(json!({"pricingTier": "Free"}));
    let fix = check(&with(vec![free.clone(), integration(false)]), &["MAL004"], false, &json!([plan, wdatp]));
    assert!(fix.effects.cost.is_some() && notes(&fix).contains("offboarded"));
    let full = defender(json!({"pricingTier": "Standard", "subPlan": "P2"}));
    let fix = check(&with(vec![full.clone(), integration(false)]), &["MAL004"], false, &json!([wdatp]));
    assert_eq!(fix.effects.cost, None);
    asks(&with(vec![full.clone(), integration(true)]), &["MAL004"], "these VMs do not have it");
    asks(&with(vec![full]), &["MAL004"], "does not tell of both");
    // On Linux nothing else protects.
    let told = assessment(&vm_id(), "83f577bd-a1b6-b7e1-0891-12ca19d1e6df");
    check(
        &World::new(vec![vm(json!({})), told, free, integration(true)]),
        &["MAL001"],
        false,
        &json!([plan]),
    );
}

#[test]
fn encryption_at_host_stops_the_machine() {
    let off = json!({"properties": {"securityProfile": {"encryptionAtHost": null}}});
    let edit = json!(["PATCH", VM, {"properties": {"securityProfile": {"encryptionAtHost": true}}}]);
    let all = json!([post("deallocate"), edit, post("start")]);
    let mut records = vec![vm(off.clone()), disk(json!({}))];
    records.extend(network(&[]));
    let mut world = World::new(records);
    let fix = check(&world, &["ENC001"], true, &all);
    assert!(fix.effects.deallocates && fix.effects.restart && !notes(&fix).contains("dynamic"));
    assert!(notes(&fix).contains("Microsoft.Compute/EncryptionAtHost"));
    let undo = fix.steps[0].write.undo().unwrap().act;
    let back = Act::Run { action: "start".to_owned(), body: None, undo: Some("deallocate".to_owned()) };
    assert_eq!(undo, back);
    // A dynamic address is lost.
    let public = world.records.iter_mut().find(|one| one["sku"]["name"] == "Standard").unwrap();
    public["properties"]["publicIPAllocationMethod"] = json!("Dynamic");
    let fix = check(&world, &["ENC001"], true, &all);
    assert!(notes(&fix).contains("20.48.0.9 of `p` is dynamic"), "{}", notes(&fix));
    // Nothing has to be stopped that is on no host; what stands still on one stays so.
    let state = |code: &str| World::new(vec![in_state(vm(off.clone()), code), disk(json!({}))]);
    let fix = check(&state("PowerState/deallocated"), &["ENC001"], true, &json!([edit]));
    assert!(!fix.effects.deallocates && fix.effects.downtime.is_none());
    check(&state("PowerState/stopped"), &["ENC001"], true, &json!([post("deallocate"), edit]));
    let mut untold = state("PowerState/running");
    untold.records[0]["properties"]["instanceView"] = json!({});
    assert!(notes(&check(&untold, &["ENC001"], true, &all)).contains("does not tell whether"));
    let confidential = json!({"properties": {"securityProfile": {"securityType": "ConfidentialVM", "encryptionAtHost": null}}});
    asks(&World::new(vec![vm(confidential), disk(json!({}))]), &["ENC001"], "confidential");
}

#[test]
fn secure_boot_and_the_virtual_tpm_in_one_stop() {
    let uefi = |on: bool| json!({"secureBootEnabled": on, "vTpmEnabled": on});
    let off = json!({"properties": {"securityProfile": {"uefiSettings": uefi(false)}}});
    let patch = json!({"properties": {"securityProfile": {"securityType": "TrustedLaunch", "uefiSettings": uefi(true)}}});
    let all = json!([post("deallocate"), ["PATCH", VM, patch], post("start")]);
    let fix = check(&World::new(vec![vm(off.clone())]), &["HRD002", "HRD003"], true, &all);
    assert!(fix.effects.deallocates && notes(&fix).contains("unsigned"));
    let mut confidential = off;
    confidential["properties"]["securityProfile"]["securityType"] = json!("ConfidentialVM");
    asks(&World::new(vec![vm(confidential)]), &["HRD003"], "--hardened");
}

#[test]
fn passwords_over_ssh_are_for_the_guest() {
    let with = json!({"properties": {"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": false}}}});
    let mut world = World::new(vec![vm(with.clone())]);
    // Nobody is locked out by what is planned by default.
    asks(&world, &["ACC002"], "does everybody who signs in to it have a key");
    let asked = world.plan(&["ACC002"], Lang::En);
    assert!(asked.fixes.is_empty());
    let answer = &asked.asks[0].answers[0];
    assert!(answer.contains("--passwords-off") && answer.contains("rm -f"), "{answer}");
    world.options.passwords_off = true;
    let fix = world.plan(&["ACC002"], Lang::En).fixes.remove(0);
    let Act::Run { action, body, undo } = &fix.steps[0].write.act else { panic!("{:?}", fix.steps[0].write) };
    assert_eq!((action.as_str(), undo), ("runCommand", &None));
    let lines = body.as_ref().unwrap()["script"].as_array().unwrap();
    let script = lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
    let drop_in = "/etc/ssh/sshd_config.d/00-sekimori.conf";
    for words in ["sshd -t", "authorized_keys", drop_in, "PasswordAuthentication no", "user='kaede-1874'\n"] {
        assert!(script.contains(words), "{script}");
    }
    // The key of the administrator, and of nobody else.
    assert!(!script.contains("/home/*"), "{script}");
    let notes = notes(&fix);
    assert!(
        notes.contains(&script) && notes.contains("rm -f") && notes.contains("sekimori export"),
        "{notes}"
    );
    let stopped = in_state(vm(with.clone()), "PowerState/stopped");
    asks(&World::new(vec![stopped]), &["ACC002"], "a script in the guest can");
    let script = |name: Value| {
        let mut world = World::new(vec![vm(with.clone())]);
        world.records[0]["properties"]["osProfile"]["adminUsername"] = name;
        world.options.passwords_off = true;
        let fix = world.plan(&["ACC002"], Lang::En).fixes.remove(0);
        let Act::Run { body, .. } = &fix.steps[0].write.act else { panic!() };
        let lines = body.as_ref().unwrap()["script"].as_array().unwrap();
        lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(script(json!("a'; reboot; '")).contains(&r"user='a'\''; reboot; '\'''".to_owned()));
    assert!(script(Value::Null).join("\n").contains("/home/*"));
    assert!(script(json!("a\nreboot")).iter().all(|line| !line.contains("reboot")));
}

#[test]
fn plans_of_defender() {
    let upgrade =
        json!([["GET, PUT", PLAN, {"properties/pricingTier": "Standard", "properties/subPlan": "P2"}]]);
    let with = |properties: Value| World::new(vec![vm(json!({})), defender(properties)]);
    let mut free = with(json!({"pricingTier": "Free", "freeTrialRemainingTime": "PT0S"}));
    let fix = check(&free, &["DEF001"], true, &upgrade);
    assert!(fix.effects.cost.is_some_and(|cost| cost.contains("1 VMs")));
    check(&with(json!({"pricingTier": "Standard", "subPlan": "P1"})), &["DEF002"], true, &upgrade);
    free.records.push(jit(json!([{"id": vm_id(), "ports": []}])));
    check(&free, &["DEF001", "JIT007"], true, &upgrade);
    let parts = json!({"pricingTier": "Standard", "subPlan": "P2", "extensions": [
        {"name": "MdeDesignatedSubscription", "isEnabled": "False"}, {"name": "AgentlessVmScanning", "isEnabled": "False"},
        {"name": "FileIntegrityMonitoring", "isEnabled": "False"}]});
    let edits = json!({"properties/extensions[AgentlessVmScanning]/isEnabled": "True",
        "properties/extensions[FileIntegrityMonitoring]/isEnabled": "True"});
    check(&with(parts), &["DEF004"], true, &json!([["GET, PUT", PLAN, edits]]));
    // Azure lists every plan: where none is told nobody knows what is paid for.
    asks(&World::new(vec![vm(json!({}))]), &["DEF001"], "no plan of the subscription");
}

fn approved(prefixes: &[&str]) -> Vec<Approved> {
    let v4 = prefixes.iter().map(|prefix| match parse_prefix(prefix) {
        Some(estate::Prefix::V4(range)) => Range { first: range.first, last: range.last },
        _ => panic!("{prefix}"),
    });
    let space = Space { v4: v4.collect(), v6: estate::V6::default() };
    let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
    vec![Approved { name: "office".to_owned(), space, prefixes }]
}

#[test]
fn just_in_time_access() {
    let open = |port: &str, more: Vec<Value>| {
        let mut records = vec![vm(json!({}))];
        records.extend(network(&[rule("login", 200, port, "")]));
        records.extend(more);
        World::new(records)
    };
    let full = defender(json!({"pricingTier": "Standard", "subPlan": "P2"}));
    let machine = json!({"id": vm_id(), "ports": [port(22, "*", "PT3H")]});
    let body =
        json!({"kind": "Basic", "location": "japaneast", "properties": {"virtualMachines": [machine]}});
    let put = json!(["PUT", POLICY, body]);
    let fix = check(&open("22", vec![full.clone()]), &["JIT001"], true, &json!([put]));
    assert!(notes(&fix).contains("closes nothing that another rule opens"));
    assert!(notes(&fix).contains("no approved source"));
    // With approved sources, and others in the policy, who stay.
    let other = at("Microsoft.Compute/virtualMachines/other");
    let others = json!({"id": other, "ports": [port(22, "203.0.113.7", "PT1H")]});
    let more = vm(
        json!({"id": other, "name": "other", "properties": {"networkProfile": {"networkInterfaces": []}}}),
    );
    let mut world = open("22", vec![full.clone(), more, jit(json!([others]))]);
    world.settings.approved = approved(&["203.0.113.0/29", "198.51.100.0/24"]);
    let sources = json!(["198.51.100.0/24", "203.0.113.0/29"]);
    let narrow = json!({"number": 22, "protocol": "TCP", "allowedSourceAddressPrefixes": sources, "maxRequestAccessDuration": "PT3H"});
    let machines = json!([others, {"id": vm_id(), "ports": [narrow]}]);
    check(
        &world,
        &["JIT001"],
        true,
        &json!([["GET, PUT", POLICY, {"properties/virtualMachines": machines}]]),
    );
    // Without the plan it is asked about, unless somebody has decided.
    let mut none = open("22", vec![defender(json!({"pricingTier": "Free"}))]);
    asks(&none, &["JIT001"], "--lease");
    none.options.lease = true;
    let plan = json!(["GET, PUT", PLAN, {"properties/pricingTier": "Standard", "properties/subPlan": "P2"}]);
    assert!(check(&none, &["JIT001"], true, &json!([plan, put])).effects.cost.is_some());
    // A port that the policy lacks.
    let ssh = port(22, "203.0.113.7", "PT3H");
    let world = open("3389", vec![full, jit(json!([{"id": vm_id(), "ports": [ssh]}]))]);
    let machines = json!([{"id": vm_id(), "ports": [ssh, port(3389, "*", "PT3H")]}]);
    check(
        &world,
        &["JIT003"],
        true,
        &json!([["GET, PUT", POLICY, {"properties/virtualMachines": machines}]]),
    );
}

#[test]
fn policies_of_just_in_time_access_are_mended_in_one_write() {
    let gone = at("Microsoft.Compute/virtualMachines/gone");
    // Neither few addresses nor a tag are what the finding is about.
    let (rdp, tag) = (port(3389, "203.0.113.7", "PT1H"), port(5986, "VirtualNetwork", "PT30M"));
    let policy = jit(json!([
        {"id": vm_id(), "ports": [port(22, "*", "P1D"), rdp, tag]},
        {"id": gone, "ports": [port(22, "203.0.113.7", "PT3H")]},
    ]));
    let mut world = World::new(vec![vm(json!({})), policy]);
    world.settings.approved = approved(&["203.0.113.0/28"]);
    let machines = json!([{"id": vm_id(), "ports": [port(22, "203.0.113.0/28", "PT3H"), rdp, tag]}]);
    let expected = json!([["GET, PUT", POLICY, {"properties/virtualMachines": machines}]]);
    check(&world, &["JIT004", "JIT005", "JIT008"], true, &expected);
    world.settings.approved = Vec::new();
    asks(&world, &["JIT004"], "approved source");
    // A policy of nothing but machines that are gone goes itself.
    let policy = jit(json!([{"id": gone, "ports": [port(22, "203.0.113.7", "PT3H")]}]));
    check(&World::new(vec![vm(json!({})), policy]), &["JIT008"], true, &json!([["DELETE", POLICY]]));
}

#[test]
fn rules_that_requests_left_behind() {
    let made = "MicrosoftDefenderForCloud-JITRule-1170687618-8C18BF8921F041989344B4F1E3A0C370";
    let mut records = vec![vm(json!({}))];
    records.extend(network(&[
        rule(made, 100, "22", "MDC JIT Network Access rule"),
        rule("sekimori-7f3a", 101, "3389", "until=2026-11-25T09:00:00Z"),
        rule("sekimori-7f3b", 102, "3389", "until=2027-11-25T09:00:00Z"),
    ]));
    let target = "Microsoft.Network/networkSecurityGroups/g/securityRules";
    let expected =
        json!([["DELETE", format!("{target}/{made}")], ["DELETE", format!("{target}/sekimori-7f3a")]]);
    let fix = check(&World::new(records), &["JIT006", "JIT009"], true, &expected);
    for step in &fix.steps {
        assert!(matches!(&step.change, Some(Change::DeleteRule { .. })));
        let undo = step.write.undo().unwrap();
        assert!(
            matches!(&undo.act, Act::Put { was: None, becomes } if becomes["properties"]["priority"].is_u64())
        );
    }
}

#[test]
fn backups() {
    let mut world = World::new(vec![vm(json!({})), vault(json!({}))]);
    let id = at("Microsoft.RecoveryServices/vaults/rsv");
    // Whose choice it is, even where there is one vault.
    asks(&world, &["BKP001"], &format!("--vault {id}"));
    world.options.vault = Some(id.clone());
    let item = "Microsoft.RecoveryServices/vaults/rsv/backupFabrics/Azure/protectionContainers/iaasvmcontainer;iaasvmcontainerv2;rg;m/protectedItems/vm;iaasvmcontainerv2;rg;m";
    let put = |policy: &str| {
        let policy = format!("{id}/backupPolicies/{policy}");
        let kind = "Microsoft.Compute/virtualMachines";
        let body = json!({"properties": {"protectedItemType": kind, "policyId": policy, "sourceResourceId": vm_id()}});
        json!([["PUT", item, body]])
    };
    assert!(check(&world, &["BKP001"], true, &put("EnhancedPolicy")).effects.cost.is_some());
    let mut plain = world.clone();
    plain.records[0]["properties"]["securityProfile"] = json!({});
    check(&plain, &["BKP001"], true, &put("DefaultPolicy"));
    world.options.backup_policy = Some("nightly".to_owned());
    check(&world, &["BKP001"], true, &put("nightly"));
    // A policy that is not there, and a vault elsewhere.
    world.records.push(json!({"id": format!("{id}/backupPolicies/weekly"),
        "type": "Microsoft.RecoveryServices/vaults/backupPolicies", "properties": {"backupManagementType": "AzureIaasVM"}}));
    asks(&world, &["BKP001"], "--backup-policy weekly");
    world.records[1]["location"] = json!("westeurope");
    asks(&world, &["BKP001"], "not in the region");
}

#[test]
fn vaults_keep_what_is_deleted() {
    let settings = |inner: Value| json!({"properties": {"securitySettings": {"softDeleteSettings": inner}}});
    let off = settings(json!({"softDeleteState": "Disabled", "softDeleteRetentionPeriodInDays": 0}));
    let on = settings(json!({"softDeleteState": "Enabled", "softDeleteRetentionPeriodInDays": 14}));
    let world = World::new(vec![vm(json!({})), vault(off)]);
    check(&world, &["BKP004"], true, &json!([["PATCH", "Microsoft.RecoveryServices/vaults/rsv", on]]));
    let mut backup = settings(json!({"state": "Off", "retentionDurationInDays": 14}));
    backup["id"] = json!(at("Microsoft.DataProtection/backupVaults/bv"));
    backup["type"] = json!("Microsoft.DataProtection/backupVaults");
    let on = settings(json!({"state": "On"}));
    let world = World::new(vec![vm(json!({})), backup]);
    check(&world, &["BKP004"], true, &json!([["PATCH", "Microsoft.DataProtection/backupVaults/bv", on]]));
    // What is locked nobody unlocks: that is never done here.
    let open =
        vault(json!({"properties": {"securitySettings": {"immutabilitySettings": {"state": "Disabled"}}}}));
    asks(&World::new(vec![vm(json!({})), open]), &["BKP005"], "immutable for good");
}

#[test]
fn disks_that_anybody_may_download() {
    let target = "Microsoft.Compute/disks/m-os";
    let closed = json!({"properties": {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}});
    let mut open =
        json!({"properties": {"networkAccessPolicy": "AllowAll", "publicNetworkAccess": "Enabled"}});
    let world = World::new(vec![vm(json!({})), disk(open.clone())]);
    check(&world, &["ENC006"], true, &json!([["PATCH", target, closed]]));
    open["properties"]["diskState"] = json!("ActiveSAS");
    let revoke = json!(["POST", format!("{target}/endGetAccess"), null]);
    let world = World::new(vec![vm(json!({})), disk(open)]);
    let fix = check(&world, &["ENC006"], true, &json!([revoke, ["PATCH", target, closed]]));
    assert!(notes(&fix).contains("may have the disk already"));
    let name = "Microsoft.Compute/snapshots/s";
    let snapshot = json!({"id": at(name), "type": "Microsoft.Compute/snapshots", "location": "japaneast",
        "properties": {"diskState": "Unattached"}});
    let world = World::new(vec![vm(json!({})), snapshot]);
    check(&world, &["ENC006"], true, &json!([["PATCH", name, closed]]));
}

#[test]
fn bastions() {
    let wide = json!({"properties": {"enableShareableLink": true, "disableCopyPaste": false, "enableFileCopy": true}});
    let edits = json!({"properties/enableShareableLink": false, "properties/disableCopyPaste": true,
        "properties/enableFileCopy": false});
    let expected = json!([["GET, PUT", "Microsoft.Network/bastionHosts/b", edits]]);
    let world = World::new(vec![vm(json!({})), bastion(wide.clone())]);
    check(&world, &["NET021", "NET022"], true, &expected);
    let mut basic = wide;
    basic["sku"] = json!({"name": "Basic"});
    asks(&World::new(vec![vm(json!({})), bastion(basic)]), &["NET022"], "--sku name=Standard");
}

#[test]
fn forwarding_is_switched_off_where_no_route_leads() {
    let mut records = vec![vm(json!({}))];
    records.extend(network(&[]));
    records[1]["properties"]["enableIPForwarding"] = json!(true);
    let mut world = World::new(records);
    let edits = json!({"properties/enableIPForwarding": false});
    let expected = json!([["GET, PUT", "Microsoft.Network/networkInterfaces/n", edits]]);
    check(&world, &["NET012"], true, &expected);
    let table = |hop: &str| {
        let route =
            json!({"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": hop});
        json!({"id": at("Microsoft.Network/routeTables/t"), "properties": {"routes": [{"name": "r", "properties": route}]}})
    };
    world.records.push(table("10.0.0.4"));
    asks(&world, &["NET012"], "The route table `t` leads packets");
    *world.records.last_mut().unwrap() = table("10.0.0.5");
    check(&world, &["NET012"], true, &expected);
    world.records[1]["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] =
        json!([{"id": at("Microsoft.Network/loadBalancers/l/backendAddressPools/p")}]);
    asks(&world, &["NET012"], "does not hold all route tables");
}

#[test]
fn recommendations_of_defender_are_mended_by_the_same_fix() {
    let off = in_state(
        vm(json!({"properties": {"securityProfile": {"encryptionAtHost": null}}})),
        "PowerState/deallocated",
    );
    // Whether disks are encrypted from within is not told, so that the check cannot say.
    let told = assessment(&vm_id(), "efbbd784-656d-473a-9863-ea7693bfcd2a");
    let handler = json!({"publisher": "Microsoft.Azure.Security", "type": "AzureDiskEncryptionForLinux",
        "provisioningState": "Succeeded"});
    let world = World::new(vec![off, told, extension("ade", handler)]);
    let plan = world.plan(&["DEF005"], Lang::En);
    assert_eq!(plan.fixes.len(), 1);
    assert_eq!(plan.fixes[0].closes[0].code, "DEF005");
    assert_eq!(sent(&world, &plan.fixes[0])[0][0], "PATCH");
    // One that nobody here knows is asked about, with the way to it.
    let other = assessment(&vm_id(), "00000000-1111-2222-3333-444444444444");
    let words = "assessmentKey/00000000-1111-2222-3333-444444444444";
    asks(&World::new(vec![vm(json!({})), other]), &["DEF005"], words);
}

#[test]
fn owners_and_locks_are_told() {
    let change = json!({"tags": {"managed_by": "terraform"}, "properties": {"diagnosticsProfile": null}});
    let lock = |scope: &str, level: &str| {
        json!({"id": format!("{scope}/providers/Microsoft.Authorization/locks/keep"), "name": "keep",
            "type": "Microsoft.Authorization/locks", "properties": {"level": level}})
    };
    let group = format!("{SUBSCRIPTION}/resourceGroups/rg");
    let mut world = World::new(vec![vm(change), lock(&group, "ReadOnly")]);
    let fix = world.plan(&["HRD009"], Lang::En).fixes.remove(0);
    assert_eq!(fix.owner.as_ref().unwrap().kind, OwnerKind::Terraform);
    assert_eq!(fix.locks, [format!("{group}/providers/Microsoft.Authorization/locks/keep")]);
    assert!(notes(&fix).contains("make the change in the code") && notes(&fix).contains("(ReadOnly)"));
    // This one stops deletions alone, and that one is another group's.
    for other in [lock(&group, "CanNotDelete"), lock(&format!("{group}2"), "ReadOnly")] {
        world.records[1] = other;
        assert!(world.plan(&["HRD009"], Lang::En).fixes[0].locks.is_empty());
    }
    // It stops the way back of what makes something.
    let keep = World::new(vec![vm(json!({})), lock(&group, "CanNotDelete")]);
    let fix = keep.plan(&["HRD004"], Lang::En).fixes.remove(0);
    assert!(fix.locks.is_empty() && notes(&fix).contains("its way back, which deletes"));
    let managed = vm_id().replace("/rg/", "/MC_rg_aks_japaneast/");
    world.records[0] = vm(json!({"id": managed, "properties": {"diagnosticsProfile": null}}));
    let fix = world.plan(&["HRD009"], Lang::En).fixes.remove(0);
    assert_eq!(fix.owner.unwrap().kind, OwnerKind::Service);
}

#[test]
fn what_cannot_be_seen_is_not_changed() {
    let world = World::new(vec![vm(json!({"properties": {"diagnosticsProfile": null}}))]);
    let estate = world.estate();
    let outcome = world.judge(&estate, Lang::En);
    let wanted: Vec<_> = outcome.findings.iter().filter(|one| one.check.code == "HRD009").collect();
    let (settings, options) = (&world.settings, &world.options);
    let reach = reach::Reach::new(&estate);
    let planner =
        Planner { estate: &estate, reach: &reach, settings, options, lang: Lang::En, record: &|_| None };
    let plan = plan(&planner, &wanted);
    assert!(plan.fixes.is_empty() && plan.asks.len() == 1);
    assert!(plan.asks[0].question.contains("holds no record"));
    // Scale sets are changed by their model.
    let model = vm(json!({}))["properties"].clone();
    let profile = json!({"storageProfile": model["storageProfile"], "osProfile": model["osProfile"]});
    let set = json!({"id": at("Microsoft.Compute/virtualMachineScaleSets/s"), "location": "japaneast",
        "sku": {"name": "Standard_D2s_v5", "capacity": 1},
        "properties": {"orchestrationMode": "Uniform", "virtualMachineProfile": profile}});
    asks(&World::new(vec![set]), &["HRD009"], "az vmss update-instances");
}

/// An estate with much wrong in it: every finding is planned for, asked about, or on the list of what nothing is to be done
/// about, and no two fixes have one name.
#[test]
fn no_finding_is_forgotten() {
    let bad = json!({"properties": {"diagnosticsProfile": null,
        "securityProfile": {"encryptionAtHost": false, "uefiSettings": {"secureBootEnabled": false}},
        "osProfile": {"adminUsername": "azureuser",
            "linuxConfiguration": {"disablePasswordAuthentication": false, "patchSettings": null}}}});
    let open = json!({"softDeleteSettings": {"softDeleteState": "Disabled"}, "immutabilitySettings": {"state": "Disabled"}});
    let gone = at("Microsoft.Compute/virtualMachines/gone");
    let mut records = vec![vm(bad), disk(json!({"properties": {"networkAccessPolicy": "AllowAll"}}))];
    records.extend(network(&[rule("ssh", 200, "22", "")]));
    records.extend([
        defender(json!({"pricingTier": "Free"})),
        vault(json!({"properties": {"securitySettings": open}})),
        bastion(json!({"properties": {"enableShareableLink": true}})),
        jit(json!([{"id": gone, "ports": [port(22, "*", "P1D")]}])),
    ]);
    let world = World::new(records);
    for lang in [Lang::En, Lang::Ja] {
        let estate = world.estate();
        let outcome = world.judge(&estate, lang);
        let failed: Vec<_> = outcome.findings.iter().filter(|one| one.status == Status::Fail).collect();
        assert!(failed.len() > 25, "{}", failed.len());
        let record = |id: ResourceId| world.get(estate.text(id)).cloned();
        let (settings, options) = (&world.settings, &world.options);
        let reach = reach::Reach::new(&estate);
        let plan = plan(
            &Planner { estate: &estate, reach: &reach, settings, options, lang, record: &record },
            &failed,
        );
        let of_fixes = plan.fixes.iter().flat_map(|fix| &fix.closes);
        let all = of_fixes.chain(plan.asks.iter().flat_map(|ask| &ask.closes));
        let told: Vec<&str> = all.map(|closes| closes.finding.as_str()).collect();
        for finding in &failed {
            let ours = match coverage(finding.check.code).unwrap() {
                Cover::Planned(by) => !by.contains(&By::Network),
                Cover::Asked(_) => true,
                Cover::Nothing(_) => false,
            };
            let id = finding.id(&estate);
            assert!(!ours || told.contains(&id.as_str()), "{id}: {}", finding.message);
        }
        let mut names: HashMap<&str, &str> = HashMap::new();
        for fix in &plan.fixes {
            assert_eq!(names.insert(&fix.id, &fix.title), None, "{}", fix.title);
            assert!(!fix.steps.is_empty() && !fix.closes.is_empty());
        }
        let texts = plan.asks.iter().map(|ask| &ask.question);
        for text in texts.chain(plan.fixes.iter().flat_map(|fix| fix.notes.iter().chain([&fix.title]))) {
            assert_eq!(is_japanese(text), lang == Lang::Ja, "{text}");
        }
    }
}
