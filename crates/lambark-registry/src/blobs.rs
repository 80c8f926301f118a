//! Blobs: looked for, read in part, streamed whole.

use std::io::{self, Read};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::Stream;
use lambark_oci::limits::ECR_LAYER_BYTES;
use lambark_oci::{Digest, Hasher, Reference};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderValue, RANGE};
use reqwest::{Method, StatusCode};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::answer::Answer;
use crate::auth::Access;
use crate::client::Client;
use crate::error::Error;
use crate::traffic::Kind;
use crate::transport::{Call, Failure};

/// Largest range that is read, in bytes: ranges are held in memory.
pub const MAX_RANGE_BYTES: u64 = 16 * 1024 * 1024;

/// Largest blob that is read, in bytes: no registry that Lambda reads from stores more.
pub const MAX_BLOB_BYTES: u64 = ECR_LAYER_BYTES;

/// How often one download is continued in all. A server that hands out a byte at a time would otherwise never end.
pub const MAX_RESUMES: u32 = 100;

/// Chunks that wait between the network and a blocking reader.
const CHUNKS_IN_FLIGHT: usize = 8;

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
                return Err(Error::TooLarge { exchange: reader.call.exchange(), limit });
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
        let mut reader = BlobReader {
            client: self.clone(),
            call,
            digest: digest.clone(),
            size,
            offset: 0,
            skip: 0,
            hasher: Hasher::like(digest),
            answer: None,
            no_ranges: false,
            failures: 0,
            resumes: 0,
            done: false,
        };
        reader.open().await?;
        Ok(reader)
    }
}

/// A blob on its way. After an error it must not be read on.
pub struct BlobReader {
    client: Client,
    call: Call,
    digest: Digest,
    size: Option<u64>,
    offset: u64,
    /// Bytes still to be thrown away, of a server that starts over instead of continuing.
    skip: u64,
    hasher: Hasher,
    answer: Option<Answer>,
    /// The registry refuses ranges that others serve.
    no_ranges: bool,
    failures: u32,
    resumes: u32,
    done: bool,
}

impl BlobReader {
    /// The next bytes; `None` once all came and were verified.
    ///
    /// # Errors
    /// [`Error::DigestMismatch`] or [`Error::SizeMismatch`] when what came is not the blob, and what any request can
    /// end in once continuing has failed too often.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if self.done {
                return Ok(None);
            }
            let Some(answer) = &mut self.answer else {
                self.open().await?;
                continue;
            };
            let failure = match answer.chunk().await {
                Ok(Some(chunk)) => {
                    let chunk = self.without_skipped(chunk);
                    if chunk.is_empty() {
                        continue;
                    }
                    self.count(&chunk)?;
                    if self.size == Some(self.offset) {
                        self.finish().await?;
                    }
                    return Ok(Some(chunk));
                }
                Ok(None) => None,
                Err(failure) => Some(failure),
            };
            self.answer = None;
            if self.is_whole()? {
                self.done = true;
                return Ok(None);
            }
            let failure = failure.unwrap_or_else(|| Failure { error: self.cut_short(), again: true, wait: None });
            self.resumes += 1;
            if self.resumes > MAX_RESUMES {
                return Err(failure.error);
            }
            self.client.transport.pause(failure, &mut self.failures).await?;
        }
    }

    /// The chunks as a stream, which ends after the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Error>> + Send {
        futures_util::stream::try_unfold(self, |mut reader| async move {
            Ok(reader.chunk().await?.map(|chunk| (chunk, reader)))
        })
    }

    /// The bytes for a thread that may block, downloaded ahead by a task on `handle`'s runtime. Errors come out as
    /// [`io::Error`] with the [`Error`] inside. Dropping it ends the download.
    ///
    /// Reading panics on a thread that drives asynchronous tasks.
    #[must_use]
    pub fn into_blocking(mut self, handle: &Handle) -> BlockingReader {
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        handle.spawn(async move {
            loop {
                let next = self.chunk().await;
                let last = !matches!(next, Ok(Some(_)));
                // The end is said aloud: a task that was dropped halfway must not look like one.
                if sender.send(next.map(Option::unwrap_or_default)).await.is_err() || last {
                    return;
                }
            }
        });
        BlockingReader { receiver, current: Bytes::new(), ended: false }
    }

    async fn open(&mut self) -> Result<(), Error> {
        loop {
            let continued = self.offset > 0 && !self.no_ranges;
            let call = self.call.clone();
            // The last byte is named where it is known: not every registry reads a range without an end.
            let last = self.size.and_then(|size| size.checked_sub(1)).filter(|last| *last >= self.offset);
            let call = if continued { ranged(call, self.offset, last) } else { call };
            let answer = self.client.transport.send(&call, &mut self.failures).await?;
            match answer.status() {
                StatusCode::PARTIAL_CONTENT if continued => {
                    check_start(&answer, self.offset)?;
                    self.skip = 0;
                }
                StatusCode::OK => self.skip = self.offset,
                StatusCode::RANGE_NOT_SATISFIABLE if continued && refuses_range(&answer, self.offset) => {
                    self.no_ranges = true;
                    answer.drain().await;
                    continue;
                }
                // The blob ends here, though it should not.
                StatusCode::RANGE_NOT_SATISFIABLE if continued => return Err(self.cut_short()),
                _ => return Err(answer.into_error().await),
            }
            self.answer = Some(answer);
            return Ok(());
        }
    }

    fn without_skipped(&mut self, mut chunk: Bytes) -> Bytes {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(chunk.len());
        chunk.advance(skipped);
        self.skip -= skipped as u64;
        chunk
    }

    fn count(&mut self, chunk: &Bytes) -> Result<(), Error> {
        self.offset += chunk.len() as u64;
        self.failures = 0;
        if let Some(expected) = self.size.filter(|size| self.offset > *size) {
            return Err(Error::SizeMismatch { exchange: self.call.exchange(), expected, actual: self.offset });
        }
        if self.offset > MAX_BLOB_BYTES {
            return Err(Error::TooLarge { exchange: self.call.exchange(), limit: MAX_BLOB_BYTES });
        }
        self.hasher.update(chunk);
        Ok(())
    }

    /// All declared bytes are there. What follows them tells a wrong size from wrong bytes.
    async fn finish(&mut self) -> Result<(), Error> {
        let answer = self.answer.take();
        if self.hash() == self.digest {
            self.done = true;
            return Ok(());
        }
        if let Some(mut answer) = answer
            && let Ok(Some(chunk)) = answer.chunk().await
        {
            let (expected, actual) = (self.offset, self.offset + chunk.len() as u64);
            return Err(Error::SizeMismatch { exchange: self.call.exchange(), expected, actual });
        }
        Err(self.other_bytes())
    }

    /// The answer ended: is that all? By size if it is known, and always by digest, which a short blob may well have.
    fn is_whole(&self) -> Result<bool, Error> {
        let matches = self.hash() == self.digest;
        match self.size {
            Some(expected) if matches && self.offset != expected => {
                Err(Error::SizeMismatch { exchange: self.call.exchange(), expected, actual: self.offset })
            }
            _ => Ok(matches),
        }
    }

    fn hash(&self) -> Digest {
        self.hasher.clone().finish()
    }

    fn cut_short(&self) -> Error {
        match self.size {
            Some(expected) if expected != self.offset => {
                Error::SizeMismatch { exchange: self.call.exchange(), expected, actual: self.offset }
            }
            _ => self.other_bytes(),
        }
    }

    fn other_bytes(&self) -> Error {
        let (expected, actual) = (Box::new(self.digest.clone()), Box::new(self.hash()));
        Error::DigestMismatch { exchange: self.call.exchange(), expected, actual }
    }
}

/// The blocking end of a download.
pub struct BlockingReader {
    receiver: mpsc::Receiver<Result<Bytes, Error>>,
    current: Bytes,
    ended: bool,
}

impl Read for BlockingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.current.is_empty() {
            if self.ended {
                return Ok(0);
            }
            match self.receiver.blocking_recv() {
                Some(Ok(chunk)) => {
                    self.ended = chunk.is_empty();
                    self.current = chunk;
                }
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the download was given up")),
            }
        }
        let count = self.current.len().min(buffer.len());
        self.current.split_to(count).copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

fn ranged(call: Call, start: u64, last: Option<u64>) -> Call {
    let last = last.map_or_else(String::new, |last| last.to_string());
    let value = HeaderValue::try_from(format!("bytes={start}-{last}"));
    // Digits, a dash and an equals sign are a header value.
    let value = value.unwrap_or_else(|_| HeaderValue::from_static("bytes=0-"));
    call.with_header(RANGE, value)
}

/// `Content-Range: bytes START-END/TOTAL` as `(START, TOTAL)`.
fn content_range(answer: &Answer) -> Option<(u64, Option<u64>)> {
    let text = answer.header(CONTENT_RANGE.as_str())?.trim().strip_prefix("bytes")?.trim();
    let (range, total) = text.split_once('/')?;
    let total = total.trim().parse().ok();
    if range.trim() == "*" {
        return Some((0, total));
    }
    Some((range.split_once('-')?.0.trim().parse().ok()?, total))
}

fn check_start(answer: &Answer, offset: u64) -> Result<(), Error> {
    if content_range(answer).is_some_and(|(start, _)| start != offset) {
        let reason = format!("asked for the bytes from {offset}, it sent others").into();
        return Err(Error::Protocol { exchange: answer.exchange().clone(), reason });
    }
    Ok(())
}

/// A 416 although the blob does not end before `offset`, as far as the answer tells: crane's registry gives it for
/// any range that reaches past the end.
fn refuses_range(answer: &Answer, offset: u64) -> bool {
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
