//! Held against the test inputs of other tools, rule by rule, which lie in a folder `shared` beside the repository. Skipped,
//! and said so, where there is no such folder. What comes of it is explained in docs/peers.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use common::{root, run};
use serde_json::{Value, json};

/// How we judge what a rule of a peer judges.
enum Ours {
    /// By a check.
    Check(&'static str),
    /// By asking whether the internet reaches a port through the group.
    Port(u16),
    /// Not by these checks; docs/peers.md says why.
    Elsewhere,
}

use Ours::{Check, Elsewhere, Port};

/// Every rule of a peer in the fixtures that is about machines and networks.
const RULES: [(&str, Ours); 62] = [
    ("CKV_AZURE_1", Check("ACC002")),
    ("CKV_AZURE_49", Check("ACC002")),
    ("CKV_AZURE_149", Check("ACC002")),
    ("CKV_AZURE_178", Check("ACC002")),
    ("AZU-0039", Check("ACC002")),
    ("Azure Instance Using Basic Authentication", Check("ACC002")),
    ("CKV_AZURE_2", Elsewhere),
    ("Azure Managed Disk Without Encryption", Elsewhere),
    ("CKV_AZURE_93", Check("ENC003")),
    ("AZU-0038", Elsewhere),
    ("CKV_AZURE_97", Check("ENC001")),
    ("CKV_AZURE_151", Check("ENC001")),
    ("CKV_AZURE_92", Check("ENC007")),
    ("CKV_AZURE_251", Check("ENC006")),
    ("CKV2_AZURE_14", Check("ENC004")),
    ("CKV_AZURE_95", Check("UPD001")),
    ("CKV_AZURE_177", Check("UPD001")),
    ("CKV_AZURE_45", Check("HRD010")),
    ("CKV_AZURE_50", Elsewhere),
    ("CKV2_AZURE_10", Check("MAL001")),
    ("CKV_AZURE_9", Port(3389)),
    ("CKV_AZURE_10", Port(22)),
    ("CKV_AZURE_160", Port(80)),
    ("CKV_AZURE_77", Check("NET003")),
    ("Network Security Group With Unrestricted Access To RDP", Port(3389)),
    ("Network Security Group With Unrestricted Access To SSH", Port(22)),
    ("AZU-0047", Check("NET001")),
    ("AZU-0048", Port(3389)),
    ("AZU-0050", Port(22)),
    ("AZU-0051", Check("NET010")),
    ("CKV2_AZURE_31", Check("NET013")),
    ("CKV_AZURE_119", Check("NET004")),
    ("AZU-0076", Check("NET004")),
    ("AZU-0068", Check("NET006")),
    ("AZU-0074", Check("NET001")),
    ("AZU-0075", Check("NET012")),
    ("CKV_AZURE_12", Check("NET016")),
    ("AZU-0049", Check("NET016")),
    ("CKV_AZURE_19", Check("DEF001")),
    ("CKV_AZURE_79", Elsewhere),
    ("CKV_AZURE_234", Elsewhere),
    ("AZU-0045", Check("DEF001")),
    ("CKV_AZURE_20", Check("DEF003")),
    ("CKV_AZURE_21", Check("DEF003")),
    ("CKV_AZURE_22", Check("DEF003")),
    ("AZU-0044", Check("DEF003")),
    ("AZU-0062", Check("DEF003")),
    ("AZU-0063", Check("DEF003")),
    ("AZU-0064", Check("DEF003")),
    ("AZU-0037", Check("HRD010")),
    ("CKV_AZURE_39", Elsewhere),
    ("AZU-0030", Elsewhere),
    ("AZU-0052", Elsewhere),
    ("Bastion host exists", Check("NET019")),
    ("VM has a public IP on a NIC", Check("NET004")),
    ("VM protected by Azure Backup", Check("BKP001")),
    ("assessment parsed", Elsewhere),
    ("recorded pricings: peer filter selects exactly 1", Elsewhere),
    ("all inbound ports allowed", Elsewhere),
    ("effective inbound", Elsewhere),
    ("effective outbound", Elsewhere),
    ("flow", Elsewhere),
];

/// Where we say otherwise than a peer, by rule and a part of the resource or file, and why Azure's rules give us right.
const DIFFERS: [(&str, &str, &str); 2] = [
    ("CKV_AZURE_12", "FAILED3", "a log whose retention is switched off is kept for ever"),
    ("CKV_AZURE_12", "FAILED4", "a log whose retention is switched off is kept for ever"),
];

/// What we cannot tell, or do not judge by itself, is no disagreement with a peer: so many may be.
const OPEN_AT_MOST: u32 = 20;

fn shared() -> Option<PathBuf> {
    let folder = root().parent()?.join("shared/peer-fixtures");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no folder `shared` beside the repository, so other tools' inputs were not compared");
    None
}

fn load(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What of a template can be said without deploying it: parameters by their defaults, else unknown.
struct Template<'t>(&'t Value);

impl Template<'_> {
    /// `[parameters('x')]`, `[variables('x')]`, `[concat(…)]`; none for anything else.
    fn expression(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        if let Some(inner) = text.strip_prefix('\'') {
            return Some(Value::from(inner.strip_suffix('\'')?));
        }
        let (function, rest) = text.split_once('(')?;
        let inner = rest.strip_suffix(')')?;
        let name = inner.trim().trim_matches('\'');
        match function.trim().to_lowercase().as_str() {
            "parameters" => self.0["parameters"][name].get("defaultValue").map(|value| self.value(value)),
            "variables" => self.0["variables"].get(name).map(|value| self.value(value)),
            "concat" => {
                let parts: Option<Vec<String>> = arguments(inner)
                    .into_iter()
                    .map(|part| Some(self.named(&part)?.as_str()?.to_owned()))
                    .collect();
                Some(Value::from(parts?.concat()))
            }
            _ => None,
        }
    }

    /// The same where a parameter without a default is called by its name.
    fn named(&self, text: &str) -> Option<Value> {
        let parameter = text.trim().strip_prefix("parameters('").and_then(|rest| rest.strip_suffix("')"));
        self.expression(text).or_else(|| parameter.map(Value::from))
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text)
                if text.starts_with('[') && text.ends_with(']') && !text.starts_with("[[") =>
            {
                let inner = &text[1..text.len() - 1];
                self.expression(inner).unwrap_or_else(
                    || json!({"$unknown": {"reason": format!("`{text}` is known at deployment")}}),
                )
            }
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), self.value(value))).collect())
            }
            other => other.clone(),
        }
    }

    /// The resources, each with the id that it would have, and the name that the peer calls it by.
    fn resources(&self) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        let list = match &self.0["resources"] {
            Value::Object(named) => named.values().cloned().collect(),
            list => list.as_array().cloned().unwrap_or_default(),
        };
        for resource in list {
            let kind = resource["type"].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
            let written = resource["name"].as_str().unwrap_or_default().to_owned();
            let inner = written.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
            let name = match inner {
                Some(inner) => self.named(inner).and_then(|name| Some(name.as_str()?.to_owned())),
                None => Some(written.clone()),
            };
            let name = name.unwrap_or_else(|| "unnamed".to_owned());
            let mut types = kind.split('/');
            let mut id = format!("/providers/{}", types.next().unwrap_or_default());
            for (kind, name) in types.zip(name.split('/').chain(std::iter::repeat("x"))) {
                id += &format!("/{kind}/{name}");
            }
            let scope = if kind.starts_with("Microsoft.Security/") { "" } else { "/resourceGroups/rg" };
            let mut resource = self.value(&resource);
            resource["id"] = Value::from(format!("/subscriptions/s{scope}{id}"));
            resource["name"] = Value::from(name);
            all.push((format!("{kind}.{written}"), resource));
        }
        all
    }
}

/// Splits arguments at commas outside of quotes and parentheses.
fn arguments(text: &str) -> Vec<String> {
    let (mut all, mut depth, mut quoted, mut one) = (Vec::new(), 0, false, String::new());
    for c in text.chars() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                all.push(std::mem::take(&mut one));
                continue;
            }
            _ => {}
        }
        one.push(c);
    }
    all.push(one);
    all
}

/// What a check says of a resource among others: `fail`, `pass`, `unknown` or nothing.
fn judged(resources: &[Value], code: &str, id: &str) -> String {
    // A template tells all that it makes, and plans and contacts are for subscriptions with machines.
    let rows: serde_json::Map<String, Value> =
        ["machines", "networks", "backups", "updates", "maintenance", "security", "security contacts"]
            .iter()
            .map(|name| ((*name).to_owned(), json!(1)))
            .collect();
    let mut all = resources.to_vec();
    let of_subscription = code.starts_with("DEF");
    if of_subscription {
        all.push(
            json!({"id": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/any",
            "properties": {"hardwareProfile": {"vmSize": "Standard_D2s_v5"}}}),
        );
    }
    all.push(json!({"kind": "sekimori.snapshot/1", "rows": rows, "finished": "2026-11-26T09:00:00Z",
        "refused": [], "partial": []}));
    let text: String = all.iter().map(|one| format!("{one}\n")).collect();
    let report = run(&["check", "-", "--format", "json", "--all", "--select", code], text.as_bytes()).json();
    let is = |row: &&Value| {
        of_subscription || row["resource"].as_str().is_some_and(|its| its.eq_ignore_ascii_case(id))
    };
    let finding = report["findings"].as_array().unwrap().iter().find(is);
    let unknown = || {
        let rows = report["unknown"].as_array().unwrap();
        let sampled =
            |row: &Value| row["sample"].as_array().unwrap().iter().any(|its| its.as_str() == Some(id));
        rows.iter().any(sampled).then(|| "unknown".to_owned())
    };
    finding.map(|row| row["status"].as_str().unwrap().to_owned()).or_else(unknown).unwrap_or_default()
}

/// Whether the internet gets to a port through a group.
fn reached(resources: &[Value], group: &str, port: u16) -> String {
    let rg = "/subscriptions/s/resourceGroups/rg/providers";
    let mut all = resources.to_vec();
    all.push(json!({"id": format!("{rg}/Microsoft.Network/networkInterfaces/asking"), "properties": {
        "networkSecurityGroup": {"id": group},
        "virtualMachine": {"id": format!("{rg}/Microsoft.Compute/virtualMachines/asking")},
        "ipConfigurations": [{"name": "i", "properties": {"privateIPAddress": "10.99.0.4", "subnet": {"id": format!("{rg}/Microsoft.Network/virtualNetworks/asking/subnets/s")}}}]}}));
    all.push(json!({"id": format!("{rg}/Microsoft.Network/virtualNetworks/asking"), "properties": {
        "addressSpace": {"addressPrefixes": ["10.99.0.0/16"]},
        "subnets": [{"id": format!("{rg}/Microsoft.Network/virtualNetworks/asking/subnets/s"), "properties": {"addressPrefix": "10.99.0.0/24"}}]}}));
    let text = Value::from(all).to_string();
    let arguments = [
        "flow",
        "-",
        "--vm",
        "asking",
        "--direction",
        "inbound",
        "--protocol",
        "TCP",
        "--local",
        &format!("10.99.0.4:{port}"),
        "--remote",
        "8.8.8.8:50000",
        "--format",
        "json",
    ];
    let ran = run(&arguments, text.as_bytes());
    match ran.json()["access"].as_str().unwrap() {
        "Allow" => "fail".to_owned(),
        "Deny" => "pass".to_owned(),
        _ => "unknown".to_owned(),
    }
}

#[test]
fn templates_of_peers_are_judged_alike() {
    let Some(fixtures) = shared() else { return };
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in load(fixtures.join("index.json")).as_array().unwrap() {
        let rule = row["rule"].as_str().unwrap();
        let known = RULES
            .iter()
            .find(|(name, _)| rule == *name || rule.starts_with("effective") && rule.starts_with(name));
        let Some((_, ours)) = known else { panic!("no mapping for {rule}") };
        if row["kind"] != "arm-template" {
            *counts
                .entry(if row["kind"] == "terraform-plan" {
                    "plans, for the reader of plans"
                } else {
                    "judged elsewhere"
                })
                .or_default() += 1;
            continue;
        }
        let document = load(fixtures.join(row["file"].as_str().unwrap()));
        // A blueprint holds its template.
        let template = document.pointer("/properties/template").unwrap_or(&document);
        let named = Template(template).resources();
        let resources: Vec<Value> = named.iter().map(|(_, resource)| resource.clone()).collect();
        let wanted = row["resource"].as_str();
        let suffix =
            |called: &str| wanted.is_none_or(|wanted| called.rsplit('.').next() == wanted.rsplit('.').next());
        let of_kind = |kind: &str| {
            named.iter().filter(|(called, _)| called.to_lowercase().starts_with(kind)).collect::<Vec<_>>()
        };
        let said = match ours {
            Elsewhere => {
                *counts.entry("not judged, explained").or_default() += 1;
                continue;
            }
            Check(code) => {
                let about = named
                    .iter()
                    .filter(|(called, _)| suffix(called))
                    .map(|(_, resource)| resource["id"].as_str().unwrap());
                let all: BTreeSet<String> = about.map(|id| judged(&resources, code, id)).collect();
                all.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join("+")
            }
            Port(port) => {
                let groups = of_kind("microsoft.network/networksecuritygroups");
                let group = |called: &str| called.split('/').nth(8).map(str::to_owned);
                let mut all = BTreeSet::new();
                for (_, resource) in groups {
                    let name = group(resource["id"].as_str().unwrap()).unwrap();
                    let id = format!(
                        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/{name}"
                    );
                    all.insert(reached(&resources, &id, *port));
                }
                if all.contains("fail") {
                    "fail".to_owned()
                } else {
                    all.into_iter().collect::<Vec<_>>().join("+")
                }
            }
        };
        let expected = row["expected"].as_str().unwrap();
        let place = format!("{} {}", row["file"].as_str().unwrap(), wanted.unwrap_or_default());
        let differs = DIFFERS.iter().any(|(its, part, _)| *its == rule && place.contains(part));
        let opposite = said == if expected == "fail" { "pass" } else { "fail" };
        let (count, unexplained) = match (said == expected, differs) {
            (true, _) => ("agree", differs),
            (false, true) => ("differ, explained", false),
            (false, false) => (if opposite { "differ" } else { "open" }, opposite),
        };
        *counts.entry(count).or_default() += 1;
        if count == "open" {
            eprintln!("open: {rule}: they say {expected}, we `{said}`: {place}");
        }
        if unexplained {
            wrong.push(format!("{rule}: they say {expected}, we `{said}`: {place}"));
        }
    }
    eprintln!("peers: {counts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(counts.get("open").is_none_or(|open| *open <= OPEN_AT_MOST), "{counts:?}");
}
