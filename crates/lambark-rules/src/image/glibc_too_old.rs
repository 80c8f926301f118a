//! A binary built against a newer C library than the image has.

use std::collections::BTreeMap;

use super::linking::{Linker, modules};
use super::start::{Start, about, elf, shown};
use crate::facts::filesystem::Resolved;
use crate::facts::{GlibcVersion, ImageFacts};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "glibc-too-old",
    summary: "a program or a native module was built against a newer glibc than the image has",
    severity: Severity::Error,
    confidence: Confidence::Reported(6),
    gate: Gate::Runtime,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "cargo-lambda/cargo-lambda#654",
        "aws/aws-lambda-rust-runtime#874",
        "aws/aws-lambda-nodejs-runtime-interface-client#45",
    ],
    doc: include_str!("glibc_too_old.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let start = Start::of(facts)?;
    let mut linker = Linker::new(start);
    let mut findings: BTreeMap<String, Finding> = BTreeMap::new();
    let chain = start.chain();
    let objects = chain.files.into_iter().flat_map(|file| linker.load(file).objects);
    let objects: Vec<(Resolved<'_>, Severity)> = objects.map(|object| (object, Severity::Error)).collect();
    let modules = modules(&start).into_iter().map(|module| (module, Severity::Warning));
    for (object, severity) in objects.into_iter().chain(modules) {
        if let Some((needed, provided)) = gap(&linker, &object) {
            let path = object.path.clone();
            findings.entry(path).or_insert_with(|| finding(&object, needed, provided, severity));
        }
    }
    let mut findings: Vec<Finding> = findings.into_values().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(findings)
}

/// What the object asks for and what the image's C library has, where that is too little. An image without glibc has no
/// version: `interpreter-missing` and `shared-library-missing` speak of it.
fn gap(linker: &Linker<'_>, object: &Resolved<'_>) -> Option<(GlibcVersion, GlibcVersion)> {
    let elf_of_object = elf(object)?;
    let needed = elf_of_object.glibc_needed?;
    let libc = linker.glibc(elf_of_object.machine)?;
    let provided = elf(&libc)?.glibc_provided?;
    (needed > provided).then_some((needed, provided))
}

fn finding(object: &Resolved<'_>, needed: GlibcVersion, provided: GlibcVersion, severity: Severity) -> Finding {
    let message = format!("{} asks for {needed}, and the image's C library ends at {provided}", shown(&object.path));
    let finding = about(&RULE, object.node.layer, &object.path, message)
        .severity(severity)
        .note(format!("the loader answers: version `{needed}' not found"));
    let finding = match severity {
        Severity::Error => finding,
        _ => finding.note("whether the function loads this module is not confirmed by AWS or by its files"),
    };
    finding.fix(Safety::Manual, "build it in the same base image, move to a newer one, or link it statically (musl)")
}
