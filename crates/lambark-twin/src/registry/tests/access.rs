//! Who may, and where blobs are fetched from.

use std::time::Duration;

use lambark_oci::Digest;

use crate::testing::{Bench, basic, send};

#[test]
fn basic_is_accepted_at_once() {
    let bench = Bench::new();
    assert_eq!(bench.v2("GET", "", &[], b"").status, 200);
}

#[test]
fn without_a_token_there_is_a_challenge() {
    let bench = Bench::new();
    let other = Bench::new();
    let wrong = basic("made-up");
    for headers in [vec![], vec![("Authorization", wrong.as_str())], vec![("Authorization", other.basic.as_str())]] {
        let answer = send(&bench.twin, "GET", "/v2/", &headers, b"").unwrap();
        assert_eq!(answer.status, 401, "{headers:?}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Basic realm=\"http://127.0.0.1:"), "{challenge}");
        assert!(challenge.ends_with(",service=\"ecr.amazonaws.com\""), "{challenge}");
    }
}

#[test]
fn a_token_expires_after_twelve_hours() {
    let bench = Bench::new();
    bench.twin.shared().clock.advance(Duration::from_secs(12 * 3600 - 60));
    assert_eq!(bench.v2("GET", "", &[], b"").status, 200);
    bench.twin.shared().clock.advance(Duration::from_secs(60));
    let expired = bench.v2("GET", "", &[], b"");
    assert_eq!(expired.refusal(), (403, "DENIED".to_owned()));
    assert_eq!(expired.message(), "Your authorization token has expired. Reauthenticate and try again.");
}

#[test]
fn the_token_tells_account_and_region() {
    let bench = Bench::with_repository();
    assert_eq!(bench.v2("GET", "team/app/tags/list", &[], b"").status, 200);
    for (key, region) in [("210987654321", "us-east-1"), ("test", "eu-central-1")] {
        let token = bench.ecr_as(key, region, "GetAuthorizationToken", &serde_json::json!({})).json();
        let token = format!("Basic {}", token["authorizationData"][0]["authorizationToken"].as_str().unwrap());
        let answer = send(&bench.twin, "GET", "/v2/team/app/tags/list", &[("Authorization", &token)], b"").unwrap();
        assert_eq!(answer.refusal(), (404, "NAME_UNKNOWN".to_owned()), "{key} {region}");
    }
}

fn link(bench: &Bench, digest: &Digest) -> String {
    let answer = bench.v2("GET", &format!("team/app/blobs/{digest}"), &[], b"");
    assert_eq!(answer.status, 307);
    answer.header("location").unwrap().to_owned()
}

#[test]
fn a_blob_get_answers_307_to_a_presigned_url() {
    let bench = Bench::with_repository();
    let digest = bench.blob("team/app", b"0123456789");
    let link = link(&bench, &digest);
    assert!(link.starts_with("http://localhost:"), "another host, so that clients drop their credentials: {link}");
    assert!(link.contains("/_storage/") && link.contains("X-Amz-Signature="), "{link}");
    let whole = send(&bench.twin, "GET", &link, &[], b"").unwrap();
    assert_eq!((whole.status, whole.body), (200, b"0123456789".to_vec()));
    let part = send(&bench.twin, "GET", &link, &[("Range", "bytes=3-5")], b"").unwrap();
    assert_eq!((part.status, part.header("content-range"), &part.body[..]), (206, Some("bytes 3-5/10"), &b"345"[..]));
    let outside = send(&bench.twin, "GET", &link, &[("Range", "bytes=10-")], b"").unwrap();
    assert_eq!(outside.status, 416);
}

#[test]
fn the_presigned_url_refuses_our_authorization_header() {
    let bench = Bench::with_repository();
    let link = link(&bench, &bench.blob("team/app", b"x"));
    let refused = send(&bench.twin, "GET", &link, &[("Authorization", &bench.basic)], b"").unwrap();
    assert_eq!(refused.status, 400);
    let words = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
                 parameter or the Authorization header should be specified";
    assert!(refused.text().contains(words), "{}", refused.text());
}

#[test]
fn the_presigned_url_expires_and_cannot_be_made_up() {
    let bench = Bench::with_repository();
    let link = link(&bench, &bench.blob("team/app", b"x"));
    let other = bench.blob("team/app", b"y");
    let forged = link.replace(Digest::of(b"x").as_str(), other.as_str());
    assert_eq!(send(&bench.twin, "GET", &forged, &[], b"").unwrap().status, 403);
    bench.twin.shared().clock.advance(Duration::from_secs(3600));
    let expired = send(&bench.twin, "GET", &link, &[], b"").unwrap();
    assert_eq!(expired.status, 403);
    assert!(expired.text().contains("Request has expired"));
}

#[test]
fn without_redirects_a_blob_comes_at_once() {
    let bench = Bench::with_repository();
    bench.ways(|ways| ways.presigned = false);
    let digest = bench.blob("team/app", b"0123456789");
    let path = format!("team/app/blobs/{digest}");
    let whole = bench.v2("GET", &path, &[], b"");
    assert_eq!((whole.status, &whole.body[..]), (200, &b"0123456789"[..]));
    assert_eq!(bench.v2("GET", &path, &[("Range", "bytes=-2")], b"").body, b"89");
}

#[test]
fn where_the_twin_has_no_other_name_a_blob_comes_at_once() {
    let bench = Bench::with_repository();
    let path = format!("/v2/team/app/blobs/{}", bench.blob("team/app", b"0123456789"));
    let headers = [("Authorization", bench.basic.as_str())];
    let ask = |host: &str| crate::testing::send_to(&bench.twin, host, "GET", &path, &headers, b"").unwrap().status;
    assert_eq!([ask("127.0.0.1:4510"), ask("[::1]:4510"), ask("localhost:4510")], [307, 307, 307]);
    assert_eq!(ask("host.docker.internal:4510"), 200);
}

#[test]
fn a_head_on_a_blob_tells_its_size() {
    let bench = Bench::with_repository();
    let digest = bench.blob("team/app", b"0123456789");
    let head = bench.v2("HEAD", &format!("team/app/blobs/{digest}"), &[], b"");
    assert_eq!((head.status, head.header("content-length")), (200, Some("10")));
    assert_eq!(head.header("docker-content-digest"), Some(digest.as_str()));
    let absent = Digest::of(b"absent");
    assert_eq!(bench.v2("GET", &format!("team/app/blobs/{absent}"), &[], b"").refusal().1, "BLOB_UNKNOWN");
}
