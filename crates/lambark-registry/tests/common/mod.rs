//! What the dialogue's tests share: an image, quick clients, a runtime each.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::future::Future;
use std::io::{Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lambark_oci::media_type::{OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST};
use lambark_oci::{Descriptor, Digest, MediaType, Reference, Target};
use lambark_registry::auth::Fixed;
use lambark_registry::{Client, Options, RetryPolicy, Source, Timeouts};
use lambark_testkit::scripted::Control;

/// Tries follow each other at once, and what hangs is given up soon.
pub(crate) fn quick() -> Options {
    Options {
        retry: RetryPolicy { attempts: 4, base: Duration::from_millis(2), max: Duration::from_millis(10) },
        timeouts: Timeouts {
            connect: Duration::from_secs(10),
            response: Duration::from_millis(400),
            idle: Duration::from_millis(400),
            commit: Duration::from_millis(800),
        },
        ..Options::default()
    }
}

pub(crate) fn client() -> Client {
    Client::new(quick()).unwrap()
}

pub(crate) fn client_as(registry: &Control, username: &str, password: &str) -> Client {
    let credentials = Arc::new(Fixed::basic(registry.host(), username, password));
    Client::new(Options { credentials, ..quick() }).unwrap()
}

pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

pub(crate) fn place(registry: &Control, rest: &str) -> Reference {
    format!("{}/{rest}", registry.host()).parse().unwrap()
}

pub(crate) fn tag(name: &str) -> Target {
    Target::Tag(name.to_owned())
}

pub(crate) fn by(digest: &Digest) -> Target {
    Target::Digest(digest.clone())
}

/// Bytes that differ from one position to the next, so that a shifted copy never has the same digest.
pub(crate) fn noise(length: usize) -> Bytes {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let bytes: Vec<u8> = (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[3]
        })
        .collect();
    Bytes::from(bytes)
}

/// A source that gives `bytes` each time.
pub(crate) fn source(bytes: &Bytes) -> Source {
    let bytes = bytes.clone();
    Arc::new(move || Ok(Box::new(Cursor::new(bytes.clone())) as Box<dyn Read + Send>))
}

/// An OCI manifest of one config and one layer, both stored.
pub(crate) fn seed_image(registry: &Control, repository: &str, name: &str) -> (Digest, Bytes) {
    let config = registry.put_blob(repository, b"{}".as_slice());
    let layer = registry.put_blob(repository, b"layer".as_slice());
    let bytes = manifest_of(&config, &layer);
    (registry.put_manifest(repository, Some(name), OCI_MANIFEST, bytes.clone()), bytes)
}

pub(crate) fn manifest_of(config: &Digest, layer: &Digest) -> Bytes {
    let config = Descriptor::new(MediaType::new(OCI_CONFIG), config.clone(), 2);
    let layer = Descriptor::new(MediaType::new(OCI_LAYER_GZIP), layer.clone(), 5);
    let value = serde_json::json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer],
    });
    Bytes::from(value.to_string())
}
