//! A deployment by a name that means something else tomorrow.

use lambark_rules::{Confidence, Severity};

use crate::finding::Finding;
use crate::flow::deploys;
use crate::image_name::ImageName;
use crate::repository::Repository;
use crate::rule::Rule;
use crate::step::Value;

/// The rule.
pub static RULE: Rule = Rule {
    name: "mutable-tag-deploy",
    summary: "a function is deployed by a tag that moves, so nobody can say which image it runs",
    severity: Severity::Warning,
    confidence: Confidence::Documented,
    fix: None,
    sources: &["https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html", "aws/aws-cdk#30258"],
    doc: include_str!("mutable_tag_deploy.md"),
    check,
};

/// Tags that people move on purpose.
const MOVING: [&str; 18] = [
    "latest",
    "main",
    "master",
    "trunk",
    "dev",
    "develop",
    "development",
    "test",
    "testing",
    "qa",
    "stage",
    "staging",
    "prod",
    "production",
    "stable",
    "edge",
    "nightly",
    "current",
];

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    let calls = repository.sequences.iter().flat_map(|sequence| &sequence.steps).filter_map(deploys);
    for image in calls.filter_map(|call| call.image.as_ref()) {
        judge(image, "the call", findings);
    }
    for function in &repository.functions {
        if let Some(image) = &function.image {
            judge(image, "the template", findings);
        }
    }
}

fn judge(image: &Value, what: &str, findings: &mut Vec<Finding>) {
    let name = ImageName::parse(&image.text);
    let Some(tag) = name.tag.filter(|tag| name.digest.is_none() && MOVING.contains(&tag.to_ascii_lowercase().as_str()))
    else {
        return;
    };
    // SAM puts its own name in the place of a local one like `function:latest`.
    if name.host.is_none() && image.known && what == "the template" {
        return;
    }
    let message = format!("{what} deploys the tag `{tag}`, which means another image after the next push");
    findings.push(
        Finding::new(&RULE, &image.span, message)
            .note(
                "Lambda resolves a tag once, when the code is updated; pushing the tag again changes nothing that runs",
            )
            .help("deploy the digest: `lambark resolve IMAGE` prints the name to give"),
    );
}
