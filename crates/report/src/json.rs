//! The JSON form, stable: `docs/schema/check-1.json` is its schema.

use posture::{CHECKS, Finding, Lang, PortEvidence, Status};
use serde_json::{Map, Value, json};

use crate::problem::problem_text;
use crate::{Report, SCHEMA};

/// The report as JSON.
pub fn to_json(report: &Report<'_>) -> Value {
    let estate = report.estate;
    let outcome = report.outcome;
    let place = |at: &estate::At| place_text(report, at);
    let findings: Vec<Value> = outcome.findings.iter().map(|finding| finding_json(report, finding)).collect();
    let unknown: Vec<Value> = outcome
        .unknown
        .iter()
        .map(|row| {
            let sample: Vec<_> = row.sample.iter().map(|id| estate.text(*id)).collect();
            json!({"code": row.code, "reason": row.reason, "settled_by": row.settled_by, "count": row.count, "sample": sample})
        })
        .collect();
    let not_assessed: Vec<Value> =
        outcome.not_assessed.iter().map(|(check, reason)| json!({"code": check.code, "reason": reason})).collect();
    let errors: Vec<Value> = report
        .errors
        .iter()
        .map(|(problem, location)| {
            json!({
                "file": location.file,
                "line": location.line,
                "column": location.column,
                "message": problem_text(&problem.kind, report.lang, &place),
            })
        })
        .collect();
    json!({
        "schema": SCHEMA,
        "as_of": report.as_of,
        "source": report.source,
        "tags_data": report.tags_data,
        "estate": counts(report),
        "findings": findings,
        "unknown": unknown,
        "not_assessed": not_assessed,
        "errors": errors,
        "summary": {
            "fail": outcome.tally.fail,
            "pass": outcome.tally.pass,
            "unknown": outcome.tally.unknown,
            "score": outcome.tally.score,
        },
    })
}

/// How many resources of each kind were read; those that no check reads yet are under `other`, by
/// type.
fn counts(report: &Report<'_>) -> Value {
    let estate = report.estate;
    let mut other: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for resource in &estate.others {
        let name = if resource.resource_type.is_empty() { "(no type)" } else { &resource.resource_type };
        *other.entry(name).or_default() += 1;
    }
    json!({
        "vms": estate.vms.iter().filter(|vm| vm.described).count(),
        "nics": estate.nics.len(),
        "nsgs": estate.nsgs.len(),
        "public_ips": estate.public_ips.len(),
        "vnets": estate.vnets.len(),
        "subnets": estate.subnets.len(),
        "route_tables": estate.route_tables.len(),
        "asgs": estate.asgs.len(),
        "load_balancers": estate.load_balancers.len(),
        "disks": estate.disks.len(),
        "mentioned_vms": estate.vms.iter().filter(|vm| !vm.described).count(),
        "other": other,
    })
}

pub(crate) fn place_text(report: &Report<'_>, at: &estate::At) -> String {
    let location = match at {
        estate::At::Place(place) => (report.locate)(place.origin, &place.pointer),
        estate::At::Offset { .. } => None,
    };
    location.map_or_else(|| "?".to_owned(), |at| format!("{}:{}:{}", at.file, at.line, at.column))
}

fn finding_json(report: &Report<'_>, finding: &Finding) -> Value {
    let estate = report.estate;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    put("id", finding.id(estate).into());
    put("code", finding.check.code.into());
    put("slug", finding.check.slug.into());
    put("checkpoint", finding.check.checkpoint.name().into());
    let status = match finding.status {
        Status::Fail => "fail",
        Status::Pass => "pass",
    };
    put("status", status.into());
    put("severity", finding.severity.name().into());
    put("resource", estate.text(finding.resource).into());
    put("message", finding.message.as_str().into());
    if let Some(cause) = &finding.cause {
        put("cause", json!({"resource": estate.text(cause.resource), "pointer": &*cause.pointer}));
    }
    let evidence = evidence_json(report, finding);
    if !evidence.is_empty() {
        put("evidence", Value::Object(evidence));
    }
    if let Some(location) = finding.cause.as_ref().and_then(|cause| (report.locate)(cause.origin, &cause.pointer)) {
        put("location", json!({"file": location.file, "line": location.line, "column": location.column}));
    }
    if finding.status == Status::Fail {
        put("fix", finding.fix.as_str().into());
    }
    Value::Object(object)
}

fn evidence_json(report: &Report<'_>, finding: &Finding) -> Map<String, Value> {
    let mut evidence = Map::new();
    if !finding.evidence.is_empty() {
        let ports: Vec<_> = finding.evidence.iter().map(|open| port_json(report, open)).collect();
        evidence.insert("ports".to_owned(), Value::Array(ports));
    }
    for (name, value) in &finding.facts {
        // A fact that stands more than once is a list.
        match evidence.get_mut(*name) {
            None => {
                evidence.insert((*name).to_owned(), value.as_str().into());
            }
            Some(Value::Array(list)) => list.push(value.as_str().into()),
            Some(one) => *one = json!([one.take(), value]),
        }
    }
    evidence
}

fn port_json(report: &Report<'_>, open: &PortEvidence) -> Value {
    let estate = report.estate;
    let ports = if open.ports.first == open.ports.last {
        open.ports.first.to_string()
    } else {
        format!("{}-{}", open.ports.first, open.ports.last)
    };
    let count = u64::try_from(open.sources.internet_ipv4_addresses).unwrap_or(u64::MAX);
    let mut sources = json!({"internet_ipv4_addresses": count, "ranges": open.sources.ranges});
    if let Some(object) = sources.as_object_mut() {
        if open.sources.more_ranges {
            object.insert("more_ranges".to_owned(), true.into());
        }
        if !open.sources.tags.is_empty() {
            object.insert("service_tags".to_owned(), json!(open.sources.tags));
        }
    }
    let decided_by: Vec<_> = open
        .decided_by
        .iter()
        .map(|rule| json!({"nsg": estate.text(rule.nsg), "level": rule.level, "rule": rule.rule, "priority": rule.priority}))
        .collect();
    let mut value = json!({
        "protocol": open.protocol.name(),
        "port": ports,
        "sources": sources,
        "decided_by": decided_by,
        "via": format!("public-ip {}", estate.text(open.via)),
    });
    if let (Some((from, to)), Some(object)) = (&open.witness, value.as_object_mut()) {
        object.insert("witness".to_owned(), json!({"from": from, "to": to, "protocol": open.protocol.name()}));
    }
    value
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
