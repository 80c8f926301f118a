//! Where a container engine listens.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lambark_oci::Digest;
use serde::Deserialize;
use serde_json::Value;

use crate::Error;

/// Largest file of Docker's configuration that is read, in bytes; real ones have a few hundred.
const MAX_DOCKER_CONFIG_BYTES: u64 = 1024 * 1024;

/// What the user's environment says of engines. Empty where it says nothing.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `DOCKER_HOST`.
    pub docker_host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub docker_context: Option<String>,
    /// `DOCKER_CONFIG`, or `~/.docker`.
    pub docker_config: Option<PathBuf>,
    /// `CONTAINER_HOST`, which is Podman's.
    pub container_host: Option<String>,
    /// The home directory.
    pub home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// Whether the places are looked at where engines listen if nothing is said.
    pub usual_places: bool,
}

/// One place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Unix(PathBuf),
    Loopback(SocketAddr),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Unix(path) => write!(f, "{}", path.display()),
            Endpoint::Loopback(address) => write!(f, "tcp://{address}"),
        }
    }
}

impl Environment {
    /// The places to look at, in order. What the user named is the only one.
    pub(super) fn endpoints(&self) -> Result<Vec<Endpoint>, Error> {
        let named = |variable: &str, value: &Option<String>| {
            let value = value.as_deref().filter(|value| !value.is_empty())?;
            Some(parse(value).map_err(|reason| Error::Usage(format!("{variable} is {value}: {reason}"))))
        };
        // Docker's own order: the address, then the context.
        if let Some(endpoint) = named("DOCKER_HOST", &self.docker_host) {
            return Ok(vec![endpoint?]);
        }
        if let Some((context, host)) = self.context_host() {
            let endpoint = parse(&host)
                .map_err(|reason| Error::Usage(format!("Docker's context {context} leads to {host}: {reason}")))?;
            return Ok(vec![endpoint]);
        }
        if let Some(endpoint) = named("CONTAINER_HOST", &self.container_host) {
            return Ok(vec![endpoint?]);
        }
        Ok(if self.usual_places { self.usual() } else { Vec::new() })
    }

    fn usual(&self) -> Vec<Endpoint> {
        let below = |base: &Option<PathBuf>, path: &str| base.as_ref().map(|base| base.join(path));
        let places = [
            Some(PathBuf::from("/var/run/docker.sock")),
            below(&self.home, ".docker/run/docker.sock"),
            below(&self.home, ".docker/desktop/docker.sock"),
            below(&self.runtime_dir, "docker.sock"),
            below(&self.runtime_dir, "podman/podman.sock"),
            Some(PathBuf::from("/run/podman/podman.sock")),
        ];
        places.into_iter().flatten().map(Endpoint::Unix).collect()
    }

    /// The context that `docker` would use and where it leads, unless it is the default one.
    fn context_host(&self) -> Option<(String, String)> {
        #[derive(Deserialize)]
        struct Config {
            #[serde(rename = "currentContext")]
            current_context: Option<String>,
        }
        let directory = self.docker_config.clone().or_else(|| Some(self.home.as_ref()?.join(".docker")))?;
        let configured = || {
            let config: Config = serde_json::from_slice(&small_file(&directory.join("config.json"))?).ok()?;
            config.current_context
        };
        let given = self.docker_context.clone().filter(|name| !name.is_empty());
        let name = given.or_else(configured).filter(|name| !name.is_empty() && name != "default")?;
        let id = Digest::of(name.as_bytes());
        let meta = directory.join("contexts/meta").join(id.hex()).join("meta.json");
        let meta: Value = serde_json::from_slice(&small_file(&meta)?).ok()?;
        let host = meta["Endpoints"]["docker"]["Host"].as_str()?.to_owned();
        Some((name, host))
    }
}

fn small_file(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_DOCKER_CONFIG_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// `unix:///path` or `tcp://127.0.0.1:PORT`. Anything else leads to another machine, where this user's images are not
/// to be sent to and fro without encryption.
fn parse(host: &str) -> Result<Endpoint, &'static str> {
    if let Some(path) = host.strip_prefix("unix://") {
        return if path.starts_with('/') { Ok(Endpoint::Unix(path.into())) } else { Err("the path is not absolute") };
    }
    let elsewhere = "engine: reads from engines on this machine, over unix:// or tcp:// on loopback; \
                     `docker save` brings the image here, as docker-archive:FILE";
    let address = host.strip_prefix("tcp://").ok_or(elsewhere)?.trim_end_matches('/');
    let address = address.replace("localhost", "127.0.0.1");
    let address: SocketAddr = address.parse().map_err(|_| elsewhere)?;
    if address.ip().is_loopback() { Ok(Endpoint::Loopback(address)) } else { Err(elsewhere) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn places(environment: &Environment) -> Vec<String> {
        environment.endpoints().unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_user_named_is_the_only_place() {
        let named =
            |host: &str| Environment { docker_host: Some(host.into()), usual_places: true, ..Environment::default() };
        assert_eq!(places(&named("unix:///tmp/d.sock")), ["/tmp/d.sock"]);
        assert_eq!(places(&named("tcp://localhost:2375")), ["tcp://127.0.0.1:2375"]);
        for elsewhere in ["ssh://me@there", "tcp://192.0.2.1:2375", "npipe:////./pipe/x", "unix://here", "tcp://x"] {
            assert!(named(elsewhere).endpoints().is_err(), "{elsewhere}");
        }
    }

    #[test]
    fn docker_s_context_counts_and_the_usual_places_come_last() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join(".docker");
        let id = Digest::of(b"desktop-linux");
        let meta = config.join("contexts/meta").join(id.hex());
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(meta.join("meta.json"), r#"{"Endpoints":{"docker":{"Host":"unix:///d/x.sock"}}}"#).unwrap();
        let mut environment = Environment {
            home: Some(home.path().to_owned()),
            runtime_dir: Some("/run/user/7".into()),
            usual_places: true,
            ..Environment::default()
        };
        assert_eq!(places(&environment).len(), 6);
        assert!(places(&environment).contains(&"/run/user/7/podman/podman.sock".to_owned()));
        environment.docker_context = Some("desktop-linux".into());
        assert_eq!(places(&environment), ["/d/x.sock"]);
        environment.docker_context = None;
        std::fs::write(config.join("config.json"), r#"{"currentContext":"desktop-linux"}"#).unwrap();
        assert_eq!(places(&environment), ["/d/x.sock"]);
        environment.docker_host = Some("unix:///tmp/y".into());
        assert_eq!(places(&environment), ["/tmp/y"]);
    }
}
