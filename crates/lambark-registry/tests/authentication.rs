//! Who is asked for credentials, who gets them, and how often tokens are fetched.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use common::*;
use lambark_oci::{Digest, MediaType, media_type::OCI_MANIFEST};
use lambark_registry::auth::{Fixed, Lookup};
use lambark_registry::{Client, Credential, Credentials, DockerConfig, Error, Options, Secret};
use lambark_testkit::scripted::{Auth, Behaviour, Control, Rule, ScriptedRegistry};

fn bearer(uses: Option<u32>) -> ScriptedRegistry {
    let auth = Auth::Bearer { username: "user".into(), password: "pass".into(), uses, anonymous_pull: true };
    ScriptedRegistry::with(Behaviour { auth, ..Behaviour::default() })
}

fn basic() -> ScriptedRegistry {
    let auth = Auth::Basic { username: "user".into(), password: "pass".into() };
    ScriptedRegistry::with(Behaviour { auth, ..Behaviour::default() })
}

fn with(registry: &Control, credential: Credential) -> Client {
    let credentials = Arc::new(Fixed::new(registry.host(), credential));
    Client::new(Options { credentials, ..quick() }).unwrap()
}

fn tokens(registry: &Control) -> usize {
    registry.lines().iter().filter(|line| line.ends_with("/token")).count()
}

#[test]
fn basic_is_sent_once_it_was_asked_for() {
    let registry = basic();
    seed_image(&registry, "app", "v1");
    let (client, app) = (client_as(&registry, "user", "pass"), place(&registry, "app"));
    for _ in 0..3 {
        run(client.manifest(&app, &tag("v1"), None)).unwrap();
    }
    let statuses: Vec<u16> = registry.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [401, 200, 200, 200]);
    assert_eq!(registry.requests()[0].header("authorization"), None);
    assert_eq!(client.traffic().requests, 4);
}

#[test]
fn refused_or_missing_credentials_say_so() {
    let registry = basic();
    seed_image(&registry, "app", "v1");
    let app = place(&registry, "app");
    let wrong = client_as(&registry, "user", "hunter2");
    let error = run(wrong.manifest(&app, &tag("v1"), None)).unwrap_err();
    assert!(matches!(&error, Error::Unauthorized { .. }) && error.is_auth(), "{error}");
    assert!(error.to_string().contains("refused the credentials: UNAUTHORIZED: Your authorization token"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));
    assert_eq!(registry.requests().len(), 2, "a refusal is not tried again");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let credentials = Arc::new(DockerConfig::new(vec![file.clone()]));
    let nobody = Client::new(Options { credentials, ..quick() }).unwrap();
    let error = run(nobody.upload_bytes(&app, Bytes::new())).unwrap_err().to_string();
    assert!(error.starts_with("POST http://"), "{error}");
    assert!(
        error.contains(&format!("no credentials known for {} (searched: {}", registry.host(), file.display())),
        "{error}"
    );
}

#[test]
fn a_login_file_is_enough() {
    let registry = bearer(None);
    seed_image(&registry, "team/app", "v1");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let text = serde_json::json!({ "auths": { registry.host(): { "auth": "dXNlcjpwYXNz" } } });
    std::fs::write(&file, text.to_string()).unwrap();
    let credentials = Arc::new(DockerConfig::new(vec![file.clone()]));
    let client = Client::new(Options { credentials, ..quick() }).unwrap();
    run(client.upload_bytes(&place(&registry, "team/app"), Bytes::from_static(b"x"))).unwrap();
    std::fs::write(&file, "{").unwrap();
    let credentials = Arc::new(DockerConfig::new(vec![file.clone()]));
    let client = Client::new(Options { credentials, ..quick() }).unwrap();
    let error = run(client.upload_bytes(&place(&registry, "team/app"), Bytes::new())).unwrap_err();
    assert!(matches!(&error, Error::Credentials(_)) && error.to_string().contains(file.to_str().unwrap()), "{error}");
}

#[test]
fn one_token_serves_many_requests() {
    let registry = bearer(None);
    let (digest, _) = seed_image(&registry, "app", "v1");
    let (client, app) = (client(), place(&registry, "app"));
    run(async {
        client.manifest(&app, &tag("v1"), None).await.unwrap();
        let target = tag("v1");
        let looks = (0..20).map(|_| client.manifest(&app, &target, None));
        futures_util::future::try_join_all(looks).await.unwrap();
    });
    assert_eq!(tokens(&registry), 1);
    let asked = registry.requests().into_iter().find(|request| request.path == "/token").unwrap();
    assert_eq!(asked.query, "service=scripted&scope=repository%3Aapp%3Apull");
    assert_eq!(asked.header("authorization"), None);
    assert_eq!((client.traffic().auth, client.traffic().requests), (1, 23));
    // A client that starts with many requests at once asks for one token too.
    registry.forget_requests();
    let fresh = common::client();
    let target = by(&digest);
    run(futures_util::future::try_join_all((0..10).map(|_| fresh.manifest(&app, &target, None)))).unwrap();
    assert_eq!(tokens(&registry), 1);
}

#[test]
fn a_token_for_reading_is_exchanged_for_one_for_writing() {
    let registry = bearer(None);
    let (_, bytes) = seed_image(&registry, "app", "v1");
    let app = place(&registry, "app");
    let client = client_as(&registry, "user", "pass");
    run(client.manifest(&app, &tag("v1"), None)).unwrap();
    run(client.put_manifest(&app, &tag("v2"), &MediaType::new(OCI_MANIFEST), bytes.clone())).unwrap();
    assert_eq!(tokens(&registry), 2);
    // Who may only pull is refused, once, with the registry's words.
    registry.forget_requests();
    let error = run(common::client().put_manifest(&app, &tag("v2"), &MediaType::new(OCI_MANIFEST), bytes)).unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("authentication required"), "{error}");
    assert_eq!((registry.requests().len(), tokens(&registry)), (3, 1));
}

#[test]
fn a_mount_asks_for_both_repositories() {
    let registry = bearer(None);
    let digest = registry.put_blob("base", b"x".as_slice());
    let client = client_as(&registry, "user", "pass");
    run(client.mount(&place(&registry, "app"), &digest, "base")).unwrap();
    let asked = registry.requests().into_iter().find(|request| request.path == "/token").unwrap();
    assert!(
        asked.query.ends_with("scope=repository%3Aapp%3Apull%2Cpush&scope=repository%3Abase%3Apull"),
        "{}",
        asked.query
    );
}

#[test]
fn an_expired_token_is_renewed_also_in_the_middle_of_an_upload() {
    let registry = bearer(Some(1));
    let (digest, _) = seed_image(&registry, "app", "v1");
    let (client, app) = (client_as(&registry, "user", "pass"), place(&registry, "app"));
    for _ in 0..3 {
        run(client.manifest(&app, &by(&digest), None)).unwrap();
    }
    assert_eq!(tokens(&registry), 3);
    // The token is spent by the POST; the streamed PUT cannot be sent twice, so a new upload starts.
    registry.rule(Rule::on("PUT", "*").times(1).first(Control::expire_tokens));
    registry.behave(|behaviour| {
        behaviour.auth =
            Auth::Bearer { username: "user".into(), password: "pass".into(), uses: None, anonymous_pull: false };
    });
    let bytes = noise(1_000_000);
    let blob = Digest::of(&bytes);
    run(client.upload_known(&app, &blob, 1_000_000, &source(&bytes), None)).unwrap();
    assert!(registry.blob("app", &blob).is_some());
}

#[test]
fn identity_and_registry_tokens() {
    let registry = bearer(None);
    let app = place(&registry, "app");
    let client = with(&registry, Credential::IdentityToken(Secret::new("pass")));
    run(client.upload_bytes(&app, Bytes::new())).unwrap();
    let asked = registry.requests().into_iter().find(|request| request.path == "/token").unwrap();
    assert_eq!((asked.method.as_str(), asked.query.as_str()), ("POST", ""));
    let client = with(&registry, Credential::Bearer(Secret::new("made elsewhere")));
    let error = run(client.upload_bytes(&app, Bytes::new())).unwrap_err();
    assert!(error.is_auth(), "{error}");
    assert_eq!(tokens(&registry), 1, "a finished token is never exchanged");
}

#[test]
fn a_token_server_that_refuses_or_answers_nonsense() {
    let registry = bearer(None);
    seed_image(&registry, "app", "v1");
    let app = place(&registry, "app");
    let attempt = |client: &Client, rule: Option<Rule>| {
        registry.clear_rules();
        rule.into_iter().for_each(|rule| registry.rule(rule));
        run(client.manifest(&app, &tag("v1"), None)).unwrap_err().to_string()
    };
    let wrong = attempt(&client_as(&registry, "user", "hunter2"), None);
    assert!(wrong.contains("the token server refused (HTTP 401): UNAUTHORIZED: incorrect username"), "{wrong}");
    assert!(!wrong.contains("hunter2") && !wrong.contains("scope="), "{wrong}");
    for (rule, words) in [
        (Rule::on("GET", "/token").html(200, "Welcome"), "is not the expected JSON"),
        (Rule::on("GET", "/token").answer(200).body("{}"), "holds no token"),
        (Rule::on("GET", "/token").answer(200).body(r#"{"token":"a b"}"#), "no header can"),
        (Rule::on("GET", "/token").endless(), "larger than the 262144 bytes"),
        (Rule::on("GET", "/token").hang(), "no answer within"),
        (Rule::on("GET", "/v2/*").answer(401), "does not say of what kind"),
        (Rule::on("GET", "/v2/*").answer(401).header("www-authenticate", "Negotiate abc=="), "wants negotiate"),
        (
            Rule::on("GET", "/v2/*").answer(401).header("www-authenticate", "Bearer realm=\"/token\""),
            "names no token server",
        ),
        (
            Rule::on("GET", "/v2/*").answer(401).header("www-authenticate", "Bearer realm=\"file:///etc\""),
            "neither http",
        ),
    ] {
        let error = attempt(&client(), Some(rule));
        assert!(error.contains(words), "{error}");
    }
    registry.clear_rules();
    registry.rule(Rule::on("GET", "/token").times(2).answer(503));
    run(client().manifest(&app, &tag("v1"), None)).unwrap();
}

#[test]
fn credentials_stay_with_their_host() {
    // A registry that sends us to another host's token server, without TLS and not on this machine's name.
    let registry = bearer(None);
    seed_image(&registry, "app", "v1");
    let challenge = "Bearer realm=\"http://auth.example/token\"";
    registry.rule(Rule::on("GET", "/v2/*").answer(401).header("www-authenticate", challenge));
    let client = client_as(&registry, "user", "pass");
    let error = run(client.manifest(&place(&registry, "app"), &tag("v1"), None)).unwrap_err().to_string();
    assert!(error.contains("without TLS: no credentials are sent there"), "{error}");

    // A manifest that is redirected elsewhere, and elsewhere asks for a password.
    let (from, elsewhere) = (basic(), basic());
    seed_image(&from, "app", "v1");
    from.rule(Rule::on("GET", "/v2/*").after(1).redirect(&format!("http://{}/v2/app/manifests/v1", elsewhere.host())));
    let client = client_as(&from, "user", "pass");
    assert!(run(client.manifest(&place(&from, "app"), &tag("v1"), None)).is_err());
    assert!(!elsewhere.requests().is_empty());
    assert!(elsewhere.requests().iter().all(|request| request.header("authorization").is_none()));
}

/// Counts how often it is asked.
struct Counting(AtomicUsize);

impl Credentials for Counting {
    fn find<'a>(&'a self, _host: &'a str, _repository: &'a str) -> Lookup<'a> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let credential = Credential::Basic { username: "user".into(), password: Secret::new("pass") };
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(Some(credential))
        })
    }
}

#[test]
fn credentials_are_looked_up_once_a_repository() {
    let registry = basic();
    seed_image(&registry, "app", "v1");
    let counting = Arc::new(Counting(AtomicUsize::new(0)));
    let client =
        Client::new(Options { credentials: Arc::clone(&counting) as Arc<dyn Credentials>, ..quick() }).unwrap();
    let (app, target) = (place(&registry, "app"), tag("v1"));
    run(futures_util::future::try_join_all((0..10).map(|_| client.manifest(&app, &target, None)))).unwrap();
    assert_eq!(counting.0.load(Ordering::Relaxed), 1);
}
