//! A request to an address, once the traffic has moved.

use std::time::{Duration, Instant};

use lambark_registry::Options;
use reqwest::Method;

use super::event::millis;
use super::{Answer, Expect, Probed, Request};
use crate::failure::Failure;

/// How long one request may take; a cold start of ten seconds is within it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request is sent until it passes: an alias that has just moved may be served by both versions for a
/// moment, and a cold start may end in a gateway's timeout.
const TRIES: u32 = 3;
/// Before the next try.
const PAUSE: Duration = Duration::from_secs(1);
/// Largest body that is compared, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Sends requests by the same settings (proxies, certificates) as everything else here.
pub struct Sender {
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Sender {
    /// Makes one.
    ///
    /// # Errors
    /// When a certificate or a proxy is unusable, or this machine gives no thread.
    pub fn new(options: &Options) -> Result<Sender, Failure> {
        let client = lambark_registry::tls::http_client(options)
            .map_err(|error| Failure::Image(lambark_images::Error::Registry(error)))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::NotLooked(format!("no runtime for requests: {error}")))?;
        Ok(Sender { client, runtime })
    }

    /// Sends a request until it passes, a few times at most.
    #[must_use]
    pub fn run(&self, name: &str, request: &Request, expect: &Expect) -> Probed {
        let begun = Instant::now();
        let mut faults = Vec::new();
        for number in 0..TRIES {
            if number > 0 {
                std::thread::sleep(PAUSE);
            }
            faults = match self.runtime.block_on(self.send(request)) {
                Ok(answer) => expect.faults(&answer, &request.secrets),
                Err(reason) => vec![reason],
            };
            // What cannot be sent will not be sendable in a second.
            if faults.is_empty() || Method::from_bytes(request.method.as_bytes()).is_err() {
                break;
            }
        }
        Probed { name: name.to_owned(), faults, millis: millis(begun) }
    }

    /// The reason of a failure never repeats the address: it may hold a secret.
    async fn send(&self, request: &Request) -> Result<Answer, String> {
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| format!("`{}` is no HTTP method", request.method))?;
        let mut builder = self.client.request(method, request.url.reveal()).timeout(TIMEOUT);
        for (name, value) in &request.headers {
            builder = builder.header(name, value.reveal());
        }
        if let Some(body) = &request.body {
            if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                builder = builder.header("content-type", "application/json");
            }
            builder = builder.body(body.clone());
        }
        let mut answer = builder.send().await.map_err(|error| words(&error.without_url()))?;
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let status = Some(answer.status().as_u16());
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| words(&error.without_url()))? {
            if body.len() + piece.len() > MAX_BODY_BYTES {
                return Err(format!("the body has more than {MAX_BODY_BYTES} bytes"));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, headers, body })
    }
}

/// The error and what caused it: the cause is what tells.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
