//! A twin and a client that says exactly what a test wants it to say.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambark_oci::Digest;
use serde_json::{Value, json};

use crate::oddities::Oddities;
use crate::{Settings, Twin};

/// The account that a twin serves if nothing is said.
pub(crate) const ACCOUNT: &str = "123456789012";

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// Status and code of a registry's error.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["errors"][0]["code"].as_str().unwrap().to_owned())
    }

    pub(crate) fn message(&self) -> String {
        self.json()["errors"][0]["message"].as_str().unwrap().to_owned()
    }
}

/// Sends one request on a connection of its own; `None` where the connection is cut in place of an answer. `url` is
/// whole, or a path at the twin.
pub(crate) fn send(twin: &Twin, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
    let elsewhere = format!("http://localhost:{}", twin.address().port());
    let path = url.strip_prefix(&twin.url()).or_else(|| url.strip_prefix(&elsewhere)).unwrap_or(url);
    assert!(path.starts_with('/'), "{url} is not the twin's");
    send_to(twin, &twin.address().to_string(), method, path, headers, body)
}

/// The same, calling the twin by another name.
pub(crate) fn send_to(
    twin: &Twin,
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Answer> {
    let mut stream = TcpStream::connect(twin.address()).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"\r\n").unwrap();
    // A twin that refuses early may close before it has read all.
    stream.write_all(body).ok();
    read(stream, method == "HEAD")
}

fn read(stream: TcpStream, head: bool) -> Option<Answer> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = Vec::new();
    loop {
        line.clear();
        stream.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut body = Vec::new();
    stream.read_to_end(&mut body).unwrap();
    assert!(!head || body.is_empty(), "a HEAD has no body");
    Some(Answer { status, headers, body })
}

/// A twin with one repository, and a password for it.
pub(crate) struct Bench {
    pub(crate) twin: Twin,
    pub(crate) basic: String,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench::of(Settings::ephemeral())
    }

    pub(crate) fn of(settings: Settings) -> Bench {
        let mut bench = Bench { twin: Twin::start(settings).unwrap(), basic: String::new() };
        let token = bench.ecr("GetAuthorizationToken", &json!({}));
        bench.basic = format!("Basic {}", token["authorizationData"][0]["authorizationToken"].as_str().unwrap());
        bench
    }

    /// With the repository `team/app`.
    pub(crate) fn with_repository() -> Bench {
        let bench = Bench::new();
        bench.ecr("CreateRepository", &json!({ "repositoryName": "team/app" }));
        bench
    }

    /// Changes ECR's ways.
    pub(crate) fn ways(&self, change: impl FnOnce(&mut Oddities)) {
        let mut ways = self.twin.shared().oddities();
        change(&mut ways);
        self.twin.shared().set_oddities(ways);
    }

    /// A request to the registry, signed in.
    pub(crate) fn try_v2(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let mut all = vec![("Authorization", self.basic.as_str())];
        all.extend(headers);
        let url = if path.starts_with("http") { path.to_owned() } else { format!("/v2/{path}") };
        send(&self.twin, method, &url, &all, body)
    }

    pub(crate) fn v2(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_v2(method, path, headers, body).expect("an answer")
    }

    /// A call of ECR's API as `access_key` in `region`.
    pub(crate) fn ecr_as(&self, access_key: &str, region: &str, operation: &str, body: &Value) -> Answer {
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/20261122/{region}/ecr/aws4_request, SignedHeaders=host, \
             Signature=0"
        );
        let target = format!("{}{operation}", crate::ecr::TARGET);
        let headers = [
            ("Authorization", credential.as_str()),
            ("X-Amz-Target", target.as_str()),
            ("Content-Type", "application/x-amz-json-1.1"),
        ];
        send(&self.twin, "POST", "/", &headers, body.to_string().as_bytes()).expect("an answer")
    }

    /// A call that succeeds.
    pub(crate) fn ecr(&self, operation: &str, body: &Value) -> Value {
        let answer = self.ecr_as("test", "us-east-1", operation, body);
        assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
        answer.json()
    }

    /// A call that is refused: code and message.
    pub(crate) fn refused(&self, operation: &str, body: &Value) -> (String, String) {
        let answer = self.ecr_as("test", "us-east-1", operation, body);
        assert_eq!(answer.status, 400, "{operation}: {}", answer.text());
        let body = answer.json();
        (body["__type"].as_str().unwrap().to_owned(), body["message"].as_str().unwrap().to_owned())
    }

    /// Uploads a blob in one go.
    pub(crate) fn blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let begun = self.v2("POST", &format!("{repository}/blobs/uploads/"), &[], b"");
        assert_eq!(begun.status, 202, "{}", begun.text());
        let url = format!("{}?digest={digest}", begun.header("location").unwrap());
        let put = self.v2("PUT", &url, &[], bytes);
        assert_eq!(put.status, 201, "{}", put.text());
        digest
    }

    /// Uploads config and layer of an image and gives its manifest in the words of a family.
    pub(crate) fn image(&self, repository: &str, family: lambark_oci::Family, content: &str) -> Vec<u8> {
        let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
        let layer = format!("layer of {content}");
        let (config_digest, layer_digest) = (self.blob(repository, config), self.blob(repository, layer.as_bytes()));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": family.manifest(),
            "config": { "mediaType": family.config(), "digest": config_digest, "size": config.len() },
            "layers": [{ "mediaType": family.gzip_layer(), "digest": layer_digest, "size": layer.len() }],
        });
        serde_json::to_vec(&manifest).unwrap()
    }

    /// Puts a manifest or index by tag or digest and gives its digest.
    pub(crate) fn put(&self, repository: &str, target: &str, manifest: &[u8]) -> Digest {
        let answer = self.try_put(repository, target, manifest);
        assert_eq!(answer.status, 201, "{}", answer.text());
        Digest::of(manifest)
    }

    pub(crate) fn try_put(&self, repository: &str, target: &str, manifest: &[u8]) -> Answer {
        let value: Value = serde_json::from_slice(manifest).unwrap();
        let kind = value["mediaType"].as_str().unwrap_or("application/json").to_owned();
        self.v2("PUT", &format!("{repository}/manifests/{target}"), &[("Content-Type", &kind)], manifest)
    }
}

/// An index over children, in OCI's words or Docker's.
pub(crate) fn index(media_type: &str, children: &[&[u8]]) -> Vec<u8> {
    let children = children.iter().map(|child| {
        let value: Value = serde_json::from_slice(child).unwrap();
        json!({
            "mediaType": value["mediaType"], "digest": Digest::of(child), "size": child.len(),
            "platform": { "os": "linux", "architecture": "amd64" },
        })
    });
    let body = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": children.collect::<Vec<_>>() });
    serde_json::to_vec(&body).unwrap()
}

/// A registry password that another twin handed out.
pub(crate) fn basic(password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("AWS:{password}")))
}
