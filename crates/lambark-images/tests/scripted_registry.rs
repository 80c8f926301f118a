//! Repairs against a registry that misbehaves by script, and against ECR's ways.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Fixing, name, rules};
use lambark_images::{Access, Error, Gather, Top, push_as_is};
use lambark_oci::{Compression, Digest, Family, ImageName};
use lambark_registry::auth::Fixed;
use lambark_rules::facts::Asked;
use lambark_rules::{Needs, Verdict};
use lambark_testkit::images::{Image, Store, good_files};
use lambark_testkit::scripted::{Control, Rule, ScriptedRegistry};

const REPOSITORY: &str = "team/app";

/// Lays a store into a registry.
fn seed(registry: &Control, store: &Store) {
    registry.create_repository(REPOSITORY);
    for blob in &store.blobs {
        registry.put_blob(REPOSITORY, blob.clone());
    }
    for (media_type, bytes) in &store.manifests {
        registry.put_manifest(REPOSITORY, None, media_type, bytes.clone());
    }
    for (tag, object) in &store.tags {
        registry.move_tag(REPOSITORY, tag, &object.digest);
    }
    registry.forget_requests();
}

fn image(registry: &Control) -> ImageName {
    name(&format!("{}/{REPOSITORY}:v1", registry.host()))
}

/// Access with ECR's user, and waits that a test can afford.
fn access(registry: &Control) -> Access {
    let host = registry.host();
    Access::new(false, move || {
        lambark_registry::tls::install_provider();
        let mut options = lambark_registry::Options::from_variables(&|_| None)?;
        options.credentials = Arc::new(Fixed::basic(host.clone(), "AWS", "tok"));
        options.retry.base = Duration::from_millis(5);
        options.timeouts.idle = Duration::from_secs(2);
        options.timeouts.response = Duration::from_secs(2);
        options.timeouts.commit = Duration::from_secs(2);
        options.retry.attempts = 3;
        Ok(options)
    })
}

fn fix(registry: &Control, fixing: &Fixing) -> Result<lambark_images::repair::Outcome, Error> {
    fixing.fix_with(&image(registry), None, &access(registry))
}

fn verdict(registry: &Control) -> Verdict {
    let source = lambark_images::open(&image(registry), &access(registry)).unwrap();
    let facts =
        lambark_images::gather(&*source, &common::files(), lambark_images::Recall::Nothing, &lambark_images::Silent)
            .unwrap();
    let judgement = lambark_rules::judge(&facts);
    assert!(judgement.verdict == Verdict::Accepted, "{:?}", rules(&judgement));
    judgement.verdict
}

fn zstd() -> Store {
    Image::new(Family::Oci, Compression::Zstd, &good_files()).attested("v1")
}

#[test]
fn a_registry_with_a_referrers_api_costs_five_manifest_requests() {
    let registry = ScriptedRegistry::start();
    registry.behave(|behaviour| behaviour.referrers = true);
    seed(&registry, &Image::good(Family::Oci).attested("v1"));
    let fixing = Fixing { gather: Gather { depth: Needs::Bytes, asked: Asked::default() }, ..Fixing::new() };
    fix(&registry, &fixing).unwrap();
    let lines = registry.lines();
    let manifests = lines.iter().filter(|line| line.contains("/manifests/")).count();
    assert_eq!(manifests, 5, "{lines:#?}");
    assert_eq!(registry.mutations(), 2, "the attestation and the tag: {lines:#?}");
    assert_eq!(lines.iter().filter(|line| line.contains("/blobs/")).count(), 2, "config and one range: {lines:#?}");
}

#[test]
fn a_plan_makes_no_mutating_request() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &zstd());
    let fixing = Fixing { plan_only: true, ..Fixing::new() };
    assert!(fix(&registry, &fixing).unwrap().applied.is_none());
    assert_eq!(registry.mutations(), 0, "{:#?}", registry.lines());
}

#[test]
fn ecrs_ways_are_no_obstacle() {
    let registry = ScriptedRegistry::ecr();
    seed(&registry, &zstd());
    fix(&registry, &Fixing::new()).unwrap();
    verdict(&registry);
}

#[test]
fn a_tag_that_somebody_moved_meanwhile_is_left_to_them() {
    let registry = ScriptedRegistry::start();
    let store = zstd();
    seed(&registry, &store);
    let theirs = Digest::of(&store.manifests[0].1);
    let moved = theirs.clone();
    registry.rule(Rule::on("POST", "*/blobs/uploads/*").first(move |control| {
        control.move_tag(REPOSITORY, "v1", &moved);
    }));
    let error = fix(&registry, &Fixing::new()).unwrap_err();
    assert!(matches!(&error, Error::Refused { reason, .. } if reason.contains("meanwhile")), "{error}");
    assert_eq!(registry.tagged(REPOSITORY, "v1"), Some(theirs));
}

#[test]
fn an_immutable_tag_is_refused_with_another_name_to_use() {
    let registry = ScriptedRegistry::start();
    registry.behave(|behaviour| behaviour.immutable_tags = true);
    let store = Image::good(Family::Oci).attested("v1");
    seed(&registry, &store);
    let mut fixing = Fixing::new();
    fixing.options.drop_attestations = true;
    let error = fix(&registry, &fixing).unwrap_err();
    let Error::Refused { instead: Some(instead), .. } = &error else { panic!("{error}") };
    assert!(instead.contains(&format!("--to {}/{REPOSITORY}:v1-lambda", registry.host())), "{instead}");
    assert!(instead.contains(&format!("@{}", Digest::of(&store.manifests[0].1))), "{instead}");
    assert_eq!(registry.tagged(REPOSITORY, "v1").as_ref(), Some(&store.top().digest));
}

#[test]
fn what_fails_for_a_moment_does_not_fail_the_repair() {
    type Fault = fn(Rule) -> Rule;
    let faults: [(&str, &str, &str, Fault); 6] = [
        ("429", "*", "*", |rule| rule.error(429, "TOOMANYREQUESTS", "Rate exceeded").header("retry-after", "0")),
        ("503", "GET", "*", |rule| rule.html(503, "Service Unavailable")),
        ("blob cut", "GET", "*/blobs/*", |rule| rule.reset_response_at(100)),
        ("upload cut", "PATCH", "*", |rule| rule.reset_request_at(50)),
        ("upload cut", "PUT", "*/blobs/uploads/*", |rule| rule.answer(500)),
        ("answer lost", "PUT", "*/manifests/*", Rule::lose_answer),
    ];
    for (what, method, path, fault) in faults {
        let registry = ScriptedRegistry::start();
        seed(&registry, &zstd());
        registry.rule(fault(Rule::on(method, path)).times(2));
        fix(&registry, &Fixing::new()).unwrap_or_else(|error| panic!("{what} {method}: {error}"));
        verdict(&registry);
    }
}

#[test]
fn what_fails_for_good_leaves_the_tag_where_it_was() {
    type Fault = fn(Rule) -> Rule;
    let faults: [(&str, &str, Fault); 5] = [
        ("POST", "*/blobs/uploads/*", |rule| rule.error(403, "DENIED", "no")),
        ("PATCH", "*", Rule::hang),
        ("PUT", "*/blobs/uploads/*", |rule| rule.error(400, "DIGEST_INVALID", "no")),
        ("PUT", "*/manifests/*", |rule| rule.error(400, "MANIFEST_INVALID", "no")),
        ("GET", "*/blobs/*", |rule| rule.body("other bytes than the digest says")),
    ];
    for (method, path, fault) in faults {
        let registry = ScriptedRegistry::start();
        let store = zstd();
        seed(&registry, &store);
        registry.rule(fault(Rule::on(method, path)));
        let error = fix(&registry, &Fixing::new()).expect_err("the fault stays");
        assert!(!error.to_string().contains('\n'), "one line: {error}");
        assert_eq!(registry.tagged(REPOSITORY, "v1").as_ref(), Some(&store.top().digest), "{method} {path}");
    }
}

#[test]
fn an_interrupted_repair_is_simply_run_again() {
    let registry = ScriptedRegistry::start();
    seed(&registry, &zstd());
    registry.rule(Rule::on("PUT", "*/manifests/v1").error(400, "MANIFEST_INVALID", "not now").times(1));
    let mut fixing = Fixing::new();
    fixing.cache = true;
    fix(&registry, &fixing).unwrap_err();
    registry.forget_requests();
    let outcome = fix(&registry, &fixing).unwrap();
    assert_eq!(outcome.applied.unwrap().reused, 1, "the layer that arrived is not sent again");
    assert!(!registry.lines().iter().any(|line| line.starts_with("PATCH")), "{:#?}", registry.lines());
    verdict(&registry);
}

#[test]
fn a_push_as_it_is_keeps_every_byte() {
    let registry = ScriptedRegistry::ecr();
    registry.create_repository(REPOSITORY);
    let archive = lambark_testkit::fixture("prov-true-oci.tar");
    let access = access(&registry);
    let source = lambark_images::open(&name(&format!("oci-archive:{}", archive.display())), &access).unwrap();
    let Top::Document(top) = source.top().unwrap() else { panic!("a layout has a document") };
    let image = image(&registry);
    let arrived = push_as_is(&source, image.reference().unwrap(), &access).unwrap();
    assert_eq!(arrived.digest(), top.digest());
    assert_eq!(registry.tagged(REPOSITORY, "v1").as_ref(), Some(top.digest()));
    assert_eq!(registry.manifest(REPOSITORY, top.digest()).unwrap().1, *top.bytes());
    // The index, the image, the attestation.
    assert_eq!(registry.manifests(REPOSITORY).len(), 3);
}
