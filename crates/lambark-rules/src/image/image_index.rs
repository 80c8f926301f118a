//! An index where Lambda wants one image manifest.

use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};
use lambark_oci::{ChildRole, Document};

/// The rule.
pub static RULE: Rule = Rule {
    name: "image-index",
    summary: "an image index or manifest list with one image stands where Lambda wants an image manifest",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Safe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/python-image.html",
        "docker/buildx#1533",
        "aws/aws-lambda-roadmap#82",
    ],
    doc: include_str!("image_index.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let Document::Index(index) = facts.document()? else { return Ok(Vec::new()) };
    let images = index.images().count();
    if images > 1 {
        // `multi-platform-index` speaks of it.
        return Ok(Vec::new());
    }
    let media_type = facts.top.known()?.media_type();
    let others = index.manifests.iter().filter(|child| ChildRole::of(child) == ChildRole::Attestation).count();
    let message = format!("{} where Lambda wants one image manifest", media_type.describe());
    let mut finding = Finding::new(&RULE, Place::Manifest("/mediaType".into()), message);
    if others > 0 {
        finding = finding.note("the builder added an attestation (provenance or SBOM), and with it the index");
    }
    if images == 1 {
        finding = finding.fix(Safety::Safe, "put the image manifest itself under the tag; its digest stays the same");
    }
    Ok(vec![finding])
}
