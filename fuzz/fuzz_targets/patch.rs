//! Any text as code that owns resources: Terraform, Bicep, an ARM template.
#![no_main]

use fix::forms::patch;
use fix::{Act, Edit, Write};
use libfuzzer_sys::fuzz_target;
use posture::Lang;

/// The id of a resource of a type.
fn id(rest: &str) -> String {
    format!("/subscriptions/s/resourceGroups/rg/providers/{rest}")
}

fuzz_target!(|text: &str| {
    let rule = serde_json::json!({"properties": {"priority": 100, "direction": "Inbound", "access": "Allow",
        "protocol": "Tcp", "sourceAddressPrefix": "203.0.113.0/24", "sourcePortRange": "*",
        "destinationAddressPrefix": "*", "destinationPortRange": "22"}});
    let edit = |path: &str| Act::Edit {
        edits: vec![Edit { path: path.to_owned(), was: None, becomes: Some(serde_json::json!(true)) }],
        whole: false,
    };
    let group = id("Microsoft.Network/networkSecurityGroups/nsg/securityRules/rdp");
    let writes = [
        (group.clone(), Act::Put { was: Some(rule.clone()), becomes: rule.clone() }),
        (group, Act::Delete { was: rule }),
        (id("Microsoft.Compute/virtualMachines/vm"), edit("properties/securityProfile/encryptionAtHost")),
        (id("Microsoft.Network/networkInterfaces/nic"), edit("properties/enableIPForwarding")),
    ];
    for (target, act) in writes {
        let write = Write { target, api_version: "2024-05-01".to_owned(), act };
        for name in ["main.tf", "main.bicep", "main.json"] {
            let _ = patch(&[(name, text)], &write, Lang::En);
        }
    }
});
