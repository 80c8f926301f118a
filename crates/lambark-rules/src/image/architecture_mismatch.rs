//! An image for the processor that the function does not have.

use super::evidence;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "architecture-mismatch",
    summary: "the image is for another processor than the function",
    severity: Severity::Error,
    confidence: Confidence::Reported(6),
    gate: Gate::Runtime,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &[
        "midrender/examples#25",
        "serverless/serverless#10237",
        "gbdevw/python-fastapi-aws-lambda-container#5",
        "aws-samples/bedrock-access-gateway#32",
        "aws/aws-lambda-base-images#34",
    ],
    doc: include_str!("architecture_mismatch.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let wanted = facts.asked.architecture.ok_or(Skip::NotAsked("no architecture was asked for (--arch)".into()))?;
    let config = evidence::config(facts)?;
    match config.platform().lambda_architecture() {
        // `unsupported-architecture` speaks of the others.
        None => Ok(Vec::new()),
        Some(real) if real == wanted => Ok(Vec::new()),
        Some(real) => Ok(vec![
            Finding::new(
                &RULE,
                Place::Config("/architecture".into()),
                format!("the image is for {real}, and the function for {wanted}"),
            )
            .note(
                "the update call takes it; the first invoke ends with Runtime.InvalidEntrypoint: fork/exec …: exec \
                 format error",
            )
            .fix(
                Safety::Manual,
                format!(
                    "build for linux/{}, or update the function's code with --architectures {real}",
                    wanted.image_word()
                ),
            ),
        ]),
    }
}
