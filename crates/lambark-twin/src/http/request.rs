//! One request: its head, and a body that is read only by who wants it.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{HeaderMap, Method};

use crate::limits::MAX_API_BODY_BYTES;

/// A request as it came.
pub(crate) struct Request {
    head: hyper::http::request::Parts,
    body: Incoming,
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BodyError {
    /// It broke off.
    Broken,
    /// It is larger than [`MAX_API_BODY_BYTES`].
    TooLarge,
}

impl Request {
    pub(crate) fn new(request: hyper::Request<Incoming>) -> Request {
        let (head, body) = request.into_parts();
        Request { head, body }
    }

    pub(crate) fn method(&self) -> &Method {
        &self.head.method
    }

    /// The path as it came, percent-encoding and all.
    pub(crate) fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// The query as it came, without the question mark.
    pub(crate) fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    /// The first value of a query parameter, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query().as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// A header's first value, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The next piece of the body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(_)) => return Err(BodyError::Broken),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole body of an API call.
    pub(crate) async fn bytes(&mut self) -> Result<Bytes, BodyError> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if all.len() + chunk.len() > MAX_API_BODY_BYTES {
                return Err(BodyError::TooLarge);
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }
}
