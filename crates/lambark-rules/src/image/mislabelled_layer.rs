//! A layer whose bytes are not what its type says.

use lambark_oci::Compression;

use super::layers::{self, Layer};
use crate::facts::{Actual, ImageFacts};
use crate::finding::{Finding, Safety};
use crate::rule::{Confidence, Gate, Needs, Rule, Severity, Skip};

/// The rule.
pub static RULE: Rule = Rule {
    name: "mislabelled-layer",
    summary: "a layer's bytes are compressed in another way than its media type says",
    severity: Severity::Error,
    confidence: Confidence::Measured,
    gate: Gate::Unpacking,
    needs: Needs::Bytes,
    fix: Some(Safety::Safe),
    sources: &["containers/container-libs#246", "containers/skopeo#2343"],
    doc: include_str!("mislabelled_layer.md"),
    check,
};

fn check(facts: &ImageFacts) -> Result<Vec<Finding>, Skip> {
    layers::each(facts, judge)
}

fn judge(layer: &Layer<'_>) -> Result<Option<Finding>, Skip> {
    // A type that says nothing of compression cannot be belied: `undefined-media-type` and `in-toto-layer` speak.
    let Some(declared) = layer.declared()? else { return Ok(None) };
    layer.facts.sample.known()?;
    let Some(actual) = layer.actual().filter(|_| layer.belies(declared)) else { return Ok(None) };
    let says = declared.compression;
    let finding = layer
        .finding(&RULE, &format!("says {says} and is {}", describe(actual)))
        .note("the image breaks its own format; with which words Lambda refuses it is not confirmed by AWS");
    Ok(Some(match (says, actual) {
        (Compression::Gzip, Actual::Tar(Compression::Zstd)) => finding
            .note("`crane pull` and `crane push` of a zstd image write this without a word")
            .fix(Safety::Safe, "compress the layer with gzip, as it says"),
        (Compression::Gzip, Actual::Tar(Compression::None)) => finding
            .note("Nix's dockerTools write such layers")
            .confidence(Confidence::Reported(1))
            .fix(Safety::Safe, "compress the layer with gzip, as it says"),
        (_, Actual::Tar(Compression::Gzip)) => {
            finding.fix(Safety::Safe, "write a new manifest that says gzip; the layer stays as it is")
        }
        (_, Actual::Tar(_)) => finding.fix(Safety::Safe, "compress the layer with gzip, and let the manifest say so"),
        (_, Actual::Other(_) | Actual::Empty) => {
            finding.fix(Safety::Manual, "push the layer again from where it was built: this is no layer")
        }
    }))
}

/// What the bytes are; formats that people use elsewhere are named.
fn describe(actual: Actual) -> String {
    let name = match actual {
        Actual::Other([0xfd, b'7', b'z', b'X']) => "xz",
        Actual::Other([b'B', b'Z', b'h', _]) => "bzip2",
        Actual::Other([0x04, 0x22, 0x4d, 0x18]) => "lz4",
        Actual::Other([b'P', b'K', 3, 4]) => "a zip archive",
        Actual::Other([b'<', ..]) => "a page of HTML or XML",
        Actual::Other([b'{', ..]) => "JSON",
        other => return other.to_string(),
    };
    name.to_owned()
}
