//! Files that only their owner may read, while Lambda runs as somebody else.

use lambark_rules::{Confidence, Safety, Severity};

use crate::dockerfile::Instruction;
use crate::finding::{Edit, Finding};
use crate::repository::Repository;
use crate::rule::Rule;
use crate::runtime::text_of;

/// The rule.
pub static RULE: Rule = Rule {
    name: "restrictive-mode",
    summary: "files are given a mode that Lambda's user cannot read",
    severity: Severity::Warning,
    confidence: Confidence::Documented,
    fix: Some(Safety::Safe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html",
        "terraform-aws-modules/terraform-aws-lambda#209",
    ],
    doc: include_str!("restrictive_mode.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for (_, lineage) in repository.lambda_dockerfiles() {
        for instruction in lineage.iter().flat_map(|stage| &stage.instructions) {
            match instruction.keyword.as_str() {
                "COPY" | "ADD" => copied(instruction, findings),
                "RUN" => changed(instruction, findings),
                _ => {}
            }
        }
    }
}

fn copied(instruction: &Instruction, findings: &mut Vec<Finding>) {
    let Some((_, mode)) = instruction.flags.iter().find(|(name, _)| name == "chmod") else { return };
    let Some(wider) = mode.known().and_then(wider) else { return };
    let edits = if mode.literal { vec![Edit { span: mode.span.clone(), text: wider.clone() }] } else { Vec::new() };
    let message = format!("mode {} keeps Lambda's user from reading what is copied", mode.text);
    findings.push(
        Finding::new(&RULE, &mode.span, message)
            .note("Lambda runs as a user that owns nothing in the image: others must be able to read")
            .fix(Safety::Safe, format!("use {wider}"), edits),
    );
}

/// `chmod 700 …` under the task root.
fn changed(instruction: &Instruction, findings: &mut Vec<Finding>) {
    let text = text_of(instruction);
    let words: Vec<&str> = text.split_whitespace().collect();
    for (at, _) in words.iter().enumerate().filter(|(_, word)| **word == "chmod") {
        let mut rest = words[at + 1..].iter().skip_while(|word| word.starts_with('-'));
        let Some(mode) = rest.next().filter(|mode| wider(mode).is_some()) else { continue };
        let mut targets =
            rest.take_while(|word| !matches!(**word, "&&" | ";" | "||" | "|")).map(|word| word.trim_end_matches(';'));
        if targets.any(|path| path.starts_with("/var/task") || path.contains("lambda_task_root")) {
            let message = format!("chmod {mode} keeps Lambda's user from reading the function's files");
            findings.push(
                Finding::new(&RULE, &instruction.span, message)
                    .note("Lambda runs as a user that owns nothing in the image: others must be able to read")
                    .help("use 644 for files and 755 for directories and programs"),
            );
            return;
        }
    }
}

/// The mode that gives others what the owner has, if it is octal and does not.
fn wider(mode: &str) -> Option<String> {
    let digits: Vec<u32> = mode.chars().map(|digit| digit.to_digit(8)).collect::<Option<_>>()?;
    let [.., owner, _, others] = digits.as_slice() else { return None };
    let readable = owner & 5;
    let fits = others & readable == readable;
    (!fits && mode.len() <= 4).then(|| format!("{owner}{readable}{readable}"))
}
