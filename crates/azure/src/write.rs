//! Writing: one attempt at a time, and what is known of it afterwards.
//!
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling> (200 writes at once, 10
//! more a second; a 429 of Network may mean that another operation runs), the faults that
//! <https://github.com/Azure/ARO-RP> injects.
//!
//! INVARIANT: a write is sent once. Whether it is sent again is decided by who can look at what is there.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::http::{Answer, Ask, Attempt, Client, Fault, Limit, error_of};
use crate::operation::retry_after;

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Makes or replaces.
    Put,
    /// Changes members.
    Patch,
    /// Removes.
    Delete,
    /// Has something done.
    Post,
}

/// A write.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// What it does.
    pub verb: Verb,
    /// The id of the resource: `/subscriptions/…`.
    pub target: String,
    /// The version of its provider's interface.
    pub api_version: String,
    /// The action below the resource.
    pub action: Option<String>,
    /// The body.
    pub body: Option<Value>,
    /// The ETag that the resource has to have still.
    pub if_match: Option<String>,
    /// Whether nothing may be there.
    pub if_none_match: bool,
}

/// A resource, looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Looked {
    /// It is there.
    Here {
        /// The resource.
        body: Value,
        /// Its ETag, from the header.
        etag: Option<String>,
    },
    /// It is not there.
    Gone {
        /// Whether what it would be in is not there either.
        parent: bool,
    },
}

/// What came of one attempt to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// Azure says that it is done. `provisioningState` of the body may say that it still is not: reading it again tells.
    Done(Value),
    /// Azure has taken it, and works on it.
    Accepted {
        /// Where to ask how it goes; nothing where that is not told, or is on a host that gets no token.
        operation: Option<String>,
        /// How long to wait before.
        retry_after: Option<Duration>,
    },
    /// Nobody knows whether Azure has taken it.
    Unsure {
        /// What was the matter.
        why: String,
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// It certainly did not get there.
    NotSent {
        /// What was the matter.
        why: String,
    },
    /// Another operation is in its way.
    Busy {
        /// Azure's word for it.
        code: String,
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// The resource has another ETag, or is there where nothing may be.
    Precondition,
    /// Too many requests.
    Throttled {
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// Azure does not take it.
    Refused {
        /// The status of HTTP.
        status: u16,
        /// Azure's word for it.
        code: String,
        /// What it says.
        message: String,
    },
}

/// Words for a write that came at the wrong moment, with any status.
const BUSY: [&str; 14] = [
    "AnotherOperationInProgress",
    "AttachDiskWhileBeingDetached",
    "CanceledAndSupersededDueToAnotherOperation",
    "ConcurrentUpdateError",
    "ConflictingConcurrentWriteNotAllowed",
    "ConflictingServerOperation",
    "OperationInProgress",
    "OperationPreempted",
    "ProvisioningInProgress",
    "ReferencedResourceNotProvisioned",
    "RetryableError",
    "RetryableErrorDueToAnotherOperation",
    "RetryableErrorDueToConcurrentOperation",
    "ServerBusy",
];

/// Words of a 404 that say nothing of the resource: the question was wrong, or the caller sees nothing there.
const NOT_GONE: [&str; 7] = [
    "",
    "InvalidResourceNamespace",
    "InvalidResourceType",
    "InvalidSubscriptionId",
    "InvalidUrl",
    "NoRegisteredProviderFound",
    "SubscriptionNotFound",
];

/// Words of a 404 that say that what the resource would be in is not there.
const NO_PARENT: [&str; 2] = ["ParentResourceNotFound", "ResourceGroupNotFound"];

/// Whether Azure's word means that another operation is in the way.
pub(crate) fn is_busy(code: &str) -> bool {
    BUSY.iter().any(|one| one.eq_ignore_ascii_case(code))
}

impl Client {
    /// Looks at a resource, by Resource Manager itself: Resource Graph is seconds behind.
    ///
    /// # Errors
    ///
    /// It cannot be read, or nobody can tell whether it is there.
    pub async fn read_resource(&self, target: &str, api_version: &str) -> Result<Looked, Fault> {
        self.look(self.resource_url(target, None, api_version)?).await
    }

    /// Looks at a VM together with what it does now: whether it runs.
    ///
    /// # Errors
    ///
    /// It cannot be read, or nobody can tell whether it is there.
    pub async fn read_with_view(&self, target: &str, api_version: &str) -> Result<Looked, Fault> {
        let mut url = self.resource_url(target, None, api_version)?;
        url.query_pairs_mut().append_pair("$expand", "instanceView");
        self.look(url).await
    }

    async fn look(&self, url: Url) -> Result<Looked, Fault> {
        let host = url.host_str().unwrap_or_default().to_owned();
        match self.ask(&Ask { url, body: None, limit: Limit::Arm }).await {
            Ok(answer) => {
                let etag = answer.headers.get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
                match serde_json::from_slice::<Value>(&answer.body) {
                    Ok(body) if body.is_object() => Ok(Looked::Here { body, etag }),
                    Ok(_) => Err(Fault::Unreadable { host, detail: "it is no resource".to_owned() }),
                    Err(error) => Err(Fault::Unreadable { host, detail: error.to_string() }),
                }
            }
            Err(Fault::NotFound { code, message }) => {
                let is = |all: &[&str]| all.iter().any(|one| one.eq_ignore_ascii_case(&code));
                match is(&NOT_GONE) {
                    true => Err(Fault::NotFound { code, message }),
                    false => Ok(Looked::Gone { parent: is(&NO_PARENT) }),
                }
            }
            Err(fault) => Err(fault),
        }
    }

    /// Sends a write, once. A token that is not taken is no attempt: the write goes with a new one.
    ///
    /// # Errors
    ///
    /// Nothing was sent: nobody is signed in, or the id of the resource is none.
    pub async fn send(&self, write: &Write) -> Result<Sent, Fault> {
        let url = self.resource_url(&write.target, write.action.as_deref(), &write.api_version)?;
        let method = match write.verb {
            Verb::Put => Method::PUT,
            Verb::Patch => Method::PATCH,
            Verb::Delete => Method::DELETE,
            Verb::Post => Method::POST,
        };
        let body = write.body.as_ref().map(Value::to_string);
        let attempt = self.attempt(Limit::Write, |http| {
            let mut request = http.request(method.clone(), url.clone());
            if let Some(etag) = &write.if_match {
                request = request.header(IF_MATCH, etag);
            }
            if write.if_none_match {
                request = request.header(IF_NONE_MATCH, "*");
            }
            match (&body, write.verb) {
                (Some(body), _) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
                // A POST without a body has a length all the same, else some front ends refuse it (411).
                (None, Verb::Post) => request.body(Vec::new()),
                (None, _) => request,
            }
        });
        Ok(match attempt.await? {
            Attempt::NotSent(why) => Sent::NotSent { why },
            Attempt::Cut(why) => Sent::Unsure { why, retry_after: None },
            Attempt::Answer(answer) => self.sent(&answer),
        })
    }

    fn sent(&self, answer: &Answer) -> Sent {
        let (status, retry_after) = (answer.status, retry_after(&answer.headers));
        if status.is_success() {
            let operation = self.operation_of(status, &answer.headers);
            return match operation.is_some() || status == StatusCode::ACCEPTED {
                true => Sent::Accepted { operation, retry_after },
                // A body that did not come whole changes nothing: what is there is read anyway.
                false => Sent::Done(serde_json::from_slice(&answer.body).unwrap_or_default()),
            };
        }
        let (code, message) = error_of(&answer.body);
        match status {
            // Too many requests come at another moment for all of ours.
            StatusCode::TOO_MANY_REQUESTS if !is_busy(&code) => {
                if let Some(wait) = retry_after {
                    self.close(Limit::Write, wait);
                }
                Sent::Throttled { retry_after }
            }
            StatusCode::PRECONDITION_FAILED => Sent::Precondition,
            status if status.is_client_error() && is_busy(&code) => Sent::Busy { code, retry_after },
            // A server that fails may have taken it before.
            status
                if status.is_server_error()
                    || status == StatusCode::REQUEST_TIMEOUT
                    || (status == StatusCode::CONFLICT && code.is_empty()) =>
            {
                Sent::Unsure { why: format!("{} ({code})", status.as_u16()), retry_after }
            }
            status => Sent::Refused { status: status.as_u16(), code, message },
        }
    }

    /// The address of a resource, or of an action of it.
    fn resource_url(&self, target: &str, action: Option<&str>, api_version: &str) -> Result<Url, Fault> {
        let mut url = self.cloud().arm.clone();
        let wrong = || Fault::Unreadable {
            host: url.host_str().unwrap_or_default().to_owned(),
            detail: format!("`{}` is no id of a resource", target.escape_debug()),
        };
        let action = action.map(|action| format!("/{action}")).unwrap_or_default();
        let path = format!("{}{action}", target.trim_end_matches('/'));
        // INVARIANT: what is written to is what the id says. Ids come from files, too.
        let is_odd = |one: char| one.is_control() || matches!(one, '?' | '#' | '%' | '\\');
        let is_step = |step: &str| !matches!(step, "" | "." | "..");
        let lower = path.to_ascii_lowercase();
        let is_id = lower.starts_with("/subscriptions/") || lower.starts_with("/providers/");
        if !is_id || path.contains(is_odd) || !path.split('/').skip(1).all(is_step) {
            return Err(wrong());
        }
        url.set_path(&path);
        url.set_query(None);
        url.query_pairs_mut().append_pair("api-version", api_version);
        Ok(url)
    }
}
