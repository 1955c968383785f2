//! Virtual machines: what cannot be changed, power, extensions that fail, and patches.
//!
//! <https://learn.microsoft.com/rest/api/compute/virtual-machines>,
//! <https://learn.microsoft.com/azure/virtual-machines/disks-enable-host-based-encryption-portal#restrictions>

use serde_json::{Map, Value, json};

use super::address::Address;
use super::store::{Change, id_of, text};
use crate::answers::Answer;
use crate::clock::{duration, rfc3339};
use crate::world::World;

/// What is fixed when a VM is made.
const FIXED: [(&str, &str); 4] = [
    ("/properties/osProfile/adminUsername", "osProfile.adminUsername"),
    ("/properties/osProfile/computerName", "osProfile.computerName"),
    (
        "/properties/osProfile/linuxConfiguration/disablePasswordAuthentication",
        "linuxConfiguration.disablePasswordAuthentication",
    ),
    ("/properties/osProfile/linuxConfiguration/ssh/publicKeys", "linuxConfiguration.ssh.publicKeys"),
];

/// Whether a VM may become another one.
pub(crate) fn check(existing: &Value, proposed: &Value) -> Result<(), Answer> {
    for (pointer, name) in FIXED {
        let (was, will) = (existing.pointer(pointer), proposed.pointer(pointer));
        // Azure leaves `false` out of some answers.
        let is = |value: Option<&Value>| value.cloned().unwrap_or(Value::Bool(false));
        let told = will.is_some() && (was.is_some() || will == Some(&Value::Bool(true)));
        if told && is(was) != is(will) {
            return Err(refuse(
                "PropertyChangeNotAllowed",
                &format!("Changing property '{name}' is not allowed."),
                name,
            ));
        }
    }
    let pointer = "/properties/securityProfile/encryptionAtHost";
    let on = |value: &Value| value.pointer(pointer).and_then(Value::as_bool).unwrap_or(false);
    if on(existing) != on(proposed) && power(existing).is_none_or(|code| code != "deallocated") {
        return Err(refuse(
            "OperationNotAllowed",
            "'securityProfile.encryptionAtHost' can be updated only when VM is in deallocated state.",
            "securityProfile.encryptionAtHost",
        ));
    }
    Ok(())
}

fn refuse(code: &str, message: &str, target: &str) -> Answer {
    let mut answer = Answer::error(409, code, message);
    if let Some(error) = answer.body.get_mut("error").and_then(Value::as_object_mut) {
        error.insert("target".to_owned(), target.into());
    }
    answer
}

/// What a PUT leaves out and a VM has for good.
pub(crate) fn keep(existing: &Value, made: &mut Value) {
    for (parent, name) in [("", "osProfile"), ("/storageProfile", "imageReference"), ("", "networkProfile")] {
        let Some(was) = existing.pointer(&format!("/properties{parent}/{name}")) else { continue };
        if let Some(now) = made.pointer_mut(&format!("/properties{parent}")).and_then(Value::as_object_mut) {
            now.entry(name).or_insert_with(|| was.clone());
        }
    }
    let Some(members) = made.as_object_mut() else { return };
    for name in ["resources", "zones", "plan", "identity", "resourceGroup", "tags"] {
        if let Some(was) = existing.get(name) {
            members.entry(name).or_insert_with(|| was.clone());
        }
    }
}

/// Gives an identity that Azure manages its ids, or takes them away.
pub(crate) fn identity(world: &mut World, resource: &mut Value) {
    let tenant = world.tenant.clone();
    let principal = world.guid();
    let Some(identity) = resource.get_mut("identity").and_then(Value::as_object_mut) else { return };
    let kind = identity.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    if kind.contains("systemassigned") {
        identity.entry("principalId").or_insert(principal.into());
        identity.entry("tenantId").or_insert(tenant.into());
    } else {
        identity.shift_remove("principalId");
        identity.shift_remove("tenantId");
    }
}

/// `running`, `deallocated`, …
fn power(machine: &Value) -> Option<String> {
    let statuses = machine.pointer("/properties/instanceView/statuses").and_then(Value::as_array);
    let told = statuses.into_iter().flatten().map(|status| text(status, "/code"));
    let extended = text(machine, "/properties/extended/instanceView/powerState/code");
    let code = told.chain([extended]).find_map(|code| code.strip_prefix("PowerState/"));
    code.map(str::to_ascii_lowercase)
}

/// How a VM is told that its power is another.
pub(crate) fn powered(machine: &Value, code: &str) -> Change {
    let state =
        json!({"code": format!("PowerState/{code}"), "level": "Info", "displayStatus": format!("VM {code}")});
    let mut patch = json!({"properties": {"extended": {"instanceView": {"powerState": state}}}});
    if let Some(statuses) = machine.pointer("/properties/instanceView/statuses").and_then(Value::as_array) {
        let mut statuses: Vec<Value> =
            statuses.iter().filter(|one| !text(one, "/code").starts_with("PowerState/")).cloned().collect();
        statuses.push(state);
        super::store::set(&mut patch, &["properties", "instanceView"], json!({"statuses": statuses}));
    }
    Change::Merge(id_of(machine).to_owned(), patch)
}

/// What an action does.
pub(crate) struct Action {
    pub(crate) name: &'static str,
    pub(crate) changes: Vec<Change>,
    pub(crate) output: Option<Value>,
}

/// Does `action` to a VM; none for what is no action.
pub(crate) fn act(
    world: &mut World,
    machine: &Value,
    action: &str,
    body: &str,
    now: i64,
) -> Option<Result<Action, Answer>> {
    let power = |name, code| Some(Ok(Action { name, changes: vec![powered(machine, code)], output: None }));
    match action.to_ascii_lowercase().as_str() {
        "deallocate" => power("DeallocateVirtualMachineOperation", "deallocated"),
        "start" => power("StartVirtualMachineOperation", "running"),
        "restart" => power("RestartVirtualMachineOperation", "running"),
        "poweroff" => power("StopVirtualMachineOperation", "stopped"),
        "assesspatches" => Some(running(machine).map(|()| assess(world, machine, now))),
        "installpatches" => {
            Some(running(machine).and_then(|()| Ok(install(world, machine, &selection(body)?, now))))
        }
        _ => None,
    }
}

fn running(machine: &Value) -> Result<(), Answer> {
    match power(machine) {
        Some(code) if code != "running" => Err(refuse(
            "OperationNotAllowed",
            "The operation requires the VM to be running (or set to run).",
            text(machine, "/name"),
        )),
        _ => Ok(()),
    }
}

/// The rows of Resource Graph that tell of a VM's patches: how many are lacking, and which.
fn patch_rows(world: &World, machine: &Value) -> Vec<Value> {
    let below = format!("{}/patchassessmentresults/", id_of(machine).to_ascii_lowercase());
    let is = |row: &&Value| id_of(row).to_ascii_lowercase().starts_with(&below);
    world.resources.iter().filter(is).cloned().collect()
}

const COUNTS: &str = "/properties/availablePatchCountByClassification";

fn counts(rows: &[Value]) -> Map<String, Value> {
    rows.iter().find_map(|row| row.pointer(COUNTS)?.as_object()).cloned().unwrap_or_default()
}

fn sum(counts: &Map<String, Value>, wanted: impl Fn(&str) -> bool) -> u64 {
    counts.iter().filter(|(name, _)| wanted(name)).filter_map(|(_, count)| count.as_u64()).sum()
}

fn is_urgent(class: &str) -> bool {
    ["critical", "security"].iter().any(|one| class.eq_ignore_ascii_case(one))
}

fn classes(row: &Value) -> Vec<&str> {
    let all = row.pointer("/properties/classifications").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// <https://learn.microsoft.com/rest/api/compute/virtual-machines/assess-patches>
fn assess(world: &mut World, machine: &Value, now: i64) -> Action {
    let rows = patch_rows(world, machine);
    let told = counts(&rows);
    let activity = world.guid();
    let patches: Vec<Value> = rows
        .iter()
        .filter(|row| row.pointer("/properties/patchName").is_some() || !classes(row).is_empty())
        .map(|row| {
            json!({"patchId": row.get("name"), "name": row.pointer("/properties/patchName"),
                "kbId": row.pointer("/properties/kbId"), "version": row.pointer("/properties/version"),
                "classifications": classes(row), "activityId": activity, "lastModifiedDateTime": rfc3339(now),
                "assessmentState": "Available"})
        })
        .collect();
    let output = json!({"status": "Succeeded", "assessmentActivityId": activity, "rebootPending": false,
        "criticalAndSecurityPatchCount": sum(&told, is_urgent), "otherPatchCount": sum(&told, |name| !is_urgent(name)),
        "startDateTime": rfc3339(now), "availablePatches": patches,
        "error": {"details": [], "code": "Success", "message": "0 error/s reported"}});
    let moment = json!({"properties": {"lastModifiedDateTime": rfc3339(now)}});
    let changes = rows
        .iter()
        .filter(|row| row.pointer(COUNTS).is_some())
        .map(|row| Change::Merge(id_of(row).to_owned(), moment.clone()))
        .collect();
    Action { name: "AssessVirtualMachinePatchesOperation", changes, output: Some(output) }
}

/// The classifications that are to be installed; none are all of them.
fn selection(body: &str) -> Result<Vec<String>, Answer> {
    let invalid = |target: &str, message: &str| {
        let mut answer = Answer::error(400, "InvalidParameter", message);
        if let Some(error) = answer.body.get_mut("error").and_then(Value::as_object_mut) {
            error.insert("target".to_owned(), target.into());
        }
        answer
    };
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    if !["IfRequired", "Never", "Always"].contains(&text(&body, "/rebootSetting")) {
        return Err(invalid("rebootSetting", "Required parameter 'rebootSetting' is missing or invalid."));
    }
    if body
        .get("maximumDuration")
        .is_some_and(|long| long.as_str().is_none_or(|long| duration(long).is_none()))
    {
        return Err(invalid("maximumDuration", "The value of parameter maximumDuration is invalid."));
    }
    let list = |pointer: &str| body.pointer(pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for id in list("/windowsParameters/kbNumbersToInclude")
        .iter()
        .chain(list("/windowsParameters/kbNumbersToExclude"))
    {
        let id = id.as_str().unwrap_or_default();
        let digits = id.strip_prefix("KB").unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid(
                "windowsParameters.kbNumbersToInclude",
                &format!(
                    "The entry in 'kbNumbersToInclude' with value '{id}' is not valid. It must be a KBID such as KB4512508."
                ),
            ));
        }
    }
    let all = ["/windowsParameters/classificationsToInclude", "/linuxParameters/classificationsToInclude"];
    Ok(all
        .iter()
        .flat_map(|pointer| list(pointer))
        .filter_map(|one| Some(one.as_str()?.to_owned()))
        .collect())
}

/// <https://learn.microsoft.com/rest/api/compute/virtual-machines/install-patches>
fn install(world: &mut World, machine: &Value, selected: &[String], now: i64) -> Action {
    let rows = patch_rows(world, machine);
    let wanted =
        |class: &str| selected.is_empty() || selected.iter().any(|one| one.eq_ignore_ascii_case(class));
    let told = counts(&rows);
    let (installed, left) = (sum(&told, wanted), sum(&told, |name| !wanted(name)));
    let (mut changes, mut patches) = (Vec::new(), Vec::new());
    for row in &rows {
        if row.pointer(COUNTS).is_some() {
            let none: Map<String, Value> =
                told.keys().filter(|name| wanted(name)).map(|name| (name.clone(), 0.into())).collect();
            let patch = json!({"properties": {"availablePatchCountByClassification": none,
                "lastModifiedDateTime": rfc3339(now)}});
            changes.push(Change::Merge(id_of(row).to_owned(), patch));
            continue;
        }
        let chosen = classes(row).iter().any(|class| wanted(class));
        patches.push(json!({"patchId": row.get("name"), "name": row.pointer("/properties/patchName"),
            "kbId": row.pointer("/properties/kbId"), "version": row.pointer("/properties/version"),
            "classifications": classes(row), "installationState": if chosen { "Installed" } else { "NotSelected" }}));
        if chosen {
            changes.push(Change::Delete(id_of(row).to_owned()));
        }
    }
    // The VM tells of it too, in its instance view.
    let summary = json!({"patchStatus": {"availablePatchSummary": {
        "criticalAndSecurityPatchCount": sum(&told, |name| !wanted(name) && is_urgent(name)),
        "otherPatchCount": sum(&told, |name| !wanted(name) && !is_urgent(name)), "lastModifiedTime": rfc3339(now)}}});
    for (pointer, patch) in [
        ("/properties/instanceView/patchStatus", json!({"properties": {"instanceView": summary}})),
        (
            "/properties/extended/instanceView/patchStatus",
            json!({"properties": {"extended": {"instanceView": summary}}}),
        ),
    ] {
        if machine.pointer(pointer).is_some() {
            changes.push(Change::Merge(id_of(machine).to_owned(), patch));
        }
    }
    let output = json!({"status": "Succeeded", "installationActivityId": world.guid(), "rebootStatus": "NotNeeded",
        "maintenanceWindowExceeded": false, "excludedPatchCount": 0, "notSelectedPatchCount": left,
        "pendingPatchCount": 0, "installedPatchCount": installed, "failedPatchCount": 0, "patches": patches,
        "startDateTime": rfc3339(now), "error": {"details": [], "code": "Success", "message": "0 error/s reported"}});
    Action { name: "InstallVirtualMachinePatchesOperation", changes, output: Some(output) }
}

/// Whether a resource is an extension of a VM.
pub(crate) fn is_extension(address: &Address) -> bool {
    address.is("Microsoft.Compute/virtualMachines/extensions")
}

/// Whether a resource is a VM.
pub(crate) fn is_machine(address: &Address) -> bool {
    address.is("Microsoft.Compute/virtualMachines")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v";

    fn machine(code: &str) -> Value {
        json!({"id": MACHINE, "name": "v", "properties": {
            "osProfile": {"adminUsername": "a", "linuxConfiguration": {"disablePasswordAuthentication": false}},
            "extended": {"instanceView": {"powerState": {"code": format!("PowerState/{code}")}}}}})
    }

    #[test]
    fn what_is_fixed_stays() {
        let said = |code: &str, patch: Value| {
            let existing = machine(code);
            let mut proposed = existing.clone();
            super::super::store::merge(&mut proposed, &json!({"properties": patch}));
            check(&existing, &proposed)
                .map_err(|answer| (answer.status, text(&answer.body, "/error/code").to_owned()))
        };
        let fixed = Err((409, "PropertyChangeNotAllowed".to_owned()));
        assert_eq!(said("running", json!({"osProfile": {"adminUsername": "b"}})), fixed);
        let keys = json!({"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": true}}});
        assert_eq!(said("running", keys), fixed);
        let mode = json!({"osProfile": {"linuxConfiguration": {"patchSettings": {"patchMode": "AutomaticByPlatform"}}}});
        assert_eq!(said("running", mode), Ok(()));
        let encrypted = json!({"securityProfile": {"encryptionAtHost": true}});
        assert_eq!(said("running", encrypted.clone()), Err((409, "OperationNotAllowed".to_owned())));
        assert_eq!(said("stopped", encrypted.clone()), Err((409, "OperationNotAllowed".to_owned())));
        assert_eq!(said("deallocated", encrypted), Ok(()));
    }

    #[test]
    fn patches_are_installed_by_classification() {
        let mut world = World::new("t", []);
        let results = format!("{MACHINE}/patchAssessmentResults/latest");
        world.add(json!({"id": results, "properties": {"availablePatchCountByClassification": {"critical": 1, "security": 2, "other": 3}}}));
        world.add(json!({"id": format!("{results}/softwarePatches/p"), "properties": {"patchName": "p", "classifications": ["Security"]}}));
        let body = json!({"maximumDuration": "PT4H", "rebootSetting": "IfRequired", "linuxParameters": {"classificationsToInclude": ["Critical", "Security"]}});
        let mut act = |power: &str, body: &Value| {
            act(&mut world, &machine(power), "installPatches", &body.to_string(), 0).unwrap()
        };
        let done = act("running", &body).ok().unwrap();
        let output = done.output.unwrap();
        assert_eq!(
            (&output["installedPatchCount"], &output["notSelectedPatchCount"]),
            (&json!(3), &json!(3))
        );
        assert_eq!(output["patches"][0]["installationState"], "Installed");
        assert!(act("deallocated", &body).is_err_and(|answer| answer.status == 409));
        for odd in [
            json!({}),
            json!({"rebootSetting": "Never", "maximumDuration": 4}),
            json!({"rebootSetting": "Never", "windowsParameters": {"kbNumbersToInclude": ["1111"]}}),
        ] {
            assert!(act("running", &odd).is_err_and(|answer| answer.status == 400), "{odd}");
        }
        done.changes.iter().for_each(|change| super::super::store::apply(&mut world, change, 0));
        let rows = patch_rows(&world, &machine("running"));
        assert_eq!(rows.len(), 1);
        assert_eq!(
            rows[0]["properties"]["availablePatchCountByClassification"],
            json!({"critical": 0, "security": 0, "other": 3})
        );
    }
}
