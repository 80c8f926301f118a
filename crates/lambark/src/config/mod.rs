//! `lambark.toml`: what a repository wants of its images.

mod keys;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lambark_oci::{Architecture, Family};
use lambark_rules::Severity;
use lambark_rules::facts::ManifestPolicy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use crate::operations::check::FailOn;
use keys::unknown;

/// The file's name.
pub const FILE_NAME: &str = "lambark.toml";

/// Largest file that is read, in bytes: nobody writes more by hand, and `--config /dev/zero` must end.
const MAX_CONFIG_BYTES: u64 = 1024 * 1024;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct Config {
    /// What is allowed.
    pub policy: Policy,
    /// How AWS is reached.
    pub aws: Aws,
    /// How the repository is linted.
    pub lint: Lint,
    /// The services of this repository, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub service: BTreeMap<String, Service>,
    /// The directory of the file that was read, from which its paths lead on; absent if none was.
    #[serde(skip)]
    pub root: Option<PathBuf>,
}

/// What is allowed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Policy {
    /// Which families of manifests.
    pub manifest: Manifests,
    /// From which severity on findings fail a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_on: Option<FailOnWord>,
}

/// `[policy] manifest`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Manifests {
    /// Docker or OCI.
    #[default]
    Any,
    /// Docker v2 schema 2 only.
    Docker,
    /// OCI only.
    Oci,
}

/// `fail-on`, in the file and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum FailOnWord {
    /// Errors only
    Error,
    /// Warnings and errors
    Warning,
    /// Any finding
    Note,
    /// No finding
    Never,
}

/// How the repository is linted.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Lint {
    /// Rules that are not asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Whether every build is taken to be one for Lambda.
    pub assume_lambda: bool,
}

/// How AWS is reached; what is absent comes from AWS's usual chain.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
#[schemars(deny_unknown_fields)]
pub struct Aws {
    /// The Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The profile of the AWS configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Another endpoint than AWS's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
}

/// One service: an image and the function that runs it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct Service {
    /// The Dockerfile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<PathBuf>,
    /// The build context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<PathBuf>,
    /// The ECR repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The function's architecture: x86_64 or arm64.
    #[schemars(with = "Option<Word>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<Architecture>,
    /// The alias that gets the traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// What has to work after a deployment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
}

/// The architectures that Lambda has, for the schema.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it describes a word of the file, and holds nothing")]
enum Word {
    /// 64-bit x86.
    #[schemars(rename = "x86_64")]
    X86,
    /// 64-bit ARM.
    #[schemars(rename = "arm64")]
    Arm,
}

/// One smoke test: an event for the function, or a request to an address.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct Test {
    /// A file with an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<PathBuf>,
    /// An address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The HTTP method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A file with the request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<PathBuf>,
    /// The request's headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What must come back.
    pub expect: Expect,
}

/// What a test expects.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(deny_unknown_fields)]
pub struct Expect {
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Headers and their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Fields of the JSON body and their values; a field is `a.b.0` or a JSON pointer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, serde_json::Value>,
}

/// Why the file cannot be used: the user's.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// It is not TOML, or a value has the wrong type.
    #[error("{path}:{line}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// It has a key that means nothing.
    #[error("{path}:{line}: unknown key `{key}`")]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key, with its table.
        key: String,
        /// The key that was probably meant.
        nearest: Option<&'static str>,
    },
}

impl ConfigError {
    /// What the reader can do now.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            ConfigError::UnknownKey { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            _ => None,
        }
    }
}

impl Config {
    /// Reads `path`, or else the nearest `lambark.toml` in `directory` or above, up to the repository's root; without
    /// any, everything is as by default.
    ///
    /// # Errors
    /// When the file cannot be read, is malformed, or has a key that means nothing.
    pub fn load(path: Option<&Path>, directory: &Path) -> Result<Config, ConfigError> {
        match path.map(Path::to_owned).or_else(|| find(directory)) {
            Some(path) => {
                let text = read(&path).map_err(|source| ConfigError::Read { path: path.clone(), source })?;
                let root = path.parent().map(Path::to_owned);
                Ok(Config { root, ..Config::parse(&text, &path)? })
            }
            None => Ok(Config::default()),
        }
    }

    /// What `lint` is told besides the repository's files.
    #[must_use]
    pub fn known_to_lint(&self, assume_lambda: bool) -> lambark_lint::Settings {
        let path = |path: &PathBuf| lambark_lint::source::join("", &path.to_string_lossy().replace('\\', "/"));
        let services = self.service.iter().map(|(name, service)| lambark_lint::Service {
            name: name.clone(),
            dockerfile: service.dockerfile.as_ref().and_then(path),
            repository: service.repository.clone(),
            architecture: service.architecture,
        });
        let assume_lambda = assume_lambda || self.lint.assume_lambda;
        lambark_lint::Settings { assume_lambda, services: services.collect() }
    }

    fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
        let malformed = |error: toml::de::Error| ConfigError::Malformed {
            path: path.to_owned(),
            line: line(text, error.span().map_or(0, |span| span.start)),
            reason: error.message().trim().replace('\n', ", "),
        };
        let table = DeTable::parse(text).map_err(malformed)?;
        if let Some((at, key, nearest)) = unknown(table.get_ref(), &keys::ROOT, "") {
            return Err(ConfigError::UnknownKey { path: path.to_owned(), line: line(text, at), key, nearest });
        }
        toml::from_str(text).map_err(malformed)
    }

    /// Which manifests the rules should allow.
    #[must_use]
    pub fn manifests(&self) -> ManifestPolicy {
        match self.policy.manifest {
            Manifests::Any => ManifestPolicy::Any,
            Manifests::Docker => ManifestPolicy::Only(Family::Docker),
            Manifests::Oci => ManifestPolicy::Only(Family::Oci),
        }
    }
}

impl From<FailOnWord> for FailOn {
    fn from(word: FailOnWord) -> FailOn {
        match word {
            FailOnWord::Error => FailOn::AtLeast(Severity::Error),
            FailOnWord::Warning => FailOn::AtLeast(Severity::Warning),
            FailOnWord::Note => FailOn::AtLeast(Severity::Note),
            FailOnWord::Never => FailOn::Never,
        }
    }
}

fn find(directory: &Path) -> Option<PathBuf> {
    for directory in directory.ancestors() {
        let path = directory.join(FILE_NAME);
        if path.is_file() {
            return Some(path);
        }
        if directory.join(".git").exists() {
            return None;
        }
    }
    None
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(MAX_CONFIG_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_CONFIG_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {MAX_CONFIG_BYTES} bytes")));
    }
    Ok(text)
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests;
