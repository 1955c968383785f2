//! One event: the frame that all have, and what each kind puts into it.

use estate::{
    Moment, Problem, ResourceId, resource_group, resource_name, resource_subscription, resource_type,
};
use posture::{
    Before, Catalogue, Check, Finding, Gone, Lang, Reference, Severity, Suppressed, Unknown, controls_of,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::state::{Activity, Standing, Verdict, severity};
use crate::clean::clean;
use crate::json::{EvidenceForm, place_text};
use crate::pages::page_path;
use crate::problem::problem_text;
use crate::region::region;
use crate::text::{gone_line, gone_text};
use crate::words::{checkpoint_word, words};
use crate::{HOME, Location, Report};

/// The version of OCSF that events follow.
const VERSION: &str = "1.8.0";

/// Compliance Finding, of the category Findings.
const CLASS: u32 = 2003;

/// Makes the events of a report.
pub(super) struct Events<'r, 'a> {
    report: &'r Report<'a>,
    /// When the check was, in milliseconds since 1970.
    time: i64,
}

/// What tells one event from another.
struct Told<'t> {
    uid: String,
    /// Which of several that are alike it is, from one: a check of people says the same of a resource for each of them.
    copy: u32,
    check: Option<&'static Check>,
    activity: Activity,
    standing: Standing,
    verdict: Verdict,
    severity: Severity,
    /// Our own word for what is so.
    word: &'static str,
    /// Why it is so: the reason of a suppression, what would settle it.
    detail: Option<String>,
    message: String,
    fix: &'t str,
    resources: Vec<Value>,
    subscription: Option<&'t str>,
    region: Option<&'t str>,
    requirements: Vec<(Catalogue, String)>,
    evidences: Vec<Value>,
    /// What has no place in OCSF.
    own: Map<String, Value>,
}

impl<'r> Events<'r, '_> {
    pub(super) fn new(report: &'r Report<'_>) -> Events<'r, 'r> {
        let time = Moment::parse(&report.as_of).map_or(0, |moment| moment.0.saturating_mul(1000));
        Events { report, time }
    }

    pub(super) fn failure(&self, finding: &Finding) -> Value {
        self.frame(self.finding(finding, Verdict::Fail, Standing::New, "fail"))
    }

    pub(super) fn pass(&self, finding: &Finding, copy: u32) -> Value {
        self.frame(Told { copy, ..self.finding(finding, Verdict::Pass, Standing::Resolved, "pass") })
    }

    pub(super) fn suppressed(&self, row: &Suppressed) -> Value {
        let mut told = self.finding(&row.finding, Verdict::Fail, Standing::Suppressed, "suppressed");
        if let Some(decision) = self.report.suppressions.get(row.by) {
            told.detail = Some(decision.reason.clone());
            told.own.insert("suppressed_until".to_owned(), decision.until.to_string().into());
        }
        self.frame(told)
    }

    fn finding<'f>(
        &'f self,
        finding: &'f Finding,
        verdict: Verdict,
        standing: Standing,
        word: &'static str,
    ) -> Told<'f> {
        let (report, estate) = (self.report, self.report.estate);
        let id = finding.id(estate);
        let known = matches!(verdict, Verdict::Fail) && report.is_new(&id) == Some(false);
        let mut own = Map::new();
        let mut resources = vec![self.resource(finding.resource, Role::Target)];
        if let Some(cause) = &finding.cause {
            if cause.resource != finding.resource {
                resources.push(self.resource(cause.resource, Role::Related));
            }
            own.insert(
                "cause".to_owned(),
                json!({"resource": estate.text(cause.resource), "pointer": cause.pointer.to_string()}),
            );
            if let Some(place) = (report.locate)(cause.origin, &cause.pointer) {
                own.insert("location".to_owned(), position(&place));
            }
        }
        Told {
            uid: id,
            copy: 1,
            check: Some(finding.check),
            activity: if known { Activity::Update } else { Activity::Create },
            standing,
            verdict,
            severity: finding.severity,
            word,
            detail: None,
            message: finding.message.clone(),
            fix: &finding.fix,
            resources,
            subscription: resource_subscription(estate.text(finding.resource)),
            region: region(estate, finding.resource),
            requirements: controls_of(finding)
                .map(|(catalogue, id, title)| (catalogue, format!("{id} {}", title.of(report.lang))))
                .collect(),
            evidences: evidences(report, finding),
            own,
        }
    }

    /// Resources that nobody can judge for one reason: the first of them stand for all.
    pub(super) fn unknown(&self, row: &Unknown) -> Value {
        let estate = self.report.estate;
        let first = row.sample.first().copied();
        let mut told = self.untold(&row.reason, &row.key, row.code, self.check_of(row.code));
        told.detail = Some(format!("{}: {}", words(self.report.lang).settled_by, row.settled_by));
        told.resources = row.sample.iter().map(|id| self.resource(*id, Role::Target)).collect();
        told.subscription = first.and_then(|id| resource_subscription(estate.text(id)));
        told.region = first.and_then(|id| region(estate, id));
        told.own.insert("resources_count".to_owned(), row.count.into());
        if let Some(place) = row.place.as_ref().and_then(|(at, pointer)| (self.report.locate)(*at, pointer)) {
            told.own.insert("location".to_owned(), position(&place));
        }
        self.frame(told)
    }

    pub(super) fn not_assessed(&self, check: &'static Check, reason: &str) -> Value {
        let told = self.untold(reason, "not assessed", check.code, Some(check));
        self.frame(Told { word: "not_assessed", ..told })
    }

    /// What could not be read: a finding may be missing because of it.
    pub(super) fn unread(&self, problem: &Problem, place: &Location) -> Value {
        let report = self.report;
        let text = |lang: Lang| problem_text(&problem.kind, lang, &|at| place_text(report, at));
        let at = format!("{}:{}:{}", place.file, place.line, place.column);
        let mut told = self.untold(
            &format!("{at}: {}", text(report.lang)),
            &format!("{at}: {}", text(Lang::En)),
            "input",
            None,
        );
        told.own.insert("location".to_owned(), position(place));
        self.frame(Told { word: "error", ..told })
    }

    /// `key` tells it from others in every language.
    fn untold<'t>(&self, reason: &str, key: &str, about: &str, check: Option<&'static Check>) -> Told<'t> {
        Told {
            uid: format!("{about}-unknown-{}", short_hash(key)),
            copy: 1,
            check,
            activity: Activity::Create,
            standing: Standing::New,
            verdict: Verdict::Untold,
            severity: Severity::Low,
            word: "unknown",
            detail: None,
            message: reason.to_owned(),
            fix: "",
            resources: Vec::new(),
            subscription: None,
            region: None,
            requirements: Vec::new(),
            evidences: Vec::new(),
            own: Map::new(),
        }
    }

    /// A finding of an earlier check that is none now.
    pub(super) fn gone(&self, before: &Before, why: Gone) -> Value {
        let lang = self.report.lang;
        let (activity, standing, verdict, word) = match why {
            Gone::Met => (Activity::Close, Standing::Resolved, Verdict::Pass, "fixed"),
            Gone::NoResource => (Activity::Close, Standing::Other("Resource gone"), Verdict::Unknown, "gone"),
            Gone::OtherCause => (Activity::Close, Standing::Other("Other cause"), Verdict::Fail, "changed"),
            Gone::Unknown | Gone::NotChecked => {
                (Activity::Update, Standing::New, Verdict::Untold, "unsettled")
            }
        };
        let check = self.check_of(&before.code);
        let resource = json!({
            "uid": before.resource,
            "name": resource_name(&before.resource),
            "type": resource_type(&before.resource),
            "role_id": 1,
            "role": "Target",
        });
        let told = self.untold("", "", &before.code, check);
        self.frame(Told {
            uid: before.id.clone(),
            activity,
            standing,
            verdict,
            severity: check.map_or(Severity::Low, |check| check.severity),
            word,
            detail: Some(gone_text(why, lang).to_owned()),
            message: gone_line(before, lang),
            resources: vec![without_nulls(resource)],
            subscription: resource_subscription(&before.resource),
            ..told
        })
    }

    /// An event, with every text shown as text.
    fn frame(&self, told: Told<'_>) -> Value {
        let (report, lang) = (self.report, self.report.lang);
        let (activity_id, activity) = told.activity.pair();
        let (status_id, status) = told.standing.pair();
        let (severity_id, severity) = severity(told.verdict, told.severity);
        let check = told.check;
        let title = check.map_or(words(lang).could_not_be_read, |check| check.title.of(lang));
        let page = check.map(|check| format!("{HOME}/blob/main/{}", page_path(check, lang)));
        let mut own = told.own;
        if let Some(check) = check {
            own.insert("slug".to_owned(), check.slug.into());
            own.insert("checkpoint".to_owned(), check.checkpoint.name().into());
        }
        let account =
            told.subscription.map(|uid| json!({"uid": uid, "type_id": 13, "type": "Azure Subscription"}));
        let attacks: Vec<Value> = check.into_iter().flat_map(|check| check.refs).filter_map(attack).collect();
        let fix = if told.fix.is_empty() { check.map_or("", |check| check.fix.of(lang)) } else { told.fix };
        let fixable = !matches!(told.verdict, Verdict::Pass) && !fix.is_empty();
        let event = json!({
            "activity_id": activity_id,
            "activity_name": activity,
            "category_uid": 2,
            "category_name": "Findings",
            "class_uid": CLASS,
            "class_name": "Compliance Finding",
            "type_uid": CLASS * 100 + activity_id,
            "type_name": format!("Compliance Finding: {activity}"),
            "time": self.time,
            "severity_id": severity_id,
            "severity": severity,
            "status_id": status_id,
            "status": status,
            "status_code": told.word,
            "status_detail": told.detail,
            "message": told.message,
            "metadata": {
                "version": VERSION,
                "profiles": ["cloud"],
                "uid": match told.copy {
                    0 | 1 => format!("{}@{}", told.uid, self.time),
                    copy => format!("{}@{}#{copy}", told.uid, self.time),
                },
                "event_code": check.map(|check| check.code),
                "product": {
                    "uid": "sekimori",
                    "name": "Sekimori",
                    "vendor_name": "Sekimori",
                    "version": report.version,
                    "lang": match lang { Lang::En => "en", Lang::Ja => "ja" },
                    "url_string": HOME,
                },
            },
            "cloud": {"provider": "Azure", "account": account, "region": told.region},
            "finding_info": {
                "uid": told.uid,
                "title": title,
                "desc": check.map(|check| check.why.of(lang)),
                "analytic": check.map(|check| json!({
                    "uid": check.code,
                    "name": check.slug,
                    "type_id": 1,
                    "type": "Rule",
                    "category": checkpoint_word(check.checkpoint, lang),
                })),
                "attacks": attacks,
                "src_url": page,
            },
            "compliance": compliance(lang, check, &told.requirements, told.verdict),
            "resources": told.resources,
            "remediation": check.filter(|_| fixable).map(|check| json!({
                "desc": fix,
                "references": pages(check),
            })),
            "evidences": told.evidences,
            "unmapped": own,
        });
        cleaned(without_nulls(event))
    }

    /// A check of those that ran, policies among them, else of all that there are.
    fn check_of(&self, code: &str) -> Option<&'static Check> {
        let all = self.report.checks.iter().chain(posture::CHECKS);
        all.copied().find(|check| check.code == code)
    }

    fn resource(&self, id: ResourceId, role: Role) -> Value {
        let estate = self.report.estate;
        let text = estate.text(id);
        let (role_id, role) = match role {
            Role::Target => (1, "Target"),
            Role::Related => (4, "Related"),
        };
        without_nulls(json!({
            "uid": text,
            "name": estate.name(id),
            "type": resource_type(text),
            "group": resource_group(text).map(|name| json!({"name": name})),
            "region": region(estate, id),
            "role_id": role_id,
            "role": role,
        }))
    }
}

/// What a resource has to do with a finding.
#[derive(Clone, Copy)]
enum Role {
    /// It is what the finding is about.
    Target,
    /// It holds what makes it so.
    Related,
}

fn position(place: &Location) -> Value {
    json!({"file": place.file, "line": place.line, "column": place.column})
}

fn compliance(
    lang: Lang,
    check: Option<&'static Check>,
    requirements: &[(Catalogue, String)],
    verdict: Verdict,
) -> Value {
    let (status_id, status) = verdict.pair();
    // What others match by has one name in every language.
    let name = |catalogue: &Catalogue| catalogue.title(Lang::En);
    let mut standards: Vec<&str> = requirements.iter().map(|(catalogue, _)| name(catalogue)).collect();
    standards.sort_unstable();
    standards.dedup();
    let requirements: Vec<String> =
        requirements.iter().map(|(catalogue, text)| format!("{} {text}", name(catalogue))).collect();
    json!({
        "status_id": status_id,
        "status": status,
        "control": check.map(|check| format!("{} {}", check.code, check.title.of(lang))),
        "category": check.map(|check| checkpoint_word(check.checkpoint, lang)),
        "standards": standards,
        "requirements": requirements,
    })
}

/// What proves it, in the shape that the JSON form has it in. A packet of a proof comes from no real attacker, so no field for
/// addresses takes it: it would be looked up as one.
fn evidences(report: &Report<'_>, finding: &Finding) -> Vec<Value> {
    let form = EvidenceForm::of(report, finding);
    let mut all: Vec<Value> = Vec::new();
    for port in &form.ports {
        all.extend(serde_json::to_value(port).ok().map(|data| json!({"name": "port", "data": data})));
    }
    if !form.facts.is_empty() {
        let facts = serde_json::to_value(&form.facts).ok();
        all.extend(facts.map(|data| json!({"name": "facts", "data": data})));
    }
    all
}

/// A technique, or a part of one.
fn attack(reference: &Reference) -> Option<Value> {
    let Reference::Attack(id) = reference else { return None };
    Some(match id.split_once('.') {
        Some((technique, _)) => json!({"technique": {"uid": technique}, "sub_technique": {"uid": id}}),
        None => json!({"technique": {"uid": id}}),
    })
}

fn pages(check: &Check) -> Vec<&'static str> {
    let page = |reference: &Reference| match reference {
        Reference::Page(address) => Some(*address),
        _ => None,
    };
    check.refs.iter().filter_map(page).collect()
}

fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{number:016x}")
}

/// Leaves out what is not known, and lists of nothing.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let all = members.into_iter().map(|(name, value)| (name, without_nulls(value)));
            Value::Object(all.filter(|(_, value)| !is_nothing(value)).collect())
        }
        other => other,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    }
}

/// Every text in a value made harmless, line by line.
fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.lines().map(clean).collect::<Vec<_>>().join("\n")),
        Value::Array(all) => Value::Array(all.into_iter().map(cleaned).collect()),
        Value::Object(all) => {
            Value::Object(all.into_iter().map(|(name, one)| (name, cleaned(one))).collect())
        }
        other => other,
    }
}
