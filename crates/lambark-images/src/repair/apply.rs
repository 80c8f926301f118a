//! Carrying a plan out: blobs first, referrers next, the name last.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lambark_oci::convert::image_manifest;
use lambark_oci::{Descriptor, Digest, Family, Manifest, RawDocument};

use super::encode::{CommandEdit, Job, encode, new_config};
use super::plan::{ImagePlan, LayerPlan, Plan};
use super::reuse::Known;
use super::undo::UndoStore;
use super::{Options, referrers};
use crate::Error;
use crate::bring::{blobs_of, bring_blobs};
use crate::progress::Progress;
use crate::sink::Sink;
use crate::source::{Source, Top, small_blob};

pub use super::encode::Encoded;

/// What the work needs beside the plan.
pub struct Context<'a> {
    /// What the user allows and wants.
    pub options: &'a Options,
    /// Layers encoded before.
    pub known: &'a Known,
    /// Where the old manifest is kept.
    pub undo: &'a UndoStore,
    /// The name that is moved, for messages.
    pub name: &'a str,
    /// Under which key an undo will look for it.
    pub key: &'a str,
    /// Who wants to know.
    pub progress: &'a Arc<dyn Progress>,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The image that stands under the name now.
    pub image: RawDocument,
    /// What stood there before, if anything did.
    pub replaced: Option<RawDocument>,
    /// Layers that were encoded: old digest, new blob.
    pub encoded: Vec<(Digest, Encoded)>,
    /// How many layers were found encoded already.
    pub reused: usize,
    /// Referrers that were written.
    pub referrers: Vec<Digest>,
    /// Bytes of blobs that were written to the target.
    pub blob_bytes: u64,
    /// Whether an undo is possible.
    pub undoable: bool,
    /// Whether it stood there already, so that nothing had to be sent.
    pub was_there: bool,
}

impl Applied {
    /// The name points at the image already: it came last then, so all else is there too.
    pub(super) fn was_there(image: &RawDocument) -> Applied {
        Applied {
            image: image.clone(),
            replaced: None,
            encoded: Vec::new(),
            reused: 0,
            referrers: Vec::new(),
            blob_bytes: 0,
            undoable: false,
            was_there: true,
        }
    }
}

/// Carries out `plan` at a target where `replaced` stands now.
///
/// # Errors
/// When anything fails, and when somebody moved the name meanwhile; the name then stands where it stood.
pub fn apply(
    source: &Arc<dyn Source>,
    sink: &dyn Sink,
    plan: &Plan,
    replaced: Option<RawDocument>,
    context: &Context<'_>,
) -> Result<Applied, Error> {
    if plan.rewrites_layers() || !plan.attestations.is_empty() || !context.options.same_repository {
        sink.may_publish(replaced.as_ref())?;
    }
    let mut work = Work { source, sink, context, encoded: Vec::new(), reused: 0, blob_bytes: AtomicU64::new(0) };
    let image = match &plan.image {
        ImagePlan::Keep(image) => {
            work.bring_image(image)?;
            image.clone()
        }
        ImagePlan::Rewrite { family, layers, command, .. } => work.rewrite(plan, *family, layers, command)?,
    };
    let referrers = referrers::bring(source, sink, plan, &image, context.options.same_repository)?;
    if plan.rewrites_layers() {
        refuse_if_moved(sink, replaced.as_ref())?;
    }
    let undoable = match &replaced {
        Some(before) if before.digest() != image.digest() => {
            context.undo.keep(context.key, before, image.digest())?;
            true
        }
        _ => false,
    };
    context.progress.step(&format!("moving {} to {}", context.name, image.digest()));
    sink.publish(&image)?;
    if !plan.keeps_digest() || !context.options.same_repository {
        sink.verify(&image)?;
    }
    let blob_bytes = work.blob_bytes.into_inner();
    Ok(Applied {
        image,
        replaced,
        encoded: work.encoded,
        reused: work.reused,
        referrers,
        blob_bytes,
        undoable,
        was_there: false,
    })
}

fn refuse_if_moved(sink: &dyn Sink, expected: Option<&RawDocument>) -> Result<(), Error> {
    let now = sink.current_digest()?;
    if now.as_ref() == expected.map(RawDocument::digest) {
        return Ok(());
    }
    let now = now.map_or_else(|| "nothing".to_owned(), |digest| digest.to_string());
    let reason = format!("somebody moved {} meanwhile: it points at {now} now, and was not touched", sink.place());
    Err(Error::Refused { reason, instead: Some(format!("lambark check {}", sink.place())) })
}

struct Work<'a> {
    source: &'a Arc<dyn Source>,
    sink: &'a dyn Sink,
    context: &'a Context<'a>,
    encoded: Vec<(Digest, Encoded)>,
    reused: usize,
    blob_bytes: AtomicU64,
}

impl Work<'_> {
    /// Brings the blobs of an image that stays as it is.
    fn bring_image(&self, image: &RawDocument) -> Result<(), Error> {
        if self.context.options.same_repository {
            return Ok(());
        }
        let Some(manifest) = image.manifest() else { return Ok(()) };
        self.bring_blobs(&blobs_of(manifest))
    }

    fn bring_blobs(&self, blobs: &[&Descriptor]) -> Result<(), Error> {
        let written = bring_blobs(self.source, self.sink, blobs, Some(self.context.progress))?;
        self.blob_bytes.fetch_add(written, Ordering::Relaxed);
        Ok(())
    }

    fn rewrite(
        &mut self,
        plan: &Plan,
        family: Family,
        layers: &[LayerPlan],
        command: &CommandEdit,
    ) -> Result<RawDocument, Error> {
        let kept: Vec<&Descriptor> = layers
            .iter()
            .filter_map(|layer| if let LayerPlan::Keep(blob) = layer { Some(blob) } else { None })
            .filter(|blob| blob.urls.is_empty())
            .collect();
        if !self.context.options.same_repository || plan.original.is_none() {
            self.bring_blobs(&kept)?;
        }
        // Each new layer, and its diff_id where that changed.
        let mut new = Vec::with_capacity(layers.len());
        for layer in layers {
            new.push(match layer {
                LayerPlan::Keep(descriptor) => (descriptor.clone(), None),
                LayerPlan::Encode { diff_id, .. } => {
                    let encoded = self.encoded_layer(layer)?;
                    let changed = diff_id.as_ref() != Some(&encoded.diff_id);
                    (encoded.descriptor(family.gzip_layer()), changed.then_some(encoded.diff_id))
                }
            });
        }
        let config = self.config(plan, &new, command)?;
        let old = plan.original.as_ref().and_then(RawDocument::manifest).cloned();
        let old = old.unwrap_or_else(|| bare_manifest(&config));
        let layers: Vec<Descriptor> = new.into_iter().map(|(descriptor, _)| descriptor).collect();
        let bytes = image_manifest(family, &old, &config, &layers);
        RawDocument::parse(bytes.into(), None)
            .map_err(|source| Error::Document { place: "the new manifest".to_owned(), source })
    }

    fn encoded_layer(&mut self, layer: &LayerPlan) -> Result<Encoded, Error> {
        let LayerPlan::Encode { old, actual, diff_id, mend } = layer else {
            return Err(Error::Usage("a layer that is kept is not encoded".to_owned()));
        };
        if let Some((_, encoded)) = self.encoded.iter().find(|(done, _)| *done == old.digest) {
            return Ok(encoded.clone());
        }
        let reusable = diff_id.as_ref().filter(|_| mend.is_empty());
        if let Some(known) = reusable.and_then(|diff_id| self.context.known.find(&old.digest, diff_id))
            && self.sink.has_blob(&known.descriptor(old.media_type.clone()))?
        {
            self.reused += 1;
            return Ok(known);
        }
        let level = self.context.options.gzip_level;
        let job = Job { old, actual: *actual, diff_id: diff_id.as_ref(), mend, level };
        let encoded = encode(&**self.source, self.sink, &job, &**self.context.progress)?;
        self.blob_bytes.fetch_add(encoded.size, Ordering::Relaxed);
        if mend.is_empty() {
            self.context.known.remember(&old.digest, &encoded);
        }
        self.encoded.push((old.digest.clone(), encoded.clone()));
        Ok(encoded)
    }

    /// The config for the new layers: the old blob where nothing in it changes.
    fn config(
        &self,
        plan: &Plan,
        layers: &[(Descriptor, Option<Digest>)],
        command: &CommandEdit,
    ) -> Result<Descriptor, Error> {
        let old = plan.original.as_ref().and_then(RawDocument::manifest).map(|manifest| &manifest.config);
        let changed = !command.is_empty() || layers.iter().any(|(_, diff_id)| diff_id.is_some());
        if let Some(old) = old.filter(|_| !changed) {
            if !self.context.options.same_repository {
                self.bring_blobs(&[old])?;
            }
            return Ok(old.clone());
        }
        let bytes = match old {
            Some(old) => small_blob(&**self.source, old, lambark_oci::limits::MAX_CONFIG_BYTES)?,
            None => match self.source.top()? {
                Top::Classic(classic) => classic.config,
                Top::Document(_) => return Err(Error::Usage("the image has no config".to_owned())),
            },
        };
        let parsed = lambark_oci::ImageConfig::parse(&bytes)
            .map_err(|error| Error::Malformed { place: "the config".to_owned(), reason: error.to_string() })?;
        let old_diff_ids = parsed.rootfs.diff_ids;
        let diff_ids: Vec<Digest> = layers
            .iter()
            .enumerate()
            .filter_map(|(index, (_, new))| new.as_ref().or_else(|| old_diff_ids.get(index)).cloned())
            .collect();
        let bytes = if changed { new_config(&bytes, &diff_ids, command, &self.source.place())?.into() } else { bytes };
        let config = Descriptor::of(old.map_or_else(|| Family::Docker.config(), |old| old.media_type.clone()), &bytes);
        if !self.sink.has_blob(&config)? {
            self.sink.copy_blob(&config, Arc::new(move || Ok(Box::new(std::io::Cursor::new(bytes.clone())))))?;
            self.blob_bytes.fetch_add(config.size, Ordering::Relaxed);
        }
        Ok(config)
    }
}

/// A manifest for an image that had none.
fn bare_manifest(config: &Descriptor) -> Manifest {
    Manifest {
        media_type: None,
        config: config.clone(),
        layers: Vec::new(),
        subject: None,
        artifact_type: None,
        annotations: std::collections::BTreeMap::new(),
    }
}
