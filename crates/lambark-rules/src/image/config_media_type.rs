//! A config that is no image config, by its type or by its bytes.

use lambark_oci::MediaType;

use super::{evidence, words};
use crate::facts::{ConfigFacts, ImageFacts};
use crate::finding::{Finding, Place, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "config-media-type",
    summary: "the config is no image config: its media type is another, or its bytes cannot be read as one",
    severity: Severity::Error,
    confidence: Confidence::Inferred,
    gate: Gate::MediaTypes,
    needs: Needs::Manifest,
    fix: Some(Safety::Manual),
    sources: &["midrender/examples#25", "aws-samples/bedrock-chat#890"],
    doc: include_str!("config_media_type.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    let media_type = &evidence::image(facts)?.config.media_type;
    if !media_type.is_image_config() {
        return Ok(vec![of_type(media_type)]);
    }
    match facts.config.known()? {
        ConfigFacts::Read { .. } => Ok(Vec::new()),
        ConfigFacts::Missing(_) => Err(Skip::NotLooked("the config is missing".into())),
        ConfigFacts::Unreadable { descriptor, reason } => {
            // A reason names what was found there, which comes from outside.
            let message = format!("the config {} cannot be read: {}", descriptor.digest.short(), words::quoted(reason));
            Ok(vec![
                Finding::new(&RULE, Place::Config(String::new()), message)
                    .note("no tool can start an image without its config")
                    .fix(Safety::Manual, "push the image again from where it was built"),
            ])
        }
    }
}

fn of_type(media_type: &MediaType) -> Finding {
    let message = format!("the config is of type {}, which is no image config", words::quoted(media_type.as_str()));
    Finding::new(&RULE, Place::Manifest("/config/mediaType".into()), message)
        .note(words::MEDIA_TYPE_REFUSED)
        .fix(Safety::Manual, "build the image again with a tool that writes an image config")
}
