//! What has to be done to an image, decided from facts alone.

use lambark_layers::tar::MendPlan;
use lambark_oci::{ChildRole, Compression, Descriptor, Digest, Document, Family, Manifest, RawDocument};
use lambark_rules::facts::{Actual, Ending, Evidence, ImageFacts, LayerFacts, Sample};

use super::{As, Options};
use crate::Error;

/// What will be written.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the name points at now; a classic docker archive has no such object.
    pub top: Option<RawDocument>,
    /// What to do with the image.
    pub image: ImagePlan,
    /// Attestations that go along: entries of the old index.
    pub attestations: Vec<Descriptor>,
    /// The image manifest before the repair, if there was one.
    pub original: Option<RawDocument>,
    /// Whether the original stays reachable beside the result, so that the two can be linked.
    pub beside: bool,
    /// Whether referrers can stand beside the result without hiding it from other tools.
    pub carries_referrers: bool,
}

/// What to do with the image itself.
#[derive(Clone, Debug)]
pub enum ImagePlan {
    /// Its bytes stay as they are.
    Keep(RawDocument),
    /// It is written anew.
    Rewrite {
        /// The family of the result.
        family: Family,
        /// What to do with each layer, lowest first.
        layers: Vec<LayerPlan>,
        /// Changes to the command, if there are any (`--unsafe-fixes`).
        command: super::encode::CommandEdit,
        /// Why, one reason a line.
        reasons: Vec<String>,
    },
}

/// What to do with a layer.
#[derive(Clone, Debug)]
pub enum LayerPlan {
    /// The blob stays; its media type follows the manifest's family.
    Keep(Descriptor),
    /// The blob is read, mended if there is something to mend, and written as gzip.
    Encode {
        /// The old blob (for a classic docker archive: its handle).
        old: Descriptor,
        /// What its bytes are.
        actual: Actual,
        /// The digest of its plain tar, as the config says.
        diff_id: Option<Digest>,
        /// What to mend in its tar.
        mend: MendPlan,
    },
}

impl Plan {
    /// Whether anything about the image or its name changes.
    #[must_use]
    pub fn changes_nothing(&self) -> bool {
        match (&self.image, &self.top) {
            (ImagePlan::Keep(image), Some(top)) => image.digest() == top.digest(),
            _ => false,
        }
    }

    /// Whether a layer has to be read and written.
    #[must_use]
    pub fn rewrites_layers(&self) -> bool {
        matches!(&self.image, ImagePlan::Rewrite { layers, .. }
            if layers.iter().any(|layer| matches!(layer, LayerPlan::Encode { .. })))
    }

    /// What will be done, one imperative a line.
    #[must_use]
    pub fn steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        match &self.image {
            ImagePlan::Keep(image) if self.changes_nothing() => {
                steps.push(format!("keep {} as it is", image.digest()));
            }
            ImagePlan::Keep(image) => steps.push(format!(
                "take the image out of the index: {} ({} bytes, unchanged)",
                image.digest(),
                image.size()
            )),
            ImagePlan::Rewrite { family, layers, command, reasons } => {
                for (index, layer) in layers.iter().enumerate() {
                    if let LayerPlan::Encode { old, actual, mend, .. } = layer {
                        steps.push(layer_step(index, old, *actual, mend));
                    }
                }
                steps.extend(command.steps());
                steps.push(format!("write a new {} ({})", family.manifest().describe(), reasons.join("; ")));
            }
        }
        if !self.attestations.is_empty() && !self.keeps_digest() {
            let link = if self.beside { ", and link the new one to it" } else { "" };
            steps.push(format!("leave the attestations with the original image{link}"));
        } else if !self.attestations.is_empty() && !self.carries_referrers {
            steps.push(
                "leave the attestations out: without a tag other tools could not tell the image from them".to_owned(),
            );
        } else if let count @ 1.. = self.attestations.len() {
            let plural = if count == 1 { "the attestation a referrer" } else { "the attestations referrers" };
            steps.push(format!("make {plural} of the image"));
        }
        steps
    }

    /// Whether the image that comes out is the very one that went in.
    #[must_use]
    pub fn keeps_digest(&self) -> bool {
        matches!(self.image, ImagePlan::Keep(_))
    }
}

fn layer_step(index: usize, old: &Descriptor, actual: Actual, mend: &MendPlan) -> String {
    let mut what = match actual {
        Actual::Tar(Compression::Gzip) => format!("rewrite layer {index}"),
        actual => format!("re-encode layer {index} from {actual} to gzip"),
    };
    if !mend.is_empty() {
        what.push_str(&format!(", {mend}"));
    }
    format!("{what} ({} bytes now)", old.size)
}

/// Decides what has to be done.
///
/// # Errors
/// [`Error::Refused`] when consent is missing, [`Error::Damaged`] when the image lacks or contradicts its own bytes.
pub fn plan(facts: &ImageFacts, options: &Options) -> Result<Plan, Error> {
    refuse_without_consent(facts, options)?;
    refuse_damaged(facts)?;
    let top = facts.top.known().ok().cloned();
    let original = facts.image.known().ok().cloned();
    if original.is_none() && facts.layers.is_empty() {
        let reason = match &facts.image {
            Evidence::NotLooked(reason) => reason.to_string(),
            Evidence::Known(_) => "it has no layers".to_owned(),
        };
        return Err(Error::Damaged { reason: format!("there is no image to repair: {reason}") });
    }
    let image = plan_image(facts, original.as_ref(), options)?;
    let attestations = match (&top, &original) {
        _ if options.drop_attestations => Vec::new(),
        (Some(top), Some(original)) => attestations_of(top, original.digest()),
        _ => Vec::new(),
    };
    Ok(Plan {
        top,
        image,
        attestations,
        original,
        beside: options.same_repository,
        carries_referrers: options.carries_referrers,
    })
}

fn refuse_without_consent(facts: &ImageFacts, options: &Options) -> Result<(), Error> {
    let Ok(Document::Index(index)) = facts.document() else { return Ok(()) };
    let child = index.select(facts.asked.architecture);
    let platforms = index.images().count();
    let nested = platforms == 0 && index.manifests.iter().any(|child| ChildRole::of(child) == ChildRole::Index);
    if nested && options.in_place && !options.replace_multi_platform {
        let reason = "the tag holds an index of indexes; putting one image in its place takes the others from whoever uses them: name another target with --to, or consent with --replace-multi-platform";
        return Err(Error::Refused { reason: reason.to_owned(), instead: None });
    }
    if platforms > 1 {
        // Which of several is meant must be said, not guessed.
        child?;
        if options.in_place && !options.replace_multi_platform {
            return Err(Error::Refused {
                reason: format!(
                    "the tag holds {platforms} platforms; putting one in their place takes the others from whoever uses them: name another target with --to, or consent with --replace-multi-platform"
                ),
                instead: None,
            });
        }
    }
    Ok(())
}

fn refuse_damaged(facts: &ImageFacts) -> Result<(), Error> {
    let damaged = |reason: String| Err(Error::Damaged { reason });
    if let Ok(lambark_rules::facts::ConfigFacts::Missing(descriptor)) = facts.config.known() {
        return damaged(format!("its config {} is missing", descriptor.digest));
    }
    if let Ok(lambark_rules::facts::ConfigFacts::Unreadable { descriptor, reason }) = facts.config.known() {
        return damaged(format!("its config {} cannot be read: {reason}", descriptor.digest));
    }
    if let Ok(config) = facts.image_config()
        && config.rootfs.diff_ids.len() != facts.layers.len()
    {
        let (ids, layers) = (config.rootfs.diff_ids.len(), facts.layers.len());
        return damaged(format!("its config names {ids} diff_ids for {layers} layers"));
    }
    for (index, layer) in facts.layers.iter().enumerate() {
        if let Evidence::Known(Sample::Missing) = layer.sample {
            return damaged(format!("layer {index} is missing"));
        }
        let (Evidence::Known(content), declared) = (&layer.content, &layer.descriptor) else { continue };
        if let Ending::Truncated(reason) | Ending::Corrupt(reason) | Ending::Stopped(reason) = &content.ending {
            return damaged(format!("layer {index} cannot be read to its end: {reason}"));
        }
        if declared.as_ref().is_some_and(|declared| declared.digest != content.digest) {
            return damaged(format!("layer {index} has other bytes than its digest says"));
        }
        if layer.diff_id.as_ref().is_some_and(|diff_id| *diff_id != content.diff_id) {
            return damaged(format!("layer {index} unpacks to {}, which is not its diff_id", content.diff_id));
        }
    }
    Ok(())
}

fn plan_image(facts: &ImageFacts, original: Option<&RawDocument>, options: &Options) -> Result<ImagePlan, Error> {
    let mut reasons = Vec::new();
    let manifest = original.and_then(RawDocument::manifest);
    let layers = plan_layers(facts, options, &mut reasons)?;
    let command = super::encode::CommandEdit::of(facts, options.unsafe_fixes);
    if !command.is_empty() {
        reasons.push("the command changes".to_owned());
    }
    let (Some(original), Some(manifest)) = (original, manifest) else {
        reasons.push("a docker archive has no manifest".to_owned());
        let family = if let As::Only(family) = options.family { family } else { options.rewrite_as };
        return Ok(ImagePlan::Rewrite { family, layers, command, reasons });
    };
    manifest_reasons(original, manifest, options, &mut reasons);
    if reasons.is_empty() {
        return Ok(ImagePlan::Keep(original.clone()));
    }
    let family = if let As::Only(family) = options.family { family } else { options.rewrite_as };
    Ok(ImagePlan::Rewrite { family, layers, command, reasons })
}

fn manifest_reasons(original: &RawDocument, manifest: &Manifest, options: &Options, reasons: &mut Vec<String>) {
    let own = original.media_type().family();
    if manifest.content_family().is_none() || manifest.content_family() != own {
        reasons.push("its media types are mixed".to_owned());
    }
    if manifest.subject.is_some() || manifest.artifact_type.as_deref().is_some_and(|kind| !kind.is_empty()) {
        reasons.push("it refers to another manifest or calls itself an artifact".to_owned());
    }
    if let As::Only(family) = options.family
        && own != Some(family)
    {
        reasons.push(format!("{family} is wanted"));
    }
}

fn plan_layers(facts: &ImageFacts, options: &Options, reasons: &mut Vec<String>) -> Result<Vec<LayerPlan>, Error> {
    let mut plans = Vec::with_capacity(facts.layers.len());
    for (index, layer) in facts.layers.iter().enumerate() {
        let mend = mend_plan(facts, index, options.unsafe_fixes);
        let plan = plan_layer(layer, mend)?;
        match &plan {
            LayerPlan::Encode { mend, .. } if !mend.is_empty() => reasons.push(format!("layer {index} is mended")),
            LayerPlan::Encode { .. } => reasons.push(format!("layer {index} becomes gzip")),
            LayerPlan::Keep(new) => {
                if layer.descriptor.as_ref().is_some_and(|old| old.media_type != new.media_type) {
                    reasons.push(format!("layer {index} is gzip and is now called so"));
                }
                if layer.descriptor.as_ref().is_some_and(|old| old.size != new.size) {
                    reasons.push(format!("layer {index} gets its true size"));
                }
            }
        }
        plans.push(plan);
    }
    Ok(plans)
}

/// What to mend in a layer's tar; nothing where the files were not looked at.
fn mend_plan(facts: &ImageFacts, layer: usize, unsafe_fixes: bool) -> MendPlan {
    let (Ok(files), Some(Evidence::Known(content))) =
        (facts.files.known(), facts.layers.get(layer).map(|l| &l.content))
    else {
        return MendPlan::default();
    };
    let mut plan = MendPlan::for_layer(&content.entries, files, layer);
    if unsafe_fixes {
        let working_dir = facts.image_config().map_or("", |config| config.config.working_dir.as_str());
        plan.make_readable(&content.entries, |path| is_of_the_function(path, working_dir));
    }
    plan
}

/// Whether a path is on the way to the function's own files, or one of them. Others have reasons to be private.
fn is_of_the_function(path: &str, working_dir: &str) -> bool {
    let within = |path: &str, root: &str| path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
    ["var/task", "opt", working_dir.trim_matches('/')]
        .into_iter()
        .filter(|root| !root.is_empty())
        .any(|root| path == root || within(path, root) || within(root, path))
}

fn plan_layer(layer: &LayerFacts, mend: MendPlan) -> Result<LayerPlan, Error> {
    let declared = layer.descriptor.as_ref().and_then(|descriptor| descriptor.media_type.layer());
    let actual = match &layer.sample {
        Evidence::Known(Sample::Present { actual, .. }) => *actual,
        // At depth `manifest` the label is all there is; the bytes are looked at when they are read.
        _ => Actual::Tar(declared.map_or(Compression::Gzip, |declared| declared.compression)),
    };
    if let Actual::Other(_) | Actual::Empty = actual {
        return Err(Error::Damaged { reason: format!("a layer is no tar but {actual}") });
    }
    let content = layer.content.known().ok();
    let old = match (&layer.descriptor, content) {
        (Some(descriptor), _) => descriptor.clone(),
        (None, Some(content)) => Descriptor::new(lambark_oci::MediaType::new(""), content.digest.clone(), content.size),
        (None, None) => {
            let reason = "a docker archive is repaired only after its layers were read (--depth files)".to_owned();
            return Err(Error::Usage(reason));
        }
    };
    let gzip = actual == Actual::Tar(Compression::Gzip);
    if gzip && mend.is_empty() {
        let labelled_gzip = declared.is_some_and(|declared| declared.compression == Compression::Gzip);
        let family = declared.map_or(Family::Docker, |declared| declared.family);
        let media_type = if labelled_gzip { old.media_type.clone() } else { family.gzip_layer() };
        let stored = match &layer.sample {
            Evidence::Known(Sample::Present { stored, .. }) => *stored,
            _ => None,
        };
        let size = content.map(|content| content.size).or(stored).unwrap_or(old.size);
        return Ok(LayerPlan::Keep(Descriptor { media_type, size, ..old }));
    }
    Ok(LayerPlan::Encode { old, actual, diff_id: layer.diff_id.clone(), mend })
}

/// The attestations of an index that speak of `image`. An entry that names no image speaks of the only one.
fn attestations_of(top: &RawDocument, image: &Digest) -> Vec<Descriptor> {
    let Some(index) = top.index() else { return Vec::new() };
    let single = index.images().count() == 1;
    index
        .manifests
        .iter()
        .filter(|child| ChildRole::of(child) == ChildRole::Attestation)
        .filter(|child| match child.annotations.get(lambark_oci::index::REFERENCE_DIGEST) {
            Some(about) => about == image.as_str(),
            None => single,
        })
        .cloned()
        .collect()
}
