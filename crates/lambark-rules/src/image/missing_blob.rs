//! A blob that the manifest names and nobody has.

use super::evidence;
use super::layers::{self, Layer};
use crate::facts::{ConfigFacts, Evidence, ImageFacts};
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "missing-blob",
    summary: "a layer or the config is not where the manifest says",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::Unpacking,
    needs: Needs::Bytes,
    fix: Some(Safety::Manual),
    sources: &["https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchCheckLayerAvailability.html"],
    doc: include_str!("missing_blob.md"),
    check,
};

const NOTE: &str = "nothing can run the image; with which words Lambda refuses it is not confirmed by AWS";
const REMEDY: &str = "push the image again from where it was built";

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let config = config(facts);
    match (config, layers::each(facts, judge)) {
        (Ok(Some(config)), Ok(layers)) => Ok(std::iter::once(config).chain(layers).collect()),
        (Ok(Some(config)), Err(_)) => Ok(vec![config]),
        (Ok(None), layers) => layers,
        (Err(_), Ok(layers)) if !layers.is_empty() => Ok(layers),
        (Err(skip), _) => Err(skip),
    }
}

fn config(facts: &ImageFacts) -> Result<Option<Finding>, Skip> {
    if evidence::manifest(facts).is_ok() {
        evidence::image(facts)?;
    }
    let ConfigFacts::Missing(descriptor) = facts.config.known()? else { return Ok(None) };
    let message = format!("the config {} is missing", descriptor.digest);
    let place = Place::Manifest("/config/digest".into());
    Ok(Some(Finding::new(&RULE, place, message).note(NOTE).fix(Safety::Manual, REMEDY)))
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    if let Evidence::NotLooked(reason) = &layer.facts.sample {
        return Err(Skip::NotLooked(reason.clone()));
    }
    // That a foreign layer's content is elsewhere is what `foreign-layer` says.
    if !layer.is_missing() || layer.is_foreign() {
        return Ok(None);
    }
    Ok(Some(layer.finding(&RULE, "is missing").note(NOTE).fix(Safety::Manual, REMEDY)))
}
