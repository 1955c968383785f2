//! The extensions of machines.
//!
//! INVARIANT: only extensions that are known to need no secret are taken over, settings only of those that are known to
//! hold none there, and protected settings of none.

use serde_json::{Map, Value, json};

use super::LeftOutKind;
use super::allow::{self, EXTENSION};
use super::copying::escaped;
use super::draft::{Draft, set};
use super::records::{field, list, member, name_of, parent, path, text, type_of};
use super::secrets;

/// An extension that may be taken over.
struct Known {
    publisher: &'static str,
    kind: &'static str,
    /// Whether its settings may be, too.
    settings: bool,
}

const fn known(publisher: &'static str, kind: &'static str, settings: bool) -> Known {
    Known { publisher, kind, settings }
}

/// Extensions that work with no settings, or with ones that are no secret.
///
/// Source: the pages under <https://learn.microsoft.com/azure/virtual-machines/extensions/>.
const KNOWN: [Known; 17] = [
    known("Microsoft.Azure.ActiveDirectory", "AADLoginForWindows", true),
    known("Microsoft.Azure.ActiveDirectory", "AADSSHLoginForLinux", true),
    known("Microsoft.Azure.ChangeTrackingAndInventory", "ChangeTracking-Linux", false),
    known("Microsoft.Azure.ChangeTrackingAndInventory", "ChangeTracking-Windows", false),
    known("Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent", false),
    known("Microsoft.Azure.Monitor", "AzureMonitorWindowsAgent", false),
    known("Microsoft.Azure.Monitoring.DependencyAgent", "DependencyAgentLinux", false),
    known("Microsoft.Azure.Monitoring.DependencyAgent", "DependencyAgentWindows", false),
    known("Microsoft.Azure.NetworkWatcher", "NetworkWatcherAgentLinux", false),
    known("Microsoft.Azure.NetworkWatcher", "NetworkWatcherAgentWindows", false),
    known("Microsoft.Azure.Security", "IaaSAntimalware", true),
    known("Microsoft.Azure.Security.LinuxAttestation", "GuestAttestation", true),
    known("Microsoft.Azure.Security.WindowsAttestation", "GuestAttestation", true),
    known("Microsoft.GuestConfiguration", "ConfigurationForLinux", false),
    known("Microsoft.GuestConfiguration", "ConfigurationforWindows", false),
    known("Microsoft.HpcCompute", "NvidiaGpuDriverLinux", false),
    known("Microsoft.HpcCompute", "NvidiaGpuDriverWindows", false),
];

/// Writes the extensions of a machine.
pub(super) fn write(draft: &mut Draft<'_>, machine: &str) {
    let Some(record) = draft.records.one(machine) else { return };
    let own = draft.records.of_type("microsoft.compute/virtualmachines/extensions");
    let mut all: Vec<Value> =
        own.filter(|(id, _)| parent(id) == Some(machine)).map(|(_, record)| record.clone()).collect();
    let inside = list(record, &["resources"]).iter().chain(list(record, &["extensions"]));
    for extension in inside {
        let Some(id) = member(extension, "id").and_then(Value::as_str) else { continue };
        let is_there = |it: &Value| text(it, &["id"]).is_some_and(|its| its.eq_ignore_ascii_case(id));
        if type_of(id).ends_with("/extensions") && !all.iter().any(is_there) && kind_of(extension).is_some() {
            all.push(extension.clone());
        }
    }
    all.sort_by_cached_key(|it| text(it, &["id"]).unwrap_or_default().to_ascii_lowercase());
    let machine = draft.name(machine);
    for extension in &all {
        one(draft, &machine, extension);
    }
}

/// The type of an extension: `az` has a name of its own for it, as `type` is that of the resource there.
fn kind_of(extension: &Value) -> Option<&str> {
    let inner = path(extension, &["properties"]).and_then(|it| member(it, "type")).and_then(Value::as_str);
    let names = ["typePropertiesType", "virtualMachineExtensionType"];
    inner.or_else(|| names.iter().find_map(|name| text(extension, &[name])))
}

fn one(draft: &mut Draft<'_>, machine: &str, extension: &Value) {
    let name = text(extension, &["id"]).map(name_of).unwrap_or_default().to_owned();
    let publisher = text(extension, &["publisher"]).unwrap_or_default();
    let Some(kind) = kind_of(extension) else { return draft.leave(LeftOutKind::Extension, machine, &name) };
    if publisher.eq_ignore_ascii_case("Microsoft.Azure.AzureDefenderForServers") {
        return draft.leave(LeftOutKind::DefenderExtension, machine, &name);
    }
    let known = KNOWN
        .iter()
        .find(|it| it.publisher.eq_ignore_ascii_case(publisher) && it.kind.eq_ignore_ascii_case(kind));
    let Some(known) = known else { return draft.leave(LeftOutKind::Extension, machine, &name) };
    let mut properties = json!({"publisher": known.publisher, "type": known.kind});
    let rest = draft.copy(extension, EXTENSION.properties, machine);
    let has =
        |key: &str| field(extension, key).is_some_and(|it| it.as_object().is_some_and(|it| !it.is_empty()));
    for key in ["protectedSettings", "protectedSettingsFromKeyVault"] {
        if has(key) {
            draft.leave(LeftOutKind::ProtectedSettings, machine, &name);
        }
    }
    if let Some(inner) = properties.as_object_mut() {
        inner.extend(rest.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
        if let Some(settings) = field(extension, "settings").filter(|_| has("settings")) {
            let clean = if known.settings { clean(settings, 0) } else { None };
            if clean.as_ref() != Some(settings) {
                draft.leave(LeftOutKind::ExtensionSettings, machine, &name);
            }
            if let Some(clean) = clean {
                inner.insert("settings".to_owned(), clean);
            }
        }
    }
    push(draft, machine, &name, properties);
}

/// Settings without what looks secret.
fn clean(value: &Value, depth: usize) -> Option<Value> {
    match value {
        _ if depth > 8 => None,
        Value::String(text) if secrets::looks_secret(text) => None,
        Value::String(text) => Some(json!(escaped(text))),
        Value::Array(all) => Some(all.iter().filter_map(|it| clean(it, depth + 1)).collect()),
        Value::Object(all) => {
            let kept = all
                .iter()
                .filter(|(name, value)| !secrets::is_secret(name, value.as_str().unwrap_or_default()));
            let kept: Map<String, Value> =
                kept.filter_map(|(name, it)| Some((escaped(name), clean(it, depth + 1)?))).collect();
            Some(Value::Object(kept))
        }
        other => Some(other.clone()),
    }
}

/// Adds an extension to a machine.
pub(super) fn push(draft: &mut Draft<'_>, machine: &str, name: &str, properties: Value) {
    let owner = draft.own(&allow::MACHINE, machine);
    let body = json!({
        // Only to wait for the machine: `dependsOn` is made of references.
        "dependsOn": owner,
        "location": "[parameters('location')]",
        "properties": properties,
    });
    draft.push(&EXTENSION, format!("{machine}/{name}"), body);
}

/// Gives the extension of a type on a machine other settings: its name, where it has one and they differ.
pub(super) fn settle(draft: &mut Draft<'_>, machine: &str, kind: &str, settings: &Value) -> Option<String> {
    let found = draft.resources.iter_mut().find(|it| {
        let its = it.body.pointer("/properties/type").and_then(Value::as_str);
        it.kind.name == EXTENSION.name
            && it.name.split('/').next() == Some(machine)
            && its.is_some_and(|its| its.eq_ignore_ascii_case(kind))
    })?;
    let differs = found.body.pointer("/properties/settings") != Some(settings);
    (differs && set(&mut found.body, "/properties/settings", settings.clone())).then(|| found.name.clone())
}

/// Whether a machine of the template has an extension of a type.
pub(super) fn has(draft: &Draft<'_>, machine: &str, kind: &str) -> bool {
    draft.resources.iter().any(|it| {
        let its = it.body.pointer("/properties/type").and_then(Value::as_str);
        it.kind.name == EXTENSION.name
            && it.name.split('/').next() == Some(machine)
            && its.is_some_and(|its| its.eq_ignore_ascii_case(kind))
    })
}
