//! Platforms of images and architectures of functions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::descriptor::null_is_default;

/// The platform of an index entry or of a config, in Go's words (`amd64`, not `x86_64`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// `amd64`, `arm64`, `unknown` …
    #[serde(deserialize_with = "null_is_default")]
    pub architecture: String,
    /// `linux`, `windows`, `unknown` …
    #[serde(deserialize_with = "null_is_default")]
    pub os: String,
    /// `v8`, `v3` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// BuildKit's mark for an entry that is no image.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// The function architecture that could run this platform, whatever its operating system.
    #[must_use]
    pub fn lambda_architecture(&self) -> Option<Architecture> {
        Architecture::of_image(&self.architecture)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_deref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// The architecture of a Lambda function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Architecture {
    /// `x86_64`: images of `linux/amd64`. What a function gets if nothing is said.
    #[serde(rename = "x86_64")]
    X86_64,
    /// `arm64`: images of `linux/arm64`.
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// Lambda's word: `x86_64` or `arm64`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "arm64",
        }
    }

    /// The image config's word: `amd64` or `arm64`.
    #[must_use]
    pub fn image_word(self) -> &'static str {
        match self {
            Architecture::X86_64 => "amd64",
            Architecture::Arm64 => "arm64",
        }
    }

    /// The architecture that an image config's word stands for, if Lambda has it.
    #[must_use]
    pub fn of_image(word: &str) -> Option<Architecture> {
        match word {
            "amd64" => Some(Architecture::X86_64),
            "arm64" => Some(Architecture::Arm64),
            _ => None,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not an architecture of Lambda.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an architecture of Lambda (expected x86_64 or arm64)")]
pub struct ArchitectureError(String);

impl FromStr for Architecture {
    type Err = ArchitectureError;

    /// Lambda's words, and the words that people use for them (`amd64`, `aarch64`).
    fn from_str(text: &str) -> Result<Architecture, ArchitectureError> {
        match text {
            "x86_64" | "amd64" => Ok(Architecture::X86_64),
            "arm64" | "aarch64" => Ok(Architecture::Arm64),
            other => Err(ArchitectureError(other.to_owned())),
        }
    }
}
