//! What can be asked to change about a function.

use std::collections::BTreeMap;

use lambark_oci::{Architecture, Secret};

use super::function::ImageConfig;

/// A function to be made from an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFunction {
    /// Its name.
    pub name: String,
    /// The image.
    pub image_uri: String,
    /// The execution role's ARN.
    pub role: String,
    /// The processor; Lambda takes `x86_64` if nothing is said.
    pub architecture: Option<Architecture>,
    /// Memory in MiB.
    pub memory: Option<i32>,
    /// How long one invocation may take, in seconds.
    pub timeout: Option<i32>,
    /// What the user writes about it.
    pub description: Option<String>,
    /// What it overrides of the image's config.
    pub image_config: Option<ImageConfig>,
    /// Environment variables.
    pub environment: BTreeMap<String, Secret>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl NewFunction {
    /// A function with Lambda's own defaults.
    #[must_use]
    pub fn new(name: &str, image_uri: &str, role: &str) -> NewFunction {
        NewFunction {
            name: name.to_owned(),
            image_uri: image_uri.to_owned(),
            role: role.to_owned(),
            architecture: None,
            memory: None,
            timeout: None,
            description: None,
            image_config: None,
            environment: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }
}

/// Another image for `$LATEST`. Publishing at the same time is not offered: two things would settle at once, and the
/// answer would speak of the version only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeUpdate {
    /// The image.
    pub image_uri: String,
    /// The processor, if it changes: no other call can change it.
    pub architecture: Option<Architecture>,
    /// Only look whether parameters and permissions would do, and change nothing.
    pub dry_run: bool,
    /// Refuse if the function was changed since this was read.
    pub revision_id: Option<String>,
}

/// Other settings for `$LATEST`; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigurationUpdate {
    /// The execution role's ARN.
    pub role: Option<String>,
    /// What the user writes about it.
    pub description: Option<String>,
    /// Memory in MiB.
    pub memory: Option<i32>,
    /// How long one invocation may take, in seconds.
    pub timeout: Option<i32>,
    /// What it overrides of the image's config; an empty one clears every override.
    pub image_config: Option<ImageConfig>,
    /// All environment variables, in place of those it had.
    pub environment: Option<BTreeMap<String, Secret>>,
    /// Refuse if the function was changed since this was read.
    pub revision_id: Option<String>,
}

/// A version to be made of `$LATEST`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publish {
    /// Refuse if `$LATEST` runs another image; 64 hexadecimal digits.
    pub code_sha256: Option<String>,
    /// Refuse if the function was changed since this was read.
    pub revision_id: Option<String>,
    /// What the user writes about the version.
    pub description: Option<String>,
}
