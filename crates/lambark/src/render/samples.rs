//! Facts made by hand, for the renderers' tests.
#![allow(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use lambark_oci::media_type::{IN_TOTO, OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST};
use lambark_oci::{Architecture, Compression, Descriptor, Digest, ImageConfig, ImageName, MediaType, RawDocument};
use lambark_rules::facts::{Actual, Asked, ConfigFacts, Evidence, ImageFacts, LayerFacts, Sample};
use lambark_rules::{Needs, judge};
use serde_json::json;

use crate::failure::Failure;
use crate::operations::check::{Checked, Looked, Outcome};

/// The name of the sample images.
pub(crate) const NAME: &str = "registry.example.com/app:v1";

pub(crate) fn outcome(images: Vec<Checked>) -> Outcome {
    Outcome { images }
}

fn document(value: &serde_json::Value) -> RawDocument {
    RawDocument::parse(Bytes::from(serde_json::to_vec(value).unwrap()), None).unwrap()
}

fn layer() -> Descriptor {
    Descriptor::new(MediaType::new(OCI_LAYER_GZIP), Digest::of(b"layer"), 41_234_567)
}

fn manifest() -> RawDocument {
    let config = Descriptor::new(MediaType::new(OCI_CONFIG), Digest::of(b"config"), 1_234);
    document(&json!({ "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer()] }))
}

fn facts(top: RawDocument, image: RawDocument) -> ImageFacts {
    let config = ImageConfig::parse(
        json!({
            "architecture": "amd64", "os": "linux",
            "config": { "Cmd": ["app.handler"], "Entrypoint": ["/lambda-entrypoint.sh"] },
            "rootfs": { "diff_ids": [Digest::of(b"tar")] },
            "history": [{ "created_by": "COPY \u{1b}[31m. /var/task # buildkit" }],
        })
        .to_string()
        .as_bytes(),
    );
    let sample = Sample::Present { actual: Actual::Tar(Compression::Gzip), stored: None };
    ImageFacts {
        top: Evidence::Known(top),
        image: Evidence::Known(image),
        config: Evidence::Known(ConfigFacts::Read { descriptor: None, config: Box::new(config.unwrap()) }),
        layers: vec![LayerFacts {
            descriptor: Some(layer()),
            diff_id: Some(Digest::of(b"tar")),
            sample: Evidence::Known(sample),
            content: Evidence::NotLooked("only the first bytes of the layers were read".into()),
            remembered: false,
        }],
        files: Evidence::NotLooked("only the first bytes of the layers were read".into()),
        init: Evidence::NotLooked("the function was not run".into()),
        asked: Asked::default(),
        location: None,
    }
}

fn checked(facts: ImageFacts) -> Checked {
    let judgement = judge(&facts);
    let name = ImageName::parse(NAME, |_| false).unwrap();
    Checked { image: NAME.to_owned(), result: Ok(Looked { name, depth: Needs::Bytes, facts, judgement }) }
}

/// An index with an image and its attestation: what a plain `docker buildx build --push` leaves.
pub(crate) fn attested() -> Checked {
    let image = manifest();
    let index = json!({
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            { "mediaType": OCI_MANIFEST, "digest": image.digest(), "size": image.size(),
              "platform": { "architecture": "amd64", "os": "linux" } },
            { "mediaType": OCI_MANIFEST, "digest": Digest::of(IN_TOTO.as_bytes()), "size": 7,
              "platform": { "architecture": "unknown", "os": "unknown" },
              "annotations": { "vnd.docker.reference.type": "attestation-manifest" } },
        ],
    });
    checked(facts(document(&index), image))
}

/// An index for both of Lambda's architectures, judged for one.
pub(crate) fn multi_platform(asked: Option<Architecture>) -> Checked {
    let image = manifest();
    let child = |architecture: &str| {
        json!({ "mediaType": OCI_MANIFEST, "digest": image.digest(), "size": image.size(),
                "platform": { "architecture": architecture, "os": "linux" } })
    };
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child("amd64"), child("arm64")] });
    let mut facts = facts(document(&index), image);
    facts.asked.architecture = asked;
    let Evidence::Known(ConfigFacts::Read { config, .. }) = &mut facts.config else { return checked(facts) };
    asked.unwrap_or(Architecture::X86_64).image_word().clone_into(&mut config.architecture);
    checked(facts)
}

/// A plain image manifest.
pub(crate) fn plain() -> Checked {
    checked(facts(manifest(), manifest()))
}

/// An image that could not be looked at.
pub(crate) fn unreachable() -> Checked {
    let name = "app:v1";
    Checked { image: name.to_owned(), result: Err(Failure::from(ImageName::parse(name, |_| false).unwrap_err())) }
}

/// Hides how many rules there are, so that a new rule changes no snapshot of another thing.
pub(crate) fn without_counts(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for index in 1..words.len() {
        let counted = words[index].starts_with("rule") && words[index - 1].bytes().all(|b| b.is_ascii_digit());
        if counted && !words[index - 1].is_empty() {
            words[index - 1] = "[N]";
        }
    }
    words.join(" ")
}
