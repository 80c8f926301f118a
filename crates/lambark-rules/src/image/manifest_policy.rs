//! A manifest of a family that the house does not want.

use super::evidence;
use crate::facts::{ImageFacts, ManifestPolicy};
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "manifest-policy",
    summary: "the image manifest is of another family than `[policy] manifest` of lambark.toml allows",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Safe),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("manifest_policy.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let ManifestPolicy::Only(allowed) = facts.asked.policy else {
        return Err(Skip::NotAsked("the policy allows manifests of both families".into()));
    };
    evidence::image(facts)?;
    let media_type = evidence::document(facts)?.media_type();
    if media_type.family() == Some(allowed) {
        // Parts of the other family are `mixed-media-types`' affair.
        return Ok(Vec::new());
    }
    let message = format!("{} where the policy allows only {allowed} manifests", media_type.describe());
    Ok(vec![
        Finding::new(&RULE, Place::Manifest("/mediaType".into()), message)
            .note("Lambda takes both; it is `[policy] manifest` in lambark.toml that does not")
            .fix(Safety::Safe, format!("write the manifest anew as {allowed}; layers that are gzip tars stay")),
    ])
}
