//! Documents as they were received: bytes, digest and a parsed view side by side.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;

use crate::limits::{MAX_CHILDREN, MAX_LAYERS, MAX_MANIFEST_BYTES};
use crate::{Descriptor, Digest, Index, Manifest, MediaType};

/// A manifest or index exactly as it was received, with what it means. Clones share everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawDocument(Arc<Parts>);

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    bytes: Bytes,
    digest: Digest,
    media_type: MediaType,
    document: Document,
}

/// What a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// An image manifest, or an artifact in its clothes ([`Manifest::is_image`] tells).
    Manifest(Manifest),
    /// An index or manifest list.
    Index(Index),
    /// Docker schema 1, which is only recognised.
    Schema1,
    /// The OCI artifact manifest that was withdrawn before OCI 1.1, which is only recognised.
    OldArtifact,
}

/// Why bytes are not a document that can be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// More bytes than anybody's manifest has.
    #[error("the manifest has {size} bytes, more than the {MAX_MANIFEST_BYTES} that are read")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
    },
    /// Not JSON: an error page, a truncated body, a compressed body.
    #[error("the manifest is not JSON ({reason}); it begins with `{beginning}`")]
    NotJson {
        /// The parser's reason.
        reason: String,
        /// The first bytes, made printable.
        beginning: String,
    },
    /// JSON, but not of the shape that its type demands.
    #[error("the {what} is malformed: {reason}")]
    Malformed {
        /// What it should have been.
        what: &'static str,
        /// The parser's reason.
        reason: String,
    },
    /// JSON of no known shape.
    #[error("the JSON is neither an image manifest nor an index (media type {media_type})")]
    Unknown {
        /// What it calls itself, or `none`.
        media_type: String,
    },
    /// Longer lists than are followed.
    #[error("the {what} names {count} entries, more than the {limit} that are followed")]
    TooMany {
        /// Manifest or index.
        what: &'static str,
        /// How many it names.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
}

/// The fields that decide what a document is; everything else is read after that.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    #[serde(default)]
    media_type: Option<MediaType>,
    #[serde(default)]
    schema_version: Option<serde_json::Value>,
    #[serde(default)]
    config: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    layers: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    manifests: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    fs_layers: Option<serde::de::IgnoredAny>,
}

impl RawDocument {
    /// Reads a document from the bytes received. `declared` is the type that the carrier named (the `Content-Type`
    /// header, or the descriptor that led here); the body's own `mediaType` wins over it.
    ///
    /// # Errors
    /// [`DocumentError`] tells why the bytes cannot be judged.
    pub fn parse(bytes: Bytes, declared: Option<&MediaType>) -> Result<RawDocument, DocumentError> {
        let size = bytes.len() as u64;
        if size > MAX_MANIFEST_BYTES {
            return Err(DocumentError::TooLarge { size });
        }
        // serde reads a JSON array into a struct by position; no registry does.
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(not_json(&bytes, "it is no JSON object"));
        }
        let shape: Shape = serde_json::from_slice(&bytes).map_err(|error| not_json(&bytes, &error.to_string()))?;
        let (media_type, document) = read_as(&bytes, &shape, declared)?;
        check_counts(&document)?;
        Ok(RawDocument(Arc::new(Parts { digest: Digest::of(&bytes), bytes, media_type, document })))
    }

    /// The bytes, for writing elsewhere unchanged.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// SHA-256 over the bytes.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.0.digest
    }

    /// The size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.bytes.len() as u64
    }

    /// What it is: by its own `mediaType`, else the carrier's word, else its shape.
    #[must_use]
    pub fn media_type(&self) -> &MediaType {
        &self.0.media_type
    }

    /// The parsed view.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.0.document
    }

    /// The manifest, if it is one.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        if let Document::Manifest(manifest) = &self.0.document { Some(manifest) } else { None }
    }

    /// The index, if it is one.
    #[must_use]
    pub fn index(&self) -> Option<&Index> {
        if let Document::Index(index) = &self.0.document { Some(index) } else { None }
    }

    /// A descriptor that points at it.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.0.media_type.clone(), self.0.digest.clone(), self.size())
    }
}

/// The one place that decides what a document is: its own `mediaType`, then the carrier's, then its shape. A body
/// whose shape contradicts its type is malformed rather than guessed at: a reader that guesses another way than the
/// registry does would judge other bytes than Lambda sees.
fn read_as(bytes: &[u8], shape: &Shape, declared: Option<&MediaType>) -> Result<(MediaType, Document), DocumentError> {
    let named = shape.media_type.as_ref().or(declared.filter(|declared| is_document(declared)));
    if let Some(media_type) = named {
        if media_type.is_index() {
            return Ok((media_type.clone(), Document::Index(parse(bytes, "image index")?)));
        }
        if media_type.is_manifest() {
            return Ok((media_type.clone(), Document::Manifest(parse(bytes, "image manifest")?)));
        }
        if media_type.is_schema1() {
            return Ok((media_type.clone(), Document::Schema1));
        }
        if media_type.as_str() == crate::media_type::OCI_ARTIFACT {
            return Ok((media_type.clone(), Document::OldArtifact));
        }
    }
    let version_1 = shape.schema_version.as_ref().is_some_and(|version| version == 1);
    if shape.fs_layers.is_some() || version_1 {
        return Ok((MediaType::new(crate::media_type::DOCKER_SCHEMA1), Document::Schema1));
    }
    if shape.media_type.is_none() && shape.manifests.is_some() && shape.layers.is_none() {
        let index = parse(bytes, "image index")?;
        return Ok((MediaType::new(crate::media_type::OCI_INDEX), Document::Index(index)));
    }
    if shape.media_type.is_none() && shape.config.is_some() && shape.manifests.is_none() {
        let manifest = parse(bytes, "image manifest")?;
        return Ok((MediaType::new(crate::media_type::OCI_MANIFEST), Document::Manifest(manifest)));
    }
    let media_type = shape.media_type.as_ref().or(declared);
    Err(DocumentError::Unknown { media_type: media_type.map_or_else(|| "none".to_owned(), ToString::to_string) })
}

/// A type that says how a document is to be read, unlike `text/plain` or `application/json`.
fn is_document(media_type: &MediaType) -> bool {
    media_type.is_index() || media_type.is_manifest() || media_type.is_schema1()
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, DocumentError> {
    serde_json::from_slice(bytes).map_err(|error| DocumentError::Malformed { what, reason: error.to_string() })
}

fn check_counts(document: &Document) -> Result<(), DocumentError> {
    let (what, count, limit) = match document {
        Document::Manifest(manifest) => ("image manifest", manifest.layers.len(), MAX_LAYERS),
        Document::Index(index) => ("image index", index.manifests.len(), MAX_CHILDREN),
        Document::Schema1 | Document::OldArtifact => return Ok(()),
    };
    if count > limit { Err(DocumentError::TooMany { what, count, limit }) } else { Ok(()) }
}

fn not_json(bytes: &[u8], reason: &str) -> DocumentError {
    let beginning: String = String::from_utf8_lossy(&bytes[..bytes.len().min(40)])
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    DocumentError::NotJson { reason: reason.to_owned(), beginning: beginning.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::media_type::{DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn doc(json: &str, declared: Option<&str>) -> Result<RawDocument, DocumentError> {
        RawDocument::parse(Bytes::copy_from_slice(json.as_bytes()), declared.map(MediaType::new).as_ref())
    }

    fn manifest(media_type: &str) -> String {
        format!(
            r#"{{"schemaVersion":2{media_type},"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{DIGEST}","size":2}},"layers":null}}"#
        )
    }

    #[test]
    fn the_digest_is_of_the_bytes_as_received() {
        let json = manifest("");
        let spaced = format!("{json}\n");
        assert_eq!(doc(&json, None).unwrap().digest(), &Digest::of(json.as_bytes()));
        assert_ne!(doc(&spaced, None).unwrap().digest(), doc(&json, None).unwrap().digest());
    }

    #[test]
    fn the_body_names_its_type_before_the_carrier_and_the_shape() {
        let own = manifest(&format!(r#","mediaType":"{DOCKER_MANIFEST}""#));
        assert_eq!(doc(&own, Some(OCI_MANIFEST)).unwrap().media_type().as_str(), DOCKER_MANIFEST);
        assert_eq!(doc(&manifest(""), Some(DOCKER_MANIFEST)).unwrap().media_type().as_str(), DOCKER_MANIFEST);
        assert_eq!(doc(&manifest(""), Some("text/plain")).unwrap().media_type().as_str(), OCI_MANIFEST);
        assert_eq!(doc(r#"{"manifests":[]}"#, None).unwrap().media_type().as_str(), OCI_INDEX);
        assert_eq!(doc(r#"{"schemaVersion":1,"fsLayers":[]}"#, None).unwrap().document(), &Document::Schema1);
    }

    #[test]
    fn what_cannot_be_judged_says_why() {
        assert!(matches!(doc("<html>502 Bad Gateway</html>", None), Err(DocumentError::NotJson { .. })));
        assert!(matches!(doc(r#"{"config":"#, None), Err(DocumentError::NotJson { .. })));
        assert!(matches!(doc("{}", None), Err(DocumentError::Unknown { .. })));
        assert!(matches!(doc("[]", None), Err(DocumentError::NotJson { .. })));
        assert!(matches!(doc(r#"{"mediaType":"text/x","config":1}"#, None), Err(DocumentError::Unknown { .. })));
        assert!(matches!(doc(r#"{"config":1}"#, None), Err(DocumentError::Malformed { .. })));
        assert!(matches!(
            doc(&format!(r#"{{"mediaType":"{OCI_INDEX}","manifests":[{{"size":-1}}]}}"#), None),
            Err(DocumentError::Malformed { .. })
        ));
        let deep = "[".repeat(100_000);
        assert!(matches!(doc(&format!(r#"{{"a":{deep}"#), None), Err(DocumentError::NotJson { .. })));
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let twice = format!(r#"{{"mediaType":"{OCI_INDEX}","mediaType":"{OCI_MANIFEST}","manifests":[]}}"#);
        assert!(doc(&twice, None).is_err());
    }

    #[test]
    fn endless_lists_are_refused() {
        let child = format!(r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{DIGEST}","size":1}}"#);
        let many = vec![child; MAX_CHILDREN + 1].join(",");
        let json = format!(r#"{{"mediaType":"{OCI_INDEX}","manifests":[{many}]}}"#);
        assert!(matches!(doc(&json, None), Err(DocumentError::TooMany { .. })));
    }
}
