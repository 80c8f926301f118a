//! An image in another Region than the function.

use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "wrong-region",
    summary: "the image lies in another Region than the function",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("wrong_region.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let location = facts.location()?;
    let host = location.ecr()?;
    let wanted = location.region.as_deref();
    let wanted = wanted.ok_or(Skip::NotAsked("no Region was named for the function (--region)".into()))?;
    if host.region == wanted {
        return Ok(Vec::new());
    }
    let there = location.reference.to_string().replacen(&host.region, wanted, 1);
    let finding =
        Finding::new(&RULE, Place::Image, format!("the image lies in {}, and the function in {wanted}", host.region))
            .note("the update call ends with: Image repository must be in the same region.")
            .note("another account is allowed, another Region is not")
            .fix(
                Safety::Manual,
                format!("bring it there: lambark push {} {there}; ECR's replication does it too", location.reference),
            );
    Ok(vec![finding])
}
