//! ECR: the registry's own API beside the registry protocol, in plain types.

use std::time::SystemTime;

use lambark_oci::{Digest, Secret, Target};

use crate::error::Error;
use crate::open_enum::open_enum;

/// Most images that ECR takes in one question by name (documented).
pub const MAX_IMAGE_IDS: usize = 100;

/// What lambark asks ECR in one Region. Calls block.
pub trait Ecr: Send + Sync {
    /// A password for the registry protocol, good for every registry that the caller may use.
    ///
    /// # Errors
    /// See [`Error`].
    fn authorization(&self) -> Result<Authorization, Error>;

    /// What a repository is.
    ///
    /// # Errors
    /// See [`Error`]; one that [is not found](Error::is_not_found) when it does not exist.
    fn repository(&self, repository: &RepositoryName) -> Result<Repository, Error>;

    /// Makes a repository in the caller's own registry.
    ///
    /// # Errors
    /// See [`Error`].
    fn create_repository(&self, new: &NewRepository) -> Result<Repository, Error>;

    /// What ECR keeps about images, at most [`MAX_IMAGE_IDS`] of them. An image that does not exist makes the whole
    /// call fail.
    ///
    /// # Errors
    /// See [`Error`].
    fn images(&self, repository: &RepositoryName, ids: &[Target]) -> Result<Vec<Image>, Error>;

    /// Manifests as they are stored, at most [`MAX_IMAGE_IDS`] of them; every media type is accepted, and what was
    /// asked for by digest has that digest.
    ///
    /// # Errors
    /// See [`Error`].
    fn manifests(&self, repository: &RepositoryName, ids: &[Target]) -> Result<Manifests, Error>;

    /// The repository's policy as JSON, if it has one.
    ///
    /// # Errors
    /// See [`Error`].
    fn policy(&self, repository: &RepositoryName) -> Result<Option<String>, Error>;

    /// Sets the repository's policy, given as JSON, in place of any that it had.
    ///
    /// # Errors
    /// See [`Error`].
    fn set_policy(&self, repository: &RepositoryName, policy: &str) -> Result<(), Error>;
}

/// A repository, in the caller's own registry unless an account is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RepositoryName {
    /// The account that owns the registry, twelve digits.
    pub account: Option<String>,
    /// The repository, without any host.
    pub name: String,
}

/// What GetAuthorizationToken gives.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The user name; ECR's is always `AWS`.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The registry's address, such as `https://123456789012.dkr.ecr.us-east-1.amazonaws.com`.
    pub proxy_endpoint: String,
    /// When the password dies; twelve hours after it was given out.
    pub expires_at: Option<SystemTime>,
}

open_enum! {
    /// Whether a tag that exists may be moved.
    TagMutability {
        /// Every tag may be moved.
        Mutable = "MUTABLE",
        /// No tag may be moved.
        Immutable = "IMMUTABLE",
        /// No tag may be moved but those that a filter matches.
        ImmutableWithExclusion = "IMMUTABLE_WITH_EXCLUSION",
        /// Every tag may be moved but those that a filter matches.
        MutableWithExclusion = "MUTABLE_WITH_EXCLUSION",
    }
}

open_enum! {
    /// Whether an image can be pulled.
    ImageStatus {
        /// It can.
        Active = "ACTIVE",
        /// It lies in the archive: listed, and every pull is answered by 404.
        Archived = "ARCHIVED",
        /// It is on its way back from the archive.
        Activating = "ACTIVATING",
    }
}

/// What a repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub account: String,
    /// Its name.
    pub name: String,
    /// `host/name`, as image references begin.
    pub uri: String,
    /// Whether tags may be moved; `None` if ECR does not say.
    pub mutability: Option<TagMutability>,
    /// Tags that are the exception, as patterns in which `*` stands for anything.
    pub exclusions: Vec<String>,
    /// Whether images are scanned when they are pushed.
    pub scan_on_push: bool,
}

impl Repository {
    /// Whether `tag`, if it exists, may not be moved; `None` when ECR's word for it is not known.
    #[must_use]
    pub fn is_immutable(&self, tag: &str) -> Option<bool> {
        let excluded = || self.exclusions.iter().any(|pattern| matches(pattern, tag));
        match self.mutability.as_ref()? {
            TagMutability::Mutable => Some(false),
            TagMutability::Immutable => Some(true),
            TagMutability::ImmutableWithExclusion => Some(!excluded()),
            TagMutability::MutableWithExclusion => Some(excluded()),
            TagMutability::Other(_) => None,
        }
    }
}

/// Whether `pattern` describes the whole of `text`; `*` stands for any number of characters.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A repository to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRepository {
    /// Its name.
    pub name: String,
    /// Whether no tag may ever be moved.
    pub immutable_tags: bool,
    /// Whether images are scanned when they are pushed.
    pub scan_on_push: bool,
}

/// What ECR keeps about one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its digest.
    pub digest: Digest,
    /// Its tags, in ECR's order.
    pub tags: Vec<String>,
    /// The stored manifest's media type.
    pub media_type: Option<String>,
    /// What kind of artifact it is, for what is no image.
    pub artifact_type: Option<String>,
    /// Whether it can be pulled; `None` if ECR does not say.
    pub status: Option<ImageStatus>,
    /// Compressed size in bytes; for an index that of its largest image.
    pub size: Option<u64>,
    /// When it was pushed.
    pub pushed_at: Option<SystemTime>,
}

/// What BatchGetImage gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifests {
    /// What was found.
    pub found: Vec<StoredManifest>,
    /// What was not, and why.
    pub failed: Vec<ManifestFailure>,
}

/// A manifest as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    /// Its digest, computed here over the bytes.
    pub digest: Digest,
    /// The tag that it was asked for by.
    pub tag: Option<String>,
    /// The media type that ECR keeps beside it.
    pub media_type: Option<String>,
    /// The bytes.
    pub bytes: String,
}

/// A manifest that ECR did not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestFailure {
    /// What was asked for, as ECR repeats it.
    pub id: String,
    /// ECR's code, such as `ImageNotFound` or `ImageInaccessible`.
    pub code: String,
    /// ECR's words.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(mutability: &str, exclusions: &[&str]) -> Repository {
        Repository {
            arn: String::new(),
            account: "123456789012".to_owned(),
            name: "app".to_owned(),
            uri: String::new(),
            mutability: Some(mutability.into()),
            exclusions: exclusions.iter().map(|&pattern| pattern.to_owned()).collect(),
            scan_on_push: false,
        }
    }

    #[test]
    fn mutability_minds_its_exceptions() {
        for (mutability, exclusions, tag, immutable) in [
            ("MUTABLE", &[][..], "v1", Some(false)),
            ("IMMUTABLE", &[], "v1", Some(true)),
            ("IMMUTABLE_WITH_EXCLUSION", &["latest", "dev-*"], "latest", Some(false)),
            ("IMMUTABLE_WITH_EXCLUSION", &["latest", "dev-*"], "dev-1", Some(false)),
            ("IMMUTABLE_WITH_EXCLUSION", &["latest", "dev-*"], "v1", Some(true)),
            ("MUTABLE_WITH_EXCLUSION", &["v*"], "v1", Some(true)),
            ("MUTABLE_WITH_EXCLUSION", &["v*"], "latest", Some(false)),
            ("SOMETHING_NEW", &["v*"], "v1", None),
        ] {
            assert_eq!(repository(mutability, exclusions).is_immutable(tag), immutable, "{mutability} {tag}");
        }
    }

    #[test]
    fn patterns_match_the_whole_tag() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acd", false),
            ("a*b*c", "aXbYc", true),
            ("*-rc", "v1-rc", true),
            ("aba*aba", "aba", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
