//! A twin to talk to, for the tests of its faces: over real sockets, by a client of a few lines.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use lambark_oci::{Digest, MediaType};
use lambark_testkit::images;
use serde_json::{Value, json};

use crate::clock::Millis;
use crate::scope::Scope;
use crate::store::{Image, Repository};
use crate::{Settings, Twin};

pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/r";
pub(crate) const REGISTRY: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/// A twin under test.
pub(crate) struct Bench {
    pub(crate) twin: Twin,
    /// The caller's access key: twelve digits are an account.
    pub(crate) key: &'static str,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// Whether the body is as long as its header says.
    pub(crate) is_whole: bool,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Status, code and text of an error.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let text = body["message"].as_str().or(body["Message"].as_str()).unwrap_or_default();
        (self.status, self.header("x-amzn-errortype").unwrap_or_default().to_owned(), text.to_owned())
    }
}

impl Bench {
    /// Updates settle after three seconds of the twin's clock.
    pub(crate) fn new() -> Bench {
        Bench::with(Settings { settle: Duration::from_secs(3), ..Settings::ephemeral() })
    }

    pub(crate) fn with(settings: Settings) -> Bench {
        Bench { twin: Twin::start(settings).unwrap(), key: "test" }
    }

    pub(crate) fn settle(&self) {
        self.twin.control().advance(Duration::from_secs(3));
    }

    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &[], body.as_bytes()).unwrap()
    }

    /// Sends a request; `None` if the connection is cut before an answer.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.twin.address()).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: twin\r\nconnection: close\r\n");
        head += &format!("content-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            let key = self.key;
            head += &format!(
                "authorization: AWS4-HMAC-SHA256 Credential={key}/20261122/us-east-1/lambda/aws4_request, \
                 SignedHeaders=host, Signature=0\r\n"
            );
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        // A connection that is cut may end in a reset.
        let _ = stream.read_to_end(&mut answer);
        read(&answer)
    }

    pub(crate) fn repository(&self, scope: &Scope, name: &str) {
        self.twin.shared().store.create(Repository::new(scope.clone(), name.to_owned(), Millis(1))).unwrap();
    }

    /// Puts an image into a repository of the caller's.
    pub(crate) fn push(&self, repository: &str, objects: &images::Store) {
        self.push_to(&here(), repository, objects);
    }

    pub(crate) fn push_to(&self, scope: &Scope, name: &str, objects: &images::Store) {
        self.repository(scope, name);
        let store = &self.twin.shared().store;
        for blob in &objects.blobs {
            let mut writer = store.writer().unwrap();
            writer.write(blob).unwrap();
            assert!(store.add_layer(scope, name, writer).unwrap());
        }
        for (media_type, bytes) in &objects.manifests {
            let digest = Digest::of(bytes);
            let image = image(&digest, media_type);
            let change = |stored: &mut Repository| {
                stored.images.insert(digest.clone(), image);
                Ok::<(), Infallible>(())
            };
            store.add_manifest(scope, name, bytes, change).unwrap().unwrap().unwrap();
        }
        self.edit(scope, name, |stored| {
            stored.tags.extend(objects.tags.iter().map(|(tag, object)| (tag.clone(), object.digest.clone())));
        });
    }

    /// Changes a repository behind everybody's back.
    pub(crate) fn edit(&self, scope: &Scope, name: &str, edit: impl FnOnce(&mut Repository)) {
        let changed = self.twin.shared().store.change(scope, name, |stored| {
            edit(stored);
            Ok::<(), Infallible>(())
        });
        changed.unwrap().unwrap().unwrap();
    }

    /// Makes a function of an image in `app`, and the image if it is not there.
    pub(crate) fn function(&self, name: &str) -> Answer {
        self.push("app", &images::Image::good(lambark_oci::Family::Docker).store("v1"));
        self.create(name, &format!("{REGISTRY}/app:v1"))
    }

    pub(crate) fn create(&self, name: &str, uri: &str) -> Answer {
        let body = json!({ "FunctionName": name, "PackageType": "Image", "Code": { "ImageUri": uri }, "Role": ROLE });
        self.call("POST", "/2015-03-31/functions", &body)
    }

    /// A function that is `Active`.
    pub(crate) fn active(&self, name: &str) {
        assert_eq!(self.function(name).status, 201);
        self.settle();
        assert_eq!(self.get(name)["State"], "Active");
    }

    /// A function's configuration.
    pub(crate) fn get(&self, name: &str) -> Value {
        let answer = self.call("GET", &format!("/2015-03-31/functions/{name}"), &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()["Configuration"].clone()
    }
}

pub(crate) fn here() -> Scope {
    Scope { account: "123456789012".to_owned(), region: "us-east-1".to_owned() }
}

fn image(digest: &Digest, media_type: &str) -> Image {
    Image {
        digest: digest.clone(),
        media_type: MediaType::new(media_type),
        size: 0,
        artifact_type: None,
        subject: None,
        layers: BTreeSet::new(),
        children: BTreeSet::new(),
        pushed_at: Millis(1),
        pulled_at: None,
        archived: false,
        archived_at: None,
        activated_at: None,
    }
}

fn read(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let body = answer[end + 4..].to_vec();
    let is_whole = headers.get("content-length").is_none_or(|length| *length == body.len().to_string());
    Some(Answer { status, headers, body, is_whole })
}
