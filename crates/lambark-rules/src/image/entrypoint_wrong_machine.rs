//! A program for another processor.

use lambark_oci::Architecture;

use super::start::{Start, about, elf, shown};
use crate::facts::ImageFacts;
use crate::facts::files::{EM_AARCH64, EM_X86_64};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "entrypoint-wrong-machine",
    summary: "the program that the image starts is compiled for another processor",
    severity: Severity::Error,
    confidence: Confidence::Reported(6),
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &[
        "midrender/examples#25",
        "serverless/serverless#10237",
        "gbdevw/python-fastapi-aws-lambda-container#5",
        "aws-samples/bedrock-access-gateway#32",
        "aws/aws-lambda-base-images#34",
    ],
    doc: include_str!("entrypoint_wrong_machine.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let start = Start::of(facts)?;
    let named = start.config.platform().lambda_architecture();
    let Some(wanted) = facts.asked.architecture.or(named) else {
        return Err(Skip::NotAsked("neither --arch nor the config names an architecture that Lambda has".into()));
    };
    let mut findings = Vec::new();
    for file in start.chain().files {
        let Some(elf) = elf(&file) else { continue };
        let real = architecture(elf.machine);
        // Where file and config agree and the function differs, `architecture-mismatch` speaks of it.
        if real == Some(wanted) || (real.is_some() && real == named) {
            continue;
        }
        let is = real.map_or_else(|| machine(elf.machine), |real| real.to_string());
        let message = format!("{} is compiled for {is}, and must run on {wanted}", shown(&file.path));
        let mut finding = about(&RULE, file.node.layer, &file.path, message)
            .note("Lambda answers the first invoke with Runtime.InvalidEntrypoint: fork/exec …: exec format error");
        if real.is_some() && named == Some(wanted) {
            finding = finding.note("the config says otherwise, but nothing compares it with the files");
        }
        findings.push(finding.fix(Safety::Manual, format!("compile it for linux/{}", wanted.image_word())));
    }
    Ok(findings)
}

/// The architecture that runs a program of that `e_machine`.
pub(super) fn architecture(machine: u16) -> Option<Architecture> {
    match machine {
        EM_X86_64 => Some(Architecture::X86_64),
        EM_AARCH64 => Some(Architecture::Arm64),
        _ => None,
    }
}

/// The `e_machine` values of processors that people take for one of Lambda's.
fn machine(machine: u16) -> String {
    match machine {
        3 => "32-bit x86".into(),
        40 => "32-bit arm".into(),
        243 => "RISC-V".into(),
        other => format!("a processor that Lambda does not have (e_machine {other})"),
    }
}
