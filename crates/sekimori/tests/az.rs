//! The real `az` client against the stand-in for Azure, and `sekimori` by its sign-in. `cargo xtask test --full` installs
//! azure-cli and names it in `SEKIMORI_AZ`; without it these tests do not run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod azure;
mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use azure::{CLIENT, Sim, TENANT};
use common::{example, example_resources, run_in, scratch};
use serde_json::Value;

/// `az`, signed in to a simulator that runs the example.
struct Az {
    program: PathBuf,
    folder: tempfile::TempDir,
    sim: Sim,
}

impl Az {
    fn signed_in() -> Self {
        let program =
            std::env::var_os("SEKIMORI_AZ").expect("SEKIMORI_AZ names `az`: cargo xtask test --full");
        let sim = azure::sim(example_resources(), Vec::new(), Vec::new());
        let folder = scratch();
        std::fs::write(folder.path().join("authority.pem"), &sim.authority).unwrap();
        let az = Self { program: program.into(), folder, sim };
        az.run(&["cloud", "register", "-n", "Sim", "--endpoint-resource-manager", &az.sim.base]);
        az.run(&["cloud", "set", "-n", "Sim"]);
        // Else it asks Microsoft whether the authority is one of theirs.
        az.run(&["config", "set", "core.instance_discovery=false"]);
        az.run(&["login", "--service-principal", "-u", CLIENT, "-p", "any", "--tenant", TENANT]);
        az
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |path: PathBuf| path.display().to_string();
        vec![
            ("AZURE_CONFIG_DIR", text(self.path().join("az"))),
            ("REQUESTS_CA_BUNDLE", text(self.path().join("authority.pem"))),
            ("AZURE_CORE_COLLECT_TELEMETRY", "no".to_owned()),
            ("AZURE_CORE_NO_COLOR", "yes".to_owned()),
        ]
    }

    fn output(&self, arguments: &[&str]) -> std::process::Output {
        Command::new(&self.program).args(arguments).envs(self.environment()).output().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "az {}: {error}", arguments.join(" "));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[arguments, &["-o", "json"]].concat())).unwrap()
    }

    /// What it says when it is refused.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(!output.status.success(), "az {}", arguments.join(" "));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

fn said(report: &Value) -> Vec<String> {
    let mut all: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        // Others tell more of a snapshot, which was asked for more than the files hold.
        .filter(|one| common::REACHABILITY.contains(one["code"].as_str().unwrap()))
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all
}

#[test]
#[ignore = "needs azure-cli: cargo xtask test --full"]
fn az_reads_the_simulator_as_it_reads_azure() {
    let az = Az::signed_in();
    let check = |source: &str| {
        let ran = run_in(az.path(), &["check", source, "--format", "json", "--fail-on", "never"], b"", &[]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.json()
    };
    // What `az` prints of the simulator is judged as what it was made from.
    let estate = az.path().join("estate");
    std::fs::create_dir(&estate).unwrap();
    for (file, arguments) in [
        ("vms", &["vm", "list", "-d"][..]),
        ("nics", &["network", "nic", "list"]),
        ("public-ips", &["network", "public-ip", "list"]),
        ("nsgs", &["network", "nsg", "list"]),
        ("vnets", &["network", "vnet", "list"]),
    ] {
        let text = az.run(&[arguments, &["-o", "json"]].concat());
        std::fs::write(estate.join(format!("{file}.json")), text).unwrap();
    }
    assert_eq!(said(&check("estate")), said(&check(&example())));
    let machines: Value =
        serde_json::from_str(&std::fs::read_to_string(estate.join("vms.json")).unwrap()).unwrap();
    let web = machines.as_array().unwrap().iter().find(|vm| vm["name"] == "web1").unwrap();
    assert_eq!(
        (&web["powerState"], &web["publicIps"]),
        (&"VM running".into(), &"20.210.10.4".into()),
        "{web:#}"
    );
    // Resource Graph, by its address.
    let url = format!("{}providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01", az.sim.base);
    let body = r#"{"query":"resources | where type in~ ('microsoft.compute/virtualmachines') | project id, name | order by id asc","options":{"$top":1000}}"#;
    let rows: Value =
        serde_json::from_str(&az.run(&["rest", "--method", "post", "--url", &url, "--body", body])).unwrap();
    assert_eq!(rows["totalRecords"], machines.as_array().unwrap().len(), "{rows:#}");
    assert_eq!(rows["data"].as_array().unwrap().len(), 5, "the simulator's pages are of five");

    // `sekimori` by the sign-in of `az`, with nothing else in the environment.
    let live = [
        "check",
        "--format",
        "json",
        "--fail-on",
        "never",
        "--cloud",
        &az.sim.base,
        "--authority",
        "authority.pem",
    ];
    let path = az.program.parent().unwrap().display().to_string();
    let path = format!("{path}:{}", std::env::var("PATH").unwrap_or_default());
    let environment = az.environment();
    let mut environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, text)| (*name, text.as_str())).collect();
    environment.extend([("PATH", path.as_str()), ("AZURE_TOKEN_CREDENTIALS", "dev")]);
    let ran = run_in(az.path(), &live, b"", &environment);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(said(&ran.json()), said(&check(&example())));
    let collect = ["collect", "-o", "e.ndjson.zst", "--cloud", &az.sim.base, "--authority", "authority.pem"];
    let ran = run_in(az.path(), &collect, b"", &environment);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("by azure-cli"), "{}", ran.err);

    // Signed out, it says what to do.
    az.run(&["logout"]);
    let ran = run_in(az.path(), &live, b"", &environment);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("azure-cli: ") && ran.err.contains("az login"), "{}", ran.err);
}

#[test]
#[ignore = "needs azure-cli: cargo xtask test --full"]
fn az_writes_rules_on_the_simulator_as_on_azure() {
    let az = Az::signed_in();
    // Without a word of it `az` waits half a minute between polls.
    az.sim.change(|world| {
        world.set_writes(azure_sim::Writes { retry_after: 1, ..azure_sim::Writes::default() })
    });
    let groups = az.json(&["network", "nsg", "list"]);
    let id = groups[0]["id"].as_str().unwrap().to_owned();
    let steps: Vec<&str> = id.split('/').collect();
    let place = ["--subscription", steps[2], "-g", steps[4], "--nsg-name", steps[8]];
    let rule = |verb: &'static str, more: &[&'static str]| -> Vec<&str> {
        [&["network", "nsg", "rule", verb][..], &place[..], more].concat()
    };
    let before = az.json(&rule("list", &[])).as_array().unwrap().len();
    let made = az.json(&rule(
        "create",
        &[
            "-n",
            "by-az",
            "--priority",
            "3999",
            "--access",
            "Allow",
            "--protocol",
            "Tcp",
            "--source-address-prefixes",
            "203.0.113.7",
            "--destination-port-ranges",
            "22",
            "443",
        ],
    ));
    assert_eq!(
        (&made["name"], &made["provisioningState"]),
        (&"by-az".into(), &"Succeeded".into()),
        "{made:#}"
    );
    assert_eq!(made["destinationPortRanges"], serde_json::json!(["22", "443"]));
    let listed = az.json(&rule("list", &[]));
    assert_eq!(listed.as_array().unwrap().len(), before + 1, "{listed:#}");
    let changed = az.json(&rule("update", &["-n", "by-az", "--access", "Deny"]));
    assert_eq!(changed["access"], "Deny", "{changed:#}");
    let shown = az.json(&rule("show", &["-n", "by-az"]));
    assert_eq!((&shown["access"], &shown["priority"]), (&"Deny".into(), &3999.into()), "{shown:#}");

    // What is refused is said as Azure says it, and changes nothing.
    let conflict = az.refused(&rule("create", &["-n", "other", "--priority", "3999"]));
    assert!(conflict.contains("(SecurityRuleConflict)") && conflict.contains("by-az"), "{conflict}");
    let ports = ["-n", "other", "--priority", "3998", "--destination-port-ranges", "90-80"];
    let odd = az.refused(&rule("create", &ports));
    assert!(odd.contains("(SecurityRuleInvalidPortRange)"), "{odd}");
    assert_eq!(az.json(&rule("list", &[])).as_array().unwrap().len(), before + 1);

    az.run(&rule("delete", &["-n", "by-az"]));
    let missing = az.refused(&rule("show", &["-n", "by-az"]));
    assert!(missing.contains("ResourceNotFound") || missing.contains("NotFound"), "{missing}");
    assert_eq!(az.json(&rule("list", &[])).as_array().unwrap().len(), before);
}
