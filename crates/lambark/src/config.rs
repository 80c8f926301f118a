//! `lambark.toml`: what a repository wants of its images.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lambark_oci::{Architecture, Family};
use lambark_rules::Severity;
use lambark_rules::facts::ManifestPolicy;
use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use crate::operations::check::FailOn;
use crate::words::nearest;

/// The file's name.
pub const FILE_NAME: &str = "lambark.toml";

/// Largest file that is read, in bytes: nobody writes more by hand, and `--config /dev/zero` must end.
const MAX_CONFIG_BYTES: u64 = 1024 * 1024;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    /// What is allowed.
    pub policy: Policy,
    /// How AWS is reached.
    pub aws: Aws,
    /// How the repository is linted.
    pub lint: Lint,
    /// The services of this repository, by name.
    pub service: BTreeMap<String, Service>,
    /// The directory of the file that was read, from which its paths lead on; absent if none was.
    #[serde(skip)]
    pub root: Option<PathBuf>,
}

/// What is allowed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Policy {
    /// Which families of manifests.
    pub manifest: Manifests,
    /// From which severity on findings fail a command.
    pub fail_on: Option<FailOnWord>,
}

/// `[policy] manifest`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
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
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Lint {
    /// Rules that are not asked.
    pub ignore: Vec<String>,
    /// Whether every build is taken to be one for Lambda.
    pub assume_lambda: bool,
}

/// How AWS is reached; what is absent comes from AWS's usual chain.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Aws {
    /// The Region.
    pub region: Option<String>,
    /// The profile of the AWS configuration.
    pub profile: Option<String>,
    /// Another endpoint than AWS's own.
    pub endpoint_url: Option<String>,
}

/// One service: an image and the function that runs it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    /// The Dockerfile.
    pub dockerfile: Option<PathBuf>,
    /// The build context.
    pub context: Option<PathBuf>,
    /// The ECR repository.
    pub repository: Option<String>,
    /// The function.
    pub function: Option<String>,
    /// The function's architecture.
    pub architecture: Option<Architecture>,
    /// The alias that gets the traffic.
    pub alias: Option<String>,
    /// What has to work after a deployment.
    pub tests: Vec<Test>,
}

/// One smoke test: an event for the function, or a request to an address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Test {
    /// A file with an event.
    pub event: Option<PathBuf>,
    /// An address.
    pub url: Option<String>,
    /// The HTTP method.
    pub method: Option<String>,
    /// A file with the request's body.
    pub body: Option<PathBuf>,
    /// The request's headers.
    pub headers: BTreeMap<String, String>,
    /// What must come back.
    pub expect: Expect,
}

/// What a test expects.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Expect {
    /// The HTTP status.
    pub status: Option<u16>,
    /// Headers and their values.
    pub headers: BTreeMap<String, String>,
    /// Fields of the JSON body and their values; a field is `a.b.0` or a JSON pointer.
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

/// The keys of a table.
struct Keys {
    known: &'static [(&'static str, Inner)],
}

/// What lies under a key.
enum Inner {
    /// A value whose type serde checks.
    Value,
    /// A table with these keys.
    Table(&'static Keys),
    /// A table whose keys are the user's own names, each a table with these keys.
    Named(&'static Keys),
    /// A list of tables with these keys.
    List(&'static Keys),
}

use Inner::{List, Named, Table, Value};

static ROOT: Keys = Keys {
    known: &[("policy", Table(&POLICY)), ("aws", Table(&AWS)), ("lint", Table(&LINT)), ("service", Named(&SERVICE))],
};
static POLICY: Keys = Keys { known: &[("manifest", Value), ("fail-on", Value)] };
static LINT: Keys = Keys { known: &[("ignore", Value), ("assume-lambda", Value)] };
static AWS: Keys = Keys { known: &[("region", Value), ("profile", Value), ("endpoint-url", Value)] };
static SERVICE: Keys = Keys {
    known: &[
        ("dockerfile", Value),
        ("context", Value),
        ("repository", Value),
        ("function", Value),
        ("architecture", Value),
        ("alias", Value),
        ("tests", List(&TEST)),
    ],
};
static TEST: Keys = Keys {
    known: &[
        ("event", Value),
        ("url", Value),
        ("method", Value),
        ("body", Value),
        ("headers", Value),
        ("expect", Table(&EXPECT)),
    ],
};
static EXPECT: Keys = Keys { known: &[("status", Value), ("headers", Value), ("json", Value)] };

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
        if let Some((at, key, nearest)) = unknown(table.get_ref(), &ROOT, "") {
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

/// The first key that means nothing: where it is, its full name, the nearest key that means something.
fn unknown(table: &DeTable<'_>, keys: &'static Keys, path: &str) -> Option<(usize, String, Option<&'static str>)> {
    table.iter().find_map(|(key, value)| {
        let name: &str = key.get_ref();
        let full = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let Some((_, inner)) = keys.known.iter().find(|(known, _)| *known == name) else {
            return Some((key.span().start, full, nearest(name, keys.known.iter().map(|(known, _)| *known))));
        };
        match (inner, value.get_ref()) {
            (Table(keys), DeValue::Table(table)) => unknown(table, keys, &full),
            (Named(keys), DeValue::Table(named)) => named.iter().find_map(|(name, value)| match value.get_ref() {
                DeValue::Table(table) => unknown(table, keys, &format!("{full}.{}", name.get_ref())),
                _ => None,
            }),
            (List(keys), DeValue::Array(list)) => list.iter().find_map(|value| match value.get_ref() {
                DeValue::Table(table) => unknown(table, keys, &full),
                _ => None,
            }),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const SAMPLE: &str = r#"
        [policy]
        manifest = "docker"
        fail-on = "warning"
        [aws]
        region = "us-east-1"
        [lint]
        ignore = ["no-import-check"]
        assume-lambda = false
        [service.backend]
        dockerfile = "infra/lambda/Dockerfile.backend"
        context = "."
        repository = "backend"
        function = "backend"
        architecture = "x86_64"
        alias = "live"
        tests = [
          { event = "tests/events/health.json", expect = { status = 200 } },
          { url = "https://api.example.com/login", method = "POST", body = "tests/login.json",
            headers = { Origin = "https://app.example.com" },
            expect = { status = 200, headers = { access-control-allow-origin = "https://app.example.com" } } },
        ]
    "#;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new(FILE_NAME))
    }

    fn told(text: &str) -> String {
        let error = parse(text).unwrap_err();
        format!("{error} | {}", error.hint().unwrap_or_default())
    }

    #[test]
    fn every_documented_key_is_read() {
        let config = parse(SAMPLE).unwrap();
        assert_eq!(config.manifests(), ManifestPolicy::Only(Family::Docker));
        assert_eq!(config.policy.fail_on, Some(FailOnWord::Warning));
        assert_eq!(config.aws.region.as_deref(), Some("us-east-1"));
        let backend = &config.service["backend"];
        assert_eq!(backend.architecture, Some(Architecture::X86_64));
        assert_eq!(backend.tests[1].expect.headers.len(), 1);
        assert_eq!(parse("").unwrap().manifests(), ManifestPolicy::Any);
    }

    #[test]
    fn unknown_keys_name_the_nearest() {
        assert_eq!(
            told("[policy]\nmanifests = \"any\""),
            "lambark.toml:2: unknown key `policy.manifests` | did you mean `manifest`?"
        );
        assert_eq!(told("[polcy]\n"), "lambark.toml:1: unknown key `polcy` | did you mean `policy`?");
        assert_eq!(
            told("[service.api]\nalias = \"live\"\ntests = [{ expect = { statuss = 1 } }]"),
            "lambark.toml:3: unknown key `service.api.tests.expect.statuss` | did you mean `status`?"
        );
        assert_eq!(told("kubernetes = 1"), "lambark.toml:1: unknown key `kubernetes` | ");
    }

    #[test]
    fn wrong_values_name_the_line() {
        assert!(told("[policy]\n\nmanifest = \"dokker\"").starts_with("lambark.toml:3: unknown variant `dokker`"));
        assert!(told("[service.a]\narchitecture = 7").starts_with("lambark.toml:2: "));
        assert!(told("[policy").starts_with("lambark.toml:1: "));
        assert!(told("[policy]\na = 1\na = 2").starts_with("lambark.toml:3: "), "{}", told("[policy]\na = 1\na = 2"));
    }

    #[test]
    fn the_nearest_file_up_to_the_repository_counts() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("repository/a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir(top.path().join("repository/.git")).unwrap();
        fs::write(top.path().join(FILE_NAME), "").unwrap();
        assert_eq!(find(&deep), None);
        fs::write(top.path().join("repository").join(FILE_NAME), "").unwrap();
        assert_eq!(find(&deep), Some(top.path().join("repository").join(FILE_NAME)));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let error = Config::load(Some(Path::new("/dev/zero")), Path::new("/")).unwrap_err().to_string();
        assert!(error.contains("/dev/zero") && error.contains("1048576 bytes"), "{error}");
        let error = Config::load(Some(Path::new("nowhere.toml")), Path::new("/")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read nowhere.toml: "), "{error}");
    }
}
