//! What a rule found, where, and what can be done about it.

use std::fmt;

use lambark_oci::Digest;
use serde::Serialize;

use crate::rule::{Confidence, Gate, Rule, Severity};

/// One thing that is wrong with an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Where Lambda would refuse.
    pub gate: Gate,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// Where it lies.
    pub place: Place,
    /// What Lambda does with it, or another fact that helps; each a line.
    pub notes: Vec<String>,
    /// The remedy.
    pub fix: Option<Fix>,
}

/// Where a finding lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The image as a whole.
    Image,
    /// A field of the manifest or index, by JSON pointer (`/layers/0/mediaType`; empty: the whole document).
    Manifest(String),
    /// A field of the config, by JSON pointer.
    Config(String),
    /// A layer.
    Layer {
        /// Counted from 0, lowest first.
        layer: usize,
        /// Its digest, if the image names one.
        digest: Option<Digest>,
    },
    /// A file in the merged file system.
    File {
        /// The layer that brought it, counted from 0.
        layer: usize,
        /// Its path, without a leading slash.
        path: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Image => f.write_str("the image"),
            Place::Manifest(pointer) if pointer.is_empty() => f.write_str("manifest"),
            Place::Manifest(pointer) => write!(f, "manifest {pointer}"),
            Place::Config(pointer) if pointer.is_empty() => f.write_str("config"),
            Place::Config(pointer) => write!(f, "config {pointer}"),
            Place::Layer { layer, digest: Some(digest) } => write!(f, "layer {layer} ({digest})"),
            Place::Layer { layer, digest: None } => write!(f, "layer {layer}"),
            Place::File { layer, path } => write!(f, "layer {layer}: /{path}"),
        }
    }
}

/// What a remedy costs the one who trusts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// `lambark fix` does it; the files that the function sees stay the same.
    Safe,
    /// `lambark fix --unsafe-fixes` does it; the files or the command change.
    Unsafe,
    /// Only a rebuild or a decision by a person helps.
    Manual,
}

/// A remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Who can do it.
    pub safety: Safety,
    /// What is done, as an imperative in one line.
    pub summary: String,
}

impl Finding {
    /// A finding with the rule's own severity, confidence and gate.
    #[must_use]
    pub fn new(rule: &Rule, place: Place, message: impl Into<String>) -> Finding {
        Finding {
            rule: rule.name,
            severity: rule.severity,
            confidence: rule.confidence,
            gate: rule.gate,
            message: message.into(),
            place,
            notes: Vec::new(),
            fix: None,
        }
    }

    /// The same finding, milder or graver than the rule's own severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Finding {
        self.severity = severity;
        self
    }

    /// The same finding with another confidence.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Finding {
        self.confidence = confidence;
        self
    }

    /// Adds a line that helps to understand.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Finding {
        self.notes.push(note.into());
        self
    }

    /// Adds the remedy.
    #[must_use]
    pub fn fix(mut self, safety: Safety, summary: impl Into<String>) -> Finding {
        self.fix = Some(Fix { safety, summary: summary.into() });
        self
    }
}
