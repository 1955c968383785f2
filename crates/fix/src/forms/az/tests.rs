use posture::Lang;
use serde_json::{Value, json};

use super::commands;
use crate::write::{Act, Edit, Write};

const GROUP: &str = "/subscriptions/s-1/resourceGroups/rg/providers";

fn check(target: &str, act: Act, expected: &[&str]) {
    let write = Write { target: format!("{GROUP}/{target}"), api_version: "2024-05-01".to_owned(), act };
    assert_eq!(commands(&write, Lang::En), expected);
}

fn rule(source: &[&str], more: &Value) -> Value {
    let mut rule = json!({"properties": {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "sourceAddressPrefixes": source, "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "22"}});
    for (name, value) in more.as_object().unwrap() {
        rule["properties"][name] = value.clone();
    }
    rule
}

const RULE: &str = "Microsoft.Network/networkSecurityGroups/nsg/securityRules/ssh";
const RULE_ARGS: &str = "--subscription s-1 --resource-group rg --nsg-name nsg --name ssh";

#[test]
fn rules() {
    let one = rule(&["203.0.113.0/24"], &json!({"description": "it's us"}));
    check(
        RULE,
        Act::Put { was: None, becomes: one.clone() },
        &[&format!(
            "az network nsg rule create {RULE_ARGS} --priority 100 --direction Inbound --access Allow --protocol Tcp --source-address-prefixes 203.0.113.0/24 --source-port-ranges '*' --destination-address-prefixes '*' --destination-port-ranges 22 --description 'it'\\''s us'"
        )],
    );
    check(
        RULE,
        Act::Put {
            was: Some(rule(&["*"], &json!({"description": "old"}))),
            becomes: rule(&["a/1", "b"], &json!({})),
        },
        &[&format!(
            "az network nsg rule update {RULE_ARGS} --source-address-prefixes a/1 b --description null"
        )],
    );
    check(RULE, Act::Delete { was: one }, &[&format!("az network nsg rule delete {RULE_ARGS}")]);
    // What options cannot say exactly is the request itself.
    let asg = json!({"sourceApplicationSecurityGroups": [{"id": "/x"}], "description": "=@/etc/passwd"});
    check(
        RULE,
        Act::Put { was: Some(rule(&["*"], &json!({}))), becomes: rule(&[], &asg) },
        &[&format!(
            "az rest --method put --url '{GROUP}/{RULE}?api-version=2024-05-01' --body '{{\"properties\":{{\"priority\":100,\"direction\":\"Inbound\",\"access\":\"Allow\",\"protocol\":\"Tcp\",\"sourceAddressPrefixes\":[],\"sourcePortRange\":\"*\",\"destinationAddressPrefix\":\"*\",\"destinationPortRange\":\"22\",\"sourceApplicationSecurityGroups\":[{{\"id\":\"/x\"}}],\"description\":\"=\\u0040/etc/passwd\"}}}}'"
        )],
    );
}

fn edit(path: &str, was: Value, becomes: Value) -> Edit {
    let some = |value: Value| Some(value).filter(|value| !value.is_null());
    Edit { path: path.to_owned(), was: some(was), becomes: some(becomes) }
}

const VM: &str = "Microsoft.Compute/virtualMachines/vm";

#[test]
fn machines() {
    let edits = |edits: Vec<Edit>| Act::Edit { edits, whole: false };
    let mode = "properties/osProfile/linuxConfiguration/patchSettings/patchMode";
    check(
        VM,
        edits(vec![
            edit("properties/securityProfile/uefiSettings/secureBootEnabled", json!(false), json!(true)),
            edit(mode, json!("ImageDefault"), json!("AutomaticByPlatform")),
        ]),
        &[&format!(
            "az resource patch --ids {GROUP}/{VM} --api-version 2024-05-01 --is-full-object --properties '{{\"properties\":{{\"securityProfile\":{{\"uefiSettings\":{{\"secureBootEnabled\":true}}}},\"osProfile\":{{\"linuxConfiguration\":{{\"patchSettings\":{{\"patchMode\":\"AutomaticByPlatform\"}}}}}}}}}}'"
        )],
    );
    check(
        VM,
        edits(vec![edit("zones", Value::Null, json!(["1"]))]),
        &[&format!(
            "az rest --method patch --url '{GROUP}/{VM}?api-version=2024-05-01' --body '{{\"zones\":[\"1\"]}}'"
        )],
    );
    check(
        VM,
        edits(vec![edit("identity/type", json!("UserAssigned"), json!("SystemAssigned, UserAssigned"))]),
        &[&format!("az vm identity assign --ids {GROUP}/{VM}")],
    );
    let run = |action: &str, body: Option<Value>| Act::Run { action: action.to_owned(), body, undo: None };
    check(VM, run("deallocate", None), &[&format!("az vm deallocate --ids {GROUP}/{VM}")]);
    check(VM, run("assessPatches", None), &[&format!("az vm assess-patches --ids {GROUP}/{VM}")]);
    let body = json!({"maximumDuration": "PT2H", "rebootSetting": "IfRequired",
        "linuxParameters": {"classificationsToInclude": ["Critical", "Security"]}});
    check(
        VM,
        run("installPatches", Some(body)),
        &[&format!(
            "az vm install-patches --ids {GROUP}/{VM} --maximum-duration PT2H --reboot-setting IfRequired --classifications-to-include-linux Critical Security"
        )],
    );
    check(
        VM,
        run("simulateEviction", None),
        &[&format!("az rest --method post --url '{GROUP}/{VM}/simulateEviction?api-version=2024-05-01'")],
    );
    let extension = json!({"location": "japaneast", "properties": {"publisher": "P", "type": "T", "typeHandlerVersion": "1.0",
        "autoUpgradeMinorVersion": true, "settings": {"a": "@b"}}});
    check(
        &format!("{VM}/extensions/e"),
        Act::Put { was: None, becomes: extension.clone() },
        &[&format!(
            "az vm extension set --ids {GROUP}/{VM} --publisher P --name T --extension-instance-name e --version 1.0 --enable-auto-upgrade false --settings '{{\"a\":\"\\u0040b\"}}'"
        )],
    );
    check(
        &format!("{VM}/extensions/e"),
        Act::Delete { was: extension },
        &[&format!("az vm extension delete --ids {GROUP}/{VM}/extensions/e")],
    );
    check(
        "Microsoft.Compute/disks/d",
        edits(vec![edit("properties/networkAccessPolicy", json!("AllowAll"), json!("DenyAll"))]),
        &[&format!("az disk update --ids {GROUP}/Microsoft.Compute/disks/d --network-access-policy DenyAll")],
    );
}

#[test]
fn services() {
    let nic = "Microsoft.Network/networkInterfaces/nic";
    let address = |name: &str| format!("properties/ipConfigurations[{name}]/properties/publicIPAddress");
    let off = |name: &str| Act::Edit {
        edits: vec![edit(&address(name), json!({"id": "/p"}), Value::Null)],
        whole: true,
    };
    check(
        nic,
        off("primary"),
        &[&format!(
            "az resource update --ids {GROUP}/{nic} --api-version 2024-05-01 --remove 'properties.ipConfigurations[name=primary].properties.publicIPAddress'"
        )],
    );
    check(nic, off("a@b"), &[&format!("# no command of az makes this change: {GROUP}/{nic}")]);
    check(
        nic,
        Act::Edit {
            edits: vec![edit("properties/enableIPForwarding", json!(true), json!(false))],
            whole: true,
        },
        &[&format!(
            "az resource update --ids {GROUP}/{nic} --api-version 2024-05-01 --set 'properties.enableIPForwarding=false'"
        )],
    );
    let plan = json!({"properties": {"pricingTier": "Standard", "subPlan": "P2"}});
    let write = Write {
        target: "/subscriptions/s/providers/Microsoft.Security/pricings/VirtualMachines".to_owned(),
        api_version: "2024-01-01".to_owned(),
        act: Act::Put { was: None, becomes: plan },
    };
    assert_eq!(
        commands(&write, Lang::En),
        ["az security pricing create --subscription s --name VirtualMachines --tier Standard --subplan P2"]
    );
    let vault = format!("{GROUP}/Microsoft.RecoveryServices/vaults/v");
    let vm = format!("{GROUP}/{VM}");
    check(
        "Microsoft.RecoveryServices/vaults/v/backupFabrics/Azure/protectionContainers/c/protectedItems/i",
        Act::Put {
            was: None,
            becomes: json!({"properties": {"protectedItemType": "Microsoft.Compute/virtualMachines", "sourceResourceId": vm,
                "policyId": format!("{vault}/backupPolicies/Daily")}}),
        },
        &[&format!(
            "az backup protection enable-for-vm --subscription s-1 --resource-group rg --vault-name v --policy-name Daily --vm {vm}"
        )],
    );
}

#[test]
fn nothing_from_outside_leaves_its_word() {
    for name in ["$(reboot)", "`x`", "a'b", "a\nb", "-x", "@f", "a b;c", "\u{2028}x"] {
        for act in [
            Act::Delete { was: json!({}) },
            Act::Put { was: None, becomes: rule(&["*"], &json!({"description": name})) },
            Act::Edit {
                edits: vec![edit(&format!("properties/a[{name}]/b"), json!(1), json!(name))],
                whole: true,
            },
        ] {
            for kind in [
                "Microsoft.Network/networkSecurityGroups/g/securityRules",
                "Microsoft.Compute/virtualMachines",
            ] {
                let write = Write {
                    target: format!("{GROUP}/{kind}/{name}"),
                    api_version: "1".to_owned(),
                    act: act.clone(),
                };
                for line in commands(&write, Lang::Ja) {
                    if line.starts_with('#') {
                        assert!(!line.contains(['\n', '\u{2028}']), "{line:?}");
                        continue;
                    }
                    // Every quoted word is closed, and outside of quotes nothing has a meaning to a shell.
                    let outside: String = line.replace(r"'\''", "").split('\'').step_by(2).collect();
                    assert!(!outside.contains(['$', '`', '\n', ';', '(', '@', '\u{2028}']), "{line:?}");
                }
            }
        }
    }
}
