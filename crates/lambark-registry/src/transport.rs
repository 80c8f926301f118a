//! One request: sent, counted, authorised, redirected, tried again.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode, Url, Version};
use tokio::sync::Semaphore;

use crate::answer::Answer;
use crate::auth::{Access, Session};
use crate::config::{Options, Timeouts};
use crate::error::{Error, Exchange};
use crate::feed::{Progress, sent_within};
use crate::redirect::{MAX_REDIRECTS, is_loopback, is_presigned, same_origin, target};
use crate::retry::{MANIFEST_PUT_WAIT, MAX_RETRY_AFTER, RetryPolicy, is_transient, retry_after};
use crate::tls::Clients;
use crate::traffic::{Counters, Kind};

/// Bytes a second that any uplink is trusted to move. A body held in memory gets so much more time for its answer.
const SLOWEST_UPLINK: u64 = 32 * 1024;

/// A request that can be made any number of times.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) access: Access,
    pub(crate) kind: Kind,
}

/// A body that can be sent once, and how far it is.
pub(crate) struct Streamed {
    pub(crate) body: reqwest::Body,
    pub(crate) progress: Arc<Progress>,
}

/// A failed try, and whether another one makes sense.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) again: bool,
    pub(crate) wait: Option<Duration>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, again: false, wait: None }
    }
}

/// A whole answer in memory.
pub(crate) struct Fetched {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) exchange: Exchange,
}

/// The shared machinery under every operation.
pub(crate) struct Transport {
    http: Clients,
    session: Session,
    counters: Arc<Counters>,
    retry: RetryPolicy,
    timeouts: Timeouts,
    plain_http: std::collections::BTreeSet<String>,
    requests_per_host: usize,
    gates: Mutex<HashMap<String, Arc<Semaphore>>>,
    tls_on_loopback: Mutex<HashSet<String>>,
    addresses: Mutex<HashMap<String, Url>>,
}

impl Transport {
    pub(crate) fn new(options: Options) -> Result<Transport, Error> {
        let http = Clients::new(&options)?;
        Ok(Transport {
            http,
            session: Session::new(options.credentials),
            counters: Arc::default(),
            retry: options.retry,
            timeouts: options.timeouts,
            plain_http: options.plain_http,
            requests_per_host: options.requests_per_host.max(1),
            gates: Mutex::default(),
            tls_on_loopback: Mutex::default(),
            addresses: Mutex::default(),
        })
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Says where a registry is really spoken to.
    pub(crate) fn set_address(&self, host: &str, address: Url) {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned(), address);
    }

    /// The root of a registry's API. Docker Hub's lies on another host than its name says.
    pub(crate) fn base(&self, host: &str) -> Result<Url, Error> {
        if let Some(address) = self.addresses.lock().unwrap_or_else(PoisonError::into_inner).get(host) {
            return Ok(address.clone());
        }
        let api = if crate::auth::docker_config::is_docker_hub(host) { "registry-1.docker.io" } else { host };
        let bad = |_| Error::Options { what: format!("the registry host `{host}`").into(), reason: "no URL".into() };
        let mut url = Url::parse(&format!("https://{api}/")).map_err(bad)?;
        let known_tls = self.tls_on_loopback.lock().unwrap_or_else(PoisonError::into_inner).contains(host);
        if (is_loopback(&url) && !known_tls) || self.plain_http.contains(host) {
            url = Url::parse(&format!("http://{api}/")).map_err(bad)?;
        }
        Ok(url)
    }

    /// Sends `call` until it is answered by something else than "later", or patience ends. Any other status is
    /// the caller's to judge. `failures` counts over several sends that belong together.
    pub(crate) async fn send(&self, call: &Call, failures: &mut u32) -> Result<Answer, Error> {
        loop {
            let failure = match self.attempt(call, None).await {
                Ok(answer) if is_transient(answer.status()) || answer.is_expired_link() => self.later(answer).await,
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            self.pause(failure, failures).await?;
        }
    }

    /// Sends `call` and reads the whole answer, at most `limit` bytes. A refusal is an error.
    pub(crate) async fn fetch(&self, call: &Call, limit: u64) -> Result<Fetched, Error> {
        let mut failures = 0;
        loop {
            let answer = self.send(call, &mut failures).await?;
            if !answer.status().is_success() {
                return Err(answer.into_error().await);
            }
            let (headers, exchange) = (answer.headers().clone(), answer.exchange().clone());
            match answer.read(limit).await {
                Ok(body) => return Ok(Fetched { headers, body, exchange }),
                Err(failure) => self.pause(failure, &mut failures).await?,
            }
        }
    }

    /// Waits before the next try, or gives up with the failure's error.
    pub(crate) async fn pause(&self, failure: Failure, failures: &mut u32) -> Result<(), Error> {
        // A silence has cost a whole time limit already: patience for it ends sooner.
        let weight = if matches!(failure.error, Error::TimedOut { .. }) { 2 } else { 1 };
        *failures = failures.saturating_add(weight);
        let too_long = failure.wait.is_some_and(|wait| wait > MAX_RETRY_AFTER);
        let Some(delay) = self.retry.delay(*failures).filter(|_| failure.again && !too_long) else {
            return Err(failure.error);
        };
        self.counters.retry();
        tokio::time::sleep(delay.max(failure.wait.unwrap_or_default())).await;
        Ok(())
    }

    /// The failure that a transient answer is.
    pub(crate) async fn later(&self, answer: Answer) -> Failure {
        let mut wait = retry_after(answer.headers(), SystemTime::now());
        if answer.kind() == Kind::ManifestPut && answer.status() == StatusCode::TOO_MANY_REQUESTS {
            wait = Some(wait.unwrap_or_default().max(MANIFEST_PUT_WAIT));
        }
        Failure { error: answer.into_error().await, again: true, wait }
    }

    /// One try: what we know as credentials, and on a 401 what the challenge asks for. A streamed body goes once: its
    /// 401 is returned after the token was renewed, and whoever streams starts again.
    pub(crate) async fn attempt(&self, call: &Call, streamed: Option<Streamed>) -> Result<Answer, Failure> {
        if streamed.is_some() {
            return self.attempt_at(call, &call.url, streamed).await;
        }
        let answer = self.attempt_at(call, &call.url, None).await?;
        if !wants_tls(&answer) {
            return Ok(answer);
        }
        let url = self.switch_to_tls(call, answer).await?;
        self.attempt_at(call, &url, None).await
    }

    async fn attempt_at(&self, call: &Call, url: &Url, streamed: Option<Streamed>) -> Result<Answer, Failure> {
        let once = streamed.is_some();
        // An upload's or a next page's address comes from the registry and may lie anywhere.
        let trusted = same_origin(&self.base(&call.access.host)?, url);
        let sent = if trusted { self.session.header(self, &call.access).await? } else { None };
        let answer = self.follow(call, url, sent.as_ref(), streamed).await?;
        if !trusted || answer.is_foreign() || answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let challenges = answer.challenges();
        match self.session.answer(self, &call.access, answer.exchange(), &challenges, sent.as_ref()).await? {
            Some(header) if !once => {
                answer.drain().await;
                self.follow(call, url, Some(&header), None).await
            }
            _ => Ok(answer),
        }
    }

    /// A registry on this machine is spoken to without TLS first; Go's servers say so when that is wrong.
    async fn switch_to_tls(&self, call: &Call, answer: Answer) -> Result<Url, Error> {
        match answer.into_error().await {
            // A HEAD has no words; nobody else answers in this way.
            Error::Status { detail, .. } if call.method == Method::HEAD || detail.mentions("https server") => {
                let host = call.access.host.clone();
                self.tls_on_loopback.lock().unwrap_or_else(PoisonError::into_inner).insert(host);
                let mut url = call.url.clone();
                // Only a scheme without hosts is refused here, and https has them.
                url.set_scheme("https").ok();
                Ok(url)
            }
            error => Err(error),
        }
    }

    /// Sends one request and follows where its answers lead. `header` goes to the first origin alone, and not again
    /// once another one was visited.
    pub(crate) async fn follow(
        &self,
        call: &Call,
        start: &Url,
        header: Option<&HeaderValue>,
        mut streamed: Option<Streamed>,
    ) -> Result<Answer, Failure> {
        let once = streamed.is_some();
        let mut url = start.clone();
        let mut visited: Vec<Url> = Vec::new();
        let mut home = true;
        loop {
            home = home && same_origin(start, &url) && (visited.is_empty() || !is_presigned(&url));
            let answer = self.execute(call, &url, header.filter(|_| home), streamed.take(), !home).await?;
            let Some(location) = redirect_of(&answer) else { return Ok(answer) };
            let refuse = |reason: &str| Error::Redirect { exchange: answer.exchange().clone(), reason: reason.into() };
            let next = target(&url, &location).map_err(refuse)?;
            let safe = matches!(call.method, Method::GET | Method::HEAD);
            if !safe && (once || !same_origin(&url, &next)) {
                return Err(refuse("a request that writes is not sent to another place").into());
            }
            visited.push(url);
            if visited.contains(&next) {
                return Err(refuse("it leads back to where it came from").into());
            }
            if visited.len() > MAX_REDIRECTS {
                return Err(refuse(&format!("more than {MAX_REDIRECTS} in a row")).into());
            }
            self.counters.redirect();
            answer.drain().await;
            url = next;
        }
    }

    async fn execute(
        &self,
        call: &Call,
        url: &Url,
        header: Option<&HeaderValue>,
        streamed: Option<Streamed>,
        foreign: bool,
    ) -> Result<Answer, Failure> {
        let exchange = Exchange::new(&call.method, url);
        let mut request = self.http.to(url)?.request(call.method.clone(), url.clone()).headers(call.headers.clone());
        if let Some(header) = header {
            request = request.header(AUTHORIZATION, header.clone());
        }
        self.counters.request(call.kind);
        let sending = match streamed {
            // A streamed body may wait for a download from the same host, so it never holds a place in the queue.
            Some(Streamed { body, progress }) => {
                sent_within(request.body(body).send(), &progress, &self.timeouts, &exchange).await?
            }
            None => {
                if let Some(body) = &call.body {
                    self.counters.sent(call.kind, body.len());
                    request = request.body(body.clone());
                }
                let gate = self.gate(url);
                // Nobody closes a gate; if somebody did, going on without a place is right.
                let _place = gate.acquire().await.ok();
                let body_bytes = call.body.as_ref().map_or(0, |body| body.len() as u64);
                let after = self.timeouts.response + Duration::from_secs(body_bytes / SLOWEST_UPLINK);
                tokio::time::timeout(after, request.send()).await.map_err(|_| Failure {
                    error: Error::TimedOut { exchange: exchange.clone(), what: "answer", after },
                    again: true,
                    wait: None,
                })?
            }
        };
        let response = sending.map_err(|error| network_failure(&exchange, &error))?;
        Ok(Answer::new(response, exchange, call, foreign, Arc::clone(&self.counters), self.timeouts.idle))
    }

    fn gate(&self, url: &Url) -> Arc<Semaphore> {
        let host =
            format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(host).or_insert_with(|| Arc::new(Semaphore::new(self.requests_per_host))))
    }

    /// Asks a token server; its refusal is an error of authorisation.
    pub(crate) async fn ask_token_server(
        &self,
        call: &Call,
        header: Option<&HeaderValue>,
        limit: u64,
    ) -> Result<Bytes, Error> {
        let mut failures = 0;
        loop {
            let failure = match self.follow(call, &call.url, header, None).await {
                Ok(answer) if is_transient(answer.status()) => self.later(answer).await,
                Ok(answer) if answer.status().is_success() => match answer.read(limit).await {
                    Ok(body) => return Ok(body),
                    Err(failure) => failure,
                },
                Ok(answer) => {
                    let (exchange, status) = (answer.exchange().clone(), answer.status());
                    let detail = answer.detail().await;
                    let reason = format!("the token server refused (HTTP {}): {detail}", status.as_u16()).into();
                    return Err(Error::Unauthorized { exchange, reason });
                }
                Err(failure) => failure,
            };
            self.pause(failure, &mut failures).await?;
        }
    }
}

/// Go's TLS servers answer a plain request with a bare HTTP/1.0 400 without any header.
fn wants_tls(answer: &Answer) -> bool {
    answer.status() == StatusCode::BAD_REQUEST && answer.version() == Version::HTTP_10 && answer.headers().is_empty()
}

fn redirect_of(answer: &Answer) -> Option<String> {
    let moved = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = answer.headers().get(LOCATION).filter(|_| moved)?;
    // A Location that is no text cannot be a URL either: let the parser say so.
    Some(location.to_str().unwrap_or("https://[").to_owned())
}

/// What a failed request says about the network. Refused connections, unknown names and bad certificates stay what
/// they are for longer than is waited; a cut or timed-out connection may not.
pub(crate) fn network_failure(exchange: &Exchange, error: &reqwest::Error) -> Failure {
    let again = !error.is_builder() && (!error.is_connect() || error.is_timeout() || was_cut(error));
    let reason = reason_of(error).into();
    let cut = again && !error.is_timeout();
    Failure { error: Error::Unreachable { exchange: exchange.clone(), reason, cut }, again, wait: None }
}

fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |error| error.source())
}

fn was_cut(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    let kinds = chain(error).filter_map(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds.into_iter().any(|k| matches!(k, BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof))
}

/// The causes below reqwest's own words, which would only repeat the URL, query and all.
fn reason_of(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for source in chain(error).map(ToString::to_string) {
        if !parts.iter().any(|part| part.contains(&source)) && !source.contains("://") {
            parts.push(source);
        }
    }
    if parts.is_empty() { "the request failed".to_owned() } else { parts.join(": ") }
}
