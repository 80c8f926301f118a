//! A program that others may not execute.

use super::start::{Start, about, shown};
use crate::facts::ImageFacts;
use crate::facts::filesystem::Resolved;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "entrypoint-not-executable",
    summary: "the program that the image starts, or a directory on the way to it, lacks execute permission for others",
    severity: Severity::Error,
    confidence: Confidence::Reported(2),
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["mweagle/Sparta#103", "https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-images.html"],
    doc: include_str!("entrypoint_not_executable.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let start = Start::of(facts)?;
    let Some(program) = start.program() else { return Ok(Vec::new()) };
    let Ok(located) = start.locate(program) else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    if located.node.is_directory() {
        let message = format!("the image starts {}, which is a directory", shown(&located.path));
        findings.push(told(&located, message).fix(Safety::Manual, "name a program in ENTRYPOINT"));
    }
    let mut passed: Vec<String> = Vec::new();
    for file in start.chain().files {
        for directory in start.files.searched("", &file.path) {
            if !directory.node.others_execute() && !passed.contains(&directory.path) {
                let message = format!(
                    "{} has mode {:04o}: others may not enter it, and {} lies below",
                    shown(&directory.path),
                    directory.node.mode,
                    shown(&file.path)
                );
                findings
                    .push(told(&directory, message).fix(Safety::Manual, "give the directory mode 755 in the build"));
                passed.push(directory.path);
            }
        }
        if !file.node.others_execute() {
            let message = format!("{} has mode {:04o}: others may not execute it", shown(&file.path), file.node.mode);
            let remedy =
                format!("give it mode 755 in the build (COPY --chmod=755, or RUN chmod 755 {})", shown(&file.path));
            findings.push(told(&file, message).fix(Safety::Manual, remedy));
        }
    }
    Ok(findings)
}

fn told(file: &Resolved<'_>, message: String) -> Finding {
    about(&RULE, file.node.layer, &file.path, message).note(
        "Lambda starts it as a user of its own and answers Runtime.InvalidEntrypoint: fork/exec …: permission denied",
    )
}
