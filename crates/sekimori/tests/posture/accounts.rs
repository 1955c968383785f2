//! Accounts: names that follow from the machine, names and keys that several machines have, and looser tests.

use serde_json::{Value, json};

use crate::common::rule;
use crate::{at, cases, exported, finding, merge, snapshot, verdict, vm, windows};

/// A Linux VM of another name.
pub(crate) fn named(name: &str, change: Value) -> Value {
    let mut one = vm(json!({
        "id": at(&format!("Microsoft.Compute/virtualMachines/{name}")),
        "name": name,
        "properties": {"networkProfile": {"networkInterfaces": [{"id": at(&format!("Microsoft.Network/networkInterfaces/{name}-n"))}]}}
    }));
    merge(&mut one, &change);
    one
}

fn admin(name: &str) -> Value {
    json!({"properties": {"osProfile": {"adminUsername": name}}})
}

/// A VM that starts from a disk with a system on it.
fn from_disk(name: &str) -> Value {
    named(
        name,
        json!({"properties": {
            "osProfile": null,
            "storageProfile": {"imageReference": null, "osDisk": {"createOption": "Attach"}}
        }}),
    )
}

/// What a report says that nobody can tell of a check.
fn unknown_text(report: &Value, code: &str) -> String {
    let all = report["unknown"].as_array().unwrap();
    all.iter().filter(|row| row["code"] == code).map(Value::to_string).collect()
}

#[test]
fn names_that_follow_from_the_machine() {
    let tagged = |name: &str, tags: Value| {
        let mut change = admin(name);
        change["tags"] = tags;
        vm(change)
    };
    cases(
        "ACC003",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("fail", vec![named("kaede-web01", json!({}))]),
            ("fail", vec![named("Web-KAEDE", json!({}))]),
            ("fail", vec![tagged("fabrikam-adm", json!({"company": "Fabrikam Inc."}))]),
            ("fail", vec![tagged("ktanaka", json!({"owner": "tanaka@example.com"}))]),
            // Words that say nothing, short ones, and parts of others.
            ("pass", vec![named("linux-server", admin("linuxserver7"))]),
            ("pass", vec![tagged("abc-1874", json!({"project": "ABC"}))]),
            ("pass", vec![tagged("primrose", json!({"project": "rose"}))]),
            ("pass", vec![tagged("kaede-1874", json!({"project": "kaen"}))]),
            ("pass", vec![tagged("kaede-1874", json!({"hidden-title": "kaede"}))]),
            ("unknown", vec![vm(admin_unknown())]),
            ("unknown", vec![from_disk("m")]),
        ],
    );
    let report = snapshot(&[tagged("fabrikam-adm", json!({"company": "Fabrikam Inc."}))]);
    let told = finding(&report, "ACC003");
    assert_eq!(told["evidence"]["made_from"], "tag:company", "{told:#}");
    assert_eq!(told["evidence"]["word"], "Fabrikam");
    assert!(told["message"].as_str().unwrap().contains("its tag `company`"), "{told:#}");
}

fn admin_unknown() -> Value {
    json!({"properties": {"osProfile": {"adminUsername": {"$unknown": {"reason": "a parameter"}}}}})
}

#[test]
fn accounts_of_a_machine_from_a_disk_are_inside_it() {
    let report = snapshot(&[from_disk("m")]);
    for code in ["ACC001", "ACC002", "ACC003", "ACC004", "ACC005"] {
        assert!(unknown_text(&report, code).contains("made from a disk"), "{code}: {report:#}");
    }
    // A record without a profile that does not say that it was made from a disk is a part of one.
    let part = vm(
        json!({"properties": {"osProfile": null, "storageProfile": {"osDisk": {"createOption": "FromImage"}}}}),
    );
    let report = snapshot(&[part]);
    for code in ["ACC001", "ACC002", "ACC003", "ACC004", "ACC005"] {
        assert!(unknown_text(&report, code).contains("only a part"), "{code}: {report:#}");
    }
}

/// An instance of a flexible scale set.
fn instance(name: &str, set: &str) -> Value {
    let set = at(&format!("Microsoft.Compute/virtualMachineScaleSets/{set}"));
    named(name, json!({"properties": {"virtualMachineScaleSet": {"id": set}}}))
}

#[test]
fn names_that_several_machines_have() {
    let three = || vec![named("c", json!({})), named("A", json!({})), named("b", admin("KAEDE-1874"))];
    let with = |mut all: Vec<Value>, more: Vec<Value>| {
        all.extend(more);
        all
    };
    cases(
        "ACC004",
        vec![
            ("pass", vec![vm(json!({}))]),
            ("fail", three()),
            ("pass", vec![named("a", json!({})), named("b", json!({})), named("c", admin("sumire-92"))]),
            // One scale set makes its instances alike; another machine with the name is another matter.
            ("pass", vec![instance("a", "s"), instance("b", "s"), instance("c", "s")]),
            ("fail", vec![instance("a", "s"), instance("b", "s"), named("c", json!({}))]),
            ("unknown", vec![from_disk("m")]),
            ("fail", with(three(), vec![from_disk("m")])),
        ],
    );
    let report = snapshot(&three());
    let told = finding(&report, "ACC004");
    assert_eq!(told["evidence"]["machines"], "3", "{told:#}");
    assert_eq!(told["evidence"]["sample"], json!(["A", "b", "c"]));
    assert!(told["resource"].to_string().contains("virtualMachines/A"), "{told:#}");
    let of = |report: &Value| {
        let all = report["findings"].as_array().unwrap();
        all.iter().filter(|row| row["code"] == "ACC004" && row["status"] == "fail").count()
    };
    assert_eq!(of(&report), 1);
    let many: Vec<Value> = (0..12).map(|n| named(&format!("m{n:02}"), json!({}))).collect();
    let told = snapshot(&many);
    assert_eq!(finding(&told, "ACC004")["evidence"]["sample"].as_array().unwrap().len(), 10);
}

/// A key, and what `ssh-keygen -l` calls it.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA";

fn keyed(keys: &[&str]) -> Value {
    let keys: Vec<Value> =
        keys.iter().map(|key| json!({"path": "/home/k/.ssh/authorized_keys", "keyData": key})).collect();
    json!({"properties": {"osProfile": {"linuxConfiguration": {"ssh": {"publicKeys": keys}}}}})
}

#[test]
fn keys_that_several_machines_have() {
    let in_set = |name: &str| {
        let mut one = instance(name, "s");
        merge(&mut one, &keyed(&[KEY]));
        one
    };
    let passwords = json!({"properties": {"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": false}}}});
    cases(
        "ACC005",
        vec![
            ("pass", vec![named("a", keyed(&[KEY])), named("b", keyed(&[OTHER]))]),
            ("fail", vec![named("a", keyed(&[KEY])), named("b", keyed(&[&format!("{KEY} kaede@laptop")]))]),
            ("fail", vec![named("a", keyed(&[OTHER, KEY])), named("b", keyed(&[KEY]))]),
            ("pass", vec![in_set("a"), in_set("b")]),
            ("fail", vec![in_set("a"), in_set("b"), named("c", keyed(&[KEY]))]),
            // A machine without passwords has a key: a record without one is a part only.
            ("unknown", vec![vm(json!({}))]),
            ("", vec![vm(passwords)]),
            ("", vec![windows(json!({}))]),
        ],
    );
    let report = snapshot(&[named("a", keyed(&[KEY, OTHER])), named("b", keyed(&[OTHER, KEY]))]);
    let all: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["code"] == "ACC005" && row["status"] == "fail")
        .collect();
    assert_eq!(all.len(), 2, "one for each key: {all:#?}");
    assert_ne!(all[0]["id"], all[1]["id"]);
    assert!(all[0]["evidence"]["fingerprint"].as_str().unwrap().starts_with("SHA256:"), "{all:#?}");
    assert_eq!(all[0]["evidence"]["sample"], json!(["a", "b"]));
}

/// A NIC of the VM with a Standard public address behind a group with these rules.
pub(crate) fn network(rules: &[String]) -> Vec<Value> {
    let rules: Vec<Value> = rules.iter().map(|rule| serde_json::from_str(rule).unwrap()).collect();
    vec![
        json!({
            "id": at("Microsoft.Network/networkInterfaces/n"),
            "properties": {
                "networkSecurityGroup": {"id": at("Microsoft.Network/networkSecurityGroups/g")},
                "ipConfigurations": [{"name": "ip", "properties": {
                    "privateIPAddress": "10.0.0.4",
                    "subnet": {"id": at("Microsoft.Network/virtualNetworks/v/subnets/s")},
                    "publicIPAddress": {"id": at("Microsoft.Network/publicIPAddresses/p")}
                }}]
            }
        }),
        json!({
            "id": at("Microsoft.Network/publicIPAddresses/p"),
            "sku": {"name": "Standard"},
            "properties": {"ipAddress": "20.48.0.9", "publicIPAllocationMethod": "Static"}
        }),
        json!({
            "id": at("Microsoft.Network/virtualNetworks/v"),
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{
                    "id": at("Microsoft.Network/virtualNetworks/v/subnets/s"),
                    "name": "s",
                    "properties": {"addressPrefix": "10.0.0.0/24"}
                }]
            }
        }),
        json!({"id": at("Microsoft.Network/networkSecurityGroups/g"), "properties": {"securityRules": rules}}),
    ]
}

/// The VM, changed, behind these rules.
pub(crate) fn behind(change: Value, rules: &[String]) -> Vec<Value> {
    let mut all = vec![vm(change)];
    all.extend(network(rules));
    all
}

#[test]
fn tests_are_attacked_like_any_other() {
    let dev = |more: Value| {
        let mut change = json!({"tags": {"environment": "dev"}});
        merge(&mut change, &more);
        change
    };
    let tag = |name: &str, value: &str| {
        let mut change = admin("azureuser");
        change["tags"] = json!({name: value});
        behind(change, &[])
    };
    let open = [rule("ssh", 200, "Allow", "Tcp", "*", "22")];
    let office = [rule("ssh", 200, "Allow", "Tcp", "203.0.113.7", "22")];
    let passwords = json!({"properties": {"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": false}}}});
    cases(
        "ACC006",
        vec![
            ("pass", behind(dev(json!({})), &office)),
            ("fail", behind(dev(json!({})), &open)),
            ("fail", behind(dev(passwords.clone()), &office)),
            ("fail", tag("Env", "STG")),
            ("fail", tag("環境", "検証環境")),
            ("fail", tag("environment", "non-prod")),
            // Not for development, whatever the name says, or not told at all.
            ("", tag("environment", "production")),
            ("", tag("purpose", "latest")),
            ("", behind(passwords, &open)),
            // Nobody knows what it lets in.
            ("unknown", vec![vm(dev(json!({})))]),
        ],
    );
    let mut production = named("web-dev01", admin("azureuser"));
    assert_eq!(verdict(&exported(&[production.clone()]), "ACC006"), "fail");
    production["tags"] = json!({"environment": "prod"});
    assert_eq!(verdict(&exported(&[production]), "ACC006"), "");
    let report = snapshot(&behind(dev(admin("azureuser")), &open));
    let told = finding(&report, "ACC006");
    assert_eq!(told["evidence"]["recognised_by"], "tag:environment=dev", "{told:#}");
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("SSH (TCP 22)") && message.contains("`azureuser`"), "{message}");
}
