//! How well an estate stands, in points of 100, and what to do next for the most points.
//!
//! The unit is one check of one resource. A check weighs what its severity weighs, and each of its resources the same part of
//! that. What passed is earned; what failed is lost; what nobody can tell is neither, and is not earned. So is a check of
//! which the input holds no facts, and one of which it holds no resource, unless it says that it was asked for all of these.
//!
//! INVARIANT: what is not told earns nothing, so telling less of the same resources never gives more points.

use estate::{Estate, Feed};

use crate::check::{Check, Checkpoint, Subject};
use crate::settings::Settings;

/// What one point of weight is divided into, so that parts of it stay whole numbers.
const PARTS: u128 = 1_000_000;

/// Checks that say nothing of what is well.
const QUIET: [&str; 5] = ["ENT004", "HRD012", "JIT006", "JIT009", "NET014"];

/// How many resources a check judged, each counted once, by the worst that was said of it.
#[derive(Clone, Copy)]
pub(crate) struct Units {
    pub(crate) check: &'static Check,
    pub(crate) pass: u64,
    pub(crate) fail: u64,
    pub(crate) unknown: u64,
}

/// Points of 100: what was earned, what was lost, and what nobody can tell. Together they are 100; what is earned is rounded down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// What passed.
    pub earned: u64,
    /// What failed.
    pub lost: u64,
    /// What nobody can tell.
    pub unknown: u64,
}

/// Something to do, and what it is worth.
#[derive(Clone, Copy)]
pub enum Step {
    /// Mend what a check found.
    Mend {
        /// The check.
        check: &'static Check,
        /// How many resources failed it.
        resources: u64,
    },
    /// Tell what the input does not hold.
    Tell {
        /// The facts; none where it is something of single resources.
        feed: Option<Feed>,
        /// How many checks would be settled by it, in part or in full.
        checks: u64,
    },
}

/// A step, with tenths of points of 100: for a mended finding what is gained, for what is not told what may be at the most.
#[derive(Clone, Copy)]
pub struct Gain {
    /// What to do.
    pub step: Step,
    /// Tenths of points.
    pub tenths: u64,
}

/// How well an estate stands.
#[derive(Clone, Default)]
pub struct Score {
    /// In all; none where nothing could be judged.
    pub all: Option<Points>,
    /// By checkpoint, in the order of the check list: those of which something counts.
    pub by_checkpoint: Vec<(Checkpoint, Points)>,
    /// What to do next, that which gains most first.
    pub next: Vec<Gain>,
    /// Checks that count and have said nothing, by code: the input holds nothing that they could go by.
    pub untold: Vec<&'static str>,
}

/// What a check counts, in parts of its weight.
struct Share {
    check: &'static Check,
    whole: u128,
    earned: u128,
    lost: u128,
    failed: u64,
    /// What is unknown for want of facts of a kind.
    lacks: Option<Feed>,
}

impl Share {
    fn unknown(&self) -> u128 {
        self.whole.saturating_sub(self.earned + self.lost)
    }
}

/// The facts that tell whether there is any resource that a check is about.
fn feed_of(subject: Subject) -> Feed {
    match subject {
        Subject::Machine | Subject::Disk | Subject::Subscription => Feed::Machines,
        Subject::Nsg | Subject::Subnet | Subject::Network | Subject::PublicIp | Subject::Bastion => {
            Feed::Networks
        }
        Subject::Vault => Feed::Vaults,
        Subject::JitPolicy => Feed::JitPolicies,
        Subject::Directory | Subject::Resource => Feed::AccessPolicies,
    }
}

impl Score {
    /// Of what checks said. `lacks` tells whether the input holds no resource that a check is about, `is_assessed` whether it
    /// holds the facts that the check needs.
    pub(crate) fn of(
        estate: &Estate,
        settings: &Settings,
        units: &[Units],
        lacks: impl Fn(&Check) -> bool,
        is_assessed: impl Fn(&Check) -> bool,
    ) -> Self {
        let machines = (estate.vms.len() + estate.scale_sets.len()) as u64;
        let whole = |feed: Feed| estate.coverage.is_whole(feed);
        let share = |its: &Units| {
            let check = its.check;
            let weight = u128::from(settings.severity_of(check).weight()) * PARTS;
            let nothing = |feed| Share { check, whole: weight, earned: 0, lost: 0, failed: 0, lacks: feed };
            let total = u128::from(its.pass) + u128::from(its.fail) + u128::from(its.unknown);
            if total == 0 && lacks(check) {
                let feed = feed_of(check.run.subject());
                return (!whole(feed)).then(|| nothing(Some(feed)));
            }
            if total == 0 && !is_assessed(check) {
                return Some(nothing(check.feed));
            }
            // A check that is about something bad alone passes where there is nothing of it.
            let silent = QUIET.contains(&check.code) && !lacks(check);
            let machines = if check.run.is_vm() { machines } else { u64::from(total == 0) };
            let pass = if silent { machines.saturating_sub(its.fail + its.unknown) } else { its.pass };
            let total = total - u128::from(its.pass) + u128::from(pass);
            if total == 0 {
                return check.feed.filter(|feed| !whole(*feed)).map(|feed| nothing(Some(feed)));
            }
            let part = |count: u64| weight * u128::from(count) / total;
            let (earned, lost) = (part(pass), part(its.fail));
            let lacks = check.feed.filter(|_| its.unknown > 0);
            Some(Share { check, whole: weight, earned, lost, failed: its.fail, lacks })
        };
        let shares: Vec<Share> = units.iter().filter_map(share).collect();
        let judged = units.iter().any(|its| its.pass + its.fail > 0);
        let all: u128 = shares.iter().map(|share| share.whole).sum();
        let by_checkpoint = Checkpoint::ALL
            .into_iter()
            .filter_map(|checkpoint| {
                let own = shares.iter().filter(|share| share.check.checkpoint == checkpoint);
                Some((checkpoint, points(own)?))
            })
            .collect();
        let silent = |share: &&Share| share.earned == 0 && share.lost == 0;
        let ran = |code: &str| units.iter().any(|its| its.check.code == code && its.unknown > 0);
        let untold = shares.iter().filter(silent).map(|share| share.check.code).filter(|code| !ran(code));
        Self {
            untold: untold.collect(),
            all: if judged { points(shares.iter()) } else { None },
            by_checkpoint,
            next: if judged { next(&shares, all) } else { Vec::new() },
        }
    }
}

fn points<'s>(shares: impl Iterator<Item = &'s Share> + Clone) -> Option<Points> {
    let sum = |what: fn(&Share) -> u128| -> u128 { shares.clone().map(what).sum() };
    let whole = sum(|share| share.whole);
    let of_100 = |part: u128| u64::try_from((part * 100).checked_div(whole)?).ok();
    let (earned, lost) = (of_100(sum(|share| share.earned))?, of_100(sum(|share| share.lost))?);
    let rest = 100u64.saturating_sub(earned);
    // What is left of parts that are not whole is unknown where anything is.
    let lost = if sum(Share::unknown) * 10_000 < whole { rest } else { lost };
    Some(Points { earned, lost, unknown: rest.saturating_sub(lost) })
}

/// What gains something, the most first; of what gains the same in the order of checks.
fn next(shares: &[Share], all: u128) -> Vec<Gain> {
    let tenths = |part: u128| (part * 1_000).checked_div(all).and_then(|tenths| u64::try_from(tenths).ok());
    let mut gains: Vec<Gain> = Vec::new();
    for share in shares.iter().filter(|share| share.failed > 0) {
        let step = Step::Mend { check: share.check, resources: share.failed };
        gains.push(Gain { step, tenths: tenths(share.lost).unwrap_or(0) });
    }
    let mut told: Vec<(Option<Feed>, u64, u128)> = Vec::new();
    for share in shares.iter().filter(|share| share.unknown() > 0) {
        match told.iter_mut().find(|(feed, ..)| *feed == share.lacks) {
            Some((_, checks, sum)) => {
                *checks += 1;
                *sum += share.unknown();
            }
            None => told.push((share.lacks, 1, share.unknown())),
        }
    }
    gains.extend(told.into_iter().map(|(feed, checks, sum)| Gain {
        step: Step::Tell { feed, checks },
        tenths: tenths(sum).unwrap_or(0),
    }));
    gains.retain(|gain| gain.tenths > 0);
    gains.sort_by_key(|gain| std::cmp::Reverse(gain.tenths));
    gains
}
