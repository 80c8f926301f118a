//! A layer of another size than the manifest says.

use super::layers::{self, Layer, Whole};
use crate::facts::{Evidence, ImageFacts, Sample};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "layer-size-mismatch",
    summary: "a layer has more or fewer bytes than the manifest says",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::Unpacking,
    needs: Needs::Bytes,
    fix: Some(Safety::Safe),
    sources: &["https://github.com/opencontainers/image-spec/blob/main/descriptor.md"],
    doc: include_str!("layer_size_mismatch.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    let Some(descriptor) = &layer.facts.descriptor else {
        return Err(Skip::NotAsked("a docker archive declares no sizes".into()));
    };
    let stored = match layer.whole() {
        Ok(Whole::SpokenOf) => return Ok(None),
        // Other bytes altogether: `layer-digest-mismatch` speaks.
        Ok(Whole::Read(content)) if content.digest != descriptor.digest => return Ok(None),
        Ok(Whole::Read(content)) => content.size,
        Err(not_read) => match &layer.facts.sample {
            Evidence::Known(Sample::Present { stored: Some(stored), .. }) => *stored,
            _ => return Err(not_read),
        },
    };
    if stored == descriptor.size {
        return Ok(None);
    }
    let what = format!("has {stored} bytes, and the manifest says {}", descriptor.size);
    Ok(Some(
        layer
            .finding(&RULE, &what)
            .note("the image breaks its own format; with which words Lambda refuses it is not confirmed by AWS")
            .fix(Safety::Safe, "write the true size into the manifest; the layer's bytes stay"),
    ))
}
