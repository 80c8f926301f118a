//! A layer type that nobody defines.

use super::layers::{self, Layer};
use super::words;
use crate::facts::{Actual, ImageFacts};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "undefined-media-type",
    summary: "a layer's media type is none that Docker or OCI defines for layers",
    severity: Severity::Warning,
    confidence: Confidence::Inferred,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Safe),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("undefined_media_type.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    let media_type = &layer.descriptor()?.media_type;
    // Types that builders write without a definition have rules of their own: `zstd-layer`,
    // `uncompressed-docker-layer`, `foreign-layer`, `in-toto-layer`.
    if media_type.layer().is_some() || super::in_toto_layer::is_in_toto(media_type) {
        return Ok(None);
    }
    let finding = layer
        .finding(
            &RULE,
            &format!("is of type {}, which neither Docker nor OCI defines", words::quoted(media_type.as_str())),
        )
        .note(format!("{}; for this type that is not confirmed by AWS", words::MEDIA_TYPE_REFUSED));
    Ok(Some(match layer.actual() {
        Some(Actual::Other(_)) => {
            finding.fix(Safety::Manual, "build the image again: the layer's bytes are no tar either")
        }
        _ => finding.fix(Safety::Safe, "write a new manifest that gives the layer the type of its bytes, gzip"),
    }))
}
