//! The rules that Defender for Cloud makes when a machine comes under just-in-time access: they close its ports to everybody,
//! to the network around, too.
//!
//! Source: <https://learn.microsoft.com/azure/defender-for-cloud/just-in-time-access-overview> (one deny rule for each machine in the
//! attached groups, behind the rules that are there).

use std::collections::BTreeSet;

use estate::{
    Access, AddressSpec, Change, Direction, Known, Place, Pointer, PortSet, PortSpec, Protocol, ResourceId,
    SecurityRule, Vm,
};
use serde_json::Value;

use crate::plan::{Fix, Planner};
use crate::write::{Act, at};

/// What a policy's fix makes of the groups of its machines, as far as their addresses are known.
pub(in crate::plan) fn jit_rules(planner: &Planner<'_>, fix: &Fix) -> Vec<Change> {
    let mut all = Vec::new();
    for step in &fix.steps {
        let target = step.write.target.to_ascii_lowercase();
        if !target.contains("/jitnetworkaccesspolicies/") {
            continue;
        }
        let (was, becomes) = match &step.write.act {
            Act::Put { was, becomes } => {
                let list = |value: &Value| at(value, "properties/virtualMachines").cloned();
                (was.as_ref().and_then(list), list(becomes))
            }
            Act::Edit { edits, .. } => {
                let edit = edits.iter().find(|edit| edit.path == "properties/virtualMachines");
                edit.map_or((None, None), |edit| (edit.was.clone(), edit.becomes.clone()))
            }
            Act::Delete { .. } | Act::Run { .. } => continue,
        };
        let before = ports_of(was.as_ref());
        for (machine, ports) in ports_of(becomes.as_ref()) {
            let covered = before.iter().find(|(its, _)| its.eq_ignore_ascii_case(&machine));
            let new: Vec<(u16, Protocol)> = ports
                .into_iter()
                .filter(|port| covered.is_none_or(|(_, covered)| !covered.contains(port)))
                .collect();
            let vm = planner.estate.ids().find(&machine).and_then(|id| planner.estate.vm(id));
            if let Some(vm) = vm.filter(|_| !new.is_empty()) {
                closing(planner, vm, &new, &mut all);
            }
        }
    }
    all
}

/// The ports of each machine of a policy.
fn ports_of(machines: Option<&Value>) -> Vec<(String, Vec<(u16, Protocol)>)> {
    let machines = machines.and_then(Value::as_array).into_iter().flatten();
    let of = |machine: &Value| {
        let id = machine.get("id")?.as_str()?.to_owned();
        let ports = machine.get("ports").and_then(Value::as_array).into_iter().flatten();
        let port = |port: &Value| {
            let number = u16::try_from(port.get("number")?.as_u64()?).ok()?;
            let protocol = match port.get("protocol").and_then(Value::as_str).unwrap_or("*") {
                tcp if tcp.eq_ignore_ascii_case("tcp") => Protocol::Tcp,
                udp if udp.eq_ignore_ascii_case("udp") => Protocol::Udp,
                _ => Protocol::Any,
            };
            Some((number, protocol))
        };
        Some((id, ports.filter_map(port).collect()))
    };
    machines.filter_map(of).collect()
}

/// One deny rule for each protocol, group and machine, at the last free priority.
fn closing(planner: &Planner<'_>, vm: &Vm, ports: &[(u16, Protocol)], all: &mut Vec<Change>) {
    let estate = planner.estate;
    let known = |field: &Option<Known<ResourceId>>| field.as_ref().and_then(|id| id.value().copied());
    for nic in vm.nics.iter().filter_map(|id| estate.nic(*id)) {
        let Some(Known::Value(ips)) = &nic.ip_configurations else { continue };
        let mut to = AddressSpec::default();
        let mut groups: BTreeSet<ResourceId> = known(&nic.nsg).into_iter().collect();
        for ip in ips {
            match ip.address.as_ref().and_then(Known::value) {
                Some(std::net::IpAddr::V4(one)) => {
                    to.v4 = to.v4.union(&estate::V4::one(u32::from(*one)));
                }
                Some(std::net::IpAddr::V6(one)) => {
                    to.v6 = to.v6.union(&estate::V6::one(u128::from(*one)));
                }
                // Its rules will name an address that nobody knows yet: all of the group is the safe side.
                None => to.any = true,
            }
            let subnet = known(&ip.subnet).and_then(|id| estate.subnet(id));
            groups.extend(subnet.and_then(|subnet| known(&subnet.nsg)));
        }
        for nsg in groups.into_iter().filter_map(|id| estate.nsg(id)) {
            let Some(Known::Value(rules)) = &nsg.rules else { continue };
            for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Any] {
                let here = ports.iter().filter(|(_, its)| *its == protocol);
                let set = here.fold(PortSet::default(), |sum, (port, _)| sum.union(&PortSet::one(*port)));
                if set.is_empty() {
                    continue;
                }
                let added = all.iter().filter_map(|change| match change {
                    Change::PutRule { nsg: its, rule } if *its == nsg.id => rule.priority.value().copied(),
                    _ => None,
                });
                let used: BTreeSet<u32> =
                    rules.iter().filter_map(|rule| rule.priority.value().copied()).chain(added).collect();
                let Some(priority) = (100..=4096).rev().find(|one| !used.contains(one)) else { continue };
                let rule = SecurityRule {
                    name: format!("MicrosoftDefenderForCloud-JITRule_-{priority}_{:032X}", all.len()).into(),
                    place: Place { origin: nsg.origins.first(), pointer: Pointer::default() },
                    priority: Known::Value(priority),
                    direction: Known::Value(Direction::Inbound),
                    access: Known::Value(Access::Deny),
                    protocol: Known::Value(protocol),
                    source: AddressSpec::any(),
                    destination: to.clone(),
                    source_ports: PortSpec::any(),
                    destination_ports: PortSpec { ports: set, unreadable: None },
                    description: None,
                };
                all.push(Change::PutRule { nsg: nsg.id, rule: Box::new(rule) });
            }
        }
    }
}
