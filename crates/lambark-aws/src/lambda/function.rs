//! A function, its settings and its code.

use std::collections::BTreeMap;

use lambark_oci::{Digest, Secret};

use super::words::{LastUpdateStatus, PackageType, Processor, ReasonCode, State};

/// What GetFunction tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its settings and state.
    pub configuration: Configuration,
    /// Where its code lies.
    pub code: Code,
    /// Its tags; empty also where the caller may not read them.
    pub tags: BTreeMap<String, String>,
    /// How many invocations at once are set aside for it.
    pub reserved_concurrency: Option<i32>,
}

/// Where a function's code lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// The image as whoever deployed it wrote it.
    pub image_uri: Option<String>,
    /// The same by digest, as Lambda understood it when it was deployed.
    pub resolved_image_uri: Option<String>,
    /// `ECR` for images.
    pub repository_type: Option<String>,
    /// Why the place cannot be told.
    pub fault: Option<Fault>,
}

impl Code {
    /// The digest that Lambda resolved the image to.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.resolved_image_uri.as_deref()?.split_once('@')?.1.parse().ok()
    }
}

/// A fault that comes inside an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// AWS's code.
    pub code: String,
    /// AWS's words.
    pub message: String,
}

/// A function's settings and state, or a version's. What lists leave out is `None` there.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// The function's name.
    pub name: String,
    /// The ARN; qualified where the version is.
    pub arn: String,
    /// `$LATEST` or a number.
    pub version: String,
    /// What its code comes in.
    pub package_type: Option<PackageType>,
    /// The execution role's ARN.
    pub role: Option<String>,
    /// What the user wrote about it.
    pub description: Option<String>,
    /// The processors it runs on: one.
    pub architectures: Vec<Processor>,
    /// Memory in MiB.
    pub memory: Option<i32>,
    /// How long one invocation may take, in seconds.
    pub timeout: Option<i32>,
    /// The size of `/tmp` in MiB.
    pub ephemeral_storage: Option<i32>,
    /// For an image its digest as 64 hexadecimal digits; see [`Configuration::image_digest`].
    pub code_sha256: Option<String>,
    /// What changes with every change; a later call may demand that it did not.
    pub revision_id: Option<String>,
    /// When it was last changed, as AWS writes it (ISO 8601).
    pub last_modified: Option<String>,
    /// Whether it can be invoked.
    pub state: Option<State>,
    /// Why, in AWS's words.
    pub state_reason: Option<String>,
    /// Why, as a code.
    pub state_reason_code: Option<ReasonCode>,
    /// What became of the last update; absent while a new function is Pending.
    pub last_update_status: Option<LastUpdateStatus>,
    /// Why, in AWS's words.
    pub last_update_status_reason: Option<String>,
    /// Why, as a code.
    pub last_update_status_reason_code: Option<ReasonCode>,
    /// What it overrides of the image's config.
    pub image_config: Option<ImageConfig>,
    /// Its environment variables. Their values are often secrets.
    pub environment: BTreeMap<String, Secret>,
}

impl Configuration {
    /// The image's digest, for a function that runs an image.
    #[must_use]
    pub fn image_digest(&self) -> Option<Digest> {
        if self.package_type == Some(PackageType::Zip) {
            return None;
        }
        format!("sha256:{}", self.code_sha256.as_deref()?).parse().ok()
    }
}

/// What a function overrides of its image's config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// In place of `ENTRYPOINT`.
    pub entry_point: Option<Vec<String>>,
    /// In place of `CMD`.
    pub command: Option<Vec<String>>,
    /// In place of `WORKDIR`.
    pub working_directory: Option<String>,
}
