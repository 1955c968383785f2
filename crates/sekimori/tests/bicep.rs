//! Bicep files. The compiler cannot be had everywhere, so a script stands in for it here: it writes what `bicep build --stdout`
//! writes for the file, and what it is called with is looked at.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::{run_in, scratch};

const BICEP: &str = "param source string = '*'\n\nresource nsg 'Microsoft.Network/networkSecurityGroups@2023-09-01' = {\n  name: 'web-nsg'\n  location: resourceGroup().location\n  properties: {\n    securityRules: [\n      {\n        name: 'ssh'\n        properties: {\n          priority: 100\n          direction: 'Inbound'\n          access: 'Allow'\n          protocol: 'Tcp'\n          sourcePortRange: '*'\n          sourceAddressPrefix: source\n          destinationAddressPrefix: '*'\n          destinationPortRange: '22'\n        }\n      }\n    ]\n  }\n}\n";

const COMPILED: &str = r#"{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","metadata":{"_generator":{"name":"bicep","version":"0.30.0","templateHash":"1"}},"parameters":{"source":{"type":"string","defaultValue":"*"}},"resources":[{"type":"Microsoft.Network/networkSecurityGroups","apiVersion":"2023-09-01","name":"web-nsg","location":"[resourceGroup().location]","properties":{"securityRules":[{"name":"ssh","properties":{"priority":100,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourcePortRange":"*","sourceAddressPrefix":"[parameters('source')]","destinationAddressPrefix":"*","destinationPortRange":"22"}}]}}]}"#;

/// Puts a program that stands in for the compiler into a folder, and gives what `PATH` has to be.
fn compiler(folder: &Path, name: &str, script: &str) -> String {
    let path = folder.join("bin").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", path.parent().unwrap().display())
}

fn check(name: &str, words: &str) {
    let folder = scratch();
    std::fs::write(folder.path().join("main.bicep"), BICEP).unwrap();
    std::fs::write(folder.path().join("compiled.json"), COMPILED).unwrap();
    let path = compiler(folder.path(), name, "echo \"$@\" > called; cat compiled.json");
    let ran = run_in(folder.path(), &["check", "main.bicep", "--format", "json"], b"", &[("PATH", &path)]);
    assert_eq!(std::fs::read_to_string(folder.path().join("called")).unwrap().trim(), words);
    let report = ran.json();
    let finding = report["findings"].as_array().unwrap().iter().find(|one| one["code"] == "NET007").unwrap();
    assert_eq!(finding["location"], serde_json::json!({"file": "main.bicep", "line": 18, "column": 33}));
    // A parameter changes what is found.
    let ran = run_in(
        folder.path(),
        &["check", "main.bicep", "-p", "source=10.0.0.0/8", "--format", "json"],
        b"",
        &[("PATH", &path)],
    );
    assert!(ran.json()["findings"].as_array().unwrap().iter().all(|one| one["code"] != "NET007"));
}

#[test]
fn bicep_is_compiled_and_places_are_in_its_text() {
    check("bicep", "build main.bicep --stdout");
}

#[test]
fn az_compiles_where_bicep_is_not() {
    check("az", "bicep build --stdout --file main.bicep");
}

#[test]
fn what_the_compiler_says_is_told() {
    let folder = scratch();
    std::fs::write(folder.path().join("main.bicep"), "resource").unwrap();
    let path = compiler(folder.path(), "bicep", "echo 'main.bicep(1,1) : Error BCP068: no' >&2; exit 1");
    let ran = run_in(folder.path(), &["check", "main.bicep"], b"", &[("PATH", &path)]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("BCP068"), "{}", ran.err);
}

#[test]
fn without_a_compiler_it_is_said_how_to_get_one() {
    let folder = scratch();
    std::fs::write(folder.path().join("main.bicep"), BICEP).unwrap();
    let path = folder.path().join("empty").display().to_string();
    let ran = run_in(folder.path(), &["check", "main.bicep"], b"", &[("PATH", &path)]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("az bicep install") && ran.err.contains("bicep build"), "{}", ran.err);
    let ran = run_in(folder.path(), &["check", "main.bicep", "--lang", "ja"], b"", &[("PATH", &path)]);
    assert!(ran.err.contains("`bicep` コマンドが見つかりません"), "{}", ran.err);
}

#[test]
fn parameters_of_bicep_are_compiled_too() {
    let folder = scratch();
    std::fs::write(folder.path().join("main.json"), COMPILED).unwrap();
    std::fs::write(
        folder.path().join("main.bicepparam"),
        "using './main.bicep'\nparam source = '10.0.0.0/8'\n",
    )
    .unwrap();
    let answer = serde_json::json!({"parametersJson": r#"{"parameters":{"source":{"value":"10.0.0.0/8"}}}"#});
    std::fs::write(folder.path().join("answer.json"), answer.to_string()).unwrap();
    let path = compiler(folder.path(), "bicep", "cat answer.json");
    let arguments = ["check", "main.json", "-p", "main.bicepparam", "--format", "json"];
    let ran = run_in(folder.path(), &arguments, b"", &[("PATH", &path)]);
    assert!(
        ran.json()["findings"].as_array().unwrap().iter().all(|one| one["code"] != "NET007"),
        "{}",
        ran.err
    );
}
