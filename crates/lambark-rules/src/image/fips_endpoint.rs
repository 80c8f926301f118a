//! An image named by ECR's FIPS endpoint.

use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "fips-endpoint",
    summary: "the image is named by a FIPS endpoint of ECR, which Lambda does not take",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("fips_endpoint.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let location = facts.location()?;
    let host = location.ecr()?;
    if !host.fips {
        return Ok(Vec::new());
    }
    let plain = location.reference.host().replacen("ecr-fips", "ecr", 1);
    let finding = Finding::new(&RULE, Place::Image, "the name uses ECR's FIPS endpoint")
        .note("the same image has another name at the ordinary endpoint, and every byte is the same")
        .fix(Safety::Manual, format!("deploy it as {plain}/{}", location.reference.repository()));
    Ok(vec![finding])
}
