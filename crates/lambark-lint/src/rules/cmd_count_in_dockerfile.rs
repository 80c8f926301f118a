//! An AWS base image with a CMD of several words.

use lambark_rules::{Confidence, Safety, Severity};

use super::cmd_missing::{last, starts_aws_entrypoint};
use crate::dockerfile::{Arguments, Instruction};
use crate::finding::{Edit, Finding};
use crate::repository::Repository;
use crate::rule::Rule;

/// The rule.
pub static RULE: Rule = Rule {
    name: "cmd-count-in-dockerfile",
    summary: "the CMD on an AWS base image is not one handler",
    severity: Severity::Error,
    confidence: Confidence::Reported(6),
    fix: Some(Safety::Safe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "aws-samples/php-examples-for-aws-lambda#23",
        "terraform-aws-modules/terraform-aws-lambda#316",
    ],
    doc: include_str!("cmd_count_in_dockerfile.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for (_, lineage) in repository.lambda_dockerfiles() {
        let Some(cmd) = last(&lineage, "CMD").filter(|_| starts_aws_entrypoint(&lineage)) else { continue };
        let (message, edits) = match &cmd.arguments {
            Arguments::Exec(words) if words.len() == 1 => continue,
            Arguments::Exec(words) => {
                (format!("CMD has {} items; the entrypoint takes one, the handler", words.len()), Vec::new())
            }
            Arguments::Text(text) if text.text.is_empty() => {
                ("CMD is empty; the entrypoint wants the handler".to_owned(), Vec::new())
            }
            Arguments::Text(_) => (
                "CMD without brackets starts a shell: the entrypoint gets `/bin/sh` in the handler's place".to_owned(),
                in_brackets(cmd),
            ),
        };
        findings.push(
            Finding::new(&RULE, &cmd.span, message)
                .note("the first start fails: entrypoint requires the handler name to be the first argument (exit status 142), or the handler is not found")
                .fix(Safety::Safe, "write CMD [\"module.handler\"]", edits),
        );
    }
}

fn in_brackets(cmd: &Instruction) -> Vec<Edit> {
    match &cmd.arguments {
        // One plain word can only be meant as the handler.
        Arguments::Text(text)
            if text.literal && text.text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:".contains(c)) =>
        {
            vec![Edit { span: text.span.clone(), text: format!("[\"{}\"]", text.text) }]
        }
        _ => Vec::new(),
    }
}
