//! From findings to what a gate does.

use lambark_oci::Digest;
use lambark_rules::facts::ImageFacts;
use lambark_rules::{Finding, Gate, Place, Severity};

use super::words;

/// What Lambda is expected to do with an image, as far as the rules know.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Objections {
    /// The media-type gate refuses it: what is wrong, for the note.
    pub(super) refused: Option<String>,
    /// Unpacking fails with this reason.
    pub(super) fails: Option<String>,
    /// What nobody has established, by gate; with the reason that a pessimist gives.
    pub(super) doubts: Vec<Doubt>,
    /// What will go wrong at the first start, which no gate looks at.
    pub(super) later: Vec<String>,
    /// Something is missing in the store, and may be there the next time.
    pub(super) is_passing: bool,
}

/// A warning: accepted with a note, or refused by a pessimist.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Doubt {
    pub(super) gate: Gate,
    pub(super) note: String,
    pub(super) reason: String,
}

impl Objections {
    /// Sorts findings by what becomes of them.
    pub(super) fn of(findings: &[Finding], facts: &ImageFacts) -> Objections {
        let mut all = Objections::default();
        for finding in findings {
            all.is_passing |= finding.rule == "missing-blob";
            let note = format!("{}: {} ({})", finding.rule, finding.message, finding.confidence);
            match (finding.severity, finding.gate) {
                (Severity::Note, _) => {}
                (Severity::Error, Gate::MediaTypes) => {
                    all.refused.get_or_insert(note);
                }
                // Lambda tells one defect at a time (aspect-build/rules_aws#145).
                (Severity::Error, Gate::Unpacking) => {
                    all.fails.get_or_insert_with(|| words::unpacking(&in_layer(finding, facts)));
                }
                (Severity::Warning, gate @ (Gate::MediaTypes | Gate::Unpacking)) => {
                    let reason = words::unpacking(&in_layer(finding, facts));
                    all.doubts.push(Doubt { gate, note, reason });
                }
                (_, Gate::Runtime) => all.later.push(note),
            }
        }
        all
    }
}

/// The finding with the layer's digest, where it names a layer or a file of one: Lambda's text has it.
fn in_layer(finding: &Finding, facts: &ImageFacts) -> Finding {
    let digest = |layer: usize| -> Option<Digest> {
        facts.layers.get(layer).and_then(|layer| layer.descriptor.as_ref()).map(|descriptor| descriptor.digest.clone())
    };
    let is_parent = finding.rule.ends_with("parent-directory");
    match &finding.place {
        Place::Layer { layer, digest: None } => {
            Finding { place: Place::Layer { layer: *layer, digest: digest(*layer) }, ..finding.clone() }
        }
        Place::File { layer, .. } if !is_parent => {
            Finding { place: Place::Layer { layer: *layer, digest: digest(*layer) }, ..finding.clone() }
        }
        _ => finding.clone(),
    }
}
