//! A layer whose content lies outside of the registry.

use super::layers::{self, Layer};
use super::words;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "foreign-layer",
    summary: "a layer is foreign (non-distributable): its content is not in the registry",
    severity: Severity::Warning,
    confidence: Confidence::Inferred,
    gate: Gate::Unpacking,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html"],
    doc: include_str!("foreign_layer.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    layer.descriptor()?;
    if !layer.is_foreign() {
        return Ok(None);
    }
    let what = if layer.is_missing() {
        "is foreign, and its content is not in the registry"
    } else if layer.actual().is_some() {
        "is declared foreign, though its content is in the registry"
    } else {
        "is foreign: its content lies outside of the registry"
    };
    let mut finding = layer
        .finding(&RULE, what)
        .note("Lambda takes layers from ECR alone; that it refuses foreign ones is not confirmed by AWS");
    if let Some(url) = layer.descriptor()?.urls.first() {
        finding = finding.note(format!("the manifest points at {}", words::quoted(url)));
    }
    Ok(Some(finding.fix(Safety::Manual, "build on a base without foreign layers, or push them as ordinary ones")))
}
