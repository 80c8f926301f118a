//! Entries that climb out of the image.

use super::start::{about, bounded, shown};
use super::words;
use crate::facts::{ImageFacts, Structure};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "path-escapes-root",
    summary: "an entry's path, or a link that it goes through, climbs above the root",
    severity: Severity::Warning,
    confidence: Confidence::Inferred,
    gate: Gate::Unpacking,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("path_escapes_root.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let files = facts.files.known()?;
    Ok(bounded(files.structure().iter().filter_map(finding)))
}

fn finding(structure: &Structure) -> Option<Finding> {
    let Structure::Escape { layer, path, via } = structure else { return None };
    let entry = words::quoted(path);
    let message = match via {
        Some(link) => format!("{entry} goes through the link {} above the root", shown(link)),
        None => format!("{entry} climbs above the root"),
    };
    Some(
        about(&RULE, *layer, path, message)
            .note("careful unpackers refuse it or put it below the root; what Lambda's does is not confirmed by AWS")
            .fix(Safety::Manual, "build the layer again; if nobody meant this entry, do not trust the image"),
    )
}
