//! Which guest configurations look whether a machine keeps a security baseline.

use estate::{GuestAssignment, Known, resource_name};

use crate::view::{Context, VmView};

/// Baselines of the whole system, by the beginnings of their names, lower case.
///
/// Source: the built-in policies `*Baseline_AINE` of <https://github.com/Azure/azure-policy> (2026-04-29).
const SYSTEM: [&str; 6] = [
    "azurewindowsbaseline",
    "azurelinuxbaseline",
    "ciswindowssecuritybaseline",
    "cislinuxsecuritybaseline",
    "ascstigwindowsbaseline",
    "ascstiglinuxbaseline",
];

/// Baselines of a part of it: SSH and Docker.
const PART: [&str; 4] =
    ["linuxnopasswordforssh", "linuxsshserversecuritybaseline", "secureshell", "azuredockerbaseline"];

fn begins(name: &str, all: &[&str]) -> bool {
    all.iter().any(|start| name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
}

/// What an assignment is called: the configuration, else its own name, which policies let begin so
/// (`LinuxSshServerSecurityBaseline$pid…`).
pub(crate) fn name<'e>(context: &Context<'e>, assignment: &'e GuestAssignment) -> &'e str {
    match &assignment.configuration {
        Some(Known::Value(name)) => name,
        _ => resource_name(context.estate().text(assignment.id)),
    }
}

/// The assignments of a machine that are about a baseline.
pub(crate) fn baselines<'e>(
    context: &Context<'e>,
    view: &VmView<'_>,
) -> impl Iterator<Item = &'e GuestAssignment> {
    let all = context.estate().around.guest_assignments.of(view.vm.id).iter();
    all.filter(|assignment| {
        let name = name(context, assignment);
        begins(name, &SYSTEM) || begins(name, &PART)
    })
}

/// Whether somebody looks at the baseline of the whole system.
pub(crate) fn is_looked_at(context: &Context<'_>, view: &VmView<'_>) -> bool {
    let mut all = context.estate().around.guest_assignments.of(view.vm.id).iter();
    all.any(|assignment| begins(name(context, assignment), &SYSTEM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baselines_are_known_by_their_names() {
        for (name, system, part) in [
            ("AzureWindowsBaseline", true, false),
            ("azurelinuxbaseline$pid123", true, false),
            ("LinuxSshServerSecurityBaseline$pidabc", false, true),
            ("LinuxNoPasswordForSSH", false, true),
            ("WindowsPendingReboot", false, false),
            ("Azure", false, false),
            ("MyAzureLinuxBaseline", false, false),
        ] {
            assert_eq!((begins(name, &SYSTEM), begins(name, &PART)), (system, part), "{name}");
        }
    }
}
