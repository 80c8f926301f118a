//! Docker's and OCI's media types in one manifest.

use lambark_oci::{Family, Manifest};

use super::{evidence, words};
use crate::facts::ImageFacts;
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "mixed-media-types",
    summary: "the manifest, its config and its layers are partly of Docker's and partly of OCI's types",
    severity: Severity::Warning,
    confidence: Confidence::Inferred,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Safe),
    sources: &["tailscale/mkctr#10", "containers/skopeo#2708"],
    doc: include_str!("mixed_media_types.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let manifest = evidence::image(facts)?;
    let Some(family) = evidence::document(facts)?.media_type().family() else { return Ok(Vec::new()) };
    let config = strange_config(manifest, family);
    let layers = strange_layers(manifest, family);
    let what = match (config, layers.as_slice()) {
        (false, []) => return Ok(Vec::new()),
        (true, []) => "config".to_owned(),
        (false, layers) => words::layer_list(layers),
        (true, layers) => format!("config and {}", words::layer_list(layers)),
    };
    let pointer = match layers.first() {
        Some(first) if !config => format!("/layers/{first}/mediaType"),
        _ => "/config/mediaType".to_owned(),
    };
    let (article, other) = if family == Family::Oci { ("an", Family::Docker) } else { ("a", Family::Oci) };
    let message = format!("{article} {family} manifest with {other} media types ({what})");
    Ok(vec![
        Finding::new(&RULE, Place::Manifest(pointer), message)
            .note("that Lambda refuses the mixture is not confirmed by AWS: there is no report either way")
            .fix(Safety::Safe, "write a new manifest of one family; layers that are gzip tars stay as they are"),
    ])
}

/// Whether the config is an image config of the other family.
fn strange_config(manifest: &Manifest, family: Family) -> bool {
    let media_type = &manifest.config.media_type;
    media_type.is_image_config() && media_type.family() != Some(family)
}

/// The layers of the other family. `foreign-layer` speaks of foreign ones.
fn strange_layers(manifest: &Manifest, family: Family) -> Vec<usize> {
    let strange = |layer: &lambark_oci::Descriptor| {
        layer.media_type.layer().is_some_and(|layer| layer.family != family && !layer.foreign)
    };
    manifest.layers.iter().enumerate().filter(|(_, layer)| strange(layer)).map(|(index, _)| index).collect()
}
