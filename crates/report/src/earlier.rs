//! Reads the JSON form of an earlier check, to hold a new one against it.

use std::io::Read;

use posture::{Baseline, Before, Lang};
use serde::Deserialize;

use crate::SCHEMA;

/// Why an earlier report cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EarlierError {
    /// It is not the JSON form of a check.
    #[error("not the JSON form of a check (line {}, column {})", .0.line(), .0.column())]
    NotJson(#[from] serde_json::Error),
    /// It is of another version.
    #[error("the schema is `{0}`, not `{SCHEMA}`")]
    OtherSchema(String),
}

impl EarlierError {
    /// Why, in words.
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (_, Lang::En) => self.to_string(),
            (Self::NotJson(error), Lang::Ja) => {
                format!("check の JSON 形式ではありません ({} 行 {} 列)", error.line(), error.column())
            }
            (Self::OtherSchema(schema), Lang::Ja) => {
                format!("スキーマが `{SCHEMA}` ではなく `{schema}` です")
            }
        }
    }
}

/// The part of the form that matters here. Members that are not known are left alone.
#[derive(Deserialize)]
struct Form {
    schema: String,
    as_of: String,
    findings: Vec<FindingForm>,
    #[serde(default)]
    suppressed: Vec<FindingForm>,
    #[serde(default)]
    summary: SummaryForm,
    #[serde(default)]
    compliance: Vec<CatalogueForm>,
}

#[derive(Default, Deserialize)]
struct SummaryForm {
    #[serde(default)]
    score: Option<u64>,
}

#[derive(Deserialize)]
struct CatalogueForm {
    catalogue: String,
    controls: Vec<ControlForm>,
}

#[derive(Deserialize)]
struct ControlForm {
    id: String,
    status: String,
}

#[derive(Deserialize)]
struct FindingForm {
    id: String,
    code: String,
    status: String,
    resource: String,
    message: String,
}

/// Reads an earlier report: what `--format json` wrote.
///
/// # Errors
///
/// When the text is not that form.
pub fn read_earlier(text: impl Read) -> Result<Baseline, EarlierError> {
    let form: Form = serde_json::from_reader(std::io::BufReader::new(text))?;
    if form.schema != SCHEMA {
        return Err(EarlierError::OtherSchema(form.schema));
    }
    let fails = |rows: Vec<FindingForm>| {
        let fails = rows.into_iter().filter(|finding| finding.status == "fail");
        let before = |FindingForm { id, code, resource, message, .. }| Before { id, code, resource, message };
        fails.map(before).collect()
    };
    let (findings, suppressed) = (fails(form.findings), fails(form.suppressed));
    let of = |one: CatalogueForm| {
        let CatalogueForm { catalogue, controls } = one;
        controls.into_iter().map(move |control| (catalogue.clone(), control.id, control.status))
    };
    let controls = form.compliance.into_iter().flat_map(of).collect();
    Ok(Baseline { as_of: form.as_of, findings, suppressed, score: form.summary.score, controls })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_form_is_read() {
        let check = |text: &str| read_earlier(text.as_bytes()).map(|earlier| earlier.findings.len());
        let row = r#"{"id":"A-1","code":"A","status":"fail","resource":"/r","message":"m","more":1}"#;
        let form = |schema: &str, rows: &str| {
            format!(r#"{{"schema":"{schema}","as_of":"t","findings":[{rows}],"unknown":[]}}"#)
        };
        assert_eq!(check(&form(SCHEMA, row)).unwrap(), 1);
        assert_eq!(check(&form(SCHEMA, &row.replace("fail", "pass"))).unwrap(), 0);
        assert!(matches!(check(&form("sekimori.check/9", row)), Err(EarlierError::OtherSchema(_))));
        for text in ["", "[]", "{}", "nonsense", &form(SCHEMA, "1")] {
            assert!(matches!(check(text), Err(EarlierError::NotJson(_))), "{text}");
        }
    }
}
