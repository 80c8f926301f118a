//! Where an image lies, and what its registry keeps about it.

use lambark_oci::{Digest, EcrHost, Reference};

use super::Evidence;
use crate::rule::Skip;

/// Where an image lies, and the function that is to run it.
#[derive(Clone, Debug)]
pub struct Location {
    /// The image's name.
    pub reference: Reference,
    /// The function's Region, if the user named it.
    pub region: Option<String>,
    /// The function's account, if the user named it.
    pub account: Option<String>,
    /// What ECR keeps about the image.
    pub stored: Evidence<Stored>,
    /// The repository's policy as JSON; `None` if it has none.
    pub policy: Evidence<Option<String>>,
}

/// What ECR keeps about an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// About the object that the name points at.
    pub top: StoredImage,
    /// About the image that a function would run: the same object, or a child of the index.
    pub image: StoredImage,
}

/// What ECR keeps about one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredImage {
    /// The object.
    pub digest: Digest,
    /// Its tags.
    pub tags: Vec<String>,
    /// ECR's word for whether it can be pulled: `ACTIVE`, `ARCHIVED`, `ACTIVATING`, or one that is not known yet;
    /// absent from older answers.
    pub status: Option<String>,
}

impl Location {
    /// What the host tells, for rules that speak of ECR only.
    ///
    /// # Errors
    /// [`Skip::NotAsked`] when the image lies elsewhere.
    pub fn ecr(&self) -> Result<EcrHost, Skip> {
        self.reference.ecr().ok_or(Skip::NotAsked("the image does not lie in ECR".into()))
    }

    /// Whether the registry is one of this machine: a rehearsal's, from which nothing is deployed.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let host = self.reference.host();
        let name = match host.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        let address = name.parse::<std::net::IpAddr>();
        name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
    }
}
