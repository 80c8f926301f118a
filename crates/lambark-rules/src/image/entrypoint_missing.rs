//! A program that is not in the image.

use super::start::{Start, word_place};
use super::words;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "entrypoint-missing",
    summary: "the program that the image starts is not in its file system, or not on PATH",
    severity: Severity::Error,
    confidence: Confidence::Reported(5),
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &[
        "aws/aws-cli#5785",
        "aws/aws-sam-cli#2453",
        "aws/aws-lambda-nodejs-runtime-interface-client#13",
        "aws/aws-lambda-ruby-runtime-interface-client#13",
    ],
    doc: include_str!("entrypoint_missing.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let start = Start::of(facts)?;
    // `nothing-to-start` speaks of no program at all.
    let Some(program) = start.program() else { return Ok(Vec::new()) };
    let Err(why) = start.locate(program) else { return Ok(Vec::new()) };
    let name = words::quoted(program);
    let answer = if program.contains('/') {
        format!("Lambda answers Runtime.InvalidEntrypoint: fork/exec {name}: no such file or directory")
    } else {
        format!("Lambda answers Runtime.InvalidEntrypoint: Couldn't find valid bootstrap(s): [{name}]")
    };
    let message = format!("the image starts {name}, which is not in its files{why}");
    let mut finding = Finding::new(&RULE, word_place(start.config, 0), message).note(answer);
    if start.config.config.entrypoint.is_empty() && !program.contains('/') && program.contains('.') {
        finding = finding.note(
            "it reads like a handler: without ENTRYPOINT, Lambda takes the first word of CMD for the program \
             (a FROM of another image, or a partial ImageConfig, loses the ENTRYPOINT)",
        );
    }
    Ok(vec![finding.fix(Safety::Manual, "copy the program into the image, or name one that is there in ENTRYPOINT")])
}
