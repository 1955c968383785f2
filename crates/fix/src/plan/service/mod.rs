//! Fixes of services around machines: Defender for Cloud, just-in-time access, backup, and of what stands beside machines: disks,
//! bastions, NICs.

mod backup;
mod bastion;
mod defender;
mod disk;
mod forwarding;
mod jit;
mod jit_rules;

use estate::resource_subscription;
use posture::Finding;

use super::coverage::{By, tasks_of};
use super::draft::{Draft, Task};
use super::{Plan, Planner};

type Theme = fn(&mut Draft<'_, '_>, &[Task<'_>]);

/// What can be planned, in the order in which it should be done.
const THEMES: [Theme; 9] = [
    defender::plans,
    defender::endpoint,
    jit::plan,
    jit_rules::plan,
    backup::vaults,
    backup::machines,
    disk::plan,
    bastion::plan,
    forwarding::plan,
];

pub(super) fn plan(planner: &Planner<'_>, findings: &[&Finding], plan: &mut Plan) {
    let tasks: Vec<Task<'_>> = tasks_of(By::Service, findings);
    let mut draft = Draft::new(planner, plan);
    for theme in THEMES {
        theme(&mut draft, &tasks);
    }
}

/// The subscription of what a finding is about, as the beginning of ids: `/subscriptions/…`.
fn subscription(draft: &Draft<'_, '_>, task: &Task<'_>) -> Option<String> {
    let name = resource_subscription(draft.estate().text(task.finding.resource))?;
    Some(format!("/subscriptions/{name}"))
}
