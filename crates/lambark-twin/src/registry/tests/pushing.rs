//! Uploads and mounts.

use lambark_oci::{Digest, Family};
use serde_json::json;

use crate::testing::{Answer, Bench};

const MIB: usize = 1024 * 1024;

fn begin(bench: &Bench) -> String {
    let begun = bench.v2("POST", "team/app/blobs/uploads/", &[], b"");
    assert_eq!(begun.status, 202);
    begun.header("location").unwrap().to_owned()
}

fn patch(bench: &Bench, url: &str, from: usize, body: &[u8]) -> Answer {
    let range = format!("{from}-{}", from + body.len() - 1);
    bench.v2("PATCH", url, &[("Content-Range", &range)], body)
}

fn finish(bench: &Bench, url: &str, digest: &Digest, body: &[u8]) -> Answer {
    bench.v2("PUT", &format!("{url}?digest={digest}"), &[], body)
}

#[test]
fn patch_of_a_chunk_answers_201() {
    let bench = Bench::with_repository();
    let url = begin(&bench);
    assert_eq!(patch(&bench, &url, 0, b"abc").status, 201);
    assert_eq!(finish(&bench, &url, &Digest::of(b"abc"), b"").status, 201);
    bench.ways(|ways| ways.patch_status = 202);
    let url = begin(&bench);
    assert_eq!(patch(&bench, &url, 0, b"abc").status, 202);
}

#[test]
fn a_chunk_is_at_least_5_mib_except_the_last() {
    let bench = Bench::with_repository();
    let big = vec![7; 5 * MIB];
    let whole = [&big[..], b"end"].concat();
    let url = begin(&bench);
    assert_eq!(patch(&bench, &url, 0, &big).status, 201);
    assert_eq!(patch(&bench, &url, big.len(), b"end").status, 201);
    assert_eq!(finish(&bench, &url, &Digest::of(&whole), b"").status, 201);

    let url = begin(&bench);
    assert_eq!(patch(&bench, &url, 0, b"small").status, 201);
    assert_eq!(patch(&bench, &url, 5, b"er").status, 201);
    let refused = finish(&bench, &url, &Digest::of(b"smaller"), b"");
    assert_eq!(refused.refusal(), (400, "BLOB_UPLOAD_INVALID".to_owned()));
    assert_eq!(refused.message(), "All layer parts except the last part should be at least 5MB");

    bench.ways(|ways| ways.least_part_bytes = 0);
    let url = begin(&bench);
    patch(&bench, &url, 0, b"small");
    assert_eq!(finish(&bench, &url, &Digest::of(b"smaller"), b"er").status, 201);
}

#[test]
fn the_last_chunk_may_ride_on_the_put() {
    let bench = Bench::with_repository();
    let big = vec![7; 5 * MIB];
    let url = begin(&bench);
    patch(&bench, &url, 0, &big);
    assert_eq!(finish(&bench, &url, &Digest::of(&[&big[..], b"end"].concat()), b"end").status, 201);
}

#[test]
fn range_stays_at_the_first_chunk_though_all_are_stored() {
    let bench = Bench::with_repository();
    let big = vec![7; 5 * MIB];
    let told = format!("0-{}", big.len() - 1);
    let url = begin(&bench);
    assert_eq!(patch(&bench, &url, 0, &big).header("range"), Some(told.as_str()));
    assert_eq!(patch(&bench, &url, big.len(), &big).header("range"), Some(told.as_str()));
    assert_eq!(bench.v2("GET", &url, &[], b"").header("range"), Some(told.as_str()));
    assert_eq!(finish(&bench, &url, &Digest::of(&[&big[..], &big].concat()), b"").status, 201);

    bench.ways(|ways| ways.stale_range = false);
    let url = begin(&bench);
    patch(&bench, &url, 0, &big);
    let true_range = format!("0-{}", 2 * big.len() - 1);
    assert_eq!(patch(&bench, &url, big.len(), &big).header("range"), Some(true_range.as_str()));
}

#[test]
fn starting_again_at_byte_0_in_the_same_upload_is_416() {
    let bench = Bench::with_repository();
    let url = begin(&bench);
    patch(&bench, &url, 0, &vec![7; 5 * MIB]);
    for from in [0, 1, 6 * MIB] {
        assert_eq!(patch(&bench, &url, from, b"again").refusal(), (416, "BLOB_UPLOAD_INVALID".to_owned()), "{from}");
    }
}

#[test]
fn a_chunk_that_breaks_off_counts_for_nothing() {
    use std::io::Write;
    let bench = Bench::with_repository();
    let url = begin(&bench);
    let path = url.strip_prefix(&bench.twin.url()).unwrap();
    let mut stream = std::net::TcpStream::connect(bench.twin.address()).unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Length: 100\r\n\r\nhalf",
        bench.twin.address(),
        bench.basic
    );
    stream.write_all(head.as_bytes()).unwrap();
    drop(stream);
    assert_eq!(patch(&bench, &url, 0, b"whole").status, 201);
    assert_eq!(finish(&bench, &url, &Digest::of(b"whole"), b"").status, 201);
}

#[test]
fn a_blob_with_another_digest_and_an_empty_one_are_refused() {
    let bench = Bench::with_repository();
    let url = begin(&bench);
    assert_eq!(finish(&bench, &url, &Digest::of(b"other"), b"blob").refusal(), (400, "DIGEST_INVALID".to_owned()));
    let empty = finish(&bench, &begin(&bench), &Digest::of(b""), b"");
    assert_eq!(empty.status, 400);
    assert!(empty.message().ends_with("cannot be completed because it does not have any parts"), "{}", empty.message());
    let unknown = format!("{}/v2/team/app/blobs/uploads/none", bench.twin.url());
    assert_eq!(finish(&bench, &unknown, &Digest::of(b"x"), b"x").refusal(), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
}

#[test]
fn an_upload_belongs_to_its_repository_and_can_be_given_up() {
    let bench = Bench::with_repository();
    bench.ecr("CreateRepository", &json!({ "repositoryName": "team/other" }));
    let url = begin(&bench);
    let elsewhere = url.replace("team/app", "team/other");
    assert_eq!(patch(&bench, &elsewhere, 0, b"x").refusal().0, 404);
    assert_eq!(bench.v2("DELETE", &url, &[], b"").status, 204);
    assert_eq!(patch(&bench, &url, 0, b"x").refusal().0, 404);
}

fn mount(bench: &Bench, from: &str, digest: &Digest) -> u16 {
    bench.v2("POST", &format!("target/app/blobs/uploads/?mount={digest}&from={from}"), &[], b"").status
}

/// A blob that an image of `team/app` has, and a repository `target/app`.
fn mountable(bench: &Bench) -> Digest {
    bench.ecr("CreateRepository", &json!({ "repositoryName": "target/app" }));
    let manifest = bench.image("team/app", Family::Docker, "a");
    bench.put("team/app", "v1", &manifest);
    Digest::of(b"layer of a")
}

#[test]
fn mounting_across_repositories_is_202_with_an_upload_url_unless_opted_in() {
    let bench = Bench::with_repository();
    let blob = mountable(&bench);
    let answer = bench.v2("POST", &format!("target/app/blobs/uploads/?mount={blob}&from=team/app"), &[], b"");
    assert_eq!(answer.status, 202);
    assert!(answer.header("location").unwrap().contains("/blobs/uploads/"));
    bench.ecr("PutAccountSetting", &json!({ "name": "BLOB_MOUNTING", "value": "ENABLED" }));
    assert_eq!(mount(&bench, "team/app", &blob), 201);
    assert_eq!(bench.v2("HEAD", &format!("target/app/blobs/{blob}"), &[], b"").status, 200);
}

#[test]
fn only_blobs_that_some_manifest_there_references_are_mounted() {
    let bench = Bench::with_repository();
    mountable(&bench);
    bench.ecr("PutAccountSetting", &json!({ "name": "BLOB_MOUNTING", "value": "ENABLED" }));
    let loose = bench.blob("team/app", b"loose");
    assert_eq!(mount(&bench, "team/app", &loose), 202);
    assert_eq!(mount(&bench, "absent/app", &loose), 202);
    bench.ways(|ways| ways.mounts_everywhere = true);
    assert_eq!(mount(&bench, "team/app", &loose), 201);
}

#[test]
fn mounts_need_the_same_encryption() {
    let bench = Bench::with_repository();
    let blob = mountable(&bench);
    bench.ecr("PutAccountSetting", &json!({ "name": "BLOB_MOUNTING", "value": "ENABLED" }));
    let locked = json!({ "repositoryName": "locked/app", "encryptionConfiguration": { "encryptionType": "KMS" } });
    bench.ecr("CreateRepository", &locked);
    let answer = bench.v2("POST", &format!("locked/app/blobs/uploads/?mount={blob}&from=team/app"), &[], b"");
    assert_eq!(answer.status, 202);
}

#[test]
fn within_one_repository_nothing_moves() {
    let bench = Bench::with_repository();
    let blob = bench.blob("team/app", b"loose");
    let path = format!("team/app/blobs/uploads/?mount={blob}&from=team/app");
    assert_eq!(bench.v2("POST", &path, &[], b"").status, 201);
    bench.ways(|ways| ways.mounts = false);
    assert_eq!(bench.v2("POST", &path, &[], b"").status, 202);
}

#[test]
fn a_missing_repository_cuts_the_connection() {
    let bench = Bench::new();
    assert!(bench.try_v2("POST", "absent/app/blobs/uploads/", &[], b"").is_none());
    bench.ways(|ways| ways.cuts_on_missing_repository = false);
    let answer = bench.v2("POST", "absent/app/blobs/uploads/", &[], b"");
    assert_eq!(answer.refusal(), (404, "NAME_UNKNOWN".to_owned()));
    bench.ways(|ways| ways.create_on_push = true);
    assert_eq!(bench.v2("POST", "absent/app/blobs/uploads/", &[], b"").status, 202);
    assert_eq!(bench.v2("POST", "Bad..Name/blobs/uploads/", &[], b"").status, 405);
}
