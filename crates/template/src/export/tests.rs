//! Exports as the machines are: references, secrets, read-only properties, faults.

use serde_json::{Value, json};

use super::*;

pub(super) const RG: &str = "/subscriptions/0a1b/resourceGroups/rg-shop/providers";

pub(super) fn id(kind: &str, name: &str) -> String {
    format!("{RG}/{kind}/{name}")
}

pub(super) fn network(kind: &str, name: &str) -> String {
    id(&format!("Microsoft.Network/{kind}"), name)
}

fn rule(name: &str, priority: u16, source: &str, protocol: &str, port: &str) -> Value {
    json!({"name": name, "etag": "W/1", "properties": {"direction": "Inbound", "access": "Allow",
        "protocol": protocol, "sourcePortRange": "*", "sourceAddressPrefix": source, "destinationAddressPrefix": "*",
        "destinationPortRange": port, "priority": priority, "provisioningState": "Succeeded"}})
}

/// A Linux machine with everything around it, in the nested shape, read-only properties and secrets included.
pub(super) fn web1() -> Vec<Value> {
    let vm = id("Microsoft.Compute/virtualMachines", "web1");
    vec![
        json!({"id": vm, "name": "web1", "type": "Microsoft.Compute/virtualMachines", "location": "japaneast",
            "etag": "W/9", "zones": ["1"], "systemData": {"createdBy": "PLANTED"},
            "tags": {"owner": "kaede", "db-password": "PLANTED-tag", "odd": "[reference('x')]"},
            "identity": {"type": "SystemAssigned, UserAssigned", "principalId": "READONLY", "tenantId": "READONLY",
                "userAssignedIdentities": {id("Microsoft.ManagedIdentity/userAssignedIdentities", "u"):
                    {"clientId": "READONLY"}}},
            "properties": {"vmId": "READONLY", "timeCreated": "READONLY", "provisioningState": "READONLY",
                "userData": "PLANTED", "instanceView": {"hyperVGeneration": "V2"},
                "hardwareProfile": {"vmSize": "Standard_B2s"},
                "storageProfile": {
                    "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server",
                        "version": "24.04.1", "exactVersion": "READONLY"},
                    "osDisk": {"osType": "Linux", "name": "web1-os", "caching": "ReadWrite", "createOption": "FromImage",
                        "diskSizeGB": 30, "managedDisk": {"id": id("Microsoft.Compute/disks", "web1-os"),
                            "storageAccountType": "Premium_LRS"}},
                    "dataDisks": [{"lun": 0, "name": "web1-data", "createOption": "Attach", "diskSizeGB": 64,
                        "managedDisk": {"id": id("Microsoft.Compute/disks", "web1-data"),
                            "storageAccountType": "Premium_LRS"}}]},
                "osProfile": {"computerName": "web1", "adminUsername": "kaede", "adminPassword": "PLANTED",
                    "customData": "PLANTED", "secrets": [{"sourceVault": {"id": "/PLANTED"}}],
                    "linuxConfiguration": {"disablePasswordAuthentication": false,
                        "patchSettings": {"patchMode": "ImageDefault"}}},
                "networkProfile": {"networkInterfaces": [{"id": network("networkInterfaces", "web1-nic"),
                    "properties": {"primary": true}}]}},
            "resources": [
                {"id": format!("{vm}/extensions/agent"), "name": "agent", "properties": {
                    "publisher": "Microsoft.Azure.Monitor", "type": "AzureMonitorLinuxAgent",
                    "typeHandlerVersion": "1.0", "settings": {"workspaceKey": "PLANTED"},
                    "protectedSettings": {"key": "PLANTED"}, "provisioningState": "READONLY"}},
                {"id": format!("{vm}/extensions/script"), "name": "script", "properties": {
                    "publisher": "Microsoft.Azure.Extensions", "type": "CustomScript",
                    "settings": {"commandToExecute": "PLANTED"}}}]}),
        json!({"id": network("networkInterfaces", "web1-nic"), "properties": {"macAddress": "READONLY",
            "resourceGuid": "READONLY", "enableIPForwarding": true, "hostedWorkloads": [],
            "dnsSettings": {"internalDomainNameSuffix": "READONLY", "appliedDnsServers": ["READONLY"]},
            "virtualMachine": {"id": vm},
            "ipConfigurations": [{"name": "ipconfig1", "id": "READONLY", "properties": {"primary": true,
                "privateIPAddress": "10.20.1.4", "privateIPAllocationMethod": "Dynamic",
                "subnet": {"id": format!("{}/subnets/app", network("virtualNetworks", "vnet"))},
                "applicationSecurityGroups": [{"id": network("applicationSecurityGroups", "webs")}],
                "loadBalancerBackendAddressPools":
                    [{"id": format!("{}/backendAddressPools/p", network("loadBalancers", "lb"))}],
                "publicIPAddress": {"id": network("publicIPAddresses", "pip-web1")}}}]}}),
        json!({"id": network("publicIPAddresses", "pip-web1"), "sku": {"name": "Basic"}, "properties": {
            "ipAddress": "READONLY", "publicIPAllocationMethod": "Dynamic", "ipConfiguration": {"id": "READONLY"}}}),
        json!({"id": network("applicationSecurityGroups", "webs"), "properties": {"provisioningState": "READONLY"}}),
        json!({"id": network("virtualNetworks", "vnet"), "properties": {
            "addressSpace": {"addressPrefixes": ["10.20.0.0/16"]}, "resourceGuid": "READONLY",
            "virtualNetworkPeerings": [{"name": "to-hub", "properties": {}}],
            "subnets": [
                {"name": "app", "properties": {"addressPrefix": "10.20.1.0/24",
                    "networkSecurityGroup": {"id": network("networkSecurityGroups", "nsg")},
                    "routeTable": {"id": network("routeTables", "rt")},
                    "ipConfigurations": [{"id": "READONLY"}], "provisioningState": "READONLY"}},
                {"name": "other", "properties": {"addressPrefix": "10.20.2.0/24"}}]}}),
        json!({"id": network("routeTables", "rt"), "properties": {"routes": [{"name": "lab", "properties":
            {"addressPrefix": "10.9.0.0/16", "nextHopType": "VnetLocal"}}]}}),
        json!({"id": network("networkSecurityGroups", "nsg"), "properties": {
            "defaultSecurityRules": [{"name": "READONLY"}], "subnets": [{"id": "READONLY"}],
            "securityRules": [rule("ssh", 100, "Internet", "Tcp", "22"), rule("web", 200, "*", "Tcp", "443"),
                rule("dns", 300, "*", "Udp", "53"),
                rule("MicrosoftDefenderForCloud-JITRule-1-8C18BF8921F041989344B4F1E3A0C370", 110, "*", "*", "22"),
                rule("any", 400, "VirtualNetwork", "*", "*")]}}),
    ]
}

/// The same without `properties`, as `az` prints it.
fn flattened(value: &Value) -> Value {
    match value {
        Value::Object(all) => {
            let mut flat = serde_json::Map::new();
            for (name, value) in all {
                match (name.as_str(), flattened(value)) {
                    ("properties", Value::Object(inner)) => flat.extend(inner),
                    (_, value) => drop(flat.insert(name.clone(), value)),
                }
            }
            Value::Object(flat)
        }
        Value::Array(all) => all.iter().map(flattened).collect(),
        other => other.clone(),
    }
}

pub(super) fn export(records: &[Value], machines: &[&str], hardened: bool, trusted: &[&str]) -> Exported {
    let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
    let options = Options { hardened, machines: texts(machines), trusted_sources: texts(trusted) };
    let exported = template(records, &options).unwrap();
    sound(&exported);
    exported
}

/// What holds of every template: no secret, nothing read-only, and references to what is there only.
fn sound(exported: &Exported) {
    let text = exported.template.to_string();
    let told = format!("{:?} {:?} {}", exported.changes, exported.left_out, exported.parameters);
    for bad in ["PLANTED", "READONLY"] {
        assert!(!text.contains(bad), "{bad}: {:#}", exported.template);
    }
    assert!(!told.contains("PLANTED"), "{told}");
    let resources = exported.template["resources"].as_array().unwrap();
    let mut before: Vec<String> = Vec::new();
    let mut names = Vec::new();
    for resource in resources {
        let (kind, name) = (resource["type"].as_str().unwrap(), resource["name"].as_str().unwrap());
        for wait in resource["dependsOn"].as_array().into_iter().flatten() {
            assert!(
                before.contains(&wait.as_str().unwrap().to_owned()),
                "{name} waits for {wait}: {before:?}"
            );
        }
        before.push(draft::resource_id(kind, name.split('/')));
        names.push((kind.to_owned(), name.to_owned()));
    }
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    for change in &exported.changes {
        let found =
            resources.iter().find(|it| it["name"] == *change.resource && it["type"] == change.resource_type);
        let found = found.unwrap_or_else(|| panic!("{change:?}"));
        let gone = change.kind == ChangeKind::PublicAddressRemoved || change.kind == ChangeKind::WinRm;
        assert!(gone || found.pointer(&change.pointer).is_some(), "{change:?}");
    }
    for name in exported.parameters["parameters"].as_object().unwrap().keys() {
        assert!(exported.template["parameters"].get(name).is_some(), "{name}");
    }
    // Every parameter that is used is there.
    for part in text.split("parameters('").skip(1) {
        let name = part.split('\'').next().unwrap();
        assert!(exported.template["parameters"].get(name).is_some(), "{name}");
    }
}

pub(super) fn resource<'e>(exported: &'e Exported, name: &str) -> &'e Value {
    let all = exported.template["resources"].as_array().unwrap();
    all.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name}: {:#}", exported.template))
}

#[test]
fn a_machine_leads_to_its_network() {
    let exported = export(&web1(), &["web1"], false, &[]);
    let all = exported.template["resources"].as_array().unwrap();
    let names: Vec<&str> = all.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["webs", "nsg", "rt", "pip-web1", "vnet", "web1-nic", "web1-data", "web1", "web1/agent"],
        "{:#}",
        exported.template
    );
    let nic = resource(&exported, "web1-nic");
    let address = &nic["properties"]["ipConfigurations"][0]["properties"];
    assert_eq!(
        address["subnet"]["id"],
        "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'app')]"
    );
    assert_eq!(address.get("privateIPAddress"), None);
    assert_eq!(
        nic["dependsOn"],
        json!([
            "[resourceId('Microsoft.Network/applicationSecurityGroups', 'webs')]",
            "[resourceId('Microsoft.Network/publicIPAddresses', 'pip-web1')]",
            "[resourceId('Microsoft.Network/virtualNetworks', 'vnet')]"
        ])
    );
    let pool = format!("{}/backendAddressPools/p", network("loadBalancers", "lb"));
    assert_eq!(address["loadBalancerBackendAddressPools"], json!([{"id": pool}]));
    let vm = resource(&exported, "web1");
    assert_eq!(vm["tags"], json!({"owner": "kaede", "odd": "[[reference('x')]"}));
    assert_eq!(
        vm["identity"]["userAssignedIdentities"],
        json!({"[parameters('userAssignedIdentityId')]": {}})
    );
    let storage = &vm["properties"]["storageProfile"];
    assert_eq!(storage["imageReference"]["version"], "latest");
    assert_eq!(storage["osDisk"]["createOption"], "FromImage");
    assert_eq!(storage["osDisk"].get("name"), None);
    assert_eq!(
        storage["dataDisks"][0]["managedDisk"]["id"],
        "[resourceId('Microsoft.Compute/disks', 'web1-data')]"
    );
    assert_eq!(exported.template["parameters"]["adminUsername"]["defaultValue"], "kaede");
    assert_eq!(exported.parameters["parameters"], json!({"adminPassword": {"value": ""}}));
    let rules = &resource(&exported, "nsg")["properties"]["securityRules"];
    assert_eq!(rules.as_array().unwrap().len(), 4, "the temporary rule is gone");
    assert!(exported.changes.is_empty());
}

#[test]
fn what_is_left_out_is_told() {
    let exported = export(&web1(), &["web1"], false, &[]);
    let told: Vec<(LeftOutKind, &str)> =
        exported.left_out.iter().map(|it| (it.kind, it.detail.as_str())).collect();
    for expected in [
        (LeftOutKind::DataDiskContents, "web1-data"),
        (LeftOutKind::StartupData, "customData"),
        (LeftOutKind::StartupData, "userData"),
        (LeftOutKind::AccountSecrets, "secrets"),
        (LeftOutKind::Extension, "script"),
        (LeftOutKind::ProtectedSettings, "agent"),
        (LeftOutKind::ExtensionSettings, "agent"),
        (LeftOutKind::Tag, "db-password"),
        (LeftOutKind::Peering, "to-hub"),
        (LeftOutKind::TemporaryRule, "MicrosoftDefenderForCloud-JITRule-1-8C18BF8921F041989344B4F1E3A0C370"),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
    assert!(
        told.iter()
            .any(|(kind, id)| *kind == LeftOutKind::Reference && id.ends_with("/lb/backendAddressPools/p"))
    );
}

#[test]
fn both_shapes_give_one_template() {
    // `az` calls the type of an extension by another name.
    let mut flat: Vec<Value> = web1().iter().map(flattened).collect();
    for extension in flat[0]["resources"].as_array_mut().unwrap() {
        let kind = extension["type"].take();
        extension["typePropertiesType"] = kind;
    }
    for hardened in [false, true] {
        let nested = export(&web1(), &["web1"], hardened, &[]);
        let flat = export(&flat, &["web1"], hardened, &[]);
        assert_eq!(format!("{:#}", nested.template), format!("{:#}", flat.template));
        assert_eq!(nested.left_out, flat.left_out);
    }
}

#[test]
fn the_order_of_records_does_not_matter() {
    let mut turned = web1();
    turned.reverse();
    for hardened in [false, true] {
        let exported = export(&web1(), &["web1"], hardened, &[]);
        assert_eq!(
            exported.template.to_string(),
            export(&turned, &["web1"], hardened, &[]).template.to_string()
        );
    }
}

fn fault(records: &[Value], machines: &[&str]) -> ExportFault {
    let machines = machines.iter().map(|it| (*it).to_owned()).collect();
    template(records, &Options { machines, ..Options::default() }).unwrap_err()
}

#[test]
fn machines_that_cannot_be_found_are_told() {
    let web1 = web1();
    let found = id("Microsoft.Compute/virtualMachines", "web1");
    assert_eq!(fault(&web1, &[]), ExportFault::NoMachine);
    let near = ExportFault::Missing { name: "wbe1".into(), near: vec![found.clone()] };
    assert_eq!(near.to_string(), format!("no machine `wbe1` in the input, did you mean `{found}`?"));
    assert_eq!(fault(&web1, &["wbe1"]), near);
    assert_eq!(fault(&web1, &["mail"]), ExportFault::Missing { name: "mail".into(), near: vec![] });
    let other = found.replace("rg-shop", "rg-other");
    let mut two = web1.clone();
    two.push(json!({"id": other, "properties": {"x": 1}}));
    assert_eq!(
        fault(&two, &["web1"]),
        ExportFault::Ambiguous { name: "web1".into(), ids: vec![other, found.clone()] }
    );
    let bare = [json!({"id": found, "name": "web1"})];
    assert_eq!(fault(&bare, &[&found.to_uppercase()]), ExportFault::NoProperties { id: found });
    let trusted_sources = vec!["Internet".to_owned()];
    let options = Options { hardened: true, machines: vec!["web1".into()], trusted_sources };
    assert_eq!(template(&web1, &options).unwrap_err(), ExportFault::Source("Internet".into()));
}

#[test]
fn records_of_any_form_never_panic() {
    let vm = id("Microsoft.Compute/virtualMachines", "a");
    let odd = [
        json!(null),
        json!(1),
        json!([]),
        json!("x"),
        json!({"id": 1}),
        json!({"$unknown": {"reason": "r"}}),
    ];
    for value in &odd {
        for key in
            ["storageProfile", "osProfile", "networkProfile", "securityProfile", "identity", "resources"]
        {
            let mut record = json!({"id": vm, "properties": {"vmSize": 1}});
            record["properties"][key] = value.clone();
            record[key] = value.clone();
            for hardened in [false, true] {
                export(&[record.clone(), value.clone()], &["a"], hardened, &[]);
            }
        }
    }
}

#[test]
fn nothing_of_a_record_is_evaluated() {
    let bad = "x')]evil[concat('";
    let mut records = web1();
    records[1]["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"] =
        json!(format!("{}/{bad}/app", network("virtualNetworks", "vnet")));
    records[0]["properties"]["osProfile"]["computerName"] = json!("[evil()]");
    records[0]["zones"] = json!(["[evil()]"]);
    records[4]["properties"]["subnets"][1]["name"] = json!("[evil()]");
    let vm = id("Microsoft.Compute/virtualMachines", "[evil()]");
    records[0]["id"] = json!(vm);
    for hardened in [false, true] {
        let exported = export(&records, &[&vm], hardened, &[]);
        let text = exported.template.to_string();
        for part in text.split("evil").collect::<Vec<_>>().windows(2) {
            let before = part[0].rsplit('"').next().unwrap();
            let quoted = before.matches('\'').count() % 2 == 1;
            let literal = before.starts_with("[[") || !before.starts_with('[') || quoted;
            let end: String = part[0].chars().rev().take(60).collect();
            assert!(literal, "{} evil {}", end.chars().rev().collect::<String>(), part[1]);
        }
    }
}

fn estate(path: &str) -> Vec<Value> {
    let path = format!("{}/../../examples/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let all = serde_json::Deserializer::from_str(&text).into_iter::<Value>().map(Result::unwrap);
    all.flat_map(|it| it.as_array().cloned().unwrap_or_else(|| vec![it])).collect()
}

#[test]
fn every_machine_of_the_examples_is_exported() {
    let small = ["vms", "nics", "nsgs", "public-ips", "vnets"];
    let small = small.iter().flat_map(|it| estate(&format!("small-company/{it}.json"))).collect();
    for records in [estate("watched-estate/estate.ndjson"), small] {
        let index = Records::new(&records);
        let machines: Vec<&str> =
            index.of_type("microsoft.compute/virtualmachines").map(|(id, _)| id).collect();
        assert!(machines.len() >= 9, "{machines:?}");
        for hardened in [false, true] {
            for machine in &machines {
                let exported = export(&records, &[machine], hardened, &["198.51.100.0/28"]);
                let again = export(&records, &[machine], hardened, &["198.51.100.0/28"]);
                assert_eq!(exported.template.to_string(), again.template.to_string());
                assert!(!exported.template.to_string().contains("hunter22"));
            }
            export(&records, &machines, hardened, &[]);
        }
    }
}
