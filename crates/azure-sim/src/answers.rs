//! What is answered to a request that was let through.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::Url;

use crate::faults::Fault;
use crate::query::Query;
use crate::world::{KNOWN, World};

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body }
    }

    /// An error in the form of Resource Manager.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self { status, headers: Vec::new(), body: json!({"error": {"code": code, "message": message}}) }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// The endpoints of the cloud that this is.
pub(crate) fn metadata(base: &str) -> Answer {
    Answer::ok(json!({
        "name": "Sim", "portal": base, "graph": base, "graphAudience": base, "microsoftGraphResourceId": base,
        "resourceManager": base, "batch": base, "media": base, "sqlManagement": base, "gallery": base,
        "authentication": {"loginEndpoint": base, "audiences": [base], "tenant": "common", "identityProvider": "AAD"},
        "suffixes": {"keyVaultDns": "vault.sim", "storage": "core.sim", "sqlServerHostname": "database.sim",
            "acrLoginServer": "azurecr.sim", "mhsmDns": "managedhsm.sim", "storageSyncEndpointSuffix": "afs.sim"},
    }))
}

/// What a client of OpenID Connect asks first.
pub(crate) fn openid(base: &str, tenant: &str) -> Answer {
    let at = |path: &str| format!("{base}{tenant}/{path}");
    Answer::ok(json!({
        "issuer": at("v2.0"), "token_endpoint": at("oauth2/v2.0/token"),
        "authorization_endpoint": at("oauth2/v2.0/authorize"), "device_authorization_endpoint": at("oauth2/v2.0/devicecode"),
        "jwks_uri": at("discovery/v2.0/keys"), "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"], "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

/// A token, in the form of one that Entra makes. `serial` makes each another one.
pub(crate) fn token(tenant: &str, client: &str, serial: u64, life: u64) -> (String, Answer) {
    let claims =
        json!({"tid": tenant, "oid": "00000000-0000-0000-0000-00000000000a", "appid": client, "jti": serial});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let token = format!(
        "{}.{}.{}",
        part(&json!({"alg": "none", "typ": "JWT"})),
        part(&claims),
        URL_SAFE_NO_PAD.encode("sim")
    );
    let body =
        json!({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token});
    (token, Answer::ok(body))
}

/// A page of a list: `value`, and the address of the next one.
pub(crate) fn list(
    rows: Vec<Value>,
    url: &Url,
    size: usize,
    next_name: &str,
    fault: Option<&Fault>,
) -> Answer {
    let from = url
        .query_pairs()
        .find(|(name, _)| name == "$skiptoken")
        .and_then(|(_, at)| at.parse().ok())
        .unwrap_or(0usize);
    let count = rows.len();
    let page: Vec<Value> = rows.into_iter().skip(from).take(size).collect();
    let mut body = json!({"value": page});
    if from + size < count {
        let mut next = url.clone();
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| name != "$skiptoken")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        next.query_pairs_mut()
            .clear()
            .extend_pairs(kept)
            .append_pair("$skiptoken", &(from + size).to_string());
        if fault == Some(&Fault::Elsewhere) {
            // A failure to set the host would leave the address as it was.
            let _ = next.set_host(Some("elsewhere.example"));
        }
        if let Some(body) = body.as_object_mut() {
            body.insert(next_name.to_owned(), next.as_str().into());
        }
    }
    Answer::ok(body)
}

/// What the latest questions found, for their further pages.
#[derive(Debug, Default)]
pub(crate) struct Found(Mutex<VecDeque<(String, Arc<Vec<Value>>)>>);

/// How many questions are remembered: more than a collector asks at once.
const REMEMBERED: usize = 16;

impl Found {
    fn of(&self, key: String, work_out: impl FnOnce() -> Vec<Value>) -> Arc<Vec<Value>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rows)) = all.iter().find(|(its, _)| *its == key) {
            return Arc::clone(rows);
        }
        let rows = Arc::new(work_out());
        all.push_front((key, Arc::clone(&rows)));
        all.truncate(REMEMBERED);
        rows
    }

    /// Forgets everything: there is something else now.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What Resource Graph says.
pub(crate) fn graph(world: &World, found: &Found, text: &str, page: usize, fault: Option<&Fault>) -> Answer {
    let wrong = |code: &str, message: &str| {
        let mut answer =
            Answer::error(400, "BadRequest", "Please provide below info when asking for support");
        if let Some(error) = answer.body.get_mut("error").and_then(Value::as_object_mut) {
            error.insert("details".to_owned(), json!([{"code": code, "message": message}]));
        }
        answer
    };
    let Ok(body) = serde_json::from_str::<Value>(text) else {
        return wrong("InvalidJson", "the body is no JSON");
    };
    let query = match Query::read(body.get("query").and_then(Value::as_str).unwrap_or_default()) {
        Ok(query) => query,
        Err(message) => return wrong("InvalidQuery", &message),
    };
    if !KNOWN.contains(&query.table.as_str()) {
        return wrong("InvalidQuery", "Table not found");
    }
    let subscriptions: Option<Vec<String>> = body
        .get("subscriptions")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect());
    let groups: Option<Vec<&str>> = body
        .get("managementGroups")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).collect());
    let filter = body.pointer("/options/authorizationScopeFilter").and_then(Value::as_str);
    let above = filter == Some("AtScopeAboveAndBelow") || subscriptions.is_none() && groups.is_none();
    let within = |row: &&Value| {
        let its = row.get("subscriptionId").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        // What stands above subscriptions is in none of them.
        if its.is_empty() {
            return above;
        }
        subscriptions.as_ref().is_none_or(|all| all.contains(&its))
            && groups.as_ref().is_none_or(|all| all.iter().any(|group| world.is_under(&its, group)))
    };
    let rows = world.tables.get(query.table.as_str()).map(Vec::as_slice).unwrap_or_default();
    let key = format!("{:?} {subscriptions:?} {groups:?} {above}", body.get("query"));
    let found = found.of(key, || query.over(rows.iter().filter(within)));
    let options = body.get("options");
    let option = |name: &str| options.and_then(|options| options.get(name));
    let top = option("$top").and_then(Value::as_u64).and_then(|top| usize::try_from(top).ok()).unwrap_or(100);
    let size = top.clamp(1, 1000).min(page);
    let from = match option("$skipToken").and_then(Value::as_str) {
        None => 0,
        Some(token) => {
            let decoded = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            match decoded.and_then(|text| text.strip_prefix("skip:")?.parse::<usize>().ok()) {
                Some(from) => from,
                None => return wrong("InvalidSkipToken", "the token is not one of ours"),
            }
        }
    };
    let total = found.len();
    let start = if fault == Some(&Fault::Repeated) { 0 } else { from };
    let mut page: Vec<Value> = found.iter().skip(start).take(size).cloned().collect();
    if fault == Some(&Fault::Lost) {
        page.clear();
    }
    let more = from + size < total;
    let mut body = json!({"totalRecords": total, "count": page.len(), "data": page, "facets": [],
        "resultTruncated": if more && !query.has_pages() { "true" } else { "false" }});
    if more && query.has_pages() && fault != Some(&Fault::Truncated) {
        if let Some(body) = body.as_object_mut() {
            body.insert("$skipToken".to_owned(), STANDARD.encode(format!("skip:{}", from + size)).into());
        }
    } else if more && let Some(body) = body.as_object_mut() {
        body.insert("resultTruncated".to_owned(), "true".into());
    }
    Answer::ok(body)
}
