//! Blobs: looked for, read in part, streamed whole past whatever goes wrong.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::Read;

use bytes::Bytes;
use common::*;
use futures_util::TryStreamExt;
use lambark_oci::Digest;
use lambark_registry::{Client, Error};
use lambark_testkit::scripted::{Behaviour, Control, Place, Rule, ScriptedRegistry};
use proptest::prelude::*;

fn read(client: &Client, registry: &Control, digest: &Digest, size: Option<u64>) -> Result<Bytes, Error> {
    run(client.blob_bytes(&place(registry, "app"), digest, size, 1 << 30))
}

#[test]
fn a_blob_is_one_request_and_verified() {
    let registry = ScriptedRegistry::start();
    let bytes = noise(1_000_000);
    let digest = registry.put_blob("app", bytes.clone());
    let client = client();
    for size in [Some(1_000_000), None] {
        assert_eq!(read(&client, &registry, &digest, size).unwrap(), bytes);
    }
    let traffic = client.traffic();
    assert_eq!((traffic.requests, traffic.blob_gets, traffic.blob_bytes_received), (2, 2, 2_000_000));
    let empty = registry.put_blob("app", Bytes::new());
    for size in [Some(0), None] {
        assert!(read(&client, &registry, &empty, size).unwrap().is_empty());
    }
    let missing = read(&client, &registry, &Digest::of(b"missing"), None).unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
}

#[test]
fn as_a_stream_and_as_a_blocking_reader() {
    let registry = ScriptedRegistry::start();
    let bytes = noise(3_000_000);
    let digest = registry.put_blob("app", bytes.clone());
    let (client, app) = (client(), place(&registry, "app"));
    let streamed: Vec<Bytes> = run(async {
        let reader = client.blob(&app, &digest, None).await.unwrap();
        reader.into_stream().try_collect().await.unwrap()
    });
    assert!(streamed.concat() == bytes);

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let reader = runtime.block_on(client.blob(&app, &digest, Some(3_000_000))).unwrap();
    let mut blocking = reader.into_blocking(runtime.handle());
    let mut collected = Vec::new();
    blocking.read_to_end(&mut collected).unwrap();
    assert!(collected == bytes);

    registry.rule(Rule::on("GET", "*").body(noise(2_999_999)));
    let reader = runtime.block_on(client.blob(&app, &digest, None)).unwrap();
    let error = reader.into_blocking(runtime.handle()).read_to_end(&mut collected).unwrap_err();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    assert!(matches!(inner, Some(Error::DigestMismatch { .. })), "{error}");
}

#[test]
fn a_download_that_is_given_up_is_not_the_end_of_the_blob() {
    let registry = ScriptedRegistry::start();
    let bytes = noise(1_000_000);
    let digest = registry.put_blob("app", bytes);
    registry.rule(Rule::on("GET", "*").stall_response_at(1_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let reader = runtime.block_on(client().blob(&place(&registry, "app"), &digest, None)).unwrap();
    let mut blocking = reader.into_blocking(runtime.handle());
    runtime.shutdown_background();
    let error = blocking.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn cuts_stalls_and_short_bodies_are_continued_where_they_were() {
    let registry = ScriptedRegistry::start();
    let bytes = noise(300_000);
    let digest = registry.put_blob("app", bytes.clone());
    let faults: [fn(Rule) -> Rule; 5] = [
        |rule| rule.reset_response_at(100_000),
        |rule| rule.stall_response_at(100_000),
        |rule| rule.truncate(100_000),
        |rule| rule.content_length(100_000),
        |rule| rule.content_length(400_000),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        for size in [Some(300_000), None] {
            registry.forget_requests();
            registry.rule(fault(Rule::on("GET", "*").times(1)));
            assert!(read(&client(), &registry, &digest, size).unwrap() == bytes, "{number} {size:?}");
            let requests = registry.requests();
            // A length announced too large costs nothing: the digest says that all is there.
            let range = if size.is_some() { "bytes=100000-299999" } else { "bytes=100000-" };
            let continued = if number == 4 { None } else { Some(range) };
            assert_eq!(requests.get(1).and_then(|request| request.header("range")), continued, "{number} {size:?}");
            assert_eq!(requests.len(), 1 + usize::from(continued.is_some()));
        }
    }
}

#[test]
fn a_server_that_ignores_ranges_starts_over_and_nothing_is_lost() {
    let registry = ScriptedRegistry::with(Behaviour { ranges: false, ..Behaviour::default() });
    let bytes = noise(300_000);
    let digest = registry.put_blob("app", bytes.clone());
    registry.rule(Rule::on("GET", "*").times(2).reset_response_at(200_000));
    registry.rule(Rule::on("GET", "*").times(1).reset_response_at(250_000));
    assert!(read(&client(), &registry, &digest, Some(300_000)).unwrap() == bytes);
}

#[test]
fn a_server_that_refuses_ranges_is_asked_for_everything() {
    let registry = ScriptedRegistry::start();
    let bytes = noise(1_000);
    let digest = registry.put_blob("app", bytes.clone());
    for size in [Some(1_000), None] {
        registry.rule(Rule::on("GET", "*").times(1).reset_response_at(400));
        registry.rule(Rule::on("GET", "*").times(1).answer(416));
        assert_eq!(read(&client(), &registry, &digest, size).unwrap(), bytes);
        assert_eq!(registry.requests().last().unwrap().header("range"), None);
    }
    registry.rule(Rule::on("GET", "*").times(1).answer(416));
    let range = run(client().blob_range(&place(&registry, "app"), &digest, 990, 512)).unwrap();
    assert_eq!((range.bytes, range.total), (bytes.slice(990..), Some(1_000)));
    registry.rule(Rule::on("GET", "*").answer(416));
    let error = read(&client(), &registry, &digest, None).unwrap_err();
    assert!(matches!(&error, Error::Status { status, .. } if status.as_u16() == 416), "{error}");
}

#[test]
fn a_server_that_continues_elsewhere_is_refused() {
    let registry = ScriptedRegistry::start();
    let digest = registry.put_blob("app", noise(1_000));
    registry.rule(Rule::on("GET", "*").times(1).reset_response_at(500));
    registry.rule(Rule::on("GET", "*").header("content-range", "bytes 499-999/1000"));
    let error = read(&client(), &registry, &digest, Some(1_000)).unwrap_err();
    assert!(error.to_string().contains("asked for the bytes from 500, it sent others"), "{error}");
}

#[test]
fn continuing_ends() {
    let registry = ScriptedRegistry::start();
    let digest = registry.put_blob("app", noise(1_000));
    registry.rule(Rule::on("GET", "*").reset_response_at(0));
    let client = client();
    let error = read(&client, &registry, &digest, Some(1_000)).unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. } | Error::SizeMismatch { .. }), "{error}");
    assert!(registry.requests().len() <= 5, "{:?}", registry.lines());
    // One byte at a time is progress, yet not for ever.
    registry.clear_rules();
    registry.forget_requests();
    registry.rule(Rule::on("GET", "*").reset_response_at(1));
    assert!(read(&client, &registry, &digest, Some(1_000)).is_err());
    assert!(registry.requests().len() <= 110, "{}", registry.requests().len());
}

#[test]
fn other_bytes_and_wrong_sizes_are_told_apart() {
    let registry = ScriptedRegistry::start();
    let bytes = noise(10_000);
    let digest = registry.put_blob("app", bytes.clone());
    let attempt = |size| read(&client(), &registry, &digest, size).unwrap_err();
    let short = attempt(Some(20_000));
    assert!(matches!(short, Error::SizeMismatch { expected: 20_000, actual: 10_000, .. }), "{short}");
    let long = attempt(Some(5_000));
    assert!(matches!(long, Error::SizeMismatch { expected: 5_000, .. }), "{long}");
    assert_eq!(registry.requests().len(), 2);
    let mut altered = bytes.to_vec();
    altered[5_000] ^= 1;
    registry.rule(Rule::on("GET", "*").body(altered));
    for size in [Some(10_000), None] {
        let error = attempt(size);
        assert!(matches!(error, Error::DigestMismatch { .. }) && error.is_content(), "{error}");
    }
}

#[test]
fn a_blob_larger_than_allowed_is_given_up() {
    let registry = ScriptedRegistry::start();
    let digest = registry.put_blob("app", noise(10));
    registry.rule(Rule::on("GET", "*").endless());
    let client = client();
    let error = run(client.blob_bytes(&place(&registry, "app"), &digest, None, 1_000_000)).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 1_000_000, .. }), "{error}");
    assert!(client.traffic().bytes_received < 4_000_000);
    for size in [52_000 * 1024 * 1024 + 1, u64::MAX] {
        let error = read(&client, &registry, &digest, Some(size)).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
    assert_eq!(client.traffic().requests, 1, "what is too large by its own word is not asked for");
}

#[test]
fn ranges() {
    let bytes = noise(100_000);
    for (ranges, storage) in [(true, false), (false, false), (true, true), (false, true)] {
        let registry = ScriptedRegistry::with(Behaviour { ranges, storage, ..Behaviour::default() });
        let digest = registry.put_blob("app", bytes.clone());
        let (client, app) = (client(), place(&registry, "app"));
        for (offset, length) in [(0_u64, 512_u64), (99_990, 10), (99_990, 100), (50_000, 1), (0, 100_000), (7, 0)] {
            let range = run(client.blob_range(&app, &digest, offset, length)).unwrap();
            let start = usize::try_from(offset).unwrap();
            let end = usize::try_from((offset + length).min(100_000)).unwrap();
            assert_eq!(range.bytes, bytes.slice(start..end), "{offset} {length}");
            assert_eq!(range.total, (length > 0).then_some(100_000));
        }
        let beyond = run(client.blob_range(&app, &digest, 100_000, 10)).unwrap();
        assert_eq!((beyond.bytes.len(), beyond.total), (0, Some(100_000)));
    }
}

#[test]
fn a_range_of_a_huge_blob_moves_few_bytes_even_without_ranges() {
    let registry = ScriptedRegistry::with(Behaviour { ranges: false, ..Behaviour::default() });
    let digest = registry.put_blob("app", noise(30_000_000));
    let client = client();
    assert_eq!(run(client.blob_range(&place(&registry, "app"), &digest, 0, 512)).unwrap().bytes.len(), 512);
    assert!(client.traffic().bytes_received < 2_000_000, "{}", client.traffic());
    assert_eq!((client.traffic().requests, client.traffic().blob_ranges), (1, 1));
}

#[test]
fn a_cut_range_is_read_again() {
    let registry = ScriptedRegistry::start();
    let bytes = noise(10_000);
    let digest = registry.put_blob("app", bytes.clone());
    registry.rule(Rule::on("GET", "*").times(1).reset_response_at(100));
    registry.rule(Rule::on("GET", "*").times(1).truncate(100));
    registry.rule(Rule::on("GET", "*").times(1).answer(503));
    let range = run(client().blob_range(&place(&registry, "app"), &digest, 10, 1_000)).unwrap();
    assert_eq!(range.bytes, bytes.slice(10..1_010));
    assert_eq!(registry.requests().len(), 4);
    let too_long = run(client().blob_range(&place(&registry, "app"), &digest, 0, u64::MAX)).unwrap_err();
    assert!(matches!(too_long, Error::TooLarge { .. }), "{too_long}");
}

#[test]
fn a_look_for_a_blob() {
    let registry = ScriptedRegistry::start();
    let digest = registry.put_blob("app", noise(1_234));
    let (client, app) = (client(), place(&registry, "app"));
    assert_eq!(run(client.blob_exists(&app, &digest)).unwrap().unwrap().size, Some(1_234));
    assert_eq!(run(client.blob_exists(&app, &Digest::of(b"no"))).unwrap(), None);
    assert_eq!(client.traffic().blob_heads, 2);
}

#[test]
fn ecr_storage_never_sees_our_credentials_and_its_address_is_never_shown() {
    let registry = ScriptedRegistry::ecr();
    let bytes = noise(100_000);
    let digest = registry.put_blob("app", bytes.clone());
    let client = client_as(&registry, "AWS", "tok");
    assert!(read(&client, &registry, &digest, Some(100_000)).unwrap() == bytes);
    let requests = registry.requests();
    let at_storage: Vec<_> = requests.iter().filter(|request| request.place == Place::Storage).collect();
    assert_eq!(at_storage.len(), 1);
    assert_eq!((at_storage[0].header("authorization"), at_storage[0].status), (None, 200));
    assert_eq!(client.traffic().redirects, 1);

    registry.rule(Rule::on("GET", "*").at_storage().answer(404));
    let error = read(&client, &registry, &digest, Some(100_000)).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains(&registry.storage_host()) && !shown.contains("signature"), "{shown}");
}

#[test]
fn an_expired_storage_address_is_asked_for_anew() {
    let registry = ScriptedRegistry::ecr();
    let bytes = noise(100_000);
    let digest = registry.put_blob("app", bytes.clone());
    let client = client_as(&registry, "AWS", "tok");
    // Expired before the first use, and again when the download is continued.
    registry.rule(Rule::on("GET", "*").at_storage().times(1).first(Control::expire_links));
    registry.rule(Rule::on("GET", "*").at_storage().times(1).reset_response_at(60_000));
    registry.rule(Rule::on("GET", "*").at_storage().times(1).first(Control::expire_links));
    assert!(read(&client, &registry, &digest, Some(100_000)).unwrap() == bytes);
    let requests = registry.requests();
    let last = requests.last().unwrap();
    assert_eq!((last.place, last.header("range"), last.status), (Place::Storage, Some("bytes=60000-99999"), 206));
    let refused = requests.iter().filter(|request| request.status == 403).count();
    assert_eq!(refused, 2);

    registry.behave(|behaviour| behaviour.link_uses = Some(0));
    let error = read(&client, &registry, &digest, Some(100_000)).unwrap_err();
    assert!(matches!(&error, Error::Status { status, .. } if status.as_u16() == 403), "{error}");
}

#[test]
fn redirects_in_circles_and_to_nowhere_are_errors() {
    let registry = ScriptedRegistry::start();
    let digest = registry.put_blob("app", noise(10));
    let attempt = |rule: Rule| {
        registry.clear_rules();
        registry.rule(rule);
        read(&client(), &registry, &digest, None).unwrap_err().to_string()
    };
    for (rule, reason) in [
        (Rule::on("GET", "*").redirect_in_a_circle(), "leads back"),
        (Rule::on("GET", "*").redirect("file:///etc/passwd"), "neither http nor https"),
        (Rule::on("GET", "*").redirect("http://user:pw@localhost/x?secret=1"), "user name"),
        (Rule::on("GET", "*").redirect("http://["), "no URL"),
    ] {
        let error = attempt(rule);
        assert!(error.contains("redirect not followed") && error.contains(reason), "{error}");
        assert!(!error.contains("secret") && !error.contains("pw"), "{error}");
    }
    registry.clear_rules();
    for hop in 0..20 {
        registry.rule(Rule::on("GET", &format!("/hop{hop}")).redirect(&format!("/hop{}", hop + 1)));
    }
    registry.rule(Rule::on("GET", "/v2/*").redirect("/hop0"));
    registry.forget_requests();
    let error = read(&client(), &registry, &digest, None).unwrap_err().to_string();
    assert!(error.contains("more than 5 in a row"), "{error}");
    assert_eq!(registry.requests().len(), 6);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Cut anywhere, again and again, with ranges and without: the bytes are the bytes.
    #[test]
    fn any_cuts(cuts in prop::collection::vec(0_u64..2_100, 0..5), ranges: bool, storage: bool, known: bool) {
        let registry = ScriptedRegistry::with(Behaviour { ranges, storage, ..Behaviour::default() });
        let bytes = noise(2_000);
        let digest = registry.put_blob("app", bytes.clone());
        let mut progress = 0;
        for cut in cuts {
            // Without progress the client rightly gives up at some time; each cut lies beyond the one before.
            progress = (progress + cut).min(2_000);
            let at = if ranges { cut } else { progress };
            let rule = Rule::on("GET", "*").times(1).reset_response_at(at);
            registry.rule(if storage { rule.at_storage() } else { rule });
        }
        let read = read(&client(), &registry, &digest, known.then_some(2_000));
        prop_assert_eq!(read.unwrap(), bytes);
    }
}

/// Every byte offset of a small blob.
#[test]
fn a_cut_at_every_byte() {
    let registry = ScriptedRegistry::start();
    let bytes = noise(200);
    let digest = registry.put_blob("app", bytes.clone());
    let client = client();
    for at in 0..=200 {
        registry.rule(Rule::on("GET", "*").times(1).reset_response_at(at));
        assert_eq!(read(&client, &registry, &digest, Some(200)).unwrap(), bytes, "{at}");
    }
}
