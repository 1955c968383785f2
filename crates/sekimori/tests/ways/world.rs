//! A small world: one VM, and what is put around it.

use serde_json::{Value, json};

use crate::common::{RG, Ran, check, id, net, run, run_in, scratch};

/// A rule of a group: name, priority, access, protocol, source, ports.
pub(crate) fn rule(name: &str, priority: u32, access: &str, source: &str, port: &str) -> Value {
    json!({"name": name, "properties": {
        "priority": priority, "direction": "Inbound", "access": access, "protocol": "*",
        "sourceAddressPrefix": source, "sourcePortRange": "*",
        "destinationAddressPrefix": "*", "destinationPortRange": port,
    }})
}

/// A VM `m` at 10.0.0.4 without a public address, in a subnet with a group of these rules.
pub(crate) struct World {
    pub(crate) all: Vec<Value>,
}

pub(crate) const IP: &str = "networkInterfaces/n/ipConfigurations/i";

impl World {
    pub(crate) fn new(rules: Option<Vec<Value>>) -> Self {
        let group = rules.as_ref().map(|_| id("networkSecurityGroups/g"));
        let mut all = vec![
            json!({"id": format!("{RG}/Microsoft.Compute/virtualMachines/m"), "properties": {
                "networkProfile": {"networkInterfaces": [id("networkInterfaces/n")]}}}),
            json!({"id": net("networkInterfaces/n"), "properties": {
                "virtualMachine": {"id": format!("{RG}/Microsoft.Compute/virtualMachines/m")},
                "ipConfigurations": [{"name": "i", "id": net(IP), "properties": {
                    "privateIPAddress": "10.0.0.4", "subnet": id("virtualNetworks/v/subnets/s")}}]}}),
            json!({"id": net("virtualNetworks/v"), "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [
                {"id": net("virtualNetworks/v/subnets/s"),
                 "properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": group}},
                {"id": net("virtualNetworks/v/subnets/AzureFirewallSubnet"),
                 "properties": {"addressPrefix": "10.0.1.0/26"}},
                {"id": net("virtualNetworks/v/subnets/web"),
                 "properties": {"addressPrefix": "10.0.2.0/24"}},
            ]}}),
            json!({"id": net("publicIPAddresses/front"), "sku": {"name": "Standard"},
                   "properties": {"ipAddress": "20.1.2.3"}}),
        ];
        if let Some(rules) = rules {
            all.push(json!({"id": net("networkSecurityGroups/g"), "properties": {"securityRules": rules}}));
        }
        Self { all }
    }

    pub(crate) fn with(mut self, resource: Value) -> Self {
        self.all.push(resource);
        self
    }

    pub(crate) fn text(&self) -> String {
        Value::from(self.all.clone()).to_string()
    }

    pub(crate) fn check(&self) -> Value {
        let report = check(&self.text());
        assert_eq!(report["errors"], json!([]), "{report:#}");
        report
    }

    /// What NET001, on SSH and RDP, says of the VM; the findings are verified by walking rules.
    pub(crate) fn verdict(&self) -> &'static str {
        let report = self.check();
        self.verify(&report);
        verdict(&report, "NET001")
    }

    pub(crate) fn verify(&self, report: &Value) {
        let folder = scratch();
        let (source, said) = (folder.path().join("estate.json"), folder.path().join("report.json"));
        std::fs::write(&source, self.text()).unwrap();
        std::fs::write(&said, report.to_string()).unwrap();
        let ran = run_in(folder.path(), &["verify-evidence", "report.json", "estate.json"], b"", &[]);
        assert_eq!(ran.code, 0, "{}{}\n{report:#}", ran.out, ran.err);
    }
}

pub(crate) fn verdict(report: &Value, code: &str) -> &'static str {
    let has = |list: &str| report[list].as_array().unwrap().iter().any(|row| row["code"] == code);
    match (has("findings"), has("unknown")) {
        (true, _) => "fail",
        (false, true) => "unknown",
        (false, false) => "pass",
    }
}

pub(crate) fn evidence<'r>(report: &'r Value, code: &str) -> &'r Value {
    let all = report["findings"].as_array().unwrap();
    let found = all.iter().find(|finding| finding["code"] == code);
    &found.unwrap_or_else(|| panic!("{code} in {report:#}"))["evidence"]["ports"]
}

/// A VM with a public address behind a group with these rules.
pub(crate) fn public(rules: Vec<Value>) -> World {
    let mut world = World::new(Some(rules));
    world.all[1]["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] =
        id("publicIPAddresses/front");
    world
}

pub(crate) fn flow(world: &World, remote: &str, port: u16) -> Value {
    let ran = ask(world, &format!("10.0.0.4:{port}"), remote, &["--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json()
}

/// Asks about an inbound flow over TCP.
pub(crate) fn ask(world: &World, local: &str, remote: &str, more: &[&str]) -> Ran {
    let ask = ["flow", "-", "--vm", "m", "--direction", "inbound", "--protocol", "TCP"];
    let ends = ["--local", local, "--remote", remote];
    run(&[&ask[..], &ends, more].concat(), world.text().as_bytes())
}
