//! What a rule is.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::facts::ImageFacts;
use crate::finding::Finding;

/// One way in which Lambda refuses an image.
#[derive(Debug)]
pub struct Rule {
    /// Public and stable; names the bad pattern, so that it reads well after "allow".
    pub name: &'static str,
    /// One line: what it finds.
    pub summary: &'static str,
    /// How bad a finding is at the worst; a single finding may be milder.
    pub severity: Severity,
    /// How sure we are that Lambda refuses, at the surest.
    pub confidence: Confidence,
    /// Where Lambda would refuse.
    pub gate: Gate,
    /// The shallowest depth at which it can be judged.
    pub needs: Needs,
    /// What `lambark fix` can do about it.
    pub fix: Option<crate::finding::Safety>,
    /// Where the fact comes from: a page's address, or an issue as `owner/repository#number`.
    pub sources: &'static [&'static str],
    /// The rule's page, in Markdown.
    pub doc: &'static str,
    /// Facts in, findings out; no findings means passed.
    pub check: fn(&ImageFacts) -> Result<Vec<Finding>, Skip>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Advice, or a fact worth knowing.
    Note,
    /// Reported once, contradictory or inferred.
    Warning,
    /// Documented, or reported more than once without contradiction, or the image breaks its own format.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// How sure we are of what Lambda does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confidence {
    /// AWS says so.
    Documented,
    /// Seen in this many independent public reports.
    Reported(u16),
    /// Follows from other facts or from a specification; nobody was seen confirming it.
    Inferred,
    /// Sources disagree.
    Contradictory,
    /// Bytes produced on purpose with real tools: what a tool writes, not what Lambda does.
    Measured,
}

impl Confidence {
    /// One word, for machines.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Confidence::Documented => "documented",
            Confidence::Reported(_) => "reported",
            Confidence::Inferred => "inferred",
            Confidence::Contradictory => "contradictory",
            Confidence::Measured => "measured",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Confidence::Reported(1) => f.write_str("reported once"),
            Confidence::Reported(times) => write!(f, "reported {times} times"),
            other => f.write_str(other.word()),
        }
    }
}

/// The points at which Lambda refuses an image, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// Synchronous, in CreateFunction and UpdateFunctionCode: media types of manifest, config and layers.
    MediaTypes,
    /// Asynchronous, while the function is Pending or its update InProgress: the layers' contents.
    Unpacking,
    /// The first start of the function.
    Runtime,
}

impl Gate {
    /// All gates, in the order in which an image meets them.
    pub const ALL: [Gate; 3] = [Gate::MediaTypes, Gate::Unpacking, Gate::Runtime];

    /// When Lambda refuses there, for people.
    #[must_use]
    pub fn when(self) -> &'static str {
        match self {
            Gate::MediaTypes => "at the update call",
            Gate::Unpacking => "after the call, while it unpacks the image",
            Gate::Runtime => "at the first start of the function",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Gate::MediaTypes => "media-types",
            Gate::Unpacking => "unpacking",
            Gate::Runtime => "runtime",
        })
    }
}

/// How deep one must look for a rule's evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// The manifest and the config.
    Manifest,
    /// The first bytes of each layer too.
    Bytes,
    /// All layers, read to the end.
    Files,
    /// Also the function's init, in a sandbox.
    Run,
}

impl std::fmt::Display for Needs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Needs::Manifest => "manifest",
            Needs::Bytes => "bytes",
            Needs::Files => "files",
            Needs::Run => "run",
        })
    }
}

/// Why a rule could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Its evidence was not looked at: the verdict cannot be complete.
    NotLooked(Cow<'static, str>),
    /// Its question was not asked (no `--arch`, say) or makes no sense for this image: the verdict does not suffer.
    NotAsked(Cow<'static, str>),
}

impl Skip {
    /// The reason, for people.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Skip::NotLooked(reason) | Skip::NotAsked(reason) => reason,
        }
    }
}
