use serde_json::{Value, json};

use super::template;
use crate::forms::tests::fix;
use crate::write::{Act, Edit};

const NSG: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n";
const VM: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v";
const PLAN: &str = "/subscriptions/s/providers/Microsoft.Security/pricings/VirtualMachines";

fn put(becomes: Value) -> Act {
    Act::Put { was: None, becomes }
}

fn edit(path: &str, becomes: Option<Value>) -> Act {
    Act::Edit { edits: vec![Edit { path: path.to_owned(), was: None, becomes }], whole: false }
}

#[test]
fn what_is_made_stands_in_order() {
    let rule = put(json!({"name": "x", "etag": "e", "properties": {"description": "[a]", "priority": 100}}));
    let made = template(&[&fix(&[
        (&format!("{NSG}/securityRules/it's"), rule),
        (&format!("{NSG}/securityRules/b"), put(json!({"properties": {}}))),
    ])]);
    assert_eq!(made.left, Vec::<String>::new());
    assert_eq!(
        made.json,
        json!({
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "resources": [
                {"type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01", "name": "n/it's",
                    "properties": {"description": "[[a]", "priority": 100}},
                {"type": "Microsoft.Network/networkSecurityGroups/securityRules", "apiVersion": "2024-05-01", "name": "n/b",
                    "properties": {},
                    "dependsOn": ["[resourceId('Microsoft.Network/networkSecurityGroups/securityRules', 'n', 'it''s')]"]},
            ],
        })
    );
}

#[test]
fn what_is_changed_is_read_and_written_back() {
    let made =
        template(&[&fix(&[(VM, edit("properties/securityProfile/encryptionAtHost", Some(json!(true))))])]);
    let nested = &made.json["resources"][0];
    assert_eq!(nested["type"], "Microsoft.Resources/deployments");
    assert_eq!(
        nested["properties"]["parameters"]["found"]["value"],
        format!("[reference('{VM}', '2024-05-01', 'Full')]")
    );
    let inner = &nested["properties"]["template"];
    assert_eq!(
        inner["variables"]["change"],
        json!({"properties": {"securityProfile": {"encryptionAtHost": true}}})
    );
    assert_eq!(
        inner["resources"][0]["properties"],
        "[union(coalesce(tryGet(parameters('found'), 'properties'), createObject()), variables('change').properties)]"
    );
    assert_eq!(inner["resources"][0]["location"], "[tryGet(parameters('found'), 'location')]");
}

#[test]
fn what_no_template_says_is_listed() {
    let path = "properties/ipConfigurations[a]/properties/publicIPAddress";
    let run = Act::Run { action: "deallocate".to_owned(), body: None, undo: None };
    let made = template(&[&fix(&[
        (NSG, Act::Delete { was: json!({}) }),
        (VM, run),
        (
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/i",
            edit(path, None),
        ),
        ("no id", put(json!({}))),
    ])]);
    assert_eq!(made.json["resources"], json!([]));
    assert_eq!(
        made.left,
        [
            format!("delete {NSG}"),
            format!("deallocate {VM}"),
            format!(
                "change {path} of /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/i"
            ),
            "put no id".to_owned(),
        ]
    );
}

#[test]
fn several_places_are_deployed_to_one_by_one() {
    let rule = format!("{NSG}/securityRules/r");
    let other = rule.replace("/g/", "/h/");
    let made =
        template(&[&fix(&[(&rule, put(json!({}))), (&other, put(json!({}))), (PLAN, put(json!({})))])]);
    assert!(made.json["$schema"].as_str().unwrap().contains("subscriptionDeploymentTemplate"));
    let all = made.json["resources"].as_array().unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!((&all[0]["resourceGroup"], &all[1]["resourceGroup"]), (&json!("g"), &json!("h")));
    assert_eq!(
        all[1]["dependsOn"],
        json!(["[resourceId('s', 'g', 'Microsoft.Resources/deployments', 'fix-part-1')]"])
    );
    assert_eq!(all[2]["location"], "[deployment().location]");
    // The same resource twice: the second time on its own.
    let twice = template(&[&fix(&[
        (&rule, put(json!({"properties": {"a": 1}}))),
        (&rule, put(json!({"properties": {"a": 2}}))),
    ])]);
    assert_eq!(twice.json["resources"][1]["type"], "Microsoft.Resources/deployments");
}
