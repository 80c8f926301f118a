//! Every rule on a manifest, a config or a layer: what it finds, what it lets pass, what it cannot judge.
//!
//! One row is one image; a table is read like the rule's specification.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod config;
mod layers;
mod manifest;
mod matrix;

use std::sync::LazyLock;

use lambark_oci::{Architecture, Family};
use lambark_rules::facts::ManifestPolicy;
use lambark_rules::{CATALOGUE, Confidence};
use support::laws::{Case, Expect, walk};
use support::{Image, attestation, child, image, image_of, nothing};

/// The cases of one rule.
type Table = (&'static str, Vec<Case>);

/// A table, with the two cases that every rule has: a good image passes, and of nothing nothing is said.
fn table(name: &'static str, mut cases: Vec<Case>) -> Table {
    let mut blind = nothing();
    blind.asked.architecture = Some(Architecture::X86_64);
    blind.asked.policy = ManifestPolicy::Only(Family::Docker);
    cases.push(("nothing known", blind, Expect::NotLooked));
    for family in [Family::Docker, Family::Oci] {
        let good = image_of(family).asked(Architecture::X86_64).policy(family).facts();
        cases.push(("a good image", good, Expect::Pass));
    }
    (name, cases)
}

/// All tables, made once: some manifests in them have megabytes.
static TABLES: LazyLock<Vec<Table>> =
    LazyLock::new(|| [manifest::tables(), config::tables(), layers::tables()].into_iter().flatten().collect());

#[test]
fn every_case_ends_as_its_table_says() {
    for (name, cases) in TABLES.iter() {
        walk(name, cases);
    }
}

#[test]
fn every_rule_has_a_table_that_finds_something() {
    // What comes after the last layer rule are the rules on files, which have tables of their own.
    let last = CATALOGUE.iter().position(|rule| rule.name == "missing-blob").map_or(0, |last| last + 1);
    let names: Vec<&str> = CATALOGUE[..last].iter().map(|rule| rule.name).collect();
    assert_eq!(TABLES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names, "one table a rule, in their order");
    for (name, cases) in TABLES.iter() {
        let finds = |expect| matches!(expect, Expect::Find(_) | Expect::Says(..));
        assert!(cases.iter().any(|(_, _, expect)| finds(*expect)), "{name} never finds anything");
    }
}

#[test]
fn how_sure_an_index_is_refused_depends_on_its_shape() {
    let (amd64, attested) = ([child("linux/amd64")], [child("linux/amd64"), attestation()]);
    let confidence = |image: Image| lambark_rules::judge(&image.facts()).findings[0].confidence;
    assert_eq!(confidence(image().index(&attested)), Confidence::Documented);
    assert_eq!(confidence(image().list(&attested)), Confidence::Documented);
    assert_eq!(confidence(image().list(&amd64)), Confidence::Reported(2));
    assert_eq!(confidence(image().index(&amd64)), Confidence::Reported(1));
}

#[test]
fn the_good_image_is_accepted_by_every_rule_that_was_asked() {
    let judgement = lambark_rules::judge(&image().facts());
    assert_eq!(judgement.findings, []);
}
