//! CSV with the columns of Defender for Cloud's "Download CSV report", so that both stand in one sheet.
//!
//! The portal's page of recommendations writes these columns, in this order, in English whatever its language
//! (<https://learn.microsoft.com/azure/defender-for-cloud/review-security-recommendations>). Their names and the shapes of their values
//! are those of a file that it wrote, as the tests of DefectDojo hold one
//! (<https://github.com/DefectDojo/django-DefectDojo/tree/master/unittests/scans/azure_security_center_recommendations>).
//!
//! INVARIANT: what nobody can tell has the state `Unknown`, which Defender does not have: it is neither healthy nor not applicable.

use estate::{ResourceId, resource_group, resource_name, resource_subscription, resource_type};
use posture::{Check, Finding, Gone, Severity, Status};
use serde_json::json;

use crate::Report;
use crate::csv::{MARK, row};
use crate::json::place_text;
use crate::problem::problem_text;
use crate::text::{gone_line, gone_text};
use crate::words::{checkpoint_word, day_text, pick, words};

/// The columns, in their order.
pub(crate) const COLUMNS: [&str; 20] = [
    "exportedTimestamp",
    "subscriptionId",
    "subscriptionName",
    "resourceGroup",
    "resourceType",
    "resourceName",
    "resourceId",
    "recommendationId",
    "recommendationName",
    "recommendationDisplayName",
    "description",
    "remediationSteps",
    "severity",
    "state",
    "notApplicableReason",
    "firstEvaluationDate",
    "statusChangeDate",
    "controls",
    "azurePortalRecommendationLink",
    "nativeCloudAccountId",
];

/// The report as such a table.
pub fn to_defender_csv(report: &Report<'_>) -> String {
    let mut out = String::from(MARK);
    row(&mut out, &COLUMNS);
    for finding in &report.outcome.findings {
        let state = match finding.status {
            Status::Fail => State::Unhealthy,
            Status::Pass => State::Healthy,
        };
        of_finding(report, finding, state, "").write(&mut out);
    }
    for suppressed in &report.outcome.suppressed {
        let reason = report.suppressions.get(suppressed.by).map(|decision| {
            let (words, until) = (words(report.lang), day_text(decision.until, report.lang));
            format!("{}: {} ({}: {until})", words.suppressed, decision.reason, words.until)
        });
        let reason = reason.unwrap_or_default();
        of_finding(report, &suppressed.finding, State::NotApplicable, &reason).write(&mut out);
    }
    write_untold(report, &mut out);
    for (before, why) in report.comparison.iter().flat_map(|comparison| &comparison.gone) {
        let state = match why {
            // What is found for another cause stands among the findings.
            Gone::OtherCause => continue,
            Gone::Met => State::Healthy,
            Gone::NoResource => State::NotApplicable,
            Gone::Unknown | Gone::NotChecked => State::Unknown,
        };
        let check = report.checks.iter().copied().find(|check| check.code == before.code);
        let id = before.resource.as_str();
        let reason = gone_text(*why, report.lang);
        let description = gone_line(before, report.lang);
        let line = Line::new(report, check, state, reason, &description).about(id, resource_name(id));
        Line { finding: before.id.clone(), ..line }.write(&mut out);
    }
    out
}

/// What nobody can tell, each resource that is named in a line of its own and one line for all the others.
fn write_untold(report: &Report<'_>, out: &mut String) {
    let lang = report.lang;
    let check_of = |code: &str| report.checks.iter().copied().find(|check| check.code == code);
    for unknown in &report.outcome.unknown {
        let line = |what: &str| {
            let mut line = Line::new(report, check_of(unknown.code), State::Unknown, &unknown.reason, what);
            unknown.settled_by.clone_into(&mut line.remediation);
            line
        };
        for id in &unknown.sample {
            let (text, name) = (report.estate.text(*id), report.estate.name(*id));
            line(&unknown.reason).about(text, name).write(out);
        }
        let more = unknown.count.saturating_sub(unknown.sample.len());
        if more > 0 {
            let text = pick(lang, format!("{more} more resources"), format!("ほか {more} 件のリソース"));
            line(&text).write(out);
        }
    }
    for (check, reason) in &report.outcome.not_assessed {
        let text = words(lang).not_assessed;
        Line::new(report, Some(check), State::Unknown, reason, text).write(out);
    }
    for (problem, at) in &report.errors {
        let text = problem_text(&problem.kind, lang, &|at| place_text(report, at));
        let place = format!("{}:{}:{}: {text}", at.file, at.line, at.column);
        Line::new(report, None, State::Unknown, &place, words(lang).could_not_be_read).write(out);
    }
}

fn of_finding<'r>(report: &'r Report<'_>, finding: &Finding, state: State, reason: &str) -> Line<'r> {
    let id: ResourceId = finding.resource;
    let (text, name) = (report.estate.text(id), report.estate.name(id));
    let mut line = Line::new(report, Some(finding.check), state, reason, &finding.message).about(text, name);
    line.finding = finding.id(report.estate);
    line.severity = severity(finding.severity);
    if !finding.fix.is_empty() {
        line.remediation = finding.fix.to_string();
    }
    line
}

/// How a recommendation stands.
#[derive(Clone, Copy)]
enum State {
    Unhealthy,
    Healthy,
    NotApplicable,
    Unknown,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Unhealthy => "Unhealthy",
            Self::Healthy => "Healthy",
            Self::NotApplicable => "NotApplicable",
            Self::Unknown => "Unknown",
        }
    }
}

/// Defender's scale ends at `High`: whoever filters for it finds what is critical, too.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
    }
}

/// A line of the table.
struct Line<'r> {
    report: &'r Report<'r>,
    check: Option<&'static Check>,
    state: State,
    reason: String,
    description: String,
    remediation: String,
    severity: &'static str,
    resource: String,
    name: String,
    finding: String,
}

impl<'r> Line<'r> {
    fn new(
        report: &'r Report<'_>,
        check: Option<&'static Check>,
        state: State,
        reason: &str,
        description: &str,
    ) -> Self {
        let fix = check.map(|check| check.fix.of(report.lang)).unwrap_or_default();
        Self {
            report,
            check,
            state,
            reason: reason.to_owned(),
            description: description.to_owned(),
            remediation: fix.to_owned(),
            severity: check.map(|check| severity(report.settings.severity_of(check))).unwrap_or_default(),
            resource: String::new(),
            name: String::new(),
            finding: String::new(),
        }
    }

    fn about(self, resource: &str, name: &str) -> Self {
        Self { resource: resource.to_owned(), name: name.to_owned(), ..self }
    }

    fn write(&self, out: &mut String) {
        let (lang, id) = (self.report.lang, self.resource.as_str());
        let controls = self.check.map(|check| {
            json!({checkpoint_word(check.checkpoint, lang): check.checkpoint.name()}).to_string()
        });
        let cells: [&str; COLUMNS.len()] = [
            &self.report.as_of,
            resource_subscription(id).unwrap_or_default(),
            "",
            resource_group(id).unwrap_or_default(),
            &kind(id),
            &self.name,
            id,
            &self.finding,
            self.check.map(|check| check.code).unwrap_or_default(),
            self.check.map(|check| check.title.of(lang)).unwrap_or_default(),
            &self.description,
            &self.remediation,
            self.severity,
            self.state.name(),
            &self.reason,
            "",
            "",
            &controls.unwrap_or_default(),
            &portal(id),
            "",
        ];
        row(out, &cells);
    }
}

/// The last word of a type in lower case, as Defender has it: `virtualmachines`. A subscription is one by name.
fn kind(id: &str) -> String {
    match (resource_type(id), resource_subscription(id)) {
        (Some(kind), _) => kind.rsplit('/').next().unwrap_or_default().to_lowercase(),
        (None, Some(_)) if resource_group(id).is_none() => "Subscription".to_owned(),
        _ => String::new(),
    }
}

/// Where the portal shows a resource.
fn portal(id: &str) -> String {
    if !id.starts_with('/') {
        return String::new();
    }
    let mut address = String::from("https://portal.azure.com/#resource");
    for byte in id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                address.push(byte.into())
            }
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_as_defender_calls_them() {
        let check = |id: &str, expected: &str| assert_eq!(kind(id), expected, "{id}");
        let group = "/subscriptions/s/resourceGroups/rg";
        check(&format!("{group}/providers/Microsoft.Compute/virtualMachines/m"), "virtualmachines");
        check(&format!("{group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"), "subnets");
        check("/subscriptions/s", "Subscription");
        check(group, "");
        check("3f0e00d1-0000-4000-8000-000000000301", "");
    }

    #[test]
    fn links_are_addresses_whatever_names_are() {
        assert_eq!(portal("/subscriptions/s"), "https://portal.azure.com/#resource/subscriptions/s");
        assert_eq!(portal("/a b\"=1"), "https://portal.azure.com/#resource/a%20b%22%3D1");
        assert_eq!(portal("3f0e00d1"), "");
    }
}
