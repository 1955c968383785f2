//! Virtual machines, their disks and extensions.
//!
//! Defaults are those of <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs>; `azurerm_virtual_machine`
//! has others than its successors.

use std::collections::BTreeSet;

use super::block::Block;
use super::body::{Body, Props, is, joined, list_of};
use super::convert::Maker;
use super::ids::MACHINES;
use super::joint::Joint;
use super::version::Documented;
use crate::value::{Kind, Member, Object, Value};

const NICS: &[&str] = &["azurerm_network_interface"];
pub(super) const KEY_SETS: &[&str] = &["azurerm_disk_encryption_set"];
pub(super) const DISKS: &[&str] = &["azurerm_managed_disk"];

/// Which operating system a type is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Os {
    Linux,
    Windows,
}

impl Os {
    pub(super) fn of(kind: &str) -> Option<Self> {
        if kind.contains("_linux_") {
            return Some(Self::Linux);
        }
        kind.contains("_windows_").then_some(Self::Windows)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Windows => "Windows",
        }
    }
}

pub(super) fn body<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, kind: &str) -> Option<Body> {
    if kind == "azurerm_virtual_machine" {
        return Some(super::legacy::machine(maker, block));
    }
    if MACHINES.contains(&kind) {
        return Os::of(kind).map(|os| machine(maker, block, os));
    }
    let (top, mut properties) = (Props::default(), Props::default());
    match kind.strip_prefix("azurerm_")? {
        "virtual_machine_extension" | "virtual_machine_scale_set_extension" => {
            extension(block, &mut properties)
        }
        "availability_set" => {}
        _ => return None,
    }
    Some(Body { top, properties, whole: None })
}

fn machine<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, os: Os) -> Body {
    let (mut top, mut properties) = (Props::default(), Props::default());
    identity(maker, block, &mut top);
    plan(block, &mut top);
    zone(block, &mut top);
    let mut hardware = Props::default();
    hardware.take(block, &[("vmSize", "size")]);
    properties.inner("hardwareProfile", hardware, block.at);
    let mut storage = Props::default();
    image(block, &mut storage);
    if let Some(disk) = block.block("os_disk") {
        let mut fields = os_disk(maker, &disk, os);
        // https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/linux_virtual_machine#os_managed_disk_id
        match maker.estate.reference(block, "os_managed_disk_id", DISKS) {
            Some(existing) => {
                fields.text("createOption", "Attach", disk.at);
                fields.set("managedDisk", existing);
            }
            None => fields.text("createOption", "FromImage", disk.at),
        }
        storage.set("osDisk", fields.object(disk.at));
    } else {
        let mut fields = Props::default();
        fields.text("osType", os.name(), block.at);
        storage.set("osDisk", fields.object(block.at));
    }
    data_disks(maker, block, &mut storage, None);
    properties.set("storageProfile", storage.object(block.at));
    // With a disk that is there already nothing is known of the accounts on it.
    if block.filled("os_managed_disk_id").is_none() {
        let mut profile = os_profile(maker, block, os, &MACHINE_NAMES);
        profile.or(
            maker.estate,
            block,
            ("allowExtensionOperations", "allow_extension_operations"),
            Documented::Flag(true),
        );
        properties.set("osProfile", profile.object(block.at));
    }
    interfaces(maker, block, &mut properties);
    security(block, &mut properties);
    boot(block, &mut properties);
    properties.take(block, &[("licenseType", "license_type"), ("userData", "user_data")]);
    properties.or(maker.estate, block, ("priority", "priority"), Documented::Text("Regular"));
    let sets = super::ids::SCALE_SETS;
    properties
        .maybe("virtualMachineScaleSet", maker.estate.reference(block, "virtual_machine_scale_set_id", sets));
    Body { top, properties, whole: None }
}

/// What machines and scale sets call the same things.
pub(super) struct Names {
    pub(super) computer: (&'static str, &'static str),
    pub(super) updates: [&'static str; 2],
}

const MACHINE_NAMES: Names = Names {
    computer: ("computerName", "computer_name"),
    updates: ["automatic_updates_enabled", "enable_automatic_updates"],
};

/// The profile of the operating system, where the attributes stand in the resource itself.
pub(super) fn os_profile<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, os: Os, names: &Names) -> Props {
    let estate = maker.estate;
    let mut profile = Props::default();
    profile.take(
        block,
        &[
            ("adminUsername", "admin_username"),
            ("adminPassword", "admin_password"),
            ("customData", "custom_data"),
            names.computer,
        ],
    );
    let mut patches = Props::default();
    let mode = if os == Os::Linux { "ImageDefault" } else { "AutomaticByOS" };
    // Of scale sets these are the orchestrated ones' alone.
    let sole = names.computer.0 == "computerName" || block.has("patch_mode");
    if sole {
        patches.or(estate, block, ("patchMode", "patch_mode"), Documented::Text(mode));
        patches.or(
            estate,
            block,
            ("assessmentMode", "patch_assessment_mode"),
            Documented::Text("ImageDefault"),
        );
    }
    let mut by_platform = Props::default();
    by_platform.take(
        block,
        &[
            (
                "bypassPlatformSafetyChecksOnUserSchedule",
                "bypass_platform_safety_checks_on_user_schedule_enabled",
            ),
            ("rebootSetting", "reboot_setting"),
        ],
    );
    patches.inner("automaticByPlatformSettings", by_platform, block.at);
    let mut inner = Props::default();
    inner.or(estate, block, ("provisionVMAgent", "provision_vm_agent"), Documented::Flag(true));
    inner.inner("patchSettings", patches, block.at);
    match os {
        Os::Linux => {
            let password = ("disablePasswordAuthentication", "disable_password_authentication");
            inner.or(estate, block, password, Documented::Flag(true));
            let user = block.text("admin_username");
            let keys = list_of(block, "admin_ssh_key", |key, _| {
                let mut fields = Props::default();
                let name = key.text("username").or_else(|| user.clone());
                if let Some(name) = name {
                    fields.text("path", &format!("/home/{name}/.ssh/authorized_keys"), key.at);
                }
                fields.take(key, &[("keyData", "public_key")]);
                fields.object(key.at)
            });
            public_keys(keys, block, &mut inner);
            profile.set("linuxConfiguration", inner.object(block.at));
        }
        Os::Windows => {
            let [now, before] = names.updates;
            let updates = block.get(now).or_else(|| block.get(before));
            let updates = updates.unwrap_or_else(|| Value::new(Kind::Bool(true), block.at));
            inner.set("enableAutomaticUpdates", updates);
            inner.take(block, &[("timeZone", "timezone")]);
            win_rm(block, "winrm_listener", &mut inner);
            profile.set("windowsConfiguration", inner.object(block.at));
        }
    }
    profile
}

pub(super) fn public_keys(keys: Option<Value>, block: &Block<'_>, inner: &mut Props) {
    if let Some(keys) = keys {
        inner.set("ssh", Value::of_object(vec![("publicKeys", keys)], block.at));
    }
}

pub(super) fn win_rm(block: &Block<'_>, name: &str, inner: &mut Props) {
    let listeners = list_of(block, name, |listener, _| {
        let mut fields = Props::default();
        fields.take(listener, &[("protocol", "protocol"), ("certificateUrl", "certificate_url")]);
        fields.object(listener.at)
    });
    if let Some(listeners) = listeners {
        inner.set("winRM", Value::of_object(vec![("listeners", listeners)], block.at));
    }
}

pub(super) fn os_disk<'p>(maker: &Maker<'_, 'p>, disk: &Block<'p>, os: Os) -> Props {
    let mut fields = Props::default();
    fields.take(disk, &[("name", "name"), ("caching", "caching"), ("diskSizeGB", "disk_size_gb")]);
    fields.text("osType", os.name(), disk.at);
    fields.inner("managedDisk", managed(maker, disk, "storage_account_type"), disk.at);
    if let Some(local) = disk.block("diff_disk_settings") {
        let mut inner = Props::default();
        inner.take(&local, &[("option", "option"), ("placement", "placement")]);
        fields.inner("diffDiskSettings", inner, local.at);
    }
    fields
}

pub(super) fn managed<'p>(maker: &Maker<'_, 'p>, disk: &Block<'p>, kind: &str) -> Props {
    let mut managed = Props::default();
    managed.take(disk, &[("storageAccountType", kind)]);
    managed.maybe("diskEncryptionSet", maker.estate.reference(disk, "disk_encryption_set_id", KEY_SETS));
    let mut security = Props::default();
    security.take(disk, &[("securityEncryptionType", "security_encryption_type")]);
    managed.inner("securityProfile", security, disk.at);
    managed
}

pub(super) fn data_disks<'p>(
    maker: &Maker<'_, 'p>,
    block: &Block<'p>,
    storage: &mut Props,
    own: Option<Value>,
) {
    let attached = maker.belongings.disks(block.resource);
    let attached = (!attached.is_empty()).then(|| Value::of_list(attached, block.at));
    storage.maybe("dataDisks", joined([own, attached], block.at));
}

pub(super) fn image(block: &Block<'_>, storage: &mut Props) {
    let mut fields = Props::default();
    if let Some(reference) = block.block("source_image_reference") {
        market(&reference, &mut fields);
        storage.inner("imageReference", fields, reference.at);
    } else if let Some(id) = block.filled("source_image_id") {
        let at = id.at;
        let name = match id.text().map(str::to_ascii_lowercase) {
            Some(text) if text.starts_with("/communitygalleries/") => "communityGalleryImageId",
            Some(text) if text.starts_with("/sharedgalleries/") => "sharedGalleryImageId",
            _ => "id",
        };
        fields.set(name, id);
        storage.inner("imageReference", fields, at);
    }
}

pub(super) fn market(reference: &Block<'_>, fields: &mut Props) {
    fields.take(
        reference,
        &[
            ("publisher", "publisher"),
            ("offer", "offer"),
            ("sku", "sku"),
            ("version", "version"),
            ("id", "id"),
        ],
    );
}

/// The first NIC is the primary one.
pub(super) fn interfaces<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    let Some(joints) = maker.estate.joints(block, "network_interface_ids", NICS) else { return };
    let first = block.text("primary_network_interface_id").map(|id| id.to_lowercase());
    let nics = match joints {
        Err(unknown) => unknown,
        Ok(joints) => {
            let nic = |(index, joint): (usize, Joint)| match joint {
                Joint::Open(unknown, _) => unknown,
                Joint::To(id, _) => {
                    let at = id.at;
                    let primary = match (&first, id.text()) {
                        (Some(first), Some(id)) => *first == id.to_lowercase(),
                        _ => index == 0,
                    };
                    let primary =
                        Value::of_object(vec![("primary", Value::new(Kind::Bool(primary), at))], at);
                    Value::of_object(vec![("id", id), ("properties", primary)], at)
                }
            };
            Value::of_list(joints.into_iter().enumerate().map(nic).collect(), block.at)
        }
    };
    let at = block.get("network_interface_ids").map_or(block.at, |value| value.at);
    properties.set("networkProfile", Value::of_object(vec![("networkInterfaces", nics)], at));
}

/// Trusted launch is what a machine with either of its parts is made with.
pub(super) fn security(block: &Block<'_>, properties: &mut Props) {
    let mut fields = Props::default();
    // Left out it is off: the provider sends nothing, and Azure's own default is off.
    let host = block.get("encryption_at_host_enabled");
    fields.set("encryptionAtHost", host.unwrap_or_else(|| Value::new(Kind::Bool(false), block.at)));
    let mut firmware = Props::default();
    firmware.take(block, &[("secureBootEnabled", "secure_boot_enabled"), ("vTpmEnabled", "vtpm_enabled")]);
    let on = |name: &str| block.get(name).is_some_and(|value| is(&value, true));
    let doubt = ["secure_boot_enabled", "vtpm_enabled"]
        .iter()
        .find_map(|name| block.get(name).filter(|value| value.doubt().is_some()));
    let confidential = block.block("os_disk").and_then(|disk| disk.filled("security_encryption_type"));
    if let Some(kind) = confidential {
        fields.text("securityType", "ConfidentialVM", kind.at);
    } else if on("secure_boot_enabled") || on("vtpm_enabled") {
        fields.text("securityType", "TrustedLaunch", block.at);
    } else if let Some(doubt) = doubt {
        fields.set("securityType", doubt);
    }
    fields.inner("uefiSettings", firmware, block.at);
    properties.set("securityProfile", fields.object(block.at));
}

/// With the block they are on; without an account they go to one of Azure's.
pub(super) fn boot(block: &Block<'_>, properties: &mut Props) {
    let blocks = block.blocks("boot_diagnostics");
    let mut fields = Props::default();
    match (blocks.unknown, blocks.all.first()) {
        (Some(unknown), _) => {
            let at = unknown.at;
            properties.set("diagnosticsProfile", Value::of_object(vec![("bootDiagnostics", unknown)], at));
            return;
        }
        (None, Some(one)) => {
            let on = one.get("enabled").unwrap_or_else(|| Value::new(Kind::Bool(true), one.at));
            fields.set("enabled", on);
            fields.take(one, &[("storageUri", "storage_account_uri")]);
            fields.take(one, &[("storageUri", "storage_uri")]);
        }
        (None, None) => fields.set("enabled", Value::new(Kind::Bool(false), block.at)),
    }
    let fields = fields.object(block.at);
    properties.set("diagnosticsProfile", Value::of_object(vec![("bootDiagnostics", fields)], block.at));
}

/// `identity`, with the identities that somebody has made as the names of members.
pub(super) fn identity<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, top: &mut Props) {
    let blocks = block.blocks("identity");
    if let Some(unknown) = blocks.unknown {
        top.set("identity", unknown);
        return;
    }
    let Some(one) = blocks.all.first() else { return };
    if let Some(unknown) = one.get("type").filter(|kind| kind.doubt().is_some()) {
        return top.set("identity", unknown);
    }
    let mut fields = Props::default();
    fields.take(one, &[("type", "type"), ("tenantId", "tenant_id")]);
    fields.maybe("principalId", one.filled("principal_id").filter(|id| id.text().is_some()));
    if let Some(Ok(all)) = maker.estate.joints(one, "identity_ids", &["azurerm_user_assigned_identity"]) {
        let mut seen = BTreeSet::new();
        let member = |joint: Joint| {
            let id = joint.id();
            let name = id.shown()?.into_owned();
            let value = Value::of_object(Vec::new(), id.at);
            seen.insert(name.clone()).then(|| Member { name: name.as_str().into(), at: id.at, value })
        };
        let members: Vec<Member> = all.into_iter().filter_map(member).collect();
        if !members.is_empty() {
            fields
                .set("userAssignedIdentities", Value::new(Kind::Object(Object::new(members).into()), one.at));
        }
    }
    top.inner("identity", fields, one.at);
}

pub(super) fn plan(block: &Block<'_>, top: &mut Props) {
    if let Some(plan) = block.block("plan") {
        let mut fields = Props::default();
        fields.take(&plan, &[("name", "name"), ("product", "product"), ("publisher", "publisher")]);
        top.inner("plan", fields, plan.at);
    }
}

pub(super) fn zone(block: &Block<'_>, top: &mut Props) {
    if let Some(zones) = block.get("zones") {
        top.set("zones", zones);
    } else if let Some(zone) = block.filled("zone") {
        let at = zone.at;
        top.set("zones", Value::of_list(vec![zone], at));
    }
}

/// An extension; its settings are JSON in a text.
pub(super) fn extension(block: &Block<'_>, properties: &mut Props) {
    properties.take(
        block,
        &[
            ("publisher", "publisher"),
            ("type", "type"),
            ("typeHandlerVersion", "type_handler_version"),
            ("autoUpgradeMinorVersion", "auto_upgrade_minor_version"),
            ("enableAutomaticUpgrade", "automatic_upgrade_enabled"),
            ("protectedSettings", "protected_settings"),
        ],
    );
    let address = block.address("settings");
    let settings = block.filled("settings");
    properties.maybe("settings", settings.map(|all| super::azapi::without_secrets(all, &address)));
}
