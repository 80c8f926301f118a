//! What is known of an image's config.

use lambark_oci::{Descriptor, ImageConfig};

/// The config blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFacts {
    /// The blob is not where the manifest says.
    Missing(Descriptor),
    /// The bytes are no image config, or not the bytes that the descriptor names.
    Unreadable {
        /// What the manifest says of it.
        descriptor: Descriptor,
        /// Why it cannot be read.
        reason: String,
    },
    /// Read.
    Read {
        /// What the manifest says of it; a classic docker archive says nothing.
        descriptor: Option<Descriptor>,
        /// The parsed view.
        config: Box<ImageConfig>,
    },
}
