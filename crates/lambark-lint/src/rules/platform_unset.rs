//! A build that takes the platform of whatever machine it runs on.

use lambark_rules::{Confidence, Safety, Severity};

use super::edits;
use crate::finding::Finding;
use crate::repository::{BuildSite, Repository};
use crate::rule::Rule;
use crate::step::Tool;

/// The rule.
pub static RULE: Rule = Rule {
    name: "platform-unset",
    summary: "a build for Lambda names no platform: the image fits the machine that builds it, not the function",
    severity: Severity::Warning,
    confidence: Confidence::Reported(6),
    fix: Some(Safety::Safe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "serverless/serverless#10237",
        "aws-samples/bedrock-access-gateway#32",
        "aws/aws-lambda-base-images#34",
    ],
    doc: include_str!("platform_unset.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for site in repository.builds().filter(|site| is_unset(site, repository)) {
        let tool = site.build.tool.name();
        let message = format!("{tool} names no platform: the image is made for the machine that builds it");
        let finding = Finding::new(&RULE, &site.step.span, message).related(&site.tie.span, &site.tie.why);
        findings.push(match site.architecture(repository) {
            Some(wanted) => {
                let summary = format!("ask for {}, which the function runs", wanted.platform());
                let edits = edits::set_platform(site.step, site.build, wanted.platform());
                finding.related(&wanted.place.span, "the function's architecture").fix(Safety::Safe, summary, edits)
            }
            // Nobody says which architecture the function has, so the machine may well be the right one.
            None => {
                finding.severity(Severity::Note).help("add --platform linux/amd64 or linux/arm64, as the function is")
            }
        });
    }
}

fn is_unset(site: &BuildSite<'_>, repository: &Repository<'_>) -> bool {
    let build = site.build;
    // A bake or compose command builds what files say.
    let elsewhere = matches!(build.tool, Tool::Bake | Tool::BakeAction | Tool::Compose) && !build.is_declared();
    // SAM takes the function's own architecture.
    let by_tool = matches!(build.tool, Tool::Sam | Tool::Other);
    let said = ["platform", "arch", "os", "platforms"].iter().any(|name| build.option(name).is_some());
    let by_environment = site.step.variable("DOCKER_DEFAULT_PLATFORM").is_some() || site.step.open_environment;
    let by_file = || {
        repository.dockerfile_of(build).is_some_and(|file| {
            let target = build.option("target").and_then(|option| option.value.known());
            file.lineage(target).iter().any(|stage| stage.platform.is_some() || names_architecture(&stage.base.text))
        })
    };
    !elsewhere
        && !by_tool
        && !said
        && !build.more_options
        && !by_environment
        && site.is_pushed(repository)
        && !by_file()
}

/// `public.ecr.aws/lambda/python:3.13-arm64` leaves no choice.
fn names_architecture(base: &str) -> bool {
    ["arm64", "x86_64", "amd64", "aarch64"].iter().any(|word| base.contains(word))
}
