//! What Azure has really answered, in a folder `shared` beside the repository: records of extensions, backups, updates and
//! of Defender for Cloud hold what stands there. Skipped, and said so, where there is no such folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use estate::split::Splitter;
use estate::{Collector, Estate, Field, Known, Part, SourceIndex};
use sonic_rs::{JsonContainerTrait, JsonValueTrait, Value};

fn responses() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
    let folder = root.join("shared/azure/responses");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no folder `shared` beside the repository, so recorded answers were not read");
    None
}

/// Reads a recording: the last answer for each path, as earlier ones are of other moments.
fn read(folder: &Path, name: &str) -> Estate {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let all: Value = sonic_rs::from_str(&text).unwrap();
    let mut last = BTreeMap::new();
    for exchange in all.as_array().unwrap().iter() {
        let text =
            |name: &str| exchange.get(name).and_then(|it| it.as_str()).unwrap_or_default().to_lowercase();
        let body = exchange.get("response_body").filter(|body| body.is_object() || body.is_array());
        let ended = exchange.get("status").and_then(|status| status.as_u64()) == Some(200);
        if let Some(body) = body.filter(|_| ended && text("method") == "get") {
            last.insert(text("path"), sonic_rs::to_string(body).unwrap());
        }
    }
    let collector = Collector::new();
    let mut part = Part::default();
    for (number, text) in (0u32..).zip(last.values()) {
        let mut splitter = Splitter::new();
        let source = SourceIndex(number);
        splitter.push(text.as_bytes(), &mut |cut| collector.read(&mut part, source, cut));
        splitter.finish(&mut |cut| collector.read(&mut part, source, cut));
    }
    collector.deliver(&mut part);
    collector.finish()
}

fn text(field: &Field<Box<str>>) -> &str {
    field.as_ref().and_then(Known::value).map_or("", |text| text)
}

fn value<T: Clone>(field: &Field<T>) -> Option<T> {
    field.as_ref().and_then(Known::value).cloned()
}

#[test]
fn just_in_time_policies() {
    let Some(folder) = responses() else { return };
    let estate = read(&folder, "cli__test_security_jit_policy.json");
    let of = |name: &str| {
        let named = |one: &estate::JitPolicy| {
            estate.text(one.machines.as_ref()?.value()?.first()?.vm).ends_with(name).then_some(())
        };
        estate.around.jit_policies.iter().find(|one| named(one).is_some()).unwrap()
    };
    let policy = of("/iaas-syn-aue");
    let machines = value(&policy.machines).unwrap();
    let port = &machines[0].ports[0];
    assert_eq!(
        (port.number, &*port.protocol, &*port.sources[0], port.longest),
        (3389, "*", "*", Some(10_800))
    );
    let requests = value(&policy.requests).unwrap();
    assert!(requests.len() > 2 && requests.iter().all(|one| one.until.is_some() && one.vm == machines[0].vm));
    assert_eq!(&*requests[0].status, "Revoked");
    let filtered = read(&folder, "c7n__VMTest.test_vm_jit_policy_port_filter.json");
    assert!(!filtered.around.jit_policies.is_empty());
}

#[test]
fn what_defender_says() {
    let Some(folder) = responses() else { return };
    let estate = read(&folder, "cli__test_security_assessments.json");
    assert!(estate.around.assessments.len() > 2, "{}", estate.around.assessments.len());
    for one in &estate.around.assessments {
        assert!(["Healthy", "Unhealthy", "NotApplicable"].contains(&text(&one.status)), "{one:?}");
        assert!(!text(&one.title).is_empty() && one.owner != one.id, "{one:?}");
    }
    let plans = read(&folder, "cli__test_security_pricings.json");
    let servers =
        plans.around.plans.iter().find(|plan| plans.text(plan.id).ends_with("/VirtualMachines")).unwrap();
    assert!(plans.text(servers.owner).starts_with("/subscriptions/"), "{servers:?}");
    assert!(["Free", "Standard"].contains(&text(&servers.tier)), "{servers:?}");
    let contacts = read(&folder, "c7n__DefenderTest.test_azure_defender_contacts.json");
    let contact = contacts.around.contacts.iter().next().unwrap();
    assert!(text(&contact.emails).contains('@') && value(&contact.by_role) == Some(true), "{contact:?}");
    let alerts = read(&folder, "cli__test_security_alerts.json");
    let about = |name: &str| {
        alerts.around.alerts.iter().any(|one| alerts.text(one.owner).to_lowercase().ends_with(name))
    };
    assert!(about("/alertstest"));
    let whole = |one: &estate::Alert| value(&one.at).is_some() && !text(&one.severity).is_empty();
    assert!(alerts.around.alerts.iter().all(whole));
    let rules = read(&folder, "cli__test_security_alerts_suppression_rule.json");
    let rule = rules.around.suppression_rules.iter().next().unwrap();
    assert!(!text(&rule.kind).is_empty() && !text(&rule.state).is_empty(), "{rule:?}");
    let exports = read(&folder, "cli__test_security_automations.json");
    let sends = |what: &str| {
        let all = exports.around.exports.iter();
        all.filter(|one| value(&one.sources).unwrap().iter().any(|its| **its == *what)).count()
    };
    assert!(sends("Alerts") > 0 && sends("SubAssessments") > 0);
    assert!(exports.around.exports.iter().all(|one| !value(&one.scopes).unwrap().is_empty()));
}

#[test]
fn backups() {
    let Some(folder) = responses() else { return };
    let estate = read(&folder, "cli__test_backup_item.json");
    let items = &estate.around.backup_items;
    assert!(!items.is_empty());
    for item in items {
        assert!(!text(&item.state).is_empty() && item.owner != item.id && item.policy.is_some(), "{item:?}");
        assert!(estate.text(item.owner).contains("/virtualMachines/"), "{item:?}");
    }
    let vaults = read(&folder, "cli__test_backup_softdelete.json");
    assert!(vaults.around.vaults.iter().any(|vault| text(&vault.redundancy) == "GeoRedundant"));
    let protected = read(&folder, "c7n__VMTest.test_vm_backup_status_protected.json");
    assert!(protected.vms.iter().any(|vm| vm.described));
}

#[test]
fn machines_and_what_is_on_them() {
    let Some(folder) = responses() else { return };
    let estate = read(&folder, "c7n__VMTest.virtual_machine_extensions.json");
    let script = estate.around.extensions.iter().find(|one| text(&one.handler) == "CustomScript").unwrap();
    assert_eq!((text(&script.publisher), text(&script.state)), ("Microsoft.Azure.Extensions", "Succeeded"));
    assert!(estate.text(script.owner).ends_with("/virtualMachines/cctestvm"), "{script:?}");
    let patched = read(&folder, "cli__test_linux_vm_patch_mode.json");
    assert!(patched.vms.iter().any(|vm| text(&vm.upkeep.patch_mode) == "AutomaticByPlatform"));
    let vms = read(&folder, "c7n__VMTest.virtual_machine.json");
    let image = vms.vms.iter().find_map(|vm| value(&vm.upkeep.image)).unwrap();
    assert!(!image.publisher.is_empty() && !image.offer.is_empty(), "{image:?}");
    let disks = read(&folder, "c7n__DiskTest.test_find_by_name.json");
    assert!(disks.disks.iter().any(|disk| text(&disk.guard.state) == "Unattached"));
    let bastions = read(&folder, "cli__test_network_bastion_host_create.json");
    let bastion = bastions.around.bastions.iter().next().unwrap();
    assert!(bastions.text(value(&bastion.subnet).unwrap()).ends_with("/AzureBastionSubnet"));
    assert_eq!(bastions.text(bastion.owner).rsplit('/').next(), Some("vnet"));
    let logs = read(&folder, "c7n__NetworkSecurityGroupFlowLogsFilterTest.test_flow_log_filter_all.json");
    assert!(logs.around.flow_logs.iter().all(|log| log.on.is_some() && log.owner != log.id));
    let rights = read(&folder, "cli__test_role_assignment_handle_conflicted_assignments.json");
    let assignment = rights.around.role_assignments.iter().next().unwrap();
    assert!(!text(&assignment.principal).is_empty() && assignment.role.is_some(), "{assignment:?}");
}
