//! A blob on its way out: continued where it was, verified at its end.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use futures_util::Stream;
use lambark_oci::{Digest, Hasher};
use reqwest::StatusCode;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::answer::Answer;
use crate::blobs::{MAX_BLOB_BYTES, check_start, ranged, refuses_range};
use crate::client::Client;
use crate::error::{Error, Exchange};
use crate::transport::{Call, Failure};

/// How often one download is continued in all. A server that hands out a byte at a time would otherwise never end.
pub const MAX_RESUMES: u32 = 100;

/// Chunks that wait between the network and a blocking reader.
const CHUNKS_IN_FLIGHT: usize = 8;

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
    /// Asks for the blob, so that one that is missing is known at once.
    pub(crate) async fn open(
        client: Client,
        call: Call,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<BlobReader, Error> {
        let mut reader = BlobReader {
            client,
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
        reader.ask().await?;
        Ok(reader)
    }

    pub(crate) fn exchange(&self) -> Exchange {
        self.call.exchange()
    }

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
                self.ask().await?;
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

    async fn ask(&mut self) -> Result<(), Error> {
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
