//! What only the API of a registry's owner can tell, beside the registry protocol.

use lambark_oci::{Digest, Reference};
use lambark_rules::facts::{Evidence, StoredImage};

/// The API of whoever runs a registry, where it has one and somebody may use it; ECR has. Nothing here is needed: who
/// does not know says so, and the registry protocol is used instead.
pub trait ControlPlane: Send + Sync {
    /// Where the registry of that name is really spoken to, if that is elsewhere: `http://127.0.0.1:4510` for an
    /// emulator.
    fn address(&self, host: &str) -> Option<String>;

    /// Whether `tag`, once it exists, may not be moved.
    fn is_immutable(&self, repository: &Reference, tag: &str) -> Option<bool>;

    /// What is kept about these objects, in that order.
    fn stored(&self, repository: &Reference, objects: &[&Digest]) -> Evidence<Vec<StoredImage>>;

    /// The word for whether an image can be pulled (`ACTIVE`, `ARCHIVED`), asked when the registry does not have it.
    fn status(&self, image: &Reference) -> Option<String>;

    /// The repository's policy as JSON, if it has one.
    fn policy(&self, repository: &Reference) -> Evidence<Option<String>>;
}
