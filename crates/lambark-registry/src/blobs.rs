//! Blobs: looked for, read in part, streamed whole.

use bytes::{Buf, Bytes, BytesMut};
use lambark_oci::limits::ECR_LAYER_BYTES;
use lambark_oci::{Digest, Reference};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderValue, RANGE};
use reqwest::{Method, StatusCode};

use crate::answer::Answer;
use crate::auth::Access;
use crate::client::Client;
use crate::download::BlobReader;
use crate::error::Error;
use crate::traffic::Kind;
use crate::transport::{Call, Failure};

/// Largest range that is read, in bytes: ranges are held in memory.
pub const MAX_RANGE_BYTES: u64 = 16 * 1024 * 1024;

/// Largest blob that is read, in bytes: no registry that Lambda reads from stores more.
pub const MAX_BLOB_BYTES: u64 = ECR_LAYER_BYTES;

/// A part of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRange {
    /// The bytes; fewer than asked for where the blob ends.
    pub bytes: Bytes,
    /// The size of the whole blob, if the registry told.
    pub total: Option<u64>,
}

/// What a look for a blob found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobFound {
    /// Its size in bytes, if the registry told.
    pub size: Option<u64>,
}

impl Client {
    /// Looks whether the repository has a blob.
    ///
    /// # Errors
    /// What any request can end in; that the blob is not there is `Ok(None)`.
    pub async fn blob_exists(&self, repository: &Reference, digest: &Digest) -> Result<Option<BlobFound>, Error> {
        let url = self.url(repository, &format!("blobs/{digest}"))?;
        let call = self.call(Method::HEAD, url, Access::pull(repository), Kind::BlobHead);
        let answer = self.transport.send(&call, &mut 0).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                let size = answer.header(CONTENT_LENGTH.as_str()).and_then(|text| text.parse::<u64>().ok());
                // Some give the length of the HEAD's own empty body.
                let size = size.filter(|size| *size > 0 || *digest == Digest::of(b""));
                Ok(Some(BlobFound { size }))
            }
            // A presigned URL is often good for GET alone; that the registry made one is the answer.
            _ if answer.is_foreign() => Ok(Some(BlobFound { size: None })),
            _ => Err(answer.into_error().await),
        }
    }

    /// Reads `length` bytes (at most [`MAX_RANGE_BYTES`]) of a blob from `offset`; fewer where it ends. From a
    /// registry that ignores ranges, what is needed is taken and the rest left. A range cannot be verified by digest.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::TooLarge`]; and what any request can end in.
    pub async fn blob_range(
        &self,
        repository: &Reference,
        digest: &Digest,
        offset: u64,
        length: u64,
    ) -> Result<BlobRange, Error> {
        let url = self.url(repository, &format!("blobs/{digest}"))?;
        let call = self.call(Method::GET, url, Access::pull(repository), Kind::BlobRange);
        if length > MAX_RANGE_BYTES {
            return Err(Error::TooLarge { exchange: call.exchange(), limit: MAX_RANGE_BYTES });
        }
        if length == 0 {
            return Ok(BlobRange { bytes: Bytes::new(), total: None });
        }
        let whole = call.clone();
        let mut call = ranged(call, offset, Some(offset.saturating_add(length - 1)));
        let mut failures = 0;
        loop {
            let answer = self.transport.send(&call, &mut failures).await?;
            if refuses_range(&answer, offset) && call.headers.contains_key(RANGE) {
                answer.drain().await;
                call = whole.clone();
                continue;
            }
            match read_range(answer, offset, length).await {
                Ok(range) => return Ok(range),
                Err(failure) => self.transport.pause(failure, &mut failures).await?,
            }
        }
    }

    /// Reads a whole blob, verified, into memory: for configs.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond `limit` bytes, and what [`Client::blob`] can end in.
    pub async fn blob_bytes(
        &self,
        repository: &Reference,
        digest: &Digest,
        size: Option<u64>,
        limit: u64,
    ) -> Result<Bytes, Error> {
        let mut reader = self.blob(repository, digest, size).await?;
        let mut body = BytesMut::new();
        while let Some(chunk) = reader.chunk().await? {
            if body.len() as u64 + chunk.len() as u64 > limit {
                return Err(Error::TooLarge { exchange: reader.exchange(), limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Opens a blob for reading from its beginning. `size` is what its descriptor says, if there is one.
    ///
    /// The reader continues after a cut, a stall or a short body where it was, by asking the registry again (so also
    /// for a new address where the old one has expired), and verifies digest and size at the end.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::TooLarge`] beyond [`MAX_BLOB_BYTES`]; and what any request can end in.
    pub async fn blob(&self, repository: &Reference, digest: &Digest, size: Option<u64>) -> Result<BlobReader, Error> {
        let url = self.url(repository, &format!("blobs/{digest}"))?;
        let call = self.call(Method::GET, url, Access::pull(repository), Kind::BlobGet);
        if size.is_some_and(|size| size > MAX_BLOB_BYTES) {
            return Err(Error::TooLarge { exchange: call.exchange(), limit: MAX_BLOB_BYTES });
        }
        BlobReader::open(self.clone(), call, digest, size).await
    }
}

pub(crate) fn ranged(call: Call, start: u64, last: Option<u64>) -> Call {
    let last = last.map_or_else(String::new, |last| last.to_string());
    let value = HeaderValue::try_from(format!("bytes={start}-{last}"));
    // Digits, a dash and an equals sign are a header value.
    let value = value.unwrap_or_else(|_| HeaderValue::from_static("bytes=0-"));
    call.with_header(RANGE, value)
}

/// `Content-Range: bytes START-END/TOTAL` as `(START, TOTAL)`.
pub(crate) fn content_range(answer: &Answer) -> Option<(u64, Option<u64>)> {
    let text = answer.header(CONTENT_RANGE.as_str())?.trim().strip_prefix("bytes")?.trim();
    let (range, total) = text.split_once('/')?;
    let total = total.trim().parse().ok();
    if range.trim() == "*" {
        return Some((0, total));
    }
    Some((range.split_once('-')?.0.trim().parse().ok()?, total))
}

pub(crate) fn check_start(answer: &Answer, offset: u64) -> Result<(), Error> {
    if content_range(answer).is_some_and(|(start, _)| start != offset) {
        let reason = format!("asked for the bytes from {offset}, it sent others").into();
        return Err(Error::Protocol { exchange: answer.exchange().clone(), reason });
    }
    Ok(())
}

/// A 416 although the blob does not end before `offset`, as far as the answer tells: crane's registry gives it for
/// any range that reaches past the end.
pub(crate) fn refuses_range(answer: &Answer, offset: u64) -> bool {
    let total = content_range(answer).and_then(|(_, total)| total);
    answer.status() == StatusCode::RANGE_NOT_SATISFIABLE && total.is_none_or(|total| total > offset)
}

async fn read_range(mut answer: Answer, offset: u64, length: u64) -> Result<BlobRange, Failure> {
    let range = content_range(&answer);
    let (mut skip, total) = match answer.status() {
        StatusCode::PARTIAL_CONTENT => {
            check_start(&answer, offset)?;
            (0, range.and_then(|(_, total)| total))
        }
        StatusCode::OK => (offset, answer.header(CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok())),
        StatusCode::RANGE_NOT_SATISFIABLE => {
            return Ok(BlobRange { bytes: Bytes::new(), total: range.and_then(|(_, total)| total) });
        }
        _ => return Err(answer.into_error().await.into()),
    };
    let mut bytes = BytesMut::new();
    while (bytes.len() as u64) < length {
        let Some(mut chunk) = answer.chunk().await? else { break };
        let skipped = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
        chunk.advance(skipped);
        skip -= skipped as u64;
        let wanted = usize::try_from(length - bytes.len() as u64).unwrap_or(usize::MAX);
        chunk.truncate(wanted);
        bytes.extend_from_slice(&chunk);
    }
    let expected = total.map_or(0, |total| total.saturating_sub(offset).min(length));
    if (bytes.len() as u64) < expected {
        let (exchange, actual) = (answer.exchange().clone(), bytes.len() as u64);
        return Err(Failure { error: Error::SizeMismatch { exchange, expected, actual }, again: true, wait: None });
    }
    Ok(BlobRange { bytes: bytes.freeze(), total })
}
