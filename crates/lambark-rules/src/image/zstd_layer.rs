//! A layer compressed with zstd.

use lambark_oci::Compression;

use super::layers::{self, Layer};
use super::words;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "zstd-layer",
    summary: "a layer is compressed with zstd, and nobody has seen Lambda accept that",
    severity: Severity::Warning,
    confidence: Confidence::Inferred,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Safe),
    sources: &[
        "aws/containers-roadmap#1861",
        "containers/skopeo#1286",
        "docker-hardened-images/catalog#184",
        "apple/container#988",
        "getsentry/relay#6335",
    ],
    doc: include_str!("zstd_layer.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    // Where the bytes are no zstd at all, `mislabelled-layer` speaks.
    let Some(declared) = layer.is_honestly(Compression::Zstd)? else { return Ok(None) };
    let what =
        if declared.defined { "is compressed with zstd" } else { "is zstd, under a type that Docker never defined" };
    let mut finding = layer
        .finding(&RULE, what)
        .note(format!("its type is {}", words::quoted(layer.descriptor()?.media_type.as_str())))
        .note("ECR and Fargate take zstd; that Lambda does is not confirmed by AWS, and no report says so");
    match layer.origin() {
        Some(origin) => {
            finding = finding
                .note(format!("{origin}; a base image's layers stay zstd when the builder does not convert them"));
        }
        None => finding = finding.note("it may come from the base image: builders do not convert its layers unasked"),
    }
    Ok(Some(finding.fix(Safety::Safe, "compress the layer with gzip instead; its files stay the same")))
}
