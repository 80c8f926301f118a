//! An AWS base image without a handler.

use lambark_rules::{Confidence, Severity};

use crate::dockerfile::{Instruction, Stage};
use crate::finding::Finding;
use crate::repository::Repository;
use crate::rule::Rule;
use crate::runtime::lambda_base;

/// The rule.
pub static RULE: Rule = Rule {
    name: "cmd-missing",
    summary: "an image on an AWS base image for a language names no handler",
    severity: Severity::Error,
    confidence: Confidence::Reported(6),
    fix: None,
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "brefphp/bref#1896",
        "rust-serverless/lambda-rust#25",
    ],
    doc: include_str!("cmd_missing.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    // A function may bring its own command, and which image it means is often not known.
    if repository.functions.iter().any(|function| function.overrides_command) || repository.overrides_command() {
        return;
    }
    for (file, lineage) in repository.lambda_dockerfiles() {
        let Some(stage) = lineage.first() else { continue };
        // What others begin with gets its handler there.
        let is_base = file.path.to_ascii_lowercase().contains("base");
        if is_base || !starts_aws_entrypoint(&lineage) || last(&lineage, "CMD").is_some() {
            continue;
        }
        let message = "the entrypoint of this base image wants the handler as its argument, and there is no CMD";
        findings.push(
            Finding::new(&RULE, &stage.span, message)
                .note("the first start fails: entrypoint requires the handler name to be the first argument (exit status 142)")
                .help("add CMD [\"module.handler\"]"),
        );
    }
}

/// Whether the image starts the entrypoint of an AWS base image for a language.
pub(super) fn starts_aws_entrypoint(lineage: &[&Stage]) -> bool {
    let root = lineage.last().and_then(|stage| lambda_base(&stage.base.text));
    root.is_some_and(|base| base.has_runtime()) && last(lineage, "ENTRYPOINT").is_none()
}

/// The instruction of that keyword that counts.
pub(super) fn last<'a>(lineage: &[&'a Stage], keyword: &str) -> Option<&'a Instruction> {
    lineage.iter().find_map(|stage| stage.instructions.iter().rev().find(|instruction| instruction.keyword == keyword))
}
