//! What a function is to run, and how.

use std::collections::BTreeMap;

use lambark_oci::{Architecture, Digest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::scope::Scope;

/// One state of a function's settings. `$LATEST` and its versions share it until one of them changes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Configuration {
    pub(crate) code: Code,
    pub(crate) architecture: Architecture,
    pub(crate) role: Box<str>,
    pub(crate) description: Box<str>,
    /// Seconds.
    pub(crate) timeout: u32,
    /// MiB.
    pub(crate) memory: u32,
    /// MiB of `/tmp`.
    pub(crate) storage: u32,
    pub(crate) environment: Option<BTreeMap<String, String>>,
    /// Settings that the twin gives back as they came, under AWS's names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) others: Map<String, Value>,
}

/// What it runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) enum Code {
    Image(Box<ImageCode>),
    /// A package, of which only the traces are kept: the twin cannot run one.
    Zip {
        /// In base 64, as Lambda gives it.
        sha256: Box<str>,
        size: u64,
    },
}

/// An image, resolved once and for all.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct ImageCode {
    /// As the caller wrote it.
    pub(crate) uri: Box<str>,
    /// The repository's account and Region.
    pub(crate) scope: Scope,
    pub(crate) repository: Box<str>,
    pub(crate) digest: Digest,
    pub(crate) config: Option<ImageConfig>,
}

/// What a function overrides of its image's config.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ImageConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entry_point: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) working_directory: Option<String>,
}

impl Configuration {
    pub(crate) fn image(&self) -> Option<&ImageCode> {
        match &self.code {
            Code::Image(image) => Some(image),
            Code::Zip { .. } => None,
        }
    }

    /// `CodeSha256`: of an image the digest's hex digits, of a package the hash in base 64.
    pub(crate) fn code_sha256(&self) -> &str {
        match &self.code {
            Code::Image(image) => image.digest.hex(),
            Code::Zip { sha256, .. } => sha256,
        }
    }

    /// The queue or topic for failed events, which the versions of a weighted alias must share.
    pub(super) fn dead_letters(&self) -> Option<&Value> {
        self.others.get("DeadLetterConfig")
    }
}
