//! Hard links to what is not there yet.

use super::start::{about, bounded, shown};
use crate::facts::{ImageFacts, Structure};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "hardlink-without-target",
    summary: "a hard link's target is not in its layer, or comes after the link",
    severity: Severity::Warning,
    confidence: Confidence::Contradictory,
    gate: Gate::Unpacking,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["aspect-build/rules_aws#145"],
    doc: include_str!("hardlink_without_target.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let files = facts.files.known()?;
    Ok(bounded(files.structure().iter().filter_map(finding)))
}

fn finding(structure: &Structure) -> Option<Finding> {
    let Structure::Hardlink { layer, path, target, late } = structure else { return None };
    let where_it_is = if *late { "which comes later in the layer" } else { "which the layer does not hold before it" };
    let message = format!("{} is a hard link to {}, {where_it_is}", shown(path), shown(target));
    Some(
        about(&RULE, *layer, path, message)
            .note(
                "hard links in order deploy every day; of this shape one project reports UnsupportedImageLayerDetected",
            )
            .note("the true rule is not confirmed by AWS")
            .fix(Safety::Manual, "put the target first, or write the file out in place of the link"),
    )
}
