//! An index where Lambda wants one image manifest.

use lambark_oci::media_type::DOCKER_LIST;
use lambark_oci::{ChildRole, Descriptor, Document, Index, RawDocument};

use super::words;
use crate::facts::{Evidence, ImageFacts};
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "image-index",
    summary: "an image index or manifest list with one image, or none, stands where Lambda wants an image manifest",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Safe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/python-image.html",
        "docker/buildx#1533",
        "docker/build-push-action#1459",
        "aws/aws-lambda-roadmap#82",
        "boto/boto3#3255",
        "CloudSnorkel/cdk-github-runners#768",
        "awslabs/swift-aws-lambda-runtime#687",
    ],
    doc: include_str!("image_index.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let Document::Index(index) = facts.document()? else { return Ok(Vec::new()) };
    let images: Vec<&Descriptor> = index.images().collect();
    if images.len() > 1 {
        // `multi-platform-index` speaks of it.
        return Ok(Vec::new());
    }
    let media_type = facts.top.known()?.media_type();
    let mut message = format!("{} where Lambda wants one image manifest", media_type.describe());
    if images.is_empty() {
        message.push_str(if has(index, ChildRole::Index) { "; it holds another index" } else { "; it holds no image" });
    }
    let mut finding = Finding::new(&RULE, Place::Manifest("/mediaType".into()), message)
        .confidence(confidence(index, media_type.as_str() == DOCKER_LIST))
        .note(words::MEDIA_TYPE_REFUSED);
    if let Some(why) = reason(index) {
        finding = finding.note(why);
    }
    Ok(vec![with_remedy(finding, index, images.first().copied(), &facts.image)])
}

/// How well this shape of index is known to be refused.
fn confidence(index: &Index, docker: bool) -> Confidence {
    match (has(index, ChildRole::Attestation), docker) {
        (true, _) => Confidence::Documented,
        (false, true) => Confidence::Reported(2),
        (false, false) => Confidence::Reported(1),
    }
}

/// Why there is an index at all.
fn reason(index: &Index) -> Option<&'static str> {
    if has(index, ChildRole::Attestation) {
        Some("the builder added an attestation (provenance or SBOM), and with it the index")
    } else if has(index, ChildRole::Soci) {
        Some("a SOCI conversion put the image and its SOCI index under one tag, and with that an index")
    } else {
        None
    }
}

fn with_remedy(finding: Finding, index: &Index, image: Option<&Descriptor>, looked: &Evidence<RawDocument>) -> Finding {
    match (image, looked) {
        (Some(image), Evidence::Known(_)) => finding
            .note(format!("the image inside is {}; deployed by that digest, the index does not matter", image.digest))
            .fix(Safety::Safe, "put the image manifest itself under the tag; its digest stays the same"),
        (Some(image), Evidence::NotLooked(reason)) => finding
            .note(format!("the image inside, {}, was not looked at: {}", image.digest, words::quoted(reason)))
            .fix(Safety::Manual, "push the image again with its index"),
        (None, Evidence::Known(_)) if has(index, ChildRole::Index) => {
            finding.fix(Safety::Safe, "put the image manifest of the inner index under the tag")
        }
        (None, _) => finding.fix(Safety::Manual, "push the image again: there is none in this index to deploy"),
    }
}

fn has(index: &Index, role: ChildRole) -> bool {
    index.manifests.iter().any(|child| ChildRole::of(child) == role)
}
