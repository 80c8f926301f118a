//! Uploads: in one streamed request, past every oddity of ECR.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use common::*;
use lambark_oci::Digest;
use lambark_registry::{Error, Mount, Source};
use lambark_testkit::scripted::{Behaviour, Rule, ScriptedRegistry};

fn both() -> [ScriptedRegistry; 2] {
    let ecr = ScriptedRegistry::ecr();
    ecr.create_repository("app");
    [ScriptedRegistry::start(), ecr]
}

#[test]
fn a_known_blob_is_one_post_and_one_put() {
    for registry in both() {
        let client = client_as(&registry, "AWS", "tok");
        let app = place(&registry, "app");
        // Whoever asks first learns how to sign in.
        run(client.blob_exists(&app, &Digest::of(b"x"))).unwrap();
        registry.forget_requests();
        let bytes = noise(3_000_000);
        let digest = Digest::of(&bytes);
        run(client.upload_known(&app, &digest, 3_000_000, &source(&bytes), None)).unwrap();
        assert!(registry.blob("app", &digest).unwrap() == bytes);
        let requests = registry.requests();
        let methods: Vec<&str> = requests.iter().map(|request| request.method.as_str()).collect();
        assert_eq!(methods, ["POST", "PUT"]);
        assert_eq!(requests[1].header("content-length"), Some("3000000"));
        assert_eq!(requests[1].header("transfer-encoding"), None);
        let traffic = client.traffic();
        assert_eq!((traffic.uploads, traffic.blob_bytes_sent, traffic.bytes_sent), (2, 3_000_000, 3_000_000));
        assert_eq!(run(client.upload_bytes(&app, Bytes::new())).unwrap(), Digest::of(b""));
        assert!(registry.blob("app", &Digest::of(b"")).unwrap().is_empty());
    }
}

#[test]
fn an_unknown_blob_is_hashed_on_its_way() {
    for registry in both() {
        for patch_location in [true, false] {
            registry.behave(|behaviour| behaviour.patch_location = patch_location);
            let client = client_as(&registry, "AWS", "tok");
            let bytes = noise(2_000_001);
            let (digest, size) = run(client.upload_unknown(&place(&registry, "app"), &source(&bytes))).unwrap();
            assert_eq!((&digest, size), (&Digest::of(&bytes), 2_000_001));
            assert!(registry.blob("app", &digest).unwrap() == bytes);
        }
        let methods: Vec<String> = registry.requests().into_iter().map(|request| request.method).collect();
        assert!(methods.ends_with(&["POST".into(), "PATCH".into(), "PUT".into()]), "{methods:?}");
    }
}

#[test]
fn every_success_of_a_patch_counts() {
    for status in [200, 201, 202, 204] {
        let registry = ScriptedRegistry::with(Behaviour { patch_status: status, ..Behaviour::default() });
        let bytes = noise(1_000);
        run(client().upload_unknown(&place(&registry, "app"), &source(&bytes))).unwrap();
        assert_eq!(registry.requests().len(), 3);
    }
}

#[test]
fn failures_on_the_way_start_a_new_upload() {
    let bytes = noise(600_000);
    let digest = Digest::of(&bytes);
    let faults: [fn(Rule) -> Rule; 5] = [
        |rule| rule.reset_request_at(300_000),
        |rule| rule.answer(503),
        |rule| rule.error(416, "BLOB_UPLOAD_INVALID", "blob upload invalid"),
        |rule| rule.error(400, "BLOB_UPLOAD_INVALID", "blob upload invalid"),
        |rule| rule.answer(500),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        for known in [true, false] {
            let registry = ScriptedRegistry::start();
            let method = if known { "PUT" } else { "PATCH" };
            registry.rule(fault(Rule::on(method, "*/uploads/*").times(2)));
            let (client, app) = (client(), place(&registry, "app"));
            if known {
                run(client.upload_known(&app, &digest, 600_000, &source(&bytes), None)).unwrap();
            } else {
                assert_eq!(run(client.upload_unknown(&app, &source(&bytes))).unwrap(), (digest.clone(), 600_000));
            }
            assert!(registry.blob("app", &digest).unwrap() == bytes);
            let starts = registry.requests().iter().filter(|request| request.method == "POST").count();
            assert_eq!(starts, 3, "{number} {known}");
            assert_eq!(client.traffic().retries, 2);
        }
    }
}

#[test]
fn a_lost_answer_is_no_failure_and_nothing_is_sent_twice() {
    let bytes = noise(1_000);
    for known in [true, false] {
        let registry = ScriptedRegistry::start();
        registry.rule(Rule::on("PUT", "*").times(1).lose_answer());
        let (client, app, digest) = (client(), place(&registry, "app"), Digest::of(&bytes));
        if known {
            run(client.upload_known(&app, &digest, 1_000, &source(&bytes), None)).unwrap();
        } else {
            run(client.upload_unknown(&app, &source(&bytes))).unwrap();
        }
        assert!(registry.blob("app", &digest).is_some());
        let bodies = registry.requests().iter().filter(|request| request.body_bytes > 0).count();
        assert_eq!(bodies, 1, "{:?}", registry.lines());
    }
    let registry = ScriptedRegistry::start();
    registry.rule(Rule::on("PATCH", "*").times(1).lose_answer());
    run(client().upload_unknown(&place(&registry, "app"), &source(&bytes))).unwrap();
    assert_eq!(registry.blobs("app"), [Digest::of(&bytes)]);
}

#[test]
fn a_registry_that_stops_reading_is_given_up() {
    let registry = ScriptedRegistry::start();
    registry.rule(Rule::on("PUT", "*").hang());
    let bytes = noise(1_000);
    let digest = Digest::of(&bytes);
    let app = place(&registry, "app");
    let error = run(client().upload_known(&app, &digest, 1_000, &source(&bytes), None)).unwrap_err();
    assert!(matches!(&error, Error::TimedOut { .. }) && error.to_string().contains("no answer within"), "{error}");
}

#[test]
fn pieces_only_where_a_long_body_is_refused() {
    let bytes = noise(12 * 1024 * 1024);
    let digest = Digest::of(&bytes);
    for known in [true, false] {
        let behaviour = Behaviour { largest_body: Some(6 * 1024 * 1024), ..Behaviour::ecr() };
        let registry = ScriptedRegistry::with(behaviour);
        registry.create_repository("app");
        let client = client_as(&registry, "AWS", "tok");
        let app = place(&registry, "app");
        if known {
            run(client.upload_known(&app, &digest, bytes.len() as u64, &source(&bytes), None)).unwrap();
        } else {
            run(client.upload_unknown(&app, &source(&bytes))).unwrap();
        }
        assert!(registry.blob("app", &digest).unwrap() == bytes);
        let pieces = registry.requests().into_iter().filter(|request| request.header("content-range").is_some());
        let ranges: Vec<String> = pieces.filter_map(|piece| piece.header("content-range").map(str::to_owned)).collect();
        assert_eq!(ranges, ["0-5242879", "5242880-10485759", "10485760-12582911"]);
    }
}

#[test]
fn a_registry_may_ask_for_larger_pieces() {
    let registry = ScriptedRegistry::with(Behaviour { largest_body: Some(9 * 1024 * 1024), ..Behaviour::default() });
    registry.rule(Rule::on("POST", "*").header("oci-chunk-min-length", "8388608"));
    let bytes = noise(12 * 1024 * 1024);
    run(client().upload_unknown(&place(&registry, "app"), &source(&bytes))).unwrap();
    let sizes: Vec<u64> = registry.requests().iter().filter(|r| r.status == 202).map(|r| r.body_bytes).collect();
    assert_eq!(sizes, [0, 0, 8_388_608, 4_194_304]);
}

#[test]
fn mounts_and_what_is_left_when_there_is_none() {
    let bytes = noise(1_000);
    let registry = ScriptedRegistry::start();
    let digest = registry.put_blob("base/image", bytes.clone());
    let app = place(&registry, "app");
    assert!(matches!(run(client().mount(&app, &digest, "base/image")).unwrap(), Mount::Mounted));
    assert!(registry.blob("app", &digest).is_some());
    assert_eq!(registry.requests().len(), 1);
    assert_eq!(
        registry.requests()[0].query,
        format!("mount={}&from=base%2Fimage", digest.as_str().replace(':', "%3A"))
    );

    let registry = ScriptedRegistry::ecr();
    registry.put_blob("base", bytes.clone());
    registry.create_repository("app");
    let client = client_as(&registry, "AWS", "tok");
    let app = place(&registry, "app");
    let Mount::Upload(session) = run(client.mount(&app, &digest, "base")).unwrap() else {
        panic!("ECR mounts nothing")
    };
    run(client.upload_known(&app, &digest, 1_000, &source(&bytes), Some(session))).unwrap();
    assert!(registry.blob("app", &digest).is_some());
    let posts = registry.requests().iter().filter(|request| request.method == "POST" && request.status == 202).count();
    assert_eq!(posts, 1, "the upload goes on where the mount left it");

    let registry = ScriptedRegistry::start();
    registry.rule(Rule::on("POST", "*").times(1).error(403, "DENIED", "not from there"));
    let app = place(&registry, "app");
    assert!(matches!(run(common::client().mount(&app, &digest, "base")).unwrap(), Mount::Upload(_)));
}

#[test]
fn ecr_cuts_the_connection_when_the_repository_is_missing() {
    let registry = ScriptedRegistry::ecr();
    let client = client_as(&registry, "AWS", "tok");
    let app = place(&registry, "missing");
    run(client.blob_exists(&app, &Digest::of(b"x"))).unwrap();
    let error = run(client.upload_bytes(&app, Bytes::from_static(b"x"))).unwrap_err();
    assert!(matches!(&error, Error::UploadCut { .. }), "{error}");
    assert!(error.to_string().contains("ECR does so when the repository does not exist"), "{error}");

    let registry = ScriptedRegistry::with(Behaviour { create_on_push: false, ..Behaviour::default() });
    let error = run(common::client().upload_bytes(&place(&registry, "missing"), Bytes::new())).unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("NAME_UNKNOWN"), "{error}");
}

#[test]
fn a_source_that_fails_or_lies_is_the_callers_fault_and_not_tried_again() {
    struct Failing(u32);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 > 20 { Err(io::Error::other("disk on fire")) } else { Ok(buffer.len()) }
        }
    }
    let registry = ScriptedRegistry::start();
    let (client, app) = (client(), place(&registry, "app"));
    let opened = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&opened);
    let failing: Source = Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Failing(0)))
    });
    let error = run(client.upload_unknown(&app, &failing)).unwrap_err();
    assert!(matches!(&error, Error::Source { .. }) && error.to_string().contains("disk on fire"), "{error}");
    assert_eq!(opened.load(Ordering::Relaxed), 1);

    let unopened: Source = Arc::new(|| Err(io::Error::other("no such file")));
    let error = run(client.upload_unknown(&app, &unopened)).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");

    let bytes = noise(1_000);
    for (announced, word) in [(999, "more"), (1_001, "fewer")] {
        let error = run(client.upload_known(&app, &Digest::of(&bytes), announced, &source(&bytes), None)).unwrap_err();
        assert!(error.to_string().contains(&format!("{word} bytes than the {announced}")), "{error}");
    }
    let wrong = run(client.upload_known(&app, &Digest::of(b"x"), 1_000, &source(&bytes), None)).unwrap_err();
    assert!(wrong.to_string().contains("DIGEST_INVALID"), "{wrong}");
    assert!(registry.blobs("app").is_empty());
}

#[test]
fn an_upload_address_elsewhere_gets_no_credentials() {
    let registry = ScriptedRegistry::ecr();
    registry.create_repository("app");
    let location = format!("http://{}/take", registry.storage_host());
    registry.rule(Rule::on("POST", "*").after(1).header("location", &location));
    registry.rule(Rule::on("PUT", "/take").at_storage().answer(201));
    let client = client_as(&registry, "AWS", "tok");
    run(client.upload_bytes(&place(&registry, "app"), Bytes::from_static(b"x"))).unwrap();
    let requests = registry.requests();
    let taken = requests.iter().find(|request| request.path == "/take").unwrap();
    assert_eq!((taken.header("authorization"), taken.body_bytes), (None, 1));
}

#[test]
fn an_upload_without_an_address_is_an_error() {
    let registry = ScriptedRegistry::start();
    registry.rule(Rule::on("POST", "*").answer(202));
    let error = run(client().upload_bytes(&place(&registry, "app"), Bytes::new())).unwrap_err().to_string();
    assert!(error.contains("does not say where"), "{error}");
    registry.clear_rules();
    registry.rule(Rule::on("POST", "/v2/*").redirect("/elsewhere"));
    registry.rule(Rule::on("POST", "/elsewhere").answer(404));
    let error = run(client().upload_bytes(&place(&registry, "app"), Bytes::new())).unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[test]
fn a_download_feeds_an_upload_in_constant_memory() {
    let from = ScriptedRegistry::ecr();
    let bytes = noise(5_000_000);
    let digest = from.put_blob("app", bytes.clone());
    // Cut twice on its way out, and once on its way in: the source is opened twice and continued in between.
    from.rule(Rule::on("GET", "*").at_storage().times(2).reset_response_at(1_000_000));
    let to = ScriptedRegistry::start();
    to.rule(Rule::on("PATCH", "*").times(1).reset_request_at(4_000_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    let (reader, app) = (client_as(&from, "AWS", "tok"), place(&from, "app"));
    let source: Source = {
        let digest = digest.clone();
        Arc::new(move || {
            let blob = handle.block_on(reader.blob(&app, &digest, Some(5_000_000))).map_err(io::Error::other)?;
            Ok(Box::new(blob.into_blocking(&handle)))
        })
    };
    let uploaded = runtime.block_on(client().upload_unknown(&place(&to, "app"), &source)).unwrap();
    assert_eq!(uploaded, (digest.clone(), 5_000_000));
    assert!(to.blob("app", &digest).unwrap() == bytes);
}
