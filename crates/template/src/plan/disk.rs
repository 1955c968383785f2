//! Disks, snapshots and the keys that they are encrypted with.

use super::block::Block;
use super::body::{Body, Props, word};
use super::compute::{KEY_SETS, identity};
use super::convert::Maker;
use super::version::Documented;
use crate::value::{Kind, Value};

pub(super) fn body<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, kind: &str) -> Option<Body> {
    let (mut top, mut properties) = (Props::default(), Props::default());
    match kind.strip_prefix("azurerm_")? {
        "managed_disk" => disk(maker, block, &mut top, &mut properties),
        "snapshot" => guard(maker, block, &mut properties),
        "disk_encryption_set" => {
            identity(maker, block, &mut top);
            properties.take(
                block,
                &[
                    ("rotationToLatestKeyVersionEnabled", "auto_key_rotation_enabled"),
                    ("encryptionType", "encryption_type"),
                ],
            );
            let mut key = Props::default();
            key.take(block, &[("keyUrl", "key_vault_key_id")]);
            properties.inner("activeKey", key, block.at);
        }
        _ => return None,
    }
    Some(Body { top, properties, whole: None })
}

fn disk<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, top: &mut Props, properties: &mut Props) {
    let mut sku = Props::default();
    sku.take(block, &[("name", "storage_account_type")]);
    top.inner("sku", sku, block.at);
    if let Some(zone) = block.filled("zone") {
        let at = zone.at;
        top.set("zones", Value::of_list(vec![zone], at));
    }
    top.maybe("managedBy", maker.belongings.owner(block.resource));
    properties.take(
        block,
        &[
            ("osType", "os_type"),
            ("diskSizeGB", "disk_size_gb"),
            ("hyperVGeneration", "hyper_v_generation"),
            ("maxShares", "max_shares"),
        ],
    );
    let mut creation = Props::default();
    creation.take(block, &[("createOption", "create_option"), ("sourceResourceId", "source_resource_id")]);
    properties.inner("creationData", creation, block.at);
    guard(maker, block, properties);
}

/// Who can get at what is on a disk.
fn guard<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    let mut encryption = Props::default();
    match maker.estate.id_in(block, "disk_encryption_set_id", KEY_SETS) {
        Some(id) => {
            let at = id.at;
            encryption.text("type", "EncryptionAtRestWithCustomerKey", at);
            encryption.set("diskEncryptionSetId", id);
        }
        None => encryption.text("type", "EncryptionAtRestWithPlatformKey", block.at),
    }
    properties.inner("encryption", encryption, block.at);
    let inner = block.blocks("encryption_settings");
    if let Some(one) = inner.all.first() {
        let on = one.get("enabled").unwrap_or_else(|| Value::new(Kind::Bool(true), one.at));
        properties.set("encryptionSettingsCollection", Value::of_object(vec![("enabled", on)], one.at));
    }
    let public = block.get("public_network_access_enabled");
    let public = public.unwrap_or_else(|| Value::new(Kind::Bool(true), block.at));
    properties.set("publicNetworkAccess", word(public, "Enabled", "Disabled"));
    let policy = ("networkAccessPolicy", "network_access_policy");
    // Azure's own default for what the provider leaves out.
    properties.or(maker.estate, block, policy, Documented::Text("AllowAll"));
}
