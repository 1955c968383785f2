//! Held against what Azure and others have said: recordings and test inputs that lie in a folder
//! `shared` beside the repository. Skipped, and said so, where there is no such folder.
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
use std::path::{Path, PathBuf};

use common::{root, run};
use serde_json::{Value, json};

fn shared() -> Option<PathBuf> {
    let folder = root().parent()?.join("shared");
    if folder.join("azure").is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no folder `shared` beside the repository, so recorded answers were not compared");
    None
}

fn load(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn lines(resources: &[Value]) -> String {
    resources.iter().map(|resource| resource.to_string() + "\n").collect()
}

/// Asks about one estate.
fn ask(resources: &[Value], questions: &[Value]) -> Vec<Value> {
    let file = tempfile::Builder::new().suffix(".ndjson").tempfile().unwrap();
    std::fs::write(file.path(), lines(resources)).unwrap();
    let ran = run(&["flow", &file.path().display().to_string(), "--batch", "-"], lines(questions).as_bytes());
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Answers of Azure that contradict themselves, by file and number, and why they do not count.
const ODD: [(&str, u64, &str); 4] = [
    ("cli__test_network_watcher_vm__2021-05-27__e5ae1394.json", 34, "Deny by a rule that allows"),
    ("cli__test_network_watcher_vm__2021-08-05__3d244bf7.json", 34, "Deny by a rule that allows"),
    (
        "cli__test_network_watcher_vm__2020-09-11__33518244.json",
        30,
        "Unknown and no rule, on a group that is the same as in other answers",
    ),
    (
        "cli__test_network_watcher_vm__2020-09-11__33518244.json",
        34,
        "Unknown and no rule, on a group that is the same as in other answers",
    ),
];

#[test]
fn flows_agree_with_azures_own_answers() {
    let Some(shared) = shared() else { return };
    let cases = load(shared.join("azure/effective/cases.json"));
    let mut agreed = 0;
    for case in cases.as_array().unwrap() {
        let request = &case["request"];
        let asked =
            case["kind"] == "ipFlowVerify" && case["http_status"] == 200 && case["state_complete"] == true;
        if !asked || request.is_null() {
            continue;
        }
        let (file, exchange) = (case["file"].as_str().unwrap(), case["exchange"].as_u64().unwrap());
        if ODD.iter().any(|(odd, number, _)| *odd == file && *number == exchange) {
            continue;
        }
        let resources: Vec<Value> = ["nics", "nsgs", "subnets", "vnets", "public_ips"]
            .iter()
            .flat_map(|kind| case["state"][kind].as_array().cloned().unwrap_or_default())
            .collect();
        let text = |name: &str| request[name].as_str().unwrap().to_owned();
        let question = json!({
            "vm": text("targetResourceId"),
            "direction": text("direction"),
            "protocol": text("protocol"),
            "local": text("localIPAddress") + ":" + &text("localPort"),
            "remote": text("remoteIPAddress") + ":" + &text("remotePort"),
        });
        let answer = ask(&resources, &[question]).remove(0);
        assert_eq!(answer["access"], case["answer"]["access"], "{file} {exchange}: {answer}");
        assert_eq!(answer["ruleName"], case["answer"]["ruleName"], "{file} {exchange}: {answer}");
        agreed += 1;
    }
    eprintln!(
        "{agreed} answers of Azure's ipFlowVerify agree; {} that contradict themselves left out",
        ODD.len()
    );
    assert!(agreed >= 30, "{agreed}");
}

/// Two denies that answers of January 2017 list a second time, under an older name and with `*`.
const TWICE: [&str; 2] =
    ["defaultSecurityRules/DefaultInboundDenyAll", "defaultSecurityRules/DefaultOutboundDenyAll"];

/// A rule with what it names as sets, so that two ways of writing one thing are one.
fn as_set(rule: &Value) -> Vec<String> {
    let text = |name: &str| rule[name].as_str().unwrap_or_default().to_owned();
    let list = |one: &str, all: &str| {
        let mut list: Vec<String> = rule[all]
            .as_array()
            .filter(|all| !all.is_empty())
            .map(|all| all.iter().map(|item| item.as_str().unwrap().to_owned()).collect())
            .unwrap_or_else(|| vec![text(one)]);
        list.sort();
        list.dedup();
        list.join(",")
    };
    // The tag of the internet moves with time and is held against its core elsewhere; of the platform's
    // only IPv4 has always been told.
    let expanded = |name: &str, tag: &str| {
        if tag == "Internet" {
            return String::new();
        }
        let mut list: Vec<&str> =
            rule[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        list.retain(|prefix| !prefix.contains(':'));
        list.sort_unstable();
        list.join(",")
    };
    let (source, destination) = (
        list("sourceAddressPrefix", "sourceAddressPrefixes"),
        list("destinationAddressPrefix", "destinationAddressPrefixes"),
    );
    vec![
        text("name"),
        text("protocol"),
        list("sourcePortRange", "sourcePortRanges"),
        list("destinationPortRange", "destinationPortRanges"),
        expanded("expandedSourceAddressPrefix", &source),
        expanded("expandedDestinationAddressPrefix", &destination),
        source,
        destination,
        text("access"),
        rule["priority"].to_string(),
        text("direction"),
    ]
}

#[test]
fn effective_groups_agree_with_azures_own_answers() {
    let Some(shared) = shared() else { return };
    let cases = load(shared.join("azure/effective/cases.json"));
    let (mut agreed, mut rules, mut faults) = (0, 0, Vec::new());
    for case in cases.as_array().unwrap() {
        let asked = case["kind"] == "effectiveNetworkSecurityGroups"
            && case["http_status"] == 200
            && case["state_complete"] == true;
        let file = case["file"].as_str().unwrap();
        if !asked {
            continue;
        }
        let resources: Vec<Value> = ["nics", "nsgs", "subnets", "vnets", "public_ips"]
            .iter()
            .flat_map(|kind| case["state"][kind].as_array().cloned().unwrap_or_default())
            .collect();
        let target = case["target"].as_str().unwrap();
        let nic = target.strip_suffix("/effectiveNetworkSecurityGroups").unwrap_or(target);
        let text = serde_json::to_string(&resources).unwrap();
        let ran = common::run(&["effective-nsg", "-", "--nic", nic], text.as_bytes());
        let mut ours: Vec<_> = ran.json()["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| {
                let mut rules: Vec<_> =
                    group["effectiveSecurityRules"].as_array().unwrap().iter().map(as_set).collect();
                rules.sort();
                (group["networkSecurityGroup"]["id"].as_str().unwrap().to_lowercase(), rules)
            })
            .collect();
        let mut theirs: Vec<_> = case["answer"]["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| {
                let mut rules: Vec<_> =
                    group["effectiveSecurityRules"].as_array().into_iter().flatten().map(as_set).collect();
                rules.retain(|rule| !TWICE.contains(&rule[0].as_str()));
                rules.sort();
                (group["networkSecurityGroup"]["id"].as_str().unwrap_or_default().to_lowercase(), rules)
            })
            .collect();
        // One answer tells a group twice, the second time without rules.
        theirs.retain(|(_, rules)| !rules.is_empty());
        ours.sort();
        theirs.sort();
        if ours != theirs {
            faults.push(format!(
                "{file} {}\n  ours   {ours:?}\n  theirs {theirs:?}\n{}",
                case["exchange"], ran.err
            ));
            continue;
        }
        agreed += 1;
        rules += ours.iter().map(|(_, rules)| rules.len()).sum::<usize>();
    }
    assert!(faults.is_empty(), "{} differ\n{}", faults.len(), faults.join("\n"));
    eprintln!("{agreed} answers of Azure's effectiveNetworkSecurityGroups agree, {rules} rules");
    assert!(agreed >= 30, "{agreed}");
}

/// A rule as `securityGroupView` tells it, in the words of effective groups: the same names under an older prefix,
/// and `*` for any address. What names stand for is compared where it is told.
fn viewed(rule: &Value, expanded: bool) -> Vec<String> {
    let mut rule = rule.clone();
    let name = rule["name"].as_str().unwrap().to_owned();
    let name = match (name.strip_prefix("DefaultRule_"), name.strip_prefix("UserRule_")) {
        (Some(own), _) => format!("defaultSecurityRules/{own}"),
        (_, Some(own)) => format!("securityRules/{own}"),
        _ => name,
    };
    rule["name"] = name.into();
    for side in ["source", "destination"] {
        let (one, all) = (format!("{side}AddressPrefix"), format!("{side}AddressPrefixes"));
        let mut list = rule[&all].as_array().filter(|all| !all.is_empty()).cloned();
        let list = list.get_or_insert_with(|| vec![rule[&one].clone()]);
        for prefix in list.iter_mut().filter(|prefix| *prefix == "*") {
            *prefix = "0.0.0.0/0".into();
        }
        rule[&all] = list.clone().into();
    }
    let mut set = as_set(&rule);
    if !expanded {
        (set[4], set[5]) = (String::new(), String::new());
    }
    set
}

/// Two denies that every answer lists besides the rules that they are, under names of their own.
const VIEWED_TWICE: [&str; 2] = ["DefaultInboundDenyAll", "DefaultOutboundDenyAll"];

/// Answers that name no NIC, by the date in the file's name: there is nothing to compare.
const NO_NIC: [&str; 7] =
    ["2020-07-01", "2020-07-28", "2020-09-11", "2021-05-27", "2021-08-05", "2022-08-31", "2022-09-29"];

/// An answer on a NIC that the recording does not hold, by the beginning of the file's name: it was recorded without
/// the bodies of requests, and the one NIC in it is another one.
const OTHER_NIC: &str = "libraries-for-java__testNetworkWatcherFunctions__head";

#[test]
fn security_group_views_agree_with_azures_own_answers() {
    let Some(shared) = shared() else { return };
    let cases = load(shared.join("azure/effective/cases.json"));
    let (mut agreed, mut rules, mut empty, mut incomplete) = (0, 0, 0, 0);
    for case in cases.as_array().unwrap() {
        if case["kind"] != "securityGroupView" || case["http_status"] != 200 {
            continue;
        }
        let file = case["file"].as_str().unwrap();
        // The recording does not tell the NIC, or a group in the answer: nothing to ask about.
        if case["state_complete"] != true || file.starts_with(OTHER_NIC) {
            incomplete += 1;
            continue;
        }
        let nics = case["answer"]["networkInterfaces"].as_array().cloned().unwrap_or_default();
        let without =
            file.contains("test_network_watcher_vm") && NO_NIC.iter().any(|date| file.contains(date));
        assert_eq!(nics.is_empty(), without, "{file}");
        empty += u32::from(without);
        let resources: Vec<Value> = ["nics", "nsgs", "subnets", "vnets", "public_ips"]
            .iter()
            .flat_map(|kind| case["state"][kind].as_array().cloned().unwrap_or_default())
            .collect();
        let text = serde_json::to_string(&resources).unwrap();
        for nic in &nics {
            let ran = run(&["effective-nsg", "-", "--nic", nic["id"].as_str().unwrap()], text.as_bytes());
            let ours = ran.json()["value"].as_array().unwrap().clone();
            let theirs = &nic["securityRuleAssociations"];
            // Which levels have a group, and whose.
            let lower = |id: &Value| id.as_str().unwrap_or_default().to_lowercase();
            let levels =
                [("networkInterface", "networkInterfaceAssociation"), ("subnet", "subnetAssociation")];
            for (level, association) in levels {
                let group = ours.iter().find(|group| group["association"][level].is_object());
                let theirs = &theirs[association];
                assert_eq!(group.is_some(), theirs.is_object(), "{file} {level}: {}", ran.err);
                let Some(group) = group else { continue };
                assert_eq!(lower(&group["association"][level]["id"]), lower(&theirs["id"]), "{file}");
                // The rules of the group itself, by name, direction, access and priority.
                let told = |rule: &Value, name: String| {
                    let (direction, access) = (lower(&rule["direction"]), lower(&rule["access"]));
                    (name, direction, access, rule["priority"].as_u64())
                };
                let mut own: Vec<_> = group["effectiveSecurityRules"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(|rule| {
                        let name = rule["name"].as_str()?.strip_prefix("securityRules/")?;
                        Some(told(rule, name.to_lowercase()))
                    })
                    .collect();
                let listed = theirs["securityRules"].as_array().into_iter().flatten();
                let mut listed: Vec<_> =
                    listed.map(|rule| told(&rule["properties"], lower(&rule["name"]))).collect();
                own.sort();
                listed.sort();
                assert_eq!(own, listed, "{file} {level}");
                // Azure's own rules stand in every group.
                let by_default = theirs_default(&nic["securityRuleAssociations"]);
                let mut ours: Vec<_> = group["effectiveSecurityRules"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(|rule| {
                        let name = rule["name"].as_str()?.strip_prefix("defaultSecurityRules/")?;
                        Some((name.to_owned(), rule["priority"].as_u64().unwrap()))
                    })
                    .collect();
                ours.sort();
                assert_eq!(ours, by_default, "{file} {level}");
            }
            // Every rule as it filters.
            let told: Vec<&Value> = theirs["effectiveSecurityRules"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|rule| !VIEWED_TWICE.contains(&rule["name"].as_str().unwrap()))
                .collect();
            let expanded = told.iter().any(|rule| rule["expandedSourceAddressPrefix"].is_array());
            let mut theirs: Vec<_> = told.into_iter().map(|rule| viewed(rule, expanded)).collect();
            let effective = ours.iter().flat_map(|group| group["effectiveSecurityRules"].as_array().unwrap());
            let mut ours: Vec<_> = effective.map(|rule| viewed(rule, expanded)).collect();
            theirs.sort();
            ours.sort();
            assert_eq!(ours, theirs, "{file}");
            agreed += 1;
            rules += ours.len();
        }
    }
    eprintln!(
        "{agreed} answers of Azure's securityGroupView agree, {rules} rules; \
         {empty} without a NIC and {incomplete} without what they are about left out"
    );
    assert!(agreed >= 14, "{agreed}");
}

/// Name and priority of the default rules of an answer.
fn theirs_default(associations: &Value) -> Vec<(String, u64)> {
    let rules = associations["defaultSecurityRules"].as_array().unwrap().iter();
    let mut all: Vec<_> = rules
        .map(|rule| {
            (rule["name"].as_str().unwrap().to_owned(), rule["properties"]["priority"].as_u64().unwrap())
        })
        .collect();
    all.sort();
    all
}

/// The resources in a recorded answer.
fn resources_of(body: &Value) -> Vec<Value> {
    match (body["value"].as_array(), body.as_array()) {
        (Some(items), _) | (None, Some(items)) => items.clone(),
        _ => vec![body.clone()],
    }
}

/// Reads recorded bodies and holds the counts against the ids in them.
fn nothing_is_lost(name: &str, bodies: &[Value]) {
    let ran = run(&["check", "-", "--format", "json"], lines(bodies).as_bytes());
    let report = ran.json();
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut nameless = 0;
    for resource in bodies.iter().flat_map(resources_of) {
        match resource["id"].as_str().filter(|id| id.contains('/')) {
            Some(id) => {
                let declared = resource["type"].as_str().map(str::to_owned);
                let kind = estate::resource_type(id).or(declared).unwrap_or_default().to_lowercase();
                expected.entry(kind).or_default().insert(id.trim_end_matches('/').to_lowercase());
            }
            // Effective views are read without an id, and an empty object says nothing.
            None if !resource["effectiveSecurityRules"].is_null() || resource == json!({}) => {}
            // A person or a tenant: counted as something else.
            None if resource["id"].is_string() => {}
            None => nameless += 1,
        }
    }
    let code = if expected.keys().all(String::is_empty) { vec![0, 1, 2, 3] } else { vec![0, 1, 3] };
    assert!(code.contains(&ran.code), "{name}: {} {}", ran.code, ran.err);
    let counts = &report["estate"];
    let count = |name: &str| counts[name].as_u64().unwrap();
    for (kind, ids) in &expected {
        let wanted = ids.len() as u64;
        let (found, exact) = match kind.as_str() {
            "microsoft.compute/virtualmachines"
            | "microsoft.compute/virtualmachinescalesets/virtualmachines" => {
                (count("vms") + count("mentioned_vms"), false)
            }
            "microsoft.network/networkinterfaces"
            | "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces" => {
                (count("nics"), false)
            }
            "microsoft.network/networksecuritygroups" => (count("nsgs"), true),
            // These are also written out inside others.
            "microsoft.network/publicipaddresses"
            | "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces/ipconfigurations/publicipaddresses" => {
                (count("public_ips"), false)
            }
            "microsoft.network/virtualnetworks/subnets" => (count("subnets"), false),
            "microsoft.network/virtualnetworks" => (count("vnets"), true),
            "microsoft.network/routetables" => (count("route_tables"), true),
            "microsoft.network/applicationsecuritygroups" => (count("asgs"), true),
            "microsoft.network/loadbalancers" => (count("load_balancers"), true),
            "microsoft.compute/disks" => (count("disks"), true),
            "" => (counts["other"]["(no type)"].as_u64().unwrap_or(0), true),
            other => (counts["other"][other].as_u64().unwrap_or(0), true),
        };
        assert!(if exact { found == wanted } else { found >= wanted }, "{name}: {kind}: {found} of {wanted}");
    }
    let errors = report["errors"].as_array().unwrap().len();
    assert!(errors > 0 || nameless == 0, "{name}: {nameless} without an id, and no error");
}

#[test]
fn recorded_answers_are_read_in_full() {
    let Some(shared) = shared() else { return };
    let mut files = 0;
    for folder in ["azure/responses", "azure/effective"] {
        for entry in std::fs::read_dir(shared.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.ends_with(".json") || name == "cases.json" {
                continue;
            }
            // The last answer for each path: earlier ones are of other moments.
            let mut last: BTreeMap<String, Value> = BTreeMap::new();
            for exchange in load(path).as_array().unwrap() {
                let body = &exchange["response_body"];
                if exchange["method"] == "GET"
                    && exchange["status"] == 200
                    && (body.is_object() || body.is_array())
                {
                    last.insert(exchange["path"].as_str().unwrap_or_default().to_lowercase(), body.clone());
                }
            }
            let bodies: Vec<Value> = last.into_values().collect();
            if !bodies.is_empty() {
                nothing_is_lost(&name, &bodies);
                files += 1;
            }
        }
    }
    eprintln!("{files} recordings of Azure read in full");
    assert!(files > 100, "{files}");
}

/// A VM behind a group, to ask what the group does.
fn behind(group: &str) -> Vec<Value> {
    let rg = "/subscriptions/s/resourceGroups/rg/providers";
    vec![
        json!({"id": format!("{rg}/Microsoft.Network/networkInterfaces/n"), "properties": {
            "networkSecurityGroup": {"id": group},
            "virtualMachine": {"id": format!("{rg}/Microsoft.Compute/virtualMachines/m")},
            "ipConfigurations": [{"name": "i", "properties": {"privateIPAddress": "10.0.0.4", "subnet": {"id": format!("{rg}/Microsoft.Network/virtualNetworks/v/subnets/s")}}}]}}),
        json!({"id": format!("{rg}/Microsoft.Network/virtualNetworks/v"), "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"id": format!("{rg}/Microsoft.Network/virtualNetworks/v/subnets/s"), "properties": {"addressPrefix": "10.0.0.0/24"}}]}}),
    ]
}

#[test]
fn custodians_recordings_are_read_and_judged_alike() {
    let Some(shared) = shared() else { return };
    let fixtures = shared.join("peer-fixtures");
    let mut judged = 0;
    for row in load(fixtures.join("index.json")).as_array().unwrap() {
        if row["peer"] != "custodian" {
            continue;
        }
        let file = row["file"].as_str().unwrap();
        let requests = load(fixtures.join(file));
        let bodies: Vec<Value> = requests["requests"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|r| r["method"] == "GET")
            .map(|r| r["response"].clone())
            .collect();
        nothing_is_lost(file, &bodies);
        let rule = row["rule"].as_str().unwrap();
        let (direction, what) =
            match (rule.strip_prefix("effective inbound "), rule.strip_prefix("effective outbound ")) {
                (Some(what), _) => ("inbound", what.to_owned()),
                (_, Some(what)) => ("outbound", what.to_owned()),
                _ if rule == "all inbound ports allowed" => ("inbound", "* from any".to_owned()),
                _ => continue,
            };
        let ports = what.trim_end_matches(" from any").trim_end_matches(" to any").trim_start_matches("TCP ");
        let groups: Vec<Value> = bodies.iter().flat_map(resources_of).collect();
        let Some(group) = groups.iter().find(|group| group["name"] == row["resource"]) else {
            panic!("{row}")
        };
        let mut resources = behind(group["id"].as_str().unwrap());
        resources.push(group.clone());
        let (local, remote) = match direction {
            "inbound" => (format!("10.0.0.4:{ports}"), "8.8.8.8:50000".to_owned()),
            _ => ("10.0.0.4:50000".to_owned(), format!("8.8.8.8:{ports}")),
        };
        let answer = ask(&resources, &[json!({"vm": "m", "direction": direction, "protocol": "TCP", "local": local, "remote": remote})]).remove(0);
        let expected = if row["expected"] == "fail" { "Allow" } else { "Deny" };
        assert_eq!(answer["access"], expected, "{row}: {answer}");
        judged += 1;
    }
    eprintln!("{judged} of Custodian's verdicts on groups agree");
    assert!(judged >= 6, "{judged}");
}

/// Verdicts of Batfish that Azure's rules do not give, by note and whether a VM is named, and why.
const BATFISH_DIFFERS: [(&str, bool, &str); 2] = [
    (
        "testIntraSubnetFiltering",
        false,
        "vm2 to vm3: the one deny is for vm3 to vm2; AllowVnetInBound lets it through",
    ),
    ("testVm1toVm2Http", true, "priority 100 of vm2's own group denies TCP 8080 from anywhere"),
];

#[test]
fn batfishs_network_is_read_and_its_flows_agree() {
    let Some(shared) = shared() else { return };
    let fixtures = shared.join("peer-fixtures");
    let network = load(fixtures.join("batfish/az-show/test-nsg.json"));
    nothing_is_lost("batfish", network["resources"].as_array().unwrap());
    let resources = network["resources"].as_array().unwrap();
    let address = |text: &str| text.split_whitespace().find(|word| word.contains('.')).unwrap().to_owned();
    let mut agreed = 0;
    for row in load(fixtures.join("index.json")).as_array().unwrap() {
        if row["peer"] != "batfish" {
            continue;
        }
        let flow = &row["flow"];
        let (from, to) = (flow["from"].as_str().unwrap(), flow["to"].as_str().unwrap());
        let port = flow["port"].as_u64().map_or("*".to_owned(), |port| port.to_string());
        let end = |text: &str, port: &str| format!("{}:{port}", address(text));
        let mut questions = vec![
            json!({"vm": from.split(' ').next().unwrap(), "direction": "outbound", "protocol": flow["protocol"], "local": end(from, "50000"), "remote": end(to, &port)}),
        ];
        if to.starts_with("vm") {
            questions.push(json!({"vm": to.split(' ').next().unwrap(), "direction": "inbound", "protocol": flow["protocol"], "local": end(to, &port), "remote": end(from, "50000")}));
        }
        let answers = ask(resources, &questions);
        let passes = answers.iter().all(|answer| answer["access"] == "Allow");
        let denied = answers.iter().any(|answer| answer["access"] == "Deny");
        let differs = BATFISH_DIFFERS
            .iter()
            .any(|(note, named, _)| row["note"] == *note && row["resource"].is_string() == *named);
        let expected = if differs { row["expected"] != "allow" } else { row["expected"] == "allow" };
        assert_eq!((passes, denied), (expected, !expected), "{row}: {answers:?}");
        agreed += usize::from(!differs);
    }
    eprintln!("{agreed} of Batfish's flows agree, {} differ and are explained", BATFISH_DIFFERS.len());
}

/// What the recorded tables hold at some times and not at others, and is not compared. Answers of 2024 are
/// compared in full.
///
/// - Prefixes of Microsoft's own networks (25.0.0.0/8 and parts of it, 104.146.0.0/17 …): another list each year.
/// - 172.16.0.0/12: in no answer from May 2019 to June 2022, in every one before and after.
/// - 127.0.0.0/8: since 2024. 198.18.0.0/15: since 2021.
/// - IPv6 for a network without such addresses: in two answers of March and April 2018 only.
fn moves(prefix: &str, hop: &str) -> bool {
    prefix.contains(':')
        || (hop == "None" && !["10.0.0.0/8", "192.168.0.0/16", "100.64.0.0/10"].contains(&prefix))
}

/// State, source, prefix, next hop and its address of each route.
fn as_routes(answer: &Value, all: bool) -> Vec<String> {
    let mut routes = Vec::new();
    for route in answer["value"].as_array().unwrap() {
        for prefix in route["addressPrefix"].as_array().unwrap() {
            let (prefix, hop) = (prefix.as_str().unwrap(), route["nextHopType"].as_str().unwrap());
            if all || !moves(prefix, hop) {
                let addresses = route["nextHopIpAddress"].as_array().cloned().unwrap_or_default();
                routes.push(format!("{} {} {prefix} {hop} {addresses:?}", route["source"], route["state"]));
            }
        }
    }
    routes.sort();
    routes
}

#[test]
fn effective_routes_agree_with_azures_own_answers() {
    let Some(shared) = shared() else { return };
    let cases = load(shared.join("azure/effective/cases.json"));
    let (mut agreed, mut in_full, mut newest, mut faults) = (0, 0, 0, Vec::new());
    for case in cases.as_array().unwrap() {
        let asked = case["kind"] == "effectiveRouteTable"
            && case["http_status"] == 200
            && case["state_complete"] == true;
        if !asked {
            continue;
        }
        let file = case["file"].as_str().unwrap();
        let resources: Vec<Value> = ["nics", "nsgs", "subnets", "vnets", "public_ips"]
            .iter()
            .flat_map(|kind| case["state"][kind].as_array().cloned().unwrap_or_default())
            .collect();
        let target = case["target"].as_str().unwrap();
        let nic = target.strip_suffix("/effectiveRouteTable").unwrap_or(target);
        let text = serde_json::to_string(&resources).unwrap();
        let ran = run(&["effective-routes", "-", "--nic", nic], text.as_bytes());
        let (ours, theirs) = (ran.json(), &case["answer"]);
        let new = file.contains("__2024-");
        let whole = as_routes(&ours, true) == as_routes(theirs, true);
        if as_routes(&ours, new) != as_routes(theirs, new) {
            faults.push(format!(
                "{file} {}\n  ours   {:?}\n  theirs {:?}\n{}",
                case["exchange"],
                as_routes(&ours, new),
                as_routes(theirs, new),
                ran.err
            ));
            continue;
        }
        agreed += 1;
        in_full += u32::from(whole);
        newest += u32::from(new);
    }
    assert!(faults.is_empty(), "{} differ\n{}", faults.len(), faults.join("\n"));
    eprintln!("{agreed} answers of Azure's effectiveRouteTable agree, {in_full} of them in every route");
    assert!(agreed >= 40 && newest >= 4, "{agreed} {newest}");
}

/// Answers to a question that the recording does not hold, by file.
const NO_QUESTION: [(&str, &str); 1] = [(
    "libraries-for-java__testNetworkWatcherFunctions__head__af84d032.json",
    "recorded without the bodies of requests: nobody knows which addresses were asked for",
)];

fn asked_next_hop(resources: &[Value], request: &Value) -> common::Ran {
    let text = |name: &str| request[name].as_str().unwrap().to_owned();
    let (vm, source) = (text("targetResourceId"), text("sourceIPAddress"));
    let destination = text("destinationIPAddress");
    let arguments =
        ["next-hop", "-", "--format", "json", "--vm", &vm, "--source-ip", &source, "--dest-ip", &destination];
    run(&arguments, serde_json::to_string(resources).unwrap().as_bytes())
}

#[test]
fn next_hops_agree_with_azures_own_answers() {
    let Some(shared) = shared() else { return };
    let cases = load(shared.join("azure/effective/cases.json"));
    let (mut agreed, mut left_out) = (0, 0);
    for case in cases.as_array().unwrap() {
        let asked = case["kind"] == "nextHop" && case["http_status"] == 200 && case["state_complete"] == true;
        let file = case["file"].as_str().unwrap();
        if !asked {
            continue;
        }
        if NO_QUESTION.iter().any(|(other, _)| *other == file) {
            left_out += 1;
            continue;
        }
        let resources: Vec<Value> = ["nics", "nsgs", "subnets", "vnets", "public_ips"]
            .iter()
            .flat_map(|kind| case["state"][kind].as_array().cloned().unwrap_or_default())
            .collect();
        let ran = asked_next_hop(&resources, &case["request"]);
        assert_eq!(ran.json(), case["answer"], "{file} {}: {}", case["exchange"], ran.err);
        agreed += 1;
    }
    eprintln!("{agreed} answers of Azure's nextHop agree; {left_out} without a question left out");
    assert!(agreed >= 24, "{agreed}");
}

/// Answers with a route table: their networks are told by the template that was deployed and its parameters
/// only, not by an answer of Azure.
#[test]
fn next_hops_by_a_route_table_agree_with_azures_own_answers() {
    let Some(shared) = shared() else { return };
    let cases = load(shared.join("azure/effective/cases.json"));
    let mut agreed = 0;
    for case in cases.as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        if case["kind"] != "nextHop" || !file.contains("NextHop") || case["request"].is_null() {
            continue;
        }
        let recording = load(shared.join("azure/effective").join(file));
        let deployed = recording
            .as_array()
            .unwrap()
            .iter()
            .map(|exchange| &exchange["request_body"]["properties"])
            .find(|properties| properties["template"].is_object())
            .unwrap();
        let parameter = |name: &str| deployed["parameters"][name]["value"].as_str().unwrap();
        let template = deployed["template"]["resources"].as_array().unwrap();
        let table = template.iter().find(|part| part["type"] == "Microsoft.Network/routeTables").unwrap();
        let vm = case["request"]["targetResourceId"].as_str().unwrap();
        let group = vm.split("/Microsoft.Compute").next().unwrap().to_owned() + "/Microsoft.Network";
        let vnet = format!("{group}/virtualNetworks/{}", parameter("virtualNetworkName"));
        let subnet = format!("{vnet}/subnets/{}", parameter("subnetName"));
        let table_id = format!("{group}/routeTables/{}", parameter("routeTableName"));
        let resources = [
            json!({"id": table_id, "properties": table["properties"]}),
            json!({"id": vnet, "properties": {
                "addressSpace": {"addressPrefixes": [parameter("addressPrefix")]},
                "subnets": [{"id": subnet, "properties": {
                    "addressPrefix": parameter("subnetPrefix"), "routeTable": {"id": table_id}}}]}}),
            json!({"id": format!("{group}/networkInterfaces/{}", parameter("networkInterfaceName")), "properties": {
                "virtualMachine": {"id": vm},
                "ipConfigurations": [{"name": "ipconfig1", "properties": {"subnet": {"id": subnet}}}]}}),
        ];
        let ran = asked_next_hop(&resources, &case["request"]);
        assert_eq!(ran.json(), case["answer"], "{file} {}: {}", case["exchange"], ran.err);
        agreed += 1;
    }
    eprintln!("{agreed} answers of Azure's nextHop with a route table agree");
    assert!(agreed >= 10, "{agreed}");
}

/// Assignments and definitions of roles as Azure answered them, and a machine in the subscription.
fn recorded_roles(shared: &Path, name: &str) -> (Vec<Value>, Vec<Value>, Value) {
    let (mut assignments, mut definitions) = (BTreeMap::new(), BTreeMap::new());
    for exchange in load(shared.join("azure/responses").join(name)).as_array().unwrap() {
        let body = &exchange["response_body"];
        let all = body["value"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
        for one in all.into_iter().filter(|_| exchange["method"] == "GET" && exchange["status"] == 200) {
            let id = one["id"].as_str().unwrap_or_default().to_lowercase();
            if id.contains("/roleassignments/") {
                assignments.insert(id, one);
            } else if id.contains("/roledefinitions/") {
                definitions.insert(id, one);
            }
        }
    }
    let subscription = definitions.keys().next().unwrap().split('/').nth(2).unwrap().to_owned();
    let id = format!(
        "/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/m"
    );
    let machine = json!({"id": id, "type": "Microsoft.Compute/virtualMachines", "properties": {
        "storageProfile": {"osDisk": {"osType": "Linux", "managedDisk": {"id": id.replace("virtualMachines", "disks")}}}}});
    (assignments.into_values().collect(), definitions.into_values().collect(), machine)
}

/// Who can do what, by the id of who has the right: certain means alone.
fn means_by_principal(resources: &[Value]) -> BTreeMap<String, Vec<String>> {
    let text: String = resources.iter().map(|one| format!("{one}\n")).collect();
    let answer = common::run(&["who", "-", "--all", "--format", "json"], text.as_bytes()).json();
    let people = answer["people"].as_array().unwrap();
    let mut all = BTreeMap::new();
    for holder in answer["machine_classes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|class| class["holders"].as_array().unwrap())
    {
        let can = holder["can"].as_array().unwrap().iter().filter(|can| can["now"] == "yes");
        let can: Vec<String> = can.map(|can| can["means"].as_str().unwrap().to_owned()).collect();
        let group = holder["group"]["id"].as_str().map(str::to_owned);
        let own = people.iter().filter(|one| {
            one["classes"]
                .as_array()
                .unwrap()
                .iter()
                .any(|class| holder["people"].as_array().unwrap().contains(class))
        });
        let ids = own.map(|one| one["id"].as_str().unwrap().to_owned()).chain(group);
        all.extend(ids.filter(|_| !can.is_empty()).map(|id| (id, can.clone())));
    }
    all
}

#[test]
fn recorded_roles_let_people_in_as_azure_describes_them() {
    let Some(shared) = shared() else { return };
    // What Azure's own descriptions say of these roles: to manage everything, all but rights, or rights alone.
    let everything = ["run-command", "extension", "serial-console", "disk-copy", "give-rights"];
    let described: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", &everything[..]),
        ("b24988ac-6180-42a0-ab88-20f7382dd24c", &everything[..4]),
        ("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", &everything[4..]),
    ]);
    let (mut judged, mut with_right) = (0, 0);
    for name in [
        "c7n__AccessControlTest.test_find_assignments_by_role.json",
        "cli__test_role_assignment_handle_conflicted_assignments.json",
    ] {
        let (assignments, definitions, machine) = recorded_roles(&shared, name);
        let id = machine["id"].as_str().unwrap().to_lowercase();
        let mut expected: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for one in &assignments {
            let properties = &one["properties"];
            let text = |name: &str| properties[name].as_str().unwrap().to_lowercase();
            let role = text("roleDefinitionId").rsplit('/').next().unwrap().to_owned();
            let scope = text("scope");
            let holds = id.starts_with(scope.trim_end_matches('/'));
            judged += 1;
            if let Some(means) = described.get(role.as_str()).filter(|_| holds) {
                expected.entry(text("principalId")).or_default().extend(means.iter());
            }
        }
        with_right += expected.len();
        // By the definitions that Azure answered, and by the table of roles that stands in for them.
        for definitions in [&definitions[..], &[]] {
            let all: Vec<Value> = [&assignments[..], definitions, std::slice::from_ref(&machine)].concat();
            let said = means_by_principal(&all);
            let said: BTreeMap<String, BTreeSet<&str>> = said
                .iter()
                .map(|(who, can)| (who.to_lowercase(), can.iter().map(String::as_str).collect()))
                .collect();
            assert_eq!(said, expected, "{name}");
        }
    }
    eprintln!("{judged} recorded role assignments, {with_right} people with a right to the machine");
    assert!(judged > 20 && with_right > 5, "{judged} {with_right}");
}
