//! Each check fails, passes, is unknown and is nearly met, through the whole program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{RG, check, codes, estate, rule};
use serde_json::{Value, json};

fn net(report: &Value) -> Vec<String> {
    codes(report)
        .into_iter()
        .filter(|code| code.starts_with("NET") && code != "NET004" && code != "NET008")
        .collect()
}

/// What a rule on the NIC's group exposes.
fn exposes(rules: &[String], expected: &[&str]) {
    let report = check(&estate("Standard", None, Some(&rules.join(","))));
    assert_eq!(report["errors"], serde_json::json!([]), "{rules:?}");
    assert_eq!(net(&report), expected, "{rules:?}");
}

fn allow(protocol: &str, source: &str, ports: &str) -> Vec<String> {
    vec![rule("r", 200, "Allow", protocol, source, ports)]
}

#[test]
fn every_notation_of_the_internet_counts() {
    let open = ["NET001", "NET005"];
    for source in [
        "*",
        "Internet",
        "INTERNET",
        "0.0.0.0/0",
        "any",
        r#"["0.0.0.0/1","128.0.0.0/1"]"#,
        "64.0.0.0/2",
        "AzureCloud",
        "AzureCloud.japaneast",
        r#"["203.0.113.0/24","198.51.100.0/24"]"#,
    ] {
        exposes(&allow("Tcp", source, "3389"), &open);
    }
    for ports in ["22", r#"["80","22"]"#, "20-25", r#"["5985-5986"]"#] {
        let mut expected = open.to_vec();
        if ports.contains("80") || ports.contains("20-") {
            expected.insert(1, "NET002");
        }
        exposes(&allow("TCP", "*", ports), &expected);
    }
    exposes(&allow("*", "*", "*"), &["NET001", "NET002", "NET003", "NET005"]);
}

#[test]
fn near_misses_pass() {
    for source in [
        "10.0.0.0/8",
        "VirtualNetwork",
        "AzureLoadBalancer",
        "203.0.113.7",
        "203.0.113.16/28",
        "192.168.0.0/16",
    ] {
        exposes(&allow("Tcp", source, "3389"), &[]);
    }
    // IPv6 does not reach this VM; it would reach one with an IPv6 address.
    exposes(&allow("Tcp", "::/0", "3389"), &["NET007"]);
    // More than people need, not more than is tolerated.
    exposes(&allow("Tcp", "203.0.113.0/24", "3389"), &["NET005"]);
    exposes(&allow("Tcp", "203.0.113.0/23", "3389"), &["NET001", "NET005"]);
    exposes(&allow("Tcp", "*", "443"), &["NET002"]);
    exposes(&allow("Udp", "*", "3389"), &["NET003"]);
    exposes(&allow("Icmp", "*", "*"), &[]);
    exposes(&[], &[]);
}

#[test]
fn earlier_denies_shadow() {
    let all = |rules: &[(&str, u32, &str, &str, &str)]| -> Vec<String> {
        rules
            .iter()
            .map(|(access, priority, protocol, source, ports)| {
                rule(&format!("r{priority}"), *priority, access, protocol, source, ports)
            })
            .collect()
    };
    exposes(&all(&[("Deny", 100, "*", "Internet", "*"), ("Allow", 200, "Tcp", "*", "22")]), &[]);
    exposes(
        &all(&[
            ("Deny", 100, "Tcp", "0.0.0.0/1", "22"),
            ("Deny", 110, "*", "128.0.0.0/1", "20-30"),
            ("Allow", 200, "Tcp", "*", "22"),
        ]),
        // Every IPv4 address is denied; `*` still means IPv6, which this VM does not have.
        &["NET007"],
    );
    exposes(
        &all(&[("Deny", 300, "*", "Internet", "*"), ("Allow", 200, "Tcp", "*", "22")]),
        &["NET001", "NET005"],
    );
    exposes(&all(&[("Deny", 100, "Udp", "*", "*"), ("Allow", 200, "Tcp", "*", "22")]), &["NET001", "NET005"]);
    // What is nobody's on the internet stands not among the internet's.
    let mixed = rule("r", 100, "Allow", "Tcp", r#"["10.0.0.0/8","198.51.100.0/23","127.0.0.0/8"]"#, "22");
    let report = check(&estate("Standard", None, Some(&mixed)));
    let sources = &report["findings"][0]["evidence"]["ports"][0]["sources"];
    assert_eq!(sources["ranges"], serde_json::json!(["198.51.100.0/23"]), "{sources}");
    assert_eq!(sources["internet_ipv4_addresses"], 512);
    // What a deny leaves open is counted to the address.
    let rules = all(&[("Deny", 100, "*", "0.0.0.0/1", "*"), ("Allow", 200, "Tcp", "*", "22")]);
    let report = check(&estate("Standard", None, Some(&rules.join(","))));
    let port = &report["findings"][0]["evidence"]["ports"][0];
    assert_eq!(port["sources"]["ranges"], serde_json::json!(["128.0.0.0/1"]));
    // 2^31 addresses less 172.16/12, 192.0.2/24, 192.168/16, 169.254/16, 198.18/15 and 224/3.
    let outside = (1u64 << 31) - (1 << 20) - 256 - 65536 - 65536 - 131_072 - (1 << 29);
    assert_eq!(port["sources"]["internet_ipv4_addresses"], outside);
    assert_eq!(port["witness"]["from"], "128.0.0.1:49152");
    assert_eq!(port["decided_by"][0]["rule"], "securityRules/r200");
}

#[test]
fn both_levels_must_allow() {
    let open = rule("open", 100, "Allow", "Tcp", "*", "22");
    let other = rule("other", 100, "Allow", "Tcp", "*", "3389");
    let check_levels = |sku: &str, subnet: Option<&str>, nic: Option<&str>, expected: &[&str]| {
        let found: Vec<_> =
            net(&check(&estate(sku, subnet, nic))).into_iter().filter(|code| code != "NET007").collect();
        assert_eq!(found, expected, "{sku} {subnet:?} {nic:?}");
    };
    check_levels("Standard", Some(&open), Some(&open), &["NET001", "NET005"]);
    check_levels("Standard", Some(&open), Some(&other), &[]);
    check_levels("Standard", Some(&open), Some(""), &[]);
    check_levels("Standard", Some(""), Some(&open), &[]);
    check_levels("Standard", Some(&open), None, &["NET001", "NET005"]);
    check_levels("Basic", Some(""), None, &[]);
    // Without a group: Standard is closed, Basic is open.
    check_levels("Standard", None, None, &["NET006"]);
    check_levels("Basic", None, None, &["NET001", "NET002", "NET003", "NET005", "NET006"]);
}

#[test]
fn what_cannot_be_known_is_unknown_and_names_what_settles_it() {
    let reasons = |text: &str| -> Vec<(String, String)> {
        let report = check(text);
        assert!(!codes(&report).contains(&"NET001".to_owned()), "{text}");
        let rows = report["unknown"].as_array().unwrap().iter().filter(|row| row["code"] == "NET001");
        rows.map(|row| {
            (row["reason"].as_str().unwrap().to_owned(), row["settled_by"].as_str().unwrap().to_owned())
        })
        .collect()
    };
    let one = |text: &str, reason: &str, settled: &str| {
        let found = reasons(text);
        assert!(found.iter().any(|(r, s)| r.contains(reason) && s.contains(settled)), "{found:?}");
    };
    one(
        &estate("Standard", None, Some(&rule("r", 100, "Allow", "Tcp", "NoSuchTag", "22"))),
        "does not hold `nosuchtag`",
        "list-service-tags",
    );
    let whole = estate("Standard", None, Some(&rule("r", 100, "Allow", "Tcp", "*", "22")));
    let without = |what: &str| {
        let list: Vec<Value> = serde_json::from_str(&whole).unwrap();
        let kept: Vec<_> =
            list.into_iter().filter(|resource| !resource["id"].as_str().unwrap().contains(what)).collect();
        serde_json::to_string(&kept).unwrap()
    };
    one(&without("networkSecurityGroups"), "network security group", "az network nsg list");
    one(&without("networkInterfaces"), "network interface", "az network nic list");
    one(&without("virtualNetworks"), "subnet", "az network vnet list");
    // Without its public address the way is still there: the group decides.
    let report = check(&without("publicIPAddresses"));
    assert!(codes(&report).contains(&"NET001".to_owned()));
    // A group that denies for certain needs no other: nothing is unknown.
    let denied = estate("Standard", Some(""), Some(&rule("r", 100, "Allow", "Tcp", "NoSuchTag", "22")));
    assert_eq!(reasons(&denied), []);
    // A load balancer may lead in.
    let balanced = whole.replace(r#""privateIPAddress":"10.0.0.4""#, &format!(r#""privateIPAddress":"10.0.0.4","loadBalancerBackendAddressPools":[{{"id":"{RG}/Microsoft.Network/loadBalancers/lb/backendAddressPools/b"}}]"#)).replace(r#""publicIPAddress":{"id""#, r#""ignored":{"id""#);
    one(&balanced, "load balancer", "az network lb list");
}

#[test]
fn service_tags_are_the_addresses_of_the_published_list() {
    let of = |source: &str| {
        let report = check(&estate("Standard", None, Some(&rule("r", 100, "Allow", "Tcp", source, "22"))));
        let finding =
            report["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == "NET001");
        finding.map(|finding| finding["evidence"]["ports"][0].clone())
    };
    let all = of("AzureCloud").unwrap();
    let count = |port: &Value| port["sources"]["internet_ipv4_addresses"].as_u64().unwrap();
    assert!(count(&all) > 40_000_000, "{all}");
    assert_eq!(all["sources"]["service_tags"], json!(["AzureCloud"]));
    let region = of("AzureCloud.JapanWest").unwrap();
    assert!(count(&region) > 100_000 && count(&region) < 1_000_000, "{region}");
    let storage = of("Storage.JapanWest").unwrap();
    assert!(count(&storage) < count(&region) && storage["witness"]["from"].is_string(), "{storage}");
    // A deny of a tag takes just its addresses away.
    let rules =
        [rule("no", 100, "Deny", "Tcp", "AzureCloud", "22"), rule("yes", 110, "Allow", "Tcp", "*", "22")];
    let report = check(&estate("Standard", None, Some(&rules.join(","))));
    let port = &report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["code"] == "NET001")
        .unwrap()["evidence"]["ports"][0];
    assert_eq!(count(port) + count(&all), 3_702_259_456);
    // A tag of few addresses is a narrow source.
    assert!(of("AzureCloud.atlantis").is_none());
}

#[test]
fn unreadable_rules_leave_only_what_they_may_change_open() {
    let bad = rule("bad", 110, "Allow", "Tcp", "10.0.0.0/40", "22");
    let run = |rules: String| {
        let report = check(&estate("Standard", None, Some(&rules)));
        assert_eq!(report["errors"].as_array().unwrap().len(), 1);
        let unknown: Vec<_> = report["unknown"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["code"].as_str().unwrap().to_owned())
            .filter(|code| code.starts_with("NET"))
            .collect();
        (net(&report), unknown)
    };
    assert_eq!(
        run(bad.clone()),
        (vec![], vec!["NET001".to_owned(), "NET005".to_owned(), "NET007".to_owned()])
    );
    // A deny before it settles everything; an allow behind it is certain whatever it does.
    assert_eq!(run(rule("deny", 100, "Deny", "*", "*", "*") + "," + &bad), (vec![], vec![]));
    assert_eq!(run(bad + "," + &rule("open", 200, "Allow", "Tcp", "*", "22")).0, ["NET001", "NET005"]);
}

#[test]
fn accounts() {
    let vm = |fields: &str| {
        format!(
            r#"{{"id":"{RG}/Microsoft.Compute/virtualMachines/m","properties":{{"hardwareProfile":{{}},{fields}}}}}"#
        )
    };
    let linux = |profile: &str| {
        vm(&format!(r#""storageProfile":{{"osDisk":{{"osType":"Linux"}}}},"osProfile":{profile}"#))
    };
    let verdict = |text: &str, code: &str| {
        let report =
            common::run(&["check", "-", "--format", "json", "--select", code, "--all"], text.as_bytes())
                .json();
        match (report["findings"].as_array().unwrap().first(), report["unknown"].as_array().unwrap().len()) {
            (Some(finding), 0) => finding["status"].as_str().unwrap().to_owned(),
            (None, 0) => "nothing".to_owned(),
            (None, _) => "unknown".to_owned(),
            other => panic!("{other:?}"),
        }
    };
    let named = |name: &str| linux(&format!(r#"{{"adminUsername":"{name}"}}"#));
    assert_eq!(verdict(&named("azureuser"), "ACC001"), "fail");
    assert_eq!(verdict(&named("AzureUser"), "ACC001"), "fail");
    assert_eq!(verdict(&named("azureuser-kaede"), "ACC001"), "pass");
    assert_eq!(verdict(&vm(r#""storageProfile":{}"#), "ACC001"), "unknown");
    assert_eq!(
        verdict(&linux(r#"{"adminUsername":{"$unknown":{"reason":"a parameter"}}}"#), "ACC001"),
        "unknown"
    );
    let ssh = |value: &str| linux(&format!(r#"{{"adminUsername":"x","linuxConfiguration":{{{value}}}}}"#));
    assert_eq!(verdict(&ssh(r#""disablePasswordAuthentication":true"#), "ACC002"), "pass");
    assert_eq!(verdict(&ssh(r#""disablePasswordAuthentication":"TRUE""#), "ACC002"), "pass");
    assert_eq!(verdict(&ssh(r#""disablePasswordAuthentication":false"#), "ACC002"), "fail");
    assert_eq!(verdict(&ssh(""), "ACC002"), "fail");
    assert_eq!(verdict(&vm(r#""storageProfile":{"osDisk":{"osType":"Linux"}}"#), "ACC002"), "unknown");
    assert_eq!(
        verdict(&vm(r#""storageProfile":{"osDisk":{"osType":"Windows"}},"osProfile":{}"#), "ACC002"),
        "nothing"
    );
}

#[test]
fn latent_groups() {
    let lone = |rules: &str| {
        let text = format!(
            r#"{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/g","properties":{{"securityRules":[{rules}]}}}}"#
        );
        let report = check(&text);
        (
            codes(&report),
            report["unknown"].as_array().unwrap().len(),
            report["not_assessed"].as_array().unwrap().len(),
        )
    };
    let latent = vec!["NET007".to_owned()];
    assert_eq!(lone(&rule("r", 100, "Allow", "Tcp", "Internet", "22")), (latent.clone(), 0, 9));
    assert_eq!(lone(&rule("r", 100, "Allow", "*", "*", "53")), (latent, 0, 9));
    assert_eq!(lone(&rule("r", 100, "Allow", "Tcp", "*", "443")), (vec![], 0, 9));
    assert_eq!(
        lone(&(rule("d", 100, "Deny", "*", "*", "*") + "," + &rule("r", 110, "Allow", "Tcp", "*", "22"))),
        (vec![], 0, 9)
    );
    // A rule for one address exposes nothing else.
    let one = rule("r", 100, "Allow", "Tcp", "*", "22")
        .replace(r#""destinationAddressPrefix":"*""#, r#""destinationAddressPrefix":"10.0.0.4""#);
    assert_eq!(lone(&one), (vec![], 0, 9));
    // One for several addresses, or for the members of an application security group, exposes whoever has them.
    let to = |destination: &str| {
        let rule = rule("r", 100, "Allow", "Tcp", "*", "22");
        lone(&rule.replace(r#""destinationAddressPrefix":"*""#, destination)).0
    };
    assert_eq!(to(r#""destinationAddressPrefix":"10.0.0.0/24""#), ["NET007"]);
    assert_eq!(to(r#""destinationAddressPrefixes":["10.0.0.4","10.0.0.9"]"#), ["NET007"]);
    assert_eq!(to(r#""destinationAddressPrefixes":["10.0.0.4","2001:db8::4"]"#), ["NET007"]);
    assert_eq!(to(r#""destinationAddressPrefix":"2001:db8::4""#), Vec::<String>::new());
    let members = format!(
        r#""destinationApplicationSecurityGroups":[{{"id":"{RG}/Microsoft.Network/applicationSecurityGroups/a"}}]"#
    );
    assert_eq!(to(&members), ["NET007"]);
    // A rule that denies to several shuts nobody out for certain.
    let some = rule("d", 100, "Deny", "*", "*", "*")
        .replace(r#""destinationAddressPrefix":"*""#, r#""destinationAddressPrefix":"10.0.0.0/24""#);
    assert_eq!(lone(&(some + "," + &rule("r", 110, "Allow", "Tcp", "*", "22"))).0, ["NET007"]);
    // What exposes a VM today is told there.
    let report = check(&estate("Standard", None, Some(&rule("r", 100, "Allow", "Tcp", "*", "22"))));
    assert!(!codes(&report).contains(&"NET007".to_owned()));
}

#[test]
fn ipv6_is_judged_by_itself() {
    let v6 = estate("Standard", None, Some(&rule("r", 100, "Allow", "Tcp", "::/0", "22")))
        .replace("10.0.0.4", "fd00::4")
        .replace("10.0.0.0/24", "fd00::/64")
        .replace("10.0.0.0/16", "fd00::/48");
    let report = check(&v6);
    assert_eq!(net(&report), ["NET001", "NET005"]);
    let port = &report["findings"][0]["evidence"]["ports"][0];
    assert_eq!(port["sources"]["ranges"], serde_json::json!(["::/0"]));
    assert_eq!(port["witness"]["to"], "[fd00::4]:22");
    let v4_only = v6.replace("::/0", "0.0.0.0/0");
    // The group lets nobody in to this address, but would to an IPv4 one.
    assert_eq!(net(&check(&v4_only)), ["NET007"]);
}

/// What NET001 says of the VM in an estate: `fail`, `pass` or `unknown`.
fn net001(text: &str) -> String {
    let report =
        common::run(&["check", "-", "--format", "json", "--select", "NET001", "--all"], text.as_bytes())
            .json();
    match (report["findings"].as_array().unwrap().first(), report["unknown"].as_array().unwrap().is_empty()) {
        (Some(finding), _) => finding["status"].as_str().unwrap().to_owned(),
        (None, false) => "unknown".to_owned(),
        (None, true) => panic!("nothing is said: {report}"),
    }
}

#[test]
fn nothing_unknown_is_taken_for_safe() {
    let open = estate("Standard", None, Some(&rule("r", 100, "Allow", "Tcp", "*", "22")));
    assert_eq!(net001(&open), "fail");
    let with = |from: &str, to: &str| {
        assert!(open.contains(from), "{from}");
        net001(&open.replacen(from, to, 1))
    };
    let unknown = r#"{"$unknown":{"reason":"a parameter"}}"#;
    let group = r#""properties":{"securityRules":["#;
    let rules = open.split_once(group).unwrap().1.split_once("]}}").unwrap().0.to_owned();
    assert_eq!(with(&format!("{group}{rules}]}}"), &format!(r#""properties":{unknown}"#)), "unknown");
    assert_eq!(with(&format!("[{rules}]"), &format!("[{unknown}]")), "unknown");
    assert_eq!(with(&format!("[{rules}]"), &format!("[{rules},{unknown}]")), "unknown");
    let nic = r#"[{"name":"i","properties":{"privateIPAddress""#;
    assert_eq!(
        with(nic, &format!(r#"[{unknown},{{"name":"i","properties":{{"privateIPAddress""#)),
        "unknown"
    );
    let public = format!(r#""publicIPAddress":{{"id":"{RG}/Microsoft.Network/publicIPAddresses/p"}}"#);
    for reference in ["{}", r#"{"id":null}"#, r#"{"ipAddress":"20.1.2.3"}"#, unknown] {
        assert_eq!(with(&public, &format!(r#""publicIPAddress":{reference}"#)), "unknown", "{reference}");
    }
    assert_eq!(with(&public, &format!(r#""publicIPAddress":null,{public}"#)), "unknown", "named twice");
    let nsg =
        format!(r#","networkSecurityGroup":{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/ng"}}"#);
    assert_eq!(with(&nsg, r#","networkSecurityGroup":{}"#), "unknown");
    let nics = format!(r#"[{{"id":"{RG}/Microsoft.Network/networkInterfaces/n"}}]"#);
    let closed = open.replace(&public, r#""x":1"#);
    assert_eq!(net001(&closed), "pass");
    assert_eq!(net001(&closed.replacen(&nics, &nics.replace("]", &format!(",{unknown}]")), 1)), "unknown");
    assert_eq!(
        net001(&closed.replacen(r#""x":1"#, &format!(r#""loadBalancerBackendAddressPools":[{unknown}]"#), 1)),
        "unknown"
    );
    // Rules of one priority.
    let both = rule("a", 100, "Allow", "Tcp", "*", "22") + "," + &rule("b", 100, "Deny", "*", "*", "22");
    assert_eq!(net001(&estate("Standard", None, Some(&both))), "unknown");
    let same = rule("a", 100, "Allow", "Tcp", "*", "22") + "," + &rule("b", 100, "Deny", "*", "*", "23");
    assert_eq!(net001(&estate("Standard", None, Some(&same))), "fail");
    // A firewall may forward to any VM whose groups let it.
    let firewall = format!(r#",{{"id":"{RG}/Microsoft.Network/azureFirewalls/f","properties":{{}}}}]"#);
    assert_eq!(net001(&(closed.trim_end_matches(']').to_owned() + &firewall)), "unknown");
    let denied =
        closed.replace(&rule("r", 100, "Allow", "Tcp", "*", "22"), &rule("r", 100, "Deny", "*", "*", "*"));
    assert_eq!(net001(&(denied.trim_end_matches(']').to_owned() + &firewall)), "pass");
}

#[test]
fn what_only_one_side_tells_counts() {
    let open = estate("Standard", None, Some(&rule("r", 100, "Allow", "Tcp", "*", "22")));
    let link =
        format!(r#","networkSecurityGroup":{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/ng"}}"#);
    let told = |by: &str| {
        open.replacen(&link, "", 1).replacen(
            r#""properties":{"securityRules""#,
            &format!(r#""properties":{{{by},"securityRules""#),
            1,
        )
    };
    assert_eq!(
        net001(&told(&format!(
            r#""networkInterfaces":[{{"id":"{RG}/Microsoft.Network/networkInterfaces/n"}}]"#
        ))),
        "fail"
    );
    assert_eq!(
        net001(&told(&format!(
            r#""subnets":[{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/s"}}]"#
        ))),
        "fail"
    );
    let public = format!(r#","publicIPAddress":{{"id":"{RG}/Microsoft.Network/publicIPAddresses/p"}}"#);
    let attached = format!(
        r#""ipAddress":"20.1.2.3","ipConfiguration":{{"id":"{RG}/Microsoft.Network/networkInterfaces/n/ipConfigurations/i"}}"#
    );
    assert_eq!(
        net001(&open.replacen(&public, "", 1).replacen(r#""ipAddress":"20.1.2.3""#, &attached, 1)),
        "fail"
    );
    let closed = open.replacen(&public, "", 1);
    let unknown = r#"{"$unknown":{"reason":"a parameter"}}"#;
    let balancer = |fields: &str| {
        let balancer = format!(
            r#",{{"id":"{RG}/Microsoft.Network/loadBalancers/l","properties":{{"frontendIPConfigurations":[{{"properties":{{"publicIPAddress":{{"id":"{RG}/Microsoft.Network/publicIPAddresses/q"}}}}}}],{fields}}}}}]"#
        );
        net001(&(closed.trim_end_matches(']').to_owned() + &balancer))
    };
    let target = format!(r#"{{"id":"{RG}/Microsoft.Network/networkInterfaces/n/ipConfigurations/i"}}"#);
    // A rule that tells no ports may lead anywhere.
    assert_eq!(
        balancer(&format!(r#""inboundNatRules":[{{"properties":{{"backendIPConfiguration":{target}}}}}]"#)),
        "unknown"
    );
    assert_eq!(
        balancer(&format!(r#""inboundNatRules":[{unknown},{{"properties":{{"backendPort":80}}}}]"#)),
        "unknown"
    );
    assert_eq!(balancer(&format!(r#""backendAddressPools":[{unknown}]"#)), "unknown");
    assert_eq!(balancer(r#""backendAddressPools":[]"#), "pass");
    // A route of its own may widen the network's tag.
    let routed = estate("Standard", None, Some("")).replacen(
        r#""addressPrefix":"10.0.0.0/24""#,
        &format!(
            r#""addressPrefix":"10.0.0.0/24","routeTable":{{"id":"{RG}/Microsoft.Network/routeTables/t"}}"#
        ),
        1,
    );
    let route = |prefix: &str| {
        let route = format!(
            r#",{{"id":"{RG}/Microsoft.Network/routeTables/t/routes/r","properties":{{"addressPrefix":"{prefix}","nextHopType":"VirtualAppliance"}}}}]"#
        );
        net001(&(routed.trim_end_matches(']').to_owned() + &route))
    };
    assert_eq!(net001(&routed), "unknown");
    assert_eq!(route("0.0.0.0/0"), "unknown");
    // Of a table that is known by one route only there may be others.
    assert_eq!(route("10.9.0.0/16"), "unknown");
    let table = |prefix: &str| {
        let table = format!(
            r#",{{"id":"{RG}/Microsoft.Network/routeTables/t","properties":{{"routes":[{{"name":"r","properties":{{"addressPrefix":"{prefix}","nextHopType":"VirtualAppliance"}}}}]}}}}]"#
        );
        net001(&(routed.trim_end_matches(']').to_owned() + &table))
    };
    assert_eq!(table("10.9.0.0/16"), "pass");
    assert_eq!(table("0.0.0.0/0"), "unknown");
    assert_eq!(table("Storage"), "unknown");
    // Child rules that contradict each other may do anything.
    let child = |port: &str| {
        format!(
            r#",{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/ng/securityRules/c",{}"#,
            rule("c", 100, "Allow", "Tcp", "*", port).strip_prefix('{').unwrap()
        )
    };
    let empty = estate("Standard", None, Some(""));
    for ports in [["22", "8080"], ["8080", "22"]] {
        let text = empty.trim_end_matches(']').to_owned() + &child(ports[0]) + &child(ports[1]) + "]";
        assert_eq!(net001(&text), "unknown", "{ports:?}");
    }
    assert_eq!(net001(&(empty.trim_end_matches(']').to_owned() + &child("22") + "]")), "fail");
}

#[test]
fn messages_tell_who_reaches_which_port() {
    let rules = [
        rule("a", 100, "Allow", "Tcp", "*", "22"),
        rule("b", 110, "Allow", "Tcp", "198.51.100.0/22", "3389"),
        rule("c", 120, "Allow", "Udp", "*", r#"["53","11211"]"#),
    ];
    let report = check(&estate("Standard", None, Some(&rules.join(","))));
    let message = |code: &str| {
        let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == code);
        finding.unwrap()["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        message("NET001"),
        "SSH (TCP 22) of `m` is open to the whole internet; RDP (TCP 3389) to 1,024 internet addresses"
    );
    assert!(
        message("NET003")
            .starts_with("UDP 53, 11211 of `m` are open to the whole internet; memcached (11211)"),
        "{}",
        message("NET003")
    );
    assert_eq!(
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == "NET001").count(),
        1
    );
}

#[test]
fn dangling_references_are_told_with_their_place() {
    let example =
        common::run(&["check", &common::example(), "--format", "json", "--select", "NET001"], b"").json();
    let row = &example["unknown"][0];
    assert!(row["pointer"].as_str().unwrap().ends_with("/properties/networkSecurityGroup/id"), "{row}");
    let file = row["location"]["file"].as_str().unwrap();
    let line = usize::try_from(row["location"]["line"].as_u64().unwrap()).unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.lines().nth(line - 1).unwrap().contains("nsg-partner"), "{row}");
    let lone = format!(
        r#"{{"id":"{RG}/Microsoft.Compute/virtualMachines/m","properties":{{"networkProfile":{{"networkInterfaces":[{{"id":"{RG}/Microsoft.Network/networkInterfaces/n"}}]}}}}}}"#
    );
    let report = check(&lone);
    let row = report["unknown"].as_array().unwrap().iter().find(|row| row["code"] == "NET001").unwrap();
    assert_eq!(row["pointer"], "/properties/networkProfile/networkInterfaces/0/id");
    assert_eq!(row["location"]["line"], 1);
}

#[test]
fn notations_that_are_easily_missed() {
    let with = |protocol: &str, source: &str, ports: &str| {
        net001(&estate("Standard", None, Some(&rule("r", 100, "Allow", protocol, source, ports))))
    };
    for source in [
        "internet",
        "InterNet",
        "128.0.0.0/2",
        r#"["10.0.0.0/8","*"]"#,
        r#"["0.0.0.0/2","64.0.0.0/2","128.0.0.0/2","192.0.0.0/2"]"#,
        r#"["VirtualNetwork","Internet"]"#,
        "azurecloud",
    ] {
        assert_eq!(with("Tcp", source, "22"), "fail", "{source}");
    }
    for protocol in ["tcp", "TCP", "Tcp", "*"] {
        assert_eq!(with(protocol, "*", "22"), "fail", "{protocol}");
    }
    for protocol in ["udp", "UDP", "icmp", "Esp", "AH"] {
        assert_eq!(with(protocol, "*", "22"), "pass", "{protocol}");
    }
    for ports in
        ["*", "0-65535", "1-65535", "22-22", "3388-3390", r#"["80","443","20-25"]"#, r#"["1-21","22-22"]"#]
    {
        assert_eq!(with("Tcp", "*", ports), "fail", "{ports}");
    }
    for ports in ["23-3388", "3390-5984", r#"["21","23","3390"]"#, "65535"] {
        assert_eq!(with("Tcp", "*", ports), "pass", "{ports}");
    }
    // Ports as numbers, alone and in a list.
    let single = rule("r", 100, "Allow", "Tcp", "*", "3389").replace(r#":"3389""#, ":3389");
    assert_eq!(net001(&estate("Standard", None, Some(&single))), "fail");
    assert_eq!(with("Tcp", "*", "[80,3389]"), "fail");
    assert_eq!(with("Tcp", "*", "[80,3390]"), "pass");
}

#[test]
fn denies_that_only_together_shadow() {
    let judged = |denies: &[(&str, &str, &str)]| {
        let numbered = denies.iter().zip(100u32..);
        let mut rules: Vec<_> = numbered
            .map(|((protocol, source, ports), at)| {
                rule(&format!("d{at}"), at, "Deny", protocol, source, ports)
            })
            .collect();
        rules.push(rule("a", 200, "Allow", "*", "Internet", "20-30"));
        net001(&estate("Standard", None, Some(&rules.join(","))))
    };
    // By port, by protocol and by address; each of them by itself leaves something open.
    assert_eq!(judged(&[("Tcp", "*", "22")]), "pass");
    assert_eq!(judged(&[("Tcp", "*", "1-21"), ("Tcp", "*", "22-4000")]), "pass");
    assert_eq!(judged(&[("Tcp", "*", "1-21"), ("Tcp", "*", "23-4000")]), "fail");
    assert_eq!(judged(&[("Udp", "*", "*"), ("Icmp", "*", "*")]), "fail");
    assert_eq!(judged(&[("Tcp", "0.0.0.0/1", "*"), ("Tcp", "128.0.0.0/1", "22")]), "pass");
    assert_eq!(judged(&[("Tcp", "0.0.0.0/1", "*"), ("Tcp", "128.0.0.0/2", "22")]), "fail");
}

#[test]
fn a_rule_counts_for_the_addresses_that_it_names() {
    let open = rule("r", 100, "Allow", "Tcp", "*", "22");
    let aimed = |to: &str| {
        let aimed = open.replace(r#""destinationAddressPrefix":"*""#, to);
        assert_ne!(aimed, open);
        estate("Standard", None, Some(&aimed))
    };
    // A group sees the private address: one that names the public address never matches.
    let by_prefix = |prefix: &str| net001(&aimed(&format!(r#""destinationAddressPrefix":"{prefix}""#)));
    assert_eq!(by_prefix("20.1.2.3"), "pass");
    assert_eq!(by_prefix("10.0.0.4"), "fail");
    assert_eq!(by_prefix("10.0.0.0/24"), "fail");
    assert_eq!(by_prefix("10.0.0.5"), "pass");
    assert_eq!(by_prefix("VirtualNetwork"), "fail");
    assert_eq!(by_prefix("Internet"), "pass");
    // Members of an application security group.
    let asg = |name: &str| format!(r#"[{{"id":"{RG}/Microsoft.Network/applicationSecurityGroups/{name}"}}]"#);
    let grouped = aimed(&format!(r#""destinationApplicationSecurityGroups":{}"#, asg("web")));
    let member = |text: &str, of: &str| {
        let address = r#""privateIPAddress":"10.0.0.4""#;
        net001(&text.replace(address, &format!(r#"{address},"applicationSecurityGroups":{}"#, asg(of))))
    };
    assert_eq!(member(&grouped, "web"), "fail");
    assert_eq!(member(&grouped, "WEB"), "fail");
    assert_eq!(member(&grouped, "db"), "pass");
    assert_eq!(net001(&grouped), "pass", "a member of none");
    // As a source it never is anybody on the internet.
    let source = open.replace(
        r#""sourceAddressPrefix":"*""#,
        &format!(r#""sourceApplicationSecurityGroups":{}"#, asg("web")),
    );
    assert_eq!(member(&estate("Standard", None, Some(&source)), "web"), "pass");
}

#[test]
fn an_open_group_on_another_nic_opens_nothing() {
    let judged = |first: &str, second: &str| {
        let mut all: Vec<Value> =
            serde_json::from_str(&estate("Standard", None, Some(&rule("r", 100, first, "Tcp", "*", "22"))))
                .unwrap();
        let net = |name: &str| format!("{RG}/Microsoft.Network/{name}");
        let kind = |all: &[Value], part: &str| {
            all.iter().position(|one| one["id"].as_str().unwrap().contains(part)).unwrap()
        };
        let (nic, group) = (kind(&all, "/networkInterfaces/"), kind(&all, "/networkSecurityGroups/"));
        let mut other_group = all[group].clone();
        other_group["id"] = net("networkSecurityGroups/other").into();
        other_group["properties"]["securityRules"][0]["properties"]["access"] = second.into();
        let mut other = all[nic].clone();
        other["id"] = net("networkInterfaces/other").into();
        other["properties"]["networkSecurityGroup"]["id"] = net("networkSecurityGroups/other").into();
        let ip = &mut other["properties"]["ipConfigurations"][0]["properties"];
        ip["privateIPAddress"] = "10.0.0.5".into();
        ip.as_object_mut().unwrap().remove("publicIPAddress");
        let vm = kind(&all, "/virtualMachines/");
        let nics = all[vm]["properties"]["networkProfile"]["networkInterfaces"].as_array_mut().unwrap();
        nics.push(json!({"id": other["id"]}));
        all.extend([other_group, other]);
        net001(&Value::from(all).to_string())
    };
    assert_eq!(judged("Deny", "Allow"), "pass");
    assert_eq!(judged("Allow", "Deny"), "fail");
}
