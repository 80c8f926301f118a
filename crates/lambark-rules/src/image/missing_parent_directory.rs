//! Directories without an entry.

use super::start::{about, bounded, shown};
use crate::facts::filesystem::ParentFound;
use crate::facts::{ImageFacts, Structure};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "missing-parent-directory",
    summary: "a layer holds a file whose parent directory has no entry",
    severity: Severity::Error,
    confidence: Confidence::Reported(6),
    gate: Gate::Unpacking,
    needs: Needs::Files,
    fix: Some(Safety::Safe),
    sources: &[
        "aws/aws-lambda-web-adapter#236",
        "nlewo/nix2container#54",
        "aspect-build/rules_aws#96",
        "aspect-build/rules_aws#103",
        "bazel-contrib/rules_img#258",
    ],
    doc: include_str!("missing_parent_directory.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let files = facts.files.known()?;
    Ok(bounded(files.structure().iter().filter_map(finding)))
}

fn finding(structure: &Structure) -> Option<Finding> {
    let Structure::Parent { layer, path, parent, found } = structure else { return None };
    let (file, directory) = (shown(path), shown(parent));
    match found {
        // `late-parent-directory` speaks of it.
        ParentFound::Later => None,
        ParentFound::Nowhere => Some(
            about(&RULE, *layer, path, format!("the directory {directory} has no entry, and {file} lies in it"))
                .note(answer(path))
                .note("Docker and containerd make such a directory silently, so the image runs everywhere else")
                .fix(Safety::Safe, "insert an entry for the directory before the file"),
        ),
        ParentFound::LowerLayer => Some(
            about(
                &RULE,
                *layer,
                path,
                format!("the directory {directory} has an entry only in a lower layer than {file}"),
            )
            .severity(Severity::Warning)
            .confidence(Confidence::Inferred)
            .note("whether Lambda looks for it in lower layers is not confirmed by AWS; most builders repeat it")
            .fix(Safety::Safe, "repeat the directory's entry before the file"),
        ),
    }
}

/// What Lambda writes into the function's state.
pub(super) fn answer(path: &str) -> String {
    let path = super::words::quoted(path);
    format!(
        "Lambda ends the update with InvalidImage: MissingParentDirectory: Parent directory does not exist for file: {path}"
    )
}
