//! The JSON form, stable: `docs/schema/check-1.json` is its schema.

use std::collections::BTreeMap;
use std::io::{self, Write};

use posture::{CHECKS, Comparison, Finding, Lang, PortEvidence, Status, Step};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Value, json};

use crate::controls::{self, CatalogueForm};
use crate::problem::problem_text;
use crate::standing::step_text;
use crate::through::{ThroughForm, noun};
use crate::{Report, SCHEMA};

/// Writes the report as JSON, indented so that people can read it, too. Of many findings no more than some thousands are
/// held as text at a time.
///
/// # Errors
///
/// Those of the writer.
pub fn write_json(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let frame = frame(report)?;
    // Line ends within texts are escaped, and nothing inside is indented as little: this is the list itself.
    let place = format!("\n  \"{FINDINGS}\": []");
    let (head, tail) = frame.split_once(&place).unwrap_or((&frame, ""));
    out.write_all(head.as_bytes())?;
    out.write_all(format!("\n  \"{FINDINGS}\": [").as_bytes())?;
    let mut first = true;
    for batch in report.outcome.findings.chunks(BATCH) {
        let texts = batch.par_chunks(BATCH / 64).map(|part| findings_text(report, part));
        for text in texts.collect::<io::Result<Vec<_>>>()? {
            // Each finding begins with the comma that divides it from the one before.
            out.write_all(text.get(usize::from(first)..).unwrap_or_default())?;
            first = false;
        }
    }
    out.write_all(if first { b"]" } else { b"\n  ]" })?;
    out.write_all(tail.as_bytes())?;
    out.write_all(b"\n")
}

const FINDINGS: &str = "findings";

/// How many findings are made text at a time.
const BATCH: usize = 1 << 13;

/// Findings as they stand in the list, a comma before each.
fn findings_text(report: &Report<'_>, findings: &[Finding]) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(findings.len() * 2048);
    for finding in findings {
        text.extend_from_slice(b",\n    ");
        // As deep as an element of a list of the document.
        let mut formatter = PrettyFormatter::new();
        formatter.begin_object(&mut io::sink())?;
        formatter.begin_array(&mut io::sink())?;
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
        FindingForm::of(report, finding).serialize(&mut serializer)?;
    }
    Ok(text)
}

/// The report without its findings.
fn frame(report: &Report<'_>) -> io::Result<String> {
    let estate = report.estate;
    let outcome = report.outcome;
    let place = |at: &estate::At| place_text(report, at);
    let document = Document {
        schema: SCHEMA,
        as_of: &report.as_of,
        source: &report.source,
        tags_data: report.tags_data,
        estate: counts(report),
        findings: [],
        unknown: outcome
            .unknown
            .iter()
            .map(|row| UnknownForm {
                code: row.code,
                reason: &row.reason,
                settled_by: &row.settled_by,
                count: row.count,
                sample: row.sample.iter().map(|id| estate.text(*id)).collect(),
                pointer: row.place.as_ref().map(|(_, pointer)| pointer.as_str()),
                location: row
                    .place
                    .as_ref()
                    .and_then(|(origin, pointer)| (report.locate)(*origin, pointer))
                    .map(LocationForm::of),
            })
            .collect(),
        not_assessed: outcome
            .not_assessed
            .iter()
            .map(|(check, reason)| NotAssessedForm { code: check.code, reason })
            .collect(),
        errors: report
            .errors
            .iter()
            .map(|(problem, location)| ErrorForm {
                file: &location.file,
                line: location.line,
                column: location.column,
                pointer: match &problem.at {
                    estate::At::Place(place) => Some(&*place.pointer),
                    estate::At::Offset { .. } => None,
                },
                message: problem_text(&problem.kind, report.lang, &place),
            })
            .collect(),
        summary: SummaryForm {
            fail: outcome.tally.fail,
            pass: outcome.tally.pass,
            unknown: outcome.tally.unknown,
            score: outcome.score.all.map(|points| points.earned),
            suppressed: outcome.suppressed.len(),
        },
        score: ScoreForm::of(report),
        compliance: controls::forms(report),
        suppressed: outcome
            .suppressed
            .par_iter()
            .map(|row| SuppressedForm {
                suppression: report.suppressions.get(row.by).map(|decision| DecisionForm {
                    reason: &decision.reason,
                    until: decision.until.to_string(),
                }),
                finding: FindingForm::of(report, &row.finding),
            })
            .collect(),
        baseline: report.comparison.map(BaselineForm::of),
        exposes: report.exposes,
        notices: report.notices,
        settings: report
            .own_settings
            .iter()
            .map(|(key, value, from)| (key.as_str(), SettingForm { value, from }))
            .collect(),
        unmet: report.unmet,
    };
    Ok(serde_json::to_string_pretty(&document)?)
}

#[derive(Serialize)]
struct Document<'r> {
    schema: &'static str,
    as_of: &'r str,
    source: &'r str,
    tags_data: &'r str,
    estate: CountsForm<'r>,
    /// Written one by one.
    findings: [FindingForm<'r>; 0],
    unknown: Vec<UnknownForm<'r>>,
    not_assessed: Vec<NotAssessedForm<'r>>,
    errors: Vec<ErrorForm<'r>>,
    summary: SummaryForm,
    score: ScoreForm,
    compliance: Vec<CatalogueForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressed: Vec<SuppressedForm<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<BaselineForm<'r>>,
    /// Who reaches what after a deployment and not before.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposes: Option<&'r crate::difference::Compared>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notices: &'r [String],
    /// What the team has set otherwise than by default.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<&'r str, SettingForm<'r>>,
    /// Checks that had to be judged and were not.
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    unmet: &'r [&'static str],
}

/// A setting as people write it, and who says so.
#[derive(Serialize)]
struct SettingForm<'r> {
    value: &'r str,
    from: &'r str,
}

/// A finding that the team lives with.
#[derive(Serialize)]
struct SuppressedForm<'r> {
    suppression: Option<DecisionForm<'r>>,
    #[serde(flatten)]
    finding: FindingForm<'r>,
}

#[derive(Serialize)]
struct DecisionForm<'r> {
    reason: &'r str,
    until: String,
}

/// What has changed since an earlier check.
#[derive(Serialize)]
struct BaselineForm<'r> {
    as_of: &'r str,
    /// The score of then.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u64>,
    new: u64,
    unchanged: u64,
    fixed: Vec<GoneForm<'r>>,
    changed: Vec<GoneForm<'r>>,
    unsettled: Vec<GoneForm<'r>>,
}

#[derive(Serialize)]
struct GoneForm<'r> {
    id: &'r str,
    code: &'r str,
    resource: &'r str,
    message: &'r str,
    why: &'static str,
}

impl<'r> BaselineForm<'r> {
    fn of(comparison: &'r Comparison) -> Self {
        let form = |(before, why): &'r (posture::Before, posture::Gone)| GoneForm {
            id: &before.id,
            code: &before.code,
            resource: &before.resource,
            message: &before.message,
            why: why.name(),
        };
        Self {
            as_of: &comparison.as_of,
            score: comparison.score,
            new: comparison.new,
            unchanged: comparison.unchanged,
            fixed: comparison.fixed().map(form).collect(),
            changed: comparison.changed().map(form).collect(),
            unsettled: comparison.unsettled().map(form).collect(),
        }
    }
}

/// How many resources of each kind were read.
#[derive(Serialize)]
struct CountsForm<'r> {
    vms: usize,
    nics: usize,
    nsgs: usize,
    public_ips: usize,
    vnets: usize,
    subnets: usize,
    route_tables: usize,
    asgs: usize,
    load_balancers: usize,
    disks: usize,
    /// VMs without a record of their own.
    mentioned_vms: usize,
    /// Those that no check reads yet, by type.
    other: BTreeMap<&'r str, u64>,
}

#[derive(Serialize)]
struct UnknownForm<'r> {
    code: &'static str,
    reason: &'r str,
    settled_by: &'r str,
    count: usize,
    sample: Vec<&'r str>,
    /// Where the reference of the first of the sample stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationForm>,
}

#[derive(Serialize)]
struct NotAssessedForm<'r> {
    code: &'static str,
    reason: &'r str,
}

#[derive(Serialize)]
struct ErrorForm<'r> {
    file: &'r str,
    line: usize,
    column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'r str>,
    message: String,
}

#[derive(Serialize)]
struct SummaryForm {
    fail: u64,
    pass: u64,
    unknown: u64,
    score: Option<u64>,
    #[serde(skip_serializing_if = "is_zero")]
    suppressed: usize,
}

/// How well the estate stands, and what to do next: see `docs/score.md`.
#[derive(Serialize)]
struct ScoreForm {
    all: Option<PointsForm>,
    checkpoints: Vec<CheckpointForm>,
    next: Vec<StepForm>,
}

#[derive(Serialize)]
struct PointsForm {
    earned: u64,
    lost: u64,
    unknown: u64,
}

#[derive(Serialize)]
struct CheckpointForm {
    checkpoint: &'static str,
    #[serde(flatten)]
    points: PointsForm,
}

#[derive(Serialize)]
struct StepForm {
    /// `mend`, `tell`.
    step: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_by: Option<&'static str>,
    text: String,
    /// Points of 100.
    points: f64,
}

impl PointsForm {
    fn of(points: posture::Points) -> Self {
        Self { earned: points.earned, lost: points.lost, unknown: points.unknown }
    }
}

impl ScoreForm {
    fn of(report: &Report<'_>) -> Self {
        let score = &report.outcome.score;
        let by_checkpoint = score.by_checkpoint.iter().map(|(checkpoint, points)| CheckpointForm {
            checkpoint: checkpoint.name(),
            points: PointsForm::of(*points),
        });
        let next = score.next.iter().map(|gain| {
            let (step, code, resources, checks, settled_by) = match gain.step {
                Step::Mend { check, resources } => ("mend", Some(check.code), Some(resources), None, None),
                Step::Tell { feed, checks } => {
                    ("tell", None, None, Some(checks), feed.map(posture::feed_command))
                }
            };
            #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
            let points = gain.tenths as f64 / 10.0;
            StepForm { step, code, resources, checks, settled_by, text: step_text(gain, report.lang), points }
        });
        Self {
            all: score.all.map(PointsForm::of),
            checkpoints: by_checkpoint.collect(),
            next: next.collect(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[derive(Serialize)]
struct FindingForm<'r> {
    id: String,
    code: &'static str,
    slug: &'static str,
    checkpoint: &'static str,
    status: &'static str,
    severity: &'static str,
    /// Whether it was there in the earlier check.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'static str>,
    resource: &'r str,
    message: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<CauseForm<'r>>,
    #[serde(skip_serializing_if = "EvidenceForm::is_empty")]
    evidence: EvidenceForm<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationForm>,
    #[serde(skip_serializing_if = "str::is_empty")]
    fix: &'r str,
}

#[derive(Serialize)]
struct CauseForm<'r> {
    resource: &'r str,
    pointer: &'r str,
}

#[derive(Serialize)]
struct LocationForm {
    file: String,
    line: usize,
    column: usize,
    /// The address of a resource in a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

impl LocationForm {
    fn of(at: crate::Location) -> Self {
        Self { file: at.file, line: at.line, column: at.column, address: at.address }
    }
}

#[derive(Serialize)]
pub(crate) struct EvidenceForm<'r> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ports: Vec<PortForm<'r>>,
    #[serde(flatten)]
    pub(crate) facts: BTreeMap<&'static str, FactForm<'r>>,
}

impl EvidenceForm<'_> {
    fn is_empty(&self) -> bool {
        self.ports.is_empty() && self.facts.is_empty()
    }
}

/// A fact that stands more than once is a list.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum FactForm<'r> {
    One(&'r str),
    Many(Vec<&'r str>),
}

#[derive(Serialize)]
pub(crate) struct PortForm<'r> {
    protocol: &'static str,
    port: String,
    sources: SourcesForm<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<WitnessForm<'r>>,
    decided_by: Vec<DecidedByForm<'r>>,
    via: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<ThroughForm>,
    /// Where replies go, if they leave another way than the packets came.
    #[serde(skip_serializing_if = "Option::is_none")]
    replies: Option<RepliesForm>,
}

#[derive(Serialize)]
struct RepliesForm {
    next_hop_type: &'static str,
    next_hop_ip: Option<String>,
}

#[derive(Serialize)]
struct SourcesForm<'r> {
    internet_ipv4_addresses: u64,
    ranges: &'r [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more_ranges: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    service_tags: &'r [String],
    /// The team's approved sources among them.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    approved: &'r [String],
}

#[derive(Serialize)]
struct WitnessForm<'r> {
    from: &'r str,
    to: &'r str,
    protocol: &'static str,
}

#[derive(Serialize)]
struct DecidedByForm<'r> {
    nsg: &'r str,
    level: &'static str,
    rule: &'r str,
    priority: Option<u32>,
}

fn counts<'r>(report: &Report<'r>) -> CountsForm<'r> {
    let estate = report.estate;
    let mut other: BTreeMap<&str, u64> = BTreeMap::new();
    for resource in &estate.others {
        let name = if resource.resource_type.is_empty() { "(no type)" } else { &resource.resource_type };
        *other.entry(name).or_default() += 1;
    }
    // Types that only say how packets get to VMs are told by their names.
    for (name, count) in [
        ("microsoft.compute/virtualmachinescalesets", estate.scale_sets.len()),
        ("microsoft.network/applicationgateways", estate.web_gateways.len()),
        ("microsoft.network/privatelinkservices", estate.private_links.len()),
        ("microsoft.network/localnetworkgateways", estate.local_gateways.len()),
        ("microsoft.network/azurefirewalls", estate.firewalls.len()),
        ("microsoft.network/firewallpolicies", estate.firewall_policies.len()),
        ("microsoft.network/firewallpolicies/rulecollectiongroups", estate.rule_groups.len()),
        ("microsoft.network/ipgroups", estate.ip_groups.len()),
    ] {
        if count > 0 {
            other.insert(name, count as u64);
        }
    }
    CountsForm {
        vms: estate.vms.iter().filter(|vm| vm.described).count(),
        nics: estate.nics.iter().filter(|nic| nic.ip_configurations.is_some()).count(),
        nsgs: estate.nsgs.iter().filter(|nsg| nsg.rules.is_some()).count(),
        public_ips: estate.public_ips.len(),
        vnets: estate.vnets.len(),
        subnets: estate.subnets.iter().filter(|subnet| subnet.space.is_some()).count(),
        route_tables: estate.route_tables.len(),
        asgs: estate.asgs.len(),
        load_balancers: estate.load_balancers.len(),
        disks: estate.disks.len(),
        mentioned_vms: estate.vms.iter().filter(|vm| !vm.described).count(),
        other,
    }
}

pub(crate) fn place_text(report: &Report<'_>, at: &estate::At) -> String {
    let location = match at {
        estate::At::Place(place) => (report.locate)(place.origin, &place.pointer),
        estate::At::Offset { .. } => None,
    };
    location.map_or_else(|| "?".to_owned(), |at| format!("{}:{}:{}", at.file, at.line, at.column))
}

impl<'r> FindingForm<'r> {
    fn of(report: &Report<'r>, finding: &'r Finding) -> Self {
        let estate = report.estate;
        let cause = finding.cause.as_ref();
        let location = cause.and_then(|cause| (report.locate)(cause.origin, &cause.pointer));
        let id = finding.id(estate);
        let fails = finding.status == Status::Fail;
        let baseline = report.is_new(&id).filter(|_| fails);
        Self {
            baseline: baseline.map(|new| if new { "new" } else { "unchanged" }),
            id,
            code: finding.check.code,
            slug: finding.check.slug,
            checkpoint: finding.check.checkpoint.name(),
            status: match finding.status {
                Status::Fail => "fail",
                Status::Pass => "pass",
            },
            severity: finding.severity.name(),
            resource: estate.text(finding.resource),
            message: &finding.message,
            cause: cause
                .map(|cause| CauseForm { resource: estate.text(cause.resource), pointer: &cause.pointer }),
            evidence: EvidenceForm::of(report, finding),
            location: location.map(LocationForm::of),
            fix: &finding.fix,
        }
    }
}

impl<'r> EvidenceForm<'r> {
    pub(crate) fn of(report: &Report<'r>, finding: &'r Finding) -> Self {
        let mut facts: BTreeMap<&'static str, FactForm<'r>> = BTreeMap::new();
        for (name, value) in &finding.facts {
            let all = match facts.remove(name) {
                None => FactForm::One(value),
                Some(FactForm::One(first)) => FactForm::Many(vec![first, value]),
                Some(FactForm::Many(mut all)) => {
                    all.push(value);
                    FactForm::Many(all)
                }
            };
            facts.insert(name, all);
        }
        Self { ports: finding.evidence.iter().map(|open| PortForm::of(report, open)).collect(), facts }
    }
}

impl<'r> PortForm<'r> {
    fn of(report: &Report<'r>, open: &'r PortEvidence) -> Self {
        let estate = report.estate;
        let protocol = open.protocol.name();
        let sources = &open.sources;
        Self {
            protocol,
            port: if open.ports.first == open.ports.last {
                open.ports.first.to_string()
            } else {
                format!("{}-{}", open.ports.first, open.ports.last)
            },
            sources: SourcesForm {
                internet_ipv4_addresses: u64::try_from(sources.internet_ipv4_addresses).unwrap_or(u64::MAX),
                ranges: &sources.ranges,
                more_ranges: sources.more_ranges,
                service_tags: &sources.tags,
                approved: &sources.approved,
            },
            witness: open.witness.as_ref().map(|(from, to)| WitnessForm { from, to, protocol }),
            decided_by: open
                .decided_by
                .iter()
                .map(|rule| DecidedByForm {
                    nsg: estate.text(rule.nsg),
                    level: rule.level,
                    rule: &rule.rule,
                    priority: rule.priority,
                })
                .collect(),
            via: format!("{} {}", noun(estate.text(open.via)), estate.text(open.via)),
            replies: open.replies.map(|next| RepliesForm {
                next_hop_type: next.hop.as_next_hop(),
                next_hop_ip: next.address.map(|address| address.to_string()),
            }),
            through: open.through.as_deref().map(|through| ThroughForm::of(estate, through, open.family())),
        }
    }
}

/// The list of checks as JSON, in a language.
pub fn checks_json(lang: Lang) -> Value {
    CHECKS
        .iter()
        .map(|check| {
            let refs: Vec<_> = check.refs.iter().map(posture::Reference::text).collect();
            json!({
                "code": check.code,
                "slug": check.slug,
                "checkpoint": check.checkpoint.name(),
                "severity": check.severity.name(),
                "title": check.title.of(lang),
                "why": check.why.of(lang),
                "fix": check.fix.of(lang),
                "refs": refs,
            })
        })
        .collect()
}
