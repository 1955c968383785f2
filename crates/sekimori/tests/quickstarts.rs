//! Microsoft's own templates, which lie in a folder `shared` beside the repository: all of them expand. Skipped, and said so,
//! where there is no such folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::path::{Path, PathBuf};

use common::{root, run};
use serde_json::Value;

fn templates() -> Option<PathBuf> {
    let folder = root().parent()?.join("shared/azure/templates");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "skipped: no folder `shared` beside the repository, so Microsoft's templates were not expanded"
    );
    None
}

/// What a template deploys: how many resources without values for its parameters, and how many with those of the file
/// beside it. They differ where the values say how often a loop runs, where a linked template is, or what is deployed.
const TEMPLATES: [(&str, usize, usize); 31] = [
    ("application-workloads/ckan/docker-ckan", 7, 7),
    ("application-workloads/perforce/perforce-helix-core-server", 6, 6),
    ("application-workloads/wordpress/docker-wordpress-mysql", 7, 7),
    ("demos/aks-nat-agic", 46, 46),
    ("demos/devtest-p2s-iis", 7, 7),
    ("demos/hub-and-spoke-sandbox", 18, 20),
    ("demos/private-aks-cluster", 16, 16),
    ("demos/vmss-cvm-fde", 3, 3),
    ("demos/vmss-windows-webapp-dsc-autoscale", 5, 5),
    ("quickstarts/microsoft.compute/2-vms-loadbalancer-natrules", 12, 12),
    ("quickstarts/microsoft.compute/encrypt-vmss-linux-jumpbox", 6, 6),
    ("quickstarts/microsoft.compute/glassfish-on-suse", 11, 16),
    ("quickstarts/microsoft.compute/multi-vmss-linux-lb-zones", 6, 6),
    ("quickstarts/microsoft.compute/vm-msi-storage", 7, 7),
    ("quickstarts/microsoft.compute/vm-simple-windows", 7, 7),
    ("quickstarts/microsoft.compute/vm-sshkey", 6, 6),
    ("quickstarts/microsoft.compute/vmss-custom-script-windows", 4, 4),
    ("quickstarts/microsoft.compute/vmss-flexible-orchestration-manual-add-vm", 12, 12),
    ("quickstarts/microsoft.compute/vmss-linux-nat-zones", 5, 5),
    ("quickstarts/microsoft.compute/vmss-trustedlaunch-windows", 5, 5),
    ("quickstarts/microsoft.compute/vmss-windows-nat", 9, 9),
    ("quickstarts/microsoft.machinelearningservices/aifoundry-networking-aoao", 69, 69),
    ("quickstarts/microsoft.network/application-security-group", 7, 7),
    ("quickstarts/microsoft.network/azure-firewall-dns-proxy", 68, 68),
    ("quickstarts/microsoft.network/azurefirewall-create-with-firewallpolicy-explicitproxy", 16, 16),
    ("quickstarts/microsoft.network/azurefirewall-create-with-zones", 3, 3),
    ("quickstarts/microsoft.network/azurefirewall-forced-tunneling", 18, 18),
    ("quickstarts/microsoft.network/azurefirewall-sandbox-linux", 14, 14),
    ("quickstarts/microsoft.network/azurefirewall-with-firewallpolicy-sandbox-linux", 15, 15),
    ("quickstarts/microsoft.network/site-to-site-vpn", 9, 9),
    ("quickstarts/microsoft.network/vnet-2subnets-service-endpoints-storage-integration", 10, 10),
];

/// What NET001 says of templates that a person has read: the status, and of each machine the message and the line of the
/// rule's port, or of the address where no group stands before the machine.
type Read = (&'static str, &'static str, &'static [(&'static str, u64)]);

const READ: [Read; 10] = [
    // A rule of the subnet's group; the template has another group that nothing uses.
    (
        "quickstarts/microsoft.compute/vm-sshkey",
        "fail",
        &[("SSH (TCP 22) of `GEN-UNIQUE-8-vm` is open to the whole internet", 100)],
    ),
    (
        "quickstarts/microsoft.compute/vm-simple-windows",
        "fail",
        &[("RDP (TCP 3389) of `simple-vm` is open to the whole internet", 181)],
    ),
    // A rule of the NIC's group.
    (
        "quickstarts/microsoft.compute/vm-msi-storage",
        "fail",
        &[("SSH (TCP 22) of `vm-msi` is open to the whole internet", 228)],
    ),
    // Port 80 is open by the first rule, port 22 by the second one.
    (
        "application-workloads/wordpress/docker-wordpress-mysql",
        "fail",
        &[("SSH (TCP 22) of `MyDockerVM` is open to the whole internet", 193)],
    ),
    // The rules are a list among the variables, and a parameter says for whom: `*` unless somebody says otherwise.
    (
        "application-workloads/perforce/perforce-helix-core-server",
        "fail",
        &[("SSH (TCP 22) of `helixcore1` is open to the whole internet", 135)],
    ),
    // The rule is for an application security group, to which the NIC belongs.
    (
        "quickstarts/microsoft.network/application-security-group",
        "fail",
        &[("SSH (TCP 22) of `VM` is open to the whole internet", 144)],
    ),
    // Two machines from a loop: one in a subnet with a group, one in a subnet without, behind an address of the basic SKU.
    (
        "quickstarts/microsoft.network/vnet-2subnets-service-endpoints-storage-integration",
        "fail",
        &[
            ("RDP (TCP 3389) of `testvm0` is open to the whole internet", 112),
            (
                "SSH 22, RDP 3389, WinRM (HTTP) 5985, WinRM (HTTPS) 5986 of `testvm1` are open to the whole internet",
                160,
            ),
        ],
    ),
    // No group anywhere.
    (
        "quickstarts/microsoft.compute/encrypt-vmss-linux-jumpbox",
        "fail",
        &[(
            "SSH 22, RDP 3389, WinRM (HTTP) 5985, WinRM (HTTPS) 5986 of `gen-uniqujbox` are open to the whole internet",
            171,
        )],
    ),
    // Rules of a load balancer lead to RDP, and a group without rules lets nobody in.
    (
        "quickstarts/microsoft.compute/2-vms-loadbalancer-natrules",
        "pass",
        &[("no such finding", 0), ("no such finding", 0)],
    ),
    // Members of a set without a model of its own.
    (
        "quickstarts/microsoft.compute/vmss-flexible-orchestration-manual-add-vm",
        "fail",
        &[
            ("SSH (TCP 22) of `MyVM01` is open to the whole internet", 145),
            ("SSH (TCP 22) of `MyVM02` is open to the whole internet", 145),
            ("SSH (TCP 22) of `MyVM03` is open to the whole internet", 145),
        ],
    ),
];

fn expand(template: &Path, parameters: Option<&Path>) -> Value {
    let mut words = vec!["expand", template.to_str().unwrap()];
    if let Some(parameters) = parameters {
        words.extend(["--parameters", parameters.to_str().unwrap()]);
    }
    let ran = run(&words, b"");
    assert_eq!(ran.code, 0, "{words:?}: {}", ran.err);
    let answer = ran.json();
    assert_eq!(answer["errors"].as_array().unwrap().len(), 0, "{words:?}");
    answer
}

/// The parameters that need a value. Of secure ones nobody asks for it.
fn without_a_value(template: &Value) -> Vec<&str> {
    let secure = |parameter: &Value| parameter["type"].as_str().unwrap().to_lowercase().starts_with("secure");
    let all = template["parameters"].as_object().unwrap().iter();
    all.filter(|(_, parameter)| parameter.get("defaultValue").is_none() && !secure(parameter))
        .map(|(name, _)| name.as_str())
        .collect()
}

#[test]
fn every_template_expands() {
    let Some(folder) = templates() else { return };
    let mut told = Vec::new();
    for (name, without, with) in TEMPLATES {
        let template = folder.join(name).join("azuredeploy.json");
        let bare = expand(&template, None);
        let notes = bare["unknown"].to_string();
        let text: Value = serde_json::from_str(&std::fs::read_to_string(&template).unwrap()).unwrap();
        for parameter in without_a_value(&text) {
            let note = format!("the parameter `{parameter}` has no value");
            assert!(notes.contains(&note), "{name}: {parameter}: {notes}");
        }
        let given = expand(&template, Some(&folder.join(name).join("azuredeploy.parameters.json")));
        assert!(!given["unknown"].to_string().contains("has no value"), "{name}: {}", given["unknown"]);
        let count = |answer: &Value| answer["resources"].as_array().unwrap().len();
        told.push((name, count(&bare), count(&given)));
        assert_eq!((count(&bare), count(&given)), (without, with), "{name}");
    }
    let index: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("index.json")).unwrap()).unwrap();
    assert_eq!(told.len(), index.as_array().unwrap().len(), "a template that nobody expands");
}

#[test]
fn what_their_rules_let_in_is_found() {
    let Some(folder) = templates() else { return };
    for (name, status, rows) in READ {
        let template = folder.join(name).join("azuredeploy.json");
        let parameters = folder.join(name).join("azuredeploy.parameters.json");
        let words =
            ["check", template.to_str().unwrap(), "-p", parameters.to_str().unwrap(), "--select", "NET001"];
        let report = run(&[&words[..], &["--all", "--format", "json"]].concat(), b"").json();
        let found: Vec<(&str, u64)> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["status"] == status)
            .map(|row| {
                (row["message"].as_str().unwrap(), row["location"]["line"].as_u64().unwrap_or_default())
            })
            .collect();
        assert_eq!(found, rows, "{name}");
        assert_eq!(report["unknown"].as_array().unwrap().len(), 0, "{name}");
    }
}
