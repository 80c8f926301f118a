//! One reply in the making.

use std::io;

use bytes::Bytes;
use futures_util::Stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use serde_json::Value;

/// What goes out on the wire.
pub(super) type WireBody = BoxBody<Bytes, io::Error>;

/// A reply.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

/// A reply's body.
pub(crate) enum Body {
    Bytes(Bytes),
    /// A stream of known length, for blobs.
    Stream {
        length: u64,
        body: WireBody,
    },
    /// The connection is cut in place of an answer.
    Cut,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Reply {
        Reply { status, headers: HeaderMap::new(), body: Body::Bytes(Bytes::new()) }
    }

    /// No answer at all: the connection ends.
    pub(crate) fn cut() -> Reply {
        Reply { body: Body::Cut, ..Reply::new(500) }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Reply {
        Reply::new(status).body("application/json", body.to_string())
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Reply {
        self.body = Body::Bytes(body.into());
        self.header("content-type", content_type)
    }

    /// A body that is read while it is sent.
    pub(crate) fn stream<S>(mut self, content_type: &str, length: u64, chunks: S) -> Reply
    where
        S: Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    {
        use futures_util::TryStreamExt;
        let body = BodyExt::boxed(StreamBody::new(chunks.map_ok(Frame::data)));
        self.body = Body::Stream { length, body };
        self.header("content-type", content_type)
    }

    /// Sets a header. What cannot stand in one (a line break from a repository's name, say) is left out.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Reply {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_ref()))
        {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same with one bit of a byte of the body flipped; a body that is shorter stays.
    pub(crate) fn corrupted(self, at: u64) -> Reply {
        self.altered(at, |bytes, at| {
            let mut changed = bytes.to_vec();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 1;
            }
            (changed.into(), false)
        })
    }

    /// The same, with the connection cut after so many bytes of the body; a body that is not longer stays whole.
    pub(crate) fn cut_after(self, at: u64) -> Reply {
        self.altered(at, |bytes, at| (bytes.slice(..at), true))
    }

    /// The same with the piece of the body changed that reaches byte `at`. `change` is given that piece and where in it
    /// the byte lies; it says what becomes of the piece, and whether the connection is cut after it.
    fn altered(mut self, at: u64, change: fn(Bytes, usize) -> (Bytes, bool)) -> Reply {
        use futures_util::StreamExt;
        let (length, pieces) = match self.body {
            Body::Cut => return self,
            Body::Bytes(bytes) => {
                (bytes.len() as u64, BodyExt::boxed(Full::new(bytes).map_err(|never| match never {})))
            }
            Body::Stream { length, body } => (length, body),
        };
        let start = (pieces.into_data_stream(), 0, false);
        let changed = futures_util::stream::unfold(start, move |(mut pieces, position, is_over)| async move {
            if is_over {
                // What was said before has to leave first: an error drops all that is still waiting to be sent.
                tokio::task::yield_now().await;
                return Some((Err(io::ErrorKind::ConnectionAborted.into()), (pieces, position, true)));
            }
            let piece = match pieces.next().await? {
                Ok(piece) => piece,
                error => return Some((error.map(Frame::data), (pieces, position, false))),
            };
            let next = position + piece.len() as u64;
            let (piece, is_over) = match usize::try_from(at.saturating_sub(position)) {
                Ok(within) if (position..next).contains(&at) => change(piece, within),
                _ => (piece, false),
            };
            Some((Ok(Frame::data(piece)), (pieces, next, is_over)))
        });
        self.body = Body::Stream { length, body: BodyExt::boxed(StreamBody::new(changed)) };
        self
    }

    /// The reply for the wire, or `None` where the connection is to be cut. A `HEAD` is told the length only.
    pub(super) fn into_response(self, head: bool) -> Option<Response<WireBody>> {
        let (length, body) = match self.body {
            Body::Cut => return None,
            Body::Bytes(bytes) => {
                (bytes.len() as u64, BodyExt::boxed(Full::new(bytes).map_err(|never| match never {})))
            }
            Body::Stream { length, body } => (length, body),
        };
        let body = if head { BodyExt::boxed(Full::new(Bytes::new()).map_err(|never| match never {})) } else { body };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = self.headers;
        // 204 has no length, by the standard.
        if response.status() != StatusCode::NO_CONTENT {
            response.headers_mut().entry("content-length").or_insert_with(|| HeaderValue::from(length));
        }
        Some(response)
    }
}
