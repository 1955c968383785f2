//! Requests to Azure: signed, paced, tried again where that helps, and told apart where it does not.
//!
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling> (429 with
//! `Retry-After`: who asks earlier waits anew), <https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors>
//! (the form of errors).

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use azure_core::time::{OffsetDateTime, parse_rfc7231};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use url::Url;

use crate::cloud::{Audience, Cloud};
use crate::credential::{Chain, CredentialError};
use crate::limits::{Bucket, backoff, duration};

/// The largest answer that is read: a page of Resource Graph has a few megabytes.
const ANSWER_LIMIT: usize = 64 << 20;

/// How often one request is tried.
const TRIES: u32 = 8;

/// How long one request may take in all, waiting included: a minute of refusals is nothing unusual.
const PATIENCE: Duration = Duration::from_secs(600);

/// What carries requests: TLS with the authorities of this machine, and others that are given in PEM.
///
/// # Errors
///
/// The authorities cannot be read, or TLS cannot be set up.
pub fn connect(authorities: &[u8]) -> Result<reqwest::Client, reqwest::Error> {
    // Somebody else may have chosen before: whichever it is will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("sekimori/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(15))
        .read_timeout(Duration::from_secs(60))
        .timeout(Duration::from_secs(180))
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_merge(reqwest::Certificate::from_pem_bundle(authorities)?)
        .build()
}

/// Which of Azure's limits a request counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    ResourceGraph,
    Arm,
    /// What is done, or worked out, on request.
    Action,
    Directory,
    /// What changes something.
    Write,
}

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) url: Url,
    /// The body of a POST; a GET has none.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) limit: Limit,
}

impl Limit {
    fn audience(self) -> Audience {
        match self {
            Limit::ResourceGraph | Limit::Arm | Limit::Action | Limit::Write => Audience::Arm,
            Limit::Directory => Audience::Graph,
        }
    }
}

/// An answer that tells something.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What one attempt came to.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// An answer, whatever its status. Its body is empty where it did not come whole.
    Answer(Answer),
    /// It certainly did not get there.
    NotSent(String),
    /// There is no answer, and nobody knows whether it got there.
    Cut(String),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Nobody is signed in, or not any more.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The caller may not read this.
    #[error("the caller may not read this ({code}): {message}")]
    Refused {
        /// Azure's word for it.
        code: String,
        /// What it says.
        message: String,
    },
    /// There is no such thing.
    #[error("there is no such thing ({code}): {message}")]
    NotFound {
        /// Azure's word for it.
        code: String,
        /// What it says.
        message: String,
    },
    /// Azure refused for too long, or the network did not hold.
    #[error("no answer after {tries} tries: {last}")]
    GaveUp {
        /// How often it was tried.
        tries: u32,
        /// What was the matter the last time.
        last: String,
    },
    /// An answer that helps nobody, and will not get better.
    #[error("`{host}` answered {status} ({code}): {message}")]
    Wrong {
        /// Who answered.
        host: String,
        /// The status of HTTP.
        status: u16,
        /// Azure's word for it.
        code: String,
        /// What it says.
        message: String,
    },
    /// An answer that cannot be read.
    #[error("the answer of `{host}` cannot be read: {detail}")]
    Unreadable {
        /// Who answered.
        host: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Somebody has stopped it.
    #[error("stopped")]
    Stopped,
}

/// A client of one cloud, with the rights of one caller.
pub struct Client {
    http: reqwest::Client,
    cloud: Cloud,
    chain: Chain,
    buckets: Mutex<[Bucket; 5]>,
    start: Instant,
    /// How long the first wait before another try is at most.
    step: Duration,
    /// By how many seconds Azure's clock is ahead of this machine's, by its last answer.
    ahead: AtomicI64,
}

/// What a try came to.
enum Tried {
    Answer(Answer),
    /// It may help to try again, after so long if that is told.
    Again(String, Option<Duration>),
    /// The token is not taken any more.
    Token(String),
    Fault(Fault),
}

impl Client {
    /// A client. Nothing is asked yet.
    pub fn new(http: reqwest::Client, cloud: Cloud, chain: Chain) -> Self {
        let buckets = [
            Bucket::resource_graph(),
            Bucket::arm(),
            Bucket::actions(),
            Bucket::directory(),
            Bucket::writes(),
        ];
        Self {
            http,
            cloud,
            chain,
            buckets: Mutex::new(buckets),
            start: now(),
            step: Duration::from_millis(500),
            ahead: AtomicI64::new(0),
        }
    }

    /// The same without a pace of its own, and with shorter waits where Azure does not say how long: for tests.
    #[must_use]
    pub fn impatient(self) -> Self {
        let buckets = [(); 5].map(|()| Bucket::new(1000.0, 1000.0));
        Self { step: Duration::from_millis(5), buckets: Mutex::new(buckets), ..self }
    }

    /// The cloud.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Whose rights are used.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// By how many seconds Azure's clock is ahead of this machine's (or behind it, below 0), by its last answer.
    pub fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    /// Asks, and asks again where that helps.
    pub(crate) async fn ask(&self, ask: &Ask) -> Result<Answer, Fault> {
        let begun = now();
        let mut refused: Option<String> = None;
        let mut last = String::new();
        for attempt in 0..TRIES {
            self.wait(ask.limit).await;
            let token = self.chain.token(ask.limit.audience(), refused.as_deref()).await;
            let token = token.inspect_err(|_| self.with(ask.limit, |bucket, _| bucket.landed()))?;
            let tried = self.once(ask, &token).await;
            self.with(ask.limit, |bucket, _| bucket.landed());
            match tried {
                Tried::Answer(answer) => {
                    self.told(ask.limit, &answer.headers);
                    return Ok(answer);
                }
                Tried::Fault(fault) => return Err(fault),
                // A new token, once: what Azure refuses twice is not its age.
                Tried::Token(message) if refused.is_none() => {
                    refused = Some(token);
                    last = message;
                }
                // No right to read this is missing. A new token that is not taken either says nothing of other places.
                Tried::Token(message) => {
                    let host = ask.url.host_str().unwrap_or_default().to_owned();
                    let code = "Unauthorized".to_owned();
                    return Err(Fault::Wrong { host, status: 401, code, message });
                }
                Tried::Again(why, asked) => {
                    last = why;
                    let wait = backoff(self.step, attempt, asked, chance());
                    if begun.elapsed().saturating_add(wait) > PATIENCE {
                        return Err(Fault::GaveUp { tries: attempt + 1, last });
                    }
                    if asked.is_some() {
                        // Nobody else of ours asks before that either.
                        self.with(ask.limit, |bucket, at| bucket.close(at, wait));
                    }
                    tokio::time::sleep(wait).await;
                }
            }
        }
        Err(Fault::GaveUp { tries: TRIES, last })
    }

    /// Sends a request once, in its turn. One that is refused for the age of its token was not looked at: it goes again.
    pub(crate) async fn attempt(
        &self,
        limit: Limit,
        build: impl Fn(&reqwest::Client) -> reqwest::RequestBuilder,
    ) -> Result<Attempt, Fault> {
        let mut refused: Option<String> = None;
        loop {
            let long = self.with(limit, |bucket, at| bucket.closed_for(at));
            if long > PATIENCE {
                return Ok(Attempt::NotSent(format!("Azure takes no writes for {} s", long.as_secs())));
            }
            self.wait(limit).await;
            let token = self.chain.token(limit.audience(), refused.as_deref()).await;
            let token = token.inspect_err(|_| self.with(limit, |bucket, _| bucket.landed()))?;
            let response = build(&self.http).bearer_auth(&token).send().await;
            self.with(limit, |bucket, _| bucket.landed());
            let response = match response {
                Ok(response) => response,
                Err(error) if error.is_connect() || error.is_builder() => {
                    return Ok(Attempt::NotSent(network(&error)));
                }
                Err(error) => return Ok(Attempt::Cut(network(&error))),
            };
            let (status, headers) = (response.status(), response.headers().clone());
            if status == StatusCode::UNAUTHORIZED && refused.is_none() {
                refused = Some(token);
                continue;
            }
            let body = answer_of(response).await.unwrap_or_default();
            return Ok(Attempt::Answer(Answer { status, headers, body }));
        }
    }

    /// Nothing that counts for a limit is asked for a while.
    pub(crate) fn close(&self, limit: Limit, wait: Duration) {
        self.with(limit, |bucket, at| bucket.close(at, wait));
    }

    async fn wait(&self, limit: Limit) {
        let wait = self.with(limit, Bucket::take);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    fn told(&self, limit: Limit, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let remaining = text("x-ms-user-quota-remaining").and_then(|text| text.trim().parse().ok());
        let resets = text("x-ms-user-quota-resets-after").and_then(duration);
        self.with(limit, |bucket, at| bucket.told(at, remaining, resets));
    }

    fn with<T>(&self, limit: Limit, f: impl FnOnce(&mut Bucket, Duration) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let [graph, arm, actions, directory, writes] = &mut *buckets;
        let bucket = match limit {
            Limit::ResourceGraph => graph,
            Limit::Arm => arm,
            Limit::Action => actions,
            Limit::Directory => directory,
            Limit::Write => writes,
        };
        f(bucket, self.start.elapsed())
    }

    async fn once(&self, ask: &Ask, token: &str) -> Tried {
        let host = ask.url.host_str().unwrap_or_default().to_owned();
        let method = if ask.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.http.request(method, ask.url.clone()).bearer_auth(token);
        if let Some(body) = &ask.body {
            request = request.header("content-type", "application/json").body(body.clone());
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Tried::Again(network(&error), None),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let date =
            headers.get(DATE).and_then(|value| value.to_str().ok()).and_then(|text| parse_rfc7231(text).ok());
        if let Some(date) = date {
            let ahead = date.unix_timestamp() - OffsetDateTime::now_utc().unix_timestamp();
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        // A page of which a half came is as good as none.
        let body = match answer_of(response).await {
            Ok(body) => body,
            Err(AnswerError::TooLarge) => {
                return Tried::Fault(Fault::Unreadable { host, detail: AnswerError::TooLarge.to_string() });
            }
            Err(AnswerError::Network(error)) => return Tried::Again(network(&error), None),
        };
        if status.is_success() {
            return Tried::Answer(Answer { status, headers, body });
        }
        let (code, message) = error_of(&body);
        let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(duration);
        let resets = headers.get("x-ms-user-quota-resets-after").and_then(|value| value.to_str().ok());
        let asked = asked.or_else(|| resets.and_then(duration));
        match status {
            StatusCode::UNAUTHORIZED => Tried::Token(message),
            StatusCode::FORBIDDEN => Tried::Fault(Fault::Refused { code, message }),
            StatusCode::NOT_FOUND => Tried::Fault(Fault::NotFound { code, message }),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                Tried::Again(format!("{} ({code})", status.as_u16()), asked)
            }
            status if status.is_server_error() => {
                Tried::Again(format!("{} ({code})", status.as_u16()), asked)
            }
            status => Tried::Fault(Fault::Wrong { host, status: status.as_u16(), code, message }),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "pace is a matter of the clock; no answer depends on it")]
fn now() -> Instant {
    Instant::now()
}

/// A number from 0 to 1 that nobody can foresee.
fn chance() -> f64 {
    let number = RandomState::new().build_hasher().finish();
    (number >> 11) as f64 / (1u64 << 53) as f64
}

/// Why the body of an answer cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// It did not come whole.
    #[error(transparent)]
    Network(#[from] reqwest::Error),
    /// It is larger than any answer of Azure's.
    #[error("it is larger than {} MiB", ANSWER_LIMIT >> 20)]
    TooLarge,
}

/// The body of an answer, if it is not too large.
///
/// # Errors
///
/// It does not come whole, or is too large.
pub async fn answer_of(mut response: reqwest::Response) -> Result<Vec<u8>, AnswerError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err(AnswerError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What the network says, without the address that was asked: it may hold ids.
fn network(error: &reqwest::Error) -> String {
    let mut text = match error {
        error if error.is_timeout() => "no answer in time".to_owned(),
        error if error.is_connect() => "no connection".to_owned(),
        _ => "the connection was cut".to_owned(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text.chars().filter(|one| !one.is_control()).take(300).collect()
}

/// The word and the message of an error: `{"error":{"code":…,"message":…}}`, or `{"code":…,"message":…}`.
pub(crate) fn error_of(body: &[u8]) -> (String, String) {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let error = value.get("error").unwrap_or(&value);
    let text = |name: &str| {
        let text = error.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        text.chars().filter(|one| !one.is_control()).take(300).collect::<String>()
    };
    // Resource Graph has the telling word in the details.
    let detail = error.pointer("/details/0/code").and_then(serde_json::Value::as_str);
    let code = match (text("code"), detail) {
        (code, Some(detail)) if code == "BadRequest" || code.is_empty() => detail.to_owned(),
        (code, _) => code,
    };
    (code, text("message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_every_form_are_read() {
        let one = |text: &str| error_of(text.as_bytes());
        let pair = |code: &str, message: &str| (code.to_owned(), message.to_owned());
        assert_eq!(one(r#"{"error":{"code":"A","message":"b\u001b[1m"}}"#), pair("A", "b[1m"));
        assert_eq!(one(r#"{"code":"A","message":"b"}"#), pair("A", "b"));
        assert_eq!(
            one(r#"{"error":{"code":"BadRequest","message":"b","details":[{"code":"InvalidQuery"}]}}"#),
            pair("InvalidQuery", "b")
        );
        for odd in ["", "null", "[]", "<html>", r#"{"error":"text"}"#, r#"{"error":{"code":1}}"#] {
            assert_eq!(one(odd), pair("", ""), "{odd}");
        }
    }
}
