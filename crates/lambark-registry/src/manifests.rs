//! Manifests: read as stored, looked at, written.

use bytes::Bytes;
use lambark_oci::limits::MAX_MANIFEST_BYTES;
use lambark_oci::media_type::ACCEPT as ACCEPTED;
use lambark_oci::{Descriptor, Digest, Document, Hasher, MediaType, RawDocument, Reference, Target};
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};

use crate::auth::Access;
use crate::client::Client;
use crate::error::{Detail, Error, Exchange};
use crate::schema1::signed_digest;
use crate::traffic::Kind;
use crate::transport::{Call, Fetched};

/// The header in which a registry names the digest of what it sends or took.
pub(crate) const CONTENT_DIGEST: &str = "docker-content-digest";

/// What became of a written manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutOutcome {
    /// The digest of the bytes sent.
    pub digest: Digest,
    /// Whether the registry keeps the list of referrers itself (`OCI-Subject`). If not, and the manifest has a
    /// `subject`, [`Client::add_to_referrers_tag`] is due.
    pub subject_listed: bool,
    /// The tag pointed at these very bytes before and is immutable, so nothing was written.
    pub was_there: bool,
}

impl Client {
    /// Reads a manifest or index, exactly as it is stored. `declared` is the media type of the descriptor that led
    /// here, if one did.
    ///
    /// By digest the bytes must have that digest. By tag they are hashed, and read once more by digest if the registry
    /// names another digest or another type than the bytes have: then it converted them, and what Lambda would see is
    /// what is stored.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::DigestMismatch`] for other bytes than the digest's; [`Error::TooLarge`] beyond
    /// [`MAX_MANIFEST_BYTES`]; [`Error::Document`] for what is no manifest; and what any request can end in.
    pub async fn manifest(
        &self,
        repository: &Reference,
        target: &Target,
        declared: Option<&MediaType>,
    ) -> Result<RawDocument, Error> {
        let digest = match target {
            Target::Digest(digest) => return self.manifest_by_digest(repository, digest, declared).await,
            Target::Tag(tag) => {
                let fetched = self.transport.fetch(&self.get_manifest(repository, tag)?, MAX_MANIFEST_BYTES).await?;
                let named = named_digest(&fetched.headers);
                let document = parse(&fetched, None);
                let agrees = named.as_ref().is_none_or(|digest| {
                    *digest == digest_like(digest, &fetched.body)
                        || document.as_ref().is_ok_and(|document| is_signed_as(document, digest))
                });
                let carrier = content_type(&fetched.headers).filter(is_document_type);
                match (document, named) {
                    (Ok(document), named) => {
                        if agrees && carrier.is_none_or(|carrier| carrier == *document.media_type()) {
                            return Ok(document);
                        }
                        named.unwrap_or_else(|| document.digest().clone())
                    }
                    // Bytes that are no manifest may be a conversion's failure: the stored ones decide.
                    (Err(_), Some(named)) if !agrees => named,
                    (Err(error), _) => return Err(error),
                }
            }
        };
        self.manifest_by_digest(repository, &digest, declared).await
    }

    async fn manifest_by_digest(
        &self,
        repository: &Reference,
        digest: &Digest,
        declared: Option<&MediaType>,
    ) -> Result<RawDocument, Error> {
        let call = self.get_manifest(repository, digest.as_str())?;
        let fetched = self.transport.fetch(&call, MAX_MANIFEST_BYTES).await?;
        let actual = digest_like(digest, &fetched.body);
        match parse(&fetched, declared) {
            Ok(document) if is_signed_as(&document, digest) => Ok(document),
            _ if actual != *digest => {
                let (expected, actual) = (Box::new(digest.clone()), Box::new(actual));
                Err(Error::DigestMismatch { exchange: fetched.exchange, expected, actual })
            }
            outcome => outcome,
        }
    }

    /// Looks whether a manifest is there, without reading it where the registry tells digest and size in its headers.
    ///
    /// # Errors
    /// What any request can end in; that the manifest is not there is `Ok(None)`.
    pub async fn head_manifest(&self, repository: &Reference, target: &Target) -> Result<Option<Descriptor>, Error> {
        let access = Access::pull(repository);
        let url = self.url(repository, &format!("manifests/{target}"))?;
        let call = accepting(self.call(Method::HEAD, url, access, Kind::ManifestHead));
        let answer = self.transport.send(&call, &mut 0).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => return Ok(None),
            status if status.is_success() => {}
            // The answer to a HEAD has no body, so ECR's bare 400 needs our words.
            StatusCode::BAD_REQUEST => {
                let summary = "no further words (ECR answers so when it takes the tag for malformed)".to_owned();
                let detail = Box::new(Detail { errors: Vec::new(), summary });
                let exchange = answer.exchange().clone();
                return Err(Error::Status { exchange, status: StatusCode::BAD_REQUEST, detail });
            }
            _ => return Err(answer.into_error().await),
        }
        // Some give the length of the HEAD's own empty body.
        let size = answer.header(CONTENT_LENGTH.as_str()).and_then(|text| text.parse::<u64>().ok()).filter(|n| *n > 0);
        let media_type = content_type(answer.headers()).filter(is_document_type);
        match (named_digest(answer.headers()), size, media_type) {
            (Some(digest), Some(size), Some(media_type)) => Ok(Some(Descriptor::new(media_type, digest, size))),
            _ => match self.manifest(repository, target, None).await {
                Ok(document) => Ok(Some(document.descriptor())),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Writes a manifest or index under `target`. The bytes go as they are; their digest is computed here, since ECR
    /// answers with none.
    ///
    /// # Errors
    /// [`Error::ImmutableTag`] when the tag exists, cannot be moved, and points at other bytes; [`Error::ImageQuota`]
    /// and [`Error::Forbidden`]; [`Error::DigestMismatch`] when the registry stored something else than was sent;
    /// and what any request can end in.
    pub async fn put_manifest(
        &self,
        repository: &Reference,
        target: &Target,
        media_type: &MediaType,
        bytes: Bytes,
    ) -> Result<PutOutcome, Error> {
        let url = self.url(repository, &format!("manifests/{target}"))?;
        let call = self.call(Method::PUT, url, Access::push(repository), Kind::ManifestPut);
        let exchange = call.exchange();
        let media_type_value = HeaderValue::from_str(media_type.as_str()).map_err(|_| Error::Protocol {
            exchange: exchange.clone(),
            reason: "the media type holds characters that no header can".into(),
        })?;
        let digest = match target {
            Target::Digest(digest) => digest_like(digest, &bytes),
            Target::Tag(_) => Digest::of(&bytes),
        };
        if let Target::Digest(expected) = target
            && *expected != digest
        {
            return Err(Error::DigestMismatch { exchange, expected: expected.clone().into(), actual: digest.into() });
        }
        let call = call.with_header(CONTENT_TYPE, media_type_value).with_body(bytes);
        let answer = self.transport.send(&call, &mut 0).await?;
        if !answer.status().is_success() {
            let status = answer.status();
            let error = explain_refusal(answer.into_error().await, status, target);
            return self.unless_there(repository, target, digest, error).await;
        }
        let subject_listed = answer.headers().contains_key("oci-subject");
        if let Some(stored) = named_digest(answer.headers()).filter(|stored| *stored != digest) {
            return Err(Error::DigestMismatch { exchange, expected: digest.into(), actual: stored.into() });
        }
        answer.drain().await;
        Ok(PutOutcome { digest, subject_listed, was_there: false })
    }

    /// ECR refuses an immutable tag even for the bytes that it points at, which is success for whoever wants just
    /// those there. It also happens when an answer was lost and the request made again.
    async fn unless_there(
        &self,
        repository: &Reference,
        target: &Target,
        digest: Digest,
        error: Error,
    ) -> Result<PutOutcome, Error> {
        if !matches!(error, Error::ImmutableTag { .. }) {
            return Err(error);
        }
        match self.head_manifest(repository, target).await {
            Ok(Some(there)) if there.digest == digest => {
                Ok(PutOutcome { digest, subject_listed: false, was_there: true })
            }
            _ => Err(error),
        }
    }

    fn get_manifest(&self, repository: &Reference, target: &str) -> Result<Call, Error> {
        let url = self.url(repository, &format!("manifests/{target}"))?;
        Ok(accepting(self.call(Method::GET, url, Access::pull(repository), Kind::ManifestGet)))
    }
}

/// All four types at once: a registry that is asked for fewer converts, or denies that the thing exists.
fn accepting(mut call: Call) -> Call {
    for media_type in ACCEPTED {
        call.headers.append(ACCEPT, HeaderValue::from_static(media_type));
    }
    call
}

fn parse(fetched: &Fetched, declared: Option<&MediaType>) -> Result<RawDocument, Error> {
    let carrier = content_type(&fetched.headers);
    RawDocument::parse(fetched.body.clone(), declared.or(carrier.as_ref()))
        .map_err(|source| Error::Document { exchange: fetched.exchange.clone(), source: Box::new(source) })
}

/// Whether this is schema 1, signed, of that digest. For schema 1 alone: in any other document a hostile registry could
/// keep what has the digest among the signatures and say something else around it.
fn is_signed_as(document: &RawDocument, digest: &Digest) -> bool {
    matches!(document.document(), Document::Schema1) && signed_digest(document.bytes()).as_ref() == Some(digest)
}

fn digest_like(like: &Digest, bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::like(like);
    hasher.update(bytes);
    hasher.finish()
}

pub(crate) fn named_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get(CONTENT_DIGEST)?.to_str().ok()?.trim().parse().ok()
}

pub(crate) fn content_type(headers: &HeaderMap) -> Option<MediaType> {
    headers.get(CONTENT_TYPE)?.to_str().ok().map(MediaType::new)
}

fn is_document_type(media_type: &MediaType) -> bool {
    media_type.is_manifest() || media_type.is_index() || media_type.is_schema1()
}

/// Gives the refusals of a manifest write the names that they deserve.
fn explain_refusal(error: Error, status: StatusCode, target: &Target) -> Error {
    let (exchange, detail): (Exchange, Box<Detail>) = match error {
        Error::Status { exchange, detail, .. } | Error::Forbidden { exchange, detail, hint: false } => {
            (exchange, detail)
        }
        Error::Forbidden { exchange, detail, .. } if speaks_of_quota(&detail) => {
            return Error::ImageQuota { exchange, detail };
        }
        other => return other,
    };
    if let Target::Tag(tag) = target
        && is_immutable(&detail)
    {
        return Error::ImmutableTag { exchange, tag: tag.as_str().into(), detail };
    }
    if status == StatusCode::FORBIDDEN {
        if speaks_of_quota(&detail) {
            return Error::ImageQuota { exchange, detail };
        }
        return Error::Forbidden { exchange, detail, hint: false };
    }
    Error::Status { exchange, status, detail }
}

/// ECR: 400 `TAG_INVALID`, "… cannot be overwritten because the repository is immutable"; Harbor: 412, "configured as
/// immutable"; others 409 with similar words.
fn is_immutable(detail: &Detail) -> bool {
    detail.mentions("immutable")
        || detail.mentions("cannot be overwritten")
        || (detail.has_code("TAG_INVALID") && detail.mentions("already exists"))
}

fn speaks_of_quota(detail: &Detail) -> bool {
    ["quota", "limit", "maximum"].into_iter().any(|word| detail.mentions(word))
}
