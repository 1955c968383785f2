//! The machines: their disks, accounts, identities and extensions.
//!
//! INVARIANT: a machine is always made from an image, the newest of its kind, and no account data are copied but the
//! administrator's name, and that as the default of a parameter.

use serde_json::{Map, Value, json};

use super::allow::{self, AVAILABILITY, DISK, MACHINE};
use super::copying::escaped;
use super::draft::{Draft, set};
use super::records::{field, list, member, name_of, parent, path, reference, text};
use super::{ChangeKind, LeftOutKind, extensions};

/// Places that a new machine need not have.
const PLACES: [&str; 6] = [
    "host",
    "hostGroup",
    "virtualMachineScaleSet",
    "proximityPlacementGroup",
    "capacityReservation",
    "platformFaultDomain",
];

/// Writes the machines.
pub(super) fn write(draft: &mut Draft<'_>) {
    for id in draft.machines.clone() {
        draft.plan(&MACHINE, &id);
        if let Some(set) = draft.records.one(&id).and_then(|record| reference(record, &["availabilitySet"])) {
            draft.plan(&AVAILABILITY, set);
        }
    }
    for id in draft.planned(&AVAILABILITY) {
        draft.write(&AVAILABILITY, &id);
    }
    for id in draft.machines.clone() {
        draft.write(&MACHINE, &id);
        machine(draft, &id);
        extensions::write(draft, &id);
    }
}

/// The system of a machine.
pub(super) fn is_windows(record: &Value) -> bool {
    match text(record, &["storageProfile", "osDisk", "osType"]) {
        Some(kind) => kind.eq_ignore_ascii_case("Windows"),
        None => path(record, &["osProfile", "windowsConfiguration"]).is_some(),
    }
}

/// The name of a parameter: with the name of the machine where there are several.
pub(super) fn parameter_name(draft: &Draft<'_>, base: &str, machine: &str) -> String {
    if draft.machines.len() < 2 {
        return base.to_owned();
    }
    let name: String = machine.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let alike = |other: &&String| {
        let other: String =
            draft.name(other).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        other.eq_ignore_ascii_case(&name)
    };
    let same: Vec<&String> = draft.machines.iter().filter(alike).collect();
    match same.iter().position(|id| draft.name(id) == machine) {
        Some(at) if at > 0 => format!("{base}_{name}_{}", at + 1),
        _ => format!("{base}_{name}"),
    }
}

/// The name of a parameter of something else that there may be several of.
pub(super) fn own_parameter(base: &str, of: &str, several: bool) -> String {
    let name: String = of.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if several { format!("{base}_{name}") } else { base.to_owned() }
}

fn machine(draft: &mut Draft<'_>, id: &str) {
    let Some(record) = draft.records.one(id) else { return };
    let name = draft.name(id);
    let storage = storage(draft, record, &name);
    let account = account(draft, record, &name);
    let network = network(draft, record, &name);
    let identity = identity(draft, record, &name);
    for place in PLACES {
        if field(record, place).is_some() {
            draft.leave(LeftOutKind::Placement, &name, place);
        }
    }
    for place in ["customData", "userData"] {
        if field(record, place).or_else(|| path(record, &["osProfile", place])).is_some() {
            draft.leave(LeftOutKind::StartupData, &name, place);
        }
    }
    let Some(body) = draft.body(&MACHINE, &name) else { return };
    if let Some(identity) = identity {
        set(body, "/identity", identity);
    }
    set(body, "/properties/storageProfile", storage);
    set(body, "/properties/osProfile", account);
    set(body, "/properties/networkProfile", network);
    // `Standard` says nothing, and subscriptions have to register for it.
    if let Some(security) = body.pointer_mut("/properties/securityProfile").and_then(Value::as_object_mut)
        && security
            .get("securityType")
            .and_then(Value::as_str)
            .is_some_and(|it| it.eq_ignore_ascii_case("Standard"))
    {
        security.shift_remove("securityType");
        security.shift_remove("uefiSettings");
    }
}

/// Drops the version from the end of an id of a gallery's image.
fn newest(id: &str) -> &str {
    let version = parent(id).filter(|_| {
        id.trim_end_matches('/').rsplit('/').nth(1).is_some_and(|it| it.eq_ignore_ascii_case("versions"))
    });
    version.unwrap_or(id)
}

fn image(draft: &mut Draft<'_>, record: &Value, name: &str) -> Value {
    let image = path(record, &["storageProfile", "imageReference"]);
    let given = |key: &str| image.and_then(|it| text(it, &[key])).map(escaped);
    if let (Some(publisher), Some(offer), Some(sku)) = (given("publisher"), given("offer"), given("sku")) {
        return json!({"publisher": publisher, "offer": offer, "sku": sku, "version": "latest"});
    }
    for kind in ["id", "sharedGalleryImageId", "communityGalleryImageId"] {
        if let Some(id) = given(kind).filter(|id| !id.is_empty()) {
            let newest = newest(&id);
            if kind == "id" {
                draft.leave(LeftOutKind::Reference, name, newest);
                return json!({ "id": newest });
            }
            return json!({ kind: format!("{newest}/versions/latest") });
        }
    }
    draft.leave(LeftOutKind::Image, name, "");
    let parameter = parameter_name(draft, "imageId", name);
    json!({"id": draft.parameter(&parameter, json!({"type": "string", "minLength": 1}))})
}

fn storage(draft: &mut Draft<'_>, record: &Value, name: &str) -> Value {
    let mut storage = Map::new();
    if let Some(kind) = text(record, &["storageProfile", "diskControllerType"]) {
        storage.insert("diskControllerType".to_owned(), json!(escaped(kind)));
    }
    storage.insert("imageReference".to_owned(), image(draft, record, name));
    let system = path(record, &["storageProfile", "osDisk"]).cloned().unwrap_or(Value::Null);
    let mut disk = draft.copy(&system, allow::SYSTEM_DISK, name);
    set(&mut disk, "/createOption", json!("FromImage"));
    let told = reference(&system, &["managedDisk"]).and_then(|id| draft.records.one(id));
    if disk.pointer("/managedDisk/storageAccountType").is_none() {
        let sku = told.and_then(|it| text(it, &["sku", "name"])).unwrap_or("StandardSSD_LRS");
        set(&mut disk, "/managedDisk/storageAccountType", json!(escaped(sku)));
    }
    if draft.options.hardened && path(&system, &["vhd"]).is_some() {
        let at = "/properties/storageProfile/osDisk/managedDisk";
        draft.change(ChangeKind::ManagedDisk, &MACHINE, name, at, "");
    }
    storage.insert("osDisk".to_owned(), disk);
    let disks: Vec<Value> = list(record, &["storageProfile", "dataDisks"])
        .iter()
        .filter_map(|disk| data_disk(draft, record, disk, name))
        .collect();
    if !disks.is_empty() {
        storage.insert("dataDisks".to_owned(), Value::Array(disks));
    }
    Value::Object(storage)
}

/// A data disk: a resource of its own, empty and of the same size.
fn data_disk(draft: &mut Draft<'_>, machine: &Value, disk: &Value, of: &str) -> Option<Value> {
    let id = reference(disk, &["managedDisk"]);
    let told = id.and_then(|id| draft.records.one(id)).cloned().unwrap_or(Value::Null);
    let lun = path(disk, &["lun"]).and_then(Value::as_u64)?;
    let original = id.map(name_of).or_else(|| text(disk, &["name"])).map(str::to_owned);
    let original = original.unwrap_or_else(|| format!("{of}-data-{lun}"));
    let size = [path(disk, &["diskSizeGB"]), path(&told, &["diskSizeGB"])];
    let Some(size) = size.into_iter().flatten().find_map(Value::as_u64) else {
        draft.leave(LeftOutKind::DataDisk, of, &original);
        return None;
    };
    draft.leave(LeftOutKind::DataDiskContents, of, &original);
    let name = draft.free_name(&DISK, &original);
    let sku = text(disk, &["managedDisk", "storageAccountType"]).or_else(|| text(&told, &["sku", "name"]));
    let sku = sku.unwrap_or("StandardSSD_LRS");
    let mut body = Map::new();
    body.insert("location".to_owned(), json!("[parameters('location')]"));
    draft.tags(&told, &name, &mut body);
    body.insert("sku".to_owned(), json!({"name": escaped(sku)}));
    // A disk that lies in several zones belongs to none.
    if let Some(zones) = member(machine, "zones").filter(|_| !sku.ends_with("_ZRS")) {
        let zones = zones.as_array().into_iter().flatten().filter_map(Value::as_str);
        let zones: Vec<String> = zones.map(escaped).collect();
        if !zones.is_empty() {
            body.insert("zones".to_owned(), json!(zones));
        }
    }
    let mut properties = draft.copy(&told, DISK.properties, &name);
    set(&mut properties, "/creationData", json!({"createOption": "Empty"}));
    set(&mut properties, "/diskSizeGB", json!(size));
    if draft.options.hardened {
        set(&mut properties, "/networkAccessPolicy", json!("DenyAll"));
        set(&mut properties, "/publicNetworkAccess", json!("Disabled"));
        draft.change(ChangeKind::DiskAccess, &DISK, &name, "/properties/networkAccessPolicy", "");
    }
    body.insert("properties".to_owned(), properties);
    draft.push(&DISK, name.clone(), Value::Object(body));
    let mut attached = Map::new();
    attached.insert("lun".to_owned(), json!(lun));
    attached.insert("createOption".to_owned(), json!("Attach"));
    for key in ["caching", "deleteOption"] {
        if let Some(value) = text(disk, &[key]) {
            attached.insert(key.to_owned(), json!(escaped(value)));
        }
    }
    attached.insert("managedDisk".to_owned(), json!({"id": draft.own(&DISK, &name)}));
    Some(Value::Object(attached))
}

fn account(draft: &mut Draft<'_>, record: &Value, name: &str) -> Value {
    let profile = path(record, &["osProfile"]).cloned().unwrap_or(Value::Null);
    let windows = is_windows(record);
    let mut account = Map::new();
    let most = if windows { 15 } else { 64 };
    let computer = text(&profile, &["computerName"]).unwrap_or(name);
    let computer: String = computer.chars().take(most).collect();
    account.insert("computerName".to_owned(), json!(escaped(&computer)));
    let mut admin = json!({"type": "string", "minLength": 1});
    if let Some(its) = text(&profile, &["adminUsername"]).filter(|_| !draft.options.hardened) {
        set(&mut admin, "/defaultValue", json!(escaped(its)));
    }
    let parameter = parameter_name(draft, "adminUsername", name);
    account.insert("adminUsername".to_owned(), json!(draft.parameter(&parameter, admin)));
    let home = format!("[format('/home/{{0}}/.ssh/authorized_keys', parameters('{parameter}'))]");
    if let Value::Object(rest) = draft.copy(&profile, allow::ACCOUNT, name) {
        let other = if windows { "linuxConfiguration" } else { "windowsConfiguration" };
        account.extend(rest.into_iter().filter(|(key, _)| key != other));
    }
    let mut account = Value::Object(account);
    let keys_only = !windows
        && (draft.options.hardened
            || path(&profile, &["linuxConfiguration", "disablePasswordAuthentication"])
                == Some(&json!(true)));
    if keys_only {
        let key = parameter_name(draft, "adminPublicKey", name);
        let key = draft.parameter(&key, json!({"type": "string", "minLength": 1}));
        set(&mut account, "/linuxConfiguration/disablePasswordAuthentication", json!(true));
        let keys = json!([{"path": home, "keyData": key}]);
        set(&mut account, "/linuxConfiguration/ssh/publicKeys", keys);
    } else {
        let password = parameter_name(draft, "adminPassword", name);
        let password = draft.parameter(&password, json!({"type": "secureString", "minLength": 12}));
        set(&mut account, "/adminPassword", json!(password));
    }
    for (place, what) in [
        (vec!["secrets"], "secrets"),
        (vec!["windowsConfiguration", "additionalUnattendContent"], "additionalUnattendContent"),
    ] {
        if !list(&profile, &place).is_empty() {
            draft.leave(LeftOutKind::AccountSecrets, name, what);
        }
    }
    let listeners = list(&profile, &["windowsConfiguration", "winRM", "listeners"]);
    let in_clear = |it: &&Value| text(it, &["protocol"]).is_some_and(|it| it.eq_ignore_ascii_case("Http"));
    if listeners.iter().any(|it| !in_clear(&it)) {
        // A listener with TLS needs a certificate, which is among the secrets.
        draft.leave(LeftOutKind::AccountSecrets, name, "winRM");
    }
    if listeners.iter().any(|it| in_clear(&it)) {
        if draft.options.hardened {
            let at = "/properties/osProfile/windowsConfiguration/winRM";
            draft.change(ChangeKind::WinRm, &MACHINE, name, at, "");
        } else {
            set(&mut account, "/windowsConfiguration/winRM", json!({"listeners": [{"protocol": "Http"}]}));
        }
    }
    account
}

fn network(draft: &mut Draft<'_>, record: &Value, name: &str) -> Value {
    let all = list(record, &["networkProfile", "networkInterfaces"]);
    let fields: &[allow::Field] = &[("primary", allow::Take::Plain), ("deleteOption", allow::Take::Plain)];
    let nics: Vec<Value> = all
        .iter()
        .filter_map(|nic| {
            let id = text(nic, &["id"])?;
            let mut written = Map::new();
            written.insert("id".to_owned(), json!(draft.reference(id, name)));
            let rest = draft.copy(nic, fields, name);
            if rest.as_object().is_some_and(|rest| !rest.is_empty()) {
                written.insert("properties".to_owned(), rest);
            }
            Some(Value::Object(written))
        })
        .collect();
    json!({ "networkInterfaces": nics })
}

/// The identity of the machine itself stays; those of others become parameters.
fn identity(draft: &mut Draft<'_>, record: &Value, name: &str) -> Option<Value> {
    let identity = member(record, "identity")?;
    let kind = member(identity, "type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let mut users = Map::new();
    let others = member(identity, "userAssignedIdentities").and_then(Value::as_object);
    for (number, id) in others.into_iter().flat_map(Map::keys).enumerate() {
        let base = if number == 0 {
            "userAssignedIdentityId".to_owned()
        } else {
            format!("userAssignedIdentityId{}", number + 1)
        };
        let parameter = parameter_name(draft, &base, name);
        let definition = json!({"type": "string", "defaultValue": escaped(id)});
        users.insert(draft.parameter(&parameter, definition), json!({}));
    }
    match (kind.contains("systemassigned"), users.is_empty()) {
        (true, true) => Some(json!({"type": "SystemAssigned"})),
        (true, false) => {
            Some(json!({"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": users}))
        }
        (false, false) => Some(json!({"type": "UserAssigned", "userAssignedIdentities": users})),
        (false, true) => None,
    }
}
