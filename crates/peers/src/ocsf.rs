//! Events of OCSF: a finding each, of the classes Compliance Finding and Detection Finding.
//!
//! Prowler writes Detection Findings with its outcome in `status_code` and its check in `metadata.event_code`
//! (<https://docs.prowler.com/user-guide/cli/tutorials/reporting>); Compliance Findings have theirs in `compliance.status_id`
//! (<https://schema.ocsf.io/1.8.0/classes/compliance_finding>).

use serde::Deserialize;

use crate::json::{List, number, text};
use crate::row::{Row, Subject, Verdict, kept};
use crate::sarif::Run;

/// The members of an event that we look at, and the one that makes SARIF of an object.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Event {
    #[serde(deserialize_with = "number")]
    class_uid: Option<u64>,
    metadata: Option<Metadata>,
    finding_info: Option<Info>,
    #[serde(deserialize_with = "text")]
    status_code: Option<String>,
    #[serde(deserialize_with = "number")]
    status_id: Option<u64>,
    compliance: Option<Compliance>,
    resources: Option<List<Resource, 1000>>,
    #[serde(deserialize_with = "text")]
    message: Option<String>,
    pub(crate) runs: Option<List<Run, 1000>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    #[serde(deserialize_with = "text")]
    event_code: Option<String>,
    #[serde(deserialize_with = "text")]
    tenant_uid: Option<String>,
    product: Option<Product>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Product {
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    version: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Info {
    #[serde(deserialize_with = "text")]
    title: Option<String>,
    analytic: Option<Analytic>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Analytic {
    #[serde(deserialize_with = "text")]
    uid: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Compliance {
    #[serde(deserialize_with = "number")]
    status_id: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource {
    #[serde(deserialize_with = "text")]
    uid: Option<String>,
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "number")]
    role_id: Option<u64>,
}

/// The role of a resource that is just related to what a finding is about.
const RELATED: u64 = 4;

impl Event {
    /// Whether it looks like an event at all.
    pub(crate) fn is_event(&self) -> bool {
        self.class_uid.is_some() || self.finding_info.is_some()
    }

    /// The tool, and its version.
    pub(crate) fn tool(&self) -> (String, Option<String>) {
        let product = self.metadata.as_ref().and_then(|metadata| metadata.product.as_ref());
        let name = product.and_then(|product| product.name.clone()).unwrap_or_else(|| "OCSF".to_owned());
        (name, product.and_then(|product| product.version.clone()))
    }

    fn verdict(&self) -> Option<Verdict> {
        let of_code = match self.status_code.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("fail" | "failed") => Some(Verdict::Fail),
            Some("pass" | "passed") => Some(Verdict::Pass),
            Some("manual") => Some(Verdict::Open),
            _ => None,
        };
        let of_class = || match self.compliance.as_ref()?.status_id? {
            1 => Some(Verdict::Pass),
            3 => Some(Verdict::Fail),
            _ => Some(Verdict::Open),
        };
        of_code.or_else(of_class)
    }

    /// Its results, one a resource; none where it tells no rule or no outcome.
    pub(crate) fn rows(&self, at: usize) -> Option<Vec<Row>> {
        let info = self.finding_info.as_ref();
        let code = self.metadata.as_ref().and_then(|metadata| metadata.event_code.as_deref());
        let of_analytic = || info?.analytic.as_ref()?.uid.as_deref();
        let rule = code.or_else(of_analytic).map(str::trim).filter(|rule| !rule.is_empty())?;
        let verdict = self.verdict()?;
        let tenant = self.metadata.as_ref().and_then(|metadata| metadata.tenant_uid.as_deref());
        let row = |subject: Subject| Row {
            rule: kept(rule),
            title: kept(info.and_then(|info| info.title.as_deref()).unwrap_or_default()),
            verdict,
            muted: self.status_id == Some(3),
            tenant: tenant.map(kept),
            subject,
            message: kept(self.message.as_deref().unwrap_or_default()),
            at,
        };
        let all = List::all(self.resources.as_ref()).iter();
        let targets = all.filter(|resource| resource.role_id != Some(RELATED));
        let rows: Vec<Row> = targets
            .map(|one| row(Subject::of(one.uid.as_deref().unwrap_or_default(), one.name.as_deref())))
            .collect();
        Some(if rows.is_empty() { vec![row(Subject::of("", None))] } else { rows })
    }
}
