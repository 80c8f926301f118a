//! A working directory that is not there.

use super::start::because;
use super::{evidence, words};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "workdir-missing",
    summary: "the working directory is relative, or not in the image",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Unsafe),
    sources: &["aws/aws-lambda-runtime-interface-emulator", "openbridge/ob_bulkstash#20"],
    doc: include_str!("workdir_missing.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let config = evidence::config(facts)?;
    let given = config.config.working_dir.as_str();
    let place = Place::Config("/config/WorkingDir".into());
    let name = words::quoted(given);
    if given.is_empty() {
        return Ok(Vec::new());
    }
    if !given.starts_with('/') {
        let finding = Finding::new(&RULE, place, format!("the working directory {name} is relative"));
        return Ok(vec![
            finding
                .note(format!(
                    "Lambda answers Runtime.InvalidWorkingDir: the working directory {name} is invalid, it needs to be an \
                     absolute path"
                ))
                .fix(Safety::Unsafe, format!("set it to {}", words::quoted(&format!("/{given}")))),
        ]);
    }
    let why = match facts.files.known()?.resolve("", given) {
        Ok(found) if found.node.is_directory() => return Ok(Vec::new()),
        Ok(_) => ": it is no directory".to_owned(),
        Err(error) => because(given.trim_end_matches('/'), &error.to_string()),
    };
    Ok(vec![
        Finding::new(&RULE, place, format!("the working directory {name} is not in the image{why}"))
            .severity(Severity::Warning)
            .confidence(Confidence::Reported(1))
            .note(format!(
                "Lambda's emulator answers Runtime.InvalidWorkingDir: the working directory doesn't exist: {name}"
            ))
            .note("that Lambda itself does the same is not confirmed by AWS")
            .fix(Safety::Unsafe, "set it to a directory that the image has"),
    ])
}
