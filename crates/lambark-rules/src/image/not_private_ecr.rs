//! An image that lies where Lambda takes none from.

use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "not-private-ecr",
    summary: "the image lies in another registry than private ECR",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html", "aws/aws-lambda-roadmap#43"],
    doc: include_str!("not_private_ecr.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let location = facts.location()?;
    if location.is_local() {
        return Err(Skip::NotAsked("nothing is deployed from a registry of this machine".into()));
    }
    if location.reference.ecr().is_some() {
        return Ok(Vec::new());
    }
    let host = location.reference.host();
    let finding = Finding::new(&RULE, Place::Image, format!("{host} is no private ECR registry"))
        .note("Lambda takes images from private ECR only: not from the public gallery, nor from any other registry")
        .fix(
            Safety::Manual,
            format!(
                "bring it there: lambark push {} ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG",
                location.reference
            ),
        );
    Ok(vec![finding])
}
