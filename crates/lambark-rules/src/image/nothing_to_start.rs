//! An image that does not say what to start.

use super::evidence;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "nothing-to-start",
    summary: "the image has neither ENTRYPOINT nor CMD",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::Runtime,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("nothing_to_start.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let config = evidence::config(facts)?;
    let message = match config.command().next() {
        Some("") => "the command's first word is empty: there is nothing to start",
        Some(_) => return Ok(Vec::new()),
        None => "neither ENTRYPOINT nor CMD: there is nothing to start",
    };
    Ok(vec![
        Finding::new(&RULE, Place::Config("/config".into()), message)
            .note("it can start only with EntryPoint or Command in the function's ImageConfig")
            .fix(Safety::Manual, "set ENTRYPOINT and CMD in the Dockerfile, or override them on the function"),
    ])
}
