//! Extensions that cannot be started.

use super::start::{about, shown};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "extension-not-executable",
    summary: "a file in /opt/extensions lacks execute permission for others",
    severity: Severity::Warning,
    confidence: Confidence::Documented,
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["aws/aws-lambda-runtime-interface-emulator"],
    doc: include_str!("extension_not_executable.md"),
    check,
};

/// Lambda starts every file in it.
const EXTENSIONS: &str = "/opt/extensions";

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let files = facts.files.known()?;
    let found = files.children(EXTENSIONS).filter_map(|(name, _)| files.resolve(EXTENSIONS, name).ok());
    let bad = found.filter(|found| found.node.is_file() && !found.node.others_execute());
    Ok(bad
        .map(|found| {
            let message = format!(
                "the extension {} has mode {:04o}: others may not execute it",
                shown(&found.path),
                found.node.mode
            );
            about(&RULE, found.node.layer, &found.path, message)
                .note("Lambda starts every file in /opt/extensions and answers Extension.LaunchError")
                .note("read in the source of Lambda's emulator; for the service itself it is not confirmed by AWS")
                .fix(Safety::Manual, "give it mode 755 in the build, or move what is no extension elsewhere")
        })
        .collect())
}
