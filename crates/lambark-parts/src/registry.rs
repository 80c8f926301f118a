//! Docker's own registry, in the four ways in which a registry asks who you are.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::certificate;
use crate::part::Part;
use crate::process::Process;
use crate::token::TokenServer;

/// A registry is up in well under a second; a machine busy with other builds may take longer.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// bcrypt of `tok` for user `AWS`, cost 5 (`htpasswd -Bbn -C 5 AWS tok`): the registry takes no other kind of hash.
const HTPASSWD: &str = "AWS:$2y$05$hIMXILKUnBNBBgrV.Q47jezJpZwwiM90.IehKtPyVvjiTkrUO9dD.\n";

/// How a registry wants to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// HTTP, no authentication.
    Plain,
    /// HTTP, Basic authentication as user `AWS`: ECR's own scheme.
    Basic,
    /// HTTPS with a certificate of an authority made for this test, and Basic authentication.
    Tls,
    /// HTTP, Bearer tokens from a token server: anyone may pull, `user:pass` may push.
    Token,
}

impl Flavour {
    /// Every flavour.
    pub const ALL: [Flavour; 4] = [Flavour::Plain, Flavour::Basic, Flavour::Tls, Flavour::Token];
}

/// One line of the registry's access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Status answered.
    pub status: u16,
    /// Bytes in the answer's body.
    pub bytes: u64,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.method, self.path, self.status)
    }
}

/// A running docker-registry on a free loopback port, with a store of its own. Ended when dropped.
pub struct DockerRegistry {
    // Dropped in this order: the process before its token server and its files.
    process: Process,
    tokens: Option<TokenServer>,
    dir: TempDir,
    flavour: Flavour,
    port: u16,
}

impl DockerRegistry {
    /// Starts a registry, or skips the running test if the part is missing.
    ///
    /// # Panics
    ///
    /// If the part is there and the registry does not come up: that is a failure, not a reason to skip.
    pub fn start(flavour: Flavour) -> Option<DockerRegistry> {
        let part = Part::DockerRegistry.or_skip()?;
        match start(&part, flavour) {
            Ok(registry) => Some(registry),
            Err(error) => panic!("docker-registry ({flavour:?}): {error}"),
        }
    }

    /// `127.0.0.1:PORT`: the host part of an image name.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `localhost:PORT`: the same registry by the other name that its certificate holds.
    pub fn localhost(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// `http://127.0.0.1:PORT`, or `https://` for [`Flavour::Tls`].
    pub fn url(&self) -> String {
        let scheme = if self.flavour == Flavour::Tls { "https" } else { "http" };
        format!("{scheme}://{}", self.host())
    }

    /// User name and password that may push, unless everybody may.
    pub fn credentials(&self) -> Option<(&'static str, &'static str)> {
        match self.flavour {
            Flavour::Plain => None,
            Flavour::Basic | Flavour::Tls => Some(("AWS", "tok")),
            Flavour::Token => Some(("user", "pass")),
        }
    }

    /// PEM file of the authority that signed the registry's certificate ([`Flavour::Tls`] alone).
    pub fn ca_file(&self) -> Option<PathBuf> {
        (self.flavour == Flavour::Tls).then(|| self.dir.path().join("ca/ca.crt"))
    }

    /// Directory with nothing but that file, as skopeo's `--dest-cert-dir` wants it.
    pub fn cert_dir(&self) -> Option<PathBuf> {
        (self.flavour == Flavour::Tls).then(|| self.dir.path().join("ca"))
    }

    /// Directory of the registry's store (`docker/registry/v2/…` below it), for a test that looks into it or damages it.
    pub fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// Requests answered so far, oldest first.
    ///
    /// The registry writes its log just after an answer, so this waits until the log has been quiet for a moment.
    pub fn requests(&self) -> Vec<Request> {
        let mut log = self.process.log();
        for _ in 0..50 {
            std::thread::sleep(Duration::from_millis(40));
            let later = self.process.log();
            if later == log {
                break;
            }
            log = later;
        }
        log.lines().filter_map(access_line).collect()
    }

    /// Sets how long tokens live from now on, in seconds ([`Flavour::Token`] alone).
    pub fn set_token_lifetime(&self, seconds: u64) {
        if let Some(tokens) = &self.tokens {
            tokens.set_lifetime(seconds);
        }
    }

    /// Tokens handed out so far (0 without a token server).
    pub fn tokens_issued(&self) -> u64 {
        self.tokens.as_ref().map_or(0, TokenServer::issued)
    }
}

fn start(part: &Path, flavour: Flavour) -> Result<DockerRegistry, Box<dyn std::error::Error>> {
    let dir = tempfile::Builder::new().prefix("lambark-registry-").tempdir()?;
    let path = dir.path();
    std::fs::create_dir(path.join("ca"))?;
    std::fs::write(path.join("htpasswd"), HTPASSWD)?;
    let mut tokens = None;
    if matches!(flavour, Flavour::Tls | Flavour::Token) {
        let certificate = certificate::create(path)?;
        std::fs::copy(path.join("ca.crt"), path.join("ca/ca.crt"))?;
        if flavour == Flavour::Token {
            tokens = Some(TokenServer::start(&certificate)?);
        }
    }
    let realm = tokens.as_ref().map_or(String::new(), TokenServer::realm);
    std::fs::write(path.join("config.yml"), configuration(path, flavour, &realm))?;

    let mut command = Command::new(part.join("usr/bin/docker-registry"));
    command.arg("serve").arg(path.join("config.yml")).current_dir(path);
    let log = path.join("log");
    let mut process = Process::spawn("docker-registry", &mut command, &log, Duration::from_secs(2))?;
    let port = process.wait_for(READY_LIMIT, listening_port)?;
    Ok(DockerRegistry { process, tokens, dir, flavour, port })
}

/// The registry's configuration. Port 0: the kernel chooses, and the log tells, so that no two registries can collide.
fn configuration(dir: &Path, flavour: Flavour, realm: &str) -> String {
    let dir = dir.display();
    let tls = format!(", tls: {{certificate: {dir}/tls.crt, key: {dir}/tls.key}}");
    let basic = format!("auth: {{htpasswd: {{realm: ecr, path: {dir}/htpasswd}}}}\n");
    let token =
        format!("auth: {{token: {{realm: \"{realm}\", service: reg, issuer: iss, rootcertbundle: {dir}/ca.crt}}}}\n");
    let (tls, auth) = match flavour {
        Flavour::Plain => (String::new(), String::new()),
        Flavour::Basic => (String::new(), basic),
        Flavour::Tls => (tls, basic),
        Flavour::Token => (String::new(), token),
    };
    format!(
        "version: 0.1\nlog: {{level: info}}\n\
         storage: {{filesystem: {{rootdirectory: {dir}/store}}, delete: {{enabled: true}}}}\n\
         http: {{addr: \"127.0.0.1:0\"{tls}}}\n{auth}"
    )
}

/// The port in `msg="listening on 127.0.0.1:PORT"`, or with `, tls` behind it.
fn listening_port(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once("listening on 127.0.0.1:")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit())?;
    rest.get(..digits)?.parse().ok()
}

/// Reads a line in the combined log format: `… "GET /v2/ HTTP/1.1" 200 …`.
fn access_line(line: &str) -> Option<Request> {
    let mut quoted = line.split('"');
    let client = quoted.next()?;
    let request = quoted.next()?;
    if !client.ends_with("] ") {
        return None;
    }
    let mut words = request.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let mut numbers = quoted.next()?.split_whitespace();
    let (status, bytes) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    Some(Request { method: method.to_owned(), path: path.to_owned(), status, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_log() {
        let line = "time=\"x\" level=info msg=\"listening on 127.0.0.1:35071, tls\" go.version=go1.19\n";
        assert_eq!(listening_port(line), Some(35071));
        assert_eq!(listening_port("msg=\"listening on 127.0.0.1:350"), None);
    }

    #[test]
    fn access_lines_are_told_from_other_lines() {
        let line = r#"127.0.0.1 - - [22/Nov/2026:03:00:00 +0000] "HEAD /v2/a/manifests/v1 HTTP/1.1" 404 96 "" "x""#;
        let request = access_line(line);
        assert_eq!(request.as_ref().map(|request| request.bytes), Some(96));
        assert_eq!(request.map(|request| request.to_string()).as_deref(), Some("HEAD /v2/a/manifests/v1 404"));
        assert_eq!(access_line(r#"time="2026" level=info msg="GET /v2/ HTTP/1.1" x=1"#), None);
    }
}
