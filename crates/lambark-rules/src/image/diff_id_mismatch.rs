//! A layer that unpacks to another tar than the config names.

use super::layers::{self, Layer, Whole};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "diff-id-mismatch",
    summary: "a layer unpacks to another tar than the config's diff_id names",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::Unpacking,
    needs: Needs::Files,
    fix: Some(Safety::Manual),
    sources: &["https://github.com/opencontainers/image-spec/blob/main/config.md"],
    doc: include_str!("diff_id_mismatch.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    let Whole::Read(content) = layer.whole()? else { return Ok(None) };
    if layer.facts.descriptor.as_ref().is_some_and(|descriptor| descriptor.digest != content.digest) {
        // Other bytes altogether: `layer-digest-mismatch` speaks.
        return Ok(None);
    }
    let Some(diff_id) = &layer.facts.diff_id else {
        return Err(Skip::NotLooked("the config names no diff_id for it".into()));
    };
    if diff_id.algorithm() != content.diff_id.algorithm() {
        return Err(Skip::NotLooked("the tar was hashed in another way than the config does".into()));
    }
    if *diff_id == content.diff_id {
        return Ok(None);
    }
    let what = format!("unpacks to {}, and the config says {}", content.diff_id.short(), diff_id.short());
    Ok(Some(
        layer
            .finding(&RULE, &what)
            .note("Docker and containerd refuse to unpack it; what Lambda does is not confirmed by AWS")
            .fix(
                Safety::Manual,
                "push the image again from where it was built: config and layer do not belong together",
            ),
    ))
}
