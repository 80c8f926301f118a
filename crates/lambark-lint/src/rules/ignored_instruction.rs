//! Instructions that Lambda does not look at.

use lambark_rules::{Confidence, Severity};

use crate::finding::Finding;
use crate::repository::Repository;
use crate::rule::Rule;

/// The rule.
pub static RULE: Rule = Rule {
    name: "ignored-instruction",
    summary: "an instruction of the Dockerfile has no effect in Lambda",
    severity: Severity::Note,
    confidence: Confidence::Documented,
    fix: None,
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html"],
    doc: include_str!("ignored_instruction.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for (_, lineage) in repository.lambda_dockerfiles() {
        for instruction in lineage.iter().flat_map(|stage| &stage.instructions) {
            let message = match instruction.keyword.as_str() {
                "USER" => "Lambda runs every image as a user of its own, whatever USER says",
                "VOLUME" => "Lambda mounts no volumes: only /tmp can be written",
                "HEALTHCHECK" => "Lambda never asks for the health of an image",
                "STOPSIGNAL" => "Lambda sends no stop signal of one's choice",
                _ => continue,
            };
            findings
                .push(Finding::new(&RULE, &instruction.span, message).help("leave it if the image runs elsewhere too"));
        }
    }
}
