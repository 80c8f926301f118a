//! The files that `docker login` and `podman login` write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use serde::Deserialize;

use super::helper::{HELPER_TIME_LIMIT, Helpers};
use super::{Credential, Credentials, CredentialsError, Lookup};
use lambark_oci::Secret;

/// Largest credentials file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// The key under which Docker Hub's credentials lie, wherever they were written by Docker.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// Credentials from Docker's and podman's files and from the helper programs that they name.
///
/// Files are read anew for each repository (once, the client remembers): a `docker login` in another window counts.
#[derive(Clone, Debug)]
pub struct DockerConfig {
    files: Vec<PathBuf>,
    helpers: Helpers,
}

#[derive(Debug, Default, Deserialize)]
struct File {
    #[serde(default)]
    auths: Option<BTreeMap<String, Entry>>,
    #[serde(default, rename = "credHelpers")]
    helpers: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Entry {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default, rename = "identitytoken")]
    identity_token: Option<String>,
    #[serde(default, rename = "registrytoken")]
    registry_token: Option<String>,
}

impl DockerConfig {
    /// Searches `files` in order; those that do not exist are passed over.
    #[must_use]
    pub fn new(files: Vec<PathBuf>) -> DockerConfig {
        DockerConfig { files, helpers: Helpers { folders: None, time_limit: HELPER_TIME_LIMIT } }
    }

    /// Looks for helper programs in `folders` before the operating system's search path.
    #[must_use]
    pub fn with_helper_folders(mut self, folders: Vec<PathBuf>) -> DockerConfig {
        self.helpers.folders = Some(folders);
        self
    }

    /// Gives helper programs another time limit than [`HELPER_TIME_LIMIT`].
    #[must_use]
    pub fn with_helper_time_limit(mut self, limit: Duration) -> DockerConfig {
        self.helpers.time_limit = limit;
        self
    }

    /// The files searched, in order.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    async fn search(&self, host: &str, repository: &str) -> Result<Option<Credential>, CredentialsError> {
        for path in &self.files {
            let Some(file) = read(path)? else { continue };
            if let Some(credential) = self.search_file(&file, path, host, repository).await? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
    }

    /// Docker's order: a helper for this very host, what is written in the file, the general store.
    async fn search_file(
        &self,
        file: &File,
        path: &Path,
        host: &str,
        repository: &str,
    ) -> Result<Option<Credential>, CredentialsError> {
        let keys = keys(host, repository);
        let helper = file.helpers.iter().flatten().find(|(key, _)| keys.contains(&normalise(key)));
        if let Some((_, helper)) = helper {
            return self.helpers.get(helper, server(host)).await;
        }
        for key in &keys {
            let entries = file.auths.iter().flatten().filter(|(name, _)| normalise(name) == *key);
            for (name, entry) in entries {
                let found = entry.credential().map_err(|reason| CredentialsError::File {
                    path: path.to_owned(),
                    reason: format!("the entry `{name}` {reason}"),
                })?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        match file.store.as_deref().filter(|store| !store.is_empty()) {
            Some(store) => self.helpers.get(store, server(host)).await,
            None => Ok(None),
        }
    }
}

impl Credentials for DockerConfig {
    fn find<'a>(&'a self, host: &'a str, repository: &'a str) -> Lookup<'a> {
        Box::pin(self.search(host, repository))
    }

    fn searched(&self) -> String {
        let names: Vec<String> = self.files.iter().map(|path| path.display().to_string()).collect();
        names.join(", ")
    }
}

fn read(path: &Path) -> Result<Option<File>, CredentialsError> {
    let failed = |reason: String| CredentialsError::File { path: path.to_owned(), reason };
    let bytes = match crate::config::read_limited(path, MAX_FILE_BYTES) {
        Ok(bytes) => bytes,
        // Podman's default for rootless users lies in a folder that only exists while they are logged in.
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error.to_string())),
    };
    // Podman and some CI systems leave an empty file behind.
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    // The parser's words could repeat a secret: only category and place are told.
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        let what = if error.is_data() { "has not the expected shape" } else { "is not JSON" };
        failed(format!("{what} (line {}, column {})", error.line(), error.column()))
    })
}

impl Entry {
    fn credential(&self) -> Result<Option<Credential>, &'static str> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&self.registry_token) {
            return Ok(Some(Credential::Bearer(Secret::from(token))));
        }
        if let Some(token) = given(&self.identity_token) {
            return Ok(Some(Credential::IdentityToken(Secret::from(token))));
        }
        if let Some(auth) = given(&self.auth) {
            return decode(&auth).map(Some);
        }
        match (given(&self.username), given(&self.password)) {
            (Some(username), Some(password)) => {
                Ok(Some(Credential::Basic { username, password: Secret::from(password) }))
            }
            _ => Ok(None),
        }
    }
}

/// `base64(user:password)`; Docker pads with NUL in old files.
fn decode(auth: &str) -> Result<Credential, &'static str> {
    let engine = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
    );
    let bytes = engine.decode(auth.trim()).map_err(|_| "has an `auth` that is not base64")?;
    let text = String::from_utf8(bytes).map_err(|_| "has an `auth` that is not text")?;
    let (username, password) = text.split_once(':').ok_or("has an `auth` without a colon")?;
    let password = password.trim_end_matches('\0').to_owned();
    Ok(Credential::Basic { username: username.to_owned(), password: Secret::from(password) })
}

/// The keys that may hold a repository's credential, the most special first: podman writes `host/namespace`.
fn keys(host: &str, repository: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let hosts: &[&str] =
        if is_docker_hub(host) { &["docker.io", "index.docker.io", "registry-1.docker.io"] } else { &[host] };
    for host in hosts {
        let mut path = repository;
        while !path.is_empty() {
            keys.push(format!("{host}/{path}").to_ascii_lowercase());
            path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
    keys.extend(hosts.iter().map(|host| host.to_ascii_lowercase()));
    keys
}

/// A key of the file without scheme, trailing slash and Docker's `/v1`, `/v2` endings.
fn normalise(key: &str) -> String {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let bare = bare.trim_end_matches('/');
    let bare = bare.strip_suffix("/v1").or_else(|| bare.strip_suffix("/v2")).unwrap_or(bare);
    bare.to_ascii_lowercase()
}

/// The name that helper programs know a registry by.
fn server(host: &str) -> &str {
    if is_docker_hub(host) { DOCKER_HUB_KEY } else { host }
}

pub(crate) fn is_docker_hub(host: &str) -> bool {
    matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io")
}

#[cfg(test)]
#[path = "docker_config_tests.rs"]
mod tests;
