//! What an image is made of.

use lambark_images::source::{Source, Top, small_blob};
use lambark_oci::limits::{MAX_CONFIG_BYTES, MAX_INDEX_DEPTH};
use lambark_oci::{Architecture, Descriptor, Digest, Document, ImageConfig, Manifest, RawDocument};

use crate::Error;

/// An image: how it is started, and its layers.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its config.
    pub config: ImageConfig,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
}

/// One layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Where it is read from.
    pub blob: Descriptor,
    /// Whether the descriptor's digest is that of the stored bytes; a classic docker archive has only handles.
    pub verify_stored: bool,
    /// Digest of its plain tar.
    pub diff_id: Digest,
}

impl Image {
    /// Looks at an image, or at the child of an index for `architecture`.
    ///
    /// # Errors
    /// When it cannot be read, there is no image for that architecture, or the config does not tell the layers' digests.
    pub fn of(source: &dyn Source, architecture: Architecture) -> Result<Image, Error> {
        let (config, blobs, verify_stored) = match source.top()? {
            Top::Classic(classic) => (classic.config, classic.layers, false),
            Top::Document(top) => {
                let manifest = manifest_of(source, top, architecture)?;
                (small_blob(source, &manifest.config, MAX_CONFIG_BYTES)?, manifest.layers, true)
            }
        };
        let not_runnable = |reason: String| Error::NotRunnable { place: source.place(), reason };
        let config = ImageConfig::parse(&config).map_err(|error| not_runnable(format!("its config: {error}")))?;
        let diff_ids = config.rootfs.diff_ids.clone();
        if diff_ids.len() != blobs.len() {
            let (layers, told) = (blobs.len(), diff_ids.len());
            return Err(not_runnable(format!("it has {layers} layers, but its config tells of {told}")));
        }
        let layer = |(blob, diff_id)| Layer { blob, verify_stored, diff_id };
        Ok(Image { config, layers: blobs.into_iter().zip(diff_ids).map(layer).collect() })
    }
}

fn manifest_of(source: &dyn Source, top: RawDocument, architecture: Architecture) -> Result<Manifest, Error> {
    let not_runnable = |reason: &str| Error::NotRunnable { place: source.place(), reason: reason.to_owned() };
    let mut document = top;
    for _ in 0..=MAX_INDEX_DEPTH {
        let child = match document.document() {
            Document::Manifest(manifest) if manifest.is_image() => return Ok(manifest.clone()),
            Document::Index(index) => index.select(Some(architecture)).map_err(lambark_images::Error::from)?.clone(),
            _ => return Err(not_runnable("it is no image")),
        };
        document = source.document(&child)?;
    }
    Err(not_runnable("its indexes nest too deep"))
}
