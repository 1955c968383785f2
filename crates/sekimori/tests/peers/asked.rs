//! What the program says of an input.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::run;
use crate::rules::Ours;

/// One input as a file, and what of it a row is about.
pub(crate) struct Asked {
    folder: tempfile::TempDir,
    input: PathBuf,
    /// The resources that the row is about; all where it is about the file.
    about: Vec<Value>,
    whole: bool,
    /// How ids of this input begin.
    subscription: String,
}

impl Asked {
    /// Writes an input down, and finds what a peer calls `wanted`: `Microsoft.Compute/disks.name` or
    /// `azurerm_managed_disk.name`.
    pub(crate) fn new(input: &Value, wanted: Option<&str>) -> Self {
        let folder = crate::common::scratch();
        let file = folder.path().join("input.json");
        std::fs::write(&file, serde_json::to_string_pretty(input).unwrap()).unwrap();
        let expanded = run(&["expand", file.to_str().unwrap()], b"").json();
        let all = expanded["resources"].as_array().unwrap();
        let is = |resource: &&Value| wanted.is_none_or(|wanted| called(resource, wanted, all));
        let about: Vec<Value> = all.iter().filter(is).cloned().collect();
        let some = all.iter().find_map(|resource| resource["id"].as_str());
        let subscription = some.unwrap_or_default().split('/').nth(2).unwrap_or_default().to_owned();
        Self { folder, input: file, about, whole: wanted.is_none(), subscription }
    }

    /// What we say: `fail`, `pass`, `unknown` or nothing.
    pub(crate) fn said(&self, ours: &Ours) -> String {
        match ours {
            Ours::Elsewhere => String::new(),
            Ours::Check(code) if code.starts_with("DEF") => {
                let beside = self.beside(&self.subscription_with_a_machine());
                self.found(code, Some(&beside), &|_| true)
            }
            Ours::Check(code) => {
                let is = |id: &str| {
                    let mut ids = self.about.iter().filter_map(|resource| resource["id"].as_str());
                    self.whole || ids.any(|its| its.eq_ignore_ascii_case(id))
                };
                self.found(code, None, &is)
            }
            Ours::Behind(code) => self.of_groups(&|group| {
                let beside = self.beside(&self.machine_behind(group));
                self.found(code, Some(&beside), &|id| id.contains("/asking"))
            }),
            Ours::At(code) => {
                let beside = self.beside(&self.machine_with_nics());
                self.found(code, Some(&beside), &|_| true)
            }
            Ours::Port(port) => self.of_groups(&|group| {
                let beside = self.beside(&self.machine_behind(group));
                self.reached(&beside, *port)
            }),
        }
    }

    fn beside(&self, resources: &[Value]) -> PathBuf {
        let file = self.folder.path().join("beside.ndjson");
        let text: String = resources.iter().map(|one| format!("{one}\n")).collect();
        std::fs::write(&file, text).unwrap();
        file
    }

    /// What a check says of resources: each status once.
    fn found(&self, code: &str, beside: Option<&Path>, is: &dyn Fn(&str) -> bool) -> String {
        let mut words = vec!["check", self.input.to_str().unwrap()];
        words.extend(beside.map(|beside| beside.to_str().unwrap()));
        words.extend(["--format", "json", "--all", "--select", code]);
        let report = run(&words, b"").json();
        let findings = report["findings"].as_array().unwrap().iter();
        let mut all: BTreeSet<&str> = findings
            .filter(|row| row["resource"].as_str().is_some_and(is))
            .map(|row| row["status"].as_str().unwrap())
            .collect();
        for row in report["unknown"].as_array().unwrap() {
            if row["sample"].as_array().unwrap().iter().any(|id| id.as_str().is_some_and(is)) {
                all.insert("unknown");
            }
        }
        // One that fails makes its file, or its group, one that fails.
        if all.contains("fail") {
            return "fail".to_owned();
        }
        all.into_iter().collect::<Vec<_>>().join("+")
    }

    /// What is said of the groups that the row is about, each by itself.
    fn of_groups(&self, said: &dyn Fn(&str) -> String) -> String {
        let group = |resource: &Value| {
            let kind = resource["type"].as_str()?.to_lowercase();
            let id = resource["id"].as_str()?;
            let is = kind.starts_with("microsoft.network/networksecuritygroups");
            is.then(|| id.split('/').take(9).collect::<Vec<_>>().join("/"))
        };
        let groups: BTreeSet<String> = self.about.iter().filter_map(group).collect();
        let all: BTreeSet<String> = groups.iter().map(|group| said(group)).collect();
        if all.contains("fail") {
            return "fail".to_owned();
        }
        all.into_iter().collect::<Vec<_>>().join("+")
    }

    /// A machine that has the NICs that the row is about.
    fn machine_with_nics(&self) -> Vec<Value> {
        let is = |resource: &&Value| resource["type"] == "Microsoft.Network/networkInterfaces";
        let nics: Vec<Value> = self.about.iter().filter(is).map(|nic| json!({"id": nic["id"]})).collect();
        let subscription = &self.subscription;
        vec![
            json!({"id": format!("/subscriptions/{subscription}/resourceGroups/asking/providers/Microsoft.Compute/virtualMachines/asking"),
            "properties": {"storageProfile": {"osDisk": {"osType": "Linux"}}, "networkProfile": {"networkInterfaces": nics}}}),
        ]
    }

    /// Plans and contacts are for subscriptions with machines, and a snapshot tells of all there is.
    fn subscription_with_a_machine(&self) -> Vec<Value> {
        let subscription = &self.subscription;
        let rows: serde_json::Map<String, Value> = ["machines", "security", "security contacts"]
            .iter()
            .map(|name| ((*name).to_owned(), json!(1)))
            .collect();
        vec![
            json!({"id": format!("/subscriptions/{subscription}/resourceGroups/asking/providers/Microsoft.Compute/virtualMachines/any"),
                "properties": {"hardwareProfile": {"vmSize": "Standard_D2s_v5"}}}),
            json!({"kind": "sekimori.snapshot/1", "rows": rows, "finished": "2026-11-26T09:00:00Z",
                "refused": [], "partial": []}),
        ]
    }

    /// A machine that the internet reaches as far as a group lets it.
    fn machine_behind(&self, group: &str) -> Vec<Value> {
        let rg = format!("/subscriptions/{}/resourceGroups/asking/providers", self.subscription);
        let net = |name: &str| format!("{rg}/Microsoft.Network/{name}");
        let vm = format!("{rg}/Microsoft.Compute/virtualMachines/asking");
        let subnet = net("virtualNetworks/asking/subnets/s");
        let mut all = vec![
            json!({"id": vm, "properties": {
                "storageProfile": {"osDisk": {"osType": "Linux"}},
                "networkProfile": {"networkInterfaces": [{"id": net("networkInterfaces/asking")}]}}}),
            json!({"id": net("publicIPAddresses/asking"), "sku": {"name": "Standard"}, "properties": {"ipAddress": "20.1.2.3"}}),
            json!({"id": net("virtualNetworks/asking"), "properties": {
                "addressSpace": {"addressPrefixes": ["10.99.0.0/16"]},
                "subnets": [{"id": subnet, "properties": {"addressPrefix": "10.99.0.0/24"}}]}}),
            json!({"id": net("networkInterfaces/asking"), "properties": {
                "networkSecurityGroup": {"id": group}, "virtualMachine": {"id": vm},
                "ipConfigurations": [{"name": "i", "properties": {"privateIPAddress": "10.99.0.4",
                    "subnet": {"id": subnet}, "publicIPAddress": {"id": net("publicIPAddresses/asking")}}}]}}),
        ];
        // A rule of a group that stands elsewhere.
        let is = |resource: &Value| resource["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(group));
        if !self.about.iter().any(is) {
            all.push(json!({"id": group, "properties": {"securityRules": []}}));
        }
        all
    }

    /// Whether the internet gets to a port of the machine.
    fn reached(&self, beside: &Path, port: u16) -> String {
        let local = format!("10.99.0.4:{port}");
        let words = [
            "flow",
            self.input.to_str().unwrap(),
            beside.to_str().unwrap(),
            "--vm",
            "asking",
            "--direction",
            "inbound",
            "--protocol",
            "TCP",
            "--local",
            &local,
            "--remote",
            "8.8.8.8:50000",
            "--format",
            "json",
        ];
        match run(&words, b"").json()["access"].as_str().unwrap() {
            "Allow" => "fail".to_owned(),
            "Deny" => "pass".to_owned(),
            _ => "unknown".to_owned(),
        }
    }
}

/// Whether a resource is what a peer calls `wanted`. Templates name resources by expressions, of which a peer keeps the
/// text: where nothing has that name, all of the type are meant.
fn called(resource: &Value, wanted: &str, all: &[Value]) -> bool {
    if let Some(address) = resource["$address"].as_str() {
        return address == wanted;
    }
    let (kind, name) =
        match wanted.rfind("/.").map(|at| at + 1).or_else(|| {
            wanted.find('.').and_then(|first| Some(first + 1 + wanted.get(first + 1..)?.find('.')?))
        }) {
            Some(dot) => wanted.split_at(dot),
            None => (wanted, ""),
        };
    let kind = kind.trim_end_matches('/');
    let is_kind =
        |resource: &Value| resource["type"].as_str().is_some_and(|its| its.eq_ignore_ascii_case(kind));
    let last = name.trim_start_matches('.').rsplit('/').next().unwrap_or_default();
    let is_named = |resource: &Value| {
        let its = resource["name"].as_str().unwrap_or_default();
        // A second one of a name was given a number.
        its == last || its.strip_prefix(last).is_some_and(|rest| rest.starts_with('-') && rest.len() == 2)
    };
    let any = all.iter().any(|one| is_kind(one) && is_named(one));
    is_kind(resource) && (!any || is_named(resource))
}
