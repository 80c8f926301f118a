//! As many diff_ids as layers?

use super::{evidence, words};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "diff-id-count",
    summary: "the config names more or fewer layers than the manifest",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::Unpacking,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://github.com/opencontainers/image-spec/blob/main/config.md"],
    doc: include_str!("diff_id_count.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let diff_ids = evidence::config(facts)?.rootfs.diff_ids.len();
    let layers = match evidence::manifest(facts) {
        Ok(manifest) => manifest.layers.len(),
        Err(_) => facts.layers()?.len(),
    };
    // Of an image without layers `no-layers` speaks.
    if layers == 0 || layers == diff_ids {
        return Ok(Vec::new());
    }
    let message = format!("{} and {} in the config", words::count(layers, "layer"), words::count(diff_ids, "diff_id"));
    Ok(vec![
        Finding::new(&RULE, Place::Config("/rootfs/diff_ids".into()), message)
            .note("the image breaks its own format; with which words Lambda refuses it is not confirmed by AWS")
            .fix(
                Safety::Manual,
                "push the image again from where it was built: manifest and config do not belong together",
            ),
    ])
}
