//! What fails for a moment is tried again; what fails for good ends soon, with a clear word.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::{Duration, Instant};

use common::*;
use lambark_oci::{MediaType, media_type::OCI_MANIFEST};
use lambark_registry::{Client, Error, Options, Timeouts};
use lambark_testkit::scripted::{Rule, ScriptedRegistry};

#[test]
fn every_transient_status_is_tried_again_and_no_other() {
    for status in [408, 429, 500, 502, 503, 504] {
        let registry = ScriptedRegistry::start();
        seed_image(&registry, "app", "v1");
        registry.rule(Rule::on("GET", "*").times(3).answer(status));
        let client = client();
        run(client.manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap();
        assert_eq!((client.traffic().requests, client.traffic().retries), (4, 3), "{status}");
    }
    for status in [400, 403, 404, 405, 410, 418, 501, 505] {
        let registry = ScriptedRegistry::start();
        registry.rule(Rule::on("GET", "*").answer(status));
        assert!(run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).is_err());
        assert_eq!(registry.requests().len(), 1, "{status}");
    }
}

#[test]
fn patience_ends_with_the_registrys_words() {
    let registry = ScriptedRegistry::start();
    registry.rule(Rule::on("GET", "*").error(429, "TOOMANYREQUESTS", "Rate exceeded"));
    let error = run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap_err();
    assert!(matches!(&error, Error::RateLimited { .. }), "{error}");
    assert!(error.to_string().contains("too many requests: TOOMANYREQUESTS: Rate exceeded"), "{error}");
    assert_eq!(registry.requests().len(), 4);
    registry.clear_rules();
    registry.rule(Rule::on("GET", "*").html(502, "Bad Gateway"));
    let error = run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap_err().to_string();
    assert!(error.contains("HTTP 502 Bad Gateway: an HTML page titled `Bad Gateway`"), "{error}");
}

#[test]
fn retry_after_is_honoured_within_reason() {
    let registry = ScriptedRegistry::start();
    seed_image(&registry, "app", "v1");
    registry.rule(Rule::on("GET", "*").times(1).answer(429).header("retry-after", "1"));
    let started = Instant::now();
    run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    registry.forget_requests();
    registry.rule(Rule::on("GET", "*").times(1).answer(503).header("retry-after", "100000"));
    assert!(run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).is_err());
    assert_eq!(registry.requests().len(), 1, "nobody waits a day");
    registry.rule(Rule::on("GET", "*").times(1).answer(429).header("retry-after", "121"));
    let error = run(client().manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap_err().to_string();
    assert!(error.contains("asks to come back in 121 s"), "{error}");
}

#[test]
fn a_throttled_manifest_write_waits_a_second() {
    let registry = ScriptedRegistry::start();
    let (_, bytes) = seed_image(&registry, "app", "v1");
    registry.rule(Rule::on("PUT", "*").times(1).error(429, "TOOMANYREQUESTS", "Rate exceeded"));
    let started = Instant::now();
    let app = place(&registry, "app");
    run(client().put_manifest(&app, &tag("v2"), &MediaType::new(OCI_MANIFEST), bytes)).unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(registry.requests().len(), 2);
}

#[test]
fn resets_and_silence_are_tried_again() {
    let registry = ScriptedRegistry::start();
    seed_image(&registry, "app", "v1");
    let app = place(&registry, "app");
    for rule in [
        Rule::on("GET", "*").lose_answer(),
        Rule::on("GET", "*").reset_response_at(10),
        Rule::on("GET", "*").stall_response_at(10),
        Rule::on("GET", "*").hang(),
        Rule::on("GET", "*").content_length(10_000),
    ] {
        registry.rule(rule.times(1));
        let client = client();
        run(client.manifest(&app, &tag("v1"), None)).unwrap();
        assert_eq!(client.traffic().retries, 1);
    }
    registry.rule(Rule::on("GET", "*").hang());
    let error = run(client().manifest(&app, &tag("v1"), None)).unwrap_err();
    assert!(matches!(&error, Error::TimedOut { .. }), "{error}");
    assert!(error.to_string().contains("no answer within 0.4 s"), "{error}");
    // Each silence counts twice: two of the four tries.
    registry.forget_requests();
    assert!(run(client().manifest(&app, &tag("v1"), None)).is_err());
    assert_eq!(registry.requests().len(), 2);
}

#[test]
fn nobody_there_is_said_at_once() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let app = format!("{closed}/app").parse().unwrap();
    let client = client();
    let error = run(client.manifest(&app, &tag("v1"), None)).unwrap_err();
    assert!(matches!(&error, Error::Unreachable { .. }), "{error}");
    assert!(error.to_string().to_lowercase().contains("refused"), "{error}");
    assert_eq!(client.traffic().requests, 1);
    let unknown = "registry.invalid/app".parse().unwrap();
    let error = run(client.manifest(&unknown, &tag("v1"), None)).unwrap_err().to_string();
    assert!(error.starts_with("GET https://registry.invalid/v2/app/manifests/v1: "), "{error}");
    assert_eq!(client.traffic().requests, 2);
}

#[test]
fn something_that_is_no_http_is_said_so() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let app = format!("{}/app", listener.local_addr().unwrap()).parse().unwrap();
    let server = std::thread::spawn(move || {
        for stream in listener.incoming().take(4) {
            let mut stream = stream.unwrap();
            let _request = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(b"220 mail.example ESMTP\r\n").unwrap();
        }
    });
    let error = run(client().manifest(&app, &tag("v1"), None)).unwrap_err();
    assert!(matches!(&error, Error::Unreachable { .. }), "{error}");
    server.join().unwrap();
}

#[test]
fn requests_to_one_host_are_limited() {
    let registry = ScriptedRegistry::start();
    registry.rule(Rule::on("GET", "*").hang());
    let timeouts = Timeouts { response: Duration::from_secs(600), ..quick().timeouts };
    let options = Options { requests_per_host: 2, timeouts, ..quick() };
    let (client, app, target) = (Client::new(options).unwrap(), place(&registry, "app"), tag("v1"));
    run(async {
        let looks = futures_util::future::join_all((0..5).map(|_| client.manifest(&app, &target, None)));
        let watch = async {
            while registry.requests().len() < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // The others would be there by now; with two places they never come.
            tokio::time::sleep(Duration::from_millis(100)).await;
            registry.requests().len()
        };
        tokio::select! {
            _ = looks => panic!("nothing was answered"),
            count = watch => assert_eq!(count, 2),
        }
    });
}

#[test]
fn a_proxy_is_never_used_for_this_machine() {
    let registry = ScriptedRegistry::start();
    seed_image(&registry, "app", "v1");
    let proxy = ScriptedRegistry::start();
    let variables =
        |name: &str| matches!(name, "HTTP_PROXY" | "HTTPS_PROXY").then(|| format!("http://{}", proxy.host()).into());
    let client = Client::new(Options { retry: quick().retry, ..Options::from_variables(&variables).unwrap() }).unwrap();
    run(client.manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap();
    assert!(proxy.requests().is_empty());
    // Anybody else is reached through it: here it is asked for a tunnel, and knows no such word.
    let error = run(client.manifest(&"registry.invalid/app".parse().unwrap(), &tag("v1"), None)).unwrap_err();
    assert!(matches!(&error, Error::Unreachable { .. }), "{error}");
    assert_eq!(proxy.requests().first().map(|request| request.method.clone()).as_deref(), Some("CONNECT"));
}
