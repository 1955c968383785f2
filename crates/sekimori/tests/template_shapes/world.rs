//! Templates in files, and what the program says of them. `§` in a text marks the place that a finding should name.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Ran, run_in, scratch};

/// The start of a template up to its resources.
pub(crate) const HEAD: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
"#;

/// A rule that lets the internet in to port 22.
pub(crate) const OPEN: &str = r#"{"priority": 1000, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
  "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
  "destinationPortRange": "22"}"#;

/// The same from one address.
pub(crate) const NARROW: &str = r#"{"priority": 1000, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
  "sourceAddressPrefix": "203.0.113.7", "sourcePortRange": "*", "destinationAddressPrefix": "*",
  "destinationPortRange": "22"}"#;

/// A machine with a public address, and a group `web` at its NIC, which stands elsewhere.
pub(crate) const MACHINE: &str = r#"{"type": "Microsoft.Network/publicIPAddresses", "apiVersion": "2024-05-01", "name": "web",
     "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}},
    {"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "net",
     "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
       "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}]}},
    {"type": "Microsoft.Network/networkInterfaces", "apiVersion": "2024-05-01", "name": "web",
     "properties": {
       "networkSecurityGroup": {"id": "[resourceId('Microsoft.Network/networkSecurityGroups', 'web')]"},
       "ipConfigurations": [{"name": "i", "properties": {
         "subnet": {"id": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 's')]"},
         "publicIPAddress": {"id": "[resourceId('Microsoft.Network/publicIPAddresses', 'web')]"}}}]}},
    {"type": "Microsoft.Compute/virtualMachines", "apiVersion": "2024-11-01", "name": "web",
     "properties": {
       "osProfile": {"computerName": "web", "adminUsername": "kaede-1874",
         "linuxConfiguration": {"disablePasswordAuthentication": true}},
       "storageProfile": {"osDisk": {"createOption": "FromImage"},
         "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}},
       "networkProfile": {"networkInterfaces": [{"id": "[resourceId('Microsoft.Network/networkInterfaces', 'web')]"}]}}}"#;

/// A template of a machine and more: members before the resources, and resources before the machine.
pub(crate) fn template(members: &str, resources: &str) -> String {
    format!("{HEAD}{members}\n  \"resources\": [\n    {resources},\n    {MACHINE}\n  ]\n}}\n")
}

/// A group with what is in its properties.
pub(crate) fn group(properties: &str) -> String {
    format!(
        r#"{{"type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "web",
     "properties": {{{properties}}}}}"#
    )
}

/// A group with one rule of these properties, whose port is marked.
pub(crate) fn group_of(rule: &str) -> String {
    let rule = at_port(rule);
    group(&format!("\"securityRules\": [\n      {{\"name\": \"r\", \"properties\": {rule}}}]"))
}

/// A rule whose port is marked: there a finding about it stands.
pub(crate) fn at_port(rule: &str) -> String {
    if rule.contains('§') {
        return rule.to_owned();
    }
    let name = rule.find("\"destinationPortRange").unwrap();
    let value = name + rule[name..].find(": ").unwrap() + 2;
    format!("{}§{}", &rule[..value], &rule[value..])
}

/// A text without marks, and where they were: line and column.
pub(crate) fn marked(text: &str) -> (String, Vec<(u64, u64)>) {
    let mut places = Vec::new();
    let (mut line, mut column) = (1, 1);
    for c in text.chars() {
        match c {
            '§' => places.push((line, column)),
            '\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
    }
    (text.replace('§', ""), places)
}

/// Files in a folder of their own.
pub(crate) struct World {
    folder: tempfile::TempDir,
    /// The marks of all files: which file, line and column.
    pub(crate) places: Vec<(String, u64, u64)>,
}

impl World {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = scratch();
        let mut places = Vec::new();
        for (name, text) in files {
            let (text, its) = marked(text);
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
            places.extend(its.into_iter().map(|(line, column)| ((*name).to_owned(), line, column)));
        }
        Self { folder, places }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        run_in(self.path(), words, b"", &[])
    }

    /// What NET001 says of the machine: its row, after the exit code was that of it.
    pub(crate) fn judged(&self, words: &[&str]) -> Value {
        let words = [&["check", "t.json", "--select", "NET001", "--all", "--format", "json"], words].concat();
        let ran = self.run(&words);
        let report = ran.json();
        assert_eq!(report["errors"], json!([]), "{}", ran.out);
        let row = report["findings"][0].clone();
        assert_eq!(ran.code, i32::from(row["status"] == "fail"), "{}", ran.out);
        row
    }

    /// The machine is open, and the cause stands at the mark.
    pub(crate) fn open(&self, words: &[&str]) {
        let row = self.judged(words);
        assert_eq!(row["status"], "fail", "{row}");
        let (file, line, column) = &self.places[0];
        let at = &row["location"];
        assert_eq!(
            (at["file"].as_str(), at["line"].as_u64(), at["column"].as_u64()),
            (Some(file.as_str()), Some(*line), Some(*column)),
            "{row}"
        );
    }

    /// Nobody knows, for a reason with these words; never that it is closed.
    pub(crate) fn doubted(&self, words: &[&str], reason: &str) {
        let words = [&["check", "t.json", "--select", "NET001", "--all", "--format", "json"], words].concat();
        let ran = self.run(&words);
        let report = ran.json();
        assert_eq!(
            (ran.code, &report["errors"], &report["findings"]),
            (0, &json!([]), &json!([])),
            "{}",
            ran.out
        );
        let row = &report["unknown"][0];
        assert_eq!(row["code"], "NET001", "{report}");
        assert!(row["reason"].as_str().unwrap().contains(reason), "{reason}: {row}");
    }

    /// The machine is closed.
    pub(crate) fn closed(&self, words: &[&str]) {
        let row = self.judged(words);
        assert_eq!(row["status"], "pass", "{row}");
    }
}

/// One template is open at its mark.
pub(crate) fn open(text: &str) {
    World::new(&[("t.json", text)]).open(&[]);
}

/// Of one template nobody knows, for a reason with these words.
pub(crate) fn doubted(text: &str, reason: &str) {
    World::new(&[("t.json", text)]).doubted(&[], reason);
}

/// One template is closed.
pub(crate) fn closed(text: &str) {
    World::new(&[("t.json", text)]).closed(&[]);
}
