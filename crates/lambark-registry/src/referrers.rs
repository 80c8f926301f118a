//! Referrers: what points at a manifest by `subject`.

use bytes::Bytes;
use lambark_oci::limits::{MAX_CHILDREN, MAX_MANIFEST_BYTES};
use lambark_oci::media_type::OCI_INDEX;
use lambark_oci::{Descriptor, Digest, MediaType, RawDocument, Reference, Target};
use reqwest::header::{ACCEPT, HeaderValue, LINK};
use reqwest::{Method, StatusCode};

use crate::auth::Access;
use crate::client::Client;
use crate::error::Error;
use crate::manifests::PutOutcome;
use crate::traffic::Kind;

/// Most pages of a referrers list that are read.
const MAX_PAGES: usize = 20;

/// The referrers of a manifest, and who keeps the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrers {
    /// What refers to the manifest.
    pub descriptors: Vec<Descriptor>,
    /// The registry keeps the list itself; otherwise it lies under the fallback tag.
    pub by_registry: bool,
}

impl Client {
    /// What refers to `subject`, by the registry's list, or by the fallback tag where it keeps none; only artifacts
    /// of `artifact_type`, if one is given.
    ///
    /// # Errors
    /// What any request can end in; no referrers is an empty list.
    pub async fn referrers(
        &self,
        repository: &Reference,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Referrers, Error> {
        let mut found = match self.listed_referrers(repository, subject, artifact_type).await? {
            Some(descriptors) => Referrers { descriptors, by_registry: true },
            None => {
                let index = self.fallback_index(repository, subject).await?;
                let descriptors = index.as_ref().and_then(RawDocument::index).map(|index| index.manifests.clone());
                Referrers { descriptors: descriptors.unwrap_or_default(), by_registry: false }
            }
        };
        // Filtering is optional for a registry (it tells by `OCI-Filters-Applied`), doing it twice changes nothing.
        if let Some(wanted) = artifact_type {
            found.descriptors.retain(|descriptor| descriptor.artifact_type.as_deref() == Some(wanted));
        }
        Ok(found)
    }

    async fn listed_referrers(
        &self,
        repository: &Reference,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let mut url = self.url(repository, &format!("referrers/{subject}"))?;
        if let Some(wanted) = artifact_type {
            url.query_pairs_mut().append_pair("artifactType", wanted);
        }
        let mut descriptors = Vec::new();
        for _ in 0..MAX_PAGES {
            let call = self.call(Method::GET, url.clone(), Access::pull(repository), Kind::Referrers);
            let call = call.with_header(ACCEPT, HeaderValue::from_static(OCI_INDEX));
            let fetched = match self.transport.fetch(&call, MAX_MANIFEST_BYTES).await {
                Ok(fetched) => fetched,
                // A registry without the API knows no such path; some answer 400 or 405 to it.
                Err(Error::NotFound { .. }) => return Ok(None),
                Err(Error::Status { status: StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED, .. }) => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            let index = RawDocument::parse(fetched.body, Some(&MediaType::new(OCI_INDEX)))
                .map_err(|source| Error::Document { exchange: fetched.exchange.clone(), source: source.into() })?;
            let page = index.index().map(|index| index.manifests.clone()).unwrap_or_default();
            descriptors.extend(page);
            let next = fetched.headers.get(LINK).and_then(|value| value.to_str().ok()).and_then(next_link);
            match next {
                None => return Ok(Some(descriptors)),
                Some(link) => {
                    url = crate::redirect::target(&url, link)
                        .map_err(|reason| Error::Redirect { exchange: fetched.exchange, reason: reason.into() })?;
                }
            }
        }
        let reason = format!("its list of referrers has more than {MAX_PAGES} pages").into();
        let exchange = crate::error::Exchange::new(&Method::GET, &url);
        Err(Error::Protocol { exchange, reason })
    }

    async fn fallback_index(&self, repository: &Reference, subject: &Digest) -> Result<Option<RawDocument>, Error> {
        match self.manifest(repository, &Target::Tag(fallback_tag(subject)), None).await {
            Ok(document) => Ok(Some(document)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds `referrer` to the fallback tag of `subject`, for registries that keep no list themselves
    /// ([`PutOutcome::subject_listed`]). What the index holds besides stays as it is. `None`: it was there before,
    /// nothing was written.
    ///
    /// # Errors
    /// [`Error::Protocol`] when something else than an index lies under that tag, and what any request can end in.
    pub async fn add_to_referrers_tag(
        &self,
        repository: &Reference,
        subject: &Digest,
        referrer: &Descriptor,
    ) -> Result<Option<PutOutcome>, Error> {
        let tag = fallback_tag(subject);
        let url = self.url(repository, &format!("manifests/{tag}"))?;
        let refuse = |reason: &str| Error::Protocol {
            exchange: crate::error::Exchange::new(&Method::GET, &url),
            reason: reason.into(),
        };
        let before = self.fallback_index(repository, subject).await?;
        let mut value = match &before {
            None => serde_json::json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [] }),
            Some(document) => {
                let index = document.index().ok_or_else(|| refuse("the referrers tag holds no index"))?;
                if index.manifests.iter().any(|known| known.digest == referrer.digest) {
                    return Ok(None);
                }
                if index.manifests.len() >= MAX_CHILDREN {
                    return Err(refuse("the referrers tag is full"));
                }
                serde_json::from_slice(document.bytes()).map_err(|_| refuse("the referrers tag holds no JSON"))?
            }
        };
        let entry = serde_json::to_value(referrer).map_err(|_| refuse("the referrer cannot be written as JSON"))?;
        match value.get_mut("manifests") {
            Some(serde_json::Value::Array(manifests)) => manifests.push(entry),
            _ => value["manifests"] = serde_json::Value::Array(vec![entry]),
        }
        let bytes = Bytes::from(value.to_string());
        self.put_manifest(repository, &Target::Tag(tag), &MediaType::new(OCI_INDEX), bytes).await.map(Some)
    }
}

/// The tag under which clients keep the list for registries that do not: `sha256-…`.
#[must_use]
pub fn fallback_tag(subject: &Digest) -> String {
    let mut tag = subject.as_str().replace(':', "-");
    tag.truncate(lambark_oci::limits::MAX_TAG_BYTES);
    tag
}

/// The address behind `rel="next"`.
fn next_link(value: &str) -> Option<&str> {
    value.split(',').find_map(|link| {
        let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        parameters.replace([' ', '"'], "").to_ascii_lowercase().contains("rel=next").then_some(address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_next_page() {
        assert_eq!(next_link("</v2/a?n=1&last=x>; rel=\"next\""), Some("/v2/a?n=1&last=x"));
        assert_eq!(next_link("</p>; rel=prev, </n>; rel = next"), Some("/n"));
        for none in ["", "</p>; rel=prev", "garbage", "<never closed"] {
            assert_eq!(next_link(none), None, "{none}");
        }
    }

    #[test]
    fn the_fallback_tag_is_a_tag() {
        assert!(fallback_tag(&Digest::of(b"x")).starts_with("sha256-"));
        let mut long = lambark_oci::Hasher::new(lambark_oci::Algorithm::Sha512);
        long.update(b"x");
        assert_eq!(fallback_tag(&long.finish()).len(), 128);
    }
}
