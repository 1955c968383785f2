//! `effective-nsg` and `verify-evidence`: what others can hold our answers against.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::fs;

use common::{RG, estate, example, rule, run, run_in, scratch};
use serde_json::{Value, json};

#[test]
fn effective_groups_are_told_in_azures_shape() {
    let subnet = [
        rule("asg", 200, "Allow", "Tcp", "Storage.JapanWest", "22"),
        rule("many", 150, "Deny", "*", "203.0.113.7", r#"["80","443","1000-2000"]"#),
    ];
    let text =
        estate("Standard", Some(&subnet.join(",")), Some(&rule("own", 100, "Allow", "Udp", "Internet", "*")));
    let ran = run(&["effective-nsg", "-", "--nic", "N"], text.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let answer = ran.json();
    let groups = answer["value"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(
        groups[0]["association"],
        json!({"networkInterface": {"id": format!("{RG}/Microsoft.Network/networkInterfaces/n")}})
    );
    assert!(
        groups[1]["association"]["subnet"]["id"].as_str().unwrap().ends_with("/virtualNetworks/v/subnets/s")
    );
    let names = |group: &Value| -> Vec<String> {
        group["effectiveSecurityRules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&groups[1])[..2], ["securityRules/many", "securityRules/asg"]);
    assert_eq!(names(&groups[0]).len(), 1 + 6);
    let many = &groups[1]["effectiveSecurityRules"][0];
    assert_eq!(many["destinationPortRanges"], json!(["80-80", "443-443", "1000-2000"]));
    assert!(many.get("destinationPortRange").is_none());
    assert_eq!((&many["protocol"], &many["sourceAddressPrefix"]), (&json!("All"), &json!("203.0.113.7/32")));
    assert_eq!(
        (&many["sourcePortRange"], &many["access"], &many["priority"]),
        (&json!("0-65535"), &json!("Deny"), &json!(150))
    );
    let tagged = &groups[1]["effectiveSecurityRules"][1];
    assert_eq!(tagged["sourceAddressPrefix"], "Storage.JapanWest");
    assert!(tagged["expandedSourceAddressPrefix"].as_array().unwrap().len() > 5);
    assert_eq!(groups[0]["tagMap"]["VirtualNetwork"], json!(["10.0.0.0/16", "168.63.129.16/32"]));
    // What nobody can tell is said, and the rest is answered.
    let unknown = text.replace("Storage.JapanWest", "NoSuchTag");
    let ran = run(&["effective-nsg", "-", "--nic", "rg/n"], unknown.as_bytes());
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("does not hold `nosuchtag`"), "{}", ran.err);
    assert_eq!(ran.json()["value"].as_array().unwrap().len(), 2);
    let typo = run(&["effective-nsg", &example(), "--nic", "ap1-nic"], b"");
    assert!(typo.code == 2 && typo.err.contains("did you mean `app1-nic`?"), "{}", typo.err);
    // It is read again as what it is: the same groups.
    let again = run(&["check", "-", "--format", "json"], ran.out.as_bytes());
    assert_eq!(again.json()["estate"]["nsgs"], 2, "{}", again.err);
}

#[test]
fn evidence_holds_and_faults_in_it_are_found() {
    let folder = scratch();
    let example = example();
    let here = |arguments: &[&str]| run_in(folder.path(), arguments, b"", &[]);
    here(&["check", &example, "-o", "r.json", "--fail-on", "never"]);
    let verified = here(&["verify-evidence", "r.json", &example, "--format", "json"]);
    assert_eq!(verified.code, 0, "{}", verified.out);
    let answer = verified.json();
    assert_eq!(answer["failed"], 0);
    let report: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("r.json")).unwrap()).unwrap();
    let ports: usize = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["evidence"]["ports"].as_array().map_or(0, Vec::len))
        .sum();
    assert!(ports > 10);
    assert_eq!(answer["verified"], json!(ports));
    // Each way of being wrong.
    let text = fs::read_to_string(folder.path().join("r.json")).unwrap();
    let cases = [
        ("securityRules/allow-rdp", "securityRules/allow-web", "it is securityRules/allow-rdp that decides"),
        ("\"1.0.0.1:49152\"", "\"10.0.0.9:49152\"", "does not come from the internet"),
        ("10.20.2.4:3389", "10.20.2.9:3389", "another private address"),
        (
            "publicIPAddresses/pip-app1",
            "publicIPAddresses/pip-app2",
            "no NIC of the VM has this public address",
        ),
        (
            "\"198.51.100.1:49152\"",
            "\"198.51.200.1:49152\"",
            "defaultSecurityRules/DenyAllInBound at the nic drops the packet",
        ),
        ("\"protocol\": \"tcp\"", "\"protocol\": \"gre\"", "does not tell a packet"),
    ];
    for (from, to, told) in cases {
        assert!(text.contains(from), "{from}");
        fs::write(folder.path().join("bad.json"), text.replace(from, to)).unwrap();
        let ran = here(&["verify-evidence", "bad.json", &example]);
        assert_eq!(ran.code, 1, "{from}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
    }
    // What cannot be known is told apart from what is wrong, and evidence that was taken away is missed.
    fs::write(
        folder.path().join("bad.json"),
        text.replace("networkSecurityGroups/nsg-names", "networkSecurityGroups/nsg-nowhere"),
    )
    .unwrap();
    let unknown = here(&["verify-evidence", "bad.json", &example]);
    assert!(unknown.code == 3 && unknown.out.contains("is not in the input"), "{}", unknown.out);
    let mut bare = report.clone();
    bare["findings"][0].as_object_mut().unwrap().remove("evidence");
    fs::write(folder.path().join("bad.json"), bare.to_string()).unwrap();
    let missing = here(&["verify-evidence", "bad.json", &example]);
    assert!(missing.code == 1 && missing.out.contains("does not tell a packet"), "{}", missing.out);
    fs::write(folder.path().join("cut.json"), "{").unwrap();
    let unread = here(&["verify-evidence", "r.json", &example, "cut.json"]);
    assert!(unread.code == 3 && unread.err.contains("cut.json:1:"), "{}", unread.err);
    for text in ["", "{}", r#"{"schema":"sekimori.check/9","tags_data":"","findings":[]}"#] {
        fs::write(folder.path().join("bad.json"), text).unwrap();
        assert_eq!(here(&["verify-evidence", "bad.json", &example]).code, 2, "{text}");
    }
}

#[test]
fn a_standard_address_without_a_group_lets_nothing_in() {
    let folder = scratch();
    fs::write(folder.path().join("basic.json"), estate("Basic", None, None)).unwrap();
    fs::write(folder.path().join("standard.json"), estate("Standard", None, None)).unwrap();
    let here = |arguments: &[&str]| run_in(folder.path(), arguments, b"", &[]);
    here(&["check", "basic.json", "-o", "r.json"]);
    assert_eq!(here(&["verify-evidence", "r.json", "basic.json"]).code, 0);
    let closed = here(&["verify-evidence", "r.json", "standard.json"]);
    assert!(
        closed.code == 1 && closed.out.contains("a Standard public address without a group lets nothing in"),
        "{}",
        closed.out
    );
    let japanese = here(&["verify-evidence", "r.json", "standard.json", "--lang", "ja"]);
    assert!(japanese.out.contains("NSG のない Standard のパブリック IP では"), "{}", japanese.out);
}

/// Random findings: whatever the symbolic answers claim, the plain evaluator confirms.
#[test]
fn every_claim_of_many_groups_is_confirmed() {
    let folder = scratch();
    let sources = [
        "*",
        "Internet",
        "AzureCloud.japaneast",
        "203.0.113.0/24",
        "VirtualNetwork",
        "Storage",
        r#"["198.51.100.0/24","8.8.8.8"]"#,
    ];
    let ports = ["22", "*", r#"["3389","53"]"#, "1000-6000"];
    let mut seed = 1u32;
    let mut next = |of: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as usize % of
    };
    let mut looked = 0;
    for _ in 0..60 {
        let mut group = || {
            let rules: Vec<_> = (0..1 + next(5))
                .map(|index| {
                    let access = ["Allow", "Allow", "Deny"][next(3)];
                    let protocol = ["*", "Tcp", "Udp"][next(3)];
                    rule(
                        &format!("r{index}"),
                        100 + 10 * u32::try_from(index).unwrap(),
                        access,
                        protocol,
                        sources[next(sources.len())],
                        ports[next(ports.len())],
                    )
                })
                .collect();
            rules.join(",")
        };
        let (subnet, nic) = (group(), group());
        let text = match next(3) {
            0 => estate("Basic", Some(&subnet), None),
            1 => estate("Standard", None, Some(&nic)),
            _ => estate("Standard", Some(&subnet), Some(&nic)),
        };
        fs::write(folder.path().join("e.json"), &text).unwrap();
        run_in(folder.path(), &["check", "e.json", "-o", "r.json", "--wide-after", "0"], b"", &[]);
        let ran =
            run_in(folder.path(), &["verify-evidence", "r.json", "e.json", "--format", "json"], b"", &[]);
        let answer = ran.json();
        assert_eq!((ran.code, &answer["failed"]), (0, &json!(0)), "{text}\n{answer}");
        looked += answer["verified"].as_u64().unwrap();
    }
    assert!(looked > 100, "{looked}");
}
