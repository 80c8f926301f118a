//! An attestation where Lambda wants an image.

use super::evidence::{self, Holds};
use super::words;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "attestation-manifest",
    summary: "the manifest holds attestations about an image instead of an image",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["midrender/examples#25", "moby/buildkit#6914"],
    doc: include_str!("attestation_manifest.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let manifest = evidence::manifest(facts)?;
    if evidence::holds(manifest) != Holds::Attestation {
        return Ok(Vec::new());
    }
    let statements = words::count(manifest.layers.len(), "in-toto statement");
    let mut finding = Finding::new(
        &RULE,
        Place::Manifest("/layers".into()),
        format!("an attestation ({statements}) where Lambda wants an image: it holds no file system"),
    )
    .note("it is the row of 0.00 MB that the ECR console shows beside the image")
    .note(words::MEDIA_TYPE_REFUSED);
    if let Some(subject) = &manifest.subject {
        finding = finding.note(format!("it speaks of {}", subject.digest));
    }
    Ok(vec![finding.fix(Safety::Manual, "name the image that it speaks of: its own digest, or the tag above both")])
}
