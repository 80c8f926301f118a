//! An attestation among an image's layers.

use lambark_oci::MediaType;
use lambark_oci::media_type::IN_TOTO;

use super::layers::{self, Layer};
use super::words;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "in-toto-layer",
    summary: "an in-toto statement stands among the layers of an image",
    severity: Severity::Error,
    confidence: Confidence::Reported(3),
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["go-to-k/cdk-real-drift#1572", "awslabs/visual-asset-management-system", "aws/aws-cdk#31549"],
    doc: include_str!("in_toto_layer.md"),
    check,
};

/// Whether this is the type of an in-toto statement, bare or in an envelope.
pub(super) fn is_in_toto(media_type: &MediaType) -> bool {
    media_type.as_str() == IN_TOTO || media_type.as_str().starts_with("application/vnd.in-toto.")
}

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    if !is_in_toto(&layer.descriptor()?.media_type) {
        return Ok(None);
    }
    Ok(Some(
        layer
            .finding(&RULE, "is an in-toto statement (provenance or SBOM), no part of a file system")
            .note(words::MEDIA_TYPE_REFUSED)
            .note(format!("some saw another answer: {}", layer.unpacking_refused()))
            .fix(
                Safety::Manual,
                "build without attestations (--provenance=false --sbom=false), or attach them as referrers",
            ),
    ))
}
