//! Blobs on their way in: mounted, or streamed in one request.

use std::io;

use bytes::{Bytes, BytesMut};
use lambark_oci::{Algorithm, Digest, Hasher, Reference};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode, Url};

use crate::answer::Answer;
use crate::auth::Access;
use crate::client::Client;
use crate::error::{Error, Exchange};
use crate::feed::{self, Expect, Source};
use crate::retry::is_transient;
use crate::traffic::Kind;
use crate::transport::{Failure, Streamed};

/// Least size of a chunk but the last, in bytes: ECR takes none smaller.
pub const MIN_CHUNK_BYTES: u64 = 5 * 1024 * 1024;
/// Largest chunk that a registry may ask for, in bytes: chunks are held in memory.
pub const MAX_CHUNK_BYTES: u64 = 64 * 1024 * 1024;

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// An upload that a registry has opened.
#[derive(Clone)]
pub struct UploadSession {
    url: Url,
    chunk: u64,
}

impl std::fmt::Debug for UploadSession {
    // The address carries the registry's state, which is as good as a key to it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadSession").field("url", &crate::redirect::shown(&self.url)).finish_non_exhaustive()
    }
}

/// What a registry did with a request to mount a blob.
#[derive(Clone, Debug)]
pub enum Mount {
    /// The repository has the blob now.
    Mounted,
    /// It does not; the blob can be uploaded here.
    Upload(UploadSession),
}

/// How a body goes: in one request, or cut in pieces for a registry (or a proxy before it) that takes no long ones.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Whole,
    Pieces,
}

impl Client {
    /// Asks to have a blob of another repository of the same registry. ECR says no unless the account allows it, and
    /// opens an upload in the same answer.
    ///
    /// # Errors
    /// What starting an upload can end in.
    pub async fn mount(&self, repository: &Reference, digest: &Digest, from: &str) -> Result<Mount, Error> {
        match self.start(repository, Some((digest, from))).await {
            // A registry that mounts nothing, or not from there, may refuse the whole request.
            Err(
                Error::Unauthorized { .. } | Error::Forbidden { .. } | Error::NotFound { .. } | Error::Status { .. },
            ) => self.start(repository, None).await,
            other => other,
        }
    }

    /// Uploads a blob whose digest and size are known, in one streamed request, started anew after a failure.
    /// `session` is one that a mount left, if there is one.
    ///
    /// # Errors
    /// [`Error::Source`] when the source fails or has another size; [`Error::UploadCut`]; and what any request can end
    /// in. The registry itself verifies the digest.
    pub async fn upload_known(
        &self,
        repository: &Reference,
        digest: &Digest,
        size: u64,
        source: &Source,
        session: Option<UploadSession>,
    ) -> Result<(), Error> {
        self.upload(repository, Some((digest, size)), source, session).await.map(|_| ())
    }

    /// Uploads a blob that comes into being while it is sent, in one streamed request and a closing one. Digest
    /// (SHA-256) and size are computed over what was sent and returned.
    ///
    /// # Errors
    /// As [`Client::upload_known`].
    pub async fn upload_unknown(&self, repository: &Reference, source: &Source) -> Result<(Digest, u64), Error> {
        self.upload(repository, None, source, None).await
    }

    /// Uploads bytes in memory: a config.
    ///
    /// # Errors
    /// As [`Client::upload_known`].
    pub async fn upload_bytes(&self, repository: &Reference, bytes: Bytes) -> Result<Digest, Error> {
        let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
        let source: Source = std::sync::Arc::new(move || Ok(Box::new(io::Cursor::new(bytes.clone()))));
        self.upload_known(repository, &digest, size, &source, None).await?;
        Ok(digest)
    }

    async fn upload(
        &self,
        repository: &Reference,
        known: Option<(&Digest, u64)>,
        source: &Source,
        mut session: Option<UploadSession>,
    ) -> Result<(Digest, u64), Error> {
        let mut failures = 0;
        let mut manner = Manner::Whole;
        loop {
            let session = match session.take() {
                Some(session) => session,
                None => match self.start(repository, None).await? {
                    Mount::Upload(session) => session,
                    Mount::Mounted => return Err(self.odd(repository, "it mounted a blob that nobody asked for")?),
                },
            };
            let outcome = match manner {
                Manner::Whole => self.send_whole(repository, session, known, source).await,
                Manner::Pieces => self.send_pieces(repository, session, known, source).await,
            };
            let mut failure = match outcome {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if manner == Manner::Whole && refuses_long_bodies(&failure.error) {
                manner = Manner::Pieces;
                failure.again = true;
            }
            if let Some((digest, size)) = known
                && matches!(failure.error, Error::Unreachable { .. } | Error::TimedOut { .. })
                && self.blob_exists(repository, digest).await.is_ok_and(|found| found.is_some())
            {
                // Only the answer was lost: a look is cheaper than a layer.
                return Ok((digest.clone(), size));
            }
            self.transport.pause(failure, &mut failures).await?;
        }
    }

    fn odd(&self, repository: &Reference, reason: &str) -> Result<Error, Error> {
        let exchange = Exchange::new(&Method::POST, &self.url(repository, "blobs/uploads/")?);
        Ok(Error::Protocol { exchange, reason: reason.into() })
    }

    /// Opens an upload, or mounts.
    async fn start(&self, repository: &Reference, mount: Option<(&Digest, &str)>) -> Result<Mount, Error> {
        let mut url = self.url(repository, "blobs/uploads/")?;
        let mut access = Access::push(repository);
        if let Some((digest, from)) = mount {
            url.query_pairs_mut().append_pair("mount", digest.as_str()).append_pair("from", from);
            access.mount_from = Some(from.to_owned());
        }
        let call = self.call(Method::POST, url, access, Kind::Upload).with_header(CONTENT_LENGTH, 0_u64.into());
        let answer = self.transport.send(&call, &mut 0).await.map_err(|error| match error {
            Error::Unreachable { exchange, reason, cut: true } => Error::UploadCut { exchange, reason },
            other => other,
        })?;
        match answer.status() {
            StatusCode::CREATED if mount.is_some() => Ok(Mount::Mounted),
            status if status.is_success() => {
                let location = answer.header(LOCATION.as_str()).map(str::to_owned);
                let uuid = answer.header("docker-upload-uuid").map(str::to_owned);
                let least = answer.header("oci-chunk-min-length").and_then(|text| text.trim().parse().ok());
                let url = match (location, uuid) {
                    (Some(location), _) => resolve(&answer, &location)?,
                    (None, Some(uuid)) => resolve(&answer, &uuid)?,
                    (None, None) => return Err(self.odd(repository, "it opened an upload and does not say where")?),
                };
                let chunk = least.unwrap_or(0).clamp(MIN_CHUNK_BYTES, MAX_CHUNK_BYTES);
                answer.drain().await;
                Ok(Mount::Upload(UploadSession { url, chunk }))
            }
            _ => Err(answer.into_error().await),
        }
    }

    /// One PUT with everything, or one PATCH and a PUT that closes.
    async fn send_whole(
        &self,
        repository: &Reference,
        session: UploadSession,
        known: Option<(&Digest, u64)>,
        source: &Source,
    ) -> Result<(Digest, u64), Failure> {
        let counters = self.transport.counters();
        let (method, url, expect) = match known {
            Some((digest, size)) => (Method::PUT, with_digest(&session.url, digest), Expect::Bytes(size)),
            None => (Method::PATCH, session.url.clone(), Expect::Unknown),
        };
        let mut call = self.call(method, url, Access::push(repository), Kind::Upload).with_header(CONTENT_TYPE, OCTETS);
        if let Expect::Bytes(size) = expect {
            call = call.with_header(CONTENT_LENGTH, size.into());
        }
        let Streamed { body, progress } = feed::stream(source, expect, counters);
        let sending = Streamed { body, progress: std::sync::Arc::clone(&progress) };
        let outcome = self.transport.attempt(&call, Some(sending)).await;
        if let Some(source) = progress.take_error() {
            return Err(Error::Source { exchange: call.exchange(), source }.into());
        }
        let answer = self.accepted(outcome?).await?;
        if let Some((digest, size)) = known {
            answer.drain().await;
            return Ok((digest.clone(), size));
        }
        let Some((digest, size)) = progress.finished() else {
            let reason = format!("it answered after {} bytes, before all were sent", progress.sent()).into();
            return Err(Failure {
                error: Error::Protocol { exchange: call.exchange(), reason },
                again: true,
                wait: None,
            });
        };
        self.close(repository, next_url(answer, session.url).await?, &digest).await?;
        Ok((digest, size))
    }

    /// PATCHes of a bounded size, each held in memory, and a PUT that closes.
    async fn send_pieces(
        &self,
        repository: &Reference,
        session: UploadSession,
        known: Option<(&Digest, u64)>,
        source: &Source,
    ) -> Result<(Digest, u64), Failure> {
        let mut url = session.url;
        let mut pieces = feed::pieces(source, known.map(|(_, size)| size));
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let mut offset = 0_u64;
        loop {
            let call = self.call(Method::PATCH, url.clone(), Access::push(repository), Kind::Upload);
            let exchange = call.exchange();
            let mut piece = BytesMut::new();
            while (piece.len() as u64) < session.chunk {
                match pieces.recv().await {
                    Some(Ok(bytes)) => piece.extend_from_slice(&bytes),
                    Some(Err(source)) => return Err(Error::Source { exchange, source }.into()),
                    None => break,
                }
            }
            if piece.is_empty() {
                break;
            }
            let (start, end) = (offset, offset + piece.len() as u64);
            hasher.update(&piece);
            let range = HeaderValue::try_from(format!("{start}-{}", end - 1))
                .map_err(|_| Error::Protocol { exchange, reason: "a range that no header can hold".into() })?;
            let call = call.with_header(CONTENT_TYPE, OCTETS).with_header(CONTENT_RANGE, range);
            let answer = self.accepted(self.transport.attempt(&call.with_body(piece.freeze()), None).await?).await?;
            url = next_url(answer, url).await?;
            offset = end;
        }
        let digest = known.map_or_else(|| hasher.finish(), |(digest, _)| digest.clone());
        self.close(repository, url, &digest).await?;
        Ok((digest, offset))
    }

    /// The closing PUT. It may be made again after its answer was lost; then the upload is gone, and the blob there.
    async fn close(&self, repository: &Reference, url: Url, digest: &Digest) -> Result<(), Failure> {
        let call = self.call(Method::PUT, with_digest(&url, digest), Access::push(repository), Kind::Upload);
        let call = call.with_header(CONTENT_LENGTH, 0_u64.into()).with_header(CONTENT_TYPE, OCTETS);
        let mut failures = 0;
        let answer = self.transport.send(&call, &mut failures).await?;
        if answer.status() == StatusCode::NOT_FOUND
            && failures > 0
            && self.blob_exists(repository, digest).await?.is_some()
        {
            return Ok(());
        }
        self.accepted(answer).await?.drain().await;
        Ok(())
    }

    /// Sorts the answer to a body: taken, worth a new upload, or refused. ECR answers 201 where the specification
    /// says 202, others 204.
    async fn accepted(&self, answer: Answer) -> Result<Answer, Failure> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        if is_transient(status) {
            return Err(self.transport.later(answer).await);
        }
        // The token ran out on the way and has been renewed; or the upload is no good any more.
        let again = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::RANGE_NOT_SATISFIABLE);
        let error = answer.into_error().await;
        let gone = matches!(&error, Error::Status { detail, .. } | Error::NotFound { detail, .. }
            if detail.has_code("BLOB_UPLOAD_INVALID") || detail.has_code("BLOB_UPLOAD_UNKNOWN"));
        Err(Failure { error, again: again || gone, wait: None })
    }
}

fn refuses_long_bodies(error: &Error) -> bool {
    match error {
        Error::NotFound { .. } => true,
        Error::Status { status, .. } => *status == StatusCode::PAYLOAD_TOO_LARGE,
        _ => false,
    }
}

fn with_digest(url: &Url, digest: &Digest) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("digest", digest.as_str());
    url
}

/// Where the upload goes on: the answer's `Location`, else where it was.
async fn next_url(answer: Answer, before: Url) -> Result<Url, Failure> {
    let next = match answer.header(LOCATION.as_str()) {
        Some(location) => resolve(&answer, location)?,
        None => before,
    };
    answer.drain().await;
    Ok(next)
}

/// A `Location` is relative or absolute. A registry behind a TLS proxy often writes `http:` into its own address; the
/// connection stays as safe as it was.
fn resolve(answer: &Answer, location: &str) -> Result<Url, Error> {
    let base = answer.url();
    let refuse = |reason: &str| Error::Redirect { exchange: answer.exchange().clone(), reason: reason.into() };
    let mut url = base.join(location).map_err(|_| refuse("its Location is no URL"))?;
    if base.scheme() == "https" && url.scheme() == "http" && base.host() == url.host() {
        url.set_scheme("https").ok();
    }
    crate::redirect::target(base, url.as_str()).map_err(refuse)
}
