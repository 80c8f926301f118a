//! A plain tar under OCI's own type for it.

use lambark_oci::{Compression, Family};

use super::layers::{self, Layer};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "uncompressed-oci-layer",
    summary: "an OCI-typed layer is an uncompressed tar, and reports disagree whether Lambda takes it",
    severity: Severity::Warning,
    confidence: Confidence::Contradictory,
    gate: Gate::Unpacking,
    needs: Needs::Manifest,
    fix: Some(Safety::Safe),
    sources: &["aspect-build/rules_aws#145", "bazel-contrib/rules_oci#645"],
    doc: include_str!("uncompressed_oci_layer.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    // Where the bytes are compressed after all, `mislabelled-layer` speaks.
    let declared = layer.is_honestly(Compression::None)?;
    if declared.is_none_or(|declared| declared.family != Family::Oci) {
        return Ok(None);
    }
    let mut finding = layer
        .finding(&RULE, "is an uncompressed tar")
        .note("one project reports that Lambda takes it, another that it does not; it is not confirmed by AWS");
    if let Some(origin) = layer.origin() {
        finding = finding.note(origin);
    }
    Ok(Some(finding.fix(Safety::Safe, "compress the layer with gzip; its files stay the same")))
}
