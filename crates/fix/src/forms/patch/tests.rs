use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use posture::Lang;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Patch, patch};
use crate::write::{Act, Edit, Write};

const GROUP: &str = "/subscriptions/s/resourceGroups/rg/providers";
const RULE: &str = "Microsoft.Network/networkSecurityGroups/web/securityRules/ssh";
const VM: &str = "Microsoft.Compute/virtualMachines/vm-1";
const NIC: &str = "Microsoft.Network/networkInterfaces/nic-1";

fn write(target: &str, act: Act) -> Write {
    Write { target: format!("{GROUP}/{target}"), api_version: "2024-05-01".to_owned(), act }
}

fn rule(source: &[&str]) -> Value {
    json!({"properties": {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "sourceAddressPrefixes": source, "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "22"}})
}

fn narrow(to: &[&str]) -> Write {
    write(RULE, Act::Put { was: Some(rule(&["*"])), becomes: rule(to) })
}

fn delete(target: &str) -> Write {
    write(target, Act::Delete { was: json!({}) })
}

fn edit(target: &str, path: &str, becomes: Option<Value>) -> Write {
    write(target, Act::Edit { edits: vec![Edit { path: path.to_owned(), was: None, becomes }], whole: true })
}

fn address(name: &str) -> String {
    format!("properties/ipConfigurations[{name}]/properties/publicIPAddress")
}

/// What `git apply` makes of a file.
fn applied(name: &str, text: &str, diff: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let dir: PathBuf = std::env::temp_dir().join(format!("fix-patch-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(name), text).unwrap();
    let mut child = Command::new("git")
        .args(["apply", "--whitespace=nowarn", "-"])
        .env("GIT_CEILING_DIRECTORIES", std::env::temp_dir())
        .current_dir(&dir)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(diff.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{}\n{diff}", String::from_utf8_lossy(&out.stderr));
    let now = std::fs::read_to_string(dir.join(name)).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    now
}

/// Lines of `text` that change, and what they become: `-` and `+` in front.
fn check(name: &str, text: &str, write: &Write, expected: &str) {
    let Some(Patch::Diff { file, diff, text: becomes }) = patch(&[(name, text)], write, Lang::En) else {
        panic!("{:?}", patch(&[(name, text)], write, Lang::En))
    };
    assert_eq!(file, name);
    let changed =
        |line: &&str| line.starts_with(['-', '+']) && !line.starts_with("---") && !line.starts_with("+++");
    let lines: Vec<&str> = diff.lines().filter(changed).collect();
    let wanted: Vec<&str> = expected.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, wanted, "{diff}");
    let now = applied(name, text, &diff);
    assert_eq!(now, becomes, "the text that is told is the one that the diff makes");
    // What is there then is what the write asks for.
    if !matches!(write.act, Act::Delete { .. }) {
        match patch(&[(name, &now)], write, Lang::En) {
            Some(Patch::Elsewhere { says, .. }) => assert!(
                says.contains("already") || matches!(write.act, Act::Put { was: None, .. }),
                "{says}\n{now}"
            ),
            other => assert!(matches!(write.act, Act::Put { was: None, .. }), "{other:?}\n{now}"),
        }
    } else {
        assert_eq!(patch(&[(name, &now)], write, Lang::En), None);
    }
}

fn elsewhere(files: &[(&str, &str)], write: &Write, at: (&str, usize), part: &str) {
    match patch(files, write, Lang::En) {
        Some(Patch::Elsewhere { file, line, says }) => {
            assert_eq!((file.as_str(), line), at, "{says}");
            assert!(says.contains(part), "{says}");
        }
        other => panic!("{other:?}"),
    }
}

const TF: &str = r#"resource "azurerm_network_security_group" "web" {
  name                = "web"
  location            = "japaneast"
  resource_group_name = "rg"
}

# people log in through this
resource "azurerm_network_security_rule" "ssh" {
  name                        = "ssh"
  resource_group_name         = "rg"
  network_security_group_name = azurerm_network_security_group.web.name
  priority                    = 100
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  source_address_prefix       = "*" # everybody
  destination_port_range      = "22"
  destination_address_prefix  = "*"
}

resource "azurerm_network_interface" "nic" {
  name                = "nic-1"
  resource_group_name = "rg"
  ip_configuration {
    name                          = "primary"
    public_ip_address_id          = azurerm_public_ip.p.id
    private_ip_address_allocation = "Dynamic"
  }
}

resource "azurerm_linux_virtual_machine" "vm" {
  name                = "vm-1"
  resource_group_name = "rg"
  secure_boot_enabled = false

  os_disk {
    caching = "None"
  }
}
"#;

#[test]
fn rules_of_terraform() {
    check(
        "main.tf",
        TF,
        &narrow(&["203.0.113.0/24", "198.51.100.7"]),
        r#"
-  source_address_prefix       = "*" # everybody
+  source_address_prefixes     = ["203.0.113.0/24", "198.51.100.7"] # everybody
"#,
    );
    check(
        "main.tf",
        TF,
        &narrow(&["203.0.113.0/24"]),
        r#"
-  source_address_prefix       = "*" # everybody
+  source_address_prefix       = "203.0.113.0/24" # everybody
"#,
    );
    let Some(Patch::Diff { diff, .. }) = patch(&[("a/main.tf", TF)], &delete(RULE), Lang::En) else {
        panic!()
    };
    assert_eq!(diff.lines().filter(|line| line.starts_with('-')).count(), 14, "{diff}");
    let inline = r#"resource "azurerm_network_security_group" "web" {
  name = "WEB"
  security_rule {
    name                  = "ssh"
    priority              = 100
    source_address_prefix = "*"
  }
}
"#;
    check(
        "main.tf",
        inline,
        &delete(RULE),
        "
-  security_rule {
-    name                  = \"ssh\"
-    priority              = 100
-    source_address_prefix = \"*\"
-  }
",
    );
    let other = RULE.replace("ssh", "deny");
    check(
        "main.tf",
        inline,
        &write(&other, Act::Put { was: None, becomes: rule(&["10.0.0.0/8"]) }),
        r#"
+
+  security_rule {
+    name                       = "deny"
+    priority                   = 100
+    direction                  = "Inbound"
+    access                     = "Allow"
+    protocol                   = "Tcp"
+    source_port_range          = "*"
+    source_address_prefix      = "10.0.0.0/8"
+    destination_port_range     = "22"
+    destination_address_prefix = "*"
+  }
"#,
    );
    let Some(Patch::Diff { diff, .. }) = patch(
        &[("main.tf", TF)],
        &write(&other, Act::Put { was: None, becomes: rule(&["10.0.0.0/8"]) }),
        Lang::En,
    ) else {
        panic!()
    };
    assert!(diff.contains("+resource \"azurerm_network_security_rule\" \"deny\" {"), "{diff}");
    assert!(
        diff.contains("+  network_security_group_name = azurerm_network_security_group.web.name"),
        "{diff}"
    );
}

#[test]
fn machines_and_interfaces_of_terraform() {
    check(
        "main.tf",
        TF,
        &edit(NIC, &address("primary"), None),
        "-    public_ip_address_id          = azurerm_public_ip.p.id",
    );
    check(
        "main.tf",
        TF,
        &edit(VM, "properties/securityProfile/uefiSettings/secureBootEnabled", Some(json!(true))),
        "-  secure_boot_enabled = false\n+  secure_boot_enabled = true",
    );
    check(
        "main.tf",
        TF,
        &edit(VM, "properties/securityProfile/encryptionAtHost", Some(json!(true))),
        "+  encryption_at_host_enabled = true",
    );
    check(
        "main.tf",
        &TF.replace('\n', "\r\n"),
        &edit(VM, "identity/type", Some(json!("SystemAssigned"))),
        "+\n+  identity {\n+    type = \"SystemAssigned\"\n+  }",
    );
    let api = r#"resource "azapi_resource" "jit" {
  type = "Microsoft.Compute/disks@2024"
  name = "d"
  body = {
    properties = { a = 1 }
  }
}
"#;
    check(
        "main.tf",
        api,
        &edit("Microsoft.Compute/disks/d", "properties/b/c", Some(json!("x"))),
        "-    properties = { a = 1 }\n+    properties = {\n+      a = 1\n+      b = {\n+        c = \"x\"\n+      }\n+    }",
    );
}

#[test]
fn what_comes_from_elsewhere_is_said() {
    let variable = TF.replace("= \"*\" # everybody", "= var.allowed");
    elsewhere(&[("main.tf", &variable)], &narrow(&["10.0.0.1"]), ("main.tf", 17), "expression");
    let unknown = TF.replace("azurerm_network_security_group.web.name", "var.group");
    elsewhere(&[("main.tf", &unknown)], &narrow(&["10.0.0.1"]), ("main.tf", 11), "expression");
    // A rule of another group is no candidate.
    let other = TF.replace("azurerm_network_security_group.web.name", "\"db\"");
    assert_eq!(patch(&[("main.tf", &other)], &narrow(&["10.0.0.1"]), Lang::En), None);
    assert_eq!(
        patch(&[("main.tf", &TF.replace("= \"rg\"", "= \"other\""))], &narrow(&["1"]), Lang::En),
        None
    );
    let dynamic = r#"resource "azurerm_network_security_group" "web" {
  name = "web"
  dynamic "security_rule" {
    for_each = var.rules
    content {}
  }
}
"#;
    elsewhere(&[("main.tf", dynamic)], &narrow(&["10.0.0.1"]), ("main.tf", 3), "expression");
    let used = format!("{TF}output \"id\" {{\n  value = azurerm_network_security_rule.ssh.id\n}}\n");
    elsewhere(&[("main.tf", &used)], &delete(RULE), ("main.tf", 42), "referred to");
    let twice = [("a.tf", TF), ("b/c.tf", TF)];
    assert_eq!(
        patch(&twice, &narrow(&["10.0.0.1"]), Lang::En),
        Some(Patch::Several { places: vec![("a.tf".to_owned(), 8), ("b/c.tf".to_owned(), 8)] })
    );
    elsewhere(&[("main.tf", TF)], &edit(VM, "properties/x", Some(json!(1))), ("main.tf", 32), "by hand");
}

const BICEP: &str = r"param location string
resource web 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: 'web'
  location: location
  properties: {
    securityRules: [
      {
        name: 'ssh' // people
        properties: {
          priority: 100
          sourceAddressPrefix: '*'
          destinationPortRange: '22'
        }
      }
    ]
  }
}

resource old 'Microsoft.Network/networkSecurityGroups@2024-05-01' existing = {
  name: 'db'
}

resource rdp 'Microsoft.Network/networkSecurityGroups/securityRules@2024-05-01' = {
  parent: old
  name: 'rdp'
  properties: {
    priority: 100
    sourceAddressPrefixes: allowed
  }
}

resource nic 'Microsoft.Network/networkInterfaces@2024-05-01' = {
  name: 'nic-1'
  properties: {
    ipConfigurations: [
      { name: 'primary', properties: { publicIPAddress: { id: p.id }, primary: true } }
    ]
  }
}

resource vm 'Microsoft.Compute/virtualMachines@2024-07-01' = if (make) {
  name: 'vm-1'
  properties: {}
}
";

#[test]
fn bicep() {
    check(
        "main.bicep",
        BICEP,
        &narrow(&["203.0.113.0/24", "b's"]),
        r"
-          sourceAddressPrefix: '*'
+          sourceAddressPrefixes: [
+            '203.0.113.0/24'
+            'b\'s'
+          ]
",
    );
    check(
        "main.bicep",
        BICEP,
        &delete(RULE),
        r"
-      {
-        name: 'ssh' // people
-        properties: {
-          priority: 100
-          sourceAddressPrefix: '*'
-          destinationPortRange: '22'
-        }
-      }
",
    );
    let rdp = RULE.replace("web", "db").replace("ssh", "rdp");
    let narrow = write(&rdp, Act::Put { was: Some(rule(&["*"])), becomes: rule(&["10.0.0.1"]) });
    elsewhere(&[("main.bicep", BICEP)], &narrow, ("main.bicep", 28), "expression");
    check(
        "main.bicep",
        BICEP,
        &edit(NIC, &address("primary"), None),
        "-      { name: 'primary', properties: { publicIPAddress: { id: p.id }, primary: true } }\n+      { name: 'primary', properties: { primary: true } }",
    );
    check(
        "main.bicep",
        BICEP,
        &edit(VM, "properties/securityProfile/encryptionAtHost", Some(json!(true))),
        "-  properties: {}\n+  properties: {\n+    securityProfile: {\n+      encryptionAtHost: true\n+    }\n+  }",
    );
    let added = write(
        &RULE.replace("ssh", "new"),
        Act::Put { was: None, becomes: json!({"properties": {"priority": 1}}) },
    );
    check(
        "main.bicep",
        BICEP,
        &added,
        "+      {\n+        name: 'new'\n+        properties: {\n+          priority: 1\n+        }\n+      }",
    );
}

const ARM: &str = r#"{
    // what we run
    "resources": [
        {
            "type": "Microsoft.Network/networkSecurityGroups",
            "name": "web",
            "properties": {
                "securityRules": [
                    {
                        "name": "ssh", /* people */
                        "properties": {
                            "priority": 100,
                            "destinationPortRange": "22",
                            "sourceAddressPrefix": "*"
                        }
                    }
                ]
            },
            "resources": [
                {
                    "type": "securityRules",
                    "name": "rdp",
                    "properties": { "sourceAddressPrefix": "[parameters('allowed')]" }
                }
            ]
        },
        {
            "type": "Microsoft.Compute/virtualMachines",
            "name": "vm-1",
            "properties": { "a": 1 }
        }
    ]
}"#;

#[test]
fn arm() {
    check(
        "azuredeploy.json",
        ARM,
        &narrow(&["203.0.113.0/24", "[x]"]),
        r#"
-                            "sourceAddressPrefix": "*"
+                            "sourceAddressPrefixes": [
+                                "203.0.113.0/24",
+                                "[[x]"
+                            ]
"#,
    );
    let rdp = RULE.replace("ssh", "rdp");
    let narrow = write(&rdp, Act::Put { was: Some(rule(&["*"])), becomes: rule(&["10.0.0.1"]) });
    elsewhere(&[("x.json", ARM)], &narrow, ("x.json", 23), "expression");
    check(
        "azuredeploy.json",
        ARM,
        &edit(VM, "properties/securityProfile/encryptionAtHost", Some(json!(true))),
        "-            \"properties\": { \"a\": 1 }\n+            \"properties\": { \"securityProfile\": {\n+                \"encryptionAtHost\": true\n+            }, \"a\": 1 }",
    );
    check(
        "azuredeploy.json",
        ARM,
        &delete(VM),
        r#"
-        },
+        }
-        {
-            "type": "Microsoft.Compute/virtualMachines",
-            "name": "vm-1",
-            "properties": { "a": 1 }
-        }
"#,
    );
    let gone = write(
        RULE,
        Act::Edit {
            edits: ["sourceAddressPrefix", "destinationPortRange"]
                .map(|name| Edit { path: format!("properties/{name}"), was: None, becomes: None })
                .to_vec(),
            whole: true,
        },
    );
    let Some(Patch::Diff { diff, .. }) = patch(&[("a.json", ARM)], &gone, Lang::En) else { panic!() };
    let now = applied("a.json", ARM, &diff);
    assert!(now.contains("\"priority\": 100\n"), "{now}");
    let added = write(
        &RULE.replace("ssh", "new"),
        Act::Put { was: None, becomes: json!({"properties": {"priority": 1}}) },
    );
    let Some(Patch::Diff { diff, .. }) = patch(&[("a.json", ARM)], &added, Lang::En) else { panic!() };
    let now = applied("a.json", ARM, &diff);
    let bare = now.replace("// what we run", "").replace("/* people */", "");
    let now: Value = serde_json::from_str(&bare).unwrap();
    assert_eq!(
        now["resources"][0]["properties"]["securityRules"][1],
        json!({"name": "new", "properties": {"priority": 1}})
    );
}

fn writes() -> Vec<Write> {
    vec![
        narrow(&["10.0.0.1", "${x}'\"\\"]),
        delete(RULE),
        write(RULE, Act::Put { was: None, becomes: rule(&["*"]) }),
        edit(NIC, &address("primary"), None),
        edit(VM, "identity/type", Some(json!("SystemAssigned"))),
        edit(VM, "properties/securityProfile/encryptionAtHost", Some(json!(true))),
        delete(&format!("{VM}/extensions/e")),
    ]
}

fn any(text: &str) {
    for name in ["a.tf", "a.bicep", "a.json"] {
        for write in writes() {
            if let Some(Patch::Diff { diff, .. }) = patch(&[(name, text)], &write, Lang::Ja) {
                applied(name, text, &diff);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}") {
        any(&text);
    }

    #[test]
    fn no_mixture_makes_it_panic(words in proptest::collection::vec(proptest::sample::select(vec![
        "resource", " ", "\n", "{", "}", "[", "]", "(", ")", "\"", "'", "'''", "${", "$${", "%{", "<<EOT\n", "EOT", "=", ":", ",", "//",
        "/*", "*/", "#", "\\", "あ", "name", "web", "\"web\"", "azurerm_network_security_group", "if", "for", "null", "1", "\r\n", "existing",
    ]), 0..60)) {
        any(&words.concat());
    }

    #[test]
    fn no_damage_makes_it_panic(which in 0_usize..3, at in 0_usize..1200, length in 0_usize..40, put in "[{}\\[\\]'\"$,\n ]{0,3}") {
        let text = [TF, BICEP, ARM][which];
        let at = at.min(text.len());
        let end = (at + length).min(text.len());
        any(&format!("{}{put}{}", &text[..at], &text[end..]));
    }
}
