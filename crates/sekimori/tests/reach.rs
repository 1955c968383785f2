//! `sekimori reach`: the whole exposure of a VM, and paths over other machines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{RG, Ran, example, id, net, run, run_in, run_with, scratch};
use serde_json::{Value, json};

fn vm_id(name: &str) -> String {
    format!("{RG}/Microsoft.Compute/virtualMachines/{name}")
}

fn rule(name: &str, priority: u32, access: &str, source: &str, port: &str) -> Value {
    json!({"name": name, "properties": {
        "priority": priority, "direction": "Inbound", "access": access, "protocol": "Tcp",
        "sourceAddressPrefix": source, "sourcePortRange": "*",
        "destinationAddressPrefix": "*", "destinationPortRange": port,
    }})
}

fn group(name: &str, rules: Value) -> Value {
    json!({"id": net(&format!("networkSecurityGroups/{name}")), "properties": {"securityRules": rules}})
}

/// A network with one subnet `s`, and its peers.
fn network(name: &str, prefix: &str, peers: &[&str]) -> Value {
    let peerings: Vec<Value> = peers
        .iter()
        .map(|peer| json!({"name": peer, "properties": {"peeringState": "Connected",
            "allowVirtualNetworkAccess": true, "remoteVirtualNetwork": id(&format!("virtualNetworks/{peer}"))}}))
        .collect();
    json!({"id": net(&format!("virtualNetworks/{name}")), "properties": {
        "addressSpace": {"addressPrefixes": [prefix]},
        "subnets": [{"id": net(&format!("virtualNetworks/{name}/subnets/s")), "properties": {"addressPrefix": prefix}}],
        "virtualNetworkPeerings": peerings}})
}

/// A VM with one address in a network, behind a group on its NIC, with a public address or without.
fn machine(name: &str, network: &str, address: &str, group: &str, public: bool) -> Vec<Value> {
    let mut ip =
        json!({"privateIPAddress": address, "subnet": id(&format!("virtualNetworks/{network}/subnets/s"))});
    let mut all = vec![
        json!({"id": vm_id(name), "properties": {"networkProfile": {"networkInterfaces": [id(&format!("networkInterfaces/{name}"))]}}}),
    ];
    if public {
        ip["publicIPAddress"] = id(&format!("publicIPAddresses/{name}"));
        all.push(json!({"id": net(&format!("publicIPAddresses/{name}")), "sku": {"name": "Standard"},
            "properties": {"ipAddress": "20.9.9.9"}}));
    }
    all.push(json!({"id": net(&format!("networkInterfaces/{name}")), "properties": {
        "virtualMachine": {"id": vm_id(name)}, "networkSecurityGroup": id(&format!("networkSecurityGroups/{group}")),
        "ipConfigurations": [{"name": "i", "properties": ip}]}}));
    all
}

/// `jump` is open to the internet, `app` lets in just it, `db` lets in just `app`; `far` is in a network that is
/// peered with that of `hop`, which is peered with theirs.
fn estate() -> Value {
    let shut = |allowed: Value| {
        let mut shut = rule("shut", 4000, "Deny", "*", "*");
        shut["properties"]["protocol"] = "*".into();
        let mut rules = vec![shut];
        if !allowed.is_null() {
            rules.push(allowed);
        }
        Value::from(rules)
    };
    let mut all = vec![
        network("v", "10.0.0.0/16", &["w"]),
        network("w", "10.1.0.0/16", &["v", "x"]),
        network("x", "10.2.0.0/16", &["w"]),
        group("jump", shut(rule("ssh", 300, "Allow", "Internet", "22"))),
        group("app", shut(rule("from-jump", 300, "Allow", "10.0.0.4", "3389"))),
        group("db", shut(rule("from-app", 300, "Allow", "10.0.0.5", "1433"))),
        group("open", json!([])),
    ];
    all.extend(machine("jump", "v", "10.0.0.4", "jump", true));
    all.extend(machine("app", "v", "10.0.0.5", "app", false));
    all.extend(machine("db", "v", "10.0.0.6", "db", false));
    all.extend(machine("hop", "w", "10.1.0.4", "open", false));
    all.extend(machine("far", "x", "10.2.0.4", "open", false));
    all.into()
}

fn reach(estate: &Value, arguments: &[&str]) -> Ran {
    run(&[&["reach", "-"], arguments].concat(), estate.to_string().as_bytes())
}

fn answer(estate: &Value, arguments: &[&str]) -> Value {
    let ran = reach(estate, &[arguments, &["--format", "json"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json()
}

/// The names on the way of each path.
fn ways(answer: &Value) -> Vec<String> {
    let name = |text: &Value| text.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let all = answer["paths"].as_array().unwrap();
    all.iter()
        .map(|path| {
            let hops = path["hops"].as_array().unwrap();
            let mut names = vec![name(&hops[0]["from"])];
            names.extend(hops.iter().map(|hop| name(&hop["to"])));
            names.join(" ")
        })
        .collect()
}

#[test]
fn the_whole_exposure_is_told_by_each_way_in() {
    let found = answer(&estate(), &["--to", "jump"]);
    assert_eq!(found["schema"], "sekimori.reach/1");
    assert_eq!((found["verdict"].as_str(), found["directly"].as_bool()), (Some("reachable"), Some(true)));
    let ways = found["addresses"][0]["ways"].as_array().unwrap();
    assert_eq!(ways.len(), 1, "{found:#}");
    let row = &ways[0]["rows"][0];
    assert_eq!((row["protocol"].as_str(), row["ports"].as_str()), (Some("tcp"), Some("22")));
    assert_eq!(row["sources"]["internet_ipv4_addresses"], 3_702_259_456u64);
    assert_eq!(row["decided_by"][0]["rule"], "securityRules/ssh");
    assert_eq!(row["witness"]["to"], "10.0.0.4:22");
    let rows: Vec<_> = ways[0]["rows"].as_array().unwrap().iter().map(|row| &row["ports"]).collect();
    assert_eq!(rows, ["22"]);
    // Just some addresses, just some ports.
    let narrow = answer(&estate(), &["--to", "jump", "--from", "203.0.113.0/24", "--port", "20-30"]);
    let row = &narrow["addresses"][0]["ways"][0]["rows"][0];
    assert_eq!(
        row["sources"],
        json!({"addresses": 256, "internet_ipv4_addresses": 256, "ranges": ["203.0.113.0/24"]})
    );
    assert_eq!(answer(&estate(), &["--to", "jump", "--port", "3389"])["verdict"], "unreachable");
    assert_eq!(
        answer(&estate(), &["--to", "app", "--from", "internet", "--hops", "1"])["verdict"],
        "unreachable"
    );
    // From the network around it.
    let around = answer(&estate(), &["--to", "hop", "--from", "network", "--port", "22"]);
    let way = &around["addresses"][0]["ways"][0];
    assert_eq!(way["start"], "network");
    assert_eq!(way["rows"][0]["sources"]["ranges"], json!(["10.0.0.0/15", "10.2.0.0/16"]));
    assert_eq!(way["rows"][0]["decided_by"][0]["rule"], "defaultSecurityRules/AllowVnetInBound");
}

#[test]
fn paths_lead_over_machines_that_can_be_taken_over() {
    let all = estate();
    assert_eq!(ways(&answer(&all, &["--to", "app", "--from", "internet"])), ["internet jump app"]);
    assert_eq!(
        ways(&answer(&all, &["--to", "db", "--from", "internet", "--port", "1433"])),
        ["internet jump app db"]
    );
    let two = answer(&all, &["--to", "db", "--from", "internet", "--port", "1433", "--hops", "2"]);
    assert_eq!((two["verdict"].as_str(), ways(&two).len()), (Some("unreachable"), 0));
    // A port that is no login port takes no machine over on the way.
    let login = answer(&all, &["--to", "db", "--from", "internet", "--port", "1433", "--login-ports", "22"]);
    assert_eq!(login["verdict"], "unreachable");
    let hop = &answer(&all, &["--to", "app", "--from", "internet"])["paths"][0]["hops"][1];
    assert_eq!(hop["packet"], json!({"from": "10.0.0.4:49152", "to": "10.0.0.5:3389", "protocol": "tcp"}));
    assert_eq!(hop["inward"][0]["rule"], "securityRules/from-jump");
    assert_eq!(hop["outward"][0]["rule"], "defaultSecurityRules/AllowVnetOutBound");
    // From a VM.
    assert_eq!(ways(&answer(&all, &["--to", "db", "--from", "app", "--port", "1433"])), ["app db"]);
    // Out by whatever address Azure lends it, and in again by the public one: nobody can tell.
    let out = answer(&all, &["--to", "jump", "--from", "app", "--port", "22", "--hops", "1"]);
    assert_eq!((out["verdict"].as_str(), ways(&out)), (Some("unknown"), vec!["app jump".to_owned()]));
    assert!(
        out["paths"][0]["hops"][0]["via"].as_str().unwrap().ends_with("publicIPAddresses/jump"),
        "{out:#}"
    );
    assert!(out["unknown"][0]["reason"].as_str().unwrap().contains("which public address"), "{out:#}");
    assert_eq!(answer(&all, &["--to", "jump", "--from", "app", "--port", "80"])["verdict"], "unreachable");
}

/// The same with more resources.
fn with(more: impl IntoIterator<Item = Value>) -> Value {
    let mut all = estate();
    all.as_array_mut().unwrap().extend(more);
    all
}

/// A group that lets in one port from some addresses, and nothing else.
fn only_from(name: &str, sources: &[&str], port: &str) -> Value {
    let mut all: Vec<Value> = sources
        .iter()
        .zip(300..)
        .map(|(source, at)| rule(&format!("r{at}"), at, "Allow", source, port))
        .collect();
    let mut shut = rule("shut", 4000, "Deny", "*", "*");
    shut["properties"]["protocol"] = "*".into();
    all.push(shut);
    group(name, all.into())
}

#[test]
fn a_step_has_to_leave_as_well() {
    let outbound = |port: &str| {
        let mut all = estate();
        let mut deny = rule("stay", 200, "Deny", "*", port);
        deny["properties"]["direction"] = "Outbound".into();
        let jump = all.as_array_mut().unwrap().iter_mut();
        let mut groups = jump.filter(|one| one["id"] == net("networkSecurityGroups/jump"));
        groups.next().unwrap()["properties"]["securityRules"].as_array_mut().unwrap().push(deny);
        ways(&answer(&all, &["--to", "app", "--from", "internet"]))
    };
    assert_eq!(outbound("22"), ["internet jump app"]);
    assert_eq!(outbound("3389"), Vec::<String>::new());
}

#[test]
fn machines_that_one_rule_tells_apart_are_not_one_class() {
    let mut more = machine("one", "v", "10.0.0.20", "open", false);
    more.extend(machine("two", "v", "10.0.0.21", "open", false));
    more.extend(machine("picky", "v", "10.0.0.22", "picky", false));
    more.push(only_from("picky", &["10.0.0.20"], "22"));
    let all = with(more);
    let from = |vm: &str, hops: &str| ways(&answer(&all, &["--to", "picky", "--from", vm, "--hops", hops]));
    assert_eq!(from("one", "1"), ["one picky"]);
    assert_eq!(from("two", "1"), Vec::<String>::new());
    assert_eq!(from("two", "2"), ["two one picky"]);
}

#[test]
fn a_group_that_would_let_it_in_joins_no_networks() {
    let mut wide = only_from("wide", &["*"], "22");
    let mut out = rule("out", 300, "Allow", "*", "*");
    out["properties"]["direction"] = "Outbound".into();
    wide["properties"]["securityRules"].as_array_mut().unwrap().push(out);
    let mut more = machine("leaver", "v", "10.0.0.40", "wide", false);
    more.push(wide);
    let mut all = with(more);
    for one in all.as_array_mut().unwrap() {
        if one["id"] == net("networkInterfaces/far") {
            one["properties"]["networkSecurityGroup"] = id("networkSecurityGroups/wide");
        }
    }
    let ask = ["--to", "far", "--from", "leaver", "--hops", "1"];
    let outside = ["--to", "far", "--from", "192.168.1.0/24", "--hops", "1"];
    assert_eq!(answer(&all, &ask)["verdict"], "unreachable");
    assert_eq!(answer(&all, &outside)["verdict"], "unreachable");
    // A gateway may join what no peering does; one of another network does not.
    let gateway = |network: &str| json!({"id": net(&format!("virtualNetworks/{network}/subnets/GatewaySubnet")), "properties": {}});
    all.as_array_mut().unwrap().push(gateway("v"));
    assert_eq!(answer(&all, &outside)["verdict"], "unreachable");
    all.as_array_mut().unwrap().push(gateway("x"));
    let found = answer(&all, &ask);
    assert_eq!((&found["verdict"], &found["paths"][0]["certain"]), (&json!("unknown"), &json!(false)));
    assert_eq!(answer(&all, &outside)["verdict"], "unknown");
}

#[test]
fn the_platforms_own_address_is_nobodys_witness() {
    let mut group = only_from("two", &["203.0.113.0/24"], "22");
    let properties = &mut group["properties"]["securityRules"][0]["properties"];
    properties.as_object_mut().unwrap().remove("sourceAddressPrefix");
    properties["sourceAddressPrefixes"] = json!(["168.63.129.16", "203.0.113.8"]);
    let mut more = machine("probed", "v", "10.0.0.50", "two", true);
    more.push(group);
    let found = answer(&with(more), &["--to", "probed", "--from", "internet"]);
    let row = &found["addresses"][0]["ways"][0]["rows"][0];
    assert_eq!(row["witness"]["from"], "203.0.113.8:49152", "{found:#}");
}

#[test]
fn certain_paths_come_before_possible_ones() {
    let mut more = machine("a-dim", "v", "10.0.0.30", "not-in-the-input", true);
    more.extend(machine("end", "v", "10.0.0.31", "end", false));
    more.push(only_from("end", &["10.0.0.4", "10.0.0.30"], "22"));
    let found = answer(&with(more), &["--to", "end", "--from", "internet"]);
    let certain: Vec<_> =
        found["paths"].as_array().unwrap().iter().map(|path| path["certain"].as_bool().unwrap()).collect();
    assert_eq!(certain, [true, false], "{found:#}");
    assert_eq!(found["verdict"], "reachable");
}

#[test]
fn peering_is_not_transitive() {
    let all = estate();
    assert_eq!(ways(&answer(&all, &["--to", "hop", "--from", "app", "--hops", "1"])), ["app hop"]);
    assert_eq!(answer(&all, &["--to", "far", "--from", "app", "--hops", "1"])["verdict"], "unreachable");
    assert_eq!(
        ways(&answer(&all, &["--to", "far", "--from", "app"])),
        ["app hop far"],
        "by a machine in between"
    );
}

#[test]
fn what_is_not_known_is_possible_and_says_why() {
    let mut all = estate();
    let list = all.as_array_mut().unwrap();
    // The group of `app` is not in the input.
    list.retain(|one| one["id"] != net("networkSecurityGroups/app"));
    let found = answer(&all, &["--to", "app", "--from", "internet"]);
    assert_eq!(found["verdict"], "unknown");
    assert_eq!(found["paths"][0]["certain"], false);
    let text = reach(&all, &["--to", "app", "--from", "internet"]);
    assert!(text.out.starts_with("app may be reached from internet, over other machines"), "{}", text.out);
    assert!(text.out.contains("(possible)"), "{}", text.out);
    let around = answer(&all, &["--to", "app", "--from", "network"]);
    assert_eq!(around["addresses"][0]["ways"][0]["rows"][0]["certain"], false);
    assert!(
        around["unknown"][0]["settled_by"].as_str().unwrap().contains("az network nsg list"),
        "{around:#}"
    );
}

#[test]
fn every_form_shows_names_and_never_acts_on_them() {
    let hostile = "x\"><script>alert(1)</script>\u{1b}[31m\\";
    let mut all = estate().to_string();
    all = all.replace(
        "virtualMachines/jump",
        &format!(
            "virtualMachines/{}",
            hostile.replace('\\', "\\\\").replace('"', "\\\"").replace('\u{1b}', "\\u001b").replace('/', "∕")
        ),
    );
    let folder = scratch();
    std::fs::write(folder.path().join("estate.json"), all).unwrap();
    for file in ["out.html", "out.svg", "out.dot", "out.json", "out.txt"] {
        let ran = run_in(
            folder.path(),
            &["reach", "estate.json", "--to", "app", "--from", "internet", "-o", file],
            b"",
            &[],
        );
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{file}: {}", ran.err);
        let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(text.contains("script"), "{file}: the name is shown");
        assert!(!text.contains('\u{1b}'), "{file}");
        if file.ends_with("html") || file.ends_with("svg") {
            assert!(!text.contains("<script"), "{file}");
        }
    }
    let dot = std::fs::read_to_string(folder.path().join("out.dot")).unwrap();
    assert!(dot.starts_with("digraph reach {"), "{dot}");
    for line in dot.lines().filter(|line| line.contains("label=\"")) {
        let quotes = line.replace("\\\\", "").replace("\\\"", "").matches('"').count();
        assert_eq!(quotes % 2, 0, "{line}");
    }
    let odd = run_in(folder.path(), &["reach", "estate.json", "--to", "app", "-o", "out.pdf"], b"", &[]);
    assert_eq!(odd.code, 2);
    assert!(odd.err.contains("--format"), "{}", odd.err);
}

#[test]
fn wrong_questions_say_what_to_do() {
    let all = estate();
    for (arguments, expected) in [
        (&["--to", "jmp"][..], "no VM is called `jmp`; did you mean `jump`?"),
        (&["--to", "jump", "--from", "nowhere"], "--from is internet, network, anywhere, addresses"),
        (&["--to", "jump", "--port", "ssh"], "`ssh` is not a port"),
        (&["--to", "jump", "--hops", "0"], "0"),
    ] {
        let ran = reach(&all, arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.err.contains(expected), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn the_example_reads_in_both_languages() {
    let source = example();
    let english = run(&["reach", &source, "--to", "web1", "--from", "internet"], b"");
    assert!(english.out.starts_with("web1 can be reached from internet"), "{}", english.out);
    let ask = ["reach", &source, "--to", "web1", "--from", "internet"];
    let japanese = run_with(&ask, b"", &[("LANG", "ja_JP.UTF-8")]);
    assert!(japanese.out.starts_with("web1 にはインターネットから到達できます"), "{}", japanese.out);
    let leftover = japanese.out.lines().find(|line| line.contains("from the") || line.contains("like it"));
    assert_eq!(leftover, None);
}

#[test]
fn a_machine_in_the_middle_that_is_not_told_leaves_paths_open() {
    let lost = || json!({"id": vm_id("lost"), "properties": {"networkProfile": {"networkInterfaces": [id("networkInterfaces/lost")]}}});
    let ask = ["--to", "hop", "--from", "203.0.113.9"];
    let whole = answer(&estate(), &["--to", "app", "--from", "203.0.113.9", "--login-ports", "22"]);
    assert_eq!(whole["verdict"], "unreachable", "{whole:#}");
    let found = answer(&with([lost()]), &ask);
    assert_eq!((found["verdict"].as_str(), found["directly"].as_bool()), (Some("reachable"), Some(false)));
    // Without the open one in between, just the lost one may be a step.
    let mut all = with([lost()]);
    all.as_array_mut().unwrap().retain(|one| one["id"] != net("publicIPAddresses/jump"));
    for one in all.as_array_mut().unwrap() {
        if one["id"] == net("networkInterfaces/jump") {
            one["properties"]["ipConfigurations"][0]["properties"]
                .as_object_mut()
                .unwrap()
                .remove("publicIPAddress");
        }
    }
    let found = answer(&all, &ask);
    assert_eq!(
        (found["verdict"].as_str(), found["directly"].as_bool()),
        (Some("unknown"), Some(false)),
        "{found:#}"
    );
    assert!(
        found["unknown"][0]["reason"].as_str().unwrap().contains("`lost` may be on the way"),
        "{found:#}"
    );
    assert_eq!(answer(&all, &[&ask[..], &["--hops", "1"]].concat())["verdict"], "unreachable");
    // A target that lets nobody inside in is no matter of it.
    all.as_array_mut().unwrap().push(only_from("none", &[], "22"));
    for one in all.as_array_mut().unwrap() {
        if one["id"] == net("networkInterfaces/hop") {
            one["properties"]["networkSecurityGroup"] = id("networkSecurityGroups/none");
        }
    }
    assert_eq!(answer(&all, &ask)["verdict"], "unreachable");
}

#[test]
fn a_machine_whose_addresses_are_not_told_is_unknown() {
    let model = |profile: Value| {
        with([json!({"id": format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/ss"),
            "properties": {"virtualMachineProfile": profile}})])
    };
    for profile in [
        json!({}),
        json!({"networkProfile": {}}),
        json!({"networkProfile": {"networkInterfaceConfigurations": []}}),
    ] {
        let found = answer(&model(profile.clone()), &["--to", "ss"]);
        assert_eq!(found["verdict"], "unknown", "{profile}");
    }
    let lost = json!({"id": vm_id("lost"), "properties": {"networkProfile": {"networkInterfaces": [id("networkInterfaces/lost")]}}});
    assert_eq!(answer(&with([lost]), &["--to", "lost"])["verdict"], "unknown");
    // Something forwards to an IP configuration that the record of the NIC leaves out.
    let nat = json!({"id": net("loadBalancers/lb"), "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [{"id": net("loadBalancers/lb/frontendIPConfigurations/f"),
            "properties": {"publicIPAddress": id("publicIPAddresses/jump")}}],
        "inboundNatRules": [{"id": net("loadBalancers/lb/inboundNatRules/r"), "properties": {
            "frontendIPConfiguration": id("loadBalancers/lb/frontendIPConfigurations/f"), "protocol": "Tcp",
            "frontendPort": 50022, "backendPort": 22,
            "backendIPConfiguration": id("networkInterfaces/db/ipConfigurations/another")}}]}});
    let found = answer(&with([nat]), &["--to", "db", "--from", "internet", "--hops", "1"]);
    assert_eq!(found["verdict"], "unknown", "{found:#}");
}

#[test]
fn a_networks_own_public_space_is_not_the_internet() {
    // A network that uses addresses which are the internet's elsewhere.
    let mut more = machine("inside", "own", "52.9.0.4", "open", false);
    more.push(network("own", "52.9.0.0/16", &[]));
    let all = with(more);
    assert_eq!(answer(&all, &["--to", "inside", "--from", "internet"])["verdict"], "unreachable");
    assert_eq!(answer(&all, &["--to", "inside", "--from", "52.9.0.0/24"])["verdict"], "reachable");
    assert_eq!(answer(&all, &["--to", "inside", "--from", "anywhere"])["verdict"], "reachable");
}

/// A rule of which nobody knows whether it comes before those that deny.
fn perhaps(source: &str, port: &str) -> Value {
    let mut all = rule("perhaps", 0, "Allow", source, port);
    all["properties"]["priority"] = json!({"$unknown": {"reason": "p"}});
    all
}

fn shut() -> Value {
    let mut all = rule("shut", 4000, "Deny", "*", "*");
    all["properties"]["protocol"] = "*".into();
    all
}

#[test]
fn a_certain_way_counts_whatever_perhaps_leads_there_too() {
    // Whichever of the two ports is looked at first.
    for (sure, unsure) in [("22", "3389"), ("3389", "22")] {
        let mut more = machine("half", "v", "10.0.0.30", "half", true);
        more.extend(machine("end", "v", "10.0.0.31", "end", false));
        more.extend([
            group(
                "half",
                json!([rule("sure", 300, "Allow", "Internet", sure), perhaps("Internet", unsure), shut()]),
            ),
            group("end", json!([perhaps("10.0.0.30", "22"), shut()])),
        ]);
        let found = answer(&with(more), &["--to", "end", "--from", "internet", "--port", "22"]);
        assert_eq!(ways(&found), ["internet half end"]);
        let hops = &found["paths"][0]["hops"];
        assert_eq!((&hops[0]["certain"], &hops[1]["certain"]), (&true.into(), &false.into()), "{hops:#}");
    }
}

#[test]
fn a_longer_way_that_is_certain_counts_before_a_shorter_one_that_is_not() {
    // `app` may be open to the internet itself.
    let mut all = estate();
    for one in all.as_array_mut().unwrap() {
        if one["id"] == net("networkInterfaces/app") {
            one["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] =
                id("publicIPAddresses/app");
        }
        if one["id"] == net("networkSecurityGroups/app") {
            one["properties"]["securityRules"].as_array_mut().unwrap().push(perhaps("Internet", "3389"));
        }
    }
    all.as_array_mut().unwrap().push(json!({"id": net("publicIPAddresses/app"), "sku": {"name": "Standard"},
        "properties": {"ipAddress": "20.9.9.11"}}));
    let to_app = answer(&all, &["--to", "app", "--from", "internet", "--hops", "1"]);
    assert_eq!(to_app["verdict"], "unknown");
    let to_db = answer(&all, &["--to", "db", "--from", "internet", "--port", "1433"]);
    assert_eq!(ways(&to_db), ["internet jump app db"]);
    assert_eq!(to_db["verdict"], "reachable");
}

#[test]
fn whoever_is_on_a_machine_sends_from_all_of_its_addresses() {
    // `two` is open on one NIC; its other one is what `picky` lets in.
    let mut more = machine("two", "v", "10.0.0.30", "jump", true);
    more[0]["properties"]["networkProfile"]["networkInterfaces"]
        .as_array_mut()
        .unwrap()
        .push(id("networkInterfaces/second"));
    more.push(json!({"id": net("networkInterfaces/second"), "properties": {
        "virtualMachine": {"id": vm_id("two")}, "networkSecurityGroup": id("networkSecurityGroups/none"),
        "ipConfigurations": [{"name": "i", "properties": {"privateIPAddress": "10.0.0.31",
            "subnet": id("virtualNetworks/v/subnets/s")}}]}}));
    more.extend(machine("picky", "v", "10.0.0.22", "picky", false));
    more.push(only_from("picky", &["10.0.0.31"], "22"));
    more.push(only_from("none", &[], "22"));
    assert_eq!(ways(&answer(&with(more), &["--to", "picky", "--from", "internet"])), ["internet two picky"]);
}

#[test]
fn a_scale_set_is_a_step_like_any_machine() {
    let set = json!({"id": format!("{RG}/Microsoft.Compute/virtualMachineScaleSets/ss"), "properties": {
        "virtualMachineProfile": {"networkProfile": {"networkInterfaceConfigurations": [{"name": "n", "properties": {
            "networkSecurityGroup": id("networkSecurityGroups/jump"),
            "ipConfigurations": [{"name": "i", "properties": {"subnet": id("virtualNetworks/v/subnets/s"),
                "publicIPAddressConfiguration": {"name": "p", "sku": {"name": "Standard"}}}}]}}]}}}});
    let mut more = machine("target", "v", "10.0.0.22", "wide", false);
    more.extend([set, only_from("wide", &["10.0.0.0/16"], "22")]);
    let found = ways(&answer(&with(more), &["--to", "target", "--from", "internet"]));
    assert!(found.contains(&"internet ss target".to_owned()), "{found:?}");
}

#[test]
fn what_lies_behind_a_gateway_may_come_in() {
    let with_gateway = |more: Vec<Value>| {
        let mut all = with(more);
        all.as_array_mut().unwrap().push(
            json!({"id": net("virtualNetworks/x/subnets/GatewaySubnet"), "properties": {"addressPrefix": "10.2.255.0/27"}}),
        );
        all
    };
    let gateway = json!({"id": net("virtualNetworkGateways/g"), "properties": {
        "gatewayType": "Vpn", "enableBgp": false,
        "ipConfigurations": [{"properties": {"subnet": id("virtualNetworks/x/subnets/GatewaySubnet")}}]}});
    let site = json!({"id": net("localNetworkGateways/office"), "properties": {
        "localNetworkAddressSpace": {"addressPrefixes": ["172.20.0.0/16"]}, "gatewayIpAddress": "203.0.113.1"}});
    let connection = json!({"id": net("connections/c"), "properties": {"connectionType": "IPsec",
        "virtualNetworkGateway1": id("virtualNetworkGateways/g"), "localNetworkGateway2": id("localNetworkGateways/office")}});
    let from = |all: &Value, source: &str| {
        answer(all, &["--to", "far", "--from", source, "--hops", "1"])["verdict"].as_str().unwrap().to_owned()
    };
    let all = with_gateway(vec![gateway, site, connection]);
    assert_eq!(from(&all, "172.20.0.0/24"), "unknown");
    let doubts = |source: &str| {
        let found = answer(&all, &["--to", "far", "--from", source, "--hops", "1"]);
        let row = &found["addresses"][0]["ways"][0]["rows"][0];
        (row["certain"].as_bool().unwrap(), row["unknown"].as_array().map_or(0, Vec::len))
    };
    assert_eq!(doubts("172.20.0.0/24"), (false, 1), "it says why");
    assert_eq!(doubts("10.1.0.0/24"), (true, 0), "a peer is certain");
    assert_eq!(from(&all, "203.0.113.0/24"), "unreachable");
    assert_eq!(from(&estate(), "172.20.0.0/24"), "unreachable", "no gateway");
}

#[test]
fn a_way_may_lead_out_and_in_again() {
    // `end` lets in just the public address of `jump`, and is in a network that nothing joins to it.
    let end = |source: &str| {
        let mut more = machine("end", "y", "10.7.0.4", "end", true);
        let public = more.iter_mut().find(|one| one["id"] == net("publicIPAddresses/end")).unwrap();
        public["properties"]["ipAddress"] = "20.9.9.10".into();
        more.push(network("y", "10.7.0.0/16", &[]));
        more.push(only_from("end", &[source], "22"));
        with(more)
    };
    let found = answer(&end("20.9.9.9"), &["--to", "end", "--from", "jump", "--hops", "1"]);
    assert_eq!(
        (found["verdict"].as_str(), found["paths"][0]["certain"].as_bool()),
        (Some("reachable"), Some(true))
    );
    let hop = &found["paths"][0]["hops"][0];
    assert!(hop["via"].as_str().unwrap().ends_with("publicIPAddresses/end"), "{hop}");
    assert_eq!(hop["packet"]["from"], "20.9.9.9:49152");
    let other = answer(&end("20.9.9.11"), &["--to", "end", "--from", "jump", "--hops", "1"]);
    assert_eq!(other["verdict"], "unreachable");
    let found = answer(&end("20.9.9.9"), &["--to", "end", "--from", "203.0.113.9"]);
    assert_eq!(
        (ways(&found)[0].as_str(), found["verdict"].as_str()),
        ("203.0.113.9 jump end", Some("reachable"))
    );
    // A NAT gateway sends under addresses of its own, and a route may lead elsewhere.
    let with_subnet = |name: &str, value: Value| {
        let mut all = end("20.9.9.9");
        for one in all.as_array_mut().unwrap() {
            if one["id"] == net("virtualNetworks/v") {
                one["properties"]["subnets"][0]["properties"][name] = value.clone();
            }
        }
        all.as_array_mut().unwrap().push(json!({"id": net("routeTables/t"), "properties": {"routes": [
            {"name": "all", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "None"}}]}}));
        answer(&all, &["--to", "end", "--from", "jump", "--hops", "1"])["verdict"].clone()
    };
    assert_eq!(with_subnet("natGateway", id("natGateways/nat")), "unknown");
    assert_eq!(with_subnet("routeTable", id("routeTables/t")), "unreachable");
}

#[test]
fn routes_decide_on_steps_as_well() {
    let routed = |subnet_of: &str, prefix: &str, hop: &str, next: Value| {
        let mut all = with([json!({"id": net("routeTables/t"), "properties": {"routes": [
            {"name": "r", "properties": {"addressPrefix": prefix, "nextHopType": hop, "nextHopIpAddress": next}}]}})]);
        for one in all.as_array_mut().unwrap() {
            if one["id"] == net(&format!("virtualNetworks/{subnet_of}")) {
                one["properties"]["subnets"][0]["properties"]["routeTable"] = id("routeTables/t");
            }
        }
        let found = answer(&all, &["--to", "hop", "--from", "app", "--hops", "1"]);
        found["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(routed("none", "10.1.0.0/16", "None", Value::Null), "reachable");
    assert_eq!(routed("v", "10.1.0.0/16", "None", Value::Null), "unreachable");
    assert_eq!(routed("v", "10.3.0.0/16", "None", Value::Null), "reachable", "a route for others");
    assert_eq!(routed("v", "10.1.0.0/16", "VirtualAppliance", json!("10.0.9.9")), "unknown");
    assert_eq!(
        routed("v", "10.1.0.0/16", "VirtualAppliance", json!("172.30.9.9")),
        "unreachable",
        "it is nowhere"
    );
    // Without a way back no connection is made, though packets arrive.
    assert_eq!(routed("w", "10.0.0.0/16", "None", Value::Null), "unknown");
}

#[test]
fn a_peering_of_some_subnets_is_not_certain() {
    let mut all = estate();
    for one in all.as_array_mut().unwrap() {
        if one["id"] == net("virtualNetworks/v") || one["id"] == net("virtualNetworks/w") {
            for peering in one["properties"]["virtualNetworkPeerings"].as_array_mut().unwrap() {
                peering["properties"]["peerCompleteVnets"] = false.into();
            }
        }
    }
    let found = answer(&all, &["--to", "hop", "--from", "app", "--hops", "1"]);
    assert_eq!(found["verdict"], "unknown", "{found:#}");
    assert!(found["unknown"].to_string().contains("just some subnets"), "{found:#}");
}

#[test]
fn a_question_about_the_machine_itself_is_refused() {
    let ran = reach(&estate(), &["--to", "app", "--from", "app"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("the same VM"), "{}", ran.err);
    // Nobody on the target needs a way to it, and nobody is a step on the way to itself.
    assert_eq!(ways(&answer(&estate(), &["--to", "hop", "--from", "10.1.0.4"])), Vec::<String>::new());
    let own = ways(&answer(&estate(), &["--to", "hop", "--from", "10.0.0.5"]));
    assert!(own.iter().all(|path| !path.starts_with("10.0.0.5 app")), "{own:?}");
}

#[test]
fn what_people_have_written_down_of_the_other_side_counts() {
    // Another site with addresses that are the internet's elsewhere.
    let site = json!({"id": net("localNetworkGateways/office"), "properties": {
        "localNetworkAddressSpace": {"addressPrefixes": ["52.9.0.0/16"]}, "gatewayIpAddress": "203.0.113.1"}});
    let mut all = with([site]);
    let ask = ["--to", "far", "--from", "52.9.0.0/24", "--hops", "1"];
    assert_eq!(answer(&all, &ask)["verdict"], "unreachable", "no gateway leads there");
    all.as_array_mut().unwrap().push(
        json!({"id": net("virtualNetworks/x/subnets/GatewaySubnet"), "properties": {"addressPrefix": "10.2.255.0/27"}}),
    );
    assert_eq!(answer(&all, &ask)["verdict"], "unknown");
}

#[test]
fn a_peer_outside_of_the_tag_comes_in_by_its_own_addresses() {
    let peered = |rules: Value| {
        let mut all = with([group("own", rules)]);
        for one in all.as_array_mut().unwrap() {
            if one["id"] == net("virtualNetworks/w") {
                for peering in one["properties"]["virtualNetworkPeerings"].as_array_mut().unwrap() {
                    peering["properties"]["allowVirtualNetworkAccess"] = false.into();
                }
            }
            if one["id"] == net("networkInterfaces/hop") {
                one["properties"]["networkSecurityGroup"] = id("networkSecurityGroups/own");
            }
        }
        let found = answer(&all, &["--to", "hop", "--from", "10.0.0.0/16", "--hops", "1"]);
        found["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(peered(json!([])), "unreachable", "the default rule is for the tag");
    assert_eq!(peered(json!([rule("peer", 300, "Allow", "10.0.0.0/16", "22")])), "reachable");
    assert_eq!(peered(json!([rule("tag", 300, "Allow", "VirtualNetwork", "22")])), "unreachable");
}
