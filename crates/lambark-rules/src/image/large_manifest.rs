//! A manifest that is larger than AWS likes, or than ECR takes.

use lambark_oci::RawDocument;
use lambark_oci::limits::{ADVISED_MANIFEST_BYTES, ECR_MANIFEST_BYTES};

use super::evidence;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "large-manifest",
    summary: "the manifest is longer than AWS advises, or than ECR stores, or names very many layers",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html",
    ],
    doc: include_str!("large_manifest.md"),
    check,
};

/// Where Docker's overlay file system stops. Lambda documents no limit of its own.
const OVERLAY_LAYERS: usize = 127;

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let top = facts.top.known()?;
    let mut findings = Vec::from_iter(of_size(top));
    // Once unwrapped, the child is what ECR and Lambda see.
    if let Ok(document) = evidence::document(facts) {
        findings.extend(of_size(document).filter(|_| document.digest() != top.digest()));
    }
    if let Ok(manifest) = evidence::image(facts)
        && manifest.layers.len() > OVERLAY_LAYERS
    {
        let message = format!("{} layers, more than the {OVERLAY_LAYERS} that Docker can mount", manifest.layers.len());
        findings.push(
            Finding::new(&RULE, Place::Manifest("/layers".into()), message)
                .severity(Severity::Note)
                .confidence(Confidence::Inferred)
                .note("Lambda documents no limit for layers; AWS advises few")
                .fix(Safety::Manual, "join build steps, or squash the image"),
        );
    }
    Ok(findings)
}

fn of_size(document: &RawDocument) -> Option<Finding> {
    let kind = document.media_type().describe();
    // ECR counts characters, AWS's advice counts bytes.
    let characters = std::str::from_utf8(document.bytes()).map_or(document.size(), |text| text.chars().count() as u64);
    let place = Place::Manifest(String::new());
    if characters > ECR_MANIFEST_BYTES {
        let message =
            format!("the {kind} has {characters} characters, more than the {ECR_MANIFEST_BYTES} that ECR stores");
        return Some(
            Finding::new(&RULE, place, message)
                .note("ECR's PutImage refuses it, so that Lambda never gets to see it")
                .fix(Safety::Manual, "build with fewer layers and without long annotations"),
        );
    }
    let size = document.size();
    (size > ADVISED_MANIFEST_BYTES).then(|| {
        let message = format!("the {kind} has {size} bytes, more than the {ADVISED_MANIFEST_BYTES} that AWS advises");
        Finding::new(&RULE, place, message)
            .severity(Severity::Note)
            .note("it only slows the first start down")
            .fix(Safety::Manual, "build with fewer layers and without long annotations")
    })
}
