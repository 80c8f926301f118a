//! Blobs from a source to a sink.

use std::sync::Arc;

use lambark_oci::{Descriptor, Manifest};

use crate::progress::{Counted, Progress};
use crate::sink::{OpenBlob, Sink};
use crate::source::Source;
use crate::{Error, parallel};

/// How many blobs are copied at once.
const COPIES_AT_ONCE: usize = 4;

/// The blobs that a manifest names and a registry holds, each once.
pub(crate) fn blobs_of(manifest: &Manifest) -> Vec<&Descriptor> {
    let layers = manifest.layers.iter().filter(|layer| layer.urls.is_empty());
    let mut blobs: Vec<&Descriptor> = layers.chain([&manifest.config]).collect();
    blobs.sort_by(|a, b| a.digest.cmp(&b.digest));
    blobs.dedup_by(|a, b| a.digest == b.digest);
    blobs
}

/// Brings blobs side by side; returns how many bytes had to be written.
pub(crate) fn bring_blobs(
    source: &Arc<dyn Source>,
    sink: &dyn Sink,
    blobs: &[&Descriptor],
    progress: Option<&Arc<dyn Progress>>,
) -> Result<u64, Error> {
    let bring = |_, blob: &&Descriptor| bring_blob(source, sink, blob, progress);
    parallel::map(blobs, COPIES_AT_ONCE, bring).into_iter().sum()
}

/// Brings one blob, unless the sink has it; returns how many bytes had to be written.
pub(crate) fn bring_blob(
    source: &Arc<dyn Source>,
    sink: &dyn Sink,
    blob: &Descriptor,
    progress: Option<&Arc<dyn Progress>>,
) -> Result<u64, Error> {
    if sink.has_blob(blob)? {
        return Ok(0);
    }
    sink.copy_blob(blob, opener(source, blob, progress))?;
    Ok(blob.size)
}

/// Opens `blob` again and again, telling how far it is.
fn opener(source: &Arc<dyn Source>, blob: &Descriptor, progress: Option<&Arc<dyn Progress>>) -> OpenBlob {
    let (source, blob, progress) = (Arc::clone(source), blob.clone(), progress.cloned());
    Arc::new(move || {
        let reader = source.blob(&blob).map_err(std::io::Error::other)?;
        let Some(progress) = &progress else { return Ok(reader) };
        let what = format!("copying {}", blob.digest.short());
        Ok(Box::new(Counted::new(reader, progress.transfer(&what, Some(blob.size)))))
    })
}
