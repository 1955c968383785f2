//! The server: TLS with a certificate of its own, one request after the other on each connection.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant, SystemTime};

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::answers::{Answer, Found, graph, list, metadata, openid, token};
use crate::faults::{Fault, Faults, Script};
use crate::quota::{Quota, Window};
use crate::recorded::{self, Recording};
use crate::world::{World, type_of, with_instance_view};
use crate::write::{self, Address, Change, Conditions, parts_of};

/// The largest request that is read.
const REQUEST_LIMIT: usize = 4 << 20;

/// A simulator that runs until it is dropped.
pub struct Running {
    /// Where it listens: `https://localhost:PORT/`.
    pub base: String,
    /// The certificate of its authority, in PEM.
    pub authority: String,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `GET`, `PUT`, …
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// The status that was answered; 0 where the connection was cut.
    pub status: u16,
    /// What was sent to be given a token; empty for all other requests.
    pub form: String,
    /// What a PUT or PATCH sent; empty for all other requests.
    pub body: String,
    /// What `If-Match` said; empty without it.
    pub if_match: String,
}

struct Shared {
    world: RwLock<World>,
    base: String,
    quota: Quota,
    /// How many rows a page has at most.
    page: usize,
    faults: Faults,
    window: Mutex<Window>,
    start: Instant,
    serial: AtomicU64,
    tokens: Mutex<HashSet<String>>,
    seen: Mutex<Vec<Seen>>,
    /// Answers that are being worked on: which recording, and how often that is still to be said.
    works: Mutex<Vec<(usize, usize)>>,
    /// By how many seconds its clock is ahead of this machine's.
    ahead: AtomicI64,
    found: Found,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    /// The requests that came until now.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// A token that it takes, for those who do not get theirs from it: a machine's own identity service.
    pub fn issue(&self) -> String {
        self.shared.issue("machine").0
    }

    /// Changes what there is while it runs.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        self.shared.write(change);
        self.shared.found.forget();
    }

    /// Does what another writer does: nothing is asked and nothing is checked.
    pub fn meanwhile(&self, change: &Change) {
        let now = self.shared.now();
        self.shared.write(|world| write::apply(world, change, now));
    }

    /// A resource, or a part of one such as a rule, as it is now.
    pub fn resource(&self, id: &str) -> Option<Value> {
        let now = self.shared.now();
        self.shared.write(|world| write::tick(world, now));
        write::find(&self.shared.world(), id).cloned()
    }

    /// The time by its clock, in seconds since 1970.
    pub fn now(&self) -> i64 {
        self.shared.now()
    }

    /// Adds faults while it runs; those that were there come first.
    pub fn script(&self, faults: Vec<Script>) {
        self.shared.faults.add(faults);
    }

    /// Sets its clock ahead of this machine's by so many seconds, or behind.
    pub fn set_clock(&self, ahead: i64) {
        self.shared.ahead.store(ahead, Ordering::Relaxed);
    }

    /// Makes all tokens that were given out worthless.
    pub fn revoke(&self) {
        lock(&self.shared.tokens).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a simulator on a port of its own.
///
/// # Errors
///
/// No port can be had, or no certificate made.
pub async fn start(world: World, quota: Quota, page: usize, faults: Vec<Script>) -> io::Result<Running> {
    start_at(0, world, quota, page, faults).await
}

/// The same on a port that was chosen; 0 is any.
///
/// # Errors
///
/// The port is taken, or no certificate can be made.
pub async fn start_at(
    port: u16,
    world: World,
    quota: Quota,
    page: usize,
    faults: Vec<Script>,
) -> io::Result<Running> {
    let (authority, acceptor) = certificate().map_err(io::Error::other)?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let base = format!("https://localhost:{}/", address.port());
    #[expect(clippy::disallowed_methods, reason = "quotas are a matter of the clock")]
    let start = Instant::now();
    let shared = Arc::new(Shared {
        world: RwLock::new(world),
        base: base.clone(),
        quota,
        page,
        faults: Faults::new(faults),
        window: Mutex::default(),
        start,
        serial: AtomicU64::new(0),
        tokens: Mutex::default(),
        seen: Mutex::default(),
        works: Mutex::default(),
        ahead: AtomicI64::new(0),
        found: Found::default(),
    });
    let task = tokio::spawn(accept(listener, acceptor, Arc::clone(&shared)));
    Ok(Running { base, authority, shared, task })
}

/// An authority and a certificate for localhost that it has signed: one that is both is refused by clients.
fn certificate() -> Result<(String, TlsAcceptor), Box<dyn std::error::Error + Send + Sync>> {
    let key = rcgen::KeyPair::generate()?;
    let mut ours = rcgen::CertificateParams::new(Vec::<String>::new())?;
    ours.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    ours.distinguished_name.push(rcgen::DnType::CommonName, "azure-sim authority");
    let authority = ours.self_signed(&key)?;
    let issuer = rcgen::Issuer::new(ours, key);
    let own = rcgen::KeyPair::generate()?;
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf = rcgen::CertificateParams::new(names)?.signed_by(&own, &issuer)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(own.serialize_der())?;
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)?;
    Ok((authority.pem(), TlsAcceptor::from(Arc::new(config))))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        tokio::spawn(connection(stream, acceptor, shared));
    }
}

async fn connection(stream: tokio::net::TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { shared.serve(request).await }
    });
    // A client that goes away is no error of ours.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

type Body = BoxBody<Bytes, io::Error>;

impl Shared {
    fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time by its clock.
    fn time(&self) -> SystemTime {
        #[expect(clippy::disallowed_methods, reason = "a server tells the time")]
        let now = SystemTime::now();
        let ahead = self.ahead.load(Ordering::Relaxed);
        let by = Duration::from_secs(ahead.unsigned_abs());
        let moment = if ahead < 0 { now.checked_sub(by) } else { now.checked_add(by) };
        moment.unwrap_or(now)
    }

    /// The same in seconds since 1970.
    fn now(&self) -> i64 {
        let since = self.time().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    fn date(&self) -> String {
        let moment = self.time();
        // What is later than that has no date of HTTP.
        let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        httpdate::fmt_http_date(moment.clamp(SystemTime::UNIX_EPOCH, last))
    }

    /// Writes to the world; Resource Graph's pages begin anew when it knows of it.
    fn write<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.world.write().unwrap_or_else(PoisonError::into_inner))
    }

    async fn serve(&self, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let whole = parts.uri.path_and_query().map(|text| text.as_str()).unwrap_or_default();
        // `az` puts a slash between an address that ends in one and a path; two of them would begin a host.
        let whole = format!("/{}", whole.trim_start_matches('/'));
        let body = Limited::new(body, REQUEST_LIMIT).collect().await.map(|body| body.to_bytes());
        let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
        let bearer = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
        let fault = self.faults.of(parts.method.as_str(), &whole, &body);
        let header = |name: &str| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        let conditions = Conditions { if_match: header("if-match"), if_none_match: header("if-none-match") };
        let cut = matches!(fault, Some(Fault::Cut | Fault::CutAfter));
        let asks = path.ends_with(TOKENS) || path.to_ascii_lowercase().contains("microsoft.resourcegraph");
        let writes = matches!(parts.method, Method::PUT | Method::PATCH | Method::DELETE);
        let if_match = conditions.if_match.clone().unwrap_or_default();
        let now = self.now();
        if write::is_due(&self.world(), now) {
            self.write(|world| write::tick(world, now));
        }
        if let Some(Fault::Meanwhile(changes)) = &fault {
            self.write(|world| changes.iter().for_each(|change| write::apply(world, change, now)));
        }
        let answer = match fault {
            // What writes or acts does not come through; what asks is counted, and not answered.
            Some(Fault::Cut) if writes || parts.method == Method::POST && !asks => {
                Answer { status: 0, headers: Vec::new(), body: Value::Null }
            }
            _ => self.answer(&parts.method, &whole, &body, bearer, conditions, fault.as_ref()),
        };
        let status = if cut { 0 } else { answer.status };
        let (mut form, mut wrote) = (String::new(), String::new());
        if path.ends_with(TOKENS) {
            form = body;
        } else if writes {
            wrote = body;
        }
        lock(&self.seen).push(Seen {
            method: parts.method.to_string(),
            path,
            status,
            form,
            body: wrote,
            if_match,
        });
        if cut {
            return Err(io::Error::other("cut on purpose"));
        }
        let text = match fault {
            Some(Fault::Nonsense) => "<html>it is not you, it is us</html>".to_owned(),
            _ if answer.body.is_null() => String::new(),
            _ => answer.body.to_string(),
        };
        let mut response = Response::builder()
            .status(answer.status)
            .header("content-type", "application/json; charset=utf-8")
            .header("date", self.date());
        for (name, value) in &answer.headers {
            response = response.header(*name, value);
        }
        let body: Body = match fault {
            Some(Fault::Half) => {
                response = response.header("content-length", text.len());
                let half = text.get(..text.len() / 2).unwrap_or_default().to_owned();
                let frames = [Ok(Frame::data(Bytes::from(half))), Err(io::Error::other("half on purpose"))];
                BodyExt::boxed(StreamBody::new(futures_util::stream::iter(frames)))
            }
            _ => Full::new(Bytes::from(text)).map_err(|never: Infallible| match never {}).boxed(),
        };
        response.body(body).map_err(io::Error::other)
    }

    fn answer(
        &self,
        method: &Method,
        whole: &str,
        body: &str,
        bearer: &str,
        conditions: Conditions,
        fault: Option<&Fault>,
    ) -> Answer {
        let Ok(url) = Url::parse(&self.base).and_then(|base| base.join(whole)) else {
            return Answer::error(400, "InvalidUrl", "the address cannot be read");
        };
        let path = percent_decode_str(url.path().trim_matches('/')).decode_utf8_lossy().into_owned();
        let tenant = self.world().tenant.clone();
        if path.eq_ignore_ascii_case("metadata/endpoints") {
            return metadata(&self.base);
        }
        if let Some(tenant) = path.strip_suffix("/v2.0/.well-known/openid-configuration") {
            return openid(&self.base, tenant);
        }
        if *method == Method::POST && path.ends_with(TOKENS) {
            return self.token(body, fault);
        }
        match fault {
            Some(Fault::Forbidden) => {
                return Answer::error(
                    403,
                    "AuthorizationFailed",
                    "The client does not have authorization to perform this action.",
                );
            }
            Some(Fault::Missing) => {
                return Answer::error(404, "ResourceNotFound", "there is no such resource");
            }
            Some(Fault::Unregistered) => {
                return Answer::error(
                    409,
                    "MissingSubscriptionRegistration",
                    "The subscription is not registered to use namespace 'Microsoft.Security'.",
                );
            }
            Some(Fault::Unlicensed) => {
                return Answer::error(
                    400,
                    "AadPremiumLicenseRequired",
                    "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
                );
            }
            Some(Fault::Expired) => return expired(),
            Some(Fault::Throttled(wait)) => {
                let answer =
                    Answer::error(429, "RateLimiting", "Please provide below info when asking for support");
                return match wait {
                    Some(wait) => answer.with("retry-after", wait),
                    None => answer,
                };
            }
            Some(Fault::Unavailable) => return Answer::error(503, "ServiceUnavailable", "try again later"),
            _ => {}
        }
        if !lock(&self.tokens).contains(bearer) {
            return expired();
        }
        if let Some(list_path) = path.strip_prefix("v1.0/") {
            // What was not given is empty: a tenant without it.
            let rows = self.world().directory.get(list_path).cloned().unwrap_or_default();
            return list(rows, &url, self.page, "@odata.nextLink", fault);
        }
        let version =
            url.query_pairs().find(|(name, _)| name == "api-version").map(|(_, value)| value.into_owned());
        let version = version.as_deref().unwrap_or_default();
        match version {
            "" => {
                return Answer::error(
                    400,
                    "MissingApiVersionParameter",
                    "The api-version query parameter (?api-version=) is required for all requests.",
                );
            }
            version if !is_version(version) => {
                return Answer::error(
                    400,
                    "InvalidApiVersionParameter",
                    &format!("The api-version '{version}' is invalid."),
                );
            }
            _ => {}
        }
        if path.eq_ignore_ascii_case("providers/Microsoft.ResourceGraph/resources") && *method == Method::POST
        {
            return self.graph(body, fault);
        }
        if path.eq_ignore_ascii_case("subscriptions") {
            let row = |id: &String| {
                serde_json::json!({"id": format!("/subscriptions/{id}"), "subscriptionId": id,
                "tenantId": tenant, "displayName": id, "state": "Enabled", "authorizationSource": "RoleBased"})
            };
            return list(
                self.world().subscriptions.iter().map(row).collect(),
                &url,
                self.page,
                "nextLink",
                fault,
            );
        }
        if let Some(number) = path.strip_prefix(WORKS) {
            return self.poll(number.parse().unwrap_or(usize::MAX));
        }
        let request = write::Request {
            method: method.as_str(),
            path: &path,
            version,
            body,
            conditions,
            base: &self.base,
            now: self.now(),
            fault,
        };
        if matches!(*method, Method::PUT | Method::PATCH | Method::DELETE) {
            return self.write(|world| write::write(world, &request));
        }
        if *method == Method::POST {
            let told = recorded::answer(&self.world().recordings, &path, body).is_some();
            let acted = if told { None } else { self.write(|world| write::act(world, &request)) };
            if let Some(answer) = acted {
                return answer;
            }
            return self.recorded(&path, body);
        }
        let lower = path.to_ascii_lowercase();
        if lower.contains("/operations/") || lower.contains("/operationresults/") {
            // `Location` is asked until there is an answer, the other address until there is a status.
            let last =
                lower.contains("/operationresults/") || url.query_pairs().any(|(name, _)| name == "monitor");
            let polled = self.write(|world| write::poll(world, &path, last, request.now));
            if let Some(answer) = polled {
                return answer;
            }
        }
        self.resource_or_list(&path, &url, fault)
    }

    /// What Azure said when it was asked this.
    fn recorded(&self, path: &str, body: &str) -> Answer {
        let world = self.world();
        match recorded::answer(&world.recordings, path, body) {
            None => Answer::error(404, "NotRecorded", "only what was recorded of Azure is answered"),
            Some((_, found)) if found.polls == 0 => said(found),
            Some((number, found)) => {
                let mut works = lock(&self.works);
                works.push((number, found.polls - 1));
                self.accepted(works.len() - 1)
            }
        }
    }

    fn accepted(&self, work: usize) -> Answer {
        let location = format!("{}{WORKS}{work}?api-version=2023-09-01", self.base);
        let body = Answer { status: 202, headers: Vec::new(), body: Value::Null };
        body.with("location", location).with("retry-after", 0)
    }

    fn poll(&self, work: usize) -> Answer {
        let mut works = lock(&self.works);
        match works.get_mut(work) {
            None => Answer::error(404, "OperationNotFound", "there is no such operation"),
            Some((number, 0)) => match self.world().recordings.get(*number) {
                Some(found) => said(found),
                None => Answer::error(404, "OperationNotFound", "there is no such operation"),
            },
            Some((_, left)) => {
                *left -= 1;
                self.accepted(work)
            }
        }
    }

    fn token(&self, body: &str, fault: Option<&Fault>) -> Answer {
        if fault.is_some() {
            return Answer {
                body: serde_json::json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided.",
                    "error_codes": [7000215]}),
                ..Answer::error(401, "", "")
            };
        }
        let form = url::form_urlencoded::parse(body.as_bytes());
        let client =
            form.into_owned().find(|(name, _)| name == "client_id").map(|(_, id)| id).unwrap_or_default();
        self.issue(&client).1
    }

    fn issue(&self, client: &str) -> (String, Answer) {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let (token, answer) = token(&self.world().tenant, client, serial, 3599);
        lock(&self.tokens).insert(token.clone());
        (token, answer)
    }

    fn graph(&self, body: &str, fault: Option<&Fault>) -> Answer {
        let (granted, left, resets) = lock(&self.window).take(self.quota, self.start.elapsed());
        let resets = clock(resets);
        let answer = match granted {
            true => {
                if self.world.write().unwrap_or_else(PoisonError::into_inner).asked() {
                    self.found.forget();
                }
                graph(&self.world(), &self.found, body, self.page, fault)
            }
            false => Answer::error(
                429,
                "RateLimiting",
                "Client application has been throttled and should not attempt to repeat the request until an amount of time has elapsed.",
            ),
        };
        answer
            .with("x-ms-user-quota-remaining", left.min(1 << 30))
            .with("x-ms-user-quota-resets-after", resets)
    }

    /// One resource by its id, or the resources of a type in a subscription or group.
    fn resource_or_list(&self, path: &str, url: &Url, fault: Option<&Fault>) -> Answer {
        let id = format!("/{path}");
        // The last one counts: it may have been given again.
        let world = self.world();
        let all = || world.resources.iter().rev();
        if let Some(row) = world.resource(&id).or_else(|| write::find(&world, &id)) {
            // https://learn.microsoft.com/azure/virtual-machines/deprecated-images
            let state = row.pointer("/properties/imageDeprecationStatus/imageState");
            if state.and_then(Value::as_str) == Some("Deprecated") {
                return Answer::error(400, "ImageVersionDeprecated", "VM Image is deprecated.");
            }
            let etag = row.get("etag").and_then(Value::as_str).unwrap_or(write::NONE).to_owned();
            let expanded = url
                .query_pairs()
                .any(|(name, value)| name == "$expand" && value.eq_ignore_ascii_case("instanceView"));
            let answer = if expanded { with_instance_view(row) } else { row.clone() };
            return Answer::ok(answer).with("etag", etag);
        }
        let lower = id.to_ascii_lowercase();
        // Images of the Marketplace that nobody gave are offered.
        if lower.contains("/artifacttypes/vmimage/") {
            let name = path.rsplit('/').next().unwrap_or_default();
            let active = serde_json::json!({"imageDeprecationStatus": {"imageState": "Active"}});
            return Answer::ok(serde_json::json!({"id": id, "name": name, "properties": active}));
        }
        let Some((scope, resource_type)) = lower.rsplit_once("/providers/") else {
            return Answer::error(404, "ResourceNotFound", "there is no such resource");
        };
        if resource_type.split('/').count() != 2 {
            if let Some(rows) = children(&world, path, &lower) {
                return list(rows, url, self.page, "nextLink", fault);
            }
            return Answer::error(
                404,
                "ResourceNotFound",
                &format!("The Resource '{resource_type}' was not found."),
            );
        }
        let within = |row: &&Value| {
            let own = row.get("id").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
            let its = type_of(&own);
            // Types that are kept by place (`locations/x/y`) are listed without it.
            let listed = its == resource_type || its.replace("/locations", "") == resource_type;
            listed && own.starts_with(&format!("{scope}/"))
        };
        list(all().filter(within).cloned().collect(), url, self.page, "nextLink", fault)
    }
}

/// What is below a resource or a place: rules of a group, extensions of a VM, policies of a location. None where nothing is
/// known of such a list.
fn children(world: &World, path: &str, lower: &str) -> Option<Vec<Value>> {
    let (parent, kind) = path.trim_end_matches('/').rsplit_once('/')?;
    let address = Address::read(parent)?;
    if let Some(rows) = write::parts(world, &address, kind) {
        return Some(rows.clone());
    }
    let below = format!("{}/", lower.trim_end_matches('/'));
    let is = |row: &&Value| {
        let own = row.get("id").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        own.strip_prefix(&below).is_some_and(|name| !name.is_empty() && !name.contains('/'))
    };
    let rows: Vec<Value> = world.resources.iter().filter(is).cloned().collect();
    let known = ["extensions", "jitnetworkaccesspolicies"].iter().any(|one| one.eq_ignore_ascii_case(kind))
        || parts_of(&address.kind().to_ascii_lowercase()).iter().any(|one| one.eq_ignore_ascii_case(kind));
    let there = address.is("Microsoft.Security/locations") || world.resource(&address.id()).is_some();
    (!rows.is_empty() || known && there).then_some(rows)
}

/// Where tokens are given out.
const TOKENS: &str = "/oauth2/v2.0/token";

/// Where answers are that are being worked on.
const WORKS: &str = "providers/Microsoft.Network/operationResults/";

fn said(found: &Recording) -> Answer {
    Answer { status: found.status, headers: Vec::new(), body: found.answer.clone() }
}

/// `2023-09-01`, `2020-08-01-preview`.
fn is_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    let digits =
        |part: &str, long: usize| part.len() == long && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = date.split('-').collect();
    matches!(parts.as_slice(), [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2))
}

fn expired() -> Answer {
    Answer::error(401, "ExpiredAuthenticationToken", "The access token expiry is passed.")
        .with("www-authenticate", "Bearer error=\"invalid_token\"")
}

/// `hh:mm:ss`, rounded up.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
