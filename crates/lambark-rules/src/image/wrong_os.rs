//! An image for another operating system.

use super::{evidence, words};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "wrong-os",
    summary: "the image is not for Linux",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::Runtime,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("wrong_os.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let os = evidence::config(facts)?.os.as_str();
    let place = Place::Config("/os".into());
    Ok(match os {
        "linux" => Vec::new(),
        "" => vec![
            Finding::new(&RULE, place, "the config names no operating system")
                .severity(Severity::Warning)
                .confidence(Confidence::Inferred)
                .note("Lambda takes images for linux; what it does without the word is not confirmed by AWS")
                .fix(Safety::Manual, "build the image again with a tool that writes `os` into the config"),
        ],
        other => vec![
            Finding::new(
                &RULE,
                place,
                format!("the image is for {}, and Lambda runs only linux", words::quoted(other)),
            )
            .note("whether the update call already refuses it is not confirmed by AWS; it cannot start in any case")
            .fix(Safety::Manual, "build the image for linux/amd64 or linux/arm64"),
        ],
    })
}
