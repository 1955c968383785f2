//! Input in every shape says the same; bad input says where it is bad.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{check, example_resources, run};
use serde_json::{Map, Value};

/// Turns a flattened resource into ARM's nested shape.
fn nest(value: &Value) -> Value {
    const OUTER: [&str; 11] = [
        "id",
        "name",
        "type",
        "location",
        "tags",
        "sku",
        "etag",
        "resourceGroup",
        "zones",
        "kind",
        "identity",
    ];
    let object = value.as_object().unwrap();
    let mut outer = Map::new();
    let mut inner = Map::new();
    for (key, member) in object {
        // Parts that are resources of their own are nested, too.
        let member = match member {
            Value::Array(items)
                if ["subnets", "securityRules", "defaultSecurityRules", "ipConfigurations"]
                    .contains(&key.as_str()) =>
            {
                items.iter().map(nest).collect()
            }
            other => other.clone(),
        };
        if OUTER.contains(&key.as_str()) {
            outer.insert(key.clone(), member)
        } else {
            inner.insert(key.clone(), member)
        };
    }
    outer.insert("properties".into(), inner.into());
    outer.into()
}

/// Writes references, types and keywords in another case; the definitions keep theirs.
fn shout(value: &Value, key: &str) -> Value {
    match value {
        Value::Object(object) => {
            object.iter().map(|(key, value)| (key.clone(), shout(value, key))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(|item| shout(item, key)).collect(),
        Value::String(text) if ["type", "access", "direction", "protocol", "osType"].contains(&key) => {
            text.to_uppercase().into()
        }
        other => other.clone(),
    }
}

/// Writes references (`{"id":…}`, perhaps with a group) in another case.
fn shout_references(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let reference = object.keys().all(|key| ["id", "resourceGroup"].contains(&key.as_str()));
            let shouted = object.iter().map(|(key, value)| {
                let text = value.as_str().filter(|_| key == "id" && reference);
                (key.clone(), text.map_or_else(|| shout_references(value), |text| text.to_uppercase().into()))
            });
            shouted.collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(shout_references).collect(),
        other => other.clone(),
    }
}

/// The report without what depends on where things stand.
fn verdict(mut report: Value) -> String {
    for finding in report["findings"].as_array_mut().unwrap() {
        finding.as_object_mut().unwrap().remove("location");
    }
    for row in report["unknown"].as_array_mut().unwrap() {
        row.as_object_mut().unwrap().remove("location");
    }
    report["source"] = Value::Null;
    report["errors"] = Value::Null;
    serde_json::to_string_pretty(&report).unwrap()
}

#[test]
fn the_shape_of_the_input_does_not_matter() {
    let resources = example_resources();
    let list = |resources: &[Value]| serde_json::to_string(resources).unwrap();
    let expected = verdict(check(&list(&resources)));
    let same = |name: &str, text: &str| assert!(verdict(check(text)) == expected, "{name}");
    same("pretty", &serde_json::to_string_pretty(&resources).unwrap());
    let mut reversed = resources.clone();
    reversed.reverse();
    same("reversed", &list(&reversed));
    let lines: Vec<String> = resources.iter().map(Value::to_string).collect();
    same("one a line", &lines.join("\n"));
    same("concatenated", &lines.concat());
    same("windows lines", &lines.join("\r\n"));
    same("nested", &list(&resources.iter().map(nest).collect::<Vec<_>>()));
    same("value", &format!(r#"{{"value":{},"nextLink":null}}"#, list(&resources)));
    same("data", &format!(r#"{{"count":1,"data":{},"skip_token":null}}"#, list(&resources)));
    same("twice", &(list(&resources) + &list(&resources)));
    same("keywords", &list(&resources.iter().map(|resource| shout(resource, "")).collect::<Vec<_>>()));
    same("references", &list(&resources.iter().map(shout_references).collect::<Vec<_>>()));
    same("with a mark", &format!("\u{feff}{}", list(&resources)));
}

#[test]
fn files_folders_and_compression_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let resources = example_resources();
    let lines: Vec<String> = resources.iter().map(Value::to_string).collect();
    let text = lines.join("\n") + "\n";
    let expected = verdict(check(&text));
    let report = |arguments: &[&str]| {
        verdict(
            run(&[&["check", "--format", "json", "--select", common::REACHABILITY], arguments].concat(), b"")
                .json(),
        )
    };
    std::fs::write(path("all.ndjson"), &text).unwrap();
    std::fs::write(path("all.bin"), zstd::encode_all(text.as_bytes(), 3).unwrap()).unwrap();
    let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(path("windows.json"), utf16).unwrap();
    for name in ["all.ndjson", "all.bin", "windows.json"] {
        assert!(report(&[&path(name)]) == expected, "{name}");
    }
    let many = path("many");
    std::fs::create_dir_all(format!("{many}/deep")).unwrap();
    std::fs::write(format!("{many}/README.md"), "# not data").unwrap();
    for (index, line) in lines.iter().enumerate() {
        let place = if index % 2 == 0 { "deep/" } else { "" };
        std::fs::write(format!("{many}/{place}{index}.json"), line).unwrap();
    }
    assert!(report(&[&many]) == expected);
    assert!(report(&[&format!("{many}/deep"), &many]) == expected);
    // Positions are found in compressed text, too.
    let found = run(&["check", &path("all.bin"), "--format", "json"], b"").json();
    let plain = run(&["check", &path("all.ndjson"), "--format", "json"], b"").json();
    assert_eq!(found["findings"][0]["location"]["line"], plain["findings"][0]["location"]["line"]);
}

#[test]
fn large_files_are_read_in_pieces_like_small_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let resources = example_resources();
    let mut all = Vec::new();
    // Some 12 MB: several stretches, lines across their borders.
    for number in 0..150 {
        for resource in &resources {
            all.push(resource.to_string().replace("rg-minato", &format!("rg-minato-{number}")));
        }
    }
    let lines = all.join("\n") + "\n";
    assert!(lines.len() > 5 << 20, "{}", lines.len());
    std::fs::write(path("lines"), &lines).unwrap();
    std::fs::write(path("array"), format!("[{}]", all.join(",\n"))).unwrap();
    std::fs::write(path("one-line"), format!("{{\"value\":[{}]}}", all.join(","))).unwrap();
    std::fs::write(path("zst"), zstd::encode_all(lines.as_bytes(), 1).unwrap()).unwrap();
    let report = |name: &str| {
        run(&["check", &path(name), "--format", "json", "--select", common::REACHABILITY], b"").json()
    };
    let first = report("lines");
    assert_eq!(first["summary"]["fail"], 33 * 150);
    let expected = verdict(first.clone());
    for name in ["array", "one-line", "zst"] {
        assert!(verdict(report(name)) == expected, "{name}");
    }
    // Lines are counted right across stretches.
    for finding in first["findings"].as_array().unwrap().iter().step_by(97) {
        let line = usize::try_from(finding["location"]["line"].as_u64().unwrap()).unwrap();
        let id = finding["cause"]["resource"].as_str().unwrap();
        assert!(all[line - 1].contains(&format!("\"id\":\"{id}\"")), "{finding}");
    }
}

#[test]
fn bad_input_tells_where_and_never_hangs() {
    let nsg = r#"{"id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkSecurityGroups/a","properties":{"securityRules":[]}}"#;
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let deep_object = r#"{"a":"#.repeat(200_000) + "1" + &"}".repeat(200_000);
    let cases: Vec<(&str, Vec<u8>, i32, &str)> = vec![
        ("truncated", format!("[{nsg},{{\"id\":\"/sub").into_bytes(), 3, "ends in the middle"),
        ("truncated line", format!("{nsg}\n{nsg}\n{{\"id\":").into_bytes(), 3, ":3:"),
        ("deep", deep.clone().into_bytes(), 2, "nested deeper"),
        ("deep in a list", format!("[{nsg},{deep_object}]").into_bytes(), 3, "nested deeper"),
        ("deep line", format!("{nsg}\n{nsg}\n{deep_object}\n").into_bytes(), 3, ":3:1"),
        ("deep property", nsg.replace("[]", &deep).into_bytes(), 2, "nested deeper"),
        ("not utf-8", [b"[", nsg.as_bytes(), b",{\"id\":\"/a/\xff\xfe\"}]"].concat(), 3, "not UTF-8"),
        ("empty", Vec::new(), 2, "empty"),
        ("white space", b" \n\t\n".to_vec(), 2, "empty"),
        ("binary", (0..=255u8).cycle().take(100_000).collect(), 2, "not JSON"),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), 2, "not JSON"),
        ("a page", b"<!doctype html><title>Sign in</title>".to_vec(), 2, "not JSON"),
        ("an error of az", b"ERROR: Please run 'az login'".to_vec(), 2, "not JSON"),
        ("trailing", format!("{nsg} trailing").into_bytes(), 3, "not JSON"),
        ("single quotes", b"{'id': 1}".to_vec(), 2, "not JSON"),
        ("a number", b"42".to_vec(), 2, "no Azure resource"),
        ("a wrong id", b"{\"id\":5}".to_vec(), 2, ""),
        (
            "a page of several",
            format!(r#"{{"value":[{nsg}],"nextLink":"https://example.com/2"}}"#).into_bytes(),
            3,
            "one page of several",
        ),
        (
            "broken zstd",
            [&zstd::encode_all(nsg.repeat(50).as_bytes(), 1).unwrap()[..20], b"xxxx"].concat(),
            2,
            "",
        ),
        ("half a mark", b"\xff".to_vec(), 2, ""),
    ];
    for (name, input, code, message) in cases {
        let ran = run(&["check", "-"], &input);
        assert_eq!(ran.code, code, "{name}: {} {}", ran.out, ran.err);
        assert!((ran.out.clone() + &ran.err).contains(message), "{name}: {} {}", ran.out, ran.err);
    }
}

#[test]
fn one_large_value_is_refused_with_little_memory() {
    // 80 MB in one string: over the limit of a value, and read as it comes.
    let mut text = br#"[{"id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkSecurityGroups/a","securityRules":[],"x":""#.to_vec();
    text.extend(std::iter::repeat_n(b'y', 80 << 20));
    text.extend(br#""},{"id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkSecurityGroups/b","securityRules":[]}]"#);
    let ran = run(&["check", "-", "--format", "json"], &text);
    assert_eq!(ran.code, 3);
    let report = ran.json();
    assert_eq!(report["estate"]["nsgs"], 1);
    assert!(report["errors"][0]["message"].as_str().unwrap().contains("64 MiB"));
}

#[test]
fn contradictions_are_told_with_both_places() {
    let vm = |name: &str| {
        format!(
            r#"{{"id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/m","properties":{{"hardwareProfile":{{}},"osProfile":{{"adminUsername":"{name}"}}}}}}"#
        )
    };
    let one = vm("azureuser") + "\n" + &vm("kaede-1874");
    let other = vm("kaede-1874") + "\n" + &vm("azureuser");
    for text in [one, other] {
        let ran = run(&["check", "-", "--format", "json", "--select", "ACC001"], text.as_bytes());
        assert_eq!(ran.code, 3);
        let report = ran.json();
        assert_eq!(report["summary"]["unknown"], 1);
        let message = report["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("disagree") && message.contains("-:2:"), "{message}");
    }
}

#[test]
fn cycles_of_references_end() {
    let rg = "/subscriptions/s/resourceGroups/r/providers";
    let text = format!(
        r#"[{{"id":"{rg}/Microsoft.Compute/virtualMachines/m","properties":{{"networkProfile":{{"networkInterfaces":[{{"id":"{rg}/Microsoft.Network/networkInterfaces/n"}},{{"id":"{rg}/Microsoft.Compute/virtualMachines/m"}}]}}}}}},
        {{"id":"{rg}/Microsoft.Network/networkInterfaces/n","properties":{{"virtualMachine":{{"id":"{rg}/Microsoft.Network/networkInterfaces/n"}},"ipConfigurations":[{{"name":"i","properties":{{"subnet":{{"id":"{rg}/Microsoft.Network/networkInterfaces/n"}},"publicIPAddress":{{"id":"{rg}/Microsoft.Compute/virtualMachines/m"}}}}}}]}}}}]"#
    );
    let report = check(&text);
    assert_eq!(report["errors"], serde_json::json!([]));
    assert_eq!(report["estate"]["vms"], 1);
}

#[test]
fn secrets_beside_a_finding_stay_unseen() {
    let vm = r#"{"id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/m","properties":{"hardwareProfile":{},"osProfile":{"adminPassword":"S3cr3t!","adminUsername":"azureuser","customData":"S3cr3t!"}}}"#;
    for format in ["text", "json"] {
        let ran = run(&["check", "-", "--format", format, "--all"], vm.as_bytes());
        assert!(ran.out.contains("azureuser"));
        assert!(!(ran.out + &ran.err).contains("S3cr3t"), "{format}");
    }
}

#[test]
fn a_field_that_stands_twice_is_unknown() {
    let open = common::rule("r", 100, "Allow", "Tcp", "*", "22");
    let whole = common::estate("Standard", None, Some(&open));
    let group = format!(r#""properties":{{"securityRules":[{open}]}}"#);
    assert!(whole.contains(&group));
    let twice =
        whole.replace(&group, &format!(r#""properties":{{"securityRules":[],"securityRules":[{open}]}}"#));
    let both =
        whole.replace(&group, &format!(r#""securityRules":[{open}],"properties":{{"securityRules":[]}}"#));
    for text in [twice, both] {
        let ran = run(&["check", "-", "--format", "json", "--select", "NET001"], text.as_bytes());
        assert_eq!(ran.code, 3);
        assert_eq!(ran.json()["summary"]["unknown"], 1);
    }
}

#[test]
fn many_faults_are_counted_and_not_all_listed() {
    let text = format!("[{}1]", "1,".repeat(200_000));
    let report = check(&text);
    let errors = report["errors"].as_array().unwrap();
    assert!(errors.len() <= 1001, "{}", errors.len());
    let last = errors.last().unwrap()["message"].as_str().unwrap();
    assert!(last.contains("further problems"), "{last}");
}

#[test]
fn one_bad_source_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let packed = zstd::encode_all(common::estate("Basic", None, None).repeat(40).as_bytes(), 3).unwrap();
    std::fs::write(folder.path().join("cut.ndjson.zst"), &packed[..packed.len() / 2]).unwrap();
    std::fs::write(folder.path().join("good.json"), common::estate("Basic", None, None)).unwrap();
    let ran = run(&["check", &folder.path().display().to_string(), "--format", "json"], b"");
    assert_eq!(ran.code, 3, "{}", ran.err);
    let report = ran.json();
    assert!(common::codes(&report).contains(&"NET001".to_owned()));
    assert!(report["errors"][0]["message"].as_str().unwrap().contains("cannot be read"), "{report}");
}

#[test]
fn commands_go_to_the_right_place_and_names_stay_in_their_line() {
    let name = "x\\n  az group delete --name prod #'";
    let text = common::estate("Standard", None, Some(&common::rule(name, 100, "Allow", "Tcp", "*", "22")));
    let out = run(&["check", "-"], text.as_bytes()).out;
    assert!(out.contains("rule delete --subscription s --resource-group rg --nsg-name ng --name '"), "{out}");
    assert!(!out.lines().any(|line| line.trim_start().starts_with("az group delete")), "{out}");
}
