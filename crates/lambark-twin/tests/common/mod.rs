//! A twin, and clients that nobody here wrote.
#![allow(dead_code, reason = "each test program uses a part of this")]

use std::path::Path;
use std::process::Command;

use lambark_testkit::parts;
use lambark_twin::{Settings, Twin};
use serde_json::Value;

pub(crate) const REGION: &str = "eu-central-1";

pub(crate) fn twin() -> Twin {
    Twin::start(Settings::ephemeral()).unwrap()
}

/// `127.0.0.1:PORT`
pub(crate) fn host(twin: &Twin) -> String {
    twin.address().to_string()
}

/// Runs a command that has to succeed and gives its standard output.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that has to fail and gives what it complains about.
pub(crate) fn fail(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// The AWS command of one version, pointed at a twin.
pub(crate) struct Aws {
    start: fn() -> Option<Command>,
    endpoint: String,
}

impl Aws {
    /// Both versions, or those that are to be had here.
    pub(crate) fn all(twin: &Twin) -> Vec<Aws> {
        let starts: [fn() -> Option<Command>; 2] = [parts::aws_v1, parts::aws_v2];
        let there = starts.into_iter().filter(|start| start().is_some());
        there.map(|start| Aws { start, endpoint: twin.url() }).collect()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = (self.start)().unwrap();
        command.args(["--endpoint-url", &self.endpoint, "--region", REGION, "--output", "json"]).args(arguments);
        command
    }

    /// A call that succeeds, as the command parsed its answer.
    pub(crate) fn call(&self, arguments: &[&str]) -> Value {
        let printed = succeed(&mut self.command(arguments));
        if printed.trim().is_empty() { Value::Null } else { serde_json::from_str(&printed).unwrap() }
    }

    /// A call that is refused, in the command's words.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        fail(&mut self.command(arguments))
    }
}

/// The password for the twin's registry.
pub(crate) fn password(twin: &Twin) -> String {
    twin.registry_password(REGION)
}

/// Makes a repository in [`REGION`], over HTTP and by hand: the tests of other clients do not need the AWS command.
pub(crate) fn create_repository(twin: &Twin, name: &str) {
    use std::io::{Read, Write};
    let body = serde_json::json!({ "repositoryName": name }).to_string();
    let mut stream = std::net::TcpStream::connect(twin.address()).unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: twin\r\nConnection: close\r\nContent-Length: {}\r\n\
         X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.CreateRepository\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20261122/{REGION}/ecr/aws4_request, Signature=0\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

/// Writes a Docker login for the twin into a directory that is then a `DOCKER_CONFIG`.
pub(crate) fn login(directory: &Path, twin: &Twin) {
    use base64::Engine as _;
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("AWS:{}", password(twin)));
    let config = serde_json::json!({ "auths": { host(twin): { "auth": auth } } });
    std::fs::write(directory.join("config.json"), config.to_string()).unwrap();
}
