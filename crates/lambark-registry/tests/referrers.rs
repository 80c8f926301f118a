//! Referrers: the registry's list where it keeps one, the fallback tag where not.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use bytes::Bytes;
use common::*;
use lambark_oci::media_type::{IN_TOTO, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST};
use lambark_oci::{Descriptor, Digest, MediaType};
use lambark_registry::Error;
use lambark_registry::referrers::fallback_tag;
use lambark_testkit::scripted::{Behaviour, Control, Rule, ScriptedRegistry};

/// An artifact about `subject`, ready to be written.
fn statement(registry: &Control, subject: &Descriptor, kind: &str, text: &str) -> (Descriptor, Bytes) {
    let config = registry.put_blob("app", b"{}".as_slice());
    let layer = registry.put_blob("app", text.to_owned());
    let value = serde_json::json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": kind, "subject": subject,
        "config": Descriptor::new(MediaType::new(OCI_EMPTY), config, 2),
        "layers": [Descriptor::new(MediaType::new(IN_TOTO), layer, text.len() as u64)],
    });
    let bytes = Bytes::from(value.to_string());
    let mut descriptor = Descriptor::of(MediaType::new(OCI_MANIFEST), &bytes);
    descriptor.artifact_type = Some(kind.to_owned());
    (descriptor, bytes)
}

fn subject(registry: &Control) -> Descriptor {
    let (_, bytes) = seed_image(registry, "app", "v1");
    Descriptor::of(MediaType::new(OCI_MANIFEST), &bytes)
}

#[test]
fn a_registry_with_a_list_of_its_own() {
    let registry = ScriptedRegistry::start();
    let subject = subject(&registry);
    let (client, app) = (client(), place(&registry, "app"));
    for (kind, text) in [("application/a", "1"), ("application/b", "2")] {
        let (descriptor, bytes) = statement(&registry, &subject, kind, text);
        let put = run(client.put_manifest(&app, &by(&descriptor.digest), &descriptor.media_type, bytes)).unwrap();
        assert!(put.subject_listed);
    }
    let all = run(client.referrers(&app, &subject.digest, None)).unwrap();
    assert!(all.by_registry && all.descriptors.len() == 2);
    for filters in [true, false] {
        if !filters {
            // A registry that ignores the filter sends everything.
            let (everything, _) = (run(client.referrers(&app, &subject.digest, None)).unwrap(), ());
            let body = serde_json::json!({ "schemaVersion": 2, "manifests": everything.descriptors });
            registry.rule(Rule::on("GET", "*/referrers/*").answer(200).body(body.to_string()));
        }
        let some = run(client.referrers(&app, &subject.digest, Some("application/b"))).unwrap();
        let kinds: Vec<_> = some.descriptors.iter().map(|found| found.artifact_type.as_deref()).collect();
        assert_eq!(kinds, [Some("application/b")]);
    }
    registry.clear_rules();
    assert!(run(client.referrers(&app, &Digest::of(b"nobody"), None)).unwrap().descriptors.is_empty());
}

#[test]
fn a_registry_without_one() {
    let registry = ScriptedRegistry::with(Behaviour { referrers: false, ..Behaviour::default() });
    let subject = subject(&registry);
    let (client, app) = (client(), place(&registry, "app"));
    let none = run(client.referrers(&app, &subject.digest, None)).unwrap();
    assert!(none.descriptors.is_empty() && !none.by_registry);
    let mut written = Vec::new();
    for text in ["1", "2"] {
        let (descriptor, bytes) = statement(&registry, &subject, "application/a", text);
        let put = run(client.put_manifest(&app, &by(&descriptor.digest), &descriptor.media_type, bytes)).unwrap();
        assert!(!put.subject_listed);
        assert!(run(client.add_to_referrers_tag(&app, &subject.digest, &descriptor)).unwrap().is_some());
        registry.forget_requests();
        assert_eq!(run(client.add_to_referrers_tag(&app, &subject.digest, &descriptor)).unwrap(), None);
        assert_eq!(registry.mutations(), 0);
        written.push(descriptor);
    }
    let found = run(client.referrers(&app, &subject.digest, None)).unwrap();
    assert_eq!((found.descriptors, found.by_registry), (written, false));
}

#[test]
fn what_others_wrote_under_the_tag_stays() {
    let registry = ScriptedRegistry::with(Behaviour { referrers: false, ..Behaviour::default() });
    let subject = subject(&registry);
    let name = fallback_tag(&subject.digest);
    let before =
        format!(r#"{{"annotations":{{"kept":"yes"}},"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":null}}"#);
    registry.put_manifest("app", Some(&name), OCI_INDEX, before);
    let (descriptor, bytes) = statement(&registry, &subject, "application/a", "1");
    let app = place(&registry, "app");
    run(client().put_manifest(&app, &by(&descriptor.digest), &descriptor.media_type, bytes)).unwrap();
    run(client().add_to_referrers_tag(&app, &subject.digest, &descriptor)).unwrap().unwrap();
    let (_, after) = registry.manifest("app", &registry.tagged("app", &name).unwrap()).unwrap();
    let after: serde_json::Value = serde_json::from_slice(&after).unwrap();
    assert_eq!((&after["annotations"]["kept"], after["manifests"].as_array().unwrap().len()), (&"yes".into(), 1));

    let (_, image) = seed_image(&registry, "app", "v1");
    registry.put_manifest("app", Some(&name), OCI_MANIFEST, image);
    let error = run(client().add_to_referrers_tag(&app, &subject.digest, &descriptor)).unwrap_err();
    assert!(error.to_string().contains("the referrers tag holds no index"), "{error}");
}

#[test]
fn long_lists_come_in_pages_and_end() {
    let registry = ScriptedRegistry::start();
    let subject = subject(&registry);
    let page = |text: &str| {
        let descriptor = Descriptor::of(MediaType::new(OCI_MANIFEST), text.as_bytes());
        serde_json::json!({ "schemaVersion": 2, "manifests": [descriptor] }).to_string()
    };
    let list = format!("/v2/app/referrers/{}", subject.digest);
    let first = Rule::on("GET", &list).times(1).answer(200);
    registry.rule(first.body(page("1")).header("link", "</v2/app/referrers/next?p=2>; rel=\"next\""));
    registry.rule(Rule::on("GET", "*/next").times(1).answer(200).body(page("2")));
    let app = place(&registry, "app");
    assert_eq!(run(client().referrers(&app, &subject.digest, None)).unwrap().descriptors.len(), 2);
    assert_eq!(registry.requests().last().unwrap().query, "p=2");

    let endless = Rule::on("GET", &list).answer(200).body(page("1"));
    registry.rule(endless.header("link", &format!("<{list}?again>; rel=next")));
    let error = run(client().referrers(&app, &subject.digest, None)).unwrap_err();
    assert!(matches!(&error, Error::Protocol { .. }) && error.to_string().contains("more than 20 pages"), "{error}");
}
