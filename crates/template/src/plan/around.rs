//! What stands around machines: bastions, logs, backups, Defender for Cloud, rights, locks and schedules.

use super::block::Block;
use super::body::{Body, Props, list_of, opposite, word};
use super::compute::identity;
use super::convert::Maker;
use super::ids::MACHINES;
use super::network::plain_configurations;
use super::version::Documented;
use crate::value::{Kind, Value};

pub(super) fn body<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, kind: &str) -> Option<Body> {
    let estate = maker.estate;
    let (mut top, mut properties) = (Props::default(), Props::default());
    match kind.strip_prefix("azurerm_")? {
        "bastion_host" => bastion(maker, block, &mut top, &mut properties),
        "network_watcher_flow_log" => flow_log(maker, block, &mut properties),
        "express_route_circuit" => {}
        "recovery_services_vault" => {
            identity(maker, block, &mut top);
            let mut sku = Props::default();
            sku.take(block, &[("name", "sku")]);
            top.inner("sku", sku, block.at);
            vault(maker, block, &mut properties);
        }
        "data_protection_backup_vault" => {
            identity(maker, block, &mut top);
            backup_vault(maker, block, &mut properties);
        }
        "backup_policy_vm" => backup_policy(maker, block, &mut properties),
        "backup_protected_vm" => {
            properties.text("backupManagementType", "AzureIaasVM", block.at);
            properties.text("protectedItemType", "Microsoft.Compute/virtualMachines", block.at);
            properties.maybe("sourceResourceId", estate.id_in(block, "source_vm_id", MACHINES));
            let policies = &["azurerm_backup_policy_vm"];
            properties.maybe("policyId", estate.id_in(block, "backup_policy_id", policies));
            properties.take(block, &[("protectionState", "protection_state")]);
        }
        "security_center_subscription_pricing" => {
            properties.take(block, &[("pricingTier", "tier"), ("subPlan", "subplan")]);
            // An extension that the configuration names is on: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/security_center_subscription_pricing
            let extensions = list_of(block, "extension", |one, _| {
                let mut fields = Props::default();
                fields.take(one, &[("name", "name")]);
                fields.text("isEnabled", "True", one.at);
                fields.object(one.at)
            });
            properties.maybe("extensions", extensions);
        }
        "security_center_contact" => contact(block, &mut properties),
        "role_assignment" => {
            properties.take(
                block,
                &[
                    ("principalId", "principal_id"),
                    ("principalType", "principal_type"),
                    ("condition", "condition"),
                ],
            );
            let roles = &["azurerm_role_definition"];
            let role = estate
                .id_in(block, "role_definition_id", roles)
                .or_else(|| block.filled("role_definition_name"));
            properties.maybe("roleDefinitionId", role.map(|role| built_in(maker, block, role)));
            properties.maybe("scope", estate.id_in(block, "scope", &[]));
        }
        "role_definition" => role(maker, block, &mut properties),
        "management_lock" => properties.take(block, &[("level", "lock_level"), ("notes", "notes")]),
        "maintenance_configuration" => {
            properties.take(block, &[("maintenanceScope", "scope"), ("visibility", "visibility")]);
        }
        "maintenance_assignment_virtual_machine" => {
            let schedules = &["azurerm_maintenance_configuration"];
            let schedule = estate.id_in(block, "maintenance_configuration_id", schedules);
            properties.maybe("maintenanceConfigurationId", schedule);
            properties.maybe("resourceId", estate.id_in(block, "virtual_machine_id", MACHINES));
        }
        "policy_virtual_machine_configuration_assignment" => {
            let mut guest = Props::default();
            guest.take(block, &[("name", "name")]);
            if let Some(one) = block.block("configuration") {
                guest.take(&one, &[("version", "version"), ("assignmentType", "assignment_type")]);
            }
            properties.inner("guestConfiguration", guest, block.at);
        }
        "user_assigned_identity" => properties.take(block, &[("clientId", "client_id")]),
        "storage_account" => storage_account(maker, block, &mut top, &mut properties),
        "key_vault" => key_vault(maker, block, &mut properties),
        _ => return None,
    }
    Some(Body { top, properties, whole: None })
}

fn bastion<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, top: &mut Props, properties: &mut Props) {
    let estate = maker.estate;
    super::network::sku(maker, block, top, Documented::Text("Basic"));
    top.maybe("zones", block.get("zones"));
    properties.maybe("ipConfigurations", plain_configurations(maker, block, "ip_configuration"));
    let copy = block.get("copy_paste_enabled").unwrap_or_else(|| Value::new(Kind::Bool(true), block.at));
    properties.set("disableCopyPaste", opposite(copy));
    for (name, attribute) in [
        ("enableFileCopy", "file_copy_enabled"),
        ("enableIpConnect", "ip_connect_enabled"),
        ("enableShareableLink", "shareable_link_enabled"),
        ("enableTunneling", "tunneling_enabled"),
        ("enableKerberos", "kerberos_enabled"),
        ("enableSessionRecording", "session_recording_enabled"),
    ] {
        properties.or(estate, block, (name, attribute), Documented::Flag(false));
    }
    let networks = &["azurerm_virtual_network"];
    properties.maybe("virtualNetwork", estate.reference(block, "virtual_network_id", networks));
}

fn flow_log<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    let estate = maker.estate;
    let target = estate.id_in(
        block,
        "target_resource_id",
        &[
            "azurerm_virtual_network",
            "azurerm_subnet",
            "azurerm_network_interface",
            "azurerm_network_security_group",
        ],
    );
    let group = || estate.id_in(block, "network_security_group_id", &["azurerm_network_security_group"]);
    properties.maybe("targetResourceId", target.or_else(group));
    properties.maybe("storageId", estate.id_in(block, "storage_account_id", &["azurerm_storage_account"]));
    properties.take(block, &[("enabled", "enabled")]);
    if let Some(one) = block.block("retention_policy") {
        let mut fields = Props::default();
        fields.take(&one, &[("days", "days"), ("enabled", "enabled")]);
        properties.inner("retentionPolicy", fields, one.at);
    }
    if let Some(one) = block.block("traffic_analytics") {
        let mut fields = Props::default();
        fields.take(
            &one,
            &[
                ("enabled", "enabled"),
                ("workspaceId", "workspace_id"),
                ("workspaceRegion", "workspace_region"),
                ("trafficAnalyticsInterval", "interval_in_minutes"),
            ],
        );
        let inner = fields.object(one.at);
        let whole = Value::of_object(vec![("networkWatcherFlowAnalyticsConfiguration", inner)], one.at);
        properties.set("flowAnalyticsConfiguration", whole);
    }
}

fn vault<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    let estate = maker.estate;
    let mut redundancy = Props::default();
    let storage = ("standardTierStorageRedundancy", "storage_mode_type");
    redundancy.or(estate, block, storage, Documented::Text("GeoRedundant"));
    let across = block.get("cross_region_restore_enabled");
    let across = across.unwrap_or_else(|| Value::new(Kind::Bool(false), block.at));
    redundancy.set("crossRegionRestore", word(across, "Enabled", "Disabled"));
    properties.inner("redundancySettings", redundancy, block.at);
    let mut security = Props::default();
    let soft = block.get("soft_delete_enabled").unwrap_or_else(|| Value::new(Kind::Bool(true), block.at));
    let soft = Value::of_object(vec![("softDeleteState", word(soft, "Enabled", "Disabled"))], block.at);
    security.set("softDeleteSettings", soft);
    let immutability = block.filled("immutability").unwrap_or_else(|| Value::of_text("Disabled", block.at));
    security.set("immutabilitySettings", Value::of_object(vec![("state", immutability)], block.at));
    properties.inner("securitySettings", security, block.at);
    let public = block.get("public_network_access_enabled");
    let public = public.unwrap_or_else(|| Value::new(Kind::Bool(true), block.at));
    properties.set("publicNetworkAccess", word(public, "Enabled", "Disabled"));
}

fn backup_vault<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    let mut security = Props::default();
    let mut soft = Props::default();
    soft.or(maker.estate, block, ("state", "soft_delete"), Documented::Text("On"));
    soft.take(block, &[("retentionDurationInDays", "retention_duration_in_days")]);
    security.inner("softDeleteSettings", soft, block.at);
    let mut locked = Props::default();
    locked.or(maker.estate, block, ("state", "immutability"), Documented::Text("Disabled"));
    security.inner("immutabilitySettings", locked, block.at);
    properties.inner("securitySettings", security, block.at);
    let mut storage = Props::default();
    storage.take(block, &[("datastoreType", "datastore_type"), ("type", "redundancy")]);
    let at = block.at;
    properties.set("storageSettings", Value::of_list(vec![storage.object(at)], at));
}

fn backup_policy<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    properties.text("backupManagementType", "AzureIaasVM", block.at);
    properties.or(maker.estate, block, ("policyType", "policy_type"), Documented::Text("V1"));
    properties.take(block, &[("instantRpRetentionRangeInDays", "instant_restore_retention_days")]);
    let mut kept = Props::default();
    let daily = block.blocks("retention_daily");
    kept.maybe("dailySchedule", daily.unknown);
    if let Some(daily) = daily.all.first() {
        let mut duration = Props::default();
        duration.take(daily, &[("count", "count")]);
        duration.text("durationType", "Days", daily.at);
        let duration = duration.object(daily.at);
        kept.set("dailySchedule", Value::of_object(vec![("retentionDuration", duration)], daily.at));
    }
    if let Some(weekly) = block.block("retention_weekly") {
        let mut duration = Props::default();
        duration.take(&weekly, &[("count", "count")]);
        duration.text("durationType", "Weeks", weekly.at);
        let duration = duration.object(weekly.at);
        kept.set("weeklySchedule", Value::of_object(vec![("retentionDuration", duration)], weekly.at));
    }
    properties.inner("retentionPolicy", kept, block.at);
    if let Some(schedule) = block.block("backup") {
        let mut fields = Props::default();
        fields.take(&schedule, &[("scheduleRunFrequency", "frequency")]);
        properties.inner("schedulePolicy", fields, schedule.at);
    }
}

/// Source: <https://learn.microsoft.com/rest/api/defenderforcloud/security-contacts/create>
fn contact(block: &Block<'_>, properties: &mut Props) {
    properties.take(block, &[("emails", "email"), ("phone", "phone")]);
    // A contact that is there is on.
    properties.set("isEnabled", Value::new(Kind::Bool(true), block.at));
    if let Some(alerts) = block.get("alert_notifications") {
        let at = alerts.at;
        let state = word(alerts, "On", "Off");
        let severity = Value::of_text("High", at);
        let state = Value::of_object(vec![("state", state), ("minimalSeverity", severity)], at);
        properties.set("alertNotifications", state);
    }
    if let Some(admins) = block.get("alerts_to_admins") {
        let at = admins.at;
        let state = word(admins, "On", "Off");
        let owners = Value::of_list(vec![Value::of_text("Owner", at)], at);
        properties
            .set("notificationsByRole", Value::of_object(vec![("state", state), ("roles", owners)], at));
    }
}

/// Roles that are told by name and give rights over machines: the ids are the same everywhere.
/// Source: <https://learn.microsoft.com/azure/role-based-access-control/built-in-roles>
const ROLES: [(&str, &str); 7] = [
    ("owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
    ("contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c"),
    ("reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7"),
    ("user access administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"),
    ("virtual machine contributor", "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"),
    ("virtual machine administrator login", "1c0163c0-47e6-4577-8991-ea5c82e286e4"),
    ("virtual machine user login", "fb879df8-f326-4884-b1cf-06f3ad86be52"),
];

/// The id of a role that is told by its name; a name that is not known here is unknown.
fn built_in<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, role: Value) -> Value {
    let Some(name) = role.text().filter(|text| !text.starts_with('/')) else { return role };
    match ROLES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
        Some((_, id)) => maker.estate.role_id(block, id, role.at),
        None => {
            let key = format!("role {}", name.to_lowercase());
            let why = crate::value::Why::Apply("role_definition_name".into());
            Value::unknown(key, name, why, role.at)
        }
    }
}

fn role<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    properties.take(block, &[("roleName", "name"), ("description", "description")]);
    properties.text("type", "CustomRole", block.at);
    let permissions = list_of(block, "permissions", |one, _| {
        let mut fields = Props::default();
        fields.take(
            one,
            &[
                ("actions", "actions"),
                ("notActions", "not_actions"),
                ("dataActions", "data_actions"),
                ("notDataActions", "not_data_actions"),
            ],
        );
        fields.object(one.at)
    });
    properties.set("permissions", permissions.unwrap_or_else(|| Value::of_list(Vec::new(), block.at)));
    let scopes = maker.estate.joints(block, "assignable_scopes", &[]).map(|scopes| match scopes {
        Ok(all) => Value::of_list(all.into_iter().map(super::joint::Joint::id).collect(), block.at),
        Err(unknown) => unknown,
    });
    let own =
        || maker.estate.id_in(block, "scope", &[]).map(|scope| Value::of_list(vec![scope.clone()], scope.at));
    properties.maybe("assignableScopes", scopes.or_else(own));
}

fn storage_account<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, top: &mut Props, properties: &mut Props) {
    let mut sku = Props::default();
    if let (Some(tier), Some(copies)) = (block.text("account_tier"), block.text("account_replication_type")) {
        sku.text("name", &format!("{tier}_{copies}"), block.at);
    }
    top.inner("sku", sku, block.at);
    top.maybe(
        "kind",
        Some(block.filled("account_kind").unwrap_or_else(|| Value::of_text("StorageV2", block.at))),
    );
    let https = block.get("https_traffic_only_enabled").or_else(|| block.get("enable_https_traffic_only"));
    properties
        .set("supportsHttpsTrafficOnly", https.unwrap_or_else(|| Value::new(Kind::Bool(true), block.at)));
    properties.or(maker.estate, block, ("minimumTlsVersion", "min_tls_version"), Documented::Text("TLS1_2"));
    for (name, attribute) in [
        ("allowBlobPublicAccess", "allow_nested_items_to_be_public"),
        ("allowSharedKeyAccess", "shared_access_key_enabled"),
    ] {
        properties.or(maker.estate, block, (name, attribute), Documented::Flag(true));
    }
    let public = block.get("public_network_access_enabled");
    let public = public.unwrap_or_else(|| Value::new(Kind::Bool(true), block.at));
    properties.set("publicNetworkAccess", word(public, "Enabled", "Disabled"));
    let rules = block.block("network_rules");
    acls(maker, rules.as_ref(), block, properties);
}

fn acls<'p>(maker: &Maker<'_, 'p>, rules: Option<&Block<'p>>, block: &Block<'p>, properties: &mut Props) {
    let Some(rules) = rules else {
        // A resource of its own may hold them.
        return properties.maybe("networkAcls", block.blocks("network_rules").unknown);
    };
    let mut fields = Props::default();
    fields.take(rules, &[("defaultAction", "default_action")]);
    let subnets = maker.estate.references(rules, "virtual_network_subnet_ids", &["azurerm_subnet"]);
    fields.maybe("virtualNetworkRules", subnets);
    if let Some(list) = rules.get("ip_rules") {
        let rule = |item: &Value| Value::of_object(vec![("value", item.clone())], item.at);
        let all = list.list().map(|items| Value::of_list(items.iter().map(rule).collect(), list.at));
        fields.set("ipRules", all.unwrap_or(list));
    }
    properties.inner("networkAcls", fields, rules.at);
}

fn key_vault<'p>(maker: &Maker<'_, 'p>, block: &Block<'p>, properties: &mut Props) {
    let mut sku = Props::default();
    sku.take(block, &[("name", "sku_name")]);
    properties.inner("sku", sku, block.at);
    properties.take(
        block,
        &[
            ("tenantId", "tenant_id"),
            ("enabledForDiskEncryption", "enabled_for_disk_encryption"),
            ("enabledForDeployment", "enabled_for_deployment"),
            ("softDeleteRetentionInDays", "soft_delete_retention_days"),
            ("enablePurgeProtection", "purge_protection_enabled"),
        ],
    );
    let rights = block.get("rbac_authorization_enabled").or_else(|| block.get("enable_rbac_authorization"));
    properties
        .set("enableRbacAuthorization", rights.unwrap_or_else(|| Value::new(Kind::Bool(false), block.at)));
    let public = block.get("public_network_access_enabled");
    let public = public.unwrap_or_else(|| Value::new(Kind::Bool(true), block.at));
    properties.set("publicNetworkAccess", word(public, "Enabled", "Disabled"));
    let rules = block.block("network_acls");
    acls(maker, rules.as_ref(), block, properties);
}
