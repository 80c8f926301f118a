//! A layer of other bytes than the manifest names.

use super::layers::{self, Layer, Whole};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "layer-digest-mismatch",
    summary: "a layer's bytes are not the ones that its digest names",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::Unpacking,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["https://github.com/opencontainers/image-spec/blob/main/descriptor.md"],
    doc: include_str!("layer_digest_mismatch.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    let Some(descriptor) = &layer.facts.descriptor else {
        return Err(Skip::NotAsked("a docker archive names no digests of layers".into()));
    };
    let Whole::Read(content) = layer.whole()? else { return Ok(None) };
    if content.digest.algorithm() != descriptor.digest.algorithm() {
        return Err(Skip::NotLooked("the layer was hashed in another way than the manifest does".into()));
    }
    if content.digest == descriptor.digest {
        return Ok(None);
    }
    let what = format!("has the digest {}", content.digest);
    Ok(Some(
        layer
            .finding(&RULE, &what)
            .note("the image breaks its own format; with which words Lambda refuses it is not confirmed by AWS")
            .fix(Safety::Manual, "push the image again from where it was built, and look at what served these bytes"),
    ))
}
