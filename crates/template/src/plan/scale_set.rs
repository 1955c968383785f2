//! Scale sets: the model that each of their instances is made by.

use super::block::Block;
use super::body::{Body, Props, list_of, named};
use super::compute::{
    Names, Os, boot, extension, identity, image, managed, market, os_disk, os_profile, plan, security,
};
use super::convert::Maker;
use super::ids::SCALE_SETS;
use super::legacy::legacy_os;
use super::version::Documented;
use crate::value::{Kind, Value};

const SET_NAMES: Names = Names {
    computer: ("computerNamePrefix", "computer_name_prefix"),
    updates: ["automatic_updates_enabled", "enable_automatic_updates"],
};

pub(super) fn body<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, kind: &str) -> Option<Body> {
    if !SCALE_SETS.contains(&kind) {
        return None;
    }
    let (mut top, mut properties) = (Props::default(), Props::default());
    identity(maker, block, &mut top);
    plan(block, &mut top);
    top.maybe("zones", block.get("zones"));
    let mut model = Props::default();
    match Os::of(kind) {
        Some(os) => uniform(maker, block, os, &mut top, &mut model),
        None if kind.contains("orchestrated") => flexible(maker, block, &mut top, &mut model),
        None => legacy(maker, block, &mut top, &mut model),
    }
    if !kind.contains("orchestrated") {
        properties.text("orchestrationMode", "Uniform", block.at);
    } else {
        properties.text("orchestrationMode", "Flexible", block.at);
    }
    upgrades(block, &mut properties);
    model.take(block, &[("licenseType", "license_type"), ("priority", "priority")]);
    let extensions = list_of(block, "extension", |one, _| {
        let mut fields = Props::default();
        extension(one, &mut fields);
        named(one, fields)
    });
    if let Some(extensions) = extensions {
        model.set("extensionProfile", Value::of_object(vec![("extensions", extensions)], block.at));
    }
    // An orchestrated set may have no model: then machines are put into it by hand.
    if !model.is_empty() {
        properties.set("virtualMachineProfile", model.object(block.at));
    }
    Some(Body { top, properties, whole: None })
}

fn upgrades(block: &Block<'_>, properties: &mut Props) {
    let mut policy = Props::default();
    policy.take(block, &[("mode", "upgrade_mode"), ("mode", "upgrade_policy_mode")]);
    let mut system = Props::default();
    if let Some(one) = block.block("automatic_os_upgrade_policy") {
        let old = one.get("enable_automatic_os_upgrade");
        system.maybe("enableAutomaticOSUpgrade", one.get("automatic_os_upgrade_enabled").or(old));
        system.take(&one, &[("disableAutomaticRollback", "disable_automatic_rollback")]);
    }
    system.take(block, &[("enableAutomaticOSUpgrade", "automatic_os_upgrade")]);
    policy.inner("automaticOSUpgradePolicy", system, block.at);
    properties.inner("upgradePolicy", policy, block.at);
}

fn size(block: &Block<'_>, attribute: &str, top: &mut Props) {
    let mut sku = Props::default();
    sku.take(block, &[("name", attribute), ("capacity", "instances")]);
    top.inner("sku", sku, block.at);
}

fn storage<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, os: Option<Os>, model: &mut Props) {
    let mut storage = Props::default();
    image(block, &mut storage);
    let mut fields = Props::default();
    let mut at = block.at;
    if let Some(disk) = block.block("os_disk") {
        at = disk.at;
        fields = match os {
            Some(os) => os_disk(maker, &disk, os),
            None => {
                let mut fields = Props::default();
                fields.take(&disk, &[("caching", "caching")]);
                fields.inner("managedDisk", managed(maker, &disk, "storage_account_type"), disk.at);
                fields
            }
        };
        fields.text("createOption", "FromImage", at);
    } else if let Some(os) = os {
        fields.text("osType", os.name(), at);
    }
    storage.inner("osDisk", fields, at);
    let disks = list_of(block, "data_disk", |disk, _| {
        let mut fields = Props::default();
        fields.take(disk, &[("lun", "lun"), ("caching", "caching"), ("createOption", "create_option")]);
        fields.inner("managedDisk", managed(maker, disk, "storage_account_type"), disk.at);
        fields.object(disk.at)
    });
    storage.maybe("dataDisks", disks);
    model.inner("storageProfile", storage, block.at);
}

fn uniform<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, os: Os, top: &mut Props, model: &mut Props) {
    size(block, "sku", top);
    storage(maker, block, Some(os), model);
    let mut profile = os_profile(maker, block, os, &SET_NAMES);
    let operations = ("allowExtensionOperations", "extension_operations_enabled");
    profile.or(maker.estate, block, operations, Documented::Flag(true));
    model.set("osProfile", profile.object(block.at));
    interfaces(maker, block, "network_interface", model);
    security(block, model);
    boot(block, model);
    model.take(block, &[("userData", "user_data")]);
}

fn flexible<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, top: &mut Props, model: &mut Props) {
    size(block, "sku_name", top);
    let outer = block.block("os_profile");
    let inner = |name: &str| outer.as_ref().and_then(|profile| profile.block(name));
    let (linux, windows) = (inner("linux_configuration"), inner("windows_configuration"));
    let told = match (&linux, &windows) {
        (Some(linux), _) => Some((Os::Linux, linux)),
        (None, Some(windows)) => Some((Os::Windows, windows)),
        (None, None) => None,
    };
    storage(maker, block, told.map(|(os, _)| os), model);
    if let Some((os, configuration)) = told {
        let mut profile = os_profile(maker, configuration, os, &SET_NAMES);
        if let Some(outer) = &outer {
            profile.take(outer, &[("customData", "custom_data")]);
        }
        let operations = ("allowExtensionOperations", "extension_operations_enabled");
        profile.or(maker.estate, block, operations, Documented::Flag(true));
        model.set("osProfile", profile.object(configuration.at));
    }
    interfaces(maker, block, "network_interface", model);
    if !model.is_empty() {
        security(block, model);
        boot(block, model);
    }
    model.take(block, &[("userData", "user_data_base64")]);
}

/// `azurerm_virtual_machine_scale_set`.
fn legacy<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, top: &mut Props, model: &mut Props) {
    if let Some(one) = block.block("sku") {
        let mut sku = Props::default();
        sku.take(&one, &[("name", "name"), ("tier", "tier"), ("capacity", "capacity")]);
        top.inner("sku", sku, one.at);
    }
    let mut storage = Props::default();
    if let Some(reference) = block.block("storage_profile_image_reference") {
        let mut fields = Props::default();
        market(&reference, &mut fields);
        storage.inner("imageReference", fields, reference.at);
    }
    let mut fields = Props::default();
    if let Some(disk) = block.block("storage_profile_os_disk") {
        fields
            .take(&disk, &[("caching", "caching"), ("createOption", "create_option"), ("osType", "os_type")]);
        let mut managed = Props::default();
        managed.take(&disk, &[("storageAccountType", "managed_disk_type")]);
        fields.inner("managedDisk", managed, disk.at);
        fields.take(&disk, &[("vhdContainers", "vhd_containers")]);
    }
    let has = |name: &str| !block.blocks(name).all.is_empty();
    if !fields.has("osType") {
        match (has("os_profile_linux_config"), has("os_profile_windows_config")) {
            (true, false) => fields.text("osType", "Linux", block.at),
            (false, true) => fields.text("osType", "Windows", block.at),
            _ => {}
        }
    }
    storage.inner("osDisk", fields, block.at);
    model.inner("storageProfile", storage, block.at);
    let mut profile = Props::default();
    if let Some(one) = block.block("os_profile") {
        profile.take(
            &one,
            &[
                ("computerNamePrefix", "computer_name_prefix"),
                ("adminUsername", "admin_username"),
                ("adminPassword", "admin_password"),
                ("customData", "custom_data"),
            ],
        );
    }
    legacy_os(maker, block, &mut profile);
    model.inner("osProfile", profile, block.at);
    interfaces(maker, block, "network_profile", model);
    boot(block, model);
}

/// The NICs that each instance gets.
fn interfaces<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, name: &str, model: &mut Props) {
    let estate = maker.estate;
    let nics = list_of(block, name, |nic, _| {
        let mut fields = Props::default();
        fields.take(nic, &[("primary", "primary")]);
        let forwards = ["ip_forwarding_enabled", "enable_ip_forwarding", "ip_forwarding"];
        let forwards = forwards.iter().find_map(|name| nic.get(name));
        fields.set("enableIPForwarding", forwards.unwrap_or_else(|| Value::new(Kind::Bool(false), nic.at)));
        let groups = &["azurerm_network_security_group"];
        fields.maybe("networkSecurityGroup", estate.reference(nic, "network_security_group_id", groups));
        let configurations = list_of(nic, "ip_configuration", |one, _| configuration(maker, one));
        fields.maybe("ipConfigurations", configurations);
        named(nic, fields)
    });
    if let Some(nics) = nics {
        model.set(
            "networkProfile",
            Value::of_object(vec![("networkInterfaceConfigurations", nics)], block.at),
        );
    }
}

fn configuration<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>) -> Value {
    let estate = maker.estate;
    let mut fields = Props::default();
    fields.take(block, &[("primary", "primary")]);
    fields.or(estate, block, ("privateIPAddressVersion", "version"), Documented::Text("IPv4"));
    fields.maybe("subnet", estate.reference(block, "subnet_id", &["azurerm_subnet"]));
    let nat: &[&str] = &["azurerm_lb_nat_pool", "azurerm_lb_nat_rule"];
    let lists: [(&'static str, &str, &[&str]); 5] = [
        (
            "applicationSecurityGroups",
            "application_security_group_ids",
            &["azurerm_application_security_group"],
        ),
        (
            "loadBalancerBackendAddressPools",
            "load_balancer_backend_address_pool_ids",
            &["azurerm_lb_backend_address_pool"],
        ),
        ("loadBalancerInboundNatPools", "load_balancer_inbound_nat_rules_ids", nat),
        (
            "applicationGatewayBackendAddressPools",
            "application_gateway_backend_address_pool_ids",
            &["azurerm_application_gateway"],
        ),
        ("loadBalancerInboundNatPools", "load_balancer_inbound_nat_pool_ids", nat),
    ];
    for (name, attribute, kinds) in lists {
        let ids = estate.references(block, attribute, kinds);
        fields.maybe(name, ids.filter(|list| list.list().is_none_or(|items| !items.is_empty())));
    }
    let public = block.blocks("public_ip_address");
    let older = block.blocks("public_ip_address_configuration");
    if let Some(unknown) = public.unknown.or(older.unknown) {
        fields.set("publicIPAddressConfiguration", unknown);
    } else if let Some(one) = public.all.first().or(older.all.first()) {
        let mut inner = Props::default();
        inner.take(one, &[("idleTimeoutInMinutes", "idle_timeout_in_minutes")]);
        let prefixes = &["azurerm_public_ip_prefix"];
        inner.maybe("publicIPPrefix", estate.reference(one, "public_ip_prefix_id", prefixes));
        let mut whole = Props::default();
        whole.maybe("name", one.filled("name"));
        if let Some(sku) = one.filled("sku_name") {
            // `Standard_Regional`: name and tier.
            let sku = match sku.text().and_then(|text| text.split_once('_')) {
                Some((name, _)) => Value::of_text(name, sku.at),
                None => sku,
            };
            whole.set("sku", Value::of_object(vec![("name", sku)], one.at));
        }
        whole.set("properties", inner.object(one.at));
        fields.set("publicIPAddressConfiguration", whole.object(one.at));
    }
    named(block, fields)
}
