//! What hardening changes in the machines.
//!
//! INVARIANT: only what the image and the system take is asked for; where nobody can tell it is left out and told, as a
//! template that Azure refuses protects nobody.

use serde_json::{Value, json};

use super::allow::MACHINE;
use super::draft::{Draft, set};
use super::records::{path, reference, text};
use super::{ChangeKind, LeftOutKind, compute, extensions};

/// Changes the machines and adds their extensions.
pub(super) fn machines(draft: &mut Draft<'_>) {
    for id in draft.machines.clone() {
        let Some(record) = draft.records.one(&id) else { continue };
        let name = draft.name(&id);
        let windows = compute::is_windows(record);
        account(draft, record, &name, windows);
        let attested = security(draft, record, &name);
        put(
            draft,
            &name,
            "/properties/diagnosticsProfile/bootDiagnostics/enabled",
            true,
            ChangeKind::BootDiagnostics,
        );
        identity(draft, &name);
        added(draft, record, &name, windows, attested);
        draft.leave(LeftOutKind::SystemDiskAccess, &name, "");
        draft.leave(LeftOutKind::DefenderForEndpoint, &name, "");
    }
}

fn put(draft: &mut Draft<'_>, name: &str, at: &str, value: impl Into<Value>, kind: ChangeKind) {
    if draft.body(&MACHINE, name).is_some_and(|body| set(body, at, value.into())) {
        draft.change(kind, &MACHINE, name, at, "");
    }
}

fn account(draft: &mut Draft<'_>, record: &Value, name: &str, windows: bool) {
    let at = "/properties/osProfile";
    draft.change(ChangeKind::AdminName, &MACHINE, name, &format!("{at}/adminUsername"), "");
    let family = if windows { "windowsConfiguration" } else { "linuxConfiguration" };
    let keys = ["osProfile", "linuxConfiguration", "disablePasswordAuthentication"];
    if !windows && path(record, &keys) != Some(&json!(true)) {
        let at = format!("{at}/linuxConfiguration/disablePasswordAuthentication");
        draft.change(ChangeKind::KeysOnly, &MACHINE, name, &at, "");
    }
    // Both are so where nothing is said: https://learn.microsoft.com/rest/api/compute/virtual-machines/create-or-update
    for key in [format!("{at}/{family}/provisionVMAgent"), format!("{at}/allowExtensionOperations")] {
        let off = draft.body(&MACHINE, name).and_then(|it| it.pointer(&key)) == Some(&json!(false));
        if off {
            put(draft, name, &key, true, ChangeKind::Agent);
        }
    }
    let patches = format!("{at}/{family}/patchSettings");
    let of_market = path(record, &["storageProfile", "imageReference", "publisher"]).is_some();
    if !of_market {
        draft.leave(LeftOutKind::PlatformUpdates, name, "");
    } else {
        put(draft, name, &format!("{patches}/patchMode"), "AutomaticByPlatform", ChangeKind::Patching);
        let settings = format!("{patches}/automaticByPlatformSettings");
        let waits = format!("{settings}/bypassPlatformSafetyChecksOnUserSchedule");
        if draft.body(&MACHINE, name).and_then(|it| it.pointer(&waits)) == Some(&json!(true)) {
            // It waits for a schedule that the template does not have.
            put(draft, name, &waits, false, ChangeKind::Patching);
        }
        put(draft, name, &format!("{patches}/assessmentMode"), "AutomaticByPlatform", ChangeKind::Patching);
        if windows {
            let automatic = format!("{at}/windowsConfiguration/enableAutomaticUpdates");
            put(draft, name, &automatic, true, ChangeKind::Patching);
        }
    }
}

/// Trusted launch and encryption at host; answers whether there is something to attest.
fn security(draft: &mut Draft<'_>, record: &Value, name: &str) -> bool {
    let at = "/properties/securityProfile";
    let kind = text(record, &["securityProfile", "securityType"]).unwrap_or_default();
    let confidential = kind.eq_ignore_ascii_case("ConfidentialVM");
    // The host cannot encrypt what it may not see: confidential machines encrypt their disks themselves.
    if !confidential {
        put(draft, name, &format!("{at}/encryptionAtHost"), true, ChangeKind::EncryptionAtHost);
    }
    let generation = generation(draft, record);
    let trusted = kind.eq_ignore_ascii_case("TrustedLaunch") || confidential;
    if !trusted && generation.as_deref() != Some("V2") {
        draft.leave(LeftOutKind::TrustedLaunch, name, generation.as_deref().unwrap_or_default());
        return false;
    }
    if !trusted {
        put(draft, name, &format!("{at}/securityType"), "TrustedLaunch", ChangeKind::TrustedLaunch);
    }
    for part in ["secureBootEnabled", "vTpmEnabled"] {
        put(draft, name, &format!("{at}/uefiSettings/{part}"), true, ChangeKind::TrustedLaunch);
    }
    true
}

/// The generation of the image: the disk tells it, the view of the instance does, or the name of the image.
fn generation(draft: &Draft<'_>, record: &Value) -> Option<String> {
    let disk =
        reference(record, &["storageProfile", "osDisk", "managedDisk"]).and_then(|id| draft.records.one(id));
    let of_disk = disk.and_then(|disk| text(disk, &["hyperVGeneration"]));
    let views =
        [vec!["instanceView", "hyperVGeneration"], vec!["extended", "instanceView", "hyperVGeneration"]];
    let of_view = || views.iter().find_map(|view| text(record, view));
    let told = of_disk.or_else(of_view).map(str::to_ascii_uppercase);
    let sku =
        text(record, &["storageProfile", "imageReference", "sku"]).unwrap_or_default().to_ascii_lowercase();
    let of_sku = || {
        let offer = text(record, &["storageProfile", "imageReference", "offer"])
            .unwrap_or_default()
            .to_ascii_lowercase();
        // Since 24.04 Ubuntu's plain names are those of the second generation: `server` beside `server-gen1`.
        let ubuntu = ["ubuntu-24_", "ubuntu-25_", "ubuntu-26_"].iter().any(|start| offer.starts_with(start));
        let second = ["gen2", "-g2", "gensecond"].iter().any(|end| sku.ends_with(end))
            || ubuntu && !sku.contains("gen1") && !sku.is_empty();
        let first = ["gen1", "-g1"].iter().any(|end| sku.ends_with(end));
        (second || first).then(|| if second { "V2" } else { "V1" }.to_owned())
    };
    told.or_else(of_sku)
}

fn identity(draft: &mut Draft<'_>, name: &str) {
    let Some(body) = draft.body(&MACHINE, name) else { return };
    let kind = match body.pointer("/identity/type").and_then(Value::as_str) {
        Some(kind) if kind.contains("SystemAssigned") => return,
        Some(_) => "SystemAssigned, UserAssigned",
        None => "SystemAssigned",
    };
    put(draft, name, "/identity/type", kind, ChangeKind::Identity);
}

/// Publishers of Linux images that take sign-in with Entra ID.
///
/// Source: <https://learn.microsoft.com/entra/identity/devices/howto-vm-sign-in-azure-ad-linux>
const ENTRA_LINUX: [&str; 9] = [
    "almalinux",
    "canonical",
    "debian",
    "microsoftcblmariner",
    "oracle",
    "redhat",
    "resf",
    "suse",
    "microsoft-azurelinux",
];

/// Whether an image takes sign-in with Entra ID: Windows Server 2019 and Windows 10 and later.
fn takes_entra(record: &Value, windows: bool) -> bool {
    let of = |key: &str| {
        text(record, &["storageProfile", "imageReference", key]).unwrap_or_default().to_ascii_lowercase()
    };
    if !windows {
        return ENTRA_LINUX.contains(&of("publisher").as_str());
    }
    let (publisher, sku) = (of("publisher"), of("sku"));
    let later = ["2019", "2022", "2025"].iter().any(|year| sku.contains(year));
    publisher == "microsoftwindowsserver" && later
        || publisher == "microsoftwindowsdesktop" && sku.starts_with("win1")
}

fn added(draft: &mut Draft<'_>, record: &Value, name: &str, windows: bool, attested: bool) {
    let mut add = |extension: &str, publisher: &str, kind: &str, version: &str, settings: Value, why| {
        if extensions::has(draft, name, kind) {
            return;
        }
        let mut properties = json!({
            "publisher": publisher,
            "type": kind,
            "typeHandlerVersion": version,
            "autoUpgradeMinorVersion": true,
        });
        if kind.starts_with("Configuration") || kind == "GuestAttestation" {
            set(&mut properties, "/enableAutomaticUpgrade", json!(true));
        }
        if !settings.is_null() {
            set(&mut properties, "/settings", settings);
        }
        extensions::push(draft, name, extension, properties);
        let full = format!("{name}/{extension}");
        draft.change(why, &super::allow::EXTENSION, &full, "", "");
    };
    if attested {
        let family = if windows { "WindowsAttestation" } else { "LinuxAttestation" };
        let publisher = format!("Microsoft.Azure.Security.{family}");
        let why = ChangeKind::GuestAttestation;
        add("GuestAttestation", &publisher, "GuestAttestation", "1.0", Value::Null, why);
    }
    let (policy, kind) = match windows {
        true => ("AzurePolicyforWindows", "ConfigurationforWindows"),
        false => ("AzurePolicyforLinux", "ConfigurationForLinux"),
    };
    let why = ChangeKind::GuestPolicy;
    add(policy, "Microsoft.GuestConfiguration", kind, "1.0", Value::Null, why);
    let entra = takes_entra(record, windows);
    if entra {
        let kind = if windows { "AADLoginForWindows" } else { "AADSSHLoginForLinux" };
        let version = if windows { "2.0" } else { "1.0" };
        let why = ChangeKind::EntraSignIn;
        add(kind, "Microsoft.Azure.ActiveDirectory", kind, version, Value::Null, why);
    }
    if windows {
        let settings = json!({
            "AntimalwareEnabled": true,
            "RealtimeProtectionEnabled": "true",
            "ScheduledScanSettings": {"isEnabled": "true", "day": "7", "time": "120", "scanType": "Quick"},
        });
        let why = ChangeKind::Antimalware;
        add("IaaSAntimalware", "Microsoft.Azure.Security", "IaaSAntimalware", "1.3", settings.clone(), why);
        // One that is there may leave out folders, or not look at files as they are opened.
        if let Some(full) = extensions::settle(draft, name, "IaaSAntimalware", &settings) {
            draft.change(why, &super::allow::EXTENSION, &full, "/properties/settings", "");
        }
    }
    if !entra {
        draft.leave(LeftOutKind::EntraSignIn, name, "");
    }
}
