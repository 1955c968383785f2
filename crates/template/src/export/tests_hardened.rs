//! Hardened exports: each change, and that nothing else is open.

use serde_json::{Value, json};

use super::tests::{export, id, network, resource, web1};
use super::*;

/// The texts of the rules of a group: `name access protocol who ports`.
fn rules(exported: &Exported, group: &str) -> Vec<String> {
    let all = resource(exported, group)["properties"]["securityRules"].as_array().unwrap();
    let mut priorities: Vec<(&str, u64)> = Vec::new();
    all.iter()
        .map(|rule| {
            let inner = &rule["properties"];
            let direction = inner["direction"].as_str().unwrap();
            let priority = inner["priority"].as_u64().unwrap();
            assert!(
                (100..=4096).contains(&priority) && !priorities.contains(&(direction, priority)),
                "{all:?}"
            );
            priorities.push((direction, priority));
            let side = if direction == "Inbound" { "source" } else { "destination" };
            let who = sources::of_rule(rule, side).join(",");
            let ports = sources::Ports::of_rule(rule).texts().join(",");
            let text = |key: &str| inner[key].as_str().unwrap().to_owned();
            format!(
                "{} {} {} {who} {ports}",
                rule["name"].as_str().unwrap(),
                text("access"),
                text("protocol")
            )
        })
        .collect()
}

fn kinds(exported: &Exported) -> Vec<ChangeKind> {
    let mut all: Vec<ChangeKind> = exported.changes.iter().map(|it| it.kind).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn groups_let_in_the_web_and_bastions() {
    let exported = export(&web1(), &["web1"], true, &[]);
    assert_eq!(
        rules(&exported, "nsg"),
        [
            "AllowBastionSignIn Allow Tcp 168.63.129.16/32 22,3389",
            "web Allow Tcp * 443",
            "dns Allow Udp VirtualNetwork 53",
            "any Allow * VirtualNetwork 0-21,23-3388,3390-5984,5987-65535",
            "AllowBalancerIn Allow * AzureLoadBalancer *",
            "DenyInternetIn Deny * Internet *",
            "DenyNetworkSignIn Deny Tcp VirtualNetwork 22,3389,5985-5986",
            "AllowWebOut Allow Tcp Internet 80,443",
            "AllowTimeOut Allow Udp Internet 123",
            "DenyInternetOut Deny * Internet *",
        ]
    );
    assert_eq!(
        rules(&exported, "nsg-vnet-other"),
        ["DenyInternetSignIn Deny * Internet 22,3389,5985-5986"],
        "no machine is there"
    );
    let trusted = export(&web1(), &["web1"], true, &["198.51.100.0/28"]);
    assert!(rules(&trusted, "nsg").contains(&"ssh Allow Tcp 198.51.100.0/28 22".to_owned()));
}

#[test]
fn a_server_of_the_web_keeps_its_address() {
    let exported = export(&web1(), &["web1"], true, &[]);
    let public = resource(&exported, "pip-web1");
    assert_eq!(public["sku"]["name"], "Standard");
    assert_eq!(public["properties"]["publicIPAllocationMethod"], "Static");
    assert_eq!(public["properties"]["ddosSettings"]["protectionMode"], "[parameters('ddosProtectionMode')]");
    let subnet = &resource(&exported, "vnet")["properties"]["subnets"][0]["properties"];
    assert_eq!((&subnet["defaultOutboundAccess"], subnet.get("natGateway")), (&json!(false), None));
}

#[test]
fn others_lose_it_and_leave_by_a_nat_gateway() {
    let mut records = web1();
    let rules = records[6]["properties"]["securityRules"].as_array_mut().unwrap();
    rules.retain(|rule| rule["name"] != "web");
    let exported = export(&records, &["web1"], true, &[]);
    let address = &resource(&exported, "web1-nic")["properties"]["ipConfigurations"][0]["properties"];
    assert_eq!(address.get("publicIPAddress"), None);
    assert!(!exported.template.to_string().contains("pip-web1"));
    let subnet = &resource(&exported, "vnet")["properties"]["subnets"][0]["properties"];
    assert_eq!(subnet["natGateway"]["id"], "[resourceId('Microsoft.Network/natGateways', 'nat-vnet')]");
    assert_eq!(
        resource(&exported, "nat-vnet")["dependsOn"],
        json!(["[resourceId('Microsoft.Network/publicIPAddresses', 'pip-nat-vnet')]"])
    );
    let bastion = resource(&exported, "bastion-vnet");
    assert_eq!(
        (&bastion["sku"]["name"], &bastion["condition"]),
        (&json!("Developer"), &json!("[parameters('deployBastion')]"))
    );
    assert_eq!(exported.template["parameters"]["deployBastion"]["defaultValue"], true);
    // Trusted people sign in by it.
    let trusted = export(&records, &["web1"], true, &["198.51.100.0/28"]);
    assert!(trusted.template.to_string().contains("pip-web1"));
}

#[test]
fn the_machine_is_hardened() {
    let exported = export(&web1(), &["web1"], true, &[]);
    let vm = resource(&exported, "web1");
    let properties = &vm["properties"];
    assert_eq!(
        properties["securityProfile"],
        json!({"encryptionAtHost": true, "securityType": "TrustedLaunch",
            "uefiSettings": {"secureBootEnabled": true, "vTpmEnabled": true}})
    );
    let linux = &properties["osProfile"]["linuxConfiguration"];
    assert_eq!(linux["disablePasswordAuthentication"], true);
    assert_eq!(
        linux["patchSettings"],
        json!({"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"})
    );
    assert_eq!(properties["osProfile"].get("adminPassword"), None);
    assert_eq!(properties["diagnosticsProfile"]["bootDiagnostics"]["enabled"], true);
    assert_eq!(resource(&exported, "web1-nic")["properties"]["enableIPForwarding"], false);
    assert_eq!(resource(&exported, "web1-data")["properties"]["networkAccessPolicy"], "DenyAll");
    for extension in ["GuestAttestation", "AzurePolicyforLinux", "AADSSHLoginForLinux"] {
        resource(&exported, &format!("web1/{extension}"));
    }
    let fill = exported.parameters["parameters"].as_object().unwrap();
    assert_eq!(fill.keys().collect::<Vec<_>>(), ["adminUsername", "adminPublicKey"]);
    let jit = resource(&exported, "[format('{0}/sign-in', parameters('location'))]");
    let port = &jit["properties"]["virtualMachines"][0]["ports"][0];
    assert_eq!((&port["number"], &port["maxRequestAccessDuration"]), (&json!(22), &json!("PT3H")));
    assert_eq!(exported.template["parameters"]["deployJustInTime"]["defaultValue"], false);
    let vault = resource(&exported, "rsv-web1");
    assert_eq!(vault["properties"]["securitySettings"]["softDeleteSettings"]["softDeleteState"], "Enabled");
    let item = resource(
        &exported,
        "[format('rsv-web1/Azure/iaasvmcontainer;iaasvmcontainerv2;{0};web1/vm;iaasvmcontainerv2;{0};web1', resourceGroup().name)]",
    );
    assert_eq!(
        item["dependsOn"],
        json!([
            "[resourceId('Microsoft.Compute/virtualMachines', 'web1')]",
            "[resourceId('Microsoft.RecoveryServices/vaults/backupPolicies', 'rsv-web1', 'daily')]"
        ])
    );
}

/// A machine whose network is not in the input.
fn windows() -> Vec<Value> {
    vec![
        json!({"id": id("Microsoft.Compute/virtualMachines", "win1"), "properties": {
            "storageProfile": {
                "imageReference": {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer",
                    "sku": "2016-Datacenter", "version": "latest"},
                "osDisk": {"osType": "Windows", "vhd": {"uri": "https://x.blob.core.windows.net/v/a.vhd?sig=PLANTED"}}},
            "osProfile": {"adminUsername": "azureuser", "allowExtensionOperations": false,
                "windowsConfiguration": {"provisionVMAgent": false, "enableAutomaticUpdates": false,
                    "additionalUnattendContent": [{"content": "PLANTED"}],
                    "winRM": {"listeners": [{"protocol": "Http"}]},
                    "patchSettings": {"patchMode": "Manual",
                        "automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": true}}}},
            "networkProfile": {"networkInterfaces": [{"id": network("networkInterfaces", "n")}]}}}),
        json!({"id": network("networkInterfaces", "n"), "properties": {"ipConfigurations": [{"name": "c",
            "properties": {"subnet": {"id": format!("{}/subnets/s", network("virtualNetworks", "v"))}}}]}}),
    ]
}

#[test]
fn windows_and_networks_that_are_not_there() {
    let exported = export(&windows(), &["win1"], true, &["198.51.100.7"]);
    let account = &resource(&exported, "win1")["properties"]["osProfile"];
    let config = &account["windowsConfiguration"];
    assert_eq!(
        (&account["allowExtensionOperations"], &config["provisionVMAgent"]),
        (&json!(true), &json!(true))
    );
    assert_eq!((config.get("winRM"), &config["enableAutomaticUpdates"]), (None, &json!(true)));
    assert_eq!(
        config["patchSettings"],
        json!({"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform",
            "automaticByPlatformSettings": {"bypassPlatformSafetyChecksOnUserSchedule": false}})
    );
    let rules = rules(&exported, "nsg-n");
    assert!(!rules.iter().any(|it| it.contains("bastion")), "{rules:?}");
    assert!(rules.contains(&"AllowTrustedSignIn Allow Tcp 198.51.100.7 3389".to_owned()), "{rules:?}");
    assert!(rules.contains(&"AllowActivationOut Allow Tcp Internet 1688".to_owned()), "{rules:?}");
    resource(&exported, "win1/IaaSAntimalware");
    let left: Vec<LeftOutKind> = exported.left_out.iter().map(|it| it.kind).collect();
    // The generation of the image is not told, and it is too old for sign-in with Entra ID.
    for kind in [LeftOutKind::TrustedLaunch, LeftOutKind::EntraSignIn, LeftOutKind::AccountSecrets] {
        assert!(left.contains(&kind), "{kind:?}");
    }
    assert!(!exported.template.to_string().contains("securityType"));
    assert!(kinds(&exported).contains(&ChangeKind::ManagedDisk));
}

#[test]
fn sending_is_limited() {
    let mut records = web1();
    let out = |name: &str, to: &str, port: &str| {
        json!({"name": name, "properties": {"direction": "Outbound", "access": "Allow", "protocol": "Tcp",
            "destinationAddressPrefix": to, "destinationPortRange": port, "priority": 4096}})
    };
    let rules_of = records[6]["properties"]["securityRules"].as_array_mut().unwrap();
    rules_of.extend([out("all", "*", "*"), out("mail", "Internet", "587"), out("pool", "Internet", "3333")]);
    let exported = export(&records, &["web1"], true, &[]);
    let outbound: Vec<String> =
        rules(&exported, "nsg").into_iter().skip_while(|it| !it.starts_with("all")).collect();
    assert_eq!(
        outbound,
        [
            "all Allow Tcp VirtualNetwork *",
            "mail Allow Tcp Internet 587",
            "AllowWebOut Allow Tcp Internet 80,443",
            "AllowTimeOut Allow Udp Internet 123",
            "DenyInternetOut Deny * Internet *",
        ]
    );
}

#[test]
fn what_is_there_is_not_added_again() {
    let mut records = web1();
    let vm = id("Microsoft.Compute/virtualMachines", "web1");
    records.push(
        json!({"id": format!("{}/bastionHosts/b", super::tests::RG.to_owned() + "/Microsoft.Network"),
        "properties": {"ipConfigurations": [{"name": "c", "properties": {"subnet": {"id":
            format!("{}/subnets/AzureBastionSubnet", network("virtualNetworks", "vnet"))}}}]}}),
    );
    records[4]["properties"]["subnets"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "AzureBastionSubnet", "properties": {"addressPrefix": "10.20.9.0/26"}}));
    records.push(json!({"id": "/subscriptions/0a1b/providers/Microsoft.Security/pricings/VirtualMachines",
        "properties": {"pricingTier": "Standard", "subPlan": "P2"}}));
    let items =
        "Microsoft.RecoveryServices/vaults/v/backupFabrics/Azure/protectionContainers/c/protectedItems";
    records.push(json!({"id": id(items, "i"), "properties": {"sourceResourceId": vm.to_lowercase()}}));
    records.push(json!({"id": network("routeTables", "back"), "properties": {"routes": [{"name": "r",
        "properties": {"nextHopIpAddress": "10.20.1.4"}}]}}));
    let exported = export(&records, &["web1"], true, &[]);
    let default = |name: &str| exported.template["parameters"][name]["defaultValue"].clone();
    assert_eq!(default("deployBastion"), false);
    assert_eq!(default("deployBackup"), false);
    assert_eq!(default("deployJustInTime"), true);
    assert_eq!(
        resource(&exported, "web1-nic")["properties"]["enableIPForwarding"],
        true,
        "a route leads there"
    );
    assert!(
        rules(&exported, "nsg")
            .contains(&"AllowBastionSignIn Allow Tcp 168.63.129.16/32,10.20.9.0/26 22,3389".to_owned())
    );
    let subnets = resource(&exported, "vnet")["properties"]["subnets"].as_array().unwrap();
    assert_eq!(subnets.last().unwrap()["properties"].get("networkSecurityGroup"), None);
}

#[test]
fn several_machines_have_parameters_of_their_own() {
    let mut records = web1();
    records.extend(windows());
    let exported = export(&records, &["web1", "win1"], true, &[]);
    let fill: Vec<&String> = exported.parameters["parameters"].as_object().unwrap().keys().collect();
    assert_eq!(
        fill,
        ["adminUsername_web1", "adminPublicKey_web1", "adminUsername_win1", "adminPassword_win1"]
    );
}

#[test]
fn every_change_is_for_a_check_and_is_tested() {
    let mut all: Vec<ChangeKind> = Vec::new();
    let mut records = web1();
    records.extend(windows());
    for (machine, trusted) in [("web1", [].as_slice()), ("win1", &["198.51.100.7"])] {
        all.extend(kinds(&export(&records, &[machine], true, trusted)));
    }
    records[6]["properties"]["securityRules"] = json!([{"name": "out", "properties": {"direction": "Outbound",
        "access": "Allow", "protocol": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}}]);
    all.extend(kinds(&export(&records, &["web1"], true, &[])));
    for kind in ChangeKind::ALL {
        assert!(!kind.checks().is_empty() && all.contains(kind), "{kind:?}");
    }
}

#[test]
fn a_hardened_template_hardens_to_itself() {
    let before = export(&web1(), &["web1"], true, &[]);
    let mut records = web1();
    records[6]["properties"]["securityRules"] =
        resource(&before, "nsg")["properties"]["securityRules"].clone();
    assert_eq!(rules(&export(&records, &["web1"], true, &[]), "nsg"), rules(&before, "nsg"));
}
