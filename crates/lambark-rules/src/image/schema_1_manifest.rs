//! Docker's first manifest format.

use lambark_oci::Document;

use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "schema-1-manifest",
    summary: "the manifest is of Docker's schema 1, which is not among the formats that AWS lists",
    severity: Severity::Warning,
    confidence: Confidence::Inferred,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("schema_1_manifest.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    if *facts.document()? != Document::Schema1 {
        return Ok(Vec::new());
    }
    Ok(vec![
        Finding::new(
            &RULE,
            Place::Manifest("/schemaVersion".into()),
            "a Docker schema 1 manifest where AWS lists only Docker v2 schema 2 and OCI",
        )
        .note("that Lambda refuses it is not confirmed by AWS: its list of formats just leaves it out")
        .fix(Safety::Manual, "pull the image and push it again with a current Docker, or build it again"),
    ])
}
