//! What Azure adds to a resource by itself, where a template or plan leaves it out: ids of parts, and defaults that
//! its documentation states.
//! Sources: <https://learn.microsoft.com/azure/templates/microsoft.network/networkinterfaces>,
//! <https://learn.microsoft.com/azure/templates/microsoft.compute/virtualmachines>.
//!
//! INVARIANT: nothing that is written is changed.

use std::sync::Arc;

use crate::value::{Joined, Kind, Member, Object, Span, Value, Why};

/// A resource with what Azure adds.
pub fn complete(body: Value) -> Value {
    let Kind::Object(object) = &body.kind else { return body };
    let kind = object.text("type").unwrap_or_default().to_ascii_lowercase();
    let Some(id) = object.get("id").cloned() else { return body };
    // A group is complete without a word about its rules.
    let is_empty = object.get("properties").is_none() && kind == "microsoft.network/networksecuritygroups";
    let at = body.at;
    let body = edited(body, |made| {
        if is_empty {
            default(made, "properties", Value::of_object(Vec::new(), at));
        }
    });
    with_properties(body, |made, properties| {
        parts(made, &kind, &id);
        match kind.as_str() {
            "microsoft.network/networkinterfaces" => network_interface(made, properties),
            "microsoft.network/networksecuritygroups" => {
                default(made, "securityRules", Value::of_list(Vec::new(), properties));
            }
            "microsoft.network/bastionhosts" => bastion(made, properties),
            "microsoft.compute/virtualmachines" => machine(made, &id),
            "microsoft.compute/virtualmachinescalesets"
                if !made.iter().any(|member| member.name.eq_ignore_ascii_case("virtualMachineProfile")) =>
            {
                // Machines are put into such a set one by one.
                // Source: <https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-orchestration-modes>.
                default(made, "orchestrationMode", Value::of_text("Flexible", properties));
            }
            "microsoft.compute/virtualmachines/extensions" => {
                // What is deployed is there.
                default(made, "provisioningState", Value::of_text("Succeeded", properties));
            }
            _ => {}
        }
    })
}

/// The ids of parts alone, for what is there already and told without them.
pub fn with_part_ids(body: Value) -> Value {
    let Kind::Object(object) = &body.kind else { return body };
    let kind = object.text("type").unwrap_or_default().to_ascii_lowercase();
    let Some(id) = object.get("id").cloned() else { return body };
    with_properties(body, |made, _| parts(made, &kind, &id))
}

/// An object with other members, of which nobody needs a copy where nobody else has the object.
fn edited(value: Value, edit: impl FnOnce(&mut Vec<Member>)) -> Value {
    let Kind::Object(object) = value.kind else { return value };
    let mut made = Object::into_members(object);
    edit(&mut made);
    Value::new(Kind::Object(Arc::new(Object::new(made))), value.at)
}

/// A resource with other members in its `properties`, whose place `edit` is told.
fn with_properties(body: Value, edit: impl FnOnce(&mut Vec<Member>, Span)) -> Value {
    edited(body, |made| with(made, "properties", edit))
}

/// Gives the object that a member is other members.
fn with(members: &mut [Member], name: &str, edit: impl FnOnce(&mut Vec<Member>, Span)) {
    if let Some(member) = members.iter_mut().find(|member| member.name.eq_ignore_ascii_case(name)) {
        let at = member.value.at;
        let value = std::mem::replace(&mut member.value, Value::new(Kind::Null, at));
        member.value = edited(value, |made| edit(made, at));
    }
}

/// The same for each element of a list that is an object; its number and place are told.
fn with_each(list: &mut Value, mut edit: impl FnMut(usize, &mut Vec<Member>, Span)) {
    let Kind::List(items) = &mut list.kind else { return };
    let items = Arc::make_mut(items);
    for (index, item) in items.iter_mut().enumerate() {
        let at = item.at;
        let value = std::mem::replace(item, Value::new(Kind::Null, at));
        *item = edited(value, |made| edit(index, made, at));
    }
}

fn parts(members: &mut [Member], kind: &str, id: &Value) {
    if kind.starts_with("microsoft.network/") {
        members.iter_mut().for_each(|member| with_ids(member, id));
    }
}

/// Parts of a resource of networks have ids of their own: `…/virtualNetworks/a/subnets/b`.
fn with_ids(member: &mut Member, id: &Value) {
    let Kind::List(items) = &member.value.kind else { return };
    let lacks = |item: &Value| {
        item.object().is_some_and(|item| item.get("id").is_none() && item.get("name").is_some())
    };
    if !items.iter().any(lacks) {
        return;
    }
    let start = id.parts().unwrap_or_default();
    let list = &member.name;
    with_each(&mut member.value, |_, made, _| {
        let is = |name: &str| made.iter().find(|member| member.name.eq_ignore_ascii_case(name));
        let (None, Some(name)) = (is("id"), is("name")) else { return };
        let (at, mut own) = (name.value.at, Joined::default());
        own.extend(&start);
        own.text("/");
        own.text(list);
        own.text("/");
        own.extend(&name.value.parts().unwrap_or_default());
        made.insert(0, Member { name: "id".into(), at, value: own.value(at) });
    });
}

/// Adds a member where there is none.
fn default(members: &mut Vec<Member>, name: &str, value: Value) {
    if !members.iter().any(|member| member.name.eq_ignore_ascii_case(name)) {
        members.push(Member { name: name.into(), at: value.at, value });
    }
}

fn network_interface(members: &mut Vec<Member>, properties: Span) {
    default(members, "enableIPForwarding", Value::new(Kind::Bool(false), properties));
    let Some(configurations) =
        members.iter_mut().find(|member| member.name.eq_ignore_ascii_case("ipConfigurations"))
    else {
        return;
    };
    let told = configurations.value.list().unwrap_or_default().iter().any(|item| {
        let properties = item.object().and_then(|item| item.get("properties")).and_then(Value::object);
        properties.is_some_and(|properties| properties.some("primary").is_some())
    });
    with_each(&mut configurations.value, |index, made, at| {
        with(made, "properties", |made, _| {
            if !told {
                default(made, "primary", Value::new(Kind::Bool(index == 0), at));
            }
            default(made, "privateIPAllocationMethod", Value::of_text("Dynamic", at));
        });
    });
}

/// Publishers whose images hold Linux.
const LINUX: [&str; 12] = [
    "almalinux",
    "canonical",
    "coreos",
    "credativ",
    "debian",
    "kinvolk",
    "microsoftcblmariner",
    "openlogic",
    "oracle",
    "redhat",
    "resf",
    "suse",
];

/// Publishers whose images hold Windows.
const WINDOWS: [&str; 3] = ["microsoftwindowsserver", "microsoftwindowsdesktop", "microsoftvisualstudio"];

/// Which system a machine has, as its profile or its image tells.
fn system(profile: Option<&Object>, storage: &Object) -> Option<&'static str> {
    let has = |name: &str| {
        profile.is_some_and(|profile| matches!(profile.get(name).map(|one| &one.kind), Some(Kind::Object(_))))
    };
    match (has("windowsConfiguration"), has("linuxConfiguration")) {
        (true, false) => return Some("Windows"),
        (false, true) => return Some("Linux"),
        _ => {}
    }
    let publisher =
        storage.get("imageReference").and_then(Value::object)?.text("publisher")?.to_ascii_lowercase();
    if WINDOWS.contains(&publisher.as_str()) {
        Some("Windows")
    } else {
        LINUX.contains(&publisher.as_str()).then_some("Linux")
    }
}

/// What the record of a machine tells once it is there.
fn machine(members: &mut Vec<Member>, id: &Value) {
    if let Some(profile) = members.iter_mut().find(|member| member.name.eq_ignore_ascii_case("osProfile")) {
        profile.value = without_empty(&profile.value);
    }
    let profile = members.iter().find(|member| member.name.eq_ignore_ascii_case("osProfile")).cloned();
    let found = profile.as_ref().and_then(|profile| profile.value.object());
    let Some(storage) = members.iter_mut().find(|member| member.name.eq_ignore_ascii_case("storageProfile"))
    else {
        return;
    };
    let at = storage.value.at;
    let key = |what: &str| format!("{what}({})", id.shown().unwrap_or_default().to_ascii_lowercase());
    let Kind::Object(object) = &storage.value.kind else { return };
    let system = system(found, object);
    let os_disk = object.get("osDisk").filter(|disk| disk.object().is_some());
    let mut disk = os_disk.and_then(Value::object).map_or_else(Vec::new, |disk| disk.members().to_vec());
    let place = os_disk.map_or(at, |disk| disk.at);
    let attached = disk.iter().any(|member| {
        member.name.eq_ignore_ascii_case("createOption") && member.value.text() == Some("Attach")
    });
    if let Some(system) = system {
        default(&mut disk, "osType", Value::of_text(system, place));
    }
    // A disk is a managed one, unless it names a blob. Its id is told by Azure.
    if !disk.iter().any(|member| member.name.eq_ignore_ascii_case("vhd")) {
        let own = Value::unknown(key("osDisk"), "osDisk", Why::Runtime("managedDisk.id".into()), place);
        let managed = disk.iter_mut().find(|member| member.name.eq_ignore_ascii_case("managedDisk"));
        match managed.map(|member| (&mut member.value, place)) {
            Some((value, _)) => {
                if let Kind::Object(inner) = &value.kind {
                    let mut inner = inner.members().to_vec();
                    default(&mut inner, "id", own);
                    *value = Value::new(Kind::Object(Arc::new(Object::new(inner))), value.at);
                }
            }
            None => default(&mut disk, "managedDisk", Value::of_object(vec![("id", own)], place)),
        }
    }
    let mut made = object.members().to_vec();
    let disk = Value::new(Kind::Object(Arc::new(Object::new(disk))), place);
    match made.iter_mut().find(|member| member.name.eq_ignore_ascii_case("osDisk")) {
        Some(member) if os_disk.is_some() => member.value = disk,
        Some(_) => {}
        None => made.push(Member { name: "osDisk".into(), at, value: disk }),
    }
    storage.value = Value::new(Kind::Object(Arc::new(Object::new(made))), at);
    let created = Value::unknown(key("timeCreated"), "timeCreated", Why::Runtime("timeCreated".into()), at);
    default(members, "timeCreated", created);
    if !attached && let (Some(system), Some(profile)) = (system, profile) {
        let completed = os_profile(&profile.value, system);
        if let Some(member) = members.iter_mut().find(|member| member.name.eq_ignore_ascii_case("osProfile"))
        {
            member.value = completed;
        }
    }
}

/// Templates write an empty text for a configuration that is not there, and Azure takes it.
fn without_empty(profile: &Value) -> Value {
    let Kind::Object(object) = &profile.kind else { return profile.clone() };
    let empty = |member: &&Member| {
        let configuration = ["linuxConfiguration", "windowsConfiguration", "secrets"];
        let is = configuration.iter().any(|name| member.name.eq_ignore_ascii_case(name));
        is && member.value.text() == Some("")
    };
    if !object.members().iter().any(|member| empty(&member)) {
        return profile.clone();
    }
    let kept = object.members().iter().filter(|member| !empty(member)).cloned().collect();
    Value::new(Kind::Object(Arc::new(Object::new(kept))), profile.at)
}

/// Linux takes passwords, and both systems have the agent, unless something else is written.
fn os_profile(profile: &Value, system: &str) -> Value {
    let Kind::Object(object) = &profile.kind else { return profile.clone() };
    let name = if system == "Linux" { "linuxConfiguration" } else { "windowsConfiguration" };
    let mut made = object.members().to_vec();
    let there = made.iter_mut().find(|member| member.name.eq_ignore_ascii_case(name));
    let (mut inner, at) = match there.as_ref().map(|member| (&member.value.kind, member.value.at)) {
        Some((Kind::Object(inner), at)) => (inner.members().to_vec(), at),
        Some((Kind::Null, at)) => (Vec::new(), at),
        Some(_) => return profile.clone(),
        None => (Vec::new(), profile.at),
    };
    if system == "Linux" {
        default(&mut inner, "disablePasswordAuthentication", Value::new(Kind::Bool(false), at));
    }
    default(&mut inner, "provisionVMAgent", Value::new(Kind::Bool(true), at));
    let value = Value::new(Kind::Object(Arc::new(Object::new(inner))), at);
    match there {
        Some(member) => member.value = value,
        None => made.push(Member { name: name.into(), at, value }),
    }
    Value::new(Kind::Object(Arc::new(Object::new(made))), profile.at)
}

/// What a Bastion host does unless it is told otherwise.
/// Source: <https://learn.microsoft.com/azure/templates/microsoft.network/bastionhosts>.
fn bastion(members: &mut Vec<Member>, properties: Span) {
    for name in [
        "disableCopyPaste",
        "enableFileCopy",
        "enableIpConnect",
        "enableKerberos",
        "enableSessionRecording",
        "enableShareableLink",
        "enableTunneling",
    ] {
        default(members, name, Value::new(Kind::Bool(false), properties));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, pointer: &str, expected: &str) {
        let body = complete(crate::json::read(body.as_bytes(), 0).unwrap());
        assert_eq!(crate::wire::find(&body, pointer).key(), expected, "{pointer}");
    }

    #[test]
    fn parts_have_ids() {
        let vnet = r#"{"id":"/subscriptions/s/v","type":"Microsoft.Network/virtualNetworks","properties":{"subnets":[{"name":"a"},{"name":"b","id":"x"}]}}"#;
        check(vnet, "/properties/subnets/0/id", r#""/subscriptions/s/v/subnets/a""#);
        check(vnet, "/properties/subnets/1/id", r#""x""#);
        let nic = r#"{"id":"n","type":"Microsoft.Network/networkInterfaces","properties":{"ipConfigurations":[{"name":"a","properties":{}}]}}"#;
        let body = with_part_ids(crate::json::read(nic.as_bytes(), 0).unwrap());
        let configuration = r#"[{"id":"n/ipConfigurations/a","name":"a","properties":{},},]"#;
        assert_eq!(crate::wire::find(&body, "/properties/ipConfigurations").key(), configuration);
    }

    #[test]
    fn defaults_are_those_of_azure() {
        let nic = r#"{"id":"n","type":"Microsoft.Network/networkInterfaces","properties":{"ipConfigurations":[{"name":"a","properties":{}},{"name":"b","properties":{}}]}}"#;
        check(nic, "/properties/ipConfigurations/0/properties/primary", "true");
        check(nic, "/properties/ipConfigurations/1/properties/primary", "false");
        check(nic, "/properties/enableIPForwarding", "false");
        let told = r#"{"id":"n","type":"Microsoft.Network/networkInterfaces","properties":{"enableIPForwarding":true,"ipConfigurations":[{"name":"a","properties":{}},{"name":"b","properties":{"primary":true}}]}}"#;
        check(told, "/properties/enableIPForwarding", "true");
        let vm = r#"{"id":"m","type":"Microsoft.Compute/virtualMachines","properties":{"storageProfile":{"osDisk":{"createOption":"FromImage"}}}}"#;
        check(vm, "/properties/storageProfile/osDisk/managedDisk/id", "osDisk(m)");
        let linux = r#"{"id":"m","type":"Microsoft.Compute/virtualMachines","properties":{"osProfile":{"adminUsername":"a"},"storageProfile":{"imageReference":{"publisher":"Canonical"}}}}"#;
        check(linux, "/properties/storageProfile/osDisk/osType", r#""Linux""#);
        check(linux, "/properties/osProfile/linuxConfiguration/disablePasswordAuthentication", "false");
        let keys = r#"{"id":"m","type":"Microsoft.Compute/virtualMachines","properties":{"osProfile":{"linuxConfiguration":{"disablePasswordAuthentication":true}},"storageProfile":{}}}"#;
        check(keys, "/properties/osProfile/linuxConfiguration/disablePasswordAuthentication", "true");
        let group = r#"{"id":"g","type":"Microsoft.Network/networkSecurityGroups"}"#;
        check(group, "/properties/securityRules", "[]");
        let empty = r#"{"id":"s","type":"Microsoft.Compute/virtualMachineScaleSets","properties":{}}"#;
        check(empty, "/properties/orchestrationMode", r#""Flexible""#);
        let blob = r#"{"id":"m","type":"Microsoft.Compute/virtualMachines","properties":{"storageProfile":{"osDisk":{"vhd":{"uri":"u"}}}}}"#;
        check(blob, "/properties/storageProfile/osDisk", r#"{"vhd":{"uri":"u",},}"#);
    }
}
