//! An answer whose body has not been read yet.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use lambark_oci::EcrHost;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode, Url, Version};

use crate::auth::{Challenge, parse_challenges};
use crate::error::{Detail, Error, Exchange};
use crate::traffic::{Counters, Kind};
use crate::transport::{Call, Failure, network_failure};

/// Most bytes of a refusal that are read.
const MAX_REFUSAL_BYTES: u64 = 64 * 1024;

pub(crate) struct Answer {
    response: Response,
    exchange: Exchange,
    foreign: bool,
    kind: Kind,
    ecr: bool,
    counters: Arc<Counters>,
    idle: Duration,
}

impl Answer {
    pub(crate) fn new(
        response: Response,
        exchange: Exchange,
        call: &Call,
        foreign: bool,
        counters: Arc<Counters>,
        idle: Duration,
    ) -> Answer {
        let ecr = EcrHost::parse(&call.access.host).is_some();
        Answer { response, exchange, foreign, kind: call.kind, ecr, counters, idle }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn version(&self) -> Version {
        self.response.version()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Where it came from in the end; relative `Location`s start here.
    pub(crate) fn url(&self) -> &Url {
        self.response.url()
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether a redirect led to another origin, so that it is not the registry that speaks.
    pub(crate) fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// Storage refuses a presigned URL once it has expired; the registry hands out a new one.
    pub(crate) fn is_expired_link(&self) -> bool {
        let reads = matches!(self.kind, Kind::BlobGet | Kind::BlobRange | Kind::ManifestGet);
        self.foreign && reads && matches!(self.status().as_u16(), 400 | 401 | 403)
    }

    pub(crate) fn challenges(&self) -> Vec<Challenge> {
        let values = self.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(parse_challenges).collect()
    }

    /// The next piece of the body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let next = tokio::time::timeout(self.idle, self.response.chunk()).await.map_err(|_| Failure {
            error: Error::TimedOut { exchange: self.exchange.clone(), what: "further bytes", after: self.idle },
            again: true,
            wait: None,
        })?;
        let chunk = next.map_err(|error| network_failure(&self.exchange, &error))?;
        if let Some(bytes) = &chunk {
            self.counters.received(self.kind, bytes.len());
        }
        Ok(chunk)
    }

    /// The whole body, if it has at most `limit` bytes.
    pub(crate) async fn read(mut self, limit: u64) -> Result<Bytes, Failure> {
        let too_large = |exchange: &Exchange| Error::TooLarge { exchange: exchange.clone(), limit };
        if self.response.content_length().is_some_and(|declared| declared > limit) {
            return Err(too_large(&self.exchange).into());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() as u64 + chunk.len() as u64 > limit {
                return Err(too_large(&self.exchange).into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// The first bytes of a refusal; a body that breaks off or is too long is still worth its beginning.
    pub(crate) async fn detail(mut self) -> Detail {
        let mut body = BytesMut::new();
        while (body.len() as u64) < MAX_REFUSAL_BYTES {
            match self.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        Detail::read(&body)
    }

    /// Reads away a small body, so that the connection can be used again.
    pub(crate) async fn drain(self) {
        self.detail().await;
    }

    /// The error that this refusal is.
    pub(crate) async fn into_error(self) -> Error {
        let (exchange, status, foreign) = (self.exchange.clone(), self.status(), self.foreign);
        let wait = crate::retry::retry_after(self.headers(), std::time::SystemTime::now());
        let hint = self.ecr && self.kind == Kind::ManifestPut;
        let detail = Box::new(self.detail().await);
        match status.as_u16() {
            // What a storage behind the registry forbids says nothing about the user's credentials.
            401 if !foreign => {
                let reason = format!("the registry refused the credentials: {detail}").into();
                Error::Unauthorized { exchange, reason }
            }
            403 if !foreign => Error::Forbidden { exchange, detail, hint },
            404 => Error::NotFound { exchange, detail },
            429 => Error::RateLimited { exchange, detail, retry_after: wait },
            _ => Error::Status { exchange, status, detail },
        }
    }
}
