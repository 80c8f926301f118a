//! Manifests: read as stored, in as few requests as possible, written as they are.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use bytes::Bytes;
use common::*;
use lambark_oci::media_type::{ACCEPT, DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, OCI_MANIFEST};
use lambark_oci::{Digest, Document, MediaType};
use lambark_registry::Error;
use lambark_testkit::scripted::{Behaviour, Conversion, Rule, ScriptedRegistry};

#[test]
fn a_manifest_by_tag_is_one_request_with_all_four_types() {
    let registry = ScriptedRegistry::start();
    let (digest, bytes) = seed_image(&registry, "team/app", "v1");
    let document = run(client().manifest(&place(&registry, "team/app"), &tag("v1"), None)).unwrap();
    assert_eq!((document.digest(), document.bytes()), (&digest, &bytes));
    let requests = registry.requests();
    assert_eq!(registry.lines(), ["GET /v2/team/app/manifests/v1"]);
    let accepted: Vec<&str> =
        requests[0].headers.iter().filter(|(name, _)| name == "accept").map(|(_, value)| value.as_str()).collect();
    assert_eq!(accepted, ACCEPT);
    assert_eq!(requests[0].header("authorization"), None);
    assert!(requests[0].header("user-agent").unwrap().starts_with("lambark/"));
}

#[test]
fn a_converted_manifest_is_read_again_by_digest() {
    let registry = ScriptedRegistry::with(Behaviour { conversion: Conversion::Always, ..Behaviour::default() });
    let (digest, bytes) = seed_image(&registry, "app", "v1");
    let document = run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap();
    assert_eq!((document.digest(), document.bytes()), (&digest, &bytes));
    assert_eq!(document.media_type().as_str(), OCI_MANIFEST);
    assert_eq!(registry.requests().len(), 2);
}

#[test]
fn a_lying_type_or_digest_header_leads_to_the_digest() {
    let registry = ScriptedRegistry::start();
    let (digest, _) = seed_image(&registry, "app", "v1");
    registry.rule(Rule::on("GET", "*/manifests/v1").times(1).header("content-type", DOCKER_MANIFEST));
    let document = run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap();
    assert_eq!((document.digest(), document.media_type().as_str()), (&digest, OCI_MANIFEST));
    assert_eq!(registry.lines(), ["GET /v2/app/manifests/v1".to_owned(), format!("GET /v2/app/manifests/{digest}")]);

    let absent = Digest::of(b"other");
    registry.rule(Rule::on("GET", "*/manifests/v1").times(1).header("docker-content-digest", absent.as_str()));
    let error = run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains(absent.as_str()), "{error}");
}

#[test]
fn missing_headers_are_made_up_for() {
    let registry = ScriptedRegistry::with(Behaviour { names_digests: false, ..Behaviour::default() });
    let (digest, bytes) = seed_image(&registry, "app", "v1");
    registry.rule(Rule::on("GET", "*/manifests/*").times(1).without_header("content-type"));
    let document = run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap();
    assert_eq!((document.digest(), registry.requests().len()), (&digest, 1));
    let found = run(client().head_manifest(&place(&registry, "app"), &tag("v1"))).unwrap().unwrap();
    assert_eq!((found.digest, found.size), (digest, bytes.len() as u64));
}

#[test]
fn other_bytes_than_the_digest_says_are_refused() {
    let registry = ScriptedRegistry::start();
    let (digest, bytes) = seed_image(&registry, "app", "v1");
    let mut altered = bytes.to_vec();
    altered.push(b' ');
    registry.rule(Rule::on("GET", "*").body(altered));
    let error = run(client().manifest(&place(&registry, "app"), &by(&digest), None)).unwrap_err();
    assert!(matches!(&error, Error::DigestMismatch { .. }) && error.is_content(), "{error}");
    assert!(error.to_string().contains(digest.as_str()), "{error}");
}

#[test]
fn what_is_no_manifest_says_what_it_is() {
    let registry = ScriptedRegistry::start();
    seed_image(&registry, "app", "v1");
    let read = || run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap_err().to_string();
    for (rule, words) in [
        (Rule::on("GET", "*").html(200, "Sign in"), "begins with `<html>"),
        (Rule::on("GET", "*").html(404, "Not here"), "not found: an HTML page titled `Not here`"),
        (Rule::on("GET", "*").html(403, "Blocked"), "denied: an HTML page titled `Blocked`"),
        (Rule::on("GET", "*").answer(200).body("{\"schemaVersion\":2,\"lay"), "is not JSON"),
        (Rule::on("GET", "*").answer(200), "is not JSON"),
        (Rule::on("GET", "*").answer(418).body("teapot\u{1b}[2J"), "HTTP 418 I'm a teapot: teapot [2J"),
        (Rule::on("GET", "*").error(404, "NAME_UNKNOWN", "no such repository"), "NAME_UNKNOWN: no such repository"),
    ] {
        registry.rule(rule);
        let error = read();
        assert!(error.contains(words) && error.contains("GET http://127.0.0.1"), "{error}");
        registry.clear_rules();
    }
}

#[test]
fn an_endless_manifest_is_given_up() {
    let registry = ScriptedRegistry::start();
    seed_image(&registry, "app", "v1");
    for rule in [Rule::on("GET", "*").endless(), Rule::on("GET", "*").content_length(5_000_000_000)] {
        registry.rule(rule);
        let client = client();
        let error = run(client.manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap_err();
        assert!(matches!(&error, Error::TooLarge { .. }), "{error}");
        assert!(client.traffic().bytes_received < 20 * 1024 * 1024);
        assert_eq!(client.traffic().requests, 1);
        registry.clear_rules();
    }
}

#[test]
fn a_look_without_reading() {
    let registry = ScriptedRegistry::start();
    let (digest, bytes) = seed_image(&registry, "app", "v1");
    let (client, app) = (client(), place(&registry, "app"));
    let found = run(client.head_manifest(&app, &tag("v1"))).unwrap().unwrap();
    assert_eq!((found.digest, found.size, found.media_type.as_str()), (digest, bytes.len() as u64, OCI_MANIFEST));
    assert_eq!(run(client.head_manifest(&app, &tag("v2"))).unwrap(), None);
    assert_eq!(registry.lines(), ["HEAD /v2/app/manifests/v1", "HEAD /v2/app/manifests/v2"]);
    registry.rule(Rule::on("HEAD", "*").answer(400));
    let error = run(client.head_manifest(&app, &tag("v1"))).unwrap_err().to_string();
    assert!(error.contains("ECR answers so when it takes the tag for malformed"), "{error}");
}

#[test]
fn a_head_with_the_length_of_its_own_body_tells_no_size() {
    let registry = ScriptedRegistry::start();
    let (digest, bytes) = seed_image(&registry, "app", "v1");
    let blob = registry.put_blob("app", b"blob".as_slice());
    registry.rule(Rule::on("HEAD", "*").header("content-length", "0"));
    let (client, app) = (client(), place(&registry, "app"));
    let found = run(client.head_manifest(&app, &tag("v1"))).unwrap().unwrap();
    assert_eq!((found.digest, found.size), (digest, bytes.len() as u64));
    assert_eq!(run(client.blob_exists(&app, &blob)).unwrap().unwrap().size, None);
}

#[test]
fn a_signed_manifest_of_schema_1_is_named_by_what_was_signed() {
    let registry = ScriptedRegistry::start();
    let payload = "{\n   \"schemaVersion\": 1,\n   \"fsLayers\": []\n}";
    // {"formatLength":42,"formatTail":"Cn0"}
    let protected = "eyJmb3JtYXRMZW5ndGgiOjQyLCJmb3JtYXRUYWlsIjoiQ24wIn0";
    let signed = payload.replace("\n}", &format!(",\n   \"signatures\": [{{\"protected\": \"{protected}\"}}]\n}}"));
    let digest = Digest::of(payload.as_bytes());
    registry.put_manifest("app", Some("v1"), DOCKER_SCHEMA1_SIGNED, signed.clone());
    let app = place(&registry, "app");
    registry.rule(Rule::on("GET", "*/v1").header("docker-content-digest", digest.as_str()));
    let answer = Rule::on("GET", &format!("*/{digest}")).answer(200).body(signed.clone());
    registry.rule(answer.header("content-type", DOCKER_SCHEMA1_SIGNED));
    for target in [tag("v1"), by(&digest)] {
        registry.forget_requests();
        let document = run(client().manifest(&app, &target, None)).unwrap();
        assert_eq!(document.document(), &Document::Schema1);
        assert_eq!((document.bytes().as_ref(), registry.requests().len()), (signed.as_bytes(), 1));
    }
}

#[test]
fn signatures_lend_their_digest_to_nothing_but_schema_1() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let registry = ScriptedRegistry::start();
    let (digest, bytes) = seed_image(&registry, "app", "v1");
    // Another manifest, with all of the true one after its first byte among its "signatures".
    let tail = URL_SAFE_NO_PAD.encode(&bytes[1..]);
    let protected = URL_SAFE_NO_PAD.encode(format!(r#"{{"formatLength":1,"formatTail":"{tail}"}}"#));
    let other = manifest_of(&Digest::of(b"evil"), &Digest::of(b"evil"));
    let mut other: serde_json::Value = serde_json::from_slice(&other).unwrap();
    other["signatures"] = serde_json::json!([{ "protected": protected }]);
    registry.rule(Rule::on("GET", "*").body(other.to_string()));
    for target in [tag("v1"), by(&digest)] {
        let error = run(client().manifest(&place(&registry, "app"), &target, None)).unwrap_err();
        assert!(matches!(&error, Error::DigestMismatch { .. }), "{error}");
    }
}

#[test]
fn a_written_manifest_is_stored_byte_for_byte() {
    for registry in [ScriptedRegistry::start(), ScriptedRegistry::ecr()] {
        let (digest, bytes) = seed_image(&registry, "app", "v1");
        let client = client_as(&registry, "AWS", "tok");
        let app = place(&registry, "app");
        let media_type = MediaType::new(OCI_MANIFEST);
        let put = run(client.put_manifest(&app, &tag("v2"), &media_type, bytes.clone())).unwrap();
        assert_eq!((&put.digest, put.was_there), (&digest, false));
        assert_eq!(registry.tagged("app", "v2"), Some(digest.clone()));
        assert_eq!(registry.manifest("app", &digest), Some((media_type.clone(), bytes.clone())));
        run(client.put_manifest(&app, &by(&digest), &media_type, bytes.clone())).unwrap();
        let wrong = run(client.put_manifest(&app, &by(&Digest::of(b"x")), &media_type, bytes)).unwrap_err();
        assert!(matches!(wrong, Error::DigestMismatch { .. }), "{wrong}");
        assert_eq!(registry.mutations(), 2 + usize::from(registry.requests()[0].status == 401));
    }
}

#[test]
fn an_immutable_tag_is_refused_unless_it_is_there_already() {
    let registry = ScriptedRegistry::ecr();
    registry.behave(|behaviour| behaviour.immutable_tags = true);
    let (digest, bytes) = seed_image(&registry, "app", "v1");
    let client = client_as(&registry, "AWS", "tok");
    let (app, media_type) = (place(&registry, "app"), MediaType::new(OCI_MANIFEST));
    let same = run(client.put_manifest(&app, &tag("v1"), &media_type, bytes.clone())).unwrap();
    assert!(same.was_there);
    let other = Bytes::from([&bytes[..], b"\n"].concat());
    let error = run(client.put_manifest(&app, &tag("v1"), &media_type, other)).unwrap_err();
    assert!(matches!(&error, Error::ImmutableTag { .. }), "{error}");
    let words = "TAG_INVALID: The image tag 'v1' already exists in the 'app' repository and cannot be overwritten because \
                 the repository is immutable.";
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(registry.tagged("app", "v1"), Some(digest));
}

#[test]
fn refusals_of_a_write_get_the_names_that_they_deserve() {
    let registry = ScriptedRegistry::start();
    let (_, bytes) = seed_image(&registry, "app", "v1");
    let put = |rule: Rule| {
        registry.clear_rules();
        registry.rule(rule);
        let (app, media_type) = (place(&registry, "app"), MediaType::new(OCI_MANIFEST));
        run(client().put_manifest(&app, &tag("v2"), &media_type, bytes.clone())).unwrap_err()
    };
    let rule = || Rule::on("PUT", "*");
    assert!(matches!(put(rule().error(412, "PRECONDITION", "configured as immutable")), Error::ImmutableTag { .. }));
    assert!(matches!(put(rule().error(409, "CONFLICT", "tag v2 cannot be overwritten")), Error::ImmutableTag { .. }));
    assert!(matches!(put(rule().error(400, "TAG_INVALID", "bad name")), Error::Status { .. }));
    let quota = put(rule().error(403, "DENIED", "the maximum number of images in the repository is reached"));
    assert!(matches!(&quota, Error::ImageQuota { .. }), "{quota}");
    assert!(matches!(put(rule().error(403, "DENIED", "no push for you")), Error::Forbidden { .. }));
    let archived = put(rule().error(404, "NAME_UNKNOWN", "archived"));
    assert!(archived.is_not_found(), "{archived}");
    let renamed = put(rule().header("docker-content-digest", Digest::of(b"x").as_str()));
    assert!(matches!(&renamed, Error::DigestMismatch { .. }), "{renamed}");
    let missing = put(rule().error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown"));
    assert!(missing.to_string().contains("MANIFEST_BLOB_UNKNOWN: blob unknown"), "{missing}");
}

#[test]
fn a_cut_write_is_made_again() {
    let registry = ScriptedRegistry::start();
    let (_, bytes) = seed_image(&registry, "app", "v1");
    registry.rule(Rule::on("PUT", "*").times(1).reset_request_at(10));
    registry.rule(Rule::on("PUT", "*").times(1).lose_answer());
    registry.behave(|behaviour| behaviour.immutable_tags = true);
    // The second try is stored and its answer lost; the third is refused, since the tag is immutable and there.
    let (app, media_type) = (place(&registry, "app"), MediaType::new(OCI_MANIFEST));
    let put = run(client().put_manifest(&app, &tag("v2"), &media_type, bytes)).unwrap();
    assert_eq!(registry.tagged("app", "v2"), Some(put.digest));
}
