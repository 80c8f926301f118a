//! An artifact in an image manifest's clothes.

use super::evidence::{self, Holds};
use super::words;
use lambark_oci::Document;

use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "artifact-manifest",
    summary: "the manifest holds an artifact (a signature, a chart, a SOCI index) instead of an image",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html", "midrender/examples#25"],
    doc: include_str!("artifact_manifest.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    if *facts.document()? == Document::OldArtifact {
        let message = "an OCI artifact manifest, withdrawn before OCI 1.1, where Lambda wants an image";
        let finding =
            Finding::new(&RULE, Place::Manifest("/mediaType".into()), message).note(words::MEDIA_TYPE_REFUSED);
        return Ok(vec![finding.fix(Safety::Manual, "name an image: its tag or its digest")]);
    }
    let manifest = evidence::manifest(facts)?;
    if evidence::holds(manifest) != Holds::Artifact {
        return Ok(Vec::new());
    }
    let kind = words::quoted(manifest.artifact_kind().unwrap_or_default());
    let pointer = if manifest.artifact_type.is_some() { "/artifactType" } else { "/config/mediaType" };
    let mut finding = Finding::new(
        &RULE,
        Place::Manifest(pointer.into()),
        format!("an artifact of type {kind} where Lambda wants an image: it holds no file system"),
    )
    .note(words::MEDIA_TYPE_REFUSED);
    if let Some(subject) = &manifest.subject {
        finding = finding.note(format!("it speaks of {}", subject.digest));
    }
    Ok(vec![finding.fix(Safety::Manual, "name an image: its tag or its digest")])
}
