//! Layers that were encoded before need not be encoded again.

use std::collections::HashMap;

use lambark_oci::{Compression, Descriptor, Digest, ImageConfig, Manifest};

use super::encode::Encoded;
use crate::cache::Cache;

/// What is known of layers encoded before: by this machine's cache, and by an image that already has them.
#[derive(Clone, Debug, Default)]
pub struct Known {
    cache: Option<Cache>,
    by_diff_id: HashMap<Digest, Descriptor>,
}

impl Known {
    /// What the cache remembers.
    #[must_use]
    pub fn new(cache: Option<Cache>) -> Known {
        Known { cache, by_diff_id: HashMap::new() }
    }

    /// Adds the gzip layers of an image, by the digests of their plain tars.
    pub fn add_image(&mut self, manifest: &Manifest, config: &ImageConfig) {
        for (layer, diff_id) in manifest.layers.iter().zip(&config.rootfs.diff_ids) {
            let gzip =
                layer.media_type.layer().is_some_and(|known| known.compression == Compression::Gzip && !known.foreign);
            if gzip {
                self.by_diff_id.insert(diff_id.clone(), layer.clone());
            }
        }
    }

    /// The gzip blob of a layer that was `old` and unpacks to `diff_id`, if one is known.
    pub(super) fn find(&self, old: &Digest, diff_id: &Digest) -> Option<Encoded> {
        let from_image = self.by_diff_id.get(diff_id).map(|layer| Encoded {
            digest: layer.digest.clone(),
            size: layer.size,
            diff_id: diff_id.clone(),
        });
        from_image.or_else(|| self.cache.as_ref()?.encoded(old).filter(|known| known.diff_id == *diff_id))
    }

    /// Remembers what `old` became.
    pub(super) fn remember(&self, old: &Digest, new: &Encoded) {
        if let Some(cache) = &self.cache {
            cache.remember(old, new);
        }
    }
}
