//! Layers as the rules see them: one at a time, with what was looked at of each.

use lambark_oci::{Compression, Descriptor, LayerType};

use super::{evidence, words};
use crate::facts::{Actual, Content, Ending, Evidence, ImageFacts, LayerFacts, Sample};
use crate::finding::{Finding, Place};
use crate::rule::{Rule, Skip};

/// Why a classic docker archive's layers have no media types to judge. Not "nobody asked": the gates stay open.
const NO_MANIFEST: &str = "a docker archive has no manifest: whoever pushes it decides the media types";

/// One layer of the image under judgement.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    /// Counted from 0, lowest first.
    pub(super) index: usize,
    /// What is known of it.
    pub(super) facts: &'a LayerFacts,
    image: &'a ImageFacts,
}

/// Why what was read of a layer says nothing about its digests and sizes.
pub(super) enum Whole<'a> {
    /// It was read to its proper end.
    Read(&'a Content),
    /// Another rule speaks of it: it is missing, cut short, or damaged.
    SpokenOf,
}

impl<'a> Layer<'a> {
    /// What the manifest says of it.
    pub(super) fn descriptor(&self) -> Result<&'a Descriptor, Skip> {
        self.facts.descriptor.as_ref().ok_or(Skip::NotLooked(NO_MANIFEST.into()))
    }

    /// What its media type says, if that is a layer's type at all.
    pub(super) fn declared(&self) -> Result<Option<LayerType>, Skip> {
        Ok(self.descriptor()?.media_type.layer())
    }

    /// What its bytes are, if they are there and were looked at.
    pub(super) fn actual(&self) -> Option<Actual> {
        match &self.facts.sample {
            Evidence::Known(Sample::Present { actual, .. }) => Some(*actual),
            _ => None,
        }
    }

    /// Whether it was looked for and is not there.
    pub(super) fn is_missing(&self) -> bool {
        self.facts.sample == Evidence::Known(Sample::Missing)
    }

    /// Whether its content lies elsewhere by its own word.
    pub(super) fn is_foreign(&self) -> bool {
        self.declared().is_ok_and(|declared| declared.is_some_and(|layer| layer.foreign))
    }

    /// Whether it is declared as a layer of this image, with this compression, and its bytes do not say otherwise:
    /// then the declaration is the defect, not the difference.
    pub(super) fn is_honestly(&self, compression: Compression) -> Result<Option<LayerType>, Skip> {
        let declared = self.declared()?.filter(|layer| layer.compression == compression && !layer.foreign);
        Ok(declared.filter(|layer| !self.belies(*layer)))
    }

    /// Whether its bytes are something else than `declared` says.
    pub(super) fn belies(&self, declared: LayerType) -> bool {
        match self.actual() {
            Some(Actual::Tar(real)) => real != declared.compression,
            Some(Actual::Other(_)) => true,
            Some(Actual::Empty) | None => false,
        }
    }

    /// What reading it to the end said.
    pub(super) fn whole(&self) -> Result<Whole<'a>, Skip> {
        if self.is_missing() || self.actual() == Some(Actual::Empty) {
            return Ok(Whole::SpokenOf);
        }
        let content = self.facts.content.known()?;
        Ok(if content.ending == Ending::Complete { Whole::Read(content) } else { Whole::SpokenOf })
    }

    /// Its name in a message: `layer 2 (0123456789ab)`.
    pub(super) fn name(&self) -> String {
        match &self.facts.descriptor {
            Some(descriptor) => format!("layer {} ({})", self.index, descriptor.digest.short()),
            None => format!("layer {}", self.index),
        }
    }

    /// A finding of `rule` about this layer. `what` follows its name.
    pub(super) fn finding(&self, rule: &Rule, what: &str) -> Finding {
        let digest = self.facts.descriptor.as_ref().map(|descriptor| descriptor.digest.clone());
        Finding::new(rule, Place::Layer { layer: self.index, digest }, format!("{} {what}", self.name()))
    }

    /// The build step that made it, in words; only where the history has one step for each layer.
    pub(super) fn origin(&self) -> Option<String> {
        let config = self.image.image_config().ok()?;
        let steps = config.history.iter().filter(|step| !step.empty_layer).count();
        let step = config.step_of_layer(self.index).filter(|step| !step.trim().is_empty())?;
        (steps == self.image.layers.len()).then(|| format!("it was made by {}", words::quoted(step)))
    }

    /// What Lambda writes into the function's state when it cannot unpack this layer.
    pub(super) fn unpacking_refused(&self) -> String {
        let digest = self.facts.descriptor.as_ref().map_or("…", |descriptor| descriptor.digest.as_str());
        format!(
            "the function ends Failed with InvalidImage: ImageLayerFailure: UnsupportedImageLayerDetected - Layer \
             Digest {digest}"
        )
    }
}

/// The layers of an image; none when it has none.
///
/// # Errors
/// [`Skip::NotLooked`] when there is no image, or its layers were not looked at.
fn layers(facts: &ImageFacts) -> Result<&[LayerFacts], Skip> {
    match evidence::manifest(facts) {
        Ok(_) => {
            let named = evidence::image(facts)?.layers.len();
            if named == facts.layers.len() {
                Ok(&facts.layers)
            } else {
                Err(Skip::NotLooked("the layers were not looked at".into()))
            }
        }
        Err(skip) if facts.layers.is_empty() => Err(skip),
        Err(_) => Ok(&facts.layers),
    }
}

/// Judges each layer. What was found is told even where another layer's evidence is missing; nothing found counts as
/// passed only where every layer was looked at.
pub(super) fn each(
    facts: &ImageFacts,
    judge: impl Fn(&Layer<'_>) -> Result<Option<Finding>, Skip>,
) -> Result<Vec<Finding>, Skip> {
    let layers = layers(facts)?;
    let mut findings = Vec::new();
    let mut not_looked = Vec::new();
    let mut not_asked = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        match judge(&Layer { index, facts: layer, image: facts }) {
            Ok(finding) => findings.extend(finding),
            Err(Skip::NotLooked(reason)) => not_looked.push(reason),
            Err(Skip::NotAsked(reason)) => not_asked.push(reason),
        }
    }
    if !findings.is_empty() {
        return Ok(findings);
    }
    match (not_looked.first(), not_asked.first()) {
        (Some(reason), _) => {
            let of = words::count(layers.len(), "layer");
            Err(Skip::NotLooked(format!("{} of {of} not looked at: {reason}", not_looked.len()).into()))
        }
        (None, Some(reason)) if not_asked.len() == layers.len() => Err(Skip::NotAsked(reason.clone())),
        _ => Ok(findings),
    }
}
