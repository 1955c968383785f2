//! `azurerm_virtual_machine`, the type before there was one for each operating system, and what its scale set shares.
//!
//! Its defaults are others than Azure's: <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/virtual_machine>.

use super::block::Block;
use super::body::{Body, Props, list_of};
use super::compute::{
    DISKS, Os, boot, data_disks, identity, interfaces, market, plan, public_keys, win_rm, zone,
};
use super::convert::Maker;
use super::joint::Joint;
use super::version::Documented;
use crate::value::{Kind, Value};

/// `azurerm_virtual_machine`, which keeps to the shape of Azure more closely.
pub(super) fn machine<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>) -> Body {
    let (mut top, mut properties) = (Props::default(), Props::default());
    identity(maker, block, &mut top);
    plan(block, &mut top);
    zone(block, &mut top);
    let mut hardware = Props::default();
    hardware.take(block, &[("vmSize", "vm_size")]);
    properties.inner("hardwareProfile", hardware, block.at);
    let (linux, windows) =
        (block.blocks("os_profile_linux_config"), block.blocks("os_profile_windows_config"));
    let os = match (linux.all.first(), windows.all.first()) {
        (Some(_), None) => Some(Os::Linux),
        (None, Some(_)) => Some(Os::Windows),
        _ => None,
    };
    let mut storage = Props::default();
    if let Some(reference) = block.block("storage_image_reference") {
        let mut fields = Props::default();
        market(&reference, &mut fields);
        storage.inner("imageReference", fields, reference.at);
    }
    if let Some(disk) = block.block("storage_os_disk") {
        let mut fields = legacy_disk(maker, &disk);
        match (disk.filled("os_type"), os) {
            (Some(told), _) => fields.set("osType", told),
            (None, Some(os)) => fields.text("osType", os.name(), disk.at),
            (None, None) => {}
        }
        storage.inner("osDisk", fields, disk.at);
    } else if let Some(os) = os {
        let mut fields = Props::default();
        fields.text("osType", os.name(), block.at);
        storage.inner("osDisk", fields, block.at);
    }
    let disks = list_of(block, "storage_data_disk", |disk, _| {
        let mut fields = legacy_disk(maker, disk);
        fields.take(disk, &[("lun", "lun")]);
        fields.object(disk.at)
    });
    data_disks(maker, block, &mut storage, disks);
    properties.inner("storageProfile", storage, block.at);
    if let Some(profile) = block.block("os_profile") {
        let mut fields = Props::default();
        fields.take(
            &profile,
            &[
                ("computerName", "computer_name"),
                ("adminUsername", "admin_username"),
                ("adminPassword", "admin_password"),
                ("customData", "custom_data"),
            ],
        );
        legacy_os(maker, block, &mut fields);
        properties.inner("osProfile", fields, profile.at);
    } else if let Some(unknown) = block.blocks("os_profile").unknown {
        properties.set("osProfile", unknown);
    }
    interfaces(maker, block, &mut properties);
    // The type has neither encryption at host nor trusted launch.
    let mut security = Props::default();
    security.set("encryptionAtHost", Value::new(Kind::Bool(false), block.at));
    properties.inner("securityProfile", security, block.at);
    boot(block, &mut properties);
    properties.take(block, &[("licenseType", "license_type")]);
    Body { top, properties, whole: None }
}

/// The configurations of the operating system that the older types have.
pub(super) fn legacy_os<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, profile: &mut Props) {
    let linux = block.blocks("os_profile_linux_config");
    profile.maybe("linuxConfiguration", linux.unknown);
    if let Some(linux) = linux.all.first() {
        let mut inner = Props::default();
        let password = ("disablePasswordAuthentication", "disable_password_authentication");
        inner.or(maker.estate, linux, password, Documented::Flag(false));
        let keys = list_of(linux, "ssh_keys", |key, _| {
            let mut fields = Props::default();
            fields.take(key, &[("path", "path"), ("keyData", "key_data")]);
            fields.object(key.at)
        });
        public_keys(keys, linux, &mut inner);
        profile.set("linuxConfiguration", inner.object(linux.at));
    }
    let windows = block.blocks("os_profile_windows_config");
    profile.maybe("windowsConfiguration", windows.unknown);
    if let Some(windows) = windows.all.first() {
        let mut inner = Props::default();
        // Other defaults than Azure's: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/virtual_machine
        inner.or(maker.estate, windows, ("provisionVMAgent", "provision_vm_agent"), Documented::Flag(false));
        let updates = ("enableAutomaticUpdates", "enable_automatic_upgrades");
        inner.or(maker.estate, windows, updates, Documented::Flag(false));
        win_rm(windows, "winrm", &mut inner);
        profile.set("windowsConfiguration", inner.object(windows.at));
    }
}

fn legacy_disk<'p>(maker: &Maker<'_, 'p>, disk: &Block<'p>) -> Props {
    let mut fields = Props::default();
    fields.take(
        disk,
        &[
            ("name", "name"),
            ("caching", "caching"),
            ("createOption", "create_option"),
            ("diskSizeGB", "disk_size_gb"),
        ],
    );
    let mut managed = Props::default();
    managed.maybe(
        "id",
        maker.estate.joint(disk, "managed_disk_id", DISKS).and_then(|joint| match joint {
            Joint::To(id, _) => Some(id),
            Joint::Open(..) => None,
        }),
    );
    managed.take(disk, &[("storageAccountType", "managed_disk_type")]);
    fields.inner("managedDisk", managed, disk.at);
    // What Azure names itself is managed; a disk with an address is not.
    if let Some(uri) = disk.filled("vhd_uri").filter(|uri| uri.text().is_some()) {
        let at = uri.at;
        fields.set("vhd", Value::of_object(vec![("uri", uri)], at));
    }
    fields
}
