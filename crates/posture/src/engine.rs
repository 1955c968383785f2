//! Runs checks over an estate.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use estate::{Estate, Family, Kind, Known, Nsg, Origin, PortSet, Range, Reason, ResourceId, ScaleSet, Vm};
use rayon::prelude::*;
use reach::tags::Tags;
use reach::{Addresses, Reach};
use signin::{Directory, Rights, Who};

use crate::check::{Check, Checkpoint, Run, Subject};
use crate::checks::def005_defender_recommendation as recommendation;
use crate::checks::def006_defender_disagrees as disagreement;
use crate::checks::def012_recommendation_around as around;
use crate::exposure::exposing_groups;
use crate::lang::{Lang, say};
use crate::place::of_reason;
use crate::reason::{nothing_of, reason_text, settled_by};
use crate::score::{Score, Units};
use crate::settings::Settings;
use crate::suppress::Suppressed;
use crate::verdict::{Judged, Verdict};
use crate::view::{Context, Finding, Status, VmView};

/// What was judged elsewhere: by a policy, or by a check of the team's own.
pub struct Given {
    /// The check, which runs by [`Run::Given`].
    pub check: &'static Check,
    /// The resource.
    pub resource: ResourceId,
    /// What is said of it.
    pub judged: Judged,
}

/// Takes what checks say.
#[derive(Default)]
pub struct Sink {
    keep_passes: bool,
    pub(crate) findings: Vec<Finding>,
    passes: Vec<(&'static str, u64)>,
    /// What passed checks of many resources at once, which may speak of one several times.
    passed: BTreeMap<&'static str, Vec<ResourceId>>,
    pub(crate) unknown: BTreeMap<&'static str, Vec<(ResourceId, Vec<Reason>)>>,
    /// Machines with a group that lets the internet in to them.
    pub(crate) exposing: Vec<(ResourceId, ResourceId)>,
}

impl Sink {
    /// A check is not met.
    pub fn fail(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// A check is met.
    pub fn pass(&mut self, context: &Context<'_>, check: &'static Check, resource: ResourceId) {
        self.count_passes(check.code, 1);
        if !check.run.is_vm() {
            self.passed.entry(check.code).or_default().push(resource);
        }
        if self.keep_passes {
            self.findings.push(Finding {
                check,
                status: Status::Pass,
                severity: context.settings.severity_of(check),
                resource,
                message: say!(context.lang, "no such finding", "該当なし"),
                cause: None,
                evidence: Vec::new(),
                facts: Vec::new(),
                fix: "".into(),
            });
        }
    }

    /// What a check said of a resource.
    pub(crate) fn take(
        &mut self,
        context: &Context<'_>,
        check: &'static Check,
        resource: ResourceId,
        judged: Judged,
    ) {
        match judged {
            Ok(Verdict::NotFor) => {}
            Ok(Verdict::Pass) => self.pass(context, check, resource),
            Ok(Verdict::Fail(fault)) => self.fail(fault.finding(context, check, resource)),
            Err(reasons) => self.unknown(check, resource, reasons),
        }
    }

    /// Nobody can tell whether a check is met.
    pub fn unknown(&mut self, check: &'static Check, resource: ResourceId, reasons: Vec<Reason>) {
        self.unknown.entry(check.code).or_default().push((resource, reasons));
    }

    /// There are few checks, so a walk through the list is the quickest way to one.
    fn count_passes(&mut self, code: &'static str, count: u64) {
        match self.passes.iter_mut().find(|(its, _)| *its == code) {
            Some((_, sum)) => *sum += count,
            None => self.passes.push((code, count)),
        }
    }

    /// How much of a check was said up to now.
    fn mark(&self, code: &str) -> Mark {
        Mark {
            findings: self.findings.len(),
            passes: self.passes.iter().find(|(its, _)| *its == code).map_or(0, |(_, count)| *count),
            unknown: self.unknown.get(code).map_or(0, Vec::len),
        }
    }

    /// What a check has said since then; none where it is not about the machine.
    fn said_since(&self, code: &str, mark: Mark) -> Option<disagreement::Said> {
        let now = self.mark(code);
        let fails = |finding: &Finding| finding.status == Status::Fail && finding.check.code == code;
        if self.findings.iter().skip(mark.findings).any(fails) {
            Some(disagreement::Said::Fail)
        } else if now.unknown > mark.unknown {
            Some(disagreement::Said::Unknown)
        } else {
            (now.passes > mark.passes).then_some(disagreement::Said::Pass)
        }
    }

    /// Takes over what others have taken, each finding moved once.
    fn absorb(&mut self, others: Vec<Self>) {
        self.findings.reserve(others.iter().map(|other| other.findings.len()).sum());
        for other in others {
            self.findings.extend(other.findings);
            for (code, count) in other.passes {
                self.count_passes(code, count);
            }
            for (code, rows) in other.unknown {
                self.unknown.entry(code).or_default().extend(rows);
            }
            for (code, resources) in other.passed {
                self.passed.entry(code).or_default().extend(resources);
            }
            self.exposing.extend(other.exposing);
        }
    }
}

/// How much was said at some moment.
#[derive(Clone, Copy)]
struct Mark {
    findings: usize,
    passes: u64,
    unknown: usize,
}

/// Everything that checks said, in a fixed order.
pub struct Outcome {
    /// Failures (and passes, if they were asked for): by severity, check and resource.
    pub findings: Vec<Finding>,
    /// What nobody can tell, put together by check and reason.
    pub unknown: Vec<Unknown>,
    /// Checks that the input has nothing for, and why.
    pub not_assessed: Vec<(&'static Check, String)>,
    /// How often checks failed, passed and were unknown.
    pub tally: Tally,
    /// How well the estate stands.
    pub score: Score,
    /// The same for each check that ran, in their order.
    pub by_check: Vec<CheckTally>,
    /// Every resource that a check could not judge, by code, sorted.
    pub unknown_resources: BTreeMap<&'static str, Vec<ResourceId>>,
    /// What the team lives with, until a day.
    pub suppressed: Vec<Suppressed>,
}

/// Counts of one check.
#[derive(Clone, Copy)]
pub struct CheckTally {
    /// The check.
    pub check: &'static Check,
    /// Failures.
    pub fail: u64,
    /// Passes.
    pub pass: u64,
    /// Unknowns.
    pub unknown: u64,
}

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Failures.
    pub fail: u64,
    /// Passes.
    pub pass: u64,
    /// Unknowns.
    pub unknown: u64,
}

/// One thing that nobody can tell, for a number of resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The check.
    pub code: &'static str,
    /// Why.
    pub reason: String,
    /// What would settle it.
    pub settled_by: String,
    /// Both in English, whatever language was asked for: what tells one from another.
    pub key: String,
    /// For how many resources.
    pub count: usize,
    /// Some of them.
    pub sample: Vec<ResourceId>,
    /// Where the reference of the first of them stands: its record, and a pointer into it.
    pub place: Option<(Origin, String)>,
}

/// How many resources stand for those that are unknown.
const SAMPLE: usize = 5;

/// How many VMs or groups one thread looks at before it takes the next ones.
const BATCH: usize = 128;

/// What a run of checks goes by.
pub(crate) struct Judge<'j> {
    reach: &'j Reach<'j>,
    /// Those that the input has facts for.
    checks: Vec<&'static Check>,
    settings: &'j Settings,
    lang: Lang,
    /// The management ports, and all others.
    ports: [PortSet; 2],
    /// What the team's approved sources are together, of each family.
    approved: [Addresses; 2],
    keep_passes: bool,
    /// Whether what checks say is compared with what Defender for Cloud says.
    compares: bool,
    /// Whether what Defender for Cloud says and checks cannot is told.
    imports: bool,
}

impl<'j> Judge<'j> {
    pub(crate) fn new(
        reach: &'j Reach<'j>,
        checks: &[&'static Check],
        settings: &'j Settings,
        lang: Lang,
        keep_passes: bool,
    ) -> Self {
        let management: PortSet =
            settings.management_ports.iter().map(|port| Range { first: *port, last: *port }).collect();
        let approved = [Family::V4, Family::V6].map(|family| {
            let all = settings.approved.iter().map(|approved| approved.addresses(family));
            all.fold(Addresses::empty(), |sum, more| sum.union(&more))
        });
        let ports = [management.clone(), management.complement()];
        let checks: Vec<&'static Check> =
            checks.iter().copied().filter(|check| is_assessed(reach.estate(), check)).collect();
        let compares = checks.iter().any(|check| check.code == disagreement::CHECK.code);
        let imports = checks.iter().any(|check| check.code == recommendation::CHECK.code);
        Self { reach, checks, settings, lang, ports, approved, keep_passes, compares, imports }
    }

    pub(crate) fn sink(&self) -> Sink {
        Sink { keep_passes: self.keep_passes, ..Sink::default() }
    }

    fn context<'c>(&'c self, exposing: Option<&'c HashSet<ResourceId>>) -> Context<'c> {
        Context {
            reach: self.reach,
            settings: self.settings,
            lang: self.lang,
            exposing,
            ports: &self.ports,
            approved: &self.approved,
        }
    }

    fn view(&self, view: &VmView<'_>, sink: &mut Sink) {
        let context = self.context(None);
        let exposing = exposing_groups(&context, view).into_iter();
        sink.exposing.extend(exposing.map(|group| (view.vm.id, group)));
        let assessed = (self.compares || self.imports)
            && !self.reach.estate().around.assessments.of(view.vm.id).is_empty();
        let (from, mut said) = (sink.findings.len(), Vec::new());
        for check in &self.checks {
            let mark = assessed.then(|| sink.mark(check.code));
            match check.run {
                Run::Vm(run) => run(&context, view, sink),
                Run::Machine(run) => sink.take(&context, check, view.vm.id, run(&context, view)),
                Run::Nsg(_) | Run::Estate(..) | Run::Paths(..) | Run::People(..) | Run::Given => {}
            }
            let its = mark.and_then(|mark| sink.said_since(check.code, mark));
            said.extend(its.map(|its| (*check, its)));
        }
        if assessed && self.imports {
            recommendation::left_over(&context, view, &said, sink);
        }
        if assessed && self.compares {
            disagreement::compare(&context, view.vm.id, &said, from, sink);
        }
    }

    /// Looks at a VM.
    pub(crate) fn vm(&self, vm: &'j Vm, sink: &mut Sink) {
        self.view(&VmView::new(self.reach, vm), sink);
    }

    /// Looks at what a scale set makes its instances like.
    pub(crate) fn scale_set(&self, set: &'j ScaleSet, sink: &mut Sink) {
        if let Some(view) = VmView::of_scale_set(self.reach, set) {
            return self.view(&view, sink);
        }
        let reason = match &set.model {
            Some(Known::Unknown(reason)) => reason.as_ref().clone(),
            _ => self.reach.estate().partial(Kind::ScaleSet, set.id),
        };
        for check in self.checks.iter().filter(|check| check.run.is_vm()) {
            sink.unknown(check, set.id, vec![reason.clone()]);
        }
    }

    /// What leads to machines that the input does not hold may lead to open ports.
    fn astray(&self, sink: &mut Sink) {
        for (resource, reason) in self.reach.astray() {
            for check in self.checks.iter().filter(|check| check.run.is_vm()) {
                if matches!(check.run, Run::Vm(_))
                    && matches!(check.checkpoint, Checkpoint::Ports | Checkpoint::Udp)
                {
                    sink.unknown(check, *resource, vec![reason.clone()]);
                }
            }
        }
    }

    /// Looks at a group. `exposing` are those that let the internet in to a machine.
    pub(crate) fn group(&self, nsg: &Nsg, exposing: &HashSet<ResourceId>, sink: &mut Sink) {
        let context = self.context(Some(exposing));
        for check in &self.checks {
            if let Run::Nsg(run) = check.run {
                run(&context, nsg, sink);
            }
        }
    }

    /// Looks at everything.
    pub(crate) fn everything(&self) -> Sink {
        let estate = self.reach.estate();
        let vms = estate.vms.par_chunks(BATCH).map(|vms| {
            let mut part = self.sink();
            vms.iter().for_each(|vm| self.vm(vm, &mut part));
            part
        });
        let mut parts: Vec<Sink> = vms.collect();
        let mut others = self.sink();
        estate.scale_sets.iter().for_each(|set| self.scale_set(set, &mut others));
        self.astray(&mut others);
        parts.push(others);
        let exposing = parts.iter().flat_map(|part| part.exposing.iter().map(|(_, group)| *group)).collect();
        let groups = estate.nsgs.par_chunks(BATCH).map(|groups| {
            let mut part = self.sink();
            groups.iter().for_each(|nsg| self.group(nsg, &exposing, &mut part));
            part
        });
        parts.par_extend(groups);
        let people = self.checks.iter().any(|check| matches!(check.run, Run::People(..)));
        let directory = people.then(|| Directory::new(estate));
        let rights = directory.as_ref().map(Rights::new);
        let who = rights.as_ref().map(|rights| Who::new(rights, false));
        let whole = self.checks.par_iter().map(|check| {
            let mut part = self.sink();
            match (check.run, &who) {
                (Run::Estate(_, run) | Run::Paths(_, run), _) => run(&self.context(None), &mut part),
                (Run::People(_, run), Some(who)) => run(&self.context(None), who, &mut part),
                _ => {}
            }
            part
        });
        parts.par_extend(whole);
        let mut sink = self.sink();
        sink.absorb(parts);
        if self.checks.iter().any(|check| check.code == around::CHECK.code) {
            around::import(&self.context(None), &mut sink);
        }
        sink
    }
}

/// Whether the input has facts that a check can go by.
fn is_assessed(estate: &Estate, check: &Check) -> bool {
    check.feed.is_none_or(|feed| estate.holds(feed))
}

/// What the input holds none of, in words; none where it holds some.
fn lacks(estate: &Estate, subject: Subject, lang: Lang) -> Option<String> {
    let around = &estate.around;
    let (nothing, en, ja) = match subject {
        Subject::Machine => {
            (estate.vms.is_empty() && estate.scale_sets.is_empty(), "virtual machine", "仮想マシン")
        }
        Subject::Nsg => {
            (estate.nsgs.is_empty(), "network security group", "ネットワーク セキュリティ グループ")
        }
        Subject::Subnet => (!estate.subnets.iter().any(|subnet| subnet.described), "subnet", "サブネット"),
        Subject::Network => (estate.vnets.is_empty(), "virtual network", "仮想ネットワーク"),
        Subject::PublicIp => (estate.public_ips.is_empty(), "public IP address", "パブリック IP アドレス"),
        Subject::Disk => (
            estate.disks.is_empty() && around.snapshots.is_empty(),
            "disk or snapshot",
            "ディスクまたはスナップショット",
        ),
        Subject::Bastion => (around.bastions.is_empty(), "bastion", "Azure Bastion"),
        Subject::Vault => (around.vaults.is_empty(), "vault for backups", "バックアップ用のコンテナー"),
        Subject::JitPolicy => (
            around.jit_policies.is_empty(),
            "policy of just-in-time access",
            "Just-In-Time VM アクセスのポリシー",
        ),
        // What is missing of it is told by the facts that a check needs.
        Subject::Directory | Subject::Resource => (false, "", ""),
        Subject::Subscription => (
            estate.vms.is_empty() && estate.scale_sets.is_empty(),
            "subscription with machines",
            "仮想マシンを含むサブスクリプション",
        ),
    };
    nothing.then(|| say!(lang, "the input holds no {en}", "入力に{ja}が含まれていません"))
}

/// Runs checks over an estate. `keep_passes` is for people who want to see what was met.
pub fn run(
    estate: &Estate,
    tags: &Arc<Tags>,
    checks: &[&'static Check],
    settings: &Settings,
    lang: Lang,
    keep_passes: bool,
) -> Outcome {
    run_with(estate, tags, checks, settings, lang, keep_passes, Vec::new())
}

/// The same with what was judged elsewhere: its checks are among `checks` and run by [`Run::Given`].
pub fn run_with(
    estate: &Estate,
    tags: &Arc<Tags>,
    checks: &[&'static Check],
    settings: &Settings,
    lang: Lang,
    keep_passes: bool,
    given: Vec<Given>,
) -> Outcome {
    let reach = Reach::with_tags(estate, Arc::clone(tags));
    let judge = Judge::new(&reach, checks, settings, lang, keep_passes);
    let mut sink = judge.everything();
    let context = judge.context(None);
    for one in given {
        sink.take(&context, one.check, one.resource, one.judged);
    }
    drop(judge);
    // What was worked out about packets is much, and none of it is needed any more.
    rayon::join(|| finish(estate, checks, settings, lang, sink), || drop(reach)).0
}

/// Check, reason, what settles it.
type UnknownKey = (&'static str, String, String);

fn finish(
    estate: &Estate,
    checks: &[&'static Check],
    settings: &Settings,
    lang: Lang,
    sink: Sink,
) -> Outcome {
    let mut findings = sink.findings;
    for finding in &mut findings {
        finding.severity = settings.severity.get(finding.check.code).copied().unwrap_or(finding.severity);
    }
    let places = places(estate, &findings);
    let place = |id: ResourceId| places.get(&id).copied();
    findings.par_sort_by_cached_key(|finding| {
        let severity = std::cmp::Reverse(finding.severity);
        let cause = finding.cause.as_ref().map(|cause| (place(cause.resource), cause.key.clone()));
        (finding.status, severity, finding.check.code, cause, place(finding.resource))
    });
    let mut unknown: BTreeMap<UnknownKey, Vec<(ResourceId, Reason)>> = BTreeMap::new();
    let mut unknown_resources = BTreeMap::new();
    for (code, rows) in sink.unknown {
        let mut resources: Vec<_> = rows.iter().map(|(resource, _)| *resource).collect();
        resources.sort_unstable();
        unknown_resources.insert(code, resources);
        for (resource, mut reasons) in rows {
            reasons.sort_unstable();
            let mut told: Vec<(String, String)> = Vec::new();
            for reason in reasons {
                let texts = (reason_text(&reason, lang), settled_by(&reason, lang));
                // Of several references of one kind the first stands for all.
                if !told.contains(&texts) {
                    told.push(texts.clone());
                    unknown.entry((code, texts.0, texts.1)).or_default().push((resource, reason));
                }
            }
        }
    }
    let unknown = unknown
        .into_iter()
        .map(|((code, reason, settled_by), mut rows)| {
            rows.sort_by_cached_key(|(resource, _)| estate.text(*resource).to_ascii_lowercase());
            let count = rows.len();
            let english = |reason: &Reason| {
                format!("{}; {}", reason_text(reason, Lang::En), crate::reason::settled_by(reason, Lang::En))
            };
            let key = rows.first().map(|(_, reason)| english(reason)).unwrap_or_default();
            let place = rows.first().and_then(|(resource, reason)| of_reason(estate, *resource, reason));
            let sample = rows.into_iter().take(SAMPLE).map(|(resource, _)| resource).collect();
            Unknown { code, reason, settled_by, key, count, sample, place }
        })
        .collect();
    let mut not_assessed = Vec::new();
    for check in checks {
        if let Some(reason) = lacks(estate, check.run.subject(), lang) {
            not_assessed.push((*check, reason));
        } else if let Some(feed) = check.feed.filter(|_| !is_assessed(estate, check)) {
            not_assessed.push((*check, nothing_of(feed, lang)));
        }
    }
    let by_check = by_check(checks, &findings, &sink.passes, &unknown_resources);
    let tally = tally(&by_check);
    let mut failed: HashMap<&str, HashSet<ResourceId>> = HashMap::new();
    for finding in findings.iter().filter(|finding| finding.status == Status::Fail) {
        failed.entry(finding.check.code).or_default().insert(finding.resource);
    }
    // The score is the same for every team: what it adds of its own does not count.
    let counts = |its: &&CheckTally| !matches!(its.check.run, Run::Given);
    let units: Vec<Units> = by_check
        .iter()
        .filter(counts)
        .map(|its| units(its, &failed, &sink.passed, &unknown_resources))
        .collect();
    let lacks = |check: &Check| lacks(estate, check.run.subject(), lang).is_some();
    let score = Score::of(estate, settings, &units, lacks, |check| is_assessed(estate, check));
    let suppressed = Vec::new();
    Outcome { findings, unknown, not_assessed, tally, score, by_check, unknown_resources, suppressed }
}

/// The place of each resource of the findings in the order of ids, whatever their case.
fn places(estate: &Estate, findings: &[Finding]) -> HashMap<ResourceId, usize> {
    let mut all: Vec<ResourceId> = findings
        .iter()
        .flat_map(|finding| [Some(finding.resource), finding.cause.as_ref().map(|cause| cause.resource)])
        .flatten()
        .collect();
    all.par_sort_unstable();
    all.dedup();
    all.par_sort_by_cached_key(|id| estate.text(*id).to_ascii_lowercase());
    all.into_iter().zip(0..).collect()
}

fn by_check(
    checks: &[&'static Check],
    findings: &[Finding],
    passes: &[(&'static str, u64)],
    unknown: &BTreeMap<&'static str, Vec<ResourceId>>,
) -> Vec<CheckTally> {
    let mut fails: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.status == Status::Fail) {
        *fails.entry(finding.check.code).or_default() += 1;
    }
    let passes_of = |code: &str| passes.iter().find(|(its, _)| *its == code).map_or(0, |(_, count)| *count);
    checks
        .iter()
        .map(|check| CheckTally {
            check,
            fail: fails.get(check.code).copied().unwrap_or(0),
            pass: passes_of(check.code),
            unknown: unknown.get(check.code).map_or(0, |rows| rows.len() as u64),
        })
        .collect()
}

fn tally(by_check: &[CheckTally]) -> Tally {
    let sum = |count: fn(&CheckTally) -> u64| by_check.iter().map(count).sum();
    Tally { fail: sum(|its| its.fail), pass: sum(|its| its.pass), unknown: sum(|its| its.unknown) }
}

/// How many resources failed a check, passed it, and could not be judged: each by the worst that was said of it.
fn units(
    its: &CheckTally,
    failed: &HashMap<&str, HashSet<ResourceId>>,
    passed: &BTreeMap<&'static str, Vec<ResourceId>>,
    unknown: &BTreeMap<&'static str, Vec<ResourceId>>,
) -> Units {
    let check = its.check;
    let nothing = HashSet::new();
    let failed = failed.get(check.code).unwrap_or(&nothing);
    let unknown: HashSet<ResourceId> = unknown.get(check.code).into_iter().flatten().copied().collect();
    let open = unknown.difference(failed).count() as u64;
    let pass = match passed.get(check.code) {
        Some(all) => {
            let all: HashSet<&ResourceId> = all.iter().collect();
            all.into_iter().filter(|id| !failed.contains(*id) && !unknown.contains(*id)).count() as u64
        }
        None => its.pass,
    };
    Units { check, pass, fail: failed.len() as u64, unknown: open }
}
