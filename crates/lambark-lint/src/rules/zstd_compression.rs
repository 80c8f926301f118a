//! zstd layers, asked for or inherited.

use lambark_rules::{Confidence, Safety, Severity};

use super::edits;
use crate::finding::Finding;
use crate::repository::{BuildSite, Repository};
use crate::rule::Rule;

/// The rule.
pub static RULE: Rule = Rule {
    name: "zstd-compression",
    summary: "an image for Lambda gets layers that are compressed with zstd",
    severity: Severity::Warning,
    confidence: Confidence::Inferred,
    fix: Some(Safety::Safe),
    sources: &[
        "https://docs.aws.amazon.com/lambda/latest/dg/images-create.html",
        "containers/skopeo#1286",
        "docker-hardened-images/catalog#184",
        "apple/container#988",
    ],
    doc: include_str!("zstd_compression.md"),
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    for site in repository.builds() {
        asked_for(&site, findings);
        inherited(&site, repository, findings);
    }
}

fn asked_for(site: &BuildSite<'_>, findings: &mut Vec<Finding>) {
    for option in &site.build.options {
        let text = &option.value.text;
        let asks = match option.name.as_str() {
            "output" | "outputs" => text.contains("compression=zstd"),
            "compression" | "compression-format" => text.starts_with("zstd"),
            _ => false,
        };
        if !asks {
            continue;
        }
        let instead = text.replace("compression=zstd", "compression=gzip");
        let instead = if instead == *text { text.replacen("zstd", "gzip", 1) } else { instead };
        findings.push(
            Finding::new(
                &RULE,
                edits::place(option),
                "layers are compressed with zstd; nobody has seen Lambda take them",
            )
            .related(&site.tie.span, &site.tie.why)
            .fix(Safety::Safe, "compress with gzip", edits::replace(site.step, &option.value, instead)),
        );
    }
}

/// Docker's hardened images come with zstd layers, which a build leaves as they are.
fn inherited(site: &BuildSite<'_>, repository: &Repository<'_>, findings: &mut Vec<Finding>) {
    let recompressed = site.build.options.iter().any(|option| {
        let text = &option.value.text;
        text.contains("compression=gzip") && text.contains("force-compression=true")
    });
    if recompressed || site.build.more_options || site.is_mended() {
        return;
    }
    let Some(file) = repository.dockerfile_of(site.build) else { return };
    let target = site.build.option("target").and_then(|option| option.value.known());
    let lineage = file.lineage(target);
    let Some(root) = lineage.last().filter(|stage| stage.base.text.starts_with("dhi.io/")) else { return };
    findings.push(
        Finding::new(&RULE, &root.base.span, "the base image brings layers that are compressed with zstd")
            .confidence(Confidence::Reported(3))
            .related(&site.step.span, "this build leaves them as they are")
            .help("add compression=gzip,force-compression=true to the output, or mend the image with `lambark fix`"),
    );
}
