//! A platform that the function does not run.

use lambark_rules::{Confidence, Safety, Severity};

use super::edits;
use crate::finding::Finding;
use crate::repository::{BuildSite, Repository};
use crate::rule::Rule;
use crate::step::Value;

/// The rule.
pub static RULE: Rule = Rule {
    name: "platform-mismatch",
    summary: "the platform that is built is not the one that the function runs",
    severity: Severity::Error,
    confidence: Confidence::Reported(6),
    fix: Some(Safety::Unsafe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "midrender/examples#25",
        "serverless/serverless#10237",
        "aws/aws-lambda-base-images#34",
    ],
    doc: include_str!("platform_mismatch.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for site in repository.builds() {
        let Some((platform, value)) = platform(&site, repository) else { continue };
        let Some(wanted) = site.architecture(repository).filter(|wanted| !fits(&platform, wanted.platform())) else {
            continue;
        };
        let architecture = if wanted.platform() == "linux/arm64" { "arm64" } else { "x86_64" };
        let message = format!("the image is made for {platform}, and the function runs {architecture}");
        findings.push(
            Finding::new(&RULE, &value.span, message)
                .related(&wanted.place.span, "the function's architecture")
                .related(&site.tie.span, &site.tie.why)
                .note("Lambda takes the image, and its first start fails with Runtime.InvalidEntrypoint: exec format error")
                .fix(
                    Safety::Unsafe,
                    format!("build {}, or change the function's architecture", wanted.platform()),
                    edits::replace(site.step, &value, wanted.platform()),
                ),
        );
    }
}

/// The one platform that is built, and where it is said: by the build, its environment, or its Dockerfile.
fn platform(site: &BuildSite<'_>, repository: &Repository<'_>) -> Option<(String, Value)> {
    if site.build.more_options {
        return None;
    }
    if let Some(option) = site.build.option("platform") {
        let platforms = site.build.platforms()?;
        let [only] = platforms.as_slice() else { return None };
        return Some(((*only).to_owned(), option.value.clone()));
    }
    if let Some(value) = site.step.variable("DOCKER_DEFAULT_PLATFORM") {
        return Some((value.known()?.to_owned(), value.clone()));
    }
    let file = repository.dockerfile_of(site.build)?;
    let target = site.build.option("target").and_then(|option| option.value.known());
    let lineage = file.lineage(target);
    let named = lineage.iter().find_map(|stage| stage.platform.clone());
    if let Some(value) = named {
        return Some((value.known()?.to_owned(), Value { literal: false, ..value }));
    }
    let root = lineage.last()?;
    let platform = match root.base.text.rsplit(['-', ':']).next()? {
        "arm64" => "linux/arm64",
        "x86_64" => "linux/amd64",
        _ => return None,
    };
    Some((platform.to_owned(), Value { literal: false, ..root.base.clone() }))
}

fn fits(platform: &str, wanted: &str) -> bool {
    let plain = platform.strip_prefix("linux/").unwrap_or(platform);
    let architecture = plain.split('/').next().unwrap_or_default();
    let architecture = match architecture {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    // A word that is no platform is not understood, and nothing is said about it.
    !matches!(architecture, "amd64" | "arm64" | "arm" | "386") || wanted == format!("linux/{architecture}")
}
