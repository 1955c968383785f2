//! Which jobs may run at once: those that no resource of Azure's holds together.

use std::collections::HashMap;

use super::Job;

/// The jobs, by number, in lanes: jobs that write below the same resource are in one lane, in their order; lanes may run at
/// once. Lanes stand in the order of their first job.
pub fn lanes(jobs: &[Job]) -> Vec<Vec<usize>> {
    // Each job is led by an earlier one, or by itself.
    let mut leads: Vec<usize> = (0..jobs.len()).collect();
    let mut by_root: HashMap<String, usize> = HashMap::new();
    for (number, job) in jobs.iter().enumerate() {
        for task in &job.tasks {
            let root = task.write.root().to_ascii_lowercase();
            let other = *by_root.entry(root).or_insert(number);
            let (one, other) = (lead(&leads, number), lead(&leads, other));
            if let Some(its) = leads.get_mut(one.max(other)) {
                *its = one.min(other);
            }
        }
    }
    let mut lanes: Vec<Vec<usize>> = Vec::new();
    let mut lane_of: HashMap<usize, usize> = HashMap::new();
    for number in 0..jobs.len() {
        let lane = *lane_of.entry(lead(&leads, number)).or_insert_with(|| {
            lanes.push(Vec::new());
            lanes.len() - 1
        });
        if let Some(lane) = lanes.get_mut(lane) {
            lane.push(number);
        }
    }
    lanes
}

fn lead(leads: &[usize], mut number: usize) -> usize {
    while let Some(next) = leads.get(number).filter(|next| **next != number) {
        number = *next;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::{Act, Write};

    fn job(targets: &[&str]) -> Job {
        let write = |name: &&str| Write {
            target: format!("/subscriptions/s/resourceGroups/g/providers/{name}"),
            api_version: String::new(),
            act: Act::Run { action: "start".to_owned(), body: None, undo: None },
        };
        Job::new("f", "", targets.iter().map(write))
    }

    fn check(jobs: &[&[&str]], expected: &[&[usize]]) {
        let jobs: Vec<Job> = jobs.iter().map(|targets| job(targets)).collect();
        assert_eq!(lanes(&jobs), expected);
    }

    #[test]
    fn what_shares_a_resource_runs_in_turn() {
        check(&[], &[]);
        check(&[&["N/nsg/a"], &["N/nsg/b"]], &[&[0], &[1]]);
        // Rules of one group, in any case of letters.
        check(&[&["N/nsg/a/rules/x"], &["N/nsg/b"], &["n/NSG/A/rules/y"]], &[&[0, 2], &[1]]);
        // Over a third that writes to both.
        check(&[&["N/nsg/a"], &["N/nsg/b"], &["N/nic/c"], &["N/nsg/b", "N/nsg/a"]], &[&[0, 1, 3], &[2]]);
        check(&[&["N/nsg/a"], &[], &["N/nsg/a"]], &[&[0, 2], &[1]]);
    }
}
