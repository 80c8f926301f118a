//! A plain tar under the type that Docker never defined.

use lambark_oci::{Compression, Family};

use super::layers::{self, Layer};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "uncompressed-docker-layer",
    summary: "a Docker-typed layer is an uncompressed tar",
    severity: Severity::Error,
    confidence: Confidence::Reported(3),
    gate: Gate::Unpacking,
    needs: Needs::Manifest,
    fix: Some(Safety::Safe),
    sources: &["aspect-build/rules_aws#145", "bazel-contrib/rules_oci#777", "bazel-contrib/rules_oci#645"],
    doc: include_str!("uncompressed_docker_layer.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    // Where the bytes are compressed after all, `mislabelled-layer` speaks.
    let declared = layer.is_honestly(Compression::None)?;
    if declared.is_none_or(|declared| declared.family != Family::Docker) {
        return Ok(None);
    }
    let mut finding = layer.finding(&RULE, "is an uncompressed tar, under a type that Docker never defined");
    finding = finding.note(layer.unpacking_refused());
    if let Some(origin) = layer.origin() {
        finding = finding.note(origin);
    }
    Ok(Some(finding.fix(Safety::Safe, "compress the layer with gzip; its files stay the same")))
}
