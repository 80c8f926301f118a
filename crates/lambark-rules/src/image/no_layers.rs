//! An image without a file system.

use super::evidence;
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "no-layers",
    summary: "the image has no layers, and so no file that could start",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::Unpacking,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["https://github.com/opencontainers/image-spec/blob/main/manifest.md"],
    doc: include_str!("no_layers.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let (empty, place) = match evidence::manifest(facts) {
        Ok(_) => (evidence::image(facts)?.layers.is_empty(), Place::Manifest("/layers".into())),
        // A classic docker archive lists its layers outside of any manifest; the config repeats them.
        Err(_) => {
            let named = evidence::config(facts)?.rootfs.diff_ids.len();
            (facts.layers.is_empty() && named == 0, Place::Config("/rootfs/diff_ids".into()))
        }
    };
    if !empty {
        return Ok(Vec::new());
    }
    Ok(vec![
        Finding::new(&RULE, place, "the image has no layers: there is no file in it that could start")
            .note("nothing runs such an image; with which words Lambda refuses it is not confirmed by AWS")
            .fix(Safety::Manual, "build the image again, and look at what its last stage copies"),
    ])
}
