//! Directories whose entry comes after their children.

use super::missing_parent_directory::answer;
use super::start::{about, bounded, shown};
use crate::facts::filesystem::ParentFound;
use crate::facts::{ImageFacts, Structure};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "late-parent-directory",
    summary: "a layer holds a file before the entry of its parent directory",
    severity: Severity::Error,
    confidence: Confidence::Reported(1),
    gate: Gate::Unpacking,
    needs: Needs::Files,
    fix: Some(Safety::Safe),
    sources: &["nlewo/nix2container#54"],
    doc: include_str!("late_parent_directory.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let files = facts.files.known()?;
    Ok(bounded(files.structure().iter().filter_map(finding)))
}

fn finding(structure: &Structure) -> Option<Finding> {
    let Structure::Parent { layer, path, parent, found: ParentFound::Later } = structure else { return None };
    let message = format!("the entry of {} comes after {}, which lies in it", shown(parent), shown(path));
    Some(
        about(&RULE, *layer, path, message)
            .note(answer(path))
            .fix(Safety::Safe, "insert the directory's entry before its first child"),
    )
}
