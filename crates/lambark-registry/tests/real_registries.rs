//! The whole dialogue with registries that somebody else wrote: Debian's docker-registry in four flavours, and crane.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;

use bytes::Bytes;
use common::*;
use lambark_oci::media_type::{OCI_CONFIG, OCI_EMPTY, OCI_LAYER_GZIP, OCI_MANIFEST};
use lambark_oci::{Descriptor, Digest, MediaType, Reference};
use lambark_registry::auth::Fixed;
use lambark_registry::{CaBundle, Client, Credentials, Error, Mount, Options};
use lambark_testkit::parts::{CraneRegistry, DockerRegistry, Flavour};

/// Time limits of real life: these registries share a machine with builds.
fn options() -> Options {
    Options { retry: quick().retry, ..Options::default() }
}

fn client_of(registry: &DockerRegistry) -> Client {
    let credentials: Arc<dyn Credentials> = match registry.credentials() {
        Some((username, password)) => Arc::new(Fixed::basic(registry.host(), username, password)),
        None => Arc::new(lambark_registry::auth::Anonymous),
    };
    let ca_certificates = registry.ca_file().map(|path| CaBundle::read("the test", &path).unwrap());
    let ca_certificates = ca_certificates.into_iter().collect();
    Client::new(Options { credentials, ca_certificates, ..options() }).unwrap()
}

fn artifact(config: &Bytes, layer: &Bytes, subject: Option<&Descriptor>) -> Bytes {
    let mut value = serde_json::json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": Descriptor::of(MediaType::new(OCI_CONFIG), config),
        "layers": [Descriptor::of(MediaType::new(OCI_LAYER_GZIP), layer)],
    });
    if let Some(subject) = subject {
        value["subject"] = serde_json::to_value(subject).unwrap();
        value["config"]["mediaType"] = OCI_EMPTY.into();
    }
    Bytes::from(value.to_string())
}

/// Everything that the client can, once.
fn dialogue(client: &Client, app: &Reference, other: &Reference) {
    let (config, layer) = (Bytes::from_static(b"{}"), noise(3_000_000));
    let (media_type, blob) = (MediaType::new(OCI_MANIFEST), Digest::of(&layer));
    assert_eq!(run(client.blob_exists(app, &blob)).unwrap(), None);
    assert_eq!(run(client.head_manifest(app, &tag("v1"))).unwrap(), None);
    assert!(run(client.manifest(app, &tag("v1"), None)).unwrap_err().is_not_found());

    run(client.upload_bytes(app, config.clone())).unwrap();
    run(client.upload_known(app, &blob, 3_000_000, &source(&layer), None)).unwrap();
    assert_eq!(run(client.blob_exists(app, &blob)).unwrap().unwrap().size, Some(3_000_000));
    let second = noise(1_234_567);
    let (digest, size) = run(client.upload_unknown(app, &source(&second))).unwrap();
    assert_eq!((digest, size), (Digest::of(&second), 1_234_567));

    let manifest = artifact(&config, &layer, None);
    let before = client.traffic();
    let put = run(client.put_manifest(app, &tag("v1"), &media_type, manifest.clone())).unwrap();
    let read = run(client.manifest(app, &tag("v1"), None)).unwrap();
    assert_eq!((read.bytes(), read.digest()), (&manifest, &put.digest));
    assert_eq!(client.traffic().since(&before).requests, 2);
    assert_eq!(run(client.manifest(app, &by(&put.digest), None)).unwrap(), read);
    assert_eq!(run(client.head_manifest(app, &tag("v1"))).unwrap().unwrap(), read.descriptor());

    assert!(run(client.blob_bytes(app, &blob, Some(3_000_000), 1 << 30)).unwrap() == layer);
    let range = run(client.blob_range(app, &blob, 1_000_000, 512)).unwrap();
    assert_eq!((range.bytes, range.total), (layer.slice(1_000_000..1_000_512), Some(3_000_000)));
    assert_eq!(run(client.blob_range(app, &blob, 2_999_999, 512)).unwrap().bytes, layer.slice(2_999_999..));

    match run(client.mount(other, &blob, app.repository())).unwrap() {
        Mount::Mounted => {}
        Mount::Upload(session) => {
            run(client.upload_known(other, &blob, 3_000_000, &source(&layer), Some(session))).unwrap();
        }
    }
    assert!(run(client.blob_exists(other, &blob)).unwrap().is_some());

    let statement = artifact(&config, &layer, Some(&read.descriptor()));
    let about = Descriptor::of(media_type.clone(), &statement);
    let put = run(client.put_manifest(app, &by(&about.digest), &media_type, statement)).unwrap();
    assert!(!put.subject_listed, "neither of them keeps a list");
    run(client.add_to_referrers_tag(app, read.digest(), &about)).unwrap().unwrap();
    let found = run(client.referrers(app, read.digest(), None)).unwrap();
    assert_eq!((found.descriptors.len(), found.by_registry), (1, false));
    assert_eq!(found.descriptors[0].digest, about.digest);
}

fn with_docker_registry(flavour: Flavour) {
    let Some(registry) = DockerRegistry::start(flavour) else { return };
    let at = |name: &str| format!("{}/{name}", registry.host()).parse().unwrap();
    dialogue(&client_of(&registry), &at("team/app"), &at("other"));
}

#[test]
fn docker_registry_plain() {
    with_docker_registry(Flavour::Plain);
}

#[test]
fn docker_registry_basic() {
    with_docker_registry(Flavour::Basic);
}

#[test]
fn docker_registry_tls() {
    with_docker_registry(Flavour::Tls);
}

#[test]
fn docker_registry_token() {
    with_docker_registry(Flavour::Token);
}

#[test]
fn crane_registry() {
    let Some(registry) = CraneRegistry::start() else { return };
    let at = |name: &str| format!("{}/{name}", registry.host()).parse().unwrap();
    dialogue(&Client::new(options()).unwrap(), &at("team/app"), &at("other"));
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let Some(registry) = DockerRegistry::start(Flavour::Tls) else { return };
    let app = format!("{}/app", registry.host()).parse().unwrap();
    let error = run(Client::new(options()).unwrap().manifest(&app, &tag("v1"), None)).unwrap_err();
    assert!(matches!(&error, Error::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(registry.requests().iter().all(|request| request.status == 400), "nothing went through");
}

#[test]
fn the_other_name_of_the_certificate_does_too() {
    let Some(registry) = DockerRegistry::start(Flavour::Tls) else { return };
    let ca = CaBundle::read("the test", &registry.ca_file().unwrap()).unwrap();
    let credentials = Arc::new(Fixed::basic(registry.localhost(), "AWS", "tok"));
    let client = Client::new(Options { credentials, ca_certificates: vec![ca], ..options() }).unwrap();
    let app = format!("{}/app", registry.localhost()).parse().unwrap();
    run(client.upload_bytes(&app, Bytes::new())).unwrap();
}

#[test]
fn wrong_and_missing_credentials() {
    let Some(registry) = DockerRegistry::start(Flavour::Basic) else { return };
    let app: Reference = format!("{}/app", registry.host()).parse().unwrap();
    let wrong = Arc::new(Fixed::basic(registry.host(), "AWS", "hunter2"));
    for credentials in [wrong as Arc<dyn Credentials>, Arc::new(lambark_registry::auth::Anonymous)] {
        let client = Client::new(Options { credentials, ..options() }).unwrap();
        let error = run(client.manifest(&app, &tag("v1"), None)).unwrap_err();
        assert!(error.is_auth() && !error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn anybody_may_pull_and_not_everybody_push() {
    let Some(registry) = DockerRegistry::start(Flavour::Token) else { return };
    let app: Reference = format!("{}/app", registry.host()).parse().unwrap();
    let (config, layer) = (Bytes::from_static(b"{}"), noise(1_000));
    let owner = client_of(&registry);
    run(owner.upload_bytes(&app, config.clone())).unwrap();
    run(owner.upload_bytes(&app, layer.clone())).unwrap();
    let manifest = artifact(&config, &layer, None);
    run(owner.put_manifest(&app, &tag("v1"), &MediaType::new(OCI_MANIFEST), manifest.clone())).unwrap();
    let anybody = Client::new(options()).unwrap();
    assert_eq!(run(anybody.manifest(&app, &tag("v1"), None)).unwrap().bytes(), &manifest);
    let error = run(anybody.upload_bytes(&app, config)).unwrap_err();
    assert!(error.is_auth(), "{error}");
}

#[test]
fn tokens_that_end_soon_are_renewed() {
    let Some(registry) = DockerRegistry::start(Flavour::Token) else { return };
    // Shorter than the margin that is kept: no token is used for a second request, and none fails.
    registry.set_token_lifetime(4);
    let app: Reference = format!("{}/app", registry.host()).parse().unwrap();
    let client = client_of(&registry);
    run(client.upload_bytes(&app, noise(10_000))).unwrap();
    assert!(registry.tokens_issued() >= 2, "{}", registry.tokens_issued());
}
