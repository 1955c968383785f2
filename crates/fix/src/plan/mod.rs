//! What is to be done about findings, by an order that is written down and never by guessing.
//!
//! Planners take findings in this order, and within a row resources by id. What can be done without a stop comes before what
//! restarts a VM, and that before what stops it. Whatever cannot be known from the input becomes an [`Ask`].
//!
//! | | what | findings | who |
//! |---|---|---|---|
//! | 1 | rules and public addresses | NET, JIT002 | `network` |
//! | 2 | boot diagnostics | HRD009 | `machine` |
//! | 3 | sign-in with Entra ID: identity, then extension | ENT001, ENT002 | `machine` |
//! | 4 | guest attestation, antimalware and its settings | HRD004, MAL001 on Windows, MAL002, MAL003 | `machine` |
//! | 5 | who installs and looks for updates | UPD001, UPD004 | `machine` |
//! | 6 | passwords over SSH | ACC002 | `machine` |
//! | 7 | updates, then restarts | UPD002, UPD003, DEF007 | `machine` |
//! | 8 | secure boot and virtual TPM: stops the VM | HRD002, HRD003 | `machine` |
//! | 9 | encryption at host: stops the VM | ENC001 | `machine` |
//! | 10 | plans of Defender for Cloud and their parts | DEF001, DEF002, DEF004, JIT007 | `service` |
//! | 11 | Defender for Endpoint, through its plan | MAL004, MAL001 on Linux | `service` |
//! | 12 | just-in-time access: policies, then rules that are left | JIT001, JIT003 to JIT006, JIT008, JIT009 | `service` |
//! | 13 | vaults, then backups | BKP004, BKP001 | `service` |
//! | 14 | disks, bastions, NICs | ENC006, NET021, NET022, NET012 | `service` |
//! | 15 | everything else that somebody has to decide | [`coverage()`] | `coverage` |
//!
//! Recommendations of Defender for Cloud (DEF005, DEF012) are taken by the row of the check that looks at the same.

mod coverage;
mod draft;
mod machine;
mod network;
mod private;
mod service;

pub use private::{Private, private, share};

use estate::{Change, Estate, ResourceId};
use posture::{Finding, Lang, Settings};
use reach::Reach;
use serde::Serialize;
use serde_json::Value;

use crate::lang::say;
use crate::owner::{self, Owner};
use crate::write::Write;

pub use coverage::{By, Cover, coverage};

/// What a plan is made from.
pub struct Planner<'p> {
    /// The estate.
    pub estate: &'p Estate,
    /// The same as a network.
    pub reach: &'p Reach<'p>,
    /// What the team has set; its approved sources are what rules are narrowed to.
    pub settings: &'p Settings,
    /// What the person has decided.
    pub options: &'p Options,
    /// The language of sentences.
    pub lang: Lang,
    /// What the input says of a resource, in Azure's nested shape (`properties` and all); nothing where it has no record.
    pub record: &'p dyn Fn(ResourceId) -> Option<Value>,
}

/// What a person has decided, and nobody may guess.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Rules that let strangers in are removed where no approved source is known to narrow them to.
    pub close: bool,
    /// Just-in-time access of Defender for Cloud takes the place of rules for management ports.
    pub lease: bool,
    /// Passwords over SSH are switched off in the guest: everybody who signs in has a key.
    pub passwords_off: bool,
    /// The Recovery Services vault that backups go to: its id.
    pub vault: Option<String>,
    /// The backup policy in that vault: its name.
    pub backup_policy: Option<String>,
}

/// Makes a plan for findings, failures alone.
pub fn plan(planner: &Planner<'_>, findings: &[&Finding]) -> Plan {
    let mut plan = Plan::default();
    network::plan(planner, findings, &mut plan);
    machine::plan(planner, findings, &mut plan);
    service::plan(planner, findings, &mut plan);
    coverage::ask_rest(planner, findings, &mut plan);
    wait_for_leases(planner, &mut plan);
    for fix in &mut plan.fixes {
        fix.besides = network::jit_rules(planner, fix);
    }
    let locks = owner::locks(planner.estate, planner.record);
    for fix in &mut plan.fixes {
        tell_owner(planner, &locks, fix);
    }
    plan
}

/// A rule that a lease takes the place of goes once the lease is there: after the fix that makes it, or not at all.
fn wait_for_leases(planner: &Planner<'_>, plan: &mut Plan) {
    let makers: Vec<(ResourceId, String)> = plan
        .fixes
        .iter()
        .flat_map(|fix| fix.closes.iter().map(|closes| (closes, &fix.id)))
        .filter(|(closes, _)| matches!(closes.code, "JIT001" | "JIT003"))
        .map(|(closes, id)| (closes.resource, id.clone()))
        .collect();
    let (mut fixes, mut asks) = (Vec::new(), Vec::new());
    for mut fix in std::mem::take(&mut plan.fixes) {
        let lang = planner.lang;
        let maker = |machine: &ResourceId| makers.iter().find(|(its, _)| its == machine);
        if let Some(without) = fix.leases.iter().find(|machine| maker(machine).is_none()) {
            let name = estate::resource_name(planner.estate.text(*without)).to_owned();
            asks.push(Ask {
                closes: fix.closes,
                question: say!(
                    lang,
                    "`{name}` has no just-in-time access, and this plan makes none, so the rule stays",
                    "`{name}` には JIT VM アクセスがなく、この計画でも設定しないため、規則は変更しません"
                ),
                answers: vec![
                    say!(
                        lang,
                        "plan for JIT001 and JIT003, too (`--select`), from what `sekimori collect` brings",
                        "`sekimori collect` の結果に対し、JIT001 と JIT003 も対象にしてください (`--select`)"
                    ),
                    say!(lang, "`--close`: nobody needs the port", "`--close`: ポートは不要なので閉じます"),
                ],
            });
            continue;
        }
        let after: std::collections::BTreeSet<String> =
            fix.leases.iter().filter_map(maker).map(|(_, id)| id.clone()).collect();
        fix.after = after.into_iter().collect();
        if !fix.after.is_empty() {
            fix.notes.push(say!(
                lang,
                "only once the just-in-time access is there ({}): else nobody gets in",
                "JIT VM アクセスの設定 ({}) が完了してから適用します (先に適用すると誰も接続できなくなります)",
                fix.after.join(", ")
            ));
        }
        fixes.push(fix);
    }
    // What waits stands behind what it waits for, in every form.
    let (first, then): (Vec<Fix>, Vec<Fix>) = fixes.into_iter().partition(|fix| fix.after.is_empty());
    plan.fixes = first;
    plan.fixes.extend(then);
    plan.asks.extend(asks);
}

/// Notes who owns what a fix changes, and which locks stop it.
fn tell_owner(planner: &Planner<'_>, locks: &[owner::Lock], fix: &mut Fix) {
    let writes = || fix.steps.iter().map(|step| &step.write);
    let (stop, other): (Vec<&owner::Lock>, Vec<_>) =
        locks.iter().partition(|lock| writes().any(|write| lock.stops(write)));
    let back: Vec<Write> = writes().filter_map(Write::undo).collect();
    let back = other.into_iter().filter(|lock| back.iter().any(|write| lock.stops(write)));
    let owner = owner::of_writes(planner.estate, planner.record, writes());
    fix.notes.extend(stop.iter().map(|lock| lock.text(planner.lang)));
    fix.notes.extend(back.map(|lock| lock.way_back(planner.lang)).collect::<Vec<_>>());
    fix.notes.extend(owner.iter().map(|owner| owner.text(planner.lang)));
    fix.locks = stop.iter().map(|lock| lock.id.clone()).collect();
    fix.owner = owner;
}

/// A name that stays the same as long as the fix is the same: what it changes, and to what.
pub(crate) fn name_of(kind: &str, parts: &[&str]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.to_ascii_lowercase().as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let number = digest.iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{kind}-{number:012x}")
}

/// Everything that can be done about the findings of an estate.
#[derive(Default)]
pub struct Plan {
    /// What can be done, in the order in which it should be.
    pub fixes: Vec<Fix>,
    /// What somebody has to decide first.
    pub asks: Vec<Ask>,
}

/// One thing to do: everything that has to change together.
#[derive(Default)]
pub struct Fix {
    /// A stable name: what it changes, and to what.
    pub id: String,
    /// What it does, in the asked language.
    pub title: String,
    /// The findings that it closes.
    pub closes: Vec<Closes>,
    /// What is written, in order.
    pub steps: Vec<Step>,
    /// What it costs and stops.
    pub effects: Effects,
    /// What people should know besides, in the asked language.
    pub notes: Vec<String>,
    /// Who owns what is changed, where a mark shows it: code that would take the change back, or a service.
    pub owner: Option<Owner>,
    /// The ids of locks that stop a step.
    pub locks: Vec<String>,
    /// The ids of fixes that have to be made before: without them this one must not begin.
    pub after: Vec<String>,
    /// What Azure makes of it by itself, for proofs: rules that just-in-time access closes ports with.
    pub besides: Vec<Change>,
    /// Machines that need just-in-time access before: what `after` is made from.
    pub(crate) leases: Vec<ResourceId>,
}

/// A finding that a fix closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closes {
    /// The code of the check.
    pub code: &'static str,
    /// The stable id of the finding.
    pub finding: String,
    /// What it is about.
    pub resource: ResourceId,
}

/// One write, and what it makes of the estate.
pub struct Step {
    /// What it does, in the asked language.
    pub says: String,
    /// What is written.
    pub write: Write,
    /// What it changes for packets, for proofs; nothing where it changes nothing there.
    pub change: Option<Change>,
}

/// What a fix costs and stops.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effects {
    /// What it costs from then on, in the asked language; nothing where it is free.
    pub cost: Option<String>,
    /// Whether the operating system starts anew, or may.
    pub restart: bool,
    /// Whether the VM has to be stopped and deallocated, so that a dynamic address is lost.
    pub deallocates: bool,
    /// What does not work meanwhile or afterwards, in the asked language.
    pub downtime: Option<String>,
}

/// A finding for which somebody has to decide.
pub struct Ask {
    /// What is asked about.
    pub closes: Vec<Closes>,
    /// What cannot be known here, in the asked language.
    pub question: String,
    /// What to say for each answer: options of the command, or what to do by hand, in the asked language.
    pub answers: Vec<String>,
}
