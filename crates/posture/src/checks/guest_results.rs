//! What guest configurations look at inside a machine, and what came of it.

use estate::{Feed, GuestAssignment, GuestFailure, Known, Reason, resource_name};

use super::results::{Age, age};
use crate::remedy::one_line;
use crate::verdict::{Fault, Judged, Verdict, says};
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
const PART: [&str; 3] = ["linuxsshserversecuritybaseline", "secureshell", "azuredockerbaseline"];

/// Rules for passwords, and accounts that have none.
///
/// Source: the built-in policies `*_AINE` and `*_AuditIfNotExists` of <https://github.com/Azure/azure-policy> (2026-04-29).
const PASSWORDS: [&str; 7] = [
    "enforcepasswordhistory",
    "maximumpasswordage",
    "minimumpasswordage",
    "minimumpasswordlength",
    "passwordmustmeetcomplexityrequirements",
    "passwordpolicy_msid",
    "storepasswordsusingreversibleencryption",
];

/// Whether SSH takes passwords.
const SSH_PASSWORDS: [&str; 1] = ["linuxnopasswordforssh"];

/// What an assignment is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A security baseline, or a part of one.
    Baseline,
    /// Passwords of the machine's accounts.
    Passwords,
    /// Whether SSH takes passwords.
    SshPasswords,
    /// Anything else.
    Other,
}

fn about(name: &str) -> About {
    let baselines: Vec<&str> = SYSTEM.iter().chain(&PART).copied().collect();
    let all: [(&[&str], About); 3] = [
        (&baselines, About::Baseline),
        (&PASSWORDS, About::Passwords),
        (&SSH_PASSWORDS, About::SshPasswords),
    ];
    all.iter().find(|(starts, _)| begins(name, starts)).map_or(About::Other, |(_, about)| *about)
}

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

/// What came of the assignments of a machine that are about one thing.
#[derive(Default)]
pub(crate) struct Looked<'e> {
    /// Those that it does not keep.
    pub(crate) failed: Vec<&'e GuestAssignment>,
    /// Those that it keeps.
    pub(crate) kept: Vec<&'e GuestAssignment>,
    /// Why others tell nothing.
    pub(crate) open: Vec<Reason>,
}

/// What came of the assignments of a machine that are about something.
pub(crate) fn looked<'e>(context: &Context<'e>, view: &VmView<'_>, at: About) -> Looked<'e> {
    let mut all = Looked::default();
    for assignment in context.estate().around.guest_assignments.of(view.vm.id) {
        if about(name(context, assignment)) != at {
            continue;
        }
        match judge(context, assignment) {
            Ok(true) => all.kept.push(assignment),
            Ok(false) => all.failed.push(assignment),
            Err(reason) => all.open.push(reason),
        }
    }
    all
}

/// The verdict of a check of what machines are looked at for; `message` is made of their names and of the assignments that fail.
pub(crate) fn verdict(
    context: &Context<'_>,
    view: &VmView<'_>,
    at: About,
    message: impl FnOnce(&str, &[&GuestAssignment]) -> String,
) -> Judged {
    let Looked { failed, kept, open } = looked(context, view, at);
    if !failed.is_empty() {
        let message = message(&context.name(view.vm.id), &failed);
        return with_rules(Fault::new(message), &failed).verdict();
    }
    if !open.is_empty() {
        return Err(open);
    }
    context.whole(Feed::GuestConfiguration, view)?;
    // Nobody looks at it.
    Ok(if kept.is_empty() { Verdict::NotFor } else { Verdict::Pass })
}

/// Whether a machine keeps an assignment.
fn judge(context: &Context<'_>, assignment: &GuestAssignment) -> Result<bool, Reason> {
    let feed = Feed::GuestConfiguration;
    if let Some(Known::Unknown(reason)) = &assignment.status {
        return Err(reason.as_ref().clone());
    }
    let age = age(context, &assignment.origins, &assignment.at);
    if age == Age::Old {
        return Err(Reason::OldResult { feed });
    }
    if says(&assignment.status, "NonCompliant") {
        return Ok(false);
    }
    match says(&assignment.status, "Compliant") && age == Age::Fresh {
        true => Ok(true),
        false => Err(Reason::NoResult { feed }),
    }
}

/// The single rules that a machine does not keep.
pub(crate) fn failures<'e>(failed: &[&'e GuestAssignment]) -> Vec<&'e GuestFailure> {
    let all = failed.iter().filter_map(|assignment| assignment.failures.as_ref()?.value());
    all.flat_map(|failures| failures.iter()).collect()
}

/// The names of assignments, as findings tell them.
pub(crate) fn names(context: &Context<'_>, all: &[&GuestAssignment]) -> String {
    let names: Vec<String> = all.iter().map(|it| format!("`{}`", one_line(name(context, it)))).collect();
    names.join(", ")
}

/// A finding with the rules that are not kept, and where the first assignment stands.
pub(crate) fn with_rules(mut fault: Fault, failed: &[&GuestAssignment]) -> Fault {
    for rule in failures(failed) {
        let text = if rule.reason.is_empty() {
            one_line(&rule.rule)
        } else {
            format!("{}: {}", one_line(&rule.rule), one_line(&rule.reason))
        };
        fault = fault.fact("rule", text);
    }
    let Some(first) = failed.first() else { return fault };
    if let Some(Known::Value(at)) = &first.at {
        fault = fault.fact("looked_at", at.day());
    }
    fault.at_record(first.id, &first.origins, "/properties/complianceStatus")
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
    fn assignments_are_known_by_their_names() {
        for (name, system, expected) in [
            ("AzureWindowsBaseline", true, About::Baseline),
            ("azurelinuxbaseline$pid123", true, About::Baseline),
            ("LinuxSshServerSecurityBaseline$pidabc", false, About::Baseline),
            ("LinuxNoPasswordForSSH", false, About::SshPasswords),
            ("PasswordPolicy_msid110", false, About::Passwords),
            ("MinimumPasswordLength$pid1", false, About::Passwords),
            ("WindowsDefenderExploitGuard", false, About::Other),
            ("Azure", false, About::Other),
            ("MyAzureLinuxBaseline", false, About::Other),
        ] {
            assert_eq!((begins(name, &SYSTEM), about(name)), (system, expected), "{name}");
        }
    }
}
