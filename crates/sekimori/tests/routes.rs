//! `effective-routes` and `next-hop`: what people and programs see.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{Ran, run};
use serde_json::json;

const RG: &str = "/subscriptions/s/resourceGroups/rg/providers";

fn estate() -> String {
    format!(
        r#"[{{"id":"{RG}/Microsoft.Compute/virtualMachines/web1","properties":{{"networkProfile":{{"networkInterfaces":[{{"id":"{RG}/Microsoft.Network/networkInterfaces/web1-nic"}},{{"id":"{RG}/Microsoft.Network/networkInterfaces/web1-back"}}]}}}}}},
        {{"id":"{RG}/Microsoft.Network/networkInterfaces/web1-nic","properties":{{"ipConfigurations":[{{"name":"i","properties":{{"privateIPAddress":"10.0.0.4","subnet":{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/front"}}}}}}]}}}},
        {{"id":"{RG}/Microsoft.Network/networkInterfaces/web1-back","properties":{{"ipConfigurations":[{{"name":"i","properties":{{"privateIPAddress":"10.0.1.4","subnet":{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/back"}}}}}}]}}}},
        {{"id":"{RG}/Microsoft.Network/virtualNetworks/v","properties":{{"addressSpace":{{"addressPrefixes":["10.0.0.0/16"]}},"subnets":[
          {{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/front","properties":{{"addressPrefix":"10.0.0.0/24","routeTable":{{"id":"{RG}/Microsoft.Network/routeTables/hub"}}}}}},
          {{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/back","properties":{{"addressPrefix":"10.0.1.0/24"}}}}]}}}},
        {{"id":"{RG}/Microsoft.Network/routeTables/hub","properties":{{"disableBgpRoutePropagation":true,"routes":[
          {{"name":"all","properties":{{"addressPrefix":"0.0.0.0/0","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.9.4"}}}},
          {{"name":"lost","properties":{{"addressPrefix":"10.9.0.0/16","nextHopType":"VirtualAppliance","nextHopIpAddress":"192.168.7.4"}}}}]}}}}]"#
    )
}

fn hop(text: &str, more: &[&str]) -> Ran {
    run(&[&["next-hop", "-", "--vm", "web1"], more].concat(), text.as_bytes())
}

#[test]
fn next_hops_have_azures_shape() {
    let json = ["--format", "json", "--source-ip"];
    let table = format!("{RG}/Microsoft.Network/routeTables/hub");
    let check = |source: &str, destination: &str, expected: serde_json::Value| {
        let ran = hop(&estate(), &[&json[..], &[source, "--dest-ip", destination]].concat());
        assert_eq!((ran.code, ran.json()), (0, expected), "{}", ran.err);
    };
    let appliance =
        json!({"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.9.4", "routeTableId": table});
    check("10.0.0.4", "203.0.113.7", appliance);
    // The other NIC has no table.
    check("10.0.1.4", "203.0.113.7", json!({"nextHopType": "Internet", "routeTableId": "System Route"}));
    check("10.0.0.4", "10.0.1.4", json!({"nextHopType": "VirtualNetwork", "routeTableId": "System Route"}));
    let lost = json!({"nextHopType": "None", "nextHopIpAddress": "192.168.7.4", "routeTableId": table});
    check("10.0.0.4", "10.9.0.1", lost);
}

#[test]
fn next_hops_are_told_to_people() {
    let check = |lang: &str, destination: &str, expected: &str| {
        let ran = hop(&estate(), &["--lang", lang, "--source-ip", "10.0.0.4", "--dest-ip", destination]);
        assert_eq!((ran.code, ran.out.as_str()), (0, expected), "{}", ran.err);
    };
    check(
        "en",
        "203.0.113.7",
        "VirtualAppliance  10.0.9.4\n  web1 10.0.0.4 → 203.0.113.7\n  by the route table hub\n",
    );
    check("en", "10.0.0.9", "VirtualNetwork\n  web1 10.0.0.4 → 10.0.0.9\n  by a route of Azure's own\n");
    check(
        "en",
        "192.168.0.1",
        "None\n  web1 10.0.0.4 → 192.168.0.1\n  by a route of Azure's own\n  dropped\n",
    );
    check(
        "ja",
        "10.9.0.1",
        "None  192.168.7.4\n  web1 10.0.0.4 → 10.9.0.1\n  ルート テーブル: hub\n  破棄されます: 192.168.7.4 は仮想ネットワークにもピアリング先にも含まれません\n",
    );
}

#[test]
fn what_is_not_known_says_so_and_what_settles_it() {
    let without = estate().replace("routeTables/hub\",\"properties", "routeTables/other\",\"properties");
    let asked = ["--source-ip", "10.0.0.4", "--dest-ip", "8.8.8.8"];
    let ran = hop(&without, &asked);
    assert_eq!(ran.code, 3);
    assert!(ran.out.starts_with("Unknown  the route table that it refers to"), "{}", ran.out);
    assert!(ran.out.contains("settled by: az network route-table list"), "{}", ran.out);
    let ran = hop(&without, &[&asked[..], &["--format", "json"]].concat());
    assert_eq!((ran.code, &ran.json()["nextHopType"]), (3, &json!("Unknown")));
    let ran = run(&["effective-routes", "-", "--nic", "web1-nic"], without.as_bytes());
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("not known in full") && ran.err.contains("az network route-table list"),
        "{}",
        ran.err
    );
    // A value that is none: the place, and a doubt that stays.
    let bad = estate().replace(
        r#""nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.9.4""#,
        r#""nextHopType":"Firewall""#,
    );
    let ran = hop(&bad, &asked);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("Firewall") && ran.err.contains("VirtualAppliance"), "{}", ran.err);
    assert!(ran.out.starts_with("Unknown"), "{}", ran.out);
    // The other NIC is not touched by it, but the input was not read in full.
    let ran = hop(&bad, &["--source-ip", "10.0.1.4", "--dest-ip", "8.8.8.8"]);
    assert_eq!((ran.code, ran.out.starts_with("Internet")), (3, true), "{}", ran.out);
}

#[test]
fn mistakes_say_what_to_do() {
    let check = |more: &[&str], english: &str, japanese: &str| {
        for (lang, expected) in [("en", english), ("ja", japanese)] {
            let ran = run(&[&["next-hop", "-", "--lang", lang], more].concat(), estate().as_bytes());
            assert_eq!(ran.code, 2, "{more:?}");
            assert!(ran.err.contains(expected), "{}", ran.err);
            assert!(ran.out.is_empty());
        }
    };
    let to = ["--source-ip", "10.0.0.4", "--dest-ip", "8.8.8.8"];
    check(&[&["--vm", "web"], &to[..]].concat(), "did you mean `web1`", "`web1` の間違いでは");
    check(
        &[&["--vm", "web1", "--nic", "web1-bak"], &to[..]].concat(),
        "did you mean `web1-back`",
        "`web1-back` の間違いでは",
    );
    check(
        &["--vm", "web1", "--source-ip", "10.0.7.7", "--dest-ip", "8.8.8.8"],
        "it has: 10.0.0.4, 10.0.1.4",
        "割り当て済みのアドレス: 10.0.0.4, 10.0.1.4",
    );
    check(
        &["--vm", "web1", "--source-ip", "web1", "--dest-ip", "8.8.8.8"],
        "`web1` is not an IP address, such as 10.0.0.4",
        "`web1` は IP アドレスではありません",
    );
    check(&["--vm", "web1", "--source-ip", "10.0.0.4", "--dest-ip", "::1"], "the other IPv6", "混在");
    let ran = run(&["effective-routes", "-", "--nic", "web1-ni"], estate().as_bytes());
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("did you mean `web1-nic`"), "{}", ran.err);
}

#[test]
fn effective_routes_have_azures_shape() {
    let ran = run(&["effective-routes", "-", "--nic", "RG/WEB1-NIC"], estate().as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let answer = ran.json();
    let find = |prefix: &str, source: &str| {
        let all = answer["value"].as_array().unwrap();
        let found = |route: &&serde_json::Value| {
            route["addressPrefix"] == json!([prefix]) && route["source"] == source
        };
        all.iter().find(found).unwrap().clone()
    };
    assert_eq!(
        find("0.0.0.0/0", "User"),
        json!({"name": "all", "disableBgpRoutePropagation": true, "source": "User", "state": "Active",
            "hasBgpOverride": false, "addressPrefix": ["0.0.0.0/0"], "nextHopType": "VirtualAppliance",
            "nextHopIpAddress": ["10.0.9.4"], "destinationServiceTags": [], "tagMap": {}})
    );
    assert_eq!(find("0.0.0.0/0", "Default")["state"], "Invalid");
    assert_eq!(find("10.0.0.0/16", "Default")["nextHopType"], "VnetLocal");
    assert_eq!(find("10.9.0.0/16", "User")["nextHopType"], "None");
    let tagged =
        estate().replace(r#""addressPrefix":"10.9.0.0/16""#, r#""addressPrefix":"storage.japaneast""#);
    let answer = run(&["effective-routes", "-", "--nic", "web1-nic"], tagged.as_bytes()).json();
    let all = answer["value"].as_array().unwrap();
    let tagged =
        all.iter().find(|route| route["destinationServiceTags"] == json!(["Storage.JapanEast"])).unwrap();
    assert_eq!(tagged["tagMap"]["Storage.JapanEast"], tagged["addressPrefix"]);
    assert!(!tagged["addressPrefix"].as_array().unwrap().is_empty());
}
