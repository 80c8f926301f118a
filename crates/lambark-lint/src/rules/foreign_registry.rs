//! An image that Lambda cannot fetch.

use lambark_rules::{Confidence, Severity};

use crate::finding::Finding;
use crate::flow::deploys;
use crate::image_name::ImageName;
use crate::repository::Repository;
use crate::rule::Rule;
use crate::step::Value;

/// The rule.
pub static RULE: Rule = Rule {
    name: "foreign-registry",
    summary: "a function is given an image that does not lie in a private ECR repository",
    severity: Severity::Error,
    confidence: Confidence::Documented,
    fix: None,
    sources: &["https://docs.aws.amazon.com/lambda/latest/dg/images-create.html", "aws/aws-lambda-roadmap#43"],
    doc: include_str!("foreign_registry.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    let calls = repository.sequences.iter().flat_map(|sequence| &sequence.steps).filter_map(deploys);
    let templates = repository.functions.iter().filter_map(|function| function.image.as_ref());
    for image in calls.filter_map(|call| call.image.as_ref()).chain(templates) {
        judge(image, findings);
    }
}

fn judge(image: &Value, findings: &mut Vec<Finding>) {
    let Some(host) = ImageName::parse(&image.text).host.filter(|host| !host.contains(['$', '{', '('])) else { return };
    if host.contains(".dkr.ecr-fips.") {
        let message = format!("Lambda takes no image by the FIPS name of a registry ({host})");
        findings.push(
            Finding::new(&RULE, &image.span, message).help("use the registry's ordinary name (….dkr.ecr.REGION…)"),
        );
        return;
    }
    // Emulators stand in for ECR on purpose.
    let is_local = host.starts_with("localhost") || host.contains("localstack") || host.starts_with("127.");
    let is_ecr = host.contains(".dkr.ecr.") || host.contains(".dkr-ecr.");
    if !is_ecr && !is_local {
        let message = format!("Lambda fetches images from private ECR repositories alone, not from {host}");
        findings.push(
            Finding::new(&RULE, &image.span, message).help(
                "copy the image into a private repository in the function's Region (`lambark push`) and name that",
            ),
        );
    }
}
