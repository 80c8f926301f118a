//! From an image to a root file system, without a daemon.
//!
//! Each layer becomes a directory of the [`LayerCache`], once. A sandbox stacks those directories with overlayfs. Where
//! the kernel does not, or where stacking would show something else than unpacking one layer over the other does, they
//! are laid flat: one directory of hard links to the layers' files, kept in the cache as well.

mod cache;
mod flat;
mod layer;
mod marks;
mod tree;
mod unpack;

use std::sync::Arc;

use lambark_images::{Progress, Source, parallel};

use crate::limits::MAX_OVERLAY_OPTION_BYTES;
use crate::{Error, Image};
pub use cache::{Entry, LayerCache, Pruned};
use cache::{Held, SKELETON};
pub(crate) use cache::{MOUNT_POINT, PROGRAM};

/// A root file system in the cache. As long as it or a clone of it lives, nothing of it is evicted.
#[derive(Clone, Debug)]
pub struct RootFs {
    cache: LayerCache,
    /// Lowest first.
    layers: Arc<[Held]>,
    /// What is mounted over each other, topmost first.
    stack: Vec<String>,
}

impl RootFs {
    /// Makes the root file system of an image. Layers that the cache has are not read again.
    ///
    /// # Errors
    /// When a layer cannot be read, is other than its digests say, or would write outside of its directory; when the
    /// cache cannot be written.
    pub fn prepare(
        source: &dyn Source,
        image: &Image,
        cache: &LayerCache,
        progress: &dyn Progress,
    ) -> Result<RootFs, Error> {
        let made = parallel::map(&image.layers, parallel::cores(), |_, layer| {
            cache.hold(layer.diff_id.hex(), |directory| {
                layer::unpack(source, layer, directory, cache.many_ids(), progress)
            })
        });
        let layers = made.into_iter().collect::<Result<Vec<Held>, Error>>()?;
        let names = layers.iter().rev().map(|held| held.name.clone());
        let stack: Vec<String> = std::iter::once(SKELETON.to_owned()).chain(names).collect();
        let root = RootFs { cache: cache.clone(), layers: layers.into(), stack };
        let root = if root.can_be_stacked() { root } else { root.flat()? };
        cache.prune(cache.limit())?;
        Ok(root)
    }

    /// The same, laid flat. [`crate::Sandbox::start`] does so itself where the kernel does not stack.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn flat(&self) -> Result<RootFs, Error> {
        let held =
            self.cache.hold(&flat::name(&self.stack), |directory| flat::lay(&self.cache, &self.layers, directory))?;
        let stack = vec![held.name.clone()];
        let layers = self.layers.iter().cloned().chain([held]).collect();
        Ok(RootFs { cache: self.cache.clone(), layers, stack })
    }

    /// Whether overlayfs shows what unpacking one layer over the other would give.
    fn can_be_stacked(&self) -> bool {
        let options: usize = self.stack.iter().map(|name| name.len() + 1).sum();
        let fits = |(index, held): (usize, &Held)| {
            let marks = &held.marks;
            let below = || self.layers[..index].iter().rev().map(|lower| self.cache.path(&lower.name));
            let as_below = |path: &String| below().all(|lower| tree::is_plain_directory(&lower, path));
            // In a directory that nothing below has, overlayfs lists its signs as if they were files.
            let merges = |path: &String| {
                let (parent, _) = path.rsplit_once('/').unwrap_or_default();
                below().find_map(|lower| tree::is_directory(&lower, parent)).unwrap_or(parent.is_empty())
            };
            marks.stackable
                && marks.links_below.is_empty()
                && marks.implied.iter().all(as_below)
                && marks.whiteouts.iter().all(merges)
        };
        options <= MAX_OVERLAY_OPTION_BYTES && self.layers.iter().enumerate().all(fits)
    }

    /// Whether one directory holds it all, because its layers are not stacked.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.stack.len() == 1
    }

    /// The directory in which [`RootFs::stack`]'s names lie.
    pub(crate) fn directory(&self) -> &str {
        self.cache.directory()
    }

    /// What is mounted over each other, topmost first.
    pub(crate) fn stack(&self) -> &[String] {
        &self.stack
    }
}
