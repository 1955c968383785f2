use std::process::{Command, Stdio};

use posture::Lang;
use serde_json::{Value, json};

use super::terraform;
use crate::forms::tests::{fix, hostile};
use crate::write::{Act, Edit};

const GROUP: &str = "/subscriptions/s/resourceGroups/g/providers";

fn check(target: &str, act: Act, expected: &str) {
    let text = terraform(&[&fix(&[(&format!("{GROUP}/{target}"), act)])], Lang::En);
    let text = text.strip_prefix("# narrow `ssh`\n# subscription: s\n\n").unwrap_or(&text);
    assert_eq!(text, expected);
}

fn edit(path: &str, becomes: Option<Value>) -> Edit {
    Edit { path: path.to_owned(), was: None, becomes }
}

#[test]
fn rules() {
    let becomes = json!({"properties": {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "TCP",
        "sourceAddressPrefixes": ["203.0.113.0/24", "198.51.100.7"], "sourcePortRange": "*",
        "destinationAddressPrefix": "*", "destinationPortRanges": ["22"], "description": "${x}"}});
    check(
        "Microsoft.Network/networkSecurityGroups/n/securityRules/Allow-SSH",
        Act::Put { was: Some(json!({})), becomes },
        r#"import {
  to = azurerm_network_security_rule.allow_ssh
  id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n/securityRules/Allow-SSH"
}

resource "azurerm_network_security_rule" "allow_ssh" {
  name                        = "Allow-SSH"
  resource_group_name         = "g"
  network_security_group_name = "n"
  priority                    = 100
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  source_address_prefixes     = ["203.0.113.0/24", "198.51.100.7"]
  destination_port_range      = "22"
  destination_address_prefix  = "*"
  description                 = "$${x}"
}
"#,
    );
    check(
        "Microsoft.Network/networkSecurityGroups/n/securityRules/r",
        Act::Delete { was: json!({}) },
        "# remove its block from the code that makes it, or take `--format az` or `--apply`: delete /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n/securityRules/r\n",
    );
}

#[test]
fn machines_and_what_is_around_them() {
    let vm = "Microsoft.Compute/virtualMachines/v";
    check(
        vm,
        Act::Edit {
            edits: vec![
                edit(
                    "properties/osProfile/linuxConfiguration/patchSettings/patchMode",
                    Some(json!("AutomaticByPlatform")),
                ),
                edit("properties/securityProfile/encryptionAtHost", Some(json!(true))),
                edit("identity/type", Some(json!("SystemAssigned"))),
            ],
            whole: false,
        },
        "# in the block of `v` (azurerm_linux_virtual_machine):\n#   patch_mode = \"AutomaticByPlatform\"\n#   encryption_at_host_enabled = true\n#   identity { type = \"SystemAssigned\" }\n",
    );
    check(
        "Microsoft.Network/networkInterfaces/i",
        Act::Edit {
            edits: vec![edit("properties/ipConfigurations[a]/properties/publicIPAddress", None)],
            whole: true,
        },
        "# in the block of `i` (azurerm_network_interface):\n#   ip_configuration \"a\": - public_ip_address_id\n",
    );
    let extension = json!({"location": "l", "properties": {"publisher": "P", "type": "T", "typeHandlerVersion": "1.0",
        "autoUpgradeMinorVersion": true, "settings": {"a": {"b": 1}}}});
    check(
        &format!("{vm}/extensions/e"),
        Act::Put { was: None, becomes: extension },
        r#"resource "azurerm_virtual_machine_extension" "e" {
  name                       = "e"
  virtual_machine_id         = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v"
  publisher                  = "P"
  type                       = "T"
  type_handler_version       = "1.0"
  auto_upgrade_minor_version = true
  settings = jsonencode({
    a = {
      b = 1
    }
  })
}
"#,
    );
    check(
        "Microsoft.Compute/disks/d",
        Act::Edit {
            edits: vec![edit("properties/networkAccessPolicy", Some(json!("DenyAll")))],
            whole: false,
        },
        r#"resource "azapi_update_resource" "d" {
  type        = "Microsoft.Compute/disks@2024-05-01"
  resource_id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d"
  body = {
    properties = {
      networkAccessPolicy = "DenyAll"
    }
  }
}
"#,
    );
}

#[test]
fn what_azurerm_has_no_block_for_is_in_azures_words() {
    let vault = json!({"location": "japaneast", "tags": {"a": "b"}, "identity": {"type": "SystemAssigned"},
        "sku": {"name": "Standard"}, "properties": {}});
    check(
        "A.B/vaults/V-1",
        Act::Put { was: Some(json!({})), becomes: vault },
        r#"import {
  to = azapi_resource.v_1
  id = "/subscriptions/s/resourceGroups/g/providers/A.B/vaults/V-1?api-version=2024-05-01"
}

resource "azapi_resource" "v_1" {
  type      = "A.B/vaults@2024-05-01"
  name      = "V-1"
  parent_id = "/subscriptions/s/resourceGroups/g"
  location  = "japaneast"
  tags = {
    a = "b"
  }
  body = {
    sku = {
      name = "Standard"
    }
    properties = {}
  }

  identity {
    type = "SystemAssigned"
  }
}
"#,
    );
}

#[test]
fn terraform_reads_what_is_written() {
    let text = terraform(&[&hostile(), &hostile()], Lang::Ja);
    let Ok(mut child) = Command::new("terraform")
        .args(["fmt", "-check", "-diff", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    else {
        eprintln!("terraform is not installed: its syntax is not checked");
        return;
    };
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{told}\n{text}");
}
