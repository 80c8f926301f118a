//! Who we say we are: credentials, challenges, tokens.

pub mod challenge;
pub mod docker_config;
mod helper;
mod session;
mod token;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lambark_oci::Secret;

pub use challenge::{Challenge, parse_challenges};
pub use docker_config::DockerConfig;
pub use helper::HELPER_TIME_LIMIT;
pub(crate) use session::Session;
pub(crate) use token::Access;

/// What to show a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// User name and password: sent as they are (Basic), or exchanged for a token where the registry wants one.
    Basic {
        /// The user name; ECR's is always `AWS`.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A refresh token, exchanged for an access token by POST.
    IdentityToken(Secret),
    /// A finished bearer token, sent as it is.
    Bearer(Secret),
}

/// A future that a [`Credentials`] returns.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = Result<Option<Credential>, CredentialsError>> + Send + 'a>>;

/// Where credentials come from. The client asks once for each repository and remembers the answer.
pub trait Credentials: Send + Sync {
    /// The credential for a repository on `host` (with its port, as the image name writes it), or `None`: anonymous.
    fn find<'a>(&'a self, host: &'a str, repository: &'a str) -> Lookup<'a>;

    /// Where was looked, for the message "no credentials known": `~/.docker/config.json, …`.
    fn searched(&self) -> String {
        String::new()
    }
}

/// Why a search for credentials failed. "None found" is no error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The file is there and cannot be read.
    #[error("credentials file {}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A helper program failed.
    #[error("credential helper {program} for {host}: {reason}")]
    Helper {
        /// The program's name.
        program: String,
        /// The registry that it was asked about.
        host: String,
        /// What it said.
        reason: String,
    },
    /// A helper program did not answer.
    #[error("credential helper {program} for {host}: no answer within {} s", .after.as_secs_f32())]
    HelperTimedOut {
        /// The program's name.
        program: String,
        /// The registry that it was asked about.
        host: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// Another source failed, such as a cloud's token service.
    #[error("credentials for {host}: {reason}")]
    Source {
        /// The registry.
        host: String,
        /// What happened.
        reason: String,
        /// What can be done about it, if the source knows.
        hint: Option<String>,
    },
}

/// No credentials for anybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Credentials for Anonymous {
    fn find<'a>(&'a self, _host: &'a str, _repository: &'a str) -> Lookup<'a> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// One credential for one host.
#[derive(Clone, Debug)]
pub struct Fixed {
    host: String,
    credential: Credential,
}

impl Fixed {
    /// `credential` for `host` (with its port).
    #[must_use]
    pub fn new(host: impl Into<String>, credential: Credential) -> Fixed {
        Fixed { host: host.into(), credential }
    }

    /// User name and password for `host`.
    #[must_use]
    pub fn basic(host: impl Into<String>, username: impl Into<String>, password: impl Into<String>) -> Fixed {
        Fixed::new(host, Credential::Basic { username: username.into(), password: Secret::from(password.into()) })
    }
}

impl Credentials for Fixed {
    fn find<'a>(&'a self, host: &'a str, _repository: &'a str) -> Lookup<'a> {
        Box::pin(std::future::ready(Ok((host == self.host).then(|| self.credential.clone()))))
    }

    fn searched(&self) -> String {
        format!("the credential given for {}", self.host)
    }
}

/// Several sources, asked in order.
#[derive(Clone)]
pub struct FirstOf(Vec<Arc<dyn Credentials>>);

impl FirstOf {
    /// Asks `sources` in order until one knows.
    #[must_use]
    pub fn new(sources: Vec<Arc<dyn Credentials>>) -> FirstOf {
        FirstOf(sources)
    }
}

impl Credentials for FirstOf {
    fn find<'a>(&'a self, host: &'a str, repository: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            for source in &self.0 {
                if let Some(credential) = source.find(host, repository).await? {
                    return Ok(Some(credential));
                }
            }
            Ok(None)
        })
    }

    fn searched(&self) -> String {
        let places: Vec<String> = self.0.iter().map(|s| s.searched()).filter(|place| !place.is_empty()).collect();
        places.join(", ")
    }
}
