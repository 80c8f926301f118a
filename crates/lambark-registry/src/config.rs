//! How a client behaves, and the one place that reads the environment for it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::auth::{Anonymous, Credentials, DockerConfig};
use crate::error::Error;
use crate::retry::RetryPolicy;
use lambark_oci::Secret;

/// Largest CA bundle that is read, in bytes. A whole platform's has a quarter of a megabyte.
const MAX_BUNDLE_BYTES: u64 = 16 * 1024 * 1024;

/// Certificates to trust besides the platform's.
#[derive(Clone, Debug)]
pub struct CaBundle {
    /// Where they come from, for error messages: `of --ca-certificate (ca.pem)`.
    pub origin: String,
    /// One or more PEM certificates.
    pub pem: Vec<u8>,
}

impl CaBundle {
    /// Reads a bundle; `setting` names what the path was given by.
    ///
    /// # Errors
    /// When the file cannot be read or is larger than any bundle.
    pub fn read(setting: &str, path: &Path) -> Result<CaBundle, Error> {
        let origin = format!("of {setting} ({})", path.display());
        match read_limited(path, MAX_BUNDLE_BYTES) {
            Ok(pem) => Ok(CaBundle { origin, pem }),
            Err(error) => Err(Error::Options {
                what: format!("the CA certificate {origin}").into(),
                reason: error.to_string().into(),
            }),
        }
    }
}

/// Proxies. They are never used for this machine itself. Their URLs may hold passwords.
#[derive(Clone, Debug, Default)]
pub struct ProxySettings {
    /// For `http:` URLs.
    pub http: Option<Secret>,
    /// For `https:` URLs.
    pub https: Option<Secret>,
    /// Hosts and networks to reach directly, separated by commas.
    pub no_proxy: Option<String>,
}

/// How long each thing may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// From a request to the beginning of its answer.
    pub response: Duration,
    /// Between two pieces of a body, in either direction.
    pub idle: Duration,
    /// From the last byte of an upload to its answer; large ones get more, since a registry may hash and move
    /// gigabytes before it answers.
    pub commit: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(15),
            response: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            commit: Duration::from_secs(60),
        }
    }
}

/// How a [`Client`](crate::Client) behaves. The default reads nothing from the environment and is anonymous.
#[derive(Clone)]
pub struct Options {
    /// Where credentials come from.
    pub credentials: Arc<dyn Credentials>,
    /// Certificates to trust besides the platform's.
    pub ca_certificates: Vec<CaBundle>,
    /// Hosts (with their port, as image names write them) that speak plain HTTP. This machine's own need not be named:
    /// they are spoken to without TLS first, and with TLS when they say so.
    pub plain_http: BTreeSet<String>,
    /// Proxies.
    pub proxy: ProxySettings,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// How failed requests are made again.
    pub retry: RetryPolicy,
    /// How long each thing may take.
    pub timeouts: Timeouts,
    /// Most requests that wait for their answer at one host at the same time; streamed uploads and the bodies of
    /// downloads are not counted.
    pub requests_per_host: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            credentials: Arc::new(Anonymous),
            ca_certificates: Vec::new(),
            plain_http: BTreeSet::new(),
            proxy: ProxySettings::default(),
            user_agent: concat!("lambark/", env!("CARGO_PKG_VERSION")).to_owned(),
            retry: RetryPolicy::default(),
            timeouts: Timeouts::default(),
            requests_per_host: 8,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { plain_http, proxy, user_agent, retry, timeouts, requests_per_host, .. } = self;
        f.debug_struct("Options")
            .field("plain_http", plain_http)
            .field("proxy", proxy)
            .field("user_agent", user_agent)
            .field("retry", retry)
            .field("timeouts", timeouts)
            .field("requests_per_host", requests_per_host)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// What the environment asks for: credentials of Docker and podman, `SSL_CERT_FILE`, `AWS_CA_BUNDLE`,
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` (each also in lower case, which wins).
    ///
    /// # Errors
    /// When a CA bundle that a variable names cannot be read.
    pub fn from_environment() -> Result<Options, Error> {
        Options::from_variables(&|name| std::env::var_os(name))
    }

    /// The same from any set of variables. An empty value counts as absent.
    ///
    /// # Errors
    /// When a CA bundle that a variable names cannot be read.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Options, Error> {
        let mut ca_certificates = Vec::new();
        for name in ["SSL_CERT_FILE", "AWS_CA_BUNDLE"] {
            if let Some(path) = given(variable, name) {
                ca_certificates.push(CaBundle::read(name, Path::new(&path))?);
            }
        }
        Ok(Options {
            credentials: Arc::new(DockerConfig::new(credential_files(variable))),
            ca_certificates,
            proxy: proxies(variable),
            ..Options::default()
        })
    }
}

fn given(variable: &dyn Fn(&str) -> Option<OsString>, name: &str) -> Option<OsString> {
    variable(name).filter(|value| !value.is_empty())
}

fn proxies(variable: &dyn Fn(&str) -> Option<OsString>) -> ProxySettings {
    let text = |name: &str| given(variable, name).and_then(|value| value.into_string().ok());
    let either = |name: &str| text(&name.to_ascii_lowercase()).or_else(|| text(name));
    let all = either("ALL_PROXY");
    // A web server that runs a program for a request puts the request's `Proxy` header into HTTP_PROXY.
    let http = text("http_proxy").or_else(|| text("HTTP_PROXY").filter(|_| variable("REQUEST_METHOD").is_none()));
    ProxySettings {
        http: http.or_else(|| all.clone()).map(Secret::from),
        https: either("HTTPS_PROXY").or(all).map(Secret::from),
        no_proxy: either("NO_PROXY"),
    }
}

/// Where `docker login` and `podman login` leave credentials, in the order of search.
pub(crate) fn credential_files(variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let folder = |name: &str| given(variable, name).map(PathBuf::from);
    let home = folder("HOME").or_else(|| folder("USERPROFILE"));
    let config = folder("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    // Docker itself reads one of the two.
    let docker = folder("DOCKER_CONFIG").or_else(|| home.map(|home| home.join(".docker")));
    [
        folder("REGISTRY_AUTH_FILE"),
        docker.map(|folder| folder.join("config.json")),
        folder("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")),
        config.map(|folder| folder.join("containers/auth.json")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Reads a file of at most `limit` bytes: a setting may name a device that never ends.
pub(crate) fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn from<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
    }

    fn files(pairs: &[(&str, &str)]) -> Vec<String> {
        credential_files(&from(pairs)).iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn credential_files_are_searched_in_a_known_order() {
        assert_eq!(
            files(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/run/u"), ("REGISTRY_AUTH_FILE", "/a.json")]),
            ["/a.json", "/h/.docker/config.json", "/run/u/containers/auth.json", "/h/.config/containers/auth.json"]
        );
        assert_eq!(
            files(&[("HOME", "/h"), ("DOCKER_CONFIG", "/d"), ("XDG_CONFIG_HOME", "/c"), ("XDG_RUNTIME_DIR", "")]),
            ["/d/config.json", "/c/containers/auth.json"]
        );
        assert!(files(&[]).is_empty());
    }

    #[test]
    fn proxies_by_environment() {
        let http = |pairs: &[(&str, &str)]| proxies(&from(pairs)).http.map(|url| url.reveal().to_owned());
        assert_eq!(http(&[("HTTP_PROXY", "http://a"), ("http_proxy", "http://b")]).as_deref(), Some("http://b"));
        assert_eq!(http(&[("ALL_PROXY", "http://c")]).as_deref(), Some("http://c"));
        assert_eq!(http(&[("HTTP_PROXY", "http://a"), ("REQUEST_METHOD", "GET")]), None);
        assert_eq!(http(&[("HTTP_PROXY", "")]), None);
        let all = proxies(&from(&[("HTTPS_PROXY", "http://user:hunter2@p"), ("NO_PROXY", ".x")]));
        assert!(!format!("{all:?}").contains("hunter2"));
        assert_eq!(all.no_proxy.as_deref(), Some(".x"));
    }

    #[test]
    fn a_ca_bundle_that_cannot_be_read_is_named() {
        let error = Options::from_variables(&from(&[("AWS_CA_BUNDLE", "/nowhere/ca.pem")])).unwrap_err().to_string();
        assert!(error.contains("AWS_CA_BUNDLE (/nowhere/ca.pem)"), "{error}");
        assert!(read_limited(Path::new("/dev/zero"), 1_000).unwrap_err().to_string().contains("1000 bytes"));
    }
}
