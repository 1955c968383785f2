//! Running the program as a person would.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What the program did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

/// Runs the program with a fixed clock, in English.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Ran {
    run_with(arguments, input, &[])
}

pub(crate) fn run_with(arguments: &[&str], input: &[u8], environment: &[(&str, &str)]) -> Ran {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments, input, environment)
}

/// A folder of its own, which goes away with the test.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The same in a folder.
pub(crate) fn run_in(folder: &Path, arguments: &[&str], input: &[u8], environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekimori"));
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in ["LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "CLICOLOR_FORCE", "PAGER"] {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SEKIMORI_")) {
        command.env_remove(name);
    }
    // Nothing that the person keeps comes into the tests.
    command.env("XDG_DATA_HOME", "/nonexistent");
    command.env("SOURCE_DATE_EPOCH", "1795424400").env("LANG", "C");
    command.envs(environment.iter().copied());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that stops reading early closes the pipe: that is its right.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join();
    Ran {
        code: output.status.code().expect("ended by a signal"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Checks of who gets to a machine and of its accounts, which need nothing but machines and networks: what tests of
/// reachability look at.
pub(crate) const REACHABILITY: &str = "ACC001,ACC002,NET001,NET002,NET003,NET004,NET005,NET006,NET007,NET008";

/// Checks a text from standard input for these.
pub(crate) fn check(text: &str) -> Value {
    run(&["check", "-", "--format", "json", "--select", REACHABILITY], text.as_bytes()).json()
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// The example estate.
pub(crate) fn example() -> String {
    root().join("examples/small-company").display().to_string()
}

/// All resources of the example, as `az` prints them.
pub(crate) fn example_resources() -> Vec<Value> {
    let mut all = Vec::new();
    for name in ["vms", "nics", "public-ips", "nsgs", "vnets"] {
        let text =
            std::fs::read_to_string(root().join(format!("examples/small-company/{name}.json"))).unwrap();
        let list: Vec<Value> = serde_json::from_str(&text).unwrap();
        all.extend(list);
    }
    all
}

pub(crate) const RG: &str = "/subscriptions/s/resourceGroups/rg/providers";

/// The id of a network resource: `publicIPAddresses/p`.
pub(crate) fn net(name: &str) -> String {
    format!("{RG}/Microsoft.Network/{name}")
}

/// A reference to a network resource.
pub(crate) fn id(name: &str) -> Value {
    json!({"id": net(name)})
}

/// A VM with a public address behind groups with these rules; `None` is no group at that level.
pub(crate) fn estate(sku: &str, subnet: Option<&str>, nic: Option<&str>) -> String {
    let group = |name: &str, rules: Option<&str>| {
        rules.map(|rules| format!(r#"{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/{name}","properties":{{"securityRules":[{rules}]}}}},"#)).unwrap_or_default()
    };
    let link = |name: &str, rules: Option<&str>| {
        rules.map(|_| format!(r#","networkSecurityGroup":{{"id":"{RG}/Microsoft.Network/networkSecurityGroups/{name}"}}"#)).unwrap_or_default()
    };
    format!(
        r#"[{}{}
        {{"id":"{RG}/Microsoft.Compute/virtualMachines/m","properties":{{"storageProfile":{{"osDisk":{{"osType":"Linux"}}}},"osProfile":{{"adminUsername":"kaede-1874","linuxConfiguration":{{"disablePasswordAuthentication":true}}}},"networkProfile":{{"networkInterfaces":[{{"id":"{RG}/Microsoft.Network/networkInterfaces/n"}}]}}}}}},
        {{"id":"{RG}/Microsoft.Network/publicIPAddresses/p","sku":{{"name":"{sku}"}},"properties":{{"ipAddress":"20.1.2.3"}}}},
        {{"id":"{RG}/Microsoft.Network/virtualNetworks/v","properties":{{"addressSpace":{{"addressPrefixes":["10.0.0.0/16"]}},"subnets":[{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/s","properties":{{"addressPrefix":"10.0.0.0/24"{}}}}}]}}}},
        {{"id":"{RG}/Microsoft.Network/networkInterfaces/n","properties":{{"virtualMachine":{{"id":"{RG}/Microsoft.Compute/virtualMachines/m"}}{},"ipConfigurations":[{{"name":"i","properties":{{"privateIPAddress":"10.0.0.4","subnet":{{"id":"{RG}/Microsoft.Network/virtualNetworks/v/subnets/s"}},"publicIPAddress":{{"id":"{RG}/Microsoft.Network/publicIPAddresses/p"}}}}}}]}}}}]"#,
        group("sg", subnet),
        group("ng", nic),
        link("sg", subnet),
        link("ng", nic),
    )
}

/// A rule: name, priority, access, protocol, source, ports.
pub(crate) fn rule(
    name: &str,
    priority: u32,
    access: &str,
    protocol: &str,
    source: &str,
    ports: &str,
) -> String {
    let list = |field: &str, value: &str| {
        if value.starts_with('[') {
            format!(r#""{field}s":{value}"#)
        } else {
            format!(r#""{field}":"{value}""#)
        }
    };
    format!(
        r#"{{"name":"{name}","properties":{{"priority":{priority},"direction":"Inbound","access":"{access}","protocol":"{protocol}",{},"destinationAddressPrefix":"*","sourcePortRange":"*",{}}}}}"#,
        if source.starts_with('[') {
            format!(r#""sourceAddressPrefixes":{source}"#)
        } else {
            format!(r#""sourceAddressPrefix":"{source}""#)
        },
        list("destinationPortRange", ports),
    )
}

/// The codes that fail in a report, sorted, each once.
pub(crate) fn codes(report: &Value) -> Vec<String> {
    let mut codes: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    codes.dedup();
    codes
}
