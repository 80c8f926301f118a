//! An image that says it is about another manifest.

use super::{evidence, words};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "subject-on-image",
    summary: "an image manifest carries `subject` or `artifactType`, which belong to artifacts",
    severity: Severity::Warning,
    confidence: Confidence::Inferred,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Safe),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("subject_on_image.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let manifest = evidence::image(facts)?;
    let kind = manifest.artifact_type.as_deref().filter(|kind| !kind.is_empty());
    let (pointer, what) = match (&manifest.subject, kind) {
        (None, None) => return Ok(Vec::new()),
        (Some(subject), None) => ("/subject", format!("`subject` {}", subject.digest)),
        (None, Some(kind)) => ("/artifactType", format!("`artifactType` {}", words::quoted(kind))),
        (Some(subject), Some(kind)) => {
            ("/subject", format!("`subject` {} and `artifactType` {}", subject.digest, words::quoted(kind)))
        }
    };
    Ok(vec![
        Finding::new(&RULE, Place::Manifest(pointer.into()), format!("the image manifest carries {what}"))
            .note("OCI added the field in version 1.1; that Lambda refuses it on an image is not confirmed by AWS")
            .fix(Safety::Safe, "write a new manifest without it; config and layers stay as they are"),
    ])
}
