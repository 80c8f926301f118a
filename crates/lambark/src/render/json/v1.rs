//! The shape of `lambark.check/v1`: a frozen copy, so that what is inside may change.

use schemars::JsonSchema;
use serde::Serialize;

/// The report of `lambark check --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "lambark.check/v1")]
pub(super) struct Report {
    /// `lambark.check/v1`.
    pub(super) schema: &'static str,
    /// The images, in the order asked.
    pub(super) images: Vec<Image>,
}

/// One image. When it could not be looked at, `error` says why and the lists are empty.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Image {
    /// The name as it was given.
    pub(super) image: String,
    /// Digest of the object that the name points at; null in a classic docker archive.
    pub(super) digest: Option<String>,
    /// What Lambda would do with it; null when it could not be looked at.
    pub(super) verdict: Option<Verdict>,
    /// What each gate would do with it; null when it could not be looked at.
    pub(super) gates: Option<Gates>,
    /// The object that the name points at; null in a classic docker archive.
    pub(super) manifest: Option<Manifest>,
    /// The entries of an index; empty for anything else.
    pub(super) children: Vec<Child>,
    /// Digest of the image manifest that was judged: the object itself, or the chosen child of an index.
    pub(super) judged: Option<String>,
    /// The image config, as far as it was read.
    pub(super) config: Option<Config>,
    /// The layers of the image that was judged, lowest first.
    pub(super) layers: Vec<Layer>,
    /// Everything that was found.
    pub(super) findings: Vec<Finding>,
    /// Rules that could not be judged.
    pub(super) skipped: Vec<Skipped>,
    /// Rules that found nothing.
    pub(super) passed: Vec<&'static str>,
    /// Why the image could not be looked at; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Problem>,
}

/// What Lambda would do with an image.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// Every gate accepts, everything was looked at.
    Accepted,
    /// A gate refuses.
    Rejected,
    /// No gate refuses, but of one nobody knows.
    Unknown,
    /// Nothing speaks against it, but not everything was looked at.
    Incomplete,
}

/// What one gate would do with an image.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum GateVerdict {
    /// Everything was looked at, and nothing speaks against the image.
    Accepted,
    /// It would be refused.
    Rejected,
    /// Nobody knows.
    Unknown,
    /// Something was not looked at.
    NotLooked,
}

/// The gates, in the order in which an image meets them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Gates {
    /// At the update call.
    pub(super) media_types: GateVerdict,
    /// After the call, while the image is unpacked.
    pub(super) unpacking: GateVerdict,
    /// At the first start of the function.
    pub(super) runtime: GateVerdict,
}

/// The object that the name points at.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    /// What it is.
    pub(super) media_type: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// The kind of artifact, if it names one.
    pub(super) artifact_type: Option<String>,
}

/// One entry of an index.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Child {
    /// Its digest.
    pub(super) digest: String,
    /// Its platform, `linux/amd64`.
    pub(super) platform: Option<String>,
    /// What it is.
    pub(super) role: Role,
}

/// What an entry of an index is.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    /// An image manifest.
    Image,
    /// A provenance or SBOM attestation of another entry, as BuildKit writes it.
    Attestation,
    /// A SOCI index.
    Soci,
    /// A bill of materials.
    Sbom,
    /// Anything else, a nested index for instance.
    Other,
}

/// The image config. The environment is left out: it may hold secrets.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Config {
    /// Its digest.
    pub(super) digest: Option<String>,
    /// Its declared media type.
    pub(super) media_type: Option<String>,
    /// `amd64`, `arm64` …
    pub(super) architecture: String,
    /// `linux` …
    pub(super) os: String,
    /// `v8` …
    pub(super) variant: Option<String>,
    /// `ENTRYPOINT`.
    pub(super) entrypoint: Vec<String>,
    /// `CMD`.
    pub(super) cmd: Vec<String>,
    /// `WORKDIR`; empty when absent.
    pub(super) working_dir: String,
    /// `USER`, which Lambda ignores; empty when absent.
    pub(super) user: String,
}

/// One layer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Layer {
    /// Its declared digest.
    pub(super) digest: Option<String>,
    /// Its declared media type.
    pub(super) declared: Option<String>,
    /// What its bytes are; null when they were not looked at.
    pub(super) actual: Option<Bytes>,
    /// Its declared size in bytes.
    pub(super) size: Option<u64>,
    /// Whether its files were not read now, because an earlier look read a blob of this digest to its end.
    pub(super) remembered: bool,
}

/// What a blob's bytes are.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Bytes {
    /// A tar, compressed by gzip.
    Gzip,
    /// A tar, compressed by Zstandard.
    Zstd,
    /// A plain tar.
    Tar,
    /// No bytes.
    Empty,
    /// Something else.
    Other,
    /// The blob is not there.
    Missing,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Finding {
    /// The rule's name: public and stable.
    pub(super) rule: &'static str,
    /// How bad.
    pub(super) severity: Severity,
    /// How sure: `documented`, `reported`, `inferred`, `contradictory` or `measured`.
    pub(super) confidence: &'static str,
    /// In how many independent public reports it was seen; only with `reported`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reports: Option<u16>,
    /// Where Lambda would refuse.
    pub(super) gate: Gate,
    /// What is wrong.
    pub(super) message: String,
    /// Facts that help to understand.
    pub(super) notes: Vec<String>,
    /// Where it lies.
    #[serde(rename = "where")]
    pub(super) place: Where,
    /// The remedy, if there is one.
    pub(super) fix: Option<Fix>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// Advice.
    Note,
    /// Reported once, contradictory or inferred.
    Warning,
    /// Documented, reported more than once, or the image breaks its own format.
    Error,
}

/// Where Lambda refuses.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Gate {
    /// At the update call.
    MediaTypes,
    /// After the call, while the image is unpacked.
    Unpacking,
    /// At the first start of the function.
    Runtime,
}

/// Where a finding lies; what does not apply is absent.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Where {
    /// The same for people.
    pub(super) text: String,
    /// `manifest` or `config`, where the pointer leads into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) document: Option<&'static str>,
    /// A JSON pointer; empty for the whole document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pointer: Option<String>,
    /// A layer, counted from 0, lowest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) layer: Option<usize>,
    /// The layer's digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
    /// A path in the merged file system, without a leading slash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
}

/// A remedy.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Fix {
    /// Who can do it.
    pub(super) safety: Safety,
    /// What is done.
    pub(super) summary: String,
    /// The command that does it; null when only a person can.
    pub(super) command: Option<String>,
}

/// What a remedy costs.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Safety {
    /// The files that the function sees stay the same.
    Safe,
    /// The files or the command change.
    Unsafe,
    /// Only a rebuild or a decision by a person helps.
    Manual,
}

/// A rule that could not be judged.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Skipped {
    /// The rule.
    pub(super) rule: &'static str,
    /// Why.
    pub(super) reason: String,
    /// Whether its evidence was not looked at; otherwise its question was not asked, and the verdict does not suffer.
    pub(super) blind: bool,
}

/// Why an image could not be looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// Whose fault: `not-found`, `authentication`, `network`, `malformed`, `usage`, `refused` or `machine`.
    pub(super) kind: &'static str,
    /// What happened.
    pub(super) message: String,
    /// What can be done about it.
    pub(super) hint: Option<String>,
}
