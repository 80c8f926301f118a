//! An image that no tag protects.

use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "untagged-child",
    summary: "no tag names the image that a function would run, so a lifecycle rule may delete it",
    severity: Severity::Warning,
    confidence: Confidence::Reported(1),
    gate: Gate::Runtime,
    needs: Needs::Bytes,
    fix: Some(Safety::Manual),
    sources: &["METR/hawk#950", "https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html"],
    doc: include_str!("untagged_child.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let location = facts.location()?;
    location.ecr()?;
    let stored = location.stored.known()?;
    if !stored.image.tags.is_empty() {
        return Ok(Vec::new());
    }
    let child = stored.top.digest != stored.image.digest;
    let what = if child { "the image inside the index has no tag of its own" } else { "the image has no tag" };
    let name = location.reference.repository_name();
    let digest = &stored.image.digest;
    let to = location.reference.tag().map_or_else(|| "TAG".to_owned(), |tag| format!("{tag}-lambda"));
    let finding = Finding::new(&RULE, Place::Image, what)
        .note("not confirmed by AWS: that a lifecycle rule for untagged images takes it, too, was reported once")
        .note("a function whose image is gone fails at its next start, after weeks perhaps")
        .fix(Safety::Manual, format!("give it a tag: lambark push {name}@{digest} {name}:{to}"));
    Ok(vec![finding])
}
