//! Resource Graph: one question over many subscriptions, page by page.
//!
//! Sources: <https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data> (pages, `$skipToken`,
//! `resultTruncated` as text), <https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources>.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{Answer, Ask, Client, Fault, Limit};

/// The version of the API.
const VERSION: &str = "2022-10-01";

/// Tables whose rows hold for what is below them.
const ABOVE: [&str; 2] = ["authorizationresources", "policyresources"];

/// How many rows a page has at most; without asking for them there are a hundred.
pub(crate) const PAGE: usize = 1000;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Query<'a> {
    pub(crate) text: &'a str,
    pub(crate) scope: Scope<'a>,
    /// Where to go on.
    pub(crate) skip: Option<&'a str>,
}

/// Where it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope<'a> {
    Subscriptions(&'a [String]),
    ManagementGroups(&'a [String]),
}

/// A page of rows.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Value>,
    /// How many rows there are on all pages.
    pub(crate) total: u64,
    /// Where the next page is.
    pub(crate) next: Option<String>,
    /// Set when Azure has looked at a part of the caller's subscriptions only.
    pub(crate) cut: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    total_records: u64,
    result_truncated: Truncated,
    #[serde(rename = "$skipToken")]
    skip_token: Option<String>,
    data: Vec<Value>,
}

/// Text in the documents and in answers; a flag in some clients' words.
#[derive(Deserialize)]
#[serde(untagged)]
enum Truncated {
    Flag(bool),
    Text(String),
}

impl Client {
    /// One page.
    pub(crate) async fn page(&self, query: &Query<'_>) -> Result<Page, Fault> {
        let mut options = json!({"$top": PAGE, "resultFormat": "objectArray"});
        // Rights and policies come from above, too: from management groups and the tenant.
        if ABOVE.iter().any(|table| query.text.starts_with(table))
            && let Some(options) = options.as_object_mut()
        {
            options.insert("authorizationScopeFilter".to_owned(), "AtScopeAboveAndBelow".into());
        }
        if let Some((options, skip)) = options.as_object_mut().zip(query.skip) {
            options.insert("$skipToken".to_owned(), skip.into());
        }
        let body = match query.scope {
            Scope::Subscriptions(all) => {
                json!({"query": query.text, "options": options, "subscriptions": all})
            }
            Scope::ManagementGroups(all) => {
                json!({"query": query.text, "options": options, "managementGroups": all})
            }
        };
        let path = format!("providers/Microsoft.ResourceGraph/resources?api-version={VERSION}");
        let url = self.cloud().arm.join(&path);
        let host = self.cloud().arm.host_str().unwrap_or_default().to_owned();
        let unreadable = |detail: String| Fault::Unreadable { host: host.clone(), detail };
        let url = url.map_err(|error| unreadable(error.to_string()))?;
        let ask = Ask { url, body: Some(body.to_string().into_bytes()), limit: Limit::ResourceGraph };
        read(&self.ask(&ask).await?).map_err(unreadable)
    }
}

fn read(answer: &Answer) -> Result<Page, String> {
    let said: Said = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    let truncated = match &said.result_truncated {
        Truncated::Flag(flag) => *flag,
        Truncated::Text(text) => !text.eq_ignore_ascii_case("false"),
    };
    let next = said.skip_token.filter(|token| !token.is_empty());
    if truncated && next.is_none() {
        return Err("it is cut off and does not tell where it goes on".to_owned());
    }
    let limit = answer.headers.get("x-ms-tenant-subscription-limit-hit");
    let cut =
        limit.and_then(|value| value.to_str().ok()).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    Ok(Page { rows: said.data, total: said.total_records, next, cut })
}

/// Any bytes as a page.
pub(crate) fn read_anything(bytes: &[u8]) {
    let _ = read(&Answer {
        status: reqwest::StatusCode::OK,
        headers: reqwest::header::HeaderMap::new(),
        body: bytes.to_vec(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Result<Page, String> {
        read(&Answer {
            status: reqwest::StatusCode::OK,
            headers: reqwest::header::HeaderMap::new(),
            body: text.as_bytes().to_vec(),
        })
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let whole = page(
            r#"{"totalRecords":1,"count":1,"resultTruncated":"false","data":[{"id":"/a"}],"facets":[]}"#,
        );
        let whole = whole.unwrap();
        assert_eq!((whole.rows.len(), whole.total, whole.next), (1, 1, None));
        let more = page(r#"{"totalRecords":5,"resultTruncated":"true","$skipToken":"t","data":[]}"#).unwrap();
        assert_eq!(more.next.as_deref(), Some("t"));
        for wrong in [
            r#"{"totalRecords":5,"resultTruncated":"true","data":[]}"#,
            r#"{"totalRecords":5,"resultTruncated":true,"$skipToken":"","data":[]}"#,
            r#"{"totalRecords":5,"resultTruncated":"false"}"#,
            r#"{"resultTruncated":"false","data":[]}"#,
            r#"{"totalRecords":5,"resultTruncated":"false","data":{"columns":[],"rows":[]}}"#,
            r#"{"totalRecords":5,"resultTruncated":"fal"#,
            "",
        ] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
    }
}
