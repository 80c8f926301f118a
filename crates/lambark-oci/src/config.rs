//! Image configs, read leniently.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::descriptor::null_is_default;
use crate::{Digest, Platform};

/// An image config (OCI and Docker agree on every field that is read here).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// `amd64`, `arm64` …; empty when absent.
    #[serde(deserialize_with = "null_is_default")]
    pub architecture: String,
    /// `linux` …; empty when absent.
    #[serde(deserialize_with = "null_is_default")]
    pub os: String,
    /// `v8` …
    pub variant: Option<String>,
    /// What a container of this image runs.
    #[serde(deserialize_with = "null_is_default")]
    pub config: RunConfig,
    /// The digests of the uncompressed layers.
    #[serde(deserialize_with = "null_is_default")]
    pub rootfs: RootFs,
    /// How the image came to be; used for naming a layer, never for judging.
    #[serde(deserialize_with = "null_is_default")]
    pub history: Vec<History>,
}

/// The part of the config that says what runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RunConfig {
    /// `ENTRYPOINT`.
    #[serde(deserialize_with = "null_is_default")]
    pub entrypoint: Vec<String>,
    /// `CMD`.
    #[serde(deserialize_with = "null_is_default")]
    pub cmd: Vec<String>,
    /// `ENV`, each `NAME=value`.
    #[serde(deserialize_with = "null_is_default")]
    pub env: Vec<String>,
    /// `WORKDIR`; empty when absent.
    #[serde(deserialize_with = "null_is_default")]
    pub working_dir: String,
    /// `USER`, which Lambda ignores; empty when absent.
    #[serde(deserialize_with = "null_is_default")]
    pub user: String,
    /// `LABEL`s.
    #[serde(deserialize_with = "null_is_default")]
    pub labels: BTreeMap<String, String>,
}

/// The root file system's layers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RootFs {
    /// SHA-256 of each layer's plain tar, lowest first.
    #[serde(deserialize_with = "null_is_default")]
    pub diff_ids: Vec<Digest>,
}

/// One build step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct History {
    /// The step's text.
    #[serde(deserialize_with = "null_is_default")]
    pub created_by: String,
    /// Whether the step made no layer.
    #[serde(deserialize_with = "null_is_default")]
    pub empty_layer: bool,
}

impl ImageConfig {
    /// Reads a config.
    ///
    /// # Errors
    /// When the bytes are no JSON object of this shape.
    pub fn parse(bytes: &[u8]) -> Result<ImageConfig, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The platform that it claims.
    #[must_use]
    pub fn platform(&self) -> Platform {
        Platform { architecture: self.architecture.clone(), os: self.os.clone(), variant: self.variant.clone() }
    }

    /// The value of an environment variable; the last one wins, as for a process.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<&str> {
        self.config.env.iter().rev().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }

    /// The program and its arguments: `ENTRYPOINT` followed by `CMD`.
    pub fn command(&self) -> impl Iterator<Item = &str> {
        self.config.entrypoint.iter().chain(&self.config.cmd).map(String::as_str)
    }

    /// The build step that made layer `index`, if the history tells.
    #[must_use]
    pub fn step_of_layer(&self, index: usize) -> Option<&str> {
        self.history.iter().filter(|step| !step.empty_layer).nth(index).map(|step| step.created_by.as_str())
    }
}
