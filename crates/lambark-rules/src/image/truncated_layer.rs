//! A layer that ends too early, or is damaged on the way.

use super::layers::{self, Layer};
use super::words;
use crate::facts::{Actual, Ending, ImageFacts};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "truncated-layer",
    summary: "a layer is empty, ends in the middle, or is damaged",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::Unpacking,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["https://github.com/opencontainers/image-spec/blob/main/layer.md"],
    doc: include_str!("truncated_layer.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    if is_spoken_of(layer) {
        return Ok(None);
    }
    let what = if layer.actual() == Some(Actual::Empty) {
        "has no bytes at all".to_owned()
    } else {
        match &layer.facts.content.known()?.ending {
            Ending::Complete => return Ok(None),
            Ending::Truncated(why) => format!("ends too early: {}", words::quoted(why)),
            Ending::Corrupt(why) => format!("is damaged: {}", words::quoted(why)),
            Ending::Stopped(why) => return Ok(Some(stopped(layer, why))),
        }
    };
    Ok(Some(
        layer
            .finding(&RULE, &what)
            .note("nothing can unpack it; with which words Lambda refuses it is not confirmed by AWS")
            .fix(Safety::Manual, "push the layer again from where it was built"),
    ))
}

/// Whether another rule says why this layer cannot be read: `missing-blob`, or those on what is no tar at all.
fn is_spoken_of(layer: &Layer<'_>) -> bool {
    let media_type = layer.descriptor().ok().map(|descriptor| &descriptor.media_type);
    let declared = layer.declared().ok().flatten();
    layer.is_missing()
        || media_type.is_some_and(super::in_toto_layer::is_in_toto)
        || declared.is_some() && matches!(layer.actual(), Some(Actual::Other(_)))
}

/// A limit is ours, not Lambda's: nobody knows what lies behind it.
fn stopped(layer: &Layer<'_>, why: &str) -> Finding {
    layer
        .finding(&RULE, &format!("was not read to its end: {}", words::quoted(why)))
        .severity(Severity::Warning)
        .note("the limit is lambark's own; that Lambda refuses the layer is not confirmed by AWS")
        .fix(Safety::Manual, "look at what the layer holds: ordinary ones stay far below the limit")
}
