//! skopeo, crane, Docker with BuildKit, and our own client push to the twin and pull from it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::process::Command;
use std::sync::Arc;

use common::*;
use lambark_oci::media_type::OCI_INDEX;
use lambark_oci::{Descriptor, Digest, Family, MediaType, Reference};
use lambark_registry::auth::Fixed;
use lambark_registry::{Client, Mount, Options};
use lambark_testkit::images::{Image, Store};
use lambark_testkit::parts::{self, Dockerd};
use lambark_twin::Twin;
use serde_json::Value;

/// An attested image in a layout at `DIR/layout`, tag `v1`.
fn attested(directory: &std::path::Path) -> Store {
    let store = Image::good(Family::Oci).attested("v1");
    store.write_layout(&directory.join("layout"));
    store
}

fn skopeo(arguments: &[&str]) -> Command {
    let mut command = parts::skopeo().unwrap();
    command.args(arguments);
    command
}

#[test]
fn skopeo_pushes_and_pulls() {
    if parts::skopeo().is_none() {
        return;
    }
    let (twin, work) = (twin(), tempfile::tempdir().unwrap());
    create_repository(&twin, "team/app");
    let store = attested(work.path());
    let creds = format!("AWS:{}", password(&twin));
    let image = format!("docker://{}/team/app:v1", host(&twin));
    let layout = format!("oci:{}:v1", work.path().join("layout").display());
    let back = format!("oci:{}:v1", work.path().join("back").display());
    let push = ["copy", "-q", "--all", "--dest-tls-verify=false", "--dest-creds", &creds, &layout, &image];
    succeed(&mut skopeo(&push));
    let raw = succeed(&mut skopeo(&["inspect", "--raw", "--tls-verify=false", "--creds", &creds, &image]));
    assert_eq!(&Digest::of(raw.as_bytes()), &store.top().digest);
    let tags = format!("docker://{}/team/app", host(&twin));
    let tags = succeed(&mut skopeo(&["list-tags", "--tls-verify=false", "--creds", &creds, &tags]));
    assert_eq!(serde_json::from_str::<Value>(&tags).unwrap()["Tags"], serde_json::json!(["v1"]));
    succeed(&mut skopeo(&["copy", "-q", "--all", "--src-tls-verify=false", "--src-creds", &creds, &image, &back]));
    let index = std::fs::read_to_string(work.path().join("back/index.json")).unwrap();
    assert!(index.contains(store.top().digest.as_str()), "{index}");
}

#[test]
fn skopeo_is_refused_as_by_ecr() {
    if parts::skopeo().is_none() {
        return;
    }
    let (twin, work) = (twin(), tempfile::tempdir().unwrap());
    attested(work.path());
    let layout = format!("oci:{}:v1", work.path().join("layout").display());
    let image = format!("docker://{}/absent/app:v1", host(&twin));
    let push = |creds: &str| {
        fail(&mut skopeo(&["copy", "--all", "--dest-tls-verify=false", "--dest-creds", creds, &layout, &image]))
    };
    let words = push(&format!("AWS:{}", password(&twin)));
    assert!(words.contains("EOF") || words.contains("reset"), "a missing repository cuts the connection: {words}");
    let words = push("AWS:wrong");
    assert!(words.contains("authentication required") || words.contains("unauthorized"), "{words}");
}

#[test]
fn crane_pushes_validates_copies_and_pulls() {
    if parts::crane().is_none() {
        return;
    }
    let (twin, work) = (twin(), tempfile::tempdir().unwrap());
    for name in ["team/app", "team/copy"] {
        create_repository(&twin, name);
    }
    login(work.path(), &twin);
    let store = attested(work.path());
    let crane = |arguments: &[&str]| {
        let mut command = parts::crane().unwrap();
        command.env("DOCKER_CONFIG", work.path()).arg("--insecure").args(arguments).current_dir(work.path());
        succeed(&mut command)
    };
    let (image, copy) = (format!("{}/team/app:v1", host(&twin)), format!("{}/team/copy:v1", host(&twin)));
    crane(&["push", "--index", "layout", &image]);
    Image::good(Family::Oci).store("v1").write_layout(&work.path().join("plain"));
    let plain = format!("{}/team/app:plain", host(&twin));
    crane(&["push", "plain", &plain]);
    crane(&["validate", "--remote", &plain]);
    crane(&["copy", &image, &copy]);
    assert_eq!(crane(&["digest", &copy]), crane(&["digest", &image]));
    assert_eq!(crane(&["ls", &format!("{}/team/copy", host(&twin))]).trim(), "v1");
    assert_eq!(crane(&["catalog", &host(&twin)]).trim(), "team/app\nteam/copy");
    crane(&["pull", "--format=oci", &copy, "back"]);
    let index = std::fs::read_to_string(work.path().join("back/index.json")).unwrap();
    let pushed = crane(&["manifest", &image]);
    assert!(index.contains(Digest::of(pushed.as_bytes()).as_str()), "{index}");
    assert!(pushed.contains(store.top().digest.as_str()), "crane wraps the layout's index in one of its own: {pushed}");
}

#[test]
fn docker_builds_pushes_and_pulls() {
    let twin = twin();
    let Some(daemon) = Dockerd::start(&[&host(&twin)]) else { return };
    create_repository(&twin, "team/app");
    let work = tempfile::tempdir().unwrap();
    std::fs::write(work.path().join("app.py"), "def handler(e, c): return e\n").unwrap();
    let dockerfile = "FROM scratch\nCOPY app.py /var/task/\nCMD [\"app.handler\"]\n";
    std::fs::write(work.path().join("Dockerfile"), dockerfile).unwrap();
    let docker = |arguments: &[&str]| {
        let mut command = daemon.docker();
        command.args(arguments).current_dir(work.path());
        succeed(&mut command)
    };
    docker(&["login", "-u", "AWS", "-p", &password(&twin), &host(&twin)]);
    let image = format!("{}/team/app:v1", host(&twin));
    docker(&["buildx", "build", "--push", "-t", &image, "."]);
    let raw = docker(&["buildx", "imagetools", "inspect", "--raw", &image]);
    assert!(raw.contains(OCI_INDEX) && raw.contains("attestation-manifest"), "{raw}");
    docker(&["pull", &image]);
    let plain = format!("{}/team/app:plain", host(&twin));
    docker(&["build", "--provenance=false", "-t", &plain, "."]);
    docker(&["push", &plain]);
    docker(&["image", "rm", &plain]);
    docker(&["pull", &plain]);
}

/// Bytes that nothing compresses, the same each time.
fn noise(length: usize) -> bytes::Bytes {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(length).collect::<Vec<u8>>().into()
}

fn client(twin: &Twin) -> Client {
    let credentials = Arc::new(Fixed::basic(host(twin), "AWS".to_owned(), password(twin)));
    Client::new(Options { credentials, ..Options::default() }).unwrap()
}

#[test]
fn our_own_client_uploads_mounts_resumes_and_reads_back() {
    let twin = twin();
    for name in ["team/app", "team/copy"] {
        create_repository(&twin, name);
    }
    let client = client(&twin);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let place = |name: &str| -> Reference { format!("{}/{name}", host(&twin)).parse().unwrap() };
    let (app, copy) = (place("team/app"), place("team/copy"));
    runtime.block_on(async {
        // Larger than a chunk, so that it goes up in several.
        let layer = noise(23_456_789);
        let (size, digest) = (layer.len() as u64, Digest::of(&layer));
        let source: lambark_registry::Source = {
            let layer = layer.clone();
            Arc::new(move || Ok(Box::new(std::io::Cursor::new(layer.clone()))))
        };
        client.upload_known(&app, &digest, size, &source, None).await.unwrap();
        let known = client.blob_exists(&app, &digest).await.unwrap().unwrap();
        assert_eq!(known.size, Some(size));
        assert!(client.blob_bytes(&app, &digest, Some(size), 1 << 30).await.unwrap() == layer);
        let range = client.blob_range(&app, &digest, 1_000_000, 512).await.unwrap();
        assert_eq!((range.bytes, range.total), (layer.slice(1_000_000..1_000_512), Some(size)));
        match client.mount(&copy, &digest, "team/app").await.unwrap() {
            Mount::Mounted => panic!("ECR mounts nothing across repositories unless asked"),
            Mount::Upload(session) => {
                client.upload_known(&copy, &digest, size, &source, Some(session)).await.unwrap();
            }
        }
        let (streamed, length) = client.upload_unknown(&copy, &source).await.unwrap();
        assert_eq!((streamed, length), (digest.clone(), size));
        let config = client.upload_bytes(&app, bytes::Bytes::from_static(b"{}")).await.unwrap();
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": Family::Docker.manifest(),
            "config": Descriptor::new(Family::Docker.config(), config, 2),
            "layers": [Descriptor::new(Family::Docker.gzip_layer(), digest, size)],
        });
        let manifest = bytes::Bytes::from(manifest.to_string());
        let tag = lambark_oci::Target::Tag("v1".to_owned());
        let kind = MediaType::new(Family::Docker.manifest().as_str());
        client.put_manifest(&app, &tag, &kind, manifest.clone()).await.unwrap();
        assert_eq!(client.manifest(&app, &tag, None).await.unwrap().bytes(), &manifest);
        let absent = client.upload_bytes(&place("absent/app"), bytes::Bytes::from_static(b"x")).await.unwrap_err();
        assert!(!absent.to_string().is_empty());
    });
}
